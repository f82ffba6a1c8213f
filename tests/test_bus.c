/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hosts/bus: the ports, the bus, trapped memory, and the engine on them with
 * a device and a Xen that only keep books.
 */
#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <pci/header.h>

#include "pt-host.h"

/* ------------------------------------------------------------------ */
/* A host device                                                       */

/* 64-bit BAR0 of 64 KiB, ports at BAR2, 256 shared bytes at BAR3. */
#define BAR0_ADDR UINT64_C(0x60f2000000)
#define BAR0_SIZE 0x10000
#define PORTS 0x1020
#define BAR3_ADDR UINT64_C(0xe0000400)

struct fake_dev {
    struct pt_device pt;
    uint8_t cfg[PT_CFG_SIZE];
    uint8_t bar3[0x100];
    bool dead;
    unsigned width;  /* of the last MMIO access */
};

static int fake_read(void *priv, uint16_t pos, void *buf, unsigned len)
{
    struct fake_dev *f = priv;

    memcpy(buf, f->cfg + pos, len);
    return f->dead ? -EIO : 0;
}

static int fake_write(void *priv, uint16_t pos, const void *buf, unsigned len)
{
    struct fake_dev *f = priv;

    memcpy(f->cfg + pos, buf, len);
    return 0;
}

static int fake_mmio_read(void *priv, unsigned region, uint64_t off,
                          unsigned width, uint64_t *val)
{
    struct fake_dev *f = priv;

    assert_int_equal(region, 3);
    assert_true(off + width <= sizeof(f->bar3));
    *val = 0;
    memcpy(val, f->bar3 + off, width);
    f->width = width;
    return 0;
}

static int fake_mmio_write(void *priv, unsigned region, uint64_t off,
                           unsigned width, uint64_t val)
{
    struct fake_dev *f = priv;

    assert_int_equal(region, 3);
    assert_true(off + width <= sizeof(f->bar3));
    memcpy(f->bar3 + off, &val, width);
    f->width = width;
    return 0;
}

static const struct pt_device_ops fake_ops = {
    .read = fake_read,
    .write = fake_write,
    .mmio_read = fake_mmio_read,
    .mmio_write = fake_mmio_write,
};

static void fake_dev_init(struct fake_dev *f, uint8_t func)
{
    memset(f, 0, sizeof(*f));
    f->cfg[PCI_VENDOR_ID] = 0x86;
    f->cfg[PCI_VENDOR_ID + 1] = 0x80;
    f->cfg[PCI_DEVICE_ID] = 0xca;
    f->cfg[PCI_DEVICE_ID + 1] = 0x10;
    f->cfg[PCI_CLASS_DEVICE + 1] = 0x02;
    f->cfg[0xd0] = 0x77;
    f->pt = (struct pt_device) {
        .ops = &fake_ops,
        .priv = f,
        .info = {
            .addr = { .bus = 1, .func = func },
            .vendor = 0x8086,
            .device = 0x10ca,
            .region = {
                [0] = { BAR0_ADDR, BAR0_SIZE, PT_REGION_64 },
                [2] = { PORTS, 0x20, PT_REGION_IO },
                [3] = { BAR3_ADDR, 0x100, PT_REGION_SHARED },
            },
        },
    };
}

/* ------------------------------------------------------------------ */
/* A Xen                                                               */

struct fake_xen {
    struct pt_xen pt;
    unsigned calls;
    unsigned mapped;  /* ranges */
    uint64_t last;    /* where the last one went */
    uint64_t last_nr;
};

static int fake_map(struct fake_xen *x, uint64_t at, uint64_t nr, bool add)
{
    x->calls++;
    x->mapped = add ? x->mapped + 1 : x->mapped - 1;
    if (add) {
        x->last = at;
        x->last_nr = nr;
    }
    return 0;
}

static int fake_map_memory(void *priv, uint64_t gfn, uint64_t mfn,
                           uint64_t nr, bool add)
{
    assert_int_equal(mfn, BAR0_ADDR >> PT_PAGE_SHIFT);
    return fake_map(priv, gfn << PT_PAGE_SHIFT, nr, add);
}

static int fake_map_ports(void *priv, uint32_t gport, uint32_t mport,
                          uint32_t nr, bool add)
{
    assert_int_equal(mport, PORTS);
    return fake_map(priv, gport, nr, add);
}

/* The device has no interrupts. */
static const struct pt_xen_ops fake_xen_ops = {
    .map_memory = fake_map_memory,
    .map_ports = fake_map_ports,
};

/* ------------------------------------------------------------------ */
/* A guest                                                             */

struct guest {
    PCIBus *bus;
    struct fake_xen xen;
    struct fake_dev dev[3];
    uint64_t now_us;
    unsigned lines;
    char line[256];
};

static void guest_log(void *priv, enum pt_level level, const char *line)
{
    struct guest *g = priv;

    (void)level;
    g->lines++;
    snprintf(g->line, sizeof(g->line), "%s", line);
}

static uint64_t guest_now_us(void *priv)
{
    const struct guest *g = priv;

    return g->now_us;
}

