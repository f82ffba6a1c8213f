/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Checked against qemu-xen-traditional's cpu-all.h, master of 2020 (3d273dd0)
 * and stable-4.2 of 2014. It can't be included alone: cpu.h does.
 */
#ifndef CPU_ALL_H
#define CPU_ALL_H

typedef uint64_t ram_addr_t;

/* @addr is the guest's physical address, not an offset. */
typedef uint32_t CPUReadMemoryFunc(void *opaque, target_phys_addr_t addr);
typedef void CPUWriteMemoryFunc(void *opaque, target_phys_addr_t addr,
                                uint32_t val);

/* Three handlers each: byte, word, dword. Returns a handle, or -1. */
int cpu_register_io_memory(int io_index, CPUReadMemoryFunc **read,
                           CPUWriteMemoryFunc **write, void *opaque);
void cpu_unregister_io_memory(int handle);
void cpu_register_physical_memory(target_phys_addr_t start, ram_addr_t size,
                                  ram_addr_t handle);
void cpu_physical_memory_rw(target_phys_addr_t addr, uint8_t *buf, int len,
                            int is_write);

void cpu_outb(CPUState *env, int addr, int val);
int cpu_inb(CPUState *env, int addr);

#endif
