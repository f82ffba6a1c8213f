/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lessons: what is hidden of the capability chain and how long that is;
 * vendor-specific structures and Vital Product Data.
 */
#include "lib-chain.h"

/* ------------------------------------------------------------------ */
/* What is hidden, and how long it is                                  */

static void test_hidden_capabilities_have_their_lengths(void **state)
{
    static const struct {
        uint8_t id, body[3];
        uint16_t size;
        bool zero;
    } h[] = {
        { PCI_CAP_ID_AGP, { 0x30, 0 }, 0x30, true },
        { PCI_CAP_ID_SLOTID, { 0, 0 }, 4, true },
        { PCI_CAP_ID_CHSWP, { 0, 0 }, 4, false },
        { PCI_CAP_ID_PCIX, { 0x22, 0x30 }, 24, false },
        { PCI_CAP_ID_DBG, { 0, 0 }, 4, false },
        { PCI_CAP_ID_CCRC, { 0, 0 }, 4, false },
        { PCI_CAP_ID_HOTPLUG, { 0, 0 }, 8, true },
        { PCI_CAP_ID_SSVID, { 0, 0 }, 8, true },
        { PCI_CAP_ID_AGP3, { 0x30, 0 }, 0x30, true },
        /* The window is in BAR 4, or in configuration space: at +8. */
        { PCI_CAP_ID_SATA, { 0x10, 0, 0x48 }, 8, false },
        { PCI_CAP_ID_SATA, { 0x10, 0, 0x0f }, 16, false },
        { PCI_CAP_ID_SATA, { 0x10, 0, 0xff }, 16, false },
        { PCI_CAP_ID_AF, { 6, 3 }, 6, false },
        { PCI_CAP_ID_NULL, { 0, 0 }, 2, false },
        { PCI_CAP_ID_FPB, { 0, 0 }, 16, false },
        /* HyperTransport: primary, secondary, then by 5 bits of type */
        { PCI_CAP_ID_HT, { 0x00, 0x00 }, 28, false },
        { PCI_CAP_ID_HT, { 0x01, 0x1c }, 28, false },
        { PCI_CAP_ID_HT, { 0x00, 0x20 }, 24, false },
        { PCI_CAP_ID_HT, { 0x00, 0x80 }, 8, false },
        { PCI_CAP_ID_HT, { 0x60, 0x88 }, 4, false },
        { PCI_CAP_ID_HT, { 0x02, 0xa8 }, 4, false },
        { PCI_CAP_ID_HT, { 0x00, 0xa8 }, 12, false },
        { PCI_CAP_ID_HT, { 0x00, 0xb0 }, 0x100 - CAP, false },
        /* No length is known: all there is. */
        { PCI_CAP_ID_SECURE, { 0, 0 }, 0x100 - CAP, false },
        { 0x16, { 0, 0 }, 0x100 - CAP, false },
        { 0x7e, { 4, 0 }, 0x100 - CAP, false },
        { 0xff, { 4, 0 }, 0x100 - CAP, false },
    };
    unsigned i;

    (void)state;
    for (i = 0; i < COUNT(h); i++) {
        hidden(CAP, h[i].id, h[i].body, 3, h[i].size, h[i].zero);
    }
}

/*
 * PCI-X read as zero: tg3 and bnx2 need it, and end their probe with an error.
 */
