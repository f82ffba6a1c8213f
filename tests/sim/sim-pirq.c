/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SIMULATED: Xen's pirqs, and what it programs. See sim-xen.h. */
#include <errno.h>
#include <string.h>

#include <pci/header.h>

#include "sim-xen.h"
#include "spec.h"

typedef unsigned long long ull;

/* ------------------------------------------------------------------ */
/* pirqs                                                               */

const struct sim_pirq *sim_xen_pirq(const struct sim_xen *x, int pirq)
{
    return pirq >= 0 && (unsigned)pirq < x->nr_pirqs &&
           x->pirq[pirq].kind != SIM_PIRQ_FREE ? &x->pirq[pirq] : NULL;
}

int sim_xen_pirq_of(const struct sim_xen *x, const struct sim_dev *d,
                    enum sim_pirq_kind kind, unsigned entry)
{
    unsigned i;

    for (i = 0; i < x->nr_pirqs; i++) {
        const struct sim_pirq *p = &x->pirq[i];

        if (p->kind == kind && p->dev == d && p->entry == entry) {
            return (int)i;
        }
    }
    return -1;
}

struct sim_pirq *sim_xen_vector(struct sim_xen *x, const struct sim_dev *d,
                                enum sim_pirq_kind kind, unsigned entry)
{
    int pirq = sim_xen_pirq_of(x, d, kind, entry);

    return pirq < 0 ? NULL : &x->pirq[pirq];
}

unsigned sim_xen_num_bound(const struct sim_xen *x, const struct sim_dev *d)
{
    unsigned i, n = 0;

    for (i = 0; i < x->nr_pirqs; i++) {
        const struct sim_pirq *p = &x->pirq[i];
        bool mine = !d || p->dev == d ||
                    (p->kind == SIM_PIRQ_GSI && p->gsi == d->pt.info.irq);

        n += p->kind != SIM_PIRQ_FREE && p->bound != SIM_UNBOUND && mine;
    }
    return n;
}

static bool is_free(const struct sim_xen *x, unsigned pirq)
{
    return x->pirq[pirq].kind == SIM_PIRQ_FREE && !x->pirq[pirq].forced;
}

/* A line's: from below, then as for a message. */
static int free_line(const struct sim_xen *x)
{
    unsigned i;

    for (i = x->opts.first_pirq; i < x->nr_gsis; i++) {
        if (is_free(x, i)) {
            return (int)i;
        }
    }
    return -ENOSPC;
}

/* @nr numbers in a row, from above. */
static int free_messages(const struct sim_xen *x, unsigned nr)
{
    unsigned i, n = 0, found = 0;

    for (i = 0; i < x->nr_pirqs; i++) {
        n += x->pirq[i].kind == SIM_PIRQ_MSI ||
             x->pirq[i].kind == SIM_PIRQ_MSIX;
    }
    if (n + nr > x->opts.max_pirqs) {
        return -ENOSPC;
    }
    for (i = x->nr_pirqs; i-- > x->nr_gsis;) {
        found = is_free(x, i) ? found + 1 : 0;
        if (found == nr) {
            return (int)i;
        }
    }
    return -ENOSPC;
}

/* What is mapped for every domain: the ISA interrupt that cascades. */
#define CASCADE 2

/*
 * A domain's wish: 0, or -EINVAL, or -EBUSY where Xen says 0, and does
 * nothing but lose a host interrupt.
 */
static int wish(struct sim_xen *x, int want, unsigned nr)
{
    unsigned i;

    if (want < 0 || (unsigned)want >= x->nr_pirqs) {
        return -EINVAL;
    }
    if (nr > 1) {
        sim_note(&x->notes, "map of %u MSI vectors to pirq %d: Xen looks at "
                 "the first only", nr, want);
    }
    if (x->pirq[want].forced) {
        sim_note(&x->notes, "map to pirq %d, which has an old binding: the "
                 "host goes down with the guest", want);
    }
    if (x->pirq[want].kind != SIM_PIRQ_FREE || want == CASCADE) {
        x->leaked += nr;
        sim_note(&x->notes, "map of an MSI to pirq %d, which is in use: a host "
                 "interrupt is lost", want);
        return -EBUSY;
    }
    for (i = (unsigned)want; i < (unsigned)want + nr; i++) {
        if (i >= x->nr_pirqs || !is_free(x, i)) {
            return -EBUSY;
        }
    }
    return 0;
}

