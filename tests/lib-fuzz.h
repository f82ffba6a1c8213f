/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A life of an assigned device out of a string of bytes: for the fuzzer, and
 * for what it found. A string that ends early reads as zeros.
 *
 *     policy, options      1 byte each: FUZZ_*
 *     configuration space  256 bytes
 *     7 regions            3 bytes each: log2 of the size, PT_REGION_*,
 *                          FUZZ_R_*
 *     extended space       with FUZZ_EXTENDED: how many dwords 1, and of each
 *                          where 2, and what 4
 *     operations           an enum fuzz_op each, and its arguments
 */
#ifndef LIB_FUZZ_H
#define LIB_FUZZ_H

#include <stddef.h>
#include <stdint.h>

#define FUZZ_STRICT        0x01  /* of policy */
#define FUZZ_PERMISSIVE    0x02
#define FUZZ_POWER_MGMT    0x04
#define FUZZ_TRANSLATE     0x08
#define FUZZ_NO_ROM        0x10
#define FUZZ_MULTIFUNCTION 0x20
#define FUZZ_EXTENDED      0x40
#define FUZZ_WINDOWS       0x80  /* it is a chip that has any, all in force */

#define FUZZ_FEW_PIRQS     0x01  /* of options: of Xen and the device */
#define FUZZ_NO_MULTI_MSI  0x02
#define FUZZ_ALL_WRITES    0x04
#define FUZZ_BARS_LOST     0x08  /* BARs read 0, as after a reset */
#define FUZZ_LOSE_STICKY   0x10
#define FUZZ_INTX_8BIT     0x20
#define FUZZ_HIDE          0x40  /* by the policy: MSI-X, VPD, AER */
#define FUZZ_HIDE_MORE     0x80  /* MSI, Power Management, PCI Express */

#define FUZZ_R_UNASSIGNED  0x01  /* of a region: without an address */
#define FUZZ_R_ODD_SIZE    0x02  /* no power of two */
#define FUZZ_R_INSIDE      0x04  /* not at a page's start */
#define FUZZ_R_FLR         0x80  /* of the first: the policy has flr */

#define FUZZ_HEAD (2 + 256 + 7 * 3)
#define FUZZ_MAX_DWORDS 64
#define FUZZ_EXT (1 + FUZZ_MAX_DWORDS * 6)

#define FUZZ_OS_RESTORES   0x01  /* Linux does */
#define FUZZ_OS_FAILS      0x02
#define FUZZ_OS_HANGS      0x04
#define FUZZ_OS_REFUSES    0x08  /* the next one */

enum fuzz_op {
    FUZZ_WRITE1,      /* offset 1, value 1 */
    FUZZ_WRITE2,      /* offset 1, value 2 */
    FUZZ_WRITE4,      /* offset 1, value 4 */
    FUZZ_READ,        /* offset 1, log2 of the length 1 */
    FUZZ_WRITE_ODD,   /* offset 4, length 1, value 4 */
    FUZZ_READ_ODD,    /* offset 4, length 1 */
    FUZZ_MMIO_WRITE,  /* window 1, offset 2, log2 of the width 1, value 8 */
    FUZZ_MMIO_READ,   /* window 1, offset 2, log2 of the width 1 */
    FUZZ_ENTRY,       /* MSI-X entry 1, vector 1, control 1 */
    FUZZ_PLACE,       /* all regions */
    FUZZ_DECODE,      /* on or off 1 */
    FUZZ_RAISE,       /* all error bits */
    FUZZ_INTERRUPT,   /* vector 1 */
    FUZZ_POWER,       /* state 1 */
    FUZZ_TIME,        /* in 100 us, 1 */
    FUZZ_TAKE,        /* another device: megabyte 2, pages 1 */
    FUZZ_FAIL_CONFIG, /* the n-th access from now, 1 */
    FUZZ_FAIL_MMIO,   /* the same */
    FUZZ_FAIL_XEN,
    FUZZ_FAIL_TRAP,
    FUZZ_FAIL_ALL,    /* from now on: which 1 */
    FUZZ_VANISH,
    FUZZ_LIE,         /* seed 4; 0: no more */
    FUZZ_RESET,
    FUZZ_REATTACH,
    FUZZ_MULTI,       /* on or off 1 */
    FUZZ_SYNC,
    /* With FUZZ_EXTENDED only. */
    FUZZ_EXT_WRITE,   /* offset 2, log2 of the length 1, value 4 */
    FUZZ_EXT_READ,    /* offset 2, log2 of the length 1 */
    FUZZ_FILE,        /* attach again, with registers of a policy file: how
                         many 1; of each offset 2, log2 of the size 1, two
                         words 1, their masks 4 each; capability to add: where
                         1, its size 1 (0: none), and a byte of it 1 */
    FUZZ_NUM_OPS,
    /* With FUZZ_R_FLR, after those that there are otherwise. */
    FUZZ_ASK = FUZZ_NUM_OPS,  /* for a reset */
    FUZZ_OS,          /* how it does: FUZZ_OS_*, in 10 ms 1 */
    FUZZ_PASS,        /* in 10 ms, with timers, 1 */
    FUZZ_NUM_ALL_OPS,
};

struct capture;

/*
 * The bytes of the extended space of @c, as far as they are not 0 and go into
 * FUZZ_MAX_DWORDS, at @out. Returns how many.
 */
size_t fuzz_put_extended(const struct capture *c, uint8_t out[FUZZ_EXT]);

/* Live it. Returns NULL, or what was wrong. */
const char *fuzz_one(const uint8_t *data, size_t size);

#endif
