/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The real device of a build without libpci, in the place of pt-device.c. */
#include "pt-device.h"

int pt_device_open(struct pt_device *dev, const struct pt_sbdf *addr,
                   struct pt_error *err)
{
    return pt_device_open_sysfs(dev, addr, err);
}
