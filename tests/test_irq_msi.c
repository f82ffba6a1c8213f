/* SPDX-License-Identifier: GPL-2.0-or-later */
/* MSI: PCI 3.0 section 6.8.1; lessons 1.5. */
#include "lib-msi.h"

#define SHAPES 4

static bool untouched(const struct world *w)
{
    return w->sim.dev.count.msi_written_by_dm == 0;
}

/* ------------------------------------------------------------------ */
/* One vector                                                          */

static void test_each_shape_delivers_and_falls_back_to_intx(void **state)
{
    unsigned i;

    (void)state;
    for (i = 0; i < SHAPES; i++) {
        struct world w;

        open_shape(&w, i, 0, NULL);
        assert_true(hears_intx(&w, 0));
        msi_program(&w, ADDRESS, VECTOR);
        assert_int_equal(pirqs(&w), 1);  /* the line's */
        msi_on(&w, 0);
        assert_true(msi_reads_on(&w));
        assert_true(sim_dev_msi_enabled(&w.sim.dev));
        assert_true(hears(&w, 0, VECTOR));
        msi_off(&w);
        assert_false(msi_reads_on(&w));
        assert_int_equal(pirqs(&w), 1);
        assert_true(hears_intx(&w, 0));
        assert_true(untouched(&w));
        assert_true(world_close(&w));
    }
}

static void test_1_5_9_address_and_data_never_reach_the_device(void **state)
{
    unsigned i, at;

    (void)state;
    for (i = 0; i < SHAPES; i++) {
        struct capture c;
        struct world w;

        shape(&c, i, 2);
        irq_begin(&w, &c, POLICY(permissive), NULL);
        msi_start(&w, 0);
        for (at = MSI + 4; at < MSI + 24; at++) {
            wr8(&w, at, 0xa5);
            wr16(&w, at, 0x5a5a);
            wr32(&w, at, 0xffffffff);
            wr32(&w, at, 0);
        }
        assert_true(untouched(&w));
        assert_int_equal(sim_dev_writes_at(&w.sim.dev, MSI + 4,
                                           msi_data_reg(&w) - MSI - 2), 0);
        msi_program(&w, ADDRESS, VECTOR);
        wr32(&w, msi_mask_reg(&w), 0);
        assert_true(hears(&w, 0, VECTOR));
        assert_true(world_close(&w));
    }
}

static void test_1_5_2_mapped_with_entry_0_and_no_table(void **state)
{
    struct world w;

    (void)state;
    open_shape(&w, 3, 0, NULL);
    msi_start(&w, 0);
    assert_int_equal(pirq_of(&w, SIM_PIRQ_MSI, 0)->entry, 0);
    assert_int_equal(pirq_of(&w, SIM_PIRQ_MSI, 0)->gtable, 0);
    assert_true(world_close(&w));
}

static void test_1_5_3_enable_reads_0_where_xen_refuses(void **state)
{
    static const enum sim_call call[] = { SIM_MAP_MSI, SIM_BIND_MSI };
    unsigned i, j;

    (void)state;
    for (i = 0; i < COUNT(call); i++) {
        struct world w;

        open_shape(&w, 3, 0, NULL);
        msi_program(&w, ADDRESS, VECTOR);
        sim_fault_always(&w.sim.xen.kind_fault[call[i]], EPERM);
        for (j = 0; j < 3; j++) {
            msi_on(&w, 0);
            assert_false(msi_reads_on(&w));
            assert_false(sim_dev_msi_enabled(&w.sim.dev));
            assert_int_equal(pirqs(&w), 1);
            assert_true(hears_intx(&w, 0));
        }
        assert_int_equal(w.sim.bus.lines[PT_LOG_ERROR], 1);
        sim_fault_clear(&w.sim.xen.kind_fault[call[i]]);
        msi_on(&w, 0);
        assert_true(msi_reads_on(&w));
        assert_true(hears(&w, 0, VECTOR));
        assert_true(world_close(&w));
    }
}

