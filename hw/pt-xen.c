/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The hypervisor: libxenctrl, for one domain.
 *
 * Three of its calls are left out. xc_domain_bind_pt_irq() and its like take
 * 8 bits of a pirq, and xc_domain_memory_mapping() makes two hypercalls: what
 * they wrap is sent as a domctl. xc_physdev_map_pirq_msi() is for one
 * vector, of segment 0 before Xen 4.20: the rest goes to Xen through libxencall.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* xc_hvm_set_pci_intx_level() */
#ifndef XC_WANT_COMPAT_DEVICEMODEL_API
#define XC_WANT_COMPAT_DEVICEMODEL_API 1
#endif
#include <xenctrl.h>
#include <xencall.h>

#include "pt-xen.h"

#define NUM_PORTS 0x10000u
#define NUM_SLOTS 32
#define NUM_INTX 4
#define MAX_MSI_VECTORS 32
#define MAX_SEGMENT 0xffffu

/* Pages of a region that can be unmapped already when it is unmapped. */
#define MAX_GONE 64u

/* For map_pirq: Xen allocates the interrupt. */
#define AUTO_INDEX (-1)
/* An entry that no MSI-X table has: they have 2048 at most. */
#define NO_ENTRY 2048

struct production {
    xc_interface *xch;
    xencall_handle *call;  /* opened when first needed */
    uint32_t domid;
    bool pv;               /* Linux' interrupts are GSIs */
};

/* libxc's result; whoever gets -1 without a reason gets -EIO. */
static int result(int ret)
{
    if (ret >= 0) {
        return 0;
    }
    return errno > 0 ? -errno : -EIO;
}

/* ------------------------------------------------------------------ */
/* Mappings                                                            */

/*
 * xc_domain_memory_mapping() first asks what kind of domain it is, which here
 * it always is: the domctl itself is half of the hypercalls. Returns what it
 * does: pages that were done where there were too many for once, else 0, or
 * -errno.
 */
static int send_mapping(const struct production *p, uint64_t gfn,
                        uint64_t mfn, uint64_t nr, bool add)
{
    struct xen_domctl op;
    int ret;

    memset(&op, 0, sizeof(op));
    op.cmd = XEN_DOMCTL_memory_mapping;
    op.interface_version = XEN_DOMCTL_INTERFACE_VERSION;
    op.domain = (domid_t)p->domid;
    op.u.memory_mapping.first_gfn = gfn;
    op.u.memory_mapping.first_mfn = mfn;
    op.u.memory_mapping.nr_mfns = nr;
    op.u.memory_mapping.add_mapping = add ? DPCI_ADD_MAPPING :
        DPCI_REMOVE_MAPPING;
    errno = 0;
    ret = xc_domctl(p->xch, &op);
    return ret > 0 ? ret : result(ret);
}

/*
 * Map or unmap all of it, in as many parts as Xen wants. *@done: pages from
 * the first on; an error of Xen's is the next one's. Where that has nothing to
 * unmap, what is behind it still may have.
 */
static int map_parts(const struct production *p, uint64_t gfn, uint64_t mfn,
                     uint64_t nr, bool add, uint64_t *done)
{
    uint64_t most = nr, n;
    unsigned gone = 0;
    int ret;

    *done = 0;
    while (*done < nr) {
        n = nr - *done < most ? nr - *done : most;
        ret = send_mapping(p, gfn + *done, mfn + *done, n, add);
        if (ret == -E2BIG && n > 1) {
            most = n / 2;
        } else if (ret == -EINVAL && !add && gone < MAX_GONE) {
            gone++;
            *done += 1;
        } else if (ret < 0) {
            return ret;
        } else {
            *done += ret > 0 ? (uint64_t)ret : n;
        }
    }
    return 0;
}

static int prod_map_memory(void *priv, uint64_t gfn, uint64_t mfn,
                           uint64_t nr, bool add)
{
    const struct production *p = priv;
    uint64_t done, undone;
    int ret;

    if (nr == 0 || nr - 1 > UINT64_MAX - gfn || nr - 1 > UINT64_MAX - mfn) {
        return -EINVAL;
    }
    ret = map_parts(p, gfn, mfn, nr, add, &done);
    if (ret && add) {
        map_parts(p, gfn, mfn, done, false, &undone);
    }
    return ret;
}

