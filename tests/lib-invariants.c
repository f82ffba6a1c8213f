/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What holds of every guest access. See lib-invariants.h. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "pt-pci.h"
#include "pt-msi.h"

#include "lib-invariants.h"

typedef unsigned long long ull;

static bool __attribute__((format(printf, 2, 3)))
bad(struct inv *v, const char *fmt, ...)
{
    va_list ap;

    if (!v->wrong[0]) {
        va_start(ap, fmt);
        vsnprintf(v->wrong, sizeof(v->wrong), fmt, ap);
        va_end(ap);
    }
    return false;
}

static uint32_t get(const uint8_t *p, unsigned len)
{
    return (uint32_t)sim_get(p, len);
}

/* ------------------------------------------------------------------ */
/* The rules                                                           */

struct rule_maker {
    struct inv_rules *r;
    const uint8_t *cfg;
    const struct pt_policy *policy;
    const struct pt_device_info *info;
    struct { uint8_t pos, id; bool exposed; unsigned size; } cap[48];
    unsigned num;
};

static void may(struct rule_maker *m, unsigned off, unsigned len,
                uint32_t bits)
{
    sim_put(m->r->may + off, len, bits);
}

static void fixed(struct rule_maker *m, unsigned off, unsigned len,
                  uint32_t bits, uint32_t value)
{
    sim_put(m->r->fixed + off, len, bits);
    sim_put(m->r->value + off, len, value);
}

static void fixed_host(struct rule_maker *m, unsigned off, unsigned len)
{
    fixed(m, off, len, UINT32_MAX, get(m->cfg + off, len));
}

/* PCI 3.0, 6.2; XSA-126: decoders are set in the device, never cleared. */
static void rule_header(struct rule_maker *m)
{
    bool open = m->policy->permissive;
    const struct pt_region *rom = &m->info->region[PT_ROM];
    unsigned n;

    may(m, PCI_COMMAND, 2, 0x003f | PCI_COMMAND_DISABLE_INTx |
        (open ? 0xf800u : 0));
    may(m, PCI_STATUS, 2, 0xf900u | (open ? 0x0006u : 0));
    if (rom->size && rom->addr && !m->policy->no_rom) {
        may(m, PCI_ROM_ADDRESS, 1, PCI_ROM_ADDRESS_ENABLE);
    }
    if (open) {
        memset(m->r->may + PCI_CAPABILITY_LIST + 1, 0xff, 7);
    }
    if (m->policy->msitranslate) {
        /* Follows, when INTx takes the place of a failed translation. */
        m->r->engine[PCI_COMMAND + 1] = PCI_COMMAND_DISABLE_INTx >> 8;
    }
    for (n = 0; n < PT_NUM_BARS; n++) {
        if (!m->info->region[n].size && !(n > 0 &&
            m->info->region[n - 1].size &&
            (m->info->region[n - 1].flags & PT_REGION_64))) {
            fixed(m, PCI_BASE_ADDRESS_0 + 4 * n, 4, UINT32_MAX, 0);
        }
    }
    fixed(m, PCI_VENDOR_ID, 2, 0xffff, m->info->vendor);
    fixed(m, PCI_DEVICE_ID, 2, 0xffff, m->info->device);
    fixed_host(m, PCI_REVISION_ID, 4);
    fixed(m, PCI_HEADER_TYPE, 1, 0x7f, 0);
    fixed(m, PCI_BIST, 1, 0xff, 0);
    fixed_host(m, PCI_CARDBUS_CIS, 4);
    fixed_host(m, PCI_SUBSYSTEM_VENDOR_ID, 4);
    fixed_host(m, PCI_INTERRUPT_PIN, 1);
    fixed_host(m, PCI_MIN_GNT, 2);
}

static unsigned ht_size(const uint8_t *p)
{
    unsigned command = get(p + 2, 2);

    switch (command >> 13) {
    case 0:
        return 28;
    case 1:
        return 24;
    }
    switch (command >> 11) {
    case 0x10:
        return 8;   /* interrupt discovery */
    case 0x11:
        return 4;   /* revision ID */
    case 0x15:
        return command & 2 ? 4 : 12;
    default:
        return 0;
    }
}

