/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest's way to extended configuration space in the classic tree: the
 * MMCONFIG window, who is in it, and who asks for it.
 */
#include "card.h"
#include "lib-machine.h"
#include "pt-mmcfg.h"

#define F0 "0000:03:00.0"
#define F1 "0000:03:00.1"
#define NODE "/local/domain/0/backend/pci/7/0/"

#define AER 0x100u
#define AER_MASK (AER + PCI_ERR_COR_MASK)
#define DSN 0x140u
#define HEAD(id, next) ((uint32_t)(id) | 1u << 16 | (uint32_t)(next) << 20)

#define ONES UINT32_MAX
/* Of the machine that tree_start() makes: the host bridge. */
#define BRIDGE 0

/* Function @n of a card with 4 KiB. */
static struct sim_dev *add_ext_card(unsigned n)
{
    struct capture c;

    card_function(&c, n);
    card_express(&c, 0x80, 2, PCI_EXP_TYPE_ENDPOINT, 0x3c);
    c.len = 4096;
    pt_store(c.cfg + AER, HEAD(PCI_EXT_CAP_ID_AER, DSN), 4);
    pt_store(c.cfg + DSN, HEAD(PCI_EXT_CAP_ID_DSN, 0), 4);
    pt_store(c.cfg + DSN + 4, 0x12345678 + n, 4);
    return tree_add_host(&c);
}

static uint64_t at(int devfn, unsigned off)
{
    return PT_MMCFG_BASE + ((uint64_t)devfn << 12) + off;
}

static uint32_t ext_read(int devfn, unsigned off, int len)
{
    return tree_mmio_read(at(devfn, off), len);
}

/* ------------------------------------------------------------------ */
/* Who is there                                                        */

static void test_off_nobody_is_asked(void **state)
{
    unsigned ranges = tree.num_ranges;

    (void)state;
    add_ext_card(0);
    assert_int_equal(tree_insert(F0), 0x20);
    assert_int_equal(tree.num_ranges, ranges);
    assert_false(tree_trapped(PT_MMCFG_BASE));
    assert_true(logged("extended=0"));
}

static void test_ours_has_4_kib(void **state)
{
    struct sim_dev *d = add_ext_card(0);

    (void)state;
    assert_int_equal(tree_insert(F0 ",extended=1"), 0x20);
    assert_true(logged("extended=1"));
    assert_int_equal(ext_read(0x20, AER, 4), HEAD(PCI_EXT_CAP_ID_AER, DSN));
    assert_int_equal(ext_read(0x20, DSN + 4, 4), 0x12345678);
    assert_int_equal(ext_read(0x20, DSN + 5, 1), 0x56);
    assert_int_equal(ext_read(0x20, DSN + 6, 2), 0x1234);
    assert_int_equal(ext_read(0x20, 0xffc, 4), 0);
    tree_mmio_write(at(0x20, AER_MASK), 0x40, 4);
    assert_int_equal(sim_dev_peek(d, AER_MASK, 4), 0x40);
    tree_mmio_write(at(0x20, AER_MASK), 0x01, 1);
    assert_int_equal(sim_dev_peek(d, AER_MASK, 4), 0x01);
    tree_mmio_write(at(0x20, AER_MASK), 0x1001, 2);
    assert_int_equal(ext_read(0x20, AER_MASK, 4), 0x1001);
}

/* The first 256 bytes are the same as by the ports, and act the same. */
static void test_ours_is_the_same_by_both_ways(void **state)
{
    (void)state;
    add_ext_card(0);
    assert_int_equal(tree_insert(F0 ",extended=1"), 0x20);
    for (unsigned off = 0; off < 0x100; off += 4) {
        assert_int_equal(ext_read(0x20, off, 4), tree_read(0x20, off, 4));
    }
    tree_mmio_write(at(0x20, PCI_BASE_ADDRESS_0), (uint32_t)guest_mem(0), 4);
    tree_mmio_write(at(0x20, PCI_COMMAND), PCI_COMMAND_MEMORY, 2);
    assert_int_equal(tree_read(0x20, PCI_COMMAND, 2), PCI_COMMAND_MEMORY);
    assert_true(tree_trapped(guest_mem(0) + TABLE));
}

/* Linux goes by all ones at 0x100; FreeBSD reads all of the bus here. */
static void test_emulated_ones_have_256_bytes(void **state)
{
    (void)state;
    add_ext_card(0);
    tree_insert(F0 ",extended=1");
    tree.bus.devices[BRIDGE]->config[0x90] = 0x12;
    tree.bus.devices[BRIDGE]->config[0x91] = 0x34;
    assert_int_equal(ext_read(BRIDGE, 0x90, 2), 0x3412);
    assert_int_equal(ext_read(BRIDGE, 0x91, 1), 0x34);
    tree_mmio_write(at(BRIDGE, 0x90), 0xa5, 1);
    assert_int_equal(tree.bus.devices[BRIDGE]->config[0x90], 0xa5);
    for (unsigned off = 0x100; off < 0x1000; off += 4) {
        assert_int_equal(ext_read(BRIDGE, off, 4), ONES);
        tree_mmio_write(at(BRIDGE, off), 0, 4);
    }
    assert_int_equal(tree.bus.devices[BRIDGE]->config[0x91], 0x34);
}

static void test_nobody_reads_all_ones(void **state)
{
    (void)state;
    add_ext_card(0);
    tree_insert(F0 ",extended=1");
    assert_int_equal(ext_read(0x30, 0, 4), ONES);
    assert_int_equal(ext_read(0x30, AER, 4), ONES);
    assert_int_equal(ext_read(0x21, 0, 2), 0xffff);
    assert_int_equal(ext_read(0xff, 0xfff, 1), 0xff);
    tree_mmio_write(at(0xff, 0xffc), 0, 4);
}

