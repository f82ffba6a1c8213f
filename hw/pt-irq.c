/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Interrupts: which mode the guest wants (its registers, pt-msi.c), and Xen
 * and the device brought to it: one mode at a time, each left before the next
 * is entered.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "pt-pci.h"
#include "pt-irq.h"

/* ------------------------------------------------------------------ */
/* Reconciling                                                         */

static enum pt_irq_mode guest_mode(const struct pt_dev *d)
{
    const struct pt_irq *q = d->irq;
    bool msi = q->msi_pos && (pt_msi_flags(d) & PCI_MSI_FLAGS_ENABLE);
    bool msix = q->msix_pos && (pt_msix_flags(d) & PCI_MSIX_ENABLE);

    /* Both at once mean nothing (PCI 3.0, 6.8): the first one stays. */
    if (msi && msix && (q->mode == PT_IRQ_MSI || q->mode == PT_IRQ_MSIX)) {
        return q->mode;
    }
    if (msix) {
        return PT_IRQ_MSIX;
    }
    if (msi) {
        return PT_IRQ_MSI;
    }
    return d->policy.msitranslate && q->msi_pos && q->has_pin &&
        !q->translate_failed ? PT_IRQ_TRANSLATE : PT_IRQ_INTX;
}

static enum pt_irq_mode wanted_mode(const struct pt_dev *d)
{
    return pt_will_lose(d) ? PT_IRQ_INTX : guest_mode(d);
}

/* From one mode to the next: the device is silenced before anything goes. */
static void enter(struct pt_dev *d, enum pt_irq_mode mode)
{
    struct pt_irq *q = d->irq;
    unsigned i;

    if (q->mode == PT_IRQ_TRANSLATE || q->mode == PT_IRQ_MSI) {
        pt_msi_enable(d, false);
    }
    if (q->mode == PT_IRQ_MSIX) {
        pt_msix_enable(d, false, false);
        for (i = 0; i < q->entries; i++) {
            q->entry[i].want.written = false;
        }
    }
    q->mode = mode;
}

/*
 * The one place where messages go: whatever Xen holds of them that is not of
 * mode @keep, from a mode that was left just now or refused earlier. Returns
 * whether Xen took all.
 */
static bool sweep(struct pt_dev *d, enum pt_irq_mode keep)
{
    struct pt_irq *q = d->irq;

    /* Nothing to do, unless it failed when the mode was left. */
    if (keep != PT_IRQ_TRANSLATE && keep != PT_IRQ_MSI) {
        pt_msi_enable(d, false);
    }
    if (keep != PT_IRQ_MSIX) {
        pt_msix_enable(d, false, false);
        pt_msix_release(d);
    }
    if (keep != PT_IRQ_MSI) {
        pt_msi_release(d);
    }
    if (keep != PT_IRQ_TRANSLATE) {
        pt_translate_off(d);
    }
    return (keep == PT_IRQ_MSIX || !q->entries_held) &&
        (keep == PT_IRQ_MSI || !q->msi_vectors) &&
        (keep == PT_IRQ_TRANSLATE || q->translate_pirq < 0);
}

/* The guest reads that it is off, and can fall back. */
static void refuse(struct pt_dev *d)
{
    switch (d->irq->mode) {
    case PT_IRQ_INTX:
        break;
    case PT_IRQ_TRANSLATE:
        d->irq->translate_failed = true;
        break;
    case PT_IRQ_MSI:
        pt_msi_refuse(d);
        break;
    case PT_IRQ_MSIX:
        pt_msix_refuse(d);
        break;
    }
}

static void update(struct pt_dev *d)
{
    bool intx_off_by_guest =
        pt_copy(d, PCI_COMMAND, 2) & PCI_COMMAND_DISABLE_INTx;

    switch (d->irq->mode) {
    case PT_IRQ_INTX:
        break;
    case PT_IRQ_TRANSLATE:
        if (pt_translate_on(d) == 0) {
            pt_intx_rest(d);  /* before there is an interrupt at the pin */
            pt_msi_enable(d, !intx_off_by_guest);
        }
        break;
    case PT_IRQ_MSI:
        pt_msi_update(d);
        break;
    case PT_IRQ_MSIX:
        pt_msix_update(d);
        break;
    }
}

/* Does the device send messages, which it does not beside INTx? */
static bool in_force(const struct pt_irq *q)
{
    return (q->mode == PT_IRQ_MSI && q->msi_on) ||
        (q->mode == PT_IRQ_MSIX && q->msix_on);
}

