/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What interrupts cost: hypercalls, accesses, log lines, allocations. Counted,
 * never timed.
 */
#include "lib-alloc.h"
#include "lib-irq.h"

#define ENTRIES 128

static void open_costs(struct world *w, bool all_writes)
{
    const struct sim_xen_opts xen = { .all_writes = all_writes };
    struct capture c;

    world_allocs = &alloc_count;
    irq_card(&c);
    add_msi(&c, MSI_64 | MSI_MASKS | MSI_CAPABLE(5));
    add_msix(&c, ENTRIES, 0x2000);
    irq_begin(w, &c, NULL, &xen);
}

/* Is the line unbound once (@off), or mapped and bound, as lib-irq.h says? */
static bool line_cost(const struct world_cost *c, bool off)
{
    return c->calls[SIM_UNBIND_INTX] == off &&
        c->calls[SIM_LOWER_INTX] == off &&
        c->calls[SIM_MAP_GSI] == !off && c->calls[SIM_BIND_INTX] == !off;
}

/* Hypercalls of interrupts since @then: to messages, and no others. */
static bool maps_and_binds(const struct world *w,
                           const struct world_cost *then, unsigned maps,
                           unsigned binds)
{
    struct world_cost c = world_cost_since(w, then);

    return c.calls[SIM_MAP_MSI] == maps && c.calls[SIM_BIND_MSI] == binds &&
        line_cost(&c, true) && c.hypercalls == maps + binds + LINE_OFF;
}

static void test_enabling_n_entries_is_n_maps_and_n_binds(void **state)
{
    static const unsigned n[] = { 0, 1, 2, 7, 64, ENTRIES };
    unsigned i, before;

    (void)state;
    for (i = 0; i < COUNT(n); i++) {
        for (before = 0; before < 2; before++) {
            struct world_cost then;
            struct world w;

            open_costs(&w, i % 2);
            then = world_cost(&w);
            if (before) {
                entries_program(&w, n[i]);
                msix_on(&w);
            } else {
                msix_set(&w, PCI_MSIX_ENABLE | PCI_MSIX_MASK);
                entries_program(&w, n[i]);
                msix_on(&w);
            }
            assert_true(maps_and_binds(&w, &then, n[i], n[i]));
            assert_int_equal(world_cost_since(&w, &then).allocs, 0);
            /* The control register is written, and never read. */
            assert_true(world_cost_since(&w, &then).writes <= 2);
            assert_int_equal(world_cost_since(&w, &then).reads, 0);
            assert_true(world_close(&w));
        }
    }
}

static void test_disabling_n_entries_is_n_unbinds_and_n_unmaps(void **state)
{
    struct world_cost then, c;
    struct world w;

    (void)state;
    open_costs(&w, false);
    entries_program(&w, ENTRIES);
    msix_on(&w);
    then = world_cost(&w);
    msix_off(&w);
    c = world_cost_since(&w, &then);
    assert_int_equal(c.calls[SIM_UNBIND_MSI], ENTRIES);
    assert_int_equal(c.calls[SIM_UNMAP_PIRQ], ENTRIES);
    assert_true(line_cost(&c, false));
    assert_int_equal(c.hypercalls, 2 * ENTRIES + LINE_ON);
    assert_true(world_close(&w));
}

static void test_a_block_of_msis_is_1_map_and_n_binds(void **state)
{
    unsigned log2;

    (void)state;
    for (log2 = 0; log2 <= 5; log2++) {
        struct world_cost then;
        struct world w;

        open_costs(&w, false);
        msi_program(&w, ADDRESS, VECTOR);
        then = world_cost(&w);
        msi_on(&w, log2);
        assert_true(maps_and_binds(&w, &then, 1, 1u << log2));
        then = world_cost(&w);
        msi_off(&w);
        assert_int_equal(calls_since(&w, &then, SIM_UNBIND_MSI), 1u << log2);
        assert_int_equal(calls_since(&w, &then, SIM_UNMAP_PIRQ), 1);
        assert_true(world_close(&w));
    }
}

