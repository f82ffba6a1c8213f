/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lessons: splitting, merging and masking of accesses. */
#include <errno.h>

#include "lib-lessons.h"

#define VPD 0x50
#define VPD_ADDR (VPD + PCI_VPD_ADDR)
#define OWN 0xd0  /* device-specific */

static void with_vpd(struct world *w)
{
    struct capture c;

    card(&c);
    card_vpd(&c, VPD);
    begin(w, &c, NULL);
}

/*
 * The host's value was not shifted to the lane of the access, so that
 * registers off a dword's start got foreign bits.
 */
static void test_1_1_1_host_bits_are_merged_in_their_lane(void **state)
{
    struct world w;

    (void)state;
    with_vpd(&w);
    /* Bits 1:0 are not the guest's: what the device has stays. */
    sim_dev_poke(&w.sim.dev, VPD_ADDR, 2, 0x0003);
    wr16(&w, VPD_ADDR, 0x1234);
    assert_int_equal(dev(&w, VPD_ADDR, 2), 0x1237);
    wr8(&w, VPD_ADDR, 0x40);
    assert_int_equal(dev(&w, VPD_ADDR, 2), 0x1243);
    wr32(&w, VPD, 0x2a50ffff);
    assert_int_equal(dev(&w, VPD_ADDR, 2), 0x2a53);
    assert_int_equal(dev(&w, VPD, 2), PCI_CAP_ID_VPD);
    /* The upper byte of Command alone. */
    wr16(&w, PCI_COMMAND, PCI_COMMAND_MASTER);
    wr8(&w, PCI_COMMAND + 1, PCI_COMMAND_DISABLE_INTx >> 8);
    assert_int_equal(dev(&w, PCI_COMMAND, 2) &
                     (PCI_COMMAND_MASTER | PCI_COMMAND_DISABLE_INTx),
                     PCI_COMMAND_MASTER | PCI_COMMAND_DISABLE_INTx);
    assert_true(world_close(&w));
}

/* A device that read all ones was taken for one that failed. */
static void test_1_1_2_all_ones_are_data(void **state)
{
    struct world w;

    (void)state;
    with_vpd(&w);
    sim_dev_poke(&w.sim.dev, VPD_ADDR, 2, 0xffff);
    wr16(&w, VPD_ADDR, 0x0010);
    assert_int_equal(dev(&w, VPD_ADDR, 2), 0x0013);
    sim_dev_poke(&w.sim.dev, OWN, 4, UINT32_MAX);
    assert_int_equal(rd32(&w, OWN), UINT32_MAX);
    wr32(&w, OWN, 0x12345678);
    assert_int_equal(dev(&w, OWN, 4), 0x12345678);
    assert_int_equal(w.sim.bus.lines[PT_LOG_ERROR], 0);
    assert_true(world_close(&w));
}

/* A failure is known by the return code; the value is all ones then. */
static void test_1_1_2_a_failed_read_gives_ones_and_one_line(void **state)
{
    struct world w;

    (void)state;
    with_vpd(&w);
    sim_dev_poke(&w.sim.dev, OWN, 4, 0x12345678);
    sim_fault_always(&w.sim.dev.config_fault, EIO);
    assert_int_equal(rd32(&w, OWN), UINT32_MAX);
    assert_int_equal(rd16(&w, VPD_ADDR), 0xfffc);
    assert_int_equal(rd32(&w, PCI_VENDOR_ID), 0x56781234);
    assert_int_equal(w.sim.bus.lines[PT_LOG_ERROR], 1);
    sim_fault_clear(&w.sim.dev.config_fault);
    assert_int_equal(rd32(&w, OWN), 0x12345678);
    assert_true(world_close(&w));
}

/* The result started as all ones: narrow and refused reads had stray bits. */
static void test_1_1_3_narrow_reads_carry_no_stray_ones(void **state)
{
    struct world w;

    (void)state;
    with_vpd(&w);
    sim_dev_poke(&w.sim.dev, OWN, 4, UINT32_MAX);
    assert_int_equal(pt_config_read(w.d, OWN, 1), 0xff);
    assert_int_equal(pt_config_read(w.d, OWN + 1, 2), 0xffff);
    sim_fault_always(&w.sim.dev.config_fault, EIO);
    assert_int_equal(pt_config_read(w.d, OWN, 1), 0xff);
    assert_int_equal(pt_config_read(w.d, OWN, 2), 0xffff);
    sim_fault_clear(&w.sim.dev.config_fault);
    assert_true(world_close(&w));
}

