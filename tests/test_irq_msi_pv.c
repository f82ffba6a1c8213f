/* SPDX-License-Identifier: GPL-2.0-or-later */
/* MSI of drivers on Xen, and over resets: PCI 3.0 section 6.8.1; lessons. */
#include "lib-msi.h"

/* ------------------------------------------------------------------ */
/* PV drivers: vector 0, and the pirq's number in the address            */

/* As an operating system on Xen composes it: its low bits in 19:12. */
static void pv_program(struct world *w, unsigned pirq)
{
    wr32(w, MSI + PCI_MSI_ADDRESS_LO, 0xfee00000 | (pirq & 0xff) << 12);
    wr32(w, MSI + PCI_MSI_ADDRESS_HI, pirq & ~0xffu);
    wr16(w, msi_data_reg(w), 0x4300);
}

static void test_1_5_10_vector_0_names_a_pirq(void **state)
{
    static const unsigned want[] = { 20, 200, 255, 256, 261 };
    unsigned i;

    (void)state;
    for (i = 0; i < COUNT(want); i++) {
        struct world w;

        open_shape(&w, 1, 0, NULL);
        pv_program(&w, want[i]);
        msi_on(&w, 0);
        assert_true(msi_reads_on(&w));
        assert_int_equal(sim_xen_pirq_of(&w.sim.xen, &w.sim.dev,
                                         SIM_PIRQ_MSI, 0), (int)want[i]);
        assert_true(hears(&w, 0, 0));
        assert_true(world_close(&w));
    }
}

static void test_1_5_10_pirq_0_is_an_ordinary_message(void **state)
{
    struct world w;

    (void)state;
    open_shape(&w, 1, 0, NULL);
    msi_program(&w, 0xfee00000, 0);
    msi_on(&w, 0);
    assert_true(msi_bound(&w, 0));
    assert_int_not_equal(sim_xen_pirq_of(&w.sim.xen, &w.sim.dev,
                                         SIM_PIRQ_MSI, 0), 0);
    assert_true(world_close(&w));
}

static void test_2_22_another_pirq_is_asked_for_later(void **state)
{
    struct world w;

    (void)state;
    open_shape(&w, 1, 0, NULL);
    pv_program(&w, 100);
    msi_on(&w, 0);
    assert_non_null(sim_xen_pirq(&w.sim.xen, 100));
    wr32(&w, MSI + PCI_MSI_ADDRESS_LO, 0xfee00000 | 101 << 12);
    assert_null(sim_xen_pirq(&w.sim.xen, 100));
    assert_int_equal(sim_xen_pirq(&w.sim.xen, 101)->bound, SIM_BOUND_MSI);
    assert_true(hears(&w, 0, 0));
    /* And back to an ordinary vector. */
    msi_program(&w, ADDRESS, VECTOR);
    assert_true(hears(&w, 0, VECTOR));
    assert_true(world_close(&w));
}

/*
 * Xen answers 0 to a map of a pirq that is in use, loses the host's interrupt,
 * and our undoing took the line's pirq away.
 */
static void test_message_that_names_the_lines_pirq_took_it(void **state)
{
    struct world w;
    unsigned line, i;

    (void)state;
    open_shape(&w, 1, 0, NULL);
    line = (unsigned)line_of(&w.sim.xen, GSI)->first;
    pv_program(&w, line);
    for (i = 0; i < 10; i++) {
        msi_on(&w, 0);
        assert_true(silent(&w, 0));
        msi_off(&w);
        assert_true(hears_intx(&w, 0));
    }
    assert_int_equal(logged(&w, "names pirq"), 1);
    pv_program(&w, 90);
    msi_on(&w, 0);
    assert_true(hears(&w, 0, 0));
    /* Also while it is on. */
    pv_program(&w, line);
    assert_true(silent(&w, 0));
    msi_off(&w);
    assert_true(hears_intx(&w, 0));
    assert_true(world_close(&w));
}

/*
 * Xen looks at the first pirq of a block only and overwrites the others: the
 * line's was among them, and the host went down with the guest's end.
 */