static void test_pcix_was_hidden_from_drivers_that_need_it(void **state)
{
    struct capture c;
    struct world w;

    (void)state;
    world_open(&w, "hw-bcm5701.txt", 0, NULL);
    assert_true(world_attach(&w));
    assert_int_equal(world_cap(&w, PCI_CAP_ID_PCIX, 0), 0x40);
    assert_true(world_close(&w));

    card(&c);
    card_pm(&c, 0x40, 0x0003, 0);
    world_build_cap(&c, CAP, PCI_CAP_ID_PCIX, "\x0e\x10\x10\x01\xcf\x2b", 6);
    begin(&w, &c, POLICY(power_mgmt));
    assert_int_equal(rd16(&w, CAP + PCI_PCIX_COMMAND), 0x100e);
    /* The errors that were there are the host's. */
    assert_int_equal(rd32(&w, CAP + PCI_PCIX_STATUS), 0x0bc30110);
    wr16(&w, CAP + PCI_PCIX_COMMAND, 0xffff);
    wr32(&w, CAP + PCI_PCIX_STATUS, UINT32_MAX);
    assert_int_equal(rd16(&w, CAP + PCI_PCIX_COMMAND), 0x107f);
    assert_int_equal(rd32(&w, CAP + PCI_PCIX_STATUS), 0x0bc30110);
    /* ECC registers follow. */
    wr32(&w, CAP + 20, UINT32_MAX);
    assert_int_equal(w.sim.dev.num_writes, 0);
    wr8(&w, CAP + 24, 0x5a);
    assert_int_equal(dev(&w, CAP + 24, 1), 0x5a);
    /* And the host's own setting comes back. */
    world_power(&w, 3);
    rd16(&w, CAP);
    world_power(&w, 0);
    rd16(&w, CAP);
    assert_int_equal(w.sim.dev.count.resets, 1);
    assert_int_equal(dev(&w, CAP + PCI_PCIX_COMMAND, 2), 0x100e);
    assert_true(world_close(&w));
}

/* Entries of Enhanced Allocation tell their own length. */
static void test_hidden_enhanced_allocation_by_its_entries(void **state)
{
    uint8_t body[0x90] = { 0 };

    (void)state;
    hidden(CAP, PCI_CAP_ID_EA, body, sizeof(body), 4, false);
    body[0] = 3;
    body[2 + 0] = 2;        /* 3 dwords, from +4 */
    body[2 + 12] = 4;       /* 5 dwords */
    body[2 + 12 + 20] = 0;  /* 1 dword */
    hidden(CAP, PCI_CAP_ID_EA, body, sizeof(body), 4 + 36, false);
    /* The number of them has six bits. */
    memset(body, 0, sizeof(body));
    body[0] = 0x17 | 0x80;
    hidden(CAP, PCI_CAP_ID_EA, body, sizeof(body), 4 + 0x17 * 4, false);
    body[0] = 0x22;
    hidden(CAP, PCI_CAP_ID_EA, body, sizeof(body), 4 + 0x22 * 4, false);
    /* More than there is room for, up to the last byte. */
    memset(body, 0xff, sizeof(body));
    hidden(CAP, PCI_CAP_ID_EA, body, sizeof(body), 0x100 - CAP, false);
    hidden(0xfc, PCI_CAP_ID_EA, body, 2, 4, false);
}

/* What is longer than the room ends at the next capability. */
static void test_hidden_structures_end_at_the_next_one(void **state)
{
    static const uint8_t id[] = { 0x7e, PCI_CAP_ID_AGP, PCI_CAP_ID_HT };
    const uint8_t zero[2] = { 0 }, vendor[2] = { 8, 0 };
    struct capture c;
    struct world w;
    unsigned i;

    (void)state;
    for (i = 0; i < COUNT(id); i++) {
        card(&c);
        /* The chain's order is not the order of places. */
        world_build_cap(&c, 0x70, PCI_CAP_ID_VNDR, vendor, 2);
        world_build_cap(&c, CAP, id[i], zero, 2);
        world_build_cap(&c, 0x90, PCI_CAP_ID_VNDR, vendor, 2);
        begin(&w, &c, NULL);
        chain_is(&w, "70:09 90:09 ");
        wr32(&w, 0x6c, 0x11223344);
        assert_int_equal(w.sim.dev.num_writes, 0);
        wr32(&w, 0x74, 0x11223344);
        assert_int_equal(dev(&w, 0x74, 4), 0x11223344);
        assert_true(world_close(&w));
    }
}

