/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SIMULATED: chips whose memory leads to configuration space, as their drivers
 * and those who took their writes apart tell. In memory BARs, what is written
 * here has an effect in the registers of a struct sim_dev, as its own.
 *
 *     world_init(&w, &c, ...);
 *     sim_nvidia(&chip, &w.sim.dev);
 */
#ifndef SIM_WINDOW_H
#define SIM_WINDOW_H

#include "sim-device.h"

#define SIM_MIRRORS 2

/* A part of a BAR that is the device's configuration space. */
struct sim_mirror {
    unsigned bar;
    uint64_t off;
    uint64_t size;
    bool read_only;
};

struct sim_chip {
    struct sim_dev *dev;
    unsigned num_mirrors;
    struct sim_mirror mirror[SIM_MIRRORS];

    /*
     * After a message there is no other until the driver writes to an
     * acknowledge register, through a mirror: nouveau's msi_rearm().
     */
    bool needs_ack;
    bool unarmed;
    unsigned acks;

    /* Ports for an index into a BAR of memory, and the data there. */
    unsigned port_bar;      /* 0: it has none */
    unsigned index_at;      /* in the BAR of ports; data are behind it */
    unsigned index_bar;
    uint32_t index;

    /* Realtek's registers. */
    uint32_t eridr, eriar;
    uint32_t other[1024];   /* space 0 of theirs */
    unsigned table_writes;  /* that came to the chip this way */
    unsigned other_writes;
};

/*
 * NVIDIA: 4K at BAR0+0x88000, 256 bytes at BAR0+0x1800. Acknowledged at
 * MSI's ID (Linux nouveau, nvkm/subdev/pci/nv40.c), or at 0x704 (gf100.c,
 * gp100.c). Ports of BAR 5 at 8, an index into BAR 0, and 0xc (envytools).
 */
void sim_nvidia(struct sim_chip *chip, struct sim_dev *d);

/*
 * AMD before Bonaire: 256 bytes at BAR2+0x4000, where it takes no writes. Ports
 * of BAR 4 at 0, an index into BAR 2, and 4.
 */
void sim_amd(struct sim_chip *chip, struct sim_dev *d);

/*
 * Qualcomm WCN6855 and its like: rings have registers for the address of a
 * message, bits 39:32 of it with an enable bit (8), and its data, one after
 * the other: HAL_..._MSI1_BASE_LSB, _MSB and _DATA of Linux ath11k. They are
 * memory here.
 */
#define SIM_ATH_ENABLE 0x100u

/* The ring with such registers at BAR0+@off sends its message. */
enum sim_sent sim_ath_interrupt(struct sim_dev *d, uint64_t off);

/*
 * Realtek RTL8168: ERIDR at BAR2+0x70 and ERIAR at +0x74 lead to 4K of several
 * spaces, MSI-X's table being space 1. As in Realtek's r8168.h and in the trace
 * of QEMU's pci-quirks.c: an address with bit 31 clear reads, and the bit is set
 * when it is done; with bit 31 set it writes, and the bit is then clear.
 */
void sim_rtl8168(struct sim_chip *chip, struct sim_dev *d);

/* The chip has something to tell: its first message, if it is armed. */
enum sim_sent sim_chip_interrupt(struct sim_chip *chip);

#endif
