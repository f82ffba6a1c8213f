/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lessons: power management, D-states and what a reset takes. */
#include "lib-power.h"

#define EXP 0x60
#define AER 0x100
#define D3_US 10000
#define D2_US 200

/* ------------------------------------------------------------------ */
/* power_mgmt                                                          */

/* Each state reaches the device, and takes the time it needs; no more. */
static void test_1_4_1_states_reach_the_device_and_take_their_time(
    void **state)
{
    static const struct {
        uint8_t to;
        uint32_t us;
    } step[] = {
        { 1, 0 }, { 2, D2_US }, { 3, D3_US }, { 0, D3_US }, { 2, D2_US },
        { 0, D2_US }, { 1, 0 }, { 0, 0 }, { 1, 0 }, { 3, D3_US },
        { 0, D3_US },
    };
    struct world w;
    unsigned i;

    (void)state;
    with_power(&w, PMC_ALL, PCI_PM_CTRL_NO_SOFT_RST, POLICY(power_mgmt));
    for (i = 0; i < COUNT(step); i++) {
        uint64_t now = w.sim.bus.clock.now_us;

        assert_true(world_power(&w, step[i].to));
        /* The write itself does not wait; who comes next does. */
        assert_int_equal(w.sim.bus.clock.now_us, now);
        assert_int_equal(sim_dev_power(&w.sim.dev), step[i].to);
        assert_int_equal(guest_state(&w), step[i].to);
        assert_int_equal(w.sim.bus.clock.now_us, now + step[i].us);
    }
    assert_int_equal(w.sim.dev.count.early, 0);
    assert_int_equal(w.sim.dev.count.resets, 0);
    assert_true(world_close(&w));
}

/* A guest that waited by itself does not wait again; one part-way does. */
static void test_1_4_1_time_that_has_passed_counts(void **state)
{
    struct world w;
    uint64_t now;

    (void)state;
    with_power(&w, PMC_ALL, PCI_PM_CTRL_NO_SOFT_RST, POLICY(power_mgmt));
    world_power(&w, 3);
    w.sim.bus.clock.now_us += D3_US + 7;
    now = w.sim.bus.clock.now_us;
    rd16(&w, PMCSR);
    assert_int_equal(w.sim.bus.clock.now_us, now);
    world_power(&w, 0);
    w.sim.bus.clock.now_us += 4000;
    wr16(&w, PCI_COMMAND, PCI_COMMAND_MEMORY);
    assert_int_equal(w.sim.bus.clock.now_us, now + D3_US);
    assert_true(world_close(&w));
}

/* From D3hot the device is as after a reset: what the host set comes back. */
static void test_1_4_1_a_reset_is_undone_for_the_host(void **state)
{
    struct capture c;
    struct world w;
    uint8_t before[0x100];
    unsigned i;

    (void)state;
    power_card(&c, PMC_ALL, 0);
    card_express(&c, EXP, 2, PCI_EXP_TYPE_ENDPOINT, SPEC_EXP_V2);
    c.cfg[PCI_CACHE_LINE_SIZE] = 0x10;
    c.cfg[PCI_BIST] = PCI_BIST_CAPABLE | PCI_BIST_START;
    pt_store(c.cfg + EXP + PCI_EXP_DEVCTL, 0x5137, 2);
    pt_store(c.cfg + EXP + PCI_EXP_LNKCTL, 0x0042, 2);
    pt_store(c.cfg + EXP + PCI_EXP_DEVCAP2, 0x1f, 4);
    pt_store(c.cfg + EXP + PCI_EXP_DEVCTL2, 0x0016, 2);
    begin(&w, &c, POLICY(power_mgmt));
    memcpy(before, w.sim.dev.cfg, sizeof(before));
    place_and_decode(&w);
    world_power(&w, 3);
    world_power(&w, 0);
    assert_int_equal(guest_state(&w), 0);
    assert_int_equal(w.sim.dev.count.resets, 1);
    for (i = 0; i < sizeof(before); i++) {
        if (w.sim.dev.cfg[i] != before[i]) {
            fail_msg("register %#x is %02x, was %02x", i,
                     w.sim.dev.cfg[i], before[i]);
        }
    }
    /* A self-test is nothing to restore. */
    for (i = 0; i < w.sim.dev.num_writes; i++) {
        const struct sim_write *x = sim_dev_last_write(&w.sim.dev, i);

        if (x->off <= PCI_BIST && x->off + x->len > PCI_BIST) {
            assert_int_equal(x->val[PCI_BIST - x->off], 0);
        }
    }
    assert_true(world_close(&w));
}

