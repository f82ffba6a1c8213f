/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Windows that are mirrors of configuration space, and what drivers do there. */
#include "lib-gpu.h"

/* ------------------------------------------------------------------ */
/* Graphics                                                            */

static uint64_t mirror(uint32_t off)
{
    return world_bar_addr(&w, 0) + 0x88000 + off;
}

static uint32_t mirror_read(uint32_t off, unsigned width)
{
    return (uint32_t)sim_guest_mmio_read(&w.sim.bus, mirror(off), width);
}

static void mirror_write(uint32_t off, unsigned width, uint32_t val)
{
    sim_guest_mmio_write(&w.sim.bus, mirror(off), width, val);
}

static void without_the_window_the_mirror_is_the_devices(void **state)
{
    uint32_t bar0 = GPU_BAR0;

    (void)state;
    gpu_begin(NULL);
    /* The driver finds where the host has it, ... */
    assert_int_equal(mirror_read(PCI_BASE_ADDRESS_0, 4), bar0);
    assert_int_not_equal(rd32(&w, PCI_BASE_ADDRESS_0), bar0);
    /* ... and can switch off what the host decodes: XSA-126. */
    mirror_write(PCI_COMMAND, 2, 0);
    assert_int_equal(dev(&w, PCI_COMMAND, 2) & PCI_COMMAND_MEMORY, 0);
    world_fini(&w);
}

static void through_the_window_the_guest_sees_its_own_addresses(void **state)
{
    const struct pt_policy policy = with("nvidia-config");

    (void)state;
    gpu_begin(&policy);
    assert_true(sim_bus_logged(&w.sim.bus, "windows: nvidia-config;") ||
                sim_bus_logged(&w.sim.bus, "windows: nvidia-config"));
    assert_int_equal(mirror_read(PCI_VENDOR_ID, 4), 0x138010de);
    assert_int_equal(mirror_read(PCI_BASE_ADDRESS_0, 4),
                     rd32(&w, PCI_BASE_ADDRESS_0));
    assert_int_equal(mirror_read(PCI_BASE_ADDRESS_0, 4) & ~0xfu,
                     world_bar_addr(&w, 0));
    /* What is around the mirror is the device's. */
    sim_guest_mmio_write(&w.sim.bus, mirror(0x1000), 4, 0x12345678);
    assert_int_equal(sim_guest_mmio_read(&w.sim.bus, mirror(0x1000), 4),
                     0x12345678);
    assert_true(world_close(&w));
}

static void a_decoder_of_the_hosts_stays_on(void **state)
{
    const struct pt_policy policy = with("nvidia-config");

    (void)state;
    gpu_begin(&policy);
    mirror_write(PCI_COMMAND, 2, 0);
    assert_int_equal(rd16(&w, PCI_COMMAND), 0);
    assert_int_equal(dev(&w, PCI_COMMAND, 2) & PCI_COMMAND_MEMORY,
                     PCI_COMMAND_MEMORY);
    assert_int_equal(dev(&w, PCI_COMMAND, 2) & PCI_COMMAND_MASTER, 0);
    world_decode(&w, true);
    mirror_write(PCI_BASE_ADDRESS_0, 4, 0xf0000000);
    assert_int_equal(dev(&w, PCI_BASE_ADDRESS_0, 4), (uint32_t)GPU_BAR0);
    assert_int_equal(world_bar_addr(&w, 0), 0xf0000000);
    /* The mirror has moved with its BAR, under the guest's own access. */
    assert_int_equal(mirror_read(PCI_VENDOR_ID, 4), 0x138010de);
    assert_true(world_close(&w));
}

/* XSA-126's other way: the window goes while it is used. */
static void strict_unmaps_the_window_that_is_used(void **state)
{
    struct pt_policy policy = with("nvidia-config");

    (void)state;
    policy.strict = true;
    gpu_begin(&policy);
    mirror_write(PCI_COMMAND, 2, 0);
    assert_int_equal(w.sim.bus.num_traps, 0);
    assert_int_equal(mirror_read(PCI_VENDOR_ID, 4), UINT32_MAX);
    world_decode(&w, true);
    assert_int_equal(mirror_read(PCI_VENDOR_ID, 4), 0x138010de);
    assert_true(world_close(&w));
}

static void program_msi(void)
{
    wr32(&w, GPU_MSI + PCI_MSI_ADDRESS_LO, ADDRESS);
    wr32(&w, GPU_MSI + PCI_MSI_ADDRESS_HI, 0);
    wr16(&w, GPU_MSI + PCI_MSI_DATA_64, VECTOR);
    wr16(&w, GPU_MSI + PCI_MSI_FLAGS, PCI_MSI_FLAGS_ENABLE);
}

