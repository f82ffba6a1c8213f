/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Power Management capability. PCI Power Management 1.2, sections 3.2 and 5.
 *
 * Without power_mgmt the states are the guest's copy and the device stays in
 * D0. With it they reach the device, and then a device without No_Soft_Reset
 * loses all of its registers on the way from D3hot to D0.
 */
#include <errno.h>
#include <string.h>

#include "pt-pci.h"
#include "pt-dev.h"
#include "pt-msi.h"

enum {
    EMULATED = 0x01,   /* power_mgmt off */
    FORWARDED = 0x02,  /* power_mgmt on */
};

#define D0 0
#define D1 1
#define D2 2
#define D3HOT 3

/* Until the function answers again: PM 1.2, table 5-6 (PCI Express: 5.3.1). */
#define D3HOT_DELAY_US 10000
#define D2_DELAY_US 200

#define PMC_HIDDEN (PCI_PM_CAP_PME_CLOCK | PCI_PM_CAP_AUX_C_MASK | \
    PCI_PM_CAP_PME_D0 | PCI_PM_CAP_PME_D1 | PCI_PM_CAP_PME_D2 | \
    PCI_PM_CAP_PME_D3_HOT | PCI_PM_CAP_PME_D3_COLD)
#define PMCSR_RSVD 0x00f0
#define PMCSR_BIT2 0x0004
#define PME_BITS (PCI_PM_CTRL_PME_ENABLE | PCI_PM_CTRL_PME_STATUS)

/* ------------------------------------------------------------------ */
/* D-states                                                            */

static uint32_t delay_us(uint8_t from, uint8_t to)
{
    if (from == D3HOT || to == D3HOT) {
        return D3HOT_DELAY_US;
    }
    return from == D2 || to == D2 ? D2_DELAY_US : 0;
}

static void start_waiting(struct pt_dev *d, uint8_t from, uint8_t to)
{
    uint32_t us = delay_us(from, to);

    if (us != 0) {
        d->deaf |= PT_DEAF_POWER;
        d->pm.ready_us = d->bus->ops->now_us(d->bus->priv) + us;
        pt_call_at(d, d->pm.ready_us);
    }
}

bool pt_pm_asleep(const struct pt_dev *d)
{
    return d->pm.state != D0 || d->deaf;
}

/* The state that the device is in, as far as is known. */
static void set_state(struct pt_dev *d, uint8_t state)
{
    d->pm.state = state;
    d->deaf = (uint8_t)((d->deaf & PT_DEAF_ALL) | (state ? PT_ASLEEP : 0u));
}

bool pt_will_lose(const struct pt_dev *d)
{
    return (d->pm.want == D3HOT && d->pm.reset_on_d0) || d->flr.asked;
}

void pt_pm_was_reset(struct pt_dev *d)
{
    set_state(d, D0);
    d->pm.want = D0;
    d->pm.reset = false;
}

/* From any state to D0, or deeper; to states that the function has. */
static bool possible(const struct pt_dev *d, uint8_t from, uint8_t to)
{
    uint32_t pmc = pt_load(d->snap + d->pm.pos + PCI_CAP_FLAGS, 2);

    if ((to == D1 && !(pmc & PCI_PM_CAP_D1)) ||
        (to == D2 && !(pmc & PCI_PM_CAP_D2))) {
        return false;
    }
    return to == D0 || to > from;
}

/* The guest restores its registers if and only if they will be lost. */
static void pmcsr_setup(const struct pt_dev *d, const struct pt_field *f,
                        struct pt_bits *bits)
{
    (void)f;
    if (d->pm.reset_on_d0) {
        bits->emu |= PCI_PM_CTRL_NO_SOFT_RST;
    }
}

/*
 * A change to @to that the device or the specification does not have is none:
 * PM 1.2, 3.2.4. The guest's copy says @from again.
 */
static bool refused(struct pt_dev *d, const struct pt_field *f, uint8_t from,
                    uint8_t to)
{
    uint32_t copy = pt_copy(d, f->off, 2) & ~(uint32_t)PCI_PM_CTRL_STATE_MASK;

    if (to == from || possible(d, from, to)) {
        return false;
    }
    pt_log_once(d, PT_ONCE_POWER, PT_LOG_WARNING,
                "ignored a change from D%u to D%u, which the device or the "
                "specification does not have", from, to);
    pt_store(d->copy + f->off, copy | from, 2);
    return true;
}

/* power_mgmt off: the state is nobody's but the guest's. */
static void emulated_commit(struct pt_dev *d, const struct pt_field *f,
                            uint32_t old, const struct pt_access *a)
{
    (void)a;
    refused(d, f, old & PCI_PM_CTRL_STATE_MASK,
            pt_copy(d, f->off, 2) & PCI_PM_CTRL_STATE_MASK);
}

/*
 * Somebody else has brought it to D0: the toolstack, or a reset from outside.
 * The guest finds that it is awake, and will not wake it.
 */