static void test_1_1_3_illegal_accesses_read_0_and_write_nothing(void **state)
{
    static const struct {
        uint32_t off;
        unsigned len;
    } bad[] = {
        { OWN, 0 }, { OWN, 3 }, { OWN, 5 }, { OWN, 8 }, { 0x100, 1 },
        { 0xff, 2 }, { 0xfd, 4 }, { 0x1d0, 4 }, { UINT32_MAX, 1 },
        { UINT32_MAX, 4 }, { UINT32_MAX - 3, 4 }, { OWN, UINT32_MAX },
    };
    struct world w;
    unsigned i;

    (void)state;
    with_vpd(&w);
    sim_dev_poke(&w.sim.dev, OWN, 4, UINT32_MAX);
    sim_dev_poke(&w.sim.dev, 0xfc, 4, UINT32_MAX);
    for (i = 0; i < COUNT(bad); i++) {
        assert_int_equal(pt_config_read(w.d, bad[i].off, bad[i].len), 0);
        pt_config_write(w.d, bad[i].off, 0, bad[i].len);
    }
    assert_int_equal(w.sim.dev.count.reads + w.sim.dev.count.writes, 0);
    assert_int_equal(dev(&w, 0xfc, 4), UINT32_MAX);
    assert_true(world_close(&w));
}

