/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Checked against qemu-xen-traditional's hw/isa.h, master of 2020 (3d273dd0)
 * and stable-4.2 of 2014. It includes nothing.
 */
#ifndef HW_ISA_H
#define HW_ISA_H

extern target_phys_addr_t isa_mem_base;

int register_ioport_read(int start, int length, int size,
                         IOPortReadFunc *func, void *opaque);
int register_ioport_write(int start, int length, int size,
                          IOPortWriteFunc *func, void *opaque);
void isa_unassign_ioport(int start, int length);

#endif
