/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What goes on behind our back: the device's enable bits lost in a reset of
 * its driver's own, Interrupt Disable cleared by Xen, lines that two functions
 * of the guest's share.
 */
#include "lib-irq.h"

static uint32_t command(const struct world *w)
{
    return dev(w, PCI_COMMAND, 2);
}

/* ------------------------------------------------------------------ */
/* Enable bits                                                         */

/* A chip's reset through a BAR takes an enable bit with it. */
static void chip_reset(struct world *w, unsigned cap, uint32_t enable)
{
    uint32_t flags = sim_dev_peek(&w->sim.dev, cap + PCI_MSI_FLAGS, 2);

    sim_dev_poke(&w->sim.dev, cap + PCI_MSI_FLAGS, 2, flags & ~enable);
}

/* tg3 does, and writes back what it has read: that was swallowed. */
static void test_msi_enable_that_a_chip_lost_was_not_written_again(void **st)
{
    struct world_cost then;
    struct capture c;
    struct world w;
    unsigned width;

    (void)st;
    for (width = 1; width <= 4; width *= 2) {
        irq_card(&c);
        add_msi(&c, MSI_64 | MSI_CAPABLE(2));
        irq_begin(&w, &c, NULL, NULL);
        msi_start(&w, 2);
        chip_reset(&w, MSI, PCI_MSI_FLAGS_ENABLE);
        assert_false(sim_dev_msi_enabled(&w.sim.dev));
        then = world_cost(&w);
        if (width == 1) {
            wr8(&w, MSI + 2, (uint8_t)rd16(&w, MSI + 2));
        } else if (width == 2) {
            wr16(&w, MSI + 2, rd16(&w, MSI + 2));
        } else {
            wr32(&w, MSI, rd32(&w, MSI));
        }
        assert_int_equal(world_cost_since(&w, &then).hypercalls, 0);
        assert_int_equal(world_cost_since(&w, &then).writes, 1);
        assert_true(hears(&w, 3, VECTOR + 3));
        /* A byte that has no enable bit is none of that. */
        then = world_cost(&w);
        wr8(&w, MSI + 3, (uint8_t)(rd16(&w, MSI + 2) >> 8));
        assert_int_equal(world_cost_since(&w, &then).writes, 0);
        /* One that is off stays off. */
        msi_off(&w);
        then = world_cost(&w);
        msi_off(&w);
        assert_int_equal(world_cost_since(&w, &then).writes, 0);
        assert_true(world_close(&w));
    }
}

static void test_msix_enable_that_a_chip_lost_was_not_written_again(void **st)
{
    struct world_cost then;
    struct world w;
    unsigned byte;

    (void)st;
    for (byte = 0; byte < 2; byte++) {
        open_msix(&w, 4, NULL);
        entries_program(&w, 4);
        msix_on(&w);
        chip_reset(&w, MSIX, PCI_MSIX_ENABLE);
        then = world_cost(&w);
        if (byte) {
            wr8(&w, MSIX + 3, (uint8_t)(rd16(&w, MSIX + 2) >> 8));
        } else {
            wr16(&w, MSIX + 2, rd16(&w, MSIX + 2));
        }
        assert_int_equal(world_cost_since(&w, &then).hypercalls, 0);
        assert_int_equal(world_cost_since(&w, &then).writes, 1);
        assert_true(sim_dev_msix_enabled(&w.sim.dev));
        assert_true(hears(&w, 2, VECTOR + 2));
        then = world_cost(&w);
        wr8(&w, MSIX + 2, 0);
        assert_int_equal(world_cost_since(&w, &then).writes, 0);
        assert_true(world_close(&w));
    }
}