/* Bytes of a structure by its specification; 0: nobody knows. */
static unsigned spec_size(const uint8_t *p, unsigned room)
{
    unsigned flags = get(p + 2, 2), n, at;

    switch (p[0]) {
    case PCI_CAP_ID_NULL:
        return 2;
    case PCI_CAP_ID_PM:
    case PCI_CAP_ID_VPD:
    case PCI_CAP_ID_HOTPLUG:
    case PCI_CAP_ID_SSVID:
    case PCI_CAP_ID_SATA:
        return 8;
    case PCI_CAP_ID_AGP:
    case PCI_CAP_ID_AGP3:
        return 0x30;
    case PCI_CAP_ID_SLOTID:
    case PCI_CAP_ID_CHSWP:
    case PCI_CAP_ID_DBG:
    case PCI_CAP_ID_CCRC:
        return 4;
    case PCI_CAP_ID_MSI:
        n = flags & PCI_MSI_FLAGS_64BIT ? 14 : 10;
        if (flags & PCI_MSI_FLAGS_MASK_BIT) {
            return n + 10;
        }
        /* Extended Message Data: PCIe 4.0, 7.7.1.2. */
        return n + (flags & 0x0200 ? 2 : 0);
    case PCI_CAP_ID_PCIX:
        return flags >> 12 & 3 ? 24 : 8;
    case PCI_CAP_ID_HT:
        return ht_size(p);
    case PCI_CAP_ID_VNDR:
        return p[2] >= 3 ? p[2] : 0;
    case PCI_CAP_ID_EXP:
        n = flags >> 4 & 0xf;
        if (n != 0 && n != 1 && n != 9) {
            return 0;  /* of ports: longer, and not looked at */
        }
        return (flags & 0xf) == 2 ? 0x3c : (flags & 0xf) != 1 ? 0 :
            n == 9 ? 0xc : 0x14;
    case PCI_CAP_ID_MSIX:
        return 12;
    case PCI_CAP_ID_AF:
        return 6;
    case PCI_CAP_ID_EA:
        for (n = p[2] & 0x3f, at = 4; n > 0 && at + 4 <= room; n--) {
            at += 4 + 4 * (p[at] & 7u);
        }
        return at;
    case PCI_CAP_ID_FPB:
        return 16;
    default:
        return 0;
    }
}

static bool in_bar(const struct world *w, uint32_t reg, uint64_t len)
{
    const struct pt_region *r = &w->sim.dev.pt.info.region[reg & 7];
    uint64_t off = reg & ~UINT32_C(7);

    return (reg & 7) < PT_NUM_BARS && w->d->bar[reg & 7].size &&
        !(r->flags & PT_REGION_IO) && r->size >= len && off <= r->size - len;
}

static bool offered(const struct world *w, const uint8_t *p)
{
    unsigned flags = get(p + 2, 2), type = flags >> 4 & 0xf;
    unsigned n = (flags & 0x7ff) + 1;

    switch (p[0]) {
    case PCI_CAP_ID_PM:
    case PCI_CAP_ID_VPD:
    case PCI_CAP_ID_MSI:
        return true;
    case PCI_CAP_ID_VNDR:
        return p[2] >= 3;
    case PCI_CAP_ID_EXP:
        return ((flags & 0xf) == 1 || (flags & 0xf) == 2) &&
            (type == 0 || type == 1 || type == 9);
    case PCI_CAP_ID_MSIX:
        return in_bar(w, get(p + 4, 4), 16 * n) &&
            in_bar(w, get(p + 8, 4), (n + 63) / 64 * 8);
    default:
        return false;
    }
}

static void walk(struct rule_maker *m)
{
    bool seen[64] = { false };
    unsigned pos = m->cfg[PCI_CAPABILITY_LIST] & 0xfc;

    if (!(m->cfg[PCI_STATUS] & PCI_STATUS_CAP_LIST)) {
        return;
    }
    for (; pos >= 0x40 && !seen[pos / 4] && get(m->cfg + pos, 2) != 0xffff;
         pos = m->cfg[pos + 1] & 0xfc) {
        seen[pos / 4] = true;
        m->cap[m->num].pos = (uint8_t)pos;
        m->cap[m->num++].id = m->cfg[pos];
    }
}

