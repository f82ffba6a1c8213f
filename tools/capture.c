/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Configuration spaces that lspci printed.
 *
 * A line at the left margin is a function's header or 16 of its bytes; an
 * indented one may tell of a region; all else is text for people. The text
 * is read a line at a time, so that what is kept grows with the functions
 * that are there and not with the file.
 *
 * Files are logs, mails and what a terminal had: other text is between the
 * functions, messages come in the middle of a line, and a function is listed
 * by one lspci and printed by the next.
 */
#include "capture-int.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pci/header.h>

#define MAX_FUNCTIONS 4096
#define MAX_HEADERS (4 * MAX_FUNCTIONS)

/* ------------------------------------------------------------------ */
/* What is not taken                                                   */

void capture_note(struct capture *c, unsigned long line, const char *fmt, ...)
{
    unsigned n = c->num_notes++;
    int at = 0;
    va_list ap;

    if (n >= CAPTURE_NOTES) {
        return;
    }
    if (line) {
        at = snprintf(c->note[n], CAPTURE_NOTE, "line %lu: ", line);
    }
    va_start(ap, fmt);
    vsnprintf(c->note[n] + at, CAPTURE_NOTE - (size_t)at, fmt, ap);
    va_end(ap);
}

static int no_memory(struct parser *p)
{
    return pt_fail(p->err, ENOMEM, "%s: out of memory", p->name);
}

/*
 * Room for one more of @count elements in *@list, of which there are *@room.
 * Headers are limited, so that this is.
 */
static int grow(struct parser *p, void **list, unsigned *room, unsigned count,
                size_t size)
{
    unsigned more = *room ? 2 * *room : 4;
    void *larger;

    if (count < *room) {
        return 0;
    }
    larger = realloc(*list, more * size);
    if (!larger) {
        return no_memory(p);
    }
    *list = larger;
    *room = more;
    return 0;
}

