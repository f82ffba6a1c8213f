/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hosts/process: what is given up, each time in a process of its own. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/capability.h>
#include <cmocka.h>

#include "lib-temp.h"
#include "pp-confine.h"

#define NO_FILTER 99

/* Whose system calls are not the program's own: the filter would be for them. */
static bool is_instrumented(void)
{
    const char *preload = getenv("LD_PRELOAD");

#if defined(__SANITIZE_ADDRESS__)
    return true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
    return true;
#endif
#endif
    return preload && strstr(preload, "vgpreload");
}

/* What @act returns in a process that is confined: 0..98. */
static int confined(int (*act)(void))
{
    int status = -1;
    pid_t pid;

    pid = fork();
    if (pid == 0) {
        struct pt_error err;

        _exit(pp_confine(&err) == 0 ? act() : NO_FILTER);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void *say(void *arg)
{
    *(int *)arg = 1;
    return NULL;
}

/* 0: there was one. */
static int make_thread(void)
{
    pthread_t thread;
    int said = 0;
    int rc = pthread_create(&thread, NULL, say, &said);

    return rc != 0 || pthread_join(thread, NULL) != 0 || !said;
}

static int make_process(void)
{
    pid_t pid = fork();

    if (pid == 0) {
        _exit(0);
    }
    return pid < 0 ? errno : 0;
}

static int make_program(void)
{
    char *const argv[] = { (char *)"/bin/true", NULL };

    execv(argv[0], argv);
    return errno;
}

static int make_socket(void)
{
    return socket(AF_INET, SOCK_STREAM, 0) < 0 ? errno : 0;
}

static int make_local_socket(void)
{
    return socket(AF_UNIX, SOCK_STREAM, 0) < 0 ? errno : 0;
}

/* ------------------------------------------------------------------ */
/* Capabilities                                                        */

#define BIT(n) (UINT64_C(1) << (n))

static const uint64_t needed = BIT(CAP_SYS_ADMIN) | BIT(CAP_IPC_LOCK) |
    BIT(CAP_DAC_READ_SEARCH);

/* What this process has before. */
static struct {
    uint64_t permitted, effective, bounding;
    int pid;
} before;

/* A set of this process, as Linux tells it: "CapEff:". */
static uint64_t capabilities(const char *set)
{
    char text[4096];
    int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
    ssize_t n = read(fd, text, sizeof(text) - 1);
    const char *at;

    close(fd);
    text[n > 0 ? n : 0] = '\0';
    at = strstr(text, set);
    return at ? strtoull(at + strlen(set), NULL, 16) : UINT64_MAX;
}

static int too_many_capabilities(void)
{
    return capabilities("CapPrm:") != (before.permitted & needed) ||
        capabilities("CapEff:") != (before.effective & needed) ||
        capabilities("CapInh:") != 0 || capabilities("CapAmb:") != 0;
}

static int wide_bounds(void)
{
    return capabilities("CapBnd:") != (before.bounding & needed);
}

static int write_parent(void)
{
    char path[32];

    snprintf(path, sizeof(path), "/proc/%d/mem", before.pid);
    return open(path, O_RDWR | O_CLOEXEC) < 0 ? errno : 0;
}

static void look_at_capabilities(void)
{
    before.permitted = capabilities("CapPrm:");
    before.effective = capabilities("CapEff:");
    before.bounding = capabilities("CapBnd:");
    before.pid = getpid();
}

static void capabilities_were_kept(void **state)
{
    (void)state;
    look_at_capabilities();
    assert_int_equal(confined(too_many_capabilities), 0);
    if (!(before.permitted & ~needed)) {
        print_message("# this user has none to lose\n");
        skip();
    }
}

static void bounds_of_capabilities_were_kept(void **state)
{
    (void)state;
    look_at_capabilities();
    if (!(before.effective & BIT(CAP_SETPCAP))) {
        print_message("# this user can't change them\n");
        skip();
    }
    assert_int_equal(confined(wide_bounds), 0);
}

/* Who has more capabilities is closed to who has fewer, of the same user. */
static void another_process_could_be_written(void **state)
{
    (void)state;
    look_at_capabilities();
    if (!(before.permitted & ~needed)) {
        print_message("# this user has no more than is kept\n");
        skip();
    }
    assert_int_equal(confined(write_parent), EACCES);
}

/* ------------------------------------------------------------------ */
/* System calls                                                        */

/* A device that the guest can reset has one; see pt-device-reset.c. */
static void a_thread_could_not_be_made(void **state)
{
    (void)state;
    assert_int_equal(confined(make_thread), 0);
}

static void no_process_is_made(void **state)
{
    (void)state;
    assert_int_equal(confined(make_process), EPERM);
    assert_int_equal(confined(make_program), EPERM);
}

static void no_network(void **state)
{
    (void)state;
    assert_int_equal(confined(make_socket), EPERM);
    assert_int_equal(confined(make_local_socket), 0);
}

/* A file of this test's own, and the name of none. */
static char present[TEMP_MAX], absent[TEMP_MAX + 4];

static int make_files(void **state)
{
    int fd = mkstemp(temp_path(present, "confine"));

    (void)state;
    snprintf(absent, sizeof(absent), "%s-no", present);
    return fd < 0 || write(fd, "1", 1) != 1 || close(fd) != 0;
}

static int remove_files(void **state)
{
    (void)state;
    unlink(absent);
    unlink(present);
    return 0;
}

static int failed(int rc)
{
    return rc < 0 ? errno : 0;
}

static int make_file(void)
{
    return failed(open(absent, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
}

/* Which the C library does not use any more. */
static int make_file_by_open(void)
{
#ifdef SYS_open
    return failed((int)syscall(SYS_open, absent, O_WRONLY | O_CREAT, 0600));
#else
    return EPERM;
#endif
}

static int make_file_by_creat(void)
{
    return failed(creat(absent, 0600));
}

static int empty_file(void)
{
    return failed(open(present, O_WRONLY | O_TRUNC | O_CLOEXEC));
}

static int remove_file(void)
{
    return failed(unlink(present));
}

static int remove_file_at(void)
{
    return failed(unlinkat(AT_FDCWD, present, 0));
}

static int rename_file(void)
{
    return failed(rename(present, absent));
}

static int open_file(void)
{
    return failed(open(present, O_RDWR | O_CLOEXEC)) ||
        failed(open("/proc/self/status", O_RDONLY | O_CLOEXEC)) ||
        !fopen(present, "re");
}

static void a_file_was_made(void **state)
{
    (void)state;
    assert_int_equal(confined(make_file), EPERM);
    assert_int_equal(confined(make_file_by_open), EPERM);
    assert_int_equal(confined(make_file_by_creat), EPERM);
    assert_int_equal(access(absent, F_OK), -1);
}

static void a_file_was_removed(void **state)
{
    (void)state;
    assert_int_equal(confined(remove_file), EPERM);
    assert_int_equal(confined(remove_file_at), EPERM);
    assert_int_equal(confined(rename_file), EPERM);
    assert_int_equal(access(present, F_OK), 0);
}

static void a_file_was_emptied(void **state)
{
    (void)state;
    assert_int_equal(confined(empty_file), EPERM);
}

/* As a device's, when it is plugged. */
static void files_are_opened(void **state)
{
    (void)state;
    assert_int_equal(confined(open_file), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(capabilities_were_kept),
        cmocka_unit_test(bounds_of_capabilities_were_kept),
        cmocka_unit_test(another_process_could_be_written),
        cmocka_unit_test(a_thread_could_not_be_made),
        cmocka_unit_test(no_process_is_made),
        cmocka_unit_test(no_network),
        cmocka_unit_test(a_file_was_made),
        cmocka_unit_test(a_file_was_removed),
        cmocka_unit_test(a_file_was_emptied),
        cmocka_unit_test(files_are_opened),
    };

    if (is_instrumented()) {
        puts("1..0 # SKIP the filter would be for the instrument");
        return 0;
    }
    return cmocka_run_group_tests_name("hosts/process: what it may do", tests,
                                       make_files, remove_files);
}
