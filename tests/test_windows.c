/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Windows of BARs: the table, beside what is known of these devices from
 * elsewhere; and mirrors of configuration space, with what their drivers do
 * there.
 */
#include "lib-invariants.h"
#include "lib-irq.h"
#include "lib-windows.h"

static struct world w;
static struct sim_chip chip;

/* ------------------------------------------------------------------ */
/* The table                                                           */

/*
 * What is known of each, from its source: numbers here are numbers, and on
 * purpose.
 */
static const struct known {
    const char *name, *source;
    enum pt_window_kind kind;
    bool on;
    uint16_t vendor, device, mask;
    uint32_t class, class_mask;
    uint8_t bar;
    uint64_t bar_max, offset, size;
    uint16_t ack, ack_len;
    uint8_t data_gap;
    uint32_t to[4];
} known[] = {
    { "nvidia-config", "nouveau", PT_WINDOW_MIRROR, false, 0x10de, 0, 0,
      0x030000, 0xff0000, 0, 0, 0x88000, 0x1000, 0x704, 4, 0, { 0 } },
    { "nvidia-config-1800", "nouveau", PT_WINDOW_MIRROR, false, 0x10de, 0, 0,
      0x030000, 0xff0000, 0, 0, 0x1800, 0x100, 0, 0, 0, { 0 } },
    { "nvidia-config-ports", "envytools", PT_WINDOW_INDEX, false, 0x10de, 0, 0,
      0x030000, 0xff0000, 5, 0, 8, 8, 0, 0, 0,
      { 0x1800, 0x100, 0x88000, 0x1000 } },
    /* radeon_device.c: from Bonaire on, BAR 2 has doorbells. */
    { "amd-config", "radeon_device.c", PT_WINDOW_MIRROR, false, 0x1002, 0, 0,
      0x030000, 0xff0000, 2, 0x40000, 0x4000, 0x100, 0, 0, 0, { 0 } },
    { "amd-config-ports", "pci-quirks", PT_WINDOW_INDEX, false, 0x1002, 0, 0,
      0x030000, 0xff0000, 4, 0, 0, 8, 0, 0, 0, { 0x4000, 0x1000 } },
    /* ath11k/pci.c, pcic.h; ath12k/pci.c: IDs, windows, which have 512 KiB. */
#define ATH(dev, off, len) \
    { "ath-message", "ath11k", PT_WINDOW_MESSAGE, true, 0x17cb, dev, 0xffff, \
      0, 0, 0, 0, off, len, 0, 0, 8, { 0 } }
    ATH(0x1101, 0x80000, 0x40000), ATH(0x1103, 0x80000, 0x40000),
    ATH(0x1107, 0x80000, 0x40000),
    /* Copy engines, at 0x01b80000 of the chip, are the second window's. */
    ATH(0x1104, 0x100000, 0x18000),
    /* WBM at 0x00a34000 and REO at 0x00a38000, the third's. */
    ATH(0x1104, 0x1b4000, 0x1000), ATH(0x1104, 0x1b8000, 0x1000),
    ATH(0x1109, 0x100000, 0x18000),
    ATH(0x1109, 0x1b4000, 0x1000), ATH(0x1109, 0x1b8000, 0x1000),
    /* r8168.h: ERIDR 0x70, ERIAR 0x74. */
    { "rtl8168-table", "r8168.h", PT_WINDOW_TABLE, false, 0x10ec, 0x8168,
      0xffff, 0, 0, 2, 0, 0x70, 8, 0, 0, 0, { 0 } },
};

static void the_table_says_what_its_sources_say(void **state)
{
    unsigned i;

    (void)state;
    assert_int_equal(pt_num_window_rows, COUNT(known));
    for (i = 0; i < COUNT(known); i++) {
        const struct known *k = &known[i];
        const struct pt_window_row *r = &pt_window_rows[i];

        assert_string_equal(r->name, k->name);
        assert_non_null(strstr(r->source, k->source));
        assert_int_equal(r->kind, k->kind);
        assert_int_equal(r->on, k->on);
        assert_int_equal(r->vendor, k->vendor);
        assert_int_equal(r->device, k->device);
        assert_int_equal(r->device_mask, k->mask);
        assert_int_equal(r->class, k->class);
        assert_int_equal(r->class_mask, k->class_mask);
        assert_int_equal(r->bar, k->bar);
        assert_int_equal(r->bar_max, k->bar_max);
        assert_int_equal(r->offset, k->offset);
        assert_int_equal(r->size, k->size);
        assert_int_equal(r->ack.off, k->ack);
        assert_int_equal(r->ack.len, k->ack_len);
        assert_int_equal(r->data_gap, k->data_gap);
        assert_int_equal(r->to[0].from, k->to[0]);
        assert_int_equal(r->to[0].size, k->to[1]);
        assert_int_equal(r->to[1].from, k->to[2]);
        assert_int_equal(r->to[1].size, k->to[3]);
    }
}

