/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A Linux stub domain has the guest's devices through Linux's PCI front end,
 * at addresses of its own; libxl names them by those of dom0. Which is which
 * stands in xenstore.
 */
#ifndef PT_QEMU_STUBDOM_H
#define PT_QEMU_STUBDOM_H

#include "pt-device.h"

/* A value of xenstore for free(); NULL: there is none. */
typedef char *PtXsRead(void *priv, const char *path);

/*
 * The address at which this domain has dom0's device @host. In dom0, and
 * wherever else there is no PCI front end, that is @host itself.
 * Returns 0, or -ENODEV and the reason in @err: the back end has not given it
 * to this domain (yet).
 */
int pt_stubdom_local(PtXsRead *read, void *priv, const struct pt_sbdf *host,
                     struct pt_sbdf *local, struct pt_error *err);

#endif
