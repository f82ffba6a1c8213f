/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tools/capture.c: what lspci prints, what it never would, and sizes. */
#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <pci/header.h>
#include <zlib.h>

#include "capture.h"

/* ------------------------------------------------------------------ */
/* Text as lspci would print it                                        */

/* BAR 0: 32-bit, BAR 1+2: 64-bit prefetchable, BAR 3: ports. */
#define ROW_00 "00: 86 80 c9 10 07 04 10 00 01 00 00 02 10 00 80 00\n"
#define ROW_10 "10: 00 00 80 e0 0c 00 00 90 40 00 00 00 21 10 00 00\n"
#define ROW_20 "20: 00 00 00 00 00 00 00 00 00 00 00 00 86 80 3c a0\n"
#define ROW_30 "30: 00 00 80 c7 40 00 00 00 00 00 00 00 0b 02 00 00\n"
#define BYTES ROW_00 ROW_10 ROW_20 ROW_30

static const char header[] = "01:00.0 Ethernet controller: Intel 82576\n";

#define ZEROS " 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00\n"

/* Rows @from..@to of zeros, appended to @out. */
static void append_zeros(char *out, unsigned from, unsigned to)
{
    for (unsigned off = from; off < to; off += 16)
        sprintf(out + strlen(out), "%02x:" ZEROS, off);
}

static struct pt_error err;

static int parse(const char *text, struct capture **list)
{
    memset(&err, 0, sizeof(err));
    return capture_parse("sample", text, strlen(text), list, &err);
}

/* The one function of @text. */
static struct capture *parse_one(const char *text)
{
    struct capture *c;
    int rc = parse(text, &c);

    if (rc != 1)
        print_message("%s\n", err.text);
    assert_int_equal(rc, 1);
    return c;
}

static void check_fails(const char *text, const char *message)
{
    struct capture *list = (struct capture *)&err;

    assert_int_equal(parse(text, &list), -EINVAL);
    assert_string_equal(err.text, message);
    assert_null(list);
}

static void check_region(const struct capture *c, unsigned n, uint64_t addr,
                         uint64_t size, unsigned flags)
{
    assert_int_equal(c->region[n].addr, addr);
    assert_int_equal(c->region[n].size, size);
    assert_int_equal(c->region[n].flags, flags);
}

/* ------------------------------------------------------------------ */
/* Forms                                                               */

static void test_plain(void **state)
{
    struct capture *c;
    char text[2048];

    (void)state;
    snprintf(text, sizeof(text), "%s%s", header, BYTES);
    append_zeros(text, 0x40, 0x100);
    c = parse_one(text);
    assert_int_equal(c->addr.domain, 0);
    assert_int_equal(c->addr.bus, 1);
    assert_int_equal(c->addr.dev, 0);
    assert_int_equal(c->addr.func, 0);
    assert_string_equal(c->title, "Ethernet controller: Intel 82576");
    assert_int_equal(c->len, 256);
    assert_int_equal(c->cfg[0], 0x86);
    assert_int_equal(c->cfg[0x3d], 2);
    assert_int_equal(c->sizes_known, 0);
    free(c);
}

static void test_lengths(void **state)
{
    static char text[32768];
    struct capture *c;

    (void)state;
    snprintf(text, sizeof(text), "%s%s", header, BYTES);
    c = parse_one(text);
    assert_int_equal(c->len, 64);
    free(c);
    append_zeros(text, 0x40, 0x1000);
    c = parse_one(text);
    assert_int_equal(c->len, 4096);
    free(c);
}

/* Of the extended space, rows of zeros may be left out. */
static void test_sparse_extended_space(void **state)
{
    struct capture *c;
    char text[4096];

    (void)state;
    snprintf(text, sizeof(text), "%s%s", header, BYTES);
    append_zeros(text, 0x40, 0x100);
    strcat(text, "100: 01 00 01 00 00 00 00 00 00 00 00 00 00 00 00 00\n"
           "ff0: 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 aa\n");
    c = parse_one(text);
    assert_int_equal(c->len, 4096);
    assert_int_equal(c->cfg[0x100], 1);
    assert_int_equal(c->cfg[0xfff], 0xaa);
    free(c);
}

static void test_domains(void **state)
{
    struct capture *list;

    (void)state;
    assert_int_equal(parse("0000:01:00.0 a\n" BYTES "\n"
                           "0001:01:00.0 b\n" BYTES "\n"
                           "10000:e1:1f.7 behind VMD\n" BYTES, &list), 3);
    assert_int_equal(list[0].addr.domain, 0);
    assert_int_equal(list[1].addr.domain, 1);
    assert_int_equal(list[2].addr.domain, 0x10000);
    assert_int_equal(list[2].addr.bus, 0xe1);
    assert_int_equal(list[2].addr.dev, 0x1f);
    assert_int_equal(list[2].addr.func, 7);
    assert_string_equal(list[2].title, "behind VMD");
    free(list);
}

