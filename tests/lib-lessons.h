/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the tests of the lessons share: a plain card, built by hand, and words
 * for looking at it.
 *
 * A test's name tells where its fault was met. 1_A_B and 2_N: the history of
 * qemu-dm's pass-through, and the defects it never lost. field_A_B: users'
 * complaints. xsa_N: Xen's security advisories. peer_N: mistakes of another
 * implementation.
 */
#ifndef LIB_LESSONS_H
#define LIB_LESSONS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "pt-pci.h"
#include "spec.h"
#include "lib-world.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define POLICY(name) (&(const struct pt_policy) { .name = true })

/* Three BARs and a ROM, where the operating system put them. */
#define CARD_MEM UINT64_C(0xe0000000)
#define CARD_MEM_SIZE UINT64_C(0x8000)
#define CARD_PORTS UINT64_C(0x3000)
#define CARD_NUM_PORTS UINT64_C(0x20)
#define CARD_MEM64 UINT64_C(0x60f2000000)
#define CARD_MEM64_SIZE UINT64_C(0x10000)
#define CARD_ROM UINT64_C(0xe1000000)
#define CARD_ROM_SIZE UINT64_C(0x10000)

static inline void card(struct capture *c)
{
    world_build(c);
    world_build_bar(c, 0, CARD_MEM, CARD_MEM_SIZE, 0);
    world_build_bar(c, 1, CARD_PORTS, CARD_NUM_PORTS, PT_REGION_IO);
    world_build_bar(c, 2, CARD_MEM64, CARD_MEM64_SIZE,
                    PT_REGION_64 | PT_REGION_PREFETCH);
    world_build_bar(c, PT_ROM, CARD_ROM, CARD_ROM_SIZE, 0);
}

/* Power Management; @pmcsr: its control and status at attach. */
static inline void card_pm(struct capture *c, uint8_t pos, uint16_t pmc,
                           uint16_t pmcsr)
{
    uint8_t body[6] = { 0 };

    pt_store(body, pmc, 2);
    pt_store(body + 2, pmcsr, 2);
    world_build_cap(c, pos, PCI_CAP_ID_PM, body, sizeof(body));
}

/* PCI Express of @version and port @type; its first @len bytes. */
static inline void card_express(struct capture *c, uint8_t pos,
                                unsigned version, unsigned type,
                                unsigned len)
{
    uint8_t body[SPEC_EXP_V2_PORT] = { 0 };

    pt_store(body, version | type << 4, 2);
    pt_store(body + PCI_EXP_DEVCAP - 2,
             PCI_EXP_DEVCAP_FLRESET | PCI_EXP_DEVCAP_PHANTOM |
             PCI_EXP_DEVCAP_EXT_TAG | 0x2, 4);
    pt_store(body + PCI_EXP_LNKCAP - 2, 0x00040c12, 4);
    world_build_cap(c, pos, PCI_CAP_ID_EXP, body, len - 2);
}

/* MSI with a 32-bit address and no masks: 10 bytes. */
static inline void card_msi(struct capture *c, uint8_t pos)
{
    const uint8_t body[8] = { 0 };

    world_build_cap(c, pos, PCI_CAP_ID_MSI, body, sizeof(body));
}

/* MSI-X: @table and @pba are the Offset/BIR registers. */
static inline void card_msix(struct capture *c, uint8_t pos,
                             unsigned entries, uint32_t table, uint32_t pba)
{
    uint8_t body[10];

    pt_store(body, entries - 1, 2);
    pt_store(body + 2, table, 4);
    pt_store(body + 6, pba, 4);
    world_build_cap(c, pos, PCI_CAP_ID_MSIX, body, sizeof(body));
}

/* Vital Product Data. */
static inline void card_vpd(struct capture *c, uint8_t pos)
{
    const uint8_t body[6] = { 0 };

    world_build_cap(c, pos, PCI_CAP_ID_VPD, body, sizeof(body));
}

/* A world with @c in it, attached, and the attach's own costs forgotten. */
static inline void begin(struct world *w, const struct capture *c,
                         const struct pt_policy *policy)
{
    world_init(w, c, policy, NULL);
    if (!world_attach(w)) {
        fail_msg("%s", w->err.text);
    }
    sim_dev_forget(&w->sim.dev);
}

/* The device's register, as it is. */
static inline uint32_t dev(const struct world *w, unsigned off, unsigned len)
{
    return sim_dev_peek(&w->sim.dev, off, len);
}

/* Has Xen @size bytes of memory at @host mapped at @gpa, all of them? */
static inline bool mem_at(const struct world *w, uint64_t gpa, uint64_t host,
                          uint64_t size)
{
    return sim_xen_has_mem(&w->sim.xen, gpa >> PT_PAGE_SHIFT,
                           host >> PT_PAGE_SHIFT, size >> PT_PAGE_SHIFT);
}

/* Is any page of memory mapped at @gpa? */
static inline bool any_mem(const struct world *w, uint64_t gpa)
{
    return sim_xen_mem(&w->sim.xen, gpa >> PT_PAGE_SHIFT) != NULL;
}

static inline bool ports_at(const struct world *w, uint32_t gport,
                            uint64_t host, uint64_t nr)
{
    return sim_xen_has_ports(&w->sim.xen, gport, (uint32_t)host,
                             (uint32_t)nr);
}

/* How often Xen was asked to map or unmap memory or ports. */
static inline uint64_t map_calls(const struct world *w)
{
    const uint64_t *n = w->sim.xen.calls;

    return n[SIM_MAP_MEMORY] + n[SIM_UNMAP_MEMORY] + n[SIM_MAP_PORTS] +
        n[SIM_UNMAP_PORTS];
}

/* The guest's Command register, and BARs placed at WORLD_*. */
static inline void place_and_decode(struct world *w)
{
    world_place_all(w);
    world_decode(w, true);
}

/* Is @off among the bytes that the engine wrote in the device? */
static inline bool written(const struct world *w, unsigned off, unsigned len)
{
    return sim_dev_writes_at(&w->sim.dev, off, len) != 0;
}

#endif
