/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest's configuration space: tables compiled into byte arrays, and the
 * one path that every access takes.
 *
 * The path splits, merges and masks; nothing else does. It knows no register:
 * what a register does beyond its masks is in its row's hooks.
 */
#include <endian.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "pt-dev.h"

static uint32_t len_mask(unsigned len)
{
    return len >= 4 ? UINT32_MAX : (UINT32_C(1) << (8 * len)) - 1;
}

/*
 * The @len (0..4) bytes at @p as a number. Four bytes are loaded: the arrays
 * of struct pt_dev are that much longer.
 */
uint32_t pt_load(const uint8_t *p, unsigned len)
{
    uint32_t v;

    memcpy(&v, p, sizeof(v));
    return le32toh(v) & len_mask(len);
}

/* Store the @len (0..4) low bytes of @val at @p, and no more. */
void pt_store(uint8_t *p, uint32_t val, unsigned len)
{
    uint32_t v = htole32(val);

    memcpy(p, &v, len);
}

uint32_t pt_copy(const struct pt_dev *d, uint16_t off, unsigned len)
{
    return pt_load(d->copy + off, len);
}

/* ------------------------------------------------------------------ */
/* Access                                                              */

static bool legal(const struct pt_dev *d, uint32_t off, unsigned len)
{
    return (len == 1 || len == 2 || len == 4) && off <= d->size - len;
}

static inline uint32_t read_now(struct pt_dev *d, uint16_t off, unsigned len)
{
    uint32_t emu = pt_load(d->emu + off, len);
    uint32_t copy = pt_load(d->copy + off, len) & emu;
    uint32_t theirs = len_mask(len) & ~emu;
    uint8_t buf[4] = { 0 };

    if (theirs == 0) {
        return copy;
    }
    if (pt_host_read(d, off, buf, len) != 0) {
        return copy | theirs;
    }
    return copy | (pt_load(buf, 4) & theirs);
}

/* Apart from the usual path, which it would make longer. */
static uint32_t __attribute__((noinline))
read_deaf(struct pt_dev *d, uint16_t off, unsigned len)
{
    uint32_t val;

    if (!pt_listens(d)) {
        return len_mask(len);
    }
    val = read_now(d, off, len);
    if (d->deaf & PT_ASLEEP) {
        pt_pm_saw(d, off, len, val);
    }
    return val;
}

uint32_t pt_config_read(struct pt_dev *d, uint32_t off, unsigned len)
{
    if (!legal(d, off, len)) {
        return 0;
    }
    return d->deaf ? read_deaf(d, (uint16_t)off, len) :
        read_now(d, (uint16_t)off, len);
}

/* @mask and @val of the @len byte register at @reg, in the lanes of @a. */
static void lanes(const struct pt_access *a, uint16_t reg, unsigned len,
                  uint32_t *mask, uint32_t *val)
{
    uint64_t m = *mask & len_mask(len), v = *val & len_mask(len);
    int shift = 8 * ((int)reg - (int)a->off);

    if (shift <= -64 || shift >= 64) {
        m = v = 0;
    } else if (shift < 0) {
        m >>= -shift;
        v >>= -shift;
    } else {
        m <<= shift;
        v <<= shift;
    }
    *mask = (uint32_t)m & len_mask(a->len);
    *val = (uint32_t)v & *mask;
}

void pt_access_send(struct pt_access *a, uint16_t reg, unsigned len,
                    uint32_t mask, uint32_t val)
{
    lanes(a, reg, len, &mask, &val);
    a->fwd |= mask;
    a->val = (a->val & ~mask) | val;
}

void pt_access_drop(struct pt_access *a, uint16_t reg, unsigned len,
                    uint32_t mask)
{
    uint32_t none = 0;

    lanes(a, reg, len, &mask, &none);
    a->fwd &= ~mask;
}

