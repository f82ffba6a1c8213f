/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For the tests of function level reset: a card that has one, who asks for it,
 * and what Linux does then.
 */
#ifndef LIB_FLR_H
#define LIB_FLR_H

#include "lib-irq.h"

#define EXP 0x80
#define AF 0xc0
#define LIMIT 100000    /* us: 6.6.2 */

static const struct pt_policy flr = { .flr = true };

static inline void flr_card(struct capture *c)
{
    msix_card(c, 8);
    world_build_bar(c, PT_ROM, CARD_ROM, CARD_ROM_SIZE, 0);
    card_express(c, EXP, 2, PCI_EXP_TYPE_ENDPOINT, SPEC_EXP_V2);
    pt_store(c->cfg + EXP + PCI_EXP_DEVCTL, 0x2830, 2);  /* 256 bytes, 512 */
    pt_store(c->cfg + EXP + PCI_EXP_LNKCTL2, 2, 2);
}

static inline void af_card(struct capture *c, uint8_t caps)
{
    const uint8_t body[4] = { 6, caps };

    msix_card(c, 8);
    world_build_cap(c, AF, PCI_CAP_ID_AF, body, sizeof(body));
}

static inline void open_flr(struct world *w, const struct pt_policy *policy)
{
    struct capture c;

    flr_card(&c);
    irq_begin(w, &c, policy, NULL);
    sim_dev_forget(&w->sim.dev);
}

static inline void ask(struct world *w)
{
    wr16(w, EXP + PCI_EXP_DEVCTL, rd16(w, EXP + PCI_EXP_DEVCTL) |
         PCI_EXP_DEVCTL_FLRESET);
}

static inline void pass(struct world *w, uint64_t us)
{
    sim_bus_pass(&w->sim.bus, w->d, us);
}

static inline uint64_t resets(const struct world *w)
{
    return w->sim.dev.count.os_resets;
}

static inline bool ones(struct world *w)
{
    unsigned off;

    for (off = 0; off + 4 <= pt_config_size(w->d); off++) {
        if (rd8(w, off) != 0xff || rd16(w, off) != 0xffff ||
            rd32(w, off) != 0xffffffff) {
            return false;
        }
    }
    return true;
}

static inline bool nothing_mapped(const struct world *w)
{
    return !w->sim.xen.num_mem && !w->sim.xen.num_ports &&
        !w->sim.bus.num_traps;
}

/* What pci_reset_function() of Linux does. */
static inline void linux_reset(struct world *w, void (*start)(struct world *w))
{
    uint32_t regs[16], ctl[4];
    static const uint8_t exp[] = {
        PCI_EXP_DEVCTL, PCI_EXP_LNKCTL, PCI_EXP_DEVCTL2, PCI_EXP_LNKCTL2,
    };
    uint16_t msix = rd16(w, MSIX + 2);
    bool express = world_cap(w, PCI_CAP_ID_EXP, 0) != 0;
    uint64_t delay;
    int i;

    for (i = 0; i < 16; i++) {
        regs[i] = rd32(w, 4 * (unsigned)i);
    }
    for (i = 0; express && i < 4; i++) {
        ctl[i] = rd16(w, EXP + exp[i]);
    }
    wr16(w, PCI_COMMAND, PCI_COMMAND_DISABLE_INTx);
    start(w);
    pass(w, 100000);
    for (delay = 1000; rd32(w, PCI_COMMAND) == UINT32_MAX; delay *= 2) {
        assert_true(delay < 60000000);
        pass(w, delay);
    }
    for (i = 0; express && i < 4; i++) {
        wr16(w, EXP + exp[i], ctl[i]);
    }
    for (i = 15; i >= 0; i--) {
        if (rd32(w, 4 * (unsigned)i) != regs[i]) {
            wr32(w, 4 * (unsigned)i, regs[i]);
        }
    }
    if (msix & PCI_MSIX_ENABLE) {
        wr16(w, MSIX + 2, msix | PCI_MSIX_MASK);
        entries_program(w, 3);
        wr16(w, MSIX + 2, msix);
    }
}

#endif