static void judge(struct rule_maker *m, const struct world *w)
{
    unsigned i, j;

    for (i = 0; i < m->num; i++) {
        const uint8_t *p = m->cfg + m->cap[i].pos;
        unsigned end = 0x100, size;

        for (j = 0; j < m->num; j++) {
            if (m->cap[j].pos > m->cap[i].pos && m->cap[j].pos < end) {
                end = m->cap[j].pos;
            }
        }
        size = spec_size(p, 0x100u - m->cap[i].pos);
        m->cap[i].exposed = offered(w, p) &&
            size && m->cap[i].pos + size <= end;
        m->cap[i].size = size && m->cap[i].pos + size <= end ? size :
            end - m->cap[i].pos;
        for (j = 0; j < i; j++) {
            m->cap[i].exposed &= p[0] == PCI_CAP_ID_VNDR ||
                p[0] != m->cap[j].id;
        }
    }
}

static void rule_express(struct rule_maker *m, unsigned pos, unsigned size)
{
    bool open = m->policy->permissive;

    may(m, pos + PCI_EXP_DEVSTA, 2, 0x000fu | (open ? 0xffc0u : 0));
    fixed_host(m, pos + PCI_EXP_FLAGS, 2);
    /* No function level reset, no phantom functions (XSA-449). */
    fixed(m, pos + PCI_EXP_DEVCAP, 4, UINT32_MAX,
          get(m->cfg + pos + PCI_EXP_DEVCAP, 4) & ~0x10000018u);
    if (size >= 0x14) {
        may(m, pos + PCI_EXP_LNKSTA, 2, 0xc000);
        fixed_host(m, pos + PCI_EXP_LNKCAP, 4);
    }
    if (size == 0x3c) {
        /* Slot and root registers, Device Status 2, slot registers 2. */
        if (open) {
            memset(m->r->may + pos + 0x14, 0xff, 0x10);
            memset(m->r->may + pos + 0x2a, 0xff, 2);
            memset(m->r->may + pos + 0x34, 0xff, 8);
        }
        may(m, pos + PCI_EXP_LNKSTA2, 2, 0x0020);
        fixed_host(m, pos + PCI_EXP_DEVCAP2, 4);
    }
}

static void rule_exposed(struct rule_maker *m, unsigned pos, unsigned size)
{
    const struct pt_policy *p = m->policy;

    switch (m->cfg[pos]) {
    case PCI_CAP_ID_PM:
        may(m, pos + PCI_PM_CTRL, 2, 0x1e00u | (p->power_mgmt ? 3u : 0) |
            (p->permissive ? 0xf0u : 0));
        /* No wake-up; and what is emulated loses nothing in D3hot. */
        fixed(m, pos + PCI_CAP_FLAGS, 2, 0xffff,
              get(m->cfg + pos + PCI_CAP_FLAGS, 2) & ~0xf9c8u);
        fixed(m, pos + PCI_PM_CTRL, 2, p->power_mgmt ? 0x8100 : 0x8108,
              PCI_PM_CTRL_NO_SOFT_RST);
        /* Data follows Data_Select, and one write may cover both. */
        m->r->engine[pos + PCI_PM_DATA_REGISTER] = 0xff;
        break;
    case PCI_CAP_ID_VPD:
        may(m, pos + PCI_VPD_ADDR, 2, 0xfffc);
        may(m, pos + PCI_VPD_DATA, 4, UINT32_MAX);
        break;
    case PCI_CAP_ID_VNDR:
        memset(m->r->may + pos + 3, 0xff, size - 3);
        fixed_host(m, pos + 2, 1);
        break;
    case PCI_CAP_ID_EXP:
        rule_express(m, pos, size);
        break;
    case PCI_CAP_ID_MSI:
        m->r->engine[pos + 2] = PCI_MSI_FLAGS_ENABLE | PCI_MSI_FLAGS_QSIZE;
        break;
    case PCI_CAP_ID_MSIX:
        m->r->engine[pos + 3] = (PCI_MSIX_ENABLE | PCI_MSIX_MASK) >> 8;
        fixed_host(m, pos + PCI_MSIX_TABLE, 4);
        fixed_host(m, pos + PCI_MSIX_PBA, 4);
        fixed(m, pos + 2, 2, 0x3fff, get(m->cfg + pos + 2, 2) & 0x7ff);
        break;
    default:
        break;
    }
}

