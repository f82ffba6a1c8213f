/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What guest accesses cost: configuration cycles, hypercalls, allocations and
 * log lines, counted and asserted.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pt-pci.h"
#include "pt-msi.h"

#include "lib-alloc.h"
#include "lib-world.h"

static struct world w;
static struct world_function *functions;
static unsigned num_functions;

/* Devices of all sorts: the costs are the same for each. */
static const char *const some[] = {
    "hw-82576.txt", "hw-fiji.txt", "hw-igd-skylake.txt", "hw-myri10g.txt",
    "hw-virtio-net-legacy.txt", "qemu-e1000.txt", "qemu-e1000e.txt",
    "qemu-nvme.txt", "qemu-nvme-sriov-vf.txt", "qemu-xhci.txt",
    "qemu-virtio-blk-transitional.txt", "qemu-megasas.txt",
    "qemu-pci-testdev-8g.txt", "qemu-ich9-ahci.txt", "qemu-rtl8139.txt",
};
#define NUM_SOME (sizeof(some) / sizeof(some[0]))

static void cost_is(struct world_cost *then, uint64_t reads, uint64_t writes,
                    uint64_t hypercalls)
{
    struct world_cost c = world_cost_since(&w, then);

    assert_int_equal(c.reads, reads);
    assert_int_equal(c.writes, writes);
    assert_int_equal(c.hypercalls, hypercalls);
    assert_int_equal(c.allocs, 0);
    assert_int_equal(c.mmio, 0);
    *then = world_cost(&w);
}

static void open_some(unsigned i, const struct pt_policy *policy)
{
    world_open(&w, some[i], 0, policy);
    if (!world_attach(&w)) {
        fail_msg("%s", w.err.text);
    }
}

/* ------------------------------------------------------------------ */
/* Attach                                                              */

static void leave_in_d3hot(void)
{
    unsigned pm = w.sim.dev.pm;

    w.sim.dev.cfg[pm + PCI_PM_CTRL] |= 3;
}

/* What the last owner's driver left on. */
static void leave_messages_on(void)
{
    struct sim_dev *s = &w.sim.dev;

    if (s->msi.pos) {
        s->cfg[s->msi.pos + PCI_MSI_FLAGS] |= PCI_MSI_FLAGS_ENABLE;
    }
    if (s->msix.pos) {
        s->cfg[s->msix.pos + PCI_MSI_FLAGS + 1] |= PCI_MSIX_ENABLE >> 8;
    }
}

/* After a reset by a toolstack that did not restore them. */
static void leave_without_bars(void)
{
    memset(w.sim.dev.cfg + PCI_BASE_ADDRESS_0, 0, 4 * PT_NUM_BARS);
    memset(w.sim.dev.cfg + PCI_ROM_ADDRESS, 0, 4);
}

static void nothing_special(void)
{
}

/* How many extended capabilities there are, if attaching looks for them. */
static unsigned looked_at(const struct capture *c, const struct pt_policy *p)
{
    unsigned n = 0, pos = 0x100;

    if (!p->extended && !p->power_mgmt && !p->flr) {
        return 0;
    }
    for (; pos && n < 64; n++) {
        pos = pt_load(c->cfg + pos, 4) >> 20 & 0xffc;
    }
    return n;
}

/*
 * In extended space: one read for each header, one for each body, two for that
 * of Resizable BAR; and in D3hot what it lost there.
 */
static void attach_takes_one_block_read_and_8_more(void **state)
{
    static void (*const leave[])(void) = {
        nothing_special, leave_in_d3hot, leave_messages_on,
        leave_without_bars,
    };
    const struct world_policy *p;
    unsigned i, j;

    (void)state;
    for (i = 0; i < num_functions; i++) {
        for (p = world_all_policies; p->name; p++) {
            for (j = 0; j < sizeof(leave) / sizeof(leave[0]); j++) {
                const struct sim_dev_count *c = &w.sim.dev.count;
                unsigned limit, ext;

                world_init(&w, &functions[i].capture, &p->policy, NULL);
                ext = looked_at(&functions[i].capture, &p->policy);
                if (j != 1 || w.sim.dev.pm) {
                    leave[j]();
                }
                if (!world_attach(&w)) {
                    world_fini(&w);
                    continue;
                }
                /*
                 * A device that was reset and has its MSI translated: two
                 * more, to switch it on.
                 */
                limit = 1u + 8u + (j == 1 && p->policy.msitranslate ? 2 : 0) +
                    (ext ? 2 * ext + 1 + (j == 1 ? 10 : 0) : 0);
                if (c->reads + c->writes > limit) {
                    fail_msg("%s, %s, %u: %u reads, %u writes",
                             functions[i].name, p->name, j,
                             (unsigned)c->reads, (unsigned)c->writes);
                }
                assert_true(c->read_bytes <= 0x100 + 2 * 8 + ext * 0x2c);
                assert_true(w.sim.bus.num_lines <= 4);
                assert_true(world_close(&w));
            }
        }
    }
}

