/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libxl's command line. */
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pp-args.h"

#define GIB4 (UINT64_C(1) << 32)
/* Where the RAM below 4 GiB ends if nobody says so: HVM_BELOW_4G_RAM_END. */
#define RAM_LOW_END UINT64_C(0xf0000000)
#define MAX_MIB (UINT64_C(1) << 30)

#define LIBXL_SOCKET "libxl-cmd"
#define PROPERTY "xen-pci-passthrough."
#define FILE_SIZE "-pass-through-fsize"

/* Two monitors' options, two words each. */
#define MORE_ARGS 4

/* ------------------------------------------------------------------ */
/* QEMU's lists of options: "name,key=value,..."; a comma is doubled   */

/*
 * The value of @key in @list, to @buf of @size bytes. Returns false if there is
 * none, or one that is too long.
 */
static bool option(const char *list, const char *key, char *buf, size_t size)
{
    size_t key_len = strlen(key), n = 0;
    const char *p = list;

    while (p && (strncmp(p, key, key_len) != 0 || p[key_len] != '=')) {
        do {
            p = strchr(p, ',');
            p = p ? p + 1 : NULL;
        } while (p && *p == ',' && p++);
    }
    if (!p) {
        return false;
    }
    for (p += key_len + 1; *p && (*p != ',' || *++p == ','); p++) {
        if (n + 1 >= size) {
            return false;
        }
        buf[n++] = *p;
    }
    buf[n] = '\0';
    return true;
}

/* A decimal number of at most @max, and nothing after it. */
static bool number(const char *s, uint64_t max, uint64_t *val)
{
    char *end;

    if (*s < '0' || *s > '9') {
        return false;
    }
    errno = 0;
    *val = strtoull(s, &end, 10);
    return errno == 0 && *end == '\0' && *val <= max;
}

/* ------------------------------------------------------------------ */
/* What is ours                                                        */

const char *const pp_flag_names[PT_CONF_NUM_FLAGS] = {
    [PT_CONF_STRICT] = "strict",
    [PT_CONF_PERMISSIVE] = "permissive",
    [PT_CONF_POWER_MGMT] = "power_mgmt",
    [PT_CONF_MSITRANSLATE] = "msitranslate",
    [PT_CONF_EXTENDED] = "extended",
    [PT_CONF_FLR] = "flr",
    [PT_CONF_ROMBAR] = "rombar",
};

static int flag_value(const char *s)
{
    static const char *const yes[] = { "on", "yes", "true", "1" };
    static const char *const no[] = { "off", "no", "false", "0" };

    for (unsigned i = 0; i < 4; i++) {
        if (strcmp(s, yes[i]) == 0) {
            return 1;
        }
        if (strcmp(s, no[i]) == 0) {
            return 0;
        }
    }
    return PT_CONF_UNSAID;
}

/* "-global xen-pci-passthrough.KEY=VALUE", as QEMU has it for all of a type. */
static int take_property(struct pp_args *a, const char *word,
                         struct pt_error *err)
{
    const char *value = strchr(word, '=');
    size_t len = value ? (size_t)(value - word) : strlen(word);

    value = value ? value + 1 : "";
    if (len == strlen("config") && strncmp(word, "config", len) == 0) {
        a->config = *value ? value : NULL;
        return 0;
    }
    for (unsigned i = 0; i < PT_CONF_NUM_FLAGS; i++) {
        const char *name = pp_flag_names[i];

        if (name && strlen(name) == len && strncmp(name, word, len) == 0) {
            int on = flag_value(value);

            a->said[i] = (int8_t)on;
            return on != PT_CONF_UNSAID ? 0 :
                pt_fail(err, EINVAL, "-global " PROPERTY "%s: neither on nor "
                        "off", name);
        }
    }
    return pt_fail(err, EINVAL, "-global " PROPERTY "%.60s: there is no such "
                   "property", word);
}

/* In MiB. */
static int take_file_size(struct pp_args *a, const char *word,
                          struct pt_error *err)
{
    if (!number(word, MAX_MIB, &a->file_size) || a->file_size == 0) {
        return pt_fail(err, EINVAL, FILE_SIZE ": %.60s is no number of MiB",
                       word);
    }
    a->file_size <<= 20;
    return 0;
}

/* Returns 1 if @word, with @value after it, is ours, 0 if not, or -errno. */
static int take(struct pp_args *a, const char *word, const char *value,
                struct pt_error *err)
{
    int rc = 0;

    if (strcmp(word, "-pass-through-dm") == 0) {
        a->dm = value;
    } else if (strcmp(word, FILE_SIZE) == 0) {
        rc = take_file_size(a, value, err);
    } else if (strcmp(word, "-global") == 0 &&
               strncmp(value, PROPERTY, strlen(PROPERTY)) == 0) {
        rc = take_property(a, value + strlen(PROPERTY), err);
    } else {
        return 0;
    }
    return rc ? rc : 1;
}

