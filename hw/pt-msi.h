/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Interrupts of an assigned device: INTx, MSI, MSI-X, and MSI-INTx
 * translation. What the guest wants is in its registers and in the MSI-X
 * table it sees; what the host has is in struct pt_irq; pt_irq_sync() brings
 * the second to the first.
 */
#ifndef PT_MSI_H
#define PT_MSI_H

#include "pt-dev.h"

#define PT_MSI_MAX_VECTORS 32
#define PT_MSIX_MAX_ENTRIES 2048
#define PT_MSIX_ENTRY_SIZE 16
#define PT_MSIX_MASKED 0x1u
#define PT_MSIX_BIR 0x7u

/* How the device's interrupts reach the guest: one way at a time. */
enum pt_irq_mode {
    PT_IRQ_INTX,
    PT_IRQ_TRANSLATE,  /* the device's MSI as the guest's INTx */
    PT_IRQ_MSI,
    PT_IRQ_MSIX,
};

/* What the guest wants of a vector: its message as it programmed it, */
struct pt_want {
    uint32_t addr_lo;
    uint32_t addr_hi;
    uint32_t data;
    uint32_t ctrl;
    bool written;      /* MSI-X: the message, since MSI-X was off last */
};

/* and what Xen has for it. */
struct pt_has {
    int pirq;          /* -1: none */
    bool bound;
    int channel;       /* 0, or bound last for this pirq's event channel */
    uint8_t gvec;      /* bound with these */
    uint32_t gflags;
    uint64_t gtable;
};

struct pt_vector {
    struct pt_want want;
    struct pt_has has;
};

struct pt_irq {
    struct pt_dev *next;     /* of the domain's, from pt_xen.first on */
    enum pt_irq_mode mode;
    bool stale;              /* Xen has messages from before a reset: they are
                                given back before anything is mapped */

    bool table_lost;         /* its masks are those of a reset */
    bool unsure;             /* the device may have lost its enable bit */
    bool waits;              /* one could not be written */

    uint8_t pin;             /* 0..3 */
    bool has_pin;
    int intx_pirq;           /* -1: none */
    bool intx_bound;         /* a user of its line: see struct pt_line */
    bool intx_failed;        /* not tried again */
    bool intx_rests;         /* unbound for messages, until they end */
    bool intx_kept;          /* beside messages, as Xen did not take it back */
    int intx_gsi;            /* of the pirq */
    bool intx_lent;          /* it waits for the end of a loan: pt-loan.c */

    int translate_pirq;      /* -1: none */
    bool translate_bound;
    bool translate_failed;   /* not tried again until a reset, */
    bool translate_waits;    /* or the guest's next write to Command */
    uint8_t translate_waited;  /* how often */

    uint16_t msi_pos;        /* 0: not offered */
    uint8_t msi_max;         /* vectors that the guest is offered */
    uint8_t msi_vectors;     /* mapped, in one block */
    bool msi_on;             /* enabled in the device, by us */
    bool sent_wanted;        /* a window asks for what follows */
    bool sent_known;         /* Xen's message, read since it was bound last */
    uint32_t sent_addr;
    uint16_t sent_data;

    uint16_t msix_pos;       /* 0: not offered */
    bool msix_on;            /* as last written to the device: enable, */
    bool msix_fmask;         /* function mask */
    bool hears_masks;        /* Xen was seen to let masking through to us */
    uint8_t table_bar;       /* also of a hidden MSI-X: the guest must not */
    uint32_t table_off;      /* reach its table, where there is one */
    uint32_t table_size;     /* bytes in the BAR; 0: none */
    uint8_t pba_bar;         /* the same of its pending bits */
    uint32_t pba_off;
    uint32_t pba_size;
    uint64_t gtable;         /* guest address of the table; 0: unmapped */

    struct pt_has msi[PT_MSI_MAX_VECTORS];
    unsigned entries;
    unsigned entries_held;   /* those with a pirq */
    struct pt_vector *entry; /* the MSI-X table */
};

extern const struct pt_group pt_group_msi;
extern const struct pt_group pt_group_msix;

/*
 * Allocate interrupt state for what d->cap exposes. Before the space is
 * built. Returns 0 or -ENOMEM.
 */
int pt_irq_init(struct pt_dev *d);
void pt_irq_free(struct pt_dev *d);