/*
 * Without INTx, message, D3hot, the least there is: the block read; and
 * Command's write, unless it is as it has to be.
 */
static void attach_of_a_plain_device_takes_one_access_or_two(void **state)
{
    unsigned master;

    (void)state;
    for (master = 0; master < 2; master++) {
        struct capture c;

        world_build(&c);
        pt_store(c.cfg + PCI_COMMAND, master ? PCI_COMMAND_MASTER : 0, 2);
        world_init(&w, &c, NULL, NULL);
        assert_true(world_attach(&w));
        assert_int_equal(w.sim.dev.count.reads, 1);
        assert_int_equal(w.sim.dev.count.writes, master);
        assert_int_equal(sim_dev_peek(&w.sim.dev, PCI_COMMAND, 2), 0);
        assert_true(world_close(&w));
    }
}

/* ------------------------------------------------------------------ */
/* Reads                                                               */

static bool emulated(unsigned off, unsigned len)
{
    struct pt_byte b;
    unsigned i;

    for (i = 0; i < len; i++) {
        pt_look(w.d, (uint16_t)(off + i), &b);
        if (b.emu != 0xff) {
            return false;
        }
    }
    return true;
}

static void a_read_costs_one_access_or_none_if_emulated(void **state)
{
    unsigned i, off, len;

    (void)state;
    for (i = 0; i < NUM_SOME; i++) {
        open_some(i, NULL);
        world_place_all(&w);
        world_decode(&w, true);
        for (len = 1; len <= 4; len *= 2) {
            for (off = 0; off + len <= PT_CFG_SIZE; off++) {
                struct world_cost then = world_cost(&w);

                pt_config_read(w.d, off, len);
                cost_is(&then, !emulated(off, len), 0, 0);
            }
        }
        assert_true(world_close(&w));
    }
}

/* An operating system's enumeration reads nothing of the device but this. */
static void enumeration_costs_nothing_but_command_and_status(void **state)
{
    struct world_cost then;
    unsigned i, n;

    (void)state;
    for (i = 0; i < NUM_SOME; i++) {
        open_some(i, NULL);
        then = world_cost(&w);
        rd32(&w, PCI_VENDOR_ID);
        rd32(&w, PCI_CLASS_REVISION);
        rd8(&w, PCI_HEADER_TYPE);
        rd32(&w, PCI_SUBSYSTEM_VENDOR_ID);
        rd16(&w, PCI_INTERRUPT_LINE);
        for (n = 0; n < PT_NUM_REGIONS; n++) {
            world_bar_size(&w, n);
        }
        world_cap(&w, 0xff, 0);
        cost_is(&then, 0, 0, 0);
        rd32(&w, PCI_COMMAND);
        cost_is(&then, 1, 0, 0);
        assert_true(world_close(&w));
    }
}

/* ------------------------------------------------------------------ */
/* Writes                                                              */

static void rewriting_command_costs_a_read_and_no_write(void **state)
{
    struct world_cost then;
    unsigned i;

    (void)state;
    for (i = 0; i < NUM_SOME; i++) {
        uint16_t val;

        open_some(i, NULL);
        world_place_all(&w);
        world_decode(&w, true);
        val = rd16(&w, PCI_COMMAND);
        then = world_cost(&w);
        wr16(&w, PCI_COMMAND, val);
        cost_is(&then, 1, 0, 0);
        /* One that changes something. */
        wr16(&w, PCI_COMMAND, val ^ PCI_COMMAND_MASTER);
        cost_is(&then, 1, 1, 0);
        assert_true(world_close(&w));
    }
}

