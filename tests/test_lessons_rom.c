/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lessons: the expansion ROM. */
#include <errno.h>

#include "lib-lessons.h"

#define ROM PCI_ROM_ADDRESS
#define ENABLE PCI_ROM_ADDRESS_ENABLE
#define GUEST_ROM 0xc1000000u
#define PM 0x40

static void with_card(struct world *w)
{
    struct capture c;

    card(&c);
    begin(w, &c, NULL);
}

static bool rom_mapped(const struct world *w)
{
    return mem_at(w, GUEST_ROM, CARD_ROM, CARD_ROM_SIZE);
}

/* An enable bit that was set at attach made the region one of ports. */
static void test_1_3_1_an_enabled_rom_is_memory(void **state)
{
    struct capture c;
    struct world w;

    (void)state;
    card(&c);
    c.cfg[ROM] |= ENABLE;
    begin(&w, &c, NULL);
    assert_int_equal(rd32(&w, ROM), 0);
    wr32(&w, ROM, GUEST_ROM | ENABLE);
    assert_int_equal(rd32(&w, ROM), GUEST_ROM | ENABLE);
    wr16(&w, PCI_COMMAND, PCI_COMMAND_IO);
    assert_int_equal(w.sim.xen.num_ports + w.sim.xen.num_mem, 0);
    wr16(&w, PCI_COMMAND, PCI_COMMAND_MEMORY);
    assert_true(rom_mapped(&w));
    assert_true(world_close(&w));
}

/* The ROM's register was 0: the guest's firmware could not read it. */
static void test_1_3_2_a_rom_register_of_0_gets_the_systems_address(
    void **state)
{
    struct capture c;
    struct world w;

    (void)state;
    card(&c);
    world_init(&w, &c, NULL, NULL);
    sim_dev_poke(&w.sim.dev, ROM, 4, 0);
    assert_true(world_attach(&w));
    assert_int_equal(dev(&w, ROM, 4), CARD_ROM);
    wr32(&w, ROM, GUEST_ROM | ENABLE);
    wr16(&w, PCI_COMMAND, PCI_COMMAND_MEMORY);
    assert_int_equal(sim_guest_mmio_read(&w.sim.bus, GUEST_ROM, 2), 0xaa55);
    assert_true(world_close(&w));
}

/* What is written there is an address: no flag, and no enable bit yet. */
static void test_1_3_3_the_address_is_written_without_flags(void **state)
{
    struct capture c;
    struct world w;

    (void)state;
    card(&c);
    pt_store(c.cfg + ROM, 0xe3000000 | ENABLE, 4);
    world_init(&w, &c, NULL, NULL);
    assert_true(world_attach(&w));
    assert_int_equal(dev(&w, ROM, 4), CARD_ROM);
    assert_int_equal(sim_dev_last_write(&w.sim.dev, 0)->len, 2);
    assert_true(world_close(&w));
}

/* After D3hot the ROM got the snapshot's value, which had no address. */
static void test_1_3_4_a_reset_restores_the_systems_address(void **state)
{
    struct capture c;
    struct world w;

    (void)state;
    card(&c);
    card_pm(&c, PM, 0x0003, 0);
    world_init(&w, &c, POLICY(power_mgmt), NULL);
    sim_dev_poke(&w.sim.dev, ROM, 4, 0);
    assert_true(world_attach(&w));
    world_power(&w, 3);
    world_power(&w, 0);
    rd16(&w, PCI_COMMAND);
    assert_int_equal(w.sim.dev.count.resets, 1);
    assert_int_equal(dev(&w, ROM, 4), CARD_ROM);
    wr32(&w, ROM, GUEST_ROM | ENABLE);
    wr16(&w, PCI_COMMAND, PCI_COMMAND_MEMORY);
    assert_int_equal(sim_guest_mmio_read(&w.sim.bus, GUEST_ROM, 2), 0xaa55);
    assert_true(world_close(&w));
}

/* Mapped without its enable bit, or the bit taken for part of the size. */
static void test_1_3_5_mapped_if_decoded_and_enabled(void **state)
{
    struct world w;

    (void)state;
    with_card(&w);
    wr16(&w, PCI_COMMAND, PCI_COMMAND_MEMORY);
    wr32(&w, ROM, GUEST_ROM);
    assert_int_equal(w.sim.xen.num_mem, 0);
    wr8(&w, ROM, ENABLE);
    assert_int_equal(rd32(&w, ROM), GUEST_ROM | ENABLE);
    assert_true(rom_mapped(&w));
    wr16(&w, PCI_COMMAND, 0);
    wr8(&w, ROM, 0);
    assert_int_equal(w.sim.xen.num_mem, 0);
    wr8(&w, ROM, ENABLE);
    assert_int_equal(w.sim.xen.num_mem, 0);
    wr16(&w, PCI_COMMAND, PCI_COMMAND_MEMORY);
    assert_true(rom_mapped(&w));
    wr8(&w, ROM, 0);
    assert_int_equal(rd32(&w, ROM), GUEST_ROM);
    assert_int_equal(w.sim.xen.num_mem, 0);
    assert_int_equal(w.sim.xen.notes.count, 0);
    assert_true(world_close(&w));
}

