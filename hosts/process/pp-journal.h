/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What Xen has done for us, in memory that outlives the process: whoever comes
 * after one that was killed takes it back. What is to be done is written down
 * before, where Xen does not choose a number for it, and what is undone is
 * struck out after.
 */
#ifndef PP_JOURNAL_H
#define PP_JOURNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "pt-xen.h"

#define PP_ID_LEN 64
#define PP_NUM_DEVFN 256
/* Two a vector, of several devices with as many as there can be. */
#define PP_MAX_DEEDS 16384

enum pp_deed_kind {
    PP_WINDOW,     /* an address range of the IOREQ server, */
    PP_PORT_WINDOW, /* and one of ports */
    PP_MEMORY,
    PP_PORTS,
    PP_INTX,       /* bindings, */
    PP_MSI_INTX,
    PP_MSI,
    PP_PIRQ,       /* and what they are of: undone after them */
};

struct pp_deed {
    enum pp_deed_kind kind;
    int pirq;
    uint8_t slot, intx, gvec;
    uint32_t gflags;
    uint64_t guest, host, nr;
};

/* A device that the guest has at the entry's place; "": none. */
struct pp_entry {
    char id[PP_ID_LEN];
    struct pt_sbdf addr;
    uint8_t command[2];  /* as it was found */
};

struct pp_journal {
    bool server;          /* there is one, */
    uint16_t server_id;
    unsigned num;
    struct pp_deed deed[PP_MAX_DEEDS];
    struct pp_entry device[PP_NUM_DEVFN];
    bool answered;        /* QEMU, libxl, ever */
};

/* One that is full has no room for more, which is then not undone. */
void pp_journal_add(struct pp_journal *j, const struct pp_deed *deed);
/* The last that is the same but for gvec and gflags. */
void pp_journal_strike(struct pp_journal *j, const struct pp_deed *deed);

/*
 * The same functions as @real, which are written down: for a struct pt_xen.
 * @r stays with it.
 */
struct pp_recorder {
    const struct pt_xen_ops *real;
    void *priv;
    struct pp_journal *journal;
};
void pp_journal_record(struct pp_recorder *r, struct pp_journal *j,
                       struct pt_xen *xen);

/*
 * Take back what Xen did, but for windows, by @xen's functions. What fails is
 * forgotten all the same.
 */
void pp_journal_undo(struct pp_journal *j, const struct pt_xen *xen);

#endif
