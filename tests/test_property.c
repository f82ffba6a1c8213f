/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Properties: every capture under every policy. What is checked at each
 * access is in lib-invariants.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "pt-pci.h"

#include "lib-conf.h"
#include "lib-invariants.h"
#include "lib-malformed.h"
#include "lib-temp.h"

static struct world w;
static struct inv v;
static struct world_function *functions;
static unsigned num_functions;

static bool is_bridge(const struct capture *c)
{
    unsigned class = (unsigned)sim_get(c->cfg + PCI_CLASS_DEVICE, 2);

    return (c->cfg[PCI_HEADER_TYPE] & 0x7f) != PCI_HEADER_TYPE_NORMAL ||
        class == PCI_CLASS_BRIDGE_HOST || class == PCI_CLASS_BRIDGE_ISA;
}

static void must(bool ok, const struct world_function *f,
                 const struct world_policy *p)
{
    if (!ok) {
        fail_msg("%s, %s: %s", f->name, p->name, v.wrong);
    }
}

/* Each function, or some with SIM_QUICK. */
static unsigned stride(void)
{
    return world_rounds(20) == 20 ? 1 : 11;
}

/* Run @check, attached, for each function that can be, and each policy. */
static void for_all(void (*check)(const struct world_function *f,
                                  const struct world_policy *p))
{
    const struct world_policy *p;
    unsigned i;

    for (i = 0; i < num_functions; i += stride()) {
        const struct world_function *f = &functions[i];

        if (is_bridge(&f->capture)) {
            continue;
        }
        for (p = world_all_policies; p->name; p++) {
            world_init(&w, &f->capture, &p->policy, NULL);
            inv_start(&v, &w);
            if (!world_attach(&w)) {
                fail_msg("%s, %s: %s", f->name, p->name, w.err.text);
            }
            must(inv_attached(&v), f, p);
            check(f, p);
            must(inv_end(&v), f, p);
            world_fini(&w);
        }
    }
}

/* What all of this goes over: extended space of real and emulated devices. */
static void captures_have_extended_space_of_many_devices(void **state)
{
    static const struct {
        const char *from;
        unsigned least;
    } kinds[] = { { "hw-", 6 }, { "qemu-", 8 }, { "qemu10-", 5 } };
    unsigned i, k;

    (void)state;
    for (k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
        unsigned n = 0;

        for (i = 0; i < num_functions; i++) {
            const struct capture *c = &functions[i].capture;

            n += strncmp(functions[i].name, kinds[k].from,
                         strlen(kinds[k].from)) == 0 && !is_bridge(c) &&
                c->len == SIM_CFG_SIZE && sim_get(c->cfg + PT_CFG_SIZE, 4);
        }
        if (n < kinds[k].least) {
            fail_msg("%u of %s, not %u", n, kinds[k].from, kinds[k].least);
        }
    }
}

/* ------------------------------------------------------------------ */
/* Attach                                                              */

static void bridges_are_refused_and_told_why(void **state)
{
    unsigned i, bridges = 0;

    (void)state;
    for (i = 0; i < num_functions; i++) {
        if (!is_bridge(&functions[i].capture)) {
            continue;
        }
        bridges++;
        world_init(&w, &functions[i].capture, NULL, NULL);
        assert_false(world_attach(&w));
        assert_non_null(strstr(w.err.text, "bridge"));
        /* And what it is about: the address is in it. */
        assert_non_null(strchr(w.err.text, ':'));
        assert_int_equal(w.sim.dev.count.writes, 0);
        assert_int_equal(w.sim.xen.total, 0);
        assert_true(world_close(&w));
    }
    assert_true(bridges > 3);
}

static void attach_and_detach_leave_no_trace(const struct world_function *f,
                                             const struct world_policy *p)
{
    (void)f;
    (void)p;
}

static void all_captures_attach_and_detach_quietly(void **state)
{
    (void)state;
    for_all(attach_and_detach_leave_no_trace);
}

