/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An assigned device's life: seen, attached, reset, detached.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pt-pci.h"
#include "pt-dev.h"
#include "pt-msi.h"

#define HEADER_TYPE_MASK 0x7f
#define GUEST_COMMAND (PCI_COMMAND_MASTER | PCI_COMMAND_SPECIAL | \
    PCI_COMMAND_INVALIDATE | PCI_COMMAND_VGA_PALETTE)

/* All tables; what a device has and this list does not is hidden too. */
const struct pt_group *const pt_groups[] = {
    &pt_group_pm,
    &pt_group_vpd,
    &pt_group_vendor,
    &pt_group_pcie,
    &pt_group_pcix,
    &pt_group_msi,
    &pt_group_msix,
    NULL,
};

/* ------------------------------------------------------------------ */
/* Log                                                                 */

static void __attribute__((format(printf, 3, 0)))
log_line(const struct pt_dev *d, enum pt_level level, const char *fmt,
         va_list ap)
{
    char line[512], addr[PT_SBDF_LEN];
    int n = snprintf(line, sizeof(line), "pass-through %s: ",
                     pt_sbdf_str(&d->host->info.addr, addr));

    vsnprintf(line + n, sizeof(line) - (size_t)n, fmt, ap);
    d->bus->ops->log(d->bus->priv, level, line);
}

void pt_log(const struct pt_dev *d, enum pt_level level, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    log_line(d, level, fmt, ap);
    va_end(ap);
}

/* XSA-130: a guest that can write a log line can fill the host's disk. */
void pt_log_once(struct pt_dev *d, enum pt_once what, enum pt_level level,
                 const char *fmt, ...)
{
    va_list ap;

    if (d->said & (UINT32_C(1) << what)) {
        return;
    }
    d->said |= UINT32_C(1) << what;
    va_start(ap, fmt);
    log_line(d, level, fmt, ap);
    va_end(ap);
}

const struct pt_device_info *pt_info(const struct pt_dev *d)
{
    return &d->host->info;
}

/* ------------------------------------------------------------------ */
/* The device                                                          */

int pt_host_read(struct pt_dev *d, uint16_t off, void *buf, unsigned len)
{
    int rc = d->host->ops->read(d->host->priv, off, buf, len);

    if (rc != 0) {
        pt_log_once(d, PT_ONCE_READ, PT_LOG_ERROR,
                    "can't read the device's register at %#x: %s", off,
                    strerror(-rc));
    }
    return rc;
}

static int host_write(struct pt_dev *d, uint16_t off, const void *buf,
                      unsigned len)
{
    int rc = d->left ? 0 :
        d->host->ops->write(d->host->priv, off, buf, len);

    if (rc != 0) {
        pt_log_once(d, PT_ONCE_WRITE, PT_LOG_ERROR,
                    "can't write the device's register at %#x: %s", off,
                    strerror(-rc));
    }
    return rc;
}

int pt_host_write_val(struct pt_dev *d, uint16_t off, uint32_t val,
                      unsigned len)
{
    uint8_t buf[4];

    pt_store(buf, val, len);
    return host_write(d, off, buf, len);
}

/*
 * Decoders as the device needs them, bus mastering and its like as the guest
 * set them, INTx off while nobody would get it, the rest as found.
 */
uint16_t pt_command_device(const struct pt_dev *d)
{
    uint32_t found = pt_load(d->snap + PCI_COMMAND, 2);
    uint32_t guest = pt_copy(d, PCI_COMMAND, 2);

    found &= ~(uint32_t)(GUEST_COMMAND | PCI_COMMAND_IO |
                         PCI_COMMAND_MEMORY | PCI_COMMAND_DISABLE_INTx);
    return (uint16_t)(found | (guest & GUEST_COMMAND) | d->command |
        (pt_irq_intx_disabled(d) ? PCI_COMMAND_DISABLE_INTx : 0));
}

/* Write what must not be missed: once more if it fails. */
static int put(struct pt_dev *d, uint16_t off, const void *buf, unsigned len)
{
    return host_write(d, off, buf, len) == 0 ? 0 :
        host_write(d, off, buf, len);
}

static int put_command(struct pt_dev *d, uint32_t val)
{
    uint8_t buf[4];

    pt_store(buf, val, 2);
    return put(d, PCI_COMMAND, buf, 2);
}

int pt_command_write(struct pt_dev *d)
{
    return put_command(d, pt_command_device(d));
}

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
    found &= PCI_COMMAND_IO | PCI_COMMAND_MEMORY;
    return (uint16_t)((on & ~off) | found);
}

