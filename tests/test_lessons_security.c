/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lessons: Xen's security advisories, as far as they concern configuration
 * space and mappings.
 */
#include <errno.h>

#include "lib-lessons.h"

#define DECODE (PCI_COMMAND_IO | PCI_COMMAND_MEMORY)
#define BAR(n) (PCI_BASE_ADDRESS_0 + 4 * (n))

/* With each structure that a table knows. */
static void full_card(struct capture *c)
{
    const uint8_t vendor[6] = { 8, 1, 2, 3, 4, 5 };

    card(c);
    card_pm(c, 0x40, 0x0003, PCI_PM_CTRL_NO_SOFT_RST);
    card_vpd(c, 0x48);
    card_msi(c, 0x50);
    card_express(c, 0x60, 2, PCI_EXP_TYPE_ENDPOINT, SPEC_EXP_V2);
    card_msix(c, 0xa0, 4, 0x1000 | 0, 0x2000 | 0);
    world_build_cap(c, 0xb0, PCI_CAP_ID_VNDR, vendor, sizeof(vendor));
}

/* ------------------------------------------------------------------ */
/* The device's decoders                                               */

/*
 * A guest that switched the decoders off made its own next access an error
 * that took the host down.
 */
static void test_1_13_3_xsa_120_xsa_126_decoders_stay_on(void **state)
{
    static const struct {
        unsigned off, len;
    } way[] = {
        { PCI_COMMAND, 1 }, { PCI_COMMAND, 2 }, { PCI_COMMAND, 4 },
        { PCI_COMMAND + 1, 1 }, { PCI_COMMAND + 1, 2 }, { 3, 2 }, { 3, 4 },
        { 2, 4 }, { 1, 4 }, { 5, 4 },
    };
    const struct world_policy *p;
    struct capture c;
    struct world w;
    unsigned i;

    (void)state;
    for (p = world_policies; p->name; p++) {
        full_card(&c);
        begin(&w, &c, &p->policy);
        place_and_decode(&w);
        for (i = 0; i < COUNT(way); i++) {
            wr16(&w, PCI_COMMAND, DECODE | PCI_COMMAND_MASTER);
            pt_config_write(w.d, way[i].off, 0, way[i].len);
            assert_int_equal(dev(&w, PCI_COMMAND, 2) & DECODE, DECODE);
        }
        assert_int_equal(w.sim.dev.changed[PCI_COMMAND] & DECODE, 0);
        /* Lost behind our back, they come back with the next write. */
        sim_dev_poke(&w.sim.dev, PCI_COMMAND, 2, 0);
        wr16(&w, PCI_COMMAND, DECODE);
        assert_int_equal(dev(&w, PCI_COMMAND, 2) & DECODE, DECODE);
        pt_reset(w.d);
        assert_int_equal(dev(&w, PCI_COMMAND, 2) & DECODE, DECODE);
        assert_true(world_close(&w));
    }
}

/* Of a kind that the device has no BAR of: nobody's to switch. */
static void test_decoders_of_no_region_stay_as_found(void **state)
{
    struct capture c;
    struct world w;
    unsigned i;

    (void)state;
    for (i = 0; i < 2; i++) {
        world_build(&c);
        world_build_bar(&c, 0, CARD_MEM, CARD_MEM_SIZE, 0);
        pt_store(c.cfg + PCI_COMMAND, i ? 3 : 2, 2);
        begin(&w, &c, NULL);
        place_and_decode(&w);
        assert_int_equal(dev(&w, PCI_COMMAND, 2) & 3, i ? 3 : 2);
        wr16(&w, PCI_COMMAND, PCI_COMMAND_MASTER);
        assert_int_equal(dev(&w, PCI_COMMAND, 2) & 3, i ? 3 : 2);
        assert_true(world_close(&w));
    }
}

/* They go on at attach, for the kinds of BARs that there are. */
static void test_1_13_3_decoders_go_on_at_attach(void **state)
{
    struct capture c;
    struct world w;

    (void)state;
    card(&c);
    begin(&w, &c, NULL);
    assert_int_equal(dev(&w, PCI_COMMAND, 2), DECODE);
    assert_int_equal(rd16(&w, PCI_COMMAND), 0);
    world_detach(&w);
    assert_int_equal(dev(&w, PCI_COMMAND, 2), 0);
    assert_true(world_close(&w));

    world_build(&c);
    world_build_bar(&c, 0, CARD_PORTS, CARD_NUM_PORTS, PT_REGION_IO);
    begin(&w, &c, NULL);
    assert_int_equal(dev(&w, PCI_COMMAND, 2), PCI_COMMAND_IO);
    wr16(&w, PCI_COMMAND, DECODE);
    assert_int_equal(dev(&w, PCI_COMMAND, 2), PCI_COMMAND_IO);
    assert_true(world_close(&w));

    world_build(&c);
    world_build_bar(&c, PT_ROM, CARD_ROM, CARD_ROM_SIZE, 0);
    begin(&w, &c, NULL);
    assert_int_equal(dev(&w, PCI_COMMAND, 2), PCI_COMMAND_MEMORY);
    assert_true(world_close(&w));

    world_build(&c);
    begin(&w, &c, NULL);
    wr16(&w, PCI_COMMAND, DECODE);
    assert_int_equal(dev(&w, PCI_COMMAND, 2), 0);
    assert_true(world_close(&w));
}

