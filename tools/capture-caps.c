/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Captures: what capability structures tell of a function's regions. */
#include "capture-int.h"

#include "pt-pci.h"

/* PCI Local Bus 3.0 sections 6.7 and 6.8.2. */
#define CAPS_START 0x40
#define CAPS_END 0x100
#define MAX_CAPS ((CAPS_END - CAPS_START) / 4)
#define MSIX_CAP_SIZE 12
#define MSIX_ENTRY_SIZE 16

/* PCI Express 5.0 section 7.8.5. */
#define EA_CAP_SIZE 4
#define EA_CAP_TYPE1_SIZE 8
#define EA_NUM_ENTRIES 0x3f
#define EA_ENTRY_SIZE 0x07
#define EA_ENABLE 0x80000000u
#define EA_BEI_SHIFT 4
#define EA_BEI_ROM 8
#define EA_PRIMARY_SHIFT 8
#define EA_SECONDARY_SHIFT 16
#define EA_MEMORY 0x00
#define EA_PREFETCH 0x01
#define EA_IO 0x02
#define EA_IS_64 0x02
#define EA_FIELD_MASK (~(uint32_t)3)

/* PCI Express 5.0 sections 7.6 and 7.8.6. */
#define EXT_START 0x100
#define MAX_EXT_CAPS ((CAPTURE_CFG_MAX - EXT_START) / 4)
#define EXT_CAP_ID_REBAR 0x15
#define REBAR_CONTROL 8
#define REBAR_INDEX 0x07
#define REBAR_SIZE 0x3f00
#define REBAR_SIZE_SHIFT 8

/* The capability @id, of which @size bytes are there; 0: there is none. */
static unsigned find_cap(const struct capture *c, uint8_t id, unsigned size)
{
    unsigned pos = c->cfg[PCI_CAPABILITY_LIST] & ~3u;

    if (!(get16(c->cfg + PCI_STATUS) & PCI_STATUS_CAP_LIST)) {
        return 0;
    }
    for (unsigned left = MAX_CAPS; left && pos >= CAPS_START; left--) {
        if (c->cfg[pos] == id) {
            return pos <= CAPS_END - size ? pos : 0;
        }
        pos = c->cfg[pos + PCI_CAP_LIST_NEXT] & ~3u;
    }
    return 0;
}

/* ------------------------------------------------------------------ */
/* MSI-X                                                               */

uint64_t caps_msix_end(const struct capture *c, unsigned bar)
{
    unsigned pos = find_cap(c, PCI_CAP_ID_MSIX, MSIX_CAP_SIZE);
    uint32_t table, pba;
    uint64_t n, end = 0;

    if (!pos) {
        return 0;
    }
    n = (get16(c->cfg + pos + PCI_CAP_FLAGS) & PCI_MSIX_TABSIZE) + 1u;
    table = get32(c->cfg + pos + PCI_MSIX_TABLE);
    pba = get32(c->cfg + pos + PCI_MSIX_PBA);
    if ((table & PCI_MSIX_BIR) == bar) {
        end = (table & ~(uint32_t)PCI_MSIX_BIR) + n * MSIX_ENTRY_SIZE;
    }
    if ((pba & PCI_MSIX_BIR) == bar) {
        uint64_t pba_end = (pba & ~(uint32_t)PCI_MSIX_BIR) + (n + 63) / 64 * 8;

        if (pba_end > end) {
            end = pba_end;
        }
    }
    return end;
}

/* ------------------------------------------------------------------ */
/* Enhanced Allocation                                                 */

/* An entry, whose dwords are there. */
struct ea_entry {
    uint64_t base;
    uint64_t last;   /* offset of the last byte */
    unsigned bei;    /* whose region it is */
    unsigned kind;
};

/* A field that is 32 bits, or 64 of which the upper half comes later. */
static uint64_t ea_field(uint32_t low, const uint8_t **more)
{
    uint64_t val = low & EA_FIELD_MASK;

    if (low & EA_IS_64) {
        val |= (uint64_t)get32(*more) << 32;
        *more += 4;
    }
    return val;
}

/* Returns false if the entry is none, or its own size has no room for it. */
static bool ea_take(const uint8_t *p, struct ea_entry *e)
{
    uint32_t head = get32(p);
    unsigned dwords = head & EA_ENTRY_SIZE;
    uint32_t base, last;
    const uint8_t *more = p + 12;

    if (!(head & EA_ENABLE) || dwords < 2) {
        return false;
    }
    base = get32(p + 4);
    last = get32(p + 8);
    if (dwords < 2u + !!(base & EA_IS_64) + !!(last & EA_IS_64)) {
        return false;
    }
    e->base = ea_field(base, &more);
    e->last = ea_field(last, &more) | 3;
    e->bei = head >> EA_BEI_SHIFT & 0xf;
    e->kind = head >> EA_PRIMARY_SHIFT & 0xff;
    /* The second is for those who don't know the first. */
    if (e->kind > EA_IO) {
        e->kind = head >> EA_SECONDARY_SHIFT & 0xff;
    }
    return true;
}

