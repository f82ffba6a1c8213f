/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command line that libxl gives to its device model: what of it concerns
 * pass-through, and the one for the real device model.
 */
#ifndef PP_ARGS_H
#define PP_ARGS_H

#include <stdbool.h>
#include <stdint.h>

#include "pt-conf.h"

/* What the toolstack calls the flags of a policy; NULL: it has no such. */
extern const char *const pp_flag_names[PT_CONF_NUM_FLAGS];

/* Room for a Unix socket's path and its end. */
#define PP_PATH_LEN 108

struct pp_args {
    /*
     * Is there anything for us to do? Not for a PV guest's QEMU, nor when libxl
     * only asks QEMU what it is. What follows is set where there is.
     */
    bool ours;
    uint32_t domid;
    /* The guest's RAM: from 0, and from 4 GiB. */
    uint64_t ram_low, ram_high;
    /* libxl's QMP socket: one that listens, or (-1) the path of one. */
    int listen_fd;
    char listen_path[PP_PATH_LEN];

    /* What we are told: the real device model (NULL: of the distribution), */
    const char *dm;
    /* the size that its files may have, if it may have less (0: it stays), */
    uint64_t file_size;
    /* the guest's policy file (NULL: none), */
    const char *config;
    /* and of the policy of all its devices. */
    int8_t said[PT_CONF_NUM_FLAGS];

    /* The arguments without ours; where libxl's socket is among them. */
    unsigned argc;
    char **argv;
    unsigned chardev;
    bool redirected;
};

/*
 * Look at @argv, NULL at its end, which has to stay. For pp_args_free().
 * Returns 0, or -EINVAL, -ENOMEM and the reason in @err.
 */
int pp_args_parse(struct pp_args *a, int argc, char **argv,
                  struct pt_error *err);
void pp_args_free(struct pp_args *a);

/*
 * In the place of libxl's socket, the real device model gets @listen_fd to
 * listen to, and another monitor at @monitor_fd, which is connected.
 * Returns 0 or -ENOMEM.
 */
int pp_args_redirect(struct pp_args *a, int listen_fd, int monitor_fd);

#endif
