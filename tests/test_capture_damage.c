/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Captures: what lspci never would print. */
#include "lib-capture.h"

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
                "0000:01:00.0: no bytes (lspci needs -x, -xxx or -xxxx)");
}

static void test_bad_address(void **state)
{
    (void)state;
    check_fails("01:20.0 a\n" BYTES, "sample: line 1: no such address");
    check_fails("01:00.8 a\n" BYTES, "sample: line 1: no such address");
}

/* Its bytes are not those of the function before it. */
static void test_bytes_after_a_bad_address(void **state)
{
    struct captures c;

    (void)state;
    assert_int_equal(parse_all("01:00.0 a\n" NO_ROM_BYTES
                               "01:20.0 b\n" ROW_20 ROW_30, &c), 0);
    assert_int_equal(c.num, 1);
    assert_int_equal(c.list[0].num_notes, 0);
    assert_int_equal(c.num_lost, 1);
    assert_true(c.lost[0].unnamed);
    captures_free(&c);
}

static void test_duplicates(void **state)
{
    (void)state;
    free(check_note("01:00.0 a\n" NO_ROM_BYTES "01:00.0 b\n" NO_ROM_BYTES,
                    "line 6: the function is there, too, and tells no more"));
    free(check_note("01:00.0 a\n" ROW_00 ROW_10 "10:" ZEROS ROW_20
                    "30:" ZEROS,
                    "line 4: offset 10 was in line 3 already"));
    free(check_note("01:00.0 a\n"
                    "\tRegion 0: Memory at 0 (32-bit, non-prefetchable)\n"
                    "\tRegion 0: Memory at 0 (32-bit, non-prefetchable)\n"
                    NO_ROM_BYTES, "line 3: region 0 was in line 2 already"));
}

static void test_rom_twice(void **state)
{
    struct capture *c = check_note(
        "01:00.0 a\n\tExpansion ROM at c7800000 [size=4M]\n"
        "\tExpansion ROM at c7000000 [size=8M]\n" BYTES,
        "line 3: expansion ROM was in line 2 already");

    (void)state;
    check_region(c, PT_ROM, 0xc7800000, 4 << 20, 0);
    free(c);
}

static void test_truncated_lines(void **state)
{
    static const char message[] =
        "sample: line 3: 0000:01:00.0: these are not 16 bytes";

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
    free(check_note("01:00.0 a\n" NO_ROM_BYTES "08:" ZEROS,
                    "line 6: no such offset"));
    free(check_note("01:00.0 a\n" NO_ROM_BYTES "1000:" ZEROS,
                    "line 6: no such offset"));
    free(check_note("01:00.0 a\n" NO_ROM_BYTES "ffffffff:" ZEROS,
                    "line 6: no such offset"));
    check_fails(ROW_00, "sample: line 1: bytes of no function: no line with "
                "its address comes before");
}

/* A region's line that makes no sense costs what it would have told. */
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
        { "Region 2: Memory at 40 (32-bit, non-prefetchable)",
          "region 2 is the top of region 1" },
        { "Region 3: Memory at 1020 (32-bit, non-prefetchable)",
          "base address register 3 is of I/O ports" },
        { "Region 0: I/O ports at 1020",
          "base address register 0 is of memory" },
        { "Expansion ROM at zz", "expansion ROM makes no sense" },
    };

    (void)state;
    for (unsigned n = 0; n < sizeof(bad) / sizeof(bad[0]); n++) {
        char text[1024], message[128];
        struct capture *c;

        snprintf(text, sizeof(text), "01:00.0 a\n\t%s\n" NO_ROM_BYTES,
                 bad[n].line);
        snprintf(message, sizeof(message), "line 2: %s", bad[n].message);
        c = check_note(text, message);
        check_region(c, 0, 0xe0800000, 4096, 0);
        check_region(c, 3, 0x1020, 32, PT_REGION_IO);
        assert_int_equal(c->sizes_known, 0);
        free(c);
    }
}

/* [size=257] of a MIPS kernel, [size=967c0000] of an old lspci. */
static void test_impossible_size_refused_the_file(void **state)
{
    static const char *const bad[] = {
        "", "]", "0]", "2]", "8]", "257]", "967c0000]", "3K]", "4X]", "4194304T]",
        "99999999999999999999]", "16M]",
    };

    (void)state;
    for (unsigned n = 0; n < sizeof(bad) / sizeof(bad[0]); n++) {
        char text[1024];
        struct capture *c;

        snprintf(text, sizeof(text), "01:00.0 a\n\tRegion 0: Memory at "
                 "e0800000 (32-bit, non-prefetchable) [size=%s\n" NO_ROM_BYTES,
                 bad[n]);
        c = check_note(text, "line 2: region has an impossible size");
        check_region(c, 0, 0xe0800000, 4096, 0);
        assert_int_equal(c->sizes_known, 0);
        free(c);
    }
}

