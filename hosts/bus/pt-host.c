/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pass-through on the PCI bus of pci-bus.h: config cycles go to the engine,
 * and the engine's questions to the bus.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <pci/header.h>

#include "pt-host.h"

static uint32_t config_read(PCIDevice *d, uint32_t address, int len)
{
    struct pt_host *h = (struct pt_host *)d;

    return pt_config_read(h->dev, address, (unsigned)len);
}

static void config_write(PCIDevice *d, uint32_t address, uint32_t data,
                         int len)
{
    struct pt_host *h = (struct pt_host *)d;

    pt_config_write(h->dev, address, data, (unsigned)len);
}

/* ------------------------------------------------------------------ */
/* Defaults of struct pt_host_env                                      */

static void default_log(void *priv, enum pt_level level, const char *line)
{
    (void)priv;
    fprintf(stderr, "%s%s\n", pt_level_prefix(level), line);
}

static uint64_t default_now_us(void *priv)
{
    struct timespec t;

    (void)priv;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static void default_delay_us(void *priv, uint32_t us)
{
    struct timespec t = { .tv_sec = us / 1000000,
                          .tv_nsec = (long)(us % 1000000) * 1000 };

    (void)priv;
    while (nanosleep(&t, &t) != 0 && errno == EINTR) {
    }
}

static void set_env(struct pt_host *h, const struct pt_host_env *env)
{
    h->env = *env;
    if (!h->env.log) {
        h->env.log = default_log;
    }
    if (!h->env.now_us) {
        h->env.now_us = default_now_us;
    }
    if (!h->env.delay_us) {
        h->env.delay_us = default_delay_us;
    }
}

/* ------------------------------------------------------------------ */
/* What the engine asks                                                */

static void host_log(void *priv, enum pt_level level, const char *line)
{
    const struct pt_host *h = priv;

    h->env.log(h->env.priv, level, line);
}

static uint64_t host_now_us(void *priv)
{
    const struct pt_host *h = priv;

    return h->env.now_us(h->env.priv);
}

static void host_delay_us(void *priv, uint32_t us)
{
    const struct pt_host *h = priv;

    h->env.delay_us(h->env.priv, us);
}

static void host_call_at(void *priv, uint64_t us)
{
    const struct pt_host *h = priv;

    h->env.call_at(h->env.priv, us);
}

static uint64_t trap_read(void *opaque, uint64_t off, unsigned width)
{
    return pt_trap_read(opaque, off, width);
}

static void trap_write(void *opaque, uint64_t off, uint64_t val,
                       unsigned width)
{
    pt_trap_write(opaque, off, val, width);
}

static int host_trap(void *priv, struct pt_trap *t)
{
    struct pt_host *h = priv;
    struct mmio_range *range = NULL;
    int ret;

    for (unsigned i = 0; i < sizeof(h->trap) / sizeof(h->trap[0]); i++) {
        if (!h->trap[i].opaque) {
            range = &h->trap[i];
        }
    }
    if (!range) {
        return -ENOSPC;
    }
    *range = (struct mmio_range) {
        .start = t->gpa,
        .size = t->size,
        .read = trap_read,
        .write = trap_write,
        .opaque = t,
    };
    ret = bus_mmio_add(h->pci.bus, range);
    if (ret != 0) {
        range->opaque = NULL;
        return ret;
    }
    t->host = range;
    return 0;
}

static void host_untrap(void *priv, struct pt_trap *t)
{
    struct pt_host *h = priv;
    struct mmio_range *range = t->host;

    if (!range) {
        return;
    }
    bus_mmio_del(h->pci.bus, range);
    range->opaque = NULL;
    t->host = NULL;
}

/* An emulated device's regions are in io_regions, of 32 bits. */
static bool emulated_has(const PCIDevice *d, bool io, uint64_t addr,
                         uint64_t size)
{
    for (unsigned n = 0; n < PCI_NUM_REGIONS; n++) {
        const PCIIORegion *r = &d->io_regions[n];

        if (r->addr != UINT32_MAX &&
            (r->type & PCI_ADDRESS_SPACE_IO) == (io ? 1 : 0) &&
            pt_overlap(addr, size, r->addr, r->size)) {
            return true;
        }
    }
    return false;
}

static bool host_taken(void *priv, const struct pt_dev *self, bool io,
                       uint64_t addr, uint64_t size)
{
    const struct pt_host *h = priv;

    (void)self;
    for (unsigned devfn = 0; devfn < NR_PCI_DEVFN; devfn++) {
        PCIDevice *d = h->pci.bus->devices[devfn];
        bool has;

        if (!d || d == &h->pci) {
            continue;
        }
        if (d->config_read == config_read) {
            pt_yield(((struct pt_host *)d)->dev, io, addr, size);
        }
        has = d->config_read == config_read ?
            pt_places_have(&((const struct pt_host *)d)->places, io, addr,
                           size) :
            emulated_has(d, io, addr, size);
        if (has) {
            return true;
        }
    }
    return false;
}

/* io_regions is for who looks at the bus; it ends at 4 GiB. */
static void host_moved(void *priv, const struct pt_dev *self, unsigned n,
                       uint64_t addr)
{
    struct pt_host *h = priv;
    struct pt_shown shown;

    if (pt_places_move(&h->places, self, n, addr)) {
        pci_made_room(h->pci.bus);
    }
    shown = pt_places_show(&h->places, n);
    h->pci.io_regions[n] = (PCIIORegion) {
        .addr = shown.addr, .size = shown.size, .type = shown.type,
    };
}

#define HOST_OPS \
    .log = host_log, .now_us = host_now_us, .delay_us = host_delay_us, \
    .trap = host_trap, .untrap = host_untrap, .taken = host_taken, \
    .moved = host_moved

static const struct pt_bus_ops host_ops = {
    HOST_OPS, .call_at = host_call_at,
};

/* Nobody would call. */
static const struct pt_bus_ops untimed_ops = { HOST_OPS };

/* ------------------------------------------------------------------ */
/* What the bus tells                                                  */

static void slot_changed(PCIDevice *d, bool multifunction)
{
    pt_set_multifunction(((struct pt_host *)d)->dev, multifunction);
}

static void room_made(PCIDevice *d)
{
    pt_bars_recheck(((struct pt_host *)d)->dev);
}

static void unregister(PCIDevice *d)
{
    pt_detach(((struct pt_host *)d)->dev);
}

/* ------------------------------------------------------------------ */
/* Add and delete                                                      */

/* Returns 0..255, or -errno. */
static int choose_devfn(PCIBus *bus, int devfn, struct pt_error *err)
{
    if (devfn >= 0 && devfn < NR_PCI_DEVFN) {
        return pci_devfn_in_use(bus, devfn) ?
            pt_fail(err, EBUSY, "%02x.%x of the guest's bus is taken",
                    PCI_SLOT(devfn), PCI_FUNC(devfn)) : devfn;
    }
    if ((devfn & ~7) == PT_HOST_AUTO) {
        int slot = pci_free_slot(bus);

        return slot < 0 ? pt_fail(err, ENOSPC, "no slot of the guest's bus "
                                  "is free") : slot | PCI_FUNC(devfn);
    }
    return pt_fail(err, EINVAL, "there is no place %#x on the guest's bus",
                   (unsigned)devfn);
}

struct pt_host *pt_host_add(PCIBus *bus, const struct pt_host_args *args,
                            int devfn, struct pt_error *err)
{
    struct pt_args attach = {
        .host = args->device,
        .xen = args->xen,
        .policy = args->policy,
    };
    struct pt_host *h;
    char name[PT_SBDF_LEN];

    devfn = choose_devfn(bus, devfn, err);
    if (devfn < 0) {
        return NULL;
    }
    pt_sbdf_str(&args->device->info.addr, name);
    h = (struct pt_host *)pci_register_device(bus, name, sizeof(*h), devfn,
                                              config_read, config_write);
    if (!h) {
        pt_fail(err, errno, "%s: %s", name, strerror(errno));
        return NULL;
    }
    set_env(h, &args->env);
    pt_places_init(&h->places);
    h->bus = (struct pt_bus) {
        .ops = h->env.call_at ? &host_ops : &untimed_ops, .priv = h,
    };
    attach.bus = &h->bus;
    attach.devfn = (uint8_t)devfn;
    attach.multifunction = pci_slot_functions(bus, devfn) > 1;
    h->dev = pt_attach(&attach, err);
    if (!h->dev) {
        pci_unregister_device(&h->pci);
        return NULL;
    }
    h->pci.unregister = unregister;
    h->pci.slot_changed = slot_changed;
    h->pci.room_made = room_made;
    return h;
}

void pt_host_del(struct pt_host *h)
{
    if (h) {
        pci_unregister_device(&h->pci);
    }
}