static void test_verbose(void **state)
{
    struct capture *c;

    (void)state;
    c = parse_one(
        "01:00.0 Ethernet controller [0200]: Intel [8086:10c9] (rev 01)\n"
        "\tSubsystem: Intel Gigabit ET Dual Port [8086:a03c]\n"
        "\tControl: I/O+ Mem+ BusMaster+\n"
        "\tInterrupt: pin B routed to IRQ 11\n"
        "\tRegion 0: Memory at e0800000 (32-bit, non-prefetchable)"
        " [size=128K]\n"
        "\tRegion 1: Memory at 4090000000 (64-bit, prefetchable)"
        " [size=256M]\n"
        "\tRegion 3: I/O ports at 1020 [disabled] [size=32]\n"
        "\tExpansion ROM at c7800000 [disabled] [size=4M]\n"
        "\tCapabilities: [40] Power Management version 3\n"
        "\t\tStatus: D0 NoSoftRst- PME-Enable-\n"
        "\tKernel driver in use: igb\n" BYTES);
    assert_int_equal(c->sizes_known, 0x4b);
    check_region(c, 0, 0xe0800000, 0x20000, 0);
    check_region(c, 1, UINT64_C(0x4090000000), 0x10000000,
                 PT_REGION_64 | PT_REGION_PREFETCH);
    check_region(c, 2, 0, 0, 0);
    check_region(c, 3, 0x1020, 32, PT_REGION_IO);
    check_region(c, PT_ROM, 0xc7800000, 0x400000, 0);
    free(c);
}

/* lspci -v does not number the regions. */
static void test_unnumbered_regions(void **state)
{
    struct capture *c;

    (void)state;
    c = parse_one(
        "01:00.0 Ethernet controller: Intel 82576\n"
        "\tFlags: bus master, fast devsel, latency 0, IRQ 11\n"
        "\tMemory at 4090000000 (64-bit, prefetchable) [size=256M]\n"
        "\tI/O ports at 1020 [size=32]\n"
        "\tExpansion ROM at c7800000 [disabled] [size=4M]\n"
        "\tMemory behind bridge: none\n" BYTES);
    assert_int_equal(c->sizes_known, 0x4a);
    check_region(c, 0, 0xe0800000, 4096, 0);
    check_region(c, 1, UINT64_C(0x4090000000), 0x10000000,
                 PT_REGION_64 | PT_REGION_PREFETCH);
    check_region(c, 3, 0x1020, 32, PT_REGION_IO);
    free(c);
}

/* Regions of a capability, as those of virtual functions, are not ours. */
static void test_regions_of_capabilities(void **state)
{
    struct capture *c;

    (void)state;
    c = parse_one(
        "01:00.0 Ethernet controller: Intel 82576\n"
        "\t\tRegion 4: Memory at 1000 (64-bit, prefetchable)\n"
        "\tCapabilities: [160] Single Root I/O Virtualization\n"
        "\t\tRegion 0: Memory at 2000 (64-bit, non-prefetchable)\n"
        "\tRegion 5: Memory at 3000 (32-bit, non-prefetchable)\n" BYTES);
    check_region(c, 0, 0xe0800000, 4096, 0);
    check_region(c, 4, 0, 0, 0);
    check_region(c, 5, 0, 0, 0);
    free(c);
}

static void test_regions_without_address(void **state)
{
    struct capture *c;

    (void)state;
    c = parse_one(
        "01:00.0 x\n"
        "\tRegion 0: Memory at <unassigned> (32-bit, non-prefetchable)"
        " [disabled] [size=128K]\n"
        "\tRegion 1: Memory at <ignored> (64-bit, prefetchable)\n"
        "\tRegion 3: I/O ports at <unassigned>\n"
        "\tExpansion ROM at <ignored> [disabled]\n" BYTES);
    check_region(c, 0, 0, 0x20000, 0);
    check_region(c, 1, 0, 0, PT_REGION_64 | PT_REGION_PREFETCH);
    check_region(c, 3, 0, 32, PT_REGION_IO);
    check_region(c, PT_ROM, 0, 0, 0);
    assert_int_equal(c->sizes_known, 1);
    free(c);
}

/* lspci -b takes the top half of a 64-bit BAR for one more, without address. */
static void test_bus_centric(void **state)
{
    struct capture *c;

    (void)state;
    c = parse_one(
        "01:00.0 x\n"
        "\tRegion 0: Memory at e0800000 (32-bit, non-prefetchable)\n"
        "\tRegion 1: Memory at 4090000000 (64-bit, prefetchable)\n"
        "\tRegion 2: Memory at <unassigned> (32-bit, non-prefetchable)\n"
        "\tRegion 3: I/O ports at 1020\n" BYTES);
    check_region(c, 0, 0xe0800000, 4096, 0);
    check_region(c, 2, 0, 0, 0);
    check_region(c, 3, 0x1020, 32, PT_REGION_IO);
    free(c);

    c = parse_one(
        "01:00.0 x\n"
        "\tMemory at e0800000 (32-bit, non-prefetchable)\n"
        "\tMemory at 4090000000 (64-bit, prefetchable)\n"
        "\tMemory at <unassigned> (32-bit, non-prefetchable)\n"
        "\tI/O ports at 1020\n" BYTES);
    check_region(c, 2, 0, 0, 0);
    check_region(c, 3, 0x1020, 32, PT_REGION_IO);
    check_region(c, 4, 0, 0, 0);
    free(c);
}

static void test_size_units(void **state)
{
    static const struct {
        const char *text;
        uint64_t size;
    } sizes[] = {
        { "1", 1 }, { "16", 16 }, { "512K", 512 << 10 }, { "1M", 1 << 20 },
        { "64G", UINT64_C(64) << 30 }, { "1T", UINT64_C(1) << 40 },
    };

    (void)state;
    for (unsigned n = 0; n < sizeof(sizes) / sizeof(sizes[0]); n++) {
        struct capture *c;
        char text[1024];

        snprintf(text, sizeof(text), "01:00.0 x\n\tRegion 0: Memory at "
                 "<unassigned> (32-bit, non-prefetchable) [size=%s]\n" BYTES,
                 sizes[n].text);
        c = parse_one(text);
        check_region(c, 0, 0, sizes[n].size, 0);
        free(c);
    }
}

