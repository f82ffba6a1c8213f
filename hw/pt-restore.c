/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The device lost its registers: by D3hot, by a reset of its driver's own, by
 * one that the guest or the toolstack asked for. One way back for all.
 */
#include <string.h>

#include "pt-pci.h"
#include "pt-command.h"
#include "pt-dev.h"
#include "pt-msi.h"
#include "pt-window.h"

/*
 * All from Cache Line Size to Interrupt Line in one write; on the way lie
 * BIST, which must not start, and registers that are read-only.
 */
static int restore_header(struct pt_dev *d)
{
    uint8_t regs[PCI_INTERRUPT_LINE + 1];
    unsigned n, from = PCI_CACHE_LINE_SIZE;

    memcpy(regs, d->snap, sizeof(regs));
    regs[PCI_BIST] = 0;
    for (n = 0; n < PT_NUM_BARS; n++) {
        pt_store(regs + PCI_BASE_ADDRESS_0 + 4 * n, pt_bar_host(d, n), 4);
    }
    pt_store(regs + PCI_ROM_ADDRESS,
             (uint32_t)d->host->info.region[PT_ROM].addr, 4);
    d->rom_on = false;
    return pt_host_put(d, (uint16_t)from, regs + from,
                       (unsigned)sizeof(regs) - from);
}

/* Has the guest changed what it may write of a register of the host's? */
static bool changed(const struct pt_dev *d, const struct pt_field *f)
{
    unsigned size = f->row->size;

    return (pt_copy(d, f->off, size) ^ pt_load(d->snap + f->off, size)) &
        pt_load(d->fwd + f->off, size);
}

/* The host's value; the guest's where a reset would have left that. */
static uint32_t to_restore(const struct pt_dev *d, const struct pt_field *f)
{
    const struct pt_row *r = f->row;
    uint32_t guests = r->sticky & pt_load(d->fwd + f->off, r->size);

    return ((pt_load(d->snap + f->off, r->size) & ~guests) |
            (pt_copy(d, f->off, r->size) & guests)) & ~r->rw1c;
}

/*
 * The rows of PT_ROW_RESTORE: all, or those that the guest changed. Backwards,
 * so that errors are masked, latencies known and L1 substates set up before the
 * link may use them: PCIe 3.1, 5.5.4 and 7.33.
 */
static int restore_rows(struct pt_dev *d, bool all)
{
    int rc, failed = 0;
    unsigned i;

    for (i = d->num_fields; i-- > 0;) {
        const struct pt_field *f = &d->field[i];
        const struct pt_row *r = f->row;

        if ((r->flags & PT_ROW_RESTORE) && (all || changed(d, f))) {
            rc = pt_host_put_val(d, f->off, all ? to_restore(d, f) :
                                 pt_load(d->snap + f->off, r->size) &
                                 ~r->rw1c, r->size);
            failed = failed ? failed : rc;
        }
    }
    return failed;
}

/* Of what the guest does not get, and so can't change. */
static int restore_structure(struct pt_dev *d, const struct pt_cap *c)
{
    int rc, failed = 0;
    unsigned n;

    for (n = c->group->num_rows; n-- > 0;) {
        const struct pt_row *r = &c->group->rows[n];
        uint16_t off = (uint16_t)(c->pos + r->off);

        if ((r->flags & PT_ROW_RESTORE) &&
            (!r->only || (r->only & c->variant))) {
            rc = pt_host_put_val(d, off, pt_load(d->snap + off, r->size) &
                                 ~r->rw1c, r->size);
            failed = failed ? failed : rc;
        }
    }
    return failed;
}

/* Address translation last: what it goes by has to stand when it is enabled. */
static int restore_kept(struct pt_dev *d)
{
    int rc, failed = 0;
    unsigned i, last;

    for (last = 0; last < 2; last++) {
        for (i = d->num_caps; i-- > 0;) {
            const struct pt_cap *c = &d->cap[i];
            bool ats = c->id == PT_EXT_CAP(PCI_EXT_CAP_ID_ATS);

            if (c->kept && ats == (last != 0)) {
                rc = restore_structure(d, c);
                failed = failed ? failed : rc;
            }
        }
    }
    return failed;
}

void pt_restore_changed(struct pt_dev *d)
{
    restore_rows(d, false);
}

int pt_restore_host(struct pt_dev *d)
{
    int rc, failed = 0;

    d->command_has = 0;
    d->command_seen = false;
    d->command_known = true;
    /* A BAR that is resized has to be written again: PCIe 3.0, 7.22.3. */
    failed = restore_rows(d, true);
    rc = restore_kept(d);
    failed = failed ? failed : rc;
    if (!d->host->info.is_vf) {
        rc = restore_header(d);
        failed = failed ? failed : rc;
    }
    d->lost = failed != 0;
    if (d->lost) {
        pt_command_suspect(d, PCI_COMMAND_IO | PCI_COMMAND_MEMORY |
                           PCI_COMMAND_MASTER, 0);
    }
    return failed;
}

void pt_restore_missed(struct pt_dev *d)
{
    bool lost = false;

    if (!d->left && pt_command_look(d, &lost) != 0) {
        pt_command_look(d, &lost);
    }
    if (lost) {
        pt_lost(d, PT_LOST_ALL);
    }
}

static void forget(struct pt_dev *d, bool all)
{
    if (all) {
        pt_space_reset(d);
    } else {
        pt_space_was_reset(d);
    }
    pt_bars_forget(d);
    pt_windows_forget(d);
    d->dirty |= PT_DIRTY_ALL & ~PT_DIRTY_COMMAND;
}

void pt_forget(struct pt_dev *d)
{
    forget(d, true);
}

void pt_lost(struct pt_dev *d, enum pt_loss what)
{
    if (what != PT_LOST_REGISTERS) {
        forget(d, what == PT_LOST_ALL);
    }
    pt_restore_host(d);
    /* Xen writes to the MSI-X table with each message that it gives up. */
    pt_command_decode(d);
    pt_irq_lost(d, what);
    d->dirty |= PT_DIRTY_ALL & ~PT_DIRTY_COMMAND;
}
