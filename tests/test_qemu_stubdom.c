/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A Linux stub domain's device was looked for at its address in dom0, and not
 * found. xenstore here is what libxl (libxl_pci.c) and Linux's back end write.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "pt-qemu-stubdom.h"

#define BACKEND "/local/domain/0/backend/pci/7/0"

struct entry {
    const char *path;
    const char *value;
};

struct store {
    const struct entry *entry;
    unsigned reads;
};

static char *read_store(void *priv, const char *path)
{
    struct store *s = priv;
    const struct entry *e;

    s->reads++;
    for (e = s->entry; e->path; e++) {
        if (strcmp(e->path, path) == 0) {
            return strdup(e->value);
        }
    }
    return NULL;
}

static const struct pt_sbdf nic = { .bus = 3, .dev = 0x1f, .func = 1 };

static int local(const struct entry *entries, struct pt_sbdf *a,
                 struct pt_error *err)
{
    struct store s = { .entry = entries };
    int rc = pt_stubdom_local(read_store, &s, &nic, a, err);

    assert_true(s.reads <= 2 + 256 + 1);
    return rc;
}

static void is_at(const struct pt_sbdf *a, unsigned domain, unsigned bus,
                  unsigned dev, unsigned func)
{
    assert_int_equal(a->domain, domain);
    assert_int_equal(a->bus, bus);
    assert_int_equal(a->dev, dev);
    assert_int_equal(a->func, func);
}

static void test_dom0_has_devices_where_they_are(void **state)
{
    static const struct entry none[] = { { NULL, NULL } };
    struct pt_sbdf a;

    (void)state;
    assert_int_equal(local(none, &a, NULL), 0);
    is_at(&a, 0, 3, 0x1f, 1);
}

static void test_stub_domain_looked_for_dom0s_address(void **state)
{
    static const struct entry two[] = {
        { "device/pci/0/backend", BACKEND },
        { BACKEND "/num_devs", "2" },
        { BACKEND "/dev-0", "0000:02:00.0" },
        { BACKEND "/vdev-0", "0000:00:00.00" },
        { BACKEND "/dev-1", "0000:03:1f.1" },
        { BACKEND "/vdev-1", "0001:00:01.01" },
        { NULL, NULL },
    };
    struct pt_sbdf a;

    (void)state;
    assert_int_equal(local(two, &a, NULL), 0);
    is_at(&a, 1, 0, 1, 1);
}

/* libxl tries again: the back end answers after a while. */
static void test_device_that_is_not_connected_is_refused(void **state)
{
    static const struct entry early[] = {
        { "device/pci/0/backend", BACKEND },
        { BACKEND "/num_devs", "1" },
        { BACKEND "/dev-0", "0000:03:1f.1" },
        { NULL, NULL },
    };
    struct pt_error err = { "" };
    struct pt_sbdf a;

    (void)state;
    assert_int_equal(local(early, &a, &err), -ENODEV);
    assert_string_equal(err.text,
                        "0000:03:1f.1 is not connected to this stub domain");
}

static void test_device_of_another_domain_is_refused(void **state)
{
    static const struct entry other[] = {
        { "device/pci/0/backend", BACKEND },
        { BACKEND "/num_devs", "1" },
        { BACKEND "/dev-0", "0000:03:1f.0" },
        { BACKEND "/vdev-0", "0000:00:00.00" },
        { NULL, NULL },
    };
    struct pt_error err = { "" };
    struct pt_sbdf a;

    (void)state;
    assert_int_equal(local(other, &a, &err), -ENODEV);
    assert_non_null(strstr(err.text, "0000:03:1f.1 is not among"));
}

static void test_damaged_nodes_are_no_addresses(void **state)
{
    static const char *const bad[] = {
        "", "0000", "0000:03:1f", "0000:03:20.1", "0000:100:1f.1",
        "0000:03:1f.8", "0000:03:1f.1 ", "x:03:1f.1",
    };
    unsigned i;

    (void)state;
    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        const struct entry in_dev[] = {
            { "device/pci/0/backend", BACKEND },
            { BACKEND "/num_devs", "2147483647" },
            { BACKEND "/dev-0", bad[i] },
            { BACKEND "/vdev-0", "0000:00:00.00" },
            { NULL, NULL },
        };
        const struct entry in_vdev[] = {
            { "device/pci/0/backend", BACKEND },
            { BACKEND "/num_devs", "1" },
            { BACKEND "/dev-0", "0000:03:1f.1" },
            { BACKEND "/vdev-0", bad[i] },
            { NULL, NULL },
        };
        struct pt_sbdf a;

        assert_int_equal(local(in_dev, &a, NULL), -ENODEV);
        assert_int_equal(local(in_vdev, &a, NULL), -ENODEV);
    }
}

/* Fewer than none: the first one's address was taken for the device's. */
static void test_negative_number_of_devices_is_none(void **state)
{
    static const struct entry e[] = {
        { "device/pci/0/backend", BACKEND },
        { BACKEND "/num_devs", "-1" },
        { BACKEND "/dev-0", "0000:04:00.0" },
        { BACKEND "/vdev-0", "0000:00:00.00" },
        { NULL, NULL },
    };
    struct pt_sbdf a;

    (void)state;
    assert_int_equal(local(e, &a, NULL), -ENODEV);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dom0_has_devices_where_they_are),
        cmocka_unit_test(test_stub_domain_looked_for_dom0s_address),
        cmocka_unit_test(test_device_that_is_not_connected_is_refused),
        cmocka_unit_test(test_device_of_another_domain_is_refused),
        cmocka_unit_test(test_damaged_nodes_are_no_addresses),
        cmocka_unit_test(test_negative_number_of_devices_is_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
