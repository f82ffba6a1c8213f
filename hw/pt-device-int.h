/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The production device, for its own tests. */
#ifndef PT_DEVICE_INT_H
#define PT_DEVICE_INT_H

#include "pt-device.h"

/*
 * pt_device_open() with another directory than libpci's own in the place of
 * /sys/bus/pci. NULL: libpci's.
 */
int pt_device_open_at(struct pt_device *dev, const struct pt_sbdf *addr,
                      const char *sysfs, struct pt_error *err);

#endif
