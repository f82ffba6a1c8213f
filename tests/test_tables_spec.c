/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tables of hw/ beside a list that knows nothing of them: what is a
 * structure's size, where its registers are and which of their bits are
 * read-only, writable or cleared by writing 1, by the specifications; and which
 * of them a guest may send to the device, by the policy that README.md tells.
 *
 * Numbers here are numbers, and on purpose: a name that both sides take from
 * one header is wrong for both at once.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib-world.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define AT 0x40u
#define ALL UINT32_MAX

/* The attributes of a register's bits. What none of them has is reserved. */
struct reg {
    uint8_t off, size;
    const char *name, *section;
    uint32_t rw, rw1c, ro;
    uint32_t sent;  /* a guest's write reaches the device */
    uint32_t kept;  /* of rw: and yet the guest can't change them */
    uint32_t live;  /* read from the device, each time */
    uint32_t stays; /* the guest's, in a reset of the function: PCIe 6.6.2 */
};

struct kind {
    const char *name;     /* of the structure, and of its shape */
    uint8_t id;
    uint16_t flags;       /* bytes 2 and 3, which tell the shape */
    uint16_t size;
    bool power_mgmt;
    const struct reg *reg;
    unsigned num_regs;
};

#define REGS(r) .reg = (r), .num_regs = COUNT(r)

static const struct reg header[] = {
    { 0x00, 2, "Vendor ID", "PCI 3.0, 6.2.1", .ro = 0xffff },
    { 0x02, 2, "Device ID", "PCI 3.0, 6.2.1", .ro = 0xffff },
    /* IDSEL stepping (7) is reserved since 3.0; decoders: XSA-120, XSA-126 */
    { 0x04, 2, "Command", "PCI 3.0, 6.2.2", .rw = 0x077f,
      .sent = 0x003c, .live = 0xf8bc },
    { 0x06, 2, "Status", "PCI 3.0, 6.2.3", .rw1c = 0xf900, .ro = 0x06f8,
      .sent = 0xf900, .live = 0xffef },
    { 0x08, 1, "Revision ID", "PCI 3.0, 6.2.1", .ro = 0xff },
    { 0x09, 1, "Programming Interface", "PCI 3.0, 6.2.1", .ro = 0xff },
    { 0x0a, 2, "Class Code", "PCI 3.0, 6.2.1", .ro = 0xffff },
    { 0x0c, 1, "Cache Line Size", "PCI 3.0, 6.2.4", .rw = 0xff },
    { 0x0d, 1, "Latency Timer", "PCI 3.0, 6.2.4", .rw = 0xff },
    { 0x0e, 1, "Header Type", "PCI 3.0, 6.2.1", .ro = 0xff },
    { 0x0f, 1, "BIST", "PCI 3.0, 6.2.4", .rw = 0x40, .ro = 0x8f,
      .kept = 0x40 },
    /* No BARs: all of their bits are 0. */
    { 0x10, 4, "Base Address 0", "PCI 3.0, 6.2.5.1", .ro = ALL },
    { 0x14, 4, "Base Address 1", "PCI 3.0, 6.2.5.1", .ro = ALL },
    { 0x18, 4, "Base Address 2", "PCI 3.0, 6.2.5.1", .ro = ALL },
    { 0x1c, 4, "Base Address 3", "PCI 3.0, 6.2.5.1", .ro = ALL },
    { 0x20, 4, "Base Address 4", "PCI 3.0, 6.2.5.1", .ro = ALL },
    { 0x24, 4, "Base Address 5", "PCI 3.0, 6.2.5.1", .ro = ALL },
    { 0x28, 4, "CardBus CIS Pointer", "PCI 3.0, 6.2.4", .ro = ALL },
    { 0x2c, 2, "Subsystem Vendor ID", "PCI 3.0, 6.2.4", .ro = 0xffff },
    { 0x2e, 2, "Subsystem ID", "PCI 3.0, 6.2.4", .ro = 0xffff },
    { 0x30, 4, "Expansion ROM Base Address", "PCI 3.0, 6.2.5.2",
      .ro = ALL },
    { 0x34, 1, "Capabilities Pointer", "PCI 3.0, 6.7", .ro = 0xff },
    { 0x3c, 1, "Interrupt Line", "PCI 3.0, 6.2.4", .rw = 0xff },
    { 0x3d, 1, "Interrupt Pin", "PCI 3.0, 6.2.4", .ro = 0xff },
    { 0x3e, 1, "Min_Gnt", "PCI 3.0, 6.2.4", .ro = 0xff },
    { 0x3f, 1, "Max_Lat", "PCI 3.0, 6.2.4", .ro = 0xff },
};

