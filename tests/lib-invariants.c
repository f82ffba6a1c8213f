/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What holds of every guest access. See lib-invariants.h. */
#include "lib-invariants-int.h"
#include "spec.h"

/* ------------------------------------------------------------------ */
/* Begin and end                                                       */

void inv_start(struct inv *v, struct world *w)
{
    memset(v, 0, sizeof(*v));
    v->w = w;
    w->sim.dev.count.bad_states = 0;
    memcpy(v->found, w->sim.dev.cfg, SIM_CFG_SIZE);
}

/* What the operating system says that BAR @n has. */
static bool has_host_bar(const struct inv *v, unsigned n)
{
    const struct pt_region *r = &v->w->sim.dev.pt.info.region[n];
    unsigned off = n == PT_ROM ? PCI_ROM_ADDRESS : PCI_BASE_ADDRESS_0 + 4 * n;
    uint32_t mask = n == PT_ROM ? ~UINT32_C(0x7ff) :
        r->flags & PT_REGION_IO ? ~UINT32_C(3) : ~UINT32_C(0xf);

    return !r->size || !r->addr || v->w->sim.dev.pt.info.is_vf ||
        (device(v, off, 4) & mask) == ((uint32_t)r->addr & mask);
}

static bool check_bars(struct inv *v)
{
    unsigned n;

    for (n = 0; n < PT_NUM_REGIONS; n++) {
        if (!has_host_bar(v, n)) {
            return bad(v, "region %u of the device has no longer its address",
                       n);
        }
    }
    return true;
}

bool inv_attached(struct inv *v)
{
    inv_make_rules(v);
    v->attached = true;
    if (v->wrong[0]) {
        return false;
    }
    if (!v->w->d->irq->msix_pos) {
        /* Hidden, and never enabled: its table is memory as any other. */
        v->w->sim.dev.msix.pos = 0;
    }
    v->lines = v->w->sim.bus.num_lines;
    memcpy(v->fresh, v->w->d->copy, SIM_CFG_SIZE);
    v->decode = (uint16_t)(device(v, PCI_COMMAND, 2) &
                           (PCI_COMMAND_IO | PCI_COMMAND_MEMORY));
    if (v->failures) {
        return true;
    }
    if (device(v, PCI_COMMAND, 2) & PCI_COMMAND_MASTER) {
        return bad(v, "attached with bus mastering on");
    }
    if (sim_dev_power(&v->w->sim.dev) != 0) {
        return bad(v, "attached, and not in D0");
    }
    if ((v->w->d->command & ~v->decode) &&
        !v->w->sim.dev.pt.info.is_vf) {
        return bad(v, "attached without its decoders");
    }
    return inv_chain(v) && inv_state(v);
}

/* The next owner finds what the last one left, but for what is silenced. */
static bool check_handed_back(struct inv *v)
{
    unsigned i, pcie = v->w->sim.dev.exp;
    static const uint8_t regs[] = {
        PCI_EXP_DEVCTL, PCI_EXP_LNKCTL, PCI_EXP_DEVCTL2, PCI_EXP_LNKCTL2,
    };
    uint32_t command = device(v, PCI_COMMAND, 2) ^
        (get(v->found + PCI_COMMAND, 2) & ~(uint32_t)PCI_COMMAND_MASTER);

    if (command & v->w->sim.dev.rw[PCI_COMMAND]) {
        return bad(v, "Command is handed back as %04x, found as %04x",
                   device(v, PCI_COMMAND, 2), get(v->found + PCI_COMMAND, 2));
    }
    if ((device(v, PCI_ROM_ADDRESS, 4) & PCI_ROM_ADDRESS_ENABLE) &&
        v->w->sim.dev.pt.info.region[PT_ROM].size &&
        !v->w->args.policy.no_rom) {
        return bad(v, "the ROM is left enabled");
    }
    /* Hardwired in a virtual function. */
    if (!v->w->sim.dev.pt.info.is_vf &&
        (device(v, PCI_CACHE_LINE_SIZE, 2) !=
         get(v->found + PCI_CACHE_LINE_SIZE, 2) ||
         device(v, PCI_INTERRUPT_LINE, 1) != v->found[PCI_INTERRUPT_LINE])) {
        return bad(v, "cache line, latency or interrupt line changed");
    }
    for (i = 0; pcie && i < sizeof(regs); i++) {
        unsigned off = pcie + regs[i];

        if (regs[i] + 2u > spec_exp_size(get(v->found + pcie +
                                             PCI_EXP_FLAGS, 2))) {
            break;
        }
        /* What permissive opens of a hidden one is lost. */
        if (off + 2 <= PT_CFG_SIZE &&
            (v->rules.may[off] & v->rules.may[off + 1]) != 0xff &&
            device(v, off, 2) != get(v->found + off, 2)) {
            return bad(v, "PCI Express register +%#x changed", regs[i]);
        }
    }
    /* PCIe 3.0, 7.10: masks, severities, what is checked. */
    for (i = 0; v->rules.aer && i < 4; i++) {
        static const uint8_t aer[] = { 0x08, 0x0c, 0x14, 0x18 };
        unsigned off = v->rules.aer + aer[i];

        if (device(v, off, 4) != get(v->found + off, 4)) {
            return bad(v, "AER's register +%#x changed", aer[i]);
        }
    }
    return check_bars(v);
}

