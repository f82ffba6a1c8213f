/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sockets. QEMU's has a name in the directory of libxl's, which is root's:
 * who can connect to it can do with QEMU what he likes.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "pp-sockets.h"

static int fill_name(struct sockaddr_un *addr, const char *path)
{
    size_t len = strlen(path);

    *addr = (struct sockaddr_un) { .sun_family = AF_UNIX };
    if (len >= sizeof(addr->sun_path)) {
        return -ENAMETOOLONG;
    }
    memcpy(addr->sun_path, path, len + 1);
    return 0;
}

/* A socket at @path, for this user only. Returns its descriptor or -errno. */
static int listen_at(const char *path)
{
    struct sockaddr_un addr;
    int rc = fill_name(&addr, path);
    int fd = rc ? rc : socket(AF_UNIX, SOCK_STREAM, 0);
    mode_t mask;

    if (fd < 0) {
        return rc ? rc : -errno;
    }
    unlink(path);
    mask = umask(0177);
    rc = bind(fd, (struct sockaddr *)&addr, sizeof(addr));
    rc = rc ? rc : listen(fd, 1);
    rc = rc ? -errno : 0;
    umask(mask);
    if (rc != 0) {
        close(fd);
        return rc;
    }
    return fd;
}

/* Where libxl's socket is that was opened already. */
static int find_path(int fd, char path[PP_PATH_LEN])
{
    struct sockaddr_un addr = { .sun_family = AF_UNSPEC };
    socklen_t len = sizeof(addr);

    if (getsockname(fd, (struct sockaddr *)&addr, &len) != 0) {
        return -errno;
    }
    if (addr.sun_family != AF_UNIX || len <= offsetof(struct sockaddr_un,
                                                      sun_path) ||
        addr.sun_path[0] != '/') {
        return -EINVAL;
    }
    snprintf(path, PP_PATH_LEN, "%.*s",
             (int)(len - offsetof(struct sockaddr_un, sun_path)),
             addr.sun_path);
    return 0;
}

static int open_libxl(struct pp_sockets *s, const struct pp_args *a)
{
    char path[PP_PATH_LEN];
    char *slash;
    int rc = 0;

    if (a->listen_fd >= 0) {
        rc = find_path(a->listen_fd, path);
        s->libxl = rc == 0 ? a->listen_fd : -1;
    } else {
        memcpy(path, a->listen_path, sizeof(path));
        s->libxl = rc = listen_at(path);
    }
    if (rc < 0) {
        return rc;
    }
    slash = strrchr(path, '/');
    if (!slash) {
        return -EINVAL;
    }
    rc = snprintf(s->path, sizeof(s->path), "%.*s/qmp-pass-through-%u",
                  (int)(slash - path), path, a->domid);
    return rc < (int)sizeof(s->path) ? 0 : -ENAMETOOLONG;
}

static int open_all(struct pp_sockets *s, const struct pp_args *a)
{
    int pair[2], rc = open_libxl(s, a);

    if (rc != 0) {
        return rc;
    }
    s->qemu_listen = listen_at(s->path);
    if (s->qemu_listen < 0) {
        return s->qemu_listen;
    }
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0) {
        return -errno;
    }
    s->monitor = pair[0];
    s->qemu_monitor = pair[1];
    return 0;
}

int pp_sockets_open(struct pp_sockets *s, const struct pp_args *a,
                    struct pt_error *err)
{
    int rc;

    *s = (struct pp_sockets) {
        .libxl = -1, .qemu_listen = -1, .monitor = -1, .qemu_monitor = -1,
    };
    rc = open_all(s, a);
    if (rc != 0) {
        pp_sockets_close(s);
        return pt_fail(err, -rc, "can't open the sockets for QMP: %s",
                       strerror(-rc));
    }
    return 0;
}

void pp_sockets_close(struct pp_sockets *s)
{
    int *const all[] = {
        &s->libxl, &s->qemu_listen, &s->monitor, &s->qemu_monitor,
    };

    for (unsigned i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        if (*all[i] >= 0) {
            close(*all[i]);
        }
        *all[i] = -1;
    }
}

int pp_sockets_connect(const struct pp_sockets *s)
{
    struct sockaddr_un addr;
    int rc = fill_name(&addr, s->path);
    int fd = rc ? rc : socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC |
                              SOCK_NONBLOCK, 0);

    if (fd < 0) {
        return rc ? rc : -errno;
    }
    if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)) != 0) {
        rc = -errno;
        close(fd);
        return rc;
    }
    return fd;
}