void pt_access_take(struct pt_access *a, uint16_t reg, unsigned len,
                    uint32_t *mask, uint32_t *val)
{
    uint32_t none = 0, mine = len_mask(len);
    int shift = 8 * ((int)reg - (int)a->off);

    lanes(a, reg, len, &mine, &none);
    mine &= a->fwd;
    a->fwd &= ~mine;
    if (mine == 0) {
        *mask = *val = 0;  /* and it may be out of the shifts' reach */
        return;
    }
    *mask = shift < 0 ? mine << -shift : mine >> shift;
    *val = shift < 0 ? (a->val & mine) << -shift : (a->val & mine) >> shift;
}

uint32_t pt_access_ones(const struct pt_access *a, uint16_t reg, unsigned len)
{
    uint32_t ones = 0;
    unsigned i;

    for (i = 0; i < a->len; i++) {
        if (a->off + i >= reg && a->off + i < reg + len) {
            ones |= (a->val >> (8 * i) & 0xff) << (8 * (a->off + i - reg));
        }
    }
    return ones;
}

static uint8_t lane(uint32_t v, unsigned i)
{
    return (uint8_t)(v >> (8 * i));
}

/*
 * Write the bytes @start..@end of the access to the device: the guest's bits
 * where they are forwarded, the device's own elsewhere, RW1C bits only as the
 * guest wrote them (XSA-128, XSA-131).
 */
static int send_run(struct pt_dev *d, const struct pt_access *a,
                    unsigned start, unsigned end)
{
    uint16_t off = (uint16_t)(a->off + start);
    unsigned len = end - start + 1, i;
    uint32_t fwd = (a->fwd >> (8 * start)) & len_mask(len);
    uint32_t val = (a->val >> (8 * start)) & fwd;
    uint32_t keep = ~fwd & ~pt_load(d->rw1c + off, len) & len_mask(len);
    uint8_t buf[4] = { 0 };
    bool trigger = false;
    int rc;

    if (fwd != len_mask(len)) {
        rc = pt_host_read(d, off, buf, len);
        if (rc != 0) {
            return rc;
        }
        for (i = start; i <= end; i++) {
            trigger |= (d->quirk[a->off + i] & PT_ROW_TRIGGER) != 0;
        }
        /* The device has it already: spare the cycle. */
        if (!trigger && val == (pt_load(buf, len) & fwd) &&
            !(val & pt_load(d->rw1c + off, len))) {
            return 0;
        }
    }
    val |= pt_load(buf, len) & keep;
    return pt_host_write_val(d, off, val, len);
}

/*
 * Send what is left of the access to the device: one write, which covers a
 * byte that is not for the device only if the device ignores writes there;
 * otherwise one for each contiguous run.
 */
static int send(struct pt_dev *d, struct pt_access *a)
{
    uint32_t rw1c = pt_load(d->rw1c + a->off, a->len);
    unsigned i, end, start = 0;
    int rc, failed = 0;

    a->fwd &= ~(rw1c & ~a->val);  /* a 0 does nothing there */
    while (start < a->len) {
        if (!lane(a->fwd, start)) {
            start++;
            continue;
        }
        end = start;
        for (i = start + 1; i < a->len; i++) {
            if (lane(a->fwd, i)) {
                end = i;
            } else if (!(d->quirk[a->off + i] & PT_ROW_INERT)) {
                break;
            }
        }
        rc = send_run(d, a, start, end);
        failed = failed ? failed : rc;
        start = end + 1;
    }
    return failed;
}

struct touched {
    const struct pt_field *f;
    uint32_t old;
};

/* The fields with hooks that an access meets, and their value before it. */
static unsigned collect(const struct pt_dev *d, const struct pt_access *a,
                        struct touched *t)
{
    unsigned i, n = 0, last = 0;

    for (i = 0; i < a->len; i++) {
        unsigned at = d->field_at[a->off + i];

        if (d->hooked[a->off + i] && at != last) {
            t[n].f = &d->field[at - 1];
            t[n].old = pt_copy(d, t[n].f->off, t[n].f->row->size);
            n++;
            last = at;
        }
    }
    return n;
}

