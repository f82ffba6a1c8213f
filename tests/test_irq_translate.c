/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * msitranslate: the device uses MSI, the guest sees INTx. Lessons 1.5.4,
 * 1.5.11, 1.5.12, 1.6.17 and part 2, items 1 to 3.
 */
#include "lib-irq.h"

#define PIN 2  /* INTC: not what a variable left at 0 would be */

static void card_c(struct capture *c)
{
    irq_card(c);
    c->cfg[PCI_INTERRUPT_PIN] = PIN + 1;
    add_msi(c, MSI_64 | MSI_MASKS | MSI_CAPABLE(2));
    add_msix(c, 4, 0x2000);
}

static const struct pt_policy policy = {
    .msitranslate = true, .power_mgmt = true,
};

static void open_translated(struct world *w)
{
    struct capture c;

    card_c(&c);
    irq_begin(w, &c, &policy, NULL);
}

static bool works(struct world *w)
{
    return translated(w) && !line_bound(w) &&
        sim_dev_msi_enabled(&w->sim.dev) && hears_intx(w, PIN);
}

static void test_devices_msi_is_the_guests_intx(void **state)
{
    struct world w;

    (void)state;
    open_translated(&w);
    assert_true(works(&w));
    assert_int_equal(w.sim.xen.calls[SIM_MAP_GSI], 0);
    assert_int_equal(pirqs(&w), 1);
    assert_false(msi_reads_on(&w));
    assert_int_equal(rd16(&w, MSI + PCI_MSI_FLAGS) & PCI_MSI_FLAGS_QSIZE, 0);
    assert_int_equal(dev(&w, MSI + PCI_MSI_FLAGS, 2) & PCI_MSI_FLAGS_QSIZE,
                     0);
    assert_int_equal(w.sim.dev.count.msi_written_by_dm, 0);
    assert_true(world_close(&w));
}

/*
 * Xen has a vector masked until the guest unmasks it, and here no guest can: a
 * device with mask bits was never heard.
 */
static void test_translated_device_with_mask_bits_was_never_heard(void **state)
{
    static const unsigned flags[] = {
        0, MSI_64, MSI_MASKS, MSI_64 | MSI_MASKS,
        MSI_64 | MSI_MASKS | MSI_CAPABLE(5),
    };
    unsigned i;

    (void)state;
    for (i = 0; i < COUNT(flags); i++) {
        struct capture c;
        struct world w;

        irq_card(&c);
        add_msi(&c, flags[i]);
        irq_begin(&w, &c, &policy, NULL);
        assert_true(translated(&w));
        assert_true(hears_intx(&w, 0));
        /* Each time that it is bound. */
        msi_start(&w, 0);
        assert_true(hears(&w, 0, VECTOR));
        msi_off(&w);
        assert_true(hears_intx(&w, 0));
        assert_int_equal(sim_dev_writes_at(&w.sim.dev, MSI + 4, 4), 0);
        assert_true(world_close(&w));
    }
}

/* One that stays masked is no use. */
static void test_vector_that_can_not_be_unmasked_is_not_translated(void **st)
{
    struct capture c;
    struct world w;

    (void)st;
    card_c(&c);
    irq_init(&w, &c, &policy, NULL);
    /* The first access is the block read. */
    sim_fault_at(&w.sim.dev.config_fault, 2, EIO);
    assert_true(world_attach(&w));
    place_and_decode(&w);
    assert_false(translated(&w));
    assert_true(line_bound(&w));
    assert_true(hears_intx(&w, PIN));
    assert_true(world_close(&w));
}

static void test_1_5_11_off_unless_asked_for(void **state)
{
    struct capture c;
    struct world w;

    (void)state;
    card_c(&c);
    irq_begin(&w, &c, NULL, NULL);
    assert_false(translated(&w));
    assert_false(sim_dev_msi_enabled(&w.sim.dev));
    assert_true(line_bound(&w));
    assert_true(world_close(&w));
}

static void test_needs_a_pin_and_msi(void **state)
{
    struct capture c;
    struct world w;

    (void)state;
    card_c(&c);
    c.cfg[PCI_INTERRUPT_PIN] = 0;
    irq_begin(&w, &c, &policy, NULL);
    assert_false(translated(&w));
    assert_int_equal(pirqs(&w), 0);
    assert_true(world_close(&w));
    irq_card(&c);
    irq_begin(&w, &c, &policy, NULL);
    assert_true(line_bound(&w));
    assert_true(hears_intx(&w, 0));
    assert_int_equal(w.sim.bus.lines[PT_LOG_ERROR], 0);
    assert_int_equal(w.sim.xen.calls[SIM_MAP_MSI], 0);
    assert_true(world_close(&w));
}