/* A device that reads a 1 in Initiate Function Level Reset, as none should. */
static void lies_of_flr(struct sim_dev *d, uint16_t pos, uint8_t *buf,
                        unsigned len)
{
    const unsigned at = EXP + PCI_EXP_DEVCTL + 1;

    (void)d;
    if (pos <= at && at < pos + len) {
        buf[at - pos] |= PCI_EXP_DEVCTL_FLRESET >> 8;
    }
}

static void test_a_restore_starts_no_function_level_reset(void **state)
{
    struct capture c;
    struct world w;
    unsigned i, seen = 0;

    (void)state;
    power_card(&c, PMC_ALL, 0);
    card_express(&c, EXP, 2, PCI_EXP_TYPE_ENDPOINT, SPEC_EXP_V2);
    world_init(&w, &c, POLICY(power_mgmt), NULL);
    w.sim.dev.hooks.on_read = lies_of_flr;
    assert_true(world_attach(&w));
    world_power(&w, 3);
    world_power(&w, 0);
    rd16(&w, PMCSR);
    for (i = 0; i < w.sim.dev.num_writes; i++) {
        const struct sim_write *x = sim_dev_last_write(&w.sim.dev, i);

        if (x->off == EXP + PCI_EXP_DEVCTL) {
            assert_int_equal(x->val[1] & PCI_EXP_DEVCTL_FLRESET >> 8, 0);
            seen++;
        }
    }
    assert_int_not_equal(seen, 0);
    assert_true(world_close(&w));
}

/* The guest finds its own registers as after a reset, and nothing mapped. */
static void test_1_4_1_a_reset_takes_the_guests_programming(void **state)
{
    struct world w;
    unsigned n;

    (void)state;
    with_power(&w, PMC_ALL, 0, POLICY(power_mgmt));
    place_and_decode(&w);
    wr8(&w, PCI_INTERRUPT_LINE, 9);
    world_power(&w, 3);
    assert_int_equal(w.sim.xen.num_mem + w.sim.xen.num_ports, 0);
    world_power(&w, 0);
    assert_int_equal(rd16(&w, PCI_COMMAND), 0);
    for (n = 0; n < PT_NUM_REGIONS; n++) {
        assert_int_equal(world_bar_addr(&w, n), 0);
    }
    assert_int_equal(rd8(&w, PCI_INTERRUPT_LINE), 0);
    assert_int_equal(w.sim.xen.num_mem + w.sim.xen.num_ports, 0);
    /* And can use it as at first. */
    place_and_decode(&w);
    assert_true(mem_at(&w, WORLD_MEM, CARD_MEM, CARD_MEM_SIZE));
    assert_true(dev(&w, PCI_COMMAND, 2) & PCI_COMMAND_MASTER);
    assert_true(world_close(&w));
}

/* With No_Soft_Reset nothing is lost: mappings and registers stay. */
static void test_1_4_1_without_a_reset_all_is_kept(void **state)
{
    struct world w;

    (void)state;
    with_power(&w, PMC_ALL, PCI_PM_CTRL_NO_SOFT_RST, POLICY(power_mgmt));
    place_and_decode(&w);
    world_power(&w, 3);
    assert_int_equal(w.sim.xen.num_mem + w.sim.xen.num_ports, 0);
    assert_int_equal(rd32(&w, PCI_BASE_ADDRESS_0), WORLD_MEM);
    world_power(&w, 0);
    assert_int_equal(rd32(&w, PCI_BASE_ADDRESS_0), WORLD_MEM);
    assert_true(mem_at(&w, WORLD_MEM, CARD_MEM, CARD_MEM_SIZE));
    assert_true(ports_at(&w, (uint32_t)WORLD_PORTS, CARD_PORTS,
                         CARD_NUM_PORTS));
    assert_int_equal(w.sim.dev.count.resets, 0);
    assert_true(world_close(&w));
}

