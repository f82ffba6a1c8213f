/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The capability chain: walked once, at attach, in a device that may lie; and
 * what the guest's chain is made of.
 * PCI Local Bus 3.0 section 6.7.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "pt-pci.h"

#include "pt-dev.h"

/* ------------------------------------------------------------------ */
/* The guest's chain                                                   */

/* The first exposed capability from cap[@i] on; 0 ends the chain. */
static uint32_t next_exposed(const struct pt_dev *d, unsigned i)
{
    for (; i < d->num_caps; i++) {
        if (d->cap[i].fate == PT_EXPOSED) {
            return d->cap[i].pos;
        }
    }
    return 0;
}

static void next_setup(const struct pt_dev *d, const struct pt_field *f,
                       struct pt_bits *bits)
{
    bits->init = next_exposed(d, f->cap + 1u);
}

void pt_cap_pointer_setup(const struct pt_dev *d, const struct pt_field *f,
                          struct pt_bits *bits)
{
    (void)f;
    bits->init = next_exposed(d, 0);
}

void pt_cap_status_setup(const struct pt_dev *d, const struct pt_field *f,
                         struct pt_bits *bits)
{
    (void)f;
    bits->init = next_exposed(d, 0) ? PCI_STATUS_CAP_LIST : 0;
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

/* ------------------------------------------------------------------ */
/* The device's chain                                                  */

static const struct pt_group unknown = {
    .name = "Unknown", .fate = PT_HIDDEN,
    .why = "no table for this capability",
};

static const struct pt_group *group_of(uint8_t id)
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
    return &unknown;
}

/* An exposed capability can't be kept after all: hide it, and say so. */
static void __attribute__((format(printf, 3, 4)))
hide(struct pt_dev *d, struct pt_cap *cap, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(cap->why, sizeof(cap->why), fmt, ap);
    va_end(ap);
    cap->fate = PT_HIDDEN;
    pt_log(d, PT_LOG_WARNING, "%s capability (ID %02x at %02x) is hidden: %s",
           cap->group->name, cap->id, cap->pos, cap->why);
}

const struct pt_cap *pt_cap_find(const struct pt_dev *d, uint8_t id)
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
    return d->num_caps;
}

const struct pt_cap *pt_cap_at(const struct pt_dev *d, unsigned i)
{
    return &d->cap[i];
}

/* No device has as many extended capabilities. */
#define EXT_CAPS_START 0x100u
#define EXT_CAPS_END 0x1000u
#define MAX_EXT_CAPS 64
#define EXT_NEXT(head) ((head) >> 20 & 0xffcu)

/*
 * A walk through one of the device's two chains. Its pointers may lead
 * anywhere, and back: a set of visited places bounds it.
 */
struct walk {
    const char *name;
    uint16_t start;  /* no structure of it is before */
    unsigned left;   /* how many there may be */
    uint32_t visited[EXT_CAPS_END / 4 / 32];
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

int pt_ext_cap_find(struct pt_dev *d, uint16_t id, uint16_t size,
                    uint16_t *found)
{
    struct walk w = {
        .name = "extended capability", .start = EXT_CAPS_START,
        .left = MAX_EXT_CAPS,
    };
    uint32_t pos = EXT_CAPS_START, head;
    uint8_t buf[4];
    int rc;

    *found = 0;
    while (walk_on(d, &w, pos)) {
        rc = d->host->ops->read(d->host->priv, (uint16_t)pos, buf, 4);
        if (rc != 0) {
            return rc;
        }
        head = pt_load(buf, 4);
        if (head == UINT32_MAX) {
            return 0;
        }
        if ((head & 0xffff) == id) {
            *found = pos + size <= EXT_CAPS_END ? (uint16_t)pos : 0;
            return 0;
        }
        pos = EXT_NEXT(head);
    }
    return 0;
}

/* Follow the pointers. */
static void collect(struct pt_dev *d)
{
    struct walk w = {
        .name = "capability", .start = PT_CFG_CAPS_START,
        .left = PT_MAX_CAPS,
    };
    uint8_t pos;

    if (!(d->snap[PCI_STATUS] & PCI_STATUS_CAP_LIST)) {
        return;
    }
    pos = (uint8_t)(d->snap[PCI_CAPABILITY_LIST] & ~3u);
    while (walk_on(d, &w, pos)) {
        struct pt_cap *c = &d->cap[d->num_caps];

        if (d->snap[pos] == 0xff && d->snap[pos + 1] == 0xff) {
            pt_log(d, PT_LOG_WARNING, "capability chain ends at %02x, which "
                   "reads all ones", pos);
            return;
        }
        c->pos = pos;
        c->id = d->snap[pos + PCI_CAP_LIST_ID];
        c->next = d->snap[pos + PCI_CAP_LIST_NEXT];
        c->group = group_of(c->id);
        c->fate = c->group->fate;
        snprintf(c->why, sizeof(c->why), "%s",
                 c->group->why ? c->group->why : "");
        d->num_caps++;
        pos = (uint8_t)(c->next & ~3u);
    }
}

/* How much room a capability has: to the next one, or the space's end. */
static uint16_t room(const struct pt_dev *d, const struct pt_cap *c)
{
    uint16_t end = PT_CFG_SIZE;
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
    return !c->group->open && first != c;
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
    if (c->fate != PT_EXPOSED) {
        return;
    }
    if (p.why_not[0]) {
        hide(d, c, "%s", p.why_not);
    } else if (c->pos + p.size > PT_CFG_SIZE) {
        hide(d, c, "its %u bytes leave the configuration space", p.size);
    } else if (p.size > max) {
        hide(d, c, "its %u bytes overlap the capability at %02x", p.size,
             c->pos + max);
    } else if (repeated(d, c)) {
        hide(d, c, "a second one of its kind");
    }
}

void pt_chain_walk(struct pt_dev *d)
{
    unsigned i;

    collect(d);
    for (i = 0; i < d->num_caps; i++) {
        size_up(d, &d->cap[i]);
    }
}