/* PCI Power Management 1.2, 3.2. No wake-up: it is the host's. */
static const struct reg pm[] = {
    { 2, 2, "Power Management Capabilities", "PM 1.2, 3.2.3", .ro = 0xffff },
    { 4, 2, "Power Management Control/Status", "PM 1.2, 3.2.4",
      .rw = 0x1f03, .rw1c = 0x8000, .ro = 0x600c,
      .sent = 0x1e00, .kept = 0x0100, .live = 0x7ef4 },
    { 6, 1, "PMCSR Bridge Support Extensions", "PM 1.2, 3.2.5", .ro = 0xff },
    { 7, 1, "Data", "PM 1.2, 3.2.6", .ro = 0xff, .live = 0xff },
};

static const struct reg pm_forwarded[] = {
    { 2, 2, "Power Management Capabilities", "PM 1.2, 3.2.3", .ro = 0xffff },
    /* The device of these tests has no No_Soft_Reset: it is 0, and stays. */
    { 4, 2, "Power Management Control/Status", "PM 1.2, 3.2.4",
      .rw = 0x1f03, .rw1c = 0x8000, .ro = 0x600c,
      .sent = 0x1e03, .kept = 0x0100, .live = 0x7ef7 },
    { 6, 1, "PMCSR Bridge Support Extensions", "PM 1.2, 3.2.5", .ro = 0xff },
    { 7, 1, "Data", "PM 1.2, 3.2.6", .ro = 0xff, .live = 0xff },
};

static const struct reg vpd[] = {
    { 2, 2, "VPD Address", "PCI 3.0, I.3", .rw = 0xfffc, .ro = 0x0003,
      .sent = 0xfffc, .live = 0xfffc },
    { 4, 4, "VPD Data", "PCI 3.0, I.3", .rw = ALL, .sent = ALL,
      .live = ALL },
};

static const struct reg vendor[] = {
    { 2, 1, "Length", "PCI 3.0, appendix H", .ro = 0xff },
};

/* PCI 3.0, 6.8.1. No bit of them reaches the device: Xen writes it. */
static const struct reg msi32[] = {
    { 2, 2, "Message Control", "PCI 3.0, 6.8.1.3", .rw = 0x0071,
      .ro = 0x018e },
    { 4, 4, "Message Address", "PCI 3.0, 6.8.1.4", .rw = ~3u },
    { 8, 2, "Message Data", "PCI 3.0, 6.8.1.6", .rw = 0xffff },
};

static const struct reg msi64[] = {
    { 2, 2, "Message Control", "PCI 3.0, 6.8.1.3", .rw = 0x0071,
      .ro = 0x018e },
    { 4, 4, "Message Address", "PCI 3.0, 6.8.1.4", .rw = ~3u },
    { 8, 4, "Message Upper Address", "PCI 3.0, 6.8.1.5", .rw = ALL },
    { 12, 2, "Message Data", "PCI 3.0, 6.8.1.6", .rw = 0xffff },
};

/* One vector: one mask bit. */
static const struct reg msi32_masks[] = {
    { 2, 2, "Message Control", "PCI 3.0, 6.8.1.3", .rw = 0x0071,
      .ro = 0x018e },
    { 4, 4, "Message Address", "PCI 3.0, 6.8.1.4", .rw = ~3u },
    { 8, 2, "Message Data", "PCI 3.0, 6.8.1.6", .rw = 0xffff },
    { 12, 4, "Mask Bits", "PCI 3.0, 6.8.1.7", .rw = 1 },
    { 16, 4, "Pending Bits", "PCI 3.0, 6.8.1.8", .ro = ALL, .live = ALL },
};

static const struct reg msi64_masks[] = {
    { 2, 2, "Message Control", "PCI 3.0, 6.8.1.3", .rw = 0x0071,
      .ro = 0x018e },
    { 4, 4, "Message Address", "PCI 3.0, 6.8.1.4", .rw = ~3u },
    { 8, 4, "Message Upper Address", "PCI 3.0, 6.8.1.5", .rw = ALL },
    { 12, 2, "Message Data", "PCI 3.0, 6.8.1.6", .rw = 0xffff },
    { 16, 4, "Mask Bits", "PCI 3.0, 6.8.1.7", .rw = 1 },
    { 20, 4, "Pending Bits", "PCI 3.0, 6.8.1.8", .ro = ALL, .live = ALL },
};

static const struct reg msix[] = {
    { 2, 2, "Message Control", "PCI 3.0, 6.8.2.3", .rw = 0xc000,
      .ro = 0x07ff },
    { 4, 4, "Table Offset/BIR", "PCI 3.0, 6.8.2.4", .ro = ALL },
    { 8, 4, "PBA Offset/BIR", "PCI 3.0, 6.8.2.5", .ro = ALL },
};

