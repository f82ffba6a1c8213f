/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Extended configuration space: who has it, what a guest sees of its chain,
 * what reaches the device, and what comes back after a reset.
 * PCI Express Base 3.0, 7.9 onwards.
 */
#include <errno.h>

#include "lib-lessons.h"
#include "spec.h"

#define PM 0x40
#define EXP 0x50
#define PMCSR (PM + PCI_PM_CTRL)

/* A header: what follows is at @next. */
#define HEAD(id, next) ((uint32_t)(id) | 1u << 16 | (uint32_t)(next) << 20)

static const struct pt_policy extended = { .extended = true };
static const struct pt_policy with_power = {
    .extended = true, .power_mgmt = true,
};

/* An endpoint that loses its registers in D3hot. */
static void ext_card(struct capture *c)
{
    card(c);
    card_pm(c, PM, 3, 0);
    card_express(c, EXP, 2, PCI_EXP_TYPE_ENDPOINT, SPEC_EXP_V2);
    c->len = 4096;
}

static void put(struct capture *c, unsigned off, uint32_t val)
{
    pt_store(c->cfg + off, val, 4);
}

static unsigned count_reads(const struct world *w)
{
    return (unsigned)w->sim.dev.count.reads;
}

/* Attach, and leave what it cost. */
static void attach(struct world *w, const struct capture *c,
                   const struct pt_policy *policy)
{
    world_init(w, c, policy, NULL);
    assert_true(world_attach(w));
}

/* ------------------------------------------------------------------ */
/* Who has it                                                          */

/* Off: the same reads, the same 256 bytes, whatever is behind them. */
static void who_does_not_ask_pays_nothing(void **state)
{
    struct capture c;
    struct world w;

    (void)state;
    ext_card(&c);
    put(&c, 0x100, HEAD(1, 0x140));
    put(&c, 0x140, HEAD(3, 0));
    attach(&w, &c, NULL);
    assert_int_equal(count_reads(&w), 1);
    assert_int_equal(pt_config_size(w.d), 256);
    assert_int_equal(rd32(&w, 0x100), 0);
    wr32(&w, 0x108, 0x1000);
    assert_int_equal(dev(&w, 0x108, 4), 0);
    assert_int_equal(pt_num_caps(w.d), 2);
    assert_true(world_close(&w));
}

/* The guest's space ends where the host's does, and the log says so once. */
static void a_host_without_it_gives_256_bytes(void **state)
{
    struct capture c;
    struct world w;

    (void)state;
    ext_card(&c);
    put(&c, 0x100, HEAD(1, 0));
    world_init(&w, &c, &extended, NULL);
    sim_fault_at(&w.sim.dev.config_fault, 2, ENXIO);
    assert_true(world_attach(&w));
    assert_int_equal(pt_config_size(w.d), 256);
    assert_int_equal(w.sim.bus.lines[PT_LOG_WARNING], 1);
    assert_true(sim_bus_logged(&w.sim.bus, "no extended configuration space "
                               "from 0x100 on: can't read it: the host has "
                               "256 bytes of it (no MMCONFIG?)"));
    assert_true(sim_bus_logged(&w.sim.bus, "extended=0"));
    assert_int_equal(rd32(&w, 0x100), 0);
    assert_true(world_close(&w));
}

/* Nothing there, the first 256 bytes again, or no PCI Express at all. */
static void what_is_no_extended_space_is_not_taken_for_one(void **state)
{
    struct capture c;
    struct world w;
    unsigned i;

    (void)state;
    for (i = 0; i < 3; i++) {
        ext_card(&c);
        put(&c, 0x100, HEAD(1, 0));
        if (i == 0) {
            memset(c.cfg + 0x100, 0xff, 0xf00);
        } else if (i == 1) {
            memcpy(c.cfg + 0x100, c.cfg, 0x100);
        } else {
            c.cfg[EXP] = PCI_CAP_ID_SECURE;
        }
        attach(&w, &c, &extended);
        assert_int_equal(pt_config_size(w.d), 256);
        assert_int_equal(count_reads(&w), 1 + (i < 2));
        assert_int_equal(w.sim.bus.lines[PT_LOG_WARNING], 0);
        assert_true(world_close(&w));
    }
}

/* ------------------------------------------------------------------ */
/* The chain                                                           */

