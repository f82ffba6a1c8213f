/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Function level reset that does not end as it should: it fails, never ends, or
 * the device is gone before. PCI Express 3.0, 6.6.2.
 */
#include "lib-flr.h"

/* Dead to the guest, silent to the host; a reset of the guest's heals. */
static void check_failed(struct world *w)
{
    assert_int_equal(logged(w, "the reset that the guest asked for failed"),
                     1);
    pass(w, 100 * LIMIT);
    assert_true(ones(w));
    world_decode(w, true);
    ask(w);
    assert_true(nothing_mapped(w));
    assert_int_equal(dev(w, PCI_COMMAND, 2) & PCI_COMMAND_MASTER, 0);
    assert_int_equal(w->sim.bus.call_at_us, PT_NEVER);
    pt_reset(w->d);
    assert_int_equal(rd16(w, PCI_VENDOR_ID), 0x1234);
    place_and_decode(w);
    entries_program(w, 1);
    msix_on(w);
    assert_true(hears(w, 0, VECTOR));
    assert_int_equal(dev(w, EXP + PCI_EXP_DEVCTL, 2) & 0xe0, 0x20);
}

static void test_it_fails(void **state)
{
    struct world w;
    unsigned i;

    (void)state;
    for (i = 0; i < 3; i++) {
        open_flr(&w, &flr);
        if (i == 0) {
            sim_fault_at(&w.sim.dev.reset_fault, 1, EIO);
        } else {
            w.sim.dev.os.errnum = ENOTTY;
        }
        ask(&w);
        pass(&w, LIMIT);
        if (i == 2) {
            /* Detached as it is. */
            assert_true(ones(&w));
        } else {
            check_failed(&w);
        }
        world_detach(&w);
        assert_int_equal(dev(&w, PCI_BASE_ADDRESS_0, 4), IRQ_MEM);
        assert_true(world_close(&w));
    }
}

/*
 * What the guest had changed was left in the device, if it said otherwise as it
 * asked, and the reset had not begun yet.
 */
static void test_register_that_the_asking_write_set_back_was_left(void **state)
{
    struct world w;
    uint32_t found;

    (void)state;
    open_flr(&w, &flr);
    found = dev(&w, EXP + PCI_EXP_DEVCTL, 2);
    assert_true(found & PCI_EXP_DEVCTL_NOSNOOP);
    ask(&w);
    pass(&w, LIMIT);
    place_and_decode(&w);
    wr16(&w, EXP + PCI_EXP_DEVCTL,
         found ^ PCI_EXP_DEVCTL_RELAXED ^ PCI_EXP_DEVCTL_NOSNOOP);
    assert_int_not_equal(dev(&w, EXP + PCI_EXP_DEVCTL, 2), found);
    wr16(&w, EXP + PCI_EXP_DEVCTL, found | PCI_EXP_DEVCTL_FLRESET);
    assert_int_equal(resets(&w), 1);  /* it is too early for another */
    world_detach(&w);
    assert_int_equal(resets(&w), 1);
    assert_int_equal(dev(&w, EXP + PCI_EXP_DEVCTL, 2), found);
    assert_true(world_close(&w));
}

/* Nothing else would tell that it has lost what it had. */
static void test_it_fails_and_has_no_bars(void **state)
{
    struct capture c;
    struct world w;

    (void)state;
    world_build(&c);
    card_express(&c, EXP, 2, PCI_EXP_TYPE_ENDPOINT, SPEC_EXP_V2);
    pt_store(c.cfg + EXP + PCI_EXP_DEVCTL2, 0x0040, 2);
    begin(&w, &c, &flr);
    w.sim.dev.os.errnum = ENOTTY;
    ask(&w);
    pass(&w, LIMIT);
    assert_int_equal(dev(&w, EXP + PCI_EXP_DEVCTL2, 2), 0);
    pt_reset(w.d);
    assert_int_equal(dev(&w, EXP + PCI_EXP_DEVCTL2, 2), 0x0040);
    assert_true(world_close(&w));
}

/* The guest could reach it in the middle of the reset. */
static void test_what_xen_does_not_unmap_is_not_reset(void **state)
{
    struct world w;

    (void)state;
    open_flr(&w, &flr);
    sim_fault_always(&w.sim.xen.fault, ENOMEM);
    ask(&w);
    assert_int_equal(resets(&w), 0);
    assert_int_equal(logged(&w, "the reset that the guest asked for failed"),
                     1);
    assert_true(ones(&w));
    assert_int_equal(dev(&w, PCI_COMMAND, 2) & PCI_COMMAND_MASTER, 0);
    sim_fault_clear(&w.sim.xen.fault);
    pt_reset(w.d);
    assert_true(nothing_mapped(&w));
    place_and_decode(&w);
    assert_false(nothing_mapped(&w));
    assert_true(world_close(&w));
}

