/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Function level reset as the guest asks for it: PCI Express 3.0, 6.6.2, and
 * the Advanced Features ECN. What of it holds of every device is in
 * lib-invariants.c.
 */
#include "lib-flr.h"

/* ------------------------------------------------------------------ */
/* What is offered                                                     */

/* A reset by PCI Express, or by @af. */
static void either_card(struct capture *c, bool af)
{
    if (af) {
        af_card(c, 3);
    } else {
        flr_card(c);
    }
}

static bool offered(struct world *w)
{
    return rd32(w, EXP + PCI_EXP_DEVCAP) & PCI_EXP_DEVCAP_FLRESET;
}

static void test_it_is_offered_by_policy_and_host(void **state)
{
    struct capture c;
    struct world w;
    unsigned i;

    (void)state;
    for (i = 0; i < 4; i++) {
        flr_card(&c);
        irq_init(&w, &c, i & 1 ? &flr : NULL, NULL);
        w.sim.dev.pt.info.can_flr = i & 2;
        assert_true(world_attach(&w));
        assert_int_equal(offered(&w), i == 3);
        assert_int_equal(w.sim.dev.os.prepared, i == 3);
        assert_int_equal(logged(&w, ", flr=1;"), i == 3);
        assert_int_equal(logged(&w, ", flr=0 (the host can't reset this "
                                "function alone);"), i == 1);
        ask(&w);
        assert_int_equal(resets(&w), i == 3);
        pass(&w, LIMIT);
        assert_int_equal(w.sim.dev.count.resets, i == 3);
        assert_true(world_close(&w));
    }
}

static void test_a_device_without_it_has_none(void **state)
{
    struct capture c;
    struct world w;

    (void)state;
    flr_card(&c);
    c.cfg[EXP + PCI_EXP_DEVCAP + 3] &= 0xef;
    irq_init(&w, &c, &flr, NULL);
    w.sim.dev.pt.info.can_flr = true;  /* by the other structure, say */
    assert_true(world_attach(&w));
    assert_false(offered(&w));
    ask(&w);
    assert_int_equal(resets(&w), 0);
    assert_true(world_close(&w));
}

static void test_it_is_not_offered_where_it_can_t_be_prepared(void **state)
{
    struct capture c;
    struct world w;

    (void)state;
    flr_card(&c);
    irq_init(&w, &c, &flr, NULL);
    sim_fault_always(&w.sim.dev.prepare_fault, EAGAIN);
    assert_true(world_attach(&w));
    assert_false(offered(&w));
    assert_int_equal(logged(&w, "can't prepare its reset"), 1);
    ask(&w);
    assert_int_equal(resets(&w), 0);
    assert_true(world_close(&w));
}

/* Who says that it is ready at once is not waited for after a reset. */
static void test_immediate_readiness_is_not_the_guest_s(void **state)
{
    struct capture c;
    struct world w;
    unsigned i;

    (void)state;
    for (i = 0; i < 2; i++) {
        flr_card(&c);
        c.cfg[PCI_STATUS] |= 0x01;
        irq_begin(&w, &c, i ? &flr : NULL, NULL);
        assert_int_equal(rd16(&w, PCI_STATUS) & 1, !i);
        assert_true(world_close(&w));
    }
}

static void ask_af(struct world *w)
{
    wr8(w, AF + PCI_AF_CTRL, PCI_AF_CTRL_FLR);
}

static void test_advanced_features_are_shown_with_both_bits(void **state)
{
    struct capture c;
    struct world w;
    unsigned caps, i;

    (void)state;
    for (i = 0; i < 2; i++) {
        for (caps = 0; caps < 8; caps++) {
            bool shown = i && (caps & 3) == 3;

            af_card(&c, (uint8_t)caps);
            irq_begin(&w, &c, i ? &flr : NULL, NULL);
            assert_int_equal(world_cap(&w, PCI_CAP_ID_AF, 0),
                             shown ? AF : 0);
            assert_int_equal(logged(&w, "capability (ID 13"), 0);
            if (shown) {
                assert_int_equal(rd32(&w, AF), 0x03060000 | rd16(&w, AF));
            }
            wr8(&w, AF + PCI_AF_CTRL, 0xff);
            assert_int_equal(resets(&w), shown);
            pass(&w, LIMIT);
            assert_int_equal(rd8(&w, AF + PCI_AF_CTRL), 0);
            assert_true(world_close(&w));
        }
    }
}

