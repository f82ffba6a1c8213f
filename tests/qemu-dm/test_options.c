/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A device's policy in the classic tree: by the request, by opts-N, late, and
 * what becomes of a device that is taken away. Names as in test_glue.c.
 */
#include "lib-glue.h"

#define DRIVERS_OWN 0xe0  /* in no structure */

/* How a device has its policy: reserved bits of PMCSR reach it. */
static bool is_permissive(int devfn, const struct sim_dev *d)
{
    uint64_t writes = d->count.writes;

    tree_write(devfn, 0x44, 0x00f0, 2);
    return d->count.writes != writes;
}

/* ------------------------------------------------------------------ */
/* Options                                                             */

/* 2.15, and field 1: permissive as said, by request or by opts-N. */
static void test_2_15_permissive(void **state)
{
    struct sim_dev *d = add_card(0);

    (void)state;
    tree_insert(F0);
    assert_false(is_permissive(0x20, d));
    assert_true(tree_remove(F0, 0x20));
    tree_insert(F0 ",permissive=0");
    assert_false(is_permissive(0x20, d));
    assert_true(tree_remove(F0, 0x20));
    tree_insert(F0 ",permissive=1");
    assert_true(is_permissive(0x20, d));
}

#define NODE "/local/domain/0/backend/pci/7/0/"

static void test_opts_of_the_device(void **state)
{
    struct sim_dev *d = add_card(0);

    (void)state;
    add_card(1);
    tree_set(NODE "num_devs", "3");
    tree_set(NODE "dev-0", F1);
    tree_set(NODE "opts-0", "permissive=0");
    tree_set(NODE "dev-2", F0);
    tree_set(NODE "opts-2", "msitranslate=0,permissive=1,rdm_policy=strict");
    tree_insert(F0);
    assert_true(is_permissive(0x20, d));
    assert_true(tree_remove(F0, 0x20));
    /* The request counts more. */
    tree_insert(F0 ",permissive=0");
    assert_false(is_permissive(0x20, d));
    assert_true(tree_remove(F0, 0x20));
    tree.xs_down = true;
    tree_insert(F0);
    assert_false(is_permissive(0x20, d));
}

/* Xen's own tools never write that; whoever does gets one answer. */
static void test_first_of_two_nodes_counts(void **state)
{
    struct sim_dev *d = add_card(0);

    (void)state;
    tree_set(NODE "num_devs", "2");
    tree_set(NODE "dev-0", F0);
    tree_set(NODE "opts-0", "permissive=0");
    tree_set(NODE "dev-1", F0);
    tree_set(NODE "opts-1", "strict=1");
    tree_insert(F0 "@28");
    tree_write(0x28, DRIVERS_OWN, 0x5a, 1);
    assert_int_equal(sim_dev_peek(d, DRIVERS_OWN, 1), 0x5a);
}

static void test_node_had_more_devices_than_a_bus(void **state)
{
    struct sim_dev *d = add_card(0);

    (void)state;
    tree_set(NODE "num_devs", "4096");
    tree_set(NODE "dev-256", F0);
    tree_set(NODE "opts-256", "strict=1");
    tree_insert(F0 "@28");
    tree_write(0x28, DRIVERS_OWN, 0x5a, 1);
    assert_int_equal(sim_dev_peek(d, DRIVERS_OWN, 1), 0x5a);
}

static void test_opts_garbage(void **state)
{
    (void)state;
    add_card(0);
    tree_set(NODE "num_devs", "1");
    tree_set(NODE "dev-0", F0);
    tree_set(NODE "opts-0", "permissive=perhaps");
    refused(F0, NO_SLOT, "permissive: 'perhaps'");
}

/* strict: what no structure declares is the driver's no more. */
static void test_strict_is_in_force(void **state)
{
    struct sim_dev *d = add_card(0);

    (void)state;
    assert_int_equal(tree_insert(F0), 0x20);
    sim_dev_forget(d);
    tree_write(0x20, DRIVERS_OWN, 0x5a, 1);
    assert_int_equal(d->num_writes, 1);
    assert_true(tree_remove(F0, 0x20));
    assert_int_equal(tree_insert(F0 ",strict=1"), 0x20);
    sim_dev_forget(d);
    tree_write(0x20, DRIVERS_OWN, 0xa5, 1);
    assert_int_equal(d->num_writes, 0);
    assert_true(logged("policy strict"));
    assert_true(tree_remove(F0, 0x20));
}

