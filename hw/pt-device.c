/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The real device.
 *
 * libpci reads and writes configuration space and knows what the operating
 * system knows: IDs, regions, interrupt line. Sysfs tells whether the
 * function exists, whether it is virtual and who its neighbours in memory
 * are, and maps its registers, so that nothing here needs /dev/mem.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <pci/pci.h>

#include "pt-device-int.h"
#include "pt-xen.h"

#if PCI_LIB_VERSION < 0x030500
#error "libpci 3.5 or later is needed: earlier ones cut domains to 16 bits"
#endif

/* Linux's words for a region, in sysfs `resource` and in pci_dev.flags. */
#define LINUX_RES_IO         0x00000100u
#define LINUX_RES_MEM        0x00000200u
#define LINUX_RES_PREFETCH   0x00002000u
#define LINUX_RES_MEM_64     0x00100000u
#define LINUX_RES_UNSET      0x20000000u
#define LINUX_RES_ROM_SHADOW 0x00000002u

/* Bytes of configuration space: for ordinary users, of PCI, of Express. */
#define CFG_ALL_USERS 64
#define CFG_CONVENTIONAL 256
#define CFG_EXTENDED 4096

/* More than pci_alloc() takes: see open_lib(). */
#define LIB_RESERVE (64 * 1024)

/*
 * A region is mapped in windows of this size, a power of two: Linux fills in
 * the page tables of a mapping at once, too much for a BAR of many gigabytes,
 * and the registers that are needed are close together.
 */
#define WINDOW_SIZE (UINT64_C(1) << 20)

struct window {
    uint8_t *base;  /* NULL: none */
    size_t len;
    uint64_t off;   /* into the region */
};

struct real {
    struct pci_access *acc;
    struct pci_dev *pci;
    char name[PT_SBDF_LEN];
    char devices[PATH_MAX - 64];  /* the directory of all functions */
    char dir[PATH_MAX];           /* and of this one */
    struct {
        uint64_t size;  /* 0: nothing here to map */
        uint64_t skew;  /* of the region in its first page */
        struct window window;
    } mem[PT_NUM_BARS];
};

/* ------------------------------------------------------------------ */
/* libpci, kept from ending the process                                */

/*
 * libpci's error callback must not return and gets no argument of ours: it
 * jumps to the call under way in this thread.
 */
struct guard {
    jmp_buf env;
    int errnum;  /* at libpci's last complaint; 0: it had none */
    char text[160];
};

static _Thread_local struct guard *guard;

static void __attribute__((format(printf, 1, 0)))
complaint(const char *fmt, va_list ap)
{
    guard->errnum = errno ? errno : EIO;
    vsnprintf(guard->text, sizeof(guard->text), fmt, ap);
}

static void __attribute__((noreturn, format(printf, 1, 2)))
on_error(char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    complaint(fmt, ap);
    va_end(ap);
    longjmp(guard->env, 1);
}

static void __attribute__((format(printf, 1, 2)))
on_warning(char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    complaint(fmt, ap);
    va_end(ap);
}

static void __attribute__((format(printf, 1, 2)))
on_debug(char *fmt, ...)
{
    (void)fmt;
}

typedef bool lib_call(struct real *r, void *arg);

/* Run @call, which may use libpci. Returns false if it or libpci failed. */
static bool lib(struct guard *g, lib_call *call, struct real *r, void *arg)
{
    bool ok = false;

    g->errnum = 0;
    g->text[0] = '\0';
    guard = g;
    errno = 0;
    if (setjmp(g->env) == 0) {
        ok = call(r, arg);
    }
    guard = NULL;
    return ok;
}

