/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * BARs and expansion ROM: sizing, and mapping through the hypervisor.
 * PCI Local Bus 3.0 sections 6.2.5.1 and 6.2.5.2.
 *
 * The guest's registers say where it wants a region (the wish); pieces say
 * what Xen and the bus have been told. pt_bars_sync() brings the second to
 * the first, and is the only place that does.
 */
#include <errno.h>
#include <string.h>

#include "pt-pci.h"
#include "pt-dev.h"
#include "pt-msi.h"

/* No guest of Xen's has more than 52 bits of physical address. */
#define MAX_GPA (UINT64_C(1) << 52)
#define MAX_PORT 0x10000u
#define LOW_FLAGS 0xfu
#define IO_FLAGS 0x3u

/* ------------------------------------------------------------------ */
/* What the guest sees                                                 */

static unsigned region_of(const struct pt_field *f)
{
    return f->off == PCI_ROM_ADDRESS ? PT_ROM :
        (unsigned)(f->off - PCI_BASE_ADDRESS_0) / 4;
}

static uint16_t reg_of(unsigned n)
{
    return n == PT_ROM ? PCI_ROM_ADDRESS :
        (uint16_t)(PCI_BASE_ADDRESS_0 + 4 * n);
}

static bool is_io(const struct pt_dev *d, unsigned n)
{
    return n != PT_ROM && (d->host->info.region[n].flags & PT_REGION_IO);
}

static bool is_64(const struct pt_dev *d, unsigned n)
{
    return n < PT_NUM_BARS - 1 && d->bar[n].size &&
        (d->host->info.region[n].flags & PT_REGION_64);
}

static bool is_top(const struct pt_dev *d, unsigned n)
{
    return n != PT_ROM && n > 0 && is_64(d, n - 1);
}

/* Bits of the region's (low) register that the guest can set. */
static uint32_t address_bits(const struct pt_dev *d, unsigned n)
{
    uint32_t flags = is_io(d, n) ? IO_FLAGS : LOW_FLAGS;

    return ~(uint32_t)(d->bar[n].size - 1) & ~flags;
}

void pt_bar_setup(const struct pt_dev *d, const struct pt_field *f,
                  struct pt_bits *bits)
{
    unsigned n = region_of(f);
    unsigned flags = d->host->info.region[n].flags;

    if (is_top(d, n)) {
        bits->ro = (uint32_t)((d->bar[n - 1].size - 1) >> 32);
        return;
    }
    if (d->bar[n].size == 0) {
        bits->ro = UINT32_MAX;
        return;
    }
    bits->ro = ~address_bits(d, n);
    if (n == PT_ROM) {
        bits->ro &= ~(uint32_t)PCI_ROM_ADDRESS_ENABLE;
    } else if (flags & PT_REGION_IO) {
        bits->init = PCI_BASE_ADDRESS_SPACE_IO;
    } else {
        bits->init =
            (is_64(d, n) ? PCI_BASE_ADDRESS_MEM_TYPE_64 : 0u) |
            (flags & PT_REGION_PREFETCH ? PCI_BASE_ADDRESS_MEM_PREFETCH : 0u);
    }
}

uint64_t pt_region_size(const struct pt_dev *d, unsigned n)
{
    return d->bar[n].size;
}

unsigned pt_region_windows(const struct pt_dev *d, unsigned n,
                           struct pt_window w[PT_REGION_TRAPS])
{
    const struct pt_bar *b = &d->bar[n];
    unsigned i, num = 0;

    for (i = 0; i < b->pieces && num < PT_REGION_TRAPS; i++) {
        if (b->piece[i].trapped) {
            w[num].offset = b->piece[i].offset;
            w[num++].size = b->piece[i].size;
        }
    }
    return num;
}

/* ------------------------------------------------------------------ */
/* Where the guest wants it                                            */

/*
 * Is a half of the register in the middle of being sized? All ones are an
 * address too, in the low half of a 64-bit BAR; the type bits, which nobody
 * sets for an address, tell them apart.
 */
static bool sizing(const struct pt_dev *d, unsigned n)
{
    const struct pt_bar *b = &d->bar[n];
    uint32_t bits = address_bits(d, n);
    uint32_t low = pt_copy(d, reg_of(n), 4) & bits;
    bool wide = is_64(d, n);

    if (wide && (b->raw[0] == UINT32_MAX || b->raw[1] == UINT32_MAX)) {
        return true;
    }
    if (is_io(d, n)) {
        return (low & 0xffff) == (bits & 0xffff);
    }
    return bits && low == bits &&
        (!wide || pt_copy(d, reg_of(n + 1), 4) == 0);
}

