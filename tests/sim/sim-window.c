/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SIMULATED: chips whose memory leads to configuration space. */
#include <string.h>

#include <pci/header.h>

#include "sim-window.h"

#define NVIDIA_ACK 0x704u

static void chip_init(struct sim_chip *chip, struct sim_dev *d)
{
    memset(chip, 0, sizeof(*chip));
    chip->dev = d;
    d->hooks.priv = chip;
}

/* ------------------------------------------------------------------ */
/* Mirrors                                                             */

static const struct sim_mirror *find(const struct sim_chip *chip,
                                     unsigned region, uint64_t off,
                                     unsigned width)
{
    unsigned i;

    for (i = 0; i < chip->num_mirrors; i++) {
        const struct sim_mirror *m = &chip->mirror[i];

        if (m->bar == region && off >= m->off && off - m->off < m->size &&
            width <= m->size - (off - m->off)) {
            return m;
        }
    }
    return NULL;
}

static void acknowledge(struct sim_chip *chip, unsigned off, unsigned len)
{
    unsigned id = chip->dev->msi.pos;
    bool old = id && off <= id && id < off + len;
    bool new = off <= NVIDIA_ACK && NVIDIA_ACK < off + len;

    if (chip->needs_ack && (old || new)) {
        chip->unarmed = false;
        chip->acks++;
    }
}

/* The two ports; what is behind the index is memory, or a mirror. */
static bool port_access(struct sim_chip *chip, uint64_t off, unsigned width,
                        bool write, uint64_t *val)
{
    struct sim_dev *d = chip->dev;
    unsigned reg = (unsigned)off - chip->index_at, shift = 8 * (reg % 4);
    uint32_t mask = width == 4 ? UINT32_MAX : (1u << (8 * width)) - 1;
    uint64_t at = d->pt.info.region[chip->index_bar].addr +
        (chip->index & ~3u) + reg - 4;

    if (reg >= 8 || reg % 4 + width > 4) {
        return false;
    }
    if (reg < 4 && write) {
        chip->index = (chip->index & ~(mask << shift)) |
            ((uint32_t)*val & mask) << shift;
    } else if (reg < 4) {
        *val = chip->index >> shift & mask;
    } else if (write) {
        sim_dev_mem_write(d, at, width, *val);
    } else {
        *val = mask;
        sim_dev_mem_read(d, at, width, val);
    }
    return true;
}

/* Hardware of its own: neither the device model's cycle nor the guest's. */
static bool mirror_access(struct sim_dev *d, unsigned region, uint64_t off,
                          unsigned width, bool write, uint64_t *val)
{
    struct sim_chip *chip = d->hooks.priv;
    const struct sim_mirror *m = find(chip, region, off, width);
    unsigned at, done, n;

    if (chip->port_bar && region == chip->port_bar) {
        return port_access(chip, off, width, write, val);
    }
    if (!m) {
        return false;
    }
    *val = write ? *val : 0;
    for (done = 0; done < width; done += n) {
        n = width - done > 4 ? 4 : width - done;
        at = (unsigned)(off - m->off) + done;
        if (!write) {
            *val |= (uint64_t)sim_dev_peek(d, at, n) << (8 * done);
        } else if (!m->read_only) {
            sim_dev_xen_write(d, at, n, (uint32_t)(*val >> (8 * done)));
            acknowledge(chip, at, n);
        }
    }
    return true;
}

void sim_nvidia(struct sim_chip *chip, struct sim_dev *d)
{
    chip_init(chip, d);
    chip->mirror[0] = (struct sim_mirror) {
        .bar = 0, .off = 0x88000, .size = 0x1000,
    };
    chip->mirror[1] = (struct sim_mirror) {
        .bar = 0, .off = 0x1800, .size = 0x100,
    };
    chip->num_mirrors = 2;
    chip->needs_ack = true;
    chip->port_bar = 5;
    chip->index_at = 8;
    chip->index_bar = 0;
    d->hooks.on_memory = mirror_access;
}