static bool reads_zero(uint8_t id)
{
    return id == PCI_CAP_ID_AGP || id == PCI_CAP_ID_AGP3 ||
        id == PCI_CAP_ID_SLOTID || id == PCI_CAP_ID_HOTPLUG ||
        id == PCI_CAP_ID_SSVID || id == PCI_CAP_ID_PCIX;
}

static void rule_caps(struct rule_maker *m)
{
    unsigned i, last = 0;

    for (i = 0; i < m->num; i++) {
        unsigned pos = m->cap[i].pos, size = m->cap[i].size;
        uint8_t id = m->cap[i].id;
        bool xen = id == PCI_CAP_ID_MSI || id == PCI_CAP_ID_MSIX;

        memset(m->r->may + pos, 0, size);
        if (m->cap[i].exposed) {
            rule_exposed(m, pos, size);
            fixed_host(m, pos, 1);
            fixed(m, last ? last + 1 : PCI_CAPABILITY_LIST, 1, 0xff, pos);
            m->r->cap[m->r->num_caps++] = (uint8_t)pos;
            last = pos;
        } else if (reads_zero(id)) {
            memset(m->r->fixed + pos, 0xff, size);
            memset(m->r->value + pos, 0, size);
        } else if (m->policy->permissive && !xen) {
            memset(m->r->may + pos, 0xff, size);
        }
    }
    fixed(m, last ? last + 1 : PCI_CAPABILITY_LIST, 1, 0xff, 0);
    fixed(m, PCI_STATUS, 1, PCI_STATUS_CAP_LIST,
          last ? PCI_STATUS_CAP_LIST : 0);
}

static void make_rules(struct inv *v)
{
    struct rule_maker m = {
        .r = &v->rules, .cfg = v->found, .policy = &v->w->args.policy,
        .info = &v->w->sim.dev.pt.info,
    };

    memset(&v->rules, 0, sizeof(v->rules));
    if (!v->w->args.policy.strict) {
        memset(v->rules.may + 0x40, 0xff, PT_CFG_SIZE - 0x40);
    }
    rule_header(&m);
    walk(&m);
    judge(&m, v->w);
    rule_caps(&m);
}

/* ------------------------------------------------------------------ */
/* Begin and end                                                       */

void inv_start(struct inv *v, struct world *w)
{
    memset(v, 0, sizeof(*v));
    v->w = w;
    w->sim.dev.count.bad_states = 0;
    memcpy(v->found, w->sim.dev.cfg, PT_CFG_SIZE);
}

