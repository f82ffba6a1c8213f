/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The policy file's registers, and the capabilities that it adds. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "pt-pci.h"
#include "pt-conf-int.h"

#define PREFIX "register"

/* All of @s is a number: "0x" and up to @max hexadecimal digits. */
static bool number(const char *s, unsigned max, uint32_t *val)
{
    size_t n;

    if (strncasecmp(s, "0x", 2) != 0) {
        return false;
    }
    s += 2;
    n = strspn(s, "0123456789abcdefABCDEF");
    if (n < 1 || n > max || s[n]) {
        return false;
    }
    *val = (uint32_t)strtoul(s, NULL, 16);
    return true;
}

/* The next word of *@s, which ends it in place; NULL: no more. */
static char *word(char **s)
{
    char *start = *s + strspn(*s, PT_CONF_BLANKS);
    size_t n = strcspn(start, PT_CONF_BLANKS);

    *s = start + n + (start[n] != '\0');
    start[n] = '\0';
    return n ? start : NULL;
}

/* ------------------------------------------------------------------ */
/* Registers                                                           */

bool pt_conf_is_register(const char *name)
{
    size_t n = strlen(PREFIX);

    return strncmp(name, PREFIX, n) == 0 && name[n] &&
        strchr(PT_CONF_BLANKS, name[n]);
}

/* "0x44.2" */
static bool take_place(struct pt_conf_reading *r, const char *name,
                       struct pt_mask *m)
{
    const char *s = name + strlen(PREFIX) + 1;
    char text[PT_CONF_WORD], place[PT_CONF_WORD], *dot;
    uint32_t off;

    s += strspn(s, PT_CONF_BLANKS);
    snprintf(place, sizeof(place), "%s", s);
    dot = strchr(place, '.');
    if (dot && dot[1] && !dot[2] && strchr("124", dot[1])) {
        *dot = '\0';
        if (number(place, 3, &off)) {
            m->off = (uint16_t)off;
            m->size = (uint8_t)(dot[1] - '0');
            return true;
        }
    }
    return pt_conf_wrong(r, "register '%s': neither 0xNN.1, 0xNN.2 nor "
                         "0xNN.4", pt_conf_show(s, text));
}

static uint32_t *bits_of(struct pt_mask *m, const char *name)
{
    const struct {
        const char *name;
        uint32_t *bits;
    } words[] = {
        { "fwd", &m->fwd }, { "rw1c", &m->rw1c }, { "emu", &m->emu },
        { "ro", &m->ro }, { "const", &m->fixed }, { "zero", &m->zero },
        { "one", &m->one },
    };

    for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcmp(name, words[i].name) == 0) {
            return words[i].bits;
        }
    }
    return NULL;
}

/*
 * "emu 0x00ff": *@rest is set if there is no mask, for the bits that no other
 * part names; they are in *@seen.
 */
static bool take_bits(struct pt_conf_reading *r, struct pt_mask *m,
                      char *part, uint32_t **rest, uint32_t *seen)
{
    char *name = word(&part), *mask = name ? word(&part) : NULL;
    char text[PT_CONF_WORD];
    uint32_t *bits = name ? bits_of(m, name) : NULL, val;

    if (!bits) {
        return pt_conf_wrong(r, "'%s' is none of emu, ro, const, zero, one, "
                             "fwd, rw1c", pt_conf_show(name ? name : "", text));
    }
    if (!mask) {
        if (*rest) {
            return pt_conf_wrong(r, "two words without a mask");
        }
        *rest = bits;
        return true;
    }
    if (!number(mask, 8, &val) || val == 0 || word(&part)) {
        return pt_conf_wrong(r, "%s: a mask is written as 0x00ff, and has a "
                             "bit", name);
    }
    if (val & *seen) {
        return pt_conf_wrong(r, "%s: bits %#x are named twice", name,
                             val & *seen);
    }
    *bits |= val;
    *seen |= val;
    return true;
}

