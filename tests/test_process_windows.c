/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hosts/process: windows of a graphics card, of ports first of all. */
#include "lib-process-guest.h"
#include "lib-temp.h"
#include "lib-windows.h"

#define GPU 0x18u                       /* where it is on the guest's bus */
#define BAR0 PCI_BASE_ADDRESS_0
#define BAR5 PCI_BASE_ADDRESS_5
#define MEM 0xe0000000u                 /* where the guest has its BARs */
#define PORTS 0xc000u
#define INDEX (PORTS + 8)               /* the window's two */
#define DATA (PORTS + 12)

static struct sim_chip chip;

static int setup_gpu(void **state)
{
    int rc = setup_with(state, gpu);

    if (rc == 0) {
        sim_nvidia(&chip, &((struct box *)*state)->sim.dev);
    }
    return rc;
}

#define CONF_PORTS "[all]\nwindow = nvidia-config-ports\n"
#define CONF_BOTH "[all]\nwindow = nvidia-config, nvidia-config-ports\n"

static void decode(struct box *b, unsigned command)
{
    wr(b, GPU, PCI_COMMAND, command, 2);
}

#define BOTH (PCI_COMMAND_IO | PCI_COMMAND_MEMORY)

static void program(struct box *b)
{
    wr(b, GPU, BAR0, MEM, 4);
    wr(b, GPU, BAR5, PORTS, 4);
    decode(b, BOTH);
}

static ioreq_t ask(struct box *b, ioreq_t r)
{
    fake_ask(&b->xen, 0, r);
    for (unsigned i = 0; i < FAKE_VCPUS; i++) {
        pp_ioreq_work(&b->g.ioreq);
    }
    pp_guest_settle(&b->g);
    assert_int_equal(b->xen.page[0].state, STATE_IORESP_READY);
    return b->xen.page[0];
}

/* As Xen has it: the device's, ours, or QEMU's, which has nothing there. */
static uint32_t in(struct box *b, uint32_t port, unsigned len)
{
    const struct sim_map *m = sim_xen_port(&b->sim.xen, port);
    uint64_t val = UINT32_MAX >> (32 - 8 * len);

    if (m) {
        sim_dev_io_read(&b->sim.dev, (uint32_t)(m->host + port - m->guest),
                        len, &val);
    } else if (fake_claims(&b->xen, true, port, len)) {
        val = ask(b, fake_port(port, len)).data;
    }
    return (uint32_t)val;
}

static void out(struct box *b, uint32_t port, uint32_t val, unsigned len)
{
    const struct sim_map *m = sim_xen_port(&b->sim.xen, port);
    ioreq_t r = fake_port(port, len);

    if (m) {
        sim_dev_io_write(&b->sim.dev, (uint32_t)(m->host + port - m->guest),
                         len, val);
    } else if (fake_claims(&b->xen, true, port, len)) {
        r.dir = IOREQ_WRITE;
        r.data = val;
        ask(b, r);
    }
}

static uint32_t indexed(struct box *b, uint32_t index, unsigned len)
{
    out(b, INDEX, index, 4);
    return in(b, DATA, len);
}

static bool has_ports(struct box *b, uint32_t first)
{
    return fake_claims(&b->xen, true, first, 8) &&
        !fake_claims(&b->xen, true, first, 9) &&
        !fake_claims(&b->xen, true, first - 1, 2);
}

static void no_ports_are_claimed(const struct box *b)
{
    for (unsigned i = 0; i < b->xen.num_ranges; i++) {
        assert_false(b->xen.range[i].io);
    }
}

/* ------------------------------------------------------------------ */

static void ports_lead_to_the_guests_registers(void **state)
{
    struct box *b = *state;

    add_by(b, "[all]\n", FIRST);
    program(b);
    no_ports_are_claimed(b);
    assert_int_equal(indexed(b, 0x88010, 4), (uint32_t)GPU_BAR0);
    eject(b, "pci-pt-01_00.0");
    add_by(b, CONF_PORTS, FIRST);
    no_ports_are_claimed(b);
    program(b);
    assert_true(has_ports(b, INDEX));
    assert_int_equal(indexed(b, 0x88010, 4), MEM);
    assert_int_equal(indexed(b, 0x1810, 4), MEM);
    assert_int_equal(indexed(b, 0x88010, 2), MEM & 0xffff);
    assert_int_equal(in(b, DATA + 3, 1), MEM >> 24);
    out(b, INDEX, 0x88000 + PCI_COMMAND, 4);
    out(b, DATA, 0, 2);
    assert_int_equal(rd(b, GPU, PCI_COMMAND, 2) & BOTH, 0);
    assert_int_equal(sim_dev_peek(&b->sim.dev, PCI_COMMAND, 2) & BOTH, BOTH);
}

