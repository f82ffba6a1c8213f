/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SIMULATED: what reaches Xen: interrupts of the device, changes of its
 * registers, the guest's accesses to an MSI-X table. See sim-xen.h.
 */
#include <errno.h>
#include <string.h>

#include <pci/header.h>

#include "sim-xen.h"

#define VECTOR_CONTROL 12u  /* in an MSI-X table entry */

typedef unsigned long long ull;

/* ------------------------------------------------------------------ */
/* Lines                                                               */

void sim_xen_update_lines(struct sim_xen *x)
{
    bool level[32][4] = { { false } }, used[32][4] = { { false } };
    unsigned i, j;

    for (i = 0; i < x->nr_pirqs; i++) {
        const struct sim_pirq *p = &x->pirq[i];
        bool up = false;

        if (p->kind != SIM_PIRQ_GSI) {
            continue;
        }
        for (j = 0; j < x->num_devs; j++) {
            const struct sim_dev *d = x->devs[j].dev;

            up |= d->line && d->pt.info.irq == p->gsi;
        }
        for (j = 0; j < p->num_pins; j++) {
            unsigned slot = p->pin[j].slot, intx = p->pin[j].intx;

            used[slot][intx] = true;
            level[slot][intx] |= up;
            if (up && !x->intx_level[slot][intx]) {
                x->pirq[i].delivered++;
            }
        }
    }
    for (i = 0; i < 32; i++) {
        for (j = 0; j < 4; j++) {
            x->intx_stuck[i][j] = x->intx_level[i][j] && !used[i][j];
            level[i][j] |= x->intx_stuck[i][j];
            x->intx[i][j] += level[i][j] && !x->intx_level[i][j];
        }
    }
    memcpy(x->intx_level, level, sizeof(level));
}

static void on_line(void *priv, struct sim_dev *d, bool asserted)
{
    (void)d;
    (void)asserted;
    sim_xen_update_lines(priv);
}

/* ------------------------------------------------------------------ */
/* Signals from the device                                             */

static void on_message(void *priv, struct sim_dev *d, uint64_t addr,
                       uint32_t data)
{
    struct sim_xen *x = priv;
    unsigned i;

    for (i = 0; i < x->nr_pirqs; i++) {
        struct sim_pirq *p = &x->pirq[i];

        if (p->dev != d || p->addr != addr || p->data != data) {
            continue;
        }
        if (p->bound == SIM_UNBOUND) {
            x->unbound++;
            return;
        }
        p->delivered++;
        if (p->bound == SIM_BOUND_MSI_INTX) {
            x->intx[p->pin[0].slot][p->pin[0].intx]++;
        } else {
            x->vector[p->gvec]++;
        }
        return;
    }
    x->stray++;
    sim_note(&x->notes, "a message to nobody: %#x at %#llx", data, (ull)addr);
}

static void check_msi(struct sim_xen *x, const struct sim_dev *d)
{
    const struct sim_pirq *p = sim_xen_vector(x, d, SIM_PIRQ_MSI, 0);

    if (!p || !sim_xen_programmed(p)) {
        sim_note(&x->notes, "MSI was enabled while the device has no address "
                 "and data of Xen's");
    }
    if (sim_dev_msix_enabled(d)) {
        sim_note(&x->notes, "MSI was enabled together with MSI-X");
    }
}

static void check_msix(struct sim_xen *x, const struct sim_dev *d)
{
    unsigned i;

    for (i = 0; i < d->msix.entries; i++) {
        const struct sim_pirq *p;

        if (sim_dev_msix_word(d, i, 3) & 1) {
            continue;
        }
        p = sim_xen_vector(x, d, SIM_PIRQ_MSIX, i);
        if (!p || !sim_xen_programmed(p)) {
            sim_note(&x->notes, "MSI-X was enabled while entry %u is unmasked "
                     "and has no address and data of Xen's", i);
        }
    }
    if (sim_dev_msi_enabled(d)) {
        sim_note(&x->notes, "MSI-X was enabled together with MSI");
    }
}

static void on_write(void *priv, struct sim_dev *d, unsigned what)
{
    struct sim_xen *x = priv;
    const struct sim_pirq *p = sim_xen_vector(x, d, SIM_PIRQ_MSI, 0);
    unsigned flags = sim_dev_peek(d, d->msi.pos + PCI_MSI_FLAGS, 1);
    unsigned vectors = 1u << ((flags & PCI_MSI_FLAGS_QSIZE) >> 4);

    if (what & SIM_WROTE_DECODE) {
        const char *why = what & SIM_WROTE_RESET ? ", after a reset" : "";

        sim_xen_check_decoders(x, d, false, why);
        sim_xen_check_decoders(x, d, true, why);
    }
    if (what & SIM_WROTE_MSI) {
        check_msi(x, d);
    }
    if (what & SIM_WROTE_MSIX) {
        check_msix(x, d);
    }
    if ((what & (SIM_WROTE_MME | SIM_WROTE_MSI)) && p &&
        sim_dev_msi_enabled(d) && vectors != p->nr) {
        sim_note(&x->notes, "MSI is enabled with %u vectors, and Xen has %u",
                 vectors, p->nr);
    }
}

/* Of MSI-X's structure, Message Control as a word is what can be written. */
static int intercept_msix(struct sim_xen *x, struct sim_dev *d, unsigned off,
                          unsigned len, uint32_t *val)
{
    struct sim_xen_dev *xd = sim_xen_find(x, d);

    if (off != d->msix.pos + (unsigned)PCI_MSI_FLAGS || len != 2) {
        sim_note(&x->notes, "write of %u bytes at %#x, MSI-X: refused", len,
                 off);
        return -EACCES;
    }
    if (xd) {
        xd->guest_maskall = *val & PCI_MSIX_MASK;
        *val |= xd->host_maskall ? PCI_MSIX_MASK : 0;
    }
    return 1;
}

