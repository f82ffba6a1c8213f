/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The real device, behind a small table of functions.
 *
 * Production is libpci and sysfs (pt-device.c), or sysfs alone
 * (pt-device-sysfs.c); tests put a simulated function in their place.
 */
#ifndef PT_DEVICE_H
#define PT_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

/* Why a call failed, in words for whoever ran the toolstack. */
struct pt_error {
    char text[256];
};

/* -errno @rc in words, untranslated. Allocates nothing. */
const char *pt_strerror(int rc);

/*
 * Fill @err (may be NULL) as printf does.
 * Returns -@errnum, so that "return pt_fail(err, EINVAL, ...)" reads well.
 */
int pt_fail(struct pt_error *err, int errnum, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* A function's address. Linux gives VMD domains numbers above 0xffff. */
struct pt_sbdf {
    uint32_t domain;
    uint8_t bus;
    uint8_t dev;   /* 0..31 */
    uint8_t func;  /* 0..7 */
};

/* Room for "ffffffff:ff:1f.7" and its end. */
#define PT_SBDF_LEN 20

/* Write @a as "DDDD:BB:DD.F" to @buf, which it returns. */
const char *pt_sbdf_str(const struct pt_sbdf *a, char buf[PT_SBDF_LEN]);

/* Regions: the six BARs by their number, then the expansion ROM. */
#define PT_NUM_BARS 6
#define PT_ROM 6
#define PT_NUM_REGIONS 7

#define PT_REGION_IO       0x01  /* I/O ports; otherwise memory */
#define PT_REGION_64       0x02  /* 64-bit BAR; the next number is its top */
#define PT_REGION_PREFETCH 0x04
/*
 * Smaller than a page, and either not at its start or together there with
 * something else, as another function's registers or another region of this
 * one: mapping the page would give these away. See pt-page.h.
 */
#define PT_REGION_SHARED   0x08

struct pt_region {
    uint64_t addr;   /* host physical or port, no flag bits; 0: unassigned */
    uint64_t size;   /* bytes, a power of two; 0: not implemented */
    unsigned flags;  /* PT_REGION_* */
};

/* What is known of the device from the operating system, fixed at open. */
struct pt_device_info {
    struct pt_sbdf addr;
    uint16_t vendor;  /* not from configuration space: a VF reads FFFF */
    uint16_t device;
    bool is_vf;
    bool can_flr;     /* resets it, and nothing else, by a function's reset */
    int irq;          /* GSI of INTx, as the operating system routed it */
    struct pt_region region[PT_NUM_REGIONS];
};

struct pt_device_ops {
    /*
     * Read or write @len bytes of configuration space at @pos, in one access
     * (1, 2, 4 bytes: one configuration cycle where aligned). @buf holds
     * them in the space's own order, little-endian.
     * Returns 0, or -errno; the value read is no sign of failure.
     */
    int (*read)(void *priv, uint16_t pos, void *buf, unsigned len);
    int (*write)(void *priv, uint16_t pos, const void *buf, unsigned len);

    /*
     * Access @width (1, 2, 4, 8; of ports 4 at most) bytes of a region of the
     * device, but the ROM, at offset @off, aligned to @width, in one access of
     * this width. Returns 0, or -errno.
     */
    int (*mmio_read)(void *priv, unsigned region, uint64_t off,
                     unsigned width, uint64_t *val);
    int (*mmio_write)(void *priv, unsigned region, uint64_t off,
                      unsigned width, uint64_t val);

    /*
     * The operating system's function level reset, where info.can_flr; may be
     * NULL otherwise. None of them waits for it. reset_prepare() is called at
     * attach, for reset_start() to depend on nothing when a guest asks for it;
     * that is called while no reset is under way. Both return 0 or -errno;
     * reset_result() -EINPROGRESS until it has ended, and then how it did: 0,
     * its registers as they were or lost, or -errno. No other function is
     * called in between, but close(), after which it goes on by itself.
     */
    int (*reset_prepare)(void *priv);
    int (*reset_start)(void *priv);
    int (*reset_result)(void *priv);

    void (*close)(void *priv);
};

struct pt_device {
    const struct pt_device_ops *ops;
    void *priv;
    struct pt_device_info info;
};

/*
 * Open the function at @addr through libpci, without touching its registers.
 * libpci itself is initialised here and not before: a stub domain has no PCI
 * bus when its device model starts.
 *
 * Returns 0, or -ENODEV (no such function), -EACCES, -ENOMEM, -EIO with the
 * reason in @err. Close with pt_device_close().
 */
int pt_device_open(struct pt_device *dev, const struct pt_sbdf *addr,
                   struct pt_error *err);

/* The same without libpci, through sysfs alone: see PT_NO_LIBPCI. */
int pt_device_open_sysfs(struct pt_device *dev, const struct pt_sbdf *addr,
                         struct pt_error *err);

/* Close what either opened; a closed device may be closed again. */
void pt_device_close(struct pt_device *dev);

#endif
