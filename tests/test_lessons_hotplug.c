/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lessons: attach and detach, again and again and with failures; functions of
 * a slot; virtual functions.
 */
#include <errno.h>

#include "lib-lessons.h"

#define PM 0x40
#define EXP 0x60
#define MSI 0xa0
#define MSIX 0xc0

/* With all that an attach can fail at. */
static void rich_card(struct capture *c)
{
    card(c);
    card_pm(c, PM, 0x0003, 3);
    card_express(c, EXP, 1, PCI_EXP_TYPE_ENDPOINT, SPEC_EXP_V1);
    card_msi(c, MSI);
    card_msix(c, MSIX, 4, 0x1000 | 0, 0x2000 | 0);
}

/* A driver's day. */
static void use(struct world *w)
{
    place_and_decode(w);
    wr32(w, MSI + PCI_MSI_ADDRESS_LO, 0xfee01000);
    wr16(w, MSI + PCI_MSI_DATA_32, 0x0031);
    wr16(w, MSI + PCI_MSI_FLAGS, PCI_MSI_FLAGS_ENABLE);
    wr32(w, PCI_BASE_ADDRESS_0, 0xd0000000);
    wr16(w, MSI + PCI_MSI_FLAGS, 0);
}

/* ------------------------------------------------------------------ */
/* Attach and detach                                                   */

/* Something counted attaches for good: after 64 of them there was an end. */
static void test_1_8_1_attach_and_detach_without_end(void **state)
{
    const struct sim_opts opts = { .xen = { .max_pirqs = 4 } };
    struct capture c;
    struct world w;
    unsigned i, n = world_rounds(400);

    (void)state;
    rich_card(&c);
    world_init(&w, &c, NULL, &opts);
    for (i = 0; i < n; i++) {
        assert_true(world_attach(&w));
        use(&w);
        assert_int_equal(w.sim.xen.num_mem, 4);
        world_detach(&w);
        assert_true(world_quiet(&w));
    }
    assert_true(world_close(&w));
}

/* What a failed attach had begun stayed; or it went on without it. */
static void test_1_8_2_2_13_a_failed_attach_leaves_nothing(void **state)
{
    struct capture c;
    struct world w;
    bool done = false;
    unsigned n;

    (void)state;
    rich_card(&c);
    for (n = 1; !done; n++) {
        assert_true(n < 32);
        world_init(&w, &c, POLICY(power_mgmt), NULL);
        sim_fault_at(&w.sim.dev.config_fault, n, EIO);
        world_attach(&w);
        done = w.sim.dev.config_fault.fired == 0;
        sim_fault_clear(&w.sim.dev.config_fault);
        if (w.d) {
            /* Good enough to be used then. */
            use(&w);
            assert_true(world_close(&w));
            continue;
        }
        assert_true(strlen(w.err.text) > 10);
        assert_int_equal(sim_check_quiet(&w.sim, w.text, sizeof(w.text)), 0);
        assert_false(dev(&w, PCI_COMMAND, 2) & PCI_COMMAND_MASTER);
        world_fini(&w);
    }
    assert_true(n > 4);
}

static void dead_read(struct sim_dev *d, uint16_t pos, uint8_t *buf,
                      unsigned len)
{
    const uint64_t *last = d->user;

    (void)pos;
    (void)buf;
    (void)len;
    if (d->config_fault.calls >= *last) {
        sim_fault_always(&d->config_fault, EIO);
    }
}

static void dead_write(struct sim_dev *d, uint16_t pos, const uint8_t *buf,
                       unsigned len)
{
    (void)buf;
    dead_read(d, pos, NULL, len);
}