static void write_hooked(struct pt_dev *d, struct pt_access *a,
                         const struct touched *t, unsigned n)
{
    unsigned i;

    for (i = 0; i < n; i++) {
        if (t[i].f->row->prepare) {
            t[i].f->row->prepare(d, t[i].f, t[i].old, a);
        }
    }
    pt_sync(d);  /* what must be gone when the device has it */
    a->error = send(d, a);
    for (i = 0; i < n; i++) {
        if (t[i].f->row->commit) {
            t[i].f->row->commit(d, t[i].f, t[i].old, a);
        }
    }
    pt_sync(d);
}

void pt_config_write(struct pt_dev *d, uint32_t off, uint32_t val,
                     unsigned len)
{
    struct pt_access a;
    struct touched t[4];
    unsigned n = 0;
    uint32_t own;

    if (!legal(d, off, len)) {
        pt_log_once(d, PT_ONCE_RANGE, PT_LOG_WARNING,
                    "ignored a write of %u bytes at offset %#x", len, off);
        return;
    }
    if (d->deaf && !pt_listens(d)) {
        return;
    }

    a = (struct pt_access) {
        .off = (uint16_t)off,
        .len = (uint8_t)len,
        .val = val & len_mask(len),
        .fwd = pt_load(d->fwd + off, len),
    };
    own = pt_load(d->own + off, len);
    if (!(own | a.fwd) && d->kind[off] != PT_FIELD) {
        pt_log_once(d, PT_ONCE_DENIED, PT_LOG_WARNING,
                    "ignored a write at offset %#x, which the guest may not "
                    "write (other ones are not logged)", off);
        return;
    }
    if (d->started && pt_load(d->hooked + off, len)) {
        n = collect(d, &a, t);
    }
    pt_store(d->copy + off,
             (pt_load(d->copy + off, len) & ~own) | (a.val & own), len);
    if (!d->started) {
        return;
    }
    if (n != 0) {
        write_hooked(d, &a, t, n);
    } else if (a.fwd != 0) {
        send(d, &a);
    }
}

/* ------------------------------------------------------------------ */
/* Tables                                                              */

static int check_row(const struct pt_group *g, const struct pt_row *r,
                     struct pt_error *err)
{
    uint32_t all = len_mask(r->size);
    const char *wrong = NULL;

    if (!r->name || !r->why || !r->spec) {
        wrong = "has no name, reason or specification";
    } else if (r->size != 1 && r->size != 2 && r->size != 4) {
        wrong = "is not 1, 2 or 4 bytes wide";
    } else if ((r->init | r->host | r->emu | r->ro | r->rw1c | r->rsvd) &
               ~all) {
        wrong = "has bits beyond its width";
    } else if ((r->ro & r->rw1c) | (r->ro & r->rsvd) | (r->rw1c & r->rsvd) |
               (r->emu & r->rsvd)) {
        wrong = "has overlapping masks";
    } else if ((r->init & r->host) | ((r->init | r->host) & ~r->emu)) {
        wrong = "starts a bit that is not the guest's copy, or starts it twice";
    } else if (g->size && r->off + r->size > g->size) {
        wrong = "leaves its structure";
    } else if ((r->flags & PT_ROW_INERT) &&
               (all & ~(r->ro | r->rw1c | r->rsvd))) {
        wrong = "is inert and yet writable";
    } else if (r->sticky & (r->ro | r->rw1c | r->rsvd | ~all)) {
        wrong = "keeps what no guest writes";
    }
    if (wrong) {
        return pt_fail(err, EINVAL, "%s: register %s at +%#x %s", g->name,
                       r->name ? r->name : "?", r->off, wrong);
    }
    return 0;
}