/* ------------------------------------------------------------------ */
/* The physical MSI-X table                                            */

static const struct pt_bus_ops *real_ops;

/* The trap must be there before anything of the BAR is mapped. */
static int trap_first(void *priv, struct pt_trap *t)
{
    const struct sim_bus *b = priv;

    assert_int_equal(b->xen->num_mem, 0);
    return real_ops->trap(priv, t);
}

static void test_1_13_2_never_a_window_with_the_table(void **state)
{
    struct pt_bus_ops ops;
    struct pt_bus bus;
    struct capture c;
    struct world w;
    unsigned i;

    (void)state;
    card(&c);
    card_msix(&c, 0xa0, 4, 0x1000 | 0, 0x2000 | 0);
    world_init(&w, &c, NULL, NULL);
    real_ops = w.sim.bus.pt.ops;
    ops = *real_ops;
    ops.trap = trap_first;
    bus = (struct pt_bus) { .ops = &ops, .priv = w.sim.bus.pt.priv };
    w.args.bus = &bus;
    assert_true(world_attach(&w));
    wr16(&w, PCI_COMMAND, PCI_COMMAND_MEMORY);
    for (i = 0; i < 4; i++) {
        wr32(&w, BAR(0), 0xc0000000 + 0x8000 * i);
        assert_false(any_mem(&w, 0xc0001000 + 0x8000 * i));
        assert_true(any_mem(&w, 0xc0000000 + 0x8000 * i));
    }
    /* If it can't be trapped, nothing of the BAR is mapped. */
    sim_fault_at(&w.sim.bus.trap_fault, 1, ENOMEM);
    wr32(&w, BAR(0), 0xd0000000);
    assert_int_equal(w.sim.xen.num_mem, 0);
    assert_int_equal(w.sim.bus.num_traps, 0);
    /* And if a part can't be mapped, none of it stays. */
    sim_fault_at(&w.sim.xen.kind_fault[SIM_MAP_MEMORY], 2, ENOMEM);
    wr32(&w, BAR(0), 0xd8000000);
    assert_int_equal(w.sim.xen.num_mem, 0);
    assert_int_equal(w.sim.bus.num_traps, 0);
    assert_true(world_close(&w));
}

/*
 * A table that is not offered is still a table: its messages go where the
 * guest likes, if it can write them.
 */
static void test_1_13_2_the_table_of_a_hidden_msix_is_not_mapped(
    void **state)
{
    struct capture c;
    struct world w;

    (void)state;
    card(&c);
    card_msix(&c, 0xa0, 4, 0x1000 | 0, 0x2000 | 7);  /* no such PBA */
    begin(&w, &c, NULL);
    assert_int_equal(world_cap(&w, PCI_CAP_ID_MSIX, 0), 0);
    place_and_decode(&w);
    assert_true(any_mem(&w, world_bar_addr(&w, 0)));
    assert_false(any_mem(&w, world_bar_addr(&w, 0) + 0x1000));
    assert_true(world_close(&w));
}

/* PCIe 4.0 gave MSI a second word of data, which is Xen's like the first. */
static void test_1_5_9_extended_message_data_is_xens(void **state)
{
    struct capture c;
    struct world w;

    (void)state;
    card(&c);
    card_msi(&c, 0xa0);
    c.cfg[0xa0 + PCI_MSI_FLAGS + 1] = 0x02;
    begin(&w, &c, POLICY(permissive));
    wr16(&w, 0xa0 + PCI_MSI_DATA_32 + 2, 0xffff);
    assert_int_equal(w.sim.dev.count.writes, 0);
    assert_true(world_close(&w));
}

