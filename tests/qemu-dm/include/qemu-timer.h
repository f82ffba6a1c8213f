/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Checked against qemu-xen-traditional's qemu-timer.h, master of 2020
 * (3d273dd0). It does not include qemu-common.h, which has QEMUTimer.
 */
#ifndef QEMU_TIMER_H
#define QEMU_TIMER_H

typedef struct QEMUClock QEMUClock;
typedef void QEMUTimerCB(void *opaque);

/* Runs while the guest is stopped, too; in milliseconds. */
extern QEMUClock *rt_clock;

int64_t qemu_get_clock(QEMUClock *clock);

QEMUTimer *qemu_new_timer(QEMUClock *clock, QEMUTimerCB *cb, void *opaque);
void qemu_free_timer(QEMUTimer *ts);
void qemu_del_timer(QEMUTimer *ts);
void qemu_mod_timer(QEMUTimer *ts, int64_t expire_time);

#endif
