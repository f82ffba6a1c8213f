/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Windows of messages of a chip that has MSI-X, and not MSI. No such chip is
 * known: its rings are those of the ones that have MSI.
 */
#include "lib-ath.h"

#define ENTRIES 4u
#define ATH_BAR2 UINT64_C(0xf1000000)

static void ath_begin(const struct pt_policy *policy)
{
    struct capture c;

    world_build(&c);
    pt_store(c.cfg + PCI_VENDOR_ID, 0x17cb, 2);
    pt_store(c.cfg + PCI_DEVICE_ID, 0x1103, 2);
    world_build_bar(&c, 0, ATH_BAR0, ATH_SIZE, PT_REGION_64);
    world_build_bar(&c, 2, ATH_BAR2, 0x20000, PT_REGION_64);
    card_pm(&c, PM, 3, 0);
    add_msix(&c, ENTRIES, 0x2002);
    irq_begin(&w, &c, policy, NULL);
}

/* All entries have ADDRESS, and VECTOR and on. */
static void start_with(const struct pt_policy *policy)
{
    ath_begin(policy);
    entries_program(&w, ENTRIES);
    msix_on(&w);
}

static void start(void)
{
    start_with(NULL);
}

static const struct sim_pirq *entry(unsigned i)
{
    const struct sim_pirq *p = pirq_of(&w, SIM_PIRQ_MSIX, i);

    assert_non_null(p);
    return p;
}

static void is_guests(uint32_t ring, uint32_t data)
{
    assert_int_equal(has(ring), ADDRESS);
    assert_int_equal(has(ring + 8), data);
}

/* ------------------------------------------------------------------ */
/* The driver                                                          */

static void without_the_window_none_is_heard(void **state)
{
    const struct pt_policy policy = without();

    (void)state;
    start_with(&policy);
    set_ring(RING, ADDRESS, VECTOR + 1);
    is_guests(RING, VECTOR + 1);
    assert_int_equal(sim_ath_interrupt(&w.sim.dev, RING), SIM_SENT);
    assert_int_equal(messages(&w), 0);
    world_fini(&w);
}

static void each_ring_has_an_entry_of_its_own(void **state)
{
    unsigned i;

    (void)state;
    start();
    for (i = 0; i < COUNT(rings); i++) {
        set_ring(rings[i], ADDRESS, VECTOR + i % ENTRIES);
    }
    for (i = 0; i < COUNT(rings); i++) {
        assert_int_equal(has(rings[i]), entry(i % ENTRIES)->addr);
        assert_int_equal(has(rings[i] + 8), entry(i % ENTRIES)->data);
        assert_true(ring_hears(rings[i], VECTOR + i % ENTRIES));
    }
    assert_true(hears(&w, 2, VECTOR + 2));
    assert_true(world_close(&w));
}

static void an_entry_that_has_another_message_is_known_by_that(void **state)
{
    (void)state;
    start();
    entry_mask(&w, 1, true);
    entry_write(&w, 1, 0, ADDRESS + 0x1000);
    entry_write(&w, 1, 2, VECTOR);
    entry_mask(&w, 1, false);
    set_ring(RING, ADDRESS + 0x1000, VECTOR);
    set_ring(rings[1], ADDRESS, VECTOR);
    assert_int_equal(has(RING), entry(1)->addr);
    assert_int_equal(has(RING + 8), entry(1)->data);
    assert_int_equal(has(rings[1]), entry(0)->addr);
    assert_int_equal(has(rings[1] + 8), entry(0)->data);
    assert_true(world_close(&w));
}

/* ------------------------------------------------------------------ */
/* Address and data                                                    */

/* Of whom it is, is known with its data; half a message goes nowhere. */
static void an_address_waits_for_its_data(void **state)
{
    (void)state;
    start();
    put(RING, 4, 0x1111);
    put(RING + 8, 4, 0x2222);
    put(RING, 4, ADDRESS);
    put(RING + 4, 4, SIM_ATH_ENABLE);
    assert_int_equal(has(RING), 0x1111);
    assert_int_equal(has(RING + 4), SIM_ATH_ENABLE);
    put(RING + 8, 4, VECTOR + 3);
    assert_int_equal(has(RING), entry(3)->addr);
    assert_int_equal(has(RING + 8), entry(3)->data);
    /* Data alone are data. */
    put(RING + 8, 4, VECTOR + 1);
    assert_int_equal(has(RING + 8), VECTOR + 1);
    assert_true(world_close(&w));
}