/*
 * A guest can do so as fast as it likes: what it costs the host each time is
 * bounded, and nothing of it stays.
 */
static void toggle(struct world *w, bool msix, unsigned vectors)
{
    struct world_cost then = world_cost(w), c;
    unsigned i, n = 100;

    for (i = 0; i < n; i++) {
        if (msix) {
            msix_on(w);
            msix_off(w);
        } else {
            msi_on(w, 0);
            msi_off(w);
        }
    }
    c = world_cost_since(w, &then);
    assert_int_equal(c.hypercalls,
                     n * (4 * vectors + LINE_OFF + LINE_ON));
    assert_int_equal(c.calls[SIM_UNBIND_INTX], n);
    assert_int_equal(c.calls[SIM_BIND_INTX], n);
    /* The enable bit. */
    assert_int_equal(c.writes, 2 * n);
    assert_int_equal(c.reads, 0);
    assert_int_equal(c.lines + c.allocs, 0);
    assert_int_equal(pirqs(w), 1);
    assert_true(hears_intx(w, 0));
}

static void test_messages_on_and_off_without_end_cost_the_same_each_time(
    void **state)
{
    struct world w;

    (void)state;
    open_costs(&w, false);
    msi_program(&w, ADDRESS, VECTOR);
    toggle(&w, false, 1);
    toggle(&w, true, 0);
    entries_program(&w, 7);
    toggle(&w, true, 7);
    assert_true(world_close(&w));
}

static void test_masked_entries_cost_nothing(void **state)
{
    struct world_cost then;
    struct world w;
    unsigned i;

    (void)state;
    open_costs(&w, false);
    for (i = 0; i < ENTRIES; i++) {
        entry_message(&w, i, VECTOR);
    }
    then = world_cost(&w);
    msix_on(&w);
    assert_true(maps_and_binds(&w, &then, 0, 0));
    assert_true(world_close(&w));
}

/* But one write for an enable bit: see test_irq_lost.c. */
static void test_rewriting_the_same_values_costs_nothing(void **state)
{
    struct world_cost then;
    struct world w;
    unsigned v419, i;

    (void)state;
    for (v419 = 0; v419 < 2; v419++) {
        open_costs(&w, v419);
        entries_program(&w, ENTRIES);
        msix_on(&w);
        then = world_cost(&w);
        for (i = 0; i < 10; i++) {
            entries_program(&w, ENTRIES);
            msix_on(&w);
            wr16(&w, PCI_COMMAND, rd16(&w, PCI_COMMAND));
            wr32(&w, PCI_BASE_ADDRESS_0, rd32(&w, PCI_BASE_ADDRESS_0));
        }
        assert_int_equal(world_cost_since(&w, &then).hypercalls, 0);
        assert_int_equal(world_cost_since(&w, &then).traps, 0);
        assert_int_equal(world_cost_since(&w, &then).allocs, 0);
        msix_off(&w);
        msi_start(&w, 3);
        then = world_cost(&w);
        for (i = 0; i < 10; i++) {
            wr32(&w, MSI + PCI_MSI_ADDRESS_LO, ADDRESS);
            wr32(&w, MSI + PCI_MSI_ADDRESS_HI, 0);
            wr16(&w, MSI + PCI_MSI_DATA_64, VECTOR);
            wr32(&w, msi_mask_reg(&w), 0);
            msi_on(&w, 3);
        }
        assert_int_equal(world_cost_since(&w, &then).hypercalls, 0);
        assert_int_equal(world_cost_since(&w, &then).reads, 0);
        assert_int_equal(world_cost_since(&w, &then).writes, 10);
        assert_true(world_close(&w));
    }
}

