/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Advanced Error Reporting. PCI Express Base 3.0 section 7.10.
 *
 * What the device takes for an error and how bad it is, is its driver's to
 * say; whether the host hears of it is Device Control's, which is the host's.
 * All of it is sticky: a reset of the function leaves it.
 */
#include "pt-pci.h"
#include "pt-dev.h"

/* Link, surprise down; what can be wrong with a packet; ACS; prefixes. */
#define UNCORRECTABLE 0x03fff030u
/* Receiver, bad packets, replays; advisory, internal, log overflow. */
#define CORRECTABLE 0x0000f1c1u

#define CAP_FIRST_ERROR 0x0000001fu
#define CAP_ECRC_ENABLES (PCI_ERR_CAP_ECRC_GENE | PCI_ERR_CAP_ECRC_CHKE)
#define CAP_RO (CAP_FIRST_ERROR | PCI_ERR_CAP_ECRC_GENC | \
    PCI_ERR_CAP_ECRC_CHKC | PCI_ERR_CAP_MULT_HDRC | PCI_ERR_CAP_MULT_HDRE)

#define LOG(n) { \
        .name = "Header Log " #n, .spec = "PCIe 3.0, 7.10.8", \
        .why = "the device's", \
        .off = PCI_ERR_HEADER_LOG + 4 * (n), .size = 4, \
        .flags = PT_ROW_INERT, .ro = 0xffffffff, \
    }

static const struct pt_row aer_rows[] = {
    {
        .name = "Uncorrectable Error Status", .spec = "PCIe 3.0, 7.10.2",
        .why = "the device's; errors are cleared by writing 1",
        .off = PCI_ERR_UNCOR_STATUS, .size = 4, .flags = PT_ROW_INERT,
        .rw1c = UNCORRECTABLE, .rsvd = ~UNCORRECTABLE,
    }, {
        .name = "Uncorrectable Error Mask", .spec = "PCIe 3.0, 7.10.3",
        .why = "the driver's; the host's again when the guest is gone",
        .off = PCI_ERR_UNCOR_MASK, .size = 4, .flags = PT_ROW_RESTORE,
        .rsvd = ~UNCORRECTABLE, .sticky = UNCORRECTABLE,
    }, {
        .name = "Uncorrectable Error Severity", .spec = "PCIe 3.0, 7.10.4",
        .why = "the driver's; the host's again when the guest is gone",
        .off = PCI_ERR_UNCOR_SEVER, .size = 4, .flags = PT_ROW_RESTORE,
        .rsvd = ~UNCORRECTABLE, .sticky = UNCORRECTABLE,
    }, {
        .name = "Correctable Error Status", .spec = "PCIe 3.0, 7.10.5",
        .why = "the device's; errors are cleared by writing 1",
        .off = PCI_ERR_COR_STATUS, .size = 4, .flags = PT_ROW_INERT,
        .rw1c = CORRECTABLE, .rsvd = ~CORRECTABLE,
    }, {
        .name = "Correctable Error Mask", .spec = "PCIe 3.0, 7.10.6",
        .why = "the driver's; the host's again when the guest is gone",
        .off = PCI_ERR_COR_MASK, .size = 4, .flags = PT_ROW_RESTORE,
        .rsvd = ~CORRECTABLE, .sticky = CORRECTABLE,
    }, {
        .name = "AER Capabilities and Control",
        .spec = "PCIe 3.0, 7.10.7",
        .why = "checksums (ECRC) are the driver's to ask for; one header is "
            "logged at a time; the log of prefixes is not shown",
        .off = PCI_ERR_CAP, .size = 4, .flags = PT_ROW_RESTORE,
        .emu = PCI_ERR_CAP_TLP_PFX,
        .ro = CAP_RO | PCI_ERR_CAP_TLP_PFX,
        .rsvd = ~(CAP_RO | PCI_ERR_CAP_TLP_PFX | CAP_ECRC_ENABLES),
        .sticky = CAP_ECRC_ENABLES,
    },
    LOG(0), LOG(1), LOG(2), LOG(3),
};

const struct pt_group pt_group_aer = {
    .name = "Advanced Error Reporting", .id = PT_EXT_CAP(PCI_EXT_CAP_ID_AER),
    .fate = PT_EXPOSED,
    .why = "errors, masks and severities are the driver's",
    /* Root Error Command and what follows is of root ports. */
    .size = PT_AER_SIZEOF,
    PT_ROWS(aer_rows),
};
