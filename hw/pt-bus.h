/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a device model offers to pass-through: a log, a clock, trapped MMIO
 * and word of the other devices on the guest's bus.
 */
#ifndef PT_BUS_H
#define PT_BUS_H

#include <stdbool.h>
#include <stdint.h>

enum pt_level {
    PT_LOG_INFO,
    PT_LOG_WARNING,
    PT_LOG_ERROR,
};

struct pt_dev;

/* Windows of a region: MSI-X's table, its pending bits, and pt-window.h's. */
#define PT_REGION_TRAPS 5

/*
 * A window of a BAR whose accesses come to pass-through. The engine owns it
 * and fills all but @host, which is the bus glue's to use. Of a BAR of ports
 * only where the bus takes them: pt_bus_ops.traps_ports.
 */
struct pt_trap {
    struct pt_dev *dev;
    unsigned region;  /* 0..5 */
    bool io;          /* it is of ports */
    unsigned part;    /* which of the region's, 0..PT_REGION_TRAPS - 1 */
    uint64_t offset;  /* into the region, a multiple of the page size; */
    uint64_t size;    /* of ports, both are of dwords */
    uint64_t gpa;     /* where the guest has it now; a port's number */
    void *host;
};

struct pt_bus_ops {
    /* One line, no newline at its end; it names the device already. */
    void (*log)(void *priv, enum pt_level level, const char *line);

    /* A clock that never goes back, and a way to let it pass. */
    uint64_t (*now_us)(void *priv);
    void (*delay_us)(void *priv, uint32_t us);

    /*
     * Call pt_tick() for this device once now_us() is at least @us, in the
     * place of the time that was asked for before; PT_NEVER: not at all. May
     * be NULL: what it is for then waits for the guest's next access.
     */
    void (*call_at)(void *priv, uint64_t us);

    /*
     * Send the guest's accesses to [@t->gpa, @t->gpa + @t->size) to
     * pt_trap_read() and pt_trap_write(), until untrap. 0 or -errno.
     */
    int (*trap)(void *priv, struct pt_trap *t);
    void (*untrap)(void *priv, struct pt_trap *t);
    bool traps_ports;  /* trap() takes windows of ports, too */

    /*
     * Is any of [@addr, @addr + @size) taken by another device of the
     * guest, or its RAM? @io: ports, otherwise memory. @self is who asks.
     * Before the answer pt_yield() is called for the others of ours.
     */
    bool (*taken)(void *priv, const struct pt_dev *self, bool io,
                  uint64_t addr, uint64_t size);

    /*
     * Tell that a region is at @addr now (PT_UNMAPPED: nowhere), so that the
     * device model can answer taken() and its monitor. It comes in the middle
     * of things: pt_bars_sync() of others, as of who asks, has to wait until
     * the access is done.
     */
    void (*moved)(void *priv, const struct pt_dev *self, unsigned region,
                  uint64_t addr);

    /*
     * The guest's access to configuration space, which came through a window
     * of a BAR: as pt_config_read() and pt_config_write(), which are taken if
     * these are NULL. For buses that answer for a register themselves: a
     * file's expansion ROM.
     */
    uint32_t (*config_read)(void *priv, struct pt_dev *self, uint32_t off,
                            unsigned len);
    void (*config_write)(void *priv, struct pt_dev *self, uint32_t off,
                         uint32_t val, unsigned len);
};

struct pt_bus {
    const struct pt_bus_ops *ops;
    void *priv;
};

#define PT_UNMAPPED UINT64_MAX
#define PT_NEVER UINT64_MAX

/* The time that call_at() was asked for has come; too early does no harm. */
void pt_tick(struct pt_dev *d);

/*
 * A guest's access to a trapped window: @off into it, @width 1, 2, 4 or, in
 * memory, 8.
 * What is illegal reads as all ones (0 in the MSI-X table) or is dropped.
 */
uint64_t pt_trap_read(struct pt_trap *t, uint64_t off, unsigned width);
void pt_trap_write(struct pt_trap *t, uint64_t off, uint64_t val,
                   unsigned width);

#endif
