/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Configuration spaces that lspci printed.
 *
 * A line at the left margin is a function's header or 16 of its bytes; an
 * indented one may tell of a region; all else is text for people. The text
 * is read a line at a time, so that what is kept grows with the functions
 * that are there and not with the file.
 */
#include "capture.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <pci/header.h>
#include <zlib.h>

#include "pt-xen.h"

#define MAX_FUNCTIONS 4096
#define MAX_TEXT (UINT64_C(128) << 20)
#define LINE_ROOM 512
#define HEX_BYTES 16

/* PCI Local Bus 3.0 sections 6.7 and 6.8.2. */
#define CAPS_START 0x40
#define CAPS_END 0x100
#define MAX_CAPS ((CAPS_END - CAPS_START) / 4)
#define MSIX_CAP_SIZE 12
#define MSIX_ENTRY_SIZE 16

/* PCI Express 5.0 sections 7.6 and 7.8.6. */
#define EXT_START 0x100
#define MAX_EXT_CAPS ((CAPTURE_CFG_MAX - EXT_START) / 4)
#define EXT_CAP_ID_REBAR 0x15
#define REBAR_CONTROL 8
#define REBAR_INDEX 0x07
#define REBAR_SIZE 0x3f00
#define REBAR_SIZE_SHIFT 8

/* Where firmware keeps its copy of the display's ROM. */
#define ROM_SHADOW 0xc0000

/* A guess at what most devices have. */
#define LIKELY_MEM_SIZE 4096
#define LIKELY_IO_SIZE 32

/* A Region or Expansion ROM line. */
struct region_line {
    unsigned long line;  /* 0: there is none */
    int number;          /* of the region; -1: the line doesn't tell */
    bool io;
    bool is_64;
    bool prefetch;
    bool from_os;        /* not in the register: [virtual], [enhanced] */
    bool ignored;        /* the operating system doesn't use it */
    bool has_size;
    uint64_t addr;       /* 0: unassigned */
    uint64_t size;
};

/* What is collected until a function is complete. */
struct pending {
    bool open;
    unsigned long header_line;
    bool caps;           /* Region lines from here on are a capability's */
    unsigned num_lines;
    struct region_line lines[PT_NUM_BARS];
    struct region_line rom;
    unsigned long hex_line[CAPTURE_CFG_MAX / HEX_BYTES];
};

struct parser {
    const char *name;
    struct pt_error *err;
    struct capture *list;
    unsigned count;
    unsigned room;
    unsigned long line;
    struct pending fn;
    char buf[LINE_ROOM];  /* the line so far; what is beyond it is dropped */
    size_t len;
    bool nul;
};

