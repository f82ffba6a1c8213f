/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the tests of interrupts share: a card with MSI and MSI-X, a driver's
 * hands on them, and who heard of an interrupt.
 */
#ifndef LIB_IRQ_H
#define LIB_IRQ_H

#include <errno.h>

#include "lib-lessons.h"
#include "pt-msi.h"

#define PM 0x40
#define MSI 0x50
#define MSIX 0x70
#define GSI 17
#define SLOT 5              /* world_init()'s */

#define ADDRESS 0xfee01000u /* of a local APIC */
#define VECTOR 0x40u
#define IRQ_MEM UINT64_C(0xe0000000)
#define IRQ_MEM_SIZE UINT64_C(0x20000)
#define IRQ_MEM64 UINT64_C(0x60f2000000)
#define FAR UINT64_C(0xd0000000) /* to where a BAR is moved */

/* Variants of MSI. */
#define MSI_32 0u
#define MSI_64 ((unsigned)PCI_MSI_FLAGS_64BIT)
#define MSI_MASKS ((unsigned)PCI_MSI_FLAGS_MASK_BIT)
#define MSI_CAPABLE(log2) ((unsigned)(log2) << 1)

/* BARs, INTA and Power Management that loses all in D3hot. */
static inline void irq_card(struct capture *c)
{
    world_build(c);
    world_build_bar(c, 0, IRQ_MEM, IRQ_MEM_SIZE, 0);
    world_build_bar(c, 1, CARD_PORTS, CARD_NUM_PORTS, PT_REGION_IO);
    world_build_bar(c, 2, IRQ_MEM64, IRQ_MEM_SIZE,
                    PT_REGION_64 | PT_REGION_PREFETCH);
    world_build_bar(c, 4, IRQ_MEM + 0x1000000, 0x4000, 0);
    card_pm(c, PM, 3, 0);
}

static inline void add_msi(struct capture *c, unsigned flags)
{
    uint8_t body[22] = { 0 };
    unsigned len = flags & PCI_MSI_FLAGS_64BIT ? 12 : 8;

    len += flags & PCI_MSI_FLAGS_MASK_BIT ? 10 : 0;
    pt_store(body, flags, 2);
    world_build_cap(c, MSI, PCI_CAP_ID_MSI, body, len);
}

/* @table: Offset/BIR; the pending bits follow 64 KiB later. */
static inline void add_msix(struct capture *c, unsigned entries,
                            uint32_t table)
{
    card_msix(c, MSIX, entries, table, (table & 7u) | 0x10000);
}

static inline void msix_card(struct capture *c, unsigned entries)
{
    irq_card(c);
    add_msi(c, MSI_64);
    add_msix(c, entries, 0x2000);
}

/* A world whose device has the line GSI; not attached yet. */
static inline void irq_init(struct world *w, const struct capture *c,
                            const struct pt_policy *policy,
                            const struct sim_xen_opts *xen)
{
    struct sim_opts opts = { .dev = { 0 } };

    if (xen) {
        opts.xen = *xen;
    }
    world_init(w, c, policy, &opts);
    w->sim.dev.pt.info.irq = GSI;
}

/* Attached, placed and decoding. */
static inline void irq_begin(struct world *w, const struct capture *c,
                             const struct pt_policy *policy,
                             const struct sim_xen_opts *xen)
{
    irq_init(w, c, policy, xen);
    if (!world_attach(w)) {
        fail_msg("%s", w->err.text);
    }
    place_and_decode(w);
}

static inline void open_msix(struct world *w, unsigned entries,
                             const struct sim_xen_opts *xen)
{
    struct capture c;

    msix_card(&c, entries);
    irq_begin(w, &c, NULL, xen);
}

/* Where decoding off is no mapping at once. */
static inline void open_strict(struct world *w, unsigned entries,
                               const struct sim_xen_opts *xen)
{
    struct capture c;

    msix_card(&c, entries);
    irq_begin(w, &c, POLICY(strict), xen);
}

static inline void open_power(struct world *w, unsigned entries,
                              const struct sim_xen_opts *xen)
{
    struct capture c;

    msix_card(&c, entries);
    irq_begin(w, &c, POLICY(power_mgmt), xen);
}

/* Run @test with Xen before and since 4.19. */
static inline void both(void (*test)(const struct sim_xen_opts *xen))
{
    test(&(const struct sim_xen_opts) { .all_writes = false });
    test(&(const struct sim_xen_opts) { .all_writes = true });
}

/* ------------------------------------------------------------------ */
/* The guest's driver                                                  */

