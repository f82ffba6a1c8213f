/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * MSI-X's table by the back door: Realtek's RTL8168 has registers for an address
 * and data that lead there. The sequences are those of the trace in QEMU's
 * hw/vfio/pci-quirks.c.
 */
#include "lib-irq.h"
#include "sim-window.h"

#define ENTRIES 4
#define ERIDR 0x70u
#define ERIAR 0x74u
#define WRITE 0x80000000u
#define TABLE 0x0001f000u  /* all bytes */

static struct world w;
static struct sim_chip chip;

/* As ACRN's issue 1222 shows one: registers in BAR 2, the table in BAR 4. */
static void nic(struct capture *c, bool msix)
{
    world_build(c);
    pt_store(c->cfg + PCI_VENDOR_ID, 0x10ec, 2);
    pt_store(c->cfg + PCI_DEVICE_ID, 0x8168, 2);
    world_build_bar(c, 0, 0xd000, 0x100, PT_REGION_IO);
    world_build_bar(c, 2, UINT64_C(0x91304000), 0x1000, PT_REGION_64);
    world_build_bar(c, 4, UINT64_C(0x91300000), 0x4000,
                    PT_REGION_64 | PT_REGION_PREFETCH);
    card_pm(c, PM, 3, 0);
    if (msix) {
        card_msix(c, MSIX, ENTRIES, 4, 0x804);
    }
}

static struct pt_policy with(void)
{
    return (struct pt_policy) {
        .windows = UINT32_C(1) << pt_window_number("rtl8168-table"),
    };
}

static void nic_open(const struct pt_policy *policy)
{
    struct capture c;

    nic(&c, true);
    irq_init(&w, &c, policy, NULL);
    sim_rtl8168(&chip, &w.sim.dev);
    if (!world_attach(&w)) {
        fail_msg("%s", w.err.text);
    }
    place_and_decode(&w);
}

static void put(uint32_t off, unsigned width, uint64_t val)
{
    sim_guest_mmio_write(&w.sim.bus, world_bar_addr(&w, 2) + off, width, val);
}

static uint64_t get(uint32_t off, unsigned width)
{
    return sim_guest_mmio_read(&w.sim.bus, world_bar_addr(&w, 2) + off, width);
}

/* The driver waits for the flag. */
static uint32_t eri_read(uint32_t addr)
{
    put(ERIAR, 4, addr);
    assert_int_equal(get(ERIAR, 4), addr | WRITE);
    return (uint32_t)get(ERIDR, 4);
}

static void eri_write(uint32_t addr, uint32_t val)
{
    put(ERIDR, 4, val);
    put(ERIAR, 4, addr | WRITE);
    assert_int_equal(get(ERIAR, 4), addr);
}

/* ------------------------------------------------------------------ */
/* The driver                                                          */

/* It saves the table by the back door, and puts it back. */
static void save_and_restore(uint32_t saved[4])
{
    unsigned i;

    for (i = 0; i < 4; i++) {
        saved[i] = eri_read(TABLE + 4 * i);
    }
    for (i = 0; i < 4; i++) {
        eri_write(TABLE + 4 * i, saved[i]);
    }
}

static void without_the_window_xens_messages_are_the_drivers(void **state)
{
    uint32_t saved[4];

    (void)state;
    nic_open(NULL);
    assert_int_equal(w.sim.bus.num_traps, 1);  /* the table's */
    msix_on(&w);
    entry_program(&w, 0, VECTOR);
    assert_true(hears(&w, 0, VECTOR));
    save_and_restore(saved);
    assert_int_equal(saved[2], pirq_of(&w, SIM_PIRQ_MSIX, 0)->data);
    eri_write(TABLE, ADDRESS);
    eri_write(TABLE + 8, VECTOR);
    assert_false(hears(&w, 0, VECTOR));
    assert_int_equal(w.sim.xen.stray, 1);
    world_fini(&w);
}

