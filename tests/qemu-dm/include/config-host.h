/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The classic tree's interface, as far as pass-through uses it, written down
 * from its facts: so that the glue compiles, and runs in tests, without the
 * tree. No file here has anything of the tree's own. What a header of the
 * tree does not include, ours does not either.
 *
 * Checked against qemu-xen-traditional's xen-config-host.h, which its
 * config-host.h ends with, master of 2020 (3d273dd0) and stable-4.2 of 2014.
 */
#ifndef CONFIG_HOST_H
#define CONFIG_HOST_H

#define CONFIG_DM
#define CONFIG_XEN

extern char domain_name[64];
extern int domid, domid_backend;

#include <errno.h>
#include <stdbool.h>

#include "xenctrl.h"
#include "xenstore.h"

extern xc_interface *xc_handle;

#endif