/* Command's Interrupt Disable. */
static inline void guest_intx(struct world *w, bool on)
{
    uint16_t val = rd16(w, PCI_COMMAND);

    val = (uint16_t)(val & ~PCI_COMMAND_DISABLE_INTx);
    wr16(w, PCI_COMMAND, on ? val : val | PCI_COMMAND_DISABLE_INTx);
}

static inline unsigned msi_data_reg(struct world *w)
{
    return MSI + (rd16(w, MSI + PCI_MSI_FLAGS) & PCI_MSI_FLAGS_64BIT ?
                  PCI_MSI_DATA_64 : PCI_MSI_DATA_32);
}

static inline unsigned msi_mask_reg(struct world *w)
{
    return msi_data_reg(w) + 4;
}

static inline void msi_program(struct world *w, uint32_t addr, uint32_t data)
{
    wr32(w, MSI + PCI_MSI_ADDRESS_LO, addr);
    if (rd16(w, MSI + PCI_MSI_FLAGS) & PCI_MSI_FLAGS_64BIT) {
        wr32(w, MSI + PCI_MSI_ADDRESS_HI, 0);
    }
    wr16(w, msi_data_reg(w), data);
}

static inline void msi_on(struct world *w, unsigned log2)
{
    wr16(w, MSI + PCI_MSI_FLAGS, PCI_MSI_FLAGS_ENABLE | log2 << 4);
}

/* As drivers do: a message for VECTOR, and on. */
static inline void msi_start(struct world *w, unsigned log2)
{
    msi_program(w, ADDRESS, VECTOR);
    msi_on(w, log2);
}

static inline void msi_off(struct world *w)
{
    wr16(w, MSI + PCI_MSI_FLAGS, 0);
}

static inline bool msi_reads_on(struct world *w)
{
    return rd16(w, MSI + PCI_MSI_FLAGS) & PCI_MSI_FLAGS_ENABLE;
}

static inline void msix_set(struct world *w, unsigned flags)
{
    wr16(w, MSIX + PCI_MSI_FLAGS, flags);
}

static inline void msix_on(struct world *w)
{
    msix_set(w, PCI_MSIX_ENABLE);
}

static inline void msix_off(struct world *w)
{
    msix_set(w, 0);
}

/* Where the guest finds its table. */
static inline uint64_t table(struct world *w)
{
    uint32_t reg = rd32(w, MSIX + PCI_MSIX_TABLE);

    return world_bar_addr(w, reg & 7) + (reg & ~7u);
}

static inline uint32_t entry_read(struct world *w, unsigned i, unsigned word)
{
    return (uint32_t)sim_guest_mmio_read(&w->sim.bus,
                                         table(w) + 16 * i + 4 * word, 4);
}

static inline void entry_write(struct world *w, unsigned i, unsigned word,
                               uint32_t val)
{
    sim_guest_mmio_write(&w->sim.bus, table(w) + 16 * i + 4 * word, 4, val);
}

static inline void entry_mask(struct world *w, unsigned i, bool on)
{
    entry_write(w, i, 3, on);
}

/* Address and data, with the mask left alone. */
static inline void entry_message(struct world *w, unsigned i, uint32_t data)
{
    entry_write(w, i, 0, ADDRESS);
    entry_write(w, i, 1, 0);
    entry_write(w, i, 2, data);
}

/* As drivers do: mask, change, unmask. */
static inline void entry_program(struct world *w, unsigned i, uint32_t data)
{
    entry_mask(w, i, true);
    entry_message(w, i, data);
    entry_mask(w, i, false);
}

/* Entries 0..@n-1 get VECTOR, VECTOR + 1, ... */
static inline void entries_program(struct world *w, unsigned n)
{
    unsigned i;

    for (i = 0; i < n; i++) {
        entry_program(w, i, VECTOR + i);
    }
}

/* A message for the event channel of @pirq: vector 0, mask left alone. */
static inline void channel_message(struct world *w, unsigned i, unsigned pirq)
{
    entry_write(w, i, 0, 0xfee00000 | (pirq & 0xff) << 12);
    entry_write(w, i, 1, pirq & ~0xffu);
    entry_write(w, i, 2, 0x4300);
}

static inline void pv_entry(struct world *w, unsigned i, unsigned pirq)
{
    entry_mask(w, i, true);
    channel_message(w, i, pirq);
    entry_mask(w, i, false);
}

/* ------------------------------------------------------------------ */
/* What Xen has                                                        */

