/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A device's life out of a string of bytes. See lib-fuzz.h. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pt-pci.h"
#include "pt-msi.h"

#include "lib-conf.h"
#include "lib-fuzz.h"
#include "lib-invariants.h"

/* So that a run takes a bounded time, whatever its string. */
#define MAX_OPS 400
#define LOG2_MAX_SIZE 40

struct life {
    const uint8_t *data;
    size_t left;
    struct world w;
    struct inv v;
    bool extended;
    bool flr;
    struct inv_mirror mirror;
    bool persistent;         /* a failure that stays: leaks are not ours */
    struct world_rng lies;
    bool trace;              /* FUZZ_TRACE in the environment */
};

static uint64_t take(struct life *l, unsigned len)
{
    uint64_t val = 0;
    unsigned i;

    for (i = 0; i < len && l->left; i++, l->left--) {
        val |= (uint64_t)*l->data++ << (8 * i);
    }
    return val;
}

static void __attribute__((format(printf, 2, 3)))
trace(const struct life *l, const char *fmt, ...)
{
    va_list ap;

    if (l->trace) {
        va_start(ap, fmt);
        vfprintf(stderr, fmt, ap);
        va_end(ap);
    }
}

/* ------------------------------------------------------------------ */
/* The device                                                          */

static void take_region(struct life *l, struct capture *c, unsigned n,
                        bool lost)
{
    unsigned shift = (unsigned)take(l, 1) % (LOG2_MAX_SIZE + 1);
    unsigned flags = (unsigned)take(l, 1) & (PT_REGION_IO | PT_REGION_64 |
        PT_REGION_PREFETCH | PT_REGION_SHARED);
    unsigned quirks = (unsigned)take(l, 1);
    uint64_t addr, size = UINT64_C(1) << shift;

    l->flr |= n == 0 && (quirks & FUZZ_R_FLR);
    /* SR-IOV 1.1, 3.4.1.11: a virtual function has no ports and no ROM. */
    if (pt_load(c->cfg, 4) == UINT32_MAX) {
        flags &= ~(unsigned)PT_REGION_IO;
        shift = n == PT_ROM ? 0 : shift;
    }
    /* The other half of a 64-bit one, or none. */
    if (shift < 4 || (n > 0 && n < PT_NUM_BARS && c->region[n - 1].size &&
                      (c->region[n - 1].flags & PT_REGION_64))) {
        return;
    }
    if (n >= PT_NUM_BARS - 1) {
        flags &= PT_REGION_IO | PT_REGION_PREFETCH;
    }
    if (n == PT_ROM) {
        flags = 0;
        size = size < 0x800 ? 0x800 : size;
    }
    if (flags & PT_REGION_IO) {
        flags = PT_REGION_IO;
        size = size > 0x1000 ? 0x1000 : size;
        addr = 0x1000 * (n + 1);
    } else if (flags & PT_REGION_64) {
        addr = (uint64_t)(n + 1) << (LOG2_MAX_SIZE + 1);
    } else {
        size = size > 0x8000000 ? 0x8000000 : size;
        addr = 0x80000000 + 0x8000000 * (uint64_t)n;
    }
    if (size >= PT_PAGE_SIZE || (flags & PT_REGION_IO)) {
        flags &= ~(unsigned)PT_REGION_SHARED;
    } else if ((quirks & FUZZ_R_INSIDE) && n != PT_ROM) {
        addr += size;
    }
    if (quirks & FUZZ_R_UNASSIGNED) {
        /* Not over others' addresses, as the simulators see it. */
        addr = 0;
        size = size > 0x800000 ? 0x800000 : size;
    }
    world_build_bar(c, n, addr, size, flags);
    if (quirks & FUZZ_R_ODD_SIZE) {
        c->region[n].size -= size / 4;
    }
    if (lost) {
        memset(c->cfg + (n == PT_ROM ? PCI_ROM_ADDRESS :
                         PCI_BASE_ADDRESS_0 + 4 * n), 0,
               flags & PT_REGION_64 ? 8 : 4);
    }
}

