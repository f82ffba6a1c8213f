/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What holds between the accesses of a guest. See lib-invariants.h. */
#include "lib-invariants-int.h"

/* PCIe 3.0, 7.9: it begins at 0x100, be it with nothing. */
static bool ext_chain(struct inv *v)
{
    unsigned pos = 0x100, n = 0, left = 64;
    uint32_t head;

    for (; pos != 0 && left > 0; left--, pos = head >> 20) {
        head = rd32(v->w, pos);
        if (pos == 0x100 && (head & 0xfffff) == 0) {
            continue;  /* hidden, or none */
        }
        /* What could not be read at attach is hidden. */
        if (!v->failures &&
            (n >= v->rules.num_ext || v->rules.ext[n] != pos)) {
            return bad(v, "extended capability %u of the guest's chain is at "
                       "%03x, should be at %03x", n, pos,
                       n < v->rules.num_ext ? v->rules.ext[n] : 0);
        }
        n++;
    }
    return (pos == 0 && (n == v->rules.num_ext || v->failures)) ||
        bad(v, "the guest's extended chain ends after %u of %u", n,
            v->rules.num_ext);
}

bool inv_chain(struct inv *v)
{
    struct world *w = v->w;
    unsigned pos = rd8(w, PCI_CAPABILITY_LIST), n;
    bool seen[PT_CFG_SIZE] = { false };
    bool listed = pt_copy(w->d, PCI_STATUS, 2) & PCI_STATUS_CAP_LIST;

    if (listed != (pos != 0)) {
        return bad(v, "Capabilities List is %d, the pointer %02x", listed,
                   pos);
    }
    for (n = 0; pos != 0; n++) {
        if (pos < 0x40 || (pos & 3) || seen[pos]) {
            return bad(v, "the guest's chain leads to %02x", pos);
        }
        seen[pos] = true;
        if (n >= v->rules.num_caps || v->rules.cap[n] != pos) {
            return bad(v, "capability %u of the guest's chain is at %02x, "
                       "should be at %02x", n, pos,
                       n < v->rules.num_caps ? v->rules.cap[n] : 0);
        }
        if (rd8(w, pos) != (n + v->rules.num_added < v->rules.num_caps ?
                            v->found[pos] : PCI_CAP_ID_VNDR)) {
            return bad(v, "capability at %02x has ID %02x", pos, rd8(w, pos));
        }
        pos = rd8(w, pos + 1);
    }
    if (n != v->rules.num_caps) {
        return bad(v, "the guest's chain ends after %u of %u", n,
                   v->rules.num_caps);
    }
    return v->rules.size == PT_CFG_SIZE || ext_chain(v);
}

static bool is_io(const struct inv *v, unsigned n)
{
    return n != PT_ROM &&
        (v->w->sim.dev.pt.info.region[n].flags & PT_REGION_IO);
}

/*
 * Is the guest in the middle of sizing region @n? Then it stays. PCI 3.0,
 * 6.2.5.1: the address bits are written as ones; type bits are written as
 * ones by nobody who means an address.
 */
static bool sizing(const struct inv *v, unsigned n)
{
    const struct pt_bar *b = &v->w->d->bar[n];
    uint32_t type = n == PT_ROM ? 0x7ff : is_io(v, n) ? 0x3 : 0xf;
    uint32_t low = b->raw[0];

    return (low | type) == UINT32_MAX || (low & type) == type ||
        (n != PT_ROM && b->raw[1] == UINT32_MAX);
}

/* Would the device answer there? */
static bool answers(const struct inv *v, unsigned n)
{
    const struct pt_dev *d = v->w->d;
    uint32_t bit = is_io(v, n) ? PCI_COMMAND_IO : PCI_COMMAND_MEMORY;

    /* A decoder that can't go on, as a BAR has no address, is no use. */
    return d->pm.state == 0 && !(d->deaf & PT_DEAF_ALL) &&
        ((device(v, PCI_COMMAND, 2) & bit) || d->host->info.is_vf) &&
        (n != PT_ROM ||
         (pt_copy(d, PCI_ROM_ADDRESS, 4) & PCI_ROM_ADDRESS_ENABLE));
}

static bool enabled(const struct inv *v, unsigned n)
{
    return answers(v, n) && (pt_copy(v->w->d, PCI_COMMAND, 2) &
                             (is_io(v, n) ? PCI_COMMAND_IO :
                              PCI_COMMAND_MEMORY));
}

/* What was mapped may stay where it is while the guest has decoding off. */
static bool rests(const struct inv *v, unsigned n)
{
    return answers(v, n) && !v->w->args.policy.strict;
}