/* The device dies in the midst of it, and answers nothing any more. */
static void test_1_8_2_2_13_a_device_that_dies_in_attach(void **state)
{
    struct capture c;
    struct world w;
    uint64_t last;
    bool done = false;

    (void)state;
    rich_card(&c);
    for (last = 1; !done; last++) {
        assert_true(last < 32);
        world_init(&w, &c, POLICY(power_mgmt), NULL);
        w.sim.dev.user = &last;
        w.sim.dev.hooks.on_read = dead_read;
        w.sim.dev.hooks.on_write = dead_write;
        done = world_attach(&w);
        if (!done) {
            assert_true(strlen(w.err.text) > 10);
        }
        world_detach(&w);
        assert_int_equal(sim_xen_leaks(&w.sim.xen, NULL, 0), 0);
        assert_int_equal(w.sim.bus.num_traps, 0);
        world_fini(&w);
    }
    assert_true(last > 4);
}

/* No hypercall that fails costs the attach: INTx, MSI degrade. */
static void test_1_12_failing_hypercalls_degrade_and_leak_nothing(
    void **state)
{
    struct capture c;
    struct world w;
    bool done = false;
    unsigned n;

    (void)state;
    rich_card(&c);
    for (n = 1; !done; n++) {
        assert_true(n < 64);
        world_init(&w, &c, NULL, NULL);
        sim_fault_at(&w.sim.xen.fault, n, ENOMEM);
        assert_true(world_attach(&w));
        use(&w);
        assert_int_equal(rd16(&w, PCI_VENDOR_ID), 0x1234);
        world_detach(&w);
        done = w.sim.xen.fault.fired == 0;
        sim_fault_clear(&w.sim.xen.fault);
        assert_true(world_close(&w));
    }
    assert_true(n > 12);
}

/*
 * The device model reset and assigned devices itself, and raced with the
 * toolstack: DMA into the host's memory.
 */
static void test_1_8_10_the_engine_resets_no_device(void **state)
{
    struct capture c;
    struct world w;

    (void)state;
    rich_card(&c);
    pt_store(c.cfg + PM + PCI_PM_CTRL, PCI_PM_CTRL_NO_SOFT_RST, 2);
    world_init(&w, &c, NULL, NULL);
    assert_true(world_attach(&w));
    use(&w);
    /* The guest has no way to it either. */
    wr16(&w, EXP + PCI_EXP_DEVCTL, 0xffff);
    pt_reset(w.d);
    use(&w);
    world_detach(&w);
    assert_int_equal(w.sim.dev.count.resets, 0);
    assert_true(world_close(&w));
}

/* The next owner found the device running, or dead. */
static void test_field_1_8_the_device_is_quiet_after_detach(void **state)
{
    struct capture c;
    struct world w;
    uint8_t before[0x100];
    unsigned i;

    (void)state;
    rich_card(&c);
    pt_store(c.cfg + PM + PCI_PM_CTRL, PCI_PM_CTRL_NO_SOFT_RST, 2);
    pt_store(c.cfg + PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER |
             PCI_COMMAND_SERR, 2);
    world_init(&w, &c, NULL, NULL);
    memcpy(before, w.sim.dev.cfg, sizeof(before));
    assert_true(world_attach(&w));
    /* Mastering is the guest's to switch on. */
    assert_false(dev(&w, PCI_COMMAND, 2) & PCI_COMMAND_MASTER);
    use(&w);
    wr32(&w, MSIX + PCI_MSI_FLAGS - 2, PCI_MSIX_ENABLE * 0x10000u);
    world_power(&w, 3);
    assert_true(dev(&w, PCI_COMMAND, 2) & PCI_COMMAND_MASTER);
    world_detach(&w);
    assert_int_equal(dev(&w, PCI_COMMAND, 2),
                     PCI_COMMAND_MEMORY | PCI_COMMAND_SERR);
    for (i = PCI_STATUS; i < sizeof(before); i++) {
        /* Message addresses, data and masks are Xen's. */
        if (i >= MSI && i < MSI + 10) {
            continue;
        }
        if (w.sim.dev.cfg[i] != before[i]) {
            fail_msg("register %#x is %02x, was %02x", i,
                     w.sim.dev.cfg[i], before[i]);
        }
    }
    assert_false(sim_dev_msi_enabled(&w.sim.dev));
    assert_false(sim_dev_msix_enabled(&w.sim.dev));
    assert_true(world_close(&w));
}