static void test_several_functions(void **state)
{
    struct capture *list;

    (void)state;
    assert_int_equal(parse("Here it is:\n\n"
                           "01:00.0 first\n" BYTES "\n"
                           "01:00.1 second\n" BYTES "-- \nYours\n", &list), 2);
    assert_string_equal(list[0].title, "first");
    assert_string_equal(list[1].title, "second");
    assert_int_equal(list[1].addr.func, 1);
    free(list);
}

static void test_crlf(void **state)
{
    struct capture *c;

    (void)state;
    c = parse_one("\xef\xbb\xbf" "01:00.0 windows\r\n"
                  "\tRegion 0: Memory at e0800000 (32-bit, non-prefetchable)"
                  " [size=128K]\r\n"
                  "00: 86 80 c9 10 07 04 10 00 01 00 00 02 10 00 80 00\r\n"
                  "10: 00 00 80 e0 00 00 00 00 00 00 00 00 00 00 00 00 \r\n"
                  "20:" ZEROS "30:" ZEROS);
    assert_string_equal(c->title, "windows");
    check_region(c, 0, 0xe0800000, 0x20000, 0);
    free(c);
}

static void test_no_newline_at_end(void **state)
{
    char text[1024];
    struct capture *c;

    (void)state;
    snprintf(text, sizeof(text), "%s%s", header, BYTES);
    text[strlen(text) - 1] = '\0';
    c = parse_one(text);
    assert_int_equal(c->cfg[0x3d], 2);
    free(c);
}

static void test_long_title_is_cut(void **state)
{
    static char text[8192];
    struct capture *c;

    (void)state;
    strcpy(text, "01:00.0 ");
    memset(text + 8, 'x', 4000);
    strcat(text, "\n" BYTES);
    c = parse_one(text);
    assert_int_equal(strlen(c->title), sizeof(c->title) - 1);
    free(c);
}

/* Of a CardBus bridge, lspci -x prints 128 bytes. */
static void test_cardbus(void **state)
{
    char text[1024];
    struct capture *c;

    (void)state;
    snprintf(text, sizeof(text), "02:01.0 CardBus bridge: TI\n"
             "00: 4c 10 56 ac 07 00 10 02 00 00 07 06 20 a8 02 00\n"
             "10: 00 00 00 c0 a0 00 00 02 02 03 06 b0 00 00 00 c2\n"
             "20: 00 f0 ff c3 00 00 00 c4 00 f0 ff c5 00 30 00 00\n"
             "30: fc 30 00 00 00 34 00 00 fc 34 00 00 0b 01 00 05\n");
    append_zeros(text, 0x40, 0x80);
    c = parse_one(text);
    check_region(c, 0, 0xc0000000, 4096, 0);
    check_region(c, 1, 0, 0, 0);
    free(c);
}

static void test_bridge(void **state)
{
    struct capture *c;

    (void)state;
    c = parse_one("00:1c.0 PCI bridge\n"
                  "\tExpansion ROM at c7800000 [disabled] [size=2K]\n"
                  "00: 86 80 10 9d 07 04 10 00 f1 00 04 06 10 00 81 00\n"
                  "10: 00 00 80 e0 00 00 00 00 00 02 02 00 e1 e1 00 20\n"
                  "20: 00 e8 00 e8 01 70 f1 81 00 00 00 00 00 00 00 00\n"
                  "30: 00 00 00 00 40 00 00 00 00 00 80 c7 ff 01 00 00\n");
    check_region(c, 0, 0xe0800000, 4096, 0);
    for (unsigned n = 1; n < PT_NUM_BARS; n++)
        check_region(c, n, 0, 0, 0);
    check_region(c, PT_ROM, 0xc7800000, 2048, 0);
    free(c);
}

/* ------------------------------------------------------------------ */
/* Virtual functions                                                   */

#define VF_ROWS \
    "00: ff ff ff ff 00 00 10 00 01 00 00 02 00 00 00 00\n" \
    "10:" ZEROS \
    "20: 00 00 00 00 00 00 00 00 00 00 00 00 86 80 3c a0\n" \
    "30: 00 00 00 00 70 00 00 00 00 00 00 00 00 00 00 00\n"

static void test_virtual_function(void **state)
{
    struct pt_device_info info;
    struct capture *c;

    (void)state;
    c = parse_one(
        "0000:02:10.0 Ethernet controller [0200]: Intel Corporation 82576 "
        "Virtual Function [8086:10ca] (rev 01)\n"
        "\tRegion 0: [virtual] Memory at b0040000 (64-bit, prefetchable)"
        " [size=16K]\n"
        "\tRegion 3: Memory at b0060000 (64-bit, prefetchable) [virtual]"
        " [size=16K]\n" VF_ROWS);
    check_region(c, 0, 0xb0040000, 0x4000,
                 PT_REGION_64 | PT_REGION_PREFETCH);
    check_region(c, 1, 0, 0, 0);
    check_region(c, 3, 0xb0060000, 0x4000,
                 PT_REGION_64 | PT_REGION_PREFETCH);
    assert_int_equal(c->sizes_known, 9);
    capture_info(c, &info);
    assert_true(info.is_vf);
    assert_int_equal(info.vendor, 0x8086);
    assert_int_equal(info.device, 0x10ca);
    assert_int_equal(info.region[3].addr, 0xb0060000);
    free(c);
}

