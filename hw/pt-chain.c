/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The capability chain: walked once, at attach, in a device that may lie; and
 * what the guest's chain is made of.
 * PCI Local Bus 3.0 section 6.7.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "pt-pci.h"
#include "pt-dev.h"

/* Of an extended capability's header: PCIe 3.0, 7.9.3. */
#define EXT_ID 0x0000ffffu
#define EXT_ID_AND_VERSION 0x000fffffu
#define EXT_NEXT_SHIFT 20
#define EXT_NEXT(head) ((head) >> EXT_NEXT_SHIFT & 0xffcu)

/* ------------------------------------------------------------------ */
/* The guest's chain                                                   */

/* The first exposed one of cap[@i] to cap[@end - 1]; 0 ends the chain. */
static uint32_t first_exposed(const struct pt_dev *d, unsigned i, unsigned end)
{
    for (; i < end; i++) {
        if (d->cap[i].fate == PT_EXPOSED) {
            return d->cap[i].pos;
        }
    }
    return 0;
}

uint32_t pt_cap_next(const struct pt_dev *d, unsigned i)
{
    return first_exposed(d, i, d->num_basic);
}

static uint32_t next_ext_exposed(const struct pt_dev *d, unsigned i)
{
    return first_exposed(d, i, d->num_caps) << EXT_NEXT_SHIFT;
}

static void next_setup(const struct pt_dev *d, const struct pt_field *f,
                       struct pt_bits *bits)
{
    bits->init = pt_cap_next(d, f->cap + 1u);
}

void pt_cap_pointer_setup(const struct pt_dev *d, const struct pt_field *f,
                          struct pt_bits *bits)
{
    (void)f;
    bits->init = pt_cap_next(d, 0);
}

void pt_cap_status_setup(const struct pt_dev *d, const struct pt_field *f,
                         struct pt_bits *bits)
{
    (void)f;
    bits->init = pt_cap_next(d, 0) ? PCI_STATUS_CAP_LIST : 0;
    if (d->flr.offered) {
        /* After a reset, too, says this bit, and that is not so: it reads 0. */
        bits->emu |= PCI_STATUS_IMM_READY;
    }
}

static const struct pt_row cap_header_rows[] = {
    {
        .name = "Capability ID", .spec = "PCI 3.0, 6.7",
        .why = "constant",
        .off = PCI_CAP_LIST_ID, .size = 1, .flags = PT_ROW_INERT,
        .host = 0xff, .emu = 0xff, .ro = 0xff,
    }, {
        .name = "Next Capability Pointer", .spec = "PCI 3.0, 6.7",
        .why = "recomputed: leads past the capabilities that are hidden",
        .off = PCI_CAP_LIST_NEXT, .size = 1, .flags = PT_ROW_INERT,
        .emu = 0xff, .ro = 0xff,
        .setup = next_setup,
    },
};

/* What each exposed capability begins with. */
const struct pt_group pt_group_cap_header = {
    .name = "Capability", .size = 2, .fate = PT_EXPOSED,
    PT_ROWS(cap_header_rows),
};

static void ext_next_setup(const struct pt_dev *d, const struct pt_field *f,
                           struct pt_bits *bits)
{
    bits->init |= next_ext_exposed(d, f->cap + 1u);
}

static void ext_first_setup(const struct pt_dev *d, const struct pt_field *f,
                            struct pt_bits *bits)
{
    (void)f;
    bits->init = next_ext_exposed(d, d->num_basic);
}

static const struct pt_row ext_header_rows[] = {
    {
        .name = "Extended Capability Header", .spec = "PCIe 3.0, 7.9.3",
        .why = "ID and version are constant; the pointer leads past the "
            "capabilities that are hidden",
        .off = 0, .size = 4, .flags = PT_ROW_INERT,
        .host = EXT_ID_AND_VERSION, .emu = 0xffffffff, .ro = 0xffffffff,
        .setup = ext_next_setup,
    },
};

