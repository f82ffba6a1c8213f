/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The simulated device's registers against the specifications. */
#include "lib-sim.h"

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

/* 6.6.2's list: sticky ones, whatever feeds them, and what is the link's. */
static void test_flr_leaves_some(void **state)
{
    const struct sim_opts o = { .dev = { .lose_sticky = true } };
    struct sim *s = start(make_express, false, &o);

    (void)state;
    wr(s, EXP + PCI_EXP_DEVCTL, 2, 0x503f);
    wr(s, EXP + PCI_EXP_LNKCTL, 2, 0x03cb);
    wr(s, EXP + PCI_EXP_LNKCTL2, 2, 0x0031);
    wr(s, AER + PCI_ERR_UNCOR_MASK, 4, 0x00100000);
    wr(s, EXP + PCI_EXP_DEVCTL2, 2, 0x0040);
    wr(s, PCI_COMMAND, 2, 7);
    wr(s, EXP + PCI_EXP_DEVCTL + 1, 1, 0xd0);
    wait_us(s, SIM_SETTLE_FLR_US);
    /* Payload; ASPM, completion boundary, clock, width. */
    assert_int_equal(rd(s, EXP + PCI_EXP_DEVCTL, 2), 0x2830);
    assert_int_equal(rd(s, EXP + PCI_EXP_LNKCTL, 2), 0x020b);
    assert_int_equal(rd(s, EXP + PCI_EXP_LNKCTL2, 2), 0x0031);
    assert_int_equal(rd(s, AER + PCI_ERR_UNCOR_MASK, 4), 0x00100000);
    assert_int_equal(rd(s, EXP + PCI_EXP_DEVCTL2, 2), 0);
    assert_int_equal(rd(s, PCI_COMMAND, 2), 0);
    stop(s);
}

static int os(struct sim *s, int (*call)(void *priv))
{
    return call(s->dev.pt.priv);
}

/* The operating system's way to it: nobody else touches the device then. */
static void test_os_reset(void **state)
{
    struct sim *s = *state;
    const struct pt_device_ops *ops = s->dev.pt.ops;
    unsigned i;

    s->dev.pt.info.can_flr = true;
    assert_true(sim_dev_can_flr(&s->dev));
    wr(s, PCI_COMMAND, 2, 3);
    assert_int_equal(os(s, ops->reset_prepare), 0);
    for (i = 0; i < 2; i++) {
        s->dev.os.restores = i;
        wr(s, PCI_CACHE_LINE_SIZE, 1, 0x10);
        wr(s, EXP + PCI_EXP_DEVCTL, 2, 0x5010);
        assert_int_equal(os(s, ops->reset_start), 0);
        wait_us(s, SIM_SETTLE_FLR_US - 1);
        assert_int_equal(os(s, ops->reset_result), -EINPROGRESS);
        wait_us(s, 1);
        complaints(s, 0);
        rd(s, 0, 4);
        complaints(s, 1);
        assert_int_equal(os(s, ops->reset_result), 0);
        rd(s, 0, 4);
        assert_int_equal(rd(s, PCI_CACHE_LINE_SIZE, 1), i ? 0x10 : 0);
        assert_int_equal(rd(s, EXP + PCI_EXP_DEVCTL, 2), i ? 0x5010 : 0x2810);
        complaints(s, 0);
    }
    assert_int_equal(s->dev.count.os_resets, 2);
}

static void test_os_reset_fails(void **state)
{
    struct sim *s = *state;
    const struct pt_device_ops *ops = s->dev.pt.ops;

    s->dev.pt.info.can_flr = true;
    wr(s, PCI_COMMAND, 2, 3);
    sim_fault_at(&s->dev.prepare_fault, 1, EACCES);
    assert_int_equal(os(s, ops->reset_prepare), -EACCES);
    assert_int_equal(os(s, ops->reset_prepare), 0);
    sim_fault_at(&s->dev.reset_fault, 1, EIO);
    assert_int_equal(os(s, ops->reset_start), -EIO);
    assert_int_equal(s->dev.count.resets, 0);
    s->dev.os.hangs = true;
    assert_int_equal(os(s, ops->reset_start), 0);
    wait_us(s, 100 * SIM_SETTLE_FLR_US);
    assert_int_equal(os(s, ops->reset_result), -EINPROGRESS);
    s->dev.os.hangs = false;
    s->dev.os.errnum = ENOTTY;
    assert_int_equal(os(s, ops->reset_result), -ENOTTY);
    assert_int_equal(os(s, ops->reset_result), 0);
    complaints(s, 0);
}

/* What is to be over before, and how often it may be. */
static void test_os_reset_is_watched(void **state)
{
    struct sim *s = *state;
    const struct pt_device_ops *ops = s->dev.pt.ops;
    unsigned i;

    wr(s, PCI_COMMAND, 2, 3);
    os(s, ops->reset_prepare);
    complaints(s, 1);
    s->dev.pt.info.can_flr = true;
    wr(s, PCI_COMMAND, 2, 7);
    os(s, ops->reset_start);
    complaints(s, 1);
    os(s, ops->reset_start);
    complaints(s, 1);
    wait_us(s, SIM_SETTLE_FLR_US);
    os(s, ops->reset_result);
    for (i = 0; i < 4; i++) {
        os(s, ops->reset_start);
        wait_us(s, SIM_SETTLE_FLR_US);
        os(s, ops->reset_result);
    }
    complaints(s, 1);  /* six within a second */
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
        T_OWN(test_flr_leaves_some),
        T(test_os_reset),
        T(test_os_reset_fails),
        T(test_os_reset_is_watched),
        T(test_no_flr_without_the_capability),
        T(test_hot_reset),
        T_CONV(test_advanced_features_flr),
        T(test_vpd_read),
        T(test_vpd_write),
        T_OWN(test_vpd_by_time),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("sim_registers", tests, NULL, NULL);
}
