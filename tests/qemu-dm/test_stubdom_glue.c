/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The glue as a stub domain has it (CONFIG_STUBDOM): no PCI bus until a
 * device is assigned, and no file of the host's.
 */
#include "card.h"

#define INTEL 0x8086

static void add(unsigned slot, uint16_t class)
{
    struct capture c;

    world_build(&c);
    c.addr = (struct pt_sbdf) { .dev = (uint8_t)slot };
    pt_store(c.cfg + PCI_VENDOR_ID, INTEL, 2);
    pt_store(c.cfg + PCI_CLASS_DEVICE, class, 2);
    tree_add_host(&c);
}

static int start(void **state)
{
    (void)state;
    gfx_passthru = 1;
    logfile = tmpfile();
    tree_start();
    add(0, 0x0600);
    add(2, 0x0300);
    add(0x1f, 0x0601);
    tree_boot();
    return logfile ? 0 : -1;
}

static int stop(void **state)
{
    unsigned faults = tree_stop();

    (void)state;
    fclose(logfile);
    logfile = NULL;
    gfx_passthru = 0;
    return faults ? -1 : 0;
}

/* 1.15.2: pcifront is not connected at start, not for the PCH either. */
static void test_1_15_2_nothing_at_start(void **state)
{
    (void)state;
    assert_int_equal(tree.device_opens, 0);
    assert_int_equal(tree.xen_opens, 0);
    assert_int_equal(tree.bridges, 0);
    assert_int_equal(tree_insert("0000:00:02.0"), 0x10);
    assert_int_equal(tree.bridges, 1);
    assert_true(tree_remove("0000:00:02.0", 0x10));
    assert_int_equal(tree_insert("0000:00:02.0"), 0x10);
    assert_int_equal(tree.bridges, 1);
}

/* 1.15.1, 2.5: an I/O BAR is mapped; nothing is multiplexed, or aborts. */
static void test_1_15_1_ports(void **state)
{
    (void)state;
    add_card(0);
    assert_int_equal(tree_insert("0000:03:00.0"), 0x20);
    place(0x20, 0);
    assert_true(sim_xen_has_ports(&tree.xen, 0x2000, 0x3000, 0x20));
}

/* EHCI's 1K, AHCI's 2K, and nobody said why the driver found nothing. */
static void test_small_region_read_ones_without_a_word(void **state)
{
    struct capture c;
    struct sim_dev *d;

    (void)state;
    card_function(&c, 0);
    world_build_bar(&c, 5, HOST_MEM + 7 * STRIDE, 0x400, 0);
    d = tree_add_host(&c);
    d->pt.info.region[5].flags |= PT_REGION_SHARED;
    assert_int_equal(tree_insert("0000:03:00.0"), 0x20);
    assert_true(logged("0000:03:00.0: region 5 is smaller than a page"));
    assert_false(logged("region 0 is smaller"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_1_15_2_nothing_at_start, start,
                                        stop),
        cmocka_unit_test_setup_teardown(test_1_15_1_ports, start, stop),
        cmocka_unit_test_setup_teardown(
            test_small_region_read_ones_without_a_word, start, stop),
    };

    return cmocka_run_group_tests_name("stub domain's glue", tests, NULL,
                                       NULL);
}