static const struct pt_window_row sound = {
    .name = "a", .why = "b", .source = "c", .vendor = 1, .size = 0x100,
};

static void refused(const struct pt_window_row *row, unsigned num,
                    const char *why)
{
    struct pt_error err;

    assert_int_equal(pt_window_check(row, num, &err), -EINVAL);
    if (!strstr(err.text, why)) {
        fail_msg("%s: is not about %s", err.text, why);
    }
}

static void refused_with(struct pt_window_row row, const char *why)
{
    refused(&row, 1, why);
}

#define SOUND_BUT(...) \
    ({ struct pt_window_row r_ = sound; r_.__VA_ARGS__; r_; })

static void an_unsound_row_is_refused(void **state)
{
    struct pt_error err;

    (void)state;
    assert_int_equal(pt_window_check(&sound, 1, &err), 0);
    assert_int_equal(pt_window_check(pt_window_rows, pt_num_window_rows, &err),
                     0);
    refused_with(SOUND_BUT(name = NULL), "no name");
    refused_with(SOUND_BUT(why = NULL), "no name");
    refused_with(SOUND_BUT(source = NULL), "no name");
    refused_with(SOUND_BUT(vendor = 0), "no device");
    refused_with(SOUND_BUT(device = 5), "no device");
    refused_with(SOUND_BUT(class = 5), "no device");
    refused_with(SOUND_BUT(class_mask = 0x1000000), "no device");
    refused_with(SOUND_BUT(bar = 6), "qwords");
    refused_with(SOUND_BUT(size = 0), "qwords");
    refused_with(SOUND_BUT(size = 12), "qwords");
    refused_with(SOUND_BUT(offset = 4), "qwords");
    refused_with(SOUND_BUT(offset = ~UINT64_C(7)), "qwords");
    refused_with(SOUND_BUT(bar_max = 0x80), "qwords");
    refused_with(SOUND_BUT(size = 0x1008), "configuration space");
    refused_with(SOUND_BUT(ack = ((struct pt_window_ack) { 0xfe, 4 })),
                 "ack");
    refused_with(SOUND_BUT(data_gap = 8), "data");
    refused_with(SOUND_BUT(kind = PT_WINDOW_MESSAGE), "data");
    refused_with(SOUND_BUT(kind = PT_WINDOW_TABLE), "two registers");
    refused_with(SOUND_BUT(kind = PT_WINDOW_INDEX), "two registers");
    refused_with(SOUND_BUT(to[0] = ((struct pt_window_target) { 0, 4 })),
                 "leads elsewhere");
}

static void rows_that_do_not_go_together_are_refused(void **state)
{
    struct pt_window_row row[40];
    struct pt_error err;
    unsigned i;

    (void)state;
    row[0] = row[1] = row[2] = sound;
    row[1].offset = 0x100;
    assert_int_equal(pt_window_check(row, 2, &err), 0);
    row[1].on = true;
    refused(row, 2, "another default");
    row[1].on = false;
    row[1].offset = 0xf8;
    refused(row, 2, "meets");
    row[1].bar = 1;
    assert_int_equal(pt_window_check(row, 2, &err), 0);
    row[1].bar = 0;
    row[1].device = 1;
    row[1].device_mask = 0xffff;
    refused(row, 2, "meets");
    row[0].device = 2;
    row[0].device_mask = 0xffff;
    assert_int_equal(pt_window_check(row, 2, &err), 0);
    row[1].name = "other";
    row[2].vendor = 2;
    refused(row, 3, "elsewhere");
    for (i = 0; i < COUNT(row); i++) {
        row[i] = sound;
        row[i].offset = 0x1000 * i;
    }
    assert_int_equal(pt_window_check(row, PT_BAR_WINDOWS, &err), 0);
    refused(row, PT_BAR_WINDOWS + 1, "too many");
    for (i = 0; i < COUNT(row); i++) {
        row[i].vendor = (uint16_t)(i + 1);
    }
    assert_int_equal(pt_window_check(row, 32, &err), 0);
    refused(row, 33, "32");
}

