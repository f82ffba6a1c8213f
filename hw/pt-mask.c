/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Registers of which the policy says something else than the tables: checked,
 * and laid over what the tables were compiled to. All of it but what opens a
 * device-specific register of a strict device makes a bit less of the guest's.
 */
#include <errno.h>
#include <string.h>

#include "pt-dev.h"

/* Bits that the guest may write to the device. */
static uint32_t opens(const struct pt_mask *m)
{
    return m->fwd | m->rw1c;
}

static uint32_t constant(const struct pt_mask *m)
{
    return m->fixed | m->zero | m->one;
}

/* A bit that two of the masks have; 0: none. */
static uint32_t twice(const struct pt_mask *m)
{
    const uint32_t all[] = {
        m->fwd, m->rw1c, m->emu, m->ro, m->fixed, m->zero, m->one,
    };
    uint32_t seen = 0, both = 0;
    unsigned i;

    for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        both |= seen & all[i];
        seen |= all[i];
    }
    return both;
}

static uint32_t named(const struct pt_mask *m)
{
    return opens(m) | m->emu | m->ro | constant(m);
}

static int refuse(const struct pt_mask *m, const char *why,
                  struct pt_error *err)
{
    return pt_fail(err, EINVAL, "%s%sregister %#x.%u: %s", m->from,
                   m->from[0] ? ": " : "", m->off, m->size, why);
}

int pt_mask_check(const struct pt_mask *m, struct pt_error *err)
{
    const char *why = NULL;

    if (m->size != 1 && m->size != 2 && m->size != 4) {
        why = "a register has 1, 2 or 4 bytes";
    } else if (m->off % m->size != 0) {
        why = "is not at a multiple of its size";
    } else if (m->off >= PT_CFG_EXT_SIZE) {
        why = "there is nothing from 0x1000 on";
    } else if (m->off < PT_CFG_CAPS_START) {
        why = "the header, up to 0x3f, is as it is";
    } else if (named(m) & ~(UINT32_MAX >> (32 - 8 * m->size))) {
        why = "a bit beyond its size";
    } else if (named(m) == 0) {
        why = "no bit of it is named";
    } else if (twice(m)) {
        why = "a bit is named twice";
    } else if (m->off >= PT_CFG_SIZE && opens(m)) {
        why = "above 0xff nothing is opened";
    }
    return why ? refuse(m, why, err) : 0;
}

static bool overlap(const struct pt_mask *a, const struct pt_mask *b)
{
    return a->off < b->off + b->size && b->off < a->off + a->size;
}

int pt_masks_check(const struct pt_policy *p, struct pt_error *err)
{
    unsigned i, j;
    int rc;

    if (p->num_masks > PT_MAX_MASKS) {
        return pt_fail(err, EINVAL, "more than %u registers", PT_MAX_MASKS);
    }
    for (i = 0; i < p->num_masks; i++) {
        rc = pt_mask_check(&p->mask[i], err);
        if (rc != 0) {
            return rc;
        }
        for (j = 0; j < i; j++) {
            if (overlap(&p->mask[i], &p->mask[j])) {
                return refuse(&p->mask[i], "overlaps another one", err);
            }
        }
    }
    return 0;
}

/* Do ID and next pointer of the guest's chain lie there? */
static bool in_chain(const struct pt_dev *d, unsigned off)
{
    const struct pt_cap *c;

    if (off - PT_CFG_SIZE < 4) {
        return true;
    }
    if (d->cap_at[off] == PT_NO_CAP) {
        return false;
    }
    c = &d->cap[d->cap_at[off]];
    return c->fate == PT_EXPOSED &&
        off - c->pos < (off < PT_CFG_SIZE ? 2u : 4u);
}

/* Would permissive open bits @mask of the byte at @off? */
static bool waits(const struct pt_dev *d, unsigned off, uint8_t mask)
{
    const struct pt_field *f;
    uint32_t rsvd;

    if (off >= PT_CFG_SIZE || pt_space_closed(d, off)) {
        return false;
    }
    if (d->kind[off] != PT_FIELD) {
        return d->kind[off] == PT_UNDECLARED || d->kind[off] == PT_CONCEALED;
    }
    f = &d->field[d->field_at[off] - 1];
    rsvd = f->row->rsvd >> (8 * (off - f->off));
    return (mask & ~rsvd) == 0;
}

