/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What Xen has done for us. */
#include "pp-journal.h"

void pp_journal_add(struct pp_journal *j, const struct pp_deed *deed)
{
    if (j->num < PP_MAX_DEEDS) {
        j->deed[j->num] = *deed;
        j->num++;
    }
}

static bool same(const struct pp_deed *a, const struct pp_deed *b)
{
    return a->kind == b->kind && a->pirq == b->pirq && a->slot == b->slot &&
        a->intx == b->intx && a->guest == b->guest && a->host == b->host &&
        a->nr == b->nr;
}

/* Whoever is killed in between has one of them twice, and none too few. */
void pp_journal_strike(struct pp_journal *j, const struct pp_deed *deed)
{
    for (unsigned i = j->num; i-- > 0;) {
        if (same(&j->deed[i], deed)) {
            j->deed[i] = j->deed[j->num - 1];
            j->num--;
            return;
        }
    }
}

/* ------------------------------------------------------------------ */
/* Recording                                                           */

/* @rc: how it ended. Returns that. */
static int began(const struct pp_recorder *r, const struct pp_deed *deed,
                 int rc)
{
    if (rc != 0) {
        pp_journal_strike(r->journal, deed);
    }
    return rc;
}

static int ended(const struct pp_recorder *r, const struct pp_deed *deed,
                 int rc)
{
    if (rc == 0) {
        pp_journal_strike(r->journal, deed);
    }
    return rc;
}

static int map_memory(void *priv, uint64_t gfn, uint64_t mfn, uint64_t nr,
                      bool add)
{
    const struct pp_recorder *r = priv;
    struct pp_deed d = {
        .kind = PP_MEMORY, .guest = gfn, .host = mfn, .nr = nr,
    };

    if (!add) {
        return ended(r, &d, r->real->map_memory(r->priv, gfn, mfn, nr, false));
    }
    pp_journal_add(r->journal, &d);
    return began(r, &d, r->real->map_memory(r->priv, gfn, mfn, nr, true));
}

static int map_ports(void *priv, uint32_t gport, uint32_t mport, uint32_t nr,
                     bool add)
{
    const struct pp_recorder *r = priv;
    struct pp_deed d = {
        .kind = PP_PORTS, .guest = gport, .host = mport, .nr = nr,
    };

    if (!add) {
        return ended(r, &d, r->real->map_ports(r->priv, gport, mport, nr,
                                               false));
    }
    pp_journal_add(r->journal, &d);
    return began(r, &d, r->real->map_ports(r->priv, gport, mport, nr, true));
}

/* Only Xen knows the number, so that this one is written down after. */
static int mapped(const struct pp_recorder *r, int rc, int pirq)
{
    if (rc == 0) {
        pp_journal_add(r->journal, &(struct pp_deed) {
            .kind = PP_PIRQ, .pirq = pirq });
    }
    return rc;
}

/* A line that is mapped already is the same again, and goes at once. */
static int map_pirq_gsi(void *priv, int gsi, int *pirq)
{
    const struct pp_recorder *r = priv;
    int rc = r->real->map_pirq_gsi(r->priv, gsi, pirq);

    if (rc == 0) {
        pp_journal_strike(r->journal, &(struct pp_deed) {
            .kind = PP_PIRQ, .pirq = *pirq });
    }
    return mapped(r, rc, *pirq);
}

static int map_pirq_msi(void *priv, const struct pt_sbdf *dev, unsigned nr,
                        unsigned entry, uint64_t table_base, int *pirq)
{
    const struct pp_recorder *r = priv;
    int rc = r->real->map_pirq_msi(r->priv, dev, nr, entry, table_base, pirq);

    return mapped(r, rc, *pirq);
}

static int unmap_pirq(void *priv, int pirq)
{
    const struct pp_recorder *r = priv;
    struct pp_deed d = { .kind = PP_PIRQ, .pirq = pirq };

    return ended(r, &d, r->real->unmap_pirq(r->priv, pirq));
}

static int line_gsi(void *priv, const struct pt_sbdf *dev, int irq)
{
    const struct pp_recorder *r = priv;

    return r->real->line_gsi(r->priv, dev, irq);
}

static int bind_intx(void *priv, int pirq, uint8_t slot, uint8_t intx)
{
    const struct pp_recorder *r = priv;
    struct pp_deed d = {
        .kind = PP_INTX, .pirq = pirq, .slot = slot, .intx = intx,
    };

    pp_journal_add(r->journal, &d);
    return began(r, &d, r->real->bind_intx(r->priv, pirq, slot, intx));
}

static int unbind_intx(void *priv, int pirq, uint8_t slot, uint8_t intx)
{
    const struct pp_recorder *r = priv;
    struct pp_deed d = {
        .kind = PP_INTX, .pirq = pirq, .slot = slot, .intx = intx,
    };

    return ended(r, &d, r->real->unbind_intx(r->priv, pirq, slot, intx));
}

static int lower_intx(void *priv, uint8_t slot, uint8_t intx)
{
    const struct pp_recorder *r = priv;

    return r->real->lower_intx(r->priv, slot, intx);
}

