/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reasons and addresses in words, for whoever ran the toolstack. */
#include <stdarg.h>
#include <stdio.h>

#include "pt-device.h"

int pt_fail(struct pt_error *err, int errnum, const char *fmt, ...)
{
    va_list ap;

    if (err) {
        va_start(ap, fmt);
        vsnprintf(err->text, sizeof(err->text), fmt, ap);
        va_end(ap);
    }
    return -errnum;
}

const char *pt_sbdf_str(const struct pt_sbdf *a, char buf[PT_SBDF_LEN])
{
    snprintf(buf, PT_SBDF_LEN, "%04x:%02x:%02x.%x", a->domain, a->bus, a->dev,
             a->func);
    return buf;
}
