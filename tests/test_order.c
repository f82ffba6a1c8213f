/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What has to come first: to what the device and Xen are brought in the end
 * other tests see.
 */
#include "lib-irq.h"

/* What was there at each call of Xen's, or write to the device. */
static const struct sim_dev *watched;
static unsigned mastering, calls;

static void look(void)
{
    calls++;
    mastering += (sim_dev_peek(watched, PCI_COMMAND, 2) &
                  PCI_COMMAND_MASTER) != 0;
}

static int map_memory(void *priv, uint64_t gfn, uint64_t mfn, uint64_t nr,
                      bool add)
{
    if (!add) {
        look();
    }
    return sim_xen_ops.map_memory(priv, gfn, mfn, nr, add);
}

static int unbind_msi(void *priv, int pirq, uint8_t gvec, uint32_t gflags)
{
    look();
    return sim_xen_ops.unbind_msi(priv, pirq, gvec, gflags);
}

/* Look at bus mastering whenever Xen unmaps memory, or a message ends. */
static void watch(struct world *w, bool memory, bool messages_too)
{
    static struct pt_xen_ops ops;

    ops = sim_xen_ops;
    if (memory) {
        ops.map_memory = map_memory;
    }
    if (messages_too) {
        ops.unbind_msi = unbind_msi;
    }
    watched = &w->sim.dev;
    mastering = calls = 0;
    w->sim.xen.pt.ops = &ops;
}

/* The device went on with DMA to regions that were gone. */
static void test_regions_went_before_bus_mastering(void **state)
{
    struct capture c;
    struct world w;

    (void)state;
    card(&c);
    begin(&w, &c, POLICY(strict));
    place_and_decode(&w);
    wr16(&w, PCI_COMMAND, 7);
    watch(&w, true, false);
    wr16(&w, PCI_COMMAND, 0);
    assert_int_equal(calls, 3);  /* with the ROM */
    assert_int_equal(mastering, 0);
    assert_true(world_close(&w));
}

/* A reset of the guest's, too. */
static void test_reset_took_regions_before_bus_mastering(void **state)
{
    struct capture c;
    struct world w;

    (void)state;
    card(&c);
    begin(&w, &c, NULL);
    place_and_decode(&w);
    wr16(&w, PCI_COMMAND, 7);
    watch(&w, true, false);
    pt_reset(w.d);
    assert_int_equal(calls, 3);  /* with the ROM */
    assert_int_equal(mastering, 0);
    assert_true(world_close(&w));
}

static unsigned commands;
static uint16_t command;

/* The first write of Command tells. */
static void on_write(struct sim_dev *d, uint16_t pos, const uint8_t *buf,
                     unsigned len)
{
    (void)d;
    if (pos == PCI_COMMAND && len >= 2 && commands++ == 0) {
        command = (uint16_t)pt_load(buf, 2);
    }
}

/* It decoded for Xen's sake, and was let at memory and the line besides. */
static void test_bus_master_came_before_messages_were_gone(void **state)
{
    uint32_t bar;
    struct world w;

    (void)state;
    open_msix(&w, 4, NULL);
    guest_intx(&w, true);
    msix_on(&w);
    entries_program(&w, 4);
    wr16(&w, PCI_COMMAND, 7);
    bar = rd32(&w, PCI_BASE_ADDRESS_0);
    sim_dev_hot_reset(&w.sim.dev);
    w.sim.dev.hooks.on_write = on_write;
    commands = 0;
    watch(&w, false, true);
    wr32(&w, PCI_BASE_ADDRESS_0, bar);
    wr16(&w, PCI_COMMAND, 7);
    /* That it was mapped and not decoded meanwhile is the driver's doing. */
    sim_notes_clear(&w.sim.xen.notes);
    assert_int_equal(command, PCI_COMMAND_IO | PCI_COMMAND_MEMORY |
                     PCI_COMMAND_DISABLE_INTx);
    assert_int_equal(calls, 4);
    assert_int_equal(mastering, 0);
    assert_int_equal(dev(&w, PCI_COMMAND, 2) & 7, 7);
    assert_true(hears(&w, 2, VECTOR + 2));
    assert_true(world_close(&w));
}

/* On its way to D0 it does not answer yet. */
static void test_reset_did_not_wait_for_the_device(void **state)
{
    struct capture c;
    struct world w;
    unsigned keeps;

    (void)state;
    for (keeps = 0; keeps < 2; keeps++) {
        card(&c);
        card_pm(&c, PM, 3, keeps ? PCI_PM_CTRL_NO_SOFT_RST : 0);
        begin(&w, &c, POLICY(power_mgmt));
        place_and_decode(&w);
        world_power(&w, 3);
        rd16(&w, PCI_STATUS);
        world_power(&w, 0);
        pt_reset(w.d);
        assert_int_equal(w.sim.dev.count.early, 0);
        assert_int_equal(dev(&w, PCI_BASE_ADDRESS_0, 4), CARD_MEM);
        assert_true(world_close(&w));
    }
}