/* A toolstack's reset can lose them; the operating system knows them still. */
static void bars_that_a_reset_lost_come_back(void **state)
{
    unsigned i;

    (void)state;
    for (i = 0; i < num_functions; i++) {
        const struct world_function *f = &functions[i];

        if (is_bridge(&f->capture)) {
            continue;
        }
        world_init(&w, &f->capture, NULL, NULL);
        memset(w.sim.dev.cfg + PCI_BASE_ADDRESS_0, 0, 4 * PT_NUM_BARS);
        memset(w.sim.dev.cfg + PCI_ROM_ADDRESS, 0, 4);
        inv_start(&v, &w);
        assert_true(world_attach(&w));
        must(inv_attached(&v), f, world_policies);
        world_place_all(&w);
        world_decode(&w, true);
        must(inv_state(&v) && inv_end(&v), f, world_policies);
        world_fini(&w);
    }
}

/* ------------------------------------------------------------------ */
/* Reads                                                               */

static uint32_t bytewise(unsigned off, unsigned len)
{
    uint32_t val = 0;
    unsigned i;

    for (i = 0; i < len; i++) {
        val |= (uint32_t)rd8(&w, off + i) << (8 * i);
    }
    return val;
}

static void check_reads(const struct world_function *f,
                        const struct world_policy *p)
{
    static const unsigned lens[] = { 1, 2, 4 };
    unsigned off, i;

    /* Of what is 0 throughout, a part. */
    for (off = 0; off < v.rules.size; off += off < v.rules.end ? 1 : 61) {
        for (i = 0; i < 3; i++) {
            must(inv_read(&v, off, lens[i]), f, p);
            if (off + lens[i] <= v.rules.size) {
                assert_int_equal(pt_config_read(w.d, off, lens[i]),
                                 bytewise(off, lens[i]));
            }
        }
    }
}

static void reads_are_explained(const struct world_function *f,
                                const struct world_policy *p)
{
    check_reads(f, p);
    inv_raise(&v);
    world_place_all(&w);
    world_decode(&w, true);
    check_reads(f, p);
    must(inv_state(&v), f, p);
}

static void every_read_is_host_value_copy_and_masks(void **state)
{
    (void)state;
    for_all(reads_are_explained);
}

static void illegal_ones_are_nothing(const struct world_function *f,
                                     const struct world_policy *p)
{
    static const uint32_t offs[] = {
        0, 1, 0x3f, 0xfc, 0xfd, 0xfe, 0xff, 0x100, 0x101, 0xfff, 0x1000,
        0xfffe, 0xffff, 0x10000, 0x10004, 0x7fffffff, 0x80000000, 0xfffffffc,
        0xfffffffe, 0xffffffff,
    };
    static const unsigned lens[] = {
        0, 1, 2, 3, 4, 5, 6, 7, 8, 16, 0x100, 0x101, 0x80000000, 0xffffffff,
    };
    unsigned i, j;

    for (i = 0; i < sizeof(offs) / sizeof(offs[0]); i++) {
        for (j = 0; j < sizeof(lens) / sizeof(lens[0]); j++) {
            must(inv_read(&v, offs[i], lens[j]), f, p);
            must(inv_write(&v, offs[i], 0xa5a5a5a5, lens[j]), f, p);
            must(inv_read(&v, offs[i], lens[j]), f, p);
        }
    }
}

static void illegal_accesses_read_0_and_write_nothing(void **state)
{
    (void)state;
    for_all(illegal_ones_are_nothing);
}

/* ------------------------------------------------------------------ */
/* Writes                                                              */

static uint32_t some_value(struct world_rng *r)
{
    uint32_t val = world_random(r);

    switch (world_random(r) % 8) {
    case 0:
        return 0;
    case 1:
        return UINT32_MAX;
    case 2:
        return UINT32_C(1) << (val % 32);
    case 3:
        return ~(UINT32_C(1) << (val % 32));
    case 4:
        return val & world_random(r) & world_random(r);
    case 5:
        /* A page, as a BAR would have it. */
        return val & 0xfffff000;
    default:
        return val;
    }
}

