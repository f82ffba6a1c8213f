/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The capabilities that no guest gets, how long they are, and why.
 *
 * Their length matters: their bytes are never writable, and what lies behind
 * them may be a device-specific register, which is.
 */
#include "pt-pci.h"
#include "pt-dev.h"

/* HyperTransport 3.10, 7.3: the type gives the length. */
static void ht_probe(const struct pt_dev *d, uint16_t pos, struct pt_probe *p)
{
    uint32_t command = pt_load(d->snap + pos + PCI_HT_CMD, 2);

    switch (command & PCI_HT_CMD_TYP_HI) {
    case PCI_HT_CMD_TYP_HI_PRI:
        p->size = 28;
        return;
    case PCI_HT_CMD_TYP_HI_SEC:
        p->size = 24;
        return;
    }
    switch (command & PCI_HT_CMD_TYP) {
    case PCI_HT_CMD_TYP_IDC:
        p->size = 8;
        break;
    case PCI_HT_CMD_TYP_RID:
        p->size = 4;
        break;
    case PCI_HT_CMD_TYP_MSIM:
        /* A fixed mapping has no address registers. */
        p->size = command & 0x0002 ? 4 : 12;
        break;
    default:
        p->size = 0;  /* as long as it may be */
        break;
    }
}

/* Serial ATA AHCI 1.3, 2.4.2: where the window is, or that it follows. */
#define SATA_BAR_LOCATION 0x0f
#define SATA_INLINE 0x0f

static void sata_probe(const struct pt_dev *d, uint16_t pos,
                       struct pt_probe *p)
{
    p->size = (d->snap[pos + PCI_SATA_HBA_BARS] & SATA_BAR_LOCATION) ==
        SATA_INLINE ? 16 : 8;
}

/* PCI Express 4.0, 7.8.5: a header, then entries that tell their length. */
static void ea_probe(const struct pt_dev *d, uint16_t pos, struct pt_probe *p)
{
    unsigned entries = d->snap[pos + 2] & 0x3f, at = pos + 4u;

    while (entries-- && at + 4 <= PT_CFG_SIZE) {
        at += 4 + 4 * (d->snap[at] & 7u);
    }
    p->size = (uint16_t)(at - pos);
}

#define PASSED_OVER(id_, name_, size_, why_) \
    { .id = (id_), .name = (name_), .size = (size_), .fate = PT_HIDDEN, \
      .why = (why_) }
#define ZERO(id_, name_, size_, why_) \
    { .id = (id_), .name = (name_), .size = (size_), .fate = PT_ZERO, \
      .why = (why_) }

const struct pt_group pt_group_hidden[] = {
    PASSED_OVER(PCI_CAP_ID_NULL, "Null", 2, "has no registers"),
    ZERO(PCI_CAP_ID_AGP, "AGP", 0x30, "the host's chipset's"),
    ZERO(PCI_CAP_ID_SLOTID, "Slot Identification", 4,
         "the host's chassis and slot"),
    PASSED_OVER(PCI_CAP_ID_CHSWP, "CompactPCI Hot Swap", 4,
                "the host's slot"),
    {
        .id = PCI_CAP_ID_HT, .name = "HyperTransport", .fate = PT_HIDDEN,
        .why = "the host's fabric", .probe = ht_probe,
    },
    PASSED_OVER(PCI_CAP_ID_DBG, "Debug Port", 4,
                "the host's debugger could be using it"),
    PASSED_OVER(PCI_CAP_ID_CCRC, "CompactPCI Resource Control", 4,
                "the host's chassis"),
    ZERO(PCI_CAP_ID_HOTPLUG, "Hot-Plug", 8, "the host's slot"),
    ZERO(PCI_CAP_ID_SSVID, "Bridge Subsystem IDs", 8, "of bridges only"),
    ZERO(PCI_CAP_ID_AGP3, "AGP 8x", 0x30, "the host's chipset's"),
    PASSED_OVER(PCI_CAP_ID_SECURE, "Secure Device", 0,
                "the host's IOMMU"),
    {
        .id = PCI_CAP_ID_SATA, .name = "SATA", .fate = PT_HIDDEN,
        .why = "an index and data window into the BARs",
        .probe = sata_probe,
    },
    {
        .id = PCI_CAP_ID_EA, .name = "Enhanced Allocation",
        .fate = PT_HIDDEN, .why = "holds the host's addresses",
        .probe = ea_probe,
    },
    PASSED_OVER(PCI_CAP_ID_FPB, "Flattening Portal Bridge", 16,
                "of bridges only"),
};

const unsigned pt_num_hidden =
    sizeof(pt_group_hidden) / sizeof(pt_group_hidden[0]);
