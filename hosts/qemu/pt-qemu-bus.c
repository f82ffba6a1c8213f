/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What QEMU offers to pass-through: trapped MMIO, word of the bus, a clock
 * and a log; and the domain that the devices share.
 *
 * The engine maps a device's regions through Xen. QEMU's PCI core is told
 * where they are, as if a guest had programmed QEMU's own copy of the
 * registers so, and puts our containers there. In its memory map these are
 * empty but for the trapped windows, and these alone are what its Xen code
 * asks Xen to forward.
 */
#include "pt-qemu.h"

#include "qemu/error-report.h"
#include "qemu/main-loop.h"
#include "qemu/notify.h"
#include "qemu/range.h"
#include "exec/address-spaces.h"
#include "exec/memory.h"
#if __has_include("system/system.h")  /* since QEMU 10.0 */
#include "system/system.h"
#include "system/xen.h"
#else
#include "sysemu/sysemu.h"
#include "sysemu/xen.h"
#endif
#if __has_include("hw/xen/xen_native.h")  /* since QEMU 8.0 */
#include "hw/xen/xen_native.h"
#else
#include "hw/xen/xen_common.h"
#endif

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

/* ------------------------------------------------------------------ */
/* Trapped windows                                                     */

static uint64_t window_read(void *opaque, hwaddr off, unsigned size)
{
    PtWindow *w = opaque;

    return w->trap ? pt_trap_read(w->trap, off, size) : UINT64_MAX;
}

static void window_write(void *opaque, hwaddr off, uint64_t val,
                         unsigned size)
{
    PtWindow *w = opaque;

    if (w->trap) {
        pt_trap_write(w->trap, off, val, size);
    }
}

/* The engine judges widths and alignment: QEMU is not to split anything. */
static const MemoryRegionOps window_ops = {
    .read = window_read,
    .write = window_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = {
        .min_access_size = 1, .max_access_size = 8, .unaligned = true,
    },
    .impl = {
        .min_access_size = 1, .max_access_size = 8, .unaligned = true,
    },
};

/*
 * QEMU may hold on to a memory region until its owner goes, so a window is
 * made once; the engine's cut of a BAR does not change.
 */
static int bus_trap(void *priv, struct pt_trap *t)
{
    PtQemu *s = priv;
    PtWindow *w;

    if (t->region >= PT_NUM_BARS) {
        return -EINVAL;  /* the ROM has no window */
    }
    w = &s->window[t->region][t->part];
    if (!w->made) {
        memory_region_init_io(&w->mr, OBJECT(s), &window_ops, w,
                              "pass-through window", t->size);
        w->made = true;
    }
    w->trap = t;
    memory_region_add_subregion(&s->region[t->region], t->offset, &w->mr);
    return 0;
}

static void bus_untrap(void *priv, struct pt_trap *t)
{
    PtQemu *s = priv;
    PtWindow *w = &s->window[t->region][t->part];

    w->trap = NULL;
    if (!s->ending) {
        memory_region_del_subregion(&s->region[t->region], &w->mr);
    }
}

/* ------------------------------------------------------------------ */
/* The bus                                                             */

typedef struct Claim {
    const PtQemu *self;
    bool io;
    uint64_t addr;
    uint64_t size;
    bool taken;
} Claim;