/* From D1 and D2 nothing is lost, whatever No_Soft_Reset says. */
static void test_1_4_1_only_d3hot_resets(void **state)
{
    struct world w;
    unsigned from;

    (void)state;
    for (from = 1; from <= 2; from++) {
        with_power(&w, PMC_ALL, 0, POLICY(power_mgmt));
        place_and_decode(&w);
        world_power(&w, from);
        world_power(&w, 0);
        assert_int_equal(guest_state(&w), 0);
        assert_int_equal(rd32(&w, PCI_BASE_ADDRESS_0), WORLD_MEM);
        assert_true(mem_at(&w, WORLD_MEM, CARD_MEM, CARD_MEM_SIZE));
        assert_true(world_close(&w));
    }
}

/*
 * Version 2 of the capability has no No_Soft_Reset: what stands there is a
 * reserved bit, and the device is reset.
 */
static void test_1_4_1_no_soft_reset_is_of_version_3(void **state)
{
    struct world w;

    (void)state;
    with_power(&w, 0x0002, PCI_PM_CTRL_NO_SOFT_RST, POLICY(power_mgmt));
    /* The guest must know that it has to restore its own. */
    assert_int_equal(rd16(&w, PMCSR), 0);
    place_and_decode(&w);
    world_power(&w, 3);
    world_power(&w, 0);
    assert_int_equal(guest_state(&w), 0);
    assert_int_equal(w.sim.dev.count.resets, 1);
    assert_int_equal(dev(&w, PCI_BASE_ADDRESS_0, 4), CARD_MEM);
    assert_true(dev(&w, PCI_COMMAND, 2) & PCI_COMMAND_MEMORY);
    assert_true(world_close(&w));
}

/* PME and auxiliary power are the host's; D1, D2 and the version are real. */
static void test_1_4_1_pmc_hides_wake_up_only(void **state)
{
    struct world w;

    (void)state;
    with_power(&w, PMC_ALL | PCI_PM_CAP_AUX_C_MASK | PCI_PM_CAP_PME_CLOCK, 0,
               POLICY(power_mgmt));
    assert_int_equal(rd16(&w, PM + PCI_CAP_FLAGS),
                     PMC_V3 | PCI_PM_CAP_D1 | PCI_PM_CAP_D2);
    wr16(&w, PM + PCI_CAP_FLAGS, 0xffff);
    wr16(&w, PMCSR, PCI_PM_CTRL_PME_ENABLE | PCI_PM_CTRL_PME_STATUS);
    assert_int_equal(rd16(&w, PMCSR), 0);
    assert_int_equal(w.sim.dev.changed[PMCSR + 1], 0);
    assert_true(world_close(&w));
}

/* The AER offsets were missing: nothing of it was saved and restored. */
static void test_1_4_2_aer_masks_and_severities_come_back(void **state)
{
    static const uint32_t reg[] = {
        PCI_ERR_UNCOR_MASK, PCI_ERR_UNCOR_SEVER, PCI_ERR_COR_MASK,
        PCI_ERR_CAP,
    };
    static const uint32_t val[] = { 0x00010010, 0x00022010, 0x1001, 0x140 };
    const struct sim_opts opts = { .dev = { .lose_sticky = true } };
    struct capture c;
    struct world w;
    unsigned i;

    (void)state;
    power_card(&c, PMC_ALL, 0);
    card_express(&c, EXP, 2, PCI_EXP_TYPE_ENDPOINT, SPEC_EXP_V2);
    c.len = 512;
    pt_store(c.cfg + AER, PCI_EXT_CAP_ID_AER | 1 << 16, 4);
    for (i = 0; i < COUNT(reg); i++) {
        pt_store(c.cfg + AER + reg[i], val[i], 4);
    }
    c.cfg[AER + PCI_ERR_COR_STATUS] = 0x01;
    world_init(&w, &c, POLICY(power_mgmt), &opts);
    assert_true(world_attach(&w));
    world_power(&w, 3);
    rd16(&w, PMCSR);
    world_power(&w, 0);
    sim_dev_set_bits(&w.sim.dev, AER + PCI_ERR_COR_STATUS, 4, 0x0001);
    rd16(&w, PMCSR);
    assert_int_equal(w.sim.dev.count.resets, 1);
    for (i = 0; i < COUNT(reg); i++) {
        assert_int_equal(dev(&w, AER + reg[i], 4), val[i]);
    }
    /* An error that came meanwhile is the host's to see. */
    assert_int_equal(dev(&w, AER + PCI_ERR_COR_STATUS, 4), 1);
    assert_true(world_close(&w));
}