const struct pt_group pt_group_ext_header = {
    .name = "Extended capability", .size = 4, .fate = PT_EXPOSED,
    PT_ROWS(ext_header_rows),
};

static const struct pt_row ext_first_rows[] = {
    {
        .name = "Null Capability Header", .spec = "PCIe 3.0, 7.9.1",
        .why = "the first capability is hidden, or there is none; the pointer "
            "leads to the first that is not",
        .off = 0, .size = 4, .flags = PT_ROW_INERT,
        .emu = 0xffffffff, .ro = 0xffffffff,
        .setup = ext_first_setup,
    },
};

const struct pt_group pt_group_ext_first = {
    .name = "Null capability", .size = 4, .fate = PT_EXPOSED,
    PT_ROWS(ext_first_rows),
};

/* ------------------------------------------------------------------ */
/* The device's chain                                                  */

static const struct pt_group unknown = {
    .name = "Unknown", .fate = PT_HIDDEN,
    .why = "no table for this capability",
};

static const struct pt_group ext_unknown = {
    .name = "Unknown", .fate = PT_ZERO,
    .why = "no table for this capability",
};

static bool is_ext(const struct pt_cap *c)
{
    return c->pos >= PT_CFG_SIZE;
}

static const struct pt_group *group_of(uint32_t id)
{
    unsigned i;

    for (i = 0; pt_groups[i]; i++) {
        if (pt_groups[i]->id == id) {
            return pt_groups[i];
        }
    }
    for (i = 0; i < pt_num_hidden; i++) {
        if (pt_group_hidden[i].id == id) {
            return &pt_group_hidden[i];
        }
    }
    for (i = 0; i < pt_num_ext_hidden; i++) {
        if (pt_group_ext_hidden[i].id == id) {
            return &pt_group_ext_hidden[i];
        }
    }
    return id < PT_EXT_CAP(0) ? &unknown : &ext_unknown;
}

/* An exposed capability can't be kept after all: hide it, and say so. */
static void __attribute__((format(printf, 3, 4)))
hide(struct pt_dev *d, struct pt_cap *cap, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(cap->why, sizeof(cap->why), fmt, ap);
    va_end(ap);
    cap->fate = is_ext(cap) ? PT_ZERO : PT_HIDDEN;
    pt_log(d, PT_LOG_WARNING, "%s capability (ID %02x at %02x) is %s: %s",
           cap->group->name, cap->id & EXT_ID, cap->pos,
           is_ext(cap) && d->size == PT_CFG_SIZE ? "not restored" : "hidden",
           cap->why);
}

const struct pt_cap *pt_cap_find(const struct pt_dev *d, uint32_t id)
{
    unsigned i;

    for (i = 0; i < d->num_caps; i++) {
        if (d->cap[i].id == id && d->cap[i].fate == PT_EXPOSED) {
            return &d->cap[i];
        }
    }
    return NULL;
}

unsigned pt_num_caps(const struct pt_dev *d)
{
    return d->size == PT_CFG_SIZE ? d->num_basic : d->num_caps;
}

const struct pt_cap *pt_cap_at(const struct pt_dev *d, unsigned i)
{
    return &d->cap[i];
}

/*
 * A walk through one of the device's two chains. Its pointers may lead
 * anywhere, and back: a set of visited places bounds it.
 */
struct walk {
    const char *name;
    uint16_t start;  /* no structure of it is before */
    unsigned left;   /* how many there may be */
    uint32_t visited[PT_CFG_EXT_SIZE / 4 / 32];
};