/* Most interesting are the header and the capabilities. */
static uint32_t some_offset(struct world_rng *r)
{
    uint32_t val = world_random(r);
    unsigned n = v.rules.num_caps;

    if (v.rules.size > PT_CFG_SIZE && world_random(r) % 2) {
        n = v.rules.num_ext;
        return n && val % 8 ? v.rules.ext[val % n] + (val >> 8) % 0x30 :
            val % SIM_CFG_SIZE;
    }
    switch (world_random(r) % 4) {
    case 0:
        return val % 0x44;
    case 1:
        return n ? v.rules.cap[val % n] + (val >> 8) % 0x14 : val % 0x100;
    case 2:
        return val % 4 ? val >> 8 & 0xff : PCI_COMMAND;
    default:
        return val % 0x100;
    }
}

static uint64_t seed_of(const char *name)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);

    for (; *name; name++) {
        h = (h ^ (uint8_t)*name) * UINT64_C(0x100000001b3);
    }
    return h;
}

static void random_writes(const struct world_function *f,
                          const struct world_policy *p)
{
    static const unsigned lens[] = { 1, 2, 4, 4 };
    struct world_rng r = { seed_of(f->name) ^ seed_of(p->name) };
    unsigned i, n = world_rounds(1200);

    world_place_all(&w);
    for (i = 0; i < n; i++) {
        uint32_t off = some_offset(&r);
        unsigned len = lens[world_random(&r) % 4];

        if (world_random(&r) % 2) {
            inv_raise(&v);
        }
        must(inv_write(&v, off, some_value(&r), len), f, p);
        must(inv_read(&v, off, len), f, p);
        if (i % 16 == 0) {
            must(inv_settle(&v) && inv_state(&v) && inv_chain(&v), f, p);
        }
        if (i % 512 == 511) {
            pt_reset(w.d);
            must(inv_state(&v) && inv_chain(&v), f, p);
            world_place_all(&w);
            world_decode(&w, true);
        }
    }
}

static void writes_reach_only_what_is_declared(void **state)
{
    (void)state;
    for_all(random_writes);
}

/*
 * Every offset and width, with nothing but ones and nothing but zeros, over a
 * device whose every error bit is set.
 */
static void neighbours(const struct world_function *f,
                       const struct world_policy *p)
{
    static const uint32_t vals[] = { 0, UINT32_MAX, 0x5a5a5a5a };
    static const unsigned lens[] = { 1, 2, 4 };
    unsigned off, i, j;

    for (off = 0; off < v.rules.end; off++) {
        for (i = 0; i < 3; i++) {
            for (j = 0; j < 3 && off + lens[j] <= v.rules.end; j++) {
                inv_raise(&v);
                must(inv_write(&v, off, vals[i], lens[j]), f, p);
            }
        }
    }
    must(inv_settle(&v) && inv_state(&v), f, p);
}

static void rw1c_survives_a_neighbours_write(void **state)
{
    (void)state;
    for_all(neighbours);
}

/* XSA-128, XSA-131: what is covered must not be brought in by a gap. */
static void writes_do_not_spread(const struct world_function *f,
                                 const struct world_policy *p)
{
    unsigned off, i;

    for (off = 0; off + 4 <= v.rules.end; off++) {
        memset(w.sim.dev.covered, 0, sizeof(w.sim.dev.covered));
        pt_config_write(w.d, off, 0x5a5a5a5a, 4);
        if (w.d->deaf & PT_DEAF_ALL) {
            must(inv_settle(&v), f, p);
            continue;
        }
        for (i = 0; i < v.rules.end; i++) {
            /* With Command its neighbour is written. */
            bool command = (i & ~3u) == PCI_COMMAND &&
                off <= PCI_COMMAND + 1 && off + 4 > (i & ~1u);

            if (w.sim.dev.covered[i] && (i < off || i >= off + 4) &&
                !command && !v.rules.engine[i] && !v.rules.engine[i ^ 1]) {
                fail_msg("%s, %s: write at %#x covered %#x", f->name, p->name,
                         off, i);
            }
        }
    }
}

static void writes_stay_inside_of_their_bytes(void **state)
{
    (void)state;
    for_all(writes_do_not_spread);
}

