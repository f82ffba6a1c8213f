/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A file as the guest's expansion ROM: romfile, the property or the policy
 * file's key. QEMU's own code for it would take memory of the guest from Xen,
 * and exit when there is none left. Here the file is in the device model's
 * memory, and each read is forwarded.
 */
#include "pt-qemu.h"

#include <glib/gstdio.h>

#include "qapi/error.h"
#include "qemu/bswap.h"
#include "qemu/datadir.h"
#include "qemu/host-utils.h"
#include "qemu/units.h"

/* Not less than a page, and not more than PCI lets a ROM ask for. */
#define ROM_MIN (4 * KiB)
#define ROM_MAX (16 * MiB)

static uint64_t rom_read(void *opaque, hwaddr off, unsigned size)
{
    PtQemu *s = opaque;

    return ldn_le_p(s->rom + off, size);
}

static void rom_write(void *opaque, hwaddr off, uint64_t val, unsigned size)
{
    /* It is read-only. */
}

/* What is not aligned is split by QEMU, so no access goes beyond the end. */
static const MemoryRegionOps rom_ops = {
    .read = rom_read,
    .write = rom_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = { .min_access_size = 1, .max_access_size = 8 },
    .impl = { .min_access_size = 1, .max_access_size = 8 },
};

/* How large is the file, and the ROM for it? Returns 0 if it can't be one. */
static uint32_t measure(PtQemu *s, const char *name, const char *path,
                        size_t *file, Error **errp)
{
    uint32_t size = s->pci.romsize;
    GStatBuf st;

    if (g_stat(path, &st) != 0) {
        error_setg_errno(errp, errno, "romfile \"%s\"", name);
        return 0;
    }
    if (!S_ISREG(st.st_mode)) {
        error_setg(errp, "romfile \"%s\" is not a file", name);
        return 0;
    }
    if (st.st_size == 0 || st.st_size > ROM_MAX) {
        error_setg(errp, "romfile \"%s\" has %" PRIu64 " bytes; an expansion "
                   "ROM has 1 to %" PRIu64, name, (uint64_t)st.st_size,
                   (uint64_t)ROM_MAX);
        return 0;
    }
    *file = st.st_size;
    if (size == UINT32_MAX) {
        size = pow2ceil(*file);
    }
    if (size > ROM_MAX || size < *file) {
        error_setg(errp, "romsize %" PRIu32 " is %s", size, size > ROM_MAX ?
                   "too large" : "too small for the romfile");
        return 0;
    }
    return MAX(size, ROM_MIN);
}

bool pt_qemu_load_rom(PtQemu *s, const char *name, Error **errp)
{
    g_autofree char *path = qemu_find_file(QEMU_FILE_TYPE_BIOS, name);
    size_t file;

    if (!path) {
        path = g_strdup(name);
    }
    s->rom_size = measure(s, name, path, &file, errp);
    if (!s->rom_size) {
        return false;
    }
    s->rom = g_try_malloc0(s->rom_size);
    if (!s->rom) {
        error_setg(errp, "no memory for romfile \"%s\"", name);
        return false;
    }
    if (load_image_size(path, s->rom, file) != (ssize_t)file) {
        error_setg(errp, "romfile \"%s\" can't be read", name);
        pt_qemu_free_rom(s);
        return false;
    }
    return true;
}

void pt_qemu_add_rom(PtQemu *s)
{
    if (s->rom) {
        memory_region_init_io(&s->region[PT_ROM], OBJECT(s), &rom_ops, s,
                              "pass-through romfile", s->rom_size);
        pci_register_bar(&s->pci, PCI_ROM_SLOT, 0, &s->region[PT_ROM]);
    }
}

void pt_qemu_free_rom(PtQemu *s)
{
    g_clear_pointer(&s->rom, g_free);
}
