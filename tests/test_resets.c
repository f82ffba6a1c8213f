/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The driver resets its chip by a register of the chip's own: nobody is told,
 * and configuration space is gone. PCI Local Bus 3.0 section 4.3.1.
 */
#include "lib-irq.h"

#define BIG_BAR UINT64_C(0x6000000000)
#define BIG_SIZE UINT64_C(0x10000000)

static struct world w;
static struct capture c;

/* Does the device decode region @n where the host has it? */
static bool at_home(unsigned n)
{
    uint64_t base = 0;

    return sim_dev_placed(&w.sim.dev, n, &base) &&
        base == c.region[n].addr;
}

static bool decoders(void)
{
    return dev(&w, PCI_COMMAND, 2) & (PCI_COMMAND_IO | PCI_COMMAND_MEMORY);
}

static void chip_reset(void)
{
    sim_dev_hot_reset(&w.sim.dev);
}

/*
 * The simulated Xen complains of what was mapped while the chip decoded
 * nothing, or enabled while it had lost its message, and the right to send
 * one: that was its driver's doing. Nothing else is forgotten.
 */
static void forgive(void)
{
    const struct sim_notes *n = &w.sim.xen.notes;
    unsigned i;

    for (i = 0; i < n->count && i < SIM_NOTES_KEPT; i++) {
        bool mapped = strstr(n->text[i], "the device does not decode it") &&
            !strstr(n->text[i], "when something was mapped");
        bool message = strstr(n->text[i], "MSI was enabled while");

        if (!mapped && !message) {
            fail_msg("%s", n->text[i]);
        }
    }
    sim_notes_clear(&w.sim.xen.notes);
}

/* What a driver writes that saved Command before and restores it now. */
static void restore_command(void)
{
    wr16(&w, PCI_COMMAND, PCI_COMMAND_IO | PCI_COMMAND_MEMORY |
         PCI_COMMAND_MASTER);
    forgive();
}

/* A graphics card's BAR 0 is at a multiple of 4 GiB: its low dword is 0. */
static void bar_of_which_the_low_half_is_0_was_not_missed(void **state)
{
    (void)state;
    world_build(&c);
    world_build_bar(&c, 0, BIG_BAR, BIG_SIZE,
                    PT_REGION_64 | PT_REGION_PREFETCH);
    world_build_bar(&c, 5, CARD_MEM, CARD_MEM_SIZE, 0);
    begin(&w, &c, NULL);
    place_and_decode(&w);
    assert_true(at_home(0) && at_home(5));
    chip_reset();
    restore_command();
    assert_true(at_home(0));
    assert_true(at_home(5));
    assert_true(world_close(&w));
}

/* Not the first BAR alone: a chip can keep that. */
static void bar_that_the_chip_kept_hid_the_others(void **state)
{
    (void)state;
    card(&c);
    begin(&w, &c, NULL);
    place_and_decode(&w);
    chip_reset();
    sim_dev_poke(&w.sim.dev, PCI_BASE_ADDRESS_0, 4, (uint32_t)CARD_MEM);
    restore_command();
    assert_true(at_home(0) && at_home(1) && at_home(2));
    assert_true(world_close(&w));
}

/* The guest ends before it has written Command again. */
static void detach_left_decoders_on_at_0(void **state)
{
    (void)state;
    card(&c);
    pt_store(c.cfg + PCI_COMMAND, PCI_COMMAND_IO | PCI_COMMAND_MEMORY, 2);
    begin(&w, &c, NULL);
    place_and_decode(&w);
    chip_reset();
    world_detach(&w);
    forgive();
    assert_true(!decoders() || (at_home(0) && at_home(1) && at_home(2)));
    assert_true(at_home(0));
    assert_true(world_close(&w));
}

/* It is reset: what it goes on with is placed. */
static void reset_left_the_chip_as_it_was(void **state)
{
    (void)state;
    card(&c);
    begin(&w, &c, NULL);
    place_and_decode(&w);
    chip_reset();
    pt_reset(w.d);
    forgive();
    assert_true(at_home(0) && at_home(1) && at_home(2));
    place_and_decode(&w);
    assert_true(at_home(0) && at_home(1) && at_home(2));
    assert_true(world_close(&w));
}

