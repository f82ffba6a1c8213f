/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lessons: BARs, their sizing and what is mapped where. */
#include "lib-card.h"

/* Where decoding off is no mapping at once. */
static void with_strict_card(struct world *w)
{
    struct capture c;

    card(&c);
    begin(w, &c, POLICY(strict));
}

/* ------------------------------------------------------------------ */
/* Registers                                                           */

/* Only a full dword of ones was taken for sizing; bytes did not arrive. */
static void test_1_2_1_bars_take_bytes_and_words(void **state)
{
    struct world w;
    unsigned i;

    (void)state;
    with_card(&w);
    for (i = 0; i < 4; i++) {
        wr8(&w, BAR(0) + i, 0xff);
    }
    assert_int_equal(rd32(&w, BAR(0)), ~(uint32_t)(CARD_MEM_SIZE - 1));
    wr16(&w, BAR(1), 0xffff);
    wr16(&w, BAR(1) + 2, 0xffff);
    assert_int_equal(rd32(&w, BAR(1)) & 0xffff, 0xffe1);
    wr8(&w, BAR(0) + 3, 0xc0);
    wr8(&w, BAR(0) + 2, 0x12);
    wr16(&w, BAR(0), 0x8000);
    assert_int_equal(rd32(&w, BAR(0)), 0xc0128000);
    wr16(&w, BAR(1), 0x2000);
    wr16(&w, BAR(1) + 2, 0);
    wr16(&w, PCI_COMMAND, DECODE);
    assert_true(mem_at(&w, 0xc0128000, CARD_MEM, CARD_MEM_SIZE));
    assert_true(ports_at(&w, 0x2000, CARD_PORTS, CARD_NUM_PORTS));
    /* A byte moves it, while it is decoded. */
    wr8(&w, BAR(0) + 3, 0xd0);
    assert_true(mem_at(&w, 0xd0128000, CARD_MEM, CARD_MEM_SIZE));
    assert_true(world_close(&w));
}

/* A guest could set an address that is not a multiple of the size. */
static void test_1_2_1_addresses_are_aligned_to_the_size(void **state)
{
    struct world w;

    (void)state;
    with_card(&w);
    wr32(&w, BAR(0), 0xc0007ff7);
    assert_int_equal(rd32(&w, BAR(0)), 0xc0000000);
    wr8(&w, BAR(0) + 1, 0x7f);
    assert_int_equal(rd32(&w, BAR(0)), 0xc0000000);
    wr32(&w, BAR(1), 0x201f);
    assert_int_equal(rd32(&w, BAR(1)), 0x2001);
    wr32(&w, PCI_ROM_ADDRESS, 0xc100fffe);
    assert_int_equal(rd32(&w, PCI_ROM_ADDRESS), 0xc1000000);
    assert_true(world_close(&w));
}

/* No read of a BAR needs the device, and no write reaches it. */
static void test_1_2_1_bars_are_all_emulated(void **state)
{
    struct world w;
    unsigned n;

    (void)state;
    with_card(&w);
    place_and_decode(&w);
    sim_dev_forget(&w.sim.dev);
    for (n = 0; n < PT_NUM_BARS; n++) {
        wr32(&w, BAR(n), 0xd0000000);
        rd32(&w, BAR(n));
        rd16(&w, BAR(n) + 2);
    }
    assert_int_equal(w.sim.dev.count.reads + w.sim.dev.count.writes, 0);
    assert_true(world_close(&w));
}

