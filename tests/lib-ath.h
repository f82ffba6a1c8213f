/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the tests of windows of messages share: Qualcomm's chips, whose driver
 * has registers for a message at each ring.
 */
#ifndef LIB_ATH_H
#define LIB_ATH_H

#include "lib-irq.h"
#include "sim-window.h"

#define ATH_BAR0 UINT64_C(0xf0000000)
#define ATH_SIZE UINT64_C(0x200000)

/* Where the traced driver wrote the address of its message. */
static const uint32_t rings[] = {
    0x80048, 0x83048, 0x830a0, 0x85048, 0x850a0, 0x86048, 0x8b048, 0x8b0a0,
    0x8e048, 0xb4968, 0xb4a70, 0xb849c, 0xb85a4,
};
#define RING rings[0]

static struct world w;

static inline void ath(struct capture *c, uint16_t device, unsigned flags)
{
    world_build(c);
    pt_store(c->cfg + PCI_VENDOR_ID, 0x17cb, 2);
    pt_store(c->cfg + PCI_DEVICE_ID, device, 2);
    world_build_bar(c, 0, ATH_BAR0, ATH_SIZE, PT_REGION_64);
    card_pm(c, PM, 3, 0);
    add_msi(c, flags);
}

static inline struct pt_policy without(void)
{
    return (struct pt_policy) {
        .no_windows = UINT32_C(1) << pt_window_number("ath-message"),
    };
}

static inline void put(uint32_t off, unsigned width, uint64_t val)
{
    sim_guest_mmio_write(&w.sim.bus, world_bar_addr(&w, 0) + off, width, val);
}

/* What the device has there, whatever the guest reads. */
static inline uint32_t has(uint32_t off)
{
    uint64_t val = 0;

    assert_true(sim_dev_mem_read(&w.sim.dev, ATH_BAR0 + off, 4, &val));
    return (uint32_t)val;
}

/* As ath11k_hal_srng_dst_hw_init() does. */
static inline void set_ring(uint32_t ring, uint32_t addr, uint32_t data)
{
    put(ring, 4, addr);
    put(ring + 4, 4, SIM_ATH_ENABLE);
    put(ring + 8, 4, data);
}

static inline bool ring_hears(uint32_t ring, unsigned vector)
{
    uint64_t all = messages(&w), mine = w.sim.xen.vector[vector];

    return sim_ath_interrupt(&w.sim.dev, ring) == SIM_SENT &&
        messages(&w) == all + 1 && w.sim.xen.vector[vector] == mine + 1;
}

#endif
