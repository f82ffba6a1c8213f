/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * MSI-X: which entries are bound, when, and what the guest hears. PCI 3.0
 * section 6.8.2; lessons 1.6. Xen before and after 4.19.
 */
#include "lib-irq.h"

/* ------------------------------------------------------------------ */
/* Lazy                                                                */

static void orders(const struct sim_xen_opts *xen)
{
    struct world w;

    /* Unmasked first, enabled later (1.6.16). */
    open_msix(&w, 8, xen);
    entries_program(&w, 3);
    assert_int_equal(pirqs(&w), 1);
    msix_on(&w);
    assert_int_equal(pirqs(&w), 3);
    assert_true(hears(&w, 2, VECTOR + 2));
    assert_true(silent(&w, 3));
    /* Enabled first. */
    entry_message(&w, 4, VECTOR + 4);
    assert_false(entry_bound(&w, 4));
    entry_mask(&w, 4, false);
    assert_true(hears(&w, 4, VECTOR + 4));
    /* As Linux does: enabled with all masked, then programmed. */
    msix_off(&w);
    assert_int_equal(pirqs(&w), 1);
    msix_set(&w, PCI_MSIX_ENABLE | PCI_MSIX_MASK);
    entry_program(&w, 5, VECTOR + 5);
    assert_int_equal(pirqs(&w), 0);
    assert_true(silent(&w, 5));
    msix_on(&w);
    assert_int_equal(w.sim.xen.vector[VECTOR + 5], 1);  /* was pending */
    assert_true(hears(&w, 5, VECTOR + 5));
    assert_int_equal(pirqs(&w), 5);
    assert_true(world_close(&w));
}

static void test_1_6_16_bound_when_first_live_whatever_the_order(void **state)
{
    (void)state;
    both(orders);
}

static void test_1_6_1_unmasking_with_msix_off_binds_nothing(void **state)
{
    struct world w;

    (void)state;
    open_msix(&w, 4, NULL);
    entries_program(&w, 4);
    entry_mask(&w, 0, true);
    entry_mask(&w, 0, false);
    msix_set(&w, PCI_MSIX_MASK);
    entry_program(&w, 1, VECTOR);
    msix_set(&w, 0);
    assert_int_equal(w.sim.xen.calls[SIM_MAP_MSI], 0);
    assert_true(hears_intx(&w, 0));
    assert_true(world_close(&w));
}

static void test_field_1_5_unprogrammed_entries_are_never_bound(void **state)
{
    struct world w;
    unsigned mode;

    (void)state;
    open_msix(&w, 8, NULL);
    msix_on(&w);
    entry_mask(&w, 0, false);
    for (mode = 2; mode < 8; mode++) {
        entry_program(&w, mode, VECTOR | mode << 8);
    }
    entry_write(&w, 1, 0, 0xfed00000);
    entry_write(&w, 1, 2, VECTOR);
    entry_mask(&w, 1, false);
    msix_set(&w, PCI_MSIX_ENABLE | PCI_MSIX_MASK);
    msix_on(&w);
    assert_int_equal(w.sim.xen.calls[SIM_BIND_MSI], 0);
    assert_true(silent(&w, 1));
    /* Programmed while unmasked, then unmasked again: it works. */
    entry_message(&w, 0, VECTOR);
    entry_mask(&w, 0, false);
    assert_true(hears(&w, 0, VECTOR));
    /* Garbage later: it keeps what it had, or has nothing. */
    entry_program(&w, 0, VECTOR | 0x700);
    assert_int_equal(w.sim.xen.calls[SIM_BIND_MSI], 1);
    assert_true(world_close(&w));
}

static void test_every_bit_of_an_entry_reaches_xen(void **state)
{
    const struct sim_pirq *p;
    struct world w;

    (void)state;
    open_msix(&w, 4, NULL);
    msix_on(&w);
    entry_message(&w, 1, 0x8000 | 0x0100 | 0x99);
    entry_write(&w, 1, 0, 0xfeeab00c);
    entry_mask(&w, 1, false);
    p = pirq_of(&w, SIM_PIRQ_MSIX, 1);
    assert_int_equal(p->gvec, 0x99);
    assert_int_equal(p->gflags, 0xab | PT_GFLAGS_RH | PT_GFLAGS_DM | 0x1000 |
                     PT_GFLAGS_TRIG | PT_GFLAGS_UNMASKED);
    assert_int_equal(p->gtable, table(&w));
    assert_true(world_close(&w));
}