/* I/O that begins at 0 or leaves 64 KiB is no error: it is not mapped. */
static void test_1_2_1_io_at_0_or_beyond_64k_is_not_mapped(void **state)
{
    struct world w;

    (void)state;
    with_card(&w);
    wr16(&w, PCI_COMMAND, PCI_COMMAND_IO);
    assert_int_equal(w.sim.xen.num_ports, 0);
    wr32(&w, BAR(1), 0x00010000);
    assert_int_equal(w.sim.xen.num_ports, 0);
    wr32(&w, BAR(1), 0x80002000);
    assert_int_equal(w.sim.xen.num_ports, 0);
    wr32(&w, BAR(1), 0xffc0);
    assert_true(ports_at(&w, 0xffc0, CARD_PORTS, CARD_NUM_PORTS));
    wr32(&w, BAR(1), 0);
    assert_int_equal(w.sim.xen.num_ports, 0);
    assert_int_equal(map_calls(&w), 2);
    assert_true(world_close(&w));
}

/* Every sizing probe was logged as a bad address. */
static void test_1_2_1_sizing_logs_nothing(void **state)
{
    struct world w;
    unsigned n, lines;

    (void)state;
    with_card(&w);
    place_and_decode(&w);
    lines = w.sim.bus.num_lines;
    for (n = 0; n < PT_NUM_REGIONS; n++) {
        world_bar_size(&w, n);
    }
    wr32(&w, BAR(1), 0xffff);
    assert_int_equal(w.sim.bus.num_lines, lines);
    assert_true(world_close(&w));
}

/*
 * An I/O address with bit 2 set was read as the type "64-bit", and the next
 * BAR vanished.
 */
static void test_1_2_2_io_bar_with_bit_2_set_is_not_64_bit(void **state)
{
    struct capture c;
    struct world w;

    (void)state;
    world_build(&c);
    world_build_bar(&c, 0, 0x3004, 4, PT_REGION_IO);
    world_build_bar(&c, 1, CARD_MEM, CARD_MEM_SIZE, 0);
    begin(&w, &c, NULL);
    assert_int_equal(world_bar_size(&w, 0), 4);
    assert_int_equal(world_bar_size(&w, 1), CARD_MEM_SIZE);
    wr32(&w, BAR(0), 0x2004);
    wr32(&w, BAR(1), 0xc0000000);
    assert_int_equal(rd32(&w, BAR(0)), 0x2005);
    assert_int_equal(rd32(&w, BAR(1)), 0xc0000000);
    wr16(&w, PCI_COMMAND, DECODE);
    assert_true(ports_at(&w, 0x2004, 0x3004, 4));
    assert_true(mem_at(&w, 0xc0000000, CARD_MEM, CARD_MEM_SIZE));
    assert_true(world_close(&w));
}

/* Removal unmapped what had never been mapped. */
static void test_1_2_3_what_is_not_mapped_is_not_unmapped(void **state)
{
    struct world w;

    (void)state;
    with_strict_card(&w);
    world_detach(&w);
    assert_int_equal(map_calls(&w), 0);
    assert_true(world_close(&w));

    with_strict_card(&w);
    wr32(&w, BAR(0), 0xc0000000);
    wr16(&w, PCI_COMMAND, PCI_COMMAND_MEMORY);
    wr16(&w, PCI_COMMAND, 0);
    assert_int_equal(map_calls(&w), 2);
    world_detach(&w);
    assert_int_equal(map_calls(&w), 2);
    assert_true(world_close(&w));
}

/* The upper half read 0: systems that size 64 bits at once got nonsense. */
static void test_1_2_4_upper_half_is_read_and_written(void **state)
{
    struct world w;

    (void)state;
    with_card(&w);
    assert_int_equal(rd32(&w, BAR(2)), 0xc);
    wr32(&w, BAR(2), UINT32_MAX);
    wr32(&w, BAR(3), UINT32_MAX);
    assert_int_equal(rd32(&w, BAR(2)), ~(uint32_t)(CARD_MEM64_SIZE - 1) | 0xc);
    assert_int_equal(rd32(&w, BAR(3)), UINT32_MAX);
    wr32(&w, BAR(3), 0x12345678);
    assert_int_equal(rd32(&w, BAR(3)), 0x12345678);
    wr8(&w, BAR(3) + 1, 0xab);
    assert_int_equal(rd32(&w, BAR(3)), 0x1234ab78);
    assert_true(world_close(&w));
}

