/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lessons: regions that cannot be had as they are, defects that stayed, and
 * complaints.
 */
#include "lib-card.h"

/* ------------------------------------------------------------------ */
/* Defects that stayed, complaints                                     */

/*
 * A nonzero upper half left the mapping where it was until Command was
 * written; BARs of 4 GiB and more counted as absent.
 */
static void test_2_12_an_upper_half_moves_the_bar_at_once(void **state)
{
    struct world w;

    (void)state;
    with_card(&w);
    wr32(&w, BAR(2), 0xc0000000);
    wr16(&w, PCI_COMMAND, PCI_COMMAND_MEMORY);
    assert_true(mem_at(&w, 0xc0000000, CARD_MEM64, CARD_MEM64_SIZE));
    wr32(&w, BAR(3), 0x12);
    assert_false(any_mem(&w, 0xc0000000));
    assert_true(mem_at(&w, UINT64_C(0x12c0000000), CARD_MEM64,
                       CARD_MEM64_SIZE));
    wr32(&w, BAR(3), 0);
    assert_true(mem_at(&w, 0xc0000000, CARD_MEM64, CARD_MEM64_SIZE));
    /* Where no guest has memory, it is mapped nowhere. */
    wr32(&w, BAR(3), 0x7fffffff);
    assert_int_equal(w.sim.xen.num_mem, 0);
    assert_true(world_close(&w));
}

static void test_2_12_a_bar_of_8_gib_is_sized_and_mapped(void **state)
{
    const uint64_t size = UINT64_C(8) << 30, host = UINT64_C(0x800000000);
    struct capture c;
    struct world w;

    (void)state;
    world_build(&c);
    world_build_bar(&c, 0, host, size, PT_REGION_64 | PT_REGION_PREFETCH);
    begin(&w, &c, NULL);
    assert_int_equal(world_bar_size(&w, 0), size);
    wr32(&w, BAR(0), UINT32_MAX);
    assert_int_equal(rd32(&w, BAR(0)), 0xc);
    wr32(&w, BAR(1), UINT32_MAX);
    assert_int_equal(rd32(&w, BAR(1)), 0xfffffffe);
    assert_true(world_bar_place(&w, 0, UINT64_C(0x1000000000)));
    wr16(&w, PCI_COMMAND, PCI_COMMAND_MEMORY);
    assert_true(mem_at(&w, UINT64_C(0x1000000000), host, size));
    wr32(&w, BAR(1), 0x20);
    assert_true(mem_at(&w, UINT64_C(0x2000000000), host, size));
    assert_int_equal(w.sim.xen.num_mem, 1);
    assert_true(world_close(&w));
}

static void test_field_1_7_a_captured_8_gib_bar_above_4_gib(void **state)
{
    struct capture c;
    struct world w;
    unsigned n, big = 0;

    (void)state;
    world_capture(&c, "qemu-pci-testdev-8g.txt", 0);
    begin(&w, &c, NULL);
    place_and_decode(&w);
    for (n = 0; n < PT_NUM_BARS; n++) {
        const struct pt_region *r = &c.region[n];

        if (r->size > UINT32_MAX) {
            assert_true(r->addr > UINT32_MAX);
            assert_int_equal(world_bar_size(&w, n), r->size);
            assert_true(mem_at(&w, world_bar_addr(&w, n), r->addr, r->size));
            big++;
        }
    }
    assert_int_equal(big, 1);
    assert_true(world_close(&w));
}

/* Each new address took a slot for good: 1024 moves ended the process. */
static void test_2_19_a_trapped_bar_may_move_without_end(void **state)
{
    struct capture c;
    struct world w;
    uint32_t i, n = world_rounds(5000);

    (void)state;
    card(&c);
    card_msix(&c, 0x60, 4, 0x1000 | 0, 0x2000 | 0);
    begin(&w, &c, NULL);
    wr16(&w, PCI_COMMAND, PCI_COMMAND_MEMORY);
    for (i = 1; i <= n; i++) {
        wr32(&w, BAR(0), i * 0x8000);
        assert_int_equal(w.sim.bus.num_traps, 1);
        assert_int_equal(w.sim.xen.num_mem, 2);
    }
    assert_int_equal(w.sim.bus.trap[0]->gpa, n * 0x8000 + 0x1000);
    assert_int_equal(w.sim.bus.trap_calls, n);
    assert_int_equal(w.sim.bus.untrap_calls, n - 1);
    assert_true(world_close(&w));
}

