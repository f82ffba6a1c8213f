/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The hypervisor, behind a small table of functions, for one domain.
 *
 * Production is libxenctrl (pt-xen.c); tests put a simulated Xen in its
 * place. Functions return 0 or -errno where nothing else is said.
 */
#ifndef PT_XEN_H
#define PT_XEN_H

#include <stdbool.h>
#include <stdint.h>

#include "pt-device.h"

#define PT_PAGE_SHIFT 12
#define PT_PAGE_SIZE (UINT64_C(1) << PT_PAGE_SHIFT)
#define PT_PAGE_MASK (~(PT_PAGE_SIZE - 1))

/* Guest interrupt flags of an MSI: XEN_DOMCTL_VMSI_X86_*. */
#define PT_GFLAGS_DEST_ID_MASK  0x000000ffu
#define PT_GFLAGS_RH            0x00000100u
#define PT_GFLAGS_DM            0x00000200u
#define PT_GFLAGS_DELIV_MASK    0x00007000u
#define PT_GFLAGS_TRIG          0x00008000u
#define PT_GFLAGS_UNMASKED      0x00010000u

struct pt_xen_ops {
    /* Map (@add) or unmap @nr pages or ports of the host into the guest. */
    int (*map_memory)(void *priv, uint64_t gfn, uint64_t mfn, uint64_t nr,
                      bool add);
    int (*map_ports)(void *priv, uint32_t gport, uint32_t mport, uint32_t nr,
                     bool add);

    /*
     * Have Xen allocate a pirq for the line @gsi, or for an MSI of @dev.
     * *@pirq: on entry the number that is wanted, -1 for any; on return the
     * number that was given. @nr: vectors, consecutive from *@pirq, a power
     * of two; above 1 for MSI only. MSI-X: @entry of the table, and
     * @table_base, the host address of the BAR that holds it; MSI: 0 and 0.
     */
    int (*map_pirq_gsi)(void *priv, int gsi, int *pirq);
    int (*map_pirq_msi)(void *priv, const struct pt_sbdf *dev, unsigned nr,
                        unsigned entry, uint64_t table_base, int *pirq);
    int (*unmap_pirq)(void *priv, int pirq);

    /*
     * The GSI of @dev's line, which this domain's operating system calls @irq
     * (above 0). In a PV domain these are one. Returns it, or -errno.
     */
    int (*line_gsi)(void *priv, const struct pt_sbdf *dev, int irq);

    /* Bind a line's pirq to pin @intx (0..3) of the guest's @slot. */
    int (*bind_intx)(void *priv, int pirq, uint8_t slot, uint8_t intx);
    int (*unbind_intx)(void *priv, int pirq, uint8_t slot, uint8_t intx);

    /*
     * Lower that pin: Xen has it as the last interrupt left it, which the
     * guest's end of it lowers only while something is bound there.
     */
    int (*lower_intx)(void *priv, uint8_t slot, uint8_t intx);

    /* MSI-INTx translation: the device's MSI arrives as a guest's INTx. */
    int (*bind_msi_intx)(void *priv, int pirq, uint8_t slot, uint8_t intx);
    int (*unbind_msi_intx)(void *priv, int pirq, uint8_t slot, uint8_t intx);

    /*
     * Bind an MSI's pirq to the guest's vector @gvec; a bound one is updated.
     * @gtable: guest address of the MSI-X table, for Xen's acceleration of
     * mask bits; 0 for MSI.
     */
    int (*bind_msi)(void *priv, int pirq, uint8_t gvec, uint32_t gflags,
                    uint64_t gtable);
    int (*unbind_msi)(void *priv, int pirq, uint8_t gvec, uint32_t gflags);

    /*
     * May the guest have event channels for pirqs (XENFEAT_hvm_pirqs)? 1, 0
     * or -errno.
     */
    int (*has_hvm_pirqs)(void *priv);

    /* Xen's version, major << 16 | minor, or -errno: the toolstack's, too. */
    int (*version)(void *priv);

    /*
     * Is @dev assigned to this domain? @msix: it has an MSI-X table; @msis:
     * how many MSIs its capability has, 0: none. Changes nothing.
     * Returns 1: yes; 0: no, nor to another guest; or -errno: to another, or
     * Xen does not tell.
     */
    int (*owns)(void *priv, const struct pt_sbdf *dev, bool msix,
                unsigned msis);
};

/*
 * An INTx line's pirq, and how many of the domain's devices have it bound to a
 * pin of the guest's: Xen ends all bindings that are the same at once.
 */
struct pt_line {
    int pirq;
    uint8_t slot;
    uint8_t pin;
    unsigned users;
    unsigned bound;     /* of them */
};

/* A line that libxl is going to take, as who had it has left: pt-loan.c. */
struct pt_loan {
    int irq;            /* as Linux names it; 0: none */
    int gsi;
    int pirq;           /* mapped, bound by nobody */
    unsigned due;       /* so often */
    uint64_t look_us;
    uint64_t end_us;    /* or until then */
};

struct pt_dev;

#define PT_MAX_LOANS 8
#define PT_MAX_LINES 256
/* Beyond all that Xen has: its interrupts have 16 bits. */
#define PT_MAX_PIRQS 0x10000

struct pt_xen {
    struct pt_line line[PT_MAX_LINES];
    struct pt_loan loan[PT_MAX_LOANS];
    /* Pirqs that the domain's devices hold, a bit each: see pt-pirq.c. */
    uint64_t held[PT_MAX_PIRQS / 64];
    int top_gsi;        /* the highest line that was asked for */
    bool asked_pirqs;   /* has_hvm_pirqs() was called, */
    bool no_pirqs;      /* and this was its answer */
    int version;        /* 0: not asked for yet */
    struct pt_dev *first;  /* of the domain's devices with interrupts */
    const struct pt_xen_ops *ops;
    void *priv;
};

struct xc_interface_core;

/*
 * The production table: @xch stays the caller's, and open.
 * Returns 0, -EINVAL (@domid is no domain's) or -ENOMEM.
 */
int pt_xen_open(struct pt_xen *xen, struct xc_interface_core *xch,
                uint32_t domid);
/* The same, for tests; @guest_type: the file that Linux has for this. */
int pt_xen_open_at(struct pt_xen *xen, struct xc_interface_core *xch,
                   uint32_t domid, const char *guest_type);
void pt_xen_close(struct pt_xen *xen);

#endif
