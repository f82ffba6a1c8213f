/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Windows: which of them a device has, and what an access to one is. Which
 * pages are trapped for them follows from the table; pt-trap.c asks here for
 * each access to such a page.
 *
 * A mirror has no rules of its own: an access is the guest's to configuration
 * space, by the path that all take. Of messages the device gets its own. Behind
 * registers that lead to MSI-X's table is the guest's.
 */
#include <string.h>

#include "pt-pci.h"
#include "pt-dev.h"
#include "pt-msi.h"
#include "pt-window.h"

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
    if (pt_region_io(d, r->bar) != (r->kind == PT_WINDOW_INDEX)) {
        return "the BAR is of another kind";
    }
    if (r->kind == PT_WINDOW_INDEX && !d->bus->ops->traps_ports) {
        return "this device model traps no ports";
    }
    if (in->size < r->offset + r->size ||
        (r->bar_max && in->size > r->bar_max)) {
        return "the BAR has another size";
    }
    if (r->kind == PT_WINDOW_TABLE && d->irq->table_size == 0) {
        return "the device has no MSI-X table";
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
        d->window[i].holds = false;
        d->window[i].known = 0;
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
        uint64_t from = r->offset, end = r->offset + r->size;

        if (!pt_region_io(d, n)) {
            from &= PT_PAGE_MASK;
            end = (end + PT_PAGE_SIZE - 1) & PT_PAGE_MASK;
        }
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

/* As the guest's other way: a register of it can be the device model's. */
static uint32_t config_read(struct pt_dev *d, uint32_t off, unsigned len)
{
    const struct pt_bus *b = d->bus;

    return b->ops->config_read ?
        b->ops->config_read(b->priv, d, off, len) :
        pt_config_read(d, off, len);
}

static void config_write(struct pt_dev *d, uint32_t off, uint32_t val,
                         unsigned len)
{
    const struct pt_bus *b = d->bus;

    if (b->ops->config_write) {
        b->ops->config_write(b->priv, d, off, val, len);
    } else {
        pt_config_write(d, off, val, len);
    }
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
        return config_read(d, off, width);
    }
    val = config_read(d, off, 4);
    return val | (uint64_t)config_read(d, off + 4, 4) << 32;
}

