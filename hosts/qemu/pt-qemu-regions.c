/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Regions. The engine maps them through Xen; QEMU's PCI core is told where
 * they are, as if a guest had programmed QEMU's own copy of the registers so,
 * and puts our containers there. In its memory map these are empty but for
 * the trapped windows, and these alone are what its Xen code asks Xen to
 * forward.
 */
#include "pt-qemu.h"

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
    PT_QEMU_WHOLE_ACCESSES,
};

/*
 * QEMU may hold on to a memory region until its owner goes, so a window is
 * made once; the engine's cut of a BAR does not change.
 */
int pt_qemu_trap(void *priv, struct pt_trap *t)
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

void pt_qemu_untrap(void *priv, struct pt_trap *t)
{
    PtQemu *s = priv;
    PtWindow *w = &s->window[t->region][t->part];

    w->trap = NULL;
    if (!s->ending) {
        memory_region_del_subregion(&s->region[t->region], &w->mr);
    }
}

/* ------------------------------------------------------------------ */
/* Where they are                                                      */

static unsigned bar_reg(unsigned region)
{
    return region == PT_ROM ? PCI_ROM_ADDRESS :
        PCI_BASE_ADDRESS_0 + 4 * region;
}

/* pt_qemu_refresh(), which follows, makes QEMU act on it. */
void pt_qemu_moved(void *priv, const struct pt_dev *self, unsigned region,
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
