/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hw/pt-xen.c without a Xen: this file has libxenctrl's functions itself,
 * and sees what the production table makes of its arguments and of errors.
 */
#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define XC_WANT_COMPAT_DEVICEMODEL_API 1
#include <xenctrl.h>
#include <xencall.h>

#include "pt-pci.h"
#include "lib-temp.h"
#include "pt-xen.h"
#include "spec.h"

#define DOMID 7

/* ------------------------------------------------------------------ */
/* libxc                                                               */

/* What the next calls do, and what the last one was asked for. */
static struct {
    int ret;
    int errnum;
    unsigned calls;
    uint32_t ports[3];
    uint32_t add;
    int index, pirq, devfn, bus, entry;
    uint64_t table_base, gtable;
    uint32_t gvec, gflags;
    struct xen_domctl domctl;
    struct physdev_map_pirq map;
    bool assignable;
    uint32_t sbdf;
    int vectors;      /* that Xen grants at most */
    uint8_t slot, pin;
    uint32_t emulation;
    bool next_domain;
    bool open_fails;
    bool alloc_fails;
    unsigned opened;
} fake;

static xc_interface *const xch = (xc_interface *)&fake;

static int answer(void)
{
    fake.calls++;
    errno = fake.errnum;
    return fake.ret;
}

int xc_domain_ioport_mapping(xc_interface *x, uint32_t domid,
                             uint32_t first_gport, uint32_t first_mport,
                             uint32_t nr_ports, uint32_t add_mapping)
{
    assert_ptr_equal(x, xch);
    assert_int_equal(domid, DOMID);
    fake.ports[0] = first_gport;
    fake.ports[1] = first_mport;
    fake.ports[2] = nr_ports;
    fake.add = add_mapping;
    return answer();
}

int xc_physdev_map_pirq(xc_interface *x, uint32_t domid, int index, int *pirq)
{
    assert_ptr_equal(x, xch);
    assert_int_equal(domid, DOMID);
    fake.index = index;
    fake.pirq = *pirq;
    *pirq = 300;
    return answer();
}

int xc_physdev_map_pirq_msi(xc_interface *x, uint32_t domid, int index,
                            int *pirq, int devfn, int bus, int entry_nr,
                            uint64_t table_base)
{
    fake.devfn = devfn;
    fake.bus = bus;
    fake.entry = entry_nr;
    fake.table_base = table_base;
    return xc_physdev_map_pirq(x, domid, index, pirq);
}

int xc_physdev_unmap_pirq(xc_interface *x, uint32_t domid, int pirq)
{
    assert_ptr_equal(x, xch);
    assert_int_equal(domid, DOMID);
    fake.pirq = pirq;
    return answer();
}

int xc_test_assign_device(xc_interface *x, uint32_t domid, uint32_t sbdf)
{
    assert_ptr_equal(x, xch);
    assert_int_equal(domid, DOMID);
    fake.calls++;
    fake.sbdf = sbdf;
    errno = EINVAL;
    return fake.assignable ? 0 : -1;
}

int xc_domctl(xc_interface *x, struct xen_domctl *domctl)
{
    assert_ptr_equal(x, xch);
    fake.domctl = *domctl;
    if (domctl->cmd == XEN_DOMCTL_getdomaininfo) {
        domctl->domain += fake.next_domain;
        domctl->u.getdomaininfo.arch_config.emulation_flags = fake.emulation;
    }
    return answer();
}

int xc_version(xc_interface *x, int cmd, void *arg)
{
    assert_ptr_equal(x, xch);
    assert_int_equal(cmd, XENVER_version);
    assert_null(arg);
    return answer() ? fake.ret : 4 << 16 | 20;
}

/* Of Xen 4.20 and later. */
int xc_pcidev_get_gsi(xc_interface *x, uint32_t sbdf);
int xc_pcidev_get_gsi(xc_interface *x, uint32_t sbdf)
{
    assert_ptr_equal(x, xch);
    fake.sbdf = sbdf;
    return answer() ? fake.ret : 23;
}

