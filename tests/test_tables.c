/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The validator of the tables, and the real tables by it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pt-pci.h"
#include "pt-msi.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* A row without fault, to be spoilt. */
static struct pt_row good(void)
{
    return (struct pt_row) {
        .name = "Good", .spec = "nowhere, 1.2", .why = "for a test",
        .off = 4, .size = 2,
        .init = 0x0001, .host = 0x0002, .emu = 0x00ff,
        .ro = 0x0f0f, .rw1c = 0x30f0, .rsvd = 0xc000,
    };
}

static int check(const struct pt_row *rows, unsigned n, struct pt_error *err)
{
    const struct pt_group g = {
        .name = "Group", .size = 16, .rows = rows, .num_rows = n,
    };

    return pt_group_check(&g, err);
}

static void refused_naming(const struct pt_row *rows, unsigned n,
                           const char *name)
{
    struct pt_error err = { "" };

    assert_int_equal(check(rows, n, &err), -22);
    assert_non_null(strstr(err.text, "Group"));
    assert_non_null(strstr(err.text, name));
    assert_int_equal(check(rows, n, NULL), -22);
}

static void refused(struct pt_row r)
{
    refused_naming(&r, 1, r.name ? r.name : "?");
}

static void accepts_a_sound_row(void **state)
{
    struct pt_row r = good();
    struct pt_error err = { "" };

    (void)state;
    assert_int_equal(check(&r, 1, &err), 0);
    assert_string_equal(err.text, "");
    assert_int_equal(check(NULL, 0, &err), 0);
}

static void accepts_constants_and_hidden_rw1c(void **state)
{
    struct pt_row r[2] = { good(), good() };

    (void)state;
    r[0].emu = r[0].ro = 0xffff;
    r[0].rw1c = r[0].rsvd = 0;
    r[1].off = 6;
    r[1].emu = r[1].rw1c = 0x00ff;
    r[1].ro = r[1].rsvd = 0;
    assert_int_equal(check(r, 2, NULL), 0);
}

static void refuses_a_row_without_words(void **state)
{
    struct pt_row r = good();

    (void)state;
    r.name = NULL;
    refused(r);
    r = good();
    r.spec = NULL;
    refused(r);
    r = good();
    r.why = NULL;
    refused(r);
}

static void refuses_odd_widths(void **state)
{
    static const uint8_t sizes[] = { 0, 3, 5, 8, 255 };
    unsigned i;

    (void)state;
    for (i = 0; i < COUNT(sizes); i++) {
        struct pt_row r = good();

        r.size = sizes[i];
        r.init = r.host = r.emu = r.ro = r.rw1c = r.rsvd = 0;
        refused(r);
    }
}

static void refuses_bits_beyond_the_width(void **state)
{
    uint32_t *mask[6];
    unsigned i;

    (void)state;
    for (i = 0; i < COUNT(mask); i++) {
        struct pt_row r = good();

        mask[0] = &r.init;
        mask[1] = &r.host;
        mask[2] = &r.emu;
        mask[3] = &r.ro;
        mask[4] = &r.rw1c;
        mask[5] = &r.rsvd;
        *mask[i] |= 0x10000;
        if (i < 2) {
            r.emu |= 0x10000;  /* not for another reason */
        }
        refused(r);
    }
}

static void refuses_overlapping_masks(void **state)
{
    struct pt_row r = good();

    (void)state;
    r.ro |= 0x1000;      /* rw1c */
    refused(r);
    r = good();
    r.ro |= 0x8000;      /* rsvd */
    refused(r);
    r = good();
    r.rw1c |= 0x4000;    /* rsvd */
    refused(r);
    r = good();
    r.emu |= 0x8000;     /* rsvd */
    refused(r);
}

static void refuses_start_values_of_what_is_no_copy(void **state)
{
    struct pt_row r = good();

    (void)state;
    r.init |= 0x0100;
    refused(r);
    r = good();
    r.host |= 0x0100;
    refused(r);
    r = good();
    r.init |= 0x0002;    /* started by host, too */
    refused(r);
}

