/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The demonstration: a guest, its bus and Xen, and a card. What the guest
 * does is printed line by line, and checked.
 */
#ifndef DEMO_H
#define DEMO_H

#include "capture.h"
#include "pt-host.h"
#include "pt-policy.h"
#include "sim-device.h"
#include "sim-xen.h"

extern const char demo_card[];
extern const char demo_card_end[];
extern const char demo_card_name[];

/* What something cost on the host. */
struct cost {
    uint64_t reads;    /* of the card's configuration space, in calls */
    uint64_t writes;
    uint64_t mmio;     /* accesses of its memory by the device model */
    uint64_t calls;    /* hypercalls */
};

/* Where the guest's firmware puts the regions. */
#define GUEST_MEM UINT64_C(0xf0000000)
#define GUEST_PORTS 0xc000u
#define GUEST_DEVFN 0x28  /* 00:05.0 */

struct demo {
    struct capture *card;     /* as it was captured */
    struct sim_clock clock;
    struct sim_dev dev;
    uint8_t power_on[PT_CFG_SIZE];  /* the card's registers then */
    struct sim_xen xen;
    PCIBus *bus;
    struct pt_host *host;
    uint64_t bar[PT_NUM_REGIONS];  /* guest addresses */

    unsigned accesses;        /* of the guest's */
    struct cost last;         /* of the last one */
    unsigned lines;           /* of the engine's log */
    bool silent;              /* don't print these */
    unsigned checks;
    unsigned wrong;
};

/* ------------------------------------------------------------------ */
/* print.c                                                             */

#define DEMO_COLUMNS 98

/* A paragraph, wrapped; all lines but the first are indented by @indent. */
void demo_say(unsigned indent, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* The head of step @title, and of a table of accesses. */
void demo_step(struct demo *m, const char *title);
void demo_table(void);

/* One access and its cost; values as text, @remark may be empty. */
struct row {
    const char *what;    /* reads, writes ... */
    const char *where;
    const char *name;
    const char *guest;
    const char *card;
    const char *remark;
    bool differ;         /* mark it: the guest is told something else */
};
void demo_row(const struct demo *m, const struct row *row);

/* "1r 2x", see demo_legend(); "-" if it was free. */
const char *demo_cost_text(const struct cost *c, char buf[80]);
void demo_legend(void);

/* What Xen maps for the guest now. */
void demo_mappings(const struct demo *m);

/* What the specification asks for; only a failure is printed. */
void demo_check(struct demo *m, bool ok, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* The last access cost no more, and no less. */
void demo_check_cost(struct demo *m, uint64_t reads, uint64_t writes,
                     uint64_t calls);

/* ------------------------------------------------------------------ */
/* guest.c                                                             */

struct cost demo_cost_now(const struct demo *m);
void demo_cost_since(struct demo *m, const struct cost *before);

/* Configuration space of any function, through the ports, unprinted. */
uint32_t guest_config_read(struct demo *m, int devfn, unsigned off,
                           unsigned len);
void guest_config_write(struct demo *m, int devfn, unsigned off,
                        uint32_t val, unsigned len);

/* The card's, printed as a row. */
uint32_t guest_read(struct demo *m, unsigned off, unsigned len,
                    const char *name, const char *remark);
void guest_write(struct demo *m, unsigned off, unsigned len, uint32_t val,
                 const char *name, const char *remark);

/*
 * Memory and ports: as the processor finds them mapped by Xen, else trapped.
 * @off into region @n; unprinted, and printed.
 */
uint64_t guest_mem_read(struct demo *m, unsigned n, uint64_t off,
                        unsigned width);
void guest_mem_write(struct demo *m, unsigned n, uint64_t off, uint64_t val,
                     unsigned width);
uint64_t guest_load(struct demo *m, unsigned n, uint64_t off, unsigned width,
                    const char *name, const char *remark);
void guest_store(struct demo *m, unsigned n, uint64_t off, unsigned width,
                 uint64_t val, const char *name, const char *remark);
uint32_t guest_in(struct demo *m, unsigned n, uint32_t off, unsigned width,
                  const char *name, const char *remark);
void guest_out(struct demo *m, unsigned n, uint32_t off, unsigned width,
               uint32_t val, const char *name, const char *remark);

/* ------------------------------------------------------------------ */
/* Steps                                                               */

/* step-msix.c */
void step_interrupts(struct demo *m);

#endif
