/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A view for programs. The members are described in ptview(1) and stay: new
 * ones may be added.
 *
 * Numbers that a program calculates with as bits or addresses are strings in
 * hexadecimal: many JSON parsers have no more than 53 bits for a number.
 */
#include <inttypes.h>
#include <string.h>

#include <jansson.h>
#include <pci/header.h>

#include "view.h"

/*
 * An object being made. jansson's functions take NULL for a value that could
 * not be made, and fail; so a failure anywhere comes up to the whole.
 */
struct builder {
    json_t *object;
    bool failed;
};

static void add(struct builder *b, const char *key, json_t *value)
{
    if (json_object_set_new(b->object, key, value) != 0) {
        b->failed = true;
    }
}

static struct builder begin(void)
{
    struct builder b = { .object = json_object() };

    b.failed = !b.object;
    return b;
}

static json_t *end(struct builder *b)
{
    if (!b->failed) {
        return b->object;
    }
    json_decref(b->object);
    return NULL;
}

static json_t *hex(uint64_t val, unsigned digits)
{
    return json_sprintf("0x%0*" PRIx64, (int)digits, val);
}

static json_t *text(const char *s)
{
    char buf[TEXT_ESCAPED];

    return json_string(text_escape(s, buf, sizeof(buf)));
}

static json_t *address(const struct pt_sbdf *a)
{
    char buf[PT_SBDF_LEN];

    return json_string(pt_sbdf_str(a, buf));
}

static json_t *bytes(const uint8_t *p, unsigned len)
{
    char buf[2 * PT_CFG_EXT_SIZE + 1];

    for (unsigned i = 0; i < len; i++) {
        snprintf(buf + 2 * i, 3, "%02x", p[i]);
    }
    return json_string(buf);
}

/* ------------------------------------------------------------------ */
/* Parts of a function                                                 */