/* Is there a structure at @pos, a new one? A chain that ends badly is told. */
static bool walk_on(struct pt_dev *d, struct walk *w, uint32_t pos)
{
    uint32_t bit = UINT32_C(1) << (pos / 4 % 32);
    const char *wrong = NULL;

    if (pos == 0) {
        return false;
    }
    if (pos < w->start) {
        wrong = "a pointer out of its space, to";
    } else if (w->visited[pos / 4 / 32] & bit) {
        wrong = "a loop to";
    } else if (w->left == 0) {
        wrong = "too many, at";
    }
    if (wrong) {
        pt_log(d, PT_LOG_WARNING, "%s chain ends at %s %02x", w->name, wrong,
               pos);
        return false;
    }
    w->visited[pos / 4 / 32] |= bit;
    w->left--;
    return true;
}

/* The byte of the policy's bits for @id, or NULL. */
static const uint8_t *hide_byte(const struct pt_policy *p, uint32_t id)
{
    uint32_t ext = id - PT_EXT_CAP(0);

    if (id < PT_EXT_CAP(0)) {
        return id / 8 < sizeof(p->hide) ? &p->hide[id / 8] : NULL;
    }
    return ext / 8 < sizeof(p->hide_ext) ? &p->hide_ext[ext / 8] : NULL;
}

void pt_hide(struct pt_policy *p, uint32_t id)
{
    uint8_t *byte = (uint8_t *)hide_byte(p, id);

    if (byte) {
        *byte |= (uint8_t)(1u << id % 8);
    }
}

bool pt_hides(const struct pt_policy *p, uint32_t id)
{
    const uint8_t *byte = hide_byte(p, id);

    return byte && (*byte >> id % 8 & 1);
}

static bool has_restore(const struct pt_group *g)
{
    unsigned i;

    for (i = 0; i < g->num_rows; i++) {
        if (g->rows[i].flags & PT_ROW_RESTORE) {
            return true;
        }
    }
    return false;
}

/* Of extended ones that are only restored, a guest sees nothing anyway. */
static bool is_unwanted(const struct pt_dev *d, const struct pt_cap *c)
{
    return c->fate == PT_EXPOSED && pt_hides(&d->policy, c->id) &&
        (!is_ext(c) || d->size == PT_CFG_EXT_SIZE);
}

/* A sound one, of which the host's settings are to come back after a reset. */
static void hide_by_policy(struct pt_cap *c, bool sound)
{
    c->fate = is_ext(c) ? PT_ZERO : PT_HIDDEN;
    c->kept = sound && has_restore(c->group);
    snprintf(c->why, sizeof(c->why), "hidden by the policy file");
}

static void add_cap(struct pt_dev *d, uint16_t pos, uint32_t id, uint16_t next)
{
    struct pt_cap *c = &d->cap[d->num_caps++];

    c->pos = pos;
    c->id = id;
    c->next = next;
    c->group = group_of(id);
    c->fate = c->group->fate;
    snprintf(c->why, sizeof(c->why), "%s", c->group->why ? c->group->why : "");
}

/* Follow the pointers. */
static void collect(struct pt_dev *d)
{
    struct walk w = {
        .name = "capability", .start = PT_CFG_CAPS_START,
        .left = PT_MAX_BASIC_CAPS,
    };
    uint8_t pos;

    if (!(d->snap[PCI_STATUS] & PCI_STATUS_CAP_LIST)) {
        return;
    }
    pos = (uint8_t)(d->snap[PCI_CAPABILITY_LIST] & ~3u);
    while (walk_on(d, &w, pos)) {
        if (d->snap[pos] == 0xff && d->snap[pos + 1] == 0xff) {
            pt_log(d, PT_LOG_WARNING, "capability chain ends at %02x, which "
                   "reads all ones", pos);
            return;
        }
        add_cap(d, pos, d->snap[pos + PCI_CAP_LIST_ID],
                d->snap[pos + PCI_CAP_LIST_NEXT]);
        pos = (uint8_t)(d->snap[pos + PCI_CAP_LIST_NEXT] & ~3u);
    }
}

/* Where the part of the space ends that the capability's chain is in. */
static uint16_t end_of(const struct pt_cap *c)
{
    return is_ext(c) ? PT_CFG_EXT_SIZE : PT_CFG_SIZE;
}