/* A file's register can take the offer back, of either structure. */
static void test_what_a_file_does_not_show_is_not_done(void **state)
{
    static const struct pt_mask none[] = {
        { .off = EXP + PCI_EXP_DEVCAP, .size = 4,
          .zero = PCI_EXP_DEVCAP_FLRESET },
        { .off = AF + PCI_AF_CAP, .size = 1, .zero = PCI_AF_CAP_FLR },
    };
    struct pt_policy policy = { .flr = true, .num_masks = 1 };
    struct capture c;
    struct world w;
    unsigned i;

    (void)state;
    for (i = 0; i < 2; i++) {
        either_card(&c, i);
        policy.mask[0] = none[i];
        irq_begin(&w, &c, &policy, NULL);
        assert_false(offered(&w));
        if (i) {
            assert_int_equal(world_cap(&w, PCI_CAP_ID_AF, 0), AF);
            ask_af(&w);
        } else {
            ask(&w);
        }
        assert_int_equal(resets(&w), 0);
        assert_true(world_close(&w));
    }
}

/* Reserved bits are open to permissive; the reset goes the one way. */
static void test_no_guest_s_write_resets_it_by_itself(void **state)
{
    const struct pt_policy policy = { .flr = true, .permissive = true };
    struct capture c;
    struct world w;
    unsigned i;

    (void)state;
    for (i = 0; i < 2; i++) {
        either_card(&c, i);
        irq_begin(&w, &c, &policy, NULL);
        sim_dev_forget(&w.sim.dev);
        if (i) {
            wr16(&w, AF + PCI_AF_CTRL, 0xffff);
        } else {
            wr16(&w, EXP + PCI_EXP_DEVCTL, 0xffff);
        }
        assert_int_equal(resets(&w), 1);
        assert_int_equal(w.sim.dev.count.resets, 1);
        /* Nothing else of the access gets there. */
        assert_false(written(&w, AF, 6));
        pass(&w, LIMIT);
        assert_true(world_close(&w));
    }
}

/* ------------------------------------------------------------------ */
/* How it goes                                                         */

static void test_every_width_asks(void **state)
{
    static const struct {
        unsigned off, len;
        uint32_t val;
    } wr[] = {
        { EXP + PCI_EXP_DEVCTL + 1, 1, 0x80 },
        { EXP + PCI_EXP_DEVCTL, 2, 0xa810 },
        { EXP + PCI_EXP_DEVCTL, 4, 0x000fa810 },
        { EXP + PCI_EXP_DEVCTL + 1, 2, 0x0080 },
        { EXP + PCI_EXP_DEVCTL + 1, 4, 0x00000080 },
        { EXP + PCI_EXP_DEVCTL - 1, 4, 0x00800000 },
        { EXP + PCI_EXP_DEVCTL - 2, 4, 0x80000000 },
    };
    struct world w;
    unsigned i;

    (void)state;
    for (i = 0; i < COUNT(wr); i++) {
        open_flr(&w, &flr);
        pt_config_write(w.d, wr[i].off, wr[i].val, wr[i].len);
        assert_int_equal(resets(&w), 1);
        pass(&w, LIMIT);
        assert_int_equal(rd16(&w, PCI_VENDOR_ID), 0x1234);
        assert_true(world_close(&w));
        open_flr(&w, &flr);
        pt_config_write(w.d, wr[i].off, ~wr[i].val, wr[i].len);
        assert_int_equal(resets(&w), 0);
        assert_true(world_close(&w));
    }
}