static int fail_at(struct parser *p, unsigned long line, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static int fail_at(struct parser *p, unsigned long line, const char *fmt, ...)
{
    char text[160];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    return pt_fail(p->err, EINVAL, "%s: line %lu: %s", p->name, line, text);
}

/* ------------------------------------------------------------------ */
/* Pieces of a line                                                    */

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/*
 * A hexadecimal number of @min to @max digits at *@s, which moves behind it.
 * Returns false, and *@s where it was, if there is none.
 */
static bool take_hex(const char **s, unsigned min, unsigned max, uint64_t *val)
{
    const char *p = *s;
    uint64_t v = 0;
    unsigned n = 0;

    while (hex_digit(*p) >= 0 && n <= max) {
        v = v << 4 | (unsigned)hex_digit(*p++);
        n++;
    }
    if (n < min || n > max)
        return false;
    *s = p;
    *val = v;
    return true;
}

static bool take_text(const char **s, const char *text)
{
    size_t n = strlen(text);

    if (strncmp(*s, text, n) != 0)
        return false;
    *s += n;
    return true;
}

static bool is_end(char c)
{
    return !c || c == ' ' || c == '\t';
}

/*
 * Is there an address at the start of the line? Returns what follows it, or
 * NULL. *@good: its numbers are in range.
 */
static const char *take_address(const char *s, struct pt_sbdf *a, bool *good)
{
    uint64_t domain = 0, bus, dev, func;
    const char *p = s;

    if (take_hex(&p, 4, 8, &domain)) {
        if (!take_text(&p, ":"))
            return NULL;
    }
    if (!take_hex(&p, 2, 2, &bus) || !take_text(&p, ":") ||
        !take_hex(&p, 2, 2, &dev) || !take_text(&p, ".") ||
        !take_hex(&p, 1, 1, &func) || !is_end(*p))
        return NULL;
    *good = dev < 32 && func < 8;
    *a = (struct pt_sbdf){ .domain = (uint32_t)domain, .bus = (uint8_t)bus,
                           .dev = (uint8_t)dev, .func = (uint8_t)func };
    return p;
}

static bool same_address(const struct pt_sbdf *a, const struct pt_sbdf *b)
{
    return a->domain == b->domain && a->bus == b->bus && a->dev == b->dev &&
           a->func == b->func;
}

/* ------------------------------------------------------------------ */
/* Region lines                                                        */

/* "[size=128K]", anywhere in @s. Returns false if it makes no sense. */
static bool take_size(const char *s, struct region_line *r)
{
    static const char units[] = "KMGT";
    const char *p = strstr(s, "[size=");
    const char *unit;
    uint64_t v = 0;
    unsigned shift = 0;

    if (!p)
        return true;
    p += strlen("[size=");
    if (!isdigit((unsigned char)*p))
        return false;
    for (; isdigit((unsigned char)*p); p++) {
        v = v * 10 + (unsigned)(*p - '0');
        if (v >> 32)
            return false;
    }
    unit = *p ? strchr(units, *p) : NULL;
    if (unit) {
        shift = 10 * (unsigned)(unit - units + 1);
        p++;
    }
    if (*p != ']' || !v || (v & (v - 1)) || v >> (62 - shift))
        return false;
    r->size = v << shift;
    r->has_size = true;
    return true;
}

/* "at e0800000", "at <unassigned>" and what follows. */
static bool take_place(const char *s, struct region_line *r)
{
    if (*s == '<') {
        if (!strchr(s, '>'))
            return false;
        r->ignored = !take_text(&s, "<unassigned>");
    } else if (!take_hex(&s, 1, 16, &r->addr) || !is_end(*s)) {
        return false;
    }
    r->is_64 = strstr(s, "64-bit") != NULL;
    r->prefetch = strstr(s, "prefetchable") && !strstr(s, "non-prefetchable");
    if (strstr(s, "[virtual]") || strstr(s, "[enhanced]"))
        r->from_os = true;
    return take_size(s, r) && (!r->has_size || !(r->addr & (r->size - 1)));
}

static int add_region_line(struct parser *p, const struct region_line *r)
{
    struct pending *fn = &p->fn;

    if (fn->num_lines == PT_NUM_BARS)
        return fail_at(p, p->line, "more than %d regions", PT_NUM_BARS);
    for (unsigned i = 0; i < fn->num_lines; i++)
        if (r->number >= 0 && fn->lines[i].number == r->number)
            return fail_at(p, p->line, "region %d was in line %lu already",
                           r->number, fn->lines[i].line);
    fn->lines[fn->num_lines++] = *r;
    return 0;
}

static int parse_rom(struct parser *p, const char *s, struct region_line *r)
{
    if (!take_place(s, r))
        return fail_at(p, p->line, "expansion ROM makes no sense");
    if (p->fn.rom.line)
        return fail_at(p, p->line, "expansion ROM was in line %lu already",
                       p->fn.rom.line);
    p->fn.rom = *r;
    return 0;
}

/* An indented line of a function: is it about a region? */
static int parse_detail(struct parser *p, const char *s)
{
    struct region_line r = { .line = p->line, .number = -1 };
    bool numbered = false;

    if (take_text(&s, "Capabilities:")) {
        p->fn.caps = true;
        return 0;
    }
    if (p->fn.caps)
        return 0;
    if (take_text(&s, "Region ")) {
        if (s[0] < '0' || s[0] > '5' || s[1] != ':' || s[2] != ' ')
            return fail_at(p, p->line, "no such region");
        r.number = s[0] - '0';
        s += 3;
        numbered = true;
    }
    r.from_os = take_text(&s, "[virtual] ");
    if (!numbered && take_text(&s, "Expansion ROM at "))
        return parse_rom(p, s, &r);
    r.io = take_text(&s, "I/O ports at ");
    if (!r.io && !take_text(&s, "Memory at ")) {
        if (numbered)
            return fail_at(p, p->line, "neither memory nor I/O ports");
        return 0;
    }
    if (!take_place(s, &r))
        return fail_at(p, p->line, "region makes no sense");
    return add_region_line(p, &r);
}

/* ------------------------------------------------------------------ */
/* A complete function                                                 */

static uint16_t get16(const uint8_t *p)
{
    return (uint16_t)(p[0] | p[1] << 8);
}

static uint32_t get32(const uint8_t *p)
{
    return get16(p) | (uint32_t)get16(p + 2) << 16;
}

static unsigned num_bars(const struct capture *c)
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

static unsigned rom_register(const struct capture *c)
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

    if (reg_is_io(reg))
        return reg & ~(uint32_t)3;
    return (reg & ~(uint32_t)0xf) |
           (wide ? (uint64_t)bar_register(c, n + 1) << 32 : 0);
}