/* The guest wanted something else: a write to what may be gone. */
static void test_command_was_written_to_a_device_that_can_not_be_read(
    void **state)
{
    struct capture c;
    struct world w;

    (void)state;
    card(&c);
    begin(&w, &c, NULL);
    place_and_decode(&w);
    sim_dev_forget(&w.sim.dev);
    sim_fault_at(&w.sim.dev.config_fault, 1, EIO);
    wr16(&w, PCI_COMMAND, 3);
    assert_int_equal(w.sim.dev.num_writes, 0);
    /* It is not forgotten: the next write of the guest's brings it. */
    wr16(&w, PCI_COMMAND, 3);
    assert_int_equal(dev(&w, PCI_COMMAND, 2) & 7, 3);
    assert_true(world_close(&w));
}

/* Xen switches INTx on with the MSI that it gives up. */
static void test_intx_came_on_with_the_hand_back(void **state)
{
    struct capture c;
    struct world w;

    (void)state;
    irq_card(&c);
    add_msi(&c, MSI_64);
    pt_store(c.cfg + PCI_COMMAND, 3 | PCI_COMMAND_DISABLE_INTx, 2);
    irq_begin(&w, &c, NULL, NULL);
    /* No message of an APIC's: it is mapped, and not bound. */
    msi_program(&w, 0, VECTOR);
    msi_on(&w, 0);
    assert_non_null(pirq_of(&w, SIM_PIRQ_MSI, 0));
    assert_false(msi_bound(&w, 0));
    world_detach(&w);
    assert_int_equal(dev(&w, PCI_COMMAND, 2), 3 | PCI_COMMAND_DISABLE_INTx);
    assert_true(world_close(&w));
}

/* The first read failed, and the host got it at 0, decoding. */
static void test_lost_registers_were_looked_for_once(void **state)
{
    struct capture c;
    struct world w;

    (void)state;
    card(&c);
    pt_store(c.cfg + PCI_COMMAND, 3, 2);
    begin(&w, &c, NULL);
    place_and_decode(&w);
    sim_dev_hot_reset(&w.sim.dev);
    sim_fault_at(&w.sim.dev.config_fault, 1, EIO);
    world_detach(&w);
    assert_int_equal(dev(&w, PCI_BASE_ADDRESS_0, 4), CARD_MEM);
    assert_int_equal(dev(&w, PCI_COMMAND, 2) & 7, 3);
    world_fini(&w);
}

/* The header comes back in one write, of which the device takes nothing. */
static int refuse_header(void *priv, uint16_t pos, const void *buf,
                         unsigned len)
{
    return len > 4 ? -EIO : watched->pt.ops->write(priv, pos, buf, len);
}

/* Handed back at addresses that are not its own, and decoding them. */
static void test_lost_device_was_handed_back_decoding(void **state)
{
    struct pt_device_ops ops;
    struct pt_device real;
    struct capture c;
    struct world w;

    (void)state;
    card(&c);
    pt_store(c.cfg + PCI_COMMAND, 3, 2);
    begin(&w, &c, NULL);
    place_and_decode(&w);
    sim_dev_hot_reset(&w.sim.dev);
    real = w.sim.dev.pt;
    ops = *real.ops;
    ops.write = refuse_header;
    w.sim.dev.pt.ops = &ops;
    watched = &(const struct sim_dev) { .pt = real };
    world_detach(&w);
    assert_int_equal(dev(&w, PCI_COMMAND, 2) & 7, 0);
    world_fini(&w);
}

/* Nobody is left to tell the bus later. */
static void test_device_that_went_was_shown_where_it_was(void **state)
{
    struct capture c;
    struct world w;

    (void)state;
    card(&c);
    begin(&w, &c, NULL);
    place_and_decode(&w);
    assert_true(w.sim.bus.moved[0] == world_bar_addr(&w, 0));
    sim_fault_always(&w.sim.xen.kind_fault[SIM_UNMAP_MEMORY], EIO);
    world_detach(&w);
    assert_true(w.sim.bus.moved[0] == PT_UNMAPPED);
    world_fini(&w);
}

/* What was written a moment ago was read again, at each awakening. */
static void test_command_was_read_after_it_had_been_restored(void **state)
{
    struct world_cost then, c;
    struct capture cap;
    struct world w;

    (void)state;
    card(&cap);
    card_pm(&cap, PM, 3, 0);
    begin(&w, &cap, POLICY(power_mgmt));
    place_and_decode(&w);
    world_power(&w, 3);
    rd16(&w, PCI_STATUS);
    world_power(&w, 0);
    then = world_cost(&w);
    rd16(&w, PCI_STATUS);
    c = world_cost_since(&w, &then);
    assert_int_equal(w.sim.dev.count.resets, 1);
    assert_int_equal(c.reads, 1);  /* the guest's own */
    assert_true(world_close(&w));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_regions_went_before_bus_mastering),
        cmocka_unit_test(test_reset_took_regions_before_bus_mastering),
        cmocka_unit_test(test_bus_master_came_before_messages_were_gone),
        cmocka_unit_test(test_reset_did_not_wait_for_the_device),
        cmocka_unit_test(
            test_command_was_written_to_a_device_that_can_not_be_read),
        cmocka_unit_test(test_intx_came_on_with_the_hand_back),
        cmocka_unit_test(test_lost_registers_were_looked_for_once),
        cmocka_unit_test(test_lost_device_was_handed_back_decoding),
        cmocka_unit_test(test_device_that_went_was_shown_where_it_was),
        cmocka_unit_test(test_command_was_read_after_it_had_been_restored),
    };

    return cmocka_run_group_tests_name("order", tests, NULL, NULL);
}