/* Which region's host addresses are these? PT_NUM_REGIONS: nobody's. */
static unsigned region_of(const struct inv *v, bool io, uint64_t addr,
                          uint64_t size)
{
    unsigned n;

    for (n = 0; n < PT_NUM_REGIONS; n++) {
        const struct pt_region *r = &v->w->sim.dev.pt.info.region[n];
        uint64_t len = v->w->d->bar[n].size;

        if (len && is_io(v, n) == io && addr >= r->addr &&
            addr - r->addr < len && size <= len - (addr - r->addr)) {
            return n;
        }
    }
    return n;
}

/* Do [@host, @host + @size) and @len bytes at @off of BAR @bir meet? */
static bool meets(const struct inv *v, unsigned bir, uint64_t off,
                  uint64_t len, uint64_t host, uint64_t size)
{
    const struct pt_region *r;
    uint64_t start;

    if (bir >= PT_NUM_BARS) {
        return false;
    }
    r = &v->w->sim.dev.pt.info.region[bir];
    start = r->addr + off;
    return r->addr && off + len <= r->size && host < start + len &&
        start < host + size;
}

/* Is any of the MSI-X table or pending bits there, in whichever BAR? */
static bool in_table(const struct inv *v, uint64_t host, uint64_t size)
{
    const struct sim_msix *m = &v->w->sim.dev.msix;

    return m->pos &&
        (meets(v, m->bir, m->off, 16ull * m->entries, host, size) ||
         meets(v, m->pba_bir, m->pba_off, (m->entries + 63ull) / 64 * 8, host,
               size));
}

/* Is another device there? */
static bool is_taken(const struct inv *v, bool io, uint64_t addr,
                     uint64_t size)
{
    const struct sim_bus *b = &v->w->sim.bus;
    unsigned i;

    for (i = 0; i < b->num_taken; i++) {
        if (b->taken[i].io == io &&
            addr < b->taken[i].addr + b->taken[i].size &&
            b->taken[i].addr < addr + size) {
            return true;
        }
    }
    return false;
}

/* Nothing is mapped but what the guest has decoded, where it has it. */
static bool check_maps(struct inv *v, bool io)
{
    const struct sim_xen *x = &v->w->sim.xen;
    const struct sim_map *m = io ? x->ports : x->mem;
    unsigned i, n, shift = io ? 0 : PT_PAGE_SHIFT;

    for (i = 0; i < (io ? x->num_ports : x->num_mem); i++, m++) {
        uint64_t host = m->host << shift, size = m->nr << shift;
        uint64_t guest = m->guest << shift, off;

        n = region_of(v, io, host, size);
        if (n == PT_NUM_REGIONS) {
            return bad(v, "%#llx+%#llx of the host is mapped, no region's",
                       (ull)host, (ull)size);
        }
        off = host - v->w->sim.dev.pt.info.region[n].addr;
        if (!io && in_table(v, host, size)) {
            return bad(v, "MSI-X's table or pending bits are mapped");
        }
        if (is_taken(v, io, guest, size) && !v->failures) {
            return bad(v, "another device is where region %u is mapped", n);
        }
        if (!enabled(v, n) && !rests(v, n) && !v->failures) {
            return bad(v, "region %u is mapped and not decoded", n);
        }
        if (guest - off != world_bar_addr(v->w, n) && !sizing(v, n) &&
            !v->failures) {
            return bad(v, "region %u is mapped at %#llx, should be at %#llx",
                       n, (ull)(guest - off), (ull)world_bar_addr(v->w, n));
        }
    }
    return true;
}

static bool overlaps(const struct inv *v, unsigned n)
{
    uint64_t a = world_bar_addr(v->w, n), na = v->w->d->bar[n].size;
    unsigned i;

    for (i = 0; i < PT_NUM_REGIONS; i++) {
        uint64_t o = world_bar_addr(v->w, i), no = v->w->d->bar[i].size;

        /* One that is being sized is where it was. */
        if (i != n && no && is_io(v, i) == is_io(v, n) &&
            (sizing(v, i) || (a < o + no && o < a + na))) {
            return true;
        }
    }
    return is_taken(v, is_io(v, n), a, na);
}

/* Piece @p of region @n at @at, whose part of the host is @host. */
static bool piece_is_there(const struct inv *v, unsigned n,
                           const struct pt_piece *p, uint64_t at,
                           uint64_t host)
{
    const struct world *w = v->w;
    bool io = is_io(v, n);

    if (p->trapped) {
        return sim_bus_traps(&w->sim.bus, io, at, p->size);
    }
    return io ? sim_xen_has_ports(&w->sim.xen, (uint32_t)at, (uint32_t)host,
                                  (uint32_t)p->size) :
        sim_xen_has_mem(&w->sim.xen, at >> PT_PAGE_SHIFT,
                        host >> PT_PAGE_SHIFT, p->size >> PT_PAGE_SHIFT);
}

