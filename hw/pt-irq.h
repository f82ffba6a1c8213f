/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Between the rooms of interrupts: pt-irq.c decides the mode, pt-intx.c and
 * pt-vectors.c bring what it takes about, pt-pirq.c tells Xen.
 */
#ifndef PT_IRQ_H
#define PT_IRQ_H

#include "pt-dev.h"
#include "pt-msi.h"

/* The guest's slot, as Xen names it in bindings. */
static inline uint8_t pt_irq_slot(const struct pt_dev *d)
{
    return d->devfn >> 3;
}

/* ---- pt-pirq.c ---- */

/* Log "@text: reason of @rc", once a kind. */
void pt_irq_complain(struct pt_dev *d, enum pt_once what, const char *text,
                     int rc);

#define PT_PIRQ_ANY (-1)
#define PT_PIRQ_NONE (-2)

/* Map the line @gsi; *@pirq: what was given. Returns 0 or -errno. */
int pt_pirq_map_line(struct pt_dev *d, int gsi, int *pirq);
/*
 * Map @n (a power of two) of the device's MSIs, or one MSI-X @entry: see
 * pt_xen_ops.map_pirq_msi. *@pirq: of pt_pirq_wanted(), for one; and the
 * first that was given. Returns 0 or -errno.
 */
int pt_pirq_map(struct pt_dev *d, unsigned n, unsigned entry,
                uint64_t table_base, int *pirq);
/*
 * Give *@pirq, and the rest of its block of @n, back and make it -1; it stays
 * if Xen refuses twice. @bound: Xen refused to unbind it.
 */
void pt_pirq_unmap(struct pt_dev *d, int *pirq, unsigned n, bool bound);

/* A line's, which is not mapped any more. */
void pt_pirq_taken(struct pt_dev *d, int pirq);

/* Does a message to @addr_lo go to the local APICs? */
bool pt_for_apic(uint32_t addr_lo);
/* The pirq that a message names in the place of a vector; -1: none. */
int pt_pirq_named(const struct pt_dev *d, const struct pt_want *w);
/*
 * What pirq is to have the message, where @has has it now (-1: none)? The one
 * that it names, PT_PIRQ_ANY, or PT_PIRQ_NONE: Xen can't deliver it, or it
 * names what the guest can't have.
 */
int pt_pirq_wanted(struct pt_dev *d, const struct pt_want *w, int has);

/* Does Xen know message @w, with data @data? */
bool pt_vector_up_to_date(const struct pt_has *h, const struct pt_want *w,
                          uint32_t data);
/*
 * Bind the vector's pirq to @w, or tell Xen what changed; no hypercall if
 * nothing did. @gtable: see pt_xen_ops.bind_msi. @unmask: although the guest
 * has it masked. Returns 0 or -errno.
 */
int pt_vector_bind(struct pt_dev *d, struct pt_has *h,
                   const struct pt_want *w, uint32_t data, uint64_t gtable,
                   bool unmask);
/* It stays bound if Xen refuses twice. */
void pt_vector_unbind(struct pt_dev *d, struct pt_has *h);

/* ---- pt-intx.c ---- */

/* Map and bind the device's line; tried once until a reset, or messages. */
void pt_intx_on(struct pt_dev *d);
/* Unbind it and give it back, by force if Xen does not unbind it. */
void pt_intx_off(struct pt_dev *d);
/*
 * The same while messages are in force, and not by force: what Xen refuses
 * stays until they end. No hypercall where nothing is left to do.
 */
void pt_intx_rest(struct pt_dev *d);
/* Unbind it, but not by force: 0 or -errno. Then the pirq is somebody else's. */
int pt_intx_let_go(struct pt_dev *d);
/* Has any device a use for this line's pirq? */
bool pt_intx_in_use(const struct pt_xen *x, int pirq);
/* Bind an MSI in the line's place. 0, or -errno: INTx it is then. */
int pt_translate_on(struct pt_dev *d);
void pt_translate_off(struct pt_dev *d);

/* ---- pt-loan.c ---- */

/* One that the operating system has not routed has 0, the timer's, or 255. */
static inline bool pt_is_line(int irq)
{
    return irq > 0 && irq != 255;
}

/*
 * pt_intx_off() as @d leaves. @taken: libxl is going to take its line, which
 * others on it then lend; who can't is named in the log.
 */
void pt_intx_leave(struct pt_dev *d, bool taken);
/* Is the line on loan? Then the device has it once that is over. */
bool pt_loan_waits(struct pt_dev *d);
/* When it is to be looked at next; PT_NEVER: it is not on loan. */
uint64_t pt_loan_look_at(const struct pt_dev *d);
/* If libxl has taken it, the loan is over. */
void pt_loan_look(struct pt_dev *d);

/* ---- pt-vectors.c ---- */

/* What is to be done about a vector, ... */
enum pt_todo {
    PT_KEEP,     /* nothing */
    PT_RELEASE,  /* unbind and unmap */
    PT_BIND,     /* or tell Xen what changed */
    PT_MAP,      /* and bind */
    PT_REMAP,    /* release, map another pirq, bind */
};

/* ... given what Xen has of it. */
enum pt_state { PT_FREE, PT_MAPPED, PT_BOUND };

/*
 * The decision for an MSI-X entry. @live: the guest means it to be heard, it
 * is unmasked or its mask is Xen's business; @good: its message can be
 * delivered; @other: it names a pirq, and not the one that it has.
 */
enum pt_todo pt_entry_todo(bool live, bool good, enum pt_state state,
                           bool other);

/* The guest's Message Control of each. */
uint32_t pt_msi_flags(const struct pt_dev *d);
uint32_t pt_msix_flags(const struct pt_dev *d);
/* Take the guest's enable bit back: it reads that it is off. */
void pt_msi_refuse(struct pt_dev *d);
void pt_msix_refuse(struct pt_dev *d);
/* The device's enable bits and function mask; no access if they are so. */
void pt_msi_enable(struct pt_dev *d, bool on);
void pt_msix_enable(struct pt_dev *d, bool on, bool fmask);
/* While it is the mode: all messages to what the guest wants. */
void pt_msi_update(struct pt_dev *d);
void pt_msix_update(struct pt_dev *d);
/*
 * pt_pirq_unmap() of MSI: Xen takes MSI Enable in the device with it, and
 * clears Interrupt Disable.
 */
void pt_msi_unmap(struct pt_dev *d, int *pirq, unsigned n, bool bound);
/* All messages unbound and given back. */
void pt_msi_release(struct pt_dev *d);
void pt_msix_release(struct pt_dev *d);
/* Where the guest's accesses reach its table; 0: nowhere. */
uint64_t pt_msix_table_address(const struct pt_dev *d);

#endif
