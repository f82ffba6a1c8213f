/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The real device's memory: sysfs maps a function's registers, so that
 * nothing here needs /dev/mem. And its ports, which sysfs reads and writes.
 */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pt-device-int.h"
#include "pt-xen.h"

/*
 * A region is mapped in windows of this size, a power of two: Linux fills in
 * the page tables of a mapping at once, too much for a BAR of many gigabytes,
 * and the registers that are needed are close together.
 */
#define WINDOW_SIZE (UINT64_C(1) << 20)

/*
 * A device that is pulled out takes its mapped registers with it, and who
 * touches them gets SIGBUS. The access that is under way in this thread is
 * ended here; other faults are the device model's.
 */
static _Thread_local sigjmp_buf *volatile accessing;
static struct sigaction others;

static void on_bus_error(int sig, siginfo_t *info, void *context)
{
    if (accessing) {
        siglongjmp(*accessing, 1);
    }
    if (others.sa_flags & SA_SIGINFO) {
        others.sa_sigaction(sig, info, context);
    } else if (others.sa_handler != SIG_DFL && others.sa_handler != SIG_IGN) {
        others.sa_handler(sig);
    } else {
        signal(sig, SIG_DFL);  /* tried again, it ends the process */
    }
}

/* Again at each mapping: the device model can have put its own handler here. */
static void catch_bus_errors(void)
{
    struct sigaction now, ours;

    memset(&ours, 0, sizeof(ours));
    sigemptyset(&ours.sa_mask);
    /* Not blocked meanwhile, as nothing unblocks it after the jump. */
    ours.sa_flags = SA_SIGINFO | SA_NODEFER;
    ours.sa_sigaction = on_bus_error;
    if (sigaction(SIGBUS, NULL, &now) == 0 &&
        !((now.sa_flags & SA_SIGINFO) && now.sa_sigaction == on_bus_error)) {
        others = now;
        sigaction(SIGBUS, &ours, NULL);
    }
}

static void unmap_window(struct pt_real_window *w)
{
    if (w->base) {
        munmap(w->base, w->len);
    }
    w->base = NULL;
}

/* Map the window of region @n that holds @off. */
static int map_window(struct pt_real *r, unsigned n, uint64_t off)
{
    struct pt_real_window *w = &r->mem[n].window;
    uint64_t start = off & ~(WINDOW_SIZE - 1);
    uint64_t len = r->mem[n].skew + r->mem[n].size - start;
    char path[PATH_MAX + sizeof("/resource0")];
    struct stat st;
    void *base;
    int fd, ret = 0;

    if (len > WINDOW_SIZE) {
        len = WINDOW_SIZE;
    }
    unmap_window(w);
    catch_bus_errors();
    snprintf(path, sizeof(path), "%s/resource%u", r->dir, n);
    fd = open(path, O_RDWR | O_SYNC | O_CLOEXEC);
    if (fd < 0) {
        return -errno;
    }
    if (fstat(fd, &st) != 0) {
        ret = -errno;
    } else if ((uint64_t)st.st_size < r->mem[n].size) {
        ret = -EIO;  /* a mapping without a file behind it would fault */
    } else {
        base = mmap(NULL, (size_t)len, PROT_READ | PROT_WRITE, MAP_SHARED,
                    fd, (off_t)start);
        if (base == MAP_FAILED) {
            ret = -errno;
        } else {
            w->base = base;
            w->len = (size_t)len;
            w->off = start;
        }
    }
    close(fd);
    return ret;
}

/* Check an access and find where it is in our memory. */
static int mmio_at(struct pt_real *r, unsigned n, uint64_t off, unsigned width,
                   volatile void **at)
{
    struct pt_real_window *w;
    int ret;

    if ((width != 1 && width != 2 && width != 4 && width != 8) ||
        width > sizeof(uintptr_t) || off % width) {
        return -EINVAL;
    }
    if (n >= PT_NUM_BARS || width > r->mem[n].size ||
        off > r->mem[n].size - width) {
        return -EINVAL;
    }
    w = &r->mem[n].window;
    if (!w->base || w->off != (off & ~(WINDOW_SIZE - 1))) {
        ret = map_window(r, n, off);
        if (ret) {
            return ret;
        }
    }
    *at = w->base + r->mem[n].skew + (off - w->off);
    return 0;
}

