/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages of PV-on-HVM drivers: vector 0, and in the address the pirq whose
 * event channel is meant. Xen masks and unmasks these by the event channel, and
 * such a driver leaves the mask bits of its device alone.
 */
#include "lib-irq.h"
#include "pt-irq.h"

/* ------------------------------------------------------------------ */
/* MSI-X                                                               */

static void pv(const struct sim_xen_opts *xen)
{
    struct world w;

    open_msix(&w, 4, xen);
    msix_on(&w);
    pv_entry(&w, 0, 90);
    pv_entry(&w, 1, 260);
    assert_int_equal(pirq_of(&w, SIM_PIRQ_MSIX, 0)->first, 90);
    assert_int_equal(pirq_of(&w, SIM_PIRQ_MSIX, 1)->first, 260);
    assert_true(hears(&w, 1, 0));
    /* 2.22: another one later. */
    pv_entry(&w, 1, 91);
    assert_int_equal(pirq_of(&w, SIM_PIRQ_MSIX, 1)->first, 91);
    assert_null(sim_xen_pirq(&w.sim.xen, 260));
    assert_true(hears(&w, 1, 0));
    assert_true(hears(&w, 0, 0));
    assert_true(world_close(&w));
}

/*
 * Linux on Xen leaves the masks of its messages to Xen and never writes them:
 * nvme and e1000e hung in a real guest.
 */
static void pirq_of_a_masked_entry(bool on_first)
{
    struct world w;
    int n;

    open_msix(&w, 4, NULL);
    if (on_first) {
        msix_on(&w);
    }
    entry_write(&w, 2, 0, 0xfee00000 | 40 << 12);
    entry_write(&w, 2, 1, 0);
    entry_write(&w, 2, 2, 0x4300);
    if (!on_first) {
        assert_int_equal(w.sim.xen.calls[SIM_BIND_MSI], 0);
        msix_on(&w);
    }
    n = sim_xen_pirq_of(&w.sim.xen, &w.sim.dev, SIM_PIRQ_MSIX, 2);
    assert_int_equal(n, 40);
    assert_true(entry_bound(&w, 2));
    assert_int_equal(w.sim.xen.calls[SIM_BIND_MSI], 1);
    /* The same again costs nothing. */
    entry_write(&w, 2, 2, 0x4300);
    assert_int_equal(w.sim.xen.calls[SIM_BIND_MSI], 1);
    assert_true(world_close(&w));
}

static void test_masked_entry_of_a_pv_driver_is_bound_when_enabled(void **st)
{
    (void)st;
    pirq_of_a_masked_entry(false);
}

static void test_masked_entry_of_a_pv_driver_is_bound_while_enabled(void **st)
{
    (void)st;
    pirq_of_a_masked_entry(true);
}

/*
 * A driver that uses fewer vectors than the last one did: what is left of the
 * other messages is nobody's, and was bound whenever the function mask went.
 */
static void old_messages(const struct sim_xen_opts *xen)
{
    struct world_cost then;
    struct world w;
    unsigned i;

    open_msix(&w, 4, xen);
    msix_set(&w, PCI_MSIX_ENABLE | PCI_MSIX_MASK);
    for (i = 0; i < 3; i++) {
        entry_write(&w, i, 0, 0xfee00000 | (40 + i) << 12);
        entry_write(&w, i, 2, 0x4300);
    }
    msix_on(&w);
    assert_int_equal(bound(&w), 3);
    /* The guest binds its event channels to them: Xen unmasks the entries. */
    for (i = 0; i < 3; i++) {
        sim_dev_xen_write_msix(&w.sim.dev, i, 3, 0);
    }
    msix_off(&w);
    then = world_cost(&w);
    msix_set(&w, PCI_MSIX_ENABLE | PCI_MSIX_MASK);
    entry_write(&w, 1, 0, 0xfee00000 | 50 << 12);
    entry_write(&w, 1, 2, 0x4300);
    msix_on(&w);
    assert_true(entry_bound(&w, 1));
    assert_int_equal(pirq_of(&w, SIM_PIRQ_MSIX, 1)->first, 50);
    assert_int_equal(bound(&w), 1);
    assert_int_equal(world_cost_since(&w, &then).hypercalls, 2 + LINE_OFF);
    assert_true(world_close(&w));
}