static void test_block_at_a_named_pirq_brought_the_host_down(void **state)
{
    static const unsigned named[] = { 15, 16, 40, 0xfe };
    unsigned i, log2;

    (void)state;
    for (i = 0; i < COUNT(named); i++) {
        for (log2 = 1; log2 <= 5; log2++) {
            struct world w;

            open_shape(&w, 3, 5, NULL);
            pv_program(&w, named[i]);
            msi_on(&w, log2);
            assert_false(line_bound(&w));
            assert_int_equal(msi_bound(&w, 0), named[i] > GSI);
            assert_false(msi_bound(&w, 1));
            assert_int_equal(w.sim.xen.leaked, 0);
            assert_int_equal(logged(&w, "can't be mapped"), 0);
            /* An ordinary one is a block. */
            msi_off(&w);
            msi_start(&w, log2);
            assert_true(msi_bound(&w, 1));
            assert_true(hears(&w, 1, VECTOR + 1));
            assert_true(world_close(&w));
        }
    }
}

/* From Xen 4.19 on guests have no event channels for pirqs, unless asked. */
static void test_pirq_was_named_by_a_guest_that_has_none(void **state)
{
    const struct sim_xen_opts xen = { .no_hvm_pirqs = true };
    struct world w;

    (void)state;
    open_shape(&w, 1, 0, &xen);
    assert_int_equal(w.sim.xen.calls[SIM_HAS_PIRQS], 0);
    pv_program(&w, 90);
    msi_on(&w, 0);
    assert_null(sim_xen_pirq(&w.sim.xen, 90));
    assert_true(silent(&w, 0));
    pv_program(&w, 91);
    msi_start(&w, 0);
    assert_true(hears(&w, 0, VECTOR));
    /* Asked once a domain. */
    assert_int_equal(w.sim.xen.calls[SIM_HAS_PIRQS], 1);
    assert_true(world_close(&w));
}

/* A device model that may not ask goes on as before. */
static void test_pirq_is_named_where_xen_does_not_say(void **state)
{
    struct world w;

    (void)state;
    open_shape(&w, 1, 0, NULL);
    sim_fault_always(&w.sim.xen.kind_fault[SIM_HAS_PIRQS], EPERM);
    pv_program(&w, 90);
    msi_on(&w, 0);
    assert_true(hears(&w, 0, 0));
    assert_int_equal(w.sim.xen.calls[SIM_HAS_PIRQS], 1);
    assert_true(world_close(&w));
}

static void test_pirq_numbers_beyond_all_are_refused(void **state)
{
    static const uint32_t hi[] = { 0x7fffff00, 0x80000000, 0xffffff00 };
    unsigned i;

    (void)state;
    for (i = 0; i < COUNT(hi); i++) {
        struct world w;

        open_shape(&w, 1, 0, NULL);
        wr32(&w, MSI + PCI_MSI_ADDRESS_LO, 0xfeeff000);
        wr32(&w, MSI + PCI_MSI_ADDRESS_HI, hi[i]);
        wr16(&w, msi_data_reg(&w), 0);
        msi_on(&w, 0);
        msi_start(&w, 0);
        assert_true(hears(&w, 0, VECTOR));
        assert_true(world_close(&w));
    }
}

/* ------------------------------------------------------------------ */
/* Resets                                                              */

static void forgotten(struct world *w)
{
    assert_false(msi_reads_on(w));
    assert_int_equal(rd16(w, MSI + PCI_MSI_FLAGS) & PCI_MSI_FLAGS_QSIZE, 0);
    assert_int_equal(rd32(w, MSI + PCI_MSI_ADDRESS_LO), 0);
    assert_int_equal(rd16(w, msi_data_reg(w)), 0);
    assert_int_equal(rd32(w, msi_mask_reg(w)), 0);
    assert_int_equal(pirqs(w), 1);
    assert_false(sim_dev_msi_enabled(&w->sim.dev));
    place_and_decode(w);
    assert_true(hears_intx(w, 0));
    msi_program(w, ADDRESS, VECTOR + 8);
    msi_on(w, 2);
    assert_true(hears(w, 1, VECTOR + 9));
    assert_int_equal(dev(w, MSI + PCI_MSI_FLAGS, 2) & PCI_MSI_FLAGS_QSIZE,
                     2 << 4);
}

