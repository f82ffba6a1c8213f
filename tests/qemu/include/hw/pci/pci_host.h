/* SPDX-License-Identifier: GPL-2.0-or-later */
/* QEMU's PCI bus and memory map, as pt-qemu-mmcfg.c has them. */
#ifndef HW_PCI_PCI_HOST_H
#define HW_PCI_PCI_HOST_H

#include <inttypes.h>

#include "qom/object.h"

/* hosts/bus, which is in all tests, has one, too. */
#define pci_bus_num qemu_pci_bus_num

#define OBJECT(d) ((Object *)(d))
#define DEVICE(d) (&(d)->qdev)
#define DEVICE_LITTLE_ENDIAN 2

typedef uint64_t hwaddr;

typedef struct MemoryRegionOps {
    uint64_t (*read)(void *opaque, hwaddr at, unsigned size);
    void (*write)(void *opaque, hwaddr at, uint64_t val, unsigned size);
    int endianness;
    struct {
        unsigned min_access_size, max_access_size;
        bool unaligned;
    } valid, impl;
} MemoryRegionOps;

typedef struct MemoryRegionSection {
    MemoryRegion *mr;
} MemoryRegionSection;

Object *object_dynamic_cast(Object *obj, const char *type);

MemoryRegion *get_system_memory(void);
MemoryRegionSection memory_region_find(MemoryRegion *map, hwaddr addr,
                                       uint64_t size);
void memory_region_unref(MemoryRegion *mr);
void memory_region_init_io(MemoryRegion *mr, Object *owner,
                           const MemoryRegionOps *ops, void *opaque,
                           const char *name, uint64_t size);
void memory_region_add_subregion(MemoryRegion *map, hwaddr addr,
                                 MemoryRegion *mr);

PCIBus *pci_get_bus(const PCIDevice *d);
bool pci_bus_is_root(const PCIBus *bus);
int pci_bus_num(PCIBus *bus);
PCIDevice *pci_find_device(PCIBus *bus, int num, uint8_t devfn);
PCIDevice *pci_get_function_0(PCIDevice *d);
uint32_t pci_data_read(PCIBus *bus, uint32_t addr, unsigned len);
void pci_data_write(PCIBus *bus, uint32_t addr, uint32_t val, unsigned len);

#endif
