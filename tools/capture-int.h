/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the captures' reader share; not for its users. */
#ifndef CAPTURE_INT_H
#define CAPTURE_INT_H

#include <stddef.h>
#include <string.h>

#include "capture.h"

#define LINE_ROOM 512
#define HEX_BYTES 16

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
    bool no_address;     /* its header's numbers are out of range */
    bool caps;           /* Region lines from here on are a capability's */
    unsigned num_lines;
    struct region_line lines[PT_NUM_BARS];
    struct region_line rom;
    unsigned long hex_line[CAPTURE_CFG_MAX / HEX_BYTES];
    unsigned long bad_line[CAPTURE_CFG_MAX / HEX_BYTES];  /* no 16 bytes */
};

struct parser {
    const char *name;
    struct pt_error *err;
    struct capture *list;  /* the last one is being read if fn.open */
    unsigned count;
    unsigned room;
    struct capture_lost *lost;
    unsigned num_lost;
    unsigned lost_room;
    unsigned num_headers;
    unsigned long line;
    unsigned long nul_line;   /* the first with a NUL */
    unsigned long bytes_line; /* the first with bytes of no function */
    struct pending fn;
    char buf[LINE_ROOM];  /* the line so far; what is beyond it is dropped */
    size_t len;
    bool nul;
};

/* The function that is being read. */
static inline struct capture *current(const struct parser *p)
{
    return &p->list[p->count - 1];
}

/* What of @c is not taken, or not known. @line 0: it is in none. */
void capture_note(struct capture *c, unsigned long line, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* ------------------------------------------------------------------ */
/* capture.c                                                           */

/* Text comes in pieces of any length. 0, or -errno and p->err. */
int parser_feed(struct parser *p, const char *text, size_t len);
/* It is all there; @rc: what went wrong before. Frees what @p has. */
int parser_finish(struct parser *p, int rc, struct captures *out);

/* ------------------------------------------------------------------ */
/* capture-regions.c                                                   */

/* An indented line of a function: is it about a region? */
void regions_line(struct parser *p, const char *s);
/* Regions of the function @c, whose bytes and lines are all there. */
void regions_make(struct parser *p, struct capture *c);
/* Find the pages that several functions have registers in. */
int regions_share(struct parser *p);
/* How many BARs its header type has. */
unsigned regions_num_bars(const struct capture *c);
/* Where the register of its expansion ROM is; 0: there is none. */
unsigned regions_rom_register(const struct capture *c);

/* ------------------------------------------------------------------ */
/* capture-caps.c                                                      */

/* The end of the MSI-X table and pending bits, as far as they are in @bar. */
uint64_t caps_msix_end(const struct capture *c, unsigned bar);
/* Regions without a line that Enhanced Allocation tells of. */
void caps_enhanced(struct capture *c);
/* Sizes of regions without one that Resizable BAR tells. */
void caps_resizable(struct capture *c);

/* ------------------------------------------------------------------ */
/* Pieces of a line                                                    */

static inline int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    if (c >= 'A' && c <= 'F') {
        return c - 'A' + 10;
    }
    return -1;
}

/*
 * A hexadecimal number of @min to @max digits at *@s, which moves behind it.
 * Returns false, and *@s where it was, if there is none.
 */
static inline bool take_hex(const char **s, unsigned min, unsigned max,
                            uint64_t *val)
{
    const char *p = *s;
    uint64_t v = 0;
    unsigned n = 0;

    while (hex_digit(*p) >= 0 && n <= max) {
        v = v << 4 | (unsigned)hex_digit(*p++);
        n++;
    }
    if (n < min || n > max) {
        return false;
    }
    *s = p;
    *val = v;
    return true;
}

static inline bool take_text(const char **s, const char *text)
{
    size_t n = strlen(text);

    if (strncmp(*s, text, n) != 0) {
        return false;
    }
    *s += n;
    return true;
}

static inline bool is_end(char c)
{
    return !c || c == ' ' || c == '\t';
}

/* ------------------------------------------------------------------ */
/* Pieces of a configuration space                                     */

static inline uint16_t get16(const uint8_t *p)
{
    return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t get32(const uint8_t *p)
{
    return get16(p) | (uint32_t)get16(p + 2) << 16;
}

#endif
