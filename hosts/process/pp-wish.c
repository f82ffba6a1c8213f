/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What libxl wants of a device: the arguments of device_add. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "pp-args.h"
#include "pp-guest.h"

/* What QEMU's type has too, and has no use here. */
static bool is_known(const char *key)
{
    return strcmp(key, "driver") == 0 || strcmp(key, "bus") == 0 ||
        strcmp(key, "multifunction") == 0;
}

static int take_id(struct pp_wish *w, const char *s, struct pt_error *err)
{
    size_t len = s ? strlen(s) : 0;

    if (len == 0 || len >= sizeof(w->id) ||
        strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
               "0123456789-._") != len) {
        return pt_fail(err, EINVAL, "id is none that a device can have");
    }
    memcpy(w->id, s, len + 1);
    return 0;
}

static int take_host(struct pp_wish *w, const char *s, struct pt_error *err)
{
    unsigned domain, bus, dev, func;
    int end = -1;

    if (s) {
        sscanf(s, "%8x:%2x:%2x.%1x%n", &domain, &bus, &dev, &func, &end);
    }
    if (end < 0 || s[end] || dev > 31 || func > 7) {
        return pt_fail(err, EINVAL, "hostaddr is none of a device: "
                       "DDDD:BB:DD.F");
    }
    w->host = (struct pt_sbdf) {
        .domain = domain, .bus = (uint8_t)bus, .dev = (uint8_t)dev,
        .func = (uint8_t)func,
    };
    return 0;
}

static int take_place(struct pp_wish *w, const char *s, struct pt_error *err)
{
    unsigned slot, func = 0;
    int end = -1;

    if (s && sscanf(s, "%2x%n", &slot, &end) == 1 && s[end] == '.') {
        int dot = end;

        end = -1;
        sscanf(s + dot, ".%1x%n", &func, &end);
        end = end < 0 ? -1 : dot + end;
    }
    if (end < 0 || s[end] || slot > 31 || func > 7) {
        return pt_fail(err, EINVAL, "addr is no place on the guest's bus: "
                       "SLOT.FN");
    }
    w->devfn = (int)(slot << 3 | func);
    return 0;
}

/* QEMU takes true, "on" and, of rombar, 1. */
static int take_flag(int8_t *flag, const char *name, const json_t *value,
                     struct pt_error *err)
{
    const char *s = json_string_value(value);
    json_int_t i = json_integer_value(value);

    if (json_is_boolean(value)) {
        *flag = (int8_t)json_is_true(value);
    } else if (s && (strcmp(s, "on") == 0 || strcmp(s, "off") == 0)) {
        *flag = s[1] == 'n';
    } else if (s && (strcmp(s, "1") == 0 || strcmp(s, "0") == 0)) {
        *flag = s[0] == '1';
    } else if (json_is_integer(value) && (i == 0 || i == 1)) {
        *flag = (int8_t)i;
    } else {
        return pt_fail(err, EINVAL, "%s is neither on nor off", name);
    }
    return 0;
}

static int take(struct pp_wish *w, const char *key, const json_t *value,
                struct pt_error *err)
{
    const char *s = json_string_value(value);

    if (strcmp(key, "id") == 0) {
        return take_id(w, s, err);
    }
    if (strcmp(key, "hostaddr") == 0) {
        return take_host(w, s, err);
    }
    if (strcmp(key, "addr") == 0) {
        return take_place(w, s, err);
    }
    if (strcmp(key, "romfile") == 0) {
        w->romfile = s && *s ? s : NULL;
        return s ? 0 : pt_fail(err, EINVAL, "romfile is no file's name");
    }
    if (strcmp(key, "config") == 0) {
        w->config = s && *s ? s : NULL;
        return s ? 0 : pt_fail(err, EINVAL, "config is no file's name");
    }
    for (unsigned i = 0; i < PT_CONF_NUM_FLAGS; i++) {
        if (pp_flag_names[i] && strcmp(key, pp_flag_names[i]) == 0) {
            return take_flag(&w->said[i], key, value, err);
        }
    }
    return is_known(key) ? 0 :
        pt_fail(err, EINVAL, "xen-pci-passthrough has no property %.40s", key);
}

int pp_wish_parse(struct pp_wish *w, const json_t *args, struct pt_error *err)
{
    const char *key;
    json_t *value;
    bool host = false;

    *w = (struct pp_wish) { .devfn = -1 };
    memset(w->said, PT_CONF_UNSAID, sizeof(w->said));
    json_object_foreach((json_t *)args, key, value) {
        int rc = take(w, key, value, err);

        if (rc != 0) {
            return rc;
        }
        host |= strcmp(key, "hostaddr") == 0;
    }
    if (!host) {
        return pt_fail(err, EINVAL, "hostaddr is not set: which device of the "
                       "host?");
    }
    return w->id[0] ? 0 : pt_fail(err, EINVAL, "id is not set");
}