static int map_pirq_gsi(void *priv, int gsi, int *pirq)
{
    struct sim_xen *x = priv;
    int rc = sim_xen_call(x, SIM_MAP_GSI);
    unsigned i;

    if (rc != 0) {
        return rc;
    }
    if (gsi < 0 || *pirq < -1) {
        sim_note(&x->notes, "map of line %d to pirq %d", gsi, *pirq);
        return -EINVAL;
    }
    for (i = 0; i < x->nr_pirqs; i++) {
        if (x->pirq[i].gsi == gsi && x->pirq[i].forced) {
            return -EBUSY;
        }
        if (x->pirq[i].kind == SIM_PIRQ_GSI && x->pirq[i].gsi == gsi) {
            if (*pirq >= 0 && *pirq != (int)i) {
                return -EEXIST;
            }
            *pirq = (int)i;
            return 0;
        }
    }
    rc = *pirq;
    if (rc < 0) {
        rc = free_line(x);
        rc = rc < 0 ? free_messages(x, 1) : rc;
    } else if ((unsigned)rc >= x->nr_pirqs) {
        rc = -EINVAL;
    } else if (!is_free(x, (unsigned)rc)) {
        return 0;  /* as Xen does */
    }
    if (rc < 0) {
        return rc;
    }
    x->pirq[rc] = (struct sim_pirq) {
        .kind = SIM_PIRQ_GSI, .gsi = gsi, .first = rc, .nr = 1,
    };
    x->num_pirqs++;
    *pirq = rc;
    return 0;
}

/* Costs no hypercall: a call of the domain's own operating system, or none. */
static int line_gsi(void *priv, const struct pt_sbdf *dev, int irq)
{
    const struct sim_xen *x = priv;

    (void)dev;
    return x->opts.gsi_of_irq ? x->opts.gsi_of_irq(irq) : irq;
}

/* ------------------------------------------------------------------ */
/* Xen programs the device                                             */

static void deaf(struct sim_xen *x, const struct sim_dev *d)
{
    if (!d->vanished) {
        sim_note(&x->notes, "Xen had to program a device that does not "
                 "listen");
    }
}

static void msix_control(struct sim_dev *d, uint32_t bits, uint32_t val)
{
    uint32_t ctrl = sim_dev_peek(d, d->msix.pos + PCI_MSI_FLAGS, 2);

    sim_dev_xen_write(d, d->msix.pos + PCI_MSI_FLAGS, 2,
                      (ctrl & ~bits) | val);
}

/*
 * Word @word of the entry. Xen looks at Memory Space Enable only, not at the
 * D-state; with that off it has the whole function masked.
 */
static bool write_entry(struct sim_xen *x, const struct sim_pirq *p,
                        unsigned word, uint32_t val)
{
    struct sim_xen_dev *xd = sim_xen_find(x, p->dev);
    struct sim_dev *d = p->dev;
    uint64_t base;

    if (sim_dev_xen_write_msix(d, p->entry, word, val)) {
        return true;
    }
    if (d->vanished) {
        return false;
    }
    if (sim_dev_placed(d, d->msix.bir, &base)) {
        x->unsupported++;
        sim_note(&x->notes, "Xen wrote to MSI-X entry %u of a device in D%u: "
                 "Unsupported Request", p->entry, sim_dev_power(d));
    } else if (xd && word == 3 && val) {
        xd->host_maskall = true;
        sim_note(&x->notes, "Xen can't reach MSI-X entry %u, with memory "
                 "decoding off: a line in its log", p->entry);
        msix_control(d, PCI_MSIX_MASK, PCI_MSIX_MASK);
    }
    return false;
}