/* A guest's chain starts at 100: one whose first was hidden had no rest. */
static void the_first_one_hidden_keeps_the_rest(void **state)
{
    struct capture c;
    struct world w;

    (void)state;
    ext_card(&c);
    put(&c, 0x100, HEAD(PCI_EXT_CAP_ID_SRIOV, 0x140));
    put(&c, 0x104, UINT32_MAX);
    put(&c, 0x140, HEAD(PCI_EXT_CAP_ID_ATS, 0x160));
    put(&c, 0x160, HEAD(PCI_EXT_CAP_ID_DSN, 0x180));
    put(&c, 0x180, HEAD(PCI_EXT_CAP_ID_PASID, 0x1a0));
    put(&c, 0x1a0, HEAD(PCI_EXT_CAP_ID_LTR, 0));
    attach(&w, &c, &extended);
    assert_true(sim_bus_logged(&w.sim.bus, "extended=1"));
    assert_int_equal(rd32(&w, 0x100), 0x160u << 20);
    assert_int_equal(rd32(&w, 0x104), 0);
    assert_int_equal(rd32(&w, 0x140), 0);
    assert_int_equal(rd32(&w, 0x160), HEAD(PCI_EXT_CAP_ID_DSN, 0x1a0));
    assert_int_equal(rd32(&w, 0x1a0), HEAD(PCI_EXT_CAP_ID_LTR, 0));
    /* The block, five headers, two bodies. */
    assert_int_equal(count_reads(&w), 1 + 5 + 2);
    assert_true(world_close(&w));
}

/* Linux takes all ones for a device that has gone. */
static void no_capability_at_all_is_a_zero_dword(void **state)
{
    struct capture c;
    struct world w;
    unsigned i, off;

    (void)state;
    for (i = 0; i < 2; i++) {
        ext_card(&c);
        put(&c, 0x100, i ? HEAD(PCI_EXT_CAP_ID_SRIOV, 0) : 0);
        memset(c.cfg + 0x104, 0xff, 0xefc);
        begin(&w, &c, &extended);
        assert_int_equal(pt_config_size(w.d), 4096);
        for (off = 0x100; off < 0x1000; off += 4) {
            assert_int_equal(rd32(&w, off), 0);
            wr32(&w, off, 0);
            assert_int_equal(written(&w, off, 4), 0);
        }
        assert_true(world_close(&w));
    }
}

/* Whatever pointers and lengths say, attaching ends, and the guest's ends. */
static void chains_that_lie_do_no_harm(void **state)
{
    static const struct {
        const char *name;
        uint32_t at[4], val[4];  /* dwords of the device */
        uint32_t first;          /* what the guest has at 100 */
        unsigned shown;
        const char *log;
    } list[] = {
        { "loop", { 0x100, 0x140 }, { HEAD(3, 0x140), HEAD(0x18, 0x100) },
          HEAD(3, 0x140), 2, "loop to 100" },
        { "to itself", { 0x100 }, { HEAD(3, 0x100) }, HEAD(3, 0), 1, "loop" },
        { "out of range", { 0x100 }, { HEAD(3, 0x0fc) }, HEAD(3, 0), 1,
          "out of its space" },
        { "unaligned", { 0x100, 0x140 }, { HEAD(3, 0x143), HEAD(0x18, 0) },
          HEAD(3, 0x140), 2, NULL },
        { "all ones", { 0x100, 0x140 }, { HEAD(3, 0x140), UINT32_MAX },
          HEAD(3, 0), 1, NULL },
        { "twice", { 0x100, 0x140 }, { HEAD(3, 0x140), HEAD(3, 0) },
          HEAD(3, 0), 1, "second one" },
        { "overlap", { 0x100, 0x108 }, { HEAD(3, 0x108), HEAD(0x18, 0) },
          0x108u << 20, 1, "hidden" },
        { "at the end", { 0x100, 0xffc }, { HEAD(3, 0xffc), HEAD(0x18, 0) },
          HEAD(3, 0), 1, "leave the configuration space" },
        { "no room for a length", { 0x100, 0xffc },
          { HEAD(3, 0xffc), HEAD(0x23, 0) }, HEAD(3, 0), 1, "no room" },
        { "vendor, no length", { 0x100 }, { HEAD(0x0b, 0) }, 0, 0,
          "impossible length 0" },
        { "vendor, too long", { 0x100, 0x104 },
          { HEAD(0x0b, 0), 0xfff00000 }, 0, 0, "leave" },
        { "no size of ours", { 0x100, 0x104, 0x108 },
          { HEAD(0x15, 0), 0x3f0, 0x0420 }, 0, 0, "not the size in force" },
        { "seven BARs", { 0x100, 0x104, 0x108 },
          { HEAD(0x15, 0), 0x3f0, 0x00e0 }, 0, 0, "number of BARs" },
    };
    struct capture c;
    struct world w;
    unsigned i, n, shown;

    (void)state;
    for (i = 0; i < COUNT(list); i++) {
        ext_card(&c);
        for (n = 0; n < 4 && list[i].at[n]; n++) {
            put(&c, list[i].at[n], list[i].val[n]);
        }
        begin(&w, &c, &extended);
        for (n = shown = 0; n < pt_num_caps(w.d); n++) {
            const struct pt_cap *cap = pt_cap_at(w.d, n);

            shown += cap->pos >= 0x100 && cap->fate == PT_EXPOSED;
            if (cap->pos >= 0x100 && cap->fate != PT_EXPOSED) {
                assert_int_equal(rd32(&w, cap->pos + 4u), 0);
            }
        }
        if (rd32(&w, 0x100) != list[i].first || shown != list[i].shown) {
            fail_msg("%s: %08x, %u shown", list[i].name, rd32(&w, 0x100),
                     shown);
        }
        assert_int_equal(w.sim.bus.lines[PT_LOG_WARNING],
                         list[i].log != NULL);
        if (list[i].log && !sim_bus_logged(&w.sim.bus, list[i].log)) {
            fail_msg("%s: not logged", list[i].name);
        }
        assert_true(world_close(&w));
    }
}

