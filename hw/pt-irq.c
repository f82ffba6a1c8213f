/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * INTx, MSI, MSI-X and MSI-INTx translation: the guest's wishes (its
 * registers and table, pt-msi.c) reconciled with what Xen has been told.
 * PCI Local Bus 3.0 sections 6.8 and 2.2.6.
 *
 * Xen owns the device's message addresses, data and mask bits: nothing here
 * writes them. Enable bits and the function mask are ours.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pt-pci.h"
#include "pt-msi.h"

/* Messages to the local APICs: PCI 3.0 leaves the address to the platform. */
#define MSI_ADDRESS_MASK 0xfff00000u
#define MSI_ADDRESS_BASE 0xfee00000u
#define MSI_DELIVERY_MASK 0x0700u
#define MSI_DELIVERY_LOWEST 0x0100u

/* ------------------------------------------------------------------ */
/* Xen                                                                 */

static void complain(struct pt_dev *d, enum pt_once what, const char *text,
                     int rc)
{
    pt_log_once(d, what, PT_LOG_ERROR, "%s: %s", text, strerror(-rc));
}

static uint8_t slot(const struct pt_dev *d)
{
    return d->devfn >> 3;
}

static void unmap_pirq(struct pt_dev *d, int *pirq)
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
        complain(d, PT_ONCE_UNBIND, "can't give back a pirq", rc);
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
static int asked_pirq(const struct pt_vector *v)
{
    uint32_t n = (v->addr_hi & 0xffffff00u) | ((v->addr_lo >> 12) & 0xff);

    return (v->addr_lo & MSI_ADDRESS_MASK) == MSI_ADDRESS_BASE &&
        (v->data & 0xff) == 0 && n != 0 && n <= INT32_MAX ? (int)n : -1;
}

/*
 * Is the message one that Xen can deliver? Table entries start as nothing or
 * as garbage, and Xen complains at each message of an unknown kind.
 */
static bool programmed(const struct pt_vector *v)
{
    return (v->addr_lo & MSI_ADDRESS_MASK) == MSI_ADDRESS_BASE &&
        ((v->data & MSI_DELIVERY_MASK) <= MSI_DELIVERY_LOWEST ||
         asked_pirq(v) >= 0);
}

static void unbind(struct pt_dev *d, struct pt_vector *v)
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
        complain(d, PT_ONCE_UNBIND, "can't unbind a message", rc);
        return;
    }
    v->bound = false;
}

/* Does Xen know the message as the guest has it now? */
static bool up_to_date(const struct pt_vector *v, uint32_t data)
{
    return v->gvec == (uint8_t)data && v->gflags == gflags_of(v);
}

/*
 * Bind, or tell Xen what changed; nothing if nothing did. Xen leaves a vector
 * masked that it is not told to unmask.
 */
static int bind(struct pt_dev *d, struct pt_vector *v, uint32_t data,
                uint64_t gtable)
{
    const struct pt_xen *x = d->xen;
    uint8_t gvec = (uint8_t)data;
    uint32_t gflags = gflags_of(v);
    int rc;

    if (v->bound && v->gtable != gtable) {
        return -EBUSY;  /* it could not be unbound, and Xen says so */
    }
    if (v->bound && up_to_date(v, data)) {
        return 0;
    }
    rc = x->ops->bind_msi(x->priv, v->pirq, gvec, gflags |
                          (v->ctrl & PT_MSIX_MASKED ? 0 : PT_GFLAGS_UNMASKED),
                          gtable);
    if (rc != 0) {
        complain(d, PT_ONCE_MSI, "can't bind a message", rc);
        return rc;
    }
    v->bound = true;
    v->gvec = gvec;
    v->gflags = gflags;
    v->gtable = gtable;
    return 0;
}

/* ------------------------------------------------------------------ */
/* INTx                                                                */

static struct pt_line *find_line(struct pt_xen *x, int pirq)
{
    unsigned i;

    for (i = 0; i < PT_MAX_LINES; i++) {
        if (x->line[i].users && x->line[i].pirq == pirq) {
            return &x->line[i];
        }
    }
    for (i = 0; i < PT_MAX_LINES; i++) {
        if (!x->line[i].users) {
            x->line[i].pirq = pirq;
            return &x->line[i];
        }
    }
    return NULL;
}

