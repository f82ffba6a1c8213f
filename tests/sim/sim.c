/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SIMULATED: the simulators together. See sim.h. */
#include "sim.h"

int sim_init(struct sim *s, const struct capture *c,
             const struct pt_device_info *info, const struct sim_opts *opts)
{
    int rc = sim_xen_init(&s->xen, opts ? &opts->xen : NULL);

    if (rc != 0) {
        return rc;
    }
    sim_bus_init(&s->bus, &s->xen);
    rc = sim_dev_init(&s->dev, c, info, opts ? &opts->dev : NULL,
                      &s->bus.clock);
    if (rc != 0) {
        sim_xen_fini(&s->xen);
        return rc;
    }
    rc = sim_xen_add(&s->xen, &s->dev);
    if (rc != 0) {
        sim_fini(s);
    }
    return rc;
}

void sim_fini(struct sim *s)
{
    sim_xen_fini(&s->xen);
    sim_dev_fini(&s->dev);
}

void sim_forget(struct sim *s)
{
    sim_dev_forget(&s->dev);
    sim_xen_forget(&s->xen);
    sim_bus_forget(&s->bus);
}

unsigned sim_complaints(const struct sim *s, char *text, size_t size)
{
    if (text && size) {
        text[0] = '\0';
        sim_notes_print(&s->dev.notes, "device: ", text, size);
        sim_notes_print(&s->xen.notes, "xen: ", text, size);
        sim_notes_print(&s->bus.notes, "bus: ", text, size);
    }
    return s->dev.notes.count + s->xen.notes.count + s->bus.notes.count;
}

unsigned sim_check_quiet(const struct sim *s, char *text, size_t size)
{
    unsigned n = sim_complaints(s, text, size), i;

    n += sim_xen_leaks(&s->xen, size ? text : NULL, size);
    for (i = 0; text && i < s->bus.num_traps; i++) {
        sim_append(text, size, "leak: %#llx+%#llx trapped\n",
                   (unsigned long long)s->bus.trap[i]->gpa,
                   (unsigned long long)s->bus.trap[i]->size);
    }
    return n + s->bus.num_traps;
}
