/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which pages are one region's alone, so that a guest can have them. */
#include "pt-page.h"
#include "pt-xen.h"

bool pt_region_small(const struct pt_region *r)
{
    return !(r->flags & PT_REGION_IO) && r->addr != 0 && r->size != 0 &&
        r->size < PT_PAGE_SIZE;
}

bool pt_region_shares(const struct pt_region *r, uint64_t first,
                      uint64_t last)
{
    uint64_t page = r->addr & PT_PAGE_MASK;

    return pt_region_small(r) && first <= last &&
        first <= (page | ~PT_PAGE_MASK) && last >= page;
}

bool pt_region_displaced(const struct pt_region *r)
{
    return pt_region_small(r) && (r->addr & ~PT_PAGE_MASK) != 0;
}
