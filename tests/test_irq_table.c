/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The MSI-X table and its pages, as the guest reads and writes them: PCI 3.0
 * sections 6.8.2.4 to 6.8.2.9; lessons 1.6, field 1.2, 1.3.
 */
#include "lib-irq.h"

#define PAGE PT_PAGE_SIZE

static uint64_t rd(struct world *w, uint64_t gpa, unsigned width)
{
    return sim_guest_mmio_read(&w->sim.bus, gpa, width);
}

static void wr(struct world *w, uint64_t gpa, unsigned width, uint64_t val)
{
    sim_guest_mmio_write(&w->sim.bus, gpa, width, val);
}

static void table_card(struct capture *c, unsigned entries, uint32_t reg)
{
    irq_card(c);
    add_msix(c, entries, reg);
}

static void open_table(struct world *w, unsigned entries, uint32_t reg)
{
    struct capture c;

    table_card(&c, entries, reg);
    irq_begin(w, &c, NULL, NULL);
}

/* No vector was bound, and the device's own table was left alone. */
static bool untouched(const struct world *w)
{
    return w->sim.dev.count.msix_written_by_dm == 0 &&
        w->sim.xen.calls[SIM_BIND_MSI] == 0;
}

/* ------------------------------------------------------------------ */
/* Every dword of every trapped page                                   */

static uint32_t pattern(uint64_t at)
{
    return (uint32_t)(at * UINT64_C(2654435761)) ^ 0x5a5aa5a5;
}

/* What of it remains at table offset @at. */
static uint32_t remains(uint64_t at, uint32_t val)
{
    switch (at % 16) {
    case 0:
        return val & ~3u;
    case 12:
        return val & 1;
    default:
        return val;
    }
}

static void sweep(unsigned entries, uint32_t reg, bool on)
{
    uint64_t at, off = reg & ~7u, size = 16 * (uint64_t)entries;
    struct pt_trap *t;
    struct world w;

    open_table(&w, entries, reg);
    if (on) {
        msix_on(&w);
    }
    t = (struct pt_trap *)(uintptr_t)sim_bus_trap(&w.sim.bus, table(&w));
    assert_non_null(t);
    assert_true(t->offset <= off && t->offset + t->size >= off + size);
    assert_true(t->size <= ((off % PAGE + size + PAGE - 1) & PT_PAGE_MASK));
    for (at = 0; at < t->size; at += 4) {
        uint64_t in = t->offset + at - off;

        if (in >= size) {
            sim_dev_mem_write(&w.sim.dev, IRQ_MEM + t->offset + at, 4,
                              ~pattern(at));
        }
        pt_trap_write(t, at, pattern(at), 4);
    }
    for (at = 0; at < t->size; at += 4) {
        uint64_t in = t->offset + at - off;
        uint32_t want = in < size ? remains(in, pattern(at)) : ~pattern(at);

        if (pt_trap_read(t, at, 4) != want) {
            fail_msg("%u entries at %#x: +%#x reads %#x", entries,
                     (unsigned)off, (unsigned)at,
                     (unsigned)pt_trap_read(t, at, 4));
        }
    }
    assert_true(untouched(&w));
    if (on) {
        msix_off(&w);
    }
    assert_true(world_close(&w));
}

static void test_every_dword_of_tables_of_1_to_2048_entries(void **state)
{
    unsigned n, step = world_rounds(20) < 20 ? 37 : 1;

    (void)state;
    for (n = 1; n <= 2048; n += step) {
        sweep(n, 0, false);
    }
    sweep(2048, 0, false);
}

/* Tables start anywhere on 8 bytes. */
static void test_every_dword_of_tables_that_are_not_page_aligned(void **st)
{
    static const uint32_t off[] = { 8, 0x10, 0x7f8, 0xff0, 0xff8, 0x1008 };
    unsigned n, i;

    (void)st;
    for (n = 1; n <= 2048; n = n * 3 / 2 + 1) {
        for (i = 0; i < COUNT(off); i++) {
            sweep(n, off[i], false);
            sweep(n, off[i], true);
        }
    }
}

#define NEIGHBOUR UINT64_C(0x1122334455667788)