static void test_nothing_is_the_guest_s_while_it_lasts(void **state)
{
    struct world_cost then, c;
    struct world w;
    unsigned i;

    (void)state;
    open_flr(&w, &flr);
    entries_program(&w, 3);
    msix_on(&w);
    assert_true(hears(&w, 1, VECTOR + 1));
    ask(&w);
    assert_int_equal(resets(&w), 1);
    assert_true(nothing_mapped(&w));
    assert_int_equal(pirqs(&w), 0);
    assert_int_equal(dev(&w, PCI_COMMAND, 2) & PCI_COMMAND_MASTER, 0);
    then = world_cost(&w);
    for (i = 0; i < 10; i++) {
        assert_true(ones(&w));
        wr32(&w, 4 * (i % 64), 0x5a5a5a5a);
        world_decode(&w, true);
        ask(&w);
        pt_bars_sync(w.d);
        pt_bars_recheck(w.d);
        pass(&w, LIMIT / 10 - 1);
    }
    c = world_cost_since(&w, &then);
    assert_int_equal(c.reads + c.writes + c.mmio, 0);
    assert_int_equal(c.hypercalls + c.traps, 0);
    assert_int_equal(c.lines, 0);
    pass(&w, 10);
    assert_int_equal(rd16(&w, PCI_VENDOR_ID), 0x1234);
    assert_int_equal(resets(&w), 1);
    assert_true(hears_intx(&w, 0));
    assert_true(world_close(&w));
}

/* 6.6.2: what is left of the guest's programming. */
static void test_the_guest_s_registers_are_as_after_a_reset(void **state)
{
    struct world w;
    unsigned n;

    (void)state;
    open_flr(&w, &flr);
    entries_program(&w, 1);
    msix_on(&w);
    msi_program(&w, ADDRESS, VECTOR);
    wr8(&w, PCI_CACHE_LINE_SIZE, 16);
    wr8(&w, PCI_INTERRUPT_LINE, 9);
    world_power(&w, 3);
    wr16(&w, EXP + PCI_EXP_DEVCTL, 0x0000);
    wr16(&w, EXP + PCI_EXP_LNKCTL, 0x03cb);
    wr16(&w, EXP + PCI_EXP_LNKCTL2, 0x0031);
    ask(&w);
    pass(&w, LIMIT);
    assert_int_equal(rd16(&w, PCI_COMMAND), 0);
    for (n = 0; n < PT_NUM_BARS; n++) {
        assert_int_equal(world_bar_addr(&w, n), 0);
    }
    assert_int_equal(rd32(&w, PCI_ROM_ADDRESS), 0);
    assert_int_equal(rd8(&w, PCI_CACHE_LINE_SIZE), 0);
    assert_int_equal(rd8(&w, PCI_INTERRUPT_LINE), 0);
    assert_int_equal(rd16(&w, MSIX + 2), 7);
    assert_int_equal(rd16(&w, MSI + 2), MSI_64);
    assert_int_equal(rd32(&w, MSI + 4), 0);
    assert_int_equal(rd16(&w, PM + PCI_PM_CTRL) & 3, 0);
    assert_int_equal(rd16(&w, EXP + PCI_EXP_DEVCTL), 0x2830);
    /* The link's, and sticky ones. */
    assert_int_equal(rd16(&w, EXP + PCI_EXP_LNKCTL), 0x030b);
    assert_int_equal(rd16(&w, EXP + PCI_EXP_LNKCTL2), 0x0031);
    assert_int_equal(entry_bound(&w, 0), false);
    assert_true(nothing_mapped(&w));
    assert_true(world_close(&w));
}

