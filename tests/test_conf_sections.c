/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which registers a device has, of a file's sections and of two files. */
#include "lib-conf-card.h"

static void the_most_special_section_has_a_register(void **state)
{
    struct pt_conf_choice c;
    struct pt_error err = { "" };
    struct pt_policy p;
    char buf[PT_CONF_ORIGINS];

    (void)state;
    assert_int_equal(read_conf(
        "[8086:1533]\nregister 0xf2.2 = ro\n"
        "[all]\nregister 0xf0.4 = emu\nregister 0xf4.4 = zero\n"
        "[class 02]\nregister 0xf6.1 = one\n",
        "[all]\nregister 0xf3.1 = one\n", &p, &c, &err), 0);
    assert_int_equal(p.num_masks, 2);
    assert_int_equal(p.mask[0].off, 0xf6);
    assert_int_equal(p.mask[1].off, 0xf3);
    assert_int_equal(p.mask[1].one, 0xff);
    assert_string_equal(pt_conf_origin(&c, buf, sizeof(buf)),
                        "from f:7 [class 02] register 0xf6.1, "
                        "guest's guest.conf:2 [all] register 0xf3.1");
    assert_int_equal(read_conf(
        "[8086:1533]\nregister 0xf2.2 = ro\n"
        "[all]\nregister 0xf0.4 = emu\nregister 0xf4.4 = zero\n", NULL, &p,
        &c, &err), 0);
    assert_int_equal(p.num_masks, 2);
    assert_int_equal(p.mask[0].zero, UINT32_MAX);
    assert_int_equal(p.mask[1].ro, 0xffff);
}

/* "[all]", and @num registers of a byte from 0x40 on. */
static const char *all_bytes(unsigned num, const char *more)
{
    static char text[4096];
    size_t len = (size_t)snprintf(text, sizeof(text), "[all]\n");

    for (unsigned i = 0; i < num; i++) {
        len += (size_t)snprintf(text + len, sizeof(text) - len,
                                "register %#x.1 = ro\n", 0x40 + i);
    }
    snprintf(text + len, sizeof(text) - len, "%s", more);
    return text;
}

/* They were counted before the more special sections had dropped theirs. */
static void registers_that_are_dropped_do_not_count(void **state)
{
    static const struct {
        unsigned bytes, left;
        const char *more, *guest;
    } has[] = {
        { 16, 14, "[class 02]\nregister 0x80.1 = ro\n"
          "[03:00.0]\nregister 0x40.4 = emu\n", NULL },
        { 19, 16, "[03:00.0]\nregister 0x40.4 = emu\n", NULL },
        { 16, 14, "", "[all]\nregister 0x80.4 = ro\nregister 0x40.4 = emu\n" },
        { 16, 14, "", "[all]\nregister 0x40.4 = emu\nregister 0x80.4 = ro\n" },
        { 19, 16, "", "[all]\nregister 0x40.4 = emu\n" },
        /* What drops them may be dropped itself. */
        { 20, 14, "", "[all]\nregister 0x40.4 = emu\nregister 0x44.4 = emu\n"
          "[03:00.0]\nregister 0x43.1 = ro\n" },
        { 16, 0, "[03:00.0]\nregister 0x80.1 = ro\n", NULL },
        { 20, 0, "", "[all]\nregister 0x42.2 = emu\n" },
    };
    struct pt_conf_choice c;
    struct pt_policy p;
    struct pt_error err;

    (void)state;
    for (unsigned i = 0; i < COUNT(has); i++) {
        int rc = read_conf(all_bytes(has[i].bytes, has[i].more), has[i].guest,
                           &p, &c, &err);

        if (has[i].left == 0) {
            assert_int_equal(rc, -EINVAL);
            assert_string_equal(err.text, "more than 16 registers of one "
                                "device");
            continue;
        }
        if (rc != 0) {
            fail_msg("%u: %s", i, err.text);
        }
        assert_int_equal(p.num_masks, has[i].left);
    }
}

/* With @said, the toolstack's word. Returns why not, or NULL and @num. */
static const char *extended_registers(const char *text, const char *guest,
                                      int8_t said, unsigned *num)
{
    static struct pt_error err;
    int8_t flags[PT_CONF_NUM_FLAGS];
    char buf[PT_CONF_ORIGINS];
    struct pt_conf_choice c;
    struct pt_policy p;

    memset(flags, PT_CONF_UNSAID, sizeof(flags));
    flags[PT_CONF_EXTENDED] = said;
    err.text[0] = '\0';
    read_conf(text, guest, &p, &c, &err);
    pt_conf_say(&c, flags);
    if (pt_conf_policy(&c, &p, &err) != 0) {
        return err.text;
    }
    *num = p.num_masks;
    pt_conf_origin(&c, buf, sizeof(buf));
    assert_int_equal(strstr(buf, "register 0x110.4") != NULL, p.extended);
    return NULL;
}

