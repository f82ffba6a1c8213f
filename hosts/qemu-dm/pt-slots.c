/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Places on the guest's bus. */
#include <errno.h>
#include <string.h>

#include "pt-params.h"
#include "pt-slots.h"

#define IGD_SLOT 2u
#define FUNC_MASK 7u

static bool in_use(const struct pt_slots *s, unsigned devfn)
{
    return s->used[devfn] || s->emulated(s->priv, devfn);
}

unsigned pt_slots_count(const struct pt_slots *s, unsigned devfn)
{
    unsigned first = devfn & ~FUNC_MASK, n = 0;

    for (unsigned i = 0; i < PT_SLOT_FUNCS; i++) {
        n += in_use(s, first + i);
    }
    return n;
}

int pt_slots_find(const struct pt_slots *s, const struct pt_sbdf *addr)
{
    for (unsigned i = 0; i < PT_NUM_DEVFNS; i++) {
        const struct pt_sbdf *a = &s->addr[i];

        if (s->used[i] && a->domain == addr->domain && a->bus == addr->bus &&
            a->dev == addr->dev && a->func == addr->func) {
            return (int)i;
        }
    }
    return -1;
}

static int free_slot(const struct pt_slots *s)
{
    for (unsigned devfn = 0; devfn < PT_NUM_DEVFNS; devfn += PT_SLOT_FUNCS) {
        if (s->keep_igd && devfn / PT_SLOT_FUNCS == IGD_SLOT) {
            continue;
        }
        if (pt_slots_count(s, devfn) == 0) {
            return (int)devfn;
        }
    }
    return -1;
}

int pt_slots_take(struct pt_slots *s, const struct pt_sbdf *addr,
                  unsigned vdevfn, struct pt_error *err)
{
    int devfn = pt_slots_find(s, addr);
    char name[PT_SBDF_LEN];

    pt_sbdf_str(addr, name);
    if (devfn >= 0) {
        pt_fail(err, EBUSY, "%s is assigned already, at %02x.%x", name,
                (unsigned)devfn / PT_SLOT_FUNCS, (unsigned)devfn & FUNC_MASK);
        return PT_SLOT_BUSY;
    }
    if (vdevfn & PT_AUTO_SLOT) {
        devfn = free_slot(s);
        if (devfn < 0) {
            pt_fail(err, ENOSPC, "%s: no slot of the guest's bus is free",
                    name);
            return PT_SLOT_NO_ROOM;
        }
        devfn += (int)(vdevfn & FUNC_MASK);
    } else {
        devfn = (int)(vdevfn & 0xff);
        if (in_use(s, (unsigned)devfn)) {
            pt_fail(err, EBUSY, "%s: %02x.%x of the guest's bus is taken",
                    name, (unsigned)devfn / PT_SLOT_FUNCS,
                    (unsigned)devfn & FUNC_MASK);
            return PT_SLOT_BUSY;
        }
    }
    s->used[devfn] = true;
    s->addr[devfn] = *addr;
    return devfn;
}

void pt_slots_free(struct pt_slots *s, unsigned devfn)
{
    s->used[devfn] = false;
    memset(&s->addr[devfn], 0, sizeof(s->addr[devfn]));
}
