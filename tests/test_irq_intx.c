/* SPDX-License-Identifier: GPL-2.0-or-later */
/* INTx: PCI 3.0 sections 2.2.6 and 6.2.4; lessons 1.7. */
#include "lib-irq.h"

static void pin_card(struct capture *c, unsigned pin)
{
    irq_card(c);
    c->cfg[PCI_INTERRUPT_PIN] = (uint8_t)pin;
}

static void open_pin(struct world *w, unsigned pin,
                     const struct sim_xen_opts *xen)
{
    struct capture c;

    pin_card(&c, pin);
    irq_begin(w, &c, NULL, xen);
}

static bool device_disabled(const struct world *w)
{
    return dev(w, PCI_COMMAND, 2) & PCI_COMMAND_DISABLE_INTx;
}

static void test_1_7_5_each_pin_is_bound_as_the_register_reads(void **state)
{
    unsigned pin;

    (void)state;
    for (pin = 1; pin <= 4; pin++) {
        struct world w;

        open_pin(&w, pin, NULL);
        assert_int_equal(rd8(&w, PCI_INTERRUPT_PIN), pin);
        assert_true(line_bound(&w));
        assert_true(hears_intx(&w, pin - 1));
        assert_true(world_close(&w));
    }
}

static void test_1_7_5_pins_above_4_are_taken_for_the_first(void **state)
{
    struct world w;

    (void)state;
    open_pin(&w, 5, NULL);
    /* The guest has to look for its interrupt there. */
    assert_int_equal(rd8(&w, PCI_INTERRUPT_PIN), 1);
    assert_true(hears_intx(&w, 0));
    assert_true(world_close(&w));
}

static void test_1_7_7_without_a_pin_nothing_is_mapped_or_bound(void **state)
{
    struct world w;

    (void)state;
    open_pin(&w, 0, NULL);
    assert_int_equal(w.sim.xen.calls[SIM_MAP_GSI], 0);
    assert_int_equal(w.sim.xen.calls[SIM_BIND_INTX], 0);
    assert_int_equal(pirqs(&w), 0);
    assert_true(world_close(&w));
}

/* A capture's Interrupt Line is the note of another operating system. */
static void test_the_line_is_the_operating_systems_word(void **state)
{
    struct capture c;
    struct world w;

    (void)state;
    pin_card(&c, 1);
    c.cfg[PCI_INTERRUPT_LINE] = 9;
    irq_begin(&w, &c, NULL, NULL);
    assert_null(line_of(&w.sim.xen, 9));
    assert_non_null(line_of(&w.sim.xen, GSI));
    assert_int_equal(rd8(&w, PCI_INTERRUPT_LINE), 0);
    wr8(&w, PCI_INTERRUPT_LINE, 11);
    assert_int_equal(rd8(&w, PCI_INTERRUPT_LINE), 11);
    assert_int_equal(dev(&w, PCI_INTERRUPT_LINE, 1), 9);
    assert_true(hears_intx(&w, 0));
    assert_true(world_close(&w));
}

static void test_1_7_6_pirq_is_xens_choice_and_not_the_line(void **state)
{
    const struct sim_xen_opts xen = { .first_pirq = 77 };
    struct world w;

    (void)state;
    open_pin(&w, 1, &xen);
    assert_int_equal(line_of(&w.sim.xen, GSI)->first, 77);
    assert_int_equal(w.d->irq->intx_pirq, 77);
    assert_true(hears_intx(&w, 0));
    assert_true(world_close(&w));
}

static void test_1_7_1_the_mapped_pirq_is_unbound_with_the_same_pin(void **st)
{
    const struct sim_xen_opts xen = { .first_pirq = 77 };
    struct world w;

    (void)st;
    open_pin(&w, 3, &xen);
    world_detach(&w);
    assert_int_equal(w.sim.xen.calls[SIM_UNBIND_INTX], 1);
    assert_int_equal(w.sim.xen.calls[SIM_UNMAP_PIRQ], 1);
    assert_true(world_close(&w));
}

/*
 * 1.4.8, 1.7.3: what is unbound was bound, at this slot and pin, and once. The
 * simulated Xen complains of all else.
 */
static void test_1_7_3_unbound_when_messages_come_and_bound_when_they_end(
    void **state)
{
    struct capture c;
    struct world w;
    unsigned i;

    (void)state;
    pin_card(&c, 2);
    add_msi(&c, MSI_64);
    irq_begin(&w, &c, NULL, NULL);
    msi_program(&w, ADDRESS, VECTOR);
    for (i = 0; i < 4; i++) {
        assert_int_equal(w.sim.xen.calls[SIM_UNBIND_INTX], i);
        msi_on(&w, 0);
        assert_null(line_of(&w.sim.xen, GSI));
        assert_true(hears(&w, 0, VECTOR));
        msi_off(&w);
        assert_true(hears_intx(&w, 1));
    }
    assert_int_equal(w.sim.xen.calls[SIM_BIND_INTX], 5);
    assert_int_equal(w.sim.xen.calls[SIM_UNBIND_INTX], 4);
    world_detach(&w);
    assert_int_equal(w.sim.xen.calls[SIM_UNBIND_INTX], 5);
    assert_true(world_close(&w));
}