static void test_regions_without_bar(void **state)
{
    static const char message[] = "line 2: no base address register for this";

    (void)state;
    free(check_note("00:1c.0 bridge\n"
                    "\tRegion 5: Memory at 0 (32-bit, non-prefetchable)\n"
                    "00: 86 80 10 9d 07 04 10 00 f1 00 04 06 10 00 81 00\n"
                    "10:" ZEROS "20:" ZEROS "30:" ZEROS, message));
    free(check_note("01:00.0 a\n"
                    "\tMemory at 90000000 (32-bit, non-prefetchable)\n" ROW_00
                    "10: 00 00 80 e0 0c 00 00 80 40 00 00 00 21 10 00 00\n"
                    "20: 31 10 00 00 41 10 00 00 00 00 00 00 86 80 3c a0\n"
                    "30:" ZEROS, message));
    free(check_note("01:00.0 a\n"
                    "\tRegion 3: I/O ports at 1020 [size=32]\n"
                    "\tRegion 0: Memory at e0800000 (32-bit, "
                    "non-prefetchable)\n" NO_ROM_BYTES,
                    "line 3: no base address register for this"));
}

static void test_too_many_regions(void **state)
{
    char text[2048] = "01:00.0 a\n";
    struct capture *c;

    (void)state;
    for (int n = 0; n < 7; n++)
        strcat(text, "\tMemory at 0 (32-bit, non-prefetchable)\n");
    strcat(text, BYTES);
    c = parse_one(text);
    assert_string_equal(c->note[0], "line 8: more than 6 regions");
    free(c);
}

/* Notes are counted, and kept as far as there is room. */
static void test_many_notes(void **state)
{
    char text[2048] = "01:00.0 a\n";
    struct capture *c;

    (void)state;
    for (int n = 0; n < 20; n++)
        strcat(text, "\tRegion 6: Memory\n");
    strcat(text, NO_ROM_BYTES);
    c = parse_one(text);
    assert_int_equal(c->num_notes, 20);
    assert_string_equal(c->note[CAPTURE_NOTES - 1], "line 9: no such region");
    free(c);
}

static void test_nul(void **state)
{
    static const char text[] = "01:00.0 a\n" ROW_00 "10: \0 00\n";
    static const char last[] = "01:00.0 a\n" NO_ROM_BYTES "\0";
    static const char utf16[] = "\xff\xfe" "0\0001\0:\0\n\0";
    struct capture *list;

    (void)state;
    assert_int_equal(capture_parse("sample", text, sizeof(text) - 1, &list,
                                   &err), -EINVAL);
    assert_string_equal(err.text, "sample: line 1: 0000:01:00.0: bytes 10 to "
                        "1f are not there");
    assert_int_equal(capture_parse("sample", last, sizeof(last) - 1, &list,
                                   &err), 1);
    assert_string_equal(list[0].note[0], "line 6: not text: there is a NUL");
    free(list);
    assert_int_equal(capture_parse("sample", utf16, sizeof(utf16) - 1, &list,
                                   &err), -EINVAL);
    assert_string_equal(err.text, "sample: line 1: not text: there is a NUL");
}

/* ------------------------------------------------------------------ */
/* Logs                                                                */

#define FUNCTION(name, row_10) \
    "01:00." #name " x\n" ROW_00 row_10 ROW_20 "30:" ZEROS "\n"

/* libpci's messages come in the middle of a line. */
static void test_a_message_cost_all_functions_of_the_log(void **state)
{
    struct captures c;

    (void)state;
    assert_int_equal(parse_all(
        FUNCTION(0, ROW_10)
        FUNCTION(1, "10: 00 00 80pcilib: sysfs_read_vpd: read failed: Input\n"
                 " e0 0c 00 00 90 40 00 00 00 21 10 00 00\n")
        FUNCTION(2, "pcilib: sysfs_read_vpd: read failed\n" ROW_10), &c), 0);
    assert_int_equal(c.num, 2);
    assert_int_equal(c.list[1].addr.func, 2);
    assert_int_equal(c.list[0].num_notes + c.list[1].num_notes, 0);
    assert_int_equal(c.num_lost, 1);
    assert_int_equal(c.lost[0].addr.func, 1);
    assert_false(c.lost[0].bare);
    assert_string_equal(c.lost[0].text, "sample: line 9: 0000:01:00.1: these "
                        "are not 16 bytes");
    captures_free(&c);
    check_fails(FUNCTION(0, ROW_10) FUNCTION(1, "10: 00 p\n"),
                "sample: line 9: 0000:01:00.1: these are not 16 bytes");
}

