/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An assigned device's life: seen, attached, reset, detached.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pt-pci.h"
#include "pt-dev.h"
#include "pt-command.h"
#include "pt-msi.h"
#include "pt-window.h"

#define HEADER_TYPE_MASK 0x7f

/* All tables; what a device has and this list does not is hidden too. */
const struct pt_group *const pt_groups[] = {
    &pt_group_pm,
    &pt_group_vpd,
    &pt_group_vendor,
    &pt_group_pcie,
    &pt_group_pcix,
    &pt_group_msi,
    &pt_group_msix,
    &pt_group_af,
    /* Of extended space. */
    &pt_group_aer,
    &pt_group_dsn,
    &pt_group_ext_vendor,
    &pt_group_acs,
    &pt_group_rebar,
    &pt_group_ltr,
    &pt_group_l1ss,
    &pt_group_ptm,
    &pt_group_dvsec,
    NULL,
};

const struct pt_device_info *pt_info(const struct pt_dev *d)
{
    return &d->host->info;
}

/* ------------------------------------------------------------------ */
/* Attach                                                              */

static int check_args(const struct pt_args *args, struct pt_error *err)
{
    char addr[PT_SBDF_LEN];

    if (args->policy.strict && args->policy.permissive) {
        return pt_fail(err, EINVAL,
                       "%s: strict and permissive exclude each other",
                       pt_sbdf_str(&args->host->info.addr, addr));
    }
    return pt_masks_check(&args->policy, err);
}

/* Take the one block read, and refuse what can't be assigned. */
static int take_snapshot(struct pt_dev *d, struct pt_error *err)
{
    char addr[PT_SBDF_LEN];
    uint32_t id, class;
    uint8_t type;
    int rc = d->host->ops->read(d->host->priv, 0, d->snap, PT_CFG_SIZE);

    pt_sbdf_str(&d->host->info.addr, addr);
    if (rc != 0) {
        return pt_fail(err, -rc, "%s: can't read its configuration space: %s",
                       addr, pt_strerror(rc));
    }
    id = pt_load(d->snap + PCI_VENDOR_ID, 4);
    type = d->snap[PCI_HEADER_TYPE] & HEADER_TYPE_MASK;
    if (id == UINT32_MAX && pt_load(d->snap + PCI_COMMAND, 4) == UINT32_MAX) {
        return pt_fail(err, ENODEV,
                       "%s: reads all ones: it does not answer", addr);
    }
    if (type != PCI_HEADER_TYPE_NORMAL) {
        return pt_fail(err, EOPNOTSUPP,
                       "%s: header type %u: bridges can't be assigned", addr,
                       type);
    }
    class = pt_load(d->snap + PCI_CLASS_DEVICE, 2);
    if (class == PCI_CLASS_BRIDGE_HOST || class == PCI_CLASS_BRIDGE_ISA) {
        return pt_fail(err, EOPNOTSUPP,
                       "%s: the host's own bridge (class %04x) can't be "
                       "assigned", addr, class);
    }
    return 0;
}

struct pt_dev *pt_view(const struct pt_args *args, struct pt_error *err)
{
    struct pt_dev *d;

    if (check_args(args, err) != 0) {
        return NULL;
    }
    d = calloc(1, sizeof(*d));
    if (!d) {
        pt_fail(err, ENOMEM, "out of memory");
        return NULL;
    }
    d->host = args->host;
    d->xen = args->xen;
    d->bus = args->bus;
    d->policy = args->policy;
    d->devfn = args->devfn;
    d->multifunction = args->multifunction;
    d->size = PT_CFG_SIZE;
    d->call_us = d->called_us = PT_NEVER;

    if (take_snapshot(d, err) != 0) {
        pt_detach(d);
        return NULL;
    }
    pt_flr_init(d);
    pt_command_init(d);
    pt_bars_init(d);
    pt_chain_walk(d);
    pt_pm_init(d);
    if (pt_chain_add(d, err) != 0) {
        pt_detach(d);
        return NULL;
    }
    pt_ext_chain_walk(d);
    if (pt_irq_init(d) != 0) {
        pt_fail(err, ENOMEM, "out of memory");
        pt_detach(d);
        return NULL;
    }
    if (pt_space_build(d, err) != 0 || pt_windows_init(d, err) != 0) {
        pt_detach(d);
        return NULL;
    }
    pt_bars_split(d);
    return d;
}

static const char *policy_name(const struct pt_policy *p)
{
    return p->strict ? "strict" : p->permissive ? "permissive" : "default";
}

/* "; windows: NAME, NAME", each name once. */
static const char *window_names(const struct pt_dev *d, char *buf, size_t size)
{
    struct pt_window_seen w;
    const char *last = NULL;
    size_t n = 0;
    unsigned i;

    buf[0] = '\0';
    for (i = 0; pt_window_look(d, i, &w) && n < size; i++) {
        if (w.on && w.name != last) {
            n += (size_t)snprintf(buf + n, size - n, "%s%s",
                                  n ? ", " : "; windows: ", w.name);
            last = w.name;
        }
    }
    return buf;
}

