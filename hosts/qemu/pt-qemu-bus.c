/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What QEMU offers to pass-through: a log, a clock, and word of what else the
 * guest has. Regions and their trapped windows are in pt-qemu-regions.c.
 */
#include "pt-qemu.h"

#include "qemu/error-report.h"
#include "qemu/range.h"

/* ------------------------------------------------------------------ */
/* Log, clock                                                          */

static void bus_log(void *priv, enum pt_level level, const char *line)
{
    switch (level) {
    case PT_LOG_INFO:
        info_report("%s", line);
        break;
    case PT_LOG_WARNING:
        warn_report("%s", line);
        break;
    case PT_LOG_ERROR:
        error_report("%s", line);
        break;
    }
}

static uint64_t bus_now_us(void *priv)
{
    return g_get_monotonic_time();
}

static void bus_delay_us(void *priv, uint32_t us)
{
    g_usleep(us);
}

/* Not the guest's clock: a guest that is paused is not waited for. */
static void bus_call_at(void *priv, uint64_t us)
{
    PtQemu *s = priv;

    if (us == PT_NEVER) {
        timer_del(&s->timer);
    } else {
        uint64_t now = bus_now_us(priv);

        timer_mod(&s->timer, qemu_clock_get_ms(QEMU_CLOCK_REALTIME) + 1 +
                  (us > now ? us - now : 0) / 1000);
    }
}

/* ------------------------------------------------------------------ */
/* What else is there                                                  */

typedef struct Claim {
    const PtQemu *self;
    bool io;
    uint64_t addr;
    uint64_t size;
    bool taken;
} Claim;

/*
 * Where QEMU's memory map shows nothing, the guest has memory all the same:
 * that of the first MiB, and what hvmloader (RESERVED_MEMBASE) and Xen's own
 * interrupt controllers have below 4 GiB.
 */
static bool is_reserved(const Claim *c)
{
    return !c->io && (ranges_overlap(c->addr, c->size, 0, 0x100000) ||
                      ranges_overlap(c->addr, c->size, 0xfc000000,
                                     0x4000000));
}

/*
 * Regions of PCI devices, by what the guest wrote: those of pass-through are
 * empty containers, which QEMU's memory map does not show.
 */
static void check_claim(PCIBus *bus, PCIDevice *d, void *opaque)
{
    Claim *c = opaque;
    PtQemu *other = (PtQemu *)object_dynamic_cast(OBJECT(d), TYPE_PT_QEMU);
    unsigned i;

    if (other && other != c->self && other->dev) {
        pt_yield(other->dev, c->io, c->addr, c->size);
    }
    for (i = 0; i < PCI_NUM_REGIONS; i++) {
        const PCIIORegion *r = &d->io_regions[i];
        bool io = r->type & PCI_BASE_ADDRESS_SPACE_IO;

        /* The engine looks after the device's own; not after romfile's. */
        if (d == &c->self->pci && !(i == PCI_ROM_SLOT && c->self->rom)) {
            continue;
        }
        if (r->size && r->addr != PCI_BAR_UNMAPPED && io == c->io &&
            ranges_overlap(r->addr, r->size, c->addr, c->size)) {
            c->taken = true;
        }
    }
}

/*
 * The guest's RAM, and devices that are no PCI devices of this bus. What is
 * ours is skipped, and so is what answers for ports that nobody has: at most
 * as many steps as we have windows, and one a gap between ports.
 */
static bool is_mapped(const Claim *c)
{
    MemoryRegion *map = c->io ? get_system_io() : get_system_memory();
    uint64_t at = c->addr, left = c->size;

    while (left) {
        MemoryRegionSection s = memory_region_find(map, at, left);
        uint64_t end;
        bool ours;

        if (!s.mr) {
            return false;
        }
        ours = s.mr == map || memory_region_owner(s.mr) == OBJECT(c->self);
        end = s.offset_within_address_space + int128_get64(s.size);
        memory_region_unref(s.mr);
        if (!ours) {
            return true;
        }
        left = end < c->addr + c->size ? c->addr + c->size - end : 0;
        at = end;
    }
    return false;
}

static bool bus_taken(void *priv, const struct pt_dev *self, bool io,
                      uint64_t addr, uint64_t size)
{
    PtQemu *s = priv;
    Claim c = { .self = s, .io = io, .addr = addr, .size = size };

    c.taken = is_reserved(&c);
    if (!c.taken) {
        pci_for_each_device_under_bus(pci_get_bus(&s->pci), check_claim, &c);
    }
    return c.taken || is_mapped(&c);
}

const struct pt_bus_ops pt_qemu_bus_ops = {
    .log = bus_log,
    .now_us = bus_now_us,
    .delay_us = bus_delay_us,
    .call_at = bus_call_at,
    .trap = pt_qemu_trap,
    .untrap = pt_qemu_untrap,
    .traps_ports = true,
    .taken = bus_taken,
    .moved = pt_qemu_moved,
    .config_read = pt_qemu_config_read,
    .config_write = pt_qemu_config_write,
};
