/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SIMULATED: a PCI function's configuration space: cycles, what they set off
 * in the hardware, and a record of them. See sim-device.h.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <pci/header.h>

#include "sim-device.h"

/* ------------------------------------------------------------------ */
/* Registers                                                           */

static uint32_t get(const struct sim_dev *d, unsigned off, unsigned len)
{
    return (uint32_t)sim_get(d->cfg + off, len);
}

uint32_t sim_dev_peek(const struct sim_dev *d, unsigned off, unsigned len)
{
    return len <= 4 && off + len <= d->size ? get(d, off, len) : 0;
}

void sim_dev_poke(struct sim_dev *d, unsigned off, unsigned len, uint32_t val)
{
    if (len <= 4 && off + len <= d->size) {
        sim_put(d->cfg + off, len, val);
    }
}

void sim_dev_set_bits(struct sim_dev *d, unsigned off, unsigned len,
                      uint32_t bits)
{
    sim_dev_poke(d, off, len, sim_dev_peek(d, off, len) | bits);
}

uint16_t sim_dev_find_cap(const struct sim_dev *d, uint8_t id)
{
    uint64_t visited = 0;
    uint8_t pos = d->cfg[PCI_CAPABILITY_LIST] & 0xfc;

    if (!(d->cfg[PCI_STATUS] & PCI_STATUS_CAP_LIST)) {
        return 0;
    }
    while (pos >= 0x40 && !(visited & (UINT64_C(1) << (pos / 4)))) {
        if (d->cfg[pos + PCI_CAP_LIST_ID] == id) {
            return pos;
        }
        visited |= UINT64_C(1) << (pos / 4);
        pos = d->cfg[pos + PCI_CAP_LIST_NEXT] & 0xfc;
    }
    return 0;
}

unsigned sim_dev_power(const struct sim_dev *d)
{
    /* With another structure laid over it no software can find it. */
    if (!d->pm || d->cfg[d->pm + PCI_CAP_LIST_ID] != PCI_CAP_ID_PM) {
        return 0;
    }
    return d->cfg[d->pm + PCI_PM_CTRL] & PCI_PM_CTRL_STATE_MASK;
}

bool sim_dev_answers(const struct sim_dev *d)
{
    return !d->vanished && d->clock->now_us >= d->settled_us;
}

static void settle(struct sim_dev *d, uint64_t us)
{
    d->settled_us = d->clock->now_us + us;
}

static void select_pm_data(struct sim_dev *d)
{
    unsigned high = d->pm + PCI_PM_CTRL + 1u;

    if (d->rw[high] & (PCI_PM_CTRL_DATA_SEL_MASK >> 8)) {
        d->cfg[d->pm + PCI_PM_DATA_REGISTER] =
            d->pm_data[d->cfg[high] >> 1 & 0xf];
    }
}

/*
 * All registers as after power-on, but sticky ones. PCI PM 1.2, 5.4.1; PCI
 * Express 3.0, 6.6.2. @flr: of the function, which keeps power and link.
 */
static void reset(struct sim_dev *d, bool flr)
{
    unsigned i;

    for (i = 0; i < d->size; i++) {
        uint8_t keep = d->opts.lose_sticky && !flr ? 0 : d->sticky[i];

        keep |= flr ? d->linked[i] : 0;
        d->cfg[i] = (uint8_t)((d->cfg[i] & keep) | (d->reset[i] & ~keep));
    }
    d->cfg[PCI_STATUS] &= (uint8_t)~PCI_STATUS_INTx;
    d->interrupting = false;
    if (d->pm) {
        d->cfg[d->pm + PCI_PM_CTRL] &= (uint8_t)~PCI_PM_CTRL_STATE_MASK;
        select_pm_data(d);
    }
    if (d->vpd.pos) {
        d->cfg[d->vpd.pos + PCI_VPD_ADDR + 1] = 0;
        d->vpd.state = SIM_VPD_IDLE;
    }
    if (d->msi.pending) {
        sim_put(d->cfg + d->msi.pending, 4, 0);
    }
    sim_mem_reset(d);
}

void sim_dev_hot_reset(struct sim_dev *d)
{
    reset(d, false);
    d->settled_us = 0;
    sim_irq_update(d);
}

/* ------------------------------------------------------------------ */
/* What a write sets off                                               */

/* A write cycle that reached the registers. */
struct cycle {
    unsigned off;
    unsigned len;
    uint8_t val[4];
    uint8_t old[4];
};