static void test_virtual_function_numeric(void **state)
{
    struct pt_device_info info;
    struct capture *c;

    (void)state;
    c = parse_one("02:10.0 0200: 8086:10ca (rev 01)\n"
                  "\t[virtual] Memory at b0040000 (64-bit, prefetchable)"
                  " [size=16K]\n"
                  "\t[virtual] Memory at b0060000 (32-bit, non-prefetchable)"
                  " [size=16K]\n" VF_ROWS);
    capture_info(c, &info);
    assert_true(info.is_vf);
    assert_int_equal(info.vendor, 0x8086);
    assert_int_equal(info.device, 0x10ca);
    check_region(c, 0, 0xb0040000, 0x4000,
                 PT_REGION_64 | PT_REGION_PREFETCH);
    check_region(c, 2, 0xb0060000, 0x4000, 0);
    free(c);
}

static void test_virtual_function_without_ids(void **state)
{
    struct pt_device_info info;
    struct capture *c;

    (void)state;
    c = parse_one("02:10.0 Ethernet controller: Intel [sic] 12:34\n" VF_ROWS);
    capture_info(c, &info);
    assert_true(info.is_vf);
    assert_int_equal(info.vendor, 0xffff);
    assert_int_equal(info.device, 0xffff);
    free(c);
}

/* A dead function reads all ones; it is not a virtual one. */
static void test_all_ones(void **state)
{
#define ONES " ff ff ff ff ff ff ff ff ff ff ff ff ff ff ff ff\n"
    struct pt_device_info info;
    struct capture *c;

    (void)state;
    c = parse_one("02:00.0 x (rev ff)\n\t!!! Unknown header type 7f\n"
                  "00:" ONES "10:" ONES "20:" ONES "30:" ONES);
    capture_info(c, &info);
    assert_false(info.is_vf);
    for (unsigned n = 0; n < PT_NUM_REGIONS; n++)
        check_region(c, n, 0, 0, 0);
    free(c);
}

static void test_info(void **state)
{
    struct pt_device_info info;
    struct capture *c;

    (void)state;
    c = parse_one("0002:01:00.1 Ethernet controller: Intel 82576\n" BYTES);
    capture_info(c, &info);
    assert_int_equal(info.addr.domain, 2);
    assert_int_equal(info.addr.func, 1);
    assert_int_equal(info.vendor, 0x8086);
    assert_int_equal(info.device, 0x10c9);
    assert_false(info.is_vf);
    assert_int_equal(info.irq, 11);
    assert_memory_equal(info.region, c->region, sizeof(info.region));
    free(c);
}

/* ------------------------------------------------------------------ */
/* Guesses                                                             */

static struct capture *parse_bars(const char *row_10, const char *more)
{
    char text[4096];

    snprintf(text, sizeof(text), "%s" ROW_00 "%s" ROW_20 ROW_30 "%s", header,
             row_10, more);
    return parse_one(text);
}

static void test_guess(void **state)
{
    struct capture *c = parse_bars(ROW_10, "");

    (void)state;
    check_region(c, 0, 0xe0800000, 4096, 0);
    check_region(c, 1, UINT64_C(0x4090000000), 4096,
                 PT_REGION_64 | PT_REGION_PREFETCH);
    check_region(c, 2, 0, 0, 0);
    check_region(c, 3, 0x1020, 32, PT_REGION_IO);
    check_region(c, 4, 0, 0, 0);
    check_region(c, PT_ROM, 0, 0, 0);
    assert_int_equal(c->sizes_known, 0);
    free(c);
}

/* A BAR's address is a multiple of its size. */
static void test_guess_is_aligned(void **state)
{
    struct capture *c = parse_bars(
        "10: 00 08 80 e0 00 00 00 00 00 00 00 00 19 10 00 00\n", "");

    (void)state;
    check_region(c, 0, 0xe0800800, 0x800, PT_REGION_SHARED);
    check_region(c, 3, 0x1018, 8, PT_REGION_IO);
    free(c);
}

/* What MSI-X needs of a BAR is there. */
static void test_guess_has_msix(void **state)
{
    char more[2048] =
        "40: 11 00 09 00 00 20 00 00 01 80 00 00 00 00 00 00\n";
    struct capture *c;

    (void)state;
    append_zeros(more, 0x50, 0x100);
    c = parse_bars(ROW_10, more);
    check_region(c, 0, 0xe0800000, 0x4000, 0);
    check_region(c, 1, UINT64_C(0x4090000000), 0x10000,
                 PT_REGION_64 | PT_REGION_PREFETCH);
    free(c);
}

static void test_resizable_bar(void **state)
{
    char more[2048] = "";
    struct capture *c;

    (void)state;
    append_zeros(more, 0x40, 0x100);
    strcat(more, "100: 01 00 02 20 00 00 00 00 00 00 00 00 00 00 00 00\n"
           "200: 15 00 01 00 00 f0 01 00 21 08 00 00 00 00 00 00\n");
    c = parse_bars(ROW_10, more);
    check_region(c, 1, UINT64_C(0x4090000000), 256 << 20,
                 PT_REGION_64 | PT_REGION_PREFETCH);
    assert_int_equal(c->sizes_known, 2);
    free(c);
}

