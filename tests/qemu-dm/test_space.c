/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where the classic tree has a device's regions and their traps, beside what else
 * is in the guest's space. Names as in test_glue.c.
 */
#include "lib-glue.h"

/* ------------------------------------------------------------------ */
/* The guest's space                                                   */

/* 2.19: a guest that moves its MSI-X table without end. */
static void test_2_19_bar_moves(void **state)
{
    unsigned lines, mapped = 0;

    (void)state;
    add_card(0);
    add_card(1);
    tree_insert(F0 "@28");
    tree_insert(F1 "@30");
    place(0x30, 1);
    place(0x28, 0);
    lines = tree.lines;
    for (unsigned i = 0; i < 5000; i++) {
        uint64_t at = UINT64_C(0x40000000) + i * CARD_SIZE;

        tree_write(0x28, PCI_BASE_ADDRESS_0, (uint32_t)at, 4);
        mapped += tree_trapped(at + TABLE);
        /* Another's handlers are where they were. */
        assert_true(tree_trapped(guest_mem(1) + TABLE));
    }
    assert_false(tree.exited);
    assert_in_range(mapped, 500, 1000);
    assert_in_range(tree.num_mmio, 500, 1000);
    assert_in_range(tree.num_ranges, 1, 200);
    assert_in_range(tree.lines - lines, 0, 100);
    drive(0x30, 1);
    assert_int_equal(sim_xen_num_bound(&tree.xen,
                                       &tree.host[1].dev), 1);
    /* Where it was of late it can still be. */
    tree_write(0x28, PCI_BASE_ADDRESS_0, 0x40000000 + 300 * CARD_SIZE, 4);
    assert_true(tree_trapped(0x40000000 + 300 * CARD_SIZE + TABLE));
}

/* Decoding on and off without end, at one address. */
static void test_2_19_decode_toggles(void **state)
{
    unsigned places, lines;

    (void)state;
    add_card(0);
    tree_insert(F0 "@28");
    place(0x28, 0);
    places = tree.num_mmio;
    lines = tree.lines;
    for (unsigned i = 0; i < 5000; i++) {
        tree_write(0x28, PCI_COMMAND, 0, 2);
        tree_write(0x28, PCI_COMMAND, PCI_COMMAND_MEMORY, 2);
        assert_int_not_equal(tree_mmio_read(guest_mem(0) + TABLE + 12, 4),
                             0xffffffff);
    }
    assert_int_equal(tree.num_mmio, places);
    assert_in_range(tree.lines - lines, 0, 100);
    /* And nothing answers once it is gone. */
    power_off_php_devfn(0x28);
    assert_false(tree_trapped(guest_mem(0) + TABLE));
}

/* Windows of several pages, over the stale ones of others. */
static void test_2_19_stale_ranges(void **state)
{
    struct capture c;

    (void)state;
    add_card(0);
    card_function(&c, 1);
    pt_store(c.cfg + MSIX_POS + 2, 600 - 1, 2);  /* entries: three pages */
    pt_store(c.cfg + MSIX_POS + 4, 0x3000, 4);
    tree_add_host(&c);
    tree_insert(F0 "@28");
    place(0x28, 0);
    power_off_php_devfn(0x28);
    tree_insert(F1 "@30");
    place(0x30, 0);
    for (unsigned page = 3; page < 6; page++) {
        assert_true(tree_trapped(guest_mem(0) + 0x1000 * page));
    }
    power_off_php_devfn(0x30);
    tree_insert(F0 "@28");
    place(0x28, 0);
    assert_true(tree_trapped(guest_mem(0) + TABLE));
    assert_false(tree_trapped(guest_mem(0) + 0x3000));
    /* A sane guest's move leaves nothing of it with Xen. */
    place(0x28, 5);
    assert_true(tree_trapped(guest_mem(5) + TABLE));
    assert_int_equal(tree.num_ranges, 1);
}

/* 2.20: put over an emulated device without end. */
static void test_2_20_overlap_lines(void **state)
{
    unsigned lines;

    (void)state;
    add_card(0);
    tree_insert(F0 "@28");
    place(0x28, 0);
    lines = tree.lines;
    for (unsigned i = 0; i < 5000; i++) {
        tree_write(0x28, PCI_BASE_ADDRESS_0, 0xf0000000, 4);
        assert_null(sim_xen_mem(&tree.xen, 0xf0000));
        tree_write(0x28, PCI_BASE_ADDRESS_0, (uint32_t)guest_mem(0), 4);
    }
    assert_in_range(tree.lines - lines, 1, 200);
}

/* The tree has 32 bits of an address, and took the rest of it off. */
static void test_emulated_device_took_room_above_4_gib(void **state)
{
    (void)state;
    add_card(0);
    tree_insert(F0 "@28");
    place(0x28, 0);
    tree_write(0x28, PCI_BASE_ADDRESS_2, 0xf0000000, 4);
    assert_non_null(sim_xen_mem(&tree.xen, UINT64_C(0x20f0000)));
}

