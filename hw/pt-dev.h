/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The inside of a device, and what the rooms of hw/ have for each other.
 * Hosts and tools include pass-through.h.
 */
#ifndef PT_DEV_H
#define PT_DEV_H

#include "pt-policy.h"

/* Bits of a BAR that are no address: PCI 3.0, 6.2.5.1. */
#define PT_MEM_FLAGS 0xfu
#define PT_IO_FLAGS 0x3u

/*
 * The header's; two of each capability, three of each extended one, which can
 * stand there again and again; those of the tables that stand there once.
 */
#define PT_MAX_FIELDS 512

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
    PT_ONCE_LINE,
    PT_ONCE_LENT,
    PT_ONCE_SHARED,
    PT_ONCE_MSI,
    PT_ONCE_MSI_FEWER,
    PT_ONCE_MSIX_PIRQS,
    PT_ONCE_PIRQ,
    PT_ONCE_UNBIND,
    PT_ONCE_MMIO,
    PT_ONCE_PROTECTED,
    PT_ONCE_SENT,
    PT_ONCE_LOST,
    PT_ONCE_RESET,
    PT_ONCE_RESET_LATE,
    PT_ONCE_RESET_FAILED,
};

/* What pt_sync() has to look at. */
enum pt_dirty {
    PT_DIRTY_REGIONS = 0x01,
    PT_DIRTY_IRQ = 0x02,
    PT_DIRTY_COMMAND = 0x04,  /* the guest wrote it */
    PT_DIRTY_ALL = 0x07,
    PT_DIRTY_RESET = 0x08,    /* the guest wants one: before anything else */
};

/* Why an access takes longer: the device answers nothing, or sleeps. */
enum pt_deaf {
    PT_DEAF_POWER = 0x01,  /* on its way to another D-state, until ready_us */
    PT_DEAF_RESET = 0x02,  /* the guest's reset: the guest reads all ones */
    PT_DEAF_ALL = 0x03,
    PT_ASLEEP = 0x04,      /* not in D0; or so it was, when we last knew */
};

/* Of the device's registers, and the guest's programming with them. */
enum pt_loss {
    PT_LOST_REGISTERS,  /* the device's: by its driver, whose guest goes on */
    PT_LOST_ALL,        /* and the guest's */
    PT_LOST_RESET,      /* of these, not what a function's reset leaves */
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
    uint64_t shown;     /* where the bus was told that it is */
    uint64_t refused;   /* the wish that failed; not tried again */
    uint32_t raw[2];    /* dwords as the guest wrote them: sizing? */
    unsigned pieces;
    struct pt_piece piece[PT_MAX_PIECES];
};

/* A window that the device has; how many it can have: see pt-window.h. */
#define PT_MAX_WINDOWS 8

struct pt_open_window {
    const struct pt_window_row *row;
    bool on;
    const char *why_not;  /* it can't be on */
    uint64_t data_at;     /* of a message: where data may follow; 0: nowhere */
    bool holds;           /* their address, until they do: one of MSI-X's */
    uint32_t held;
    /* Of registers that lead somewhere: what the guest wrote to them. */
    uint32_t index;
    uint32_t data;
    uint8_t known;        /* bytes of the index that it wrote: a bit each */
    bool apart;           /* and the device has another one */
};

struct pt_pm {
    uint8_t pos;        /* 0: none */
    uint8_t state;      /* that the device is in: 0 D0 .. 3 D3hot */
    uint8_t want;       /* and that it is brought to */
    bool reset_on_d0;   /* No_Soft_Reset is 0 */
    bool reset;         /* it needs its registers back, once it is ready */
    uint64_t ready_us;
};

struct pt_flr {
    bool offered;       /* to the guest */
    bool asked;         /* by the access that is under way */
    bool begun;         /* by the operating system */
    bool running;       /* there; else it waits its turn */
    bool failed;        /* or is over, and will not be again */
    uint64_t not_before_us;  /* the next one */
    uint64_t look_us;        /* while it runs: for its end */
    uint64_t late_us;        /* and when that is to be logged */
};

