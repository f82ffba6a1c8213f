/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parameter string of pci-ins and pci-rem. */
#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "pt-params.h"

#define MAX_DOMAIN UINT32_MAX
#define MAX_BUS 0xffu
#define MAX_DEV 0x1fu
#define MAX_FUNC 0x7u
#define MAX_VDEVFN (PT_AUTO_SLOT | 0xffu)

/* A piece of the text. */
struct word {
    const char *at;
    size_t len;
};

/* @w for a message: cut, and without what a terminal or a log would obey. */
static const char *show(struct word w, char buf[PT_WORD_LEN])
{
    size_t n = w.len < PT_WORD_LEN - 1 ? w.len : PT_WORD_LEN - 1;

    for (size_t i = 0; i < n; i++) {
        buf[i] = isprint((unsigned char)w.at[i]) ? w.at[i] : '?';
    }
    buf[n] = '\0';
    if (n < w.len) {
        memcpy(buf + n - 3, "...", 3);
    }
    return buf;
}

static struct word until(const char *text, const char *stop)
{
    return (struct word) { .at = text, .len = strcspn(text, stop) };
}

static bool is(struct word w, const char *name)
{
    return w.len == strlen(name) && strncasecmp(w.at, name, w.len) == 0;
}

/* ------------------------------------------------------------------ */
/* Numbers                                                             */

static int digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Hexadecimal, with or without 0x. False: none, or above @max. */
static bool number(struct word w, uint32_t max, uint32_t *val)
{
    uint64_t v = 0;

    if (w.len > 2 && w.at[0] == '0' && (w.at[1] | 0x20) == 'x') {
        w.at += 2;
        w.len -= 2;
    }
    if (w.len == 0) {
        return false;
    }
    for (size_t i = 0; i < w.len; i++) {
        int n = digit(w.at[i]);

        if (n < 0) {
            return false;
        }
        v = v << 4 | (uint64_t)n;
        if (v > max) {
            return false;
        }
    }
    *val = (uint32_t)v;
    return true;
}

/* ------------------------------------------------------------------ */
/* Address                                                             */

static const struct {
    const char *name;
    const char *range;
    const char *stop;  /* what may end it */
    char end;          /* what has to; 0: any of @stop */
    uint32_t max;
} fields[] = {
    { "domain", "0 to ffffffff", ":@,", ':', MAX_DOMAIN },
    { "bus", "0 to ff", ":@,", ':', MAX_BUS },
    { "device", "0 to 1f", ".@,", '.', MAX_DEV },
    { "function", "0 to 7", "@,", 0, MAX_FUNC },
};

#define NUM_FIELDS (sizeof(fields) / sizeof(fields[0]))

int pt_params_addr(const char *text, const char **rest, struct pt_sbdf *addr,
                   struct pt_error *err)
{
    uint32_t val[NUM_FIELDS];
    char all[PT_WORD_LEN], part[PT_WORD_LEN];
    const char *at = text;

    for (size_t i = 0; i < NUM_FIELDS; i++) {
        struct word w = until(at, fields[i].stop);

        if (!number(w, fields[i].max, &val[i])) {
            return pt_fail(err, EINVAL, "'%s': '%s' is no %s (%s)",
                           show(until(text, ""), all), show(w, part),
                           fields[i].name, fields[i].range);
        }
        at = w.at + w.len;
        if (fields[i].end) {
            if (*at != fields[i].end) {
                return pt_fail(err, EINVAL, "'%s' is no DOMAIN:BUS:DEVICE."
                               "FUNCTION: nothing follows the %s",
                               show(until(text, ""), all), fields[i].name);
            }
            at++;
        }
    }
    *addr = (struct pt_sbdf) {
        .domain = val[0],
        .bus = (uint8_t)val[1],
        .dev = (uint8_t)val[2],
        .func = (uint8_t)val[3],
    };
    if (rest) {
        *rest = at;
    }
    return 0;
}

/* ------------------------------------------------------------------ */
/* Options                                                             */

static const struct {
    const char *key;
    size_t member;
} options[] = {
    { "msitranslate", offsetof(struct pt_options, msitranslate) },
    { "power_mgmt", offsetof(struct pt_options, power_mgmt) },
    { "permissive", offsetof(struct pt_options, permissive) },
    { "strict", offsetof(struct pt_options, strict) },
    { "flr", offsetof(struct pt_options, flr) },
    { "extended", offsetof(struct pt_options, extended) },
};

static bool flag(struct word w, int8_t *val)
{
    static const char *const words[][4] = {
        { "0", "no", "off", "false" },
        { "1", "yes", "on", "true" },
    };

    for (int v = 0; v < 2; v++) {
        for (int i = 0; i < 4; i++) {
            if (is(w, words[v][i])) {
                *val = (int8_t)v;
                return true;
            }
        }
    }
    return false;
}

static int option(struct word w, struct pt_options *o, struct pt_error *err)
{
    struct word key = w, val = w;
    char text[PT_WORD_LEN];
    const char *eq = memchr(w.at, '=', w.len);

    if (!eq || eq == w.at) {
        return pt_fail(err, EINVAL, "'%s' is no KEY=VALUE", show(w, text));
    }
    key.len = (size_t)(eq - w.at);
    val.at = eq + 1;
    val.len = w.len - key.len - 1;
    for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
        if (!is(key, options[i].key)) {
            continue;
        }
        if (!flag(val, (int8_t *)o + options[i].member)) {
            return pt_fail(err, EINVAL, "%s: '%s' is neither 0, no, off, "
                           "false nor 1, yes, on, true", options[i].key,
                           show(val, text));
        }
        return 0;
    }
    if (!o->unknown[0]) {
        show(key, o->unknown);
    }
    return 0;
}

int pt_params_options(const char *text, struct pt_options *o,
                      struct pt_error *err)
{
    *o = (struct pt_options) {
        .msitranslate = PT_UNSAID, .power_mgmt = PT_UNSAID,
        .permissive = PT_UNSAID, .strict = PT_UNSAID, .flr = PT_UNSAID,
        .extended = PT_UNSAID,
    };
    while (*text) {
        struct word w = until(text, ",");
        int rc = w.len ? option(w, o, err) : 0;

        if (rc != 0) {
            return rc;
        }
        text += w.len;
        text += *text == ',';
    }
    return 0;
}

/* ------------------------------------------------------------------ */
/* All of it                                                           */

int pt_params_parse(const char *text, struct pt_params *p,
                    struct pt_error *err)
{
    const char *at;
    uint32_t vdevfn = PT_AUTO_SLOT;
    char part[PT_WORD_LEN];
    int rc;

    memset(p, 0, sizeof(*p));
    rc = pt_params_addr(text, &at, &p->addr, err);
    if (rc != 0) {
        return rc;
    }
    if (*at == '@') {
        struct word w = until(at + 1, ",");

        if (!number(w, MAX_VDEVFN, &vdevfn)) {
            return pt_fail(err, EINVAL, "'@%s' is no place on the guest's "
                           "bus (0 to ff; 100 to 107: any slot)",
                           show(w, part));
        }
        at = w.at + w.len;
    }
    p->vdevfn = (uint16_t)(vdevfn & PT_AUTO_SLOT ?
                           vdevfn & (PT_AUTO_SLOT | MAX_FUNC) : vdevfn);
    return pt_params_options(at + (*at == ','), &p->options, err);
}
