/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The real device: open, and what the operating system knows of it.
 *
 * libpci tells IDs, regions and the interrupt line. Sysfs tells whether the
 * function exists and whether it is virtual. Its neighbours in memory are in
 * pt-device-near.c, its configuration space is in pt-device-config.c, its
 * memory in pt-device-mem.c.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <pci/pci.h>

#include "pt-device-int.h"
#include "pt-libpci.h"

/* ------------------------------------------------------------------ */
/* libpci                                                              */

static bool lib_start(void *who, void *arg)
{
    struct pt_real *r = who;
    struct pci_access *acc = r->acc;
    const char *sysfs = arg;
    char param[] = "sysfs.path";

    acc->method = PCI_ACCESS_SYS_BUS_PCI;
    if (sysfs && pci_set_param(acc, param, (char *)(uintptr_t)sysfs) < 0) {
        return false;
    }
    pci_init(acc);
    sysfs = pci_get_param(acc, param);
    if (!sysfs) {
        return false;
    }
    return snprintf(r->devices, sizeof(r->devices), "%s/devices", sysfs) <
        (int)sizeof(r->devices);
}

static bool lib_get(void *who, void *arg)
{
    struct pt_real *r = who;
    const struct pt_sbdf *a = arg;

    r->pci = pci_get_dev(r->acc, (int)a->domain, a->bus, a->dev, a->func);
    return r->pci != NULL;
}

/* All of it comes from sysfs, without a configuration cycle. */
static bool lib_fill(void *who, void *arg)
{
    const struct pt_real *r = who;
    const int want = PCI_FILL_IDENT | PCI_FILL_CLASS | PCI_FILL_IRQ |
        PCI_FILL_BASES | PCI_FILL_ROM_BASE | PCI_FILL_SIZES |
        PCI_FILL_IO_FLAGS;

    (void)arg;
    return (pci_fill_info(r->pci, want) & want) == want;
}

static bool lib_stop(void *who, void *arg)
{
    const struct pt_real *r = who;

    (void)arg;
    if (r->pci) {
        pci_free_dev(r->pci);
    }
    pci_cleanup(r->acc);
    return true;
}

/* ------------------------------------------------------------------ */
/* Regions                                                             */

static unsigned bar_flags(uint64_t base, uint64_t linux_flags)
{
    unsigned flags = 0;

    if ((linux_flags & LINUX_RES_IO) || (base & PCI_BASE_ADDRESS_SPACE_IO)) {
        return PT_REGION_IO;
    }
    if ((linux_flags & LINUX_RES_MEM_64) ||
        (base & PCI_BASE_ADDRESS_MEM_TYPE_MASK) ==
            PCI_BASE_ADDRESS_MEM_TYPE_64) {
        flags |= PT_REGION_64;
    }
    if ((linux_flags & LINUX_RES_PREFETCH) ||
        (base & PCI_BASE_ADDRESS_MEM_PREFETCH)) {
        flags |= PT_REGION_PREFETCH;
    }
    return flags;
}

/*
 * What is known of region @n: a virtual function's own BARs read 0, and the
 * operating system may have given a region a better place than firmware did.
 */
static void set_region(struct pt_region *region, const struct pt_real *r,
                       unsigned n)
{
    const struct pci_dev *pci = r->pci;
    bool rom = n == PT_ROM;
    uint64_t base = rom ? pci->rom_base_addr : pci->base_addr[n];
    uint64_t size = rom ? pci->rom_size : pci->size[n];
    uint64_t flags = rom ? pci->rom_flags : pci->flags[n];

    /* The firmware's copy in memory: the device's ROM is not there. */
    if (size == 0 || (rom && (flags & LINUX_RES_ROM_SHADOW))) {
        return;
    }

    region->flags = rom ? 0 : bar_flags(base, flags);
    if (rom) {
        base &= PCI_ROM_ADDRESS_MASK;
    } else if (region->flags & PT_REGION_IO) {
        base &= PCI_ADDR_IO_MASK;
    } else {
        base &= PCI_ADDR_MEM_MASK;
    }

    region->addr = (flags & LINUX_RES_UNSET) ? 0 : base;
    region->size = size;
}

/* ------------------------------------------------------------------ */
/* Open and close                                                      */

static void real_close(void *priv)
{
    struct pt_real *r = priv;
    struct pt_libpci said;

    pt_real_unmap(r);
    if (r->acc) {
        pt_libpci_run(&said, lib_stop, r, NULL);
    }
    free(r);
}