/* The last owner left it on, and it was hidden from this one. */
static void test_1_13_2_hidden_messages_are_switched_off(void **state)
{
    struct capture c;
    struct world w;

    (void)state;
    card(&c);
    card_msix(&c, 0xa0, 4, 0x1000 | 0, 0x2000 | 7);
    pt_store(c.cfg + 0xa2, 3 | PCI_MSIX_ENABLE, 2);
    card_msi(&c, 0xb0);
    c.cfg[0xb2] = PCI_MSI_FLAGS_ENABLE;
    card_vpd(&c, 0xb8);  /* two bytes too early for MSI */
    begin(&w, &c, NULL);
    assert_int_equal(world_cap(&w, PCI_CAP_ID_MSIX, 0), 0);
    assert_int_equal(world_cap(&w, PCI_CAP_ID_MSI, 0), 0);
    assert_false(sim_dev_msix_enabled(&w.sim.dev));
    assert_false(sim_dev_msi_enabled(&w.sim.dev));
    assert_true(world_close(&w));
}

/* ------------------------------------------------------------------ */
/* Writes                                                              */

/* Xen's message of the moment. */
static void racing_xen(struct sim_dev *d, uint16_t pos, uint8_t *buf,
                       unsigned len)
{
    (void)pos;
    (void)buf;
    (void)len;
    sim_dev_poke(d, 0x54, 4, sim_dev_peek(d, 0x54, 4) + 0x1000);
    sim_dev_poke(d, 0x58, 2, sim_dev_peek(d, 0x58, 2) + 1);
}

/*
 * A write over several registers took all of them back to the device, also
 * those that Xen changes meanwhile.
 */
static void test_1_13_4_xsa_128_nothing_stale_is_written_back(void **state)
{
    const struct world_policy *p;
    struct capture c;
    struct world w;
    unsigned off, i;

    (void)state;
    for (p = world_policies; p->name; p++) {
        static const unsigned width[] = { 1, 2, 4 };

        card(&c);
        card_msi(&c, 0x50);
        begin(&w, &c, &p->policy);
        w.sim.dev.hooks.on_read = racing_xen;
        for (off = 0x4c; off < 0x60; off++) {
            for (i = 0; i < COUNT(width); i++) {
                pt_config_write(w.d, off, 0xa5a5a5a4, width[i]);
            }
        }
        for (off = 0x54; off < 0x5a; off++) {
            assert_int_equal(w.sim.dev.covered[off], 0);
        }
        assert_int_equal(w.sim.dev.count.msi_written_by_dm, 0);
        w.sim.dev.hooks.on_read = NULL;
        /* To the simulated Xen the race looked like a foreign message. */
        sim_notes_clear(&w.sim.xen.notes);
        assert_true(world_close(&w));
    }
}

/* May the guest change bit @bit of the byte at @off in the device? */
static bool declared(const struct world *w, unsigned off, unsigned bit)
{
    struct pt_byte b;

    pt_look(w->d, (uint16_t)off, &b);
    return (b.fwd >> bit) & 1;
}

/*
 * What no table knew was writable: reserved bits, unknown registers, the
 * power state, read-only bits that some devices write.
 */
static void test_1_13_7_xsa_131_default_deny(void **state)
{
    static const struct {
        unsigned off;
        uint32_t closed;
    } reg[] = {
        { PCI_VENDOR_ID, UINT32_MAX },
        { PCI_COMMAND, 0x06fffbc3 | 0xf800 },
        { PCI_CLASS_REVISION, UINT32_MAX },
        { PCI_CACHE_LINE_SIZE, UINT32_MAX },
        { BAR(0), UINT32_MAX }, { BAR(1), UINT32_MAX },
        { BAR(2), UINT32_MAX }, { BAR(3), UINT32_MAX },
        { BAR(4), UINT32_MAX }, { BAR(5), UINT32_MAX },
        { PCI_CARDBUS_CIS, UINT32_MAX },
        { PCI_SUBSYSTEM_VENDOR_ID, UINT32_MAX },
        { PCI_CAPABILITY_LIST, UINT32_MAX }, { 0x38, UINT32_MAX },
        { PCI_INTERRUPT_LINE, UINT32_MAX },
        { 0x40, UINT32_MAX }, { 0x44, 0xffffe1ff },
        { 0x50, UINT32_MAX }, { 0x54, UINT32_MAX }, { 0x58, 0x0000ffff },
        { 0x60, UINT32_MAX }, { 0x64, UINT32_MAX }, { 0x68, 0xfff087ef },
        { 0x6c, UINT32_MAX }, { 0x70, 0x3fffffff },
        { 0x74, UINT32_MAX }, { 0x78, UINT32_MAX }, { 0x7c, UINT32_MAX },
        { 0x80, UINT32_MAX }, { 0x84, UINT32_MAX }, { 0x88, 0xffffffa0 },
        { 0x8c, UINT32_MAX }, { 0x90, 0xffdfffff },
        { 0xa0, UINT32_MAX }, { 0xa4, UINT32_MAX }, { 0xa8, UINT32_MAX },
        { 0xb0, 0x00ffffff },
    };
    struct capture c;
    struct world w;
    unsigned i, bit;

    (void)state;
    full_card(&c);
    begin(&w, &c, NULL);
    for (i = 0; i < COUNT(reg); i++) {
        for (bit = 0; bit < 32; bit++) {
            if ((reg[i].closed >> bit) & 1 &&
                declared(&w, reg[i].off + bit / 8, bit % 8)) {
                fail_msg("bit %u at %#x is open", bit, reg[i].off);
            }
        }
    }
    assert_true(world_close(&w));
}

