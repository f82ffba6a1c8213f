/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * INTx: the device's line, bound to the guest's slot and pin; and MSI-INTx
 * translation, where the device's MSI is bound there in its place.
 * PCI Local Bus 3.0 section 2.2.6.
 */
#include <errno.h>
#include <string.h>

#include "pt-pci.h"
#include "pt-irq.h"

/* ------------------------------------------------------------------ */
/* INTx                                                                */

/* Who has this pirq at this pin of the guest's; a new line if nobody does. */
static struct pt_line *find_line(struct pt_xen *x, int pirq, uint8_t slot,
                                 uint8_t pin)
{
    struct pt_line *free = NULL;
    unsigned i;

    for (i = 0; i < PT_MAX_LINES; i++) {
        struct pt_line *l = &x->line[i];

        if (l->users && l->pirq == pirq && l->slot == slot && l->pin == pin) {
            return l;
        }
        if (!free && !l->users) {
            free = l;
        }
    }
    if (free) {
        *free = (struct pt_line) { .pirq = pirq, .slot = slot, .pin = pin };
    }
    return free;
}

static unsigned users_of(const struct pt_xen *x, int pirq)
{
    unsigned i, n = 0;

    for (i = 0; i < PT_MAX_LINES; i++) {
        n += x->line[i].pirq == pirq ? x->line[i].users : 0;
    }
    return n;
}

bool pt_intx_in_use(const struct pt_xen *x, int pirq)
{
    return users_of(x, pirq) > 0;
}

static struct pt_line *line_of(const struct pt_dev *d)
{
    return find_line(d->xen, d->irq->intx_pirq, pt_irq_slot(d), d->irq->pin);
}

/*
 * Several devices' lines can be one pirq: the last gives it back. @bound: Xen
 * refused to unbind it.
 */
static void line_put(struct pt_dev *d, bool bound)
{
    struct pt_irq *q = d->irq;
    struct pt_line *l = line_of(d);

    if (!l) {
        return;  /* not reached: who has a pirq has a line */
    }
    if (users_of(d->xen, q->intx_pirq) > 1) {
        q->intx_pirq = -1;
    } else {
        pt_pirq_unmap(d, &q->intx_pirq, 1, bound);
    }
    /* It is one as long as Xen refuses. */
    l->users -= q->intx_pirq < 0;
}

/* Nobody is left to end an interrupt that the guest has not ended yet. */
static void lower_pin(struct pt_dev *d)
{
    const struct pt_xen *x = d->xen;
    unsigned i;
    int rc;

    for (i = 0; i < PT_MAX_LINES; i++) {
        if (x->line[i].bound && x->line[i].slot == pt_irq_slot(d) &&
            x->line[i].pin == d->irq->pin) {
            return;
        }
    }
    rc = x->ops->lower_intx(x->priv, pt_irq_slot(d), d->irq->pin);
    if (rc != 0) {
        rc = x->ops->lower_intx(x->priv, pt_irq_slot(d), d->irq->pin);
    }
    if (rc != 0) {
        pt_irq_complain(d, PT_ONCE_UNBIND, "can't lower the guest's INTx", rc);
    }
}

/*
 * Xen ends bindings that are the same together: the last one's ends. @force:
 * it counts as unbound also if Xen refuses, for its pirq is unmapped.
 */
static int unbind(struct pt_dev *d, bool force)
{
    const struct pt_xen *x = d->xen;
    struct pt_irq *q = d->irq;
    struct pt_line *l = line_of(d);
    uint8_t slot = pt_irq_slot(d);
    bool last = !l || l->bound == 1;
    int rc = 0;

    if (last) {
        rc = x->ops->unbind_intx(x->priv, q->intx_pirq, slot, q->pin);
    }
    if (rc != 0) {
        rc = x->ops->unbind_intx(x->priv, q->intx_pirq, slot, q->pin);
    }
    if (rc != 0) {
        pt_irq_complain(d, PT_ONCE_UNBIND, "can't unbind INTx", rc);
    }
    if (rc != 0 && !force) {
        return rc;
    }
    q->intx_bound = false;
    if (l) {
        l->bound--;
    }
    if (last) {
        lower_pin(d);
    }
    return rc;
}