static uint64_t address(const struct pt_dev *d, unsigned n)
{
    uint64_t addr = pt_copy(d, reg_of(n), 4) & address_bits(d, n);

    if (is_64(d, n)) {
        addr |= (uint64_t)pt_copy(d, reg_of(n + 1), 4) << 32;
    }
    return addr;
}

static bool decoded(const struct pt_dev *d, unsigned n)
{
    uint32_t bit = is_io(d, n) ? PCI_COMMAND_IO : PCI_COMMAND_MEMORY;

    /* What the device itself leaves undecoded ends in an error (XSA-126). */
    if (!d->host->info.is_vf && !(d->command & bit)) {
        return false;
    }
    return d->started && d->bar[n].size && d->host->info.region[n].addr &&
        (pt_copy(d, PCI_COMMAND, 2) & bit) &&
        d->pm.state == 0 && !d->pm.waiting &&
        (n != PT_ROM ||
         (pt_copy(d, PCI_ROM_ADDRESS, 4) & PCI_ROM_ADDRESS_ENABLE));
}

static uint64_t wish(struct pt_dev *d, unsigned n)
{
    uint64_t addr, limit = is_io(d, n) ? MAX_PORT : MAX_GPA;

    if (!decoded(d, n)) {
        return PT_UNMAPPED;
    }
    if (sizing(d, n)) {
        return d->bar[n].wish;
    }
    addr = address(d, n);
    if (addr == 0 || addr >= limit || d->bar[n].size > limit - addr) {
        if (addr != 0) {
            pt_log_once(d, PT_ONCE_IO_RANGE, PT_LOG_WARNING, "region %u is "
                        "not mapped: no such address, %#llx", n,
                        (unsigned long long)addr);
        }
        return PT_UNMAPPED;
    }
    return addr;
}

/* ------------------------------------------------------------------ */
/* Pieces                                                              */

static int map(struct pt_dev *d, unsigned n, const struct pt_piece *p,
               uint64_t at, bool add)
{
    const struct pt_xen *x = d->xen;
    uint64_t host = d->host->info.region[n].addr + p->offset;

    if (is_io(d, n)) {
        return x->ops->map_ports(x->priv, (uint32_t)at, (uint32_t)host,
                                 (uint32_t)p->size, add);
    }
    return x->ops->map_memory(x->priv, at >> PT_PAGE_SHIFT,
                              host >> PT_PAGE_SHIFT,
                              p->size >> PT_PAGE_SHIFT, add);
}

static int piece_on(struct pt_dev *d, unsigned n, struct pt_piece *p,
                    uint64_t at)
{
    int rc;

    if (p->on) {
        return 0;  /* Xen did not unmap it, and it is wanted again */
    }
    if (p->trapped) {
        p->trap.gpa = at;
        rc = d->bus->ops->trap(d->bus->priv, &p->trap);
    } else {
        rc = map(d, n, p, at, true);
    }
    if (rc != 0) {
        pt_log_once(d, p->trapped ? PT_ONCE_TRAP : PT_ONCE_MAP, PT_LOG_ERROR,
                    "can't map region %u at %#llx: %s", n,
                    (unsigned long long)at, strerror(-rc));
        return rc;
    }
    p->on = true;
    p->at = at;
    return 0;
}

/* On failure the piece stays on, for the next try. */
static void piece_off(struct pt_dev *d, unsigned n, struct pt_piece *p)
{
    int rc;

    if (!p->on) {
        return;
    }
    if (p->trapped) {
        d->bus->ops->untrap(d->bus->priv, &p->trap);
    } else {
        rc = map(d, n, p, p->at, false);
        if (rc != 0) {
            pt_log_once(d, PT_ONCE_UNMAP, PT_LOG_ERROR,
                        "can't unmap region %u from %#llx: %s", n,
                        (unsigned long long)p->at, strerror(-rc));
            return;
        }
    }
    p->on = false;
}

static unsigned pieces_on(const struct pt_bar *b)
{
    unsigned i, n = 0;

    for (i = 0; i < b->pieces; i++) {
        n += b->piece[i].on;
    }
    return n;
}

/* Nothing is on, or some of it where all should be. */
static bool incomplete(const struct pt_bar *b)
{
    unsigned n = pieces_on(b);

    return n == 0 || (n < b->pieces && b->mapped == b->wish);
}