static void refuses_a_row_that_leaves_its_structure(void **state)
{
    struct pt_row r = good();

    (void)state;
    r.off = 14;
    assert_int_equal(check(&r, 1, NULL), 0);
    r.off = 15;
    refused(r);
    r.off = 0xffff;
    refused(r);
}

static void refuses_rows_that_overlap(void **state)
{
    struct pt_row r[3] = { good(), good(), good() };

    (void)state;
    r[0].off = 0;
    r[1].name = "First";
    r[2].name = "Second";
    r[1].off = 4;
    r[2].off = 6;
    assert_int_equal(check(r, 3, NULL), 0);
    r[2].off = 5;
    refused_naming(r, 3, "Second");
    r[2].off = 3;
    refused_naming(r, 3, "First");
    r[2].off = 4;
    refused_naming(r, 3, "Second");
}

static void rows_of_different_variants_may_overlap(void **state)
{
    struct pt_row r[2] = { good(), good() };

    (void)state;
    r[0].only = 0x01;
    r[1].only = 0x02;
    assert_int_equal(check(r, 2, NULL), 0);
    r[1].only = 0x03;
    refused_naming(r, 2, "Good");
    r[1].only = 0;
    refused_naming(r, 2, "Good");
}

static void refuses_an_inert_row_that_can_be_written(void **state)
{
    struct pt_row r = good();

    (void)state;
    r.flags = PT_ROW_INERT;
    assert_int_equal(check(&r, 1, NULL), 0);
    r.ro &= ~0x0800u;
    refused(r);
    /* Nor the guest's copy. */
    r = good();
    r.flags = PT_ROW_INERT;
    r.ro &= ~0x0008u;
    refused(r);
}

static void refuses_hidden_tables_with_registers(void **state)
{
    const struct pt_row r = good();
    struct pt_group g = {
        .name = "Group", .why = "for a test", .size = 16,
        .fate = PT_HIDDEN,
    };
    struct pt_error err = { "" };

    (void)state;
    assert_int_equal(pt_group_check(&g, &err), 0);
    g.rows = &r;
    g.num_rows = 1;
    assert_int_equal(pt_group_check(&g, &err), -22);
    assert_non_null(strstr(err.text, "Group"));
    g.num_rows = 0;
    g.open = true;
    assert_int_equal(pt_group_check(&g, &err), -22);
    g.open = false;
    g.why = NULL;
    assert_int_equal(pt_group_check(&g, &err), -22);
    g.name = NULL;
    assert_int_equal(pt_group_check(&g, &err), -22);
    assert_non_null(strstr(err.text, "name"));
}

/* ------------------------------------------------------------------ */
/* More than a device has room for                                     */

#define BYTES 192  /* from 40 to ff */

/* The space of a device with @n registers and those of the header. */
static int build(unsigned n, uint8_t pos, struct pt_error *err)
{
    static struct pt_row rows[BYTES - 2];
    static struct pt_group g[3];
    static struct pt_device host;
    static struct pt_dev d;
    unsigned i;

    for (i = 0; i < COUNT(rows); i++) {
        rows[i] = good();
        rows[i].off = (uint16_t)(2 + i);
        rows[i].size = 1;
        rows[i].init = rows[i].host = rows[i].rw1c = rows[i].rsvd = 0;
    }
    memset(&d, 0, sizeof(d));
    d.snap[PCI_VENDOR_ID] = 0x86;
    d.host = &host;
    for (i = 0; i < 3; i++) {
        g[i] = (struct pt_group) { .name = i ? "More" : "Many", .rows = rows };
        g[i].num_rows = n < COUNT(rows) ? n : COUNT(rows);
        n -= g[i].num_rows;
        d.cap[i] = (struct pt_cap) {
            .group = &g[i], .pos = pos, .size = BYTES, .fate = PT_EXPOSED,
        };
    }
    d.num_caps = d.num_basic = 3;
    d.size = PT_CFG_SIZE;
    return pt_space_build(&d, err);
}

/* Rows beyond what fits were left out without a word: open to the guest. */
static void more_registers_than_fit_are_an_error(void **state)
{
    /* Each capability has its ID and its pointer. */
    const unsigned most = 512 - pt_group_header.num_rows - 3 * 2 - 1;
    struct pt_error err = { "" };

    (void)state;
    assert_int_equal(build(most, 0x40, &err), 0);
    assert_string_equal(err.text, "");
    assert_int_equal(build(most + 1, 0x40, &err), -22);
    assert_non_null(strstr(err.text, "at 100: more than 512 registers"));
}

