/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libpci's names for the registers, and those that older versions lack.
 * Debian and others keep libpci's headers in a multiarch folder: the compiler
 * finds them, a test for /usr/include/pci does not.
 */
#ifndef PT_PCI_H
#define PT_PCI_H

#include <pci/header.h>

#ifndef PCI_CAP_ID_NULL
#define PCI_CAP_ID_NULL 0x00
#endif
#ifndef PCI_CAP_ID_SATA
#define PCI_CAP_ID_SATA 0x12
#endif
#ifndef PCI_SATA_HBA_BARS
#define PCI_SATA_HBA_BARS 4
#endif
#ifndef PCI_CAP_ID_AF
#define PCI_CAP_ID_AF 0x13
#endif
#ifndef PCI_CAP_ID_EA
#define PCI_CAP_ID_EA 0x14
#endif
#ifndef PCI_CAP_ID_FPB
#define PCI_CAP_ID_FPB 0x15
#endif
#ifndef PCI_EXT_CAP_ID_AER
#define PCI_EXT_CAP_ID_AER 0x01
#endif
#ifndef PCI_ERR_UNCOR_MASK
#define PCI_ERR_UNCOR_MASK 8
#endif
#ifndef PCI_ERR_COR_STATUS
#define PCI_ERR_COR_STATUS 16
#endif
#ifndef PCI_PM_CTRL_NO_SOFT_RST
#define PCI_PM_CTRL_NO_SOFT_RST 0x0008
#endif
#ifndef PCI_EXP_DEVCAP_FLRESET
#define PCI_EXP_DEVCAP_FLRESET 0x10000000
#endif
#ifndef PCI_EXP_TYPE_ROOT_INT_EP
#define PCI_EXP_TYPE_ROOT_INT_EP 0x9
#endif
#ifndef PCI_EXP_DEVCAP2
#define PCI_EXP_DEVCAP2 0x24
#define PCI_EXP_DEVCTL2 0x28
#define PCI_EXP_LNKCAP2 0x2c
#define PCI_EXP_LNKCTL2 0x30
#define PCI_EXP_LNKSTA2 0x32
#endif
#ifndef PCI_EXP_DEVCTL2_TIMEOUT_DIS
#define PCI_EXP_DEVCTL2_TIMEOUT_DIS 0x0010
#define PCI_EXP_DEVCTL2_LTR 0x0400
#endif
#ifndef PCI_EXP_DEVCTL2_ATOMICOP_REQUESTER_EN
#define PCI_EXP_DEVCTL2_ATOMICOP_REQUESTER_EN 0x0040
#endif
#ifndef PCI_EXP_LNKCTL2_CMPLNC
#define PCI_EXP_LNKCTL2_CMPLNC 0x0010
#define PCI_EXP_LNKCTL2_SPEED_DIS 0x0020
#define PCI_EXP_LNKCTL2_MOD_CMPLNC 0x0400
#define PCI_EXP_LNKCTL2_CMPLNC_SOS 0x0800
#endif
#ifndef PCI_EXP_LINKSTA2_EQU_REQ
#define PCI_EXP_LINKSTA2_EQU_REQ 0x20
#endif

/*
 * PCI Express capability of endpoints: Base 1.0a and 2.0, section 7.8. Slot and
 * root registers are of ports only: an endpoint may end before them. (Linux's
 * PCI_CAP_EXP_ENDPOINT_SIZEOF_V2 is older than Link Status 2, and 2 less.)
 */
#define PT_EXP_SIZEOF_V1_RC 0x0c   /* up to Device Status */
#define PT_EXP_SIZEOF_V1 0x14      /* up to Link Status */
#define PT_EXP_SIZEOF_V2_RC 0x2c   /* up to Device Status 2 */
#define PT_EXP_SIZEOF_V2 0x34      /* up to Link Status 2 */

#endif
