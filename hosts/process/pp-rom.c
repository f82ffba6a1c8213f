/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A file as a guest's expansion ROM. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pt-pci.h"
#include "pp-guest.h"

/* ------------------------------------------------------------------ */
/* The file                                                            */

static int read_file(struct pp_rom *r, FILE *f, const char *path,
                     struct pt_error *err)
{
    struct stat st;
    uint32_t size = PP_ROM_MIN;

    if (fstat(fileno(f), &st) != 0 || !S_ISREG(st.st_mode)) {
        return pt_fail(err, EINVAL, "romfile \"%.100s\" is not a file", path);
    }
    if (st.st_size == 0 || st.st_size > PP_ROM_MAX) {
        return pt_fail(err, EFBIG, "romfile \"%.100s\" has %lld bytes; an "
                       "expansion ROM has 1 to %u", path,
                       (long long)st.st_size, PP_ROM_MAX);
    }
    while (size < (uint64_t)st.st_size) {
        size *= 2;
    }
    r->data = calloc(1, size);
    if (!r->data) {
        return pt_fail(err, ENOMEM, "no memory for romfile \"%.100s\"", path);
    }
    r->size = size;
    return fread(r->data, 1, (size_t)st.st_size, f) == (size_t)st.st_size ? 0 :
        pt_fail(err, EIO, "romfile \"%.100s\" can't be read", path);
}

int pp_rom_load(struct pp_rom *r, const char *path, struct pt_error *err)
{
    /* What is no file may not answer, and the guest would wait with it. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY), rc;
    FILE *f = fd < 0 ? NULL : fdopen(fd, "r");

    *r = (struct pp_rom) { .at = PT_UNMAPPED };
    if (!f) {
        rc = pt_fail(err, errno, "romfile \"%.100s\": %s", path,
                     strerror(errno));
        if (fd >= 0) {
            close(fd);
        }
        return rc;
    }
    rc = read_file(r, f, path, err);
    fclose(f);
    if (rc != 0) {
        pp_rom_free(r);
    }
    return rc;
}

void pp_rom_free(struct pp_rom *r)
{
    free(r->data);
    *r = (struct pp_rom) { .at = PT_UNMAPPED };
}

/* ------------------------------------------------------------------ */
/* The register                                                        */

/* The bits that a guest can write: the rest says how large it is. */
static uint32_t writable(const struct pp_rom *r)
{
    return ~(r->size - 1) | PCI_ROM_ADDRESS_ENABLE;
}

/* Where byte @i of an access at @off is in the register; -1: it is not. */
static int lane(const struct pp_rom *r, unsigned off, unsigned i)
{
    unsigned at = off + i - PCI_ROM_ADDRESS;

    return r->data && off + i >= PCI_ROM_ADDRESS && at < 4 ? (int)at : -1;
}

uint32_t pp_rom_reads(const struct pp_rom *r, unsigned off, unsigned len,
                      uint32_t val)
{
    for (unsigned i = 0; i < len; i++) {
        int at = lane(r, off, i);

        if (at >= 0) {
            val &= ~(UINT32_C(0xff) << 8 * i);
            val |= (r->reg >> 8 * at & 0xff) << 8 * i;
        }
    }
    return val;
}

void pp_rom_wrote(struct pp_rom *r, unsigned off, unsigned len, uint32_t val)
{
    uint32_t reg = r->reg;

    for (unsigned i = 0; i < len; i++) {
        int at = lane(r, off, i);

        if (at >= 0) {
            reg &= ~(UINT32_C(0xff) << 8 * at);
            reg |= (val >> 8 * i & 0xff) << 8 * at;
        }
    }
    r->reg = reg & (r->data ? writable(r) : 0);
}

/* ------------------------------------------------------------------ */
/* Where it is                                                         */

static void leave(struct pp_device *d)
{
    struct pp_rom *r = &d->rom;

    pp_ioreq_claim_memory(&d->guest->ioreq, r->at, r->size, false);
    r->at = PT_UNMAPPED;
    d->places.at[PT_ROM] = (struct pt_place) { .addr = PT_UNMAPPED };
    d->guest->room = true;
}

static void enter(struct pp_device *d, uint64_t at)
{
    struct pp_rom *r = &d->rom;

    if (!pp_space_taken(d, d->dev, false, at, r->size) &&
        !pt_places_have(&d->places, false, at, r->size) &&
        pp_ioreq_claim_memory(&d->guest->ioreq, at, r->size, true) == 0) {
        r->at = at;
        d->places.at[PT_ROM] = (struct pt_place) {
            .addr = at, .size = r->size,
        };
    }
}

void pp_rom_sync(struct pp_device *d, bool on)
{
    struct pp_rom *r = &d->rom;
    uint64_t wish = on && (r->reg & PCI_ROM_ADDRESS_ENABLE) ?
        r->reg & ~(r->size - 1) : PT_UNMAPPED;

    if (!r->data || wish == r->at) {
        return;
    }
    if (r->at != PT_UNMAPPED) {
        leave(d);
    }
    if (wish != PT_UNMAPPED) {
        enter(d, wish);
    }
}

uint64_t pp_rom_mem_read(const struct pp_rom *r, uint64_t addr, unsigned len)
{
    uint64_t val = 0;

    for (unsigned i = 0; i < len; i++) {
        uint64_t byte = pp_rom_has(r, addr + i) ? r->data[addr + i - r->at] :
            0xff;

        val |= byte << 8 * i;
    }
    return val;
}
