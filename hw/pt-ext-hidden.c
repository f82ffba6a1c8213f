/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The extended capabilities that no guest gets, and why. They read 0, and so
 * does all of extended space that is in no structure: their length matters to
 * nobody.
 */
#include "pt-pci.h"
#include "pt-dev.h"

#define HIDDEN(id_, name_, why_) \
    { .id = PT_EXT_CAP(id_), .name = (name_), .fate = PT_ZERO, .why = (why_) }

#define IOMMU "the host's IOMMU"
#define LINK "the host's link"
#define PORT "of ports only"
#define ROOT "of the host's root complex"

const struct pt_group pt_group_ext_hidden[] = {
    HIDDEN(PCI_CAP_ID_NULL, "Null", "has no registers"),
    HIDDEN(PCI_EXT_CAP_ID_VC, "Virtual Channel",
           "traffic classes are the host's fabric"),
    HIDDEN(PCI_EXT_CAP_ID_PB, "Power Budgeting", "the host's power supply"),
    HIDDEN(PCI_EXT_CAP_ID_RCLINK, "Root Complex Link Declaration", ROOT),
    HIDDEN(PCI_EXT_CAP_ID_RCILINK, "Root Complex Internal Link Control",
           ROOT),
    HIDDEN(PCI_EXT_CAP_ID_RCEC, "Root Complex Event Collector", ROOT),
    HIDDEN(PCI_EXT_CAP_ID_MFVC, "Multi-Function Virtual Channel",
           "traffic classes are the host's fabric"),
    HIDDEN(PCI_EXT_CAP_ID_VC2, "Virtual Channel",
           "traffic classes are the host's fabric"),
    HIDDEN(PCI_EXT_CAP_ID_RCRB, "RCRB Header", ROOT),
    HIDDEN(PCI_EXT_CAP_ID_ARI, "Alternative Routing-ID",
           "its functions have other numbers in the guest"),
    HIDDEN(PCI_EXT_CAP_ID_ATS, "Address Translation Service", IOMMU),
    HIDDEN(PCI_EXT_CAP_ID_SRIOV, "Single Root I/O Virtualization",
           "virtual functions are made and placed by the host"),
    HIDDEN(PCI_EXT_CAP_ID_MRIOV, "Multi-Root I/O Virtualization",
           "the host's fabric"),
    HIDDEN(PCI_EXT_CAP_ID_MCAST, "Multicast", "holds the host's addresses"),
    HIDDEN(PCI_EXT_CAP_ID_PRI, "Page Request Interface", IOMMU),
    HIDDEN(PCI_EXT_CAP_ID_DPA, "Dynamic Power Allocation",
           "the host's power supply"),
    HIDDEN(PCI_EXT_CAP_ID_TPH, "Transaction Processing Hints",
           "steering tags name the host's processors"),
    HIDDEN(PCI_EXT_CAP_ID_SECPCI, "Secondary PCI Express", LINK),
    HIDDEN(PCI_EXT_CAP_ID_PMUX, "Protocol Multiplexing", LINK),
    HIDDEN(PCI_EXT_CAP_ID_PASID, "Process Address Space ID", IOMMU),
    HIDDEN(PCI_EXT_CAP_ID_LNR, "LN Requester", "the host's caches"),
    HIDDEN(PCI_EXT_CAP_ID_DPC, "Downstream Port Containment", PORT),
    HIDDEN(PCI_EXT_CAP_ID_M_PCIE, "M-PCIe", LINK),
    HIDDEN(PCI_EXT_CAP_ID_FRS, "FRS Queueing", PORT),
    HIDDEN(PCI_EXT_CAP_ID_RTR, "Readiness Time Reporting",
           "resets are the host's"),
    HIDDEN(PCI_EXT_CAP_ID_VF_REBAR, "VF Resizable BAR",
           "virtual functions are made and placed by the host"),
    HIDDEN(PCI_EXT_CAP_ID_DLNK, "Data Link Feature", LINK),
    HIDDEN(PCI_EXT_CAP_ID_16GT, "Physical Layer 16.0 GT/s", LINK),
    HIDDEN(PCI_EXT_CAP_ID_LMR, "Lane Margining at the Receiver", LINK),
    HIDDEN(PCI_EXT_CAP_ID_HIER_ID, "Hierarchy ID", "the host's hierarchy"),
    HIDDEN(PCI_EXT_CAP_ID_NPEM, "Native PCIe Enclosure Management",
           "the host's enclosure"),
    HIDDEN(PCI_EXT_CAP_ID_32GT, "Physical Layer 32.0 GT/s", LINK),
    HIDDEN(PCI_EXT_CAP_ID_DOE, "Data Object Exchange",
           "a mailbox to the device's firmware and its attestation"),
    HIDDEN(PCI_EXT_CAP_ID_IDE, "Integrity and Data Encryption", LINK),
};

const unsigned pt_num_ext_hidden =
    sizeof(pt_group_ext_hidden) / sizeof(pt_group_ext_hidden[0]);