static void mirror_write(struct pt_dev *d, const struct pt_window_row *r,
                         uint64_t at, unsigned width, uint64_t val)
{
    uint32_t off = (uint32_t)(at - r->offset);

    if (width > r->size - off) {
        return;
    }
    if (width != 8) {
        config_write(d, off, (uint32_t)val, width);
        return;
    }
    config_write(d, off, (uint32_t)val, 4);
    config_write(d, off + 4, (uint32_t)(val >> 32), 4);
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

/* The guest's bytes of a register, at @off of it, as it writes them. */
static void merge(uint32_t *reg, unsigned off, unsigned width, uint64_t val)
{
    unsigned i;

    for (i = off; i < off + width && i < 4; i++, val >>= 8) {
        *reg = (*reg & ~(UINT32_C(0xff) << (8 * i))) |
            (uint32_t)(val & 0xff) << (8 * i);
    }
}

/*
 * Index and data, a dword each: what is the offset of data's byte @off in
 * configuration space? -1: the index leads elsewhere.
 */
static int indexed(const struct pt_open_window *w, unsigned off)
{
    uint32_t index = w->index & ~UINT32_C(3);
    unsigned i;

    for (i = 0; i < 2; i++) {
        const struct pt_window_target *t = &w->row->to[i];

        if (index >= t->from && index - t->from < t->size) {
            return (int)(index - t->from + off);
        }
    }
    return -1;
}

/*
 * Data behind an index that the guest has not written are nobody's: the last
 * owner's can lead to configuration space.
 */
static bool index_read(struct pt_dev *d, const struct pt_open_window *w,
                       uint64_t at, unsigned width, uint64_t *val)
{
    unsigned off = (unsigned)(at - w->row->offset);
    int cfg = indexed(w, off - 4);

    if (off < 4 || width > 4 || at % width || (w->known == 0xf && cfg < 0)) {
        return false;
    }
    *val = w->known == 0xf ? config_read(d, (uint32_t)cfg, width) :
        UINT64_MAX >> (64 - 8 * width);
    return true;
}

/* The device has the index, too: for what is behind others. */
static bool index_write(struct pt_dev *d, struct pt_open_window *w,
                        uint64_t at, unsigned width, uint64_t val)
{
    unsigned off = (unsigned)(at - w->row->offset);
    int cfg = indexed(w, off - 4);

    if (width > 4 || at % width) {
        return true;
    }
    if (off < 4) {
        merge(&w->index, off, width, val);
        w->known |= (uint8_t)(((1u << width) - 1) << off);
        return false;
    }
    if (w->known == 0xf && cfg < 0) {
        return false;
    }
    if (w->known == 0xf) {
        config_write(d, (uint32_t)cfg, (uint32_t)val, width);
    }
    return true;
}

/*
 * Realtek's ERIDR, data, and ERIAR behind it: what is at bits 11:0 of space
 * 30:16, 1 of which is MSI-X's table; byte enables are 15:12. Bit 31 starts a
 * write, and is clear when it is done; the other way round for a read.
 */
#define ERIAR 4u
#define ERIAR_FLAG 0x80000000u
#define ERIAR_SPACE 0x7fff0000u
#define ERIAR_TABLE 0x00010000u

/* What the device had in it before is not known to be somewhere else. */
static bool leads(const struct pt_open_window *w)
{
    return w->known == 0xf && (w->index & ERIAR_SPACE) == ERIAR_TABLE;
}

static bool table_read(const struct pt_open_window *w, uint64_t at,
                       unsigned width, uint64_t *val)
{
    uint64_t both = w->data | (uint64_t)w->index << 32;
    uint64_t mask = UINT64_MAX >> (64 - 8 * width);

    if (!leads(w) || at % width) {
        return false;
    }
    *val = both >> (8 * (at - w->row->offset)) & mask;
    return true;
}

static void table_access(struct pt_dev *d, struct pt_open_window *w)
{
    uint32_t off = w->index & 0xfff, was = pt_msix_dword(d, off), lanes = 0;
    unsigned i;

    for (i = 0; i < 4; i++) {
        lanes |= w->index >> (12 + i) & 1 ? UINT32_C(0xff) << (8 * i) : 0;
    }
    if (!(w->index & ERIAR_FLAG)) {
        w->data = was;
    } else if (lanes) {
        pt_msix_set_dword(d, off, (was & ~lanes) | (w->data & lanes));
    }
}

/*
 * What is written to the index does not go to the device where it leads to the
 * table, nor as long as what the device has in the other bytes is unknown. So
 * the device may be apart from it: then it gets all of it, not some bytes for
 * an index that is another one there. Returns whether it goes no further.
 */
static bool take_index(struct pt_dev *d, struct pt_open_window *w,
                       unsigned off, unsigned width, uint64_t val)
{
    bool apart = w->apart && width < 4;

    merge(&w->index, off, width, val);
    w->known |= (uint8_t)(((1u << width) - 1) << off);
    w->apart = w->known != 0xf || leads(w);
    if (leads(w)) {
        table_access(d, w);
    } else if (w->known == 0xf && apart) {
        pt_host_mmio_write(d, w->row->bar, w->row->offset + ERIAR, 4,
                           w->index);
    }
    if (w->known == 0xf) {
        w->index ^= ERIAR_FLAG;  /* done */
    }
    return apart || w->apart;
}

/* Data go to the device whatever they are for: the index comes after them. */
static bool take_registers(struct pt_dev *d, struct pt_open_window *w,
                           uint64_t at, unsigned width, uint64_t val)
{
    unsigned off = (unsigned)(at - w->row->offset);

    if (at % width) {
        return true;
    }
    if (off >= ERIAR) {
        return take_index(d, w, off - ERIAR, width, val);
    }
    merge(&w->data, off, width < 4 ? width : 4, val);
    if (width < 8 || !take_index(d, w, 0, 4, val >> 32)) {
        return false;
    }
    pt_host_mmio_write(d, w->row->bar, at, 4, (uint32_t)val);
    return true;
}

bool pt_windows_read(struct pt_dev *d, unsigned n, uint64_t at,
                     unsigned width, uint64_t *val)
{
    const struct pt_open_window *w = find(d, n, at);

    if (!w || !legal(width)) {
        return false;
    }
    switch (w->row->kind) {
    case PT_WINDOW_MIRROR:
        *val = mirror_read(d, w->row, at, width);
        return true;
    case PT_WINDOW_TABLE:
        return table_read(w, at, width, val);
    case PT_WINDOW_INDEX:
        return index_read(d, w, at, width, val);
    case PT_WINDOW_MESSAGE:
        break;
    }
    return false;
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
        return pt_window_message(d, w, at, width, val);
    case PT_WINDOW_TABLE:
        return take_registers(d, w, at, width, *val);
    case PT_WINDOW_INDEX:
        return index_write(d, w, at, width, *val);
    }
    return false;
}
