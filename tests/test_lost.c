/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A device that loses its registers behind the engine's back: its driver
 * resets the chip by a register of its own, and restores what it had.
 */
#include "lib-irq.h"

/* What pci_restore_state() does: the BARs, then Command. */
static void restore(struct world *w, const uint32_t bar[PT_NUM_BARS],
                    uint16_t command)
{
    unsigned n;

    for (n = 0; n < PT_NUM_BARS; n++) {
        wr32(w, PCI_BASE_ADDRESS_0 + 4 * n, bar[n]);
    }
    wr16(w, PCI_COMMAND, command);
    /* That it was mapped and not decoded meanwhile is the driver's doing. */
    sim_notes_clear(&w->sim.xen.notes);
}

static void save(struct world *w, uint32_t bar[PT_NUM_BARS])
{
    unsigned n;

    for (n = 0; n < PT_NUM_BARS; n++) {
        bar[n] = rd32(w, PCI_BASE_ADDRESS_0 + 4 * n);
    }
}

/* The device decodes what the host gave it, and nothing else. */
static bool decodes(const struct world *w)
{
    const struct pt_region *r = w->sim.dev.pt.info.region;
    unsigned n;

    for (n = 0; n < PT_NUM_BARS; n++) {
        uint32_t flags = r[n].flags & PT_REGION_IO ? 0x3 : 0xf;

        if (r[n].size && (dev(w, PCI_BASE_ADDRESS_0 + 4 * n, 4) & ~flags) !=
            (uint32_t)r[n].addr) {
            return false;
        }
    }
    return (dev(w, PCI_COMMAND, 2) & 3) == 3;
}

/* The device decoded address 0 with the guest's BARs at the host's. */
static void test_driver_reset_left_the_device_at_address_0(void **state)
{
    const uint16_t on = PCI_COMMAND_IO | PCI_COMMAND_MEMORY |
        PCI_COMMAND_MASTER;
    uint32_t bar[PT_NUM_BARS];
    struct capture c;
    struct world w;

    (void)state;
    card(&c);
    begin(&w, &c, NULL);
    place_and_decode(&w);
    wr16(&w, PCI_COMMAND, on);
    save(&w, bar);
    sim_dev_hot_reset(&w.sim.dev);
    assert_false(decodes(&w));
    restore(&w, bar, on);
    assert_true(decodes(&w));
    assert_int_equal(dev(&w, PCI_COMMAND, 2) & on, on);
    assert_true(mem_at(&w, world_bar_addr(&w, 0), CARD_MEM, CARD_MEM_SIZE));
    world_detach(&w);
    assert_int_equal(dev(&w, PCI_BASE_ADDRESS_0, 4), CARD_MEM);
    assert_true(world_close(&w));
}

/* Never with decoders on before the addresses are right. */
static unsigned too_early;

static void on_write(struct sim_dev *d, uint16_t pos, const uint8_t *buf,
                     unsigned len)
{
    (void)pos;
    (void)buf;
    (void)len;
    if ((sim_dev_peek(d, PCI_COMMAND, 2) & PCI_COMMAND_MEMORY) &&
        (sim_dev_peek(d, PCI_BASE_ADDRESS_0, 4) & ~0xfu) != CARD_MEM) {
        too_early++;
    }
}

static void test_addresses_are_back_before_decoding(void **state)
{
    uint32_t bar[PT_NUM_BARS];
    struct capture c;
    struct world w;
    unsigned i;

    (void)state;
    for (i = 0; i < 2; i++) {
        card(&c);
        card_pm(&c, 0x40, 3, 0);
        begin(&w, &c, POLICY(power_mgmt));
        place_and_decode(&w);
        save(&w, bar);
        too_early = 0;
        w.sim.dev.hooks.on_write = on_write;
        if (i) {
            world_power(&w, 3);
            world_power(&w, 0);
            rd16(&w, PCI_STATUS);
        } else {
            sim_dev_hot_reset(&w.sim.dev);
        }
        restore(&w, bar, 7);
        assert_int_equal(too_early, 0);
        assert_true(decodes(&w));
        assert_true(world_close(&w));
    }
}