size_t fuzz_put_extended(const struct capture *c, uint8_t out[FUZZ_EXT])
{
    unsigned n = 0, off;

    for (off = PT_CFG_SIZE; off < SIM_CFG_SIZE && n < FUZZ_MAX_DWORDS;
         off += 4) {
        if (sim_get(c->cfg + off, 4) != 0) {
            sim_put(out + 1 + 6 * n, 2, (off - PT_CFG_SIZE) / 4);
            sim_put(out + 3 + 6 * n, 4, sim_get(c->cfg + off, 4));
            n++;
        }
    }
    out[0] = (uint8_t)n;
    return 1 + 6 * n;
}

static void take_extended(struct life *l, struct capture *c)
{
    unsigned n = (unsigned)take(l, 1) % (FUZZ_MAX_DWORDS + 1), at;

    c->len = SIM_CFG_SIZE;
    while (n--) {
        at = (unsigned)take(l, 2) % ((SIM_CFG_SIZE - PT_CFG_SIZE) / 4);
        sim_put(c->cfg + PT_CFG_SIZE + 4 * at, 4, take(l, 4));
    }
}

static void take_device(struct life *l, struct capture *c, bool lost)
{
    unsigned n;

    memset(c, 0, sizeof(*c));
    c->addr.bus = 1;
    c->len = 256;
    for (n = 0; n < PT_CFG_SIZE; n++) {
        c->cfg[n] = (uint8_t)take(l, 1);
    }
    memset(c->cfg + PCI_BASE_ADDRESS_0, 0, 4 * PT_NUM_BARS);
    memset(c->cfg + PCI_ROM_ADDRESS, 0, 4);
    for (n = 0; n < PT_NUM_REGIONS; n++) {
        take_region(l, c, n, lost);
    }
    if (l->extended) {
        take_extended(l, c);
    }
}

/*
 * A chip that has windows, whatever the rest of it is; its mirror is the way to
 * configuration space from then on.
 */
static void make_chip(struct life *l, struct capture *c)
{
    static const struct {
        uint16_t vendor, device, class;
        struct inv_mirror mirror;
    } chips[] = {
        { 0x10de, 0x1380, 0x0300, { 0, 0x88000, 0x1000, 0 } },
        { 0x10de, 0x0040, 0x0300, { 0, 0x1800, 0x100, 0 } },
        { 0x1002, 0x68f9, 0x0300, { 2, 0x4000, 0x100, 0x40000 } },
        { 0x17cb, 0x1103, 0x0280, { 0, 0, 0, 0 } },
        { 0x17cb, 0x1109, 0x0280, { 0, 0, 0, 0 } },
        { 0x10ec, 0x8168, 0x0200, { 0, 0, 0, 0 } },
    };
    unsigned n = c->cfg[PCI_DEVICE_ID] % (sizeof(chips) / sizeof(chips[0]));

    /* A virtual function's IDs are not its own. */
    if (pt_load(c->cfg, 4) != UINT32_MAX) {
        pt_store(c->cfg + PCI_VENDOR_ID, chips[n].vendor, 2);
        pt_store(c->cfg + PCI_DEVICE_ID, chips[n].device, 2);
        pt_store(c->cfg + PCI_CLASS_DEVICE, chips[n].class, 2);
        l->mirror = chips[n].mirror;
    }
}

static bool is_at(const struct pt_dev *d, uint8_t id, unsigned pos,
                  unsigned size)
{
    unsigned i;

    for (i = 0; i < d->num_caps; i++) {
        if (d->cap[i].id == id && d->cap[i].pos == pos &&
            d->cap[i].size >= size && d->cap[i].fate == PT_EXPOSED) {
            return true;
        }
    }
    return false;
}

/*
 * What no device has: a message's address that is not a dword's; a reset
 * that reads as begun.
 */
static void correct(struct sim_dev *s)
{
    unsigned low = s->msi.pos + (unsigned)PCI_MSI_ADDRESS_LO;
    unsigned flr = s->exp + (unsigned)PCI_EXP_DEVCTL + 1;

    if (s->exp) {
        s->cfg[flr] &= 0x7f;
        s->reset[flr] &= 0x7f;
    }
    if (s->msi.pos) {
        s->cfg[low] &= 0xfc;
        s->reset[low] &= 0xfc;
    }
    if (s->msi.pending) {
        memset(s->cfg + s->msi.pending, 0, 4);
    }
}