static void a_register_behind_the_space_is_an_error(void **state)
{
    struct pt_error err = { "" };

    (void)state;
    assert_int_equal(build(190, 0x41, &err), -22);
    assert_non_null(strstr(err.text, "leaves the configuration space"));
}

/* ------------------------------------------------------------------ */
/* The access path                                                     */

/* A hook sends bits of a register; what the access does not meet, is not. */
static void bits_are_sent_in_the_accesss_own_lanes(void **state)
{
    static const struct {
        uint16_t off, reg;
        uint8_t len, reg_len;
        uint32_t mask, fwd;
    } x[] = {
        { 4, 4, 4, 2, 0xffff, 0x0000ffff },
        { 4, 6, 4, 2, 0xffff, 0xffff0000 },
        { 4, 7, 4, 2, 0xffff, 0xff000000 },
        { 5, 4, 2, 4, 0x12345678, 0x3456 },
        { 7, 4, 1, 4, 0x12345678, 0x12 },
        { 8, 4, 4, 4, UINT32_MAX, 0 },
        { 4, 8, 4, 4, UINT32_MAX, 0 },
        { 4, 12, 4, 4, UINT32_MAX, 0 },
        { 12, 4, 4, 4, UINT32_MAX, 0 },
        { 0, 0xfc, 4, 4, UINT32_MAX, 0 },
        { 0xfc, 0, 4, 4, UINT32_MAX, 0 },
    };
    unsigned i;

    (void)state;
    for (i = 0; i < COUNT(x); i++) {
        struct pt_access a = { .off = x[i].off, .len = x[i].len };
        uint32_t mask, val;

        pt_access_send(&a, x[i].reg, x[i].reg_len, x[i].mask, 0);
        assert_int_equal(a.fwd, x[i].fwd);
        a.fwd = UINT32_MAX;
        pt_access_drop(&a, x[i].reg, x[i].reg_len, x[i].mask);
        assert_int_equal(a.fwd, ~x[i].fwd);
        /* The value comes with its mask, and with nothing more. */
        a.val = 0;
        pt_access_send(&a, x[i].reg, x[i].reg_len, x[i].mask, UINT32_MAX);
        assert_int_equal(a.val, x[i].fwd);
        /* And is taken from there again, in the register's lanes. */
        a.fwd = UINT32_MAX;
        a.val = UINT32_MAX;
        pt_access_take(&a, x[i].reg, x[i].reg_len, &mask, &val);
        assert_int_equal(val, mask);
        assert_int_equal(mask != 0, x[i].fwd != 0);
        if (mask) {
            pt_access_send(&a, x[i].reg, x[i].reg_len, mask, val);
            assert_int_equal(a.fwd, UINT32_MAX);
        }
    }
}

static unsigned writes, failing;
static int told;

static int read_zero(void *priv, uint16_t off, void *buf, unsigned len)
{
    (void)priv;
    (void)off;
    memset(buf, 0, len);
    return 0;
}

static int fail_one(void *priv, uint16_t off, const void *buf, unsigned len)
{
    (void)priv;
    (void)off;
    (void)buf;
    (void)len;
    return writes++ == failing ? -5 : 0;
}

static void tell(struct pt_dev *d, const struct pt_field *f, uint32_t old,
                 const struct pt_access *a)
{
    (void)d;
    (void)f;
    (void)old;
    told = a->error;
}

static void no_log(void *priv, enum pt_level level, const char *line)
{
    (void)priv;
    (void)level;
    (void)line;
}

