/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef QEMU_RANGE_H
#define QEMU_RANGE_H

#include <stdbool.h>
#include <stdint.h>

static inline bool ranges_overlap(uint64_t a, uint64_t na, uint64_t b,
                                  uint64_t nb)
{
    return a < b + nb && b < a + na;
}

#endif
