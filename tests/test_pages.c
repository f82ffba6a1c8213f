/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pages with more than one region in them: the rule (hw/pt-page.c), and what
 * the engine keeps of MSI-X from the guest, whoever said what of the regions.
 */
#include "lib-irq.h"
#include "pt-page.h"

/* ------------------------------------------------------------------ */
/* The rule                                                            */

static bool shares(uint64_t addr, uint64_t size, uint64_t first,
                   uint64_t last)
{
    const struct pt_region r = { .addr = addr, .size = size };

    return pt_region_shares(&r, first, last);
}

static void test_company_is_what_touches_the_page(void **state)
{
    (void)state;
    assert_true(shares(0xe0000000, 0x100, 0xe0000fff, 0xe0000fff));
    assert_true(shares(0xe0000f00, 0x100, 0xe0000000, 0xe0000000));
    assert_true(shares(0xe0000000, 0x100, 0, UINT64_MAX));
    assert_true(shares(0xe0000000, 0x800, 0xdfffffff, 0xe0000000));
    assert_false(shares(0xe0000000, 0x100, 0xe0001000, 0xe0001fff));
    assert_false(shares(0xe0000000, 0x100, 0xdffff000, 0xdfffffff));
    assert_false(shares(0xe0000000, 0x100, 0xe0000200, 0xe0000100));
    /* The last page of all. */
    assert_true(shares(UINT64_MAX - 0xff, 0x100, UINT64_MAX - 0xfff,
                       UINT64_MAX - 0xfff));
}

static void test_only_a_small_region_has_company(void **state)
{
    struct pt_region r = { .addr = 0xe0000400, .size = 0x400 };

    (void)state;
    assert_true(pt_region_small(&r));
    assert_true(pt_region_displaced(&r));
    r.addr = 0xe0000000;
    assert_true(pt_region_small(&r));
    assert_false(pt_region_displaced(&r));
    r.size = 0x1000;
    assert_false(pt_region_small(&r));
    assert_false(pt_region_shares(&r, 0xe0000800, 0xe0000900));
    r.size = 0;
    assert_false(pt_region_small(&r));
    r = (struct pt_region) { .addr = 0xc100, .size = 0x100,
                             .flags = PT_REGION_IO };
    assert_false(pt_region_small(&r));
    assert_false(pt_region_displaced(&r));
    r = (struct pt_region) { .addr = 0, .size = 0x100 };  /* unassigned */
    assert_false(pt_region_small(&r));
}

/* ------------------------------------------------------------------ */
/* MSI-X, in another BAR's page                                        */

/* No page of the host's with table or pending bits is mapped, anywhere. */
static bool kept(const struct world *w)
{
    const struct sim_xen *x = &w->sim.xen;

    for (unsigned i = 0; i < x->num_mem; i++) {
        for (uint64_t k = 0; k < x->mem[i].nr; k++) {
            if (sim_dev_msix_page(&w->sim.dev,
                                  (x->mem[i].host + k) << PT_PAGE_SHIFT)) {
                return false;
            }
        }
    }
    return true;
}

/*
 * BAR 0 begins the page that BAR 2's table ends, and nobody said that it is
 * shared. Its registers are read through the trap.
 */
static void test_the_table_is_not_mapped_through_another_bar(void **state)
{
    struct capture c;
    struct world w;
    uint64_t bar;

    (void)state;
    world_build(&c);
    world_build_bar(&c, 0, IRQ_MEM, 0x100, 0);
    world_build_bar(&c, 2, IRQ_MEM + 0x800, 0x800, PT_REGION_SHARED);
    card_msix(&c, MSIX, 4, 0x002, 0x402);
    irq_begin(&w, &c, NULL, NULL);
    bar = world_bar_addr(&w, 0);
    assert_true(kept(&w));
    assert_int_equal(w.sim.xen.num_mem, 0);
    sim_dev_mem_write(&w.sim.dev, IRQ_MEM + 4, 4, 0x12345678);
    assert_int_equal(sim_guest_mmio_read(&w.sim.bus, bar + 4, 4), 0x12345678);
    /* Where the host has the table, the guest has nothing. */
    assert_int_equal(sim_guest_mmio_read(&w.sim.bus, bar + 0x800, 4),
                     UINT32_MAX);
    msix_on(&w);
    assert_true(world_close(&w));
}

/* The same of pending bits alone: the table is elsewhere. */
static void test_pending_bits_are_not_mapped_through_another_bar(void **state)
{
    struct capture c;
    struct world w;

    (void)state;
    world_build(&c);
    world_build_bar(&c, 0, IRQ_MEM, 0x100, 0);
    world_build_bar(&c, 2, IRQ_MEM + 0x800, 0x800, PT_REGION_SHARED);
    world_build_bar(&c, 4, IRQ_MEM + 0x1000000, 0x4000, 0);
    card_msix(&c, MSIX, 4, 0x1004, 0x402);
    irq_begin(&w, &c, NULL, NULL);
    assert_true(kept(&w));
    assert_false(any_mem(&w, world_bar_addr(&w, 0)));
    assert_true(any_mem(&w, world_bar_addr(&w, 4)));
    assert_true(world_close(&w));
}

