/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What sysfs tells of the real device, however it is accessed: whether it
 * exists, whether it is virtual, its regions.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "pt-device-int.h"

/* Bytes of configuration space: for ordinary users, and of PCI. */
#define CFG_ALL_USERS 64
#define CFG_CONVENTIONAL 256

int pt_real_errno(int errnum)
{
    switch (errnum) {
    case EACCES:
    case EPERM:
    case EROFS:
        return EACCES;
    case ENOMEM:
        return ENOMEM;
    case ENODEV:
    case ENXIO:
        return ENODEV;
    default:
        return EIO;
    }
}

int pt_real_names(struct pt_real *r, const struct pt_sbdf *a,
                  const char *sysfs, struct pt_error *err)
{
    pt_sbdf_str(a, r->name);
    snprintf(r->iomem, sizeof(r->iomem), "%s/iomem", sysfs ? sysfs : "/proc");
    if (snprintf(r->devices, sizeof(r->devices), "%s/devices",
                 sysfs ? sysfs : "/sys/bus/pci") >= (int)sizeof(r->devices)) {
        return pt_fail(err, EIO, "%s: %s: name too long", r->name, sysfs);
    }
    return 0;
}

int pt_real_find(struct pt_real *r, const struct pt_sbdf *a,
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
                   r->name, r->devices, pt_strerror(-errno));
}

int pt_real_resources(const char *dir, struct pt_resource res[PT_NUM_REGIONS])
{
    char path[PATH_MAX + sizeof("/resource")], line[128], more;
    FILE *f;
    int i;

    snprintf(path, sizeof(path), "%s/resource", dir);
    f = fopen(path, "re");
    if (!f) {
        return -errno;
    }
    for (i = 0; i < PT_NUM_REGIONS; i++) {
        if (!fgets(line, sizeof(line), f) ||
            sscanf(line, "%" SCNx64 " %" SCNx64 " %" SCNx64 " %c",
                   &res[i].start, &res[i].end, &res[i].flags, &more) != 3 ||
            res[i].end < res[i].start) {
            break;
        }
    }
    fclose(f);
    return i == PT_NUM_REGIONS ? 0 : -EINVAL;
}

/*
 * Linux's words, not the BAR's: a virtual function's own BARs read 0, and the
 * operating system may have given a region a better place than firmware did.
 */
static void set_region(struct pt_region *region, const struct pt_resource *res,
                       bool rom)
{
    /* 2^64 bytes are none. A port alone is a relic of IDE's, and no BAR. */
    uint64_t size = res->end > res->start ? res->end - res->start + 1 : 0;

    /* The firmware's copy in memory: the device's ROM is not there. */
    if (size == 0 || (rom && (res->flags & LINUX_RES_ROM_SHADOW))) {
        return;
    }
    region->size = size;
    region->addr = (res->flags & LINUX_RES_UNSET) ? 0 : res->start;
    if (rom) {
        return;
    }
    if (res->flags & LINUX_RES_IO) {
        region->flags = PT_REGION_IO;
        return;
    }
    region->flags =
        (res->flags & LINUX_RES_MEM_64 ? PT_REGION_64 : 0u) |
        (res->flags & LINUX_RES_PREFETCH ? PT_REGION_PREFETCH : 0u);
}

int pt_real_facts(const struct pt_real *r, struct pt_device_info *info,
                  struct pt_error *err)
{
    struct pt_resource res[PT_NUM_REGIONS];
    char path[PATH_MAX + sizeof("/physfn")];
    struct stat st;
    int ret = pt_real_resources(r->dir, res);

    if (ret == -EINVAL) {
        return pt_fail(err, EIO, "%s: %s/resource makes no sense", r->name,
                       r->dir);
    }
    if (ret) {
        return pt_fail(err, ret == -EACCES ? EACCES : EIO,
                       "%s: %s/resource: %s", r->name, r->dir,
                       pt_strerror(ret));
    }
    /* A link to a physical function that went away is still one. */
    snprintf(path, sizeof(path), "%s/physfn", r->dir);
    info->is_vf = lstat(path, &st) == 0;
    for (unsigned n = 0; n < PT_NUM_REGIONS; n++) {
        set_region(&info->region[n], &res[n], n == PT_ROM);
    }
    info->can_flr = pt_real_can_flr(r);
    pt_real_share(r, info);
    return 0;
}

int pt_real_short(const struct pt_real *r, unsigned end)
{
    char path[PATH_MAX + sizeof("/config")];
    struct stat st;

    snprintf(path, sizeof(path), "%s/config", r->dir);
    if (stat(path, &st) != 0) {
        return -ENODEV;
    }
    if (end > CFG_CONVENTIONAL && st.st_size == CFG_CONVENTIONAL) {
        return -ENXIO;
    }
    return end > CFG_ALL_USERS ? -EACCES : -EIO;
}

int pt_real_opened(struct pt_device *dev, struct pt_real *r,
                   const struct pt_device_ops *ops, int ret)
{
    if (ret) {
        memset(dev, 0, sizeof(*dev));
        ops->close(r);
        return ret;
    }
    pt_real_memory(r, &dev->info);
    dev->ops = ops;
    dev->priv = r;
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
