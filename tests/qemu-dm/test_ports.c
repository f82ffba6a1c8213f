/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Windows of ports, on the tree's dispatch. */
#include "card.h"
#include "lib-machine.h"
#include "lib-windows.h"

#include "pt-ports.h"

#define AT 0x28                /* on the guest's bus */
#define OTHER PCI_DEVFN(3, 0)  /* an emulated device */
#define MEM 0xe0000000u
#define PORTS 0xc000u
#define INDEX (PORTS + 8)
#define DATA (PORTS + 12)

static struct sim_chip chip;

static void place_ports(uint32_t port)
{
    tree_write(AT, PCI_BASE_ADDRESS_5, port, 4);
}

/* A graphics card whose window is in force, with its BARs. */
static void give(const char *more)
{
    struct capture c;

    gpu(&c);
    c.addr = (struct pt_sbdf) { .bus = 3 };
    sim_nvidia(&chip, tree_add_host(&c));
    write_conf("[all]\nwindow = nvidia-config-ports\n");
    assert_int_equal(tree_insert("0000:03:00.0@28%s", more), AT);
    unlink(tree.conf_path);
    tree_write(AT, PCI_BASE_ADDRESS_0, MEM, 4);
    place_ports(PORTS);
    tree_write(AT, PCI_COMMAND, PCI_COMMAND_IO | PCI_COMMAND_MEMORY, 2);
}

static uint32_t indexed(uint32_t port, uint32_t index, int len)
{
    tree_port_write(port, index, 4);
    return tree_port_read(port + 4, len);
}

static bool leads(uint32_t port)
{
    return indexed(port, 0x88010, 4) == MEM;
}

static void ports_lead_to_the_guests_registers(void **state)
{
    (void)state;
    give("");
    assert_true(leads(INDEX));
    assert_int_equal(indexed(INDEX, 0x88010, 2), MEM & 0xffff);
    assert_int_equal(tree_port_read(DATA + 3, 1), MEM >> 24);
    tree_port_write(INDEX, 0x88000 + PCI_COMMAND, 4);
    tree_port_write(DATA, 0, 2);
    assert_int_equal(tree_read(AT, PCI_COMMAND, 2), 0);
    assert_int_equal(sim_dev_peek(chip.dev, PCI_COMMAND, 2) & 3, 3);
}

static void what_is_beside_them_is_the_devices(void **state)
{
    (void)state;
    give("");
    for (uint32_t at = 0; at < 0x80; at++) {
        assert_int_equal(sim_xen_port(&tree.xen, PORTS + at) != NULL,
                         at < 8 || at >= 16);
    }
    tree_port_write(INDEX, 0x2000, 4);
    tree_port_write(DATA, 0x12345678, 4);
    assert_int_equal(tree_port_read(DATA, 4), 0x12345678);
    assert_int_equal(tree_port_read(DATA + 2, 2), 0x1234);
    /* One access, which is not aligned; not two, which are. */
    assert_int_equal(tree_port_read(DATA + 1, 2), 0xffff);
    tree_port_write(DATA + 1, 0, 2);
    tree_port_write(DATA + 2, 0, 4);
    assert_int_equal(tree_port_read(DATA, 4), 0x12345678);
}

static void they_go_where_the_bar_goes(void **state)
{
    (void)state;
    give("");
    place_ports(0xd000);
    assert_true(leads(0xd008));
    assert_int_equal(tree_port_read(INDEX, 4), UINT32_MAX);
    assert_int_equal(tree_port_read(INDEX, 2), 0xffff);
    tree_port_write(INDEX, 0x2000, 4);
    assert_int_equal(chip.index, 0x88010);
    place_ports(PORTS);
    assert_true(leads(INDEX));
    /* decoding is off: it rests, until the BAR is elsewhere */
    tree_write(AT, PCI_COMMAND, PCI_COMMAND_MEMORY, 2);
    assert_int_equal(tree_port_read(INDEX, 4), 0x88010);
    place_ports(0xd000);
    assert_int_equal(tree_port_read(INDEX, 4), UINT32_MAX);
    tree_write(AT, PCI_COMMAND, PCI_COMMAND_IO | PCI_COMMAND_MEMORY, 2);
    assert_true(leads(0xd008));
    assert_true(tree_remove("0000:03:00.0", AT));
    assert_int_equal(tree_port_read(0xd008, 4), UINT32_MAX);
}

