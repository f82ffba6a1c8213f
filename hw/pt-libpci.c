/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libpci, kept from ending the process. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <pci/pci.h>

#include "pt-device-int.h"
#include "pt-libpci.h"

#if PCI_LIB_VERSION < 0x030500
#error "libpci 3.5 or later is needed: earlier ones cut domains to 16 bits"
#endif

/* More than pci_alloc() takes. */
#define RESERVE (64 * 1024)

/* The call under way in this thread, and where it is left to. */
struct guard {
    jmp_buf env;
    struct pt_libpci *said;
};

static _Thread_local struct guard *guard;

static void __attribute__((format(printf, 1, 0)))
complaint(const char *fmt, va_list ap)
{
    guard->said->errnum = errno ? errno : EIO;
    vsnprintf(guard->said->text, sizeof(guard->said->text), fmt, ap);
}

static void __attribute__((noreturn, format(printf, 1, 2)))
on_error(char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    complaint(fmt, ap);
    va_end(ap);
    longjmp(guard->env, 1);
}

static void __attribute__((format(printf, 1, 2)))
on_warning(char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    complaint(fmt, ap);
    va_end(ap);
}

static void __attribute__((format(printf, 1, 2)))
on_debug(char *fmt, ...)
{
    (void)fmt;
}

struct pci_access *pt_libpci_alloc(void)
{
    struct pci_access *acc = NULL;
    /*
     * pci_alloc() has no error callback yet and would end the process when
     * memory runs out: find out before it does. Volatile, as clang takes what
     * is only freed for granted.
     */
    void *volatile reserve = malloc(RESERVE);

    free(reserve);
    if (reserve) {
        acc = pci_alloc();
    }
    if (acc) {
        acc->error = on_error;
        acc->warning = on_warning;
        acc->debug = on_debug;
    }
    return acc;
}

bool pt_libpci_run(struct pt_libpci *said, pt_libpci_call *call, void *who,
                   void *arg)
{
    struct guard g = { .said = said };
    bool ok = false;

    said->errnum = 0;
    said->text[0] = '\0';
    guard = &g;
    errno = 0;
    if (setjmp(g.env) == 0) {
        ok = call(who, arg);
    }
    guard = NULL;
    return ok;
}

int pt_libpci_errno(const struct pt_libpci *said)
{
    return pt_real_errno(said->errnum);
}

int pt_libpci_fail(struct pt_error *err, const struct pt_libpci *said,
                   const char *name)
{
    return pt_fail(err, pt_libpci_errno(said), "%s%slibpci: %s",
                   name ? name : "", name ? ": " : "",
                   said->text[0] ? said->text : "no answer");
}