/* Half of the address is enough of a message to be a new one. */
static void test_upper_address_was_no_message(void **state)
{
    struct world w;
    unsigned word;

    (void)state;
    for (word = 0; word < 3; word++) {
        open_msix(&w, 4, NULL);
        channel_message(&w, 0, 260);
        msix_on(&w);
        msix_off(&w);
        msix_set(&w, PCI_MSIX_ENABLE | PCI_MSIX_MASK);
        entry_write(&w, 0, word, entry_read(&w, 0, word));
        msix_on(&w);
        assert_true(entry_bound(&w, 0));
        assert_true(world_close(&w));
    }
}

/*
 * Xen unmasks such an entry when the guest binds its event channel, once: what
 * was bound again when the table had moved stayed masked for good.
 */
static void moved_channel(const struct sim_xen_opts *xen)
{
    struct world w;
    unsigned way;

    for (way = 0; way < 2; way++) {
        open_msix(&w, 4, xen);
        msix_set(&w, PCI_MSIX_ENABLE | PCI_MSIX_MASK);
        entry_write(&w, 1, 0, 0xfee00000 | 41 << 12);
        entry_write(&w, 1, 2, 0x4300);
        msix_on(&w);
        /* The guest's event channel. */
        assert_non_null(sim_xen_pirq(&w.sim.xen, 41));
        sim_xen_guest_mask(&w.sim.xen, &w.sim.xen.pirq[41], false);
        assert_true(hears(&w, 1, 0));
        if (way == 0) {
            world_bar_place(&w, 0, FAR);
        } else {
            world_decode(&w, false);
            world_decode(&w, true);
        }
        assert_true(entry_bound(&w, 1));
        assert_true(hears(&w, 1, 0));
        assert_true(world_close(&w));
    }
}

static void test_a_move_left_an_event_channels_entry_masked(void **state)
{
    (void)state;
    both(moved_channel);
}

static void test_old_messages_of_a_pv_driver_are_not_bound(void **state)
{
    (void)state;
    both(old_messages);
}

static void test_1_6_9_and_2_22_entry_names_a_pirq_and_later_another(
    void **state)
{
    (void)state;
    both(pv);
}

/* The guest's event channel for @pirq: Xen unmasks its vector, once. */
static void channel_bound(struct world *w, int pirq)
{
    assert_non_null(sim_xen_pirq(&w->sim.xen, pirq));
    sim_xen_guest_mask(&w->sim.xen, &w->sim.xen.pirq[pirq], false);
}

/* As a driver's resume does: all masked, the messages, and off with that. */
static void channel_restored(struct world *w)
{
    msix_set(w, PCI_MSIX_ENABLE | PCI_MSIX_MASK);
    channel_message(w, 1, 41);
    msix_on(w);
}

/* The event channel outlives a sleep of the device that loses everything. */
static void slept(const struct sim_xen_opts *xen)
{
    struct world w;

    open_power(&w, 4, xen);
    channel_restored(&w);
    channel_bound(&w, 41);
    assert_true(hears(&w, 1, 0));
    assert_true(world_power(&w, 3));
    assert_true(world_power(&w, 0));
    place_and_decode(&w);
    channel_restored(&w);
    assert_true(hears(&w, 1, 0));
    /* And that it is off for a while. */
    msix_off(&w);
    channel_restored(&w);
    assert_true(hears(&w, 1, 0));
    /* Not so another one. */
    channel_message(&w, 1, 42);
    assert_true(silent(&w, 1));
    channel_bound(&w, 42);
    assert_true(world_close(&w));
}

static void test_a_sleep_left_an_event_channels_entry_masked(void **state)
{
    (void)state;
    both(slept);
}

