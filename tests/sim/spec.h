/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sizes of structures for those who judge hw/: from the specifications, by
 * section, or Xen's own headers, and from nowhere else. What hw/ believes is in
 * its headers; test_tables_spec.c and test_libxc.c compare the two.
 */
#ifndef SPEC_H
#define SPEC_H

#include <pci/header.h>

/*
 * PCI Express capability: PCIe 2.0, 7.8. A function ends with the
 * last registers that it has to have. Version 1: PCIe 1.0a, 7.8.
 */
#define SPEC_EXP_V1_RC 0x0c      /* Device Status; 7.8.5 */
#define SPEC_EXP_V1 0x14         /* Link Status; 7.8.8 */
#define SPEC_EXP_V1_PORT 0x1c    /* Slot Status; 7.8.11 */
#define SPEC_EXP_V1_ROOT 0x24    /* Root Status; 7.8.14 */
#define SPEC_EXP_V2_RC 0x2c      /* Device Status 2; 7.8.17 */
#define SPEC_EXP_V2 0x34         /* Link Status 2; 7.8.20 */
#define SPEC_EXP_V2_PORT 0x3c    /* Slot Status 2; 7.8.23 */

/*
 * Extended capabilities: PCIe 3.0, 7.10 onwards. Header and registers, as an
 * endpoint has them.
 */
#define SPEC_AER 0x2c            /* Header Log; 7.10.8 */
#define SPEC_DSN 0x0c            /* Serial Number; 7.12.2 */
#define SPEC_LTR 0x08            /* Max No-Snoop Latency; 7.25.3 */
#define SPEC_L1SS 0x10           /* Control 2; PCIe 3.1, 7.33.4 */
#define SPEC_PTM 0x0c            /* Control; PCIe 3.1, 7.32.3 */
/* ACS, 7.16: a bit a port in the vector, if there is one; 0 means 256. */
#define SPEC_ACS(cap) (8u + ((cap) & 0x20 ? \
    (((cap) >> 8 & 0xff) + (((cap) >> 8 & 0xff) ? 0u : 256u) + 31) / 32 * 4 : 0))
/* Resizable BAR, 7.22: two registers for each of @n. */
#define SPEC_REBAR(n) (4u + 8u * (n))

/* xen/domctl.h, XEN_DOMCTL_VMSI_X86_UNMASKED: the guest did not mask it. */
#define SPEC_VMSI_UNMASKED 0x010000

/* Bytes of a PCI Express capability whose Capabilities register is @flags. */
static inline unsigned spec_exp_size(unsigned flags)
{
    unsigned version = flags & PCI_EXP_FLAGS_VERS;

    switch ((flags & PCI_EXP_FLAGS_TYPE) >> 4) {
    case PCI_EXP_TYPE_ENDPOINT:
    case PCI_EXP_TYPE_LEG_END:
        return version >= 2 ? SPEC_EXP_V2 : SPEC_EXP_V1;
    case PCI_EXP_TYPE_ROOT_INT_EP:
        return version >= 2 ? SPEC_EXP_V2_RC : SPEC_EXP_V1_RC;
    case PCI_EXP_TYPE_ROOT_PORT:
    case PCI_EXP_TYPE_ROOT_EC:
        return version >= 2 ? SPEC_EXP_V2_PORT : SPEC_EXP_V1_ROOT;
    default:
        return version >= 2 ? SPEC_EXP_V2_PORT : SPEC_EXP_V1_PORT;
    }
}

#endif