static void test_guests_intx_disable_toggles_the_devices_msi(void **state)
{
    struct world w;
    unsigned i;

    (void)state;
    open_translated(&w);
    for (i = 0; i < 3; i++) {
        guest_intx(&w, false);
        assert_false(sim_dev_msi_enabled(&w.sim.dev));
        assert_true(silent(&w, 0));
        guest_intx(&w, true);
        assert_true(works(&w));
    }
    assert_int_equal(w.sim.xen.calls[SIM_BIND_MSI_INTX], 1);
    assert_true(world_close(&w));
}

/* 1.5.12, 2.1: a PV driver's pirq is honoured, and the way back is right. */
static void test_2_1_intx_comes_back_at_its_slot_and_pin_after_msi(void **st)
{
    struct world w;
    unsigned i;

    (void)st;
    open_translated(&w);
    for (i = 0; i < 3; i++) {
        msi_start(&w, 2);
        assert_false(translated(&w));
        assert_true(hears(&w, 3, VECTOR + 3));
        assert_int_equal(pirqs(&w), 4);
        msi_off(&w);
        assert_true(works(&w));
        assert_int_equal(pirqs(&w), 1);
    }
    assert_true(world_close(&w));
}

static void test_1_5_12_real_msi_gets_the_pirq_it_asks_for(void **state)
{
    struct world w;

    (void)state;
    open_translated(&w);
    wr32(&w, MSI + PCI_MSI_ADDRESS_LO, 0xfee00000 | 99 << 12);
    wr16(&w, msi_data_reg(&w), 0x4300);
    msi_on(&w, 0);
    assert_int_equal(pirq_of(&w, SIM_PIRQ_MSI, 0)->first, 99);
    assert_true(hears(&w, 0, 0));
    msi_off(&w);
    assert_true(works(&w));
    assert_true(world_close(&w));
}

static void test_1_6_17_msix_ends_it_and_gives_it_back(void **state)
{
    struct world w;
    unsigned i;

    (void)state;
    open_translated(&w);
    for (i = 0; i < 3; i++) {
        entries_program(&w, 4);
        msix_on(&w);
        assert_false(translated(&w));
        assert_false(sim_dev_msi_enabled(&w.sim.dev));
        assert_true(hears(&w, 3, VECTOR + 3));
        msix_off(&w);
        assert_true(works(&w));
    }
    assert_true(world_close(&w));
}

static void test_msi_and_msix_in_either_order(void **state)
{
    struct world w;
    unsigned first;

    (void)state;
    for (first = 0; first < 2; first++) {
        open_translated(&w);
        entries_program(&w, 4);
        msi_program(&w, ADDRESS, VECTOR + 30);
        if (first == 0) {
            msi_on(&w, 0);
            msix_on(&w);
            assert_true(hears(&w, 0, VECTOR + 30));
            msi_off(&w);
            assert_true(hears(&w, 1, VECTOR + 1));
            msix_off(&w);
        } else {
            msix_on(&w);
            msi_on(&w, 0);
            assert_true(hears(&w, 1, VECTOR + 1));
            msix_off(&w);
            assert_true(hears(&w, 0, VECTOR + 30));
            msi_off(&w);
        }
        assert_true(works(&w));
        assert_true(world_close(&w));
    }
}

static void test_2_2_msi_is_enabled_though_intx_was_disabled_before(void **st)
{
    struct world w;

    (void)st;
    open_translated(&w);
    msi_program(&w, ADDRESS, VECTOR);
    guest_intx(&w, false);
    msi_on(&w, 0);
    assert_true(msi_reads_on(&w));
    assert_true(sim_dev_msi_enabled(&w.sim.dev));
    assert_true(hears(&w, 0, VECTOR));
    /* And it stays off for INTx when it is left. */
    msi_off(&w);
    assert_false(sim_dev_msi_enabled(&w.sim.dev));
    assert_true(silent(&w, 0));
    guest_intx(&w, true);
    assert_true(works(&w));
    assert_true(world_close(&w));
}

static void test_2_2_guest_never_reads_the_devices_enable_bit(void **state)
{
    struct world w;

    (void)state;
    open_translated(&w);
    assert_false(msi_reads_on(&w));
    guest_intx(&w, false);
    assert_false(msi_reads_on(&w));
    /* Writing 0 where it reads 0 leaves the translation alone. */
    guest_intx(&w, true);
    msi_off(&w);
    msix_off(&w);
    assert_true(works(&w));
    assert_true(world_close(&w));
}