static void guest_delay_us(void *priv, uint32_t us)
{
    struct guest *g = priv;

    g->now_us += us;
}

static int setup(void **state)
{
    struct guest *g = calloc(1, sizeof(*g));

    if (!g) {
        return -1;
    }
    g->bus = pci_bus_new();
    g->xen.pt.ops = &fake_xen_ops;
    g->xen.pt.priv = &g->xen;
    for (uint8_t i = 0; i < 3; i++) {
        fake_dev_init(&g->dev[i], i);
    }
    *state = g;
    return g->bus ? 0 : -1;
}

static int teardown(void **state)
{
    struct guest *g = *state;
    bool leak;

    pci_bus_free(g->bus);
    leak = g->xen.mapped != 0;
    free(g);
    return leak ? -1 : 0;
}

static struct pt_host *add(struct guest *g, unsigned i, int devfn,
                           struct pt_error *err)
{
    struct pt_host_args args = {
        .device = &g->dev[i].pt,
        .xen = &g->xen.pt,
        .env = { .priv = g, .log = guest_log, .now_us = guest_now_us,
                 .delay_us = guest_delay_us },
    };

    return pt_host_add(g->bus, &args, devfn, err);
}

static void select_reg(PCIBus *bus, int devfn, unsigned reg)
{
    pci_port_write(bus, PCI_CONFIG_ADDRESS,
                   PCI_CONFIG_ENABLE | (uint32_t)devfn << 8 | (reg & 0xfc),
                   4);
}

static uint32_t cfg_read(PCIBus *bus, int devfn, unsigned reg, unsigned len)
{
    select_reg(bus, devfn, reg);
    return pci_port_read(bus, PCI_CONFIG_DATA + (reg & 3), len);
}

static void cfg_write(PCIBus *bus, int devfn, unsigned reg, uint32_t val,
                      unsigned len)
{
    select_reg(bus, devfn, reg);
    pci_port_write(bus, PCI_CONFIG_DATA + (reg & 3), val, len);
}

/* ------------------------------------------------------------------ */
/* Ports: PCI Local Bus 3.0 section 3.2.2.3.2                          */

static PCIDevice *counting_device(PCIBus *bus, int devfn)
{
    PCIDevice *d = pci_register_device(bus, "counting", sizeof(*d), devfn,
                                       NULL, NULL);

    assert_non_null(d);
    for (unsigned i = 0; i < 0x100; i++) {
        d->config[i] = (uint8_t)i;
    }
    return d;
}

static void config_address_is_a_dword(void **state)
{
    struct guest *g = *state;

    pci_port_write(g->bus, 0xcf8, 0x8000f8a4, 4);
    assert_int_equal(pci_port_read(g->bus, 0xcf8, 4), 0x8000f8a4);
    /* others are accesses to ports where nobody is */
    pci_port_write(g->bus, 0xcf8, 0x11, 1);
    pci_port_write(g->bus, 0xcf9, 0x06, 1);  /* a PC's reset */
    pci_port_write(g->bus, 0xcfa, 0x2222, 2);
    pci_port_write(g->bus, 0xcf9, 0x33333333, 4);
    pci_port_write(g->bus, 0xcf6, 0x44444444, 4);
    assert_int_equal(pci_port_read(g->bus, 0xcf8, 1), 0xff);
    assert_int_equal(pci_port_read(g->bus, 0xcfa, 2), 0xffff);
    assert_int_equal(pci_port_read(g->bus, 0xcf8, 4), 0x8000f8a4);
}

static void reserved_bits_of_config_address_are_0(void **state)
{
    struct guest *g = *state;

    pci_port_write(g->bus, 0xcf8, 0xffffffff, 4);
    assert_int_equal(pci_port_read(g->bus, 0xcf8, 4), 0x80fffffc);
}

static void config_data_has_byte_lanes(void **state)
{
    struct guest *g = *state;

    counting_device(g->bus, 0x10);
    select_reg(g->bus, 0x10, 0xa4);
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(pci_port_read(g->bus, 0xcfc + i, 1), 0xa4 + i);
    }
    assert_int_equal(pci_port_read(g->bus, 0xcfc, 2), 0xa5a4);
    assert_int_equal(pci_port_read(g->bus, 0xcfd, 2), 0xa6a5);
    assert_int_equal(pci_port_read(g->bus, 0xcfe, 2), 0xa7a6);
    assert_int_equal(pci_port_read(g->bus, 0xcfc, 4), 0xa7a6a5a4);

    pci_port_write(g->bus, 0xcfd, 0x2211, 2);
    pci_port_write(g->bus, 0xcff, 0x33, 1);
    assert_int_equal(pci_port_read(g->bus, 0xcfc, 4), 0x332211a4);
}

