/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * MSI and MSI-X brought up to date with what the guest programmed, while it
 * has them enabled. PCI Local Bus 3.0 section 6.8.
 *
 * Xen owns the device's message addresses, data and mask bits: nothing here
 * writes them. Enable bits and the function mask are ours.
 */
#include <errno.h>
#include <string.h>

#include "pt-pci.h"
#include "pt-irq.h"

/* ------------------------------------------------------------------ */
/* The device's control registers                                      */

/*
 * Set @bits of the word at @off to @val, the rest as it was at attach: nobody
 * else writes it. Tried twice, as a device that is left enabled goes on with
 * messages that nobody knows any more.
 */
static int control(struct pt_dev *d, uint16_t off, uint32_t bits,
                   uint32_t val)
{
    int rc;

    val |= pt_load(d->snap + off, 2) & ~bits;
    rc = pt_host_write_val(d, off, val, 2);
    return rc == 0 ? 0 : pt_host_write_val(d, off, val, 2);
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

void pt_msi_enable(struct pt_dev *d, bool on)
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

void pt_msix_enable(struct pt_dev *d, bool on, bool fmask)
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

uint32_t pt_msi_flags(const struct pt_dev *d)
{
    return pt_copy(d, (uint16_t)(d->irq->msi_pos + PCI_MSI_FLAGS), 2);
}

static void msi_flags_set(struct pt_dev *d, uint32_t mask, uint32_t val)
{
    pt_store(d->copy + d->irq->msi_pos + PCI_MSI_FLAGS,
             (pt_msi_flags(d) & ~mask) | val, 2);
}

static unsigned msi_asked(const struct pt_dev *d)
{
    unsigned n = 1u << ((pt_msi_flags(d) & PCI_MSI_FLAGS_QSIZE) >> 4);

    return n < d->irq->msi_max ? n : d->irq->msi_max;
}

/* The guest's registers as one message. */
static struct pt_vector msi_message(const struct pt_dev *d)
{
    uint16_t pos = d->irq->msi_pos;
    bool wide = pt_msi_flags(d) & PCI_MSI_FLAGS_64BIT;
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
    uint32_t flags = pt_msi_flags(d);
    uint16_t off = flags & PCI_MSI_FLAGS_64BIT ? PCI_MSI_MASK_BIT_64 :
        PCI_MSI_MASK_BIT_32;

    if (!(flags & PCI_MSI_FLAGS_MASK_BIT)) {
        return 0;
    }
    return pt_copy(d, (uint16_t)(d->irq->msi_pos + off), 4);
}

int pt_msi_map(struct pt_dev *d, unsigned n, int *pirq)
{
    if (d->irq->msi_vectors || d->irq->translate_pirq >= 0) {
        return -EBUSY;
    }
    return pt_pirq_map(d, n, 0, 0, pirq);
}

/* Map @n messages in one block, or one if Xen has no room for a block. */
static int msi_map(struct pt_dev *d, unsigned n, int wanted)
{
    struct pt_irq *q = d->irq;
    int pirq = wanted, rc = pt_msi_map(d, n, &pirq);
    unsigned i;

    if (rc != 0 && n > 1) {
        pt_log_once(d, PT_ONCE_MSI_FEWER, PT_LOG_WARNING,
                    "%u MSIs can't be mapped (%s): the guest has one", n,
                    strerror(-rc));
        n = 1;
        rc = pt_msi_map(d, n, &pirq);
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

void pt_msi_release(struct pt_dev *d)
{
    struct pt_irq *q = d->irq;
    bool bound = false;
    unsigned i;

    for (i = 0; i < q->msi_vectors; i++) {
        pt_vector_unbind(d, &q->msi[i]);
        bound = bound || (i > 0 && q->msi[i].bound);
    }
    /*
     * The first pirq of a block stands for all of it. Xen ends the binding of
     * none but the first, and at the guest's end falls over the others.
     */
    if (q->msi_vectors && !bound) {
        pt_pirq_unmap(d, &q->msi[0].pirq, q->msi_vectors, q->msi[0].bound);
    }
    if (q->msi[0].pirq < 0) {
        q->msi_vectors = 0;
    }
}

/*
 * Bind what is unmasked. Masks are honoured by not being bound: Xen then has
 * the device's own mask bit set, and a message waits in its pending bit. A
 * driver on Xen masks its event channels in Xen, and unmasks nothing here.
 */
static int msi_bind(struct pt_dev *d, int wanted)
{
    struct pt_irq *q = d->irq;
    struct pt_vector m = msi_message(d);
    uint32_t mask = msi_mask(d), low = q->msi_vectors - 1u;
    unsigned i;
    int rc, failed = 0;

    for (i = 0; i < q->msi_vectors; i++) {
        struct pt_vector *v = &q->msi[i];

        v->addr_lo = m.addr_lo;
        v->addr_hi = m.addr_hi;
        v->data = m.data;
        if (wanted == PT_PIRQ_NONE || ((mask >> i) & 1 && wanted < 0)) {
            pt_vector_unbind(d, v);
            continue;
        }
        rc = pt_vector_bind(d, v, (m.data & ~low) | i, 0, false);
        failed = failed ? failed : rc;
    }
    return failed;
}

void pt_msi_update(struct pt_dev *d)
{
    struct pt_irq *q = d->irq;
    struct pt_vector m = msi_message(d);
    int wanted = pt_vector_wants(d, &m, q->msi[0].pirq), rc = 0;
    /* A name is one pirq's: who gives one has one message. */
    unsigned n = wanted >= 0 ? 1 : msi_asked(d);

    if (q->msi_vectors && (q->msi_vectors != n ||
                           (wanted >= 0 && wanted != q->msi[0].pirq))) {
        pt_msi_enable(d, false);
        pt_msi_release(d);
    }
    if (q->msi_vectors == 0) {
        rc = msi_map(d, n, wanted >= 0 ? wanted : PT_PIRQ_ANY);
        if (rc != 0) {
            pt_irq_complain(d, PT_ONCE_MSI, "can't map an MSI", rc);
        }
    }
    if (rc == 0) {
        rc = msi_bind(d, wanted);
    }
    if (rc != 0) {
        /* The guest reads that it is off, and can fall back. */
        msi_flags_set(d, PCI_MSI_FLAGS_ENABLE, 0);
        return;
    }
    pt_msi_enable(d, true);
}

/* ------------------------------------------------------------------ */
/* MSI-X                                                               */

uint32_t pt_msix_flags(const struct pt_dev *d)
{
    return pt_copy(d, (uint16_t)(d->irq->msix_pos + PCI_MSI_FLAGS), 2);
}

static int map_entry(struct pt_dev *d, unsigned i, int wanted)
{
    struct pt_irq *q = d->irq;
    int pirq = wanted;
    int rc = pt_pirq_map(d, 1, i, d->host->info.region[q->table_bar].addr,
                         &pirq);

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
    pt_vector_unbind(d, v);
    pt_pirq_unmap(d, &v->pirq, 1, v->bound);
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
    int wanted;
    /*
     * A driver on Xen never unmasks what goes to its event channels: that it
     * writes the message has to do, and one from before means nothing.
     */
    bool live = (!(v->ctrl & PT_MSIX_MASKED) ||
                 (v->written && pt_vector_pirq(d, v) >= 0)) &&
        !(pt_msix_flags(d) & PCI_MSIX_MASK);

    if (q->gtable == 0 || !(live || again)) {
        return;
    }
    wanted = pt_vector_wants(d, v, v->pirq);
    if (wanted == PT_PIRQ_NONE) {
        if (again) {
            pt_pirq_unmap(d, &v->pirq, 1, false);
        }
        return;
    }
    if (v->pirq >= 0 && wanted >= 0 && wanted != v->pirq) {
        release_entry(d, v);
    }
    if (v->pirq < 0 && map_entry(d, i, wanted) != 0) {
        return;
    }
    /* Xen unmasks it when the guest binds the channel, which it did before. */
    if (pt_vector_bind(d, v, v->data, q->gtable,
                       wanted > 0 && wanted == v->channel) != 0 && !v->bound) {
        pt_pirq_unmap(d, &v->pirq, 1, false);
    }
}

/*
 * Before Xen 4.19 a guest's masking of a bound entry never came here, and the
 * device's own table has it. Which Xen this is need not be asked: see
 * write_dword(). What goes to an event channel is masked by that alone.
 */
static void entry_refresh_mask(struct pt_dev *d, unsigned i)
{
    struct pt_irq *q = d->irq;
    uint64_t ctrl = 0;
    uint64_t off = q->table_off + (uint64_t)i * PT_MSIX_ENTRY_SIZE + 12;

    if (q->hears_masks || !q->entry[i].bound || q->entry[i].channel) {
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

void pt_irq_entry_ready(struct pt_dev *d, unsigned i)
{
    if (d->started && d->irq->mode == PT_IRQ_MSIX) {
        entry_update(d, i);
    }
}

void pt_msix_update(struct pt_dev *d)
{
    struct pt_irq *q = d->irq;
    unsigned i;

    /*
     * Xen learns where the table is from the first vector that is bound, and
     * forgets it with the last: all must go before any comes back.
     */
    for (i = 0; i < q->entries; i++) {
        const struct pt_vector *v = &q->entry[i];

        if (v->bound && (v->gtable != q->gtable ||
                         !pt_vector_up_to_date(v, v->data))) {
            entry_refresh_mask(d, i);
        }
        if (v->bound && v->gtable != q->gtable) {
            pt_vector_unbind(d, &q->entry[i]);
        }
    }
    for (i = 0; i < q->entries; i++) {
        entry_update(d, i);
    }
    pt_msix_enable(d, true, pt_msix_flags(d) & PCI_MSIX_MASK);
}

void pt_msix_release(struct pt_dev *d)
{
    struct pt_irq *q = d->irq;
    unsigned i;

    for (i = 0; i < q->entries; i++) {
        entry_refresh_mask(d, i);
        release_entry(d, &q->entry[i]);
    }
}

/* Where the guest's accesses reach the table, if they do. */
uint64_t pt_msix_table_address(const struct pt_dev *d)
{
    const struct pt_bar *b = &d->bar[d->irq->table_bar];
    uint64_t off = d->irq->table_off;
    unsigned i;

    for (i = 0; i < b->pieces; i++) {
        const struct pt_piece *p = &b->piece[i];

        if (p->on && off >= p->offset && off - p->offset < p->size) {
            return b->mapped + off;
        }
    }
    return 0;
}
