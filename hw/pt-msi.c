/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * MSI and MSI-X as the guest sees them: the registers, and the MSI-X table in
 * its trapped pages. What follows from them for Xen and the device is in
 * pt-irq.c and beyond. PCI Local Bus 3.0 section 6.8.
 */
#include <stdio.h>

#include "pt-pci.h"
#include "pt-irq.h"

/* ------------------------------------------------------------------ */
/* MSI                                                                 */

/* Variants: address width, with and without per-vector masking. */
enum {
    W32 = 0x01,
    W64 = 0x02,
    MASK32 = 0x04,
    MASK64 = 0x08,
};

/* Extended Message Data Capable: PCIe 4.0, 7.7.1.2. Its word is Xen's too. */
#define MSI_FLAGS_EXT_DATA 0x0200u

static uint32_t log2_max(const struct pt_dev *d)
{
    uint32_t l = 0;

    while (d->irq && (2u << l) <= d->irq->msi_max) {
        l++;
    }
    return l;
}

static void msi_control_setup(const struct pt_dev *d,
                              const struct pt_field *f, struct pt_bits *bits)
{
    (void)f;
    bits->init |= log2_max(d) << 1;
}

static void msi_mask_setup(const struct pt_dev *d, const struct pt_field *f,
                           struct pt_bits *bits)
{
    unsigned n = d->irq ? d->irq->msi_max : 1;

    (void)f;
    bits->ro = n >= 32 ? 0 : ~((UINT32_C(1) << n) - 1);
}

/*
 * A driver that writes an enable bit that is set means the device, which may
 * have lost it in a reset of the driver's own: what it has is not known.
 */
static bool again(uint32_t flags, uint32_t old, uint32_t bit,
                  const struct pt_access *a, unsigned at)
{
    return (flags & old & bit) && a->off <= at && at < a->off + a->len;
}

/* A guest can't have more vectors than it was offered (XSA-458). */
static void msi_control_commit(struct pt_dev *d, const struct pt_field *f,
                               uint32_t old, const struct pt_access *a)
{
    uint32_t flags = pt_copy(d, f->off, 2), max = log2_max(d);
    bool once_more = again(flags, old, PCI_MSI_FLAGS_ENABLE, a, f->off);

    if ((flags & PCI_MSI_FLAGS_QSIZE) >> 4 > max) {
        flags = (flags & ~(uint32_t)PCI_MSI_FLAGS_QSIZE) | (max << 4);
        pt_store(d->copy + f->off, flags, 2);
    }
    if (once_more && d->irq->mode == PT_IRQ_MSI) {
        d->irq->unsure = true;
    }
    if (flags != old || once_more) {
        d->dirty |= PT_DIRTY_IRQ;
    }
}

static void msi_commit(struct pt_dev *d, const struct pt_field *f,
                       uint32_t old, const struct pt_access *a)
{
    (void)a;
    if (pt_copy(d, f->off, f->row->size) != old &&
        d->irq->mode == PT_IRQ_MSI) {
        d->dirty |= PT_DIRTY_IRQ;
    }
}

#define MSI_DATA(off_, only_) { \
        .name = "Message Data", .spec = "PCI 3.0, 6.8.1.6", \
        .why = "the guest's, for Xen to deliver; the device has Xen's", \
        .off = (off_), .size = 2, .only = (only_), .emu = 0xffff, \
        .commit = msi_commit, \
    }
#define MSI_MASK(off_, only_) { \
        .name = "Mask Bits", .spec = "PCI 3.0, 6.8.1.7", \
        .why = "the guest's; the device's bits are Xen's (XSA-129)", \
        .off = (off_), .size = 4, .only = (only_), .emu = 0xffffffff, \
        .setup = msi_mask_setup, .commit = msi_commit, \
    }
#define MSI_PENDING(off_, only_) { \
        .name = "Pending Bits", .spec = "PCI 3.0, 6.8.1.8", \
        .why = "the device's", \
        .off = (off_), .size = 4, .only = (only_), .flags = PT_ROW_INERT, \
        .ro = 0xffffffff, \
    }

