/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The Command register: what of it is whose, and its one writer.
 * PCI Local Bus 3.0 section 6.2.2.
 */
#ifndef PT_COMMAND_H
#define PT_COMMAND_H

#include "pt-pci.h"
#include "pt-dev.h"

/* Forwarded: what the device does on the bus is the guest's business. */
#define PT_COMMAND_GUEST (PCI_COMMAND_MASTER | PCI_COMMAND_SPECIAL | \
    PCI_COMMAND_INVALIDATE | PCI_COMMAND_VGA_PALETTE)
/*
 * The guest's copy: decoders stay on in the device, as an access to a BAR
 * that it no longer decodes ends in an error that can take the host down
 * (XSA-120, XSA-126); error reporting and back-to-back cycles are the host's;
 * Interrupt Disable is set too where nobody would hear INTx.
 */
#define PT_COMMAND_EMU (PCI_COMMAND_IO | PCI_COMMAND_MEMORY | \
    PCI_COMMAND_PARITY | PCI_COMMAND_SERR | PCI_COMMAND_FAST_BACK | \
    PCI_COMMAND_DISABLE_INTx)
#define PT_COMMAND_RSVD 0xf800  /* bits 15:11 */

/* Hooks of its row. */
void pt_command_prepare(struct pt_dev *d, const struct pt_field *f,
                        uint32_t old, struct pt_access *a);
void pt_command_commit(struct pt_dev *d, const struct pt_field *f,
                       uint32_t old, const struct pt_access *a);

/* What the device decodes while it is the guest's; before pt_command_*(). */
void pt_command_init(struct pt_dev *d);

/* And now: nothing, where its addresses are not the host's. */
uint16_t pt_command_decoders(const struct pt_dev *d);

/*
 * For the reconciler. Look at what the device has: 0, or -errno if that is
 * not to be had; *@lost: it has lost its registers.
 */
int pt_command_look(struct pt_dev *d, bool *lost);
/* Bus mastering off, where it has to go, and what there is was looked at. */
void pt_command_leave(struct pt_dev *d);
/* Decoders on and all else off: Xen looks for that before it maps MSI-X. */
void pt_command_decode(struct pt_dev *d);
/* Is there anything to write? */
bool pt_command_waits(const struct pt_dev *d);
/* The rest; no write if the device has it. Returns 0 or -errno. */
int pt_command_sync(struct pt_dev *d);

/*
 * Somebody else may have @set and @clear bits in the device: they are written
 * again where they are to be otherwise.
 */
void pt_command_suspect(struct pt_dev *d, uint16_t set, uint16_t clear);

/* Detach: as it was found, bus mastering off. */
void pt_command_hand_back(struct pt_dev *d);

#endif