/* Both tries of the header's way back fail, and nothing else. */
static void fail_header(struct sim_dev *d, uint16_t pos, const uint8_t *val,
                        unsigned len)
{
    (void)val;
    (void)len;
    if (pos == PCI_CACHE_LINE_SIZE && d->config_fault.fired == 1) {
        sim_fault_at(&d->config_fault, 1, EIO);
    }
}

static void lose_and_fail(void)
{
    card(&c);
    pt_store(c.cfg + PCI_COMMAND, PCI_COMMAND_IO | PCI_COMMAND_MEMORY, 2);
    begin(&w, &c, NULL);
    place_and_decode(&w);
    chip_reset();
    w.sim.dev.hooks.on_write = fail_header;
    /* After looks at Command and at the BARs. */
    sim_fault_at(&w.sim.dev.config_fault, 3, EIO);
    restore_command();
    w.sim.dev.hooks.on_write = NULL;
    assert_false(at_home(0));
    assert_false(decoders());
    assert_false(any_mem(&w, world_bar_addr(&w, 0)));
}

static void failed_restore_was_for_good(void **state)
{
    (void)state;
    lose_and_fail();
    restore_command();
    assert_true(at_home(0) && at_home(1) && at_home(2));
    assert_true(mem_at(&w, world_bar_addr(&w, 0), CARD_MEM, CARD_MEM_SIZE));
    assert_true(world_close(&w));
}

static void failed_restore_stayed_over_a_reset(void **state)
{
    (void)state;
    lose_and_fail();
    pt_reset(w.d);
    place_and_decode(&w);
    assert_true(at_home(0) && at_home(1) && at_home(2));
    assert_true(mem_at(&w, world_bar_addr(&w, 0), CARD_MEM, CARD_MEM_SIZE));
    assert_true(world_close(&w));
}

static void failed_restore_decoded_at_0_after_detach(void **state)
{
    (void)state;
    lose_and_fail();
    world_detach(&w);
    assert_true(at_home(0) && at_home(1) && at_home(2));
    assert_true(world_close(&w));
}

/* Whether its addresses are lost can't be had: then nothing is switched on. */
static void addresses_that_can_not_be_read_were_believed(void **state)
{
    unsigned masters;

    (void)state;
    for (masters = 0; masters < 2; masters++) {
        card(&c);
        begin(&w, &c, NULL);
        place_and_decode(&w);
        chip_reset();
        if (masters) {
            sim_dev_poke(&w.sim.dev, PCI_COMMAND, 2, PCI_COMMAND_MASTER);
        }
        sim_fault_at(&w.sim.dev.config_fault, 2, EIO);
        wr16(&w, PCI_COMMAND, PCI_COMMAND_IO | PCI_COMMAND_MEMORY);
        assert_false(decoders());
        restore_command();
        assert_true(at_home(0) && at_home(1) && at_home(2));
        assert_true(world_close(&w));
    }
}

static unsigned command_fails;  /* so many writes of it, once one has */

static void fail_command(struct sim_dev *d, uint16_t pos, const uint8_t *val,
                         unsigned len)
{
    (void)val;
    (void)len;
    if (pos == PCI_COMMAND && d->config_fault.fired && --command_fails) {
        sim_fault_at(&d->config_fault, 1, EIO);
    }
}

/* What could not be written before it fell asleep waits until it listens. */
static void command_was_written_before_it_listened(void **state)
{
    (void)state;
    irq_card(&c);
    begin(&w, &c, POLICY(power_mgmt));
    place_and_decode(&w);
    w.sim.dev.hooks.on_write = fail_command;
    command_fails = 4;
    sim_fault_at(&w.sim.dev.config_fault, 2, EIO);
    wr16(&w, PCI_COMMAND, PCI_COMMAND_IO | PCI_COMMAND_MEMORY);
    assert_int_equal(w.sim.dev.config_fault.fired, 4);
    command_fails = 2;
    sim_fault_at(&w.sim.dev.config_fault, 2, EIO);
    wr16(&w, PM + PCI_PM_CTRL, 3);
    w.sim.dev.hooks.on_write = NULL;
    assert_int_equal(sim_dev_power(&w.sim.dev), 3);
    assert_int_equal(w.sim.dev.count.early, 0);
    assert_true(world_close(&w));
}

