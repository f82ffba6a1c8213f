/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Xen's security advisories that concern interrupts of assigned devices: a
 * test, or more, for each. Those of configuration space are in
 * tests/test_lessons_*.c.
 */
#include "lib-irq.h"

static void full_card(struct capture *c)
{
    irq_card(c);
    add_msi(c, MSI_64 | MSI_MASKS | MSI_CAPABLE(3));
    add_msix(c, 8, 0x2ff8);
}

static void open_full(struct world *w, const struct pt_policy *policy)
{
    struct capture c;

    full_card(&c);
    irq_begin(w, &c, policy, NULL);
}

/* ------------------------------------------------------------------ */
/* XSA-128: stale values written back to the host's MSI data            */

/* Every offset and width around MSI, MSI-X on every policy. */
static void test_xsa_128_no_write_cycle_covers_xens_message(void **state)
{
    static const struct pt_policy policies[] = {
        { 0 }, { .permissive = true }, { .power_mgmt = true },
    };
    unsigned i, off, len;

    (void)state;
    for (i = 0; i < COUNT(policies); i++) {
        struct world w;

        open_full(&w, &policies[i]);
        msi_start(&w, 3);
        sim_dev_forget(&w.sim.dev);
        for (off = MSI - 4; off < MSIX + 16; off++) {
            for (len = 1; len <= 4; len *= 2) {
                pt_config_write(w.d, off, 0xffffffff, len);
                pt_config_write(w.d, off, 0, len);
            }
        }
        assert_int_equal(w.sim.dev.count.msi_written_by_dm, 0);
        for (off = MSI + 4; off < MSI + 24; off++) {
            assert_int_equal(w.sim.dev.covered[off], 0);
        }
        assert_true(world_close(&w));
    }
}

/* The two bytes behind Message Data are nobody's. */
static void test_xsa_128_dword_over_data_and_two_bytes_behind(void **state)
{
    struct world w;
    uint32_t before;

    (void)state;
    open_full(&w, POLICY(permissive));
    msi_start(&w, 0);
    before = dev(&w, MSI + PCI_MSI_DATA_64, 2);
    wr32(&w, MSI + PCI_MSI_DATA_64, 0xabcd0000 | (VECTOR + 1));
    assert_int_equal(dev(&w, MSI + PCI_MSI_DATA_64, 2), before);
    assert_int_equal(w.sim.dev.covered[MSI + PCI_MSI_DATA_64], 0);
    assert_int_equal(w.sim.dev.covered[MSI + PCI_MSI_DATA_64 + 1], 0);
    assert_true(hears(&w, 0, VECTOR + 1));
    assert_true(world_close(&w));
}

/* Another structure, exposed or opened, is no way to Xen's registers. */
static void test_xsa_128_structure_in_the_messages_registers(void **state)
{
    static const uint8_t ids[] = { PCI_CAP_ID_VNDR, 0x52 };
    static const struct pt_policy policies[] = { { 0 }, { .permissive = true } };
    const uint8_t msi[] = { PCI_MSI_FLAGS_64BIT, 0 }, body[] = { 8, 0 };
    unsigned i, k, off, pos;

    (void)state;
    for (i = 0; i < 2 * COUNT(ids); i++) {
        for (pos = PCI_MSI_ADDRESS_LO; pos <= PCI_MSI_DATA_64; pos += 4) {
            struct capture c;
            struct world w;

            k = i / 2;
            world_build(&c);
            world_build_cap(&c, 0x44, PCI_CAP_ID_MSI, msi, sizeof(msi));
            world_build_cap(&c, (uint8_t)(0x44 + pos), ids[k], body,
                            sizeof(body));
            world_init(&w, &c, &policies[i % 2], NULL);
            assert_true(world_attach(&w));
            for (off = 0x44; off < 0x44 + PCI_MSI_DATA_64 + 2; off += 2) {
                pt_config_write(w.d, off, 0xffff, 2);
            }
            assert_int_equal(w.sim.dev.count.msi_written_by_dm, 0);
            assert_true(world_close(&w));
        }
    }
}

/* ------------------------------------------------------------------ */
/* XSA-129: MSI mask bits under the guest's control                     */

