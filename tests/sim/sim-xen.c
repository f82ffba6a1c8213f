/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SIMULATED: a domain's Xen. See sim-xen.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sim-xen.h"

/* What 64-bit addresses have. */
#define MAX_FRAMES (UINT64_C(1) << (64 - PT_PAGE_SHIFT))

typedef unsigned long long ull;

static const char *const call_names[SIM_NUM_CALLS] = {
    [SIM_MAP_MEMORY] = "map memory",
    [SIM_UNMAP_MEMORY] = "unmap memory",
    [SIM_MAP_PORTS] = "map ports",
    [SIM_UNMAP_PORTS] = "unmap ports",
    [SIM_MAP_GSI] = "map a line",
    [SIM_MAP_MSI] = "map an MSI",
    [SIM_UNMAP_PIRQ] = "unmap a pirq",
    [SIM_BIND_INTX] = "bind INTx",
    [SIM_UNBIND_INTX] = "unbind INTx",
    [SIM_LOWER_INTX] = "lower INTx",
    [SIM_BIND_MSI_INTX] = "bind MSI-INTx",
    [SIM_UNBIND_MSI_INTX] = "unbind MSI-INTx",
    [SIM_BIND_MSI] = "bind MSI",
    [SIM_UNBIND_MSI] = "unbind MSI",
    [SIM_HAS_PIRQS] = "look for HVM pirqs",
    [SIM_VERSION] = "version",
    [SIM_OWNS] = "whose is it",
};

const char *sim_call_name(enum sim_call c)
{
    return c < SIM_NUM_CALLS ? call_names[c] : "?";
}

int sim_xen_call(struct sim_xen *x, enum sim_call c)
{
    int any = sim_fault_check(&x->fault);
    int kind = sim_fault_check(&x->kind_fault[c]);

    x->calls[c]++;
    x->total++;
    return any ? any : kind;
}

struct sim_xen_dev *sim_xen_find(struct sim_xen *x, const struct sim_dev *d)
{
    unsigned i;

    for (i = 0; i < x->num_devs; i++) {
        if (x->devs[i].dev == d) {
            return &x->devs[i];
        }
    }
    return NULL;
}

/* ------------------------------------------------------------------ */
/* Memory and ports                                                    */

static bool overlap(uint64_t a, uint64_t na, uint64_t b, uint64_t nb)
{
    return a < b + nb && b < a + na;
}

static const struct sim_map *holder(const struct sim_map *maps, unsigned num,
                                    uint64_t guest)
{
    unsigned i;

    for (i = 0; i < num; i++) {
        if (guest >= maps[i].guest && guest - maps[i].guest < maps[i].nr) {
            return &maps[i];
        }
    }
    return NULL;
}

const struct sim_map *sim_xen_mem(const struct sim_xen *x, uint64_t gfn)
{
    return holder(x->mem, x->num_mem, gfn);
}

const struct sim_map *sim_xen_port(const struct sim_xen *x, uint32_t port)
{
    return holder(x->ports, x->num_ports, port);
}

static bool mapped(const struct sim_map *maps, unsigned num, uint64_t guest,
                   uint64_t host, uint64_t nr)
{
    while (nr != 0) {
        const struct sim_map *m = holder(maps, num, guest);
        uint64_t skip, n;

        if (!m || host != m->host + (guest - m->guest)) {
            return false;
        }
        skip = guest - m->guest;
        n = m->nr - skip < nr ? m->nr - skip : nr;
        guest += n;
        host += n;
        nr -= n;
    }
    return true;
}

bool sim_xen_has_mem(const struct sim_xen *x, uint64_t gfn, uint64_t mfn,
                     uint64_t nr)
{
    return mapped(x->mem, x->num_mem, gfn, mfn, nr);
}

bool sim_xen_has_ports(const struct sim_xen *x, uint32_t gport,
                       uint32_t mport, uint32_t nr)
{
    return mapped(x->ports, x->num_ports, gport, mport, nr);
}

/*
 * Whose region is [@host, @host + @nr), in units of 1 << @shift bytes? The
 * toolstack permits a domain only what its devices have.
 */