/* A processor splits what crosses a dword; only a part is for the device. */
static void access_across_the_ports_ends(void **state)
{
    struct guest *g = *state;

    counting_device(g->bus, 0x10);
    select_reg(g->bus, 0x10, 0xa4);
    assert_int_equal(pci_port_read(g->bus, 0xcff, 2), 0xffa7);
    assert_int_equal(pci_port_read(g->bus, 0xcfd, 4), 0xffa7a6a5);
    assert_int_equal(pci_port_read(g->bus, 0xcfa, 4), 0xa5a4ffff);
    assert_int_equal(pci_port_read(g->bus, 0xcf9, 4), 0xa4ffffff);
    pci_port_write(g->bus, 0xcfb, 0x44332211, 4);
    assert_int_equal(pci_port_read(g->bus, 0xcfc, 4), 0xa7443322);
    pci_port_write(g->bus, 0xcff, 0xbbaa, 2);
    assert_int_equal(pci_port_read(g->bus, 0xcfc, 4), 0xaa443322);
}

static void nobody_answers_with_all_ones(void **state)
{
    struct guest *g = *state;

    counting_device(g->bus, 0x10);
    assert_int_equal(cfg_read(g->bus, 0x18, 0, 4), 0xffffffff);
    assert_int_equal(cfg_read(g->bus, 0x11, 0, 2), 0xffff);
    cfg_write(g->bus, 0x11, 0x40, 0, 4);
    /* another bus */
    pci_port_write(g->bus, 0xcf8, 0x80010000 | 0x10 << 8, 4);
    assert_int_equal(pci_port_read(g->bus, 0xcfc, 4), 0xffffffff);
    /* not enabled */
    pci_port_write(g->bus, 0xcf8, 0x10 << 8 | 0x40, 4);
    assert_int_equal(pci_port_read(g->bus, 0xcfc, 1), 0xff);
    pci_port_write(g->bus, 0xcfc, 0, 4);
    assert_int_equal(cfg_read(g->bus, 0x10, 0x40, 4), 0x43424140);
}

static void widths_that_are_none(void **state)
{
    struct guest *g = *state;

    counting_device(g->bus, 0x10);
    select_reg(g->bus, 0x10, 0x40);
    assert_int_equal(pci_port_read(g->bus, 0xcfc, 0), 0xffffffff);
    assert_int_equal(pci_port_read(g->bus, 0xcfc, 3), 0xffffffff);
    assert_int_equal(pci_port_read(g->bus, 0xcfc, 8), 0xffffffff);
    pci_port_write(g->bus, 0xcfc, 0, 3);
    assert_int_equal(pci_port_read(g->bus, 0xcfc, 4), 0x43424140);
}

/* ------------------------------------------------------------------ */
/* Devices                                                             */

static void places_are_taken_once(void **state)
{
    struct guest *g = *state;
    PCIDevice *d = counting_device(g->bus, 0x10);
    int size = sizeof(*d);

    assert_null(pci_register_device(g->bus, "", size, 0x10, NULL, NULL));
    assert_int_equal(errno, EBUSY);
    assert_null(pci_register_device(g->bus, "", size, 256, NULL, NULL));
    assert_int_equal(errno, EINVAL);
    assert_null(pci_register_device(g->bus, "", size, -2, NULL, NULL));
    assert_int_equal(errno, EINVAL);
    assert_null(pci_register_device(g->bus, "", size - 1, 0, NULL, NULL));
    assert_int_equal(errno, EINVAL);
    assert_int_equal(pci_devfn_in_use(g->bus, 0x10), 1);
    assert_int_equal(pci_devfn_in_use(g->bus, 0x11), 0);
    assert_int_equal(pci_devfn_in_use(g->bus, 256), 0);
    assert_int_equal(pci_devfn_in_use(g->bus, -1), 0);
    assert_int_equal(pci_bus_num(g->bus), 0);
}

static void full_bus(void **state)
{
    struct guest *g = *state;
    PCIDevice *d;

    for (int slot = 0; slot < NR_PCI_DEV; slot++) {
        assert_int_equal(pci_free_slot(g->bus), slot << 3);
        d = pci_register_device(g->bus, "", sizeof(*d), -1, NULL, NULL);
        assert_non_null(d);
        assert_int_equal(d->devfn, slot << 3);
    }
    assert_int_equal(pci_free_slot(g->bus), -1);
    assert_null(pci_register_device(g->bus, "", sizeof(*d), -1, NULL, NULL));
    assert_int_equal(errno, ENOSPC);
}

static void hidden_device_answers_no_more(void **state)
{
    struct guest *g = *state;
    PCIDevice *d = counting_device(g->bus, 0x10);

    pci_hide_device(d);
    assert_int_equal(cfg_read(g->bus, 0x10, 0, 4), 0xffffffff);
    counting_device(g->bus, 0x10);
    pci_hide_device(d);  /* once more: not the new one */
    assert_int_equal(cfg_read(g->bus, 0x10, 0x40, 1), 0x40);
    free(d);
}