/* The host does not read a table that nobody decodes. */
static void table_was_read_that_nobody_decodes(void **state)
{
    uint64_t before;

    (void)state;
    open_msix(&w, 4, NULL);
    entries_program(&w, 4);
    msix_on(&w);
    assert_true(hears(&w, 1, VECTOR + 1));
    before = w.sim.dev.count.unsupported;
    chip_reset();
    restore_command();
    assert_int_equal(w.sim.dev.count.unsupported, before);
    entries_program(&w, 4);
    msix_on(&w);
    assert_true(hears(&w, 1, VECTOR + 1));
    assert_true(world_close(&w));
}

/* MSI-X first, Command later: the table before it was enabled, or after. */
static void msix_before_command_was_lost(void **state)
{
    unsigned i;

    (void)state;
    for (i = 0; i < 3; i++) {
        msix_card(&c, 4);
        irq_begin(&w, &c, NULL, NULL);
        chip_reset();
        if (i == 0) {
            entries_program(&w, 4);
            msix_on(&w);
        } else if (i == 1) {
            msix_set(&w, PCI_MSIX_ENABLE | PCI_MSIX_MASK);
            entries_program(&w, 4);
            msix_on(&w);
        } else {
            msix_on(&w);
            entries_program(&w, 4);
        }
        restore_command();
        assert_true(hears(&w, 1, VECTOR + 1));
        assert_true(world_close(&w));
    }
}

/* A chip that is reset can keep its table: not all drivers write it again. */
static void table_was_forgotten_with_the_header(void **state)
{
    (void)state;
    open_msix(&w, 4, NULL);
    entries_program(&w, 3);
    msix_on(&w);
    chip_reset();
    restore_command();
    assert_true(hears(&w, 1, VECTOR + 1));
    assert_true(silent(&w, 3));
    assert_true(world_close(&w));
}

/* It ends MSI first: Xen takes Interrupt Disable along, and we set it. */
static void command_was_written_unseen(void **state)
{
    unsigned n;

    (void)state;
    irq_card(&c);
    add_msi(&c, MSI_64);
    irq_begin(&w, &c, NULL, NULL);
    for (n = 0; n < 2; n++) {
        guest_intx(&w, false);
        msi_start(&w, 0);
        assert_true(hears(&w, 0, VECTOR));
        chip_reset();
        msi_off(&w);
        assert_true(!decoders() || at_home(0));
        restore_command();
        assert_true(at_home(0) && at_home(1) && at_home(2) && at_home(4));
        assert_true(hears_intx(&w, 0));
    }
    assert_true(world_close(&w));
}

static void msi_before_command_was_lost(void **state)
{
    (void)state;
    msix_card(&c, 4);
    irq_begin(&w, &c, NULL, NULL);
    msi_start(&w, 0);
    assert_true(hears(&w, 0, VECTOR));
    chip_reset();
    msi_start(&w, 0);
    restore_command();
    assert_true(hears(&w, 0, VECTOR));
    assert_true(world_close(&w));
}

/* Enabled again before Command was written: then it is not off by itself. */
static void message_that_was_enabled_since_stayed_on(void **state)
{
    unsigned way;

    (void)state;
    for (way = 0; way < 2; way++) {
        msix_card(&c, 4);
        irq_begin(&w, &c, POLICY(msitranslate), NULL);
        entries_program(&w, 4);
        msix_on(&w);
        chip_reset();
        msix_on(&w);
        if (way) {
            pt_reset(w.d);
            forgive();
            assert_false(sim_dev_msix_enabled(&w.sim.dev));
        } else {
            world_detach(&w);
            forgive();
            assert_int_equal(dev(&w, MSIX + PCI_MSI_FLAGS, 2) &
                             PCI_MSIX_ENABLE, 0);
        }
        assert_true(world_close(&w));
    }
}