/* Several devices' lines can be one pirq: the last gives it back. */
static void line_put(struct pt_dev *d)
{
    struct pt_irq *q = d->irq;
    struct pt_line *l = find_line(d->xen, q->intx_pirq);

    if (l && --l->users > 0) {
        q->intx_pirq = -1;
        return;
    }
    unmap_pirq(d, &q->intx_pirq);
}

static void intx_off(struct pt_dev *d)
{
    struct pt_irq *q = d->irq;
    const struct pt_xen *x = d->xen;
    int rc = 0;

    if (q->intx_bound) {
        rc = x->ops->unbind_intx(x->priv, q->intx_pirq, slot(d), q->pin);
        if (rc != 0) {
            rc = x->ops->unbind_intx(x->priv, q->intx_pirq, slot(d), q->pin);
        }
        if (rc != 0) {
            complain(d, PT_ONCE_UNBIND, "can't unbind INTx", rc);
        }
        q->intx_bound = false;
    }
    if (q->intx_pirq >= 0) {
        line_put(d);
    }
}

static void intx_on(struct pt_dev *d)
{
    struct pt_irq *q = d->irq;
    const struct pt_xen *x = d->xen;
    struct pt_line *l;
    int rc, pirq = -1;

    if (!q->has_pin || q->intx_bound || q->intx_failed) {
        return;
    }
    q->intx_failed = true;
    /* 0 is the timer's: the operating system has routed nothing. */
    rc = d->host->info.irq > 0 ?
        x->ops->map_pirq_gsi(x->priv, d->host->info.irq, &pirq) : -ENXIO;
    if (rc != 0) {
        complain(d, PT_ONCE_INTX, "no INTx: can't map its line", rc);
        return;
    }
    l = find_line(d->xen, pirq);
    if (!l) {
        complain(d, PT_ONCE_INTX, "no INTx: too many lines", -ENOSPC);
        unmap_pirq(d, &pirq);
        return;
    }
    if (l->users++ > 0) {
        pt_log(d, PT_LOG_WARNING, "shares its INTx line (GSI %d) with another "
               "device: each can delay the other's interrupts",
               d->host->info.irq);
    }
    q->intx_pirq = pirq;
    rc = x->ops->bind_intx(x->priv, pirq, slot(d), q->pin);
    if (rc != 0) {
        complain(d, PT_ONCE_INTX, "no INTx: can't bind it", rc);
        line_put(d);
        return;
    }
    q->intx_bound = true;
    q->intx_failed = false;
}

bool pt_irq_intx_disabled(const struct pt_dev *d)
{
    return !d->irq || !d->irq->intx_bound ||
        (pt_copy(d, PCI_COMMAND, 2) & PCI_COMMAND_DISABLE_INTx);
}

/* ------------------------------------------------------------------ */
/* The device's control registers                                      */

/*
 * Set @bits of the word at @off to @val; tried twice, as a device that is left
 * enabled goes on with messages that nobody knows any more.
 */
static int control(struct pt_dev *d, uint16_t off, uint32_t bits,
                   uint32_t val)
{
    uint8_t buf[4] = { 0 };
    int rc = -EIO;
    unsigned tries;

    for (tries = 0; rc != 0 && tries < 2; tries++) {
        rc = pt_host_read(d, off, buf, 2);
        if (rc == 0) {
            rc = pt_host_write_val(d, off, (pt_load(buf, 2) & ~bits) | val,
                                   2);
        }
    }
    return rc;
}

static uint32_t log2_of(uint32_t n)
{
    uint32_t l = 0;

    while (n > 1) {
        n >>= 1;
        l++;
    }
    return l;
}

static void msi_enable(struct pt_dev *d, bool on)
{
    struct pt_irq *q = d->irq;
    uint32_t val = on ? PCI_MSI_FLAGS_ENABLE : 0;

    if (q->msi_pos == 0 || on == q->msi_on) {
        return;
    }
    if (q->mode == PT_IRQ_MSI && on) {
        val |= log2_of(q->msi_vectors) << 4;
    }
    if (control(d, (uint16_t)(q->msi_pos + PCI_MSI_FLAGS),
                PCI_MSI_FLAGS_ENABLE | PCI_MSI_FLAGS_QSIZE, val) == 0) {
        q->msi_on = on;
    }
}