void pt_intx_off(struct pt_dev *d)
{
    struct pt_irq *q = d->irq;
    int rc = q->intx_bound ? unbind(d, true) : 0;

    if (q->intx_pirq >= 0) {
        line_put(d, rc != 0);
    }
    q->intx_lent = false;
}

int pt_intx_let_go(struct pt_dev *d)
{
    struct pt_irq *q = d->irq;
    int rc = q->intx_bound ? unbind(d, false) : 0;

    if (rc == 0 && q->intx_pirq >= 0) {
        line_of(d)->users--;
        q->intx_pirq = -1;
    }
    if (rc == 0 && q->intx_kept) {
        q->intx_kept = false;
        q->intx_rests = true;
    }
    return rc;
}

/*
 * What libxl would take with another device (see pt-loan.c) is not to be bound
 * for no use, and what Xen does not unbind is left to it. Nor is a pirq held: it
 * could be another line's by the time that it is given back.
 */
void pt_intx_rest(struct pt_dev *d)
{
    struct pt_irq *q = d->irq;

    q->intx_failed = false;
    if (q->intx_lent) {
        q->intx_lent = false;
        q->intx_rests = true;
    }
    if (q->intx_kept) {
        return;
    }
    if (q->intx_bound) {
        q->intx_rests = unbind(d, false) == 0;
        q->intx_kept = !q->intx_rests;
    }
    if (!q->intx_kept && q->intx_pirq >= 0) {
        line_put(d, false);
        q->intx_kept = q->intx_pirq >= 0;
    }
}

void pt_intx_on(struct pt_dev *d)
{
    struct pt_irq *q = d->irq;
    const struct pt_xen *x = d->xen;
    int rc, gsi = -ENXIO, pirq = -1;
    struct pt_line *l;

    q->intx_kept = q->intx_rests = false;
    if (!q->has_pin || q->intx_bound || q->intx_failed || pt_loan_waits(d)) {
        return;
    }
    q->intx_failed = true;
    if (pt_is_line(d->host->info.irq)) {
        gsi = x->ops->line_gsi(x->priv, &d->host->info.addr,
                               d->host->info.irq);
    }
    rc = gsi < 0 ? gsi : pt_pirq_map_line(d, gsi, &pirq);
    if (rc != 0) {
        pt_irq_complain(d, PT_ONCE_INTX, "no INTx: can't map its line", rc);
        return;
    }
    l = find_line(d->xen, pirq, pt_irq_slot(d), q->pin);
    if (!l) {
        pt_irq_complain(d, PT_ONCE_INTX, "no INTx: too many lines", -ENOSPC);
        if (users_of(d->xen, pirq) == 0) {
            pt_pirq_unmap(d, &pirq, 1, false);
        }
        return;
    }
    /* Its own, should Xen have refused to take it back. */
    if (q->intx_pirq != pirq) {
        if (users_of(d->xen, pirq) > 0) {
            pt_log_once(d, PT_ONCE_SHARED, PT_LOG_WARNING, "shares its INTx "
                        "line (GSI %d) with another device: each can delay "
                        "the other's interrupts", gsi);
        }
        l->users++;
    }
    q->intx_pirq = pirq;
    q->intx_gsi = gsi;
    rc = l->bound ? 0 :
        x->ops->bind_intx(x->priv, pirq, pt_irq_slot(d), q->pin);
    if (rc != 0) {
        pt_irq_complain(d, PT_ONCE_INTX, "no INTx: can't bind it", rc);
        line_put(d, false);
        return;
    }
    l->bound++;
    q->intx_bound = true;
    q->intx_failed = false;
}

/*
 * Beside messages it is the guest's: the pin is silent anyway (PCI 3.0,
 * 6.8.1.3), and there are devices that send no MSI with it set, whose drivers
 * know (Linux' quirk_msi_intx_disable_bug()).
 */