/* The ECN of 2006. Its one control bit reads 0, and starts a reset. */
static const struct reg af[] = {
    { 2, 1, "Length", "AF ECN", .ro = 0xff },
    { 3, 1, "AF Capabilities", "AF ECN", .ro = 0xff },
    { 4, 1, "AF Control", "AF ECN", .rw1c = 0x01, .ro = 0xfe },
    { 5, 1, "AF Status", "AF ECN", .ro = 0x01, .live = 0xff },
};

/*
 * PCI Express Base 2.0, 7.8, as far as an endpoint implements it. Payload size,
 * extended tags, phantom functions and auxiliary power are writable in the
 * device and never by a guest. A function level reset is a bit that starts
 * something when it is written as 1, and reads 0.
 */
#define EXP_FLAGS \
    { 0x02, 2, "PCI Express Capabilities", "PCIe 2.0, 7.8.2", .ro = 0xffff }
#define EXP_DEVCAP \
    { 0x04, 4, "Device Capabilities", "PCIe 2.0, 7.8.3", .ro = ALL }
#define EXP_DEVCTL \
    { 0x08, 2, "Device Control", "PCIe 2.0, 7.8.4", .rw = 0x7fff, \
      .rw1c = 0x8000, .sent = 0x7810, .kept = 0x07e0, .live = 0x7810 }
#define EXP_DEVSTA \
    { 0x0a, 2, "Device Status", "PCIe 2.0, 7.8.5", .rw1c = 0x000f, \
      .ro = 0x0030, .sent = 0x000f, .live = 0xffff }
#define EXP_LNKCAP \
    { 0x0c, 4, "Link Capabilities", "PCIe 2.0, 7.8.6", .ro = ALL }
/* 4, 5, 10 and 11 are of downstream ports */
#define EXP_LNKCTL \
    { 0x10, 2, "Link Control", "PCIe 2.0, 7.8.7", .rw = 0x03cb, \
      .stays = 0x030b }
/* 14 and 15, too; but they are no secret */
#define EXP_LNKSTA \
    { 0x12, 2, "Link Status", "PCIe 2.0, 7.8.8", .rw1c = 0xc000, \
      .ro = 0x3fff, .sent = 0xc000, .live = 0xffff }
#define EXP_DEVCAP2 \
    { 0x24, 4, "Device Capabilities 2", "PCIe 2.0, 7.8.15", .ro = ALL }
/* ARI (5) and egress blocking (7, 15) are of ports; 10, LTR: see below */
#define EXP_DEVCTL2 \
    { 0x28, 2, "Device Control 2", "PCIe 3.0, 7.8.16", .rw = 0x775f, \
      .sent = 0x005f, .kept = 0x7700, .live = 0x005f }
#define EXP_LNKCAP2 \
    { 0x2c, 4, "Link Capabilities 2", "PCIe 3.0, 7.8.18", .ro = ALL }
/* De-emphasis (6) is of downstream ports. */
#define EXP_LNKCTL2 \
    { 0x30, 2, "Link Control 2", "PCIe 3.0, 7.8.19", .rw = 0xffbf, \
      .stays = 0xffbf }
#define EXP_LNKSTA2 \
    { 0x32, 2, "Link Status 2", "PCIe 3.0, 7.8.20", .rw1c = 0x0020, \
      .ro = 0xffdf, .sent = 0x0020, .live = 0xffff }

static const struct reg exp_1[] = {
    EXP_FLAGS, EXP_DEVCAP, EXP_DEVCTL, EXP_DEVSTA, EXP_LNKCAP, EXP_LNKCTL,
    EXP_LNKSTA,
};
static const struct reg exp_1_integrated[] = {
    EXP_FLAGS, EXP_DEVCAP, EXP_DEVCTL, EXP_DEVSTA,
};
static const struct reg exp_2[] = {
    EXP_FLAGS, EXP_DEVCAP, EXP_DEVCTL, EXP_DEVSTA, EXP_LNKCAP, EXP_LNKCTL,
    EXP_LNKSTA, EXP_DEVCAP2, EXP_DEVCTL2, EXP_LNKCAP2, EXP_LNKCTL2,
    EXP_LNKSTA2,
};
static const struct reg exp_2_integrated[] = {
    EXP_FLAGS, EXP_DEVCAP, EXP_DEVCTL, EXP_DEVSTA, EXP_DEVCAP2, EXP_DEVCTL2,
};