/* A smallest ROM: no bit of its address is behind the enable bit. */
static void test_1_3_5_the_enable_bit_of_a_2_kib_rom(void **state)
{
    struct capture c;
    struct world w;

    (void)state;
    world_build(&c);
    world_build_bar(&c, PT_ROM, CARD_ROM, 0x800, 0);
    begin(&w, &c, NULL);
    assert_int_equal(world_bar_size(&w, PT_ROM), PT_PAGE_SIZE);
    wr32(&w, ROM, UINT32_MAX);
    assert_int_equal(rd32(&w, ROM), 0xfffff001);
    wr32(&w, ROM, GUEST_ROM | ENABLE);
    wr16(&w, PCI_COMMAND, PCI_COMMAND_MEMORY);
    assert_true(mem_at(&w, GUEST_ROM, CARD_ROM, PT_PAGE_SIZE));
    assert_true(world_close(&w));
}

/* The device never sees the guest's address, in none of the widths. */
static void test_rom_enable_goes_with_the_devices_own_address(void **state)
{
    struct world w;
    unsigned i;

    (void)state;
    with_card(&w);
    wr32(&w, ROM, GUEST_ROM);
    wr8(&w, ROM + 3, 0xd1);
    wr16(&w, ROM + 2, GUEST_ROM >> 16);
    wr32(&w, ROM, 0xfffff800);
    wr32(&w, ROM, GUEST_ROM);
    assert_int_equal(w.sim.dev.num_writes, 0);
    wr32(&w, ROM, GUEST_ROM | ENABLE);
    assert_int_equal(dev(&w, ROM, 4), CARD_ROM | ENABLE);
    wr32(&w, ROM, GUEST_ROM);
    assert_int_equal(dev(&w, ROM, 4), CARD_ROM);
    wr8(&w, ROM, ENABLE);
    assert_int_equal(dev(&w, ROM, 4), CARD_ROM | ENABLE);
    wr16(&w, ROM, 0);
    assert_int_equal(dev(&w, ROM, 4), CARD_ROM);
    /* Unaligned, across two registers. */
    wr32(&w, ROM - 1, 0x00000100 * ENABLE);
    assert_int_equal(dev(&w, ROM, 4), CARD_ROM | ENABLE);
    for (i = 0; i < w.sim.dev.num_writes; i++) {
        const struct sim_write *x = sim_dev_last_write(&w.sim.dev, i);

        assert_int_equal(x->changed[1] | x->changed[2] | x->changed[3], 0);
    }
    assert_true(world_close(&w));
}

/* Devices with a ROM kept the guest from starting. */
static void test_field_1_6_a_rom_that_fails_costs_the_rom(void **state)
{
    struct world w;
    uint32_t refused;

    (void)state;
    with_card(&w);
    world_place_all(&w);
    sim_fault_at(&w.sim.xen.kind_fault[SIM_MAP_MEMORY], 3, ENOMEM);
    world_decode(&w, true);
    assert_int_equal(w.sim.xen.num_mem, 2);
    assert_int_equal(w.sim.xen.num_ports, 1);
    /* And not tried again for the same address: the guest can't help it. */
    world_decode(&w, true);
    refused = rd32(&w, ROM);
    wr32(&w, ROM, refused);
    assert_int_equal(w.sim.xen.calls[SIM_MAP_MEMORY], 3);
    /* Another address is another try. */
    wr32(&w, ROM, 0xd1000000 | ENABLE);
    assert_true(mem_at(&w, 0xd1000000, CARD_ROM, CARD_ROM_SIZE));
    /* And the way back as well. */
    wr32(&w, ROM, refused);
    assert_true(mem_at(&w, refused & ~1u, CARD_ROM, CARD_ROM_SIZE));
    assert_true(world_close(&w));
}

