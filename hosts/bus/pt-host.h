/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pass-through on the PCI bus of pci-bus.h. */
#ifndef PT_HOST_H
#define PT_HOST_H

#include "pass-through.h"
#include "pt-common.h"
#include "pci-bus.h"

/* A slot of the bus's choice with no function in it; bits 2:0: the function. */
#define PT_HOST_AUTO 0x100

/* What the process gives; for each NULL there is a default. */
struct pt_host_env {
    void *priv;
    /* One line of the engine's; default: standard error. */
    void (*log)(void *priv, enum pt_level level, const char *line);
    /* Default: CLOCK_MONOTONIC and nanosleep(). */
    uint64_t (*now_us)(void *priv);
    void (*delay_us)(void *priv, uint32_t us);
    /* See struct pt_bus_ops; default: never, the next access has to do. */
    void (*call_at)(void *priv, uint64_t us);
};

struct pt_host_args {
    struct pt_device *device;  /* opened; the caller's to close, after us */
    struct pt_xen *xen;        /* shared by the domain's devices */
    struct pt_policy policy;
    struct pt_host_env env;
};

/* A hosted device; its fields are to be looked at only. */
struct pt_host {
    PCIDevice pci;   /* first: the bus knows it as this */
    struct pt_dev *dev;
    struct pt_bus bus;
    struct pt_host_env env;
    struct pt_places places;
    struct mmio_range trap[PT_NUM_REGIONS * PT_REGION_TRAPS];
};

/*
 * Attach a device and put it on the bus.
 * @devfn: 0..255, or PT_HOST_AUTO with the function in bits 2:0.
 * Returns NULL and the reason in @err where the place is taken or pt_attach()
 * refuses; the bus is then as it was. End it with pt_host_del().
 */
struct pt_host *pt_host_add(PCIBus *bus, const struct pt_host_args *args,
                            int devfn, struct pt_error *err);

/* Detach the device and take it from the bus. NULL is allowed. */
void pt_host_del(struct pt_host *h);

#endif