static void test_xsa_129_masks_reach_xen_and_never_the_device(void **state)
{
    struct world w;
    unsigned i;

    (void)state;
    open_full(&w, POLICY(permissive));
    msi_start(&w, 3);
    for (i = 0; i < 8; i++) {
        wr32(&w, msi_mask_reg(&w), 1u << i);
        assert_false(msi_bound(&w, i));
        wr32(&w, msi_mask_reg(&w), 0);
        assert_true(msi_bound(&w, i));
        assert_true(pirq_of(&w, SIM_PIRQ_MSI, i)->gflags &
                    PT_GFLAGS_UNMASKED);
    }
    wr32(&w, msi_mask_reg(&w), 0xffffffff);
    wr32(&w, msi_mask_reg(&w) + 4, 0xffffffff);
    assert_int_equal(w.sim.dev.count.msi_written_by_dm, 0);
    assert_int_equal(sim_dev_writes_at(&w.sim.dev, msi_mask_reg(&w), 8), 0);
    assert_true(world_close(&w));
}

/* ------------------------------------------------------------------ */
/* XSA-130: log lines without end                                       */

static void test_xsa_130_each_fault_is_logged_once(void **state)
{
    unsigned i, n = world_rounds(50000);
    struct world w;

    (void)state;
    open_full(&w, NULL);
    sim_fault_always(&w.sim.xen.fault, EPERM);
    for (i = 0; i < n; i++) {
        msi_program(&w, i * 0x1001, i);
        msi_start(&w, i % 8);
        msix_on(&w);
        entry_write(&w, i % 9, 3, 0);
        world_decode(&w, i & 1);
        wr32(&w, PCI_BASE_ADDRESS_0, i << 17);
        msix_off(&w);
        pt_config_write(w.d, i, i, 4);
    }
    assert_true(w.sim.bus.num_lines <= 18);
    sim_fault_clear(&w.sim.xen.fault);
    assert_true(world_close(&w));
}

/* ------------------------------------------------------------------ */
/* XSA-157: enables and disables in odd orders                          */

static void test_xsa_157_redundant_switching_is_harmless(void **state)
{
    static const unsigned msix[] = {
        0, 0, PCI_MSIX_ENABLE, PCI_MSIX_ENABLE, PCI_MSIX_MASK,
        PCI_MSIX_ENABLE | PCI_MSIX_MASK, 0, PCI_MSIX_MASK, PCI_MSIX_ENABLE,
    };
    struct world w;
    unsigned i, k;

    (void)state;
    open_full(&w, NULL);
    msi_off(&w);
    for (i = 0; i < 2 * COUNT(msix); i++) {
        for (k = 0; k < 2; k++) {
            msi_on(&w, 0);
            msix_set(&w, msix[i % COUNT(msix)]);
            wr16(&w, PCI_COMMAND, i & 1 ? PCI_COMMAND_MEMORY : 0);
            assert_false(sim_dev_msi_enabled(&w.sim.dev) &&
                         sim_dev_msix_enabled(&w.sim.dev));
        }
        msi_off(&w);
        msi_off(&w);
    }
    assert_true(world_close(&w));
}

static void test_xsa_157_msix_without_memory_decoding_binds_nothing(void **st)
{
    struct world w;

    (void)st;
    open_full(&w, POLICY(strict));
    entries_program(&w, 8);
    wr16(&w, PCI_COMMAND, PCI_COMMAND_MASTER);
    msix_on(&w);
    assert_int_equal(bound(&w), 0);
    assert_int_equal(w.sim.xen.calls[SIM_BIND_MSI], 0);
    /* The device itself never stops to decode. */
    assert_true(dev(&w, PCI_COMMAND, 2) & PCI_COMMAND_MEMORY);
    assert_true(world_close(&w));
}

/* ------------------------------------------------------------------ */
/* XSA-164: beyond the table's last entry                               */

