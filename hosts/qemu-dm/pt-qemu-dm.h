/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the classic tree's hw/pc.c and hw/piix_pci.c expect of
 * "pass-through.h"; the rest of the glue's functions are declared in the
 * tree's own hw/pci.h.
 */
#ifndef PT_QEMU_DM_H
#define PT_QEMU_DM_H

#include <stdint.h>

struct PCIBus;
struct PCIDevice;

/*
 * With gfx_passthru: put the host's PCH (an Intel ISA bridge at 00:1f.0) on
 * @bus, for drivers that look there for what graphics they have. Without,
 * or without such a PCH: nothing.
 */
void intel_pch_init(struct PCIBus *bus);

/*
 * Config handlers of the guest's host bridge @d: registers that tell of an
 * assigned Intel graphics device are the host's, all others the bridge's.
 * @addr: 0..0xff; @len: 1, 2, 4.
 */
uint32_t igd_pci_read(struct PCIDevice *d, uint32_t addr, int len);
void igd_pci_write(struct PCIDevice *d, uint32_t addr, uint32_t val, int len);

#endif