/* The structures that the simulated device has and the engine does not. */
static uint64_t misunderstood(const struct life *l, const struct pt_dev *d)
{
    const struct sim_dev *s = &l->w.sim.dev;
    const struct { unsigned pos, size; uint8_t id; } has[] = {
        { s->pm, PCI_PM_SIZEOF, PCI_CAP_ID_PM },
        { s->msi.pos, 1, PCI_CAP_ID_MSI },
        { s->msix.pos, 12, PCI_CAP_ID_MSIX },
        { s->vpd.pos, 8, PCI_CAP_ID_VPD },
        { s->exp, 12, PCI_CAP_ID_EXP },
    };
    uint64_t where = 0;
    unsigned i;

    for (i = 0; i < sizeof(has) / sizeof(has[0]); i++) {
        if (has[i].pos && !is_at(d, has[i].id, has[i].pos, has[i].size)) {
            where |= UINT64_C(1) << (has[i].pos / 4);
        }
    }
    if (s->pm && d->pm.pos != s->pm) {
        where |= UINT64_C(1) << (s->pm / 4);
    }
    if (s->af && (l->w.args.policy.flr ? sim_dev_can_flr(s) &&
                  !is_at(d, PCI_CAP_ID_AF, s->af, 6) :
                  l->w.args.policy.permissive)) {
        where |= UINT64_C(1) << (s->af / 4);
    }
    return where;
}

/*
 * Structures that lie across each other mean nothing: what the simulated
 * device takes for one of its own, and the engine hides, becomes plain
 * registers. So do those that permissive opens: theirs is no safety.
 */
static void make_plain(struct life *l)
{
    struct sim_dev *s = &l->w.sim.dev;
    struct pt_error err;
    struct pt_dev *d = pt_view(&l->w.args, &err);
    uint64_t where;

    if (!d) {
        return;
    }
    /* The next one of its kind is taken in the place of one that went. */
    while ((where = misunderstood(l, d)) != 0) {
        if (sim_dev_make_plain(s, where) != 0) {
            abort();
        }
    }
    correct(s);
    s->pt.info.can_flr = sim_dev_can_flr(s);
    pt_detach(d);
    sim_forget(&l->w.sim);
}

/* ------------------------------------------------------------------ */
/* Operations                                                          */

static void fail_next(struct life *l, struct sim_fault *f)
{
    sim_fault_at(f, 1 + take(l, 1), EIO);
    l->v.failures = true;
}

static void fail_all(struct life *l)
{
    struct sim_fault *const f[] = {
        &l->w.sim.dev.config_fault, &l->w.sim.dev.mmio_fault,
        &l->w.sim.xen.fault, &l->w.sim.bus.trap_fault,
    };

    sim_fault_always(f[take(l, 1) % 4], ENOSPC);
    l->v.failures = l->persistent = true;
}

static void lie(struct sim_dev *s, uint16_t pos, uint8_t *buf, unsigned len)
{
    struct life *l = s->user;
    unsigned i;

    (void)pos;
    for (i = 0; l->lies.state && i < len; i++) {
        buf[i] = (uint8_t)world_random(&l->lies);
    }
}

/* Some of what a guest writes is a copy of one of its messages. */
static uint64_t copied(const struct life *l, uint64_t val)
{
    const struct pt_irq *q = l->w.d->irq;
    const struct pt_want *m;

    if ((val & 0xff) != 0xee || q->entries == 0) {
        return val;
    }
    m = &q->entry[(val >> 8 & 0xff) % q->entries].want;
    return val & 0x10000 ? m->data : m->addr_lo;
}

/* In a window, and some bytes before and after it. */
static void mmio(struct life *l, bool write)
{
    struct sim_bus *b = &l->w.sim.bus;
    unsigned n = (unsigned)take(l, 1), off = (unsigned)take(l, 2);
    unsigned width = 1u << take(l, 1) % 4;
    uint64_t gpa, val = write ? take(l, 8) : 0;

    if (b->num_traps == 0) {
        return;
    }
    gpa = b->trap[n % b->num_traps]->gpa - 8 +
        off % (b->trap[n % b->num_traps]->size + 16);
    if (write) {
        sim_guest_mmio_write(b, gpa, width, copied(l, val));
    } else {
        sim_guest_mmio_read(b, gpa, width);
    }
}

