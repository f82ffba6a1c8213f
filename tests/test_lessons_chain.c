/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lessons: the capability chain, what is hidden of it and how long that is;
 * vendor-specific structures and Vital Product Data.
 */
#include "lib-chain.h"

/* ------------------------------------------------------------------ */
/* Chains that lie                                                     */

/* A walk without bound hung the device model at attach. */
static void test_2_18_peer_2_loops_end(void **state)
{
    static const struct {
        uint8_t from, to;
        const char *chain;
    } loop[] = {
        { CAP, CAP, "60:09 " },
        { CAP + 8, CAP, "60:09 68:09 " },
        { CAP + 16, CAP + 8, "60:09 68:09 70:09 " },
    };
    const uint8_t vendor[2] = { 4, 0x77 };
    struct capture c;
    struct world w;
    unsigned i;

    (void)state;
    for (i = 0; i < COUNT(loop); i++) {
        card(&c);
        world_build_cap(&c, CAP, PCI_CAP_ID_VNDR, vendor, 2);
        world_build_cap(&c, CAP + 8, PCI_CAP_ID_VNDR, vendor, 2);
        world_build_cap(&c, CAP + 16, PCI_CAP_ID_VNDR, vendor, 2);
        c.cfg[loop[i].from + 1] = loop[i].to;
        begin(&w, &c, NULL);
        chain_is(&w, loop[i].chain);
        assert_true(sim_bus_logged(&w.sim.bus, "loop"));
        assert_true(world_close(&w));
    }
}

/* The longest chain there is room for: each dword a capability. */
static void test_2_18_the_longest_chain(void **state)
{
    const uint8_t vendor[2] = { 4, 0 };
    struct capture c;
    struct world w;
    unsigned pos;
    uint8_t at;

    (void)state;
    world_build(&c);
    c.cfg[PCI_STATUS] |= PCI_STATUS_CAP_LIST;
    c.cfg[PCI_CAPABILITY_LIST] = 0x40;
    for (pos = 0x40; pos < 0x100; pos += 4) {
        c.cfg[pos] = PCI_CAP_ID_VNDR;
        c.cfg[pos + 1] = (uint8_t)(pos + 4);  /* the last one: 0 */
        memcpy(c.cfg + pos + 2, vendor, 2);
    }
    begin(&w, &c, NULL);
    at = rd8(&w, PCI_CAPABILITY_LIST);
    for (pos = 0x40; pos < 0x100; pos += 4) {
        assert_int_equal(at, pos);
        assert_int_equal(rd8(&w, at), PCI_CAP_ID_VNDR);
        at = rd8(&w, at + 1u);
    }
    assert_int_equal(at, 0);
    wr8(&w, 0xff, 0x5a);
    assert_int_equal(dev(&w, 0xff, 1), 0x5a);
    assert_true(world_close(&w));
}

/* The two low bits of a pointer are reserved, and were not masked. */
static void test_2_18_peer_2_low_bits_of_pointers_are_masked(void **state)
{
    const uint8_t vendor[2] = { 4, 0x77 };
    struct capture c;
    struct world w;

    (void)state;
    card(&c);
    world_build_cap(&c, CAP, PCI_CAP_ID_VNDR, vendor, 2);
    world_build_cap(&c, CAP + 8, PCI_CAP_ID_VNDR, vendor, 2);
    c.cfg[PCI_CAPABILITY_LIST] |= 3;
    c.cfg[CAP + 1] |= 2;
    c.cfg[CAP + 9] = 1;
    begin(&w, &c, NULL);
    chain_is(&w, "60:09 68:09 ");
    assert_int_equal(w.sim.bus.lines[PT_LOG_WARNING], 0);
    assert_true(world_close(&w));
}