/* PCI-X 2.0, 7.2. The version (13:12) is read-only, the rest reserved. */
static const struct reg pcix[] = {
    { 2, 2, "PCI-X Command", "PCI-X 2.0, 7.2.3", .rw = 0x007f,
      .ro = 0x3000 },
    { 4, 4, "PCI-X Status", "PCI-X 2.0, 7.2.4", .rw1c = 0x200c0000,
      .ro = 0xdff3ffff },
};

static const struct kind kinds[] = {
    { "Power Management", 0x01, 0x0003, 8, false, REGS(pm) },
    { "Power Management", 0x01, 0x0003, 8, true, REGS(pm_forwarded) },
    { "Vital Product Data", 0x03, 0, 8, false, REGS(vpd) },
    { "MSI", 0x05, 0x0000, 10, false, REGS(msi32) },
    { "MSI", 0x05, 0x0080, 14, false, REGS(msi64) },
    { "MSI", 0x05, 0x0100, 20, false, REGS(msi32_masks) },
    { "MSI", 0x05, 0x0180, 24, false, REGS(msi64_masks) },
    { "PCI-X", 0x07, 0x0000, 8, false, REGS(pcix) },
    { "PCI-X", 0x07, 0x1000, 24, false, REGS(pcix) },
    { "PCI-X", 0x07, 0x2000, 24, false, REGS(pcix) },
    { "Vendor Specific", 0x09, 0x0003, 3, false, REGS(vendor) },
    { "Vendor Specific", 0x09, 0x0020, 0x20, false, REGS(vendor) },
    { "PCI Express", 0x10, 0x0001, 0x14, false, REGS(exp_1) },
    { "PCI Express", 0x10, 0x0011, 0x14, false, REGS(exp_1) },
    { "PCI Express", 0x10, 0x0091, 0x0c, false, REGS(exp_1_integrated) },
    { "PCI Express", 0x10, 0x0002, 0x34, false, REGS(exp_2) },
    { "PCI Express", 0x10, 0x0012, 0x34, false, REGS(exp_2) },
    { "PCI Express", 0x10, 0x0092, 0x2c, false, REGS(exp_2_integrated) },
    { "MSI-X", 0x11, 0x0000, 12, false, REGS(msix) },
    { "Advanced Features", 0x13, 0x0306, 6, false, REGS(af) },
};

/* Those that no guest gets. Of size 0: to the end of the room. */
static const struct {
    uint8_t id, body[3];
    uint16_t size;
    const char *section;
} hidden[] = {
    { 0x00, { 0 }, 2, "PCI Code and ID Assignment" },
    { 0x02, { 0x30 }, 48, "AGP 3.0: up to its last register" },
    { 0x04, { 0 }, 4, "PCI-to-PCI Bridge 1.2: slot numbering" },
    { 0x06, { 0 }, 4, "PICMG 2.1" },
    { 0x08, { 0x00, 0x00 }, 28, "HyperTransport 3.10, 7: primary" },
    { 0x08, { 0x00, 0x20 }, 24, "HyperTransport 3.10, 7: secondary" },
    { 0x08, { 0x00, 0x80 }, 8, "HyperTransport 3.10, 7: interrupts" },
    { 0x08, { 0x60, 0x88 }, 4, "HyperTransport 3.10, 7: revision" },
    { 0x08, { 0x00, 0xa8 }, 12, "HyperTransport 3.10, 7: MSI mapping" },
    { 0x08, { 0x02, 0xa8 }, 4, "HyperTransport 3.10, 7: a fixed one" },
    { 0x0a, { 0 }, 4, "EHCI 1.0, appendix C" },
    { 0x0b, { 0 }, 4, "PICMG 2.12" },
    { 0x0c, { 0 }, 8, "PCI Standard Hot-Plug 1.0" },
    { 0x0d, { 0 }, 8, "PCI-to-PCI Bridge 1.2: subsystem IDs" },
    { 0x0e, { 0x30 }, 48, "AGP 3.0: up to its last register" },
    { 0x0f, { 0 }, 0, "AMD IOMMU: by its own header" },
    { 0x12, { 0x10, 0, 0x48 }, 8, "AHCI 1.3, 2.4" },
    { 0x12, { 0x10, 0, 0x0f }, 16, "AHCI 1.3, 2.4.2: registers follow" },
    { 0x13, { 6, 3 }, 6, "PCI Advanced Features ECN" },
    { 0x14, { 0 }, 4, "PCIe 4.0, 7.8.5: no entries" },
    { 0x14, { 1, 0, 2 }, 16, "PCIe 4.0, 7.8.5: one of 3 dwords" },
    { 0x15, { 0 }, 16, "PCIe 4.0, 7.8: flattening portal bridge" },
    { 0x16, { 0 }, 0, "nowhere" },
};