static void test_1_5_6_registers_start_as_after_a_reset(void **state)
{
    struct capture c;
    struct world w;
    unsigned i;

    (void)state;
    shape(&c, 3, 3);
    /* The last owner left everything as it was. */
    pt_store(c.cfg + MSI + PCI_MSI_FLAGS, MSI_64 | MSI_MASKS |
             MSI_CAPABLE(3) | 3 << 4 | PCI_MSI_FLAGS_ENABLE, 2);
    memset(c.cfg + MSI + 4, 0xa5, 16);
    irq_begin(&w, &c, NULL, NULL);
    assert_false(sim_dev_msi_enabled(&w.sim.dev));
    assert_int_equal(rd16(&w, MSI + PCI_MSI_FLAGS),
                     MSI_64 | MSI_MASKS | MSI_CAPABLE(3));
    for (i = MSI + 4; i < MSI + 14; i++) {
        assert_int_equal(rd8(&w, i), 0);
    }
    assert_int_equal(rd32(&w, msi_mask_reg(&w)), 0);
    wr32(&w, MSI + PCI_MSI_ADDRESS_LO, 0xffffffff);
    assert_int_equal(rd32(&w, MSI + PCI_MSI_ADDRESS_LO), 0xfffffffc);
    wr16(&w, MSI + PCI_MSI_DATA_64, 0xffff);
    assert_int_equal(rd16(&w, MSI + PCI_MSI_DATA_64), 0xffff);
    assert_true(world_close(&w));
}

static void test_1_5_8_changes_while_disabled_hold_when_enabled(void **state)
{
    struct world w;

    (void)state;
    open_shape(&w, 1, 0, NULL);
    msi_start(&w, 0);
    msi_off(&w);
    msi_program(&w, ADDRESS, VECTOR + 1);
    msi_on(&w, 0);
    assert_true(hears(&w, 0, VECTOR + 1));
    assert_true(world_close(&w));
}

static void test_changes_while_enabled_rebind(void **state)
{
    unsigned i;

    (void)state;
    for (i = 0; i < SHAPES; i++) {
        struct world_cost then;
        struct world w;

        open_shape(&w, i, 0, NULL);
        msi_start(&w, 0);
        then = world_cost(&w);
        wr16(&w, msi_data_reg(&w), VECTOR + 5);
        assert_int_equal(calls_since(&w, &then, SIM_BIND_MSI), 1);
        assert_int_equal(world_cost_since(&w, &then).hypercalls, 1);
        assert_true(hears(&w, 0, VECTOR + 5));
        wr32(&w, MSI + PCI_MSI_ADDRESS_LO, 0xfee07000);
        assert_int_equal(pirq_of(&w, SIM_PIRQ_MSI, 0)->gflags &
                         PT_GFLAGS_DEST_ID_MASK, 7);
        /* By bytes too. */
        wr8(&w, msi_data_reg(&w), VECTOR + 6);
        assert_true(hears(&w, 0, VECTOR + 6));
        assert_true(world_close(&w));
    }
}

static void test_every_bit_of_the_message_reaches_xen(void **state)
{
    const struct sim_pirq *p;
    struct world w;

    (void)state;
    open_shape(&w, 1, 0, NULL);
    msi_program(&w, 0xfeeab00c, 0x8000 | 0x0100 | 0x99);
    msi_on(&w, 0);
    p = pirq_of(&w, SIM_PIRQ_MSI, 0);
    assert_int_equal(p->gvec, 0x99);
    assert_int_equal(p->gflags, 0xab | PT_GFLAGS_RH | PT_GFLAGS_DM | 0x1000 |
                     PT_GFLAGS_TRIG | PT_GFLAGS_UNMASKED);
    msi_program(&w, 0xfeeab008, 0x99);
    p = pirq_of(&w, SIM_PIRQ_MSI, 0);
    assert_int_equal(p->gflags, 0xab | PT_GFLAGS_RH | PT_GFLAGS_UNMASKED);
    assert_true(world_close(&w));
}

