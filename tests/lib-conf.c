/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Policies as text of a policy file. See lib-conf.h. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pt-conf.h"
#include "pt-pci.h"

#include "lib-conf.h"

static void __attribute__((format(printf, 2, 3)))
put(char text[CONF_TEXT], const char *fmt, ...)
{
    size_t n = strlen(text);
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text + n, CONF_TEXT - n, fmt, ap);
    va_end(ap);
}

static void put_mask(char text[CONF_TEXT], const struct pt_mask *m)
{
    const struct {
        const char *word;
        uint32_t bits;
    } part[] = {
        { "fwd", m->fwd }, { "rw1c", m->rw1c }, { "emu", m->emu },
        { "ro", m->ro }, { "const", m->fixed }, { "zero", m->zero },
        { "one", m->one },
    };
    const char *comma = "";

    put(text, "register %#05x.%u =", m->off, m->size);
    for (unsigned i = 0; i < sizeof(part) / sizeof(part[0]); i++) {
        if (part[i].bits) {
            put(text, "%s %s %#x", comma, part[i].word, part[i].bits);
            comma = ",";
        }
    }
    put(text, "\n");
}

static void put_windows(char text[CONF_TEXT], const char *key, uint32_t set)
{
    put(text, "\n%s =", key);
    for (unsigned n = 0; n < 32; n++) {
        if (set >> n & 1) {
            put(text, " %s", pt_window_name(n));
        }
    }
}

uint32_t conf_windows(void)
{
    uint32_t all = 0;

    /* The rows of one name have one number, the first one's. */
    for (unsigned n = 0; n < 32; n++) {
        all |= (uint32_t)(pt_window_name(n) != NULL) << n;
    }
    return all;
}

void conf_write(const struct pt_policy *p, char text[CONF_TEXT])
{
    text[0] = '\0';
    put(text, "[all]\nstrict = %d\npermissive = %d\npower_mgmt = %d\n"
        "msitranslate = %d\nrombar = %d\nextended = %d\nflr = %d\nhide =",
        p->strict, p->permissive, p->power_mgmt, p->msitranslate, !p->no_rom,
        p->extended, p->flr);
    for (unsigned id = 1; id < 256; id++) {
        if (pt_hides(p, id)) {
            put(text, " %#x", id);
        }
    }
    for (unsigned id = 1; id < 64; id++) {
        if (pt_hides(p, PT_EXT_CAP(id))) {
            put(text, " ext:%#x", id);
        }
    }
    put_windows(text, "window", p->windows);
    put_windows(text, "no-window", p->no_windows);
    put(text, "\nadd =");
    for (unsigned i = 0; i < p->num_added; i++) {
        put(text, "%s %#x Vendor", i ? "," : "", p->added[i].pos);
        for (unsigned n = 2; n < p->added[i].size; n++) {
            put(text, " %02x", p->added[i].data[n]);
        }
    }
    put(text, "\n");
    for (unsigned i = 0; i < p->num_masks; i++) {
        put_mask(text, &p->mask[i]);
    }
}

int conf_read(const char *text, struct pt_policy *p, struct pt_error *err)
{
    static const struct pt_conf_id id = { .vendor = 0x8086 };
    struct pt_conf_choice c;
    struct pt_conf *conf;
    int rc = pt_conf_parse("drawn.conf", text, strlen(text), &conf, err);

    if (rc != 0) {
        return rc;
    }
    pt_conf_begin(&c);
    pt_conf_apply(conf, NULL, &id, &c);
    pt_conf_free(conf);
    return pt_conf_policy(&c, p, err);
}

static bool same_mask(const struct pt_mask *a, const struct pt_mask *b)
{
    return a->off == b->off && a->size == b->size && a->fwd == b->fwd &&
        a->rw1c == b->rw1c && a->emu == b->emu && a->ro == b->ro &&
        a->fixed == b->fixed && a->zero == b->zero && a->one == b->one;
}

static bool same_added(const struct pt_added *a, const struct pt_added *b)
{
    return a->pos == b->pos && a->size == b->size && a->data[0] == b->data[0] &&
        memcmp(a->data + 2, b->data + 2, sizeof(a->data) - 2) == 0;
}

bool conf_same(const struct pt_policy *a, const struct pt_policy *b)
{
    bool same = a->strict == b->strict && a->permissive == b->permissive &&
        a->power_mgmt == b->power_mgmt && a->no_rom == b->no_rom &&
        a->msitranslate == b->msitranslate && a->extended == b->extended &&
        a->flr == b->flr && a->windows == b->windows &&
        a->no_windows == b->no_windows &&
        memcmp(a->hide, b->hide, sizeof(a->hide)) == 0 &&
        memcmp(a->hide_ext, b->hide_ext, sizeof(a->hide_ext)) == 0 &&
        a->num_masks == b->num_masks && a->num_added == b->num_added;

    for (unsigned i = 0; same && i < a->num_masks; i++) {
        same = same_mask(&a->mask[i], &b->mask[i]);
    }
    for (unsigned i = 0; same && i < a->num_added; i++) {
        same = same_added(&a->added[i], &b->added[i]);
    }
    return same;
}

