/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A monitor of our own. */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <string.h>
#include <time.h>

#include "pp-monitor.h"

#define MAX_FIRST 0x3fffffffu

static uint64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

int pp_monitor_open(struct pp_monitor *m, int fd)
{
    /* Who was killed before us may have left questions of the first numbers. */
    *m = (struct pp_monitor) {
        .asked = (unsigned)now_ms() & MAX_FIRST, .events = json_array(),
    };
    pp_stream_open(&m->s, fd);
    return m->events ? 0 : -ENOMEM;
}

void pp_monitor_close(struct pp_monitor *m)
{
    pp_stream_close(&m->s);
    json_decref(m->events);
    m->events = NULL;
}

/* ------------------------------------------------------------------ */
/* Listening                                                           */

/* To anything: what QEMU can't read it answers without an ID. */
static bool is_answer(const json_t *json)
{
    return json_object_get(json, "return") || json_object_get(json, "error");
}

/*
 * Messages that were read: events are kept. Returns the answer to question @id,
 * the caller's, or NULL.
 */
static json_t *look_for(struct pp_monitor *m, unsigned id)
{
    struct pp_message msg;

    while (pp_stream_next(&m->s, &msg)) {
        const json_t *of = json_object_get(msg.json, "id");

        if (json_object_get(msg.json, "event")) {
            if (json_array_size(m->events) < PP_MAX_EVENTS) {
                json_array_append(m->events, msg.json);
            }
        } else if (is_answer(msg.json)) {
            m->silent = false;
            if (json_is_integer(of) &&
                json_integer_value(of) == (json_int_t)id) {
                return msg.json;
            }
        }
        json_decref(msg.json);
    }
    return NULL;
}

int pp_monitor_read(struct pp_monitor *m)
{
    int rc = pp_stream_read(&m->s);

    json_decref(look_for(m, 0));
    return rc;
}

void pp_monitor_wait(const struct pp_monitor *m, int ms)
{
    struct pollfd p = { .fd = m->s.fd, .events = POLLIN };

    poll(&p, 1, ms);
}

json_t *pp_monitor_event(struct pp_monitor *m)
{
    json_t *event = json_incref(json_array_get(m->events, 0));

    if (event) {
        json_array_remove(m->events, 0);
    }
    return event;
}

/* ------------------------------------------------------------------ */
/* Asking                                                              */

static int send_question(struct pp_monitor *m, const char *command,
                         json_t *args, unsigned *id)
{
    json_t *cmd;
    int rc;

    *id = ++m->asked;
    cmd = json_pack("{s:s, s:o*, s:i}", "execute", command, "arguments", args,
                    "id", (int)*id);
    rc = cmd ? pp_stream_put_json(&m->s, cmd) : -ENOMEM;
    json_decref(cmd);
    return rc;
}

/* Until @end, for the answer to @id. */
static int wait_for(struct pp_monitor *m, unsigned id, uint64_t end,
                    json_t **answer)
{
    while (!(*answer = look_for(m, id))) {
        uint64_t now = now_ms();
        struct pollfd p = {
            .fd = m->s.fd,
            .events = (short)(POLLIN | (pp_stream_waits(&m->s) ? POLLOUT : 0)),
        };
        int rc;

        if (now >= end) {
            m->silent = true;
            return -ETIMEDOUT;
        }
        if (poll(&p, 1, (int)(end - now)) < 0 && errno != EINTR) {
            return -errno;
        }
        rc = pp_stream_write(&m->s);
        if (rc == 0 && p.revents) {
            rc = pp_stream_read(&m->s);
        }
        if (rc != 0) {
            /* What it said last may be what is waited for. */
            *answer = look_for(m, id);
            return *answer ? 0 : rc;
        }
    }
    return 0;
}

/* QEMU's reason, without what a terminal or a log would obey. */
static int say_why(const json_t *error, struct pt_error *err)
{
    const char *desc = json_string_value(json_object_get(error, "desc"));

    pt_fail(err, EREMOTEIO, "%.200s", desc ? desc : "QEMU gives no reason");
    for (char *p = err ? err->text : NULL; p && *p; p++) {
        *p = (unsigned char)*p < ' ' ? ' ' : *p;
    }
    return -EREMOTEIO;
}

static int ask(struct pp_monitor *m, const char *command, json_t *args,
               uint64_t end, json_t **answer, struct pt_error *err)
{
    json_t *reply = NULL, *value;
    unsigned id;
    int rc = send_question(m, command, args, &id);

    if (rc == 0) {
        rc = wait_for(m, id, end, &reply);
    }
    if (rc != 0) {
        return pt_fail(err, -rc, "QEMU does not answer to %s: %s", command,
                       strerror(-rc));
    }
    value = json_object_get(reply, "return");
    if (!value) {
        rc = say_why(json_object_get(reply, "error"), err);
    } else if (answer) {
        *answer = json_incref(value);
    }
    json_decref(reply);
    return rc;
}

bool pp_monitor_late(struct pp_monitor *m)
{
    if (m->silent) {
        json_decref(look_for(m, 0));
    }
    return m->silent;
}

/*
 * An answer that is late comes before this one, in the same time. One that is
 * lost never comes: who waited for it would never ask again.
 */
int pp_monitor_ask(struct pp_monitor *m, const char *command, json_t *args,
                   unsigned ms, json_t **answer, struct pt_error *err)
{
    uint64_t end = now_ms() + ms;

    if (!m->begun) {
        int rc = ask(m, "qmp_capabilities", NULL, end, NULL, err);
        /* It may know already: a process before us told it. */
        if (rc != 0 && rc != -EREMOTEIO) {
            json_decref(args);
            return rc;
        }
        m->begun = true;
    }
    return ask(m, command, args, end, answer, err);
}

int pp_monitor_tell(struct pp_monitor *m, const char *command, json_t *args)
{
    unsigned id;
    int rc = send_question(m, command, args, &id);

    m->silent = true;
    return rc ? rc : pp_stream_write(&m->s);
}