/* ------------------------------------------------------------------ */
/* Regions and D-states                                                */

static void sizes(const struct world_function *f,
                  const struct world_policy *p)
{
    unsigned n;

    for (n = 0; n < PT_NUM_REGIONS; n++) {
        const struct pt_region *r = &f->capture.region[n];
        bool page = !(r->flags & PT_REGION_IO) && r->size < PT_PAGE_SIZE;
        uint64_t want = r->size && page ? PT_PAGE_SIZE : r->size;
        bool top = n > 0 && n < PT_NUM_BARS && r[-1].size &&
            (r[-1].flags & PT_REGION_64);

        if (n == PT_ROM && p->policy.no_rom) {
            want = 0;
        }
        if (!top && world_bar_size(&w, n) != want) {
            fail_msg("%s, %s: region %u has %#llx bytes, not %#llx", f->name,
                     p->name, n, (unsigned long long)world_bar_size(&w, n),
                     (unsigned long long)want);
        }
    }
}

static void sizing_tells_the_size(void **state)
{
    (void)state;
    for_all(sizes);
}

/* Another device of the guest's is where the first regions come. */
static void keeps_off(const struct world_function *f,
                      const struct world_policy *p)
{
    static const uint64_t starts[] = { WORLD_MEM, WORLD_MEM64 };
    unsigned i;

    for (i = 0; i < 2; i++) {
        sim_bus_take(&w.sim.bus, false, starts[i], 0x1000000000);
    }
    sim_bus_take(&w.sim.bus, true, WORLD_PORTS, 0x1000);
    world_place_all(&w);
    world_decode(&w, true);
    must(inv_state(&v), f, p);
    assert_int_equal(w.sim.xen.num_mem + w.sim.xen.num_ports, 0);
    /* It goes, and there is room. */
    w.sim.bus.num_taken = 0;
    pt_bars_sync(w.d);
    must(inv_state(&v), f, p);
}

static void nothing_is_mapped_over_another_device(void **state)
{
    (void)state;
    for_all(keeps_off);
}

/* The device leaves D0: nothing of it may be mapped then. */
static void look_when_it_sleeps(struct sim_dev *s, uint16_t pos,
                                const uint8_t *buf, unsigned len)
{
    unsigned csr = s->pm + (unsigned)PCI_PM_CTRL;

    if (s->pm && pos <= csr && csr < pos + len && (buf[csr - pos] & 3) &&
        w.sim.xen.num_mem + w.sim.xen.num_ports + w.sim.bus.num_traps) {
        sim_note(&s->notes, "sent to D%u with its regions mapped",
                 buf[csr - pos] & 3);
    }
}

static void sleeps(const struct world_function *f,
                   const struct world_policy *p)
{
    unsigned to;

    if (!p->policy.power_mgmt) {
        return;
    }
    w.sim.dev.hooks.on_write = look_when_it_sleeps;
    for (to = 1; to <= 3; to++) {
        world_place_all(&w);
        world_decode(&w, true);
        world_power(&w, to);
        world_power(&w, 0);
        must(inv_settle(&v) && inv_state(&v) && inv_chain(&v), f, p);
    }
}

static void nothing_is_mapped_outside_of_d0(void **state)
{
    (void)state;
    for_all(sleeps);
}

/* ------------------------------------------------------------------ */
/* Policies from files                                                 */

/* Attach under what can be of @p; the rest is refused by its line. */
static void attach_under(const struct world_function *f, struct pt_policy *p,
                         unsigned *refused)
{
    for (;;) {
        world_init(&w, &f->capture, p, NULL);
        inv_start(&v, &w);
        if (world_attach(&w)) {
            return;
        }
        if (!conf_drop(p, &w.err)) {
            fail_msg("%s: %s", f->name, w.err.text);
        }
        ++*refused;
        assert_int_equal(w.sim.dev.count.writes, 0);
        assert_true(world_close(&w));
    }
}

/*
 * Registers and capabilities of a file, wherever: what the file says holds, and
 * nothing else changes.
 */