static void regions_are_powers_of_two(void **state)
{
    struct guest *g = *state;
    PCIDevice *d = counting_device(g->bus, 0x10);

    assert_int_equal(pci_register_io_region(d, 0, 0, 0, NULL), -EINVAL);
    assert_int_equal(pci_register_io_region(d, 0, 0x3000, 0, NULL), -EINVAL);
    assert_int_equal(pci_register_io_region(d, 0, 16, 2, NULL), -EINVAL);
    assert_int_equal(pci_register_io_region(d, -1, 16, 0, NULL), -EINVAL);
    assert_int_equal(pci_register_io_region(d, 7, 16, 0, NULL), -EINVAL);
    assert_int_equal(pci_register_io_region(d, 1, 16,
                                            PCI_ADDRESS_SPACE_MEM_PREFETCH,
                                            NULL), 0);
    assert_int_equal(d->io_regions[1].addr, UINT32_MAX);
    assert_int_equal(cfg_read(g->bus, 0x10, PCI_BASE_ADDRESS_1, 4), 0x8);
}

static uint32_t map_func_addr;

static void note_map(PCIDevice *d, int region_num, uint32_t addr,
                     uint32_t size, int type)
{
    (void)d;
    (void)region_num;
    (void)size;
    (void)type;
    map_func_addr = addr;
}

static void emulated_bars(void **state)
{
    struct guest *g = *state;
    PCIDevice *d = counting_device(g->bus, 0x10);

    memset(d->config, 0, sizeof(d->config));
    map_func_addr = 0;
    pci_register_io_region(d, 0, 0x2000, PCI_ADDRESS_SPACE_MEM, note_map);
    pci_register_io_region(d, 1, 0x20, PCI_ADDRESS_SPACE_IO, NULL);
    pci_register_io_region(d, PCI_ROM_SLOT, 0x800, PCI_ADDRESS_SPACE_MEM,
                           NULL);
    cfg_write(g->bus, 0x10, PCI_VENDOR_ID, 0xffffffff, 4);
    assert_int_equal(cfg_read(g->bus, 0x10, PCI_VENDOR_ID, 4), 0);
    cfg_write(g->bus, 0x10, PCI_BASE_ADDRESS_0, 0xffffffff, 4);
    assert_int_equal(cfg_read(g->bus, 0x10, PCI_BASE_ADDRESS_0, 4),
                     0xffffe000);
    cfg_write(g->bus, 0x10, PCI_BASE_ADDRESS_1, 0xffffffff, 4);
    assert_int_equal(cfg_read(g->bus, 0x10, PCI_BASE_ADDRESS_1, 4),
                     0xffffffe1);
    cfg_write(g->bus, 0x10, PCI_BASE_ADDRESS_2, 0xffffffff, 4);
    assert_int_equal(cfg_read(g->bus, 0x10, PCI_BASE_ADDRESS_2, 4), 0);
    cfg_write(g->bus, 0x10, PCI_ROM_ADDRESS, 0xffffffff, 4);
    assert_int_equal(cfg_read(g->bus, 0x10, PCI_ROM_ADDRESS, 4), 0xfffff801);

    cfg_write(g->bus, 0x10, PCI_COMMAND, 0xffff, 2);
    assert_int_equal(d->io_regions[0].addr, UINT32_MAX);  /* being sized */
    cfg_write(g->bus, 0x10, PCI_BASE_ADDRESS_0 + 2, 0xf000, 2);
    assert_int_equal(d->io_regions[0].addr, 0xf000e000);
    assert_int_equal(map_func_addr, 0xf000e000);
    cfg_write(g->bus, 0x10, PCI_BASE_ADDRESS_1, 0xc000, 4);
    assert_int_equal(d->io_regions[1].addr, 0xc000);
    cfg_write(g->bus, 0x10, PCI_ROM_ADDRESS, 0xf0010001, 4);
    assert_int_equal(d->io_regions[6].addr, 0xf0010000);
    cfg_write(g->bus, 0x10, PCI_ROM_ADDRESS, 0xf0010000, 4);
    assert_int_equal(d->io_regions[6].addr, UINT32_MAX);
    cfg_write(g->bus, 0x10, PCI_COMMAND, PCI_COMMAND_IO, 2);
    assert_int_equal(d->io_regions[0].addr, UINT32_MAX);
    assert_int_equal(d->io_regions[1].addr, 0xc000);
    assert_int_equal(pci_default_read_config(d, 0x1000, 1), 0);
    pci_default_write_config(d, 0xfff, 1, 2);
}

/* lessons.md 1.2.6: prefetchable or not is one space, ports another. */
static void overlap_is_within_a_space(void **state)
{
    struct guest *g = *state;
    PCIDevice *d = counting_device(g->bus, 0x10);

    pci_register_io_region(d, 0, 0x1000, PCI_ADDRESS_SPACE_MEM, NULL);
    pci_register_io_region(d, 1, 0x100, PCI_ADDRESS_SPACE_IO, NULL);
    /* part 2, 20: -1 is no address */
    assert_int_equal(pt_chk_bar_overlap(g->bus, 0, 0xffffffff, 0x1000, 0), 0);
    d->io_regions[0].addr = 0xc000;
    assert_int_equal(pt_chk_bar_overlap(g->bus, 0, 0xc800, 16, 0), 1);
    assert_int_equal(pt_chk_bar_overlap(g->bus, 0, 0xc800, 16, 8), 1);
    assert_int_equal(pt_chk_bar_overlap(g->bus, 0, 0xc800, 16, 1), 0);
    assert_int_equal(pt_chk_bar_overlap(g->bus, 0, 0xb000, 0x1000, 0), 0);
    assert_int_equal(pt_chk_bar_overlap(g->bus, 0, 0xd000, 0x1000, 0), 0);
    assert_int_equal(pt_chk_bar_overlap(g->bus, 0x10, 0xc800, 16, 0), 0);
    d->io_regions[0].addr = 0xfffff000;
    assert_int_equal(pt_chk_bar_overlap(g->bus, 0, 0x80000000, 0x80000000, 0),
                     1);
}

