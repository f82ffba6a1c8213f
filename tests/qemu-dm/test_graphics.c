/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Graphics: with gfx_passthru the rules of the lessons' 1.14, without it
 * nothing of them. The host is simulated: its bridge at 00:00.0, graphics at
 * 00:02.0, PCH at 00:1f.0.
 */
#include "card.h"
#include "pt-graphics.h"
#include "pt-qemu-dm.h"

#define INTEL 0x8086
#define AMD 0x1002
#define IGD "0000:00:02.0"
#define IGD_DEVFN 0x10
#define OPREGION 0xfc
#define HOST_OPREGION 0x7ab12018u

static uint8_t vbios[PT_VBIOS_MAX];

static struct sim_dev *add(unsigned slot, uint16_t vendor, uint16_t device,
                           uint16_t class)
{
    struct capture c;

    world_build(&c);
    c.addr = (struct pt_sbdf) { .dev = (uint8_t)slot };
    pt_store(c.cfg + PCI_VENDOR_ID, vendor, 2);
    pt_store(c.cfg + PCI_DEVICE_ID, device, 2);
    pt_store(c.cfg + PCI_CLASS_DEVICE, class, 2);
    c.cfg[PCI_REVISION_ID] = 0x30 | (uint8_t)slot;
    if (slot == 2) {
        pt_store(c.cfg + OPREGION, HOST_OPREGION, 4);
        world_build_bar(&c, 0, HOST_MEM, 0x10000, 0);
    }
    if (slot == 0) {
        for (unsigned i = 0x40; i < 0x100; i++) {
            c.cfg[i] = (uint8_t)i;
        }
        pt_store(c.cfg + PCI_SUBSYSTEM_VENDOR_ID, 0x1234, 2);
    }
    return tree_add_host(&c);
}

/* 64 KiB with a right sum; @units of 512 bytes of them are the BIOS. */
static void make_vbios(uint8_t units)
{
    uint8_t sum = 0;

    for (size_t i = 0; i < sizeof(vbios); i++) {
        vbios[i] = (uint8_t)(i * 7);
    }
    vbios[0] = 0x55;
    vbios[1] = 0xaa;
    vbios[2] = units;
    for (size_t i = 0; i + 1 < units * 512u; i++) {
        sum = (uint8_t)(sum + vbios[i]);
    }
    vbios[units * 512u - 1] = (uint8_t)-sum;
}

static int start_with(int gfx)
{
    gfx_passthru = gfx;
    direct_pci_msitranslate = direct_pci_power_mgmt = 0;
    logfile = fopen("/dev/null", "w");
    tree_start();
    make_vbios(64);
    tree.vbios = vbios;
    return logfile ? 0 : -1;
}

static int start(void **state)
{
    (void)state;
    return start_with(1);
}

static int start_without(void **state)
{
    (void)state;
    return start_with(0);
}

static int stop(void **state)
{
    unsigned faults = tree_stop();

    (void)state;
    fclose(logfile);
    logfile = NULL;
    gfx_passthru = 0;
    return faults ? -1 : 0;
}

/* An Intel host, booted, with its graphics assigned. */
static struct sim_dev *boot_igd(void)
{
    struct sim_dev *igd;

    add(0, INTEL, 0x1904, 0x0600);
    igd = add(2, INTEL, 0x1916, 0x0300);
    add(0x1f, INTEL, 0x9d48, 0x0601);
    tree_boot();
    assert_int_equal(tree_insert(IGD), IGD_DEVFN);
    return igd;
}

/* ------------------------------------------------------------------ */

static void test_1_14_1_legacy_vga(void **state)
{
    (void)state;
    boot_igd();
    assert_true(tree_platform(false, 0xa0, 0xa0, 0x20));
    assert_true(tree_platform(true, 0x3b0, 0x3b0, 0xc));
    assert_true(tree_platform(true, 0x3c0, 0x3c0, 0x20));
    assert_memory_equal(tree.ram + 0xc0000, vbios, 64 * 512);
    assert_int_equal(tree.ram[0xc0000 + 64 * 512], 0);
}

