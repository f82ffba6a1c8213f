/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The policy file as it is kept: between pt-conf.c and pt-conf-choice.c. */
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
    struct pt_policy hide;  /* of it, what pt_hide() sets */
    uint32_t windows, no_windows;
    char romfile[PT_CONF_MAX_LINE + 1];
};

struct pt_conf {
    const char *path;  /* while it is read */
    char name[40];     /* without its directories, for the log */
    unsigned num;
    struct pt_conf_section section[PT_CONF_MAX_SECTIONS];
};

/* The keys' names. */
extern const char *const pt_conf_keys[PT_CONF_NUM_KEYS];

#endif