/* The next guest's channels are not those of the last. */
static void test_reset_guest_binds_its_event_channel_anew(void **state)
{
    struct world w;

    (void)state;
    open_msix(&w, 4, NULL);
    channel_restored(&w);
    channel_bound(&w, 41);
    pt_reset(w.d);
    place_and_decode(&w);
    channel_restored(&w);
    assert_true(entry_bound(&w, 1));
    assert_true(silent(&w, 1));
    channel_bound(&w, 41);
    assert_int_equal(w.sim.xen.vector[0], 1);
    assert_true(world_close(&w));
}

/* A guest with one name for all: each leaked an interrupt of the host's. */
static void test_pirq_that_another_entry_has_was_mapped_again(void **state)
{
    struct world w;
    unsigned i, round;

    (void)state;
    open_msix(&w, 128, NULL);
    msix_on(&w);
    for (round = 0; round < 2; round++) {
        for (i = 0; i < 128; i++) {
            channel_message(&w, i, 100);
        }
        assert_int_equal(pirq_of(&w, SIM_PIRQ_MSIX, 0)->first, 100);
        assert_int_equal(pirqs(&w), 1);
        channel_bound(&w, 100);
        assert_true(hears(&w, 0, 0));
        assert_true(silent(&w, 1));
        assert_int_equal(w.sim.xen.leaked, 0);
        assert_int_equal(w.sim.bus.num_lines, 2);  /* the attach's, and one */
    }
    /* Free again, it is whose that asks. */
    channel_message(&w, 0, 101);
    channel_message(&w, 7, 100);
    assert_int_equal(pirq_of(&w, SIM_PIRQ_MSIX, 7)->first, 100);
    msix_off(&w);
    assert_int_equal(pirqs(&w), 1);  /* the line */
    assert_true(world_close(&w));
}

/* The line's, those that Xen maps for all, and beyond all. */
static void test_entry_that_names_a_taken_pirq_took_it(void **state)
{
    static const unsigned named[] = { 1, 2, 15, 16, 17, 0x10000, 0x7fffffff };
    struct world w;
    unsigned i;

    (void)state;
    open_msix(&w, 8, NULL);
    msix_on(&w);
    for (i = 0; i < COUNT(named); i++) {
        channel_message(&w, 0, named[i]);
        entry_mask(&w, 0, false);
        assert_int_equal(pirqs(&w), 0);
        assert_int_equal(w.sim.xen.calls[SIM_MAP_MSI], 0);
    }
    msix_off(&w);
    assert_true(hears_intx(&w, 0));
    assert_true(world_close(&w));
}

/* Where Xen has no pirq left, one that is given up makes room for another. */
static void test_other_name_behind_an_entry_without_a_pirq_is_taken(void **st)
{
    const struct sim_xen_opts xen = { .max_pirqs = 1 };
    struct world w;

    (void)st;
    open_msix(&w, 4, &xen);
    w.sim.xen.opts.max_pirqs = 2;
    msix_on(&w);
    channel_message(&w, 2, 18);
    entry_program(&w, 3, VECTOR);
    w.sim.xen.opts.max_pirqs = 1;
    entry_program(&w, 0, VECTOR);
    assert_false(entry_bound(&w, 0));
    msix_set(&w, PCI_MSIX_ENABLE | PCI_MSIX_MASK);
    channel_message(&w, 2, 19);
    msix_on(&w);
    assert_int_equal(pirq_of(&w, SIM_PIRQ_MSIX, 2)->first, 19);
    assert_true(entry_bound(&w, 2));
    assert_true(world_close(&w));
}

/* Below 16 Xen maps for everybody, also where the device's line is lower. */
static void test_entry_that_names_an_isa_interrupt_took_it(void **state)
{
    struct capture c;
    struct world w;
    unsigned n;

    (void)state;
    msix_card(&c, 4);
    irq_init(&w, &c, NULL, NULL);
    w.sim.dev.pt.info.irq = 1;
    assert_true(world_attach(&w));
    place_and_decode(&w);
    msix_on(&w);
    for (n = 1; n < 16; n++) {
        channel_message(&w, 0, n);
        assert_false(entry_bound(&w, 0));
    }
    assert_int_equal(w.sim.xen.leaked, 0);
    assert_true(world_close(&w));
}