static bool take_masks(struct pt_conf_reading *r, const char *value,
                       struct pt_mask *m)
{
    char list[PT_CONF_MAX_LINE + 1], *s = list, *part;
    uint32_t all = UINT32_MAX >> (32 - 8 * m->size), seen = 0, *rest = NULL;

    snprintf(list, sizeof(list), "%s", value);
    while ((part = strsep(&s, ",")) != NULL) {
        if (!take_bits(r, m, part, &rest, &seen)) {
            return false;
        }
    }
    if (rest && !(all & ~seen)) {
        return pt_conf_wrong(r, "no bit is left for the word without a mask");
    }
    if (rest) {
        *rest |= all & ~seen;
    }
    return true;
}

bool pt_conf_take_register(struct pt_conf_reading *r, const char *name,
                           const char *value)
{
    struct pt_conf *conf = r->conf;
    struct pt_conf_register *reg = &conf->reg[conf->num_regs];
    struct pt_error err;

    if (conf->num_regs == PT_CONF_MAX_REGISTERS) {
        return pt_conf_wrong(r, "more than %u registers",
                             PT_CONF_MAX_REGISTERS);
    }
    if (!take_place(r, name, &reg->mask) ||
        !take_masks(r, value, &reg->mask)) {
        return false;
    }
    if (pt_mask_check(&reg->mask, &err) != 0) {
        return pt_conf_wrong(r, "%.100s", err.text);
    }
    for (unsigned i = 0; i < conf->num_regs; i++) {
        if (conf->reg[i].section == r->section &&
            pt_conf_overlap(&conf->reg[i].mask, &reg->mask)) {
            return pt_conf_wrong(r, "some of it is in line %u already",
                                 conf->reg[i].line);
        }
    }
    reg->section = r->section;
    reg->line = r->line;
    conf->num_regs++;
    return true;
}

/* ------------------------------------------------------------------ */
/* Capabilities that are added                                         */

/* "0xd4 Vendor 08 50 32 50 08 00" */
static bool take_one(struct pt_conf_reading *r, char *part)
{
    struct pt_conf_section *c = r->section;
    struct pt_added *a = &c->added[c->num_added];
    char *place = word(&part), *name = place ? word(&part) : NULL, *byte;
    char text[PT_CONF_WORD];
    struct pt_error err;
    uint32_t pos;

    if (!place || !number(place, 2, &pos) || !name ||
        strcasecmp(name, "Vendor") != 0) {
        return pt_conf_wrong(r, "add '%s': neither nothing nor 0xNN Vendor "
                             "and bytes",
                             pt_conf_show(place ? place : "", text));
    }
    a->pos = (uint8_t)pos;
    a->data[0] = PCI_CAP_ID_VNDR;
    a->size = 2;
    while ((byte = word(&part)) != NULL) {
        if (strspn(byte, "0123456789abcdefABCDEF") != 2 || byte[2] ||
            a->size == PT_ADDED_SIZE) {
            return pt_conf_wrong(r, "add: '%s' is no byte, or one too much",
                                 pt_conf_show(byte, text));
        }
        a->data[a->size++] = (uint8_t)strtoul(byte, NULL, 16);
    }
    c->num_added++;
    return pt_added_check(a, &err) == 0 ||
        pt_conf_wrong(r, "%.100s", err.text);
}

bool pt_conf_take_add(struct pt_conf_reading *r, const char *value)
{
    char list[PT_CONF_MAX_LINE + 1], *s = list, *part;

    if (!*value) {
        return true;
    }
    snprintf(list, sizeof(list), "%s", value);
    while ((part = strsep(&s, ",")) != NULL) {
        if (r->section->num_added == PT_MAX_ADDED) {
            return pt_conf_wrong(r, "add: more than %u", PT_MAX_ADDED);
        }
        if (!take_one(r, part)) {
            return false;
        }
    }
    return true;
}