/* As many structures as can be; each of them has its registers declared. */
static void a_space_full_of_structures_attaches(void **state)
{
    struct capture c;
    struct world w;
    unsigned i, pos;

    (void)state;
    ext_card(&c);
    for (i = 0, pos = 0x84; pos <= 0xfc; i++, pos += 4) {
        const uint8_t length = 4;

        world_build_cap(&c, (uint8_t)pos, PCI_CAP_ID_VNDR, &length, 1);
    }
    for (i = 0; i < 64; i++) {
        pos = 0x100 + 0xc * i;
        put(&c, pos, HEAD(PCI_EXT_CAP_ID_DVSEC, i < 63 ? pos + 0xc : 0));
        put(&c, pos + 4, 0x00c01e98);
        put(&c, pos + 8, 0xffff0000 | i);
    }
    begin(&w, &c, &extended);
    assert_int_equal(rd32(&w, 0x100 + 63 * 0xc),
                     HEAD(PCI_EXT_CAP_ID_DVSEC, 0));
    assert_int_equal(rd16(&w, 0x108 + 63 * 0xc), 63);
    assert_int_equal(w.sim.bus.lines[PT_LOG_WARNING], 0);
    assert_true(world_close(&w));
}

/* A failure costs one capability, and what is behind it if it is a header's. */
static void a_read_that_fails_costs_one_capability(void **state)
{
    struct capture c;
    struct world w;
    unsigned n;

    (void)state;
    for (n = 2; n <= 5; n++) {
        ext_card(&c);
        put(&c, 0x100, HEAD(PCI_EXT_CAP_ID_DSN, 0x140));
        put(&c, 0x140, HEAD(PCI_EXT_CAP_ID_LTR, 0));
        world_init(&w, &c, &extended, NULL);
        sim_fault_at(&w.sim.dev.config_fault, n, EIO);
        assert_true(world_attach(&w));
        assert_int_equal(w.sim.bus.lines[PT_LOG_WARNING], 1);
        assert_true(sim_bus_logged(&w.sim.bus, "can't read it"));
        assert_int_equal(rd32(&w, 0x100),
                         n == 2 ? 0 : n == 3 ? HEAD(3, 0) :
                         n == 4 ? 0x140u << 20 : HEAD(3, 0));
        assert_true(world_close(&w));
    }
}

/* ------------------------------------------------------------------ */
/* Registers                                                           */

#define AER 0x100

static void aer_card(struct capture *c)
{
    ext_card(c);
    put(c, AER, HEAD(PCI_EXT_CAP_ID_AER, 0));
    put(c, AER + PCI_ERR_UNCOR_MASK, 0x00010000);
    put(c, AER + PCI_ERR_UNCOR_SEVER, 0x00462030);
    put(c, AER + PCI_ERR_COR_MASK, 0x2000);
    put(c, AER + PCI_ERR_CAP, 0x0aa0);
}

