/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SIMULATED: which bits of a function's configuration space are what, as its
 * designers would have it. See sim-device.h.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <pci/header.h>

#include "spec.h"
#include "sim-device.h"

/* Conventional space: where the capability chain lives. */
#define CAPS_START 0x40
#define CAPS_END 0x100

/* A register's bits; what neither rw nor rw1c has is read-only. */
struct bits {
    uint32_t rw;
    uint32_t rw1c;
    uint32_t sticky;  /* not changed by a reset */
    uint32_t reset;   /* values of the rw bits after one */
    uint32_t linked;  /* not changed by FLR: 6.6.2's list */
};

static void set(struct sim_dev *d, unsigned off, unsigned len, struct bits b)
{
    if (off + len > d->size) {
        return;
    }
    sim_put(d->rw + off, len, b.rw);
    sim_put(d->rw1c + off, len, b.rw1c);
    sim_put(d->sticky + off, len, b.sticky);
    sim_put(d->reset + off, len, b.reset);
    sim_put(d->linked + off, len, b.linked);
}

static void read_only(struct sim_dev *d, unsigned off, unsigned len)
{
    if (off >= d->size) {
        return;
    }
    len = len > d->size - off ? d->size - off : len;
    memset(d->rw + off, 0, len);
    memset(d->rw1c + off, 0, len);
    memset(d->sticky + off, 0, len);
    memset(d->reset + off, 0, len);
    memset(d->linked + off, 0, len);
}

/* Registers of which no specification tells: they start as captured. */
static void plain(struct sim_dev *d, unsigned off, unsigned len)
{
    unsigned i;

    for (i = off; i < off + len && i < d->size; i++) {
        set(d, i, 1, (struct bits) { .rw = 0xff, .reset = d->cfg[i] });
    }
}

static uint32_t get(const struct sim_dev *d, unsigned off, unsigned len)
{
    return (uint32_t)sim_get(d->cfg + off, len);
}

static bool is_vf(const struct sim_dev *d)
{
    return d->pt.info.is_vf;
}

/* ------------------------------------------------------------------ */
/* Header type 0: PCI 3.0 chapter 6; PCI Express 3.0, 7.5               */

static bool is_vga(const struct sim_dev *d)
{
    return get(d, PCI_CLASS_DEVICE, 2) == 0x0300;
}

static uint32_t command_bits(const struct sim_dev *d)
{
    uint32_t rw = PCI_COMMAND_MASTER;
    unsigned i;

    /* SR-IOV 1.1, 3.4.1.3: the rest is hardwired in a virtual function. */
    if (is_vf(d)) {
        return rw;
    }
    rw |= PCI_COMMAND_PARITY | PCI_COMMAND_SERR;
    for (i = 0; i < PT_NUM_REGIONS; i++) {
        if (d->region[i].size) {
            rw |= d->region[i].flags & PT_REGION_IO ? PCI_COMMAND_IO :
                  PCI_COMMAND_MEMORY;
        }
    }
    if (is_vga(d)) {
        rw |= PCI_COMMAND_IO | PCI_COMMAND_MEMORY;
    }
    if (d->cfg[PCI_INTERRUPT_PIN]) {
        rw |= PCI_COMMAND_DISABLE_INTx;
    }
    if (!d->exp) {
        rw |= PCI_COMMAND_INVALIDATE | PCI_COMMAND_FAST_BACK;
        rw |= is_vga(d) ? PCI_COMMAND_VGA_PALETTE : 0;
    }
    /* It had them on, so it has them. */
    return rw | (get(d, PCI_COMMAND, 2) & 0x07ff);
}

/* SR-IOV 1.1, 3.4.1: these are the physical function's to tell. */
static void make_vf(struct sim_dev *d)
{
    memset(d->cfg + PCI_VENDOR_ID, 0xff, 4);
    memset(d->cfg + PCI_BASE_ADDRESS_0, 0, 4 * PT_NUM_BARS);
    memset(d->cfg + PCI_ROM_ADDRESS, 0, 4);
    d->cfg[PCI_INTERRUPT_PIN] = 0;
    d->cfg[PCI_COMMAND] &= PCI_COMMAND_MASTER;
    d->cfg[PCI_COMMAND + 1] = 0;
}