static void test_1_14_1_vbios(void **state)
{
    static uint8_t rom[PT_VBIOS_MAX];
    bool fixed;

    (void)state;
    memcpy(rom, vbios, sizeof(rom));
    assert_int_equal(pt_vbios_check(rom, &fixed), 64 * 512);
    assert_false(fixed);
    rom[2] = 0xff;  /* 127.5 KiB: 64 KiB at most */
    assert_int_equal(pt_vbios_check(rom, &fixed), PT_VBIOS_MAX);
    rom[2] = 0;
    assert_int_equal(pt_vbios_check(rom, &fixed), 0);
    rom[2] = 64;
    rom[1] = 0x55;
    assert_int_equal(pt_vbios_check(rom, &fixed), 0);
    rom[0] = 0xff;
    assert_int_equal(pt_vbios_check(rom, &fixed), 0);
}

/* Without a BIOS, or without leave to read it, the rest works. */
static void test_1_14_1_no_vbios(void **state)
{
    (void)state;
    tree.vbios = NULL;
    boot_igd();
    assert_int_equal(tree.ram[0xc0000], 0);
    assert_true(tree_remove(IGD, IGD_DEVFN));
    vbios[0] = 0;
    tree.vbios = vbios;
    assert_int_equal(tree_insert(IGD), IGD_DEVFN);
    assert_int_equal(tree.ram[0xc0001], 0);
}

static void test_1_14_2_checksum(void **state)
{
    uint8_t sum = 0;

    (void)state;
    vbios[100] ^= 0x5a;
    boot_igd();
    for (unsigned i = 0; i < 64 * 512; i++) {
        sum = (uint8_t)(sum + tree.ram[0xc0000 + i]);
    }
    assert_int_equal(sum, 0);
    assert_int_equal(tree.ram[0xc0000 + 100], vbios[100]);
}

static void test_1_14_3_place(void **state)
{
    (void)state;
    add_card(0);
    add(0, INTEL, 0x1904, 0x0600);
    add(2, INTEL, 0x1916, 0x0300);
    tree_boot();
    /* Slot 2 is free, and kept for it. */
    assert_int_equal(tree_insert("0000:03:00.0"), 0x20);
    assert_int_equal(tree_insert(IGD "@30"), IGD_DEVFN);
    assert_int_equal(tree_read(0, PCI_DEVICE_ID, 2), 0x1904);
}

static void test_1_14_3_place_is_taken(void **state)
{
    (void)state;
    add_card(0);
    add(0, INTEL, 0x1904, 0x0600);
    add(2, INTEL, 0x1916, 0x0300);
    tree_boot();
    assert_int_equal(tree_insert("0000:03:00.0@10"), 0x10);
    assert_int_equal(tree_insert(IGD), -1);
    assert_string_equal(tree.parameter, "wrong bdf or vdevfn");
    assert_int_equal(tree_read(0, PCI_DEVICE_ID, 2), 0x1237);
}

static void test_1_14_4_vga_failure_is_not_fatal(void **state)
{
    (void)state;
    add(0, INTEL, 0x1904, 0x0600);
    add(2, INTEL, 0x1916, 0x0300);
    tree_boot();
    sim_fault_at(&tree.platform_fault, 3, EPERM);
    assert_int_equal(tree_insert(IGD), IGD_DEVFN);
    assert_false(tree_platform(false, 0xa0, 0xa0, 0x20));
    assert_true(tree_platform(true, 0x3b0, 0x3b0, 0xc));
}

static void test_1_14_5_pch(void **state)
{
    (void)state;
    add(0x1f, INTEL, 0x9d48, 0x0601);
    tree_boot();
    assert_int_equal(tree.bridges, 1);
    assert_int_equal(tree.bridge_devfn, PCI_DEVFN(0x1f, 0));
    assert_int_equal(tree.bridge_vid, INTEL);
    assert_int_equal(tree.bridge_did, 0x9d48);
    assert_int_equal(tree.bridge_rid, 0x3f);
}

static void test_1_14_5_no_intel_pch(void **state)
{
    (void)state;
    add(0x1f, AMD, 0x9d48, 0x0601);
    tree_boot();
    assert_int_equal(tree.bridges, 0);
}

