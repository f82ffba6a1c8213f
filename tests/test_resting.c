/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is mapped rests where it is while the guest has decoding off. Two
 * assigned devices and an emulated one on one bus of the guest's, which get
 * into each other's way.
 */
#include <errno.h>

#include "pt-common.h"
#include "lib-lessons.h"

#define PLACE UINT64_C(0xd0000000)  /* of the guest's: the n-th BAR's size on */
#define SIZE CARD_MEM_SIZE
#define DECODE (PCI_COMMAND_IO | PCI_COMMAND_MEMORY)

/* An assigned device, and what its bus knows of it. */
struct side {
    struct sim_dev dev;
    struct pt_bus bus;
    struct pt_places places;
    struct pt_dev *d;
};

struct bus {
    struct sim_xen xen;
    struct sim_bus sim;
    struct side side[2];
    struct sim_taken emulated;
    bool room;      /* somebody has left a place */
};

static struct bus b;

/* ------------------------------------------------------------------ */
/* The bus, as hosts/bus has it                                        */

static struct side *other(const void *self)
{
    return self == &b.side[0] ? &b.side[1] : &b.side[0];
}

static bool taken(void *priv, const struct pt_dev *self, bool io,
                  uint64_t addr, uint64_t size)
{
    struct side *o = other(priv);

    (void)self;
    if (o->d) {
        pt_yield(o->d, io, addr, size);
    }
    return pt_places_have(&o->places, io, addr, size) ||
        (b.emulated.size && b.emulated.io == io &&
         pt_overlap(addr, size, b.emulated.addr, b.emulated.size));
}

static void moved(void *priv, const struct pt_dev *self, unsigned n,
                  uint64_t addr)
{
    struct side *s = priv;

    b.room |= pt_places_move(&s->places, self, n, addr);
}

/* The log's and the clock's are the simulated bus's, with the side as priv. */
static void bus_log(void *priv, enum pt_level level, const char *line)
{
    (void)priv;
    b.sim.pt.ops->log(b.sim.pt.priv, level, line);
}

static uint64_t now_us(void *priv)
{
    (void)priv;
    return b.sim.clock.now_us;
}

static void delay_us(void *priv, uint32_t us)
{
    (void)priv;
    b.sim.clock.now_us += us;
}

static int trap(void *priv, struct pt_trap *t)
{
    (void)priv;
    return b.sim.pt.ops->trap(b.sim.pt.priv, t);
}

static void untrap(void *priv, struct pt_trap *t)
{
    (void)priv;
    b.sim.pt.ops->untrap(b.sim.pt.priv, t);
}

static const struct pt_bus_ops ops = {
    .log = bus_log, .now_us = now_us, .delay_us = delay_us, .trap = trap,
    .untrap = untrap, .taken = taken, .moved = moved,
};

static void settle(void)
{
    unsigned i;

    for (i = 0; b.room && i < 2; i++) {
        if (b.side[i].d) {
            pt_bars_recheck(b.side[i].d);
        }
    }
    b.room = false;
}

/* BAR 0, ports and a 64-bit BAR; MSI-X in BAR 2; PM without No_Soft_Reset. */
static void begin_side(unsigned i, const struct pt_policy *policy)
{
    struct side *s = &b.side[i];
    uint64_t far = i * UINT64_C(0x10000000);
    struct pt_device_info info;
    struct pt_args args = { 0 };
    struct pt_error err;
    struct capture c;

    world_build(&c);
    c.addr.dev = (uint8_t)(1 + i);
    world_build_bar(&c, 0, CARD_MEM + far, SIZE, 0);
    world_build_bar(&c, 1, CARD_PORTS + 0x100 * i, CARD_NUM_PORTS,
                    PT_REGION_IO);
    world_build_bar(&c, 2, CARD_MEM64 + far, SIZE, PT_REGION_64);
    card_pm(&c, 0x40, 3, 0);
    card_msix(&c, 0x50, 4, 0x2002, 0x3002);
    capture_info(&c, &info);
    assert_int_equal(sim_dev_init(&s->dev, &c, &info, NULL, &b.sim.clock), 0);
    assert_int_equal(sim_xen_add(&b.xen, &s->dev), 0);
    pt_places_init(&s->places);
    s->bus = (struct pt_bus) { .ops = &ops, .priv = s };
    args.host = &s->dev.pt;
    args.xen = &b.xen.pt;
    args.bus = &s->bus;
    args.devfn = (uint8_t)((4 + i) << 3);
    if (policy) {
        args.policy = *policy;
    }
    s->d = pt_attach(&args, &err);
    assert_non_null(s->d);
}

