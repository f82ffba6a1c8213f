/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The vocabulary of tables. A register's policy is a row (struct pt_row), a
 * capability's rows form a group (struct pt_group). At attach the rows are
 * compiled into byte arrays as long as the configuration space (pt-dev.h).
 */
#ifndef PT_POLICY_H
#define PT_POLICY_H

#include "pass-through.h"

struct pt_field;

/* Masks of one register, and what the guest's own copy starts from. */
struct pt_bits {
    uint32_t init;
    uint32_t emu;
    uint32_t ro;
    uint32_t rw1c;
    uint32_t rsvd;
};

/* One guest write on its way to the device: see pt_row.prepare. */
struct pt_access {
    uint16_t off;
    uint8_t len;   /* bytes */
    uint32_t val;  /* lanes from @off */
    uint32_t fwd;  /* bits of @val that go to the device */
    int error;     /* in commit: -errno if they did not get there */
};

enum pt_row_flags {
    /*
     * Each write starts something in the device, even of the value that it
     * has: it is never left out.
     */
    PT_ROW_TRIGGER = 0x01,
    /*
     * Hardware ignores what is written there, but for ones that clear: one
     * write, with zeros in their place, may run across this register.
     */
    PT_ROW_INERT = 0x02,
    /*
     * The device loses it in a reset and gets back its value at attach; so it
     * does when the guest, which may write some of it, is gone. The copy of
     * what is forwarded starts as the device has it: to tell what changed.
     */
    PT_ROW_RESTORE = 0x04,
};

/*
 * One register of a structure. A bit is, by these masks (PCI Local Bus 3.0
 * section 6.1 and PCI Express 7.4 name the attributes):
 *
 *   emu           the guest's own copy; the device never sees it
 *   emu and ro    a constant for the guest
 *   ro            the device's value, not writable
 *   rw1c          the device's value; a 1 that the guest writes reaches it,
 *                 nothing else ever writes a 1 there
 *   emu and rw1c  a constant for the guest; no 1 is ever written
 *   rsvd          as ro, unless the device is permissive
 *   none of them  forwarded: the device's value, written by the guest
 *
 * The copy starts as: the device's value at attach where @host is set, @init
 * elsewhere.
 */
struct pt_row {
    const char *name;  /* as the specification calls it */
    const char *spec;  /* and where */
    const char *why;   /* the reason for the masks */
    uint16_t off;      /* from the structure's start */
    uint8_t size;      /* 1, 2, 4 */
    uint8_t flags;     /* PT_ROW_* */
    uint8_t only;      /* variants of the structure that have it; 0: all */
    uint32_t init;
    uint32_t host;
    uint32_t emu;
    uint32_t ro;
    uint32_t rw1c;
    uint32_t rsvd;
    uint32_t sticky;   /* the guest's, and not lost in a reset of its own */

    /*
     * Masks that depend on the device (a BAR's on its size). Called at
     * attach and at each reset; may change @bits, touches nothing else.
     */
    void (*setup)(const struct pt_dev *d, const struct pt_field *f,
                  struct pt_bits *bits);
    /*
     * Before the device is written, with the guest's copy already new: add
     * or drop bits for the device with pt_access_*(). @old: the copy before.
     */
    void (*prepare)(struct pt_dev *d, const struct pt_field *f, uint32_t old,
                    struct pt_access *a);
    /* After the device was written: act on what the guest wants now. */
    void (*commit)(struct pt_dev *d, const struct pt_field *f, uint32_t old,
                   const struct pt_access *a);
};

/* What probing a structure of the device found. */
struct pt_probe {
    uint16_t size;     /* bytes that it takes */
    uint8_t variant;   /* which of the rows it has: see pt_row.only */
    char why_not[80];  /* set: it can't be offered, and for this reason */
    bool usual;        /* which is nothing to log */
};

/* One capability: its table. */
struct pt_group {
    const char *name;
    const char *why;     /* the reason for its fate */
    uint32_t id;         /* PCI_CAP_ID_*, PT_EXT_CAP(PCI_EXT_CAP_ID_*) */
    enum pt_fate fate;
    uint16_t size;       /* bytes; 0: probe tells */
    uint8_t head;        /* of an extended one: what probe looks at, bytes */
    /*
     * Bytes without a row belong to the device's driver: forwarded, as the
     * device-specific registers are.
     */
    bool open;
    /* A device may have several. */
    bool many;
    /* Never writable, not even by permissive: Xen's own registers. */
    bool xen;
    /* Of one that no guest gets: what of the host's is restored. */
    const struct pt_row *rows;
    unsigned num_rows;
    /* Look at the structure at @pos of the device's space d->snap. */
    void (*probe)(const struct pt_dev *d, uint16_t pos, struct pt_probe *p);
};

#define PT_ROWS(table) .rows = (table), \
    .num_rows = sizeof(table) / sizeof((table)[0])

/*
 * Is @g's table sound? Refuses masks that overlap (all but emu with ro or
 * rw1c), bits beyond a row's width, rows that overlap in one variant or leave
 * the structure, rows without a name or a reason, inert ones that can be
 * written, ones that keep what no guest writes, and hidden groups with rows
 * but for what is restored.
 * Returns 0, or -EINVAL and the row in @err.
 */
int pt_group_check(const struct pt_group *g, struct pt_error *err);

extern const struct pt_group pt_group_header;
/*
 * The distance at which the device's space repeats itself: PT_CFG_SIZE, or less
 * for one that decodes fewer address bits.
 */
unsigned pt_header_period(const uint8_t snap[PT_CFG_SIZE]);
/* What each exposed capability begins with: its ID and next pointer. */
extern const struct pt_group pt_group_cap_header;
/* The same in extended space: ID, version and next pointer. */
extern const struct pt_group pt_group_ext_header;
/* What extended space begins with if its first capability is not shown. */
extern const struct pt_group pt_group_ext_first;
/* So many tables are no capability's: these and the header's. */
#define PT_NUM_FRAMES 4
/* The groups with a table; ends with NULL. */
extern const struct pt_group *const pt_groups[];

/* The capabilities, one file each. */
extern const struct pt_group pt_group_pm;
extern const struct pt_group pt_group_vpd;
extern const struct pt_group pt_group_vendor;
extern const struct pt_group pt_group_pcie;
extern const struct pt_group pt_group_pcix;
extern const struct pt_group pt_group_af;
extern const struct pt_group pt_group_aer;
extern const struct pt_group pt_group_dsn;
extern const struct pt_group pt_group_ext_vendor;
extern const struct pt_group pt_group_acs;
extern const struct pt_group pt_group_rebar;
extern const struct pt_group pt_group_ltr;
extern const struct pt_group pt_group_l1ss;
extern const struct pt_group pt_group_ptm;
extern const struct pt_group pt_group_dvsec;
/* All tables there are, by number; NULL: no more. */
const struct pt_group *pt_table(unsigned i);
/* Those that no guest gets: pt-hidden.c, pt-ext-hidden.c. */
extern const struct pt_group pt_group_hidden[];
extern const unsigned pt_num_hidden;
extern const struct pt_group pt_group_ext_hidden[];
extern const unsigned pt_num_ext_hidden;

/* A row at its place in the device's space. */
struct pt_field {
    const struct pt_row *row;
    uint16_t off;
    uint8_t cap;  /* index in pt_dev.cap; PT_NO_CAP: the header */
};

#define PT_NO_CAP 0xff

#endif
