/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef QAPI_ERROR_H
#define QAPI_ERROR_H

#include "qom/object.h"

void error_setg(Error **errp, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void warn_reportf_err(Error *err, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#endif