static void msix_enable(struct pt_dev *d, bool on, bool fmask)
{
    struct pt_irq *q = d->irq;
    uint32_t val = (on ? PCI_MSIX_ENABLE : 0) | (fmask ? PCI_MSIX_MASK : 0);

    if (q->msix_pos == 0 || (on == q->msix_on && fmask == q->msix_fmask)) {
        return;
    }
    if (control(d, (uint16_t)(q->msix_pos + PCI_MSI_FLAGS),
                PCI_MSIX_ENABLE | PCI_MSIX_MASK, val) == 0) {
        q->msix_on = on;
        q->msix_fmask = fmask;
    }
}

/* ------------------------------------------------------------------ */
/* MSI                                                                 */

static uint32_t msi_flags(const struct pt_dev *d)
{
    return pt_copy(d, (uint16_t)(d->irq->msi_pos + PCI_MSI_FLAGS), 2);
}

static void msi_flags_set(struct pt_dev *d, uint32_t mask, uint32_t val)
{
    pt_store(d->copy + d->irq->msi_pos + PCI_MSI_FLAGS,
             (msi_flags(d) & ~mask) | val, 2);
}

static unsigned msi_asked(const struct pt_dev *d)
{
    unsigned n = 1u << ((msi_flags(d) & PCI_MSI_FLAGS_QSIZE) >> 4);

    return n < d->irq->msi_max ? n : d->irq->msi_max;
}

/* The guest's registers as one message. */
static struct pt_vector msi_message(const struct pt_dev *d)
{
    uint16_t pos = d->irq->msi_pos;
    bool wide = msi_flags(d) & PCI_MSI_FLAGS_64BIT;
    uint16_t data = wide ? PCI_MSI_DATA_64 : PCI_MSI_DATA_32;

    return (struct pt_vector) {
        .addr_lo = pt_copy(d, (uint16_t)(pos + PCI_MSI_ADDRESS_LO), 4),
        .addr_hi = wide ?
            pt_copy(d, (uint16_t)(pos + PCI_MSI_ADDRESS_HI), 4) : 0,
        .data = pt_copy(d, (uint16_t)(pos + data), 2),
    };
}

static uint32_t msi_mask(const struct pt_dev *d)
{
    uint32_t flags = msi_flags(d);
    uint16_t off = flags & PCI_MSI_FLAGS_64BIT ? PCI_MSI_MASK_BIT_64 :
        PCI_MSI_MASK_BIT_32;

    if (!(flags & PCI_MSI_FLAGS_MASK_BIT)) {
        return 0;
    }
    return pt_copy(d, (uint16_t)(d->irq->msi_pos + off), 4);
}

static int map_messages(struct pt_dev *d, unsigned n, int *pirq)
{
    /* Xen would not give up an earlier mapping. */
    if (d->irq->msi_vectors || d->irq->translate_pirq >= 0) {
        return -EBUSY;
    }
    return d->xen->ops->map_pirq_msi(d->xen->priv, &d->host->info.addr, n, 0,
                                     0, pirq);
}

/* Map @n messages in one block, or one if Xen has no room for a block. */
static int msi_map(struct pt_dev *d, unsigned n, int wanted)
{
    struct pt_irq *q = d->irq;
    int pirq = wanted, rc = map_messages(d, n, &pirq);
    unsigned i;

    if (rc != 0 && n > 1) {
        pt_log_once(d, PT_ONCE_MSI_FEWER, PT_LOG_WARNING,
                    "%u MSIs can't be mapped (%s): the guest has one", n,
                    strerror(-rc));
        n = 1;
        pirq = wanted;
        rc = map_messages(d, n, &pirq);
    }
    if (rc != 0) {
        return rc;
    }
    for (i = 0; i < n; i++) {
        q->msi[i].pirq = pirq + (int)i;
        q->msi[i].bound = false;
    }
    q->msi_vectors = (uint8_t)n;
    msi_flags_set(d, PCI_MSI_FLAGS_QSIZE, log2_of(n) << 4);
    return 0;
}

