/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Vital Product Data. PCI Local Bus 3.0 appendix I.
 */
#include "pt-pci.h"
#include "pt-dev.h"

static const struct pt_row vpd_rows[] = {
    {
        .name = "VPD Address", .spec = "PCI 3.0, I.3",
        .why = "address and flag are the device's, and each write starts a "
            "transfer; addresses are of dwords",
        .off = PCI_VPD_ADDR, .size = 2, .flags = PT_ROW_TRIGGER,
        .emu = 0x0003, .ro = 0x0003,
    }, {
        .name = "VPD Data", .spec = "PCI 3.0, I.3",
        .why = "the device's",
        .off = PCI_VPD_DATA, .size = 4,
    },
};

const struct pt_group pt_group_vpd = {
    .name = "Vital Product Data", .id = PCI_CAP_ID_VPD, .fate = PT_EXPOSED,
    .why = "passed through",
    .size = 8,
    PT_ROWS(vpd_rows),
};
