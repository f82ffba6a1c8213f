/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a process that a guest has taken over could do: little. */
#ifndef PP_CONFINE_H
#define PP_CONFINE_H

#include "pt-device.h"

/*
 * From now on this process starts no other, has only the capabilities that its
 * work needs, gets no new privileges, and makes only system calls that its work
 * needs: others fail. It still opens files, as devices come while the guest
 * runs, but makes, empties and removes none. Returns 0, or -errno and @err.
 */
int pp_confine(struct pt_error *err);

#endif