/* What the hardware can decode of what the capture tells. */
static void sane_region(struct pt_region *r, unsigned n)
{
    uint64_t size = r->flags & PT_REGION_IO ? 4 : n == PT_ROM ? 2048 : 16;
    uint64_t max = r->flags & PT_REGION_IO ? UINT64_C(1) << 16 :
                   r->flags & PT_REGION_64 ? UINT64_C(1) << 62 :
                   UINT64_C(1) << 31;

    while (size < r->size && size < max) {
        size *= 2;
    }
    r->size = r->size ? size : 0;
}

static void base_address(struct sim_dev *d, unsigned n)
{
    const struct pt_region *r = &d->region[n];
    unsigned off = PCI_BASE_ADDRESS_0 + 4 * n;
    uint64_t addr = ~(r->size - 1);
    uint32_t type = 0;

    if (r->flags & PT_REGION_IO) {
        type = PCI_BASE_ADDRESS_SPACE_IO;
        addr &= d->opts.io16 ? 0xfffc : 0xfffffffc;
    } else {
        type |= r->flags & PT_REGION_64 ? PCI_BASE_ADDRESS_MEM_TYPE_64 : 0;
        type |= r->flags & PT_REGION_PREFETCH ?
                PCI_BASE_ADDRESS_MEM_PREFETCH : 0;
        addr &= ~UINT64_C(0xf);
    }
    sim_put(d->cfg + off, 4, (get(d, off, 4) & addr) | type);
    set(d, off, 4, (struct bits) { .rw = (uint32_t)addr });
    if (r->flags & PT_REGION_64) {
        sim_put(d->cfg + off + 4, 4, get(d, off + 4, 4) & (addr >> 32));
        set(d, off + 4, 4, (struct bits) { .rw = (uint32_t)(addr >> 32) });
    }
}

static void base_addresses(struct sim_dev *d)
{
    unsigned n;

    for (n = 0; n < PT_NUM_BARS; n++) {
        struct pt_region *r = &d->region[n];

        if (!r->size) {
            continue;
        }
        base_address(d, n);
        n += (r->flags & PT_REGION_64) != 0;
    }
    if (d->region[PT_ROM].size) {
        uint32_t addr = (uint32_t)~(d->region[PT_ROM].size - 1);

        set(d, PCI_ROM_ADDRESS, 4,
            (struct bits) { .rw = addr | PCI_ROM_ADDRESS_ENABLE });
        sim_put(d->cfg + PCI_ROM_ADDRESS, 4, get(d, PCI_ROM_ADDRESS, 4) &
                (addr | PCI_ROM_ADDRESS_ENABLE));
    }
}

static void header(struct sim_dev *d)
{
    read_only(d, 0, CAPS_START);
    set(d, PCI_COMMAND, 2, (struct bits) { .rw = command_bits(d) });
    set(d, PCI_STATUS, 2, (struct bits) { .rw1c = 0xf900 });
    if (!is_vf(d)) {
        set(d, PCI_CACHE_LINE_SIZE, 1, (struct bits) { .rw = 0xff });
        set(d, PCI_INTERRUPT_LINE, 1, (struct bits) { .rw = 0xff });
    }
    if (!d->exp) {
        /* PCI Express hardwires it to 0. */
        set(d, PCI_LATENCY_TIMER, 1, (struct bits) { .rw = 0xff });
    }
    if ((d->cfg[PCI_HEADER_TYPE] & 0x7f) != PCI_HEADER_TYPE_NORMAL) {
        /* Bridges are for looking at only. */
        return;
    }
    if (!is_vf(d)) {
        base_addresses(d);
    }
}

/* ------------------------------------------------------------------ */
/* Capabilities                                                        */

/* PCI PM 1.2, 3.2. The state field is sim-device.c's: it may refuse. */
static void power(struct sim_dev *d, unsigned pos)
{
    uint32_t pmc = get(d, pos + PCI_CAP_FLAGS, 2);
    uint32_t csr = get(d, pos + PCI_PM_CTRL, 2);
    bool pme = (pmc & 0xf800) != 0;
    uint8_t data = d->cfg[pos + PCI_PM_DATA_REGISTER];
    unsigned sel = (csr & PCI_PM_CTRL_DATA_SEL_MASK) >> 9, i;
    struct bits b = { 0 };

    if (d->pm) {
        return;
    }
    d->pm = (uint16_t)pos;
    read_only(d, pos, PCI_PM_SIZEOF);
    if (pme) {
        b.rw |= PCI_PM_CTRL_PME_ENABLE;
        b.rw1c |= PCI_PM_CTRL_PME_STATUS;
    }
    if (pmc & PCI_PM_CAP_PME_D3_COLD) {
        b.sticky |= PCI_PM_CTRL_PME_ENABLE | PCI_PM_CTRL_PME_STATUS;
    }
    if (data || (csr & PCI_PM_CTRL_DATA_SCALE_MASK)) {
        b.rw |= PCI_PM_CTRL_DATA_SEL_MASK;
        for (i = 0; i < 16; i++) {
            d->pm_data[i] = (uint8_t)(data + i - sel);
        }
    }
    set(d, pos + PCI_PM_CTRL, 2, b);
}

