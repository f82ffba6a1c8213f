/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hw/pt-device.c on a sysfs tree of our own making, and read-only on the
 * machine's own devices.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* nftw */
#endif
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "pt-device-int.h"

#include "lib-temp.h"

#define NOBODY 65534

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

/* ------------------------------------------------------------------ */
/* The tree                                                            */

static void path_of(char path[PATH_MAX], const char *fn, const char *file)
{
    assert_true(snprintf(path, PATH_MAX, "%s/devices/%s/%s", root, fn, file) <
                PATH_MAX);
}

static void put(const char *fn, const char *file, const void *data,
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

static void put_text(const char *fn, const char *file, const char *text)
{
    put(fn, file, text, strlen(text));
}

static void drop(const char *fn, const char *file)
{
    char path[PATH_MAX];

    path_of(path, fn, file);
    assert_int_equal(unlink(path), 0);
}

static uint8_t pattern(unsigned pos)
{
    return (uint8_t)(pos ^ (pos >> 8) ^ 0x5a);
}

static void put_config(const char *fn, size_t len)
{
    uint8_t cfg[4096];

    for (unsigned i = 0; i < sizeof(cfg); i++) {
        cfg[i] = pattern(i);
    }
    put(fn, "config", cfg, len);
}

static void put_sized(const char *fn, const char *file, off_t len)
{
    char path[PATH_MAX];

    put(fn, file, "", 0);
    path_of(path, fn, file);
    assert_int_equal(truncate(path, len), 0);
}

static void put_function(const char *fn, const char *resources)
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

static int remove_one(const char *path, const struct stat *st, int type,
                      struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

static int setup(void **state)
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

static int teardown(void **state)
{
    (void)state;
    return nftw(root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static unsigned open_files(void)
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

static void open_self(struct pt_device *dev)
{
    struct pt_error err = { "" };

    if (pt_device_open_at(dev, &self, root, &err) != 0) {
        fail_msg("%s", err.text);
    }
}

/* Opening fails with @want, says @word, and leaves nothing behind. */
static void refused(const struct pt_sbdf *addr, int want, const char *word)
{
    struct pt_device dev;
    struct pt_error err = { "" };
    unsigned before = open_files();
    int ret;

    memset(&dev, 0x55, sizeof(dev));
    ret = pt_device_open_at(&dev, addr, root, &err);
    if (ret != want || !strstr(err.text, word)) {
        fail_msg("returned %d, wanted %d; '%s', wanted '%s'", ret, want,
                 err.text, word);
    }
    assert_int_equal(open_files(), before);
    assert_int_equal(pt_device_open_at(&dev, addr, root, NULL), want);
    pt_device_close(&dev);
}

/* ------------------------------------------------------------------ */
/* What is known of the device                                         */

static void check_region(const struct pt_device *dev, unsigned n,
                         uint64_t addr, uint64_t size, unsigned flags)
{
    assert_int_equal(dev->info.region[n].addr, addr);
    assert_int_equal(dev->info.region[n].size, size);
    assert_int_equal(dev->info.region[n].flags, flags);
}

static void knows_ids_irq_and_regions(void **state)
{
    struct pt_device dev;
    unsigned before = open_files();

    (void)state;
    open_self(&dev);
    assert_memory_equal(&dev.info.addr, &self, sizeof(self));
    assert_int_equal(dev.info.vendor, 0x8086);
    assert_int_equal(dev.info.device, 0x10ca);
    assert_int_equal(dev.info.irq, 17);
    assert_false(dev.info.is_vf);
    check_region(&dev, 0, 0x4000000000, 0x200000,
                 PT_REGION_64 | PT_REGION_PREFETCH);
    check_region(&dev, 1, 0, 0, 0);
    check_region(&dev, 2, 0x1020, 0x20, PT_REGION_IO);
    check_region(&dev, 3, 0xe0840000, 0x4000, 0);
    check_region(&dev, 4, 0, 0x1000, 0);  /* not assigned */
    check_region(&dev, 5, 0, 0, 0);       /* an old IDE port, no BAR */
    check_region(&dev, PT_ROM, 0xc7800000, 0x40000, 0);
    pt_device_close(&dev);
    pt_device_close(&dev);
    assert_int_equal(open_files(), before);
}

/* Opening must not touch the device, not even where it could not. */
static void opens_without_config(void **state)
{
    struct pt_device dev;

    (void)state;
    drop(SELF, "config");
    open_self(&dev);
    pt_device_close(&dev);
}

/* lessons.md 1.10: a VF's own registers read FFFF and 0. */
static void virtual_function_is_known_by_the_os(void **state)
{
    struct pt_device dev;
    char path[PATH_MAX];
    uint8_t ones[256];

    (void)state;
    memset(ones, 0xff, sizeof(ones));
    put(SELF, "config", ones, sizeof(ones));
    put_function("0000:01:02.0", no_resources);
    path_of(path, SELF, "physfn");
    assert_int_equal(symlink("../0000:01:02.0", path), 0);
    open_self(&dev);
    assert_true(dev.info.is_vf);
    assert_int_equal(dev.info.vendor, 0x8086);
    assert_int_equal(dev.info.region[0].addr, 0x4000000000);
    pt_device_close(&dev);
}

static void dangling_physfn_is_a_virtual_function(void **state)
{
    struct pt_device dev;
    char path[PATH_MAX];

    (void)state;
    path_of(path, SELF, "physfn");
    assert_int_equal(symlink("../0000:01:00.0", path), 0);
    open_self(&dev);
    assert_true(dev.info.is_vf);
    pt_device_close(&dev);
}

static void domain_above_16_bits(void **state)
{
    const struct pt_sbdf vmd = { .domain = 0x10000, .bus = 0xe1, .dev = 0x1f,
                                 .func = 7 };
    const struct pt_sbdf cut = { .domain = 0, .bus = 0xe1, .dev = 0x1f,
                                 .func = 7 };
    struct pt_device dev;
    char name[PT_SBDF_LEN];
    uint8_t b;

    (void)state;
    put_function("10000:e1:1f.7", all_resources);
    assert_string_equal(pt_sbdf_str(&vmd, name), "10000:e1:1f.7");
    assert_int_equal(pt_device_open_at(&dev, &vmd, root, NULL), 0);
    assert_int_equal(dev.info.addr.domain, 0x10000);
    assert_int_equal(dev.ops->read(dev.priv, 9, &b, 1), 0);
    assert_int_equal(b, pattern(9));
    pt_device_close(&dev);
    refused(&cut, -ENODEV, "no such function");
}

static void domain_of_32_bits(void **state)
{
    const struct pt_sbdf big = { .domain = UINT32_MAX, .bus = 0xff,
                                 .dev = 0x1f, .func = 7 };
    struct pt_device dev;
    uint8_t b;

    (void)state;
    put_function("ffffffff:ff:1f.7", no_resources);
    assert_int_equal(pt_device_open_at(&dev, &big, root, NULL), 0);
    assert_int_equal(dev.ops->read(dev.priv, 0, &b, 1), 0);
    pt_device_close(&dev);
}

/* The system's copy of a video ROM is not at the device. */
static void shadow_rom_is_no_rom(void **state)
{
    struct pt_device dev;
    char text[1024];

    (void)state;
    snprintf(text, sizeof(text), "%.*s"
             "0x00000000000c0000 0x00000000000dffff 0x0000000000000212\n",
             6 * 57, no_resources);
    put_text(SELF, "resource", text);
    open_self(&dev);
    check_region(&dev, PT_ROM, 0, 0, 0);
    pt_device_close(&dev);
}

/* ------------------------------------------------------------------ */
/* Refusals                                                            */

static void absent_function(void **state)
{
    const struct pt_sbdf absent = { .bus = 1, .dev = 2, .func = 4 };
    const struct pt_sbdf dev32 = { .bus = 1, .dev = 32, .func = 0 };
    const struct pt_sbdf func8 = { .bus = 1, .dev = 2, .func = 8 };

    (void)state;
    refused(&absent, -ENODEV, "0000:01:02.4: no such function");
    refused(&dev32, -ENODEV, "no such function");
    refused(&func8, -ENODEV, "no such function");
}

static void function_without_vendor(void **state)
{
    (void)state;
    put_text(SELF, "vendor", "0xffff\n");
    refused(&self, -ENODEV, "no such function");
}

static void no_pci_at_all(void **state)
{
    struct pt_device dev;
    struct pt_error err = { "" };

    (void)state;
    assert_int_equal(pt_device_open_at(&dev, &self, "/nonexistent/pci", &err),
                     -ENODEV);
    assert_non_null(strstr(err.text, "/nonexistent/pci/devices"));
}

static void path_too_long(void **state)
{
    struct pt_device dev;
    struct pt_error err = { "" };
    char path[2 * PATH_MAX];

    (void)state;
    memset(path, 'x', sizeof(path));
    path[sizeof(path) - 1] = '\0';
    assert_true(pt_device_open_at(&dev, &self, path, &err) < 0);
    assert_string_not_equal(err.text, "");
}

static void garbage_in_resource(void **state)
{
    static const char *const garbage[] = {
        "",
        "\n",
        "0x0000000000000000 0x0000000000000000 0x0000000000000000\n",
        "zebra\nzebra\nzebra\nzebra\nzebra\nzebra\nzebra\n",
        "0 0\n0 0\n0 0\n0 0\n0 0\n0 0\n0 0\n",
        "0 0 0 x\n0 0 0\n0 0 0\n0 0 0\n0 0 0\n0 0 0\n0 0 0\n",
        "2 1 200\n0 0 0\n0 0 0\n0 0 0\n0 0 0\n0 0 0\n0 0 0\n",
        "0 0 0                                                    "
        "                                                         "
        "                                                       1\n",
    };

    (void)state;
    for (unsigned i = 0; i < sizeof(garbage) / sizeof(garbage[0]); i++) {
        put_text(SELF, "resource", garbage[i]);
        refused(&self, -EIO, "resource makes no sense");
    }
}

/* The engine tells what can't be a BAR: here it is what the system says. */
static void region_that_is_no_bar(void **state)
{
    struct pt_device dev;
    char text[1024];

    (void)state;
    snprintf(text, sizeof(text), "e0001000 e0003fff 200\n%s", no_resources);
    put_text(SELF, "resource", text);
    open_self(&dev);
    check_region(&dev, 0, 0xe0001000, 0x3000, 0);
    pt_device_close(&dev);
}

/* libpci makes no size of 2^64. */
static void region_of_everything_is_none(void **state)
{
    struct pt_device dev;
    char text[1024];

    (void)state;
    snprintf(text, sizeof(text), "0 ffffffffffffffff 200\n%s", no_resources);
    put_text(SELF, "resource", text);
    open_self(&dev);
    check_region(&dev, 0, 0, 0, 0);
    pt_device_close(&dev);
}

/* libpci calls its error callback for each of these. */
static void each_file_missing(void **state)
{
    static const char *const files[] = {
        "vendor", "device", "class", "irq", "resource",
    };

    (void)state;
    for (unsigned i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        char was[1024];
        char path[PATH_MAX];
        FILE *f;
        size_t len;

        path_of(path, SELF, files[i]);
        f = fopen(path, "r");
        assert_non_null(f);
        len = fread(was, 1, sizeof(was), f);
        fclose(f);
        drop(SELF, files[i]);
        refused(&self, -EIO, files[i]);
        put(SELF, files[i], was, len);
    }
    knows_ids_irq_and_regions(state);
}

/* ------------------------------------------------------------------ */
/* Configuration space                                                 */

static void check_read(struct pt_device *dev, uint16_t pos, unsigned len)
{
    uint8_t buf[4096 + 1];

    memset(buf, 0xa5, sizeof(buf));
    assert_int_equal(dev->ops->read(dev->priv, pos, buf, len), 0);
    for (unsigned i = 0; i < len; i++) {
        assert_int_equal(buf[i], pattern(pos + i));
    }
    assert_int_equal(buf[len], 0xa5);
}

static void reads_any_width_anywhere(void **state)
{
    struct pt_device dev;

    (void)state;
    open_self(&dev);
    for (uint16_t pos = 0; pos <= 0x100; pos++) {
        check_read(&dev, pos, 1);
        check_read(&dev, pos, 2);
        check_read(&dev, pos, 3);
        check_read(&dev, pos, 4);
    }
    check_read(&dev, 0, 256);
    check_read(&dev, 0, 4096);
    check_read(&dev, 4095, 1);
    pt_device_close(&dev);
}

static void writes_exactly_what_it_is_told(void **state)
{
    static const struct {
        uint16_t pos;
        unsigned len;
    } writes[] = { { 0, 1 }, { 5, 1 }, { 6, 2 }, { 9, 2 }, { 12, 4 },
                   { 17, 3 }, { 0xff, 2 }, { 4094, 2 } };
    const uint8_t val[4] = { 0x11, 0x22, 0x33, 0x44 };
    struct pt_device dev;
    uint8_t want[4096], is[4096];

    (void)state;
    open_self(&dev);
    for (unsigned i = 0; i < sizeof(want); i++) {
        want[i] = pattern(i);
    }
    for (unsigned i = 0; i < sizeof(writes) / sizeof(writes[0]); i++) {
        assert_int_equal(dev.ops->write(dev.priv, writes[i].pos, val,
                                        writes[i].len), 0);
        memcpy(want + writes[i].pos, val, writes[i].len);
        assert_int_equal(dev.ops->read(dev.priv, 0, is, sizeof(is)), 0);
        assert_memory_equal(want, is, sizeof(want));
    }
    pt_device_close(&dev);
}

static void refuses_what_is_outside(void **state)
{
    struct pt_device dev;
    uint8_t buf[8192] = { 0 };

    (void)state;
    open_self(&dev);
    assert_int_equal(dev.ops->read(dev.priv, 0, buf, 0), -EINVAL);
    assert_int_equal(dev.ops->read(dev.priv, 4095, buf, 2), -EINVAL);
    assert_int_equal(dev.ops->read(dev.priv, 0xffff, buf, 4), -EINVAL);
    assert_int_equal(dev.ops->read(dev.priv, 0, buf, 4097), -EINVAL);
    assert_int_equal(dev.ops->read(dev.priv, 1, buf, UINT_MAX), -EINVAL);
    assert_int_equal(dev.ops->write(dev.priv, 4095, buf, 2), -EINVAL);
    assert_int_equal(dev.ops->write(dev.priv, 1, buf, UINT_MAX), -EINVAL);
    pt_device_close(&dev);
}

/* lessons.md 1.1.2: all ones is data, not failure. */
static void all_ones_is_data(void **state)
{
    struct pt_device dev;
    uint8_t ones[256];
    uint32_t val = 0;

    (void)state;
    memset(ones, 0xff, sizeof(ones));
    put(SELF, "config", ones, sizeof(ones));
    open_self(&dev);
    assert_int_equal(dev.ops->read(dev.priv, 0x40, &val, 4), 0);
    assert_int_equal(val, UINT32_MAX);
    pt_device_close(&dev);
}

/* Linux shows 64 bytes to ordinary users. */
static void short_config(void **state)
{
    struct pt_device dev;
    uint8_t buf[4096];

    (void)state;
    put_config(SELF, 64);
    open_self(&dev);
    check_read(&dev, 0, 64);
    assert_int_equal(dev.ops->read(dev.priv, 0, buf, 256), -EACCES);
    assert_int_equal(dev.ops->read(dev.priv, 64, buf, 1), -EACCES);
    assert_int_equal(dev.ops->read(dev.priv, 62, buf, 4), -EACCES);
    assert_int_equal(dev.ops->read(dev.priv, 0, buf, 4096), -EACCES);
    pt_device_close(&dev);
}

static void no_extended_space(void **state)
{
    struct pt_device dev;
    uint8_t buf[4096];

    (void)state;
    put_config(SELF, 256);
    open_self(&dev);
    check_read(&dev, 0, 256);
    assert_int_equal(dev.ops->read(dev.priv, 0, buf, 4096), -ENXIO);
    assert_int_equal(dev.ops->read(dev.priv, 256, buf, 4), -ENXIO);
    pt_device_close(&dev);
}

static void missing_config(void **state)
{
    struct pt_device dev;
    char path[PATH_MAX];
    uint8_t buf[4] = { 0 };

    (void)state;
    drop(SELF, "config");
    open_self(&dev);
    assert_int_equal(dev.ops->read(dev.priv, 0, buf, 4), -EIO);
    assert_int_equal(dev.ops->write(dev.priv, 0, buf, 4), -EIO);
    path_of(path, SELF, "config");
    assert_int_equal(mkdir(path, 0755), 0);
    assert_int_equal(dev.ops->read(dev.priv, 0, buf, 4), -EIO);
    assert_int_equal(dev.ops->write(dev.priv, 0, buf, 4), -EIO);
    pt_device_close(&dev);
}

static void empty_config(void **state)
{
    struct pt_device dev;
    uint8_t buf[4];

    (void)state;
    put_config(SELF, 0);
    open_self(&dev);
    assert_int_equal(dev.ops->read(dev.priv, 0, buf, 4), -EIO);
    pt_device_close(&dev);
}

static void forbidden_config(void **state)
{
    struct pt_device dev;
    char path[PATH_MAX];
    uint8_t buf[4] = { 0 };
    bool was_root = geteuid() == 0;

    (void)state;
    path_of(path, SELF, "config");
    assert_int_equal(chmod(path, 0), 0);
    /* Nobody may have no way to it, as where $TMPDIR is root's alone. */
    if (was_root && (seteuid(NOBODY) != 0 ||
                     faccessat(AT_FDCWD, root, X_OK, AT_EACCESS) != 0)) {
        assert_int_equal(seteuid(0), 0);
        print_message("# not here: what it needs is missing\n");
        return;  /* cmocka's TAP calls a skipped test "not ok" */
    }
    open_self(&dev);
    assert_int_equal(dev.ops->read(dev.priv, 0, buf, 4), -EACCES);
    assert_int_equal(dev.ops->write(dev.priv, 0, buf, 4), -EACCES);
    pt_device_close(&dev);
    if (was_root) {
        assert_int_equal(seteuid(0), 0);
    }
}

/* ------------------------------------------------------------------ */
/* Memory                                                              */

static void mmio_has_exact_width(void **state)
{
    struct pt_device dev;
    uint64_t val;

    (void)state;
    put_sized(SELF, "resource3", 0x4000);
    open_self(&dev);
    assert_int_equal(dev.ops->mmio_write(dev.priv, 3, 0x3ff8, 8,
                                         0x8877665544332211), 0);
    for (unsigned width = 1; width <= 8; width *= 2) {
        assert_int_equal(dev.ops->mmio_read(dev.priv, 3, 0x3ff8, width, &val),
                         0);
        assert_int_equal(val, 0x8877665544332211 & (UINT64_MAX >>
                                                    (64 - 8 * width)));
    }
    assert_int_equal(dev.ops->mmio_write(dev.priv, 3, 0x3ff9, 1, ~UINT64_C(0)),
                     0);
    assert_int_equal(dev.ops->mmio_write(dev.priv, 3, 0x3ffa, 2, 0), 0);
    assert_int_equal(dev.ops->mmio_write(dev.priv, 3, 0x3ffc, 4, 1), 0);
    assert_int_equal(dev.ops->mmio_read(dev.priv, 3, 0x3ff8, 8, &val), 0);
    assert_int_equal(val, 0x000000010000ff11);
    pt_device_close(&dev);
}

static void mmio_is_bounded(void **state)
{
    static const struct {
        unsigned region;
        uint64_t off;
        unsigned width;
    } bad[] = {
        { 3, 0x4000, 1 }, { 3, 0x3ffe, 4 }, { 3, UINT64_MAX, 1 },
        { 3, UINT64_MAX - 7, 8 },                       /* outside */
        { 3, 1, 2 }, { 3, 2, 4 }, { 3, 4, 8 },          /* not aligned */
        { 3, 0, 0 }, { 3, 0, 3 }, { 3, 0, 16 },         /* no width */
        { 1, 0, 4 }, { 2, 0, 4 }, { 4, 0, 4 }, { PT_ROM, 0, 4 },
        { 7, 0, 4 }, { UINT_MAX, 0, 4 },                /* no memory */
    };
    struct pt_device dev;
    uint64_t val;

    (void)state;
    put_sized(SELF, "resource3", 0x4000);
    open_self(&dev);
    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(dev.ops->mmio_read(dev.priv, bad[i].region,
                                            bad[i].off, bad[i].width, &val),
                         -EINVAL);
        assert_int_equal(dev.ops->mmio_write(dev.priv, bad[i].region,
                                             bad[i].off, bad[i].width, 0),
                         -EINVAL);
    }
    pt_device_close(&dev);
}

/* BAR0 is larger than what is mapped at once. */
static void mmio_all_over_a_large_region(void **state)
{
    const uint64_t at[] = { 0, 0xffffc, 0x100000, 0x1ffffc, 4 };
    struct pt_device dev;
    uint64_t val;
    unsigned before;

    (void)state;
    put_sized(SELF, "resource0", 0x200000);
    before = open_files();
    open_self(&dev);
    for (unsigned i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
        assert_int_equal(dev.ops->mmio_write(dev.priv, 0, at[i], 4, i + 1), 0);
    }
    for (unsigned i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
        assert_int_equal(dev.ops->mmio_read(dev.priv, 0, at[i], 4, &val), 0);
        assert_int_equal(val, i + 1);
    }
    pt_device_close(&dev);
    assert_int_equal(open_files(), before);
}

static void mmio_of_a_region_inside_a_page(void **state)
{
    struct pt_device dev;
    char path[PATH_MAX], text[1024];
    uint64_t val;
    FILE *f;

    (void)state;
    snprintf(text, sizeof(text), "e0000400 e00004ff 200\n%s", no_resources);
    put_text(SELF, "resource", text);
    put_sized(SELF, "resource0", 0x1000);
    open_self(&dev);
    assert_int_equal(dev.ops->mmio_write(dev.priv, 0, 0xfc, 4, 0x12345678),
                     0);
    assert_int_equal(dev.ops->mmio_read(dev.priv, 0, 0x100, 4, &val),
                     -EINVAL);
    pt_device_close(&dev);
    path_of(path, SELF, "resource0");
    f = fopen(path, "r");
    assert_non_null(f);
    assert_int_equal(fseek(f, 0x4fc, SEEK_SET), 0);
    assert_int_equal(fgetc(f), 0x78);
    fclose(f);
}

static void mmio_that_cannot_be_mapped(void **state)
{
    struct pt_device dev;
    uint64_t val;
    unsigned before;

    (void)state;
    open_self(&dev);
    before = open_files();
    assert_int_equal(dev.ops->mmio_read(dev.priv, 3, 0, 4, &val), -ENOENT);
    put_sized(SELF, "resource3", 0x3fff);  /* shorter than the region */
    assert_int_equal(dev.ops->mmio_read(dev.priv, 3, 0, 4, &val), -EIO);
    assert_int_equal(open_files(), before);
    put_sized(SELF, "resource3", 0x4000);  /* not given up for good */
    assert_int_equal(dev.ops->mmio_read(dev.priv, 3, 0, 4, &val), 0);
    pt_device_close(&dev);
}

static sig_atomic_t bus_errors;

static void count_bus_error(int sig)
{
    (void)sig;
    bus_errors++;
    signal(SIGBUS, SIG_DFL);
}

/* The registers of a device that was pulled out are a mapping of nothing. */
static void mmio_of_a_device_that_was_pulled_out(void **state)
{
    struct pt_device dev;
    struct sigaction now;
    uint64_t val = 0;

    (void)state;
    signal(SIGBUS, count_bus_error);
    open_self(&dev);
    put_sized(SELF, "resource3", 0x4000);
    assert_int_equal(dev.ops->mmio_read(dev.priv, 3, 0, 4, &val), 0);
    put_sized(SELF, "resource3", 0);
    assert_int_equal(dev.ops->mmio_read(dev.priv, 3, 0, 4, &val), -ENODEV);
    assert_int_equal(dev.ops->mmio_write(dev.priv, 3, 8, 4, 1), -ENODEV);
    /* And if it comes back: nothing is given up. */
    put_sized(SELF, "resource3", 0x4000);
    assert_int_equal(dev.ops->mmio_read(dev.priv, 3, 0, 4, &val), 0);
    pt_device_close(&dev);

    /* Who else has a bus error, has it as before. */
    assert_int_equal(bus_errors, 0);
    raise(SIGBUS);
    assert_int_equal(bus_errors, 1);
    assert_int_equal(sigaction(SIGBUS, NULL, &now), 0);
    assert_ptr_equal(now.sa_handler, SIG_DFL);
}

/* ------------------------------------------------------------------ */
/* Pages shared with other functions (XSA-461)                         */

static unsigned flags_of(const char *bar0)
{
    struct pt_device dev;
    char text[1024];
    unsigned flags;

    snprintf(text, sizeof(text), "%s\n%s", bar0, no_resources);
    put_text(SELF, "resource", text);
    open_self(&dev);
    flags = dev.info.region[0].flags;
    pt_device_close(&dev);
    return flags;
}

static void neighbour(const char *bar1)
{
    char text[1024];

    snprintf(text, sizeof(text), "0 0 0\n%s\n%s", bar1, no_resources);
    put_text("0001:00:00.0", "resource", text);
}

static void xsa461_shared_page(void **state)
{
    (void)state;
    put_function("0001:00:00.0", no_resources);
    assert_int_equal(flags_of("e0000000 e00000ff 200"), 0);
    assert_int_equal(flags_of("e0000100 e00001ff 200"), PT_REGION_SHARED);
    assert_int_equal(flags_of("1000 10ff 101"), PT_REGION_IO);
    assert_int_equal(flags_of("0 ff 20000200"), 0);

    neighbour("e0000f00 e0000fff 200");
    assert_int_equal(flags_of("e0000000 e00000ff 200"), PT_REGION_SHARED);
    assert_int_equal(flags_of("e0000000 e0000fff 200"), 0);
    assert_int_equal(flags_of("e0001000 e00010ff 200"), 0);
    assert_int_equal(flags_of("dffff000 dffff0ff 200"), 0);
    neighbour("e0000000 e0ffffff 200");  /* all around */
    assert_int_equal(flags_of("e0000000 e00000ff 200"), PT_REGION_SHARED);
    neighbour("e0000f00 e0000fff 101");  /* ports */
    assert_int_equal(flags_of("e0000000 e00000ff 200"), 0);
}

static void xsa461_unknown_neighbour(void **state)
{
    char path[PATH_MAX];

    (void)state;
    put_function("0001:00:00.0", no_resources);
    put_text("0001:00:00.0", "resource", "zebra\n");
    assert_int_equal(flags_of("e0000000 e00000ff 200"), PT_REGION_SHARED);
    drop("0001:00:00.0", "resource");  /* unplugged */
    assert_int_equal(flags_of("e0000000 e00000ff 200"), 0);
    path_of(path, "0002:00:00.0", "");
    path[strlen(path) - 1] = '\0';
    assert_int_equal(symlink("nowhere", path), 0);
    assert_int_equal(flags_of("e0000000 e00000ff 200"), 0);
}

/* ------------------------------------------------------------------ */
/* The machine's own devices: read, never written                      */

static size_t load(const char *name, uint8_t cfg[4096])
{
    char path[PATH_MAX];
    size_t len;
    FILE *f;

    snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/config", name);
    f = fopen(path, "r");
    if (!f) {
        return 0;
    }
    setvbuf(f, NULL, _IOFBF, 4096);
    len = fread(cfg, 1, 4096, f);
    fclose(f);
    return len;
}

static void compare_device(const char *name)
{
    uint8_t before[4096], after[4096], cfg[4096], part[4];
    struct pt_device dev;
    struct pt_error err = { "" };
    struct pt_sbdf addr;
    char text[PT_SBDF_LEN];
    size_t len;

    assert_int_equal(sscanf(name, "%x:%hhx:%hhx.%hhx", &addr.domain,
                            &addr.bus, &addr.dev, &addr.func), 4);
    assert_string_equal(pt_sbdf_str(&addr, text), name);
    if (pt_device_open(&dev, &addr, &err) != 0) {
        fail_msg("%s", err.text);
    }
    len = load(name, before);
    assert_true(len >= 64);
    assert_int_equal(dev.ops->read(dev.priv, 0, cfg, (unsigned)len), 0);
    assert_int_equal(load(name, after), len);
    for (size_t i = 0; i < len; i++) {
        if (before[i] == after[i]) {
            assert_int_equal(cfg[i], before[i]);
        }
    }
    for (uint16_t i = 0; i < 64; i = (uint16_t)(i + 4)) {
        assert_int_equal(dev.ops->read(dev.priv, i, part, 4), 0);
        if (memcmp(before + i, after + i, 4) == 0) {
            assert_memory_equal(part, before + i, 4);
        }
    }
    if (len == 64) {
        assert_int_equal(dev.ops->read(dev.priv, 64, part, 4), -EACCES);
    }
    if (!dev.info.is_vf) {
        assert_int_equal(dev.info.vendor, before[0] | before[1] << 8);
    }
    pt_device_close(&dev);
}

static void own_devices_read_as_sysfs_has_them(void **state)
{
    DIR *d = opendir("/sys/bus/pci/devices");
    struct dirent *e;
    unsigned n = 0;

    (void)state;
    while (d && (e = readdir(d))) {
        if (e->d_name[0] == '.') {
            continue;
        }
        compare_device(e->d_name);
        n++;
    }
    if (d) {
        closedir(d);
    }
    if (n == 0) {
        print_message("# not here: what it needs is missing\n");
        return;  /* cmocka's TAP calls a skipped test "not ok" */
    }
    print_message("# %u devices\n", n);
}

static void own_absent_function(void **state)
{
    const struct pt_sbdf absent = { .domain = 0xfffe, .bus = 0xfe };
    struct pt_device dev;
    struct pt_error err = { "" };

    (void)state;
    assert_int_equal(pt_device_open(&dev, &absent, &err), -ENODEV);
    assert_non_null(strstr(err.text, "fffe:fe:00.0"));
}

/* ------------------------------------------------------------------ */

static void errors_fit(void **state)
{
    struct pt_error err;
    char long_text[1024];

    (void)state;
    memset(long_text, 'x', sizeof(long_text));
    long_text[sizeof(long_text) - 1] = '\0';
    assert_int_equal(pt_fail(&err, EINVAL, "%s", long_text), -EINVAL);
    assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
    assert_int_equal(pt_fail(NULL, EIO, "%s", long_text), -EIO);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(knows_ids_irq_and_regions),
        TEST(opens_without_config),
        TEST(virtual_function_is_known_by_the_os),
        TEST(dangling_physfn_is_a_virtual_function),
        TEST(domain_above_16_bits),
        TEST(domain_of_32_bits),
        TEST(shadow_rom_is_no_rom),
        TEST(absent_function),
        TEST(function_without_vendor),
        TEST(no_pci_at_all),
        TEST(path_too_long),
        TEST(garbage_in_resource),
        TEST(region_that_is_no_bar),
        TEST(region_of_everything_is_none),
        TEST(each_file_missing),
        TEST(reads_any_width_anywhere),
        TEST(writes_exactly_what_it_is_told),
        TEST(refuses_what_is_outside),
        TEST(all_ones_is_data),
        TEST(short_config),
        TEST(no_extended_space),
        TEST(missing_config),
        TEST(empty_config),
        TEST(forbidden_config),
        TEST(mmio_has_exact_width),
        TEST(mmio_is_bounded),
        TEST(mmio_all_over_a_large_region),
        TEST(mmio_of_a_region_inside_a_page),
        TEST(mmio_that_cannot_be_mapped),
        TEST(mmio_of_a_device_that_was_pulled_out),
        TEST(xsa461_shared_page),
        TEST(xsa461_unknown_neighbour),
        cmocka_unit_test(own_devices_read_as_sysfs_has_them),
        cmocka_unit_test(own_absent_function),
        cmocka_unit_test(errors_fit),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("device", tests, NULL, NULL);
}
