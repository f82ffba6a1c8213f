/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * BARs and expansion ROM: sizing, and mapping through the hypervisor.
 * PCI Local Bus 3.0 sections 6.2.5.1 and 6.2.5.2.
 *
 * The guest's registers say where it wants a region (the wish); pieces say
 * what Xen and the bus have been told. pt_bars_leave() and pt_bars_enter() bring
 * the second to the first; pt_yield() takes what only rests.
 */
#include <errno.h>
#include <string.h>

#include "pt-pci.h"
#include "pt-command.h"
#include "pt-dev.h"
#include "pt-msi.h"
#include "pt-window.h"

/* No guest of Xen's has more than 52 bits of physical address. */
#define MAX_GPA (UINT64_C(1) << 52)
#define MAX_PORT 0x10000u
#define ROM_FLAGS 0x7ffu

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

bool pt_region_io(const struct pt_dev *d, unsigned n)
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
    uint32_t flags = pt_region_io(d, n) ? PT_IO_FLAGS : PT_MEM_FLAGS;

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
 * Is the register in the middle of being sized? The dword as it was written
 * tells, all of its address bits or all of its type bits set: nobody sets
 * these for an address, and none of Xen's guests has room at the very top.
 */
static bool sizing_dword(uint32_t raw, uint32_t flags)
{
    return (raw | flags) == UINT32_MAX || (raw & flags) == flags;
}

static bool sizing(const struct pt_dev *d, unsigned n)
{
    const struct pt_bar *b = &d->bar[n];

    if (n == PT_ROM) {
        return sizing_dword(b->raw[0], ROM_FLAGS);
    }
    return sizing_dword(b->raw[0], pt_region_io(d, n) ? PT_IO_FLAGS : PT_MEM_FLAGS) ||
        b->raw[1] == UINT32_MAX;  /* of a 64-bit one only */
}

static uint64_t address(const struct pt_dev *d, unsigned n)
{
    uint64_t addr = pt_copy(d, reg_of(n), 4) & address_bits(d, n);

    if (is_64(d, n)) {
        addr |= (uint64_t)pt_copy(d, reg_of(n + 1), 4) << 32;
    }
    return addr;
}

static uint32_t decode_bit(const struct pt_dev *d, unsigned n)
{
    return pt_region_io(d, n) ? PCI_COMMAND_IO : PCI_COMMAND_MEMORY;
}

/*
 * Would the device answer? What it leaves undecoded ends in an error that can
 * take the host down (XSA-126).
 */
static bool answers(const struct pt_dev *d, unsigned n)
{
    if (!d->host->info.is_vf &&
        !(pt_command_decoders(d) & decode_bit(d, n))) {
        return false;
    }
    return d->started && d->bar[n].size && d->host->info.region[n].addr &&
        d->pm.state == 0 && d->pm.want == 0 && !d->deaf && !d->flr.asked &&
        (n != PT_ROM || d->rom_on);
}

static bool decoded(const struct pt_dev *d, unsigned n)
{
    return answers(d, n) && (pt_copy(d, PCI_COMMAND, 2) & decode_bit(d, n));
}

static bool no_such_address(struct pt_dev *d, unsigned n, uint64_t addr)
{
    uint64_t limit = pt_region_io(d, n) ? MAX_PORT : MAX_GPA;

    if (addr == 0) {
        return true;
    }
    /* It is a multiple of the size: what begins below ends there, too. */
    if (addr < limit) {
        return false;
    }
    pt_log_once(d, PT_ONCE_IO_RANGE, PT_LOG_WARNING, "region %u is "
                "not mapped: no such address, %#llx", n,
                (unsigned long long)addr);
    return true;
}

static unsigned pieces_on(const struct pt_bar *b)
{
    unsigned i, n = 0;

    for (i = 0; i < b->pieces; i++) {
        n += b->piece[i].on;
    }
    return n;
}