/* ------------------------------------------------------------------ */
/* The device is quiet before Xen forgets its messages                   */

static unsigned too_early;

static int checked_unmap(void *priv, int pirq)
{
    const struct sim_pirq *p = sim_xen_pirq(priv, pirq);

    if (p && p->kind == SIM_PIRQ_MSI) {
        too_early += sim_dev_msi_enabled(p->dev);
    } else if (p && p->kind == SIM_PIRQ_MSIX) {
        too_early += sim_dev_msix_enabled(p->dev);
    }
    return sim_xen_ops.unmap_pirq(priv, pirq);
}

static void test_disabled_before_its_pirqs_are_unmapped(void **state)
{
    struct pt_xen_ops ops = sim_xen_ops;
    struct world w;

    (void)state;
    too_early = 0;
    ops.unmap_pirq = checked_unmap;
    open_translated(&w);
    w.sim.xen.pt.ops = &ops;
    entries_program(&w, 4);
    msi_program(&w, ADDRESS, VECTOR);
    msix_on(&w);
    assert_int_equal(too_early, 0);  /* left translation */
    msix_off(&w);
    assert_int_equal(too_early, 0);
    msi_on(&w, 1);
    msi_on(&w, 2);                   /* another block */
    assert_int_equal(too_early, 0);
    msix_on(&w);
    msi_off(&w);
    assert_int_equal(too_early, 0);
    pt_reset(w.d);
    assert_int_equal(too_early, 0);
    assert_true(world_close(&w));
    assert_int_equal(too_early, 0);
}

/* ------------------------------------------------------------------ */
/* Failures                                                            */

static void falls_back(enum sim_call call)
{
    struct capture c;
    struct world w;

    card_c(&c);
    irq_init(&w, &c, &policy, NULL);
    sim_fault_always(&w.sim.xen.kind_fault[call], ENOSPC);
    assert_true(world_attach(&w));
    place_and_decode(&w);
    assert_int_equal(logged(&w, "INTx instead"), 1);
    assert_true(line_bound(&w));
    assert_false(sim_dev_msi_enabled(&w.sim.dev));
    assert_true(hears_intx(&w, PIN));
    assert_int_equal(pirqs(&w), 1);
    /* The rest of its life without. */
    sim_fault_clear(&w.sim.xen.kind_fault[call]);
    guest_intx(&w, false);
    assert_true(silent(&w, 0));
    guest_intx(&w, true);
    assert_true(hears_intx(&w, PIN));
    msi_start(&w, 0);
    assert_true(hears(&w, 0, VECTOR));
    msi_off(&w);
    assert_true(hears_intx(&w, PIN));
    assert_true(world_close(&w));
}

static void test_attach_falls_back_to_intx(void **state)
{
    (void)state;
    falls_back(SIM_MAP_MSI);
    falls_back(SIM_BIND_MSI_INTX);
}

/* It had worked, the guest used MSI, and then Xen has no room. */
static void test_falls_back_to_intx_when_msi_is_left(void **state)
{
    static const enum sim_call call[] = { SIM_MAP_MSI, SIM_BIND_MSI_INTX };
    unsigned i;

    (void)state;
    for (i = 0; i < COUNT(call); i++) {
        struct world w;

        open_translated(&w);
        msi_start(&w, 0);
        sim_fault_at(&w.sim.xen.kind_fault[call[i]], 1, ENOSPC);
        msi_off(&w);
        assert_true(line_bound(&w));
        assert_true(hears_intx(&w, PIN));
        assert_int_equal(pirqs(&w), 1);
        assert_true(world_close(&w));
    }
}

static void test_falls_back_to_intx_after_a_power_reset(void **state)
{
    struct world w;

    (void)state;
    open_translated(&w);
    world_power(&w, 3);
    sim_fault_at(&w.sim.xen.kind_fault[SIM_MAP_MSI], 1, ENOSPC);
    world_power(&w, 0);
    place_and_decode(&w);
    assert_true(line_bound(&w));
    assert_true(hears_intx(&w, PIN));
    assert_true(world_close(&w));
}