static void behind_the_window_is_the_guests_table(void **state)
{
    const struct pt_policy policy = with();
    uint32_t saved[4];

    (void)state;
    nic_open(&policy);
    msix_on(&w);
    entry_program(&w, 0, VECTOR);
    save_and_restore(saved);
    assert_int_equal(saved[0], ADDRESS);
    assert_int_equal(saved[2], VECTOR);
    assert_true(hears(&w, 0, VECTOR));
    /* A vector that is set up this way alone. */
    eri_write(TABLE + 16, ADDRESS);
    eri_write(TABLE + 20, 0);
    eri_write(TABLE + 24, VECTOR + 1);
    eri_write(TABLE + 28, 0);
    assert_true(hears(&w, 1, VECTOR + 1));
    assert_int_equal(entry_read(&w, 1, 2), VECTOR + 1);
    assert_int_equal(chip.table_writes, 0);
    assert_true(world_close(&w));
}

static void other_spaces_are_the_chips(void **state)
{
    const struct pt_policy policy = with();
    unsigned i;

    (void)state;
    for (i = 0; i < 2; i++) {
        nic_open(i ? &policy : NULL);
        eri_write(0x0000f0e8, 0x12345678);
        assert_int_equal(eri_read(0x0000f0e8), 0x12345678);
        eri_write(0x000030e8, 0xaabbccdd);
        assert_int_equal(eri_read(0x0000f0e8), 0x1234ccdd);
        eri_read(TABLE);
        assert_int_equal(eri_read(0x0000f0e8), 0x1234ccdd);
        assert_int_equal(chip.other_writes, 2);
        put(0x40, 1, 0x5a);
        assert_int_equal(get(0x40, 1), 0x5a);
        assert_int_equal(w.sim.bus.num_traps, i ? 2 : 1);
        assert_true(world_close(&w));
    }
}

/* ------------------------------------------------------------------ */
/* Sides of it                                                         */

static void byte_enables_count(void **state)
{
    const struct pt_policy policy = with();

    (void)state;
    nic_open(&policy);
    eri_write(TABLE + 8, 0x11223344);
    eri_write(0x00013008, 0xaabbccdd);
    assert_int_equal(eri_read(TABLE + 8), 0x1122ccdd);
    eri_write(0x00010008, 0xffffffff);
    assert_int_equal(eri_read(TABLE + 8), 0x1122ccdd);
    assert_true(world_close(&w));
}

static void a_qword_is_both_registers(void **state)
{
    const struct pt_policy policy = with();

    (void)state;
    nic_open(&policy);
    put(ERIDR, 8, (uint64_t)(TABLE | WRITE | 8) << 32 | 0x55);
    assert_int_equal(entry_read(&w, 0, 2), 0x55);
    assert_int_equal(get(ERIDR, 8), (uint64_t)(TABLE | 8) << 32 | 0x55);
    assert_int_equal(get(ERIAR + 2, 2), TABLE >> 16);
    assert_int_equal(get(ERIDR, 1), 0x55);
    put(0x72, 4, 0xffffffff);  /* across both: nobody's */
    assert_int_equal(get(0x72, 4), UINT32_MAX);
    assert_int_equal(get(ERIDR, 8), (uint64_t)(TABLE | 8) << 32 | 0x55);
    assert_true(world_close(&w));
}

static void what_is_not_in_the_table_reads_0(void **state)
{
    const struct pt_policy policy = with();

    (void)state;
    nic_open(&policy);
    eri_write(TABLE + 16 * ENTRIES, 0x12345678);
    assert_int_equal(eri_read(TABLE + 16 * ENTRIES), 0);
    eri_write(TABLE + 0xffc, 0x12345678);
    assert_int_equal(eri_read(TABLE + 0xffc), 0);
    eri_write(TABLE + 2, 0x12345678);
    assert_int_equal(eri_read(TABLE + 2), 0);
    assert_int_equal(chip.table_writes + chip.other_writes, 0);
    assert_true(world_close(&w));
}

