/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which pages are one region's alone, so that a guest can have them. */
#ifndef PT_PAGE_H
#define PT_PAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "pt-device.h"

/*
 * Is @r memory with an address, and smaller than a page? Only such a region
 * can have company: larger ones are made of whole pages.
 */
bool pt_region_small(const struct pt_region *r);

/*
 * May the page of @r not be mapped, as something else at the host's addresses
 * @first..@last is in it? The one rule, for whoever knows of something else;
 * false of all that is not small.
 */
bool pt_region_shares(const struct pt_region *r, uint64_t first,
                      uint64_t last);

/*
 * May it not be mapped in any case? What is mapped shows at a page's start in
 * the guest, and @r would not.
 */
bool pt_region_displaced(const struct pt_region *r);

#endif
