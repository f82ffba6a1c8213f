/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SIMULATED: a PCI function, made from a capture of a real one, in the place
 * of libpci and sysfs.
 *
 * It does what the specifications ask of hardware, written down a second time
 * and apart from the engine's tables, which are tested against it: PCI Local
 * Bus 3.0 (header, VPD, MSI, MSI-X), PCI Bus Power Management 1.2, PCI Express
 * Base 3.0, SR-IOV 1.1 and the Advanced Features ECN. Not simulated: DMA, what
 * a driver would do with the device's own registers (they are plain memory),
 * error reporting (a test sets the status bits), links and slots.
 *
 * What is not a bit's value at power-on but the capture's, is so because no
 * specification names one: device-specific registers, and all that is
 * read-only.
 */
#ifndef SIM_DEVICE_H
#define SIM_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "capture.h"
#include "pt-device.h"
#include "sim-common.h"

#define SIM_CFG_SIZE 4096
#define SIM_SETTLE_D2_US 200       /* PCI PM 1.2, 5.6.1 */
#define SIM_SETTLE_D3_US 10000     /* the same */
#define SIM_SETTLE_FLR_US 100000   /* PCI Express 3.0, 6.6.2 */

struct sim_dev;

/* What a capture does not tell. All zero is a usual device. */
struct sim_dev_opts {
    bool io16;           /* I/O BARs have 16 address bits */
    bool lose_sticky;    /* no auxiliary power: a reset takes sticky bits */
    unsigned vpd_polls;  /* reads of the flag until VPD is done; 0: 2 */
    unsigned vpd_us;     /* or time; 0: only polls count */
    unsigned vpd_size;   /* bytes of storage; 0: 256 */
};

/* A test's hands in the device. */
struct sim_dev_hooks {
    void *priv;
    /*
     * After the device model read @len bytes at @pos: change @buf to lie, or
     * a register (sim_dev_poke) to race.
     */
    void (*on_read)(struct sim_dev *d, uint16_t pos, uint8_t *buf,
                    unsigned len);
    /* Before its write arrives. */
    void (*on_write)(struct sim_dev *d, uint16_t pos, const uint8_t *buf,
                     unsigned len);
    /*
     * An access to its memory, or its ports, by whoever: registers that are
     * more than memory. Returns whether it was theirs; *@val is written, or
     * to be set.
     */
    bool (*on_memory)(struct sim_dev *d, unsigned region, uint64_t off,
                      unsigned width, bool write, uint64_t *val);
};

/* What the device model's writes, or the resets they caused, brought about. */
#define SIM_WROTE_DECODE 0x01  /* decoder enables or BARs changed */
#define SIM_WROTE_MSI    0x02  /* MSI Enable went from 0 to 1 */
#define SIM_WROTE_MSIX   0x04  /* MSI-X Enable went from 0 to 1 */
#define SIM_WROTE_MME    0x08  /* Multiple Message Enable changed */
#define SIM_WROTE_RESET  0x10  /* a reset: D3hot to D0, or FLR */

/* Where the device's signals go: the simulated Xen. */
struct sim_dev_sink {
    void *priv;
    void (*message)(void *priv, struct sim_dev *d, uint64_t addr,
                    uint32_t data);
    void (*line)(void *priv, struct sim_dev *d, bool asserted);
    void (*wrote)(void *priv, struct sim_dev *d, unsigned what);
    /*
     * The device model's write of @len bytes at @off, before it is done.
     * Returns 0, -errno (it is dropped), or 1: it is as Xen wants it, and
     * *@val what is written.
     */
    int (*intercept)(void *priv, struct sim_dev *d, unsigned off,
                     unsigned len, uint32_t *val);
};

/* One write cycle of the device model's. */
struct sim_write {
    uint16_t off;
    uint8_t len;         /* 1, 2, 4 */
    bool lost;           /* it failed, or the device was not answering */
    uint8_t val[4];
    uint8_t changed[4];  /* bits of the registers that it changed */
};