static void what_is_beside_them_is_the_devices(void **state)
{
    struct box *b = *state;

    add_by(b, CONF_PORTS, FIRST);
    program(b);
    for (uint32_t at = 0; at < 0x80; at++) {
        assert_int_equal(sim_xen_port(&b->sim.xen, PORTS + at) != NULL,
                         at < 8 || at >= 16);
    }
    out(b, INDEX, 0x2000, 4);
    out(b, DATA, 0x12345678, 4);
    assert_int_equal(in(b, DATA, 4), 0x12345678);
    assert_int_equal(in(b, DATA + 2, 2), 0x1234);
    assert_int_equal(in(b, INDEX, 4), 0x2000);
    /* over the window's end it is nobody's, and so is memory */
    assert_int_equal(in(b, DATA + 2, 4), UINT32_MAX);
    assert_int_equal(ask(b, fake_memory(INDEX, 4)).data, UINT32_MAX);
}

/* "rep outsl" and "rep insb": each is an access of its own. */
static void strings_go_through_ports(void **state)
{
    struct box *b = *state;
    ioreq_t r = fake_port(DATA, 4);

    add_by(b, CONF_PORTS, FIRST);
    program(b);
    out(b, INDEX, 0x2000, 4);
    for (unsigned i = 0; i < 4; i++) {
        sim_put(b->xen.ram + 4 * i, 4, 0x01010101 * (i + 1));
    }
    r.count = 4;
    r.data_is_ptr = 1;
    r.dir = IOREQ_WRITE;
    ask(b, r);
    assert_int_equal(in(b, DATA, 4), 0x04040404);
    out(b, INDEX, 0x88000, 4);
    r.size = 2;
    r.dir = IOREQ_READ;
    r.data = 0x100;
    ask(b, r);
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(sim_get(b->xen.ram + 0x100 + 2 * i, 2), 0x10de);
    }
}

static void they_go_where_the_bar_goes(void **state)
{
    struct box *b = *state;

    add_by(b, CONF_PORTS, FIRST);
    program(b);
    wr(b, GPU, BAR5, 0xd000, 4);
    assert_true(has_ports(b, 0xd008));
    assert_int_equal(b->xen.num_ranges, 1);
    assert_int_equal(in(b, INDEX, 4), UINT32_MAX);
    /* while decoding is off, it rests, until it is elsewhere */
    decode(b, PCI_COMMAND_MEMORY);
    assert_true(has_ports(b, 0xd008));
    wr(b, GPU, BAR5, 0xd100, 4);
    no_ports_are_claimed(b);
    decode(b, BOTH);
    assert_true(has_ports(b, 0xd108));
    /* where ports are the PC's */
    wr(b, GPU, BAR5, 0xcc0, 4);
    no_ports_are_claimed(b);
    wr(b, GPU, BAR5, PORTS, 4);
    assert_true(has_ports(b, INDEX));
    eject(b, "pci-pt-01_00.0");
    assert_int_equal(b->xen.num_ranges, 0);
}

static void strict_takes_them_with_decoding(void **state)
{
    struct box *b = *state;

    add_by(b, CONF_PORTS, FIRST ",'strict':true");
    program(b);
    assert_true(has_ports(b, INDEX));
    decode(b, PCI_COMMAND_MEMORY);
    no_ports_are_claimed(b);
    assert_int_equal(in(b, INDEX, 4), UINT32_MAX);
    decode(b, BOTH);
    assert_true(has_ports(b, INDEX));
}

