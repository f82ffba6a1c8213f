/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Checked against qemu-xen-traditional's qemu-xen.h, master of 2020 (3d273dd0)
 * and stable-4.2 of 2014. It includes nothing: qemu-common.h comes before it.
 */
#ifndef QEMU_XEN_H
#define QEMU_XEN_H

void unregister_iomem(target_phys_addr_t start);

void xenstore_record_dm(const char *subpath, const char *val);
void xenstore_record_dm_state(const char *state);

typedef void (*xenstore_callback)(const char *path, void *opaque);
/* For all below @path, too; and once at the start. */
int xenstore_watch_new_callback(const char *path, xenstore_callback fptr,
                                void *opaque);

#endif