/* A page away is far enough, on both sides. */
static void test_a_page_away_from_the_table_is_mapped(void **state)
{
    struct capture c;
    struct world w;

    (void)state;
    world_build(&c);
    world_build_bar(&c, 0, IRQ_MEM, 0x1000, 0);
    world_build_bar(&c, 1, IRQ_MEM + 0x2000, 0x100, 0);
    world_build_bar(&c, 2, IRQ_MEM + 0x1000, 0x1000, 0);
    card_msix(&c, MSIX, 4, 0x002, 0xff2);
    irq_begin(&w, &c, NULL, NULL);
    assert_true(kept(&w));
    assert_true(mem_at(&w, world_bar_addr(&w, 0), IRQ_MEM, 0x1000));
    assert_true(mem_at(&w, world_bar_addr(&w, 1), IRQ_MEM + 0x2000, 0x1000));
    assert_false(any_mem(&w, world_bar_addr(&w, 2)));
    assert_true(world_close(&w));
}

/*
 * Regions on top of each other are no bus's; what an operating system says is
 * believed all the same, but for this.
 */
static void test_a_region_over_the_tables_is_cut(void **state)
{
    static const struct {
        uint64_t addr, size;    /* of BAR 0; BAR 2 has a table of 4 pages */
        uint64_t off, trapped;  /* at 20000, and pending bits behind it */
    } t[] = {
        { 0x10000, 0x8000, 0, 0 },
        { 0x20000, 0x10000, 0, 0x5000 },
        { 0x22000, 0x2000, 0, 0x2000 },
        { 0x24000, 0x4000, 0, 0x1000 },
        { 0x00000, 0x40000, 0x20000, 0x5000 },
    };

    (void)state;
    for (unsigned i = 0; i < COUNT(t); i++) {
        struct pt_window win[PT_REGION_TRAPS];
        struct capture c;
        struct world w;

        world_build(&c);
        world_build_bar(&c, 0, IRQ_MEM + t[i].addr, t[i].size, 0);
        world_build_bar(&c, 2, IRQ_MEM + 0x20000, 0x8000, 0);
        card_msix(&c, MSIX, 1024, 0x002, 0x4002);
        world_init(&w, &c, NULL, NULL);
        assert_true(world_attach(&w));
        assert_int_equal(pt_region_windows(w.d, 0, win), t[i].trapped != 0);
        if (t[i].trapped) {
            assert_int_equal(win[0].offset, t[i].off);
            assert_int_equal(win[0].size, t[i].trapped);
        }
        wr32(&w, PCI_BASE_ADDRESS_0, 0xd0000000);
        world_decode(&w, true);
        assert_true(kept(&w));
        assert_int_equal(any_mem(&w, 0xd0000000 + t[i].size - 0x1000),
                         t[i].off + t[i].trapped != t[i].size);
        assert_true(world_close(&w));
    }
}

/* A BAR without an address in the host is nowhere. */
static void test_an_unassigned_bar_is_not_near(void **state)
{
    struct pt_window win[PT_REGION_TRAPS];
    struct capture c;
    struct world w;

    (void)state;
    world_build(&c);
    world_build_bar(&c, 0, 0, 0x10000, 0);
    world_build_bar(&c, 1, CARD_PORTS, CARD_NUM_PORTS, PT_REGION_IO);
    world_build_bar(&c, 2, IRQ_MEM, 0x1000, 0);
    card_msix(&c, MSIX, 4, 0x002, 0x802);
    irq_begin(&w, &c, NULL, NULL);
    assert_int_equal(pt_region_windows(w.d, 0, win), 0);
    assert_int_equal(pt_region_windows(w.d, 1, win), 0);
    assert_int_equal(pt_region_windows(w.d, 2, win), 1);
    assert_true(world_close(&w));

    world_build_bar(&c, 0, 0x1000, 0x1000, 0);
    world_build_bar(&c, 2, 0, 0x4000, 0);
    card_msix(&c, MSIX, 4, 0x1002, 0x1802);
    irq_begin(&w, &c, NULL, NULL);
    assert_int_equal(pt_region_windows(w.d, 0, win), 0);
    assert_int_equal(pt_region_windows(w.d, 2, win), 0);
    assert_true(world_close(&w));

    /* Address 0 is none, and ports are no memory. */
    world_build_bar(&c, 0, 0, 0x10000, 0);
    world_build_bar(&c, 1, 0x2000, 0x100, PT_REGION_IO);
    world_build_bar(&c, 2, 0x2000, 0x1000, 0);
    card_msix(&c, MSIX, 4, 0x002, 0x802);
    irq_begin(&w, &c, NULL, NULL);
    assert_int_equal(pt_region_windows(w.d, 0, win), 0);
    assert_int_equal(pt_region_windows(w.d, 1, win), 0);
    assert_int_equal(pt_region_windows(w.d, 2, win), 1);
    assert_true(world_close(&w));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_company_is_what_touches_the_page),
        cmocka_unit_test(test_only_a_small_region_has_company),
        cmocka_unit_test(test_the_table_is_not_mapped_through_another_bar),
        cmocka_unit_test(test_pending_bits_are_not_mapped_through_another_bar),
        cmocka_unit_test(test_a_page_away_from_the_table_is_mapped),
        cmocka_unit_test(test_a_region_over_the_tables_is_cut),
        cmocka_unit_test(test_an_unassigned_bar_is_not_near),
    };

    return cmocka_run_group_tests_name("pages", tests, NULL, NULL);
}
