/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the tests of MSI share. */
#ifndef LIB_MSI_H
#define LIB_MSI_H

#include "lib-irq.h"

/* The four shapes of the structure, capable of 1 << @log2 vectors. */
static inline void shape(struct capture *c, unsigned i, unsigned log2)
{
    irq_card(c);
    add_msi(c, (i & 1 ? MSI_64 : MSI_32) | (i & 2 ? MSI_MASKS : 0) |
            MSI_CAPABLE(log2));
}

static inline void open_shape(struct world *w, unsigned i, unsigned log2,
                              const struct sim_xen_opts *xen)
{
    struct capture c;

    shape(&c, i, log2);
    irq_begin(w, &c, NULL, xen);
}

#endif
