/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lessons: the PCI Express capability. */
#include "lib-lessons.h"

#define EXP 0x60
#define BEHIND 0xa0  /* the next capability, where one is wanted */

static void with_express(struct world *w, unsigned version, unsigned type,
                         unsigned len, const struct pt_policy *policy)
{
    struct capture c;

    card(&c);
    card_express(&c, EXP, version, type, len);
    begin(w, &c, policy);
}

/*
 * Write handlers by hand, each with its own idea of which bits are
 * read-only.
 */
static void test_1_1_4_1_11_3_control_bits_that_are_read_only(void **state)
{
    /* Of Device Control the error reporting is left: the rest is no copy. */
    static const struct {
        uint16_t off, copy;
    } reg[] = {
        { PCI_EXP_DEVCTL, 0x000f },
        { PCI_EXP_LNKCTL, 0x03cb },
        { PCI_EXP_LNKCTL2, 0xffbf },
    };
    const uint16_t sent = 0x7810;
    struct world w;
    unsigned i;

    (void)state;
    with_express(&w, 2, PCI_EXP_TYPE_ENDPOINT, SPEC_EXP_V2, NULL);
    for (i = 0; i < COUNT(reg); i++) {
        uint16_t skip = reg[i].off == PCI_EXP_DEVCTL ? sent : 0;

        wr16(&w, EXP + reg[i].off, (uint16_t)(0xffff & ~skip));
        assert_int_equal(rd16(&w, EXP + reg[i].off) & ~skip, reg[i].copy);
        wr16(&w, EXP + reg[i].off, 0);
        assert_int_equal(rd16(&w, EXP + reg[i].off) & ~skip, 0);
        wr8(&w, EXP + reg[i].off + 1, 0xff & ~(skip >> 8));
        assert_int_equal(rd16(&w, EXP + reg[i].off) & ~skip,
                         reg[i].copy & 0xff00);
        assert_int_equal(dev(&w, EXP + reg[i].off, 2), 0);
    }
    assert_int_equal(w.sim.dev.num_writes, 0);
    assert_true(world_close(&w));
}

static void test_1_1_4_pmcsr_bits_that_are_read_only(void **state)
{
    struct capture c;
    struct world w;

    (void)state;
    card(&c);
    card_pm(&c, 0x40, 0x0003, 0);
    begin(&w, &c, NULL);
    wr16(&w, 0x44, 0xffff);
    /* State and Data_Select are writable; this device has no data. */
    assert_int_equal(rd16(&w, 0x44), PCI_PM_CTRL_NO_SOFT_RST | 3);
    assert_int_equal(w.sim.dev.touched[0x44] | w.sim.dev.touched[0x45],
                     0x1e);
    assert_true(world_close(&w));
}

/*
 * Version 1 was taken for as long as version 2: what came behind was hidden
 * under registers that the device does not have.
 */
static void test_1_11_1_size_by_version_and_type(void **state)
{
    static const struct {
        uint8_t version, type, size;
    } kind[] = {
        { 1, PCI_EXP_TYPE_ENDPOINT, 0x14 },
        { 1, PCI_EXP_TYPE_LEG_END, 0x14 },
        { 1, PCI_EXP_TYPE_ROOT_INT_EP, 0x0c },
        { 2, PCI_EXP_TYPE_ENDPOINT, 0x34 },
        { 2, PCI_EXP_TYPE_LEG_END, 0x34 },
        { 2, PCI_EXP_TYPE_ROOT_INT_EP, 0x2c },
    };
    const uint8_t vendor[2] = { 4, 0x77 };
    struct capture c;
    struct world w;
    unsigned i, next;

    (void)state;
    for (i = 0; i < COUNT(kind); i++) {
        next = EXP + kind[i].size;
        card(&c);
        card_express(&c, EXP, kind[i].version, kind[i].type, kind[i].size);
        world_build_cap(&c, (uint8_t)next, PCI_CAP_ID_VNDR, vendor, 2);
        begin(&w, &c, NULL);
        assert_int_equal(world_cap(&w, PCI_CAP_ID_EXP, 0), EXP);
        assert_int_equal(world_cap(&w, PCI_CAP_ID_VNDR, 0), next);
        assert_int_equal(rd32(&w, next), 0x77040000 | PCI_CAP_ID_VNDR);
        wr8(&w, next + 3, 0x5a);
        assert_int_equal(dev(&w, next + 3, 1), 0x5a);
        assert_true(world_close(&w));
        /* Without it: the device's own registers begin there. */
        with_express(&w, kind[i].version, kind[i].type, kind[i].size, NULL);
        /* The last byte is the structure's; events are in its two top bits. */
        wr8(&w, next - 1, 0x3f);
        assert_false(written(&w, next - 1, 1));
        wr8(&w, next, 0x5a);
        assert_int_equal(dev(&w, next, 1), 0x5a);
        assert_true(world_close(&w));
    }
}