static void test_xsa_164_writes_behind_the_last_entry_are_dropped(
    void **state)
{
    unsigned n;

    (void)state;
    for (n = 1; n <= 2048; n = n < 300 ? n + 1 : n + 97) {
        struct capture c;
        struct world w;
        uint64_t at, end;

        irq_card(&c);
        add_msix(&c, n, 0x1000);
        irq_begin(&w, &c, NULL, NULL);
        at = table(&w) + 16 * n;
        end = (at + PT_PAGE_SIZE - 1) & PT_PAGE_MASK;
        entry_message(&w, n - 1, VECTOR);
        for (; at < end; at += 4) {
            sim_guest_mmio_write(&w.sim.bus, at, 4, 0x41414141);
            assert_int_equal(sim_guest_mmio_read(&w.sim.bus, at, 4), 0);
        }
        assert_int_equal(entry_read(&w, n - 1, 2), VECTOR);
        assert_int_equal(w.sim.dev.count.msix_written_by_dm, 0);
        assert_true(world_close(&w));
    }
}

/* ------------------------------------------------------------------ */
/* XSA-237: enabled twice, and error paths                              */

static void test_xsa_237_nothing_is_mapped_or_bound_twice(void **state)
{
    struct world w;
    unsigned i;

    (void)state;
    open_full(&w, NULL);
    msi_program(&w, ADDRESS, VECTOR);
    for (i = 0; i < 4; i++) {
        msi_on(&w, 2);
    }
    assert_int_equal(pirqs(&w), 4);
    assert_int_equal(w.sim.xen.calls[SIM_BIND_MSI], 4);
    msi_off(&w);
    entries_program(&w, 8);
    for (i = 0; i < 4; i++) {
        msix_on(&w);
        entries_program(&w, 8);
    }
    assert_int_equal(pirqs(&w), 8);
    assert_int_equal(w.sim.xen.calls[SIM_BIND_MSI], 4 + 8);
    assert_true(world_close(&w));
}

static void test_xsa_237_failed_mapping_is_unwound(void **state)
{
    unsigned n, mode;

    (void)state;
    for (mode = 0; mode < 2; mode++) {
        bool fired = true;

        for (n = 1; fired; n++) {
            struct world w;

            open_full(&w, NULL);
            msi_program(&w, ADDRESS, VECTOR);
            entries_program(&w, 8);
            sim_fault_at(&w.sim.xen.fault, n, ENOMEM);
            if (mode) {
                msix_on(&w);
            } else {
                msi_on(&w, 3);
            }
            fired = w.sim.xen.fault.fired != 0;
            assert_true(pirqs(&w) == bound(&w));
            assert_true(world_close(&w));
        }
        assert_true(n > 8);
    }
}

/* ------------------------------------------------------------------ */
/* XSA-337: what is read back from the device is not to be trusted      */

/* The device lies about everything but its identity, always. */
static void lie(struct sim_dev *d, uint16_t pos, uint8_t *buf, unsigned len)
{
    unsigned i;

    (void)d;
    for (i = 0; i < len; i++) {
        if (pos + i >= MSI && pos + i < MSIX + 12) {
            buf[i] = (uint8_t)~buf[i];
        }
    }
}

static void test_xsa_337_device_that_changes_its_structures(void **state)
{
    struct world w;
    uint32_t msi, pba, where;

    (void)state;
    open_full(&w, NULL);
    msi = rd32(&w, MSI);
    where = rd32(&w, MSIX + PCI_MSIX_TABLE);
    pba = rd32(&w, MSIX + PCI_MSIX_PBA);
    w.sim.dev.hooks.on_read = lie;
    assert_int_equal(rd32(&w, MSI), msi);
    assert_int_equal(rd32(&w, MSIX + PCI_MSIX_TABLE), where);
    assert_int_equal(rd32(&w, MSIX + PCI_MSIX_PBA), pba);
    assert_int_equal(rd16(&w, MSIX + PCI_MSI_FLAGS), 7);
    entries_program(&w, 8);
    msix_on(&w);
    assert_int_equal(bound(&w), 8);
    assert_int_equal(pirq_of(&w, SIM_PIRQ_MSIX, 7)->gtable, table(&w));
    world_bar_place(&w, 0, 0xd0000000);
    assert_int_equal(pirq_of(&w, SIM_PIRQ_MSIX, 7)->gtable, table(&w));
    assert_int_equal(w.sim.bus.num_traps, 2);
    msix_off(&w);
    msi_start(&w, 3);
    assert_int_equal(pirqs(&w), 8);
    msi_off(&w);
    assert_int_equal(pirqs(&w), 1);
    w.sim.dev.hooks.on_read = NULL;
    assert_true(world_close(&w));
}

