/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hw/pt-xen.c's mappings of memory without a Xen: this file has xc_domctl()
 * itself, with what XEN_DOMCTL_memory_mapping does in Xen (common/domctl.c,
 * arch/x86/mm/p2m.c of 4.17 to 4.21): 64 steps a call, of 2 MiB where frames
 * and domain allow it, else of a page; then how many pages were done, or the
 * error of the first one.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <xenctrl.h>

#include "pt-xen.h"

#define DOMID 7
#define STEPS 64
#define BIG 512u                /* pages of 2 MiB */
#define MAX_PAGES (UINT64_C(1) << 26)
#define NONE UINT64_MAX

static struct {
    uint64_t gfn, mfn;      /* where the bits of mapped[] start */
    uint8_t *mapped;        /* a bit a page */
    uint64_t num;           /* that are set */
    bool hap;               /* 2 MiB at once */
    uint64_t most;          /* in a call, as on ARM: -E2BIG */
    uint64_t bad;           /* this page can't be mapped */
    uint64_t stuck;         /* nor this one unmapped */
    int errnum;             /* of the bad one */
    unsigned calls;
    unsigned holes;         /* what was to be unmapped, and was not mapped */
    struct xen_domctl op;
} fake;

static xc_interface *const xch = (xc_interface *)&fake;

static bool is_mapped(uint64_t page)
{
    return fake.mapped[page / 8] & 1u << page % 8;
}

static void set_mapped(uint64_t page, bool on)
{
    if (is_mapped(page) != on) {
        fake.mapped[page / 8] ^= (uint8_t)(1u << page % 8);
        fake.num += on ? 1 : UINT64_MAX;
    }
}

static int step(uint64_t page, uint64_t len, bool add)
{
    for (uint64_t i = page; i < page + len; i++) {
        if (add && i == fake.bad) {
            return fake.errnum;
        }
        if (!add && i == fake.stuck) {
            return EBUSY;
        }
        if (!add && !is_mapped(i)) {
            fake.holes++;
            return EINVAL;
        }
    }
    for (uint64_t i = page; i < page + len; i++) {
        set_mapped(i, add);
    }
    return 0;
}

int xc_domctl(xc_interface *x, struct xen_domctl *op)
{
    uint64_t gfn = op->u.memory_mapping.first_gfn;
    uint64_t mfn = op->u.memory_mapping.first_mfn;
    uint64_t nr = op->u.memory_mapping.nr_mfns, i = 0, len;
    bool add = op->u.memory_mapping.add_mapping;

    fake.calls++;
    fake.op = *op;
    assert_ptr_equal(x, xch);
    assert_int_equal(op->cmd, XEN_DOMCTL_memory_mapping);
    assert_int_equal(op->interface_version, XEN_DOMCTL_INTERFACE_VERSION);
    assert_int_equal(op->domain, DOMID);
    assert_int_equal(op->u.memory_mapping.padding, 0);
    assert_true(nr != 0 && gfn - fake.gfn == mfn - fake.mfn);
    assert_true(gfn - fake.gfn + nr <= MAX_PAGES);
    if (nr > fake.most) {
        errno = E2BIG;
        return -1;
    }
    for (unsigned n = 0; i < nr && n < STEPS; n++, i += len) {
        bool big = fake.hap && (((gfn | mfn) + i) % BIG) == 0 && nr - i >= BIG;
        int rc;

        len = big ? BIG : 1;
        rc = step(gfn + i - fake.gfn, len, add);
        if (rc && i == 0) {
            errno = rc;
            return -1;
        }
        if (rc) {
            break;
        }
    }
    return i == nr ? 0 : (int)i;
}

/* ------------------------------------------------------------------ */

static struct pt_xen xen;

static int setup(void **state)
{
    (void)state;
    memset(&fake, 0, sizeof(fake));
    fake.mapped = calloc(MAX_PAGES / 8, 1);
    fake.hap = true;
    fake.most = fake.bad = fake.stuck = NONE;
    fake.errnum = ENOMEM;
    fake.gfn = 0xe0000;
    fake.mfn = 0xfe000;
    return fake.mapped ? pt_xen_open(&xen, xch, DOMID) : -1;
}

static int teardown(void **state)
{
    (void)state;
    pt_xen_close(&xen);
    free(fake.mapped);
    return 0;
}

static int map(uint64_t page, uint64_t nr, bool add)
{
    fake.calls = 0;
    return xen.ops->map_memory(xen.priv, fake.gfn + page, fake.mfn + page, nr,
                               add);
}

/* xc_domain_memory_mapping() asks for the domain first, each time. */
static void a_region_is_one_hypercall(void **state)
{
    (void)state;
    assert_int_equal(map(5, 20, true), 0);
    assert_int_equal(fake.calls, 1);
    assert_int_equal(fake.num, 20);
    assert_true(is_mapped(5) && is_mapped(24));
    assert_int_equal(fake.op.u.memory_mapping.add_mapping, DPCI_ADD_MAPPING);
    assert_int_equal(map(5, 20, false), 0);
    assert_int_equal(fake.calls, 1);
    assert_int_equal(fake.op.u.memory_mapping.add_mapping,
                     DPCI_REMOVE_MAPPING);
    assert_int_equal(fake.num, 0);
    assert_int_equal(map(0, 64 * BIG, true), 0);
    assert_int_equal(fake.calls, 1);
    assert_int_equal(map(0, 64 * BIG, false), 0);
    assert_int_equal(fake.calls, 1);
    assert_int_equal(fake.num, 0);
}

