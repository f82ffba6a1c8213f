/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Configuration spaces that lspci printed.
 *
 * A line at the left margin is a function's header or 16 of its bytes; an
 * indented one may tell of a region; all else is text for people. The text
 * is read a line at a time, so that what is kept grows with the functions
 * that are there and not with the file.
 */
#include "capture-int.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <pci/header.h>
#include <zlib.h>

#define MAX_FUNCTIONS 4096
#define MAX_TEXT (UINT64_C(128) << 20)

int capture_fail(struct parser *p, unsigned long line, const char *fmt, ...)
{
    char text[160];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    return pt_fail(p->err, EINVAL, "%s: line %lu: %s", p->name, line, text);
}

/* ------------------------------------------------------------------ */
/* A complete function                                                 */

/* How much was captured, and is it without a gap where that matters? */
static int check_bytes(struct parser *p, struct capture *c)
{
    const unsigned long *at = p->fn.hex_line;
    unsigned have = 0, end = 0;
    char name[PT_SBDF_LEN];

    for (unsigned i = 0; i < CAPTURE_CFG_MAX / HEX_BYTES; i++) {
        if (at[i]) {
            end = (i + 1) * HEX_BYTES;
        }
    }
    while (have < CAPTURE_CFG_MAX && at[have / HEX_BYTES]) {
        have += HEX_BYTES;
    }

    pt_sbdf_str(&c->addr, name);
    if (!end) {
        return capture_fail(p, p->fn.header_line, "%s has no bytes "
                            "(lspci needs -x, -xxx or -xxxx)", name);
    }
    c->len = end <= 64 ? 64 : end <= 256 ? 256 : CAPTURE_CFG_MAX;
    /* Of a CardBus bridge lspci -x prints 128 bytes. */
    if (end == 128 && regions_num_bars(c) == 1) {
        return 0;
    }
    if (have < c->len && have < 256) {
        return capture_fail(p, p->fn.header_line, "%s: bytes %02x to %02x "
                            "are not there", name, have,
                            have + HEX_BYTES - 1);
    }
    return 0;
}

