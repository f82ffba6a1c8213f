/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the glue takes from the operating system. Tests have their own. */
#ifndef PT_OS_H
#define PT_OS_H

#include <stddef.h>
#include <stdint.h>

uint64_t pt_os_now_us(void);
void pt_os_delay_us(uint32_t us);

/*
 * Copy @len bytes of the host's memory at 0xC0000, where firmware left the
 * video BIOS. Returns 0 or -errno.
 */
int pt_os_read_vbios(uint8_t *buf, size_t len);

/* Where the host's policy file is. */
const char *pt_os_conf_path(void);

#endif