static struct sim_dev *owner(struct sim_xen *x, bool io, uint64_t host,
                             uint64_t nr, unsigned shift)
{
    unsigned i, n;

    for (i = 0; i < x->num_devs; i++) {
        const struct pt_region *r = x->devs[i].dev->pt.info.region;

        for (n = 0; n < PT_NUM_REGIONS; n++) {
            uint64_t first = r[n].addr >> shift;
            uint64_t last = (r[n].addr + r[n].size - 1) >> shift;

            if (r[n].size && r[n].addr &&
                ((r[n].flags & PT_REGION_IO) != 0) == io && host >= first &&
                host <= last && nr <= last - host + 1) {
                return x->devs[i].dev;
            }
        }
    }
    return NULL;
}

static int add_map(struct sim_map **maps, unsigned *num, unsigned *max,
                   struct sim_map m)
{
    if (*num == *max) {
        unsigned want = 2 * *max;
        struct sim_map *more = realloc(*maps, want * sizeof(*more));

        if (!more) {
            return -ENOMEM;
        }
        *maps = more;
        *max = want;
    }
    (*maps)[(*num)++] = m;
    return 0;
}

/* A guest's access that no decoder takes may bring the host down (XSA-120). */
void sim_xen_check_decoders(struct sim_xen *x, const struct sim_dev *d,
                            bool io, const char *why)
{
    const struct sim_map *maps = io ? x->ports : x->mem;
    unsigned num = io ? x->num_ports : x->num_mem, i, n;
    unsigned shift = io ? 0 : PT_PAGE_SHIFT;

    for (i = 0; i < num; i++) {
        if (maps[i].dev != d) {
            continue;
        }
        for (n = 0; n < PT_NUM_REGIONS; n++) {
            const struct pt_region *r = &d->pt.info.region[n];
            uint64_t base;

            if (r->size && ((r->flags & PT_REGION_IO) != 0) == io &&
                maps[i].host >= r->addr >> shift &&
                maps[i].host <= (r->addr + r->size - 1) >> shift &&
                (!sim_dev_placed(d, n, &base) || base != r->addr)) {
                sim_note(&x->notes, "region %u is mapped in the guest and "
                         "the device does not decode it%s", n, why);
            }
        }
    }
}

static int map_range(struct sim_xen *x, bool io, struct sim_map m)
{
    const char *what = io ? "ports" : "memory";
    struct sim_map *maps = io ? x->ports : x->mem;
    unsigned num = io ? x->num_ports : x->num_mem, i;
    int rc;

    for (i = 0; i < num; i++) {
        if (overlap(m.guest, m.nr, maps[i].guest, maps[i].nr)) {
            sim_note(&x->notes, "map of %s %#llx+%#llx: %#llx+%#llx is "
                     "mapped", what, (ull)m.guest, (ull)m.nr,
                     (ull)maps[i].guest, (ull)maps[i].nr);
            return -EBUSY;
        }
    }
    m.dev = owner(x, io, m.host, m.nr, io ? 0 : PT_PAGE_SHIFT);
    if (!m.dev) {
        sim_note(&x->notes, "map of host's %s %#llx+%#llx, which no device "
                 "of the domain has", what, (ull)m.host, (ull)m.nr);
        return -EPERM;
    }
    rc = io ? add_map(&x->ports, &x->num_ports, &x->max_ports, m) :
         add_map(&x->mem, &x->num_mem, &x->max_mem, m);
    if (rc == 0) {
        sim_xen_check_decoders(x, m.dev, io, ", when something was mapped");
    }
    return rc;
}

static int unmap_range(struct sim_xen *x, bool io, struct sim_map m)
{
    struct sim_map *maps = io ? x->ports : x->mem;
    unsigned *num = io ? &x->num_ports : &x->num_mem, i;

    for (i = 0; i < *num; i++) {
        if (maps[i].guest == m.guest && maps[i].host == m.host &&
            maps[i].nr == m.nr) {
            maps[i] = maps[--*num];
            return 0;
        }
    }
    sim_note(&x->notes, "unmap of %s %#llx+%#llx at host's %#llx, which are "
             "not mapped so", io ? "ports" : "memory", (ull)m.guest,
             (ull)m.nr, (ull)m.host);
    return -EINVAL;
}

