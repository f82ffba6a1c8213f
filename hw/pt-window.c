/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Windows: the table, and what an access to one of them is. Which pages are
 * trapped for them follows from the table; pt-trap.c asks here for each access
 * to such a page.
 *
 * A mirror has no rules of its own: an access is the guest's to configuration
 * space, by the path that all take. Of messages the device gets its own.
 */
#include <errno.h>
#include <string.h>

#include "pt-pci.h"
#include "pt-dev.h"
#include "pt-msi.h"
#include "pt-window.h"

#define VENDOR_AMD 0x1002
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
        .name = "amd-config",
        .why = "no driver is known to use it, and hardware seems to take no "
            "writes there; chips from Bonaire on have doorbells in the BAR, "
            "and a larger one",
        .source = "QEMU hw/vfio/pci-quirks.c; Linux radeon_device.c",
        .kind = PT_WINDOW_MIRROR,
        .vendor = VENDOR_AMD, ANY_DEVICE, DISPLAY,
        .bar = 2, .bar_max = 0x40000, .offset = 0x4000,
        .size = PT_CFG_SIZE,
    },
    ATH_WINDOW(0x1101), ATH_WINDOW(0x1103), ATH_WINDOW(0x1107),
    ATH_FIXED(0x1104, 0x100000, 0x18000), ATH_FIXED(0x1104, 0x1b4000, 0x1000),
    ATH_FIXED(0x1104, 0x1b8000, 0x1000),
    ATH_FIXED(0x1109, 0x100000, 0x18000), ATH_FIXED(0x1109, 0x1b4000, 0x1000),
    ATH_FIXED(0x1109, 0x1b8000, 0x1000),
};

const unsigned pt_num_window_rows =
    sizeof(pt_window_rows) / sizeof(pt_window_rows[0]);

/* ------------------------------------------------------------------ */
/* The table                                                           */

