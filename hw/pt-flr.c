/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Function level reset, as the guest asks for it: PCI Express Base 3.0 section
 * 6.6.2, and the Advanced Features ECN.
 *
 * The guest's write takes back what the guest has of the device, as falling
 * asleep does. The reset itself is the operating system's: it holds every
 * access to the function meanwhile, so that nothing here touches the device
 * until it has ended. Until then the guest reads all ones, as of a function
 * that does not answer yet, and its writes are dropped.
 */
#include <errno.h>
#include <string.h>

#include "pt-pci.h"
#include "pt-command.h"
#include "pt-dev.h"
#include "pt-irq.h"

/* From one to the next: at most four a second. One that is too early waits. */
#define EVERY_US 250000
/* A function has this long; Linux sleeps it through. PCIe 3.0, 6.6.2. */
#define FIRST_LOOK_US 100000
#define NEXT_LOOK_US 10000
/* Nothing that is well takes as long; Linux gives a device up after 60 s. */
#define LATE_US 10000000
#define LATE_LOOK_US 1000000
/* Who has to go on all the same waits so long: a second, and some. */
#define PATIENCE_US 1200000
#define STEP_US 1000

static uint64_t now_us(const struct pt_dev *d)
{
    return d->bus->ops->now_us(d->bus->priv);
}

/* ------------------------------------------------------------------ */
/* The end                                                             */

static void over(struct pt_dev *d)
{
    d->deaf &= (uint8_t)~PT_DEAF_RESET;
    d->flr.failed = false;
    pt_call_at(d, PT_NEVER);
}

static void fail(struct pt_dev *d, int rc)
{
    d->flr.failed = true;
    pt_call_at(d, PT_NEVER);
    pt_log_once(d, PT_ONCE_RESET_FAILED, PT_LOG_ERROR, "the reset that the "
                "guest asked for failed: %s; until the guest is reset, it "
                "reads all ones, and the device does nothing", pt_strerror(rc));
}

static void end(struct pt_dev *d)
{
    over(d);
    pt_pm_was_reset(d);
    pt_lost(d, PT_LOST_RESET);
    pt_sync(d);
}

/* ------------------------------------------------------------------ */
/* The beginning                                                       */

static void start(struct pt_dev *d)
{
    uint64_t now = now_us(d);
    int rc = d->host->ops->reset_start(d->host->priv);

    d->flr.not_before_us = now + EVERY_US;
    if (rc != 0) {
        fail(d, rc);
        return;
    }
    d->flr.begun = d->flr.running = true;
    d->flr.late_us = now + LATE_US;
    d->flr.look_us = now + FIRST_LOOK_US;
    pt_call_at(d, d->flr.look_us);
}

/*
 * Also where the function sleeps: what Xen has of its messages then goes when
 * it is awake again, as it does after D3hot.
 */
void pt_flr_begin(struct pt_dev *d)
{
    bool mapped;

    pt_log_once(d, PT_ONCE_RESET, PT_LOG_INFO, "the guest resets it (further "
                "resets are not logged)");
    pt_bars_leave(d);
    pt_irq_sync(d);
    pt_restore_changed(d);
    pt_command_decode(d);
    mapped = pt_bars_mapped(d);
    d->flr.asked = d->flr.begun = false;
    d->deaf |= PT_DEAF_RESET;
    d->command_known = false;
    if (mapped) {
        /* An access of the guest's could end in an error of the host's. */
        fail(d, -EBUSY);
    } else if (now_us(d) < d->flr.not_before_us) {
        pt_call_at(d, d->flr.not_before_us);
    } else {
        start(d);
    }
}

bool pt_flr_ask(struct pt_dev *d, struct pt_access *a)
{
    if (d->flr.offered) {
        a->fwd = 0;  /* what else it says goes with the reset */
        d->flr.asked = true;
        d->dirty |= PT_DIRTY_RESET;
    }
    return d->flr.offered;
}

/* ------------------------------------------------------------------ */
/* Meanwhile                                                           */

static void late(struct pt_dev *d, uint64_t now)
{
    bool is_late = now >= d->flr.late_us;

    if (is_late) {
        pt_log_once(d, PT_ONCE_RESET_LATE, PT_LOG_ERROR, "the reset that the "
                    "guest asked for has not ended after %u s; until it "
                    "does, the guest reads all ones", LATE_US / 1000000);
    }
    if (now >= d->flr.look_us) {
        d->flr.look_us = now + (is_late ? LATE_LOOK_US : NEXT_LOOK_US);
    }
}

void pt_flr_look(struct pt_dev *d)
{
    uint64_t now = now_us(d);
    int rc;

    if (d->flr.failed) {
        return;
    }
    if (!d->flr.running) {
        if (now >= d->flr.not_before_us) {
            start(d);
        }
        return;
    }
    rc = d->host->ops->reset_result(d->host->priv);
    if (rc == -EINPROGRESS) {
        late(d, now);
        return;
    }
    d->flr.running = false;
    if (rc != 0) {
        fail(d, rc);
    } else {
        end(d);
    }
}

void pt_flr_tick(struct pt_dev *d)
{
    pt_flr_look(d);
    if ((d->deaf & PT_DEAF_RESET) && !d->flr.failed) {
        pt_call_at(d, d->flr.running ? d->flr.look_us : d->flr.not_before_us);
    }
}

bool pt_flr_settle(struct pt_dev *d)
{
    uint64_t end_us = now_us(d) + PATIENCE_US;

    if (!(d->deaf & PT_DEAF_RESET)) {
        return true;
    }
    while (d->flr.running && !d->left) {
        pt_flr_look(d);
        if (!d->flr.running || now_us(d) >= end_us) {
            break;
        }
        d->bus->ops->delay_us(d->bus->priv, STEP_US);
    }
    if (d->flr.running) {
        return false;
    }
    if (d->deaf & PT_DEAF_RESET) {
        over(d);
        if (d->flr.begun) {
            /* It failed: who knows what there is left. */
            pt_pm_was_reset(d);
            pt_lost(d, PT_LOST_RESET);
        }
    }
    return true;
}

/* ------------------------------------------------------------------ */
/* What the guest is offered                                           */

void pt_flr_init(struct pt_dev *d)
{
    d->flr.offered = d->policy.flr && d->host->info.can_flr;
}

const char *pt_flr_state(const struct pt_dev *d)
{
    return d->flr.offered ? "1" : d->policy.flr ?
        "0 (the host can't reset this function alone)" : "0";
}