/* AER stands behind another extended capability, or in a loop without it. */
static void test_1_4_2_aer_is_found_in_its_list(void **state)
{
    const struct sim_opts opts = { .dev = { .lose_sticky = true } };
    static const struct {
        uint16_t at;
        bool loop, found;
    } list[] = {
        { 0x150, false, true }, { 0x150, true, false },
        { 0x1e4, false, true },
        /* One block read of 100..1ff did not find what was behind it. */
        { 0x1e8, false, true }, { 0x1fc, false, true },
        { 0x200, false, true }, { 0x420, false, true },
        { 0xfd4, false, true },
        /* And there is no room for it, up to its Header Log. */
        { 0xfd8, false, false },
    };
    struct capture c;
    struct world w;
    unsigned i, at;

    (void)state;
    for (i = 0; i < COUNT(list); i++) {
        at = list[i].at;
        power_card(&c, PMC_ALL, 0);
        card_express(&c, EXP, 2, PCI_EXP_TYPE_ENDPOINT, SPEC_EXP_V2);
        c.len = 4096;
        /* IDs have 16 bits, and pointers' two low bits mean nothing. */
        pt_store(c.cfg + 0x100, 0x0101 | 1 << 16 | (at | 3) << 20, 4);
        pt_store(c.cfg + at, list[i].loop ? 0x0004 | 1 << 16 | 0x100u << 20 :
                 PCI_EXT_CAP_ID_AER | 1 << 16, 4);
        if (!list[i].loop && at + PCI_ERR_COR_MASK < 0xffc) {
            pt_store(c.cfg + at + PCI_ERR_COR_MASK, 0x1001, 4);
        }
        world_init(&w, &c, POLICY(power_mgmt), &opts);
        assert_true(world_attach(&w));
        /* The block, a header each, and then AER's registers. */
        assert_int_equal(w.sim.dev.count.reads, 3 + list[i].found);
        assert_int_equal(sim_bus_logged(&w.sim.bus, "loop"), list[i].loop);
        world_power(&w, 3);
        world_power(&w, 0);
        rd16(&w, PMCSR);
        assert_int_equal(dev(&w, at + PCI_ERR_COR_MASK, 4),
                         list[i].found ? 0x1001 : 0x2000 & -!list[i].loop);
        assert_true(world_close(&w));
    }
}