/* Overlaps were logged each time, and looked for at address -1. */
static void test_2_20_overlap_is_logged_once_and_not_for_nowhere(void **state)
{
    struct world w;
    unsigned lines;
    uint32_t i;

    (void)state;
    with_card(&w);
    sim_bus_take(&w.sim.bus, false, 0xd0000000, 0x10000000);
    wr32(&w, BAR(0), 0xd0000000);
    wr32(&w, BAR(1), 0x2000);
    assert_int_equal(w.sim.bus.taken_calls, 0);
    wr16(&w, PCI_COMMAND, PCI_COMMAND_MEMORY);
    assert_int_equal(w.sim.bus.taken_calls, 1);
    lines = w.sim.bus.num_lines;
    for (i = 0; i < 1000; i++) {
        wr32(&w, BAR(0), 0xd0000000 + 0x10000 * i);
    }
    assert_int_equal(w.sim.bus.num_lines, lines);
    assert_int_equal(w.sim.xen.num_mem, 0);
    assert_true(world_close(&w));
}

/* The CardBus pointer was taken for the ROM: (0x28 - 0x10) / 4 is its slot. */
static void test_peer_9_2_25_cis_pointer_is_not_the_rom(void **state)
{
    struct capture c;
    struct world w;

    (void)state;
    card(&c);
    pt_store(c.cfg + PCI_CARDBUS_CIS, 0x00001234, 4);
    begin(&w, &c, NULL);
    wr16(&w, PCI_COMMAND, PCI_COMMAND_MEMORY);
    sim_dev_forget(&w.sim.dev);
    wr32(&w, PCI_CARDBUS_CIS, 0xc1000001);
    assert_int_equal(rd32(&w, PCI_CARDBUS_CIS), 0x1234);
    assert_int_equal(rd32(&w, PCI_ROM_ADDRESS), 0);
    assert_int_equal(w.sim.dev.num_writes, 0);
    assert_int_equal(map_calls(&w), 0);
    assert_true(world_close(&w));
}

/* What overlaps is refused, not mapped over it; it comes with the room. */
static void test_field_1_7_overlap_waits_for_the_other_device(void **state)
{
    struct world w;

    (void)state;
    with_card(&w);
    sim_bus_take(&w.sim.bus, false, 0xc0004000, 0x1000);
    sim_bus_take(&w.sim.bus, true, 0x2018, 8);
    wr32(&w, BAR(0), 0xc0000000);
    wr32(&w, BAR(1), 0x2000);
    wr16(&w, PCI_COMMAND, DECODE);
    assert_int_equal(w.sim.xen.num_mem + w.sim.xen.num_ports, 0);
    assert_int_equal(w.sim.bus.moved_calls[0], 0);
    w.sim.bus.num_taken = 0;
    pt_bars_sync(w.d);
    assert_true(mem_at(&w, 0xc0000000, CARD_MEM, CARD_MEM_SIZE));
    assert_true(ports_at(&w, 0x2000, CARD_PORTS, CARD_NUM_PORTS));
    assert_int_equal(w.sim.bus.moved[0], 0xc0000000);
    assert_true(world_close(&w));
}

/*
 * A device whose BAR the guest moved over one of ours was dead: ours stayed
 * mapped in its place.
 */
static void test_device_moved_over_a_mapped_region_was_dead(void **state)
{
    struct world w;

    (void)state;
    with_card(&w);
    wr32(&w, BAR(0), 0xc0000000);
    wr32(&w, BAR(1), 0x2000);
    wr16(&w, PCI_COMMAND, DECODE);
    sim_bus_take(&w.sim.bus, false, 0xc0004000, 0x1000);
    sim_bus_take(&w.sim.bus, true, 0x2018, 8);
    pt_bars_recheck(w.d);
    assert_int_equal(w.sim.xen.num_mem + w.sim.xen.num_ports, 0);
    assert_true(w.sim.bus.moved[0] == PT_UNMAPPED);
    w.sim.bus.num_taken = 0;
    pt_bars_recheck(w.d);
    assert_true(mem_at(&w, 0xc0000000, CARD_MEM, CARD_MEM_SIZE));
    assert_true(ports_at(&w, 0x2000, CARD_PORTS, CARD_NUM_PORTS));
    /* Where nothing has moved, Xen hears nothing. */
    sim_xen_forget(&w.sim.xen);
    pt_bars_recheck(w.d);
    assert_int_equal(map_calls(&w), 0);
    assert_true(world_close(&w));
}