/* Its registers change by themselves. */
static void test_xsa_337_device_that_rewrites_its_own_registers(void **state)
{
    struct world w;

    (void)state;
    open_full(&w, NULL);
    entries_program(&w, 8);
    sim_dev_poke(&w.sim.dev, MSIX + PCI_MSI_FLAGS, 2, 0x7ff);
    sim_dev_poke(&w.sim.dev, MSIX + PCI_MSIX_TABLE, 4, 0xfffffff8);
    sim_dev_poke(&w.sim.dev, PCI_BASE_ADDRESS_0, 4, 0xb0000000);
    sim_dev_poke(&w.sim.dev, PCI_INTERRUPT_PIN, 1, 4);
    entry_write(&w, 8, 3, 0);
    entry_write(&w, 2047, 3, 0);
    wr32(&w, PCI_BASE_ADDRESS_0, 0xd0000000);
    assert_true(mem_at(&w, 0xd0000000, IRQ_MEM, 0x2000));
    assert_int_equal(w.sim.bus.num_traps, 2);
    assert_int_equal(w.sim.bus.trap[0]->size, 0x2000);
    assert_int_equal(rd8(&w, PCI_INTERRUPT_PIN), 1);
    /* The simulated Xen complains of BARs that moved: that is the device. */
    sim_notes_clear(&w.sim.xen.notes);
    sim_dev_poke(&w.sim.dev, PCI_BASE_ADDRESS_0, 4, (uint32_t)IRQ_MEM);
    assert_true(world_close(&w));
}

/* ------------------------------------------------------------------ */
/* XSA-360, XSA-395: vectors that leak                                  */

static void test_xsa_360_10000_attaches_lose_no_pirq(void **state)
{
    unsigned i, n = world_rounds(10000);
    struct world w;

    (void)state;
    open_full(&w, NULL);
    for (i = 0; i < n; i++) {
        if (i % 3 == 0) {
            msi_start(&w, 3);
            assert_int_equal(pirqs(&w), 8);
        } else if (i % 3 == 1) {
            entries_program(&w, 8);
            msix_on(&w);
            assert_int_equal(pirqs(&w), 8);
        }
        world_detach(&w);
        assert_int_equal(pirqs(&w), 0);
        assert_true(world_attach(&w));
        place_and_decode(&w);
    }
    assert_int_equal(w.sim.xen.calls[SIM_BIND_MSI],
                     w.sim.xen.calls[SIM_UNBIND_MSI]);
    assert_true(world_close(&w));
}

static void test_xsa_360_guest_that_dies_in_any_mode(void **state)
{
    unsigned mode;

    (void)state;
    for (mode = 0; mode < 8; mode++) {
        const struct pt_policy policy = {
            .power_mgmt = true, .msitranslate = mode & 1,
        };
        struct world w;

        open_full(&w, &policy);
        entries_program(&w, 8);
        msi_program(&w, ADDRESS, VECTOR);
        if (mode & 2) {
            msi_on(&w, 2);
        }
        if (mode & 4) {
            msix_on(&w);
        }
        world_power(&w, mode & 2 ? 3 : 0);
        assert_true(world_close(&w));
    }
}

/* ------------------------------------------------------------------ */
/* XSA-458: more MSIs than there are                                    */

static void test_xsa_458_more_vectors_than_offered_are_clamped(void **state)
{
    unsigned log2, asked;

    (void)state;
    for (log2 = 0; log2 <= 5; log2++) {
        for (asked = 0; asked < 8; asked++) {
            unsigned got = asked < log2 ? asked : log2;
            struct capture c;
            struct world w;

            irq_card(&c);
            add_msi(&c, MSI_64 | MSI_CAPABLE(log2));
            irq_begin(&w, &c, NULL, NULL);
            msi_program(&w, ADDRESS, VECTOR);
            /* Before it is enabled, with it, and afterwards. */
            wr16(&w, MSI + PCI_MSI_FLAGS, asked << 4);
            assert_int_equal((rd16(&w, MSI + PCI_MSI_FLAGS) >> 4) & 7, got);
            msi_on(&w, asked);
            assert_int_equal((rd16(&w, MSI + PCI_MSI_FLAGS) >> 4) & 7, got);
            assert_int_equal(pirqs(&w), 1u << got);
            assert_int_equal((dev(&w, MSI + PCI_MSI_FLAGS, 2) >> 4) & 7, got);
            assert_true(hears(&w, (1u << got) - 1, VECTOR + (1u << got) - 1));
            msi_on(&w, 0);
            msi_on(&w, asked);
            assert_int_equal(pirqs(&w), 1u << got);
            assert_true(world_close(&w));
        }
    }
}