static void woken(struct pt_dev *d)
{
    pt_pm_was_reset(d);
    if (d->pm.reset_on_d0) {
        pt_lost(d, PT_LOST_ALL);
    }
    /* Otherwise it may have been a reset, and has to be looked for. */
    d->dirty |= PT_DIRTY_ALL;
}

void pt_pm_saw(struct pt_dev *d, uint16_t off, unsigned len, uint32_t val)
{
    uint16_t csr = (uint16_t)(d->pm.pos + PCI_PM_CTRL);

    if (off <= csr && csr < off + len &&
        !(val >> 8 * (csr - off) & PCI_PM_CTRL_STATE_MASK)) {
        woken(d);
        pt_sync(d);
    }
}

/* What the device itself says, before it is sent to another state. */
static void look(struct pt_dev *d)
{
    uint16_t csr = (uint16_t)(d->pm.pos + PCI_PM_CTRL);
    uint8_t buf[4] = { 0 };

    if (d->pm.state != D0 && pt_host_read(d, csr, buf, 2) == 0) {
        pt_pm_saw(d, csr, 2, pt_load(buf, 2));
    }
}

static void pmcsr_prepare(struct pt_dev *d, const struct pt_field *f,
                          uint32_t old, struct pt_access *a)
{
    uint8_t to = pt_copy(d, f->off, 2) & PCI_PM_CTRL_STATE_MASK;

    (void)old;
    look(d);
    if (to == d->pm.state) {
        return;
    }
    if (refused(d, f, d->pm.state, to)) {
        pt_access_drop(a, f->off, 2, PCI_PM_CTRL_STATE_MASK);
        return;
    }
    /*
     * Outside of D0 the device answers no memory access, and the host takes
     * the lack of an answer for an error; and Xen writes to the MSI-X table
     * when it gives a message up. So both go before the device falls asleep,
     * and come when it is awake.
     */
    d->pm.want = to;
    d->dirty |= PT_DIRTY_REGIONS | PT_DIRTY_IRQ;
}

static void pmcsr_commit(struct pt_dev *d, const struct pt_field *f,
                         uint32_t old, const struct pt_access *a)
{
    uint8_t from = d->pm.state, to = d->pm.want;

    (void)old;
    if (a->error) {
        d->pm.want = from;
        pt_store(d->copy + f->off, (pt_copy(d, f->off, 1) &
                 ~(uint32_t)PCI_PM_CTRL_STATE_MASK) | from, 1);
    } else if (to != from) {
        set_state(d, to);
        d->pm.reset = from == D3HOT && to == D0 && d->pm.reset_on_d0;
        start_waiting(d, from, to);
    }
    d->dirty |= PT_DIRTY_REGIONS | PT_DIRTY_IRQ;
}

void pt_pm_settle(struct pt_dev *d)
{
    uint64_t now;

    if (!(d->deaf & PT_DEAF_POWER)) {
        return;
    }
    now = d->bus->ops->now_us(d->bus->priv);
    if (now < d->pm.ready_us) {
        d->bus->ops->delay_us(d->bus->priv, (uint32_t)(d->pm.ready_us - now));
    }
    d->deaf &= (uint8_t)~PT_DEAF_POWER;
    pt_call_at(d, PT_NEVER);
}

void pt_pm_finish(struct pt_dev *d)
{
    pt_pm_settle(d);
    if (d->pm.reset) {
        d->pm.reset = false;
        pt_lost(d, PT_LOST_ALL);
    }
    d->dirty |= PT_DIRTY_REGIONS | PT_DIRTY_IRQ;
    pt_sync(d);
}

/* Bring the device itself to D0 and wait for it. */
static int to_d0(struct pt_dev *d)
{
    uint8_t from = d->pm.state;
    uint16_t off = (uint16_t)(d->pm.pos + PCI_PM_CTRL);
    uint32_t pmcsr = pt_load(d->snap + off, 2) &
        ~(uint32_t)(PCI_PM_CTRL_STATE_MASK | PCI_PM_CTRL_PME_STATUS);
    int rc = pt_host_write_val(d, off, pmcsr, 2);

    if (rc == 0) {
        set_state(d, D0);
        d->pm.want = D0;
        d->bus->ops->delay_us(d->bus->priv, delay_us(from, D0));
    }
    return rc;
}

void pt_pm_init(struct pt_dev *d)
{
    unsigned i;
    uint32_t pmc, pmcsr;

    /* The first, as the device has it, also if the guest does not. */
    for (i = 0; i < d->num_caps; i++) {
        if (d->cap[i].id == PCI_CAP_ID_PM &&
            d->cap[i].pos + PCI_PM_SIZEOF <= PT_CFG_SIZE) {
            break;
        }
    }
    if (i == d->num_caps) {
        return;
    }
    d->pm.pos = (uint8_t)d->cap[i].pos;
    pmcsr = pt_load(d->snap + d->pm.pos + PCI_PM_CTRL, 2);
    d->pm.state = d->pm.want = pmcsr & PCI_PM_CTRL_STATE_MASK;
    pmc = pt_load(d->snap + d->pm.pos + PCI_CAP_FLAGS, 2);
    /* Before version 3 the bit is reserved, and the reset is sure. */
    d->pm.reset_on_d0 = !(pmcsr & PCI_PM_CTRL_NO_SOFT_RST) ||
        (pmc & PCI_PM_CAP_VER_MASK) < 3;
}

