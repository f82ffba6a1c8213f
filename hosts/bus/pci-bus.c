/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Devices on a guest's PCI bus. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pci/header.h>

#include "pci-bus.h"

#define UNMAPPED UINT32_MAX
#define MULTIFUNCTION 0x80  /* in Header Type */

/* IDs of a device that sets none of its own, as qemu-dm has them. */
#define SUBSYSTEM_VENDOR 0x5853
#define SUBSYSTEM_DEVICE 0x0001

#define WRITABLE_COMMAND (PCI_COMMAND_IO | PCI_COMMAND_MEMORY | \
    PCI_COMMAND_MASTER | PCI_COMMAND_PARITY | PCI_COMMAND_SERR | \
    PCI_COMMAND_DISABLE_INTx)

/* ------------------------------------------------------------------ */
/* Bytes, little-endian                                                */

static uint32_t load(const uint8_t *p, unsigned len)
{
    uint32_t val = 0;

    for (unsigned i = 0; i < len; i++) {
        val |= (uint32_t)p[i] << (8 * i);
    }
    return val;
}

static void store(uint8_t *p, uint32_t val, unsigned len)
{
    for (unsigned i = 0; i < len; i++) {
        p[i] = (uint8_t)(val >> (8 * i));
    }
}

/* ------------------------------------------------------------------ */
/* Slots                                                               */

unsigned pci_slot_functions(PCIBus *bus, int devfn)
{
    unsigned n = 0;

    for (int f = 0; f < NR_PCI_FUNC; f++) {
        n += bus->devices[PCI_DEVFN(PCI_SLOT(devfn), f)] != NULL;
    }
    return n;
}

int pci_free_slot(PCIBus *bus)
{
    for (int slot = 0; slot < NR_PCI_DEV; slot++) {
        if (pci_slot_functions(bus, PCI_DEVFN(slot, 0)) == 0) {
            return PCI_DEVFN(slot, 0);
        }
    }
    return -1;
}

int pci_devfn_in_use(PCIBus *bus, int devfn)
{
    return devfn >= 0 && devfn < NR_PCI_DEVFN && bus->devices[devfn] != NULL;
}

/* All functions of a slot say whether there are several. */
static void update_slot(PCIBus *bus, int devfn)
{
    bool multi = pci_slot_functions(bus, devfn) > 1;

    for (int f = 0; f < NR_PCI_FUNC; f++) {
        PCIDevice *d = bus->devices[PCI_DEVFN(PCI_SLOT(devfn), f)];

        if (!d) {
            continue;
        }
        if (d->slot_changed) {
            d->slot_changed(d, multi);
        } else if (multi) {
            d->config[PCI_HEADER_TYPE] |= MULTIFUNCTION;
        } else {
            d->config[PCI_HEADER_TYPE] &= (uint8_t)~MULTIFUNCTION;
        }
    }
}

static int first_without_function_0(PCIBus *bus)
{
    for (int devfn = 0; devfn < NR_PCI_DEVFN; devfn += NR_PCI_FUNC) {
        if (!bus->devices[devfn]) {
            return devfn;
        }
    }
    return -1;
}

/* ------------------------------------------------------------------ */
/* Devices                                                             */

PCIBus *pci_bus_new(void)
{
    return calloc(1, sizeof(PCIBus));
}

void pci_bus_free(PCIBus *bus)
{
    if (!bus) {
        return;
    }
    for (int devfn = 0; devfn < NR_PCI_DEVFN; devfn++) {
        if (bus->devices[devfn]) {
            pci_unregister_device(bus->devices[devfn]);
        }
    }
    free(bus);
}

int pci_bus_num(PCIBus *bus)
{
    (void)bus;
    return 0;
}

PCIDevice *pci_register_device(PCIBus *bus, const char *name,
                               int instance_size, int devfn,
                               PCIConfigReadFunc *read,
                               PCIConfigWriteFunc *write)
{
    PCIDevice *d;

    if (devfn == -1) {
        devfn = first_without_function_0(bus);
        if (devfn < 0) {
            errno = ENOSPC;
            return NULL;
        }
    }
    if (devfn < 0 || devfn >= NR_PCI_DEVFN ||
        instance_size < (int)sizeof(*d)) {
        errno = EINVAL;
        return NULL;
    }
    if (bus->devices[devfn]) {
        errno = EBUSY;
        return NULL;
    }
    d = calloc(1, (size_t)instance_size);
    if (!d) {
        return NULL;
    }
    d->bus = bus;
    d->devfn = devfn;
    snprintf(d->name, sizeof(d->name), "%s", name);
    d->config_read = read ? read : pci_default_read_config;
    d->config_write = write ? write : pci_default_write_config;
    store(d->config + PCI_SUBSYSTEM_VENDOR_ID, SUBSYSTEM_VENDOR, 2);
    store(d->config + PCI_SUBSYSTEM_ID, SUBSYSTEM_DEVICE, 2);
    bus->devices[devfn] = d;
    update_slot(bus, devfn);
    return d;
}

