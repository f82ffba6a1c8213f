/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef QEMU_CUTILS_H
#define QEMU_CUTILS_H

void pstrcpy(char *to, int size, const char *from);

#endif
