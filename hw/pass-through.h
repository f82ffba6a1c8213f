/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PCI pass-through: the vocabulary and the API.
 *
 * A register's policy is a row (struct pt_row), a capability's rows form a
 * group (struct pt_group). At attach the rows are compiled into byte arrays
 * as long as the configuration space (struct pt_dev); from then on an access
 * is loads, masks and stores, whatever the number of rows.
 */
#ifndef PASS_THROUGH_H
#define PASS_THROUGH_H

#include <stdbool.h>
#include <stdint.h>

#include "pt-bus.h"
#include "pt-device.h"
#include "pt-xen.h"

/* The guest's space. Offsets are 16 bit: extended space is 4 KiB. */
#define PT_CFG_SIZE 0x100
#define PT_CFG_CAPS_START 0x40
/* Of Header Type: PCI 3.0, 6.2.1. */
#define PT_MULTIFUNCTION 0x80

struct pt_dev;
struct pt_field;

/* ------------------------------------------------------------------ */
/* Policy: rows and groups                                             */

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
    /* Hardware ignores writes: one write may run across this register. */
    PT_ROW_INERT = 0x02,
    /* The device loses it in a reset and gets back its value at attach. */
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
    uint32_t starts;   /* PT_ROW_RESTORE: never written as 1 */

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

enum pt_fate {
    PT_EXPOSED,  /* in the guest's chain */
    PT_HIDDEN,   /* not in the chain; readable, never writable */
    PT_ZERO,     /* not in the chain; reads as 0 */
};

/* What probing a structure of the device found. */
struct pt_probe {
    uint16_t size;     /* bytes that it takes */
    uint8_t variant;   /* which of the rows it has: see pt_row.only */
    char why_not[80];  /* set: it can't be offered, and for this reason */
};

/* One capability: its table. */
struct pt_group {
    const char *name;
    const char *why;     /* the reason for its fate */
    uint8_t id;          /* PCI_CAP_ID_* */
    enum pt_fate fate;
    uint16_t size;       /* bytes; 0: probe tells */
    /*
     * Bytes without a row belong to the device's driver: forwarded, as the
     * device-specific registers are.
     */
    bool open;
    /* Never writable, not even by permissive: Xen's own registers. */
    bool xen;
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
 * the structure, rows without a name or a reason.
 * Returns 0, or -EINVAL and the row in @err.
 */
int pt_group_check(const struct pt_group *g, struct pt_error *err);

extern const struct pt_group pt_group_header;
/* What each exposed capability begins with: its ID and next pointer. */
extern const struct pt_group pt_group_cap_header;
/* The groups with a table; ends with NULL. */
extern const struct pt_group *const pt_groups[];

/* The capabilities, one file each. */
extern const struct pt_group pt_group_pm;
extern const struct pt_group pt_group_vpd;
extern const struct pt_group pt_group_vendor;
extern const struct pt_group pt_group_pcie;
/* Those that no guest gets: pt-hidden.c. */
extern const struct pt_group pt_group_hidden[];
extern const unsigned pt_num_hidden;

/* ------------------------------------------------------------------ */
/* A device                                                            */

struct pt_policy {
    bool strict;        /* device-specific registers are not writable */
    bool permissive;    /* reserved and undeclared bits are writable */
    bool power_mgmt;    /* the guest's D-states reach the device */
    bool msitranslate;  /* the device's MSI is the guest's INTx */
    bool no_rom;        /* no expansion ROM for the guest */
};

struct pt_args {
    struct pt_device *host;  /* opened; the caller's to close, after us */
    struct pt_xen *xen;      /* shared by the domain's devices */
    const struct pt_bus *bus;
    struct pt_policy policy;
    uint8_t devfn;           /* on the guest's bus */
    bool multifunction;      /* other functions share the guest's slot */
};

/* A row at its place in the device's space. */
struct pt_field {
    const struct pt_row *row;
    uint16_t off;
    uint8_t cap;  /* index in pt_dev.cap; PT_NO_CAP: the header */
};

#define PT_NO_CAP 0xff
#define PT_MAX_CAPS 48    /* (0x100 - 0x40) / 4 */
#define PT_MAX_FIELDS 255 /* 0 is no field */

/* A capability that the device has, in the order of its chain. */
struct pt_cap {
    const struct pt_group *group;
    uint16_t pos;
    uint16_t size;
    uint8_t id;
    uint8_t next;     /* as the device has it */
    uint8_t variant;
    enum pt_fate fate;
    char why[80];     /* the reason for its fate */
};

/* Whose a byte is. */
enum pt_kind {
    PT_DEVICE,      /* device-specific register */
    PT_FIELD,       /* a row's */
    PT_UNDECLARED,  /* in the header or an exposed structure, without a row */
    PT_OPEN,        /* body of an open structure */
    PT_CONCEALED,   /* in a hidden structure */
    PT_ZEROED,      /* in a structure that reads as 0 */
};

/* Messages that a guest could cause again and again: each once a device. */
enum pt_once {
    PT_ONCE_READ,
    PT_ONCE_WRITE,
    PT_ONCE_DENIED,
    PT_ONCE_RANGE,
    PT_ONCE_MAP,
    PT_ONCE_UNMAP,
    PT_ONCE_TRAP,
    PT_ONCE_OVERLAP,
    PT_ONCE_IO_RANGE,
    PT_ONCE_POWER,
    PT_ONCE_INTX,
    PT_ONCE_MSI,
    PT_ONCE_MSI_FEWER,
    PT_ONCE_MSIX_PIRQS,
    PT_ONCE_UNBIND,
    PT_ONCE_MMIO,
    PT_ONCE_PROTECTED,
};

/* A piece of a BAR, as wished for and as Xen has it: see pt-bar.c. */
struct pt_piece {
    uint64_t offset;
    uint64_t size;
    bool trapped;       /* by the bus, else mapped by Xen */
    bool on;
    uint64_t at;        /* guest address, while on */
    struct pt_trap trap;
};

/* What is trapped, and what lies below, between and above. */
#define PT_MAX_PIECES (2 * PT_REGION_TRAPS + 1)

struct pt_bar {
    uint64_t size;      /* what the guest sees */
    uint64_t wish;      /* guest address; PT_UNMAPPED */
    uint64_t mapped;    /* guest address, while any piece is on */
    uint64_t refused;   /* the wish that failed; not tried again */
    uint32_t raw[2];    /* dwords as the guest wrote them: sizing? */
    unsigned pieces;
    struct pt_piece piece[PT_MAX_PIECES];
};

struct pt_pm {
    uint8_t pos;        /* 0: none */
    uint8_t state;      /* that the device is in: 0 D0 .. 3 D3hot */
    bool reset_on_d0;   /* No_Soft_Reset is 0 */
    bool waiting;       /* until @ready_us the device answers nothing */
    bool reset;         /* and it then needs its registers back */
    uint64_t ready_us;
    uint16_t aer;       /* offset of the AER capability; 0: none */
    uint8_t aer_regs[20];  /* its registers from Uncorrectable Error Mask */
};

struct pt_irq;  /* pt-msi.h */

struct pt_dev {
    struct pt_device *host;
    struct pt_xen *xen;
    const struct pt_bus *bus;
    struct pt_policy policy;
    uint8_t devfn;
    bool multifunction;
    bool started;      /* pt_attach, not pt_view: device and Xen are ours */
    uint16_t command;  /* decode bits that the device keeps */
    bool rom_on;       /* its ROM's enable bit, as written last */
    uint32_t said;     /* messages of enum pt_once that were logged */

