/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between libxl and QEMU's monitor. */
#define _GNU_SOURCE
#include <string.h>
#include <unistd.h>

#include "pp-proxy.h"

void pp_proxy_init(struct pp_proxy *p, const struct pp_proxy_ops *ops,
                   void *priv)
{
    *p = (struct pp_proxy) {
        .ops = ops, .priv = priv, .client.fd = -1, .qemu.fd = -1,
    };
}

void pp_proxy_close(struct pp_proxy *p)
{
    while (p->num_queries) {
        json_decref(p->query[--p->num_queries].id);
    }
    p->asked = 0;
    p->heard = 0;
    pp_stream_close(&p->client);
    pp_stream_close(&p->qemu);
}

void pp_proxy_accept(struct pp_proxy *p, int fd)
{
    int qemu = p->ops->connect(p->priv);

    if (qemu < 0) {
        close(fd);
        return;
    }
    pp_stream_open(&p->client, fd);
    p->client.to_qemu = true;
    pp_stream_open(&p->qemu, qemu);
}

/* ------------------------------------------------------------------ */
/* What libxl says                                                     */

/* An answer of ours, to the command with this ID. */
static int answer(struct pp_proxy *p, json_t *reply, json_t *id)
{
    int rc;

    pp_stream_drop_fds(&p->client);
    if (id) {
        json_object_set(reply, "id", id);
    }
    rc = pp_stream_put_json(&p->client, reply);
    json_decref(reply);
    return rc;
}

static json_t *refuse(const char *why)
{
    return json_pack("{s:{s:s, s:s}}", "error", "class", "GenericError",
                     "desc", why);
}

/* Its answer is to be changed. Returns false if there are too many of these. */
static bool remember(struct pp_proxy *p, json_t *id)
{
    if (p->num_queries == PP_MAX_QUERIES) {
        return false;
    }
    p->query[p->num_queries++] = (struct pp_query) {
        .id = json_incref(id), .nth = p->asked,
    };
    return true;
}

/*
 * QEMU's parser takes more than JSON, single quotes for one, and with
 * pass-through of its own it would attach the device itself.
 */
static bool is_unread_add(const struct pp_message *m)
{
    static const char driver[] = "xen-pci-passthrough";

    return !m->json && memmem(m->text, m->len, driver, sizeof(driver) - 1);
}

static int from_client(struct pp_proxy *p, const struct pp_message *m)
{
    const char *name = json_string_value(json_object_get(m->json, "execute"));
    const json_t *args = json_object_get(m->json, "arguments");
    json_t *id = json_object_get(m->json, "id");
    json_t *reply = name ? p->ops->command(p->priv, name, args) : NULL;

    if (reply) {
        return answer(p, reply, id);
    }
    if (is_unread_add(m)) {
        return answer(p, refuse("a command for xen-pci-passthrough has to be "
                                "JSON, with each key once"), NULL);
    }
    if (name && p->ops->shows(p->priv, name, args) && !remember(p, id)) {
        return answer(p, refuse("too many questions are not answered yet"),
                      id);
    }
    p->asked += m->json && !id;
    pp_stream_move_fds(&p->client, &p->qemu);
    return pp_stream_put(&p->qemu, m->text, m->len);
}

/* ------------------------------------------------------------------ */
/* What QEMU says                                                      */

static bool answers(const struct pp_proxy *p, const json_t *id,
                    const struct pp_query *q)
{
    return id ? json_equal(q->id, id) : !q->id && q->nth == p->heard;
}

/*
 * Is what QEMU answers, to the command with this ID, to be changed? Answers
 * come in the commands' order, by which those without an ID are known.
 */
static bool is_query(struct pp_proxy *p, const json_t *id)
{
    unsigned i = 0;
    bool found;

    while (i < p->num_queries && !answers(p, id, &p->query[i])) {
        i++;
    }
    found = i < p->num_queries;
    if (found) {
        json_decref(p->query[i].id);
        p->num_queries--;
        memmove(&p->query[i], &p->query[i + 1],
                (p->num_queries - i) * sizeof(p->query[0]));
    }
    /* It complains, without an ID, of what is no command, too. */
    p->heard += !id && p->heard != p->asked;
    return found;
}

static int from_qemu(struct pp_proxy *p, const struct pp_message *m)
{
    json_t *what = json_object_get(m->json, "return");
    const json_t *event = json_object_get(m->json, "event") ? m->json : NULL;

    p->answered |= what != NULL;
    p->ops->event(p->priv, event);
    if ((what || json_object_get(m->json, "error")) &&
        is_query(p, json_object_get(m->json, "id")) && what) {
        what = p->ops->show(p->priv, what);
        if (what) {
            json_object_set_new(m->json, "return", what);
            return pp_stream_put_json(&p->client, m->json);
        }
    }
    return pp_stream_put(&p->client, m->text, m->len);
}

/* ------------------------------------------------------------------ */

static int work(struct pp_proxy *p, struct pp_stream *s,
                int (*handle)(struct pp_proxy *p, const struct pp_message *m))
{
    struct pp_message m;
    int rc = pp_stream_write(s), end = 0;

    if (rc == 0) {
        end = pp_stream_read(s);
    }
    /* What was said last is heard. */
    while (rc == 0 && pp_stream_next(s, &m)) {
        rc = handle(p, &m);
        json_decref(m.json);
    }
    return rc ? rc : end;
}

void pp_proxy_work(struct pp_proxy *p, bool client, bool qemu)
{
    int rc = 0;

    if (client && pp_proxy_busy(p)) {
        rc = work(p, &p->client, from_client);
    }
    if (rc == 0 && qemu && pp_proxy_busy(p)) {
        rc = work(p, &p->qemu, from_qemu);
    }
    if (rc != 0) {
        pp_proxy_close(p);
    }
}
