/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the tests of the simulators share: two devices by hand, and words for
 * what a device model does with them. The simulators are held against the
 * specifications: what the engine's tests lean on must itself be right.
 */
#ifndef LIB_SIM_H
#define LIB_SIM_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <pci/header.h>

#include "sim.h"
#include "spec.h"

/* ------------------------------------------------------------------ */
/* Stand-ins for the engine's, which has no say here                   */

/*
 * Here and not in a lib-*.c: those are in all tests, and the others have the
 * engine's.
 */

struct pt_dev {
    uint64_t off, val;
    unsigned width;
    unsigned reads, writes;
    uint64_t answer;
    void (*on_write)(void *priv);
    void *priv;
};

uint64_t pt_trap_read(struct pt_trap *t, uint64_t off, unsigned width)
{
    t->dev->off = off;
    t->dev->width = width;
    t->dev->reads++;
    return t->dev->answer;
}

void pt_trap_write(struct pt_trap *t, uint64_t off, uint64_t val,
                   unsigned width)
{
    t->dev->off = off;
    t->dev->val = val;
    t->dev->width = width;
    t->dev->writes++;
    if (t->dev->on_write) {
        t->dev->on_write(t->dev->priv);
    }
}

/* ------------------------------------------------------------------ */
/* Devices by hand                                                     */

#define PM 0x40
#define MSI 0x50
#define MSIX 0x70
#define VPD 0x80
#define VNDR 0x90
#define EXP 0xa0
#define AER 0x100

#define BAR0 UINT64_C(0x4f0000000)
#define BAR3 0xe0840000u
#define PORT 0xe000u
#define ROM 0xe0900000u
#define GSI 18

static inline void put(struct capture *c, unsigned off, unsigned len,
                       uint32_t val)
{
    sim_put(c->cfg + off, len, val);
}

static inline void cap(struct capture *c, unsigned pos, uint8_t id,
                       unsigned next)
{
    c->cfg[pos] = id;
    c->cfg[pos + 1] = (uint8_t)next;
}

static inline void add_bars(struct capture *c)
{
    put(c, PCI_BASE_ADDRESS_0, 4, (uint32_t)BAR0 | 0xc);
    put(c, PCI_BASE_ADDRESS_1, 4, BAR0 >> 32);
    put(c, PCI_BASE_ADDRESS_2, 4, PORT | 1);
    put(c, PCI_BASE_ADDRESS_3, 4, BAR3);
    put(c, PCI_ROM_ADDRESS, 4, ROM);
    c->region[0] = (struct pt_region) {
        BAR0, 0x10000, PT_REGION_64 | PT_REGION_PREFETCH };
    c->region[2] = (struct pt_region) { PORT, 32, PT_REGION_IO };
    c->region[3] = (struct pt_region) { BAR3, 0x4000, 0 };
    c->region[PT_ROM] = (struct pt_region) { ROM, 0x10000, 0 };
}

/* A PCI Express endpoint with everything. */
static inline void make_express(struct capture *c)
{
    memset(c, 0, sizeof(*c));
    c->len = 4096;
    put(c, PCI_VENDOR_ID, 4, 0x10c98086);
    put(c, PCI_COMMAND, 2, 0x0407);
    put(c, PCI_STATUS, 2, PCI_STATUS_CAP_LIST);
    put(c, PCI_CLASS_REVISION, 4, 0x02000001);
    put(c, PCI_SUBSYSTEM_VENDOR_ID, 4, 0xa03c8086);
    put(c, PCI_CAPABILITY_LIST, 1, PM);
    put(c, PCI_INTERRUPT_LINE, 2, 0x010b);
    add_bars(c);

    /* Version 3, PME from D0, D3hot and D3cold, D2 but not D1. */
    cap(c, PM, PCI_CAP_ID_PM, MSI);
    put(c, PM + 2, 2, 0xcc03);
    put(c, PM + PCI_PM_CTRL, 2, 0x2000);
    put(c, PM + PCI_PM_DATA_REGISTER, 1, 0x1a);
    /* 8 vectors, 64 bit, maskable. */
    cap(c, MSI, PCI_CAP_ID_MSI, MSIX);
    put(c, MSI + 2, 2, 0x0186);
    /* 10 entries. */
    cap(c, MSIX, PCI_CAP_ID_MSIX, VPD);
    put(c, MSIX + 2, 2, 9);
    put(c, MSIX + PCI_MSIX_TABLE, 4, 0x1003);
    put(c, MSIX + PCI_MSIX_PBA, 4, 0x2003);
    cap(c, VPD, PCI_CAP_ID_VPD, VNDR);
    cap(c, VNDR, PCI_CAP_ID_VNDR, EXP);
    put(c, VNDR + 2, 1, 8);
    put(c, VNDR + 4, 4, 0x12345678);
    /* Version 2 endpoint with FLR. */
    cap(c, EXP, PCI_CAP_ID_EXP, 0);
    put(c, EXP + 2, 2, 2);
    put(c, EXP + PCI_EXP_DEVCAP, 4, 0x10008cc2);
    put(c, EXP + PCI_EXP_DEVCTL, 2, 0x2810);
    put(c, EXP + PCI_EXP_LNKCAP, 4, 0x00036c42);
    put(c, EXP + PCI_EXP_DEVCAP2, 4, 0x1f);
    put(c, EXP + PCI_EXP_LNKCTL2, 2, 2);
    put(c, AER, 4, 0x00010001);
    put(c, AER + PCI_ERR_UNCOR_SEVER, 4, 0x00062030);
}

