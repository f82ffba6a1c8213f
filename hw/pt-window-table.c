/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Windows: the table, and what checks it. */
#include <errno.h>
#include <string.h>

#include "pt-pci.h"
#include "pt-dev.h"
#include "pt-window.h"

#define VENDOR_AMD 0x1002
#define VENDOR_REALTEK 0x10ec
#define VENDOR_NVIDIA 0x10de
#define VENDOR_QUALCOMM 0x17cb

#define ANY_DEVICE .device = 0, .device_mask = 0
#define ONLY_DEVICE(id) .device = (id), .device_mask = 0xffff
#define DISPLAY .class = PCI_BASE_CLASS_DISPLAY << 16, .class_mask = 0xff0000

/*
 * Qualcomm's ath11k and ath12k: each ring of the chip has registers for an
 * address, its upper half, which is 0 but for an enable bit, and data, and the
 * driver writes its own MSI there.
 */
#define ATH(id, off, len, why_, source_) { \
        .name = "ath-message", .why = (why_), .source = (source_), \
        .kind = PT_WINDOW_MESSAGE, .on = true, .data_gap = 8, \
        .vendor = VENDOR_QUALCOMM, ONLY_DEVICE(id), \
        .bar = 0, .offset = (off), .size = (len), \
    }
/* All of the chip shows in one place; ring pointers have other registers. */
#define ATH_WINDOW(id) \
    ATH((id), 0x80000, 0x40000, "without it no interrupt arrives; used while " \
        "the driver starts, and not after", "vfio/pci-quirks: Quirk for ath " \
        "wireless, qemu-devel, 2024-08-12; Linux ath11k, ath12k")
/*
 * Two places that stay; ring pointers are there, too, and not to be trapped:
 * copy engines, of few messages, and the first pages of two blocks.
 */
#define ATH_FIXED(id, off, len) \
    ATH((id), (off), (len), "without it no interrupt arrives; pages with the " \
        "pointers of data rings are not trapped", "Linux ath11k, ath12k: " \
        "static windows of QCN9074, QCN9274; not tried on one")

const struct pt_window_row pt_window_rows[] = {
    {
        .name = "nvidia-config",
        .why = "the driver acknowledges each MSI there, so that each costs an "
            "exit; without the window it works at full speed, and can write "
            "the device's own Command, BARs and MSI",
        .source = "Linux nouveau, nvkm/subdev/pci: nv40, gf100, gp100",
        .kind = PT_WINDOW_MIRROR,
        .vendor = VENDOR_NVIDIA, ANY_DEVICE, DISPLAY,
        .bar = 0, .offset = 0x88000, .size = PT_CFG_EXT_SIZE,
        .ack = { 0x704, 4 }, .ack_msi_id = true,
    }, {
        .name = "nvidia-config-1800",
        .why = "the place of older chips, of which today's drivers use none; "
            "registers of the chip's bus are in the same page",
        .source = "Linux nouveau, nvkm/subdev/pci: nv04",
        .kind = PT_WINDOW_MIRROR,
        .vendor = VENDOR_NVIDIA, ANY_DEVICE, DISPLAY,
        .bar = 0, .offset = 0x1800, .size = PT_CFG_SIZE,
    }, {
        .name = "nvidia-config-ports",
        .why = "the way of video BIOSes to BAR 0, which no driver of today "
            "takes; other accesses to it go on to the device, each by an exit",
        .source = "QEMU hw/vfio/pci-quirks.c, from envytools",
        .kind = PT_WINDOW_INDEX,
        .vendor = VENDOR_NVIDIA, ANY_DEVICE, DISPLAY,
        .bar = 5, .offset = 8, .size = 8,
        .to = { { 0x1800, PT_CFG_SIZE }, { 0x88000, PT_CFG_EXT_SIZE } },
    }, {
        .name = "amd-config",
        .why = "no driver is known to use it, and hardware seems to take no "
            "writes there; chips from Bonaire on have doorbells in the BAR, "
            "and a larger one",
        .source = "QEMU hw/vfio/pci-quirks.c; Linux radeon_device.c",
        .kind = PT_WINDOW_MIRROR,
        .vendor = VENDOR_AMD, ANY_DEVICE, DISPLAY,
        .bar = 2, .bar_max = 0x40000, .offset = 0x4000,
        .size = PT_CFG_SIZE,
    }, {
        .name = "amd-config-ports",
        .why = "the way of video BIOSes to registers; drivers have others. "
            "Other accesses go on to the device, each by an exit",
        .source = "QEMU hw/vfio/pci-quirks.c",
        .kind = PT_WINDOW_INDEX,
        .vendor = VENDOR_AMD, ANY_DEVICE, DISPLAY,
        .bar = 4, .offset = 0, .size = 8,
        .to = { { 0x4000, PT_CFG_EXT_SIZE } },
    },
    ATH_WINDOW(0x1101), ATH_WINDOW(0x1103), ATH_WINDOW(0x1107),
    ATH_FIXED(0x1104, 0x100000, 0x18000), ATH_FIXED(0x1104, 0x1b4000, 0x1000),
    ATH_FIXED(0x1104, 0x1b8000, 0x1000),
    ATH_FIXED(0x1109, 0x100000, 0x18000), ATH_FIXED(0x1109, 0x1b4000, 0x1000),
    ATH_FIXED(0x1109, 0x1b8000, 0x1000),
    {
        .name = "rtl8168-table",
        .why = "a driver that goes there reads Xen's messages and overwrites "
            "them; but all registers of the chip are in the page, so that "
            "each access to any of them costs an exit",
        .source = "QEMU hw/vfio/pci-quirks.c; Realtek r8168.h: ERIDR, ERIAR",
        .kind = PT_WINDOW_TABLE,
        .vendor = VENDOR_REALTEK, ONLY_DEVICE(0x8168),
        .bar = 2, .offset = 0x70, .size = 8,
    },
};

