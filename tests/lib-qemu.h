/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SIMULATED: of QEMU the memory map, the PCI core's way with BARs, and the life
 * of a device, as its headers tell. For a test that includes hosts/qemu's files
 * and plays no more than one device of theirs.
 */
#ifndef LIB_QEMU_H
#define LIB_QEMU_H

#include "lib-lessons.h"

#include "hw/pci/pci_host.h"
#include "qemu/cutils.h"
#include "qemu/module.h"
#include "qemu/range.h"

/* ------------------------------------------------------------------ */
/* Memory and ports                                                    */

/* What is somewhere: a region that answers, in no container but the map. */
struct qemu_section {
    bool io;
    uint64_t at, size;
    MemoryRegion *mr;
};

static MemoryRegion qemu_memory = { .size = UINT64_MAX };
static MemoryRegion qemu_ports = { .size = 0x10000 };

/* As of the last commit, which is when QEMU's Xen code tells Xen. */
static struct {
    unsigned depth;
    bool pending;
    unsigned changes;
    int refs;
    unsigned num;
    struct qemu_section section[16];
} qemu_map;

MemoryRegion *get_system_memory(void)
{
    return &qemu_memory;
}

MemoryRegion *get_system_io(void)
{
    return &qemu_ports;
}

Object *memory_region_owner(MemoryRegion *mr)
{
    return mr->owner;
}

/* The first in [@at, @at + @size); NULL: nothing is there. */
static inline const struct qemu_section *qemu_find(bool io, uint64_t at,
                                                   uint64_t size)
{
    const struct qemu_section *first = NULL;

    for (unsigned i = 0; i < qemu_map.num; i++) {
        const struct qemu_section *s = &qemu_map.section[i];

        if (s->io == io && ranges_overlap(s->at, s->size, at, size) &&
            (!first || s->at < first->at)) {
            first = s;
        }
    }
    return first;
}

static inline void qemu_lay(MemoryRegion *mr, uint64_t at, bool io)
{
    if (mr->ops) {
        assert_null(qemu_find(io, at, mr->size));
        assert_true(qemu_map.num < COUNT(qemu_map.section));
        qemu_map.section[qemu_map.num++] = (struct qemu_section) {
            io, at, mr->size, mr,
        };
    }
    for (mr = mr->first; mr; mr = mr->next) {
        qemu_lay(mr, at + mr->addr, io);
    }
}

void memory_region_transaction_begin(void)
{
    qemu_map.depth++;
}

void memory_region_transaction_commit(void)
{
    assert_true(qemu_map.depth > 0);
    if (--qemu_map.depth == 0 && qemu_map.pending) {
        qemu_map.pending = false;
        qemu_map.changes++;
        qemu_map.num = 0;
        qemu_lay(&qemu_memory, 0, false);
        qemu_lay(&qemu_ports, 0, true);
    }
}

/* Once only: its name is a property of the owner's. */
void memory_region_init(MemoryRegion *mr, Object *owner, const char *name,
                        uint64_t size)
{
    (void)name;
    assert_null(mr->owner);
    *mr = (MemoryRegion) { .owner = owner, .size = size };
}

void memory_region_init_io(MemoryRegion *mr, Object *owner,
                           const MemoryRegionOps *ops, void *opaque,
                           const char *name, uint64_t size)
{
    memory_region_init(mr, owner, name, size);
    mr->ops = ops;
    mr->opaque = opaque;
}

void memory_region_add_subregion(MemoryRegion *to, hwaddr addr,
                                 MemoryRegion *mr)
{
    assert_null(mr->container);
    assert_true(addr < to->size && mr->size <= to->size - addr);
    memory_region_transaction_begin();
    mr->container = to;
    mr->addr = addr;
    mr->next = to->first;
    to->first = mr;
    qemu_map.pending = true;
    memory_region_transaction_commit();
}

void memory_region_del_subregion(MemoryRegion *from, MemoryRegion *mr)
{
    MemoryRegion **at = &from->first;

    assert_ptr_equal(mr->container, from);
    memory_region_transaction_begin();
    while (*at != mr) {
        at = &(*at)->next;
    }
    *at = mr->next;
    mr->container = mr->next = NULL;
    qemu_map.pending = true;
    memory_region_transaction_commit();
}