int xc_hvm_set_pci_intx_level(xc_interface *x, uint32_t dom, uint16_t segment,
                              uint8_t bus, uint8_t device, uint8_t intx,
                              unsigned int level)
{
    assert_ptr_equal(x, xch);
    assert_int_equal(dom, DOMID);
    assert_int_equal(segment, 0);
    assert_int_equal(bus, 0);
    assert_int_equal(level, 0);
    fake.slot = device;
    fake.pin = intx;
    return answer();
}

int xc_domain_update_msi_irq(xc_interface *x, uint32_t domid, uint32_t gvec,
                             uint32_t pirq, uint32_t gflags, uint64_t gtable)
{
    assert_ptr_equal(x, xch);
    assert_int_equal(domid, DOMID);
    fake.gvec = gvec;
    fake.pirq = (int)pirq;
    fake.gflags = gflags;
    fake.gtable = gtable;
    return answer();
}

int xc_domain_unbind_msi_irq(xc_interface *x, uint32_t domid, uint32_t gvec,
                             uint32_t pirq, uint32_t gflags)
{
    return xc_domain_update_msi_irq(x, domid, gvec, pirq, gflags, 0);
}

xencall_handle *xencall_open(xentoollog_logger *logger, unsigned flags)
{
    (void)logger;
    (void)flags;
    if (fake.open_fails) {
        errno = EACCES;
        return NULL;
    }
    fake.opened++;
    return (xencall_handle *)&fake.opened;
}

int xencall_close(xencall_handle *xcall)
{
    assert_ptr_equal(xcall, &fake.opened);
    fake.opened--;
    return 0;
}

void *xencall_alloc_buffer(xencall_handle *xcall, size_t size)
{
    (void)xcall;
    return fake.alloc_fails ? NULL : malloc(size);
}

void xencall_free_buffer(xencall_handle *xcall, void *p)
{
    (void)xcall;
    free(p);
}

int xencall2(xencall_handle *xcall, unsigned int op, uint64_t arg1,
             uint64_t arg2)
{
    struct physdev_map_pirq *map = (void *)(uintptr_t)arg2;

    assert_ptr_equal(xcall, &fake.opened);
    assert_int_equal(op, __HYPERVISOR_physdev_op);
    assert_int_equal(arg1, PHYSDEVOP_map_pirq);
    fake.map = *map;
    map->pirq = 400;
    if (map->type == MAP_PIRQ_TYPE_MULTI_MSI && map->entry_nr > fake.vectors) {
        map->entry_nr = fake.vectors;
    }
    return answer();
}

/* ------------------------------------------------------------------ */

static struct pt_xen xen;

static int setup(void **state)
{
    (void)state;
    memset(&fake, 0, sizeof(fake));
    fake.vectors = 32;
    return pt_xen_open(&xen, xch, DOMID);
}

static int teardown(void **state)
{
    (void)state;
    pt_xen_close(&xen);
    pt_xen_close(&xen);
    return fake.opened == 0 ? 0 : -1;
}

/* libxc was not asked. */
static void refused(int ret, int want)
{
    assert_int_equal(ret, want);
    assert_int_equal(fake.calls, 0);
}

static void maps_ports(void **state)
{
    (void)state;
    assert_int_equal(xen.ops->map_ports(xen.priv, 0xc000, 0x1020, 0x20, true),
                     0);
    assert_int_equal(fake.ports[0], 0xc000);
    assert_int_equal(fake.ports[1], 0x1020);
    assert_int_equal(fake.ports[2], 0x20);
    assert_int_equal(xen.ops->map_ports(xen.priv, 0xffff, 0, 1, false), 0);
    assert_int_equal(fake.add, DPCI_REMOVE_MAPPING);
}