#define SIM_WRITES_KEPT 128  /* a power of two */

/* The device model's accesses. */
struct sim_dev_count {
    uint64_t reads, writes;              /* calls */
    uint64_t read_bytes, write_bytes;
    uint64_t read_cycles, write_cycles;  /* of up to a dword, as on the bus */
    uint64_t mmio_reads[4];              /* by width: 1, 2, 4, 8 */
    uint64_t mmio_writes[4];
    uint64_t early;            /* accesses before the device had settled */
    uint64_t msi_written_by_dm;   /* bytes of MSI address, data and mask */
    uint64_t msix_written_by_dm;  /* writes that met the MSI-X table */
    uint64_t unsupported;      /* memory accesses that it did not decode */
    uint64_t resets;           /* D3hot to D0, FLR */
    uint64_t os_resets;        /* asked of the operating system */
    uint64_t bad_states;       /* writes of a D-state it can't go to */
};

struct sim_msi {
    uint16_t pos;       /* 0: none */
    uint16_t data;      /* offset of Message Data */
    uint16_t mask;      /* of Mask Bits, 0: none */
    uint16_t pending;
    unsigned vectors;   /* capable of */
};

struct sim_msix {
    uint16_t pos;       /* 0: none */
    unsigned entries;
    unsigned bir, pba_bir;
    uint64_t off, pba_off;
    uint32_t *table;    /* 4 dwords an entry */
    uint64_t *pba;      /* 64 entries a word */
};

enum sim_vpd_state { SIM_VPD_IDLE, SIM_VPD_READING, SIM_VPD_WRITING };

struct sim_vpd {
    uint16_t pos;       /* 0: none */
    enum sim_vpd_state state;
    unsigned polls;     /* of the flag, since the start */
    uint64_t ready_us;
    uint32_t word;      /* being written */
    unsigned size;
    uint8_t *store;
};

struct sim_page {
    unsigned region;
    uint64_t index;
    uint8_t *bytes;
};

/* The operating system's reset: sim-reset.c. */
struct sim_os_reset {
    bool restores;      /* it gives back what it has saved, as Linux does */
    bool hangs;         /* it never ends */
    int errnum;         /* it ends in this */
    uint64_t takes_us;  /* as long as the device takes, at least */

    bool prepared;
    bool running;
    uint64_t ready_us;
    uint64_t started[5];  /* the last ones */
    unsigned num_started; /* since it was prepared */
    uint8_t saved[SIM_CFG_SIZE];
};

#define SIM_PAGES_MAX 4096  /* further pages read 0 and drop writes */
/* So many are there from the start: no allocation in an access. */
#define SIM_PAGES_READY 16

struct sim_dev {
    struct pt_device pt;  /* give &d->pt to the engine */
    struct sim_clock *clock;
    struct sim_clock own_clock;
    struct sim_dev_opts opts;
    struct sim_dev_hooks hooks;
    struct sim_dev_sink sink;
    void *user;           /* the test's */
    struct sim_notes notes;
    struct sim_dev_count count;
    struct sim_fault config_fault;  /* read and write of config space */
    struct sim_fault mmio_fault;    /* mmio_read and mmio_write */
    struct sim_fault prepare_fault; /* reset_prepare */
    struct sim_fault reset_fault;   /* reset_start */
    struct sim_os_reset os;
    bool vanished;        /* unplugged: reads are all ones, and succeed */
    bool closed;          /* by pt_device_ops.close */