static void names_have_numbers_and_numbers_names(void **state)
{
    unsigned n, names = 0;

    (void)state;
    for (n = 0; n < 40; n++) {
        if (pt_window_name(n)) {
            assert_int_equal(pt_window_number(pt_window_name(n)), n);
            names++;
        }
    }
    assert_true(names > 0 && names <= pt_num_window_rows);
    assert_int_equal(pt_window_number("nothing"), -1);
    assert_int_equal(pt_window_number(""), -1);
}

/* ------------------------------------------------------------------ */
/* Graphics                                                            */

static void gpu_begin(const struct pt_policy *policy)
{
    struct capture c;

    gpu(&c);
    world_init(&w, &c, policy, NULL);
    w.sim.dev.pt.info.irq = GSI;
    sim_nvidia(&chip, &w.sim.dev);
    if (!world_attach(&w)) {
        fail_msg("%s", w.err.text);
    }
    place_and_decode(&w);
}

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

static void radeon_begin(uint64_t size, const struct pt_policy *policy)
{
    struct capture c;

    radeon(&c, size);
    world_init(&w, &c, policy, NULL);
    sim_amd(&chip, &w.sim.dev);
    if (!world_attach(&w)) {
        fail_msg("%s", w.err.text);
    }
    place_and_decode(&w);
}

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
/* Ports                                                               */

/* The device's ports of index and data, where the guest has them. */
static uint32_t index_port(void)
{
    bool nvidia = dev(&w, PCI_VENDOR_ID, 2) == 0x10de;

    return (uint32_t)world_bar_addr(&w, nvidia ? 5 : 4) + (nvidia ? 8 : 0);
}

static uint32_t indexed_read(uint32_t index, unsigned width)
{
    sim_guest_io_write(&w.sim.bus, index_port(), 4, index);
    return sim_guest_io_read(&w.sim.bus, index_port() + 4, width);
}

static void indexed_write(uint32_t index, unsigned width, uint32_t val)
{
    sim_guest_io_write(&w.sim.bus, index_port(), 4, index);
    sim_guest_io_write(&w.sim.bus, index_port() + 4, width, val);
}

/* A video BIOS looks up where its BARs are. */
static void a_video_bios_finds_the_hosts_addresses_or_the_guests(void **state)
{
    const struct pt_policy nvidia = with("nvidia-config-ports");
    const struct pt_policy amd = with("amd-config-ports");

    (void)state;
    gpu_begin(NULL);
    assert_int_equal(indexed_read(0x88010, 4), (uint32_t)GPU_BAR0);
    assert_int_equal(indexed_read(0x1810, 4), (uint32_t)GPU_BAR0);
    indexed_write(0x88004, 2, 0);
    assert_int_equal(dev(&w, PCI_COMMAND, 2) & PCI_COMMAND_MEMORY, 0);
    world_fini(&w);
    gpu_begin(&nvidia);
    assert_int_equal(indexed_read(0x88010, 4), rd32(&w, PCI_BASE_ADDRESS_0));
    assert_int_equal(indexed_read(0x1810, 4), rd32(&w, PCI_BASE_ADDRESS_0));
    /* The chip looks at dwords. */
    assert_int_equal(indexed_read(0x88013, 4), rd32(&w, PCI_BASE_ADDRESS_0));
    indexed_write(0x88004, 2, 0);
    assert_int_not_equal(dev(&w, PCI_COMMAND, 2) & PCI_COMMAND_MEMORY, 0);
    assert_true(world_close(&w));
    radeon_begin(0x20000, NULL);
    assert_int_equal(indexed_read(0x4014, 4), dev(&w, PCI_BASE_ADDRESS_1, 4));
    assert_true(world_close(&w));
    radeon_begin(0x20000, &amd);
    assert_int_equal(indexed_read(0x4014, 4), rd32(&w, PCI_BASE_ADDRESS_1));
    assert_true(world_close(&w));
}