/* And the tables are kept: what is written is what they allow. */
static void test_1_13_7_xsa_131_only_declared_bits_change(void **state)
{
    struct world_rng r = { 131 };
    const struct world_policy *p;
    struct capture c;
    struct world w;
    unsigned i, n, off;

    (void)state;
    for (p = world_policies; p->name; p++) {
        full_card(&c);
        memset(c.cfg + 0xc0, 0x5a, 0x40);
        begin(&w, &c, &p->policy);
        n = world_rounds(5000);
        for (i = 0; i < n; i++) {
            static const unsigned width[] = { 1, 2, 4 };
            unsigned len = width[world_random(&r) % 3];

            off = world_random(&r) % (0x101 - len);
            /* Messages on and D3hot have their own tests. */
            if (off + len > 0x52 && off < 0x54) {
                continue;
            }
            if ((off + len > 0xa2 && off < 0xa4) ||
                (off + len > 0x44 && off < 0x46)) {
                continue;
            }
            pt_config_write(w.d, off, world_random(&r), len);
        }
        for (off = 0; off < 0x100; off++) {
            struct pt_byte b;

            pt_look(w.d, (uint16_t)off, &b);
            if (b.row && b.row->off == PCI_ROM_ADDRESS) {
                assert_int_equal(w.sim.dev.changed[off] &
                    ~(off == PCI_ROM_ADDRESS ? 1 : 0), 0);
            } else if (b.row && b.row->off == PCI_COMMAND && !b.cap) {
                assert_int_equal(w.sim.dev.changed[off] & ~(b.fwd |
                    (off == PCI_COMMAND + 1 ? 0x04 : 0)), 0);
            } else if (p->policy.msitranslate && off == 0x52) {
                /* INTx of the guest's is the device's MSI. */
                assert_int_equal(w.sim.dev.changed[off] &
                                 ~PCI_MSI_FLAGS_ENABLE, 0);
            } else if (w.sim.dev.changed[off] & ~b.fwd) {
                fail_msg("%s: %02x changed at %#x", p->name,
                         w.sim.dev.changed[off] & ~b.fwd, off);
            }
        }
        assert_true(world_close(&w));
    }
}

/* permissive is asked for, named in the log, and for this device alone. */
static void test_1_13_7_permissive_is_opt_in(void **state)
{
    struct capture c;
    struct world w;

    (void)state;
    full_card(&c);
    begin(&w, &c, POLICY(permissive));
    assert_true(sim_bus_logged(&w.sim.bus, "policy permissive"));
    assert_true(declared(&w, 0x44, 7));      /* reserved in PMCSR */
    assert_true(declared(&w, PCI_COMMAND + 1, 4));
    assert_true(declared(&w, PCI_STATUS, 1));
    assert_false(declared(&w, 0x54, 0));     /* Xen's */
    assert_false(declared(&w, PCI_VENDOR_ID, 0));
    assert_true(world_close(&w));
    world_init(&w, &c, &(const struct pt_policy) {
                   .permissive = true, .strict = true }, NULL);
    assert_false(world_attach(&w));
    assert_non_null(strstr(w.err.text, "exclude"));
    assert_int_equal(w.sim.dev.count.reads, 0);
    assert_true(world_close(&w));
}

/* Denied writes are named once a device. */
static void test_1_13_7_denied_writes_are_named_once(void **state)
{
    struct capture c;
    struct world w;
    unsigned i, lines;

    (void)state;
    full_card(&c);
    begin(&w, &c, NULL);
    lines = w.sim.bus.num_lines;
    /* Not for a BAR that is not there: systems size it. */
    wr32(&w, BAR(4), UINT32_MAX);
    wr32(&w, BAR(5), UINT32_MAX);
    assert_int_equal(w.sim.bus.num_lines, lines);
    for (i = 0; i < 100; i++) {
        wr32(&w, 0x74, i);
        wr32(&w, 0x38, i);
    }
    assert_int_equal(w.sim.bus.num_lines, lines + 1);
    assert_true(world_close(&w));
}