/* ------------------------------------------------------------------ */
/* Changes                                                             */

static void changes(const struct sim_xen_opts *xen)
{
    struct world_cost then;
    struct world w;
    unsigned i;

    open_msix(&w, 4, xen);
    msix_on(&w);
    entries_program(&w, 2);
    then = world_cost(&w);
    for (i = 0; i < 5; i++) {
        entry_mask(&w, 0, true);
        assert_true(silent(&w, 0));
        assert_true(hears(&w, 1, VECTOR + 1));
        entry_mask(&w, 0, false);
        assert_true(hears(&w, 0, VECTOR));
    }
    assert_int_equal(world_cost_since(&w, &then).hypercalls, 0);
    then = world_cost(&w);
    entry_program(&w, 0, VECTOR);  /* the same values */
    assert_int_equal(world_cost_since(&w, &then).hypercalls, 0);
    entry_program(&w, 0, VECTOR + 9);
    assert_int_equal(world_cost_since(&w, &then).hypercalls, 1);
    assert_true(hears(&w, 0, VECTOR + 9));
    /* Changed without masking, as some do: when it is written unmasked. */
    entry_message(&w, 0, VECTOR + 10);
    entry_mask(&w, 0, false);
    assert_true(hears(&w, 0, VECTOR + 10));
    assert_true(world_close(&w));
}

static void test_1_6_13_only_what_changed_costs_a_hypercall(void **state)
{
    (void)state;
    both(changes);
}

static void function_mask(const struct sim_xen_opts *xen)
{
    struct world_cost then;
    struct world w;
    uint64_t heard;

    open_msix(&w, 4, xen);
    msix_on(&w);
    entries_program(&w, 4);
    then = world_cost(&w);
    msix_set(&w, PCI_MSIX_ENABLE | PCI_MSIX_MASK);
    assert_true(silent(&w, 0));
    assert_true(silent(&w, 3));
    heard = messages(&w);
    msix_on(&w);
    assert_int_equal(messages(&w), heard + 2);
    assert_int_equal(world_cost_since(&w, &then).hypercalls, 0);
    /* Changed under the function mask. */
    msix_set(&w, PCI_MSIX_ENABLE | PCI_MSIX_MASK);
    entry_program(&w, 1, VECTOR + 20);
    entry_mask(&w, 2, true);
    msix_on(&w);
    assert_true(hears(&w, 1, VECTOR + 20));
    assert_true(silent(&w, 2));
    assert_true(world_close(&w));
}

static void test_function_mask_silences_all_and_costs_nothing(void **state)
{
    (void)state;
    both(function_mask);
}

static void test_1_6_14_driver_is_reloaded_10000_times(void **state)
{
    const struct sim_xen_opts xen = { .max_pirqs = 5 };
    unsigned i, n = world_rounds(10000);
    struct world w;

    (void)state;
    open_msix(&w, 4, &xen);
    entries_program(&w, 4);
    for (i = 0; i < n; i++) {
        msix_on(&w);
        assert_int_equal(pirqs(&w), 4);
        msix_off(&w);
        assert_int_equal(pirqs(&w), 1);
    }
    /* Identical values: bound all the same. */
    msix_on(&w);
    entries_program(&w, 4);
    assert_true(hears(&w, 3, VECTOR + 3));
    msix_off(&w);
    assert_true(hears_intx(&w, 0));
    assert_true(world_close(&w));
}

static void kept_masks(const struct sim_xen_opts *xen)
{
    struct world w;

    open_msix(&w, 4, xen);
    msix_on(&w);
    entries_program(&w, 4);
    entry_mask(&w, 2, true);
    assert_int_equal(entry_read(&w, 2, 3), 1);
    msix_off(&w);
    assert_int_equal(entry_read(&w, 2, 3), 1);
    assert_int_equal(entry_read(&w, 1, 3), 0);
    msix_on(&w);
    assert_true(silent(&w, 2));
    assert_true(hears(&w, 1, VECTOR + 1));
    entry_mask(&w, 2, false);
    assert_int_equal(w.sim.xen.vector[VECTOR + 2], 1);
    assert_true(world_close(&w));
}

