/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What registers and capabilities of a policy file make of a device. See
 * lib-invariants.h. Whatever the file says: it is attached only if nothing of
 * it is in the header, in the chains, in Xen's structures, and so on.
 */
#include "lib-invariants-int.h"

static uint8_t byte(uint32_t bits, unsigned i)
{
    return (uint8_t)(bits >> (8 * i));
}

/* What has effects beyond its bits, in the structure @id. */
static bool has_effects(uint8_t id, unsigned at)
{
    return (id == PCI_CAP_ID_PM && at - PCI_PM_CTRL < 2u) ||
        (id == PCI_CAP_ID_EXP && at - PCI_EXP_DEVCTL < 2u);
}

/* Nobody's, whatever the policy: Xen's, the chain, what reads 0. */
static bool never(const struct inv *v, unsigned off)
{
    static const uint8_t zeros[] = {
        PCI_CAP_ID_AGP, PCI_CAP_ID_AGP3, PCI_CAP_ID_SLOTID,
        PCI_CAP_ID_HOTPLUG, PCI_CAP_ID_SSVID,
    };
    const struct inv_rules *r = &v->rules;

    if (off < 0x40 || (off >= 0x100 && off < 0x104)) {
        return true;
    }
    for (unsigned i = 0; i < r->num_structures && off < 0x100; i++) {
        unsigned at = off - r->structure[i].pos;
        uint8_t id = v->found[r->structure[i].pos];

        if (at >= r->structure[i].size) {
            continue;
        }
        return id == PCI_CAP_ID_MSI || id == PCI_CAP_ID_MSIX ||
            (r->structure[i].exposed && (at < 2 || has_effects(id, at))) ||
            memchr(zeros, id, sizeof(zeros)) != NULL;
    }
    for (unsigned i = 0; i < r->num_ext; i++) {
        if (off - r->ext[i] < r->ext_size[i]) {
            return off - r->ext[i] < 4;
        }
    }
    return off >= 0x100;
}

static void apply_byte(struct inv *v, const struct pt_mask *m, unsigned i,
                       const uint8_t *most)
{
    struct inv_rules *r = &v->rules;
    unsigned off = m->off + i;
    uint8_t constant = byte(m->fixed | m->zero | m->one, i);
    uint8_t less = byte(m->fixed | m->zero | m->one | m->emu | m->ro, i);
    uint8_t open = byte(m->fwd | m->rw1c, i);

    if (!(less | open)) {
        return;
    }
    if (never(v, off)) {
        bad(v, "a policy file's register is accepted at %#x", off);
    }
    if (open & ~(off < PT_CFG_SIZE ? most[off] : 0)) {
        bad(v, "a policy file opens bits %02x at %#x", open, off);
    }
    r->may[off] = (uint8_t)((r->may[off] & ~less) | open);
    /* What was constant stays so; what else the device has at attach. */
    r->value[off] = (uint8_t)((r->value[off] & r->fixed[off]) |
                              (v->found[off] & ~r->fixed[off]));
    r->fixed[off] = (uint8_t)((r->fixed[off] | constant) & ~byte(m->emu, i));
    r->value[off] = (uint8_t)((r->value[off] & ~byte(m->zero, i)) |
                              byte(m->one, i));
}

/* In no structure; constant, and the last of the chain. */
static void add_cap(struct inv *v, const struct pt_added *a)
{
    struct inv_rules *r = &v->rules;
    unsigned last = r->num_caps ? r->cap[r->num_caps - 1] + 1u :
        PCI_CAPABILITY_LIST;

    for (unsigned i = 0; i < r->num_structures; i++) {
        if (a->pos < r->structure[i].pos + r->structure[i].size &&
            r->structure[i].pos < a->pos + a->size) {
            bad(v, "a capability is added over the one at %02x",
                r->structure[i].pos);
        }
    }
    memset(r->may + a->pos, 0, a->size);
    memset(r->fixed + a->pos, 0xff, a->size);
    memcpy(r->value + a->pos, a->data, a->size);
    r->value[a->pos + 1] = 0;
    r->value[last] = a->pos;
    r->fixed[PCI_STATUS] |= PCI_STATUS_CAP_LIST;
    r->value[PCI_STATUS] |= PCI_STATUS_CAP_LIST;
    r->cap[r->num_caps++] = a->pos;
    r->num_added++;
}

void inv_apply_policy(struct inv *v, const uint8_t most[PT_CFG_SIZE])
{
    const struct pt_policy *p = &v->w->args.policy;

    for (unsigned n = 0; n < p->num_masks; n++) {
        const struct pt_mask *m = &p->mask[n];

        for (unsigned i = 0; i < m->size && m->off < v->rules.size; i++) {
            apply_byte(v, m, i, most);
        }
    }
    for (unsigned n = 0; n < p->num_added; n++) {
        add_cap(v, &p->added[n]);
    }
}

uint8_t inv_policy_rw1c(const struct inv *v, unsigned off)
{
    const struct pt_policy *p = &v->w->args.policy;

    for (unsigned n = 0; n < p->num_masks; n++) {
        if (off - p->mask[n].off < p->mask[n].size) {
            return byte(p->mask[n].rw1c, off - p->mask[n].off);
        }
    }
    return 0;
}