/* Why bits of the byte at @off can't be changed; NULL: they can. */
static const char *why_not(const struct pt_dev *d, unsigned off, uint8_t open)
{
    if (pt_chain_xens(d, off)) {
        return "MSI and MSI-X are Xen's";
    }
    if (d->kind[off] == PT_MIRRORED) {
        return "the header or a capability is found here again";
    }
    if (d->kind[off] == PT_ADDED) {
        return "here is a capability that is added";
    }
    if (d->kind[off] == PT_ZEROED) {
        return "reads 0, whatever the device has";
    }
    if (in_chain(d, off)) {
        return "the chain of capabilities is as it is";
    }
    if (d->hooked[off]) {
        return "writing it has effects, which masks can't change";
    }
    open &= (uint8_t)~d->fwd[off];
    if (!open || d->kind[off] == PT_DEVICE) {
        return NULL;
    }
    return waits(d, off, open) ? "only permissive opens this" :
        "no policy opens this";
}

static int check_in(struct pt_dev *d, const struct pt_mask *m,
                    struct pt_error *err)
{
    unsigned i;

    for (i = 0; i < m->size; i++) {
        const char *why = (uint8_t)(named(m) >> (8 * i)) ?
            why_not(d, m->off + i, (uint8_t)(opens(m) >> (8 * i))) : NULL;

        if (why) {
            return refuse(m, why, err);
        }
    }
    return 0;
}

/* The device's value at attach. Of extended space, little was read. */
static int start_value(struct pt_dev *d, const struct pt_mask *m,
                       uint32_t *val, struct pt_error *err)
{
    uint8_t buf[4] = { 0 };
    int rc;

    *val = pt_load(d->snap + m->off, m->size);
    if (m->off < PT_CFG_SIZE) {
        return 0;
    }
    rc = d->host->ops->read(d->host->priv, m->off, buf, m->size);
    *val = pt_load(buf, m->size);
    return rc == 0 ? 0 : refuse(m, pt_strerror(rc), err);
}

/* What is not the guest's to write is not written as zeros either. */
static void keep_off(struct pt_dev *d, const struct pt_mask *m)
{
    unsigned i;

    for (i = 0; i < m->size; i++) {
        if ((uint8_t)(named(m) >> (8 * i))) {
            d->quirk[m->off + i] &= (uint8_t)~PT_ROW_INERT;
        }
    }
}

int pt_masks_init(struct pt_dev *d, struct pt_error *err)
{
    unsigned i;
    int rc = 0;

    for (i = 0; rc == 0 && i < d->policy.num_masks; i++) {
        const struct pt_mask *m = &d->policy.mask[i];

        if (m->off >= d->size) {
            continue;
        }
        rc = check_in(d, m, err);
        rc = rc ? rc : start_value(d, m, &d->mask_start[i], err);
        keep_off(d, m);
    }
    d->masked = rc == 0;
    pt_masks_apply(d);
    return rc;
}

static void apply(struct pt_dev *d, const struct pt_mask *m, uint32_t start)
{
    uint32_t emu = pt_load(d->emu + m->off, m->size);
    uint32_t own = pt_load(d->own + m->off, m->size);
    uint32_t fwd = pt_load(d->fwd + m->off, m->size);
    uint32_t rw1c = pt_load(d->rw1c + m->off, m->size);
    uint32_t copy = pt_load(d->copy + m->off, m->size);
    uint32_t shown = (copy & emu) | (start & ~emu);
    uint32_t mine = constant(m) | m->emu;

    copy = (copy & ~mine) | (shown & (m->fixed | m->emu)) | m->one;
    own = (own & ~(constant(m) | m->ro | m->rw1c)) | m->emu;
    fwd = (fwd & ~(mine | m->ro)) | opens(m);
    pt_store(d->copy + m->off, copy, m->size);
    pt_store(d->emu + m->off, emu | mine, m->size);
    pt_store(d->own + m->off, own, m->size);
    pt_store(d->fwd + m->off, fwd, m->size);
    pt_store(d->rw1c + m->off, rw1c | m->rw1c, m->size);
}

void pt_masks_apply(struct pt_dev *d)
{
    unsigned i;

    for (i = 0; d->masked && i < d->policy.num_masks; i++) {
        if (d->policy.mask[i].off < d->size) {
            apply(d, &d->policy.mask[i], d->mask_start[i]);
        }
    }
}

const struct pt_mask *pt_mask_at(const struct pt_dev *d, unsigned off)
{
    unsigned i;

    for (i = 0; i < d->policy.num_masks; i++) {
        const struct pt_mask *m = &d->policy.mask[i];

        if (m->off <= off && off < m->off + m->size) {
            return m;
        }
    }
    return NULL;
}
