/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Between libxl and QEMU's monitor: all passes, but for what someone else
 * answers or changes. As QEMU, it has one client at a time.
 */
#ifndef PP_PROXY_H
#define PP_PROXY_H

#include "pp-stream.h"

struct pp_proxy_ops {
    /*
     * What libxl wants done, with @args (may be NULL). Returns the answer to
     * it, the caller's, which has a "return" or an "error", or NULL: it is
     * QEMU's to answer.
     */
    json_t *(*command)(void *priv, const char *name, const json_t *args);
    /*
     * QEMU's answer to a command that shows() said is to be changed. Returns
     * what libxl gets, the caller's, or NULL: as it is.
     */
    bool (*shows)(void *priv, const char *name, const json_t *args);
    json_t *(*show)(void *priv, json_t *answer);
    /* Before libxl hears anything of QEMU's; @event may be NULL. */
    void (*event)(void *priv, const json_t *event);
    /* Another connection to QEMU: a file descriptor, or -errno. */
    int (*connect)(void *priv);
};

/* Questions of that kind that are not answered yet; more are refused. */
#define PP_MAX_QUERIES 64

struct pp_query {
    json_t *id;    /* NULL: it has none, */
    unsigned nth;  /* and is so many among those that have none */
};

struct pp_proxy {
    const struct pp_proxy_ops *ops;
    void *priv;
    struct pp_stream client, qemu;  /* of one connection, or of none */
    struct pp_query query[PP_MAX_QUERIES];
    unsigned num_queries;
    unsigned asked, heard;          /* commands without an ID, and answers */
    bool answered;                  /* QEMU has, once */
};

void pp_proxy_init(struct pp_proxy *p, const struct pp_proxy_ops *ops,
                   void *priv);
/* End the connection, if there is one. */
void pp_proxy_close(struct pp_proxy *p);
static inline bool pp_proxy_busy(const struct pp_proxy *p)
{
    return p->client.fd != -1;
}

/* A client: @fd becomes the proxy's. There is none yet. */
void pp_proxy_accept(struct pp_proxy *p, int fd);

/* There is something to be read from, or room to write to, one of the two. */
void pp_proxy_work(struct pp_proxy *p, bool client, bool qemu);

#endif