static void test_1_14_5_no_pch_at_all(void **state)
{
    (void)state;
    tree_boot();
    assert_int_equal(tree.bridges, 0);
}

static void test_1_14_5_no_opregion(void **state)
{
    struct sim_dev *igd;

    (void)state;
    add(0, INTEL, 0x1904, 0x0600);
    igd = add(2, INTEL, 0x1916, 0x0300);
    sim_dev_poke(igd, OPREGION, 4, 0);
    tree_boot();
    assert_int_equal(tree_insert(IGD), IGD_DEVFN);
    tree_write(IGD_DEVFN, OPREGION, 0xfc000000, 4);
    assert_false(tree_platform(false, 0xfc000, HOST_OPREGION >> 12, 2));
    assert_int_equal(tree_read(IGD_DEVFN, OPREGION, 4), 0xffffffff);
}

static bool is_host(uint32_t off, bool write)
{
    static const uint8_t list[] = {
        0x00, 0x01, 0x02, 0x03, 0x08, 0x2c, 0x2d, 0x2e, 0x2f, 0x50, 0x51,
        0x52, 0x53, 0x58, 0x59, 0x5a, 0x5b, 0xa0, 0xa1, 0xa2, 0xa3, 0xa4,
        0xa5, 0xa6, 0xa7, 0xa8, 0xa9, 0xaa, 0xab, 0xb0, 0xb1, 0xb2, 0xb3,
    };

    if (write) {
        return off >= 0x58 && off < 0x5c;
    }
    return memchr(list, (int)off, sizeof(list)) != NULL;
}

/* Which bridge registers are the host's, at every offset and width. */
static void test_1_14_6_host_bridge(void **state)
{
    const struct sim_dev *bridge;
    PCIDevice *guest;

    (void)state;
    boot_igd();
    bridge = &tree.host[0].dev;
    guest = tree.bus.devices[0];
    memset(guest->config + 0x10, 0xee, 0xf0);
    for (uint32_t off = 0; off < 0x100; off++) {
        for (int len = 1; len <= 4 && off + (uint32_t)len <= 0x100; len *= 2) {
            uint32_t val = tree_read(0, off, len);

            for (int i = 0; i < len; i++) {
                uint32_t at = off + (uint32_t)i;

                assert_int_equal((val >> (8 * i)) & 0xff, is_host(at, false) ?
                                 sim_dev_peek(bridge, at, 1) :
                                 guest->config[at]);
            }
        }
    }
}

static void test_1_14_6_host_bridge_writes(void **state)
{
    struct sim_dev *bridge;

    (void)state;
    boot_igd();
    bridge = &tree.host[0].dev;
    for (uint32_t off = 0; off < 0x100; off++) {
        for (int len = 1; len <= 4 && off + (uint32_t)len <= 0x100; len *= 2) {
            sim_dev_forget(bridge);
            tree_write(0, off, 0x5a5a5a5a ^ off, len);
            for (uint32_t at = 0; at < 0x100; at++) {
                bool meant = at >= off && at < off + (uint32_t)len &&
                    is_host(at, true);

                assert_int_equal(bridge->covered[at] != 0, meant);
            }
        }
    }
    /* What the guest's bridge got is its own. */
    assert_int_equal(tree.bus.devices[0]->config[0x40],
                     (0x5a ^ 0x40) & 0xff);
}

/* 1.14.7: the vendor is 16 bits, whatever comes above them. */
static void test_1_14_7_vendor(void **state)
{
    (void)state;
    add(0, INTEL, 0x1904, 0x0600);
    add(2, INTEL, 0xffff, 0x0300);
    add(0x1f, INTEL, 0xffff, 0x0601);
    tree_boot();
    assert_int_equal(tree.bridges, 1);
    assert_int_equal(tree_insert(IGD), IGD_DEVFN);
    tree_write(IGD_DEVFN, OPREGION, 0xfc000000, 4);
    assert_true(tree_platform(false, 0xfc000, HOST_OPREGION >> 12, 2));
}

