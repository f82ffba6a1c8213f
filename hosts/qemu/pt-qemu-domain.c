/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest's domain, which the devices share: from the first that joins to
 * the last that leaves, or to the end of the process.
 */
#include "pt-qemu.h"

#include "qemu/main-loop.h"
#include "qemu/notify.h"

/* The process has one, as it has one xen_xc. */
static struct {
    struct pt_xen xen;
    QLIST_HEAD(, PtQemu) members;
    Notifier shutdown;
    Notifier exit;
    MemoryListener listener;
    QEMUBH *settle;
} domain;

/* ------------------------------------------------------------------ */
/* Other devices come, move and go                                     */

/*
 * One of them may have made room for a region that had none, or be where one
 * of ours is. Our own moves end up here, too, and find all in its place.
 */
static void settle(void *opaque)
{
    PtQemu *s;

    QLIST_FOREACH(s, &domain.members, next) {
        if (s->dev) {
            memory_region_transaction_begin();
            pt_bars_recheck(s->dev);
            pt_qemu_refresh(s);
            memory_region_transaction_commit();
        }
    }
}

static void memory_changed(MemoryListener *listener)
{
    qemu_bh_schedule(domain.settle);
}

/* ------------------------------------------------------------------ */
/* The end                                                             */

void pt_qemu_release(PtQemu *s)
{
    timer_del(&s->timer);
    if (s->dev) {
        if (s->ending) {
            pt_detach_left(s->dev);
        } else {
            pt_detach(s->dev);
        }
        s->dev = NULL;
        pt_device_close(&s->host);
    }
}

/*
 * libxl may have taken the device back before. This is also for what ends the
 * process without much ado: exit().
 */
static void process_ends(Notifier *n, void *data)
{
    PtQemu *s;

    QLIST_FOREACH(s, &domain.members, next) {
        s->ending = true;
        pt_qemu_release(s);
    }
}

/*
 * The toolstack waits neither for this process nor for its disks, which are
 * flushed before notifiers of exit() run: by then the device may be another
 * guest's. A guest that powers off ends no process of libxl's (-no-shutdown);
 * its devices are then removed one by one.
 */
static void machine_ends(Notifier *n, void *data)
{
    if (shutdown_action == SHUTDOWN_ACTION_POWEROFF) {
        process_ends(n, data);
    }
}

/* ------------------------------------------------------------------ */
/* Members                                                             */

static int open_domain(struct pt_error *err)
{
    int rc = pt_xen_open(&domain.xen, xen_xc, xen_domid);

    if (rc != 0) {
        return pt_fail(err, -rc, "can't open Xen for domain %u: %s",
                       xen_domid, strerror(-rc));
    }
    domain.settle = qemu_bh_new(settle, NULL);
    domain.listener = (MemoryListener) {
        .name = TYPE_PT_QEMU, .commit = memory_changed,
    };
    memory_listener_register(&domain.listener, &address_space_memory);
    domain.shutdown.notify = machine_ends;
    qemu_register_shutdown_notifier(&domain.shutdown);
    domain.exit.notify = process_ends;
    qemu_add_exit_notifier(&domain.exit);
    return 0;
}

struct pt_xen *pt_qemu_join(PtQemu *s, struct pt_error *err)
{
    if (!xen_enabled() || !xen_xc) {
        pt_fail(err, ENODEV, "%s needs a guest of Xen (-accel xen)",
                TYPE_PT_QEMU);
        return NULL;
    }
    if (QLIST_EMPTY(&domain.members) && open_domain(err) != 0) {
        return NULL;
    }
    QLIST_INSERT_HEAD(&domain.members, s, next);
    return &domain.xen;
}

void pt_qemu_leave(PtQemu *s)
{
    QLIST_REMOVE(s, next);
    if (QLIST_EMPTY(&domain.members)) {
        qemu_remove_exit_notifier(&domain.exit);
        notifier_remove(&domain.shutdown);
        memory_listener_unregister(&domain.listener);
        qemu_bh_delete(domain.settle);
        pt_xen_close(&domain.xen);
    }
}

/* ------------------------------------------------------------------ */
/* Soft reset                                                          */

bool pt_qemu_soft_reset(void)
{
    xc_domaininfo_t info;

    return xc_domain_getinfolist(xen_xc, xen_domid, 1, &info) == 1 &&
        info.domain == xen_domid && (info.flags & XEN_DOMINF_shutdown) &&
        ((info.flags >> XEN_DOMINF_shutdownshift) &
         XEN_DOMINF_shutdownmask) == SHUTDOWN_soft_reset;
}
