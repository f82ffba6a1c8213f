/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Devices whose driver copies its MSI into their memory: Qualcomm's ath11k and
 * ath12k. Where, and what, is from a trace of one (vfio/pci-quirks: Quirk for
 * ath wireless, qemu-devel, August 2024), and from their Linux drivers.
 */
#include "lib-ath.h"

static void ath_open(uint16_t device, unsigned flags,
                     const struct pt_policy *policy)
{
    struct capture c;

    ath(&c, device, flags);
    irq_begin(&w, &c, policy, NULL);
}

/* ------------------------------------------------------------------ */
/* The driver                                                          */

static void without_the_window_no_interrupt_arrives(void **state)
{
    const struct pt_policy policy = without();

    (void)state;
    ath_open(0x1103, MSI_32, &policy);
    assert_int_equal(w.sim.bus.num_traps, 0);
    msi_start(&w, 0);
    set_ring(RING, ADDRESS, VECTOR);
    assert_int_equal(sim_ath_interrupt(&w.sim.dev, RING), SIM_SENT);
    assert_int_equal(messages(&w), 0);
    assert_int_equal(w.sim.xen.stray, 1);
    world_fini(&w);
}

static void every_ring_of_the_trace_is_heard(void **state)
{
    static const uint16_t devices[] = { 0x1101, 0x1103, 0x1107 };
    unsigned d, i;

    (void)state;
    for (d = 0; d < COUNT(devices); d++) {
        ath_open(devices[d], d & 1 ? MSI_64 : MSI_32, NULL);
        msi_start(&w, 0);
        for (i = 0; i < COUNT(rings); i++) {
            set_ring(rings[i], ADDRESS, VECTOR);
        }
        for (i = 0; i < COUNT(rings); i++) {
            assert_true(ring_hears(rings[i], VECTOR));
        }
        /* Its own MSI, of which the chip makes use for other things. */
        assert_true(hears(&w, 0, VECTOR));
        assert_true(world_close(&w));
    }
}

/* QCN9074, QCN9274: rings elsewhere, and their pointers at full speed. */
static void static_windows_leave_the_fast_path_alone(void **state)
{
    static const uint32_t ring[] = { 0x101048, 0x1170a0, 0x1b4968, 0x1b849c };
    /* Head and tail pointers: R2 of WBM, REO and TCL, Linux ath11k/hal.h. */
    static const uint32_t fast[] = { 0x1b7040, 0x1bb038, 0x1c6000 };
    static const uint16_t devices[] = { 0x1104, 0x1109 };
    unsigned d, i;

    (void)state;
    for (d = 0; d < COUNT(devices); d++) {
        ath_open(devices[d], MSI_32, NULL);
        assert_int_equal(w.sim.bus.num_traps, 3);
        msi_start(&w, 0);
        for (i = 0; i < COUNT(ring); i++) {
            set_ring(ring[i], ADDRESS, VECTOR);
            assert_true(ring_hears(ring[i], VECTOR));
        }
        w.sim.bus.trapped_writes = 0;
        for (i = 0; i < COUNT(fast); i++) {
            put(fast[i], 4, ADDRESS);
            assert_int_equal(has(fast[i]), ADDRESS);
        }
        assert_int_equal(w.sim.bus.trapped_writes, 0);
        assert_true(world_close(&w));
    }
}

/* Windows' driver takes 32; each ring has its vector in the low bits. */
static void each_of_several_vectors_is_heard(void **state)
{
    unsigned i;

    (void)state;
    ath_open(0x1103, MSI_64 | MSI_CAPABLE(5), NULL);
    msi_start(&w, 3);
    for (i = 0; i < 8; i++) {
        set_ring(rings[i], ADDRESS, VECTOR + i);
    }
    for (i = 0; i < 8; i++) {
        assert_true(ring_hears(rings[i], VECTOR + i));
    }
    /* One more is none of them. */
    set_ring(rings[8], ADDRESS, VECTOR + 8);
    assert_int_equal(has(rings[8] + 8), VECTOR + 8);
    assert_true(world_close(&w));
}

/* The guest moves its interrupt: the device's copies need not follow. */
static void copies_stay_right_when_the_guest_moves_its_vector(void **state)
{
    (void)state;
    ath_open(0x1103, MSI_64, NULL);
    msi_start(&w, 0);
    set_ring(RING, ADDRESS, VECTOR);
    assert_true(ring_hears(RING, VECTOR));
    msi_program(&w, ADDRESS + 0x1000, VECTOR + 5);
    assert_true(ring_hears(RING, VECTOR + 5));
    /* And a ring that is set up now has the new message to go by. */
    set_ring(rings[1], ADDRESS, VECTOR);
    assert_int_equal(has(rings[1]), ADDRESS);
    set_ring(rings[1], ADDRESS + 0x1000, VECTOR + 5);
    assert_true(ring_hears(rings[1], VECTOR + 5));
    assert_true(world_close(&w));
}

