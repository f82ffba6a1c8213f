/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lessons: defects that qemu-dm never lost, as far as they have no better
 * place. 4, 29: _power; 12, 19, 20, 25: _bars; 13, 23: _hotplug; 17, 30:
 * _pcie; 18: _chain; 28: _access. Those of interrupts have their own tests.
 */
#include <errno.h>

#include "lib-lessons.h"

/*
 * The last write of an assignment took Command from the snapshot: it undid
 * the interrupt disable of a device whose line could not be bound.
 */
static void test_2_3_intx_stays_disabled_at_the_end_of_attach(void **state)
{
    static const enum sim_call call[] = { SIM_MAP_GSI, SIM_BIND_INTX };
    struct capture c;
    struct world w;
    unsigned i;

    (void)state;
    for (i = 0; i < COUNT(call); i++) {
        card(&c);
        world_init(&w, &c, NULL, NULL);
        sim_fault_always(&w.sim.xen.kind_fault[call[i]], EINVAL);
        assert_true(world_attach(&w));
        assert_true(dev(&w, PCI_COMMAND, 2) & PCI_COMMAND_DISABLE_INTx);
        assert_true(dev(&w, PCI_COMMAND, 2) & PCI_COMMAND_MEMORY);
        /* Whatever the guest writes: nobody would get the interrupt. */
        wr16(&w, PCI_COMMAND, PCI_COMMAND_DISABLE_INTx);
        wr16(&w, PCI_COMMAND, 0);
        assert_int_equal(rd16(&w, PCI_COMMAND), 0);
        assert_true(dev(&w, PCI_COMMAND, 2) & PCI_COMMAND_DISABLE_INTx);
        pt_reset(w.d);
        assert_true(dev(&w, PCI_COMMAND, 2) & PCI_COMMAND_DISABLE_INTx);
        assert_int_equal(w.sim.bus.lines[PT_LOG_ERROR], 1);
        sim_fault_clear(&w.sim.xen.kind_fault[call[i]]);
        assert_true(world_close(&w));
    }
}

/* A device that was found with INTx disabled gets it enabled for the guest. */
static void test_2_3_intx_that_was_found_disabled_is_enabled(void **state)
{
    struct capture c;
    struct world w;

    (void)state;
    card(&c);
    pt_store(c.cfg + PCI_COMMAND, PCI_COMMAND_DISABLE_INTx, 2);
    begin(&w, &c, NULL);
    assert_false(dev(&w, PCI_COMMAND, 2) & PCI_COMMAND_DISABLE_INTx);
    sim_dev_set_intx(&w.sim.dev, true);
    assert_int_equal(w.sim.xen.intx[5][0], 1);
    sim_dev_set_intx(&w.sim.dev, false);
    world_detach(&w);
    assert_true(dev(&w, PCI_COMMAND, 2) & PCI_COMMAND_DISABLE_INTx);
    assert_true(world_close(&w));
}