/* One byte before and behind the table, in every page of the BAR. */
static void test_straddling_and_unaligned_accesses_at_both_ends(void **state)
{
    static const unsigned width[] = { 1, 2, 4, 8 };
    unsigned entries, i, k;

    (void)state;
    for (entries = 1; entries <= 512; entries = 2 * entries + 1) {
        uint64_t ends[2], at;
        struct world w;

        open_table(&w, entries, 0x1008);
        sim_dev_mem_write(&w.sim.dev, IRQ_MEM + 0x1000, 8, NEIGHBOUR);
        sim_dev_mem_write(&w.sim.dev, IRQ_MEM + 0x1008 + 16 * entries, 8,
                          NEIGHBOUR);
        msix_on(&w);
        ends[0] = table(&w);
        ends[1] = ends[0] + 16 * entries;
        for (i = 0; i < 2; i++) {
            for (k = 0; k < COUNT(width); k++) {
                for (at = ends[i] - 9; at <= ends[i] + 9; at++) {
                    wr(&w, at, width[k], UINT64_MAX);
                    rd(&w, at, width[k]);
                }
            }
        }
        assert_true(untouched(&w));
        /* Neighbours are read only. */
        assert_int_equal(rd(&w, ends[0] - 8, 8), NEIGHBOUR);
        assert_int_equal(rd(&w, ends[1], 8), NEIGHBOUR);
        msix_off(&w);
        assert_true(world_close(&w));
    }
}

/* Straight at the engine: the widest and wildest a bus could ask for. */
static void test_accesses_beyond_the_window_are_harmless(void **state)
{
    static const unsigned width[] = { 0, 1, 2, 3, 4, 5, 8, 16, 255 };
    static const uint64_t off[] = {
        0x1ffc, 0x1ffd, 0x1ffe, 0x1fff, 0x2000, 0x2001, 0xfff, 0x1000000,
        UINT64_MAX, UINT64_MAX - 3, UINT64_MAX - 0x1000, UINT64_MAX - 0x1007,
        UINT64_MAX - 7,
    };
    struct pt_trap *t;
    struct world w;
    unsigned i, k;

    (void)state;
    open_table(&w, 300, 0x1008);
    t = (struct pt_trap *)(uintptr_t)sim_bus_trap(&w.sim.bus, table(&w));
    assert_int_equal(t->size, 0x2000);
    assert_int_equal(pt_trap_read(t, 0x1ff8, 8), 0);
    assert_int_equal(pt_trap_read(t, 0x2000, 4), 0xffffffff);
    for (i = 0; i < COUNT(off); i++) {
        for (k = 0; k < COUNT(width); k++) {
            pt_trap_write(t, off[i], UINT64_MAX, width[k]);
            pt_trap_read(t, off[i], width[k]);
        }
    }
    assert_int_equal(pt_trap_read(t, 0x2000, 4), 0xffffffff);
    assert_int_equal(pt_trap_read(t, 0x1ffe, 4), 0xffffffff);
    assert_true(untouched(&w));
    assert_true(world_close(&w));
}

/* ------------------------------------------------------------------ */
/* The guest's view                                                    */

static void test_entries_start_masked_and_empty(void **state)
{
    struct world w;
    unsigned i;

    (void)state;
    open_table(&w, 64, 0);
    for (i = 0; i < 64; i++) {
        assert_int_equal(entry_read(&w, i, 0), 0);
        assert_int_equal(entry_read(&w, i, 1), 0);
        assert_int_equal(entry_read(&w, i, 2), 0);
        assert_int_equal(entry_read(&w, i, 3), 1);
    }
    assert_true(world_close(&w));
}

static void test_entrys_view_is_complete_whether_bound_or_not(void **state)
{
    unsigned v419;

    (void)state;
    for (v419 = 0; v419 < 2; v419++) {
        const struct sim_xen_opts xen = { .all_writes = v419 };
        struct capture c;
        struct world w;
        unsigned on;

        table_card(&c, 4, 0x2000);
        irq_begin(&w, &c, NULL, &xen);
        entry_message(&w, 2, 0xabcd0000u | VECTOR);
        entry_write(&w, 2, 1, 0x00000000);
        for (on = 0; on < 3; on++) {
            msix_set(&w, on == 1 ? PCI_MSIX_ENABLE : 0);
            assert_int_equal(entry_read(&w, 2, 0), ADDRESS);
            assert_int_equal(entry_read(&w, 2, 2), 0xabcd0000u | VECTOR);
            entry_mask(&w, 2, false);
            assert_int_equal(entry_read(&w, 2, 3), 0);
            assert_int_equal(entry_bound(&w, 2), on == 1);
            entry_mask(&w, 2, true);
            assert_int_equal(entry_read(&w, 2, 3), 1);
        }
        assert_int_equal(entry_read(&w, 1, 0), 0);
        assert_int_equal(entry_read(&w, 3, 0), 0);
        assert_true(world_close(&w));
    }
}