/* A chain of extended capabilities that never ends, a control out of range. */
static void test_bad_extended_chain(void **state)
{
    char more[2048] = "";
    struct capture *c;

    (void)state;
    append_zeros(more, 0x40, 0x100);
    strcat(more, "100: 01 00 02 20 00 00 00 00 00 00 00 00 00 00 00 00\n"
           "200: 02 00 01 10 00 00 00 00 00 00 00 00 00 00 00 00\n");
    free(parse_bars(ROW_10, more));
    strcpy(strstr(more, "100:"),
           "100: 01 00 02 ff 00 00 00 00 00 00 00 00 00 00 00 00\n"
           "ff0: 15 00 01 10 00 00 00 00 e0 3f 00 00 00 00 00 00\n");
    c = parse_bars(ROW_10, more);
    assert_int_equal(c->sizes_known, 0);
    free(c);
}

/* The last BAR has no room for a top half. */
static void test_64_bit_at_the_end(void **state)
{
    struct capture *c;

    (void)state;
    c = parse_one("01:00.0 x\n" ROW_00 "10:" ZEROS
                  "20: 00 00 00 00 04 00 00 90 00 00 00 00 86 80 3c a0\n"
                  ROW_30);
    check_region(c, 5, 0x90000000, 4096, 0);
    free(c);
}

/* ------------------------------------------------------------------ */
/* Pages that are not one region's alone                               */

static const char small_bars[] =
    "01:00.0 a\n"
    "\tRegion 0: Memory at e0800000 (32-bit, non-prefetchable) [size=256]\n"
    "00: 86 80 c9 10 07 04 10 00 01 00 00 02 10 00 80 00\n"
    "10: 00 00 80 e0 00 00 00 00 00 00 00 00 00 00 00 00\n"
    "20:" ZEROS "30:" ZEROS;

static void test_small_bar_alone(void **state)
{
    struct capture *c = parse_one(small_bars);

    (void)state;
    check_region(c, 0, 0xe0800000, 256, 0);
    free(c);
}

static void test_small_bar_shares_page(void **state)
{
    struct capture *list;
    char text[2048];

    (void)state;
    snprintf(text, sizeof(text), "%s\n01:00.1 b\n\tRegion 0: Memory at "
             "e0800800 (32-bit, non-prefetchable) [size=256]\n"
             "00: 86 80 c9 10 07 04 10 00 01 00 00 02 10 00 80 00\n"
             "10: 00 08 80 e0 00 00 00 00 00 00 00 00 00 00 00 00\n"
             "20:" ZEROS "30:" ZEROS, small_bars);
    assert_int_equal(parse(text, &list), 2);
    check_region(&list[0], 0, 0xe0800000, 256, PT_REGION_SHARED);
    check_region(&list[1], 0, 0xe0800800, 256, PT_REGION_SHARED);
    free(list);
}

/* ------------------------------------------------------------------ */
/* Rejections                                                          */

static void test_empty(void **state)
{
    static const char message[] =
        "sample: no function in it: is it the output of lspci -xxx?";

    (void)state;
    check_fails("", message);
    check_fails("\n\n\n", message);
    check_fails("Hello,\nhere is nothing.\n10: three\n", message);
}

static void test_no_bytes(void **state)
{
    (void)state;
    check_fails("01:00.0 a\n\n01:00.1 b\n" BYTES, "sample: line 1: "
                "0000:01:00.0 has no bytes (lspci needs -x, -xxx or -xxxx)");
}

static void test_bad_address(void **state)
{
    (void)state;
    check_fails("01:20.0 a\n" BYTES, "sample: line 1: no such address");
    check_fails("01:00.8 a\n" BYTES, "sample: line 1: no such address");
}

static void test_duplicates(void **state)
{
    (void)state;
    check_fails("01:00.0 a\n" BYTES "01:00.0 b\n" BYTES,
                "sample: line 6: 0000:01:00.0 is there a second time");
    check_fails("01:00.0 a\n" ROW_00 ROW_10 ROW_10,
                "sample: line 4: offset 10 was in line 3 already");
    check_fails("01:00.0 a\n"
                "\tRegion 0: Memory at 0 (32-bit, non-prefetchable)\n"
                "\tRegion 0: Memory at 0 (32-bit, non-prefetchable)\n" BYTES,
                "sample: line 3: region 0 was in line 2 already");
    check_fails("01:00.0 a\n\tExpansion ROM at 0\n\tExpansion ROM at 0\n"
                BYTES,
                "sample: line 3: expansion ROM was in line 2 already");
}

static void test_truncated_lines(void **state)
{
    static const char message[] = "sample: line 3: these are not 16 bytes";

    (void)state;
    check_fails("01:00.0 a\n" ROW_00 "10:\n", message);
    check_fails("01:00.0 a\n" ROW_00 "10: 00 00 8\n", message);
    check_fails("01:00.0 a\n" ROW_00 "10: 00 00 80 e0\n", message);
    check_fails("01:00.0 a\n" ROW_00 "10: 00 00 80 e0 00 00 00 00 00 00 00 00 "
                "00 00 00 0x\n", message);
    check_fails("01:00.0 a\n" ROW_00 "10: 00 00 80 e0 00 00 00 00 00 00 00 00 "
                "00 00 00 00 00\n", message);
}