static void what_is_no_message_is_the_guests_own(void **state)
{
    (void)state;
    start();
    put(RING, 4, ADDRESS);
    put(RING + 8, 4, VECTOR + ENTRIES);
    is_guests(RING, VECTOR + ENTRIES);
    /* Not an address, after all. */
    put(RING, 4, 0);
    put(RING, 4, ADDRESS);
    put(RING, 4, 0x3333);
    assert_int_equal(has(RING), 0x3333);
    put(RING + 8, 4, VECTOR);
    assert_int_equal(has(RING + 8), VECTOR);
    /* Two addresses: the first had no data. */
    put(RING, 4, ADDRESS);
    put(rings[1], 4, ADDRESS);
    assert_int_equal(has(RING), ADDRESS);
    put(RING + 8, 4, VECTOR);
    assert_int_equal(has(RING + 8), VECTOR);
    put(rings[1] + 8, 4, VECTOR);
    assert_int_equal(has(rings[1] + 8), entry(0)->data);
    assert_true(world_close(&w));
}

static void other_widths(void **state)
{
    (void)state;
    start();
    put(RING, 8, UINT64_C(0x10000000000) | ADDRESS);
    assert_int_equal(has(RING), 0);
    assert_int_equal(has(RING + 4), SIM_ATH_ENABLE);
    put(RING + 8, 8, UINT64_C(0x4000000000) | (VECTOR + 1));
    assert_int_equal(has(RING), entry(1)->addr);
    assert_int_equal(has(RING + 8), entry(1)->data);
    assert_int_equal(has(RING + 12), 0x40);
    /* Bytes of what is held back. */
    put(RING, 4, ADDRESS);
    put(RING + 2, 2, 0x1234);
    assert_int_equal(has(RING), 0x12340000 | (ADDRESS & 0xffff));
    put(RING + 8, 4, VECTOR);
    assert_int_equal(has(RING + 8), VECTOR);
    put(RING + 0x102, 4, ADDRESS);  /* unaligned: dropped */
    assert_int_equal(has(RING + 0x100), 0);
    assert_int_equal(has(RING + 0x104), 0);
    assert_true(world_close(&w));
}

/* ------------------------------------------------------------------ */
/* What Xen has                                                        */

static void only_bound_entries_count(void **state)
{
    (void)state;
    ath_begin(NULL);
    entry_program(&w, 0, VECTOR);
    entry_message(&w, 1, VECTOR + 1);
    set_ring(RING, ADDRESS, VECTOR);
    is_guests(RING, VECTOR);
    msix_on(&w);
    set_ring(RING, ADDRESS, VECTOR + 1);
    is_guests(RING, VECTOR + 1);
    set_ring(RING, ADDRESS, VECTOR);
    assert_true(ring_hears(RING, VECTOR));
    /* It was bound when the address came, and is not with the data. */
    put(rings[1], 4, ADDRESS);
    msix_off(&w);
    put(rings[1] + 8, 4, VECTOR);
    is_guests(rings[1], VECTOR);
    /* Nobody looked at what the device has for others. */
    assert_int_equal(logged(&w, "none for an APIC"), 0);
    assert_true(world_close(&w));
}

/* The upper half is the driver's to write, and not looked at. */
static void an_address_above_4_gib_is_none(void **state)
{
    (void)state;
    start();
    entry_mask(&w, 1, true);
    entry_write(&w, 1, 0, ADDRESS + 0x1000);
    entry_write(&w, 1, 1, 0x100);
    entry_mask(&w, 1, false);
    assert_true(entry_bound(&w, 1));
    put(RING, 4, ADDRESS + 0x1000);
    assert_int_equal(has(RING), ADDRESS + 0x1000);
    put(RING + 8, 4, VECTOR + 1);
    assert_int_equal(has(RING + 8), VECTOR + 1);
    assert_true(world_close(&w));
}

static void a_reset_forgets_half_a_message(void **state)
{
    (void)state;
    start();
    put(RING, 4, ADDRESS);
    pt_reset(w.d);
    place_and_decode(&w);
    entries_program(&w, ENTRIES);
    msix_on(&w);
    put(RING + 8, 4, VECTOR);
    assert_int_equal(has(RING), 0);
    assert_int_equal(has(RING + 8), VECTOR);
    put(RING, 4, ADDRESS);
    assert_int_equal(logged(&w, "can't access"), 0);
    assert_true(world_close(&w));
}

