/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where a function's configuration space comes from: here, or a file. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <pci/pci.h>

#include "pt-libpci.h"
#include "view.h"

/* What Linux lets every user read. */
#define CFG_ALL_USERS 64

/* ------------------------------------------------------------------ */
/* libpci                                                              */

struct live {
    struct pci_access *acc;
};

static int lib(struct live *l, pt_libpci_call *call, void *arg,
               struct pt_error *err)
{
    struct pt_libpci said;

    return pt_libpci_run(&said, call, l, arg) ? 0 :
        pt_libpci_fail(err, &said, NULL);
}

static bool lib_start(void *who, void *arg)
{
    const struct live *l = who;
    char hwdb[] = "hwdb.disable", on[] = "1";
    char cache[] = "net.cache_name", none[] = "";

    (void)arg;
    /*
     * libpci forgets to free udev's database, whose names are its own, too, and
     * where it keeps those from the network, which is not asked (3.13).
     */
    pci_set_param(l->acc, hwdb, on);
    pci_set_param(l->acc, cache, none);
    l->acc->method = PCI_ACCESS_SYS_BUS_PCI;
    pci_init(l->acc);
    return true;
}

static bool lib_scan(void *who, void *arg)
{
    const struct live *l = who;

    (void)arg;
    pci_scan_bus(l->acc);
    return true;
}

/* "Class: Vendor Device (rev 01)", as lspci has it. */
static bool lib_title(void *who, void *arg)
{
    const struct live *l = who;
    struct source *src = arg;
    char class[64], name[96];
    unsigned code = (unsigned)(src->cfg[PCI_CLASS_DEVICE] |
                               src->cfg[PCI_CLASS_DEVICE + 1] << 8);
    unsigned rev = src->cfg[PCI_REVISION_ID];
    int n;

    pci_lookup_name(l->acc, class, sizeof(class), PCI_LOOKUP_CLASS, code);
    pci_lookup_name(l->acc, name, sizeof(name),
                    PCI_LOOKUP_VENDOR | PCI_LOOKUP_DEVICE, src->info.vendor,
                    src->info.device);
    n = snprintf(src->title, sizeof(src->title), "%s: %s", class, name);
    if (rev && n > 0 && (size_t)n < sizeof(src->title)) {
        snprintf(src->title + n, sizeof(src->title) - (size_t)n,
                 " (rev %02x)", rev);
    }
    return true;
}

static bool lib_stop(void *who, void *arg)
{
    const struct live *l = who;

    (void)arg;
    pci_cleanup(l->acc);
    return true;
}

struct live *live_open(struct pt_error *err)
{
    struct live *l = calloc(1, sizeof(*l));

    if (l) {
        l->acc = pt_libpci_alloc();
    }
    if (!l || !l->acc) {
        pt_fail(err, ENOMEM, "out of memory");
        free(l);
        return NULL;
    }
    if (lib(l, lib_start, NULL, err) != 0) {
        live_close(l);
        return NULL;
    }
    return l;
}

void live_close(struct live *l)
{
    if (!l) {
        return;
    }
    lib(l, lib_stop, NULL, NULL);
    free(l);
}

/* ------------------------------------------------------------------ */
/* This machine                                                        */

static int by_address(const void *a, const void *b)
{
    const struct pt_sbdf *x = a, *y = b;

    if (x->domain != y->domain) {
        return x->domain < y->domain ? -1 : 1;
    }
    return (x->bus << 8 | x->dev << 3 | x->func) -
           (y->bus << 8 | y->dev << 3 | y->func);
}

int live_list(struct live *l, struct pt_sbdf **list, struct pt_error *err)
{
    struct pt_sbdf *out;
    unsigned num = 0, i = 0;
    int rc;

    *list = NULL;
    rc = lib(l, lib_scan, NULL, err);
    if (rc) {
        return rc;
    }
    for (const struct pci_dev *p = l->acc->devices; p; p = p->next) {
        num++;
    }
    if (!num) {
        return pt_fail(err, ENODEV, "this machine has no PCI functions");
    }
    out = calloc(num, sizeof(*out));
    if (!out) {
        return pt_fail(err, ENOMEM, "out of memory");
    }
    for (const struct pci_dev *p = l->acc->devices; p; p = p->next) {
        out[i++] = (struct pt_sbdf){ .domain = (uint32_t)p->domain,
                                     .bus = p->bus, .dev = p->dev,
                                     .func = p->func };
    }
    qsort(out, num, sizeof(*out), by_address);
    *list = out;
    return (int)num;
}

/* All of the space where that is allowed, else its beginning. */
static int read_space(struct pt_device *dev, bool extended,
                      struct source *src, struct pt_error *err)
{
    char name[PT_SBDF_LEN];
    int rc = dev->ops->read(dev->priv, 0, src->cfg, PT_CFG_SIZE);

    src->len = PT_CFG_SIZE;
    if (rc == -EACCES || rc == -EPERM) {
        memset(src->cfg, 0, sizeof(src->cfg));
        rc = dev->ops->read(dev->priv, 0, src->cfg, CFG_ALL_USERS);
        src->len = CFG_ALL_USERS;
    }
    if (rc) {
        return pt_fail(err, -rc, "%s: can't read its configuration space: %s",
                       pt_sbdf_str(&dev->info.addr, name), strerror(-rc));
    }
    if (extended && src->len == PT_CFG_SIZE &&
        dev->ops->read(dev->priv, PT_CFG_SIZE, src->cfg + PT_CFG_SIZE,
                       PT_CFG_EXT_SIZE - PT_CFG_SIZE) == 0) {
        src->len = PT_CFG_EXT_SIZE;
    }
    return 0;
}

int live_read(struct live *l, const struct pt_sbdf *addr, bool extended,
              struct source *src, struct pt_error *err)
{
    struct pt_device dev;
    int rc;

    memset(src, 0, sizeof(*src));
    rc = pt_device_open(&dev, addr, err);
    if (rc) {
        return rc;
    }
    rc = read_space(&dev, extended, src, err);
    src->info = dev.info;
    src->sizes_known = (1u << PT_NUM_REGIONS) - 1;
    pt_device_close(&dev);
    if (rc) {
        return rc;
    }
    return lib(l, lib_title, src, err);
}

/* ------------------------------------------------------------------ */
/* A file                                                              */

void source_capture(const struct capture *c, const char *file,
                    struct source *src)
{
    memset(src, 0, sizeof(*src));
    capture_info(c, &src->info);
    memcpy(src->title, c->title, sizeof(src->title));
    src->file = file;
    src->len = c->len < PT_CFG_SIZE ? CFG_ALL_USERS :
        c->len == PT_CFG_SIZE ? PT_CFG_SIZE : PT_CFG_EXT_SIZE;
    src->sizes_known = c->sizes_known;
    memcpy(src->cfg, c->cfg, src->len);
    src->num_notes = c->num_notes;
    memcpy(src->note, c->note, sizeof(src->note));
}
