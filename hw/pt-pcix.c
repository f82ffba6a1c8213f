/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PCI-X of functions that are no bridges. PCI-X 2.0, section 7.2.
 *
 * Drivers of network cards (tg3, bnx2) do not start without it.
 */
#include <stdio.h>

#include "pt-pci.h"
#include "pt-dev.h"

#define VERSION_SHIFT 12
#define VERSION_MASK 3

#define COMMAND_COPY (PCI_PCIX_COMMAND_DPERE | PCI_PCIX_COMMAND_ERO | \
    PCI_PCIX_COMMAND_MAX_MEM_READ_BYTE_COUNT | \
    PCI_PCIX_COMMAND_MAX_OUTSTANDING_SPLIT_TRANS)
#define STATUS_RW1C (PCI_PCIX_STATUS_SC_DISCARDED | \
    PCI_PCIX_STATUS_UNEXPECTED_SC | PCI_PCIX_STATUS_RCVD_SC_ERR_MESS)

static const struct pt_row pcix_rows[] = {
    {
        .name = "PCI-X Command", .spec = "PCI-X 2.0, 7.2.3",
        .why = "the host's bus; the guest gets a copy to write, which starts "
            "as the device has it",
        .off = PCI_PCIX_COMMAND, .size = 2, .flags = PT_ROW_RESTORE,
        .host = 0xffff, .emu = 0xffff, .ro = 0xffff & ~COMMAND_COPY,
    }, {
        .name = "PCI-X Status", .spec = "PCI-X 2.0, 7.2.4",
        .why = "constant; errors of the bus are the host's to see and to "
            "clear",
        .off = PCI_PCIX_STATUS, .size = 4,
        .host = ~(uint32_t)STATUS_RW1C, .emu = 0xffffffff,
        .ro = ~(uint32_t)STATUS_RW1C, .rw1c = STATUS_RW1C,
    },
};

/* 7.2.2: ECC registers follow in versions 1 and 2. */
static void probe(const struct pt_dev *d, uint16_t pos, struct pt_probe *p)
{
    uint32_t command = pt_load(d->snap + pos + PCI_PCIX_COMMAND, 2);
    unsigned version = command >> VERSION_SHIFT & VERSION_MASK;

    p->size = version == 0 ? 8 : 24;
    if (version > 2) {
        snprintf(p->why_not, sizeof(p->why_not), "unknown version %u",
                 version);
    }
}

const struct pt_group pt_group_pcix = {
    .name = "PCI-X", .id = PCI_CAP_ID_PCIX, .fate = PT_EXPOSED,
    .why = "status is constant, command is the guest's copy",
    .probe = probe,
    PT_ROWS(pcix_rows),
};