/* ------------------------------------------------------------------ */
/* Extended space                                                      */

static const struct reg aer[] = {
    { 0x04, 4, "Uncorrectable Error Status", "PCIe 3.0, 7.10.2",
      .rw1c = 0x03fff030, .sent = 0x03fff030, .live = ALL },
    { 0x08, 4, "Uncorrectable Error Mask", "PCIe 3.0, 7.10.3",
      .rw = 0x03fff030, .sent = 0x03fff030, .live = ALL,
      .stays = 0x03fff030 },
    { 0x0c, 4, "Uncorrectable Error Severity", "PCIe 3.0, 7.10.4",
      .rw = 0x03fff030, .sent = 0x03fff030, .live = ALL,
      .stays = 0x03fff030 },
    { 0x10, 4, "Correctable Error Status", "PCIe 3.0, 7.10.5",
      .rw1c = 0xf1c1, .sent = 0xf1c1, .live = ALL },
    { 0x14, 4, "Correctable Error Mask", "PCIe 3.0, 7.10.6",
      .rw = 0xf1c1, .sent = 0xf1c1, .live = ALL, .stays = 0xf1c1 },
    /* Multiple headers (10) are the host's; a log of prefixes is not shown. */
    { 0x18, 4, "AER Capabilities and Control", "PCIe 3.0, 7.10.7",
      .rw = 0x540, .ro = 0xabf, .sent = 0x140, .kept = 0x400,
      .live = ~0x800u, .stays = 0x140 },
    { 0x1c, 4, "Header Log 0", "PCIe 3.0, 7.10.8", .ro = ALL, .live = ALL },
    { 0x20, 4, "Header Log 1", "PCIe 3.0, 7.10.8", .ro = ALL, .live = ALL },
    { 0x24, 4, "Header Log 2", "PCIe 3.0, 7.10.8", .ro = ALL, .live = ALL },
    { 0x28, 4, "Header Log 3", "PCIe 3.0, 7.10.8", .ro = ALL, .live = ALL },
};

static const struct reg dsn[] = {
    { 0x04, 4, "Serial Number, lower", "PCIe 3.0, 7.12.2", .ro = ALL },
    { 0x08, 4, "Serial Number, upper", "PCIe 3.0, 7.12.2", .ro = ALL },
};

static const struct reg ext_vendor[] = {
    { 0x04, 4, "Vendor-Specific Header", "PCIe 3.0, 7.19.2", .ro = ALL },
};

/* What is writable here is so for the host. */
static const struct reg acs[] = {
    { 0x04, 2, "ACS Capability", "PCIe 3.0, 7.16.2", .ro = 0xffff },
    { 0x06, 2, "ACS Control", "PCIe 3.0, 7.16.3", .rw = 0x007f,
      .kept = 0x007f, .live = 0xffff },
};

static const struct reg rebar[] = {
    { 0x04, 4, "Resizable BAR Capability 0", "PCIe 3.0, 7.22.2", .ro = ALL },
    { 0x08, 4, "Resizable BAR Control 0", "PCIe 3.0, 7.22.3", .rw = 0x3f00,
      .ro = 0xffff00e7, .kept = 0x3f00 },
};

static const struct reg ltr[] = {
    { 0x04, 2, "Max Snoop Latency", "PCIe 3.0, 7.25.2", .rw = 0x1fff,
      .kept = 0x1fff, .live = 0xffff },
    { 0x06, 2, "Max No-Snoop Latency", "PCIe 3.0, 7.25.3", .rw = 0x1fff,
      .kept = 0x1fff, .live = 0xffff },
};

static const struct reg l1ss[] = {
    { 0x04, 4, "L1 PM Substates Capabilities", "PCIe 3.1, 7.33.2",
      .ro = ALL },
    { 0x08, 4, "L1 PM Substates Control 1", "PCIe 3.1, 7.33.3",
      .rw = 0xe3ffff0f, .kept = 0xe3ffff0f, .live = ALL },
    { 0x0c, 4, "L1 PM Substates Control 2", "PCIe 3.1, 7.33.4", .rw = 0xfb,
      .kept = 0xfb, .live = ALL },
};

static const struct reg ptm[] = {
    { 0x04, 4, "PTM Capability", "PCIe 3.1, 7.32.2", .ro = ALL },
    { 0x08, 4, "PTM Control", "PCIe 3.1, 7.32.3", .rw = 0xff03,
      .kept = 0xff03, .live = ALL },
};

static const struct reg dvsec[] = {
    { 0x04, 4, "DVSEC Header 1", "PCIe 4.0, 7.9.6.2",
      .ro = ALL },
    { 0x08, 2, "DVSEC Header 2", "PCIe 4.0, 7.9.6.3",
      .ro = 0xffff },
};