/* The device's Command was written for INTx, and lost what the guest set. */
static void test_2_3_a_fallback_to_intx_keeps_bus_mastering(void **state)
{
    struct capture c;
    struct world w;

    (void)state;
    card(&c);
    card_msi(&c, 0x50);
    begin(&w, &c, POLICY(msitranslate));
    wr16(&w, PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
    wr32(&w, 0x54, 0xfee00000);
    wr16(&w, 0x58, 0x0031);
    wr16(&w, 0x52, PCI_MSI_FLAGS_ENABLE);
    sim_fault_always(&w.sim.xen.kind_fault[SIM_MAP_MSI], ENOSPC);
    wr16(&w, 0x52, 0);
    sim_fault_clear(&w.sim.xen.kind_fault[SIM_MAP_MSI]);
    assert_int_equal(w.sim.xen.calls[SIM_BIND_INTX], 1);
    assert_true(dev(&w, PCI_COMMAND, 2) & PCI_COMMAND_MASTER);
    assert_false(dev(&w, PCI_COMMAND, 2) & PCI_COMMAND_DISABLE_INTx);
    assert_true(world_close(&w));
}

/*
 * After a graphics card, offset 0xFC of every device was taken for the
 * OpRegion's.
 */
static void test_2_7_offset_fc_is_nothing_special(void **state)
{
    struct capture c;
    struct world a, b;

    (void)state;
    world_capture(&c, "hw-igd-skylake.txt", 0);
    begin(&a, &c, NULL);
    card(&c);
    pt_store(c.cfg + 0xfc, 0x12345678, 4);
    begin(&b, &c, NULL);
    assert_int_equal(rd32(&b, 0xfc), 0x12345678);
    wr32(&b, 0xfc, 0xfe000000);
    assert_int_equal(dev(&b, 0xfc, 4), 0xfe000000);
    assert_int_equal(map_calls(&b), 0);
    wr32(&a, 0xfc, 0xfe000000);
    assert_int_equal(map_calls(&a), 0);
    assert_true(world_close(&a));
    assert_true(world_close(&b));
}

static struct pt_sbdf asked;
static const struct pt_xen_ops *real_xen;

static int ask(void *priv, const struct pt_sbdf *dev_, unsigned nr,
               unsigned entry, uint64_t table_base, int *pirq)
{
    asked = *dev_;
    return real_xen->map_pirq_msi(priv, dev_, nr, entry, table_base, pirq);
}

/* The segment was parsed and dropped: another device's message was mapped. */
static void test_2_14_the_segment_is_part_of_every_address(void **state)
{
    struct pt_xen_ops ops;
    struct capture c;
    struct world w;

    (void)state;
    card(&c);
    card_msi(&c, 0x50);
    c.addr = (struct pt_sbdf) {
        .domain = 0x10005, .bus = 0xfe, .dev = 0x1f, .func = 7,
    };
    world_init(&w, &c, NULL, NULL);
    real_xen = w.sim.xen.pt.ops;
    ops = *real_xen;
    ops.map_pirq_msi = ask;
    w.sim.xen.pt.ops = &ops;
    memset(&asked, 0, sizeof(asked));
    assert_true(world_attach(&w));
    assert_true(sim_bus_logged(&w.sim.bus, "10005:fe:1f.7"));
    wr32(&w, 0x54, 0xfee00000);
    wr16(&w, 0x58, 0x0031);
    wr16(&w, 0x52, PCI_MSI_FLAGS_ENABLE);
    assert_int_equal(asked.domain, 0x10005);
    assert_int_equal(asked.bus, 0xfe);
    assert_int_equal(asked.dev, 0x1f);
    assert_int_equal(asked.func, 7);
    world_detach(&w);
    w.sim.xen.pt.ops = real_xen;
    assert_true(world_close(&w));
}

/* A mapping that Xen would not undo was forgotten. */
static void test_2_21_a_failed_unmap_is_tried_again(void **state)
{
    struct capture c;
    struct world w;

    (void)state;
    card(&c);
    begin(&w, &c, NULL);
    place_and_decode(&w);
    sim_fault_at(&w.sim.xen.kind_fault[SIM_UNMAP_MEMORY], 1, EAGAIN);
    sim_fault_at(&w.sim.xen.kind_fault[SIM_UNMAP_PORTS], 1, EAGAIN);
    world_detach(&w);
    assert_int_equal(w.sim.xen.kind_fault[SIM_UNMAP_MEMORY].fired, 1);
    assert_int_equal(w.sim.xen.kind_fault[SIM_UNMAP_PORTS].fired, 1);
    assert_true(world_close(&w));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            test_2_3_intx_stays_disabled_at_the_end_of_attach),
        cmocka_unit_test(test_2_3_intx_that_was_found_disabled_is_enabled),
        cmocka_unit_test(test_2_3_a_fallback_to_intx_keeps_bus_mastering),
        cmocka_unit_test(test_2_7_offset_fc_is_nothing_special),
        cmocka_unit_test(test_2_14_the_segment_is_part_of_every_address),
        cmocka_unit_test(test_2_21_a_failed_unmap_is_tried_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