/* A driver masks what its device is known to get wrong. */
static void aer_is_the_drivers(void **state)
{
    struct capture c;
    struct world w;

    (void)state;
    aer_card(&c);
    begin(&w, &c, &extended);
    sim_dev_set_bits(&w.sim.dev, AER + PCI_ERR_UNCOR_STATUS, 4, 0x00104000);
    assert_int_equal(rd32(&w, AER + PCI_ERR_UNCOR_STATUS), 0x00104000);
    /* One error is cleared, the other one not. */
    wr32(&w, AER + PCI_ERR_UNCOR_STATUS, 0x4000);
    assert_int_equal(dev(&w, AER + PCI_ERR_UNCOR_STATUS, 4), 0x00100000);
    wr32(&w, AER + PCI_ERR_UNCOR_MASK, 0x00100000);
    assert_int_equal(dev(&w, AER + PCI_ERR_UNCOR_MASK, 4), 0x00100000);
    assert_int_equal(rd32(&w, AER + PCI_ERR_UNCOR_MASK), 0x00100000);
    wr32(&w, AER + PCI_ERR_UNCOR_SEVER, 0);
    wr32(&w, AER + PCI_ERR_COR_MASK, 0xf1c1);
    assert_int_equal(dev(&w, AER + PCI_ERR_COR_MASK, 4), 0xf1c1);
    /* A neighbour's write clears nothing. */
    assert_int_equal(dev(&w, AER + PCI_ERR_UNCOR_STATUS, 4), 0x00100000);
    /* ECRC; not several headers, and no log of prefixes. */
    wr32(&w, AER + PCI_ERR_CAP, 0xfff);
    assert_int_equal(dev(&w, AER + PCI_ERR_CAP, 4) & 0x540, 0x140);
    assert_int_equal(rd32(&w, AER + PCI_ERR_CAP), 0x3e0);
    /* The next owner has the host's again. */
    world_detach(&w);
    assert_int_equal(dev(&w, AER + PCI_ERR_UNCOR_MASK, 4), 0x00010000);
    assert_int_equal(dev(&w, AER + PCI_ERR_UNCOR_SEVER, 4), 0x00462030);
    assert_int_equal(dev(&w, AER + PCI_ERR_COR_MASK, 4), 0x2000);
    assert_int_equal(dev(&w, AER + PCI_ERR_CAP, 4) & 0x540, 0);
    assert_true(world_close(&w));
}

/* So it has when the guest is reset. */
static void a_guests_reset_gives_aer_back(void **state)
{
    struct capture c;
    struct world w;

    (void)state;
    aer_card(&c);
    begin(&w, &c, &extended);
    wr32(&w, AER + PCI_ERR_COR_MASK, 0xf1c1);
    pt_reset(w.d);
    assert_int_equal(dev(&w, AER + PCI_ERR_COR_MASK, 4), 0x2000);
    assert_int_equal(rd32(&w, AER + PCI_ERR_COR_MASK), 0x2000);
    assert_true(world_close(&w));
}

/* permissive opened what reaches the host's fabric. */
static void permissive_opens_nothing_there(void **state)
{
    const struct pt_policy policy = { .extended = true, .permissive = true };
    struct capture c;
    struct world w;
    unsigned off;

    (void)state;
    ext_card(&c);
    put(&c, 0x100, HEAD(PCI_EXT_CAP_ID_ACS, 0x140));
    put(&c, 0x104, 0x001f001f);
    put(&c, 0x140, HEAD(PCI_EXT_CAP_ID_L1PM, 0x180));
    put(&c, 0x180, HEAD(PCI_EXT_CAP_ID_LTR, 0x1c0));
    put(&c, 0x1c0, HEAD(PCI_EXT_CAP_ID_VNDR, 0x200));
    put(&c, 0x1c4, 0x02010001);
    put(&c, 0x200, HEAD(PCI_EXT_CAP_ID_SRIOV, 0));
    begin(&w, &c, &policy);
    for (off = 0x100; off < 0x1000; off++) {
        wr8(&w, off, 0xa5);
        assert_false(written(&w, off, 1));
    }
    /* To read, as it is. */
    assert_int_equal(rd32(&w, 0x104), 0x001f001f);
    assert_true(world_close(&w));
}