static void test_bytes_and_words_in_the_table_are_dropped_and_read_0(
    void **state)
{
    struct world w;
    unsigned i;

    (void)state;
    open_table(&w, 2, 0);
    entry_message(&w, 1, VECTOR);
    for (i = 16; i < 32; i++) {
        wr(&w, table(&w) + i, 1, 0xff);
        assert_int_equal(rd(&w, table(&w) + i, 1), 0);
        wr(&w, table(&w) + i, 2, 0xffff);
        assert_int_equal(rd(&w, table(&w) + i, 2), 0);
        if (i % 4) {
            wr(&w, table(&w) + i - 16, 4, 0xffffffff);
            assert_int_equal(rd(&w, table(&w) + i - 16, 4), 0);
            wr(&w, table(&w) + i - 16, 8, UINT64_MAX);
            assert_int_equal(rd(&w, table(&w) + i - 16, 8), 0);
        }
    }
    assert_int_equal(entry_read(&w, 0, 0), 0);
    assert_int_equal(entry_read(&w, 1, 0), ADDRESS);
    assert_int_equal(entry_read(&w, 1, 2), VECTOR);
    assert_int_equal(entry_read(&w, 1, 3), 1);
    assert_true(world_close(&w));
}

static void test_qwords_are_two_dwords(void **state)
{
    struct world w;
    uint64_t at;

    (void)state;
    open_table(&w, 2, 0x1008);
    msix_on(&w);
    at = table(&w) + 16;
    wr(&w, at, 8, ADDRESS | 3);
    assert_int_equal(rd(&w, at, 8), ADDRESS);
    wr(&w, at + 8, 8, VECTOR);
    assert_int_equal(rd(&w, at + 8, 8), VECTOR);
    assert_true(hears(&w, 1, VECTOR));
    wr(&w, at + 8, 8, (UINT64_C(0xffffffff) << 32) | (VECTOR + 1));
    assert_int_equal(rd(&w, at + 12, 4), 1);
    assert_int_equal(rd(&w, at + 8, 4), VECTOR + 1);
    assert_int_equal(rd(&w, at + 8, 8), UINT64_C(1) << 32 | (VECTOR + 1));
    wr(&w, at - 16, 8, UINT64_C(0x1234567800001000));
    assert_int_equal(rd(&w, at - 16, 8), UINT64_C(0x1234567800001000));
    assert_true(silent(&w, 1));
    assert_true(world_close(&w));
}

/* ------------------------------------------------------------------ */
/* What shares the pages                                               */

/*
 * field 1.3: the AX210 keeps registers there. Xen lets nobody write to the
 * page, and a device model in a PV domain that tried hung (seen on 4.17).
 */
static void test_field_1_3_registers_on_the_tables_page_keep_their_width(
    void **state)
{
    static const unsigned width[] = { 1, 2, 4, 8 };
    unsigned i;

    (void)state;
    for (i = 0; i < COUNT(width); i++) {
        uint64_t gpa, want = UINT64_C(0x1122334455667788);
        struct world w;

        open_table(&w, 4, 0x2800);
        gpa = table(&w) + 0x400;
        sim_dev_mem_write(&w.sim.dev, IRQ_MEM + 0x2c00, 8, want);
        sim_dev_mem_write(&w.sim.dev, IRQ_MEM + 0x2400, 8, want);
        want &= UINT64_MAX >> (64 - 8 * width[i]);
        sim_dev_forget(&w.sim.dev);
        wr(&w, gpa, width[i], 0);
        assert_int_equal(rd(&w, gpa, width[i]), want);
        assert_int_equal(w.sim.dev.count.mmio_reads[i], 1);
        /* Before the table too. */
        wr(&w, gpa - 0x800, width[i], 0);
        assert_int_equal(rd(&w, gpa - 0x800, width[i]), want);
        assert_int_equal(w.sim.dev.count.mmio_writes[i], 0);
        assert_int_equal(logged(&w, "are dropped"), 1);
        assert_true(world_close(&w));
    }
}

