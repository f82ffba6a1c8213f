/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Windows of BARs: the table, beside what is known of these devices from
 * elsewhere, and the policy.
 */
#include "lib-gpu.h"

/* ------------------------------------------------------------------ */
/* The table                                                           */

/*
 * What is known of each, from its source: numbers here are numbers, and on
 * purpose.
 */
static const struct known {
    const char *name, *source;
    enum pt_window_kind kind;
    bool on;
    uint16_t vendor, device, mask;
    uint32_t class, class_mask;
    uint8_t bar;
    uint64_t bar_max, offset, size;
    uint16_t ack, ack_len;
    uint8_t data_gap;
    uint32_t to[4];
} known[] = {
    { "nvidia-config", "nouveau", PT_WINDOW_MIRROR, false, 0x10de, 0, 0,
      0x030000, 0xff0000, 0, 0, 0x88000, 0x1000, 0x704, 4, 0, { 0 } },
    { "nvidia-config-1800", "nouveau", PT_WINDOW_MIRROR, false, 0x10de, 0, 0,
      0x030000, 0xff0000, 0, 0, 0x1800, 0x100, 0, 0, 0, { 0 } },
    { "nvidia-config-ports", "envytools", PT_WINDOW_INDEX, false, 0x10de, 0, 0,
      0x030000, 0xff0000, 5, 0, 8, 8, 0, 0, 0,
      { 0x1800, 0x100, 0x88000, 0x1000 } },
    /* radeon_device.c: from Bonaire on, BAR 2 has doorbells. */
    { "amd-config", "radeon_device.c", PT_WINDOW_MIRROR, false, 0x1002, 0, 0,
      0x030000, 0xff0000, 2, 0x40000, 0x4000, 0x100, 0, 0, 0, { 0 } },
    { "amd-config-ports", "pci-quirks", PT_WINDOW_INDEX, false, 0x1002, 0, 0,
      0x030000, 0xff0000, 4, 0, 0, 8, 0, 0, 0, { 0x4000, 0x1000 } },
    /* ath11k/pci.c, pcic.h; ath12k/pci.c: IDs, windows, which have 512 KiB. */
#define ATH(dev, off, len) \
    { "ath-message", "ath11k", PT_WINDOW_MESSAGE, true, 0x17cb, dev, 0xffff, \
      0, 0, 0, 0, off, len, 0, 0, 8, { 0 } }
    ATH(0x1101, 0x80000, 0x40000), ATH(0x1103, 0x80000, 0x40000),
    ATH(0x1107, 0x80000, 0x40000),
    /* Copy engines, at 0x01b80000 of the chip, are the second window's. */
    ATH(0x1104, 0x100000, 0x18000),
    /* WBM at 0x00a34000 and REO at 0x00a38000, the third's. */
    ATH(0x1104, 0x1b4000, 0x1000), ATH(0x1104, 0x1b8000, 0x1000),
    ATH(0x1109, 0x100000, 0x18000),
    ATH(0x1109, 0x1b4000, 0x1000), ATH(0x1109, 0x1b8000, 0x1000),
    /* r8168.h: ERIDR 0x70, ERIAR 0x74. */
    { "rtl8168-table", "r8168.h", PT_WINDOW_TABLE, false, 0x10ec, 0x8168,
      0xffff, 0, 0, 2, 0, 0x70, 8, 0, 0, 0, { 0 } },
};

static void the_table_says_what_its_sources_say(void **state)
{
    unsigned i;

    (void)state;
    assert_int_equal(pt_num_window_rows, COUNT(known));
    for (i = 0; i < COUNT(known); i++) {
        const struct known *k = &known[i];
        const struct pt_window_row *r = &pt_window_rows[i];

        assert_string_equal(r->name, k->name);
        assert_non_null(strstr(r->source, k->source));
        assert_int_equal(r->kind, k->kind);
        assert_int_equal(r->on, k->on);
        assert_int_equal(r->vendor, k->vendor);
        assert_int_equal(r->device, k->device);
        assert_int_equal(r->device_mask, k->mask);
        assert_int_equal(r->class, k->class);
        assert_int_equal(r->class_mask, k->class_mask);
        assert_int_equal(r->bar, k->bar);
        assert_int_equal(r->bar_max, k->bar_max);
        assert_int_equal(r->offset, k->offset);
        assert_int_equal(r->size, k->size);
        assert_int_equal(r->ack.off, k->ack);
        assert_int_equal(r->ack.len, k->ack_len);
        assert_int_equal(r->data_gap, k->data_gap);
        assert_int_equal(r->to[0].from, k->to[0]);
        assert_int_equal(r->to[0].size, k->to[1]);
        assert_int_equal(r->to[1].from, k->to[2]);
        assert_int_equal(r->to[1].size, k->to[3]);
    }
}