/* The host's addresses, decoders and fabric, whoever restores them. */
static void test_the_device_has_the_host_s_registers_back(void **state)
{
    struct world w;
    unsigned i;

    (void)state;
    for (i = 0; i < 2; i++) {
        open_flr(&w, &flr);
        w.sim.dev.os.restores = i;
        wr16(&w, EXP + PCI_EXP_DEVCTL, 0x5010);
        ask(&w);
        pass(&w, LIMIT);
        assert_int_equal(dev(&w, PCI_BASE_ADDRESS_0, 4), IRQ_MEM);
        assert_int_equal(dev(&w, PCI_COMMAND, 2) & 7, 3);
        assert_int_equal(dev(&w, EXP + PCI_EXP_DEVCTL, 2), 0x2830);
        assert_int_equal(dev(&w, PCI_INTERRUPT_LINE, 1), 17);
        assert_true(world_close(&w));
    }
}

static void test_linux_resets_it_and_goes_on(void **state)
{
    static const uint64_t takes[] = { 1, LIMIT, LIMIT + 1, 1700000 };
    struct capture c;
    struct world w;
    unsigned i, j;

    (void)state;
    for (i = 0; i < 2; i++) {
        for (j = 0; j < COUNT(takes); j++) {
            either_card(&c, i);
            irq_begin(&w, &c, &flr, NULL);
            w.sim.dev.os.takes_us = takes[j] < LIMIT ? LIMIT : takes[j];
            w.sim.dev.os.restores = j & 1;
            entries_program(&w, 3);
            msix_on(&w);
            linux_reset(&w, i ? ask_af : ask);
            assert_int_equal(resets(&w), 1);
            assert_true(hears(&w, 2, VECTOR + 2));
            assert_true(mem_at(&w, world_bar_addr(&w, 4),
                               IRQ_MEM + 0x1000000, 0x4000));
            assert_int_equal(dev(&w, PCI_COMMAND, 2) & 7, 7);
            assert_true(world_close(&w));
        }
    }
}

static void test_it_was_in_another_mode(void **state)
{
    static const struct pt_policy translate = {
        .flr = true, .msitranslate = true,
    };
    struct world w;
    unsigned i;

    (void)state;
    for (i = 0; i < 3; i++) {
        open_flr(&w, i == 2 ? &translate : &flr);
        if (i == 1) {
            msi_start(&w, 0);
            assert_true(hears(&w, 0, VECTOR));
        } else {
            guest_intx(&w, true);
            assert_true(hears_intx(&w, 0));
        }
        linux_reset(&w, ask);
        if (i == 1) {
            assert_int_equal(msi_reads_on(&w), 0);
            msi_start(&w, 0);
            assert_true(hears(&w, 0, VECTOR));
        } else {
            guest_intx(&w, true);
            assert_true(hears_intx(&w, 0));
        }
        assert_true(world_close(&w));
    }
}

/* Command keeps no mastering where the guest has not asked for it again. */
static void test_bus_mastering_is_off_until_it_is_asked_for(void **state)
{
    struct world w;

    (void)state;
    open_flr(&w, &flr);
    w.sim.dev.os.restores = true;
    assert_int_equal(dev(&w, PCI_COMMAND, 2) & 4, 4);
    ask(&w);
    pass(&w, LIMIT);
    assert_int_equal(dev(&w, PCI_COMMAND, 2) & 4, 0);
    wr16(&w, PCI_COMMAND, PCI_COMMAND_MASTER);
    assert_int_equal(dev(&w, PCI_COMMAND, 2) & 4, 4);
    assert_true(world_close(&w));
}

/* With power_mgmt: from D3hot, in which messages may still be Xen's. */
static void test_it_sleeps(void **state)
{
    static const struct pt_policy policy = { .flr = true, .power_mgmt = true };
    struct capture c;
    struct world w;
    unsigned i, to;

    (void)state;
    for (i = 0; i < 2; i++) {
        for (to = 1; to <= 3; to++) {
            flr_card(&c);
            pt_store(c.cfg + PM + 2, 3 | PCI_PM_CAP_D1 | PCI_PM_CAP_D2, 2);
            c.cfg[PM + PCI_PM_CTRL] = i ? PCI_PM_CTRL_NO_SOFT_RST : 0;
            irq_begin(&w, &c, &policy, NULL);
            entries_program(&w, 3);
            msix_on(&w);
            world_power(&w, to);
            rd32(&w, 0);
            assert_int_equal(sim_dev_power(&w.sim.dev), to);
            ask(&w);
            assert_true(ones(&w));
            pass(&w, LIMIT);
            place_and_decode(&w);
            entries_program(&w, 3);
            msix_on(&w);
            assert_true(hears(&w, 1, VECTOR + 1));
            assert_int_equal(rd16(&w, PM + PCI_PM_CTRL) & 3, 0);
            assert_true(world_close(&w));
        }
    }
}