static void entry(struct life *l)
{
    struct sim_bus *b = &l->w.sim.bus;
    const struct pt_irq *q = l->w.d->irq;
    unsigned n = (unsigned)take(l, 1), vector = (unsigned)take(l, 1);
    uint32_t ctrl = (uint32_t)take(l, 1);
    uint64_t gpa;

    if (!q->msix_pos || !l->w.sim.dev.msix.entries) {
        return;
    }
    gpa = world_bar_addr(&l->w, q->table_bar) + q->table_off +
        n % l->w.sim.dev.msix.entries * 16ull;
    sim_guest_mmio_write(b, gpa, 8, 0xfee00000u | (ctrl & 0xfc) << 4);
    sim_guest_mmio_write(b, gpa + 8, 4, vector);
    sim_guest_mmio_write(b, gpa + 12, 4, ctrl & 1);
}

static bool attach(struct life *l)
{
    bool failures = l->v.failures;

    /* The toolstack resets it first. */
    sim_dev_reset_wait(&l->w.sim.dev);
    inv_start(&l->v, &l->w);
    l->v.mirror = l->mirror;
    l->v.failures = failures;
    l->v.lies = l->lies.state != 0;
    return world_attach(&l->w) && inv_attached(&l->v);
}

static bool reattach(struct life *l)
{
    if (!inv_end(&l->v)) {
        return false;
    }
    l->lies.state = 0;  /* what it says at attach holds */
    attach(l);
    return l->v.wrong[0] == '\0';
}

#define MAX_FILE_MASKS 4

static void take_mask(struct life *l, struct pt_mask *m)
{
    uint32_t *const part[] = {
        &m->fwd, &m->rw1c, &m->emu, &m->ro, &m->fixed, &m->zero, &m->one,
    };
    unsigned words;

    m->off = (uint16_t)(take(l, 2) % SIM_CFG_SIZE);
    m->size = (uint8_t)(1u << take(l, 1) % 3);
    words = (unsigned)take(l, 1);
    *part[words % 8 % 7] |= (uint32_t)take(l, 4);
    *part[words / 8 % 7] |= (uint32_t)take(l, 4);
}

/*
 * As a file, read again; what the file's reader refuses changes nothing. That
 * can be a register or a capability, but not what this life began with.
 */
static bool take_file(struct life *l, struct pt_policy *p)
{
    struct pt_policy drawn = *p;
    struct pt_added *a = &drawn.added[0];
    struct pt_error err = { "" };
    char text[CONF_TEXT];

    memset(drawn.mask, 0, sizeof(drawn.mask));
    drawn.num_masks = (uint8_t)(take(l, 1) % (MAX_FILE_MASKS + 1));
    for (unsigned i = 0; i < drawn.num_masks; i++) {
        take_mask(l, &drawn.mask[i]);
    }
    memset(a, 0, sizeof(*a));
    a->pos = (uint8_t)take(l, 1);
    a->size = (uint8_t)(take(l, 1) % (PT_ADDED_SIZE + 1));
    drawn.num_added = a->size > 2;
    a->data[0] = PCI_CAP_ID_VNDR;
    a->data[2] = a->size;
    a->data[3] = (uint8_t)(a->size > 3 ? take(l, 1) : 0);
    conf_write(&drawn, text);
    trace(l, "%s", text);
    if (conf_read(text, p, &err) != 0) {
        trace(l, "%s\n", err.text);
        if (!drawn.num_masks && !drawn.num_added) {
            snprintf(l->v.wrong, sizeof(l->v.wrong), "a policy is refused as "
                     "a file: %.200s", err.text);
        }
        return false;
    }
    if (!conf_same(&drawn, p)) {
        snprintf(l->v.wrong, sizeof(l->v.wrong), "a policy file is read as "
                 "something else");
    }
    return true;
}

static bool reattach_with_file(struct life *l)
{
    struct pt_policy p = l->w.args.policy;

    if (!take_file(l, &p)) {
        return l->v.wrong[0] == '\0';
    }
    if (!inv_end(&l->v)) {
        return false;
    }
    l->lies.state = 0;
    do {
        l->w.args.policy = p;
        attach(l);
        trace(l, "%s\n", l->w.d ? "attached" : l->w.err.text);
    } while (!l->w.d && conf_drop(&p, &l->w.err));
    return l->v.wrong[0] == '\0';
}