static void strict_takes_them_with_decoding(void **state)
{
    (void)state;
    give(",strict=1");
    assert_true(leads(INDEX));
    tree_write(AT, PCI_COMMAND, PCI_COMMAND_MEMORY, 2);
    assert_int_equal(tree_port_read(INDEX, 4), UINT32_MAX);
}

static void a_bar_is_moved_through_its_own_window(void **state)
{
    (void)state;
    give("");
    tree_port_write(INDEX, 0x88000 + PCI_BASE_ADDRESS_5, 4);
    tree_port_write(DATA, 0xd000, 4);
    assert_true(leads(0xd008));
    assert_int_equal(tree_port_read(DATA, 4), UINT32_MAX);
}

/* Whoever registers over another's ports ends the process. */
static void the_pcs_ports_are_left_alone(void **state)
{
    static const uint32_t at[] = {
        0x0000, 0x01e0, 0x0380, 0x1080, 0x1100, 0x1f00, 0x1f60, 0xaf00,
        0xaf80, 0xb000, 0xb040, 0xff80,
    };

    (void)state;
    give("");
    for (unsigned i = 0; i < COUNT(at); i++) {
        place_ports(at[i]);
        assert_false(tree.exited);
    }
    place_ports(0xe000);
    assert_true(leads(0xe008));
}

/* Nor does an emulated device that comes over them. */
static void an_emulated_device_comes_and_goes(void **state)
{
    (void)state;
    give("");
    tree_move_ports(OTHER, PORTS, 0x40);
    assert_false(tree.exited);
    tree_port_write(INDEX, 0x5a, 1);
    assert_int_equal(tree_port_byte, 0x5a);
    /* where it is ours can't be placed, */
    place_ports(0xd000);
    place_ports(PORTS);
    assert_false(tree.exited);
    tree_port_write(INDEX, 0xa5, 1);
    assert_int_equal(tree_port_byte, 0xa5);
    /* and once it is gone ours is back with the next write of Command */
    tree_move_ports(OTHER, UINT32_MAX, 0x40);
    tree_write(AT, PCI_COMMAND, 0, 2);
    tree_write(AT, PCI_COMMAND, PCI_COMMAND_IO | PCI_COMMAND_MEMORY, 2);
    assert_true(leads(INDEX));
}

/* One that registers bytes has words, too, where a window was once. */
static void where_a_window_was_the_tree_is_as_before(void **state)
{
    (void)state;
    give("");
    place_ports(0xd000);
    tree_move_ports(OTHER, PORTS, 0x40);
    tree_port_byte = 0x12;
    assert_int_equal(tree_port_read(INDEX, 2), 0x1212);
    tree_port_write(INDEX, 0x5634, 2);
    assert_int_equal(tree_port_byte, 0x56);
    assert_int_equal(tree_port_read(INDEX, 4), UINT32_MAX);
    tree_port_write(INDEX, 0, 4);
    assert_int_equal(tree_port_byte, 0x56);
}

static void there_are_so_many_windows(void **state)
{
    static struct pt_trap trap[PT_PORTS_WINDOWS + 1];

    (void)state;
    for (unsigned i = 0; i <= PT_PORTS_WINDOWS; i++) {
        trap[i] = (struct pt_trap) { .gpa = 0xc000 + 8 * i, .size = 8 };
        assert_int_equal(pt_ports_on(&trap[i]),
                         i < PT_PORTS_WINDOWS ? 0 : -ENOSPC);
    }
    pt_ports_off(&trap[3]);
    assert_int_equal(pt_ports_on(&trap[PT_PORTS_WINDOWS]), 0);
    trap[3].gpa = 0xfffc;
    assert_int_equal(pt_ports_on(&trap[3]), -EBUSY);
    trap[3].gpa = UINT64_C(0x10000);
    assert_int_equal(pt_ports_on(&trap[3]), -EBUSY);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(ports_lead_to_the_guests_registers),
        TEST(what_is_beside_them_is_the_devices),
        TEST(they_go_where_the_bar_goes),
        TEST(strict_takes_them_with_decoding),
        TEST(a_bar_is_moved_through_its_own_window),
        TEST(the_pcs_ports_are_left_alone),
        TEST(an_emulated_device_comes_and_goes),
        TEST(where_a_window_was_the_tree_is_as_before),
        TEST(there_are_so_many_windows),
    };

    return cmocka_run_group_tests_name("qemu-dm ports", tests, NULL, NULL);
}
