/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Captures: what lspci prints, in all its forms. */
#include "lib-capture.h"

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
        { "16", 16 }, { "32", 32 }, { "512K", 512 << 10 }, { "1M", 1 << 20 },
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
    };

    return cmocka_run_group_tests_name("capture_forms", tests, NULL, NULL);
}