struct pt_irq;         /* pt-msi.h */
struct pt_window_row;  /* pt-window.h */

struct pt_dev {
    struct pt_device *host;
    struct pt_xen *xen;
    const struct pt_bus *bus;
    struct pt_policy policy;
    uint8_t devfn;
    bool multifunction;
    bool started;      /* pt_attach, not pt_view: device and Xen are ours */
    bool left;         /* the domain: never write to the device again */
    uint8_t dirty;     /* enum pt_dirty */
    uint8_t deaf;      /* enum pt_deaf */
    bool lost;         /* its registers: their way back failed, or waits */
    uint16_t command;      /* decode bits that the device keeps */
    uint16_t command_has;  /* as last read or written */
    bool command_seen;     /* it was read since the device had a reset, */
    bool command_known;    /* and the guest has not run since */
    uint16_t status_has;   /* Status, of which the guest writes in the same */
    uint32_t status_mask;  /* access these bits */
    uint32_t status_val;
    bool rom_on;       /* its ROM's enable bit, as written last */
    uint32_t said;     /* messages of enum pt_once that were logged */

    uint32_t size;     /* of the guest's space: see pt_config_size() */

    /*
     * The guest's space, a byte a byte, 4 more so that any dword loads:
     * reads give (host & ~emu) | (copy & emu); writes change the copy where
     * own is set and reach the device where fwd is set.
     */
    uint8_t copy[PT_CFG_EXT_SIZE + 4];
    uint8_t emu[PT_CFG_EXT_SIZE + 4];
    uint8_t own[PT_CFG_EXT_SIZE + 4];
    uint8_t fwd[PT_CFG_EXT_SIZE + 4];
    uint8_t rw1c[PT_CFG_EXT_SIZE + 4];
    uint16_t field_at[PT_CFG_EXT_SIZE + 4];  /* index + 1 in field[] */
    uint8_t hooked[PT_CFG_EXT_SIZE + 4];    /* the field has hooks */
    uint8_t quirk[PT_CFG_EXT_SIZE + 4];     /* its PT_ROW_TRIGGER and _INERT */
    uint8_t kind[PT_CFG_EXT_SIZE + 4];      /* enum pt_kind */
    uint8_t cap_at[PT_CFG_EXT_SIZE + 4];    /* index in cap[], PT_NO_CAP */

    uint8_t snap[PT_CFG_EXT_SIZE + 4];      /* the device's space at attach */
    bool masked;                            /* the policy's registers are on */
    uint32_t mask_start[PT_MAX_MASKS];      /* and in the policy's registers */
    unsigned num_caps;
    unsigned num_basic;      /* of them in the first 256 bytes, or added */
    struct pt_cap cap[PT_MAX_CAPS];
    unsigned num_fields;
    struct pt_field field[PT_MAX_FIELDS];

    struct pt_bar bar[PT_NUM_REGIONS];
    bool windows_on;        /* any of them is */
    unsigned num_windows;
    struct pt_open_window window[PT_MAX_WINDOWS];
    struct pt_pm pm;
    struct pt_flr flr;
    uint64_t call_us;       /* PT_NEVER, or when these are to be looked at */
    uint64_t called_us;     /* what the bus was told last */
    bool known_to_libxl;    /* which takes its line, once it is detached */
    struct pt_irq *irq;
};

/* The guest's copy of the register at @off. */
uint32_t pt_copy(const struct pt_dev *d, uint16_t off, unsigned len);

/* Send (or do not send) @mask of a @len byte register at @reg to the device. */
void pt_access_send(struct pt_access *a, uint16_t reg, unsigned len,
                    uint32_t mask, uint32_t val);
void pt_access_drop(struct pt_access *a, uint16_t reg, unsigned len,
                    uint32_t mask);

/*
 * Take the bits of a @len byte register at @reg out of the access: @mask gets
 * those that would be sent, @val their values.
 */
void pt_access_take(struct pt_access *a, uint16_t reg, unsigned len,
                    uint32_t *mask, uint32_t *val);
/* The ones that the guest writes to a @len byte register at @reg. */
uint32_t pt_access_ones(const struct pt_access *a, uint16_t reg, unsigned len);

