/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The inside of the production devices, for their rooms and their own tests. */
#ifndef PT_DEVICE_INT_H
#define PT_DEVICE_INT_H

#include <limits.h>
#include <stddef.h>

#include "pt-device.h"

struct pci_access;
struct pci_dev;

/* Linux's words for a region, in sysfs `resource` and in pci_dev.flags. */
#define LINUX_RES_IO         0x00000100u
#define LINUX_RES_MEM        0x00000200u
#define LINUX_RES_PREFETCH   0x00002000u
#define LINUX_RES_MEM_64     0x00100000u
#define LINUX_RES_UNSET      0x20000000u
#define LINUX_RES_ROM_SHADOW 0x00000002u

/* Bytes of configuration space, at most. */
#define PT_CFG_EXTENDED 4096

/* A BAR or the ROM, as sysfs has it. */
struct pt_resource {
    uint64_t start;
    uint64_t end;
    uint64_t flags;  /* LINUX_RES_* */
};

/* A part of a region that is mapped here. */
struct pt_real_window {
    uint8_t *base;  /* NULL: none */
    size_t len;
    uint64_t off;   /* into the region */
};

struct pt_real_reset;

struct pt_real {
    struct pci_access *acc;       /* libpci ... */
    struct pci_dev *pci;
    int config;                   /* ... or a descriptor; -1: not opened */
    bool writable;                /* which is open for writing */
    char name[PT_SBDF_LEN];
    char devices[PATH_MAX - 64];  /* the directory of all functions */
    char dir[PATH_MAX];           /* and of this one */
    char iomem[PATH_MAX];         /* who has which memory of the host */
    uint64_t ports[PT_NUM_BARS];  /* how many; 0: it has none */
    struct pt_real_reset *reset;  /* NULL: not prepared */
    struct {
        uint64_t size;  /* 0: nothing here to map */
        uint64_t skew;  /* of the region in its first page */
        struct pt_real_window window;
    } mem[PT_NUM_BARS];
};

/*
 * pt_device_open() with another directory than libpci's own in the place of
 * /sys/bus/pci, which has /proc's iomem, too. NULL: libpci's.
 */
int pt_device_open_at(struct pt_device *dev, const struct pt_sbdf *addr,
                      const char *sysfs, struct pt_error *err);

/* The same without libpci. */
int pt_device_open_sysfs_at(struct pt_device *dev, const struct pt_sbdf *addr,
                            const char *sysfs, struct pt_error *err);

/* pt-device-facts.c: names that follow from @a and @sysfs. 0 or -EIO. */
int pt_real_names(struct pt_real *r, const struct pt_sbdf *a,
                  const char *sysfs, struct pt_error *err);

/* Look it up, and fill r->dir in. Returns 0, or -errno and @err. */
int pt_real_find(struct pt_real *r, const struct pt_sbdf *a,
                 struct pt_error *err);

/*
 * All of @info but address, IDs and interrupt. libpci reads `resource`, too,
 * but leaves it open when it jumps out at an error: this is to be before.
 * Returns 0, or -EACCES, -EIO and @err.
 */
int pt_real_facts(const struct pt_real *r, struct pt_device_info *info,
                  struct pt_error *err);

/*
 * The BARs and the ROM of the function in directory @dir.
 * Returns 0, -errno, or -EINVAL if what is there makes no sense.
 */
int pt_real_resources(const char *dir,
                      struct pt_resource res[PT_NUM_REGIONS]);

/*
 * How opening ends, if @ret is 0 with @r behind @ops as *@dev, whose info is
 * complete, and otherwise with @r closed and nothing in *@dev. Returns @ret.
 */
int pt_real_opened(struct pt_device *dev, struct pt_real *r,
                   const struct pt_device_ops *ops, int ret);

/* Linux's errors are many: EACCES, ENOMEM, ENODEV, else EIO. */
int pt_real_errno(int errnum);

/*
 * Fewer bytes of configuration space came than were wanted, up to @end,
 * without an error. Returns which of Linux's limits it was, as -errno.
 */
int pt_real_short(const struct pt_real *r, unsigned end);

/*
 * pt-device-near.c: mark what shares its page, as far as that can be told:
 * PT_REGION_SHARED.
 */
void pt_real_share(const struct pt_real *r, struct pt_device_info *info);

/*
 * Is this a stub domain's, of pcifront? Then of the host there is but the
 * guest's devices, and a function's reset ends in the backend.
 */
bool pt_real_behind_pcifront(const struct pt_real *r);

/*
 * pt-device-reset.c: does the operating system say that it can reset the
 * function alone, by a function level reset? What does not say so can't: Linux
 * does since 5.15.
 */
bool pt_real_can_flr(const struct pt_real *r);
/* Of struct pt_device_ops. */
int pt_real_reset_prepare(void *priv);
int pt_real_reset_start(void *priv);
int pt_real_reset_result(void *priv);
void pt_real_reset_close(struct pt_real *r);

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
