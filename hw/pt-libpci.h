/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libpci, kept from ending the process: its error callback must not return
 * and gets no argument of ours. All that uses libpci goes through here.
 */
#ifndef PT_LIBPCI_H
#define PT_LIBPCI_H

#include <stdbool.h>

#include "pt-device.h"

struct pci_access;

/* What libpci said during a call. */
struct pt_libpci {
    int errnum;      /* at its last complaint; 0: it had none */
    char text[160];
};

/* Something that uses libpci. Returns false if it failed. */
typedef bool pt_libpci_call(void *who, void *arg);

/*
 * A fresh access structure, with callbacks that end the call under way;
 * NULL: no memory. The caller sets what else he wants before pci_init().
 */
struct pci_access *pt_libpci_alloc(void);

/*
 * Run @call, which may end in the middle of a function of libpci's: what it
 * has to give back must be known to its caller. Not inside of another one in
 * the same thread.
 * Returns false if @call or libpci failed; @said tells what libpci said.
 */
bool pt_libpci_run(struct pt_libpci *said, pt_libpci_call *call, void *who,
                   void *arg);

/* Why it failed: EACCES, ENOMEM, ENODEV, else EIO. */
int pt_libpci_errno(const struct pt_libpci *said);

/* The same as an error of @name's (may be NULL), negative. */
int pt_libpci_fail(struct pt_error *err, const struct pt_libpci *said,
                   const char *name);

#endif