/* Sizes 6 and 7 are reserved: PCI 3.0, 6.8.1.3. */
static void test_xsa_458_device_that_is_capable_of_the_impossible(void **st)
{
    unsigned log2;

    (void)st;
    for (log2 = 6; log2 < 8; log2++) {
        struct capture c;
        struct world w;

        irq_card(&c);
        add_msi(&c, MSI_64 | MSI_MASKS | MSI_CAPABLE(log2));
        irq_begin(&w, &c, NULL, NULL);
        assert_true(((rd16(&w, MSI + PCI_MSI_FLAGS) >> 1) & 7) <= 5);
        msi_start(&w, 7);
        assert_true(hears(&w, 0, VECTOR));
        wr32(&w, msi_mask_reg(&w), 0xffffffff);
        assert_true(world_close(&w));
    }
}

/* ------------------------------------------------------------------ */
/* XSA-476: addresses above 4 GiB cut to 32 bits                        */

static void test_xsa_476_table_above_4_gib_is_mapped_and_unmapped_whole(
    void **state)
{
    const uint64_t gpa = UINT64_C(0x40f2000000);
    struct capture c;
    struct world w;

    (void)state;
    irq_card(&c);
    add_msix(&c, 8, 2 | 0x2000);
    irq_begin(&w, &c, NULL, NULL);
    world_bar_place(&w, 2, gpa);
    assert_true(mem_at(&w, gpa, IRQ_MEM64, 0x2000));
    assert_true(mem_at(&w, gpa + 0x3000, IRQ_MEM64 + 0x3000, 0xd000));
    assert_true(mem_at(&w, gpa + 0x11000, IRQ_MEM64 + 0x11000,
                       IRQ_MEM_SIZE - 0x11000));
    assert_ptr_equal(sim_bus_trap(&w.sim.bus, gpa + 0x2000)->dev, w.d);
    msix_on(&w);
    entries_program(&w, 8);
    assert_int_equal(pirq_of(&w, SIM_PIRQ_MSIX, 7)->gtable, gpa + 0x2000);
    assert_true(hears(&w, 7, VECTOR + 7));
    world_detach(&w);
    assert_false(any_mem(&w, gpa));
    assert_false(any_mem(&w, gpa & 0xffffffff));
    assert_true(world_close(&w));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_xsa_128_no_write_cycle_covers_xens_message),
        cmocka_unit_test(test_xsa_128_dword_over_data_and_two_bytes_behind),
        cmocka_unit_test(test_xsa_128_structure_in_the_messages_registers),
        cmocka_unit_test(test_xsa_129_masks_reach_xen_and_never_the_device),
        cmocka_unit_test(test_xsa_130_each_fault_is_logged_once),
        cmocka_unit_test(test_xsa_157_redundant_switching_is_harmless),
        cmocka_unit_test(
            test_xsa_157_msix_without_memory_decoding_binds_nothing),
        cmocka_unit_test(
            test_xsa_164_writes_behind_the_last_entry_are_dropped),
        cmocka_unit_test(test_xsa_237_nothing_is_mapped_or_bound_twice),
        cmocka_unit_test(test_xsa_237_failed_mapping_is_unwound),
        cmocka_unit_test(test_xsa_337_device_that_changes_its_structures),
        cmocka_unit_test(test_xsa_337_device_that_rewrites_its_own_registers),
        cmocka_unit_test(test_xsa_360_10000_attaches_lose_no_pirq),
        cmocka_unit_test(test_xsa_360_guest_that_dies_in_any_mode),
        cmocka_unit_test(test_xsa_458_more_vectors_than_offered_are_clamped),
        cmocka_unit_test(
            test_xsa_458_device_that_is_capable_of_the_impossible),
        cmocka_unit_test(
            test_xsa_476_table_above_4_gib_is_mapped_and_unmapped_whole),
    };

    return cmocka_run_group_tests_name("Xen's advisories", tests, NULL, NULL);
}
