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

static void check_choice(const struct pt_conf_choice *c)
{
    char buf[512];
    const char *origin = pt_conf_origin(c, buf, sizeof(buf));
    struct pt_error err = { "" };
    struct pt_policy policy;
    bool any = false;

    for (unsigned key = 0; key < PT_CONF_NUM_KEYS; key++) {
        want(memchr(c->from[key], 0, PT_CONF_ORIGIN) != NULL, "no end");
        any |= c->from[key][0] != '\0';
    }
    for (unsigned key = 0; key < PT_CONF_NUM_FLAGS; key++) {
        want((c->flag[key] == PT_CONF_UNSAID) == !c->from[key][0],
             "a value from nowhere");
    }
    want(any == (origin != NULL), "an origin of nothing");
    want(pt_conf_policy(c, &policy, &err) == 0 ?
         !(policy.strict && policy.permissive) : err.text[0] != 0,
         "no policy, and no reason");
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
        pt_conf_apply(conf, &id[i], &c);
        check_choice(&c);
    }
    pt_conf_free(conf);
    return 0;
}
