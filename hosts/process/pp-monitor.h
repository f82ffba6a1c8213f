/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A monitor of QEMU's that is ours alone: questions, which are waited for, and
 * events. QEMU is not trusted: it may be a guest's by now.
 */
#ifndef PP_MONITOR_H
#define PP_MONITOR_H

#include "pt-device.h"
#include "pp-stream.h"

/* Events that come while an answer is waited for are kept. */
#define PP_MAX_EVENTS 1024

struct pp_monitor {
    struct pp_stream s;
    unsigned asked;   /* questions so far, which is their ID */
    bool begun;       /* QEMU knows that we want to talk */
    bool silent;      /* it did not answer in time, and to nothing since */
    json_t *events;   /* an array */
};

/* @fd becomes the monitor's. Returns 0 or -ENOMEM. */
int pp_monitor_open(struct pp_monitor *m, int fd);
void pp_monitor_close(struct pp_monitor *m);

/*
 * Does QEMU owe us an answer that is late? Who has no time for it asks no more.
 * Reads without waiting.
 */
bool pp_monitor_late(struct pp_monitor *m);

/*
 * Ask, and wait for at most @ms, behind answers that are late. @args: taken
 * over, NULL: none. *@answer (may be NULL): what QEMU returned, the caller's.
 * Returns 0, or -EREMOTEIO (QEMU's own words are in @err), -ETIMEDOUT,
 * -errno: there is no QEMU any more.
 */
int pp_monitor_ask(struct pp_monitor *m, const char *command, json_t *args,
                   unsigned ms, json_t **answer, struct pt_error *err);

/*
 * Ask, after what was asked before, and let the answer be late. @args: taken
 * over. Returns 0 or -errno.
 */
int pp_monitor_tell(struct pp_monitor *m, const char *command, json_t *args);

/*
 * Read what there is without waiting. Returns 0, or -errno: there is no QEMU
 * any more. What it said is told by pp_monitor_event() all the same.
 */
int pp_monitor_read(struct pp_monitor *m);

/* Wait for at most @ms until there is something to be read. */
void pp_monitor_wait(const struct pp_monitor *m, int ms);

/* The next event that came, the caller's, or NULL. */
json_t *pp_monitor_event(struct pp_monitor *m);
/* How many there are. */
static inline size_t pp_monitor_events(const struct pp_monitor *m)
{
    return json_array_size(m->events);
}

#endif