static void test_field_1_7_overlap_waits_for_the_own_bar(void **state)
{
    struct world w;

    (void)state;
    with_card(&w);
    wr32(&w, BAR(0), 0xc0000000);
    wr32(&w, BAR(2), 0xd0000000);
    wr16(&w, PCI_COMMAND, PCI_COMMAND_MEMORY);
    wr32(&w, BAR(0), 0xd0008000);
    assert_false(any_mem(&w, 0xc0000000));
    assert_true(mem_at(&w, 0xd0000000, CARD_MEM64, CARD_MEM64_SIZE));
    /* The other goes to where the first was: both have their places. */
    wr32(&w, BAR(2), 0xc0000000);
    assert_true(mem_at(&w, 0xd0008000, CARD_MEM, CARD_MEM_SIZE));
    assert_true(mem_at(&w, 0xc0000000, CARD_MEM64, CARD_MEM64_SIZE));
    assert_int_equal(w.sim.bus.moved[0], 0xd0008000);
    assert_int_equal(w.sim.bus.moved[2], 0xc0000000);
    assert_true(world_close(&w));
}

/* A change of place unmaps first. */
static void test_field_1_7_unmapped_before_mapped_anew(void **state)
{
    struct world w;

    (void)state;
    with_card(&w);
    place_and_decode(&w);
    /* By half of its size: the simulated Xen minds overlapping maps. */
    wr32(&w, BAR(0), (uint32_t)(WORLD_MEM + CARD_MEM_SIZE));
    wr32(&w, BAR(0), (uint32_t)WORLD_MEM);
    assert_int_equal(w.sim.xen.notes.count, 0);
    /* Xen refuses to unmap: the old mapping is known, and retried. */
    sim_fault_always(&w.sim.xen.kind_fault[SIM_UNMAP_MEMORY], EINVAL);
    wr32(&w, BAR(0), 0xd0000000);
    assert_false(any_mem(&w, 0xd0000000));
    sim_fault_clear(&w.sim.xen.kind_fault[SIM_UNMAP_MEMORY]);
    wr32(&w, BAR(0), 0xd8000000);
    assert_true(mem_at(&w, 0xd8000000, CARD_MEM, CARD_MEM_SIZE));
    assert_false(any_mem(&w, WORLD_MEM));
    assert_true(world_close(&w));
}

/* Decoding went off under a running access and the device model fell over. */
static void test_field_1_15_no_decoding_means_all_ones(void **state)
{
    struct capture c;
    struct world w;

    (void)state;
    card(&c);
    card_msix(&c, 0x60, 4, 0x1000 | 0, 0x2000 | 0);
    begin(&w, &c, POLICY(strict));
    place_and_decode(&w);
    sim_guest_mmio_write(&w.sim.bus, WORLD_MEM, 4, 0x12345678);
    sim_dev_mem_write(&w.sim.dev, CARD_MEM + 0x1800, 4, 0x9abcdef0);
    assert_int_equal(sim_guest_mmio_read(&w.sim.bus, WORLD_MEM, 4),
                     0x12345678);
    wr16(&w, PCI_COMMAND, 0);
    assert_int_equal(sim_guest_mmio_read(&w.sim.bus, WORLD_MEM, 4),
                     UINT32_MAX);
    assert_int_equal(sim_guest_mmio_read(&w.sim.bus, WORLD_MEM + 0x1800, 4),
                     UINT32_MAX);
    sim_guest_mmio_write(&w.sim.bus, WORLD_MEM, 4, 0);
    wr16(&w, PCI_COMMAND, PCI_COMMAND_MEMORY);
    assert_int_equal(sim_guest_mmio_read(&w.sim.bus, WORLD_MEM, 4),
                     0x12345678);
    assert_int_equal(sim_guest_mmio_read(&w.sim.bus, WORLD_MEM + 0x1800, 4),
                     0x9abcdef0);
    assert_int_equal(w.sim.dev.count.unsupported, 0);
    assert_true(world_close(&w));
}

/* ------------------------------------------------------------------ */
/* Regions that can't be had as they are                               */