bool inv_end(struct inv *v)
{
    bool was = v->attached;

    v->attached = false;
    world_detach(v->w);
    if (!v->failures && !world_quiet(v->w)) {
        return bad(v, "not quiet after detach: %.200s", v->w->text);
    }
    /* It is the operating system's, which gives back what it saved. */
    if (was && !v->failures && !v->w->sim.dev.os.running &&
        !check_handed_back(v)) {
        return false;
    }
    return v->wrong[0] == '\0';
}

void inv_raise(struct inv *v)
{
    struct sim_dev *s = &v->w->sim.dev;
    unsigned i;

    for (i = 0; i < s->size; i++) {
        s->cfg[i] |= s->rw1c[i];
    }
}

/* ------------------------------------------------------------------ */
/* Resets                                                              */

/* @cost must be nothing at all. */
static bool is_free(const struct world_cost *c)
{
    return !c->reads && !c->writes && !c->mmio && !c->hypercalls && !c->traps;
}

static bool in_reset(const struct inv *v)
{
    return v->w->d->deaf & PT_DEAF_RESET;
}

/* The device is nobody's: 6.6.2 has the guest wait, and it does not wait. */
static bool check_in_reset(struct inv *v)
{
    struct world *w = v->w;
    struct world_cost then = world_cost(w), c;
    uint8_t copy[SIM_CFG_SIZE];
    unsigned off;

    memcpy(copy, w->d->copy, sizeof(copy));
    for (off = 0; off < pt_config_size(w->d) && in_reset(v); off += 61) {
        if (rd8(w, off) != 0xff && in_reset(v)) {
            return bad(v, "byte %#x reads %02x in a reset", off, rd8(w, off));
        }
        if (in_reset(v)) {
            wr8(w, off, 0x5a);
        }
    }
    if (!in_reset(v)) {
        return true;  /* it has ended meanwhile */
    }
    c = world_cost_since(w, &then);
    if (!is_free(&c) || memcmp(copy, w->d->copy, sizeof(copy)) != 0) {
        return bad(v, "an access in a reset was done");
    }
    if (!v->failures &&
        (w->sim.xen.num_mem || w->sim.xen.num_ports || w->sim.bus.num_traps ||
         (device(v, PCI_COMMAND, 2) & PCI_COMMAND_MASTER) ||
         (sim_dev_power(&w->sim.dev) == 0 &&
          (sim_dev_msi_enabled(&w->sim.dev) ||
           sim_dev_msix_enabled(&w->sim.dev))))) {
        return bad(v, "something of the device goes on in its reset");
    }
    return true;
}

