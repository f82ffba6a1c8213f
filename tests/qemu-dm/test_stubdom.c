/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is the operating system's: the stub domain's device, with the libpci of
 * this machine in pcifront's place and on its own devices, read-only; and the
 * clock.
 */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pt-device.h"
#include "pt-os.h"

#define SYSFS "/sys/bus/pci/devices"

/* The next function of the machine's, or false. */
static bool next(DIR *dir, struct pt_sbdf *a, char name[PT_SBDF_LEN])
{
    const struct dirent *e;
    unsigned domain, bus, dev, func;

    while ((e = readdir(dir))) {
        if (sscanf(e->d_name, "%x:%x:%x.%x", &domain, &bus, &dev, &func) ==
            4) {
            *a = (struct pt_sbdf) {
                .domain = domain, .bus = (uint8_t)bus, .dev = (uint8_t)dev,
                .func = (uint8_t)func,
            };
            pt_sbdf_str(a, name);
            return true;
        }
    }
    return false;
}

static FILE *open_file(const char *name, const char *file)
{
    char path[128];

    snprintf(path, sizeof(path), SYSFS "/%s/%s", name, file);
    return fopen(path, "r");
}

static void check_regions(const struct pt_device *d, const char *name)
{
    FILE *f = open_file(name, "resource");
    uint64_t start, end, flags;

    assert_non_null(f);
    for (unsigned n = 0; n < PT_NUM_REGIONS; n++) {
        const struct pt_region *r = &d->info.region[n];

        assert_int_equal(fscanf(f, "%" SCNx64 " %" SCNx64 " %" SCNx64,
                                &start, &end, &flags), 3);
        if (end == 0) {
            assert_int_equal(r->size, 0);
            continue;
        }
        assert_int_equal(r->size, end - start + 1);
        assert_int_equal(!!(r->flags & PT_REGION_IO), !!(flags & 0x100));
        /* Legacy IDE's ports are no BAR's: 3f6. */
        assert_int_equal(r->addr, flags & 0x100 ? start & ~UINT64_C(3) :
                         start);
    }
    fclose(f);
}

static void test_own_devices(void **state)
{
    DIR *dir = opendir(SYSFS);
    char name[PT_SBDF_LEN];
    struct pt_sbdf a;
    unsigned count = 0;

    (void)state;
    if (!dir) {
        print_message("# not here: what it needs is missing\n");
        return;  /* cmocka's TAP calls a skipped test "not ok" */
    }
    while (next(dir, &a, name)) {
        struct pt_device d;
        struct pt_error err = { "" };
        uint8_t id[4], space[256];
        unsigned vendor;
        FILE *f = open_file(name, "vendor");

        assert_non_null(f);
        assert_int_equal(fscanf(f, "%x", &vendor), 1);
        fclose(f);
        if (pt_device_open(&d, &a, &err) != 0) {
            fail_msg("%s", err.text);
        }
        assert_int_equal(d.info.vendor, vendor);
        assert_int_equal(d.ops->read(d.priv, 0, id, 4), 0);
        assert_int_equal(id[0] | id[1] << 8, vendor);
        assert_int_equal(d.ops->read(d.priv, 255, id, 2), -EINVAL);
        assert_int_equal(d.ops->read(d.priv, 0, space, 0), -EINVAL);
        assert_int_equal(d.ops->write(d.priv, 256, space, 1), -EINVAL);
        check_regions(&d, name);
        pt_device_close(&d);
        pt_device_close(&d);
        count++;
    }
    closedir(dir);
    if (count == 0) {
        print_message("# not here: what it needs is missing\n");
        return;  /* cmocka's TAP calls a skipped test "not ok" */
    }
}

/* libpci's errors do not end the process. */
static void test_not_there(void **state)
{
    const struct pt_sbdf a = { .bus = 0xfe, .dev = 0x1f, .func = 7 };
    struct pt_error err = { "" };
    struct pt_device d;

    (void)state;
    assert_true(pt_device_open(&d, &a, &err) < 0);
    assert_non_null(strstr(err.text, "0000:fe:1f.7"));
    assert_null(d.ops);
    pt_device_close(&d);
}

static void test_no_memory_access(void **state)
{
    DIR *dir = opendir(SYSFS);
    char name[PT_SBDF_LEN];
    struct pt_sbdf a;
    struct pt_device d;
    uint64_t val = 0;

    (void)state;
    if (!dir || !next(dir, &a, name)) {
        print_message("# not here: what it needs is missing\n");
        return;  /* cmocka's TAP calls a skipped test "not ok" */
    }
    closedir(dir);
    assert_int_equal(pt_device_open(&d, &a, NULL), 0);
    assert_int_equal(d.ops->mmio_read(d.priv, 0, 0, 4, &val), -ENOSYS);
    assert_int_equal(d.ops->mmio_write(d.priv, 0, 0, 4, 0), -ENOSYS);
    pt_device_close(&d);
}

static void test_clock(void **state)
{
    uint64_t then = pt_os_now_us();

    (void)state;
    pt_os_delay_us(10000);
    assert_true(pt_os_now_us() - then >= 10000);
    pt_os_delay_us(0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_own_devices),
        cmocka_unit_test(test_not_there),
        cmocka_unit_test(test_no_memory_access),
        cmocka_unit_test(test_clock),
    };

    return cmocka_run_group_tests_name("stub domain", tests, NULL, NULL);
}