/*
 * A BAR that an entry describes reads 0. Linux has no width for such a region,
 * and takes it for 32 bits wide wherever it is.
 */
static void ea_region(struct capture *c, const struct ea_entry *e)
{
    bool rom = e->bei == EA_BEI_ROM;
    unsigned n = rom ? PT_ROM : e->bei;
    unsigned reg = rom ? regions_rom_register(c)
                       : PCI_BASE_ADDRESS_0 + 4 * n;
    uint64_t size = e->last + 1;
    struct pt_region *g;

    /* Nor is it of what is behind a bridge, or of virtual functions. */
    if ((!rom && n >= regions_num_bars(c)) || !reg || e->kind > EA_IO) {
        return;
    }
    g = &c->region[n];
    if (get32(c->cfg + reg) || (c->sizes_known & 1u << n) ||
        (g->addr && g->addr != e->base)) {
        return;
    }
    if (!size || (size & e->last) || (e->base & e->last) || size >> 62) {
        capture_note(c, 0, "Enhanced Allocation makes no sense for region %u",
                     n);
        return;
    }
    if (!g->size) {
        g->flags = e->kind == EA_IO ? PT_REGION_IO :
                   e->kind == EA_PREFETCH && !rom ? PT_REGION_PREFETCH : 0;
    }
    g->addr = e->base;
    g->size = size;
    c->sizes_known |= 1u << n;
}

void caps_enhanced(struct capture *c)
{
    bool bridge = regions_num_bars(c) == 2;
    unsigned head = bridge ? EA_CAP_TYPE1_SIZE : EA_CAP_SIZE;
    unsigned pos = find_cap(c, PCI_CAP_ID_EA, head);
    unsigned num = pos ? c->cfg[pos + PCI_CAP_FLAGS] & EA_NUM_ENTRIES : 0;

    for (pos += head; num; num--) {
        struct ea_entry e;
        unsigned len = 4;

        if (pos < CAPS_END) {
            len += 4u * (c->cfg[pos] & EA_ENTRY_SIZE);
        }
        if (pos + len > CAPS_END) {
            capture_note(c, 0, "Enhanced Allocation leaves the configuration "
                         "space");
            return;
        }
        if (ea_take(c->cfg + pos, &e)) {
            ea_region(c, &e);
        }
        pos += len;
    }
}

/* ------------------------------------------------------------------ */
/* Resizable BAR                                                       */

static void resizable_size(struct capture *c, const uint8_t *control)
{
    uint32_t reg = get32(control);
    unsigned n = reg & REBAR_INDEX;
    unsigned shift = 20 + ((reg & REBAR_SIZE) >> REBAR_SIZE_SHIFT);
    struct pt_region *g;

    if (n >= regions_num_bars(c) || shift > 62) {
        return;
    }
    g = &c->region[n];
    if (!get32(c->cfg + PCI_BASE_ADDRESS_0 + 4 * n) || !g->size ||
        (c->sizes_known & 1u << n) || (g->flags & PT_REGION_IO) ||
        g->addr & ((UINT64_C(1) << shift) - 1)) {
        return;
    }
    g->size = UINT64_C(1) << shift;
    c->sizes_known |= 1u << n;
}

void caps_resizable(struct capture *c)
{
    unsigned pos = EXT_START;

    if (c->len < CAPTURE_CFG_MAX) {
        return;
    }
    for (unsigned left = MAX_EXT_CAPS; left && pos >= EXT_START; left--) {
        uint32_t header = get32(c->cfg + pos);
        unsigned num = c->cfg[pos + REBAR_CONTROL] >> 5;

        if ((header & 0xffff) == EXT_CAP_ID_REBAR) {
            for (unsigned i = 0; i < num; i++) {
                unsigned at = pos + REBAR_CONTROL + 8 * i;

                if (at + 4 <= CAPTURE_CFG_MAX) {
                    resizable_size(c, c->cfg + at);
                }
            }
            return;
        }
        pos = header >> 20 & ~3u;
        if (pos > CAPTURE_CFG_MAX - REBAR_CONTROL - 4) {
            return;
        }
    }
}

