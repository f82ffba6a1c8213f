/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The domain, by Xen's libraries. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <xenctrl.h>

#include "pp-domain.h"

static void close_domain(struct pp_guest *g)
{
    struct pt_xen real = { .ops = g->recorder.real, .priv = g->recorder.priv };

    pt_xen_close(&real);
    pp_ioreq_xen_close(g->ioreq.ops_priv);
    g->ioreq.ops_priv = NULL;
    xc_interface_close(g->domain);
    g->domain = NULL;
}

static int open_domain(struct pp_guest *g, struct pt_error *err)
{
    xc_interface *xch = xc_interface_open(NULL, NULL, 0);
    int rc = xch ? pt_xen_open(&g->xen, xch, g->domid) : -errno;

    if (rc == 0) {
        rc = pp_ioreq_xen_open(g->domid, &g->ioreq.ops_priv);
        if (rc != 0) {
            pt_xen_close(&g->xen);
        }
    }
    if (rc != 0) {
        if (xch) {
            xc_interface_close(xch);
        }
        return pt_fail(err, -rc, "can't open Xen for domain %u: %s", g->domid,
                       strerror(-rc));
    }
    g->domain = xch;
    return 0;
}

static bool soft_reset(struct pp_guest *g)
{
    xc_domaininfo_t info;

    return g->joined &&
        xc_domain_getinfolist(g->domain, g->domid, 1, &info) == 1 &&
        info.domain == g->domid && (info.flags & XEN_DOMINF_shutdown) &&
        ((info.flags >> XEN_DOMINF_shutdownshift) &
         XEN_DOMINF_shutdownmask) == SHUTDOWN_soft_reset;
}

const struct pp_env pp_domain_env = {
    .ioreq = &pp_ioreq_xen,
    .open_device = pt_device_open,
    .conf = PT_CONF_PATH,
    .open_domain = open_domain,
    .close_domain = close_domain,
    .soft_reset = soft_reset,
};