/* Writes whose bits go nowhere: with decoding off nothing is mapped. */
static void a_write_of_emulated_bits_costs_nothing(void **state)
{
    struct world_cost then;
    unsigned i, off, len;

    (void)state;
    for (i = 0; i < NUM_SOME; i++) {
        open_some(i, NULL);
        then = world_cost(&w);
        for (off = PCI_COMMAND + 4; off <= PCI_ROM_ADDRESS - 4; off += 2) {
            for (len = 1; len <= 4; len *= 2) {
                pt_config_write(w.d, off, 0xa5a5a5a5, len);
            }
        }
        cost_is(&then, 0, 0, 0);
        assert_true(world_close(&w));
    }
}

static void a_device_register_costs_one_write_and_no_read(void **state)
{
    struct world_cost then;
    struct pt_byte b;
    unsigned i, off, len, n = 0;

    (void)state;
    for (i = 0; i < NUM_SOME; i++) {
        open_some(i, NULL);
        for (len = 1; len <= 4; len *= 2) {
            for (off = 0x40; off + len <= PT_CFG_SIZE; off += len) {
                unsigned j, own = 0;

                for (j = 0; j < len; j++) {
                    pt_look(w.d, (uint16_t)(off + j), &b);
                    own += b.kind == PT_DEVICE || b.kind == PT_OPEN;
                }
                then = world_cost(&w);
                if (own == len) {
                    pt_config_write(w.d, off, 0x12345678, len);
                    cost_is(&then, 0, 1, 0);
                    n++;
                }
            }
        }
        assert_true(world_close(&w));
    }
    assert_true(n > 100);
}

static void a_denied_write_costs_nothing(void **state)
{
    static const struct pt_policy strict = { .strict = true };
    struct world_cost then;
    struct pt_byte b;
    unsigned i, off;

    (void)state;
    for (i = 0; i < NUM_SOME; i++) {
        open_some(i, &strict);
        then = world_cost(&w);
        for (off = 0x40; off < PT_CFG_SIZE; off++) {
            pt_look(w.d, (uint16_t)off, &b);
            if (b.kind == PT_DEVICE || b.kind == PT_CONCEALED) {
                wr8(&w, off, 0xff);
            }
        }
        cost_is(&then, 0, 0, 0);
        assert_true(world_close(&w));
    }
}

static void clearing_no_error_costs_nothing(void **state)
{
    struct world_cost then;
    unsigned i;

    (void)state;
    for (i = 0; i < NUM_SOME; i++) {
        open_some(i, NULL);
        sim_dev_set_bits(&w.sim.dev, PCI_STATUS, 2, 0xf900);
        then = world_cost(&w);
        wr16(&w, PCI_STATUS, 0);
        wr16(&w, PCI_STATUS, 0x06ff);
        cost_is(&then, 0, 0, 0);
        assert_true(world_close(&w));
    }
}

/* A VPD transfer starts with each write, of the same address too. */
static void a_trigger_is_never_left_out(void **state)
{
    struct world_cost then;
    struct capture c;

    (void)state;
    world_build(&c);
    world_build_cap(&c, 0x40, PCI_CAP_ID_VPD, "\0\0\0\0\0\0", 6);
    world_init(&w, &c, NULL, NULL);
    assert_true(world_attach(&w));
    wr16(&w, 0x42, 0x0010);
    then = world_cost(&w);
    wr16(&w, 0x42, 0x0010);
    cost_is(&then, 1, 1, 0);
    wr32(&w, 0x44, 0);
    cost_is(&then, 0, 1, 0);
    assert_true(world_close(&w));
}

/* glibc 2.41 allocates for each translation that there could be. */
static void an_error_in_words_costs_nothing(void **state)
{
    uint64_t before = alloc_count;

    (void)state;
    assert_string_equal(pt_strerror(-EIO), "Input/output error");
    assert_non_null(pt_strerror(-99999));
    assert_int_equal(alloc_count, before);
}

/*
 * The most that any single write may cost, whatever is in it. A change of the
 * interrupt mode is not one write of a register: it also switches the old
 * mode off, and is asserted by the tests of interrupts.
 */
