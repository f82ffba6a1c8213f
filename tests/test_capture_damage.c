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

int main(void)
{
    static const struct CMUnitTest tests[] = {
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
    };

    return cmocka_run_group_tests_name("capture_damage", tests, NULL, NULL);
}
