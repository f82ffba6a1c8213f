/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SIMULATED: the guest's bus. See sim-bus.h. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "sim-bus.h"

typedef unsigned long long ull;

/* ------------------------------------------------------------------ */
/* What the engine asks for                                            */

static void bus_log(void *priv, enum pt_level level, const char *line)
{
    struct sim_bus *b = priv;

    if (b->num_lines < SIM_LOG_KEPT) {
        b->log_level[b->num_lines] = level;
        snprintf(b->log[b->num_lines], SIM_LOG_LEN, "%s", line);
    }
    b->num_lines++;
    if (level <= PT_LOG_ERROR) {
        b->lines[level]++;
    }
    if (level > PT_LOG_ERROR || strchr(line, '\n') || !line[0]) {
        sim_note(&b->notes, "log line of level %d, %s", (int)level,
                 line[0] ? "or several lines in one" : "empty");
    }
}

static uint64_t now_us(void *priv)
{
    struct sim_bus *b = priv;

    return b->clock.now_us;
}

static void delay_us(void *priv, uint32_t us)
{
    struct sim_bus *b = priv;

    b->clock.now_us += us;
    b->delayed_us += us;
    b->delays++;
}

static void call_at(void *priv, uint64_t us)
{
    struct sim_bus *b = priv;

    b->call_at_calls++;
    b->call_at_us = us;
}

void sim_bus_pass(struct sim_bus *b, struct pt_dev *d, uint64_t us)
{
    uint64_t end = b->clock.now_us + us;

    while (b->call_at_us <= end) {
        if (b->clock.now_us < b->call_at_us) {
            b->clock.now_us = b->call_at_us;
        }
        b->call_at_us = PT_NEVER;
        pt_tick(d);
    }
    b->clock.now_us = end;
}

static bool overlap(uint64_t a, uint64_t na, uint64_t b, uint64_t nb)
{
    return a < b + nb && b < a + na;
}

static bool sane(const struct sim_bus *b, const struct pt_trap *t)
{
    uint64_t odd = t->size | t->offset | t->gpa;

    if (!t->dev || t->size == 0 || t->region >= PT_NUM_BARS ||
        t->gpa > UINT64_MAX - t->size) {
        return false;
    }
    return t->io ? b->pt.ops->traps_ports && !(odd & 3) &&
        t->gpa + t->size <= 0x10000 : !(odd & ~PT_PAGE_MASK);
}

static int trap(void *priv, struct pt_trap *t)
{
    struct sim_bus *b = priv;
    int rc = sim_fault_check(&b->trap_fault);
    unsigned i;

    b->trap_calls++;
    if (rc != 0) {
        return rc;
    }
    if (!sane(b, t)) {
        sim_note(&b->notes, "trap of %#llx+%#llx, region %u", (ull)t->gpa,
                 (ull)t->size, t->region);
        return -EINVAL;
    }
    for (i = 0; i < b->num_traps; i++) {
        const struct pt_trap *o = b->trap[i];

        if (o == t || (o->io == t->io && overlap(o->gpa, o->size, t->gpa, t->size))) {
            sim_note(&b->notes, "trap of %#llx+%#llx: %#llx+%#llx is "
                     "trapped", (ull)t->gpa, (ull)t->size, (ull)o->gpa,
                     (ull)o->size);
            return -EBUSY;
        }
    }
    if (b->num_traps == SIM_TRAPS_MAX) {
        return -ENOSPC;
    }
    b->trap[b->num_traps++] = t;
    return 0;
}

static void untrap(void *priv, struct pt_trap *t)
{
    struct sim_bus *b = priv;
    unsigned i;

    b->untrap_calls++;
    for (i = 0; i < b->num_traps; i++) {
        if (b->trap[i] == t) {
            b->trap[i] = b->trap[--b->num_traps];
            return;
        }
    }
    sim_note(&b->notes, "untrap of a window that is not trapped");
}

static bool taken(void *priv, const struct pt_dev *self, bool io,
                  uint64_t addr, uint64_t size)
{
    struct sim_bus *b = priv;
    unsigned i;

    b->taken_calls++;
    if (!self || size == 0) {
        sim_note(&b->notes, "taken() of %#llx+%#llx", (ull)addr, (ull)size);
    }
    for (i = 0; i < b->num_taken; i++) {
        if (b->taken[i].io == io &&
            overlap(b->taken[i].addr, b->taken[i].size, addr, size)) {
            return true;
        }
    }
    return false;
}

static void moved(void *priv, const struct pt_dev *self, unsigned region,
                  uint64_t addr)
{
    struct sim_bus *b = priv;

    if (!self || region >= PT_NUM_REGIONS) {
        sim_note(&b->notes, "moved() of region %u", region);
        return;
    }
    b->moved[region] = addr;
    b->moved_calls[region]++;
}

static const struct pt_bus_ops ops = {
    .log = bus_log,
    .now_us = now_us,
    .delay_us = delay_us,
    .call_at = call_at,
    .trap = trap,
    .untrap = untrap,
    .traps_ports = true,
    .taken = taken,
    .moved = moved,
};