/* field 1.5: "unsupported MSI delivery mode 7". */
static void test_field_1_5_what_was_not_programmed_is_never_bound(void **st)
{
    static const struct { uint32_t addr, data; } garbage[] = {
        { 0, 0 }, { 0, VECTOR }, { 0xffffffff, 0xffff }, { ADDRESS, 0x0740 },
        { ADDRESS, 0x0240 }, { ADDRESS, 0x0440 }, { ADDRESS, 0x0540 },
        { ADDRESS, 0x0640 }, { ADDRESS, 0x0340 }, { 0xfed00000, VECTOR },
        { 0xfef00000, VECTOR }, { 0xfde00000, VECTOR },
    };
    unsigned i;

    (void)st;
    for (i = 0; i < COUNT(garbage); i++) {
        struct world w;

        open_shape(&w, 3, 0, NULL);
        msi_program(&w, garbage[i].addr, garbage[i].data);
        msi_on(&w, 0);
        assert_true(msi_reads_on(&w));
        assert_int_equal(w.sim.xen.calls[SIM_BIND_MSI], 0);
        assert_true(silent(&w, 0));
        wr16(&w, msi_data_reg(&w), VECTOR);
        wr32(&w, MSI + PCI_MSI_ADDRESS_LO, ADDRESS);
        assert_true(msi_bound(&w, 0));
        /* What became pending meanwhile comes now. */
        assert_int_equal(w.sim.xen.vector[VECTOR], 1);
        /* And back: what was bound is not any more. */
        msi_program(&w, garbage[i].addr, garbage[i].data);
        assert_false(msi_bound(&w, 0));
        assert_true(world_close(&w));
    }
}

static void test_1_5_14_driver_is_reloaded_10000_times(void **state)
{
    const struct sim_xen_opts xen = { .max_pirqs = 5 };
    unsigned i, n = world_rounds(10000);
    struct world w;

    (void)state;
    open_shape(&w, 3, 2, &xen);
    for (i = 0; i < n; i++) {
        msi_program(&w, ADDRESS, VECTOR + i % 64);
        wr32(&w, msi_mask_reg(&w), 0);
        msi_on(&w, i % 3);
        assert_true(msi_reads_on(&w));
        assert_int_equal(pirqs(&w), 1u << i % 3);
        msi_off(&w);
        assert_int_equal(pirqs(&w), 1);
    }
    assert_true(hears_intx(&w, 0));
    assert_true(world_close(&w));
}

static void test_1_5_13_64_bit_stays_after_a_disable(void **state)
{
    struct world w;

    (void)state;
    open_shape(&w, 1, 0, NULL);
    msi_start(&w, 0);
    msi_off(&w);
    assert_true(rd16(&w, MSI + PCI_MSI_FLAGS) & PCI_MSI_FLAGS_64BIT);
    wr32(&w, MSI + PCI_MSI_ADDRESS_HI, 0x12345678);
    assert_int_equal(rd32(&w, MSI + PCI_MSI_ADDRESS_HI), 0x12345678);
    assert_true(world_close(&w));
}

static void test_1_5_5_detach_while_enabled_leaves_nothing(void **state)
{
    unsigned i, log2;

    (void)state;
    for (i = 0; i < SHAPES; i++) {
        for (log2 = 0; log2 <= 5; log2++) {
            struct world w;

            open_shape(&w, i, log2, NULL);
            msi_start(&w, log2);
            assert_int_equal(bound(&w), 1u << log2);
            assert_true(world_close(&w));
        }
    }
}

static void test_left_enabled_by_the_last_owner_is_switched_off(void **state)
{
    struct capture c;
    struct world w;

    (void)state;
    shape(&c, 1, 2);
    c.cfg[MSI + PCI_MSI_FLAGS] |= PCI_MSI_FLAGS_ENABLE | 2 << 4;
    irq_begin(&w, &c, NULL, NULL);
    assert_false(sim_dev_msi_enabled(&w.sim.dev));
    assert_false(msi_reads_on(&w));
    assert_true(hears_intx(&w, 0));
    msi_start(&w, 0);
    assert_true(hears(&w, 0, VECTOR));
    assert_true(world_close(&w));
}

/* ------------------------------------------------------------------ */
/* Masks                                                               */

static void masks_are_honoured(unsigned i)
{
    struct world w;
    unsigned reg;

    open_shape(&w, i, 0, NULL);
    reg = msi_mask_reg(&w);
    msi_program(&w, ADDRESS, VECTOR);
    wr32(&w, reg, 1);
    msi_on(&w, 0);
    assert_int_equal(rd32(&w, reg), 1);
    assert_true(silent(&w, 0));
    assert_int_equal(rd32(&w, reg + 4), 1);  /* pending, the device's word */
    wr32(&w, reg, 0);
    assert_int_equal(w.sim.xen.vector[VECTOR], 1);
    assert_int_equal(rd32(&w, reg + 4), 0);
    assert_true(hears(&w, 0, VECTOR));
    /* Masked again, the message changes, unmasked. */
    wr8(&w, reg, 1);
    assert_true(silent(&w, 0));
    wr16(&w, msi_data_reg(&w), VECTOR + 1);
    assert_int_equal(w.sim.xen.vector[VECTOR + 1], 0);
    wr8(&w, reg, 0);
    assert_int_equal(w.sim.xen.vector[VECTOR + 1], 1);
    assert_true(untouched(&w));
    assert_true(world_close(&w));
}