static void what_is_elsewhere_is_the_devices(void **state)
{
    const struct pt_policy policy = with("nvidia-config-ports");
    uint32_t port;

    (void)state;
    gpu_begin(&policy);
    port = (uint32_t)world_bar_addr(&w, 5);
    /* Ports beside them are mapped; the window is not. */
    assert_true(sim_xen_port(&w.sim.xen, port) &&
                sim_xen_port(&w.sim.xen, port + 7) &&
                !sim_xen_port(&w.sim.xen, port + 8) &&
                !sim_xen_port(&w.sim.xen, port + 15) &&
                sim_xen_port(&w.sim.xen, port + 16) &&
                sim_xen_port(&w.sim.xen, port + 127));
    indexed_write(0x2000, 4, 0x12345678);
    assert_int_equal(indexed_read(0x2000, 4), 0x12345678);
    assert_int_equal(indexed_read(0x2000, 1), 0x78);
    assert_int_equal(sim_guest_io_read(&w.sim.bus, index_port(), 4), 0x2000);
    assert_int_equal(sim_guest_io_read(&w.sim.bus, index_port() + 6, 2),
                     0x1234);
    /* Where index and data meet is nobody's. */
    sim_guest_io_write(&w.sim.bus, index_port() + 2, 4, 0);
    assert_int_equal(sim_guest_io_read(&w.sim.bus, index_port() + 2, 4),
                     UINT32_MAX);
    assert_int_equal(chip.index, 0x2000);
    /* At the ends of what is configuration space. */
    indexed_write(0x87ffc, 4, 0x11111111);
    indexed_write(0x89000, 4, 0x22222222);
    indexed_write(0x17fc, 4, 0x33333333);
    indexed_write(0x1900, 4, 0x44444444);
    assert_int_equal(indexed_read(0x87ffc, 4), 0x11111111);
    assert_int_equal(indexed_read(0x89000, 4), 0x22222222);
    assert_int_equal(indexed_read(0x17fc, 4), 0x33333333);
    assert_int_equal(indexed_read(0x1900, 4), 0x44444444);
    assert_true(world_close(&w));
}

/* The last owner's index, which may lead to configuration space. */
static void an_index_that_the_guest_has_not_written_leads_nowhere(void **state)
{
    const struct pt_policy policy = with("nvidia-config-ports");
    uint32_t before;
    unsigned i;

    (void)state;
    gpu_begin(&policy);
    for (i = 0; i < 2; i++) {
        chip.index = 0x88000 + PCI_COMMAND;
        before = dev(&w, PCI_COMMAND, 2);
        sim_guest_io_write(&w.sim.bus, index_port() + 4, 2, 0);
        assert_int_equal(dev(&w, PCI_COMMAND, 2), before);
        assert_int_equal(sim_guest_io_read(&w.sim.bus, index_port() + 4, 4),
                         UINT32_MAX);
        sim_guest_io_write(&w.sim.bus, index_port(), 1, PCI_COMMAND);
        sim_guest_io_write(&w.sim.bus, index_port() + 4, 2, 0);
        assert_int_equal(dev(&w, PCI_COMMAND, 2), before);
        /* Byte by byte it is an index as any other. */
        sim_guest_io_write(&w.sim.bus, index_port() + 1, 1, 0x80);
        sim_guest_io_write(&w.sim.bus, index_port() + 2, 2, 0x0008);
        assert_int_equal(sim_guest_io_read(&w.sim.bus, index_port() + 4, 2),
                         rd16(&w, PCI_COMMAND));
        pt_reset(w.d);
        place_and_decode(&w);
    }
    assert_true(world_close(&w));
}

static void a_bus_without_port_traps_says_so(void **state)
{
    const struct pt_policy policy = with("nvidia-config-ports");
    struct pt_bus_ops ops;
    struct capture c;

    (void)state;
    gpu(&c);
    world_init(&w, &c, &policy, NULL);
    ops = *w.sim.bus.pt.ops;
    ops.traps_ports = false;
    w.sim.bus.pt.ops = &ops;
    sim_nvidia(&chip, &w.sim.dev);
    assert_true(world_attach(&w));
    assert_int_equal(logged(&w, "nvidia-config-ports is not in force: this "
                            "device model traps no ports"), 1);
    place_and_decode(&w);
    assert_int_equal(w.sim.bus.num_traps, 0);
    assert_int_equal(indexed_read(0x88010, 4), (uint32_t)GPU_BAR0);
    assert_true(world_close(&w));
}

/* ------------------------------------------------------------------ */
/* The policy                                                          */

static void seen(const char *name, bool on)
{
    struct pt_window_seen s;
    unsigned i, n = 0;

    for (i = 0; pt_window_look(w.d, i, &s); i++) {
        if (strcmp(s.name, name) == 0) {
            assert_int_equal(s.on, on);
            assert_non_null(s.why);
            assert_non_null(s.source);
            n++;
        }
    }
    assert_true(n > 0);
}

