/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * INTx beside messages, of which a device has one at a time (PCI 3.0, 6.8.1.3),
 * and lines that devices share.
 */
#include "lib-lines.h"

static void open_lines(struct world *w, const struct sim_xen_opts *xen)
{
    struct capture c;

    line_card(&c);
    irq_begin(w, &c, NULL, xen);
    entries_program(w, 4);
    msi_program(w, ADDRESS, VECTOR + 32);
}

/* Hypercalls for the line since @then. */
static uint64_t line_calls(const struct world *w,
                           const struct world_cost *then)
{
    struct world_cost c = world_cost_since(w, then);

    return c.calls[SIM_MAP_GSI] + c.calls[SIM_BIND_INTX] +
        c.calls[SIM_UNBIND_INTX] + c.calls[SIM_LOWER_INTX];
}

/* ------------------------------------------------------------------ */
/* One or the other                                                    */

static void test_device_with_messages_kept_its_line(void **state)
{
    struct world w;
    unsigned i;

    (void)state;
    open_lines(&w, NULL);
    for (i = 0; i < 3; i++) {
        msix_on(&w);
        assert_false(line_mapped(&w));
        assert_true(hears(&w, 1, VECTOR + 1));
        msix_off(&w);
        assert_true(line_bound(&w));
        assert_true(hears_intx(&w, 0));
        msi_on(&w, 2);
        assert_false(line_mapped(&w));
        assert_true(hears(&w, 0, VECTOR + 32));
        msi_off(&w);
        assert_true(line_bound(&w));
        assert_true(hears_intx(&w, 0));
    }
    assert_int_equal(w.sim.bus.num_lines, 1);  /* the attach's */
    assert_true(world_close(&w));
}

/* From one kind to the other the line is not had in between. */
static void test_line_rests_until_both_kinds_are_off(void **state)
{
    struct world_cost then;
    struct world w;

    (void)state;
    open_lines(&w, NULL);
    msi_on(&w, 0);
    then = world_cost(&w);
    msix_on(&w);
    assert_true(hears(&w, 0, VECTOR + 32));
    msi_off(&w);
    assert_true(hears(&w, 2, VECTOR + 2));
    msi_on(&w, 0);
    msix_off(&w);
    assert_true(hears(&w, 0, VECTOR + 32));
    assert_int_equal(line_calls(&w, &then), 0);
    assert_false(line_mapped(&w));
    msi_off(&w);
    assert_true(hears_intx(&w, 0));
    assert_true(world_close(&w));
}

static void test_device_without_a_pin_has_no_line_to_come_back(void **state)
{
    struct capture c;
    struct world w;
    unsigned i;

    (void)state;
    line_card(&c);
    c.cfg[PCI_INTERRUPT_PIN] = 0;
    irq_begin(&w, &c, NULL, NULL);
    entries_program(&w, 4);
    for (i = 0; i < 3; i++) {
        msix_on(&w);
        assert_true(hears(&w, 1, VECTOR + 1));
        msix_off(&w);
        assert_int_equal(pirqs(&w), 0);
    }
    assert_int_equal(line_calls(&w, &(struct world_cost) { .reads = 0 }), 0);
    assert_true(world_close(&w));
}

static void test_guest_reset_brings_the_line_back(void **state)
{
    struct world w;

    (void)state;
    open_lines(&w, NULL);
    msix_on(&w);
    pt_reset(w.d);
    assert_true(line_bound(&w));
    assert_false(device_disabled(&w));
    assert_true(hears_intx(&w, 0));
    assert_true(world_close(&w));
}

/* There is no line to give back: not one of whoever has the number now. */
static void test_detach_with_messages_leaves_the_line_alone(void **state)
{
    struct world_cost then;
    struct world w;

    (void)state;
    open_lines(&w, NULL);
    msix_on(&w);
    then = world_cost(&w);
    world_detach(&w);
    assert_int_equal(line_calls(&w, &then), 0);
    assert_int_equal(calls_since(&w, &then, SIM_UNMAP_PIRQ), 4);
    assert_true(world_close(&w));
}

/*
 * Some devices send no MSI while Interrupt Disable is set: their drivers leave
 * it clear.
 */