/* What follows the structure is not its mask register. */
static void test_msi_without_masks_right_before_another_structure(void **st)
{
    struct capture c;
    struct world w;

    (void)st;
    irq_card(&c);
    add_msi(&c, MSI_64);
    card_msix(&c, MSI + PCI_MSI_MASK_BIT_64, 2, 0x1000, 0x2000);
    irq_begin(&w, &c, NULL, NULL);
    msi_start(&w, 0);
    assert_true(hears(&w, 0, VECTOR));
    assert_true(world_close(&w));
}

static void test_2_16_guests_mask_is_honoured_and_then_delivered(void **state)
{
    (void)state;
    masks_are_honoured(2);
    masks_are_honoured(3);
}

static void test_1_5_17_bound_vectors_are_unmasked(void **state)
{
    struct world w;

    (void)state;
    open_shape(&w, 3, 0, NULL);
    msi_start(&w, 0);
    assert_true(pirq_of(&w, SIM_PIRQ_MSI, 0)->gflags & PT_GFLAGS_UNMASKED);
    assert_int_equal(dev(&w, w.sim.dev.msi.mask, 4), 0);
    assert_true(world_close(&w));
}

static void test_masks_of_vectors_that_are_not_offered_stay_0(void **state)
{
    unsigned log2;

    (void)state;
    for (log2 = 0; log2 <= 5; log2++) {
        uint32_t all = (uint32_t)((UINT64_C(1) << (1u << log2)) - 1);
        struct world w;

        open_shape(&w, 3, log2, NULL);
        wr32(&w, msi_mask_reg(&w), 0xffffffff);
        assert_int_equal(rd32(&w, msi_mask_reg(&w)), all);
        assert_true(world_close(&w));
    }
}

static void test_each_of_32_masks_silences_its_vector(void **state)
{
    struct world w;
    unsigned i, j;

    (void)state;
    open_shape(&w, 3, 5, NULL);
    msi_start(&w, 5);
    for (i = 0; i < 32; i++) {
        wr32(&w, msi_mask_reg(&w), UINT32_C(1) << i);
        for (j = 0; j < 32; j++) {
            assert_int_equal(msi_bound(&w, j), j != i);
        }
        assert_true(silent(&w, i));
        assert_true(hears(&w, i ^ 1, VECTOR + (i ^ 1)));
        sim_dev_poke(&w.sim.dev, w.sim.dev.msi.pending, 4, 0);
    }
    assert_true(untouched(&w));
    assert_true(world_close(&w));
}

/* ------------------------------------------------------------------ */
/* Several vectors                                                     */

static void test_several_vectors_are_told_apart_by_low_bits(void **state)
{
    unsigned log2, i;

    (void)state;
    for (log2 = 0; log2 <= 5; log2++) {
        struct world w;

        open_shape(&w, 3, 5, NULL);
        assert_int_equal(rd16(&w, MSI + PCI_MSI_FLAGS) & PCI_MSI_FLAGS_QMASK,
                         5 << 1);
        /* The guest's low bits are the device's to fill. */
        msi_program(&w, ADDRESS, 0x60 | ((1u << log2) - 1));
        msi_on(&w, log2);
        for (i = 0; i < 1u << log2; i++) {
            assert_true(hears(&w, i, 0x60 + i));
        }
        assert_int_equal(sim_dev_send_msi(&w.sim.dev, 1u << log2),
                         SIM_NOT_SENT);
        assert_true(world_close(&w));
    }
}