/* The device was refused for what other devices have. */
static void a_device_is_excepted_from_extended_space(void **state)
{
    static const struct {
        const char *text, *guest;
        int8_t said;
        int num;  /* -1: refused */
    } is[] = {
        { "[all]\nextended = yes\nregister 0x110.4 = ro\n"
          "[03:00.0]\nextended = no\n", NULL, PT_CONF_UNSAID, 0 },
        { "[all]\nextended = yes\nregister 0x110.4 = ro\n"
          "[03:00.0]\nextended = no\n", NULL, 0, 0 },
        { "[all]\nextended = yes\nregister 0x110.4 = ro\n"
          "[03:00.0]\nextended = no\n", NULL, 1, 1 },
        { "[all]\nextended = yes\nregister 0x110.4 = ro\n", NULL, 0, 0 },
        { "[03:00.0]\nextended = yes\nregister 0x110.4 = ro\n",
          "[all]\nextended = no\n", PT_CONF_UNSAID, 0 },
        { "[all]\nextended = no\n[03:00.0]\nextended = yes\n"
          "register 0x110.4 = ro\n", NULL, PT_CONF_UNSAID, 1 },
        /* Nobody had them in mind when these were written. */
        { "[all]\nregister 0x110.4 = ro\n", NULL, PT_CONF_UNSAID, -1 },
        { "[all]\nextended = no\nregister 0x110.4 = ro\n", NULL,
          PT_CONF_UNSAID, -1 },
        { "[all]\nextended = no\n[03:00.0]\nregister 0x110.4 = ro\n", NULL,
          PT_CONF_UNSAID, -1 },
        { "[03:00.0]\nextended = no\n", "[all]\nregister 0x110.4 = ro\n",
          PT_CONF_UNSAID, -1 },
        { "[all]\nextended = yes\n", "[03:00.0]\nextended = no\n"
          "register 0x110.4 = ro\n", PT_CONF_UNSAID, -1 },
    };

    (void)state;
    for (unsigned i = 0; i < COUNT(is); i++) {
        unsigned num = 0;
        const char *why = extended_registers(is[i].text, is[i].guest,
                                             is[i].said, &num);

        if (is[i].num >= 0 && why) {
            fail_msg("%u: %s", i, why);
        }
        assert_int_equal(num, is[i].num >= 0 ? is[i].num : 0);
        assert_true(is[i].num >= 0 ||
                    (why && strstr(why, "register 0x110.4: only with ext")));
    }
}

static void registers_that_are_excepted_do_not_count(void **state)
{
    char text[4096];
    unsigned num;

    (void)state;
    strcpy(text, all_bytes(16, "[class 02]\nextended = yes\n"));
    for (unsigned i = 0; i < PT_MAX_MASKS + 1; i++) {
        snprintf(text + strlen(text), sizeof(text) - strlen(text),
                 "register %#x.4 = ro\n", 0x110 + 4 * i);
    }
    assert_string_equal(extended_registers(text, NULL, PT_CONF_UNSAID, &num),
                        "more than 16 registers of one device");
    assert_null(extended_registers(text, NULL, 0, &num));
    assert_int_equal(num, 16);
    strcat(text, "[03:00.0]\nextended = no\n");
    assert_null(extended_registers(text, NULL, PT_CONF_UNSAID, &num));
    assert_int_equal(num, 16);
    assert_string_equal(extended_registers(text, NULL, 1, &num),
                        "more than 16 registers of one device");
}

static void the_log_says_who_changed_a_register(void **state)
{
    struct pt_conf_choice c;
    struct pt_error err = { "" };
    struct pt_policy p;
    char buf[PT_CONF_ORIGINS];
    struct world w;

    (void)state;
    open_card(&w, "[all]\nregister 0xf0.4 = ro\nadd = 0xf4 Vendor 04 aa\n");
    assert_int_equal(read_conf("[all]\nregister 0xf0.4 = ro\nadd = 0xf4 "
                               "Vendor 04 aa\n", NULL, &p, &c, &err), 0);
    w.args.origin = pt_conf_origin(&c, buf, sizeof(buf));
    assert_true(world_attach(&w));
    assert_true(sim_bus_logged(&w.sim.bus, " +Vendor Specific@f4"));
    assert_true(sim_bus_logged(&w.sim.bus, "; from f:3 [all] add, f:2 [all] "
                               "register 0xf0.4"));
    assert_true(world_close(&w));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_most_special_section_has_a_register),
        cmocka_unit_test(registers_that_are_dropped_do_not_count),
        cmocka_unit_test(a_device_is_excepted_from_extended_space),
        cmocka_unit_test(registers_that_are_excepted_do_not_count),
        cmocka_unit_test(the_log_says_who_changed_a_register),
    };

    return cmocka_run_group_tests_name("registers by section", tests, NULL,
                                       NULL);
}