static void test_1_6_2_only_the_pages_of_table_and_pending_bits_are_trapped(
    void **state)
{
    struct world w;
    uint64_t bar;

    (void)state;
    open_table(&w, 300, 0x2008);
    bar = world_bar_addr(&w, 0);
    assert_true(mem_at(&w, bar, IRQ_MEM, 0x2000));
    assert_false(any_mem(&w, bar + 0x2000));
    assert_false(any_mem(&w, bar + 0x3000));
    assert_true(mem_at(&w, bar + 0x4000, IRQ_MEM + 0x4000, 0xc000));
    assert_false(any_mem(&w, bar + 0x10000));
    assert_true(mem_at(&w, bar + 0x11000, IRQ_MEM + 0x11000,
                       IRQ_MEM_SIZE - 0x11000));
    assert_null(sim_bus_trap(&w.sim.bus, bar + 0x1fff));
    assert_null(sim_bus_trap(&w.sim.bus, bar + 0x4000));
    assert_null(sim_bus_trap(&w.sim.bus, bar + 0xffff));
    assert_null(sim_bus_trap(&w.sim.bus, bar + 0x11000));
    assert_true(world_close(&w));
}

/* A page between table and pending bits is trapped, and the device's. */
static void test_one_page_between_is_trapped_and_written(void **state)
{
    struct capture c;
    struct world w;
    uint64_t bar;

    (void)state;
    irq_card(&c);
    card_msix(&c, MSIX, 8, 0x4000, 0x2000);
    irq_begin(&w, &c, NULL, NULL);
    bar = world_bar_addr(&w, 0);
    assert_int_equal(w.sim.bus.num_traps, 1);
    assert_int_equal(w.sim.xen.num_mem, 4);
    wr(&w, bar + 0x3000, 4, 0x12345678);
    wr(&w, bar + 0x3ff8, 8, UINT64_MAX);
    wr(&w, bar + 0x2ffc, 4, 0x12345678);
    assert_int_equal(rd(&w, bar + 0x3000, 4), 0x12345678);
    assert_int_equal(rd(&w, bar + 0x3ff8, 8), UINT64_MAX);
    assert_int_equal(rd(&w, bar + 0x2ffc, 4), 0);
    assert_true(world_close(&w));
}

/*
 * Xen ended a guest whose driver wrote to a register in the page of the pending
 * bits, where that was not the table's.
 */
static void test_a_register_beside_the_pending_bits_killed_the_guest(
    void **state)
{
    static const struct {
        uint32_t table, pba;
        unsigned traps;
    } x[] = {
        { 0x2000, 0x10000, 2 }, { 0x10000, 0x2000, 2 },
        { 0x2000, 0x3000, 1 }, { 0x3000, 0x2000, 1 }, { 0x2000, 0x2800, 1 },
        { 0, 0x2000, 1 }, { 0x2000, 0, 1 }, { 0, 0x3000, 2 },
        { 0x2000 | 4, 0x2000, 2 }, { 0, IRQ_MEM_SIZE - 8, 2 },
        { 0x1000, 2 | 0x1000, 2 },
    };
    struct capture c;
    struct world w;
    unsigned i, p;

    (void)state;
    for (i = 0; i < COUNT(x); i++) {
        /* In another page, or in another BAR. */
        bool apart = ((x[i].pba ^ x[i].table) & ~UINT32_C(0xff8)) != 0;

        irq_card(&c);
        card_msix(&c, MSIX, 8, x[i].table, x[i].pba);
        irq_begin(&w, &c, NULL, NULL);
        assert_int_equal(w.sim.bus.num_traps, x[i].traps);
        for (p = 0; p < 0x1000; p += 0x100) {
            uint64_t at = world_bar_addr(&w, x[i].pba & 7) +
                (x[i].pba & ~UINT32_C(0xfff)) + p;

            if (apart) {
                wr(&w, at, 4, 0x1234 + p);
                assert_int_equal(rd(&w, at, 4), 0);
            }
        }
        assert_int_equal(logged(&w, "are dropped"), apart);
        msix_on(&w);
        entries_program(&w, 8);
        assert_true(hears(&w, 5, VECTOR + 5));
        assert_int_equal(pirq_of(&w, SIM_PIRQ_MSIX, 5)->gtable, table(&w));
        assert_true(world_close(&w));
    }
}

static void pending_bits(uint32_t table_reg, uint32_t pba_reg)
{
    struct capture c;
    struct world w;
    uint64_t pba;

    irq_card(&c);
    card_msix(&c, MSIX, 70, table_reg, pba_reg);
    irq_begin(&w, &c, NULL, NULL);
    pba = world_bar_addr(&w, pba_reg & 7) + (pba_reg & ~7u);
    w.sim.dev.msix.pba[0] = UINT64_C(0x8000000180000003);
    w.sim.dev.msix.pba[1] = 0x21;
    assert_int_equal(rd(&w, pba, 8), UINT64_C(0x8000000180000003));
    assert_int_equal(rd(&w, pba + 4, 4), 0x80000001);
    assert_int_equal(rd(&w, pba + 8, 8), 0x21);
    assert_int_equal(rd(&w, pba + 8, 4), 0x21);
    wr(&w, pba, 8, 0);
    assert_int_equal(rd(&w, pba, 8), UINT64_C(0x8000000180000003));
    assert_true(world_close(&w));
}

