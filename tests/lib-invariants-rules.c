/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a guest may change in a device. See lib-invariants.h. */
#include "lib-invariants-int.h"
#include "spec.h"

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
    /* INTA for a pin that there is not: PCI 3.0, 6.2.4. */
    fixed(m, PCI_INTERRUPT_PIN, 1, 0xff,
          m->cfg[PCI_INTERRUPT_PIN] > 4 ? 1 : m->cfg[PCI_INTERRUPT_PIN]);
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
        return 8;
    case PCI_CAP_ID_SATA:
        /* Registers in configuration space: AHCI 1.3, 2.4.2. */
        return room > 4 && (p[4] & 0xf) == 0xf ? 16 : 8;
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
        return p[2] >= 3 ? p[2] : 3;
    case PCI_CAP_ID_EXP:
        n = flags >> 4 & 0xf;
        if (n != 0 && n != 1 && n != 9) {
            return 0;  /* of ports: longer, and not looked at */
        }
        n = flags & 0xf;
        return n == 1 || n == 2 ? spec_exp_size(flags) : 0;
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

/* PCI 3.0, 6.8.2: a table and pending bits have each their own place. */
static bool apart(uint32_t table, uint32_t a, uint32_t pba, uint32_t b)
{
    return (table & 7) != (pba & 7) ||
        (table & ~7u) + (uint64_t)a <= (pba & ~7u) ||
        (pba & ~7u) + (uint64_t)b <= (table & ~7u);
}

static bool offered(const struct world *w, const uint8_t *p)
{
    const struct pt_device_info *info = &w->sim.dev.pt.info;
    unsigned flags = get(p + 2, 2), type = flags >> 4 & 0xf;
    unsigned n = (flags & 0x7ff) + 1;

    switch (p[0]) {
    case PCI_CAP_ID_PM:
    case PCI_CAP_ID_VPD:
    case PCI_CAP_ID_MSI:
        return true;
    case PCI_CAP_ID_VNDR:
        return p[2] >= 3;
    case PCI_CAP_ID_PCIX:
        return (flags >> 12 & 3) != 3;
    case PCI_CAP_ID_EXP:
        return ((flags & 0xf) == 1 || (flags & 0xf) == 2) &&
            (type == 0 || type == 1 || type == 9);
    case PCI_CAP_ID_MSIX:
        return in_bar(w, get(p + 4, 4), 16 * n) &&
            in_bar(w, get(p + 8, 4), (n + 63) / 64 * 8) &&
            apart(get(p + 4, 4), 16 * n, get(p + 8, 4), (n + 63) / 64 * 8);
    case PCI_CAP_ID_AF:
        return w->args.policy.flr && info->can_flr && (p[3] & 3) == 3;
    default:
        return false;
    }
}

/* Of the policy: a bit for each ID. */
static bool wanted(const struct rule_maker *m, uint8_t id)
{
    return !(m->policy->hide[id / 8] & 1u << id % 8);
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
        m->cap[i].exposed = offered(w, p) && wanted(m, p[0]) &&
            size && m->cap[i].pos + size <= end;
        m->cap[i].size = size && m->cap[i].pos + size <= end ? size :
            end - m->cap[i].pos;
        for (j = 0; j < i; j++) {
            m->cap[i].exposed &= p[0] == PCI_CAP_ID_VNDR ||
                p[0] != m->cap[j].id;
        }
    }
}

/* Is a reset of the function offered, where the device has it? */
static bool flr(const struct rule_maker *m)
{
    return m->policy->flr && m->info->can_flr;
}