/* A function is lost; NULL: nobody knows which. */
static int lose(struct parser *p, const struct pt_sbdf *addr,
                unsigned long line, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

static int lose(struct parser *p, const struct pt_sbdf *addr,
                unsigned long line, const char *fmt, ...)
{
    struct capture_lost *l;
    char name[PT_SBDF_LEN + 2] = "", text[128];
    void *list = p->lost;
    va_list ap;
    int rc = grow(p, &list, &p->lost_room, p->num_lost, sizeof(*l));

    p->lost = list;
    if (rc) {
        return rc;
    }
    l = &p->lost[p->num_lost++];
    *l = (struct capture_lost){ .unnamed = !addr };
    if (addr) {
        l->addr = *addr;
        pt_sbdf_str(addr, name);
        strcat(name, ": ");
    }
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    snprintf(l->text, sizeof(l->text), "%.96s: line %lu: %s%s", p->name, line,
             name, text);
    return 0;
}

/* ------------------------------------------------------------------ */
/* A complete function                                                 */

static bool same_address(const struct pt_sbdf *a, const struct pt_sbdf *b)
{
    return a->domain == b->domain && a->bus == b->bus && a->dev == b->dev &&
           a->func == b->func;
}

/* The sound function at the address of the one that is being read. */
static struct capture *find_first(struct parser *p)
{
    for (unsigned i = 0; i + 1 < p->count; i++) {
        if (same_address(&p->list[i].addr, &current(p)->addr)) {
            return &p->list[i];
        }
    }
    return NULL;
}

/*
 * How much was captured, and is it without a gap where that matters? Returns
 * the first byte of what is not there, or -1. What lspci -x prints of a
 * CardBus bridge are 128 bytes.
 */
static int find_gap(const struct parser *p, struct capture *c)
{
    const unsigned long *at = p->fn.hex_line;
    unsigned have = 0, end = 0;

    for (unsigned i = 0; i < CAPTURE_CFG_MAX / HEX_BYTES; i++) {
        if (at[i] || (p->fn.bad_line[i] && i * HEX_BYTES < 256)) {
            end = (i + 1) * HEX_BYTES;
        }
    }
    while (have < CAPTURE_CFG_MAX && at[have / HEX_BYTES]) {
        have += HEX_BYTES;
    }
    c->len = end <= 64 ? 64 : end <= 256 ? 256 : CAPTURE_CFG_MAX;
    if (have == 128 && end == 128 && regions_num_bars(c) == 1) {
        return -1;
    }
    return have < c->len && have < 256 ? (int)have : -1;
}

static bool has_bytes(const struct parser *p)
{
    for (unsigned i = 0; i < CAPTURE_CFG_MAX / HEX_BYTES; i++) {
        if (p->fn.hex_line[i] || p->fn.bad_line[i]) {
            return true;
        }
    }
    return false;
}

/* Can the function that was read be used? If not, it is lost, or nothing. */
static int judge(struct parser *p, bool *sound)
{
    struct capture *c = current(p);
    int gap;

    *sound = false;
    if (!has_bytes(p)) {
        int rc = 0;

        /* A line of a list, or a time of day. */
        if (!p->fn.no_address && !find_first(p)) {
            rc = lose(p, &c->addr, c->line, "no bytes (lspci needs -x, -xxx "
                      "or -xxxx)");
            if (!rc) {
                p->lost[p->num_lost - 1].bare = true;
            }
        }
        return rc;
    }
    if (p->fn.no_address) {
        return lose(p, NULL, c->line, "no such address");
    }
    gap = find_gap(p, c);
    if (gap >= 0 && p->fn.bad_line[gap / HEX_BYTES]) {
        return lose(p, &c->addr, p->fn.bad_line[gap / HEX_BYTES],
                    "these are not %d bytes", HEX_BYTES);
    }
    if (gap >= 0) {
        return lose(p, &c->addr, c->line, "bytes %02x to %02x are not there",
                    (unsigned)gap, (unsigned)gap + HEX_BYTES - 1);
    }
    *sound = true;
    return 0;
}

static unsigned how_many(unsigned bits)
{
    unsigned n = 0;

    for (; bits; bits &= bits - 1) {
        n++;
    }
    return n;
}

/* Of a function that was printed twice, the one that tells more stays. */
static void settle_twice(struct parser *p, struct capture *first)
{
    struct capture *c = current(p);
    unsigned long other = c->line;

    if (c->len > first->len ||
        (c->len == first->len &&
         how_many(c->sizes_known) > how_many(first->sizes_known))) {
        other = first->line;
        *first = *c;
    }
    p->count--;
    capture_note(first, other, "the function is there, too, and tells no "
                 "more");
}

static int finish_function(struct parser *p)
{
    bool sound;
    int rc;

    if (!p->fn.open) {
        return 0;
    }
    rc = judge(p, &sound);
    if (sound) {
        struct capture *first = find_first(p);

        regions_make(p, current(p));
        if (first) {
            settle_twice(p, first);
        }
    } else {
        p->count--;
    }
    p->fn = (struct pending){ .open = false };
    return rc;
}

/* ------------------------------------------------------------------ */
/* Lines                                                               */

/*
 * Is there an address at the start of the line? Returns what follows it, or
 * NULL. *@good: its numbers are in range.
 */
static const char *take_address(const char *s, struct pt_sbdf *a, bool *good)
{
    uint64_t domain = 0, bus, dev, func;
    const char *p = s;

    if (take_hex(&p, 4, 8, &domain)) {
        if (!take_text(&p, ":")) {
            return NULL;
        }
    }
    if (!take_hex(&p, 2, 2, &bus) || !take_text(&p, ":") ||
        !take_hex(&p, 2, 2, &dev) || !take_text(&p, ".") ||
        !take_hex(&p, 1, 1, &func) || !is_end(*p)) {
        return NULL;
    }
    *good = dev < 32 && func < 8;
    *a = (struct pt_sbdf){ .domain = (uint32_t)domain, .bus = (uint8_t)bus,
                           .dev = (uint8_t)dev, .func = (uint8_t)func };
    return p;
}

static int begin_function(struct parser *p, const struct pt_sbdf *addr,
                          bool good, const char *title)
{
    void *list;
    struct capture *c;
    int rc = finish_function(p);

    if (rc) {
        return rc;
    }
    if (p->count == MAX_FUNCTIONS || p->num_headers == MAX_HEADERS) {
        return pt_fail(p->err, EINVAL, "%s: line %lu: more than %d functions",
                       p->name, p->line, MAX_FUNCTIONS);
    }
    list = p->list;
    rc = grow(p, &list, &p->room, p->count, sizeof(*c));
    p->list = list;
    if (rc) {
        return rc;
    }

    title += strspn(title, " \t");
    c = &p->list[p->count++];
    memset(c, 0, sizeof(*c));
    c->addr = *addr;
    c->line = p->line;
    snprintf(c->title, sizeof(c->title), "%s", title);
    p->num_headers++;
    p->fn.open = true;
    p->fn.no_address = !good;
    return 0;
}

/*
 * 16 bytes at @s, which follows the colon. Returns how many there are, or -1
 * if something follows.
 */
static int take_bytes(const char *s, uint8_t bytes[HEX_BYTES])
{
    for (int i = 0; i < HEX_BYTES; i++) {
        uint64_t v;

        if (!take_text(&s, " ") || !take_hex(&s, 2, 2, &v)) {
            return i;
        }
        bytes[i] = (uint8_t)v;
    }
    return s[strspn(s, " \t")] ? -1 : HEX_BYTES;
}

static void parse_hex_line(struct parser *p, uint64_t off, const char *s)
{
    uint8_t bytes[HEX_BYTES];
    int num = take_bytes(s, bytes);
    bool good = num == HEX_BYTES;
    unsigned row = (unsigned)(off / HEX_BYTES);
    uint8_t *cfg;

    if (!p->fn.open) {
        if (good && !p->bytes_line) {
            p->bytes_line = p->line;
        }
        return;
    }
    if (off >= CAPTURE_CFG_MAX || off % HEX_BYTES) {
        if (good) {
            capture_note(current(p), p->line, "no such offset");
        }
        return;
    }
    /* "10: and so on" is a sentence, and no line that is cut off. */
    if (!num && *s) {
        return;
    }
    if (!good) {
        capture_note(current(p), p->line, "these are not %d bytes", HEX_BYTES);
        p->fn.bad_line[row] = p->line;
        return;
    }
    cfg = current(p)->cfg + off;
    if (!p->fn.hex_line[row]) {
        memcpy(cfg, bytes, sizeof(bytes));
        p->fn.hex_line[row] = p->line;
    } else if (memcmp(cfg, bytes, sizeof(bytes)) != 0) {
        capture_note(current(p), p->line, "offset %02x was in line %lu already",
                     (unsigned)off, p->fn.hex_line[row]);
    }
}

/* Columns of white space; *@s moves behind it. */
static unsigned take_indent(const char **s)
{
    unsigned column = 0;

    for (; **s == ' ' || **s == '\t'; ++*s) {
        column = **s == ' ' ? column + 1 : (column / 8 + 1) * 8;
    }
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

    if (p->line == 1) {
        take_text(&s, "\xef\xbb\xbf");  /* byte order mark */
    }
    rest = take_address(s, &addr, &good);
    if (rest) {
        return begin_function(p, &addr, good, rest);
    }
    rest = s;
    if (take_hex(&rest, 2, 8, &off) && take_text(&rest, ":") && is_end(*rest)) {
        parse_hex_line(p, off, rest);
        return 0;
    }
    /* What is deeper belongs to a capability, as VF BARs do. */
    indent = take_indent(&s);
    if (p->fn.open && indent <= 8) {
        regions_line(p, s);
    }
    return 0;
}

static int end_line(struct parser *p)
{
    int rc = 0;

    p->line++;
    while (p->len && isspace((unsigned char)p->buf[p->len - 1])) {
        p->len--;
    }
    p->buf[p->len] = '\0';
    if (!p->nul) {
        rc = parse_line(p);
    } else if (p->fn.open) {
        capture_note(current(p), p->line, "not text: there is a NUL");
    }
    if (p->nul && !p->nul_line) {
        p->nul_line = p->line;
    }
    p->len = 0;
    p->nul = false;
    return rc;
}

int parser_feed(struct parser *p, const char *text, size_t len)
{
    int rc = 0;

    while (len && !rc) {
        const char *end = memchr(text, '\n', len);
        size_t n = end ? (size_t)(end - text) : len;
        size_t fits = sizeof(p->buf) - 1 - p->len;

        if (memchr(text, '\0', n)) {
            p->nul = true;
        }
        if (n < fits) {
            fits = n;
        }
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

/* Is there more of the function than lost one @n, a line of a list? */
static bool is_elsewhere(const struct parser *p, unsigned n, unsigned kept)
{
    const struct pt_sbdf *addr = &p->lost[n].addr;

    for (unsigned i = 0; i < p->count; i++) {
        if (same_address(&p->list[i].addr, addr)) {
            return true;
        }
    }
    for (unsigned i = 0; i < p->num_lost; i++) {
        const struct capture_lost *l = &p->lost[i];

        if ((i < kept || (i > n && !l->bare)) && !l->unnamed &&
            same_address(&l->addr, addr)) {
            return true;
        }
    }
    return false;
}

/* Lists come before what they list: those functions are not lost. */
static void forget_listed(struct parser *p)
{
    unsigned kept = 0;

    for (unsigned i = 0; i < p->num_lost; i++) {
        if (!p->lost[i].bare || !is_elsewhere(p, i, kept)) {
            p->lost[kept++] = p->lost[i];
        }
    }
    p->num_lost = kept;
}

/* Is there a function in it? */
static int check_file(struct parser *p)
{
    if (p->bytes_line && lose(p, NULL, p->bytes_line, "bytes of no function: "
                              "no line with its address comes before") != 0) {
        return no_memory(p);
    }
    if (p->count) {
        return 0;
    }
    if (p->nul_line && !p->num_lost) {
        return pt_fail(p->err, EINVAL, "%s: line %lu: not text: there is a NUL",
                       p->name, p->nul_line);
    }
    if (p->num_lost) {
        return pt_fail(p->err, EINVAL, "%s", p->lost[0].text);
    }
    return pt_fail(p->err, EINVAL, "%s: no function in it: is it the output "
                   "of lspci -xxx?", p->name);
}

int parser_finish(struct parser *p, int rc, struct captures *out)
{
    if (!rc && (p->len || p->nul)) {
        rc = end_line(p);
    }
    if (!rc) {
        rc = finish_function(p);
    }
    if (!rc) {
        forget_listed(p);
        rc = check_file(p);
    }
    if (!rc) {
        rc = regions_share(p);
    }
    *out = (struct captures){ .list = p->list, .num = p->count,
                              .lost = p->lost, .num_lost = p->num_lost };
    if (rc) {
        captures_free(out);
    }
    return rc;
}

void captures_free(struct captures *c)
{
    free(c->list);
    free(c->lost);
    *c = (struct captures){ .num = 0 };
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

static unsigned find_cap(const struct capture *c, uint8_t id)
{
    unsigned pos = c->cfg[PCI_CAPABILITY_LIST] & 0xfcu, i;

    if (!(c->cfg[PCI_STATUS] & PCI_STATUS_CAP_LIST)) {
        return 0;
    }
    for (i = 0; i < 48 && pos >= 0x40; i++) {
        if (c->cfg[pos + PCI_CAP_LIST_ID] == id) {
            return pos;
        }
        pos = c->cfg[pos + PCI_CAP_LIST_NEXT] & 0xfcu;
    }
    return 0;
}

/* What Linux would say, unless it knows better of the device. */
static bool can_flr(const struct capture *c)
{
    unsigned exp = find_cap(c, PCI_CAP_ID_EXP), af = find_cap(c, PCI_CAP_ID_AF);
    const uint8_t both = PCI_AF_CAP_TP | PCI_AF_CAP_FLR;

    return (exp && exp + 8 <= 0x100 &&
            (c->cfg[exp + PCI_EXP_DEVCAP + 3] & PCI_EXP_DEVCAP_FLRESET >> 24)) ||
        (af && (c->cfg[af + PCI_AF_CAP] & both) == both);
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
    info->can_flr = can_flr(c);
    if (c->cfg[PCI_INTERRUPT_PIN] && c->cfg[PCI_INTERRUPT_LINE] != 0xff) {
        info->irq = c->cfg[PCI_INTERRUPT_LINE];
    }
    memcpy(info->region, c->region, sizeof(info->region));
}