/*
 * Flag bits came along with libpci's addresses, and were taken for part of
 * them.
 */
static void test_1_2_5_no_flag_bits_in_what_is_mapped(void **state)
{
    struct world w;
    unsigned i;

    (void)state;
    with_card(&w);
    place_and_decode(&w);
    assert_int_equal(w.sim.xen.num_mem, 3);
    for (i = 0; i < w.sim.xen.num_mem; i++) {
        uint64_t host = w.sim.xen.mem[i].host << PT_PAGE_SHIFT;

        assert_true(host == CARD_MEM || host == CARD_MEM64 ||
                    host == CARD_ROM);
    }
    assert_int_equal(w.sim.xen.num_ports, 1);
    assert_int_equal(w.sim.xen.ports[0].host, CARD_PORTS);
    /* The types are there to be read all the same. */
    assert_int_equal(rd32(&w, BAR(0)) & 0xf, 0);
    assert_int_equal(rd32(&w, BAR(1)) & 0x3, PCI_BASE_ADDRESS_SPACE_IO);
    assert_int_equal(rd32(&w, BAR(2)) & 0xf,
                     PCI_BASE_ADDRESS_MEM_TYPE_64 |
                     PCI_BASE_ADDRESS_MEM_PREFETCH);
    assert_true(world_close(&w));
}

/* Ports were compared with memory, prefetchable not with other memory. */
static void test_1_2_6_overlap_is_of_one_address_space(void **state)
{
    struct world w;

    (void)state;
    with_card(&w);
    wr32(&w, BAR(0), 0x8000);
    wr32(&w, BAR(1), 0x8000);
    wr32(&w, BAR(2), 0x10000);
    wr16(&w, PCI_COMMAND, DECODE);
    assert_true(mem_at(&w, 0x8000, CARD_MEM, CARD_MEM_SIZE));
    assert_true(ports_at(&w, 0x8000, CARD_PORTS, CARD_NUM_PORTS));
    assert_true(mem_at(&w, 0x10000, CARD_MEM64, CARD_MEM64_SIZE));
    /* Nor do ports at rest make room for memory. */
    wr16(&w, PCI_COMMAND, PCI_COMMAND_MEMORY);
    wr32(&w, BAR(0), 0x20000);
    wr32(&w, BAR(0), 0x8000);
    assert_true(mem_at(&w, 0x8000, CARD_MEM, CARD_MEM_SIZE));
    assert_true(ports_at(&w, 0x8000, CARD_PORTS, CARD_NUM_PORTS));
    /* Prefetchable and other memory do meet. */
    wr32(&w, BAR(0), 0x18000);
    assert_false(mem_at(&w, 0x18000, CARD_MEM, CARD_MEM_SIZE));
    assert_true(mem_at(&w, 0x10000, CARD_MEM64, CARD_MEM64_SIZE));
    assert_true(world_close(&w));
}

/* ------------------------------------------------------------------ */
/* Mapping                                                             */

/*
 * A system that resumes writes Command before the BARs; mappings followed
 * writes of Command alone.
 */
static void test_1_2_7_a_bar_moves_while_it_is_decoded(void **state)
{
    struct world w;

    (void)state;
    with_card(&w);
    wr16(&w, PCI_COMMAND, DECODE);
    wr32(&w, BAR(0), 0xc0000000);
    assert_true(mem_at(&w, 0xc0000000, CARD_MEM, CARD_MEM_SIZE));
    wr32(&w, BAR(0), 0xd0000000);
    assert_true(mem_at(&w, 0xd0000000, CARD_MEM, CARD_MEM_SIZE));
    assert_false(any_mem(&w, 0xc0000000));
    wr32(&w, BAR(1), 0x2000);
    wr32(&w, BAR(1), 0x4000);
    assert_true(ports_at(&w, 0x4000, CARD_PORTS, CARD_NUM_PORTS));
    assert_null(sim_xen_port(&w.sim.xen, 0x2000));
    assert_true(world_close(&w));
}