/*
 * Version 2 was taken for as long as a port's, with slot registers: Broadcom's
 * network cards have it at cc, up to the last byte, and it was hidden. Their
 * driver takes the wrong path without it, and what is the host's of it was
 * lost in D3hot.
 */
static void test_v2_at_the_end_of_the_space_was_hidden(void **state)
{
    struct capture c;
    struct world w;
    unsigned off;

    (void)state;
    world_open(&w, "hw-bcm5764m.txt", 0, NULL);
    assert_true(world_attach(&w));
    assert_int_equal(world_cap(&w, PCI_CAP_ID_EXP, 0), 0xcc);
    assert_int_equal(rd32(&w, 0xcc + PCI_EXP_DEVCAP2), 0x1f);
    assert_true(world_close(&w));
    /* Root complex integrated: no link, and 8 bytes less. */
    card(&c);
    card_express(&c, 0xd4, 2, PCI_EXP_TYPE_ROOT_INT_EP, SPEC_EXP_V2_RC);
    begin(&w, &c, NULL);
    assert_int_equal(world_cap(&w, PCI_CAP_ID_EXP, 0), 0xd4);
    assert_true(world_close(&w));
    /* And 4 bytes further on there is no room for it. */
    for (off = 0xd0; off <= 0xd8; off += 8) {
        card(&c);
        card_express(&c, (uint8_t)off, 2, off == 0xd0 ?
                     PCI_EXP_TYPE_ENDPOINT : PCI_EXP_TYPE_ROOT_INT_EP,
                     0x100 - off);
        begin(&w, &c, NULL);
        assert_int_equal(world_cap(&w, PCI_CAP_ID_EXP, 0), 0);
        assert_true(sim_bus_logged(&w.sim.bus, "leave"));
        assert_true(world_close(&w));
    }
}

static void test_v2_at_the_end_keeps_its_payload_size_over_d3hot(void **state)
{
    const uint8_t at = 0xcc;
    struct capture c;
    struct world w;

    (void)state;
    card(&c);
    card_pm(&c, 0x40, 0x0003, 0);
    card_express(&c, at, 2, PCI_EXP_TYPE_ENDPOINT, SPEC_EXP_V2);
    pt_store(c.cfg + at + PCI_EXP_DEVCTL, 0x5020, 2);
    begin(&w, &c, POLICY(power_mgmt));
    world_power(&w, 3);
    rd16(&w, PCI_COMMAND);
    world_power(&w, 0);
    rd16(&w, PCI_COMMAND);
    assert_int_equal(w.sim.dev.count.resets, 1);
    assert_int_equal(dev(&w, at + PCI_EXP_DEVCTL, 2), 0x5020);
    assert_true(world_close(&w));
}

/* ------------------------------------------------------------------ */
/* What the guest reads is true, and what is its driver's gets there   */

#define DEVCTL (EXP + PCI_EXP_DEVCTL)
#define LNKCTL (EXP + PCI_EXP_LNKCTL)
#define DEVCTL2 (EXP + PCI_EXP_DEVCTL2)
#define LNKCTL2 (EXP + PCI_EXP_LNKCTL2)