/*
 * Attach: the line bound, MSI and MSI-X off in the device, and how many MSIs
 * Xen gives found out. Failures degrade, and are logged. Returns 0, or
 * -errno if the device can't be written.
 */
int pt_irq_start(struct pt_dev *d);

/* Bring Xen and the device to what the guest wants now. */
void pt_irq_sync(struct pt_dev *d);

/* pt_tick()'s share: when it is wanted, PT_NEVER, and what is done then. */
uint64_t pt_irq_tick_at(const struct pt_dev *d);
void pt_irq_tick(struct pt_dev *d);

/* Regions were mapped or unmapped: does Xen have the table's address still? */
void pt_irq_table_moved(struct pt_dev *d);

/* Entry @i of the guest's table is complete: unmasked, or a pirq's. */
void pt_irq_entry_ready(struct pt_dev *d, unsigned i);

/*
 * Messages are unbound and unmapped, and the guest's programming of them
 * forgotten; the next pt_irq_sync() has INTx again.
 */
void pt_irq_reset(struct pt_dev *d);
/*
 * The same of a device that was reset, and has forgotten its enable bits by
 * itself. What the guest has programmed, if that is not lost, the next
 * pt_irq_sync() has Xen write anew.
 */
void pt_irq_lost(struct pt_dev *d, enum pt_loss what);

/* Detach: as pt_irq_reset(), and the line unbound and given back. */
void pt_irq_stop(struct pt_dev *d);

/*
 * Detach, of a device that may be another domain's by now: the line is given
 * back. Messages stay: Xen would silence them in the device.
 */
void pt_irq_leave(struct pt_dev *d);

/*
 * Of the guest's MSI that is bound: what has the device in the place of its
 * address, and of the data of any of its vectors? False: @guest is not that,
 * or it is not known. For this q->sent_wanted has to be set at attach.
 */
bool pt_msi_sent_address(const struct pt_dev *d, uint32_t guest,
                         uint32_t *sent);
bool pt_msi_sent_data(const struct pt_dev *d, uint32_t guest, uint32_t *sent);

/*
 * The same of MSI-X's entries that are bound, of which several can have one
 * address: it takes the data to know which is meant. What the device has is
 * read from its table then. @sent: its address, below 4 GiB, and data.
 */
struct pt_sent {
    uint32_t addr;
    uint32_t data;
};
bool pt_msix_has_address(const struct pt_dev *d, uint32_t guest);
bool pt_msix_sent(struct pt_dev *d, uint32_t addr, uint32_t data,
                  struct pt_sent *sent);

/* Is there something to be tried again, that the guest need not ask for? */
bool pt_irq_waits(const struct pt_dev *d);

/* Of msitranslate: what is in force, in words. */
const char *pt_irq_translation(const struct pt_dev *d);

/* Should the device's Interrupt Disable be set? */
bool pt_irq_intx_disabled(const struct pt_dev *d);

/*
 * The parts of region @n that are trapped for the device's MSI-X table and its
 * pending bits, its own or another's that the host has in the same page, from
 * low to high, with something between. Returns how many @w holds.
 */
unsigned pt_msix_windows(const struct pt_dev *d, unsigned n,
                         struct pt_window w[PT_REGION_TRAPS]);

/*
 * Is @at of region @n in a page of table or pending bits (which small regions
 * may share)? Xen has these write-protected for all domains: a guest that has
 * one mapped and writes to it is ended, and a device model in a PV domain
 * hangs in its write. The same of another function's page can't be seen.
 */
bool pt_msix_protected(const struct pt_dev *d, unsigned n, uint64_t at);

/*
 * The guest's table by another way than its own place, which Xen does not see:
 * the dword at @off of it; 0, and nothing written, where there is none.
 */
uint32_t pt_msix_dword(const struct pt_dev *d, uint32_t off);
void pt_msix_set_dword(struct pt_dev *d, uint32_t off, uint32_t val);

/*
 * A guest's access to region @t->region at @at: is it the MSI-X table's? Then
 * do it and return true. @width 1, 2, 4, 8; the table takes aligned dwords
 * and qwords, other accesses read as 0 and are dropped.
 */
bool pt_msix_read(struct pt_trap *t, uint64_t at, unsigned width,
                  uint64_t *val);
bool pt_msix_write(struct pt_trap *t, uint64_t at, unsigned width,
                   uint64_t val);

#endif