/* What the guest has is as it was at first, but for what a reset leaves. */
static bool check_was_reset(struct inv *v)
{
    unsigned i;

    for (i = 0; i < pt_config_size(v->w->d); i++) {
        uint8_t stays = v->rules.stays[i];
        uint8_t want = (uint8_t)((v->fresh[i] & ~stays) | (v->left[i] & stays));

        if (i != PCI_HEADER_TYPE && v->w->d->copy[i] != want) {
            return bad(v, "after a reset the guest's byte %#x is %02x, should "
                       "be %02x", i, v->w->d->copy[i], want);
        }
    }
    if (v->failures || v->w->sim.dev.vanished) {
        return true;
    }
    if (sim_dev_power(&v->w->sim.dev) != 0 ||
        (device(v, PCI_COMMAND, 2) & (PCI_COMMAND_MASTER | v->decode)) !=
        v->decode) {
        return bad(v, "after a reset Command is %04x, in D%u",
                   device(v, PCI_COMMAND, 2), sim_dev_power(&v->w->sim.dev));
    }
    return check_bars(v);
}

#define LOOK_US 50000
/* For its turn, and what a function has at least, 6.6.2. */
#define TURN_US 1000000

/* One that fails, or never ends, is over when the guest is reset. */
static bool settle_reset(struct inv *v)
{
    struct world *w = v->w;
    uint64_t lasts = w->sim.dev.os.takes_us + TURN_US, us;

    /* One that has begun lasts as long as it was to last then. */
    if (w->sim.dev.os.ready_us > w->sim.bus.clock.now_us) {
        lasts += w->sim.dev.os.ready_us - w->sim.bus.clock.now_us;
    }
    for (us = 0; us < lasts && in_reset(v) && !w->d->flr.failed;
         us += LOOK_US) {
        if (!check_in_reset(v)) {
            return false;
        }
        sim_bus_pass(&w->sim.bus, w->d, LOOK_US);
    }
    if (!in_reset(v)) {
        return check_was_reset(v);
    }
    if (!v->failures || !check_in_reset(v)) {
        return bad(v, "a reset does not end");
    }
    w->sim.dev.os.hangs = false;
    pt_reset(w->d);
    return !(w->d->deaf & PT_DEAF_ALL) ||
        bad(v, "a failed reset outlives the guest's");
}

/* ------------------------------------------------------------------ */
/* D-states                                                            */

bool inv_settle(struct inv *v)
{
    struct world_cost then = world_cost(v->w), c;

    if (!(v->w->d->deaf & PT_DEAF_ALL)) {
        return true;
    }
    if (in_reset(v)) {
        return settle_reset(v);
    }
    pt_config_read(v->w->d, PCI_VENDOR_ID, 4);
    c = world_cost_since(v->w, &then);
    if (v->w->d->deaf & PT_DEAF_ALL) {
        return bad(v, "a D-state transition does not end");
    }
    /*
     * Header, four PCI Express registers, ROM, Command, messages; in extended
     * space AER's four, three pairs (LTR, L1 substates), ACS, PTM, six BARs.
     */
    if (c.reads > 8 || c.writes > 15 + 4 + 4 + 2 + 6) {
        return bad(v, "a D-state transition costs %llu reads, %llu writes",
                   (ull)c.reads, (ull)c.writes);
    }
    if (!v->failures && !v->w->sim.dev.vanished &&
        ((device(v, PCI_COMMAND, 2) & v->decode) != v->decode ||
         !check_bars(v))) {
        return bad(v, "decoders or BARs lost by a D-state transition");
    }
    return true;
}

/* ------------------------------------------------------------------ */
/* The guest's way to it                                               */

/* Where is it in the mirror, if all of it is? 0: nowhere. */
static uint64_t in_mirror(const struct inv *v, uint32_t off, unsigned len)
{
    const struct sim_bus *b = &v->w->sim.bus;
    const struct inv_mirror *m = &v->mirror;
    const struct pt_region *r = &v->w->sim.dev.pt.info.region[m->bar];
    bool there = !(r->flags & PT_REGION_IO) && r->size >= m->off + m->size &&
        (!m->max || r->size <= m->max);
    uint64_t at = b->moved[m->bar] + m->off + off;

    return there && off < m->size && len <= m->size - off &&
        (len == 1 || len == 2 || len == 4) &&
        b->moved[m->bar] != PT_UNMAPPED && sim_bus_trap(b, at) ? at : 0;
}