/* nouveau: rearm, handle; @off: nv40's place or gp100's. */
static unsigned interrupts(uint32_t off, unsigned width, uint32_t val)
{
    unsigned i, n = 0;

    for (i = 0; i < 3; i++) {
        n += sim_chip_interrupt(&chip) == SIM_SENT;
        mirror_write(off, width, val);
    }
    return n;
}

static void each_msi_is_acknowledged_through_the_window(void **state)
{
    const struct pt_policy policy = with("nvidia-config");
    struct world_cost then;
    unsigned i;

    (void)state;
    for (i = 0; i < 2; i++) {
        gpu_begin(i ? &policy : NULL);
        program_msi();
        then = world_cost(&w);
        assert_int_equal(interrupts(GPU_MSI, 1, 0xff), 3);
        assert_int_equal(interrupts(0x704, 4, 0), 3);
        assert_int_equal(chip.acks, 6);
        assert_int_equal(world_cost_since(&w, &then).mmio, i ? 6 : 0);
        assert_int_equal(world_cost_since(&w, &then).writes, 0);
        assert_int_equal(w.sim.bus.trapped_writes, i ? 6 : 0);
        assert_int_equal(w.sim.xen.vector[VECTOR], 6);
        assert_true(world_close(&w));
    }
}

/* Without its place in the table, one message would be all. */
static void what_is_no_acknowledgement_does_not_arm(void **state)
{
    const struct pt_policy policy = with("nvidia-config");

    (void)state;
    gpu_begin(&policy);
    program_msi();
    assert_int_equal(interrupts(GPU_MSI - 4, 4, 0), 1);
    assert_int_equal(interrupts(0x700, 4, 0), 0);
    assert_int_equal(interrupts(GPU_MSI, 4, 0xffffffff), 0);
    assert_int_equal(chip.acks, 0);
    assert_true(world_close(&w));
}

/* With MSI hidden its ID is no register of the guest's. */
static void a_hidden_msi_is_not_acknowledged(void **state)
{
    struct pt_policy policy = with("nvidia-config");

    (void)state;
    pt_hide(&policy, PCI_CAP_ID_MSI);
    gpu_begin(&policy);
    mirror_write(GPU_MSI, 1, 0xff);
    assert_int_equal(chip.acks, 0);
    assert_int_equal(w.sim.dev.count.mmio_writes[0], 0);
    assert_true(world_close(&w));
}

static void what_straddles_the_mirrors_end_is_nobodys(void **state)
{
    const struct pt_policy policy = with("nvidia-config-1800");
    uint64_t end;
    uint8_t before[SIM_CFG_SIZE];

    (void)state;
    gpu_begin(&policy);
    end = world_bar_addr(&w, 0) + 0x1900;
    memcpy(before, w.sim.dev.cfg, sizeof(before));
    sim_guest_mmio_write(&w.sim.bus, end, 8, UINT64_C(0x1122334455667788));
    sim_guest_mmio_write(&w.sim.bus, end - 2, 4, 0);
    sim_guest_mmio_write(&w.sim.bus, end - 4, 8, 0);
    sim_guest_mmio_write(&w.sim.bus, end - 0x102, 4, 0);
    assert_int_equal(sim_guest_mmio_read(&w.sim.bus, end - 2, 4), UINT32_MAX);
    assert_int_equal(sim_guest_mmio_read(&w.sim.bus, end - 4, 8),
                     UINT64_MAX);
    assert_int_equal(sim_guest_mmio_read(&w.sim.bus, end - 0x102, 4),
                     UINT32_MAX);
    assert_memory_equal(before, w.sim.dev.cfg, sizeof(before));
    assert_int_equal(sim_guest_mmio_read(&w.sim.bus, end, 8),
                     UINT64_C(0x1122334455667788));
    assert_true(world_close(&w));
}

static void a_qword_is_two_accesses(void **state)
{
    const struct pt_policy policy = with("nvidia-config");

    (void)state;
    gpu_begin(&policy);
    assert_int_equal(sim_guest_mmio_read(&w.sim.bus, mirror(0), 8),
                     rd32(&w, 0) | (uint64_t)rd32(&w, 4) << 32);
    sim_guest_mmio_write(&w.sim.bus, mirror(GPU_MSI + 8), 8,
                         UINT64_C(0x1234432156781234));
    assert_int_equal(rd32(&w, GPU_MSI + PCI_MSI_ADDRESS_HI), 0x56781234);
    assert_int_equal(rd16(&w, GPU_MSI + PCI_MSI_DATA_64), 0x4321);
    assert_true(world_close(&w));
}

/* ------------------------------------------------------------------ */
/* AMD                                                                 */