static void multifunction_bit_of_emulated_functions(void **state)
{
    struct guest *g = *state;
    PCIDevice *d;

    counting_device(g->bus, 0x10);
    assert_int_equal(cfg_read(g->bus, 0x10, PCI_HEADER_TYPE, 1), 0x0e);
    d = counting_device(g->bus, 0x13);
    assert_int_equal(pci_slot_functions(g->bus, 0x10), 2);
    assert_int_equal(cfg_read(g->bus, 0x10, PCI_HEADER_TYPE, 1), 0x8e);
    pci_unregister_device(d);
    assert_int_equal(cfg_read(g->bus, 0x10, PCI_HEADER_TYPE, 1), 0x0e);
}

/* ------------------------------------------------------------------ */
/* Trapped memory                                                      */

struct trapped {
    struct mmio_range range;
    uint64_t off, val;
    unsigned width, calls;
};

static uint64_t trapped_read(void *opaque, uint64_t off, unsigned width)
{
    struct trapped *t = opaque;

    t->off = off;
    t->width = width;
    t->calls++;
    return 0x8877665544332211;
}

static void trapped_write(void *opaque, uint64_t off, uint64_t val,
                          unsigned width)
{
    struct trapped *t = opaque;

    t->off = off;
    t->val = val;
    t->width = width;
    t->calls++;
}

static void trapped_init(struct trapped *t, uint64_t start, uint64_t size)
{
    *t = (struct trapped) {
        .range = { .start = start, .size = size, .read = trapped_read,
                   .write = trapped_write, .opaque = t },
    };
}

static void trapped_memory_by_width(void **state)
{
    struct guest *g = *state;
    struct trapped t;

    trapped_init(&t, 0x60f2001000, 0x1000);
    assert_int_equal(bus_mmio_add(g->bus, &t.range), 0);
    assert_int_equal(bus_mmio_read(g->bus, 0x60f2001010, 1), 0x11);
    assert_int_equal(bus_mmio_read(g->bus, 0x60f2001010, 2), 0x2211);
    assert_int_equal(bus_mmio_read(g->bus, 0x60f2001010, 4), 0x44332211);
    assert_int_equal(bus_mmio_read(g->bus, 0x60f2001ff8, 8),
                     0x8877665544332211);
    assert_int_equal(t.off, 0xff8);
    assert_int_equal(t.width, 8);
    bus_mmio_write(g->bus, 0x60f2001004, UINT64_MAX, 2);
    assert_int_equal(t.off, 4);
    assert_int_equal(t.val, 0xffff);
    bus_mmio_del(g->bus, &t.range);
    bus_mmio_del(g->bus, &t.range);
    assert_int_equal(bus_mmio_read(g->bus, 0x60f2001010, 4), 0xffffffff);
}

/* XSA-112: an access is inside, or it is not. */
static void xsa112_trapped_memory_ends(void **state)
{
    struct guest *g = *state;
    struct trapped t;

    trapped_init(&t, 0x1000, 0x1000);
    assert_int_equal(bus_mmio_add(g->bus, &t.range), 0);
    assert_int_equal(bus_mmio_read(g->bus, 0xfff, 2), 0xffff);
    assert_int_equal(bus_mmio_read(g->bus, 0x1ffd, 4), 0xffffffff);
    assert_int_equal(bus_mmio_read(g->bus, 0x1ff9, 8), UINT64_MAX);
    assert_int_equal(bus_mmio_read(g->bus, 0x1000, 3), 0xffffff);
    assert_int_equal(bus_mmio_read(g->bus, 0x1000, 16), UINT64_MAX);
    bus_mmio_write(g->bus, 0x1ffd, 0, 4);
    bus_mmio_write(g->bus, UINT64_MAX, 0, 1);
    assert_int_equal(t.calls, 0);
    bus_mmio_del(g->bus, &t.range);
}

