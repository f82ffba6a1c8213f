/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef QEMU_XEN_H
#define QEMU_XEN_H

#include "cpu-all.h"

void unregister_iomem(target_phys_addr_t start);

void xenstore_record_dm(const char *subpath, const char *val);
void xenstore_record_dm_state(const char *state);

#endif