/* Pointers into the header, to nothing, to ones; a chain without its flag. */
static void test_field_1_14_pointers_to_nowhere(void **state)
{
    static const uint8_t to[] = { 0x04, 0x3c, 0x3f, 0x10 };
    const uint8_t vendor[2] = { 4, 0x77 };
    struct capture c;
    struct world w;
    unsigned i;

    (void)state;
    for (i = 0; i < COUNT(to); i++) {
        card(&c);
        c.cfg[PCI_STATUS] |= PCI_STATUS_CAP_LIST;
        c.cfg[PCI_CAPABILITY_LIST] = to[i];
        begin(&w, &c, NULL);
        chain_is(&w, "");
        assert_true(world_close(&w));

        card(&c);
        world_build_cap(&c, CAP, PCI_CAP_ID_VNDR, vendor, 2);
        c.cfg[CAP + 1] = to[i];
        begin(&w, &c, NULL);
        chain_is(&w, "60:09 ");
        assert_true(world_close(&w));
    }
    card(&c);
    world_build_cap(&c, CAP, PCI_CAP_ID_VNDR, vendor, 2);
    memset(c.cfg + CAP + 8, 0xff, 0x100 - CAP - 8);
    c.cfg[CAP + 1] = 0xff;
    begin(&w, &c, NULL);
    chain_is(&w, "60:09 ");
    assert_true(sim_bus_logged(&w.sim.bus, "all ones"));
    assert_true(world_close(&w));

    c.cfg[PCI_STATUS] &= (uint8_t)~PCI_STATUS_CAP_LIST;
    begin(&w, &c, NULL);
    chain_is(&w, "");
    wr8(&w, CAP + 3, 0x5a);
    assert_int_equal(dev(&w, CAP + 3, 1), 0x5a);
    assert_true(world_close(&w));
}

/*
 * The rest of a chain was only known by ID: a second capability of an ID kept
 * the device's own pointer, and what was hidden came back.
 */
static void test_peer_1_every_instance_gets_its_own_pointer(void **state)
{
    const uint8_t vendor[6] = { 8, 1, 2, 3, 4, 5 };
    const uint8_t af[4] = { 6, 3, 0, 0 };
    struct capture c;
    struct world w;
    unsigned i;

    (void)state;
    card(&c);
    for (i = 0; i < 4; i++) {
        world_build_cap(&c, (uint8_t)(0x40 + 0x20 * i), PCI_CAP_ID_VNDR,
                        vendor, sizeof(vendor));
        world_build_cap(&c, (uint8_t)(0x50 + 0x20 * i), i & 1 ? PCI_CAP_ID_AF
                        : PCI_CAP_ID_HT, af, sizeof(af));
    }
    begin(&w, &c, NULL);
    chain_is(&w, "40:09 60:09 80:09 a0:09 ");
    assert_true(world_close(&w));
}

/* A constructed one and real ones: virtio has four vendor capabilities. */
static void test_peer_1_four_vendor_capabilities_of_virtio(void **state)
{
    struct capture c;
    struct world w;
    unsigned n = 0, i;
    uint8_t pos = 0, at[8];

    (void)state;
    world_capture(&c, "qemu-virtio-net.txt", 0);
    begin(&w, &c, NULL);
    while ((pos = world_cap(&w, PCI_CAP_ID_VNDR, pos)) != 0 && n < 8) {
        at[n++] = pos;
    }
    assert_true(n >= 4);
    /* Each body is the driver's, to its end. */
    for (i = 0; i < n; i++) {
        unsigned end = at[i] + rd8(&w, at[i] + 2u);

        wr8(&w, end - 1, 0x5a);
        assert_int_equal(dev(&w, end - 1, 1), 0x5a);
        wr8(&w, at[i], 0);
        wr8(&w, at[i] + 1u, 0);
        wr8(&w, at[i] + 2u, 0);
        assert_int_equal(dev(&w, at[i], 1), PCI_CAP_ID_VNDR);
        assert_int_equal(at[i] + rd8(&w, at[i] + 2u), end);
    }
    assert_true(world_close(&w));
}

/*
 * "Leave this one out" was a value of a register, which a later assignment
 * overwrote. Here it is the capability's fate: it holds for each byte.
 */
static void test_peer_3_what_is_left_out_stays_out(void **state)
{
    struct capture c;
    struct world w;

    (void)state;
    card(&c);
    card_express(&c, CAP, 3, PCI_EXP_TYPE_ENDPOINT, SPEC_EXP_V2);
    begin(&w, &c, NULL);
    chain_is(&w, "");
    assert_int_equal(closed(&w, CAP), PT_CFG_SIZE - CAP);
    pt_reset(w.d);
    chain_is(&w, "");
    assert_int_equal(closed(&w, CAP), PT_CFG_SIZE - CAP);
    assert_true(world_close(&w));
}

