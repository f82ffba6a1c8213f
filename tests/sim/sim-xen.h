/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SIMULATED: what a domain's Xen keeps of its passed-through devices, in the
 * place of libxenctrl. It counts hypercalls, fails on demand, and complains of
 * what a device model must not do.
 *
 * Modelled on the behaviour of Xen 4.17 (4.19 with opts.all_writes):
 *
 * - Mapping a pirq for an MSI makes Xen program the device's address and data
 *   (and Multiple Message Enable for a block), masked as far as the device can
 *   mask. Enable and Function Mask stay the device model's to write.
 * - Binding leaves the vector masked unless SPEC_VMSI_UNMASKED is given; an
 *   update without it leaves the mask as it is. Unbinding masks. Under
 *   MSI-INTx translation the vector stays masked until the device model writes
 *   the mask bit (of a PV dom0, Xen takes these writes for the guest's).
 * - The first vector of a device that is bound with a table address tells Xen
 *   where the guest's table is; it is forgotten with the last one. Then Xen
 *   answers reads of vector control in it, and does writes of vector control;
 *   an unmasking write after the guest changed address or data goes to the
 *   device model first (4.19: every write goes there too).
 * - A line that is mapped already gives the same pirq again, and is gone with
 *   the first unmap: Xen does not count who shares it. Bindings that are the
 *   same end together.
 * - A pin of the guest's stays asserted when its line is unbound meanwhile.
 * - Lines have the first pirqs from below, messages the last ones.
 * - Unmapping a block needs its first pirq, and unmaps all of it. With MSI goes
 *   its enable bit, and Interrupt Disable is cleared.
 * - An unmapped pirq that was bound keeps its number, in a block also those
 *   that come after it; whoever names it ends the host one day.
 * - Xen writes to the MSI-X table with each map, bind, unbind and unmap, in any
 *   D-state: one that does not answer is a complaint.
 * - A PV dom0's writes of configuration space pass through Xen: of MSI-X there
 *   is Message Control as a word, of an MSI with mask bits that and these.
 * - Mapping an MSI to a pirq that is wanted and in use succeeds, maps nothing
 *   and leaks the host's interrupt; of a block only the first is looked at.
 * - Whose a device is can be told by an MSI-X table or fewer than 32 MSIs.
 *
 * Where it is stricter than Xen, so that mistakes show: maps may not overlap
 * and an unmap must be exactly what was mapped. Else it answers as Xen does,
 * and what a device model must not do is a complaint besides: a second map of
 * a message, a binding of what is bound, an unmap of what is bound (opts.
 * unmap_bound), both kinds of messages mapped at once.
 *
 * Not modelled: IRQ affinity, the read acceleration of address and data, host
 * vectors running out, event channels (PV-on-HVM pirqs are counted as pirqs).
 */
#ifndef SIM_XEN_H
#define SIM_XEN_H

#include "pt-xen.h"
#include "sim-common.h"
#include "sim-device.h"

enum sim_call {
    SIM_MAP_MEMORY,
    SIM_UNMAP_MEMORY,
    SIM_MAP_PORTS,
    SIM_UNMAP_PORTS,
    SIM_MAP_GSI,
    SIM_MAP_MSI,
    SIM_UNMAP_PIRQ,
    SIM_BIND_INTX,
    SIM_UNBIND_INTX,
    SIM_LOWER_INTX,
    SIM_BIND_MSI_INTX,
    SIM_UNBIND_MSI_INTX,
    SIM_BIND_MSI,
    SIM_UNBIND_MSI,
    SIM_HAS_PIRQS,
    SIM_VERSION,
    SIM_OWNS,
    SIM_NUM_CALLS,
};

struct sim_xen_opts {
    unsigned first_pirq;   /* lowest that Xen chooses for a line; 0: 16 */
    unsigned max_pirqs;    /* for messages, further ones: -ENOSPC; 0: 256 */
    unsigned gfn_bits;     /* width of the guest's frame numbers; 0: 28 */
    bool gfn_strict;       /* a frame beyond it is a complaint, too */
    bool no_multi_msi;     /* no blocks: -EOPNOTSUPP */
    bool no_hvm_pirqs;     /* the guest has none (4.19: unless asked for) */
    int version;           /* major << 16 | minor; 0: 4.17 */
    bool all_writes;       /* Xen 4.19: masks are forwarded, too */
    bool unmap_bound;      /* unmapping a bound pirq is no complaint */
    int (*gsi_of_irq)(int irq);  /* in a PVH dom0; NULL: they are one */
    bool intx_8bit;        /* as libxenctrl: INTx of pirqs below 256 only */
};

struct sim_map {
    uint64_t guest;        /* frame or port */
    uint64_t host;
    uint64_t nr;
    struct sim_dev *dev;   /* whose; NULL: nobody's */
};

enum sim_pirq_kind { SIM_PIRQ_FREE, SIM_PIRQ_GSI, SIM_PIRQ_MSI,
                     SIM_PIRQ_MSIX };
enum sim_bound { SIM_UNBOUND, SIM_BOUND_INTX, SIM_BOUND_MSI_INTX,
                 SIM_BOUND_MSI };

#define SIM_XEN_LINES 8    /* pirqs for lines; messages have those above */
#define SIM_PINS_MAX 16    /* pins that one shared line is bound to */

struct sim_pirq {
    enum sim_pirq_kind kind;
    int gsi;
    struct sim_dev *dev;   /* MSI, MSI-X */
    int first;             /* of its block */
    unsigned nr;           /* in the block */
    unsigned entry;        /* MSI-X: of the table; MSI: in the block */
    uint64_t addr;         /* that Xen gave to the device */
    uint32_t data;
    bool guest_masked;
    bool forced;           /* free, but for a binding that was not ended */
    bool taken;            /* free, by sim_xen_take_line() */
    enum sim_bound bound;
    unsigned num_pins;
    struct { uint8_t slot, intx; } pin[SIM_PINS_MAX];
    uint8_t gvec;
    uint32_t gflags;
    uint64_t gtable;       /* as bound */
    uint64_t delivered;    /* interrupts */
};

#define SIM_XEN_DEVS 8

/* A device of the domain, and the MSI-X table that the guest uses for it. */
struct sim_xen_dev {
    struct sim_dev *dev;
    uint64_t gtable;       /* guest address; 0: not accelerated */
    unsigned refs;         /* vectors bound with it */
    uint64_t *changed;     /* entries whose address or data changed */
    bool left;             /* not assigned any more */
    bool guest_maskall;    /* Function Mask: as written by the device model, */
    bool host_maskall;     /* and as Xen needs it */
};

struct sim_xen {
    struct pt_xen pt;      /* give &x->pt to the engine */
    struct sim_xen_opts opts;
    struct sim_notes notes;
    unsigned num_devs;
    struct sim_xen_dev devs[SIM_XEN_DEVS];

    struct sim_map *mem;
    unsigned num_mem, max_mem;
    struct sim_map *ports;
    unsigned num_ports, max_ports;
    struct sim_pirq *pirq;   /* by number */
    unsigned nr_gsis;        /* from where messages' numbers are */
    unsigned nr_pirqs;       /* numbers */
    unsigned num_pirqs;      /* mapped */
    uint32_t next_data;

    uint64_t calls[SIM_NUM_CALLS];
    uint64_t total;
    struct sim_fault fault;                      /* any hypercall */
    struct sim_fault kind_fault[SIM_NUM_CALLS];  /* this kind */

    uint64_t vector[256];      /* interrupts of the guest by vector */
    uint64_t intx[32][4];      /* by slot and pin: times it was raised */
    bool intx_level[32][4];
    bool intx_stuck[32][4];    /* high, and bound to nothing */
    uint64_t unbound;          /* of mapped pirqs that were not bound */
    uint64_t stray;            /* messages to nobody: also a complaint */
    uint64_t beyond;           /* maps of frames that the guest can't have */
    uint64_t leaked;           /* host interrupts: also a complaint */
    uint64_t unsupported;      /* of Xen's to an MSI-X table: the same */

    bool others;               /* what left the domain is another's */

    uint64_t unmask_gpa;       /* unmasked once the device model has seen it */
};

/* @opts: NULL for the usual. Returns 0, or -ENOMEM. */
int sim_xen_init(struct sim_xen *x, const struct sim_xen_opts *opts);
void sim_xen_fini(struct sim_xen *x);

/*
 * Give @d to the domain: its signals go to @x from now. @d must outlive @x,
 * or go with sim_xen_remove(). Returns 0, or -ENOSPC, -ENOMEM.
 */
int sim_xen_add(struct sim_xen *x, struct sim_dev *d);
void sim_xen_remove(struct sim_xen *x, const struct sim_dev *d);
/*
 * The toolstack takes @d from the domain, without a word to the device model:
 * mappings and pirqs stay, as they do in Xen. sim_xen_add() of another domain
 * may follow, with @x->others.
 */
void sim_xen_leave(struct sim_xen *x, const struct sim_dev *d);
/* It is assigned (again): libxl does so once the device model has answered. */
void sim_xen_assign(struct sim_xen *x, const struct sim_dev *d);

/*
 * libxl of Xen 4.18 and later, with a device on line @gsi that it has detached:
 * who else has it is not asked. To unmap it then is no mistake, and fails.
 */
void sim_xen_take_line(struct sim_xen *x, int gsi);

/* What is still mapped or bound; appended to the string in @buf (or NULL). */
unsigned sim_xen_leaks(const struct sim_xen *x, char *buf, size_t size);

/* Forget counters, faults and complaints; not the mappings. */
void sim_xen_forget(struct sim_xen *x);

const char *sim_call_name(enum sim_call c);

/* The mapping that holds guest frame (port) @guest, or NULL. */
const struct sim_map *sim_xen_mem(const struct sim_xen *x, uint64_t gfn);
const struct sim_map *sim_xen_port(const struct sim_xen *x, uint32_t port);
/* Is all of [@guest, @guest + @nr) mapped, to [@host, @host + @nr)? */
bool sim_xen_has_mem(const struct sim_xen *x, uint64_t gfn, uint64_t mfn,
                     uint64_t nr);
bool sim_xen_has_ports(const struct sim_xen *x, uint32_t gport,
                       uint32_t mport, uint32_t nr);

/* The mapped pirq of @pirq, or NULL. */
const struct sim_pirq *sim_xen_pirq(const struct sim_xen *x, int pirq);
/* The pirq of vector @entry of @d's MSI or MSI-X; -1: none. */
int sim_xen_pirq_of(const struct sim_xen *x, const struct sim_dev *d,
                    enum sim_pirq_kind kind, unsigned entry);
/* Bound pirqs of @d (NULL: all), of any kind. */
unsigned sim_xen_num_bound(const struct sim_xen *x, const struct sim_dev *d);

/*
 * The guest's access to an MSI-X table, offered to Xen first. @width 4 or 8.
 *
 * write: returns whether Xen did it; *@forward: it also goes, or goes first,
 * to the device model, after which the caller calls ..._done().
 * read: returns whether Xen answered.
 */
bool sim_xen_guest_mmio_write(struct sim_xen *x, uint64_t gpa,
                              unsigned width, uint64_t val, bool *forward);
void sim_xen_guest_mmio_done(struct sim_xen *x);
bool sim_xen_guest_mmio_read(struct sim_xen *x, uint64_t gpa, unsigned width,
                             uint64_t *val);

/* ------------------------------------------------------------------ */
/* Between sim-xen.c, sim-pirq.c, sim-bind.c and sim-signal.c           */

/* Count a hypercall. Returns 0, or what it has to fail with. */
int sim_xen_call(struct sim_xen *x, enum sim_call c);
struct sim_xen_dev *sim_xen_find(struct sim_xen *x, const struct sim_dev *d);
int sim_xen_map_memory(void *priv, uint64_t gfn, uint64_t mfn, uint64_t nr,
                       bool add);
int sim_xen_map_ports(void *priv, uint32_t gport, uint32_t mport, uint32_t nr,
                      bool add);
/* Complain of regions that are mapped and that @d does not decode. */
void sim_xen_check_decoders(struct sim_xen *x, const struct sim_dev *d,
                            bool io, const char *why);

extern const struct pt_xen_ops sim_xen_ops;
/* The mapped pirq of a device's vector, or NULL. */
struct sim_pirq *sim_xen_vector(struct sim_xen *x, const struct sim_dev *d,
                                enum sim_pirq_kind kind, unsigned entry);
/* Does the device still have what Xen programmed? */
bool sim_xen_programmed(const struct sim_pirq *p);
void sim_xen_guest_mask(struct sim_xen *x, struct sim_pirq *p, bool mask);
void sim_xen_drop_pirqs(struct sim_xen *x, const struct sim_dev *d);
/* A mapped pirq for @what, or NULL and a complaint. */
struct sim_pirq *sim_xen_usable(struct sim_xen *x, int pirq, const char *what);
/* Bring the device's mask bit to @p's. */
void sim_xen_sync_mask(struct sim_xen *x, const struct sim_pirq *p);
/* A bound vector goes from its device's table. */
void sim_xen_leave_table(struct sim_xen *x, struct sim_pirq *p);
/* Of sim_xen_ops. */
int sim_xen_bind_intx(void *priv, int pirq, uint8_t slot, uint8_t intx);
int sim_xen_unbind_intx(void *priv, int pirq, uint8_t slot, uint8_t intx);
int sim_xen_lower_intx(void *priv, uint8_t slot, uint8_t intx);
int sim_xen_bind_msi_intx(void *priv, int pirq, uint8_t slot, uint8_t intx);
int sim_xen_unbind_msi_intx(void *priv, int pirq, uint8_t slot, uint8_t intx);
int sim_xen_bind_msi(void *priv, int pirq, uint8_t gvec, uint32_t gflags,
                     uint64_t gtable);
int sim_xen_unbind_msi(void *priv, int pirq, uint8_t gvec, uint32_t gflags);

/* Levels of the guest's pins from the lines of its devices. */
void sim_xen_update_lines(struct sim_xen *x);
/* Take @d's signals. */
void sim_xen_listen(struct sim_xen *x, struct sim_dev *d);

#endif