/* At 0x100; @body: the two dwords behind the header. */
static const struct ext_kind {
    const char *name;
    uint16_t id;
    uint32_t body[2];
    uint16_t size;
    const struct reg *reg;
    unsigned num_regs;
} ext_kinds[] = {
    { "Advanced Error Reporting", 0x01, { 0 }, 0x2c, REGS(aer) },
    { "Device Serial Number", 0x03, { 1, 2 }, 0x0c, REGS(dsn) },
    { "Vendor-Specific", 0x0b, { 0x00800000 }, 8, REGS(ext_vendor) },
    { "Vendor-Specific", 0x0b, { 0x02410001 }, 0x24, REGS(ext_vendor) },
    { "Access Control Services", 0x0d, { 0x0800 }, 8, REGS(acs) },
    { "Access Control Services", 0x0d, { 0x0820 }, 12, REGS(acs) },
    { "Access Control Services", 0x0d, { 0x2120 }, 16, REGS(acs) },
    { "Access Control Services", 0x0d, { 0x0020 }, 40, REGS(acs) },
    /* BAR 2 has 2 MiB, and could have 4. */
    { "Resizable BAR", 0x15, { 0x60, 0x0122 }, 12, REGS(rebar) },
    { "Latency Tolerance Reporting", 0x18, { 0 }, 8, REGS(ltr) },
    { "L1 PM Substates", 0x1e, { 0 }, 16, REGS(l1ss) },
    { "Precision Time Measurement", 0x1f, { 0 }, 12, REGS(ptm) },
    { "Designated Vendor-Specific", 0x23, { 0x00a01e98 }, 10, REGS(dvsec) },
    { "Designated Vendor-Specific", 0x23, { 0x03801e98 }, 56, REGS(dvsec) },
};

/* By the numbers of PCI Code and ID Assignment. */
static const uint16_t ext_hidden[] = {
    0x00, 0x02, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a, 0x0e, 0x0f, 0x10,
    0x11, 0x12, 0x13, 0x16, 0x17, 0x19, 0x1a, 0x1b, 0x1c, 0x1d, 0x20, 0x21,
    0x22, 0x24, 0x25, 0x26, 0x27, 0x28, 0x29, 0x2a, 0x2e, 0x30,
    /* Nowhere; and one that is AER's in its low byte. */
    0x3f, 0x101, 0xffff,
};

static struct world w;

/*
 * The guest's view of a device with one BAR and one capability, of @len bytes
 * behind its header.
 */
static void view_of(uint8_t id, const uint8_t *body, unsigned len,
                    const struct pt_policy *policy)
{
    struct pt_error err = { "" };
    struct capture c;

    world_build(&c);
    world_build_bar(&c, 5, 0xe0000000, 0x2000, 0);
    world_build_cap(&c, AT, id, body, len);
    world_init(&w, &c, policy, NULL);
    w.d = pt_view(&w.args, &err);
    if (!w.d) {
        fail_msg("%s", err.text);
    }
}

static void view(const struct kind *k)
{
    const struct pt_policy policy = {
        .power_mgmt = k->power_mgmt, .flr = k->id == 0x13,
    };
    uint8_t body[0x40] = { 0 };

    pt_store(body, k->flags, 2);
    if (k->id == 0x11) {
        /* In different pages of BAR 5. */
        pt_store(body + 2, 0x0005, 4);
        pt_store(body + 6, 0x1005, 4);
    }
    view_of(k->id, body, k->size - 2u, &policy);
}

/* The same with an extended capability at 0x100. */
static void view_of_ext(uint16_t id, const uint32_t body[2], bool permissive)
{
    const struct pt_policy policy = {
        .extended = true, .permissive = permissive,
    };
    const uint8_t express[0x32] = { 0x02 };
    struct pt_error err = { "" };
    struct capture c;
    unsigned i;

    world_build(&c);
    world_build_bar(&c, 2, 0xe0000000, 0x200000, 0);
    world_build_cap(&c, AT, 0x10, express, sizeof(express));
    c.len = 4096;
    pt_store(c.cfg + 0x100, id | 1 << 16, 4);
    pt_store(c.cfg + 0x104, body[0], 4);
    pt_store(c.cfg + 0x108, body[1], 4);
    for (i = 0x10c; i < 0x1000; i++) {
        c.cfg[i] = (uint8_t)i;
    }
    world_init(&w, &c, &policy, NULL);
    w.d = pt_view(&w.args, &err);
    if (!w.d) {
        fail_msg("%s", err.text);
    }
    assert_int_equal(pt_config_size(w.d), 4096);
}