static void test_block_is_mapped_in_one_call_and_unmapped_by_its_first(
    void **state)
{
    const struct sim_xen_opts xen = { .first_pirq = 247, .max_pirqs = 9 };
    struct world_cost then;
    struct world w;

    (void)state;
    open_shape(&w, 3, 3, &xen);
    msi_program(&w, ADDRESS, VECTOR);
    then = world_cost(&w);
    msi_on(&w, 3);
    assert_int_equal(calls_since(&w, &then, SIM_MAP_MSI), 1);
    assert_int_equal(calls_since(&w, &then, SIM_BIND_MSI), 8);
    assert_int_equal(pirq_of(&w, SIM_PIRQ_MSI, 7)->first, 256);
    assert_true(hears(&w, 7, VECTOR + 7));  /* pirq 263 */
    then = world_cost(&w);
    msi_off(&w);
    assert_int_equal(calls_since(&w, &then, SIM_UNBIND_MSI), 8);
    assert_int_equal(calls_since(&w, &then, SIM_UNMAP_PIRQ), 1);
    assert_int_equal(pirqs(&w), 1);
    assert_true(world_close(&w));
}

static void test_no_more_vectors_are_offered_than_xen_gives(void **state)
{
    static const struct { struct sim_xen_opts xen; unsigned log2; } t[] = {
        { { .no_multi_msi = true }, 0 },
        { { .max_pirqs = 32 }, 5 },
        { { .max_pirqs = 31 }, 4 },
        { { .max_pirqs = 4 }, 2 },
        { { .max_pirqs = 1 }, 0 },
    };
    unsigned i;

    (void)state;
    for (i = 0; i < COUNT(t); i++) {
        struct world w;

        open_shape(&w, 1, 5, &t[i].xen);
        assert_int_equal((rd16(&w, MSI + PCI_MSI_FLAGS) >> 1) & 7,
                         t[i].log2);
        wr16(&w, MSI + PCI_MSI_FLAGS, 7 << 4);
        assert_int_equal((rd16(&w, MSI + PCI_MSI_FLAGS) >> 4) & 7,
                         t[i].log2);
        msi_start(&w, t[i].log2);
        assert_true(msi_reads_on(&w));
        assert_int_equal(logged(&w, "the guest has one"), 0);
        assert_true(world_close(&w));
    }
}

/* Before the device is assigned Xen maps none, which does not say how many. */
static void test_device_not_assigned_yet_was_offered_one_vector(void **state)
{
    struct capture c;
    struct world w;

    (void)state;
    shape(&c, 1, 5);
    irq_init(&w, &c, NULL, NULL);
    sim_xen_leave(&w.sim.xen, &w.sim.dev);
    assert_true(world_attach(&w));
    sim_xen_assign(&w.sim.xen, &w.sim.dev);
    place_and_decode(&w);
    assert_int_equal((rd16(&w, MSI + PCI_MSI_FLAGS) >> 1) & 7, 5);
    msi_start(&w, 3);
    assert_true(hears(&w, 7, VECTOR + 7));
    assert_true(world_close(&w));
}

/* What was there at attach is not there later: one vector, and said so. */
static void test_falls_back_to_one_vector_and_shows_it(void **state)
{
    struct world w;

    (void)state;
    open_shape(&w, 3, 2, NULL);
    msi_program(&w, ADDRESS, VECTOR);
    w.sim.xen.opts.no_multi_msi = true;
    msi_on(&w, 2);
    assert_true(msi_reads_on(&w));
    assert_int_equal(rd16(&w, MSI + PCI_MSI_FLAGS) & PCI_MSI_FLAGS_QSIZE, 0);
    assert_int_equal(logged(&w, "the guest has one"), 1);
    assert_true(hears(&w, 0, VECTOR));
    assert_int_equal(sim_dev_send_msi(&w.sim.dev, 1), SIM_NOT_SENT);
    assert_int_equal(pirqs(&w), 1);
    /* Later there is room again. */
    msi_off(&w);
    w.sim.xen.opts.no_multi_msi = false;
    msi_on(&w, 2);
    assert_true(hears(&w, 3, VECTOR + 3));
    assert_true(world_close(&w));
}