/* Shorter than what tells how long it is; a BAR that is none. */
static void lengths_and_bars_that_are_none(void **state)
{
    static const struct {
        uint16_t id;
        uint32_t first, second;
        bool sound;
    } t[] = {
        { PCI_EXT_CAP_ID_VNDR, 0x00410001, 0, false },
        { PCI_EXT_CAP_ID_VNDR, 0x00710001, 0, false },
        { PCI_EXT_CAP_ID_VNDR, 0x00810001, 0, true },
        { PCI_EXT_CAP_ID_DVSEC, 0x00810001, 0x5a, false },
        { PCI_EXT_CAP_ID_DVSEC, 0x00910001, 0x5a, false },
        { PCI_EXT_CAP_ID_DVSEC, 0x00a10001, 0x5a, true },
        { PCI_EXT_CAP_ID_REBAR, 0x3fff0, 0x0424, true },
        { PCI_EXT_CAP_ID_REBAR, 0x3fff0, 0x0426, false },
    };
    struct capture c;
    struct world w;
    unsigned i;

    (void)state;
    for (i = 0; i < COUNT(t); i++) {
        ext_card(&c);
        world_build_bar(&c, 4, 0xd0000000, 0x1000000, 0);
        world_build_bar(&c, PT_ROM, 0xd8000000, 0x1000000, 0);
        put(&c, 0x100, HEAD(t[i].id, 0));
        put(&c, 0x104, t[i].first);
        put(&c, 0x108, t[i].second);
        begin(&w, &c, &with_power);
        assert_int_equal(rd32(&w, 0x104) != 0, t[i].sound);
        assert_true(world_close(&w));
    }
}

/* A BAR has its new size, and no address, once it is resized. */
static unsigned bars_first;

static void on_resize(struct sim_dev *d, uint16_t pos, const uint8_t *buf,
                      unsigned len)
{
    (void)buf;
    (void)len;
    bars_first += pos == 0x108 && sim_dev_peek(d, PCI_BASE_ADDRESS_4, 4) != 0;
}

/* 4 GiB could be had: a guest that asked for it got a BAR that it had not. */
static void a_resizable_bar_has_one_size(void **state)
{
    struct capture c;
    struct world w;

    (void)state;
    ext_card(&c);
    world_build_bar(&c, 4, 0xd0000000, 0x1000000, 0);
    put(&c, 0x100, HEAD(PCI_EXT_CAP_ID_REBAR, 0));
    put(&c, 0x104, 0x3fff0);
    put(&c, 0x108, 0x00030424);  /* 16 MiB; 2^48 and 2^49 could be had */
    begin(&w, &c, &with_power);
    assert_int_equal(rd32(&w, 0x104), 0x100);
    assert_int_equal(rd32(&w, 0x108), 0x0424);
    wr32(&w, 0x108, 0x0c24);
    assert_int_equal(rd32(&w, 0x108), 0x0424);
    assert_int_equal(dev(&w, 0x108, 4) & 0x3f00, 0x0400);
    /* A reset makes it small; the region is what it was. */
    bars_first = 0;
    world_power(&w, 3);
    w.sim.dev.hooks.on_write = on_resize;
    world_power(&w, 0);
    rd16(&w, PMCSR);
    assert_int_equal(w.sim.dev.count.resets, 1);
    assert_int_equal(dev(&w, 0x108, 4) & 0x3f00, 0x0400);
    assert_int_equal(dev(&w, PCI_BASE_ADDRESS_4, 4), 0xd0000000);
    assert_int_equal(bars_first, 0);
    w.sim.dev.hooks.on_write = NULL;
    assert_true(world_close(&w));
}

/* ------------------------------------------------------------------ */
/* Resets                                                              */