/* One line for what is in force and what the guest gets. */
static void log_attached(const struct pt_dev *d, const char *origin)
{
    char caps[512] = "", windows[128];
    size_t n = 0;
    unsigned i;

    for (i = 0; i < pt_num_caps(d); i++) {
        const struct pt_cap *c = &d->cap[i];

        n += (size_t)snprintf(caps + n, sizeof(caps) - n, " %s%s@%02x",
                              c->added ? "+" :
                              c->fate == PT_EXPOSED ? "" : "-",
                              c->group->name, c->pos);
        if (n >= sizeof(caps)) {
            break;
        }
    }
    pt_log(d, PT_LOG_INFO, "attached at %02x.%x: policy %s, power_mgmt=%d, "
           "msitranslate=%s, extended=%d, flr=%s; capabilities (-: hidden, "
           "+: added):%s%s%s%s", d->devfn >> 3, d->devfn & 7,
           policy_name(&d->policy), d->policy.power_mgmt && d->pm.pos,
           pt_irq_translation(d), d->size > PT_CFG_SIZE, pt_flr_state(d),
           i ? caps : " none",
           window_names(d, windows, sizeof(windows)), origin ? "; " : "",
           origin ? origin : "");
}

/* Take what the view only looked at. 0 or -errno, and the reason in @err. */
static int start(struct pt_dev *d, struct pt_error *err)
{
    char addr[PT_SBDF_LEN];
    int rc = pt_pm_wake(d, err);

    if (rc != 0) {
        return rc;
    }
    rc = pt_bars_place(d);
    if (rc == 0) {
        rc = pt_irq_start(d);
        pt_space_reset(d);  /* with the MSIs that Xen really gives */
    }
    if (rc == 0) {
        d->dirty = PT_DIRTY_REGIONS;
        rc = pt_sync(d);
    }
    if (rc != 0) {
        pt_fail(err, -rc, "%s: can't write its configuration space: %s",
                pt_sbdf_str(&d->host->info.addr, addr), pt_strerror(rc));
    }
    return rc;
}

/* What it takes to reset the device; without, the guest is not offered it. */
static int prepare_reset(const struct pt_args *args)
{
    const struct pt_device *host = args->host;

    if (!args->policy.flr || !host->info.can_flr) {
        return 0;
    }
    return host->ops->reset_prepare ? host->ops->reset_prepare(host->priv) :
        -ENOSYS;
}

struct pt_dev *pt_attach(const struct pt_args *args, struct pt_error *err)
{
    struct pt_args a = *args;
    int rc = prepare_reset(args);
    struct pt_dev *d;

    a.policy.flr = args->policy.flr && rc == 0;
    d = pt_view(&a, err);
    if (!d) {
        return NULL;
    }
    if (rc != 0) {
        pt_log(d, PT_LOG_WARNING, "can't prepare its reset, which is not "
               "offered to the guest: %s", pt_strerror(rc));
    }
    d->started = true;
    if (start(d, err) != 0) {
        pt_detach(d);
        return NULL;
    }
    d->known_to_libxl = true;
    log_attached(d, args->origin);
    return d;
}

/* ------------------------------------------------------------------ */
/* Reset and detach                                                    */

void pt_reset(struct pt_dev *d)
{
    if (!d->started) {
        pt_space_reset(d);
        return;
    }
    if (!pt_flr_settle(d)) {
        pt_forget(d);  /* the rest when it has ended */
        return;
    }
    pt_pm_settle(d);
    pt_pm_rest(d);
    pt_restore_missed(d);
    pt_restore_changed(d);
    pt_forget(d);
    pt_irq_reset(d);
    pt_sync(d);
    /* Some devices let their driver at Command through a BAR. */
    d->dirty |= PT_DIRTY_COMMAND;
    pt_sync(d);
}

/* A timer that is set is for a device that there is. */
static void destroy(struct pt_dev *d)
{
    if (d->called_us != PT_NEVER) {
        d->bus->ops->call_at(d->bus->priv, PT_NEVER);
    }
    pt_irq_free(d);
    free(d);
}

void pt_detach(struct pt_dev *d)
{
    if (!d) {
        return;
    }
    if (d->started) {
        pt_sync_end(d);
    }
    destroy(d);
}

/* How many MSIs the device has, whatever the guest is offered; 0: none. */
static unsigned num_msis(const struct pt_dev *d)
{
    for (unsigned i = 0; i < d->num_caps; i++) {
        if (d->cap[i].id == PCI_CAP_ID_MSI) {
            return 1u << ((pt_load(d->snap + d->cap[i].pos + PCI_MSI_FLAGS,
                                   2) & PCI_MSI_FLAGS_QMASK) >> 1);
        }
    }
    return 0;
}

static bool has_msix(const struct pt_dev *d)
{
    for (unsigned i = 0; i < d->num_caps; i++) {
        if (d->cap[i].id == PCI_CAP_ID_MSIX) {
            return true;
        }
    }
    return false;
}

void pt_attach_undo(struct pt_dev *d)
{
    if (d) {
        d->known_to_libxl = false;
    }
    pt_detach(d);
}

void pt_detach_left(struct pt_dev *d)
{
    int rc;

    if (d) {
        d->known_to_libxl = false;  /* it takes all, or has */
    }
    rc = d && d->started ?
        d->xen->ops->owns(d->xen->priv, &d->host->info.addr, has_msix(d),
                          num_msis(d)) : 1;

    if (rc != 1) {
        d->left = true;
        pt_log(d, PT_LOG_INFO, "%s: nothing is written to it", rc == 0 ?
               "has left the domain" : "may be another domain's by now");
    }
    if (rc >= 0) {
        pt_detach(d);
        return;
    }
    pt_bars_stop(d);
    pt_irq_leave(d);
    destroy(d);
}

void pt_set_multifunction(struct pt_dev *d, bool on)
{
    d->multifunction = on;
    d->copy[PCI_HEADER_TYPE] = (uint8_t)(PCI_HEADER_TYPE_NORMAL |
                                         (on ? PT_MULTIFUNCTION : 0));
}