void sim_amd(struct sim_chip *chip, struct sim_dev *d)
{
    chip_init(chip, d);
    chip->mirror[0] = (struct sim_mirror) {
        .bar = 2, .off = 0x4000, .size = 0x100, .read_only = true,
    };
    chip->num_mirrors = 1;
    chip->port_bar = 4;
    chip->index_at = 0;
    chip->index_bar = 2;
    d->hooks.on_memory = mirror_access;
}

/* ------------------------------------------------------------------ */
/* Realtek                                                             */

#define ERIDR 0x70u
#define ERIAR 0x74u

/* An address has been written. */
static void eri(struct sim_chip *chip)
{
    struct sim_dev *d = chip->dev;
    unsigned space = chip->eriar >> 16 & 0x7fff, off = chip->eriar & 0xffc;
    uint32_t mask = 0, *at = &chip->other[off / 4];
    bool write = chip->eriar >> 31;
    unsigned i;

    for (i = 0; i < 4; i++) {
        mask |= chip->eriar >> (12 + i) & 1 ? UINT32_C(0xff) << (8 * i) : 0;
    }
    if (space == 1 && off < 16 * d->msix.entries) {
        at = &d->msix.table[off / 4];
        chip->table_writes += write;
    } else {
        chip->other_writes += write;
    }
    if (write) {
        *at = (*at & ~mask) | (chip->eridr & mask);
    } else {
        chip->eridr = *at;
    }
    chip->eriar ^= 0x80000000;
}

static bool eri_access(struct sim_dev *d, unsigned region, uint64_t off,
                       unsigned width, bool write, uint64_t *val)
{
    struct sim_chip *chip = d->hooks.priv;
    uint64_t both = chip->eridr | (uint64_t)chip->eriar << 32;
    uint64_t mask = UINT64_MAX >> (64 - 8 * width);
    unsigned shift = 8 * (unsigned)(off - ERIDR);

    if (region != 2 || off < ERIDR || off + width > ERIAR + 4) {
        return false;
    }
    if (!write) {
        *val = both >> shift & mask;
        return true;
    }
    both = (both & ~(mask << shift)) | (*val & mask) << shift;
    chip->eridr = (uint32_t)both;
    chip->eriar = (uint32_t)(both >> 32);
    if (off + width > ERIAR) {
        eri(chip);
    }
    return true;
}

void sim_rtl8168(struct sim_chip *chip, struct sim_dev *d)
{
    chip_init(chip, d);
    d->hooks.on_memory = eri_access;
}

/* ------------------------------------------------------------------ */
/* Messages                                                            */

enum sim_sent sim_ath_interrupt(struct sim_dev *d, uint64_t off)
{
    uint64_t base = d->pt.info.region[0].addr + off, reg[3] = { 0 };
    unsigned i;

    for (i = 0; i < 3; i++) {
        if (!sim_dev_mem_read(d, base + 4 * i, 4, &reg[i])) {
            return SIM_NOT_SENT;
        }
    }
    if (!(reg[1] & SIM_ATH_ENABLE) ||
        !(d->cfg[PCI_COMMAND] & PCI_COMMAND_MASTER)) {
        return SIM_NOT_SENT;
    }
    d->sink.message(d->sink.priv, d, (reg[1] & 0xff) << 32 | reg[0],
                    (uint32_t)reg[2]);
    return SIM_SENT;
}

/* ------------------------------------------------------------------ */
/* Acknowledged messages                                               */

enum sim_sent sim_chip_interrupt(struct sim_chip *chip)
{
    enum sim_sent sent = chip->unarmed ? SIM_NOT_SENT :
        sim_dev_interrupt(chip->dev, 0);

    chip->unarmed |= chip->needs_ack && sent == SIM_SENT;
    return sent;
}