/* Both on: the one that is not in force stays as it is. */
static void test_enable_of_the_other_mode_is_not_written(void **state)
{
    struct world_cost then;
    struct world w;

    (void)state;
    open_msix(&w, 4, NULL);
    entries_program(&w, 4);
    msix_on(&w);
    msi_start(&w, 0);
    then = world_cost(&w);
    msi_on(&w, 0);
    assert_int_equal(world_cost_since(&w, &then).writes, 0);
    assert_false(sim_dev_msi_enabled(&w.sim.dev));
    assert_true(hears(&w, 1, VECTOR + 1));
    assert_true(world_close(&w));
}

/*
 * Xen switches MSI off with the unmapping. Where our own two tries had failed,
 * we believed that it was on, and did not enable it for the next driver.
 */
static void test_msi_that_xen_switched_off_was_not_enabled_again(void **state)
{
    struct capture c;
    struct world w;

    (void)state;
    irq_card(&c);
    add_msi(&c, MSI_64);
    irq_begin(&w, &c, NULL, NULL);
    msi_start(&w, 0);
    sim_fault_always(&w.sim.dev.config_fault, EIO);
    msi_off(&w);
    sim_fault_clear(&w.sim.dev.config_fault);
    msi_start(&w, 0);
    assert_true(sim_dev_msi_enabled(&w.sim.dev));
    assert_true(hears(&w, 0, VECTOR));
    assert_true(world_close(&w));
}

/* ------------------------------------------------------------------ */
/* Interrupt Disable                                                   */

/* Linux: INTx off, MSI on, MSI off; and INTx was heard that was off. */
static void test_intx_that_the_guest_disabled_came_back_after_msi(void **state)
{
    unsigned log2;

    (void)state;
    for (log2 = 0; log2 < 3; log2++) {
        struct capture c;
        struct world w;

        irq_card(&c);
        add_msi(&c, MSI_64 | MSI_CAPABLE(2));
        irq_begin(&w, &c, NULL, NULL);
        guest_intx(&w, false);
        msi_start(&w, log2);
        assert_true(hears(&w, 0, VECTOR));
        msi_off(&w);
        assert_true(command(&w) & PCI_COMMAND_DISABLE_INTx);
        assert_true(silent(&w, 0));
        guest_intx(&w, true);
        assert_true(hears_intx(&w, 0));
        assert_true(world_close(&w));
    }
}

/* With a number of messages that changes, MSI ends and begins, too. */
static void test_intx_came_back_with_another_number_of_msis(void **state)
{
    struct capture c;
    struct world w;

    (void)state;
    irq_card(&c);
    add_msi(&c, MSI_64 | MSI_CAPABLE(2));
    irq_begin(&w, &c, NULL, NULL);
    guest_intx(&w, false);
    msi_start(&w, 0);
    msi_on(&w, 2);
    assert_true(hears(&w, 3, VECTOR + 3));
    assert_true(command(&w) & PCI_COMMAND_DISABLE_INTx);
    assert_true(world_close(&w));
}

/* The question how many MSIs Xen gives is one of these. */
static void test_intx_of_no_line_came_on_at_attach(void **state)
{
    unsigned found, way;

    (void)state;
    for (found = 0; found < 2; found++) {
        for (way = 0; way < 3; way++) {
            struct capture c;
            struct world w;

            irq_card(&c);
            if (found) {
                c.cfg[PCI_COMMAND + 1] |= PCI_COMMAND_DISABLE_INTx >> 8;
            }
            add_msi(&c, MSI_64 | MSI_CAPABLE(3));
            irq_init(&w, &c, NULL, NULL);
            w.sim.dev.pt.info.irq = way == 0 ? 0 : GSI;
            if (way == 1) {
                sim_fault_always(&w.sim.xen.kind_fault[SIM_BIND_INTX], EPERM);
            } else if (way == 2) {
                sim_fault_always(&w.sim.xen.kind_fault[SIM_MAP_GSI], EPERM);
            }
            assert_true(world_attach(&w));
            assert_true(command(&w) & PCI_COMMAND_DISABLE_INTx);
            assert_true(world_close(&w));
        }
    }
}