/* A table's own size may be too much as well: hidden, and the rest lives. */
static void test_structures_that_do_not_fit_are_hidden(void **state)
{
    const uint8_t zero[2] = { 0 };
    struct capture c;
    struct world w;

    (void)state;
    card(&c);
    world_build_cap(&c, 0xfc, PCI_CAP_ID_PM, zero, 2);
    card_vpd(&c, CAP);
    card_msi(&c, CAP + 4);
    begin(&w, &c, NULL);
    chain_is(&w, "64:05 ");
    assert_int_equal(w.sim.bus.lines[PT_LOG_WARNING], 2);
    assert_true(sim_bus_logged(&w.sim.bus, "leave"));
    assert_true(sim_bus_logged(&w.sim.bus, "overlap"));
    wr16(&w, CAP + 2, 0xffff);
    wr32(&w, 0xfc, UINT32_MAX);
    assert_int_equal(w.sim.dev.num_writes, 0);
    assert_true(world_close(&w));
}

/* A second one of what there is only one of: the first is the one. */
static void test_a_second_capability_of_its_kind_is_hidden(void **state)
{
    struct capture c;
    struct world w;

    (void)state;
    card(&c);
    card_msi(&c, 0x40);
    card_pm(&c, 0x50, 0x0003, 0);
    card_msi(&c, 0x60);
    card_pm(&c, 0x70, 0x0003, 0);
    begin(&w, &c, NULL);
    chain_is(&w, "40:05 50:01 ");
    assert_int_equal(closed(&w, 0x60), 10);
    assert_int_equal(closed(&w, 0x70), 8);
    assert_true(world_close(&w));
}

/* Users were surprised by what they could not see: the log says it. */
static void test_field_1_13_what_is_hidden_is_in_the_log(void **state)
{
    const uint8_t af[4] = { 6, 3, 0, 0 };
    struct capture c;
    struct world w;

    (void)state;
    card(&c);
    card_pm(&c, 0x40, 0x0003, 0);
    world_build_cap(&c, CAP, PCI_CAP_ID_AF, af, sizeof(af));
    card_express(&c, 0x70, 5, 0, SPEC_EXP_V2);
    begin(&w, &c, NULL);
    assert_true(sim_bus_logged(&w.sim.bus, "Power Management@40"));
    assert_true(sim_bus_logged(&w.sim.bus, "-Advanced Features@60"));
    assert_true(sim_bus_logged(&w.sim.bus, "unknown version 5"));
    assert_true(sim_bus_logged(&w.sim.bus, "policy default"));
    assert_int_equal(w.sim.bus.num_lines, 2);
    assert_true(world_close(&w));
}

/* permissive opens what is hidden, but nothing that Xen programs. */
static void test_permissive_opens_hidden_bytes_but_not_xens(void **state)
{
    const uint8_t sata[6] = { 0x10, 0, 0, 0, 0, 0 };
    struct capture c;
    struct world w;
    unsigned i;

    (void)state;
    card(&c);
    world_build_cap(&c, 0x40, PCI_CAP_ID_SATA, sata, sizeof(sata));
    card_msi(&c, 0x50);
    card_msi(&c, 0x60);                              /* hidden: a second */
    card_msix(&c, 0x70, 4, 0x1000 | 0, 0x2000 | 0);
    card_msix(&c, 0x80, 4, 0x0000 | 7, 0x1000 | 0);  /* hidden: no BAR 7 */
    begin(&w, &c, POLICY(permissive));
    chain_is(&w, "50:05 70:11 ");
    wr32(&w, 0x44, 0x12345678);
    assert_int_equal(dev(&w, 0x44, 4), 0x12345678);
    sim_dev_forget(&w.sim.dev);
    for (i = 0; i < 2; i++) {
        unsigned msi = 0x50 + 0x10 * i, msix = 0x70 + 0x10 * i, at;

        for (at = msi; at < msi + 10; at++) {
            wr8(&w, at, at == msi + 2 ? 0xfe : 0xff);
        }
        for (at = msix; at < msix + 12; at++) {
            wr8(&w, at, at == msix + 3 ? 0x3f : 0xff);
        }
    }
    assert_int_equal(w.sim.dev.num_writes, 0);
    /* Behind MSI's ten bytes the device's own registers begin. */
    wr16(&w, 0x5a, 0x1234);
    assert_int_equal(dev(&w, 0x5a, 2), 0x1234);
    assert_true(world_close(&w));
}

