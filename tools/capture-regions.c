/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Captures: a function's regions, from its registers and lspci's lines. */
#include "capture-int.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

#include <pci/header.h>

#include "pt-page.h"

/* The address in its register. */
#define ROM_ADDRESS 0xfffff800u

/* Where firmware keeps its copy of the display's ROM. */
#define ROM_SHADOW 0xc0000

/* PCI Local Bus 3.0 section 6.2.5.1. */
#define LEAST_MEM_SIZE 16
#define LEAST_IO_SIZE 4

/* A guess at what most devices have. */
#define LIKELY_MEM_SIZE 4096
#define LIKELY_IO_SIZE 32

/* ------------------------------------------------------------------ */
/* Region lines                                                        */

/*
 * "[size=128K]", anywhere in @s. Returns false if it makes no sense: kernels
 * and old lspcis have said "[size=257]" and "[size=967c0000]".
 */
static bool take_size(const char *s, struct region_line *r)
{
    static const char units[] = "KMGT";
    const char *p = strstr(s, "[size=");
    const char *unit;
    uint64_t v = 0, least = r->io ? LEAST_IO_SIZE : LEAST_MEM_SIZE;
    unsigned shift = 0;

    if (!p) {
        return true;
    }
    p += strlen("[size=");
    if (!isdigit((unsigned char)*p)) {
        return false;
    }
    for (; isdigit((unsigned char)*p); p++) {
        v = v * 10 + (unsigned)(*p - '0');
        if (v >> 32) {
            return false;
        }
    }
    unit = *p ? strchr(units, *p) : NULL;
    if (unit) {
        shift = 10 * (unsigned)(unit - units + 1);
        p++;
    }
    if (*p != ']' || !v || (v & (v - 1)) || v >> (62 - shift) ||
        v << shift < least || (r->addr & ((v << shift) - 1))) {
        return false;
    }
    r->size = v << shift;
    r->has_size = true;
    return true;
}

/* "at e0800000", "at <unassigned>" and what follows; @name for messages. */
static bool take_place(struct parser *p, const char *name, const char *s,
                       struct region_line *r)
{
    if (*s == '<') {
        if (!strchr(s, '>')) {
            capture_note(current(p), p->line, "%s makes no sense", name);
            return false;
        }
        r->ignored = !take_text(&s, "<unassigned>");
    } else if (!take_hex(&s, 1, 16, &r->addr) || !is_end(*s)) {
        capture_note(current(p), p->line, "%s makes no sense", name);
        return false;
    }
    r->is_64 = strstr(s, "64-bit") != NULL;
    r->prefetch = strstr(s, "prefetchable") && !strstr(s, "non-prefetchable");
    if (strstr(s, "[virtual]") || strstr(s, "[enhanced]")) {
        r->from_os = true;
    }
    if (!take_size(s, r)) {
        capture_note(current(p), p->line, "%s has an impossible size", name);
    }
    return true;
}

static void add_region_line(struct parser *p, const struct region_line *r)
{
    struct pending *fn = &p->fn;

    if (fn->num_lines == PT_NUM_BARS) {
        capture_note(current(p), p->line, "more than %d regions", PT_NUM_BARS);
        return;
    }
    for (unsigned i = 0; i < fn->num_lines; i++) {
        if (r->number >= 0 && fn->lines[i].number == r->number) {
            capture_note(current(p), p->line, "region %d was in line %lu already",
                         r->number, fn->lines[i].line);
            return;
        }
    }
    fn->lines[fn->num_lines++] = *r;
}

static void parse_rom(struct parser *p, const char *s, struct region_line *r)
{
    if (!take_place(p, "expansion ROM", s, r)) {
        return;
    }
    if (p->fn.rom.line) {
        capture_note(current(p), p->line, "expansion ROM was in line %lu already",
                     p->fn.rom.line);
        return;
    }
    p->fn.rom = *r;
}

void regions_line(struct parser *p, const char *s)
{
    struct region_line r = { .line = p->line, .number = -1 };
    bool numbered = false;

    if (take_text(&s, "Capabilities:")) {
        p->fn.caps = true;
    }
    if (p->fn.caps) {
        return;
    }
    if (take_text(&s, "Region ")) {
        if (s[0] < '0' || s[0] > '5' || s[1] != ':' || s[2] != ' ') {
            capture_note(current(p), p->line, "no such region");
            return;
        }
        r.number = s[0] - '0';
        s += 3;
        numbered = true;
    }
    /* lspci 3.5 and 3.6 put it before, later ones behind the address. */
    r.from_os = take_text(&s, "[virtual] ") || take_text(&s, "[enhanced] ");
    if (!numbered && take_text(&s, "Expansion ROM at ")) {
        parse_rom(p, s, &r);
        return;
    }
    r.io = take_text(&s, "I/O ports at ");
    if (!r.io && !take_text(&s, "Memory at ")) {
        if (numbered) {
            capture_note(current(p), p->line, "neither memory nor I/O ports");
        }
        return;
    }
    if (take_place(p, "region", s, &r)) {
        add_region_line(p, &r);
    }
}

/* ------------------------------------------------------------------ */
/* A complete function                                                 */

