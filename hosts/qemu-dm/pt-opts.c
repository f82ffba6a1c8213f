/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * opts-N: neither libxl nor xend send `permissive` with a request, but both
 * keep it here. Only dom0 can write this node, a guest can't.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <xenstore.h>

#include "pt-opts.h"

#define MAX_DEVS 256

/* The value of @key-@n, which the caller frees; NULL: none. */
static char *get(struct xs_handle *xs, uint32_t domid, const char *key,
                 unsigned n)
{
    char path[80];
    unsigned len;

    snprintf(path, sizeof(path), PT_OPTS_NODE "/%s-%u", domid, key, n);
    return xs_read(xs, XBT_NULL, path, &len);
}

/* Is it @addr? Devices are numbered from 0, with gaps where some went. */
static bool is_device(const char *text, const struct pt_sbdf *addr)
{
    struct pt_sbdf a;

    return pt_params_addr(text, NULL, &a, NULL) == 0 &&
        a.domain == addr->domain && a.bus == addr->bus &&
        a.dev == addr->dev && a.func == addr->func;
}

static unsigned num_devs(struct xs_handle *xs, uint32_t domid)
{
    char path[80];
    unsigned len;
    unsigned long n;
    char *text;

    snprintf(path, sizeof(path), PT_OPTS_NODE "/num_devs", domid);
    text = xs_read(xs, XBT_NULL, path, &len);
    n = text ? strtoul(text, NULL, 10) : 0;
    free(text);
    return n < MAX_DEVS ? (unsigned)n : MAX_DEVS;
}

int pt_opts_read(uint32_t domid, const struct pt_sbdf *addr,
                 struct pt_options *o, enum pt_listed *listed,
                 struct pt_error *err)
{
    /* The older name: older libraries, and stub domains', have no other. */
    struct xs_handle *xs = xs_daemon_open();
    unsigned i, n;
    char *text = NULL;
    int rc;

    pt_params_options("", o, NULL);
    *listed = xs ? PT_NOT_LISTED : PT_LISTED_MAYBE;
    if (!xs) {
        return 0;
    }
    n = num_devs(xs, domid);
    for (i = 0; i < n && *listed == PT_NOT_LISTED; i++) {
        char *dev = get(xs, domid, "dev", i);

        if (dev && is_device(dev, addr)) {
            *listed = PT_LISTED;
            text = get(xs, domid, "opts", i);
        }
        free(dev);
    }
    xs_daemon_close(xs);
    rc = text ? pt_params_options(text, o, err) : 0;
    free(text);
    return rc;
}