    /*
     * The guest's space, a byte a byte, 4 more so that any dword loads:
     * reads give (host & ~emu) | (copy & emu); writes change the copy where
     * own is set and reach the device where fwd is set.
     */
    uint8_t copy[PT_CFG_SIZE + 4];
    uint8_t emu[PT_CFG_SIZE + 4];
    uint8_t own[PT_CFG_SIZE + 4];
    uint8_t fwd[PT_CFG_SIZE + 4];
    uint8_t rw1c[PT_CFG_SIZE + 4];
    uint8_t field_at[PT_CFG_SIZE + 4];  /* index + 1 in field[] */
    uint8_t hooked[PT_CFG_SIZE + 4];    /* the field has prepare or commit */
    uint8_t quirk[PT_CFG_SIZE + 4];     /* its PT_ROW_TRIGGER and _INERT */
    uint8_t kind[PT_CFG_SIZE + 4];      /* enum pt_kind */
    uint8_t cap_at[PT_CFG_SIZE + 4];    /* index in cap[], PT_NO_CAP */

    uint8_t snap[PT_CFG_SIZE + 4];      /* the device's space at attach */
    unsigned num_caps;
    struct pt_cap cap[PT_MAX_CAPS];
    unsigned num_fields;
    struct pt_field field[PT_MAX_FIELDS];

