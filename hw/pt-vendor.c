/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Vendor-specific capability: a device may have several, and what is in them
 * is its driver's business. PCI Local Bus 3.0 section 6.7 and appendix H.
 */
#include <stdio.h>

#include "pt-pci.h"
#include "pt-dev.h"

static const struct pt_row vendor_rows[] = {
    {
        .name = "Length", .spec = "PCI 3.0, appendix H",
        .why = "constant: the structure's bounds were taken from it",
        .off = 2, .size = 1, .flags = PT_ROW_INERT,
        .host = 0xff, .emu = 0xff, .ro = 0xff,
    },
};

static void probe(const struct pt_dev *d, uint16_t pos, struct pt_probe *p)
{
    p->size = d->snap[pos + 2];
    if (p->size < 3) {
        snprintf(p->why_not, sizeof(p->why_not),
                 "impossible length %u", p->size);
        /*
         * What is in the structure nobody knows (Intel's xHCI controllers
         * have it so): the bytes behind it are the device's own registers.
         */
        p->size = 3;
    }
}

const struct pt_group pt_group_vendor = {
    .name = "Vendor Specific", .id = PCI_CAP_ID_VNDR, .fate = PT_EXPOSED,
    .why = "passed through",
    .open = true, .many = true,
    .probe = probe,
    PT_ROWS(vendor_rows),
};
