/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Trapped windows: what the tree is told of them, and when. */
#include <errno.h>
#include <string.h>

#include "pt-tree.h"
#include "pt-mmio.h"

/* ------------------------------------------------------------------ */
/* The guest's accesses                                                */

static uint32_t range_read(const struct pt_range *r,
                           target_phys_addr_t addr, unsigned width)
{
    uint32_t none = width == 4 ? UINT32_MAX : (1u << (8 * width)) - 1;

    return r->trap ?
        (uint32_t)pt_trap_read(r->trap, addr - r->start, width) : none;
}

static void range_write(const struct pt_range *r, target_phys_addr_t addr,
                        uint32_t val, unsigned width)
{
    void (*written)(void) = r->written;

    if (r->trap) {
        pt_trap_write(r->trap, addr - r->start, val, width);
    }
    if (written) {
        written();  /* @r may be gone by now */
    }
}

static uint32_t read_8(void *opaque, target_phys_addr_t addr)
{
    return range_read(opaque, addr, 1);
}

static uint32_t read_16(void *opaque, target_phys_addr_t addr)
{
    return range_read(opaque, addr, 2);
}

static uint32_t read_32(void *opaque, target_phys_addr_t addr)
{
    return range_read(opaque, addr, 4);
}

static void write_8(void *opaque, target_phys_addr_t addr, uint32_t val)
{
    range_write(opaque, addr, val, 1);
}

static void write_16(void *opaque, target_phys_addr_t addr, uint32_t val)
{
    range_write(opaque, addr, val, 2);
}

static void write_32(void *opaque, target_phys_addr_t addr, uint32_t val)
{
    range_write(opaque, addr, val, 4);
}

/* The tree takes them without const. */
static CPUReadMemoryFunc *readers[] = { read_8, read_16, read_32 };
static CPUWriteMemoryFunc *writers[] = { write_8, write_16, write_32 };

/* ------------------------------------------------------------------ */
/* The pool                                                            */

void pt_mmio_init(struct pt_mmio *m)
{
    memset(m, 0, sizeof(*m));
}

static struct pt_range *at(struct pt_mmio *m, uint64_t start)
{
    for (unsigned i = 0; i < PT_MMIO_RANGES; i++) {
        if (m->range[i].size && m->range[i].start == start) {
            return &m->range[i];
        }
    }
    return NULL;
}

/* Xen hears of it; the tree's place for it is lost. */
static void drop(struct pt_range *r)
{
    cpu_unregister_io_memory(r->io);
    memset(r, 0, sizeof(*r));
}

/*
 * A free place in the pool, or the one that was switched off last: a guest
 * that moves on and on leaves those behind, and may return to the first.
 */
static struct pt_range *spare(struct pt_mmio *m)
{
    struct pt_range *best = NULL;

    for (unsigned i = 0; i < PT_MMIO_RANGES; i++) {
        struct pt_range *r = &m->range[i];

        if (r->size == 0) {
            return r;
        }
        if (!r->trap && (!best || r->used > best->used)) {
            best = r;
        }
    }
    if (best) {
        drop(best);
    }
    return best;
}

/*
 * Make room for @t: Xen refuses a range that meets another, even a stale one,
 * and then the guest's accesses go nowhere.
 */
static void make_room(struct pt_mmio *m, const struct pt_trap *t)
{
    for (unsigned i = 0; i < PT_MMIO_RANGES; i++) {
        struct pt_range *r = &m->range[i];
        bool meets = r->start < t->gpa + t->size &&
            t->gpa < r->start + r->size;

        if (r->size && !r->trap &&
            (meets || (r->last == t && m->starts < PT_MMIO_MOVES))) {
            drop(r);
        }
    }
}

static struct pt_range *new_range(struct pt_mmio *m, const struct pt_trap *t)
{
    struct pt_range *r;

    if (m->starts >= PT_MMIO_STARTS) {
        return NULL;
    }
    make_room(m, t);
    r = spare(m);
    if (!r) {
        return NULL;
    }
    r->io = cpu_register_io_memory(0, readers, writers, r);
    if (r->io < 0) {
        return NULL;
    }
    r->start = t->gpa;
    r->size = t->size;
    m->starts++;
    return r;
}

int pt_mmio_on(struct pt_mmio *m, struct pt_trap *t, const void *owner)
{
    struct pt_range *r = at(m, t->gpa);

    if (r && r->trap) {
        return -EBUSY;
    }
    if (!r || r->size != t->size) {
        r = new_range(m, t);
    }
    if (!r) {
        return -ENOSPC;
    }
    r->trap = t;
    r->last = t;
    r->owner = owner;
    r->written = m->written;
    r->used = ++m->clock;
    r->listed = true;
    /* Also where the tree has it still: another's may have come between. */
    cpu_register_physical_memory(r->start, r->size, (ram_addr_t)r->io);
    t->host = r;
    return 0;
}

static void unlist(struct pt_range *r)
{
    if (r->listed) {
        unregister_iomem(r->start);
        r->listed = false;
    }
}

void pt_mmio_off(struct pt_mmio *m, struct pt_trap *t, unsigned *lines)
{
    struct pt_range *r = t->host;

    if (!r || r->trap != t) {
        return;
    }
    r->trap = NULL;
    r->used = ++m->clock;
    t->host = NULL;
    if (*lines) {
        --*lines;
        unlist(r);
    }
}

void pt_mmio_forget(struct pt_mmio *m, const void *owner)
{
    for (unsigned i = 0; i < PT_MMIO_RANGES; i++) {
        struct pt_range *r = &m->range[i];

        if (r->size && r->owner == owner) {
            unlist(r);
            r->trap = NULL;
            r->last = NULL;
            r->owner = NULL;
        }
    }
}