/* Each wrong access was worth a line, and a disk is full some day. */
static void test_1_13_6_xsa_130_no_log_without_end(void **state)
{
    struct world_rng r = { 130 };
    struct capture c;
    struct world w;
    unsigned i, n = world_rounds(100000), lines;

    (void)state;
    full_card(&c);
    begin(&w, &c, POLICY(power_mgmt));
    sim_bus_take(&w.sim.bus, false, 0, UINT64_C(1) << 31);
    lines = w.sim.bus.num_lines;
    for (i = 0; i < n; i++) {
        unsigned off = world_random(&r) % 0x110;

        if (i % 7 == 0) {
            sim_fault_at(&w.sim.dev.config_fault, 1, EIO);
        }
        if (i % 11 == 0) {
            sim_fault_at(&w.sim.xen.fault, 1, ENOMEM);
        }
        pt_config_write(w.d, off, world_random(&r), world_random(&r) % 6);
        pt_config_read(w.d, off, world_random(&r) % 6);
    }
    assert_true(w.sim.bus.num_lines <= lines + 20);
    sim_fault_clear(&w.sim.dev.config_fault);
    sim_fault_clear(&w.sim.xen.fault);
    world_detach(&w);
    assert_int_equal(sim_xen_leaks(&w.sim.xen, NULL, 0), 0);
    world_fini(&w);
}

/* ------------------------------------------------------------------ */
/* Trust                                                               */

static void liar(struct sim_dev *d, uint16_t pos, uint8_t *buf, unsigned len)
{
    struct world_rng *r = d->user;
    unsigned i;

    (void)pos;
    for (i = 0; i < len; i++) {
        buf[i] = (uint8_t)world_random(r);
    }
}

/*
 * Registers were read again and believed: BARs, table offsets, message
 * control. From attach on nothing that the device says decides anything.
 */
static void test_xsa_337_what_is_read_later_is_not_believed(void **state)
{
    struct world_rng r = { 337 };
    struct capture c;
    struct world w;
    unsigned n;

    (void)state;
    full_card(&c);
    begin(&w, &c, POLICY(power_mgmt));
    w.sim.dev.user = &r;
    w.sim.dev.hooks.on_read = liar;
    for (n = 0; n < 20; n++) {
        assert_int_equal(world_bar_size(&w, 0), CARD_MEM_SIZE);
        assert_int_equal(world_bar_size(&w, 2), CARD_MEM64_SIZE);
        assert_int_equal(rd32(&w, PCI_VENDOR_ID), 0x56781234);
        assert_int_equal(rd8(&w, PCI_CAPABILITY_LIST), 0x40);
        assert_int_equal(rd8(&w, 0x41), 0x48);
        assert_int_equal(rd32(&w, 0xa4), 0x1000);
        world_place_all(&w);
        wr16(&w, PCI_COMMAND, DECODE);
        assert_true(mem_at(&w, WORLD_MEM, CARD_MEM, 0x1000));
        assert_int_equal(w.sim.bus.trap[0]->gpa, WORLD_MEM + 0x1000);
        assert_int_equal(w.sim.bus.trap[0]->size, 0x2000);
        assert_true(mem_at(&w, WORLD_MEM64, CARD_MEM64, CARD_MEM64_SIZE));
        wr32(&w, 0x54, 0xfee00000);
        wr16(&w, 0x58, 0x0040 + n);
        wr16(&w, 0x52, PCI_MSI_FLAGS_ENABLE);
        wr16(&w, 0x52, 0);
        wr16(&w, PCI_COMMAND, 0);
        /* The device's state is the one that the guest was let to set. */
        world_power(&w, 3);
        wr16(&w, PCI_COMMAND, DECODE);
        assert_int_equal(w.sim.xen.num_mem, 0);
        world_power(&w, 0);
        rd16(&w, PCI_COMMAND);
        assert_int_equal(w.sim.xen.num_mem, 4);
        wr16(&w, PCI_COMMAND, 0);
    }
    w.sim.dev.hooks.on_read = NULL;
    world_detach(&w);
    assert_int_equal(sim_xen_leaks(&w.sim.xen, NULL, 0), 0);
    assert_int_equal(w.sim.bus.num_traps, 0);
    world_fini(&w);
}