static int prod_map_ports(void *priv, uint32_t gport, uint32_t mport,
                          uint32_t nr, bool add)
{
    const struct production *p = priv;

    if (nr == 0) {
        return -EINVAL;
    }
    if (nr > NUM_PORTS || gport > NUM_PORTS - nr || mport > NUM_PORTS - nr) {
        return -ERANGE;
    }
    errno = 0;
    return result(xc_domain_ioport_mapping(p->xch, p->domid, gport, mport,
                                           nr,
                                           add ? DPCI_ADD_MAPPING
                                               : DPCI_REMOVE_MAPPING));
}

/* ------------------------------------------------------------------ */
/* Pirqs                                                               */

static int prod_map_pirq_gsi(void *priv, int gsi, int *pirq)
{
    const struct production *p = priv;
    int got = *pirq, ret;

    if (gsi < 0) {
        return -EINVAL;
    }
    errno = 0;
    ret = result(xc_physdev_map_pirq(p->xch, p->domid, gsi, &got));
    if (ret == 0) {
        *pirq = got;
    }
    return ret;
}

/* Since Xen 4.20; by a name of its own, for headers that have it declared. */
static int pcidev_get_gsi(xc_interface *xch, uint32_t sbdf)
    __attribute__((weakref("xc_pcidev_get_gsi")));

/* What is neither PV nor not to be found has interrupts of Linux's own. */
static bool is_pv(const char *guest_type)
{
    FILE *f = fopen(guest_type, "re");
    char line[8] = "PV";

    if (f) {
        if (!fgets(line, sizeof(line), f)) {
            line[0] = '\0';
        }
        fclose(f);
    }
    line[strcspn(line, "\n")] = '\0';
    return strcmp(line, "PV") == 0;
}

static int prod_line_gsi(void *priv, const struct pt_sbdf *dev, int irq)
{
    const struct production *p = priv;
    int gsi;

    if (!pcidev_get_gsi || p->pv) {
        return irq;
    }
    errno = 0;
    gsi = pcidev_get_gsi(p->xch, dev->domain << 16 |
                         (uint32_t)dev->bus << 8 |
                         (uint32_t)dev->dev << 3 | dev->func);
    return gsi < 0 ? result(gsi) : gsi;
}

static int prod_unmap_pirq(void *priv, int pirq)
{
    const struct production *p = priv;

    if (pirq < 0) {
        return -EINVAL;
    }
    errno = 0;
    return result(xc_physdev_unmap_pirq(p->xch, p->domid, pirq));
}

/* Have @map done; what Xen answers is in it then. */
static int physdev_map(struct production *p, struct physdev_map_pirq *map)
{
    struct physdev_map_pirq *arg;
    int ret;

    errno = 0;
    if (!p->call) {
        p->call = xencall_open(NULL, 0);
    }
    if (!p->call) {
        return result(-1);
    }
    arg = xencall_alloc_buffer(p->call, sizeof(*arg));
    if (!arg) {
        return -ENOMEM;
    }
    *arg = *map;
    errno = 0;
    ret = result(xencall2(p->call, __HYPERVISOR_physdev_op,
                          PHYSDEVOP_map_pirq, (uintptr_t)arg));
    *map = *arg;
    xencall_free_buffer(p->call, arg);
    return ret;
}

/* What libxc's own call leaves out: several vectors, segments but 0. */
static int map_msi(struct production *p, const struct pt_sbdf *dev,
                   unsigned nr, unsigned entry, uint64_t table_base,
                   int *pirq)
{
    struct physdev_map_pirq map = {
        .domid = (domid_t)p->domid,
        .type = nr > 1 ? MAP_PIRQ_TYPE_MULTI_MSI : MAP_PIRQ_TYPE_MSI_SEG,
        .index = AUTO_INDEX,
        .pirq = *pirq,
        .bus = (int)(dev->domain << 16 | dev->bus),
        .devfn = dev->dev << 3 | dev->func,
        .entry_nr = (int)(nr > 1 ? nr : entry),
        .table_base = table_base,
    };
    int ret = physdev_map(p, &map);

    if (ret) {
        return ret;
    }
    if (nr > 1 && map.entry_nr < (int)nr) {
        prod_unmap_pirq(p, map.pirq);
        return -ENOSPC;
    }
    *pirq = map.pirq;
    return 0;
}

