/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the tests of windows of graphics cards share. */
#ifndef LIB_GPU_H
#define LIB_GPU_H

#include "lib-invariants.h"
#include "lib-irq.h"
#include "lib-windows.h"

static struct world w;
static struct sim_chip chip;

static inline void gpu_begin(const struct pt_policy *policy)
{
    struct capture c;

    gpu(&c);
    world_init(&w, &c, policy, NULL);
    w.sim.dev.pt.info.irq = GSI;
    sim_nvidia(&chip, &w.sim.dev);
    if (!world_attach(&w)) {
        fail_msg("%s", w.err.text);
    }
    place_and_decode(&w);
}

static inline void radeon_begin(uint64_t size, const struct pt_policy *policy)
{
    struct capture c;

    radeon(&c, size);
    world_init(&w, &c, policy, NULL);
    sim_amd(&chip, &w.sim.dev);
    if (!world_attach(&w)) {
        fail_msg("%s", w.err.text);
    }
    place_and_decode(&w);
}

#endif