/* PCI 3.0, appendix I. The flag is sim-device.c's: it starts a transfer. */
static void vpd(struct sim_dev *d, unsigned pos)
{
    if (d->vpd.pos) {
        return;
    }
    d->vpd.pos = (uint16_t)pos;
    read_only(d, pos, 2);
    set(d, pos + PCI_VPD_ADDR, 2, (struct bits) { .rw = PCI_VPD_ADDR_MASK });
    set(d, pos + PCI_VPD_DATA, 4, (struct bits) { .rw = UINT32_MAX });
}

/* PCI 3.0, 6.8.1. */
static void msi(struct sim_dev *d, unsigned pos)
{
    uint32_t ctrl = get(d, pos + PCI_MSI_FLAGS, 2);
    bool wide = ctrl & PCI_MSI_FLAGS_64BIT;
    struct sim_msi *m = &d->msi;
    unsigned capable = (ctrl & PCI_MSI_FLAGS_QMASK) >> 1;

    if (m->pos) {
        return;
    }
    m->pos = (uint16_t)pos;
    m->vectors = 1u << (capable > 5 ? 5 : capable);
    m->data = (uint16_t)(pos + (wide ? PCI_MSI_DATA_64 : PCI_MSI_DATA_32));
    set(d, pos + PCI_MSI_FLAGS, 2, (struct bits) {
        .rw = PCI_MSI_FLAGS_ENABLE | PCI_MSI_FLAGS_QSIZE });
    set(d, pos + PCI_MSI_ADDRESS_LO, 4, (struct bits) { .rw = ~UINT32_C(3) });
    if (wide) {
        set(d, pos + PCI_MSI_ADDRESS_HI, 4,
            (struct bits) { .rw = UINT32_MAX });
    }
    set(d, m->data, 2, (struct bits) { .rw = 0xffff });
    if (!(ctrl & PCI_MSI_FLAGS_MASK_BIT)) {
        return;
    }
    read_only(d, m->data + 2u, 2);
    m->mask = (uint16_t)(m->data + 4);
    m->pending = (uint16_t)(m->data + 8);
    set(d, m->mask, 4, (struct bits) {
        .rw = (uint32_t)((UINT64_C(1) << m->vectors) - 1) });
    read_only(d, m->pending, 4);
}

static int msi_fits(const struct sim_dev *d, unsigned pos)
{
    uint32_t ctrl = get(d, pos + PCI_MSI_FLAGS, 2);
    unsigned size = ctrl & PCI_MSI_FLAGS_64BIT ? 14 : 10;

    size += ctrl & PCI_MSI_FLAGS_MASK_BIT ? 10 : 0;
    return pos + size <= CAPS_END;
}

/* PCI 3.0, 6.8.2. The table itself is memory: sim-mem.c. */
static int msix(struct sim_dev *d, unsigned pos)
{
    struct sim_msix *m = &d->msix;
    uint32_t table = get(d, pos + PCI_MSIX_TABLE, 4);
    uint32_t pba = get(d, pos + PCI_MSIX_PBA, 4);

    if (m->pos) {
        return 0;
    }
    m->pos = (uint16_t)pos;
    m->entries = (get(d, pos + PCI_CAP_FLAGS, 2) & PCI_MSIX_TABSIZE) + 1;
    m->bir = table & PCI_MSIX_BIR;
    m->off = table & ~(uint32_t)PCI_MSIX_BIR;
    m->pba_bir = pba & PCI_MSIX_BIR;
    m->pba_off = pba & ~(uint32_t)PCI_MSIX_BIR;
    m->table = calloc(m->entries, 4 * sizeof(*m->table));
    m->pba = calloc((m->entries + 63) / 64, sizeof(*m->pba));
    read_only(d, pos, 12);
    set(d, pos + PCI_CAP_FLAGS, 2,
        (struct bits) { .rw = PCI_MSIX_ENABLE | PCI_MSIX_MASK });
    return m->table && m->pba ? 0 : -ENOMEM;
}