static void test_it_never_ends(void **state)
{
    struct world_cost then, c;
    struct world w;

    (void)state;
    open_flr(&w, &flr);
    w.sim.dev.os.hangs = true;
    ask(&w);
    pass(&w, 9000000);
    assert_int_equal(logged(&w, "has not ended"), 0);
    pass(&w, 90000000);
    assert_int_equal(logged(&w, "has not ended"), 1);
    assert_true(ones(&w));
    then = world_cost(&w);
    pt_reset(w.d);
    assert_true(ones(&w));
    pt_reset(w.d);
    c = world_cost_since(&w, &then);
    assert_int_equal(c.reads + c.writes + c.lines, 0);
    /* After all. */
    w.sim.dev.os.hangs = false;
    pass(&w, 2000000);
    assert_int_equal(rd16(&w, PCI_VENDOR_ID), 0x1234);
    assert_int_equal(rd16(&w, PCI_COMMAND), 0);
    place_and_decode(&w);
    assert_false(nothing_mapped(&w));
    assert_true(world_close(&w));
}

/* Every access would wait for the end of it. */
static void test_detached_in_a_reset_that_never_ends(void **state)
{
    struct world_cost then, c;
    struct world w;
    unsigned i;

    (void)state;
    for (i = 0; i < 2; i++) {
        open_flr(&w, &flr);
        wr16(&w, EXP + PCI_EXP_DEVCTL, 0x5010);
        w.sim.dev.os.hangs = true;
        ask(&w);
        pass(&w, LIMIT);
        /* What Linux would give back is the host's. */
        assert_int_equal(sim_get(w.sim.dev.os.saved + EXP + PCI_EXP_DEVCTL,
                                 2), 0x2830);
        then = world_cost(&w);
        if (i) {
            sim_fault_at(&w.sim.xen.fault, 1, EPERM);  /* whose it is */
            pt_detach_left(w.d);
            w.d = NULL;
            assert_int_equal(w.sim.bus.delays, 0);
        } else {
            world_detach(&w);
            assert_true(w.sim.bus.delayed_us < 1500000);
            assert_true(sim_bus_logged(&w.sim.bus, "detached in its reset"));
        }
        c = world_cost_since(&w, &then);
        assert_int_equal(c.reads + c.writes + c.mmio, 0);
        assert_int_equal(w.sim.bus.call_at_us, PT_NEVER);
        assert_true(world_close(&w));
    }
}

static void test_detached_in_a_reset(void **state)
{
    static const uint64_t when[] = { 0, 1, LIMIT / 2, LIMIT - 1 };
    struct world w;
    unsigned i;

    (void)state;
    for (i = 0; i < COUNT(when); i++) {
        open_flr(&w, &flr);
        wr16(&w, EXP + PCI_EXP_DEVCTL, 0x5010);
        ask(&w);
        pass(&w, when[i]);
        world_detach(&w);
        assert_true(w.sim.bus.delayed_us <= LIMIT + 1000);
        assert_int_equal(dev(&w, PCI_BASE_ADDRESS_0, 4), IRQ_MEM);
        assert_int_equal(dev(&w, EXP + PCI_EXP_DEVCTL, 2), 0x2830);
        assert_int_equal(w.sim.bus.call_at_us, PT_NEVER);
        assert_true(world_close(&w));
    }
}

/* And while one that came too early waits for its turn. */
static void test_the_guest_is_reset_in_it(void **state)
{
    struct world w;
    unsigned i;

    (void)state;
    for (i = 0; i < 2; i++) {
        open_flr(&w, &flr);
        ask(&w);
        if (i) {
            pass(&w, LIMIT);
            ask(&w);
            assert_int_equal(resets(&w), 1);
        }
        pt_reset(w.d);
        assert_int_equal(rd16(&w, PCI_VENDOR_ID), 0x1234);
        assert_int_equal(resets(&w), 1);
        assert_int_equal(w.sim.bus.call_at_us, PT_NEVER);
        place_and_decode(&w);
        entries_program(&w, 1);
        msix_on(&w);
        assert_true(hears(&w, 0, VECTOR));
        assert_true(world_close(&w));
    }
}

static void test_it_vanishes(void **state)
{
    struct world w;

    (void)state;
    open_flr(&w, &flr);
    ask(&w);
    w.sim.dev.vanished = true;
    pass(&w, 10 * LIMIT);
    assert_true(ones(&w));
    assert_int_equal(logged(&w, "failed"), 1);
    assert_true(world_close(&w));
}

/* What the attach costs by it: the structures that a reset takes. */

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_it_fails),
        cmocka_unit_test(
            test_register_that_the_asking_write_set_back_was_left),
        cmocka_unit_test(test_it_fails_and_has_no_bars),
        cmocka_unit_test(test_what_xen_does_not_unmap_is_not_reset),
        cmocka_unit_test(test_it_never_ends),
        cmocka_unit_test(test_detached_in_a_reset_that_never_ends),
        cmocka_unit_test(test_detached_in_a_reset),
        cmocka_unit_test(test_the_guest_is_reset_in_it),
        cmocka_unit_test(test_it_vanishes),
    };

    return cmocka_run_group_tests_name("function level reset", tests, NULL,
                                       NULL);
}
