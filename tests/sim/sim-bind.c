/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SIMULATED: what Xen binds pirqs to. See sim-xen.h. */
#include <errno.h>
#include <string.h>

#include "sim-xen.h"
#include "spec.h"

typedef unsigned long long ull;

/* A mapped pirq for @what, or NULL and a complaint. */
struct sim_pirq *sim_xen_usable(struct sim_xen *x, int pirq, const char *what)
{
    if (!sim_xen_pirq(x, pirq)) {
        sim_note(&x->notes, "%s of pirq %d, which is %s", what, pirq,
                 pirq < 0 || (unsigned)pirq >= x->nr_pirqs ?
                 "out of range" : "not mapped");
        return NULL;
    }
    return &x->pirq[pirq];
}

static int find_pin(const struct sim_pirq *p, uint8_t slot, uint8_t intx)
{
    unsigned i;

    for (i = 0; i < p->num_pins; i++) {
        if (p->pin[i].slot == slot && p->pin[i].intx == intx) {
            return (int)i;
        }
    }
    return -1;
}

/* What all of them begin with. *@p: the pirq that is meant. */
static int called(struct sim_xen *x, enum sim_call call, int pirq,
                  struct sim_pirq **p)
{
    bool line = call == SIM_BIND_INTX || call == SIM_UNBIND_INTX;
    int rc = sim_xen_call(x, call);

    if (rc != 0) {
        return rc;
    }
    if (line && x->opts.intx_8bit && pirq > UINT8_MAX) {
        return -ERANGE;
    }
    *p = sim_xen_usable(x, pirq, sim_call_name(call));
    return *p ? 0 : -EPERM;
}

static void pins_changed(struct sim_xen *x, struct sim_pirq *p, bool line)
{
    if (line) {
        sim_xen_update_lines(x);
    } else {
        sim_xen_sync_mask(x, p);
    }
}

static int bind_pin(struct sim_xen *x, enum sim_call call, int pirq,
                    uint8_t slot, uint8_t intx)
{
    bool line = call == SIM_BIND_INTX;
    struct sim_pirq *p;
    int rc = called(x, call, pirq, &p);

    if (rc != 0) {
        return rc;
    }
    if (slot > 31 || intx > 3 || p->nr != 1 ||
        p->kind != (line ? SIM_PIRQ_GSI : SIM_PIRQ_MSI)) {
        sim_note(&x->notes, "%s of pirq %d to slot %u pin %u",
                 sim_call_name(call), pirq, slot, intx);
        return -EINVAL;
    }
    /* Two functions of a guest's slot can have one line and one pin. */
    if (!line && p->bound != SIM_UNBOUND) {
        sim_note(&x->notes, "%s of pirq %d, which is bound",
                 sim_call_name(call), pirq);
    }
    if (p->num_pins == SIM_PINS_MAX) {
        return -ENOSPC;
    }
    p->pin[p->num_pins].slot = slot;
    p->pin[p->num_pins].intx = intx;
    p->num_pins++;
    if (p->bound == SIM_UNBOUND) {
        p->bound = line ? SIM_BOUND_INTX : SIM_BOUND_MSI_INTX;
        p->guest_masked = true;
    }
    pins_changed(x, p, line);
    return 0;
}

static int unbind_pin(struct sim_xen *x, enum sim_call call, int pirq,
                      uint8_t slot, uint8_t intx)
{
    bool line = call == SIM_UNBIND_INTX;
    struct sim_pirq *p;
    int at, rc = called(x, call, pirq, &p);

    if (rc != 0) {
        return rc;
    }
    at = find_pin(p, slot, intx);
    if (at < 0 || p->bound != (line ? SIM_BOUND_INTX : SIM_BOUND_MSI_INTX)) {
        sim_note(&x->notes, "%s of pirq %d from slot %u pin %u, where it is "
                 "not", sim_call_name(call), pirq, slot, intx);
        return -EINVAL;
    }
    while (at >= 0) {
        p->pin[at] = p->pin[--p->num_pins];
        at = find_pin(p, slot, intx);  /* all that are the same */
    }
    if (p->num_pins == 0) {
        p->bound = SIM_UNBOUND;
    }
    pins_changed(x, p, line);
    return 0;
}

int sim_xen_bind_intx(void *priv, int pirq, uint8_t slot, uint8_t intx)
{
    return bind_pin(priv, SIM_BIND_INTX, pirq, slot, intx);
}

int sim_xen_unbind_intx(void *priv, int pirq, uint8_t slot, uint8_t intx)
{
    return unbind_pin(priv, SIM_UNBIND_INTX, pirq, slot, intx);
}

