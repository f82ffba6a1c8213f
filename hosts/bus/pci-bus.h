/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A PCI bus of a guest: devices, their configuration space behind ports 0xCF8
 * and 0xCFC, and trapped memory.
 *
 * It has the interface of the classic qemu-dm's hw/pci.h, as far as
 * pass-through uses it, apart from what ends the process there: errors are
 * returned. All functions are for one thread.
 */
#ifndef PCI_BUS_H
#define PCI_BUS_H

#include <stdbool.h>
#include <stdint.h>

#define NR_PCI_FUNC 8
#define NR_PCI_DEV 32
#define NR_PCI_DEVFN 256

#define PCI_ROM_SLOT 6
#define PCI_NUM_REGIONS 7

#define PCI_ADDRESS_SPACE_MEM 0x00
#define PCI_ADDRESS_SPACE_IO 0x01
#define PCI_ADDRESS_SPACE_MEM_PREFETCH 0x08

#define PCI_DEVICE_CONFIG_SIZE 4096

/* The host bridge's ports: PCI Local Bus 3.0 section 3.2.2.3.2. */
#define PCI_CONFIG_ADDRESS 0xcf8
#define PCI_CONFIG_DATA 0xcfc
#define PCI_CONFIG_ENABLE 0x80000000u

typedef struct PCIBus PCIBus;
typedef struct PCIDevice PCIDevice;

/* @len: 1, 2, 4; @address + @len is at most 256. */
typedef uint32_t PCIConfigReadFunc(PCIDevice *d, uint32_t address, int len);
typedef void PCIConfigWriteFunc(PCIDevice *d, uint32_t address,
                                uint32_t data, int len);
/* A region came to @addr. */
typedef void PCIMapIORegionFunc(PCIDevice *d, int region_num, uint32_t addr,
                                uint32_t size, int type);

typedef struct PCIIORegion {
    uint32_t addr;  /* UINT32_MAX: unmapped */
    uint32_t size;  /* 0: none */
    uint8_t type;   /* PCI_ADDRESS_SPACE_* */
    PCIMapIORegionFunc *map_func;
} PCIIORegion;

struct PCIDevice {
    uint8_t config[PCI_DEVICE_CONFIG_SIZE];
    PCIBus *bus;
    int devfn;
    char name[64];
    PCIIORegion io_regions[PCI_NUM_REGIONS];
    PCIConfigReadFunc *config_read;
    PCIConfigWriteFunc *config_write;

    /*
     * For who hosts pass-through; each may be NULL. The device is about to
     * leave the bus and its memory to be freed.
     */
    void (*unregister)(PCIDevice *d);
    /* The slot has several functions now, or only this one. */
    void (*slot_changed)(PCIDevice *d, bool multifunction);
    /* An address range became free. */
    void (*room_made)(PCIDevice *d);
};

/* ------------------------------------------------------------------ */
/* Trapped memory                                                      */

/* Accesses at @off from the range's start, all of them inside it. */
typedef uint64_t mmio_read_func(void *opaque, uint64_t off, unsigned width);
typedef void mmio_write_func(void *opaque, uint64_t off, uint64_t val,
                             unsigned width);

/* A range of guest addresses; the memory is its owner's while it is on. */
struct mmio_range {
    uint64_t start;
    uint64_t size;
    mmio_read_func *read;
    mmio_write_func *write;
    void *opaque;
    struct mmio_range *next;
};

struct PCIBus {
    PCIDevice *devices[NR_PCI_DEVFN];
    uint32_t config_reg;       /* the latch at 0xCF8 */
    bool room;                 /* an address range became free */
    struct mmio_range *mmio;   /* that are on */
};

/*
 * Switch a range on. Returns 0, -EINVAL (empty, or beyond the last address)
 * or -EBUSY (some of it is trapped already).
 */
int bus_mmio_add(PCIBus *bus, struct mmio_range *range);