static int lib_errno(const struct guard *g)
{
    switch (g->errnum) {
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

static int lib_fail(struct pt_error *err, const struct guard *g,
                    const char *name)
{
    return pt_fail(err, lib_errno(g), "%s: libpci: %s", name,
                   g->text[0] ? g->text : "no answer");
}

static bool lib_start(struct real *r, void *arg)
{
    struct pci_access *acc = r->acc;
    const char *sysfs = arg;
    char param[] = "sysfs.path";

    acc->method = PCI_ACCESS_SYS_BUS_PCI;
    acc->error = on_error;
    acc->warning = on_warning;
    acc->debug = on_debug;
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

static bool lib_get(struct real *r, void *arg)
{
    const struct pt_sbdf *a = arg;

    r->pci = pci_get_dev(r->acc, (int)a->domain, a->bus, a->dev, a->func);
    return r->pci != NULL;
}

/* All of it comes from sysfs, without a configuration cycle. */
static bool lib_fill(struct real *r, void *arg)
{
    const int want = PCI_FILL_IDENT | PCI_FILL_CLASS | PCI_FILL_IRQ |
        PCI_FILL_BASES | PCI_FILL_ROM_BASE | PCI_FILL_SIZES |
        PCI_FILL_IO_FLAGS;

    (void)arg;
    return (pci_fill_info(r->pci, want) & want) == want;
}

struct transfer {
    int pos;
    uint8_t *buf;
    int len;
};

static bool lib_read(struct real *r, void *arg)
{
    const struct transfer *t = arg;

    return pci_read_block(r->pci, t->pos, t->buf, t->len) != 0;
}

static bool lib_write(struct real *r, void *arg)
{
    const struct transfer *t = arg;

    return pci_write_block(r->pci, t->pos, t->buf, t->len) != 0;
}

static bool lib_stop(struct real *r, void *arg)
{
    (void)arg;
    if (r->pci) {
        pci_free_dev(r->pci);
    }
    pci_cleanup(r->acc);
    return true;
}

/* ------------------------------------------------------------------ */
/* Regions                                                             */

struct resource {
    uint64_t start;
    uint64_t end;
    uint64_t flags;  /* LINUX_RES_* */
};

/*
 * The BARs and the ROM in sysfs directory @dir. libpci reads this file as
 * well, but leaves it open when it jumps out at an error: it has to be sound.
 */
static int load_resources(const char *dir,
                          struct resource res[PT_NUM_REGIONS])
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

static bool in_page(const struct resource res[PT_NUM_REGIONS], uint64_t page)
{
    for (int i = 0; i < PT_NUM_REGIONS; i++) {
        if ((res[i].flags & LINUX_RES_MEM) && res[i].end != 0 &&
            res[i].start < page + PT_PAGE_SIZE && res[i].end >= page) {
            return true;
        }
    }
    return false;
}

/*
 * Are another function's registers in the page at @page? Also true where that
 * can't be told.
 */
static bool has_neighbours(const struct real *r, uint64_t page)
{
    struct resource res[PT_NUM_REGIONS];
    char dir[PATH_MAX];
    const struct dirent *e;
    bool found = false;
    DIR *all = opendir(r->devices);

    if (!all) {
        return true;
    }
    while (!found && (e = readdir(all))) {
        if (e->d_name[0] == '.' || strcmp(e->d_name, r->name) == 0) {
            continue;
        }
        if (snprintf(dir, sizeof(dir), "%s/%s", r->devices, e->d_name) >=
            (int)sizeof(dir)) {
            found = true;
            continue;
        }
        switch (load_resources(dir, res)) {
        case 0:
            found = in_page(res, page);
            break;
        case -ENOENT:
            break;  /* unplugged meanwhile */
        default:
            found = true;
        }
    }
    closedir(all);
    return found;
}

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
static void set_region(struct pt_region *region, const struct real *r,
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
    if ((region->flags & PT_REGION_IO) || size >= PT_PAGE_SIZE ||
        region->addr == 0) {
        return;
    }
    if ((base & ~PT_PAGE_MASK) || has_neighbours(r, base)) {
        region->flags |= PT_REGION_SHARED;
    }
}

/* ------------------------------------------------------------------ */
/* Configuration space                                                 */

/*
 * libpci got fewer bytes than it wanted, without an error: which of Linux's
 * limits was it?
 */
static int short_read(const struct real *r, unsigned end)
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

static int real_read(void *priv, uint16_t pos, void *buf, unsigned len)
{
    struct real *r = priv;
    struct transfer t = { .pos = pos, .buf = buf, .len = (int)len };
    struct guard g;

    if (len == 0 || len > CFG_EXTENDED || pos + len > CFG_EXTENDED) {
        return -EINVAL;
    }
    if (lib(&g, lib_read, r, &t)) {
        return 0;
    }
    return g.errnum ? -lib_errno(&g) : short_read(r, pos + len);
}

static int real_write(void *priv, uint16_t pos, const void *buf, unsigned len)
{
    struct real *r = priv;
    /* libpci only reads it. */
    struct transfer t = { .pos = pos, .buf = (uint8_t *)(uintptr_t)buf,
                          .len = (int)len };
    struct guard g;

    if (len == 0 || len > CFG_EXTENDED || pos + len > CFG_EXTENDED) {
        return -EINVAL;
    }
    return lib(&g, lib_write, r, &t) ? 0 : -lib_errno(&g);
}

/* ------------------------------------------------------------------ */
/* Memory                                                              */

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

static void unmap_window(struct window *w)
{
    if (w->base) {
        munmap(w->base, w->len);
    }
    w->base = NULL;
}

/* Map the window of region @n that holds @off. */
static int map_window(struct real *r, unsigned n, uint64_t off)
{
    struct window *w = &r->mem[n].window;
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
            *w =
                (struct window){.base = base, .len = (size_t)len, .off = start};
        }
    }
    close(fd);
    return ret;
}

/* Check an access and find where it is in our memory. */
static int mmio_at(struct real *r, unsigned n, uint64_t off, unsigned width,
                   volatile void **at)
{
    struct window *w;
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
static int mmio_access(struct real *r, unsigned n, uint64_t off,
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

static int real_mmio_read(void *priv, unsigned region, uint64_t off,
                          unsigned width, uint64_t *val)
{
    return mmio_access(priv, region, off, width, false, val);
}

static int real_mmio_write(void *priv, unsigned region, uint64_t off,
                           unsigned width, uint64_t val)
{
    return mmio_access(priv, region, off, width, true, &val);
}

/* ------------------------------------------------------------------ */
/* Open and close                                                      */

static void real_close(void *priv)
{
    struct real *r = priv;
    struct guard g;

    for (unsigned n = 0; n < PT_NUM_BARS; n++) {
        unmap_window(&r->mem[n].window);
    }
    if (r->acc) {
        lib(&g, lib_stop, r, NULL);
    }
    free(r);
}

static const struct pt_device_ops real_ops = {
    .read = real_read,
    .write = real_write,
    .mmio_read = real_mmio_read,
    .mmio_write = real_mmio_write,
    .close = real_close,
};

static int open_lib(struct real *r, const char *sysfs, struct pt_error *err)
{
    struct guard g;
    void *reserve;

    /*
     * pci_alloc() has no error callback yet and would end the process when
     * memory runs out: find out before it does.
     */
    reserve = malloc(LIB_RESERVE);
    free(reserve);
    if (reserve) {
        r->acc = pci_alloc();
    }
    if (!r->acc) {
        return pt_fail(err, ENOMEM, "%s: out of memory", r->name);
    }
    if (!lib(&g, lib_start, r, (void *)(uintptr_t)sysfs)) {
        return lib_fail(err, &g, r->name);
    }
    return 0;
}

static int find_function(struct real *r, const struct pt_sbdf *a,
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

static int fill_info(struct pt_device_info *info, struct real *r,
                     const struct pt_sbdf *addr, struct pt_error *err)
{
    struct resource res[PT_NUM_REGIONS];
    char path[PATH_MAX + sizeof("/physfn")];
    struct guard g;
    struct stat st;
    int ret;

    ret = load_resources(r->dir, res);
    if (ret == -EINVAL) {
        return pt_fail(err, EIO, "%s: %s/resource makes no sense", r->name,
                       r->dir);
    }
    if (ret) {
        return pt_fail(err, ret == -EACCES ? EACCES : EIO,
                       "%s: %s/resource: %s", r->name, r->dir, strerror(-ret));
    }
    if (!lib(&g, lib_get, r, (void *)(uintptr_t)addr) ||
        !lib(&g, lib_fill, r, NULL)) {
        return lib_fail(err, &g, r->name);
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
    return 0;
}

static void remember_memory(struct real *r, const struct pt_device_info *info)
{
    const struct pt_region *region;

    for (unsigned n = 0; n < PT_NUM_BARS; n++) {
        region = &info->region[n];
        if ((region->flags & PT_REGION_IO) || region->addr == 0) {
            continue;
        }
        r->mem[n].size = region->size;
        r->mem[n].skew = region->addr & ~PT_PAGE_MASK;
    }
}

int pt_device_open_at(struct pt_device *dev, const struct pt_sbdf *addr,
                      const char *sysfs, struct pt_error *err)
{
    struct real *r = calloc(1, sizeof(*r));
    int ret;

    memset(dev, 0, sizeof(*dev));
    if (!r) {
        return pt_fail(err, ENOMEM, "out of memory");
    }
    pt_sbdf_str(addr, r->name);
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
    remember_memory(r, &dev->info);
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
