/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The toolstack's request: what is taken, what is refused and how. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib-world.h"
#include "pt-params.h"

static struct pt_params ok(const char *text)
{
    struct pt_params p;
    struct pt_error err = { "" };

    if (pt_params_parse(text, &p, &err) != 0) {
        fail_msg("'%s': %s", text, err.text);
    }
    return p;
}

/* Refused, with @name in the reason. */
static void bad(const char *text, const char *name)
{
    struct pt_params p;
    struct pt_error err = { "" };

    if (pt_params_parse(text, &p, &err) == 0) {
        fail_msg("'%s' was taken", text);
    }
    if (!strstr(err.text, name)) {
        fail_msg("'%s': '%s' does not name '%s'", text, err.text, name);
    }
}

static void test_address(void **state)
{
    struct pt_params p = ok("0000:01:0a.7");

    (void)state;
    assert_int_equal(p.addr.domain, 0);
    assert_int_equal(p.addr.bus, 1);
    assert_int_equal(p.addr.dev, 10);
    assert_int_equal(p.addr.func, 7);
    assert_int_equal(p.vdevfn, PT_AUTO_SLOT);
    assert_int_equal(p.options.permissive, PT_UNSAID);
}

/* 2.14: the segment is a part of the address; VMD's are above 0xffff. */
static void test_2_14_domain(void **state)
{
    (void)state;
    assert_int_equal(ok("0001:00:00.0").addr.domain, 1);
    assert_int_equal(ok("10000:E1:1F.0").addr.domain, 0x10000);
    assert_int_equal(ok("ffffffff:ff:1f.7").addr.domain, 0xffffffff);
    bad("100000000:00:00.0", "domain");
}

/* 2.14: fewer than four fields crashed it. */
static void test_2_14_few_fields(void **state)
{
    (void)state;
    bad("", "domain");
    bad(":", "domain");
    bad("0000", "nothing follows the domain");
    bad("0000:", "bus");
    bad("01:00.0", "bus");
    bad("0000:01", "nothing follows the bus");
    bad("0000:01:", "device");
    bad("0000:01:00", "nothing follows the device");
    bad("0000:01:00.", "function");
    bad("0000:01:00.@20", "function");
    bad("@20", "domain");
    bad(",permissive=1", "domain");
}

static void test_out_of_range(void **state)
{
    (void)state;
    bad("0000:100:00.0", "'100'");
    bad("0000:00:20.0", "'20'");
    bad("0000:00:00.8", "'8'");
    bad("0000:00:00.0@200", "'@200'");
    bad("0000:00:00.0@99999999999999999999999", "'@999");
    bad("0000:00:00.0@", "'@'");
    bad("0000:00:00.0@-1", "'@-1'");
    bad("0000:00:00.0@ 8", "'@ 8'");
    bad("0000:00:00.0 ", "'0 '");
    bad("0000:00:00.0;0000:00:00.1", "'0;0000");
    bad("00g0:00:00.0", "'00g0'");
}

static void test_vdevfn(void **state)
{
    (void)state;
    assert_int_equal(ok("0000:00:00.0@0").vdevfn, 0);
    assert_int_equal(ok("0000:00:00.0@20").vdevfn, 0x20);
    assert_int_equal(ok("0000:00:00.0@0xFF").vdevfn, 0xff);
    /* An automatic slot, with the function that is asked for. */
    assert_int_equal(ok("0000:00:00.0@100").vdevfn, 0x100);
    assert_int_equal(ok("0000:00:00.0@105").vdevfn, 0x105);
    assert_int_equal(ok("0000:00:00.0@1fd").vdevfn, 0x105);
}

/* 1.8.9: @VDEVFN comes before the options. */
static void test_1_8_9_order(void **state)
{
    struct pt_params p = ok("0000:01:00.0@20,msitranslate=1,power_mgmt=0");

    (void)state;
    assert_int_equal(p.vdevfn, 0x20);
    assert_int_equal(p.options.msitranslate, 1);
    assert_int_equal(p.options.power_mgmt, 0);
    bad("0000:01:00.0,msitranslate=1@20", "'1@20'");
}