static void policies_from_files_keep_the_rules(void **state)
{
    unsigned i, k, refused = 0, masks = 0, added = 0;
    char text[CONF_TEXT];

    (void)state;
    for (i = 0; i < num_functions; i += stride()) {
        const struct world_function *f = &functions[i];
        struct world_rng r = { seed_of(f->name) };

        for (k = 0; k < 6 && !is_bridge(&f->capture); k++) {
            struct pt_policy drawn, read;
            struct pt_error err = { "" };
            struct world_policy p = { .name = text };

            conf_draw(&r, &f->capture, &drawn);
            conf_write(&drawn, text);
            if (conf_read(text, &read, &err) != 0) {
                fail_msg("%s\n%s", text, err.text);
            }
            if (!conf_same(&drawn, &read)) {
                fail_msg("read as something else:\n%s", text);
            }
            attach_under(f, &read, &refused);
            masks += read.num_masks;
            added += read.num_added;
            must(inv_attached(&v), f, &p);
            check_reads(f, &p);
            neighbours(f, &p);
            random_writes(f, &p);
            must(inv_chain(&v) && inv_end(&v), f, &p);
            world_fini(&w);
        }
    }
    assert_true(refused > num_functions / stride() / 4);
    assert_true(masks > num_functions / stride());
    assert_true(added > num_functions / stride() / 4);
}

/* ------------------------------------------------------------------ */
/* Resets                                                              */

/* Who could do something in it does; whoever restores the registers. */
static void resets(const struct world_function *f,
                   const struct world_policy *p)
{
    struct world_rng r = { seed_of(f->name) ^ seed_of(p->name) };
    unsigned way, i;

    for (way = 0; way < 4; way++) {
        unsigned at = v.rules.flr[way % 2];

        if (!v.rules.flr_bit[way % 2]) {
            continue;
        }
        w.sim.dev.os.restores = way & 2;
        w.sim.dev.os.takes_us = 90000 * way;
        world_place_all(&w);
        world_decode(&w, true);
        for (i = 0; i < 30; i++) {
            must(inv_write(&v, some_offset(&r), some_value(&r), 4), f, p);
        }
        must(inv_write(&v, at, v.rules.flr_bit[way % 2], 1), f, p);
        must(inv_settle(&v) && inv_state(&v) && inv_chain(&v), f, p);
    }
}

static void a_reset_is_as_specified(void **state)
{
    (void)state;
    for_all(resets);
}

/* And what the guest does in it, and before its time, changes nothing. */
static void detached_in_a_reset(const struct world_function *f,
                                const struct world_policy *p)
{
    unsigned at = v.rules.flr_bit[0] ? v.rules.flr[0] : v.rules.flr[1];

    if (!at) {
        return;
    }
    world_place_all(&w);
    world_decode(&w, true);
    must(inv_write(&v, at, 0x81, 1), f, p);
    sim_bus_pass(&w.sim.bus, w.d, 1000 * ((unsigned)f->name[0] % 100));
}

static void all_are_detached_in_a_reset(void **state)
{
    (void)state;
    for_all(detached_in_a_reset);
}

/* ------------------------------------------------------------------ */
/* Devices as no specification has them                                */

/*
 * Malformed chains and structures: the device attaches, the guest's chain is
 * a sound one, what can't be offered is not writable and named in the log.
 */
static void malformed_devices_work_and_hide_what_is_wrong(void **state)
{
    static struct world_function f;
    const struct world_policy *p;
    const struct malformed *m;

    (void)state;
    for (m = malformed_devices; m->name; m++) {
        world_build(&f.capture);
        m->build(&f.capture);
        snprintf(f.name, sizeof(f.name), "%s", m->name);
        for (p = world_all_policies; p->name; p++) {
            world_init(&w, &f.capture, &p->policy, NULL);
            inv_start(&v, &w);
            if (!world_attach(&w)) {
                fail_msg("%s: %s", f.name, w.err.text);
            }
            must(inv_attached(&v), &f, p);
            check_reads(&f, p);
            neighbours(&f, p);
            random_writes(&f, p);
            must(inv_end(&v), &f, p);
            world_fini(&w);
        }
    }
}