/* A vendor structure's length was believed: 0, or over the next ones. */
static void test_peer_4_vendor_lengths_that_cannot_be(void **state)
{
    static const struct {
        uint8_t len;
        bool good;
    } l[] = {
        { 0, false }, { 1, false }, { 2, false }, { 3, true }, { 4, true },
        { 16, true },
        /* and longer than its room */
        { 17, false }, { 0x98, false }, { 0xff, false },
    };
    struct capture c;
    struct world w;
    unsigned i;

    (void)state;
    for (i = 0; i < COUNT(l); i++) {
        card(&c);
        world_build_cap(&c, CAP, PCI_CAP_ID_VNDR, &l[i].len, 1);
        card_msi(&c, CAP + 16);
        begin(&w, &c, NULL);
        chain_is(&w, l[i].good ? "60:09 70:05 " : "70:05 ");
        assert_int_equal(w.sim.bus.lines[PT_LOG_WARNING], !l[i].good);
        /* The neighbour is as it should be. */
        wr32(&w, CAP + 16 + PCI_MSI_ADDRESS_LO, 0xfee01000);
        assert_int_equal(rd32(&w, CAP + 16 + PCI_MSI_ADDRESS_LO), 0xfee01000);
        assert_int_equal(dev(&w, CAP + 16 + PCI_MSI_ADDRESS_LO, 4), 0);
        if (!l[i].good && l[i].len > 2) {
            assert_int_equal(closed(&w, CAP), 16 + 10);
        }
        assert_true(world_close(&w));
        /* Alone: to the end of the space. */
        card(&c);
        world_build_cap(&c, 0xf0, PCI_CAP_ID_VNDR, &l[i].len, 1);
        begin(&w, &c, NULL);
        chain_is(&w, l[i].good ? "f0:09 " : "");
        assert_true(world_close(&w));
    }
}

/*
 * A length of 0 concealed all up to the next structure: Intel's xHCI
 * controllers have one at b0, and registers of their own behind it.
 */
static void test_vendor_length_0_conceals_nothing_behind_it(void **state)
{
    const struct world_policy *p;
    struct capture c;
    struct world w;
    uint8_t len;

    (void)state;
    for (len = 0; len < 3; len++) {
        for (p = world_policies; p->name; p++) {
            bool strict = p->policy.strict, open = p->policy.permissive;

            card(&c);
            world_build_cap(&c, 0xb0, PCI_CAP_ID_VNDR, &len, 1);
            begin(&w, &c, &p->policy);
            chain_is(&w, "");
            wr32(&w, 0xb4, 0x11223344);
            wr8(&w, 0xb3, 0x55);
            wr8(&w, 0xff, 0x66);
            assert_int_equal(dev(&w, 0xb4, 4), strict ? 0 : 0x11223344);
            assert_int_equal(dev(&w, 0xb3, 1), strict ? 0 : 0x55);
            assert_int_equal(dev(&w, 0xff, 1), strict ? 0 : 0x66);
            wr8(&w, 0xb0, 0);
            wr8(&w, 0xb1, 0x40);
            wr8(&w, 0xb2, 0x50);
            assert_int_equal(written(&w, 0xb0, 3), open);
            assert_true(world_close(&w));
        }
    }
}

/*
 * MSI-X tables named BARs that are not there, and arrays were indexed by
 * them: such cards are sold.
 */
