/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MIGRATION_VMSTATE_H
#define MIGRATION_VMSTATE_H

#include "qom/object.h"

typedef struct VMStateField { const char *name; } VMStateField;

struct VMStateDescription {
    const char *name;
    int unmigratable;
    bool (*needed)(void *opaque);
    int (*pre_save)(void *opaque);
    const VMStateField *fields;
};

#define VMSTATE_END_OF_LIST() { NULL }

#endif
