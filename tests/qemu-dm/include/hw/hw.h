/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Checked against qemu-xen-traditional's hw/hw.h, master of 2020 (3d273dd0)
 * and stable-4.2 of 2014.
 */
#ifndef QEMU_HW_H
#define QEMU_HW_H

#include "qemu-common.h"

/* isa.h, and with it pci.h, has them from here, and does not say so. */
typedef void (IOPortWriteFunc)(void *opaque, uint32_t address, uint32_t data);
typedef uint32_t (IOPortReadFunc)(void *opaque, uint32_t address);

#endif