static void test_peer_5_msix_in_a_bar_that_is_not_there(void **state)
{
    static const struct {
        uint32_t table, pba;
        uint16_t entries;
        bool good;
    } x[] = {
        { 0x0000 | 0, 0x1000 | 0, 16, true },
        { 0x0000 | 6, 0x1000 | 0, 16, false },
        { 0x0000 | 7, 0x1000 | 0, 16, false },
        { 0x0000 | 0, 0x1000 | 6, 16, false },
        { 0x0000 | 0, 0x1000 | 7, 16, false },
        { 0x0000 | 5, 0x1000 | 0, 16, false },   /* empty */
        { 0x0000 | 0, 0x1000 | 5, 16, false },
        { 0x0000 | 1, 0x1000 | 0, 1, false },    /* ports */
        { 0x0000 | 3, 0x1000 | 0, 1, false },    /* a top half */
        { 0x7f00 | 0, 0x1000 | 0, 16, true },    /* just fits */
        { 0x7f08 | 0, 0x1000 | 0, 16, false },
        { 0x8000 | 0, 0x1000 | 0, 1, false },
        { 0xfffffff8, 0x1000 | 0, 2048, false },
        { 0x0000 | 0, 0x7ff8 | 0, 16, true },
        { 0x0000 | 0, 0x8000 | 0, 16, false },
        { 0x0000 | 0, 0x7ff8 | 0, 65, false },
        { 0x0000 | 0, 0x7fe0 | 0, 2048, false },
        { 0x0008 | 2, 0x8000 | 2, 2047, true },
    };
    struct capture c;
    struct world w;
    unsigned i;

    (void)state;
    for (i = 0; i < COUNT(x); i++) {
        card(&c);
        card_msix(&c, CAP, x[i].entries, x[i].table, x[i].pba);
        begin(&w, &c, NULL);
        chain_is(&w, x[i].good ? "60:11 " : "");
        assert_int_equal(w.sim.bus.lines[PT_LOG_WARNING], !x[i].good);
        if (x[i].good) {
            place_and_decode(&w);
            assert_in_range(w.sim.bus.num_traps, 1, 2);
        }
        wr16(&w, CAP + PCI_MSI_FLAGS, PCI_MSIX_ENABLE);
        assert_int_equal(sim_dev_msix_enabled(&w.sim.dev), x[i].good);
        assert_true(world_close(&w));
    }
    /* Nor in one that the guest does not get. */
    card(&c);
    card_msix(&c, CAP, 16, 0x0000 | 0, 0x1000 | 0);
    world_init(&w, &c, NULL, NULL);
    w.sim.dev.pt.info.region[0].size = 0x3000;
    assert_true(world_attach(&w));
    chain_is(&w, "");
    assert_true(world_close(&w));
}

/* A table that is its own pending bits, in turns and by a byte. */
static void test_msix_table_over_its_pending_bits(void **state)
{
    static const struct {
        uint32_t table, pba;
        uint16_t entries;
        bool good;
    } x[] = {
        { 0x0000 | 0, 0x0000 | 0, 1, false },
        { 0x0000 | 0, 0x0008 | 0, 1, false },
        { 0x0000 | 0, 0x0010 | 0, 1, true },
        { 0x0000 | 0, 0x0010 | 0, 2, false },
        { 0x0010 | 0, 0x0008 | 0, 64, true },
        { 0x0010 | 0, 0x0008 | 0, 65, false },
        { 0x0000 | 0, 0x0000 | 2, 1, true },
    };
    struct capture c;
    struct world w;
    unsigned i;

    (void)state;
    for (i = 0; i < COUNT(x); i++) {
        card(&c);
        card_msix(&c, CAP, x[i].entries, x[i].table, x[i].pba);
        begin(&w, &c, NULL);
        chain_is(&w, x[i].good ? "60:11 " : "");
        assert_int_equal(sim_bus_logged(&w.sim.bus, "overlap"), !x[i].good);
        assert_int_equal(sim_bus_logged(&w.sim.bus, "stay read-only"),
                         !x[i].good);
        assert_true(world_close(&w));
    }
}

/*
 * Atheros' AR928x: table and pending bits are its driver's registers. They were
 * taken for a table without a word, and what the driver wrote there was lost.
 */
static void test_msix_over_a_drivers_registers_is_hidden(void **state)
{
    struct world_cost then;
    struct world w;
    uint64_t gpa;

    (void)state;
    world_open(&w, "hw-ar928x.txt", 0, NULL);
    w.sim.dev.msix.pos = 0;  /* none, in truth */
    assert_true(world_attach(&w));
    assert_int_equal(world_cap(&w, PCI_CAP_ID_MSIX, 0), 0);
    assert_true(sim_bus_logged(&w.sim.bus, "pages at 0 of BAR 0 stay "
                               "read-only"));
    place_and_decode(&w);
    gpa = world_bar_addr(&w, 0);
    /* The page that Xen protects is read through us, all of it ... */
    sim_dev_mem_write(&w.sim.dev, 0xf4600008, 4, 0x11223344);
    assert_int_equal(sim_guest_mmio_read(&w.sim.bus, gpa + 8, 4), 0x11223344);
    /* ... a write says why nothing comes of it, and the rest is mapped. */
    then = world_cost(&w);
    sim_guest_mmio_write(&w.sim.bus, gpa + 8, 4, 0x55);
    sim_guest_mmio_write(&w.sim.bus, gpa + 0x40, 4, 0x55);
    assert_int_equal(world_cost_since(&w, &then).lines, 1);
    assert_int_equal(world_cost_since(&w, &then).mmio, 0);
    assert_true(mem_at(&w, gpa + 0x1000, 0xf4601000, 0xf000));
    assert_true(world_close(&w));
}