/* A driver on Xen has its pirq in the address, and no vector. */
static void an_event_channels_message_is_heard(void **state)
{
    const uint32_t addr = 0xfee00000 | 40 << 12;
    const struct sim_pirq *p;

    (void)state;
    ath_open(0x1103, MSI_64, NULL);
    msi_program(&w, addr, 0x4300);
    msi_on(&w, 0);
    set_ring(RING, addr, 0x4300);
    p = pirq_of(&w, SIM_PIRQ_MSI, 0);
    assert_non_null(p);
    assert_int_equal(has(RING), p->addr);
    assert_int_equal(has(RING + 8), p->data);
    assert_int_equal(sim_ath_interrupt(&w.sim.dev, RING), SIM_SENT);
    assert_int_equal(p->delivered, 1);
    assert_true(world_close(&w));
}

/* A driver that resets its chip starts again, maybe with another message. */
static void after_a_reset_all_is_as_before(void **state)
{
    unsigned i;

    (void)state;
    ath_open(0x1103, MSI_64, POLICY(power_mgmt));
    for (i = 0; i < 3; i++) {
        msi_start(&w, 0);
        set_ring(RING, ADDRESS, VECTOR);
        assert_true(ring_hears(RING, VECTOR));
        if (i == 0) {
            msi_off(&w);
        } else {
            world_power(&w, 3);
            world_power(&w, 0);
            sim_bus_pass(&w.sim.bus, w.d, 20000);
            rd32(&w, 0);
            place_and_decode(&w);
        }
    }
    /* Half of a message was written. */
    msi_start(&w, 0);
    put(RING, 4, ADDRESS);
    pt_reset(w.d);
    place_and_decode(&w);
    msi_start(&w, 0);
    put(RING + 8, 4, VECTOR);
    assert_int_equal(has(RING + 8), VECTOR);
    assert_true(world_close(&w));
}

/* ------------------------------------------------------------------ */
/* What is replaced, and what is not                                   */

static void only_a_bound_message_is_replaced(void **state)
{
    (void)state;
    ath_open(0x1103, MSI_64 | MSI_MASKS, NULL);
    msi_program(&w, ADDRESS, VECTOR);
    set_ring(RING, ADDRESS, VECTOR);
    assert_int_equal(has(RING), ADDRESS);
    assert_int_equal(has(RING + 8), VECTOR);
    wr32(&w, msi_mask_reg(&w), 1);
    msi_on(&w, 0);
    set_ring(RING, ADDRESS, VECTOR);
    assert_int_equal(has(RING), ADDRESS);
    wr32(&w, msi_mask_reg(&w), 0);
    set_ring(RING, ADDRESS, VECTOR);
    assert_true(ring_hears(RING, VECTOR));
    wr32(&w, msi_mask_reg(&w), 1);
    set_ring(rings[1], ADDRESS, VECTOR);
    assert_int_equal(has(rings[1]), ADDRESS);
    assert_int_equal(has(rings[1] + 8), VECTOR);
    wr32(&w, msi_mask_reg(&w), 0);
    msi_off(&w);
    set_ring(rings[1], ADDRESS, VECTOR);
    assert_int_equal(has(rings[1]), ADDRESS);
    assert_true(world_close(&w));
}

static void data_are_data_only_behind_their_address(void **state)
{
    (void)state;
    ath_open(0x1103, MSI_64, NULL);
    msi_start(&w, 0);
    put(RING + 8, 4, VECTOR);
    assert_int_equal(has(RING + 8), VECTOR);
    put(RING, 4, ADDRESS);
    put(RING + 12, 4, VECTOR);
    put(RING + 4, 4, VECTOR);
    put(rings[1] + 8, 4, VECTOR);
    assert_int_equal(has(RING + 12), VECTOR);
    assert_int_equal(has(RING + 4), VECTOR);
    assert_int_equal(has(rings[1] + 8), VECTOR);
    put(RING + 8, 4, VECTOR + 1);
    assert_int_equal(has(RING + 8), VECTOR + 1);
    put(RING + 8, 4, VECTOR);
    assert_int_equal(has(RING + 8), pirq_of(&w, SIM_PIRQ_MSI, 0)->data);
    /* Outside of the window nothing is looked at. */
    put(0x7fff8, 4, ADDRESS);
    put(0xc0000, 4, ADDRESS);
    assert_int_equal(has(0x7fff8), ADDRESS);
    assert_int_equal(has(0xc0000), ADDRESS);
    assert_true(world_close(&w));
}