static const struct pt_window_row sound = {
    .name = "a", .why = "b", .source = "c", .vendor = 1, .size = 0x100,
};

static void refused(const struct pt_window_row *row, unsigned num,
                    const char *why)
{
    struct pt_error err;

    assert_int_equal(pt_window_check(row, num, &err), -EINVAL);
    if (!strstr(err.text, why)) {
        fail_msg("%s: is not about %s", err.text, why);
    }
}

static void refused_with(struct pt_window_row row, const char *why)
{
    refused(&row, 1, why);
}

#define SOUND_BUT(...) \
    ({ struct pt_window_row r_ = sound; r_.__VA_ARGS__; r_; })

static void an_unsound_row_is_refused(void **state)
{
    struct pt_error err;

    (void)state;
    assert_int_equal(pt_window_check(&sound, 1, &err), 0);
    assert_int_equal(pt_window_check(pt_window_rows, pt_num_window_rows, &err),
                     0);
    refused_with(SOUND_BUT(name = NULL), "no name");
    refused_with(SOUND_BUT(why = NULL), "no name");
    refused_with(SOUND_BUT(source = NULL), "no name");
    refused_with(SOUND_BUT(vendor = 0), "no device");
    refused_with(SOUND_BUT(device = 5), "no device");
    refused_with(SOUND_BUT(class = 5), "no device");
    refused_with(SOUND_BUT(class_mask = 0x1000000), "no device");
    refused_with(SOUND_BUT(bar = 6), "qwords");
    refused_with(SOUND_BUT(size = 0), "qwords");
    refused_with(SOUND_BUT(size = 12), "qwords");
    refused_with(SOUND_BUT(offset = 4), "qwords");
    refused_with(SOUND_BUT(offset = ~UINT64_C(7)), "qwords");
    refused_with(SOUND_BUT(bar_max = 0x80), "qwords");
    refused_with(SOUND_BUT(size = 0x1008), "configuration space");
    refused_with(SOUND_BUT(ack = ((struct pt_window_ack) { 0xfe, 4 })),
                 "ack");
    refused_with(SOUND_BUT(data_gap = 8), "data");
    refused_with(SOUND_BUT(kind = PT_WINDOW_MESSAGE), "data");
    refused_with(SOUND_BUT(kind = PT_WINDOW_TABLE), "two registers");
    refused_with(SOUND_BUT(kind = PT_WINDOW_INDEX), "two registers");
    refused_with(SOUND_BUT(to[0] = ((struct pt_window_target) { 0, 4 })),
                 "leads elsewhere");
}

static void rows_that_do_not_go_together_are_refused(void **state)
{
    struct pt_window_row row[40];
    struct pt_error err;
    unsigned i;

    (void)state;
    row[0] = row[1] = row[2] = sound;
    row[1].offset = 0x100;
    assert_int_equal(pt_window_check(row, 2, &err), 0);
    row[1].on = true;
    refused(row, 2, "another default");
    row[1].on = false;
    row[1].offset = 0xf8;
    refused(row, 2, "meets");
    row[1].bar = 1;
    assert_int_equal(pt_window_check(row, 2, &err), 0);
    row[1].bar = 0;
    row[1].device = 1;
    row[1].device_mask = 0xffff;
    refused(row, 2, "meets");
    row[0].device = 2;
    row[0].device_mask = 0xffff;
    assert_int_equal(pt_window_check(row, 2, &err), 0);
    row[1].name = "other";
    row[2].vendor = 2;
    refused(row, 3, "elsewhere");
    for (i = 0; i < COUNT(row); i++) {
        row[i] = sound;
        row[i].offset = 0x1000 * i;
    }
    assert_int_equal(pt_window_check(row, PT_BAR_WINDOWS, &err), 0);
    refused(row, PT_BAR_WINDOWS + 1, "too many");
    for (i = 0; i < COUNT(row); i++) {
        row[i].vendor = (uint16_t)(i + 1);
    }
    assert_int_equal(pt_window_check(row, 32, &err), 0);
    refused(row, 33, "32");
}