static void test_interrupt_disable_is_the_guests_beside_messages(void **state)
{
    struct world w;

    (void)state;
    open_lines(&w, NULL);
    msix_on(&w);
    assert_false(device_disabled(&w));
    guest_intx(&w, false);
    assert_true(device_disabled(&w));
    assert_true(hears(&w, 1, VECTOR + 1));
    guest_intx(&w, true);
    assert_false(device_disabled(&w));
    /* Its driver resets it: the same once more. */
    sim_dev_hot_reset(&w.sim.dev);
    wr16(&w, PCI_COMMAND, 7);
    /* That it was mapped and not decoded meanwhile is the driver's doing. */
    sim_notes_clear(&w.sim.xen.notes);
    assert_false(device_disabled(&w));
    assert_true(hears(&w, 1, VECTOR + 1));
    assert_false(line_mapped(&w));
    assert_true(world_close(&w));
}

/* ------------------------------------------------------------------ */
/* Failures                                                            */

static void no_messages(enum sim_call call)
{
    struct world_cost then;
    struct world w;

    open_lines(&w, NULL);
    then = world_cost(&w);
    sim_fault_always(&w.sim.xen.kind_fault[call], EPERM);
    msi_on(&w, 0);
    assert_false(msi_reads_on(&w));
    assert_int_equal(line_calls(&w, &then), 0);
    assert_true(hears_intx(&w, 0));
    sim_fault_clear(&w.sim.xen.kind_fault[call]);
    msi_on(&w, 0);
    assert_true(hears(&w, 0, VECTOR + 32));
    assert_false(line_mapped(&w));
    /* In force, and then they fail: as the guest reads that they are off. */
    sim_fault_always(&w.sim.xen.kind_fault[call], EPERM);
    msi_on(&w, 2);
    assert_false(msi_reads_on(&w));
    assert_true(hears_intx(&w, 0));
    assert_true(world_close(&w));
}

static void test_line_stays_until_messages_are_in_force(void **state)
{
    (void)state;
    no_messages(SIM_MAP_MSI);
    no_messages(SIM_BIND_MSI);
}

/* The enable bit was not written: twice, at once. */
static void test_line_stays_until_the_device_has_its_enable_bit(void **state)
{
    struct world w;

    (void)state;
    open_lines(&w, NULL);
    sim_fault_always(&w.sim.dev.config_fault, EIO);
    msix_on(&w);
    sim_fault_clear(&w.sim.dev.config_fault);
    assert_false(sim_dev_msix_enabled(&w.sim.dev));
    assert_true(hears_intx(&w, 0));
    wr16(&w, PCI_COMMAND, rd16(&w, PCI_COMMAND));
    assert_true(sim_dev_msix_enabled(&w.sim.dev));
    assert_false(line_mapped(&w));
    assert_true(hears(&w, 3, VECTOR + 3));
    assert_true(world_close(&w));
}

/*
 * Taken by force from under its binding, Xen keeps a line back until the
 * domain ends: better it stays. Twice is tried, and not with each write.
 */
static void test_line_that_xen_does_not_unbind_stays_bound(void **state)
{
    struct world_cost then;
    struct world w;
    unsigned i;

    (void)state;
    open_lines(&w, NULL);
    sim_fault_always(&w.sim.xen.kind_fault[SIM_UNBIND_INTX], EBUSY);
    then = world_cost(&w);
    msix_on(&w);
    for (i = 0; i < 5; i++) {
        msix_set(&w, PCI_MSIX_ENABLE | PCI_MSIX_MASK);
        msix_on(&w);
    }
    assert_int_equal(calls_since(&w, &then, SIM_UNBIND_INTX), 2);
    assert_int_equal(calls_since(&w, &then, SIM_UNMAP_PIRQ), 0);
    assert_int_equal(calls_since(&w, &then, SIM_LOWER_INTX), 0);
    assert_true(line_bound(&w));
    assert_true(hears(&w, 1, VECTOR + 1));
    then = world_cost(&w);
    msix_off(&w);
    assert_int_equal(line_calls(&w, &then), 0);
    assert_true(hears_intx(&w, 0));
    /* Tried again each time, and said once. */
    msix_on(&w);
    assert_int_equal(calls_since(&w, &then, SIM_UNBIND_INTX), 2);
    assert_int_equal(logged(&w, "can't unbind INTx"), 1);
    sim_fault_clear(&w.sim.xen.kind_fault[SIM_UNBIND_INTX]);
    msix_off(&w);
    msix_on(&w);
    assert_false(line_mapped(&w));
    assert_true(world_close(&w));
}