/* The guest must never reach a table by itself. */
static void check_table(struct sim_xen *x, uint64_t mfn, uint64_t nr)
{
    unsigned i;

    for (i = 0; i < x->num_devs; i++) {
        const struct sim_dev *d = x->devs[i].dev;
        const struct sim_msix *m = &d->msix;
        uint64_t first, last;

        if (!m->pos || m->bir >= PT_NUM_BARS ||
            m->off >= d->pt.info.region[m->bir].size) {
            continue;
        }
        first = d->pt.info.region[m->bir].addr + m->off;
        last = first + 16 * (uint64_t)m->entries - 1;
        first >>= PT_PAGE_SHIFT;
        last >>= PT_PAGE_SHIFT;
        if (overlap(mfn, nr, first, last - first + 1)) {
            sim_note(&x->notes, "map of host's frames %#llx+%#llx with an "
                     "MSI-X table", (ull)mfn, (ull)nr);
        }
    }
}

int sim_xen_map_memory(void *priv, uint64_t gfn, uint64_t mfn, uint64_t nr,
                       bool add)
{
    struct sim_xen *x = priv;
    struct sim_map m = { .guest = gfn, .host = mfn, .nr = nr };
    uint64_t limit = UINT64_C(1) << x->opts.gfn_bits;
    int rc = sim_xen_call(x, add ? SIM_MAP_MEMORY : SIM_UNMAP_MEMORY);

    if (rc != 0) {
        return rc;
    }
    if (nr == 0 || nr > MAX_FRAMES || gfn > MAX_FRAMES - nr) {
        sim_note(&x->notes, "map or unmap of frames %#llx+%#llx", (ull)gfn,
                 (ull)nr);
        return -EINVAL;
    }
    if (gfn + nr > limit) {
        /* It is the guest that puts a BAR there, and Xen that knows. */
        x->beyond++;
        if (x->opts.gfn_strict) {
            sim_note(&x->notes, "map or unmap of frames %#llx+%#llx, beyond "
                     "the guest's", (ull)gfn, (ull)nr);
        }
        return -EINVAL;
    }
    if (!add) {
        return unmap_range(x, false, m);
    }
    check_table(x, mfn, nr);
    return map_range(x, false, m);
}

int sim_xen_map_ports(void *priv, uint32_t gport, uint32_t mport, uint32_t nr,
                      bool add)
{
    struct sim_xen *x = priv;
    struct sim_map m = { .guest = gport, .host = mport, .nr = nr };
    int rc = sim_xen_call(x, add ? SIM_MAP_PORTS : SIM_UNMAP_PORTS);

    if (rc != 0) {
        return rc;
    }
    if (nr == 0 || nr > 0x10000 || gport > 0x10000 - nr ||
        mport > 0x10000 - nr) {
        sim_note(&x->notes, "map or unmap of ports %#x+%#x", gport, nr);
        return -EINVAL;
    }
    return add ? map_range(x, true, m) : unmap_range(x, true, m);
}

/* ------------------------------------------------------------------ */
/* Life                                                                */

int sim_xen_init(struct sim_xen *x, const struct sim_xen_opts *opts)
{
    memset(x, 0, sizeof(*x));
    if (opts) {
        x->opts = *opts;
    }
    x->opts.first_pirq = x->opts.first_pirq ? x->opts.first_pirq : 16;
    x->opts.max_pirqs = x->opts.max_pirqs ? x->opts.max_pirqs : 256;
    x->opts.gfn_bits = x->opts.gfn_bits ? x->opts.gfn_bits : 28;
    if (x->opts.gfn_bits > 64 - PT_PAGE_SHIFT) {
        x->opts.gfn_bits = 64 - PT_PAGE_SHIFT;
    }
    x->pt.ops = &sim_xen_ops;
    x->pt.priv = x;
    x->next_data = 0x4000;
    x->nr_gsis = x->opts.first_pirq + SIM_XEN_LINES;
    x->nr_pirqs = x->nr_gsis + x->opts.max_pirqs;
    x->pirq = calloc(x->nr_pirqs, sizeof(*x->pirq));
    /* Enough for any test that counts allocations. */
    x->max_mem = x->max_ports = 32;
    x->mem = calloc(x->max_mem, sizeof(*x->mem));
    x->ports = calloc(x->max_ports, sizeof(*x->ports));
    if (!x->pirq || !x->mem || !x->ports) {
        sim_xen_fini(x);
        return -ENOMEM;
    }
    return 0;
}