static const struct pt_xen_ops *real_xen;
static struct sim_dev *mirrored;
static unsigned unmapped;

/* The guest has Command by way of a BAR, for as long as that is mapped. */
static int map_memory(void *priv, uint64_t gfn, uint64_t mfn, uint64_t nr,
                      bool add)
{
    if (!add) {
        sim_dev_set_bits(mirrored, PCI_COMMAND, 2, PCI_COMMAND_MASTER);
        unmapped++;
    }
    return real_xen->map_memory(priv, gfn, mfn, nr, add);
}

static void test_field_1_8_mastering_goes_when_nothing_is_mapped(void **state)
{
    struct pt_xen_ops ops;
    struct capture c;
    struct world w;
    unsigned reset;

    (void)state;
    for (reset = 0; reset < 2; reset++) {
        rich_card(&c);
        begin(&w, &c, NULL);
        use(&w);
        assert_true(dev(&w, PCI_COMMAND, 2) & PCI_COMMAND_MASTER);
        real_xen = w.sim.xen.pt.ops;
        ops = *real_xen;
        ops.map_memory = map_memory;
        w.sim.xen.pt.ops = &ops;
        mirrored = &w.sim.dev;
        unmapped = 0;
        if (reset) {
            pt_reset(w.d);
        } else {
            world_detach(&w);
        }
        assert_int_equal(unmapped, 4);
        assert_false(dev(&w, PCI_COMMAND, 2) & PCI_COMMAND_MASTER);
        w.sim.xen.pt.ops = real_xen;
        assert_true(world_close(&w));
    }
}

/* The guest's reset: silent, nothing mapped, and good for another start. */
static void test_field_1_8_the_device_is_quiet_after_a_reset(void **state)
{
    struct capture c;
    struct world w;
    unsigned i;

    (void)state;
    rich_card(&c);
    begin(&w, &c, NULL);
    for (i = 0; i < 3; i++) {
        use(&w);
        wr8(&w, PCI_LATENCY_TIMER, 0x40);
        pt_reset(w.d);
        assert_int_equal(w.sim.xen.num_mem + w.sim.xen.num_ports, 0);
        assert_int_equal(w.sim.bus.num_traps, 0);
        assert_int_equal(rd16(&w, PCI_COMMAND), 0);
        assert_int_equal(rd32(&w, PCI_BASE_ADDRESS_0), 0);
        assert_int_equal(rd8(&w, PCI_LATENCY_TIMER), 0);
        assert_false(dev(&w, PCI_COMMAND, 2) & PCI_COMMAND_MASTER);
        assert_false(sim_dev_msi_enabled(&w.sim.dev));
        assert_true(world_quiet(&w));
    }
    assert_true(world_close(&w));
}

/* Detach of nothing, and of what was only looked at. */
static void test_1_12_detach_of_nothing_and_of_a_view(void **state)
{
    struct capture c;
    struct world w;

    (void)state;
    rich_card(&c);
    world_init(&w, &c, NULL, NULL);
    pt_detach(NULL);
    w.args.xen = NULL;
    w.d = pt_view(&w.args, &w.err);
    assert_non_null(w.d);
    assert_int_equal(w.sim.dev.count.reads, 1);
    use(&w);
    pt_reset(w.d);
    world_detach(&w);
    assert_int_equal(w.sim.dev.count.writes, 0);
    assert_int_equal(w.sim.xen.total, 0);
    /* It sleeps on; so no world_close(). */
    assert_int_equal(sim_check_quiet(&w.sim, w.text, sizeof(w.text)), 0);
    world_fini(&w);
}