/* How much room a capability has: to the next one, or the space's end. */
static uint16_t room(const struct pt_dev *d, const struct pt_cap *c)
{
    uint16_t end = end_of(c);
    unsigned i;

    for (i = 0; i < d->num_caps; i++) {
        if (d->cap[i].pos > c->pos && d->cap[i].pos < end) {
            end = d->cap[i].pos;
        }
    }
    return (uint16_t)(end - c->pos);
}

/*
 * Only vendor-specific structures may stand in a chain more than once. Of
 * others Xen and the host take the first, be it sound or not.
 */
static bool repeated(const struct pt_dev *d, const struct pt_cap *c)
{
    const struct pt_cap *first = d->cap;

    while (first->id != c->id) {
        first++;
    }
    return !c->group->many && first != c;
}

static void size_up(struct pt_dev *d, struct pt_cap *c)
{
    struct pt_probe p = { .size = c->group->size };
    uint16_t max = room(d, c);

    if (c->group->probe) {
        c->group->probe(d, c->pos, &p);
    }
    c->variant = p.variant;
    c->size = p.size && p.size <= max ? p.size : max;
    c->claims = p.size ? p.size : max;
    if (c->fate != PT_EXPOSED) {
        return;
    }
    if (p.why_not[0] && p.usual) {
        c->fate = PT_HIDDEN;
        memcpy(c->why, p.why_not, sizeof(c->why));
    } else if (p.why_not[0]) {
        hide(d, c, "%s", p.why_not);
    } else if (c->pos + p.size > end_of(c)) {
        hide(d, c, "its %u bytes leave the configuration space", p.size);
    } else if (p.size > max) {
        hide(d, c, "its %u bytes overlap the capability at %02x", p.size,
             c->pos + max);
    } else if (repeated(d, c)) {
        hide(d, c, "a second one of its kind");
    } else if (is_unwanted(d, c)) {
        hide_by_policy(c, true);
    }
}

bool pt_chain_xens(const struct pt_dev *d, unsigned off)
{
    unsigned i;

    for (i = 0; i < d->num_basic; i++) {
        const struct pt_cap *c = &d->cap[i];

        if (c->group->xen && off >= c->pos && off - c->pos < c->claims) {
            return true;
        }
    }
    return false;
}

void pt_chain_walk(struct pt_dev *d)
{
    unsigned i;

    collect(d);
    d->num_basic = d->num_caps;
    for (i = 0; i < d->num_caps; i++) {
        size_up(d, &d->cap[i]);
    }
}

/* ------------------------------------------------------------------ */
/* The extended chain                                                  */

/* How far into the structure what it was at attach matters. */
static uint16_t needed(const struct pt_cap *c)
{
    uint16_t end = 0;
    unsigned i;

    for (i = 0; i < c->group->num_rows; i++) {
        const struct pt_row *r = &c->group->rows[i];

        if ((r->host || (r->flags & PT_ROW_RESTORE)) &&
            (!r->only || (r->only & c->variant)) && r->off + r->size > end) {
            end = (uint16_t)(r->off + r->size);
        }
    }
    return end;
}

/* Read bytes @from to @to - 1 of a structure, if there are any. */
static void fetch(struct pt_dev *d, struct pt_cap *c, uint16_t from,
                  uint16_t to)
{
    uint16_t off = (uint16_t)(c->pos + from);
    int rc;

    if (c->fate != PT_EXPOSED || to <= from) {
        return;
    }
    rc = to > room(d, c) ? 0 :
        d->host->ops->read(d->host->priv, off, d->snap + off,
                           (unsigned)(to - from));
    if (rc != 0) {
        memset(d->snap + off, 0, (size_t)(to - from));
        hide(d, c, "can't read it: %s", pt_strerror(rc));
    } else if (to > room(d, c)) {
        hide(d, c, "no room for its first %u bytes", to);
    }
}