static void region_off(struct pt_dev *d, unsigned n)
{
    struct pt_bar *b = &d->bar[n];
    unsigned i;

    if (pieces_on(b) == 0) {
        return;
    }
    for (i = 0; i < b->pieces; i++) {
        piece_off(d, n, &b->piece[i]);
    }
    d->bus->ops->moved(d->bus->priv, d, n, PT_UNMAPPED);
}

/* Does another region of this device already have some of it? */
static bool own_overlap(const struct pt_dev *d, unsigned n)
{
    const struct pt_bar *b = &d->bar[n];
    unsigned i;

    for (i = 0; i < PT_NUM_REGIONS; i++) {
        const struct pt_bar *o = &d->bar[i];
        uint64_t at;

        if (i == n || is_io(d, i) != is_io(d, n) || pieces_on(o) == 0) {
            continue;
        }
        at = o->mapped;
        if (b->wish < at + o->size && at < b->wish + b->size) {
            return true;
        }
    }
    return false;
}

static void region_on(struct pt_dev *d, unsigned n)
{
    struct pt_bar *b = &d->bar[n];
    unsigned i;

    if (own_overlap(d, n) ||
        d->bus->ops->taken(d->bus->priv, d, is_io(d, n), b->wish, b->size)) {
        pt_log_once(d, PT_ONCE_OVERLAP, PT_LOG_WARNING, "region %u is not "
                    "mapped: something else of the guest is at %#llx", n,
                    (unsigned long long)b->wish);
        return;
    }
    b->mapped = b->wish;
    for (i = 0; i < b->pieces; i++) {
        if (piece_on(d, n, &b->piece[i], b->wish + b->piece[i].offset) != 0) {
            b->refused = b->wish;
            region_off(d, n);
            return;
        }
    }
    d->bus->ops->moved(d->bus->priv, d, n, b->wish);
}

void pt_bars_sync(struct pt_dev *d)
{
    unsigned n;

    if (!d->started) {
        return;
    }
    /* All unmapping first: two regions may have changed places. */
    for (n = 0; n < PT_NUM_REGIONS; n++) {
        struct pt_bar *b = &d->bar[n];

        b->wish = wish(d, n);
        if (b->wish != b->refused) {
            b->refused = PT_UNMAPPED;
        }
        if (pieces_on(b) && b->mapped != b->wish) {
            region_off(d, n);
        }
    }
    for (n = 0; n < PT_NUM_REGIONS; n++) {
        struct pt_bar *b = &d->bar[n];

        if (b->wish != PT_UNMAPPED && b->wish != b->refused &&
            incomplete(b)) {
            region_on(d, n);
        }
    }
    pt_irq_table_moved(d);
}

void pt_bars_recheck(struct pt_dev *d)
{
    unsigned n;

    for (n = 0; d->started && n < PT_NUM_REGIONS; n++) {
        const struct pt_bar *b = &d->bar[n];

        if (pieces_on(b) &&
            d->bus->ops->taken(d->bus->priv, d, is_io(d, n), b->mapped,
                               b->size)) {
            region_off(d, n);
        }
    }
    pt_bars_sync(d);
}

void pt_bars_unmap(struct pt_dev *d)
{
    unsigned n;

    for (n = 0; n < PT_NUM_REGIONS; n++) {
        region_off(d, n);
        if (pieces_on(&d->bar[n])) {
            region_off(d, n);
        }
        d->bar[n].wish = d->bar[n].refused = PT_UNMAPPED;
        d->bar[n].raw[0] = d->bar[n].raw[1] = 0;
    }
}

/* ------------------------------------------------------------------ */
/* Hooks                                                               */

void pt_bar_commit(struct pt_dev *d, const struct pt_field *f, uint32_t old,
                   const struct pt_access *a)
{
    unsigned n = region_of(f), half = is_top(d, n), i;
    struct pt_bar *b = &d->bar[n - half];
    uint8_t raw[4];

    (void)old;
    pt_store(raw, b->raw[half], 4);
    for (i = 0; i < a->len; i++) {
        unsigned at = a->off + i;

        if (at >= f->off && at < f->off + 4u) {
            raw[at - f->off] = (uint8_t)(a->val >> (8 * i));
        }
    }
    b->raw[half] = pt_load(raw, 4);
    pt_bars_sync(d);
}