static void test_a_virtual_function(void **state)
{
    struct world w;
    unsigned i;

    (void)state;
    for (i = 0; i < 2; i++) {
        uint8_t exp;

        world_open(&w, "qemu-nvme-sriov-vf.txt", 0, i ? &flr : NULL);
        assert_true(world_attach(&w));
        exp = world_cap(&w, PCI_CAP_ID_EXP, 0);
        assert_int_equal(!!(rd32(&w, exp + PCI_EXP_DEVCAP) &
                            PCI_EXP_DEVCAP_FLRESET), i);
        place_and_decode(&w);
        wr16(&w, exp + PCI_EXP_DEVCTL, PCI_EXP_DEVCTL_FLRESET);
        assert_int_equal(resets(&w), i);
        pass(&w, LIMIT);
        assert_int_equal(rd16(&w, PCI_COMMAND), i ? 0 : 7);
        place_and_decode(&w);
        assert_int_equal(dev(&w, PCI_COMMAND, 2), PCI_COMMAND_MASTER);
        assert_true(world_close(&w));
    }
}

/* Masks and severities are sticky; and the host's again after the guest. */
static void test_error_masks_survive(void **state)
{
    static const struct pt_policy policy = { .flr = true, .extended = true };
    struct capture c;
    struct world w;
    unsigned i;

    (void)state;
    for (i = 0; i < 2; i++) {
        flr_card(&c);
        c.len = 4096;
        pt_store(c.cfg + 0x100, 0x00010001, 4);
        pt_store(c.cfg + 0x108, 0x00100000, 4);
        pt_store(c.cfg + 0x10c, 0x00062030, 4);
        irq_begin(&w, &c, &policy, NULL);
        w.sim.dev.os.restores = i;
        wr32(&w, 0x108, 0x00004000);
        wr32(&w, 0x10c, 0x00000010);
        ask(&w);
        assert_int_equal(rd32(&w, 0x100), UINT32_MAX);
        pass(&w, LIMIT);
        assert_int_equal(rd32(&w, 0x108), 0x00004000);
        assert_int_equal(dev(&w, 0x108, 4), 0x00004000);
        assert_int_equal(dev(&w, 0x10c, 4), 0x00000010);
        world_detach(&w);
        assert_int_equal(dev(&w, 0x108, 4), 0x00100000);
        assert_int_equal(dev(&w, 0x10c, 4), 0x00062030);
        assert_true(world_close(&w));
    }
}

/* ------------------------------------------------------------------ */
/* Time                                                                */

static void test_the_timer_alone_ends_it(void **state)
{
    struct world w;

    (void)state;
    open_flr(&w, &flr);
    ask(&w);
    assert_int_not_equal(w.sim.bus.call_at_us, PT_NEVER);
    pass(&w, LIMIT);
    assert_int_equal(w.d->deaf, 0);
    assert_int_equal(w.sim.bus.call_at_us, PT_NEVER);
    assert_int_equal(w.sim.bus.delays, 0);
    assert_true(world_close(&w));
}