void pt_irq_sync(struct pt_dev *d)
{
    struct pt_irq *q = d->irq;
    enum pt_irq_mode mode;
    unsigned tries;

    /* Xen writes to the device with each message: it has to listen. */
    if (!d->started || !q || pt_pm_asleep(d)) {
        return;
    }
    q->waits = false;
    if (q->stale) {
        q->stale = !sweep(d, PT_IRQ_INTX);
    }
    if (q->msix_pos) {
        q->gtable = pt_msix_table_address(d);
    }
    if (q->translate_waits) {
        q->translate_waits = q->translate_failed = false;
    }
    /* A mode that fails takes back its wish; INTx, the last, does not. */
    for (tries = 0; tries < 4; tries++) {
        mode = wanted_mode(d);
        if (mode != q->mode) {
            enter(d, mode);
        }
        /* Xen has a device in one mode at a time, and does not look. */
        if (sweep(d, mode) && !q->stale) {
            update(d);
        } else {
            refuse(d);
        }
        if (wanted_mode(d) == q->mode) {
            break;
        }
    }
    if (q->mode == PT_IRQ_INTX && !pt_will_lose(d)) {
        pt_intx_on(d);  /* translation was tried in its place */
    } else if (in_force(q)) {
        pt_intx_rest(d);
    }
}

uint64_t pt_irq_tick_at(const struct pt_dev *d)
{
    return pt_loan_look_at(d);
}

void pt_irq_tick(struct pt_dev *d)
{
    if (d->bus->ops->now_us(d->bus->priv) >= pt_irq_tick_at(d)) {
        pt_loan_look(d);
    }
}

void pt_irq_table_moved(struct pt_dev *d)
{
    if (d->irq->mode == PT_IRQ_MSIX &&
        pt_msix_table_address(d) != d->irq->gtable) {
        pt_irq_sync(d);
    }
}

/* ------------------------------------------------------------------ */
/* Life                                                                */

/* @lost: the guest goes on, and with it its event channels. */
static void forget_entries(struct pt_irq *q, bool lost)
{
    unsigned i;

    for (i = 0; i < q->entries; i++) {
        struct pt_vector *v = &q->entry[i];

        v->want = (struct pt_want) { .ctrl = PT_MSIX_MASKED };
        v->has.channel = lost ? v->has.channel : 0;
    }
}

/*
 * What of [@off, @off + @size) of its BAR does the Offset/BIR register at
 * @reg name? Returns the bytes that there are; 0: none.
 */
static uint32_t find_part(const struct pt_dev *d, const uint8_t *reg,
                          uint32_t size, uint8_t *bar, uint32_t *off)
{
    unsigned bir = reg[0] & PT_MSIX_BIR;
    const struct pt_region *r = &d->host->info.region[bir];

    *bar = (uint8_t)bir;
    *off = pt_load(reg, 4) & ~(uint32_t)PT_MSIX_BIR;
    if (bir >= PT_NUM_BARS || d->bar[bir].size == 0 || *off >= r->size ||
        (r->flags & PT_REGION_IO)) {
        return 0;
    }
    return size < r->size - *off ? size : (uint32_t)(r->size - *off);
}

/*
 * Where are table and pending bits? Those of a hidden capability are kept from
 * the guest too, as far as there are any: its messages would go where the
 * guest likes.
 */
static void find_table(struct pt_dev *d)
{
    struct pt_irq *q = d->irq;
    unsigned i, entries;

    for (i = 0; i < d->num_caps; i++) {
        const uint8_t *regs = d->snap + d->cap[i].pos;

        if (d->cap[i].id != PCI_CAP_ID_MSIX ||
            d->cap[i].pos + PCI_MSIX_TABLE + 4 > PT_CFG_SIZE) {
            continue;
        }
        entries = (pt_load(regs + PCI_MSI_FLAGS, 2) & PCI_MSIX_TABSIZE) + 1;
        q->table_size = find_part(d, regs + PCI_MSIX_TABLE,
                                  PT_MSIX_ENTRY_SIZE * entries,
                                  &q->table_bar, &q->table_off);
        if (d->cap[i].pos + PCI_MSIX_PBA + 4 <= PT_CFG_SIZE) {
            q->pba_size = find_part(d, regs + PCI_MSIX_PBA,
                                    (entries + 63) / 64 * 8, &q->pba_bar,
                                    &q->pba_off);
        }
        return;
    }
}

