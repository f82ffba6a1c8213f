/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the tests of windows share: devices that have some, and policies. */
#ifndef LIB_WINDOWS_H
#define LIB_WINDOWS_H

#include "lib-lessons.h"
#include "pt-window.h"
#include "sim-window.h"

#define GPU_BAR0 UINT64_C(0xd0000000)
#define GPU_MSI 0x68u

/* The window's bit in a policy. */
static inline uint32_t named(const char *name)
{
    int n = pt_window_number(name);

    if (n < 0) {
        fail_msg("there is no window %s", name);
    }
    return UINT32_C(1) << n;
}

static inline struct pt_policy with(const char *name)
{
    return (struct pt_policy) { .windows = named(name) };
}

/* A GeForce: its BARs, MSI where nouveau expects it. */
static inline void gpu(struct capture *c)
{
    world_build(c);
    pt_store(c->cfg + PCI_VENDOR_ID, 0x10de, 2);
    pt_store(c->cfg + PCI_DEVICE_ID, 0x1380, 2);
    pt_store(c->cfg + PCI_CLASS_DEVICE, PCI_CLASS_DISPLAY_VGA, 2);
    world_build_bar(c, 0, GPU_BAR0, 0x1000000, 0);
    world_build_bar(c, 1, UINT64_C(0x6000000000), 0x10000000,
                    PT_REGION_64 | PT_REGION_PREFETCH);
    world_build_bar(c, 5, 0xe000, 0x80, PT_REGION_IO);
    card_pm(c, 0x60, 3, 8);
    world_build_cap(c, GPU_MSI, PCI_CAP_ID_MSI, (const uint8_t[12]) {
                    PCI_MSI_FLAGS_64BIT }, 12);
    card_express(c, 0x78, 2, PCI_EXP_TYPE_LEG_END, SPEC_EXP_V2);
    /* Of extended space: what the driver acknowledges MSI by, plain memory. */
    c->len = 4096;
}

/* A Radeon from before Bonaire: BAR 2, of @size bytes, has registers. */
static inline void radeon(struct capture *c, uint64_t size)
{
    world_build(c);
    pt_store(c->cfg + PCI_VENDOR_ID, 0x1002, 2);
    pt_store(c->cfg + PCI_DEVICE_ID, 0x68f9, 2);
    pt_store(c->cfg + PCI_CLASS_DEVICE, PCI_CLASS_DISPLAY_VGA, 2);
    world_build_bar(c, 0, UINT64_C(0x6000000000), 0x10000000,
                    PT_REGION_64 | PT_REGION_PREFETCH);
    world_build_bar(c, 2, UINT64_C(0x6100000000), size, PT_REGION_64);
    world_build_bar(c, 4, 0xe000, 0x100, PT_REGION_IO);
}

#endif
