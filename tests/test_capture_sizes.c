/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Captures: the sizes of regions that lspci does not tell, and their pages. */
#include "lib-capture.h"

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

/* ------------------------------------------------------------------ */
/* Enhanced Allocation                                                 */

#define EA_HEAD "01:00.0 x\n" \
    "00: 57 19 00 e1 06 00 10 00 01 01 00 02 00 00 80 00\n" \
    "10:" ZEROS "20:" ZEROS \
    "30: 00 00 00 00 40 00 00 00 00 00 00 00 00 00 00 00\n"

/* @rows: 40 to 7f. */
static struct capture *parse_ea(const char *rows)
{
    char text[4096];

    snprintf(text, sizeof(text), EA_HEAD "%s", rows);
    append_zeros(text, 0x80, 0x100);
    return parse_one(text);
}

static void test_bars_of_enhanced_allocation_were_not_shown(void **state)
{
    struct capture *c;

    (void)state;
    /* Base and offset of 64 bits; then a ROM, by its secondary properties. */
    c = parse_ea("40: 14 00 02 00 04 01 ff 80 02 00 00 f8 fe ff ff ff\n"
                 "50: 01 00 00 00 03 00 00 00 82 fd 00 80 00 00 10 d0\n"
                 "60: fc ff 01 00 00 00 00 00 00 00 00 00 00 00 00 00\n"
                 "70:" ZEROS);
    check_region(c, 0, 0, 0, 0);
    assert_int_equal(c->num_notes, 1);
    free(c);
    c = parse_ea("40: 14 00 02 00 04 01 ff 80 02 00 00 00 fe ff ff ff\n"
                 "50: 10 00 00 00 03 00 00 00 82 fd 00 80 00 00 10 d0\n"
                 "60: fc ff 01 00 00 00 00 00 00 00 00 00 00 00 00 00\n"
                 "70:" ZEROS);
    check_region(c, 0, UINT64_C(0x1000000000), UINT64_C(0x400000000),
                 PT_REGION_PREFETCH);
    check_region(c, PT_ROM, 0xd0100000, 0x20000, 0);
    assert_int_equal(c->sizes_known, 1 | 1 << PT_ROM);
    free(c);
}

static void test_ports_of_enhanced_allocation(void **state)
{
    struct capture *c;

    (void)state;
    c = parse_ea("40: 14 00 02 00 32 02 ff 80 00 e0 00 00 1c 00 00 00\n"
                 "50: 42 00 ff 00 00 00 10 d0 fc 0f 00 00 00 00 00 00\n"
                 "60:" ZEROS "70:" ZEROS);
    check_region(c, 3, 0xe000, 32, PT_REGION_IO);
    /* Not enabled. */
    check_region(c, 4, 0, 0, 0);
    free(c);
}

/* Entries that are short, of no BAR, of no address, and that never end. */
static void test_bad_enhanced_allocation(void **state)
{
    struct capture *c;

    (void)state;
    c = parse_ea("40: 14 00 3f 00 01 00 ff 80 00 00 10 d0 02 01 ff 80\n"
                 "50: 02 00 10 d0 fc 0f 00 00 f2 00 ff 80 00 00 10 d0\n"
                 "60: fc 0f 00 00 12 00 ff 80 00 01 10 d0 fc 0f 00 00\n"
                 "70: 22 fd ff 80 00 00 10 d0 fc 0f 00 00 00 00 00 00\n");
    for (unsigned n = 0; n < PT_NUM_REGIONS; n++)
        check_region(c, n, 0, 0, 0);
    assert_string_equal(c->note[0], "Enhanced Allocation makes no sense "
                        "for region 1");
    assert_string_equal(c->note[1], "Enhanced Allocation leaves the "
                        "configuration space");
    assert_int_equal(c->num_notes, 2);
    free(c);
}

/* What it would take for its offset is the extended space's. */
static void test_enhanced_allocation_at_the_end(void **state)
{
    char text[4096] = EA_HEAD;
    struct capture *c;

    (void)state;
    strcpy(strstr(text, "30: 00 00 00 00 40"),
           "30: 00 00 00 00 f4 00 00 00 00 00 00 00 00 00 00 00\n");
    append_zeros(text, 0x40, 0xf0);
    strcat(text, "f0: 00 00 00 00 14 00 01 00 02 00 ff 80 00 00 10 d0\n"
           "100: fc 0f 00 00 00 00 00 00 00 00 00 00 00 00 00 00\n");
    c = check_note(text, "Enhanced Allocation leaves the configuration space");
    check_region(c, 0, 0, 0, 0);
    free(c);
}

/* lspci 3.5 and 3.6 put the word before the region. */
static void test_old_prefix_refused_the_file(void **state)
{
    struct capture *c;

    (void)state;
    c = parse_one("01:00.0 x\n\tRegion 0: [enhanced] Memory at 1f8000000 "
                  "(32-bit, non-prefetchable) [size=256K]\n"
                  "00: 57 19 00 e1 06 00 10 00 01 01 00 02 00 00 80 00\n"
                  "10:" ZEROS "20:" ZEROS "30:" ZEROS);
    check_region(c, 0, UINT64_C(0x1f8000000), 0x40000, 0);
    assert_int_equal(c->num_notes, 0);
    free(c);
}