static void any_write_costs_one_read_and_one_write_at_most(void **state)
{
    struct world_rng r = { 7 };
    unsigned i, n;

    (void)state;
    for (i = 0; i < NUM_SOME; i++) {
        open_some(i, NULL);
        world_place_all(&w);
        for (n = 0; n < world_rounds(20000); n++) {
            unsigned off = world_random(&r) % 0x100 & ~3u;
            unsigned len = 1u << world_random(&r) % 3;
            enum pt_irq_mode mode = w.d->irq->mode;
            struct world_cost then = world_cost(&w), c;
            uint32_t msi = w.d->irq->msi_pos;

            pt_config_write(w.d, off, world_random(&r), len);
            c = world_cost_since(&w, &then);
            if (w.d->irq->mode == mode && off - msi >= 0x14) {
                assert_true(c.reads <= 1);
                assert_true(c.writes <= 1);
            }
            assert_true(c.reads <= 4 && c.writes <= 4);
            assert_int_equal(c.allocs, 0);
        }
        world_fini(&w);
    }
}

/* ------------------------------------------------------------------ */
/* Mappings                                                            */

static unsigned first_bar(bool io)
{
    const struct pt_region *r = w.sim.dev.pt.info.region;
    unsigned n;

    for (n = 0; n < PT_NUM_BARS; n++) {
        if (r[n].size && r[n].addr && io == (r[n].flags & PT_REGION_IO)) {
            return n;
        }
    }
    return PT_NUM_BARS;
}

/* Hypercalls that a region needs: MSI-X leaves up to two pieces. */
static unsigned pieces_of(unsigned n)
{
    unsigned i, mapped = 0;

    for (i = 0; i < w.d->bar[n].pieces; i++) {
        mapped += !w.d->bar[n].piece[i].trapped;
    }
    return mapped;
}

static void identical_bar_rewrites_cost_no_hypercall(void **state)
{
    struct world_cost then;
    unsigned i, n, k;

    (void)state;
    for (i = 0; i < NUM_SOME; i++) {
        open_some(i, NULL);
        world_place_all(&w);
        world_decode(&w, true);
        then = world_cost(&w);
        for (k = 0; k < 3; k++) {
            for (n = 0; n < PT_NUM_BARS; n++) {
                unsigned off = PCI_BASE_ADDRESS_0 + 4 * n;

                wr32(&w, off, rd32(&w, off));
                wr16(&w, off, rd16(&w, off));
                wr8(&w, off + 3, rd8(&w, off + 3));
            }
            wr32(&w, PCI_ROM_ADDRESS, rd32(&w, PCI_ROM_ADDRESS));
        }
        cost_is(&then, 0, 0, 0);
        assert_true(world_close(&w));
    }
}

/* Nor does sizing, decoding or not. */
static void sizing_costs_no_hypercall(void **state)
{
    struct world_cost then;
    unsigned i, n;

    (void)state;
    for (i = 0; i < NUM_SOME; i++) {
        open_some(i, NULL);
        world_place_all(&w);
        world_decode(&w, true);
        then = world_cost(&w);
        for (n = 0; n < PT_NUM_BARS; n++) {
            world_bar_size(&w, n);
        }
        cost_is(&then, 0, 0, 0);
        assert_true(world_close(&w));
    }
}

static void what_xen_refused_is_not_tried_at_each_write(void **state)
{
    struct world_cost then;
    unsigned i, n;

    (void)state;
    for (i = 0; i < NUM_SOME; i++) {
        open_some(i, NULL);
        world_place_all(&w);
        sim_fault_always(&w.sim.xen.kind_fault[SIM_MAP_MEMORY], 12);
        sim_fault_always(&w.sim.xen.kind_fault[SIM_MAP_PORTS], 12);
        world_decode(&w, true);
        then = world_cost(&w);
        for (n = 0; n < PT_NUM_BARS; n++) {
            wr32(&w, PCI_BASE_ADDRESS_0 + 4 * n,
                 rd32(&w, PCI_BASE_ADDRESS_0 + 4 * n));
        }
        cost_is(&then, 0, 0, 0);
        assert_true(world_close(&w));
    }
}