static bool covers(const struct cycle *c, unsigned reg)
{
    return reg >= c->off && reg < c->off + c->len;
}

static uint8_t written(const struct cycle *c, unsigned reg)
{
    return c->val[reg - c->off];
}

static bool changed(const struct sim_dev *d, const struct cycle *c,
                    unsigned reg, unsigned len, uint8_t mask)
{
    unsigned i;

    for (i = reg; i < reg + len; i++) {
        if (covers(c, i) && ((c->old[i - c->off] ^ d->cfg[i]) & mask)) {
            return true;
        }
    }
    return false;
}

/* PCI PM 1.2, 3.2.4, 5.4 and 5.6.1. */
static unsigned set_power(struct sim_dev *d, unsigned to)
{
    unsigned from = sim_dev_power(d);
    uint32_t pmc = get(d, d->pm + PCI_CAP_FLAGS, 2);
    uint32_t csr = get(d, d->pm + PCI_PM_CTRL, 2);
    /* The bit is of version 3; before, it is reserved and a reset sure. */
    bool keeps = (csr & PCI_PM_CTRL_NO_SOFT_RST) &&
                 (pmc & PCI_PM_CAP_VER_MASK) >= 3;

    if (from == to) {
        return 0;
    }
    if ((to == 1 && !(pmc & PCI_PM_CAP_D1)) ||
        (to == 2 && !(pmc & PCI_PM_CAP_D2)) || (to != 0 && to < from)) {
        d->count.bad_states++;
        return 0;
    }
    d->cfg[d->pm + PCI_PM_CTRL] = (uint8_t)
        ((csr & ~(uint32_t)PCI_PM_CTRL_STATE_MASK) | to);
    if (from == 3 || to == 3) {
        settle(d, SIM_SETTLE_D3_US);
    } else if (from == 2 || to == 2) {
        settle(d, SIM_SETTLE_D2_US);
    }
    if (from == 3 && !keeps) {
        reset(d, false);
        d->count.resets++;
        return SIM_WROTE_RESET | SIM_WROTE_DECODE;
    }
    return 0;
}

void sim_dev_flr(struct sim_dev *d)
{
    reset(d, true);
    d->count.resets++;
    settle(d, SIM_SETTLE_FLR_US);
    sim_irq_update(d);
}

static bool starts_flr(const struct sim_dev *d, const struct cycle *c)
{
    unsigned af = d->af + PCI_AF_CTRL, ctl = d->exp + PCI_EXP_DEVCTL + 1;

    if (d->exp && covers(c, ctl) && (written(c, ctl) & 0x80) &&
        (get(d, d->exp + PCI_EXP_DEVCAP, 4) & PCI_EXP_DEVCAP_FLRESET)) {
        return true;
    }
    return d->af && covers(c, af) && (written(c, af) & PCI_AF_CTRL_FLR) &&
           (d->cfg[d->af + PCI_AF_CAP] & PCI_AF_CAP_FLR);
}

/* PCI 3.0, appendix I: the byte that holds the flag was written. */
static void start_vpd(struct sim_dev *d, uint8_t flag)
{
    struct sim_vpd *v = &d->vpd;
    uint8_t *byte = &d->cfg[v->pos + PCI_VPD_ADDR + 1];

    v->state = flag & 0x80 ? SIM_VPD_WRITING : SIM_VPD_READING;
    *byte = (uint8_t)((*byte & 0x7f) | (flag & 0x80));
    v->word = get(d, v->pos + PCI_VPD_DATA, 4);
    v->polls = 0;
    v->ready_us = d->clock->now_us + d->opts.vpd_us;
}