static uint32_t guest_read(struct inv *v, uint32_t off, unsigned len)
{
    uint64_t at = in_mirror(v, off, len);

    return at ? (uint32_t)sim_guest_mmio_read(&v->w->sim.bus, at, len) :
        pt_config_read(v->w->d, off, len);
}

/*
 * Where a write means the device, and not a register: MSI's ID and next
 * pointer, and 0x704. See sim_nvidia().
 */
static bool acknowledges(const struct inv *v, uint32_t off, unsigned len)
{
    unsigned id = v->w->sim.dev.msi.pos;

    return (id && off < id + 2 && id < off + len) ||
        (off < 0x708 && 0x704 < off + len);
}

static void guest_write(struct inv *v, uint32_t off, uint32_t val,
                        unsigned len)
{
    uint64_t at = in_mirror(v, off, len);

    if (at && !acknowledges(v, off, len)) {
        sim_guest_mmio_write(&v->w->sim.bus, at, len, val);
    } else {
        pt_config_write(v->w->d, off, val, len);
    }
}

/* ------------------------------------------------------------------ */
/* Reads                                                               */

static bool legal(const struct inv *v, uint32_t off, unsigned len)
{
    return (len == 1 || len == 2 || len == 4) && off < v->rules.size &&
        off + len <= v->rules.size;
}

static bool is_cheap(const struct inv *v, uint32_t off, unsigned len,
                     bool emulated, const struct world_cost *c);

bool inv_read(struct inv *v, uint32_t off, unsigned len)
{
    struct world *w = v->w;
    struct world_cost then, c;
    uint32_t val;
    bool emulated = true;
    unsigned i;

    if (!inv_settle(v)) {
        return false;
    }
    then = world_cost(w);
    val = guest_read(v, off, len);
    c = world_cost_since(w, &then);
    if (!legal(v, off, len)) {
        return (val == 0 && is_free(&c)) ||
            bad(v, "illegal read of %u at %#x gave %#x", len, off, val);
    }
    for (i = 0; i < len; i++) {
        uint8_t copy = (uint8_t)pt_copy(w->d, (uint16_t)(off + i), 1);
        uint8_t host = w->sim.dev.vanished ? 0xff :
            (uint8_t)device(v, off + i, 1);
        uint8_t got = (uint8_t)(val >> (8 * i)), want;
        struct pt_byte b;

        pt_look(w->d, (uint16_t)(off + i), &b);
        want = (uint8_t)((copy & b.emu) | (host & ~b.emu));
        emulated &= b.emu == 0xff;
        if (v->failures && c.reads) {
            /* It failed, or lied: emulated bits are the guest's still. */
            got &= b.emu;
            want &= b.emu;
        }
        if (got != want) {
            return bad(v, "read of %u at %#x: %#x, byte %u should be %02x",
                       len, off, val, i, want);
        }
        if ((got ^ v->rules.value[off + i]) & v->rules.fixed[off + i] &
            (v->failures ? b.emu : 0xff)) {
            return bad(v, "constant byte %#x reads %02x", off + i, got);
        }
    }
    if (len < 4 && val >> (8 * len)) {
        return bad(v, "read of %u at %#x: stray bits, %#x", len, off, val);
    }
    return is_cheap(v, off, len, emulated, &c) ||
        bad(v, "read of %u at %#x cost %llu reads, %llu writes", len, off,
            (ull)c.reads, (ull)c.writes);
}

/* ------------------------------------------------------------------ */
/* Writes                                                              */

/* A write under way, with what was before. */
struct act {
    uint32_t off, val;
    unsigned len;
    uint8_t before[SIM_CFG_SIZE];  /* the device */
    uint8_t copy[SIM_CFG_SIZE];    /* the guest's */
    enum pt_irq_mode mode;
    unsigned power;                /* the state that the device was in */
    uint64_t resets;
    uint64_t os_resets;
    struct world_cost cost;
};

static bool covers(const struct act *a, unsigned off, unsigned len)
{
    return a->off < off + len && off < a->off + a->len;
}

