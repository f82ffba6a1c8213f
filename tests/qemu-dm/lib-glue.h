/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the tests of the glue share. */
#ifndef LIB_GLUE_H
#define LIB_GLUE_H

#include <sys/wait.h>
#include <unistd.h>

#include "card.h"
#include "lib-machine.h"
#include "pt-mmio.h"

#define F0 "0000:03:00.0"
#define F1 "0000:03:00.1"

/* Refused: told at once, with @reason; nothing is left. */
static inline void refused(const char *request, const char *text,
                           const char *reason)
{
    unsigned leaks = sim_xen_leaks(&tree.xen, NULL, 0);

    assert_string_equal(tree_command("pci-ins", request),
                        "pci-insert-failed");
    assert_string_equal(tree.parameter, text);
    if (!strstr(tree.failed_parameter, reason)) {
        fail_msg("'%s' does not name '%s'", tree.failed_parameter, reason);
    }
    assert_int_equal(sim_xen_leaks(&tree.xen, NULL, 0), leaks);
}

#define NO_SLOT "no free hotplug devfn"
#define T(name) cmocka_unit_test_setup_teardown(name, start, stop)

#endif
