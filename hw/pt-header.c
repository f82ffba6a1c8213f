/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Configuration space header, type 0. PCI Local Bus 3.0 section 6.2.
 */
#include <string.h>

#include "pt-pci.h"

#include "pt-dev.h"
#include "pt-command.h"
#include "pt-msi.h"

#define STATUS_RW1C (PCI_STATUS_PARITY | PCI_STATUS_SIG_TARGET_ABORT | \
    PCI_STATUS_REC_TARGET_ABORT | PCI_STATUS_REC_MASTER_ABORT | \
    PCI_STATUS_SIG_SYSTEM_ERROR | PCI_STATUS_DETECTED_PARITY)
#define STATUS_RSVD 0x0006

static void vendor_setup(const struct pt_dev *d, const struct pt_field *f,
                         struct pt_bits *bits)
{
    (void)f;
    bits->init = d->host->info.vendor;
}

static void device_setup(const struct pt_dev *d, const struct pt_field *f,
                         struct pt_bits *bits)
{
    (void)f;
    bits->init = d->host->info.device;
}

/* A pin that there is not is bound as the first: the guest sees that. */
static void pin_setup(const struct pt_dev *d, const struct pt_field *f,
                      struct pt_bits *bits)
{
    (void)f;
    bits->init = d->irq && d->irq->has_pin ? d->irq->pin + 1u : 0;
}

static void type_setup(const struct pt_dev *d, const struct pt_field *f,
                       struct pt_bits *bits)
{
    (void)f;
    bits->init = PCI_HEADER_TYPE_NORMAL |
        (d->multifunction ? PT_MULTIFUNCTION : 0);
}

#define BAR(n) { \
        .name = "Base Address " #n, .spec = "PCI 3.0, 6.2.5.1", \
        .why = "guest's own address; mapped there, and never written to " \
            "the device", \
        .off = PCI_BASE_ADDRESS_0 + 4 * (n), .size = 4, \
        .emu = 0xffffffff, \
        .setup = pt_bar_setup, .commit = pt_bar_commit, \
    }

