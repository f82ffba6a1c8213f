/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Devices as no specification has them. */
#ifndef LIB_MALFORMED_H
#define LIB_MALFORMED_H

#include "lib-world.h"

struct malformed {
    const char *name;
    void (*build)(struct capture *c);  /* on a device without capabilities */
};

/* The last one has no name. */
extern const struct malformed malformed_devices[];

#endif