static json_t *hidden_json(const struct pt_policy *p)
{
    json_t *list = json_array();

    for (unsigned n = 0; list && n < VIEW_MAX_HIDDEN; n++) {
        if (pt_hides(p, view_hidden_id(n)) &&
            json_array_append_new(list, hex(view_hidden_id(n), 2)) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static json_t *window_names_json(uint32_t set)
{
    json_t *list = json_array();

    for (unsigned n = 0; list && n < 32; n++) {
        if ((set >> n & 1) && pt_window_name(n) &&
            json_array_append_new(list, json_string(pt_window_name(n))) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static json_t *masks_json(const struct pt_policy *p)
{
    json_t *list = json_array();

    for (unsigned n = 0; list && n < p->num_masks; n++) {
        const struct pt_mask *m = &p->mask[n];
        struct builder b = begin();

        add(&b, "offset", json_integer(m->off));
        add(&b, "size", json_integer(m->size));
        add(&b, "from", text(m->from));
        if (json_array_append_new(list, end(&b)) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static json_t *added_json(const struct pt_policy *p)
{
    json_t *list = json_array();

    for (unsigned n = 0; list && n < p->num_added; n++) {
        const struct pt_added *a = &p->added[n];
        struct builder b = begin();

        add(&b, "offset", json_integer(a->pos));
        add(&b, "bytes", bytes(a->data, a->size));
        add(&b, "from", text(a->from));
        if (json_array_append_new(list, end(&b)) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static json_t *policy_json(const struct view *v)
{
    const struct view_policy *p = &v->policy;
    struct builder b = begin();

    add(&b, "strict", json_boolean(p->pt.strict));
    add(&b, "permissive", json_boolean(p->pt.permissive));
    add(&b, "power_mgmt", json_boolean(p->pt.power_mgmt));
    add(&b, "msitranslate", json_boolean(p->pt.msitranslate));
    add(&b, "no_rom", json_boolean(p->pt.no_rom));
    add(&b, "extended", json_boolean(p->pt.extended));
    add(&b, "flr", json_boolean(p->pt.flr));
    add(&b, "multifunction", json_boolean(p->multifunction));
    add(&b, "hide", hidden_json(&p->pt));
    add(&b, "window", window_names_json(p->pt.windows));
    add(&b, "no_window", window_names_json(p->pt.no_windows));
    add(&b, "registers", masks_json(&p->pt));
    add(&b, "add", added_json(&p->pt));
    add(&b, "romfile", v->romfile[0] ? text(v->romfile) : json_null());
    add(&b, "origin", v->origin[0] ? text(v->origin) : json_null());
    return end(&b);
}

static json_t *pages_json(const struct pt_window *p)
{
    struct builder b = begin();

    add(&b, "offset", hex(p->offset, 0));
    add(&b, "size", hex(p->size, 0));
    return end(&b);
}

static json_t *trapped_json(const struct view *v, unsigned n)
{
    struct pt_window w[PT_REGION_TRAPS];
    unsigned num = v->dev ? pt_region_windows(v->dev, n, w) : 0;
    json_t *list = json_array();

    for (unsigned i = 0; list && i < num; i++) {
        if (json_array_append_new(list, pages_json(&w[i])) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static json_t *region_json(const struct view *v, unsigned n)
{
    const struct pt_region *r = &v->src->info.region[n];
    bool io = r->flags & PT_REGION_IO;
    struct builder b = begin();

    add(&b, "region", n == PT_ROM ? json_string("rom")
                                  : json_integer((json_int_t)n));
    add(&b, "space", json_string(io ? "io" : "memory"));
    add(&b, "width", json_integer(r->flags & PT_REGION_64 ? 64 : 32));
    add(&b, "prefetchable", json_boolean(r->flags & PT_REGION_PREFETCH));
    add(&b, "shared_page", json_boolean(r->flags & PT_REGION_SHARED));
    add(&b, "address", r->addr ? hex(r->addr, 0) : json_null());
    add(&b, "size", hex(r->size, 0));
    add(&b, "size_known", json_boolean(v->src->sizes_known & 1u << n));
    add(&b, "guest_size", hex(v->dev ? pt_region_size(v->dev, n) : 0, 0));
    add(&b, "trapped", trapped_json(v, n));
    return end(&b);
}

static json_t *regions_json(const struct view *v)
{
    json_t *list = json_array();

    for (unsigned n = 0; list && n < PT_NUM_REGIONS; n++) {
        if (v->src->info.region[n].size &&
            json_array_append_new(list, region_json(v, n)) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static const char *fate_name(enum pt_fate fate)
{
    return fate == PT_EXPOSED ? "exposed" :
           fate == PT_HIDDEN ? "hidden" : "zero";
}

static json_t *cap_json(const struct pt_cap *c)
{
    struct builder b = begin();

    add(&b, "offset", json_integer(c->pos));
    add(&b, "id", json_integer(c->id & 0xffff));
    add(&b, "extended", json_boolean(c->id >= PT_EXT_CAP(0)));
    add(&b, "name", text(c->group->name));
    add(&b, "size", json_integer(c->size));
    add(&b, "fate", json_string(fate_name(c->fate)));
    add(&b, "added", json_boolean(c->added));
    add(&b, "why", text(c->why));
    return end(&b);
}

static json_t *caps_json(const struct view *v)
{
    json_t *list = json_array();

    for (unsigned n = 0; list && v->dev && n < pt_num_caps(v->dev); n++) {
        if (json_array_append_new(list, cap_json(pt_cap_at(v->dev, n))) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static json_t *note_json(const struct view_note *n)
{
    static const char *const levels[] = {
        [PT_LOG_INFO] = "info",
        [PT_LOG_WARNING] = "warning",
        [PT_LOG_ERROR] = "error",
    };
    struct builder b = begin();

    add(&b, "level", json_string(levels[n->level]));
    add(&b, "text", text(n->text));
    return end(&b);
}

static json_t *notes_json(const struct view *v)
{
    json_t *list = json_array();

    for (unsigned n = 0; list && n < v->num_notes; n++) {
        if (json_array_append_new(list, note_json(&v->note[n])) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

/* ------------------------------------------------------------------ */
/* Registers                                                           */

static const char *const class_keys[VIEW_NUM_CLASSES] = {
    [VIEW_FORWARDED] = "forwarded",
    [VIEW_W1C] = "write_1_to_clear",
    [VIEW_EMULATED] = "emulated",
    [VIEW_READ_ONLY] = "read_only",
    [VIEW_CONSTANT] = "constant",
    [VIEW_HIDDEN] = "hidden",
    [VIEW_RESERVED] = "reserved",
};

static json_t *bits_json(const struct view_item *i)
{
    struct builder b = begin();

    for (unsigned c = 0; c < VIEW_NUM_CLASSES; c++) {
        add(&b, class_keys[c], hex(i->bits[c], 2u * i->len));
    }
    return end(&b);
}

static const char *const kind_keys[] = {
    [PT_DEVICE] = "device_specific",
    [PT_FIELD] = "register",
    [PT_UNDECLARED] = "undeclared",
    [PT_OPEN] = "body",
    [PT_CONCEALED] = "concealed",
    [PT_ZEROED] = "zeroed",
    [PT_MIRRORED] = "mirrored",
    [PT_ADDED] = "added",
};

static json_t *item_json(const struct view *v, const struct view_item *i)
{
    struct builder b = begin();

    add(&b, "offset", json_integer(i->off));
    add(&b, "size", json_integer(i->len));
    add(&b, "kind", json_string(kind_keys[i->kind]));
    add(&b, "capability", i->cap ? json_integer(i->cap->pos) : json_null());
    if (i->row) {
        add(&b, "name", text(i->row->name));
        add(&b, "host", hex(i->host, 2u * i->len));
        add(&b, "guest", hex(i->guest, 2u * i->len));
        add(&b, "bits", bits_json(i));
        add(&b, "spec", text(i->row->spec));
        add(&b, "why", text(i->row->why));
    } else {
        if (i->by_bits) {
            add(&b, "bits", bits_json(i));
        } else {
            add(&b, "access", json_string(class_keys[i->all]));
        }
        add(&b, "host_bytes", bytes(v->src->cfg + i->off, i->len));
        add(&b, "guest_bytes", bytes(v->guest + i->off, i->len));
    }
    add(&b, "policy_file", i->mask ? text(i->mask->from) : json_null());
    return end(&b);
}

static json_t *items_json(const struct view *v)
{
    json_t *list = json_array();

    for (unsigned n = 0; list && n < v->num_items; n++) {
        if (json_array_append_new(list, item_json(v, &v->item[n])) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

/* ------------------------------------------------------------------ */
/* A function, and two                                                 */

static void add_source(struct builder *b, const struct view *v)
{
    const struct source *src = v->src;

    add(b, "address", address(&src->info.addr));
    add(b, "title", text(src->title));
    add(b, "file", src->file ? text(src->file) : json_null());
    add(b, "vendor", hex(src->info.vendor, 4));
    add(b, "device", hex(src->info.device, 4));
    add(b, "virtual_function", json_boolean(src->info.is_vf));
    add(b, "captured", json_integer(v->len));
    add(b, "policy", policy_json(v));
    add(b, "assignable", json_boolean(v->dev));
    add(b, "reason", v->dev ? json_null() : text(v->refused.text));
}

static json_t *window_json(const struct pt_window_seen *w)
{
    struct builder b = begin();

    add(&b, "name", json_string(w->name));
    add(&b, "leads_to", json_string(view_window_kind(w->kind)));
    add(&b, "region", json_integer((json_int_t)w->region));
    add(&b, "offset", hex(w->offset, 0));
    add(&b, "size", hex(w->size, 0));
    add(&b, "in_force", json_boolean(w->on));
    add(&b, "why_not", w->why_not ? text(w->why_not) : json_null());
    add(&b, "why", text(w->why));
    add(&b, "source", text(w->source));
    return end(&b);
}

static json_t *windows_json(const struct view *v)
{
    struct pt_window_seen w;
    json_t *list = json_array();

    for (unsigned i = 0; list && v->dev && pt_window_look(v->dev, i, &w);
         i++) {
        if (json_array_append_new(list, window_json(&w)) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static json_t *window_pair_json(const struct pt_window_seen w[2])
{
    struct builder b = begin();

    add(&b, "a", w[0].name ? window_json(&w[0]) : json_null());
    add(&b, "b", w[1].name ? window_json(&w[1]) : json_null());
    return end(&b);
}

/* The windows in which they differ. */
static json_t *window_pairs_json(const struct report_side side[2])
{
    struct pt_window_seen w[2];
    json_t *list = json_array();
    bool unlike;

    for (unsigned i = 0; list && report_window_pair(side, i, w, &unlike);
         i++) {
        if (unlike &&
            json_array_append_new(list, window_pair_json(w)) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

json_t *report_json(const struct view *v)
{
    struct builder b = begin();

    add_source(&b, v);
    add(&b, "regions", regions_json(v));
    add(&b, "windows", windows_json(v));
    add(&b, "capabilities", caps_json(v));
    add(&b, "registers", items_json(v));
    add(&b, "notes", notes_json(v));
    return end(&b);
}

static json_t *side_json(const struct report_side *side)
{
    struct builder b = begin();

    add(&b, "label", text(side->label));
    add_source(&b, side->view);
    return end(&b);
}

static json_t *pair_json(const struct report_side side[2],
                         const struct view_item *const item[2])
{
    struct builder b = begin();

    add(&b, "a", item[0] ? item_json(side[0].view, item[0]) : json_null());
    add(&b, "b", item[1] ? item_json(side[1].view, item[1]) : json_null());
    return end(&b);
}

json_t *report_diff_json(const struct report_side side[2])
{
    const struct view_item *item[2];
    unsigned next[2] = { 0, 0 };
    struct builder b = begin();
    json_t *list = json_array();

    while (list && report_pair(side, next, item)) {
        if (!report_unlike(side, item)) {
            continue;
        }
        if (json_array_append_new(list, pair_json(side, item)) != 0) {
            json_decref(list);
            list = NULL;
        }
    }
    add(&b, "a", side_json(&side[0]));
    add(&b, "b", side_json(&side[1]));
    add(&b, "differences", list);
    add(&b, "windows", window_pairs_json(side));
    return end(&b);
}