static void refuses_ports_that_are_none(void **state)
{
    (void)state;
    refused(xen.ops->map_ports(xen.priv, 0, 0, 0, true), -EINVAL);
    refused(xen.ops->map_ports(xen.priv, 0xffff, 0, 2, true), -ERANGE);
    refused(xen.ops->map_ports(xen.priv, 0, 0xffff, 2, true), -ERANGE);
    refused(xen.ops->map_ports(xen.priv, 0, 0, 0x10001, true), -ERANGE);
    refused(xen.ops->map_ports(xen.priv, UINT32_MAX, 0, 2, true), -ERANGE);
}

/* lessons.md 1.7.6: Xen chooses the number. */
static void maps_a_line(void **state)
{
    int pirq = -1;

    (void)state;
    assert_int_equal(xen.ops->map_pirq_gsi(xen.priv, 17, &pirq), 0);
    assert_int_equal(fake.index, 17);
    assert_int_equal(fake.pirq, -1);
    assert_int_equal(pirq, 300);
    fake.calls = 0;
    refused(xen.ops->map_pirq_gsi(xen.priv, -1, &pirq), -EINVAL);
}

static void maps_an_msi(void **state)
{
    const struct pt_sbdf dev = { .bus = 3, .dev = 4, .func = 5 };
    int pirq = 80;

    (void)state;
    assert_int_equal(xen.ops->map_pirq_msi(xen.priv, &dev, 1, 9,
                                           0x60f2000000, &pirq), 0);
    assert_int_equal(fake.index, -1);
    assert_int_equal(fake.pirq, 80);
    assert_int_equal(fake.bus, 3);
    assert_int_equal(fake.devfn, 4 << 3 | 5);
    assert_int_equal(fake.entry, 9);
    assert_int_equal(fake.table_base, 0x60f2000000);
    assert_int_equal(pirq, 300);
    assert_int_equal(fake.opened, 0);
}

/* lessons.md part 2, 14: another segment's device is another device. */
static void maps_an_msi_of_another_segment(void **state)
{
    const struct pt_sbdf dev = { .domain = 0x8001, .bus = 3, .dev = 4,
                                 .func = 5 };
    int pirq = -1;

    (void)state;
    assert_int_equal(xen.ops->map_pirq_msi(xen.priv, &dev, 1, 9,
                                           0x60f2000000, &pirq), 0);
    assert_int_equal(fake.map.domid, DOMID);
    assert_int_equal(fake.map.type, MAP_PIRQ_TYPE_MSI_SEG);
    assert_int_equal(fake.map.index, -1);
    assert_int_equal(fake.map.pirq, -1);
    assert_int_equal((uint32_t)fake.map.bus, 0x80010003);
    assert_int_equal(fake.map.devfn, 4 << 3 | 5);
    assert_int_equal(fake.map.entry_nr, 9);
    assert_int_equal(fake.map.table_base, 0x60f2000000);
    assert_int_equal(pirq, 400);
    assert_int_equal(fake.opened, 1);
    assert_int_equal(xen.ops->map_pirq_msi(xen.priv, &dev, 1, 8,
                                           0x60f2000000, &pirq), 0);
    assert_int_equal(fake.opened, 1);
}

static void maps_several_vectors(void **state)
{
    const struct pt_sbdf dev = { .bus = 3, .dev = 4, .func = 5 };
    int pirq = -1;

    (void)state;
    assert_int_equal(xen.ops->map_pirq_msi(xen.priv, &dev, 8, 0, 0, &pirq),
                     0);
    assert_int_equal(fake.map.type, MAP_PIRQ_TYPE_MULTI_MSI);
    assert_int_equal(fake.map.bus, 3);
    assert_int_equal(fake.map.entry_nr, 8);
    assert_int_equal(fake.map.table_base, 0);
    assert_int_equal(pirq, 400);
}

/* Fewer than asked for is a failure, and leaves nothing mapped. */
static void fewer_vectors_are_none(void **state)
{
    const struct pt_sbdf dev = { .bus = 3 };
    int pirq = -1;

    (void)state;
    fake.vectors = 4;
    assert_int_equal(xen.ops->map_pirq_msi(xen.priv, &dev, 8, 0, 0, &pirq),
                     -ENOSPC);
    assert_int_equal(fake.pirq, 400);
    assert_int_equal(fake.calls, 2);
    assert_int_equal(pirq, -1);
}