/* What is wrong with it by itself; NULL: nothing. */
static const char *flaw(const struct pt_window_row *r)
{
    bool mirror = r->kind == PT_WINDOW_MIRROR;

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

/* ------------------------------------------------------------------ */
/* The device's                                                        */

static bool matches(const struct pt_dev *d, const struct pt_window_row *r)
{
    const struct pt_device_info *i = &d->host->info;
    uint32_t class = pt_load(d->snap + PCI_CLASS_PROG, 3);

    return i->vendor == r->vendor &&
        ((i->device ^ r->device) & r->device_mask) == 0 &&
        ((class ^ r->class) & r->class_mask) == 0;
}

/* Why it can't be had; NULL if it can. */
static const char *unfit(const struct pt_dev *d,
                         const struct pt_window_row *r)
{
    const struct pt_region *in = &d->host->info.region[r->bar];

    if (d->bar[r->bar].size == 0) {
        return "the guest has no such BAR";
    }
    if (in->flags & PT_REGION_IO) {
        return "the BAR is of ports";
    }
    if (in->size < r->offset + r->size ||
        (r->bar_max && in->size > r->bar_max)) {
        return "the BAR has another size";
    }
    return NULL;
}

static bool wanted(const struct pt_dev *d, const struct pt_window_row *r)
{
    uint32_t bit = UINT32_C(1) << pt_window_number(r->name);

    return (r->on || (d->policy.windows & bit)) &&
        !(d->policy.no_windows & bit);
}

int pt_windows_init(struct pt_dev *d, struct pt_error *err)
{
    unsigned i;
    int rc = pt_window_check(pt_window_rows, pt_num_window_rows, err);

    for (i = 0; rc == 0 && i < pt_num_window_rows; i++) {
        const struct pt_window_row *r = &pt_window_rows[i];
        /* There is room: pt_window_check() has counted them. */
        struct pt_open_window *w = &d->window[d->num_windows];

        if (!matches(d, r)) {
            continue;
        }
        w->row = r;
        w->why_not = unfit(d, r);
        w->on = !w->why_not && wanted(d, r);
        d->num_windows++;
        d->windows_on |= w->on;
        d->irq->sent_wanted |= w->on && r->kind == PT_WINDOW_MESSAGE;
        if (w->why_not && wanted(d, r)) {
            pt_log(d, PT_LOG_WARNING, "window %s is not in force: %s",
                   r->name, w->why_not);
        }
    }
    return rc;
}

void pt_windows_forget(struct pt_dev *d)
{
    unsigned i;

    for (i = 0; i < d->num_windows; i++) {
        d->window[i].data_at = 0;
    }
}

bool pt_window_look(const struct pt_dev *d, unsigned i,
                    struct pt_window_seen *w)
{
    const struct pt_open_window *o = d->window + i;

    if (i >= d->num_windows) {
        return false;
    }
    *w = (struct pt_window_seen) {
        .name = o->row->name, .why = o->row->why, .source = o->row->source,
        .kind = o->row->kind, .region = o->row->bar,
        .offset = o->row->offset, .size = o->row->size, .on = o->on,
        .why_not = o->why_not,
    };
    return true;
}

/* ------------------------------------------------------------------ */
/* Pages                                                               */

/* Add @new to the @num at @w, which stay in order and apart. */
static unsigned add(struct pt_window w[PT_REGION_TRAPS], unsigned num,
                    struct pt_window new)
{
    unsigned i = 0, n;
    uint64_t end = new.offset + new.size;

    while (i < num && w[i].offset + w[i].size < new.offset) {
        i++;
    }
    /* Those from @i to @n - 1 become one with it. */
    for (n = i; n < num && w[n].offset <= end; n++) {
        uint64_t its = w[n].offset + w[n].size;

        new.offset = w[n].offset < new.offset ? w[n].offset : new.offset;
        end = its > end ? its : end;
    }
    new.size = end - new.offset;
    if (n == i && num == PT_REGION_TRAPS) {
        return num;  /* pt_window_check() has seen to it */
    }
    memmove(&w[i + 1], &w[n], (num - n) * sizeof(*w));
    w[i] = new;
    return num - (n - i) + 1;
}

unsigned pt_windows_pages(const struct pt_dev *d, unsigned n,
                          struct pt_window w[PT_REGION_TRAPS])
{
    unsigned i, num = pt_msix_windows(d, n, w);

    for (i = 0; i < d->num_windows; i++) {
        const struct pt_window_row *r = d->window[i].row;
        uint64_t from = r->offset & PT_PAGE_MASK;
        uint64_t end = (r->offset + r->size + PT_PAGE_SIZE - 1) & PT_PAGE_MASK;

        if (d->window[i].on && r->bar == n) {
            num = add(w, num, (struct pt_window) {
                .offset = from, .size = end - from,
            });
        }
    }
    return num;
}

/* ------------------------------------------------------------------ */
/* Accesses                                                            */

/* The window that has the byte at @at of region @n; NULL: none. */
static struct pt_open_window *find(struct pt_dev *d, unsigned n, uint64_t at)
{
    unsigned i;

    for (i = 0; i < d->num_windows; i++) {
        const struct pt_window_row *r = d->window[i].row;

        if (d->window[i].on && r->bar == n && at >= r->offset &&
            at - r->offset < r->size) {
            return &d->window[i];
        }
    }
    return NULL;
}

/*
 * A qword is two accesses. What runs over the window's end is nobody's. Past
 * the end of the guest's space nothing is read or written.
 */
static uint64_t mirror_read(struct pt_dev *d, const struct pt_window_row *r,
                            uint64_t at, unsigned width)
{
    uint32_t off = (uint32_t)(at - r->offset);
    uint64_t val;

    if (width > r->size - off) {
        return UINT64_MAX >> (64 - 8 * width);
    }
    if (width != 8) {
        return pt_config_read(d, off, width);
    }
    val = pt_config_read(d, off, 4);
    return val | (uint64_t)pt_config_read(d, off + 4, 4) << 32;
}

static void mirror_write(struct pt_dev *d, const struct pt_window_row *r,
                         uint64_t at, unsigned width, uint64_t val)
{
    uint32_t off = (uint32_t)(at - r->offset);

    if (width > r->size - off) {
        return;
    }
    if (width != 8) {
        pt_config_write(d, off, (uint32_t)val, width);
        return;
    }
    pt_config_write(d, off, (uint32_t)val, 4);
    pt_config_write(d, off + 4, (uint32_t)(val >> 32), 4);
}

static bool within(uint64_t off, unsigned width, unsigned from, unsigned len)
{
    return off >= from && width <= len && off - from <= len - width;
}

/* Where MSI has its ID in the device, should the guest have MSI. */
static bool msi_id(const struct pt_dev *d, uint64_t off, unsigned width)
{
    return d->irq->msi_pos && within(off, width, d->irq->msi_pos,
                                     PCI_MSI_FLAGS);
}

static bool is_ack(const struct pt_dev *d, const struct pt_window_row *r,
                   uint64_t at, unsigned width)
{
    uint64_t off = at - r->offset;

    return within(off, width, r->ack.off, r->ack.len) ||
        (r->ack_msi_id && msi_id(d, off, width));
}

static bool legal(unsigned width)
{
    return width == 1 || width == 2 || width == 4 || width == 8;
}

/*
 * A dword that the guest writes at @at, and what the device gets. Data are a
 * small number like many others: they are taken for data only where the address
 * was written last.
 */
static uint32_t message_dword(const struct pt_dev *d,
                              struct pt_open_window *w, uint64_t at,
                              uint32_t val)
{
    uint32_t sent;

    if (pt_msi_sent_address(d, val, &sent)) {
        w->data_at = at + w->row->data_gap;
        return sent;
    }
    return at == w->data_at && pt_msi_sent_data(d, val, &sent) ? sent : val;
}

static uint64_t message(const struct pt_dev *d, struct pt_open_window *w,
                        uint64_t at, unsigned width, uint64_t val)
{
    uint64_t low;

    if (width < 4 || at % width) {
        return val;  /* or nothing: pt-trap.c looks at the alignment */
    }
    low = message_dword(d, w, at, (uint32_t)val);
    return width == 4 ? low : low |
        (uint64_t)message_dword(d, w, at + 4, (uint32_t)(val >> 32)) << 32;
}

bool pt_windows_read(struct pt_dev *d, unsigned n, uint64_t at,
                     unsigned width, uint64_t *val)
{
    const struct pt_open_window *w = find(d, n, at);

    if (!w || !legal(width) || w->row->kind != PT_WINDOW_MIRROR) {
        return false;
    }
    *val = mirror_read(d, w->row, at, width);
    return true;
}

bool pt_windows_write(struct pt_dev *d, unsigned n, uint64_t at,
                      unsigned width, uint64_t *val)
{
    struct pt_open_window *w = find(d, n, at);

    if (!w || !legal(width)) {
        return false;
    }
    switch (w->row->kind) {
    case PT_WINDOW_MIRROR:
        if (is_ack(d, w->row, at, width)) {
            return false;
        }
        mirror_write(d, w->row, at, width, *val);
        return true;
    case PT_WINDOW_MESSAGE:
        *val = message(d, w, at, width, *val);
        break;
    }
    return false;
}
