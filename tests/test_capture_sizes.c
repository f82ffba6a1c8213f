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

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_guess),
        cmocka_unit_test(test_guess_is_aligned),
        cmocka_unit_test(test_guess_has_msix),
        cmocka_unit_test(test_resizable_bar),
        cmocka_unit_test(test_bad_extended_chain),
        cmocka_unit_test(test_64_bit_at_the_end),
        cmocka_unit_test(test_small_bar_alone),
        cmocka_unit_test(test_small_bar_shares_page),
    };

    return cmocka_run_group_tests_name("capture_sizes", tests, NULL, NULL);
}