/* Xen gives messages up in its memory: after sleep, not in it. */
static void chip_went_to_sleep_after_its_reset(void **state)
{
    unsigned s;

    (void)state;
    for (s = 1; s <= 3; s++) {
        irq_card(&c);
        pt_store(c.cfg + PM + 2, 3 | PCI_PM_CAP_D1 | PCI_PM_CAP_D2, 2);
        pt_store(c.cfg + PM + PCI_PM_CTRL, PCI_PM_CTRL_NO_SOFT_RST, 2);
        add_msix(&c, 4, 0x2000);
        irq_begin(&w, &c, POLICY(power_mgmt), NULL);
        entries_program(&w, 4);
        msix_on(&w);
        chip_reset();
        assert_true(world_power(&w, s));
        sim_bus_pass(&w.sim.bus, w.d, 20000);
        sim_notes_clear(&w.sim.xen.notes);
        restore_command();
        assert_true(world_power(&w, 0));
        sim_bus_pass(&w.sim.bus, w.d, 20000);
        restore_command();
        assert_true(at_home(0) && at_home(1) && at_home(2) && at_home(4));
        assert_true(hears(&w, 1, VECTOR + 1));
        assert_int_equal(w.sim.xen.unsupported, 0);
        assert_true(world_close(&w));
    }
}

static void translation_was_lost(void **state)
{
    (void)state;
    irq_card(&c);
    add_msi(&c, MSI_64 | MSI_MASKS);
    irq_begin(&w, &c, POLICY(msitranslate), NULL);
    assert_true(hears_intx(&w, 0));
    chip_reset();
    restore_command();
    assert_true(hears_intx(&w, 0));
    assert_true(world_close(&w));
}

/* ------------------------------------------------------------------ */
/* Chance                                                              */

/* What is decoded is at the host's addresses. */
static bool nowhere_else(void)
{
    uint32_t command = dev(&w, PCI_COMMAND, 2);
    unsigned n;

    for (n = 0; n < PT_NUM_BARS; n++) {
        uint32_t bit = c.region[n].flags & PT_REGION_IO ? PCI_COMMAND_IO :
            PCI_COMMAND_MEMORY;

        if (c.region[n].size && (command & bit) && !at_home(n)) {
            return false;
        }
    }
    return true;
}

static void random_command(struct world_rng *r)
{
    uint32_t val = world_random(r);

    switch (world_random(r) % 4) {
    case 0:
        wr8(&w, PCI_COMMAND, val & 7);
        break;
    case 1:
        wr8(&w, PCI_COMMAND + 1, val & 4);
        break;
    case 2:
        wr32(&w, PCI_COMMAND, val & 0xf9000407);
        break;
    default:
        wr16(&w, PCI_COMMAND, val & 0x0407);
        break;
    }
}

static void random_message(struct world_rng *r)
{
    switch (world_random(r) % 5) {
    case 0:
        msi_start(&w, world_random(r) % 3);
        break;
    case 1:
        msi_off(&w);
        break;
    case 2:
        entries_program(&w, 1 + world_random(r) % 4);
        break;
    case 3:
        msix_on(&w);
        break;
    default:
        msix_set(&w, world_random(r) % 2 ? 0 :
                 PCI_MSIX_ENABLE | PCI_MSIX_MASK);
        break;
    }
}