/* A device that translates has it set, for it has no line. */
static void test_intx_came_on_when_translation_ended(void **state)
{
    struct capture c;
    struct world w;

    (void)state;
    irq_card(&c);
    add_msi(&c, MSI_64);
    add_msix(&c, 4, 0x2000);
    irq_begin(&w, &c, POLICY(msitranslate), NULL);
    assert_true(translated(&w));
    entries_program(&w, 2);
    msix_on(&w);
    assert_true(hears(&w, 1, VECTOR + 1));
    assert_true(command(&w) & PCI_COMMAND_DISABLE_INTx);
    msix_off(&w);
    assert_true(hears_intx(&w, 0));
    assert_true(world_close(&w));
}

/* Written again when the first two tries fail. */
static void test_interrupt_disable_that_failed_is_written_later(void **state)
{
    struct capture c;
    struct world w;

    (void)state;
    irq_card(&c);
    add_msi(&c, MSI_64);
    irq_begin(&w, &c, NULL, NULL);
    guest_intx(&w, false);
    msi_start(&w, 0);
    sim_fault_always(&w.sim.dev.config_fault, EIO);
    msi_off(&w);
    assert_false(command(&w) & PCI_COMMAND_DISABLE_INTx);
    sim_fault_clear(&w.sim.dev.config_fault);
    msi_on(&w, 0);
    assert_true(command(&w) & PCI_COMMAND_DISABLE_INTx);
    assert_true(world_close(&w));
}

/* ------------------------------------------------------------------ */
/* Two functions of the guest's                                        */

struct pair {
    struct world w;
    struct sim_dev second;
    struct pt_dev *d;
};

/* A second function, with @gsi and @pin (1: INTA), at slot @slot of the guest. */
static void pair_at(struct pair *p, unsigned slot, int gsi, uint8_t pin)
{
    struct pt_device_info info;
    struct capture c;
    struct pt_args args;
    struct pt_error err;

    irq_card(&c);
    add_msi(&c, MSI_64);
    irq_begin(&p->w, &c, NULL, NULL);
    c.addr.dev = 4;
    c.cfg[PCI_INTERRUPT_PIN] = pin;
    world_build_bar(&c, 0, IRQ_MEM + 0x3000000, IRQ_MEM_SIZE, 0);
    world_build_bar(&c, 1, 0x4000, CARD_NUM_PORTS, PT_REGION_IO);
    world_build_bar(&c, 2, IRQ_MEM64 + 0x1000000, IRQ_MEM_SIZE, PT_REGION_64);
    world_build_bar(&c, 4, IRQ_MEM + 0x2000000, 0x4000, 0);
    capture_info(&c, &info);
    info.irq = gsi;
    assert_int_equal(sim_dev_init(&p->second, &c, &info, NULL,
                                  &p->w.sim.bus.clock), 0);
    assert_int_equal(sim_xen_add(&p->w.sim.xen, &p->second), 0);
    args = p->w.args;
    args.host = &p->second.pt;
    args.devfn = (uint8_t)(slot << 3 | 1);
    p->d = pt_attach(&args, &err);
    assert_non_null(p->d);
}

static void pair_begin(struct pair *p, int gsi)
{
    pair_at(p, SLOT, gsi, 1);
}

static void pair_end(struct pair *p)
{
    pt_detach(p->d);
    world_detach(&p->w);
    assert_true(world_quiet(&p->w));
    sim_xen_remove(&p->w.sim.xen, &p->second);
    sim_dev_fini(&p->second);
    world_fini(&p->w);
}

static bool second_hears(struct pair *p)
{
    uint64_t n = lines(&p->w);

    sim_dev_set_intx(&p->second, true);
    sim_dev_set_intx(&p->second, false);
    return lines(&p->w) == n + 1;
}