/* Does the line fit what the register of BAR @n says? */
static bool fits_register(const struct capture *c, unsigned n,
                          const struct region_line *r)
{
    uint32_t reg = bar_register(c, n);
    bool wide = reg_is_64(reg) && n + 1 < num_bars(c);

    if (!reg || reg_is_io(reg) != r->io)
        return false;
    if (!r->io && (wide != r->is_64 ||
                   !!(reg & PCI_BASE_ADDRESS_MEM_PREFETCH) != r->prefetch))
        return false;
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
    unsigned n, bars = num_bars(c);

    for (n = from; n < bars; n += reg_is_64(bar_register(c, n)) ? 2 : 1)
        if (fits_register(c, n, r))
            return (int)n;
    for (n = from; n < bars; n += reg_is_64(bar_register(c, n)) ? 2 : 1)
        if (!bar_register(c, n) && !is_top_half_line(r))
            return (int)n;
    return -1;
}

static int number_lines(struct parser *p, struct capture *c)
{
    unsigned next = 0;

    for (unsigned i = 0; i < p->fn.num_lines; i++) {
        struct region_line *r = &p->fn.lines[i];
        bool numbered = r->number >= 0;

        if (!numbered)
            r->number = find_number(c, next, r);
        if (r->number < 0 && is_top_half_line(r))
            continue;
        if (r->number < (int)next || (unsigned)r->number >= num_bars(c))
            return fail_at(p, r->line, "no base address register for this");
        next = (unsigned)r->number + (r->is_64 && !numbered ? 2 : 1);
    }
    return 0;
}

static const struct region_line *line_of(const struct parser *p, unsigned n)
{
    for (unsigned i = 0; i < p->fn.num_lines; i++)
        if (p->fn.lines[i].number == (int)n)
            return &p->fn.lines[i];
    return NULL;
}

/*
 * BAR @n from its register and its line, without a size if none is known.
 * The operating system's address wins: the bus may see another one.
 */