static void a_moved_bar_costs_one_unmap_and_one_map_a_piece(void **state)
{
    struct world_cost then, c;
    unsigned i, n;

    (void)state;
    for (i = 0; i < NUM_SOME; i++) {
        open_some(i, NULL);
        world_place_all(&w);
        world_decode(&w, true);
        n = first_bar(false);
        if (n < PT_NUM_BARS) {
            uint64_t size = w.d->bar[n].size, to;

            to = (UINT64_C(0x40000000) + size - 1) & ~(size - 1);
            then = world_cost(&w);
            wr32(&w, PCI_BASE_ADDRESS_0 + 4 * n, (uint32_t)to);
            c = world_cost_since(&w, &then);
            assert_int_equal(c.calls[SIM_UNMAP_MEMORY], pieces_of(n));
            assert_int_equal(c.calls[SIM_MAP_MEMORY], pieces_of(n));
            assert_int_equal(c.hypercalls, 2 * pieces_of(n));
            assert_int_equal(c.reads + c.writes + c.allocs, 0);
        }
        assert_true(world_close(&w));
    }
}

static void decode_on_and_off_maps_each_region_once(void **state)
{
    struct world_cost then, c;
    unsigned i, n, mem, ports;
    const struct pt_policy strict = { .strict = true };

    (void)state;
    for (i = 0; i < 2 * NUM_SOME; i++) {
        open_some(i / 2, i % 2 ? &strict : NULL);
        world_place_all(&w);
        for (mem = ports = n = 0; n < PT_NUM_REGIONS; n++) {
            if (w.sim.dev.pt.info.region[n].addr) {
                *(w.sim.dev.pt.info.region[n].flags & PT_REGION_IO ?
                  &ports : &mem) += pieces_of(n);
            }
        }
        then = world_cost(&w);
        world_decode(&w, true);
        c = world_cost_since(&w, &then);
        assert_int_equal(c.calls[SIM_MAP_MEMORY], mem);
        assert_int_equal(c.calls[SIM_MAP_PORTS], ports);
        assert_int_equal(c.hypercalls, mem + ports);
        world_decode(&w, false);
        c = world_cost_since(&w, &then);
        assert_int_equal(c.hypercalls, (i % 2 ? 2 : 1) * (mem + ports));
        /* Off and on without end costs nothing, unless the policy is so. */
        for (n = 0; n < 10; n++) {
            world_decode(&w, true);
            world_decode(&w, false);
        }
        c = world_cost_since(&w, &then);
        assert_int_equal(c.hypercalls, (i % 2 ? 22 : 1) * (mem + ports));
        assert_int_equal(c.allocs, 0);
        assert_true(world_close(&w));
    }
}

/* hvmloader places all, SeaBIOS reads the ROM and switches it off again. */
static void firmware(void)
{
    world_place_all(&w);
    world_decode(&w, true);
    pt_config_write(w.d, PCI_ROM_ADDRESS, 0, 4);
}

/* Linux before 6.16: decoding off and on around the sizing of each BAR. */
static void size_as_linux_does(void)
{
    uint16_t command = (uint16_t)pt_config_read(w.d, PCI_COMMAND, 2);
    unsigned reg;

    for (reg = PCI_BASE_ADDRESS_0; reg <= PCI_ROM_ADDRESS; reg += 4) {
        uint32_t ones = reg == PCI_ROM_ADDRESS ?
            0xfffff800 : UINT32_MAX;
        uint32_t old;

        if (reg > PCI_BASE_ADDRESS_5 && reg != PCI_ROM_ADDRESS) {
            continue;
        }
        old = pt_config_read(w.d, reg, 4);
        pt_config_write(w.d, PCI_COMMAND, command & 0xfffcu, 2);
        pt_config_write(w.d, reg, ones, 4);
        pt_config_read(w.d, reg, 4);
        pt_config_write(w.d, reg, old, 4);
        pt_config_write(w.d, PCI_COMMAND, command, 2);
    }
}