/* A page of two devices, mapped for one, gives it the other's registers. */
static void test_xsa_461_a_shared_page_is_never_mapped(void **state)
{
    struct capture c;
    struct world w;

    (void)state;
    world_build(&c);
    world_build_bar(&c, 0, CARD_MEM, 0x100, PT_REGION_SHARED);
    world_build_bar(&c, 1, CARD_MEM + 0x800, 0x800, PT_REGION_SHARED);
    begin(&w, &c, POLICY(permissive));
    place_and_decode(&w);
    wr32(&w, BAR(0), 0xd0000000);
    wr32(&w, BAR(1), 0xd8000000);
    assert_int_equal(map_calls(&w), 0);
    assert_int_equal(w.sim.bus.num_traps, 2);
    sim_guest_mmio_write(&w.sim.bus, 0xd8000000, 4, 0x12345678);
    assert_int_equal(sim_guest_mmio_read(&w.sim.bus, 0xd8000000, 4),
                     0x12345678);
    assert_int_equal(sim_guest_mmio_read(&w.sim.bus, 0xd0000000, 4), 0);
    assert_int_equal(sim_guest_mmio_read(&w.sim.bus, 0xd0000800, 4),
                     UINT32_MAX);
    assert_true(world_close(&w));
}

/* Two devices on one line can hold up each other: that is worth a line. */
static void test_xsa_461_a_shared_line_is_named(void **state)
{
    struct sim_dev other;
    struct pt_device_info info;
    struct pt_args args;
    struct capture c;
    struct world w;
    struct pt_dev *d;

    (void)state;
    card(&c);
    begin(&w, &c, NULL);
    assert_false(sim_bus_logged(&w.sim.bus, "shares"));
    capture_info(&c, &info);
    info.addr.func = 1;
    assert_int_equal(sim_dev_init(&other, &c, &info, NULL,
                                  &w.sim.bus.clock), 0);
    assert_int_equal(sim_xen_add(&w.sim.xen, &other), 0);
    args = w.args;
    args.host = &other.pt;
    args.devfn = 6 << 3;
    d = pt_attach(&args, &w.err);
    assert_non_null(d);
    assert_true(sim_bus_logged(&w.sim.bus, "03:00.1: shares its INTx"));
    world_detach(&w);
    /* The other one still has it. */
    assert_int_equal(sim_xen_num_bound(&w.sim.xen, NULL), 1);
    pt_detach(d);
    sim_xen_remove(&w.sim.xen, &other);
    sim_dev_fini(&other);
    assert_true(world_close(&w));
}

/* An address above 4 GiB lost its top on the way to the unmapping. */
static void test_xsa_476_64_bits_from_end_to_end(void **state)
{
    const uint64_t gpa = UINT64_C(0x7ff2000000);
    const struct sim_map *m;
    struct capture c;
    struct world w;
    unsigned i;

    (void)state;
    card(&c);
    for (i = 0; i < 4; i++) {
        begin(&w, &c, NULL);
        wr32(&w, BAR(2), (uint32_t)gpa);
        wr32(&w, BAR(3), (uint32_t)(gpa >> 32));
        wr16(&w, PCI_COMMAND, PCI_COMMAND_MEMORY);
        m = sim_xen_mem(&w.sim.xen, gpa >> PT_PAGE_SHIFT);
        assert_non_null(m);
        assert_int_equal(m->guest, gpa >> PT_PAGE_SHIFT);
        assert_int_equal(m->host, CARD_MEM64 >> PT_PAGE_SHIFT);
        assert_int_equal(m->nr, CARD_MEM64_SIZE >> PT_PAGE_SHIFT);
        assert_int_equal(w.sim.bus.moved[2], gpa);
        switch (i) {
        case 0:
            wr16(&w, PCI_COMMAND, 0);
            wr32(&w, BAR(3), 0);
            break;
        case 1:
            wr32(&w, BAR(3), 0);
            wr32(&w, BAR(2), 0);
            break;
        case 2:
            pt_reset(w.d);
            break;
        default:
            world_detach(&w);
            break;
        }
        assert_int_equal(w.sim.xen.num_mem, 0);
        assert_int_equal(w.sim.bus.moved[2], PT_UNMAPPED);
        assert_true(world_close(&w));
    }
}

/* Guests that write the same again must not make Xen work. */
static void test_xsa_491_no_churn_of_mappings(void **state)
{
    struct world_cost was, c;
    struct capture cap;
    struct world w;
    unsigned i, n;

    (void)state;
    card(&cap);
    begin(&w, &cap, NULL);
    place_and_decode(&w);
    was = world_cost(&w);
    for (i = 0; i < 100; i++) {
        for (n = 0; n < PT_NUM_REGIONS; n++) {
            unsigned reg = n == PT_ROM ? PCI_ROM_ADDRESS : BAR(n);

            wr32(&w, reg, rd32(&w, reg));
            world_bar_size(&w, n);
        }
        wr16(&w, PCI_COMMAND, rd16(&w, PCI_COMMAND));
        wr16(&w, PCI_COMMAND, rd16(&w, PCI_COMMAND) ^ PCI_COMMAND_MASTER);
        pt_bars_sync(w.d);
    }
    c = world_cost_since(&w, &was);
    /* Sizing switches the ROM off, which is no probe. */
    assert_int_equal(c.calls[SIM_MAP_PORTS] + c.calls[SIM_UNMAP_PORTS], 0);
    assert_true(c.hypercalls <= 2 * 100);
    assert_true(world_close(&w));
}

