/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The real device's function level reset, in a sysfs tree of our own making:
 * who offers it, and that nobody waits for it. Writing to sysfs's `reset`
 * blocks; here it is a full pipe that does.
 */
#include "lib-sysfs.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <time.h>

static struct pt_device dev;

static bool can_flr(void)
{
    bool can;

    open_self(&dev);
    can = dev.info.can_flr;
    pt_device_close(&dev);
    return can;
}

static void it_is_the_operating_system_s_word(void **state)
{
    static const struct {
        const char *methods;
        bool can;
    } says[] = {
        { "flr\n", true },
        { "af_flr\n", true },
        { "flr bus\n", true },
        { "device_specific acpi flr pm bus\n", true },
        { "pm bus\n", false },
        { "bus\n", false },
        { "cxl_bus pm\n", false },
        { "device_specific\n", false },
        { "noflr flrs af_flrs\n", false },
        { "\n", false },
        { "", false },
    };

    (void)state;
    /* Linux before 5.15 does not say. */
    assert_false(can_flr());
    for (unsigned i = 0; i < sizeof(says) / sizeof(says[0]); i++) {
        put_text(SELF, "reset_method", says[i].methods);
        assert_int_equal(can_flr(), says[i].can);
    }
}

/* They are other guests', and go with it. */
static void not_with_virtual_functions(void **state)
{
    (void)state;
    put_text(SELF, "reset_method", "flr bus\n");
    put_text(SELF, "sriov_numvfs", "0\n");
    assert_true(can_flr());
    put_text(SELF, "sriov_numvfs", "7\n");
    assert_false(can_flr());
}

/* What pcifront has of a reset ends in the backend. */
static void not_in_a_stub_domain(void **state)
{
    char from[PATH_MAX], to[PATH_MAX];

    (void)state;
    put_text(SELF, "reset_method", "flr\n");
    assert_true(can_flr());
    snprintf(to, sizeof(to), "%s/pci-0", root);
    assert_int_equal(mkdir(to, 0755), 0);
    path_of(from, SELF, "");
    from[strlen(from) - 1] = '\0';
    snprintf(to, sizeof(to), "%s/pci-0/" SELF, root);
    assert_int_equal(rename(from, to), 0);
    assert_int_equal(symlink(to, from), 0);
    assert_false(can_flr());
    assert_int_equal(unlink(from), 0);
    assert_int_equal(rename(to, from), 0);
}

/* ------------------------------------------------------------------ */
/* The reset                                                           */

static void opened(void)
{
    put_text(SELF, "reset_method", "flr\n");
    open_self(&dev);
}

static uint64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static int result(void)
{
    const struct timespec ms = { .tv_nsec = 1000000 };
    int rc, left = 20000;

    while ((rc = dev.ops->reset_result(dev.priv)) == -EINPROGRESS && left--) {
        nanosleep(&ms, NULL);
    }
    return rc;
}

static off_t written(void)
{
    char path[PATH_MAX];
    struct stat st;

    path_of(path, SELF, "reset");
    assert_int_equal(stat(path, &st), 0);
    return st.st_size;
}

static void each_is_one_write(void **state)
{
    (void)state;
    put_text(SELF, "reset", "");
    opened();
    assert_int_equal(dev.ops->reset_start(dev.priv), -ENXIO);
    assert_int_equal(dev.ops->reset_prepare(dev.priv), 0);
    assert_int_equal(dev.ops->reset_prepare(dev.priv), 0);
    assert_int_equal(written(), 0);
    for (int i = 1; i <= 3; i++) {
        assert_int_equal(dev.ops->reset_start(dev.priv), 0);
        assert_int_equal(result(), 0);
        assert_int_equal(written(), i);
    }
    pt_device_close(&dev);
    drop(SELF, "reset");
}

static void it_can_t_be_prepared(void **state)
{
    char path[PATH_MAX];

    (void)state;
    opened();
    assert_int_equal(dev.ops->reset_prepare(dev.priv), -ENOENT);
    path_of(path, SELF, "reset");
    assert_int_equal(mkdir(path, 0755), 0);
    assert_int_equal(dev.ops->reset_prepare(dev.priv), -EISDIR);
    assert_int_equal(rmdir(path), 0);
    pt_device_close(&dev);
}

/* A device that is full is one whose reset fails. */
static void the_operating_system_refuses(void **state)
{
    char path[PATH_MAX];

    (void)state;
    path_of(path, SELF, "reset");
    assert_int_equal(symlink("/dev/full", path), 0);
    opened();
    assert_int_equal(dev.ops->reset_prepare(dev.priv), 0);
    assert_int_equal(dev.ops->reset_start(dev.priv), 0);
    assert_int_equal(result(), -ENOSPC);
    pt_device_close(&dev);
    drop(SELF, "reset");
}

