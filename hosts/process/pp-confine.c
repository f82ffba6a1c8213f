/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fewer capabilities, and a filter of system calls. Who may talk to
 * /dev/xen/privcmd is as mighty as dom0's kernel, so this is against accidents
 * and for what is hard to do by hypercalls alone: other programs, the network,
 * other processes.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/capability.h>
#include <seccomp.h>

#include "pp-confine.h"

/* ------------------------------------------------------------------ */
/* Capabilities                                                        */

/*
 * By Linux' own calls: a library would do no more, and be one more to need.
 *
 * Xen's devices, regions and resets need none, as these files are root's. Who
 * waits for this process keeps all: that closes it to this one, which is the
 * same user.
 */
static const uint64_t kept =
    /* Who opens a function's config gets 64 bytes without, and who opens
     * /proc/iomem no addresses. */
    UINT64_C(1) << CAP_SYS_ADMIN |
    /* What libxencall locks where there is no /dev/xen/hypercall. */
    UINT64_C(1) << CAP_IPC_LOCK |
    /* A romfile or a policy file in the home of who starts guests. */
    UINT64_C(1) << CAP_DAC_READ_SEARCH;

/* Nothing can be started, so it is the second lock on that door. */
static int drop_bounding(void)
{
    for (unsigned long n = 0; n < 32 * _LINUX_CAPABILITY_U32S_3; n++) {
        if (!(kept >> n & 1) && prctl(PR_CAPBSET_READ, n, 0, 0, 0) > 0 &&
            prctl(PR_CAPBSET_DROP, n, 0, 0, 0) != 0) {
            return -errno;
        }
    }
    return 0;
}

/* Whoever starts this without privileges has none to lose. */
static int drop_capabilities(void)
{
    struct __user_cap_header_struct head = {
        .version = _LINUX_CAPABILITY_VERSION_3,
    };
    struct __user_cap_data_struct words[_LINUX_CAPABILITY_U32S_3];
    int rc = 0;

    if (syscall(SYS_capget, &head, words) != 0) {
        return -errno;
    }
    if (words[CAP_TO_INDEX(CAP_SETPCAP)].effective & CAP_TO_MASK(CAP_SETPCAP)) {
        rc = drop_bounding();
    }
    for (unsigned i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
        words[i].permitted &= (uint32_t)(kept >> 32 * i);
        words[i].effective &= (uint32_t)(kept >> 32 * i);
        words[i].inheritable = 0;
    }
    /* The ambient ones go with the inheritable ones. */
    return rc ? rc : syscall(SYS_capset, &head, words) == 0 ? 0 : -errno;
}

/* ------------------------------------------------------------------ */
/* System calls                                                        */

static const int allowed[] = {
    /* QMP, the log, the loop */
    SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(readv), SCMP_SYS(writev),
    SCMP_SYS(recvmsg), SCMP_SYS(sendmsg), SCMP_SYS(accept4),
    SCMP_SYS(connect), SCMP_SYS(poll), SCMP_SYS(ppoll), SCMP_SYS(close),
    SCMP_SYS(fcntl), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigaction),
    SCMP_SYS(rt_sigreturn), SCMP_SYS(restart_syscall),
    SCMP_SYS(clock_gettime), SCMP_SYS(clock_nanosleep), SCMP_SYS(nanosleep),
    /* sysfs, policy files, Xen's devices */
    SCMP_SYS(pread64), SCMP_SYS(pwrite64), SCMP_SYS(lseek), SCMP_SYS(fstat),
    SCMP_SYS(stat), SCMP_SYS(lstat), SCMP_SYS(newfstatat), SCMP_SYS(statx),
    SCMP_SYS(access), SCMP_SYS(faccessat), SCMP_SYS(faccessat2),
    SCMP_SYS(readlink), SCMP_SYS(readlinkat), SCMP_SYS(getdents64),
    SCMP_SYS(ioctl),
    /* memory, and the C library's own */
    SCMP_SYS(mmap), SCMP_SYS(munmap), SCMP_SYS(mprotect), SCMP_SYS(mremap),
    SCMP_SYS(madvise), SCMP_SYS(mlock), SCMP_SYS(munlock), SCMP_SYS(brk),
    SCMP_SYS(futex), SCMP_SYS(getrandom), SCMP_SYS(getpid),
    SCMP_SYS(gettid), SCMP_SYS(sched_yield), SCMP_SYS(exit),
    SCMP_SYS(exit_group), SCMP_SYS(set_robust_list), SCMP_SYS(rseq),
};

/* Files that are there: none is made, and none emptied. */
static int allow_open(scmp_filter_ctx f)
{
    static const struct scmp_arg_cmp open_flags = {
        .arg = 1, .op = SCMP_CMP_MASKED_EQ, .datum_a = O_CREAT | O_TRUNC,
    };
    static const struct scmp_arg_cmp openat_flags = {
        .arg = 2, .op = SCMP_CMP_MASKED_EQ, .datum_a = O_CREAT | O_TRUNC,
    };
    int rc = seccomp_rule_add_array(f, SCMP_ACT_ALLOW, SCMP_SYS(open), 1,
                                    &open_flags);

    return rc ? rc : seccomp_rule_add_array(f, SCMP_ACT_ALLOW,
                                            SCMP_SYS(openat), 1,
                                            &openat_flags);
}

static int fill(scmp_filter_ctx f)
{
    static const struct scmp_arg_cmp local = {
        .arg = 0, .op = SCMP_CMP_EQ, .datum_a = AF_UNIX,
    };
    /* For a device's reset: see pt-device-reset.c. */
    static const struct scmp_arg_cmp thread = {
        .arg = 0, .op = SCMP_CMP_MASKED_EQ, .datum_a = CLONE_THREAD,
        .datum_b = CLONE_THREAD,
    };
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < sizeof(allowed) / sizeof(allowed[0]);
         i++) {
        rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, allowed[i], 0);
    }
    rc = rc ? rc : allow_open(f);
    if (rc == 0) {
        rc = seccomp_rule_add_array(f, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1,
                                    &local);
    }
    if (rc == 0) {
        rc = seccomp_rule_add_array(f, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
                                    &thread);
    }
    /* What it makes is in memory: the C library is to take the other one. */
    if (rc == 0) {
        rc = seccomp_rule_add(f, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
    }
    return rc;
}

int pp_confine(struct pt_error *err)
{
    scmp_filter_ctx f = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    int rc = f ? fill(f) : -ENOMEM;

    rc = rc ? rc : drop_capabilities();
    /* This also says that there are no new privileges. */
    rc = rc ? rc : seccomp_load(f);
    if (f) {
        seccomp_release(f);
    }
    return rc == 0 ? 0 : pt_fail(err, -rc, "can't give privileges up: %s",
                                 strerror(-rc));
}