static void test_without_a_timer_an_access_ends_it(void **state)
{
    struct pt_bus_ops ops;
    struct capture c;
    struct world w;
    unsigned i;

    (void)state;
    flr_card(&c);
    irq_init(&w, &c, &flr, NULL);
    ops = *w.sim.bus.pt.ops;
    ops.call_at = NULL;
    w.sim.bus.pt.ops = &ops;
    assert_true(world_attach(&w));
    for (i = 0; i < 3; i++) {
        ask(&w);
        assert_true(ones(&w));
        w.sim.bus.clock.now_us += LIMIT;
        assert_int_equal(rd16(&w, PCI_VENDOR_ID), i ? 0xffff : 0x1234);
        if (i) {
            /* It waited for its turn, until an access began it. */
            w.sim.bus.clock.now_us += 150000;
            assert_int_equal(rd16(&w, PCI_VENDOR_ID), 0xffff);
            w.sim.bus.clock.now_us += LIMIT;
            assert_int_equal(rd16(&w, PCI_VENDOR_ID), 0x1234);
        }
    }
    assert_int_equal(resets(&w), 3);
    assert_true(world_close(&w));
}

/* A guest that does nothing else. One that comes too early waits longer. */
static void test_a_few_a_second(void **state)
{
    struct world w;
    uint64_t i, longest = 0, began;

    (void)state;
    open_flr(&w, &flr);
    for (i = 0; i < 40; i++) {
        ask(&w);
        assert_true(nothing_mapped(&w));
        began = w.sim.bus.clock.now_us;
        while (rd16(&w, PCI_VENDOR_ID) == 0xffff) {
            pass(&w, 1000);
        }
        began = w.sim.bus.clock.now_us - began;
        longest = began > longest ? began : longest;
        place_and_decode(&w);
    }
    assert_int_equal(resets(&w), 40);
    assert_true(w.sim.bus.clock.now_us >= 39 * 250000);
    assert_true(longest > LIMIT && longest < 300000);
    assert_int_equal(logged(&w, "the guest resets it"), 1);
    assert_true(world_close(&w));
}

/* ------------------------------------------------------------------ */

static void test_a_reset_costs_what_a_d_state_does(void **state)
{
    struct world_cost then, c;
    struct world w;

    (void)state;
    open_flr(&w, &flr);
    entries_program(&w, 3);
    msix_on(&w);
    then = world_cost(&w);
    ask(&w);
    c = world_cost_since(&w, &then);
    assert_true(c.reads <= 2 && c.writes <= 4);
    then = world_cost(&w);
    pass(&w, LIMIT);
    c = world_cost_since(&w, &then);
    assert_true(c.reads <= 1 && c.writes <= 12);
    assert_true(world_close(&w));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_it_is_offered_by_policy_and_host),
        cmocka_unit_test(test_a_device_without_it_has_none),
        cmocka_unit_test(test_it_is_not_offered_where_it_can_t_be_prepared),
        cmocka_unit_test(test_immediate_readiness_is_not_the_guest_s),
        cmocka_unit_test(test_advanced_features_are_shown_with_both_bits),
        cmocka_unit_test(test_what_a_file_does_not_show_is_not_done),
        cmocka_unit_test(test_no_guest_s_write_resets_it_by_itself),
        cmocka_unit_test(test_every_width_asks),
        cmocka_unit_test(test_nothing_is_the_guest_s_while_it_lasts),
        cmocka_unit_test(test_the_guest_s_registers_are_as_after_a_reset),
        cmocka_unit_test(test_the_device_has_the_host_s_registers_back),
        cmocka_unit_test(test_linux_resets_it_and_goes_on),
        cmocka_unit_test(test_it_was_in_another_mode),
        cmocka_unit_test(test_bus_mastering_is_off_until_it_is_asked_for),
        cmocka_unit_test(test_it_sleeps),
        cmocka_unit_test(test_a_virtual_function),
        cmocka_unit_test(test_error_masks_survive),
        cmocka_unit_test(test_the_timer_alone_ends_it),
        cmocka_unit_test(test_without_a_timer_an_access_ends_it),
        cmocka_unit_test(test_a_few_a_second),
        cmocka_unit_test(test_a_reset_costs_what_a_d_state_does),
    };

    return cmocka_run_group_tests_name("function level reset", tests, NULL,
                                       NULL);
}
