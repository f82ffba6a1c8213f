/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Trapped windows of ports on the tree's dispatch of ports, of which Xen sends
 * it all. Each port has one opaque pointer there, for handlers of all widths;
 * who registers over another's ends the process, and no port is asked whose it
 * is. So ours is NULL, which all may register over, the window is found by the
 * port, and what was registered stays, and does what the tree does where
 * nothing is.
 */
#ifndef PT_PORTS_H
#define PT_PORTS_H

#include "pt-bus.h"

/* Windows of ports at a time. */
#define PT_PORTS_WINDOWS 32

/*
 * No windows: for a new life of the tree's. @written: after a write of the
 * guest's, which can have moved BARs; may be NULL.
 */
void pt_ports_init(void (*written)(void));

/*
 * Send the guest's accesses to [@t->gpa, @t->gpa + @t->size), where no region
 * of an emulated PCI device is, to the engine. Returns 0, -EBUSY (these are the
 * PC's own, or there are none), or -ENOSPC.
 */
int pt_ports_on(struct pt_trap *t);

/* No longer. */
void pt_ports_off(struct pt_trap *t);

#endif
