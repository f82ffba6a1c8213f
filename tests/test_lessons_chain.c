/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lessons: the capability chain, what is hidden of it and how long that is;
 * vendor-specific structures and Vital Product Data.
 */
#include <errno.h>

#include "lib-lessons.h"

#define CAP 0x60

/* The guest's chain as text: "40:01 60:09 ". */
static const char *chain(struct world *w, char *buf, size_t size)
{
    uint8_t pos = rd8(w, PCI_CAPABILITY_LIST);
    unsigned steps = 60;

    buf[0] = '\0';
    while (pos && steps--) {
        sim_append(buf, size, "%02x:%02x ", pos, rd8(w, pos));
        assert_int_equal(pos & 3, 0);
        pos = rd8(w, pos + 1u);
    }
    return buf;
}

static void chain_is(struct world *w, const char *text)
{
    char buf[512];

    assert_string_equal(chain(w, buf, sizeof(buf)), text);
    assert_int_equal(rd16(w, PCI_STATUS) & PCI_STATUS_CAP_LIST,
                     text[0] ? PCI_STATUS_CAP_LIST : 0);
}

/* How many bytes from @pos on the guest can't write, by default. */
static unsigned closed(struct world *w, unsigned pos)
{
    unsigned n = 0;

    while (pos + n < PT_CFG_SIZE) {
        struct pt_byte b;

        pt_look(w->d, (uint16_t)(pos + n), &b);
        if (b.kind == PT_DEVICE) {
            break;
        }
        assert_int_equal(b.fwd, 0);
        n++;
    }
    return n;
}

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

/* ------------------------------------------------------------------ */
/* What is hidden, and how long it is                                  */

/* @len bytes of @body at @pos; expect @size closed bytes and no chain. */
static void hidden(uint8_t pos, uint8_t id, const void *body, unsigned len,
                   unsigned size, bool zero)
{
    struct capture c;
    struct world w;
    unsigned i;

    card(&c);
    memset(c.cfg + 0x40, 0xa5, 0xc0);
    world_build_cap(&c, pos, id, body, len);
    begin(&w, &c, NULL);
    chain_is(&w, "");
    if (closed(&w, pos) != size) {
        fail_msg("ID %02x: %#x bytes closed, not %#x", id, closed(&w, pos),
                 size);
    }
    for (i = pos; i < pos + size; i++) {
        assert_int_equal(rd8(&w, i), zero ? 0 : c.cfg[i]);
        wr8(&w, i, 0x3c);
    }
    assert_int_equal(w.sim.dev.num_writes, 0);
    if (pos + size < 0x100) {
        wr8(&w, pos + size, 0x3c);
        assert_int_equal(dev(&w, pos + size, 1), 0x3c);
    }
    assert_true(world_close(&w));
}

static void test_hidden_capabilities_have_their_lengths(void **state)
{
    static const struct {
        uint8_t id, body[3];
        uint16_t size;
        bool zero;
    } h[] = {
        { PCI_CAP_ID_AGP, { 0x30, 0 }, 0x30, true },
        { PCI_CAP_ID_SLOTID, { 0, 0 }, 4, true },
        { PCI_CAP_ID_CHSWP, { 0, 0 }, 4, false },
        { PCI_CAP_ID_PCIX, { 0x22, 0x30 }, 24, false },
        { PCI_CAP_ID_DBG, { 0, 0 }, 4, false },
        { PCI_CAP_ID_CCRC, { 0, 0 }, 4, false },
        { PCI_CAP_ID_HOTPLUG, { 0, 0 }, 8, true },
        { PCI_CAP_ID_SSVID, { 0, 0 }, 8, true },
        { PCI_CAP_ID_AGP3, { 0x30, 0 }, 0x30, true },
        /* The window is in BAR 4, or in configuration space: at +8. */
        { PCI_CAP_ID_SATA, { 0x10, 0, 0x48 }, 8, false },
        { PCI_CAP_ID_SATA, { 0x10, 0, 0x0f }, 16, false },
        { PCI_CAP_ID_SATA, { 0x10, 0, 0xff }, 16, false },
        { PCI_CAP_ID_AF, { 6, 3 }, 6, false },
        { PCI_CAP_ID_NULL, { 0, 0 }, 2, false },
        { PCI_CAP_ID_FPB, { 0, 0 }, 16, false },
        /* HyperTransport: primary, secondary, then by 5 bits of type */
        { PCI_CAP_ID_HT, { 0x00, 0x00 }, 28, false },
        { PCI_CAP_ID_HT, { 0x01, 0x1c }, 28, false },
        { PCI_CAP_ID_HT, { 0x00, 0x20 }, 24, false },
        { PCI_CAP_ID_HT, { 0x00, 0x80 }, 8, false },
        { PCI_CAP_ID_HT, { 0x60, 0x88 }, 4, false },
        { PCI_CAP_ID_HT, { 0x02, 0xa8 }, 4, false },
        { PCI_CAP_ID_HT, { 0x00, 0xa8 }, 12, false },
        { PCI_CAP_ID_HT, { 0x00, 0xb0 }, 0x100 - CAP, false },
        /* No length is known: all there is. */
        { PCI_CAP_ID_SECURE, { 0, 0 }, 0x100 - CAP, false },
        { 0x16, { 0, 0 }, 0x100 - CAP, false },
        { 0x7e, { 4, 0 }, 0x100 - CAP, false },
        { 0xff, { 4, 0 }, 0x100 - CAP, false },
    };
    unsigned i;

    (void)state;
    for (i = 0; i < COUNT(h); i++) {
        hidden(CAP, h[i].id, h[i].body, 3, h[i].size, h[i].zero);
    }
}