static int make_bar(struct parser *p, struct capture *c, unsigned n)
{
    const struct region_line *r = line_of(p, n);
    uint32_t reg = bar_register(c, n);
    struct pt_region *g = &c->region[n];
    bool io, wide, prefetch;

    if (!r && !reg)
        return 0;
    if (r && reg && reg_is_io(reg) != r->io)
        return fail_at(p, r->line, "base address register %u is of %s", n,
                       r->io ? "memory" : "I/O ports");
    io = reg ? reg_is_io(reg) : r->io;
    wide = (reg ? reg_is_64(reg) : !io && r->is_64) && n + 1 < num_bars(c);
    prefetch = !io && (reg ? reg & PCI_BASE_ADDRESS_MEM_PREFETCH
                           : r->prefetch);
    g->flags = (io ? PT_REGION_IO : 0) | (wide ? PT_REGION_64 : 0) |
               (prefetch ? PT_REGION_PREFETCH : 0);
    g->addr = r ? r->addr : reg_address(c, n, wide);
    if (r && r->has_size) {
        g->size = r->size;
        c->sizes_known |= 1u << n;
    }
    return 0;
}

static void make_rom(struct parser *p, struct capture *c)
{
    const struct region_line *r = &p->fn.rom;
    unsigned reg = rom_register(c);
    struct pt_region *g = &c->region[PT_ROM];

    if (!r->line || !r->has_size || !reg)
        return;
    /* The firmware's copy in memory: the device's ROM is not there. */
    if (r->from_os && r->addr == ROM_SHADOW)
        return;
    g->addr = r->addr;
    g->size = r->size;
    c->sizes_known |= 1u << PT_ROM;
}

static const uint8_t *find_msix(const struct capture *c)
{
    unsigned pos = c->cfg[PCI_CAPABILITY_LIST] & ~3u;

    if (!(get16(c->cfg + PCI_STATUS) & PCI_STATUS_CAP_LIST))
        return NULL;
    for (unsigned left = MAX_CAPS; left; left--) {
        if (pos < CAPS_START || pos > CAPS_END - MSIX_CAP_SIZE)
            return NULL;
        if (c->cfg[pos] == PCI_CAP_ID_MSIX)
            return c->cfg + pos;
        pos = c->cfg[pos + PCI_CAP_LIST_NEXT] & ~3u;
    }
    return NULL;
}

/* The end of the MSI-X table and pending bits, as far as they are in @bar. */
static uint64_t msix_end(const struct capture *c, unsigned bar)
{
    const uint8_t *cap = find_msix(c);
    uint32_t table, pba;
    uint64_t n, end = 0;

    if (!cap)
        return 0;
    n = (get16(cap + PCI_CAP_FLAGS) & PCI_MSIX_TABSIZE) + 1u;
    table = get32(cap + PCI_MSIX_TABLE);
    pba = get32(cap + PCI_MSIX_PBA);
    if ((table & PCI_MSIX_BIR) == bar)
        end = (table & ~(uint32_t)PCI_MSIX_BIR) + n * MSIX_ENTRY_SIZE;
    if ((pba & PCI_MSIX_BIR) == bar) {
        uint64_t pba_end = (pba & ~(uint32_t)PCI_MSIX_BIR) + (n + 63) / 64 * 8;

        if (pba_end > end)
            end = pba_end;
    }
    return end;
}

/*
 * A likely size for BAR @n: its address is a multiple of it, and what the
 * device's MSI-X structures need of it is there.
 */
static void guess_size(struct capture *c, unsigned n)
{
    struct pt_region *g = &c->region[n];
    uint64_t size = LIKELY_MEM_SIZE;

    if (g->flags & PT_REGION_IO)
        size = LIKELY_IO_SIZE;
    else
        while (size < msix_end(c, n))
            size <<= 1;
    while (g->addr & (size - 1))
        size >>= 1;
    g->size = size;
}

/*
 * Resizable BARs tell their size in extended configuration space.
 * PCI Express 5.0 section 7.8.6.
 */