/* A write in two runs: the second one's success hid that the first failed. */
static void a_hook_is_told_that_any_run_failed(void **state)
{
    static const struct pt_device_ops ops = {
        .read = read_zero, .write = fail_one,
    };
    static const struct pt_bus_ops bus_ops = { .log = no_log };
    static const struct pt_bus bus = { .ops = &bus_ops };
    static struct pt_device host = { .ops = &ops };
    static struct pt_dev d;
    static struct pt_row rows[3];
    static const struct pt_group g = {
        .name = "Runs", .rows = rows, .num_rows = COUNT(rows),
    };
    unsigned i;

    (void)state;
    for (i = 0; i < COUNT(rows); i++) {
        rows[i] = good();
        rows[i].off = (uint16_t)(4 + i);
        rows[i].size = 1;
        rows[i].init = rows[i].host = rows[i].rw1c = rows[i].rsvd = 0;
        rows[i].emu = rows[i].ro = i == 1 ? 0xff : 0;
        rows[i].commit = i == 0 ? tell : NULL;
    }
    for (failing = 0; failing < 3; failing++) {
        memset(&d, 0, sizeof(d));
        d.snap[PCI_VENDOR_ID] = 0x86;
        d.host = &host;
        d.bus = &bus;
        d.cap[0] = (struct pt_cap) {
            .group = &g, .pos = 0x40, .size = 8, .fate = PT_EXPOSED,
        };
        d.num_caps = d.num_basic = 1;
        d.size = PT_CFG_SIZE;
        assert_int_equal(pt_space_build(&d, NULL), 0);
        d.started = true;
        writes = 0;
        told = 0;
        pt_config_write(&d, 0x44, 0x00112233, 4);
        assert_int_equal(writes, 2);
        assert_int_equal(told, failing < 2 ? -5 : 0);
    }
}

/* ------------------------------------------------------------------ */
/* The real ones                                                       */

static bool is_listed(const struct pt_group *g)
{
    const struct pt_group *t;
    unsigned i;

    for (i = 0; (t = pt_table(i)) != NULL && t != g; i++) {
    }
    return t == g;
}

/* Attaching checks those: two were forgotten. */
static void no_table_is_left_unchecked(void **state)
{
    unsigned i, n = 0, e;

    (void)state;
    assert_true(is_listed(&pt_group_header));
    assert_true(is_listed(&pt_group_cap_header));
    assert_true(is_listed(&pt_group_ext_header));
    assert_true(is_listed(&pt_group_ext_first));
    for (i = 0; pt_groups[i]; i++) {
        assert_true(is_listed(pt_groups[i]));
    }
    for (n = 0; n < pt_num_hidden; n++) {
        assert_true(is_listed(&pt_group_hidden[n]));
    }
    for (e = 0; e < pt_num_ext_hidden; e++) {
        assert_true(is_listed(&pt_group_ext_hidden[e]));
    }
    assert_null(pt_table(PT_NUM_FRAMES + i + n + e));
    assert_non_null(pt_table(PT_NUM_FRAMES + i + n + e - 1));
}

static void all_real_tables_are_sound(void **state)
{
    const struct pt_group *g;
    struct pt_error err;
    unsigned i;

    (void)state;
    for (i = 0; (g = pt_table(i)) != NULL; i++) {
        if (pt_group_check(g, &err) != 0) {
            fail_msg("%s", err.text);
        }
    }
    assert_true(i > 10);
}

static void every_row_tells_what_where_and_why(void **state)
{
    const struct pt_group *g;
    unsigned i, n;

    (void)state;
    for (i = 0; (g = pt_table(i)) != NULL; i++) {
        assert_true(g->name && g->name[0]);
        for (n = 0; n < g->num_rows; n++) {
            const struct pt_row *r = &g->rows[n];

            assert_true(strlen(r->name) >= 3);
            assert_true(strlen(r->spec) >= 3);
            assert_true(strlen(r->why) >= 3);
        }
    }
}

/* The first two bytes are the same for all, in extended space four. */
static void no_table_has_a_row_over_id_and_next(void **state)
{
    unsigned i, n;

    (void)state;
    for (i = 0; pt_groups[i]; i++) {
        for (n = 0; n < pt_groups[i]->num_rows; n++) {
            assert_true(pt_groups[i]->rows[n].off >=
                        (pt_groups[i]->id < PT_EXT_CAP(0) ? 2 : 4));
        }
    }
}

static void no_id_has_two_tables(void **state)
{
    const struct pt_group *g, *other;
    unsigned i, j;

    (void)state;
    for (i = PT_NUM_FRAMES; (g = pt_table(i)) != NULL; i++) {
        for (j = i + 1; (other = pt_table(j)) != NULL; j++) {
            if (g->id == other->id) {
                fail_msg("%s and %s", g->name, other->name);
            }
        }
    }
}