/* Latencies and L1 substates were gone after D3hot, and with them S0ix. */
static void what_d3hot_takes_comes_back(void **state)
{
    static const struct {
        uint16_t off, len;
        uint32_t val;
    } reg[] = {
        { 0x104, 2, 0x1003 }, { 0x106, 2, 0x1004 },       /* LTR */
        { 0x148, 4, 0x4096000f }, { 0x14c, 4, 0x00000029 }, /* L1SS */
        { 0x186, 2, 0x001d },                             /* ACS */
        { 0x1c8, 4, 0x00000401 },                         /* PTM */
    };
    struct capture c;
    struct world w;
    unsigned i, n;

    (void)state;
    /* Whether the guest sees it or not. */
    for (n = 0; n < 2; n++) {
        const struct pt_policy policy = {
            .extended = n == 1, .power_mgmt = true,
        };

        ext_card(&c);
        put(&c, 0x100, HEAD(PCI_EXT_CAP_ID_LTR, 0x140));
        put(&c, 0x140, HEAD(PCI_EXT_CAP_ID_L1PM, 0x180));
        put(&c, 0x180, HEAD(PCI_EXT_CAP_ID_ACS, 0x1c0));
        put(&c, 0x184, 0x001f);
        put(&c, 0x1c0, HEAD(PCI_EXT_CAP_ID_PTM, 0));
        for (i = 0; i < COUNT(reg); i++) {
            pt_store(c.cfg + reg[i].off, reg[i].val, reg[i].len);
        }
        attach(&w, &c, &policy);
        assert_int_equal(count_reads(&w), 1 + 4 + 4);
        world_power(&w, 3);
        world_power(&w, 0);
        rd16(&w, PMCSR);
        assert_int_equal(w.sim.dev.count.resets, 1);
        for (i = 0; i < COUNT(reg); i++) {
            assert_int_equal(dev(&w, reg[i].off, reg[i].len), reg[i].val);
        }
        assert_int_equal(pt_config_size(w.d), n ? 4096 : 256);
        assert_int_equal(pt_num_caps(w.d), n ? 6 : 2);
        assert_true(world_close(&w));
    }
}

/*
 * Of what no guest gets, by the policy or at all: AER, and what the host and Xen
 * have set up. Its memory could not be reached any more where ATS was off.
 */
static void what_is_hidden_comes_back(void **state)
{
    static const struct {
        unsigned off, len;
        uint32_t val;
    } reg[] = {
        { 0x108, 4, 0x00100000 }, { 0x118, 4, 0x00000140 },  /* AER */
        { 0x146, 2, 0x8010 },                                /* ATS */
        { 0x164, 2, 0x0001 }, { 0x16c, 4, 0x00000020 },      /* PRI */
        { 0x186, 2, 0x0003 },                                /* PASID */
        { 0x1ac, 2, 0x0002 }, { 0x1b4, 4, 0x8000007f },      /* VC */
        { 0x1c0, 4, 0x81000080 },
    };
    const struct sim_opts opts = { .dev = { .lose_sticky = true } };
    struct pt_policy policy = { .extended = true, .power_mgmt = true };
    struct capture c;
    struct world w;
    unsigned i, n, ats = 0;

    (void)state;
    pt_hide(&policy, PT_EXT_CAP(PCI_EXT_CAP_ID_AER));
    ext_card(&c);
    put(&c, 0x100, HEAD(PCI_EXT_CAP_ID_AER, 0x140));
    put(&c, 0x140, HEAD(PCI_EXT_CAP_ID_ATS, 0x160));
    put(&c, 0x160, HEAD(PCI_EXT_CAP_ID_PRI, 0x180));
    put(&c, 0x180, HEAD(PCI_EXT_CAP_ID_PASID, 0x1a0));
    put(&c, 0x1a0, HEAD(PCI_EXT_CAP_ID_VC, 0));
    put(&c, 0x1a4, 1);  /* a second channel */
    for (i = 0; i < COUNT(reg); i++) {
        pt_store(c.cfg + reg[i].off, reg[i].val, reg[i].len);
    }
    world_init(&w, &c, &policy, &opts);
    assert_true(world_attach(&w));
    for (i = 0; i < COUNT(reg); i++) {
        assert_int_equal(pt_config_read(w.d, reg[i].off, reg[i].len), 0);
        wr32(&w, reg[i].off & ~3u, UINT32_MAX);
        assert_int_equal(dev(&w, reg[i].off, reg[i].len), reg[i].val);
    }
    world_power(&w, 3);
    world_power(&w, 0);
    rd16(&w, PMCSR);
    assert_int_equal(w.sim.dev.count.resets, 1);
    for (i = 0; i < COUNT(reg); i++) {
        assert_int_equal(dev(&w, reg[i].off, reg[i].len), reg[i].val);
    }
    /* When it is enabled, the rest is there. */
    for (n = 0; sim_dev_last_write(&w.sim.dev, n); n++) {
        const struct sim_write *x = sim_dev_last_write(&w.sim.dev, n);

        ats = x->off == 0x146 ? n + 1 : ats;
        assert_true(!ats || n + 1 == ats || x->off != 0x146);
        assert_true(ats || (x->off != 0x164 && x->off != 0x16c &&
                            x->off != 0x186));
    }
    assert_true(ats);
    assert_true(world_close(&w));
}

