/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * INTx lines on loan. With a device that leaves, libxl of Xen 4.18 and later
 * takes the line from the domain, whoever else of it has it; and one that is
 * taken from under a binding Xen keeps back until the domain ends. So all let
 * go of it before. It stays mapped, for libxl to take, and whoever needs it has
 * it again once that is so.
 *
 * libxl goes by the line that Linux names, bound or not; so does a loan. Where
 * nobody has it mapped, as all have messages, there is nothing that could be
 * seen taken: a line that is bound in the second before libxl comes is lost.
 */
#include <errno.h>
#include <limits.h>
#include <stddef.h>

#include "pt-pci.h"
#include "pt-irq.h"

#define LIBXL_TAKES_LINES (4 << 16 | 18)
#define LOOK_US 100000
/* libxl itself waits so long for a device model. */
#define LOAN_US 10000000

static uint64_t now_us(const struct pt_dev *d)
{
    return d->bus->ops->now_us(d->bus->priv);
}

static struct pt_loan *find_loan(struct pt_xen *x, int irq)
{
    unsigned i;

    for (i = 0; i < PT_MAX_LOANS; i++) {
        if (x->loan[i].irq == irq) {
            return &x->loan[i];
        }
    }
    return NULL;
}

static struct pt_loan *loan_of(const struct pt_dev *d)
{
    int irq = d->host->info.irq;

    return d->irq && d->xen && pt_is_line(irq) ?
        find_loan(d->xen, irq) : NULL;
}

/* The domain's devices on @d's line but itself, after @o; NULL: no more. */
static struct pt_dev *after(const struct pt_dev *d, struct pt_dev *o)
{
    do {
        o = o ? o->irq->next : d->xen->first;
    } while (o && (o == d || o->host->info.irq != d->host->info.irq));
    return o;
}

bool pt_loan_waits(struct pt_dev *d)
{
    d->irq->intx_lent = loan_of(d) != NULL;
    return d->irq->intx_lent;
}

uint64_t pt_loan_look_at(const struct pt_dev *d)
{
    const struct pt_loan *l = loan_of(d);

    return l ? l->look_us : PT_NEVER;
}

/* ------------------------------------------------------------------ */
/* The end                                                             */

static void end(struct pt_dev *d, struct pt_loan *l)
{
    struct pt_dev *o;

    *l = (struct pt_loan) { .irq = 0 };
    for (o = d->xen->first; o; o = o->irq->next) {
        if (o->irq->intx_lent) {
            o->dirty |= PT_DIRTY_IRQ;
            pt_sync(o);
        }
        pt_call_again(o);
    }
}

/* Nobody has taken it. */
static void give_back(struct pt_dev *d, struct pt_loan *l)
{
    pt_pirq_unmap(d, &l->pirq, 1, false);
    end(d, l);
}

/*
 * A number that no domain has: where the line is mapped it has another, and
 * where it is not this one is refused. Nothing changes.
 */
static bool is_taken(const struct pt_xen *x, const struct pt_loan *l)
{
    int pirq = INT_MAX;

    return x->ops->map_pirq_gsi(x->priv, l->gsi, &pirq) == -EINVAL;
}

void pt_loan_look(struct pt_dev *d)
{
    struct pt_loan *l = loan_of(d);

    if (!l) {
        return;
    }
    if (is_taken(d->xen, l)) {
        pt_pirq_taken(d, l->pirq);
        l->due--;
        /* For the next of those who left. */
        if (l->due == 0 || pt_pirq_map_line(d, l->gsi, &l->pirq) != 0) {
            end(d, l);
            return;
        }
    } else if (now_us(d) >= l->end_us) {
        give_back(d, l);
        return;
    }
    l->look_us = now_us(d) + LOOK_US;
}

/* ------------------------------------------------------------------ */
/* The beginning                                                       */

static void warn(struct pt_dev *o)
{
    if (o->irq->intx_bound) {
        pt_log_once(o, PT_ONCE_LINE, PT_LOG_WARNING, "a device that shares "
                    "its INTx line is detached: libxl of Xen 4.18 and later "
                    "takes the line from this one, too");
    }
}

/*
 * It raises no interrupt meanwhile, which dom0 would have to do with. If Xen
 * did not unbind all, there is no loan.
 */
static void has_lent(struct pt_dev *o)
{
    if (o->irq->intx_lent && pt_loan_waits(o)) {
        pt_log_once(o, PT_ONCE_LENT, PT_LOG_INFO, "a device that shares its "
                    "INTx line is detached: it has none until libxl has taken "
                    "the line from the guest (this is logged once)");
    }
    o->dirty |= PT_DIRTY_IRQ;
    pt_sync(o);
    pt_call_again(o);
}

/* All let go of it, @d first. Returns whether that could be tried. */
static bool lend(struct pt_dev *d, struct pt_loan *l)
{
    int pirq = d->irq->intx_pirq, gsi = d->irq->intx_gsi;
    struct pt_dev *o = NULL;

    if (!d->bus->ops->call_at || d->xen->version < 0 || !l ||
        pt_intx_let_go(d) != 0) {
        return false;
    }
    while ((o = after(d, o)) != NULL) {
        struct pt_irq *q = o->irq;
        bool used = q->intx_bound && !q->intx_kept;

        if (q->intx_pirq >= 0) {
            pirq = q->intx_pirq;
            gsi = q->intx_gsi;
        }
        q->intx_lent = pt_intx_let_go(o) == 0 && used;
    }
    if (pirq >= 0 && !pt_intx_in_use(d->xen, pirq)) {
        *l = (struct pt_loan) {
            .irq = d->host->info.irq, .gsi = gsi, .pirq = pirq, .due = 1,
            .look_us = now_us(d) + LOOK_US, .end_us = now_us(d) + LOAN_US,
        };
    }
    return true;
}

static bool libxl_takes_lines(struct pt_xen *x)
{
    if (x->version == 0) {
        x->version = x->ops->version(x->priv);
    }
    return x->version < 0 || x->version >= LIBXL_TAKES_LINES;
}

void pt_intx_leave(struct pt_dev *d, bool taken)
{
    bool others = pt_is_line(d->host->info.irq) && after(d, NULL);
    struct pt_loan *l = loan_of(d);
    struct pt_dev *o = NULL;

    if (l) {
        pt_intx_off(d);
        l->due += taken;
        l->end_us = now_us(d) + LOAN_US;
        if (!others) {
            /* Nobody is left to look. */
            pt_loan_look(d);
            l = loan_of(d);
            if (l) {
                give_back(d, l);
            }
        }
        return;
    }
    if (!others || !taken || !libxl_takes_lines(d->xen)) {
        pt_intx_off(d);
        return;
    }
    if (!lend(d, find_loan(d->xen, 0))) {
        pt_intx_off(d);
    }
    while ((o = after(d, o)) != NULL) {
        has_lent(o);
        warn(o);
    }
}
