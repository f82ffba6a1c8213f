/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * MSI-X: too few pirqs; one mode at a time, resets, the end. PCI 3.0 section
 * 6.8.2; lessons 1.6. Xen before and after 4.19.
 */
#include "lib-irq.h"

/* ------------------------------------------------------------------ */
/* Too few pirqs                                                       */

/* Each entry without a pirq was tried for, and at each enable again. */
static void test_pass_went_on_after_xen_had_no_pirq_left(void **state)
{
    const struct sim_xen_opts xen = { .max_pirqs = 32 };
    struct world_cost then;
    struct world w;
    unsigned i;

    (void)state;
    open_msix(&w, 2048, &xen);
    for (i = 0; i < 2048; i++) {
        entry_program(&w, i, VECTOR + i % 64);
    }
    then = world_cost(&w);
    msix_on(&w);
    assert_int_equal(calls_since(&w, &then, SIM_MAP_MSI), 32 + 1);
    assert_int_equal(calls_since(&w, &then, SIM_BIND_MSI), 32);
    then = world_cost(&w);
    msix_set(&w, PCI_MSIX_ENABLE | PCI_MSIX_MASK);
    msix_on(&w);
    assert_int_equal(world_cost_since(&w, &then).hypercalls, 1);
    assert_true(world_close(&w));
}

/* And what has its pirq is still looked after, behind the one that has not. */
static void test_pass_that_lacks_a_pirq_goes_on_with_the_others(void **state)
{
    const struct sim_xen_opts xen = { .max_pirqs = 1 };
    struct world w;

    (void)state;
    open_msix(&w, 4, &xen);
    msix_on(&w);
    entry_program(&w, 2, VECTOR);
    entry_program(&w, 0, VECTOR);
    assert_true(hears(&w, 2, VECTOR));
    msix_set(&w, PCI_MSIX_ENABLE | PCI_MSIX_MASK);
    entry_message(&w, 2, 0x33);
    msix_on(&w);
    assert_false(entry_bound(&w, 0));
    assert_true(hears(&w, 2, 0x33));
    assert_true(world_close(&w));
}

/* Any other reason is one entry's, and no option of Xen's helps. */
static void test_remedy_was_named_for_any_failure(void **state)
{
    struct world w;

    (void)state;
    open_msix(&w, 4, NULL);
    entries_program(&w, 4);
    sim_fault_at(&w.sim.xen.kind_fault[SIM_MAP_MSI], 2, EPERM);
    msix_on(&w);
    assert_int_equal(logged(&w, "no pirq"), 1);
    assert_int_equal(logged(&w, "extra_guest_irqs"), 0);
    assert_true(hears(&w, 0, VECTOR));
    assert_false(entry_bound(&w, 1));
    assert_true(hears(&w, 2, VECTOR + 2));
    assert_true(hears(&w, 3, VECTOR + 3));
    assert_true(world_close(&w));
}

/* field 1.4: NVMe with a queue a processor, and 32 pirqs. */
static void few(const struct sim_xen_opts *xen)
{
    struct world w;
    unsigned i;

    open_msix(&w, 64, xen);
    w.sim.xen.opts.max_pirqs = 32;
    msix_on(&w);
    entries_program(&w, 64);
    assert_int_equal(pirqs(&w), 32);
    assert_int_equal(logged(&w, "extra_guest_irqs"), 1);
    assert_int_equal(w.sim.bus.lines[PT_LOG_ERROR], 1);
    assert_true(rd16(&w, MSIX + PCI_MSI_FLAGS) & PCI_MSIX_ENABLE);
    for (i = 0; i < 64; i++) {
        if (i < 32) {
            assert_true(hears(&w, i, VECTOR + i));
        } else {
            assert_true(silent(&w, i));
            assert_int_equal(sim_dev_msix_word(&w.sim.dev, i, 3), 1);
        }
    }
    /* Some become free: they serve who unmasks next. */
    w.sim.xen.opts.max_pirqs = 34;
    entry_mask(&w, 40, true);
    entry_mask(&w, 40, false);
    assert_int_equal(w.sim.xen.vector[VECTOR + 40], 1);
    assert_true(hears(&w, 40, VECTOR + 40));
    assert_true(silent(&w, 41));
    msix_off(&w);
    assert_int_equal(pirqs(&w), 1);
    assert_true(world_close(&w));
}