static void trapped_memory_does_not_overlap(void **state)
{
    struct guest *g = *state;
    struct trapped a, b;

    trapped_init(&a, 0x2000, 0x1000);
    assert_int_equal(bus_mmio_add(g->bus, &a.range), 0);
    assert_int_equal(bus_mmio_add(g->bus, &a.range), -EBUSY);
    trapped_init(&b, 0x1000, 0x1001);
    assert_int_equal(bus_mmio_add(g->bus, &b.range), -EBUSY);
    trapped_init(&b, 0x2fff, 1);
    assert_int_equal(bus_mmio_add(g->bus, &b.range), -EBUSY);
    trapped_init(&b, 0x3000, 0);
    assert_int_equal(bus_mmio_add(g->bus, &b.range), -EINVAL);
    trapped_init(&b, UINT64_MAX, 2);
    assert_int_equal(bus_mmio_add(g->bus, &b.range), -EINVAL);
    trapped_init(&b, UINT64_MAX - 7, 8);
    assert_int_equal(bus_mmio_add(g->bus, &b.range), 0);
    assert_int_equal(bus_mmio_read(g->bus, UINT64_MAX - 7, 8),
                     0x8877665544332211);
    bus_mmio_del(g->bus, &a.range);
    bus_mmio_del(g->bus, &b.range);
    assert_null(g->bus->mmio);
}

/* ------------------------------------------------------------------ */
/* Pass-through                                                        */

static void hosted_device_answers(void **state)
{
    struct guest *g = *state;
    struct pt_error err;
    struct pt_host *h = add(g, 0, 0x28, &err);

    assert_non_null(h);
    assert_int_equal(cfg_read(g->bus, 0x28, PCI_VENDOR_ID, 4), 0x10ca8086);
    assert_int_equal(cfg_read(g->bus, 0x28, 0xd0, 1), 0x77);
    cfg_write(g->bus, 0x28, 0xd1, 0x5566, 2);
    assert_int_equal(g->dev[0].cfg[0xd1], 0x66);
    assert_int_equal(g->dev[0].cfg[0xd2], 0x55);
    assert_non_null(strstr(g->line, "0000:01:00.0"));
    pt_host_del(h);
    pt_host_del(NULL);
    assert_int_equal(cfg_read(g->bus, 0x28, PCI_VENDOR_ID, 4), 0xffffffff);
}

static void hosted_regions_are_mapped(void **state)
{
    struct guest *g = *state;
    struct pt_host *h = add(g, 0, 0x28, NULL);

    assert_non_null(h);
    cfg_write(g->bus, 0x28, PCI_BASE_ADDRESS_0, 0xfea00000, 4);
    cfg_write(g->bus, 0x28, PCI_BASE_ADDRESS_2, 0xc000, 4);
    assert_int_equal(g->xen.calls, 0);
    cfg_write(g->bus, 0x28, PCI_COMMAND, PCI_COMMAND_MEMORY, 2);
    assert_int_equal(g->xen.last, 0xfea00000);
    assert_int_equal(g->xen.last_nr, BAR0_SIZE / PT_PAGE_SIZE);
    assert_int_equal(h->region[0].addr, 0xfea00000);
    assert_int_equal(h->pci.io_regions[0].addr, 0xfea00000);
    assert_int_equal(pt_chk_bar_overlap(g->bus, 0, 0xfea0f000, 1, 0), 1);
    cfg_write(g->bus, 0x28, PCI_COMMAND,
              PCI_COMMAND_MEMORY | PCI_COMMAND_IO, 2);
    assert_int_equal(g->xen.last, 0xc000);
    assert_int_equal(g->xen.last_nr, 0x20);
    assert_int_equal(h->pci.io_regions[2].addr, 0xc000);
    assert_int_equal(h->pci.io_regions[2].type, PCI_ADDRESS_SPACE_IO);
    /* above 4 GiB: not for 32-bit eyes */
    cfg_write(g->bus, 0x28, PCI_BASE_ADDRESS_1, 0x10, 4);
    assert_int_equal(g->xen.last, 0x10fea00000);
    assert_int_equal(h->region[0].addr, 0x10fea00000);
    assert_int_equal(h->pci.io_regions[0].addr, UINT32_MAX);
    assert_int_equal(g->xen.mapped, 2);
    pt_host_del(h);
    assert_int_equal(g->xen.mapped, 0);
}

/* field.md 1.7: refused while it is taken, mapped when it is free. */
static void taken_by_an_emulated_device(void **state)
{
    struct guest *g = *state;
    PCIDevice *d = counting_device(g->bus, 0x10);

    memset(d->config, 0, sizeof(d->config));
    pci_register_io_region(d, 0, 0x1000, PCI_ADDRESS_SPACE_MEM, NULL);
    cfg_write(g->bus, 0x10, PCI_BASE_ADDRESS_0, 0xfea01000, 4);
    cfg_write(g->bus, 0x10, PCI_COMMAND, PCI_COMMAND_MEMORY, 2);

    assert_non_null(add(g, 0, 0x28, NULL));
    cfg_write(g->bus, 0x28, PCI_BASE_ADDRESS_0, 0xfea00000, 4);
    cfg_write(g->bus, 0x28, PCI_COMMAND, PCI_COMMAND_MEMORY, 2);
    assert_int_equal(g->xen.mapped, 0);
    cfg_write(g->bus, 0x10, PCI_BASE_ADDRESS_0, 0xfea10000, 4);
    assert_int_equal(g->xen.mapped, 1);
    assert_int_equal(g->xen.last, 0xfea00000);
}