/* What a device had is nobody's, however often it had moved. */
static void test_ranges_of_a_device_that_went_stayed(void **state)
{
    unsigned n;

    (void)state;
    add_card(0);
    add_card(1);
    tree_insert(F0 "@28");
    tree_insert(F1 "@30");
    place(0x30, 1);
    place(0x28, 0);
    place(0x28, 5);
    /* Not only Xen has forgotten it. */
    assert_false(tree_trapped(guest_mem(0) + TABLE));
    for (n = 0; n < 200; n++) {
        tree_write(0x28, PCI_BASE_ADDRESS_0,
                   (uint32_t)guest_mem(n & 1 ? 5 : 6), 4);
    }
    power_off_php_devfn(0x28);
    assert_int_equal(tree_insert(F0 "@28,strict=1"), 0x28);
    place(0x28, 5);
    assert_true(tree_trapped(guest_mem(5) + TABLE));
    tree_write(0x28, PCI_COMMAND, 0, 2);
    assert_false(tree_trapped(guest_mem(5) + TABLE));
    power_off_php_devfn(0x28);
    assert_false(tree_trapped(guest_mem(5) + TABLE));
    assert_false(tree_trapped(guest_mem(6) + TABLE));
    assert_true(tree_trapped(guest_mem(1) + TABLE));
}

/* Who has a range is whose traps it goes to; nobody else ends it. */
static void test_ranges_of_two_owners(void **state)
{
    static struct pt_mmio pool;
    struct pt_trap a = { .gpa = 0x50000000, .size = 0x1000 }, b = a;
    unsigned lines = PT_MMIO_OFF_LINES;
    const struct pt_range *r;

    (void)state;
    pt_mmio_init(&pool);
    assert_int_equal(pt_mmio_on(&pool, &a, &a), 0);
    assert_int_equal(pt_mmio_on(&pool, &b, &b), -EBUSY);
    r = a.host;
    pt_mmio_off(&pool, &a, &lines);
    /* More of the same place: the old range does not do. */
    b.size = 0x3000;
    assert_int_equal(pt_mmio_on(&pool, &b, &b), 0);
    assert_true(tree_trapped(0x50002000));
    assert_ptr_equal(b.host, r);
    a.host = b.host;
    pt_mmio_off(&pool, &a, &lines);
    assert_ptr_equal(r->trap, &b);
    pt_mmio_forget(&pool, &a);
    assert_ptr_equal(r->trap, &b);
    assert_true(tree_trapped(0x50002000));
    pt_mmio_forget(&pool, &b);
    assert_null(r->trap);
    assert_null(r->last);
    assert_false(tree_trapped(0x50000000));
}

/*
 * Two assigned devices at one address, also above 4 GiB, where the tree is
 * blind; the second is mapped when the first makes room.
 */
static void test_overlap_and_room(void **state)
{
    const uint64_t frame = UINT64_C(0x2000000000) >> 12;

    (void)state;
    add_card(0);
    add_card(1);
    tree_insert(F0 "@28");
    tree_insert(F1 "@30");
    place(0x28, 0);
    tree_write(0x30, PCI_BASE_ADDRESS_2, 0, 4);
    tree_write(0x30, PCI_BASE_ADDRESS_3, 0x20, 4);
    tree_write(0x30, PCI_BASE_ADDRESS_0, (uint32_t)guest_mem(0), 4);
    tree_write(0x30, PCI_COMMAND, PCI_COMMAND_MEMORY, 2);
    assert_ptr_equal(sim_xen_mem(&tree.xen, frame)->dev, &tree.host[0].dev);
    assert_int_equal(tree.lines, 0);
    tree_write(0x28, PCI_COMMAND, 0, 2);
    assert_ptr_equal(sim_xen_mem(&tree.xen, frame)->dev, &tree.host[1].dev);
    tree_write(0x28, PCI_COMMAND, PCI_COMMAND_MEMORY, 2);
    assert_ptr_equal(sim_xen_mem(&tree.xen, frame)->dev, &tree.host[1].dev);
    power_off_php_devfn(0x30);
    assert_ptr_equal(sim_xen_mem(&tree.xen, frame)->dev, &tree.host[0].dev);
}

/* A BAR that moves through its own window makes room, too. */
static void test_room_that_a_window_made(void **state)
{
    struct sim_dev *second = NULL;

    (void)state;
    write_conf("[all]\nwindow = nvidia-config-1800\n");
    for (unsigned n = 0; n < 2; n++) {
        struct capture c;

        card_function(&c, n);
        pt_store(c.cfg + PCI_VENDOR_ID, 0x10de, 2);
        pt_store(c.cfg + PCI_CLASS_DEVICE, PCI_CLASS_DISPLAY_VGA, 2);
        second = tree_add_host(&c);
        tree_insert(n ? F1 "@30" : F0 "@28");
        tree_write(0x28 + 8 * (int)n, PCI_BASE_ADDRESS_0,
                   (uint32_t)guest_mem(0), 4);
        tree_write(0x28 + 8 * (int)n, PCI_COMMAND, PCI_COMMAND_MEMORY, 2);
    }
    assert_ptr_not_equal(sim_xen_mem(&tree.xen, guest_mem(0) >> 12)->dev,
                         second);
    tree_mmio_write(guest_mem(0) + 0x1800 + PCI_BASE_ADDRESS_0,
                    (uint32_t)guest_mem(3), 4);
    assert_ptr_equal(sim_xen_mem(&tree.xen, guest_mem(0) >> 12)->dev, second);
    assert_int_equal(tree_mmio_read(guest_mem(3) + 0x1800, 2), 0x10de);
    unlink(tree.conf_path);
}