static void test_field_1_4_too_few_pirqs_leave_the_rest_masked(void **state)
{
    (void)state;
    both(few);
}

static void test_vectors_that_cant_be_bound_give_back_their_pirq(void **st)
{
    struct world w;

    (void)st;
    open_msix(&w, 4, NULL);
    msix_on(&w);
    sim_fault_always(&w.sim.xen.kind_fault[SIM_BIND_MSI], ENOMEM);
    entries_program(&w, 4);
    assert_int_equal(pirqs(&w), 0);
    assert_int_equal(w.sim.bus.lines[PT_LOG_ERROR], 1);
    sim_fault_clear(&w.sim.xen.kind_fault[SIM_BIND_MSI]);
    entry_mask(&w, 2, true);
    entry_mask(&w, 2, false);
    assert_true(hears(&w, 2, VECTOR + 2));
    assert_true(world_close(&w));
}

/* ------------------------------------------------------------------ */
/* One mode at a time, resets, the end                                 */

static void test_the_first_of_msi_and_msix_stays(void **state)
{
    struct world w;

    (void)state;
    open_msix(&w, 2, NULL);
    entries_program(&w, 2);
    msi_program(&w, ADDRESS, VECTOR + 30);
    msi_on(&w, 0);
    msix_on(&w);
    assert_false(sim_dev_msix_enabled(&w.sim.dev));
    assert_true(hears(&w, 0, VECTOR + 30));
    msi_off(&w);
    assert_true(hears(&w, 1, VECTOR + 1));
    msi_on(&w, 0);
    assert_false(sim_dev_msi_enabled(&w.sim.dev));
    assert_true(hears(&w, 1, VECTOR + 1));
    msix_off(&w);
    assert_true(hears(&w, 0, VECTOR + 30));
    msi_off(&w);
    assert_true(hears_intx(&w, 0));
    assert_true(world_close(&w));
}

static void forgotten(struct world *w)
{
    unsigned i;

    assert_int_equal(rd16(w, MSIX + PCI_MSI_FLAGS), 3);
    assert_int_equal(pirqs(w), 1);
    assert_false(sim_dev_msix_enabled(&w->sim.dev));
    place_and_decode(w);
    for (i = 0; i < 4; i++) {
        assert_int_equal(entry_read(w, i, 0), 0);
        assert_int_equal(entry_read(w, i, 2), 0);
        assert_int_equal(entry_read(w, i, 3), 1);
    }
    msix_on(w);
    assert_true(silent(w, 0));
    entry_program(w, 0, VECTOR + 1);
    assert_int_equal(w->sim.xen.vector[VECTOR + 1], 1);
    assert_true(hears(w, 0, VECTOR + 1));
}

static void test_power_reset_forgets_the_table(void **state)
{
    struct world w;

    (void)state;
    open_power(&w, 4, NULL);
    entries_program(&w, 4);
    msix_on(&w);
    assert_true(world_power(&w, 3));
    assert_int_equal(bound(&w), 0);
    assert_true(world_power(&w, 0));
    forgotten(&w);
    assert_true(world_close(&w));
}

static void test_guest_reset_forgets_the_table(void **state)
{
    struct world w;

    (void)state;
    open_power(&w, 4, NULL);
    entries_program(&w, 4);
    msix_on(&w);
    pt_reset(w.d);
    forgotten(&w);
    assert_true(world_close(&w));
}

static void test_detach_in_d3hot_and_on_the_way_out_of_it(void **state)
{
    unsigned way;

    (void)state;
    for (way = 0; way < 2; way++) {
        struct world w;

        open_power(&w, 4, NULL);
        entries_program(&w, 4);
        msix_on(&w);
        world_power(&w, 3);
        if (way == 1) {
            world_power(&w, 0);
        }
        assert_true(world_close(&w));
    }
}