/* 1.14.8: libpci only when needed ... */
static void test_1_14_8_nothing_without_gfx(void **state)
{
    (void)state;
    add(0, INTEL, 0x1904, 0x0600);
    add(2, INTEL, 0x1916, 0x0300);
    add(0x1f, INTEL, 0x9d48, 0x0601);
    tree_boot();
    assert_int_equal(tree.device_opens, 0);
    assert_int_equal(tree.bridges, 0);
    /* Assigned as any device. */
    assert_int_equal(tree_insert(IGD), 0x20);
    assert_int_equal(tree.device_opens, 1);
    assert_false(tree_platform(false, 0xa0, 0xa0, 0x20));
    assert_int_equal(tree.ram[0xc0000], 0);
    assert_int_equal(tree_read(0, PCI_DEVICE_ID, 2), 0x1237);
    tree_write(0, 0x58, 0x11223344, 4);
    assert_int_equal(tree.host[0].opens, 0);
    assert_int_equal(tree_read(0, 0x58, 4), 0x11223344);
}

/* ... and without the host bridge the assignment is refused. */
static void test_1_14_8_no_host_bridge(void **state)
{
    (void)state;
    add(2, INTEL, 0x1916, 0x0300);
    tree_boot();
    assert_int_equal(tree_insert(IGD), -1);
    assert_non_null(strstr(tree.failed_parameter, "host bridge"));
    assert_int_equal(test_pci_devfn(IGD_DEVFN), 0);
    assert_int_equal(tree_read(0, PCI_DEVICE_ID, 2), 0x1237);
}

static void test_1_14_9_opregion(void **state)
{
    struct sim_dev *igd = boot_igd();

    (void)state;
    sim_dev_forget(igd);
    assert_int_equal(tree_read(IGD_DEVFN, OPREGION, 4), 0xffffffff);
    /* Neither of these is an address. */
    tree_write(IGD_DEVFN, OPREGION, 0, 4);
    tree_write(IGD_DEVFN, OPREGION, 0xffffffff, 4);
    tree_write(IGD_DEVFN, OPREGION + 2, 0xfc00, 2);
    assert_int_equal(tree_read(IGD_DEVFN, OPREGION, 4), 0xffffffff);
    tree_write(IGD_DEVFN, OPREGION, 0xfeff0abc, 4);
    assert_true(tree_platform(false, 0xfeff0, HOST_OPREGION >> 12, 2));
    assert_int_equal(tree_read(IGD_DEVFN, OPREGION, 4),
                     0xfeff0000 | (HOST_OPREGION & 0xfff));
    assert_int_equal(tree_read(IGD_DEVFN, OPREGION + 2, 2), 0xfeff);
    assert_int_equal(tree_read(IGD_DEVFN, OPREGION, 1), HOST_OPREGION & 0xff);
    /* Once. */
    tree_write(IGD_DEVFN, OPREGION, 0xfc000000, 4);
    assert_false(tree_platform(false, 0xfc000, HOST_OPREGION >> 12, 2));
    assert_int_equal(igd->covered[OPREGION], 0);
    assert_int_equal(sim_dev_peek(igd, OPREGION, 4), HOST_OPREGION);
}

static void test_1_14_9_opregion_fails(void **state)
{
    (void)state;
    boot_igd();
    for (unsigned i = 0; i < 3; i++) {
        sim_fault_at(&tree.platform_fault, 1, EPERM);
        tree_write(IGD_DEVFN, OPREGION, 0xfeff0000, 4);
        assert_int_equal(tree_read(IGD_DEVFN, OPREGION, 4), 0xffffffff);
    }
    tree_write(IGD_DEVFN, OPREGION, 0xfeff0000, 4);
    assert_true(tree_platform(false, 0xfeff0, HOST_OPREGION >> 12, 2));
}

static void test_1_14_10_pch_is_an_isa_bridge(void **state)
{
    (void)state;
    add(0x1f, INTEL, 0x9d48, 0x0601);
    tree_boot();
    assert_int_equal(tree_read(PCI_DEVFN(0x1f, 0), PCI_CLASS_DEVICE, 2),
                     0x0601);
    assert_int_equal(tree_read(PCI_DEVFN(0x1f, 0), PCI_HEADER_TYPE, 1), 0x80);
}

