/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The real device's function level reset, through sysfs.
 *
 * Writing to `reset` returns when it is done: after 100 ms, or a minute if the
 * device does not come back. So a thread of its own writes, which exists from
 * the attach on: when the guest asks there is nothing left that can fail. (A
 * child would not do: device models run with a seccomp filter that allows no
 * fork, and have other uses for SIGCHLD; and it would take the guest's mapped
 * memory along.) What both sides need goes with the last of them: a device
 * that is closed in the middle of it leaves the thread to its end.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pt-device-int.h"

#define STACK_SIZE 65536

struct pt_real_reset {
    int fd;              /* of sysfs's `reset` */
    sem_t go;            /* to the thread: reset, or end */
    atomic_bool closed;
    atomic_int result;   /* of the last reset, 0 or -errno; -EINPROGRESS */
    atomic_int users;    /* the device and the thread */
};

/* ------------------------------------------------------------------ */
/* Can it be done?                                                     */

/* A line of @file; "" if there is none. */
static void line_of(const struct pt_real *r, const char *file, char *line,
                    int size)
{
    char path[PATH_MAX + 32];
    FILE *f;

    snprintf(path, sizeof(path), "%s/%s", r->dir, file);
    f = fopen(path, "re");
    if (!f || !fgets(line, size, f)) {
        line[0] = '\0';
    }
    if (f) {
        fclose(f);
    }
}

static bool has_word(char *line, const char *word)
{
    char *rest = NULL, *w = strtok_r(line, " \n", &rest);

    while (w && strcmp(w, word) != 0) {
        w = strtok_r(NULL, " \n", &rest);
    }
    return w != NULL;
}

static bool has_method(const struct pt_real *r, const char *method)
{
    char line[256];

    line_of(r, "reset_method", line, sizeof(line));
    return has_word(line, method);
}

bool pt_real_can_flr(const struct pt_real *r)
{
    char vfs[32];

    /* Its virtual functions, which others may have, would go with it. */
    line_of(r, "sriov_numvfs", vfs, sizeof(vfs));
    return !pt_real_behind_pcifront(r) && strtol(vfs, NULL, 10) == 0 &&
        (has_method(r, "flr") || has_method(r, "af_flr"));
}

/* ------------------------------------------------------------------ */
/* The thread                                                          */

static void put(struct pt_real_reset *s)
{
    if (atomic_fetch_sub(&s->users, 1) == 1) {
        close(s->fd);
        sem_destroy(&s->go);
        free(s);
    }
}

static int write_reset(int fd)
{
    ssize_t n = write(fd, "1", 1);

    return n == 1 ? 0 : n < 0 ? -errno : -EIO;
}

static void *reset_thread(void *arg)
{
    struct pt_real_reset *s = arg;

    for (;;) {
        while (sem_wait(&s->go) != 0) {
        }
        if (atomic_load(&s->closed)) {
            break;
        }
        atomic_store(&s->result, write_reset(s->fd));
    }
    put(s);
    return NULL;
}

/* The device model's signals are for its own threads. */
static int start_thread(struct pt_real_reset *s)
{
    pthread_attr_t attr;
    sigset_t all, old;
    pthread_t thread;
    int rc = pthread_attr_init(&attr);

    if (rc != 0) {
        return -rc;
    }
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attr, STACK_SIZE);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    rc = pthread_create(&thread, &attr, reset_thread, s);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    pthread_attr_destroy(&attr);
    return -rc;
}

/* ------------------------------------------------------------------ */
/* For the device                                                      */

int pt_real_reset_prepare(void *priv)
{
    struct pt_real *r = priv;
    char path[PATH_MAX + sizeof("/reset")];
    struct pt_real_reset *s;
    int rc;

    if (r->reset) {
        return 0;
    }
    s = calloc(1, sizeof(*s));
    if (!s) {
        return -ENOMEM;
    }
    snprintf(path, sizeof(path), "%s/reset", r->dir);
    s->fd = open(path, O_WRONLY | O_CLOEXEC);
    if (s->fd < 0) {
        rc = -errno;
        free(s);
        return rc;
    }
    sem_init(&s->go, 0, 0);
    atomic_init(&s->closed, false);
    atomic_init(&s->result, 0);
    atomic_init(&s->users, 2);
    rc = start_thread(s);
    if (rc != 0) {
        put(s);  /* for the thread that there is not, */
        put(s);
        return rc;
    }
    r->reset = s;
    return 0;
}

int pt_real_reset_start(void *priv)
{
    struct pt_real_reset *s = ((struct pt_real *)priv)->reset;

    if (!s) {
        return -ENXIO;
    }
    if (atomic_load(&s->result) == -EINPROGRESS) {
        return -EBUSY;
    }
    atomic_store(&s->result, -EINPROGRESS);
    return sem_post(&s->go) == 0 ? 0 : -errno;
}

int pt_real_reset_result(void *priv)
{
    struct pt_real_reset *s = ((struct pt_real *)priv)->reset;

    return s ? atomic_load(&s->result) : -ENXIO;
}

void pt_real_reset_close(struct pt_real *r)
{
    struct pt_real_reset *s = r->reset;

    r->reset = NULL;
    if (s) {
        atomic_store(&s->closed, true);
        sem_post(&s->go);
        put(s);
    }
}