static int finish_function(struct parser *p)
{
    struct capture *c;
    int rc;

    if (!p->fn.open) {
        return 0;
    }
    c = &p->list[p->count - 1];
    rc = check_bytes(p, c);
    if (!rc) {
        rc = regions_make(p, c);
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

static bool same_address(const struct pt_sbdf *a, const struct pt_sbdf *b)
{
    return a->domain == b->domain && a->bus == b->bus && a->dev == b->dev &&
           a->func == b->func;
}

static int grow(struct parser *p)
{
    unsigned room = p->room ? 2 * p->room : 4;
    struct capture *list;

    if (p->count == MAX_FUNCTIONS) {
        return capture_fail(p, p->line, "more than %d functions",
                            MAX_FUNCTIONS);
    }
    if (p->count < p->room) {
        return 0;
    }
    list = realloc(p->list, room * sizeof(*list));
    if (!list) {
        return pt_fail(p->err, ENOMEM, "%s: out of memory", p->name);
    }
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
    if (rc) {
        return rc;
    }
    for (unsigned i = 0; i < p->count; i++) {
        if (same_address(&p->list[i].addr, addr)) {
            return capture_fail(p, p->line, "%s is there a second time",
                                pt_sbdf_str(addr, name));
        }
    }
    rc = grow(p);
    if (rc) {
        return rc;
    }

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

        if (!take_text(&s, " ") || !take_hex(&s, 2, 2, &v)) {
            return false;
        }
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
        if (!p->fn.open) {
            return 0;
        }
        return capture_fail(p, p->line, "these are not %d bytes", HEX_BYTES);
    }
    if (!p->fn.open) {
        return capture_fail(p, p->line, "bytes of no function: no line with "
                            "its address comes before");
    }
    if (off >= CAPTURE_CFG_MAX || off % HEX_BYTES) {
        return capture_fail(p, p->line, "no such offset");
    }
    if (p->fn.hex_line[off / HEX_BYTES]) {
        return capture_fail(p, p->line, "offset %02x was in line %lu already",
                            (unsigned)off, p->fn.hex_line[off / HEX_BYTES]);
    }
    c = &p->list[p->count - 1];
    memcpy(c->cfg + off, bytes, sizeof(bytes));
    p->fn.hex_line[off / HEX_BYTES] = p->line;
    return 0;
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
    if (rest && !good) {
        return capture_fail(p, p->line, "no such address");
    }
    if (rest) {
        return begin_function(p, &addr, rest);
    }
    rest = s;
    if (take_hex(&rest, 2, 8, &off) && take_text(&rest, ":") && is_end(*rest)) {
        return parse_hex_line(p, off, rest);
    }
    /* What is deeper belongs to a capability, as VF BARs do. */
    indent = take_indent(&s);
    if (p->fn.open && indent <= 8) {
        return regions_line(p, s);
    }
    return 0;
}

static int end_line(struct parser *p)
{
    int rc;

    p->line++;
    if (p->nul) {
        return capture_fail(p, p->line, "not text: there is a NUL");
    }
    while (p->len && isspace((unsigned char)p->buf[p->len - 1])) {
        p->len--;
    }
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

/* Close the last line and function; @rc: what went wrong before. */
static int finish(struct parser *p, int rc, struct capture **list)
{
    if (!rc && (p->len || p->nul)) {
        rc = end_line(p);
    }
    if (!rc) {
        rc = finish_function(p);
    }
    if (!rc && !p->count) {
        rc = pt_fail(p->err, EINVAL, "%s: no function in it: is it the output "
                     "of lspci -xxx?", p->name);
    }
    if (!rc) {
        rc = regions_share(p);
    }
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
    if (len > MAX_TEXT) {
        rc = pt_fail(err, EFBIG, "%s: larger than %u MiB", name,
                     (unsigned)(MAX_TEXT >> 20));
    }
    if (!rc) {
        rc = feed(&p, text, len);
    }
    return finish(&p, rc, list);
}

static int fail_read(struct parser *p, gzFile f)
{
    int gz = Z_OK;
    int saved = errno;
    const char *text = gzerror(f, &gz);

    if (gz == Z_ERRNO) {
        return pt_fail(p->err, saved ? saved : EIO, "%s: %s", p->name,
                       strerror(saved ? saved : EIO));
    }
    if (gz == Z_BUF_ERROR) {
        text = "the compressed file is cut off";
    }
    return pt_fail(p->err, EIO, "%s: %s", p->name, text);
}

static int read_all(struct parser *p, gzFile f)
{
    static const unsigned chunk = 1u << 16;
    uint64_t total = 0;
    char *buf = malloc(chunk);
    int rc = 0, n, gz;

    if (!buf) {
        return pt_fail(p->err, ENOMEM, "%s: out of memory", p->name);
    }
    while (!rc && (n = gzread(f, buf, chunk)) > 0) {
        total += (unsigned)n;
        if (total > MAX_TEXT) {
            rc = pt_fail(p->err, EFBIG, "%s: larger than %u MiB", p->name,
                         (unsigned)(MAX_TEXT >> 20));
        } else {
            rc = feed(p, buf, (size_t)n);
        }
    }
    if (!rc) {
        gzerror(f, &gz);
        if (gz != Z_OK && gz != Z_STREAM_END) {
            rc = fail_read(p, f);
        }
    }
    free(buf);
    return rc;
}

static gzFile open_file(const char *path)
{
    gzFile f;
    int fd;

    if (strcmp(path, "-") != 0) {
        return gzopen(path, "rb");
    }
    fd = dup(STDIN_FILENO);
    if (fd < 0) {
        return NULL;
    }
    f = gzdopen(fd, "rb");
    if (!f) {
        close(fd);
    }
    return f;
}

int capture_load(const char *path, struct capture **list,
                 struct pt_error *err)
{
    struct parser p = { .name = path, .err = err };
    gzFile f;
    int rc;

    *list = NULL;
    if (strcmp(path, "-") == 0) {
        p.name = "standard input";
    }
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
    if (c->cfg[PCI_INTERRUPT_PIN] && c->cfg[PCI_INTERRUPT_LINE] != 0xff) {
        info->irq = c->cfg[PCI_INTERRUPT_LINE];
    }
    memcpy(info->region, c->region, sizeof(info->region));
}