static void test_nothing_works_and_the_guest_goes_on(void **state)
{
    struct capture c;
    struct world w;

    (void)state;
    card_c(&c);
    world_init(&w, &c, &policy, NULL);
    sim_fault_always(&w.sim.xen.kind_fault[SIM_MAP_MSI], ENOSPC);
    sim_fault_always(&w.sim.xen.kind_fault[SIM_MAP_GSI], ENOSPC);
    assert_true(world_attach(&w));
    place_and_decode(&w);
    assert_true(silent(&w, 0));
    assert_true(dev(&w, PCI_COMMAND, 2) & PCI_COMMAND_DISABLE_INTx);
    guest_intx(&w, false);
    guest_intx(&w, true);
    assert_int_equal(w.sim.xen.calls[SIM_MAP_GSI], 1);
    sim_fault_clear(&w.sim.xen.kind_fault[SIM_MAP_MSI]);
    msix_on(&w);
    entries_program(&w, 2);
    assert_true(hears(&w, 1, VECTOR + 1));
    assert_true(world_close(&w));
}

/*
 * A wish that fails three times over: MSI, the translation that takes its
 * place, and INTx at last. Two rounds did not get there.
 */
static void test_msi_and_translation_fail_and_intx_it_is(void **state)
{
    struct world w;

    (void)state;
    open_translated(&w);
    msi_start(&w, 0);
    assert_true(hears(&w, 0, VECTOR));
    sim_fault_always(&w.sim.xen.kind_fault[SIM_MAP_MSI], ENOSPC);
    msi_on(&w, 1);
    sim_fault_clear(&w.sim.xen.kind_fault[SIM_MAP_MSI]);
    assert_false(msi_reads_on(&w));
    assert_true(line_bound(&w));
    assert_true(hears_intx(&w, PIN));
    assert_true(world_close(&w));
}

static void test_pirq_that_could_not_be_given_back_is_used_again(void **state)
{
    struct world w;

    (void)state;
    open_translated(&w);
    entries_program(&w, 2);
    sim_fault_always(&w.sim.xen.kind_fault[SIM_UNMAP_PIRQ], EBUSY);
    msix_on(&w);
    /* Xen disturbs the one if the other is mapped, too. */
    assert_int_equal(rd16(&w, MSIX + PCI_MSI_FLAGS) & PCI_MSIX_ENABLE, 0);
    assert_int_equal(pirqs(&w), 1);
    assert_true(works(&w));
    sim_fault_clear(&w.sim.xen.kind_fault[SIM_UNMAP_PIRQ]);
    msix_on(&w);
    assert_true(hears(&w, 1, VECTOR + 1));
    msix_off(&w);
    assert_true(works(&w));
    assert_true(world_close(&w));
}

/* ------------------------------------------------------------------ */
/* Resets                                                              */

static void test_comes_back_after_a_power_reset(void **state)
{
    struct world w;
    unsigned from;

    (void)state;
    for (from = 0; from < 3; from++) {
        open_translated(&w);
        if (from == 1) {
            msi_start(&w, 1);
        } else if (from == 2) {
            entries_program(&w, 4);
            msix_on(&w);
        }
        guest_intx(&w, false);
        world_power(&w, 3);
        assert_true(silent(&w, 0));
        world_power(&w, 0);
        place_and_decode(&w);
        assert_true(works(&w));
        assert_int_equal(pirqs(&w), 1);
        assert_true(world_close(&w));
    }
}

static void test_comes_back_after_a_guest_reset(void **state)
{
    struct world w;

    (void)state;
    open_translated(&w);
    msi_start(&w, 1);
    pt_reset(w.d);
    assert_false(msi_reads_on(&w));
    place_and_decode(&w);
    assert_true(works(&w));
    assert_true(world_close(&w));
}

static void test_a_guest_reset_tries_again_what_failed(void **state)
{
    struct capture c;
    struct world w;

    (void)state;
    card_c(&c);
    irq_init(&w, &c, &policy, NULL);
    w.sim.xen.opts.no_multi_msi = true;
    sim_fault_at(&w.sim.xen.kind_fault[SIM_BIND_MSI_INTX], 1, ENOSPC);
    assert_true(world_attach(&w));
    assert_false(translated(&w));
    pt_reset(w.d);
    place_and_decode(&w);
    assert_true(translated(&w));
    assert_true(hears_intx(&w, PIN));
    assert_true(world_close(&w));
}

/*
 * libxl assigns a device once the device model has answered: translation was
 * given up at attach, for good, and the log said that it was in force.
 */