static void test_1_6_10_pending_bits_are_the_devices_wherever_they_are(
    void **state)
{
    (void)state;
    pending_bits(0, 0x460);         /* right behind the table */
    pending_bits(0x1010, 0x1000);   /* right before it */
    pending_bits(0, 0x800);         /* in its page */
    pending_bits(0, 0x3000);        /* in a page that is mapped */
    pending_bits(0, 4 | 0x1008);    /* in another BAR */
    pending_bits(2, 2 | 0x800);
}

/* ------------------------------------------------------------------ */
/* Where the table is                                                  */

static void placed(uint32_t reg, uint64_t gpa)
{
    struct world w;

    open_table(&w, 8, reg);
    assert_true(world_bar_place(&w, reg & 7, gpa));
    assert_int_equal(table(&w), gpa + (reg & ~7u));
    msix_on(&w);
    entries_program(&w, 8);
    assert_true(hears(&w, 0, VECTOR));
    assert_true(hears(&w, 7, VECTOR + 7));
    assert_int_equal(pirq_of(&w, SIM_PIRQ_MSIX, 7)->gtable, table(&w));
    assert_int_equal(w.sim.dev.count.msix_written_by_dm, 0);
    assert_true(world_close(&w));
}

static void test_table_in_any_bar_and_above_4_gib(void **state)
{
    (void)state;
    placed(0, 0xd0000000);
    placed(0x1ff0, 0xd0000000);
    placed(2 | 0x3008, 0xd0000000);
    placed(2 | 0x3008, UINT64_C(0x8000000000));
    placed(2, UINT64_C(0x100000000));
}

static void in_bar(unsigned n)
{
    struct capture c;
    struct world w;

    world_build(&c);
    world_build_bar(&c, n, IRQ_MEM, 0x2000, 0);
    card_msix(&c, MSIX, 8, n | 0x1000, n);
    irq_begin(&w, &c, NULL, NULL);
    msix_on(&w);
    entries_program(&w, 8);
    assert_true(hears(&w, 5, VECTOR + 5));
    assert_true(world_close(&w));
}

static void test_table_in_each_of_six_bars(void **state)
{
    unsigned n;

    (void)state;
    for (n = 0; n < PT_NUM_BARS; n++) {
        in_bar(n);
    }
}

/* A BAR less than a page: its page is other people's too. */
static void sub_page(unsigned flags, uint64_t addr)
{
    struct capture c;
    struct world w;
    uint64_t bar;

    world_build(&c);
    world_build_bar(&c, 0, addr, 0x400, flags);
    card_msix(&c, MSIX, 4, 0x100, 0x200);
    irq_begin(&w, &c, NULL, NULL);
    bar = world_bar_addr(&w, 0);
    assert_int_equal(w.sim.xen.num_mem, 0);
    msix_on(&w);
    entries_program(&w, 4);
    assert_true(hears(&w, 3, VECTOR + 3));
    sim_dev_mem_write(&w.sim.dev, addr + 0x3fc, 4, 0x12345678);
    wr(&w, bar + 0x3fc, 4, 0);
    assert_int_equal(rd(&w, bar + 0x3fc, 4), 0x12345678);
    assert_int_equal(rd(&w, bar + 0x80, 2), 0);
    assert_int_equal(rd(&w, bar + 0x200, 8), 0);
    /* Behind its end is nothing of the guest's. */
    wr(&w, bar + 0x400, 4, 0);
    assert_int_equal(rd(&w, bar + 0x400, 4), 0xffffffff);
    assert_int_equal(rd(&w, bar + 0x3fc, 8), UINT64_MAX);
    assert_true(world_close(&w));
}

static void test_table_in_a_bar_smaller_than_a_page(void **state)
{
    (void)state;
    sub_page(0, IRQ_MEM);
    sub_page(PT_REGION_SHARED, IRQ_MEM);
    sub_page(PT_REGION_SHARED, IRQ_MEM + 0x400);
}

/* ------------------------------------------------------------------ */
/* Structures that can't be                                            */

static bool is_there(const struct world *w, uint32_t reg)
{
    const struct pt_region *r = w->sim.dev.pt.info.region;
    unsigned bir = reg & 7;

    return bir < PT_NUM_BARS && (reg & ~7u) < r[bir].size &&
        !(r[bir].flags & PT_REGION_IO);
}

