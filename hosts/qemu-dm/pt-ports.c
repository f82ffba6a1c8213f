/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Trapped windows of ports: the tree's handlers. */
#include <errno.h>
#include <string.h>

#include "pt-tree.h"
#include "pt-common.h"
#include "pt-ports.h"

#define NUM_PORTS 0x10000u

static struct {
    struct pt_trap *trap[PT_PORTS_WINDOWS];
    void (*written)(void);
} ports;

/*
 * What the tree registers where no PCI region is. Of ACPI's both places: Xen's
 * ioreq.h, version 0 and 1.
 */
static const struct {
    uint32_t start, num;
} pc[] = {
    { 0, 0x1000 },       /* ISA, and PCI's own */
    { 0x10c0, 0x90 },    /* ACPI hot-plug */
    { 0x1f40, 0x40 },    /* ACPI power management, GPE: version 0 */
    { 0x8900, 1 },       /* the BIOS's shutdown */
    { 0xaf00, 0x100 },   /* processors, GPE: version 1 */
    { 0xb000, 0x140 },   /* power management, ACPI's debug port, SMBus */
};

/* ------------------------------------------------------------------ */
/* The guest's accesses                                                */

static struct pt_trap *at(uint32_t port)
{
    for (unsigned i = 0; i < PT_PORTS_WINDOWS; i++) {
        struct pt_trap *t = ports.trap[i];

        if (t && port >= t->gpa && port - t->gpa < t->size) {
            return t;
        }
    }
    return NULL;
}

static uint32_t port_read(uint32_t port, unsigned width)
{
    struct pt_trap *t = at(port);

    return t ? (uint32_t)pt_trap_read(t, port - t->gpa, width) : UINT32_MAX;
}

/* Returns whether it was a window's. */
static bool port_write(uint32_t port, uint32_t val, unsigned width)
{
    struct pt_trap *t = at(port);

    if (!t) {
        return false;
    }
    pt_trap_write(t, port - t->gpa, val, width);
    if (ports.written) {
        ports.written();
    }
    return true;
}

static uint32_t read_8(void *opaque, uint32_t port)
{
    (void)opaque;
    return port_read(port, 1) & 0xff;
}

static uint32_t next(uint32_t port)
{
    return (port + 1) % NUM_PORTS;
}

/* Where nothing has words, the tree makes bytes of them. */
static uint32_t read_16(void *opaque, uint32_t port)
{
    (void)opaque;
    return at(port) ? port_read(port, 2) & 0xffff :
        (uint32_t)cpu_inb(NULL, (int)port) |
        (uint32_t)cpu_inb(NULL, (int)next(port)) << 8;
}

static uint32_t read_32(void *opaque, uint32_t port)
{
    (void)opaque;
    return port_read(port, 4);
}

static void write_8(void *opaque, uint32_t port, uint32_t val)
{
    (void)opaque;
    port_write(port, val & 0xff, 1);
}

static void write_16(void *opaque, uint32_t port, uint32_t val)
{
    (void)opaque;
    if (!port_write(port, val & 0xffff, 2)) {
        cpu_outb(NULL, (int)port, (int)(val & 0xff));
        cpu_outb(NULL, (int)next(port), (int)(val >> 8 & 0xff));
    }
}

static void write_32(void *opaque, uint32_t port, uint32_t val)
{
    (void)opaque;
    port_write(port, val, 4);
}

/* ------------------------------------------------------------------ */
/* Windows                                                             */

void pt_ports_init(void (*written)(void))
{
    memset(&ports, 0, sizeof(ports));
    ports.written = written;
}

static bool are_pcs(uint64_t start, uint64_t num)
{
    for (unsigned i = 0; i < sizeof(pc) / sizeof(pc[0]); i++) {
        if (pt_overlap(start, num, pc[i].start, pc[i].num)) {
            return true;
        }
    }
    return start >= NUM_PORTS || num > NUM_PORTS - start;
}

/* Also where it is not aligned to the width: the tree would make bytes of it. */
static void register_port(int port)
{
    register_ioport_read(port, 1, 1, read_8, NULL);
    register_ioport_read(port, 1, 2, read_16, NULL);
    register_ioport_read(port, 1, 4, read_32, NULL);
    register_ioport_write(port, 1, 1, write_8, NULL);
    register_ioport_write(port, 1, 2, write_16, NULL);
    register_ioport_write(port, 1, 4, write_32, NULL);
}

int pt_ports_on(struct pt_trap *t)
{
    if (are_pcs(t->gpa, t->size)) {
        return -EBUSY;
    }
    for (unsigned i = 0; i < PT_PORTS_WINDOWS; i++) {
        if (!ports.trap[i]) {
            ports.trap[i] = t;
            for (uint64_t n = 0; n < t->size; n++) {
                register_port((int)(t->gpa + n));
            }
            return 0;
        }
    }
    return -ENOSPC;
}

void pt_ports_off(struct pt_trap *t)
{
    for (unsigned i = 0; i < PT_PORTS_WINDOWS; i++) {
        if (ports.trap[i] == t) {
            ports.trap[i] = NULL;
        }
    }
}