/* Xen ends all bindings that are the same at once. */
static void test_function_lost_its_interrupt_with_its_sibling(void **state)
{
    struct pair p;

    (void)state;
    pair_begin(&p, GSI);
    assert_true(second_hears(&p));
    assert_int_equal(p.w.sim.xen.calls[SIM_BIND_INTX], 1);
    world_detach(&p.w);
    assert_int_equal(p.w.sim.xen.calls[SIM_UNBIND_INTX], 0);
    assert_true(second_hears(&p));
    pt_detach(p.d);
    p.d = NULL;
    assert_int_equal(p.w.sim.xen.calls[SIM_UNBIND_INTX], 1);
    assert_int_equal(p.w.sim.xen.calls[SIM_UNMAP_PIRQ], 1);
    pair_end(&p);
}

/* And the other way round; and with lines of their own. */
static void test_siblings_come_and_go_in_any_order(void **state)
{
    struct pair p;
    int gsi;

    (void)state;
    for (gsi = GSI; gsi < GSI + 2; gsi++) {
        pair_begin(&p, gsi);
        pt_detach(p.d);
        p.d = NULL;
        assert_true(hears_intx(&p.w, 0));
        pair_end(&p);
        pair_begin(&p, gsi);
        world_detach(&p.w);
        assert_true(second_hears(&p));
        pair_end(&p);
    }
}

/* The host has one line for both, the guest has two. */
static void test_second_pin_of_a_shared_line_was_not_bound(void **state)
{
    struct pair p;

    (void)state;
    pair_at(&p, SLOT, GSI, 2);
    assert_int_equal(p.w.sim.xen.calls[SIM_BIND_INTX], 2);
    sim_dev_set_intx(&p.second, true);
    assert_int_equal(p.w.sim.xen.intx[SLOT][1], 1);
    sim_dev_set_intx(&p.second, false);
    world_detach(&p.w);
    assert_int_equal(p.w.sim.xen.calls[SIM_UNBIND_INTX], 1);
    assert_true(second_hears(&p));
    pair_end(&p);
}

/* No room for the line, and others have its pirq: it is not given back. */
static void test_line_without_room_took_that_of_others(void **state)
{
    struct pt_line *l;
    struct capture c;
    struct world w;
    unsigned i, shared;

    (void)state;
    for (shared = 0; shared < 2; shared++) {
        irq_card(&c);
        irq_init(&w, &c, NULL, NULL);
        l = w.sim.xen.pt.line;
        for (i = 0; i < PT_MAX_LINES; i++) {
            l[i] = (struct pt_line) {
                .pirq = shared ? 16 : 15, .slot = SLOT + 1, .users = 1,
            };
        }
        assert_true(world_attach(&w));
        assert_true(sim_bus_logged(&w.sim.bus, "too many lines"));
        assert_int_equal(w.sim.xen.calls[SIM_MAP_GSI], 1);
        assert_int_equal(w.sim.xen.calls[SIM_UNMAP_PIRQ], !shared);
        assert_int_equal(pirqs(&w), shared);
        if (shared) {
            assert_int_equal(w.sim.xen.pt.ops->unmap_pirq(&w.sim.xen, 16), 0);
        }
        assert_true(world_close(&w));
    }
}

/* Another pin of the slot is another line; and once it may fail. */
static void test_pin_beside_one_in_use_stayed_asserted(void **state)
{
    struct pair p;

    (void)state;
    pair_at(&p, SLOT, GSI + 1, 2);
    sim_dev_set_intx(&p.w.sim.dev, true);
    assert_true(p.w.sim.xen.intx_level[SLOT][0]);
    sim_fault_at(&p.w.sim.xen.kind_fault[SIM_LOWER_INTX], 1, EIO);
    world_detach(&p.w);
    assert_false(p.w.sim.xen.intx_level[SLOT][0]);
    pair_end(&p);
}