static uint8_t wrote(const struct act *a, unsigned off)
{
    uint32_t val = covers(a, off, 1) ? a->val >> (8 * (off - a->off)) : 0;

    return (uint8_t)val;
}

static bool covers_cap(const struct inv *v, const struct act *a, uint8_t id,
                       unsigned off, unsigned len)
{
    unsigned i;

    for (i = 0; i < v->rules.num_caps; i++) {
        if (v->found[v->rules.cap[i]] == id &&
            covers(a, v->rules.cap[i] + off, len)) {
            return true;
        }
    }
    return false;
}

/*
 * Is it the guest's word for a reset? Where a file says that the capability is
 * not there, it is none.
 */
static bool asks(const struct inv *v, const struct act *a)
{
    static const struct {
        unsigned back;  /* to the capability's byte */
        uint8_t bit;
    } offer[] = {
        { PCI_EXP_DEVCTL + 1 - (PCI_EXP_DEVCAP + 3),
          PCI_EXP_DEVCAP_FLRESET >> 24 },
        { PCI_AF_CTRL - PCI_AF_CAP, PCI_AF_CAP_FLR },
    };
    unsigned i;

    for (i = 0; i < 2; i++) {
        if (v->rules.flr_bit[i] &&
            (a->copy[v->rules.flr[i] - offer[i].back] & offer[i].bit) &&
            (wrote(a, v->rules.flr[i]) & v->rules.flr_bit[i])) {
            return true;
        }
    }
    return false;
}

/* Byte @i is as open as the rules say; hooks may open more. */
static bool declared_right(struct inv *v, unsigned i,
                           const struct pt_byte *b)
{
    bool hooks = b->row && (b->row->prepare || b->row->commit);
    uint8_t may_be = v->rules.may[i];

    return (b->fwd & ~may_be) == 0 && (hooks || b->fwd == may_be) ? true :
        bad(v, "byte %#x is declared as forwarded in bits %02x, should be "
            "in %02x", i, b->fwd, may_be);
}

/*
 * Registers that the engine writes as a whole: Command with any byte of it,
 * and Status in the same write; and what failed, with any later access.
 */
static bool follows(const struct inv *v, const struct act *a, unsigned i)
{
    bool command = (i & ~1u) == PCI_COMMAND;
    bool status = (i & ~1u) == PCI_STATUS && covers(a, PCI_STATUS, 2);

    return ((command || status) && covers(a, PCI_COMMAND, 2)) ||
        (v->failures && (command || i == PCI_ROM_ADDRESS));
}

/* How much of the device is to be looked at after a write. */
static unsigned in_question(const struct inv *v, const struct act *a)
{
    static const uint8_t nothing[SIM_CFG_SIZE - PT_CFG_SIZE];
    const struct sim_dev *s = &v->w->sim.dev;

    return a->off + a->len <= PT_CFG_SIZE &&
        memcmp(s->covered + PT_CFG_SIZE, nothing, sizeof(nothing)) == 0 ?
        PT_CFG_SIZE : SIM_CFG_SIZE;
}

/* What byte @i is when it was lost and is back: the host's, or sticky. */
static uint8_t given_back(const struct inv *v, unsigned i)
{
    struct pt_byte b;
    uint8_t guests;

    pt_look(v->w->d, (uint16_t)i, &b);
    guests = b.fwd & v->rules.stays[i];
    return (uint8_t)((v->found[i] & ~guests) | (b.copy & guests));
}