const unsigned pt_num_window_rows =
    sizeof(pt_window_rows) / sizeof(pt_window_rows[0]);

/* ------------------------------------------------------------------ */
/* The table                                                           */

/* What is wrong with it by itself; NULL: nothing. */
static const char *flaw(const struct pt_window_row *r)
{
    bool mirror = r->kind == PT_WINDOW_MIRROR;
    bool index = r->kind == PT_WINDOW_INDEX;
    unsigned i;

    if (!r->name || !r->why || !r->source) {
        return "has no name, reason or source";
    }
    if (r->vendor == 0 || (r->device & ~r->device_mask) ||
        (r->class & ~r->class_mask) || (r->class_mask >> 24)) {
        return "matches no device";
    }
    if (r->bar >= PT_NUM_BARS || r->size == 0 || (r->offset | r->size) % 8 ||
        r->offset + r->size < r->offset ||
        (r->bar_max && r->offset + r->size > r->bar_max)) {
        return "is not made of qwords in a BAR";
    }
    if (mirror && r->size > PT_CFG_EXT_SIZE) {
        return "is larger than configuration space";
    }
    if ((r->kind == PT_WINDOW_MESSAGE) != (r->data_gap != 0) ||
        r->data_gap % 4) {
        return "has no place for a message's data, or is not to have it";
    }
    if ((r->kind == PT_WINDOW_TABLE || index) && r->size != 8) {
        return "is not two registers";
    }
    for (i = 0; i < 2; i++) {
        if ((r->to[i].from | r->to[i].size) % 4 ||
            r->to[i].size > PT_CFG_EXT_SIZE || (r->to[i].size && !index)) {
            return "has an index that leads elsewhere";
        }
    }
    if (index && r->to[0].size == 0) {
        return "has an index that leads nowhere";
    }
    if ((!mirror && (r->ack.len || r->ack_msi_id)) ||
        r->ack.off + r->ack.len > r->size) {
        return "has an ack that is not its own";
    }
    return NULL;
}

/* Can one device have both? */
static bool together(const struct pt_window_row *a,
                     const struct pt_window_row *b)
{
    return a->vendor == b->vendor &&
        !((a->device ^ b->device) & a->device_mask & b->device_mask) &&
        !((a->class ^ b->class) & a->class_mask & b->class_mask);
}

static const char *flaw_with(const struct pt_window_row *r,
                             const struct pt_window_row *before, unsigned num)
{
    unsigned i, others = 0, all = 0;

    for (i = 0; i < num; i++) {
        const struct pt_window_row *q = &before[i];
        bool same = strcmp(q->name, r->name) == 0;

        if (same && (q->on != r->on ||
                     strcmp(before[num - 1].name, r->name) != 0)) {
            return "is switched with another one, which is elsewhere or has "
                "another default";
        }
        if (!together(q, r)) {
            continue;
        }
        all++;
        others += q->bar == r->bar;
        if (q->bar == r->bar && q->offset < r->offset + r->size &&
            r->offset < q->offset + q->size) {
            return "meets another window";
        }
    }
    return others >= PT_BAR_WINDOWS || all >= PT_MAX_WINDOWS ?
        "is one too many" : NULL;
}

int pt_window_check(const struct pt_window_row *row, unsigned num,
                    struct pt_error *err)
{
    unsigned i;

    for (i = 0; i < num; i++) {
        const char *wrong = flaw(&row[i]);

        wrong = wrong ? wrong : flaw_with(&row[i], row, i);
        if (wrong) {
            return pt_fail(err, EINVAL, "window %s at BAR %u+%#llx %s",
                           row[i].name ? row[i].name : "?", row[i].bar,
                           (unsigned long long)row[i].offset, wrong);
        }
    }
    return num <= 32 ? 0 : pt_fail(err, EINVAL, "more than 32 windows");
}

const char *pt_window_name(unsigned n)
{
    const char *name;

    if (n >= pt_num_window_rows) {
        return NULL;
    }
    name = pt_window_rows[n].name;
    return (unsigned)pt_window_number(name) == n ? name : NULL;
}

int pt_window_number(const char *name)
{
    unsigned n;

    for (n = 0; n < pt_num_window_rows; n++) {
        if (strcmp(pt_window_rows[n].name, name) == 0) {
            return (int)n;
        }
    }
    return -1;
}