static void open_bus(const struct pt_policy *policy)
{
    memset(&b, 0, sizeof(b));
    assert_int_equal(sim_xen_init(&b.xen, NULL), 0);
    sim_bus_init(&b.sim, &b.xen);
    begin_side(0, policy);
    begin_side(1, policy);
}

static void unplug(unsigned i)
{
    pt_detach(b.side[i].d);
    b.side[i].d = NULL;
    b.room |= pt_places_any(&b.side[i].places);
    pt_places_init(&b.side[i].places);
    settle();
}

static void sound(void)
{
    char text[2048] = "";

    sim_notes_print(&b.xen.notes, "xen: ", text, sizeof(text));
    sim_notes_print(&b.sim.notes, "bus: ", text, sizeof(text));
    sim_notes_print(&b.side[0].dev.notes, "0: ", text, sizeof(text));
    sim_notes_print(&b.side[1].dev.notes, "1: ", text, sizeof(text));
    if (text[0]) {
        fail_msg("%s", text);
    }
}

static void close_bus(void)
{
    unsigned i;

    for (i = 0; i < 2; i++) {
        if (b.side[i].d) {
            unplug(i);
        }
    }
    sound();
    assert_int_equal(sim_xen_leaks(&b.xen, NULL, 0), 0);
    assert_int_equal(b.sim.num_traps, 0);
    for (i = 0; i < 2; i++) {
        sim_xen_remove(&b.xen, &b.side[i].dev);
        sim_dev_fini(&b.side[i].dev);
    }
    sim_xen_fini(&b.xen);
}

/* ------------------------------------------------------------------ */
/* The guest                                                           */

static void wr(unsigned i, unsigned off, uint32_t val, unsigned len)
{
    pt_config_write(b.side[i].d, off, val, len);
    settle();
}

static void place(unsigned i, uint64_t addr)
{
    wr(i, PCI_BASE_ADDRESS_0, (uint32_t)addr, 4);
}

static void decode(unsigned i, bool on)
{
    wr(i, PCI_COMMAND, on ? DECODE : 0, 2);
}

static void emulated_moves(bool io, uint64_t addr, uint64_t size)
{
    b.emulated = (struct sim_taken) { io, addr, size };
    b.room = true;
    settle();
}

/* Whose BAR 0 has Xen at @addr? -1: nobody's. */
static int at(uint64_t addr)
{
    unsigned i;

    for (i = 0; i < 2; i++) {
        if (sim_xen_has_mem(&b.xen, addr >> PT_PAGE_SHIFT,
                            b.side[i].dev.pt.info.region[0].addr >>
                            PT_PAGE_SHIFT, SIZE >> PT_PAGE_SHIFT)) {
            return (int)i;
        }
    }
    assert_null(sim_xen_mem(&b.xen, addr >> PT_PAGE_SHIFT));
    return -1;
}

/* ------------------------------------------------------------------ */
/* Tests                                                               */

static void who_decodes_has_the_place_of_who_rests(void **state)
{
    (void)state;
    open_bus(NULL);
    place(0, PLACE);
    decode(0, true);
    assert_int_equal(at(PLACE), 0);
    decode(0, false);
    assert_int_equal(at(PLACE), 0);
    assert_true(b.side[0].places.at[0].addr == PT_UNMAPPED);
    place(1, PLACE);
    assert_int_equal(at(PLACE), 0);
    decode(1, true);
    assert_int_equal(at(PLACE), 1);
    /* Who came later has to wait. */
    decode(0, true);
    assert_int_equal(at(PLACE), 1);
    place(1, PLACE + SIZE);
    assert_int_equal(at(PLACE), 0);
    assert_int_equal(at(PLACE + SIZE), 1);
    close_bus();
}

static void two_change_places_at_rest(void **state)
{
    (void)state;
    open_bus(NULL);
    place(0, PLACE);
    place(1, PLACE + SIZE);
    decode(0, true);
    decode(1, true);
    decode(0, false);
    decode(1, false);
    place(0, PLACE + SIZE);
    place(1, PLACE);
    assert_int_equal(at(PLACE), -1);
    assert_int_equal(at(PLACE + SIZE), -1);
    decode(0, true);
    decode(1, true);
    assert_int_equal(at(PLACE), 1);
    assert_int_equal(at(PLACE + SIZE), 0);
    close_bus();
}

static void emulated_device_has_the_place_of_who_rests(void **state)
{
    (void)state;
    open_bus(NULL);
    place(0, PLACE);
    decode(0, true);
    decode(0, false);
    emulated_moves(true, PLACE, SIZE);
    assert_int_equal(at(PLACE), 0);
    emulated_moves(false, PLACE + SIZE - 0x1000, 0x1000);
    assert_int_equal(at(PLACE), -1);
    decode(0, true);
    assert_int_equal(at(PLACE), -1);
    emulated_moves(false, 0, 0);
    assert_int_equal(at(PLACE), 0);
    close_bus();
}