static void test_masking_and_unmasking_a_bound_entry_costs_nothing(void **st)
{
    struct world_cost then;
    struct world w;
    unsigned v419, i, e;

    (void)st;
    for (v419 = 0; v419 < 2; v419++) {
        uint64_t trapped;

        open_costs(&w, v419);
        entries_program(&w, ENTRIES);
        msix_on(&w);
        then = world_cost(&w);
        trapped = w.sim.bus.trapped_writes;
        for (i = 0; i < 10; i++) {
            for (e = 0; e < ENTRIES; e++) {
                entry_mask(&w, e, true);
                entry_mask(&w, e, false);
            }
        }
        assert_int_equal(world_cost_since(&w, &then).hypercalls, 0);
        assert_int_equal(world_cost_since(&w, &then).mmio, 0);
        assert_int_equal(world_cost_since(&w, &then).reads, 0);
        /* Before 4.19 Xen does it all by itself. */
        assert_int_equal(w.sim.bus.trapped_writes - trapped,
                         v419 ? 20 * ENTRIES : 0);
        assert_true(world_close(&w));
    }
}

static void test_function_mask_costs_one_write(void **state)
{
    struct world_cost then, c;
    struct world w;

    (void)state;
    open_costs(&w, false);
    entries_program(&w, ENTRIES);
    msix_on(&w);
    then = world_cost(&w);
    msix_set(&w, PCI_MSIX_ENABLE | PCI_MSIX_MASK);
    c = world_cost_since(&w, &then);
    assert_int_equal(c.hypercalls, 0);
    assert_int_equal(c.writes, 1);
    assert_int_equal(c.reads, 0);
    assert_true(world_close(&w));
}

static void test_a_move_is_one_rebind_a_bound_vector(void **state)
{
    static const unsigned n[] = { 0, 1, 5, ENTRIES };
    unsigned i, masked;

    (void)state;
    for (i = 0; i < COUNT(n); i++) {
        for (masked = 0; masked < 2; masked++) {
            struct world_cost then, c;
            struct world w;
            unsigned e;

            open_costs(&w, i % 2);
            entries_program(&w, n[i]);
            msix_on(&w);
            for (e = 0; masked && e < n[i]; e++) {
                entry_mask(&w, e, true);
            }
            then = world_cost(&w);
            wr32(&w, PCI_BASE_ADDRESS_0, (uint32_t)FAR);
            c = world_cost_since(&w, &then);
            assert_int_equal(c.calls[SIM_UNBIND_MSI], n[i]);
            assert_int_equal(c.calls[SIM_BIND_MSI], n[i]);
            assert_int_equal(c.calls[SIM_MAP_MSI], 0);
            assert_int_equal(c.calls[SIM_UNMAP_PIRQ], 0);
            /* Below, between and above table and pending bits. */
            assert_int_equal(c.calls[SIM_MAP_MEMORY], 3);
            assert_int_equal(c.calls[SIM_UNMAP_MEMORY], 3);
            assert_int_equal(c.hypercalls, 2 * n[i] + 6);
            assert_int_equal(c.reads + c.writes, 0);
            /* Until Xen tells us of masks, only the device knows them. */
            assert_int_equal(c.mmio, i % 2 && masked ? 0 : n[i]);
            assert_int_equal(c.allocs, 0);
            assert_true(world_close(&w));
        }
    }
}

/* Command takes one, and MSI-X that is on another; and it is looked at first. */
static void test_a_detach_takes_one_write_or_two(void **state)
{
    unsigned on;

    (void)state;
    for (on = 0; on < 2; on++) {
        struct world_cost then, cost;
        struct capture c;
        struct world w;

        irq_card(&c);
        add_msix(&c, 2, 0x2000);
        pt_store(c.cfg + PCI_COMMAND, PCI_COMMAND_IO | PCI_COMMAND_MEMORY, 2);
        irq_init(&w, &c, NULL, NULL);
        assert_true(world_attach(&w));
        world_place_all(&w);
        world_decode(&w, true);
        if (on) {
            entries_program(&w, 2);
            msix_on(&w);
        }
        then = world_cost(&w);
        world_detach(&w);
        cost = world_cost_since(&w, &then);
        assert_int_equal(cost.writes, 1 + on);
        assert_int_equal(cost.reads, 1);
        assert_int_equal(sim_dev_peek(&w.sim.dev, PCI_COMMAND, 2),
                         PCI_COMMAND_IO | PCI_COMMAND_MEMORY);
        assert_true(world_close(&w));
    }
}