/* Functions 0 and 1 in one slot, each with its own policy and driver. */
static void test_two_functions_of_a_slot_and_their_options(void **state)
{
    struct sim_dev *d0 = add_card(0), *d1 = add_card(1);

    (void)state;
    assert_int_equal(tree_insert(F1 "@29,strict=1"), 0x29);
    assert_int_equal(tree_insert(F0 "@28,permissive=1"), 0x28);
    place(0x29, 1);
    place(0x28, 0);
    drive(0x29, 1);
    drive(0x28, 0);
    assert_true(tree_read(0x28, PCI_HEADER_TYPE, 1) & 0x80);
    assert_true(tree_read(0x29, PCI_HEADER_TYPE, 1) & 0x80);
    assert_int_equal(sim_xen_num_bound(&tree.xen, d0), 1);
    assert_int_equal(sim_xen_num_bound(&tree.xen, d1), 1);
    assert_true(is_permissive(0x28, d0));
    assert_false(is_permissive(0x29, d1));
    assert_true(tree_remove(F0, 0x28));
    assert_int_equal(tree_read(0x29, PCI_VENDOR_ID, 2), 0xffff);
}

/* libxl's transaction, once it has been answered: its first device. */
static void list(const char *bdf, const char *opts)
{
    tree_set(NODE "num_devs", "1");
    tree_set(NODE "dev-0", bdf);
    tree_set(NODE "opts-0", opts);
    tree_fire();
}

static void unlist(void)
{
    tree_set(NODE "num_devs", "0");
    tree_set(NODE "dev-0", NULL);
    tree_set(NODE "opts-0", NULL);
    tree_fire();
}

/* Neither `xl pci-detach -f` nor the end of a function but 0 is a request. */
static void taken_away(const char *request, const char *bdf, int devfn,
                       bool others)
{
    struct sim_dev *d = &tree.host[0].dev;

    assert_int_equal(tree_insert("%s", request), devfn);
    list(bdf, "msitranslate=0,power_mgmt=0,permissive=0");
    place(devfn, 0);
    sim_xen_leave(&tree.xen, d);
    tree.xen.others = others;
    sim_dev_forget(d);
    unlist();
    /* The guest reached it still, although another's it was. */
    assert_int_equal(tree_read(devfn, PCI_VENDOR_ID, 2), 0xffff);
    tree_write(devfn, PCI_COMMAND, 0, 2);
    assert_int_equal(d->num_writes, 0);
    assert_int_equal(sim_xen_leaks(&tree.xen, NULL, 0), 0);
    assert_int_equal(test_pci_devfn(devfn), 0);
    sim_xen_assign(&tree.xen, d);
}

static void test_forced_detach_left_the_guest_its_device(void **state)
{
    (void)state;
    add_card(0);
    taken_away(F0, F0, 0x20, false);
    taken_away(F0, F0, 0x20, true);
    taken_away(F0 "@23", F0, 0x23, true);
    assert_true(logged("taken away by the toolstack"));
    assert_int_equal(tree_insert(F0 "@23"), 0x23);
    power_off_php_devfn(0x23);
}

/* No answer of xenstore's is no removal; nor is a node not written yet. */
static void test_device_is_not_lost_with_xenstore(void **state)
{
    (void)state;
    add_card(0);
    assert_int_equal(tree_insert(F0), 0x20);
    tree_fire();
    assert_int_equal(tree_read(0x20, PCI_VENDOR_ID, 2), 0x1234);
    list(F0, "permissive=0");
    tree.xs_down = true;
    tree_fire();
    tree.xs_down = false;
    tree_fire();
    assert_int_equal(tree_read(0x20, PCI_VENDOR_ID, 2), 0x1234);
    assert_true(tree_remove(F0, 0x20));
    unlist();
}