/* 122 of a boot's 135 hypercalls were for the sizing of BARs. */
static void a_boot_unmapped_and_mapped_for_each_bars_size(void **state)
{
    static const char *const card[] = {
        "qemu-e1000e.txt", "qemu-nvme.txt",
    };
    struct world_cost then, c;
    uint64_t sum = 0;
    unsigned i;

    (void)state;
    for (i = 0; i < 2; i++) {
        world_open(&w, card[i], 0, NULL);
        w.sim.dev.pt.info.irq = 17;
        assert_true(world_attach(&w));
        then = world_cost(&w);
        firmware();
        c = world_cost_since(&w, &then);
        sum += c.hypercalls;
        then = world_cost(&w);
        size_as_linux_does();
        c = world_cost_since(&w, &then);
        assert_int_equal(c.hypercalls, 0);
        assert_int_equal(w.sim.xen.num_ports > 0 ||
                         w.sim.xen.num_mem > 0, true);
        assert_true(world_close(&w));
    }
    assert_in_range(sum, 2, 20);
}

/* XSA-491: ports stay where they are, whatever else the guest does. */
static void ports_are_not_mapped_anew_for_memory(void **state)
{
    struct world_cost then, c;
    unsigned i;

    (void)state;
    for (i = 0; i < NUM_SOME; i++) {
        uint16_t val;

        open_some(i, NULL);
        world_place_all(&w);
        world_decode(&w, true);
        val = rd16(&w, PCI_COMMAND);
        then = world_cost(&w);
        wr16(&w, PCI_COMMAND, val & ~(uint32_t)PCI_COMMAND_MEMORY);
        wr16(&w, PCI_COMMAND, val);
        c = world_cost_since(&w, &then);
        assert_int_equal(c.calls[SIM_MAP_PORTS], 0);
        assert_int_equal(c.calls[SIM_UNMAP_PORTS], 0);
        assert_true(world_close(&w));
    }
}

/* ------------------------------------------------------------------ */
/* Logs                                                                */

/* Each kind of message once a device, and not all kinds can come. */
#define MAX_LINES 12

static void some_nonsense(struct world_rng *r)
{
    static const unsigned lens[] = { 0, 3, 5, 8, 1, 2, 4, 4 };
    uint32_t val = world_random(r);
    unsigned n;

    switch (world_random(r) % 6) {
    case 0:  /* illegal */
        pt_config_write(w.d, val, val, lens[val % 4]);
        pt_config_read(w.d, val, lens[val % 8]);
        break;
    case 1:  /* denied, or whatever it hits */
        pt_config_write(w.d, val % 0x100, world_random(r), lens[4 + val % 4]);
        break;
    case 2:  /* regions on top of each other, and beyond the end */
        n = val % PT_NUM_BARS;
        wr32(&w, PCI_BASE_ADDRESS_0 + 4 * n, world_random(r) % 4 << 24);
        wr16(&w, PCI_COMMAND, 7);
        break;
    case 3:  /* D-states, possible or not */
        world_power(&w, val % 4);
        break;
    case 4:  /* in and beside the MSI-X table */
        for (n = 0; n < w.sim.bus.num_traps; n++) {
            sim_guest_mmio_write(&w.sim.bus, w.sim.bus.trap[n]->gpa +
                                 val % w.sim.bus.trap[n]->size,
                                 1u << (val >> 16) % 4, world_random(r));
            sim_guest_mmio_read(&w.sim.bus, w.sim.bus.trap[n]->gpa +
                                (val >> 8) % w.sim.bus.trap[n]->size,
                                1u << (val >> 20) % 4);
        }
        break;
    default:  /* messages, as wild as they come */
        n = val % 2 ? w.d->irq->msi_pos : w.d->irq->msix_pos;
        if (n) {
            wr32(&w, n + (val >> 8) % 6 * 4, world_random(r));
        }
        break;
    }
}

static void nonsense_without_end(const char *name,
                                 const struct pt_policy *policy)
{
    struct world_rng r = { 130 };
    unsigned i, n = world_rounds(70000), lines;

    world_open(&w, name, 0, policy);
    assert_true(world_attach(&w));
    world_place_all(&w);
    /* Something of the guest's in the way. */
    sim_bus_take(&w.sim.bus, false, 0x1000000, 0x1000000);
    lines = w.sim.bus.num_lines;
    for (i = 0; i < n; i++) {
        some_nonsense(&r);
    }
    lines = w.sim.bus.num_lines - lines;
    if (lines > MAX_LINES) {
        fail_msg("%s: %u lines", name, lines);
    }
    world_fini(&w);
}