int pt_group_check(const struct pt_group *g, struct pt_error *err)
{
    unsigned i, j;

    if (!g->name) {
        return pt_fail(err, EINVAL, "a table without a name");
    }
    if (g->fate != PT_EXPOSED && (g->open || !g->why)) {
        return pt_fail(err, EINVAL, "%s: is hidden, and open or without a "
                       "reason", g->name);
    }
    for (i = 0; i < g->num_rows; i++) {
        const struct pt_row *r = &g->rows[i];
        int rc = g->fate == PT_EXPOSED || (r->flags & PT_ROW_RESTORE) ?
            check_row(g, r, err) :
            pt_fail(err, EINVAL, "%s: is hidden, and has registers",
                    g->name);

        if (rc != 0) {
            return rc;
        }
        for (j = 0; j < i; j++) {
            const struct pt_row *q = &g->rows[j];
            bool together = !r->only || !q->only || (r->only & q->only);

            if (together && r->off < q->off + q->size &&
                q->off < r->off + r->size) {
                return pt_fail(err, EINVAL, "%s: registers %s and %s overlap",
                               g->name, q->name, r->name);
            }
        }
    }
    return 0;
}

/* Returns 0, or -EINVAL: a register left out would be open to the guest. */
static int add_fields(struct pt_dev *d, const struct pt_group *g,
                      uint16_t pos, uint8_t cap, uint8_t variant,
                      struct pt_error *err)
{
    unsigned i, n;

    for (i = 0; i < g->num_rows; i++) {
        const struct pt_row *r = &g->rows[i];
        unsigned off = pos + r->off;

        if (r->only && !(r->only & variant)) {
            continue;
        }
        if (off + r->size > (pos < PT_CFG_SIZE ? PT_CFG_SIZE :
                             PT_CFG_EXT_SIZE)) {
            return pt_fail(err, EINVAL, "%s at %02x: register %s leaves the "
                           "configuration space", g->name, pos, r->name);
        }
        if (d->num_fields == PT_MAX_FIELDS) {
            return pt_fail(err, EINVAL, "%s at %02x: more than %u registers",
                           g->name, pos, PT_MAX_FIELDS);
        }
        d->field[d->num_fields++] = (struct pt_field) {
            .row = r, .off = (uint16_t)off, .cap = cap,
        };
        for (n = 0; n < r->size; n++) {
            d->field_at[off + n] = (uint16_t)d->num_fields;
        }
        memset(d->kind + off, PT_FIELD, r->size);
        memset(d->hooked + off, r->prepare || r->commit, r->size);
        memset(d->quirk + off, r->flags, r->size);
    }
    return 0;
}

static int claim(struct pt_dev *d, uint8_t index, struct pt_error *err)
{
    static const uint8_t kind[] = {
        [PT_EXPOSED] = PT_UNDECLARED,
        [PT_HIDDEN] = PT_CONCEALED,
        [PT_ZERO] = PT_ZEROED,
    };
    const struct pt_group *header = index < d->num_basic ?
        &pt_group_cap_header : &pt_group_ext_header;
    const struct pt_cap *c = &d->cap[index];
    uint8_t k = kind[c->fate];
    int rc;

    if (c->fate == PT_EXPOSED && c->group->open) {
        k = PT_OPEN;
    }
    if (c->added) {
        k = PT_ADDED;
    }
    memset(d->kind + c->pos, k, c->size);
    memset(d->cap_at + c->pos, index, c->size);
    if (c->fate != PT_EXPOSED || c->added) {
        return 0;
    }
    rc = add_fields(d, header, c->pos, index, 0, err);
    return rc ? rc :
        add_fields(d, c->group, c->pos, index, c->variant, err);
}

/*
 * A chip that decodes fewer address bits has each register more than once. A
 * guest that can't write it at one place must not at another: Command's mirror
 * switches decoders off, a BAR's moves it (XSA-120, XSA-126). None of them is
 * written, not even by permissive; only what is device-specific everywhere is
 * the driver's.
 */