    struct pt_bar bar[PT_NUM_REGIONS];
    struct pt_pm pm;
    struct pt_irq *irq;
};

/*
 * Build the guest's view of a device and touch nothing: one block read of
 * the configuration space. @args->xen may be NULL. The view answers
 * pt_config_read() and what this header offers for looking; writes change
 * the guest's copy alone.
 *
 * Returns the device, for pt_detach(), or NULL and the reason in @err: a
 * bridge, a function that reads all ones, strict together with permissive.
 */
struct pt_dev *pt_view(const struct pt_args *args, struct pt_error *err);

/*
 * Assign a device to the guest: the view, the device awake in D0 with its
 * decoders on and bus mastering off, its interrupt bound. One block read and
 * at most 8 accesses more.
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
 * The guest was reset: its programming is gone, mappings and interrupts with
 * it; the device itself is silenced, and reset only by the toolstack.
 */
void pt_reset(struct pt_dev *d);

/* Other functions came to the guest's slot, or the last of them went. */
void pt_set_multifunction(struct pt_dev *d, bool on);

/*
 * A guest's access to configuration space, from the bus.
 * @off: 0..PT_CFG_SIZE - @len, aligned or not; @len: 1, 2, 4. Anything else
 * reads as 0 and is not written. Cost: a read at most one access of the
 * device, none where all bits are the guest's copy; a write at most one read
 * and one write, none where nothing is forwarded. What changes the power
 * state or the interrupt mode takes more, and so does an access over a
 * structure of two bytes.
 */
uint32_t pt_config_read(struct pt_dev *d, uint32_t off, unsigned len);
void pt_config_write(struct pt_dev *d, uint32_t off, uint32_t val,
                     unsigned len);

/*
 * Bring BAR and ROM mappings to what the guest wants now. For the bus glue
 * when another device made room; the engine calls it itself otherwise.
 */
void pt_bars_sync(struct pt_dev *d);

/* ------------------------------------------------------------------ */
/* Looking                                                             */

/* What one byte of the guest's space is: for ptview and the tests. */
struct pt_byte {
    enum pt_kind kind;
    const struct pt_row *row;  /* PT_FIELD: its row, and */
    uint16_t row_off;          /* where it starts */
    const struct pt_cap *cap;  /* NULL: header or device-specific */
    uint8_t emu;               /* read: the guest's copy */
    uint8_t own;               /* written to the guest's copy */
    uint8_t fwd;               /* written to the device */
    uint8_t rw1c;              /* of fwd: by writing 1 */
};

/* @off: 0..PT_CFG_SIZE - 1. */
void pt_look(const struct pt_dev *d, uint16_t off, struct pt_byte *b);

/* ------------------------------------------------------------------ */
/* For the rooms of hw/ only                                           */

uint32_t pt_load(const uint8_t *p, unsigned len);
void pt_store(uint8_t *p, uint32_t val, unsigned len);

/* The guest's copy of the register at @off. */
uint32_t pt_copy(const struct pt_dev *d, uint16_t off, unsigned len);

/* Send (or do not send) @mask of a @len byte register at @reg to the device. */
void pt_access_send(struct pt_access *a, uint16_t reg, unsigned len,
                    uint32_t mask, uint32_t val);
void pt_access_drop(struct pt_access *a, uint16_t reg, unsigned len,
                    uint32_t mask);

/* The device, with a failure logged once; 0 or -errno. */
int pt_host_read(struct pt_dev *d, uint16_t off, void *buf, unsigned len);
int pt_host_write_val(struct pt_dev *d, uint16_t off, uint32_t val,
                      unsigned len);

void pt_log(const struct pt_dev *d, enum pt_level level, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void pt_log_once(struct pt_dev *d, enum pt_once what, enum pt_level level,
                 const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* pt-space.c: compile the tables for the device in d->snap; reset them. */
int pt_space_build(struct pt_dev *d, struct pt_error *err);
void pt_space_reset(struct pt_dev *d);

/* pt-chain.c: walk the device's chain into d->cap. */
void pt_chain_walk(struct pt_dev *d);
/* The exposed capability @id, or NULL. */
const struct pt_cap *pt_cap_find(const struct pt_dev *d, uint8_t id);
void pt_cap_pointer_setup(const struct pt_dev *d, const struct pt_field *f,
                          struct pt_bits *bits);
void pt_cap_status_setup(const struct pt_dev *d, const struct pt_field *f,
                         struct pt_bits *bits);

/* The Command register that the device should have now. */
uint16_t pt_command_device(const struct pt_dev *d);
/* Write it, for changes that do not come from the guest's Command register. */
int pt_command_write(struct pt_dev *d);

/* pt-bar.c: sizes, before the space is built; pieces, once it is. */
void pt_bars_init(struct pt_dev *d);
void pt_bars_split(struct pt_dev *d);
void pt_bar_setup(const struct pt_dev *d, const struct pt_field *f,
                  struct pt_bits *bits);
void pt_bar_commit(struct pt_dev *d, const struct pt_field *f, uint32_t old,
                   const struct pt_access *a);
void pt_rom_commit(struct pt_dev *d, const struct pt_field *f, uint32_t old,
                   const struct pt_access *a);
/* Enable the device's own ROM decoder, at the device's own address. */
void pt_rom_enable(struct pt_dev *d, bool on);
/* Unmap all; what Xen refuses to unmap is tried once more. */
void pt_bars_unmap(struct pt_dev *d);

/* pt-pm.c */
void pt_pm_init(struct pt_dev *d);
/* Wake it at attach; *@lost: it was reset on the way. 0 or -errno. */
int pt_pm_wake(struct pt_dev *d, bool *lost, struct pt_error *err);
/* Let the time pass that a change of the power state takes. */
void pt_pm_settle(struct pt_dev *d);
/* Let a change of the power state come to its end. */
void pt_pm_finish(struct pt_dev *d);
/* Leave the device in D0, whatever the guest did with it. */
void pt_pm_rest(struct pt_dev *d);

/*
 * pass-through.c: the device lost its registers; give it the host's. Goes on
 * after a failure. Returns 0, or the first -errno.
 */
int pt_restore_host(struct pt_dev *d);

/* What files of the classic qemu-dm expect of this header. */
#ifdef CONFIG_PASSTHROUGH
#include "pt-qemu-dm.h"
#endif

#endif