/* @fail: one of the next accesses or hypercalls does. */
static void random_step(struct world_rng *r, bool fail)
{
    if (fail && world_random(r) % 4 == 0) {
        sim_fault_at(world_random(r) % 2 ? &w.sim.dev.config_fault :
                     &w.sim.xen.fault, 1 + world_random(r) % 4, EIO);
    }
    switch (world_random(r) % 8) {
    case 0:
        /* Asleep there is no register of the chip's to write to. */
        if (sim_dev_power(&w.sim.dev) == 0 && sim_dev_answers(&w.sim.dev)) {
            chip_reset();
        }
        break;
    case 1:
        random_command(r);
        break;
    case 2:
    case 3:
        random_message(r);
        break;
    case 4:
        world_power(&w, world_random(r) % 2 ? 0 : world_random(r) % 4);
        break;
    case 5:
        world_bar_place(&w, world_random(r) % 5, FAR);
        break;
    case 6:
        if (world_random(r) % 8 == 0) {
            pt_reset(w.d);
        }
        break;
    default:
        place_and_decode(&w);
        break;
    }
    sim_bus_pass(&w.sim.bus, w.d, world_random(r) % 2 ? 20000 : 0);
}

/* The next driver sets everything up: it has all of it. */
static void next_driver(bool msix)
{
    world_power(&w, 3);
    sim_bus_pass(&w.sim.bus, w.d, 20000);
    world_power(&w, 0);
    sim_bus_pass(&w.sim.bus, w.d, 20000);
    wr16(&w, PCI_COMMAND, 0);
    msi_off(&w);
    msix_off(&w);
    place_and_decode(&w);
    wr16(&w, PCI_COMMAND, PCI_COMMAND_IO | PCI_COMMAND_MEMORY |
         PCI_COMMAND_MASTER);
    assert_true(at_home(0) && at_home(1) && at_home(2) && at_home(4));
    assert_true(dev(&w, PCI_COMMAND, 2) & PCI_COMMAND_MASTER);
    assert_true(mem_at(&w, world_bar_addr(&w, 4), IRQ_MEM + 0x1000000,
                       0x4000));
    assert_true(hears_intx(&w, 0) || logged(&w, "no INTx"));
    if (msix) {
        entries_program(&w, 4);
        msix_on(&w);
        assert_true(hears(&w, 3, VECTOR + 3));
    } else {
        msi_start(&w, 0);
        assert_true(hears(&w, 0, VECTOR));
    }
}

static void chance(const struct pt_policy *policy, unsigned seed, bool fail)
{
    const struct sim_xen_opts xen = {
        .all_writes = seed & 1, .unmap_bound = true,
    };
    struct world_rng r = { seed };
    unsigned n;

    msix_card(&c, 4);
    pt_store(c.cfg + PM + 2, 3 | PCI_PM_CAP_D1 | PCI_PM_CAP_D2, 2);
    pt_store(c.cfg + PM + PCI_PM_CTRL, seed & 2 ? PCI_PM_CTRL_NO_SOFT_RST : 0,
             2);
    pt_store(c.cfg + PCI_COMMAND, seed & 4 ? 3 : 0, 2);
    irq_begin(&w, &c, policy, &xen);
    for (n = 0; n < 60; n++) {
        random_step(&r, fail);
        assert_true(nowhere_else());
        if (!fail) {
            assert_false((dev(&w, PCI_COMMAND, 2) & PCI_COMMAND_MASTER) &&
                         !(pt_copy(w.d, PCI_COMMAND, 2) & PCI_COMMAND_MASTER));
        }
    }
    sim_fault_clear(&w.sim.dev.config_fault);
    sim_fault_clear(&w.sim.xen.fault);
    if (seed % 4) {
        next_driver(seed % 4 == 1);
    }
    world_detach(&w);
    assert_int_equal(dev(&w, PCI_COMMAND, 2) & 7, seed & 4 ? 3 : 0);
    assert_int_equal(dev(&w, PCI_BASE_ADDRESS_0, 4), IRQ_MEM);
    assert_int_equal(dev(&w, MSI + PCI_MSI_FLAGS, 2) & PCI_MSI_FLAGS_ENABLE,
                     0);
    assert_int_equal(dev(&w, MSIX + PCI_MSI_FLAGS, 2) & PCI_MSIX_ENABLE, 0);
    sim_notes_clear(&w.sim.xen.notes);  /* see forgive() */
    assert_true(world_close(&w));
}

