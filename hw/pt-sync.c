/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The reconciler. Hooks change what the guest wants; here, and nowhere else,
 * Xen and the device are brought to it, in one order: what must go, regions,
 * interrupts, Command last.
 */
#include "pt-command.h"
#include "pt-dev.h"
#include "pt-msi.h"

int pt_sync(struct pt_dev *d)
{
    unsigned what = d->dirty;
    bool lost = false;
    int rc = 0;

    d->dirty = 0;
    if (!d->started || !what) {
        return 0;
    }
    /* Not seen, Command is not written either: the device may be gone. */
    if ((what & PT_DIRTY_COMMAND) || d->lost) {
        rc = pt_command_look(d, &lost);
    }
    if (lost) {
        pt_lost(d, false);
        what |= d->dirty;
        d->dirty = 0;
    }
    if (rc == 0) {
        pt_command_leave(d);
    }
    if (what & PT_DIRTY_REGIONS) {
        pt_bars_leave(d);
        pt_bars_enter(d);
        pt_irq_table_moved(d);
    }
    if (what & PT_DIRTY_IRQ) {
        pt_irq_sync(d);
    }
    return rc == 0 ? pt_command_sync(d) : rc;
}

void pt_sync_end(struct pt_dev *d)
{
    pt_pm_settle(d);
    pt_pm_rest(d);
    pt_restore_missed(d);
    pt_restore_changed(d);
    pt_forget(d);
    pt_bars_stop(d);
    pt_irq_stop(d);
    pt_command_hand_back(d);
}