static void test_number_of_vectors_changed_while_enabled(void **state)
{
    struct world w;
    unsigned i;

    (void)state;
    open_shape(&w, 3, 4, NULL);
    msi_program(&w, ADDRESS, VECTOR);
    for (i = 0; i <= 4; i++) {
        sim_dev_forget(&w.sim.dev);
        msi_on(&w, i);
        /* Xen changes its messages while the device is off. */
        assert_int_equal(sim_dev_writes_at(&w.sim.dev, MSI + PCI_MSI_FLAGS,
                                           2), i ? 2 : 1);
        assert_int_equal(pirqs(&w), 1u << i);
        assert_true(hears(&w, (1u << i) - 1, VECTOR + (1u << i) - 1));
    }
    msi_on(&w, 1);
    assert_int_equal(pirqs(&w), 2);
    assert_true(world_close(&w));
}

static void test_data_changed_while_a_block_is_enabled(void **state)
{
    struct world_cost then;
    struct world w;

    (void)state;
    open_shape(&w, 3, 2, NULL);
    msi_start(&w, 2);
    then = world_cost(&w);
    wr16(&w, msi_data_reg(&w), 0x80);
    assert_int_equal(world_cost_since(&w, &then).hypercalls, 4);
    assert_true(hears(&w, 2, 0x82));
    /* Low bits are not the guest's: nothing changed. */
    then = world_cost(&w);
    wr16(&w, msi_data_reg(&w), 0x83);
    assert_int_equal(world_cost_since(&w, &then).hypercalls, 0);
    assert_true(world_close(&w));
}

static void test_one_vector_of_a_block_cant_be_bound(void **state)
{
    struct world w;
    unsigned n;

    (void)state;
    for (n = 1; n <= 4; n++) {
        open_shape(&w, 3, 2, NULL);
        msi_program(&w, ADDRESS, VECTOR);
        sim_fault_at(&w.sim.xen.kind_fault[SIM_BIND_MSI], n, ENOMEM);
        msi_on(&w, 2);
        assert_false(msi_reads_on(&w));
        assert_int_equal(pirqs(&w), 1);
        msi_on(&w, 2);
        assert_true(hears(&w, n - 1, VECTOR + n - 1));
        assert_true(world_close(&w));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_shape_delivers_and_falls_back_to_intx),
        cmocka_unit_test(test_1_5_9_address_and_data_never_reach_the_device),
        cmocka_unit_test(test_1_5_2_mapped_with_entry_0_and_no_table),
        cmocka_unit_test(test_1_5_3_enable_reads_0_where_xen_refuses),
        cmocka_unit_test(test_1_5_6_registers_start_as_after_a_reset),
        cmocka_unit_test(test_1_5_8_changes_while_disabled_hold_when_enabled),
        cmocka_unit_test(test_changes_while_enabled_rebind),
        cmocka_unit_test(test_every_bit_of_the_message_reaches_xen),
        cmocka_unit_test(
            test_field_1_5_what_was_not_programmed_is_never_bound),
        cmocka_unit_test(test_1_5_14_driver_is_reloaded_10000_times),
        cmocka_unit_test(test_1_5_13_64_bit_stays_after_a_disable),
        cmocka_unit_test(test_1_5_5_detach_while_enabled_leaves_nothing),
        cmocka_unit_test(test_left_enabled_by_the_last_owner_is_switched_off),
        cmocka_unit_test(
            test_2_16_guests_mask_is_honoured_and_then_delivered),
        cmocka_unit_test(
            test_msi_without_masks_right_before_another_structure),
        cmocka_unit_test(test_1_5_17_bound_vectors_are_unmasked),
        cmocka_unit_test(test_masks_of_vectors_that_are_not_offered_stay_0),
        cmocka_unit_test(test_each_of_32_masks_silences_its_vector),
        cmocka_unit_test(test_several_vectors_are_told_apart_by_low_bits),
        cmocka_unit_test(
            test_block_is_mapped_in_one_call_and_unmapped_by_its_first),
        cmocka_unit_test(test_no_more_vectors_are_offered_than_xen_gives),
        cmocka_unit_test(
            test_device_not_assigned_yet_was_offered_one_vector),
        cmocka_unit_test(test_falls_back_to_one_vector_and_shows_it),
        cmocka_unit_test(test_number_of_vectors_changed_while_enabled),
        cmocka_unit_test(test_data_changed_while_a_block_is_enabled),
        cmocka_unit_test(test_one_vector_of_a_block_cant_be_bound),
    };

    return cmocka_run_group_tests_name("MSI", tests, NULL, NULL);
}