/* Whoever asks: the one place that talks to Xen refuses, too. */
static void test_named_pirqs_that_xen_would_not_check_are_refused(void **st)
{
    struct world_cost then;
    struct world w;
    int pirq = 100;

    (void)st;
    open_msix(&w, 4, NULL);
    then = world_cost(&w);
    assert_int_equal(pt_pirq_map(w.d, 2, 0, 0, &pirq), -EINVAL);
    pirq = line_of(&w.sim.xen, GSI)->first;
    assert_int_equal(pt_pirq_map(w.d, 1, 0, 0, &pirq), -EINVAL);
    assert_int_equal(world_cost_since(&w, &then).hypercalls, 0);
    assert_true(world_close(&w));
}

/*
 * What Xen did not unbind and had to by force is not free: the pirq still has
 * that binding, and one more ended the host.
 */
static void test_pirq_that_was_unbound_by_force_was_named(void **state)
{
    struct sim_xen_opts xen = { .unmap_bound = true };
    struct world w;

    (void)state;
    open_msix(&w, 8, &xen);
    msix_on(&w);
    channel_message(&w, 0, 100);
    assert_true(entry_bound(&w, 0));
    sim_fault_always(&w.sim.xen.kind_fault[SIM_UNBIND_MSI], EPERM);
    channel_message(&w, 0, 101);
    sim_fault_clear(&w.sim.xen.kind_fault[SIM_UNBIND_MSI]);
    assert_true(entry_bound(&w, 0));
    assert_null(sim_xen_pirq(&w.sim.xen, 100));
    channel_message(&w, 1, 100);
    assert_false(entry_bound(&w, 1));
    assert_true(world_close(&w));
}

/* Its number is free for Xen, and not for a guest. */
static bool can_be_named(struct world *w, int pirq)
{
    const struct pt_want m = {
        .addr_lo = 0xfee00000u | (uint32_t)(pirq & 0xff) << 12,
        .addr_hi = (uint32_t)pirq & ~0xffu, .data = 0x4300,
    };

    return pt_pirq_wanted(w->d, &m, -1) == pirq;
}

/* The same of a line, and of a translated message. */
static void test_line_that_was_unbound_by_force_was_named(void **state)
{
    static const enum sim_call call[] = {
        SIM_UNBIND_INTX, SIM_UNBIND_MSI_INTX,
    };
    const struct sim_xen_opts xen = { .unmap_bound = true, .first_pirq = 20 };
    struct capture c;
    struct world w;
    unsigned i;
    int pirq;

    (void)state;
    for (i = 0; i < COUNT(call); i++) {
        irq_card(&c);
        add_msi(&c, MSI_64);
        irq_begin(&w, &c, i ? POLICY(msitranslate) : NULL, &xen);
        pirq = i ? sim_xen_pirq_of(&w.sim.xen, &w.sim.dev, SIM_PIRQ_MSI, 0) :
            20;
        assert_non_null(sim_xen_pirq(&w.sim.xen, pirq));
        assert_false(can_be_named(&w, pirq));
        sim_fault_always(&w.sim.xen.kind_fault[call[i]], EPERM);
        if (i) {
            pt_translate_off(w.d);
        } else {
            pt_intx_off(w.d);
        }
        sim_fault_clear(&w.sim.xen.kind_fault[call[i]]);
        assert_null(sim_xen_pirq(&w.sim.xen, pirq));
        assert_false(can_be_named(&w, pirq));
        assert_true(world_close(&w));
    }
}

