/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The inside of the production device, for its rooms and its own tests. */
#ifndef PT_DEVICE_INT_H
#define PT_DEVICE_INT_H

#include <limits.h>
#include <stddef.h>

#include "pt-device.h"

struct pci_access;
struct pci_dev;

/* A part of a region that is mapped here. */
struct pt_real_window {
    uint8_t *base;  /* NULL: none */
    size_t len;
    uint64_t off;   /* into the region */
};

struct pt_real {
    struct pci_access *acc;
    struct pci_dev *pci;
    char name[PT_SBDF_LEN];
    char devices[PATH_MAX - 64];  /* the directory of all functions */
    char dir[PATH_MAX];           /* and of this one */
    struct {
        uint64_t size;  /* 0: nothing here to map */
        uint64_t skew;  /* of the region in its first page */
        struct pt_real_window window;
    } mem[PT_NUM_BARS];
};

/*
 * pt_device_open() with another directory than libpci's own in the place of
 * /sys/bus/pci. NULL: libpci's.
 */
int pt_device_open_at(struct pt_device *dev, const struct pt_sbdf *addr,
                      const char *sysfs, struct pt_error *err);

/* pt-device-config.c: read and write of struct pt_device_ops. */
int pt_real_read(void *priv, uint16_t pos, void *buf, unsigned len);
int pt_real_write(void *priv, uint16_t pos, const void *buf, unsigned len);

/* pt-device-mem.c: which regions there are to access; and the access. */
void pt_real_memory(struct pt_real *r, const struct pt_device_info *info);
int pt_real_mmio_read(void *priv, unsigned region, uint64_t off,
                      unsigned width, uint64_t *val);
int pt_real_mmio_write(void *priv, unsigned region, uint64_t off,
                       unsigned width, uint64_t val);
void pt_real_unmap(struct pt_real *r);

#endif