/*
 * Where decoding is off, what is mapped rests where it is: systems switch it
 * off and on again around the sizing of each BAR, and the device decodes all
 * the time. It goes when the BAR moves, when another wants the place, when
 * the device stops to answer; and what is not there as a whole is tried anew.
 */
static uint64_t wish(struct pt_dev *d, unsigned n)
{
    const struct pt_bar *b = &d->bar[n];
    bool on = decoded(d, n);
    uint64_t addr;

    if (!answers(d, n) ||
        (!on && (d->policy.strict || pieces_on(b) < b->pieces))) {
        return PT_UNMAPPED;
    }
    if (sizing(d, n)) {
        return b->wish;
    }
    addr = address(d, n);
    if (!on) {
        return addr == b->mapped ? addr : PT_UNMAPPED;
    }
    return no_such_address(d, n, addr) ? PT_UNMAPPED : addr;
}

/* ------------------------------------------------------------------ */
/* Pieces                                                              */

static int map(struct pt_dev *d, unsigned n, const struct pt_piece *p,
               uint64_t at, bool add)
{
    const struct pt_xen *x = d->xen;
    uint64_t host = d->host->info.region[n].addr + p->offset;

    if (pt_region_io(d, n)) {
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
                    (unsigned long long)at, pt_strerror(rc));
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
                        (unsigned long long)p->at, pt_strerror(rc));
            return;
        }
    }
    p->on = false;
}

/* Nothing is on, or some of it where all should be. */
static bool incomplete(const struct pt_bar *b)
{
    unsigned n = pieces_on(b);

    return n == 0 || (n < b->pieces && b->mapped == b->wish);
}

/*
 * Tell the bus where the guest has it; at rest it is nowhere. What was to go
 * and Xen did not unmap is in the way of others.
 */
static void show(struct pt_dev *d, unsigned n)
{
    struct pt_bar *b = &d->bar[n];
    bool rests = !decoded(d, n) && b->wish == b->mapped;
    uint64_t at = pieces_on(b) && !rests ? b->mapped : PT_UNMAPPED;

    if (at != b->shown) {
        b->shown = at;
        d->bus->ops->moved(d->bus->priv, d, n, at);
    }
}

static void region_off(struct pt_dev *d, unsigned n)
{
    struct pt_bar *b = &d->bar[n];
    unsigned i;

    for (i = 0; i < b->pieces; i++) {
        piece_off(d, n, &b->piece[i]);
    }
    show(d, n);
}

static bool meets(const struct pt_bar *b, uint64_t addr, uint64_t size)
{
    return pieces_on(b) && addr < b->mapped + b->size &&
        b->mapped < addr + size;
}

/* Who rests at a place makes room for who decodes it. */
static bool yield(struct pt_dev *d, bool io, uint64_t addr, uint64_t size)
{
    bool some = false;
    unsigned i;

    for (i = 0; i < PT_NUM_REGIONS; i++) {
        struct pt_bar *b = &d->bar[i];

        if (pt_region_io(d, i) == io && meets(b, addr, size) && !decoded(d, i)) {
            b->wish = PT_UNMAPPED;
            region_off(d, i);
            some = true;
        }
    }
    return some;
}

void pt_yield(struct pt_dev *d, bool io, uint64_t addr, uint64_t size)
{
    if (yield(d, io, addr, size)) {
        pt_irq_table_moved(d);
    }
}

/* Does another region of this device already have some of it? */
static bool own_overlap(const struct pt_dev *d, unsigned n)
{
    const struct pt_bar *b = &d->bar[n];
    unsigned i;

    for (i = 0; i < PT_NUM_REGIONS; i++) {
        if (i != n && pt_region_io(d, i) == pt_region_io(d, n) &&
            meets(&d->bar[i], b->wish, b->size)) {
            return true;
        }
    }
    return false;
}