/* 1.6.4: before 4.19 the masking write never came to us. */
static void test_1_6_4_masks_survive_off_and_on(void **state)
{
    (void)state;
    both(kept_masks);
}

/* ------------------------------------------------------------------ */
/* Moves                                                               */

static void moves(const struct sim_xen_opts *xen)
{
    struct world w;
    unsigned i, e;

    open_msix(&w, 8, xen);
    msix_on(&w);
    entries_program(&w, 6);
    entry_mask(&w, 3, true);
    for (i = 0; i < 5; i++) {
        world_bar_place(&w, 0, FAR + i * IRQ_MEM_SIZE);
        for (e = 0; e < 6; e++) {
            assert_int_equal(pirq_of(&w, SIM_PIRQ_MSIX, e)->gtable,
                             table(&w));
            assert_int_equal(entry_read(&w, e, 3), e == 3);
            if (e != 3) {
                assert_true(hears(&w, e, VECTOR + e));
            }
        }
        assert_true(silent(&w, 3));
        entry_mask(&w, 3, false);
        assert_true(w.sim.xen.vector[VECTOR + 3] == i + 1);
        entry_mask(&w, 3, true);
        assert_true(silent(&w, 3));
        entry_program(&w, 5, VECTOR + 5);
    }
    assert_int_equal(pirqs(&w), 6);
    assert_true(world_close(&w));
}

static void test_1_6_11_bar_moves_while_enabled(void **state)
{
    (void)state;
    both(moves);
}

static void decode_off(const struct sim_xen_opts *xen)
{
    struct world w;

    open_strict(&w, 4, xen);
    msix_on(&w);
    entries_program(&w, 4);
    entry_mask(&w, 1, true);
    wr16(&w, PCI_COMMAND, PCI_COMMAND_MASTER);
    assert_int_equal(bound(&w), 0);
    assert_true(silent(&w, 0));
    wr16(&w, PCI_COMMAND, PCI_COMMAND_MASTER | PCI_COMMAND_MEMORY);
    assert_int_equal(w.sim.xen.vector[VECTOR], 1);
    assert_true(hears(&w, 0, VECTOR));
    assert_true(silent(&w, 1));
    entry_mask(&w, 1, false);
    assert_int_equal(w.sim.xen.vector[VECTOR + 1], 1);
    assert_true(world_close(&w));
}

static void test_decoding_off_and_on_while_enabled(void **state)
{
    (void)state;
    both(decode_off);
}

/* By default the table stays where it is, and with it what is bound. */
static void test_decoding_off_keeps_what_is_bound(void **state)
{
    struct world_cost then;
    struct world w;

    (void)state;
    open_msix(&w, 4, NULL);
    msix_on(&w);
    entries_program(&w, 4);
    then = world_cost(&w);
    wr16(&w, PCI_COMMAND, PCI_COMMAND_MASTER);
    assert_true(hears(&w, 0, VECTOR));
    wr16(&w, PCI_COMMAND, PCI_COMMAND_MASTER | PCI_COMMAND_MEMORY);
    assert_true(hears(&w, 1, VECTOR + 1));
    assert_int_equal(world_cost_since(&w, &then).hypercalls, 0);
    /* Moved while it is off, the table is nowhere. */
    wr16(&w, PCI_COMMAND, PCI_COMMAND_MASTER);
    wr32(&w, PCI_BASE_ADDRESS_0, FAR);
    assert_int_equal(bound(&w), 0);
    wr16(&w, PCI_COMMAND, PCI_COMMAND_MASTER | PCI_COMMAND_MEMORY);
    assert_true(hears(&w, 2, VECTOR + 2));
    assert_true(world_close(&w));
}

static void enabled_unplaced(const struct sim_xen_opts *xen)
{
    struct world w;

    open_strict(&w, 4, xen);
    entries_program(&w, 2);
    wr16(&w, PCI_COMMAND, PCI_COMMAND_MASTER);
    msix_on(&w);
    assert_int_equal(bound(&w), 0);
    wr16(&w, PCI_COMMAND, PCI_COMMAND_MASTER | PCI_COMMAND_MEMORY);
    assert_true(hears(&w, 1, VECTOR + 1));
    assert_true(world_close(&w));
}