/* Xen takes a device out of MSI for the one that hears INTx again. */
static void disable_msi(struct sim_dev *d)
{
    uint32_t flags = sim_dev_peek(d, d->msi.pos + PCI_MSI_FLAGS, 2);
    uint32_t command = sim_dev_peek(d, PCI_COMMAND, 2);

    sim_dev_xen_write(d, d->msi.pos + PCI_MSI_FLAGS, 2,
                      flags & ~(uint32_t)PCI_MSI_FLAGS_ENABLE);
    sim_dev_xen_write(d, PCI_COMMAND, 2,
                      command & ~(uint32_t)PCI_COMMAND_DISABLE_INTx);
}

static bool hw_masked(const struct sim_pirq *p)
{
    return p->bound == SIM_UNBOUND ||
           (p->bound != SIM_BOUND_INTX && p->guest_masked);
}

/* Bring the device's mask bit (PCI 3.0, 6.8.1.7 and 6.8.2.9) to @p's. */
void sim_xen_sync_mask(struct sim_xen *x, const struct sim_pirq *p)
{
    struct sim_dev *d = p->dev;
    uint32_t mask;
    bool heard = true;

    if (p->kind == SIM_PIRQ_MSIX) {
        heard = write_entry(x, p, 3, hw_masked(p));
    } else if (p->kind == SIM_PIRQ_MSI && d->msi.mask) {
        mask = sim_dev_peek(d, d->msi.mask, 4) & ~(UINT32_C(1) << p->entry);
        mask |= (uint32_t)hw_masked(p) << p->entry;
        heard = sim_dev_xen_write(d, d->msi.mask, 4, mask);
    }
    if (!heard && p->bound != SIM_UNBOUND) {
        deaf(x, d);
    }
}

void sim_xen_guest_mask(struct sim_xen *x, struct sim_pirq *p, bool mask)
{
    p->guest_masked = mask;
    sim_xen_sync_mask(x, p);
}

static unsigned mme_of(unsigned nr)
{
    unsigned n = 0;

    while (nr > 1) {
        nr /= 2;
        n++;
    }
    return n;
}

static void program_msi(struct sim_xen *x, const struct sim_pirq *p)
{
    struct sim_dev *d = p->dev;
    unsigned pos = d->msi.pos;
    uint32_t ctrl = sim_dev_peek(d, pos + PCI_MSI_FLAGS, 2);
    bool heard;

    ctrl = (ctrl & ~(uint32_t)PCI_MSI_FLAGS_QSIZE) | mme_of(p->nr) << 4;
    heard = sim_dev_xen_write(d, pos + PCI_MSI_FLAGS, 2, ctrl) &&
            sim_dev_xen_write(d, pos + PCI_MSI_ADDRESS_LO, 4,
                              (uint32_t)p->addr);
    if (ctrl & PCI_MSI_FLAGS_64BIT) {
        heard = heard && sim_dev_xen_write(d, pos + PCI_MSI_ADDRESS_HI, 4,
                                           (uint32_t)(p->addr >> 32));
    }
    heard = heard && sim_dev_xen_write(d, d->msi.data, 2, p->data);
    if (!heard) {
        deaf(x, d);
    }
}

bool sim_xen_programmed(const struct sim_pirq *p)
{
    const struct sim_dev *d = p->dev;
    unsigned pos = d->msi.pos;
    uint64_t hi = 0;

    if (p->kind == SIM_PIRQ_MSIX) {
        return sim_dev_msix_word(d, p->entry, 0) == (uint32_t)p->addr &&
               sim_dev_msix_word(d, p->entry, 1) == p->addr >> 32 &&
               sim_dev_msix_word(d, p->entry, 2) == p->data;
    }
    if (sim_dev_peek(d, pos + PCI_MSI_FLAGS, 2) & PCI_MSI_FLAGS_64BIT) {
        hi = sim_dev_peek(d, pos + PCI_MSI_ADDRESS_HI, 4);
    }
    return (hi << 32 | sim_dev_peek(d, pos + PCI_MSI_ADDRESS_LO, 4)) ==
           p->addr && sim_dev_peek(d, d->msi.data, 2) == p->data - p->entry;
}