/* The value of BAR @n as the operating system placed it. */
static uint32_t host_bar(const struct pt_dev *d, unsigned n)
{
    const struct pt_region *r = &d->host->info.region[n];
    const struct pt_region *low = n > 0 ? r - 1 : NULL;

    if (low && low->size && (low->flags & PT_REGION_64)) {
        return (uint32_t)(low->addr >> 32);
    }
    /* The type bits are hardwired: what is written there does not matter. */
    return r->size ? (uint32_t)r->addr : 0;
}

/*
 * All from Cache Line Size to Interrupt Line in one write; on the way lie
 * BIST, which must not start, and registers that are read-only.
 */
static int restore_header(struct pt_dev *d)
{
    uint8_t regs[PCI_INTERRUPT_LINE + 1];
    unsigned n, from = PCI_CACHE_LINE_SIZE;
    int rc;

    memcpy(regs, d->snap, sizeof(regs));
    regs[PCI_BIST] = 0;
    for (n = 0; n < PT_NUM_BARS; n++) {
        pt_store(regs + PCI_BASE_ADDRESS_0 + 4 * n, host_bar(d, n), 4);
    }
    pt_store(regs + PCI_ROM_ADDRESS,
             (uint32_t)d->host->info.region[PT_ROM].addr, 4);
    d->rom_on = false;
    rc = put(d, (uint16_t)from, regs + from, (unsigned)sizeof(regs) - from);
    if (rc != 0) {
        /* It decodes other addresses now than those we would map. */
        d->command &= (uint16_t)~(PCI_COMMAND_IO | PCI_COMMAND_MEMORY);
    }
    return rc;
}

/* Has the guest changed what it may write of a register of the host's? */
static bool changed(const struct pt_dev *d, const struct pt_field *f)
{
    unsigned size = f->row->size;

    return (pt_copy(d, f->off, size) ^ pt_load(d->snap + f->off, size)) &
        pt_load(d->fwd + f->off, size);
}

/* The rows of PT_ROW_RESTORE: all, or those that the guest changed. */
static int restore_rows(struct pt_dev *d, bool all)
{
    int rc, failed = 0;
    unsigned i;

    for (i = 0; i < d->num_fields; i++) {
        const struct pt_field *f = &d->field[i];
        const struct pt_row *r = f->row;
        uint8_t buf[4];

        if ((r->flags & PT_ROW_RESTORE) && (all || changed(d, f))) {
            pt_store(buf, pt_load(d->snap + f->off, r->size) & ~r->rw1c,
                     r->size);
            rc = put(d, f->off, buf, r->size);
            failed = failed ? failed : rc;
        }
    }
    return failed;
}

int pt_restore_host(struct pt_dev *d)
{
    int rc = 0, failed = 0;

    if (!d->host->info.is_vf) {
        failed = restore_header(d);
    }
    rc = restore_rows(d, true);
    failed = failed ? failed : rc;
    if (d->pm.aer) {
        rc = put(d, (uint16_t)(d->pm.aer + PCI_ERR_UNCOR_MASK),
                 d->pm.aer_regs, sizeof(d->pm.aer_regs));
        failed = failed ? failed : rc;
    }
    return failed;
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
    return 0;
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
                       addr, strerror(-rc));
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

    if (take_snapshot(d, err) != 0) {
        pt_detach(d);
        return NULL;
    }
    d->command = decoders(d);
    pt_bars_init(d);
    pt_chain_walk(d);
    pt_pm_init(d);
    if (pt_irq_init(d) != 0) {
        pt_fail(err, ENOMEM, "out of memory");
        pt_detach(d);
        return NULL;
    }
    if (pt_space_build(d, err) != 0) {
        pt_detach(d);
        return NULL;
    }
    pt_bars_split(d);
    return d;
}

/*
 * A reset by the toolstack can leave BARs or the ROM's at 0 while the
 * operating system still knows their addresses.
 */
static int place_regions(struct pt_dev *d)
{
    uint8_t bars[4 * PT_NUM_BARS];
    uint32_t rom = pt_load(d->snap + PCI_ROM_ADDRESS, 4);
    const struct pt_region *r = d->host->info.region;
    bool lost = false;
    unsigned n;
    int rc = 0;

    if (d->host->info.is_vf) {
        return 0;
    }
    for (n = 0; n < PT_NUM_BARS; n++) {
        uint32_t want = host_bar(d, n);
        uint32_t has = pt_load(d->snap + PCI_BASE_ADDRESS_0 + 4 * n, 4);
        /* The top of a 64-bit BAR has no flags, and no size of its own. */
        uint32_t flags = r[n].size == 0 ? 0 :
            r[n].flags & PT_REGION_IO ? 0x3 : 0xf;

        lost |= want && !(has & ~flags);
        pt_store(bars + 4 * n, want, 4);
    }
    if (lost) {
        rc = host_write(d, PCI_BASE_ADDRESS_0, bars, sizeof(bars));
    }
    if (rc == 0 && r[PT_ROM].size && r[PT_ROM].addr &&
        rom != (uint32_t)r[PT_ROM].addr) {
        rc = pt_host_write_val(d, PCI_ROM_ADDRESS, (uint32_t)r[PT_ROM].addr,
                               4);
    }
    return rc;
}