/*
 * The trapped window was as long as the table, from the table's start: pages
 * at its end were mapped, or nobody's.
 */
static void test_peer_6_the_window_is_whole_pages_around_the_table(
    void **state)
{
    struct capture c;
    struct world w;
    const struct pt_trap *t;
    uint64_t gpa = WORLD_MEM;

    (void)state;
    card(&c);
    /* 256 bytes, and yet in two pages. */
    card_msix(&c, CAP, 16, 0x1f80 | 0, 0x2ff0 | 0);
    begin(&w, &c, NULL);
    wr32(&w, PCI_BASE_ADDRESS_0, (uint32_t)gpa);
    wr16(&w, PCI_COMMAND, PCI_COMMAND_MEMORY);
    t = sim_bus_trap(&w.sim.bus, gpa + 0x1f80);
    assert_non_null(t);
    assert_int_equal(t->gpa, gpa + 0x1000);
    assert_int_equal(t->offset, 0x1000);
    assert_int_equal(t->size, 0x2000);
    assert_true(mem_at(&w, gpa, CARD_MEM, 0x1000));
    assert_true(mem_at(&w, gpa + 0x3000, CARD_MEM + 0x3000,
                       CARD_MEM_SIZE - 0x3000));
    assert_false(any_mem(&w, gpa + 0x1000));
    assert_false(any_mem(&w, gpa + 0x2000));
    /* Before the table, behind it, and up to the window's last byte. */
    sim_dev_mem_write(&w.sim.dev, CARD_MEM + 0x1000, 4, 0x11111111);
    sim_dev_mem_write(&w.sim.dev, CARD_MEM + 0x1f7c, 4, 0x22222222);
    sim_dev_mem_write(&w.sim.dev, CARD_MEM + 0x2fa0, 4, 0x33333333);
    sim_dev_mem_write(&w.sim.dev, CARD_MEM + 0x2fe8, 4, 0x44444444);
    assert_int_equal(sim_guest_mmio_read(&w.sim.bus, gpa + 0x1000, 4),
                     0x11111111);
    assert_int_equal(sim_guest_mmio_read(&w.sim.bus, gpa + 0x1f7c, 4),
                     0x22222222);
    assert_int_equal(sim_guest_mmio_read(&w.sim.bus, gpa + 0x2fa0, 4),
                     0x33333333);
    assert_int_equal(sim_guest_mmio_read(&w.sim.bus, gpa + 0x2fe8, 4),
                     0x44444444);
    assert_int_equal(sim_guest_mmio_read(&w.sim.bus, gpa + 0x2ff0, 4), 0);
    assert_int_equal(sim_guest_mmio_read(&w.sim.bus, gpa + 0x1f80, 4), 0);
    assert_int_equal(w.sim.dev.count.msix_written_by_dm, 0);
    /* The window ends where it ends. */
    sim_dev_forget(&w.sim.dev);
    assert_int_equal(pt_trap_read(w.sim.bus.trap[0], 0x2000, 4), UINT32_MAX);
    pt_trap_write(w.sim.bus.trap[0], 0x2000, 0, 4);
    assert_int_equal(w.sim.dev.count.mmio_reads[2] +
                     w.sim.dev.count.mmio_writes[2], 0);
    assert_true(world_close(&w));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_2_18_peer_2_loops_end),
        cmocka_unit_test(test_2_18_the_longest_chain),
        cmocka_unit_test(test_2_18_peer_2_low_bits_of_pointers_are_masked),
        cmocka_unit_test(test_field_1_14_pointers_to_nowhere),
        cmocka_unit_test(test_peer_1_every_instance_gets_its_own_pointer),
        cmocka_unit_test(test_peer_1_four_vendor_capabilities_of_virtio),
        cmocka_unit_test(test_peer_3_what_is_left_out_stays_out),
        cmocka_unit_test(test_peer_4_vendor_lengths_that_cannot_be),
        cmocka_unit_test(test_vendor_length_0_conceals_nothing_behind_it),
        cmocka_unit_test(test_peer_5_msix_in_a_bar_that_is_not_there),
        cmocka_unit_test(test_msix_table_over_its_pending_bits),
        cmocka_unit_test(test_msix_over_a_drivers_registers_is_hidden),
        cmocka_unit_test(
            test_peer_6_the_window_is_whole_pages_around_the_table),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