/* Even permissive has no use for the zeroes, and none for IDs. */
static void test_permissive_keeps_zeroes_and_chain(void **state)
{
    const uint8_t body[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
    struct capture c;
    struct world w;

    (void)state;
    card(&c);
    card_pm(&c, 0x40, 0x0003, 0);
    world_build_cap(&c, CAP, PCI_CAP_ID_HOTPLUG, body, sizeof(body));
    begin(&w, &c, POLICY(permissive));
    wr32(&w, CAP + 4, 0);
    wr16(&w, CAP, 0xffff);
    wr16(&w, 0x40, 0xffff);
    assert_int_equal(rd32(&w, CAP), 0);
    assert_int_equal(rd32(&w, CAP + 4), 0);
    chain_is(&w, "40:01 ");
    assert_int_equal(w.sim.dev.num_writes, 0);
    assert_true(world_close(&w));
}

/* Two of one ID, of different lengths, each with its own bounds. */
static void test_vendor_bodies_are_forwarded_each_in_its_bounds(void **state)
{
    const uint8_t one[10] = { 12 }, two[3] = { 5 };
    const struct world_policy *p;
    struct capture c;
    struct world w;

    (void)state;
    for (p = world_policies; p->name; p++) {
        card(&c);
        world_build_cap(&c, 0x40, PCI_CAP_ID_VNDR, one, sizeof(one));
        world_build_cap(&c, 0x50, PCI_CAP_ID_VNDR, two, sizeof(two));
        begin(&w, &c, &p->policy);
        chain_is(&w, "40:09 50:09 ");
        wr32(&w, 0x40, 0x11ffffff);
        wr32(&w, 0x44, 0x22222222);
        wr32(&w, 0x48, 0x33333333);
        wr16(&w, 0x53, 0x4444);
        assert_int_equal(dev(&w, 0x40, 4), 0x110c5009);
        assert_int_equal(dev(&w, 0x44, 4), 0x22222222);
        assert_int_equal(dev(&w, 0x48, 4), 0x33333333);
        assert_int_equal(dev(&w, 0x50, 4), 0x44050009);
        assert_int_equal(dev(&w, 0x54, 1), 0x44);
        /* Behind them: device-specific, which strict denies. */
        wr8(&w, 0x4c, 0x55);
        wr8(&w, 0x55, 0x55);
        assert_int_equal(dev(&w, 0x4c, 1), p->policy.strict ? 0 : 0x55);
        assert_int_equal(dev(&w, 0x55, 1), p->policy.strict ? 0 : 0x55);
        assert_true(world_close(&w));
    }
}

/* ------------------------------------------------------------------ */
/* Vital Product Data                                                  */

#define VPD_ADDR (CAP + PCI_VPD_ADDR)
#define VPD_DATA (CAP + PCI_VPD_DATA)
#define FLAG 0x8000

static void with_vpd(struct world *w, const struct pt_policy *policy)
{
    struct capture c;

    card(&c);
    card_vpd(&c, CAP);
    begin(w, &c, policy);
}

static uint32_t vpd_read(struct world *w, uint16_t at)
{
    unsigned polls = 10;

    wr16(w, VPD_ADDR, at);
    while (!(rd16(w, VPD_ADDR) & FLAG) && --polls) {
    }
    assert_true(polls > 0);
    return rd32(w, VPD_DATA);
}

static void vpd_write(struct world *w, uint16_t at, uint32_t val)
{
    unsigned polls = 10;

    wr32(w, VPD_DATA, val);
    wr16(w, VPD_ADDR, at | FLAG);
    while ((rd16(w, VPD_ADDR) & FLAG) && --polls) {
    }
    assert_true(polls > 0);
}

/* Data was read-only, for want of a register: tools could not write. */
static void test_vpd_a_guest_reads_the_string_word_by_word(void **state)
{
    const struct world_policy *p;
    struct world w;
    char text[20];
    uint16_t at;

    (void)state;
    for (p = world_policies; p->name; p++) {
        with_vpd(&w, &p->policy);
        for (at = 0; at < 16; at = (uint16_t)(at + 4)) {
            pt_store((uint8_t *)text + at, vpd_read(&w, at), 4);
        }
        assert_memory_equal(text, "\x82\x0d\0Simulated VPD", 16);
        /* The same word again is another transfer. */
        memset(w.sim.dev.vpd.store, 0x5a, 4);
        assert_int_equal(vpd_read(&w, 0), 0x5a5a5a5a);
        memset(w.sim.dev.vpd.store, 0x6b, 4);
        assert_int_equal(vpd_read(&w, 0), 0x6b6b6b6b);
        assert_true(world_close(&w));
    }
}

static void test_vpd_a_guest_writes_words(void **state)
{
    struct world w;

    (void)state;
    with_vpd(&w, NULL);
    vpd_write(&w, 0x40, 0x12345678);
    vpd_write(&w, 0x44, 0x9abcdef0);
    assert_int_equal(sim_get(w.sim.dev.vpd.store + 0x40, 8),
                     UINT64_C(0x9abcdef012345678));
    assert_int_equal(vpd_read(&w, 0x40), 0x12345678);
    /* The same address and data again are written again. */
    memset(w.sim.dev.vpd.store + 0x40, 0, 4);
    vpd_write(&w, 0x40, 0x12345678);
    assert_int_equal(sim_get(w.sim.dev.vpd.store + 0x40, 4), 0x12345678);
    assert_true(world_close(&w));
}

/* Addresses are of dwords; neighbours' writes start no transfer. */
static void test_vpd_addresses_and_neighbours(void **state)
{
    struct world w;

    (void)state;
    with_vpd(&w, NULL);
    wr16(&w, VPD_ADDR, 0x0013);
    assert_int_equal(dev(&w, VPD_ADDR, 2), 0x0010);
    assert_int_equal(rd16(&w, VPD_ADDR) & 3, 0);
    while (!(rd16(&w, VPD_ADDR) & FLAG)) {
    }
    sim_dev_forget(&w.sim.dev);
    wr16(&w, CAP, 0xffff);
    wr32(&w, CAP + 8, 0x11223344);
    assert_false(written(&w, CAP, 8));
    assert_int_equal(w.sim.dev.vpd.state, SIM_VPD_IDLE);
    assert_true(world_close(&w));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hidden_capabilities_have_their_lengths),
        cmocka_unit_test(test_pcix_was_hidden_from_drivers_that_need_it),
        cmocka_unit_test(test_hidden_enhanced_allocation_by_its_entries),
        cmocka_unit_test(test_hidden_structures_end_at_the_next_one),
        cmocka_unit_test(test_structures_that_do_not_fit_are_hidden),
        cmocka_unit_test(test_a_second_capability_of_its_kind_is_hidden),
        cmocka_unit_test(test_field_1_13_what_is_hidden_is_in_the_log),
        cmocka_unit_test(test_permissive_opens_hidden_bytes_but_not_xens),
        cmocka_unit_test(test_permissive_keeps_zeroes_and_chain),
        cmocka_unit_test(test_vendor_bodies_are_forwarded_each_in_its_bounds),
        cmocka_unit_test(test_vpd_a_guest_reads_the_string_word_by_word),
        cmocka_unit_test(test_vpd_a_guest_writes_words),
        cmocka_unit_test(test_vpd_addresses_and_neighbours),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
