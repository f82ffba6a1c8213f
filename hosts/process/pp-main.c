/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What libxl starts as its device model. The process that libxl knows becomes
 * the real device model, so that signals, its end and its status are QEMU's
 * own; the one that has the devices is beside it, and ends with it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pp-confine.h"
#include "pp-domain.h"
#include "pp-server.h"

#define NAME "xen-pass-through"
/* No part of the other one. */
#define KEEPER_NAME "xen-pt-keeper"

/*
 * A process that does not live for longer has died of how it began. The next
 * one then has to wait, a second longer each time.
 */
#define QUICK_US 1000000
#define MAX_PAUSE_S 10

/* Bytes for a display of 2560 by 1600. */
#define ENOUGH (16 << 20)

/* Where distributions have it: Debian's, and what Xen itself installs. */
static const char *const device_models[] = {
    "/usr/libexec/xen-qemu-system-i386",
    "/usr/lib/xen/bin/qemu-system-i386",
    "/usr/libexec/xen/bin/qemu-system-i386",
    "/usr/local/lib/xen/bin/qemu-system-i386",
};

static const char *device_model(const struct pp_args *a)
{
    const size_t num = sizeof(device_models) / sizeof(device_models[0]);

    for (size_t i = 0; !a->dm && i < num; i++) {
        if (access(device_models[i], X_OK) == 0) {
            return device_models[i];
        }
    }
    return a->dm ? a->dm : device_models[0];
}

/*
 * With dm_restrict libxl allows 256 KiB, and to have more is fatal: QEMU 10 has
 * what it displays in a file in memory.
 */
static void allow_file_size(const struct pp_args *a)
{
    struct rlimit l;
    rlim_t size = (rlim_t)a->file_size;

    if (getrlimit(RLIMIT_FSIZE, &l) != 0 || l.rlim_cur >= size) {
        return;
    }
    l.rlim_cur = size;
    l.rlim_max = l.rlim_max < size ? size : l.rlim_max;
    if (setrlimit(RLIMIT_FSIZE, &l) != 0) {
        fprintf(stderr, NAME ": can't let the device model have greater files: "
                "%s\n", strerror(errno));
    }
}

static int become(const struct pp_args *a)
{
    const char *dm = device_model(a);

    allow_file_size(a);
    a->argv[0] = (char *)dm;
    execv(dm, a->argv);
    fprintf(stderr, NAME ": can't start the device model %s: %s\n", dm,
            strerror(errno));
    return 127;
}

static void keep(int fd)
{
    fcntl(fd, F_SETFD, 0);
}

static void hide(int fd)
{
    fcntl(fd, F_SETFD, FD_CLOEXEC);
}

/* Files that libxl opened for QEMU are none of ours. */
static void close_others(const struct pp_sockets *s)
{
    unsigned a = (unsigned)s->libxl, b = (unsigned)s->monitor;
    unsigned low = a < b ? a : b, high = a < b ? b : a;

    close_range(STDERR_FILENO + 1, low - 1, 0);
    close_range(low + 1, high - 1, 0);
    close_range(high + 1, ~0u, 0);
}

/*
 * What is the matter with a QEMU that has ended without a word? @limit: of a
 * file's size.
 */
static void explain(const struct pp_args *a, const struct rlimit *limit)
{
    if (limit->rlim_cur < ENOUGH && !a->file_size) {
        fprintf(stderr, NAME ": the device model has ended before it answered: "
                "QEMU 10 needs files of more than %llu bytes, see "
                "-pass-through-fsize\n", (unsigned long long)limit->rlim_cur);
    }
}

/*
 * Another process may have more luck, and it finds in the journal what is not
 * taken back. Where nothing has worked yet, libxl is to hear of it at once.
 */
static int cannot_go_on(const struct pp_journal *journal)
{
    fprintf(stderr, NAME ": can't go on\n");
    return journal->answered ? EXIT_FAILURE : EXIT_SUCCESS;
}

/*
 * Everything of one process, which may be killed. Returns its status: is
 * another one needed?
 */
static int serve(const struct pp_args *a, struct pp_sockets *s,
                 struct pp_journal *journal)
{
    struct pt_error err = { "" };
    struct pp_guest g = {
        .env = &pp_domain_env,
        .domid = a->domid,
        .ram_low = a->ram_low,
        .ram_high = a->ram_high,
        .config = a->config,
        .journal = journal,
    };
    struct rlimit limit = { .rlim_cur = RLIM_INFINITY };

    getrlimit(RLIMIT_FSIZE, &limit);
    memcpy(g.said, a->said, sizeof(g.said));
    if (pp_confine(&err) != 0) {
        fprintf(stderr, NAME ": %s\n", err.text);
        return cannot_go_on(journal);
    }
    if (pp_guest_open(&g, s->monitor) != 0 || pp_guest_recover(&g) != 0) {
        return cannot_go_on(journal);
    }
    pp_serve(&g, s);
    if (!journal->answered) {
        explain(a, &limit);
    }
    return EXIT_SUCCESS;
}

