/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The MMCONFIG window: whose an access is, and its parts. */
#include "pt-mmcfg.h"

/* A configuration request has at most a dword (PCIe 3.0, 2.2.7). */
#define MAX_PART 4u

/* What every function has, and where extended space begins. */
#define EXTENDED 0x100u

#define OFF_BITS 12
#define OFF_MASK ((1u << OFF_BITS) - 1)

struct part {
    unsigned devfn;
    unsigned off;
    unsigned len;
};

static bool inside(uint64_t at, unsigned width)
{
    return width <= sizeof(uint64_t) && at < PT_MMCFG_SIZE &&
        width <= PT_MMCFG_SIZE - at;
}

/* The first part of an access to @left bytes at @at. */
static struct part first_part(uint64_t at, unsigned left)
{
    struct part p = {
        .devfn = (unsigned)(at >> OFF_BITS),
        .off = (unsigned)at & OFF_MASK,
        .len = MAX_PART,
    };

    while (p.len > left || p.off % p.len != 0) {
        p.len /= 2;
    }
    return p;
}

/*
 * A function of 256 bytes has nothing behind them: a bridge to a conventional
 * bus makes an unsupported request of an access there, which reads as ones.
 * Operating systems tell by just that how much a function has.
 */
static bool is_there(const struct pt_mmcfg_ops *ops, void *priv,
                     const struct part *p)
{
    return p->off < EXTENDED || ops->extended(priv, p->devfn);
}

static uint64_t ones(unsigned width)
{
    return width >= sizeof(uint64_t) ? UINT64_MAX :
        (UINT64_C(1) << (8 * width)) - 1;
}

uint64_t pt_mmcfg_read(const struct pt_mmcfg_ops *ops, void *priv,
                       uint64_t at, unsigned width)
{
    uint64_t val = 0;
    uint32_t part;
    struct part p;

    if (!inside(at, width)) {
        return ones(width);
    }
    for (unsigned done = 0; done < width; done += p.len) {
        p = first_part(at + done, width - done);
        part = is_there(ops, priv, &p) ?
            ops->read(priv, p.devfn, p.off, p.len) : UINT32_MAX;
        val |= (part & ones(p.len)) << (8 * done);
    }
    return val;
}

void pt_mmcfg_write(const struct pt_mmcfg_ops *ops, void *priv, uint64_t at,
                    uint64_t val, unsigned width)
{
    struct part p;

    for (unsigned done = 0; inside(at, width) && done < width;
         done += p.len) {
        p = first_part(at + done, width - done);
        if (is_there(ops, priv, &p)) {
            ops->write(priv, p.devfn, p.off,
                       (uint32_t)(val >> (8 * done) & ones(p.len)), p.len);
        }
    }
}