/* The pirq of a vector, or NULL. */
static inline const struct sim_pirq *pirq_of(const struct world *w,
                                             enum sim_pirq_kind kind,
                                             unsigned i)
{
    return sim_xen_pirq(&w->sim.xen,
                        sim_xen_pirq_of(&w->sim.xen, &w->sim.dev, kind, i));
}

static inline bool msi_bound(const struct world *w, unsigned i)
{
    const struct sim_pirq *p = pirq_of(w, SIM_PIRQ_MSI, i);

    return p && p->bound == SIM_BOUND_MSI;
}

static inline bool entry_bound(const struct world *w, unsigned i)
{
    const struct sim_pirq *p = pirq_of(w, SIM_PIRQ_MSIX, i);

    return p && p->bound == SIM_BOUND_MSI;
}

static inline bool translated(const struct world *w)
{
    const struct sim_pirq *p = pirq_of(w, SIM_PIRQ_MSI, 0);

    return p && p->bound == SIM_BOUND_MSI_INTX;
}

/* The line's pirq, or NULL. */
static inline const struct sim_pirq *line_of(const struct sim_xen *x, int gsi)
{
    int i;

    for (i = 0; i < (int)x->nr_pirqs; i++) {
        const struct sim_pirq *p = sim_xen_pirq(x, i);

        if (p && p->kind == SIM_PIRQ_GSI && p->gsi == gsi) {
            return p;
        }
    }
    return NULL;
}

static inline bool line_bound(const struct world *w)
{
    const struct sim_pirq *p = line_of(&w->sim.xen, GSI);

    return p && p->bound == SIM_BOUND_INTX;
}

static inline unsigned pirqs(const struct world *w)
{
    return w->sim.xen.num_pirqs;
}

static inline unsigned bound(const struct world *w)
{
    return sim_xen_num_bound(&w->sim.xen, &w->sim.dev);
}

/* ------------------------------------------------------------------ */
/* Who hears of it                                                     */

static inline uint64_t messages(const struct world *w)
{
    uint64_t n = 0;
    unsigned i;

    for (i = 0; i < 256; i++) {
        n += w->sim.xen.vector[i];
    }
    return n;
}

static inline uint64_t lines(const struct world *w)
{
    uint64_t n = 0;
    unsigned i;

    for (i = 0; i < 32 * 4; i++) {
        n += w->sim.xen.intx[i / 4][i % 4];
    }
    return n;
}

/* The device's interrupt @n arrives at @vector, and nowhere else. */
static inline bool hears(struct world *w, unsigned n, unsigned vector)
{
    uint64_t all = messages(w), intx = lines(w);
    uint64_t mine = w->sim.xen.vector[vector];

    sim_dev_interrupt(&w->sim.dev, n);
    sim_dev_set_intx(&w->sim.dev, false);
    return messages(w) == all + 1 && lines(w) == intx &&
        w->sim.xen.vector[vector] == mine + 1;
}

/* It arrives nowhere. */
static inline bool silent(struct world *w, unsigned n)
{
    uint64_t all = messages(w), intx = lines(w);

    sim_dev_interrupt(&w->sim.dev, n);
    sim_dev_set_intx(&w->sim.dev, false);
    return messages(w) == all && lines(w) == intx;
}

/* It arrives at the guest's pin @intx (0..3) of SLOT, and nowhere else. */
static inline bool hears_intx(struct world *w, unsigned intx)
{
    uint64_t all = messages(w), sum = lines(w);
    uint64_t mine = w->sim.xen.intx[SLOT][intx];

    sim_dev_interrupt(&w->sim.dev, 0);
    sim_dev_set_intx(&w->sim.dev, false);
    return messages(w) == all && lines(w) == sum + 1 &&
        w->sim.xen.intx[SLOT][intx] == mine + 1;
}

/*
 * The hypercalls that the line costs as messages come into force, unbind, lower
 * and unmap; and as they end, map and bind.
 */
#define LINE_OFF 3
#define LINE_ON 2

/* Calls of @call since @then. */
static inline uint64_t calls_since(const struct world *w,
                                   const struct world_cost *then,
                                   enum sim_call call)
{
    return world_cost_since(w, then).calls[call];
}

/* Logged lines that hold @text. */
static inline unsigned logged(const struct world *w, const char *text)
{
    unsigned i, n = 0;

    for (i = 0; i < w->sim.bus.num_lines && i < SIM_LOG_KEPT; i++) {
        n += strstr(w->sim.bus.log[i], text) != NULL;
    }
    return n;
}

#endif