/* Those of a fault, and what children need, who are waited for. */
static bool is_needed(int sig)
{
    static const int needed[] = {
        SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGSYS, SIGTRAP, SIGCHLD,
    };
    bool found = false;

    for (unsigned i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
        found |= sig == needed[i];
    }
    return found;
}

/*
 * It ends with QEMU, and not before: the guest's devices are here. A log that
 * is full, or that nobody reads, is none. Some signals can't be ignored.
 */
static void ignore_signals(void)
{
    for (int sig = 1; sig <= SIGRTMAX; sig++) {
        if (!is_needed(sig)) {
            signal(sig, SIG_IGN);
        }
    }
}

/*
 * Wait until there is no child any more. Returns whether the last one was
 * killed, or could not go on: one that ends well has nothing more to do.
 */
static bool have_failed(void)
{
    int status = 0;

    while (waitpid(-1, &status, 0) > 0 || errno == EINTR) {
    }
    return status != 0;
}

/* Is QEMU there, and after @ms still? Its end of its monitor is. */
static bool qemu_lives(const struct pp_sockets *s, int ms)
{
    struct pollfd p = { .fd = s->monitor };

    return poll(&p, 1, ms) <= 0;
}

typedef int run_fn(const struct pp_args *a, struct pp_sockets *s,
                   struct pp_journal *journal);

/*
 * Do nothing but wait, and have another process @run where one was killed, as
 * long as there is a QEMU: without an answer the guest's processors would wait
 * for ever.
 */
static void keep_running(const struct pp_args *a, struct pp_sockets *s,
                         struct pp_journal *journal, run_fn *run)
{
    int pause = -1;  /* seconds */
    bool again;

    do {
        uint64_t start = pp_now_us();
        pid_t pid = fork();

        if (pid == 0) {
            _exit(run(a, s, journal));
        }
        if (pid < 0) {
            fprintf(stderr, NAME ": can't have another process: %s\n",
                    strerror(errno));
        }
        again = pid < 0 || have_failed();
        pause = pp_now_us() - start >= QUICK_US ? -1 :
            pause < MAX_PAUSE_S ? pause + 1 : pause;
    } while (again && qemu_lives(s, pause > 0 ? pause * 1000 : 0));
}

static int keep_serving(const struct pp_args *a, struct pp_sockets *s,
                        struct pp_journal *journal)
{
    prctl(PR_SET_NAME, NAME);
    keep_running(a, s, journal, serve);
    unlink(s->path);
    return EXIT_SUCCESS;
}

/*
 * The one before the last, for who kills all that have our name. It adopts the
 * process that serves, if only the one in between is killed.
 */
static void keep_keeping(const struct pp_args *a, struct pp_sockets *s)
{
    struct pp_journal *journal = mmap(NULL, sizeof(*journal),
                                      PROT_READ | PROT_WRITE,
                                      MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    ignore_signals();
    close_others(s);
    s->qemu_listen = -1;
    s->qemu_monitor = -1;
    prctl(PR_SET_NAME, KEEPER_NAME);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    if (journal != MAP_FAILED) {
        keep_running(a, s, journal, keep_serving);
    } else {
        fprintf(stderr, NAME ": gives up: libxl does not reach QEMU\n");
    }
    unlink(s->path);
}

/* As a grandchild, which QEMU has not to bury. Returns 0 or -errno. */
static int start_server(const struct pp_args *a, struct pp_sockets *s)
{
    pid_t child = fork();

    if (child < 0) {
        return -errno;
    }
    if (child == 0) {
        pid_t keeper = fork();

        if (keeper == 0) {
            keep_keeping(a, s);
        }
        _exit(keeper < 0 ? errno : 0);
    }
    for (int status; waitpid(child, &status, 0) == child;) {
        return WIFEXITED(status) ? -WEXITSTATUS(status) : -EIO;
    }
    return -errno;
}

static int split(struct pp_args *a, struct pt_error *err)
{
    struct pp_sockets s;
    int rc = pp_sockets_open(&s, a, err);

    if (rc == 0) {
        hide(s.libxl);
        hide(s.monitor);
        keep(s.qemu_listen);
        keep(s.qemu_monitor);
        rc = pp_args_redirect(a, s.qemu_listen, s.qemu_monitor);
        rc = rc ? rc : start_server(a, &s);
        if (rc != 0) {
            pt_fail(err, -rc, "%s", strerror(-rc));
        }
    }
    return rc;
}

int main(int argc, char **argv)
{
    struct pp_args a;
    struct pt_error err = { "" };
    int rc = pp_args_parse(&a, argc, argv, &err);

    if (rc == 0 && a.ours) {
        rc = split(&a, &err);
    }
    if (rc != 0) {
        fprintf(stderr, NAME ": %s\n", err.text);
        return EXIT_FAILURE;
    }
    return become(&a);
}
