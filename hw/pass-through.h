/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PCI pass-through, for hosts, tools and tests: a device attached, accessed,
 * looked at, detached. What is inside is in pt-policy.h and pt-dev.h.
 */
#ifndef PASS_THROUGH_H
#define PASS_THROUGH_H

#include <stdbool.h>
#include <stdint.h>

#include "pt-bus.h"
#include "pt-device.h"
#include "pt-xen.h"

/* The space that each function has, and the one of PCI Express. */
#define PT_CFG_SIZE 0x100
#define PT_CFG_EXT_SIZE 0x1000
#define PT_CFG_CAPS_START 0x40
/* Of Header Type: PCI 3.0, 6.2.1. */
#define PT_MULTIFUNCTION 0x80

struct pt_dev;
struct pt_row;
struct pt_group;

/* ------------------------------------------------------------------ */
/* A device                                                            */

#define PT_SAID_BY 72

/*
 * What a policy says of a register, in the place of the tables. A bit is in one
 * of these masks, or in none and as the tables have it.
 */
struct pt_mask {
    uint32_t fwd;    /* written to the device; device-specific, or as it is */
    uint32_t rw1c;   /* so, and cleared by writing 1 */
    uint32_t emu;    /* the guest's own copy, which starts as it would read */
    uint32_t ro;     /* reads as it would, and is not written */
    uint32_t fixed;  /* constant, what it would read at attach */
    uint32_t zero;   /* constant */
    uint32_t one;
    uint16_t off;    /* a multiple of @size; not in the header */
    uint8_t size;    /* 1, 2, 4 */
    char from[PT_SAID_BY];  /* who says so, for messages; "": nobody asks */
};

/* A capability that the policy adds: bytes that the guest reads. */
struct pt_added {
    uint8_t pos;     /* where no capability of the device is */
    uint8_t size;
    uint8_t data[32];  /* from its ID on; the next pointer is not used */
    char from[PT_SAID_BY];
};

#define PT_MAX_MASKS 16
#define PT_MAX_ADDED 4
#define PT_ADDED_SIZE sizeof(((struct pt_added *)0)->data)

struct pt_policy {
    bool strict;        /* device-specific registers are not writable */
    bool permissive;    /* reserved and undeclared bits are writable */
    bool power_mgmt;    /* the guest's D-states reach the device */
    bool msitranslate;  /* the device's MSI is the guest's INTx */
    bool no_rom;        /* no expansion ROM for the guest */
    bool extended;      /* extended configuration space, where there is one */
    bool flr;           /* the guest can reset it, where the host can */
    /* A bit for each capability ID, and for each extended one: pt_hide(). */
    uint8_t hide[32];
    uint8_t hide_ext[8];
    /* A bit for each number of pt_window_number(); the second counts more. */
    uint32_t windows;    /* in force */
    uint32_t no_windows; /* not, though they are by default */
    uint8_t num_masks;
    uint8_t num_added;
    struct pt_mask mask[PT_MAX_MASKS];
    struct pt_added added[PT_MAX_ADDED];
};

/*
 * The guest gets no capability @id of the device: see pt_cap.id; not even
 * permissive opens its registers. IDs above PT_EXT_CAP(0x3f), which no guest
 * gets, have no bit.
 */
void pt_hide(struct pt_policy *p, uint32_t id);
/* Is @id one of those? */
bool pt_hides(const struct pt_policy *p, uint32_t id);

/*
 * The windows that are called @name (see pt-window.h): 0..31, or -1: there are
 * none. The other way round: NULL where no name has the number.
 */
int pt_window_number(const char *name);
const char *pt_window_name(unsigned n);

/*
 * Can this be, of any device? What depends on the device, pt_view() says.
 * Returns 0, or -EINVAL and the reason in @err.
 */
int pt_mask_check(const struct pt_mask *m, struct pt_error *err);
int pt_added_check(const struct pt_added *a, struct pt_error *err);

struct pt_args {
    struct pt_device *host;  /* opened; the caller's to close, after us */
    struct pt_xen *xen;      /* shared by the domain's devices */
    const struct pt_bus *bus;
    struct pt_policy policy;
    uint8_t devfn;           /* on the guest's bus */
    bool multifunction;      /* other functions share the guest's slot */
    const char *origin;      /* for the log: who set what of the policy; NULL:
                                nobody wants to know. Used during the call */
};
/*
 * Build the guest's view of a device and touch nothing: one block read of
 * the configuration space. Under extended, power_mgmt and flr also one for each
 * extended capability, and one more for each that is shown or restored (two for
 * Resizable BAR and Virtual Channel), and one for each register of the policy
 * that is there. @args->xen may be NULL. The view answers pt_config_read() and
 * what this header offers for looking; writes change the guest's copy alone.
 *
 * Returns the device, for pt_detach(), or NULL and the reason in @err: a
 * bridge, a function that reads all ones, strict together with permissive; of
 * the policy a register that must not be what it says, or no room to add.
 */