/* Bits that reached the device: allowed, of the guest's value, and whole. */
static bool check_sent(struct inv *v, const struct act *a)
{
    const struct sim_dev *s = &v->w->sim.dev;
    unsigned i, end = in_question(v, a);

    for (i = 0; i < end; i++) {
        bool mine = covers(a, i, 1);
        uint8_t now = s->cfg[i], old = a->before[i], allowed, rw1c, plain;
        struct pt_byte b;

        if (!mine && !s->touched[i] && (i < PT_CFG_SIZE || !s->covered[i])) {
            continue;
        }
        if (i >= PT_CFG_SIZE && !mine && !v->lies && !v->failures) {
            return bad(v, "write of %u at %#x reached extended space at %#x",
                       a->len, a->off, i);
        }
        if (v->lies) {
            /* Merged with nonsense; but only where it has to be merged. */
            if (mine || v->rules.engine[i] || v->rules.engine[i ^ 1] ||
                (i & ~3u) == PCI_ROM_ADDRESS || follows(v, a, i) ||
                now == given_back(v, i) ||  /* it looked as if it were reset, */
                (v->failures && now == old)) {  /* and could not be written */
                continue;
            }
            return bad(v, "write of %u at %#x, %#x: covers byte %#x", a->len,
                       a->off, a->val, i);
        }
        pt_look(v->w->d, (uint16_t)i, &b);
        rw1c = s->rw1c[i];
        allowed = (uint8_t)((mine || follows(v, a, i) ? v->rules.may[i] : 0) |
                            v->rules.engine[i]);
        if (i == PCI_ROM_ADDRESS && covers(a, PCI_ROM_ADDRESS, 4)) {
            allowed |= v->rules.may[i];  /* sizing ends with any byte */
        }
        /* Written as 0, for not to clear it; here it is hardwired to 1. */
        allowed |= b.rw1c & (uint8_t)~(s->rw[i] | rw1c);
        if (v->failures && (now == given_back(v, i) ||
                            (v->w->d->lost && now == old))) {
            continue;  /* restored, when it could be; or not yet */
        }
        if ((i & ~1u) == PCI_COMMAND) {
            /* What was not written before, or is nothing to the device. */
            allowed |= v->failures ?
                v->rules.may[i] | (uint8_t)~(now ^ given_back(v, i)) :
                (uint8_t)~s->rw[i];
        }
        if (s->touched[i] & ~allowed) {
            return bad(v, "write of %u at %#x, %#x: changed bits %02x of the "
                       "device's byte %#x, may only %02x", a->len, a->off,
                       a->val, s->touched[i], i, allowed);
        }
        if (!declared_right(v, i, &b)) {
            return false;
        }
        /* XSA-128: not even with the value that it has. */
        if (mine && s->covered[i] && !v->rules.may[i] &&
            !v->rules.engine[i] && !v->failures && !follows(v, a, i) &&
            (s->rw[i] || rw1c || b.kind == PT_CONCEALED) &&
            (i & ~3u) != PCI_ROM_ADDRESS) {
            return bad(v, "write of %u at %#x, %#x: covers byte %#x", a->len,
                       a->off, a->val, i);
        }
        if (old & ~now & rw1c & ~wrote(a, i)) {
            return bad(v, "write of %u at %#x, %#x: cleared RW1C bits %02x "
                       "at %#x", a->len, a->off, a->val, old & ~now & rw1c,
                       i);
        }
        if (i < 0x40 || v->failures || s->vanished) {
            continue;
        }
        /* What is the driver's has to get there, in its own lane. */
        plain = (uint8_t)(b.fwd & s->rw[i] & ~rw1c & ~inv_policy_rw1c(v, i));
        if (mine && (b.kind == PT_DEVICE || b.kind == PT_OPEN) &&
            ((now ^ wrote(a, i)) & plain)) {
            return bad(v, "write of %u at %#x, %#x: byte %#x is %02x", a->len,
                       a->off, a->val, i, now);
        }
        if (mine && (now & b.fwd & b.rw1c & rw1c & wrote(a, i))) {
            return bad(v, "write of %u at %#x, %#x: RW1C bits stay at %#x",
                       a->len, a->off, a->val, i);
        }
    }
    return true;
}