static void test_xsa_157_enabled_without_decoding_binds_later(void **state)
{
    (void)state;
    both(enabled_unplaced);
}

/* Somebody else is there: no table, no vectors, until it moves on. */
static void test_bar_moved_onto_another_device_and_away(void **state)
{
    struct world w;

    (void)state;
    open_msix(&w, 4, NULL);
    msix_on(&w);
    entries_program(&w, 4);
    sim_bus_take(&w.sim.bus, false, FAR, 0x1000);
    world_bar_place(&w, 0, FAR);
    assert_int_equal(bound(&w), 0);
    assert_true(silent(&w, 2));
    world_bar_place(&w, 0, FAR + IRQ_MEM_SIZE);
    assert_int_equal(w.sim.xen.vector[VECTOR + 2], 1);
    assert_true(hears(&w, 2, VECTOR + 2));
    assert_true(world_close(&w));
}

static void test_2_19_4000_moves_take_no_more_room(void **state)
{
    unsigned i, n = world_rounds(4000);
    struct world w;

    (void)state;
    open_msix(&w, 4, NULL);
    msix_on(&w);
    entries_program(&w, 4);
    for (i = 0; i < n; i++) {
        wr32(&w, PCI_BASE_ADDRESS_0, 0x40000000 + i * 0x20000);
        assert_int_equal(w.sim.bus.num_traps, 2);
        assert_int_equal(pirqs(&w), 4);
    }
    assert_true(hears(&w, 3, VECTOR + 3));
    assert_true(world_close(&w));
}

/* ------------------------------------------------------------------ */
/* What the enumeration of sequences found                             */

static void resync(const struct sim_xen_opts *xen)
{
    struct world w;

    open_msix(&w, 2, xen);
    msix_on(&w);
    entries_program(&w, 2);
    entry_mask(&w, 0, true);  /* Xen's alone to know, before 4.19 */
    entry_message(&w, 0, VECTOR + 7);
    /* A resync that has nothing to do with it. */
    wr16(&w, PCI_COMMAND, rd16(&w, PCI_COMMAND) | PCI_COMMAND_DISABLE_INTx);
    msix_set(&w, PCI_MSIX_ENABLE | PCI_MSIX_MASK);
    msix_on(&w);
    assert_int_equal(entry_read(&w, 0, 3), 1);
    assert_true(silent(&w, 0));
    assert_true(hears(&w, 1, VECTOR + 1));
    entry_mask(&w, 0, false);
    assert_int_equal(w.sim.xen.vector[VECTOR + 7], 1);
    assert_int_equal(w.sim.xen.vector[VECTOR], 0);
    assert_true(world_close(&w));
}

static void test_resync_unmasked_an_entry_that_xen_had_masked(void **state)
{
    (void)state;
    both(resync);
}

static void unbind_first(const struct sim_xen_opts *xen)
{
    struct world w;
    unsigned e;

    open_msix(&w, 16, xen);
    msix_on(&w);
    entries_program(&w, 16);
    world_bar_place(&w, 0, FAR);
    /* One that comes too early has Xen keep the old table. */
    assert_int_equal(w.sim.xen.devs[0].gtable, table(&w));
    for (e = 0; e < 16; e++) {
        entry_mask(&w, e, true);
        assert_true(silent(&w, e));
        entry_mask(&w, e, false);
        assert_int_equal(w.sim.xen.vector[VECTOR + e], 1);
    }
    assert_true(world_close(&w));
}

static void test_move_bound_a_vector_before_the_last_was_unbound(void **state)
{
    (void)state;
    both(unbind_first);
}

/* A mask that is half of a qword comes here on any Xen. */
static void masked_by_a_qword(const struct sim_xen_opts *xen)
{
    struct world w;

    open_msix(&w, 4, xen);
    msix_on(&w);
    entries_program(&w, 2);
    sim_guest_mmio_write(&w.sim.bus, table(&w) + 8, 8,
                         (UINT64_C(1) << 32) | VECTOR);
    entry_mask(&w, 1, true);
    world_bar_place(&w, 0, FAR);
    assert_true(silent(&w, 0));
    assert_true(silent(&w, 1));
    entry_mask(&w, 1, false);
    assert_int_equal(w.sim.xen.vector[VECTOR + 1], 1);
    assert_true(world_close(&w));
}