/* Mapped, and not decoded: reads of it were errors on the host's bus. */
static void test_driver_reset_left_the_rom_off(void **state)
{
    uint32_t bar[PT_NUM_BARS], rom;
    struct capture c;
    struct world w;

    (void)state;
    card(&c);
    begin(&w, &c, NULL);
    place_and_decode(&w);
    save(&w, bar);
    rom = rd32(&w, PCI_ROM_ADDRESS);
    assert_int_equal(dev(&w, PCI_ROM_ADDRESS, 4), CARD_ROM | 1);
    sim_dev_hot_reset(&w.sim.dev);
    assert_int_equal(dev(&w, PCI_ROM_ADDRESS, 4), 0);
    restore(&w, bar, 7);
    assert_int_equal(rd32(&w, PCI_ROM_ADDRESS), rom);
    assert_int_equal(dev(&w, PCI_ROM_ADDRESS, 4), CARD_ROM | 1);
    assert_true(mem_at(&w, world_bar_addr(&w, PT_ROM), CARD_ROM,
                       CARD_ROM_SIZE));
    assert_true(world_close(&w));
}

/* What it read as before was taken for what it can have: it decoded nothing. */
static void test_emulated_vf_did_not_decode_after_d3hot(void **state)
{
    struct capture c;
    struct world w;

    (void)state;
    world_build(&c);
    card_pm(&c, 0x40, 3, 0);
    world_init(&w, &c, POLICY(power_mgmt), NULL);
    w.sim.dev.pt.info.is_vf = true;
    pt_store(w.sim.dev.rw + PCI_COMMAND, PCI_COMMAND_MEMORY, 2);
    assert_true(world_attach(&w));
    world_decode(&w, true);
    assert_true(dev(&w, PCI_COMMAND, 2) & PCI_COMMAND_MEMORY);
    world_power(&w, 3);
    world_power(&w, 0);
    rd16(&w, PCI_STATUS);
    assert_true(dev(&w, PCI_COMMAND, 2) & PCI_COMMAND_MEMORY);
    assert_true(world_close(&w));
}

/* Messages that Xen had written are gone with the rest. */
static void test_driver_reset_lost_msi(void **state)
{
    uint32_t bar[PT_NUM_BARS];
    struct capture c;
    struct world w;

    (void)state;
    irq_card(&c);
    add_msi(&c, MSI_64);
    irq_begin(&w, &c, NULL, NULL);
    msi_start(&w, 0);
    assert_true(hears(&w, 0, VECTOR));
    save(&w, bar);
    sim_dev_hot_reset(&w.sim.dev);
    restore(&w, bar, 7);
    assert_true(hears(&w, 0, VECTOR));
    /* The driver's own restore of MSI changes nothing about that. */
    msi_start(&w, 0);
    assert_true(hears(&w, 0, VECTOR));
    assert_true(world_close(&w));
}

static void test_driver_reset_lost_msix(void **state)
{
    uint32_t bar[PT_NUM_BARS];
    struct world w;

    (void)state;
    open_msix(&w, 4, NULL);
    msix_on(&w);
    entries_program(&w, 4);
    save(&w, bar);
    sim_dev_hot_reset(&w.sim.dev);
    restore(&w, bar, 7);
    assert_true(sim_dev_msix_enabled(&w.sim.dev));
    assert_true(hears(&w, 3, VECTOR + 3));
    /* And masks that Xen did not tell of are found again when it moves. */
    entry_mask(&w, 3, true);
    world_bar_place(&w, 0, FAR);
    assert_true(silent(&w, 3));
    entry_mask(&w, 3, false);
    assert_true(hears(&w, 2, VECTOR + 2));
    assert_true(world_close(&w));
}

/* An address that the host never gave says nothing. */
static void test_unplaced_bar_was_taken_for_a_reset(void **state)
{
    struct capture c;
    struct world w;

    (void)state;
    card(&c);
    world_init(&w, &c, NULL, NULL);
    w.sim.dev.pt.info.region[0].addr = 0;
    assert_true(world_attach(&w));
    world_decode(&w, true);
    sim_dev_xen_write(&w.sim.dev, PCI_COMMAND, 2, PCI_COMMAND_MASTER);
    sim_dev_forget(&w.sim.dev);
    wr16(&w, PCI_COMMAND, 7);
    assert_int_equal(sim_dev_writes_at(&w.sim.dev, PCI_BASE_ADDRESS_0, 4), 0);
    assert_int_equal(dev(&w, PCI_BASE_ADDRESS_0, 4), CARD_MEM);
    world_detach(&w);
    world_fini(&w);
}

