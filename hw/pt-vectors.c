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
#include "pt-command.h"
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

    if (q->msi_pos == 0 || (on == q->msi_on && !(on && q->unsure))) {
        return;
    }
    if (q->mode == PT_IRQ_MSI && on) {
        val |= log2_of(q->msi_vectors) << 4;
    }
    if (control(d, (uint16_t)(q->msi_pos + PCI_MSI_FLAGS),
                PCI_MSI_FLAGS_ENABLE | PCI_MSI_FLAGS_QSIZE, val) == 0) {
        q->msi_on = on;
        q->unsure = false;
    } else {
        q->waits = true;
    }
}

void pt_msix_enable(struct pt_dev *d, bool on, bool fmask)
{
    struct pt_irq *q = d->irq;
    uint32_t val = (on ? PCI_MSIX_ENABLE : 0) | (fmask ? PCI_MSIX_MASK : 0);

    if (q->msix_pos == 0 || (on == q->msix_on && fmask == q->msix_fmask &&
                             !(on && q->unsure))) {
        return;
    }
    if (control(d, (uint16_t)(q->msix_pos + PCI_MSI_FLAGS),
                PCI_MSIX_ENABLE | PCI_MSIX_MASK, val) == 0) {
        q->msix_on = on;
        q->msix_fmask = fmask;
        q->unsure = false;
    } else {
        q->waits = true;
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
static struct pt_want msi_message(const struct pt_dev *d)
{
    uint16_t pos = d->irq->msi_pos;
    bool wide = pt_msi_flags(d) & PCI_MSI_FLAGS_64BIT;
    uint16_t data = wide ? PCI_MSI_DATA_64 : PCI_MSI_DATA_32;

    return (struct pt_want) {
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

void pt_msi_refuse(struct pt_dev *d)
{
    msi_flags_set(d, PCI_MSI_FLAGS_ENABLE, 0);
}

/* Map @n messages in one block, or one if Xen has no room for a block. */
static int msi_map(struct pt_dev *d, unsigned n, int wanted)
{
    struct pt_irq *q = d->irq;
    int pirq = wanted, rc = pt_pirq_map(d, n, 0, 0, &pirq);
    unsigned i;

    if (rc != 0 && n > 1) {
        pt_log_once(d, PT_ONCE_MSI_FEWER, PT_LOG_WARNING,
                    "%u MSIs can't be mapped (%s): the guest has one", n,
                    pt_strerror(rc));
        n = 1;
        rc = pt_pirq_map(d, n, 0, 0, &pirq);
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

void pt_msi_unmap(struct pt_dev *d, int *pirq, unsigned n, bool bound)
{
    pt_pirq_unmap(d, pirq, n, bound);
    if (*pirq < 0) {
        d->irq->msi_on = false;
        pt_command_suspect(d, 0, PCI_COMMAND_DISABLE_INTx);
    }
}

void pt_msi_release(struct pt_dev *d)
{
    struct pt_irq *q = d->irq;
    bool bound = false;
    unsigned i;

    if (q->msi_vectors == 0) {
        return;
    }
    for (i = 0; i < q->msi_vectors; i++) {
        pt_vector_unbind(d, &q->msi[i]);
        bound = bound || (i > 0 && q->msi[i].bound);
    }
    /*
     * The first pirq of a block stands for all of it. Xen ends the binding of
     * none but the first, and at the guest's end falls over the others.
     */
    if (!bound) {
        pt_msi_unmap(d, &q->msi[0].pirq, q->msi_vectors, q->msi[0].bound);
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
static int msi_bind(struct pt_dev *d, const struct pt_want *m, int wanted)
{
    struct pt_irq *q = d->irq;
    uint32_t mask = msi_mask(d), low = q->msi_vectors - 1u;
    unsigned i;
    int rc, failed = 0;

    for (i = 0; i < q->msi_vectors; i++) {
        if (wanted == PT_PIRQ_NONE || ((mask >> i) & 1 && wanted < 0)) {
            pt_vector_unbind(d, &q->msi[i]);
            continue;
        }
        if (!q->msi[i].bound ||
            !pt_vector_up_to_date(&q->msi[i], m, (m->data & ~low) | i)) {
            q->sent_known = false;
        }
        rc = pt_vector_bind(d, &q->msi[i], m, (m->data & ~low) | i, 0, false);
        failed = failed ? failed : rc;
    }
    return failed;
}

static bool msi_bound(const struct pt_irq *q)
{
    unsigned i;

    for (i = 0; i < q->msi_vectors; i++) {
        if (q->msi[i].bound) {
            return true;
        }
    }
    return false;
}

static bool sent_is_sound(struct pt_dev *d, uint32_t addr, uint32_t addr_hi)
{
    bool sound = pt_for_apic(addr) && addr_hi == 0;

    if (!sound) {
        pt_log_once(d, PT_ONCE_SENT, PT_LOG_WARNING, "the message that Xen "
                    "gave to the device is none for an APIC: copies of the "
                    "guest's in its memory stay as they are");
    }
    return sound;
}

/*
 * Xen writes its message before it binds it, and again when it binds: it is
 * read after that, once. With interrupt remapping it then stays as it is.
 */
static void look_at_sent(struct pt_dev *d)
{
    struct pt_irq *q = d->irq;
    bool wide = pt_msi_flags(d) & PCI_MSI_FLAGS_64BIT;
    unsigned data = wide ? PCI_MSI_DATA_64 : PCI_MSI_DATA_32;
    uint8_t regs[PCI_MSI_DATA_64 + 4];

    if (!q->sent_wanted || q->sent_known || !msi_bound(q)) {
        return;
    }
    if (pt_host_read(d, (uint16_t)(q->msi_pos + PCI_MSI_ADDRESS_LO),
                     regs + PCI_MSI_ADDRESS_LO,
                     data + 2 - PCI_MSI_ADDRESS_LO) != 0) {
        return;
    }
    q->sent_addr = pt_load(regs + PCI_MSI_ADDRESS_LO, 4);
    q->sent_data = (uint16_t)pt_load(regs + data, 2);
    q->sent_known = sent_is_sound(d, q->sent_addr, wide ? pt_load(
        regs + PCI_MSI_ADDRESS_HI, 4) : 0);
}

bool pt_msi_sent_address(const struct pt_dev *d, uint32_t guest,
                         uint32_t *sent)
{
    const struct pt_irq *q = d->irq;

    if (q->mode != PT_IRQ_MSI || !q->sent_known || !msi_bound(q) ||
        guest != msi_message(d).addr_lo) {
        return false;
    }
    *sent = q->sent_addr;
    return true;
}

/* The low bits are the vector's: the device fills them in, PCI 3.0, 6.8.3.4. */
bool pt_msi_sent_data(const struct pt_dev *d, uint32_t guest, uint32_t *sent)
{
    const struct pt_irq *q = d->irq;
    uint32_t low = q->msi_vectors - 1u;

    if (q->mode != PT_IRQ_MSI || !q->sent_known || !msi_bound(q) ||
        ((guest ^ msi_message(d).data) & ~low)) {
        return false;
    }
    *sent = (q->sent_data & ~low) | (guest & low);
    return true;
}

void pt_msi_update(struct pt_dev *d)
{
    struct pt_irq *q = d->irq;
    struct pt_want m = msi_message(d);
    int wanted = pt_pirq_wanted(d, &m, q->msi[0].pirq), rc = 0;
    /* A name is one pirq's: who gives one has one message. */
    unsigned n = wanted >= 0 ? 1 : msi_asked(d);

    if (q->msi_vectors && (q->msi_vectors != n ||
                           (wanted >= 0 && wanted != q->msi[0].pirq))) {
        pt_msi_enable(d, false);
        pt_msi_release(d);
        rc = q->msi_vectors ? -EBUSY : 0;
    }
    if (q->msi_vectors == 0) {
        rc = msi_map(d, n, wanted >= 0 ? wanted : PT_PIRQ_ANY);
        if (rc != 0) {
            pt_irq_complain(d, PT_ONCE_MSI, "can't map an MSI", rc);
        }
    }
    if (rc == 0) {
        rc = msi_bind(d, &m, wanted);
    }
    if (rc != 0) {
        pt_msi_refuse(d);
        return;
    }
    look_at_sent(d);
    pt_msi_enable(d, true);
}

/* ------------------------------------------------------------------ */
/* MSI-X                                                               */

uint32_t pt_msix_flags(const struct pt_dev *d)
{
    return pt_copy(d, (uint16_t)(d->irq->msix_pos + PCI_MSI_FLAGS), 2);
}

void pt_msix_refuse(struct pt_dev *d)
{
    pt_store(d->copy + d->irq->msix_pos + PCI_MSI_FLAGS,
             pt_msix_flags(d) & ~(uint32_t)PCI_MSIX_ENABLE, 2);
}

/*
 * One that was unbound because the guest's table was out of reach (it still
 * has its pirq) is bound again also if it is masked: Xen handles the guest's
 * unmasking of any entry that has a pirq, and we would not hear of it. Whether
 * one that is bound is masked is Xen's business, too.
 */
static const struct {
    uint8_t good[2];  /* [@other] */
    uint8_t bad;      /* the message is not good */
} entry_todo[2][3] = {  /* [@live][@state] */
    [false] = {
        [PT_FREE] = { { PT_KEEP, PT_KEEP }, PT_KEEP },
        [PT_MAPPED] = { { PT_BIND, PT_REMAP }, PT_RELEASE },
        [PT_BOUND] = { { PT_KEEP, PT_KEEP }, PT_KEEP },
    },
    [true] = {
        [PT_FREE] = { { PT_MAP, PT_MAP }, PT_KEEP },
        [PT_MAPPED] = { { PT_BIND, PT_REMAP }, PT_RELEASE },
        [PT_BOUND] = { { PT_BIND, PT_REMAP }, PT_KEEP },
    },
};

enum pt_todo pt_entry_todo(bool live, bool good, enum pt_state state,
                           bool other)
{
    return (enum pt_todo)(good ? entry_todo[live][state].good[other] :
                          entry_todo[live][state].bad);
}

static enum pt_state state_of(const struct pt_has *h)
{
    return h->pirq < 0 ? PT_FREE : h->bound ? PT_BOUND : PT_MAPPED;
}

static int map_entry(struct pt_dev *d, unsigned i, int wanted)
{
    struct pt_irq *q = d->irq;
    int pirq = wanted;
    int rc = pt_pirq_map(d, 1, i, d->host->info.region[q->table_bar].addr,
                         &pirq);

    if (rc != 0) {
        pt_log_once(d, PT_ONCE_MSIX_PIRQS, PT_LOG_ERROR, "MSI-X entry %u and "
                    "maybe others stay masked: no pirq (%s)%s", i,
                    pt_strerror(rc), rc == -ENOSPC ? ". Xen's option "
                    "extra_guest_irqs= gives a guest more" : "");
        return rc;
    }
    q->entry[i].has.pirq = pirq;
    q->entries_held++;
    return 0;
}

static void unmap_entry(struct pt_dev *d, struct pt_has *h)
{
    if (h->pirq >= 0) {
        pt_pirq_unmap(d, &h->pirq, 1, h->bound);
        d->irq->entries_held -= h->pirq < 0;
    }
}

/* Unmapping undoes a binding too, should Xen have refused to. */
static void release_entry(struct pt_dev *d, struct pt_has *h)
{
    pt_vector_unbind(d, h);
    unmap_entry(d, h);
    h->bound = h->bound && h->pirq >= 0;
}

static void bind_entry(struct pt_dev *d, struct pt_vector *v)
{
    int named = pt_pirq_named(d, &v->want);
    /* Xen unmasks it when the guest binds the channel, which it did before. */
    bool unmask = named > 0 && named == v->has.channel;

    if (pt_vector_bind(d, &v->has, &v->want, v->want.data, d->irq->gtable,
                       unmask) != 0 && !v->has.bound) {
        unmap_entry(d, &v->has);
    }
}

/*
 * Bring one entry up to date, when the guest unmasks it or all of them. @full:
 * Xen has no pirq left. Returns whether this is so now.
 */
static bool entry_update(struct pt_dev *d, unsigned i, bool full)
{
    struct pt_irq *q = d->irq;
    struct pt_vector *v = &q->entry[i];
    enum pt_state state = state_of(&v->has);
    /*
     * A driver on Xen never unmasks what goes to its event channels: that it
     * writes the message has to do, and one from before means nothing.
     */
    bool live = !(pt_msix_flags(d) & PCI_MSIX_MASK) &&
        (!(v->want.ctrl & PT_MSIX_MASKED) ||
         (v->want.written && pt_pirq_named(d, &v->want) >= 0));
    int wanted, rc;

    if (q->gtable == 0 || (!live && state != PT_MAPPED)) {
        return full;
    }
    wanted = pt_pirq_wanted(d, &v->want, v->has.pirq);
    switch (pt_entry_todo(live, wanted != PT_PIRQ_NONE, state,
                          wanted >= 0 && wanted != v->has.pirq)) {
    case PT_KEEP:
        break;
    case PT_RELEASE:
        release_entry(d, &v->has);
        break;
    case PT_REMAP:
        release_entry(d, &v->has);
        if (v->has.pirq >= 0) {
            break;
        }
        full = false;
        /* fall through */
    case PT_MAP:
        rc = full ? -ENOSPC : map_entry(d, i, wanted);
        full = rc == -ENOSPC;
        if (rc != 0) {
            break;
        }
        /* fall through */
    case PT_BIND:
        bind_entry(d, v);
        break;
    }
    return full;
}

/*
 * Before Xen 4.19 a guest's masking of a bound entry never came here, and the
 * device's own table has it. Which Xen this is need not be asked: see
 * write_dword(). What goes to an event channel is masked by that alone.
 */
static void entry_refresh_mask(struct pt_dev *d, unsigned i)
{
    struct pt_irq *q = d->irq;
    struct pt_vector *v = &q->entry[i];
    uint64_t ctrl = 0;
    uint64_t off = q->table_off + (uint64_t)i * PT_MSIX_ENTRY_SIZE + 12;

    if (q->hears_masks || q->table_lost || !v->has.bound || v->has.channel) {
        return;
    }
    if (d->host->ops->mmio_read(d->host->priv, q->table_bar, off, 4,
                                &ctrl) != 0) {
        pt_log_once(d, PT_ONCE_MMIO, PT_LOG_WARNING, "can't read the "
                    "device's MSI-X table: a mask of the guest's may be lost");
        return;
    }
    /* All ones: nobody answers, as when its driver has just reset it. */
    if ((uint32_t)ctrl != UINT32_MAX) {
        v->want.ctrl = (uint32_t)ctrl & PT_MSIX_MASKED;
    }
}

void pt_irq_entry_ready(struct pt_dev *d, unsigned i)
{
    if (d->started && d->irq->mode == PT_IRQ_MSIX) {
        entry_update(d, i, false);
    }
}

void pt_msix_update(struct pt_dev *d)
{
    struct pt_irq *q = d->irq;
    bool full = false;
    unsigned i;

    /*
     * Xen learns where the table is from the first vector that is bound, and
     * forgets it with the last: all must go before any comes back.
     */
    for (i = 0; i < q->entries && q->entries_held; i++) {
        struct pt_vector *v = &q->entry[i];

        if (v->has.bound && (v->has.gtable != q->gtable ||
                             !pt_vector_up_to_date(&v->has, &v->want,
                                                   v->want.data))) {
            entry_refresh_mask(d, i);
        }
        if (v->has.bound && v->has.gtable != q->gtable) {
            pt_vector_unbind(d, &v->has);
        }
    }
    /* Once Xen has no pirq left it is not asked for each of the others. */
    for (i = 0; i < q->entries; i++) {
        full = entry_update(d, i, full);
    }
    pt_msix_enable(d, true, pt_msix_flags(d) & PCI_MSIX_MASK);
}

void pt_msix_release(struct pt_dev *d)
{
    struct pt_irq *q = d->irq;
    unsigned i;

    for (i = 0; i < q->entries && q->entries_held; i++) {
        entry_refresh_mask(d, i);
        release_entry(d, &q->entry[i].has);
    }
}

/* The next entry from @i on that is bound with this address; none: entries. */
static unsigned next_sent(const struct pt_irq *q, unsigned i, uint32_t addr)
{
    while (i < q->entries &&
           !(q->entry[i].has.bound && q->entry[i].want.addr_lo == addr &&
             q->entry[i].want.addr_hi == 0)) {
        i++;
    }
    return i;
}

bool pt_msix_has_address(const struct pt_dev *d, uint32_t guest)
{
    const struct pt_irq *q = d->irq;

    return q->mode == PT_IRQ_MSIX && q->entries_held &&
        next_sent(q, 0, guest) < q->entries;
}

/* Entry @i of the device's own table. */
static bool read_sent(struct pt_dev *d, unsigned i, struct pt_sent *sent)
{
    const struct pt_irq *q = d->irq;
    uint64_t off = q->table_off + (uint64_t)i * PT_MSIX_ENTRY_SIZE;
    uint64_t val[3] = { 0 };
    unsigned n;

    for (n = 0; n < 3; n++) {
        if (d->host->ops->mmio_read(d->host->priv, q->table_bar, off + 4 * n,
                                    4, &val[n]) != 0) {
            return false;
        }
    }
    *sent = (struct pt_sent) { (uint32_t)val[0], (uint32_t)val[2] };
    return sent_is_sound(d, sent->addr, (uint32_t)val[1]);
}

bool pt_msix_sent(struct pt_dev *d, uint32_t addr, uint32_t data,
                  struct pt_sent *sent)
{
    const struct pt_irq *q = d->irq;
    unsigned i = q->mode == PT_IRQ_MSIX ? next_sent(q, 0, addr) : q->entries;

    while (i < q->entries && q->entry[i].want.data != data) {
        i = next_sent(q, i + 1, addr);
    }
    return i < q->entries && read_sent(d, i, sent);
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