/* The header at @pos; all ones where nothing is. */
static uint32_t ext_head(struct pt_dev *d, uint16_t pos)
{
    int rc = d->host->ops->read(d->host->priv, pos, d->snap + pos, 4);

    if (rc == 0) {
        return pt_load(d->snap + pos, 4);
    }
    memset(d->snap + pos, 0, 4);
    pt_log(d, PT_LOG_WARNING, "no extended configuration space from %#x on: "
           "can't read it: %s", pos, rc == -ENXIO ?
           "the host has 256 bytes of it (no MMCONFIG?)" : pt_strerror(rc));
    return UINT32_MAX;
}

/* The guest's, or only kept from it. */
static bool has_express(const struct pt_dev *d)
{
    unsigned i;

    for (i = 0; i < d->num_basic; i++) {
        if (d->cap[i].id == PCI_CAP_ID_EXP &&
            (d->cap[i].fate == PT_EXPOSED || d->cap[i].kept)) {
            return true;
        }
    }
    return false;
}

static bool shows_ext(const struct pt_dev *d)
{
    return d->policy.extended && pt_cap_find(d, PCI_CAP_ID_EXP);
}

static void ext_collect(struct pt_dev *d)
{
    struct walk w = {
        .name = "extended capability", .start = PT_CFG_SIZE,
        .left = PT_MAX_EXT_CAPS,
    };
    uint16_t pos = PT_CFG_SIZE;
    uint32_t head;

    while (walk_on(d, &w, pos)) {
        head = ext_head(d, pos);
        /* 256 bytes that are found again are no extended space. */
        if (head == UINT32_MAX ||
            (pos == PT_CFG_SIZE && head == pt_load(d->snap, 4))) {
            return;
        }
        if (shows_ext(d)) {
            d->size = PT_CFG_EXT_SIZE;
        }
        if (head == 0) {
            return;
        }
        add_cap(d, pos, PT_EXT_CAP(head & EXT_ID), (uint16_t)EXT_NEXT(head));
        pos = (uint16_t)EXT_NEXT(head);
    }
}

static bool restores(const struct pt_dev *d)
{
    return (d->policy.power_mgmt && d->pm.reset_on_d0) || d->flr.offered;
}

static void ext_size_up(struct pt_dev *d, struct pt_cap *c)
{
    const struct pt_group *g = c->group;
    uint16_t head = g->head > 4 ? g->head : 4;
    struct pt_probe p = { .variant = 0 };
    bool hosts = c->fate != PT_EXPOSED && restores(d) && has_restore(g);

    if (hosts) {
        c->fate = PT_EXPOSED;  /* while it is looked at */
    }
    if (is_unwanted(d, c) && !(restores(d) && has_restore(g))) {
        hide_by_policy(c, false);  /* and not read */
    }
    fetch(d, c, 4, head);
    if (c->fate == PT_EXPOSED && g->probe) {
        g->probe(d, c->pos, &p);
        c->variant = p.variant;
    }
    if (g->size <= room(d, c)) {
        fetch(d, c, head, needed(c));
    }
    if (c->fate == PT_EXPOSED) {
        size_up(d, c);
    } else {
        c->size = g->size && g->size <= room(d, c) ? g->size : room(d, c);
    }
    if (hosts && c->fate == PT_EXPOSED) {
        c->fate = g->fate;
        c->kept = true;
    }
}

void pt_ext_chain_walk(struct pt_dev *d)
{
    unsigned i;

    /* Who can't see that a device is of PCI Express does not look there. */
    if (!(shows_ext(d) || (restores(d) && has_express(d)))) {
        return;
    }
    ext_collect(d);
    for (i = d->num_basic; i < d->num_caps; i++) {
        struct pt_cap *c = &d->cap[i];

        if (d->size == PT_CFG_SIZE && !has_restore(c->group)) {
            c->fate = PT_ZERO;
        }
    }
    for (i = d->num_basic; i < d->num_caps; i++) {
        ext_size_up(d, &d->cap[i]);
    }
}