/* A card as firmware and host leave it; @devctl2: Device Control 2. */
static void with_controls(struct world *w, uint16_t devctl, uint16_t devctl2,
                          const struct pt_policy *policy)
{
    const struct sim_opts opts = { .dev = { .lose_sticky = true } };
    struct capture c;

    card(&c);
    card_pm(&c, 0x40, 0x0003, 0);
    card_express(&c, EXP, 2, PCI_EXP_TYPE_ENDPOINT, SPEC_EXP_V2);
    pt_store(c.cfg + DEVCTL, devctl, 2);
    pt_store(c.cfg + EXP + PCI_EXP_LNKCAP, 0x00040c12, 4);
    pt_store(c.cfg + LNKCTL, PCI_EXP_LNKCTL_CLOCKPM | PCI_EXP_LNKCTL_CLOCK |
             0x2, 2);
    /* Timeouts of all ranges, LTR. */
    pt_store(c.cfg + EXP + PCI_EXP_DEVCAP2, 0x0000081f, 4);
    pt_store(c.cfg + DEVCTL2, devctl2, 2);
    pt_store(c.cfg + LNKCTL2, 0x0001, 2);
    world_init(w, &c, policy, &opts);
    if (!world_attach(w)) {
        fail_msg("%s", w->err.text);
    }
    sim_dev_forget(&w->sim.dev);
}

/*
 * Device Control read 2810 and Link Control 0, whatever the device had: tg3
 * left out its workaround for Clock Power Management, e1000e took ASPM for
 * off, bnx2x programmed another payload size than the fabric's.
 */
static void test_controls_start_as_the_device_has_them(void **state)
{
    struct world w;

    (void)state;
    with_controls(&w, 0x5020 | PCI_EXP_DEVCTL_EXT_TAG | PCI_EXP_DEVCTL_URRE,
                  0x0206, NULL);
    assert_int_equal(rd16(&w, DEVCTL), 0x5128);
    assert_int_equal(rd16(&w, LNKCTL), 0x0142);
    assert_int_equal(rd16(&w, DEVCTL2), 0x0206);
    assert_int_equal(rd16(&w, LNKCTL2), 0x0001);
    assert_true(world_close(&w));
    /* But for what no guest is to know of (XSA-449), or to start. */
    with_controls(&w, 0x2020 | PCI_EXP_DEVCTL_PHANTOM, 0x0206, NULL);
    assert_int_equal(rd16(&w, DEVCTL), 0x2020);
    assert_true(world_close(&w));
    with_controls(&w, 0x5020 | PCI_EXP_DEVCTL_EXT_TAG | PCI_EXP_DEVCTL_URRE,
                  0x0206, NULL);
    /* And again, when the guest is reset. */
    wr32(&w, DEVCTL, 0x0000281f);
    wr16(&w, LNKCTL, 0);
    wr16(&w, LNKCTL2, 0);
    pt_reset(w.d);
    assert_int_equal(rd16(&w, DEVCTL), 0x5128);
    assert_int_equal(rd16(&w, LNKCTL), 0x0142);
    assert_int_equal(rd16(&w, LNKCTL2), 0x0001);
    assert_true(world_close(&w));
}

/* Drivers' tuning never got there: amdgpu has no atomics without it. */
static void test_the_drivers_controls_reach_the_device(void **state)
{
    const struct world_policy *p;
    struct world_cost then, c;
    struct world w;

    (void)state;
    for (p = world_policies; p->name; p++) {
        with_controls(&w, 0x2020, 0, &p->policy);
        then = world_cost(&w);
        wr16(&w, DEVCTL, 0x5020 | PCI_EXP_DEVCTL_RELAXED |
             PCI_EXP_DEVCTL_NOSNOOP);
        wr16(&w, DEVCTL2, 0x0056);
        c = world_cost_since(&w, &then);
        assert_int_equal(c.reads, 2);
        assert_int_equal(c.writes, 2);
        assert_int_equal(dev(&w, DEVCTL, 2), 0x5830);
        assert_int_equal(rd16(&w, DEVCTL), 0x5830);
        assert_int_equal(dev(&w, DEVCTL2, 2), 0x0056);
        assert_int_equal(rd16(&w, DEVCTL2), 0x0056);
        /* A byte of it is as good. */
        wr8(&w, DEVCTL + 1, 0x20);
        wr8(&w, DEVCTL2, PCI_EXP_DEVCTL2_ATOMICOP_REQUESTER_EN);
        assert_int_equal(dev(&w, DEVCTL, 2), 0x2030);
        assert_int_equal(dev(&w, DEVCTL2, 2), 0x0040);
        assert_true(world_close(&w));
    }
}