static void any_order_of_resets(void **state)
{
    static const struct pt_policy p[] = {
        { 0 }, { .power_mgmt = true }, { .msitranslate = true },
        { .power_mgmt = true, .msitranslate = true },
        { .power_mgmt = true, .strict = true },
    };
    unsigned i, seed;

    (void)state;
    for (i = 0; i < COUNT(p); i++) {
        for (seed = 1; seed <= world_rounds(200); seed++) {
            chance(&p[i], seed, false);
            chance(&p[i], seed, true);
        }
    }
}

/*
 * The toolstack resets, or wakes, a device that its guest has sent to sleep.
 * PMCSR reads D0: Linux then writes nothing, and nothing was mapped any more.
 */
static void test_somebody_else_woke_it(void **state)
{
    unsigned i;

    (void)state;
    for (i = 0; i < 16; i++) {
        bool keeps = i & 1, by_write = i & 2, reset = i & 4, again = i & 8;

        card(&c);
        card_pm(&c, PM, 3, keeps ? PCI_PM_CTRL_NO_SOFT_RST : 0);
        begin(&w, &c, POLICY(power_mgmt));
        place_and_decode(&w);
        world_power(&w, 3);
        rd32(&w, 0);
        assert_int_equal(sim_dev_power(&w.sim.dev), 3);
        assert_false(any_mem(&w, world_bar_addr(&w, 0)));
        if (reset) {
            sim_dev_hot_reset(&w.sim.dev);
        } else {
            sim_dev_xen_write(&w.sim.dev, PM + PCI_PM_CTRL, 2, 0);
            w.sim.bus.clock.now_us += 10000;
        }
        if (by_write) {
            wr16(&w, PM + PCI_PM_CTRL, again ? 3 : 0);
        } else {
            assert_int_equal(rd16(&w, PM + PCI_PM_CTRL) & 3, 0);
        }
        if (by_write && again) {
            rd32(&w, 0);
            assert_int_equal(sim_dev_power(&w.sim.dev), 3);
            world_power(&w, 0);
            rd32(&w, 0);
        }
        assert_int_equal(dev(&w, PCI_BASE_ADDRESS_0, 4), CARD_MEM);
        assert_int_equal(dev(&w, PCI_COMMAND, 2) & 3, 3);
        if (!keeps) {
            assert_int_equal(rd16(&w, PCI_COMMAND) & 3, 0);
            place_and_decode(&w);
        }
        assert_true(mem_at(&w, world_bar_addr(&w, 0), CARD_MEM,
                           CARD_MEM_SIZE));
        assert_true(world_close(&w));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bar_of_which_the_low_half_is_0_was_not_missed),
        cmocka_unit_test(bar_that_the_chip_kept_hid_the_others),
        cmocka_unit_test(detach_left_decoders_on_at_0),
        cmocka_unit_test(reset_left_the_chip_as_it_was),
        cmocka_unit_test(failed_restore_was_for_good),
        cmocka_unit_test(failed_restore_stayed_over_a_reset),
        cmocka_unit_test(failed_restore_decoded_at_0_after_detach),
        cmocka_unit_test(addresses_that_can_not_be_read_were_believed),
        cmocka_unit_test(command_was_written_before_it_listened),
        cmocka_unit_test(message_that_was_enabled_since_stayed_on),
        cmocka_unit_test(chip_went_to_sleep_after_its_reset),
        cmocka_unit_test(table_was_read_that_nobody_decodes),
        cmocka_unit_test(msix_before_command_was_lost),
        cmocka_unit_test(table_was_forgotten_with_the_header),
        cmocka_unit_test(command_was_written_unseen),
        cmocka_unit_test(msi_before_command_was_lost),
        cmocka_unit_test(translation_was_lost),
        cmocka_unit_test(any_order_of_resets),
        cmocka_unit_test(test_somebody_else_woke_it),
    };

    return cmocka_run_group_tests_name("resets", tests, NULL, NULL);
}