static void close_mirrors(struct pt_dev *d)
{
    unsigned period = pt_header_period(d->snap), off, at;
    bool ours[PT_CFG_SIZE] = { false };

    if (period == PT_CFG_SIZE) {
        return;
    }
    pt_log(d, PT_LOG_INFO, "the header is found again every %#x bytes: there "
           "the guest can only read", period);
    for (off = 0; off < PT_CFG_SIZE; off++) {
        ours[off % period] |= d->kind[off] != PT_DEVICE &&
            d->kind[off] != PT_ADDED;
    }
    for (at = PT_CFG_CAPS_START; at < PT_CFG_SIZE; at++) {
        if (ours[at % period] && d->kind[at] == PT_DEVICE) {
            d->kind[at] = PT_MIRRORED;
        }
    }
}

/*
 * A structure of Xen's that reaches over the next one is cut there; neither
 * an open one nor what comes behind is a way to its registers.
 */
static void close_claims(struct pt_dev *d)
{
    unsigned off;

    for (off = PT_CFG_CAPS_START; off < PT_CFG_SIZE; off++) {
        uint8_t *k = &d->kind[off];

        if (pt_chain_xens(d, off)) {
            *k = *k == PT_DEVICE ? PT_CONCEALED :
                *k == PT_OPEN ? PT_UNDECLARED : *k;
        }
    }
}

bool pt_space_closed(const struct pt_dev *d, unsigned off)
{
    unsigned i = d->cap_at[off];

    return pt_chain_xens(d, off) ||
        (i != PT_NO_CAP && pt_hides(&d->policy, d->cap[i].id));
}

/* What permissive opens. Extended space is about the host's fabric. */
static bool opened(const struct pt_dev *d, unsigned off)
{
    return d->policy.permissive && off < PT_CFG_SIZE;
}

/* Masks of a byte that no row declares. */
static void compile_byte(struct pt_dev *d, unsigned off)
{
    bool guest = false, device = false;

    switch ((enum pt_kind)d->kind[off]) {
    case PT_DEVICE:
        device = !d->policy.strict;
        break;
    case PT_OPEN:
        device = true;
        break;
    case PT_UNDECLARED:
    case PT_CONCEALED:
        device = opened(d, off) && !pt_space_closed(d, off);
        break;
    case PT_ZEROED:
        guest = true;
        break;
    case PT_ADDED:
        guest = true;
        d->copy[off] = pt_added_byte(d, off);
        break;
    case PT_MIRRORED:
        break;
    case PT_FIELD:
        return;
    }
    d->emu[off] = guest ? 0xff : 0;
    d->fwd[off] = device ? 0xff : 0;
}

static void compile_field(struct pt_dev *d, const struct pt_field *f)
{
    const struct pt_row *r = f->row;
    uint32_t fixed;
    struct pt_bits b = {
        .init = (pt_load(d->snap + f->off, r->size) & r->host) | r->init,
        .emu = r->emu, .ro = r->ro, .rw1c = r->rw1c, .rsvd = r->rsvd,
    };

    if (r->setup) {
        r->setup(d, f, &b);
    }
    if (r->flags & PT_ROW_RESTORE) {
        b.init |= pt_load(d->snap + f->off, r->size) & ~b.emu;
    }
    fixed = b.ro | (opened(d, f->off) ? 0 : b.rsvd);
    pt_store(d->copy + f->off, b.init, r->size);
    pt_store(d->emu + f->off, b.emu, r->size);
    pt_store(d->own + f->off, ~(fixed | b.rw1c), r->size);
    pt_store(d->fwd + f->off, ~(fixed | b.emu), r->size);
    pt_store(d->rw1c + f->off, b.rw1c, r->size);
}