/* What concerns the fabric, or leads past the toolstack. */
static void test_the_hosts_controls_do_not(void **state)
{
    const struct world_policy *p;
    struct world w;

    (void)state;
    for (p = world_policies; p->name; p++) {
        with_controls(&w, 0x2020, 0, &p->policy);
        wr16(&w, DEVCTL, 0x2000 | PCI_EXP_DEVCTL_PAYLOAD |
             PCI_EXP_DEVCTL_EXT_TAG | PCI_EXP_DEVCTL_PHANTOM |
             PCI_EXP_DEVCTL_AUX_PME | 0xf |
             (p->policy.flr ? 0 : PCI_EXP_DEVCTL_FLRESET));
        wr16(&w, LNKCTL, 0);
        wr16(&w, LNKCTL2, 0xffff);
        /* ARI, ID-based ordering, LTR, 10-bit tags, OBFF, blocking. */
        wr16(&w, DEVCTL2, 0xffa0);
        assert_int_equal(dev(&w, DEVCTL, 2), 0x2020);
        assert_int_equal(dev(&w, LNKCTL, 2), 0x0142);
        assert_int_equal(dev(&w, DEVCTL2, 2), 0);
        assert_int_equal(dev(&w, LNKCTL2, 2), 0x0001);
        assert_int_equal(w.sim.dev.num_writes, 0);
        assert_int_equal(w.sim.dev.count.resets, 0);
        /* The payload that is in force is what the guest reads. */
        assert_int_equal(rd16(&w, DEVCTL) & PCI_EXP_DEVCTL_PAYLOAD, 0x20);
        assert_int_equal(rd16(&w, DEVCTL2), 0);
        assert_true(world_close(&w));
    }
}

/* A request is no smaller than a payload, and no larger than there are. */
static void test_read_requests_fit_the_payload(void **state)
{
    static const struct {
        uint16_t host, guest, device;
    } r[] = {
        { 0x2020, 0x0000, 0x1020 }, { 0x2020, 0x1000, 0x1020 },
        { 0x2020, 0x5000, 0x5020 }, { 0x2020, 0x6000, 0x5020 },
        { 0x2020, 0x7000, 0x5020 }, { 0x2000, 0x0000, 0x0000 },
        /* The host keeps it down: no completion is larger than a payload. */
        { 0x1020, 0x5000, 0x1020 }, { 0x1020, 0x0000, 0x1020 },
        { 0x0020, 0x5000, 0x0020 },
    };
    struct world w;
    unsigned i;

    (void)state;
    for (i = 0; i < COUNT(r); i++) {
        with_controls(&w, r[i].host, 0, NULL);
        wr16(&w, DEVCTL, r[i].guest);
        assert_int_equal(dev(&w, DEVCTL, 2), r[i].device);
        assert_int_equal(rd16(&w, DEVCTL), r[i].device);
        assert_true(world_close(&w));
    }
}

/* A latency message to a port that has them off is an error of the host's. */
static void test_latency_messages_only_where_the_host_has_them(void **state)
{
    struct world w;

    (void)state;
    with_controls(&w, 0x2000, 0, NULL);
    wr16(&w, DEVCTL2, PCI_EXP_DEVCTL2_LTR);
    assert_int_equal(dev(&w, DEVCTL2, 2), 0);
    assert_int_equal(rd16(&w, DEVCTL2), 0);
    assert_true(world_close(&w));
    with_controls(&w, 0x2000, PCI_EXP_DEVCTL2_LTR, NULL);
    assert_int_equal(rd16(&w, DEVCTL2), PCI_EXP_DEVCTL2_LTR);
    wr16(&w, DEVCTL2, 0);
    assert_int_equal(dev(&w, DEVCTL2, 2), 0);
    assert_int_equal(rd16(&w, DEVCTL2), 0);
    wr16(&w, DEVCTL2, PCI_EXP_DEVCTL2_LTR);
    assert_int_equal(dev(&w, DEVCTL2, 2), PCI_EXP_DEVCTL2_LTR);
    assert_true(world_close(&w));
}