/* Xen looks at the first of a block only: we hold all of it. */
static void test_later_pirq_of_a_block_was_named(void **state)
{
    struct capture c;
    struct world w;
    int first, i;

    (void)state;
    irq_card(&c);
    add_msi(&c, MSI_64 | MSI_CAPABLE(2));
    irq_begin(&w, &c, NULL, NULL);
    msi_start(&w, 2);
    first = sim_xen_pirq_of(&w.sim.xen, &w.sim.dev, SIM_PIRQ_MSI, 0);
    assert_true(can_be_named(&w, first - 1));
    assert_true(can_be_named(&w, first + 4));
    for (i = 0; i < 4; i++) {
        assert_false(can_be_named(&w, first + i));
    }
    msi_off(&w);
    for (i = 0; i < 4; i++) {
        assert_true(can_be_named(&w, first + i));
    }
    assert_true(world_close(&w));
}

/* Garbage in a table: an address that is no APIC's names nothing. */
static void test_address_of_no_apic_named_a_pirq(void **state)
{
    const struct pt_want m = { .addr_lo = 0x12364000, .data = 0x4300 };
    struct world w;

    (void)state;
    open_msix(&w, 4, NULL);
    assert_int_equal(pt_pirq_named(w.d, &m), -1);
    assert_int_equal(pt_pirq_wanted(w.d, &m, -1), PT_PIRQ_NONE);
    assert_true(world_close(&w));
}

/* ------------------------------------------------------------------ */
/* MSI                                                                 */

/* A driver on Xen before Linux 5.17 sets mask bits, and clears none. */
static void test_masked_msi_of_a_pv_driver_was_never_bound(void **state)
{
    struct capture c;
    struct world w;

    (void)state;
    irq_card(&c);
    add_msi(&c, MSI_64 | MSI_MASKS);
    irq_begin(&w, &c, NULL, NULL);
    wr32(&w, msi_mask_reg(&w), 1);
    wr32(&w, MSI + PCI_MSI_ADDRESS_LO, 0xfee00000 | 41 << 12);
    wr16(&w, msi_data_reg(&w), 0x4300);
    msi_on(&w, 0);
    assert_true(msi_bound(&w, 0));
    assert_true(hears(&w, 0, 0));
    /* That of an ordinary one is honoured. */
    msi_program(&w, ADDRESS, VECTOR);
    assert_true(silent(&w, 0));
    wr32(&w, msi_mask_reg(&w), 0);
    assert_int_equal(w.sim.xen.vector[VECTOR], 1);
    assert_true(world_close(&w));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            test_1_6_9_and_2_22_entry_names_a_pirq_and_later_another),
        cmocka_unit_test(
            test_masked_entry_of_a_pv_driver_is_bound_when_enabled),
        cmocka_unit_test(
            test_masked_entry_of_a_pv_driver_is_bound_while_enabled),
        cmocka_unit_test(test_old_messages_of_a_pv_driver_are_not_bound),
        cmocka_unit_test(test_a_move_left_an_event_channels_entry_masked),
        cmocka_unit_test(test_a_sleep_left_an_event_channels_entry_masked),
        cmocka_unit_test(test_reset_guest_binds_its_event_channel_anew),
        cmocka_unit_test(test_masked_msi_of_a_pv_driver_was_never_bound),
        cmocka_unit_test(test_pirq_that_another_entry_has_was_mapped_again),
        cmocka_unit_test(test_entry_that_names_a_taken_pirq_took_it),
        cmocka_unit_test(
            test_other_name_behind_an_entry_without_a_pirq_is_taken),
        cmocka_unit_test(test_entry_that_names_an_isa_interrupt_took_it),
        cmocka_unit_test(
            test_named_pirqs_that_xen_would_not_check_are_refused),
        cmocka_unit_test(test_pirq_that_was_unbound_by_force_was_named),
        cmocka_unit_test(test_line_that_was_unbound_by_force_was_named),
        cmocka_unit_test(test_upper_address_was_no_message),
        cmocka_unit_test(test_later_pirq_of_a_block_was_named),
        cmocka_unit_test(test_address_of_no_apic_named_a_pirq),
    };

    return cmocka_run_group_tests_name("event channels", tests, NULL, NULL);
}
