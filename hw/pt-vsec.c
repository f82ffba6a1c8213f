/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Structures of vendors and consortia in extended space. What is in them nobody
 * tells, and in some it is the fabric's (CXL): a guest reads it. A device may
 * have several. PCI Express Base 3.0 section 7.19, Base 4.0 section 7.9.6.
 */
#include <stdio.h>

#include "pt-pci.h"
#include "pt-dev.h"

/* Of both headers: bits 31:20. */
#define LENGTH_SHIFT 20

static void length(const struct pt_dev *d, uint16_t header, uint16_t least,
                   struct pt_probe *p)
{
    p->size = (uint16_t)(pt_load(d->snap + header, 4) >> LENGTH_SHIFT);
    if (p->size < least) {
        snprintf(p->why_not, sizeof(p->why_not), "impossible length %u",
                 p->size);
    }
}

static const struct pt_row vendor_rows[] = {
    {
        .name = "Vendor-Specific Header", .spec = "PCIe 3.0, 7.19.2",
        .why = "constant: the structure's bounds were taken from it",
        .off = PCI_EVNDR_HEADER, .size = 4, .flags = PT_ROW_INERT,
        .host = 0xffffffff, .emu = 0xffffffff, .ro = 0xffffffff,
    },
};

static void vendor_probe(const struct pt_dev *d, uint16_t pos,
                         struct pt_probe *p)
{
    length(d, (uint16_t)(pos + PCI_EVNDR_HEADER), PCI_EVNDR_HEADER + 4, p);
}

const struct pt_group pt_group_ext_vendor = {
    .name = "Vendor-Specific", .id = PT_EXT_CAP(PCI_EXT_CAP_ID_VNDR),
    .fate = PT_EXPOSED, .why = "the device's, to read",
    .many = true, .head = PCI_EVNDR_HEADER + 4, .probe = vendor_probe,
    PT_ROWS(vendor_rows),
};

static const struct pt_row dvsec_rows[] = {
    {
        .name = "DVSEC Header 1",
        .spec = "PCIe 4.0, 7.9.6.2",
        .why = "constant: the structure's bounds were taken from it",
        .off = PCI_DVSEC_HEADER1, .size = 4, .flags = PT_ROW_INERT,
        .host = 0xffffffff, .emu = 0xffffffff, .ro = 0xffffffff,
    }, {
        .name = "DVSEC Header 2",
        .spec = "PCIe 4.0, 7.9.6.3", .why = "constant",
        .off = PCI_DVSEC_HEADER2, .size = 2, .flags = PT_ROW_INERT,
        .host = 0xffff, .emu = 0xffff, .ro = 0xffff,
    },
};

static void dvsec_probe(const struct pt_dev *d, uint16_t pos,
                        struct pt_probe *p)
{
    length(d, (uint16_t)(pos + PCI_DVSEC_HEADER1), PCI_DVSEC_HEADER2 + 2, p);
}

const struct pt_group pt_group_dvsec = {
    .name = "Designated Vendor-Specific",
    .id = PT_EXT_CAP(PCI_EXT_CAP_ID_DVSEC),
    .fate = PT_EXPOSED, .why = "the device's, to read",
    .many = true, .head = PCI_DVSEC_HEADER2 + 2, .probe = dvsec_probe,
    PT_ROWS(dvsec_rows),
};