/* ------------------------------------------------------------------ */
/* Failures                                                            */

static void no_line(enum sim_call call)
{
    struct capture c;
    struct world w;

    pin_card(&c, 1);
    add_msi(&c, MSI_64);
    irq_init(&w, &c, NULL, NULL);
    sim_fault_at(&w.sim.xen.kind_fault[call], 1, EPERM);
    assert_true(world_attach(&w));
    place_and_decode(&w);
    assert_int_equal(logged(&w, "no INTx"), 1);
    assert_true(device_disabled(&w));
    assert_int_equal(pirqs(&w), 0);
    assert_true(silent(&w, 0));
    /* The guest's bit is its own, and can't open a line nobody hears. */
    guest_intx(&w, false);
    guest_intx(&w, true);
    assert_false(rd16(&w, PCI_COMMAND) & PCI_COMMAND_DISABLE_INTx);
    assert_true(device_disabled(&w));
    msi_start(&w, 0);
    assert_true(hears(&w, 0, VECTOR));
    assert_true(world_close(&w));
}

static void test_1_7_4_line_that_cant_be_mapped_is_disabled(void **state)
{
    (void)state;
    no_line(SIM_MAP_GSI);
}

static void test_1_7_4_line_that_cant_be_bound_is_given_back(void **state)
{
    (void)state;
    no_line(SIM_BIND_INTX);
}

/* 2.3: the command register written last must keep the bit. */
static void test_2_3_detach_leaves_commands_interrupt_disable_as_found(
    void **state)
{
    struct capture c;
    struct world w;

    (void)state;
    pin_card(&c, 1);
    world_init(&w, &c, NULL, NULL);
    sim_fault_always(&w.sim.xen.kind_fault[SIM_BIND_INTX], EPERM);
    assert_true(world_attach(&w));
    assert_true(device_disabled(&w));
    world_decode(&w, true);
    world_decode(&w, false);
    assert_true(device_disabled(&w));
    pt_reset(w.d);
    assert_true(device_disabled(&w));
    world_detach(&w);
    assert_false(device_disabled(&w));
    assert_true(world_close(&w));
}

static void test_1_7_4_line_stays_disabled_after_a_power_reset(void **state)
{
    struct capture c;
    struct world w;

    (void)state;
    pin_card(&c, 1);
    world_init(&w, &c, POLICY(power_mgmt), NULL);
    sim_fault_always(&w.sim.xen.kind_fault[SIM_MAP_GSI], EPERM);
    assert_true(world_attach(&w));
    world_power(&w, 3);
    world_power(&w, 0);
    assert_false(rd16(&w, PCI_COMMAND) & PCI_COMMAND_DISABLE_INTx);
    assert_int_equal(w.sim.dev.count.resets, 1);
    assert_true(device_disabled(&w));
    assert_true(world_close(&w));
}

/* Xen may have room for it when the guest starts anew. */
static void test_line_that_failed_at_attach_is_tried_after_a_reset(
    void **state)
{
    struct capture c;
    struct world w;

    (void)state;
    pin_card(&c, 1);
    world_init(&w, &c, NULL, NULL);
    sim_fault_at(&w.sim.xen.kind_fault[SIM_MAP_GSI], 1, EPERM);
    assert_true(world_attach(&w));
    assert_true(device_disabled(&w));
    pt_reset(w.d);
    assert_false(device_disabled(&w));
    assert_int_equal(sim_xen_num_bound(&w.sim.xen, NULL), 1);
    assert_true(world_close(&w));
}

/* XSA-360: what Xen would not take back is tried again, not counted again. */
static void line_stays(bool reset)
{
    struct capture c;
    struct world w;

    pin_card(&c, 1);
    world_init(&w, &c, NULL, NULL);
    sim_fault_always(&w.sim.xen.kind_fault[SIM_BIND_INTX], EBUSY);
    sim_fault_always(&w.sim.xen.kind_fault[SIM_UNMAP_PIRQ], EBUSY);
    assert_true(world_attach(&w));
    assert_int_equal(pirqs(&w), 1);
    sim_fault_clear(&w.sim.xen.kind_fault[SIM_BIND_INTX]);
    sim_fault_clear(&w.sim.xen.kind_fault[SIM_UNMAP_PIRQ]);
    if (reset) {
        pt_reset(w.d);
        assert_int_equal(sim_xen_num_bound(&w.sim.xen, NULL), 1);
    }
    world_detach(&w);
    assert_int_equal(pirqs(&w), 0);
    assert_true(world_attach(&w));
    assert_int_equal(logged(&w, "shares its INTx line"), 0);
    assert_true(world_close(&w));
}