/* ------------------------------------------------------------------ */
/* What a test asks for                                                */

void sim_bus_init(struct sim_bus *b, struct sim_xen *xen)
{
    unsigned i;

    memset(b, 0, sizeof(*b));
    b->pt.ops = &ops;
    b->pt.priv = b;
    b->xen = xen;
    /* Not 0, for a deadline that was never set to be in the past. */
    b->clock.now_us = 1000000;
    b->call_at_us = PT_NEVER;
    for (i = 0; i < PT_NUM_REGIONS; i++) {
        b->moved[i] = PT_UNMAPPED;
    }
}

void sim_bus_forget(struct sim_bus *b)
{
    memset(b->lines, 0, sizeof(b->lines));
    memset(b->moved_calls, 0, sizeof(b->moved_calls));
    memset(&b->trap_fault, 0, sizeof(b->trap_fault));
    b->num_lines = 0;
    b->delayed_us = b->delays = b->taken_calls = 0;
    b->trap_calls = b->untrap_calls = 0;
    b->trapped_reads = b->trapped_writes = 0;
    sim_notes_clear(&b->notes);
}

void sim_bus_take(struct sim_bus *b, bool io, uint64_t addr, uint64_t size)
{
    if (b->num_taken < SIM_TAKEN_MAX) {
        b->taken[b->num_taken++] = (struct sim_taken) {
            .io = io, .addr = addr, .size = size,
        };
    }
}

bool sim_bus_logged(const struct sim_bus *b, const char *text)
{
    unsigned i;

    for (i = 0; i < b->num_lines && i < SIM_LOG_KEPT; i++) {
        if (strstr(b->log[i], text)) {
            return true;
        }
    }
    return false;
}

static struct pt_trap *find_in(const struct sim_bus *b, bool ports,
                               uint64_t gpa)
{
    unsigned i;

    for (i = 0; i < b->num_traps; i++) {
        if (b->trap[i]->io == ports && gpa >= b->trap[i]->gpa &&
            gpa - b->trap[i]->gpa < b->trap[i]->size) {
            return b->trap[i];
        }
    }
    return NULL;
}

static struct pt_trap *find_trap(const struct sim_bus *b, uint64_t gpa)
{
    return find_in(b, false, gpa);
}

bool sim_bus_traps(const struct sim_bus *b, bool io, uint64_t addr,
                   uint64_t size)
{
    const struct pt_trap *t = find_in(b, io, addr);

    return t && addr - t->gpa + size <= t->size;
}

/* Ports that are mapped never leave the guest; all of an access is. */
static struct pt_trap *port_trap(struct sim_bus *b, uint32_t port,
                                 unsigned width, bool mapped)
{
    struct pt_trap *t = find_in(b, true, port);

    if (t && mapped) {
        sim_note(&b->notes, "guest port %#x is mapped and trapped", port);
    }
    return t && port - t->gpa + width <= t->size ? t : NULL;
}

const struct pt_trap *sim_bus_trap(const struct sim_bus *b, uint64_t gpa)
{
    return find_trap(b, gpa);
}

/* ------------------------------------------------------------------ */
/* The guest                                                           */

static uint64_t ones(unsigned width)
{
    return UINT64_MAX >> (64 - 8 * width);
}

/*
 * A page that is mapped never leaves the guest, so a trap of it would see
 * nothing. Returns the mapping of @gpa, or NULL.
 */
static const struct sim_map *direct(struct sim_bus *b, uint64_t gpa)
{
    const struct sim_map *m = b->xen ?
        sim_xen_mem(b->xen, gpa >> PT_PAGE_SHIFT) : NULL;

    if (m && find_trap(b, gpa)) {
        sim_note(&b->notes, "guest page %#llx is mapped and trapped",
                 (ull)(gpa & PT_PAGE_MASK));
    }
    return m;
}

static uint64_t host_address(const struct sim_map *m, uint64_t gpa)
{
    uint64_t frame = m->host + ((gpa >> PT_PAGE_SHIFT) - m->guest);

    return frame << PT_PAGE_SHIFT | (gpa & ~PT_PAGE_MASK);
}

static void not_decoded(const struct sim_map *m)
{
    if (m->dev && !m->dev->vanished) {
        m->dev->count.unsupported++;
    }
}

/* Through a mapping: no exit. Unaligned ones are several on the bus. */
static uint64_t direct_read(struct sim_bus *b, const struct sim_map *m,
                            uint64_t gpa, unsigned width)
{
    uint64_t host = host_address(m, gpa), all = 0;
    unsigned done, n, i;

    for (done = 0; done < width; done += n) {
        uint64_t val;
        bool found = false;

        n = sim_cycle(host + done, width - done, 8);
        val = ones(n);
        for (i = 0; i < b->xen->num_devs && !found; i++) {
            found = sim_dev_mem_read(b->xen->devs[i].dev, host + done, n,
                                     &val);
        }
        if (!found) {
            not_decoded(m);
        }
        all |= val << (8 * done);
    }
    return all;
}

