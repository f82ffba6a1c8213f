/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest and the devices that it was given: what libxl and QEMU are told of
 * them (pp-guest.c, pp-show.c, pp-slots.c), each as the engine's host
 * (pp-device.c), and what the guest has where (pp-space.c).
 *
 * QEMU knows hot-plug and slots, so it has a placeholder in the place of each
 * device: one of its own devices, with the ID that libxl gave ours. The guest
 * never sees a register of it, as Xen asks this process first.
 */
#ifndef PP_GUEST_H
#define PP_GUEST_H

#include "pp-ioreq.h"
#include "pp-journal.h"
#include "pp-monitor.h"
#include "pp-rom.h"
#include "pt-common.h"
#include "pt-conf.h"
#include "pt-mmcfg.h"

/* A small device that all builds of QEMU have had since 1.7. */
#define PP_PLACEHOLDER "pci-testdev"

/* Milliseconds that QEMU has for an answer: libxl gives up after 10 s. */
#define PP_PATIENCE 3000
/* The same of one that a processor of the guest's waits for. */
#define PP_GUEST_PATIENCE 500

/* Microseconds in which it says to us what it said to libxl. */
#define PP_AT_ONCE_US 500000

/*
 * QEMU does not tell when its devices go: so often it is asked, while a region
 * waits for the place of one.
 */
#define PP_LOOK_US 1000000

/*
 * And where the guest looks for a device that was to leave: so many times at
 * once, and then again after so long.
 */
#define PP_LOOKS 32
#define PP_LOOK_AGAIN_US 100000

struct pp_guest;

/* What is outside of this process; tests put their own there. */
struct pp_env {
    const struct pp_ioreq_ops *ioreq;
    int (*open_device)(struct pt_device *dev, const struct pt_sbdf *addr,
                       struct pt_error *err);
    const char *conf;  /* the host's policy file */
    /*
     * The domain, with what @ioreq needs: before the first device is attached.
     * Returns 0, or -errno and @err; the rest returns as errors do.
     */
    int (*open_domain)(struct pp_guest *g, struct pt_error *err);
    void (*close_domain)(struct pp_guest *g);
    /* Has the guest stopped to be loaded anew, by kexec or for a dump? */
    bool (*soft_reset)(struct pp_guest *g);
};

/* One of a process that was killed has its place and no more: no @dev. */
struct pp_device {
    struct pp_guest *guest;
    struct pp_device *next;
    char id[PP_ID_LEN];
    uint8_t devfn;
    bool touched;     /* by the guest, since attach or the last reset */
    bool claimed;     /* Xen sends its configuration accesses, */
    bool extended;    /* and those of its page of the MMCONFIG window */
    bool leaving;     /* QEMU was asked to take it from the guest */
    struct pt_device host;
    struct pt_bus bus;
    struct pt_dev *dev;
    struct pt_places places;
    struct pp_rom rom;
    struct pt_times times;
    struct pt_trap *trap[PT_NUM_BARS * PT_REGION_TRAPS];
};

struct pp_guest {
    const struct pp_env *env;
    uint32_t domid;
    uint64_t ram_low, ram_high;
    const char *config;              /* of the guest's own; or NULL */
    int8_t said[PT_CONF_NUM_FLAGS];  /* of all devices, by the toolstack */

    struct pp_monitor monitor;
    struct pp_ioreq ioreq;
    struct pt_xen xen;
    struct pp_journal *journal;      /* all zeros at first */
    struct pp_recorder recorder;
    void *domain;     /* of @env's */
    bool joined;      /* the domain is open */
    bool room;        /* a region went, where another one may fit */
    json_t *buses;    /* what QEMU said last of them, or NULL */
    bool current;     /* since the last pp_guest_settle() */
    uint64_t at_once; /* the end of a wait in this round; 0: none yet */
    uint64_t look;    /* where a region waits for QEMU's to go; PT_NEVER */
    uint64_t looked;  /* that far ahead of now: looks that are used up */
    struct pp_device *at[PP_NUM_DEVFN];
    struct pp_device *first;  /* the same, in a list */
};

/* @monitor_fd becomes the guest's. The rest is set. 0 or -ENOMEM. */
int pp_guest_open(struct pp_guest *g, int monitor_fd);
/*
 * After one whose process was killed, and whose journal it is: take back what
 * that had of Xen, and answer in its place. Returns 0, or not: there is no
 * more to be done.
 */