/* ------------------------------------------------------------------ */
/* Expansion ROMs                                                      */

/* With "[virtual]" or without. */
static void test_shadow_was_taken_for_the_rom(void **state)
{
    static const char *const line[] = {
        "Expansion ROM at 000c0000 [disabled] [size=128K]",
        "Expansion ROM at 000c0000 [virtual] [disabled] [size=128K]",
        "[virtual] Expansion ROM at 000c0000 [disabled] [size=128K]",
    };

    (void)state;
    for (unsigned n = 0; n < sizeof(line) / sizeof(line[0]); n++) {
        char text[1024];
        struct capture *c;

        snprintf(text, sizeof(text), "01:00.0 x\n\t%s\n" BYTES, line[n]);
        c = check_note(text, "line 2: the expansion ROM is firmware's copy in "
                       "memory, of which a guest gets nothing");
        check_region(c, PT_ROM, 0, 0, 0);
        free(c);
    }
}

static void test_rom_without_a_size_was_left_out_silently(void **state)
{
    static const char note[] = "there is an expansion ROM at c7800000, of a "
        "size that is not in the file: it is left out";

    (void)state;
    free(check_note("01:00.0 x\n" BYTES, note));
    free(check_note("01:00.0 x\n\tExpansion ROM at c7800000 [disabled]\n"
                    BYTES, note));
    free(parse_one("01:00.0 x\n" NO_ROM_BYTES));
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

/* One function's own: the table in BAR 2 was shown as mapped through BAR 0. */
static void test_own_regions_share_a_page(void **state)
{
    struct capture *c = parse_one(
        "01:00.0 a\n"
        "\tRegion 0: Memory at e0800000 (32-bit, non-prefetchable) "
        "[size=256]\n"
        "\tRegion 1: Memory at e0900000 (32-bit, non-prefetchable) "
        "[size=256]\n"
        "\tRegion 2: Memory at e0800800 (32-bit, non-prefetchable) "
        "[size=2K]\n"
        "\tExpansion ROM at e0900800 [size=2K]\n"
        "00: 86 80 c9 10 07 04 10 00 01 00 00 02 10 00 80 00\n"
        "10: 00 00 80 e0 00 00 90 e0 00 08 80 e0 00 00 00 00\n"
        "20:" ZEROS "30: 01 08 90 e0 00 00 00 00 00 00 00 00 00 00 00 00\n");

    (void)state;
    check_region(c, 0, 0xe0800000, 256, PT_REGION_SHARED);
    check_region(c, 1, 0xe0900000, 256, PT_REGION_SHARED);
    check_region(c, 2, 0xe0800800, 0x800, PT_REGION_SHARED);
    check_region(c, PT_ROM, 0xe0900800, 0x800, PT_REGION_SHARED);
    free(c);
}

/* A neighbour that is large, and starts far below or far before in the file. */
static void test_small_bar_in_a_large_ones_page(void **state)
{
    struct capture *list;
    char text[2048];

    (void)state;
    snprintf(text, sizeof(text), "%s\n01:00.1 b\n\tRegion 0: Memory at "
             "e0000000 (32-bit, non-prefetchable) [size=16M]\n"
             "00: 86 80 c9 10 07 04 10 00 01 00 00 02 10 00 80 00\n"
             "10: 00 00 00 e0 00 00 00 00 00 00 00 00 00 00 00 00\n"
             "20:" ZEROS "30:" ZEROS
             "\n01:00.2 c\n\tRegion 0: Memory at "
             "e0100000 (32-bit, non-prefetchable) [size=16K]\n"
             "00: 86 80 c9 10 07 04 10 00 01 00 00 02 10 00 80 00\n"
             "10: 00 00 10 e0 00 00 00 00 00 00 00 00 00 00 00 00\n"
             "20:" ZEROS "30:" ZEROS, small_bars);
    assert_int_equal(parse(text, &list), 3);
    check_region(&list[0], 0, 0xe0800000, 256, PT_REGION_SHARED);
    check_region(&list[1], 0, 0xe0000000, 0x1000000, 0);
    check_region(&list[2], 0, 0xe0100000, 0x4000, 0);
    free(list);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_guess),
        cmocka_unit_test(test_guess_is_aligned),
        cmocka_unit_test(test_guess_has_msix),
        cmocka_unit_test(test_resizable_bar),
        cmocka_unit_test(test_bad_extended_chain),
        cmocka_unit_test(test_bars_of_enhanced_allocation_were_not_shown),
        cmocka_unit_test(test_ports_of_enhanced_allocation),
        cmocka_unit_test(test_bad_enhanced_allocation),
        cmocka_unit_test(test_enhanced_allocation_at_the_end),
        cmocka_unit_test(test_old_prefix_refused_the_file),
        cmocka_unit_test(test_shadow_was_taken_for_the_rom),
        cmocka_unit_test(test_rom_without_a_size_was_left_out_silently),
        cmocka_unit_test(test_64_bit_at_the_end),
        cmocka_unit_test(test_small_bar_alone),
        cmocka_unit_test(test_small_bar_shares_page),
        cmocka_unit_test(test_own_regions_share_a_page),
        cmocka_unit_test(test_small_bar_in_a_large_ones_page),
    };

    return cmocka_run_group_tests_name("capture_sizes", tests, NULL, NULL);
}