static bool data_used(const struct sim_xen *x, uint32_t data, unsigned nr)
{
    unsigned i;

    for (i = 0; i < x->nr_pirqs; i++) {
        const struct sim_pirq *p = &x->pirq[i];

        if (p->dev && p->data >= data && p->data < data + nr) {
            return true;
        }
    }
    return false;
}

/*
 * Message data that no other pirq has, nor had lately, with room for the
 * vectors in its low bits. It goes round, for stale messages to be noticed.
 */
static uint32_t new_data(struct sim_xen *x, unsigned nr)
{
    uint32_t data;

    do {
        data = (x->next_data + nr - 1) & ~(nr - 1);
        if (data + nr > 0x10000) {
            data = 0x4000;
        }
        x->next_data = data + nr;
    } while (data_used(x, data, nr));
    return data;
}

/* Returns 0, -errno, or 1: Xen says 0 and has done nothing. */
static int map_block(struct sim_xen *x, struct sim_dev *d,
                     enum sim_pirq_kind kind, unsigned nr, unsigned entry,
                     int *pirq)
{
    int first = *pirq == -1 ? free_messages(x, nr) : *pirq;
    uint32_t data;
    unsigned i;

    if (*pirq != -1) {
        int rc = wish(x, *pirq, nr);

        if (rc != 0) {
            return rc == -EBUSY ? 1 : rc;
        }
    }
    if (first < 0) {
        return first;
    }
    data = new_data(x, nr);
    for (i = 0; i < nr; i++) {
        x->pirq[(unsigned)first + i] = (struct sim_pirq) {
            .kind = kind, .gsi = -1, .dev = d, .first = first, .nr = nr,
            .entry = entry + i, .addr = 0xfee00000, .data = data + i,
            .guest_masked = true,
        };
        sim_xen_sync_mask(x, &x->pirq[(unsigned)first + i]);
    }
    x->num_pirqs += nr;
    *pirq = first;
    return 0;
}

static bool has_pirq(const struct sim_xen *x, const struct sim_dev *d,
                     enum sim_pirq_kind kind)
{
    unsigned i;

    for (i = 0; i < x->nr_pirqs; i++) {
        if (x->pirq[i].kind == kind && x->pirq[i].dev == d) {
            return true;
        }
    }
    return false;
}

static int map_msi(struct sim_xen *x, struct sim_dev *d, unsigned nr,
                   unsigned entry, int *pirq)
{
    int rc;

    if (!d->msi.pos) {
        return -ENODEV;
    }
    if (nr > 1 && x->opts.no_multi_msi) {
        return -EOPNOTSUPP;
    }
    if (nr > d->msi.vectors) {
        sim_note(&x->notes, "map of %u MSI vectors of %u", nr,
                 d->msi.vectors);
        return -ENFILE;
    }
    /* Xen does all of this. */
    if (entry != 0) {
        sim_note(&x->notes, "map of MSI with an entry");
    }
    if (sim_xen_vector(x, d, SIM_PIRQ_MSI, 0)) {
        sim_note(&x->notes, "map of an MSI that is mapped");
    }
    if (has_pirq(x, d, SIM_PIRQ_MSIX)) {
        sim_note(&x->notes, "map of an MSI while MSI-X is mapped");
    }
    rc = map_block(x, d, SIM_PIRQ_MSI, nr, 0, pirq);
    if (rc == 0) {
        program_msi(x, &x->pirq[*pirq]);
    }
    return rc;
}

