/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SIMULATED: a device, a Xen and a bus that know each other: what the engine
 * needs to be run without any of them.
 *
 *     struct sim s;
 *     sim_init(&s, &capture, &info, NULL);
 *     args = (struct pt_args) { .host = &s.dev.pt, .xen = &s.xen.pt,
 *                               .bus = &s.bus.pt, ... };
 *     ...
 *     assert_int_equal(sim_check_quiet(&s, text, sizeof(text)), 0);
 *     sim_fini(&s);
 */
#ifndef SIM_H
#define SIM_H

#include "sim-bus.h"
#include "sim-device.h"
#include "sim-xen.h"

struct sim_opts {
    struct sim_dev_opts dev;
    struct sim_xen_opts xen;
};

struct sim {
    struct sim_bus bus;
    struct sim_xen xen;
    struct sim_dev dev;
};

/*
 * @info: of capture_info(), or by hand. @opts: NULL for the usual.
 * Returns 0, or -ENOMEM and nothing to undo. The structure must stay where it
 * is until sim_fini().
 */
int sim_init(struct sim *s, const struct capture *c,
             const struct pt_device_info *info, const struct sim_opts *opts);
void sim_fini(struct sim *s);

/* Start counting, and complaining, anew. */
void sim_forget(struct sim *s);

/*
 * How many complaints there are, and how many leaks: mappings, pirqs,
 * bindings, traps. @text (may be NULL): a line for each.
 */
unsigned sim_check_quiet(const struct sim *s, char *text, size_t size);
/* The complaints alone: for while a device is attached. */
unsigned sim_complaints(const struct sim *s, char *text, size_t size);

#endif
