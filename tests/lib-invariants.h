/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What holds of every guest access, whatever the device, the policy and the
 * guest: for the property tests, the failure tests and the fuzzer.
 *
 * The rules of what a guest may change in a device are written down here a
 * second time, from the specifications and by hand, and know nothing of the
 * engine's tables.
 *
 *     world_init(&w, &capture, &policy, NULL);
 *     inv_start(&v, &w);
 *     if (world_attach(&w)) {
 *         inv_attached(&v);
 *         inv_write(&v, off, val, len);
 *         inv_read(&v, off, len);
 *         ...
 *     }
 *     inv_end(&v);
 *
 * All return whether everything held; v->wrong says what did not, first.
 */
#ifndef LIB_INVARIANTS_H
#define LIB_INVARIANTS_H

#include "lib-world.h"

/* Of each byte: which bits the device may be asked to change, and why. */
struct inv_rules {
    uint8_t may[SIM_CFG_SIZE];     /* by a guest's write to this byte */
    uint8_t engine[SIM_CFG_SIZE];  /* as a consequence of any write */
    uint8_t fixed[SIM_CFG_SIZE];   /* a constant of the guest's: these bits */
    uint8_t value[SIM_CFG_SIZE];
    unsigned num_caps;            /* the chain that the guest has to see */
    uint8_t cap[48 + PT_MAX_ADDED];
    unsigned num_added;           /* of these, at its end */
    unsigned num_structures;      /* that the device has, shown or not */
    struct { uint8_t pos; bool exposed; uint16_t size; } structure[48];
    unsigned size;                /* of the guest's space */
    unsigned num_ext;             /* and its other chain */
    uint16_t ext[64], ext_size[64];
    unsigned end;                 /* of what is not zeros throughout */
    unsigned aer;                 /* where the guest has AER; 0: nowhere */
    unsigned flr[2];              /* the bytes where it can ask for a reset: */
    uint8_t flr_bit[2];           /* PCI Express's, AF's; 0: nowhere */
    uint8_t stays[SIM_CFG_SIZE];  /* of the guest's copy, in such a reset */
};

struct inv {
    struct world *w;
    struct inv_rules rules;
    uint8_t found[SIM_CFG_SIZE];  /* the device, before attach */
    uint16_t decode;              /* decoders that it has had on since */
    uint64_t lines;               /* logged by attach */
    uint8_t fresh[SIM_CFG_SIZE];  /* the guest's copy then, */
    uint8_t left[SIM_CFG_SIZE];   /* and when it asked for a reset */
    bool attached;
    /*
     * Calls failed, or the device lies or is gone: what has to be complete
     * is no longer; what must not happen still must not.
     */
    bool failures;
    /*
     * The guest takes the way through a mirror in a BAR, where there is one:
     * the same holds.
     */
    struct inv_mirror {
        unsigned bar;
        uint64_t off;
        uint64_t size;  /* 0: none */
        uint64_t max;   /* of the BAR; 0: of any size */
    } mirror;
    bool lies;                    /* what is read of the device is random */
    char wrong[256];
};

/* More than this a device never logs after its attach. */
#define INV_MAX_LINES 20

/* Before world_attach(): what is the device like? */
void inv_start(struct inv *v, struct world *w);
/* After a world_attach() that was not refused. */
bool inv_attached(struct inv *v);

/*
 * A guest's access, and all that can be said of it: what is read is what host
 * value, copy and masks make of it; what reaches the device is allowed and
 * complete; the cost is as promised. Any @off and @len, legal or not.
 */
bool inv_read(struct inv *v, uint32_t off, unsigned len);
bool inv_write(struct inv *v, uint32_t off, uint32_t val, unsigned len);

/* The guest's chain: the right capabilities in order, none twice. */
bool inv_chain(struct inv *v);
/* Mappings, interrupts, constants and log, between accesses. */
bool inv_state(struct inv *v);
/* Let a change of the D-state, or a reset, end: what the device has back. */
bool inv_settle(struct inv *v);

/* Detach, and see what is left. */
bool inv_end(struct inv *v);

/* Set all RW1C bits that the device has, as errors would. */
void inv_raise(struct inv *v);

#endif