/* Success was reported for devices that are not there, or can't be given. */
static void test_2_13_what_cannot_be_assigned_is_refused(void **state)
{
    static const struct {
        uint16_t off, len;
        uint32_t val;
        const char *why;
    } bad[] = {
        { PCI_HEADER_TYPE, 1, 1, "bridge" },
        { PCI_HEADER_TYPE, 1, 0x82, "bridge" },
        { PCI_CLASS_DEVICE, 2, PCI_CLASS_BRIDGE_HOST, "bridge" },
        { PCI_CLASS_DEVICE, 2, PCI_CLASS_BRIDGE_ISA, "bridge" },
    };
    struct capture c;
    struct world w;
    unsigned i;

    (void)state;
    for (i = 0; i <= COUNT(bad); i++) {
        rich_card(&c);
        world_init(&w, &c, NULL, NULL);
        if (i < COUNT(bad)) {
            sim_dev_poke(&w.sim.dev, bad[i].off, bad[i].len, bad[i].val);
        } else {
            w.sim.dev.vanished = true;
        }
        assert_false(world_attach(&w));
        assert_non_null(strstr(w.err.text, i < COUNT(bad) ? bad[i].why :
                               "all ones"));
        assert_non_null(strstr(w.err.text, "0000:03:00.0"));
        assert_int_equal(w.sim.dev.num_writes, 0);
        assert_int_equal(sim_check_quiet(&w.sim, w.text, sizeof(w.text)), 0);
        world_fini(&w);
    }
}

/* Unplugged under the guest: it is told so, and the engine lives on. */
static void test_field_1_14_a_device_that_vanishes(void **state)
{
    struct capture c;
    struct world w;
    unsigned off;

    (void)state;
    rich_card(&c);
    begin(&w, &c, POLICY(power_mgmt));
    use(&w);
    w.sim.dev.vanished = true;
    for (off = 0; off < 0x100; off += 4) {
        wr32(&w, off, rd32(&w, off));
    }
    assert_int_equal(rd32(&w, PCI_VENDOR_ID), 0x56781234);
    assert_int_equal(rd32(&w, 0xf0), UINT32_MAX);
    pt_reset(w.d);
    use(&w);
    world_detach(&w);
    assert_int_equal(sim_xen_leaks(&w.sim.xen, NULL, 0), 0);
    assert_int_equal(w.sim.bus.num_traps, 0);
    assert_true(world_close(&w));
}

/* ------------------------------------------------------------------ */
/* Functions of a slot                                                 */

/*
 * The host's multi-function bit was hidden, then a constant: a lone function
 * claimed to have sisters, or function 0 of several to have none, and guests
 * did not look for them.
 */
static void test_1_9_1_2_23_multifunction_is_as_in_the_guests_slot(
    void **state)
{
    struct capture c;
    struct world w;
    unsigned host;

    (void)state;
    for (host = 0; host < 2; host++) {
        card(&c);
        c.cfg[PCI_HEADER_TYPE] = host ? PT_MULTIFUNCTION : 0;
        begin(&w, &c, NULL);
        assert_int_equal(rd8(&w, PCI_HEADER_TYPE), 0);
        pt_set_multifunction(w.d, true);
        assert_int_equal(rd8(&w, PCI_HEADER_TYPE), PT_MULTIFUNCTION);
        wr8(&w, PCI_HEADER_TYPE, 0);
        wr32(&w, PCI_CACHE_LINE_SIZE, 0);
        assert_int_equal(rd8(&w, PCI_HEADER_TYPE), PT_MULTIFUNCTION);
        pt_reset(w.d);
        assert_int_equal(rd8(&w, PCI_HEADER_TYPE), PT_MULTIFUNCTION);
        pt_set_multifunction(w.d, false);
        assert_int_equal(rd8(&w, PCI_HEADER_TYPE), 0);
        pt_reset(w.d);
        assert_int_equal(rd8(&w, PCI_HEADER_TYPE), 0);
        assert_true(world_close(&w));

        world_init(&w, &c, NULL, NULL);
        w.args.multifunction = true;
        assert_true(world_attach(&w));
        assert_int_equal(rd8(&w, PCI_HEADER_TYPE), PT_MULTIFUNCTION);
        assert_true(world_close(&w));
    }
}

