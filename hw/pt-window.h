/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Windows: parts of a BAR that lead to configuration space, or carry what is
 * there, so that a guest's accesses are the engine's to do. The vocabulary of
 * their table, and what the rooms of hw/ have of them.
 */
#ifndef PT_WINDOW_H
#define PT_WINDOW_H

#include "pass-through.h"

/* The places of a mirror where a write means the device: see pt_window_row. */
struct pt_window_ack {
    uint16_t off;  /* in configuration space */
    uint8_t len;   /* 0: there is none */
};

/* Where an index is one of configuration space: from @from on. */
struct pt_window_target {
    uint32_t from;
    uint32_t size;  /* 0: there is none */
};

/*
 * One window of one sort of device. Rows with the same name are switched
 * together.
 */
struct pt_window_row {
    const char *name;    /* in a policy file */
    const char *why;     /* what it is for, and why it is on or off */
    const char *source;  /* where this is known from */
    enum pt_window_kind kind;
    bool on;             /* where the policy says nothing */

    /* The devices that have it. */
    uint16_t vendor;
    uint16_t device;       /* in the bits of */
    uint16_t device_mask;
    uint32_t class;        /* base, sub, interface; in the bits of */
    uint32_t class_mask;

    /*
     * Where it is: in a BAR of up to @bar_max bytes; 0: of any size. The BAR is
     * of ports for PT_WINDOW_INDEX, of memory for all others.
     */
    uint8_t bar;
    uint64_t bar_max;
    uint64_t offset;
    uint64_t size;

    /*
     * Of a mirror: what has a side effect in the device beside being a
     * register, and no other. Writes there go on to the device.
     */
    struct pt_window_ack ack;
    bool ack_msi_id;     /* also ID and next pointer of MSI, read-only both */

    /*
     * Of messages: so many bytes behind a register for the address, which can
     * be at any dword, is the one for the data.
     */
    uint8_t data_gap;

    /* Of an index: what it leads to. */
    struct pt_window_target to[2];
};

extern const struct pt_window_row pt_window_rows[];
extern const unsigned pt_num_window_rows;

/* So many windows a BAR has at most, beside those of MSI-X. */
#define PT_BAR_WINDOWS (PT_REGION_TRAPS - 2)

/*
 * Are the @num rows at @row sound? Refuses rows without name, reason, source,
 * size or BAR, with a device that the mask can't match, windows that are not
 * made of qwords, a mirror larger than configuration space, an ack outside of
 * it, messages without a place for the data, what is of another kind, an index
 * or a way to the table that is not two dwords, an index that leads nowhere,
 * rows of one name that are not together, or of different defaults, and windows
 * of one BAR of a device that meet or are too many.
 * Returns 0, or -EINVAL and the row in @err.
 */
int pt_window_check(const struct pt_window_row *row, unsigned num,
                    struct pt_error *err);

/*
 * Attach: which windows has the device, and what of them is in force? Before
 * the BARs are cut into pieces. 0, or -EINVAL and @err: the table is unsound.
 */
int pt_windows_init(struct pt_dev *d, struct pt_error *err);

/* What the guest programmed is gone. */
void pt_windows_forget(struct pt_dev *d);

/*
 * What of region @n is to be trapped: pages of MSI-X (pt_msix_windows()) and of
 * windows, from low to high, with something between. Returns how many @w holds.
 */
unsigned pt_windows_pages(const struct pt_dev *d, unsigned n,
                          struct pt_window w[PT_REGION_TRAPS]);

/*
 * A guest's access to region @n at @at, of a device with windows: is it a
 * window's? Then do it and return true. A write that is not can have another
 * *@val for the device.
 */
bool pt_windows_read(struct pt_dev *d, unsigned n, uint64_t at,
                     unsigned width, uint64_t *val);
bool pt_windows_write(struct pt_dev *d, unsigned n, uint64_t at,
                      unsigned width, uint64_t *val);

/* The same of a write to @w, of messages. */
bool pt_window_message(struct pt_dev *d, struct pt_open_window *w, uint64_t at,
                       unsigned width, uint64_t *val);

#endif
