/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * All that pass-through takes from the classic qemu-dm tree: the one place
 * that includes its headers. tests/qemu-dm/include has the same interface for
 * builds without a tree.
 */
#ifndef PT_TREE_H
#define PT_TREE_H

#include <stdio.h>

#include "config-host.h"
#include "qemu-common.h"
#include "hw/pci.h"
#include "qemu-xen.h"

/* Not every header of the tree has these. */
extern FILE *logfile;
extern int gfx_passthru;
/* The domain's defaults, from its backend node. */
extern int direct_pci_msitranslate;
extern int direct_pci_power_mgmt;

#endif
