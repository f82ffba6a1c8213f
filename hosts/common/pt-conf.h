/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The policy file, for hosts of the engine and for ptview: which device gets
 * which policy. Its text is described in pass-through.conf.5.
 *
 * A file is the administrator's, but may be anything: what is not understood
 * is refused as a whole, with file, line and reason.
 */
#ifndef PT_CONF_H
#define PT_CONF_H

#include <stddef.h>

#include "pass-through.h"

#define PT_CONF_PATH "/etc/xen/pass-through.conf"

#define PT_CONF_MAX_SIZE 65536
#define PT_CONF_MAX_LINE 190
#define PT_CONF_MAX_SECTIONS 256
#define PT_CONF_MAX_REGISTERS 256

enum pt_conf_key {
    PT_CONF_STRICT,
    PT_CONF_PERMISSIVE,
    PT_CONF_POWER_MGMT,
    PT_CONF_MSITRANSLATE,
    PT_CONF_ROMBAR,
    PT_CONF_EXTENDED,
    PT_CONF_FLR,
    PT_CONF_NUM_FLAGS,  /* those before are yes or no */
    PT_CONF_ROMFILE = PT_CONF_NUM_FLAGS,
    PT_CONF_HIDE,
    PT_CONF_WINDOW,
    PT_CONF_NO_WINDOW,
    PT_CONF_ADD,
    PT_CONF_NUM_KEYS,
};  /* and registers */

/* A file, read. */
struct pt_conf;

/*
 * Read @path into *@conf, for pt_conf_free(). Where there is no such file and
 * it is @optional, *@conf is NULL, which is a file without sections.
 * Returns 0, or -errno and the reason in @err.
 */
int pt_conf_load(const char *path, bool optional, struct pt_conf **conf,
                 struct pt_error *err);

/* The same of @len bytes at @text; @name is what messages call them. */
int pt_conf_parse(const char *name, const char *text, size_t len,
                  struct pt_conf **conf, struct pt_error *err);

/* NULL is allowed. */
void pt_conf_free(struct pt_conf *conf);

/* ------------------------------------------------------------------ */

/* What sections go by. */
struct pt_conf_id {
    struct pt_sbdf addr;
    uint16_t vendor, device;
    uint16_t subvendor, subdevice;
    uint32_t class;  /* base class, subclass, programming interface */
};

/* Of a device whose header is @cfg: 64 bytes, type 0. */
void pt_conf_id_of(const struct pt_device_info *info, const uint8_t *cfg,
                   struct pt_conf_id *id);

/* Of an opened device: two reads. Returns 0, or -errno and @err. */
int pt_conf_identify(const struct pt_device *dev, struct pt_conf_id *id,
                     struct pt_error *err);

#define PT_CONF_UNSAID (-1)
#define PT_CONF_ORIGIN PT_SAID_BY

/* Registers, by what has to be so that a device has them. */
enum pt_conf_sort {
    PT_CONF_BELOW,     /* 0x100: nothing */
    PT_CONF_ABOVE,     /* extended; it is an error otherwise */
    PT_CONF_EXCEPTED,  /* extended, which a file says no to for this device */
    PT_CONF_SORTS,
};

/* What files and toolstack say of one device. */
struct pt_conf_choice {
    int8_t flag[PT_CONF_NUM_FLAGS];  /* 0, 1; PT_CONF_UNSAID */
    uint8_t hide[32];                /* as in struct pt_policy */
    uint8_t hide_ext[8];
    uint32_t windows;
    uint32_t no_windows;
    uint8_t num_added;
    struct pt_added added[PT_MAX_ADDED];
    unsigned found[PT_CONF_SORTS];   /* registers */
    uint8_t num_masks;               /* up to PT_MAX_MASKS of each sort */
    struct pt_mask mask[PT_CONF_SORTS * PT_MAX_MASKS];
    uint8_t sort[PT_CONF_SORTS * PT_MAX_MASKS];
    char romfile[PT_CONF_MAX_LINE + 1];  /* "": none */
    /* "pass-through.conf:7 [all]", "guest's NAME:7 [all]"; "": nobody. */
    char from[PT_CONF_NUM_KEYS][PT_CONF_ORIGIN];
};

/* Nothing is said of anything. */
void pt_conf_begin(struct pt_conf_choice *c);

/*
 * What the two files (each may be NULL) say of device @id, once after
 * pt_conf_begin(): of each key, what the most special section has; of each
 * register, that of the most special section which has any of its bytes. The
 * guest's file goes over the host's, whatever the sections.
 */
void pt_conf_apply(const struct pt_conf *host, const struct pt_conf *guest,
                   const struct pt_conf_id *id, struct pt_conf_choice *c);

/*
 * All of that for a host: @path, which is optional, and @guest (NULL: none).
 * *@c is complete without any file. @dev is read only where there is one, see
 * pt_conf_identify(). Returns 0, or -errno and @err.
 */
int pt_conf_decide(const char *path, const char *guest,
                   const struct pt_device *dev, struct pt_conf_choice *c,
                   struct pt_error *err);

/*
 * What the toolstack says of the flags goes over the files: @said of each 0,
 * 1, or PT_CONF_UNSAID: nothing.
 */
void pt_conf_say(struct pt_conf_choice *c,
                 const int8_t said[PT_CONF_NUM_FLAGS]);

/*
 * The policy that comes of it, in *@policy; what nobody said is the default.
 * Returns 0, or -EINVAL where a file has part in a contradiction, or files say
 * too much, and in @err what; one of the toolstack's own is left to pt_view().
 */
int pt_conf_policy(const struct pt_conf_choice *c, struct pt_policy *policy,
                   struct pt_error *err);

/* Room for all of it. */
#define PT_CONF_ORIGINS 2560

/*
 * For pt_args.origin: who said what, in @buf, which it returns; NULL if
 * no file said anything.
 */
const char *pt_conf_origin(const struct pt_conf_choice *c, char *buf,
                           size_t size);

/* ------------------------------------------------------------------ */

/* What `hide` calls capability @id (see pt_cap.id), or NULL. */
const char *pt_conf_cap_name(uint32_t id);

#endif