static void refuses_vectors_that_are_none(void **state)
{
    const struct pt_sbdf dev = { .bus = 3 };
    const struct pt_sbdf vmd = { .domain = 0x10000 };
    const struct pt_sbdf odd = { .dev = 32 };
    int pirq = -1;

    (void)state;
    refused(xen.ops->map_pirq_msi(xen.priv, &dev, 0, 0, 0, &pirq), -EINVAL);
    refused(xen.ops->map_pirq_msi(xen.priv, &dev, 3, 0, 0, &pirq), -EINVAL);
    refused(xen.ops->map_pirq_msi(xen.priv, &dev, 64, 0, 0, &pirq), -EINVAL);
    refused(xen.ops->map_pirq_msi(xen.priv, &dev, 2, 1, 0, &pirq), -EINVAL);
    refused(xen.ops->map_pirq_msi(xen.priv, &dev, 2, 0, 1, &pirq), -EINVAL);
    refused(xen.ops->map_pirq_msi(xen.priv, &odd, 1, 0, 0, &pirq), -EINVAL);
    refused(xen.ops->map_pirq_msi(xen.priv, &vmd, 1, 0, 0, &pirq), -ERANGE);
    refused(xen.ops->unmap_pirq(xen.priv, -1), -EINVAL);
    assert_int_equal(pirq, -1);
}

static void no_way_to_call_xen(void **state)
{
    const struct pt_sbdf dev = { .bus = 3 };
    int pirq = -1;

    (void)state;
    fake.open_fails = true;
    refused(xen.ops->map_pirq_msi(xen.priv, &dev, 2, 0, 0, &pirq), -EACCES);
    fake.open_fails = false;
    fake.alloc_fails = true;
    refused(xen.ops->map_pirq_msi(xen.priv, &dev, 2, 0, 0, &pirq), -ENOMEM);
    fake.alloc_fails = false;
    fake.ret = -1;
    fake.errnum = EOPNOTSUPP;
    assert_int_equal(xen.ops->map_pirq_msi(xen.priv, &dev, 2, 0, 0, &pirq),
                     -EOPNOTSUPP);
    assert_int_equal(pirq, -1);
}

/* Nothing is mapped to find out whose a device is. */
static void asks_whose_a_device_is(void **state)
{
    const struct pt_sbdf dev = { .domain = 0x8001, .bus = 3, .dev = 4,
                                 .func = 5 };
    const struct pt_sbdf odd = { .dev = 32 };
    const struct pt_sbdf vmd = { .domain = 0x10000 };

    (void)state;
    fake.ret = -1;
    fake.errnum = EINVAL;
    assert_int_equal(xen.ops->owns(xen.priv, &dev, true, 0), 1);
    assert_int_equal(fake.sbdf, 0x80010325);
    assert_int_equal(fake.map.domid, DOMID);
    assert_int_equal(fake.map.type, MAP_PIRQ_TYPE_MSI_SEG);
    assert_int_equal((uint32_t)fake.map.bus, 0x80010003);
    assert_int_equal(fake.map.devfn, 4 << 3 | 5);
    /* What no table has: PCI 3.0, 6.8.2.3. */
    assert_int_equal(fake.map.entry_nr, PCI_MSIX_TABSIZE + 1);
    assert_int_not_equal(fake.map.table_base, 0);
    assert_int_equal(xen.ops->owns(xen.priv, &dev, false, 16), -EINVAL);
    assert_int_equal(fake.map.type, MAP_PIRQ_TYPE_MULTI_MSI);
    assert_int_equal(fake.map.entry_nr, 32);
    assert_int_equal(fake.map.table_base, 0);
    fake.errnum = ENFILE;
    assert_int_equal(xen.ops->owns(xen.priv, &dev, false, 16), 1);
    fake.errnum = ENODEV;
    assert_int_equal(xen.ops->owns(xen.priv, &dev, true, 1), -ENODEV);
    assert_int_equal(xen.ops->owns(xen.priv, &dev, false, 1), -ENODEV);
    fake.assignable = true;
    assert_int_equal(xen.ops->owns(xen.priv, &dev, true, 1), 0);
    fake.calls = 0;
    refused(xen.ops->owns(xen.priv, &odd, true, 1), -EINVAL);
    refused(xen.ops->owns(xen.priv, &vmd, true, 1), -ERANGE);
}