static void
test_translation_was_given_up_before_xen_had_the_device(void **state)
{
    struct capture c;
    struct world w;

    (void)state;
    card_c(&c);
    irq_init(&w, &c, &policy, NULL);
    sim_xen_leave(&w.sim.xen, &w.sim.dev);
    assert_true(world_attach(&w));
    assert_false(translated(&w));
    assert_int_equal(logged(&w, "msitranslate=0 (until Xen has it"), 1);
    assert_int_equal(logged(&w, "INTx instead"), 0);
    sim_xen_assign(&w.sim.xen, &w.sim.dev);
    assert_false(translated(&w));
    assert_true(line_bound(&w));
    place_and_decode(&w);
    assert_true(works(&w));  /* the line was given back */
    assert_int_equal(logged(&w, "msitranslate=1 is in force"), 1);
    assert_true(world_close(&w));
}

/* A guest can't make a hypercall of each of its writes. */
static void test_device_that_is_never_assigned_costs_no_more(void **state)
{
    struct capture c;
    struct world w;
    uint64_t calls;

    (void)state;
    card_c(&c);
    irq_init(&w, &c, &policy, NULL);
    sim_xen_leave(&w.sim.xen, &w.sim.dev);
    assert_true(world_attach(&w));
    for (unsigned i = 0; i < 20; i++) {
        wr16(&w, PCI_COMMAND, 0);
    }
    calls = w.sim.xen.total;
    assert_int_equal(logged(&w, "INTx instead"), 1);
    assert_true(line_bound(&w));
    for (unsigned i = 0; i < 20; i++) {
        wr16(&w, PCI_COMMAND, 0);
    }
    assert_int_equal(w.sim.xen.total, calls);
    assert_true(hears_intx(&w, PIN));
    assert_true(world_close(&w));
}

/* What was asked for was printed, whatever became of it. */
static void test_log_says_what_is_in_force(void **state)
{
    struct capture c;
    struct world w;

    (void)state;
    open_translated(&w);
    assert_int_equal(logged(&w, "power_mgmt=1, msitranslate=1,"), 1);
    assert_true(world_close(&w));

    card_c(&c);
    irq_init(&w, &c, &policy, NULL);
    w.sim.xen.opts.no_multi_msi = true;
    sim_fault_at(&w.sim.xen.kind_fault[SIM_BIND_MSI_INTX], 1, ENOSPC);
    assert_true(world_attach(&w));
    assert_int_equal(logged(&w, "msitranslate=0 (it failed)"), 1);
    assert_true(world_close(&w));

    world_build(&c);
    irq_begin(&w, &c, &policy, NULL);
    assert_int_equal(logged(&w, "power_mgmt=0, msitranslate=0 (it takes"), 1);
    assert_true(world_close(&w));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_devices_msi_is_the_guests_intx),
        cmocka_unit_test(
            test_translated_device_with_mask_bits_was_never_heard),
        cmocka_unit_test(
            test_vector_that_can_not_be_unmasked_is_not_translated),
        cmocka_unit_test(test_1_5_11_off_unless_asked_for),
        cmocka_unit_test(test_needs_a_pin_and_msi),
        cmocka_unit_test(test_guests_intx_disable_toggles_the_devices_msi),
        cmocka_unit_test(
            test_2_1_intx_comes_back_at_its_slot_and_pin_after_msi),
        cmocka_unit_test(test_1_5_12_real_msi_gets_the_pirq_it_asks_for),
        cmocka_unit_test(test_1_6_17_msix_ends_it_and_gives_it_back),
        cmocka_unit_test(test_msi_and_msix_in_either_order),
        cmocka_unit_test(
            test_2_2_msi_is_enabled_though_intx_was_disabled_before),
        cmocka_unit_test(test_2_2_guest_never_reads_the_devices_enable_bit),
        cmocka_unit_test(test_disabled_before_its_pirqs_are_unmapped),
        cmocka_unit_test(test_attach_falls_back_to_intx),
        cmocka_unit_test(test_falls_back_to_intx_when_msi_is_left),
        cmocka_unit_test(test_falls_back_to_intx_after_a_power_reset),
        cmocka_unit_test(test_nothing_works_and_the_guest_goes_on),
        cmocka_unit_test(
            test_pirq_that_could_not_be_given_back_is_used_again),
        cmocka_unit_test(test_msi_and_translation_fail_and_intx_it_is),
        cmocka_unit_test(test_comes_back_after_a_power_reset),
        cmocka_unit_test(test_comes_back_after_a_guest_reset),
        cmocka_unit_test(test_a_guest_reset_tries_again_what_failed),
        cmocka_unit_test(
            test_translation_was_given_up_before_xen_had_the_device),
        cmocka_unit_test(test_device_that_is_never_assigned_costs_no_more),
        cmocka_unit_test(test_log_says_what_is_in_force),
    };

    return cmocka_run_group_tests_name("MSI-INTx translation", tests, NULL,
                                       NULL);
}