void pt_rom_enable(struct pt_dev *d, bool on)
{
    uint32_t addr = (uint32_t)d->host->info.region[PT_ROM].addr;

    if (d->bar[PT_ROM].size && addr && on != d->rom_on &&
        pt_host_write_val(d, PCI_ROM_ADDRESS,
                          addr | (on ? PCI_ROM_ADDRESS_ENABLE : 0), 4) == 0) {
        d->rom_on = on;
    }
}

/* Sizing with all ones is no wish to enable it. */
void pt_rom_commit(struct pt_dev *d, const struct pt_field *f, uint32_t old,
                   const struct pt_access *a)
{
    bool on = pt_copy(d, f->off, 4) & PCI_ROM_ADDRESS_ENABLE;
    bool hold = sizing(d, PT_ROM);

    /* What is mapped has to be decoded. */
    if (on && !hold) {
        pt_rom_enable(d, true);
    }
    pt_bar_commit(d, f, old, a);
    if (!on && !hold) {
        pt_rom_enable(d, false);
    }
}

/* ------------------------------------------------------------------ */
/* Set-up                                                              */

/* Why a region can't be given to the guest; NULL if it can. */
static const char *unfit(const struct pt_dev *d, unsigned n)
{
    const struct pt_region *r = &d->host->info.region[n];
    bool wide = r->flags & PT_REGION_64;

    if (r->size & (r->size - 1)) {
        return "its size is no power of two";
    }
    if (n == PT_ROM && d->policy.no_rom) {
        return "the expansion ROM is switched off";
    }
    if (n == PT_ROM && (r->flags & PT_REGION_SHARED)) {
        return "its page has other registers, too";
    }
    if (wide && (n >= PT_NUM_BARS - 1 || (r->flags & PT_REGION_IO))) {
        return "it can't be a 64-bit region";
    }
    if (!wide && r->size > UINT64_C(0x80000000)) {
        return "it is too large for a 32-bit register";
    }
    if ((r->flags & PT_REGION_IO) && r->size > 0x100 * 0x100) {
        return "it is larger than I/O space";
    }
    if (!(r->flags & (PT_REGION_IO | PT_REGION_SHARED)) &&
        (r->addr & (PT_PAGE_SIZE - 1))) {
        return "its address is not at a page";
    }
    return NULL;
}

static void add_piece(struct pt_dev *d, unsigned n, uint64_t offset,
                      uint64_t size, bool trapped)
{
    struct pt_bar *b = &d->bar[n];
    struct pt_piece *p = &b->piece[b->pieces];

    if (size == 0) {
        return;
    }
    p->offset = offset;
    p->size = size;
    p->trapped = trapped;
    p->trap = (struct pt_trap) {
        .dev = d, .region = n, .part = trapped ? b->pieces : 0,
        .offset = offset, .size = size,
    };
    b->pieces++;
}

void pt_bars_init(struct pt_dev *d)
{
    unsigned n;

    for (n = 0; n < PT_NUM_REGIONS; n++) {
        const struct pt_region *r = &d->host->info.region[n];
        struct pt_bar *b = &d->bar[n];
        const char *why = r->size ? unfit(d, n) : NULL;

        b->wish = b->refused = PT_UNMAPPED;
        if (why) {
            pt_log(d, PT_LOG_WARNING, "region %u is not given to the guest: "
                   "%s", n, why);
        } else if (r->size) {
            b->size = r->size;
            if (!is_io(d, n) && b->size < PT_PAGE_SIZE) {
                b->size = PT_PAGE_SIZE;
            }
        }
    }
}

/* The traps first: they are to be there before anything is mapped. */
static void split(struct pt_dev *d, unsigned n)
{
    struct pt_window w[PT_REGION_TRAPS];
    unsigned i, num = pt_msix_windows(d, n, w);
    uint64_t from = 0;

    for (i = 0; i < num; i++) {
        add_piece(d, n, w[i].offset, w[i].size, true);
    }
    for (i = 0; i < num; i++) {
        add_piece(d, n, from, w[i].offset - from, false);
        from = w[i].offset + w[i].size;
    }
    add_piece(d, n, from, d->bar[n].size - from, false);
}

void pt_bars_split(struct pt_dev *d)
{
    unsigned n;

    for (n = 0; n < PT_NUM_REGIONS; n++) {
        if (d->host->info.region[n].flags & PT_REGION_SHARED) {
            add_piece(d, n, 0, d->bar[n].size, true);
        } else {
            split(d, n);
        }
    }
}