static void direct_write(struct sim_bus *b, const struct sim_map *m,
                         uint64_t gpa, unsigned width, uint64_t val)
{
    uint64_t host = host_address(m, gpa);
    unsigned done, n, i;

    for (i = 0; i < b->xen->num_devs; i++) {
        if (sim_dev_msix_page(b->xen->devs[i].dev, host)) {
            sim_note(&b->notes, "guest write to %#llx, where Xen has MSI-X "
                     "write-protected: it ends the guest", (ull)gpa);
            return;
        }
    }

    for (done = 0; done < width; done += n) {
        bool found = false;

        n = sim_cycle(host + done, width - done, 8);
        for (i = 0; i < b->xen->num_devs && !found; i++) {
            found = sim_dev_mem_write(b->xen->devs[i].dev, host + done, n,
                                      val >> (8 * done));
        }
        if (!found) {
            not_decoded(m);
        }
    }
}

static uint64_t read_in_page(struct sim_bus *b, uint64_t gpa, unsigned width)
{
    const struct sim_map *m = direct(b, gpa);
    struct pt_trap *t;
    uint64_t val;

    if (m) {
        return direct_read(b, m, gpa, width);
    }
    if (b->xen && sim_xen_guest_mmio_read(b->xen, gpa, width, &val)) {
        return val;
    }
    t = find_trap(b, gpa);
    if (!t) {
        return ones(width);
    }
    b->trapped_reads++;
    return pt_trap_read(t, gpa - t->gpa, width) & ones(width);
}

static void write_in_page(struct sim_bus *b, uint64_t gpa, unsigned width,
                          uint64_t val)
{
    const struct sim_map *m = direct(b, gpa);
    bool forward = true;
    struct pt_trap *t;

    if (m) {
        direct_write(b, m, gpa, width, val);
        return;
    }
    if (b->xen) {
        sim_xen_guest_mmio_write(b->xen, gpa, width, val, &forward);
    }
    t = find_trap(b, gpa);
    if (forward && t) {
        b->trapped_writes++;
        pt_trap_write(t, gpa - t->gpa, val, width);
    }
    if (b->xen) {
        sim_xen_guest_mmio_done(b->xen);
    }
}

/* What of an access stays together: all, or what is aligned in its page. */
static unsigned chunk(uint64_t gpa, unsigned left, unsigned width)
{
    bool crosses = (gpa & ~PT_PAGE_MASK) + left > PT_PAGE_SIZE;

    return crosses || left < width ? sim_cycle(gpa, left, 8) : left;
}

uint64_t sim_guest_mmio_read(struct sim_bus *b, uint64_t gpa, unsigned width)
{
    uint64_t all = 0;
    unsigned done, n;

    for (done = 0; done < width; done += n) {
        n = chunk(gpa + done, width - done, width);
        all |= read_in_page(b, gpa + done, n) << (8 * done);
    }
    return all;
}

void sim_guest_mmio_write(struct sim_bus *b, uint64_t gpa, unsigned width,
                          uint64_t val)
{
    unsigned done, n;

    for (done = 0; done < width; done += n) {
        n = chunk(gpa + done, width - done, width);
        write_in_page(b, gpa + done, n, val >> (8 * done) & ones(n));
    }
}

uint32_t sim_guest_io_read(struct sim_bus *b, uint32_t port, unsigned width)
{
    const struct sim_map *m = b->xen ? sim_xen_port(b->xen, port) : NULL;
    struct pt_trap *t = port_trap(b, port, width, m != NULL);
    uint64_t val = ones(width);
    unsigned i;

    if (t) {
        b->trapped_reads++;
        return (uint32_t)(pt_trap_read(t, port - t->gpa, width) & ones(width));
    }

    for (i = 0; m && i < b->xen->num_devs; i++) {
        if (sim_dev_io_read(b->xen->devs[i].dev,
                            (uint32_t)(m->host + port - m->guest), width,
                            &val)) {
            return (uint32_t)val;
        }
    }
    if (m) {
        not_decoded(m);
    }
    return (uint32_t)val;
}

void sim_guest_io_write(struct sim_bus *b, uint32_t port, unsigned width,
                        uint32_t val)
{
    const struct sim_map *m = b->xen ? sim_xen_port(b->xen, port) : NULL;
    struct pt_trap *t = port_trap(b, port, width, m != NULL);
    unsigned i;

    if (t) {
        b->trapped_writes++;
        pt_trap_write(t, port - t->gpa, val & ones(width), width);
        return;
    }
    for (i = 0; m && i < b->xen->num_devs; i++) {
        if (sim_dev_io_write(b->xen->devs[i].dev,
                             (uint32_t)(m->host + port - m->guest), width,
                             val)) {
            return;
        }
    }
    if (m) {
        not_decoded(m);
    }
}