/* ------------------------------------------------------------------ */
/* The chain, and lspci                                                */

static void chain(const struct world_function *f,
                  const struct world_policy *p)
{
    must(inv_chain(&v), f, p);
}

static void chain_holds_exactly_the_exposed(void **state)
{
    (void)state;
    for_all(chain);
}

static void dump(FILE *out, const struct capture *c, unsigned n)
{
    unsigned i;

    fprintf(out, "%02x:%02x.%u %s", n >> 8 & 0xff, n >> 3 & 0x1f, n & 7,
            c->title);
    for (i = 0; i < PT_CFG_SIZE; i++) {
        if (i % 16 == 0) {
            fprintf(out, "\n%02x:", i);
        }
        fprintf(out, " %02x", rd8(&w, i));
    }
    fprintf(out, "\n\n");
}

/* What lspci says where it can't make sense of something. */
static bool complaint(const char *line)
{
    static const char *const words[] = {
        "!!!", "<chain", "roken", "nknown header", "<access denied>",
        "lspci:", "Length=0", "Cannot", "Unable",
    };
    unsigned i;

    if (strstr(line, "libkmod")) {
        return false;
    }
    for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strstr(line, words[i])) {
            return true;
        }
    }
    return false;
}

static void lspci_decodes_the_guests_view_without_complaint(void **state)
{
    char path[TEMP_MAX], line[512], command[TEMP_MAX + 64];
    const struct world_policy *p;
    unsigned i, n = 0, devices = 0;
    FILE *f;
    int fd;

    (void)state;
    if (system("lspci --version >/dev/null 2>&1") != 0) {
        print_message("# not here: what it needs is missing\n");
        return;  /* cmocka's TAP calls a skipped test "not ok" */
    }
    fd = mkstemp(temp_path(path, "pt-view"));
    f = fd >= 0 ? fdopen(fd, "w") : NULL;
    assert_non_null(f);
    for (i = 0; i < num_functions; i++) {
        const struct capture *c = &functions[i].capture;

        for (p = world_all_policies; p->name && !is_bridge(c); p++) {
            world_init(&w, c, &p->policy, NULL);
            assert_true(world_attach(&w));
            dump(f, c, n++);
            world_fini(&w);
        }
    }
    fclose(f);
    snprintf(command, sizeof(command), "lspci -n -vv -F '%s' 2>&1", path);
    f = popen(command, "r");
    assert_non_null(f);
    while (fgets(line, sizeof(line), f)) {
        if (complaint(line)) {
            fail_msg("%s", line);
        }
        devices += line[0] != '\n' && line[0] != '\t' &&
            !strstr(line, "libkmod");
    }
    assert_int_equal(pclose(f), 0);
    unlink(path);
    assert_int_equal(devices, n);
}

/* ------------------------------------------------------------------ */
/* What the device does not tell                                       */

static void ids_are_the_operating_systems(void **state)
{
    (void)state;
    world_open(&w, "qemu-nvme-sriov-vf.txt", 0, NULL);
    w.sim.dev.pt.info.vendor = 0x1b36;
    w.sim.dev.pt.info.device = 0x0010;
    assert_true(world_attach(&w));
    assert_int_equal(sim_dev_peek(&w.sim.dev, 0, 4), 0xffffffff);
    assert_int_equal(rd32(&w, 0), 0x00101b36);
    wr32(&w, 0, 0);
    assert_int_equal(rd32(&w, 0), 0x00101b36);
    assert_true(world_close(&w));
}

/* BIST lies between the registers that a reset takes. */
static void restoring_starts_no_self_test(void **state)
{
    const struct sim_write *last;
    struct capture c;
    unsigned i, n = 0;

    (void)state;
    world_build(&c);
    world_build_cap(&c, 0x40, PCI_CAP_ID_PM, "\3\0\3\0\0\0", 6);
    c.cfg[PCI_BIST] = PCI_BIST_CAPABLE | PCI_BIST_START;
    world_init(&w, &c, NULL, NULL);
    assert_true(world_attach(&w));
    for (i = 0; (last = sim_dev_last_write(&w.sim.dev, i)) != NULL; i++) {
        if (last->off <= PCI_BIST && PCI_BIST < last->off + last->len) {
            assert_int_equal(last->val[PCI_BIST - last->off], 0);
            n++;
        }
    }
    assert_int_equal(n, 1);
    assert_true(world_close(&w));
}