static void msi_release(struct pt_dev *d)
{
    struct pt_irq *q = d->irq;
    unsigned i;

    for (i = 0; i < q->msi_vectors; i++) {
        unbind(d, &q->msi[i]);
    }
    /* The first pirq of a block stands for all of it. */
    if (q->msi_vectors) {
        unmap_pirq(d, &q->msi[0].pirq);
    }
    if (q->msi[0].pirq < 0) {
        q->msi_vectors = 0;
    }
}

/*
 * Bind what is unmasked. Masks are honoured by not being bound: Xen then has
 * the device's own mask bit set, and a message waits in its pending bit.
 */
static int msi_bind(struct pt_dev *d)
{
    struct pt_irq *q = d->irq;
    struct pt_vector m = msi_message(d);
    uint32_t mask = msi_mask(d);
    unsigned i;
    int rc, failed = 0;

    for (i = 0; i < q->msi_vectors; i++) {
        struct pt_vector *v = &q->msi[i];

        v->addr_lo = m.addr_lo;
        v->addr_hi = m.addr_hi;
        v->data = m.data;
        if ((mask >> i) & 1 || !programmed(v)) {
            unbind(d, v);
            continue;
        }
        rc = bind(d, v, (m.data & ~(uint32_t)(q->msi_vectors - 1)) | i, 0);
        failed = failed ? failed : rc;
    }
    return failed;
}

static void msi_update(struct pt_dev *d)
{
    struct pt_irq *q = d->irq;
    struct pt_vector m = msi_message(d);
    int wanted = asked_pirq(&m), rc = 0;

    if (q->msi_vectors && (q->msi_vectors != msi_asked(d) ||
                           (wanted >= 0 && wanted != q->msi[0].pirq))) {
        msi_enable(d, false);
        msi_release(d);
    }
    if (q->msi_vectors == 0) {
        rc = msi_map(d, msi_asked(d), wanted);
        if (rc != 0) {
            complain(d, PT_ONCE_MSI, "can't map an MSI", rc);
        }
    }
    if (rc == 0) {
        rc = msi_bind(d);
    }
    if (rc != 0) {
        /* The guest reads that it is off, and can fall back. */
        msi_flags_set(d, PCI_MSI_FLAGS_ENABLE, 0);
        return;
    }
    msi_enable(d, true);
}

/* ------------------------------------------------------------------ */
/* MSI-X                                                               */

static uint32_t msix_flags(const struct pt_dev *d)
{
    return pt_copy(d, (uint16_t)(d->irq->msix_pos + PCI_MSI_FLAGS), 2);
}

static int map_entry(struct pt_dev *d, unsigned i, int wanted)
{
    struct pt_irq *q = d->irq;
    int pirq = wanted;
    int rc = d->xen->ops->map_pirq_msi(d->xen->priv, &d->host->info.addr, 1,
                 i, d->host->info.region[q->table_bar].addr, &pirq);

    if (rc != 0) {
        pt_log_once(d, PT_ONCE_MSIX_PIRQS, PT_LOG_ERROR, "MSI-X entry %u and "
                    "maybe others stay masked: no pirq (%s). Xen's option "
                    "extra_guest_irqs= gives a guest more", i, strerror(-rc));
        return rc;
    }
    q->entry[i].pirq = pirq;
    return 0;
}

/* Unmapping undoes a binding too, should Xen have refused to. */
static void release_entry(struct pt_dev *d, struct pt_vector *v)
{
    unbind(d, v);
    unmap_pirq(d, &v->pirq);
    v->bound = v->bound && v->pirq >= 0;
}

/*
 * Bring one entry up to date, when the guest unmasks it or all of them. One
 * that had to be unbound because the guest's table was out of reach (it still
 * has its pirq) is bound again also if it is masked: Xen handles the guest's
 * unmasking of any entry that has a pirq, and we would not hear of it.
 */
static void entry_update(struct pt_dev *d, unsigned i)
{
    struct pt_irq *q = d->irq;
    struct pt_vector *v = &q->entry[i];
    bool again = v->pirq >= 0 && !v->bound;
    bool live = !(v->ctrl & PT_MSIX_MASKED) &&
        !(msix_flags(d) & PCI_MSIX_MASK);
    int wanted = asked_pirq(v);

    if (q->gtable == 0 || !(live || again)) {
        return;
    }
    if (!programmed(v)) {
        if (again) {
            unmap_pirq(d, &v->pirq);
        }
        return;
    }
    if (v->pirq >= 0 && wanted >= 0 && wanted != v->pirq) {
        release_entry(d, v);
    }
    if (v->pirq < 0 && map_entry(d, i, wanted) != 0) {
        return;
    }
    if (bind(d, v, v->data, q->gtable) != 0 && !v->bound) {
        unmap_pirq(d, &v->pirq);
    }
}