    /* Hardware. A bit of a register is read-only unless a mask has it. */
    unsigned size;        /* of config space: 256 or 4096 */
    uint8_t cfg[SIM_CFG_SIZE];
    uint8_t rw[SIM_CFG_SIZE];
    uint8_t rw1c[SIM_CFG_SIZE];
    uint8_t sticky[SIM_CFG_SIZE];    /* bits that a reset leaves alone */
    uint8_t linked[SIM_CFG_SIZE];    /* and those that FLR does: the link's */
    uint8_t reset[SIM_CFG_SIZE];     /* values after a reset */
    struct pt_region region[PT_NUM_REGIONS];  /* as the hardware decodes */
    uint64_t settled_us;  /* until then it answers nothing */
    uint16_t pm;          /* capabilities' places; 0: none */
    uint16_t exp;
    uint16_t af;
    uint64_t plain;       /* sim_dev_make_plain() */
    uint8_t pm_data[16];
    struct sim_vpd vpd;
    struct sim_msi msi;
    struct sim_msix msix;
    bool interrupting;    /* the INTx condition inside of the device */
    bool line;            /* as the sink knows it */
    uint8_t *pool;        /* SIM_PAGES_READY pages */
    struct sim_page *pages;
    unsigned num_pages, max_pages, last_page;

    /* The device model's writes since sim_dev_forget(). */
    uint8_t touched[SIM_CFG_SIZE];  /* bits meant to change; 1s for RW1C */
    uint8_t changed[SIM_CFG_SIZE];  /* bits that did change */
    uint8_t covered[SIM_CFG_SIZE];  /* 1: a write cycle covered the byte */
    uint64_t num_writes;
    struct sim_write writes[SIM_WRITES_KEPT];
};

/*
 * Make the device of @c. @info: what the operating system tells of it (see
 * capture_info()); is_vf makes the hardware a virtual function. @opts: NULL
 * for a usual one. @clock: NULL for one of its own.
 * Returns 0, or -ENOMEM. Undo with sim_dev_fini().
 */
int sim_dev_init(struct sim_dev *d, const struct capture *c,
                 const struct pt_device_info *info,
                 const struct sim_dev_opts *opts, struct sim_clock *clock);
void sim_dev_fini(struct sim_dev *d);

/* Forget counters, log, touched bits and complaints; not the registers. */
void sim_dev_forget(struct sim_dev *d);

/*
 * The capabilities at the dwords of @where (a bit each, from 0 on) are plain
 * registers, whatever their ID says. Before anybody looks at the device.
 * Returns 0, or -ENOMEM.
 */
int sim_dev_make_plain(struct sim_dev *d, uint64_t where);

/* The @i-th last write cycle (0: the last), or NULL if it is not kept. */
const struct sim_write *sim_dev_last_write(const struct sim_dev *d,
                                           unsigned i);
/* How many of the kept write cycles covered any byte of [@off, @off+@len)? */
unsigned sim_dev_writes_at(const struct sim_dev *d, unsigned off,
                           unsigned len);

/*
 * Registers as the hardware has them, whatever state it is in: no access, no
 * side effect, nothing counted. @len: 1, 2, 4; outside of the space: 0.
 */
uint32_t sim_dev_peek(const struct sim_dev *d, unsigned off, unsigned len);
void sim_dev_poke(struct sim_dev *d, unsigned off, unsigned len,
                  uint32_t val);
/* The hardware sets status bits. */
void sim_dev_set_bits(struct sim_dev *d, unsigned off, unsigned len,
                      uint32_t bits);
/* The capability @id (PCI_CAP_ID_*) in the device's chain; 0: none. */
uint16_t sim_dev_find_cap(const struct sim_dev *d, uint8_t id);

/* 0 D0 .. 3 D3hot. */
unsigned sim_dev_power(const struct sim_dev *d);
/* Does it answer at all now? */
bool sim_dev_answers(const struct sim_dev *d);
/* Has it a function level reset that an operating system uses? */
bool sim_dev_can_flr(const struct sim_dev *d);
/* A reset by the toolstack or the bus, from outside: as FLR, but settled. */
void sim_dev_hot_reset(struct sim_dev *d);

/* Do the registers enable @region, and at which address? In any D-state. */
bool sim_dev_placed(const struct sim_dev *d, unsigned region, uint64_t *base);
/*
 * Does it decode the host addresses [@addr, @addr + @size) as memory now, all
 * of them in one region? @region: which (may be NULL).
 */
