/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Checked against qemu-xen-traditional's sysemu.h, master of 2020 (3d273dd0)
 * and stable-4.2 of 2014. It does not include qemu-common.h.
 */
#ifndef SYSEMU_H
#define SYSEMU_H

extern int gfx_passthru;

#endif