/*
 * Before Xen 4.19 a guest's masking of a bound entry never came here; the
 * device's own table has it.
 */
static void entry_refresh_mask(struct pt_dev *d, unsigned i)
{
    struct pt_irq *q = d->irq;
    uint64_t ctrl = 0;
    uint64_t off = q->table_off + (uint64_t)i * PT_MSIX_ENTRY_SIZE + 12;

    if (d->xen->msix_all_writes || !q->entry[i].bound) {
        return;
    }
    if (d->host->ops->mmio_read(d->host->priv, q->table_bar, off, 4,
                                &ctrl) != 0) {
        pt_log_once(d, PT_ONCE_MMIO, PT_LOG_WARNING, "can't read the "
                    "device's MSI-X table: a mask of the guest's may be lost");
        return;
    }
    q->entry[i].ctrl = (uint32_t)ctrl & PT_MSIX_MASKED;
}

void pt_irq_entry_unmasked(struct pt_dev *d, unsigned i)
{
    if (d->started && d->irq->mode == PT_IRQ_MSIX) {
        entry_update(d, i);
    }
}

static void msix_update(struct pt_dev *d)
{
    struct pt_irq *q = d->irq;
    unsigned i;

    /*
     * Xen learns where the table is from the first vector that is bound, and
     * forgets it with the last: all must go before any comes back.
     */
    for (i = 0; i < q->entries; i++) {
        const struct pt_vector *v = &q->entry[i];

        if (v->bound && (v->gtable != q->gtable || !up_to_date(v, v->data))) {
            entry_refresh_mask(d, i);
        }
        if (v->bound && v->gtable != q->gtable) {
            unbind(d, &q->entry[i]);
        }
    }
    for (i = 0; i < q->entries; i++) {
        entry_update(d, i);
    }
    msix_enable(d, true, msix_flags(d) & PCI_MSIX_MASK);
}

static void msix_release(struct pt_dev *d)
{
    struct pt_irq *q = d->irq;
    unsigned i;

    for (i = 0; i < q->entries; i++) {
        entry_refresh_mask(d, i);
        release_entry(d, &q->entry[i]);
    }
}

/* Where the guest's accesses reach the table, if they do. */
static uint64_t table_address(const struct pt_dev *d)
{
    const struct pt_bar *b = &d->bar[d->irq->table_bar];
    unsigned i;

    for (i = 0; i < b->pieces; i++) {
        if (b->piece[i].trapped && b->piece[i].on) {
            return b->mapped + d->irq->table_off;
        }
    }
    return 0;
}

/* ------------------------------------------------------------------ */
/* MSI-INTx translation                                                */

static void translate_off(struct pt_dev *d)
{
    struct pt_irq *q = d->irq;
    const struct pt_xen *x = d->xen;
    int rc;

    if (q->translate_bound) {
        rc = x->ops->unbind_msi_intx(x->priv, q->translate_pirq, slot(d),
                                     q->pin);
        if (rc != 0) {
            rc = x->ops->unbind_msi_intx(x->priv, q->translate_pirq, slot(d),
                                         q->pin);
        }
        if (rc != 0) {
            complain(d, PT_ONCE_UNBIND, "can't unbind a translated MSI", rc);
        }
        q->translate_bound = false;
    }
    unmap_pirq(d, &q->translate_pirq);
}

static int translate_on(struct pt_dev *d)
{
    struct pt_irq *q = d->irq;
    const struct pt_xen *x = d->xen;
    int rc = 0;

    if (q->translate_bound) {
        return 0;
    }
    if (q->translate_pirq < 0) {
        rc = map_messages(d, 1, &q->translate_pirq);
    }
    if (rc == 0) {
        rc = x->ops->bind_msi_intx(x->priv, q->translate_pirq, slot(d),
                                   q->pin);
        if (rc != 0) {
            unmap_pirq(d, &q->translate_pirq);
        }
    }
    if (rc != 0) {
        complain(d, PT_ONCE_MSI, "no MSI-INTx translation, INTx instead", rc);
        q->translate_failed = true;
        return rc;
    }
    q->translate_bound = true;
    return 0;
}