/* Smaller than a page, with others in it: every access is carried over. */
static void test_sub_page_bars_are_trapped_and_forwarded(void **state)
{
    static const unsigned width[] = { 1, 2, 4, 8 };
    struct capture c;
    struct world w;
    uint64_t gpa = 0xc0000000, val = UINT64_C(0x1122334455667788);
    unsigned i;

    (void)state;
    world_build(&c);
    world_build_bar(&c, 0, CARD_MEM + 0x400, 0x100, PT_REGION_SHARED);
    begin(&w, &c, NULL);
    assert_int_equal(world_bar_size(&w, 0), PT_PAGE_SIZE);
    wr32(&w, BAR(0), (uint32_t)gpa);
    wr16(&w, PCI_COMMAND, PCI_COMMAND_MEMORY);
    assert_int_equal(w.sim.xen.num_mem, 0);
    assert_int_equal(w.sim.bus.num_traps, 1);
    for (i = 0; i < COUNT(width); i++) {
        uint64_t got;

        sim_guest_mmio_write(&w.sim.bus, gpa + 0x10, width[i], val);
        assert_int_equal(w.sim.dev.count.mmio_writes[i], 1);
        got = sim_guest_mmio_read(&w.sim.bus, gpa + 0x10, width[i]);
        assert_int_equal(w.sim.dev.count.mmio_reads[i], 1);
        assert_int_equal(got, val & (UINT64_MAX >> (64 - 8 * width[i])));
    }
    /* The page's rest is another's: nothing is there, up to the last byte. */
    sim_dev_forget(&w.sim.dev);
    sim_guest_mmio_write(&w.sim.bus, gpa + 0xfc, 4, 0x01020304);
    assert_int_equal(sim_guest_mmio_read(&w.sim.bus, gpa + 0xfc, 4),
                     0x01020304);
    assert_int_equal(sim_guest_mmio_read(&w.sim.bus, gpa + 0x100, 4),
                     UINT32_MAX);
    sim_guest_mmio_write(&w.sim.bus, gpa + 0x100, 4, 0);
    assert_int_equal(sim_guest_mmio_read(&w.sim.bus, gpa + 0xffc, 4),
                     UINT32_MAX);
    assert_int_equal(w.sim.dev.count.mmio_reads[2], 1);
    assert_int_equal(w.sim.dev.count.mmio_writes[2], 1);
    /* What the bus could hand over, but no bus of a PC ever does. */
    assert_int_equal(pt_trap_read(w.sim.bus.trap[0], 0xfe, 4), UINT32_MAX);
    assert_int_equal(pt_trap_read(w.sim.bus.trap[0], 0x11, 2), 0xffff);
    assert_int_equal(pt_trap_read(w.sim.bus.trap[0], 0x10, 3) & 0xff, 0xff);
    assert_int_equal(pt_trap_read(w.sim.bus.trap[0], UINT64_MAX - 3, 4),
                     UINT32_MAX);
    pt_trap_write(w.sim.bus.trap[0], UINT64_MAX - 3, 0, 4);
    pt_trap_write(w.sim.bus.trap[0], 0xfe, 0, 4);
    assert_int_equal(w.sim.dev.count.mmio_reads[2], 1);
    assert_int_equal(w.sim.dev.count.mmio_writes[2], 1);
    /* And a device that fails is all ones, and one line. */
    sim_fault_always(&w.sim.dev.mmio_fault, EIO);
    for (i = 0; i < 100; i++) {
        assert_int_equal(sim_guest_mmio_read(&w.sim.bus, gpa, 4),
                         UINT32_MAX);
        sim_guest_mmio_write(&w.sim.bus, gpa, 4, 0);
    }
    assert_int_equal(w.sim.bus.lines[PT_LOG_ERROR], 1);
    sim_fault_clear(&w.sim.dev.mmio_fault);
    assert_true(world_close(&w));
}

static int mmio_read(void *priv, unsigned region, uint64_t off,
                     unsigned width, uint64_t *val)
{
    (void)priv;
    (void)region;
    (void)off;
    (void)width;
    *val = UINT64_MAX;
    return 0;
}

