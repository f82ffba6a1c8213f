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

void pt_irq_complain(struct pt_dev *d, enum pt_once what, const char *text,
                     int rc)
{
    pt_log_once(d, what, PT_LOG_ERROR, "%s: %s", text, strerror(-rc));
}

void pt_pirq_unmap(struct pt_dev *d, int *pirq)
{
    const struct pt_xen *x = d->xen;
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
    *pirq = -1;
}

/* gflags as Xen takes them, from a message as the guest wrote it. */
static uint32_t gflags_of(const struct pt_vector *v)
{
    return ((v->addr_lo >> 12) & PT_GFLAGS_DEST_ID_MASK) |
        (v->addr_lo & 0x8 ? PT_GFLAGS_RH : 0) |
        (v->addr_lo & 0x4 ? PT_GFLAGS_DM : 0) |
        ((v->data << 4) & PT_GFLAGS_DELIV_MASK) |
        (v->data & 0x8000 ? PT_GFLAGS_TRIG : 0);
}

/*
 * A driver on Xen has vector 0 mean "my event channel's pirq", and the number
 * in the address. -1: an ordinary message.
 */
int pt_vector_pirq(const struct pt_vector *v)
{
    uint32_t n = (v->addr_hi & 0xffffff00u) | ((v->addr_lo >> 12) & 0xff);

    return (v->addr_lo & MSI_ADDRESS_MASK) == MSI_ADDRESS_BASE &&
        (v->data & 0xff) == 0 && n != 0 && n <= INT32_MAX ? (int)n : -1;
}

/*
 * Is the message one that Xen can deliver? Table entries start as nothing or
 * as garbage, and Xen complains at each message of an unknown kind.
 */
bool pt_vector_programmed(const struct pt_vector *v)
{
    return (v->addr_lo & MSI_ADDRESS_MASK) == MSI_ADDRESS_BASE &&
        ((v->data & MSI_DELIVERY_MASK) <= MSI_DELIVERY_LOWEST ||
         pt_vector_pirq(v) >= 0);
}

void pt_vector_unbind(struct pt_dev *d, struct pt_vector *v)
{
    const struct pt_xen *x = d->xen;
    int rc;

    if (!v->bound) {
        return;
    }
    rc = x->ops->unbind_msi(x->priv, v->pirq, v->gvec, v->gflags);
    if (rc != 0) {
        rc = x->ops->unbind_msi(x->priv, v->pirq, v->gvec, v->gflags);
    }
    if (rc != 0) {
        pt_irq_complain(d, PT_ONCE_UNBIND, "can't unbind a message", rc);
        return;
    }
    v->bound = false;
}

/* Does Xen know the message as the guest has it now? */
bool pt_vector_up_to_date(const struct pt_vector *v, uint32_t data)
{
    return v->gvec == (uint8_t)data && v->gflags == gflags_of(v);
}

/*
 * Bind, or tell Xen what changed; nothing if nothing did. Xen leaves a vector
 * masked that it is not told to unmask.
 */
int pt_vector_bind(struct pt_dev *d, struct pt_vector *v, uint32_t data,
                   uint64_t gtable, bool unmask)
{
    const struct pt_xen *x = d->xen;
    uint8_t gvec = (uint8_t)data;
    uint32_t gflags = gflags_of(v);
    int rc;

    if (v->bound && v->gtable != gtable) {
        return -EBUSY;  /* it could not be unbound, and Xen says so */
    }
    if (v->bound && pt_vector_up_to_date(v, data)) {
        return 0;
    }
    rc = x->ops->bind_msi(x->priv, v->pirq, gvec, gflags |
                          (!(v->ctrl & PT_MSIX_MASKED) || unmask ?
                           PT_GFLAGS_UNMASKED : 0), gtable);
    if (rc != 0) {
        pt_irq_complain(d, PT_ONCE_MSI, "can't bind a message", rc);
        return rc;
    }
    v->bound = true;
    v->channel = pt_vector_pirq(v) >= 0 ? pt_vector_pirq(v) : 0;
    v->gvec = gvec;
    v->gflags = gflags;
    v->gtable = gtable;
    return 0;
}

int pt_pirq_map_msi(struct pt_dev *d, unsigned n, int *pirq)
{
    /* Xen would not give up an earlier mapping. */
    if (d->irq->msi_vectors || d->irq->translate_pirq >= 0) {
        return -EBUSY;
    }
    return d->xen->ops->map_pirq_msi(d->xen->priv, &d->host->info.addr, n, 0,
                                     0, pirq);
}