/*
 * With its decoding off it was in the way of an emulated device for good.
 * Decoding goes off and on for sizing, too: that is soon.
 */
static void test_what_rested_was_in_the_way(void **state)
{
    uint64_t calls;

    (void)state;
    add_card(0);
    tree_insert(F0);
    place(0x20, 0);
    calls = tree.xen.calls[SIM_MAP_MEMORY];
    tree_write(0x20, PCI_COMMAND, 0, 2);
    tree_write(0x20, PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_IO, 2);
    tree_pass(1100);
    assert_int_equal(tree.xen.calls[SIM_MAP_MEMORY], calls);
    assert_non_null(sim_xen_port(&tree.xen, 0x2000));
    tree_write(0x20, PCI_COMMAND, 0, 2);
    tree_pass(900);
    assert_non_null(sim_xen_mem(&tree.xen, guest_mem(0) >> 12));
    assert_non_null(sim_xen_port(&tree.xen, 0x2000));
    assert_true(tree_trapped(guest_mem(0) + TABLE));
    tree_pass(200);
    assert_int_equal(tree.xen.num_mem, 0);
    assert_null(sim_xen_port(&tree.xen, 0x2000));
    assert_int_equal(tree_mmio_read(guest_mem(0) + TABLE, 4), UINT32_MAX);
    tree_write(0x20, PCI_COMMAND, PCI_COMMAND_MEMORY, 2);
    assert_non_null(sim_xen_mem(&tree.xen, guest_mem(0) >> 12));
    /* It goes with the device, whatever waits. */
    tree_write(0x20, PCI_COMMAND, 0, 2);
    assert_true(tree_remove(F0, 0x20));
    tree_pass(1100);
}

/* A D-state's delay ends just after what rested has left. */
static void test_two_times_of_one_timer(void **state)
{
    (void)state;
    direct_pci_power_mgmt = 1;
    add_card(0);
    tree_insert(F0);
    place(0x20, 0);
    tree_write(0x20, PCI_COMMAND, PCI_COMMAND_IO, 2);
    tree_write(0x20, 0x44, 3, 2);
    tree_pass(20);
    assert_null(sim_xen_port(&tree.xen, 0x2000));
    tree_pass(975);
    tree_write(0x20, 0x44, 0, 2);
    tree_pass(7);
    assert_null(sim_xen_port(&tree.xen, 0x2000));
    tree_pass(10);
    assert_non_null(sim_xen_port(&tree.xen, 0x2000));
    direct_pci_power_mgmt = 0;
}

/* io_regions shows what 32 bits can. */
static void test_io_regions(void **state)
{
    const PCIDevice *d;

    (void)state;
    add_card(0);
    tree_insert(F0 "@28");
    d = tree.bus.devices[0x28];
    place(0x28, 0);
    assert_int_equal(d->io_regions[0].addr, guest_mem(0));
    assert_int_equal(d->io_regions[0].size, CARD_SIZE);
    assert_int_equal(d->io_regions[1].type, PCI_ADDRESS_SPACE_IO);
    assert_int_equal(d->io_regions[2].addr, UINT32_MAX);
    assert_int_equal(d->io_regions[2].size, 0);
    tree_write(0x28, PCI_COMMAND, 0, 2);
    assert_int_equal(d->io_regions[0].addr, UINT32_MAX);
}

/* Reads that are not the table's go to the device, at their own width. */
static void test_trapped_page(void **state)
{
    struct sim_dev *d = add_card(0);

    (void)state;
    tree_insert(F0 "@28");
    place(0x28, 0);
    sim_dev_mem_write(d, d->pt.info.region[0].addr + TABLE + 0x800, 4, 0x5a);
    for (int len = 1; len <= 4; len *= 2) {
        unsigned i = len == 4 ? 2 : (unsigned)len - 1;

        tree_mmio_write(guest_mem(0) + TABLE + 0x800, 0, len);
        assert_int_equal(tree_mmio_read(guest_mem(0) + TABLE + 0x800, len) &
                         0xff, 0x5a);
        assert_int_equal(d->count.mmio_writes[i], 0);
        assert_int_equal(d->count.mmio_reads[i], 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_2_19_bar_moves),
        T(test_2_19_decode_toggles),
        T(test_2_19_stale_ranges),
        T(test_2_20_overlap_lines),
        T(test_ranges_of_two_owners),
        T(test_emulated_device_took_room_above_4_gib),
        T(test_ranges_of_a_device_that_went_stayed),
        T(test_overlap_and_room),
        T(test_room_that_a_window_made),
        T(test_what_rested_was_in_the_way),
        T(test_two_times_of_one_timer),
        T(test_io_regions),
        T(test_trapped_page),
    };

    return cmocka_run_group_tests_name("space", tests, NULL, NULL);
}
