/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Windows of ports: an index, and data. */
#include "lib-gpu.h"

/* The device's ports of index and data, where the guest has them. */
static uint32_t index_port(void)
{
    bool nvidia = dev(&w, PCI_VENDOR_ID, 2) == 0x10de;

    return (uint32_t)world_bar_addr(&w, nvidia ? 5 : 4) + (nvidia ? 8 : 0);
}

static uint32_t indexed_read(uint32_t index, unsigned width)
{
    sim_guest_io_write(&w.sim.bus, index_port(), 4, index);
    return sim_guest_io_read(&w.sim.bus, index_port() + 4, width);
}

static void indexed_write(uint32_t index, unsigned width, uint32_t val)
{
    sim_guest_io_write(&w.sim.bus, index_port(), 4, index);
    sim_guest_io_write(&w.sim.bus, index_port() + 4, width, val);
}

/* A video BIOS looks up where its BARs are. */
static void a_video_bios_finds_the_hosts_addresses_or_the_guests(void **state)
{
    const struct pt_policy nvidia = with("nvidia-config-ports");
    const struct pt_policy amd = with("amd-config-ports");

    (void)state;
    gpu_begin(NULL);
    assert_int_equal(indexed_read(0x88010, 4), (uint32_t)GPU_BAR0);
    assert_int_equal(indexed_read(0x1810, 4), (uint32_t)GPU_BAR0);
    indexed_write(0x88004, 2, 0);
    assert_int_equal(dev(&w, PCI_COMMAND, 2) & PCI_COMMAND_MEMORY, 0);
    world_fini(&w);
    gpu_begin(&nvidia);
    assert_int_equal(indexed_read(0x88010, 4), rd32(&w, PCI_BASE_ADDRESS_0));
    assert_int_equal(indexed_read(0x1810, 4), rd32(&w, PCI_BASE_ADDRESS_0));
    /* The chip looks at dwords. */
    assert_int_equal(indexed_read(0x88013, 4), rd32(&w, PCI_BASE_ADDRESS_0));
    indexed_write(0x88004, 2, 0);
    assert_int_not_equal(dev(&w, PCI_COMMAND, 2) & PCI_COMMAND_MEMORY, 0);
    assert_true(world_close(&w));
    radeon_begin(0x20000, NULL);
    assert_int_equal(indexed_read(0x4014, 4), dev(&w, PCI_BASE_ADDRESS_1, 4));
    assert_true(world_close(&w));
    radeon_begin(0x20000, &amd);
    assert_int_equal(indexed_read(0x4014, 4), rd32(&w, PCI_BASE_ADDRESS_1));
    assert_true(world_close(&w));
}

static void what_is_elsewhere_is_the_devices(void **state)
{
    const struct pt_policy policy = with("nvidia-config-ports");
    uint32_t port;

    (void)state;
    gpu_begin(&policy);
    port = (uint32_t)world_bar_addr(&w, 5);
    /* Ports beside them are mapped; the window is not. */
    assert_true(sim_xen_port(&w.sim.xen, port) &&
                sim_xen_port(&w.sim.xen, port + 7) &&
                !sim_xen_port(&w.sim.xen, port + 8) &&
                !sim_xen_port(&w.sim.xen, port + 15) &&
                sim_xen_port(&w.sim.xen, port + 16) &&
                sim_xen_port(&w.sim.xen, port + 127));
    indexed_write(0x2000, 4, 0x12345678);
    assert_int_equal(indexed_read(0x2000, 4), 0x12345678);
    assert_int_equal(indexed_read(0x2000, 1), 0x78);
    assert_int_equal(sim_guest_io_read(&w.sim.bus, index_port(), 4), 0x2000);
    assert_int_equal(sim_guest_io_read(&w.sim.bus, index_port() + 6, 2),
                     0x1234);
    /* Where index and data meet is nobody's. */
    sim_guest_io_write(&w.sim.bus, index_port() + 2, 4, 0);
    assert_int_equal(sim_guest_io_read(&w.sim.bus, index_port() + 2, 4),
                     UINT32_MAX);
    assert_int_equal(chip.index, 0x2000);
    /* At the ends of what is configuration space. */
    indexed_write(0x87ffc, 4, 0x11111111);
    indexed_write(0x89000, 4, 0x22222222);
    indexed_write(0x17fc, 4, 0x33333333);
    indexed_write(0x1900, 4, 0x44444444);
    assert_int_equal(indexed_read(0x87ffc, 4), 0x11111111);
    assert_int_equal(indexed_read(0x89000, 4), 0x22222222);
    assert_int_equal(indexed_read(0x17fc, 4), 0x33333333);
    assert_int_equal(indexed_read(0x1900, 4), 0x44444444);
    assert_true(world_close(&w));
}

/* The last owner's index, which may lead to configuration space. */
static void an_index_that_the_guest_has_not_written_leads_nowhere(void **state)
{
    const struct pt_policy policy = with("nvidia-config-ports");
    uint32_t before;
    unsigned i;

    (void)state;
    gpu_begin(&policy);
    for (i = 0; i < 2; i++) {
        chip.index = 0x88000 + PCI_COMMAND;
        before = dev(&w, PCI_COMMAND, 2);
        sim_guest_io_write(&w.sim.bus, index_port() + 4, 2, 0);
        assert_int_equal(dev(&w, PCI_COMMAND, 2), before);
        assert_int_equal(sim_guest_io_read(&w.sim.bus, index_port() + 4, 4),
                         UINT32_MAX);
        sim_guest_io_write(&w.sim.bus, index_port(), 1, PCI_COMMAND);
        sim_guest_io_write(&w.sim.bus, index_port() + 4, 2, 0);
        assert_int_equal(dev(&w, PCI_COMMAND, 2), before);
        /* Byte by byte it is an index as any other. */
        sim_guest_io_write(&w.sim.bus, index_port() + 1, 1, 0x80);
        sim_guest_io_write(&w.sim.bus, index_port() + 2, 2, 0x0008);
        assert_int_equal(sim_guest_io_read(&w.sim.bus, index_port() + 4, 2),
                         rd16(&w, PCI_COMMAND));
        pt_reset(w.d);
        place_and_decode(&w);
    }
    assert_true(world_close(&w));
}

static void a_bus_without_port_traps_says_so(void **state)
{
    const struct pt_policy policy = with("nvidia-config-ports");
    struct pt_bus_ops ops;
    struct capture c;

    (void)state;
    gpu(&c);
    world_init(&w, &c, &policy, NULL);
    ops = *w.sim.bus.pt.ops;
    ops.traps_ports = false;
    w.sim.bus.pt.ops = &ops;
    sim_nvidia(&chip, &w.sim.dev);
    assert_true(world_attach(&w));
    assert_int_equal(logged(&w, "nvidia-config-ports is not in force: this "
                            "device model traps no ports"), 1);
    place_and_decode(&w);
    assert_int_equal(w.sim.bus.num_traps, 0);
    assert_int_equal(indexed_read(0x88010, 4), (uint32_t)GPU_BAR0);
    assert_true(world_close(&w));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            a_video_bios_finds_the_hosts_addresses_or_the_guests),
        cmocka_unit_test(what_is_elsewhere_is_the_devices),
        cmocka_unit_test(
            an_index_that_the_guest_has_not_written_leads_nowhere),
        cmocka_unit_test(a_bus_without_port_traps_says_so),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