static void test_line_that_xen_does_not_unmap_is_one_user_still(void **state)
{
    struct world_cost then;
    struct world w;
    unsigned i;

    (void)state;
    open_lines(&w, NULL);
    sim_fault_always(&w.sim.xen.kind_fault[SIM_UNMAP_PIRQ], EBUSY);
    then = world_cost(&w);
    for (i = 0; i < 5; i++) {
        msi_on(&w, 0);
        assert_true(line_mapped(&w));
        assert_false(line_bound(&w));
        msi_on(&w, 0);
        sim_fault_clear(&w.sim.xen.kind_fault[SIM_UNMAP_PIRQ]);
        msi_off(&w);
        sim_fault_always(&w.sim.xen.kind_fault[SIM_UNMAP_PIRQ], EBUSY);
        assert_true(hears_intx(&w, 0));
    }
    assert_int_equal(calls_since(&w, &then, SIM_UNMAP_PIRQ), 5 * (2 + 1));
    assert_int_equal(logged(&w, "can't give back a pirq"), 1);
    assert_int_equal(logged(&w, "shares its INTx line"), 0);
    sim_fault_clear(&w.sim.xen.kind_fault[SIM_UNMAP_PIRQ]);
    msi_on(&w, 0);
    assert_false(line_mapped(&w));
    assert_true(world_close(&w));
}

static void comes_back_later(enum sim_call call)
{
    struct world w;
    unsigned i;

    open_lines(&w, NULL);
    sim_fault_always(&w.sim.xen.kind_fault[call], EPERM);
    for (i = 0; i < 3; i++) {
        msix_on(&w);
        assert_true(hears(&w, 1, VECTOR + 1));
        msix_off(&w);
        assert_int_equal(pirqs(&w), 0);
        assert_true(device_disabled(&w));
        assert_true(silent(&w, 0));
    }
    assert_int_equal(logged(&w, "no INTx"), 1);
    sim_fault_clear(&w.sim.xen.kind_fault[call]);
    msix_on(&w);
    assert_true(hears(&w, 1, VECTOR + 1));
    msix_off(&w);
    assert_false(device_disabled(&w));
    assert_true(hears_intx(&w, 0));
    assert_true(world_close(&w));
}

/* A driver that is loaded again has another chance. */
static void test_line_that_does_not_come_back_is_tried_the_next_time(void **st)
{
    (void)st;
    comes_back_later(SIM_MAP_GSI);
    comes_back_later(SIM_BIND_INTX);
}

/* A guest that names the number meanwhile: the line has another. */
static void test_message_took_the_number_that_the_line_had(void **state)
{
    const struct sim_xen_opts xen = { .first_pirq = 300 };
    struct world w;

    (void)state;
    open_lines(&w, &xen);
    msix_on(&w);
    pv_entry(&w, 0, 300);
    assert_int_equal(pirq_of(&w, SIM_PIRQ_MSIX, 0)->first, 300);
    msi_on(&w, 0);
    msix_off(&w);
    msi_off(&w);
    assert_true(hears_intx(&w, 0));
    assert_int_equal(w.sim.xen.leaked, 0);
    assert_true(world_close(&w));
}

/* ------------------------------------------------------------------ */
/* Two devices on one line                                             */

static void test_1_7_2_shared_line_is_unmapped_with_its_last_user(void **st)
{
    struct pair pair, *p = &pair;

    (void)st;
    pair_begin(p, GSI, NULL);
    assert_true(pair_attach(p));
    assert_int_equal(logged(&p->w, "shares its INTx line"), 1);
    assert_int_equal(pirqs(&p->w), 1);
    assert_true(second_hears(p));
    /* The first goes, and the second's line stays. */
    world_detach(&p->w);
    assert_int_equal(pirqs(&p->w), 1);
    assert_true(second_hears(p));
    pt_detach(p->d2);
    p->d2 = NULL;
    assert_int_equal(pirqs(&p->w), 0);
    /* And the other way round, after both were gone. */
    assert_true(world_attach(&p->w));
    assert_true(pair_attach(p));
    pt_detach(p->d2);
    p->d2 = NULL;
    assert_int_equal(pirqs(&p->w), 1);
    assert_true(hears_intx(&p->w, 0));
    pair_end(p);
}