static unsigned effects(struct sim_dev *d, const struct cycle *c)
{
    unsigned what = 0, msi = d->msi.pos + PCI_MSI_FLAGS;
    unsigned msix = d->msix.pos + PCI_CAP_FLAGS + 1;

    if (changed(d, c, PCI_COMMAND, 1, PCI_COMMAND_IO | PCI_COMMAND_MEMORY) ||
        changed(d, c, PCI_BASE_ADDRESS_0, 4 * PT_NUM_BARS, 0xff) ||
        changed(d, c, PCI_ROM_ADDRESS, 4, 0xff)) {
        what |= SIM_WROTE_DECODE;
    }
    if (d->msi.pos && changed(d, c, msi, 1, PCI_MSI_FLAGS_ENABLE) &&
        (d->cfg[msi] & PCI_MSI_FLAGS_ENABLE)) {
        what |= SIM_WROTE_MSI;
    }
    if (d->msi.pos && changed(d, c, msi, 1, PCI_MSI_FLAGS_QSIZE)) {
        what |= SIM_WROTE_MME;
    }
    if (d->msix.pos && changed(d, c, msix, 1, PCI_MSIX_ENABLE >> 8) &&
        (d->cfg[msix] & (PCI_MSIX_ENABLE >> 8))) {
        what |= SIM_WROTE_MSIX;
    }
    if (d->vpd.pos && covers(c, d->vpd.pos + PCI_VPD_ADDR + 1u)) {
        start_vpd(d, written(c, d->vpd.pos + PCI_VPD_ADDR + 1u));
    }
    if (d->pm && covers(c, d->pm + PCI_PM_CTRL + 1u)) {
        select_pm_data(d);
    }
    if (d->pm && covers(c, d->pm + PCI_PM_CTRL)) {
        what |= set_power(d, written(c, d->pm + PCI_PM_CTRL) &
                          PCI_PM_CTRL_STATE_MASK);
    }
    if (starts_flr(d, c)) {
        sim_dev_flr(d);
        what |= SIM_WROTE_RESET | SIM_WROTE_DECODE;
    }
    sim_irq_update(d);
    return what;
}

/* The registers take a cycle. Returns SIM_WROTE_*. */
static unsigned cycle_write(struct sim_dev *d, unsigned off, unsigned len,
                            const uint8_t *val)
{
    struct cycle c = { .off = off, .len = len };
    unsigned i;

    memcpy(c.val, val, len);
    memcpy(c.old, d->cfg + off, len);
    for (i = 0; i < len; i++) {
        uint8_t rw = d->rw[off + i];
        uint8_t keep = (uint8_t)~(rw | (d->rw1c[off + i] & val[i]));

        d->cfg[off + i] = (uint8_t)((c.old[i] & keep) | (val[i] & rw));
    }
    return effects(d, &c);
}

/* Let a VPD transfer come to its end, if it does now. */
static void poll_vpd(struct sim_dev *d, unsigned off, unsigned len)
{
    struct sim_vpd *v = &d->vpd;
    unsigned flag = v->pos + PCI_VPD_ADDR + 1u, addr;

    if (!v->pos || v->state == SIM_VPD_IDLE) {
        return;
    }
    if (flag >= off && flag < off + len) {
        v->polls++;
    }
    if (v->polls < (d->opts.vpd_polls ? d->opts.vpd_polls : 2) &&
        (!d->opts.vpd_us || d->clock->now_us < v->ready_us)) {
        return;
    }
    addr = get(d, v->pos + PCI_VPD_ADDR, 2) & PCI_VPD_ADDR_MASK & ~3u;
    if (v->state == SIM_VPD_WRITING && addr + 4 <= v->size) {
        sim_put(v->store + addr, 4, v->word);
    } else if (v->state == SIM_VPD_READING) {
        sim_put(d->cfg + v->pos + PCI_VPD_DATA, 4, addr + 4 <= v->size ?
                sim_get(v->store + addr, 4) : UINT32_MAX);
    }
    d->cfg[flag] ^= 0x80;
    v->state = SIM_VPD_IDLE;
}

static void cycle_read(struct sim_dev *d, unsigned off, unsigned len,
                       uint8_t *val)
{
    if (!sim_dev_answers(d)) {
        memset(val, 0xff, len);
        return;
    }
    poll_vpd(d, off, len);
    memcpy(val, d->cfg + off, len);
}

/* ------------------------------------------------------------------ */
/* The device model's accesses                                         */

static int check(struct sim_dev *d, const char *what, unsigned pos,
                 unsigned len)
{
    if (len == 0 || pos + len > d->size) {
        sim_note(&d->notes, "config %s of %u bytes at %#x", what, len, pos);
        return -EINVAL;
    }
    if (d->closed) {
        sim_note(&d->notes, "config %s of a closed device", what);
    }
    if (d->os.running) {
        sim_note(&d->notes, "config %s at %#x waits for the operating "
                 "system's reset", what, pos);
    }
    if (!d->vanished && d->clock->now_us < d->settled_us) {
        d->count.early++;
        sim_note(&d->notes, "config %s at %#x, %llu us before the device "
                 "has settled", what, pos,
                 (unsigned long long)(d->settled_us - d->clock->now_us));
    }
    return 0;
}

