/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SIMULATED: the device model's side of the guest's bus (a log, a clock,
 * trapped windows, other devices) and the guest's memory accesses, which go
 * where processor and Xen would send them.
 */
#ifndef SIM_BUS_H
#define SIM_BUS_H

#include "pt-bus.h"
#include "sim-common.h"
#include "sim-xen.h"

#define SIM_LOG_KEPT 64   /* lines; later ones are only counted */
#define SIM_LOG_LEN 512
#define SIM_TRAPS_MAX 64
#define SIM_TAKEN_MAX 16

struct sim_taken {
    bool io;
    uint64_t addr, size;
};

struct sim_bus {
    struct pt_bus pt;         /* give &b->pt to the engine */
    struct sim_clock clock;   /* for the devices too */
    struct sim_xen *xen;      /* where guest accesses go; may be NULL */
    struct sim_notes notes;

    unsigned lines[3];        /* by enum pt_level */
    unsigned num_lines;
    enum pt_level log_level[SIM_LOG_KEPT];
    char log[SIM_LOG_KEPT][SIM_LOG_LEN];

    unsigned call_at_calls;
    uint64_t call_at_us;      /* that call_at() asked for; PT_NEVER */
    uint64_t delayed_us;      /* let pass by delay_us() */
    uint64_t delays;

    struct sim_fault trap_fault;
    unsigned num_traps;
    struct pt_trap *trap[SIM_TRAPS_MAX];
    uint64_t trap_calls, untrap_calls;
    uint64_t trapped_reads, trapped_writes;  /* the guest's, by the engine */

    unsigned num_taken;       /* by other devices: a test's to fill */
    struct sim_taken taken[SIM_TAKEN_MAX];
    uint64_t taken_calls;

    uint64_t moved[PT_NUM_REGIONS];  /* where moved() told it is */
    uint64_t moved_calls[PT_NUM_REGIONS];
};

/* @xen may be NULL. Nothing to undo. */
void sim_bus_init(struct sim_bus *b, struct sim_xen *xen);

/* Forget log, counters, faults and complaints; not traps and ranges. */
void sim_bus_forget(struct sim_bus *b);

/* Another device of the guest's takes this range. */
void sim_bus_take(struct sim_bus *b, bool io, uint64_t addr, uint64_t size);
/* Does any kept line hold @text? */
bool sim_bus_logged(const struct sim_bus *b, const char *text);
/* The window at guest address @gpa, or NULL. */
const struct pt_trap *sim_bus_trap(const struct sim_bus *b, uint64_t gpa);

/* Is all of [@addr, @addr + @size) one window's, of ports (@io) or memory? */
bool sim_bus_traps(const struct sim_bus *b, bool io, uint64_t addr,
                   uint64_t size);

/*
 * The guest accesses memory, @width 1, 2, 4 or 8 bytes at @gpa, aligned or
 * not (split at pages): Xen's MSI-X interception, then Xen's mappings, then
 * trapped windows, as processor and Xen do it; nothing there reads all ones.
 */
uint64_t sim_guest_mmio_read(struct sim_bus *b, uint64_t gpa, unsigned width);
void sim_guest_mmio_write(struct sim_bus *b, uint64_t gpa, unsigned width,
                          uint64_t val);

/* The guest accesses a port, @width 1, 2, 4: mapped by Xen, or trapped. */
uint32_t sim_guest_io_read(struct sim_bus *b, uint32_t port, unsigned width);
void sim_guest_io_write(struct sim_bus *b, uint32_t port, unsigned width,
                        uint32_t val);

/* Let @us pass, with nothing of the guest's but @d's timer in between. */
void sim_bus_pass(struct sim_bus *b, struct pt_dev *d, uint64_t us);

#endif
