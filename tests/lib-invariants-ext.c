/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a guest may see and change of extended space. See lib-invariants.h.
 * PCI Express Base 3.0, 7.9 onwards, by number: what the engine calls a bit is
 * of no interest here.
 */
#include "lib-invariants-int.h"
#include "spec.h"

struct ext {
    uint16_t pos, id;
    unsigned size;
    bool shown;
};

struct ext_maker {
    struct inv_rules *r;
    const uint8_t *cfg;
    const struct pt_device_info *info;
    const struct pt_policy *policy;
    struct ext cap[64];
    unsigned num;
};

static void may(struct ext_maker *m, unsigned off, unsigned len, uint32_t bits)
{
    sim_put(m->r->may + off, len, bits);
}

static void fixed(struct ext_maker *m, unsigned off, unsigned len,
                  uint32_t bits, uint32_t value)
{
    sim_put(m->r->fixed + off, len, bits);
    sim_put(m->r->value + off, len, value);
}

static void fixed_host(struct ext_maker *m, unsigned off, unsigned len)
{
    fixed(m, off, len, UINT32_MAX, get(m->cfg + off, len));
}

/* Whoever sees no PCI Express capability looks for nothing above 0xff. */
static bool shows_express(const struct inv *v)
{
    for (unsigned i = 0; i < v->rules.num_caps; i++) {
        if (v->found[v->rules.cap[i]] == PCI_CAP_ID_EXP) {
            return true;
        }
    }
    return false;
}

static void walk(struct ext_maker *m)
{
    bool seen[SIM_CFG_SIZE / 4] = { false };
    unsigned pos = 0x100;

    while (pos >= 0x100 && !seen[pos / 4] && m->num < 64) {
        uint32_t head = get(m->cfg + pos, 4);

        if (head == 0 || head == UINT32_MAX) {
            return;
        }
        seen[pos / 4] = true;
        m->cap[m->num].pos = (uint16_t)pos;
        m->cap[m->num++].id = head & 0xffff;
        pos = head >> 20 & 0xffc;
    }
}

/* Bytes of a structure that a guest may see; 0: it may not. */
static unsigned size_of(const struct ext_maker *m, const struct ext *c,
                        unsigned room)
{
    const uint8_t *p = m->cfg + c->pos;
    unsigned n, i;

    switch (c->id) {
    case 0x01:
        return SPEC_AER;
    case 0x03:
        return SPEC_DSN;
    case 0x0b:
        n = room >= 8 ? get(p + 4, 4) >> 20 : 0;
        return n >= 8 ? n : 0;
    case 0x0d:
        return room >= 8 ? SPEC_ACS(get(p + 4, 2)) : 0;
    case 0x15:
        n = room >= 12 ? get(p + 8, 4) >> 5 & 7 : 0;
        if (n == 0 || n > 6 || SPEC_REBAR(n) > room) {
            return 0;
        }
        /* 1 MiB << the size; and only the one that the host knows. */
        for (i = 0; i < n; i++) {
            uint32_t control = get(p + 8 + 8 * i, 4);
            unsigned bar = control & 7, size = control >> 8 & 0x3f;

            if (bar > 5 || size >= 28 ||
                m->info->region[bar].size != UINT64_C(0x100000) << size) {
                return 0;
            }
        }
        return SPEC_REBAR(n);
    case 0x18:
        return SPEC_LTR;
    case 0x1e:
        return SPEC_L1SS;
    case 0x1f:
        return SPEC_PTM;
    case 0x23:
        n = room >= 10 ? get(p + 4, 4) >> 20 : 0;
        return n >= 10 ? n : 0;
    default:
        return 0;
    }
}

/* Of the policy: a bit for each ID. */
static bool wanted(const struct ext_maker *m, unsigned id)
{
    return id >= 64 || !(m->policy->hide_ext[id / 8] & 1u << id % 8);
}

static void judge(struct ext_maker *m)
{
    unsigned i, j;

    for (i = 0; i < m->num; i++) {
        struct ext *c = &m->cap[i];
        unsigned end = SIM_CFG_SIZE;

        for (j = 0; j < m->num; j++) {
            if (m->cap[j].pos > c->pos && m->cap[j].pos < end) {
                end = m->cap[j].pos;
            }
        }
        c->size = size_of(m, c, end - c->pos);
        c->shown = c->size && c->pos + c->size <= end;
        for (j = 0; j < i; j++) {
            c->shown &= c->id == 0x0b || c->id == 0x23 ||
                c->id != m->cap[j].id;
        }
        /* The host's errors are as they were, hidden or not. */
        if (c->shown && c->id == 0x01) {
            m->r->aer = c->pos;
        }
        c->shown &= wanted(m, c->id);
    }
}