unsigned regions_num_bars(const struct capture *c)
{
    switch (c->cfg[PCI_HEADER_TYPE] & 0x7f) {
    case PCI_HEADER_TYPE_NORMAL:
        return 6;
    case PCI_HEADER_TYPE_BRIDGE:
        return 2;
    case PCI_HEADER_TYPE_CARDBUS:
        return 1;
    default:
        return 0;
    }
}

unsigned regions_rom_register(const struct capture *c)
{
    switch (c->cfg[PCI_HEADER_TYPE] & 0x7f) {
    case PCI_HEADER_TYPE_NORMAL:
        return PCI_ROM_ADDRESS;
    case PCI_HEADER_TYPE_BRIDGE:
        return PCI_ROM_ADDRESS1;
    default:
        return 0;
    }
}

static uint32_t bar_register(const struct capture *c, unsigned n)
{
    return get32(c->cfg + PCI_BASE_ADDRESS_0 + 4 * n);
}

static bool reg_is_io(uint32_t reg)
{
    return (reg & PCI_BASE_ADDRESS_SPACE) == PCI_BASE_ADDRESS_SPACE_IO;
}

static bool reg_is_64(uint32_t reg)
{
    return !reg_is_io(reg) && (reg & PCI_BASE_ADDRESS_MEM_TYPE_MASK) ==
                                  PCI_BASE_ADDRESS_MEM_TYPE_64;
}

static uint64_t reg_address(const struct capture *c, unsigned n, bool wide)
{
    uint32_t reg = bar_register(c, n);

    if (reg_is_io(reg)) {
        return reg & ~(uint32_t)3;
    }
    return (reg & ~(uint32_t)0xf) |
           (wide ? (uint64_t)bar_register(c, n + 1) << 32 : 0);
}

/* Does the line fit what the register of BAR @n says? */
static bool fits_register(const struct capture *c, unsigned n,
                          const struct region_line *r)
{
    uint32_t reg = bar_register(c, n);
    bool wide = reg_is_64(reg) && n + 1 < regions_num_bars(c);

    if (!reg || reg_is_io(reg) != r->io) {
        return false;
    }
    if (!r->io && (wide != r->is_64 ||
                   !!(reg & PCI_BASE_ADDRESS_MEM_PREFETCH) != r->prefetch)) {
        return false;
    }
    return r->from_os || r->ignored || reg_address(c, n, wide) == r->addr;
}

/* lspci -b takes the top half of a 64-bit BAR for one more BAR. */
static bool is_top_half_line(const struct region_line *r)
{
    return !r->io && !r->addr && !r->has_size && !r->from_os && !r->ignored;
}

/*
 * Lines of lspci -v have no numbers, but are in the order of the BARs: take
 * the next one that fits, else (virtual function) the next that reads 0.
 */
static int find_number(const struct capture *c, unsigned from,
                       const struct region_line *r)
{
    unsigned n, bars = regions_num_bars(c);

    for (n = from; n < bars; n += reg_is_64(bar_register(c, n)) ? 2 : 1) {
        if (fits_register(c, n, r)) {
            return (int)n;
        }
    }
    for (n = from; n < bars; n += reg_is_64(bar_register(c, n)) ? 2 : 1) {
        if (!bar_register(c, n) && !is_top_half_line(r)) {
            return (int)n;
        }
    }
    return -1;
}

/* A line that no BAR has gets no number, and is not looked at again. */
static void number_lines(struct parser *p, const struct capture *c)
{
    unsigned next = 0;

    for (unsigned i = 0; i < p->fn.num_lines; i++) {
        struct region_line *r = &p->fn.lines[i];
        bool numbered = r->number >= 0;

        if (!numbered) {
            r->number = find_number(c, next, r);
        }
        if (r->number < 0 && is_top_half_line(r)) {
            continue;
        }
        if (r->number < (int)next ||
            (unsigned)r->number >= regions_num_bars(c)) {
            capture_note(current(p), r->line, "no base address register for this");
            r->number = -1;
            continue;
        }
        next = (unsigned)r->number + (r->is_64 && !numbered ? 2 : 1);
    }
}

static struct region_line *line_of(struct parser *p, unsigned n)
{
    for (unsigned i = 0; i < p->fn.num_lines; i++) {
        if (p->fn.lines[i].number == (int)n) {
            return &p->fn.lines[i];
        }
    }
    return NULL;
}

/*
 * BAR @n from its register and its line, without a size if none is known.
 * The operating system's address wins: the bus may see another one.
 */