int pp_guest_recover(struct pp_guest *g);
/*
 * Give up all devices. @left: they may be another guest's already; see
 * pt_detach_left().
 */
void pp_guest_release(struct pp_guest *g, bool left);
void pp_guest_close(struct pp_guest *g);

/*
 * libxl's device_add of @args, whose driver is xen-pci-passthrough. Returns 0,
 * or -errno and what libxl is to be told.
 */
int pp_guest_add(struct pp_guest *g, const json_t *args,
                 struct pt_error *err);

/* For struct pp_proxy_ops, @priv: the guest. */
json_t *pp_guest_command(void *priv, const char *name, const json_t *args);
bool pp_guest_shows(void *priv, const char *name, const json_t *args);
json_t *pp_guest_show(void *priv, json_t *answer);
void pp_guest_event(void *priv, const json_t *event);

/* QEMU's monitor is readable. Returns 0, or -errno: there is no QEMU now. */
int pp_guest_listen(struct pp_guest *g);
/*
 * Ask QEMU for its devices, as pp_slots_ask(). Ours are given up that it has
 * none for any more: the guest and libxl see at once that they are gone, and
 * DEVICE_DELETED comes when QEMU has freed what was theirs.
 */
int pp_guest_look(struct pp_guest *g, unsigned ms, struct pt_error *err);
/* After anything: regions that have room now, and what time has come for. */
void pp_guest_settle(struct pp_guest *g);
/* Milliseconds until the next time has come, or -1. */
int pp_guest_patience(const struct pp_guest *g);

/* ------------------------------------------------------------------ */
/* Between the files                                                   */

uint64_t pp_now_us(void);

/* The device libxl calls @id, or NULL. */
struct pp_device *pp_device_find(struct pp_guest *g, const char *id);
/* What libxl wants of one, from a command's arguments. */
struct pp_wish {
    char id[PP_ID_LEN];
    struct pt_sbdf host;
    int devfn;                       /* -1: any slot */
    const char *config, *romfile;    /* or NULL; the arguments' */
    int8_t said[PT_CONF_NUM_FLAGS];
};
int pp_wish_parse(struct pp_wish *w, const json_t *args, struct pt_error *err);

/*
 * Open and attach it at @devfn, which is free, and have the guest's accesses.
 * Returns NULL, @err and nothing left behind, where that fails.
 */
struct pp_device *pp_device_attach(struct pp_guest *g, const struct pp_wish *w,
                                   uint8_t devfn, struct pt_error *err);
/* Bytes that the guest sees region @n have; 0: it has none. */
uint64_t pp_device_region(const struct pp_device *d, unsigned n);
/* It has its place from now on. */
void pp_device_enter(struct pp_device *d);
enum pp_end {
    PP_DETACHED,
    PP_LEFT,    /* see pp_guest_release() */
    PP_UNDONE,  /* the toolstack never got to know it */
};
void pp_device_detach(struct pp_device *d, enum pp_end how);

extern const struct pp_ioreq_target pp_device_target;

/*
 * Ask QEMU for its devices, to g->buses; where it does not answer, these are
 * what they were. Returns 0, or -errno and @err.
 */
int pp_slots_ask(struct pp_guest *g, unsigned ms, struct pt_error *err);
/* A free place of the guest's bus, by g->buses and our own. -1: none. */
int pp_slots_free(const struct pp_guest *g);
/* Is there a device at @devfn, of QEMU's by g->buses or ours? */
bool pp_slots_used(const struct pp_guest *g, uint8_t devfn);
/* Is one called @id in @buses, an answer to query-pci (NULL: none)? */
bool pp_slots_list(const json_t *buses, const char *id);
/* Are there several functions in the slot of each of ours? */
void pp_slots_changed(struct pp_guest *g, uint8_t devfn);
/* Have QEMU make a placeholder. Returns 0, or -errno and @err. */
int pp_slots_place(struct pp_device *d, struct pt_error *err);

/* For pt_bus_ops. */
bool pp_space_taken(void *priv, const struct pt_dev *self, bool io,
                    uint64_t addr, uint64_t size);

#endif
