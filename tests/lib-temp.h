/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where tests put their temporary files: below $TMPDIR, or /tmp. */
#ifndef LIB_TEMP_H
#define LIB_TEMP_H

#include <stdio.h>
#include <stdlib.h>

#define TEMP_MAX 1024

/*
 * The template of @name's path, for mkstemp() or mkdtemp(). One that is cut
 * is no template: they refuse it.
 */
static inline char *temp_path(char path[TEMP_MAX], const char *name)
{
    const char *dir = getenv("TMPDIR");

    snprintf(path, TEMP_MAX, "%s/%s-XXXXXX", dir && *dir ? dir : "/tmp",
             name);
    return path;
}

#endif