/*
 * PCI-X read as zero: tg3 and bnx2 need it, and end their probe with an error.
 */
static void test_pcix_was_hidden_from_drivers_that_need_it(void **state)
{
    struct capture c;
    struct world w;

    (void)state;
    world_open(&w, "hw-bcm5701.txt", 0, NULL);
    assert_true(world_attach(&w));
    assert_int_equal(world_cap(&w, PCI_CAP_ID_PCIX, 0), 0x40);
    assert_true(world_close(&w));

    card(&c);
    card_pm(&c, 0x40, 0x0003, 0);
    world_build_cap(&c, CAP, PCI_CAP_ID_PCIX, "\x0e\x10\x10\x01\xcf\x2b", 6);
    begin(&w, &c, POLICY(power_mgmt));
    assert_int_equal(rd16(&w, CAP + PCI_PCIX_COMMAND), 0x100e);
    /* The errors that were there are the host's. */
    assert_int_equal(rd32(&w, CAP + PCI_PCIX_STATUS), 0x0bc30110);
    wr16(&w, CAP + PCI_PCIX_COMMAND, 0xffff);
    wr32(&w, CAP + PCI_PCIX_STATUS, UINT32_MAX);
    assert_int_equal(rd16(&w, CAP + PCI_PCIX_COMMAND), 0x107f);
    assert_int_equal(rd32(&w, CAP + PCI_PCIX_STATUS), 0x0bc30110);
    /* ECC registers follow. */
    wr32(&w, CAP + 20, UINT32_MAX);
    assert_int_equal(w.sim.dev.num_writes, 0);
    wr8(&w, CAP + 24, 0x5a);
    assert_int_equal(dev(&w, CAP + 24, 1), 0x5a);
    /* And the host's own setting comes back. */
    world_power(&w, 3);
    rd16(&w, CAP);
    world_power(&w, 0);
    rd16(&w, CAP);
    assert_int_equal(w.sim.dev.count.resets, 1);
    assert_int_equal(dev(&w, CAP + PCI_PCIX_COMMAND, 2), 0x100e);
    assert_true(world_close(&w));
}

/* Entries of Enhanced Allocation tell their own length. */
static void test_hidden_enhanced_allocation_by_its_entries(void **state)
{
    uint8_t body[0x90] = { 0 };

    (void)state;
    hidden(CAP, PCI_CAP_ID_EA, body, sizeof(body), 4, false);
    body[0] = 3;
    body[2 + 0] = 2;        /* 3 dwords, from +4 */
    body[2 + 12] = 4;       /* 5 dwords */
    body[2 + 12 + 20] = 0;  /* 1 dword */
    hidden(CAP, PCI_CAP_ID_EA, body, sizeof(body), 4 + 36, false);
    /* The number of them has six bits. */
    memset(body, 0, sizeof(body));
    body[0] = 0x17 | 0x80;
    hidden(CAP, PCI_CAP_ID_EA, body, sizeof(body), 4 + 0x17 * 4, false);
    body[0] = 0x22;
    hidden(CAP, PCI_CAP_ID_EA, body, sizeof(body), 4 + 0x22 * 4, false);
    /* More than there is room for, up to the last byte. */
    memset(body, 0xff, sizeof(body));
    hidden(CAP, PCI_CAP_ID_EA, body, sizeof(body), 0x100 - CAP, false);
    hidden(0xfc, PCI_CAP_ID_EA, body, 2, 4, false);
}