/* Another BAR's move does not concern the table. */
static void test_a_move_of_another_bar_costs_no_rebind(void **state)
{
    struct world_cost then;
    struct world w;

    (void)state;
    open_costs(&w, false);
    entries_program(&w, ENTRIES);
    msix_on(&w);
    then = world_cost(&w);
    world_bar_place(&w, 4, FAR);
    assert_int_equal(world_cost_since(&w, &then).hypercalls, 2);
    assert_true(world_close(&w));
}

/* Each try for a vector that has no pirq is one too many. */
static void test_what_does_not_concern_entries_does_not_try_them_again(
    void **state)
{
    struct world_cost then;
    struct world w;

    (void)state;
    open_costs(&w, false);
    w.sim.xen.opts.max_pirqs = 9;
    entries_program(&w, ENTRIES);
    msix_on(&w);
    then = world_cost(&w);
    world_bar_place(&w, 4, FAR);
    assert_int_equal(world_cost_since(&w, &then).hypercalls, 2);
    then = world_cost(&w);
    msi_off(&w);
    msi_program(&w, ADDRESS, VECTOR);
    wr32(&w, msi_mask_reg(&w), 5);
    assert_int_equal(world_cost_since(&w, &then).hypercalls, 0);
    /* Enabled again, which does: one, and not one for each of them. */
    msix_on(&w);
    assert_int_equal(world_cost_since(&w, &then).hypercalls, 1);
    assert_true(world_close(&w));
}

static void test_table_accesses_cost_no_host_access(void **state)
{
    struct world_cost then, c;
    struct world w;
    unsigned e, k;

    (void)state;
    open_costs(&w, false);
    then = world_cost(&w);
    for (e = 0; e < ENTRIES; e++) {
        entry_program(&w, e, VECTOR);
        for (k = 0; k < 4; k++) {
            entry_read(&w, e, k);
        }
    }
    c = world_cost_since(&w, &then);
    assert_int_equal(c.hypercalls + c.reads + c.writes + c.mmio, 0);
    assert_int_equal(c.allocs, 0);
    assert_true(world_close(&w));
}

static void test_attach_asks_for_the_number_of_msis_once(void **state)
{
    struct world w;

    (void)state;
    open_costs(&w, false);
    assert_int_equal(w.sim.xen.calls[SIM_MAP_MSI], 1);
    assert_int_equal(w.sim.xen.calls[SIM_UNMAP_PIRQ], 1);
    assert_int_equal(w.sim.xen.calls[SIM_MAP_GSI], 1);
    assert_int_equal(w.sim.xen.calls[SIM_BIND_INTX], 1);
    assert_true(world_close(&w));
}

/* ------------------------------------------------------------------ */
/* Hostile guests                                                      */

static void hostile_write(struct world *w, struct world_rng *r)
{
    uint32_t what = world_random(r), val = world_random(r);
    static const unsigned width[] = { 1, 2, 4, 8 };

    switch (what % 8) {
    case 0:
        msix_set(w, val);
        break;
    case 1:
        wr16(w, MSI + PCI_MSI_FLAGS, val);
        break;
    case 2:
        wr32(w, MSI + (val >> 8) % 20, val);
        break;
    case 3:
        wr16(w, PCI_COMMAND, val);
        break;
    case 4:
        wr32(w, PCI_BASE_ADDRESS_0, val);
        break;
    default:
        /* Half of the time an address that Xen would take. */
        sim_guest_mmio_write(&w->sim.bus, table(w) +
                             world_random(r) % (16 * ENTRIES + 64) -
                             (what & 0x100 ? 0 : 16),
                             width[what >> 9 & 3],
                             what & 0x800 ? ADDRESS : val);
        break;
    }
}