static void names_have_numbers_and_numbers_names(void **state)
{
    unsigned n, names = 0;

    (void)state;
    for (n = 0; n < 40; n++) {
        if (pt_window_name(n)) {
            assert_int_equal(pt_window_number(pt_window_name(n)), n);
            names++;
        }
    }
    assert_true(names > 0 && names <= pt_num_window_rows);
    assert_int_equal(pt_window_number("nothing"), -1);
    assert_int_equal(pt_window_number(""), -1);
}

/* ------------------------------------------------------------------ */
/* The policy                                                          */

static void seen(const char *name, bool on)
{
    struct pt_window_seen s;
    unsigned i, n = 0;

    for (i = 0; pt_window_look(w.d, i, &s); i++) {
        if (strcmp(s.name, name) == 0) {
            assert_int_equal(s.on, on);
            assert_non_null(s.why);
            assert_non_null(s.source);
            n++;
        }
    }
    assert_true(n > 0);
}

static void no_window_goes_over_window(void **state)
{
    struct pt_policy policy = with("nvidia-config");

    (void)state;
    gpu_begin(NULL);
    seen("nvidia-config", false);
    assert_int_equal(w.sim.bus.num_traps, 0);
    assert_true(world_close(&w));
    policy.no_windows = policy.windows;
    gpu_begin(&policy);
    seen("nvidia-config", false);
    assert_true(world_close(&w));
    policy.no_windows = named("amd-config");
    policy.windows |= named("nvidia-config-1800");
    gpu_begin(&policy);
    seen("nvidia-config", true);
    seen("nvidia-config-1800", true);
    assert_int_equal(w.sim.bus.num_traps, 2);
    assert_true(world_close(&w));
}

/* What is not this device's is no window of it. */
static void another_device_has_none(void **state)
{
    struct pt_policy policy = { .windows = UINT32_MAX };
    struct pt_window_seen s;

    (void)state;
    world_open(&w, "qemu-nvme.txt", 0, &policy);
    assert_true(world_attach(&w));
    assert_false(pt_window_look(w.d, 0, &s));
    assert_false(w.d->windows_on);
    assert_true(world_close(&w));
}

/* Pages that meet are one: MSI-X's, and several windows'. */
static void pages_are_trapped_once(void **state)
{
    static const struct {
        uint32_t table, pba;
        unsigned num;
        struct pt_window w[PT_REGION_TRAPS];
    } t[] = {
        { 0xb90000, 0xba0000, 4, { { 0x1000, 0x1000 }, { 0x88000, 0x1000 },
                                   { 0xb90000, 0x1000 },
                                   { 0xba0000, 0x1000 } } },
        { 0x89000, 0x87000, 2, { { 0x1000, 0x1000 }, { 0x87000, 0x3000 } } },
        { 0x87800, 0x89ff8, 2, { { 0x1000, 0x1000 }, { 0x87000, 0x3000 } } },
        { 0, 0x2000, 2, { { 0, 0x3000 }, { 0x88000, 0x1000 } } },
        { 0x1c00, 0x1f00, 2, { { 0x1000, 0x1000 }, { 0x88000, 0x1000 } } },
        { 0x8a000, 0xfff000, 4, { { 0x1000, 0x1000 }, { 0x88000, 0x1000 },
                                  { 0x8a000, 0x1000 },
                                  { 0xfff000, 0x1000 } } },
    };
    struct pt_policy policy = with("nvidia-config");
    struct pt_window got[PT_REGION_TRAPS];
    struct capture c;
    unsigned i, n;

    (void)state;
    policy.windows |= named("nvidia-config-1800");
    for (i = 0; i < COUNT(t); i++) {
        gpu(&c);
        card_msix(&c, 0xb0, 4, t[i].table, t[i].pba);
        world_init(&w, &c, &policy, NULL);
        assert_true(world_attach(&w));
        place_and_decode(&w);
        assert_int_equal(pt_region_windows(w.d, 0, got), t[i].num);
        for (n = 0; n < t[i].num; n++) {
            assert_int_equal(got[n].offset, t[i].w[n].offset);
            assert_int_equal(got[n].size, t[i].w[n].size);
        }
        assert_int_equal(w.sim.bus.num_traps, t[i].num);
        assert_true(world_close(&w));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_says_what_its_sources_say),
        cmocka_unit_test(an_unsound_row_is_refused),
        cmocka_unit_test(rows_that_do_not_go_together_are_refused),
        cmocka_unit_test(names_have_numbers_and_numbers_names),
        cmocka_unit_test(no_window_goes_over_window),
        cmocka_unit_test(another_device_has_none),
        cmocka_unit_test(pages_are_trapped_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