/* Nobody's decoders are taken for a reset where the addresses are right. */
static void test_decoders_that_went_alone_are_no_reset(void **state)
{
    struct world_cost then, c;
    struct capture card_;
    struct world w;
    uint64_t binds;

    (void)state;
    irq_card(&card_);
    add_msi(&card_, MSI_64);
    irq_begin(&w, &card_, NULL, NULL);
    msi_start(&w, 0);
    binds = w.sim.xen.calls[SIM_BIND_MSI];
    sim_dev_xen_write(&w.sim.dev, PCI_COMMAND, 2, PCI_COMMAND_MASTER);
    then = world_cost(&w);
    wr16(&w, PCI_COMMAND, 7);
    c = world_cost_since(&w, &then);
    assert_true(decodes(&w));
    assert_int_equal(c.reads, 2);
    assert_int_equal(c.writes, 1);
    assert_int_equal(w.sim.xen.calls[SIM_BIND_MSI], binds);
    assert_true(hears(&w, 0, VECTOR));
    assert_true(world_close(&w));
}

/* The wait for a power state ended, and nothing was mapped till an access. */
static void test_bars_came_back_with_the_next_access_only(void **state)
{
    static const uint16_t no_reset[] = { 0, PCI_PM_CTRL_NO_SOFT_RST };
    static const uint8_t deep[] = { 2, 3 };
    struct capture c;
    struct world w;
    uint64_t at;
    unsigned i, k;

    (void)state;
    for (i = 0; i < COUNT(no_reset); i++) {
        for (k = 0; k < COUNT(deep); k++) {
            if (!no_reset[i] && deep[k] == 3) {
                continue;  /* then the guest's addresses are gone */
            }
            card(&c);
            card_pm(&c, 0x40, 3 | PCI_PM_CAP_D1 | PCI_PM_CAP_D2, no_reset[i]);
            begin(&w, &c, POLICY(power_mgmt));
            place_and_decode(&w);
            at = world_bar_addr(&w, 0);
            assert_true(mem_at(&w, at, CARD_MEM, CARD_MEM_SIZE));
            wr16(&w, 0x44, deep[k]);
            assert_false(any_mem(&w, at));
            sim_bus_pass(&w.sim.bus, w.d, 20000);
            assert_false(any_mem(&w, at));
            wr16(&w, 0x44, 0);
            assert_false(any_mem(&w, at));
            sim_bus_pass(&w.sim.bus, w.d, 20000);
            assert_true(mem_at(&w, at, CARD_MEM, CARD_MEM_SIZE));
            assert_true(world_close(&w));
        }
    }
}

/* Whoever asks why a device was slow, or its errors are gone, has to know. */
static void test_a_loss_is_logged_once(void **state)
{
    uint32_t bar[PT_NUM_BARS];
    struct capture c;
    struct world w;
    unsigned i, n, lines = 0;

    (void)state;
    card(&c);
    begin(&w, &c, NULL);
    place_and_decode(&w);
    save(&w, bar);
    for (i = 0; i < 4; i++) {
        if (i) {
            sim_dev_hot_reset(&w.sim.dev);
        }
        restore(&w, bar, 7);
        for (lines = n = 0; n < w.sim.bus.num_lines; n++) {
            lines += strstr(w.sim.bus.log[n], "has lost its registers") != NULL;
        }
        assert_int_equal(lines, i != 0);
    }
    assert_true(world_close(&w));
}

/* The timer is the device's, and goes with it. */
static void test_timer_of_a_device_that_is_gone(void **state)
{
    struct capture c;
    struct world w;

    (void)state;
    card(&c);
    card_pm(&c, 0x40, 3, 0);
    begin(&w, &c, POLICY(power_mgmt));
    wr16(&w, 0x44, 3);
    assert_int_not_equal(w.sim.bus.call_at_us, PT_NEVER);
    world_detach(&w);
    assert_int_equal(w.sim.bus.call_at_us, PT_NEVER);
    assert_true(world_close(&w));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_driver_reset_left_the_device_at_address_0),
        cmocka_unit_test(test_addresses_are_back_before_decoding),
        cmocka_unit_test(test_driver_reset_left_the_rom_off),
        cmocka_unit_test(test_emulated_vf_did_not_decode_after_d3hot),
        cmocka_unit_test(test_driver_reset_lost_msi),
        cmocka_unit_test(test_driver_reset_lost_msix),
        cmocka_unit_test(test_unplaced_bar_was_taken_for_a_reset),
        cmocka_unit_test(test_decoders_that_went_alone_are_no_reset),
        cmocka_unit_test(test_bars_came_back_with_the_next_access_only),
        cmocka_unit_test(test_a_loss_is_logged_once),
        cmocka_unit_test(test_timer_of_a_device_that_is_gone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