bool sim_dev_decodes(const struct sim_dev *d, uint64_t addr, uint64_t size,
                     unsigned *region);

/*
 * Is MSI-X's table or Pending Bit Array in the page of @addr? Xen (since 4.0)
 * has these write-protected for all domains, in msix_capability_init().
 */
bool sim_dev_msix_page(const struct sim_dev *d, uint64_t addr);

/*
 * An access from the bus (a processor's, not through pt_device_ops), @width
 * 1, 2, 4, 8, aligned. Returns whether the device decoded it; if not, a read
 * leaves *@val alone.
 */
bool sim_dev_mem_read(struct sim_dev *d, uint64_t addr, unsigned width,
                      uint64_t *val);
bool sim_dev_mem_write(struct sim_dev *d, uint64_t addr, unsigned width,
                       uint64_t val);
/* The same in I/O space; @width 1, 2, 4. */
bool sim_dev_io_read(struct sim_dev *d, uint32_t port, unsigned width,
                     uint64_t *val);
bool sim_dev_io_write(struct sim_dev *d, uint32_t port, unsigned width,
                      uint64_t val);

/*
 * Its interrupts. INTx is a level: the condition shows in Status, the line
 * follows unless Interrupt Disable, a message mode or the D-state forbid it.
 */
void sim_dev_set_intx(struct sim_dev *d, bool on);

enum sim_sent {
    SIM_SENT,     /* to the sink */
    SIM_PENDING,  /* masked: it will be when unmasked */
    SIM_NOT_SENT, /* not enabled, no such vector, no bus mastering */
};

/* @vector: 0 .. allocated - 1; 0 .. entries - 1. */
enum sim_sent sim_dev_send_msi(struct sim_dev *d, unsigned vector);
enum sim_sent sim_dev_send_msix(struct sim_dev *d, unsigned entry);
/* In whatever mode is enabled. For INTx: the condition is on from now. */
enum sim_sent sim_dev_interrupt(struct sim_dev *d, unsigned vector);

bool sim_dev_msi_enabled(const struct sim_dev *d);
bool sim_dev_msix_enabled(const struct sim_dev *d);
/* Dword @word (0..3) of an MSI-X table entry. */
uint32_t sim_dev_msix_word(const struct sim_dev *d, unsigned entry,
                           unsigned word);

/*
 * Xen's own accesses: they meet the same hardware, and are neither counted
 * nor a fault. Returns false if the device was not listening.
 */
bool sim_dev_xen_write(struct sim_dev *d, unsigned off, unsigned len,
                       uint32_t val);
bool sim_dev_xen_write_msix(struct sim_dev *d, unsigned entry, unsigned word,
                            uint32_t val);

/* ------------------------------------------------------------------ */
/* Between sim-device.c, sim-regs.c and sim-mem.c                       */

/* What FLR does to the registers, and to who answers; nobody is told. */
void sim_dev_flr(struct sim_dev *d);
/* sim-reset.c: of pt_device_ops. */
int sim_dev_reset_prepare(void *priv);
int sim_dev_reset_start(void *priv);
int sim_dev_reset_result(void *priv);
/* Whoever asks for the device next, as a toolstack does, waits for its end. */
void sim_dev_reset_wait(struct sim_dev *d);

/* sim-regs.c: fill the masks, and what the structures say, from d->cfg. */
int sim_regs_build(struct sim_dev *d);

/* sim-mem.c */
int sim_mem_init(struct sim_dev *d);
void sim_mem_reset(struct sim_dev *d);
void sim_mem_free(struct sim_dev *d);
/* Registers changed: let the line and pending messages follow. */
void sim_irq_update(struct sim_dev *d);
extern const struct pt_device_ops sim_dev_ops;
int sim_dev_mmio_read(void *priv, unsigned region, uint64_t off,
                      unsigned width, uint64_t *val);
int sim_dev_mmio_write(void *priv, unsigned region, uint64_t off,
                       unsigned width, uint64_t val);

#endif