static void resizable_size(struct capture *c, const uint8_t *control)
{
    uint32_t reg = get32(control);
    unsigned n = reg & REBAR_INDEX;
    unsigned shift = 20 + ((reg & REBAR_SIZE) >> REBAR_SIZE_SHIFT);
    struct pt_region *g;

    if (n >= num_bars(c) || shift > 62)
        return;
    g = &c->region[n];
    if (!bar_register(c, n) || (c->sizes_known & 1u << n) || !g->size ||
        (g->flags & PT_REGION_IO) || g->addr & ((UINT64_C(1) << shift) - 1))
        return;
    g->size = UINT64_C(1) << shift;
    c->sizes_known |= 1u << n;
}

static void resizable_sizes(struct capture *c)
{
    unsigned pos = EXT_START;

    if (c->len < CAPTURE_CFG_MAX)
        return;
    for (unsigned left = MAX_EXT_CAPS; left && pos >= EXT_START; left--) {
        uint32_t header = get32(c->cfg + pos);
        unsigned num = c->cfg[pos + REBAR_CONTROL] >> 5;

        if ((header & 0xffff) == EXT_CAP_ID_REBAR) {
            for (unsigned i = 0; i < num; i++) {
                unsigned at = pos + REBAR_CONTROL + 8 * i;

                if (at + 4 <= CAPTURE_CFG_MAX)
                    resizable_size(c, c->cfg + at);
            }
            return;
        }
        pos = header >> 20 & ~3u;
        if (pos > CAPTURE_CFG_MAX - REBAR_CONTROL - 4)
            return;
    }
}

static int make_regions(struct parser *p, struct capture *c)
{
    int rc = number_lines(p, c);

    for (unsigned n = 0; !rc && n < num_bars(c); n++) {
        const struct region_line *r;

        rc = make_bar(p, c, n);
        if (rc)
            break;
        r = line_of(p, n);
        if (!c->region[n].size && (r || bar_register(c, n)) &&
            !(r && r->ignored))
            guess_size(c, n);
        if (c->region[n].flags & PT_REGION_64) {
            n++;
            r = line_of(p, n);
            if (r && !is_top_half_line(r))
                rc = fail_at(p, r->line, "region %u is the top of region %u",
                             n, n - 1);
        }
    }
    if (rc)
        return rc;
    resizable_sizes(c);
    make_rom(p, c);
    return 0;
}

/* How much was captured, and is it without a gap where that matters? */
static int check_bytes(struct parser *p, struct capture *c)
{
    const unsigned long *at = p->fn.hex_line;
    unsigned have = 0, end = 0;
    char name[PT_SBDF_LEN];

    for (unsigned i = 0; i < CAPTURE_CFG_MAX / HEX_BYTES; i++)
        if (at[i])
            end = (i + 1) * HEX_BYTES;
    while (have < CAPTURE_CFG_MAX && at[have / HEX_BYTES])
        have += HEX_BYTES;

    pt_sbdf_str(&c->addr, name);
    if (!end)
        return fail_at(p, p->fn.header_line,
                       "%s has no bytes (lspci needs -x, -xxx or -xxxx)",
                       name);
    c->len = end <= 64 ? 64 : end <= 256 ? 256 : CAPTURE_CFG_MAX;
    /* Of a CardBus bridge lspci -x prints 128 bytes. */
    if (end == 128 && num_bars(c) == 1)
        return 0;
    if (have < c->len && have < 256)
        return fail_at(p, p->fn.header_line, "%s: bytes %02x to %02x are not "
                       "there", name, have, have + HEX_BYTES - 1);
    return 0;
}

static int finish_function(struct parser *p)
{
    struct capture *c;
    int rc;

    if (!p->fn.open)
        return 0;
    c = &p->list[p->count - 1];
    rc = check_bytes(p, c);
    if (!rc)
        rc = make_regions(p, c);
    p->fn = (struct pending){ .open = false };
    return rc;
}

/* ------------------------------------------------------------------ */
/* Lines                                                               */

