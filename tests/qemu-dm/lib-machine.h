/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A classic device model that has booted, before and after each test. */
#ifndef TESTS_QEMU_DM_LIB_MACHINE_H
#define TESTS_QEMU_DM_LIB_MACHINE_H

#include <stdio.h>

#include "tree.h"

static inline int start(void **state)
{
    (void)state;
    gfx_passthru = direct_pci_msitranslate = direct_pci_power_mgmt = 0;
    logfile = tmpfile();
    tree_start();
    tree_boot();
    return logfile ? 0 : -1;
}

static inline int stop(void **state)
{
    unsigned faults = tree_stop();

    (void)state;
    fclose(logfile);
    logfile = NULL;
    return faults ? -1 : 0;
}

#endif