static void no_window_goes_over_window(void **state)
{
    struct pt_policy policy = with("nvidia-config");

    (void)state;
    gpu_begin(NULL);
    seen("nvidia-config", false);
    assert_int_equal(w.sim.bus.num_traps, 0);
    assert_true(world_close(&w));
    policy.no_windows = policy.windows;
    gpu_begin(&policy);
    seen("nvidia-config", false);
    assert_true(world_close(&w));
    policy.no_windows = named("amd-config");
    policy.windows |= named("nvidia-config-1800");
    gpu_begin(&policy);
    seen("nvidia-config", true);
    seen("nvidia-config-1800", true);
    assert_int_equal(w.sim.bus.num_traps, 2);
    assert_true(world_close(&w));
}

/* What is not this device's is no window of it. */
static void another_device_has_none(void **state)
{
    struct pt_policy policy = { .windows = UINT32_MAX };
    struct pt_window_seen s;

    (void)state;
    world_open(&w, "qemu-nvme.txt", 0, &policy);
    assert_true(world_attach(&w));
    assert_false(pt_window_look(w.d, 0, &s));
    assert_false(w.d->windows_on);
    assert_true(world_close(&w));
}

/* Pages that meet are one: MSI-X's, and several windows'. */
static void pages_are_trapped_once(void **state)
{
    static const struct {
        uint32_t table, pba;
        unsigned num;
        struct pt_window w[PT_REGION_TRAPS];
    } t[] = {
        { 0xb90000, 0xba0000, 4, { { 0x1000, 0x1000 }, { 0x88000, 0x1000 },
                                   { 0xb90000, 0x1000 },
                                   { 0xba0000, 0x1000 } } },
        { 0x89000, 0x87000, 2, { { 0x1000, 0x1000 }, { 0x87000, 0x3000 } } },
        { 0x87800, 0x89ff8, 2, { { 0x1000, 0x1000 }, { 0x87000, 0x3000 } } },
        { 0, 0x2000, 2, { { 0, 0x3000 }, { 0x88000, 0x1000 } } },
        { 0x1c00, 0x1f00, 2, { { 0x1000, 0x1000 }, { 0x88000, 0x1000 } } },
        { 0x8a000, 0xfff000, 4, { { 0x1000, 0x1000 }, { 0x88000, 0x1000 },
                                  { 0x8a000, 0x1000 },
                                  { 0xfff000, 0x1000 } } },
    };
    struct pt_policy policy = with("nvidia-config");
    struct pt_window got[PT_REGION_TRAPS];
    struct capture c;
    unsigned i, n;

    (void)state;
    policy.windows |= named("nvidia-config-1800");
    for (i = 0; i < COUNT(t); i++) {
        gpu(&c);
        card_msix(&c, 0xb0, 4, t[i].table, t[i].pba);
        world_init(&w, &c, &policy, NULL);
        assert_true(world_attach(&w));
        place_and_decode(&w);
        assert_int_equal(pt_region_windows(w.d, 0, got), t[i].num);
        for (n = 0; n < t[i].num; n++) {
            assert_int_equal(got[n].offset, t[i].w[n].offset);
            assert_int_equal(got[n].size, t[i].w[n].size);
        }
        assert_int_equal(w.sim.bus.num_traps, t[i].num);
        assert_true(world_close(&w));
    }
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
        cmocka_unit_test(the_table_says_what_its_sources_say),
        cmocka_unit_test(an_unsound_row_is_refused),
        cmocka_unit_test(rows_that_do_not_go_together_are_refused),
        cmocka_unit_test(names_have_numbers_and_numbers_names),
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
        cmocka_unit_test(
            a_video_bios_finds_the_hosts_addresses_or_the_guests),
        cmocka_unit_test(what_is_elsewhere_is_the_devices),
        cmocka_unit_test(
            an_index_that_the_guest_has_not_written_leads_nowhere),
        cmocka_unit_test(a_bus_without_port_traps_says_so),
        cmocka_unit_test(no_window_goes_over_window),
        cmocka_unit_test(another_device_has_none),
        cmocka_unit_test(pages_are_trapped_once),
        cmocka_unit_test(a_mirror_is_configuration_space),
        cmocka_unit_test(what_holds_of_configuration_space_holds_of_a_mirror),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