int pt_irq_init(struct pt_dev *d)
{
    const struct pt_cap *msi = pt_cap_find(d, PCI_CAP_ID_MSI);
    const struct pt_cap *msix = pt_cap_find(d, PCI_CAP_ID_MSIX);
    uint32_t flags;
    unsigned i;

    d->irq = calloc(1, sizeof(*d->irq));
    if (!d->irq) {
        return -ENOMEM;
    }
    d->irq->intx_pirq = d->irq->translate_pirq = -1;
    i = d->snap[PCI_INTERRUPT_PIN];
    d->irq->has_pin = i != 0;
    d->irq->pin = (uint8_t)(i >= 1 && i <= 4 ? i - 1 : 0);
    for (i = 0; i < PT_MSI_MAX_VECTORS; i++) {
        d->irq->msi[i].pirq = -1;
    }
    if (msi) {
        flags = pt_load(d->snap + msi->pos + PCI_MSI_FLAGS, 2);
        i = (flags & PCI_MSI_FLAGS_QMASK) >> 1;
        d->irq->msi_pos = msi->pos;
        d->irq->msi_max = (uint8_t)(1u << (i <= 5 ? i : 0));
    }
    find_table(d);
    if (msix) {
        flags = pt_load(d->snap + msix->pos + PCI_MSI_FLAGS, 2);
        d->irq->msix_pos = msix->pos;
        d->irq->entries = (flags & PCI_MSIX_TABSIZE) + 1;
        d->irq->entry = calloc(d->irq->entries, sizeof(*d->irq->entry));
        if (!d->irq->entry) {
            return -ENOMEM;
        }
        for (i = 0; i < d->irq->entries; i++) {
            d->irq->entry[i].has.pirq = -1;
        }
        forget_entries(d->irq, false);
    }
    return 0;
}

static void unlink_dev(struct pt_dev *d)
{
    struct pt_dev **at = &d->xen->first;

    while (*at && *at != d) {
        at = &(*at)->irq->next;
    }
    if (*at) {
        *at = d->irq->next;
    }
}

void pt_irq_free(struct pt_dev *d)
{
    if (d->irq) {
        if (d->xen) {
            unlink_dev(d);
        }
        free(d->irq->entry);
        free(d->irq);
        d->irq = NULL;
    }
}

/* How many messages does Xen map in a block? Ask by doing. */
static void find_msi_max(struct pt_dev *d)
{
    struct pt_irq *q = d->irq;
    unsigned has = q->msi_max;
    int rc = 0, failed = 0;

    while (q->msi_max > 1) {
        int pirq = -1;

        rc = pt_pirq_map(d, q->msi_max, 0, 0, &pirq);
        if (rc == 0) {
            pt_msi_unmap(d, &pirq, q->msi_max, false);
            break;
        }
        if (rc == -ENODEV) {
            return;  /* not assigned yet: whoever enables them will see */
        }
        failed = rc;
        q->msi_max /= 2;
    }
    if (failed) {
        pt_log(d, PT_LOG_INFO, "the guest is offered %u of its %u MSIs: Xen "
               "maps no more (%s)", q->msi_max, has, pt_strerror(failed));
    }
}

/*
 * Left on by the last owner: off before Xen programs anything, and also if
 * the guest does not get the capability.
 */
static int switch_off(struct pt_dev *d, uint8_t id, uint32_t bits)
{
    unsigned i;

    for (i = 0; i < d->num_caps; i++) {
        uint16_t off = (uint16_t)(d->cap[i].pos + PCI_MSI_FLAGS);
        uint32_t flags = pt_load(d->snap + off, 2);

        if (d->cap[i].id == id) {
            return flags & bits ?
                pt_host_write_val(d, off, flags & ~bits, 2) : 0;
        }
    }
    return 0;
}

int pt_irq_start(struct pt_dev *d)
{
    struct pt_irq *q = d->irq;
    int rc = switch_off(d, PCI_CAP_ID_MSI, PCI_MSI_FLAGS_ENABLE);
    struct pt_dev *other;

    /* Before a pirq that libxl has taken is another line's. */
    for (other = d->xen->first; other; other = other->irq->next) {
        pt_loan_look(other);
    }
    q->next = d->xen->first;
    d->xen->first = d;
    rc = rc ? rc : switch_off(d, PCI_CAP_ID_MSIX,
                              PCI_MSIX_ENABLE | PCI_MSIX_MASK);
    if (rc != 0) {
        return rc;
    }
    if (q->msi_pos) {
        find_msi_max(d);
    }
    pt_irq_sync(d);
    return 0;
}

/* All messages unbound and unmapped; what the guest wants stays. */
static void release(struct pt_dev *d)
{
    if (d->xen) {
        enter(d, PT_IRQ_INTX);
        d->irq->stale = !sweep(d, PT_IRQ_INTX);
    }
}

static void forget(struct pt_irq *q, bool lost)
{
    q->translate_failed = q->translate_waits = q->intx_failed = false;
    forget_entries(q, lost);
}

void pt_irq_lost(struct pt_dev *d, enum pt_loss what)
{
    struct pt_irq *q = d->irq;

    /* Off by itself, unless the guest has had it enabled again since. */
    q->table_lost = true;
    release(d);
    q->table_lost = false;
    if (what != PT_LOST_REGISTERS) {
        forget(q, true);
    }
}

void pt_irq_reset(struct pt_dev *d)
{
    release(d);
    forget(d->irq, false);
}

void pt_irq_stop(struct pt_dev *d)
{
    pt_irq_reset(d);
    if (d->xen) {
        pt_intx_leave(d, d->known_to_libxl);
    }
}

void pt_irq_leave(struct pt_dev *d)
{
    pt_intx_leave(d, d->known_to_libxl);
}
