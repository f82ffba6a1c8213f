/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The reconciler. Hooks change what the guest wants; here, and nowhere else,
 * Xen and the device are brought to it, in one order: what must go, regions,
 * interrupts, Command last.
 */
#include "pt-command.h"
#include "pt-dev.h"
#include "pt-msi.h"

/*
 * What Command has now, and whether the device still has the rest. If not, it
 * gets it back once it is awake: Xen gives messages up in its memory.
 */
static int look(struct pt_dev *d)
{
    bool lost;
    int rc = pt_command_look(d, &lost);

    if (lost && pt_pm_asleep(d)) {
        d->lost = true;
    } else if (lost) {
        pt_lost(d, PT_LOST_REGISTERS);
    }
    return rc;
}

/* All but Command: what @what says, and what a look has found besides. */
static void reconcile(struct pt_dev *d, unsigned what)
{
    what |= d->dirty;
    d->dirty = 0;
    if (what & PT_DIRTY_REGIONS) {
        pt_bars_leave(d);
        pt_bars_enter(d);
        pt_irq_table_moved(d);
    }
    if (what & PT_DIRTY_IRQ) {
        pt_irq_sync(d);
    }
}

/* Last, and never unseen: the device may be gone, or not at its addresses. */
static int command(struct pt_dev *d)
{
    int rc = 0;

    if ((d->deaf & PT_DEAF_ALL) || !pt_command_waits(d)) {
        return 0;
    }
    /* Messages that went took Interrupt Disable along. */
    if (!d->command_known) {
        rc = look(d);
        reconcile(d, 0);
    }
    return rc == 0 ? pt_command_sync(d) : rc;
}

int pt_sync(struct pt_dev *d)
{
    unsigned what = d->dirty;
    int rc = 0;

    d->dirty = 0;
    if (!d->started || !what) {
        return 0;
    }
    if (what & PT_DIRTY_RESET) {
        pt_flr_begin(d);
    }
    if (d->deaf & PT_DEAF_RESET) {
        return 0;  /* all of it follows at its end */
    }
    if ((what & PT_DIRTY_COMMAND) || (d->lost && !pt_pm_asleep(d))) {
        rc = look(d);
    }
    pt_command_leave(d);
    reconcile(d, what);
    rc = rc == 0 ? command(d) : rc;
    d->command_known = false;  /* the guest's driver can reset the device */
    return rc;
}

/* ------------------------------------------------------------------ */
/* Time                                                                */

void pt_call_again(struct pt_dev *d)
{
    uint64_t us = pt_irq_tick_at(d);

    us = us < d->call_us ? us : d->call_us;
    if (d->bus->ops->call_at && (us & d->called_us) != PT_NEVER) {
        d->called_us = us;
        d->bus->ops->call_at(d->bus->priv, us);
    }
}

void pt_call_at(struct pt_dev *d, uint64_t us)
{
    d->call_us = us;
    pt_call_again(d);
}

void pt_tick(struct pt_dev *d)
{
    if (d->deaf & PT_DEAF_RESET) {
        pt_flr_tick(d);
    } else if ((d->deaf & PT_DEAF_POWER) &&
               d->bus->ops->now_us(d->bus->priv) >= d->pm.ready_us) {
        pt_pm_finish(d);
    }
    if (pt_irq_tick_at(d) != PT_NEVER) {
        pt_irq_tick(d);
        pt_call_again(d);
    }
}

bool pt_listens(struct pt_dev *d)
{
    if (d->deaf & PT_DEAF_POWER) {
        pt_pm_finish(d);
    }
    if (d->deaf & PT_DEAF_RESET) {
        pt_flr_look(d);
    }
    return !(d->deaf & PT_DEAF_ALL);
}

/* ------------------------------------------------------------------ */
/* The end                                                             */

/* Its own reset holds it: no access, as each would wait for the end. */
static void end_in_reset(struct pt_dev *d)
{
    pt_log(d, PT_LOG_WARNING, "detached in its reset, which has not ended: "
           "nothing is written to it");
    d->left = true;
    pt_bars_stop(d);
    pt_irq_leave(d);
}

void pt_sync_end(struct pt_dev *d)
{
    if (!pt_flr_settle(d)) {
        end_in_reset(d);
        return;
    }
    pt_pm_settle(d);
    pt_pm_rest(d);
    pt_restore_missed(d);
    pt_restore_changed(d);
    pt_forget(d);
    pt_bars_stop(d);
    pt_irq_stop(d);
    pt_command_hand_back(d);
}