static void rule_shown(struct ext_maker *m, unsigned pos, unsigned id)
{
    unsigned i, n;

    switch (id) {
    case 0x01:
        /* Status, mask, severity of what can't and what can be corrected. */
        for (i = 0x04; i <= 0x0c; i += 4) {
            may(m, pos + i, 4, 0x03fff030);
        }
        may(m, pos + 0x10, 4, 0xf1c1);
        may(m, pos + 0x14, 4, 0xf1c1);
        /* ECRC on and off; no log of prefixes. */
        may(m, pos + 0x18, 4, 0x140);
        fixed(m, pos + 0x18, 4, 0x800, 0);
        /* 7.10: sticky. */
        sim_put(m->r->stays + pos + 0x08, 4, 0x03fff030);
        sim_put(m->r->stays + pos + 0x0c, 4, 0x03fff030);
        sim_put(m->r->stays + pos + 0x14, 4, 0xf1c1);
        sim_put(m->r->stays + pos + 0x18, 4, 0x140);
        break;
    case 0x03:
        fixed_host(m, pos + 4, 4);
        fixed_host(m, pos + 8, 4);
        break;
    case 0x0b:
    case 0x1e:
    case 0x1f:
        fixed_host(m, pos + 4, 4);
        break;
    case 0x0d:
        fixed_host(m, pos + 4, 2);
        break;
    case 0x15:
        n = get(m->cfg + pos + 8, 4) >> 5 & 7;
        for (i = 0; i < n; i++) {
            uint32_t control = get(m->cfg + pos + 8 + 8 * i, 4);

            fixed(m, pos + 4 + 8 * i, 4, UINT32_MAX,
                  UINT32_C(0x10) << (control >> 8 & 0x3f));
            fixed(m, pos + 8 + 8 * i, 4, UINT32_MAX, control & 0xffff);
        }
        break;
    case 0x23:
        fixed_host(m, pos + 4, 4);
        fixed_host(m, pos + 8, 2);
        break;
    default:
        break;
    }
}

void inv_make_ext_rules(struct inv *v)
{
    struct ext_maker m = {
        .r = &v->rules, .cfg = v->found,
        .info = &v->w->sim.dev.pt.info, .policy = &v->w->args.policy,
    };
    unsigned i, last = 0;
    uint32_t head = get(v->found + 0x100, 4);

    v->rules.size = v->rules.end = PT_CFG_SIZE;
    if (!v->w->args.policy.extended || v->w->sim.dev.size != SIM_CFG_SIZE ||
        !shows_express(v) || head == UINT32_MAX ||
        head == get(v->found, 4) ||
        /* What could not be read at attach is not there. */
        (v->failures && pt_config_size(v->w->d) == PT_CFG_SIZE)) {
        return;
    }
    v->rules.size = SIM_CFG_SIZE;
    v->rules.end = PT_CFG_SIZE + 4;
    memset(v->rules.fixed + 0x100, 0xff, SIM_CFG_SIZE - 0x100);
    memset(v->rules.value + 0x100, 0, SIM_CFG_SIZE - 0x100);
    walk(&m);
    judge(&m);
    for (i = 0; i < m.num; i++) {
        const struct ext *c = &m.cap[i];

        if (!c->shown) {
            continue;
        }
        memset(v->rules.fixed + c->pos, 0, c->size);
        rule_shown(&m, c->pos, c->id);
        fixed(&m, c->pos, 4, UINT32_MAX, get(v->found + c->pos, 4) & 0xfffff);
        /* The pointer to this one, of whatever is before. */
        fixed(&m, last ? last : 0x100, 4, UINT32_MAX,
              (last || c->pos == 0x100 ?
               get(v->found + (last ? last : 0x100), 4) & 0xfffff : 0) |
              (last || c->pos != 0x100 ? (uint32_t)c->pos << 20 : 0));
        v->rules.ext_size[v->rules.num_ext] = (uint16_t)c->size;
        v->rules.ext[v->rules.num_ext++] = c->pos;
        last = c->pos;
        if (c->pos + c->size > v->rules.end) {
            v->rules.end = c->pos + c->size;
        }
    }
    v->rules.end += v->rules.end < SIM_CFG_SIZE - 8 ? 8 : 0;
}