static int grow(struct parser *p)
{
    unsigned room = p->room ? 2 * p->room : 4;
    struct capture *list;

    if (p->count == MAX_FUNCTIONS)
        return fail_at(p, p->line, "more than %d functions", MAX_FUNCTIONS);
    if (p->count < p->room)
        return 0;
    list = realloc(p->list, room * sizeof(*list));
    if (!list)
        return pt_fail(p->err, ENOMEM, "%s: out of memory", p->name);
    p->list = list;
    p->room = room;
    return 0;
}

static int begin_function(struct parser *p, const struct pt_sbdf *addr,
                          const char *title)
{
    char name[PT_SBDF_LEN];
    struct capture *c;
    int rc;

    rc = finish_function(p);
    if (rc)
        return rc;
    for (unsigned i = 0; i < p->count; i++)
        if (same_address(&p->list[i].addr, addr))
            return fail_at(p, p->line, "%s is there a second time",
                           pt_sbdf_str(addr, name));
    rc = grow(p);
    if (rc)
        return rc;

    title += strspn(title, " \t");
    c = &p->list[p->count++];
    memset(c, 0, sizeof(*c));
    c->addr = *addr;
    snprintf(c->title, sizeof(c->title), "%s", title);
    p->fn.open = true;
    p->fn.header_line = p->line;
    return 0;
}

/* 16 bytes at @s, which follows the colon. */
static bool take_bytes(const char *s, uint8_t bytes[HEX_BYTES])
{
    for (unsigned i = 0; i < HEX_BYTES; i++) {
        uint64_t v;

        if (!take_text(&s, " ") || !take_hex(&s, 2, 2, &v))
            return false;
        bytes[i] = (uint8_t)v;
    }
    return !s[strspn(s, " \t")];
}

static int parse_hex_line(struct parser *p, uint64_t off, const char *s)
{
    uint8_t bytes[HEX_BYTES];
    struct capture *c;

    if (!take_bytes(s, bytes)) {
        /* Before the first function it may as well be a sentence. */
        if (!p->fn.open)
            return 0;
        return fail_at(p, p->line, "these are not %d bytes", HEX_BYTES);
    }
    if (!p->fn.open)
        return fail_at(p, p->line, "bytes of no function: no line with its "
                       "address comes before");
    if (off >= CAPTURE_CFG_MAX || off % HEX_BYTES)
        return fail_at(p, p->line, "no such offset");
    if (p->fn.hex_line[off / HEX_BYTES])
        return fail_at(p, p->line, "offset %02x was in line %lu already",
                       (unsigned)off, p->fn.hex_line[off / HEX_BYTES]);
    c = &p->list[p->count - 1];
    memcpy(c->cfg + off, bytes, sizeof(bytes));
    p->fn.hex_line[off / HEX_BYTES] = p->line;
    return 0;
}

/* Columns of white space; *@s moves behind it. */
static unsigned take_indent(const char **s)
{
    unsigned column = 0;

    for (; **s == ' ' || **s == '\t'; ++*s)
        column = **s == ' ' ? column + 1 : (column / 8 + 1) * 8;
    return column;
}

static int parse_line(struct parser *p)
{
    const char *s = p->buf;
    struct pt_sbdf addr;
    const char *rest;
    uint64_t off;
    unsigned indent;
    bool good;

    if (p->line == 1)
        take_text(&s, "\xef\xbb\xbf");  /* byte order mark */
    rest = take_address(s, &addr, &good);
    if (rest && !good)
        return fail_at(p, p->line, "no such address");
    if (rest)
        return begin_function(p, &addr, rest);
    rest = s;
    if (take_hex(&rest, 2, 8, &off) && take_text(&rest, ":") && is_end(*rest))
        return parse_hex_line(p, off, rest);
    /* What is deeper belongs to a capability, as VF BARs do. */
    indent = take_indent(&s);
    if (p->fn.open && indent <= 8)
        return parse_detail(p, s);
    return 0;
}