static void test_users_of_a_line_that_stayed_mapped_were_4_billion(void **st)
{
    (void)st;
    line_stays(false);
    line_stays(true);
}

/* libpci's word for a line that the operating system did not route. */
/* What Linux has where nothing is connected: the register's, and its own. */
static void test_interrupt_that_is_not_connected_was_mapped(void **state)
{
    static const int irq[] = { 255, -1, INT32_MIN };
    unsigned i;

    (void)state;
    for (i = 0; i < COUNT(irq); i++) {
        struct capture c;
        struct world w;

        pin_card(&c, 1);
        irq_init(&w, &c, NULL, NULL);
        w.sim.dev.pt.info.irq = irq[i];
        assert_true(world_attach(&w));
        assert_int_equal(w.sim.xen.calls[SIM_MAP_GSI], 0);
        assert_int_equal(logged(&w, "no INTx"), 1);
        assert_true(world_close(&w));
    }
}

static int linux_has(int irq)
{
    return irq == 30 ? GSI : -ENOENT;
}

/* Linux in a PVH dom0 numbers its interrupts as it likes. */
static void test_interrupt_of_a_pvh_dom0_was_taken_for_the_gsi(void **state)
{
    const struct sim_xen_opts xen = { .gsi_of_irq = linux_has };
    int irq;

    (void)state;
    for (irq = 30; irq < 32; irq++) {
        struct capture c;
        struct world w;

        pin_card(&c, 1);
        irq_init(&w, &c, NULL, &xen);
        w.sim.dev.pt.info.irq = irq;
        assert_true(world_attach(&w));
        assert_int_equal(line_of(&w.sim.xen, GSI) != NULL, irq == 30);
        assert_null(line_of(&w.sim.xen, irq));
        assert_int_equal(logged(&w, "no INTx"), irq != 30);
        assert_true(world_close(&w));
    }
}

static void test_line_0_is_no_line(void **state)
{
    struct capture c;
    struct world w;

    (void)state;
    pin_card(&c, 1);
    world_init(&w, &c, NULL, NULL);
    w.sim.dev.pt.info.irq = 0;
    assert_true(world_attach(&w));
    assert_int_equal(w.sim.xen.calls[SIM_MAP_GSI], 0);
    assert_true(device_disabled(&w));
    assert_true(world_close(&w));
}

static void test_guests_interrupt_disable_reaches_the_device(void **state)
{
    struct world w;

    (void)state;
    open_pin(&w, 1, NULL);
    assert_false(device_disabled(&w));
    guest_intx(&w, false);
    assert_true(device_disabled(&w));
    assert_true(rd16(&w, PCI_COMMAND) & PCI_COMMAND_DISABLE_INTx);
    assert_true(silent(&w, 0));
    guest_intx(&w, true);
    assert_true(hears_intx(&w, 0));
    /* By bytes: the bit is in the upper one. */
    wr8(&w, PCI_COMMAND + 1, PCI_COMMAND_DISABLE_INTx >> 8);
    assert_true(silent(&w, 0));
    wr8(&w, PCI_COMMAND + 1, 0);
    assert_true(hears_intx(&w, 0));
    assert_true(world_close(&w));
}

static void test_level_raised_while_disabled_arrives_when_enabled(void **st)
{
    struct world w;

    (void)st;
    open_pin(&w, 1, NULL);
    guest_intx(&w, false);
    sim_dev_set_intx(&w.sim.dev, true);
    assert_int_equal(w.sim.xen.intx[SLOT][0], 0);
    assert_true(rd16(&w, PCI_STATUS) & PCI_STATUS_INTx);
    guest_intx(&w, true);
    assert_int_equal(w.sim.xen.intx[SLOT][0], 1);
    sim_dev_set_intx(&w.sim.dev, false);
    assert_true(world_close(&w));
}

/* ------------------------------------------------------------------ */
/* pirqs above 255                                                     */

static void test_2_10_lines_pirq_above_255_works(void **state)
{
    const struct sim_xen_opts xen = { .first_pirq = 300 };
    struct world w;

    (void)state;
    open_pin(&w, 1, &xen);
    assert_int_equal(w.d->irq->intx_pirq, 300);
    assert_true(hears_intx(&w, 0));
    assert_true(world_close(&w));
}