static uint32_t device(const struct inv *v, unsigned off, unsigned len)
{
    return sim_dev_peek(&v->w->sim.dev, off, len);
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
    make_rules(v);
    v->attached = true;
    if (!v->w->d->irq->msix_pos) {
        /* Hidden, and never enabled: its table is memory as any other. */
        v->w->sim.dev.msix.pos = 0;
    }
    v->lines = v->w->sim.bus.num_lines;
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

        /* Version 1 ends with the link registers. */
        if (regs[i] > PCI_EXP_LNKCTL &&
            (v->found[pcie + PCI_EXP_FLAGS] & PCI_EXP_FLAGS_VERS) < 2) {
            break;
        }
        if (off + 2 <= PT_CFG_SIZE && !v->rules.may[off] &&
            !v->rules.may[off + 1] &&
            device(v, off, 2) != get(v->found + off, 2)) {
            return bad(v, "PCI Express register +%#x changed", regs[i]);
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
    if (was && !v->failures && !check_handed_back(v)) {
        return false;
    }
    return v->wrong[0] == '\0';
}

void inv_raise(struct inv *v)
{
    struct sim_dev *s = &v->w->sim.dev;
    unsigned i;

    for (i = 0; i < PT_CFG_SIZE; i++) {
        s->cfg[i] |= s->rw1c[i];
    }
}

/* ------------------------------------------------------------------ */
/* D-states                                                            */

bool inv_settle(struct inv *v)
{
    struct world_cost then = world_cost(v->w), c;

    if (!v->w->d->pm.waiting) {
        return true;
    }
    pt_config_read(v->w->d, PCI_VENDOR_ID, 4);
    c = world_cost_since(v->w, &then);
    if (v->w->d->pm.waiting) {
        return bad(v, "a D-state transition does not end");
    }
    /* Header, four PCI Express registers, AER, ROM, Command, messages. */
    if (c.reads > 8 || c.writes > 16) {
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
/* Reads                                                               */

static bool legal(uint32_t off, unsigned len)
{
    return (len == 1 || len == 2 || len == 4) && off < PT_CFG_SIZE &&
        off + len <= PT_CFG_SIZE;
}

/* @cost must be nothing at all. */
static bool is_free(const struct world_cost *c)
{
    return !c->reads && !c->writes && !c->mmio && !c->hypercalls && !c->traps;
}

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
    val = pt_config_read(w->d, off, len);
    c = world_cost_since(w, &then);
    if (!legal(off, len)) {
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
    if (c.reads > !emulated || c.writes || c.mmio || c.hypercalls) {
        return bad(v, "read of %u at %#x cost %llu reads, %llu writes", len,
                   off, (ull)c.reads, (ull)c.writes);
    }
    return true;
}

/* ------------------------------------------------------------------ */
/* Writes                                                              */

/* A write under way, with what was before. */
struct act {
    uint32_t off, val;
    unsigned len;
    uint8_t before[PT_CFG_SIZE];  /* the device */
    uint8_t copy[PT_CFG_SIZE];    /* the guest's */
    enum pt_irq_mode mode;
    uint64_t resets;
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

/* Bits that reached the device: allowed, of the guest's value, and whole. */
static bool check_sent(struct inv *v, const struct act *a)
{
    static const uint8_t nothing[SIM_CFG_SIZE - PT_CFG_SIZE];
    const struct sim_dev *s = &v->w->sim.dev;
    unsigned i;

    for (i = 0; i < PT_CFG_SIZE; i++) {
        bool mine = covers(a, i, 1);
        uint8_t now = s->cfg[i], old = a->before[i], allowed, rw1c, plain;
        struct pt_byte b;

        if (!mine && !s->touched[i]) {
            continue;
        }
        if (v->lies) {
            /* Merged with nonsense; but only where it has to be merged. */
            if (mine || v->rules.engine[i] || v->rules.engine[i ^ 1] ||
                (i & ~3u) == PCI_ROM_ADDRESS) {
                continue;
            }
            return bad(v, "write of %u at %#x, %#x: covers byte %#x", a->len,
                       a->off, a->val, i);
        }
        pt_look(v->w->d, (uint16_t)i, &b);
        rw1c = s->rw1c[i];
        allowed = (uint8_t)((mine ? v->rules.may[i] : 0) |
                            v->rules.engine[i]);
        if (i == PCI_ROM_ADDRESS && covers(a, PCI_ROM_ADDRESS, 4)) {
            allowed |= v->rules.may[i];  /* sizing ends with any byte */
        }
        /* Written as 0, for not to clear it; here it is hardwired to 1. */
        allowed |= b.rw1c & (uint8_t)~(s->rw[i] | rw1c);
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
            !v->rules.engine[i] && !v->failures &&
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
        plain = b.fwd & s->rw[i] & ~rw1c;
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
    if (memcmp(s->covered + PT_CFG_SIZE, nothing,
               SIM_CFG_SIZE - PT_CFG_SIZE) != 0) {
        return bad(v, "write of %u at %#x reached extended space", a->len,
                   a->off);
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

    if (old & ~now & (PCI_COMMAND_IO | PCI_COMMAND_MEMORY)) {
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

    for (i = 0; i < PT_CFG_SIZE; i++) {
        struct pt_byte b;
        uint8_t want = a->copy[i];

        if (!covers(a, i, 1)) {
            continue;
        }
        pt_look(d, (uint16_t)i, &b);
        /* Numbers of vectors are clamped, states refused, enables undone. */
        if (b.cap && (b.cap->id == PCI_CAP_ID_MSI ||
                      b.cap->id == PCI_CAP_ID_PM)) {
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

/* A hidden structure of two bytes splits a dword: one cycle for each side. */
static unsigned runs(const struct inv *v, const struct act *a)
{
    unsigned i, n = 0;
    bool in = false;

    for (i = a->off; i < a->off + a->len; i++) {
        struct pt_byte b;

        pt_look(v->w->d, (uint16_t)i, &b);
        n += b.fwd && !in;
        in = b.fwd != 0;
    }
    return n;
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
    if (irqs) {
        reads += 2;
        writes += 2;
    }
    if (v->w->args.policy.msitranslate && (irqs || bars)) {
        reads += 2;
        writes += 2;
    }
    if (a->mode != v->w->d->irq->mode) {
        reads = writes = 4;  /* one is switched off, another one on */
    }
    if (v->failures) {
        reads = writes = 16;  /* what failed is tried again */
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
    memcpy(a->before, s->cfg, PT_CFG_SIZE);
    memcpy(a->copy, v->w->d->copy, PT_CFG_SIZE);
    a->mode = v->w->d->irq->mode;
    a->resets = s->count.resets;
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
    pt_config_write(v->w->d, off, val, len);
    if (!v->failures &&
        sim_complaints(&v->w->sim, v->w->text, sizeof(v->w->text))) {
        return bad(v, "write of %u at %#x, %#x: %.160s", len, off, val,
                   v->w->text);
    }
    if (!legal(off, len)) {
        c = world_cost_since(v->w, &a.cost);
        return (is_free(&c) &&
                memcmp(a.copy, v->w->d->copy, PT_CFG_SIZE) == 0) ||
            bad(v, "illegal write of %u at %#x was done", len, off);
    }
    if (v->w->sim.dev.count.resets != a.resets) {
        /* Only D3hot to D0 may reset it; what it has lost comes back. */
        return (v->w->args.policy.power_mgmt &&
                covers_cap(v, &a, PCI_CAP_ID_PM, PCI_PM_CTRL, 1)) ||
            bad(v, "write of %u at %#x, %#x: reset the device", len, off,
                val);
    }
    return check_sent(v, &a) && check_command(v, &a) && check_copy(v, &a) &&
        check_cost(v, &a);
}

/* ------------------------------------------------------------------ */
/* Between accesses                                                    */

bool inv_chain(struct inv *v)
{
    struct world *w = v->w;
    unsigned pos = rd8(w, PCI_CAPABILITY_LIST), n;
    bool seen[PT_CFG_SIZE] = { false };
    bool listed = pt_copy(w->d, PCI_STATUS, 2) & PCI_STATUS_CAP_LIST;

    if (listed != (pos != 0)) {
        return bad(v, "Capabilities List is %d, the pointer %02x", listed,
                   pos);
    }
    for (n = 0; pos != 0; n++) {
        if (pos < 0x40 || (pos & 3) || seen[pos]) {
            return bad(v, "the guest's chain leads to %02x", pos);
        }
        seen[pos] = true;
        if (n >= v->rules.num_caps || v->rules.cap[n] != pos) {
            return bad(v, "capability %u of the guest's chain is at %02x, "
                       "should be at %02x", n, pos,
                       n < v->rules.num_caps ? v->rules.cap[n] : 0);
        }
        if (rd8(w, pos) != v->found[pos]) {
            return bad(v, "capability at %02x has ID %02x", pos, rd8(w, pos));
        }
        pos = rd8(w, pos + 1);
    }
    return n == v->rules.num_caps ||
        bad(v, "the guest's chain ends after %u of %u", n, v->rules.num_caps);
}

static bool is_io(const struct inv *v, unsigned n)
{
    return n != PT_ROM &&
        (v->w->sim.dev.pt.info.region[n].flags & PT_REGION_IO);
}

/* Is the guest in the middle of sizing region @n? Then it stays. */
static bool sizing(const struct inv *v, unsigned n)
{
    const struct pt_bar *b = &v->w->d->bar[n];
    uint64_t addr = world_bar_addr(v->w, n), ones = ~(b->size - 1);

    if (b->raw[0] == UINT32_MAX || b->raw[1] == UINT32_MAX) {
        return true;
    }
    return (addr & 0xffff) == (ones & 0xffff & ~UINT64_C(3)) ?
        is_io(v, n) || (uint32_t)addr == ((uint32_t)ones & ~0xfu) : false;
}

static bool enabled(const struct inv *v, unsigned n)
{
    const struct pt_dev *d = v->w->d;
    uint32_t bit = is_io(v, n) ? PCI_COMMAND_IO : PCI_COMMAND_MEMORY;

    /* A decoder that can't go on, as a BAR has no address, is no use. */
    return (pt_copy(d, PCI_COMMAND, 2) & bit) && d->pm.state == 0 &&
        !d->pm.waiting &&
        ((device(v, PCI_COMMAND, 2) & bit) || d->host->info.is_vf) &&
        (n != PT_ROM ||
         (pt_copy(d, PCI_ROM_ADDRESS, 4) & PCI_ROM_ADDRESS_ENABLE));
}

/* Which region's host addresses are these? PT_NUM_REGIONS: nobody's. */
static unsigned region_of(const struct inv *v, bool io, uint64_t addr,
                          uint64_t size)
{
    unsigned n;

    for (n = 0; n < PT_NUM_REGIONS; n++) {
        const struct pt_region *r = &v->w->sim.dev.pt.info.region[n];
        uint64_t len = v->w->d->bar[n].size;

        if (len && is_io(v, n) == io && addr >= r->addr &&
            addr - r->addr < len && size <= len - (addr - r->addr)) {
            return n;
        }
    }
    return n;
}

static bool in_table(const struct inv *v, unsigned n, uint64_t off,
                     uint64_t size)
{
    const struct pt_irq *q = v->w->d->irq;
    const struct sim_msix *m = &v->w->sim.dev.msix;

    return q->msix_pos && m->bir == n && off < m->off + 16ull * m->entries &&
        m->off < off + size;
}

/* Is another device there? */
static bool is_taken(const struct inv *v, bool io, uint64_t addr,
                     uint64_t size)
{
    const struct sim_bus *b = &v->w->sim.bus;
    unsigned i;

    for (i = 0; i < b->num_taken; i++) {
        if (b->taken[i].io == io &&
            addr < b->taken[i].addr + b->taken[i].size &&
            b->taken[i].addr < addr + size) {
            return true;
        }
    }
    return false;
}

/* Nothing is mapped but what the guest has decoded, where it has it. */
static bool check_maps(struct inv *v, bool io)
{
    const struct sim_xen *x = &v->w->sim.xen;
    const struct sim_map *m = io ? x->ports : x->mem;
    unsigned i, n, shift = io ? 0 : PT_PAGE_SHIFT;

    for (i = 0; i < (io ? x->num_ports : x->num_mem); i++, m++) {
        uint64_t host = m->host << shift, size = m->nr << shift;
        uint64_t guest = m->guest << shift, off;

        n = region_of(v, io, host, size);
        if (n == PT_NUM_REGIONS) {
            return bad(v, "%#llx+%#llx of the host is mapped, no region's",
                       (ull)host, (ull)size);
        }
        off = host - v->w->sim.dev.pt.info.region[n].addr;
        if (in_table(v, n, off, size)) {
            return bad(v, "the MSI-X table is mapped");
        }
        if (is_taken(v, io, guest, size) && !v->failures) {
            return bad(v, "another device is where region %u is mapped", n);
        }
        if (!enabled(v, n) && !v->failures) {
            return bad(v, "region %u is mapped and not decoded", n);
        }
        if (guest - off != world_bar_addr(v->w, n) && !sizing(v, n) &&
            !v->failures) {
            return bad(v, "region %u is mapped at %#llx, should be at %#llx",
                       n, (ull)(guest - off), (ull)world_bar_addr(v->w, n));
        }
    }
    return true;
}

static bool overlaps(const struct inv *v, unsigned n)
{
    uint64_t a = world_bar_addr(v->w, n), na = v->w->d->bar[n].size;
    unsigned i;

    for (i = 0; i < PT_NUM_REGIONS; i++) {
        uint64_t o = world_bar_addr(v->w, i), no = v->w->d->bar[i].size;

        /* One that is being sized is where it was. */
        if (i != n && no && is_io(v, i) == is_io(v, n) &&
            (sizing(v, i) || (a < o + no && o < a + na))) {
            return true;
        }
    }
    return is_taken(v, is_io(v, n), a, na);
}

/* All of region @n is at @addr: mapped, or trapped. */
static bool is_there(const struct inv *v, unsigned n, uint64_t addr)
{
    const struct world *w = v->w;
    uint64_t host = w->sim.dev.pt.info.region[n].addr, off;
    const struct pt_bar *b = &w->d->bar[n];
    unsigned i;

    if (is_io(v, n)) {
        return sim_xen_has_ports(&w->sim.xen, (uint32_t)addr, (uint32_t)host,
                                 (uint32_t)b->size);
    }
    for (off = i = 0; i < b->pieces; i++) {
        const struct pt_piece *p = &b->piece[i];
        uint64_t at = addr + p->offset;

        if (p->trapped ? !sim_bus_trap(&w->sim.bus, at) :
            !sim_xen_has_mem(&w->sim.xen, at >> PT_PAGE_SHIFT,
                             (host + p->offset) >> PT_PAGE_SHIFT,
                             p->size >> PT_PAGE_SHIFT)) {
            return false;
        }
        off += p->size;
    }
    return off == b->size;
}

/* And all that is decoded, and can be, is mapped. */
static bool check_mapped(struct inv *v)
{
    unsigned n;

    for (n = 0; n < PT_NUM_REGIONS; n++) {
        uint64_t size = v->w->d->bar[n].size, addr, limit;

        if (!size || !v->w->sim.dev.pt.info.region[n].addr ||
            !enabled(v, n) || sizing(v, n)) {
            continue;
        }
        addr = world_bar_addr(v->w, n);
        limit = is_io(v, n) ? UINT64_C(1) << 16 : UINT64_C(1) << 40;
        if (addr && addr < limit && size <= limit - addr &&
            !overlaps(v, n) && !is_there(v, n, addr)) {
            return bad(v, "region %u is not mapped at %#llx", n, (ull)addr);
        }
    }
    return true;
}

static bool check_irqs(struct inv *v)
{
    struct world *w = v->w;
    const struct pt_irq *q = w->d->irq;
    const struct sim_dev *s = &w->sim.dev;
    bool msi = q->msi_pos &&
        (pt_copy(w->d, q->msi_pos + 2u, 2) & PCI_MSI_FLAGS_ENABLE);
    bool msix = q->msix_pos &&
        (pt_copy(w->d, q->msix_pos + 2u, 2) & PCI_MSIX_ENABLE);

    if (sim_dev_msi_enabled(s) && sim_dev_msix_enabled(s)) {
        return bad(v, "MSI and MSI-X are both on in the device");
    }
    if (sim_dev_msi_enabled(s) && !msi && !w->args.policy.msitranslate) {
        return bad(v, "MSI is on in the device, and not the guest's");
    }
    if (sim_dev_msix_enabled(s) && !msix) {
        return bad(v, "MSI-X is on in the device, and not the guest's");
    }
    if (!msi && !msix && !w->args.policy.msitranslate &&
        w->sim.xen.num_pirqs > 1) {
        return bad(v, "%u pirqs are mapped for nothing", w->sim.xen.num_pirqs);
    }
    return true;
}

bool inv_state(struct inv *v)
{
    struct world *w = v->w;
    const struct sim_dev_count *n = &w->sim.dev.count;

    if (n->msi_written_by_dm || n->msix_written_by_dm) {
        return bad(v, "Xen's message registers were written");
    }
    if (n->bad_states && !v->lies) {
        return bad(v, "the device was sent to a D-state it can't go to");
    }
    if (!v->failures && sim_complaints(&w->sim, w->text, sizeof(w->text))) {
        return bad(v, "%.200s", w->text);
    }
    if (w->sim.bus.num_lines > v->lines + INV_MAX_LINES) {
        return bad(v, "%u log lines", w->sim.bus.num_lines);
    }
    if (!check_maps(v, false) || !check_maps(v, true)) {
        return false;
    }
    return v->failures || w->sim.dev.vanished ||
        (check_mapped(v) && check_irqs(v));
}