/* What is longer than the room ends at the next capability. */
static void test_hidden_structures_end_at_the_next_one(void **state)
{
    static const uint8_t id[] = { 0x7e, PCI_CAP_ID_AGP, PCI_CAP_ID_HT };
    const uint8_t zero[2] = { 0 }, vendor[2] = { 8, 0 };
    struct capture c;
    struct world w;
    unsigned i;

    (void)state;
    for (i = 0; i < COUNT(id); i++) {
        card(&c);
        /* The chain's order is not the order of places. */
        world_build_cap(&c, 0x70, PCI_CAP_ID_VNDR, vendor, 2);
        world_build_cap(&c, CAP, id[i], zero, 2);
        world_build_cap(&c, 0x90, PCI_CAP_ID_VNDR, vendor, 2);
        begin(&w, &c, NULL);
        chain_is(&w, "70:09 90:09 ");
        wr32(&w, 0x6c, 0x11223344);
        assert_int_equal(w.sim.dev.num_writes, 0);
        wr32(&w, 0x74, 0x11223344);
        assert_int_equal(dev(&w, 0x74, 4), 0x11223344);
        assert_true(world_close(&w));
    }
}

/* A table's own size may be too much as well: hidden, and the rest lives. */
static void test_structures_that_do_not_fit_are_hidden(void **state)
{
    const uint8_t zero[2] = { 0 };
    struct capture c;
    struct world w;

    (void)state;
    card(&c);
    world_build_cap(&c, 0xfc, PCI_CAP_ID_PM, zero, 2);
    card_vpd(&c, CAP);
    card_msi(&c, CAP + 4);
    begin(&w, &c, NULL);
    chain_is(&w, "64:05 ");
    assert_int_equal(w.sim.bus.lines[PT_LOG_WARNING], 2);
    assert_true(sim_bus_logged(&w.sim.bus, "leave"));
    assert_true(sim_bus_logged(&w.sim.bus, "overlap"));
    wr16(&w, CAP + 2, 0xffff);
    wr32(&w, 0xfc, UINT32_MAX);
    assert_int_equal(w.sim.dev.num_writes, 0);
    assert_true(world_close(&w));
}

/* A second one of what there is only one of: the first is the one. */
static void test_a_second_capability_of_its_kind_is_hidden(void **state)
{
    struct capture c;
    struct world w;

    (void)state;
    card(&c);
    card_msi(&c, 0x40);
    card_pm(&c, 0x50, 0x0003, 0);
    card_msi(&c, 0x60);
    card_pm(&c, 0x70, 0x0003, 0);
    begin(&w, &c, NULL);
    chain_is(&w, "40:05 50:01 ");
    assert_int_equal(closed(&w, 0x60), 10);
    assert_int_equal(closed(&w, 0x70), 8);
    assert_true(world_close(&w));
}

/* Users were surprised by what they could not see: the log says it. */
static void test_field_1_13_what_is_hidden_is_in_the_log(void **state)
{
    const uint8_t af[4] = { 6, 3, 0, 0 };
    struct capture c;
    struct world w;

    (void)state;
    card(&c);
    card_pm(&c, 0x40, 0x0003, 0);
    world_build_cap(&c, CAP, PCI_CAP_ID_AF, af, sizeof(af));
    card_express(&c, 0x70, 5, 0, SPEC_EXP_V2);
    begin(&w, &c, NULL);
    assert_true(sim_bus_logged(&w.sim.bus, "Power Management@40"));
    assert_true(sim_bus_logged(&w.sim.bus, "-Advanced Features@60"));
    assert_true(sim_bus_logged(&w.sim.bus, "unknown version 5"));
    assert_true(sim_bus_logged(&w.sim.bus, "policy default"));
    assert_int_equal(w.sim.bus.num_lines, 2);
    assert_true(world_close(&w));
}