/* The upper half of BAR 0, as the mirror has it. */
static uint32_t radeon_bar1(void)
{
    return (uint32_t)sim_guest_mmio_read(&w.sim.bus, world_bar_addr(&w, 2) +
                                         0x4014, 4);
}

static void a_radeons_mirror_has_the_guests_addresses(void **state)
{
    const struct pt_policy policy = with("amd-config");

    (void)state;
    radeon_begin(0x20000, NULL);
    assert_int_equal(radeon_bar1(), dev(&w, PCI_BASE_ADDRESS_1, 4));
    assert_int_not_equal(radeon_bar1(), rd32(&w, PCI_BASE_ADDRESS_1));
    assert_true(world_close(&w));
    radeon_begin(0x20000, &policy);
    assert_int_equal(radeon_bar1(), rd32(&w, PCI_BASE_ADDRESS_1));
    assert_true(world_close(&w));
}

/* From Bonaire on there are doorbells: a fast path, and no mirror. */
static void doorbells_are_not_trapped(void **state)
{
    const struct pt_policy policy = with("amd-config");

    (void)state;
    radeon_begin(0x200000, &policy);
    assert_int_equal(w.sim.bus.num_traps, 0);
    assert_true(sim_bus_logged(&w.sim.bus, "amd-config is not in force: the "
                               "BAR has another size"));
    assert_true(world_close(&w));
    world_open(&w, "hw-fiji.txt", 0, &policy);
    assert_true(world_attach(&w));
    assert_true(sim_bus_logged(&w.sim.bus, "amd-config is not in force"));
    assert_true(world_close(&w));
}

/* ------------------------------------------------------------------ */
/* A mirror is configuration space                                     */

static bool is_ack(uint32_t off, unsigned width)
{
    return (off + width > 0x704 && off < 0x708) ||
        (off + width > GPU_MSI && off < GPU_MSI + 2);
}

/* The same device twice: one is reached through its mirror. */
static struct world twin[2];

static bool ports;          /* the other way, by index and data, is in force */
static unsigned by_ports;   /* how often it was taken */

static uint64_t access_to(unsigned i, uint32_t off, unsigned width,
                          bool write, uint64_t val)
{
    struct world *t = &twin[i];
    uint32_t port = (uint32_t)t->sim.bus.moved[5] + 8;
    uint64_t at = t->sim.bus.moved[0] + 0x88000 + off, got = 0;
    bool way = t->sim.bus.moved[0] != PT_UNMAPPED &&
        sim_bus_trap(&t->sim.bus, at);
    unsigned done, n;

    if (i == 0 && way && !(write && is_ack(off, width))) {
        if (write) {
            sim_guest_mmio_write(&t->sim.bus, at, width, val);
        }
        return write ? 0 : sim_guest_mmio_read(&t->sim.bus, at, width);
    }
    /* Or by its ports, aligned and within a dword, as they are. */
    if (i == 0 && ports && t->sim.bus.moved[5] != PT_UNMAPPED &&
        off % width == 0 && width <= 4) {
        sim_guest_io_write(&t->sim.bus, port, 4, 0x88000 + (off & ~3u));
        port += 4 + off % 4;
        if (write) {
            sim_guest_io_write(&t->sim.bus, port, width, (uint32_t)val);
        }
        by_ports++;
        return write ? 0 : sim_guest_io_read(&t->sim.bus, port, width);
    }
    for (done = 0; done < width; done += n) {
        n = width == 8 ? 4 : width;
        if (write) {
            pt_config_write(t->d, off + done, (uint32_t)(val >> (8 * done)), n);
        } else {
            got |= (uint64_t)pt_config_read(t->d, off + done, n) << (8 * done);
        }
    }
    return got;
}

static void twins_are_alike(unsigned step, uint32_t off, unsigned width)
{
    struct world_cost a = world_cost(&twin[0]), b = world_cost(&twin[1]);

    if (memcmp(twin[0].sim.dev.cfg, twin[1].sim.dev.cfg, SIM_CFG_SIZE) != 0 ||
        memcmp(twin[0].d->copy, twin[1].d->copy, SIM_CFG_SIZE) != 0 ||
        a.reads != b.reads || a.writes != b.writes ||
        a.mmio != b.mmio + by_ports ||
        a.hypercalls != b.hypercalls || a.traps != b.traps ||
        a.lines != b.lines) {
        fail_msg("step %u, %u bytes at %#x: the mirror is not the "
                 "configuration space", step, width, off);
    }
}