/* The first repair of 7 mapped all BARs anew at each write of one. */
static void test_1_2_8_only_the_written_bar_is_mapped_anew(void **state)
{
    struct world w;
    struct world_cost c;

    (void)state;
    with_card(&w);
    place_and_decode(&w);
    c = world_cost(&w);
    wr32(&w, BAR(0), 0xd0000000);
    c = world_cost_since(&w, &c);
    assert_int_equal(c.calls[SIM_UNMAP_MEMORY], 1);
    assert_int_equal(c.calls[SIM_MAP_MEMORY], 1);
    assert_int_equal(c.hypercalls, 2);
    assert_int_equal(c.reads + c.writes, 0);
    assert_true(world_close(&w));
}

/* And it looked at a copy of Command that had only some of the bits. */
static void test_1_2_8_the_copy_of_command_is_complete(void **state)
{
    const uint16_t all = DECODE | PCI_COMMAND_MASTER | PCI_COMMAND_PARITY |
        PCI_COMMAND_SERR | PCI_COMMAND_DISABLE_INTx;
    struct world w;

    (void)state;
    with_strict_card(&w);
    wr16(&w, PCI_COMMAND, all);
    assert_int_equal(rd16(&w, PCI_COMMAND), all);
    wr32(&w, BAR(0), 0xc0000000);
    assert_true(any_mem(&w, 0xc0000000));
    /* Half of the register keeps the other half. */
    wr8(&w, PCI_COMMAND + 1, 0);
    assert_int_equal(rd16(&w, PCI_COMMAND), all & 0xff);
    assert_true(any_mem(&w, 0xc0000000));
    assert_int_equal(map_calls(&w), 1);
    wr8(&w, PCI_COMMAND, PCI_COMMAND_MASTER);
    assert_false(any_mem(&w, 0xc0000000));
    assert_true(world_close(&w));
}

/* All ones were mapped, over the guest's own memory now and then. */
static void test_1_2_9_sizing_does_not_change_the_mapping(void **state)
{
    struct world w;
    struct world_cost c;
    uint32_t rom;
    unsigned n;

    (void)state;
    with_card(&w);
    place_and_decode(&w);
    rom = rd32(&w, PCI_ROM_ADDRESS);
    c = world_cost(&w);
    for (n = 0; n < PT_NUM_REGIONS; n++) {
        unsigned reg = n == PT_ROM ? PCI_ROM_ADDRESS : BAR(n);
        uint32_t was = rd32(&w, reg);

        wr32(&w, reg, UINT32_MAX);
        wr32(&w, reg, was);
    }
    wr32(&w, PCI_ROM_ADDRESS, 0xfffff800 | PCI_ROM_ADDRESS_ENABLE);
    wr32(&w, PCI_ROM_ADDRESS, rom);
    wr16(&w, BAR(1), 0xffff);
    wr16(&w, BAR(1), WORLD_PORTS);
    /* The halves of a 64-bit BAR at once, low half first and last. */
    wr32(&w, BAR(2), UINT32_MAX);
    wr32(&w, BAR(3), UINT32_MAX);
    wr32(&w, BAR(3), WORLD_MEM64 >> 32);
    wr32(&w, BAR(2), (uint32_t)WORLD_MEM64);
    wr32(&w, BAR(3), UINT32_MAX);
    wr32(&w, BAR(2), UINT32_MAX);
    wr32(&w, BAR(2), (uint32_t)WORLD_MEM64);
    wr32(&w, BAR(3), WORLD_MEM64 >> 32);
    c = world_cost_since(&w, &c);
    assert_int_equal(c.hypercalls, 0);
    assert_int_equal(c.lines, 0);
    assert_true(mem_at(&w, WORLD_MEM64, CARD_MEM64, CARD_MEM64_SIZE));
    /* Decoders that go on meanwhile map nothing there either. */
    wr32(&w, BAR(0), UINT32_MAX);
    wr16(&w, PCI_COMMAND, 0);
    wr16(&w, PCI_COMMAND, PCI_COMMAND_MEMORY);
    assert_false(any_mem(&w, 0xffff8000));
    assert_true(world_close(&w));
}