/* A region of fewer bytes than an access, and bytes that nobody asked for. */
static void test_accesses_have_their_own_width_only(void **state)
{
    static struct pt_device_ops ops;
    struct pt_trap *t;
    struct capture c;
    struct world w;
    unsigned width;

    (void)state;
    world_build(&c);
    world_build_bar(&c, 0, CARD_MEM + 0x400, 0x100, PT_REGION_SHARED);
    world_init(&w, &c, NULL, NULL);
    w.sim.dev.pt.info.region[0].size = 4;
    ops = *w.sim.dev.pt.ops;
    ops.mmio_read = mmio_read;
    w.sim.dev.pt.ops = &ops;
    assert_true(world_attach(&w));
    place_and_decode(&w);
    t = w.sim.bus.trap[0];
    for (width = 1; width <= 4; width *= 2) {
        assert_true(pt_trap_read(t, 0, width) ==
                    UINT64_MAX >> (64 - 8 * width));
    }
    pt_trap_write(t, 0, 0, 8);
    assert_int_equal(w.sim.dev.count.mmio_writes[3], 0);
    assert_true(world_close(&w));
}

/* Alone at the start of its page it can be mapped. */
static void test_sub_page_bar_alone_in_its_page_is_mapped(void **state)
{
    struct capture c;
    struct world w;

    (void)state;
    world_build(&c);
    world_build_bar(&c, 0, CARD_MEM, 0x100, 0);
    begin(&w, &c, NULL);
    assert_int_equal(world_bar_size(&w, 0), PT_PAGE_SIZE);
    wr32(&w, BAR(0), 0xc0000100);
    assert_int_equal(rd32(&w, BAR(0)), 0xc0000000);
    wr16(&w, PCI_COMMAND, PCI_COMMAND_MEMORY);
    assert_true(mem_at(&w, 0xc0000000, CARD_MEM, PT_PAGE_SIZE));
    assert_int_equal(w.sim.bus.num_traps, 0);
    assert_true(world_close(&w));
}

/* A region that makes no sense costs the region. */
static void test_impossible_regions_are_left_out(void **state)
{
    static const struct {
        unsigned n;
        struct pt_region r;
    } bad[] = {
        { 0, { CARD_MEM, 0x3000, 0 } },
        { 0, { CARD_MEM + 0x400, 0x400, 0 } },
        { 0, { CARD_MEM, UINT64_C(1) << 32, 0 } },
        { 0, { 0x3000, 0x20000, PT_REGION_IO } },
        { 0, { CARD_MEM, 0x1000, PT_REGION_64 | PT_REGION_IO } },
        { 5, { CARD_MEM, 0x1000, PT_REGION_64 } },
        { 1, { CARD_MEM, 0x3000, PT_REGION_64 } },  /* 2 is not its top */
    };
    struct capture c;
    struct world w;
    unsigned i;

    (void)state;
    for (i = 0; i < COUNT(bad); i++) {
        world_build(&c);
        world_build_bar(&c, 2, 0xd0000000, CARD_MEM_SIZE, 0);
        world_init(&w, &c, NULL, NULL);
        w.sim.dev.pt.info.region[bad[i].n] = bad[i].r;
        sim_dev_poke(&w.sim.dev, BAR(bad[i].n), 4, (uint32_t)bad[i].r.addr);
        assert_true(world_attach(&w));
        assert_int_equal(w.sim.bus.lines[PT_LOG_WARNING], 1);
        wr32(&w, BAR(bad[i].n), UINT32_MAX);
        assert_int_equal(rd32(&w, BAR(bad[i].n)), 0);
        wr32(&w, BAR(2), 0xc0000000);
        wr16(&w, PCI_COMMAND, DECODE);
        assert_true(mem_at(&w, 0xc0000000, 0xd0000000, CARD_MEM_SIZE));
        assert_int_equal(map_calls(&w), 1);
        assert_true(world_close(&w));
    }
}

/* A BAR that the host has not placed was offered, and could never work. */
static void test_unplaced_bar_was_offered(void **state)
{
    struct capture c;
    struct world w;

    (void)state;
    card(&c);
    world_init(&w, &c, NULL, NULL);
    w.sim.dev.pt.info.region[0].addr = 0;
    sim_dev_poke(&w.sim.dev, BAR(0), 4, 0);
    assert_true(world_attach(&w));
    assert_int_equal(world_bar_size(&w, 0), 0);
    wr32(&w, BAR(0), 0xc0000000);
    assert_int_equal(rd32(&w, BAR(0)), 0);
    place_and_decode(&w);
    /*
     * Nor decoded: it would be at 0, on top of whatever is there. What the
     * device does not decode must not be mapped, its other memory included.
     */
    assert_false(dev(&w, PCI_COMMAND, 2) & PCI_COMMAND_MEMORY);
    assert_int_equal(w.sim.xen.num_mem, 0);
    assert_true(dev(&w, PCI_COMMAND, 2) & PCI_COMMAND_IO);
    assert_int_equal(w.sim.xen.num_ports, 1);
    assert_true(world_close(&w));
}

