/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The policy file on its way through the reader (pt-conf.c, pt-conf-mask.c),
 * and as it is kept, for pt-conf-choice.c.
 */
#ifndef PT_CONF_INT_H
#define PT_CONF_INT_H

#include "pt-conf.h"

/* What a section's head says, the most special last. */
enum pt_conf_kind {
    PT_CONF_ALL,
    PT_CONF_BASE_CLASS,
    PT_CONF_CLASS,
    PT_CONF_INTERFACE,
    PT_CONF_SUBSYSTEM,
    PT_CONF_DEVICE,
    PT_CONF_BOARD,   /* device and subsystem */
    PT_CONF_ADDRESS,
};

#define PT_CONF_HEAD 48

struct pt_conf_section {
    enum pt_conf_kind kind;
    struct pt_conf_id id;  /* of it, what the kind goes by; otherwise 0 */
    char head[PT_CONF_HEAD];
    unsigned line;
    unsigned key_line[PT_CONF_NUM_KEYS];  /* 0: has no such key */
    bool flag[PT_CONF_NUM_FLAGS];
    uint8_t hide[32];       /* as in struct pt_policy */
    uint8_t hide_ext[8];
    uint32_t windows, no_windows;
    uint8_t num_added;
    struct pt_added added[PT_MAX_ADDED];
    char romfile[PT_CONF_MAX_LINE + 1];
};

/* A register of a section. */
struct pt_conf_register {
    const struct pt_conf_section *section;
    unsigned line;
    struct pt_mask mask;
};

struct pt_conf {
    const char *path;  /* while it is read */
    char name[40];     /* without its directories, for the log */
    unsigned num;
    struct pt_conf_section section[PT_CONF_MAX_SECTIONS];
    unsigned num_regs;
    struct pt_conf_register reg[PT_CONF_MAX_REGISTERS];
};

/* The keys' names. */
extern const char *const pt_conf_keys[PT_CONF_NUM_KEYS];

/* ------------------------------------------------------------------ */

#define PT_CONF_BLANKS " \t"

/* A file on its way through libinih. */
struct pt_conf_reading {
    struct pt_conf *conf;
    struct pt_conf_section *section;  /* NULL: none has begun */
    const char *at, *end;
    unsigned line;
    bool failed;
    struct pt_error *err;
};

/* The first thing that is wrong is what is told. Returns false. */
bool pt_conf_wrong(struct pt_conf_reading *r, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#define PT_CONF_WORD 40

/* @s for a message: cut, and without what a terminal or a log would obey. */
const char *pt_conf_show(const char *s, char buf[PT_CONF_WORD]);

/* Is it the name of a key "register 0xNN.N"? */
bool pt_conf_is_register(const char *name);
/* The values of these keys, for the section. Returns false if one is wrong. */
bool pt_conf_take_register(struct pt_conf_reading *r, const char *name,
                           const char *value);
bool pt_conf_take_add(struct pt_conf_reading *r, const char *value);

/* Have they a byte in common? */
bool pt_conf_overlap(const struct pt_mask *a, const struct pt_mask *b);

#endif