/* A report has lspci's list, its dump, and much more. */
static void test_a_list_before_the_dump_refused_the_file(void **state)
{
    struct captures c;

    (void)state;
    assert_int_equal(parse_all(
        "*** /usr/bin/lspci -nn\n"
        "01:00.0 Ethernet [0200]: a\n01:00.1 b\n01:00.2 c\n02:00.0 d\n"
        "12:34.5 is no address, but when it began\n"
        "cafe: a name\n20: a number of a list\n"
        "*** /usr/bin/lspci -nnDvvvxxxx\n"
        FUNCTION(0, ROW_10) FUNCTION(1, ROW_10)
        "[    0.1] pci 0000:01:00.1: [8086:10c9] type 00\n"
        "Feb: 10 11\n"
        "01:00.1 once more\n", &c), 0);
    assert_int_equal(c.num, 2);
    assert_string_equal(c.list[0].title, "x");
    assert_int_equal(c.list[0].num_notes + c.list[1].num_notes, 0);
    assert_int_equal(c.num_lost, 2);
    assert_true(c.lost[0].bare && c.lost[1].bare);
    assert_int_equal(c.lost[0].addr.func, 2);
    assert_int_equal(c.lost[1].addr.bus, 2);
    captures_free(&c);
}

/* The one with more bytes, or with sizes, is taken. */
static void test_printed_twice(void **state)
{
    static const char sizes[] = "01:00.0 sizes\n\tRegion 0: Memory at e0800000 "
        "(32-bit, non-prefetchable) [size=128K]\n" NO_ROM_BYTES;
    char text[4096];
    struct capture *c;

    (void)state;
    snprintf(text, sizeof(text), "01:00.0 more\n" NO_ROM_BYTES);
    append_zeros(text, 0x40, 0x100);
    strcat(text, sizes);
    c = check_note(text, "line 18: the function is there, too, and tells no "
                   "more");
    assert_string_equal(c->title, "more");
    free(c);

    snprintf(text, sizeof(text), "01:00.0 a\n" NO_ROM_BYTES "%s", sizes);
    c = check_note(text, "line 1: the function is there, too, and tells no "
                   "more");
    assert_string_equal(c->title, "sizes");
    free(c);
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

/* A result is sound functions and lost ones, or an error with a reason. */
static void check_any(const char *text, size_t len)
{
    struct pt_device_info info;
    struct captures all;

    err.text[0] = '\0';
    if (captures_parse("sample", text, len, &all, &err) < 0) {
        assert_null(all.list);
        assert_null(all.lost);
        assert_true(err.text[0]);
        return;
    }
    assert_true(all.num > 0);
    for (unsigned i = 0; i < all.num_lost; i++)
        assert_true(all.lost[i].text[0]);
    for (unsigned i = 0; i < all.num; i++) {
        const struct capture *c = &all.list[i];

        assert_true(c->len == 64 || c->len == 256 || c->len == 4096);
        for (unsigned r = 0; r < PT_NUM_REGIONS; r++) {
            uint64_t size = c->region[r].size;

            assert_false(size && (size & (size - 1)));
            assert_true(!size || !(c->region[r].addr & (size - 1)));
        }
        for (unsigned k = 0; k < c->num_notes && k < CAPTURE_NOTES; k++)
            assert_true(c->note[k][0]);
        capture_info(c, &info);
    }
    captures_free(&all);
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

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_no_bytes),
        cmocka_unit_test(test_bad_address),
        cmocka_unit_test(test_bytes_after_a_bad_address),
        cmocka_unit_test(test_duplicates),
        cmocka_unit_test(test_rom_twice),
        cmocka_unit_test(test_truncated_lines),
        cmocka_unit_test(test_gaps),
        cmocka_unit_test(test_bad_offsets),
        cmocka_unit_test(test_bad_regions),
        cmocka_unit_test(test_impossible_size_refused_the_file),
        cmocka_unit_test(test_regions_without_bar),
        cmocka_unit_test(test_too_many_regions),
        cmocka_unit_test(test_many_notes),
        cmocka_unit_test(test_nul),
        cmocka_unit_test(test_a_message_cost_all_functions_of_the_log),
        cmocka_unit_test(test_a_list_before_the_dump_refused_the_file),
        cmocka_unit_test(test_printed_twice),
        cmocka_unit_test(test_too_many_functions),
        cmocka_unit_test(test_after_much_nonsense),
        cmocka_unit_test(test_error_may_be_null),
        cmocka_unit_test(test_every_truncation),
        cmocka_unit_test(test_random_damage),
        cmocka_unit_test(test_random_lines),
    };

    return cmocka_run_group_tests_name("capture_damage", tests, NULL, NULL);
}