struct pt_dev *pt_view(const struct pt_args *args, struct pt_error *err);

/*
 * Assign a device to the guest: the view, the device awake in D0 with its
 * decoders on and bus mastering off, its interrupt bound. The view's reads and
 * at most 8 accesses more; one more for each register that is restored, if the
 * device was found in D3hot.
 *
 * Returns the device, for pt_detach(), or NULL, nothing left behind, and the
 * reason in @err. The device is not reset, assigned or de-assigned: that is
 * the toolstack's.
 */
struct pt_dev *pt_attach(const struct pt_args *args, struct pt_error *err);

/*
 * Take the device away: nothing mapped, no interrupt, bus mastering off, what
 * the next owner needs as it was at attach. NULL is allowed.
 */
void pt_detach(struct pt_dev *d);

/*
 * The same, of a device that may have left the domain, as when the process
 * ends: another guest can have it by now. Unless Xen says that the domain has
 * it, nothing is written to it; and unless nobody has it, its messages, which
 * Xen would silence in it, are left to the domain's end. A device without
 * MSI-X or MSI, or with 32 MSIs, of which Xen can't tell, counts as another's.
 */
void pt_detach_left(struct pt_dev *d);

/*
 * pt_detach(), of a device that the toolstack does not get to know, as its
 * attach failed after pt_attach(), or that is attached anew at once: nothing
 * is prepared for libxl, which takes an INTx line with a device that leaves.
 * @d may be NULL.
 */
void pt_attach_undo(struct pt_dev *d);

/*
 * The guest was reset: its programming is gone, mappings and interrupts with
 * it; the device itself is silenced, and reset only by the toolstack. A reset
 * that the guest has asked for is waited for, a second at most; so it is by
 * pt_detach().
 */
void pt_reset(struct pt_dev *d);

/* Other functions came to the guest's slot, or the last of them went. */
void pt_set_multifunction(struct pt_dev *d, bool on);

/*
 * A guest's access to configuration space, from the bus.
 * @off: 0..pt_config_size() - @len, aligned or not; @len: 1, 2, 4. Anything
 * else reads as 0 and is not written. In a reset that the guest has asked for,
 * reads give all ones and writes are dropped. Cost: a read at most one access
 * of the device, none where all bits are the guest's copy; a write at most one
 * read and one write, none where nothing is forwarded. What changes the power
 * state or the interrupt mode, or begins or ends a reset, takes more, and so
 * does an access over a structure of two bytes.
 */
uint32_t pt_config_read(struct pt_dev *d, uint32_t off, unsigned len);
void pt_config_write(struct pt_dev *d, uint32_t off, uint32_t val,
                     unsigned len);

/*
 * Bring BAR and ROM mappings to what the guest wants now. For the bus glue
 * when another device made room; the engine calls it itself otherwise.
 */
void pt_bars_sync(struct pt_dev *d);

/*
 * Other devices of the guest have moved: a region that another one was put
 * over gives way, and is back where it was once there is room again. At most
 * one question to the bus a region more than pt_bars_sync().
 */
void pt_bars_recheck(struct pt_dev *d);

/*
 * Something else of the guest is placed at [@addr, @addr + @size), ports
 * (@io) or memory: what of this device rests there, its decoding off, is
 * unmapped. For the bus glue, before it answers taken() for another device,
 * and when an emulated device's region moves.
 */
void pt_yield(struct pt_dev *d, bool io, uint64_t addr, uint64_t size);

/* ------------------------------------------------------------------ */
/* Looking                                                             */

enum pt_fate {
    PT_EXPOSED,  /* in the guest's chain */
    PT_HIDDEN,   /* not in the chain; readable, never writable */
    PT_ZERO,     /* not in the chain; reads as 0 */
};

#define PT_MAX_BASIC_CAPS 48  /* (0x100 - 0x40) / 4 */
#define PT_MAX_EXT_CAPS 64    /* no device has as many */
#define PT_MAX_CAPS (PT_MAX_BASIC_CAPS + PT_MAX_ADDED + PT_MAX_EXT_CAPS)

/* The ID of an extended capability, told from those of the first 256 bytes. */
#define PT_EXT_CAP(id) (UINT32_C(0x10000) | (id))