static const struct pt_row header_rows[] = {
    {
        .name = "Vendor ID", .spec = "PCI 3.0, 6.2.1",
        .why = "from the operating system: a virtual function reads FFFF",
        .off = PCI_VENDOR_ID, .size = 2,
        .emu = 0xffff, .ro = 0xffff,
        .setup = vendor_setup,
    }, {
        .name = "Device ID", .spec = "PCI 3.0, 6.2.1",
        .why = "from the operating system: a virtual function reads FFFF",
        .off = PCI_DEVICE_ID, .size = 2,
        .emu = 0xffff, .ro = 0xffff,
        .setup = device_setup,
    }, {
        .name = "Command", .spec = "PCI 3.0, 6.2.2",
        .why = "bus master, special cycles, MWI and VGA snoop are the "
            "device's; the decoders stay on in the device and only change "
            "what is mapped; error reporting is the host's",
        .off = PCI_COMMAND, .size = 2,
        .emu = PT_COMMAND_EMU, .ro = PCI_COMMAND_WAIT,
        .rsvd = PT_COMMAND_RSVD,
        .prepare = pt_command_prepare, .commit = pt_command_commit,
    }, {
        .name = "Status", .spec = "PCI 3.0, 6.2.3",
        .why = "errors are cleared by writing 1; Capabilities List says "
            "whether the guest's chain has anything",
        .off = PCI_STATUS, .size = 2, .flags = PT_ROW_INERT,
        .emu = PCI_STATUS_CAP_LIST,
        .ro = 0xffff & ~(STATUS_RW1C | STATUS_RSVD),
        .rw1c = STATUS_RW1C, .rsvd = STATUS_RSVD,
        .setup = pt_cap_status_setup,
    }, {
        .name = "Revision ID", .spec = "PCI 3.0, 6.2.1", .why = "constant",
        .off = PCI_REVISION_ID, .size = 1, .flags = PT_ROW_INERT,
        .host = 0xff, .emu = 0xff, .ro = 0xff,
    }, {
        .name = "Programming Interface", .spec = "PCI 3.0, 6.2.1",
        .why = "constant",
        .off = PCI_CLASS_PROG, .size = 1, .flags = PT_ROW_INERT,
        .host = 0xff, .emu = 0xff, .ro = 0xff,
    }, {
        .name = "Class Code", .spec = "PCI 3.0, 6.2.1", .why = "constant",
        .off = PCI_CLASS_DEVICE, .size = 2, .flags = PT_ROW_INERT,
        .host = 0xffff, .emu = 0xffff, .ro = 0xffff,
    }, {
        .name = "Cache Line Size", .spec = "PCI 3.0, 6.2.4",
        .why = "the host's bus; the guest gets a copy to write",
        .off = PCI_CACHE_LINE_SIZE, .size = 1, .emu = 0xff,
    }, {
        .name = "Latency Timer", .spec = "PCI 3.0, 6.2.4",
        .why = "the host's bus; the guest gets a copy to write",
        .off = PCI_LATENCY_TIMER, .size = 1, .emu = 0xff,
    }, {
        .name = "Header Type", .spec = "PCI 3.0, 6.2.1",
        .why = "multi-function as the guest's own slot is laid out",
        .off = PCI_HEADER_TYPE, .size = 1, .flags = PT_ROW_INERT,
        .emu = 0xff, .ro = 0xff,
        .setup = type_setup,
    }, {
        .name = "BIST", .spec = "PCI 3.0, 6.2.4",
        .why = "not offered: a device in self-test does not answer the host",
        .off = PCI_BIST, .size = 1, .emu = 0xff, .ro = 0xff,
    },
    BAR(0), BAR(1), BAR(2), BAR(3), BAR(4), BAR(5),
    {
        .name = "CardBus CIS Pointer", .spec = "PCI 3.0, 6.2.4",
        .why = "constant",
        .off = PCI_CARDBUS_CIS, .size = 4, .flags = PT_ROW_INERT,
        .host = 0xffffffff, .emu = 0xffffffff, .ro = 0xffffffff,
    }, {
        .name = "Subsystem Vendor ID", .spec = "PCI 3.0, 6.2.4",
        .why = "constant",
        .off = PCI_SUBSYSTEM_VENDOR_ID, .size = 2, .flags = PT_ROW_INERT,
        .host = 0xffff, .emu = 0xffff, .ro = 0xffff,
    }, {
        .name = "Subsystem ID", .spec = "PCI 3.0, 6.2.4", .why = "constant",
        .off = PCI_SUBSYSTEM_ID, .size = 2, .flags = PT_ROW_INERT,
        .host = 0xffff, .emu = 0xffff, .ro = 0xffff,
    }, {
        .name = "Expansion ROM Base Address", .spec = "PCI 3.0, 6.2.5.2",
        .why = "guest's own address, mapped there; the enable bit is "
            "written to the device with the device's own address",
        .off = PCI_ROM_ADDRESS, .size = 4, .emu = 0xffffffff,
        .setup = pt_bar_setup, .commit = pt_bar_commit,
    }, {
        .name = "Capabilities Pointer", .spec = "PCI 3.0, 6.7",
        .why = "recomputed: the first capability that is not hidden",
        .off = PCI_CAPABILITY_LIST, .size = 1, .flags = PT_ROW_INERT,
        .emu = 0xff, .ro = 0xff,
        .setup = pt_cap_pointer_setup,
    }, {
        .name = "Interrupt Line", .spec = "PCI 3.0, 6.2.4",
        .why = "software's note of the routing: the guest's own",
        .off = PCI_INTERRUPT_LINE, .size = 1, .emu = 0xff,
    }, {
        .name = "Interrupt Pin", .spec = "PCI 3.0, 6.2.4",
        .why = "constant: the pin that is bound",
        .off = PCI_INTERRUPT_PIN, .size = 1, .flags = PT_ROW_INERT,
        .emu = 0xff, .ro = 0xff,
        .setup = pin_setup,
    }, {
        .name = "Min_Gnt", .spec = "PCI 3.0, 6.2.4", .why = "constant",
        .off = PCI_MIN_GNT, .size = 1, .flags = PT_ROW_INERT,
        .host = 0xff, .emu = 0xff, .ro = 0xff,
    }, {
        .name = "Max_Lat", .spec = "PCI 3.0, 6.2.4", .why = "constant",
        .off = PCI_MAX_LAT, .size = 1, .flags = PT_ROW_INERT,
        .host = 0xff, .emu = 0xff, .ro = 0xff,
    },
};

/* Two places are one register of a chip: what is constant tells. */
static bool mirrored_at(const uint8_t *snap, unsigned at)
{
    static const struct {
        uint8_t from, len;
    } part[] = {
        { PCI_VENDOR_ID, 4 },
        { PCI_CLASS_REVISION, 4 },
        { PCI_HEADER_TYPE, 1 },
        /* With the base addresses, up to the ROM's. */
        { PCI_BASE_ADDRESS_0, PCI_CAPABILITY_LIST + 1 - PCI_BASE_ADDRESS_0 },
        { PCI_INTERRUPT_PIN, 3 },
    };
    unsigned i;

    for (i = 0; i < sizeof(part) / sizeof(part[0]); i++) {
        if (memcmp(snap + part[i].from, snap + at + part[i].from,
                   part[i].len) != 0) {
            return false;
        }
    }
    return true;
}

unsigned pt_header_period(const uint8_t snap[PT_CFG_SIZE])
{
    unsigned period, at;

    for (period = PT_CFG_CAPS_START; period < PT_CFG_SIZE; period *= 2) {
        for (at = period; at < PT_CFG_SIZE && mirrored_at(snap, at);
             at += period) {
        }
        if (at >= PT_CFG_SIZE) {
            break;
        }
    }
    return period;
}

const struct pt_group pt_group_header = {
    .name = "Header", .fate = PT_EXPOSED, .size = PT_CFG_CAPS_START,
    PT_ROWS(header_rows),
};
