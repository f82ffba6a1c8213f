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

/* The guest's reset would go past the toolstack's, and past our restore. */
#define DEVCAP_HIDDEN (PCI_EXP_DEVCAP_FLRESET | PCI_EXP_DEVCAP_PHANTOM)
#define DEVSTA_RW1C (PCI_EXP_DEVSTA_CED | PCI_EXP_DEVSTA_NFED | \
    PCI_EXP_DEVSTA_FED | PCI_EXP_DEVSTA_URD)
#define DEVSTA_RO (PCI_EXP_DEVSTA_AUXPD | PCI_EXP_DEVSTA_TRPND)
/* Reserved in an endpoint, or of the link's other end. */
#define LNKCTL_RO 0xfc34
#define LNKSTA_RW1C (PCI_EXP_LNKSTA_BWMGMT | PCI_EXP_LNKSTA_AUTBW)
#define DEVCTL2_RO 0xffe0
#define LNKCTL2_RO 0xe040
#define LNKSTA2_RW1C PCI_EXP_LINKSTA2_EQU_REQ

/* Target Link Speed starts as the fastest that the link can do: 7.8.19. */
static void lnkctl2_setup(const struct pt_dev *d, const struct pt_field *f,
                          struct pt_bits *bits)
{
    uint16_t pos = (uint16_t)(f->off - PCI_EXP_LNKCTL2);

    bits->init = pt_load(d->snap + pos + PCI_EXP_LNKCAP, 4) &
        PCI_EXP_LNKCAP_SPEED;
}

static const struct pt_row pcie_rows[] = {
    {
        .name = "PCI Express Capabilities", .spec = "PCIe 2.0, 7.8.2",
        .why = "constant",
        .off = PCI_EXP_FLAGS, .size = 2, .flags = PT_ROW_INERT,
        .host = 0xffff, .emu = 0xffff, .ro = 0xffff,
    }, {
        .name = "Device Capabilities", .spec = "PCIe 2.0, 7.8.3",
        .why = "constant; function level reset and phantom functions are "
            "not offered",
        .off = PCI_EXP_DEVCAP, .size = 4, .flags = PT_ROW_INERT,
        .host = ~(uint32_t)DEVCAP_HIDDEN,
        .emu = 0xffffffff, .ro = 0xffffffff,
    }, {
        .name = "Device Control", .spec = "PCIe 2.0, 7.8.4",
        .why = "the host's fabric: payload sizes and error reporting; "
            "phantom functions are outside of the IOMMU (XSA-449)",
        .off = PCI_EXP_DEVCTL, .size = 2, .flags = PT_ROW_RESTORE,
        .starts = PCI_EXP_DEVCTL_FLRESET,
        .init = 0x2000 | PCI_EXP_DEVCTL_NOSNOOP | PCI_EXP_DEVCTL_RELAXED,
        .emu = 0xffff,
        .ro = PCI_EXP_DEVCTL_FLRESET | PCI_EXP_DEVCTL_AUX_PME |
            PCI_EXP_DEVCTL_PHANTOM,
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
        .why = "the host's link; the guest gets a copy to write",
        .off = PCI_EXP_LNKCTL, .size = 2, .only = LINK,
        .flags = PT_ROW_RESTORE,
        .emu = 0xffff, .ro = LNKCTL_RO,
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
        .why = "the host's fabric: completion timeouts; the guest gets a "
            "copy to write",
        .off = PCI_EXP_DEVCTL2, .size = 2, .only = V2,
        .flags = PT_ROW_RESTORE,
        .emu = 0xffff, .ro = DEVCTL2_RO,
    }, {
        .name = "Link Capabilities 2", .spec = "PCIe 3.0, 7.8.18",
        .why = "constant",
        .off = PCI_EXP_LNKCAP2, .size = 4, .only = LINK2,
        .flags = PT_ROW_INERT,
        .host = 0xffffffff, .emu = 0xffffffff, .ro = 0xffffffff,
    }, {
        .name = "Link Control 2", .spec = "PCIe 2.0, 7.8.19",
        .why = "the host's link; the guest gets a copy to write",
        .off = PCI_EXP_LNKCTL2, .size = 2, .only = LINK2,
        .flags = PT_ROW_RESTORE,
        .emu = 0xffff, .ro = LNKCTL2_RO,
        .setup = lnkctl2_setup,
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
    .why = "status is the device's, control is the guest's copy",
    .probe = probe,
    PT_ROWS(pcie_rows),
};