static int end_line(struct parser *p)
{
    int rc;

    p->line++;
    if (p->nul)
        return fail_at(p, p->line, "not text: there is a NUL");
    while (p->len && isspace((unsigned char)p->buf[p->len - 1]))
        p->len--;
    p->buf[p->len] = '\0';
    rc = parse_line(p);
    p->len = 0;
    return rc;
}

static int feed(struct parser *p, const char *text, size_t len)
{
    int rc = 0;

    while (len && !rc) {
        const char *end = memchr(text, '\n', len);
        size_t n = end ? (size_t)(end - text) : len;
        size_t fits = sizeof(p->buf) - 1 - p->len;

        if (memchr(text, '\0', n))
            p->nul = true;
        if (n < fits)
            fits = n;
        memcpy(p->buf + p->len, text, fits);
        p->len += fits;
        if (end) {
            rc = end_line(p);
            n++;
        }
        text += n;
        len -= n;
    }
    return rc;
}

/* ------------------------------------------------------------------ */
/* A complete file                                                     */

/* A memory region that is smaller than a page. */
struct small_region {
    uint64_t page;
    struct pt_region *region;
    unsigned function;
};

static int by_page(const void *a, const void *b)
{
    const struct small_region *x = a, *y = b;

    if (x->page != y->page)
        return x->page < y->page ? -1 : 1;
    return (x->function > y->function) - (x->function < y->function);
}

static unsigned collect_small(struct capture *c, unsigned function,
                              struct small_region *out)
{
    unsigned num = 0;

    for (unsigned n = 0; n < PT_NUM_BARS; n++) {
        struct pt_region *g = &c->region[n];

        if (!g->addr || !g->size || g->size >= PT_PAGE_SIZE ||
            (g->flags & PT_REGION_IO))
            continue;
        if (g->addr & ~PT_PAGE_MASK)
            g->flags |= PT_REGION_SHARED;
        out[num++] = (struct small_region){ .page = g->addr >> PT_PAGE_SHIFT,
                                            .region = g,
                                            .function = function };
    }
    return num;
}

/* Find the pages that several functions have registers in. */
static int mark_shared(struct parser *p)
{
    struct small_region *s;
    unsigned num = 0;

    s = calloc((size_t)p->count * PT_NUM_BARS, sizeof(*s));
    if (!s)
        return pt_fail(p->err, ENOMEM, "%s: out of memory", p->name);
    for (unsigned i = 0; i < p->count; i++)
        num += collect_small(&p->list[i], i, s + num);
    qsort(s, num, sizeof(*s), by_page);
    for (unsigned i = 0, end; i < num; i = end) {
        end = i + 1;
        while (end < num && s[end].page == s[i].page)
            end++;
        /* They are in the order of their functions. */
        if (s[i].function == s[end - 1].function)
            continue;
        for (unsigned k = i; k < end; k++)
            s[k].region->flags |= PT_REGION_SHARED;
    }
    free(s);
    return 0;
}

/* Close the last line and function; @rc: what went wrong before. */
static int finish(struct parser *p, int rc, struct capture **list)
{
    if (!rc && (p->len || p->nul))
        rc = end_line(p);
    if (!rc)
        rc = finish_function(p);
    if (!rc && !p->count)
        rc = pt_fail(p->err, EINVAL, "%s: no function in it: is it the output "
                     "of lspci -xxx?", p->name);
    if (!rc)
        rc = mark_shared(p);
    if (rc) {
        free(p->list);
        *list = NULL;
        return rc;
    }
    *list = p->list;
    return (int)p->count;
}

int capture_parse(const char *name, const char *text, size_t len,
                  struct capture **list, struct pt_error *err)
{
    struct parser p = { .name = name, .err = err };
    int rc = 0;

    *list = NULL;
    if (len > MAX_TEXT)
        rc = pt_fail(err, EFBIG, "%s: larger than %u MiB", name,
                     (unsigned)(MAX_TEXT >> 20));
    if (!rc)
        rc = feed(&p, text, len);
    return finish(&p, rc, list);
}

