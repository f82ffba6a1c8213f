/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A world for tests: a captured or built device, SIMULATED with its Xen and
 * its bus, the engine attached to it, and a guest's hands.
 *
 *     struct world w;
 *
 *     world_open(&w, "qemu-nvme.txt", 0, NULL);
 *     world_attach(&w);
 *     world_place_all(&w);
 *     world_decode(&w, true);
 *     assert_int_equal(rd16(&w, PCI_VENDOR_ID), 0x1b36);
 *     assert_true(world_close(&w));
 *
 * What can't go wrong in a sound test (a file is missing, no memory) ends the
 * test program with a message. Knows nothing of cmocka: the fuzzer uses it.
 */
#ifndef LIB_WORLD_H
#define LIB_WORLD_H

#include "capture.h"
#include "pt-dev.h"
#include "sim.h"

/* ------------------------------------------------------------------ */
/* Devices                                                             */

/* A function of a file of tests/devices. */
struct world_function {
    char name[80];  /* "qemu-xhci.txt#0" */
    struct capture capture;
};

/*
 * All functions of all captures, by name, in *@list, for free(). They are in
 * $DEVICES, or tests/devices. Returns how many.
 */
unsigned world_functions(struct world_function **list);

/* The policies of the property tests, with their names; ends with NULL. */
struct world_policy {
    const char *name;
    struct pt_policy policy;
};
extern const struct world_policy world_policies[];
/* With those that hide capabilities. */
extern const struct world_policy world_all_policies[];

/* The @n-th function of file @name of tests/devices. */
void world_capture(struct capture *c, const char *name, unsigned n);

/*
 * A device from nothing: 256 bytes, an endpoint's IDs and class, no BAR, no
 * capability. Fill @c by hand or with what follows.
 */
void world_build(struct capture *c);
/* BAR @n (PT_ROM: the ROM) at @addr; @flags: PT_REGION_*. */
void world_build_bar(struct capture *c, unsigned n, uint64_t addr,
                     uint64_t size, unsigned flags);
/*
 * A capability at @pos, at the end of the chain; @body: the @len bytes behind
 * its ID and next pointer.
 */
void world_build_cap(struct capture *c, uint8_t pos, uint8_t id,
                     const void *body, unsigned len);

/* ------------------------------------------------------------------ */
/* The world                                                           */

struct world {
    struct sim sim;
    struct pt_args args;    /* for the next world_attach() */
    struct pt_dev *d;       /* NULL: not attached */
    bool was_attached;
    struct pt_error err;    /* of the last world_attach() */
    char text[2048];        /* what was wrong, a line for each */
};

/*
 * Make a world, nothing attached. @policy, @opts: NULL for the usual ones; the
 * guest's frame numbers have 40 bits, as many as the engine would map.
 * The operating system's word of the device, w->sim.dev.pt.info, and w->args
 * may be changed before world_attach().
 */
void world_init(struct world *w, const struct capture *c,
                const struct pt_policy *policy, const struct sim_opts *opts);
/* world_capture() and world_init() in one. */
void world_open(struct world *w, const char *name, unsigned n,
                const struct pt_policy *policy);

/* Attach. Returns false and the reason in w->err if it was refused. */
bool world_attach(struct world *w);
/* Detach; nothing if nothing is attached. */
void world_detach(struct world *w);
/*
 * No complaint so far and, if nothing is attached, nothing left in Xen, on
 * the bus and in the device? If not, w->text (and stderr) says what.
 */
bool world_quiet(struct world *w);
/* Detach, check, and free. Returns whether all was quiet. */
bool world_close(struct world *w);
/* Free without a look. */
void world_fini(struct world *w);

/* ------------------------------------------------------------------ */
/* The guest                                                           */

uint8_t rd8(struct world *w, unsigned off);
uint16_t rd16(struct world *w, unsigned off);
uint32_t rd32(struct world *w, unsigned off);
void wr8(struct world *w, unsigned off, uint32_t val);
void wr16(struct world *w, unsigned off, uint32_t val);
void wr32(struct world *w, unsigned off, uint32_t val);

/* The capability @id in the guest's chain, from @after on (0: the first). */
uint8_t world_cap(struct world *w, uint8_t id, uint8_t after);

/* Size region @n (PT_ROM: the ROM) as an operating system does; 0: none. */
uint64_t world_bar_size(struct world *w, unsigned n);
/* Place it; the ROM enabled. Returns false if the guest has no such region. */
bool world_bar_place(struct world *w, unsigned n, uint64_t addr);
/* Where the guest's register says it is, without flags. */
uint64_t world_bar_addr(struct world *w, unsigned n);
/*
 * Size and place all regions: memory from WORLD_MEM (64-bit ones from
 * WORLD_MEM64), ports from WORLD_PORTS.
 */
#define WORLD_MEM UINT64_C(0xc0000000)
#define WORLD_MEM64 UINT64_C(0x1000000000)
#define WORLD_PORTS UINT64_C(0x2000)
void world_place_all(struct world *w);
/* Command: decoders on or off, bus mastering with them. */
void world_decode(struct world *w, bool on);
/* Write the D-state (0..3) to PMCSR. Returns false if there is none. */
bool world_power(struct world *w, unsigned state);

/* ------------------------------------------------------------------ */
/* Costs                                                               */

struct world_cost {
    uint64_t reads, writes;              /* of configuration space: calls */
    uint64_t read_cycles, write_cycles;  /* and cycles of up to a dword */
    uint64_t mmio;
    uint64_t hypercalls;
    uint64_t calls[SIM_NUM_CALLS];       /* of them, by kind */
    uint64_t traps;                      /* trap() and untrap() */
    uint64_t lines;                      /* logged */
    uint64_t allocs;                     /* with lib-alloc.h only */
};

/* The counters as they are. */
struct world_cost world_cost(const struct world *w);
/* And what they have grown since @then. */
struct world_cost world_cost_since(const struct world *w,
                                   const struct world_cost *then);

/* Where lib-alloc.h counts; NULL: nobody does. */
extern const uint64_t *world_allocs;

/* ------------------------------------------------------------------ */
/* Chance                                                              */

/* A seeded sequence: the same on every machine. */
struct world_rng {
    uint64_t state;
};
uint32_t world_random(struct world_rng *r);
/* @n, or about a twentieth of it with SIM_QUICK=1 in the environment. */
unsigned world_rounds(unsigned n);

#endif
