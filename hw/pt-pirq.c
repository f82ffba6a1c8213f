/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What Xen is told of messages: pirqs mapped and unmapped, vectors bound and
 * unbound. Nothing here knows in which mode the device is.
 */
#include <errno.h>
#include <string.h>

#include "pt-irq.h"

/* Messages to the local APICs: PCI 3.0 leaves the address to the platform. */
#define MSI_ADDRESS_MASK 0xfff00000u
#define MSI_ADDRESS_BASE 0xfee00000u
#define MSI_DELIVERY_MASK 0x0700u
#define MSI_DELIVERY_LOWEST 0x0100u

#define NUM_ISA_IRQS 16

void pt_irq_complain(struct pt_dev *d, enum pt_once what, const char *text,
                     int rc)
{
    /* After a removal that timed out libxl takes the permissions first. */
    bool taken = what == PT_ONCE_UNBIND && rc == -EPERM;

    pt_log_once(d, what, PT_LOG_ERROR, "%s: %s%s", text, pt_strerror(rc),
                taken ? ": libxl took the device before; the guest's end "
                "frees it" : "");
}

/* ------------------------------------------------------------------ */
/* Which pirqs are taken                                               */

static void hold(struct pt_xen *x, int pirq, unsigned n, bool on)
{
    unsigned i;

    for (i = (unsigned)pirq; i < (unsigned)pirq + n; i++) {
        if (i < PT_MAX_PIRQS && on) {
            x->held[i / 64] |= UINT64_C(1) << (i % 64);
        } else if (i < PT_MAX_PIRQS) {
            x->held[i / 64] &= ~(UINT64_C(1) << (i % 64));
        }
    }
}

/*
 * Can a guest's message have @pirq? Xen does not look: one that is mapped
 * costs it a host interrupt for good, and our own undoing takes it from
 * whoever had it. Lines are never a message's, nor those below 16, which Xen
 * maps for every domain.
 */
static bool can_be_named(const struct pt_xen *x, int pirq)
{
    return pirq >= NUM_ISA_IRQS && pirq > x->top_gsi &&
        pirq < PT_MAX_PIRQS &&
        !(x->held[pirq / 64] >> (pirq % 64) & 1);
}

int pt_pirq_map_line(struct pt_dev *d, int gsi, int *pirq)
{
    struct pt_xen *x = d->xen;
    int rc;

    *pirq = -1;
    x->top_gsi = gsi > x->top_gsi ? gsi : x->top_gsi;
    rc = x->ops->map_pirq_gsi(x->priv, gsi, pirq);
    if (rc == 0) {
        hold(x, *pirq, 1, true);
    }
    return rc;
}

int pt_pirq_map(struct pt_dev *d, unsigned n, unsigned entry,
                uint64_t table_base, int *pirq)
{
    struct pt_xen *x = d->xen;
    int rc;

    /* Of a block Xen checks the first, and overwrites what is behind it. */
    if (*pirq >= 0 && (n > 1 || !can_be_named(x, *pirq))) {
        return -EINVAL;
    }
    rc = x->ops->map_pirq_msi(x->priv, &d->host->info.addr, n, entry,
                              table_base, pirq);
    if (rc == 0) {
        hold(x, *pirq, n, true);
    }
    return rc;
}

void pt_pirq_unmap(struct pt_dev *d, int *pirq, unsigned n, bool bound)
{
    struct pt_xen *x = d->xen;
    int rc;

    if (*pirq < 0) {
        return;
    }
    rc = x->ops->unmap_pirq(x->priv, *pirq);
    if (rc != 0) {
        rc = x->ops->unmap_pirq(x->priv, *pirq);
    }
    if (rc != 0) {
        pt_irq_complain(d, PT_ONCE_UNBIND, "can't give back a pirq", rc);
        return;
    }
    /* Xen remembers a binding that it had to end, and trips over another. */
    if (!bound) {
        hold(x, *pirq, n, false);
    }
    *pirq = -1;
}

void pt_pirq_taken(struct pt_dev *d, int pirq)
{
    hold(d->xen, pirq, 1, false);
}

/* ------------------------------------------------------------------ */
/* Messages                                                            */

