/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The MMCONFIG window: each byte of it is the byte that PCI Express Base 3.0,
 * table 7-1 says, whatever the access; and no access becomes more configuration
 * requests than it has to, or one that crosses a dword.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdbool.h>
#include <string.h>

#include "pt-mmcfg.h"

#define DEVFNS 256
#define SPACE 4096

struct bus {
    uint8_t cfg[DEVFNS][SPACE];
    bool small[DEVFNS];  /* has 256 bytes */
    unsigned accesses;
    unsigned last_end;  /* of the part before, to see that they ascend */
};

static struct bus bus;

static void judge(struct bus *b, unsigned devfn, unsigned off, unsigned len)
{
    assert_true(devfn < DEVFNS);
    assert_true(len == 1 || len == 2 || len == 4);
    assert_int_equal(off % len, 0);
    assert_true(off + len <= (b->small[devfn] ? 256 : SPACE));
    assert_true(!b->accesses || devfn * SPACE + off == b->last_end);
    b->last_end = devfn * SPACE + off + len;
    b->accesses++;
}

/* Above @len the answer is garbage, as of a host whose bus is careless. */
static uint32_t bus_read(void *priv, unsigned devfn, unsigned off,
                         unsigned len)
{
    struct bus *b = priv;
    uint32_t val = UINT32_MAX;

    judge(b, devfn, off, len);
    memcpy(&val, &b->cfg[devfn][off], len);
    return val;
}

static void bus_write(void *priv, unsigned devfn, unsigned off, uint32_t val,
                      unsigned len)
{
    struct bus *b = priv;

    judge(b, devfn, off, len);
    if (len < 4) {
        assert_int_equal(val >> (8 * len), 0);
    }
    memcpy(&b->cfg[devfn][off], &val, len);
}

static bool bus_extended(void *priv, unsigned devfn)
{
    const struct bus *b = priv;

    assert_true(devfn < DEVFNS);
    return !b->small[devfn];
}

static const struct pt_mmcfg_ops ops = {
    .read = bus_read, .write = bus_write, .extended = bus_extended,
};

static uint8_t pattern(unsigned devfn, unsigned off)
{
    return (uint8_t)(devfn * 37 + off * 11 + off / 256);
}

static void fill(void)
{
    memset(&bus, 0, sizeof(bus));
    for (unsigned devfn = 0; devfn < DEVFNS; devfn++) {
        for (unsigned off = 0; off < SPACE; off++) {
            bus.cfg[devfn][off] = pattern(devfn, off);
        }
    }
}

/* What a byte of the window is: bits 19:12 device and function, 11:0 where. */
static uint8_t expected(uint64_t at)
{
    return pattern((unsigned)(at >> 12 & 0xff), (unsigned)(at & 0xfff));
}

/* The fewest parts that are aligned and in a dword, found the slow way. */
static unsigned fewest(unsigned at, unsigned width)
{
    unsigned best = width ? 99 : 0;

    for (unsigned len = 1; len <= 4 && len <= width; len *= 2) {
        if (at % len == 0 && 1 + fewest(at + len, width - len) < best) {
            best = 1 + fewest(at + len, width - len);
        }
    }
    return best;
}

static void check_read(uint64_t at, unsigned width)
{
    uint64_t val;

    bus.accesses = 0;
    val = pt_mmcfg_read(&ops, &bus, at, width);
    for (unsigned i = 0; i < 8; i++) {
        assert_int_equal(val >> (8 * i) & 0xff,
                         i < width ? expected(at + i) : 0);
    }
    assert_int_equal(bus.accesses, fewest((unsigned)(at % 8), width));
}

static void test_reads_of_any_width_and_alignment(void **state)
{
    (void)state;
    fill();
    for (unsigned devfn = 0; devfn < DEVFNS; devfn += 15) {
        for (unsigned width = 1; width <= 8; width++) {
            for (unsigned off = 0xf0; off < 0x110; off++) {
                check_read((uint64_t)devfn * SPACE + off, width);
            }
        }
    }
}

static void test_an_access_over_a_functions_end_is_the_next_ones_too(
    void **state)
{
    (void)state;
    fill();
    for (unsigned width = 1; width <= 8; width++) {
        for (uint64_t at = SPACE - 8; at < SPACE + 8; at++) {
            check_read(at, width);
        }
        check_read(PT_MMCFG_SIZE - width, width);
    }
}

