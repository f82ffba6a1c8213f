/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PCI Express capability of endpoints, versions 1 and 2.
 * PCI Express Base 2.0 section 7.8 (version 1: Base 1.0a, same section).
 */
#include <stdio.h>

#include "pt-pci.h"
#include "pt-dev.h"

enum {
    LINK = 0x01,   /* has link registers */
    V2 = 0x02,     /* has the second set of registers */
    LINK2 = 0x04,  /* has both */
};

/* A reset by the guest's own hand would go past the toolstack, and us. */
#define DEVCAP_HIDDEN (PCI_EXP_DEVCAP_FLRESET | PCI_EXP_DEVCAP_PHANTOM)

/* The ordering and size of the device's own requests: its driver's to tell. */
#define DEVCTL_SENT (PCI_EXP_DEVCTL_RELAXED | PCI_EXP_DEVCTL_NOSNOOP | \
    PCI_EXP_DEVCTL_READRQ)
/*
 * Payload size: one for the whole fabric, and drivers program their device by
 * it. Extended tags: the host has them on wherever the way to memory can do
 * them. Auxiliary power: goes with wake-up, the host's.
 */
#define DEVCTL_HOST (PCI_EXP_DEVCTL_PAYLOAD | PCI_EXP_DEVCTL_EXT_TAG | \
    PCI_EXP_DEVCTL_AUX_PME)

#define DEVSTA_RW1C (PCI_EXP_DEVSTA_CED | PCI_EXP_DEVSTA_NFED | \
    PCI_EXP_DEVSTA_FED | PCI_EXP_DEVSTA_URD)
#define DEVSTA_RO (PCI_EXP_DEVSTA_AUXPD | PCI_EXP_DEVSTA_TRPND)

/* Others are reserved in an endpoint, or of the link's other end. */
#define LNKCTL_COPY (PCI_EXP_LNKCTL_ASPM | PCI_EXP_LNKCTL_RCB | \
    PCI_EXP_LNKCTL_CLOCK | PCI_EXP_LNKCTL_XSYNCH | PCI_EXP_LNKCTL_CLOCKPM | \
    PCI_EXP_LNKCTL_HWAUTWD)
/* A reset of the function is none of the link: PCIe 3.0, 6.6.2. */
#define LNKCTL_STICKY (PCI_EXP_LNKCTL_ASPM | PCI_EXP_LNKCTL_RCB | \
    PCI_EXP_LNKCTL_CLOCKPM | PCI_EXP_LNKCTL_HWAUTWD)
#define LNKSTA_RW1C (PCI_EXP_LNKSTA_BWMGMT | PCI_EXP_LNKSTA_AUTBW)

/*
 * How long the device waits for its own requests' completions, and whether it
 * does atomic operations. Of what is left: ARI and blocking are a port's;
 * ID-based ordering, 10-bit tags, OBFF and emergency power reduction are to be
 * agreed on with the rest of the fabric.
 */
#define DEVCTL2_TIMEOUT 0x000f
#define DEVCTL2_SENT (DEVCTL2_TIMEOUT | PCI_EXP_DEVCTL2_TIMEOUT_DIS | \
    PCI_EXP_DEVCTL2_ATOMICOP_REQUESTER_EN)

#define LNKCTL2_TARGET_SPEED 0x000f
#define LNKCTL2_MARGIN 0x0380
#define LNKCTL2_PRESET 0xf000
/* The rest is selectable de-emphasis, of the link's other end. */
#define LNKCTL2_COPY (LNKCTL2_TARGET_SPEED | PCI_EXP_LNKCTL2_CMPLNC | \
    PCI_EXP_LNKCTL2_SPEED_DIS | LNKCTL2_MARGIN | \
    PCI_EXP_LNKCTL2_MOD_CMPLNC | PCI_EXP_LNKCTL2_CMPLNC_SOS | \
    LNKCTL2_PRESET)
#define LNKSTA2_RW1C PCI_EXP_LINKSTA2_EQU_REQ

/* 128 << n bytes; more are reserved: 7.8.4. */
#define READRQ_MAX 5
#define READRQ_SHIFT 12
#define PAYLOAD_SHIFT 5

/*
 * The guest knows neither the payload size's reasons nor the fabric. Requests
 * smaller than a payload are slow for nothing; and where the host keeps them
 * from being larger, some receiver can't take what would come back.
 */
static uint32_t read_request(uint32_t host, uint32_t guest)
{
    uint32_t most = (host & PCI_EXP_DEVCTL_READRQ) >> READRQ_SHIFT;
    uint32_t least = (host & PCI_EXP_DEVCTL_PAYLOAD) >> PAYLOAD_SHIFT;
    uint32_t n = (guest & PCI_EXP_DEVCTL_READRQ) >> READRQ_SHIFT;

    if (most <= least || n == most) {
        n = most;  /* what the host has is right for it, be it what it may */
    } else if (n < least) {
        n = least;
    } else if (n > READRQ_MAX) {
        n = READRQ_MAX;
    }
    return n << READRQ_SHIFT;
}

