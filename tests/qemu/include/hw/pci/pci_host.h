/* SPDX-License-Identifier: GPL-2.0-or-later */
/* QEMU's PCI bus and memory map, as hosts/qemu has them. */
#ifndef HW_PCI_PCI_HOST_H
#define HW_PCI_PCI_HOST_H

#include <inttypes.h>

#include "qom/object.h"

/* hosts/bus, which is in all tests, has such, too. */
#define pci_bus_num qemu_pci_bus_num
#define pci_default_read_config qemu_pci_default_read_config
#define pci_default_write_config qemu_pci_default_write_config

#define OBJECT(d) ((Object *)(d))
#define DEVICE(d) (&(d)->qdev)
#define DEVICE_LITTLE_ENDIAN 2

#define PCI_ROM_SLOT 6
#define PCI_NUM_REGIONS 7
#define PCI_BAR_UNMAPPED UINT64_MAX
#define PCI_CONFIG_HEADER_SIZE 0x40
#define PCI_FUNC_MAX 8
#define PCI_COMMAND_INTX_DISABLE 0x400
#define QEMU_PCI_CAP_MULTIFUNCTION 8

typedef uint64_t hwaddr;
typedef unsigned __int128 Int128;

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
    Int128 size;
    hwaddr offset_within_address_space;
} MemoryRegionSection;

static inline uint64_t int128_get64(Int128 n)
{
    return (uint64_t)n;
}

Object *object_dynamic_cast(Object *obj, const char *type);

MemoryRegion *get_system_memory(void);
MemoryRegion *get_system_io(void);
Object *memory_region_owner(MemoryRegion *mr);
void memory_region_transaction_begin(void);
void memory_region_transaction_commit(void);
void memory_region_init(MemoryRegion *mr, Object *owner, const char *name,
                        uint64_t size);
MemoryRegionSection memory_region_find(MemoryRegion *map, hwaddr addr,
                                       uint64_t size);
void memory_region_unref(MemoryRegion *mr);
void memory_region_init_io(MemoryRegion *mr, Object *owner,
                           const MemoryRegionOps *ops, void *opaque,
                           const char *name, uint64_t size);
void memory_region_add_subregion(MemoryRegion *map, hwaddr addr,
                                 MemoryRegion *mr);
void memory_region_del_subregion(MemoryRegion *map, MemoryRegion *mr);

PCIBus *pci_get_bus(const PCIDevice *d);
bool pci_bus_is_root(const PCIBus *bus);
int pci_bus_num(PCIBus *bus);
PCIDevice *pci_find_device(PCIBus *bus, int num, uint8_t devfn);
PCIDevice *pci_get_function_0(PCIDevice *d);
void pci_for_each_device_under_bus(PCIBus *bus,
                                   void (*fn)(PCIBus *bus, PCIDevice *d,
                                              void *opaque),
                                   void *opaque);
void pci_register_bar(PCIDevice *d, int n, uint8_t type, MemoryRegion *mr);
uint32_t pci_default_read_config(PCIDevice *d, uint32_t addr, int len);
void pci_default_write_config(PCIDevice *d, uint32_t addr, uint32_t val,
                              int len);
void pci_set_long(uint8_t *at, uint32_t val);
void pci_set_quad(uint8_t *at, uint64_t val);
uint32_t pci_data_read(PCIBus *bus, uint32_t addr, unsigned len);
void pci_data_write(PCIBus *bus, uint32_t addr, uint32_t val, unsigned len);

#endif