static void taken_by_another_hosted_device(void **state)
{
    struct guest *g = *state;
    struct pt_host *first = add(g, 0, 0x28, NULL);
    struct pt_host *second = add(g, 1, 0x30, NULL);

    assert_non_null(first);
    assert_non_null(second);
    for (int devfn = 0x28; devfn <= 0x30; devfn += 8) {
        cfg_write(g->bus, devfn, PCI_BASE_ADDRESS_0, 0xfea00000, 4);
        cfg_write(g->bus, devfn, PCI_BASE_ADDRESS_1, 0x7, 4);
        cfg_write(g->bus, devfn, PCI_BASE_ADDRESS_2, 0xc000, 4);
        cfg_write(g->bus, devfn, PCI_COMMAND,
                  PCI_COMMAND_MEMORY | PCI_COMMAND_IO, 2);
    }
    assert_int_equal(g->xen.mapped, 2);
    assert_int_equal(second->region[0].addr, PT_UNMAPPED);
    assert_int_equal(second->region[2].addr, PT_UNMAPPED);
    /* the first one moves its ports, then goes */
    cfg_write(g->bus, 0x28, PCI_BASE_ADDRESS_2, 0xc100, 4);
    assert_int_equal(second->region[2].addr, 0xc000);
    assert_int_equal(g->xen.mapped, 3);
    pt_host_del(first);
    assert_int_equal(second->region[0].addr, 0x7fea00000);
    assert_int_equal(g->xen.mapped, 2);
}

static void shared_page_is_trapped(void **state)
{
    struct guest *g = *state;
    struct pt_host *h = add(g, 0, 0x28, NULL);

    assert_non_null(h);
    g->dev[0].bar3[0x10] = 0x99;
    cfg_write(g->bus, 0x28, PCI_BASE_ADDRESS_3, 0xfeb00000, 4);
    cfg_write(g->bus, 0x28, PCI_COMMAND, PCI_COMMAND_MEMORY, 2);
    assert_int_equal(g->xen.calls, 0);
    assert_int_equal(bus_mmio_read(g->bus, 0xfeb00010, 1), 0x99);
    assert_int_equal(g->dev[0].width, 1);
    bus_mmio_write(g->bus, 0xfeb000f8, 0x1122334455667788, 8);
    assert_int_equal(g->dev[0].width, 8);
    assert_int_equal(g->dev[0].bar3[0xff], 0x11);
    /* the page's rest belongs to another device */
    assert_int_equal(bus_mmio_read(g->bus, 0xfeb00100, 4), 0xffffffff);
    bus_mmio_write(g->bus, 0xfeb00100, 0, 4);

    cfg_write(g->bus, 0x28, PCI_BASE_ADDRESS_3, 0xfec00000, 4);
    assert_int_equal(bus_mmio_read(g->bus, 0xfeb00010, 1), 0xff);
    assert_int_equal(bus_mmio_read(g->bus, 0xfec00010, 1), 0x99);
    pt_host_del(h);
    assert_int_equal(bus_mmio_read(g->bus, 0xfec00010, 1), 0xff);
    assert_null(g->bus->mmio);
}

/* lessons.md part 2, 19: any number of addresses. */
static void trapped_region_moves_for_ever(void **state)
{
    struct guest *g = *state;

    assert_non_null(add(g, 0, 0x28, NULL));
    cfg_write(g->bus, 0x28, PCI_COMMAND, PCI_COMMAND_MEMORY, 2);
    for (uint32_t i = 1; i < 5000; i++) {
        cfg_write(g->bus, 0x28, PCI_BASE_ADDRESS_3, i << PT_PAGE_SHIFT, 4);
        assert_int_equal(bus_mmio_read(g->bus, i << PT_PAGE_SHIFT, 1), 0);
    }
    assert_null(g->bus->mmio->next);
}

/* lessons.md 1.9 and part 2, 23. */
static void multifunction_follows_the_guests_slot(void **state)
{
    struct guest *g = *state;
    struct pt_host *h0, *h1;
    PCIDevice *d;

    h0 = add(g, 0, PT_HOST_AUTO, NULL);
    assert_non_null(h0);
    assert_int_equal(h0->pci.devfn, 0);
    assert_int_equal(cfg_read(g->bus, 0, PCI_HEADER_TYPE, 1), 0);
    h1 = add(g, 1, 1, NULL);
    assert_non_null(h1);
    assert_int_equal(cfg_read(g->bus, 0, PCI_HEADER_TYPE, 1), 0x80);
    assert_int_equal(cfg_read(g->bus, 1, PCI_HEADER_TYPE, 1), 0x80);
    pt_host_del(h1);
    assert_int_equal(cfg_read(g->bus, 0, PCI_HEADER_TYPE, 1), 0);
    d = counting_device(g->bus, 7);
    assert_int_equal(cfg_read(g->bus, 0, PCI_HEADER_TYPE, 1), 0x80);
    pci_unregister_device(d);
    assert_int_equal(cfg_read(g->bus, 0, PCI_HEADER_TYPE, 1), 0);
}