/* A structure that no guest gets, and reads as 0, is 0 at each width. */
static void test_1_1_3_zeroed_structures_read_0(void **state)
{
    const uint8_t body[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
    struct capture c;
    struct world w;
    unsigned i;

    (void)state;
    card(&c);
    world_build_cap(&c, 0x60, PCI_CAP_ID_HOTPLUG, body, sizeof(body));
    begin(&w, &c, NULL);
    for (i = 0x60; i < 0x68; i++) {
        assert_int_equal(rd8(&w, i), 0);
        wr8(&w, i, 0xa5);
    }
    assert_int_equal(rd32(&w, 0x60), 0);
    assert_int_equal(rd16(&w, 0x66), 0);
    assert_int_equal(w.sim.dev.count.reads + w.sim.dev.count.writes, 0);
    assert_true(world_close(&w));
}

/* The write path used a register's descriptor where there was none. */
static void test_1_1_5_writes_where_no_register_is_declared(void **state)
{
    const uint8_t body[6] = { 0 };
    static const unsigned width[] = { 1, 2, 4 };
    struct capture c;
    struct world w;
    unsigned off, i;

    (void)state;
    card(&c);
    world_build_cap(&c, 0x60, 0x7e, body, sizeof(body));
    world_build_cap(&c, 0x80, PCI_CAP_ID_AF, body, 4);
    begin(&w, &c, NULL);
    for (off = 0x36; off < PT_CFG_SIZE; off++) {
        for (i = 0; i < COUNT(width); i++) {
            pt_config_write(w.d, off, 0, width[i]);
        }
    }
    wr32(&w, OWN, 0x11223344);
    assert_int_equal(dev(&w, OWN, 4), 0x11223344);
    assert_true(world_close(&w));
}

static void test_1_1_6_offset_ff_is_legal(void **state)
{
    struct world w;

    (void)state;
    with_vpd(&w);
    wr8(&w, 0xff, 0x5a);
    assert_int_equal(dev(&w, 0xff, 1), 0x5a);
    assert_int_equal(rd8(&w, 0xff), 0x5a);
    assert_int_equal(rd16(&w, 0xfe), 0x5a00);
    assert_int_equal(rd32(&w, 0xfc), 0x5a000000);
    assert_true(world_close(&w));
}

/*
 * Whether a write went back to the device was decided by the last register
 * it met: the guest's MSI data reached the hardware.
 */
static void test_1_1_7_each_byte_has_its_own_way_back(void **state)
{
    struct capture c;
    struct world w;

    (void)state;
    card(&c);
    card_msi(&c, 0x60);  /* ends at 0x6a */
    begin(&w, &c, NULL);
    sim_dev_poke(&w.sim.dev, 0x68, 4, 0xaaaa5555);
    wr32(&w, 0x68, 0x12344321);
    assert_int_equal(dev(&w, 0x68, 4), 0x12345555);
    assert_false(written(&w, 0x68, 2));
    assert_int_equal(rd32(&w, 0x68), 0x12344321);
    assert_true(world_close(&w));
}

/* What is left goes out in runs, around what lies between them. */
static void test_1_1_7_runs_leave_out_what_is_between(void **state)
{
    const uint8_t none = 0;
    struct capture c;
    struct world w;

    (void)state;
    card(&c);
    world_build_cap(&c, 0x60, PCI_CAP_ID_NULL, &none, 0);
    begin(&w, &c, NULL);
    wr32(&w, 0x5f, 0x11ffff22);
    assert_int_equal(dev(&w, 0x5f, 1), 0x22);
    assert_int_equal(dev(&w, 0x62, 1), 0x11);
    assert_false(written(&w, 0x60, 2));
    assert_int_equal(w.sim.dev.count.writes, 2);
    assert_int_equal(w.sim.dev.count.reads, 0);
    assert_true(world_close(&w));
}

/* And over what ignores them in one, so that an access is one write. */
static void test_1_1_7_one_write_runs_over_what_ignores_it(void **state)
{
    struct world w;

    (void)state;
    with_vpd(&w);
    sim_dev_set_bits(&w.sim.dev, PCI_STATUS, 2, 0xf900);
    wr32(&w, PCI_COMMAND, 0xf9000000 | PCI_COMMAND_MASTER);
    assert_int_equal(w.sim.dev.count.writes, 1);
    assert_int_equal(dev(&w, PCI_STATUS, 2) & 0xf900, 0);
    assert_true(dev(&w, PCI_COMMAND, 2) & PCI_COMMAND_MASTER);
    assert_true(world_close(&w));
}

static void test_1_1_7_no_write_after_a_failed_read(void **state)
{
    struct world w;

    (void)state;
    with_vpd(&w);
    sim_fault_at(&w.sim.dev.config_fault, 1, EIO);
    wr16(&w, VPD_ADDR, 0x0010);
    assert_int_equal(w.sim.dev.num_writes, 0);
    assert_int_equal(dev(&w, VPD_ADDR, 2), 0);
    assert_true(world_close(&w));
}

/* Read-only bits were left out of the pass-through mask in some places. */
static void test_1_1_8_neither_ro_nor_emulated_bits_are_passed(void **state)
{
    struct capture c;
    struct world w;
    unsigned off;

    (void)state;
    world_capture(&c, "hw-82576.txt", 0);
    begin(&w, &c, NULL);
    for (off = 0; off < 0x100; off += 4) {
        wr32(&w, off, 0);
        wr32(&w, off, UINT32_MAX);
    }
    for (off = 0; off < 0x100; off++) {
        struct pt_byte b;

        pt_look(w.d, (uint16_t)off, &b);
        /*
         * Command's decoders, the ROM's enable bit and those of messages are
         * the hooks' to write; the simulated device minds Xen's registers.
         */
        if (b.row && (b.row->prepare || (b.cap && b.cap->group->xen))) {
            continue;
        }
        assert_int_equal(w.sim.dev.touched[off] & ~(b.fwd | b.rw1c), 0);
    }
    assert_true(world_close(&w));
}

/* Each access of a device without Power Management ended in a crash. */
static void test_1_1_10_accesses_without_power_management(void **state)
{
    struct capture c;
    struct world w;
    unsigned off;

    (void)state;
    card(&c);
    begin(&w, &c, POLICY(power_mgmt));
    for (off = 0; off < 0x100; off += 2) {
        wr16(&w, off, rd16(&w, off));
    }
    assert_int_equal(rd16(&w, PCI_VENDOR_ID), 0x1234);
    assert_true(world_close(&w));
}

/*
 * The structure was looked up by an access's first byte, and its other bytes
 * counted as nobody's.
 */
static void test_2_28_an_access_may_span_structures(void **state)
{
    const uint8_t vendor[5] = { 7, 0x11, 0x22, 0x33, 0x44 };
    struct capture c;
    struct world w;

    (void)state;
    card(&c);
    card_msi(&c, 0x60);
    world_build_cap(&c, 0x80, PCI_CAP_ID_VNDR, vendor, sizeof(vendor));
    pt_store(c.cfg + 0x6a, 0x7788, 2);
    c.cfg[0x87] = 0x99;
    begin(&w, &c, NULL);
    wr16(&w, 0x68, 0x4041);
    assert_int_equal(rd32(&w, 0x68), 0x77884041);
    assert_int_equal(rd32(&w, 0x67), 0x88404100);
    assert_int_equal(rd32(&w, 0x84), 0x99443322);
    wr32(&w, 0x84, 0xa1a2a3a4);
    assert_int_equal(dev(&w, 0x84, 4), 0xa1a2a3a4);
    /* From the header into what lies behind it: unaligned. */
    wr32(&w, 0x3e, 0xbbbbffff);
    assert_int_equal(dev(&w, 0x40, 2), 0xbbbb);
    assert_int_equal(dev(&w, PCI_MIN_GNT, 2), 0);
    assert_true(world_close(&w));
}

/* A write across the end of a window was believed: XSA-112, config space. */
static void test_xsa_112_accesses_across_the_end_do_nothing(void **state)
{
    struct world w;
    unsigned off;

    (void)state;
    with_vpd(&w);
    sim_dev_poke(&w.sim.dev, 0xfc, 4, UINT32_MAX);
    for (off = 0xfd; off < 0x104; off++) {
        assert_int_equal(pt_config_read(w.d, off, 4), 0);
        pt_config_write(w.d, off, 0, 4);
    }
    assert_int_equal(dev(&w, 0xfc, 4), UINT32_MAX);
    assert_int_equal(w.sim.dev.num_writes, 0);
    assert_true(world_close(&w));
}

/*
 * Guests saw the host's extended capabilities, or a list that ended in all
 * ones. There is none: 0.
 */
static void test_field_1_13_extended_space_is_an_empty_list(void **state)
{
    struct capture c;
    struct world w;
    unsigned off;

    (void)state;
    world_capture(&c, "hw-82576.txt", 0);
    begin(&w, &c, POLICY(permissive));
    for (off = 0x100; off < 0x1000; off += 4) {
        assert_int_equal(pt_config_read(w.d, off, 4), 0);
        pt_config_write(w.d, off, UINT32_MAX, 4);
    }
    assert_int_equal(w.sim.dev.count.reads + w.sim.dev.count.writes, 0);
    assert_true(world_close(&w));
}

/*
 * iwlwifi writes over the ID of MSI-X's capability, and stock's device model
 * then looked for it in vain.
 */
static void test_field_iwlwifi_writes_the_msix_capabilitys_id(void **state)
{
    const struct world_policy *p;
    struct capture c;
    struct world w;

    (void)state;
    for (p = world_policies; p->name; p++) {
        card(&c);
        card_msix(&c, 0x40, 4, 0x1000 | 0, 0x2000 | 0);
        begin(&w, &c, &p->policy);
        wr8(&w, 0x40, 0);
        wr16(&w, 0x40, 0xffff);
        wr32(&w, 0x40, (uint32_t)PCI_MSIX_ENABLE << 16);
        assert_int_equal(rd16(&w, 0x40), PCI_CAP_ID_MSIX);
        assert_int_equal(dev(&w, 0x40, 2), PCI_CAP_ID_MSIX);
        assert_true(sim_dev_msix_enabled(&w.sim.dev));
        assert_int_equal(world_cap(&w, PCI_CAP_ID_MSIX, 0), 0x40);
        assert_true(world_close(&w));
    }
}

/* In the one register that is not written by the access path itself. */
static void test_permissive_left_commands_reserved_bits_closed(void **state)
{
    struct capture c;
    struct world w;
    unsigned i;

    (void)state;
    for (i = 0; i < 2; i++) {
        card(&c);
        begin(&w, &c, i ? POLICY(permissive) : NULL);
        pt_store(w.sim.dev.rw + PCI_COMMAND, 0xffff, 2);
        pt_store(w.sim.dev.rw + PCI_STATUS, 0x0006, 2);
        wr16(&w, PCI_COMMAND, 0x8007);
        assert_int_equal(dev(&w, PCI_COMMAND, 2) & 0x8007, i ? 0x8007 : 7);
        /* With Command as it is. */
        wr32(&w, PCI_COMMAND, 0x00068007);
        assert_int_equal(dev(&w, PCI_STATUS, 2) & 0x0006, i ? 6 : 0);
        wr32(&w, PCI_COMMAND, 0x00028007);
        assert_int_equal(dev(&w, PCI_STATUS, 2) & 0x0006, i ? 2 : 0);
        wr16(&w, PCI_COMMAND, 7);
        assert_int_equal(dev(&w, PCI_STATUS, 2) & 0x0006, i ? 2 : 0);
        assert_int_equal(dev(&w, PCI_COMMAND, 2) & 0x8007, 7);
        assert_true(world_close(&w));
    }
}

/* NVIDIA's driver writes Command and Status as one dword, errors and all. */
static void test_field_nvidia_writes_command_and_status_as_one(void **state)
{
    struct world_cost then, c;
    struct capture nv;
    struct world w;
    uint32_t val;

    (void)state;
    card(&nv);
    begin(&w, &nv, NULL);
    world_place_all(&w);
    sim_dev_set_bits(&w.sim.dev, PCI_STATUS, 2, 0x2800);
    val = rd32(&w, PCI_COMMAND) | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER;
    then = world_cost(&w);
    wr32(&w, PCI_COMMAND, val);
    c = world_cost_since(&w, &then);
    assert_int_equal(c.reads, 1);
    assert_int_equal(c.writes, 1);
    assert_int_equal(rd32(&w, PCI_COMMAND), val & ~0x28000000u);
    assert_true(dev(&w, PCI_COMMAND, 2) & PCI_COMMAND_MASTER);
    assert_int_equal(dev(&w, PCI_STATUS, 2) & 0xf900, 0);
    assert_true(mem_at(&w, WORLD_MEM, CARD_MEM, CARD_MEM_SIZE));
    /* And with a Status of zeros nothing is cleared. */
    sim_dev_set_bits(&w.sim.dev, PCI_STATUS, 2, 0x2800);
    wr32(&w, PCI_COMMAND, PCI_COMMAND_MEMORY);
    assert_int_equal(dev(&w, PCI_STATUS, 2) & 0xf900, 0x2800);
    assert_true(world_close(&w));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_1_1_1_host_bits_are_merged_in_their_lane),
        cmocka_unit_test(test_1_1_2_all_ones_are_data),
        cmocka_unit_test(test_1_1_2_a_failed_read_gives_ones_and_one_line),
        cmocka_unit_test(test_1_1_3_narrow_reads_carry_no_stray_ones),
        cmocka_unit_test(
            test_1_1_3_illegal_accesses_read_0_and_write_nothing),
        cmocka_unit_test(test_1_1_3_zeroed_structures_read_0),
        cmocka_unit_test(test_1_1_5_writes_where_no_register_is_declared),
        cmocka_unit_test(test_1_1_6_offset_ff_is_legal),
        cmocka_unit_test(test_1_1_7_each_byte_has_its_own_way_back),
        cmocka_unit_test(test_1_1_7_runs_leave_out_what_is_between),
        cmocka_unit_test(test_1_1_7_one_write_runs_over_what_ignores_it),
        cmocka_unit_test(test_1_1_7_no_write_after_a_failed_read),
        cmocka_unit_test(test_field_iwlwifi_writes_the_msix_capabilitys_id),
        cmocka_unit_test(test_permissive_left_commands_reserved_bits_closed),
        cmocka_unit_test(test_field_nvidia_writes_command_and_status_as_one),
        cmocka_unit_test(test_1_1_8_neither_ro_nor_emulated_bits_are_passed),
        cmocka_unit_test(test_1_1_10_accesses_without_power_management),
        cmocka_unit_test(test_2_28_an_access_may_span_structures),
        cmocka_unit_test(test_xsa_112_accesses_across_the_end_do_nothing),
        cmocka_unit_test(test_field_1_13_extended_space_is_an_empty_list),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