static int dev_read(void *priv, uint16_t pos, void *buf, unsigned len)
{
    struct sim_dev *d = priv;
    uint8_t *p = buf;
    unsigned done, n;
    int rc = sim_fault_check(&d->config_fault);

    d->count.reads++;
    if (rc == 0) {
        rc = check(d, "read", pos, len);
    }
    if (rc != 0) {
        return rc;
    }
    d->count.read_bytes += len;
    for (done = 0; done < len; done += n) {
        n = sim_cycle(pos + done, len - done, 4);
        d->count.read_cycles++;
        cycle_read(d, pos + done, n, p + done);
    }
    if (d->hooks.on_read) {
        d->hooks.on_read(d, pos, p, len);
    }
    return 0;
}

/* Xen owns address, data and mask (XSA-128, XSA-129). */
static void check_msi(struct sim_dev *d, unsigned off, unsigned len)
{
    const struct sim_msi *m = &d->msi;
    unsigned end = m->mask ? m->mask + 4u : m->data + 2u, i, bad = 0;

    for (i = off; m->pos && i < off + len; i++) {
        bad += i >= m->pos + (unsigned)PCI_MSI_ADDRESS_LO && i < end &&
               !(m->mask && i >= m->data + 2u && i < m->mask);
    }
    if (bad) {
        d->count.msi_written_by_dm += bad;
        sim_note(&d->notes, "the device model wrote Xen's MSI registers: "
                 "%u bytes at %#x", len, off);
    }
}

/* @deaf: what is meant to change is unknown, if reads gave all ones. */
static void record(struct sim_dev *d, unsigned off, unsigned len,
                   const uint8_t *val, const uint8_t *old, bool lost,
                   bool deaf)
{
    struct sim_write *w = &d->writes[d->num_writes++ % SIM_WRITES_KEPT];
    unsigned i;

    *w = (struct sim_write) {
        .off = (uint16_t)off, .len = (uint8_t)len, .lost = lost,
    };
    memcpy(w->val, val, len);
    for (i = 0; i < len; i++) {
        uint8_t rw1c = d->rw1c[off + i];

        d->covered[off + i] = 1;
        if (!deaf) {
            d->touched[off + i] |= (uint8_t)(((val[i] ^ old[i]) & ~rw1c) |
                                             (val[i] & rw1c));
        }
        w->changed[i] = (uint8_t)(old[i] ^ d->cfg[off + i]);
        d->changed[off + i] |= w->changed[i];
    }
}

static unsigned dm_cycle(struct sim_dev *d, unsigned off, unsigned len,
                         const uint8_t *val, bool failed)
{
    bool deaf = !sim_dev_answers(d), lost = failed || deaf;
    uint32_t put = (uint32_t)sim_get(val, len);
    uint8_t old[4], now[4];
    unsigned what = 0;
    int rc = 0;

    memcpy(old, d->cfg + off, len);
    if (!failed && d->sink.intercept) {
        rc = d->sink.intercept(d->sink.priv, d, off, len, &put);
    }
    if (rc <= 0 && !failed) {
        check_msi(d, off, len);
    }
    sim_put(now, len, put);
    if (!lost && rc >= 0) {
        what = cycle_write(d, off, len, now);
    }
    record(d, off, len, now, old, lost, deaf);
    return what;
}

static int dev_write(void *priv, uint16_t pos, const void *buf, unsigned len)
{
    struct sim_dev *d = priv;
    const uint8_t *p = buf;
    unsigned done, n, what = 0;
    int failed = sim_fault_check(&d->config_fault);
    int rc = check(d, "write", pos, len);

    d->count.writes++;
    if (rc != 0) {
        return rc;
    }
    if (d->hooks.on_write) {
        d->hooks.on_write(d, pos, p, len);
    }
    d->count.write_bytes += len;
    for (done = 0; done < len; done += n) {
        n = sim_cycle(pos + done, len - done, 4);
        d->count.write_cycles++;
        what |= dm_cycle(d, pos + done, n, p + done, failed != 0);
    }
    if (what && d->sink.wrote) {
        d->sink.wrote(d->sink.priv, d, what);
    }
    return failed;
}

static void dev_close(void *priv)
{
    struct sim_dev *d = priv;

    if (d->closed) {
        sim_note(&d->notes, "the device was closed twice");
    }
    d->closed = true;
}

const struct pt_device_ops sim_dev_ops = {
    .read = dev_read,
    .write = dev_write,
    .mmio_read = sim_dev_mmio_read,
    .mmio_write = sim_dev_mmio_write,
    .reset_prepare = sim_dev_reset_prepare,
    .reset_start = sim_dev_reset_start,
    .reset_result = sim_dev_reset_result,
    .close = dev_close,
};