/* The bit was merged into the register before it: latency 0x80. */
static void test_1_9_2_latency_timer_starts_as_0(void **state)
{
    struct capture c;
    struct world w;

    (void)state;
    card(&c);
    c.cfg[PCI_LATENCY_TIMER] = 0x40;
    c.cfg[PCI_HEADER_TYPE] = PT_MULTIFUNCTION;
    world_init(&w, &c, NULL, NULL);
    w.args.multifunction = true;
    assert_true(world_attach(&w));
    assert_int_equal(rd32(&w, PCI_CACHE_LINE_SIZE), 0x00800000);
    wr32(&w, PCI_CACHE_LINE_SIZE, UINT32_MAX);
    assert_int_equal(rd32(&w, PCI_CACHE_LINE_SIZE), 0x0080ffff);
    assert_int_equal(dev(&w, PCI_LATENCY_TIMER, 1), 0x40);
    assert_true(world_close(&w));
}

/* Two functions of one card: each has its own state. */
static void test_field_1_12_functions_do_not_share_state(void **state)
{
    struct capture c;
    struct world a, b;

    (void)state;
    world_capture(&c, "qemu-e1000e-xhci.txt", 0);
    begin(&a, &c, NULL);
    world_capture(&c, "qemu-e1000e-xhci.txt", 1);
    begin(&b, &c, NULL);
    pt_set_multifunction(a.d, true);
    wr8(&a, PCI_INTERRUPT_LINE, 5);
    place_and_decode(&a);
    assert_int_equal(rd8(&b, PCI_HEADER_TYPE), 0);
    assert_int_equal(rd8(&b, PCI_INTERRUPT_LINE), 0);
    assert_int_equal(b.sim.xen.num_mem, 0);
    assert_true(world_close(&a));
    place_and_decode(&b);
    assert_true(b.sim.xen.num_mem > 0);
    assert_true(world_close(&b));
}

/* ------------------------------------------------------------------ */
/* Virtual functions                                                   */

static void with_vf(struct world *w, struct capture *c)
{
    world_capture(c, "qemu-nvme-sriov-vf.txt", 0);
    world_init(w, c, NULL, NULL);
    assert_true(w->sim.dev.pt.info.is_vf);
    w->sim.dev.pt.info.vendor = 0x1b36;
    w->sim.dev.pt.info.device = 0x0010;
    assert_true(world_attach(w));
    sim_dev_forget(&w->sim.dev);
}

/* A VF's own IDs read FFFF and its BARs 0. */
static void test_1_10_1_ids_and_bars_are_the_systems(void **state)
{
    struct capture c;
    struct world w;
    unsigned n, regions = 0;

    (void)state;
    with_vf(&w, &c);
    assert_int_equal(dev(&w, PCI_VENDOR_ID, 4), UINT32_MAX);
    assert_int_equal(rd16(&w, PCI_VENDOR_ID), 0x1b36);
    assert_int_equal(rd16(&w, PCI_DEVICE_ID), 0x0010);
    place_and_decode(&w);
    for (n = 0; n < PT_NUM_BARS; n++) {
        const struct pt_region *r = &w.sim.dev.pt.info.region[n];

        if (r->size) {
            assert_int_equal(world_bar_size(&w, n), r->size);
            assert_int_equal(rd32(&w, PCI_BASE_ADDRESS_0 + 4 * n) & 0x4,
                             r->flags & PT_REGION_64 ? 4 : 0);
            regions++;
        }
    }
    assert_true(regions > 0);
    assert_true(world_close(&w));
}

/* Memory Space Enable of a VF is 0 for good: guests saw it off. */
/* QEMU's nvme has virtual functions that decode only with the bit set. */
static void test_1_10_2_memory_enable_is_written_at_attach(void **state)
{
    struct capture c;
    struct world w;

    (void)state;
    with_vf(&w, &c);
    world_detach(&w);
    assert_true(world_attach(&w));
    assert_true(sim_dev_last_write(&w.sim.dev, 0)->off == PCI_COMMAND);
    assert_true(sim_dev_last_write(&w.sim.dev, 0)->val[0] &
                PCI_COMMAND_MEMORY);
    assert_true(world_close(&w));
}