/* Whatever the chain says, attaching ends, and costs what it may. */
static void test_extended_chains_that_lie_end(void **state)
{
    static const struct {
        uint16_t step;   /* from header to header */
        uint16_t last;   /* pointer of the last one */
        unsigned num, reads;
        const char *log;
    } list[] = {
        { 8, 0, 63, 64, NULL },
        { 8, 0, 64, 64, "too many" },
        { 4, 0x000, 900, 64, "too many" },
        { 8, 0x0fc, 3, 3, "out of its space" },
        { 8, 0x004, 3, 3, "out of its space" },
        { 8, 0x104, 3, 4, NULL },
        { 8, 0x100, 3, 3, "loop" },
        { 8, 0x110, 3, 3, "loop" },
    };
    struct capture c;
    struct world w;
    unsigned i, n, pos;

    (void)state;
    for (i = 0; i < COUNT(list); i++) {
        power_card(&c, PMC_ALL, 0);
        card_express(&c, EXP, 2, PCI_EXP_TYPE_ENDPOINT, SPEC_EXP_V2);
        c.len = 4096;
        for (n = 0, pos = 0x100; n < list[i].num; n++, pos += list[i].step) {
            uint32_t next = n + 1 == list[i].num && list[i].last ?
                list[i].last : pos + list[i].step;

            pt_store(c.cfg + pos, 0x0003u | 1 << 16 | next << 20, 4);
        }
        world_init(&w, &c, POLICY(power_mgmt), NULL);
        assert_true(world_attach(&w));
        assert_int_equal(w.sim.dev.count.reads, 1 + list[i].reads);
        assert_int_equal(w.sim.bus.lines[PT_LOG_WARNING], list[i].log != NULL);
        if (list[i].log) {
            assert_true(sim_bus_logged(&w.sim.bus, list[i].log));
        }
        assert_true(world_close(&w));
    }
    /* Nothing behind the first 256 bytes. */
    for (n = 0; n < 2; n++) {
        power_card(&c, PMC_ALL, 0);
        card_express(&c, EXP, 2, PCI_EXP_TYPE_ENDPOINT, SPEC_EXP_V2);
        c.len = 4096;
        memset(c.cfg + 0x100, n ? 0xff : 0, 0xf00);
        world_init(&w, &c, POLICY(power_mgmt), NULL);
        assert_true(world_attach(&w));
        assert_int_equal(w.sim.dev.count.reads, 2);
        assert_int_equal(w.sim.bus.lines[PT_LOG_WARNING], 0);
        assert_true(world_close(&w));
    }
}

/* ------------------------------------------------------------------ */
/* What may not be there, and what is left behind                      */

/* Code for D-states ran for devices without the capability. */
static void test_1_4_3_no_power_management_at_all(void **state)
{
    const struct world_policy *p;
    struct capture c;
    struct world w;

    (void)state;
    for (p = world_policies; p->name; p++) {
        card(&c);
        begin(&w, &c, &p->policy);
        assert_false(world_power(&w, 3));
        place_and_decode(&w);
        pt_reset(w.d);
        place_and_decode(&w);
        assert_int_equal(w.sim.bus.delays, 0);
        assert_true(world_close(&w));
    }
}

/*
 * A device that the last guest left in D3hot was dead, its ROM unreadable;
 * later it was woken under power_mgmt only.
 */
static void test_1_4_4_2_29_a_sleeping_device_is_woken_at_attach(void **state)
{
    static const struct {
        uint8_t found;
        uint32_t us;
    } from[] = { { 1, 0 }, { 2, D2_US }, { 3, D3_US } };
    struct capture c;
    struct world w;
    unsigned i, policy, keeps;

    (void)state;
    for (i = 0; i < 4 * COUNT(from); i++) {
        policy = i & 1;
        keeps = i >> 1 & 1;
        power_card(&c, PMC_ALL, (uint16_t)(from[i / 4].found |
                   (keeps ? PCI_PM_CTRL_NO_SOFT_RST : 0)));
        world_init(&w, &c, policy ? POLICY(power_mgmt) : NULL, NULL);
        assert_true(world_attach(&w));
        assert_int_equal(sim_dev_power(&w.sim.dev), 0);
        assert_int_equal(w.sim.bus.delayed_us, from[i / 4].us);
        assert_int_equal(guest_state(&w), 0);
        assert_int_equal(dev(&w, PCI_BASE_ADDRESS_0, 4), CARD_MEM);
        assert_int_equal(dev(&w, PCI_BASE_ADDRESS_1, 4), CARD_PORTS | 1);
        assert_int_equal(dev(&w, PCI_BASE_ADDRESS_3, 4), CARD_MEM64 >> 32);
        assert_int_equal(dev(&w, PCI_ROM_ADDRESS, 4), CARD_ROM);
        place_and_decode(&w);
        assert_int_equal(sim_guest_mmio_read(&w.sim.bus,
                         world_bar_addr(&w, PT_ROM), 2), 0xaa55);
        assert_true(world_close(&w));
    }
}

static void fail_from_now(struct sim_dev *d, uint16_t pos,
                          const uint8_t *buf, unsigned len)
{
    (void)pos;
    (void)buf;
    (void)len;
    sim_fault_always(&d->config_fault, EIO);
}