static const struct pt_row msi_rows[] = {
    {
        .name = "Message Control", .spec = "PCI 3.0, 6.8.1.3",
        .why = "the device is enabled once Xen has bound the message; no "
            "more vectors than Xen gives",
        .off = PCI_MSI_FLAGS, .size = 2,
        .host = PCI_MSI_FLAGS_64BIT | PCI_MSI_FLAGS_MASK_BIT,
        .emu = 0xffff,
        .ro = 0xffff & ~(PCI_MSI_FLAGS_ENABLE | PCI_MSI_FLAGS_QSIZE),
        .setup = msi_control_setup, .commit = msi_control_commit,
    }, {
        .name = "Message Address", .spec = "PCI 3.0, 6.8.1.4",
        .why = "the guest's, for Xen to deliver; the device has Xen's",
        .off = PCI_MSI_ADDRESS_LO, .size = 4,
        .emu = 0xffffffff, .ro = 0x00000003,
        .commit = msi_commit,
    }, {
        .name = "Message Upper Address", .spec = "PCI 3.0, 6.8.1.5",
        .why = "the guest's, for Xen to deliver; the device has Xen's",
        .off = PCI_MSI_ADDRESS_HI, .size = 4, .only = W64,
        .emu = 0xffffffff,
        .commit = msi_commit,
    },
    MSI_DATA(PCI_MSI_DATA_32, W32),
    MSI_DATA(PCI_MSI_DATA_64, W64),
    MSI_MASK(PCI_MSI_MASK_BIT_32, MASK32),
    MSI_MASK(PCI_MSI_MASK_BIT_64, MASK64),
    MSI_PENDING(PCI_MSI_PENDING_32, MASK32),
    MSI_PENDING(PCI_MSI_PENDING_64, MASK64),
};

static void msi_probe(const struct pt_dev *d, uint16_t pos,
                      struct pt_probe *p)
{
    uint32_t flags = pt_load(d->snap + pos + PCI_MSI_FLAGS, 2);
    bool wide = flags & PCI_MSI_FLAGS_64BIT;

    p->size = wide ? PCI_MSI_DATA_64 + 2 : PCI_MSI_DATA_32 + 2;
    p->variant = wide ? W64 : W32;
    if (flags & PCI_MSI_FLAGS_MASK_BIT) {
        p->size = wide ? PCI_MSI_PENDING_64 + 4 : PCI_MSI_PENDING_32 + 4;
        p->variant |= wide ? MASK64 : MASK32;
    } else if (flags & MSI_FLAGS_EXT_DATA) {
        p->size += 2;
    }
}

const struct pt_group pt_group_msi = {
    .name = "MSI", .id = PCI_CAP_ID_MSI, .fate = PT_EXPOSED, .xen = true,
    .why = "emulated; bound through the hypervisor",
    .probe = msi_probe,
    PT_ROWS(msi_rows),
};

/* ------------------------------------------------------------------ */
/* MSI-X                                                               */

static void msix_commit(struct pt_dev *d, const struct pt_field *f,
                        uint32_t old, const struct pt_access *a)
{
    uint32_t flags = pt_copy(d, f->off, 2);
    bool once_more = again(flags, old, PCI_MSIX_ENABLE, a, f->off + 1u);

    if (once_more && d->irq->mode == PT_IRQ_MSIX) {
        d->irq->unsure = true;
    }
    if (flags != old || once_more) {
        d->dirty |= PT_DIRTY_IRQ;
    }
}

static const struct pt_row msix_rows[] = {
    {
        .name = "Message Control", .spec = "PCI 3.0, 6.8.2.3",
        .why = "enable and function mask are written to the device together "
            "with what Xen binds",
        .off = PCI_MSI_FLAGS, .size = 2,
        .host = PCI_MSIX_TABSIZE, .emu = 0xffff,
        .ro = 0xffff & ~(PCI_MSIX_ENABLE | PCI_MSIX_MASK),
        .commit = msix_commit,
    }, {
        .name = "Table Offset/BIR", .spec = "PCI 3.0, 6.8.2.4",
        .why = "constant",
        .off = PCI_MSIX_TABLE, .size = 4, .flags = PT_ROW_INERT,
        .host = 0xffffffff, .emu = 0xffffffff, .ro = 0xffffffff,
    }, {
        .name = "PBA Offset/BIR", .spec = "PCI 3.0, 6.8.2.5",
        .why = "constant",
        .off = PCI_MSIX_PBA, .size = 4, .flags = PT_ROW_INERT,
        .host = 0xffffffff, .emu = 0xffffffff, .ro = 0xffffffff,
    },
};

/* Do @len bytes at what Offset/BIR register @reg names lie in a memory BAR? */
static bool fits(const struct pt_dev *d, uint32_t reg, uint64_t len)
{
    unsigned bir = reg & PT_MSIX_BIR;
    uint64_t off = reg & ~(uint32_t)PT_MSIX_BIR;
    const struct pt_region *r;

    if (bir >= PT_NUM_BARS) {
        return false;
    }
    r = &d->host->info.region[bir];
    return d->bar[bir].size && !(r->flags & PT_REGION_IO) &&
        off < r->size && len <= r->size - off;
}

