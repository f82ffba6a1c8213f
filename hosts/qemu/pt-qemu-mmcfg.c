/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The MMCONFIG window, on a machine that has none. QEMU's Xen code asks Xen to
 * forward what is in the memory map.
 *
 * The guest has it from the first device on whose policy is `extended`, until
 * the process ends: an operating system that found it, and its table, may use
 * it for all of the bus.
 */
#include "pt-qemu.h"

#include "qemu/error-report.h"
#include "hw/pci/pci_host.h"

#include "pt-mmcfg.h"

static struct {
    MemoryRegion mr;
    PCIBus *bus;  /* NULL: there is no window */
} window;

/* ------------------------------------------------------------------ */
/* The bus                                                             */

/*
 * A device of ours that the guest can see: one that is plugged in as another
 * function than 0 is not there before function 0 is.
 */
static PtQemu *ours_at(unsigned devfn)
{
    PCIDevice *d = pci_find_device(window.bus, 0, devfn);
    PtQemu *s = (PtQemu *)object_dynamic_cast(OBJECT(d), TYPE_PT_QEMU);

    return s && s->dev &&
        (!DEVICE(d)->hotplugged || pci_get_function_0(d)) ? s : NULL;
}

static bool bus_extended(void *priv, unsigned devfn)
{
    const PtQemu *s = ours_at(devfn);

    return s && pt_config_size(s->dev) > PT_CFG_SIZE;
}

/* As the ports have it, a bus's number and a function's before a register's. */
static uint32_t bus_read(void *priv, unsigned devfn, unsigned off,
                         unsigned len)
{
    if (off >= PT_CFG_SIZE) {
        PCIDevice *d = &ours_at(devfn)->pci;

        return d->config_read(d, off, len);
    }
    return pci_data_read(window.bus, devfn << 8 | off, len);
}

static void bus_write(void *priv, unsigned devfn, unsigned off, uint32_t val,
                      unsigned len)
{
    if (off >= PT_CFG_SIZE) {
        PCIDevice *d = &ours_at(devfn)->pci;

        d->config_write(d, off, val, len);
    } else {
        pci_data_write(window.bus, devfn << 8 | off, val, len);
    }
}

static const struct pt_mmcfg_ops bus_ops = {
    .read = bus_read, .write = bus_write, .extended = bus_extended,
};

/* ------------------------------------------------------------------ */
/* The window                                                          */

static uint64_t window_read(void *opaque, hwaddr at, unsigned size)
{
    return pt_mmcfg_read(&bus_ops, NULL, at, size);
}

static void window_write(void *opaque, hwaddr at, uint64_t val, unsigned size)
{
    pt_mmcfg_write(&bus_ops, NULL, at, val, size);
}

/* What is to be split is split by pt_mmcfg_read() and pt_mmcfg_write(). */
static const MemoryRegionOps window_ops = {
    .read = window_read,
    .write = window_write,
    PT_QEMU_WHOLE_ACCESSES,
};

/* Is there something else in its place? */
static bool is_taken(void)
{
    MemoryRegionSection s = memory_region_find(get_system_memory(),
                                               PT_MMCFG_BASE, PT_MMCFG_SIZE);

    if (!s.mr) {
        return false;
    }
    memory_region_unref(s.mr);
    return true;
}

bool pt_qemu_mmcfg(const PtQemu *s, const char **why)
{
    PCIBus *bus = pci_get_bus(&s->pci);

    if (!pci_bus_is_root(bus) || pci_bus_num(bus) != 0) {
        *why = "the MMCONFIG window is of bus 0, where it is not";
        return false;
    }
    if (window.bus) {
        return true;
    }
    if (is_taken()) {
        *why = "something else is where the MMCONFIG window would be";
        return false;
    }
    memory_region_init_io(&window.mr, NULL, &window_ops, NULL,
                          "pass-through MMCONFIG", PT_MMCFG_SIZE);
    memory_region_add_subregion(get_system_memory(), PT_MMCFG_BASE,
                                &window.mr);
    window.bus = bus;
    info_report("pass-through: MMCONFIG of bus 0 is at %#" PRIx64,
                PT_MMCFG_BASE);
    return true;
}
