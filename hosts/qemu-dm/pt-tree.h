/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * All that pass-through takes from the classic qemu-dm tree: the one place
 * that includes its headers. tests/qemu-dm/include has the same interface for
 * builds without a tree.
 */
#ifndef PT_TREE_H
#define PT_TREE_H

/*
 * In this order: most of them don't include what they need, and
 * qemu-common.h, in a stub domain, has to come before config-host.h.
 */
#include "qemu-common.h"
#include "hw/hw.h"
#include "hw/isa.h"
#include "hw/pci.h"
#include "qemu-log.h"
#include "qemu-timer.h"
#include "qemu-xen.h"
#include "sysemu.h"

#endif