/* gflags as Xen takes them, from a message as the guest wrote it. */
static uint32_t gflags_of(const struct pt_want *w)
{
    return ((w->addr_lo >> 12) & PT_GFLAGS_DEST_ID_MASK) |
        (w->addr_lo & 0x8 ? PT_GFLAGS_RH : 0) |
        (w->addr_lo & 0x4 ? PT_GFLAGS_DM : 0) |
        ((w->data << 4) & PT_GFLAGS_DELIV_MASK) |
        (w->data & 0x8000 ? PT_GFLAGS_TRIG : 0);
}

bool pt_for_apic(uint32_t addr_lo)
{
    return (addr_lo & MSI_ADDRESS_MASK) == MSI_ADDRESS_BASE;
}

/* Asked once a domain, when the first message names a pirq. */
static bool has_hvm_pirqs(struct pt_xen *x)
{
    if (!x->asked_pirqs) {
        x->asked_pirqs = true;
        x->no_pirqs = x->ops->has_hvm_pirqs(x->priv) == 0;
    }
    return !x->no_pirqs;
}

/*
 * A driver on Xen has vector 0 mean "my event channel's pirq", and the number
 * in the address, if the guest has event channels for pirqs.
 */
int pt_pirq_named(const struct pt_dev *d, const struct pt_want *w)
{
    uint32_t n = (w->addr_hi & 0xffffff00u) | ((w->addr_lo >> 12) & 0xff);

    return pt_for_apic(w->addr_lo) && (w->data & 0xff) == 0 && n != 0 &&
        n <= INT32_MAX && has_hvm_pirqs(d->xen) ? (int)n : -1;
}

/*
 * Table entries start as nothing or as garbage, and Xen complains at each
 * message of an unknown kind.
 */
int pt_pirq_wanted(struct pt_dev *d, const struct pt_want *w, int has)
{
    int named = pt_pirq_named(d, w);

    if (named < 0) {
        return pt_for_apic(w->addr_lo) &&
            (w->data & MSI_DELIVERY_MASK) <= MSI_DELIVERY_LOWEST ?
            PT_PIRQ_ANY : PT_PIRQ_NONE;
    }
    if (named != has && !can_be_named(d->xen, named)) {
        pt_log_once(d, PT_ONCE_PIRQ, PT_LOG_WARNING, "an interrupt is lost: "
                    "its message names pirq %d, which is not the guest's",
                    named);
        return PT_PIRQ_NONE;
    }
    return named;
}

void pt_vector_unbind(struct pt_dev *d, struct pt_has *h)
{
    const struct pt_xen *x = d->xen;
    int rc;

    if (!h->bound) {
        return;
    }
    rc = x->ops->unbind_msi(x->priv, h->pirq, h->gvec, h->gflags);
    if (rc != 0) {
        rc = x->ops->unbind_msi(x->priv, h->pirq, h->gvec, h->gflags);
    }
    if (rc != 0) {
        pt_irq_complain(d, PT_ONCE_UNBIND, "can't unbind a message", rc);
        return;
    }
    h->bound = false;
}

bool pt_vector_up_to_date(const struct pt_has *h, const struct pt_want *w,
                          uint32_t data)
{
    return h->gvec == (uint8_t)data && h->gflags == gflags_of(w);
}

/* Xen leaves a vector masked that it is not told to unmask. */
int pt_vector_bind(struct pt_dev *d, struct pt_has *h,
                   const struct pt_want *w, uint32_t data, uint64_t gtable,
                   bool unmask)
{
    const struct pt_xen *x = d->xen;
    uint32_t gflags = gflags_of(w);
    int named = pt_pirq_named(d, w), rc;

    if (h->bound && h->gtable != gtable) {
        return -EBUSY;  /* it could not be unbound, and Xen says so */
    }
    if (h->bound && pt_vector_up_to_date(h, w, data)) {
        return 0;
    }
    rc = x->ops->bind_msi(x->priv, h->pirq, (uint8_t)data, gflags |
                          (!(w->ctrl & PT_MSIX_MASKED) || unmask ?
                           PT_GFLAGS_UNMASKED : 0), gtable);
    if (rc != 0) {
        pt_irq_complain(d, PT_ONCE_MSI, "can't bind a message", rc);
        return rc;
    }
    h->bound = true;
    h->channel = named >= 0 ? named : 0;
    h->gvec = (uint8_t)data;
    h->gflags = gflags;
    h->gtable = gtable;
    return 0;
}
