/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest's way to extended configuration space on a machine that has none:
 * a window in memory (PCI Express Base 3.0, 7.2.2), which an MCFG table tells
 * the guest of. It is bus 0 of domain 0, 4 KiB a function.
 */
#ifndef PT_MMCFG_H
#define PT_MMCFG_H

#include <stdint.h>

/*
 * Where hvmloader puts nothing, and from where on up to 4 GiB the guest's map
 * of memory says "reserved", as operating systems want it of such a window.
 */
#define PT_MMCFG_BASE UINT64_C(0xfe000000)
#define PT_MMCFG_SIZE UINT64_C(0x100000)
#define PT_MMCFG_BUSES 1

/*
 * Who answers for the functions of the bus, as for an access by the ports.
 * @off: 0..0xfff; @len: 1, 2, 4, and @off a multiple of it. Reads of what is
 * not there are all ones, and writes nothing: no function at @devfn, and from
 * 0x100 on one that has 256 bytes. Of these a conventional bus's bridge would
 * make an unsupported request, and operating systems know their size by it.
 */
struct pt_mmcfg_ops {
    uint32_t (*read)(void *priv, unsigned devfn, unsigned off, unsigned len);
    void (*write)(void *priv, unsigned devfn, unsigned off, uint32_t val,
                  unsigned len);
};

/*
 * A guest's access of @width bytes (1..8), aligned or not, at @at of the
 * window: handed on in the fewest aligned parts, lowest first. One part if it
 * is an aligned one of 1, 2 or 4 bytes. What is outside of the window reads as
 * ones.
 */
uint64_t pt_mmcfg_read(const struct pt_mmcfg_ops *ops, void *priv,
                       uint64_t at, unsigned width);
void pt_mmcfg_write(const struct pt_mmcfg_ops *ops, void *priv, uint64_t at,
                    uint64_t val, unsigned width);

#endif