/* permissive opens what is hidden, but nothing that Xen programs. */
static void test_permissive_opens_hidden_bytes_but_not_xens(void **state)
{
    const uint8_t sata[6] = { 0x10, 0, 0, 0, 0, 0 };
    struct capture c;
    struct world w;
    unsigned i;

    (void)state;
    card(&c);
    world_build_cap(&c, 0x40, PCI_CAP_ID_SATA, sata, sizeof(sata));
    card_msi(&c, 0x50);
    card_msi(&c, 0x60);                              /* hidden: a second */
    card_msix(&c, 0x70, 4, 0x1000 | 0, 0x2000 | 0);
    card_msix(&c, 0x80, 4, 0x0000 | 7, 0x1000 | 0);  /* hidden: no BAR 7 */
    begin(&w, &c, POLICY(permissive));
    chain_is(&w, "50:05 70:11 ");
    wr32(&w, 0x44, 0x12345678);
    assert_int_equal(dev(&w, 0x44, 4), 0x12345678);
    sim_dev_forget(&w.sim.dev);
    for (i = 0; i < 2; i++) {
        unsigned msi = 0x50 + 0x10 * i, msix = 0x70 + 0x10 * i, at;

        for (at = msi; at < msi + 10; at++) {
            wr8(&w, at, at == msi + 2 ? 0xfe : 0xff);
        }
        for (at = msix; at < msix + 12; at++) {
            wr8(&w, at, at == msix + 3 ? 0x3f : 0xff);
        }
    }
    assert_int_equal(w.sim.dev.num_writes, 0);
    /* Behind MSI's ten bytes the device's own registers begin. */
    wr16(&w, 0x5a, 0x1234);
    assert_int_equal(dev(&w, 0x5a, 2), 0x1234);
    assert_true(world_close(&w));
}