static void test_gaps(void **state)
{
    char text[2048];

    (void)state;
    check_fails("01:00.0 a\n" ROW_00 ROW_10 ROW_30, "sample: line 1: "
                "0000:01:00.0: bytes 20 to 2f are not there");
    check_fails("01:00.0 a\n" ROW_00 ROW_10, "sample: line 1: "
                "0000:01:00.0: bytes 20 to 2f are not there");
    snprintf(text, sizeof(text), "01:00.0 a\n%s", BYTES);
    append_zeros(text, 0x40, 0xf0);
    check_fails(text, "sample: line 1: 0000:01:00.0: bytes f0 to ff are not "
                "there");
}

static void test_bad_offsets(void **state)
{
    (void)state;
    check_fails("01:00.0 a\n" ROW_00 "08:" ZEROS,
                "sample: line 3: no such offset");
    check_fails("01:00.0 a\n" ROW_00 "1000:" ZEROS,
                "sample: line 3: no such offset");
    check_fails("01:00.0 a\n" ROW_00 "ffffffff:" ZEROS,
                "sample: line 3: no such offset");
    check_fails(ROW_00, "sample: line 1: bytes of no function: no line with "
                "its address comes before");
}

static void test_bad_regions(void **state)
{
    static const struct {
        const char *line;
        const char *message;
    } bad[] = {
        { "Region 6: Memory at 0 (32-bit)", "no such region" },
        { "Region 0", "no such region" },
        { "Region 0: ", "no such region" },
        { "Region 0: Mem", "neither memory nor I/O ports" },
        { "Region 0: Memory at", "neither memory nor I/O ports" },
        { "Region 0: Memory at <una", "region makes no sense" },
        { "Region 0: Memory at xyz", "region makes no sense" },
        { "Region 0: Memory at 12345678123456789", "region makes no sense" },
        { "Region 0: Memory at 0 [size=", "region makes no sense" },
        { "Region 0: Memory at 0 [size=]", "region makes no sense" },
        { "Region 0: Memory at 0 [size=0]", "region makes no sense" },
        { "Region 0: Memory at 0 [size=3K]", "region makes no sense" },
        { "Region 0: Memory at 0 [size=4X]", "region makes no sense" },
        { "Region 0: Memory at 0 [size=4194304T]", "region makes no sense" },
        { "Region 0: Memory at 0 [size=99999999999999999999]",
          "region makes no sense" },
        { "Region 0: Memory at 1000 [size=8K]", "region makes no sense" },
        { "Region 2: Memory at 40 (32-bit, non-prefetchable)",
          "region 2 is the top of region 1" },
        { "Region 3: Memory at 1020 (32-bit, non-prefetchable)",
          "base address register 3 is of I/O ports" },
        { "Region 0: I/O ports at 1020",
          "base address register 0 is of memory" },
        { "Expansion ROM at", NULL },
        { "Expansion ROM at zz", "expansion ROM makes no sense" },
        { "Expansion ROM at 0 [size=5]", "expansion ROM makes no sense" },
    };

    (void)state;
    for (unsigned n = 0; n < sizeof(bad) / sizeof(bad[0]); n++) {
        char text[1024], message[128];

        snprintf(text, sizeof(text), "01:00.0 a\n\t%s\n" BYTES, bad[n].line);
        snprintf(message, sizeof(message), "sample: line 2: %s",
                 bad[n].message);
        if (bad[n].message)
            check_fails(text, message);
        else
            free(parse_one(text));
    }
}

static void test_regions_without_bar(void **state)
{
    static const char message[] =
        "sample: line 2: no base address register for this";

    (void)state;
    check_fails("00:1c.0 bridge\n"
                "\tRegion 5: Memory at 0 (32-bit, non-prefetchable)\n"
                "00: 86 80 10 9d 07 04 10 00 f1 00 04 06 10 00 81 00\n"
                "10:" ZEROS "20:" ZEROS "30:" ZEROS, message);
    check_fails("01:00.0 a\n"
                "\tMemory at 90000000 (32-bit, non-prefetchable)\n"
                ROW_00 "10: 00 00 80 e0 0c 00 00 80 40 00 00 00 21 10 00 00\n"
                "20: 31 10 00 00 41 10 00 00 00 00 00 00 86 80 3c a0\n"
                ROW_30, message);
    check_fails("01:00.0 a\n"
                "\tRegion 3: I/O ports at 1020 [size=32]\n"
                "\tRegion 0: Memory at e0800000 (32-bit, non-prefetchable)\n"
                BYTES, "sample: line 3: no base address register for this");
}

static void test_too_many_regions(void **state)
{
    char text[2048] = "01:00.0 a\n";

    (void)state;
    for (int n = 0; n < 7; n++)
        strcat(text, "\tMemory at 0 (32-bit, non-prefetchable)\n");
    strcat(text, BYTES);
    check_fails(text, "sample: line 8: more than 6 regions");
}

static void test_nul(void **state)
{
    static const char text[] = "01:00.0 a\n" ROW_00 "10: \0 00\n";
    static const char last[] = "01:00.0 a\n" BYTES "\0";
    struct capture *list;

    (void)state;
    assert_int_equal(capture_parse("sample", text, sizeof(text) - 1, &list,
                                   &err), -EINVAL);
    assert_string_equal(err.text, "sample: line 3: not text: there is a NUL");
    assert_int_equal(capture_parse("sample", last, sizeof(last) - 1, &list,
                                   &err), -EINVAL);
    assert_string_equal(err.text, "sample: line 6: not text: there is a NUL");
}

