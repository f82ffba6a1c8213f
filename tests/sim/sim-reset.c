/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SIMULATED: the operating system's function level reset: Linux's write to
 * sysfs `reset`, without a thread. It saves the registers, silences the
 * function, starts its reset, waits, and gives back what it has saved. From
 * start to end all other accesses would wait for it.
 */
#include <errno.h>
#include <string.h>

#include <pci/header.h>

#include "sim-device.h"

/* "A few a second": as many at most start within this time. */
#define FEW 5
#define SECOND_US 1000000

bool sim_dev_can_flr(const struct sim_dev *d)
{
    const uint8_t both = PCI_AF_CAP_TP | PCI_AF_CAP_FLR;

    return (d->exp && (sim_dev_peek(d, d->exp + PCI_EXP_DEVCAP, 4) &
                       PCI_EXP_DEVCAP_FLRESET)) ||
        (d->af && (d->cfg[d->af + PCI_AF_CAP] & both) == both);
}

int sim_dev_reset_prepare(void *priv)
{
    struct sim_dev *d = priv;
    int rc = sim_fault_check(&d->prepare_fault);

    d->os.prepared |= rc == 0;
    d->os.num_started = 0;
    if (!d->pt.info.can_flr) {
        sim_note(&d->notes, "a reset that there is not is prepared");
    }
    return rc;
}

/* What the device model has to have done before. */
static void check_silent(struct sim_dev *d)
{
    if (!d->os.prepared || d->os.running || d->closed) {
        sim_note(&d->notes, "a reset %s", d->closed ? "of a closed device" :
                 d->os.running ? "in a reset" : "that is not prepared");
    }
    if (sim_dev_peek(d, PCI_COMMAND, 2) & PCI_COMMAND_MASTER) {
        sim_note(&d->notes, "a reset with bus mastering on");
    }
    if (sim_dev_power(d) == 0 &&
        (sim_dev_msi_enabled(d) || sim_dev_msix_enabled(d))) {
        sim_note(&d->notes, "a reset with messages on");
    }
}

/* Of one attachment: the next one is the toolstack's doing. */
static void check_rate(struct sim_dev *d)
{
    uint64_t now = d->clock->now_us;
    unsigned at = d->os.num_started % FEW;

    if (d->os.num_started >= FEW && now - d->os.started[at] < SECOND_US) {
        sim_note(&d->notes, "%d resets within a second", FEW + 1);
    }
    d->os.started[at] = now;
    d->os.num_started++;
    d->count.os_resets++;
}

int sim_dev_reset_start(void *priv)
{
    struct sim_dev *d = priv;
    int rc = sim_fault_check(&d->reset_fault);

    check_silent(d);
    check_rate(d);
    if (rc != 0) {
        return rc;
    }
    memcpy(d->os.saved, d->cfg, sizeof(d->os.saved));
    d->os.running = true;
    d->os.ready_us = d->clock->now_us + (d->os.takes_us > SIM_SETTLE_FLR_US ?
        d->os.takes_us : SIM_SETTLE_FLR_US);
    if (sim_dev_can_flr(d) && !d->vanished) {
        sim_dev_flr(d);
        if (d->sink.wrote) {
            d->sink.wrote(d->sink.priv, d, SIM_WROTE_RESET | SIM_WROTE_DECODE);
        }
    }
    return 0;
}

static void give_back(struct sim_dev *d, unsigned off, unsigned len)
{
    unsigned i;

    for (i = off; i < off + len && i < d->size; i++) {
        d->cfg[i] = (uint8_t)((d->cfg[i] & ~d->rw[i]) |
                              (d->os.saved[i] & d->rw[i]));
    }
}

/* Linux's pci_restore_state(), of what an endpoint has. */
static void restore(struct sim_dev *d)
{
    static const uint8_t regs[] = {
        PCI_EXP_DEVCTL, PCI_EXP_LNKCTL, PCI_EXP_DEVCTL2, PCI_EXP_LNKCTL2,
    };
    unsigned i;

    for (i = 0; d->exp && i < sizeof(regs); i++) {
        give_back(d, d->exp + regs[i], 2);
    }
    give_back(d, 0, 0x40);
    sim_irq_update(d);
}

static int end(struct sim_dev *d)
{
    d->os.running = false;
    if (d->os.errnum || d->vanished || !sim_dev_can_flr(d)) {
        return -(d->os.errnum ? d->os.errnum : ENOTTY);
    }
    if (d->os.restores) {
        restore(d);
    }
    return 0;
}

int sim_dev_reset_result(void *priv)
{
    struct sim_dev *d = priv;

    if (!d->os.running) {
        return 0;
    }
    if (d->clock->now_us < d->os.ready_us || d->os.hangs) {
        return -EINPROGRESS;
    }
    return end(d);
}

/* Linux gives a function up after this long. */
#define GIVES_UP_US 60000000

void sim_dev_reset_wait(struct sim_dev *d)
{
    uint64_t end_us = d->os.ready_us + (d->os.hangs ? GIVES_UP_US : 0);

    if (!d->os.running) {
        return;
    }
    if (d->clock->now_us < end_us) {
        d->clock->now_us = end_us;
    }
    end(d);
}
