/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The simulators against the specifications: what the engine's tests lean on
 * must itself be right. No code of the engine's is in this program.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <pci/header.h>

#include "sim.h"

/* ------------------------------------------------------------------ */
/* Stand-ins for the engine's                                          */

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

static void put(struct capture *c, unsigned off, unsigned len, uint32_t val)
{
    sim_put(c->cfg + off, len, val);
}

static void cap(struct capture *c, unsigned pos, uint8_t id, unsigned next)
{
    c->cfg[pos] = id;
    c->cfg[pos + 1] = (uint8_t)next;
}

static void add_bars(struct capture *c)
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
static void make_express(struct capture *c)
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
static void make_conventional(struct capture *c)
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

static void make_info(const struct capture *c, struct pt_device_info *info)
{
    memset(info, 0, sizeof(*info));
    info->addr = (struct pt_sbdf) { 0, 1, 2, 3 };
    info->vendor = (uint16_t)sim_get(c->cfg, 2);
    info->device = (uint16_t)sim_get(c->cfg + 2, 2);
    info->irq = GSI;
    memcpy(info->region, c->region, sizeof(info->region));
}

static struct sim *start(void (*make)(struct capture *), bool vf,
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

static void stop(struct sim *s)
{
    sim_fini(s);
    test_free(s);
}

static int setup(void **state)
{
    *state = start(make_express, false, NULL);
    return 0;
}

static int setup_conventional(void **state)
{
    *state = start(make_conventional, false, NULL);
    return 0;
}

static int setup_vf(void **state)
{
    *state = start(make_express, true, NULL);
    return 0;
}

static int teardown(void **state)
{
    stop(*state);
    return 0;
}

static uint32_t rd(struct sim *s, unsigned off, unsigned len)
{
    uint8_t buf[4] = { 0 };

    assert_int_equal(s->dev.pt.ops->read(s->dev.pt.priv, (uint16_t)off, buf,
                                         len), 0);
    return (uint32_t)sim_get(buf, len);
}

static void wr(struct sim *s, unsigned off, unsigned len, uint32_t val)
{
    uint8_t buf[4];

    sim_put(buf, len, val);
    assert_int_equal(s->dev.pt.ops->write(s->dev.pt.priv, (uint16_t)off, buf,
                                          len), 0);
}

static void wait_us(struct sim *s, uint32_t us)
{
    s->bus.pt.ops->delay_us(s->bus.pt.priv, us);
}

/* No complaint since the last look, or exactly @n, which are then gone. */
static void complaints(struct sim *s, unsigned n)
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

static void quiet(struct sim *s)
{
    static char text[4096];

    if (sim_check_quiet(s, text, sizeof(text)) != 0) {
        fail_msg("%s", text);
    }
}

/* ------------------------------------------------------------------ */
/* Bits                                                                */

struct bits {
    unsigned off, len;
    uint32_t rw, rw1c;
};

/* Write 0s and 1s over a register that holds 0s and 1s. */
static void check_bits(struct sim *s, const struct bits *b)
{
    uint32_t all = b->len == 4 ? UINT32_MAX : (1u << (8 * b->len)) - 1;
    uint32_t was = sim_dev_peek(&s->dev, b->off, b->len);
    uint32_t fixed = was & ~(b->rw | b->rw1c);

    wr(s, b->off, b->len, 0);
    assert_int_equal(rd(s, b->off, b->len), fixed | (was & b->rw1c));
    wr(s, b->off, b->len, all & ~b->rw1c);
    assert_int_equal(rd(s, b->off, b->len), fixed | b->rw | (was & b->rw1c));
    sim_dev_poke(&s->dev, b->off, b->len, fixed | b->rw1c);
    wr(s, b->off, b->len, 0);
    assert_int_equal(rd(s, b->off, b->len), fixed | b->rw1c);
    wr(s, b->off, b->len, b->rw1c);
    assert_int_equal(rd(s, b->off, b->len), fixed);
    sim_dev_poke(&s->dev, b->off, b->len, was);
}

static void test_header_bits(void **state)
{
    /* PCI Express 3.0, 7.5; PCI 3.0, 6.2. */
    static const struct bits b[] = {
        { PCI_VENDOR_ID, 4, 0, 0 },
        { PCI_COMMAND, 2, 0x0547, 0 },
        { PCI_STATUS, 2, 0, 0xf900 },
        { PCI_CLASS_REVISION, 4, 0, 0 },
        { PCI_CACHE_LINE_SIZE, 1, 0xff, 0 },
        { PCI_LATENCY_TIMER, 1, 0, 0 },
        { PCI_HEADER_TYPE, 1, 0, 0 },
        { PCI_BIST, 1, 0, 0 },
        { PCI_BASE_ADDRESS_0, 4, 0xffff0000, 0 },
        { PCI_BASE_ADDRESS_1, 4, 0xffffffff, 0 },
        { PCI_BASE_ADDRESS_2, 4, 0xffffffe0, 0 },
        { PCI_BASE_ADDRESS_3, 4, 0xffffc000, 0 },
        { PCI_BASE_ADDRESS_4, 4, 0, 0 },
        { PCI_CARDBUS_CIS, 4, 0, 0 },
        { PCI_SUBSYSTEM_VENDOR_ID, 4, 0, 0 },
        { PCI_ROM_ADDRESS, 4, 0xffff0001, 0 },
        { PCI_CAPABILITY_LIST, 1, 0, 0 },
        { PCI_INTERRUPT_LINE, 1, 0xff, 0 },
        { PCI_INTERRUPT_PIN, 1, 0, 0 },
        { 0x3e, 2, 0, 0 },
    };
    struct sim *s = *state;
    unsigned i;

    for (i = 0; i < sizeof(b) / sizeof(b[0]); i++) {
        check_bits(s, &b[i]);
    }
    complaints(s, 0);
}

static void test_capability_bits(void **state)
{
    static const struct bits b[] = {
        { PM, 4, 0, 0 },
        { PM + PCI_PM_PPB_EXTENSIONS, 1, 0, 0 },
        { MSI, 2, 0, 0 },
        { MSI + PCI_MSI_FLAGS, 2, 0x0071, 0 },
        { MSI + PCI_MSI_ADDRESS_LO, 4, 0xfffffffc, 0 },
        { MSI + PCI_MSI_ADDRESS_HI, 4, 0xffffffff, 0 },
        { MSI + PCI_MSI_DATA_64, 4, 0x0000ffff, 0 },
        { MSI + PCI_MSI_MASK_BIT_64, 4, 0x000000ff, 0 },
        { MSI + PCI_MSI_PENDING_64, 4, 0, 0 },
        { MSIX + 2, 2, 0xc000, 0 },
        { MSIX + PCI_MSIX_TABLE, 4, 0, 0 },
        { MSIX + PCI_MSIX_PBA, 4, 0, 0 },
        { VPD + PCI_VPD_DATA, 4, 0xffffffff, 0 },
        { VNDR, 3, 0, 0 },
        { VNDR + 3, 1, 0xff, 0 },
        { VNDR + 4, 4, 0xffffffff, 0 },
        { EXP, 4, 0, 0 },
        { EXP + PCI_EXP_DEVCAP, 4, 0, 0 },
        { EXP + PCI_EXP_DEVSTA, 2, 0, 0x000f },
        { EXP + PCI_EXP_LNKCAP, 4, 0, 0 },
        { EXP + PCI_EXP_LNKCTL, 2, 0x02cb, 0 },
        { EXP + PCI_EXP_LNKSTA, 2, 0, 0xc000 },
        { EXP + PCI_EXP_SLTCAP, 4, 0, 0 },
        { EXP + PCI_EXP_SLTCTL, 4, 0, 0 },
        { EXP + PCI_EXP_DEVCAP2, 4, 0, 0 },
        { EXP + PCI_EXP_DEVCTL2, 2, 0x035f, 0 },
        { EXP + PCI_EXP_LNKCTL2, 2, 0xffbf, 0 },
        { EXP + PCI_EXP_LNKSTA2, 2, 0, 0x0020 },
        { AER, 4, 0, 0 },
        { AER + PCI_ERR_UNCOR_STATUS, 4, 0, 0x03fff030 },
        { AER + PCI_ERR_UNCOR_MASK, 4, 0x03fff030, 0 },
        { AER + PCI_ERR_COR_STATUS, 4, 0, 0x0000f1c1 },
        { AER + PCI_ERR_HEADER_LOG, 4, 0, 0 },
        { 0xe0, 4, 0xffffffff, 0 },   /* device-specific */
    };
    struct sim *s = *state;
    unsigned i;

    for (i = 0; i < sizeof(b) / sizeof(b[0]); i++) {
        check_bits(s, &b[i]);
    }
}

static void test_conventional_bits(void **state)
{
    static const struct bits b[] = {
        { PCI_COMMAND, 2, 0x0757, 0 },
        { PCI_LATENCY_TIMER, 1, 0xff, 0 },
        { PM + PCI_PM_CTRL + 1, 1, 0, 0 },  /* no PME, no data */
        { MSI + PCI_MSI_FLAGS, 2, 0x0071, 0 },
        { MSI + PCI_MSI_DATA_32, 2, 0xffff, 0 },
        { MSI + 10, 2, 0xffff, 0 },         /* behind it: the device's */
        { 0x60 + PCI_AF_CAP, 1, 0, 0 },
        { 0x6a, 2, 0x7f, 0 },               /* PCI-X Command */
        { 0x6c, 4, 0, 0x200c0000 },
        { 0x80, 4, 0xffffffff, 0 },
    };
    struct sim *s = *state;
    unsigned i;

    assert_int_equal(s->dev.size, 256);
    for (i = 0; i < sizeof(b) / sizeof(b[0]); i++) {
        check_bits(s, &b[i]);
    }
}

static void test_bar_by_bytes(void **state)
{
    struct sim *s = *state;

    wr(s, PCI_BASE_ADDRESS_0 + 3, 1, 0x12);
    assert_int_equal(rd(s, PCI_BASE_ADDRESS_0, 4), 0x1200000c |
                     ((uint32_t)BAR0 & 0x00ffffff));
    wr(s, PCI_BASE_ADDRESS_2, 2, 0xabcd);
    assert_int_equal(rd(s, PCI_BASE_ADDRESS_2, 4), 0xabc1);
}

static void test_bar_16_bit_io(void **state)
{
    struct sim *s = start(make_express, false, &(struct sim_opts) {
        .dev.io16 = true });

    (void)state;
    wr(s, PCI_BASE_ADDRESS_2, 4, UINT32_MAX);
    assert_int_equal(rd(s, PCI_BASE_ADDRESS_2, 4), 0x0000ffe1);
    stop(s);
}

static void test_bar_above_4g(void **state)
{
    struct capture *c = test_calloc(1, sizeof(*c));
    struct sim_dev *d = test_malloc(sizeof(*d));
    struct pt_device_info info;

    (void)state;
    make_express(c);
    c->region[0].size = UINT64_C(1) << 33;
    make_info(c, &info);
    assert_int_equal(sim_dev_init(d, c, &info, NULL, NULL), 0);
    assert_int_equal(sim_get(d->rw + PCI_BASE_ADDRESS_0, 4), 0);
    assert_int_equal(sim_get(d->rw + PCI_BASE_ADDRESS_1, 4), 0xfffffffe);
    sim_dev_fini(d);
    test_free(d);
    test_free(c);
}

/* SR-IOV 1.1, 3.4.1. */
static void test_virtual_function(void **state)
{
    static const struct bits b[] = {
        { PCI_VENDOR_ID, 4, 0, 0 },
        { PCI_COMMAND, 2, PCI_COMMAND_MASTER, 0 },
        { PCI_BASE_ADDRESS_0, 4, 0, 0 },
        { PCI_BASE_ADDRESS_3, 4, 0, 0 },
        { PCI_ROM_ADDRESS, 4, 0, 0 },
        { PCI_INTERRUPT_PIN, 1, 0, 0 },
        { EXP + PCI_EXP_DEVCTL, 2, 0, 0 },
        { EXP + PCI_EXP_DEVSTA, 2, 0, 0x000f },
        { EXP + PCI_EXP_LNKCTL2, 2, 0, 0 },
        { MSIX + 2, 2, 0xc000, 0 },
    };
    struct sim *s = *state;
    uint64_t val = 0;
    unsigned i;

    assert_int_equal(rd(s, PCI_VENDOR_ID, 4), 0xffffffff);
    assert_int_equal(rd(s, PCI_BASE_ADDRESS_0, 4), 0);
    assert_int_equal(rd(s, PCI_COMMAND, 2) & 3, 0);
    for (i = 0; i + 1 < sizeof(b) / sizeof(b[0]); i++) {
        if (b[i].off != EXP + PCI_EXP_DEVCTL) {
            check_bits(s, &b[i]);
        }
    }
    /* It decodes all the same. */
    assert_true(sim_dev_decodes(&s->dev, BAR3, 4, NULL));
    assert_int_equal(s->dev.pt.ops->mmio_read(&s->dev, 3, 0, 4, &val), 0);
    assert_int_equal(s->dev.count.unsupported, 0);
    wr(s, EXP + PCI_EXP_DEVCTL, 2, 0xffff);
    assert_int_equal(s->dev.count.resets, 1);
}

/* ------------------------------------------------------------------ */
/* Power management: PCI PM 1.2                                        */

static void test_pm_unsupported_state_is_discarded(void **state)
{
    struct sim *s = *state;

    wr(s, PM + PCI_PM_CTRL, 2, 1);  /* no D1 */
    assert_int_equal(sim_dev_power(&s->dev), 0);
    assert_int_equal(s->dev.count.bad_states, 1);
    wr(s, PM + PCI_PM_CTRL, 2, 2);
    assert_int_equal(sim_dev_power(&s->dev), 2);
    wait_us(s, SIM_SETTLE_D2_US);
    wr(s, PM + PCI_PM_CTRL, 2, 3);
    wait_us(s, SIM_SETTLE_D3_US);
    wr(s, PM + PCI_PM_CTRL, 2, 2);  /* only to D0 from there */
    assert_int_equal(sim_dev_power(&s->dev), 3);
    assert_int_equal(s->dev.count.bad_states, 2);
    complaints(s, 0);
}

static void test_pm_settles(void **state)
{
    struct sim *s = *state;

    wr(s, PM + PCI_PM_CTRL, 2, 3);
    assert_false(sim_dev_answers(&s->dev));
    wait_us(s, SIM_SETTLE_D3_US - 1);
    assert_int_equal(rd(s, PCI_VENDOR_ID, 4), 0xffffffff);
    wr(s, PCI_CACHE_LINE_SIZE, 1, 0x10);
    assert_int_equal(s->dev.count.early, 2);
    complaints(s, 2);
    wait_us(s, 1);
    assert_int_equal(rd(s, PCI_VENDOR_ID, 4), 0x10c98086);
    assert_int_equal(rd(s, PCI_CACHE_LINE_SIZE, 1), 0);
    assert_int_equal(rd(s, PM + PCI_PM_CTRL, 2) & 3, 3);
    /* Registers work in D3hot, memory does not. */
    wr(s, PCI_CACHE_LINE_SIZE, 1, 0x10);
    assert_int_equal(rd(s, PCI_CACHE_LINE_SIZE, 1), 0x10);
    assert_false(sim_dev_decodes(&s->dev, BAR3, 4, NULL));
    complaints(s, 0);
}

static void test_pm_soft_reset(void **state)
{
    struct sim *s = *state;

    wr(s, 0xe0, 4, 0x11111111);
    wr(s, AER + PCI_ERR_UNCOR_MASK, 4, 0x1000);
    wr(s, PM + PCI_PM_CTRL, 2, PCI_PM_CTRL_PME_ENABLE | 3);
    wait_us(s, SIM_SETTLE_D3_US);
    assert_int_equal(s->dev.count.resets, 0);
    wr(s, PM + PCI_PM_CTRL, 2, PCI_PM_CTRL_PME_ENABLE);
    assert_int_equal(s->dev.count.resets, 1);
    assert_false(sim_dev_answers(&s->dev));
    wait_us(s, SIM_SETTLE_D3_US);
    assert_int_equal(rd(s, PCI_COMMAND, 2), 0);
    assert_int_equal(rd(s, PCI_BASE_ADDRESS_0, 4), 0xc);
    assert_int_equal(rd(s, PCI_BASE_ADDRESS_1, 4), 0);
    assert_int_equal(rd(s, PCI_ROM_ADDRESS, 4), 0);
    assert_int_equal(rd(s, PCI_VENDOR_ID, 4), 0x10c98086);
    assert_int_equal(rd(s, PCI_SUBSYSTEM_VENDOR_ID, 4), 0xa03c8086);
    assert_int_equal(rd(s, PCI_INTERRUPT_PIN, 1), 1);
    assert_int_equal(rd(s, 0xe0, 4), 0);
    assert_int_equal(rd(s, VNDR + 4, 4), 0x12345678);
    assert_int_equal(rd(s, EXP + PCI_EXP_DEVCTL, 2), 0x2810);
    /* Sticky: AER, and PME where it works in D3cold. */
    assert_int_equal(rd(s, AER + PCI_ERR_UNCOR_MASK, 4), 0x1000);
    assert_int_equal(rd(s, PM + PCI_PM_CTRL, 2) & PCI_PM_CTRL_PME_ENABLE,
                     PCI_PM_CTRL_PME_ENABLE);
    complaints(s, 0);
}

static void test_pm_reset_without_aux_power(void **state)
{
    struct sim *s = start(make_express, false, &(struct sim_opts) {
        .dev.lose_sticky = true });

    (void)state;
    wr(s, AER + PCI_ERR_UNCOR_MASK, 4, 0x1000);
    wr(s, AER + PCI_ERR_UNCOR_SEVER, 4, 0);
    wr(s, PM + PCI_PM_CTRL, 2, 3);
    wait_us(s, SIM_SETTLE_D3_US);
    wr(s, PM + PCI_PM_CTRL, 2, 0);
    wait_us(s, SIM_SETTLE_D3_US);
    assert_int_equal(rd(s, AER + PCI_ERR_UNCOR_MASK, 4), 0);
    assert_int_equal(rd(s, AER + PCI_ERR_UNCOR_SEVER, 4), 0x00462030);
    stop(s);
}

static void test_pm_no_soft_reset(void **state)
{
    struct sim *s = *state;

    sim_dev_set_bits(&s->dev, PM + PCI_PM_CTRL, 2, PCI_PM_CTRL_NO_SOFT_RST);
    wr(s, PCI_CACHE_LINE_SIZE, 1, 0x10);
    wr(s, PM + PCI_PM_CTRL, 1, 3);
    wait_us(s, SIM_SETTLE_D3_US);
    wr(s, PM + PCI_PM_CTRL, 1, 0);
    wait_us(s, SIM_SETTLE_D3_US);
    assert_int_equal(rd(s, PCI_CACHE_LINE_SIZE, 1), 0x10);
    assert_int_equal(rd(s, PCI_BASE_ADDRESS_3, 4), BAR3);
    assert_int_equal(s->dev.count.resets, 0);
}

/* Before version 3 the bit means nothing. */
static void test_pm_version_2_always_resets(void **state)
{
    struct sim *s = *state;

    wr(s, PM + PCI_PM_CTRL, 2, 3);
    wait_us(s, SIM_SETTLE_D3_US);
    wr(s, PM + PCI_PM_CTRL, 2, 0);
    assert_int_equal(s->dev.count.resets, 1);
}

static void test_pm_status_and_data(void **state)
{
    struct sim *s = *state;

    sim_dev_set_bits(&s->dev, PM + PCI_PM_CTRL, 2, PCI_PM_CTRL_PME_STATUS);
    wr(s, PM + PCI_PM_CTRL, 2, 3 << 9);
    assert_int_equal(rd(s, PM + PCI_PM_CTRL, 2), 0x8000 | 0x2000 | 3 << 9);
    assert_int_equal(rd(s, PM + PCI_PM_DATA_REGISTER, 1), 0x1d);
    wr(s, PM + PCI_PM_CTRL, 2, 0x8000);
    assert_int_equal(rd(s, PM + PCI_PM_CTRL, 2), 0x2000);
    assert_int_equal(rd(s, PM + PCI_PM_DATA_REGISTER, 1), 0x1a);
}

/* ------------------------------------------------------------------ */
/* Resets: PCI Express 3.0, 6.6.2; AF ECN                              */

static void test_flr(void **state)
{
    struct sim *s = *state;

    wr(s, PCI_CACHE_LINE_SIZE, 1, 0x10);
    s->dev.msix.table[3] = 0;
    assert_true(sim_dev_mem_write(&s->dev, BAR3 + 0x10, 4, 7));
    wr(s, EXP + PCI_EXP_DEVCTL, 2, 0x8000 | 0x2810);
    assert_int_equal(s->dev.count.resets, 1);
    wait_us(s, SIM_SETTLE_FLR_US - 1);
    assert_int_equal(rd(s, PCI_CACHE_LINE_SIZE, 1), 0xff);
    complaints(s, 1);
    wait_us(s, 1);
    assert_int_equal(rd(s, PCI_CACHE_LINE_SIZE, 1), 0);
    assert_int_equal(rd(s, EXP + PCI_EXP_DEVCTL, 2), 0x2810);
    assert_int_equal(sim_dev_msix_word(&s->dev, 0, 3), 1);
}

static void test_no_flr_without_the_capability(void **state)
{
    struct sim *s = *state;

    sim_dev_poke(&s->dev, EXP + PCI_EXP_DEVCAP, 4, 0x8cc2);
    wr(s, EXP + PCI_EXP_DEVCTL, 2, 0x8000);
    assert_int_equal(s->dev.count.resets, 0);
    assert_int_equal(rd(s, EXP + PCI_EXP_DEVCTL, 2), 0);
}

static void test_hot_reset(void **state)
{
    struct sim *s = *state;

    wr(s, PCI_CACHE_LINE_SIZE, 1, 0x10);
    wr(s, PM + PCI_PM_CTRL, 2, 3);
    sim_dev_hot_reset(&s->dev);
    assert_true(sim_dev_answers(&s->dev));
    assert_int_equal(sim_dev_power(&s->dev), 0);
    assert_int_equal(rd(s, PCI_CACHE_LINE_SIZE, 1), 0);
    assert_int_equal(s->dev.count.resets, 0);
}

static void test_advanced_features_flr(void **state)
{
    struct sim *s = *state;

    wr(s, 0x60 + PCI_AF_CTRL, 1, 0);
    assert_int_equal(s->dev.count.resets, 0);
    wr(s, 0x60 + PCI_AF_CTRL, 1, PCI_AF_CTRL_FLR);
    assert_int_equal(s->dev.count.resets, 1);
    wait_us(s, SIM_SETTLE_FLR_US);
    assert_int_equal(rd(s, 0x60 + PCI_AF_CTRL, 1), 0);
    assert_int_equal(rd(s, 0x80, 4), 0xcafe0001);
}

/* ------------------------------------------------------------------ */
/* VPD: PCI 3.0, appendix I                                            */

static void test_vpd_read(void **state)
{
    struct sim *s = *state;

    wr(s, VPD + PCI_VPD_ADDR, 2, 0);
    assert_int_equal(rd(s, VPD + PCI_VPD_DATA, 4), 0);  /* not yet */
    assert_int_equal(rd(s, VPD + PCI_VPD_ADDR, 2), 0);
    assert_int_equal(rd(s, VPD + PCI_VPD_ADDR, 2), 0x8000);
    assert_int_equal(rd(s, VPD + PCI_VPD_DATA, 4), 0x53000d82);
    wr(s, VPD + PCI_VPD_ADDR, 2, 0x7ffc);               /* beyond it */
    rd(s, VPD + PCI_VPD_ADDR, 2);
    assert_int_equal(rd(s, VPD + PCI_VPD_ADDR, 2), 0xfffc);
    assert_int_equal(rd(s, VPD + PCI_VPD_DATA, 4), UINT32_MAX);
}

static void test_vpd_write(void **state)
{
    struct sim *s = *state;

    wr(s, VPD + PCI_VPD_DATA, 4, 0xdeadbeef);
    wr(s, VPD + PCI_VPD_ADDR, 2, 0x8040);
    assert_int_equal(sim_get(s->dev.vpd.store + 0x40, 4), 0);
    assert_int_equal(rd(s, VPD + PCI_VPD_ADDR, 2), 0x8040);
    assert_int_equal(rd(s, VPD + PCI_VPD_ADDR, 2), 0x0040);
    assert_int_equal(sim_get(s->dev.vpd.store + 0x40, 4), 0xdeadbeef);
}

static void test_vpd_by_time(void **state)
{
    struct sim *s = start(make_express, false, &(struct sim_opts) {
        .dev.vpd_us = 500, .dev.vpd_polls = 1000 });

    (void)state;
    wr(s, VPD + PCI_VPD_ADDR, 2, 0);
    assert_int_equal(rd(s, VPD + PCI_VPD_ADDR, 2), 0);
    wait_us(s, 500);
    assert_int_equal(rd(s, VPD + PCI_VPD_ADDR, 2), 0x8000);
    stop(s);
}

/* ------------------------------------------------------------------ */
/* Interrupts: PCI 3.0, 6.8                                            */

struct sent {
    unsigned num;
    uint64_t addr;
    uint32_t data;
    bool line;
};

static void on_message(void *priv, struct sim_dev *d, uint64_t addr,
                       uint32_t data)
{
    struct sent *m = priv;

    (void)d;
    m->num++;
    m->addr = addr;
    m->data = data;
}

static void on_line(void *priv, struct sim_dev *d, bool asserted)
{
    struct sent *m = priv;

    (void)d;
    m->line = asserted;
}

static void listen_to(struct sim *s, struct sent *m)
{
    memset(m, 0, sizeof(*m));
    s->dev.sink = (struct sim_dev_sink) {
        .priv = m, .message = on_message, .line = on_line,
    };
}

static void test_msi(void **state)
{
    struct sim *s = *state;
    struct sent m;

    listen_to(s, &m);
    assert_int_equal(sim_dev_send_msi(&s->dev, 0), SIM_NOT_SENT);
    sim_dev_xen_write(&s->dev, MSI + PCI_MSI_ADDRESS_LO, 4, 0xfee01004);
    sim_dev_xen_write(&s->dev, MSI + PCI_MSI_ADDRESS_HI, 4, 0x5);
    sim_dev_xen_write(&s->dev, MSI + PCI_MSI_DATA_64, 2, 0x41c7);
    /* The hardware takes any number of messages that it is told. */
    wr(s, MSI + PCI_MSI_FLAGS, 2, 0x0051);
    assert_int_equal(rd(s, MSI + PCI_MSI_FLAGS, 2), 0x01d7);
    assert_int_equal(sim_dev_send_msi(&s->dev, 7), SIM_SENT);
    assert_int_equal(sim_dev_send_msi(&s->dev, 8), SIM_NOT_SENT);
    wr(s, MSI + PCI_MSI_FLAGS, 2, 0x0021);
    assert_int_equal(sim_dev_send_msi(&s->dev, 2), SIM_SENT);
    assert_int_equal(m.num, 2);
    assert_true(m.addr == UINT64_C(0x5fee01004));
    assert_int_equal(m.data, 0x41c4 | 2);
    assert_int_equal(sim_dev_send_msi(&s->dev, 4), SIM_NOT_SENT);
    /* A message is a memory write. */
    wr(s, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
    assert_int_equal(sim_dev_send_msi(&s->dev, 0), SIM_NOT_SENT);
    assert_int_equal(s->dev.count.msi_written_by_dm, 0);
    complaints(s, 0);
}

static void test_msi_mask_and_pending(void **state)
{
    struct sim *s = *state;
    struct sent m;

    listen_to(s, &m);
    wr(s, MSI + PCI_MSI_FLAGS, 2, 0x0031);
    sim_dev_xen_write(&s->dev, MSI + PCI_MSI_MASK_BIT_64, 4, 0x6);
    assert_int_equal(sim_dev_send_msi(&s->dev, 1), SIM_PENDING);
    assert_int_equal(sim_dev_send_msi(&s->dev, 2), SIM_PENDING);
    assert_int_equal(rd(s, MSI + PCI_MSI_PENDING_64, 4), 0x6);
    sim_dev_xen_write(&s->dev, MSI + PCI_MSI_MASK_BIT_64, 4, 0x4);
    assert_int_equal(m.num, 1);
    assert_int_equal(m.data & 7, 1);
    assert_int_equal(rd(s, MSI + PCI_MSI_PENDING_64, 4), 0x4);
}

static void test_msix_table(void **state)
{
    struct sim *s = *state;
    uint64_t val = 0;
    unsigned i;

    for (i = 0; i < 10; i++) {
        assert_int_equal(sim_dev_msix_word(&s->dev, i, 3), 1);
    }
    assert_true(sim_dev_mem_write(&s->dev, BAR3 + 0x1000, 8, UINT64_MAX));
    assert_true(sim_dev_mem_write(&s->dev, BAR3 + 0x1008, 4, 0x1234));
    assert_true(sim_dev_mem_write(&s->dev, BAR3 + 0x100c, 4, UINT32_MAX));
    assert_true(sim_dev_mem_read(&s->dev, BAR3 + 0x1000, 8, &val));
    assert_true(val == UINT64_C(0xfffffffffffffffc));
    assert_true(sim_dev_mem_read(&s->dev, BAR3 + 0x1008, 8, &val));
    assert_true(val == UINT64_C(0x100001234));
    assert_true(sim_dev_mem_read(&s->dev, BAR3 + 0x1009, 1, &val));
    assert_int_equal(val, 0x12);
    /* Undefined, here ignored. */
    assert_true(sim_dev_mem_write(&s->dev, BAR3 + 0x1008, 2, 0xffff));
    assert_int_equal(sim_dev_msix_word(&s->dev, 0, 2), 0x1234);
    /* What follows the table is plain memory. */
    assert_true(sim_dev_mem_write(&s->dev, BAR3 + 0x10a0, 1, 0x5a));
    assert_true(sim_dev_mem_read(&s->dev, BAR3 + 0x10a0, 4, &val));
    assert_int_equal(val, 0x5a);
    /* The Pending Bit Array is read-only. */
    s->dev.msix.pba[0] = 0x205;
    assert_true(sim_dev_mem_write(&s->dev, BAR3 + 0x2000, 8, 0));
    assert_true(sim_dev_mem_read(&s->dev, BAR3 + 0x2001, 1, &val));
    assert_int_equal(val, 2);
}

static void test_msix_pending(void **state)
{
    struct sim *s = *state;
    struct sent m;

    listen_to(s, &m);
    assert_int_equal(sim_dev_send_msix(&s->dev, 3), SIM_NOT_SENT);
    wr(s, MSIX + 2, 2, PCI_MSIX_ENABLE | PCI_MSIX_MASK);
    assert_int_equal(sim_dev_send_msix(&s->dev, 10), SIM_NOT_SENT);
    assert_int_equal(sim_dev_send_msix(&s->dev, 3), SIM_PENDING);
    sim_dev_xen_write_msix(&s->dev, 3, 0, 0xfee00000);
    sim_dev_xen_write_msix(&s->dev, 3, 2, 0x4567);
    sim_dev_xen_write_msix(&s->dev, 3, 3, 0);
    assert_int_equal(m.num, 0);  /* the function is masked */
    wr(s, MSIX + 2, 2, PCI_MSIX_ENABLE);
    assert_int_equal(m.num, 1);
    assert_int_equal(m.data, 0x4567);
    assert_int_equal(s->dev.msix.pba[0], 0);
    sim_dev_xen_write_msix(&s->dev, 3, 3, 1);
    assert_int_equal(sim_dev_send_msix(&s->dev, 3), SIM_PENDING);
    assert_int_equal(s->dev.msix.pba[0], 8);
    sim_dev_xen_write_msix(&s->dev, 3, 3, 0);
    assert_int_equal(m.num, 2);
    assert_int_equal(sim_dev_send_msix(&s->dev, 3), SIM_SENT);
    assert_int_equal(m.num, 3);
}

static void test_intx(void **state)
{
    struct sim *s = *state;
    struct sent m;

    listen_to(s, &m);
    sim_dev_set_intx(&s->dev, true);
    assert_false(m.line);  /* INTx is disabled */
    assert_int_equal(rd(s, PCI_STATUS, 2) & PCI_STATUS_INTx,
                     PCI_STATUS_INTx);
    wr(s, PCI_COMMAND, 2, 0x0007);
    assert_true(m.line);
    wr(s, MSI + PCI_MSI_FLAGS, 2, 1);
    assert_false(m.line);
    wr(s, MSI + PCI_MSI_FLAGS, 2, 0);
    assert_true(m.line);
    wr(s, PCI_COMMAND, 2, 0x0407);
    assert_false(m.line);
    wr(s, PCI_COMMAND, 2, 0x0007);
    sim_dev_set_intx(&s->dev, false);
    assert_false(m.line);
    assert_int_equal(rd(s, PCI_STATUS, 2) & PCI_STATUS_INTx, 0);
    assert_int_equal(sim_dev_interrupt(&s->dev, 0), SIM_SENT);
    /* A reset ends it. */
    wr(s, EXP + PCI_EXP_DEVCTL, 2, 0x8000);
    assert_false(m.line);
}

/* ------------------------------------------------------------------ */
/* Memory                                                              */

static void test_memory_follows_decoders(void **state)
{
    struct sim *s = *state;
    const struct pt_device_ops *ops = s->dev.pt.ops;
    uint64_t val = 0;

    assert_int_equal(ops->mmio_write(&s->dev, 3, 8, 4, 0x11223344), 0);
    assert_int_equal(ops->mmio_read(&s->dev, 3, 10, 2, &val), 0);
    assert_int_equal(val, 0x1122);
    assert_int_equal(s->dev.count.mmio_writes[2], 1);
    assert_int_equal(s->dev.count.mmio_reads[1], 1);
    wr(s, PCI_COMMAND, 2, 0);
    assert_int_equal(ops->mmio_read(&s->dev, 3, 8, 4, &val), 0);
    assert_int_equal(val, 0xffffffff);
    assert_int_equal(s->dev.count.unsupported, 1);
    wr(s, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
    wr(s, PCI_BASE_ADDRESS_3, 4, BAR3 + 0x10000);
    assert_int_equal(ops->mmio_read(&s->dev, 3, 8, 8, &val), 0);
    assert_true(val == UINT64_MAX);
    assert_true(sim_dev_mem_read(&s->dev, BAR3 + 0x10008, 4, &val));
    assert_int_equal(val, 0x11223344);
    complaints(s, 0);
}

static void test_memory_of_a_device_that_is_busy(void **state)
{
    struct sim *s = *state;
    uint64_t val = 0;

    wr(s, EXP + PCI_EXP_DEVCTL, 2, 0x8000);
    assert_int_equal(s->dev.pt.ops->mmio_read(&s->dev, 3, 0, 2, &val), 0);
    assert_int_equal(val, 0xffff);
    assert_int_equal(s->dev.count.early, 1);
    assert_int_equal(s->dev.pt.ops->mmio_write(&s->dev, 3, 0, 2, 0), 0);
    complaints(s, 2);
}

static void test_memory_is_bounded(void **state)
{
    struct sim_dev *d = test_malloc(sizeof(*d));
    struct capture *c = test_malloc(sizeof(*c));
    struct pt_device_info info;
    uint64_t i, val = 1;

    (void)state;
    make_express(c);
    c->region[0].size = UINT64_C(1) << 28;
    make_info(c, &info);
    assert_int_equal(sim_dev_init(d, c, &info, NULL, NULL), 0);
    for (i = 0; i < SIM_PAGES_MAX + 10; i++) {
        assert_true(sim_dev_mem_write(d, BAR0 + i * 4096, 8, i));
    }
    assert_int_equal(d->num_pages, SIM_PAGES_MAX);
    assert_true(sim_dev_mem_read(d, BAR0 + (i - 1) * 4096, 8, &val));
    assert_int_equal(val, 0);
    assert_true(sim_dev_mem_read(d, BAR0 + 99 * 4096, 8, &val));
    assert_int_equal(val, 99);
    sim_dev_fini(d);
    test_free(d);
    test_free(c);
}

static void test_rom(void **state)
{
    struct sim *s = *state;
    uint64_t val = 0;

    assert_false(sim_dev_mem_read(&s->dev, ROM, 2, &val));
    wr(s, PCI_ROM_ADDRESS, 4, ROM | PCI_ROM_ADDRESS_ENABLE);
    assert_true(sim_dev_mem_read(&s->dev, ROM, 4, &val));
    assert_int_equal(val, 0x80aa55);
}

static void test_illegal_accesses_are_complaints(void **state)
{
    struct sim *s = *state;
    const struct pt_device_ops *ops = s->dev.pt.ops;
    uint8_t buf[8];
    uint64_t val;

    assert_int_equal(ops->read(&s->dev, 0xffd, buf, 4), -EINVAL);
    assert_int_equal(ops->write(&s->dev, 0, buf, 0), -EINVAL);
    assert_int_equal(ops->mmio_read(&s->dev, 7, 0, 4, &val), -EINVAL);
    assert_int_equal(ops->mmio_read(&s->dev, 2, 0, 4, &val), -EINVAL);
    assert_int_equal(ops->mmio_read(&s->dev, 3, 2, 4, &val), -EINVAL);
    assert_int_equal(ops->mmio_read(&s->dev, 3, 0x4000, 4, &val), -EINVAL);
    assert_int_equal(ops->mmio_write(&s->dev, 3, 0, 3, 0), -EINVAL);
    ops->close(&s->dev);
    ops->close(&s->dev);
    complaints(s, 8);
    assert_int_equal(ops->read(&s->dev, 0, buf, 4), 0);
    complaints(s, 1);
}

/* ------------------------------------------------------------------ */
/* Instruments                                                         */

static void test_cycles_are_counted(void **state)
{
    struct sim *s = *state;
    const struct pt_device_ops *ops = s->dev.pt.ops;
    uint8_t buf[256];

    assert_int_equal(ops->read(&s->dev, 0, buf, 256), 0);
    assert_int_equal(s->dev.count.reads, 1);
    assert_int_equal(s->dev.count.read_bytes, 256);
    assert_int_equal(s->dev.count.read_cycles, 64);
    assert_int_equal(ops->read(&s->dev, 1, buf, 3), 0);
    assert_int_equal(s->dev.count.read_cycles, 66);
    assert_int_equal(ops->write(&s->dev, 0xe2, buf, 6), 0);
    assert_int_equal(s->dev.count.writes, 1);
    assert_int_equal(s->dev.count.write_cycles, 2);
}

static void test_writes_are_recorded(void **state)
{
    struct sim *s = *state;
    const struct sim_write *w;

    sim_dev_set_bits(&s->dev, PCI_STATUS, 2, 0x2000);
    wr(s, PCI_COMMAND, 4, 0x20000405);
    w = sim_dev_last_write(&s->dev, 0);
    assert_int_equal(w->off, PCI_COMMAND);
    assert_int_equal(w->len, 4);
    assert_int_equal(sim_get(w->val, 4), 0x20000405);
    assert_int_equal(sim_get(w->changed, 4), 0x20000002);
    assert_false(w->lost);
    /* Meant to change: also what the hardware does not let. */
    assert_int_equal(s->dev.touched[PCI_COMMAND], 0x02);
    assert_int_equal(s->dev.touched[PCI_STATUS], 0x10);
    assert_int_equal(s->dev.touched[PCI_STATUS + 1], 0x20);
    assert_int_equal(s->dev.changed[PCI_STATUS], 0);
    assert_int_equal(s->dev.covered[PCI_STATUS], 1);
    assert_int_equal(s->dev.covered[PCI_CLASS_REVISION], 0);
    assert_int_equal(sim_dev_writes_at(&s->dev, PCI_STATUS, 1), 1);
    assert_int_equal(sim_dev_writes_at(&s->dev, PCI_CLASS_REVISION, 1), 0);
    assert_null(sim_dev_last_write(&s->dev, 1));
    sim_dev_forget(&s->dev);
    assert_int_equal(s->dev.covered[PCI_STATUS], 0);
    assert_null(sim_dev_last_write(&s->dev, 0));
}

static void test_faults(void **state)
{
    struct sim *s = *state;
    const struct pt_device_ops *ops = s->dev.pt.ops;
    uint8_t buf[4] = { 0x12 };
    uint64_t val;

    sim_fault_at(&s->dev.config_fault, 2, EIO);
    assert_int_equal(ops->read(&s->dev, 0, buf, 4), 0);
    buf[0] = 0x12;
    assert_int_equal(ops->write(&s->dev, PCI_CACHE_LINE_SIZE, buf, 1), -EIO);
    assert_true(sim_dev_last_write(&s->dev, 0)->lost);
    assert_int_equal(rd(s, PCI_CACHE_LINE_SIZE, 1), 0);
    assert_int_equal(s->dev.config_fault.fired, 1);
    sim_fault_always(&s->dev.config_fault, ENODEV);
    assert_int_equal(ops->read(&s->dev, 0, buf, 4), -ENODEV);
    sim_fault_clear(&s->dev.config_fault);
    assert_int_equal(ops->read(&s->dev, 0, buf, 4), 0);
    sim_fault_at(&s->dev.mmio_fault, 1, EIO);
    assert_int_equal(ops->mmio_read(&s->dev, 3, 0, 4, &val), -EIO);
    assert_int_equal(ops->mmio_read(&s->dev, 3, 0, 4, &val), 0);
    complaints(s, 0);
}

static void test_vanished(void **state)
{
    struct sim *s = *state;
    uint64_t val = 0;

    s->dev.vanished = true;
    wr(s, PCI_CACHE_LINE_SIZE, 1, 0x10);
    assert_int_equal(rd(s, 0, 4), 0xffffffff);
    assert_int_equal(s->dev.pt.ops->mmio_read(&s->dev, 3, 0, 4, &val), 0);
    assert_int_equal(val, 0xffffffff);
    assert_int_equal(sim_dev_interrupt(&s->dev, 0), SIM_NOT_SENT);
    s->dev.vanished = false;
    assert_int_equal(rd(s, PCI_CACHE_LINE_SIZE, 1), 0);
    complaints(s, 0);
}

static void lie(struct sim_dev *d, uint16_t pos, uint8_t *buf, unsigned len)
{
    unsigned *calls = d->hooks.priv;

    (void)len;
    (*calls)++;
    if (pos == 0) {
        buf[0] = 0x99;
    } else {
        sim_dev_poke(d, 0xe0, 4, 0x5555);
    }
}

static void watch(struct sim_dev *d, uint16_t pos, const uint8_t *buf,
                  unsigned len)
{
    unsigned *calls = d->hooks.priv;

    (void)pos;
    (void)buf;
    *calls += 10 * len;
}

static void test_hooks(void **state)
{
    struct sim *s = *state;
    unsigned calls = 0;

    s->dev.hooks = (struct sim_dev_hooks) {
        .priv = &calls, .on_read = lie, .on_write = watch,
    };
    assert_int_equal(rd(s, 0, 4), 0x10c98099);
    assert_int_equal(rd(s, 0xe0, 4), 0);
    assert_int_equal(sim_dev_peek(&s->dev, 0xe0, 4), 0x5555);
    wr(s, 0xe0, 4, 1);
    assert_int_equal(calls, 42);
}

static void test_xens_registers_are_watched(void **state)
{
    struct sim *s = *state;
    const struct pt_device_ops *ops = s->dev.pt.ops;

    wr(s, MSI + PCI_MSI_FLAGS, 2, 0);
    complaints(s, 0);
    wr(s, MSI + PCI_MSI_ADDRESS_LO, 4, 0);
    wr(s, MSI + PCI_MSI_DATA_64, 2, 0);
    wr(s, MSI + PCI_MSI_MASK_BIT_64 + 3, 1, 0);
    assert_int_equal(s->dev.count.msi_written_by_dm, 7);
    complaints(s, 3);
    wr(s, MSI + PCI_MSI_DATA_64 + 2, 2, 0);     /* reserved */
    wr(s, MSI + PCI_MSI_PENDING_64, 4, 0);      /* read-only */
    complaints(s, 0);
    assert_int_equal(ops->mmio_write(&s->dev, 3, 0x10fc, 4, 0), 0);
    complaints(s, 0);
    assert_int_equal(ops->mmio_write(&s->dev, 3, 0x109c, 4, 0), 0);
    assert_int_equal(s->dev.count.msix_written_by_dm, 1);
    complaints(s, 1);
}

/* Captures are what somebody's disk holds. */
static void test_hostile_captures(void **state)
{
    static const uint8_t ids[] = { 0x01, 0x03, 0x05, 0x07, 0x09, 0x10, 0x11,
                                   0x13, 0xff };
    struct capture *c = test_malloc(sizeof(*c));
    struct sim *s = test_malloc(sizeof(*s));
    struct pt_device_info info;
    unsigned i, j;

    (void)state;
    for (i = 0; i < 2 * sizeof(ids); i++) {
        memset(c, i & 1 ? 0xff : 0, sizeof(*c));
        c->len = i & 1 ? UINT32_MAX : 256;
        put(c, PCI_STATUS, 2, PCI_STATUS_CAP_LIST);
        put(c, PCI_HEADER_TYPE, 1, 0);
        put(c, PCI_CAPABILITY_LIST, 1, 0xff);
        cap(c, 0xfc, ids[i / 2], 0xfc);    /* at the end, and a loop */
        memset(c->region, 0, sizeof(c->region));
        make_info(c, &info);
        for (j = 0; j < PT_NUM_REGIONS; j++) {
            c->region[j] = info.region[j] = (struct pt_region) {
                UINT64_MAX, i & 1 ? UINT64_MAX : 3, j };
        }
        assert_int_equal(sim_init(s, c, &info, NULL), 0);
        for (j = 0; j < 256; j++) {
            wr(s, j, 1, 0xff);
            wait_us(s, SIM_SETTLE_FLR_US);
            wr(s, j & 0xfc, 4, 0x5a5a5a5a);
            wait_us(s, SIM_SETTLE_FLR_US);
        }
        sim_dev_send_msi(&s->dev, 0);
        sim_dev_send_msix(&s->dev, 0);
        sim_fini(s);
    }
    test_free(s);
    test_free(c);
}

/* ------------------------------------------------------------------ */
/* Xen: memory and ports                                               */

static int map(struct sim *s, uint64_t gfn, uint64_t mfn, uint64_t nr)
{
    return s->xen.pt.ops->map_memory(s->xen.pt.priv, gfn, mfn, nr, true);
}

static int unmap(struct sim *s, uint64_t gfn, uint64_t mfn, uint64_t nr)
{
    return s->xen.pt.ops->map_memory(s->xen.pt.priv, gfn, mfn, nr, false);
}

#define MFN0 (BAR0 >> PT_PAGE_SHIFT)
#define MFN3 ((uint64_t)BAR3 >> PT_PAGE_SHIFT)

static void test_xen_memory(void **state)
{
    struct sim *s = *state;

    assert_int_equal(map(s, 0xf0000, MFN0, 16), 0);
    assert_true(sim_xen_has_mem(&s->xen, 0xf0003, MFN0 + 3, 13));
    assert_false(sim_xen_has_mem(&s->xen, 0xf0003, MFN0 + 3, 14));
    assert_int_equal(map(s, 0xf0010, MFN3, 1), 0);
    complaints(s, 0);
    assert_int_equal(map(s, 0xf000f, MFN3, 1), -EBUSY);
    assert_int_equal(map(s, 0xf0020, MFN3 + 3, 2), -EPERM);
    assert_int_equal(map(s, 0xf0020, MFN3, 0), -EINVAL);
    assert_int_equal(map(s, UINT64_C(1) << 28, MFN3, 1), -EINVAL);
    assert_int_equal(map(s, UINT64_MAX, MFN3, 2), -EINVAL);
    assert_int_equal(unmap(s, 0xf0000, MFN0, 15), -EINVAL);
    assert_int_equal(unmap(s, 0xf0000, MFN0 + 1, 16), -EINVAL);
    complaints(s, 6);
    assert_int_equal(s->xen.beyond, 1);
    s->xen.opts.gfn_strict = true;
    assert_int_equal(map(s, (UINT64_C(1) << 28) - 1, MFN3, 2), -EINVAL);
    complaints(s, 1);
    assert_int_equal(map(s, 0xf0020, MFN3 + 1, 1), 0);  /* the table */
    complaints(s, 1);
    assert_int_equal(sim_xen_leaks(&s->xen, NULL, 0), 3);
    assert_int_equal(unmap(s, 0xf0000, MFN0, 16), 0);
    assert_int_equal(unmap(s, 0xf0010, MFN3, 1), 0);
    assert_int_equal(unmap(s, 0xf0020, MFN3 + 1, 1), 0);
    quiet(s);
    assert_int_equal(unmap(s, 0xf0020, MFN3 + 1, 1), -EINVAL);
    complaints(s, 1);
    assert_int_equal(s->xen.calls[SIM_MAP_MEMORY], 9);
    assert_int_equal(s->xen.calls[SIM_UNMAP_MEMORY], 6);
    assert_int_equal(s->xen.total, 15);
}

static void test_xen_ports(void **state)
{
    struct sim *s = *state;
    const struct pt_xen_ops *x = s->xen.pt.ops;

    assert_int_equal(x->map_ports(&s->xen, 0xc000, PORT, 32, true), 0);
    assert_true(sim_xen_has_ports(&s->xen, 0xc000, PORT, 32));
    assert_int_equal(x->map_ports(&s->xen, 0xc01f, PORT, 1, true), -EBUSY);
    assert_int_equal(x->map_ports(&s->xen, 0xd000, PORT, 33, true), -EPERM);
    assert_int_equal(x->map_ports(&s->xen, 0xfff0, PORT, 32, true), -EINVAL);
    complaints(s, 3);
    sim_guest_io_write(&s->bus, 0xc004, 2, 0x1234);
    assert_int_equal(sim_guest_io_read(&s->bus, 0xc005, 1), 0x12);
    assert_int_equal(sim_guest_io_read(&s->bus, 0xc105, 1), 0xff);
    assert_int_equal(x->map_ports(&s->xen, 0xc000, PORT, 32, false), 0);
    quiet(s);
}

static void test_xen_sees_decoders_go(void **state)
{
    struct sim *s = *state;

    assert_int_equal(map(s, 0xf0000, MFN0, 16), 0);
    wr(s, PCI_COMMAND, 2, 0x0405);
    complaints(s, 1);
    wr(s, PCI_COMMAND, 2, 0x0407);
    complaints(s, 0);
    wr(s, PCI_BASE_ADDRESS_1, 4, 0);
    complaints(s, 1);
    wr(s, PCI_BASE_ADDRESS_1, 4, BAR0 >> 32);
    wr(s, PCI_BASE_ADDRESS_3, 4, 0);  /* not the one that is mapped */
    complaints(s, 0);
    wr(s, EXP + PCI_EXP_DEVCTL, 2, 0x8000);
    complaints(s, 1);
    unmap(s, 0xf0000, MFN0, 16);
    wait_us(s, SIM_SETTLE_FLR_US);
    assert_int_equal(map(s, 0xf0000, MFN0, 16), 0);
    complaints(s, 1);
}

/* ------------------------------------------------------------------ */
/* Xen: pirqs                                                          */

static int map_msi(struct sim *s, unsigned nr, int *pirq)
{
    return s->xen.pt.ops->map_pirq_msi(&s->xen, &s->dev.pt.info.addr, nr, 0,
                                       0, pirq);
}

static int map_msix(struct sim *s, unsigned entry, int *pirq)
{
    return s->xen.pt.ops->map_pirq_msi(&s->xen, &s->dev.pt.info.addr, 1,
                                       entry, BAR3, pirq);
}

static int bind(struct sim *s, int pirq, uint8_t vec, bool unmasked,
                uint64_t gtable)
{
    return s->xen.pt.ops->bind_msi(&s->xen, pirq, vec, unmasked ?
                                   PT_GFLAGS_UNMASKED : 0, gtable);
}

static void test_pirq_numbers(void **state)
{
    struct sim *s = start(make_express, false, &(struct sim_opts) {
        .xen.first_pirq = 250, .xen.max_pirqs = 10 });
    const struct pt_xen_ops *x = s->xen.pt.ops;
    int pirq = -1, i;

    (void)state;
    assert_int_equal(map_msi(s, 8, &pirq), 0);
    assert_int_equal(pirq, 250);
    pirq = 4;                                  /* as a PV driver wishes */
    assert_int_equal(map_msix(s, 0, &pirq), 0);
    assert_int_equal(pirq, 4);
    pirq = 257;
    assert_int_equal(map_msix(s, 1, &pirq), -EBUSY);
    pirq = 260;
    assert_int_equal(map_msix(s, 1, &pirq), -EINVAL);
    pirq = -1;
    assert_int_equal(map_msix(s, 1, &pirq), 0);
    assert_int_equal(pirq, 258);
    pirq = -1;
    assert_int_equal(x->map_pirq_gsi(&s->xen, GSI, &pirq), -ENOSPC);
    complaints(s, 0);
    for (i = 251; i < 258; i++) {
        assert_int_equal(x->unmap_pirq(&s->xen, i), -EBUSY);
    }
    complaints(s, 7);
    assert_int_equal(x->unmap_pirq(&s->xen, 250), 0);
    assert_int_equal(x->unmap_pirq(&s->xen, 250), -EINVAL);
    assert_int_equal(x->unmap_pirq(&s->xen, 260), -EINVAL);
    assert_int_equal(x->unmap_pirq(&s->xen, -1), -EINVAL);
    complaints(s, 3);
    assert_int_equal(sim_xen_leaks(&s->xen, NULL, 0), 2);
    stop(s);
}

static void test_pirq_mapped_twice(void **state)
{
    struct sim *s = *state;
    int pirq = -1;

    assert_int_equal(map_msi(s, 1, &pirq), 0);
    pirq = -1;
    assert_int_equal(map_msi(s, 1, &pirq), -EEXIST);
    assert_int_equal(map_msix(s, 9, &pirq), 0);
    pirq = -1;
    assert_int_equal(map_msix(s, 9, &pirq), -EEXIST);
    assert_int_equal(map_msix(s, 10, &pirq), -EINVAL);
    assert_int_equal(map_msi(s, 3, &pirq), -EINVAL);
    complaints(s, 4);
    assert_int_equal(s->xen.pt.ops->map_pirq_msi(
        &s->xen, &s->dev.pt.info.addr, 1, 3, BAR3 + 0x1000, &pirq), -EINVAL);
    assert_int_equal(s->xen.pt.ops->map_pirq_msi(
        &s->xen, &(struct pt_sbdf) { 1, 1, 2, 3 }, 1, 0, 0, &pirq), -ENODEV);
    complaints(s, 2);
    wr(s, PCI_COMMAND, 2, 0);
    assert_int_equal(map_msix(s, 5, &pirq), -ENXIO);
    complaints(s, 0);
}

static void test_pirqs_that_can_not_be(void **state)
{
    struct sim *s = *state;
    const struct pt_xen_ops *x = s->xen.pt.ops;
    const struct pt_sbdf *addr = &s->dev.pt.info.addr;
    int pirq = -1;

    assert_int_equal(map_msi(s, 16, &pirq), -EINVAL);
    assert_int_equal(x->map_pirq_msi(&s->xen, addr, 1, 1, 0, &pirq),
                     -EEXIST);
    assert_int_equal(x->map_pirq_gsi(&s->xen, -1, &pirq), -EINVAL);
    pirq = -2;
    assert_int_equal(x->map_pirq_gsi(&s->xen, GSI, &pirq), -EINVAL);
    complaints(s, 4);
    s->dev.msi.pos = s->dev.msix.pos = 0;
    pirq = -1;
    assert_int_equal(map_msi(s, 1, &pirq), -ENODEV);
    assert_int_equal(map_msix(s, 1, &pirq), -ENODEV);
    complaints(s, 0);
}

/* Message data is not used again soon, and never twice at a time. */
static void test_message_data_is_unique(void **state)
{
    struct sim *s = *state;
    uint32_t first;
    int keep = -1, pirq, i;

    assert_int_equal(map_msix(s, 0, &keep), 0);
    first = sim_dev_msix_word(&s->dev, 0, 2);
    for (i = 0; i < 0x10000; i++) {
        pirq = -1;
        assert_int_equal(map_msix(s, 1, &pirq), 0);
        assert_int_not_equal(sim_dev_msix_word(&s->dev, 1, 2), first);
        assert_int_equal(s->xen.pt.ops->unmap_pirq(&s->xen, pirq), 0);
    }
}

static void test_xen_programs_a_deaf_device(void **state)
{
    struct sim *s = *state;
    int pirq = -1;

    wr(s, EXP + PCI_EXP_DEVCTL, 2, 0x8000);
    complaints(s, 0);
    assert_int_equal(map_msi(s, 1, &pirq), 0);
    complaints(s, 1);
    assert_int_equal(bind(s, pirq, 0x30, true, 0), 0);
    complaints(s, 1);
    s->dev.vanished = true;
    assert_int_equal(bind(s, pirq, 0x30, true, 0), 0);
    complaints(s, 0);
}

static void test_multi_msi_is_optional(void **state)
{
    struct sim *s = start(make_express, false, &(struct sim_opts) {
        .xen.no_multi_msi = true });
    int pirq = -1;

    (void)state;
    assert_int_equal(map_msi(s, 2, &pirq), -EOPNOTSUPP);
    assert_int_equal(map_msi(s, 1, &pirq), 0);
    complaints(s, 0);
    stop(s);
}

static void test_xen_programs_msi(void **state)
{
    struct sim *s = *state;
    const struct pt_xen_ops *x = s->xen.pt.ops;
    int pirq = -1, i;

    assert_int_equal(map_msi(s, 4, &pirq), 0);
    assert_int_equal(rd(s, MSI + PCI_MSI_FLAGS, 2), 0x01a6);
    assert_int_equal(rd(s, MSI + PCI_MSI_ADDRESS_LO, 4), 0xfee00000);
    assert_int_equal(rd(s, MSI + PCI_MSI_MASK_BIT_64, 4), 0x0f);
    assert_int_equal(s->dev.count.writes, 0);
    for (i = 0; i < 4; i++) {
        assert_int_equal(bind(s, pirq + i, (uint8_t)(0x30 + i), i != 2, 0),
                         0);
    }
    assert_int_equal(rd(s, MSI + PCI_MSI_MASK_BIT_64, 4), 0x04);
    wr(s, MSI + PCI_MSI_FLAGS, 2, 0x01a7);
    assert_int_equal(sim_dev_interrupt(&s->dev, 3), SIM_SENT);
    assert_int_equal(sim_dev_interrupt(&s->dev, 2), SIM_PENDING);
    assert_int_equal(s->xen.vector[0x33], 1);
    assert_int_equal(s->xen.vector[0x32], 0);
    assert_int_equal(bind(s, pirq + 2, 0x40, true, 0), 0);  /* an update */
    assert_int_equal(s->xen.vector[0x40], 1);
    assert_int_equal(bind(s, pirq + 2, 0x41, false, 0), 0);
    assert_int_equal(sim_dev_interrupt(&s->dev, 2), SIM_SENT);
    assert_int_equal(s->xen.vector[0x41], 1);
    complaints(s, 0);
    /* The number of messages is Xen's while MSI is on. */
    wr(s, MSI + PCI_MSI_FLAGS, 2, 0x0187);
    complaints(s, 1);
    assert_int_equal(x->unbind_msi(&s->xen, pirq, 0x31, 0), 0);
    complaints(s, 1);                                       /* was 0x30 */
    assert_int_equal(x->unbind_msi(&s->xen, pirq, 0x30, 0), -EINVAL);
    complaints(s, 1);
    assert_int_equal(x->unmap_pirq(&s->xen, pirq), 0);
    complaints(s, 3);                                       /* 3 bound */
    assert_int_equal(sim_xen_leaks(&s->xen, NULL, 0), 0);
    /* The device was left enabled. */
    assert_int_equal(sim_dev_send_msi(&s->dev, 0), SIM_PENDING);
    sim_dev_xen_write(&s->dev, MSI + PCI_MSI_MASK_BIT_64, 4, 0);
    assert_int_equal(s->xen.stray, 1);
    complaints(s, 1);
}

static void test_xen_programs_msix(void **state)
{
    struct sim *s = *state;
    const struct pt_xen_ops *x = s->xen.pt.ops;
    uint64_t gtable = 0xf0001000;
    int pirq = -1;

    assert_int_equal(map_msix(s, 7, &pirq), 0);
    assert_int_equal(sim_dev_msix_word(&s->dev, 7, 0), 0xfee00000);
    assert_int_equal(sim_dev_msix_word(&s->dev, 7, 3), 1);
    wr(s, MSIX + 2, 2, PCI_MSIX_ENABLE);
    assert_int_equal(bind(s, pirq, 0x55, false, gtable), 0);
    assert_int_equal(sim_dev_msix_word(&s->dev, 7, 3), 1);
    assert_int_equal(sim_dev_interrupt(&s->dev, 7), SIM_PENDING);
    assert_int_equal(bind(s, pirq, 0x55, true, gtable), 0);
    assert_int_equal(s->xen.vector[0x55], 1);
    assert_int_equal(sim_xen_pirq(&s->xen, pirq)->delivered, 1);
    assert_int_equal(sim_xen_pirq_of(&s->xen, &s->dev, SIM_PIRQ_MSIX, 7),
                     pirq);
    assert_int_equal(sim_xen_num_bound(&s->xen, &s->dev), 1);
    wr(s, MSIX + 2, 2, 0);
    wr(s, MSIX + 2, 2, PCI_MSIX_ENABLE);
    complaints(s, 0);
    assert_int_equal(x->unbind_msi(&s->xen, pirq, 0x55, 0), 0);
    assert_int_equal(sim_dev_interrupt(&s->dev, 7), SIM_PENDING);
    assert_int_equal(x->unmap_pirq(&s->xen, pirq), 0);
    quiet(s);
}

static void test_unsafe_enables_are_seen(void **state)
{
    struct sim *s = *state;
    int pirq = -1;

    wr(s, MSI + PCI_MSI_FLAGS, 2, 1);  /* no pirq */
    complaints(s, 1);
    assert_int_equal(map_msi(s, 1, &pirq), 0);
    wr(s, MSIX + 2, 2, PCI_MSIX_ENABLE);  /* both */
    complaints(s, 1);
    wr(s, MSI + PCI_MSI_FLAGS, 2, 0);
    wr(s, MSI + PCI_MSI_FLAGS, 2, 1);
    complaints(s, 1);
    wr(s, MSI + PCI_MSI_FLAGS, 2, 0);
    wr(s, MSIX + 2, 2, 0);
    wr(s, MSI + PCI_MSI_FLAGS, 2, 1);
    complaints(s, 0);
    wr(s, MSI + PCI_MSI_FLAGS, 2, 0);
    s->dev.msix.table[4 * 3 + 3] = 0;     /* unmasked, Xen knows nothing */
    wr(s, MSIX + 2, 2, PCI_MSIX_ENABLE);
    complaints(s, 1);
    /* A reset takes what Xen programmed. */
    wr(s, EXP + PCI_EXP_DEVCTL, 2, 0x8000);
    wait_us(s, SIM_SETTLE_FLR_US);
    wr(s, MSI + PCI_MSI_FLAGS, 2, 1);
    complaints(s, 1);
}

/* A device that can't mask, and a pirq that is not bound: Xen's to drop. */
static void test_message_of_an_unbound_pirq(void **state)
{
    struct sim *s = *state;
    int pirq = -1;

    assert_int_equal(map_msi(s, 1, &pirq), 0);
    wr(s, PCI_COMMAND, 2, 0x0007);
    wr(s, MSI + PCI_MSI_FLAGS, 2, 1);
    assert_int_equal(sim_dev_interrupt(&s->dev, 0), SIM_SENT);
    assert_int_equal(s->xen.unbound, 1);
    complaints(s, 0);
    assert_int_equal(bind(s, pirq, 0x30, false, 0x1000), 0);
    complaints(s, 1);  /* MSI has no table */
}

static void test_bindings_misused(void **state)
{
    struct sim *s = *state;
    const struct pt_xen_ops *x = s->xen.pt.ops;
    int line = -1, msi = -1;

    assert_int_equal(x->bind_intx(&s->xen, 20, 3, 0), -EINVAL);
    assert_int_equal(bind(s, 20, 0x30, true, 0), -EINVAL);
    assert_int_equal(x->unbind_intx(&s->xen, 20, 3, 0), -EINVAL);
    assert_int_equal(x->unbind_msi(&s->xen, 20, 3, 0), -EINVAL);
    assert_int_equal(x->bind_msi_intx(&s->xen, 4000, 3, 0), -EINVAL);
    complaints(s, 5);
    assert_int_equal(x->map_pirq_gsi(&s->xen, GSI, &line), 0);
    assert_int_equal(map_msi(s, 1, &msi), 0);
    assert_int_equal(bind(s, line, 0x30, true, 0), -EINVAL);
    assert_int_equal(x->bind_intx(&s->xen, msi, 3, 0), -EINVAL);
    assert_int_equal(x->bind_msi_intx(&s->xen, line, 3, 0), -EINVAL);
    assert_int_equal(x->bind_intx(&s->xen, line, 32, 0), -EINVAL);
    assert_int_equal(x->bind_intx(&s->xen, line, 3, 4), -EINVAL);
    complaints(s, 5);
    assert_int_equal(x->bind_intx(&s->xen, line, 3, 1), 0);
    assert_int_equal(x->bind_intx(&s->xen, line, 3, 1), 0);
    assert_int_equal(x->unbind_intx(&s->xen, line, 3, 1), 0);
    assert_int_equal(x->unbind_intx(&s->xen, line, 3, 0), -EINVAL);
    assert_int_equal(x->unbind_intx(&s->xen, line, 4, 1), -EINVAL);
    assert_int_equal(x->unbind_msi_intx(&s->xen, line, 3, 1), -EINVAL);
    complaints(s, 3);
    assert_int_equal(x->bind_msi_intx(&s->xen, msi, 3, 1), 0);
    assert_int_equal(bind(s, msi, 0x30, true, 0), -EBUSY);
    assert_int_equal(x->unbind_msi(&s->xen, msi, 0x30, 0), -EINVAL);
    complaints(s, 2);
    assert_int_equal(sim_xen_leaks(&s->xen, NULL, 0), 4);
    assert_int_equal(x->unmap_pirq(&s->xen, line), 0);
    complaints(s, 1);
    s->xen.opts.unmap_bound = true;
    assert_int_equal(x->unmap_pirq(&s->xen, msi), 0);
    quiet(s);
}

static void test_translation(void **state)
{
    struct sim *s = *state;
    const struct pt_xen_ops *x = s->xen.pt.ops;
    int pirq = -1;

    assert_int_equal(map_msi(s, 1, &pirq), 0);
    assert_int_equal(x->bind_msi_intx(&s->xen, pirq, 5, 2), 0);
    wr(s, MSI + PCI_MSI_FLAGS, 2, 1);
    assert_int_equal(sim_dev_interrupt(&s->dev, 0), SIM_SENT);
    assert_int_equal(s->xen.intx[5][2], 1);
    wr(s, MSI + PCI_MSI_FLAGS, 2, 0);
    assert_int_equal(x->unbind_msi_intx(&s->xen, pirq, 5, 2), 0);
    assert_int_equal(x->unmap_pirq(&s->xen, pirq), 0);
    quiet(s);
}

static void test_libxc_limit(void **state)
{
    struct sim *s = start(make_express, false, &(struct sim_opts) {
        .xen.first_pirq = 256, .xen.intx_8bit = true });
    const struct pt_xen_ops *x = s->xen.pt.ops;
    int line = -1;

    (void)state;
    assert_int_equal(x->map_pirq_gsi(&s->xen, GSI, &line), 0);
    assert_int_equal(line, 256);
    assert_int_equal(x->bind_intx(&s->xen, line, 3, 0), -ERANGE);
    assert_int_equal(x->unmap_pirq(&s->xen, line), 0);
    quiet(s);
    stop(s);
}

/* Two devices of one domain on one line. */
static void test_shared_line(void **state)
{
    struct sim *s = *state;
    const struct pt_xen_ops *x = s->xen.pt.ops;
    struct sim_dev *other = test_malloc(sizeof(*other));
    struct capture *c = test_malloc(sizeof(*c));
    struct pt_device_info info;
    int a = -1, b = -1;

    make_conventional(c);
    make_info(c, &info);
    info.addr.bus = 7;
    assert_int_equal(sim_dev_init(other, c, &info, NULL, &s->bus.clock), 0);
    assert_int_equal(sim_xen_add(&s->xen, other), 0);
    wr(s, PCI_COMMAND, 2, 0x0007);

    assert_int_equal(x->map_pirq_gsi(&s->xen, GSI, &a), 0);
    assert_int_equal(x->map_pirq_gsi(&s->xen, GSI, &b), 0);
    assert_int_equal(a, b);
    assert_int_equal(x->bind_intx(&s->xen, a, 3, 0), 0);
    sim_dev_set_intx(&s->dev, true);
    assert_true(s->xen.intx_level[3][0]);
    assert_int_equal(s->xen.intx[3][0], 1);
    assert_int_equal(x->bind_intx(&s->xen, b, 4, 1), 0);
    assert_int_equal(s->xen.intx[4][1], 1);   /* a level: at once */
    sim_dev_set_intx(other, true);
    assert_int_equal(s->xen.intx[3][0], 1);   /* was up already */
    sim_dev_set_intx(&s->dev, false);
    assert_true(s->xen.intx_level[3][0]);
    sim_dev_set_intx(other, false);
    assert_false(s->xen.intx_level[3][0]);
    assert_int_equal(x->unbind_intx(&s->xen, a, 3, 0), 0);
    assert_int_equal(x->unbind_intx(&s->xen, b, 4, 1), 0);
    assert_int_equal(x->unmap_pirq(&s->xen, a), 0);
    quiet(s);
    /* It is gone for both. */
    assert_int_equal(x->unmap_pirq(&s->xen, b), -EINVAL);

    sim_xen_remove(&s->xen, other);
    sim_dev_fini(other);
    test_free(other);
    test_free(c);
}

/* ------------------------------------------------------------------ */
/* Xen: mask bits                                                      */

#define GTABLE UINT64_C(0xf0001000)
#define VC(n) (GTABLE + 16 * (n) + 12)

struct rig {
    struct sim *s;
    struct pt_dev dm;
    struct pt_trap trap;
    int pirq;
};

/* MSI-X on, entry 2 bound and unmasked, the table trapped at GTABLE. */
static void rig_up(struct rig *r, struct sim *s)
{
    memset(r, 0, sizeof(*r));
    r->s = s;
    r->pirq = -1;
    r->trap = (struct pt_trap) {
        .dev = &r->dm, .region = 3, .offset = 0x1000, .size = 0x1000,
        .gpa = GTABLE,
    };
    assert_int_equal(s->bus.pt.ops->trap(&s->bus, &r->trap), 0);
    wr(s, MSIX + 2, 2, PCI_MSIX_ENABLE);
    assert_int_equal(map_msix(s, 2, &r->pirq), 0);
    assert_int_equal(bind(s, r->pirq, 0x60, true, GTABLE), 0);
}

static void rig_down(struct rig *r)
{
    const struct pt_xen_ops *x = r->s->xen.pt.ops;

    assert_int_equal(x->unbind_msi(&r->s->xen, r->pirq, 0x60, 0), 0);
    assert_int_equal(x->unmap_pirq(&r->s->xen, r->pirq), 0);
    r->s->bus.pt.ops->untrap(&r->s->bus, &r->trap);
    quiet(r->s);
}

static void test_xen_does_mask_bits(void **state)
{
    struct sim *s = *state;
    struct rig r;

    rig_up(&r, s);
    sim_guest_mmio_write(&s->bus, VC(2), 4, 1);
    assert_int_equal(sim_dev_msix_word(&s->dev, 2, 3), 1);
    assert_int_equal(sim_guest_mmio_read(&s->bus, VC(2), 4), 1);
    assert_int_equal(r.dm.writes, 0);
    assert_int_equal(r.dm.reads, 0);
    assert_int_equal(sim_dev_interrupt(&s->dev, 2), SIM_PENDING);
    sim_guest_mmio_write(&s->bus, VC(2), 4, 0);
    assert_int_equal(r.dm.writes, 0);
    assert_int_equal(s->xen.vector[0x60], 1);
    /* Entries that are not mapped are the device model's. */
    sim_guest_mmio_write(&s->bus, VC(3), 4, 1);
    assert_int_equal(r.dm.writes, 1);
    r.dm.answer = 1;
    assert_int_equal(sim_guest_mmio_read(&s->bus, VC(3), 4), 1);
    assert_int_equal(r.dm.reads, 1);
    rig_down(&r);
}

static void still_masked(void *priv)
{
    struct sim *s = priv;

    assert_int_equal(sim_dev_msix_word(&s->dev, 2, 3), 1);
}

static void test_unmask_after_change_comes_first(void **state)
{
    struct sim *s = *state;
    struct rig r;

    rig_up(&r, s);
    sim_guest_mmio_write(&s->bus, VC(2), 4, 1);
    sim_guest_mmio_write(&s->bus, VC(2) - 4, 4, 0x4061);
    assert_int_equal(r.dm.writes, 1);
    assert_int_equal(r.dm.off, 0x28);
    assert_int_equal(sim_dev_msix_word(&s->dev, 2, 2), 0x4000);
    r.dm.on_write = still_masked;
    r.dm.priv = s;
    sim_guest_mmio_write(&s->bus, VC(2), 4, 0);
    assert_int_equal(r.dm.writes, 2);
    assert_int_equal(sim_dev_msix_word(&s->dev, 2, 3), 0);
    r.dm.on_write = NULL;
    /* Nothing changed since: Xen alone. */
    sim_guest_mmio_write(&s->bus, VC(2), 4, 1);
    sim_guest_mmio_write(&s->bus, VC(2), 4, 0);
    assert_int_equal(r.dm.writes, 2);
    /* Data and mask in one. */
    sim_guest_mmio_write(&s->bus, VC(2) - 4, 8, UINT64_C(0x100004061));
    assert_int_equal(r.dm.writes, 3);
    assert_int_equal(sim_dev_msix_word(&s->dev, 2, 3), 1);
    rig_down(&r);
}

static void bind_now(void *priv)
{
    struct rig *r = priv;

    if (r->pirq < 0) {
        assert_int_equal(map_msix(r->s, 5, &r->pirq), 0);
        assert_int_equal(bind(r->s, r->pirq, 0x61, false, GTABLE), 0);
    }
}

/* A first unmasking write, for which the device model binds the vector. */
static void test_unmask_of_what_is_bound_by_it(void **state)
{
    struct sim *s = *state;
    struct rig r;

    rig_up(&r, s);
    assert_int_equal(s->xen.pt.ops->unbind_msi(&s->xen, r.pirq, 0x60, 0), 0);
    assert_int_equal(s->xen.pt.ops->unmap_pirq(&s->xen, r.pirq), 0);
    r.pirq = -1;
    r.dm.on_write = bind_now;
    r.dm.priv = &r;
    sim_guest_mmio_write(&s->bus, VC(5), 4, 0);
    assert_true(r.pirq >= 0);
    assert_int_equal(sim_dev_msix_word(&s->dev, 5, 3), 0);
    complaints(s, 0);
}

static void test_all_writes_since_4_19(void **state)
{
    struct sim *s = start(make_express, false, &(struct sim_opts) {
        .xen.all_writes = true });
    struct rig r;

    (void)state;
    rig_up(&r, s);
    sim_guest_mmio_write(&s->bus, VC(2), 4, 1);
    assert_int_equal(r.dm.writes, 1);
    assert_int_equal(sim_dev_msix_word(&s->dev, 2, 3), 1);
    sim_guest_mmio_write(&s->bus, VC(2), 4, 0);
    assert_int_equal(r.dm.writes, 2);
    assert_int_equal(sim_dev_msix_word(&s->dev, 2, 3), 0);
    rig_down(&r);
    stop(s);
}

static void test_xen_keeps_a_table(void **state)
{
    struct sim *s = *state;
    const struct pt_xen_ops *x = s->xen.pt.ops;
    struct rig r;
    int pirq = -1;

    rig_up(&r, s);
    assert_int_equal(map_msix(s, 3, &pirq), 0);
    assert_int_equal(bind(s, pirq, 0x61, true, GTABLE + 0x100000), 0);
    complaints(s, 1);
    assert_int_equal(bind(s, r.pirq, 0x60, true, GTABLE + 0x100000), 0);
    complaints(s, 1);
    assert_int_equal(s->xen.devs[0].gtable, GTABLE);
    assert_int_equal(x->unbind_msi(&s->xen, pirq, 0x61, 0), 0);
    assert_int_equal(x->unbind_msi(&s->xen, r.pirq, 0x60, 0), 0);
    assert_int_equal(s->xen.devs[0].gtable, 0);
    assert_int_equal(bind(s, r.pirq, 0x60, true, GTABLE + 0x100000), 0);
    assert_int_equal(s->xen.devs[0].gtable, GTABLE + 0x100000);
    assert_int_equal(x->unmap_pirq(&s->xen, pirq), 0);
    rig_down(&r);
}

/* ------------------------------------------------------------------ */
/* Xen: faults                                                         */

static void test_xen_faults(void **state)
{
    struct sim *s = *state;
    int pirq = -1;

    sim_fault_at(&s->xen.fault, 2, ENOMEM);
    assert_int_equal(map(s, 0xf0000, MFN0, 16), 0);
    assert_int_equal(unmap(s, 0xf0000, MFN0, 16), -ENOMEM);
    assert_int_equal(unmap(s, 0xf0000, MFN0, 16), 0);
    sim_fault_always(&s->xen.kind_fault[SIM_MAP_MSI], ENOSPC);
    assert_int_equal(map_msi(s, 1, &pirq), -ENOSPC);
    assert_int_equal(map(s, 0xf0000, MFN0, 16), 0);
    assert_int_equal(map_msi(s, 1, &pirq), -ENOSPC);
    assert_int_equal(s->xen.kind_fault[SIM_MAP_MSI].fired, 2);
    assert_int_equal(s->xen.calls[SIM_MAP_MSI], 2);
    assert_string_equal(sim_call_name(SIM_MAP_MSI), "map an MSI");
    sim_xen_forget(&s->xen);
    assert_int_equal(map_msi(s, 1, &pirq), 0);
    assert_int_equal(s->xen.total, 1);
    complaints(s, 0);
}

/* ------------------------------------------------------------------ */
/* The bus                                                             */

static void test_bus_log(void **state)
{
    struct sim *s = *state;
    unsigned i;

    for (i = 0; i < 2 * SIM_LOG_KEPT; i++) {
        s->bus.pt.ops->log(&s->bus, i ? PT_LOG_INFO : PT_LOG_ERROR,
                           i ? "again" : "first");
    }
    assert_int_equal(s->bus.num_lines, 2 * SIM_LOG_KEPT);
    assert_int_equal(s->bus.lines[PT_LOG_ERROR], 1);
    assert_true(sim_bus_logged(&s->bus, "irst"));
    assert_false(sim_bus_logged(&s->bus, "second"));
    complaints(s, 0);
    s->bus.pt.ops->log(&s->bus, PT_LOG_INFO, "with an end\n");
    complaints(s, 1);
    sim_bus_forget(&s->bus);
    assert_int_equal(s->bus.num_lines, 0);
}

static void test_bus_clock(void **state)
{
    struct sim *s = *state;
    uint64_t t = s->bus.pt.ops->now_us(&s->bus);

    s->bus.pt.ops->delay_us(&s->bus, 10000);
    assert_int_equal(s->bus.pt.ops->now_us(&s->bus) - t, 10000);
    assert_int_equal(s->dev.clock->now_us - t, 10000);
    assert_int_equal(s->bus.delayed_us, 10000);
}

static void test_bus_traps(void **state)
{
    struct sim *s = *state;
    const struct pt_bus_ops *b = s->bus.pt.ops;
    struct pt_dev dm = { 0 };
    struct pt_trap t = { .dev = &dm, .size = 0x2000, .gpa = 0x10000 };
    struct pt_trap u = { .dev = &dm, .size = 0x1000, .gpa = 0x11000 };

    assert_int_equal(b->trap(&s->bus, &t), 0);
    assert_int_equal(b->trap(&s->bus, &t), -EBUSY);
    assert_int_equal(b->trap(&s->bus, &u), -EBUSY);
    u.gpa = 0x12800;
    assert_int_equal(b->trap(&s->bus, &u), -EINVAL);
    b->untrap(&s->bus, &u);
    complaints(s, 4);
    u.gpa = 0x12000;
    sim_fault_at(&s->bus.trap_fault, 1, ENOSPC);
    assert_int_equal(b->trap(&s->bus, &u), -ENOSPC);
    assert_int_equal(b->trap(&s->bus, &u), 0);
    assert_ptr_equal(sim_bus_trap(&s->bus, 0x11fff), &t);
    assert_ptr_equal(sim_bus_trap(&s->bus, 0x12000), &u);
    assert_null(sim_bus_trap(&s->bus, 0x13000));
    assert_int_equal(sim_check_quiet(s, NULL, 0), 2);
    b->untrap(&s->bus, &t);
    b->untrap(&s->bus, &u);
    quiet(s);
}

static void test_bus_neighbours(void **state)
{
    struct sim *s = *state;
    const struct pt_bus_ops *b = s->bus.pt.ops;
    struct pt_dev dm = { 0 };

    sim_bus_take(&s->bus, false, 0xf0000000, 0x1000);
    assert_true(b->taken(&s->bus, &dm, false, 0xefffffff, 2));
    assert_false(b->taken(&s->bus, &dm, false, 0xf0001000, 1));
    assert_false(b->taken(&s->bus, &dm, true, 0xf0000000, 1));
    assert_int_equal(s->bus.moved[3], PT_UNMAPPED);
    b->moved(&s->bus, &dm, 3, 0x1234000);
    assert_int_equal(s->bus.moved[3], 0x1234000);
    complaints(s, 0);
    b->moved(&s->bus, &dm, 7, 0);
    complaints(s, 1);
}

static void test_guest_accesses(void **state)
{
    struct sim *s = *state;
    struct pt_dev dm = { .answer = UINT64_MAX };
    struct pt_trap t = { .dev = &dm, .region = 3, .size = 0x1000,
                         .gpa = 0xf0001000 };

    assert_int_equal(s->bus.pt.ops->trap(&s->bus, &t), 0);
    assert_int_equal(map(s, 0xf0000, MFN3, 1), 0);
    sim_guest_mmio_write(&s->bus, 0xf0000010, 8, 0x1122334455667788);
    assert_int_equal(sim_guest_mmio_read(&s->bus, 0xf0000013, 4),
                     0x22334455);
    assert_int_equal(dm.reads + dm.writes, 0);
    /* At a page's end: the rest goes to the trap, byte for byte. */
    sim_guest_mmio_write(&s->bus, 0xf0000ffe, 4, 0xaabbccdd);
    assert_int_equal(dm.writes, 1);
    assert_int_equal(dm.off, 0);
    assert_int_equal(dm.width, 2);
    assert_int_equal(dm.val, 0xaabb);
    assert_int_equal(sim_guest_mmio_read(&s->bus, 0xf0000ffe, 2), 0xccdd);
    /* Unaligned in a trap: as it is. */
    assert_int_equal(sim_guest_mmio_read(&s->bus, 0xf0001001, 4),
                     0xffffffff);
    assert_int_equal(dm.off, 1);
    assert_int_equal(dm.width, 4);
    /* Nothing there. */
    assert_true(sim_guest_mmio_read(&s->bus, 0xf0002000, 8) == UINT64_MAX);
    sim_guest_mmio_write(&s->bus, 0xf0002000, 8, 0);
    complaints(s, 0);
    /* A trap that the guest goes around. */
    assert_int_equal(map(s, 0xf0001, MFN3, 1), 0);
    assert_int_equal(sim_guest_mmio_read(&s->bus, 0xf0001010, 4),
                     0x55667788);
    complaints(s, 1);
    /* A mapping that nobody decodes: an Unsupported Request. */
    sim_dev_poke(&s->dev, PCI_COMMAND, 2, 0);
    assert_int_equal(sim_guest_mmio_read(&s->bus, 0xf0000010, 1), 0xff);
    assert_int_equal(s->dev.count.unsupported, 1);
}

static void test_quiet_tells_leaks(void **state)
{
    struct sim *s = *state;
    struct pt_dev dm = { 0 };
    struct pt_trap t = { .dev = &dm, .size = 0x1000, .gpa = 0x10000 };
    char text[1024], little[8];
    int pirq = -1;

    assert_int_equal(map(s, 0xf0000, MFN0, 16), 0);
    assert_int_equal(map_msi(s, 1, &pirq), 0);
    assert_int_equal(bind(s, pirq, 0x30, true, 0), 0);
    assert_int_equal(s->bus.pt.ops->trap(&s->bus, &t), 0);
    s->bus.pt.ops->untrap(&s->bus, NULL);
    assert_int_equal(sim_check_quiet(s, text, sizeof(text)), 5);
    assert_non_null(strstr(text, "bus: untrap"));
    assert_non_null(strstr(text, "frames 0xf0000+0x10 mapped"));
    assert_non_null(strstr(text, "pirq 16 (MSI, entry 0) mapped and bound"));
    assert_non_null(strstr(text, "0x10000+0x1000 trapped"));
    assert_int_equal(sim_check_quiet(s, little, sizeof(little)), 5);
    assert_int_equal(strlen(little), sizeof(little) - 1);
    sim_forget(s);
    assert_int_equal(sim_check_quiet(s, NULL, 0), 4);
}

static void test_notes_are_bounded(void **state)
{
    struct sim *s = *state;
    static char text[8192];
    unsigned i;

    for (i = 0; i < 100000; i++) {
        s->bus.pt.ops->untrap(&s->bus, NULL);
    }
    assert_int_equal(sim_complaints(s, text, sizeof(text)), 100000);
    assert_non_null(strstr(text, "and 99984 more"));
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
#define T_CONV(f) \
    cmocka_unit_test_setup_teardown(f, setup_conventional, teardown)
#define T_VF(f) cmocka_unit_test_setup_teardown(f, setup_vf, teardown)
#define T_OWN(f) cmocka_unit_test(f)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        T(test_header_bits),
        T(test_capability_bits),
        T_CONV(test_conventional_bits),
        T(test_bar_by_bytes),
        T_OWN(test_bar_16_bit_io),
        T_OWN(test_bar_above_4g),
        T_VF(test_virtual_function),
        T(test_pm_unsupported_state_is_discarded),
        T(test_pm_settles),
        T(test_pm_soft_reset),
        T_OWN(test_pm_reset_without_aux_power),
        T(test_pm_no_soft_reset),
        T_CONV(test_pm_version_2_always_resets),
        T(test_pm_status_and_data),
        T(test_flr),
        T(test_no_flr_without_the_capability),
        T(test_hot_reset),
        T_CONV(test_advanced_features_flr),
        T(test_vpd_read),
        T(test_vpd_write),
        T_OWN(test_vpd_by_time),
        T(test_msi),
        T(test_msi_mask_and_pending),
        T(test_msix_table),
        T(test_msix_pending),
        T(test_intx),
        T(test_memory_follows_decoders),
        T(test_memory_of_a_device_that_is_busy),
        T_OWN(test_memory_is_bounded),
        T(test_rom),
        T(test_illegal_accesses_are_complaints),
        T(test_cycles_are_counted),
        T(test_writes_are_recorded),
        T(test_faults),
        T(test_vanished),
        T(test_hooks),
        T(test_xens_registers_are_watched),
        T_OWN(test_hostile_captures),
        T(test_xen_memory),
        T(test_xen_ports),
        T(test_xen_sees_decoders_go),
        T_OWN(test_pirq_numbers),
        T(test_pirq_mapped_twice),
        T(test_pirqs_that_can_not_be),
        T(test_message_data_is_unique),
        T(test_xen_programs_a_deaf_device),
        T_OWN(test_multi_msi_is_optional),
        T(test_xen_programs_msi),
        T(test_xen_programs_msix),
        T(test_unsafe_enables_are_seen),
        T_CONV(test_message_of_an_unbound_pirq),
        T(test_bindings_misused),
        T(test_translation),
        T_OWN(test_libxc_limit),
        T(test_shared_line),
        T(test_xen_does_mask_bits),
        T(test_unmask_after_change_comes_first),
        T(test_unmask_of_what_is_bound_by_it),
        T_OWN(test_all_writes_since_4_19),
        T(test_xen_keeps_a_table),
        T(test_xen_faults),
        T(test_bus_log),
        T(test_bus_clock),
        T(test_bus_traps),
        T(test_bus_neighbours),
        T(test_guest_accesses),
        T(test_quiet_tells_leaks),
        T(test_notes_are_bounded),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("sim", tests, NULL, NULL);
}