/* A fixed table of trapped ranges: the 33rd ended the process. */
static void test_1_2_10_more_than_32_trapped_windows(void **state)
{
    enum { DEVICES = 7, BARS = 6 };
    static struct sim_dev more[DEVICES];
    struct pt_dev *d[DEVICES];
    struct pt_device_info info;
    struct pt_args args;
    struct capture c;
    struct world w;
    unsigned i, n;

    (void)state;
    world_build(&c);
    for (n = 0; n < BARS; n++) {
        world_build_bar(&c, n, CARD_MEM + 0x100 * n, 0x100,
                        PT_REGION_SHARED);
    }
    begin(&w, &c, NULL);
    for (i = 0; i < DEVICES; i++) {
        capture_info(&c, &info);
        info.addr.dev = (uint8_t)(i + 1);
        assert_int_equal(sim_dev_init(&more[i], &c, &info, NULL,
                                      &w.sim.bus.clock), 0);
        assert_int_equal(sim_xen_add(&w.sim.xen, &more[i]), 0);
        args = w.args;
        args.host = &more[i].pt;
        args.devfn = (uint8_t)((6 + i) << 3);
        d[i] = pt_attach(&args, &w.err);
        assert_non_null(d[i]);
        for (n = 0; n < BARS; n++) {
            pt_config_write(d[i], BAR(n),
                            (uint32_t)(0xc0000000 + 0x10000 * i + 0x1000 * n),
                            4);
        }
        pt_config_write(d[i], PCI_COMMAND, PCI_COMMAND_MEMORY, 2);
    }
    assert_int_equal(w.sim.bus.num_traps, DEVICES * BARS);
    sim_guest_mmio_write(&w.sim.bus, 0xc0065010, 4, 0x12345678);
    assert_int_equal(sim_guest_mmio_read(&w.sim.bus, 0xc0065010, 4),
                     0x12345678);
    assert_int_equal(sim_guest_mmio_read(&w.sim.bus, 0xc0055010, 4), 0);
    for (i = 0; i < DEVICES; i++) {
        pt_detach(d[i]);
        sim_xen_remove(&w.sim.xen, &more[i]);
        sim_dev_fini(&more[i]);
    }
    assert_int_equal(w.sim.bus.num_traps, 0);
    assert_true(world_close(&w));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_1_2_1_bars_take_bytes_and_words),
        cmocka_unit_test(test_1_2_1_addresses_are_aligned_to_the_size),
        cmocka_unit_test(test_1_2_1_bars_are_all_emulated),
        cmocka_unit_test(test_1_2_1_io_at_0_or_beyond_64k_is_not_mapped),
        cmocka_unit_test(test_1_2_1_sizing_logs_nothing),
        cmocka_unit_test(test_1_2_2_io_bar_with_bit_2_set_is_not_64_bit),
        cmocka_unit_test(test_1_2_3_what_is_not_mapped_is_not_unmapped),
        cmocka_unit_test(test_1_2_4_upper_half_is_read_and_written),
        cmocka_unit_test(test_1_2_5_no_flag_bits_in_what_is_mapped),
        cmocka_unit_test(test_1_2_6_overlap_is_of_one_address_space),
        cmocka_unit_test(test_1_2_7_a_bar_moves_while_it_is_decoded),
        cmocka_unit_test(test_1_2_8_only_the_written_bar_is_mapped_anew),
        cmocka_unit_test(test_1_2_8_the_copy_of_command_is_complete),
        cmocka_unit_test(test_1_2_9_sizing_does_not_change_the_mapping),
        cmocka_unit_test(test_1_2_10_more_than_32_trapped_windows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
