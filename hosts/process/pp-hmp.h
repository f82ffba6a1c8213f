/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QEMU's monitor for people, which `xl qemu-monitor-command` reaches: its
 * words for what QMP has commands for.
 */
#ifndef PP_HMP_H
#define PP_HMP_H

#include "pp-guest.h"

/*
 * "device_add TYPE,KEY=VALUE,...": the arguments of QMP's device_add, the
 * caller's. NULL: it is no such line.
 */
json_t *pp_hmp_device_add(const char *line);

/* "device_del ID": the ID. Returns false: it is no such line. */
bool pp_hmp_device_del(const char *line, char id[PP_ID_LEN]);

/*
 * What QEMU prints for "info pci", with our devices in the place of their
 * placeholders: the caller's, to be freed. NULL: there is no memory.
 */
char *pp_hmp_info_pci(struct pp_guest *g, const char *text);

#endif
