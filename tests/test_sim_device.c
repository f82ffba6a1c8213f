/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The simulated device: what it sends, its memory, and the instruments that
 * count what reaches it.
 */
#include "lib-sim.h"

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
    assert_int_equal(ops->mmio_read(&s->dev, 2, 0, 8, &val), -EINVAL);
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
    complaints(s, 1);                           /* the table's page */
    assert_int_equal(ops->mmio_write(&s->dev, 3, 0x109c, 4, 0), 0);
    assert_int_equal(s->dev.count.msix_written_by_dm, 1);
    complaints(s, 2);
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

int main(void)
{
    static const struct CMUnitTest tests[] = {
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
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("sim_device", tests, NULL, NULL);
}
