/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the policy files say of one device, and what the toolstack does. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "pt-pci.h"
#include "pt-conf-int.h"

const char *const pt_conf_keys[PT_CONF_NUM_KEYS] = {
    [PT_CONF_STRICT] = "strict",
    [PT_CONF_PERMISSIVE] = "permissive",
    [PT_CONF_POWER_MGMT] = "power_mgmt",
    [PT_CONF_MSITRANSLATE] = "msitranslate",
    [PT_CONF_ROMBAR] = "rombar",
    [PT_CONF_EXTENDED] = "extended",
    [PT_CONF_FLR] = "flr",
    [PT_CONF_ROMFILE] = "romfile",
    [PT_CONF_HIDE] = "hide",
    [PT_CONF_WINDOW] = "window",
    [PT_CONF_NO_WINDOW] = "no-window",
    [PT_CONF_ADD] = "add",
};

/* ------------------------------------------------------------------ */
/* The device                                                          */

void pt_conf_id_of(const struct pt_device_info *info, const uint8_t *cfg,
                   struct pt_conf_id *id)
{
    *id = (struct pt_conf_id) {
        .addr = info->addr,
        .vendor = info->vendor,
        .device = info->device,
        .subvendor = (uint16_t)pt_load(cfg + PCI_SUBSYSTEM_VENDOR_ID, 2),
        .subdevice = (uint16_t)pt_load(cfg + PCI_SUBSYSTEM_ID, 2),
        .class = pt_load(cfg + PCI_CLASS_PROG, 3),
    };
}

int pt_conf_identify(const struct pt_device *dev, struct pt_conf_id *id,
                     struct pt_error *err)
{
    uint8_t cfg[64] = { 0 };
    char addr[PT_SBDF_LEN];
    int rc = dev->ops->read(dev->priv, PCI_CLASS_REVISION,
                            cfg + PCI_CLASS_REVISION, 4);

    if (rc == 0) {
        rc = dev->ops->read(dev->priv, PCI_SUBSYSTEM_VENDOR_ID,
                            cfg + PCI_SUBSYSTEM_VENDOR_ID, 4);
    }
    if (rc != 0) {
        return pt_fail(err, -rc, "%s: can't read its configuration space: %s",
                       pt_sbdf_str(&dev->info.addr, addr), strerror(-rc));
    }
    pt_conf_id_of(&dev->info, cfg, id);
    return 0;
}

static bool same_addr(const struct pt_sbdf *a, const struct pt_sbdf *b)
{
    return a->domain == b->domain && a->bus == b->bus && a->dev == b->dev &&
        a->func == b->func;
}

static bool matches(const struct pt_conf_section *s,
                    const struct pt_conf_id *id)
{
    const struct pt_conf_id *of = &s->id;
    bool device = of->vendor == id->vendor && of->device == id->device;
    bool subsystem = of->subvendor == id->subvendor &&
        of->subdevice == id->subdevice;

    switch (s->kind) {
    case PT_CONF_ALL:
        return true;
    case PT_CONF_BASE_CLASS:
        return of->class >> 16 == id->class >> 16;
    case PT_CONF_CLASS:
        return of->class >> 8 == id->class >> 8;
    case PT_CONF_INTERFACE:
        return of->class == id->class;
    case PT_CONF_SUBSYSTEM:
        return subsystem;
    case PT_CONF_DEVICE:
        return device;
    case PT_CONF_BOARD:
        return device && subsystem;
    case PT_CONF_ADDRESS:
        return same_addr(&of->addr, &id->addr);
    }
    return false;
}

/* ------------------------------------------------------------------ */
/* The choice                                                          */

void pt_conf_begin(struct pt_conf_choice *c)
{
    memset(c, 0, sizeof(*c));
    memset(c->flag, PT_CONF_UNSAID, sizeof(c->flag));
}

/* The section of @conf that has the last word of @key, or NULL. */
static const struct pt_conf_section *best(const struct pt_conf *conf,
                                          const struct pt_conf_id *id,
                                          enum pt_conf_key key)
{
    const struct pt_conf_section *found = NULL;

    for (unsigned i = 0; i < conf->num; i++) {
        const struct pt_conf_section *s = &conf->section[i];

        if (s->key_line[key] && matches(s, id) &&
            (!found || s->kind > found->kind)) {
            found = s;
        }
    }
    return found;
}

static void say_windows(const struct pt_conf_section *s, bool on,
                        struct pt_conf_choice *c)
{
    uint32_t named = on ? s->windows : s->no_windows;

    *(on ? &c->windows : &c->no_windows) = named;
    *(on ? &c->no_windows : &c->windows) &= ~named;
}

/* Of a name that both keys have, the more special section's counts. */
static void apply_windows(const struct pt_conf_section *on,
                          const struct pt_conf_section *off,
                          struct pt_conf_choice *c)
{
    bool on_last = on && (!off || on->kind > off->kind);

    if (on && !on_last) {
        say_windows(on, true, c);
    }
    if (off) {
        say_windows(off, false, c);
    }
    if (on_last) {
        say_windows(on, true, c);
    }
}

