/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For the tests of hosts/bus: its ports, and a device that is emulated. */
#ifndef LIB_BUS_H
#define LIB_BUS_H

#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <pci/header.h>

#include "pt-host.h"

static inline void select_reg(PCIBus *bus, int devfn, unsigned reg)
{
    pci_port_write(bus, PCI_CONFIG_ADDRESS,
                   PCI_CONFIG_ENABLE | (uint32_t)devfn << 8 | (reg & 0xfc),
                   4);
}

static inline uint32_t cfg_read(PCIBus *bus, int devfn, unsigned reg,
                                unsigned len)
{
    select_reg(bus, devfn, reg);
    return pci_port_read(bus, PCI_CONFIG_DATA + (reg & 3), len);
}

static inline void cfg_write(PCIBus *bus, int devfn, unsigned reg,
                             uint32_t val, unsigned len)
{
    select_reg(bus, devfn, reg);
    pci_port_write(bus, PCI_CONFIG_DATA + (reg & 3), val, len);
}

/* Its configuration space reads 0, 1, 2, ... */
static inline PCIDevice *counting_device(PCIBus *bus, int devfn)
{
    PCIDevice *d = pci_register_device(bus, "counting", sizeof(*d), devfn,
                                       NULL, NULL);

    assert_non_null(d);
    for (unsigned i = 0; i < 0x100; i++) {
        d->config[i] = (uint8_t)i;
    }
    return d;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

#endif
