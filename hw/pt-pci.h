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
#ifndef PCI_EXT_CAP_ID_VC
#define PCI_EXT_CAP_ID_VC 0x02
#endif
#ifndef PCI_EXT_CAP_ID_DSN
#define PCI_EXT_CAP_ID_DSN 0x03
#endif
#ifndef PCI_EXT_CAP_ID_PB
#define PCI_EXT_CAP_ID_PB 0x04
#endif
#ifndef PCI_EXT_CAP_ID_RCLINK
#define PCI_EXT_CAP_ID_RCLINK 0x05
#define PCI_EXT_CAP_ID_RCILINK 0x06
#define PCI_EXT_CAP_ID_MFVC 0x08
#define PCI_EXT_CAP_ID_RCRB 0x0a
#endif
#ifndef PCI_EXT_CAP_ID_RCEC
#define PCI_EXT_CAP_ID_RCEC 0x07
#endif
#ifndef PCI_EXT_CAP_ID_VC2
#define PCI_EXT_CAP_ID_VC2 0x09
#endif
#ifndef PCI_EXT_CAP_ID_VNDR
#define PCI_EXT_CAP_ID_VNDR 0x0b
#endif
#ifndef PCI_EVNDR_HEADER
#define PCI_EVNDR_HEADER 4
#endif
#ifndef PCI_EXT_CAP_ID_ACS
#define PCI_EXT_CAP_ID_ACS 0x0d
#endif
#ifndef PCI_ACS_CAP
#define PCI_ACS_CAP 4
#define PCI_ACS_CTRL 6
#endif
#ifndef PCI_ACS_CAP_EGRESS
#define PCI_ACS_CAP_EGRESS 0x0020
#endif
#ifndef PCI_EXT_CAP_ID_ARI
#define PCI_EXT_CAP_ID_ARI 0x0e
#endif
#ifndef PCI_EXT_CAP_ID_ATS
#define PCI_EXT_CAP_ID_ATS 0x0f
#endif
#ifndef PCI_ATS_CTRL
#define PCI_ATS_CTRL 6
#endif
#ifndef PCI_PRI_CTRL
#define PCI_PRI_CTRL 4
#define PCI_PRI_CTRL_RESET 0x02
#define PCI_PRI_ALLOC_REQ 0x0c
#endif
#ifndef PCI_PASID_CTRL
#define PCI_PASID_CTRL 6
#endif
#ifndef PCI_EXT_CAP_ID_SRIOV
#define PCI_EXT_CAP_ID_SRIOV 0x10
#endif
#ifndef PCI_EXT_CAP_ID_MRIOV
#define PCI_EXT_CAP_ID_MRIOV 0x11
#endif
#ifndef PCI_EXT_CAP_ID_MCAST
#define PCI_EXT_CAP_ID_MCAST 0x12
#endif
#ifndef PCI_EXT_CAP_ID_PRI
#define PCI_EXT_CAP_ID_PRI 0x13
#endif
#ifndef PCI_EXT_CAP_ID_REBAR
#define PCI_EXT_CAP_ID_REBAR 0x15
#endif
#ifndef PCI_EXT_CAP_ID_DPA
#define PCI_EXT_CAP_ID_DPA 0x16
#endif
#ifndef PCI_EXT_CAP_ID_TPH
#define PCI_EXT_CAP_ID_TPH 0x17
#endif
#ifndef PCI_EXT_CAP_ID_LTR
#define PCI_EXT_CAP_ID_LTR 0x18
#endif
#ifndef PCI_LTR_MAX_SNOOP
#define PCI_LTR_MAX_SNOOP 4
#define PCI_LTR_MAX_NOSNOOP 6
#endif
#ifndef PCI_EXT_CAP_ID_SECPCI
#define PCI_EXT_CAP_ID_SECPCI 0x19
#endif
#ifndef PCI_EXT_CAP_ID_PMUX
#define PCI_EXT_CAP_ID_PMUX 0x1a
#endif
#ifndef PCI_EXT_CAP_ID_PASID
#define PCI_EXT_CAP_ID_PASID 0x1b
#endif
#ifndef PCI_EXT_CAP_ID_LNR
#define PCI_EXT_CAP_ID_LNR 0x1c
#endif
#ifndef PCI_EXT_CAP_ID_DPC
#define PCI_EXT_CAP_ID_DPC 0x1d
#endif
#ifndef PCI_EXT_CAP_ID_L1PM
#define PCI_EXT_CAP_ID_L1PM 0x1e
#endif
#ifndef PCI_L1PM_SUBSTAT_CAP
#define PCI_L1PM_SUBSTAT_CAP 0x4
#define PCI_L1PM_SUBSTAT_CTL1 0x8
#define PCI_L1PM_SUBSTAT_CTL2 0xc
#endif
#ifndef PCI_EXT_CAP_ID_PTM
#define PCI_EXT_CAP_ID_PTM 0x1f
#endif
#ifndef PCI_EXT_CAP_ID_M_PCIE
#define PCI_EXT_CAP_ID_M_PCIE 0x20
#endif
#ifndef PCI_EXT_CAP_ID_FRS
#define PCI_EXT_CAP_ID_FRS 0x21
#endif
#ifndef PCI_EXT_CAP_ID_RTR
#define PCI_EXT_CAP_ID_RTR 0x22
#endif
#ifndef PCI_EXT_CAP_ID_DVSEC
#define PCI_EXT_CAP_ID_DVSEC 0x23
#endif
#ifndef PCI_DVSEC_HEADER1
#define PCI_DVSEC_HEADER1 4
#define PCI_DVSEC_HEADER2 8
#endif
#ifndef PCI_EXT_CAP_ID_VF_REBAR
#define PCI_EXT_CAP_ID_VF_REBAR 0x24
#endif
#ifndef PCI_EXT_CAP_ID_DLNK
#define PCI_EXT_CAP_ID_DLNK 0x25
#endif
#ifndef PCI_EXT_CAP_ID_16GT
#define PCI_EXT_CAP_ID_16GT 0x26
#endif
#ifndef PCI_EXT_CAP_ID_LMR
#define PCI_EXT_CAP_ID_LMR 0x27
#endif
#ifndef PCI_EXT_CAP_ID_HIER_ID
#define PCI_EXT_CAP_ID_HIER_ID 0x28
#endif
#ifndef PCI_EXT_CAP_ID_NPEM
#define PCI_EXT_CAP_ID_NPEM 0x29
#endif
#ifndef PCI_EXT_CAP_ID_32GT
#define PCI_EXT_CAP_ID_32GT 0x2a
#endif
#ifndef PCI_EXT_CAP_ID_DOE
#define PCI_EXT_CAP_ID_DOE 0x2e
#endif
#ifndef PCI_EXT_CAP_ID_IDE
#define PCI_EXT_CAP_ID_IDE 0x30
#endif
#ifndef PCI_ERR_UNCOR_STATUS
#define PCI_ERR_UNCOR_STATUS 4
#endif
#ifndef PCI_ERR_UNCOR_MASK
#define PCI_ERR_UNCOR_MASK 8
#endif
#ifndef PCI_ERR_UNCOR_SEVER
#define PCI_ERR_UNCOR_SEVER 12
#endif
#ifndef PCI_ERR_COR_STATUS
#define PCI_ERR_COR_STATUS 16
#endif
#ifndef PCI_ERR_COR_MASK
#define PCI_ERR_COR_MASK 20
#endif
#ifndef PCI_ERR_CAP
#define PCI_ERR_CAP 24
#endif
#ifndef PCI_ERR_CAP_ECRC_GENC
#define PCI_ERR_CAP_ECRC_GENC 0x0020
#define PCI_ERR_CAP_ECRC_GENE 0x0040
#define PCI_ERR_CAP_ECRC_CHKC 0x0080
#define PCI_ERR_CAP_ECRC_CHKE 0x0100
#endif
#ifndef PCI_ERR_CAP_MULT_HDRC
#define PCI_ERR_CAP_MULT_HDRC 0x0200
#define PCI_ERR_CAP_MULT_HDRE 0x0400
#define PCI_ERR_CAP_TLP_PFX 0x0800
#endif
#ifndef PCI_ERR_HEADER_LOG
#define PCI_ERR_HEADER_LOG 28
#endif
/* Up to the last Header Log register: PCI Express Base 3.0, 7.10. */
#define PT_AER_SIZEOF 0x2c
#ifndef PCI_PM_CTRL_NO_SOFT_RST
#define PCI_PM_CTRL_NO_SOFT_RST 0x0008
#endif
#ifndef PCI_STATUS_IMM_READY
#define PCI_STATUS_IMM_READY 0x01
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