static void apply_key(const struct pt_conf_section *s, enum pt_conf_key key,
                      struct pt_conf_choice *c)
{
    if (key == PT_CONF_HIDE) {
        memcpy(c->hide, s->hide, sizeof(c->hide));
        memcpy(c->hide_ext, s->hide_ext, sizeof(c->hide_ext));
    } else if (key == PT_CONF_ADD) {
        c->num_added = s->num_added;
        memcpy(c->added, s->added, sizeof(c->added));
        for (unsigned i = 0; i < c->num_added; i++) {
            memcpy(c->added[i].from, c->from[key], PT_SAID_BY);
        }
    } else if (key == PT_CONF_ROMFILE) {
        memcpy(c->romfile, s->romfile, sizeof(c->romfile));
    } else if (key < PT_CONF_NUM_FLAGS) {
        c->flag[key] = s->flag[key];
    }
}

/* A file and where it stands. */
struct layer {
    const struct pt_conf *conf;
    const struct pt_conf *over;  /* goes over it, or NULL */
    const char *whose;           /* both may have one name */
};

static void say_where(const struct layer *l, unsigned line,
                      const struct pt_conf_section *s, char *from)
{
    snprintf(from, PT_CONF_ORIGIN, "%s%.20s:%u [%.31s]", l->whose,
             l->conf->name, line, s->head);
}

bool pt_conf_overlap(const struct pt_mask *a, const struct pt_mask *b)
{
    return a->off < b->off + b->size && b->off < a->off + a->size;
}

/*
 * Does a section of @conf, as special as @least or more, say anything of a
 * byte of @m?
 */
static bool says(const struct pt_conf *conf, const struct pt_conf_id *id,
                 enum pt_conf_kind least, const struct pt_mask *m)
{
    for (unsigned i = 0; conf && i < conf->num_regs; i++) {
        const struct pt_conf_register *reg = &conf->reg[i];

        if (reg->section->kind >= least && matches(reg->section, id) &&
            pt_conf_overlap(&reg->mask, m)) {
            return true;
        }
    }
    return false;
}

/*
 * A file that has registers above 0xff for many devices can say no to extended
 * for one of them, in a more special section or in the file over it. The
 * toolstack, which is heard later, may say yes again.
 */
static enum pt_conf_sort sort_of(const struct layer *l,
                                 const struct pt_conf_id *id,
                                 const struct pt_conf_register *reg)
{
    const struct pt_conf_section *s = NULL;

    if (reg->mask.off < PT_CFG_SIZE) {
        return PT_CONF_BELOW;
    }
    if (l->over) {
        s = best(l->over, id, PT_CONF_EXTENDED);
    }
    if (!s) {
        s = best(l->conf, id, PT_CONF_EXTENDED);
        s = s && s->kind > reg->section->kind ? s : NULL;
    }
    return s && !s->flag[PT_CONF_EXTENDED] ? PT_CONF_EXCEPTED : PT_CONF_ABOVE;
}

static void add_register(const struct layer *l,
                         const struct pt_conf_register *reg,
                         enum pt_conf_sort sort, struct pt_conf_choice *c)
{
    struct pt_mask *m = &c->mask[c->num_masks];

    if (c->found[sort]++ < PT_MAX_MASKS) {
        *m = reg->mask;
        say_where(l, reg->line, reg->section, m->from);
        c->sort[c->num_masks++] = (uint8_t)sort;
    }
}

/*
 * Those of which nothing is dropped, by the file itself or by the one over it:
 * what is dropped in the end must not count on the way. Of one kind, one
 * section at most is for a device.
 */
static void apply_registers(const struct layer *l, const struct pt_conf_id *id,
                            struct pt_conf_choice *c)
{
    for (enum pt_conf_kind kind = 0; kind <= PT_CONF_ADDRESS; kind++) {
        for (unsigned i = 0; i < l->conf->num_regs; i++) {
            const struct pt_conf_register *reg = &l->conf->reg[i];

            if (reg->section->kind == kind && matches(reg->section, id) &&
                !says(l->conf, id, kind + 1, &reg->mask) &&
                !says(l->over, id, PT_CONF_ALL, &reg->mask)) {
                add_register(l, reg, sort_of(l, id, reg), c);
            }
        }
    }
}

static void apply_file(const struct layer *l, const struct pt_conf_id *id,
                       struct pt_conf_choice *c)
{
    for (enum pt_conf_key key = 0; key < PT_CONF_NUM_KEYS; key++) {
        const struct pt_conf_section *s = best(l->conf, id, key);

        if (s) {
            say_where(l, s->key_line[key], s, c->from[key]);
            apply_key(s, key, c);
        }
    }
    apply_registers(l, id, c);
    apply_windows(best(l->conf, id, PT_CONF_WINDOW),
                  best(l->conf, id, PT_CONF_NO_WINDOW), c);
}