static void test_too_many_functions(void **state)
{
    static const unsigned many = 4097;
    char *text = calloc(many, 256), *end = text;
    struct capture *list;

    (void)state;
    assert_non_null(text);
    for (unsigned n = 0; n < many; n++)
        end += sprintf(end, "%02x:%02x.%x x\n00:" ZEROS "10:" ZEROS "20:" ZEROS
                       "30:" ZEROS, n >> 8, n >> 3 & 31, n & 7);
    assert_int_equal(parse(text, &list), -EINVAL);
    assert_string_equal(err.text,
                        "sample: line 20481: more than 4096 functions");
    *strstr(text, "10:00.0 x") = '\0';
    assert_int_equal(parse(text, &list), 4096);
    free(list);
    free(text);
}

/* Nonsense costs time, not memory, and hides nothing. */
static void test_after_much_nonsense(void **state)
{
    static const size_t size = 8u << 20;
    char *text = malloc(size + 1024);
    struct capture *list;
    unsigned seed = 1;

    (void)state;
    assert_non_null(text);
    for (size_t i = 0; i < size; i++) {
        seed = seed * 1103515245 + 12345;
        text[i] = "xyz \t\r\nqrs"[seed >> 16 & 7];
    }
    snprintf(text + size, 1024, "\n%s%s", header, BYTES);
    assert_int_equal(capture_parse("nonsense", text, strlen(text), &list,
                                   &err), 1);
    free(list);
    free(text);
}

static void test_error_may_be_null(void **state)
{
    struct capture *list;

    (void)state;
    assert_int_equal(capture_parse("sample", "x", 1, &list, NULL), -EINVAL);
    assert_int_equal(capture_load("/", &list, NULL), -EISDIR);
}

/* ------------------------------------------------------------------ */
/* Random damage                                                       */

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

/* A result is either a sound list or an error with a reason. */
static void check_any(const char *text, size_t len)
{
    struct pt_device_info info;
    struct capture *list;
    int n;

    err.text[0] = '\0';
    n = capture_parse("sample", text, len, &list, &err);
    if (n < 0) {
        assert_null(list);
        assert_true(err.text[0]);
        return;
    }
    for (int i = 0; i < n; i++) {
        const struct capture *c = &list[i];

        assert_true(c->len == 64 || c->len == 256 || c->len == 4096);
        for (unsigned r = 0; r < PT_NUM_REGIONS; r++) {
            uint64_t size = c->region[r].size;

            assert_false(size && (size & (size - 1)));
            assert_true(!size || !(c->region[r].addr & (size - 1)));
        }
        capture_info(c, &info);
    }
    free(list);
}

static void test_every_truncation(void **state)
{
    (void)state;
    for (size_t len = 0; len <= sizeof(sample); len++) {
        char *copy = malloc(len ? len : 1);

        /* A block of its own, so that reading beyond it is found. */
        assert_non_null(copy);
        memcpy(copy, sample, len);
        check_any(copy, len);
        free(copy);
    }
}

static void test_random_damage(void **state)
{
    static const char bytes[] = "0123456789abcdef:.[]<>=KMGT \t\n\r\xff";
    char text[sizeof(sample)];
    uint32_t seed = 42;

    (void)state;
    for (int round = 0; round < 3000; round++) {
        memcpy(text, sample, sizeof(text));
        for (int n = 0; n < 1 + round % 5; n++) {
            seed = seed * 1664525 + 1013904223;
            text[(seed >> 8) % (sizeof(text) - 1)] =
                bytes[(seed >> 4) % (sizeof(bytes) - 1)];
        }
        check_any(text, sizeof(text) - 1);
    }
}

static void test_random_lines(void **state)
{
    uint32_t seed = 7;

    (void)state;
    for (int round = 0; round < 2000; round++) {
        char text[2 * sizeof(sample)];
        size_t len = 0;

        /* Lines left out, repeated and cut. */
        for (const char *s = sample; *s; s += strcspn(s, "\n") + 1) {
            size_t n = strcspn(s, "\n") + 1;

            seed = seed * 1664525 + 1013904223;
            if (seed >> 28 == 0)
                continue;
            if (seed >> 28 == 1)
                n = (seed >> 8) % n;
            memcpy(text + len, s, n);
            len += n;
            if (seed >> 28 == 2 && len + n < sizeof(text) / 2) {
                memcpy(text + len, s, n);
                len += n;
            }
        }
        check_any(text, len);
    }
}

/* ------------------------------------------------------------------ */
/* Files                                                               */

static char path[] = "/tmp/capture-test-XXXXXX";

static int make_file(void **state)
{
    int fd;

    (void)state;
    strcpy(path + sizeof(path) - 7, "XXXXXX");
    fd = mkstemp(path);
    return fd < 0 ? -1 : close(fd);
}

static int remove_file(void **state)
{
    (void)state;
    return unlink(path);
}

static void write_file(const void *data, size_t len)
{
    FILE *f = fopen(path, "wb");

    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, len, f), len);
    assert_int_equal(fclose(f), 0);
}

static void write_gzip(void)
{
    gzFile f = gzopen(path, "wb");

    assert_non_null(f);
    assert_int_equal(gzwrite(f, sample, sizeof(sample) - 1),
                     sizeof(sample) - 1);
    assert_int_equal(gzclose(f), Z_OK);
}

static size_t read_file(char *buf, size_t room)
{
    FILE *f = fopen(path, "rb");
    size_t n;

    assert_non_null(f);
    n = fread(buf, 1, room, f);
    fclose(f);
    return n;
}

static void test_load(void **state)
{
    struct capture *list;

    (void)state;
    write_file(sample, sizeof(sample) - 1);
    assert_int_equal(capture_load(path, &list, &err), 2);
    assert_int_equal(list[0].sizes_known, 0x4b);
    free(list);
}