static int fail_read(struct parser *p, gzFile f)
{
    int gz = Z_OK;
    int saved = errno;
    const char *text = gzerror(f, &gz);

    if (gz == Z_ERRNO)
        return pt_fail(p->err, saved ? saved : EIO, "%s: %s", p->name,
                       strerror(saved ? saved : EIO));
    if (gz == Z_BUF_ERROR)
        text = "the compressed file is cut off";
    return pt_fail(p->err, EIO, "%s: %s", p->name, text);
}

static int read_all(struct parser *p, gzFile f)
{
    static const unsigned chunk = 1u << 16;
    uint64_t total = 0;
    char *buf = malloc(chunk);
    int rc = 0, n, gz;

    if (!buf)
        return pt_fail(p->err, ENOMEM, "%s: out of memory", p->name);
    while (!rc && (n = gzread(f, buf, chunk)) > 0) {
        total += (unsigned)n;
        if (total > MAX_TEXT)
            rc = pt_fail(p->err, EFBIG, "%s: larger than %u MiB", p->name,
                         (unsigned)(MAX_TEXT >> 20));
        else
            rc = feed(p, buf, (size_t)n);
    }
    if (!rc) {
        gzerror(f, &gz);
        if (gz != Z_OK && gz != Z_STREAM_END)
            rc = fail_read(p, f);
    }
    free(buf);
    return rc;
}

static gzFile open_file(const char *path)
{
    gzFile f;
    int fd;

    if (strcmp(path, "-") != 0)
        return gzopen(path, "rb");
    fd = dup(STDIN_FILENO);
    if (fd < 0)
        return NULL;
    f = gzdopen(fd, "rb");
    if (!f)
        close(fd);
    return f;
}

int capture_load(const char *path, struct capture **list,
                 struct pt_error *err)
{
    struct parser p = { .name = path, .err = err };
    gzFile f;
    int rc;

    *list = NULL;
    if (strcmp(path, "-") == 0)
        p.name = "standard input";
    errno = 0;
    f = open_file(path);
    if (!f) {
        rc = errno ? errno : ENOMEM;
        return pt_fail(err, rc, "%s: %s", p.name, strerror(rc));
    }
    rc = read_all(&p, f);
    gzclose_r(f);
    return finish(&p, rc, list);
}

/* ------------------------------------------------------------------ */
/* What the operating system would tell                                */

/* "[8086:10ca]" or "0200: 8086:10ca" in the title; the last one counts. */
static bool title_ids(const char *title, uint16_t *vendor, uint16_t *device)
{
    bool found = false;

    for (const char *s = title; *s; s++) {
        const char *p = s + 1;
        uint64_t v, d;

        if ((*s == '[' || *s == ' ') && take_hex(&p, 4, 4, &v) &&
            take_text(&p, ":") && take_hex(&p, 4, 4, &d) &&
            (*p == ']' || is_end(*p))) {
            *vendor = (uint16_t)v;
            *device = (uint16_t)d;
            found = true;
        }
    }
    return found;
}

void capture_info(const struct capture *c, struct pt_device_info *info)
{
    memset(info, 0, sizeof(*info));
    info->addr = c->addr;
    info->vendor = get16(c->cfg + PCI_VENDOR_ID);
    info->device = get16(c->cfg + PCI_DEVICE_ID);
    /* SR-IOV 3.4.1.1: a VF's IDs read FFFF; a dead function reads so too. */
    if (info->vendor == 0xffff && info->device == 0xffff &&
        c->cfg[PCI_HEADER_TYPE] != 0xff) {
        info->is_vf = true;
        title_ids(c->title, &info->vendor, &info->device);
    }
    if (c->cfg[PCI_INTERRUPT_PIN] && c->cfg[PCI_INTERRUPT_LINE] != 0xff)
        info->irq = c->cfg[PCI_INTERRUPT_LINE];
    memcpy(info->region, c->region, sizeof(info->region));
}