static void twins_live(const struct pt_policy *policy, uint64_t seed)
{
    struct world_rng r = { .state = seed };
    struct pt_policy p = *policy;
    struct capture c;
    unsigned i, steps = world_rounds(400);

    /* One way or the other. */
    ports = !(seed & 1);
    p.windows = named(ports ? "nvidia-config-ports" : "nvidia-config");
    gpu(&c);
    by_ports = 0;
    for (i = 0; i < 2; i++) {
        world_init(&twin[i], &c, &p, NULL);
        if (!world_attach(&twin[i])) {
            fail_msg("%s", twin[i].err.text);
        }
        place_and_decode(&twin[i]);
    }
    for (i = 0; i < steps; i++) {
        bool write = world_random(&r) & 1, basic = world_random(&r) % 8;
        unsigned width = 1u << world_random(&r) % 4;
        uint32_t off = world_random(&r) % (basic ? 0x100 : 0x1000);
        uint64_t val = world_random(&r) |
            (uint64_t)world_random(&r) << 32, got[2];

        off -= off + width > 0x1000 ? 8 : 0;
        if (width == 8) {
            off &= ~3u;
        }
        got[0] = access_to(0, off, width, write, val);
        got[1] = access_to(1, off, width, write, val);
        assert_int_equal(got[0], got[1]);
        twins_are_alike(i, off, width);
        if (i % 16 == 15) {
            sim_bus_pass(&twin[0].sim.bus, twin[0].d, 500000);
            sim_bus_pass(&twin[1].sim.bus, twin[1].d, 500000);
            place_and_decode(&twin[0]);
            place_and_decode(&twin[1]);
        }
    }
    assert_true(!ports || by_ports > steps / 40);
    assert_true(twin[0].sim.bus.trapped_writes > steps / 40 &&
                twin[0].sim.bus.trapped_reads > steps / 40);
    assert_true(world_close(&twin[0]));
    assert_true(world_close(&twin[1]));
}

static void a_mirror_is_configuration_space(void **state)
{
    const struct world_policy *p;
    uint64_t seed;

    (void)state;
    for (p = world_all_policies; p->name; p++) {
        for (seed = 1; seed <= 10; seed++) {
            twins_live(&p->policy, seed);
        }
    }
}

/* And all that holds of it, whoever looks. */
static void a_mirror_lives(const struct pt_policy *policy, uint64_t seed)
{
    struct world_rng r = { .state = seed };
    struct pt_policy p = *policy;
    struct inv v;
    struct capture c;
    unsigned i, steps = world_rounds(200);

    p.windows = named("nvidia-config");
    gpu(&c);
    world_init(&w, &c, &p, NULL);
    sim_nvidia(&chip, &w.sim.dev);
    inv_start(&v, &w);
    v.mirror = (struct inv_mirror) { 0, 0x88000, 0x1000, 0 };
    assert_true(world_attach(&w) && inv_attached(&v));
    for (i = 0; i < steps && !v.wrong[0]; i++) {
        unsigned len = 1u << world_random(&r) % 3;
        uint32_t off = world_random(&r) % (world_random(&r) % 8 ? 0xfc : 0xffc);

        if (i % 16 == 0) {
            place_and_decode(&w);
        }
        if (world_random(&r) & 1) {
            inv_write(&v, off, world_random(&r), len);
        } else {
            inv_read(&v, off, len);
        }
        if (!(w.d->deaf & PT_DEAF_ALL)) {
            inv_state(&v);
        }
    }
    assert_true(w.sim.bus.trapped_reads && w.sim.bus.trapped_writes);
    inv_settle(&v);
    inv_end(&v);
    if (v.wrong[0]) {
        fail_msg("seed %u, step %u: %s", (unsigned)seed, i, v.wrong);
    }
    world_fini(&w);
}

static void what_holds_of_configuration_space_holds_of_a_mirror(void **state)
{
    const struct world_policy *p;
    uint64_t seed;

    (void)state;
    for (p = world_all_policies; p->name; p++) {
        for (seed = 1; seed <= 10; seed++) {
            a_mirror_lives(&p->policy, seed);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_the_window_the_mirror_is_the_devices),
        cmocka_unit_test(through_the_window_the_guest_sees_its_own_addresses),
        cmocka_unit_test(a_decoder_of_the_hosts_stays_on),
        cmocka_unit_test(strict_unmaps_the_window_that_is_used),
        cmocka_unit_test(each_msi_is_acknowledged_through_the_window),
        cmocka_unit_test(what_is_no_acknowledgement_does_not_arm),
        cmocka_unit_test(a_hidden_msi_is_not_acknowledged),
        cmocka_unit_test(what_straddles_the_mirrors_end_is_nobodys),
        cmocka_unit_test(a_qword_is_two_accesses),
        cmocka_unit_test(a_radeons_mirror_has_the_guests_addresses),
        cmocka_unit_test(doorbells_are_not_trapped),
        cmocka_unit_test(a_mirror_is_configuration_space),
        cmocka_unit_test(what_holds_of_configuration_space_holds_of_a_mirror),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