static void neighbour_that_is_unplugged_leaves_room(void **state)
{
    (void)state;
    open_bus(NULL);
    place(0, PLACE);
    decode(0, true);
    decode(0, false);
    place(1, PLACE);
    decode(1, true);
    decode(0, true);
    assert_int_equal(at(PLACE), 1);
    unplug(1);
    assert_int_equal(at(PLACE), 0);
    close_bus();
}

/* It rests, and Xen does not unmap it: nothing is mapped over it. */
static void mapping_that_stays_was_mapped_over(void **state)
{
    (void)state;
    open_bus(NULL);
    place(0, PLACE);
    decode(0, true);
    decode(0, false);
    place(1, PLACE);
    sim_fault_always(&b.xen.kind_fault[SIM_UNMAP_MEMORY], EIO);
    decode(1, true);
    assert_int_equal(at(PLACE), 0);
    sound();
    sim_fault_clear(&b.xen.kind_fault[SIM_UNMAP_MEMORY]);
    decode(1, false);
    decode(1, true);
    assert_int_equal(at(PLACE), 1);
    close_bus();
}

/* Xen refused one piece of three, and to take another back. */
static void half_a_region_rested(void **state)
{
    (void)state;
    open_bus(NULL);
    wr(0, PCI_BASE_ADDRESS_2, (uint32_t)PLACE, 4);
    sim_fault_at(&b.xen.kind_fault[SIM_MAP_MEMORY], 2, EIO);
    sim_fault_always(&b.xen.kind_fault[SIM_UNMAP_MEMORY], EIO);
    decode(0, true);
    assert_int_equal(b.xen.num_mem, 1);
    sim_fault_clear(&b.xen.kind_fault[SIM_UNMAP_MEMORY]);
    decode(0, false);
    assert_int_equal(b.xen.num_mem, 0);
    decode(0, true);
    assert_int_equal(b.xen.num_mem, 2);
    assert_int_equal(b.sim.num_traps, 1);
    close_bus();
}

static void nothing_rests_asleep(void **state)
{
    (void)state;
    open_bus(POLICY(power_mgmt));
    place(0, PLACE);
    decode(0, true);
    decode(0, false);
    assert_int_equal(at(PLACE), 0);
    wr(0, 0x40 + PCI_PM_CTRL, 3, 2);
    assert_int_equal(at(PLACE), -1);
    wr(0, 0x40 + PCI_PM_CTRL, 0, 2);
    pt_config_read(b.side[0].d, 0, 4);
    assert_int_equal(at(PLACE), -1);
    close_bus();
}

static void nothing_rests_over_a_reset(void **state)
{
    (void)state;
    open_bus(NULL);
    place(0, PLACE);
    decode(0, true);
    decode(0, false);
    pt_reset(b.side[0].d);
    settle();
    assert_int_equal(at(PLACE), -1);
    close_bus();
}

/* ------------------------------------------------------------------ */
/* Chance                                                              */

static uint64_t spot(struct world_rng *r)
{
    return PLACE + SIZE / 2 * (world_random(r) % 6);
}

static void random_bar(unsigned i, struct world_rng *r)
{
    static const uint32_t sizing[] = { 0xffffffff, 0xfffffff0, 0 };

    switch (world_random(r) % 8) {
    case 0:
        wr(i, PCI_BASE_ADDRESS_0, sizing[world_random(r) % 3], 4);
        break;
    case 1:
        wr(i, PCI_BASE_ADDRESS_1,
           (uint32_t)(0x2000 + 0x10 * (world_random(r) % 8)), 4);
        break;
    case 2:
        wr(i, PCI_BASE_ADDRESS_2, (uint32_t)spot(r), 4);
        break;
    case 3:
        wr(i, PCI_BASE_ADDRESS_3, world_random(r) % 4 ? 0 : 0xffffffff, 4);
        break;
    case 4:
        wr(i, PCI_BASE_ADDRESS_0 + 2, (uint32_t)spot(r) >> 16, 2);
        break;
    default:
        place(i, spot(r));
        break;
    }
}

static void random_step(struct world_rng *r)
{
    unsigned i = world_random(r) % 2;

    switch (world_random(r) % 16) {
    case 0:
        emulated_moves(false, spot(r), world_random(r) % 2 ? SIZE / 2 : 0);
        break;
    case 1:
        emulated_moves(true, 0x2000 + 0x10 * (world_random(r) % 8), 0x10);
        break;
    case 2:
        wr(i, 0x40 + PCI_PM_CTRL, world_random(r) % 2 ? 3 : 0, 2);
        break;
    case 3:
        if (world_random(r) % 8 == 0) {
            pt_reset(b.side[i].d);
            settle();
        }
        break;
    case 4:
        wr(i, 0x52, world_random(r) % 2 ? PCI_MSIX_ENABLE : 0, 2);
        break;
    case 5:
    case 6:
    case 7:
    case 8:
        wr(i, PCI_COMMAND, world_random(r) & DECODE, 2);
        break;
    default:
        random_bar(i, r);
        break;
    }
}