static void only_dwords_are_replaced(void **state)
{
    const struct sim_pirq *p;

    (void)state;
    ath_open(0x1103, MSI_64, NULL);
    msi_start(&w, 0);
    p = pirq_of(&w, SIM_PIRQ_MSI, 0);
    put(RING, 2, ADDRESS & 0xffff);
    put(RING + 2, 2, ADDRESS >> 16);
    assert_int_equal(has(RING), ADDRESS);
    put(RING + 8, 1, VECTOR);
    assert_int_equal(has(RING + 8) & 0xff, VECTOR);
    put(RING + 0x102, 4, ADDRESS);  /* unaligned: dropped */
    assert_int_equal(has(RING + 0x100), 0);
    assert_int_equal(has(RING + 0x104), 0);
    put(RING, 8, UINT64_C(0x10000000000) | ADDRESS);
    assert_int_equal(has(RING), p->addr);
    assert_int_equal(has(RING + 4), SIM_ATH_ENABLE);
    put(RING + 8, 8, UINT64_C(0x4000000000) | VECTOR);
    assert_int_equal(has(RING + 8), p->data);
    assert_int_equal(has(RING + 12), 0x40);
    assert_true(ring_hears(RING, VECTOR));
    /* In a qword's other half, and across two. */
    put(rings[2] + 4, 4, 0);
    put(rings[2] - 8, 8, (uint64_t)ADDRESS << 32);
    put(rings[2] + 4, 4, VECTOR);
    assert_int_equal(has(rings[2] - 4), p->addr);
    assert_int_equal(has(rings[2] + 4), p->data);
    assert_true(world_close(&w));
}

/* An address of Xen's that is none is not spread any further. */
static void a_device_that_lies_gets_the_guests_own(void **state)
{
    (void)state;
    ath_open(0x1103, MSI_64, NULL);
    msi_start(&w, 0);
    sim_dev_poke(&w.sim.dev, MSI + PCI_MSI_ADDRESS_LO, 4, 0x12345678);
    msi_program(&w, ADDRESS, VECTOR + 1);
    set_ring(RING, ADDRESS, VECTOR + 1);
    assert_int_equal(has(RING), ADDRESS);
    assert_int_equal(logged(&w, "none for an APIC"), 1);
    sim_dev_poke(&w.sim.dev, MSI + PCI_MSI_ADDRESS_LO, 4, 0xfee00000);
    sim_dev_poke(&w.sim.dev, MSI + PCI_MSI_ADDRESS_HI, 4, 1);
    msi_program(&w, ADDRESS, VECTOR + 2);
    set_ring(RING, ADDRESS, VECTOR + 2);
    assert_int_equal(has(RING), ADDRESS);
    assert_int_equal(logged(&w, "none for an APIC"), 1);
    world_fini(&w);
}

static void a_message_that_can_not_be_read_is_not_replaced(void **state)
{
    (void)state;
    ath_open(0x1103, MSI_64, NULL);
    msi_program(&w, ADDRESS, VECTOR);
    sim_fault_at(&w.sim.dev.config_fault, 1, EIO);
    msi_on(&w, 0);
    set_ring(RING, ADDRESS, VECTOR);
    assert_int_equal(has(RING), ADDRESS);
    assert_true(hears(&w, 0, VECTOR));
    /* With the next binding it is tried again. */
    msi_program(&w, ADDRESS, VECTOR + 1);
    set_ring(RING, ADDRESS, VECTOR + 1);
    assert_true(ring_hears(RING, VECTOR + 1));
    assert_true(world_close(&w));
}

/* ------------------------------------------------------------------ */
/* Costs                                                               */

static void the_message_is_read_once_a_binding(void **state)
{
    struct world_cost then, with, c;
    const struct pt_policy policy = without();
    unsigned i;

    (void)state;
    for (i = 0; i < 2; i++) {
        ath_open(0x1103, MSI_64, i ? NULL : &policy);
        msi_program(&w, ADDRESS, VECTOR);
        then = world_cost(&w);
        msi_on(&w, 0);
        c = world_cost_since(&w, &then);
        if (i == 0) {
            with = c;
        } else {
            assert_int_equal(c.reads, with.reads + 1);
            assert_int_equal(c.writes, with.writes);
            assert_int_equal(c.hypercalls, with.hypercalls);
        }
        then = world_cost(&w);
        set_ring(RING, ADDRESS, VECTOR);
        put(RING + 0x20, 8, 1);
        c = world_cost_since(&w, &then);
        assert_int_equal(c.reads + c.writes + c.hypercalls + c.lines, 0);
        assert_int_equal(c.mmio, i ? 4 : 0);
        assert_true(sim_guest_mmio_read(&w.sim.bus, world_bar_addr(&w, 0) +
                                        RING + 0x20, 8) == 1);
        then = world_cost(&w);
        msi_program(&w, ADDRESS, VECTOR);  /* as it is */
        wr16(&w, PCI_COMMAND, rd16(&w, PCI_COMMAND));
        assert_int_equal(world_cost_since(&w, &then).hypercalls, 0);
        assert_true(world_cost_since(&w, &then).reads <= 2);
        assert_true(world_close(&w));
    }
}