/* ------------------------------------------------------------------ */
/* What is QEMU's                                                      */

struct seen {
    bool domid, attach, chardev, ram;
    uint64_t mib, low_end;
};

static void see_chardev(struct pp_args *a, struct seen *seen, unsigned at,
                        const char *list)
{
    char id[32], fd[16];
    uint64_t val;

    if (!option(list, "id", id, sizeof(id)) || strcmp(id, LIBXL_SOCKET) != 0) {
        return;
    }
    a->listen_fd = -1;
    if (option(list, "fd", fd, sizeof(fd)) && number(fd, 1 << 20, &val)) {
        a->listen_fd = (int)val;
    } else if (!option(list, "path", a->listen_path,
                       sizeof(a->listen_path))) {
        return;
    }
    a->chardev = at;
    seen->chardev = true;
}

/* @word, and @value after it (NULL: nothing), which is at a->argv[@at]. */
static void see(struct pp_args *a, struct seen *seen, const char *word,
                const char *value, unsigned at)
{
    char text[24];
    uint64_t val;

    word += word[0] == '-' && word[1] == '-';
    if (strcmp(word, "-xen-attach") == 0) {
        seen->attach = true;
    } else if (!value) {
        return;
    } else if (strcmp(word, "-xen-domid") == 0 && number(value, 0x7fef, &val)) {
        a->domid = (uint32_t)val;
        seen->domid = true;
    } else if (strcmp(word, "-m") == 0 && number(value, MAX_MIB, &val)) {
        seen->mib = val;
        seen->ram = true;
    } else if (strcmp(word, "-chardev") == 0) {
        see_chardev(a, seen, at, value);
    } else if ((strcmp(word, "-machine") == 0 || strcmp(word, "-M") == 0) &&
               option(value, "max-ram-below-4g", text, sizeof(text)) &&
               number(text, GIB4, &val)) {
        seen->low_end = val;
    }
}

static void conclude(struct pp_args *a, const struct seen *seen)
{
    uint64_t ram = seen->mib << 20;

    a->ours = seen->domid && seen->chardev && seen->ram && !seen->attach;
    a->ram_low = ram < seen->low_end ? ram : seen->low_end;
    a->ram_high = ram - a->ram_low;
}

int pp_args_parse(struct pp_args *a, int argc, char **argv,
                  struct pt_error *err)
{
    struct seen seen = { .low_end = RAM_LOW_END };

    *a = (struct pp_args) { .listen_fd = -1 };
    memset(a->said, PT_CONF_UNSAID, sizeof(a->said));
    a->argv = calloc((size_t)argc + MORE_ARGS + 1, sizeof(a->argv[0]));
    if (!a->argv) {
        return pt_fail(err, ENOMEM, "%s", strerror(ENOMEM));
    }
    for (int i = 0; i < argc; i++) {
        const char *value = argv[i + 1];
        int ours = i > 0 && value ? take(a, argv[i], value, err) : 0;

        if (ours < 0) {
            pp_args_free(a);
            return ours;
        }
        if (ours) {
            i++;
            continue;
        }
        see(a, &seen, argv[i], value, a->argc + 1);
        a->argv[a->argc++] = argv[i];
    }
    conclude(a, &seen);
    return 0;
}

/* ------------------------------------------------------------------ */

static char *print(const char *fmt, const char *name, int fd)
    __attribute__((format(printf, 1, 0)));

static char *print(const char *fmt, const char *name, int fd)
{
    char *s;

    return asprintf(&s, fmt, name, fd) < 0 ? NULL : s;
}

int pp_args_redirect(struct pp_args *a, int listen_fd, int monitor_fd)
{
    char *cmd = print("socket,id=%s,fd=%d,server=on,wait=off", LIBXL_SOCKET,
                      listen_fd);
    char *own = print("socket,id=%s,fd=%d", "xen-pass-through", monitor_fd);

    if (!cmd || !own) {
        free(cmd);
        free(own);
        return -ENOMEM;
    }
    a->argv[a->chardev] = cmd;
    a->argv[a->argc++] = (char *)"-chardev";
    a->argv[a->argc++] = own;
    a->argv[a->argc++] = (char *)"-mon";
    a->argv[a->argc++] = (char *)"chardev=xen-pass-through,mode=control";
    a->redirected = true;
    return 0;
}

void pp_args_free(struct pp_args *a)
{
    if (a->redirected) {
        free(a->argv[a->chardev]);
        free(a->argv[a->argc - 3]);
    }
    free(a->argv);
    a->argv = NULL;
}
