/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The simulated Xen: mappings, pirqs and what they are bound to. */
#include "lib-sim.h"

/* ------------------------------------------------------------------ */
/* Memory and ports                                                    */

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
    /* Xen 4.23 takes back only what it gave, exactly. */
    assert_int_equal(x->map_ports(&s->xen, 0xc000, PORT, 31, false), -EINVAL);
    assert_int_equal(x->map_ports(&s->xen, 0xc001, PORT + 1, 31, false),
                     -EINVAL);
    assert_int_equal(x->map_ports(&s->xen, 0xc100, PORT, 32, false), -EINVAL);
    complaints(s, 3);
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
/* Pirqs                                                               */

static void test_pirq_numbers(void **state)
{
    struct sim *s = start(make_express, false, &(struct sim_opts) {
        .xen.first_pirq = 250, .xen.max_pirqs = 11 });
    const struct pt_xen_ops *x = s->xen.pt.ops;
    int pirq = -1, i;

    (void)state;
    /* Messages from above, lines from below. */
    assert_int_equal(map_msi(s, 8, &pirq), 0);
    assert_int_equal(pirq, 261);
    pirq = -1;
    assert_int_equal(x->map_pirq_gsi(&s->xen, GSI, &pirq), 0);
    assert_int_equal(pirq, 250);
    complaints(s, 0);
    for (i = 262; i < 269; i++) {
        assert_int_equal(x->unmap_pirq(&s->xen, i), -EBUSY);
    }
    complaints(s, 7);
    assert_int_equal(x->unmap_pirq(&s->xen, 261), 0);
    assert_int_equal(x->unmap_pirq(&s->xen, 261), -EINVAL);
    assert_int_equal(x->unmap_pirq(&s->xen, 269), -EINVAL);
    assert_int_equal(x->unmap_pirq(&s->xen, -1), -EINVAL);
    complaints(s, 3);
    assert_int_equal(sim_xen_leaks(&s->xen, NULL, 0), 1);
    stop(s);
}

/* What a PV driver wishes: Xen refuses few of these. */
static void test_pirqs_that_are_named(void **state)
{
    struct sim *s = *state;
    const struct pt_xen_ops *x = s->xen.pt.ops;
    int pirq = 4, line = -1;

    assert_int_equal(map_msix(s, 0, &pirq), 0);
    assert_int_equal(pirq, 4);
    pirq = 280;
    assert_int_equal(map_msix(s, 1, &pirq), -EINVAL);
    assert_int_equal(x->map_pirq_gsi(&s->xen, GSI, &line), 0);
    assert_int_equal(line, 16);
    complaints(s, 0);
    /* In use: nothing is done. */
    for (pirq = 2; pirq <= 16; pirq += pirq == 2 ? 2 : 12) {
        assert_int_equal(map_msix(s, 1, &pirq), 0);
        assert_int_equal(sim_xen_pirq_of(&s->xen, &s->dev, SIM_PIRQ_MSIX, 1),
                         -1);
    }
    assert_int_equal(s->xen.leaked, 3);
    complaints(s, 3);
    /* One with a binding that was not ended, and a line of that kind. */
    s->xen.opts.unmap_bound = true;
    assert_int_equal(bind(s, 4, 0x30, true, 0xf0001000), 0);
    assert_int_equal(x->unmap_pirq(&s->xen, 4), 0);
    pirq = 4;
    assert_int_equal(map_msix(s, 1, &pirq), 0);
    complaints(s, 1);
    assert_int_equal(x->bind_intx(&s->xen, line, 3, 0), 0);
    assert_int_equal(x->unmap_pirq(&s->xen, line), 0);
    pirq = -1;
    assert_int_equal(x->map_pirq_gsi(&s->xen, GSI, &pirq), -EBUSY);
    complaints(s, 0);
    /* A block. */
    pirq = 40;
    assert_int_equal(map_msi(s, 2, &pirq), 0);
    complaints(s, 1);
}

static void test_pirq_mapped_twice(void **state)
{
    struct sim *s = *state;
    int pirq = -1;

    assert_int_equal(map_msi(s, 1, &pirq), 0);
    pirq = -1;
    /* Xen looks for an interrupt that is new each time, and finds none. */
    assert_int_equal(map_msi(s, 1, &pirq), 0);
    complaints(s, 1);
    pirq = -1;
    assert_int_equal(map_msix(s, 9, &pirq), 0);
    complaints(s, 1);                             /* MSI is mapped */
    pirq = -1;
    assert_int_equal(map_msix(s, 9, &pirq), 0);
    complaints(s, 2);
    assert_int_equal(map_msix(s, 10, &pirq), -EINVAL);
    assert_int_equal(map_msi(s, 3, &pirq), -EINVAL);
    complaints(s, 2);
    assert_int_equal(s->xen.pt.ops->map_pirq_msi(
        &s->xen, &s->dev.pt.info.addr, 1, 3, BAR3 + 0x1000, &pirq), -EINVAL);
    assert_int_equal(s->xen.pt.ops->map_pirq_msi(
        &s->xen, &(struct pt_sbdf) { 1, 1, 2, 3 }, 1, 0, 0, &pirq), -ENODEV);
    complaints(s, 2);
    wr(s, PCI_COMMAND, 2, 0);
    assert_int_equal(map_msix(s, 5, &pirq), -ENXIO);
    complaints(s, 1);
}