static void other_device(struct life *l)
{
    uint64_t addr = take(l, 2) << 20, pages = 1 + take(l, 1);

    /* It was there first, or finds another place. */
    if (!(pt_copy(l->w.d, PCI_COMMAND, 2) &
          (PCI_COMMAND_IO | PCI_COMMAND_MEMORY))) {
        pt_yield(l->w.d, false, addr, pages << PT_PAGE_SHIFT);
        sim_bus_take(&l->w.sim.bus, false, addr, pages << PT_PAGE_SHIFT);
    }
}

static bool write_at(struct life *l, uint32_t off, uint32_t val,
                     unsigned len);

static bool ask(struct life *l)
{
    const struct inv_rules *r = &l->v.rules;
    unsigned i = r->flr_bit[0] ? 0 : 1;

    return !r->flr_bit[i] || write_at(l, r->flr[i], r->flr_bit[i], 1);
}

static void os_does(struct life *l)
{
    struct sim_dev *s = &l->w.sim.dev;
    unsigned how = (unsigned)take(l, 1);

    s->os.takes_us = 10000 * take(l, 1);
    s->os.restores = how & FUZZ_OS_RESTORES;
    s->os.errnum = how & FUZZ_OS_FAILS ? ENOTTY : 0;
    s->os.hangs = how & FUZZ_OS_HANGS;
    if (how & FUZZ_OS_REFUSES) {
        sim_fault_at(&s->reset_fault, 1, EAGAIN);
    }
    l->v.failures |= (how & ~(unsigned)FUZZ_OS_RESTORES) != 0;
}

static unsigned num_ops(const struct life *l)
{
    unsigned n = l->extended ? FUZZ_NUM_OPS : FUZZ_EXT_WRITE;

    return l->w.args.policy.flr ? n + FUZZ_NUM_ALL_OPS - FUZZ_NUM_OPS : n;
}

/* Those of resets come last, whether or not there are those before. */
static enum fuzz_op take_op(struct life *l)
{
    unsigned op = (unsigned)take(l, 1) % num_ops(l);
    bool skip = !l->extended && op >= FUZZ_EXT_WRITE;

    return (enum fuzz_op)(skip ? op + FUZZ_NUM_OPS - FUZZ_EXT_WRITE : op);
}

static bool write_at(struct life *l, uint32_t off, uint32_t val, unsigned len)
{
    trace(l, "write of %u at %#x: %#x\n", len, off, val);
    return inv_write(&l->v, off, val, len);
}

static bool read_at(struct life *l, uint32_t off, unsigned len)
{
    trace(l, "read of %u at %#x\n", len, off);
    return inv_read(&l->v, off, len);
}