/* All of region @n is at @addr: mapped, or trapped. */
static bool is_there(const struct inv *v, unsigned n, uint64_t addr)
{
    const struct world *w = v->w;
    uint64_t host = w->sim.dev.pt.info.region[n].addr, off;
    const struct pt_bar *b = &w->d->bar[n];
    unsigned i;

    for (off = i = 0; i < b->pieces; i++) {
        const struct pt_piece *p = &b->piece[i];

        if (!piece_is_there(v, n, p, addr + p->offset, host + p->offset)) {
            return false;
        }
        off += p->size;
    }
    return off == b->size;
}

/* And all that is decoded, and can be, is mapped. */
static bool check_mapped(struct inv *v)
{
    unsigned n;

    for (n = 0; n < PT_NUM_REGIONS; n++) {
        uint64_t size = v->w->d->bar[n].size, addr, limit;

        if (!size || !v->w->sim.dev.pt.info.region[n].addr ||
            !enabled(v, n) || sizing(v, n)) {
            continue;
        }
        addr = world_bar_addr(v->w, n);
        limit = is_io(v, n) ? UINT64_C(1) << 16 : UINT64_C(1) << 40;
        if (addr && addr < limit && size <= limit - addr &&
            !overlaps(v, n) && !is_there(v, n, addr)) {
            return bad(v, "region %u is not mapped at %#llx", n, (ull)addr);
        }
    }
    return true;
}

static unsigned lines_mapped(const struct sim_xen *x, bool *bound)
{
    unsigned i, n = 0;

    *bound = false;
    for (i = 0; i < x->nr_pirqs; i++) {
        const struct sim_pirq *p = &x->pirq[i];

        n += p->kind == SIM_PIRQ_GSI;
        *bound |= p->kind == SIM_PIRQ_GSI && p->bound == SIM_BOUND_INTX;
    }
    return n;
}

/* PCI 3.0, 6.8.1.3: a function with MSI or MSI-X on does not use its pin. */
static bool check_line(struct inv *v, bool messages)
{
    const struct sim_dev *s = &v->w->sim.dev;
    int irq = s->pt.info.irq;
    bool line = v->found[PCI_INTERRUPT_PIN] && irq > 0 && irq < 255, bound;
    unsigned n = lines_mapped(&v->w->sim.xen, &bound);

    if (n && (sim_dev_msi_enabled(s) || sim_dev_msix_enabled(s))) {
        return bad(v, "its line is mapped beside messages");
    }
    return messages || v->w->args.policy.msitranslate || line == bound ||
        bad(v, "INTx is %sbound", bound ? "" : "not ");
}

static bool check_irqs(struct inv *v)
{
    struct world *w = v->w;
    const struct pt_irq *q = w->d->irq;
    const struct sim_dev *s = &w->sim.dev;
    bool msi = q->msi_pos &&
        (pt_copy(w->d, q->msi_pos + 2u, 2) & PCI_MSI_FLAGS_ENABLE);
    bool msix = q->msix_pos &&
        (pt_copy(w->d, q->msix_pos + 2u, 2) & PCI_MSIX_ENABLE);

    if (sim_dev_power(s) != 0 || (w->d->deaf & PT_DEAF_ALL)) {
        return true;  /* it does not hear of what the guest wants */
    }
    if (sim_dev_msi_enabled(s) && sim_dev_msix_enabled(s)) {
        return bad(v, "MSI and MSI-X are both on in the device");
    }
    if (sim_dev_msi_enabled(s) && !msi && !w->args.policy.msitranslate) {
        return bad(v, "MSI is on in the device, and not the guest's");
    }
    if (sim_dev_msix_enabled(s) && !msix) {
        return bad(v, "MSI-X is on in the device, and not the guest's");
    }
    if (!msi && !msix && !w->args.policy.msitranslate &&
        w->sim.xen.num_pirqs > 1) {
        return bad(v, "%u pirqs are mapped for nothing", w->sim.xen.num_pirqs);
    }
    return check_line(v, msi || msix);
}

bool inv_state(struct inv *v)
{
    struct world *w = v->w;
    const struct sim_dev_count *n = &w->sim.dev.count;

    if (n->msi_written_by_dm || n->msix_written_by_dm) {
        return bad(v, "Xen's message registers were written");
    }
    if (n->bad_states && !v->lies) {
        return bad(v, "the device was sent to a D-state it can't go to");
    }
    if (!v->failures && sim_complaints(&w->sim, w->text, sizeof(w->text))) {
        return bad(v, "%.200s", w->text);
    }
    if (w->sim.bus.num_lines > v->lines + INV_MAX_LINES) {
        return bad(v, "%u log lines", w->sim.bus.num_lines);
    }
    if (!check_maps(v, false) || !check_maps(v, true)) {
        return false;
    }
    return v->failures || w->sim.dev.vanished ||
        (check_mapped(v) && check_irqs(v));
}
