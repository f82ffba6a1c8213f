/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The loop. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "pp-proxy.h"
#include "pp-server.h"

enum { LIBXL, CLIENT, QEMU, MONITOR, GUEST, NUM_FDS };

struct server {
    struct pp_guest *guest;
    struct pp_sockets *sockets;
    struct pp_proxy proxy;
    struct pollfd fds[NUM_FDS];
};

static int connect_qemu(void *priv)
{
    const struct server *s = (const struct server *)priv;

    return pp_sockets_connect(s->sockets);
}

static json_t *command(void *priv, const char *name, const json_t *args)
{
    return pp_guest_command(((struct server *)priv)->guest, name, args);
}

static bool shows(void *priv, const char *name, const json_t *args)
{
    return pp_guest_shows(((struct server *)priv)->guest, name, args);
}

static json_t *show(void *priv, json_t *answer)
{
    return pp_guest_show(((struct server *)priv)->guest, answer);
}

static void event(void *priv, const json_t *what)
{
    pp_guest_event(((struct server *)priv)->guest, what);
}

static const struct pp_proxy_ops proxy_ops = {
    .command = command,
    .shows = shows,
    .show = show,
    .event = event,
    .connect = connect_qemu,
};

/* ------------------------------------------------------------------ */

static struct pollfd watch(int fd, bool write)
{
    return (struct pollfd) {
        .fd = fd, .events = (short)(POLLIN | (write ? POLLOUT : 0)),
    };
}

/* libxl's next client waits until this one is gone, as it would for QEMU. */
static void prepare(struct server *s)
{
    const struct pp_proxy *p = &s->proxy;

    s->fds[LIBXL] = watch(pp_proxy_busy(p) ? -1 : s->sockets->libxl, false);
    s->fds[CLIENT] = watch(p->client.fd, pp_stream_waits(&p->client));
    s->fds[QEMU] = watch(p->qemu.fd, pp_stream_waits(&p->qemu));
    s->fds[MONITOR] = watch(s->guest->monitor.s.fd,
                            pp_stream_waits(&s->guest->monitor.s));
    s->fds[GUEST] = watch(pp_ioreq_fd(&s->guest->ioreq), false);
}

static void accept_client(struct server *s)
{
    int fd = accept4(s->sockets->libxl, NULL, NULL, SOCK_CLOEXEC);

    if (fd >= 0) {
        pp_proxy_accept(&s->proxy, fd);
    }
}

/* Returns false when there is no QEMU any more. */
static bool work(struct server *s)
{
    struct pp_guest *g = s->guest;

    /* The guest first: a processor of it waits. */
    if (s->fds[GUEST].revents) {
        pp_ioreq_work(&g->ioreq);
    }
    if (s->fds[MONITOR].revents &&
        (pp_stream_write(&g->monitor.s) != 0 || pp_guest_listen(g) != 0)) {
        return false;
    }
    if (s->fds[LIBXL].revents) {
        accept_client(s);
    }
    pp_proxy_work(&s->proxy, s->fds[CLIENT].revents, s->fds[QEMU].revents);
    g->journal->answered |= s->proxy.answered;
    pp_guest_settle(g);
    return true;
}

void pp_serve(struct pp_guest *g, struct pp_sockets *sockets)
{
    struct server s = { .guest = g, .sockets = sockets };
    bool on = true;

    pp_proxy_init(&s.proxy, &proxy_ops, &s);
    fcntl(sockets->libxl, F_SETFL,
          fcntl(sockets->libxl, F_GETFL) | O_NONBLOCK);
    while (on) {
        prepare(&s);
        if (poll(s.fds, NUM_FDS, pp_guest_patience(g)) < 0) {
            on = errno == EINTR;
            memset(s.fds, 0, sizeof(s.fds));
        }
        on = on && work(&s);
    }
    pp_proxy_close(&s.proxy);
    pp_guest_close(g);
    sockets->monitor = -1;
    pp_sockets_close(sockets);
}