/* A device that can't be woken is not assigned. */
static void test_1_4_4_a_device_that_does_not_wake_is_refused(void **state)
{
    struct capture c;
    struct world w;
    unsigned n;

    (void)state;
    /* Its state is written, then its registers. */
    for (n = 0; n < 2; n++) {
        power_card(&c, PMC_ALL, 3);
        world_init(&w, &c, NULL, NULL);
        if (n == 0) {
            sim_fault_at(&w.sim.dev.config_fault, 2, EIO);
        } else {
            w.sim.dev.hooks.on_write = fail_from_now;
        }
        assert_false(world_attach(&w));
        assert_non_null(strstr(w.err.text, "D3"));
        sim_fault_clear(&w.sim.dev.config_fault);
        /* Nothing of ours is left; it may sleep on. */
        assert_int_equal(sim_xen_leaks(&w.sim.xen, NULL, 0), 0);
        world_fini(&w);
    }
}

/* Guests' D3hot made devices fail: it is not theirs unless asked for. */
static void test_1_4_5_states_are_emulated_by_default(void **state)
{
    static const unsigned to[] = { 1, 2, 3, 0, 2, 0, 1, 3, 0 };
    struct world w;
    unsigned i;

    (void)state;
    with_power(&w, PMC_ALL, 0, NULL);
    place_and_decode(&w);
    sim_dev_forget(&w.sim.dev);
    for (i = 0; i < COUNT(to); i++) {
        world_power(&w, to[i]);
        assert_int_equal(guest_state(&w), to[i]);
        assert_int_equal(sim_dev_power(&w.sim.dev), 0);
    }
    assert_int_equal(w.sim.dev.num_writes, 0);
    assert_int_equal(w.sim.bus.delays, 0);
    assert_true(mem_at(&w, WORLD_MEM, CARD_MEM, CARD_MEM_SIZE));
    assert_true(world_close(&w));
}

/* They went where the device or the specification has no way. */
static void test_emulated_states_go_where_states_can(void **state)
{
    static const struct {
        uint16_t pmc;
        uint8_t from, to, now;
    } way[] = {
        { PMC_ALL, 3, 1, 3 }, { PMC_ALL, 3, 2, 3 }, { PMC_ALL, 2, 1, 2 },
        { PMC_ALL, 1, 2, 2 }, { PMC_ALL, 3, 0, 0 }, { PMC_ALL, 3, 3, 3 },
        { PMC_V3, 0, 1, 0 }, { PMC_V3, 0, 2, 0 }, { PMC_V3, 0, 3, 3 },
        { PMC_V3 | PCI_PM_CAP_D1, 0, 1, 1 },
        { PMC_V3 | PCI_PM_CAP_D1, 1, 2, 1 },
        { PMC_V3 | PCI_PM_CAP_D2, 0, 2, 2 },
    };
    struct world w;
    unsigned i, len;

    (void)state;
    for (i = 0; i < COUNT(way); i++) {
        for (len = 1; len <= 2; len++) {
            with_power(&w, way[i].pmc, 0, NULL);
            world_power(&w, way[i].from);
            pt_config_write(w.d, PMCSR, way[i].to, len);
            pt_config_write(w.d, PMCSR, way[i].to, len);
            assert_int_equal(guest_state(&w), way[i].now);
            assert_int_equal(w.sim.bus.lines[PT_LOG_WARNING],
                             way[i].now != way[i].to);
            assert_int_equal(w.sim.dev.num_writes, 0);
            assert_true(world_close(&w));
        }
    }
}

