/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Trapped memory: which range an access belongs to. */
#include <errno.h>
#include <stddef.h>

#include "pci-bus.h"

int bus_mmio_add(PCIBus *bus, struct mmio_range *range)
{
    uint64_t last = range->start + (range->size - 1);

    if (range->size == 0 || last < range->start) {
        return -EINVAL;
    }
    for (const struct mmio_range *r = bus->mmio; r; r = r->next) {
        if (r->start <= last && range->start <= r->start + (r->size - 1)) {
            return -EBUSY;
        }
    }
    range->next = bus->mmio;
    bus->mmio = range;
    return 0;
}

void bus_mmio_del(PCIBus *bus, struct mmio_range *range)
{
    for (struct mmio_range **r = &bus->mmio; *r; r = &(*r)->next) {
        if (*r == range) {
            *r = range->next;
            range->next = NULL;
            return;
        }
    }
}

/* XSA-112: all of an access has to be inside, not only where it starts. */
static const struct mmio_range *find(const PCIBus *bus, uint64_t gpa,
                                     unsigned width)
{
    if (width != 1 && width != 2 && width != 4 && width != 8) {
        return NULL;
    }
    for (const struct mmio_range *r = bus->mmio; r; r = r->next) {
        if (gpa >= r->start && width <= r->size &&
            gpa - r->start <= r->size - width) {
            return r;
        }
    }
    return NULL;
}

static uint64_t all_ones(unsigned width)
{
    return width >= 8 ? UINT64_MAX : (UINT64_C(1) << (8 * width)) - 1;
}

uint64_t bus_mmio_read(PCIBus *bus, uint64_t gpa, unsigned width)
{
    const struct mmio_range *r = find(bus, gpa, width);

    return all_ones(width) &
        (r ? r->read(r->opaque, gpa - r->start, width) : UINT64_MAX);
}

void bus_mmio_write(PCIBus *bus, uint64_t gpa, uint64_t val, unsigned width)
{
    const struct mmio_range *r = find(bus, gpa, width);

    if (r) {
        r->write(r->opaque, gpa - r->start, val & all_ones(width), width);
        pci_settle(bus);  /* it can have led to configuration space */
    }
}