static void each_exposed_table_has_a_reason_and_a_length(void **state)
{
    unsigned i;

    (void)state;
    for (i = 0; pt_groups[i]; i++) {
        const struct pt_group *g = pt_groups[i];

        assert_int_equal(g->fate, PT_EXPOSED);
        assert_non_null(g->why);
        assert_true(g->size || g->probe);
        assert_true(g->num_rows > 0);
    }
}

/* Else the guest could write what hides behind the end. */
static void hidden_ones_have_sane_lengths(void **state)
{
    unsigned i;

    (void)state;
    for (i = 0; i < pt_num_hidden; i++) {
        const struct pt_group *g = &pt_group_hidden[i];

        assert_int_not_equal(g->fate, PT_EXPOSED);
        assert_non_null(g->why);
        assert_false(g->open);
        assert_int_equal(g->num_rows, 0);
        /* 0: all the room there is. */
        assert_true(g->size == 0 || g->size >= 2);
        assert_true(g->size <= 0x40 && g->size % 2 == 0);
    }
}

/* XSA-129, XSA-128: no policy opens what Xen programs. */
static void the_message_tables_are_xens(void **state)
{
    (void)state;
    assert_true(pt_group_msi.xen);
    assert_true(pt_group_msix.xen);
}

/* A length that the device chooses, over all that it can say. */
static void lengths_from_probes_hold_their_rows(void **state)
{
    static struct pt_device host;
    static struct pt_dev d = { .host = &host };
    unsigned i, n, flags;

    (void)state;
    /* Room for any MSI-X table. */
    host.info.region[0].size = d.bar[0].size = 0x20000;
    for (i = 0; pt_groups[i]; i++) {
        const struct pt_group *g = pt_groups[i];

        for (flags = 0; flags < 0x10000; flags++) {
            struct pt_probe p = { .size = g->size };

            pt_store(d.snap + 0x40, flags << 16 | g->id, 4);
            if (g->probe) {
                g->probe(&d, 0x40, &p);
            }
            for (n = 0; !p.why_not[0] && n < g->num_rows; n++) {
                const struct pt_row *r = &g->rows[n];

                if (!r->only || (r->only & p.variant)) {
                    assert_true(r->off + r->size <= p.size);
                }
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accepts_a_sound_row),
        cmocka_unit_test(accepts_constants_and_hidden_rw1c),
        cmocka_unit_test(refuses_a_row_without_words),
        cmocka_unit_test(refuses_odd_widths),
        cmocka_unit_test(refuses_bits_beyond_the_width),
        cmocka_unit_test(refuses_overlapping_masks),
        cmocka_unit_test(refuses_start_values_of_what_is_no_copy),
        cmocka_unit_test(refuses_a_row_that_leaves_its_structure),
        cmocka_unit_test(refuses_rows_that_overlap),
        cmocka_unit_test(rows_of_different_variants_may_overlap),
        cmocka_unit_test(refuses_an_inert_row_that_can_be_written),
        cmocka_unit_test(refuses_hidden_tables_with_registers),
        cmocka_unit_test(more_registers_than_fit_are_an_error),
        cmocka_unit_test(a_register_behind_the_space_is_an_error),
        cmocka_unit_test(bits_are_sent_in_the_accesss_own_lanes),
        cmocka_unit_test(a_hook_is_told_that_any_run_failed),
        cmocka_unit_test(no_table_is_left_unchecked),
        cmocka_unit_test(all_real_tables_are_sound),
        cmocka_unit_test(every_row_tells_what_where_and_why),
        cmocka_unit_test(no_table_has_a_row_over_id_and_next),
        cmocka_unit_test(no_id_has_two_tables),
        cmocka_unit_test(each_exposed_table_has_a_reason_and_a_length),
        cmocka_unit_test(hidden_ones_have_sane_lengths),
        cmocka_unit_test(the_message_tables_are_xens),
        cmocka_unit_test(lengths_from_probes_hold_their_rows),
    };

    return cmocka_run_group_tests_name("tables", tests, NULL, NULL);
}
