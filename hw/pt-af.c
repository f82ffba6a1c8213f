/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Advanced Features capability: a function level reset for conventional PCI.
 * PCI Advanced Features ECN, 2006.
 */
#include <stdio.h>

#include "pt-pci.h"
#include "pt-dev.h"

#define AF_SIZEOF 6
#define AF_LENGTH 2
#define CAP_SHOWN (PCI_AF_CAP_TP | PCI_AF_CAP_FLR)

static void control_prepare(struct pt_dev *d, const struct pt_field *f,
                            uint32_t old, struct pt_access *a)
{
    (void)old;
    if ((pt_access_ones(a, f->off, 1) & PCI_AF_CTRL_FLR) &&
        (pt_copy(d, f->off - PCI_AF_CTRL + PCI_AF_CAP, 1) & PCI_AF_CAP_FLR)) {
        pt_flr_ask(d, a);
    }
}

static const struct pt_row af_rows[] = {
    {
        .name = "Length", .spec = "AF ECN, 6.x.1", .why = "constant",
        .off = AF_LENGTH, .size = 1, .flags = PT_ROW_INERT,
        .host = 0xff, .emu = 0xff, .ro = 0xff,
    }, {
        .name = "AF Capabilities", .spec = "AF ECN, 6.x.2",
        .why = "constant; what is reserved reads 0",
        .off = PCI_AF_CAP, .size = 1, .flags = PT_ROW_INERT,
        .host = CAP_SHOWN, .emu = 0xff, .ro = 0xff,
    }, {
        .name = "AF Control", .spec = "AF ECN, 6.x.3",
        .why = "the reset goes through the operating system; reads 0",
        .off = PCI_AF_CTRL, .size = 1,
        .emu = 0xff, .ro = 0xff & ~PCI_AF_CTRL_FLR, .rw1c = PCI_AF_CTRL_FLR,
        .prepare = control_prepare,
    }, {
        .name = "AF Status", .spec = "AF ECN, 6.x.4",
        .why = "the device's",
        .off = PCI_AF_STATUS, .size = 1, .flags = PT_ROW_INERT,
        .ro = PCI_AF_STATUS_TP, .rsvd = 0xff & ~PCI_AF_STATUS_TP,
    },
};

static void probe(const struct pt_dev *d, uint16_t pos, struct pt_probe *p)
{
    uint32_t cap = d->snap[pos + PCI_AF_CAP];

    if (!d->flr.offered) {
        snprintf(p->why_not, sizeof(p->why_not),
                 "its function level reset would go past the toolstack");
        p->usual = true;
    } else if ((cap & CAP_SHOWN) != CAP_SHOWN) {
        snprintf(p->why_not, sizeof(p->why_not),
                 "it has no function level reset");
        p->usual = true;
    }
}

const struct pt_group pt_group_af = {
    .name = "Advanced Features", .id = PCI_CAP_ID_AF, .fate = PT_EXPOSED,
    .why = "a function level reset, by the policy flr",
    .size = AF_SIZEOF,
    .probe = probe,
    PT_ROWS(af_rows),
};