bool sim_dev_xen_write(struct sim_dev *d, unsigned off, unsigned len,
                       uint32_t val)
{
    uint8_t buf[4];

    if (len > 4 || off + len > d->size || !sim_dev_answers(d)) {
        return false;
    }
    sim_put(buf, len, val);
    cycle_write(d, off, len, buf);
    return true;
}

const struct sim_write *sim_dev_last_write(const struct sim_dev *d,
                                           unsigned i)
{
    if (i >= d->num_writes || i >= SIM_WRITES_KEPT) {
        return NULL;
    }
    return &d->writes[(d->num_writes - 1 - i) % SIM_WRITES_KEPT];
}

unsigned sim_dev_writes_at(const struct sim_dev *d, unsigned off,
                           unsigned len)
{
    const struct sim_write *w;
    unsigned i, n = 0;

    for (i = 0; (w = sim_dev_last_write(d, i)) != NULL; i++) {
        n += w->off < off + len && off < (unsigned)w->off + w->len;
    }
    return n;
}

void sim_dev_forget(struct sim_dev *d)
{
    memset(&d->count, 0, sizeof(d->count));
    memset(&d->config_fault, 0, sizeof(d->config_fault));
    memset(&d->mmio_fault, 0, sizeof(d->mmio_fault));
    memset(&d->prepare_fault, 0, sizeof(d->prepare_fault));
    memset(&d->reset_fault, 0, sizeof(d->reset_fault));
    memset(d->touched, 0, sizeof(d->touched));
    memset(d->changed, 0, sizeof(d->changed));
    memset(d->covered, 0, sizeof(d->covered));
    d->num_writes = 0;
    sim_notes_clear(&d->notes);
}

/* ------------------------------------------------------------------ */
/* Life                                                                */

/* PCI 3.0, appendix I.1: an identifier, a read-only part, the end tag. */
static int make_vpd(struct sim_dev *d)
{
    static const uint8_t head[] = {
        0x82, 13, 0, 'S', 'i', 'm', 'u', 'l', 'a', 't', 'e', 'd', ' ', 'V',
        'P', 'D', 0x90, 12, 0, 'P', 'N', 5, '0', '0', '0', '0', '1',
        'R', 'V', 1, 0, 0x78,
    };
    struct sim_vpd *v = &d->vpd;
    uint8_t sum = 0;
    unsigned i;

    v->size = d->opts.vpd_size ? d->opts.vpd_size : 256;
    v->size = v->size > 0x8000 ? 0x8000 : v->size;
    v->store = calloc(1, v->size);
    if (!v->store) {
        return -ENOMEM;
    }
    if (v->size >= sizeof(head)) {
        memcpy(v->store, head, sizeof(head));
        for (i = 0; i < sizeof(head) - 2; i++) {
            sum = (uint8_t)(sum + head[i]);
        }
        v->store[sizeof(head) - 2] = (uint8_t)-sum;
    }
    return 0;
}

int sim_dev_init(struct sim_dev *d, const struct capture *c,
                 const struct pt_device_info *info,
                 const struct sim_dev_opts *opts, struct sim_clock *clock)
{
    unsigned len = c->len < SIM_CFG_SIZE ? c->len : SIM_CFG_SIZE;
    int rc;

    memset(d, 0, sizeof(*d));
    d->pt.ops = &sim_dev_ops;
    d->pt.priv = d;
    d->pt.info = *info;
    d->clock = clock ? clock : &d->own_clock;
    if (opts) {
        d->opts = *opts;
    }
    memcpy(d->cfg, c->cfg, len);
    memcpy(d->region, c->region, sizeof(d->region));
    d->size = len > 256 || sim_dev_find_cap(d, PCI_CAP_ID_EXP) ?
              SIM_CFG_SIZE : 256;
    rc = sim_regs_build(d);
    if (rc == 0 && d->vpd.pos) {
        rc = make_vpd(d);
    }
    if (rc == 0) {
        rc = sim_mem_init(d);
    }
    if (rc != 0) {
        sim_dev_fini(d);
        return rc;
    }
    d->interrupting = d->cfg[PCI_STATUS] & PCI_STATUS_INTx;
    return 0;
}

void sim_dev_fini(struct sim_dev *d)
{
    sim_mem_free(d);
    free(d->vpd.store);
    d->vpd.store = NULL;
}
