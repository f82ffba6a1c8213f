/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SIMULATED: the classic tree around the glue, from its facts: PCI core, ACPI
 * hot-plug ports (piix4acpi), the toolstack's commands (do_pci_add,
 * do_pci_del), xenstore, MMIO dispatch, a megabyte of guest memory; and hosts'
 * devices and Xen from tests/sim. Where the tree would end the process it is
 * noted, as a fault of who made it do so.
 */
#ifndef TREE_H
#define TREE_H

#include "qemu-common.h"
#include "hw/hw.h"
#include "hw/pci.h"
#include "qemu-log.h"
#include "qemu-timer.h"
#include "qemu-xen.h"
#include "sysemu.h"

#include "capture.h"
#include "sim-device.h"
#include "sim-xen.h"

#define TREE_MMIO 1024       /* places in the dispatch; never given back */
#define TREE_HANDLERS 512    /* 1 to 511 */
#define TREE_XEN_RANGES 256  /* that Xen takes of an ioreq server */
#define TREE_HOSTS 8
#define TREE_KEYS 32
#define TREE_PLATFORM 8
#define TREE_PLATFORM_END 0x80000u  /* page: 2 GiB */
#define TREE_RAM 0x100000

struct PCIBus {
    PCIDevice *devices[NR_PCI_DEVFN];
};

struct tree_mmio {
    uint64_t start, size;
    int handle;
};

struct tree_handler {
    CPUReadMemoryFunc *read[3];
    CPUWriteMemoryFunc *write[3];
    void *opaque;
    bool used;
};

struct tree_host {
    struct sim_dev dev;
    struct pt_sbdf addr;
    bool used;
    unsigned opens, closes;
};

struct tree {
    PCIBus bus;
    unsigned registered;      /* PCI devices ever: each costs memory */

    struct tree_mmio mmio[TREE_MMIO];
    unsigned num_mmio;
    struct tree_handler handler[TREE_HANDLERS];
    struct tree_mmio range[TREE_XEN_RANGES];  /* as Xen has them */
    unsigned num_ranges;

    bool exited;              /* the tree would have ended the process */
    unsigned lines;           /* that the tree printed */

    char command[32], parameter[512], state[64];
    unsigned states;          /* times that state was written */
    char failed_parameter[512];  /* as it was at pci-insert-failed */

    bool status[NR_PCI_DEVFN];   /* ACPI: nibbles, event, SCIs */
    int plug_evt, plug_devfn;
    unsigned sci;

    struct { char path[128]; const char *value; } key[TREE_KEYS];
    unsigned num_keys;
    char watched[128];        /* a path; "": none */
    xenstore_callback watch;
    void *watch_opaque;
    bool paused;              /* watches are read and thrown away */
    unsigned xs_open;
    bool xs_down;             /* xenstore can't be reached */

    uint8_t ram[TREE_RAM];
    const uint8_t *vbios;     /* the host's; NULL: can't be read */
    const char *conf_path;    /* the host's policy file; NULL: none */

    unsigned bridges;         /* ISA bridges that were made */
    uint16_t bridge_vid, bridge_did;
    uint8_t bridge_rid;
    int bridge_devfn;

    struct sim_clock clock;
    struct sim_xen xen;
    struct pt_xen_ops ops;    /* its own, but for what follows */
    /*
     * Mappings of what is no device's: legacy VGA, and memory below
     * TREE_PLATFORM_END.
     */
    struct sim_map platform[TREE_PLATFORM];
    bool platform_io[TREE_PLATFORM];
    unsigned num_platform;
    struct sim_fault platform_fault;
    unsigned xen_opens, xen_closes;
    struct tree_host host[TREE_HOSTS];
    unsigned device_opens;    /* of any, failed ones too */
    int open_errnum;          /* the next pt_device_open fails */
};

extern struct tree tree;

#define ADD_EVENT 0
#define REMOVE_EVENT 3
#define ACPI_EVENT 0x10c0
#define ACPI_DEVFN 0x10c1
#define ACPI_STATUS 0x10c2

/*
 * A machine as the tree makes it at start: host bridge, PIIX3 at slot 1, VGA
 * at 2 (not with gfx_passthru), the platform device at 3.
 */
void tree_start(void);
/* Call the glue's intel_pch_init() and pt_init(), as the tree then does. */
void tree_boot(void);
/*
 * End it. Returns how many faults there were: leaks in Xen, complaints of the
 * simulators, devices left open, an exit; each is printed.
 */
unsigned tree_stop(void);

/* Give the host a function. It lives until tree_stop(). */
struct sim_dev *tree_add_host(const struct capture *c);
/* Set a key of xenstore, or remove it (NULL). @value is not copied. */
void tree_set(const char *path, const char *value);
/* The watch fires: after each key, as xenstore may, or a transaction. */
void tree_fire(void);

/*
 * The toolstack writes parameter and command, and the tree acts. Returns the
 * state that it wrote, or "".
 */
const char *tree_command(const char *command, const char *parameter);
/* pci-ins of the formatted string; returns the devfn answered, or -1. */
int tree_insert(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* pci-rem, and the guest ejects the slot. Returns whether it was removed. */
bool tree_remove(const char *bdf, int devfn);

/* The guest. Ports: ACPI's. */
uint8_t tree_inb(uint32_t port);
void tree_outb(uint32_t port, uint8_t val);
uint32_t tree_read(int devfn, uint32_t off, int len);
void tree_write(int devfn, uint32_t off, uint32_t val, int len);
uint32_t tree_mmio_read(uint64_t gpa, int len);
void tree_mmio_write(uint64_t gpa, uint32_t val, int len);
/* Ports of a device's, a window's or an emulated device's: not ACPI's. */
uint32_t tree_port_read(uint32_t port, int len);
void tree_port_write(uint32_t port, uint32_t val, int len);
/*
 * An emulated device has region 0 of ports, @num of them (it registers bytes,
 * as many do), and goes to @port; UINT32_MAX: nowhere.
 */
void tree_move_ports(int devfn, uint32_t port, uint32_t num);
/* What that device was written last. */
extern uint8_t tree_port_byte;
/* Is exactly this mapped, of the platform's? @nr pages, or ports. */
bool tree_platform(bool io, uint64_t guest, uint64_t host, uint64_t nr);
/* Does anything trap @gpa? */
bool tree_trapped(uint64_t gpa);
/* The PV unplug protocol; returns how many network cards went. */
unsigned tree_unplug_nics(void);

/* tree_start() calls it. */
void tree_ports_start(void);

/* Let @ms pass, and the timers run that are due. */
void tree_pass(unsigned ms);
/* How many timers there are. */
unsigned tree_timers(void);

#endif