static void test_shared_line_survives_that_the_second_cant_bind(void **state)
{
    struct pair pair, *p = &pair;

    (void)state;
    pair_begin(p, GSI, NULL);
    sim_fault_at(&p->w.sim.xen.kind_fault[SIM_BIND_INTX], 1, EPERM);
    assert_true(pair_attach(p));
    assert_true(sim_dev_peek(&p->second, PCI_COMMAND, 2) &
                PCI_COMMAND_DISABLE_INTx);
    assert_true(hears_intx(&p->w, 0));
    pt_detach(p->d2);
    p->d2 = NULL;
    assert_true(hears_intx(&p->w, 0));
    assert_int_equal(pirqs(&p->w), 1);
    pair_end(p);
}

/* The line was lost to all, and nobody could have it again. */
static void test_libxl_4_18_takes_a_line_that_others_do_not_use(void **state)
{
    struct pair pair, *p = &pair;

    (void)state;
    pair_begin(p, GSI, &xen_4_20);
    msi_start(&p->w, 0);
    assert_true(pair_attach(p));
    assert_true(second_hears(p));
    assert_int_equal(logged(&p->w, "shares its INTx line"), 0);
    pt_detach(p->d2);
    p->d2 = NULL;
    libxl_takes_line(p);
    assert_null(line_of(&p->w.sim.xen, GSI));
    assert_true(hears(&p->w, 0, VECTOR));
    assert_true(pair_attach(p));
    assert_int_equal(logged(&p->w, "no INTx"), 0);
    assert_true(second_hears(p));
    assert_int_equal(logged(&p->w, "takes the line"), 0);
    msi_off(&p->w);
    assert_true(first_hears(p));
    pair_end(p);
}

/* By force, of a device that the guest has still: nothing is bound to it. */
static void test_libxl_4_18_takes_a_line_of_a_device_with_messages(void **st)
{
    struct pair pair, *p = &pair;

    (void)st;
    pair_begin(p, GSI, &xen_4_20);
    msix_on(&p->w);
    libxl_takes_line(p);
    assert_true(hears(&p->w, 1, VECTOR + 1));
    world_detach(&p->w);
    assert_true(world_attach(&p->w));
    assert_int_equal(logged(&p->w, "no INTx"), 0);
    assert_true(hears_intx(&p->w, 0));
    pair_end(p);
}

/* Nobody is told who is gone, nor of a line that is another. */
static void test_libxl_4_18_takes_no_line_of_others(void **state)
{
    struct pair pair, *p = &pair;

    (void)state;
    pair_begin(p, GSI + 1, &xen_4_20);
    assert_true(pair_attach(p));
    world_detach(&p->w);
    pt_detach(p->d2);
    p->d2 = NULL;
    assert_true(world_attach(&p->w));
    assert_true(pair_attach(p));
    msi_start(&p->w, 0);
    pt_detach(p->d2);
    p->d2 = NULL;
    msi_off(&p->w);
    assert_int_equal(logged(&p->w, "takes the line"), 0);
    assert_true(hears_intx(&p->w, 0));
    pair_end(p);
}

static void test_lines_of_their_own_are_no_reason_to_warn(void **state)
{
    struct pair pair, *p = &pair;

    (void)state;
    pair_begin(p, GSI + 1, NULL);
    assert_true(pair_attach(p));
    assert_int_equal(logged(&p->w, "shares its INTx line"), 0);
    assert_int_equal(pirqs(&p->w), 2);
    assert_true(hears_intx(&p->w, 0));
    assert_true(second_hears(p));
    pair_end(p);
}

/* A driver can come and go all day, and the other device does not hear it. */
static void test_sharers_line_comes_and_goes_with_one_line_of_log(void **state)
{
    struct pair pair, *p = &pair;
    unsigned i;

    (void)state;
    pair_begin(p, GSI, NULL);
    assert_true(pair_attach(p));
    assert_int_equal(logged(&p->w, "shares its INTx line"), 1);
    for (i = 0; i < 100; i++) {
        struct world_cost then = world_cost(&p->w);

        msix_on(&p->w);
        /* The line is the other's still. */
        assert_int_equal(calls_since(&p->w, &then, SIM_UNMAP_PIRQ), 0);
        assert_int_equal(line_calls(&p->w, &then), LINE_OFF - 1);
        assert_true(second_hears(p));
        assert_true(hears(&p->w, 1, VECTOR + 1));
        msix_off(&p->w);
        assert_true(second_hears(p));
        assert_true(first_hears(p));
    }
    /* Of either, once. */
    assert_int_equal(logged(&p->w, "shares its INTx line"), 2);
    second_msi(p, true);
    msix_on(&p->w);
    assert_null(line_of(&p->w.sim.xen, GSI));
    second_msi(p, false);
    assert_true(second_hears(p));
    pair_end(p);
}