static void devctl_prepare(struct pt_dev *d, const struct pt_field *f,
                           uint32_t old, struct pt_access *a)
{
    uint16_t devcap = (uint16_t)(f->off - PCI_EXP_DEVCTL + PCI_EXP_DEVCAP);

    pt_access_send(a, f->off, 2, PCI_EXP_DEVCTL_READRQ,
                   read_request(pt_load(d->snap + f->off, 2),
                                pt_copy(d, f->off, 2)));
    if ((pt_access_ones(a, f->off, 2) & PCI_EXP_DEVCTL_FLRESET) &&
        (pt_copy(d, devcap, 4) & PCI_EXP_DEVCAP_FLRESET) &&
        pt_flr_ask(d, a)) {
        /* The rest is not sent, and what the device has is restored. */
        pt_store(d->copy + f->off, old, 2);
    }
}

static void devcap_setup(const struct pt_dev *d, const struct pt_field *f,
                         struct pt_bits *bits)
{
    if (d->flr.offered) {
        bits->init |= pt_load(d->snap + f->off, 4) & PCI_EXP_DEVCAP_FLRESET;
    }
}

/*
 * A port whose own end of it is off takes the message for an error. The host
 * switches both ends on, and nobody but the host sees the port's.
 */
static void devctl2_setup(const struct pt_dev *d, const struct pt_field *f,
                          struct pt_bits *bits)
{
    if (pt_load(d->snap + f->off, 2) & PCI_EXP_DEVCTL2_LTR) {
        bits->emu &= ~(uint32_t)PCI_EXP_DEVCTL2_LTR;
        bits->ro &= ~(uint32_t)PCI_EXP_DEVCTL2_LTR;
    }
}

