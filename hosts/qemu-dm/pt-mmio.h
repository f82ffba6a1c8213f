/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Trapped windows on the tree's MMIO dispatch.
 *
 * The tree has 1024 places for ranges. Each address that a range starts at
 * takes one, which is used again only for the same address while nobody has
 * told Xen that the range is gone; and the process exits when there are no
 * more. A guest chooses these addresses, and can move a BAR for ever.
 *
 * So ranges are kept in a pool. One that is switched off stays known to Xen,
 * and comes back at no cost; one that has moved, or that another overlaps, is
 * taken from Xen too, at the cost of its place. When the domain has used up
 * PT_MMIO_STARTS places, there are no new addresses for it.
 */
#ifndef PT_MMIO_H
#define PT_MMIO_H

#include <stdbool.h>
#include <stdint.h>

#include "pt-bus.h"

#define PT_MMIO_RANGES 128   /* at a time; Xen takes 256 of a device model */
#define PT_MMIO_STARTS 768   /* places, ever */
/*
 * From this many on, a range that moved is kept: whoever moves so often, had
 * better be able to return.
 */
#define PT_MMIO_MOVES 256
/*
 * Switching a range off makes the tree log a line. A guest gets as many of an
 * assigned device; then its ranges stay, and answer as nothing would.
 */
#define PT_MMIO_OFF_LINES 64

struct pt_range {
    uint64_t start;
    uint64_t size;          /* 0: this place in the pool is free */
    int io;                 /* the tree's handle of the handlers */
    bool listed;            /* in the tree's dispatch */
    struct pt_trap *trap;   /* whose it is; NULL: nobody's */
    const void *owner;      /* who had it last, */
    const struct pt_trap *last;  /* and as which window */
    uint64_t used;          /* when that began or ended */
    void (*written)(void);  /* of struct pt_mmio, once it was on */
};

struct pt_mmio {
    struct pt_range range[PT_MMIO_RANGES];
    unsigned starts;
    uint64_t clock;
    /* After a write of the guest's, which can have moved BARs; may be NULL. */
    void (*written)(void);
};

/* No ranges: for a new life of the tree's. */
void pt_mmio_init(struct pt_mmio *m);

/*
 * Send the guest's accesses to [@t->gpa, @t->gpa + @t->size) to the engine.
 * Returns 0, -EBUSY (another window starts there) or -ENOSPC.
 */
int pt_mmio_on(struct pt_mmio *m, struct pt_trap *t, const void *owner);

/* No longer. @lines: what is left of @owner's PT_MMIO_OFF_LINES. */
void pt_mmio_off(struct pt_mmio *m, struct pt_trap *t, unsigned *lines);

/* @owner goes: nothing of it stays in the tree's dispatch. */
void pt_mmio_forget(struct pt_mmio *m, const void *owner);

#endif