/* ------------------------------------------------------------------ */
/* Part 2                                                              */

/* 2.7: the OpRegion is the graphics device's, not every later one's. */
static void test_2_7_opregion_of_others(void **state)
{
    struct sim_dev *d;

    (void)state;
    boot_igd();
    d = add_card(0);
    sim_dev_poke(d, OPREGION, 4, 0x12345678);
    assert_int_equal(tree_insert("0000:03:00.0"), 0x20);
    assert_int_equal(tree_read(0x20, OPREGION, 4), 0x12345678);
    tree_write(0x20, OPREGION, 0xfeff0000, 4);
    assert_int_equal(tree.num_platform, 3);
}

/* 2.8: all is undone, as it was done, each time. */
static void test_2_8_all_undone(void **state)
{
    (void)state;
    boot_igd();
    for (unsigned i = 0; i < 50; i++) {
        tree_write(IGD_DEVFN, OPREGION, 0xfeff0000, 4);
        /* Once it may fail. */
        sim_fault_at(&tree.platform_fault, 1 + i % 4, EPERM);
        assert_true(tree_remove(IGD, IGD_DEVFN));
        assert_int_equal(sim_xen_leaks(&tree.xen, NULL, 0), 0);
        assert_int_equal(tree.num_platform, 0);
        assert_int_equal(tree_read(0, PCI_DEVICE_ID, 2), 0x1237);
        assert_int_equal(tree_insert(IGD), IGD_DEVFN);
        assert_int_equal(tree_read(IGD_DEVFN, OPREGION, 4), 0xffffffff);
    }
}

/* 2.9: one handle of the host bridge, however often it is read. */
static void test_2_9_bridge_is_opened_once(void **state)
{
    (void)state;
    boot_igd();
    for (unsigned i = 0; i < 1000; i++) {
        tree_read(0, 0x50, 2);
        tree_write(0, 0x58, i, 4);
    }
    assert_int_equal(tree.host[0].opens, 1);
    sim_fault_always(&tree.host[0].dev.config_fault, EIO);
    tree_write(0, 0x58, 0, 4);
    tree.bus.devices[0]->config[0x50] = 0x77;
    assert_int_equal(tree_read(0, 0x50, 1), 0x77);
}

/* The second VGA device does without the legacy regions. */
static void test_second_vga(void **state)
{
    struct capture c;

    (void)state;
    boot_igd();
    card_function(&c, 1);
    pt_store(c.cfg + PCI_CLASS_DEVICE, 0x0300, 2);
    tree_add_host(&c);
    assert_int_equal(tree_insert("0000:03:00.1"), 0x20);
    assert_true(tree_remove("0000:03:00.1", 0x20));
    assert_true(tree_platform(false, 0xa0, 0xa0, 0x20));
}

#define T(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_1_14_1_legacy_vga),
        T(test_1_14_1_vbios),
        T(test_1_14_1_no_vbios),
        T(test_1_14_2_checksum),
        T(test_1_14_3_place),
        T(test_1_14_3_place_is_taken),
        T(test_1_14_4_vga_failure_is_not_fatal),
        T(test_1_14_5_pch),
        T(test_1_14_5_no_intel_pch),
        T(test_1_14_5_no_pch_at_all),
        T(test_1_14_5_no_opregion),
        T(test_1_14_6_host_bridge),
        T(test_1_14_6_host_bridge_writes),
        T(test_1_14_7_vendor),
        cmocka_unit_test_setup_teardown(test_1_14_8_nothing_without_gfx,
                                        start_without, stop),
        T(test_1_14_8_no_host_bridge),
        T(test_1_14_9_opregion),
        T(test_1_14_9_opregion_fails),
        T(test_1_14_10_pch_is_an_isa_bridge),
        T(test_2_7_opregion_of_others),
        T(test_2_8_all_undone),
        T(test_2_9_bridge_is_opened_once),
        T(test_second_vga),
    };

    return cmocka_run_group_tests_name("graphics", tests, NULL, NULL);
}