/* ------------------------------------------------------------------ */

/* The process ended when a register's hook failed. */
static void test_peer_8_a_failed_hook_costs_one_register(void **state)
{
    struct capture c;
    struct world w;
    unsigned n;

    (void)state;
    for (n = 1; n <= 3; n++) {
        full_card(&c);
        begin(&w, &c, POLICY(power_mgmt));
        world_place_all(&w);
        sim_fault_at(&w.sim.dev.config_fault, n, EIO);
        wr16(&w, PCI_COMMAND, DECODE | PCI_COMMAND_MASTER);
        wr32(&w, PCI_ROM_ADDRESS, 0xd1000001);
        wr16(&w, 0x4a, 0x0004);
        sim_fault_clear(&w.sim.dev.config_fault);
        sim_fault_at(&w.sim.xen.kind_fault[SIM_MAP_MEMORY], n, ENOMEM);
        wr32(&w, BAR(0), 0xd0000000);
        wr32(&w, BAR(2), 0xd2000000);
        /* All others do what they did. */
        assert_int_equal(rd16(&w, PCI_COMMAND) & DECODE, DECODE);
        assert_true(ports_at(&w, (uint32_t)WORLD_PORTS, CARD_PORTS,
                             CARD_NUM_PORTS));
        wr8(&w, 0xb3, 0x5a);
        assert_int_equal(dev(&w, 0xb3, 1), 0x5a);
        assert_int_equal(rd16(&w, PCI_DEVICE_ID), 0x5678);
        assert_true(world_close(&w));
    }
}

/* ------------------------------------------------------------------ */
/* Another way to the same registers                                   */

/*
 * A chip that decodes 7 address bits has its header at 80 again: a guest
 * switched its decoders off there and moved its BARs, in the default policy.
 */
static void test_xsa_120_a_mirror_of_the_header_is_no_way_to_it(void **state)
{
    const struct world_policy *p;
    struct world w;
    unsigned off;

    (void)state;
    for (p = world_policies; p->name; p++) {
        world_open(&w, "hw-isp1040.txt", 0, &p->policy);
        assert_true(world_attach(&w));
        assert_true(sim_bus_logged(&w.sim.bus, "every 0x80 bytes"));
        sim_dev_forget(&w.sim.dev);
        for (off = 0x80; off < 0xc0; off++) {
            wr8(&w, off, 0);
            wr32(&w, off & ~3u, UINT32_MAX);
            assert_int_equal(rd8(&w, off), w.sim.dev.cfg[off]);
        }
        assert_int_equal(w.sim.dev.num_writes, 0);
        /* What is the driver's is so at both places. */
        wr8(&w, 0x44, 0x5a);
        wr8(&w, 0xc8, 0x5a);
        assert_int_equal(dev(&w, 0x44, 1), p->policy.strict ? 0 : 0x5a);
        assert_int_equal(dev(&w, 0xc8, 1), p->policy.strict ? 0 : 0x5a);
        assert_true(world_close(&w));
    }
}

/* And MSI's address, data and mask bits have mirrors, too. */
static void test_xsa_128_a_mirror_of_msi_is_no_way_to_it(void **state)
{
    static const uint8_t at[] = { 0x40, 0xc0 };
    const struct world_policy *p;
    struct capture c;
    struct world w;
    unsigned i, mirror;

    (void)state;
    for (p = world_policies; p->name; p++) {
        for (i = 0; i < COUNT(at); i++) {
            mirror = at[i] ^ 0x80;
            world_build(&c);
            card_msi(&c, at[i]);
            memcpy(c.cfg + mirror, c.cfg + at[i], 0x40);
            memcpy(c.cfg + 0x80, c.cfg, 0x40);
            begin(&w, &c, &p->policy);
            assert_int_equal(world_cap(&w, PCI_CAP_ID_MSI, 0), at[i]);
            wr32(&w, mirror + PCI_MSI_ADDRESS_LO, 0xfee00000);
            wr16(&w, mirror + PCI_MSI_FLAGS, PCI_MSI_FLAGS_ENABLE);
            assert_int_equal(w.sim.dev.num_writes, 0);
            assert_true(world_close(&w));
        }
    }
}

