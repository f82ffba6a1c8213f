/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A device's options in its backend node. */
#ifndef PT_OPTS_H
#define PT_OPTS_H

#include <stdint.h>

#include "pt-params.h"

/* The node that they are in, as a format of the domain's number. */
#define PT_OPTS_NODE "/local/domain/0/backend/pci/%u/0"

enum pt_listed {
    PT_LISTED,
    PT_NOT_LISTED,
    PT_LISTED_MAYBE,  /* xenstore does not answer */
};

/*
 * Read PT_OPTS_NODE/opts-N of the device whose dev-N is @addr, and in @listed
 * whether there is such a device. What is not there, or can't be read, is
 * unsaid. Returns 0, or -EINVAL with @err naming what is wrong.
 */
int pt_opts_read(uint32_t domid, const struct pt_sbdf *addr,
                 struct pt_options *o, enum pt_listed *listed,
                 struct pt_error *err);

#endif
