/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Resizable BAR: the guest sees one size, the one in force, as its region can't
 * become another one. PCI Express Base 3.0 section 7.22; sizes of 256 TiB and
 * more: Base 4.0 section 7.8.6.
 */
#include <stdio.h>

#include "pt-pci.h"
#include "pt-dev.h"

#define CAP(n) (4 + 8 * (n))
#define CTRL(n) (8 + 8 * (n))

#define CAP_SIZES_SHIFT 4   /* 1 MiB, up to 128 TiB in 28 bits */
#define CAP_SIZES 28
#define CTRL_INDEX 0x00000007u
#define CTRL_COUNT 0x000000e0u
#define CTRL_COUNT_SHIFT 5
#define CTRL_SIZE 0x00003f00u
#define CTRL_SIZE_SHIFT 8
#define CTRL_LARGER 0xffff0000u  /* sizes, as in the capability register */
#define MIB_SHIFT 20

static unsigned size_in_force(const struct pt_dev *d, unsigned ctrl)
{
    return (pt_load(d->snap + ctrl, 4) & CTRL_SIZE) >> CTRL_SIZE_SHIFT;
}

static void cap_setup(const struct pt_dev *d, const struct pt_field *f,
                      struct pt_bits *bits)
{
    unsigned n = size_in_force(d, f->off + 4u);

    bits->init = n < CAP_SIZES ? UINT32_C(1) << (n + CAP_SIZES_SHIFT) : 0;
}

#define BAR(n) { \
        .name = "Resizable BAR Capability " #n, .spec = "PCIe 3.0, 7.22.2", \
        .why = "the size in force and no other", \
        .off = CAP(n), .size = 4, .only = 1 << (n), .flags = PT_ROW_INERT, \
        .emu = 0xffffffff, .ro = 0xffffffff, \
        .setup = cap_setup, \
    }, { \
        .name = "Resizable BAR Control " #n, .spec = "PCIe 3.0, 7.22.3", \
        .why = "the size is the host's, and constant; none is larger", \
        .off = CTRL(n), .size = 4, .only = 1 << (n), \
        .flags = PT_ROW_RESTORE, \
        .host = ~CTRL_LARGER, .emu = 0xffffffff, .ro = 0xffffffff, \
    }

static const struct pt_row rebar_rows[] = {
    BAR(0), BAR(1), BAR(2), BAR(3), BAR(4), BAR(5),
};

/* Does the device say of entry @n what the operating system does? */
static bool agrees(const struct pt_dev *d, unsigned ctrl)
{
    unsigned bar = pt_load(d->snap + ctrl, 4) & CTRL_INDEX;
    unsigned n = size_in_force(d, ctrl);

    return bar < PT_NUM_BARS && n < CAP_SIZES &&
        d->host->info.region[bar].size == UINT64_C(1) << (n + MIB_SHIFT);
}

/* Called first for the number of entries, which are read then. */
static void probe(const struct pt_dev *d, uint16_t pos, struct pt_probe *p)
{
    unsigned num = (pt_load(d->snap + pos + CTRL(0), 4) & CTRL_COUNT) >>
        CTRL_COUNT_SHIFT, i;

    if (num == 0 || num > PT_NUM_BARS) {
        snprintf(p->why_not, sizeof(p->why_not), "impossible number of BARs, "
                 "%u", num);
        return;
    }
    p->size = (uint16_t)CAP(num);
    p->variant = (uint8_t)((1u << num) - 1);
    for (i = 0; i < num; i++) {
        if (!agrees(d, pos + CTRL(i))) {
            snprintf(p->why_not, sizeof(p->why_not), "not the size in force "
                     "of BAR %u", pt_load(d->snap + pos + CTRL(i), 4) &
                     CTRL_INDEX);
        }
    }
}

const struct pt_group pt_group_rebar = {
    .name = "Resizable BAR", .id = PT_EXT_CAP(PCI_EXT_CAP_ID_REBAR),
    .fate = PT_EXPOSED,
    .why = "shows the size in force",
    .head = CTRL(0) + 4,
    .probe = probe,
    PT_ROWS(rebar_rows),
};