/* 1.13.2: the real table is out of the guest's reach, if there is one. */
static void inert(struct world *w, uint32_t reg, uint32_t pba)
{
    uint64_t at;

    assert_int_equal(w->sim.bus.num_traps,
                     is_there(w, reg) + is_there(w, pba));
    if (!is_there(w, reg)) {
        return;
    }
    at = world_bar_addr(w, reg & 7) + (reg & ~7u);
    assert_false(any_mem(w, at));
    sim_guest_mmio_write(&w->sim.bus, at, 4, 0x41414141);
    assert_int_equal(sim_guest_mmio_read(&w->sim.bus, at, 4), 0);
    assert_int_equal(sim_dev_msix_word(&w->sim.dev, 0, 0), 0);
}

static void hidden(struct capture *c)
{
    uint32_t reg = pt_load(c->cfg + MSIX + PCI_MSIX_TABLE, 4);
    uint32_t pba = pt_load(c->cfg + MSIX + PCI_MSIX_PBA, 4);
    struct world w;

    add_msi(c, MSI_64);
    c->cfg[MSIX + PCI_MSI_FLAGS + 1] |= PCI_MSIX_ENABLE >> 8;
    irq_begin(&w, c, NULL, NULL);
    assert_false(sim_dev_msix_enabled(&w.sim.dev));
    assert_int_equal(world_cap(&w, PCI_CAP_ID_MSIX, 0), 0);
    assert_int_equal(world_cap(&w, PCI_CAP_ID_MSI, 0), MSI);
    assert_int_equal(logged(&w, "MSI-X capability"), 1);
    assert_int_equal(logged(&w, "is hidden"), 1);
    inert(&w, reg, pba);
    wr16(&w, MSIX + PCI_MSI_FLAGS, PCI_MSIX_ENABLE);
    assert_false(sim_dev_msix_enabled(&w.sim.dev));
    msi_start(&w, 0);
    assert_true(hears(&w, 0, VECTOR));
    assert_true(world_close(&w));
}

static void test_peer_5_table_or_pending_bits_in_no_memory_bar(void **state)
{
    static const uint32_t bad[] = {
        6, 7, 1 /* ports */, 3 /* upper half */, 5 /* empty */,
    };
    unsigned i;

    (void)state;
    for (i = 0; i < COUNT(bad); i++) {
        struct capture c;

        irq_card(&c);
        world_build_bar(&c, PT_ROM, CARD_ROM, CARD_ROM_SIZE, 0);
        card_msix(&c, MSIX, 4, bad[i], 0x1000);
        hidden(&c);
        irq_card(&c);
        world_build_bar(&c, PT_ROM, CARD_ROM, CARD_ROM_SIZE, 0);
        card_msix(&c, MSIX, 4, 0x1000, bad[i]);
        hidden(&c);
    }
}

static void test_table_or_pending_bits_beyond_the_bars_end(void **state)
{
    static const struct { unsigned entries; uint32_t table, pba; } bad[] = {
        { 1, IRQ_MEM_SIZE, 0 }, { 1, IRQ_MEM_SIZE - 8, 0 },
        { 2, IRQ_MEM_SIZE - 16, 0 }, { 2048, IRQ_MEM_SIZE - 0x7ff8, 0 },
        { 1, 0xfffffff8, 0 }, { 1, 0, IRQ_MEM_SIZE },
        { 65, 0, IRQ_MEM_SIZE - 8 }, { 1, 0, 0xfffffff8 },
        { 2048, 4, 0 },
    };
    static const struct { unsigned entries; uint32_t table, pba; } good[] = {
        { 1, IRQ_MEM_SIZE - 16, 0 }, { 2048, IRQ_MEM_SIZE - 0x8000, 0 },
        { 64, 0, IRQ_MEM_SIZE - 8 }, { 65, 0, IRQ_MEM_SIZE - 16 },
    };
    struct capture c;
    struct world w;
    unsigned i;

    (void)state;
    for (i = 0; i < COUNT(bad); i++) {
        irq_card(&c);
        card_msix(&c, MSIX, bad[i].entries, bad[i].table, bad[i].pba);
        hidden(&c);
    }
    for (i = 0; i < COUNT(good); i++) {
        irq_card(&c);
        card_msix(&c, MSIX, good[i].entries, good[i].table, good[i].pba);
        irq_begin(&w, &c, NULL, NULL);
        assert_int_equal(world_cap(&w, PCI_CAP_ID_MSIX, 0), MSIX);
        assert_true(world_close(&w));
    }
}