/* ------------------------------------------------------------------ */
/* Chance                                                              */

/* Anywhere but in the header; half of them in a capability, or behind it. */
static uint16_t some_place(struct world_rng *r, const struct capture *c,
                           bool extended)
{
    uint32_t val = world_random(r), steps = (val >> 2) % 8;
    unsigned pos = c->cfg[PCI_CAPABILITY_LIST] & 0xfc;

    if (extended && val % 4 == 0) {
        return (uint16_t)(0x100 + (val >> 8) % 0x80);
    }
    while (steps-- && pos >= 0x40 && c->cfg[pos + 1] >= 0x40) {
        pos = c->cfg[pos + 1] & 0xfc;
    }
    pos = val % 2 && pos >= 0x40 ? pos + (val >> 8) % 0x30 :
        0x40 + (val >> 8) % 0xc0;
    return (uint16_t)(pos < 0x100 ? pos : 0xff);
}

static void draw_mask(struct world_rng *r, const struct capture *c,
                      bool extended, struct pt_mask *m)
{
    uint32_t *const part[] = {
        &m->emu, &m->ro, &m->fixed, &m->zero, &m->one, &m->fwd, &m->rw1c,
    };
    uint32_t all, bits;
    unsigned i, words = extended ? 5 : 7;

    m->size = (uint8_t)(1u << world_random(r) % 3);
    m->off = (uint16_t)(some_place(r, c, extended) & ~(m->size - 1u));
    all = UINT32_MAX >> (32 - 8 * m->size);
    bits = world_random(r) & all;
    if (world_random(r) % 2) {
        bits = all;
    }
    i = world_random(r) % words;
    *part[i] = bits;
    if (world_random(r) % 2) {
        *part[(i + 1 + world_random(r) % (words - 1)) % words] = all & ~bits;
    }
    if (bits == 0 && words) {
        *part[i] = 1;
        for (unsigned n = 0; n < 7; n++) {
            *part[n] &= n == i ? UINT32_MAX : ~UINT32_C(1);
        }
    }
}

static bool meets(const struct pt_policy *p, const struct pt_mask *m)
{
    for (unsigned i = 0; i < p->num_masks; i++) {
        if (m->off < p->mask[i].off + p->mask[i].size &&
            p->mask[i].off < m->off + m->size) {
            return true;
        }
    }
    return false;
}

static void draw_added(struct world_rng *r, struct pt_policy *p)
{
    struct pt_added *a = &p->added[p->num_added++];

    a->size = (uint8_t)(3 + world_random(r) % 12);
    a->pos = (uint8_t)((0x40 + world_random(r) % 0xb0) & ~3u);
    a->data[0] = PCI_CAP_ID_VNDR;
    a->data[2] = a->size;
    for (unsigned i = 3; i < a->size; i++) {
        a->data[i] = (uint8_t)world_random(r);
    }
}

void conf_draw(struct world_rng *r, const struct capture *c,
               struct pt_policy *p)
{
    uint32_t val = world_random(r);
    unsigned n = 1 + world_random(r) % 6;

    memset(p, 0, sizeof(*p));
    p->strict = val % 3 == 0;
    p->permissive = val % 3 == 1;
    p->power_mgmt = val >> 8 & 1;
    p->msitranslate = (val >> 9 & 7) == 0;
    p->no_rom = val >> 12 & 1;
    p->extended = val >> 13 & 1;
    p->flr = val >> 15 & 1;
    if (val >> 14 & 1) {
        static const uint8_t ids[] = { 0x01, 0x03, 0x05, 0x10, 0x11 };

        pt_hide(p, ids[(val >> 16) % sizeof(ids)]);
        pt_hide(p, PT_EXT_CAP((val >> 20) % 63 + 1));
    }
    p->windows = world_random(r) & world_random(r) & conf_windows();
    p->no_windows = world_random(r) & conf_windows() & ~p->windows;
    while (n--) {
        struct pt_mask m = { .size = 0 };

        draw_mask(r, c, p->extended, &m);
        if (!meets(p, &m)) {
            p->mask[p->num_masks++] = m;
        }
    }
    if (world_random(r) % 2) {
        draw_added(r, p);
    }
}

bool conf_drop(struct pt_policy *p, const struct pt_error *err)
{
    unsigned line, i;

    if (sscanf(err->text, "drawn.conf:%u [all]: ", &line) != 1) {
        return false;
    }
    if (line == CONF_FIRST_LINE - 1 && p->num_added) {
        p->num_added = 0;
        return true;
    }
    i = line - CONF_FIRST_LINE;
    if (i >= PT_MAX_MASKS) {
        return false;
    }
    /* Those behind it move, and have their lines still. */
    for (i = 0; i < p->num_masks; i++) {
        if (strncmp(p->mask[i].from, err->text, strlen(p->mask[i].from)) == 0) {
            p->num_masks--;
            memmove(&p->mask[i], &p->mask[i + 1],
                    (p->num_masks - i) * sizeof(p->mask[0]));
            return true;
        }
    }
    return false;
}