static void make_bar(struct parser *p, struct capture *c, unsigned n)
{
    struct region_line *r = line_of(p, n);
    uint32_t reg = bar_register(c, n);
    struct pt_region *g = &c->region[n];
    bool io, wide, prefetch;

    if (!r && !reg) {
        return;
    }
    if (r && reg && reg_is_io(reg) != r->io) {
        capture_note(current(p), r->line, "base address register %u is of %s", n,
                     r->io ? "memory" : "I/O ports");
        r->number = -1;
        r = NULL;
    }
    /* Neither address nor size nor register: there is no BAR. */
    if (r && !reg && !r->addr && !r->has_size) {
        r->number = -1;
        return;
    }
    io = reg ? reg_is_io(reg) : r->io;
    wide = (reg ? reg_is_64(reg) : !io && r->is_64) &&
           n + 1 < regions_num_bars(c);
    prefetch = !io && (reg ? reg & PCI_BASE_ADDRESS_MEM_PREFETCH
                           : r->prefetch);
    g->flags = (io ? PT_REGION_IO : 0) | (wide ? PT_REGION_64 : 0) |
               (prefetch ? PT_REGION_PREFETCH : 0);
    g->addr = r ? r->addr : reg_address(c, n, wide);
    if (r && r->has_size) {
        g->size = r->size;
        c->sizes_known |= 1u << n;
    }
}

static void make_rom(struct parser *p, struct capture *c)
{
    const struct region_line *r = &p->fn.rom;
    unsigned reg = regions_rom_register(c);
    struct pt_region *g = &c->region[PT_ROM];
    uint32_t addr = reg ? get32(c->cfg + reg) & ROM_ADDRESS : 0;

    if (!reg || g->size) {
        return;
    }
    /* Linux gives no ROM of a display whose copy firmware has made there. */
    if (r->line && r->addr == ROM_SHADOW) {
        capture_note(current(p), r->line, "the expansion ROM is firmware's copy in "
                     "memory, of which a guest gets nothing");
    } else if (r->line && r->has_size) {
        g->addr = r->addr;
        g->size = r->size;
        c->sizes_known |= 1u << PT_ROM;
    } else if (addr && !r->ignored) {
        capture_note(current(p), 0, "there is an expansion ROM at %x, of a size that "
                     "is not in the file: it is left out", addr);
    }
}

/*
 * A likely size for BAR @n: its address is a multiple of it, and what the
 * device's MSI-X structures need of it is there.
 */
static void guess_size(struct capture *c, unsigned n)
{
    struct pt_region *g = &c->region[n];
    uint64_t size = LIKELY_MEM_SIZE;

    if (g->flags & PT_REGION_IO) {
        size = LIKELY_IO_SIZE;
    } else {
        while (size < caps_msix_end(c, n)) {
            size <<= 1;
        }
    }
    while (g->addr & (size - 1)) {
        size >>= 1;
    }
    g->size = size;
}

void regions_make(struct parser *p, struct capture *c)
{
    number_lines(p, c);
    for (unsigned n = 0; n < regions_num_bars(c); n++) {
        const struct region_line *r;

        make_bar(p, c, n);
        r = line_of(p, n);
        if (!c->region[n].size && (r || bar_register(c, n)) &&
            !(r && r->ignored)) {
            guess_size(c, n);
        }
        if (c->region[n].flags & PT_REGION_64) {
            n++;
            r = line_of(p, n);
            if (r && !is_top_half_line(r)) {
                capture_note(current(p), r->line, "region %u is the top of region %u",
                             n, n - 1);
            }
        }
    }
    caps_enhanced(c);
    caps_resizable(c);
    make_rom(p, c);
}

/* ------------------------------------------------------------------ */
/* All functions of a file                                             */

/* A region of memory. */
struct place {
    uint64_t first;
    uint64_t last;
    struct pt_region *region;
};

static int by_place(const void *a, const void *b)
{
    const struct place *x = a, *y = b;

    return (x->first > y->first) - (x->first < y->first);
}

static unsigned collect_places(struct capture *c, struct place *out)
{
    unsigned num = 0;

    for (unsigned n = 0; n < PT_NUM_REGIONS; n++) {
        struct pt_region *g = &c->region[n];

        if (!g->addr || !g->size || (g->flags & PT_REGION_IO)) {
            continue;
        }
        if (pt_region_displaced(g)) {
            g->flags |= PT_REGION_SHARED;
        }
        out[num++] = (struct place){ .first = g->addr,
                                     .last = g->addr + (g->size - 1),
                                     .region = g };
    }
    return num;
}

/*
 * Of all that starts before a region (or with it) what reaches farthest is the
 * nearest; of all that starts behind it, what starts first.
 */
static void find_company(const struct place *at, unsigned num)
{
    const struct place *far = NULL;

    for (unsigned i = 0; i < num; i++) {
        const struct place *next = i + 1 < num ? &at[i + 1] : NULL;
        struct pt_region *g = at[i].region;

        if ((far && pt_region_shares(g, far->first, far->last)) ||
            (next && pt_region_shares(g, next->first, next->last))) {
            g->flags |= PT_REGION_SHARED;
        }
        if (!far || at[i].last > far->last) {
            far = &at[i];
        }
    }
}

int regions_share(struct parser *p)
{
    struct place *at;
    unsigned num = 0;

    at = calloc((size_t)p->count * PT_NUM_REGIONS, sizeof(*at));
    if (!at) {
        return pt_fail(p->err, ENOMEM, "%s: out of memory", p->name);
    }
    for (unsigned i = 0; i < p->count; i++) {
        num += collect_places(&p->list[i], at + num);
    }
    qsort(at, num, sizeof(*at), by_place);
    find_company(at, num);
    free(at);
    return 0;
}