static void test_field_1_6_an_impossible_rom_does_not_fail_the_attach(
    void **state)
{
    struct capture c;
    struct world w;

    (void)state;
    card(&c);
    world_init(&w, &c, NULL, NULL);
    w.sim.dev.pt.info.region[PT_ROM].size = 0x12345;
    assert_true(world_attach(&w));
    assert_int_equal(world_bar_size(&w, PT_ROM), 0);
    assert_int_equal(world_bar_size(&w, 0), CARD_MEM_SIZE);
    assert_true(world_close(&w));
}

/* QEMU has six windows for what is trapped, and this was the seventh. */
static void test_a_rom_that_shares_its_page_was_trapped(void **state)
{
    struct capture c;
    struct world w;

    (void)state;
    card(&c);
    world_build_bar(&c, PT_ROM, CARD_ROM + 0x800, 0x800, PT_REGION_SHARED);
    begin(&w, &c, NULL);
    assert_int_equal(world_bar_size(&w, PT_ROM), 0);
    wr32(&w, ROM, GUEST_ROM | ENABLE);
    assert_int_equal(rd32(&w, ROM), 0);
    wr16(&w, PCI_COMMAND, PCI_COMMAND_MEMORY);
    assert_int_equal(w.sim.bus.trap_calls, 0);
    assert_int_equal(w.sim.xen.num_mem, 0);
    assert_int_equal(dev(&w, ROM, 4), CARD_ROM + 0x800);
    assert_true(world_close(&w));
}

/* It has a size and no place on the host: the guest sees none. */
static void test_field_1_6_an_unassigned_rom_is_not_mapped(void **state)
{
    struct capture c;
    struct world w;

    (void)state;
    card(&c);
    world_init(&w, &c, NULL, NULL);
    w.sim.dev.pt.info.region[PT_ROM].addr = 0;
    sim_dev_poke(&w.sim.dev, ROM, 4, 0);
    assert_true(world_attach(&w));
    assert_int_equal(world_bar_size(&w, PT_ROM), 0);
    place_and_decode(&w);
    assert_int_equal(w.sim.xen.num_mem, 2);
    assert_true(world_close(&w));
}

/* A ROM that the host has not placed was enabled, to be decoded at 0. */
static void test_an_unassigned_rom_is_not_enabled(void **state)
{
    struct capture c;
    struct world w;

    (void)state;
    card(&c);
    c.region[PT_ROM].addr = 0;
    pt_store(c.cfg + ROM, 0, 4);
    begin(&w, &c, NULL);
    wr32(&w, ROM, GUEST_ROM | ENABLE);
    wr16(&w, PCI_COMMAND, PCI_COMMAND_MEMORY);
    assert_int_equal(dev(&w, ROM, 4), 0);
    assert_false(written(&w, ROM, 4));
    assert_true(world_close(&w));
}

static void test_field_1_6_the_rom_can_be_switched_off(void **state)
{
    struct capture c;
    struct world w;

    (void)state;
    card(&c);
    begin(&w, &c, POLICY(no_rom));
    wr32(&w, ROM, UINT32_MAX);
    assert_int_equal(rd32(&w, ROM), 0);
    wr16(&w, PCI_COMMAND, PCI_COMMAND_MEMORY);
    assert_int_equal(w.sim.xen.num_mem, 0);
    assert_int_equal(dev(&w, ROM, 4) & ENABLE, 0);
    assert_true(world_close(&w));
}

/* An enabled ROM takes the decoder that some devices share with BAR 0. */
static void test_field_1_6_the_enable_bit_is_not_left_on(void **state)
{
    struct capture c;
    struct world w;

    (void)state;
    card(&c);
    c.cfg[ROM] |= ENABLE;
    begin(&w, &c, NULL);
    assert_int_equal(dev(&w, ROM, 4), CARD_ROM);
    wr32(&w, ROM, GUEST_ROM | ENABLE);
    wr16(&w, PCI_COMMAND, PCI_COMMAND_MEMORY);
    assert_int_equal(dev(&w, ROM, 4), CARD_ROM | ENABLE);
    pt_reset(w.d);
    assert_int_equal(dev(&w, ROM, 4), CARD_ROM);
    assert_int_equal(rd32(&w, ROM), 0);
    assert_int_equal(w.sim.xen.num_mem, 0);
    wr32(&w, ROM, GUEST_ROM | ENABLE);
    wr16(&w, PCI_COMMAND, PCI_COMMAND_MEMORY);
    assert_true(rom_mapped(&w));
    world_detach(&w);
    assert_int_equal(dev(&w, ROM, 4), CARD_ROM);
    assert_true(world_close(&w));
}