static const char *policy_name(const struct pt_policy *p)
{
    return p->strict ? "strict" : p->permissive ? "permissive" : "default";
}

/* One line for what is in force and what the guest gets. */
static void log_attached(const struct pt_dev *d)
{
    char caps[256] = "";
    size_t n = 0;
    unsigned i;

    for (i = 0; i < d->num_caps; i++) {
        const struct pt_cap *c = &d->cap[i];

        n += (size_t)snprintf(caps + n, sizeof(caps) - n, " %s%s@%02x",
                              c->fate == PT_EXPOSED ? "" : "-",
                              c->group->name, c->pos);
        if (n >= sizeof(caps)) {
            break;
        }
    }
    pt_log(d, PT_LOG_INFO, "attached at %02x.%x: policy %s, power_mgmt=%d, "
           "msitranslate=%s; capabilities (-: hidden):%s", d->devfn >> 3,
           d->devfn & 7, policy_name(&d->policy),
           d->policy.power_mgmt && d->pm.pos, pt_irq_translation(d),
           i ? caps : " none");
}

struct pt_dev *pt_attach(const struct pt_args *args, struct pt_error *err)
{
    struct pt_dev *d = pt_view(args, err);
    char addr[PT_SBDF_LEN];
    bool lost;
    int rc;

    if (!d) {
        return NULL;
    }
    d->started = true;
    rc = pt_pm_wake(d, &lost, err);
    if (rc == 0) {
        rc = lost ? 0 : place_regions(d);
        if (rc == 0) {
            rc = pt_irq_start(d, lost);
            pt_space_reset(d);  /* with the MSIs that Xen really gives */
        }
        /* Mostly it is found as it has to be. */
        if (rc == 0 && (lost || pt_command_device(d) !=
                        pt_load(d->snap + PCI_COMMAND, 2))) {
            rc = pt_command_write(d);
        }
        if (rc != 0) {
            pt_fail(err, -rc, "%s: can't write its configuration space: %s",
                    pt_sbdf_str(&d->host->info.addr, addr), strerror(-rc));
        }
    }
    if (rc != 0) {
        pt_detach(d);
        return NULL;
    }
    log_attached(d);
    return d;
}

/* ------------------------------------------------------------------ */
/* Reset and detach                                                    */

/* Forget what the guest programmed, and undo what was done for it. */
static void undo(struct pt_dev *d)
{
    pt_irq_reset(d, false);
    pt_bars_unmap(d);
    pt_rom_enable(d, false);
    pt_pm_rest(d);
    restore_rows(d, false);
    pt_space_reset(d);
}

void pt_reset(struct pt_dev *d)
{
    if (!d->started) {
        pt_space_reset(d);
        return;
    }
    pt_pm_settle(d);
    pt_store(d->copy + PCI_COMMAND, 0, 2);
    pt_command_write(d);
    undo(d);
    pt_irq_sync(d);
    pt_command_write(d);
}

/*
 * Bus mastering off, and the rest as it was for the next owner. When nothing
 * is mapped any more: some devices let their driver at Command through a BAR,
 * and the decoders can have been found off.
 */
static void hand_back(struct pt_dev *d)
{
    put_command(d, pt_load(d->snap + PCI_COMMAND, 2) &
                ~(uint32_t)PCI_COMMAND_MASTER);
}

void pt_detach(struct pt_dev *d)
{
    if (!d) {
        return;
    }
    if (d->started) {
        pt_pm_settle(d);
        undo(d);
        pt_irq_stop(d);
        hand_back(d);
    }
    pt_irq_free(d);
    free(d);
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

void pt_detach_left(struct pt_dev *d)
{
    int rc = d && d->started ?
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
    pt_bars_unmap(d);
    pt_irq_leave(d);
    pt_irq_free(d);
    free(d);
}

void pt_set_multifunction(struct pt_dev *d, bool on)
{
    d->multifunction = on;
    d->copy[PCI_HEADER_TYPE] = (uint8_t)(PCI_HEADER_TYPE_NORMAL |
                                         (on ? PT_MULTIFUNCTION : 0));
}
