/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The addresses of a stub domain's devices. libxl writes those of dom0 to the
 * back end as dev-0 to dev-<num_devs - 1>, "DDDD:BB:DD.F"; Linux's back end
 * answers to each with vdev-N, the front end's address.
 *
 * Nothing of QEMU's is used here, so that it can be tested without.
 */
#include "pt-qemu-stubdom.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define FRONTEND "device/pci/0/backend"  /* relative to the domain's own */
/* Functions of one PCI bus: what a back end's list can have. */
#define MAX_DEVICES 256

struct backend {
    PtXsRead *read;
    void *priv;
    const char *path;
};

/* The node @name of the back end, with @i as its number if there is one. */
static char *node(const struct backend *b, const char *name, int i)
{
    char path[256];
    int n = i < 0 ? snprintf(path, sizeof(path), "%s/%s", b->path, name) :
        snprintf(path, sizeof(path), "%s/%s-%d", b->path, name, i);

    return n < 0 || (size_t)n >= sizeof(path) ? NULL : b->read(b->priv, path);
}

static bool address_at(const struct backend *b, const char *name, int i,
                       struct pt_sbdf *a)
{
    char *text = node(b, name, i), end;
    unsigned domain, bus, dev, func;
    bool ok = text && sscanf(text, "%x:%x:%x.%x%c", &domain, &bus, &dev,
                             &func, &end) == 4 &&
        bus <= 0xff && dev <= 0x1f && func <= 7;

    free(text);
    if (ok) {
        *a = (struct pt_sbdf) {
            .domain = domain, .bus = (uint8_t)bus, .dev = (uint8_t)dev,
            .func = (uint8_t)func,
        };
    }
    return ok;
}

static int count(const struct backend *b)
{
    char *text = node(b, "num_devs", -1);
    long n = text ? strtol(text, NULL, 10) : 0;

    free(text);
    return n < 0 ? 0 : n > MAX_DEVICES ? MAX_DEVICES : (int)n;
}

static bool same(const struct pt_sbdf *a, const struct pt_sbdf *b)
{
    return a->domain == b->domain && a->bus == b->bus && a->dev == b->dev &&
        a->func == b->func;
}

static int find(const struct backend *b, const struct pt_sbdf *host,
                struct pt_sbdf *local, struct pt_error *err)
{
    char name[PT_SBDF_LEN];
    struct pt_sbdf a;
    int i, n = count(b);

    for (i = 0; i < n; i++) {
        if (address_at(b, "dev", i, &a) && same(&a, host)) {
            break;
        }
    }
    if (i == n) {
        return pt_fail(err, ENODEV, "%s is not among the devices of this stub "
                       "domain", pt_sbdf_str(host, name));
    }
    if (!address_at(b, "vdev", i, local)) {
        return pt_fail(err, ENODEV, "%s is not connected to this stub domain",
                       pt_sbdf_str(host, name));
    }
    return 0;
}

int pt_stubdom_local(PtXsRead *read, void *priv, const struct pt_sbdf *host,
                     struct pt_sbdf *local, struct pt_error *err)
{
    char *path = read(priv, FRONTEND);
    struct backend b = { .read = read, .priv = priv, .path = path };
    int rc = 0;

    *local = *host;
    if (path) {
        rc = find(&b, host, local, err);
    }
    free(path);
    return rc;
}
