/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What else the guest has at an address. */
#include "pt-pci.h"
#include "pp-guest.h"

/* Bridges behind bridges. */
#define MAX_DEPTH 8

#define GIB4 (UINT64_C(1) << 32)

struct range {
    bool io;
    uint64_t start, size;
    const char *what;
};

/*
 * Where a guest of xl has something that neither its RAM nor a region of PCI
 * is.
 */
static const struct range reserved[] = {
    { false, 0, 0x100000, "the first MiB" },
    { false, 0xfc000000, 0x4000000,
      "hvmloader (RESERVED_MEMBASE), and Xen's interrupt controllers" },
    { true, 0, 0x1000, "ISA, and PCI's own ports" },
    { true, 0xae00, 0x340,
      "the PIIX4's hot-plug, GPE, power management and SMBus" },
};

static bool is_reserved(const struct pp_guest *g, const struct range *r)
{
    for (unsigned i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++) {
        if (reserved[i].io == r->io &&
            pt_overlap(r->start, r->size, reserved[i].start,
                       reserved[i].size)) {
            return true;
        }
    }
    return !r->io && (pt_overlap(r->start, r->size, 0, g->ram_low) ||
                      pt_overlap(r->start, r->size, GIB4, g->ram_high));
}

/* ------------------------------------------------------------------ */
/* Our devices                                                         */

static bool is_ours(const struct pp_device *self, const struct range *r)
{
    const struct pp_guest *g = self->guest;
    bool has = false;

    for (struct pp_device *d = g->first; d; d = d->next) {
        if (d->dev && d != self) {
            pt_yield(d->dev, r->io, r->start, r->size);
            has |= pt_places_have(&d->places, r->io, r->start, r->size);
        }
    }
    return has;
}

/* ------------------------------------------------------------------ */
/* QEMU's devices                                                      */

static bool in_region(const json_t *region, const struct range *r)
{
    const char *type = json_string_value(json_object_get(region, "type"));
    json_int_t addr = json_integer_value(json_object_get(region, "address"));
    json_int_t size = json_integer_value(json_object_get(region, "size"));

    /* One that is nowhere is at -1. */
    return type && (type[0] == 'i') == r->io && addr > 0 && size > 0 &&
        pt_overlap(r->start, r->size, (uint64_t)addr, (uint64_t)size);
}

/* The bridges' windows are full of what is behind them, and nothing else. */
static bool in_devices(const json_t *devices, const struct range *r,
                       unsigned depth)
{
    size_t i, j;
    json_t *device, *region;

    json_array_foreach(devices, i, device) {
        const json_t *bridge = json_object_get(device, "pci_bridge");

        json_array_foreach(json_object_get(device, "regions"), j, region) {
            if (in_region(region, r)) {
                return true;
            }
        }
        if (depth && in_devices(json_object_get(bridge, "devices"), r,
                                depth - 1)) {
            return true;
        }
    }
    return false;
}

static bool is_emulated(const struct pp_guest *g, const struct range *r)
{
    size_t i;
    json_t *bus;

    json_array_foreach(g->buses, i, bus) {
        if (in_devices(json_object_get(bus, "devices"), r, MAX_DEPTH)) {
            return true;
        }
    }
    return false;
}

/*
 * A processor of the guest's waits for the answer, so QEMU is asked once for
 * all that an access brings about, and does not get long; where it does not
 * answer, what it said last counts.
 */
bool pp_space_taken(void *priv, const struct pt_dev *self, bool io,
                    uint64_t addr, uint64_t size)
{
    const struct pp_device *d = priv;
    struct range r = { .io = io, .start = addr, .size = size };

    (void)self;
    if (is_reserved(d->guest, &r) || is_ours(d, &r)) {
        return true;
    }
    if (!d->guest->current && !pp_monitor_late(&d->guest->monitor)) {
        pp_slots_ask(d->guest, PP_GUEST_PATIENCE, NULL);
    }
    d->guest->current = true;
    if (!is_emulated(d->guest, &r)) {
        return false;
    }
    d->guest->look = pp_now_us() + PP_LOOK_US;
    return true;
}