static void asks_nothing_that_could_be_granted(void **state)
{
    const struct pt_sbdf dev = { .bus = 3 };

    (void)state;
    assert_int_equal(xen.ops->owns(xen.priv, &dev, false, 0), -EOPNOTSUPP);
    assert_int_equal(xen.ops->owns(xen.priv, &dev, false, 32), -EOPNOTSUPP);
    assert_int_equal(fake.calls, 2);
    /* A device that grew: it is given back. */
    assert_int_equal(xen.ops->owns(xen.priv, &dev, false, 16), 1);
    assert_int_equal(fake.pirq, 400);
    assert_int_equal(fake.calls, 5);
}

typedef int line_op(void *priv, int pirq, uint8_t slot, uint8_t intx);

static void check_line(line_op *op, uint32_t cmd, uint32_t type)
{
    memset(&fake.domctl, 0xff, sizeof(fake.domctl));
    assert_int_equal(op(xen.priv, 0x1234, 31, 3), 0);
    assert_int_equal(fake.domctl.cmd, cmd);
    assert_int_equal(fake.domctl.interface_version,
                     XEN_DOMCTL_INTERFACE_VERSION);
    assert_int_equal(fake.domctl.domain, DOMID);
    assert_int_equal(fake.domctl.u.bind_pt_irq.machine_irq, 0x1234);
    assert_int_equal(fake.domctl.u.bind_pt_irq.irq_type, type);
    assert_int_equal(fake.domctl.u.bind_pt_irq.u.pci.bus, 0);
    assert_int_equal(fake.domctl.u.bind_pt_irq.u.pci.device, 31);
    assert_int_equal(fake.domctl.u.bind_pt_irq.u.pci.intx, 3);
    fake.calls = 0;
    refused(op(xen.priv, -1, 0, 0), -EINVAL);
    refused(op(xen.priv, 5, 32, 0), -EINVAL);
    refused(op(xen.priv, 5, 0, 4), -EINVAL);
}

/* lessons.md part 2, 10: a pirq is not a byte. */
static void binds_lines_of_any_pirq(void **state)
{
    (void)state;
    check_line(xen.ops->bind_intx, XEN_DOMCTL_bind_pt_irq, PT_IRQ_TYPE_PCI);
    check_line(xen.ops->unbind_intx, XEN_DOMCTL_unbind_pt_irq,
               PT_IRQ_TYPE_PCI);
    check_line(xen.ops->bind_msi_intx, XEN_DOMCTL_bind_pt_irq,
               PT_IRQ_TYPE_MSI_TRANSLATE);
    check_line(xen.ops->unbind_msi_intx, XEN_DOMCTL_unbind_pt_irq,
               PT_IRQ_TYPE_MSI_TRANSLATE);
}

static void binds_an_msi_of_any_pirq(void **state)
{
    (void)state;
    assert_int_equal(xen.ops->bind_msi(xen.priv, 0x1234, 0x41, 0x10305,
                                       0x60f2000000), 0);
    assert_int_equal(fake.pirq, 0x1234);
    assert_int_equal(fake.gvec, 0x41);
    assert_int_equal(fake.gflags, 0x10305);
    assert_int_equal(fake.gtable, 0x60f2000000);
    assert_int_equal(xen.ops->unbind_msi(xen.priv, 0x1235, 0x42, 0x305), 0);
    assert_int_equal(fake.pirq, 0x1235);
    fake.calls = 0;
    refused(xen.ops->bind_msi(xen.priv, -1, 0x41, 0, 0), -EINVAL);
    refused(xen.ops->unbind_msi(xen.priv, -1, 0x41, 0), -EINVAL);
}

