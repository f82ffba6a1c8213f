/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * After a process that was killed: its devices are taken from the guest, which
 * reads all ones where they were until it lets go of them, and goes on.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pt-pci.h"
#include "pp-guest.h"

static void forget_log(void *priv, enum pt_level level, const char *line)
{
    (void)priv;
    (void)level;
    (void)line;
}

static const struct pt_bus_ops no_bus = { .log = forget_log };

/*
 * Is it the guest's still? Xen is to be told whether it has MSI-X, which is at
 * *@msix_pos then, and how many MSIs.
 */
static bool owned(const struct pp_guest *g, struct pt_device *host,
                  uint16_t *msix_pos)
{
    const struct pt_bus bus = { .ops = &no_bus };
    const struct pt_args args = { .host = host, .bus = &bus };
    struct pt_dev *view = pt_view(&args, NULL);
    unsigned msis = 0;
    int rc;

    *msix_pos = 0;
    for (unsigned i = 0; view && i < pt_num_caps(view); i++) {
        const struct pt_cap *c = pt_cap_at(view, i);
        struct pt_byte flags;

        *msix_pos = c->id == PCI_CAP_ID_MSIX ? c->pos : *msix_pos;
        if (c->id == PCI_CAP_ID_MSI) {
            pt_look(view, (uint16_t)(c->pos + PCI_MSI_FLAGS), &flags);
            msis = 1u << ((flags.copy & PCI_MSI_FLAGS_QMASK) >> 1);
        }
    }
    rc = view ? g->xen.ops->owns(g->xen.priv, &host->info.addr, *msix_pos != 0,
                                  msis) : -1;
    pt_detach(view);
    return rc == 1;
}

/* Xen switches off MSI when it takes the message back, and not MSI-X. */
static void end_messages(const struct pt_device *host, uint16_t pos)
{
    uint8_t flags[2];

    if (host->ops->read(host->priv, pos + PCI_CAP_FLAGS, flags, 2) == 0) {
        flags[1] &= (uint8_t)~(PCI_MSIX_ENABLE >> 8);
        host->ops->write(host->priv, pos + PCI_CAP_FLAGS, flags, 2);
    }
}

/* Without DMA, and messages, which are that as well. */
static void silence(const struct pt_device *host, uint16_t msix)
{
    uint8_t command[2];

    if (host->ops->read(host->priv, PCI_COMMAND, command, 2) == 0) {
        command[0] &= (uint8_t)~PCI_COMMAND_MASTER;
        host->ops->write(host->priv, PCI_COMMAND, command, 2);
    }
    if (msix) {
        end_messages(host, msix);
    }
}

/* But for DMA. */
static void as_found(const struct pt_device *host, const struct pp_entry *e)
{
    const uint8_t command[2] = {
        e->command[0] & (uint8_t)~PCI_COMMAND_MASTER, e->command[1],
    };

    host->ops->write(host->priv, PCI_COMMAND, command, 2);
}

/* All devices, @undone: after what Xen did for them is undone, and before. */
static void quiet(struct pp_guest *g, bool undone)
{
    for (unsigned i = 0; i < PP_NUM_DEVFN; i++) {
        const struct pp_entry *e = &g->journal->device[i];
        struct pt_device host = { .ops = NULL };
        uint16_t msix;

        if (!e->id[0] || g->env->open_device(&host, &e->addr, NULL) != 0) {
            continue;
        }
        if (owned(g, &host, &msix)) {
            if (undone) {
                as_found(&host, e);
            } else {
                silence(&host, msix);
            }
        }
        pt_device_close(&host);
    }
}

static void end_windows(struct pp_guest *g)
{
    struct pp_journal *j = g->journal;

    while (j->num) {
        const struct pp_deed d = j->deed[j->num - 1];

        (d.kind == PP_PORT_WINDOW ? pp_ioreq_claim_ports :
         pp_ioreq_claim_memory)(&g->ioreq, d.guest, d.nr, false);
        pp_journal_strike(j, &d);
    }
}

/* In its place is one that is none, as long as QEMU has the placeholder. */
static bool bury(struct pp_guest *g, uint8_t devfn)
{
    const struct pp_entry *e = &g->journal->device[devfn];
    struct pp_device *d = calloc(1, sizeof(*d));

    if (!d) {
        return false;
    }
    *d = (struct pp_device) {
        .guest = g, .devfn = devfn, .claimed = true,
    };
    pt_times_init(&d->times);
    memcpy(d->id, e->id, sizeof(d->id));
    pp_device_enter(d);
    fprintf(stderr, "error: %s: the process that had it was killed: the guest "
            "has it no more\n", d->id);
    return true;
}

int pp_guest_recover(struct pp_guest *g)
{
    const struct pp_journal *j = g->journal;
    struct pt_error err = { "" };
    int rc;

    if (!j->server) {
        return 0;
    }
    rc = g->env->open_domain(g, &err);
    if (rc != 0) {
        fprintf(stderr, "error: %s\n", err.text);
        return rc;
    }
    g->joined = true;
    quiet(g, false);
    pp_journal_undo(g->journal, &g->xen);
    quiet(g, true);
    pp_journal_record(&g->recorder, g->journal, &g->xen);
    rc = pp_ioreq_adopt(&g->ioreq, j->server_id, &err);
    if (rc != 0) {
        fprintf(stderr, "error: %s\n", err.text);
        return rc;
    }
    end_windows(g);
    for (unsigned i = 0; i < PP_NUM_DEVFN; i++) {
        if (j->device[i].id[0] && !bury(g, (uint8_t)i)) {
            return -1;
        }
    }
    /* QEMU may have no placeholder yet, or no more. */
    pp_guest_look(g, PP_PATIENCE, NULL);
    return 0;
}