static void test_pirqs_that_can_not_be(void **state)
{
    struct sim *s = *state;
    const struct pt_xen_ops *x = s->xen.pt.ops;
    const struct pt_sbdf *addr = &s->dev.pt.info.addr;
    int pirq = -1;

    assert_int_equal(map_msi(s, 16, &pirq), -ENFILE);
    assert_int_equal(x->map_pirq_msi(&s->xen, addr, 1, 1, 0, &pirq), 0);
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
    assert_int_equal(x->unbind_msi(&s->xen, pirq, 0x30, 0), 0);
    complaints(s, 1);                                       /* it is not */
    wr(s, PCI_COMMAND, 2, PCI_COMMAND_MASTER | PCI_COMMAND_DISABLE_INTx);
    assert_int_equal(x->unmap_pirq(&s->xen, pirq), 0);
    complaints(s, 3);                                       /* 3 bound */
    assert_int_equal(sim_xen_leaks(&s->xen, NULL, 0), 0);
    assert_false(sim_dev_msi_enabled(&s->dev));
    assert_int_equal(rd(s, PCI_COMMAND, 2), PCI_COMMAND_MASTER);
    /* The device was left enabled. */
    sim_dev_xen_write(&s->dev, MSI + PCI_MSI_FLAGS, 2, 1);
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

    assert_int_equal(x->bind_intx(&s->xen, 20, 3, 0), -EPERM);
    assert_int_equal(bind(s, 20, 0x30, true, 0), -EPERM);
    assert_int_equal(x->unbind_intx(&s->xen, 20, 3, 0), -EPERM);
    assert_int_equal(x->unbind_msi(&s->xen, 20, 3, 0), -EPERM);
    assert_int_equal(x->bind_msi_intx(&s->xen, 4000, 3, 0), -EPERM);
    complaints(s, 5);
    assert_int_equal(x->map_pirq_gsi(&s->xen, GSI, &line), 0);
    assert_int_equal(map_msi(s, 1, &msi), 0);
    assert_int_equal(bind(s, line, 0x30, true, 0), -EBUSY);
    assert_int_equal(x->bind_intx(&s->xen, msi, 3, 0), -EINVAL);
    assert_int_equal(x->bind_msi_intx(&s->xen, line, 3, 0), -EINVAL);
    assert_int_equal(x->bind_intx(&s->xen, line, 32, 0), -EINVAL);
    assert_int_equal(x->bind_intx(&s->xen, line, 3, 4), -EINVAL);
    complaints(s, 5);
    assert_int_equal(x->bind_intx(&s->xen, line, 3, 1), 0);
    assert_int_equal(x->bind_intx(&s->xen, line, 3, 1), 0);
    assert_int_equal(x->unbind_intx(&s->xen, line, 3, 1), 0);  /* both */
    assert_int_equal(sim_xen_pirq(&s->xen, line)->bound, SIM_UNBOUND);
    assert_int_equal(x->bind_intx(&s->xen, line, 3, 1), 0);
    assert_int_equal(x->unbind_intx(&s->xen, line, 3, 0), -EINVAL);
    assert_int_equal(x->unbind_intx(&s->xen, line, 4, 1), -EINVAL);
    assert_int_equal(x->unbind_msi_intx(&s->xen, line, 3, 1), -EINVAL);
    complaints(s, 3);
    assert_int_equal(x->bind_msi_intx(&s->xen, msi, 3, 1), 0);
    assert_int_equal(bind(s, msi, 0x30, true, 0), -EBUSY);
    assert_int_equal(x->unbind_msi(&s->xen, msi, 0x30, 0), 0);
    assert_int_equal(sim_xen_pirq(&s->xen, msi)->bound, SIM_BOUND_MSI_INTX);
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
    /* Masked, as Xen has it, till the device model says otherwise. */
    assert_int_equal(sim_dev_interrupt(&s->dev, 0), SIM_PENDING);
    wr(s, MSI + PCI_MSI_MASK_BIT_64, 4, 0);
    assert_int_equal(sim_dev_peek(&s->dev, MSI + PCI_MSI_MASK_BIT_64, 4) & 1,
                     0);
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
/* Faults                                                              */

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

int main(void)
{
    static const struct CMUnitTest tests[] = {
        T(test_xen_memory),
        T(test_xen_ports),
        T(test_xen_sees_decoders_go),
        T_OWN(test_pirq_numbers),
        T(test_pirqs_that_are_named),
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
        T(test_xen_faults),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("sim_xen", tests, NULL, NULL);
}