int sim_xen_lower_intx(void *priv, uint8_t slot, uint8_t intx)
{
    struct sim_xen *x = priv;
    int rc = sim_xen_call(x, SIM_LOWER_INTX);

    if (rc != 0) {
        return rc;
    }
    if (slot > 31 || intx > 3) {
        return -EINVAL;
    }
    x->intx_level[slot][intx] = false;
    sim_xen_update_lines(x);
    return 0;
}

int sim_xen_bind_msi_intx(void *priv, int pirq, uint8_t slot, uint8_t intx)
{
    return bind_pin(priv, SIM_BIND_MSI_INTX, pirq, slot, intx);
}

int sim_xen_unbind_msi_intx(void *priv, int pirq, uint8_t slot, uint8_t intx)
{
    return unbind_pin(priv, SIM_UNBIND_MSI_INTX, pirq, slot, intx);
}

/* A vector comes to its device's table, or goes. */
static void use_table(struct sim_xen *x, struct sim_pirq *p, uint64_t gtable)
{
    struct sim_xen_dev *xd = sim_xen_find(x, p->dev);

    if (p->kind != SIM_PIRQ_MSIX) {
        if (gtable) {
            sim_note(&x->notes, "bind of an MSI with a table");
        }
        return;
    }
    p->gtable = gtable;
    if (!xd || !gtable) {
        return;
    }
    if (xd->refs == 0) {
        xd->gtable = gtable;
        memset(xd->changed, 0,
               (p->dev->msix.entries + 63) / 64 * sizeof(*xd->changed));
    } else if (xd->gtable != gtable) {
        sim_note(&x->notes, "bind with a table at %#llx while vectors are "
                 "bound with %#llx, which Xen keeps", (ull)gtable,
                 (ull)xd->gtable);
    }
    xd->refs++;
}

void sim_xen_leave_table(struct sim_xen *x, struct sim_pirq *p)
{
    struct sim_xen_dev *xd = sim_xen_find(x, p->dev);

    if (p->gtable && xd && --xd->refs == 0) {
        xd->gtable = 0;
    }
    p->gtable = 0;
}

int sim_xen_bind_msi(void *priv, int pirq, uint8_t gvec, uint32_t gflags,
                     uint64_t gtable)
{
    struct sim_xen *x = priv;
    struct sim_pirq *p;
    int rc = called(x, SIM_BIND_MSI, pirq, &p);

    if (rc != 0) {
        return rc;
    }
    if (gflags & ~UINT32_C(0x1f3ff)) {
        sim_note(&x->notes, "bind MSI of pirq %d with flags %#x", pirq,
                 gflags);
    }
    if (p->kind == SIM_PIRQ_GSI) {
        /* It would be looked at as a message, which it is not. */
        sim_note(&x->notes, "bind MSI of pirq %d, a line's", pirq);
        return -EBUSY;
    }
    if (p->bound == SIM_BOUND_MSI_INTX) {
        sim_note(&x->notes, "bind MSI of pirq %d, which is translated", pirq);
        return -EBUSY;
    }
    if (p->bound == SIM_UNBOUND) {
        use_table(x, p, gtable);
        p->guest_masked = true;
    } else if (p->gtable != gtable) {
        sim_note(&x->notes, "update of pirq %d with another table, which Xen "
                 "does not look at", pirq);
    }
    p->bound = SIM_BOUND_MSI;
    p->gvec = gvec;
    p->gflags = gflags;
    if (gflags & SPEC_VMSI_UNMASKED) {
        p->guest_masked = false;
    }
    sim_xen_sync_mask(x, p);
    return 0;
}

int sim_xen_unbind_msi(void *priv, int pirq, uint8_t gvec, uint32_t gflags)
{
    struct sim_xen *x = priv;
    struct sim_pirq *p;
    int rc = called(x, SIM_UNBIND_MSI, pirq, &p);

    (void)gflags;
    if (rc != 0) {
        return rc;
    }
    if (p->bound != SIM_BOUND_MSI) {
        sim_note(&x->notes, "unbind MSI of pirq %d, which is not bound so",
                 pirq);
        p->guest_masked = true;
        sim_xen_sync_mask(x, p);
        return 0;
    }
    if (p->gvec != gvec) {
        sim_note(&x->notes, "unbind MSI of pirq %d from vector %#x, it is "
                 "bound to %#x", pirq, gvec, p->gvec);
    }
    sim_xen_leave_table(x, p);
    p->bound = SIM_UNBOUND;
    p->guest_masked = true;
    sim_xen_sync_mask(x, p);
    return 0;
}