/* A timer of the transition ran on after the device was gone. */
static void test_1_4_6_removed_and_reset_in_a_transition(void **state)
{
    struct world w;
    unsigned to, keeps;

    (void)state;
    for (keeps = 0; keeps < 2; keeps++) {
        for (to = 0; to < 4; to++) {
            with_power(&w, PMC_ALL, keeps ? PCI_PM_CTRL_NO_SOFT_RST : 0,
                       POLICY(power_mgmt));
            place_and_decode(&w);
            world_power(&w, 3);
            rd16(&w, PMCSR);
            world_power(&w, to);
            if (to & 1) {
                pt_reset(w.d);
                assert_int_equal(sim_dev_power(&w.sim.dev), 0);
                assert_int_equal(dev(&w, PCI_BASE_ADDRESS_0, 4), CARD_MEM);
                place_and_decode(&w);
                assert_int_equal(w.sim.xen.num_mem, 3);
            }
            world_detach(&w);
            assert_int_equal(dev(&w, PCI_BASE_ADDRESS_0, 4), CARD_MEM);
            assert_true(world_close(&w));
        }
    }
}

/* Emulated states reset nothing, and the guest was told they did. */
static void test_1_4_7_no_soft_reset_is_1_for_emulated_states(void **state)
{
    struct world w;

    (void)state;
    with_power(&w, PMC_ALL, 0, NULL);
    assert_int_equal(rd16(&w, PMCSR), PCI_PM_CTRL_NO_SOFT_RST);
    wr16(&w, PMCSR, 3);
    assert_int_equal(rd16(&w, PMCSR), PCI_PM_CTRL_NO_SOFT_RST | 3);
    wr16(&w, PMCSR, 0);
    assert_int_equal(rd16(&w, PMCSR), PCI_PM_CTRL_NO_SOFT_RST);
    assert_true(world_close(&w));
    /* Real states tell the truth. */
    with_power(&w, PMC_ALL, 0, POLICY(power_mgmt));
    assert_int_equal(rd16(&w, PMCSR), 0);
    assert_true(world_close(&w));
}

/* The line was unbound by the reset, and once more by the removal. */
static void test_1_4_8_the_line_is_unbound_once(void **state)
{
    struct world w;

    (void)state;
    with_power(&w, PMC_ALL, 0, POLICY(power_mgmt));
    world_power(&w, 3);
    world_power(&w, 0);
    rd16(&w, PMCSR);
    /* As before, its interrupts arrive: the line is open on both sides. */
    assert_int_equal(sim_xen_num_bound(&w.sim.xen, NULL), 1);
    sim_dev_set_intx(&w.sim.dev, true);
    assert_int_equal(w.sim.xen.intx[5][0], 1);
    sim_dev_set_intx(&w.sim.dev, false);
    world_detach(&w);
    assert_int_equal(w.sim.xen.calls[SIM_UNBIND_INTX],
                     w.sim.xen.calls[SIM_BIND_INTX]);
    assert_int_equal(w.sim.xen.calls[SIM_UNMAP_PIRQ],
                     w.sim.xen.calls[SIM_MAP_GSI]);
    assert_true(world_close(&w));
}

/* A resuming system writes Command first, then the BARs. */
static void test_1_4_9_command_before_bars_after_resume(void **state)
{
    struct world w;

    (void)state;
    with_power(&w, PMC_ALL, 0, POLICY(power_mgmt));
    place_and_decode(&w);
    world_power(&w, 3);
    world_power(&w, 0);
    world_decode(&w, true);
    wr32(&w, PCI_BASE_ADDRESS_0, WORLD_MEM);
    wr32(&w, PCI_BASE_ADDRESS_1, WORLD_PORTS);
    wr32(&w, PCI_BASE_ADDRESS_2, (uint32_t)WORLD_MEM64);
    wr32(&w, PCI_BASE_ADDRESS_3, WORLD_MEM64 >> 32);
    assert_true(mem_at(&w, WORLD_MEM, CARD_MEM, CARD_MEM_SIZE));
    assert_true(ports_at(&w, (uint32_t)WORLD_PORTS, CARD_PORTS,
                         CARD_NUM_PORTS));
    assert_true(mem_at(&w, WORLD_MEM64, CARD_MEM64, CARD_MEM64_SIZE));
    assert_int_equal(w.sim.xen.num_mem, 2);
    assert_true(world_close(&w));
}

