/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Checked against qemu-xen-traditional's i386-dm/cpu.h and cpu-defs.h, master
 * of 2020 (3d273dd0) and stable-4.2 of 2014: addresses have 64 bits on x86-64,
 * and cpu-all.h comes from here.
 */
#ifndef CPU_I386_H
#define CPU_I386_H

#include <stdint.h>

typedef uint64_t target_phys_addr_t;

typedef struct CPUX86State CPUX86State;
#define CPUState CPUX86State

#include "cpu-all.h"

#endif