/* The next owner, or the guest after its reboot, gets the host's. */
static void test_what_the_guest_tuned_is_undone(void **state)
{
    struct world w;
    unsigned i;

    (void)state;
    with_controls(&w, 0x2020, 0, NULL);
    wr16(&w, DEVCTL, 0x5830);
    wr16(&w, DEVCTL2, 0x0056);
    pt_reset(w.d);
    assert_int_equal(dev(&w, DEVCTL, 2), 0x2020);
    assert_int_equal(dev(&w, DEVCTL2, 2), 0);
    wr16(&w, DEVCTL, 0x5830);
    wr16(&w, DEVCTL2, 0x0056);
    world_detach(&w);
    assert_int_equal(dev(&w, DEVCTL, 2), 0x2020);
    assert_int_equal(dev(&w, DEVCTL2, 2), 0);
    assert_true(world_close(&w));
    /* And where the guest changed nothing, nothing is written. */
    for (i = 0; i < 3; i++) {
        with_controls(&w, 0x2020, 0, NULL);
        if (i == 1) {
            wr16(&w, DEVCTL, rd16(&w, DEVCTL));
        } else if (i == 2) {
            wr16(&w, LNKCTL, rd16(&w, LNKCTL) ^ PCI_EXP_LNKCTL_ASPM);
        }
        world_detach(&w);
        assert_false(written(&w, EXP, SPEC_EXP_V2));
        assert_true(world_close(&w));
    }
}

/* All of them, Link Control 2 as well, which only aux power keeps. */
static void test_controls_come_back_after_d3hot(void **state)
{
    struct world w;

    (void)state;
    with_controls(&w, 0x2128, 0x0416, POLICY(power_mgmt));
    wr16(&w, DEVCTL, 0x5830);
    wr16(&w, DEVCTL2, 0x0056);
    world_power(&w, 3);
    rd16(&w, PCI_COMMAND);
    world_power(&w, 0);
    rd16(&w, PCI_COMMAND);
    assert_int_equal(w.sim.dev.count.resets, 1);
    assert_int_equal(dev(&w, DEVCTL, 2), 0x2128);
    assert_int_equal(dev(&w, LNKCTL, 2), 0x0142);
    assert_int_equal(dev(&w, DEVCTL2, 2), 0x0416);
    assert_int_equal(dev(&w, LNKCTL2, 2), 0x0001);
    /* The guest, which restores its own, sees that they were lost. */
    assert_int_equal(rd16(&w, DEVCTL), 0x2128);
    wr16(&w, DEVCTL, 0x5830);
    assert_int_equal(dev(&w, DEVCTL, 2), 0x5938);
    assert_true(world_close(&w));
}

/* A device that reads a 1 in Initiate Function Level Reset, as none should. */
static void lies_of_flr(struct sim_dev *d, uint16_t pos, uint8_t *buf,
                        unsigned len)
{
    const unsigned at = DEVCTL + 1;

    (void)d;
    if (pos <= at && at < pos + len) {
        buf[at - pos] |= PCI_EXP_DEVCTL_FLRESET >> 8;
    }
}

static void test_forwarding_starts_no_function_level_reset(void **state)
{
    struct world w;

    (void)state;
    with_controls(&w, 0x2020, 0, NULL);
    w.sim.dev.hooks.on_read = lies_of_flr;
    wr16(&w, DEVCTL, 0x5830);
    assert_int_equal(dev(&w, DEVCTL, 2), 0x5830);
    assert_int_equal(rd16(&w, DEVCTL), 0x5830);
    assert_int_equal(w.sim.dev.count.resets, 0);
    world_detach(&w);
    assert_int_equal(w.sim.dev.count.resets, 0);
    assert_true(world_close(&w));
}

/* ASPM of the guest is its own: it may be written, and goes nowhere. */
static void test_1_11_2_aspm_is_a_copy(void **state)
{
    struct world w;

    (void)state;
    with_express(&w, 1, PCI_EXP_TYPE_ENDPOINT, SPEC_EXP_V1, NULL);
    assert_int_equal(rd16(&w, EXP + PCI_EXP_LNKCTL), 0);
    wr16(&w, EXP + PCI_EXP_LNKCTL, PCI_EXP_LNKCTL_ASPM);
    assert_int_equal(rd16(&w, EXP + PCI_EXP_LNKCTL), PCI_EXP_LNKCTL_ASPM);
    assert_int_equal(dev(&w, EXP + PCI_EXP_LNKCTL, 2), 0);
    assert_int_equal(w.sim.dev.num_writes, 0);
    assert_true(world_close(&w));
}

