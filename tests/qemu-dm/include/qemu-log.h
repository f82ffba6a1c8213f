/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Checked against qemu-xen-traditional's qemu-log.h, master of 2020
 * (3d273dd0) and stable-4.2 of 2014. It includes nothing.
 */
#ifndef QEMU_LOG_H
#define QEMU_LOG_H

extern FILE *logfile;
extern int loglevel;

#endif