/* The toolstack's reset took the BARs; the operating system knows them. */
static void lost(unsigned n, uint64_t addr, uint64_t size, unsigned flags)
{
    struct capture c;
    struct world w;

    world_build(&c);
    world_build_bar(&c, n, addr, size, flags);
    world_init(&w, &c, NULL, NULL);
    sim_dev_poke(&w.sim.dev, BAR(n), 4, 0);
    if (flags & PT_REGION_64) {
        sim_dev_poke(&w.sim.dev, BAR(n + 1), 4, 0);
    }
    assert_true(world_attach(&w));
    assert_int_equal(dev(&w, BAR(n), 4) & ~UINT32_C(0xf), (uint32_t)addr);
    assert_int_equal(w.sim.dev.count.writes, 2);
    if (flags & PT_REGION_64) {
        assert_int_equal(dev(&w, BAR(n + 1), 4), addr >> 32);
    }
    assert_true(world_close(&w));
}

static void test_bars_lost_in_a_reset_come_back_at_attach(void **state)
{
    (void)state;
    lost(0, CARD_MEM, CARD_MEM_SIZE, 0);
    lost(4, CARD_MEM64, CARD_MEM64_SIZE, PT_REGION_64);
    /* Its low half is 0 in any case. */
    lost(0, UINT64_C(0x800000000), UINT64_C(8) << 30, PT_REGION_64);
    lost(1, CARD_PORTS, CARD_NUM_PORTS, PT_REGION_IO);
}

/* What is in its place costs no cycle. */
static void test_intact_bars_are_left_alone_at_attach(void **state)
{
    struct capture c;
    struct world w;

    (void)state;
    world_build(&c);
    world_build_bar(&c, 0, UINT64_C(0x800000000), UINT64_C(8) << 30,
                    PT_REGION_64);
    world_build_bar(&c, 2, CARD_MEM, CARD_MEM_SIZE, 0);
    world_build_bar(&c, 3, CARD_PORTS, CARD_NUM_PORTS, PT_REGION_IO);
    world_build_bar(&c, PT_ROM, CARD_ROM, CARD_ROM_SIZE, 0);
    world_init(&w, &c, NULL, NULL);
    assert_true(world_attach(&w));
    assert_false(written(&w, BAR(0), 4 * PT_NUM_BARS));
    assert_false(written(&w, PCI_ROM_ADDRESS, 4));
    assert_true(world_close(&w));
}

/* Ports at the top of I/O space looked like a BAR that is being sized. */
static void test_ports_at_the_top_were_never_mapped(void **state)
{
    static const struct { uint32_t size, at; } t[] = {
        { 0x100, 0xff00 }, { 0x20, 0xffe0 }, { 0x20, 0xffc0 },
        { 0x1000, 0xf000 }, { 0x8000, 0x8000 },
    };
    struct capture c;
    struct world w;
    unsigned i;

    (void)state;
    for (i = 0; i < COUNT(t); i++) {
        uint32_t host = t[i].size == 0x8000 ? 0x8000 : 0x3000;

        world_build(&c);
        world_build_bar(&c, 0, host, t[i].size, PT_REGION_IO);
        begin(&w, &c, NULL);
        wr16(&w, PCI_COMMAND, PCI_COMMAND_IO);
        wr32(&w, BAR(0), UINT32_MAX);
        assert_int_equal(w.sim.xen.num_ports, 0);
        wr32(&w, BAR(0), t[i].at);
        assert_true(ports_at(&w, t[i].at, host, t[i].size));
        /* Sized again, by halves and as a whole, they stay. */
        wr16(&w, BAR(0), 0xffff);
        assert_true(ports_at(&w, t[i].at, host, t[i].size));
        wr32(&w, BAR(0), UINT32_MAX);
        assert_true(ports_at(&w, t[i].at, host, t[i].size));
        wr32(&w, BAR(0), t[i].at | 1);
        assert_true(ports_at(&w, t[i].at, host, t[i].size));
        assert_int_equal(map_calls(&w), 1);
        assert_true(world_close(&w));
    }
}