static int map_msix(struct sim_xen *x, struct sim_dev *d, unsigned nr,
                    unsigned entry, uint64_t table_base, int *pirq)
{
    const struct pt_region *r = d->pt.info.region;
    const struct sim_pirq *p;
    uint64_t base;
    int rc;

    struct sim_xen_dev *xd = sim_xen_find(x, d);

    if (!d->msix.pos || d->msix.bir >= PT_NUM_BARS) {
        return -ENODEV;
    }
    if (nr != 1 || entry >= d->msix.entries ||
        table_base != r[d->msix.bir].addr) {
        sim_note(&x->notes, "map of %u MSI-X entries from %u of %u, table's "
                 "BAR at %#llx", nr, entry, d->msix.entries, (ull)table_base);
        return -EINVAL;
    }
    if (sim_xen_vector(x, d, SIM_PIRQ_MSIX, entry)) {
        sim_note(&x->notes, "map of MSI-X entry %u, which is mapped", entry);
    }
    if (sim_xen_vector(x, d, SIM_PIRQ_MSI, 0)) {
        sim_note(&x->notes, "map of an MSI-X entry while MSI is mapped");
        disable_msi(d);
    }
    if (!sim_dev_placed(d, d->msix.bir, &base)) {
        return -ENXIO;
    }
    if (xd && !has_pirq(x, d, SIM_PIRQ_MSIX)) {
        xd->host_maskall = false;
        msix_control(d, PCI_MSIX_MASK, xd->guest_maskall ? PCI_MSIX_MASK : 0);
    }
    rc = map_block(x, d, SIM_PIRQ_MSIX, 1, entry, pirq);
    if (rc == 0) {
        p = &x->pirq[*pirq];
        if (!write_entry(x, p, 0, (uint32_t)p->addr) ||
            !write_entry(x, p, 1, (uint32_t)(p->addr >> 32)) ||
            !write_entry(x, p, 2, p->data)) {
            deaf(x, d);
        }
    }
    return rc;
}

/* The domain's device at @addr, assigned or not (any more, yet), or NULL. */
static struct sim_dev *device_at(const struct sim_xen *x,
                                 const struct pt_sbdf *addr, bool *assigned)
{
    struct sim_dev *d = NULL;
    unsigned i;

    for (i = 0; i < x->num_devs; i++) {
        const struct pt_sbdf *a = &x->devs[i].dev->pt.info.addr;

        if (a->domain == addr->domain && a->bus == addr->bus &&
            a->dev == addr->dev && a->func == addr->func) {
            d = x->devs[i].dev;
            *assigned = !x->devs[i].left;
        }
    }
    return d;
}

static int map_pirq_msi(void *priv, const struct pt_sbdf *addr, unsigned nr,
                        unsigned entry, uint64_t table_base, int *pirq)
{
    struct sim_xen *x = priv;
    bool assigned = true;
    struct sim_dev *d = device_at(x, addr, &assigned);
    int rc = sim_xen_call(x, SIM_MAP_MSI);

    if (rc != 0 || !assigned) {
        return rc ? rc : -ENODEV;
    }
    if (!d || nr == 0 || nr > 32 || (nr & (nr - 1)) || *pirq < -1) {
        sim_note(&x->notes, "map of %u MSI vectors of %s to pirq %d", nr,
                 d ? "the device" : "a device that is not here", *pirq);
        return d ? -EINVAL : -ENODEV;
    }
    rc = table_base ? map_msix(x, d, nr, entry, table_base, pirq) :
         map_msi(x, d, nr, entry, pirq);
    return rc == 1 ? 0 : rc;
}

static int owns(void *priv, const struct pt_sbdf *addr, bool msix,
                unsigned msis)
{
    struct sim_xen *x = priv;
    bool assigned = false;
    const struct sim_dev *d = device_at(x, addr, &assigned);
    int rc = sim_xen_call(x, SIM_OWNS);

    if (rc != 0) {
        return rc;
    }
    d = assigned ? d : NULL;
    if (!d && !x->others) {
        return 0;
    }
    if (!msix && (msis == 0 || msis > 16)) {
        return -EOPNOTSUPP;
    }
    if (d && (msix ? !d->msix.pos : !d->msi.pos || msis != d->msi.vectors)) {
        sim_note(&x->notes, "whose is it, by what the device has not");
        return -ENODEV;
    }
    return d ? 1 : -ENODEV;
}

/* ------------------------------------------------------------------ */
/* Unmapping                                                           */

