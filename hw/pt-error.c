/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reasons and addresses in words, for whoever ran the toolstack. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE  /* strerrordesc_np() */
#endif
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "pt-device.h"

const char *pt_strerror(int rc)
{
#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 32)
    const char *text = strerrordesc_np(-rc);

    return text ? text : "unknown error";
#else
    return strerror(-rc);
#endif
}

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
