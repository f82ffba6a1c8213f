/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the tests of tools/capture.h share: text as lspci would print it. */
#ifndef LIB_CAPTURE_H
#define LIB_CAPTURE_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "capture.h"

/* BAR 0: 32-bit, BAR 1+2: 64-bit prefetchable, BAR 3: ports. */
#define ROW_00 "00: 86 80 c9 10 07 04 10 00 01 00 00 02 10 00 80 00\n"
#define ROW_10 "10: 00 00 80 e0 0c 00 00 90 40 00 00 00 21 10 00 00\n"
#define ROW_20 "20: 00 00 00 00 00 00 00 00 00 00 00 00 86 80 3c a0\n"
#define ROW_30 "30: 00 00 80 c7 40 00 00 00 00 00 00 00 0b 02 00 00\n"
#define BYTES ROW_00 ROW_10 ROW_20 ROW_30

/* The same, whose ROM needs no line. */
#define NO_ROM_BYTES ROW_00 ROW_10 ROW_20 "30:" ZEROS

static const char header[] = "01:00.0 Ethernet controller: Intel 82576\n";

#define ZEROS " 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00\n"

/* A virtual function. */
#define VF_ROWS \
    "00: ff ff ff ff 00 00 10 00 01 00 00 02 00 00 00 00\n" \
    "10:" ZEROS \
    "20: 00 00 00 00 00 00 00 00 00 00 00 00 86 80 3c a0\n" \
    "30: 00 00 00 00 70 00 00 00 00 00 00 00 00 00 00 00\n"

/* Two functions, with all that is read of them. */
static const char sample[] =
    "0000:01:00.0 Ethernet controller [0200]: Intel [8086:10c9] (rev 01)\n"
    "\tRegion 0: Memory at e0800000 (32-bit, non-prefetchable) [size=128K]\n"
    "\tRegion 1: Memory at 4090000000 (64-bit, prefetchable) [size=256M]\n"
    "\tRegion 3: I/O ports at 1020 [disabled] [size=32]\n"
    "\tExpansion ROM at c7800000 [disabled] [size=4M]\n"
    "\tCapabilities: [40] Power Management version 3\n" BYTES "\n"
    "0000:02:10.0 Ethernet controller [0200]: Intel [8086:10ca] (rev 01)\n"
    "\t[virtual] Memory at b0040000 (64-bit, prefetchable) [size=16K]\n"
    "\tMemory at b0060000 (64-bit, prefetchable) [virtual] [size=16K]\n"
    VF_ROWS;

/* Rows @from..@to of zeros, appended to @out. */
static inline void append_zeros(char *out, unsigned from, unsigned to)
{
    for (unsigned off = from; off < to; off += 16)
        sprintf(out + strlen(out), "%02x:" ZEROS, off);
}

static struct pt_error err;

static inline int parse(const char *text, struct capture **list)
{
    memset(&err, 0, sizeof(err));
    return capture_parse("sample", text, strlen(text), list, &err);
}

static inline int parse_all(const char *text, struct captures *out)
{
    memset(&err, 0, sizeof(err));
    return captures_parse("sample", text, strlen(text), out, &err);
}

/* The one function of @text. */
static inline struct capture *parse_one(const char *text)
{
    struct capture *c;
    int rc = parse(text, &c);

    if (rc != 1)
        print_message("%s\n", err.text);
    assert_int_equal(rc, 1);
    return c;
}

static inline void check_fails(const char *text, const char *message)
{
    struct capture *list = (struct capture *)&err;

    assert_int_equal(parse(text, &list), -EINVAL);
    assert_string_equal(err.text, message);
    assert_null(list);
}

/* @text has one function and of it one thing that is not taken: @note. */
static inline struct capture *check_note(const char *text, const char *note)
{
    struct capture *c = parse_one(text);

    assert_int_equal(c->num_notes, 1);
    assert_string_equal(c->note[0], note);
    return c;
}

static inline void check_region(const struct capture *c, unsigned n,
                                uint64_t addr, uint64_t size, unsigned flags)
{
    assert_int_equal(c->region[n].addr, addr);
    assert_int_equal(c->region[n].size, size);
    assert_int_equal(c->region[n].flags, flags);
}

#endif