/* Returns whether all held. */
static bool operate(struct life *l)
{
    static const char *const names[FUZZ_NUM_ALL_OPS] = {
        [FUZZ_MMIO_WRITE] = "MMIO write", [FUZZ_MMIO_READ] = "MMIO read",
        [FUZZ_ENTRY] = "table entry", [FUZZ_PLACE] = "place",
        [FUZZ_DECODE] = "decode", [FUZZ_RAISE] = "errors",
        [FUZZ_INTERRUPT] = "interrupt", [FUZZ_POWER] = "power",
        [FUZZ_TIME] = "time", [FUZZ_TAKE] = "another device",
        [FUZZ_FAIL_CONFIG] = "config fails",
        [FUZZ_FAIL_MMIO] = "MMIO fails", [FUZZ_FAIL_XEN] = "Xen fails",
        [FUZZ_FAIL_TRAP] = "trap fails", [FUZZ_FAIL_ALL] = "all fail",
        [FUZZ_VANISH] = "vanishes", [FUZZ_LIE] = "lies",
        [FUZZ_RESET] = "reset", [FUZZ_REATTACH] = "attach again",
        [FUZZ_MULTI] = "multifunction", [FUZZ_SYNC] = "sync",
        [FUZZ_FILE] = "policy file",
        [FUZZ_ASK] = "reset, asked for", [FUZZ_OS] = "the operating system",
        [FUZZ_PASS] = "time, with timers",
    };
    struct inv *v = &l->v;
    struct world *w = &l->w;
    enum fuzz_op op;
    uint32_t off;
    unsigned len;

    op = take_op(l);
    if (names[op]) {
        trace(l, "%s\n", names[op]);
    }
    switch (op) {
    case FUZZ_WRITE1:
        off = (uint32_t)take(l, 1);
        return write_at(l, off, (uint32_t)take(l, 1), 1);
    case FUZZ_WRITE2:
        off = (uint32_t)take(l, 1);
        return write_at(l, off, (uint32_t)take(l, 2), 2);
    case FUZZ_WRITE4:
        off = (uint32_t)take(l, 1);
        return write_at(l, off, (uint32_t)take(l, 4), 4);
    case FUZZ_READ:
        off = (uint32_t)take(l, 1);
        return read_at(l, off, 1u << take(l, 1) % 4);
    case FUZZ_WRITE_ODD:
        off = (uint32_t)take(l, 4);
        len = (unsigned)take(l, 1);
        return write_at(l, off, (uint32_t)take(l, 4), len);
    case FUZZ_READ_ODD:
        off = (uint32_t)take(l, 4);
        return read_at(l, off, (unsigned)take(l, 1));
    case FUZZ_MMIO_WRITE:
        mmio(l, true);
        break;
    case FUZZ_MMIO_READ:
        mmio(l, false);
        break;
    case FUZZ_ENTRY:
        entry(l);
        break;
    case FUZZ_PLACE:
        world_place_all(w);
        break;
    case FUZZ_DECODE:
        world_decode(w, take(l, 1) & 1);
        break;
    case FUZZ_RAISE:
        inv_raise(v);
        break;
    case FUZZ_INTERRUPT:
        sim_dev_interrupt(&w->sim.dev, (unsigned)take(l, 1));
        break;
    case FUZZ_POWER:
        world_power(w, (unsigned)take(l, 1) & 3);
        break;
    case FUZZ_TIME:
        w->sim.bus.clock.now_us += 100 * take(l, 1);
        break;
    case FUZZ_TAKE:
        other_device(l);
        break;
    case FUZZ_FAIL_CONFIG:
        fail_next(l, &w->sim.dev.config_fault);
        break;
    case FUZZ_FAIL_MMIO:
        fail_next(l, &w->sim.dev.mmio_fault);
        break;
    case FUZZ_FAIL_XEN:
        fail_next(l, &w->sim.xen.fault);
        break;
    case FUZZ_FAIL_TRAP:
        fail_next(l, &w->sim.bus.trap_fault);
        break;
    case FUZZ_FAIL_ALL:
        fail_all(l);
        break;
    case FUZZ_VANISH:
        w->sim.dev.vanished = v->failures = true;
        break;
    case FUZZ_LIE:
        l->lies.state = take(l, 4);
        v->failures = true;
        v->lies |= l->lies.state != 0;
        break;
    case FUZZ_RESET:
        pt_reset(w->d);
        break;
    case FUZZ_REATTACH:
        return reattach(l);
    case FUZZ_MULTI:
        pt_set_multifunction(w->d, take(l, 1) & 1);
        break;
    case FUZZ_SYNC:
        pt_bars_sync(w->d);
        break;
    case FUZZ_EXT_WRITE:
        off = PT_CFG_SIZE + (uint32_t)take(l, 2) % (SIM_CFG_SIZE - PT_CFG_SIZE);
        len = 1u << take(l, 1) % 3;
        return write_at(l, off, (uint32_t)take(l, 4), len);
    case FUZZ_EXT_READ:
        off = PT_CFG_SIZE + (uint32_t)take(l, 2) % (SIM_CFG_SIZE - PT_CFG_SIZE);
        return read_at(l, off, 1u << take(l, 1) % 3);
    case FUZZ_FILE:
        return reattach_with_file(l);
    case FUZZ_ASK:
        return ask(l);
    case FUZZ_OS:
        os_does(l);
        break;
    case FUZZ_PASS:
        sim_bus_pass(&w->sim.bus, w->d, 10000 * take(l, 1));
        break;
    case FUZZ_NUM_ALL_OPS:
        break;
    }
    return v->wrong[0] == '\0';
}