static struct pt_byte look(unsigned off)
{
    struct pt_byte b;

    pt_look(w.d, (uint16_t)off, &b);
    return b;
}

/* A mask of the register at @off, of the four that pt_look() gives. */
static uint32_t mask(unsigned off, unsigned size, char which)
{
    uint32_t m = 0;
    unsigned i;

    for (i = 0; i < size; i++) {
        struct pt_byte b = look(off + i);
        uint32_t v = which == 'e' ? b.emu : which == 'o' ? b.own :
            which == 'f' ? b.fwd : b.rw1c;

        m |= v << (8 * i);
    }
    return m;
}

static void compare(const char *kind, const struct reg *r, const char *what,
                    uint32_t is, uint32_t should_be)
{
    if (is != should_be) {
        fail_msg("%s, %s (%s): %s %#x, should be %#x", kind, r->name,
                 r->section, what, is, should_be);
    }
}

static void check_reg(const char *kind, unsigned pos, const struct reg *r)
{
    unsigned off = pos + r->off;
    uint32_t all = r->size == 4 ? ALL : (1u << 8 * r->size) - 1;
    struct pt_byte b = look(off);

    /* The list itself: each bit is one thing. */
    compare(kind, r, "twice", (r->rw & r->rw1c) | (r->rw & r->ro) |
            (r->rw1c & r->ro), 0);
    compare(kind, r, "sent without being writable",
            r->sent & ~(r->rw | r->rw1c), 0);
    compare(kind, r, "too wide", (r->rw | r->rw1c | r->ro | r->live) & ~all,
            0);

    if (!b.row || b.row_off != off || b.row->size != r->size ||
        strcmp(b.row->name, r->name) != 0) {
        fail_msg("%s: %s (%s) is not at +%#x, but %s", kind, r->name,
                 r->section, r->off, b.row ? b.row->name : "nothing");
    }
    compare(kind, r, "forwarded", mask(off, r->size, 'f'), r->sent);
    compare(kind, r, "RW1C", mask(off, r->size, 'r'), r->rw1c);
    compare(kind, r, "the guest's to write", mask(off, r->size, 'o'),
            r->rw & ~r->kept);
    compare(kind, r, "the guest's copy", mask(off, r->size, 'e'),
            all & ~r->live);
    compare(kind, r, "left by a reset of the function", b.row->sticky,
            r->stays);
}

/* Every row of the structure is in the list, and the other way round. */
static void check_all(const char *kind, unsigned pos, unsigned from,
                      unsigned size, const struct reg *reg, unsigned num)
{
    unsigned i, off;

    for (i = 0; i < num; i++) {
        check_reg(kind, pos, &reg[i]);
    }
    for (off = pos + from; off < pos + size; off++) {
        struct pt_byte b = look(off);

        for (i = 0; i < num && b.row && b.row_off != pos + reg[i].off; i++) {
        }
        if (b.row && i == num) {
            fail_msg("%s: %s is in no list", kind, b.row->name);
        }
    }
}

static void the_header_is_as_specified(void **state)
{
    struct pt_error err = { "" };
    struct capture c;

    (void)state;
    world_build(&c);
    world_init(&w, &c, NULL, NULL);
    w.d = pt_view(&w.args, &err);
    assert_non_null(w.d);
    check_all("Header", 0, 0, 0x40, header, COUNT(header));
    world_fini(&w);
}

static void structures_are_as_long_as_specified(void **state)
{
    unsigned i, n;

    (void)state;
    for (i = 0; i < COUNT(kinds); i++) {
        const struct kind *k = &kinds[i];

        view(k);
        for (n = 0; look(AT + n).cap; n++) {
        }
        if (n != k->size) {
            fail_msg("%s %04x has %#x bytes, should have %#x", k->name,
                     k->flags, n, k->size);
        }
        assert_string_equal(look(AT).cap->group->name, k->name);
        assert_int_equal(look(AT).cap->fate, PT_EXPOSED);
        world_fini(&w);
    }
}

static void hidden_structures_are_as_long_as_specified(void **state)
{
    unsigned i, n;

    (void)state;
    for (i = 0; i < COUNT(hidden); i++) {
        unsigned size = hidden[i].size ? hidden[i].size : 0x100 - AT;

        view_of(hidden[i].id, hidden[i].body, 3, NULL);
        for (n = 0; AT + n < 0x100 && look(AT + n).cap; n++) {
            assert_int_equal(look(AT + n).fwd | look(AT + n).own, 0);
        }
        if (n != size) {
            fail_msg("ID %02x (%s) has %#x bytes, should have %#x",
                     hidden[i].id, hidden[i].section, n, size);
        }
        assert_int_not_equal(look(AT).cap->fate, PT_EXPOSED);
        world_fini(&w);
    }
}