/* A capability that the device has, in the order of its chain, or an added. */
struct pt_cap {
    const struct pt_group *group;
    uint16_t pos;
    uint16_t size;
    uint16_t claims;  /* bytes that it says it has, into others and all */
    uint32_t id;      /* PCI_CAP_ID_*, PT_EXT_CAP(PCI_EXT_CAP_ID_*) */
    uint16_t next;    /* as the device has it */
    uint8_t variant;
    enum pt_fate fate;
    const struct pt_added *added;  /* NULL: the device's */
    bool kept;        /* not in the chain; what a reset takes comes back */
    char why[80];     /* the reason for its fate */
};

/* Whose a byte is. */
enum pt_kind {
    PT_DEVICE,      /* device-specific register */
    PT_FIELD,       /* a row's */
    PT_UNDECLARED,  /* in the header or an exposed structure, without a row */
    PT_OPEN,        /* body of an open structure */
    PT_CONCEALED,   /* in a hidden structure */
    PT_ZEROED,      /* in a structure that reads as 0; in extended space, in
                       none that the guest sees */
    PT_MIRRORED,    /* another way to a register of any of these */
    PT_ADDED,       /* in a capability that the policy adds */
};

/* What one byte of the guest's space is. */
struct pt_byte {
    enum pt_kind kind;
    const struct pt_row *row;  /* PT_FIELD: its row, and */
    uint16_t row_off;          /* where it starts */
    const struct pt_cap *cap;  /* NULL: header or device-specific */
    const struct pt_mask *mask;  /* the policy's; NULL: none */
    uint8_t emu;               /* read: the guest's copy */
    uint8_t own;               /* written to the guest's copy */
    uint8_t fwd;               /* written to the device */
    uint8_t rw1c;              /* of fwd: by writing 1 */
    uint8_t copy;              /* the guest's, also of bits that it shares */
    uint8_t value;             /* what the guest reads, the device's bits as
                                  they were at attach */
};

/* How many bytes the guest's space has: PT_CFG_SIZE or PT_CFG_EXT_SIZE. */
unsigned pt_config_size(const struct pt_dev *d);

/* @off: 0..pt_config_size() - 1. Costs no access of the device. */
void pt_look(const struct pt_dev *d, uint16_t off, struct pt_byte *b);

/* What the operating system knows of it. */
const struct pt_device_info *pt_info(const struct pt_dev *d);

/* The Command register that the device itself has, or will have. */
uint16_t pt_command_device(const struct pt_dev *d);

/*
 * Its capabilities, hidden ones too, in the order of its chain; behind them
 * those that are added; then, if the guest has extended space, those of the
 * other chain.
 */
unsigned pt_num_caps(const struct pt_dev *d);
/* @i: 0..pt_num_caps() - 1. */
const struct pt_cap *pt_cap_at(const struct pt_dev *d, unsigned i);

/* Bytes that the guest sees region @n have; 0: it has none. @n: 0..6. */
uint64_t pt_region_size(const struct pt_dev *d, unsigned n);

/* A part of a region, in whole pages, or dwords of ports. */
struct pt_window {
    uint64_t offset;
    uint64_t size;
};

/* What of region @n is trapped. Returns how many windows @w holds. */
unsigned pt_region_windows(const struct pt_dev *d, unsigned n,
                           struct pt_window w[PT_REGION_TRAPS]);

/* What a window of a BAR leads to. */
enum pt_window_kind {
    PT_WINDOW_MIRROR,  /* an access is one of configuration space */
    PT_WINDOW_MESSAGE, /* the driver copies its MSI there */
    PT_WINDOW_TABLE,   /* two registers that lead to MSI-X's table */
    PT_WINDOW_INDEX,   /* two ports that lead to configuration space */
};

/* A window that the device has. */
struct pt_window_seen {
    const char *name;
    const char *why;      /* what it is for, and why it is on or off */
    const char *source;
    enum pt_window_kind kind;
    unsigned region;
    uint64_t offset;
    uint64_t size;
    bool on;              /* in force */
    const char *why_not;  /* it can't be; or NULL */
};

/* The @i-th of them; false: there are no more. */
bool pt_window_look(const struct pt_dev *d, unsigned i,
                    struct pt_window_seen *w);

/* ------------------------------------------------------------------ */

/* @len (0..4) bytes of configuration space; 4 are loaded. */
uint32_t pt_load(const uint8_t *p, unsigned len);
void pt_store(uint8_t *p, uint32_t val, unsigned len);

/* What files of the classic qemu-dm expect of this header. */
#ifdef CONFIG_PASSTHROUGH
#include "pt-qemu-dm.h"
#endif

#endif
