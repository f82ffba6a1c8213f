/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Checked against qemu-xen-traditional's hw/pci.h, master of 2020 (3d273dd0)
 * and stable-4.2 of 2014. Of all that it needs it includes isa.h only.
 */
#ifndef QEMU_PCI_H
#define QEMU_PCI_H

#include "isa.h"

extern target_phys_addr_t pci_mem_base;

#define PCI_DEVFN(slot, func) ((((slot) & 0x1f) << 3) | ((func) & 0x07))
#define PCI_SLOT(devfn) (((devfn) >> 3) & 0x1f)
#define PCI_FUNC(devfn) ((devfn) & 0x07)

#define PCI_ADDRESS_SPACE_MEM 0x00
#define PCI_ADDRESS_SPACE_IO 0x01
#define PCI_ADDRESS_SPACE_MEM_PREFETCH 0x08

#define PCI_ROM_SLOT 6
#define PCI_NUM_REGIONS 7

#define NR_PCI_FUNC 8
#define NR_PCI_DEV 32
#define NR_PCI_DEVFN (NR_PCI_FUNC * NR_PCI_DEV)
#define AUTO_PHP_SLOT 0x100

typedef uint32_t PCIConfigReadFunc(PCIDevice *d, uint32_t address, int len);
typedef void PCIConfigWriteFunc(PCIDevice *d, uint32_t address, uint32_t data,
                                int len);
typedef void PCIMapIORegionFunc(PCIDevice *d, int region_num, uint32_t addr,
                                uint32_t size, int type);
typedef int PCIUnregisterFunc(PCIDevice *d);
typedef int (*pci_map_irq_fn)(PCIDevice *d, int irq_num);

typedef struct PCIIORegion {
    uint32_t addr;  /* -1: unmapped */
    uint32_t size;
    uint8_t type;
    PCIMapIORegionFunc *map_func;
} PCIIORegion;

struct PCIDevice {
    uint8_t config[4096];
    PCIBus *bus;
    int devfn;
    char name[64];
    PCIIORegion io_regions[PCI_NUM_REGIONS];
    PCIConfigReadFunc *config_read;
    PCIConfigWriteFunc *config_write;
    PCIUnregisterFunc *unregister;
    qemu_irq *irq;
    int irq_state[4];
};

extern char direct_pci_str[];
extern int direct_pci_msitranslate;
extern int direct_pci_power_mgmt;

PCIDevice *pci_register_device(PCIBus *bus, const char *name,
                               int instance_size, int devfn,
                               PCIConfigReadFunc *config_read,
                               PCIConfigWriteFunc *config_write);
void pci_data_write(void *opaque, uint32_t addr, uint32_t val, int len);
uint32_t pci_data_read(void *opaque, uint32_t addr, int len);
int pci_devfn_in_use(PCIBus *bus, int devfn);
int pt_chk_bar_overlap(PCIBus *bus, int devfn, uint32_t addr, uint32_t size,
                       uint8_t type);
uint32_t pci_default_read_config(PCIDevice *d, uint32_t address, int len);
void pci_default_write_config(PCIDevice *d, uint32_t address, uint32_t val,
                              int len);
PCIBus *pci_isa_bridge_init(PCIBus *bus, int devfn, uint16_t vid,
                            uint16_t did, uint8_t rid, pci_map_irq_fn map_irq,
                            const char *name);

/* Pass-through's own: what the tree calls. */
int pt_init(PCIBus *e_bus);
int insert_to_pci_devfn(char *bdf_devfn);
int bdf_to_devfn(char *bdf_str);
int test_pci_devfn(int devfn);
int power_on_php_devfn(int devfn);
int power_off_php_devfn(int devfn);

#endif