static int bind_msi_intx(void *priv, int pirq, uint8_t slot, uint8_t intx)
{
    const struct pp_recorder *r = priv;
    struct pp_deed d = {
        .kind = PP_MSI_INTX, .pirq = pirq, .slot = slot, .intx = intx,
    };

    pp_journal_add(r->journal, &d);
    return began(r, &d, r->real->bind_msi_intx(r->priv, pirq, slot, intx));
}

static int unbind_msi_intx(void *priv, int pirq, uint8_t slot, uint8_t intx)
{
    const struct pp_recorder *r = priv;
    struct pp_deed d = {
        .kind = PP_MSI_INTX, .pirq = pirq, .slot = slot, .intx = intx,
    };

    return ended(r, &d, r->real->unbind_msi_intx(r->priv, pirq, slot, intx));
}

/* One that is bound is bound anew, with other values. */
static int bind_msi(void *priv, int pirq, uint8_t gvec, uint32_t gflags,
                    uint64_t gtable)
{
    const struct pp_recorder *r = priv;
    struct pp_deed d = {
        .kind = PP_MSI, .pirq = pirq, .gvec = gvec, .gflags = gflags,
    };
    int rc = r->real->bind_msi(r->priv, pirq, gvec, gflags, gtable);

    if (rc == 0) {
        pp_journal_strike(r->journal, &d);
        pp_journal_add(r->journal, &d);
    }
    return rc;
}

static int unbind_msi(void *priv, int pirq, uint8_t gvec, uint32_t gflags)
{
    const struct pp_recorder *r = priv;
    struct pp_deed d = { .kind = PP_MSI, .pirq = pirq };

    return ended(r, &d, r->real->unbind_msi(r->priv, pirq, gvec, gflags));
}

static int has_hvm_pirqs(void *priv)
{
    const struct pp_recorder *r = priv;

    return r->real->has_hvm_pirqs(r->priv);
}

static int version(void *priv)
{
    const struct pp_recorder *r = priv;

    return r->real->version(r->priv);
}

static int owns(void *priv, const struct pt_sbdf *dev, bool msix,
                unsigned msis)
{
    const struct pp_recorder *r = priv;

    return r->real->owns(r->priv, dev, msix, msis);
}

static const struct pt_xen_ops recording = {
    .map_memory = map_memory,
    .map_ports = map_ports,
    .map_pirq_gsi = map_pirq_gsi,
    .map_pirq_msi = map_pirq_msi,
    .unmap_pirq = unmap_pirq,
    .line_gsi = line_gsi,
    .bind_intx = bind_intx,
    .unbind_intx = unbind_intx,
    .lower_intx = lower_intx,
    .bind_msi_intx = bind_msi_intx,
    .unbind_msi_intx = unbind_msi_intx,
    .bind_msi = bind_msi,
    .unbind_msi = unbind_msi,
    .has_hvm_pirqs = has_hvm_pirqs,
    .version = version,
    .owns = owns,
};

void pp_journal_record(struct pp_recorder *r, struct pp_journal *j,
                       struct pt_xen *xen)
{
    *r = (struct pp_recorder) {
        .real = xen->ops, .priv = xen->priv, .journal = j,
    };
    xen->ops = &recording;
    xen->priv = r;
}

/* ------------------------------------------------------------------ */
/* Undoing                                                             */

static void undo(const struct pt_xen *x, const struct pp_deed *d)
{
    const struct pt_xen_ops *ops = x->ops;

    switch (d->kind) {
    case PP_WINDOW:
    case PP_PORT_WINDOW:
        break;
    case PP_MEMORY:
        ops->map_memory(x->priv, d->guest, d->host, d->nr, false);
        break;
    case PP_PORTS:
        ops->map_ports(x->priv, (uint32_t)d->guest, (uint32_t)d->host,
                       (uint32_t)d->nr, false);
        break;
    case PP_INTX:
        ops->unbind_intx(x->priv, d->pirq, d->slot, d->intx);
        ops->lower_intx(x->priv, d->slot, d->intx);
        break;
    case PP_MSI_INTX:
        ops->unbind_msi_intx(x->priv, d->pirq, d->slot, d->intx);
        break;
    case PP_MSI:
        ops->unbind_msi(x->priv, d->pirq, d->gvec, d->gflags);
        break;
    case PP_PIRQ:
        ops->unmap_pirq(x->priv, d->pirq);
        break;
    }
}

void pp_journal_undo(struct pp_journal *j, const struct pt_xen *xen)
{
    unsigned kept = 0;

    for (unsigned i = 0; i < j->num; i++) {
        if (j->deed[i].kind != PP_PIRQ) {
            undo(xen, &j->deed[i]);
        }
    }
    for (unsigned i = 0; i < j->num; i++) {
        if (j->deed[i].kind == PP_PIRQ) {
            undo(xen, &j->deed[i]);
        } else if (j->deed[i].kind == PP_WINDOW ||
                   j->deed[i].kind == PP_PORT_WINDOW) {
            j->deed[kept++] = j->deed[i];
        }
    }
    j->num = kept;
}
