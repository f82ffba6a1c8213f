/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the tests of INTx lines share: two devices that can have one. */
#ifndef LIB_LINES_H
#define LIB_LINES_H

#include "lib-irq.h"

static inline void line_card(struct capture *c)
{
    irq_card(c);
    add_msi(c, MSI_64 | MSI_CAPABLE(2));
    add_msix(c, 4, 0x2000);
}

static inline bool device_disabled(const struct world *w)
{
    return dev(w, PCI_COMMAND, 2) & PCI_COMMAND_DISABLE_INTx;
}

static inline bool line_mapped(const struct world *w)
{
    return line_of(&w->sim.xen, GSI) != NULL;
}

static const struct sim_xen_opts xen_4_20 = { .version = 4 << 16 | 20 };

/* Two devices in one Xen. */
struct pair {
    struct world w;
    struct sim_dev second;
    struct pt_dev *d2;
};

static inline void pair_begin(struct pair *p, int gsi2,
                              const struct sim_xen_opts *xen)
{
    struct capture c;
    struct pt_device_info info;

    line_card(&c);
    irq_begin(&p->w, &c, NULL, xen);
    entries_program(&p->w, 4);
    c.addr.dev = 4;
    world_build_bar(&c, 0, IRQ_MEM + 0x3000000, IRQ_MEM_SIZE, 0);
    world_build_bar(&c, 1, 0x4000, CARD_NUM_PORTS, PT_REGION_IO);
    world_build_bar(&c, 2, IRQ_MEM64 + 0x1000000, IRQ_MEM_SIZE,
                    PT_REGION_64);
    world_build_bar(&c, 4, IRQ_MEM + 0x2000000, 0x4000, 0);
    capture_info(&c, &info);
    info.irq = gsi2;
    assert_int_equal(sim_dev_init(&p->second, &c, &info, NULL,
                                  &p->w.sim.bus.clock), 0);
    assert_int_equal(sim_xen_add(&p->w.sim.xen, &p->second), 0);
    p->d2 = NULL;
}

/* At @slot, where function 0 may be the first. */
static inline bool pair_attach_at(struct pair *p, unsigned slot)
{
    struct pt_args args = p->w.args;

    args.host = &p->second.pt;
    args.devfn = (uint8_t)(slot << 3 | (slot == SLOT));
    p->d2 = pt_attach(&args, NULL);
    return p->d2 != NULL;
}

static inline bool pair_attach(struct pair *p)
{
    return pair_attach_at(p, SLOT + 1);
}

/* The second one's MSI. */
static inline void second_msi(struct pair *p, bool on)
{
    pt_config_write(p->d2, MSI + PCI_MSI_ADDRESS_LO, ADDRESS, 4);
    pt_config_write(p->d2, MSI + PCI_MSI_DATA_64, VECTOR + 48, 2);
    pt_config_write(p->d2, MSI + PCI_MSI_FLAGS,
                    on ? PCI_MSI_FLAGS_ENABLE : 0, 2);
}

static inline void pair_end(struct pair *p)
{
    bool quiet;

    pt_detach(p->d2);
    world_detach(&p->w);
    quiet = world_quiet(&p->w);
    sim_xen_remove(&p->w.sim.xen, &p->second);
    sim_dev_fini(&p->second);
    world_fini(&p->w);
    assert_true(quiet);
}

/* @d's line goes up and down: is it heard at @slot's pin? */
static inline bool hears_at(struct pair *p, struct sim_dev *d, unsigned slot)
{
    uint64_t n = p->w.sim.xen.intx[slot][0];

    sim_dev_set_intx(d, true);
    sim_dev_set_intx(d, false);
    return p->w.sim.xen.intx[slot][0] == n + 1;
}

static inline bool first_hears(struct pair *p)
{
    return hears_at(p, &p->w.sim.dev, SLOT);
}

static inline bool second_hears(struct pair *p)
{
    return hears_at(p, &p->second, SLOT + 1);
}

static inline void libxl_takes_line(struct pair *p)
{
    sim_xen_take_line(&p->w.sim.xen, GSI);
}

#endif