/* The driver resets its chip, and restores what a guest knows of: BARs. */
static void what_a_drivers_reset_takes_comes_back(void **state)
{
    const struct sim_opts opts = { .dev = { .lose_sticky = true } };
    uint32_t bar[PT_NUM_BARS];
    struct capture c;
    struct world w;
    unsigned n;

    (void)state;
    aer_card(&c);
    put(&c, AER, HEAD(PCI_EXT_CAP_ID_AER, 0x140));
    put(&c, 0x140, HEAD(PCI_EXT_CAP_ID_LTR, 0));
    put(&c, 0x144, 0x10041003);
    world_init(&w, &c, &extended, &opts);
    assert_true(world_attach(&w));
    place_and_decode(&w);
    for (n = 0; n < PT_NUM_BARS; n++) {
        bar[n] = rd32(&w, PCI_BASE_ADDRESS_0 + 4 * n);
    }
    sim_dev_hot_reset(&w.sim.dev);
    assert_int_equal(dev(&w, 0x144, 4), 0);
    for (n = 0; n < PT_NUM_BARS; n++) {
        wr32(&w, PCI_BASE_ADDRESS_0 + 4 * n, bar[n]);
    }
    wr16(&w, PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
    sim_notes_clear(&w.sim.xen.notes);
    assert_int_equal(dev(&w, 0x144, 4), 0x10041003);
    assert_int_equal(dev(&w, AER + PCI_ERR_UNCOR_MASK, 4), 0x00010000);
    assert_true(world_close(&w));
}

static unsigned order;

static void note_order(struct sim_dev *d, uint16_t pos, const uint8_t *buf,
                       unsigned len)
{
    (void)d;
    (void)buf;
    (void)len;
    if (pos == 0x10c || pos == 0x108 || pos == EXP + PCI_EXP_LNKCTL) {
        order = order << 12 | pos;
    }
}

/* PCIe 3.1, 5.5.4: substates are set up while the link does not use L1. */
static void l1_substates_come_before_the_link_uses_them(void **state)
{
    struct capture c;
    struct world w;

    (void)state;
    ext_card(&c);
    put(&c, 0x100, HEAD(PCI_EXT_CAP_ID_L1PM, 0));
    begin(&w, &c, &with_power);
    world_power(&w, 3);
    rd16(&w, PMCSR);
    w.sim.dev.hooks.on_write = note_order;
    order = 0;
    world_power(&w, 0);
    rd16(&w, PMCSR);
    assert_int_equal(order & 0xffffff, 0x108 << 12 | (EXP + PCI_EXP_LNKCTL));
    assert_int_equal(order >> 24, 0x0c);
    assert_true(world_close(&w));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_does_not_ask_pays_nothing),
        cmocka_unit_test(a_host_without_it_gives_256_bytes),
        cmocka_unit_test(what_is_no_extended_space_is_not_taken_for_one),
        cmocka_unit_test(the_first_one_hidden_keeps_the_rest),
        cmocka_unit_test(no_capability_at_all_is_a_zero_dword),
        cmocka_unit_test(chains_that_lie_do_no_harm),
        cmocka_unit_test(a_space_full_of_structures_attaches),
        cmocka_unit_test(a_read_that_fails_costs_one_capability),
        cmocka_unit_test(aer_is_the_drivers),
        cmocka_unit_test(a_guests_reset_gives_aer_back),
        cmocka_unit_test(permissive_opens_nothing_there),
        cmocka_unit_test(a_resizable_bar_has_one_size),
        cmocka_unit_test(lengths_and_bars_that_are_none),
        cmocka_unit_test(what_d3hot_takes_comes_back),
        cmocka_unit_test(what_is_hidden_comes_back),
        cmocka_unit_test(what_a_drivers_reset_takes_comes_back),
        cmocka_unit_test(l1_substates_come_before_the_link_uses_them),
    };

    return cmocka_run_group_tests_name("extended space", tests, NULL, NULL);
}