/* Byte by byte it is the same way; and the last owner's address is none. */
static void bytes_of_an_address_do_not_get_through(void **state)
{
    const struct pt_policy policy = with();

    (void)state;
    nic_open(&policy);
    chip.eriar = TABLE + 8;
    put(ERIDR, 4, 0xbad);
    put(ERIAR + 3, 1, 0x80);
    put(ERIAR + 2, 2, 0x8001);
    assert_int_equal(chip.table_writes, 0);
    put(ERIAR, 2, 0xf008);
    put(ERIAR + 2, 1, 0x01);
    put(ERIAR + 3, 1, 0x80);
    assert_int_equal(entry_read(&w, 0, 2), 0xbad);
    assert_int_equal(chip.table_writes, 0);
    put(ERIAR, 4, 0x0000f0e8);
    put(ERIAR + 3, 1, 0x80);
    assert_int_equal(chip.other_writes, 1);
    /* After a reset nobody knows again what the device has. */
    pt_reset(w.d);
    place_and_decode(&w);
    chip.eriar = TABLE + 8;
    put(ERIAR + 3, 1, 0x80);
    assert_int_equal(chip.table_writes, 0);
    assert_true(world_close(&w));
}

/* What completes an index that leads elsewhere is not all that it needs. */
static void a_part_does_not_complete_the_last_owners_address(void **state)
{
    const struct pt_policy policy = with();

    (void)state;
    nic_open(&policy);
    chip.eriar = TABLE + 8;
    put(ERIDR, 4, 0xbad);
    put(ERIAR, 2, 0xf008);
    put(ERIAR + 2, 1, 0);
    put(ERIAR + 3, 1, 0x80);
    assert_int_equal(chip.table_writes, 0);
    assert_int_equal(chip.other_writes, 1);
    assert_int_equal(chip.other[2], 0xbad);
    assert_true(world_close(&w));
}

static void a_part_does_not_complete_an_older_address(void **state)
{
    const struct pt_policy policy = with();

    (void)state;
    nic_open(&policy);
    put(ERIAR, 4, 0x0000f0e8);
    put(ERIAR, 4, TABLE | 8);
    put(ERIDR, 4, 0x1234);
    put(ERIAR + 2, 2, 0x8000);
    assert_int_equal(chip.other[2], 0x1234);
    assert_int_equal(chip.other[0xe8 / 4], 0);
    /* From here on the chip has it, and gets what is written. */
    put(ERIDR, 4, 0x5678);
    put(ERIAR + 2, 2, 0x8000);
    assert_int_equal(chip.other[2], 0x5678);
    assert_true(world_close(&w));
}

/* By a qword, too, the chip has the data that it takes to the next address. */
static void data_that_came_with_an_address_of_the_table(void **state)
{
    const struct pt_policy policy = with();

    (void)state;
    nic_open(&policy);
    put(ERIDR, 8, (uint64_t)(TABLE | WRITE | 8) << 32 | 0x77);
    put(ERIAR, 4, WRITE | 0x0000f0e8);
    assert_int_equal(chip.other[0xe8 / 4], 0x77);
    assert_int_equal(chip.table_writes, 0);
    assert_true(world_close(&w));
}

/* With the window and without it, the flag is the one that is left there. */
static void the_flag_of_what_is_done_starts_nothing(void **state)
{
    const struct pt_policy policy = with();
    unsigned i;

    (void)state;
    for (i = 0; i < 2; i++) {
        nic_open(i ? &policy : NULL);
        put(ERIDR, 4, 0x55);
        put(ERIAR, 4, TABLE | WRITE | 8);
        put(ERIDR, 4, 0x66);
        put(ERIAR, 2, 0xf018);
        assert_int_equal(get(ERIAR, 4), TABLE | WRITE | 0x18);
        assert_int_equal(get(ERIDR, 4), 0);
        assert_int_equal(eri_read(TABLE + 0x18), 0);
        assert_int_equal(eri_read(TABLE + 8), 0x55);
        world_fini(&w);
    }
}