/* 2.15: permissive=0 switched it on. */
static void test_2_15_values(void **state)
{
    static const char *const off[] = { "0", "no", "off", "false", "No" };
    static const char *const on[] = { "1", "yes", "on", "true", "TRUE" };
    char text[64];

    (void)state;
    for (size_t i = 0; i < 5; i++) {
        snprintf(text, sizeof(text), "0000:01:00.0,permissive=%s", off[i]);
        assert_int_equal(ok(text).options.permissive, 0);
        snprintf(text, sizeof(text), "0000:01:00.0,strict=%s", on[i]);
        assert_int_equal(ok(text).options.strict, 1);
    }
    assert_int_equal(ok("0:1:0.0,strict=0,strict=1").options.strict, 1);
    assert_int_equal(ok("0:1:0.0,").options.strict, PT_UNSAID);
    assert_int_equal(ok("0:1:0.0,,strict=1,").options.strict, 1);
    assert_int_equal(ok("0:1:0.0,flr=1").options.flr, 1);
    assert_int_equal(ok("0:1:0.0,flr=no,strict=1").options.flr, 0);
    assert_int_equal(ok("0:1:0.0").options.flr, PT_UNSAID);
    bad("0000:01:00.0,permissive=maybe", "'maybe'");
    bad("0000:01:00.0,permissive=", "permissive: ''");
    bad("0000:01:00.0,permissive=2", "'2'");
    bad("0000:01:00.0,power_mgmt=01", "'01'");
    bad("0000:01:00.0,permissive", "'permissive'");
    bad("0000:01:00.0,=1", "'=1'");
}

/* Toolstacks have keys of their own: said in the log, and skipped. */
static void test_unknown_key(void **state)
{
    struct pt_params p = ok("0000:01:00.0,permisive=1,x=2,permissive=1");

    (void)state;
    assert_string_equal(p.options.unknown, "permisive");
    assert_int_equal(p.options.permissive, 1);
}

/* What is named can't do harm to a terminal or a log. */
static void test_names_are_printable(void **state)
{
    char text[5000];
    struct pt_params p;
    struct pt_error err;

    (void)state;
    memset(text, 'a', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    bad(text, "aaa...'");
    bad("0000:01:00.0,a\n\x1b[2J\xff", "'a??[2J?'");
    memcpy(text, "0000:01:00.0,", 13);
    bad(text, "aaa...");
    text[20] = '=';
    assert_int_equal(pt_params_parse(text, &p, &err), 0);
    assert_int_equal(strlen(p.options.unknown), 7);
}

/* The address alone, for pci-rem: what follows does not matter. */
static void test_addr_only(void **state)
{
    struct pt_sbdf a;
    const char *rest;

    (void)state;
    assert_int_equal(pt_params_addr("0002:03:04.5@20,x", &rest, &a, NULL), 0);
    assert_string_equal(rest, "@20,x");
    assert_int_equal(a.domain, 2);
    assert_true(pt_params_addr("0002:03:04.55", &rest, &a, NULL) < 0);
}

/* Random strings, of the grammar's own letters: no crash, a sane result. */
static void test_fuzz(void **state)
{
    static const char letters[] = "0123456789abcdefx:.@,=-msitranslate"
        "power_mgmtpermissivestrict yno\n\xff%";
    static const char *const parts[] = {
        "0000:", "01:", "00.0", "@", "100", ",", "msitranslate=", "strict=",
        "permissive=", "power_mgmt=", "yes", "0", "=", ":", ".", "fffffffff",
    };
    struct world_rng rng = { 1 };

    (void)state;
    for (unsigned round = world_rounds(100000); round > 0; round--) {
        size_t len = world_random(&rng) % 120, n = 0;
        char *text = malloc(len + 1);
        struct pt_params p;
        struct pt_error err = { "" };

        assert_non_null(text);
        while (n < len) {
            const char *part = parts[world_random(&rng) % 16];

            if (world_random(&rng) % 4 && n + strlen(part) <= len) {
                memcpy(text + n, part, strlen(part));
                n += strlen(part);
            } else {
                text[n++] = letters[world_random(&rng) %
                                    (sizeof(letters) - 1)];
            }
        }
        text[len] = '\0';
        if (pt_params_parse(text, &p, &err) == 0) {
            assert_true(p.addr.dev < 32 && p.addr.func < 8);
            assert_true(p.vdevfn < 0x108);
            assert_in_range(p.options.permissive + 1, 0, 2);
        } else {
            assert_true(err.text[0] != '\0');
        }
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_address),
        cmocka_unit_test(test_2_14_domain),
        cmocka_unit_test(test_2_14_few_fields),
        cmocka_unit_test(test_out_of_range),
        cmocka_unit_test(test_vdevfn),
        cmocka_unit_test(test_1_8_9_order),
        cmocka_unit_test(test_2_15_values),
        cmocka_unit_test(test_unknown_key),
        cmocka_unit_test(test_names_are_printable),
        cmocka_unit_test(test_addr_only),
        cmocka_unit_test(test_fuzz),
    };

    return cmocka_run_group_tests_name("request", tests, NULL, NULL);
}