static uint64_t load(const volatile void *at, unsigned width)
{
    switch (width) {
    case 1:
        return *(const volatile uint8_t *)at;
    case 2:
        return *(const volatile uint16_t *)at;
    case 4:
        return *(const volatile uint32_t *)at;
    default:
        return *(const volatile uint64_t *)at;
    }
}

static void store(volatile void *at, unsigned width, uint64_t val)
{
    switch (width) {
    case 1:
        *(volatile uint8_t *)at = (uint8_t)val;
        break;
    case 2:
        *(volatile uint16_t *)at = (uint16_t)val;
        break;
    case 4:
        *(volatile uint32_t *)at = (uint32_t)val;
        break;
    default:
        *(volatile uint64_t *)at = val;
        break;
    }
}

/* A device that is pulled out meanwhile ends the access by a bus error. */
static int mmio_access(struct pt_real *r, unsigned n, uint64_t off,
                       unsigned width, bool write, uint64_t *val)
{
    volatile void *at;
    sigjmp_buf back;
    int ret = mmio_at(r, n, off, width, &at);

    if (ret) {
        return ret;
    }
    if (sigsetjmp(back, 0)) {
        accessing = NULL;
        return -ENODEV;
    }
    accessing = &back;
    if (write) {
        store(at, width, *val);
    } else {
        *val = load(at, width);
    }
    accessing = NULL;
    return 0;
}

/*
 * Linux makes one access of a read or write of this width (drivers/pci/pci-sysfs,
 * since 2.6.36). The file is opened each time: such windows are rare.
 */
static int port_access(const struct pt_real *r, unsigned n, uint64_t off,
                       unsigned width, bool write, uint64_t *val)
{
    char path[PATH_MAX + sizeof("/resource0")];
    uint64_t bytes = htole64(*val);
    ssize_t done;
    int fd;

    if ((width != 1 && width != 2 && width != 4) || off % width ||
        width > r->ports[n] || off > r->ports[n] - width) {
        return -EINVAL;
    }
    snprintf(path, sizeof(path), "%s/resource%u", r->dir, n);
    fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0) {
        return -errno;
    }
    done = write ? pwrite(fd, &bytes, width, (off_t)off) :
        pread(fd, &bytes, width, (off_t)off);
    done = done < 0 ? -errno : done;
    close(fd);
    if (done != (ssize_t)width) {
        return done < 0 ? (int)done : -EIO;
    }
    *val = le64toh(bytes) & (UINT64_MAX >> (64 - 8 * width));
    return 0;
}

static int region_access(struct pt_real *r, unsigned n, uint64_t off,
                         unsigned width, bool write, uint64_t *val)
{
    return n < PT_NUM_BARS && r->ports[n] ?
        port_access(r, n, off, width, write, val) :
        mmio_access(r, n, off, width, write, val);
}

int pt_real_mmio_read(void *priv, unsigned region, uint64_t off,
                          unsigned width, uint64_t *val)
{
    *val = 0;
    return region_access(priv, region, off, width, false, val);
}

int pt_real_mmio_write(void *priv, unsigned region, uint64_t off,
                           unsigned width, uint64_t val)
{
    return region_access(priv, region, off, width, true, &val);
}

void pt_real_memory(struct pt_real *r, const struct pt_device_info *info)
{
    const struct pt_region *region;

    for (unsigned n = 0; n < PT_NUM_BARS; n++) {
        region = &info->region[n];
        if (region->addr == 0) {
            continue;
        }
        if (region->flags & PT_REGION_IO) {
            r->ports[n] = region->size;
            continue;
        }
        r->mem[n].size = region->size;
        r->mem[n].skew = region->addr & ~PT_PAGE_MASK;
    }
}

void pt_real_unmap(struct pt_real *r)
{
    for (unsigned n = 0; n < PT_NUM_BARS; n++) {
        unmap_window(&r->mem[n].window);
    }
}