static void test_1_10_2_memory_enable_is_emulated(void **state)
{
    struct capture c;
    struct world w;
    const struct pt_region *r = w.sim.dev.pt.info.region;

    (void)state;
    with_vf(&w, &c);
    assert_int_equal(rd16(&w, PCI_COMMAND), 0);
    world_place_all(&w);
    wr16(&w, PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
    assert_int_equal(rd16(&w, PCI_COMMAND),
                     PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
    assert_int_equal(dev(&w, PCI_COMMAND, 2), PCI_COMMAND_MASTER);
    assert_int_equal(w.sim.dev.touched[PCI_COMMAND], PCI_COMMAND_MASTER);
    assert_true(w.sim.xen.num_mem > 0);
    assert_int_equal(w.sim.xen.mem[0].host << PT_PAGE_SHIFT & ~(r->size - 1),
                     r->addr);
    wr16(&w, PCI_COMMAND, 0);
    assert_int_equal(dev(&w, PCI_COMMAND, 2), 0);
    assert_true(world_close(&w));
}

/* The 82599's VF has a PCI Express capability of zeroes: exit(1). */
static void test_1_10_3_the_82599_vf_has_no_express_capability(void **state)
{
    const uint8_t zero[10] = { 0 };
    struct capture c;
    struct world w;
    unsigned i;

    (void)state;
    world_build(&c);
    pt_store(c.cfg + PCI_VENDOR_ID, 0x10ed8086, 4);
    world_build_bar(&c, 0, CARD_MEM, 0x4000, 0);
    world_build_bar(&c, 3, CARD_MEM + 0x4000, 0x4000, 0);
    card_msix(&c, 0x70, 3, 3, 0x2003);
    world_build_cap(&c, 0xa0, PCI_CAP_ID_EXP, zero, sizeof(zero));
    world_init(&w, &c, NULL, NULL);
    w.sim.dev.pt.info.is_vf = true;
    assert_true(world_attach(&w));
    assert_int_equal(world_cap(&w, PCI_CAP_ID_EXP, 0), 0);
    assert_int_equal(world_cap(&w, PCI_CAP_ID_MSIX, 0), 0x70);
    assert_int_equal(rd8(&w, 0x71), 0);
    assert_true(sim_bus_logged(&w.sim.bus, "PCI Express"));
    sim_dev_forget(&w.sim.dev);
    for (i = 0xa0; i < 0xb0; i++) {
        wr8(&w, i, 0xff);
    }
    assert_int_equal(w.sim.dev.num_writes, 0);
    assert_true(world_close(&w));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_1_8_1_attach_and_detach_without_end),
        cmocka_unit_test(test_1_8_2_2_13_a_failed_attach_leaves_nothing),
        cmocka_unit_test(test_1_8_2_2_13_a_device_that_dies_in_attach),
        cmocka_unit_test(
            test_1_12_failing_hypercalls_degrade_and_leak_nothing),
        cmocka_unit_test(test_1_8_10_the_engine_resets_no_device),
        cmocka_unit_test(test_field_1_8_the_device_is_quiet_after_detach),
        cmocka_unit_test(test_field_1_8_mastering_goes_when_nothing_is_mapped),
        cmocka_unit_test(test_field_1_8_the_device_is_quiet_after_a_reset),
        cmocka_unit_test(test_1_12_detach_of_nothing_and_of_a_view),
        cmocka_unit_test(test_2_13_what_cannot_be_assigned_is_refused),
        cmocka_unit_test(test_field_1_14_a_device_that_vanishes),
        cmocka_unit_test(
            test_1_9_1_2_23_multifunction_is_as_in_the_guests_slot),
        cmocka_unit_test(test_1_9_2_latency_timer_starts_as_0),
        cmocka_unit_test(test_field_1_12_functions_do_not_share_state),
        cmocka_unit_test(test_1_10_1_ids_and_bars_are_the_systems),
        cmocka_unit_test(test_1_10_2_memory_enable_is_written_at_attach),
        cmocka_unit_test(test_1_10_2_memory_enable_is_emulated),
        cmocka_unit_test(test_1_10_3_the_82599_vf_has_no_express_capability),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