/* PCI Express 3.0, 7.8.4: Device Control of an endpoint. */
static struct bits device_control(const struct sim_dev *d, unsigned pos)
{
    uint32_t cap = get(d, pos + PCI_EXP_DEVCAP, 4);
    struct bits b = {
        .rw = PCI_EXP_DEVCTL_CERE | PCI_EXP_DEVCTL_NFERE |
              PCI_EXP_DEVCTL_FERE | PCI_EXP_DEVCTL_URRE |
              PCI_EXP_DEVCTL_RELAXED | PCI_EXP_DEVCTL_PAYLOAD |
              PCI_EXP_DEVCTL_NOSNOOP | PCI_EXP_DEVCTL_READRQ,
        .reset = PCI_EXP_DEVCTL_RELAXED | PCI_EXP_DEVCTL_NOSNOOP | 0x2000,
        .linked = PCI_EXP_DEVCTL_PAYLOAD,
    };

    /* SR-IOV 1.1, 3.5.4: the physical function's settings hold. */
    if (is_vf(d)) {
        return (struct bits) { 0 };
    }
    b.rw |= cap & PCI_EXP_DEVCAP_EXT_TAG ? PCI_EXP_DEVCTL_EXT_TAG : 0;
    b.rw |= cap & PCI_EXP_DEVCAP_PHANTOM ? PCI_EXP_DEVCTL_PHANTOM : 0;
    if (get(d, pos + PCI_EXP_DEVSTA, 2) & PCI_EXP_DEVSTA_AUXPD) {
        b.rw |= PCI_EXP_DEVCTL_AUX_PME;
        b.sticky |= PCI_EXP_DEVCTL_AUX_PME;
    }
    return b;
}

/* 7.8.7, 7.8.8 */
static void link(struct sim_dev *d, unsigned pos)
{
    uint32_t cap = get(d, pos + PCI_EXP_LNKCAP, 4);
    struct bits b = {
        .rw = PCI_EXP_LNKCTL_ASPM | PCI_EXP_LNKCTL_RCB |
              PCI_EXP_LNKCTL_CLOCK | PCI_EXP_LNKCTL_XSYNCH |
              PCI_EXP_LNKCTL_HWAUTWD,
        .linked = PCI_EXP_LNKCTL_ASPM | PCI_EXP_LNKCTL_RCB |
                  PCI_EXP_LNKCTL_CLOCKPM | PCI_EXP_LNKCTL_HWAUTWD,
    };

    if (is_vf(d)) {
        return;
    }
    b.rw |= cap & PCI_EXP_LNKCAP_CLOCKPM ? PCI_EXP_LNKCTL_CLOCKPM : 0;
    set(d, pos + PCI_EXP_LNKCTL, 2, b);
    /* Only ports ever set them. */
    set(d, pos + PCI_EXP_LNKSTA, 2, (struct bits) { .rw1c =
        PCI_EXP_LNKSTA_BWMGMT | PCI_EXP_LNKSTA_AUTBW });
}

/* 7.8.16, 7.8.19, 7.8.20 */
static void version2(struct sim_dev *d, unsigned pos, bool has_link)
{
    uint32_t cap = get(d, pos + PCI_EXP_DEVCAP2, 4);
    uint32_t speed = get(d, pos + PCI_EXP_LNKCAP, 4) & PCI_EXP_LNKCAP_SPEED;
    uint32_t rw = 0x0040 | 0x0100 | 0x0200;  /* AtomicOp, ID-Based Ordering */

    if (is_vf(d)) {
        return;
    }
    rw |= PCI_EXP_DEVCAP2_TIMEOUT_RANGE(cap) ? 0x000f : 0;
    rw |= cap & PCI_EXP_DEVCAP2_TIMEOUT_DIS ? 0x0010 : 0;
    rw |= cap & PCI_EXP_DEVCAP2_LTR ? PCI_EXP_DEVCTL2_LTR : 0;
    rw |= cap & PCI_EXP_DEVCAP2_10BIT_TAG_REQ ?
          PCI_EXP_DEVCTL2_10BIT_TAG_REQ : 0;
    rw |= PCI_EXP_DEVCAP2_OBFF(cap) ? 0x6000 : 0;
    set(d, pos + PCI_EXP_DEVCTL2, 2, (struct bits) { .rw = rw });
    if (has_link) {
        set(d, pos + PCI_EXP_LNKCTL2, 2, (struct bits) {
            .rw = 0xffbf, .sticky = 0xffbf, .reset = speed });
        set(d, pos + PCI_EXP_LNKSTA2, 2, (struct bits) {
            .rw1c = PCI_EXP_LINKSTA2_EQU_REQ });
    }
}

