/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What hosts of the engine share: where a device's regions are on the guest's
 * bus, for buses that know 32 bits of address only, and times.
 */
#ifndef PT_COMMON_H
#define PT_COMMON_H

#include "pass-through.h"

/* A region as the engine has it mapped. */
struct pt_place {
    bool io;
    bool prefetch;
    uint64_t addr;  /* PT_UNMAPPED */
    uint64_t size;
};

/* A device's; the engine's index is the bus's too. */
struct pt_places {
    struct pt_place at[PT_NUM_REGIONS];
};

/* What a bus of 32 bits shows of one: as PCI 3.0, 6.2.5.1 has a BAR's bits. */
struct pt_shown {
    uint32_t addr;  /* UINT32_MAX: unmapped, or above 4 GiB */
    uint32_t size;
    uint8_t type;
};

/* All are unmapped. */
void pt_places_init(struct pt_places *p);
/*
 * For pt_bus_ops.moved: region @n of @d is at @addr now. Returns whether it
 * left a place, where something else may fit.
 */
bool pt_places_move(struct pt_places *p, const struct pt_dev *d, unsigned n,
                    uint64_t addr);
/* Is any of [@addr, @addr + @size) one of theirs? */
bool pt_places_have(const struct pt_places *p, bool io, uint64_t addr,
                    uint64_t size);
/* Is any of them anywhere? */
bool pt_places_any(const struct pt_places *p);
struct pt_shown pt_places_show(const struct pt_places *p, unsigned n);

/* Have [@a, @a + @a_size) and [@b, @b + @b_size) anything in common? */
bool pt_overlap(uint64_t a, uint64_t a_size, uint64_t b, uint64_t b_size);

/*
 * What a device waits for, for hosts that are not told where a guest puts
 * emulated devices: a region whose decoding was off for PT_REST_US leaves its
 * place, so that one can have it.
 */
#define PT_REST_US 1000000

struct pt_times {
    uint64_t tick;  /* pt_bus_ops.call_at; PT_NEVER, */
    uint64_t rest;  /* and so: a region rests, maybe */
};

void pt_times_init(struct pt_times *t);
/* For pt_bus_ops.moved, with the time: a region rests, if it is nowhere. */
void pt_times_moved(struct pt_times *t, uint64_t addr, uint64_t now);
/* The first of them. */
uint64_t pt_times_first(const struct pt_times *t);
/* Do what time has come for. */
void pt_times_run(struct pt_times *t, struct pt_dev *d, uint64_t now);
/* Has @*us come? Then it is PT_NEVER from now on. */
bool pt_time_due(uint64_t *us, uint64_t now);

/* What a line of @level begins with in a log that has no levels. */
const char *pt_level_prefix(enum pt_level level);

#endif