static void a_hidden_table_stays_hidden(void **state)
{
    struct pt_policy policy = with();

    (void)state;
    pt_hide(&policy, PCI_CAP_ID_MSIX);
    nic_open(&policy);
    eri_write(TABLE, ADDRESS);
    assert_int_equal(eri_read(TABLE), 0);
    assert_int_equal(chip.table_writes, 0);
    assert_true(world_close(&w));
}

static void without_a_table_there_is_no_window(void **state)
{
    const struct pt_policy policy = with();
    struct capture c;

    (void)state;
    nic(&c, false);
    irq_init(&w, &c, &policy, NULL);
    assert_true(world_attach(&w));
    assert_int_equal(logged(&w, "rtl8168-table is not in force: the device "
                            "has no MSI-X table"), 1);
    place_and_decode(&w);
    assert_int_equal(w.sim.bus.num_traps, 0);
    assert_true(world_close(&w));
}

/* Xen before 4.19 keeps masks to itself; this way it does not see them. */
static void a_mask_by_the_back_door_tells_nothing_of_xen(void **state)
{
    const struct pt_policy policy = with();

    (void)state;
    nic_open(&policy);
    msix_on(&w);
    entry_program(&w, 0, VECTOR);
    eri_write(TABLE + 12, 1);
    assert_false(w.d->irq->hears_masks);
    assert_true(world_close(&w));
}

/* ------------------------------------------------------------------ */
/* By chance                                                           */

static uint32_t an_address(struct world_rng *r)
{
    uint32_t space = world_random(r) % 4;

    return (world_random(r) & 0x8000f0ff) | space << 16;
}

static void a_chip_lives(uint64_t seed)
{
    struct world_rng r = { .state = seed };
    const struct pt_policy policy = with();
    unsigned i, n, steps = world_rounds(500);

    nic_open(&policy);
    chip.eriar = an_address(&r);
    for (i = 0; i < steps; i++) {
        unsigned width = 1u << world_random(&r) % 4;
        uint32_t off = ERIDR + world_random(&r) % (9 - width);
        uint64_t val = world_random(&r) | (uint64_t)an_address(&r) << 32;

        switch (world_random(&r) % 4) {
        case 0:
            put(ERIAR, 4, an_address(&r));
            break;
        case 1:
            get(off, width);
            break;
        default:
            put(off, width, off >= ERIAR ?
                val >> 32 >> (8 * (off - ERIAR)) : val);
        }
        assert_int_equal(chip.table_writes, 0);
    }
    for (n = 0; n < 4 * ENTRIES; n++) {
        assert_int_equal(eri_read(TABLE + 4 * n), entry_read(&w, n / 4, n % 4));
    }
    assert_true(world_close(&w));
}

static void no_way_leads_to_the_devices_table(void **state)
{
    uint64_t seed;

    (void)state;
    for (seed = 1; seed <= 50; seed++) {
        a_chip_lives(seed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_the_window_xens_messages_are_the_drivers),
        cmocka_unit_test(behind_the_window_is_the_guests_table),
        cmocka_unit_test(other_spaces_are_the_chips),
        cmocka_unit_test(byte_enables_count),
        cmocka_unit_test(a_qword_is_both_registers),
        cmocka_unit_test(what_is_not_in_the_table_reads_0),
        cmocka_unit_test(bytes_of_an_address_do_not_get_through),
        cmocka_unit_test(a_part_does_not_complete_the_last_owners_address),
        cmocka_unit_test(a_part_does_not_complete_an_older_address),
        cmocka_unit_test(data_that_came_with_an_address_of_the_table),
        cmocka_unit_test(the_flag_of_what_is_done_starts_nothing),
        cmocka_unit_test(a_hidden_table_stays_hidden),
        cmocka_unit_test(without_a_table_there_is_no_window),
        cmocka_unit_test(a_mask_by_the_back_door_tells_nothing_of_xen),
        cmocka_unit_test(no_way_leads_to_the_devices_table),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