/* @forced: with a binding, which the number keeps. */
static void free_pirq(struct sim_xen *x, struct sim_pirq *p, bool forced)
{
    int gsi = p->gsi;

    if (p->bound == SIM_BOUND_MSI) {
        sim_xen_leave_table(x, p);
    }
    p->bound = SIM_UNBOUND;
    if (p->dev) {
        sim_xen_sync_mask(x, p);
    }
    *p = (struct sim_pirq) { .gsi = gsi, .forced = forced };
    x->num_pirqs--;
}

void sim_xen_drop_pirqs(struct sim_xen *x, const struct sim_dev *d)
{
    unsigned i;

    for (i = 0; i < x->nr_pirqs; i++) {
        if (x->pirq[i].dev == d && x->pirq[i].kind != SIM_PIRQ_FREE) {
            free_pirq(x, &x->pirq[i], false);
        }
    }
}

static int unmap_pirq(void *priv, int pirq)
{
    struct sim_xen *x = priv;
    struct sim_pirq *p;
    int rc = sim_xen_call(x, SIM_UNMAP_PIRQ);
    unsigned i, nr;
    bool forced;

    if (rc != 0) {
        return rc;
    }
    if (pirq >= 0 && (unsigned)pirq < x->nr_pirqs && x->pirq[pirq].taken) {
        return -EINVAL;
    }
    p = sim_xen_usable(x, pirq, sim_call_name(SIM_UNMAP_PIRQ));
    if (!p) {
        return -EINVAL;
    }
    if (p->first != pirq) {
        sim_note(&x->notes, "unmap of pirq %d, which is in the block of %d",
                 pirq, p->first);
        return -EBUSY;
    }
    nr = p->nr;
    forced = p->bound != SIM_UNBOUND;
    if (p->kind == SIM_PIRQ_MSI) {
        disable_msi(p->dev);
    }
    for (i = 0; i < nr; i++) {
        if (p[i].bound != SIM_UNBOUND && (i > 0 || !x->opts.unmap_bound)) {
            sim_note(&x->notes, "unmap of pirq %d, which is bound%s",
                     pirq + (int)i, i == 0 ? "" : ": the host goes down with "
                     "the guest");
        }
        free_pirq(x, &p[i], forced);
    }
    sim_xen_update_lines(x);
    return 0;
}

void sim_xen_take_line(struct sim_xen *x, int gsi)
{
    unsigned i;

    for (i = 0; i < x->nr_pirqs; i++) {
        if (x->pirq[i].kind == SIM_PIRQ_GSI && x->pirq[i].gsi == gsi) {
            unmap_pirq(x, (int)i);
            x->pirq[i].taken = true;
        }
    }
}

static int has_hvm_pirqs(void *priv)
{
    struct sim_xen *x = priv;
    int rc = sim_xen_call(x, SIM_HAS_PIRQS);

    return rc ? rc : !x->opts.no_hvm_pirqs;
}

static int version(void *priv)
{
    struct sim_xen *x = priv;
    int rc = sim_xen_call(x, SIM_VERSION);

    return rc ? rc : x->opts.version ? x->opts.version : 4 << 16 | 17;
}

const struct pt_xen_ops sim_xen_ops = {
    .map_memory = sim_xen_map_memory,
    .map_ports = sim_xen_map_ports,
    .map_pirq_gsi = map_pirq_gsi,
    .map_pirq_msi = map_pirq_msi,
    .line_gsi = line_gsi,
    .unmap_pirq = unmap_pirq,
    .bind_intx = sim_xen_bind_intx,
    .unbind_intx = sim_xen_unbind_intx,
    .lower_intx = sim_xen_lower_intx,
    .bind_msi_intx = sim_xen_bind_msi_intx,
    .unbind_msi_intx = sim_xen_unbind_msi_intx,
    .bind_msi = sim_xen_bind_msi,
    .unbind_msi = sim_xen_unbind_msi,
    .has_hvm_pirqs = has_hvm_pirqs,
    .version = version,
    .owns = owns,
};