int pt_pm_wake(struct pt_dev *d, struct pt_error *err)
{
    uint8_t from = d->pm.state;
    int rc;

    if (d->pm.pos == 0) {
        return 0;
    }
    if (from != D0) {
        rc = to_d0(d);
        if (rc != 0) {
            return pt_fail(err, -rc, "can't wake the device from D%u: %s",
                           from, pt_strerror(rc));
        }
        pt_log(d, PT_LOG_INFO, "found in D%u, now in D0", from);
    }
    if (from == D3HOT && d->pm.reset_on_d0) {
        rc = pt_restore_host(d);
        if (rc != 0) {
            return pt_fail(err, -rc, "can't restore the device after D3: %s",
                           pt_strerror(rc));
        }
    }
    return 0;
}

void pt_pm_rest(struct pt_dev *d)
{
    uint8_t from = d->pm.state;

    if (d->pm.pos == 0) {
        return;
    }
    if (from != D0 && to_d0(d) != 0) {
        to_d0(d);  /* nobody else would wake it */
    }
    if (d->pm.reset || (from == D3HOT && d->pm.reset_on_d0)) {
        d->pm.reset = false;
        pt_lost(d, PT_LOST_ALL);
    }
}

/* ------------------------------------------------------------------ */
/* The table                                                           */

static const struct pt_row pm_rows[] = {
    {
        .name = "Power Management Capabilities", .spec = "PM 1.2, 3.2.3",
        .why = "constant; wake-up (PME) is the host's and not offered",
        .off = PCI_CAP_FLAGS, .size = 2, .flags = PT_ROW_INERT,
        .host = 0xffff & ~PMC_HIDDEN, .emu = 0xffff, .ro = 0xffff,
    }, {
        .name = "Power Management Control/Status", .spec = "PM 1.2, 3.2.4",
        .why = "the state is the guest's copy, the device stays in D0; "
            "No_Soft_Reset, as nothing is reset; no PME",
        .off = PCI_PM_CTRL, .size = 2, .only = EMULATED,
        .init = PCI_PM_CTRL_NO_SOFT_RST,
        .emu = PCI_PM_CTRL_STATE_MASK | PCI_PM_CTRL_NO_SOFT_RST | PME_BITS,
        .ro = PMCSR_BIT2 | PCI_PM_CTRL_NO_SOFT_RST | PCI_PM_CTRL_PME_ENABLE |
            PCI_PM_CTRL_DATA_SCALE_MASK,
        .rw1c = PCI_PM_CTRL_PME_STATUS, .rsvd = PMCSR_RSVD,
        .commit = emulated_commit,
    }, {
        .name = "Power Management Control/Status", .spec = "PM 1.2, 3.2.4",
        .why = "the state is the device's (power_mgmt); no PME",
        .off = PCI_PM_CTRL, .size = 2, .only = FORWARDED,
        .emu = PME_BITS,
        .ro = PMCSR_BIT2 | PCI_PM_CTRL_NO_SOFT_RST | PCI_PM_CTRL_PME_ENABLE |
            PCI_PM_CTRL_DATA_SCALE_MASK,
        .rw1c = PCI_PM_CTRL_PME_STATUS, .rsvd = PMCSR_RSVD,
        .setup = pmcsr_setup,
        .prepare = pmcsr_prepare, .commit = pmcsr_commit,
    }, {
        .name = "PMCSR Bridge Support Extensions", .spec = "PM 1.2, 3.2.5",
        .why = "bridges only: reads 0",
        .off = PCI_PM_PPB_EXTENSIONS, .size = 1, .flags = PT_ROW_INERT,
        .emu = 0xff, .ro = 0xff,
    }, {
        .name = "Data", .spec = "PM 1.2, 3.2.6",
        .why = "the device's value for Data_Select",
        .off = PCI_PM_DATA_REGISTER, .size = 1, .flags = PT_ROW_INERT,
        .ro = 0xff,
    },
};

static void probe(const struct pt_dev *d, uint16_t pos, struct pt_probe *p)
{
    (void)pos;
    p->variant = d->policy.power_mgmt ? FORWARDED : EMULATED;
}

const struct pt_group pt_group_pm = {
    .name = "Power Management", .id = PCI_CAP_ID_PM, .fate = PT_EXPOSED,
    .why = "power states and capabilities; wake-up is hidden",
    .size = PCI_PM_SIZEOF,
    .probe = probe,
    PT_ROWS(pm_rows),
};
