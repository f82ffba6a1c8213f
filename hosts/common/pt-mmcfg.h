/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest's way to extended configuration space on a machine that has none:
 * a window in memory (PCI Express Base 3.0, 7.2.2), which an MCFG table tells
 * the guest of. It is bus 0 of domain 0, 4 KiB a function.
 */
#ifndef PT_MMCFG_H
#define PT_MMCFG_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Where hvmloader puts nothing, and from where on up to 4 GiB the guest's map
 * of memory says "reserved", as operating systems want it of such a window.
 */
#define PT_MMCFG_BASE UINT64_C(0xfe000000)
#define PT_MMCFG_SIZE UINT64_C(0x100000)
#define PT_MMCFG_BUSES 1

/*
 * What a host answers with. @off: 0..0xfff; @len: 1, 2, 4, and @off a multiple
 * of it.
 */
struct pt_mmcfg_ops {
    /*
     * As an access by the ports would be. A read of no function is all ones.
     * From 0x100 on only where extended() has just said yes.
     */
    uint32_t (*read)(void *priv, unsigned devfn, unsigned off, unsigned len);
    void (*write)(void *priv, unsigned devfn, unsigned off, uint32_t val,
                  unsigned len);
    /* Is there a function at @devfn, for the guest to see, that has 4 KiB? */
    bool (*extended)(void *priv, unsigned devfn);
};

/*
 * A guest's access of @width bytes (1..8), aligned or not, at @at of the
 * window: handed on in the fewest aligned parts, lowest first. One part if it
 * is an aligned one of 1, 2 or 4 bytes. What is in no function's space, or
 * outside of the window, reads as ones, and is not written.
 */
uint64_t pt_mmcfg_read(const struct pt_mmcfg_ops *ops, void *priv,
                       uint64_t at, unsigned width);
void pt_mmcfg_write(const struct pt_mmcfg_ops *ops, void *priv, uint64_t at,
                    uint64_t val, unsigned width);

#endif