static void hostile(bool all_writes, unsigned rounds)
{
    const unsigned limit = 17;  /* enum pt_once has no more */
    struct world_rng r = { 42 };
    struct world_cost then;
    struct world w;
    unsigned i;

    open_costs(&w, all_writes);
    then = world_cost(&w);
    for (i = 0; i < rounds; i++) {
        hostile_write(&w, &r);
    }
    assert_true(world_cost_since(&w, &then).lines <= limit);
    assert_int_equal(w.sim.dev.count.msi_written_by_dm, 0);
    assert_int_equal(w.sim.dev.count.msix_written_by_dm, 0);
    /* After all that, an honest driver. */
    msi_off(&w);
    msix_off(&w);
    pt_reset(w.d);
    place_and_decode(&w);
    entries_program(&w, 4);
    msix_on(&w);
    assert_true(entry_bound(&w, 3));
    assert_true(hears(&w, 3, VECTOR + 3));
    assert_true(world_close(&w));
}

static void test_a_million_hostile_writes_log_a_few_lines(void **state)
{
    (void)state;
    hostile(false, world_rounds(500000));
    hostile(true, world_rounds(500000));
}

/* A million refusals of Xen's: each logged once. */
static void test_refusals_are_logged_once(void **state)
{
    unsigned i, n = world_rounds(20000);
    struct world w;

    (void)state;
    open_costs(&w, false);
    sim_fault_always(&w.sim.xen.kind_fault[SIM_MAP_MSI], ENOSPC);
    for (i = 0; i < n; i++) {
        msi_start(&w, i % 6);
        msix_on(&w);
        entry_program(&w, i % ENTRIES, VECTOR);
        msix_off(&w);
    }
    sim_fault_clear(&w.sim.xen.kind_fault[SIM_MAP_MSI]);
    sim_fault_always(&w.sim.xen.kind_fault[SIM_BIND_MSI], ENOSPC);
    for (i = 0; i < n; i++) {
        msi_on(&w, i % 6);
        msix_on(&w);
        entry_program(&w, i % ENTRIES, VECTOR);
        msix_off(&w);
    }
    assert_true(w.sim.bus.lines[PT_LOG_ERROR] <= 2);
    assert_true(w.sim.bus.lines[PT_LOG_WARNING] <= 1);
    assert_true(world_close(&w));
}

static void test_no_allocation_in_a_drivers_life(void **state)
{
    struct world_cost then;
    struct world w;
    unsigned i;

    (void)state;
    open_costs(&w, false);
    then = world_cost(&w);
    for (i = 0; i < 3; i++) {
        entries_program(&w, ENTRIES);
        msix_on(&w);
        wr32(&w, PCI_BASE_ADDRESS_0, (uint32_t)FAR + i * 0x20000);
        msix_off(&w);
        msi_start(&w, 5);
        msi_off(&w);
        pt_reset(w.d);
        place_and_decode(&w);
    }
    assert_int_equal(world_cost_since(&w, &then).allocs, 0);
    assert_true(world_close(&w));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_enabling_n_entries_is_n_maps_and_n_binds),
        cmocka_unit_test(test_disabling_n_entries_is_n_unbinds_and_n_unmaps),
        cmocka_unit_test(test_a_block_of_msis_is_1_map_and_n_binds),
        cmocka_unit_test(
            test_messages_on_and_off_without_end_cost_the_same_each_time),
        cmocka_unit_test(test_masked_entries_cost_nothing),
        cmocka_unit_test(test_rewriting_the_same_values_costs_nothing),
        cmocka_unit_test(
            test_masking_and_unmasking_a_bound_entry_costs_nothing),
        cmocka_unit_test(test_function_mask_costs_one_write),
        cmocka_unit_test(test_a_move_is_one_rebind_a_bound_vector),
        cmocka_unit_test(test_a_detach_takes_one_write_or_two),
        cmocka_unit_test(test_a_move_of_another_bar_costs_no_rebind),
        cmocka_unit_test(
            test_what_does_not_concern_entries_does_not_try_them_again),
        cmocka_unit_test(test_table_accesses_cost_no_host_access),
        cmocka_unit_test(test_attach_asks_for_the_number_of_msis_once),
        cmocka_unit_test(test_a_million_hostile_writes_log_a_few_lines),
        cmocka_unit_test(test_refusals_are_logged_once),
        cmocka_unit_test(test_no_allocation_in_a_drivers_life),
    };

    return cmocka_run_group_tests_name("interrupts, costs", tests, NULL,
                                       NULL);
}
