/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What hosts of the engine share. */
#include "pt-pci.h"
#include "pt-common.h"

void pt_places_init(struct pt_places *p)
{
    for (unsigned n = 0; n < PT_NUM_REGIONS; n++) {
        p->at[n] = (struct pt_place) { .addr = PT_UNMAPPED };
    }
}

bool pt_places_move(struct pt_places *p, const struct pt_dev *d, unsigned n,
                    uint64_t addr)
{
    unsigned flags = pt_info(d)->region[n].flags;
    bool was = p->at[n].addr != PT_UNMAPPED;

    p->at[n] = (struct pt_place) {
        .io = flags & PT_REGION_IO,
        .prefetch = flags & PT_REGION_PREFETCH,
        .addr = addr,
        .size = pt_region_size(d, n),
    };
    return was;
}

bool pt_overlap(uint64_t a, uint64_t a_size, uint64_t b, uint64_t b_size)
{
    return a_size && b_size && a <= b + (b_size - 1) && b <= a + (a_size - 1);
}

bool pt_places_have(const struct pt_places *p, bool io, uint64_t addr,
                    uint64_t size)
{
    for (unsigned n = 0; n < PT_NUM_REGIONS; n++) {
        const struct pt_place *r = &p->at[n];

        if (r->addr != PT_UNMAPPED && r->io == io &&
            pt_overlap(addr, size, r->addr, r->size)) {
            return true;
        }
    }
    return false;
}

bool pt_places_any(const struct pt_places *p)
{
    for (unsigned n = 0; n < PT_NUM_REGIONS; n++) {
        if (p->at[n].addr != PT_UNMAPPED) {
            return true;
        }
    }
    return false;
}

struct pt_shown pt_places_show(const struct pt_places *p, unsigned n)
{
    const struct pt_place *r = &p->at[n];
    bool low = r->addr != PT_UNMAPPED && r->addr + (r->size - 1) < UINT32_MAX;

    return (struct pt_shown) {
        .addr = low ? (uint32_t)r->addr : UINT32_MAX,
        .size = low ? (uint32_t)r->size : 0,
        .type = r->io ? PCI_BASE_ADDRESS_SPACE_IO :
            r->prefetch ? PCI_BASE_ADDRESS_MEM_PREFETCH : 0,
    };
}

bool pt_time_due(uint64_t *us, uint64_t now)
{
    bool due = *us != PT_NEVER && now >= *us;

    if (due) {
        *us = PT_NEVER;
    }
    return due;
}

void pt_times_init(struct pt_times *t)
{
    *t = (struct pt_times) { .tick = PT_NEVER, .rest = PT_NEVER };
}

void pt_times_moved(struct pt_times *t, uint64_t addr, uint64_t now)
{
    if (addr == PT_UNMAPPED) {
        t->rest = now + PT_REST_US;
    }
}

uint64_t pt_times_first(const struct pt_times *t)
{
    return t->tick < t->rest ? t->tick : t->rest;
}

void pt_times_run(struct pt_times *t, struct pt_dev *d, uint64_t now)
{
    if (pt_time_due(&t->rest, now)) {
        pt_yield(d, false, 0, UINT64_MAX);
        pt_yield(d, true, 0, UINT64_MAX);
    }
    if (pt_time_due(&t->tick, now)) {
        pt_tick(d);
    }
}

const char *pt_level_prefix(enum pt_level level)
{
    static const char *const prefix[] = {
        [PT_LOG_INFO] = "",
        [PT_LOG_WARNING] = "warning: ",
        [PT_LOG_ERROR] = "error: ",
    };

    return prefix[level];
}