static void multifunction_is_the_guests_slots(void **state)
{
    (void)state;
    world_open(&w, "qemu-nvme.txt", 0, NULL);
    w.args.multifunction = true;
    assert_true(world_attach(&w));
    assert_int_equal(rd8(&w, PCI_HEADER_TYPE), 0x80);
    pt_set_multifunction(w.d, false);
    assert_int_equal(rd8(&w, PCI_HEADER_TYPE), 0x00);
    pt_set_multifunction(w.d, true);
    pt_reset(w.d);
    assert_int_equal(rd8(&w, PCI_HEADER_TYPE), 0x80);
    wr8(&w, PCI_HEADER_TYPE, 0);
    assert_int_equal(rd8(&w, PCI_HEADER_TYPE), 0x80);
    assert_true(world_close(&w));
}

/* ------------------------------------------------------------------ */
/* Looking only                                                        */

static void a_view_touches_nothing(void **state)
{
    struct world_rng r = { 1 };
    struct pt_error err;
    unsigned i, n;

    (void)state;
    for (i = 0; i < num_functions; i++) {
        if (is_bridge(&functions[i].capture)) {
            continue;
        }
        world_init(&w, &functions[i].capture, NULL, NULL);
        w.args.xen = NULL;
        w.d = pt_view(&w.args, &err);
        assert_non_null(w.d);
        assert_int_equal(w.sim.dev.count.reads, 1);
        for (n = 0; n < 200; n++) {
            pt_config_write(w.d, world_random(&r) % 0x100, world_random(&r),
                            1u << world_random(&r) % 3);
            pt_config_read(w.d, world_random(&r) % 0x100, 4);
            if (n % 64 == 0) {
                pt_reset(w.d);
            }
        }
        assert_int_equal(w.sim.dev.count.writes, 0);
        assert_int_equal(w.sim.xen.total, 0);
        assert_int_equal(w.sim.bus.trap_calls, 0);
        world_detach(&w);
        assert_int_equal(w.sim.dev.count.writes, 0);
        world_fini(&w);
    }
}

static int load(void **state)
{
    (void)state;
    num_functions = world_functions(&functions);
    return num_functions > 60 ? 0 : -1;
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
        cmocka_unit_test(captures_have_extended_space_of_many_devices),
        cmocka_unit_test(bridges_are_refused_and_told_why),
        cmocka_unit_test(all_captures_attach_and_detach_quietly),
        cmocka_unit_test(bars_that_a_reset_lost_come_back),
        cmocka_unit_test(every_read_is_host_value_copy_and_masks),
        cmocka_unit_test(illegal_accesses_read_0_and_write_nothing),
        cmocka_unit_test(writes_reach_only_what_is_declared),
        cmocka_unit_test(rw1c_survives_a_neighbours_write),
        cmocka_unit_test(writes_stay_inside_of_their_bytes),
        cmocka_unit_test(sizing_tells_the_size),
        cmocka_unit_test(nothing_is_mapped_over_another_device),
        cmocka_unit_test(nothing_is_mapped_outside_of_d0),
        cmocka_unit_test(policies_from_files_keep_the_rules),
        cmocka_unit_test(a_reset_is_as_specified),
        cmocka_unit_test(all_are_detached_in_a_reset),
        cmocka_unit_test(malformed_devices_work_and_hide_what_is_wrong),
        cmocka_unit_test(chain_holds_exactly_the_exposed),
        cmocka_unit_test(lspci_decodes_the_guests_view_without_complaint),
        cmocka_unit_test(ids_are_the_operating_systems),
        cmocka_unit_test(restoring_starts_no_self_test),
        cmocka_unit_test(multifunction_is_the_guests_slots),
        cmocka_unit_test(a_view_touches_nothing),
    };

    return cmocka_run_group_tests_name("properties", tests, load, unload);
}