/* PCI Express 3.0, 7.8. Slot and root registers stay read-only. */
static void express(struct sim_dev *d, unsigned pos)
{
    uint32_t flags = get(d, pos + PCI_EXP_FLAGS, 2);
    unsigned version = flags & PCI_EXP_FLAGS_VERS;
    unsigned type = (flags & PCI_EXP_FLAGS_TYPE) >> 4;
    bool has_link = type != PCI_EXP_TYPE_ROOT_INT_EP &&
                    type != PCI_EXP_TYPE_ROOT_EC;

    if (d->exp) {
        return;
    }
    d->exp = (uint16_t)pos;
    read_only(d, pos, spec_exp_size(flags));
    set(d, pos + PCI_EXP_DEVCTL, 2, device_control(d, pos));
    set(d, pos + PCI_EXP_DEVSTA, 2, (struct bits) { .rw1c =
        PCI_EXP_DEVSTA_CED | PCI_EXP_DEVSTA_NFED | PCI_EXP_DEVSTA_FED |
        PCI_EXP_DEVSTA_URD });
    if (has_link) {
        link(d, pos);
    }
    if (version >= 2) {
        version2(d, pos, has_link);
    }
}

/* Bytes that @id's structure takes, as far as it is simulated; 0: unknown. */
static unsigned cap_size(const struct sim_dev *d, uint8_t id, unsigned pos)
{
    switch (id) {
    case PCI_CAP_ID_PM:
    case PCI_CAP_ID_VPD:
    case PCI_CAP_ID_SSVID:
        return 8;
    case PCI_CAP_ID_PCIX:
        return get(d, pos + PCI_PCIX_COMMAND, 2) & 0x3000 ? 24 : 8;
    case PCI_CAP_ID_MSIX:
        return 12;
    case PCI_CAP_ID_AF:
        return 6;
    case PCI_CAP_ID_EXP:
        return spec_exp_size(get(d, pos + PCI_EXP_FLAGS, 2));
    default:
        return 0;
    }
}

/* PCI-X 2.0, 7.2.2 to 7.2.4. */
static void pcix(struct sim_dev *d, unsigned pos)
{
    read_only(d, pos, cap_size(d, PCI_CAP_ID_PCIX, pos));
    set(d, pos + PCI_PCIX_COMMAND, 2, (struct bits) {
        .rw = 0x7f, .reset = 0x32 });
    set(d, pos + PCI_PCIX_STATUS, 4, (struct bits) { .rw1c =
        PCI_PCIX_STATUS_SC_DISCARDED | PCI_PCIX_STATUS_UNEXPECTED_SC |
        PCI_PCIX_STATUS_RCVD_SC_ERR_MESS });
}

static int capability(struct sim_dev *d, uint8_t id, unsigned pos)
{
    read_only(d, pos, 2);
    if (pos + cap_size(d, id, pos) > CAPS_END ||
        (d->plain >> (pos / 4) & 1)) {
        return 0;
    }
    switch (id) {
    case PCI_CAP_ID_PM:
        power(d, pos);
        break;
    case PCI_CAP_ID_VPD:
        vpd(d, pos);
        break;
    case PCI_CAP_ID_VNDR:
        read_only(d, pos + PCI_VNDR_LENGTH, 1);
        break;
    case PCI_CAP_ID_MSI:
        read_only(d, pos + PCI_MSI_FLAGS, 2);
        if (msi_fits(d, pos)) {
            msi(d, pos);
        }
        break;
    case PCI_CAP_ID_MSIX:
        return msix(d, pos);
    case PCI_CAP_ID_EXP:
        express(d, pos);
        break;
    case PCI_CAP_ID_PCIX:
        pcix(d, pos);
        break;
    case PCI_CAP_ID_SSVID:
        read_only(d, pos, 8);
        break;
    case PCI_CAP_ID_AF:
        /* Its one control bit starts a reset and reads 0. */
        read_only(d, pos, 6);
        d->af = d->af ? d->af : (uint16_t)pos;
        break;
    default:
        break;
    }
    return 0;
}