static void a_device_that_lies_gets_the_guests_own(void **state)
{
    unsigned i;

    (void)state;
    start();
    for (i = 0; i < 2; i++) {
        w.sim.dev.msix.table[4] = i ? 0xfee00000 : 0x12345678;
        w.sim.dev.msix.table[5] = i;
        set_ring(RING, ADDRESS, VECTOR + 1);
        is_guests(RING, VECTOR + 1);
    }
    assert_int_equal(logged(&w, "none for an APIC"), 1);
    for (i = 1; i <= 3; i++) {
        sim_fault_at(&w.sim.dev.mmio_fault, i, EIO);
        put(RING, 4, ADDRESS);
        put(RING + 8, 4, VECTOR);
        is_guests(RING, VECTOR);
    }
    set_ring(RING, ADDRESS, VECTOR);
    assert_true(ring_hears(RING, VECTOR));
    world_fini(&w);
}

static void what_it_costs(void **state)
{
    struct world_cost then, c;

    (void)state;
    start();
    then = world_cost(&w);
    put(RING, 4, ADDRESS);
    c = world_cost_since(&w, &then);
    assert_int_equal(c.mmio, 0);
    put(RING + 8, 4, VECTOR + 3);
    c = world_cost_since(&w, &then);
    /* The entry's three dwords, and the two registers. */
    assert_int_equal(c.mmio, 5);
    put(RING + 0x20, 4, 1);
    c = world_cost_since(&w, &then);
    assert_int_equal(c.mmio, 6);
    assert_int_equal(c.reads + c.writes + c.hypercalls + c.lines, 0);
    assert_true(world_close(&w));
}

/* ------------------------------------------------------------------ */
/* By chance                                                           */

#define WORDS 16u

/* What the device has to have, by the rules above and no code of hw/. */
static struct model {
    uint32_t word[WORDS];  /* from RING on */
    bool holds;
    unsigned at;           /* the word that is held back */
    uint32_t held;
} m;

static bool is_address(uint32_t val)
{
    return val == ADDRESS;
}

static void write_model(unsigned i, uint32_t val)
{
    unsigned n = val - VECTOR;

    if (is_address(val)) {
        if (m.holds) {
            m.word[m.at] = m.held;
        }
        m.holds = true;
        m.at = i;
        m.held = val;
        return;
    }
    m.word[i] = val;
    if (m.holds && i == m.at + 2) {
        m.word[m.at] = n < ENTRIES ? (uint32_t)entry(n)->addr : m.held;
        m.word[i] = n < ENTRIES ? entry(n)->data : val;
        m.holds = false;
    } else if (m.holds && i == m.at) {
        m.holds = false;
    }
}

static void a_message_is_replaced_if_it_is_an_entrys(void **state)
{
    struct world_rng r = { .state = 7 };
    unsigned step, i, n;
    uint32_t val[2];

    (void)state;
    start();
    memset(&m, 0, sizeof(m));
    for (step = 0; step < world_rounds(4000); step++) {
        n = 1 + (world_random(&r) % 4 == 0);
        i = world_random(&r) % WORDS & ~(n - 1);
        for (unsigned k = 0; k < n; k++) {
            val[k] = world_random(&r) % 3 == 0 ? ADDRESS :
                VECTOR + world_random(&r) % (ENTRIES + 2);
            write_model(i + k, val[k]);
        }
        put(RING + 4 * i, 4 * n, val[0] | (n == 2 ? (uint64_t)val[1] << 32 :
                                           0));
        for (unsigned k = 0; k < WORDS; k++) {
            if (has(RING + 4 * k) != m.word[k]) {
                fail_msg("step %u, word %u: %#x, not %#x", step, k,
                         has(RING + 4 * k), m.word[k]);
            }
        }
    }
    assert_true(world_close(&w));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_the_window_none_is_heard),
        cmocka_unit_test(each_ring_has_an_entry_of_its_own),
        cmocka_unit_test(an_entry_that_has_another_message_is_known_by_that),
        cmocka_unit_test(an_address_waits_for_its_data),
        cmocka_unit_test(what_is_no_message_is_the_guests_own),
        cmocka_unit_test(other_widths),
        cmocka_unit_test(only_bound_entries_count),
        cmocka_unit_test(an_address_above_4_gib_is_none),
        cmocka_unit_test(a_reset_forgets_half_a_message),
        cmocka_unit_test(a_device_that_lies_gets_the_guests_own),
        cmocka_unit_test(what_it_costs),
        cmocka_unit_test(a_message_is_replaced_if_it_is_an_entrys),
    };

    return cmocka_run_group_tests_name("windows_msix", tests, NULL, NULL);
}