/* The capability register was partly writable. */
static void test_1_11_4_device_capabilities_are_read_only(void **state)
{
    struct world w;
    uint32_t was;

    (void)state;
    with_express(&w, 2, PCI_EXP_TYPE_ENDPOINT, SPEC_EXP_V2,
                 POLICY(permissive));
    was = rd32(&w, EXP + PCI_EXP_DEVCAP);
    assert_int_equal(was, PCI_EXP_DEVCAP_EXT_TAG | 0x2);
    wr32(&w, EXP + PCI_EXP_DEVCAP, ~was);
    wr32(&w, EXP + PCI_EXP_LNKCAP, 0);
    wr32(&w, EXP + PCI_EXP_DEVCAP2, UINT32_MAX);
    wr16(&w, EXP + PCI_EXP_FLAGS, 0);
    assert_int_equal(rd32(&w, EXP + PCI_EXP_DEVCAP), was);
    assert_int_equal(w.sim.dev.num_writes, 0);
    assert_true(world_close(&w));
}

/* Default deny must not take from the guest what it needs. */
static void test_1_11_5_status_and_vpd_stay_usable(void **state)
{
    struct capture c;
    struct world w;

    (void)state;
    card(&c);
    card_express(&c, EXP, 2, PCI_EXP_TYPE_ENDPOINT, SPEC_EXP_V2);
    card_vpd(&c, 0xb0);
    begin(&w, &c, POLICY(strict));
    sim_dev_set_bits(&w.sim.dev, EXP + PCI_EXP_DEVSTA, 2, 0x000f);
    sim_dev_set_bits(&w.sim.dev, EXP + PCI_EXP_LNKSTA, 2, 0xc000);
    assert_int_equal(rd16(&w, EXP + PCI_EXP_DEVSTA) & 0xf, 0xf);
    wr16(&w, EXP + PCI_EXP_DEVSTA, 0x0005);
    assert_int_equal(rd16(&w, EXP + PCI_EXP_DEVSTA) & 0xf, 0xa);
    /* What drivers do: write what was read, or nothing. */
    sim_dev_forget(&w.sim.dev);
    wr16(&w, EXP + PCI_EXP_DEVSTA, 0);
    assert_int_equal(w.sim.dev.num_writes, 0);
    wr16(&w, EXP + PCI_EXP_DEVSTA, rd16(&w, EXP + PCI_EXP_DEVSTA));
    assert_int_equal(rd16(&w, EXP + PCI_EXP_DEVSTA) & 0xf, 0);
    sim_dev_set_bits(&w.sim.dev, PCI_STATUS, 2, 0xf900);
    wr16(&w, PCI_STATUS, rd16(&w, PCI_STATUS));
    assert_int_equal(rd16(&w, PCI_STATUS) & 0xf900, 0);
    wr16(&w, EXP + PCI_EXP_LNKSTA, 0x4000);
    assert_int_equal(rd16(&w, EXP + PCI_EXP_LNKSTA) & 0xc000, 0x8000);
    wr16(&w, 0xb0 + PCI_VPD_ADDR, 0x0004);
    assert_int_equal(dev(&w, 0xb0 + PCI_VPD_ADDR, 2), 0x0004);
    assert_true(world_close(&w));
}

