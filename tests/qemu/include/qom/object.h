/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What pt-qemu.h and the files of hosts/qemu that have tests name of QEMU, as
 * these play it: its own headers need all of QEMU.
 */
#ifndef QOM_OBJECT_H
#define QOM_OBJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define QLIST_ENTRY(type) struct { struct type *next; }
#define OBJECT_DECLARE_SIMPLE_TYPE(Type, NAME) \
    typedef struct Type Type; \
    static inline Type *NAME(void *obj) { return obj; }

typedef struct Object Object;
typedef struct ObjectClass ObjectClass;
typedef struct Visitor Visitor;
typedef struct Error Error;
typedef struct QEMUTimer { int unused; } QEMUTimer;
typedef struct MemoryRegion MemoryRegion;
typedef struct PCIHostDeviceAddress {
    unsigned domain, bus, slot, function;
} PCIHostDeviceAddress;
typedef struct DeviceState { bool hotplugged; } DeviceState;
typedef struct PCIBus PCIBus;
typedef struct PCIDevice PCIDevice;

struct MemoryRegion {
    const void *ops;
    void *opaque;
    Object *owner;
    uint64_t addr, size;  /* where it is in its container */
    MemoryRegion *container, *first, *next;
};

typedef struct PCIIORegion {
    uint64_t addr, size;
    uint8_t type;
    MemoryRegion *memory, *address_space;
} PCIIORegion;

struct PCIDevice {
    DeviceState qdev;
    PCIBus *bus;
    int devfn;
    char name[64];
    char *romfile;
    uint32_t rom_bar;
    uint32_t cap_present;
    uint8_t config[256], wmask[256];
    PCIIORegion io_regions[7];
    uint32_t (*config_read)(PCIDevice *d, uint32_t addr, int len);
    void (*config_write)(PCIDevice *d, uint32_t addr, uint32_t val, int len);
};

typedef void ObjectPropertyAccessor(Object *obj, Visitor *v, const char *name,
                                    void *opaque, Error **errp);

void *object_class_property_add(ObjectClass *klass, const char *name,
                                const char *type, ObjectPropertyAccessor *get,
                                ObjectPropertyAccessor *set,
                                void (*release)(Object *obj, const char *name,
                                                void *opaque),
                                void *opaque);
void object_class_property_set_description(ObjectClass *klass,
                                           const char *name,
                                           const char *description);

#endif