/* The access moves the window that it came through. */
static void a_bar_is_moved_through_its_own_window(void **state)
{
    struct box *b = *state;

    add_by(b, CONF_PORTS, FIRST);
    program(b);
    out(b, INDEX, 0x88000 + BAR5, 4);
    out(b, DATA, 0xd000, 4);
    assert_true(has_ports(b, 0xd008));
    assert_int_equal(in(b, DATA, 4), UINT32_MAX);
    assert_int_equal(in(b, 0xd00c, 4), 0xd001);
    out(b, 0xd008, 0x88000 + PCI_COMMAND, 4);
    out(b, 0xd00c, 0, 2);
    assert_int_equal(rd(b, GPU, PCI_COMMAND, 2) & BOTH, 0);
}

/* Xen has no room: the guest does without, and may try again. */
static void xen_refuses_a_range_of_ports(void **state)
{
    struct box *b = *state;

    add_by(b, CONF_PORTS, FIRST);
    wr(b, GPU, BAR5, PORTS, 4);
    sim_fault_at(&b->xen.fault, 1, ENOSPC);
    decode(b, PCI_COMMAND_IO);
    sim_fault_clear(&b->xen.fault);
    no_ports_are_claimed(b);
    assert_int_equal(in(b, INDEX, 4), UINT32_MAX);
    decode(b, 0);
    decode(b, PCI_COMMAND_IO);
    assert_true(has_ports(b, INDEX));
}

static void add_with_rom(struct box *b)
{
    static const char rom[] = "U\252 a file";
    char path[TEMP_MAX], more[TEMP_MAX + 128];
    int fd = mkstemp(temp_path(path, "rom"));

    assert_int_equal(write(fd, rom, sizeof(rom)), sizeof(rom));
    close(fd);
    snprintf(more, sizeof(more), FIRST ",'romfile':'%s'", path);
    add_by(b, CONF_BOTH, more);
    unlink(path);
    program(b);
}

/* A file's ROM, where memory is decoded: the mirror is Command's, too. */
static void a_rom_goes_by_the_mirror(void **state)
{
    struct box *b = *state;
    ioreq_t r = fake_memory(MEM + 0x88000 + PCI_COMMAND, 2);

    add_with_rom(b);
    wr(b, GPU, PCI_ROM_ADDRESS, 0xe8000001, 4);
    assert_true(fake_claims(&b->xen, false, 0xe8000000, 2048));
    r.dir = IOREQ_WRITE;
    ask(b, r);
    assert_false(fake_claims(&b->xen, false, 0xe8000000, 1));
    out(b, INDEX, 0x88000 + PCI_COMMAND, 4);
    out(b, DATA, BOTH, 2);
    assert_true(fake_claims(&b->xen, false, 0xe8000000, 2048));
}

static void the_roms_register_is_in_the_mirror(void **state)
{
    struct box *b = *state;
    ioreq_t r = fake_memory(MEM + 0x88000 + PCI_ROM_ADDRESS, 4);

    add_with_rom(b);
    assert_int_equal(ask(b, r).data, 0);
    wr(b, GPU, PCI_ROM_ADDRESS, UINT32_MAX, 4);
    assert_int_equal(ask(b, r).data, 0xfffff001);
    out(b, INDEX, 0x88000 + PCI_ROM_ADDRESS, 4);
    assert_int_equal(in(b, DATA, 4), 0xfffff001);
    r.dir = IOREQ_WRITE;
    r.data = 0xe8000001;
    ask(b, r);
    assert_int_equal(rd(b, GPU, PCI_ROM_ADDRESS, 4), 0xe8000001);
    assert_true(fake_claims(&b->xen, false, 0xe8000000, 2048));
    out(b, DATA, 0xe9000001, 4);
    assert_true(fake_claims(&b->xen, false, 0xe9000000, 2048));
    assert_false(fake_claims(&b->xen, false, 0xe8000000, 1));
}

#undef TEST
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup_gpu, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(ports_lead_to_the_guests_registers),
        TEST(what_is_beside_them_is_the_devices),
        TEST(strings_go_through_ports),
        TEST(they_go_where_the_bar_goes),
        TEST(strict_takes_them_with_decoding),
        TEST(a_bar_is_moved_through_its_own_window),
        TEST(xen_refuses_a_range_of_ports),
        TEST(a_rom_goes_by_the_mirror),
        TEST(the_roms_register_is_in_the_mirror),
    };

    return cmocka_run_group_tests_name("process_windows", tests, NULL, NULL);
}