static void rule_express(struct rule_maker *m, unsigned pos, unsigned size)
{
    bool open = m->policy->permissive;
    uint32_t ltr = get(m->cfg + pos + PCI_EXP_DEVCTL2, 2) & 0x0400;

    /* Relaxed ordering, no snoop, read request size. */
    may(m, pos + PCI_EXP_DEVCTL, 2, 0x7810);
    /* Payload, tags and power are the host's; no phantom functions. */
    fixed(m, pos + PCI_EXP_DEVCTL, 2, 0x87e0,
          get(m->cfg + pos + PCI_EXP_DEVCTL, 2) & 0x05e0);
    may(m, pos + PCI_EXP_DEVSTA, 2, 0x000fu | (open ? 0xffc0u : 0));
    fixed_host(m, pos + PCI_EXP_FLAGS, 2);
    /* A reset only by policy, no phantom functions (XSA-449). */
    fixed(m, pos + PCI_EXP_DEVCAP, 4, UINT32_MAX,
          get(m->cfg + pos + PCI_EXP_DEVCAP, 4) &
          ~(flr(m) ? 0x00000018u : 0x10000018u));
    if (flr(m) && (m->cfg[pos + PCI_EXP_DEVCAP + 3] & 0x10)) {
        m->r->flr[0] = pos + PCI_EXP_DEVCTL + 1;
        m->r->flr_bit[0] = 0x80;
    }
    if (size == SPEC_EXP_V1 || size == SPEC_EXP_V2) {
        may(m, pos + PCI_EXP_LNKSTA, 2, 0xc000);
        /* 6.6.2: ASPM, read completion boundary, clock, width. */
        sim_put(m->r->stays + pos + PCI_EXP_LNKCTL, 2, 0x030b);
        fixed_host(m, pos + PCI_EXP_LNKCAP, 4);
    }
    if (size == SPEC_EXP_V2_RC && open) {
        /* The place of the link registers. */
        memset(m->r->may + pos + 0x0c, 0xff, 8);
    }
    if (size >= SPEC_EXP_V2_RC) {
        /* Slot and root registers, Device Status 2. */
        if (open) {
            memset(m->r->may + pos + 0x14, 0xff, 0x10);
            memset(m->r->may + pos + 0x2a, 0xff, 2);
        }
        fixed_host(m, pos + PCI_EXP_DEVCAP2, 4);
        /* Timeouts, atomic operations; LTR only where the host has it. */
        may(m, pos + PCI_EXP_DEVCTL2, 2, 0x005f | ltr);
        fixed(m, pos + PCI_EXP_DEVCTL2, 2, 0xffa0 & ~ltr,
              get(m->cfg + pos + PCI_EXP_DEVCTL2, 2) & 0xffa0 & ~ltr);
    }
    if (size == SPEC_EXP_V2) {
        may(m, pos + PCI_EXP_LNKSTA2, 2, 0x0020);
        sim_put(m->r->stays + pos + PCI_EXP_LNKCTL2, 2, 0xffbf);
        fixed_host(m, pos + PCI_EXP_LNKCAP2, 4);
    }
}

static void rule_exposed(struct rule_maker *m, unsigned pos, unsigned size)
{
    const struct pt_policy *p = m->policy;
    uint32_t flags;

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
    case PCI_CAP_ID_PCIX:
        /* Command has a copy; errors are the host's. */
        fixed(m, pos + PCI_PCIX_COMMAND, 2, 0xff80,
              get(m->cfg + pos + PCI_PCIX_COMMAND, 2) & 0xff80);
        fixed(m, pos + PCI_PCIX_STATUS, 4, UINT32_MAX,
              get(m->cfg + pos + PCI_PCIX_STATUS, 4) & ~0x200c0000u);
        if (p->permissive && size > 8) {
            memset(m->r->may + pos + 8, 0xff, size - 8);
        }
        break;
    case PCI_CAP_ID_MSI:
        m->r->engine[pos + 2] = PCI_MSI_FLAGS_ENABLE | PCI_MSI_FLAGS_QSIZE;
        /* Xen clears it when MSI ends; and who hears INTx changes. */
        m->r->engine[PCI_COMMAND + 1] = PCI_COMMAND_DISABLE_INTx >> 8;
        flags = get(m->cfg + pos + PCI_MSI_FLAGS, 2);
        if (m->policy->msitranslate && (flags & PCI_MSI_FLAGS_MASK_BIT)) {
            /* Nobody else would unmask the vector; of others there are none. */
            sim_put(m->r->engine + pos + (flags & PCI_MSI_FLAGS_64BIT ?
                    PCI_MSI_MASK_BIT_64 : PCI_MSI_MASK_BIT_32), 4, UINT32_MAX);
        }
        break;
    case PCI_CAP_ID_MSIX:
        m->r->engine[pos + 3] = (PCI_MSIX_ENABLE | PCI_MSIX_MASK) >> 8;
        fixed_host(m, pos + PCI_MSIX_TABLE, 4);
        fixed_host(m, pos + PCI_MSIX_PBA, 4);
        fixed(m, pos + 2, 2, 0x3fff, get(m->cfg + pos + 2, 2) & 0x7ff);
        break;
    case PCI_CAP_ID_AF:
        /* Both capabilities; the control bit reads 0. */
        fixed(m, pos + 2, 3, 0xffffff, m->cfg[pos + 2] | 0x0300u);
        may(m, pos + 5, 1, p->permissive ? 0xfe : 0);
        m->r->flr[1] = pos + PCI_AF_CTRL;
        m->r->flr_bit[1] = PCI_AF_CTRL_FLR;
        break;
    default:
        break;
    }
}

static bool reads_zero(uint8_t id)
{
    return id == PCI_CAP_ID_AGP || id == PCI_CAP_ID_AGP3 ||
        id == PCI_CAP_ID_SLOTID || id == PCI_CAP_ID_HOTPLUG ||
        id == PCI_CAP_ID_SSVID;
}