static void check_claim(PCIBus *bus, PCIDevice *d, void *opaque)
{
    Claim *c = opaque;
    unsigned i;

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

static bool bus_taken(void *priv, const struct pt_dev *self, bool io,
                      uint64_t addr, uint64_t size)
{
    PtQemu *s = priv;
    Claim c = { .self = s, .io = io, .addr = addr, .size = size };

    pci_for_each_device_under_bus(pci_get_bus(&s->pci), check_claim, &c);
    return c.taken;
}

static unsigned bar_reg(unsigned region)
{
    return region == PT_ROM ? PCI_ROM_ADDRESS :
        PCI_BASE_ADDRESS_0 + 4 * region;
}

/* pt_qemu_refresh(), which follows, makes QEMU act on it. */
static void bus_moved(void *priv, const struct pt_dev *self, unsigned region,
                      uint64_t addr)
{
    PtQemu *s = priv;
    const PCIIORegion *r = &s->pci.io_regions[region];
    uint8_t *reg = s->pci.config + bar_reg(region);

    if (s->ending) {
        return;
    }
    if (addr == PT_UNMAPPED) {
        addr = 0;  /* where QEMU maps nothing, on a PC */
    } else if (region == PT_ROM) {
        addr |= PCI_ROM_ADDRESS_ENABLE;
    }
    addr |= r->type;
    if (r->type & PCI_BASE_ADDRESS_MEM_TYPE_64) {
        pci_set_quad(reg, addr);
    } else {
        pci_set_long(reg, addr);
    }
    s->moved = true;
}

const struct pt_bus_ops pt_qemu_bus_ops = {
    .log = bus_log,
    .now_us = bus_now_us,
    .delay_us = bus_delay_us,
    .trap = bus_trap,
    .untrap = bus_untrap,
    .taken = bus_taken,
    .moved = bus_moved,
};

/* ------------------------------------------------------------------ */
/* QEMU's copy of the configuration space                              */

void pt_qemu_refresh(PtQemu *s)
{
    uint8_t *config = s->pci.config;
    struct pt_byte b, high;
    unsigned i;

    for (i = 0; i < PCI_CONFIG_HEADER_SIZE; i++) {
        /* Where regions are, the engine has said: see bus_moved(). */
        if (ranges_overlap(i, 1, PCI_BASE_ADDRESS_0, 24) ||
            ranges_overlap(i, 1, PCI_ROM_ADDRESS, 4) ||
            ranges_overlap(i, 1, PCI_COMMAND, 2)) {
            continue;
        }
        pt_look(s->dev, i, &b);
        config[i] = b.value;
    }
    s->moved = false;
    /*
     * This has QEMU move the regions. INTx is none of QEMU's business: with
     * Interrupt Disable it would lower wires that Xen knows from others.
     */
    pt_look(s->dev, PCI_COMMAND, &b);
    pt_look(s->dev, PCI_COMMAND + 1, &high);
    pci_default_write_config(&s->pci, PCI_COMMAND,
                             (b.copy | high.copy << 8) &
                             ~PCI_COMMAND_INTX_DISABLE, 2);
}

void pt_qemu_add_regions(PtQemu *s)
{
    unsigned n;

    for (n = 0; n < PT_NUM_REGIONS; n++) {
        unsigned flags = s->host.info.region[n].flags;
        uint8_t type = 0;

        if (!pt_region_size(s->dev, n)) {
            continue;
        }
        if (n != PT_ROM) {
            type = flags & PT_REGION_IO ? PCI_BASE_ADDRESS_SPACE_IO :
                (flags & PT_REGION_64 ? PCI_BASE_ADDRESS_MEM_TYPE_64 : 0) |
                (flags & PT_REGION_PREFETCH ?
                 PCI_BASE_ADDRESS_MEM_PREFETCH : 0);
        }
        memory_region_init(&s->region[n], OBJECT(s), "pass-through region",
                           pt_region_size(s->dev, n));
        pci_register_bar(&s->pci, n, type, &s->region[n]);
    }
    pt_qemu_refresh(s);
}

/* ------------------------------------------------------------------ */
/* The domain                                                          */

/* The process has one, as it has one xen_xc. */
static struct {
    struct pt_xen xen;
    QLIST_HEAD(, PtQemu) members;
    Notifier exit;
    MemoryListener listener;
    QEMUBH *settle;
} domain;

/* Another device may have made room for a region that had none. */
static void settle(void *opaque)
{
    PtQemu *s;

    QLIST_FOREACH(s, &domain.members, next) {
        if (s->dev) {
            memory_region_transaction_begin();
            pt_bars_sync(s->dev);
            pt_qemu_refresh(s);
            memory_region_transaction_commit();
        }
    }
}

static void memory_changed(MemoryListener *listener)
{
    qemu_bh_schedule(domain.settle);
}

/* Whatever ends the device model, Xen and the devices are left in order. */
static void process_ends(Notifier *n, void *data)
{
    PtQemu *s;

    QLIST_FOREACH(s, &domain.members, next) {
        s->ending = true;
        pt_qemu_release(s);
    }
}

struct pt_xen *pt_qemu_join(PtQemu *s, struct pt_error *err)
{
    int rc;

    if (!xen_enabled() || !xen_xc) {
        pt_fail(err, ENODEV, "%s needs a guest of Xen (-accel xen)",
                TYPE_PT_QEMU);
        return NULL;
    }
    if (QLIST_EMPTY(&domain.members)) {
        rc = pt_xen_open(&domain.xen, xen_xc, xen_domid);
        if (rc != 0) {
            pt_fail(err, -rc, "can't open Xen for domain %u: %s", xen_domid,
                    strerror(-rc));
            return NULL;
        }
        domain.settle = qemu_bh_new(settle, NULL);
        domain.listener = (MemoryListener) {
            .name = TYPE_PT_QEMU, .commit = memory_changed,
        };
        memory_listener_register(&domain.listener, &address_space_memory);
        domain.exit.notify = process_ends;
        qemu_add_exit_notifier(&domain.exit);
    }
    QLIST_INSERT_HEAD(&domain.members, s, next);
    return &domain.xen;
}

void pt_qemu_leave(PtQemu *s)
{
    QLIST_REMOVE(s, next);
    if (QLIST_EMPTY(&domain.members)) {
        qemu_remove_exit_notifier(&domain.exit);
        memory_listener_unregister(&domain.listener);
        qemu_bh_delete(domain.settle);
        pt_xen_close(&domain.xen);
    }
}

void pt_qemu_release(PtQemu *s)
{
    if (s->dev) {
        pt_detach(s->dev);
        s->dev = NULL;
        pt_device_close(&s->host);
    }
}