static void test_power_reset_forgets_the_programming(void **state)
{
    struct capture c;
    struct world w;

    (void)state;
    shape(&c, 3, 3);
    irq_begin(&w, &c, POLICY(power_mgmt), NULL);
    msi_program(&w, ADDRESS, VECTOR);
    wr32(&w, msi_mask_reg(&w), 2);
    msi_on(&w, 3);
    assert_true(world_power(&w, 3));
    sim_dev_forget(&w.sim.dev);
    assert_true(world_power(&w, 0));
    rd16(&w, PCI_STATUS);
    /* The reset took the enable bit by itself. */
    assert_false(written(&w, MSI + PCI_MSI_FLAGS, 2));
    forgotten(&w);
    assert_true(world_close(&w));
}

static void test_guest_reset_forgets_the_programming(void **state)
{
    struct world w;

    (void)state;
    open_shape(&w, 3, 3, NULL);
    msi_program(&w, ADDRESS, VECTOR);
    wr32(&w, msi_mask_reg(&w), 2);
    msi_on(&w, 3);
    pt_reset(w.d);
    forgotten(&w);
    assert_true(world_close(&w));
}

static void test_d3hot_with_no_soft_reset_keeps_the_message(void **state)
{
    struct capture c;
    struct world w;

    (void)state;
    shape(&c, 3, 0);
    c.cfg[PM + PCI_PM_CTRL] |= PCI_PM_CTRL_NO_SOFT_RST;
    irq_begin(&w, &c, POLICY(power_mgmt), NULL);
    msi_start(&w, 0);
    world_power(&w, 3);
    assert_true(silent(&w, 0));
    world_power(&w, 0);
    assert_true(msi_reads_on(&w));
    assert_int_equal(w.sim.dev.count.resets, 0);
    assert_true(hears(&w, 0, VECTOR));
    assert_true(world_close(&w));
}

/* 2.21, 1.5.7: what Xen would not undo is not forgotten. */
static void test_2_21_failed_unbind_or_unmap_is_tried_again(void **state)
{
    static const enum sim_call call[] = { SIM_UNBIND_MSI, SIM_UNMAP_PIRQ };
    const struct sim_xen_opts xen = { .unmap_bound = true };
    unsigned i;

    (void)state;
    for (i = 0; i < COUNT(call); i++) {
        struct world w;

        open_shape(&w, 3, 1, &xen);
        msi_start(&w, 1);
        sim_fault_always(&w.sim.xen.kind_fault[call[i]], EBUSY);
        msi_off(&w);
        msi_off(&w);
        assert_false(sim_dev_msi_enabled(&w.sim.dev));
        sim_fault_clear(&w.sim.xen.kind_fault[call[i]]);
        msi_on(&w, 1);
        assert_true(hears(&w, 1, VECTOR + 1));
        sim_fault_always(&w.sim.xen.kind_fault[call[i]], EBUSY);
        msi_off(&w);
        sim_fault_clear(&w.sim.xen.kind_fault[call[i]]);
        assert_true(world_close(&w));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_1_5_10_vector_0_names_a_pirq),
        cmocka_unit_test(test_1_5_10_pirq_0_is_an_ordinary_message),
        cmocka_unit_test(test_2_22_another_pirq_is_asked_for_later),
        cmocka_unit_test(test_message_that_names_the_lines_pirq_took_it),
        cmocka_unit_test(test_block_at_a_named_pirq_brought_the_host_down),
        cmocka_unit_test(test_pirq_was_named_by_a_guest_that_has_none),
        cmocka_unit_test(test_pirq_is_named_where_xen_does_not_say),
        cmocka_unit_test(test_pirq_numbers_beyond_all_are_refused),
        cmocka_unit_test(test_power_reset_forgets_the_programming),
        cmocka_unit_test(test_guest_reset_forgets_the_programming),
        cmocka_unit_test(test_d3hot_with_no_soft_reset_keeps_the_message),
        cmocka_unit_test(test_2_21_failed_unbind_or_unmap_is_tried_again),
    };

    return cmocka_run_group_tests_name("irq_msi_pv", tests, NULL, NULL);
}