/* The other's interrupt had raised its pin, and nobody would lower it. */
static void test_pin_stayed_high_by_the_interrupt_of_another(void **state)
{
    struct pair pair, *p = &pair;

    (void)state;
    pair_begin(p, GSI, NULL);
    assert_true(pair_attach(p));
    sim_dev_set_intx(&p->second, true);
    assert_true(p->w.sim.xen.intx_level[SLOT][0]);
    msix_on(&p->w);
    assert_false(p->w.sim.xen.intx_level[SLOT][0]);
    assert_true(p->w.sim.xen.intx_level[SLOT + 1][0]);
    /* And as it is bound again: it is high still. */
    msix_off(&p->w);
    assert_true(p->w.sim.xen.intx_level[SLOT][0]);
    sim_dev_set_intx(&p->second, false);
    assert_false(p->w.sim.xen.intx_level[SLOT][0]);
    pair_end(p);
}

/* Two functions of a slot, at one pin and one line: Xen has one binding. */
static void test_pin_is_bound_while_one_function_of_the_slot_uses_it(void **st)
{
    struct pair pair, *p = &pair;
    uint64_t n;

    (void)st;
    pair_begin(p, GSI, NULL);
    assert_true(pair_attach_at(p, SLOT));
    n = p->w.sim.xen.calls[SIM_UNBIND_INTX];
    msix_on(&p->w);
    assert_true(line_bound(&p->w));
    assert_int_equal(p->w.sim.xen.calls[SIM_UNBIND_INTX], n);
    second_msi(p, true);
    assert_null(line_of(&p->w.sim.xen, GSI));
    second_msi(p, false);
    assert_true(hears_at(p, &p->second, SLOT));
    msix_off(&p->w);
    assert_true(hears_intx(&p->w, 0));
    second_msi(p, true);
    assert_true(hears_intx(&p->w, 0));
    pair_end(p);
}

/* The number is another line's by the time that the device leaves. */
static void test_detach_took_a_line_that_has_the_number_now(void **state)
{
    struct pair pair, *p = &pair;
    int was;

    (void)state;
    pair_begin(p, GSI + 1, NULL);
    was = line_of(&p->w.sim.xen, GSI)->first;
    msix_on(&p->w);
    assert_true(pair_attach(p));
    assert_int_equal(line_of(&p->w.sim.xen, GSI + 1)->first, was);
    world_detach(&p->w);
    assert_true(second_hears(p));
    pair_end(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_device_with_messages_kept_its_line),
        cmocka_unit_test(test_line_rests_until_both_kinds_are_off),
        cmocka_unit_test(test_device_without_a_pin_has_no_line_to_come_back),
        cmocka_unit_test(test_guest_reset_brings_the_line_back),
        cmocka_unit_test(test_detach_with_messages_leaves_the_line_alone),
        cmocka_unit_test(test_interrupt_disable_is_the_guests_beside_messages),
        cmocka_unit_test(test_line_stays_until_messages_are_in_force),
        cmocka_unit_test(test_line_stays_until_the_device_has_its_enable_bit),
        cmocka_unit_test(test_line_that_xen_does_not_unbind_stays_bound),
        cmocka_unit_test(test_line_that_xen_does_not_unmap_is_one_user_still),
        cmocka_unit_test(
            test_line_that_does_not_come_back_is_tried_the_next_time),
        cmocka_unit_test(test_message_took_the_number_that_the_line_had),
        cmocka_unit_test(test_1_7_2_shared_line_is_unmapped_with_its_last_user),
        cmocka_unit_test(test_shared_line_survives_that_the_second_cant_bind),
        cmocka_unit_test(test_libxl_4_18_takes_a_line_that_others_do_not_use),
        cmocka_unit_test(
            test_libxl_4_18_takes_a_line_of_a_device_with_messages),
        cmocka_unit_test(test_libxl_4_18_takes_no_line_of_others),
        cmocka_unit_test(test_lines_of_their_own_are_no_reason_to_warn),
        cmocka_unit_test(test_sharers_line_comes_and_goes_with_one_line_of_log),
        cmocka_unit_test(test_pin_stayed_high_by_the_interrupt_of_another),
        cmocka_unit_test(
            test_pin_is_bound_while_one_function_of_the_slot_uses_it),
        cmocka_unit_test(test_detach_took_a_line_that_has_the_number_now),
    };

    return cmocka_run_group_tests_name("INTx, lines", tests, NULL, NULL);
}
