/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Configuration spaces that lspci printed: `lspci -xxx` or `-xxxx`, with or
 * without -v, -vv, -D, any number of functions in a file, plain or gzip.
 */
#ifndef CAPTURE_H
#define CAPTURE_H

#include <stddef.h>

#include "pt-device.h"

#define CAPTURE_CFG_MAX 4096

struct capture {
    struct pt_sbdf addr;
    char title[160];                /* the header line after the address */
    uint8_t cfg[CAPTURE_CFG_MAX];   /* bytes without a line are 0 */
    unsigned len;                   /* 64, 256 or 4096: what was captured */
    struct pt_region region[PT_NUM_REGIONS];
    /* Bit n: region n's size was in the file; otherwise it is a guess. */
    unsigned sizes_known;
};

/*
 * Read all functions of @path ("-": standard input) into *@list, which the
 * caller frees. A region without a size gets a likely one: 4 KiB of memory, 32
 * ports, no ROM, at least what the BAR's own bits allow.
 *
 * Returns the number of functions (at least 1), or -errno with @err saying
 * what is wrong and in which line.
 */
int capture_load(const char *path, struct capture **list,
                 struct pt_error *err);

/* The same from @len bytes of text; @name is for messages. */
int capture_parse(const char *name, const char *text, size_t len,
                  struct capture **list, struct pt_error *err);

/* What the operating system would tell of @c: IDs, regions, irq. */
void capture_info(const struct capture *c, struct pt_device_info *info);

#endif
