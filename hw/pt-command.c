/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Command: the one writer. PCI Local Bus 3.0 section 6.2.2.
 */
#include "pt-command.h"
#include "pt-msi.h"

#define DECODERS (PCI_COMMAND_IO | PCI_COMMAND_MEMORY)

/*
 * Decoders go on for the kinds of BARs that the device has, unless one of
 * them has no address: it would be decoded at 0. Those of kinds that it does
 * not have stay as found.
 */
static uint16_t decoders(const struct pt_dev *d)
{
    uint16_t on = 0, off = 0;
    uint32_t found = pt_load(d->snap + PCI_COMMAND, 2);
    unsigned n;

    if (d->host->info.is_vf) {
        /* The physical function's, and 0 here; emulated ones may need it. */
        return PCI_COMMAND_MEMORY;
    }
    for (n = 0; n < PT_NUM_BARS; n++) {
        const struct pt_region *r = &d->host->info.region[n];
        uint16_t bit = r->flags & PT_REGION_IO ? PCI_COMMAND_IO :
            PCI_COMMAND_MEMORY;

        if (r->size && r->addr) {
            on |= bit;
        } else if (r->size) {
            off |= bit;
            pt_log(d, PT_LOG_WARNING, "region %u has no address on the host: "
                   "%s decoding stays %s", n,
                   bit == PCI_COMMAND_IO ? "I/O" : "memory",
                   found & bit ? "as it is, on" : "off, nothing is mapped");
        }
    }
    if (d->host->info.region[PT_ROM].size &&
        d->host->info.region[PT_ROM].addr) {
        on |= PCI_COMMAND_MEMORY;
    }
    return (uint16_t)((on & ~off) | (found & DECODERS));
}

void pt_command_init(struct pt_dev *d)
{
    d->command = decoders(d);
    d->command_has = (uint16_t)pt_load(d->snap + PCI_COMMAND, 2);
    d->command_known = true;
}

uint16_t pt_command_decoders(const struct pt_dev *d)
{
    return d->lost ? 0 : d->command;
}

/*
 * Decoders as the device needs them, bus mastering and its like as the guest
 * set them, INTx off while nobody would get it, the rest as found.
 */
uint16_t pt_command_device(const struct pt_dev *d)
{
    uint32_t guests = PT_COMMAND_GUEST |
        (d->policy.permissive ? PT_COMMAND_RSVD : 0);
    uint32_t found = pt_load(d->snap + PCI_COMMAND, 2);

    found &= ~(guests | DECODERS | PCI_COMMAND_DISABLE_INTx);
    return (uint16_t)(found | (pt_copy(d, PCI_COMMAND, 2) & guests) |
        pt_command_decoders(d) |
        (pt_irq_intx_disabled(d) ? PCI_COMMAND_DISABLE_INTx : 0));
}

/*
 * What the device should have. Some bits need not read as they are written,
 * and are left as the device has them once that was looked at: a virtual
 * function's decoders are the physical function's, and a device without a pin
 * may have 0 hardwired for Interrupt Disable.
 */
static uint16_t wanted(const struct pt_dev *d)
{
    uint32_t keep = (d->host->info.is_vf ? DECODERS : 0) |
        (d->irq && !d->irq->has_pin ? PCI_COMMAND_DISABLE_INTx : 0);

    if (!d->command_seen) {
        keep = 0;
    }
    return (uint16_t)((pt_command_device(d) & ~keep) |
                      (d->command_has & keep));
}

/* Does the guest's access change anything in Status? */
static bool status_waits(const struct pt_dev *d)
{
    uint32_t rw1c = pt_load(d->rw1c + PCI_STATUS, 2);

    return (d->status_mask & ~rw1c & (d->status_val ^ d->status_has)) ||
        (d->status_val & rw1c);
}

/* With the bits of Status of the same access. */
static int put(struct pt_dev *d, uint16_t val)
{
    uint32_t rw1c = pt_load(d->rw1c + PCI_STATUS, 2);
    uint32_t status = (d->status_has & ~d->status_mask & ~rw1c) |
        d->status_val;
    int rc = pt_host_put_val(d, PCI_COMMAND, val | status << 16,
                             status_waits(d) ? 4 : 2);

    d->status_mask = d->status_val = 0;
    if (rc == 0) {
        d->command_has = val;
    }
    return rc;
}

int pt_command_look(struct pt_dev *d, bool *lost)
{
    uint8_t buf[4] = { 0 };
    int rc = pt_host_read(d, PCI_COMMAND, buf, d->status_mask ? 4 : 2);

    *lost = rc == 0 && d->lost;
    if (rc == 0) {
        d->command_has = (uint16_t)pt_load(buf, 2);
        d->command_seen = true;
        d->status_has = (uint16_t)(pt_load(buf, 4) >> 16);
    }
    /* Decoders that are off: has it been reset, or are they only that? */
    if (rc == 0 && !d->lost && !d->host->info.is_vf &&
        (d->command & ~(uint32_t)d->command_has & DECODERS)) {
        rc = pt_bars_lost(d, lost);
        if (*lost) {
            pt_log_once(d, PT_ONCE_LOST, PT_LOG_INFO, "it has lost its "
                        "registers, as by a reset of its driver's: the host's "
                        "are restored (further times are not logged)");
        }
    }
    if (rc != 0) {
        d->status_mask = d->status_val = 0;
    }
    d->command_known = rc == 0;
    return rc;
}

void pt_command_leave(struct pt_dev *d)
{
    uint16_t want = wanted(d);

    if (d->command_known && (d->command_has & ~want & PCI_COMMAND_MASTER)) {
        put(d, want);
    }
}

void pt_command_decode(struct pt_dev *d)
{
    put(d, (uint16_t)((wanted(d) & ~PCI_COMMAND_MASTER) |
                      PCI_COMMAND_DISABLE_INTx));
}

bool pt_command_waits(const struct pt_dev *d)
{
    return wanted(d) != d->command_has || status_waits(d);
}

int pt_command_sync(struct pt_dev *d)
{
    return pt_command_waits(d) ? put(d, wanted(d)) : 0;
}

void pt_command_suspect(struct pt_dev *d, uint16_t set, uint16_t clear)
{
    d->command_has = (uint16_t)((d->command_has | set) & ~clear);
}

/*
 * When nothing is mapped any more: some devices let their driver at Command
 * through a BAR, and the decoders can have been found off.
 */
void pt_command_hand_back(struct pt_dev *d)
{
    put(d, (uint16_t)(pt_load(d->snap + PCI_COMMAND, 2) &
                      ~(uint32_t)(PCI_COMMAND_MASTER |
                                  (d->lost ? DECODERS : 0))));
}

/* ------------------------------------------------------------------ */
/* Hooks                                                               */

/* The reconciler writes it, and Status with it: one write an access. */
void pt_command_prepare(struct pt_dev *d, const struct pt_field *f,
                        uint32_t old, struct pt_access *a)
{
    (void)old;
    pt_access_drop(a, f->off, 2, 0xffff);
    pt_access_take(a, PCI_STATUS, 2, &d->status_mask, &d->status_val);
}

void pt_command_commit(struct pt_dev *d, const struct pt_field *f,
                       uint32_t old, const struct pt_access *a)
{
    uint32_t changed = old ^ pt_copy(d, f->off, 2);

    (void)a;
    d->dirty |= PT_DIRTY_COMMAND |
        (changed & DECODERS ? PT_DIRTY_REGIONS : 0u) |
        ((changed & PCI_COMMAND_DISABLE_INTx) || pt_irq_waits(d) ?
         PT_DIRTY_IRQ : 0u);
}