/* Every call's failure arrives, also one that forgot its reason. */
static void check_failures(int want)
{
    const struct pt_sbdf dev = { .bus = 3 };
    const struct pt_xen_ops *ops = xen.ops;
    void *p = xen.priv;
    int pirq = -1;

    assert_int_equal(ops->map_memory(p, 1, 1, 1, true), want);
    assert_int_equal(ops->map_ports(p, 1, 1, 1, true), want);
    assert_int_equal(ops->map_pirq_gsi(p, 9, &pirq), want);
    assert_int_equal(ops->map_pirq_msi(p, &dev, 1, 0, 0, &pirq), want);
    assert_int_equal(ops->map_pirq_msi(p, &dev, 2, 0, 0, &pirq), want);
    assert_int_equal(pirq, -1);
    assert_int_equal(ops->unmap_pirq(p, 5), want);
    assert_int_equal(ops->bind_intx(p, 5, 1, 0), want);
    assert_int_equal(ops->unbind_intx(p, 5, 1, 0), want);
    assert_int_equal(ops->bind_msi_intx(p, 5, 1, 0), want);
    assert_int_equal(ops->unbind_msi_intx(p, 5, 1, 0), want);
    assert_int_equal(ops->bind_msi(p, 5, 0x41, 0, 0), want);
    assert_int_equal(ops->unbind_msi(p, 5, 0x41, 0), want);
    assert_int_equal(ops->has_hvm_pirqs(p), want);
    assert_int_equal(ops->version(p), want);
    assert_int_equal(ops->lower_intx(p, 1, 0), want);
}

static void failures_have_a_reason(void **state)
{
    (void)state;
    fake.ret = -1;
    fake.errnum = EPERM;
    check_failures(-EPERM);
    fake.errnum = 0;
    check_failures(-EIO);
}

/* In a PV domain, and where this is not known, Linux's number is the GSI. */
static void knows_the_gsi_of_a_line(void **state)
{
    static const struct {
        const char *type;
        int gsi;
    } t[] = {
        { NULL, 30 }, { "PV\n", 30 }, { "PV", 30 }, { "PVH\n", 23 },
        { "HVM\n", 23 }, { "", 23 }, { "PV but longer\n", 23 },
    };
    const struct pt_sbdf dev = { 0x1234, 0x56, 0x1e, 5 };
    char path[TEMP_MAX];
    unsigned i;
    int fd = mkstemp(temp_path(path, "guest_type"));

    (void)state;
    assert_true(fd >= 0);
    close(fd);
    unlink(path);
    for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        if (t[i].type) {
            FILE *f = fopen(path, "w");

            assert_non_null(f);
            fputs(t[i].type, f);
            fclose(f);
        }
        pt_xen_close(&xen);
        assert_int_equal(pt_xen_open_at(&xen, xch, DOMID, path), 0);
        unlink(path);  /* read once: a guest can have the line asked for */
        fake.calls = 0;
        assert_int_equal(xen.ops->line_gsi(xen.priv, &dev, 30), t[i].gsi);
        assert_int_equal(fake.calls, t[i].gsi == 23);
        if (t[i].gsi == 23) {
            assert_int_equal(fake.sbdf, 0x123456f5);
        }
    }
    fake.ret = -1;
    fake.errnum = ENOENT;
    assert_int_equal(xen.ops->line_gsi(xen.priv, &dev, 30), -ENOENT);
}

static void lowers_a_pin(void **state)
{
    (void)state;
    assert_int_equal(xen.ops->lower_intx(xen.priv, 31, 3), 0);
    assert_int_equal(fake.slot, 31);
    assert_int_equal(fake.pin, 3);
    assert_int_equal(fake.calls, 1);
    fake.calls = 0;
    refused(xen.ops->lower_intx(xen.priv, 32, 0), -EINVAL);
    refused(xen.ops->lower_intx(xen.priv, 0, 4), -EINVAL);
}