/* ------------------------------------------------------------------ */
/* Reconciling                                                         */

static enum pt_irq_mode wanted_mode(const struct pt_dev *d)
{
    const struct pt_irq *q = d->irq;
    bool msi = q->msi_pos && (msi_flags(d) & PCI_MSI_FLAGS_ENABLE);
    bool msix = q->msix_pos && (msix_flags(d) & PCI_MSIX_ENABLE);

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

static void leave(struct pt_dev *d)
{
    struct pt_irq *q = d->irq;

    switch (q->mode) {
    case PT_IRQ_INTX:
        break;  /* stays bound: lines may be shared, and cost nothing */
    case PT_IRQ_TRANSLATE:
        msi_enable(d, false);
        translate_off(d);
        break;
    case PT_IRQ_MSI:
        msi_enable(d, false);
        msi_release(d);
        break;
    case PT_IRQ_MSIX:
        msix_enable(d, false, false);
        msix_release(d);
        break;
    }
}

static void update(struct pt_dev *d)
{
    enum pt_irq_mode mode = d->irq->mode;
    bool intx_off_by_guest =
        pt_copy(d, PCI_COMMAND, 2) & PCI_COMMAND_DISABLE_INTx;

    /* Nothing to do, unless it failed when the mode was left. */
    if (mode != PT_IRQ_TRANSLATE && mode != PT_IRQ_MSI) {
        msi_enable(d, false);
    }
    if (mode != PT_IRQ_MSIX) {
        msix_enable(d, false, false);
    }
    switch (mode) {
    case PT_IRQ_INTX:
        break;
    case PT_IRQ_TRANSLATE:
        if (translate_on(d) == 0) {
            msi_enable(d, !intx_off_by_guest);
        }
        break;
    case PT_IRQ_MSI:
        msi_update(d);
        break;
    case PT_IRQ_MSIX:
        msix_update(d);
        break;
    }
}

/* All messages. Returns whether Xen took them. */
static bool give_back(struct pt_dev *d)
{
    const struct pt_irq *q = d->irq;
    bool left;
    unsigned i;

    msi_release(d);
    msix_release(d);
    translate_off(d);
    left = q->msi_vectors || q->translate_pirq >= 0;
    for (i = 0; i < q->entries; i++) {
        left = left || q->entry[i].pirq >= 0;
    }
    return !left;
}

void pt_irq_sync(struct pt_dev *d)
{
    struct pt_irq *q = d->irq;
    enum pt_irq_mode mode;
    unsigned tries;

    if (!d->started || !q) {
        return;
    }
    if (q->stale) {
        q->stale = !give_back(d);
        if (q->stale) {
            return;
        }
    }
    if (q->msix_pos) {
        q->gtable = table_address(d);
    }
    /* A mode that fails takes back its wish: one more round, or two. */
    for (tries = 0; tries < 3; tries++) {
        mode = wanted_mode(d);
        if (mode != q->mode) {
            leave(d);
            q->mode = mode;
        }
        update(d);
        if (wanted_mode(d) == q->mode) {
            break;
        }
    }
    if (q->mode == PT_IRQ_INTX && !q->intx_bound) {
        intx_on(d);  /* translation was tried in its place */
        if (q->intx_bound) {
            pt_command_write(d);  /* Interrupt Disable was set till now */
        }
    }
}

void pt_irq_table_moved(struct pt_dev *d)
{
    if (d->irq->mode == PT_IRQ_MSIX && table_address(d) != d->irq->gtable) {
        pt_irq_sync(d);
    }
}

/* ------------------------------------------------------------------ */
/* Life                                                                */

static void forget_entries(struct pt_irq *q)
{
    unsigned i;

    for (i = 0; i < q->entries; i++) {
        struct pt_vector *v = &q->entry[i];

        v->addr_lo = v->addr_hi = v->data = 0;
        v->ctrl = PT_MSIX_MASKED;
    }
}

/*
 * Where is the table? That of a hidden capability is kept from the guest too,
 * as far as there is one: its messages would go where the guest likes.
 */
static void find_table(struct pt_dev *d)
{
    struct pt_irq *q = d->irq;
    unsigned i, bir;

    for (i = 0; i < d->num_caps; i++) {
        const uint8_t *regs = d->snap + d->cap[i].pos;
        uint64_t size, off;

        if (d->cap[i].id != PCI_CAP_ID_MSIX ||
            d->cap[i].pos + PCI_MSIX_TABLE + 4 > PT_CFG_SIZE) {
            continue;
        }
        bir = regs[PCI_MSIX_TABLE] & PT_MSIX_BIR;
        off = pt_load(regs + PCI_MSIX_TABLE, 4) & ~(uint32_t)PT_MSIX_BIR;
        size = PT_MSIX_ENTRY_SIZE *
            ((pt_load(regs + PCI_MSI_FLAGS, 2) & PCI_MSIX_TABSIZE) + 1);
        if (bir < PT_NUM_BARS && d->bar[bir].size &&
            off < d->host->info.region[bir].size &&
            !(d->host->info.region[bir].flags & PT_REGION_IO)) {
            uint64_t room = d->host->info.region[bir].size - off;

            q->table_bar = (uint8_t)bir;
            q->table_off = (uint32_t)off;
            q->table_size = (uint32_t)(size < room ? size : room);
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
        const uint8_t *regs = d->snap + msix->pos;

        d->irq->msix_pos = msix->pos;
        d->irq->entries = (pt_load(regs + PCI_MSI_FLAGS, 2) &
                           PCI_MSIX_TABSIZE) + 1;
        d->irq->pba_bar = regs[PCI_MSIX_PBA] & PT_MSIX_BIR;
        d->irq->pba_off = pt_load(regs + PCI_MSIX_PBA, 4) &
            ~(uint32_t)PT_MSIX_BIR;
        d->irq->entry = calloc(d->irq->entries, sizeof(*d->irq->entry));
        if (!d->irq->entry) {
            return -ENOMEM;
        }
        for (i = 0; i < d->irq->entries; i++) {
            d->irq->entry[i].pirq = -1;
        }
        forget_entries(d->irq);
    }
    return 0;
}

void pt_irq_free(struct pt_dev *d)
{
    if (d->irq) {
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

        rc = map_messages(d, q->msi_max, &pirq);
        if (rc == 0) {
            unmap_pirq(d, &pirq);
            break;
        }
        failed = rc;
        q->msi_max /= 2;
    }
    if (failed) {
        pt_log(d, PT_LOG_INFO, "the guest is offered %u of its %u MSIs: Xen "
               "maps no more (%s)", q->msi_max, has, strerror(-failed));
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

int pt_irq_start(struct pt_dev *d, bool lost)
{
    struct pt_irq *q = d->irq;
    int rc = 0;

    if (!lost) {
        rc = switch_off(d, PCI_CAP_ID_MSI,
                        PCI_MSI_FLAGS_ENABLE | PCI_MSI_FLAGS_QSIZE);
        rc = rc ? rc : switch_off(d, PCI_CAP_ID_MSIX,
                                  PCI_MSIX_ENABLE | PCI_MSIX_MASK);
    }
    if (rc != 0) {
        return rc;
    }
    /* The line first, so that it does not take what the guest is offered. */
    if (wanted_mode(d) == PT_IRQ_INTX) {
        intx_on(d);
    }
    if (q->msi_pos) {
        find_msi_max(d);
    }
    pt_irq_sync(d);
    return 0;
}

void pt_irq_reset(struct pt_dev *d, bool lost)
{
    struct pt_irq *q = d->irq;

    if (!q) {
        return;
    }
    if (lost) {
        q->msi_on = q->msix_on = q->msix_fmask = false;
    }
    if (d->xen) {
        leave(d);
        q->stale = q->stale || (lost && !give_back(d));
    }
    q->mode = PT_IRQ_INTX;
    q->translate_failed = q->intx_failed = false;
    forget_entries(q);
}

void pt_irq_stop(struct pt_dev *d)
{
    pt_irq_reset(d, false);
    if (d->irq && d->xen) {
        /* What failed before, once more. */
        msi_enable(d, false);
        msix_enable(d, false, false);
        give_back(d);
        intx_off(d);
    }
}