static const struct pt_row pcie_rows[] = {
    {
        .name = "PCI Express Capabilities", .spec = "PCIe 2.0, 7.8.2",
        .why = "constant",
        .off = PCI_EXP_FLAGS, .size = 2, .flags = PT_ROW_INERT,
        .host = 0xffff, .emu = 0xffff, .ro = 0xffff,
    }, {
        .name = "Device Capabilities", .spec = "PCIe 2.0, 7.8.3",
        .why = "constant; phantom functions are not offered, function level "
            "reset by the policy flr alone",
        .off = PCI_EXP_DEVCAP, .size = 4, .flags = PT_ROW_INERT,
        .host = ~(uint32_t)DEVCAP_HIDDEN,
        .emu = 0xffffffff, .ro = 0xffffffff,
        .setup = devcap_setup,
    }, {
        .name = "Device Control", .spec = "PCIe 2.0, 7.8.4",
        .why = "relaxed ordering, no snoop and read request size are the "
            "driver's, no smaller than a payload; payload, tags and power "
            "are the host's fabric; errors are reported to the host; phantom "
            "functions are outside of the IOMMU (XSA-449); a reset goes "
            "through the operating system, if at all",
        .off = PCI_EXP_DEVCTL, .size = 2, .flags = PT_ROW_RESTORE,
        .host = 0xffff & ~(DEVCTL_SENT | PCI_EXP_DEVCTL_PHANTOM |
                           PCI_EXP_DEVCTL_FLRESET),
        .emu = 0xffff & ~DEVCTL_SENT,
        .ro = DEVCTL_HOST | PCI_EXP_DEVCTL_PHANTOM,
        .rw1c = PCI_EXP_DEVCTL_FLRESET,
        .prepare = devctl_prepare,
    }, {
        .name = "Device Status", .spec = "PCIe 2.0, 7.8.5",
        .why = "the device's; errors are cleared by writing 1",
        .off = PCI_EXP_DEVSTA, .size = 2,
        .ro = DEVSTA_RO, .rw1c = DEVSTA_RW1C,
        .rsvd = 0xffff & ~(DEVSTA_RO | DEVSTA_RW1C),
    }, {
        .name = "Link Capabilities", .spec = "PCIe 2.0, 7.8.6",
        .why = "constant",
        .off = PCI_EXP_LNKCAP, .size = 4, .only = LINK,
        .flags = PT_ROW_INERT,
        .host = 0xffffffff, .emu = 0xffffffff, .ro = 0xffffffff,
    }, {
        .name = "Link Control", .spec = "PCIe 2.0, 7.8.7",
        .why = "the host's link: the guest reads what is in force at first, "
            "and what it writes is a copy",
        .off = PCI_EXP_LNKCTL, .size = 2, .only = LINK,
        .flags = PT_ROW_RESTORE,
        .host = 0xffff, .emu = 0xffff, .ro = 0xffff & ~LNKCTL_COPY,
        .sticky = LNKCTL_STICKY,
    }, {
        .name = "Link Status", .spec = "PCIe 2.0, 7.8.8",
        .why = "the device's; events are cleared by writing 1",
        .off = PCI_EXP_LNKSTA, .size = 2, .only = LINK,
        .ro = 0xffff & ~LNKSTA_RW1C, .rw1c = LNKSTA_RW1C,
    }, {
        .name = "Device Capabilities 2", .spec = "PCIe 2.0, 7.8.15",
        .why = "constant",
        .off = PCI_EXP_DEVCAP2, .size = 4, .only = V2,
        .flags = PT_ROW_INERT,
        .host = 0xffffffff, .emu = 0xffffffff, .ro = 0xffffffff,
    }, {
        .name = "Device Control 2", .spec = "PCIe 2.0, 7.8.16",
        .why = "completion timeouts and atomic operations are the driver's, "
            "latency messages if the host has them on; the rest is the "
            "host's fabric",
        .off = PCI_EXP_DEVCTL2, .size = 2, .only = V2,
        .flags = PT_ROW_RESTORE,
        .host = 0xffff & ~DEVCTL2_SENT, .emu = 0xffff & ~DEVCTL2_SENT,
        .ro = 0xffff & ~DEVCTL2_SENT,
        .setup = devctl2_setup,
    }, {
        .name = "Link Capabilities 2", .spec = "PCIe 3.0, 7.8.18",
        .why = "constant",
        .off = PCI_EXP_LNKCAP2, .size = 4, .only = LINK2,
        .flags = PT_ROW_INERT,
        .host = 0xffffffff, .emu = 0xffffffff, .ro = 0xffffffff,
    }, {
        .name = "Link Control 2", .spec = "PCIe 3.0, 7.8.19",
        .why = "the host's link: the guest reads what is in force at first, "
            "and what it writes is a copy",
        .off = PCI_EXP_LNKCTL2, .size = 2, .only = LINK2,
        .flags = PT_ROW_RESTORE,
        .host = 0xffff, .emu = 0xffff, .ro = 0xffff & ~LNKCTL2_COPY,
        .sticky = LNKCTL2_COPY,  /* all are sticky */
    }, {
        .name = "Link Status 2", .spec = "PCIe 3.0, 7.8.20",
        .why = "the device's; events are cleared by writing 1",
        .off = PCI_EXP_LNKSTA2, .size = 2, .only = LINK2,
        .ro = 0xffff & ~LNKSTA2_RW1C, .rw1c = LNKSTA2_RW1C,
    },
};

static bool is_endpoint(unsigned type)
{
    return type == PCI_EXP_TYPE_ENDPOINT || type == PCI_EXP_TYPE_LEG_END ||
        type == PCI_EXP_TYPE_ROOT_INT_EP;
}

static void probe(const struct pt_dev *d, uint16_t pos, struct pt_probe *p)
{
    uint32_t flags = pt_load(d->snap + pos + PCI_EXP_FLAGS, 2);
    unsigned version = flags & PCI_EXP_FLAGS_VERS;
    unsigned type = (flags & PCI_EXP_FLAGS_TYPE) >> 4;

    if (version == 0) {
        /* The 82599's virtual function has one, all zero. */
        snprintf(p->why_not, sizeof(p->why_not),
                 "version 0: an empty structure");
    } else if (version > 2) {
        snprintf(p->why_not, sizeof(p->why_not), "unknown version %u",
                 version);
    } else if (!is_endpoint(type)) {
        snprintf(p->why_not, sizeof(p->why_not),
                 "device/port type %u is no endpoint", type);
    } else if (version == 2 && type == PCI_EXP_TYPE_ROOT_INT_EP) {
        p->size = PT_EXP_SIZEOF_V2_RC;
        p->variant = V2;
    } else if (version == 2) {
        p->size = PT_EXP_SIZEOF_V2;
        p->variant = LINK | V2 | LINK2;
    } else if (type == PCI_EXP_TYPE_ROOT_INT_EP) {
        p->size = PT_EXP_SIZEOF_V1_RC;
    } else {
        p->size = PT_EXP_SIZEOF_V1;
        p->variant = LINK;
    }
}

const struct pt_group pt_group_pcie = {
    .name = "PCI Express", .id = PCI_CAP_ID_EXP, .fate = PT_EXPOSED,
    .why = "status is the device's; of control what is the driver's, the rest "
        "is the guest's copy",
    .probe = probe,
    PT_ROWS(pcie_rows),
};
