/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The real device in a stub domain (CONFIG_STUBDOM), in the place of
 * hw/pt-device.c: there is no sysfs, and libpci's own back end, pcifront, is
 * all there is. Nothing can map the device's memory there, so that what is
 * trapped besides an MSI-X table can't be reached: its pages, those of its
 * pending bits, and a single page between the two.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pci/pci.h>

#include "pt-device.h"

#define CFG_SIZE 0x100u

struct stub {
    struct pci_access *acc;
    struct pci_dev *pci;
};

/*
 * libpci ends the process at an error unless its callback does not return.
 * There is one thread, and no call of libpci's inside of another.
 */
static jmp_buf out;

static void __attribute__((noreturn)) on_error(char *fmt, ...)
{
    (void)fmt;
    longjmp(out, 1);
}

static void ignore(char *fmt, ...)
{
    (void)fmt;
}

static int stub_read(void *priv, uint16_t pos, void *buf, unsigned len)
{
    struct stub *s = priv;

    if (len == 0 || len > CFG_SIZE || pos > CFG_SIZE - len) {
        return -EINVAL;
    }
    if (setjmp(out) != 0) {
        return -EIO;
    }
    return pci_read_block(s->pci, pos, buf, (int)len) ? 0 : -EIO;
}

static int stub_write(void *priv, uint16_t pos, const void *buf,
                      unsigned len)
{
    struct stub *s = priv;
    uint8_t copy[CFG_SIZE];

    if (len == 0 || len > CFG_SIZE || pos > CFG_SIZE - len) {
        return -EINVAL;
    }
    memcpy(copy, buf, len);
    if (setjmp(out) != 0) {
        return -EIO;
    }
    return pci_write_block(s->pci, pos, copy, (int)len) ? 0 : -EIO;
}

static int stub_mmio_read(void *priv, unsigned region, uint64_t off,
                          unsigned width, uint64_t *val)
{
    (void)priv;
    (void)region;
    (void)off;
    (void)width;
    *val = UINT64_MAX;
    return -ENOSYS;
}

static int stub_mmio_write(void *priv, unsigned region, uint64_t off,
                           unsigned width, uint64_t val)
{
    (void)priv;
    (void)region;
    (void)off;
    (void)width;
    (void)val;
    return -ENOSYS;
}

static void stub_close(void *priv)
{
    struct stub *s = priv;

    if (setjmp(out) == 0) {
        if (s->pci) {
            pci_free_dev(s->pci);
        }
        if (s->acc) {
            pci_cleanup(s->acc);
        }
    }
    free(s);
}

static const struct pt_device_ops stub_ops = {
    .read = stub_read,
    .write = stub_write,
    .mmio_read = stub_mmio_read,
    .mmio_write = stub_mmio_write,
    .close = stub_close,
};

/* Addresses come with the BAR's own flag bits. */
static void set_region(struct pt_region *r, uint64_t base, uint64_t size,
                       bool rom)
{
    if (size == 0) {
        return;
    }
    r->size = size;
    if (rom) {
        r->addr = base & (uint64_t)PCI_ROM_ADDRESS_MASK;
        return;
    }
    if (base & PCI_BASE_ADDRESS_SPACE_IO) {
        r->flags = PT_REGION_IO;
        r->addr = base & (uint64_t)PCI_ADDR_IO_MASK;
        return;
    }
    r->addr = base & (uint64_t)PCI_ADDR_MEM_MASK;
    r->flags =
        ((base & PCI_BASE_ADDRESS_MEM_TYPE_MASK) ==
         PCI_BASE_ADDRESS_MEM_TYPE_64 ? PT_REGION_64 : 0u) |
        (base & PCI_BASE_ADDRESS_MEM_PREFETCH ? PT_REGION_PREFETCH : 0u);
    /* Nobody can tell here what else is in the page: give it to nobody. */
    if (size < 0x1000) {
        r->flags |= PT_REGION_SHARED;
    }
}

static int find(struct stub *s, const struct pt_sbdf *addr)
{
    /* pcifront answers for IDs and class only if it is asked for them. */
    const int want = PCI_FILL_IDENT | PCI_FILL_CLASS | PCI_FILL_IRQ |
        PCI_FILL_BASES | PCI_FILL_ROM_BASE | PCI_FILL_SIZES;

    if (setjmp(out) != 0) {
        return -EIO;
    }
    s->acc = pci_alloc();
    if (!s->acc) {
        return -ENOMEM;
    }
    s->acc->error = on_error;
    s->acc->warning = ignore;
    s->acc->debug = ignore;
    pci_init(s->acc);
    s->pci = pci_get_dev(s->acc, (int)addr->domain, addr->bus, addr->dev,
                         addr->func);
    if (!s->pci) {
        return -ENODEV;
    }
    pci_fill_info(s->pci, want);
    return s->pci->vendor_id == 0xffff ? -ENODEV : 0;
}

int pt_device_open(struct pt_device *dev, const struct pt_sbdf *addr,
                   struct pt_error *err)
{
    struct stub *s = calloc(1, sizeof(*s));
    char name[PT_SBDF_LEN];
    int rc;

    memset(dev, 0, sizeof(*dev));
    rc = s ? find(s, addr) : -ENOMEM;
    if (rc != 0) {
        if (s) {
            stub_close(s);
        }
        return pt_fail(err, -rc, "%s: pcifront: %s", pt_sbdf_str(addr, name),
                       strerror(-rc));
    }
    dev->ops = &stub_ops;
    dev->priv = s;
    dev->info = (struct pt_device_info) {
        .addr = *addr,
        .vendor = s->pci->vendor_id,
        .device = s->pci->device_id,
        .irq = s->pci->irq,
    };
    for (unsigned n = 0; n < PT_NUM_BARS; n++) {
        set_region(&dev->info.region[n], s->pci->base_addr[n],
                   s->pci->size[n], false);
    }
    set_region(&dev->info.region[PT_ROM], s->pci->rom_base_addr,
               s->pci->rom_size, true);
    return 0;
}

void pt_device_close(struct pt_device *dev)
{
    if (dev->ops) {
        dev->ops->close(dev->priv);
    }
    dev->ops = NULL;
    dev->priv = NULL;
}