static unsigned handlers(void)
{
    unsigned n = 0;

    for (unsigned i = 1; i < TREE_HANDLERS; i++) {
        n += tree.handler[i].used;
    }
    return n;
}

/* Who has the window keeps it: FreeBSD would lose all of the bus. */
static void test_one_that_went_is_not_there(void **state)
{
    unsigned ranges = tree.num_ranges, used = handlers();

    (void)state;
    add_ext_card(0);
    tree_insert(F0 ",extended=1");
    assert_true(tree_remove(F0, 0x20));
    assert_int_equal(ext_read(0x20, 0, 4), ONES);
    assert_int_equal(ext_read(0x20, AER, 4), ONES);
    tree_mmio_write(at(0x20, AER_MASK), 0, 4);
    assert_int_equal(ext_read(BRIDGE, 0, 4), tree_read(BRIDGE, 0, 4));
    assert_int_equal(tree_insert(F0 ",extended=1"), 0x20);
    assert_int_equal(ext_read(0x20, AER, 4), HEAD(PCI_EXT_CAP_ID_AER, DSN));
    assert_int_equal(tree.num_ranges, ranges + 1);
    assert_int_equal(handlers(), used + 1);
}

/* ------------------------------------------------------------------ */
/* Who asks for it                                                     */

/* Each function by its own policy, and one window. */
static void test_by_the_policy_file(void **state)
{
    unsigned ranges = tree.num_ranges;

    (void)state;
    add_ext_card(0);
    add_ext_card(1);
    write_conf("[0000:03:00.1]\nextended = yes\n");
    assert_int_equal(tree_insert(F1 "@29"), 0x29);
    assert_int_equal(tree_insert(F0 "@28"), 0x28);
    assert_int_equal(ext_read(0x29, DSN + 4, 4), 0x12345679);
    assert_int_equal(ext_read(0x28, DSN + 4, 4), ONES);
    assert_int_equal(ext_read(0x28, 0, 4), tree_read(0x28, 0, 4));
    assert_int_equal(tree.num_ranges, ranges + 1);
    unlink(tree.conf_path);
}

/* libxl does not know the word: a no is somebody's, and goes over the file. */
static void test_the_request_goes_over_the_file(void **state)
{
    (void)state;
    add_ext_card(0);
    write_conf("[all]\nextended = yes\n");
    tree_insert(F0 ",extended=0");
    assert_false(tree_trapped(PT_MMCFG_BASE));
    assert_true(tree_remove(F0, 0x20));
    tree_insert(F0);
    assert_true(tree_trapped(PT_MMCFG_BASE));
    assert_true(tree_remove(F0, 0x20));
    unlink(tree.conf_path);
}

static void test_by_the_backend_node(void **state)
{
    (void)state;
    add_ext_card(0);
    tree_set(NODE "num_devs", "1");
    tree_set(NODE "dev-0", F0);
    tree_set(NODE "opts-0", "extended=1");
    tree_insert(F0);
    assert_int_equal(ext_read(0x20, AER, 4), HEAD(PCI_EXT_CAP_ID_AER, DSN));
}

/* ------------------------------------------------------------------ */
/* What can go wrong                                                   */

/* The tree has handlers for 511 ranges. */
static void test_no_room_is_no_harm(void **state)
{
    (void)state;
    add_ext_card(0);
    for (unsigned i = 1; i < TREE_HANDLERS; i++) {
        tree.handler[i].used = true;
    }
    assert_int_equal(tree_insert(F0 ",extended=1"), 0x20);
    assert_true(logged("warning: pass-through: 0000:03:00.0: no extended "
                       "configuration space: the tree has no room"));
    assert_true(logged("extended=0"));
    assert_false(tree_trapped(PT_MMCFG_BASE));
}

/* A host without MMCONFIG: the guest has what the host has. */
static void test_a_host_of_256_bytes(void **state)
{
    (void)state;
    add_card(0);
    assert_int_equal(tree_insert(F0 ",extended=1"), 0x20);
    assert_true(logged("extended=0"));
    assert_int_equal(ext_read(0x20, 0x100, 4), ONES);
    assert_int_equal(ext_read(0x20, 0, 4), tree_read(0x20, 0, 4));
}

/* It was mapped, and the window not there any more. */
static void test_no_region_is_mapped_over_it(void **state)
{
    (void)state;
    add_ext_card(0);
    tree_insert(F0 ",extended=1");
    tree_write(0x20, PCI_BASE_ADDRESS_0,
               (uint32_t)PT_MMCFG_BASE + 0x20 * 0x1000, 4);
    tree_write(0x20, PCI_COMMAND, PCI_COMMAND_MEMORY, 2);
    assert_int_equal(tree.xen.num_mem, 0);
    assert_int_equal(ext_read(0x20, AER, 4), HEAD(PCI_EXT_CAP_ID_AER, DSN));
    tree_write(0x20, PCI_BASE_ADDRESS_0, (uint32_t)guest_mem(0), 4);
    assert_true(tree_trapped(guest_mem(0) + TABLE));
}

#define T(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_off_nobody_is_asked),
        T(test_ours_has_4_kib),
        T(test_ours_is_the_same_by_both_ways),
        T(test_emulated_ones_have_256_bytes),
        T(test_nobody_reads_all_ones),
        T(test_one_that_went_is_not_there),
        T(test_by_the_policy_file),
        T(test_the_request_goes_over_the_file),
        T(test_by_the_backend_node),
        T(test_no_room_is_no_harm),
        T(test_a_host_of_256_bytes),
        T(test_no_region_is_mapped_over_it),
    };

    return cmocka_run_group_tests_name("MMCONFIG in the classic tree", tests,
                                       NULL, NULL);
}