/* A neighbour's write must clear nothing. */
static void test_1_11_5_status_survives_its_neighbours(void **state)
{
    struct world w;

    (void)state;
    with_express(&w, 2, PCI_EXP_TYPE_ENDPOINT, SPEC_EXP_V2,
                 POLICY(permissive));
    sim_dev_set_bits(&w.sim.dev, EXP + PCI_EXP_DEVSTA, 2, 0x000f);
    sim_dev_set_bits(&w.sim.dev, EXP + PCI_EXP_LNKSTA, 2, 0xc000);
    sim_dev_set_bits(&w.sim.dev, PCI_STATUS, 2, 0xf900);
    wr32(&w, EXP + PCI_EXP_DEVCTL, 0x0000ffff);
    wr32(&w, EXP + PCI_EXP_LNKCTL, 0x0000ffff);
    /* Reserved bits beside it, which permissive opens. */
    wr16(&w, EXP + PCI_EXP_DEVSTA, 0xff00);
    wr32(&w, PCI_COMMAND, PCI_COMMAND_MASTER);
    wr32(&w, PCI_COMMAND, 0x00060000);
    assert_int_equal(dev(&w, EXP + PCI_EXP_DEVSTA, 2) & 0xf, 0xf);
    assert_int_equal(dev(&w, EXP + PCI_EXP_LNKSTA, 2) & 0xc000, 0xc000);
    assert_int_equal(dev(&w, PCI_STATUS, 2) & 0xf900, 0xf900);
    assert_true(world_close(&w));
}

/* A version or type without a table ended the process: exit(1). */
static void test_2_17_unknown_versions_and_types_are_hidden(void **state)
{
    const uint8_t vendor[2] = { 4, 0x77 };
    struct capture c;
    struct world w;
    unsigned version, type;

    (void)state;
    for (version = 0; version < 16; version++) {
        for (type = 0; type < 16; type++) {
            bool good = (version == 1 || version == 2) &&
                (type == PCI_EXP_TYPE_ENDPOINT ||
                 type == PCI_EXP_TYPE_LEG_END ||
                 type == PCI_EXP_TYPE_ROOT_INT_EP);

            card(&c);
            card_express(&c, EXP, version, type, SPEC_EXP_V2);
            world_build_cap(&c, BEHIND, PCI_CAP_ID_VNDR, vendor, 2);
            begin(&w, &c, NULL);
            assert_int_equal(world_cap(&w, PCI_CAP_ID_EXP, 0),
                             good ? EXP : 0);
            assert_int_equal(world_cap(&w, PCI_CAP_ID_VNDR, 0), BEHIND);
            assert_int_equal(w.sim.bus.lines[PT_LOG_WARNING], !good);
            if (!good) {
                wr32(&w, EXP + PCI_EXP_DEVCTL, UINT32_MAX);
                wr32(&w, BEHIND - 4, UINT32_MAX);
                assert_int_equal(w.sim.dev.num_writes, 0);
            }
            assert_true(world_close(&w));
        }
    }
}

/*
 * Link Status of an integrated endpoint of version 1, which has none, was
 * read and written by the restore: foreign bytes.
 */
static void test_2_30_no_link_registers_in_a_v1_integrated_endpoint(
    void **state)
{
    struct capture c;
    struct world w;

    (void)state;
    card(&c);
    card_pm(&c, 0x40, 0x0003, 0);
    card_express(&c, EXP, 1, PCI_EXP_TYPE_ROOT_INT_EP, SPEC_EXP_V1_RC);
    begin(&w, &c, POLICY(power_mgmt));
    wr32(&w, EXP + PCI_EXP_LNKCTL, 0xa5a55a5a);
    assert_int_equal(dev(&w, EXP + PCI_EXP_LNKCTL, 4), 0xa5a55a5a);
    sim_dev_forget(&w.sim.dev);
    world_power(&w, 3);
    world_power(&w, 0);
    rd16(&w, PCI_COMMAND);
    assert_int_equal(w.sim.dev.count.resets, 1);
    assert_true(written(&w, EXP + PCI_EXP_DEVCTL, 2));
    assert_false(written(&w, EXP + SPEC_EXP_V1_RC, 0x30));
    assert_true(world_close(&w));
}