/* The Command register, which is both the guest's and ours. */
static bool check_command(struct inv *v, const struct act *a)
{
    const struct sim_dev *s = &v->w->sim.dev;
    uint32_t old = get(a->before + PCI_COMMAND, 2);
    uint32_t now = device(v, PCI_COMMAND, 2);
    uint32_t rw = get(s->rw + PCI_COMMAND, 2);
    uint32_t mine = 0x003c & rw;

    /*
     * One that lies can look as if it were reset, and one that could not be
     * restored after a reset decodes nothing either.
     */
    if (!v->lies && !v->failures &&
        (old & ~now & (PCI_COMMAND_IO | PCI_COMMAND_MEMORY))) {
        return bad(v, "write of %u at %#x, %#x: cleared a decoder", a->len,
                   a->off, a->val);
    }
    if (v->failures || s->vanished) {
        return true;
    }
    if (covers(a, PCI_COMMAND, 1) && ((now ^ wrote(a, PCI_COMMAND)) & mine)) {
        return bad(v, "write of %u at %#x, %#x: Command is %04x", a->len,
                   a->off, a->val, now);
    }
    if ((pt_copy(v->w->d, PCI_COMMAND, 2) & PCI_COMMAND_DISABLE_INTx & rw) &
        ~now) {
        return bad(v, "INTx is not disabled in the device");
    }
    return true;
}

/* The guest's copy changes where it may, and as written. */
static bool check_copy(struct inv *v, const struct act *a)
{
    struct pt_dev *d = v->w->d;
    unsigned i;

    for (i = a->off; i < a->off + a->len; i++) {
        struct pt_byte b;
        uint8_t want = a->copy[i];

        pt_look(d, (uint16_t)i, &b);
        /* Numbers of vectors are clamped, states refused, enables undone. */
        if (b.cap && (b.cap->id == PCI_CAP_ID_MSI ||
                      b.cap->id == PCI_CAP_ID_PM ||
                      (b.cap->id == PCI_CAP_ID_MSIX && v->failures))) {
            continue;
        }
        want = (uint8_t)((want & ~b.own) | (wrote(a, i) & b.own));
        if (d->copy[i] != want) {
            return bad(v, "write of %u at %#x, %#x: the guest's byte %#x is "
                       "%02x, should be %02x", a->len, a->off, a->val, i,
                       d->copy[i], want);
        }
    }
    return true;
}

/*
 * A hidden structure of two bytes splits a dword: one cycle for each side. So
 * do a policy file's registers, and zeros in them where ones clear.
 */
static unsigned runs(const struct inv *v, const struct act *a)
{
    unsigned i, n = 0;
    bool in = false;

    for (i = a->off; i < a->off + a->len; i++) {
        struct pt_byte b;
        bool sent;

        pt_look(v->w->d, (uint16_t)i, &b);
        sent = b.fwd & ~(b.mask ? b.rw1c & ~wrote(a, i) : 0);
        n += sent && !in;
        in = sent;
    }
    return n;
}

/* Extended registers that a reset can cost: six of Resizable BAR at most. */
static unsigned restored(const struct pt_dev *d)
{
    unsigned i, n = 0;

    for (i = 0; i < pt_num_caps(d); i++) {
        n += pt_cap_at(d, i)->pos >= 0x100;
    }
    return 6 * n;
}

/*
 * One that lies about its D-state is found out by who reads that, and is given
 * back what it seems to have lost.
 */
static bool is_cheap(const struct inv *v, uint32_t off, unsigned len,
                     bool emulated, const struct world_cost *c)
{
    const struct act a = { .off = off, .len = len };

    if (v->failures && v->w->args.policy.power_mgmt &&
        covers_cap(v, &a, PCI_CAP_ID_PM, PCI_PM_CTRL, 2)) {
        return c->reads <= 16 && c->writes <= 16 + restored(v->w->d);
    }
    return c->reads <= !emulated && !c->writes && !c->mmio && !c->hypercalls;
}