const struct pt_group *pt_table(unsigned i)
{
    static const struct pt_group *const frames[PT_NUM_FRAMES] = {
        &pt_group_header, &pt_group_cap_header, &pt_group_ext_header,
        &pt_group_ext_first,
    };
    unsigned n;

    if (i < PT_NUM_FRAMES) {
        return frames[i];
    }
    i -= PT_NUM_FRAMES;
    for (n = 0; pt_groups[n]; n++) {
        if (n == i) {
            return pt_groups[n];
        }
    }
    i -= n;
    if (i < pt_num_hidden) {
        return &pt_group_hidden[i];
    }
    i -= pt_num_hidden;
    return i < pt_num_ext_hidden ? &pt_group_ext_hidden[i] : NULL;
}

/* A chain has to begin at its place, whatever the guest sees of it. */
static int add_ext_first(struct pt_dev *d, struct pt_error *err)
{
    return d->kind[PT_CFG_SIZE] == PT_FIELD ? 0 :
        add_fields(d, &pt_group_ext_first, PT_CFG_SIZE, PT_NO_CAP, 0, err);
}

int pt_space_build(struct pt_dev *d, struct pt_error *err)
{
    const struct pt_group *g;
    unsigned i;
    int rc = 0;

    for (i = 0; rc == 0 && (g = pt_table(i)) != NULL; i++) {
        rc = pt_group_check(g, err);
    }
    if (rc != 0) {
        return rc;
    }

    memset(d->cap_at, PT_NO_CAP, sizeof(d->cap_at));
    memset(d->kind, PT_UNDECLARED, PT_CFG_CAPS_START);
    memset(d->kind + PT_CFG_CAPS_START, PT_DEVICE,
           PT_CFG_SIZE - PT_CFG_CAPS_START);
    memset(d->kind + PT_CFG_SIZE, PT_ZEROED, PT_CFG_EXT_SIZE - PT_CFG_SIZE);
    rc = add_fields(d, &pt_group_header, 0, PT_NO_CAP, 0, err);
    for (i = 0; rc == 0 && i < d->num_caps; i++) {
        rc = claim(d, (uint8_t)i, err);
    }
    rc = rc ? rc : add_ext_first(d, err);
    if (rc != 0) {
        return rc;
    }
    close_claims(d);
    close_mirrors(d);
    pt_space_reset(d);
    return pt_masks_init(d, err);
}

void pt_space_reset(struct pt_dev *d)
{
    unsigned i;

    for (i = 0; i < d->size; i++) {
        compile_byte(d, i);
    }
    for (i = 0; i < d->num_fields; i++) {
        compile_field(d, &d->field[i]);
    }
    pt_masks_apply(d);
}

void pt_space_was_reset(struct pt_dev *d)
{
    uint8_t old[sizeof(d->copy)];
    unsigned i;

    memcpy(old, d->copy, sizeof(old));
    pt_space_reset(d);
    for (i = 0; i < d->num_fields; i++) {
        const struct pt_field *f = &d->field[i];
        unsigned size = f->row->size;
        uint32_t stays = f->row->sticky & pt_load(d->own + f->off, size);

        pt_store(d->copy + f->off, (pt_copy(d, f->off, size) & ~stays) |
                 (pt_load(old + f->off, size) & stays), size);
    }
}

unsigned pt_config_size(const struct pt_dev *d)
{
    return d->size;
}

void pt_look(const struct pt_dev *d, uint16_t off, struct pt_byte *b)
{
    memset(b, 0, sizeof(*b));
    if (off >= d->size) {
        return;
    }
    b->kind = (enum pt_kind)d->kind[off];
    if (d->field_at[off]) {
        const struct pt_field *f = &d->field[d->field_at[off] - 1];

        b->row = f->row;
        b->row_off = f->off;
    }
    if (d->cap_at[off] != PT_NO_CAP) {
        b->cap = &d->cap[d->cap_at[off]];
    }
    b->mask = pt_mask_at(d, off);
    b->emu = d->emu[off];
    b->own = d->own[off];
    b->fwd = d->fwd[off];
    b->rw1c = d->rw1c[off];
    b->copy = d->copy[off];
    b->value = (uint8_t)((d->snap[off] & ~d->emu[off]) |
                         (d->copy[off] & d->emu[off]));
}