static void live(struct life *l)
{
    unsigned i;

    for (i = 0; i < MAX_OPS && l->left && l->w.d; i++) {
        if (!operate(l)) {
            return;
        }
        if (l->w.d && !(l->w.d->deaf & PT_DEAF_ALL) && !inv_state(&l->v)) {
            return;
        }
    }
    if (l->w.d && inv_settle(&l->v) && inv_state(&l->v)) {
        inv_chain(&l->v);
    }
}

static void hide(struct pt_policy *p, unsigned opts)
{
    if (opts & FUZZ_HIDE) {
        pt_hide(p, PCI_CAP_ID_MSIX);
        pt_hide(p, PCI_CAP_ID_VPD);
        pt_hide(p, PT_EXT_CAP(PCI_EXT_CAP_ID_AER));
    }
    if (opts & FUZZ_HIDE_MORE) {
        pt_hide(p, PCI_CAP_ID_MSI);
        pt_hide(p, PCI_CAP_ID_PM);
        pt_hide(p, PCI_CAP_ID_EXP);
    }
}

const char *fuzz_one(const uint8_t *data, size_t size)
{
    static struct life l;
    static char wrong[sizeof(l.v.wrong)];
    struct capture c;
    struct sim_opts o = { .dev = { 0 } };
    struct pt_policy policy = { false };
    unsigned flags, opts, i;

    l.data = data;
    l.left = size;
    l.persistent = l.flr = false;
    l.lies.state = 0;
    memset(&l.v, 0, sizeof(l.v));
    flags = (unsigned)take(&l, 1);
    opts = (unsigned)take(&l, 1);
    policy.strict = flags & FUZZ_STRICT;
    policy.permissive = (flags & FUZZ_PERMISSIVE) && !policy.strict;
    policy.power_mgmt = flags & FUZZ_POWER_MGMT;
    policy.msitranslate = flags & FUZZ_TRANSLATE;
    policy.no_rom = flags & FUZZ_NO_ROM;
    policy.extended = l.extended = flags & FUZZ_EXTENDED;
    policy.windows = flags & FUZZ_WINDOWS ? conf_windows() : 0;
    memset(&l.mirror, 0, sizeof(l.mirror));
    hide(&policy, opts);
    o.xen.max_pirqs = opts & FUZZ_FEW_PIRQS ? 4 : 0;
    o.xen.no_multi_msi = opts & FUZZ_NO_MULTI_MSI;
    o.xen.all_writes = opts & FUZZ_ALL_WRITES;
    o.xen.intx_8bit = opts & FUZZ_INTX_8BIT;
    o.dev.lose_sticky = opts & FUZZ_LOSE_STICKY;

    take_device(&l, &c, opts & FUZZ_BARS_LOST);
    policy.flr = l.flr;
    if (flags & FUZZ_WINDOWS) {
        make_chip(&l, &c);
    }
    world_init(&l.w, &c, &policy, &o);
    l.w.args.multifunction = flags & FUZZ_MULTIFUNCTION;
    l.w.sim.dev.user = &l;
    l.w.sim.dev.hooks.on_read = lie;
    make_plain(&l);

    l.trace = getenv("FUZZ_TRACE") != NULL;
    trace(&l, "policy %#x, options %#x\n", flags, opts);
    if (attach(&l)) {
        live(&l);
    }
    if (!l.v.wrong[0]) {
        inv_end(&l.v);
    }
    world_detach(&l.w);
    if (!l.v.wrong[0] && !l.persistent &&
        (sim_xen_leaks(&l.w.sim.xen, NULL, 0) || l.w.sim.bus.num_traps)) {
        snprintf(l.v.wrong, sizeof(l.v.wrong), "something is left in Xen");
    }
    for (i = 0; i < l.w.sim.bus.num_lines && i < SIM_LOG_KEPT; i++) {
        trace(&l, "log: %s\n", l.w.sim.bus.log[i]);
    }
    snprintf(wrong, sizeof(wrong), "%s", l.v.wrong);
    world_fini(&l.w);
    return wrong[0] ? wrong : NULL;
}