/* Do @a bytes at @table and @b at @pba meet? */
static bool meet(uint32_t table, uint64_t a, uint32_t pba, uint64_t b)
{
    uint64_t at = table & ~(uint32_t)PT_MSIX_BIR;
    uint64_t bits = pba & ~(uint32_t)PT_MSIX_BIR;

    return ((table ^ pba) & PT_MSIX_BIR) == 0 && at < bits + b &&
        bits < at + a;
}

static void msix_probe(const struct pt_dev *d, uint16_t pos,
                       struct pt_probe *p)
{
    unsigned n = (pt_load(d->snap + pos + PCI_MSI_FLAGS, 2) &
                  PCI_MSIX_TABSIZE) + 1;
    uint32_t table, pba;

    if (pos + PCI_MSIX_PBA + 4 > PT_CFG_SIZE) {
        return;  /* size_up() tells that */
    }
    table = pt_load(d->snap + pos + PCI_MSIX_TABLE, 4);
    pba = pt_load(d->snap + pos + PCI_MSIX_PBA, 4);
    if (!fits(d, table, n * PT_MSIX_ENTRY_SIZE)) {
        snprintf(p->why_not, sizeof(p->why_not), "its table of %u entries "
                 "is not in BAR %u at %#x", n, table & PT_MSIX_BIR,
                 table & ~(uint32_t)PT_MSIX_BIR);
    } else if (!fits(d, pba, (n + 63) / 64 * 8)) {
        snprintf(p->why_not, sizeof(p->why_not),
                 "its pending bits are not in BAR %u at %#x",
                 pba & PT_MSIX_BIR, pba & ~(uint32_t)PT_MSIX_BIR);
    } else if (meet(table, n * PT_MSIX_ENTRY_SIZE, pba, (n + 63) / 64 * 8)) {
        /* Atheros' AR928x: nothing is there but other registers. */
        snprintf(p->why_not, sizeof(p->why_not), "its table and pending bits "
                 "overlap; pages at %#x of BAR %u stay read-only",
                 table & ~(uint32_t)PT_MSIX_BIR, table & PT_MSIX_BIR);
    }
}

const struct pt_group pt_group_msix = {
    .name = "MSI-X", .id = PCI_CAP_ID_MSIX, .fate = PT_EXPOSED, .xen = true,
    .why = "emulated; bound through the hypervisor",
    .size = 12,
    .probe = msix_probe,
    PT_ROWS(msix_rows),
};

/* ------------------------------------------------------------------ */
/* The table                                                           */

/* The pages of @size bytes at @off. */
static struct pt_window pages(uint64_t off, uint64_t size)
{
    uint64_t end = (off + size + PT_PAGE_SIZE - 1) & PT_PAGE_MASK;

    off &= PT_PAGE_MASK;
    return (struct pt_window) { .offset = off, .size = end - off };
}

/*
 * The pages of region @n where the host has @size bytes at @off of @bar: in
 * the BAR itself, and in one that lies in the same page.
 */
static bool pages_in(const struct pt_dev *d, unsigned n, uint8_t bar,
                     uint32_t off, uint32_t size, struct pt_window *w)
{
    const struct pt_region *in = &d->host->info.region[n];
    const struct pt_region *of = &d->host->info.region[bar];
    uint64_t page = in->addr & PT_PAGE_MASK, from, end;

    if (size == 0) {
        return false;
    }
    if (n == bar) {
        *w = pages(off, size);
        return true;
    }
    if (d->bar[n].size == 0 || (in->flags & PT_REGION_IO) || !in->addr ||
        !of->addr) {
        return false;
    }
    *w = pages(of->addr + off, size);
    from = w->offset > page ? w->offset : page;
    end = w->offset + w->size;
    if (end > page + d->bar[n].size) {
        end = page + d->bar[n].size;
    }
    *w = (struct pt_window) { .offset = from - page, .size = end - from };
    return from < end;
}

/*
 * A page between the two is trapped with them: network cards of Intel's have
 * nothing there, and each piece is a mapping more whenever the BAR moves.
 */
unsigned pt_msix_windows(const struct pt_dev *d, unsigned n,
                         struct pt_window w[PT_REGION_TRAPS])
{
    const struct pt_irq *q = d->irq;
    struct pt_window *low = &w[0], *high = &w[1], other;
    unsigned num = 0;

    if (!q) {
        return 0;
    }
    num += pages_in(d, n, q->table_bar, q->table_off, q->table_size, &w[num]);
    num += pages_in(d, n, q->pba_bar, q->pba_off, q->pba_size, &w[num]);
    if (num == 2 && low->offset > high->offset) {
        other = *low;
        *low = *high;
        *high = other;
    }
    if (num == 2 && high->offset <= low->offset + low->size + PT_PAGE_SIZE) {
        uint64_t end = high->offset + high->size;

        if (end > low->offset + low->size) {
            low->size = end - low->offset;
        }
        num = 1;
    }
    return num;
}

