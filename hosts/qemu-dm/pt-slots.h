/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who has which place on the guest's bus. The unit is the devfn; an automatic
 * place is a slot of which nobody has any function.
 */
#ifndef PT_SLOTS_H
#define PT_SLOTS_H

#include <stdbool.h>

#include "pt-device.h"

#define PT_SLOT_FUNCS 8
#define PT_NUM_DEVFNS 256

/* What the tree's callers tell apart. */
#define PT_SLOT_NO_ROOM (-1)
#define PT_SLOT_BUSY (-2)

/* Is an emulated device at @devfn? */
typedef bool pt_slots_emulated(void *priv, unsigned devfn);

struct pt_slots {
    bool used[PT_NUM_DEVFNS];
    struct pt_sbdf addr[PT_NUM_DEVFNS];  /* whose, while used */
    bool keep_igd;                       /* slot 2 is not for others */
    pt_slots_emulated *emulated;
    void *priv;
};

/*
 * Find a place for the function at @addr and take it.
 * @vdevfn: see struct pt_params.
 * Returns 0..255, PT_SLOT_NO_ROOM, or PT_SLOT_BUSY: the place is taken, or
 * the function has one already. @err: why.
 */
int pt_slots_take(struct pt_slots *s, const struct pt_sbdf *addr,
                  unsigned vdevfn, struct pt_error *err);

/* Give a place back; one that is free stays so. @devfn: 0..255. */
void pt_slots_free(struct pt_slots *s, unsigned devfn);

/* The place of the function at @addr; -1: it has none. */
int pt_slots_find(const struct pt_slots *s, const struct pt_sbdf *addr);

/* How many functions, ours or emulated, the slot of @devfn has. */
unsigned pt_slots_count(const struct pt_slots *s, unsigned devfn);

#endif