/* XSA-476: nowhere on the way has a frame 32 bits. */
static void frames_have_64_bits(void **state)
{
    (void)state;
    fake.gfn = UINT64_C(0x123456789abc0);
    fake.mfn = UINT64_C(0xfedcba9876540);
    assert_int_equal(map(0, 2, true), 0);
    assert_int_equal(fake.op.u.memory_mapping.first_gfn,
                     UINT64_C(0x123456789abc0));
    assert_int_equal(fake.op.u.memory_mapping.first_mfn,
                     UINT64_C(0xfedcba9876540));
    assert_int_equal(map(0, 2, false), 0);
    assert_int_equal(fake.num, 0);
}

static void refuses_memory_that_wraps(void **state)
{
    (void)state;
    assert_int_equal(xen.ops->map_memory(xen.priv, 1, 1, 0, true), -EINVAL);
    assert_int_equal(xen.ops->map_memory(xen.priv, UINT64_MAX, 1, 2, true),
                     -EINVAL);
    assert_int_equal(xen.ops->map_memory(xen.priv, 1, UINT64_MAX, 2, true),
                     -EINVAL);
    assert_int_equal(fake.calls, 0);
}

/* Xen does a part and says how much: what it says is no failure. */
static void a_region_of_256_gib_is_mapped_in_parts(void **state)
{
    (void)state;
    fake.gfn = UINT64_C(1) << 28;
    fake.mfn = UINT64_C(1) << 30;
    assert_int_equal(map(0, MAX_PAGES, true), 0);
    assert_int_equal(fake.num, MAX_PAGES);
    assert_int_equal(fake.calls, MAX_PAGES / (STEPS * BIG));
    assert_int_equal(map(0, MAX_PAGES, false), 0);
    assert_int_equal(fake.num, 0);
    assert_int_equal(fake.calls, MAX_PAGES / (STEPS * BIG));
    assert_int_equal(fake.holes, 0);
}

/* Without pages of 2 MiB (shadow paging, or frames that don't fit). */
static void a_region_in_small_pages(void **state)
{
    (void)state;
    fake.hap = false;
    assert_int_equal(map(0, 1000, true), 0);
    assert_int_equal(fake.num, 1000);
    assert_int_equal(fake.calls, 16);
    assert_int_equal(map(0, 1000, false), 0);
    assert_int_equal(fake.num, 0);
    assert_int_equal(fake.calls, 16);
}

static void xen_wants_smaller_parts(void **state)
{
    (void)state;
    fake.most = 64;
    assert_int_equal(map(0, 0x200, true), 0);
    assert_int_equal(fake.num, 0x200);
    assert_int_equal(fake.calls, 3 + 8);
    assert_int_equal(map(0, 0x200, false), 0);
    assert_int_equal(fake.num, 0);
    fake.most = 0;  /* nothing will do */
    assert_int_equal(map(0, 0x200, true), -E2BIG);
    assert_int_equal(fake.calls, 10);
}

/* All or nothing, and what is undone is what was done. */
static void an_error_in_the_middle_leaves_nothing_mapped(void **state)
{
    (void)state;
    fake.hap = false;
    assert_int_equal(map(2000, 1, true), 0);  /* somebody else's */
    fake.bad = 300;
    assert_int_equal(map(0, 1000, true), -ENOMEM);
    assert_int_equal(fake.num, 1);
    assert_int_equal(fake.holes, 0);
    assert_int_equal(fake.calls, 6 + 5);
    /* The error is the first one, even if undoing has another. */
    fake.stuck = 10;
    assert_int_equal(map(0, 1000, true), -ENOMEM);
    assert_true(is_mapped(2000));
}

static void an_error_at_once_has_nothing_to_undo(void **state)
{
    (void)state;
    fake.bad = 0;
    fake.errnum = EPERM;
    assert_int_equal(map(0, 64, true), -EPERM);
    assert_int_equal(fake.calls, 1);
    fake.bad = NONE;
    assert_int_equal(map(0, 1, true), 0);
    fake.stuck = 0;
    assert_int_equal(map(0, 1, false), -EBUSY);
    assert_int_equal(fake.calls, 1);
    assert_int_equal(fake.num, 1);
}

/* A second try after an error is not held up by what the first did. */
static void unmapping_goes_on_where_it_stopped(void **state)
{
    (void)state;
    fake.hap = false;
    assert_int_equal(map(0, 200, true), 0);
    fake.stuck = 40;
    assert_int_equal(map(0, 200, false), -EBUSY);
    assert_int_equal(fake.num, 160);
    fake.stuck = NONE;
    assert_int_equal(map(0, 200, false), 0);
    assert_int_equal(fake.num, 0);
}

static void what_is_not_mapped_costs_a_bounded_number_of_calls(void **state)
{
    (void)state;
    assert_int_equal(map(0, MAX_PAGES, false), -EINVAL);
    assert_int_equal(fake.calls, 65);
    /* That is for unmapping; a wrong map is a wrong map. */
    fake.bad = 0;
    fake.errnum = EINVAL;
    assert_int_equal(map(0, 64, true), -EINVAL);
    assert_int_equal(fake.calls, 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_region_is_one_hypercall),
        TEST(frames_have_64_bits),
        TEST(refuses_memory_that_wraps),
        TEST(a_region_of_256_gib_is_mapped_in_parts),
        TEST(a_region_in_small_pages),
        TEST(xen_wants_smaller_parts),
        TEST(an_error_in_the_middle_leaves_nothing_mapped),
        TEST(an_error_at_once_has_nothing_to_undo),
        TEST(unmapping_goes_on_where_it_stopped),
        TEST(what_is_not_mapped_costs_a_bounded_number_of_calls),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("libxc memory", tests, NULL, NULL);
}
