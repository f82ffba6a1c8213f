/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the toolstack asks for, as text:
 *
 *     SSSS:BB:DD.F[@VDEVFN][,msitranslate=][,power_mgmt=][,permissive=]
 *                          [,strict=][,flr=][,extended=]
 *
 * Numbers are hexadecimal; values are 0, no, off, false or 1, yes, on, true.
 * Nothing here has state, and no text is too long or too strange.
 */
#ifndef PT_PARAMS_H
#define PT_PARAMS_H

#include <stdint.h>

#include "pt-device.h"

/* VDEVFN: any free slot; bits 2:0 are the function. */
#define PT_AUTO_SLOT 0x100u

#define PT_UNSAID (-1)
#define PT_WORD_LEN 48

struct pt_options {
    int8_t msitranslate;  /* 0, 1; PT_UNSAID */
    int8_t power_mgmt;
    int8_t permissive;
    int8_t strict;
    int8_t flr;
    int8_t extended;
    /* The first key that nobody knows, fit to be printed; "": none. */
    char unknown[PT_WORD_LEN];
};

struct pt_params {
    struct pt_sbdf addr;
    uint16_t vdevfn;      /* 0..0xff: this one; PT_AUTO_SLOT | 0..7 */
    struct pt_options options;
};

/*
 * Parse the address at the start of @text. What follows it is a '@', a ',' or
 * the end, and @rest (may be NULL) points to it.
 * Returns 0, or -EINVAL with @err naming what is wrong.
 */
int pt_params_addr(const char *text, const char **rest, struct pt_sbdf *addr,
                   struct pt_error *err);

/*
 * Parse "key=value,key=value"; empty parts are allowed, the last value of a
 * key counts. Sets all of @o. Returns as above. A key that is not known is no
 * error, as toolstacks have more of them than we do: it is in o->unknown.
 */
int pt_params_options(const char *text, struct pt_options *o,
                      struct pt_error *err);

/* Parse a whole request. Returns as above. */
int pt_params_parse(const char *text, struct pt_params *p,
                    struct pt_error *err);

#endif