/* The BAR is one that can't be given to a guest at all. */
static void test_table_in_a_region_that_is_withheld(void **state)
{
    struct capture c;
    struct world w;
    unsigned i;

    (void)state;
    for (i = 0; i < 2; i++) {
        irq_card(&c);
        card_msix(&c, MSIX, 4, 4 | 0x1000, 4 | 0x2000);
        world_init(&w, &c, NULL, NULL);
        if (i == 0) {
            w.sim.dev.pt.info.region[4].size = 0x3000;
        } else {
            w.sim.dev.pt.info.region[4].addr += 0x800;
        }
        assert_true(world_attach(&w));
        place_and_decode(&w);
        assert_int_equal(world_cap(&w, PCI_CAP_ID_MSIX, 0), 0);
        assert_int_equal(w.sim.bus.num_traps, 0);
        assert_int_equal(world_bar_size(&w, 4), 0);
        assert_true(world_close(&w));
    }
}

static void test_registers_of_the_structure_are_constants(void **state)
{
    struct capture c;
    struct world w;
    unsigned i;

    (void)state;
    irq_card(&c);
    card_msix(&c, MSIX, 70, 0x1008, 4 | 0x10);
    irq_begin(&w, &c, POLICY(permissive), NULL);
    for (i = 0; i < 12; i += 4) {
        wr32(&w, MSIX + i, 0x3fffffff);
    }
    assert_int_equal(rd16(&w, MSIX + PCI_MSI_FLAGS), 69);
    assert_int_equal(rd32(&w, MSIX + PCI_MSIX_TABLE), 0x1008);
    assert_int_equal(rd32(&w, MSIX + PCI_MSIX_PBA), 4 | 0x10);
    assert_true(world_close(&w));
}

/* BAR 4 is trapped for its neighbours' sake. */
static uint64_t open_shared(struct world *w)
{
    struct capture c;

    table_card(&c, 4, 0);
    world_build_bar(&c, 4, IRQ_MEM + 0x1000000, 0x800, PT_REGION_SHARED);
    irq_begin(w, &c, NULL, NULL);
    return world_bar_addr(w, 4);
}

static void test_another_trapped_bar_has_no_table(void **state)
{
    struct world w;
    uint64_t bar;

    (void)state;
    bar = open_shared(&w);
    wr(&w, bar, 4, 0x41414143);
    assert_int_equal(rd(&w, bar, 4), 0x41414143);
    assert_int_equal(entry_read(&w, 0, 0), 0);
    assert_true(world_close(&w));
}

/* Small BARs in one page: what is in reach of a write is up to the host. */
static void test_another_small_bar_in_the_tables_page(void **state)
{
    struct capture c;
    struct world w;
    uint64_t bar;

    (void)state;
    world_build(&c);
    world_build_bar(&c, 0, IRQ_MEM, 0x400, PT_REGION_SHARED);
    world_build_bar(&c, 1, IRQ_MEM + 0x400, 0x400, PT_REGION_SHARED);
    world_build_bar(&c, 2, IRQ_MEM + 0x1000, 0x400, PT_REGION_SHARED);
    card_msix(&c, MSIX, 4, 0x100, 0x200);
    irq_begin(&w, &c, NULL, NULL);
    bar = world_bar_addr(&w, 1);
    wr(&w, bar, 4, 0x12345678);
    assert_int_equal(rd(&w, bar, 4), 0);
    assert_int_equal(logged(&w, "region 1 beside MSI-X"), 1);
    bar = world_bar_addr(&w, 2);
    wr(&w, bar, 4, 0x12345678);
    assert_int_equal(rd(&w, bar, 4), 0x12345678);
    assert_true(world_close(&w));
}

static uint64_t last_written;

static int record_write(void *priv, unsigned region, uint64_t off,
                        unsigned width, uint64_t val)
{
    last_written = val;
    return sim_dev_ops.mmio_write(priv, region, off, width, val);
}

static void test_values_are_cut_to_the_accesss_width(void **state)
{
    struct pt_device_ops ops = sim_dev_ops;
    struct pt_trap *t;
    struct world w;
    uint64_t bar;
    unsigned width;

    (void)state;
    ops.mmio_write = record_write;
    bar = open_shared(&w);
    w.sim.dev.pt.ops = &ops;
    t = (struct pt_trap *)(uintptr_t)sim_bus_trap(&w.sim.bus, bar);
    for (width = 1; width <= 8; width *= 2) {
        pt_trap_write(t, 0x100, UINT64_MAX, width);
        assert_int_equal(last_written, UINT64_MAX >> (64 - 8 * width));
    }
    assert_true(world_close(&w));
}

