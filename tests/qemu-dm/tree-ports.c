/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SIMULATED: the tree's dispatch of ports, as its vl.c has it: for each port
 * three handlers of each kind, and one opaque pointer.
 */
#include "tree.h"

#define NUM_PORTS 0x10000
#define WIDTHS 3

static void *opaques[NUM_PORTS];
static IOPortReadFunc *readers[WIDTHS][NUM_PORTS];
static IOPortWriteFunc *writers[WIDTHS][NUM_PORTS];

uint8_t tree_port_byte;

/* ------------------------------------------------------------------ */
/* The dispatch                                                        */

/* Of words that nothing has the tree makes bytes. */
static uint32_t read_at(unsigned i, uint32_t port)
{
    IOPortReadFunc *f = readers[i][port];

    if (f) {
        return f(opaques[port], port);
    }
    return i == 1 ? read_at(0, port) | read_at(0, (port + 1) % NUM_PORTS) << 8 :
        UINT32_MAX;
}

static void write_at(unsigned i, uint32_t port, uint32_t val)
{
    IOPortWriteFunc *f = writers[i][port];

    if (f) {
        f(opaques[port], port, val);
    } else if (i == 1) {
        write_at(0, port, val & 0xff);
        write_at(0, (port + 1) % NUM_PORTS, val >> 8 & 0xff);
    }
}

static unsigned index_of(int size)
{
    return (unsigned)size / 2;
}

/* Where the tree ends the process. */
static bool take(int port, void *opaque)
{
    if (port < 0 || port >= NUM_PORTS ||
        (opaques[port] && opaques[port] != opaque)) {
        tree.exited = true;
        return false;
    }
    opaques[port] = opaque;
    return true;
}

int register_ioport_read(int start, int length, int size,
                         IOPortReadFunc *func, void *opaque)
{
    for (int i = start; i < start + length; i += size) {
        if (take(i, opaque)) {
            readers[index_of(size)][i] = func;
        }
    }
    return 0;
}

int register_ioport_write(int start, int length, int size,
                          IOPortWriteFunc *func, void *opaque)
{
    for (int i = start; i < start + length; i += size) {
        if (take(i, opaque)) {
            writers[index_of(size)][i] = func;
        }
    }
    return 0;
}

void isa_unassign_ioport(int start, int length)
{
    for (int i = start; i < start + length; i++) {
        opaques[i] = NULL;
        for (int n = 0; n < WIDTHS; n++) {
            readers[n][i] = NULL;
            writers[n][i] = NULL;
        }
    }
}

int cpu_inb(CPUState *env, int addr)
{
    (void)env;
    return (int)(read_at(0, (uint32_t)addr) & 0xff);
}

void cpu_outb(CPUState *env, int addr, int val)
{
    (void)env;
    write_at(0, (uint32_t)addr, (uint32_t)val);
}

/* ------------------------------------------------------------------ */
/* What is there                                                       */

static uint32_t read_byte(void *opaque, uint32_t port)
{
    (void)port;
    return *(uint8_t *)opaque;
}

static void write_byte(void *opaque, uint32_t port, uint32_t val)
{
    (void)port;
    *(uint8_t *)opaque = (uint8_t)val;
}

static void emulate(int start, int num, void *opaque)
{
    register_ioport_read(start, num, 1, read_byte, opaque);
    register_ioport_write(start, num, 1, write_byte, opaque);
}

void tree_move_ports(int devfn, uint32_t port, uint32_t num)
{
    PCIIORegion *r = &tree.bus.devices[devfn]->io_regions[0];

    if (r->addr != UINT32_MAX) {
        isa_unassign_ioport((int)r->addr, (int)r->size);
    }
    *r = (PCIIORegion) {
        .addr = port, .size = num, .type = PCI_ADDRESS_SPACE_IO,
    };
    if (port != UINT32_MAX) {
        emulate((int)port, (int)num, &tree_port_byte);
    }
}

/*
 * hw/ide.c, vga.c, piix4acpi.c of the tree, and Xen's public ioreq.h: IDE, VGA,
 * hot-plug, power management and GPE of either version, processors, debugging.
 */
static const int pc[][2] = {
    { 0x20, 2 }, { 0x60, 1 }, { 0x1f0, 8 }, { 0x3c0, 16 }, { 0x10c0, 0x82 },
    { 0x1f40, 0x0c }, { 0x1f68, 4 }, { 0xaf00, 32 }, { 0xafe0, 4 },
    { 0xb000, 0x0c }, { 0xb044, 4 },
};

void tree_ports_start(void)
{
    static uint8_t byte;

    tree_port_byte = 0;
    isa_unassign_ioport(0, NUM_PORTS);
    for (size_t i = 0; i < sizeof(pc) / sizeof(pc[0]); i++) {
        emulate(pc[i][0], pc[i][1], &byte);
    }
}

/* ------------------------------------------------------------------ */
/* The guest                                                           */

uint32_t tree_port_read(uint32_t port, int len)
{
    const struct sim_map *m = sim_xen_port(&tree.xen, port);
    uint32_t mask = len == 4 ? UINT32_MAX : (1u << (8 * len)) - 1;
    uint64_t val = mask;

    if (m && m->dev) {
        sim_dev_io_read(m->dev, (uint32_t)(m->host + port - m->guest),
                        (unsigned)len, &val);
        return (uint32_t)val;
    }
    return read_at(index_of(len), port) & mask;
}

void tree_port_write(uint32_t port, uint32_t val, int len)
{
    const struct sim_map *m = sim_xen_port(&tree.xen, port);

    if (m && m->dev) {
        sim_dev_io_write(m->dev, (uint32_t)(m->host + port - m->guest),
                         (unsigned)len, val);
    } else {
        write_at(index_of(len), port, val);
    }
}