static bool check_cost(struct inv *v, const struct act *a)
{
    struct world_cost c = world_cost_since(v->w, &a->cost);
    unsigned n = runs(v, a), reads, writes;
    bool bars = covers(a, PCI_COMMAND, 2) ||
        covers(a, PCI_BASE_ADDRESS_0, 4 * PT_NUM_BARS) ||
        covers(a, PCI_ROM_ADDRESS, 4);
    bool irqs = covers_cap(v, a, PCI_CAP_ID_MSI, 2, 22) ||
        covers_cap(v, a, PCI_CAP_ID_MSIX, 2, 2);
    bool power = v->w->args.policy.power_mgmt &&
        covers_cap(v, a, PCI_CAP_ID_PM, PCI_PM_CTRL, 2);

    reads = n > 1 ? n : n == 1 || covers(a, PCI_COMMAND, 2);
    /* The ROM's enable bit, and what is forwarded in the same dword. */
    writes = reads + covers(a, PCI_ROM_ADDRESS, 4);
    /* What the guest wanted of its messages meanwhile is done as it wakes. */
    irqs |= power && a->power != 0 && sim_dev_power(&v->w->sim.dev) == 0;
    if (irqs) {
        reads += 2;
        writes += 3;  /* with Command, after Xen was at it */
    }
    if (v->w->args.policy.msitranslate && (irqs || bars)) {
        reads += 2;
        writes += 2;
    }
    if (a->mode != v->w->d->irq->mode) {
        reads = 4;
        writes = 5;  /* one is switched off, another one on */
    }
    reads += power;  /* is it in the state that it was sent to? */
    if (v->failures) {
        /* What failed is tried again, and be it all that a reset takes. */
        reads = 16;
        writes = 16 + restored(v->w->d);
    }
    if (c.reads > reads || c.writes > writes) {
        return bad(v, "write of %u at %#x, %#x: cost %llu reads, %llu "
                   "writes", a->len, a->off, a->val, (ull)c.reads,
                   (ull)c.writes);
    }
    if ((c.hypercalls || c.traps || c.mmio) && !bars && !irqs && !power) {
        return bad(v, "write of %u at %#x, %#x: cost %llu hypercalls",
                   a->len, a->off, a->val, (ull)c.hypercalls);
    }
    return true;
}

static void prepare(struct inv *v, struct act *a, uint32_t off, uint32_t val,
                    unsigned len)
{
    struct sim_dev *s = &v->w->sim.dev;

    a->off = off;
    a->val = val;
    a->len = len;
    memcpy(a->before, s->cfg, SIM_CFG_SIZE);
    memcpy(a->copy, v->w->d->copy, SIM_CFG_SIZE);
    a->mode = v->w->d->irq->mode;
    a->power = sim_dev_power(s);
    a->resets = s->count.resets;
    a->os_resets = s->count.os_resets;
    memset(s->touched, 0, s->size);
    memset(s->covered, 0, s->size);
    a->cost = world_cost(v->w);
}

bool inv_write(struct inv *v, uint32_t off, uint32_t val, unsigned len)
{
    struct act a;
    struct world_cost c;

    if (!inv_settle(v)) {
        return false;
    }
    prepare(v, &a, off, val, len);
    guest_write(v, off, val, len);
    if (!v->failures &&
        sim_complaints(&v->w->sim, v->w->text, sizeof(v->w->text))) {
        return bad(v, "write of %u at %#x, %#x: %.160s", len, off, val,
                   v->w->text);
    }
    if (!legal(v, off, len)) {
        c = world_cost_since(v->w, &a.cost);
        return (is_free(&c) &&
                memcmp(a.copy, v->w->d->copy, SIM_CFG_SIZE) == 0) ||
            bad(v, "illegal write of %u at %#x was done", len, off);
    }
    if (asks(v, &a)) {
        memcpy(v->left, a.copy, sizeof(v->left));
        return (in_reset(v) && check_in_reset(v) &&
                v->w->sim.dev.count.os_resets - a.os_resets < 2) ||
            bad(v, "write of %u at %#x, %#x: asked for a reset, and there is "
                "none", len, off, val);
    }
    if (in_reset(v) || v->w->sim.dev.count.os_resets != a.os_resets) {
        return bad(v, "write of %u at %#x, %#x: began a reset", len, off, val);
    }
    if (v->w->sim.dev.count.resets != a.resets) {
        /*
         * Only D3hot to D0 may reset it; what it has lost comes back. One that
         * lies about its state gets the lie back.
         */
        return ((v->w->args.policy.power_mgmt || v->lies) &&
                covers_cap(v, &a, PCI_CAP_ID_PM, PCI_PM_CTRL, 1)) ||
            bad(v, "write of %u at %#x, %#x: reset the device", len, off,
                val);
    }
    return check_sent(v, &a) && check_command(v, &a) && check_copy(v, &a) &&
        check_cost(v, &a);
}