/* Does the space repeat itself, in all that is constant of the header? */
static bool repeats(const uint8_t *cfg, unsigned period)
{
    static const char same[] =
        "VVDD....CCCC..T.BBBBBBBBBBBBBBBB"
        "BBBBBBBBIIIISSSSRRRRP........PLL";
    unsigned i, at;

    for (at = period; at < 0x100; at += period) {
        for (i = 0; i < 0x40; i++) {
            if (same[i] != '.' && cfg[i] != cfg[at + i]) {
                return false;
            }
        }
    }
    return true;
}

/* What is another way to header or structures is nobody's to write. */
static void rule_mirrors(struct rule_maker *m)
{
    unsigned period = repeats(m->cfg, 0x40) ? 0x40 : 0x80, i, at;

    if (!repeats(m->cfg, period)) {
        return;
    }
    for (at = 0; at < 0x40; at++) {
        for (i = at + period; i < 0x100; i += period) {
            m->r->may[i] = 0;
        }
    }
    for (i = 0; i < m->num; i++) {
        unsigned pos = m->cap[i].pos, end = pos + m->cap[i].size;

        for (; pos < end; pos++) {
            for (at = pos % period; at < 0x100; at += period) {
                m->r->may[at] = at < 0x40 ? m->r->may[at] : 0;
            }
        }
    }
}

/* Is @at in a structure that the guest sees, and that has a table for it? */
static bool declared(const struct rule_maker *m, unsigned at)
{
    unsigned i;

    for (i = 0; i < m->num; i++) {
        unsigned pos = m->cap[i].pos, size = m->cap[i].size;

        size = m->cap[i].id == PCI_CAP_ID_PCIX && size > 8 ? 8 : size;
        if (m->cap[i].exposed && m->cap[i].id != PCI_CAP_ID_VNDR &&
            at >= pos && at < pos + size) {
            return true;
        }
    }
    return false;
}

/* Xen's registers, where another structure or none stands over them. */
static void rule_claims(struct rule_maker *m)
{
    unsigned i, at;

    for (i = 0; i < m->num; i++) {
        unsigned pos = m->cap[i].pos, id = m->cap[i].id;
        unsigned end = pos + spec_size(m->cfg + pos, 0x100u - pos);

        if (id != PCI_CAP_ID_MSI && id != PCI_CAP_ID_MSIX) {
            continue;
        }
        for (at = pos; at < end && at < 0x100; at++) {
            m->r->may[at] = declared(m, at) ? m->r->may[at] : 0;
        }
    }
}

static void rule_caps(struct rule_maker *m)
{
    unsigned i, last = 0;

    for (i = 0; i < m->num; i++) {
        unsigned pos = m->cap[i].pos, size = m->cap[i].size;
        uint8_t id = m->cap[i].id;
        bool xen = id == PCI_CAP_ID_MSI || id == PCI_CAP_ID_MSIX;

        m->r->structure[i].pos = (uint8_t)pos;
        m->r->structure[i].size = (uint16_t)size;
        m->r->structure[i].exposed = m->cap[i].exposed;
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
        } else if (m->policy->permissive && !xen && wanted(m, id)) {
            memset(m->r->may + pos, 0xff, size);
        }
    }
    rule_claims(m);
    m->r->num_structures = m->num;
    fixed(m, last ? last + 1 : PCI_CAPABILITY_LIST, 1, 0xff, 0);
    /* With a reset, Immediate Readiness would be a promise. */
    fixed(m, PCI_STATUS, 1, flr(m) ? PCI_STATUS_CAP_LIST | 1u :
          PCI_STATUS_CAP_LIST, last ? PCI_STATUS_CAP_LIST : 0);
}

static void make_rules(struct inv *v, bool strict)
{
    struct rule_maker m = {
        .r = &v->rules, .cfg = v->found, .policy = &v->w->args.policy,
        .info = &v->w->sim.dev.pt.info,
    };

    memset(&v->rules, 0, sizeof(v->rules));
    if (!strict) {
        memset(v->rules.may + 0x40, 0xff, PT_CFG_SIZE - 0x40);
    }
    rule_header(&m);
    walk(&m);
    judge(&m, v->w);
    rule_mirrors(&m);
    rule_caps(&m);
}

void inv_make_rules(struct inv *v)
{
    uint8_t most[PT_CFG_SIZE];

    make_rules(v, false);
    memcpy(most, v->rules.may, sizeof(most));
    if (v->w->args.policy.strict) {
        make_rules(v, true);
    }
    inv_make_ext_rules(v);
    inv_apply_policy(v, most);
}