static void test_load_gzip(void **state)
{
    struct capture *list;

    (void)state;
    write_gzip();
    assert_int_equal(capture_load(path, &list, &err), 2);
    assert_int_equal(list[1].addr.dev, 0x10);
    free(list);
}

static void test_load_damaged_gzip(void **state)
{
    char data[4096], expected[128];
    struct capture *list;
    size_t len;

    (void)state;
    write_gzip();
    len = read_file(data, sizeof(data));
    write_file(data, len - 20);
    assert_int_equal(capture_load(path, &list, &err), -EIO);
    snprintf(expected, sizeof(expected), "%s: the compressed file is cut off",
             path);
    assert_string_equal(err.text, expected);

    data[len / 2] = (char)(data[len / 2] ^ 0x55);
    write_file(data, len);
    assert_true(capture_load(path, &list, &err) < 0);
    assert_null(list);
    assert_ptr_equal(strstr(err.text, path), err.text);
}

static void test_load_standard_input(void **state)
{
    int saved = dup(STDIN_FILENO);
    struct capture *list;
    FILE *f;

    (void)state;
    write_file("nothing\n", 8);
    f = fopen(path, "rb");
    assert_non_null(f);
    assert_true(saved >= 0);
    assert_int_equal(dup2(fileno(f), STDIN_FILENO), STDIN_FILENO);
    fclose(f);
    assert_int_equal(capture_load("-", &list, &err), -EINVAL);
    assert_string_equal(err.text, "standard input: no function in it: is it "
                        "the output of lspci -xxx?");
    assert_int_equal(dup2(saved, STDIN_FILENO), STDIN_FILENO);
    close(saved);
}

static void test_load_nothing(void **state)
{
    struct capture *list;

    (void)state;
    assert_int_equal(capture_load("/nonexistent/file", &list, &err), -ENOENT);
    assert_string_equal(err.text,
                        "/nonexistent/file: No such file or directory");
    assert_int_equal(capture_load("/", &list, &err), -EISDIR);
    assert_string_equal(err.text, "/: Is a directory");
}

/* A few KB that unpack to more than any lspci prints. */
static void test_load_bomb(void **state)
{
    static char zeros[1 << 20];
    struct capture *list;
    gzFile f = gzopen(path, "wb9");

    (void)state;
    memset(zeros, ' ', sizeof(zeros));
    assert_non_null(f);
    for (int i = 0; i < 129; i++)
        assert_int_equal(gzwrite(f, zeros, sizeof(zeros)), sizeof(zeros));
    assert_int_equal(gzclose(f), Z_OK);
    assert_int_equal(capture_load(path, &list, &err), -EFBIG);
    assert_non_null(strstr(err.text, ": larger than 128 MiB"));
}

#define FILE_TEST(t) cmocka_unit_test_setup_teardown(t, make_file, remove_file)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain),
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_sparse_extended_space),
        cmocka_unit_test(test_domains),
        cmocka_unit_test(test_verbose),
        cmocka_unit_test(test_unnumbered_regions),
        cmocka_unit_test(test_regions_of_capabilities),
        cmocka_unit_test(test_regions_without_address),
        cmocka_unit_test(test_bus_centric),
        cmocka_unit_test(test_size_units),
        cmocka_unit_test(test_several_functions),
        cmocka_unit_test(test_crlf),
        cmocka_unit_test(test_no_newline_at_end),
        cmocka_unit_test(test_long_title_is_cut),
        cmocka_unit_test(test_cardbus),
        cmocka_unit_test(test_bridge),
        cmocka_unit_test(test_virtual_function),
        cmocka_unit_test(test_virtual_function_numeric),
        cmocka_unit_test(test_virtual_function_without_ids),
        cmocka_unit_test(test_all_ones),
        cmocka_unit_test(test_info),
        cmocka_unit_test(test_guess),
        cmocka_unit_test(test_guess_is_aligned),
        cmocka_unit_test(test_guess_has_msix),
        cmocka_unit_test(test_resizable_bar),
        cmocka_unit_test(test_bad_extended_chain),
        cmocka_unit_test(test_64_bit_at_the_end),
        cmocka_unit_test(test_small_bar_alone),
        cmocka_unit_test(test_small_bar_shares_page),
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_no_bytes),
        cmocka_unit_test(test_bad_address),
        cmocka_unit_test(test_duplicates),
        cmocka_unit_test(test_truncated_lines),
        cmocka_unit_test(test_gaps),
        cmocka_unit_test(test_bad_offsets),
        cmocka_unit_test(test_bad_regions),
        cmocka_unit_test(test_regions_without_bar),
        cmocka_unit_test(test_too_many_regions),
        cmocka_unit_test(test_nul),
        cmocka_unit_test(test_too_many_functions),
        cmocka_unit_test(test_after_much_nonsense),
        cmocka_unit_test(test_error_may_be_null),
        cmocka_unit_test(test_every_truncation),
        cmocka_unit_test(test_random_damage),
        cmocka_unit_test(test_random_lines),
        FILE_TEST(test_load),
        FILE_TEST(test_load_gzip),
        FILE_TEST(test_load_damaged_gzip),
        FILE_TEST(test_load_standard_input),
        FILE_TEST(test_load_nothing),
        FILE_TEST(test_load_bomb),
    };

    return cmocka_run_group_tests_name("capture", tests, NULL, NULL);
}