/* Switch a range off; one that is not on stays so. */
void bus_mmio_del(PCIBus *bus, struct mmio_range *range);

/*
 * A guest's access of @width 1, 2, 4 or 8 bytes at @gpa. Where no one range
 * has all of it, a read gives all ones and a write is dropped.
 */
uint64_t bus_mmio_read(PCIBus *bus, uint64_t gpa, unsigned width);
void bus_mmio_write(PCIBus *bus, uint64_t gpa, uint64_t val, unsigned width);

/* ------------------------------------------------------------------ */
/* Devices                                                             */

/* A bus without devices, number 0. NULL: out of memory. */
PCIBus *pci_bus_new(void);
/* Unregisters its devices too. NULL is allowed. */
void pci_bus_free(PCIBus *bus);

/* The bus's number, for messages. */
int pci_bus_num(PCIBus *bus);

/*
 * Put a device on the bus.
 * @instance_size: bytes of the caller's structure, which starts with a
 * PCIDevice; it is zeroed. @devfn: 0..255, -1: function 0 of the lowest slot
 * that has none. NULL for @read and @write: the defaults below.
 *
 * Returns the device, for pci_unregister_device(), or NULL and errno: EINVAL,
 * EBUSY (@devfn is taken), ENOSPC (no slot is free), ENOMEM.
 */
PCIDevice *pci_register_device(PCIBus *bus, const char *name,
                               int instance_size, int devfn,
                               PCIConfigReadFunc *read,
                               PCIConfigWriteFunc *write);

/* Take a device from the bus: it answers no more. */
void pci_hide_device(PCIDevice *d);

/* End a device: d->unregister, off the bus, freed. */
void pci_unregister_device(PCIDevice *d);

/* Is there a device at @devfn? Out of 0..255 there is none. */
int pci_devfn_in_use(PCIBus *bus, int devfn);

/* Functions that the slot of @devfn has. */
unsigned pci_slot_functions(PCIBus *bus, int devfn);

/* Function 0 of the lowest slot without any function; -1: there is none. */
int pci_free_slot(PCIBus *bus);

/*
 * Give a device a region: 0..5, or PCI_ROM_SLOT. @size: a power of two. Sets
 * its BAR to @type, and the region unmapped.
 * Returns 0 or -EINVAL.
 */
int pci_register_io_region(PCIDevice *d, int region_num, uint32_t size,
                           int type, PCIMapIORegionFunc *map_func);

/*
 * Does [@addr, @addr + @size) overlap a region of the same space that
 * another device than @devfn has there? 1 or 0.
 */
int pt_chk_bar_overlap(PCIBus *bus, int devfn, uint32_t addr, uint32_t size,
                       uint8_t type);

/*
 * Configuration space of an emulated device: d->config. Header registers
 * that PCI defines as writable are, and all from 0x40; BARs by their size,
 * mapping the regions.
 */
uint32_t pci_default_read_config(PCIDevice *d, uint32_t address, int len);
void pci_default_write_config(PCIDevice *d, uint32_t address, uint32_t val,
                              int len);

/*
 * An address range became free: when the access under way is over, devices
 * that could not be mapped try again.
 */
void pci_made_room(PCIBus *bus);
/* It is over. */
void pci_settle(PCIBus *bus);

/* ------------------------------------------------------------------ */
/* The host bridge                                                     */

/*
 * A guest's access of @width 1, 2 or 4 bytes at @port, from 0xCF5 to 0xCFF.
 * Only an aligned dword at 0xCF8 is CONFIG_ADDRESS; any bytes at 0xCFC to
 * 0xCFF are CONFIG_DATA while its enable bit is set. What nobody answers
 * reads as all ones.
 */
uint32_t pci_port_read(PCIBus *bus, uint32_t port, unsigned width);
void pci_port_write(PCIBus *bus, uint32_t port, uint32_t val, unsigned width);

#endif
