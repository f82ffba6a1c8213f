/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The sockets between libxl, this process and QEMU. */
#ifndef PP_SOCKETS_H
#define PP_SOCKETS_H

#include "pp-args.h"

struct pp_sockets {
    int libxl;        /* libxl connects here */
    int qemu_listen;  /* and QEMU has this in its place, */
    char path[PP_PATH_LEN];  /* where we connect to it */
    int monitor;      /* our end of a monitor of our own, */
    int qemu_monitor; /* and QEMU's */
};

/* Returns 0, or -errno, @err and nothing left behind. */
int pp_sockets_open(struct pp_sockets *s, const struct pp_args *a,
                    struct pt_error *err);
/* All of them. */
void pp_sockets_close(struct pp_sockets *s);

/* To @s->path. Returns a file descriptor, or -errno. */
int pp_sockets_connect(const struct pp_sockets *s);

#endif
