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

/* What is said of a function at most; how much more there was is counted. */
#define CAPTURE_NOTES 8
#define CAPTURE_NOTE 128

struct capture {
    struct pt_sbdf addr;
    unsigned long line;             /* of its header */
    char title[160];                /* the header line after the address */
    uint8_t cfg[CAPTURE_CFG_MAX];   /* bytes without a line are 0 */
    unsigned len;                   /* 64, 256 or 4096: what was captured */
    struct pt_region region[PT_NUM_REGIONS];
    /* Bit n: region n's size was in the file; otherwise it is a guess. */
    unsigned sizes_known;
    /* What of its lines was not taken, and what they do not tell. */
    unsigned num_notes;             /* can be more than there is room for */
    char note[CAPTURE_NOTES][CAPTURE_NOTE];
};

/* A function that can't be used. */
struct capture_lost {
    struct pt_sbdf addr;
    bool unnamed;                   /* it has no address */
    bool bare;                      /* it has no bytes: a line of plain lspci */
    char text[256];                 /* why, with file and line */
};

/* What is in a file. */
struct captures {
    struct capture *list;
    unsigned num;                   /* at least 1 */
    struct capture_lost *lost;
    unsigned num_lost;
};

/*
 * Read all functions of @path ("-": standard input), to be freed with
 * captures_free(). What else is in the file, as a log has it, is no matter: a
 * line that makes no sense costs what it would have told, and a function
 * without all of its bytes is lost. A region without a size gets a likely one:
 * 4 KiB of memory, 32 ports, no ROM, at least what the BAR's own bits allow.
 *
 * Returns 0, or -errno with @err saying what is wrong and in which line: of a
 * file without a sound function that is why its first one is lost.
 */
int captures_load(const char *path, struct captures *out,
                  struct pt_error *err);

/* The same from @len bytes of text; @name is for messages. */
int captures_parse(const char *name, const char *text, size_t len,
                   struct captures *out, struct pt_error *err);

void captures_free(struct captures *c);

/*
 * The same where nothing may be lost. *@list is the caller's to free.
 * Returns the number of functions, or -errno and the reason in @err.
 */
int capture_load(const char *path, struct capture **list,
                 struct pt_error *err);
int capture_parse(const char *name, const char *text, size_t len,
                  struct capture **list, struct pt_error *err);

/* What the operating system would tell of @c: IDs, regions, irq. */
void capture_info(const struct capture *c, struct pt_device_info *info);

#endif