static void test_a_qword_made_later_masks_be_forgotten(void **state)
{
    (void)state;
    both(masked_by_a_qword);
}

static void masked_and_moved(const struct sim_xen_opts *xen)
{
    struct world w;

    open_msix(&w, 2, xen);
    msix_on(&w);
    entry_program(&w, 0, VECTOR);
    entry_mask(&w, 0, true);
    world_bar_place(&w, 0, FAR);
    assert_true(silent(&w, 0));
    entry_mask(&w, 0, false);
    assert_int_equal(w.sim.xen.vector[VECTOR], 1);
    assert_true(hears(&w, 0, VECTOR));
    /* The same through nowhere. */
    entry_mask(&w, 0, true);
    wr16(&w, PCI_COMMAND, PCI_COMMAND_MASTER);
    wr16(&w, PCI_COMMAND, PCI_COMMAND_MASTER | PCI_COMMAND_MEMORY);
    assert_true(silent(&w, 0));
    entry_mask(&w, 0, false);
    assert_true(hears(&w, 0, VECTOR));
    assert_true(world_close(&w));
}

static void test_entry_masked_then_moved_never_came_back(void **state)
{
    (void)state;
    both(masked_and_moved);
}

/* Masked and reprogrammed, then moved: bound as it is now, or not at all. */
static void changed_and_moved(const struct sim_xen_opts *xen)
{
    struct world w;

    open_msix(&w, 2, xen);
    msix_on(&w);
    entries_program(&w, 2);
    entry_mask(&w, 0, true);
    entry_message(&w, 0, VECTOR + 0x700);
    entry_mask(&w, 1, true);
    entry_message(&w, 1, VECTOR + 6);
    world_bar_place(&w, 0, FAR);
    assert_false(entry_bound(&w, 0));
    assert_null(pirq_of(&w, SIM_PIRQ_MSIX, 0));
    assert_true(silent(&w, 0));
    assert_true(silent(&w, 1));
    entry_program(&w, 0, VECTOR + 5);
    entry_mask(&w, 1, false);
    assert_true(hears(&w, 0, VECTOR + 5));
    assert_true(hears(&w, 1, VECTOR + 6));
    assert_true(world_close(&w));
}

static void test_entry_made_garbage_while_masked_and_moved(void **state)
{
    (void)state;
    both(changed_and_moved);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_1_6_16_bound_when_first_live_whatever_the_order),
        cmocka_unit_test(test_1_6_1_unmasking_with_msix_off_binds_nothing),
        cmocka_unit_test(test_field_1_5_unprogrammed_entries_are_never_bound),
        cmocka_unit_test(test_every_bit_of_an_entry_reaches_xen),
        cmocka_unit_test(test_1_6_13_only_what_changed_costs_a_hypercall),
        cmocka_unit_test(test_function_mask_silences_all_and_costs_nothing),
        cmocka_unit_test(test_1_6_14_driver_is_reloaded_10000_times),
        cmocka_unit_test(test_1_6_4_masks_survive_off_and_on),
        cmocka_unit_test(test_1_6_11_bar_moves_while_enabled),
        cmocka_unit_test(test_decoding_off_and_on_while_enabled),
        cmocka_unit_test(test_decoding_off_keeps_what_is_bound),
        cmocka_unit_test(test_xsa_157_enabled_without_decoding_binds_later),
        cmocka_unit_test(test_bar_moved_onto_another_device_and_away),
        cmocka_unit_test(test_2_19_4000_moves_take_no_more_room),
        cmocka_unit_test(test_resync_unmasked_an_entry_that_xen_had_masked),
        cmocka_unit_test(
            test_move_bound_a_vector_before_the_last_was_unbound),
        cmocka_unit_test(test_a_qword_made_later_masks_be_forgotten),
        cmocka_unit_test(test_entry_masked_then_moved_never_came_back),
        cmocka_unit_test(test_entry_made_garbage_while_masked_and_moved),
    };

    return cmocka_run_group_tests_name("MSI-X", tests, NULL, NULL);
}