static void registers_are_as_specified(void **state)
{
    unsigned i;

    (void)state;
    for (i = 0; i < COUNT(kinds); i++) {
        const struct kind *k = &kinds[i];

        view(k);
        check_all(k->name, AT, 2, k->size, k->reg, k->num_regs);
        world_fini(&w);
    }
}

/* PCI 3.0, 6.7: the same for all. */
static void ids_and_pointers_are_as_specified(void **state)
{
    static const struct reg r[] = {
        { 0, 1, "Capability ID", "PCI 3.0, 6.7", .ro = 0xff },
        { 1, 1, "Next Capability Pointer", "PCI 3.0, 6.7", .ro = 0xff },
    };
    unsigned i;

    (void)state;
    for (i = 0; i < COUNT(kinds); i++) {
        view(&kinds[i]);
        check_all(kinds[i].name, AT, 0, 2, r, COUNT(r));
        world_fini(&w);
    }
}

static void extended_registers_are_as_specified(void **state)
{
    static const struct reg head[] = {
        { 0, 4, "Extended Capability Header", "PCIe 3.0, 7.9.3", .ro = ALL },
    };
    unsigned i, n;

    (void)state;
    for (i = 0; i < 2 * COUNT(ext_kinds); i++) {
        const struct ext_kind *k = &ext_kinds[i / 2];

        /* What is reserved there, permissive does not open. */
        view_of_ext(k->id, k->body, i % 2);
        assert_string_equal(look(0x100).cap->group->name, k->name);
        assert_int_equal(look(0x100).cap->fate, PT_EXPOSED);
        for (n = 0; look(0x100 + n).cap; n++) {
        }
        if (n != k->size) {
            fail_msg("%s has %#x bytes, should have %#x", k->name, n,
                     k->size);
        }
        check_all(k->name, 0x100, 4, k->size, k->reg, k->num_regs);
        check_all(k->name, 0x100, 0, 4, head, 1);
        world_fini(&w);
    }
}

/* They read 0, as what is in no structure; their bytes are full of ones. */
static void hidden_extended_ones_read_0(void **state)
{
    const uint32_t body[2] = { ALL, ALL };
    unsigned i, off;

    (void)state;
    for (i = 0; i < COUNT(ext_hidden); i++) {
        view_of_ext(ext_hidden[i], body, true);
        assert_int_equal(look(0x104).cap->fate, PT_ZERO);
        for (off = 0x100; off < 0x1000; off++) {
            assert_int_equal(look(off).emu, 0xff);
            assert_int_equal(look(off).fwd | look(off).own, 0);
            assert_int_equal(pt_config_read(w.d, off, 1), 0);
        }
        world_fini(&w);
    }
}

/* Each table of hw/ is in the list above. */
static void no_table_is_missing_here(void **state)
{
    unsigned i, n, e;

    (void)state;
    for (i = 0; pt_groups[i]; i++) {
        for (n = 0; n < COUNT(kinds) && kinds[n].id != pt_groups[i]->id;
             n++) {
        }
        for (e = 0; e < COUNT(ext_kinds) &&
             PT_EXT_CAP(ext_kinds[e].id) != pt_groups[i]->id; e++) {
        }
        if (n == COUNT(kinds) && e == COUNT(ext_kinds)) {
            fail_msg("%s", pt_groups[i]->name);
        }
    }
    for (i = 0; i < pt_num_ext_hidden; i++) {
        for (n = 0; n < COUNT(ext_hidden) &&
             PT_EXT_CAP(ext_hidden[n]) != pt_group_ext_hidden[i].id; n++) {
        }
        if (n == COUNT(ext_hidden)) {
            fail_msg("%s", pt_group_ext_hidden[i].name);
        }
    }
    for (i = 0; i < pt_num_hidden; i++) {
        for (n = 0; n < COUNT(hidden) && hidden[n].id != pt_group_hidden[i].id;
             n++) {
        }
        if (n == COUNT(hidden)) {
            fail_msg("%s", pt_group_hidden[i].name);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_header_is_as_specified),
        cmocka_unit_test(structures_are_as_long_as_specified),
        cmocka_unit_test(hidden_structures_are_as_long_as_specified),
        cmocka_unit_test(registers_are_as_specified),
        cmocka_unit_test(ids_and_pointers_are_as_specified),
        cmocka_unit_test(extended_registers_are_as_specified),
        cmocka_unit_test(hidden_extended_ones_read_0),
        cmocka_unit_test(no_table_is_missing_here),
    };

    return cmocka_run_group_tests_name("tables, by the specifications", tests,
                                       NULL, NULL);
}