/* libxl writes opts-N after the answer, and it was read before. */
static void test_permissive_through_xl_had_no_effect(void **state)
{
    struct sim_dev *d = add_card(0);

    (void)state;
    assert_int_equal(tree_insert(F0 ",msitranslate=0,power_mgmt=0"), 0x20);
    list(F0, "msitranslate=1,power_mgmt=1,permissive=1");
    assert_true(logged("policy permissive, power_mgmt=0, msitranslate=0"));
    assert_true(is_permissive(0x20, d));
    /* Once: what comes later is for the next attach. */
    list(F0, "permissive=0");
    assert_true(is_permissive(0x20, d));
    assert_true(tree_remove(F0, 0x20));
    unlist();
}

/* What is too late, or impossible, is refused in words. */
static void test_options_that_are_not_in_force_are_named(void **state)
{
    struct sim_dev *d = add_card(0);

    (void)state;
    assert_int_equal(tree_insert(F0), 0x20);
    tree_write(0x20, PCI_COMMAND, 0, 2);
    list(F0, "permissive=1");
    assert_true(logged("came after the guest's first write"));
    assert_false(is_permissive(0x20, d));
    assert_true(tree_remove(F0, 0x20));
    unlist();

    assert_int_equal(tree_insert(F0), 0x20);
    list(F0, "permissive=1,strict=1");
    assert_true(logged("strict and permissive exclude each other"));
    assert_false(is_permissive(0x20, d));
    assert_true(tree_remove(F0, 0x20));
    unlist();

    assert_int_equal(tree_insert(F0), 0x20);
    list(F0, "permissive=perhaps");
    assert_true(logged("permissive: 'perhaps'"));
    assert_false(is_permissive(0x20, d));
    assert_true(tree_remove(F0, 0x20));
    unlist();
}

/* Each of them by itself is a change. */
static void test_late_option_was_taken_for_none(void **state)
{
    static const struct {
        const char *opts, *said;
    } t[] = {
        { "power_mgmt=1", "power_mgmt=1" },
        { "msitranslate=1", "msitranslate=1" },
        { "permissive=1", "policy permissive" },
        { "strict=1", "policy strict" },
        { "flr=1", "flr=0 (the host can't reset this function alone)" },
    };

    (void)state;
    add_card(0);
    for (unsigned i = 0; i < COUNT(t); i++) {
        assert_int_equal(tree_insert(F0), 0x20);
        assert_false(logged(t[i].said));
        list(F0, t[i].opts);
        assert_true(logged(t[i].said));
        unlist();
        sim_xen_assign(&tree.xen, &tree.host[0].dev);
    }
}

static bool child;

/* The last that happens in a process, after the glue's own. */
static void at_last(void)
{
    if (child) {
        _exit(tree.host[0].closes != 0);
    }
}

/* The tree forks for its own ends, and the child ended the guest's devices. */
static void test_child_took_the_devices_along(void **state)
{
    int status;
    pid_t pid;

    (void)state;
    add_card(0);
    assert_int_equal(tree_insert(F0), 0x20);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        child = true;
        exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

/* The device fails to attach again, and the old policy, too: it is gone. */
static void test_device_lost_by_late_options_leaves_nothing(void **state)
{
    struct sim_dev *d = add_card(0);

    (void)state;
    assert_int_equal(tree_insert(F0), 0x20);
    d->vanished = true;
    list(F0, "permissive=1");
    assert_true(logged("does not answer"));
    assert_int_equal(tree_read(0x20, PCI_VENDOR_ID, 2), 0xffff);
    assert_int_equal(test_pci_devfn(0x20), 0);
    d->vanished = false;
    unlist();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_2_15_permissive),
        T(test_opts_of_the_device),
        T(test_first_of_two_nodes_counts),
        T(test_node_had_more_devices_than_a_bus),
        T(test_opts_garbage),
        T(test_strict_is_in_force),
        T(test_two_functions_of_a_slot_and_their_options),
        T(test_forced_detach_left_the_guest_its_device),
        T(test_device_is_not_lost_with_xenstore),
        T(test_permissive_through_xl_had_no_effect),
        T(test_late_option_was_taken_for_none),
        T(test_options_that_are_not_in_force_are_named),
        T(test_device_lost_by_late_options_leaves_nothing),
        T(test_child_took_the_devices_along),
    };

    /* Before the first pt_init(): handlers run in turn from the last. */
    atexit(at_last);
    return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}