/* edk2 switches a ROM off by 0xfffffffe, which was taken for sizing. */
static void test_rom_switched_off_by_fffffffe_stayed_on(void **state)
{
    static const uint32_t off[] = { 0xfffffffe, 0xfffff800, 0 };
    struct world w;
    unsigned i;

    (void)state;
    for (i = 0; i < COUNT(off); i++) {
        with_card(&w);
        wr16(&w, PCI_COMMAND, PCI_COMMAND_MEMORY);
        wr32(&w, ROM, GUEST_ROM | ENABLE);
        assert_int_equal(dev(&w, ROM, 4), CARD_ROM | ENABLE);
        wr16(&w, PCI_COMMAND, 0);
        wr32(&w, ROM, off[i]);
        assert_int_equal(dev(&w, ROM, 4), CARD_ROM);
        assert_false(rom_mapped(&w));
        assert_true(world_close(&w));
    }
    /* All ones are for its size, whatever its bit 0 says. */
    with_card(&w);
    wr16(&w, PCI_COMMAND, PCI_COMMAND_MEMORY);
    wr32(&w, ROM, GUEST_ROM | ENABLE);
    wr32(&w, ROM, 0xffffffff);
    assert_int_equal(dev(&w, ROM, 4), CARD_ROM | ENABLE);
    assert_true(rom_mapped(&w));
    wr32(&w, ROM, GUEST_ROM);
    wr32(&w, ROM, 0xffffffff);
    assert_int_equal(dev(&w, ROM, 4), CARD_ROM);
    assert_true(world_close(&w));
}

/* The write of its enable bit failed, and it was mapped all the same. */
static void test_rom_was_mapped_that_the_device_does_not_decode(void **state)
{
    struct world w;

    (void)state;
    with_card(&w);
    wr16(&w, PCI_COMMAND, PCI_COMMAND_MEMORY);
    sim_fault_always(&w.sim.dev.config_fault, EIO);
    wr32(&w, ROM, GUEST_ROM | ENABLE);
    sim_fault_clear(&w.sim.dev.config_fault);
    assert_int_equal(dev(&w, ROM, 4) & ENABLE, 0);
    assert_false(rom_mapped(&w));
    /* With the next access it is tried again. */
    wr16(&w, PCI_COMMAND, 0);
    wr16(&w, PCI_COMMAND, PCI_COMMAND_MEMORY);
    assert_int_equal(dev(&w, ROM, 4) & ENABLE, ENABLE);
    assert_true(rom_mapped(&w));
    assert_true(world_close(&w));
}

/* One failed call at detach, and the next owner found the ROM decoding. */
static void test_rom_was_left_on_by_one_failed_write(void **state)
{
    struct world w;
    unsigned n;

    (void)state;
    for (n = 1; n < 8; n++) {
        with_card(&w);
        wr16(&w, PCI_COMMAND, PCI_COMMAND_MEMORY);
        wr32(&w, ROM, GUEST_ROM | ENABLE);
        sim_fault_at(&w.sim.dev.config_fault, n, EIO);
        world_detach(&w);
        sim_fault_clear(&w.sim.dev.config_fault);
        assert_int_equal(dev(&w, ROM, 4) & ENABLE, 0);
        world_fini(&w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rom_switched_off_by_fffffffe_stayed_on),
        cmocka_unit_test(
            test_rom_was_mapped_that_the_device_does_not_decode),
        cmocka_unit_test(test_rom_was_left_on_by_one_failed_write),
        cmocka_unit_test(test_1_3_1_an_enabled_rom_is_memory),
        cmocka_unit_test(
            test_1_3_2_a_rom_register_of_0_gets_the_systems_address),
        cmocka_unit_test(test_1_3_3_the_address_is_written_without_flags),
        cmocka_unit_test(test_1_3_4_a_reset_restores_the_systems_address),
        cmocka_unit_test(test_1_3_5_mapped_if_decoded_and_enabled),
        cmocka_unit_test(test_1_3_5_the_enable_bit_of_a_2_kib_rom),
        cmocka_unit_test(test_rom_enable_goes_with_the_devices_own_address),
        cmocka_unit_test(test_field_1_6_a_rom_that_fails_costs_the_rom),
        cmocka_unit_test(
            test_field_1_6_an_impossible_rom_does_not_fail_the_attach),
        cmocka_unit_test(test_a_rom_that_shares_its_page_was_trapped),
        cmocka_unit_test(test_field_1_6_an_unassigned_rom_is_not_mapped),
        cmocka_unit_test(test_an_unassigned_rom_is_not_enabled),
        cmocka_unit_test(test_field_1_6_the_rom_can_be_switched_off),
        cmocka_unit_test(test_field_1_6_the_enable_bit_is_not_left_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
