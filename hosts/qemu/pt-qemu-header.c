/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QEMU's own copy of the configuration header, which no guest reads: the
 * monitor shows it, and by it the PCI core knows where regions are.
 */
#include "pt-qemu.h"

#include "qemu/range.h"

void pt_qemu_refresh(PtQemu *s)
{
    uint8_t *config = s->pci.config;
    struct pt_byte b, high;
    unsigned i;

    for (i = 0; i < PCI_CONFIG_HEADER_SIZE; i++) {
        /* Where regions are, the engine has said: see pt_qemu_moved(). */
        if (ranges_overlap(i, 1, PCI_BASE_ADDRESS_0, 24) ||
            ranges_overlap(i, 1, PCI_ROM_ADDRESS, 4) ||
            ranges_overlap(i, 1, PCI_COMMAND, 2)) {
            continue;
        }
        pt_look(s->dev, i, &b);
        config[i] = b.value;
    }
    s->moved = false;
    /*
     * This has QEMU move the regions. INTx is none of QEMU's business: with
     * Interrupt Disable it would lower wires that Xen knows from others.
     */
    pt_look(s->dev, PCI_COMMAND, &b);
    pt_look(s->dev, PCI_COMMAND + 1, &high);
    pci_default_write_config(&s->pci, PCI_COMMAND,
                             (b.copy | high.copy << 8) &
                             ~PCI_COMMAND_INTX_DISABLE, 2);
}