static void places_for_hosted_devices(void **state)
{
    struct guest *g = *state;
    struct pt_error err;
    struct pt_host *h;

    counting_device(g->bus, 0x08);
    assert_null(add(g, 0, 0x08, &err));
    assert_non_null(strstr(err.text, "01.0"));
    assert_null(add(g, 0, -1, &err));
    assert_null(add(g, 0, 0x108, &err));
    assert_null(add(g, 0, 0x200, &err));
    counting_device(g->bus, 0x00);
    h = add(g, 0, PT_HOST_AUTO | 3, &err);
    assert_non_null(h);
    assert_int_equal(h->pci.devfn, 0x13);
    while (pci_free_slot(g->bus) >= 0) {
        counting_device(g->bus, pci_free_slot(g->bus));
    }
    assert_null(add(g, 1, PT_HOST_AUTO, &err));
    assert_non_null(strstr(err.text, "no slot"));
}

/* lessons.md part 2, 13: a refused device is not on the bus. */
static void failed_attach_leaves_nothing(void **state)
{
    struct guest *g = *state;
    struct pt_error err = { "" };

    g->dev[0].dead = true;
    assert_null(add(g, 0, 0x28, &err));
    assert_string_not_equal(err.text, "");
    assert_int_equal(pci_devfn_in_use(g->bus, 0x28), 0);
    g->dev[0].dead = false;
    memset(g->dev[0].cfg, 0xff, sizeof(g->dev[0].cfg));
    assert_null(add(g, 0, 0x28, NULL));
    fake_dev_init(&g->dev[0], 0);
    g->dev[0].cfg[PCI_HEADER_TYPE] = PCI_HEADER_TYPE_BRIDGE;
    assert_null(add(g, 0, 0x28, NULL));
    fake_dev_init(&g->dev[0], 0);
    assert_non_null(add(g, 0, 0x28, NULL));
}

/* lessons.md 1.8.1: no counter ends it. */
static void attaches_without_end(void **state)
{
    struct guest *g = *state;

    for (unsigned i = 0; i < 1000; i++) {
        struct pt_host *h = add(g, 0, PT_HOST_AUTO, NULL);

        assert_non_null(h);
        assert_int_equal(h->pci.devfn, 0);
        pt_host_del(h);
    }
}

static void bus_ends_with_its_devices(void **state)
{
    struct guest *g = *state;

    assert_non_null(add(g, 0, 0x28, NULL));
    cfg_write(g->bus, 0x28, PCI_BASE_ADDRESS_0, 0xfea00000, 4);
    cfg_write(g->bus, 0x28, PCI_COMMAND,
              PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, 2);
    assert_int_equal(g->xen.mapped, 1);
    pci_bus_free(g->bus);
    g->bus = NULL;
    assert_int_equal(g->xen.mapped, 0);
    assert_int_equal(g->dev[0].cfg[PCI_COMMAND] & PCI_COMMAND_MASTER, 0);
}

static void own_clock_and_log(void **state)
{
    struct guest *g = *state;
    struct pt_host_args args = {
        .device = &g->dev[0].pt,
        .xen = &g->xen.pt,
        .policy = { .strict = true },
    };
    struct pt_host *h = pt_host_add(g->bus, &args, 0x28, NULL);
    uint64_t before;

    assert_non_null(h);
    assert_true(h->dev->policy.strict);
    before = h->bus.ops->now_us(h->bus.priv);
    h->bus.ops->delay_us(h->bus.priv, 2000);
    assert_true(h->bus.ops->now_us(h->bus.priv) >= before + 2000);
    h->bus.ops->log(h->bus.priv, PT_LOG_WARNING, "a line of the test's");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(config_address_is_a_dword),
        TEST(reserved_bits_of_config_address_are_0),
        TEST(config_data_has_byte_lanes),
        TEST(access_across_the_ports_ends),
        TEST(nobody_answers_with_all_ones),
        TEST(widths_that_are_none),
        TEST(places_are_taken_once),
        TEST(full_bus),
        TEST(hidden_device_answers_no_more),
        TEST(regions_are_powers_of_two),
        TEST(emulated_bars),
        TEST(overlap_is_within_a_space),
        TEST(multifunction_bit_of_emulated_functions),
        TEST(trapped_memory_by_width),
        TEST(xsa112_trapped_memory_ends),
        TEST(trapped_memory_does_not_overlap),
        TEST(hosted_device_answers),
        TEST(hosted_regions_are_mapped),
        TEST(taken_by_an_emulated_device),
        TEST(taken_by_another_hosted_device),
        TEST(shared_page_is_trapped),
        TEST(trapped_region_moves_for_ever),
        TEST(multifunction_follows_the_guests_slot),
        TEST(places_for_hosted_devices),
        TEST(failed_attach_leaves_nothing),
        TEST(attaches_without_end),
        TEST(bus_ends_with_its_devices),
        TEST(own_clock_and_log),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("bus", tests, NULL, NULL);
}
