/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Extended capabilities that a guest may read and no guest writes: what they
 * control is the host's fabric. What the host has set there, a reset takes, and
 * it comes back.
 */
#include "pt-pci.h"
#include "pt-dev.h"

#define CONSTANT(off_, size_, name_, spec_) { \
        .name = (name_), .spec = (spec_), .why = "constant", \
        .off = (off_), .size = (size_), .flags = PT_ROW_INERT, \
        .host = UINT32_MAX >> (32 - 8 * (size_)), \
        .emu = UINT32_MAX >> (32 - 8 * (size_)), \
        .ro = UINT32_MAX >> (32 - 8 * (size_)), \
    }
/* What is in force: the host may change it at any time. */
#define HOSTS(off_, size_, name_, spec_, why_) { \
        .name = (name_), .spec = (spec_), .why = (why_), \
        .off = (off_), .size = (size_), .flags = PT_ROW_RESTORE, \
        .ro = UINT32_MAX >> (32 - 8 * (size_)), \
    }

/* ------------------------------------------------------------------ */
/* Device Serial Number                                                */

static const struct pt_row dsn_rows[] = {
    CONSTANT(4, 4, "Serial Number, lower", "PCIe 3.0, 7.12.2"),
    CONSTANT(8, 4, "Serial Number, upper", "PCIe 3.0, 7.12.2"),
};

const struct pt_group pt_group_dsn = {
    .name = "Device Serial Number", .id = PT_EXT_CAP(PCI_EXT_CAP_ID_DSN),
    .fate = PT_EXPOSED, .why = "constant", .size = 12,
    PT_ROWS(dsn_rows),
};

/* ------------------------------------------------------------------ */
/* Access Control Services                                             */

#define ACS_VECTOR_SHIFT 8
#define ACS_VECTOR 0xff     /* bits; 0 means 256 */

static const struct pt_row acs_rows[] = {
    CONSTANT(PCI_ACS_CAP, 2, "ACS Capability", "PCIe 3.0, 7.16.2"),
    HOSTS(PCI_ACS_CTRL, 2, "ACS Control", "PCIe 3.0, 7.16.3",
          "keeps the host's functions apart"),
};

static void acs_probe(const struct pt_dev *d, uint16_t pos,
                      struct pt_probe *p)
{
    uint32_t cap = pt_load(d->snap + pos + PCI_ACS_CAP, 2);
    unsigned bits = cap >> ACS_VECTOR_SHIFT & ACS_VECTOR;

    p->size = 8;
    if (cap & PCI_ACS_CAP_EGRESS) {
        bits = bits ? bits : ACS_VECTOR + 1;
        p->size = (uint16_t)(8 + 4 * ((bits + 31) / 32));
    }
}

const struct pt_group pt_group_acs = {
    .name = "Access Control Services", .id = PT_EXT_CAP(PCI_EXT_CAP_ID_ACS),
    .fate = PT_EXPOSED, .why = "the host's isolation, to read",
    .head = 8, .probe = acs_probe,
    PT_ROWS(acs_rows),
};

/* ------------------------------------------------------------------ */
/* Latency Tolerance Reporting                                         */

static const struct pt_row ltr_rows[] = {
    HOSTS(PCI_LTR_MAX_SNOOP, 2, "Max Snoop Latency", "PCIe 3.0, 7.25.2",
          "the host's platform bears so much"),
    HOSTS(PCI_LTR_MAX_NOSNOOP, 2, "Max No-Snoop Latency", "PCIe 3.0, 7.25.3",
          "the host's platform bears so much"),
};

const struct pt_group pt_group_ltr = {
    .name = "Latency Tolerance Reporting",
    .id = PT_EXT_CAP(PCI_EXT_CAP_ID_LTR),
    .fate = PT_EXPOSED, .why = "the host's latencies, to read", .size = 8,
    PT_ROWS(ltr_rows),
};

/* ------------------------------------------------------------------ */
/* L1 PM Substates                                                     */

static const struct pt_row l1ss_rows[] = {
    CONSTANT(PCI_L1PM_SUBSTAT_CAP, 4, "L1 PM Substates Capabilities",
             "PCIe 3.1, 7.33.2"),
    HOSTS(PCI_L1PM_SUBSTAT_CTL1, 4, "L1 PM Substates Control 1",
          "PCIe 3.1, 7.33.3", "both ends of the link have to agree"),
    HOSTS(PCI_L1PM_SUBSTAT_CTL2, 4, "L1 PM Substates Control 2",
          "PCIe 3.1, 7.33.4", "both ends of the link have to agree"),
};

const struct pt_group pt_group_l1ss = {
    .name = "L1 PM Substates", .id = PT_EXT_CAP(PCI_EXT_CAP_ID_L1PM),
    .fate = PT_EXPOSED, .why = "the host's link, to read", .size = 16,
    PT_ROWS(l1ss_rows),
};

/* ------------------------------------------------------------------ */
/* Precision Time Measurement                                          */

static const struct pt_row ptm_rows[] = {
    CONSTANT(4, 4, "PTM Capability", "PCIe 3.1, 7.32.2"),
    HOSTS(8, 4, "PTM Control", "PCIe 3.1, 7.32.3",
          "the ports above have to have it on"),
};

const struct pt_group pt_group_ptm = {
    .name = "Precision Time Measurement",
    .id = PT_EXT_CAP(PCI_EXT_CAP_ID_PTM),
    .fate = PT_EXPOSED, .why = "the host's clocks, to read", .size = 12,
    PT_ROWS(ptm_rows),
};
