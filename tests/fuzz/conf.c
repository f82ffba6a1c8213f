/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The libFuzzer target of the policy file's reader. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pt-conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void want(int good, const char *what)
{
    if (!good) {
        fprintf(stderr, "WRONG: %s\n", what);
        abort();
    }
}

/* Messages go to logs and terminals. */
static void check_message(const char *s)
{
    unsigned line;

    want(sscanf(s, "fuzz:%u: ", &line) == 1 ||
         strstr(s, "more than 65536 bytes"), "a message without a line");
    for (; *s; s++) {
        want(*s >= ' ' && *s < 0x7f, "a message that is no plain text");
    }
}

/* Each bit once, never the header, nothing opened above 0xff. */
static void check_mask(const struct pt_policy *p, unsigned n)
{
    const struct pt_mask *m = &p->mask[n];
    const uint32_t part[] = {
        m->fwd, m->rw1c, m->emu, m->ro, m->fixed, m->zero, m->one,
    };
    uint32_t seen = 0;

    for (unsigned i = 0; i < sizeof(part) / sizeof(part[0]); i++) {
        want(!(seen & part[i]), "a bit that is named twice");
        seen |= part[i];
    }
    want(m->size == 1 || m->size == 2 || m->size == 4, "a size");
    want(seen && !(m->size < 4 && seen >> (8 * m->size)), "bits of nothing");
    want(m->off >= 0x40 && m->off % m->size == 0 && m->off < 0x1000,
         "a place");
    want(m->off < 0x100 || (p->extended && !(m->fwd | m->rw1c)),
         "extended space that is opened");
    want(m->from[0] && memchr(m->from, 0, PT_SAID_BY), "a mask from nowhere");
    for (unsigned i = 0; i < n; i++) {
        want(m->off >= p->mask[i].off + p->mask[i].size ||
             p->mask[i].off >= m->off + m->size, "registers that overlap");
    }
}

static void check_policy(const struct pt_policy *p)
{
    want(!(p->strict && p->permissive), "strict and permissive");
    want(p->num_masks <= PT_MAX_MASKS && p->num_added <= PT_MAX_ADDED,
         "too many");
    for (unsigned n = 0; n < p->num_masks; n++) {
        check_mask(p, n);
    }
    for (unsigned n = 0; n < p->num_added; n++) {
        const struct pt_added *a = &p->added[n];

        want(a->pos >= 0x40 && a->pos % 4 == 0 && a->size >= 3 &&
             a->size <= 32 && a->pos + a->size <= 0x100, "a place to add");
        want(a->data[0] == 0x09 && a->data[2] == a->size, "what is added");
    }
}

static void check_choice(const struct pt_conf_choice *c)
{
    char buf[PT_CONF_ORIGINS];
    const char *origin = pt_conf_origin(c, buf, sizeof(buf));
    struct pt_error err = { "" };
    struct pt_policy policy;
    bool any = c->num_masks != 0;

    for (unsigned key = 0; key < PT_CONF_NUM_KEYS; key++) {
        want(memchr(c->from[key], 0, PT_CONF_ORIGIN) != NULL, "no end");
        any |= c->from[key][0] != '\0';
    }
    for (unsigned key = 0; key < PT_CONF_NUM_FLAGS; key++) {
        want((c->flag[key] == PT_CONF_UNSAID) == !c->from[key][0],
             "a value from nowhere");
    }
    want(any == (origin != NULL), "an origin of nothing");
    if (pt_conf_policy(c, &policy, &err) == 0) {
        check_policy(&policy);
    } else {
        want(err.text[0] != 0, "no policy, and no reason");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct pt_conf_id id[] = {
        { .vendor = 0x8086, .device = 0x1533, .class = 0x020000,
          .subvendor = 0x17aa, .subdevice = 0x2000,
          .addr = { .bus = 1 } },
        { .addr = { .domain = 0x10000, .bus = 0xff, .dev = 31, .func = 7 } },
    };
    struct pt_error err = { "" };
    struct pt_conf *conf;
    int rc = pt_conf_parse("fuzz", (const char *)data, size, &conf, &err);

    want((rc == 0) == (conf != NULL), "neither read nor refused");
    if (rc != 0) {
        check_message(err.text);
        return 0;
    }
    for (unsigned i = 0; i < sizeof(id) / sizeof(id[0]); i++) {
        struct pt_conf_choice c;

        pt_conf_begin(&c);
        pt_conf_apply(conf, i ? conf : NULL, &id[i], &c);
        check_choice(&c);
    }
    pt_conf_free(conf);
    return 0;
}