static int prod_map_pirq_msi(void *priv, const struct pt_sbdf *dev,
                             unsigned nr, unsigned entry, uint64_t table_base,
                             int *pirq)
{
    struct production *p = priv;
    int got = *pirq, ret;

    if (nr == 0 || nr > MAX_MSI_VECTORS || (nr & (nr - 1)) ||
        (nr > 1 && (entry || table_base)) || entry > INT_MAX ||
        dev->dev >= NUM_SLOTS || dev->func > 7) {
        return -EINVAL;
    }
    if (dev->domain > MAX_SEGMENT) {
        return -ERANGE;
    }
    if (nr > 1 || dev->domain != 0) {
        return map_msi(p, dev, nr, entry, table_base, pirq);
    }
    errno = 0;
    ret = result(xc_physdev_map_pirq_msi(p->xch, p->domid, AUTO_INDEX, &got,
                                         dev->dev << 3 | dev->func, dev->bus,
                                         (int)entry, table_base));
    if (ret == 0) {
        *pirq = got;
    }
    return ret;
}

/* ------------------------------------------------------------------ */
/* Bindings                                                            */

/* @cmd: XEN_DOMCTL_bind_pt_irq or XEN_DOMCTL_unbind_pt_irq. */
static int bind_line(const struct production *p, uint32_t cmd, int pirq,
                     uint32_t type, uint8_t slot, uint8_t intx)
{
    struct xen_domctl op;

    if (pirq < 0 || slot >= NUM_SLOTS || intx >= NUM_INTX) {
        return -EINVAL;
    }
    memset(&op, 0, sizeof(op));
    op.cmd = cmd;
    op.interface_version = XEN_DOMCTL_INTERFACE_VERSION;
    op.domain = (domid_t)p->domid;
    op.u.bind_pt_irq.machine_irq = (uint32_t)pirq;
    op.u.bind_pt_irq.irq_type = type;
    op.u.bind_pt_irq.u.pci.bus = 0;
    op.u.bind_pt_irq.u.pci.device = slot;
    op.u.bind_pt_irq.u.pci.intx = intx;
    errno = 0;
    return result(xc_domctl(p->xch, &op));
}

static int prod_bind_intx(void *priv, int pirq, uint8_t slot, uint8_t intx)
{
    return bind_line(priv, XEN_DOMCTL_bind_pt_irq, pirq, PT_IRQ_TYPE_PCI,
                     slot, intx);
}

static int prod_unbind_intx(void *priv, int pirq, uint8_t slot, uint8_t intx)
{
    return bind_line(priv, XEN_DOMCTL_unbind_pt_irq, pirq, PT_IRQ_TYPE_PCI,
                     slot, intx);
}

static int prod_lower_intx(void *priv, uint8_t slot, uint8_t intx)
{
    const struct production *p = priv;

    if (slot >= NUM_SLOTS || intx >= NUM_INTX) {
        return -EINVAL;
    }
    errno = 0;
    return result(xc_hvm_set_pci_intx_level(p->xch, p->domid, 0, 0,
                                            slot, intx, 0));
}

static int prod_bind_msi_intx(void *priv, int pirq, uint8_t slot,
                              uint8_t intx)
{
    return bind_line(priv, XEN_DOMCTL_bind_pt_irq, pirq,
                     PT_IRQ_TYPE_MSI_TRANSLATE, slot, intx);
}

static int prod_unbind_msi_intx(void *priv, int pirq, uint8_t slot,
                                uint8_t intx)
{
    return bind_line(priv, XEN_DOMCTL_unbind_pt_irq, pirq,
                     PT_IRQ_TYPE_MSI_TRANSLATE, slot, intx);
}

static int prod_bind_msi(void *priv, int pirq, uint8_t gvec, uint32_t gflags,
                         uint64_t gtable)
{
    const struct production *p = priv;

    if (pirq < 0) {
        return -EINVAL;
    }
    errno = 0;
    return result(xc_domain_update_msi_irq(p->xch, p->domid, gvec,
                                           (uint32_t)pirq, gflags, gtable));
}

static int prod_unbind_msi(void *priv, int pirq, uint8_t gvec,
                           uint32_t gflags)
{
    const struct production *p = priv;

    if (pirq < 0) {
        return -EINVAL;
    }
    errno = 0;
    return result(xc_domain_unbind_msi_irq(p->xch, p->domid, gvec,
                                           (uint32_t)pirq, gflags));
}

/* A device model of a stub domain may ask this of its guest, too. */
static int prod_has_hvm_pirqs(void *priv)
{
    const struct production *p = priv;
    struct xen_domctl op;
    int ret;

    memset(&op, 0, sizeof(op));
    op.cmd = XEN_DOMCTL_getdomaininfo;
    op.interface_version = XEN_DOMCTL_INTERFACE_VERSION;
    op.domain = (domid_t)p->domid;
    errno = 0;
    ret = result(xc_domctl(p->xch, &op));
    if (ret != 0) {
        return ret;
    }
    if (op.domain != p->domid) {
        return -ESRCH;  /* the next one's, as Xen has it */
    }
    return (op.u.getdomaininfo.arch_config.emulation_flags &
            XEN_X86_EMU_USE_PIRQ) != 0;
}

