/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Graphics devices with gfx_passthru: what a video BIOS and drivers expect
 * beyond the device's own registers. The hooks that the tree calls are in
 * pt-qemu-dm.h; here is what the glue calls.
 *
 * There is one state for the process, started anew by intel_pch_init().
 */
#ifndef PT_GRAPHICS_H
#define PT_GRAPHICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pt-device.h"
#include "pt-xen.h"

#define PT_VBIOS_MAX 0x10000

/* Is @addr where integrated graphics are, and have to be for a guest? */
bool pt_gfx_place(const struct pt_sbdf *addr);

/*
 * Before @host is attached: for an Intel graphics device, open the host
 * bridge that its driver reads. Returns 0, or -errno and the reason in @err.
 */
int pt_gfx_open(const struct pt_device *host, struct pt_error *err);

/*
 * After @host was attached: a VGA device gets the legacy ports and memory,
 * and the guest a copy of the host's video BIOS. Failures are logged, and
 * the device works without. @xen: must stay until pt_gfx_detach().
 */
void pt_gfx_attach(struct pt_device *host, struct pt_xen *xen);

/* Undo all of this for @host, in whatever state it is. */
void pt_gfx_detach(const struct pt_device *host);

/*
 * A guest's config access of @len (1, 2, 4) bytes at @off of @host: is it all
 * in the OpRegion register? Then do it and return true.
 */
bool pt_gfx_config_read(const struct pt_device *host, uint32_t off, int len,
                        uint32_t *val);
bool pt_gfx_config_write(const struct pt_device *host, uint32_t off, int len,
                         uint32_t val);

/*
 * Is there a video BIOS in @rom, PT_VBIOS_MAX bytes? Sets its checksum right
 * where it is wrong, which *@fixed tells.
 * Returns its size in bytes, or 0.
 */
size_t pt_vbios_check(uint8_t rom[PT_VBIOS_MAX], bool *fixed);

#endif