/* A conventional one: Power Management version 2, AF, 32-bit MSI. */
static inline void make_conventional(struct capture *c)
{
    memset(c, 0, sizeof(*c));
    c->len = 256;
    put(c, PCI_VENDOR_ID, 4, 0x12341234);
    put(c, PCI_COMMAND, 2, 0x0003);
    put(c, PCI_STATUS, 2, PCI_STATUS_CAP_LIST);
    put(c, PCI_CAPABILITY_LIST, 1, PM);
    put(c, PCI_INTERRUPT_LINE, 2, 0x010b);
    add_bars(c);
    cap(c, PM, PCI_CAP_ID_PM, MSI);
    put(c, PM + 2, 2, 0x0002);
    put(c, PM + PCI_PM_CTRL, 2, PCI_PM_CTRL_NO_SOFT_RST);
    cap(c, MSI, PCI_CAP_ID_MSI, 0x60);
    cap(c, 0x60, PCI_CAP_ID_AF, 0x68);
    put(c, 0x60 + PCI_AF_CAP, 1, PCI_AF_CAP_TP | PCI_AF_CAP_FLR);
    cap(c, 0x68, PCI_CAP_ID_PCIX, 0);
    put(c, 0x80, 4, 0xcafe0001);
}

static inline void make_info(const struct capture *c,
                             struct pt_device_info *info)
{
    memset(info, 0, sizeof(*info));
    info->addr = (struct pt_sbdf) { 0, 1, 2, 3 };
    info->vendor = (uint16_t)sim_get(c->cfg, 2);
    info->device = (uint16_t)sim_get(c->cfg + 2, 2);
    info->irq = GSI;
    memcpy(info->region, c->region, sizeof(info->region));
}

static inline struct sim *start(void (*make)(struct capture *), bool vf,
                                const struct sim_opts *opts)
{
    struct sim *s = test_malloc(sizeof(*s));
    struct capture *c = test_malloc(sizeof(*c));
    struct pt_device_info info;

    make(c);
    make_info(c, &info);
    info.is_vf = vf;
    assert_int_equal(sim_init(s, c, &info, opts), 0);
    test_free(c);
    return s;
}

static inline void stop(struct sim *s)
{
    sim_fini(s);
    test_free(s);
}

static inline int setup(void **state)
{
    *state = start(make_express, false, NULL);
    return 0;
}

static inline int setup_conventional(void **state)
{
    *state = start(make_conventional, false, NULL);
    return 0;
}

static inline int setup_vf(void **state)
{
    *state = start(make_express, true, NULL);
    return 0;
}

static inline int teardown(void **state)
{
    stop(*state);
    return 0;
}

static inline uint32_t rd(struct sim *s, unsigned off, unsigned len)
{
    uint8_t buf[4] = { 0 };

    assert_int_equal(s->dev.pt.ops->read(s->dev.pt.priv, (uint16_t)off, buf,
                                         len), 0);
    return (uint32_t)sim_get(buf, len);
}

static inline void wr(struct sim *s, unsigned off, unsigned len, uint32_t val)
{
    uint8_t buf[4];

    sim_put(buf, len, val);
    assert_int_equal(s->dev.pt.ops->write(s->dev.pt.priv, (uint16_t)off, buf,
                                          len), 0);
}

static inline void wait_us(struct sim *s, uint32_t us)
{
    s->bus.pt.ops->delay_us(s->bus.pt.priv, us);
}

/* No complaint since the last look, or exactly @n, which are then gone. */
static inline void complaints(struct sim *s, unsigned n)
{
    static char text[4096];
    unsigned found = sim_complaints(s, text, sizeof(text));

    if (found != n) {
        fail_msg("%u complaints, not %u:\n%s", found, n, text);
    }
    sim_notes_clear(&s->dev.notes);
    sim_notes_clear(&s->xen.notes);
    sim_notes_clear(&s->bus.notes);
}

static inline void quiet(struct sim *s)
{
    static char text[4096];

    if (sim_check_quiet(s, text, sizeof(text)) != 0) {
        fail_msg("%s", text);
    }
}

/* ------------------------------------------------------------------ */
/* What a device model asks of Xen                                     */

static inline int map(struct sim *s, uint64_t gfn, uint64_t mfn, uint64_t nr)
{
    return s->xen.pt.ops->map_memory(s->xen.pt.priv, gfn, mfn, nr, true);
}

static inline int unmap(struct sim *s, uint64_t gfn, uint64_t mfn,
                        uint64_t nr)
{
    return s->xen.pt.ops->map_memory(s->xen.pt.priv, gfn, mfn, nr, false);
}

#define MFN0 (BAR0 >> PT_PAGE_SHIFT)
#define MFN3 ((uint64_t)BAR3 >> PT_PAGE_SHIFT)

static inline int map_msi(struct sim *s, unsigned nr, int *pirq)
{
    return s->xen.pt.ops->map_pirq_msi(&s->xen, &s->dev.pt.info.addr, nr, 0,
                                       0, pirq);
}

static inline int map_msix(struct sim *s, unsigned entry, int *pirq)
{
    return s->xen.pt.ops->map_pirq_msi(&s->xen, &s->dev.pt.info.addr, 1,
                                       entry, BAR3, pirq);
}

static inline int bind(struct sim *s, int pirq, uint8_t vec, bool unmasked,
                       uint64_t gtable)
{
    return s->xen.pt.ops->bind_msi(&s->xen, pirq, vec, unmasked ?
                                   SPEC_VMSI_UNMASKED : 0, gtable);
}

/* A test and the device that it gets; T_OWN: it makes its own. */
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
#define T_CONV(f) \
    cmocka_unit_test_setup_teardown(f, setup_conventional, teardown)
#define T_VF(f) cmocka_unit_test_setup_teardown(f, setup_vf, teardown)
#define T_OWN(f) cmocka_unit_test(f)

#endif