/* ------------------------------------------------------------------ */
/* By chance                                                           */

/* What the device has to get, by the rules above and no code of hw/. */
struct model {
    bool bound;
    uint32_t addr, data;     /* the guest's */
    uint32_t low;
    uint32_t data_at;
};

static uint32_t expect(struct model *m, uint32_t off, uint32_t val)
{
    const struct sim_pirq *p = pirq_of(&w, SIM_PIRQ_MSI, 0);

    if (m->bound && val == m->addr) {
        m->data_at = off + 8;
        return (uint32_t)p->addr;
    }
    return m->bound && off == m->data_at && !((val ^ m->data) & ~m->low) ?
        (p->data & ~m->low) | (val & m->low) : val;
}

static void one_write(struct model *m, struct world_rng *r)
{
    uint32_t off = RING + world_random(r) % 12 * 4;
    uint32_t val[2], want[2], got[2], i, n = 1 + (world_random(r) % 4 == 0);

    off &= ~(4 * n - 1);
    for (i = 0; i < n; i++) {
        switch (world_random(r) % 4) {
        case 0:
            val[i] = m->addr;
            break;
        case 1:
            val[i] = m->data | (world_random(r) & m->low);
            break;
        case 2:
            val[i] = ADDRESS;
            break;
        default:
            val[i] = world_random(r);
            break;
        }
        want[i] = expect(m, off + 4 * i, val[i]);
    }
    put(off, 4 * n, n == 1 ? val[0] : val[0] | (uint64_t)val[1] << 32);
    for (i = 0; i < n; i++) {
        got[i] = has(off + 4 * i);
        if (got[i] != want[i]) {
            fail_msg("%#x at %#x: the device got %#x, not %#x", val[i],
                     off + 4 * i, got[i], want[i]);
        }
    }
}

static void a_chip_lives(uint64_t seed)
{
    struct world_rng r = { .state = seed };
    struct model m = { .bound = false };
    unsigned i, steps = world_rounds(400), log2 = world_random(&r) % 4;

    ath_open(0x1103, MSI_64 | MSI_CAPABLE(3), NULL);
    m.low = (1u << log2) - 1;
    for (i = 0; i < steps; i++) {
        switch (world_random(&r) % 16) {
        case 0:
            m.addr = 0xfee00000 | (world_random(&r) & 3) << 12;
            m.data = (0x40 + world_random(&r) % 64) & ~m.low;
            msi_program(&w, m.addr, m.data);
            break;
        case 1:
            msi_on(&w, log2);
            m.bound = m.addr != 0;
            break;
        case 2:
            msi_off(&w);
            m.bound = false;
            break;
        default:
            one_write(&m, &r);
            break;
        }
        if (m.addr == 0) {
            msi_off(&w);
            m.bound = false;
        }
    }
    assert_true(world_close(&w));
}

static void a_message_is_replaced_if_equal_and_bound(void **state)
{
    uint64_t seed;

    (void)state;
    for (seed = 1; seed <= 50; seed++) {
        a_chip_lives(seed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_the_window_no_interrupt_arrives),
        cmocka_unit_test(every_ring_of_the_trace_is_heard),
        cmocka_unit_test(static_windows_leave_the_fast_path_alone),
        cmocka_unit_test(each_of_several_vectors_is_heard),
        cmocka_unit_test(copies_stay_right_when_the_guest_moves_its_vector),
        cmocka_unit_test(an_event_channels_message_is_heard),
        cmocka_unit_test(after_a_reset_all_is_as_before),
        cmocka_unit_test(only_a_bound_message_is_replaced),
        cmocka_unit_test(data_are_data_only_behind_their_address),
        cmocka_unit_test(only_dwords_are_replaced),
        cmocka_unit_test(a_device_that_lies_gets_the_guests_own),
        cmocka_unit_test(a_message_that_can_not_be_read_is_not_replaced),
        cmocka_unit_test(the_message_is_read_once_a_binding),
        cmocka_unit_test(a_message_is_replaced_if_equal_and_bound),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
