/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef QEMU_COMMON_H
#define QEMU_COMMON_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config-host.h"
#ifdef NEED_CPU_H
#include "cpu-all.h"
#endif

typedef struct PCIBus PCIBus;
typedef struct PCIDevice PCIDevice;

#endif
