/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Production: Xen's libraries. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <xendevicemodel.h>
#include <xenevtchn.h>
#include <xenforeignmemory.h>
#include <xen/memory.h>

#include "pp-ioreq.h"

#define PAGE 4096u
/* HVM_IOREQSRV_BUFIOREQ_OFF, which Xen's header has for its own tools. */
#define BUFIOREQ_OFF 0

struct production {
    domid_t domid;
    xendevicemodel_handle *dm;
    xenforeignmemory_handle *fm;
    xenevtchn_handle *ev;
    xenforeignmemory_resource_handle *page;
};

/* A library's result; whoever gets -1 without a reason gets -EIO. */
static int result(int rc)
{
    return rc >= 0 ? rc : errno > 0 ? -errno : -EIO;
}

static int create(void *priv, uint16_t *id)
{
    const struct production *p = priv;

    return result(xendevicemodel_create_ioreq_server(
        p->dm, p->domid, BUFIOREQ_OFF, id));
}

static void destroy(void *priv, uint16_t id)
{
    const struct production *p = priv;

    xendevicemodel_destroy_ioreq_server(p->dm, p->domid, id);
}

static int enable(void *priv, uint16_t id)
{
    const struct production *p = priv;

    return result(xendevicemodel_set_ioreq_server_state(p->dm, p->domid, id,
                                                        1));
}

static ioreq_t *map_page(void *priv, uint16_t id)
{
    struct production *p = priv;
    void *page = NULL;

    p->page = xenforeignmemory_map_resource(
        p->fm, p->domid, XENMEM_resource_ioreq_server, id,
        XENMEM_resource_ioreq_server_frame_ioreq(0), 1, &page,
        PROT_READ | PROT_WRITE, 0);
    return p->page ? page : NULL;
}

static void unmap_page(void *priv)
{
    struct production *p = priv;

    xenforeignmemory_unmap_resource(p->fm, p->page);
    p->page = NULL;
}

static int claim_function(void *priv, uint16_t id, uint8_t devfn, bool on)
{
    const struct production *p = priv;

    return result((on ? xendevicemodel_map_pcidev_to_ioreq_server :
                   xendevicemodel_unmap_pcidev_from_ioreq_server)(
        p->dm, p->domid, id, 0, 0, devfn >> 3, devfn & 7));
}

static int claim_range(void *priv, uint16_t id, bool io, uint64_t start,
                       uint64_t end, bool on)
{
    const struct production *p = priv;

    return result((on ? xendevicemodel_map_io_range_to_ioreq_server :
                   xendevicemodel_unmap_io_range_from_ioreq_server)(
        p->dm, p->domid, id, !io, start, end));
}

static int bind_port(void *priv, evtchn_port_t port)
{
    const struct production *p = priv;

    return result(xenevtchn_bind_interdomain(p->ev, p->domid, port));
}

static void unbind_port(void *priv, evtchn_port_t local)
{
    const struct production *p = priv;

    xenevtchn_unbind(p->ev, local);
}

static int pending(void *priv)
{
    const struct production *p = priv;
    int port = xenevtchn_pending(p->ev);

    if (port >= 0) {
        xenevtchn_unmask(p->ev, (evtchn_port_t)port);
    }
    return port;
}

static int notify(void *priv, evtchn_port_t local)
{
    const struct production *p = priv;

    return result(xenevtchn_notify(p->ev, local));
}

static int event_fd(void *priv)
{
    const struct production *p = priv;

    return xenevtchn_fd(p->ev);
}

/* The part of a page that @len bytes at @gpa begin with. */
static int copy_page(const struct production *p, uint64_t gpa, uint8_t *buf,
                     unsigned len, bool to)
{
    xen_pfn_t gfn = gpa / PAGE;
    int error = 0;
    uint8_t *page = xenforeignmemory_map(p->fm, p->domid,
                                         to ? PROT_READ | PROT_WRITE :
                                         PROT_READ, 1, &gfn, &error);

    if (!page) {
        return -errno;
    }
    if (error == 0 && to) {
        memcpy(page + gpa % PAGE, buf, len);
    } else if (error == 0) {
        memcpy(buf, page + gpa % PAGE, len);
    }
    xenforeignmemory_unmap(p->fm, page, 1);
    return error;
}

static int copy(void *priv, uint64_t gpa, void *buf, unsigned len, bool to)
{
    const struct production *p = priv;
    unsigned left = PAGE - gpa % PAGE;
    unsigned first = len < left ? len : left;
    int rc = copy_page(p, gpa, buf, first, to);

    if (rc == 0 && first < len) {
        rc = copy_page(p, gpa + first, (uint8_t *)buf + first, len - first,
                       to);
    }
    return rc;
}

const struct pp_ioreq_ops pp_ioreq_xen = {
    .create = create,
    .destroy = destroy,
    .enable = enable,
    .map_page = map_page,
    .unmap_page = unmap_page,
    .claim_function = claim_function,
    .claim_range = claim_range,
    .bind = bind_port,
    .unbind = unbind_port,
    .pending = pending,
    .notify = notify,
    .fd = event_fd,
    .copy = copy,
};

void pp_ioreq_xen_close(void *priv)
{
    struct production *p = priv;

    if (!p) {
        return;
    }
    if (p->dm) {
        xendevicemodel_close(p->dm);
    }
    if (p->fm) {
        xenforeignmemory_close(p->fm);
    }
    if (p->ev) {
        xenevtchn_close(p->ev);
    }
    free(p);
}

int pp_ioreq_xen_open(uint32_t domid, void **priv)
{
    struct production *p = calloc(1, sizeof(*p));
    int error;

    if (!p) {
        return -ENOMEM;
    }
    p->domid = (domid_t)domid;
    p->dm = xendevicemodel_open(NULL, 0);
    p->fm = p->dm ? xenforeignmemory_open(NULL, 0) : NULL;
    p->ev = p->fm ? xenevtchn_open(NULL, 0) : NULL;
    if (!p->ev) {
        error = errno;
        pp_ioreq_xen_close(p);
        return -error;
    }
    *priv = p;
    return 0;
}