void pci_settle(PCIBus *bus)
{
    if (!bus->room) {
        return;
    }
    for (int devfn = 0; devfn < NR_PCI_DEVFN; devfn++) {
        PCIDevice *d = bus->devices[devfn];

        if (d && d->room_made) {
            d->room_made(d);
        }
    }
    /* Only mappings came from that, which make no room. */
    bus->room = false;
}

void pci_made_room(PCIBus *bus)
{
    bus->room = true;
}

void pci_hide_device(PCIDevice *d)
{
    PCIBus *bus = d->bus;

    if (bus->devices[d->devfn] != d) {
        return;
    }
    bus->devices[d->devfn] = NULL;
    update_slot(bus, d->devfn);
    pci_made_room(bus);
    pci_settle(bus);
}

void pci_unregister_device(PCIDevice *d)
{
    if (d->unregister) {
        d->unregister(d);
    }
    pci_hide_device(d);
    free(d);
}

/* ------------------------------------------------------------------ */
/* Regions                                                             */

static unsigned bar_of(int region_num)
{
    return region_num == PCI_ROM_SLOT ? PCI_ROM_ADDRESS :
        PCI_BASE_ADDRESS_0 + 4 * (unsigned)region_num;
}

int pci_register_io_region(PCIDevice *d, int region_num, uint32_t size,
                           int type, PCIMapIORegionFunc *map_func)
{
    if (region_num < 0 || region_num >= PCI_NUM_REGIONS || size == 0 ||
        (size & (size - 1)) ||
        (type != PCI_ADDRESS_SPACE_MEM && type != PCI_ADDRESS_SPACE_IO &&
         type != PCI_ADDRESS_SPACE_MEM_PREFETCH)) {
        return -EINVAL;
    }
    d->io_regions[region_num] = (PCIIORegion) {
        .addr = UNMAPPED,
        .size = size,
        .type = (uint8_t)type,
        .map_func = map_func,
    };
    store(d->config + bar_of(region_num), (uint32_t)type, 4);
    return 0;
}

static bool is_io(uint8_t type)
{
    return type & PCI_ADDRESS_SPACE_IO;
}

int pt_chk_bar_overlap(PCIBus *bus, int devfn, uint32_t addr, uint32_t size,
                       uint8_t type)
{
    for (int i = 0; i < NR_PCI_DEVFN; i++) {
        const PCIDevice *d = bus->devices[i];

        for (int n = 0; d && i != devfn && n < PCI_NUM_REGIONS; n++) {
            const PCIIORegion *r = &d->io_regions[n];

            if (r->size && r->addr != UNMAPPED &&
                is_io(r->type) == is_io(type) &&
                addr < (uint64_t)r->addr + r->size &&
                r->addr < (uint64_t)addr + size) {
                return 1;
            }
        }
    }
    return 0;
}

/* Where configuration space puts region @n now. */
static uint32_t region_addr(const PCIDevice *d, int n)
{
    const PCIIORegion *r = &d->io_regions[n];
    uint32_t bar = load(d->config + bar_of(n), 4);
    uint32_t command = load(d->config + PCI_COMMAND, 2);
    uint32_t addr = bar & ~(r->size - 1);
    uint64_t limit = is_io(r->type) ? 0x10000 : UINT32_MAX;

    if (!(command & (is_io(r->type) ? PCI_COMMAND_IO : PCI_COMMAND_MEMORY)) ||
        (n == PCI_ROM_SLOT && !(bar & PCI_ROM_ADDRESS_ENABLE)) ||
        addr == 0 || (uint64_t)addr + r->size > limit) {
        return UNMAPPED;
    }
    return addr;
}

static void update_regions(PCIDevice *d)
{
    for (int n = 0; n < PCI_NUM_REGIONS; n++) {
        PCIIORegion *r = &d->io_regions[n];
        uint32_t addr = r->size ? region_addr(d, n) : UNMAPPED;

        if (r->size == 0 || addr == r->addr) {
            continue;
        }
        r->addr = addr;
        pci_made_room(d->bus);
        if (addr != UNMAPPED && r->map_func) {
            r->map_func(d, n, addr, r->size, r->type);
        }
    }
}

/* ------------------------------------------------------------------ */
/* Configuration space                                                 */

static bool in_config(uint32_t address, int len)
{
    return (len == 1 || len == 2 || len == 4) &&
        address <= PCI_DEVICE_CONFIG_SIZE - (uint32_t)len;
}

uint32_t pci_default_read_config(PCIDevice *d, uint32_t address, int len)
{
    return in_config(address, len) ?
        load(d->config + address, (unsigned)len) : 0;
}

