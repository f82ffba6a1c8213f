/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The real device, through libpci: IDs, interrupt line and configuration
 * space (pt-device-config.c). The rest is sysfs's: what it tells
 * (pt-device-facts.c), who is near (pt-device-near.c), and memory
 * (pt-device-mem.c).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <pci/pci.h>

#include "pt-device-int.h"
#include "pt-libpci.h"

/* ------------------------------------------------------------------ */
/* libpci                                                              */

static bool lib_start(void *who, void *arg)
{
    const struct pt_real *r = who;
    const char *sysfs = arg;
    char param[] = "sysfs.path";

    r->acc->method = PCI_ACCESS_SYS_BUS_PCI;
    if (sysfs && pci_set_param(r->acc, param, (char *)(uintptr_t)sysfs) < 0) {
        return false;
    }
    pci_init(r->acc);
    return true;
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
    const int want = PCI_FILL_IDENT | PCI_FILL_IRQ;

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
/* Open and close                                                      */

static void real_close(void *priv)
{
    struct pt_real *r = priv;
    struct pt_libpci said;

    pt_real_unmap(r);
    pt_real_reset_close(r);
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
    .reset_prepare = pt_real_reset_prepare,
    .reset_start = pt_real_reset_start,
    .reset_result = pt_real_reset_result,
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

static int fill_info(struct pt_device_info *info, struct pt_real *r,
                     const struct pt_sbdf *addr, struct pt_error *err)
{
    struct pt_libpci said;
    int ret = pt_real_facts(r, info, err);

    if (ret) {
        return ret;
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
    ret = pt_real_names(r, addr, sysfs, err);
    if (ret == 0) {
        ret = open_lib(r, sysfs, err);
    }
    if (ret == 0) {
        ret = pt_real_find(r, addr, err);
    }
    if (ret == 0) {
        ret = fill_info(&dev->info, r, addr, err);
    }
    return pt_real_opened(dev, r, &real_ops, ret);
}

int pt_device_open(struct pt_device *dev, const struct pt_sbdf *addr,
                   struct pt_error *err)
{
    return pt_device_open_at(dev, addr, NULL, err);
}