/* Nothing may read the device's memory while it does not answer. */
static void test_device_in_d3hot_is_not_asked_for_masks(void **state)
{
    struct world w;

    (void)state;
    open_power(&w, 4, NULL);
    entries_program(&w, 4);
    msix_on(&w);
    world_power(&w, 3);
    msix_off(&w);
    msix_on(&w);
    world_power(&w, 0);
    rd16(&w, PCI_STATUS);
    assert_int_equal(w.sim.dev.count.unsupported, 0);
    assert_int_equal(w.sim.dev.count.early, 0);
    assert_true(world_close(&w));
}

static void test_d3hot_with_no_soft_reset_keeps_the_table(void **state)
{
    struct capture c;
    struct world w;

    (void)state;
    msix_card(&c, 4);
    c.cfg[PM + PCI_PM_CTRL] |= PCI_PM_CTRL_NO_SOFT_RST;
    irq_begin(&w, &c, POLICY(power_mgmt), NULL);
    msix_on(&w);
    entries_program(&w, 4);
    entry_mask(&w, 1, true);
    world_power(&w, 3);
    assert_true(silent(&w, 0));
    world_power(&w, 0);
    rd16(&w, PCI_STATUS);
    assert_true(hears(&w, 0, VECTOR));
    assert_true(silent(&w, 1));
    entry_mask(&w, 1, false);
    assert_true(hears(&w, 1, VECTOR + 1));
    assert_true(world_close(&w));
}

static void test_left_enabled_by_the_last_owner_is_switched_off(void **state)
{
    struct capture c;
    struct world w;

    (void)state;
    msix_card(&c, 4);
    c.cfg[MSIX + PCI_MSI_FLAGS + 1] |=
        (PCI_MSIX_ENABLE | PCI_MSIX_MASK) >> 8;
    irq_begin(&w, &c, NULL, NULL);
    assert_int_equal(dev(&w, MSIX + PCI_MSI_FLAGS, 2), 3);
    assert_int_equal(rd16(&w, MSIX + PCI_MSI_FLAGS), 3);
    assert_true(hears_intx(&w, 0));
    msix_on(&w);
    entries_program(&w, 4);
    assert_true(hears(&w, 0, VECTOR));
    assert_true(world_close(&w));
}

static void test_1_6_12_detach_while_bound_leaves_nothing(void **state)
{
    struct world w;

    (void)state;
    open_msix(&w, 128, NULL);
    msix_on(&w);
    entries_program(&w, 128);
    assert_int_equal(bound(&w), 128);
    assert_true(world_close(&w));
}

/* 2.21: what Xen would not undo is tried again, and never bound twice. */
static void undo(enum sim_call call, bool move)
{
    const struct sim_xen_opts xen = { .unmap_bound = true };
    struct world w;

    open_msix(&w, 4, &xen);
    msix_on(&w);
    entries_program(&w, 4);
    sim_fault_always(&w.sim.xen.kind_fault[call], EBUSY);
    if (move) {
        world_bar_place(&w, 0, FAR);
    } else {
        msix_off(&w);
    }
    sim_fault_clear(&w.sim.xen.kind_fault[call]);
    msix_off(&w);
    assert_int_equal(bound(&w), 1);
    msix_on(&w);
    assert_true(hears(&w, 3, VECTOR + 3));
    sim_fault_always(&w.sim.xen.kind_fault[call], EBUSY);
    world_bar_place(&w, 0, FAR + IRQ_MEM_SIZE);
    msix_off(&w);
    sim_fault_clear(&w.sim.xen.kind_fault[call]);
    assert_true(world_close(&w));
}

static void test_2_21_failed_unbind_or_unmap_is_tried_again(void **state)
{
    (void)state;
    undo(SIM_UNBIND_MSI, false);
    undo(SIM_UNBIND_MSI, true);
    undo(SIM_UNMAP_PIRQ, false);
    undo(SIM_UNMAP_PIRQ, true);
}