static const struct pt_device_ops real_ops = {
    .read = pt_real_read,
    .write = pt_real_write,
    .mmio_read = pt_real_mmio_read,
    .mmio_write = pt_real_mmio_write,
    .close = real_close,
};

static int open_lib(struct pt_real *r, const char *sysfs, struct pt_error *err)
{
    struct pt_libpci said;

    r->acc = pt_libpci_alloc();
    if (!r->acc) {
        return pt_fail(err, ENOMEM, "%s: out of memory", r->name);
    }
    if (!pt_libpci_run(&said, lib_start, r, (void *)(uintptr_t)sysfs)) {
        return pt_libpci_fail(err, &said, r->name);
    }
    return 0;
}

static int find_function(struct pt_real *r, const struct pt_sbdf *a,
                         struct pt_error *err)
{
    struct stat st;

    if (a->dev > 31 || a->func > 7) {
        return pt_fail(err, ENODEV,
                       "%s: no such function: devices are 0 to "
                       "1f, functions 0 to 7",
                       r->name);
    }
    snprintf(r->dir, sizeof(r->dir), "%s/%s", r->devices, r->name);
    if (stat(r->dir, &st) == 0) {
        return 0;
    }
    if (errno == ENOENT && stat(r->devices, &st) == 0) {
        return pt_fail(err, ENODEV, "%s: no such function", r->name);
    }
    return pt_fail(err, errno == EACCES ? EACCES : ENODEV, "%s: %s: %s",
                   r->name, r->devices, strerror(errno));
}

static int fill_info(struct pt_device_info *info, struct pt_real *r,
                     const struct pt_sbdf *addr, struct pt_error *err)
{
    struct pt_resource res[PT_NUM_REGIONS];
    char path[PATH_MAX + sizeof("/physfn")];
    struct pt_libpci said;
    struct stat st;
    int ret;

    ret = pt_real_resources(r->dir, res);
    if (ret == -EINVAL) {
        return pt_fail(err, EIO, "%s: %s/resource makes no sense", r->name,
                       r->dir);
    }
    if (ret) {
        return pt_fail(err, ret == -EACCES ? EACCES : EIO,
                       "%s: %s/resource: %s", r->name, r->dir, strerror(-ret));
    }
    if (!pt_libpci_run(&said, lib_get, r, (void *)(uintptr_t)addr) ||
        !pt_libpci_run(&said, lib_fill, r, NULL)) {
        return pt_libpci_fail(err, &said, r->name);
    }
    if (r->pci->vendor_id == 0xffff) {
        return pt_fail(err, ENODEV, "%s: no such function: it has no vendor",
                       r->name);
    }

    info->addr = *addr;
    info->vendor = r->pci->vendor_id;
    info->device = r->pci->device_id;
    info->irq = r->pci->irq;
    /* A link to a physical function that went away is still one. */
    snprintf(path, sizeof(path), "%s/physfn", r->dir);
    info->is_vf = lstat(path, &st) == 0;
    for (unsigned n = 0; n < PT_NUM_REGIONS; n++) {
        set_region(&info->region[n], r, n);
    }
    pt_real_share(r, info);
    return 0;
}

int pt_device_open_at(struct pt_device *dev, const struct pt_sbdf *addr,
                      const char *sysfs, struct pt_error *err)
{
    struct pt_real *r = calloc(1, sizeof(*r));
    int ret;

    memset(dev, 0, sizeof(*dev));
    if (!r) {
        return pt_fail(err, ENOMEM, "out of memory");
    }
    pt_sbdf_str(addr, r->name);
    snprintf(r->iomem, sizeof(r->iomem), "%s/iomem", sysfs ? sysfs : "/proc");
    ret = open_lib(r, sysfs, err);
    if (ret == 0) {
        ret = find_function(r, addr, err);
    }
    if (ret == 0) {
        ret = fill_info(&dev->info, r, addr, err);
    }
    if (ret) {
        memset(dev, 0, sizeof(*dev));
        real_close(r);
        return ret;
    }
    pt_real_memory(r, &dev->info);
    dev->ops = &real_ops;
    dev->priv = r;
    return 0;
}

int pt_device_open(struct pt_device *dev, const struct pt_sbdf *addr,
                   struct pt_error *err)
{
    return pt_device_open_at(dev, addr, NULL, err);
}

void pt_device_close(struct pt_device *dev)
{
    if (dev->ops) {
        dev->ops->close(dev->priv);
    }
    dev->ops = NULL;
    dev->priv = NULL;
}