/* Even permissive has no use for the zeroes, and none for IDs. */
static void test_permissive_keeps_zeroes_and_chain(void **state)
{
    const uint8_t body[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
    struct capture c;
    struct world w;

    (void)state;
    card(&c);
    card_pm(&c, 0x40, 0x0003, 0);
    world_build_cap(&c, CAP, PCI_CAP_ID_HOTPLUG, body, sizeof(body));
    begin(&w, &c, POLICY(permissive));
    wr32(&w, CAP + 4, 0);
    wr16(&w, CAP, 0xffff);
    wr16(&w, 0x40, 0xffff);
    assert_int_equal(rd32(&w, CAP), 0);
    assert_int_equal(rd32(&w, CAP + 4), 0);
    chain_is(&w, "40:01 ");
    assert_int_equal(w.sim.dev.num_writes, 0);
    assert_true(world_close(&w));
}

/* Two of one ID, of different lengths, each with its own bounds. */
static void test_vendor_bodies_are_forwarded_each_in_its_bounds(void **state)
{
    const uint8_t one[10] = { 12 }, two[3] = { 5 };
    const struct world_policy *p;
    struct capture c;
    struct world w;

    (void)state;
    for (p = world_policies; p->name; p++) {
        card(&c);
        world_build_cap(&c, 0x40, PCI_CAP_ID_VNDR, one, sizeof(one));
        world_build_cap(&c, 0x50, PCI_CAP_ID_VNDR, two, sizeof(two));
        begin(&w, &c, &p->policy);
        chain_is(&w, "40:09 50:09 ");
        wr32(&w, 0x40, 0x11ffffff);
        wr32(&w, 0x44, 0x22222222);
        wr32(&w, 0x48, 0x33333333);
        wr16(&w, 0x53, 0x4444);
        assert_int_equal(dev(&w, 0x40, 4), 0x110c5009);
        assert_int_equal(dev(&w, 0x44, 4), 0x22222222);
        assert_int_equal(dev(&w, 0x48, 4), 0x33333333);
        assert_int_equal(dev(&w, 0x50, 4), 0x44050009);
        assert_int_equal(dev(&w, 0x54, 1), 0x44);
        /* Behind them: device-specific, which strict denies. */
        wr8(&w, 0x4c, 0x55);
        wr8(&w, 0x55, 0x55);
        assert_int_equal(dev(&w, 0x4c, 1), p->policy.strict ? 0 : 0x55);
        assert_int_equal(dev(&w, 0x55, 1), p->policy.strict ? 0 : 0x55);
        assert_true(world_close(&w));
    }
}

/* ------------------------------------------------------------------ */
/* Vital Product Data                                                  */

#define VPD_ADDR (CAP + PCI_VPD_ADDR)
#define VPD_DATA (CAP + PCI_VPD_DATA)
#define FLAG 0x8000

static void with_vpd(struct world *w, const struct pt_policy *policy)
{
    struct capture c;

    card(&c);
    card_vpd(&c, CAP);
    begin(w, &c, policy);
}

static uint32_t vpd_read(struct world *w, uint16_t at)
{
    unsigned polls = 10;

    wr16(w, VPD_ADDR, at);
    while (!(rd16(w, VPD_ADDR) & FLAG) && --polls) {
    }
    assert_true(polls > 0);
    return rd32(w, VPD_DATA);
}

static void vpd_write(struct world *w, uint16_t at, uint32_t val)
{
    unsigned polls = 10;

    wr32(w, VPD_DATA, val);
    wr16(w, VPD_ADDR, at | FLAG);
    while ((rd16(w, VPD_ADDR) & FLAG) && --polls) {
    }
    assert_true(polls > 0);
}

/* Data was read-only, for want of a register: tools could not write. */
static void test_vpd_a_guest_reads_the_string_word_by_word(void **state)
{
    const struct world_policy *p;
    struct world w;
    char text[20];
    uint16_t at;

    (void)state;
    for (p = world_policies; p->name; p++) {
        with_vpd(&w, &p->policy);
        for (at = 0; at < 16; at = (uint16_t)(at + 4)) {
            pt_store((uint8_t *)text + at, vpd_read(&w, at), 4);
        }
        assert_memory_equal(text, "\x82\x0d\0Simulated VPD", 16);
        /* The same word again is another transfer. */
        memset(w.sim.dev.vpd.store, 0x5a, 4);
        assert_int_equal(vpd_read(&w, 0), 0x5a5a5a5a);
        memset(w.sim.dev.vpd.store, 0x6b, 4);
        assert_int_equal(vpd_read(&w, 0), 0x6b6b6b6b);
        assert_true(world_close(&w));
    }
}

static void test_vpd_a_guest_writes_words(void **state)
{
    struct world w;

    (void)state;
    with_vpd(&w, NULL);
    vpd_write(&w, 0x40, 0x12345678);
    vpd_write(&w, 0x44, 0x9abcdef0);
    assert_int_equal(sim_get(w.sim.dev.vpd.store + 0x40, 8),
                     UINT64_C(0x9abcdef012345678));
    assert_int_equal(vpd_read(&w, 0x40), 0x12345678);
    /* The same address and data again are written again. */
    memset(w.sim.dev.vpd.store + 0x40, 0, 4);
    vpd_write(&w, 0x40, 0x12345678);
    assert_int_equal(sim_get(w.sim.dev.vpd.store + 0x40, 4), 0x12345678);
    assert_true(world_close(&w));
}

/* Addresses are of dwords; neighbours' writes start no transfer. */
static void test_vpd_addresses_and_neighbours(void **state)
{
    struct world w;

    (void)state;
    with_vpd(&w, NULL);
    wr16(&w, VPD_ADDR, 0x0013);
    assert_int_equal(dev(&w, VPD_ADDR, 2), 0x0010);
    assert_int_equal(rd16(&w, VPD_ADDR) & 3, 0);
    while (!(rd16(&w, VPD_ADDR) & FLAG)) {
    }
    sim_dev_forget(&w.sim.dev);
    wr16(&w, CAP, 0xffff);
    wr32(&w, CAP + 8, 0x11223344);
    assert_false(written(&w, CAP, 8));
    assert_int_equal(w.sim.dev.vpd.state, SIM_VPD_IDLE);
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
        cmocka_unit_test(test_hidden_capabilities_have_their_lengths),
        cmocka_unit_test(test_pcix_was_hidden_from_drivers_that_need_it),
        cmocka_unit_test(test_hidden_enhanced_allocation_by_its_entries),
        cmocka_unit_test(test_hidden_structures_end_at_the_next_one),
        cmocka_unit_test(test_structures_that_do_not_fit_are_hidden),
        cmocka_unit_test(test_a_second_capability_of_its_kind_is_hidden),
        cmocka_unit_test(test_field_1_13_what_is_hidden_is_in_the_log),
        cmocka_unit_test(test_permissive_opens_hidden_bytes_but_not_xens),
        cmocka_unit_test(test_permissive_keeps_zeroes_and_chain),
        cmocka_unit_test(test_vendor_bodies_are_forwarded_each_in_its_bounds),
        cmocka_unit_test(test_vpd_a_guest_reads_the_string_word_by_word),
        cmocka_unit_test(test_vpd_a_guest_writes_words),
        cmocka_unit_test(test_vpd_addresses_and_neighbours),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
