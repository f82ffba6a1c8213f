/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef QAPI_VISITOR_H
#define QAPI_VISITOR_H

#include "qom/object.h"

bool visit_type_bool(Visitor *v, const char *name, bool *obj, Error **errp);

#endif