static void test_writes_change_their_bytes_alone(void **state)
{
    static const uint64_t val = UINT64_C(0x8877665544332211);

    (void)state;
    for (unsigned width = 1; width <= 8; width++) {
        for (uint64_t at = 5 * SPACE + 0xf8; at < 5 * SPACE + 0x108; at++) {
            fill();
            pt_mmcfg_write(&ops, &bus, at, val, width);
            assert_int_equal(bus.accesses, fewest((unsigned)(at % 8), width));
            for (uint64_t i = 5 * SPACE; i < 6 * SPACE; i++) {
                assert_int_equal(bus.cfg[5][i - 5 * SPACE],
                                 i - at < width ?
                                 (val >> (8 * (i - at)) & 0xff) :
                                 expected(i));
            }
        }
    }
}

/*
 * 256 bytes, of an emulated function or one of a host without MMCONFIG: were
 * they found again, or 0, behind their end, a guest would take 4 KiB for there
 * (Linux reads 0x100 once, and goes by all ones).
 */
static void test_a_function_of_256_bytes_ends_there(void **state)
{
    (void)state;
    fill();
    bus.small[5] = true;
    for (unsigned off = 256; off < SPACE; off += 4) {
        assert_true(pt_mmcfg_read(&ops, &bus, 5 * SPACE + off, 4) ==
                    UINT32_MAX);
        pt_mmcfg_write(&ops, &bus, 5 * SPACE + off, 0, 4);
    }
    assert_int_equal(bus.accesses, 0);

    assert_true(pt_mmcfg_read(&ops, &bus, 5 * SPACE + 0xfe, 4) ==
                (0xffff0000u | (uint32_t)pattern(5, 0xff) << 8 |
                 pattern(5, 0xfe)));
    assert_int_equal(bus.accesses, 1);
    bus.accesses = 0;
    pt_mmcfg_write(&ops, &bus, 5 * SPACE + 0xfc, UINT64_C(0x123456789abcdef0),
                   8);
    assert_int_equal(bus.accesses, 1);
    assert_int_equal(bus.cfg[5][0xfc], 0xf0);
    assert_int_equal(bus.cfg[5][256], pattern(5, 256));

    bus.accesses = 0;
    assert_true(pt_mmcfg_read(&ops, &bus, 5 * SPACE + SPACE - 2, 4) ==
                (0xffffu | (uint32_t)pattern(6, 0) << 16 |
                 (uint32_t)pattern(6, 1) << 24));
}

static void test_what_is_outside_is_nobodys(void **state)
{
    static const struct {
        uint64_t at;
        unsigned width;
        uint64_t val;
    } bad[] = {
        { PT_MMCFG_SIZE, 1, 0xff }, { PT_MMCFG_SIZE - 3, 4, 0xffffffff },
        { PT_MMCFG_SIZE - 1, 2, 0xffff }, { UINT64_MAX, 1, 0xff },
        { UINT64_MAX - 3, 8, UINT64_MAX }, { UINT64_C(1) << 32, 2, 0xffff },
        { 0, 9, UINT64_MAX }, { 0, UINT32_MAX, UINT64_MAX }, { 0, 0, 0 },
    };

    (void)state;
    fill();
    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_true(pt_mmcfg_read(&ops, &bus, bad[i].at, bad[i].width) ==
                    bad[i].val);
        pt_mmcfg_write(&ops, &bus, bad[i].at, 0, bad[i].width);
    }
    assert_int_equal(bus.accesses, 0);
}

/* One megabyte a bus (PCIe 3.0, table 7-1), as aligned as it is large. */
static void test_the_window_is_one_bus(void **state)
{
    (void)state;
    assert_int_equal(PT_MMCFG_SIZE, PT_MMCFG_BUSES << 20);
    assert_int_equal(PT_MMCFG_BASE % PT_MMCFG_SIZE, 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_of_any_width_and_alignment),
        cmocka_unit_test(
            test_an_access_over_a_functions_end_is_the_next_ones_too),
        cmocka_unit_test(test_writes_change_their_bytes_alone),
        cmocka_unit_test(test_a_function_of_256_bytes_ends_there),
        cmocka_unit_test(test_what_is_outside_is_nobodys),
        cmocka_unit_test(test_the_window_is_one_bus),
    };

    return cmocka_run_group_tests_name("MMCONFIG", tests, NULL, NULL);
}