/* Xen would refuse another table for what it has bound. */
static void test_2_21_entry_that_stays_bound_elsewhere_is_left_alone(void **s)
{
    struct world w;

    (void)s;
    open_msix(&w, 4, NULL);
    msix_on(&w);
    entries_program(&w, 4);
    sim_fault_always(&w.sim.xen.kind_fault[SIM_UNBIND_MSI], EBUSY);
    world_bar_place(&w, 0, FAR);
    entry_program(&w, 1, VECTOR + 9);
    sim_fault_clear(&w.sim.xen.kind_fault[SIM_UNBIND_MSI]);
    world_bar_place(&w, 0, FAR + IRQ_MEM_SIZE);
    assert_true(hears(&w, 1, VECTOR + 9));
    assert_true(world_close(&w));
}

/* A mapping that stays is no way to the table. */
static void test_table_is_gone_though_unmapping_failed(void **state)
{
    struct world w;

    (void)state;
    open_strict(&w, 4, NULL);
    msix_on(&w);
    entries_program(&w, 4);
    sim_fault_always(&w.sim.xen.kind_fault[SIM_UNMAP_MEMORY], EBUSY);
    wr16(&w, PCI_COMMAND, PCI_COMMAND_MASTER);
    sim_fault_clear(&w.sim.xen.kind_fault[SIM_UNMAP_MEMORY]);
    assert_int_equal(bound(&w), 0);
    wr16(&w, PCI_COMMAND, PCI_COMMAND_MASTER | PCI_COMMAND_MEMORY);
    assert_true(hears(&w, 1, VECTOR + 1));
    assert_true(world_close(&w));
}

static void test_2_21_unbind_fails_to_the_end_and_unmap_does_it(void **state)
{
    const struct sim_xen_opts xen = { .unmap_bound = true };
    struct world w;

    (void)state;
    open_msix(&w, 4, &xen);
    msix_on(&w);
    entries_program(&w, 4);
    sim_fault_always(&w.sim.xen.kind_fault[SIM_UNBIND_MSI], EBUSY);
    pv_entry(&w, 1, 90);
    assert_int_equal(pirq_of(&w, SIM_PIRQ_MSIX, 1)->first, 90);
    assert_true(hears(&w, 1, 0));
    assert_true(world_close(&w));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pass_went_on_after_xen_had_no_pirq_left),
        cmocka_unit_test(test_pass_that_lacks_a_pirq_goes_on_with_the_others),
        cmocka_unit_test(test_remedy_was_named_for_any_failure),
        cmocka_unit_test(test_field_1_4_too_few_pirqs_leave_the_rest_masked),
        cmocka_unit_test(
            test_vectors_that_cant_be_bound_give_back_their_pirq),
        cmocka_unit_test(test_the_first_of_msi_and_msix_stays),
        cmocka_unit_test(test_power_reset_forgets_the_table),
        cmocka_unit_test(test_guest_reset_forgets_the_table),
        cmocka_unit_test(test_detach_in_d3hot_and_on_the_way_out_of_it),
        cmocka_unit_test(test_device_in_d3hot_is_not_asked_for_masks),
        cmocka_unit_test(test_d3hot_with_no_soft_reset_keeps_the_table),
        cmocka_unit_test(test_left_enabled_by_the_last_owner_is_switched_off),
        cmocka_unit_test(test_1_6_12_detach_while_bound_leaves_nothing),
        cmocka_unit_test(test_2_21_failed_unbind_or_unmap_is_tried_again),
        cmocka_unit_test(
            test_2_21_entry_that_stays_bound_elsewhere_is_left_alone),
        cmocka_unit_test(test_table_is_gone_though_unmapping_failed),
        cmocka_unit_test(
            test_2_21_unbind_fails_to_the_end_and_unmap_does_it),
    };

    return cmocka_run_group_tests_name("irq_msix_ends", tests, NULL, NULL);
}