/* The guest's line storms for whoever shares it, and nobody can end it. */
static void test_pin_of_a_detached_device_stayed_asserted(void **state)
{
    struct pair p;

    (void)state;
    pair_begin(&p, GSI + 1);
    sim_dev_set_intx(&p.w.sim.dev, true);
    assert_true(p.w.sim.xen.intx_level[SLOT][0]);
    /* The other's pin it is, too. */
    world_detach(&p.w);
    assert_int_equal(p.w.sim.xen.calls[SIM_LOWER_INTX], 0);
    sim_dev_set_intx(&p.second, true);
    pt_detach(p.d);
    p.d = NULL;
    assert_int_equal(p.w.sim.xen.calls[SIM_LOWER_INTX], 1);
    assert_false(p.w.sim.xen.intx_level[SLOT][0]);
    pair_end(&p);
}

/* The same pin of another slot is another one. */
static void test_pin_stayed_asserted_for_one_of_another_slot(void **state)
{
    struct pair p;

    (void)state;
    pair_at(&p, SLOT + 1, GSI + 1, 1);
    sim_dev_set_intx(&p.w.sim.dev, true);
    world_detach(&p.w);
    assert_false(p.w.sim.xen.intx_level[SLOT][0]);
    assert_true(second_hears(&p));
    pair_end(&p);
}

/* A translated MSI leaves it so, too, if the guest has not ended it yet. */
static void test_pin_stayed_asserted_when_translation_ended(void **state)
{
    struct capture c;
    struct world w;

    (void)state;
    irq_card(&c);
    add_msi(&c, MSI_64);
    irq_begin(&w, &c, POLICY(msitranslate), NULL);
    assert_true(translated(&w));
    assert_int_equal(w.sim.xen.calls[SIM_LOWER_INTX], 0);
    msi_start(&w, 0);
    assert_int_equal(w.sim.xen.calls[SIM_LOWER_INTX], 1);
    assert_true(world_close(&w));
}

/* What the other function has is not a message's. */
static void test_pirq_of_another_device_was_named(void **state)
{
    const struct sim_pirq *theirs;
    struct pair p;

    (void)state;
    pair_begin(&p, GSI + 1);
    msi_start(&p.w, 0);
    theirs = pirq_of(&p.w, SIM_PIRQ_MSI, 0);
    pt_config_write(p.d, MSI + PCI_MSI_ADDRESS_LO,
                    0xfee00000 | ((uint32_t)theirs->first & 0xff) << 12, 4);
    pt_config_write(p.d, MSI + PCI_MSI_ADDRESS_HI,
                    (uint32_t)theirs->first & ~0xffu, 4);
    pt_config_write(p.d, MSI + PCI_MSI_DATA_64, 0x4300, 2);
    pt_config_write(p.d, MSI + PCI_MSI_FLAGS, PCI_MSI_FLAGS_ENABLE, 2);
    assert_int_equal(p.w.sim.xen.leaked, 0);
    assert_true(hears(&p.w, 0, VECTOR));
    pair_end(&p);
}

/* ------------------------------------------------------------------ */
/* Sleep                                                               */

/* What a guest can do to its messages while the device sleeps in @state. */
static void do_asleep(struct world *w, unsigned what)
{
    switch (what) {
    case 0:
        break;
    case 1:
        msix_off(w);
        break;
    case 2:
        msix_off(w);
        msix_on(w);
        break;
    case 3:
        msix_off(w);
        msi_start(w, 0);
        break;
    case 4:
        world_decode(w, false);
        world_decode(w, true);
        break;
    case 5:
        world_bar_place(w, 0, FAR);
        break;
    case 6:
        pt_reset(w->d);
        break;
    default:
        world_detach(w);
        break;
    }
}

/*
 * Xen writes to the table when it maps, binds, unbinds and unmaps an entry,
 * and looks at Memory Space Enable only: each write to a device that sleeps
 * was an Unsupported Request, at the guest's will.
 */
