/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lessons: power states that do not exist, and defects of power management that
 * stayed.
 */
#include "lib-power.h"

/* ------------------------------------------------------------------ */
/* Defects that stayed, and states that do not exist                   */

/*
 * The decoders came back as they had been before attach: a device that was
 * found with them off lost them in its first sleep.
 */
static void test_2_4_decoders_are_on_after_a_reset(void **state)
{
    struct capture c;
    struct world w;

    (void)state;
    power_card(&c, PMC_ALL, 0);
    pt_store(c.cfg + PCI_COMMAND, 0, 2);
    begin(&w, &c, POLICY(power_mgmt));
    world_power(&w, 3);
    world_power(&w, 0);
    rd16(&w, PCI_COMMAND);
    assert_int_equal(dev(&w, PCI_COMMAND, 2),
                     PCI_COMMAND_IO | PCI_COMMAND_MEMORY);
    place_and_decode(&w);
    sim_guest_mmio_write(&w.sim.bus, WORLD_MEM, 4, 0x5a5a5a5a);
    assert_int_equal(sim_guest_mmio_read(&w.sim.bus, WORLD_MEM, 4),
                     0x5a5a5a5a);
    assert_true(world_close(&w));
}

/* Outside of D0 the device answers no memory access: nothing is mapped. */
static void test_nothing_is_mapped_outside_of_d0(void **state)
{
    struct world w;
    unsigned to;

    (void)state;
    with_power(&w, PMC_ALL, PCI_PM_CTRL_NO_SOFT_RST, POLICY(power_mgmt));
    place_and_decode(&w);
    for (to = 1; to < 4; to++) {
        world_power(&w, to);
        assert_int_equal(w.sim.xen.num_mem + w.sim.xen.num_ports, 0);
        wr16(&w, PCI_COMMAND, 0);
        wr16(&w, PCI_COMMAND, PCI_COMMAND_IO | PCI_COMMAND_MEMORY);
        wr32(&w, PCI_BASE_ADDRESS_0, 0xd0000000);
        wr32(&w, PCI_BASE_ADDRESS_0, WORLD_MEM);
        pt_bars_sync(w.d);
        assert_int_equal(w.sim.xen.num_mem + w.sim.xen.num_ports, 0);
        world_power(&w, 0);
        pt_bars_sync(w.d);
        /* D0 has to be reached first. */
        assert_int_equal(w.sim.xen.num_ports, to == 1);
        assert_int_equal(guest_state(&w), 0);
        assert_true(mem_at(&w, WORLD_MEM, CARD_MEM, CARD_MEM_SIZE));
        assert_int_equal(w.sim.xen.num_ports, 1);
    }
    assert_true(world_close(&w));
}

/* D1 and D2 are optional: a write of one that is not there is no write. */
static void test_unsupported_states_are_discarded(void **state)
{
    struct world w;

    (void)state;
    with_power(&w, PMC_V3, PCI_PM_CTRL_NO_SOFT_RST, POLICY(power_mgmt));
    place_and_decode(&w);
    world_power(&w, 1);
    world_power(&w, 2);
    assert_int_equal(guest_state(&w), 0);
    assert_int_equal(sim_dev_power(&w.sim.dev), 0);
    assert_int_equal(w.sim.dev.count.bad_states, 0);
    assert_int_equal(w.sim.bus.delays, 0);
    assert_true(mem_at(&w, WORLD_MEM, CARD_MEM, CARD_MEM_SIZE));
    world_power(&w, 3);
    assert_int_equal(guest_state(&w), 3);
    assert_true(world_close(&w));
    /* D2 without D1, and D1 without D2. */
    with_power(&w, PMC_V3 | PCI_PM_CAP_D2, 0, POLICY(power_mgmt));
    world_power(&w, 1);
    assert_int_equal(guest_state(&w), 0);
    world_power(&w, 2);
    assert_int_equal(guest_state(&w), 2);
    assert_true(world_close(&w));
    with_power(&w, PMC_V3 | PCI_PM_CAP_D1, 0, POLICY(power_mgmt));
    world_power(&w, 2);
    assert_int_equal(guest_state(&w), 0);
    world_power(&w, 1);
    assert_int_equal(guest_state(&w), 1);
    assert_int_equal(w.sim.dev.count.bad_states, 0);
    assert_true(world_close(&w));
}

/* Up from a deeper state leads to D0 alone (PM 1.2, figure 5-1). */
static void test_illegal_transitions_are_discarded(void **state)
{
    static const uint8_t bad[][2] = { { 3, 1 }, { 3, 2 }, { 2, 1 } };
    struct world w;
    unsigned i;

    (void)state;
    for (i = 0; i < COUNT(bad); i++) {
        with_power(&w, PMC_ALL, 0, POLICY(power_mgmt));
        world_power(&w, bad[i][0]);
        rd16(&w, PMCSR);
        world_power(&w, bad[i][1]);
        assert_int_equal(guest_state(&w), bad[i][0]);
        assert_int_equal(w.sim.dev.count.bad_states, 0);
        assert_int_equal(w.sim.dev.count.resets, 0);
        assert_true(w.sim.bus.lines[PT_LOG_WARNING] <= 1);
        assert_true(world_close(&w));
    }
}

/* Other bits of a write with an illegal state arrive all the same. */
static void test_an_illegal_state_takes_no_other_bits_along(void **state)
{
    struct capture c;
    struct world w;

    (void)state;
    power_card(&c, PMC_V3, PCI_PM_CTRL_NO_SOFT_RST);
    c.cfg[PM + PCI_PM_DATA_REGISTER] = 0x40;
    begin(&w, &c, POLICY(power_mgmt));
    wr16(&w, PMCSR, 0x0601);
    assert_int_equal(rd16(&w, PMCSR), PCI_PM_CTRL_NO_SOFT_RST | 0x0600);
    assert_int_equal(rd8(&w, PM + PCI_PM_DATA_REGISTER), 0x43);
    assert_true(world_close(&w));
}

/* A write that the device did not get changes no state. */
static void test_a_failed_write_leaves_the_state(void **state)
{
    struct world w;
    unsigned n;

    (void)state;
    for (n = 1; n <= 2; n++) {
        with_power(&w, PMC_ALL, 0, POLICY(power_mgmt));
        place_and_decode(&w);
        sim_fault_at(&w.sim.dev.config_fault, n, EIO);
        wr16(&w, PMCSR, 3);
        assert_int_equal(guest_state(&w), 0);
        assert_int_equal(sim_dev_power(&w.sim.dev), 0);
        assert_true(mem_at(&w, WORLD_MEM, CARD_MEM, CARD_MEM_SIZE));
        assert_int_equal(w.sim.bus.delays, 0);
        world_power(&w, 3);
        assert_int_equal(guest_state(&w), 3);
        assert_true(world_close(&w));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_2_4_decoders_are_on_after_a_reset),
        cmocka_unit_test(test_nothing_is_mapped_outside_of_d0),
        cmocka_unit_test(test_unsupported_states_are_discarded),
        cmocka_unit_test(test_illegal_transitions_are_discarded),
        cmocka_unit_test(test_an_illegal_state_takes_no_other_bits_along),
        cmocka_unit_test(test_a_failed_write_leaves_the_state),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
