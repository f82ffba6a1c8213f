/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A file as a guest's expansion ROM: the register is ours then, not the
 * engine's, and the guest's reads come here (PCI 3.0, 6.2.5.2 and 6.3).
 */
#ifndef PP_ROM_H
#define PP_ROM_H

#include "pt-device.h"

/* Not less than a page, and not more than PCI lets a ROM ask for. */
#define PP_ROM_MIN 0x1000u
#define PP_ROM_MAX 0x1000000u

struct pp_device;

struct pp_rom {
    uint8_t *data;  /* NULL: there is none */
    uint32_t size;  /* a power of two; zeros after the file */
    uint32_t reg;   /* as the guest wrote it */
    uint64_t at;    /* where it answers; PT_UNMAPPED */
};

/* Returns 0, or -errno and @err; for pp_rom_free(). */
int pp_rom_load(struct pp_rom *r, const char *path, struct pt_error *err);
void pp_rom_free(struct pp_rom *r);

/* @val is what @len bytes at @off read without it. */
uint32_t pp_rom_reads(const struct pp_rom *r, unsigned off, unsigned len,
                      uint32_t val);
void pp_rom_wrote(struct pp_rom *r, unsigned off, unsigned len, uint32_t val);

/*
 * Have it where the guest wants it, after any write. @on: does its decoder say
 * so?
 */
void pp_rom_sync(struct pp_device *d, bool on);
/* What is outside of it reads as ones. */
uint64_t pp_rom_mem_read(const struct pp_rom *r, uint64_t addr, unsigned len);
static inline bool pp_rom_has(const struct pp_rom *r, uint64_t addr)
{
    return r->data && addr >= r->at && addr - r->at < r->size;
}

#endif