static void knows_whether_a_guest_has_pirqs(void **state)
{
    (void)state;
    fake.emulation = XEN_X86_EMU_ALL;
    assert_int_equal(xen.ops->has_hvm_pirqs(xen.priv), 1);
    assert_int_equal(fake.calls, 1);
    assert_int_equal(fake.domctl.cmd, XEN_DOMCTL_getdomaininfo);
    assert_int_equal(fake.domctl.domain, DOMID);
    assert_int_equal(fake.domctl.interface_version,
                     XEN_DOMCTL_INTERFACE_VERSION);
    fake.emulation = XEN_X86_EMU_ALL & ~XEN_X86_EMU_USE_PIRQ;
    assert_int_equal(xen.ops->has_hvm_pirqs(xen.priv), 0);
    /* Where the domain is gone Xen tells of the next one. */
    fake.next_domain = true;
    assert_int_equal(xen.ops->has_hvm_pirqs(xen.priv), -ESRCH);
}

static void knows_the_version(void **state)
{
    (void)state;
    assert_int_equal(xen.ops->version(xen.priv), 0x40014);
    assert_int_equal(fake.calls, 1);
}

/* A device model's start costs no hypercall. */
static void opening_asks_nothing(void **state)
{
    (void)state;
    pt_xen_close(&xen);
    fake.calls = 0;
    assert_int_equal(pt_xen_open(&xen, xch, DOMID), 0);
    assert_int_equal(fake.calls, 0);
}

static void no_such_domain(void **state)
{
    struct pt_xen other;

    (void)state;
    assert_int_equal(pt_xen_open(&other, xch, 0x10007), -EINVAL);
    assert_int_equal(pt_xen_open(&other, xch, DOMID_FIRST_RESERVED), -EINVAL);
    pt_xen_close(&other);
}

/* What hw/ and the simulated Xen say of them, by Xen's own header. */
static void the_flags_of_messages_are_xens(void **state)
{
    (void)state;
    assert_int_equal(PT_GFLAGS_DEST_ID_MASK,
                     XEN_DOMCTL_VMSI_X86_DEST_ID_MASK);
    assert_int_equal(PT_GFLAGS_RH, XEN_DOMCTL_VMSI_X86_RH_MASK);
    assert_int_equal(PT_GFLAGS_DM, XEN_DOMCTL_VMSI_X86_DM_MASK);
    assert_int_equal(PT_GFLAGS_DELIV_MASK, XEN_DOMCTL_VMSI_X86_DELIV_MASK);
    assert_int_equal(PT_GFLAGS_TRIG, XEN_DOMCTL_VMSI_X86_TRIG_MASK);
    assert_int_equal(PT_GFLAGS_UNMASKED, XEN_DOMCTL_VMSI_X86_UNMASKED);
    assert_int_equal(SPEC_VMSI_UNMASKED, XEN_DOMCTL_VMSI_X86_UNMASKED);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_flags_of_messages_are_xens),
        TEST(maps_ports),
        TEST(refuses_ports_that_are_none),
        TEST(maps_a_line),
        TEST(maps_an_msi),
        TEST(maps_an_msi_of_another_segment),
        TEST(maps_several_vectors),
        TEST(fewer_vectors_are_none),
        TEST(refuses_vectors_that_are_none),
        TEST(no_way_to_call_xen),
        TEST(binds_lines_of_any_pirq),
        TEST(binds_an_msi_of_any_pirq),
        TEST(asks_whose_a_device_is),
        TEST(asks_nothing_that_could_be_granted),
        TEST(failures_have_a_reason),
        TEST(knows_the_gsi_of_a_line),
        TEST(lowers_a_pin),
        TEST(knows_whether_a_guest_has_pirqs),
        TEST(knows_the_version),
        TEST(opening_asks_nothing),
        TEST(no_such_domain),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("libxc", tests, NULL, NULL);
}