/*
 * The mask bits of an MSI that is mapped are Xen's record of what the guest
 * wants; a device model has reason to write them under translation only.
 */
static int intercept_msi(struct sim_xen *x, const struct sim_dev *d,
                         struct sim_pirq *p, unsigned off, unsigned len,
                         uint32_t *val)
{
    unsigned i;

    if (off == d->msi.pos + (unsigned)PCI_MSI_FLAGS && len == 2) {
        return 1;
    }
    if (off != d->msi.mask || len != 4) {
        sim_note(&x->notes, "write of %u bytes at %#x, MSI: refused", len,
                 off);
        return -EACCES;
    }
    for (i = 0; i < d->msi.vectors; i++) {
        if (i < p->nr) {
            p[i].guest_masked = *val >> i & 1;
        }
        if (i >= p->nr || p[i].bound == SIM_UNBOUND) {
            *val |= UINT32_C(1) << i;
        }
    }
    return p->bound == SIM_BOUND_MSI_INTX;
}

/* A PV domain's writes of configuration space go through Xen. */
static int intercept(void *priv, struct sim_dev *d, unsigned off,
                     unsigned len, uint32_t *val)
{
    struct sim_xen *x = priv;
    struct sim_pirq *p = sim_xen_vector(x, d, SIM_PIRQ_MSI, 0);

    if (d->msix.pos && off >= d->msix.pos &&
        off < d->msix.pos + (unsigned)PCI_MSIX_PBA + 4) {
        return intercept_msix(x, d, off, len, val);
    }
    if (p && d->msi.mask && off >= d->msi.pos && off < d->msi.mask + 8u) {
        return intercept_msi(x, d, p, off, len, val);
    }
    return 0;
}

void sim_xen_listen(struct sim_xen *x, struct sim_dev *d)
{
    d->sink = (struct sim_dev_sink) {
        .priv = x, .message = on_message, .line = on_line, .wrote = on_write,
        .intercept = intercept,
    };
    sim_irq_update(d);
}

/* ------------------------------------------------------------------ */
/* The guest's accesses to a table                                      */

/* The table that holds @gpa, and which dword of which entry that is. */
static struct sim_xen_dev *table_at(struct sim_xen *x, uint64_t gpa,
                                    unsigned *entry, unsigned *off)
{
    unsigned i;

    for (i = 0; i < x->num_devs; i++) {
        struct sim_xen_dev *xd = &x->devs[i];

        if (xd->gtable && gpa >= xd->gtable &&
            gpa - xd->gtable < 16 * (uint64_t)xd->dev->msix.entries) {
            *entry = (unsigned)((gpa - xd->gtable) / 16);
            *off = (unsigned)((gpa - xd->gtable) % 16);
            return xd;
        }
    }
    return NULL;
}

bool sim_xen_guest_mmio_write(struct sim_xen *x, uint64_t gpa,
                              unsigned width, uint64_t val, bool *forward)
{
    struct sim_xen_dev *xd;
    struct sim_pirq *p = NULL;
    unsigned entry = 0, off = 0;
    bool data;

    *forward = true;
    if ((width != 4 && width != 8) || (gpa & (width - 1))) {
        return false;
    }
    xd = table_at(x, gpa, &entry, &off);
    if (xd) {
        p = sim_xen_vector(x, xd->dev, SIM_PIRQ_MSIX, entry);
    }
    data = off != VECTOR_CONTROL;
    if (p && data) {
        xd->changed[entry / 64] |= UINT64_C(1) << (entry % 64);
    }
    /* A write of Message Data may go on into Vector Control. */
    if (width == 8) {
        gpa += 4;
        off += 4;
        val >>= 32;
    }
    if (p && off != VECTOR_CONTROL) {
        return false;
    }
    if (!p || (!(val & 1) &&
               (xd->changed[entry / 64] >> (entry % 64) & 1))) {
        /* Is it vector control at all? Xen looks again when it is done. */
        x->unmask_gpa = val & 1 ? 0 : gpa;
        if (p) {
            xd->changed[entry / 64] &= ~(UINT64_C(1) << (entry % 64));
        }
        return false;
    }
    sim_xen_guest_mask(x, p, val & 1);
    *forward = data || x->opts.all_writes;
    return true;
}

void sim_xen_guest_mmio_done(struct sim_xen *x)
{
    uint64_t gpa = x->unmask_gpa;
    unsigned entry, off;
    struct sim_xen_dev *xd;
    struct sim_pirq *p;

    x->unmask_gpa = 0;
    if (gpa == 0) {
        return;
    }
    xd = table_at(x, gpa, &entry, &off);
    if (!xd || off != VECTOR_CONTROL) {
        return;
    }
    p = sim_xen_vector(x, xd->dev, SIM_PIRQ_MSIX, entry);
    if (p && p->bound == SIM_BOUND_MSI) {
        sim_xen_guest_mask(x, p, false);
    }
}

bool sim_xen_guest_mmio_read(struct sim_xen *x, uint64_t gpa, unsigned width,
                             uint64_t *val)
{
    struct sim_xen_dev *xd;
    const struct sim_pirq *p;
    unsigned entry, off;

    if (width != 4 || (gpa & 3)) {
        return false;
    }
    xd = table_at(x, gpa, &entry, &off);
    if (!xd || off != VECTOR_CONTROL) {
        return false;
    }
    p = sim_xen_vector(x, xd->dev, SIM_PIRQ_MSIX, entry);
    if (!p) {
        return false;
    }
    *val = p->guest_masked;
    return true;
}