/* Phantom functions have requester IDs of their own, outside of the IOMMU. */
static void test_xsa_449_phantom_functions_are_neither_offered_nor_enabled(
    void **state)
{
    const struct world_policy *p;
    struct world w;

    (void)state;
    for (p = world_policies; p->name; p++) {
        with_express(&w, 2, PCI_EXP_TYPE_ENDPOINT, SPEC_EXP_V2,
                     &p->policy);
        assert_true(dev(&w, EXP + PCI_EXP_DEVCAP, 4) &
                    PCI_EXP_DEVCAP_PHANTOM);
        assert_int_equal(rd32(&w, EXP + PCI_EXP_DEVCAP) &
                         PCI_EXP_DEVCAP_PHANTOM, 0);
        wr16(&w, EXP + PCI_EXP_DEVCTL, PCI_EXP_DEVCTL_PHANTOM);
        wr8(&w, EXP + PCI_EXP_DEVCTL + 1, PCI_EXP_DEVCTL_PHANTOM >> 8);
        wr32(&w, EXP + PCI_EXP_DEVCTL, UINT32_MAX);
        wr32(&w, EXP + PCI_EXP_DEVCTL - 1, UINT32_MAX);
        sim_bus_pass(&w.sim.bus, w.d, 1000000);  /* it may be in a reset */
        assert_int_equal(rd16(&w, EXP + PCI_EXP_DEVCTL) &
                         PCI_EXP_DEVCTL_PHANTOM, 0);
        assert_int_equal(dev(&w, EXP + PCI_EXP_DEVCTL, 2) &
                         PCI_EXP_DEVCTL_PHANTOM, 0);
        assert_true(world_close(&w));
    }
}

/* Function level reset would go past the toolstack: by policy alone. */
static void test_field_1_8_function_level_reset_is_hidden(void **state)
{
    const uint8_t af[4] = { 6, 3, 0, 0 };
    const struct world_policy *p;
    struct capture c;
    struct world w;

    (void)state;
    for (p = world_policies; p->name; p++) {
        if (p->policy.flr) {
            continue;
        }
        card(&c);
        card_express(&c, EXP, 2, PCI_EXP_TYPE_ENDPOINT, SPEC_EXP_V2);
        world_build_cap(&c, BEHIND, PCI_CAP_ID_AF, af, sizeof(af));
        begin(&w, &c, &p->policy);
        assert_int_equal(rd32(&w, EXP + PCI_EXP_DEVCAP) &
                         PCI_EXP_DEVCAP_FLRESET, 0);
        assert_int_equal(world_cap(&w, PCI_CAP_ID_AF, 0), 0);
        wr16(&w, EXP + PCI_EXP_DEVCTL, 0x8000);
        wr8(&w, EXP + PCI_EXP_DEVCTL + 1, 0x80);
        if (!p->policy.permissive) {
            wr8(&w, BEHIND + 4, 1);
        }
        assert_int_equal(w.sim.dev.count.resets, 0);
        assert_true(world_close(&w));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            test_1_1_4_1_11_3_control_bits_that_are_read_only),
        cmocka_unit_test(test_1_1_4_pmcsr_bits_that_are_read_only),
        cmocka_unit_test(test_1_11_1_size_by_version_and_type),
        cmocka_unit_test(test_v2_at_the_end_of_the_space_was_hidden),
        cmocka_unit_test(
            test_v2_at_the_end_keeps_its_payload_size_over_d3hot),
        cmocka_unit_test(test_controls_start_as_the_device_has_them),
        cmocka_unit_test(test_the_drivers_controls_reach_the_device),
        cmocka_unit_test(test_the_hosts_controls_do_not),
        cmocka_unit_test(test_read_requests_fit_the_payload),
        cmocka_unit_test(test_latency_messages_only_where_the_host_has_them),
        cmocka_unit_test(test_what_the_guest_tuned_is_undone),
        cmocka_unit_test(test_controls_come_back_after_d3hot),
        cmocka_unit_test(test_forwarding_starts_no_function_level_reset),
        cmocka_unit_test(test_1_11_2_aspm_is_a_copy),
        cmocka_unit_test(test_1_11_4_device_capabilities_are_read_only),
        cmocka_unit_test(test_1_11_5_status_and_vpd_stay_usable),
        cmocka_unit_test(test_1_11_5_status_survives_its_neighbours),
        cmocka_unit_test(test_2_17_unknown_versions_and_types_are_hidden),
        cmocka_unit_test(
            test_2_30_no_link_registers_in_a_v1_integrated_endpoint),
        cmocka_unit_test(
            test_xsa_449_phantom_functions_are_neither_offered_nor_enabled),
        cmocka_unit_test(test_field_1_8_function_level_reset_is_hidden),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
