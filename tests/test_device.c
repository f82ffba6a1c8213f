/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The real device on a sysfs tree of our own making, and read-only on the
 * machine's own devices; with libpci, and without. Its memory: test_device_memory.c.
 */
#include "lib-sysfs.h"

#include "lib-alloc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include <pci/pci.h>

#include "pt-libpci.h"

#define NOBODY 65534

/* Opening fails with @want, says @word, and leaves nothing behind. */
static void refused(const struct pt_sbdf *addr, int want, const char *word)
{
    struct pt_device dev, none;
    struct pt_error err = { "" };
    unsigned before = open_files();
    int ret;

    memset(&dev, 0x55, sizeof(dev));
    memset(&none, 0, sizeof(none));
    ret = open_at(&dev, addr, root, &err);
    assert_memory_equal(&dev, &none, sizeof(dev));
    if (ret != want || !strstr(err.text, word)) {
        fail_msg("returned %d, wanted %d; '%s', wanted '%s'", ret, want,
                 err.text, word);
    }
    assert_int_equal(open_files(), before);
    assert_int_equal(open_at(&dev, addr, root, NULL), want);
    pt_device_close(&dev);
}

static struct pt_device_info info_of(const struct pt_sbdf *addr)
{
    struct pt_device dev;

    assert_int_equal(open_at(&dev, addr, root, NULL), 0);
    pt_device_close(&dev);
    return dev.info;
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
    assert_int_equal(open_at(&dev, &vmd, root, NULL), 0);
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
    assert_int_equal(open_at(&dev, &big, root, NULL), 0);
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

/* Linux's words for regions, one by one. */
static void each_word_of_a_region(void **state)
{
    static const struct {
        const char *line;
        uint64_t addr, size;
        unsigned flags;
    } t[] = {
        { "e0000000 e0000fff 200", 0xe0000000, 0x1000, 0 },
        { "e0000000 e0000fff 100200", 0xe0000000, 0x1000, PT_REGION_64 },
        { "e0000000 e0000fff 2200", 0xe0000000, 0x1000, PT_REGION_PREFETCH },
        { "1028 102f 101", 0x1028, 8, PT_REGION_IO },
        { "1028 102f 102101", 0x1028, 8, PT_REGION_IO },
        { "f000 ffff 20000200", 0, 0x1000, 0 },          /* unset */
        { "e0000000 e0000fff 202", 0xe0000000, 0x1000, 0 },  /* below 1 MiB */
        { "e0000000 e0000001 200", 0xe0000000, 2, 0 },
        { "e0000000 e0000000 200", 0, 0, 0 },
        { "ffffff0000000000 ffffffffffffffff 100200", 0xffffff0000000000,
          0x10000000000, PT_REGION_64 },
    };

    (void)state;
    for (unsigned i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        struct pt_device dev;
        char text[1024];

        snprintf(text, sizeof(text), "%s\n%s", t[i].line, no_resources);
        put_text(SELF, "resource", text);
        open_self(&dev);
        check_region(&dev, 0, t[i].addr, t[i].size, t[i].flags);
        pt_device_close(&dev);
    }
}

/* A ROM has no flags of a BAR's, whatever Linux says of its decoder. */
static void a_rom_is_plain_memory(void **state)
{
    struct pt_device dev;
    char text[1024];

    (void)state;
    snprintf(text, sizeof(text), "0 0 0\n0 0 0\n0 0 0\n0 0 0\n0 0 0\n0 0 0\n"
             "c7800000 c783ffff 14220d\n");
    put_text(SELF, "resource", text);
    open_self(&dev);
    check_region(&dev, PT_ROM, 0xc7800000, 0x40000, 0);
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
    refused(&dev32, -ENODEV, "devices are 0 to 1f");
    refused(&func8, -ENODEV, "functions 0 to 7");
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
    assert_int_equal(open_at(&dev, &self, "/nonexistent/pci", &err),
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
    assert_true(open_at(&dev, &self, path, &err) < 0);
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

/* What pci_alloc() takes, after a look at whether there is any memory. */
static uint64_t allocs_of_libpci(void)
{
    uint64_t before = alloc_count;
    struct pci_access *acc = pt_libpci_alloc();

    before = alloc_count - before - 1;
    assert_non_null(acc);
    pci_cleanup(acc);
    return before;
}

/* libpci ends the process, if it may. */
static void each_allocation_fails(void **state)
{
    uint64_t n, libs = allocs_of_libpci();
    struct pt_device dev;
    unsigned before;
    int ret;

    (void)state;
    if (!alloc_can_fail()) {
        print_message("# not here: what it needs is missing\n");
        return;
    }
    before = open_files();
    for (n = 1;; n++) {
        struct pt_error err = { "" };

        /*
         * In there, nobody could keep it from that; and it frees what it has
         * not if it can't keep sysfs.path, which only tests set.
         */
        if (open_at == pt_device_open_at && n == 3) {
            n += libs + 1;
        }
        alloc_fail_at(n);
        ret = open_at(&dev, &self, root, &err);
        alloc_fail_at(0);
        if (ret == 0) {
            break;
        }
        assert_true(n > 2 || ret == -ENOMEM || open_at != pt_device_open_at);
        assert_string_not_equal(err.text, "");
        assert_int_equal(open_files(), before);
    }
    pt_device_close(&dev);
    assert_true(n > 2);
}

/* No number, or none that can be. */
static void ids_that_make_no_sense(void **state)
{
    static const char *const garbage[] = {
        "", "\n", "zebra\n", "-1\n", "0x10000\n", "99999999999999999999\n",
    };

    (void)state;
    if (open_at != pt_device_open_sysfs_at) {
        return;  /* libpci makes something of each */
    }
    for (unsigned i = 0; i < sizeof(garbage) / sizeof(garbage[0]); i++) {
        put_text(SELF, "vendor", garbage[i]);
        refused(&self, -EIO, "vendor makes no sense");
    }
    put_text(SELF, "vendor", "0x8086");
    put_text(SELF, "device", "0x10000");
    refused(&self, -EIO, "device makes no sense");
    put_text(SELF, "device", "0xffff");
    put_text(SELF, "irq", "2147483648");
    refused(&self, -EIO, "irq makes no sense");
    put_text(SELF, "irq", "2147483647");
    assert_int_equal(info_of(&self).irq, INT_MAX);
}

/* libpci calls its error callback for each of these. */
static void each_file_missing(void **state)
{
    static const char *const files[] = {
        "vendor", "device", "irq", "resource",
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
    unsigned before = open_files();

    (void)state;
    open_self(&dev);
    check_read(&dev, 0, 1);  /* opened for reading first */
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
    drop(SELF, "config");  /* what is open needs no name */
    assert_int_equal(dev.ops->write(dev.priv, 0, val, 4), 0);
    pt_device_close(&dev);
    assert_int_equal(open_files(), before);
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
    assert_int_equal(dev.ops->write(dev.priv, 0, buf, 0), -EINVAL);
    assert_int_equal(dev.ops->write(dev.priv, 0, buf, 4097), -EINVAL);
    assert_int_equal(dev.ops->write(dev.priv, 0xffff, buf, 4), -EINVAL);
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

/* The descriptor is of what was there; the limit is asked for by name. */
static void config_that_changes_meanwhile(void **state)
{
    struct pt_device dev;
    uint8_t buf[256];

    (void)state;
    put_config(SELF, 64);
    open_self(&dev);
    check_read(&dev, 0, 64);
    drop(SELF, "config");
    put_config(SELF, 256);
    assert_int_equal(dev.ops->read(dev.priv, 0, buf, 256), -EACCES);
    drop(SELF, "config");  /* unplugged */
    assert_int_equal(dev.ops->read(dev.priv, 0, buf, 256), -ENODEV);
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

/* Names that ordinary users may not look up are not absent ones. */
static void forbidden_sysfs(void **state)
{
    char path[PATH_MAX];
    bool was_root = geteuid() == 0;

    (void)state;
    if (was_root && (seteuid(NOBODY) != 0 ||
                     faccessat(AT_FDCWD, root, X_OK, AT_EACCESS) != 0)) {
        assert_int_equal(seteuid(0), 0);
        print_message("# not here: what it needs is missing\n");
        return;
    }
    assert_int_equal(was_root ? seteuid(0) : 0, 0);
    path_of(path, SELF, "resource");
    assert_int_equal(chmod(path, 0), 0);
    assert_int_equal(was_root ? seteuid(NOBODY) : 0, 0);
    refused(&self, -EACCES, "resource");
    assert_int_equal(was_root ? seteuid(0) : 0, 0);
    snprintf(path, sizeof(path), "%s/devices", root);
    assert_int_equal(chmod(path, 0), 0);
    assert_int_equal(was_root ? seteuid(NOBODY) : 0, 0);
    refused(&self, -EACCES, "/devices");
    assert_int_equal(was_root ? seteuid(0) : 0, 0);
    assert_int_equal(chmod(path, 0755), 0);
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
    if (open_own(&dev, &addr, &err) != 0) {
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
    assert_int_equal(open_own(&dev, &absent, &err), -ENODEV);
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
        TEST(each_word_of_a_region),
        TEST(a_rom_is_plain_memory),
        TEST(absent_function),
        TEST(function_without_vendor),
        TEST(no_pci_at_all),
        TEST(path_too_long),
        TEST(garbage_in_resource),
        TEST(region_that_is_no_bar),
        TEST(region_of_everything_is_none),
        TEST(each_allocation_fails),
        TEST(ids_that_make_no_sense),
        TEST(each_file_missing),
        TEST(reads_any_width_anywhere),
        TEST(writes_exactly_what_it_is_told),
        TEST(refuses_what_is_outside),
        TEST(all_ones_is_data),
        TEST(short_config),
        TEST(no_extended_space),
        TEST(config_that_changes_meanwhile),
        TEST(missing_config),
        TEST(empty_config),
        TEST(forbidden_config),
        TEST(forbidden_sysfs),
        TEST(own_devices_read_as_sysfs_has_them),
        TEST(own_absent_function),
        cmocka_unit_test(errors_fit),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("device", tests, NULL, NULL);
}