void sim_xen_fini(struct sim_xen *x)
{
    while (x->num_devs) {
        sim_xen_remove(x, x->devs[0].dev);
    }
    free(x->mem);
    free(x->ports);
    free(x->pirq);
    memset(x, 0, sizeof(*x));
}

int sim_xen_add(struct sim_xen *x, struct sim_dev *d)
{
    struct sim_xen_dev *xd = &x->devs[x->num_devs];

    if (x->num_devs == SIM_XEN_DEVS) {
        return -ENOSPC;
    }
    *xd = (struct sim_xen_dev) {
        .dev = d,
        .changed = calloc((d->msix.entries + 64) / 64, sizeof(uint64_t)),
    };
    if (!xd->changed) {
        return -ENOMEM;
    }
    x->num_devs++;
    sim_xen_listen(x, d);
    return 0;
}

void sim_xen_leave(struct sim_xen *x, const struct sim_dev *d)
{
    sim_xen_find(x, d)->left = true;
}

void sim_xen_assign(struct sim_xen *x, const struct sim_dev *d)
{
    sim_xen_find(x, d)->left = false;
}

void sim_xen_remove(struct sim_xen *x, const struct sim_dev *d)
{
    struct sim_xen_dev *xd = sim_xen_find(x, d);
    unsigned i;

    if (!xd) {
        return;
    }
    sim_xen_drop_pirqs(x, d);
    for (i = 0; i < x->num_mem; i++) {
        x->mem[i].dev = x->mem[i].dev == d ? NULL : x->mem[i].dev;
    }
    for (i = 0; i < x->num_ports; i++) {
        x->ports[i].dev = x->ports[i].dev == d ? NULL : x->ports[i].dev;
    }
    memset(&xd->dev->sink, 0, sizeof(xd->dev->sink));
    free(xd->changed);
    *xd = x->devs[--x->num_devs];
    sim_xen_update_lines(x);
}

void sim_xen_forget(struct sim_xen *x)
{
    unsigned i;

    memset(x->calls, 0, sizeof(x->calls));
    memset(&x->fault, 0, sizeof(x->fault));
    memset(x->kind_fault, 0, sizeof(x->kind_fault));
    memset(x->vector, 0, sizeof(x->vector));
    memset(x->intx, 0, sizeof(x->intx));
    x->total = x->unbound = x->stray = x->beyond = x->leaked = 0;
    x->unsupported = 0;
    for (i = 0; i < x->nr_pirqs; i++) {
        x->pirq[i].delivered = 0;
    }
    sim_notes_clear(&x->notes);
}

static unsigned map_leaks(const struct sim_map *m, unsigned num,
                          const char *what, char *buf, size_t size)
{
    unsigned i;

    for (i = 0; buf && i < num; i++) {
        sim_append(buf, size, "leak: %s %#llx+%#llx mapped to host's %#llx\n",
                   what, (ull)m[i].guest, (ull)m[i].nr, (ull)m[i].host);
    }
    return num;
}

unsigned sim_xen_leaks(const struct sim_xen *x, char *buf, size_t size)
{
    static const char *const kind[] = {
        [SIM_PIRQ_GSI] = "line", [SIM_PIRQ_MSI] = "MSI",
        [SIM_PIRQ_MSIX] = "MSI-X",
    };
    unsigned i, n = map_leaks(x->mem, x->num_mem, "frames", buf, size) +
                    map_leaks(x->ports, x->num_ports, "ports", buf, size);

    for (i = 0; i < x->nr_pirqs; i++) {
        const struct sim_pirq *p = &x->pirq[i];

        if (p->kind == SIM_PIRQ_FREE) {
            continue;
        }
        n += 1u + (p->bound != SIM_UNBOUND);
        if (buf) {
            sim_append(buf, size, "leak: pirq %u (%s, entry %u) mapped%s\n",
                       i, kind[p->kind], p->entry,
                       p->bound == SIM_UNBOUND ? "" : " and bound");
        }
    }
    for (i = 0; i < 32 * 4; i++) {
        if (!x->intx_stuck[i / 4][i % 4]) {
            continue;
        }
        n++;
        if (buf) {
            sim_append(buf, size, "leak: slot %u, pin %u: asserted and bound "
                       "to nothing\n", i / 4, i % 4);
        }
    }
    return n;
}