static void test_xen_wrote_to_the_table_of_a_sleeping_device(void **state)
{
    unsigned soft, sleep, what;

    (void)state;
    for (soft = 0; soft < 2; soft++) {
        for (sleep = 1; sleep <= 3; sleep++) {
            for (what = 0; what < 8; what++) {
                struct capture c;
                struct world w;

                msix_card(&c, 8);
                c.cfg[PM + PCI_PM_CTRL] |= soft ? PCI_PM_CTRL_NO_SOFT_RST : 0;
                c.cfg[PM + PCI_CAP_FLAGS + 1] |=
                    (PCI_PM_CAP_D1 | PCI_PM_CAP_D2) >> 8;
                irq_begin(&w, &c, POLICY(power_mgmt), NULL);
                msix_on(&w);
                entries_program(&w, 8);
                assert_int_equal(bound(&w), 8);
                assert_true(world_power(&w, sleep));
                w.sim.bus.clock.now_us += 20000;
                assert_int_equal(sim_dev_power(&w.sim.dev), sleep);
                do_asleep(&w, what);
                if (w.d) {
                    world_power(&w, 0);
                    w.sim.bus.clock.now_us += 20000;
                    place_and_decode(&w);
                    msix_on(&w);
                    entries_program(&w, 8);
                    assert_true(what == 3 || hears(&w, 7, VECTOR + 7));
                }
                assert_int_equal(w.sim.xen.unsupported, 0);
                assert_true(world_close(&w));
            }
        }
    }
}

/* From D1 it goes on to D3hot, where it loses what it had. */
static void test_messages_go_before_a_deeper_sleep(void **state)
{
    unsigned i;

    (void)state;
    for (i = 1; i <= 2; i++) {
        struct capture c;
        struct world w;

        msix_card(&c, 4);
        c.cfg[PM + PCI_CAP_FLAGS + 1] |= (PCI_PM_CAP_D1 | PCI_PM_CAP_D2) >> 8;
        irq_begin(&w, &c, POLICY(power_mgmt), NULL);
        msix_on(&w);
        entries_program(&w, 4);
        world_power(&w, i);
        world_power(&w, 3);
        w.sim.bus.clock.now_us += 20000;
        world_power(&w, 0);
        w.sim.bus.clock.now_us += 20000;
        place_and_decode(&w);
        msix_on(&w);
        entries_program(&w, 4);
        assert_true(hears(&w, 3, VECTOR + 3));
        assert_int_equal(w.sim.xen.unsupported, 0);
        assert_true(world_close(&w));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            test_msi_enable_that_a_chip_lost_was_not_written_again),
        cmocka_unit_test(
            test_msix_enable_that_a_chip_lost_was_not_written_again),
        cmocka_unit_test(test_enable_of_the_other_mode_is_not_written),
        cmocka_unit_test(
            test_msi_that_xen_switched_off_was_not_enabled_again),
        cmocka_unit_test(
            test_intx_that_the_guest_disabled_came_back_after_msi),
        cmocka_unit_test(test_intx_came_back_with_another_number_of_msis),
        cmocka_unit_test(test_intx_of_no_line_came_on_at_attach),
        cmocka_unit_test(test_intx_came_on_when_translation_ended),
        cmocka_unit_test(test_interrupt_disable_that_failed_is_written_later),
        cmocka_unit_test(test_function_lost_its_interrupt_with_its_sibling),
        cmocka_unit_test(test_siblings_come_and_go_in_any_order),
        cmocka_unit_test(test_second_pin_of_a_shared_line_was_not_bound),
        cmocka_unit_test(test_pin_beside_one_in_use_stayed_asserted),
        cmocka_unit_test(test_line_without_room_took_that_of_others),
        cmocka_unit_test(test_pin_of_a_detached_device_stayed_asserted),
        cmocka_unit_test(test_pin_stayed_asserted_for_one_of_another_slot),
        cmocka_unit_test(test_pin_stayed_asserted_when_translation_ended),
        cmocka_unit_test(test_pirq_of_another_device_was_named),
        cmocka_unit_test(test_xen_wrote_to_the_table_of_a_sleeping_device),
        cmocka_unit_test(test_messages_go_before_a_deeper_sleep),
    };

    return cmocka_run_group_tests_name("behind our back", tests, NULL, NULL);
}
