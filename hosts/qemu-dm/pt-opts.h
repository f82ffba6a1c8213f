/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A device's options in its backend node. */
#ifndef PT_OPTS_H
#define PT_OPTS_H

#include <stdint.h>

#include "pt-params.h"

/*
 * Read /local/domain/0/backend/pci/@domid/0/opts-N of the device whose dev-N
 * is @addr. What is not there, or can't be read, is unsaid.
 * Returns 0, or -EINVAL with @err naming what is wrong.
 */
int pt_opts_read(uint32_t domid, const struct pt_sbdf *addr,
                 struct pt_options *o, struct pt_error *err);

#endif
