/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A sysfs tree of our own making, for the tests of hw/pt-device.c. */
#ifndef LIB_SYSFS_H
#define LIB_SYSFS_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* nftw */
#endif
#include <dirent.h>
#include <ftw.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "pt-device-int.h"

#include "lib-temp.h"

static const char *const no_resources =
    "0x0000000000000000 0x0000000000000000 0x0000000000000000\n"
    "0x0000000000000000 0x0000000000000000 0x0000000000000000\n"
    "0x0000000000000000 0x0000000000000000 0x0000000000000000\n"
    "0x0000000000000000 0x0000000000000000 0x0000000000000000\n"
    "0x0000000000000000 0x0000000000000000 0x0000000000000000\n"
    "0x0000000000000000 0x0000000000000000 0x0000000000000000\n"
    "0x0000000000000000 0x0000000000000000 0x0000000000000000\n";

/* One of each kind: BAR0+1 64-bit, BAR2 ports, BAR3 memory, ROM. */
static const char *const all_resources =
    "0x0000004000000000 0x00000040001fffff 0x000000000014220c\n"
    "0x0000000000000000 0x0000000000000000 0x0000000000000000\n"
    "0x0000000000001020 0x000000000000103f 0x0000000000040101\n"
    "0x00000000e0840000 0x00000000e0843fff 0x0000000000040200\n"
    "0x0000000000000000 0x0000000000000fff 0x0000000020040200\n"
    "0x00000000000003f6 0x00000000000003f6 0x0000000000000110\n"
    "0x00000000c7800000 0x00000000c783ffff 0x0000000000046200\n";

static const struct pt_sbdf self = { .domain = 0, .bus = 1, .dev = 2,
                                     .func = 3 };
#define SELF "0000:01:02.3"

static char root[TEMP_MAX];

/* Both ways to a device have all of the tests. */
static __typeof__(pt_device_open_at) *open_at = pt_device_open_at;
static __typeof__(pt_device_open) *open_own = pt_device_open;

static inline void path_of(char path[PATH_MAX], const char *fn,
                           const char *file)
{
    assert_true(snprintf(path, PATH_MAX, "%s/devices/%s/%s", root, fn, file) <
                PATH_MAX);
}

static inline void put(const char *fn, const char *file, const void *data,
                       size_t len)
{
    char path[PATH_MAX];
    FILE *f;

    path_of(path, fn, file);
    f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, len, f), len);
    assert_int_equal(fclose(f), 0);
}

static inline void put_text(const char *fn, const char *file,
                            const char *text)
{
    put(fn, file, text, strlen(text));
}

static inline void drop(const char *fn, const char *file)
{
    char path[PATH_MAX];

    path_of(path, fn, file);
    assert_int_equal(unlink(path), 0);
}

static inline uint8_t pattern(unsigned pos)
{
    return (uint8_t)(pos ^ (pos >> 8) ^ 0x5a);
}

static inline void put_config(const char *fn, size_t len)
{
    uint8_t cfg[4096];

    for (unsigned i = 0; i < sizeof(cfg); i++) {
        cfg[i] = pattern(i);
    }
    put(fn, "config", cfg, len);
}

static inline void put_sized(const char *fn, const char *file, off_t len)
{
    char path[PATH_MAX];

    put(fn, file, "", 0);
    path_of(path, fn, file);
    assert_int_equal(truncate(path, len), 0);
}

static inline void put_function(const char *fn, const char *resources)
{
    char path[PATH_MAX];

    path_of(path, fn, "");
    assert_int_equal(mkdir(path, 0755), 0);
    put_text(fn, "vendor", "0x8086\n");
    put_text(fn, "device", "0x10ca\n");
    put_text(fn, "class", "0x020000\n");
    put_text(fn, "irq", "17\n");
    put_text(fn, "resource", resources);
    put_config(fn, 4096);
}

static inline int remove_one(const char *path, const struct stat *st,
                             int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

static inline int setup(void **state)
{
    char path[PATH_MAX];

    (void)state;
    if (!mkdtemp(temp_path(root, "pt-test")) || chmod(root, 0755) != 0) {
        return -1;
    }
    snprintf(path, sizeof(path), "%s/devices", root);
    if (mkdir(path, 0755) != 0) {
        return -1;
    }
    put_function(SELF, all_resources);
    return 0;
}

static inline int teardown(void **state)
{
    (void)state;
    return nftw(root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static inline unsigned open_files(void)
{
    DIR *d = opendir("/proc/self/fd");
    unsigned n = 0;

    assert_non_null(d);
    while (readdir(d)) {
        n++;
    }
    closedir(d);
    return n;
}

static inline void open_self(struct pt_device *dev)
{
    struct pt_error err = { "" };

    if (open_at(dev, &self, root, &err) != 0) {
        fail_msg("%s", err.text);
    }
}

static inline int setup_lib(void **state)
{
    open_at = pt_device_open_at;
    open_own = pt_device_open;
    return setup(state);
}

static inline int setup_sysfs(void **state)
{
    open_at = pt_device_open_sysfs_at;
    open_own = pt_device_open_sysfs;
    return setup(state);
}

#define TEST(f) \
    { #f, f, setup_lib, teardown, NULL }, \
    { #f ", sysfs alone", f, setup_sysfs, teardown, NULL }

#endif