static int capabilities(struct sim_dev *d)
{
    uint64_t visited = 0;
    uint8_t pos;
    int rc = 0;

    if (!(d->cfg[PCI_STATUS] & PCI_STATUS_CAP_LIST)) {
        return 0;
    }
    pos = d->cfg[PCI_CAPABILITY_LIST] & 0xfc;
    /* Where all is ones there is no register. */
    while (rc == 0 && pos >= CAPS_START && get(d, pos, 2) != 0xffff &&
           !(visited & (UINT64_C(1) << (pos / 4)))) {
        visited |= UINT64_C(1) << (pos / 4);
        rc = capability(d, d->cfg[pos + PCI_CAP_LIST_ID], pos);
        pos = d->cfg[pos + PCI_CAP_LIST_NEXT] & 0xfc;
    }
    /* Where another structure begins there are no pending bits. */
    if (d->msi.pending &&
        (visited & (UINT64_C(1) << (d->msi.pending / 4)))) {
        d->msi.pending = d->msi.mask = 0;
    }
    return rc;
}

/* ------------------------------------------------------------------ */
/* Extended capabilities: PCI Express 3.0, 7.9 onwards                  */

#define AER_UNC 0x03fff030u
#define AER_COR 0x0000f1c1u

static const struct ext_reg {
    uint16_t id;
    uint16_t off;
    uint16_t len;
    struct bits b;
} ext_regs[] = {
    /* 7.10: sticky throughout */
    { PCI_EXT_CAP_ID_AER, PCI_ERR_UNCOR_STATUS, 4,
      { .rw1c = AER_UNC, .sticky = AER_UNC } },
    { PCI_EXT_CAP_ID_AER, PCI_ERR_UNCOR_MASK, 4,
      { .rw = AER_UNC, .sticky = AER_UNC } },
    { PCI_EXT_CAP_ID_AER, PCI_ERR_UNCOR_SEVER, 4,
      { .rw = AER_UNC, .sticky = AER_UNC, .reset = 0x00462030 } },
    { PCI_EXT_CAP_ID_AER, PCI_ERR_COR_STATUS, 4,
      { .rw1c = AER_COR, .sticky = AER_COR } },
    { PCI_EXT_CAP_ID_AER, PCI_ERR_COR_MASK, 4,
      { .rw = AER_COR, .sticky = AER_COR, .reset = 0x2000 } },
    { PCI_EXT_CAP_ID_AER, PCI_ERR_CAP, 4,
      { .rw = 0x540, .sticky = 0x540 } },
    { PCI_EXT_CAP_ID_ACS, PCI_ACS_CTRL, 2, { .rw = 0x7f } },
    { PCI_EXT_CAP_ID_ARI, PCI_ARI_CTRL, 2, { .rw = 0x73 } },
    { PCI_EXT_CAP_ID_ATS, PCI_ATS_CTRL, 2, { .rw = 0x801f } },
    { PCI_EXT_CAP_ID_SRIOV, PCI_IOV_CTRL, 2, { .rw = 0x1f } },
    { PCI_EXT_CAP_ID_SRIOV, PCI_IOV_STATUS, 2,
      { .rw1c = PCI_IOV_STATUS_MS } },
    { PCI_EXT_CAP_ID_SRIOV, PCI_IOV_NUMVF, 2, { .rw = 0xffff } },
    { PCI_EXT_CAP_ID_SRIOV, PCI_IOV_SYSPS, 4,
      { .rw = UINT32_MAX, .reset = 1 } },
    /* 7.11: arbitration; of two channels: classes, number, enable */
    { PCI_EXT_CAP_ID_VC, 0x0c, 2, { .rw = 0x000e, .linked = 0x000e } },
    { PCI_EXT_CAP_ID_VC, 0x14, 4, { .rw = 0x000e00fe, .linked = 0x000e00fe } },
    { PCI_EXT_CAP_ID_VC, 0x20, 4, { .rw = 0x870e00fe, .linked = 0x870e00fe } },
    { PCI_EXT_CAP_ID_PRI, PCI_PRI_CTRL, 2, { .rw = PCI_PRI_CTRL_ENABLE } },
    { PCI_EXT_CAP_ID_PRI, PCI_PRI_STATUS, 2, { .rw1c = 0x3 } },
    { PCI_EXT_CAP_ID_PRI, PCI_PRI_ALLOC_REQ, 4, { .rw = UINT32_MAX } },
    { PCI_EXT_CAP_ID_PASID, PCI_PASID_CTRL, 2, { .rw = 0x7 } },
    { PCI_EXT_CAP_ID_LTR, PCI_LTR_MAX_SNOOP, 2, { .rw = 0x1fff } },
    { PCI_EXT_CAP_ID_LTR, PCI_LTR_MAX_NOSNOOP, 2, { .rw = 0x1fff } },
    { PCI_EXT_CAP_ID_L1PM, PCI_L1PM_SUBSTAT_CTL1, 4, { .rw = 0xe3ffff0f } },
    { PCI_EXT_CAP_ID_L1PM, PCI_L1PM_SUBSTAT_CTL2, 4, { .rw = 0xfb } },
    /* PCIe 3.1, 7.32.3: enable, root, granularity */
    { PCI_EXT_CAP_ID_PTM, 8, 4, { .rw = 0xff03 } },
    /* 7.22.3: the size; a reset makes it the smallest here */
    { PCI_EXT_CAP_ID_REBAR, 8, 4, { .rw = 0x1f00 } },
};