static void region_on(struct pt_dev *d, unsigned n)
{
    struct pt_bar *b = &d->bar[n];
    unsigned i;

    yield(d, pt_region_io(d, n), b->wish, b->size);
    if (own_overlap(d, n) ||
        d->bus->ops->taken(d->bus->priv, d, pt_region_io(d, n), b->wish, b->size)) {
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
}

/* ------------------------------------------------------------------ */
/* The ROM's decoder                                                   */

/* All ones are for its size, and no wish to enable it. */
static bool rom_wanted(const struct pt_dev *d)
{
    /* Without an address of the host's it would be decoded at 0. */
    if (!d->started || !d->bar[PT_ROM].size ||
        !d->host->info.region[PT_ROM].addr) {
        return false;
    }
    return d->bar[PT_ROM].raw[0] == UINT32_MAX ? d->rom_on :
        pt_copy(d, PCI_ROM_ADDRESS, 4) & PCI_ROM_ADDRESS_ENABLE;
}

static void rom_decode(struct pt_dev *d, bool on)
{
    uint32_t addr = (uint32_t)d->host->info.region[PT_ROM].addr;

    if (on != d->rom_on &&
        pt_host_put_val(d, PCI_ROM_ADDRESS,
                        addr | (on ? PCI_ROM_ADDRESS_ENABLE : 0), 4) == 0) {
        d->rom_on = on;
    }
}

/* ------------------------------------------------------------------ */
/* Reconciling                                                         */

/* All unmapping first: two regions may have changed places. */
void pt_bars_leave(struct pt_dev *d)
{
    unsigned n;

    for (n = 0; n < PT_NUM_REGIONS; n++) {
        struct pt_bar *b = &d->bar[n];

        b->wish = n == PT_ROM && !rom_wanted(d) ? PT_UNMAPPED : wish(d, n);
        if (b->wish != b->refused) {
            b->refused = PT_UNMAPPED;
        }
        if (pieces_on(b) && b->mapped != b->wish) {
            region_off(d, n);
        }
    }
    if (!rom_wanted(d) && pieces_on(&d->bar[PT_ROM]) == 0) {
        rom_decode(d, false);
    }
}

void pt_bars_enter(struct pt_dev *d)
{
    unsigned n;

    /* What is mapped has to be decoded. */
    if (rom_wanted(d) && !d->rom_on) {
        rom_decode(d, true);
        d->bar[PT_ROM].wish = wish(d, PT_ROM);
    }
    for (n = 0; n < PT_NUM_REGIONS; n++) {
        struct pt_bar *b = &d->bar[n];

        if (b->wish != PT_UNMAPPED && b->wish != b->refused &&
            incomplete(b) && decoded(d, n)) {
            region_on(d, n);
        }
        show(d, n);
    }
}

void pt_bars_sync(struct pt_dev *d)
{
    d->dirty |= PT_DIRTY_REGIONS;
    pt_sync(d);
}

void pt_bars_recheck(struct pt_dev *d)
{
    unsigned n;

    for (n = 0; d->started && n < PT_NUM_REGIONS; n++) {
        const struct pt_bar *b = &d->bar[n];

        if (pieces_on(b) &&
            d->bus->ops->taken(d->bus->priv, d, pt_region_io(d, n), b->mapped,
                               b->size)) {
            region_off(d, n);
        }
    }
    pt_bars_sync(d);
}

bool pt_bars_mapped(const struct pt_dev *d)
{
    unsigned n, on = 0;

    for (n = 0; n < PT_NUM_REGIONS; n++) {
        on += pieces_on(&d->bar[n]);
    }
    return on != 0;
}

void pt_bars_stop(struct pt_dev *d)
{
    unsigned n;

    for (n = 0; n < PT_NUM_REGIONS; n++) {
        region_off(d, n);
        if (pieces_on(&d->bar[n])) {
            region_off(d, n);
        }
    }
    rom_decode(d, false);
}

void pt_bars_forget(struct pt_dev *d)
{
    unsigned n;

    for (n = 0; n < PT_NUM_REGIONS; n++) {
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
    d->dirty |= PT_DIRTY_REGIONS;
}

/* ------------------------------------------------------------------ */
/* The host's addresses                                                */

uint32_t pt_bar_host(const struct pt_dev *d, unsigned n)
{
    const struct pt_region *r = &d->host->info.region[n];
    const struct pt_region *low = n > 0 ? r - 1 : NULL;

    if (low && low->size && (low->flags & PT_REGION_64)) {
        return (uint32_t)(low->addr >> 32);
    }
    /* The type bits are hardwired: what is written there does not matter. */
    return r->size ? (uint32_t)r->addr : 0;
}

/* Bits of BAR @n that are no address; a 64-bit one's upper half has none. */
static uint32_t type_bits(const struct pt_dev *d, unsigned n)
{
    const struct pt_region *r = &d->host->info.region[n];

    return r->size == 0 ? 0 :
        r->flags & PT_REGION_IO ? PT_IO_FLAGS : PT_MEM_FLAGS;
}

int pt_bars_lost(struct pt_dev *d, bool *lost)
{
    uint8_t bars[4 * PT_NUM_BARS];
    unsigned n;
    int rc = pt_host_read(d, PCI_BASE_ADDRESS_0, bars, sizeof(bars));

    *lost = false;
    for (n = 0; rc == 0 && n < PT_NUM_BARS; n++) {
        uint32_t want = pt_bar_host(d, n), has = pt_load(bars + 4 * n, 4);

        /* A half that is 0, or not placed by the host, tells nothing. */
        *lost |= want && ((has ^ want) & ~type_bits(d, n));
    }
    return rc;
}

/*
 * A reset by the toolstack can leave BARs or the ROM's at 0 while the
 * operating system still knows their addresses.
 */
int pt_bars_place(struct pt_dev *d)
{
    uint8_t bars[4 * PT_NUM_BARS];
    uint32_t rom = pt_load(d->snap + PCI_ROM_ADDRESS, 4);
    const struct pt_region *r = d->host->info.region;
    bool lost = false;
    unsigned n;
    int rc = 0;

    if (d->host->info.is_vf) {
        return 0;
    }
    for (n = 0; n < PT_NUM_BARS; n++) {
        uint32_t want = pt_bar_host(d, n);
        uint32_t has = pt_load(d->snap + PCI_BASE_ADDRESS_0 + 4 * n, 4);

        lost |= want && !(has & ~type_bits(d, n));
        pt_store(bars + 4 * n, want, 4);
    }
    if (lost) {
        rc = pt_host_put(d, PCI_BASE_ADDRESS_0, bars, sizeof(bars));
    }
    if (rc == 0 && r[PT_ROM].size && r[PT_ROM].addr &&
        rom != (uint32_t)r[PT_ROM].addr) {
        rc = pt_host_write_val(d, PCI_ROM_ADDRESS, (uint32_t)r[PT_ROM].addr,
                               4);
    }
    return rc;
}

/* ------------------------------------------------------------------ */
/* Set-up                                                              */

/* Why a region can't be given to the guest; NULL if it can. */
static const char *unfit(const struct pt_dev *d, unsigned n)
{
    const struct pt_region *r = &d->host->info.region[n];
    bool wide = r->flags & PT_REGION_64;

    if (r->addr == 0) {
        return "the host has given it no address";
    }
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
        .dev = d, .region = n, .io = pt_region_io(d, n),
        .part = trapped ? b->pieces : 0, .offset = offset, .size = size,
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

        b->wish = b->refused = b->shown = PT_UNMAPPED;
        if (why) {
            pt_log(d, PT_LOG_WARNING, "region %u is not given to the guest: "
                   "%s", n, why);
        } else if (r->size) {
            b->size = r->size;
            if (!pt_region_io(d, n) && b->size < PT_PAGE_SIZE) {
                b->size = PT_PAGE_SIZE;
            }
        }
    }
}

/* The traps first: they are to be there before anything is mapped. */
static void split(struct pt_dev *d, unsigned n)
{
    struct pt_window w[PT_REGION_TRAPS];
    unsigned i, num = pt_windows_pages(d, n, w);
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
