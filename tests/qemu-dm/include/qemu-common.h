/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Checked against qemu-xen-traditional's qemu-common.h, master of 2020
 * (3d273dd0) and stable-4.2 of 2014.
 */
#ifndef QEMU_COMMON_H
#define QEMU_COMMON_H

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "config-host.h"
/* What is not built for one target has no addresses of a guest's. */
#ifdef NEED_CPU_H
#include "cpu.h"
#endif

typedef struct PCIBus PCIBus;
typedef struct PCIDevice PCIDevice;
typedef struct QEMUTimer QEMUTimer;
typedef struct IRQState *qemu_irq;

#endif