/* The reset unbound pin A of a device that was bound with another. */
static void test_1_4_10_the_same_pin_before_and_after_a_reset(void **state)
{
    struct capture c;
    struct world w;

    (void)state;
    power_card(&c, PMC_ALL, 0);
    c.cfg[PCI_INTERRUPT_PIN] = 3;
    begin(&w, &c, POLICY(power_mgmt));
    world_power(&w, 3);
    world_power(&w, 0);
    assert_int_equal(rd8(&w, PCI_INTERRUPT_PIN), 3);
    sim_dev_set_intx(&w.sim.dev, true);
    assert_int_equal(w.sim.xen.intx[5][2], 1);
    assert_int_equal(w.sim.xen.intx[5][0], 0);
    sim_dev_set_intx(&w.sim.dev, false);
    assert_true(world_close(&w));
}

/* The write-back of PMCSR wrote a set PME_Status, and so cleared it. */
static void test_1_4_11_pme_status_survives_writes_of_the_guest(void **state)
{
    struct world w;
    unsigned policy;

    (void)state;
    for (policy = 0; policy < 2; policy++) {
        with_power(&w, PMC_ALL, PCI_PM_CTRL_NO_SOFT_RST,
                   policy ? POLICY(power_mgmt) : NULL);
        sim_dev_set_bits(&w.sim.dev, PMCSR, 2, PCI_PM_CTRL_PME_STATUS |
                         PCI_PM_CTRL_PME_ENABLE);
        wr16(&w, PMCSR, 0x0200);
        world_power(&w, 3);
        wr16(&w, PMCSR, 0xff00);
        wr16(&w, PMCSR, 0xffff);
        wr8(&w, PMCSR + 1, 0xff);
        wr32(&w, PM, UINT32_MAX);
        world_power(&w, 0);
        assert_int_equal(dev(&w, PMCSR, 2) & 0x8100, 0x8100);
        assert_int_equal(rd16(&w, PMCSR) & 0x8100, 0);
        assert_true(world_close(&w));
        /* Nor does the engine when it wakes the device. */
        with_power(&w, PMC_ALL, PCI_PM_CTRL_NO_SOFT_RST |
                   PCI_PM_CTRL_PME_STATUS | 3, NULL);
        assert_true(dev(&w, PMCSR, 2) & PCI_PM_CTRL_PME_STATUS);
        assert_true(world_close(&w));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            test_1_4_1_states_reach_the_device_and_take_their_time),
        cmocka_unit_test(test_1_4_1_time_that_has_passed_counts),
        cmocka_unit_test(test_1_4_1_a_reset_is_undone_for_the_host),
        cmocka_unit_test(test_a_restore_starts_no_function_level_reset),
        cmocka_unit_test(test_1_4_1_a_reset_takes_the_guests_programming),
        cmocka_unit_test(test_1_4_1_without_a_reset_all_is_kept),
        cmocka_unit_test(test_1_4_1_only_d3hot_resets),
        cmocka_unit_test(test_1_4_1_no_soft_reset_is_of_version_3),
        cmocka_unit_test(test_1_4_1_pmc_hides_wake_up_only),
        cmocka_unit_test(test_1_4_2_aer_masks_and_severities_come_back),
        cmocka_unit_test(test_1_4_2_aer_is_found_in_its_list),
        cmocka_unit_test(test_extended_chains_that_lie_end),
        cmocka_unit_test(test_1_4_3_no_power_management_at_all),
        cmocka_unit_test(
            test_1_4_4_2_29_a_sleeping_device_is_woken_at_attach),
        cmocka_unit_test(test_1_4_4_a_device_that_does_not_wake_is_refused),
        cmocka_unit_test(test_1_4_5_states_are_emulated_by_default),
        cmocka_unit_test(test_emulated_states_go_where_states_can),
        cmocka_unit_test(test_1_4_6_removed_and_reset_in_a_transition),
        cmocka_unit_test(test_1_4_7_no_soft_reset_is_1_for_emulated_states),
        cmocka_unit_test(test_1_4_8_the_line_is_unbound_once),
        cmocka_unit_test(test_1_4_9_command_before_bars_after_resume),
        cmocka_unit_test(test_1_4_10_the_same_pin_before_and_after_a_reset),
        cmocka_unit_test(test_1_4_11_pme_status_survives_writes_of_the_guest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