/* Has the host's page of @addr any of the @size bytes at @off of BAR @bar? */
static bool on_page(const struct pt_dev *d, uint64_t addr, uint8_t bar,
                    uint32_t off, uint32_t size)
{
    struct pt_window w;

    if (size == 0) {
        return false;
    }
    w = pages(d->host->info.region[bar].addr + off, size);
    return addr >= w.offset && addr - w.offset < w.size;
}

bool pt_msix_protected(const struct pt_dev *d, unsigned n, uint64_t at)
{
    const struct pt_irq *q = d->irq;
    uint64_t addr = d->host->info.region[n].addr + at;

    return q &&
        (on_page(d, addr, q->table_bar, q->table_off, q->table_size) ||
         on_page(d, addr, q->pba_bar, q->pba_off, q->pba_size));
}

/* Is the byte at @at in the table? */
static bool in_table(const struct pt_trap *t, uint64_t at)
{
    const struct pt_irq *q = t->dev->irq;

    return q && q->msix_pos && q->table_bar == t->region &&
        at >= q->table_off && at - q->table_off < q->table_size;
}

static bool legal(uint64_t at, unsigned width)
{
    return (width == 4 || width == 8) && at % width == 0;
}

/* The guest's dword at @at, which is in the table. */
static uint32_t dword(const struct pt_irq *q, uint64_t at)
{
    uint64_t off = at - q->table_off;
    const struct pt_vector *v = &q->entry[off / PT_MSIX_ENTRY_SIZE];

    switch (off % PT_MSIX_ENTRY_SIZE / 4) {
    case 0:
        return v->want.addr_lo;
    case 1:
        return v->want.addr_hi;
    case 2:
        return v->want.data;
    default:
        return v->want.ctrl;
    }
}

bool pt_msix_read(struct pt_trap *t, uint64_t at, unsigned width,
                  uint64_t *val)
{
    struct pt_irq *q = t->dev->irq;

    if (!in_table(t, at)) {
        return false;
    }
    *val = 0;
    if (legal(at, width)) {
        *val = dword(q, at);
        if (width == 8) {
            *val |= (uint64_t)dword(q, at + 4) << 32;
        }
    }
    return true;
}

/* @part: of a qword. */
static void write_dword(struct pt_dev *d, uint64_t at, uint32_t val, bool part)
{
    struct pt_irq *q = d->irq;
    uint64_t off = at - q->table_off;
    unsigned i = (unsigned)(off / PT_MSIX_ENTRY_SIZE);
    struct pt_vector *v = &q->entry[i];

    switch (off % PT_MSIX_ENTRY_SIZE / 4) {
    case 0:
        v->want.addr_lo = val & ~UINT32_C(3);
        v->want.written = true;
        break;
    case 1:
        v->want.addr_hi = val;
        v->want.written = true;
        break;
    case 2:
        v->want.data = val;
        v->want.written = true;
        /* The last write of a driver that leaves masking to Xen. */
        if (pt_pirq_named(d, &v->want) >= 0) {
            pt_irq_entry_ready(d, i);
        }
        break;
    default:
        /*
         * Address and data are left until here: a driver masks, changes
         * them and unmasks. Xen may have taken the masking to itself, so
         * that unmasking what is not masked here is news too.
         */
        v->want.ctrl = val & PT_MSIX_MASKED;
        if (!v->want.ctrl) {
            pt_irq_entry_ready(d, i);
        } else if (v->has.bound && !part) {
            /*
             * Xen 4.19 and later tell us of each (XENFEAT_dm_msix_all_writes);
             * before, of no bound entry's but by a qword.
             */
            q->hears_masks = true;
        }
        break;
    }
}

bool pt_msix_write(struct pt_trap *t, uint64_t at, unsigned width,
                   uint64_t val)
{
    if (!in_table(t, at)) {
        return false;
    }
    if (legal(at, width)) {
        write_dword(t->dev, at, (uint32_t)val, width == 8);
        if (width == 8) {
            write_dword(t->dev, at + 4, (uint32_t)(val >> 32), true);
        }
    }
    return true;
}

static bool has_dword(const struct pt_irq *q, uint32_t off)
{
    return q->msix_pos && off % 4 == 0 && off < q->table_size;
}

uint32_t pt_msix_dword(const struct pt_dev *d, uint32_t off)
{
    const struct pt_irq *q = d->irq;

    return has_dword(q, off) ? dword(q, q->table_off + (uint64_t)off) : 0;
}

void pt_msix_set_dword(struct pt_dev *d, uint32_t off, uint32_t val)
{
    if (has_dword(d->irq, off)) {
        /* That a mask came this way tells nothing of Xen. */
        write_dword(d, d->irq->table_off + (uint64_t)off, val, true);
    }
}