/* XSA-130: 70 000 each for 15 devices, and as many under power_mgmt. */
static void a_million_bad_operations_log_a_dozen_lines(void **state)
{
    static const struct pt_policy all = {
        .permissive = true, .power_mgmt = true, .msitranslate = true,
    };
    unsigned i;

    (void)state;
    for (i = 0; i < NUM_SOME; i++) {
        nonsense_without_end(some[i], NULL);
        nonsense_without_end(some[i], &all);
    }
}

/* And where everything fails that can, always. */
static void failures_without_end_log_a_dozen_lines(void **state)
{
    static const struct pt_policy all = {
        .power_mgmt = true, .msitranslate = true,
    };
    struct world_rng r = { 131 };
    unsigned i, n, lines;

    (void)state;
    for (i = 0; i < NUM_SOME; i++) {
        open_some(i, &all);
        world_place_all(&w);
        sim_fault_always(&w.sim.xen.fault, 22);
        sim_fault_always(&w.sim.bus.trap_fault, 12);
        if (i % 2) {
            sim_fault_always(&w.sim.dev.config_fault, 5);
        }
        sim_fault_always(&w.sim.dev.mmio_fault, 5);
        lines = w.sim.bus.num_lines;
        for (n = world_rounds(20000); n > 0; n--) {
            some_nonsense(&r);
        }
        if (w.sim.bus.num_lines - lines > MAX_LINES) {
            fail_msg("%s: %u lines", some[i], w.sim.bus.num_lines - lines);
        }
        world_fini(&w);
    }
}

static void denied_writes_log_one_line(void **state)
{
    static const struct pt_policy strict = { .strict = true };
    unsigned i, n, lines;

    (void)state;
    open_some(0, &strict);
    lines = w.sim.bus.num_lines;
    for (i = 0; i < world_rounds(1000000); i++) {
        wr32(&w, 0xf0, i);
    }
    assert_int_equal(w.sim.bus.num_lines - lines, 1);
    for (n = 0; n < world_rounds(100000); n++) {
        pt_config_write(w.d, 0x101 + n, n, 4);
        pt_config_write(w.d, 0xff, n, 4);
        pt_config_write(w.d, 0, n, 3);
    }
    assert_int_equal(w.sim.bus.num_lines - lines, 2);
    assert_true(world_close(&w));
}

static int load(void **state)
{
    (void)state;
    world_allocs = &alloc_count;
    num_functions = world_functions(&functions);
    return 0;
}

static int unload(void **state)
{
    (void)state;
    free(functions);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(attach_takes_one_block_read_and_8_more),
        cmocka_unit_test(attach_of_a_plain_device_takes_one_access_or_two),
        cmocka_unit_test(a_read_costs_one_access_or_none_if_emulated),
        cmocka_unit_test(enumeration_costs_nothing_but_command_and_status),
        cmocka_unit_test(rewriting_command_costs_a_read_and_no_write),
        cmocka_unit_test(a_write_of_emulated_bits_costs_nothing),
        cmocka_unit_test(a_device_register_costs_one_write_and_no_read),
        cmocka_unit_test(a_denied_write_costs_nothing),
        cmocka_unit_test(clearing_no_error_costs_nothing),
        cmocka_unit_test(a_trigger_is_never_left_out),
        cmocka_unit_test(an_error_in_words_costs_nothing),
        cmocka_unit_test(any_write_costs_one_read_and_one_write_at_most),
        cmocka_unit_test(identical_bar_rewrites_cost_no_hypercall),
        cmocka_unit_test(sizing_costs_no_hypercall),
        cmocka_unit_test(what_xen_refused_is_not_tried_at_each_write),
        cmocka_unit_test(a_moved_bar_costs_one_unmap_and_one_map_a_piece),
        cmocka_unit_test(decode_on_and_off_maps_each_region_once),
        cmocka_unit_test(a_boot_unmapped_and_mapped_for_each_bars_size),
        cmocka_unit_test(ports_are_not_mapped_anew_for_memory),
        cmocka_unit_test(a_million_bad_operations_log_a_dozen_lines),
        cmocka_unit_test(failures_without_end_log_a_dozen_lines),
        cmocka_unit_test(denied_writes_log_one_line),
    };

    return cmocka_run_group_tests_name("costs", tests, load, unload);
}
