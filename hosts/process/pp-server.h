/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The process beside QEMU: its one loop. */
#ifndef PP_SERVER_H
#define PP_SERVER_H

#include "pp-guest.h"
#include "pp-sockets.h"

/*
 * Serve libxl, QEMU and the guest until QEMU ends. Then @g and @s are closed.
 */
void pp_serve(struct pp_guest *g, struct pp_sockets *s);

#endif