/* A pipe that is full: who writes to it waits until somebody reads. */
static int full_pipe(void)
{
    char path[PATH_MAX], some[4096] = { 0 };
    int fd;

    path_of(path, SELF, "reset");
    assert_int_equal(mkfifo(path, 0600), 0);
    fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    assert_true(fd >= 0);
    while (write(fd, some, sizeof(some)) > 0) {
    }
    return fd;
}

/* Read until nothing comes any more; the last byte. */
static char drain(int fd)
{
    struct pollfd p = { .fd = fd, .events = POLLIN };
    char some[4096], last = 0;
    ssize_t n;

    while (poll(&p, 1, 500) > 0 && (n = read(fd, some, sizeof(some))) > 0) {
        last = some[n - 1];
    }
    return last;
}

static void nobody_waits_for_it(void **state)
{
    uint64_t began;
    int fd;

    (void)state;
    fd = full_pipe();
    opened();
    assert_int_equal(dev.ops->reset_prepare(dev.priv), 0);
    began = now_ms();
    assert_int_equal(dev.ops->reset_start(dev.priv), 0);
    assert_int_equal(dev.ops->reset_start(dev.priv), -EBUSY);
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(dev.ops->reset_result(dev.priv), -EINPROGRESS);
    }
    assert_true(now_ms() - began < 5000);
    assert_int_equal(drain(fd), '1');
    assert_int_equal(result(), 0);
    pt_device_close(&dev);
    close(fd);
    drop(SELF, "reset");
}

/* It goes on without the device, and its thread ends with it. */
static void closed_in_the_middle(void **state)
{
    int fd;

    (void)state;
    fd = full_pipe();
    opened();
    assert_int_equal(dev.ops->reset_prepare(dev.priv), 0);
    assert_int_equal(dev.ops->reset_start(dev.priv), 0);
    while (dev.ops->reset_result(dev.priv) != -EINPROGRESS) {
    }
    pt_device_close(&dev);
    pt_device_close(&dev);
    drain(fd);
    close(fd);
    drop(SELF, "reset");
}

static unsigned threads(void)
{
    unsigned n = 0;
    DIR *d = opendir("/proc/self/task");
    const struct dirent *e;

    assert_non_null(d);
    while ((e = readdir(d))) {
        n += e->d_name[0] != '.';
    }
    closedir(d);
    return n;
}

/* Until only @n are left: what a thread of it has open goes before it. */
static void wait_for_threads(unsigned n)
{
    const struct timespec ms = { .tv_nsec = 1000000 };

    for (int i = 0; i < 20000 && threads() != n; i++) {
        nanosleep(&ms, NULL);
    }
}

static void nothing_is_left_of_it(void **state)
{
    unsigned files = open_files(), n = threads();

    (void)state;
    put_text(SELF, "reset", "");
    for (int i = 0; i < 20; i++) {
        opened();
        assert_int_equal(dev.ops->reset_prepare(dev.priv), 0);
        if (i & 1) {
            assert_int_equal(dev.ops->reset_start(dev.priv), 0);
        }
        if (i & 2) {
            result();
        }
        pt_device_close(&dev);
    }
    wait_for_threads(n);
    assert_int_equal(open_files(), files);
    assert_int_equal(threads(), n);
    drop(SELF, "reset");
}

/* A signal of the device model's goes to its own threads. */
static volatile sig_atomic_t elsewhere;
static pthread_t me;

static void on_signal(int sig)
{
    (void)sig;
    elsewhere += !pthread_equal(pthread_self(), me);
}

static void it_takes_no_signals(void **state)
{
    struct sigaction act = { .sa_handler = on_signal }, old;
    sigset_t usr1, was;

    (void)state;
    put_text(SELF, "reset", "");
    opened();
    me = pthread_self();
    elsewhere = 0;
    sigaction(SIGUSR1, &act, &old);
    assert_int_equal(dev.ops->reset_prepare(dev.priv), 0);
    sigemptyset(&usr1);
    sigaddset(&usr1, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &usr1, &was);
    for (int i = 0; i < 100; i++) {
        kill(getpid(), SIGUSR1);
        assert_int_equal(dev.ops->reset_start(dev.priv), 0);
        assert_int_equal(result(), 0);
    }
    pthread_sigmask(SIG_SETMASK, &was, NULL);
    assert_int_equal(elsewhere, 0);
    sigaction(SIGUSR1, &old, NULL);
    pt_device_close(&dev);
    drop(SELF, "reset");
}

/* For valgrind, the stack of one that is about to end is lost. */
static int all_have_ended(void **state)
{
    (void)state;
    wait_for_threads(1);
    return threads() == 1 ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(it_is_the_operating_system_s_word),
        TEST(not_with_virtual_functions),
        TEST(not_in_a_stub_domain),
        TEST(each_is_one_write),
        TEST(it_can_t_be_prepared),
        TEST(the_operating_system_refuses),
        TEST(nobody_waits_for_it),
        TEST(closed_in_the_middle),
        TEST(nothing_is_left_of_it),
        TEST(it_takes_no_signals),
    };

    return cmocka_run_group_tests_name("reset of a real device", tests, NULL,
                                       all_have_ended);
}
