/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Policies as text of a policy file, for tests and the fuzzer. */
#ifndef LIB_CONF_H
#define LIB_CONF_H

#include <stddef.h>

#include "lib-world.h"

#define CONF_TEXT 4096

/*
 * Write @p as a file, for all devices. A register, in its order, is in line
 * CONF_FIRST_LINE and those that follow; what is added is in the line before.
 */
#define CONF_FIRST_LINE 13
void conf_write(const struct pt_policy *p, char text[CONF_TEXT]);

/* All windows that have a name, a bit each. */
uint32_t conf_windows(void);

/* Read it. Returns 0, or -errno and the reason in @err. */
int conf_read(const char *text, struct pt_policy *p, struct pt_error *err);

/* Are they the same, but for who says so? */
bool conf_same(const struct pt_policy *a, const struct pt_policy *b);

/*
 * Draw a policy: flags, capabilities that are hidden, registers of @c's space,
 * mostly such as can be, and now and then a capability.
 */
void conf_draw(struct world_rng *r, const struct capture *c,
               struct pt_policy *p);

/*
 * Of a policy that conf_read() read and that is refused with @err: take out
 * what @err names. Returns false if it names nothing of the file.
 */
bool conf_drop(struct pt_policy *p, const struct pt_error *err);

#endif