/* The device model's failing accesses. */
static void test_registers_that_cant_be_written_are_logged(void **state)
{
    struct world w;
    uint64_t bar;
    unsigned i;

    (void)state;
    bar = open_shared(&w);
    sim_fault_always(&w.sim.dev.mmio_fault, EIO);
    for (i = 0; i < 100; i++) {
        wr(&w, bar + 0x100, 4, 0);
    }
    assert_int_equal(logged(&w, "can't access the device's region"), 1);
    assert_true(world_close(&w));
}

static void test_registers_that_cant_be_reached_read_all_ones(void **state)
{
    struct world w;
    unsigned i;

    (void)state;
    open_table(&w, 4, 0);
    sim_fault_always(&w.sim.dev.mmio_fault, EIO);
    for (i = 0; i < 100; i++) {
        assert_int_equal(rd(&w, table(&w) + 0x100, 4), 0xffffffff);
        assert_int_equal(rd(&w, table(&w) + 0x102, 2), 0xffff);
    }
    assert_int_equal(logged(&w, "can't access the device's region"), 1);
    entry_message(&w, 1, VECTOR);
    assert_int_equal(entry_read(&w, 1, 2), VECTOR);
    sim_fault_clear(&w.sim.dev.mmio_fault);
    assert_int_equal(rd(&w, table(&w) + 0x100, 4), 0);
    assert_true(world_close(&w));
}

static void test_window_can_be_trapped_again_after_a_failure(void **state)
{
    struct world w;

    (void)state;
    open_table(&w, 4, 0);
    msix_on(&w);
    entries_program(&w, 4);
    sim_fault_at(&w.sim.bus.trap_fault, 1, ENOSPC);
    world_bar_place(&w, 0, 0xd0000000);
    assert_int_equal(w.sim.bus.num_traps, 0);
    assert_false(any_mem(&w, 0xd0001000));
    assert_true(silent(&w, 0));
    world_bar_place(&w, 0, 0xd1000000);
    /* It waited in the device's pending bit. */
    assert_int_equal(w.sim.xen.vector[VECTOR], 1);
    assert_true(hears(&w, 3, VECTOR + 3));
    assert_true(world_close(&w));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_dword_of_tables_of_1_to_2048_entries),
        cmocka_unit_test(
            test_every_dword_of_tables_that_are_not_page_aligned),
        cmocka_unit_test(test_straddling_and_unaligned_accesses_at_both_ends),
        cmocka_unit_test(test_accesses_beyond_the_window_are_harmless),
        cmocka_unit_test(test_entries_start_masked_and_empty),
        cmocka_unit_test(test_entrys_view_is_complete_whether_bound_or_not),
        cmocka_unit_test(
            test_bytes_and_words_in_the_table_are_dropped_and_read_0),
        cmocka_unit_test(test_qwords_are_two_dwords),
        cmocka_unit_test(
            test_field_1_3_registers_on_the_tables_page_keep_their_width),
        cmocka_unit_test(
            test_1_6_2_only_the_pages_of_table_and_pending_bits_are_trapped),
        cmocka_unit_test(test_one_page_between_is_trapped_and_written),
        cmocka_unit_test(
            test_a_register_beside_the_pending_bits_killed_the_guest),
        cmocka_unit_test(
            test_1_6_10_pending_bits_are_the_devices_wherever_they_are),
        cmocka_unit_test(test_table_in_any_bar_and_above_4_gib),
        cmocka_unit_test(test_table_in_each_of_six_bars),
        cmocka_unit_test(test_table_in_a_bar_smaller_than_a_page),
        cmocka_unit_test(test_peer_5_table_or_pending_bits_in_no_memory_bar),
        cmocka_unit_test(test_table_or_pending_bits_beyond_the_bars_end),
        cmocka_unit_test(test_table_in_a_region_that_is_withheld),
        cmocka_unit_test(test_registers_of_the_structure_are_constants),
        cmocka_unit_test(test_another_trapped_bar_has_no_table),
        cmocka_unit_test(test_another_small_bar_in_the_tables_page),
        cmocka_unit_test(test_values_are_cut_to_the_accesss_width),
        cmocka_unit_test(test_registers_that_cant_be_written_are_logged),
        cmocka_unit_test(test_registers_that_cant_be_reached_read_all_ones),
        cmocka_unit_test(test_window_can_be_trapped_again_after_a_failure),
    };

    return cmocka_run_group_tests_name("MSI-X table", tests, NULL, NULL);
}