static int prod_version(void *priv)
{
    const struct production *p = priv;
    int ret;

    errno = 0;
    ret = xc_version(p->xch, XENVER_version, NULL);
    return ret > 0 ? ret : result(-1);
}

/* ------------------------------------------------------------------ */
/* Whose is it?                                                        */

/*
 * Xen has no question for this. But map_pirq looks for the device among the
 * domain's first (-ENODEV), and at what is asked of it then; so it is asked
 * for what the device can't have, and nothing is mapped. xc_get_device_group()
 * leaves out the device that it is asked about.
 */
static int ask_for_too_much(struct production *p, const struct pt_sbdf *dev,
                            bool msix, int *pirq)
{
    struct physdev_map_pirq map = {
        .domid = (domid_t)p->domid,
        .type = msix ? MAP_PIRQ_TYPE_MSI_SEG : MAP_PIRQ_TYPE_MULTI_MSI,
        .index = AUTO_INDEX,
        .pirq = -1,
        .bus = (int)(dev->domain << 16 | dev->bus),
        .devfn = dev->dev << 3 | dev->func,
        .entry_nr = msix ? NO_ENTRY : MAX_MSI_VECTORS,
        .table_base = msix ? PT_PAGE_SIZE : 0,
    };
    int rc = physdev_map(p, &map);

    *pirq = map.pirq;
    return rc;
}

static int prod_owns(void *priv, const struct pt_sbdf *dev, bool msix,
                     unsigned msis)
{
    struct production *p = priv;
    int pirq, rc;

    if (dev->dev >= NUM_SLOTS || dev->func > 7) {
        return -EINVAL;
    }
    if (dev->domain > MAX_SEGMENT) {
        return -ERANGE;
    }
    /* It succeeds for what no guest has. */
    if (xc_test_assign_device(p->xch, p->domid, dev->domain << 16 |
                              (uint32_t)dev->bus << 8 |
                              (uint32_t)dev->dev << 3 | dev->func) == 0) {
        return 0;
    }
    if (!msix && (msis == 0 || msis >= MAX_MSI_VECTORS)) {
        return -EOPNOTSUPP;
    }
    rc = ask_for_too_much(p, dev, msix, &pirq);
    if (rc == 0) {
        prod_unmap_pirq(p, pirq);
    }
    return rc == 0 || rc == (msix ? -EINVAL : -ENFILE) ? 1 : rc;
}

/* ------------------------------------------------------------------ */
/* Open and close                                                      */

static const struct pt_xen_ops prod_ops = {
    .map_memory = prod_map_memory,
    .map_ports = prod_map_ports,
    .map_pirq_gsi = prod_map_pirq_gsi,
    .map_pirq_msi = prod_map_pirq_msi,
    .line_gsi = prod_line_gsi,
    .unmap_pirq = prod_unmap_pirq,
    .bind_intx = prod_bind_intx,
    .unbind_intx = prod_unbind_intx,
    .lower_intx = prod_lower_intx,
    .bind_msi_intx = prod_bind_msi_intx,
    .unbind_msi_intx = prod_unbind_msi_intx,
    .bind_msi = prod_bind_msi,
    .unbind_msi = prod_unbind_msi,
    .has_hvm_pirqs = prod_has_hvm_pirqs,
    .version = prod_version,
    .owns = prod_owns,
};

int pt_xen_open(struct pt_xen *xen, struct xc_interface_core *xch,
                uint32_t domid)
{
    return pt_xen_open_at(xen, xch, domid, "/sys/hypervisor/guest_type");
}

int pt_xen_open_at(struct pt_xen *xen, struct xc_interface_core *xch,
                   uint32_t domid, const char *guest_type)
{
    struct production *p;

    memset(xen, 0, sizeof(*xen));
    /* Xen's own number of a domain has 16 bits: another would be hit. */
    if (domid >= DOMID_FIRST_RESERVED) {
        return -EINVAL;
    }
    p = calloc(1, sizeof(*p));
    if (!p) {
        return -ENOMEM;
    }
    p->xch = xch;
    p->domid = domid;
    p->pv = is_pv(guest_type);
    xen->ops = &prod_ops;
    xen->priv = p;
    return 0;
}

void pt_xen_close(struct pt_xen *xen)
{
    struct production *p = xen->priv;

    if (p && p->call) {
        xencall_close(p->call);
    }
    free(p);
    memset(xen, 0, sizeof(*xen));
}
