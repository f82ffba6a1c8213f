/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The MMCONFIG window: a range of the tree's that is never taken back, as an
 * operating system may have come to use it for all of the bus.
 */
#include <errno.h>

#include "pt-tree.h"
#include "pt-mmconfig.h"

/* The tree splits what is wider or not aligned. */
static uint32_t read_8(void *ops, target_phys_addr_t addr)
{
    return (uint32_t)pt_mmcfg_read(ops, NULL, addr - PT_MMCFG_BASE, 1);
}

static uint32_t read_16(void *ops, target_phys_addr_t addr)
{
    return (uint32_t)pt_mmcfg_read(ops, NULL, addr - PT_MMCFG_BASE, 2);
}

static uint32_t read_32(void *ops, target_phys_addr_t addr)
{
    return (uint32_t)pt_mmcfg_read(ops, NULL, addr - PT_MMCFG_BASE, 4);
}

static void write_8(void *ops, target_phys_addr_t addr, uint32_t val)
{
    pt_mmcfg_write(ops, NULL, addr - PT_MMCFG_BASE, val, 1);
}

static void write_16(void *ops, target_phys_addr_t addr, uint32_t val)
{
    pt_mmcfg_write(ops, NULL, addr - PT_MMCFG_BASE, val, 2);
}

static void write_32(void *ops, target_phys_addr_t addr, uint32_t val)
{
    pt_mmcfg_write(ops, NULL, addr - PT_MMCFG_BASE, val, 4);
}

/* The tree takes them without const. */
static CPUReadMemoryFunc *readers[] = { read_8, read_16, read_32 };
static CPUWriteMemoryFunc *writers[] = { write_8, write_16, write_32 };

int pt_mmconfig_on(const struct pt_mmcfg_ops *ops)
{
    int io = cpu_register_io_memory(0, readers, writers,
                                    (void *)(uintptr_t)ops);

    if (io < 0) {
        return -ENOSPC;
    }
    cpu_register_physical_memory(PT_MMCFG_BASE, PT_MMCFG_SIZE,
                                 (ram_addr_t)io);
    return 0;
}