/* Where there is no port, QEMU's region of all ports answers. */
MemoryRegionSection memory_region_find(MemoryRegion *map, hwaddr addr,
                                       uint64_t size)
{
    bool io = map == &qemu_ports;
    const struct qemu_section *s = qemu_find(io, addr, size);
    MemoryRegionSection r = { .offset_within_address_space = addr };
    uint64_t end = addr + size;

    if (s && (!io || s->at <= addr)) {
        r.mr = s->mr;
        r.offset_within_address_space = MAX(s->at, addr);
        end = MIN(s->at + s->size, end);
    } else if (io) {
        r.mr = map;
        end = s ? s->at : end;
    }
    r.size = end - r.offset_within_address_space;
    qemu_map.refs += r.mr != NULL;
    return r;
}

void memory_region_unref(MemoryRegion *mr)
{
    assert_non_null(mr);
    qemu_map.refs--;
}

/* The guest's access, which Xen forwards. */
static inline uint64_t qemu_access(const struct qemu_section *s, uint64_t at,
                                   unsigned width, bool write, uint64_t val)
{
    MemoryRegion *mr = s->mr;
    const MemoryRegionOps *ops = mr->ops;
    uint64_t off = at - s->at;

    assert_true(at >= s->at && off + width <= s->size);
    assert_true(width >= ops->valid.min_access_size &&
                width <= ops->valid.max_access_size &&
                width <= ops->impl.max_access_size);
    assert_true(off % width == 0 ||
                (ops->valid.unaligned && ops->impl.unaligned));
    if (write) {
        ops->write(mr->opaque, off, val, width);
    } else {
        val = ops->read(mr->opaque, off, width);
    }
    /* QEMU looks at the region again, wherever it is by now. */
    assert_ptr_equal(mr->ops, ops);
    return val;
}

/* ------------------------------------------------------------------ */
/* The PCI core                                                        */

struct PCIBus {
    PCIDevice *at[256];
};

static PCIBus qemu_bus;

PCIBus *pci_get_bus(const PCIDevice *d)
{
    return d->bus;
}

int pci_bus_num(PCIBus *bus)
{
    assert_ptr_equal(bus, &qemu_bus);
    return 0;
}

PCIDevice *pci_find_device(PCIBus *bus, int num, uint8_t devfn)
{
    return num == 0 ? bus->at[devfn] : NULL;
}

void pci_for_each_device_under_bus(PCIBus *bus,
                                   void (*fn)(PCIBus *bus, PCIDevice *d,
                                              void *opaque),
                                   void *opaque)
{
    for (unsigned i = 0; i < COUNT(bus->at); i++) {
        if (bus->at[i]) {
            fn(bus, bus->at[i], opaque);
        }
    }
}

void pci_set_long(uint8_t *at, uint32_t val)
{
    pt_store(at, val, 4);
}

void pci_set_quad(uint8_t *at, uint64_t val)
{
    pt_store(at, (uint32_t)val, 4);
    pt_store(at + 4, (uint32_t)(val >> 32), 4);
}

static inline int qemu_bar(int n)
{
    return n == PCI_ROM_SLOT ? PCI_ROM_ADDRESS : PCI_BASE_ADDRESS_0 + 4 * n;
}

void pci_register_bar(PCIDevice *d, int n, uint8_t type, MemoryRegion *mr)
{
    uint64_t mask = ~(mr->size - 1);

    assert_true((mr->size & (mr->size - 1)) == 0);
    d->io_regions[n] = (PCIIORegion) {
        PCI_BAR_UNMAPPED, mr->size, type, mr,
        type & PCI_BASE_ADDRESS_SPACE_IO ? &qemu_ports : &qemu_memory,
    };
    pci_set_long(d->config + qemu_bar(n), type);
    if (n == PCI_ROM_SLOT) {
        mask |= PCI_ROM_ADDRESS_ENABLE;
    }
    if (type & PCI_BASE_ADDRESS_MEM_TYPE_64) {
        pci_set_quad(d->wmask + qemu_bar(n), mask);
    } else {
        pci_set_long(d->wmask + qemu_bar(n), (uint32_t)mask);
    }
}

static inline uint64_t qemu_bar_addr(const PCIDevice *d, int n)
{
    const PCIIORegion *r = &d->io_regions[n];
    uint32_t command = pt_load(d->config + PCI_COMMAND, 2);
    bool io = r->type & PCI_BASE_ADDRESS_SPACE_IO;
    uint64_t at = pt_load(d->config + qemu_bar(n), 4);

    if (!(command & (io ? PCI_COMMAND_IO : PCI_COMMAND_MEMORY)) ||
        (n == PCI_ROM_SLOT && !(at & PCI_ROM_ADDRESS_ENABLE))) {
        return PCI_BAR_UNMAPPED;
    }
    if (r->type & PCI_BASE_ADDRESS_MEM_TYPE_64) {
        at |= (uint64_t)pt_load(d->config + qemu_bar(n) + 4, 4) << 32;
    }
    at &= ~(r->size - 1);
    return at ? at : PCI_BAR_UNMAPPED;
}