/* All ones stood for a size that was still to be read. */
static void test_reset_amid_sizing_left_the_bar_mapped(void **state)
{
    static const unsigned regions[] = { 0, 1, 2, PT_ROM };
    struct world w;
    unsigned i;

    (void)state;
    for (i = 0; i < COUNT(regions); i++) {
        with_card(&w);
        place_and_decode(&w);
        wr32(&w, regions[i] == PT_ROM ? PCI_ROM_ADDRESS :
             PCI_BASE_ADDRESS_0 + 4 * regions[i], UINT32_MAX);
        pt_reset(w.d);
        assert_int_equal(w.sim.xen.num_mem, 0);
        assert_int_equal(w.sim.xen.num_ports, 0);
        assert_int_equal(dev(&w, PCI_ROM_ADDRESS, 4) & 1, 0);
        assert_true(world_close(&w));
    }
}

/* fffffff0 in the low half, decoding: mapped at a place of nobody's. */
static void test_sizing_by_fffffff0_moved_a_wide_bar(void **state)
{
    const uint64_t at = UINT64_C(0x4000000000);
    static const uint32_t ones[] = { 0xfffffff0, 0xffffffff };
    struct capture c;
    struct world w;
    unsigned i;

    (void)state;
    for (i = 0; i < COUNT(ones); i++) {
        card(&c);
        begin(&w, &c, NULL);
        world_bar_place(&w, 2, at);
        wr16(&w, PCI_COMMAND, DECODE);
        assert_true(mem_at(&w, at, CARD_MEM64, CARD_MEM64_SIZE));
        sim_dev_forget(&w.sim.dev);
        wr32(&w, BAR(2), ones[i]);
        assert_true(mem_at(&w, at, CARD_MEM64, CARD_MEM64_SIZE));
        wr32(&w, BAR(2), (uint32_t)at);
        wr32(&w, BAR(3), 0xffffffff);
        assert_true(mem_at(&w, at, CARD_MEM64, CARD_MEM64_SIZE));
        wr32(&w, BAR(3), (uint32_t)(at >> 32));
        assert_true(mem_at(&w, at, CARD_MEM64, CARD_MEM64_SIZE));
        assert_int_equal(w.sim.xen.calls[SIM_UNMAP_MEMORY], 0);
        assert_true(world_close(&w));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ports_at_the_top_were_never_mapped),
        cmocka_unit_test(test_reset_amid_sizing_left_the_bar_mapped),
        cmocka_unit_test(test_sizing_by_fffffff0_moved_a_wide_bar),
        cmocka_unit_test(test_2_12_an_upper_half_moves_the_bar_at_once),
        cmocka_unit_test(test_2_12_a_bar_of_8_gib_is_sized_and_mapped),
        cmocka_unit_test(test_field_1_7_a_captured_8_gib_bar_above_4_gib),
        cmocka_unit_test(test_2_19_a_trapped_bar_may_move_without_end),
        cmocka_unit_test(
            test_2_20_overlap_is_logged_once_and_not_for_nowhere),
        cmocka_unit_test(test_peer_9_2_25_cis_pointer_is_not_the_rom),
        cmocka_unit_test(test_field_1_7_overlap_waits_for_the_other_device),
        cmocka_unit_test(test_device_moved_over_a_mapped_region_was_dead),
        cmocka_unit_test(test_field_1_7_overlap_waits_for_the_own_bar),
        cmocka_unit_test(test_field_1_7_unmapped_before_mapped_anew),
        cmocka_unit_test(test_field_1_15_no_decoding_means_all_ones),
        cmocka_unit_test(test_sub_page_bars_are_trapped_and_forwarded),
        cmocka_unit_test(test_accesses_have_their_own_width_only),
        cmocka_unit_test(test_sub_page_bar_alone_in_its_page_is_mapped),
        cmocka_unit_test(test_impossible_regions_are_left_out),
        cmocka_unit_test(test_unplaced_bar_was_offered),
        cmocka_unit_test(test_bars_lost_in_a_reset_come_back_at_attach),
        cmocka_unit_test(test_intact_bars_are_left_alone_at_attach),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
