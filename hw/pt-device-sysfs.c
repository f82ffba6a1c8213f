/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The real device through sysfs alone, where there is no libpci: in a Linux
 * stub domain, whose sysfs has what pcifront is given.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pt-device-int.h"

/*
 * The descriptor of `config`, opened when it is first needed, and again when
 * it is to be written. Returns it, or -errno.
 */
static int config_fd(struct pt_real *r, bool write)
{
    char path[PATH_MAX + sizeof("/config")];
    int fd;

    if (r->config >= 0 && (!write || r->writable)) {
        return r->config;
    }
    snprintf(path, sizeof(path), "%s/config", r->dir);
    fd = open(path, (write ? O_RDWR : O_RDONLY) | O_CLOEXEC);
    if (fd < 0) {
        return -pt_real_errno(errno);
    }
    if (r->config >= 0) {
        close(r->config);
    }
    r->config = fd;
    r->writable = write;
    return fd;
}

static bool inside(uint16_t pos, unsigned len)
{
    return len != 0 && len <= PT_CFG_EXTENDED && pos <= PT_CFG_EXTENDED - len;
}

/* One call is one access: Linux divides what is not aligned, or longer. */
static int sysfs_read(void *priv, uint16_t pos, void *buf, unsigned len)
{
    struct pt_real *r = priv;
    ssize_t got;
    int fd;

    if (!inside(pos, len)) {
        return -EINVAL;
    }
    fd = config_fd(r, false);
    if (fd < 0) {
        return fd;
    }
    got = pread(fd, buf, len, pos);
    if (got < 0) {
        return -pt_real_errno(errno);
    }
    return (size_t)got == len ? 0 : pt_real_short(r, pos + len);
}

static int sysfs_write(void *priv, uint16_t pos, const void *buf, unsigned len)
{
    struct pt_real *r = priv;
    ssize_t put;
    int fd;

    if (!inside(pos, len)) {
        return -EINVAL;
    }
    fd = config_fd(r, true);
    if (fd < 0) {
        return fd;
    }
    put = pwrite(fd, buf, len, pos);
    if (put < 0) {
        return -pt_real_errno(errno);
    }
    return (size_t)put == len ? 0 : -EIO;
}

static void sysfs_close(void *priv)
{
    struct pt_real *r = priv;

    pt_real_unmap(r);
    pt_real_reset_close(r);
    if (r->config >= 0) {
        close(r->config);
    }
    free(r);
}

static const struct pt_device_ops sysfs_ops = {
    .read = sysfs_read,
    .write = sysfs_write,
    .mmio_read = pt_real_mmio_read,
    .mmio_write = pt_real_mmio_write,
    .reset_prepare = pt_real_reset_prepare,
    .reset_start = pt_real_reset_start,
    .reset_result = pt_real_reset_result,
    .close = sysfs_close,
};

/* A number of at most @max in @file: "0x8086", "17". */
static int number(const struct pt_real *r, const char *file, long long max,
                  long long *val, struct pt_error *err)
{
    char path[PATH_MAX + sizeof("/vendor")], text[32], *end;
    FILE *f;
    bool got;

    snprintf(path, sizeof(path), "%s/%s", r->dir, file);
    f = fopen(path, "re");
    if (!f) {
        return pt_fail(err, pt_real_errno(errno), "%s: %s: %s", r->name, path,
                       pt_strerror(-errno));
    }
    got = fgets(text, sizeof(text), f) != NULL;
    fclose(f);
    *val = got ? strtoll(text, &end, 0) : -1;
    if (!got || end == text || *val < 0 || *val > max) {
        return pt_fail(err, EIO, "%s: %s makes no sense", r->name, path);
    }
    return 0;
}

static int fill_info(struct pt_device_info *info, const struct pt_real *r,
                     const struct pt_sbdf *addr, struct pt_error *err)
{
    long long vendor, device, irq;
    int ret = pt_real_facts(r, info, err);

    if (ret == 0) {
        ret = number(r, "vendor", UINT16_MAX, &vendor, err);
    }
    if (ret == 0) {
        ret = number(r, "device", UINT16_MAX, &device, err);
    }
    if (ret == 0) {
        ret = number(r, "irq", INT_MAX, &irq, err);
    }
    if (ret) {
        return ret;
    }
    if (vendor == UINT16_MAX) {
        return pt_fail(err, ENODEV, "%s: no such function: it has no vendor",
                       r->name);
    }
    info->addr = *addr;
    info->vendor = (uint16_t)vendor;
    info->device = (uint16_t)device;
    info->irq = (int)irq;
    return 0;
}

int pt_device_open_sysfs_at(struct pt_device *dev, const struct pt_sbdf *addr,
                            const char *sysfs, struct pt_error *err)
{
    struct pt_real *r = calloc(1, sizeof(*r));
    int ret;

    memset(dev, 0, sizeof(*dev));
    if (!r) {
        return pt_fail(err, ENOMEM, "out of memory");
    }
    r->config = -1;
    ret = pt_real_names(r, addr, sysfs, err);
    if (ret == 0) {
        ret = pt_real_find(r, addr, err);
    }
    if (ret == 0) {
        ret = fill_info(&dev->info, r, addr, err);
    }
    return pt_real_opened(dev, r, &sysfs_ops, ret);
}

int pt_device_open_sysfs(struct pt_device *dev, const struct pt_sbdf *addr,
                         struct pt_error *err)
{
    return pt_device_open_sysfs_at(dev, addr, NULL, err);
}