/* A hidden capability that reads 0 was seen again where a header is twice. */
static void test_a_mirror_uncovers_no_zeroed_capability(void **state)
{
    const uint8_t body[0x30 - 2] = { [2] = 0x5a };
    struct capture c;
    struct world w;

    (void)state;
    world_build(&c);
    world_build_cap(&c, 0x40, PCI_CAP_ID_AGP, body, sizeof(body));
    memcpy(c.cfg + 0x80, c.cfg, 0x80);
    begin(&w, &c, NULL);
    assert_true(sim_bus_logged(&w.sim.bus, "every 0x80 bytes"));
    assert_int_equal(rd8(&w, 0x44), 0);
    assert_true(world_close(&w));
}

/* A chip with its IDs at 80, and nothing else, is no mirror: BCM5764M. */
static void test_a_copy_of_the_ids_is_no_mirror(void **state)
{
    static const uint8_t constant[] = {
        0x00, 0x03, 0x08, 0x0b, 0x0e, 0x10, 0x27, 0x2c, 0x2f, 0x30, 0x34,
        0x3d, 0x3f,
    };
    struct capture c;
    struct world w;
    unsigned i;

    (void)state;
    world_open(&w, "hw-bcm5764m.txt", 0, NULL);
    assert_true(world_attach(&w));
    assert_false(sim_bus_logged(&w.sim.bus, "found again"));
    assert_true(world_close(&w));
    for (i = 0; i < COUNT(constant); i++) {
        card(&c);
        memcpy(c.cfg + 0x80, c.cfg, 0x40);
        c.cfg[0x80 + constant[i]] ^= 0x40;
        begin(&w, &c, NULL);
        assert_false(sim_bus_logged(&w.sim.bus, "found again"));
        wr8(&w, 0x84, 0x55);
        assert_int_equal(dev(&w, 0x84, 1), 0x55);
        assert_true(world_close(&w));
    }
    /* No chip leaves out two of four. */
    card(&c);
    memcpy(c.cfg + 0xc0, c.cfg, 0x40);
    begin(&w, &c, NULL);
    assert_false(sim_bus_logged(&w.sim.bus, "found again"));
    assert_true(world_close(&w));
    /* What changes by itself or by a driver may differ. */
    card(&c);
    memcpy(c.cfg + 0x80, c.cfg, 0x40);
    c.cfg[0x80 + PCI_COMMAND] ^= 0xff;
    c.cfg[0x80 + PCI_STATUS + 1] ^= 0xff;
    c.cfg[0x80 + PCI_LATENCY_TIMER] ^= 0xff;
    c.cfg[0x80 + PCI_INTERRUPT_LINE] ^= 0xff;
    begin(&w, &c, NULL);
    assert_true(sim_bus_logged(&w.sim.bus, "found again"));
    assert_true(world_close(&w));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_xsa_120_a_mirror_of_the_header_is_no_way_to_it),
        cmocka_unit_test(test_xsa_128_a_mirror_of_msi_is_no_way_to_it),
        cmocka_unit_test(test_a_mirror_uncovers_no_zeroed_capability),
        cmocka_unit_test(test_a_copy_of_the_ids_is_no_mirror),
        cmocka_unit_test(test_1_13_3_xsa_120_xsa_126_decoders_stay_on),
        cmocka_unit_test(test_decoders_of_no_region_stay_as_found),
        cmocka_unit_test(test_1_13_3_decoders_go_on_at_attach),
        cmocka_unit_test(test_1_13_2_never_a_window_with_the_table),
        cmocka_unit_test(
            test_1_13_2_the_table_of_a_hidden_msix_is_not_mapped),
        cmocka_unit_test(test_1_13_2_hidden_messages_are_switched_off),
        cmocka_unit_test(test_1_5_9_extended_message_data_is_xens),
        cmocka_unit_test(test_1_13_4_xsa_128_nothing_stale_is_written_back),
        cmocka_unit_test(test_1_13_7_xsa_131_default_deny),
        cmocka_unit_test(test_1_13_7_xsa_131_only_declared_bits_change),
        cmocka_unit_test(test_1_13_7_permissive_is_opt_in),
        cmocka_unit_test(test_1_13_7_denied_writes_are_named_once),
        cmocka_unit_test(test_1_13_6_xsa_130_no_log_without_end),
        cmocka_unit_test(test_xsa_337_what_is_read_later_is_not_believed),
        cmocka_unit_test(test_xsa_461_a_shared_page_is_never_mapped),
        cmocka_unit_test(test_xsa_461_a_shared_line_is_named),
        cmocka_unit_test(test_xsa_476_64_bits_from_end_to_end),
        cmocka_unit_test(test_xsa_491_no_churn_of_mappings),
        cmocka_unit_test(test_peer_8_a_failed_hook_costs_one_register),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
