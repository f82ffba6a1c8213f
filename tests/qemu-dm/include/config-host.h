/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The classic tree's interface, as far as pass-through uses it, written down
 * from its facts: so that the glue compiles, and runs in tests, without the
 * tree. No file here has anything of the tree's own.
 */
#ifndef CONFIG_HOST_H
#define CONFIG_HOST_H

#include <stdbool.h>
#include <stdint.h>
#include <xenctrl.h>
#include <xenstore.h>

#define CONFIG_DM
#define CONFIG_XEN

extern xc_interface *xc_handle;
extern int domid;

#endif