static bool in_the_way(const struct side *s, unsigned n, uint64_t addr)
{
    const struct pt_bar *bar = s->d->bar;
    bool io = n == 1;
    unsigned k;

    for (k = 0; k < 3; k++) {
        if (k != n && (k == 1) == io && s->places.at[k].addr != PT_UNMAPPED &&
            pt_overlap(addr, bar[n].size, bar[k].mapped, bar[k].size)) {
            return true;
        }
    }
    return pt_places_have(&other(s)->places, io, addr, bar[n].size) ||
        (b.emulated.size && b.emulated.io == io &&
         pt_overlap(addr, bar[n].size, b.emulated.addr, b.emulated.size));
}

/*
 * What the guest decodes is mapped and shown, or something is in its way; what
 * rests is in nobody's. @failed: Xen refused something on the way.
 */
static void check_side(unsigned i, bool failed)
{
    const struct side *s = &b.side[i];
    uint32_t command = pt_config_read(s->d, PCI_COMMAND, 2);
    unsigned n, k;

    for (n = 0; n < 3; n++) {
        const struct pt_bar *bar = &s->d->bar[n];
        bool on = command & (n == 1 ? PCI_COMMAND_IO : PCI_COMMAND_MEMORY);
        bool some = false;

        for (k = 0; k < bar->pieces; k++) {
            some |= bar->piece[k].on;
        }
        if (failed) {
            continue;
        }
        assert_true(s->places.at[n].addr ==
                    (on && some ? bar->mapped : PT_UNMAPPED));
        if (some) {
            assert_false(in_the_way(s, n, bar->mapped));
        } else if (on && bar->wish != PT_UNMAPPED) {
            assert_true(in_the_way(s, n, bar->wish));
        }
    }
}

static void chance(const struct pt_policy *policy, bool faults, unsigned seed)
{
    struct world_rng r = { seed };
    unsigned n;

    open_bus(policy);
    for (n = 0; n < 400; n++) {
        if (faults && world_random(&r) % 8 == 0) {
            sim_fault_at(&b.xen.kind_fault[world_random(&r) % 4],
                         1 + world_random(&r) % 3, EIO);
        }
        random_step(&r);
        sound();
        b.sim.clock.now_us += 20000;
        check_side(0, faults);
        check_side(1, faults);
    }
    for (n = 0; n < 4; n++) {
        sim_fault_clear(&b.xen.kind_fault[n]);
    }
    /* When all is over each comes to a place of its own. */
    emulated_moves(false, 0, 0);
    for (n = 0; n < 2; n++) {
        wr(n, 0x40 + PCI_PM_CTRL, 0, 2);
        wr(n, PCI_COMMAND, 0, 2);
        wr(n, PCI_BASE_ADDRESS_2, (uint32_t)(PLACE + (8 + 2 * n) * SIZE), 4);
        wr(n, PCI_BASE_ADDRESS_3, 0, 4);
        wr(n, PCI_BASE_ADDRESS_1, 0x4000 + 0x100 * n, 4);
        place(n, PLACE + (7 + 2 * n) * SIZE);
        decode(n, true);
        assert_int_equal(at(PLACE + (7 + 2 * n) * SIZE), n);
    }
    assert_int_equal(at(PLACE), -1);
    close_bus();
}

static void any_order_of_things(void **state)
{
    static const struct pt_policy p[] = {
        { 0 }, { .power_mgmt = true }, { .strict = true },
    };
    unsigned seed, i;

    (void)state;
    for (i = 0; i < COUNT(p); i++) {
        for (seed = 1; seed <= world_rounds(200); seed++) {
            chance(&p[i], false, seed);
            chance(&p[i], true, seed);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_decodes_has_the_place_of_who_rests),
        cmocka_unit_test(two_change_places_at_rest),
        cmocka_unit_test(emulated_device_has_the_place_of_who_rests),
        cmocka_unit_test(neighbour_that_is_unplugged_leaves_room),
        cmocka_unit_test(mapping_that_stays_was_mapped_over),
        cmocka_unit_test(half_a_region_rested),
        cmocka_unit_test(nothing_rests_asleep),
        cmocka_unit_test(nothing_rests_over_a_reset),
        cmocka_unit_test(any_order_of_things),
    };

    return cmocka_run_group_tests_name("resting", tests, NULL, NULL);
}
