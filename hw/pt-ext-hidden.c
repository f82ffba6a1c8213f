/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The extended capabilities that no guest gets, and why. They read 0, and so
 * does all of extended space that is in no structure: their length matters to
 * nobody. What the host, or Xen, has set up in some of them is set up again when
 * the device has lost it by its guest's doing.
 */
#include "pt-pci.h"
#include "pt-dev.h"

#define HIDDEN(id_, name_, why_) \
    { .id = PT_EXT_CAP(id_), .name = (name_), .fate = PT_ZERO, .why = (why_) }

/* A register that is the host's, and comes back. */
#define HOSTS(off_, size_, name_, spec_) { \
        .name = (name_), .spec = (spec_), .why = "the host's", \
        .off = (off_), .size = (size_), .flags = PT_ROW_RESTORE, \
        .ro = UINT32_MAX >> (32 - 8 * (size_)), \
    }

#define IOMMU "the host's IOMMU"
#define LINK "the host's link"
#define PORT "of ports only"
#define ROOT "of the host's root complex"

static const struct pt_row ats_rows[] = {
    HOSTS(PCI_ATS_CTRL, 2, "ATS Control", "ATS 1.1, 5.1.3"),
};

/* Backwards: how many requests there may be, before they are allowed. */
static const struct pt_row pri_rows[] = {
    {
        .name = "Page Request Control", .spec = "ATS 1.1, 5.2.2",
        .why = "the host's; its reset is none to be repeated",
        .off = PCI_PRI_CTRL, .size = 2, .flags = PT_ROW_RESTORE,
        .ro = 0xffff & ~PCI_PRI_CTRL_RESET, .rw1c = PCI_PRI_CTRL_RESET,
    },
    HOSTS(PCI_PRI_ALLOC_REQ, 4, "Outstanding Page Request Allocation",
          "ATS 1.1, 5.2.5"),
};

static const struct pt_row pasid_rows[] = {
    HOSTS(PCI_PASID_CTRL, 2, "PASID Control", "PCIe 3.1, 7.29.3"),
};

/*
 * Traffic classes that are mapped to a channel that is off go nowhere. Tables
 * of arbitration, which an endpoint hardly has, are not restored, and their load
 * bits not written.
 */
#define VC_LOAD 0x0001u
#define VC_LOAD_PORT 0x00010000u
#define VC(n) { \
        .name = "VC Resource Control " #n, .spec = "PCIe 3.0, 7.11.7", \
        .why = "the host's", \
        .off = 0x14 + 0x0c * (n), .size = 4, .only = 1 << (n), \
        .flags = PT_ROW_RESTORE, \
        .ro = ~VC_LOAD_PORT, .rw1c = VC_LOAD_PORT, \
    }

static const struct pt_row vc_rows[] = {
    {
        .name = "Port VC Control", .spec = "PCIe 3.0, 7.11.4",
        .why = "the host's",
        .off = 0x0c, .size = 2, .flags = PT_ROW_RESTORE,
        .ro = 0xffff & ~VC_LOAD, .rw1c = VC_LOAD,
    },
    VC(0), VC(1), VC(2), VC(3), VC(4), VC(5), VC(6), VC(7),
};

/* Extended VC Count: besides channel 0. */
static void vc_probe(const struct pt_dev *d, uint16_t pos, struct pt_probe *p)
{
    unsigned more = d->snap[pos + 4] & 7u;

    p->size = (uint16_t)(0x10 + 0x0c * (more + 1));
    p->variant = (uint8_t)((2u << more) - 1);
}

const struct pt_group pt_group_ext_hidden[] = {
    HIDDEN(PCI_CAP_ID_NULL, "Null", "has no registers"),
    {
        .id = PT_EXT_CAP(PCI_EXT_CAP_ID_VC), .name = "Virtual Channel",
        .fate = PT_ZERO, .why = "traffic classes are the host's fabric",
        .head = 8, .probe = vc_probe, PT_ROWS(vc_rows),
    },
    HIDDEN(PCI_EXT_CAP_ID_PB, "Power Budgeting", "the host's power supply"),
    HIDDEN(PCI_EXT_CAP_ID_RCLINK, "Root Complex Link Declaration", ROOT),
    HIDDEN(PCI_EXT_CAP_ID_RCILINK, "Root Complex Internal Link Control",
           ROOT),
    HIDDEN(PCI_EXT_CAP_ID_RCEC, "Root Complex Event Collector", ROOT),
    HIDDEN(PCI_EXT_CAP_ID_MFVC, "Multi-Function Virtual Channel",
           "traffic classes are the host's fabric"),
    {
        .id = PT_EXT_CAP(PCI_EXT_CAP_ID_VC2), .name = "Virtual Channel",
        .fate = PT_ZERO, .why = "traffic classes are the host's fabric",
        .head = 8, .probe = vc_probe, PT_ROWS(vc_rows),
    },
    HIDDEN(PCI_EXT_CAP_ID_RCRB, "RCRB Header", ROOT),
    HIDDEN(PCI_EXT_CAP_ID_ARI, "Alternative Routing-ID",
           "its functions have other numbers in the guest"),
    {
        .id = PT_EXT_CAP(PCI_EXT_CAP_ID_ATS),
        .name = "Address Translation Service", .fate = PT_ZERO, .why = IOMMU,
        .size = 8, PT_ROWS(ats_rows),
    },
    HIDDEN(PCI_EXT_CAP_ID_SRIOV, "Single Root I/O Virtualization",
           "virtual functions are made and placed by the host"),
    HIDDEN(PCI_EXT_CAP_ID_MRIOV, "Multi-Root I/O Virtualization",
           "the host's fabric"),
    HIDDEN(PCI_EXT_CAP_ID_MCAST, "Multicast", "holds the host's addresses"),
    {
        .id = PT_EXT_CAP(PCI_EXT_CAP_ID_PRI),
        .name = "Page Request Interface", .fate = PT_ZERO, .why = IOMMU,
        .size = 0x10, PT_ROWS(pri_rows),
    },
    HIDDEN(PCI_EXT_CAP_ID_DPA, "Dynamic Power Allocation",
           "the host's power supply"),
    HIDDEN(PCI_EXT_CAP_ID_TPH, "Transaction Processing Hints",
           "steering tags name the host's processors"),
    HIDDEN(PCI_EXT_CAP_ID_SECPCI, "Secondary PCI Express", LINK),
    HIDDEN(PCI_EXT_CAP_ID_PMUX, "Protocol Multiplexing", LINK),
    {
        .id = PT_EXT_CAP(PCI_EXT_CAP_ID_PASID),
        .name = "Process Address Space ID", .fate = PT_ZERO, .why = IOMMU,
        .size = 8, PT_ROWS(pasid_rows),
    },
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