/* Which bits of the header a guest may write; PCI Local Bus 3.0, 6.2. */
static void writable_header(const PCIDevice *d, uint8_t mask[0x40])
{
    memset(mask, 0, 0x40);
    store(mask + PCI_COMMAND, WRITABLE_COMMAND, 2);
    mask[PCI_CACHE_LINE_SIZE] = 0xff;
    mask[PCI_LATENCY_TIMER] = 0xff;
    mask[PCI_INTERRUPT_LINE] = 0xff;
    for (int n = 0; n < PCI_NUM_REGIONS; n++) {
        const PCIIORegion *r = &d->io_regions[n];
        uint32_t bits = ~(r->size - 1);

        if (r->size == 0) {
            continue;
        }
        bits &= is_io(r->type) ? ~3u : ~0xfu;
        if (n == PCI_ROM_SLOT) {
            bits |= PCI_ROM_ADDRESS_ENABLE;
        }
        store(mask + bar_of(n), bits, 4);
    }
}

void pci_default_write_config(PCIDevice *d, uint32_t address, uint32_t val,
                              int len)
{
    uint8_t mask[0x40];

    if (!in_config(address, len)) {
        return;
    }
    writable_header(d, mask);
    for (unsigned i = 0; i < (unsigned)len; i++) {
        uint32_t at = address + i;
        uint8_t bits = at < sizeof(mask) ? mask[at] : 0xff;
        uint8_t byte = (uint8_t)(val >> (8 * i));

        d->config[at] = (uint8_t)((d->config[at] & ~bits) | (byte & bits));
    }
    if (address < sizeof(mask)) {
        update_regions(d);
    }
}

/* ------------------------------------------------------------------ */
/* The host bridge                                                     */

static uint32_t all_ones(unsigned width)
{
    return width >= 4 ? UINT32_MAX : (UINT32_C(1) << (8 * width)) - 1;
}

/* The device that CONFIG_ADDRESS selects. */
static PCIDevice *selected(const PCIBus *bus)
{
    uint32_t addr = bus->config_reg;

    if (!(addr & PCI_CONFIG_ENABLE) || ((addr >> 16) & 0xff) != 0) {
        return NULL;
    }
    return bus->devices[(addr >> 8) & 0xff];
}

/*
 * One bus cycle: it stays inside a dword. Three bytes of it are possible;
 * config callbacks take powers of two.
 */
static uint32_t cycle_read(PCIBus *bus, uint32_t port, unsigned width)
{
    PCIDevice *d = selected(bus);
    uint32_t reg = (bus->config_reg & 0xfc) + (port & 3);

    if (port == PCI_CONFIG_ADDRESS && width == 4) {
        return bus->config_reg;
    }
    if ((port & ~UINT32_C(3)) != PCI_CONFIG_DATA || !d) {
        return all_ones(width);
    }
    if (width == 3) {
        return d->config_read(d, reg, 1) |
            d->config_read(d, reg + 1, 2) << 8;
    }
    return d->config_read(d, reg, (int)width) & all_ones(width);
}

static void cycle_write(PCIBus *bus, uint32_t port, uint32_t val,
                        unsigned width)
{
    PCIDevice *d = selected(bus);
    uint32_t reg = (bus->config_reg & 0xfc) + (port & 3);

    val &= all_ones(width);
    if (port == PCI_CONFIG_ADDRESS && width == 4) {
        /* Bits 30 to 24 and 1 to 0 are reserved and read 0. */
        bus->config_reg = val & (PCI_CONFIG_ENABLE | 0x00fffffc);
        return;
    }
    if ((port & ~UINT32_C(3)) != PCI_CONFIG_DATA || !d) {
        return;
    }
    if (width == 3) {
        d->config_write(d, reg, val & 0xff, 1);
        d->config_write(d, reg + 1, val >> 8, 2);
        return;
    }
    d->config_write(d, reg, val, (int)width);
}

/* Bytes of an access that are in the dword where it starts. */
static unsigned in_dword(uint32_t port, unsigned width)
{
    unsigned left = 4 - (port & 3);

    return width < left ? width : left;
}

static bool is_width(unsigned width)
{
    return width == 1 || width == 2 || width == 4;
}

uint32_t pci_port_read(PCIBus *bus, uint32_t port, unsigned width)
{
    unsigned n = in_dword(port, width);
    uint32_t val;

    if (!is_width(width)) {
        return UINT32_MAX;
    }
    val = cycle_read(bus, port, n);
    if (n < width) {
        val |= cycle_read(bus, port + n, width - n) << (8 * n);
    }
    return val;
}

void pci_port_write(PCIBus *bus, uint32_t port, uint32_t val, unsigned width)
{
    unsigned n = in_dword(port, width);

    if (!is_width(width)) {
        return;
    }
    cycle_write(bus, port, val, n);
    if (n < width) {
        cycle_write(bus, port + n, val >> (8 * n), width - n);
    }
    pci_settle(bus);
}