bool pt_irq_intx_disabled(const struct pt_dev *d)
{
    return !d->irq || !(d->irq->intx_bound || d->irq->intx_rests) ||
        (pt_copy(d, PCI_COMMAND, 2) & PCI_COMMAND_DISABLE_INTx);
}

/* ------------------------------------------------------------------ */
/* MSI-INTx translation                                                */

/*
 * libxl has Xen assign a device once the device model has answered, and until
 * then there is no pirq for its MSI. So often the guest's Command register is
 * waited for; then a device that is never assigned costs nothing more.
 */
#define TRANSLATE_WAITS 8

void pt_translate_off(struct pt_dev *d)
{
    uint8_t slot = pt_irq_slot(d);
    struct pt_irq *q = d->irq;
    const struct pt_xen *x = d->xen;
    int rc = 0;

    if (q->translate_bound) {
        rc = x->ops->unbind_msi_intx(x->priv, q->translate_pirq, slot,
                                     q->pin);
        if (rc != 0) {
            rc = x->ops->unbind_msi_intx(x->priv, q->translate_pirq, slot,
                                         q->pin);
        }
        if (rc != 0) {
            pt_irq_complain(d, PT_ONCE_UNBIND,
                            "can't unbind a translated MSI", rc);
        }
        q->translate_bound = false;
        lower_pin(d);
    }
    if (q->translate_pirq >= 0) {
        pt_msi_unmap(d, &q->translate_pirq, 1, rc != 0);
    }
}

/*
 * Xen takes a vector that a guest has for one that the guest masked, and knows
 * no guest that would unmask this one. It understands the write; where it does
 * not see it (PVH), the device does.
 */
static int unmask(struct pt_dev *d)
{
    uint16_t pos = d->irq->msi_pos;
    uint32_t flags = pt_load(d->snap + pos + PCI_MSI_FLAGS, 2);

    if (!(flags & PCI_MSI_FLAGS_MASK_BIT)) {
        return 0;
    }
    return pt_host_write_val(d, (uint16_t)(pos +
        (flags & PCI_MSI_FLAGS_64BIT ? PCI_MSI_MASK_BIT_64 :
         PCI_MSI_MASK_BIT_32)), 0, 4);
}

int pt_translate_on(struct pt_dev *d)
{
    struct pt_irq *q = d->irq;
    const struct pt_xen *x = d->xen;
    int rc = 0;

    if (q->translate_bound) {
        return 0;
    }
    if (q->translate_pirq < 0) {
        rc = pt_pirq_map(d, 1, 0, 0, &q->translate_pirq);
    }
    if (rc == 0) {
        rc = x->ops->bind_msi_intx(x->priv, q->translate_pirq, pt_irq_slot(d),
                                   q->pin);
        q->translate_bound = rc == 0;
    }
    if (rc == 0) {
        rc = unmask(d);
    }
    if (rc != 0) {
        pt_translate_off(d);
        q->translate_failed = true;
        if (rc == -ENODEV && q->translate_waited < TRANSLATE_WAITS) {
            q->translate_waits = true;
            q->translate_waited++;
            return rc;
        }
        pt_irq_complain(d, PT_ONCE_MSI,
                        "no MSI-INTx translation, INTx instead", rc);
        return rc;
    }
    if (q->translate_waited) {
        q->translate_waited = 0;
        pt_log(d, PT_LOG_INFO, "msitranslate=1 is in force");
    }
    return 0;
}

bool pt_irq_waits(const struct pt_dev *d)
{
    return d->irq && (d->irq->translate_waits || d->irq->waits);
}

const char *pt_irq_translation(const struct pt_dev *d)
{
    const struct pt_irq *q = d->irq;

    if (!d->policy.msitranslate || q->translate_bound) {
        return d->policy.msitranslate ? "1" : "0";
    }
    if (!q->msi_pos || !q->has_pin) {
        return "0 (it takes MSI and an interrupt pin)";
    }
    return q->translate_waits ? "0 (until Xen has it assigned)" :
        "0 (it failed)";
}