static inline void qemu_map_bars(PCIDevice *d, bool gone)
{
    for (int n = 0; n < PCI_NUM_REGIONS; n++) {
        PCIIORegion *r = &d->io_regions[n];
        uint64_t at = gone ? PCI_BAR_UNMAPPED : qemu_bar_addr(d, n);

        if (!r->size || at == r->addr) {
            continue;
        }
        if (r->addr != PCI_BAR_UNMAPPED) {
            memory_region_del_subregion(r->address_space, r->memory);
        }
        r->addr = at;
        if (at != PCI_BAR_UNMAPPED) {
            memory_region_add_subregion(r->address_space, at, r->memory);
        }
    }
}

uint32_t pci_default_read_config(PCIDevice *d, uint32_t addr, int len)
{
    return pt_load(d->config + addr, len);
}

void pci_default_write_config(PCIDevice *d, uint32_t addr, uint32_t val,
                              int len)
{
    for (int i = 0; i < len; i++, val >>= 8) {
        uint8_t *at = &d->config[addr + i], mask = d->wmask[addr + i];

        *at = (*at & ~mask) | (val & mask);
    }
    if (ranges_overlap(addr, len, PCI_BASE_ADDRESS_0, 24) ||
        ranges_overlap(addr, len, PCI_ROM_ADDRESS, 4) ||
        ranges_overlap(addr, len, PCI_COMMAND, 1)) {
        qemu_map_bars(d, false);
    }
}

/* ------------------------------------------------------------------ */
/* The type, and a device's life                                       */

static const TypeInfo *qemu_type;
static PCIDeviceClass qemu_class;

void type_register_static(const TypeInfo *type)
{
    qemu_type = type;
}

void device_class_set_props(DeviceClass *dc, const Property *props)
{
    (void)dc;
    (void)props;
}

void device_class_set_parent_realize(DeviceClass *dc, DeviceRealize own,
                                     DeviceRealize *parent)
{
    *parent = dc->realize;
    dc->realize = own;
}

void set_bit(long nr, unsigned long *addr)
{
    *addr |= 1ul << nr;
}

void object_class_property_set_description(ObjectClass *klass,
                                           const char *name,
                                           const char *description)
{
    (void)klass;
    (void)name;
    (void)description;
}

/* There are no devices but that type's. */
Object *object_dynamic_cast(Object *obj, const char *type)
{
    assert_string_equal(type, qemu_type->name);
    return obj;
}

void pstrcpy(char *to, int size, const char *from)
{
    snprintf(to, size, "%s", from);
}

static void qemu_realize(DeviceState *dev, Error **errp)
{
    PCIDevice *d = (PCIDevice *)dev;

    d->bus = &qemu_bus;
    d->config_read = qemu_class.config_read;
    d->config_write = qemu_class.config_write;
    pt_store(d->wmask + PCI_COMMAND, PCI_COMMAND_IO | PCI_COMMAND_MEMORY |
             PCI_COMMAND_MASTER | PCI_COMMAND_INTX_DISABLE, 2);
    qemu_bus.at[d->devfn] = d;
    qemu_class.realize(d, errp);
}

/* An empty machine, whatever the one before was left as. */
static inline void qemu_start(void)
{
    memset(&qemu_map, 0, sizeof(qemu_map));
    memset(&qemu_bus, 0, sizeof(qemu_bus));
    qemu_memory.first = qemu_ports.first = NULL;
    qemu_class = (PCIDeviceClass) { .parent = { .realize = qemu_realize } };
    qemu_type->class_init((ObjectClass *)&qemu_class, NULL);
}

/* @d is zero but for @d->devfn; properties are set after it. */
static inline void qemu_new(PCIDevice *d)
{
    qemu_type->instance_init((Object *)d);
    d->rom_bar = 1;
}

static inline void qemu_plug(PCIDevice *d)
{
    Error *err = NULL;

    qemu_class.parent.realize(&d->qdev, &err);
    assert_null(err);
}

/* The containers go from the map before the device hears of it. */
static inline void qemu_unplug(PCIDevice *d)
{
    qemu_map_bars(d, true);
    qemu_class.exit(d);
    qemu_bus.at[d->devfn] = NULL;
    qemu_type->instance_finalize((Object *)d);
    assert_int_equal(qemu_map.depth, 0);
    assert_int_equal(qemu_map.refs, 0);
    assert_int_equal(qemu_map.num, 0);
}

#endif
