/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The MMCONFIG window (pt-mmcfg.h) on the tree's MMIO dispatch. */
#ifndef PT_MMCONFIG_H
#define PT_MMCONFIG_H

#include "pt-mmcfg.h"

/*
 * Send the guest's accesses to the window to @ops, which must stay, for the
 * rest of the process. Returns 0, or -ENOSPC: the tree has no handler left.
 */
int pt_mmconfig_on(const struct pt_mmcfg_ops *ops);

#endif