void pt_conf_apply(const struct pt_conf *host, const struct pt_conf *guest,
                   const struct pt_conf_id *id, struct pt_conf_choice *c)
{
    const struct layer layer[] = {
        { .conf = host, .over = guest, .whose = "" },
        { .conf = guest, .whose = "guest's " },
    };

    for (unsigned i = 0; i < sizeof(layer) / sizeof(layer[0]); i++) {
        if (layer[i].conf) {
            apply_file(&layer[i], id, c);
        }
    }
}

void pt_conf_say(struct pt_conf_choice *c,
                 const int8_t said[PT_CONF_NUM_FLAGS])
{
    for (enum pt_conf_key key = 0; key < PT_CONF_NUM_FLAGS; key++) {
        if (said[key] != PT_CONF_UNSAID) {
            c->flag[key] = said[key];
            snprintf(c->from[key], sizeof(c->from[key]), "the toolstack");
        }
    }
}

/* Heads of sections are in brackets. */
static bool of_file(const char *from)
{
    return strchr(from, '[') != NULL;
}

/* Are registers of this sort for the device, or wrong? */
static bool counts(const struct pt_conf_choice *c, enum pt_conf_sort sort)
{
    int8_t extended = c->flag[PT_CONF_EXTENDED];

    if (sort == PT_CONF_BELOW || extended == 1) {
        return true;
    }
    return sort == PT_CONF_ABOVE &&
        (extended == PT_CONF_UNSAID || of_file(c->from[PT_CONF_EXTENDED]));
}

/* What does not depend on the device. 0, or -EINVAL. */
static int take_registers(const struct pt_conf_choice *c,
                          struct pt_policy *policy, struct pt_error *err)
{
    unsigned num = 0;

    for (enum pt_conf_sort sort = 0; sort < PT_CONF_SORTS; sort++) {
        num += counts(c, sort) ? c->found[sort] : 0;
    }
    if (num > PT_MAX_MASKS) {
        return pt_fail(err, EINVAL, "more than %u registers of one device",
                       PT_MAX_MASKS);
    }
    for (unsigned i = 0; i < c->num_masks; i++) {
        const struct pt_mask *m = &c->mask[i];

        if (!counts(c, c->sort[i])) {
            continue;
        }
        if (c->sort[i] != PT_CONF_BELOW && !policy->extended) {
            return pt_fail(err, EINVAL, "%s: register %#x.%u: only with "
                           "extended", m->from, m->off, m->size);
        }
        policy->mask[policy->num_masks++] = *m;
    }
    return 0;
}

int pt_conf_policy(const struct pt_conf_choice *c, struct pt_policy *policy,
                   struct pt_error *err)
{
    const int8_t *flag = c->flag;

    /* To its last byte: policies are compared as memory. */
    memset(policy, 0, sizeof(*policy));
    policy->strict = flag[PT_CONF_STRICT] == 1;
    policy->permissive = flag[PT_CONF_PERMISSIVE] == 1;
    policy->power_mgmt = flag[PT_CONF_POWER_MGMT] == 1;
    policy->msitranslate = flag[PT_CONF_MSITRANSLATE] == 1;
    policy->no_rom = flag[PT_CONF_ROMBAR] == 0;
    policy->extended = flag[PT_CONF_EXTENDED] == 1;
    policy->flr = flag[PT_CONF_FLR] == 1;
    policy->windows = c->windows;
    policy->no_windows = c->no_windows;
    memcpy(policy->hide, c->hide, sizeof(policy->hide));
    memcpy(policy->hide_ext, c->hide_ext, sizeof(policy->hide_ext));
    policy->num_added = c->num_added;
    memcpy(policy->added, c->added, sizeof(policy->added));
    if (policy->strict && policy->permissive &&
        (of_file(c->from[PT_CONF_STRICT]) ||
         of_file(c->from[PT_CONF_PERMISSIVE]))) {
        return pt_fail(err, EINVAL, "strict (%s) and permissive (%s) exclude "
                       "each other", c->from[PT_CONF_STRICT],
                       c->from[PT_CONF_PERMISSIVE]);
    }
    return take_registers(c, policy, err);
}

static void __attribute__((format(printf, 3, 4)))
append(char *buf, size_t size, const char *fmt, ...)
{
    size_t n = strlen(buf);
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(buf + n, size - n, fmt, ap);
    va_end(ap);
}

const char *pt_conf_origin(const struct pt_conf_choice *c, char *buf,
                           size_t size)
{
    bool files = false;

    snprintf(buf, size, "from");
    for (enum pt_conf_key key = 0; key < PT_CONF_NUM_KEYS; key++) {
        if (!c->from[key][0]) {
            continue;
        }
        append(buf, size, "%s %s", buf[4] ? "," : "", c->from[key]);
        append(buf, size, " %s", pt_conf_keys[key]);
        files |= of_file(c->from[key]);
    }
    for (unsigned i = 0; i < c->num_masks; i++) {
        if (!counts(c, c->sort[i])) {
            continue;
        }
        append(buf, size, "%s %s register %#x.%u", buf[4] ? "," : "",
               c->mask[i].from, c->mask[i].off, c->mask[i].size);
        files = true;
    }
    return files ? buf : NULL;
}