/* pt-regs.c: the device, with a failure logged once; 0 or -errno. */
int pt_host_read(struct pt_dev *d, uint16_t off, void *buf, unsigned len);
int pt_host_write_val(struct pt_dev *d, uint16_t off, uint32_t val,
                      unsigned len);

/* What must not be missed: tried twice. */
int pt_host_put(struct pt_dev *d, uint16_t off, const void *buf, unsigned len);
int pt_host_put_val(struct pt_dev *d, uint16_t off, uint32_t val,
                    unsigned len);

/*
 * A guest's write to region @n, inside of it and aligned; what is beside MSI-X's
 * table is dropped.
 */
void pt_host_mmio_write(struct pt_dev *d, unsigned n, uint64_t at,
                        unsigned width, uint64_t val);

void pt_log(const struct pt_dev *d, enum pt_level level, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void pt_log_once(struct pt_dev *d, enum pt_once what, enum pt_level level,
                 const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* pt-space.c: compile the tables for the device in d->snap; reset them. */
int pt_space_build(struct pt_dev *d, struct pt_error *err);
void pt_space_reset(struct pt_dev *d);
/* The same, but for what a reset of the function leaves: pt_row.sticky. */
void pt_space_was_reset(struct pt_dev *d);
/*
 * Does permissive leave the structure closed that has byte @off? Xen's own, and
 * what the policy hides: nobody looks after power states and resets there.
 */
bool pt_space_closed(const struct pt_dev *d, unsigned off);

/*
 * pt-mask.c: what the policy says of registers, checked without the device; and
 * with it, once the tables are compiled, which are then as it says; over tables
 * that were compiled again; of the byte at @off, or NULL.
 */
int pt_masks_check(const struct pt_policy *p, struct pt_error *err);
int pt_masks_init(struct pt_dev *d, struct pt_error *err);
void pt_masks_apply(struct pt_dev *d);
const struct pt_mask *pt_mask_at(const struct pt_dev *d, unsigned off);

/* pt-added.c: behind the device's chain; what the guest reads there. */
int pt_chain_add(struct pt_dev *d, struct pt_error *err);
uint8_t pt_added_byte(const struct pt_dev *d, unsigned off);

/* pt-chain.c: walk the device's chain into d->cap. */
void pt_chain_walk(struct pt_dev *d);
/* Is @off (0..0xff) in what MSI or MSI-X says it has, whatever else is there? */
bool pt_chain_xens(const struct pt_dev *d, unsigned off);
/*
 * The same of the extended one, if the policy asks for what is there; read the
 * structures that are shown or restored, and find out d->size.
 */
void pt_ext_chain_walk(struct pt_dev *d);
/* The exposed capability @id, or NULL. */
const struct pt_cap *pt_cap_find(const struct pt_dev *d, uint32_t id);
/* The guest's next one in the first 256 bytes, from cap[@i] on; 0: none. */
uint32_t pt_cap_next(const struct pt_dev *d, unsigned i);
void pt_cap_pointer_setup(const struct pt_dev *d, const struct pt_field *f,
                          struct pt_bits *bits);
void pt_cap_status_setup(const struct pt_dev *d, const struct pt_field *f,
                         struct pt_bits *bits);

/*
 * pt-sync.c: bring Xen and the device to what the guest wants now, where
 * d->dirty says that this may have changed. Returns 0, or -errno if Command
 * can't be written.
 */
int pt_sync(struct pt_dev *d);
/* A guest's access: is the device listening, or can it be waited for? */
bool pt_listens(struct pt_dev *d);
/*
 * pt_bus_ops.call_at, if there is one: otherwise a later access has to do. For
 * what makes a device deaf; interrupts have a time of their own, and after a
 * change of that pt_call_again() is due.
 */
void pt_call_at(struct pt_dev *d, uint64_t us);
void pt_call_again(struct pt_dev *d);
/*
 * Detach: all of it gone, the device awake, Command last and once. What is
 * refused is tried once more.
 */
void pt_sync_end(struct pt_dev *d);

/* pt-bar.c: sizes, before the space is built; pieces, once it is. */
bool pt_region_io(const struct pt_dev *d, unsigned n);
void pt_bars_init(struct pt_dev *d);
void pt_bars_split(struct pt_dev *d);
void pt_bar_setup(const struct pt_dev *d, const struct pt_field *f,
                  struct pt_bits *bits);
void pt_bar_commit(struct pt_dev *d, const struct pt_field *f, uint32_t old,
                   const struct pt_access *a);
/* For the reconciler: what has to go, then what has to come. */
void pt_bars_leave(struct pt_dev *d);
void pt_bars_enter(struct pt_dev *d);
/* Is any of it mapped or trapped? */
bool pt_bars_mapped(const struct pt_dev *d);
/* Detach: all of it unmapped; what Xen refuses is tried once more. */
void pt_bars_stop(struct pt_dev *d);
/* The registers start again: so does the meaning of what was written. */
void pt_bars_forget(struct pt_dev *d);
/* The value of BAR @n (0..5) as the operating system placed it. */
uint32_t pt_bar_host(const struct pt_dev *d, unsigned n);
/* *@lost: the device has other addresses than the host's. 0 or -errno. */
int pt_bars_lost(struct pt_dev *d, bool *lost);
/* Attach: give the device addresses that it lost. 0 or -errno. */
int pt_bars_place(struct pt_dev *d);

/* pt-pm.c */
void pt_pm_init(struct pt_dev *d);
/* Wake it at attach, and give it back what it lost by that. 0 or -errno. */
int pt_pm_wake(struct pt_dev *d, struct pt_error *err);
/* Let the time pass that a change of the power state takes. */
void pt_pm_settle(struct pt_dev *d);
/* Let a change of the power state come to its end. */
void pt_pm_finish(struct pt_dev *d);
/* A read of @len bytes at @off gave @val: has somebody else woken it? */
void pt_pm_saw(struct pt_dev *d, uint16_t off, unsigned len, uint32_t val);
/* Not in D0, or on its way: it answers configuration accesses at best. */
bool pt_pm_asleep(const struct pt_dev *d);
/* On its way to a state, or a reset, that it loses its registers in. */
bool pt_will_lose(const struct pt_dev *d);
/* It has been reset: it is in D0. */
void pt_pm_was_reset(struct pt_dev *d);
/* Leave the device in D0, whatever the guest did with it. */
void pt_pm_rest(struct pt_dev *d);

/*
 * pt-restore.c: the device lost its registers and gets the host's back. Goes
 * on after a failure: it decodes nothing then, and the next pt_sync() tries
 * again. Returns 0, or the first -errno.
 */
int pt_restore_host(struct pt_dev *d);
/*
 * Reset or detach: has it lost them, and nobody saw it? One read of Command,
 * which must not be missed either.
 */
void pt_restore_missed(struct pt_dev *d);
/* Of the host's registers, those that the guest may write and has changed. */
void pt_restore_changed(struct pt_dev *d);
/*
 * The same while it is a guest's, whatever made it lose them: messages go and
 * come again with the next pt_sync().
 */
void pt_lost(struct pt_dev *d, enum pt_loss what);
/* What the guest programmed is gone; pt_sync() draws the consequences. */
void pt_forget(struct pt_dev *d);

/* pt-flr.c: what is offered, before the chains are walked. */
void pt_flr_init(struct pt_dev *d);
/* For the log: what is in force. */
const char *pt_flr_state(const struct pt_dev *d);
/* A prepare hook: the guest's access @a asks for it. Returns: is it offered? */
bool pt_flr_ask(struct pt_dev *d, struct pt_access *a);
/* For the reconciler: all of it taken back, and begun when its time comes. */
void pt_flr_begin(struct pt_dev *d);
/* Has it ended? Then what follows is done. And the same with the timer set. */
void pt_flr_look(struct pt_dev *d);
void pt_flr_tick(struct pt_dev *d);
/*
 * Reset or detach: wait for its end, a second at most. Returns false if it has
 * not ended: the device is not to be touched.
 */
bool pt_flr_settle(struct pt_dev *d);

#endif