static void ext_structure(struct sim_dev *d, unsigned pos, unsigned end)
{
    unsigned i;

    for (i = 0; i < sizeof(ext_regs) / sizeof(ext_regs[0]); i++) {
        const struct ext_reg *r = &ext_regs[i];

        if (r->id == (get(d, pos, 4) & 0xffff) &&
            pos + r->off + r->len <= end) {
            set(d, pos + r->off, r->len, r->b);
        }
    }
}

/* A structure ends where the next one begins, whatever it says. */
static void extended(struct sim_dev *d)
{
    bool first[SIM_CFG_SIZE / 4] = { false };
    unsigned pos = CAPS_END, end = d->size;

    read_only(d, CAPS_END, d->size - CAPS_END);
    while (pos >= CAPS_END && pos + 4 <= d->size && !first[pos / 4] &&
           get(d, pos, 4) != 0 && get(d, pos, 4) != UINT32_MAX) {
        first[pos / 4] = true;
        pos = get(d, pos, 4) >> 20 & 0xffc;
    }
    for (pos = d->size - 4; pos >= CAPS_END; pos -= 4) {
        if (first[pos / 4]) {
            ext_structure(d, pos, end);
            end = pos;
        }
    }
}

int sim_regs_build(struct sim_dev *d)
{
    unsigned i;
    int rc;

    for (i = 0; i < PT_NUM_REGIONS; i++) {
        struct pt_region *r = &d->region[i];

        if (i >= PT_NUM_BARS - 1) {
            r->flags &= ~(unsigned)PT_REGION_64;
        }
        sane_region(r, i);
        if (r->size && (r->flags & PT_REGION_64)) {
            d->region[++i].size = 0;
        }
    }
    if (is_vf(d)) {
        make_vf(d);
    }
    plain(d, CAPS_START, CAPS_END - CAPS_START);
    if (d->size > CAPS_END) {
        extended(d);
    }
    rc = capabilities(d);
    header(d);
    /* So far reset[] is what the writable bits become. */
    for (i = 0; i < d->size; i++) {
        uint8_t fixed = (uint8_t)~(d->rw[i] | d->rw1c[i]);

        d->reset[i] = (uint8_t)((d->cfg[i] & fixed) |
                                (d->reset[i] & d->rw[i]));
    }
    return rc;
}

int sim_dev_make_plain(struct sim_dev *d, uint64_t where)
{
    int rc;

    d->plain |= where;
    free(d->msix.table);
    free(d->msix.pba);
    memset(&d->msi, 0, sizeof(d->msi));
    memset(&d->msix, 0, sizeof(d->msix));
    d->pm = d->exp = d->af = d->vpd.pos = 0;
    rc = sim_regs_build(d);
    if (rc == 0) {
        sim_mem_reset(d);
    }
    return rc;
}