/* libxenctrl's call has 8 bits: refused, not cut to another line's. */
static void test_2_10_where_a_call_has_8_bits_intx_is_refused(void **state)
{
    const struct sim_xen_opts xen = { .first_pirq = 256, .intx_8bit = true };
    struct capture c;
    struct world w;

    (void)state;
    pin_card(&c, 1);
    add_msi(&c, MSI_64);
    irq_begin(&w, &c, NULL, &xen);
    assert_int_equal(logged(&w, "no INTx"), 1);
    assert_int_equal(pirqs(&w), 0);
    assert_true(device_disabled(&w));
    msi_start(&w, 0);
    assert_true(hears(&w, 0, VECTOR));
    assert_true(world_close(&w));
}

static void test_2_10_at_the_edge_of_8_bits(void **state)
{
    const struct sim_xen_opts xen = { .first_pirq = 250, .intx_8bit = true };
    struct capture c;
    struct world w;
    int gsi;

    (void)state;
    pin_card(&c, 1);
    for (gsi = 0; gsi < 8; gsi++) {
        unsigned i;

        world_init(&w, &c, NULL,
                   &(const struct sim_opts) { .xen = xen });
        for (i = 0; i < (unsigned)gsi; i++) {
            int n = -1;

            w.sim.xen.pt.ops->map_pirq_gsi(&w.sim.xen, 40 + (int)i, &n);
        }
        assert_true(world_attach(&w));
        assert_int_equal(w.d->irq->intx_bound, 250 + gsi <= 255);
        assert_int_equal(device_disabled(&w), 250 + gsi > 255);
        world_fini(&w);
    }
}

/* A driver may be reloaded, and a device attached, without end. */
static void test_1_7_2_no_pirq_is_lost_in_10000_attaches(void **state)
{
    const struct sim_xen_opts xen = { .max_pirqs = 1 };
    struct world w;
    unsigned i, n = world_rounds(10000);

    (void)state;
    open_pin(&w, 1, &xen);
    for (i = 0; i < n; i++) {
        world_detach(&w);
        assert_true(world_attach(&w));
        assert_true(line_bound(&w));
    }
    assert_true(world_close(&w));
}

static void test_a_host_reset_leaves_the_line_bound_for_the_guest(void **st)
{
    struct world w;

    (void)st;
    open_pin(&w, 1, NULL);
    guest_intx(&w, false);
    pt_reset(w.d);
    assert_false(rd16(&w, PCI_COMMAND) & PCI_COMMAND_DISABLE_INTx);
    assert_true(hears_intx(&w, 0));
    assert_int_equal(w.sim.xen.calls[SIM_BIND_INTX], 1);
    assert_true(world_close(&w));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_1_7_5_each_pin_is_bound_as_the_register_reads),
        cmocka_unit_test(test_1_7_5_pins_above_4_are_taken_for_the_first),
        cmocka_unit_test(test_1_7_7_without_a_pin_nothing_is_mapped_or_bound),
        cmocka_unit_test(test_the_line_is_the_operating_systems_word),
        cmocka_unit_test(test_1_7_6_pirq_is_xens_choice_and_not_the_line),
        cmocka_unit_test(
            test_1_7_1_the_mapped_pirq_is_unbound_with_the_same_pin),
        cmocka_unit_test(
            test_1_7_3_unbound_when_messages_come_and_bound_when_they_end),
        cmocka_unit_test(test_1_7_4_line_that_cant_be_mapped_is_disabled),
        cmocka_unit_test(test_1_7_4_line_that_cant_be_bound_is_given_back),
        cmocka_unit_test(
            test_2_3_detach_leaves_commands_interrupt_disable_as_found),
        cmocka_unit_test(test_1_7_4_line_stays_disabled_after_a_power_reset),
        cmocka_unit_test(
            test_line_that_failed_at_attach_is_tried_after_a_reset),
        cmocka_unit_test(
            test_users_of_a_line_that_stayed_mapped_were_4_billion),
        cmocka_unit_test(test_line_0_is_no_line),
        cmocka_unit_test(test_interrupt_that_is_not_connected_was_mapped),
        cmocka_unit_test(test_interrupt_of_a_pvh_dom0_was_taken_for_the_gsi),
        cmocka_unit_test(test_guests_interrupt_disable_reaches_the_device),
        cmocka_unit_test(
            test_level_raised_while_disabled_arrives_when_enabled),
        cmocka_unit_test(test_2_10_lines_pirq_above_255_works),
        cmocka_unit_test(test_2_10_where_a_call_has_8_bits_intx_is_refused),
        cmocka_unit_test(test_2_10_at_the_edge_of_8_bits),
        cmocka_unit_test(test_1_7_2_no_pirq_is_lost_in_10000_attaches),
        cmocka_unit_test(
            test_a_host_reset_leaves_the_line_bound_for_the_guest),
    };

    return cmocka_run_group_tests_name("INTx", tests, NULL, NULL);
}
