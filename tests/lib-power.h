/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the tests of power management share. */
#ifndef LIB_POWER_H
#define LIB_POWER_H

#include <errno.h>

#include "lib-lessons.h"

#define PM 0x40
#define PMCSR (PM + PCI_PM_CTRL)
#define PMC_V3 0x0003

#define PMC_ALL (PMC_V3 | PCI_PM_CAP_D1 | PCI_PM_CAP_D2 | \
    PCI_PM_CAP_PME_D0 | PCI_PM_CAP_PME_D3_COLD)

/* A card with power states, found in the state of @pmcsr. */
static inline void power_card(struct capture *c, uint16_t pmc, uint16_t pmcsr)
{
    card(c);
    card_pm(c, PM, pmc, pmcsr);
    pt_store(c->cfg + PCI_COMMAND, PCI_COMMAND_MEMORY, 2);
}

static inline void with_power(struct world *w, uint16_t pmc, uint16_t pmcsr,
                              const struct pt_policy *policy)
{
    struct capture c;

    power_card(&c, pmc, pmcsr);
    begin(w, &c, policy);
}

static inline unsigned guest_state(struct world *w)
{
    return rd16(w, PMCSR) & PCI_PM_CTRL_STATE_MASK;
}

#endif
