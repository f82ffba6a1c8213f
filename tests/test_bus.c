/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hosts/bus: the ports, the bus and trapped memory. The engine on it:
 * test_bus_hosted.c.
 */
#include "lib-bus.h"

struct guest {
    PCIBus *bus;
};

static int setup(void **state)
{
    struct guest *g = calloc(1, sizeof(*g));

    if (!g) {
        return -1;
    }
    g->bus = pci_bus_new();
    *state = g;
    return g->bus ? 0 : -1;
}

static int teardown(void **state)
{
    struct guest *g = *state;

    pci_bus_free(g->bus);
    free(g);
    return 0;
}

/* ------------------------------------------------------------------ */
/* Ports: PCI Local Bus 3.0 section 3.2.2.3.2                          */

static void config_address_is_a_dword(void **state)
{
    struct guest *g = *state;

    pci_port_write(g->bus, 0xcf8, 0x8000f8a4, 4);
    assert_int_equal(pci_port_read(g->bus, 0xcf8, 4), 0x8000f8a4);
    /* others are accesses to ports where nobody is */
    pci_port_write(g->bus, 0xcf8, 0x11, 1);
    pci_port_write(g->bus, 0xcf9, 0x06, 1);  /* a PC's reset */
    pci_port_write(g->bus, 0xcfa, 0x2222, 2);
    pci_port_write(g->bus, 0xcf9, 0x33333333, 4);
    pci_port_write(g->bus, 0xcf6, 0x44444444, 4);
    assert_int_equal(pci_port_read(g->bus, 0xcf8, 1), 0xff);
    assert_int_equal(pci_port_read(g->bus, 0xcfa, 2), 0xffff);
    assert_int_equal(pci_port_read(g->bus, 0xcf8, 4), 0x8000f8a4);
}

static void reserved_bits_of_config_address_are_0(void **state)
{
    struct guest *g = *state;

    pci_port_write(g->bus, 0xcf8, 0xffffffff, 4);
    assert_int_equal(pci_port_read(g->bus, 0xcf8, 4), 0x80fffffc);
}

static void config_data_has_byte_lanes(void **state)
{
    struct guest *g = *state;

    counting_device(g->bus, 0x10);
    select_reg(g->bus, 0x10, 0xa4);
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(pci_port_read(g->bus, 0xcfc + i, 1), 0xa4 + i);
    }
    assert_int_equal(pci_port_read(g->bus, 0xcfc, 2), 0xa5a4);
    assert_int_equal(pci_port_read(g->bus, 0xcfd, 2), 0xa6a5);
    assert_int_equal(pci_port_read(g->bus, 0xcfe, 2), 0xa7a6);
    assert_int_equal(pci_port_read(g->bus, 0xcfc, 4), 0xa7a6a5a4);

    pci_port_write(g->bus, 0xcfd, 0x2211, 2);
    pci_port_write(g->bus, 0xcff, 0x33, 1);
    assert_int_equal(pci_port_read(g->bus, 0xcfc, 4), 0x332211a4);
}

/* A processor splits what crosses a dword; only a part is for the device. */
static void access_across_the_ports_ends(void **state)
{
    struct guest *g = *state;

    counting_device(g->bus, 0x10);
    select_reg(g->bus, 0x10, 0xa4);
    assert_int_equal(pci_port_read(g->bus, 0xcff, 2), 0xffa7);
    assert_int_equal(pci_port_read(g->bus, 0xcfd, 4), 0xffa7a6a5);
    assert_int_equal(pci_port_read(g->bus, 0xcfa, 4), 0xa5a4ffff);
    assert_int_equal(pci_port_read(g->bus, 0xcf9, 4), 0xa4ffffff);
    pci_port_write(g->bus, 0xcfb, 0x44332211, 4);
    assert_int_equal(pci_port_read(g->bus, 0xcfc, 4), 0xa7443322);
    pci_port_write(g->bus, 0xcff, 0xbbaa, 2);
    assert_int_equal(pci_port_read(g->bus, 0xcfc, 4), 0xaa443322);
}

static void nobody_answers_with_all_ones(void **state)
{
    struct guest *g = *state;

    counting_device(g->bus, 0x10);
    assert_int_equal(cfg_read(g->bus, 0x18, 0, 4), 0xffffffff);
    assert_int_equal(cfg_read(g->bus, 0x11, 0, 2), 0xffff);
    cfg_write(g->bus, 0x11, 0x40, 0, 4);
    /* another bus */
    pci_port_write(g->bus, 0xcf8, 0x80010000 | 0x10 << 8, 4);
    assert_int_equal(pci_port_read(g->bus, 0xcfc, 4), 0xffffffff);
    /* not enabled */
    pci_port_write(g->bus, 0xcf8, 0x10 << 8 | 0x40, 4);
    assert_int_equal(pci_port_read(g->bus, 0xcfc, 1), 0xff);
    pci_port_write(g->bus, 0xcfc, 0, 4);
    assert_int_equal(cfg_read(g->bus, 0x10, 0x40, 4), 0x43424140);
}

static void widths_that_are_none(void **state)
{
    struct guest *g = *state;

    counting_device(g->bus, 0x10);
    select_reg(g->bus, 0x10, 0x40);
    assert_int_equal(pci_port_read(g->bus, 0xcfc, 0), 0xffffffff);
    assert_int_equal(pci_port_read(g->bus, 0xcfc, 3), 0xffffffff);
    assert_int_equal(pci_port_read(g->bus, 0xcfc, 8), 0xffffffff);
    pci_port_write(g->bus, 0xcfc, 0, 3);
    assert_int_equal(pci_port_read(g->bus, 0xcfc, 4), 0x43424140);
}

/* ------------------------------------------------------------------ */
/* Devices                                                             */

static void places_are_taken_once(void **state)
{
    struct guest *g = *state;
    PCIDevice *d = counting_device(g->bus, 0x10);
    int size = sizeof(*d);

    assert_null(pci_register_device(g->bus, "", size, 0x10, NULL, NULL));
    assert_int_equal(errno, EBUSY);
    assert_null(pci_register_device(g->bus, "", size, 256, NULL, NULL));
    assert_int_equal(errno, EINVAL);
    assert_null(pci_register_device(g->bus, "", size, -2, NULL, NULL));
    assert_int_equal(errno, EINVAL);
    assert_null(pci_register_device(g->bus, "", size - 1, 0, NULL, NULL));
    assert_int_equal(errno, EINVAL);
    assert_int_equal(pci_devfn_in_use(g->bus, 0x10), 1);
    assert_int_equal(pci_devfn_in_use(g->bus, 0x11), 0);
    assert_int_equal(pci_devfn_in_use(g->bus, 256), 0);
    assert_int_equal(pci_devfn_in_use(g->bus, -1), 0);
    assert_int_equal(pci_bus_num(g->bus), 0);
}

static void full_bus(void **state)
{
    struct guest *g = *state;
    PCIDevice *d;

    for (int slot = 0; slot < NR_PCI_DEV; slot++) {
        assert_int_equal(pci_free_slot(g->bus), slot << 3);
        d = pci_register_device(g->bus, "", sizeof(*d), -1, NULL, NULL);
        assert_non_null(d);
        assert_int_equal(d->devfn, slot << 3);
    }
    assert_int_equal(pci_free_slot(g->bus), -1);
    assert_null(pci_register_device(g->bus, "", sizeof(*d), -1, NULL, NULL));
    assert_int_equal(errno, ENOSPC);
}

static void hidden_device_answers_no_more(void **state)
{
    struct guest *g = *state;
    PCIDevice *d = counting_device(g->bus, 0x10);

    pci_hide_device(d);
    assert_int_equal(cfg_read(g->bus, 0x10, 0, 4), 0xffffffff);
    counting_device(g->bus, 0x10);
    pci_hide_device(d);  /* once more: not the new one */
    assert_int_equal(cfg_read(g->bus, 0x10, 0x40, 1), 0x40);
    free(d);
}

static void regions_are_powers_of_two(void **state)
{
    struct guest *g = *state;
    PCIDevice *d = counting_device(g->bus, 0x10);

    assert_int_equal(pci_register_io_region(d, 0, 0, 0, NULL), -EINVAL);
    assert_int_equal(pci_register_io_region(d, 0, 0x3000, 0, NULL), -EINVAL);
    assert_int_equal(pci_register_io_region(d, 0, 16, 2, NULL), -EINVAL);
    assert_int_equal(pci_register_io_region(d, -1, 16, 0, NULL), -EINVAL);
    assert_int_equal(pci_register_io_region(d, 7, 16, 0, NULL), -EINVAL);
    assert_int_equal(pci_register_io_region(d, 1, 16,
                                            PCI_ADDRESS_SPACE_MEM_PREFETCH,
                                            NULL), 0);
    assert_int_equal(d->io_regions[1].addr, UINT32_MAX);
    assert_int_equal(cfg_read(g->bus, 0x10, PCI_BASE_ADDRESS_1, 4), 0x8);
}

static uint32_t map_func_addr;

static void note_map(PCIDevice *d, int region_num, uint32_t addr,
                     uint32_t size, int type)
{
    (void)d;
    (void)region_num;
    (void)size;
    (void)type;
    map_func_addr = addr;
}

static void emulated_bars(void **state)
{
    struct guest *g = *state;
    PCIDevice *d = counting_device(g->bus, 0x10);

    memset(d->config, 0, sizeof(d->config));
    map_func_addr = 0;
    pci_register_io_region(d, 0, 0x2000, PCI_ADDRESS_SPACE_MEM, note_map);
    pci_register_io_region(d, 1, 0x20, PCI_ADDRESS_SPACE_IO, NULL);
    pci_register_io_region(d, PCI_ROM_SLOT, 0x800, PCI_ADDRESS_SPACE_MEM,
                           NULL);
    cfg_write(g->bus, 0x10, PCI_VENDOR_ID, 0xffffffff, 4);
    assert_int_equal(cfg_read(g->bus, 0x10, PCI_VENDOR_ID, 4), 0);
    cfg_write(g->bus, 0x10, PCI_BASE_ADDRESS_0, 0xffffffff, 4);
    assert_int_equal(cfg_read(g->bus, 0x10, PCI_BASE_ADDRESS_0, 4),
                     0xffffe000);
    cfg_write(g->bus, 0x10, PCI_BASE_ADDRESS_1, 0xffffffff, 4);
    assert_int_equal(cfg_read(g->bus, 0x10, PCI_BASE_ADDRESS_1, 4),
                     0xffffffe1);
    cfg_write(g->bus, 0x10, PCI_BASE_ADDRESS_2, 0xffffffff, 4);
    assert_int_equal(cfg_read(g->bus, 0x10, PCI_BASE_ADDRESS_2, 4), 0);
    cfg_write(g->bus, 0x10, PCI_ROM_ADDRESS, 0xffffffff, 4);
    assert_int_equal(cfg_read(g->bus, 0x10, PCI_ROM_ADDRESS, 4), 0xfffff801);

    cfg_write(g->bus, 0x10, PCI_COMMAND, 0xffff, 2);
    assert_int_equal(d->io_regions[0].addr, UINT32_MAX);  /* being sized */
    cfg_write(g->bus, 0x10, PCI_BASE_ADDRESS_0 + 2, 0xf000, 2);
    assert_int_equal(d->io_regions[0].addr, 0xf000e000);
    assert_int_equal(map_func_addr, 0xf000e000);
    cfg_write(g->bus, 0x10, PCI_BASE_ADDRESS_0, 0, 4);  /* not placed */
    assert_int_equal(d->io_regions[0].addr, UINT32_MAX);
    cfg_write(g->bus, 0x10, PCI_BASE_ADDRESS_0, 0xf000e000, 4);
    cfg_write(g->bus, 0x10, PCI_BASE_ADDRESS_1, 0xc000, 4);
    assert_int_equal(d->io_regions[1].addr, 0xc000);
    cfg_write(g->bus, 0x10, PCI_ROM_ADDRESS, 0xf0010001, 4);
    assert_int_equal(d->io_regions[6].addr, 0xf0010000);
    cfg_write(g->bus, 0x10, PCI_ROM_ADDRESS, 0xf0010000, 4);
    assert_int_equal(d->io_regions[6].addr, UINT32_MAX);
    cfg_write(g->bus, 0x10, PCI_COMMAND, PCI_COMMAND_IO, 2);
    assert_int_equal(d->io_regions[0].addr, UINT32_MAX);
    assert_int_equal(d->io_regions[1].addr, 0xc000);
    assert_int_equal(pci_default_read_config(d, 0x1000, 1), 0);
    pci_default_write_config(d, 0xfff, 1, 2);
}

/* lessons.md 1.2.6: prefetchable or not is one space, ports another. */
static void overlap_is_within_a_space(void **state)
{
    struct guest *g = *state;
    PCIDevice *d = counting_device(g->bus, 0x10);

    pci_register_io_region(d, 0, 0x1000, PCI_ADDRESS_SPACE_MEM, NULL);
    pci_register_io_region(d, 1, 0x100, PCI_ADDRESS_SPACE_IO, NULL);
    /* part 2, 20: -1 is no address */
    assert_int_equal(pt_chk_bar_overlap(g->bus, 0, 0xffffffff, 0x1000, 0), 0);
    d->io_regions[0].addr = 0xc000;
    assert_int_equal(pt_chk_bar_overlap(g->bus, 0, 0xc800, 16, 0), 1);
    assert_int_equal(pt_chk_bar_overlap(g->bus, 0, 0xc800, 16, 8), 1);
    assert_int_equal(pt_chk_bar_overlap(g->bus, 0, 0xc800, 16, 1), 0);
    assert_int_equal(pt_chk_bar_overlap(g->bus, 0, 0xb000, 0x1000, 0), 0);
    assert_int_equal(pt_chk_bar_overlap(g->bus, 0, 0xd000, 0x1000, 0), 0);
    assert_int_equal(pt_chk_bar_overlap(g->bus, 0x10, 0xc800, 16, 0), 0);
    d->io_regions[0].addr = 0xfffff000;
    assert_int_equal(pt_chk_bar_overlap(g->bus, 0, 0x80000000, 0x80000000, 0),
                     1);
}

static void multifunction_bit_of_emulated_functions(void **state)
{
    struct guest *g = *state;
    PCIDevice *d;

    counting_device(g->bus, 0x10);
    assert_int_equal(cfg_read(g->bus, 0x10, PCI_HEADER_TYPE, 1), 0x0e);
    d = counting_device(g->bus, 0x13);
    assert_int_equal(pci_slot_functions(g->bus, 0x10), 2);
    assert_int_equal(cfg_read(g->bus, 0x10, PCI_HEADER_TYPE, 1), 0x8e);
    pci_unregister_device(d);
    assert_int_equal(cfg_read(g->bus, 0x10, PCI_HEADER_TYPE, 1), 0x0e);
}

/* ------------------------------------------------------------------ */
/* Trapped memory                                                      */

struct trapped {
    struct mmio_range range;
    uint64_t off, val;
    unsigned width, calls;
};

static uint64_t trapped_read(void *opaque, uint64_t off, unsigned width)
{
    struct trapped *t = opaque;

    t->off = off;
    t->width = width;
    t->calls++;
    return 0x8877665544332211;
}

static void trapped_write(void *opaque, uint64_t off, uint64_t val,
                          unsigned width)
{
    struct trapped *t = opaque;

    t->off = off;
    t->val = val;
    t->width = width;
    t->calls++;
}

static void trapped_init(struct trapped *t, uint64_t start, uint64_t size)
{
    *t = (struct trapped) {
        .range = { .start = start, .size = size, .read = trapped_read,
                   .write = trapped_write, .opaque = t },
    };
}

static void trapped_memory_by_width(void **state)
{
    struct guest *g = *state;
    struct trapped t;

    trapped_init(&t, 0x60f2001000, 0x1000);
    assert_int_equal(bus_mmio_add(g->bus, &t.range), 0);
    assert_int_equal(bus_mmio_read(g->bus, 0x60f2001010, 1), 0x11);
    assert_int_equal(bus_mmio_read(g->bus, 0x60f2001010, 2), 0x2211);
    assert_int_equal(bus_mmio_read(g->bus, 0x60f2001010, 4), 0x44332211);
    assert_int_equal(bus_mmio_read(g->bus, 0x60f2001ff8, 8),
                     0x8877665544332211);
    assert_int_equal(t.off, 0xff8);
    assert_int_equal(t.width, 8);
    bus_mmio_write(g->bus, 0x60f2001004, UINT64_MAX, 2);
    assert_int_equal(t.off, 4);
    assert_int_equal(t.val, 0xffff);
    bus_mmio_del(g->bus, &t.range);
    bus_mmio_del(g->bus, &t.range);
    assert_int_equal(bus_mmio_read(g->bus, 0x60f2001010, 4), 0xffffffff);
}

/* XSA-112: an access is inside, or it is not. */
static void xsa112_trapped_memory_ends(void **state)
{
    struct guest *g = *state;
    struct trapped t;

    trapped_init(&t, 0x1000, 0x1000);
    assert_int_equal(bus_mmio_add(g->bus, &t.range), 0);
    assert_int_equal(bus_mmio_read(g->bus, 0xfff, 2), 0xffff);
    assert_int_equal(bus_mmio_read(g->bus, 0x1ffd, 4), 0xffffffff);
    assert_int_equal(bus_mmio_read(g->bus, 0x1ff9, 8), UINT64_MAX);
    assert_int_equal(bus_mmio_read(g->bus, 0x1000, 3), 0xffffff);
    assert_int_equal(bus_mmio_read(g->bus, 0x1000, 16), UINT64_MAX);
    bus_mmio_write(g->bus, 0x1ffd, 0, 4);
    bus_mmio_write(g->bus, UINT64_MAX, 0, 1);
    assert_int_equal(t.calls, 0);
    bus_mmio_del(g->bus, &t.range);
}

static void trapped_memory_does_not_overlap(void **state)
{
    struct guest *g = *state;
    struct trapped a, b;

    trapped_init(&a, 0x2000, 0x1000);
    assert_int_equal(bus_mmio_add(g->bus, &a.range), 0);
    assert_int_equal(bus_mmio_add(g->bus, &a.range), -EBUSY);
    trapped_init(&b, 0x1000, 0x1001);
    assert_int_equal(bus_mmio_add(g->bus, &b.range), -EBUSY);
    trapped_init(&b, 0x2fff, 1);
    assert_int_equal(bus_mmio_add(g->bus, &b.range), -EBUSY);
    trapped_init(&b, 0x3000, 0);
    assert_int_equal(bus_mmio_add(g->bus, &b.range), -EINVAL);
    trapped_init(&b, UINT64_MAX, 2);
    assert_int_equal(bus_mmio_add(g->bus, &b.range), -EINVAL);
    trapped_init(&b, UINT64_MAX - 7, 8);
    assert_int_equal(bus_mmio_add(g->bus, &b.range), 0);
    assert_int_equal(bus_mmio_read(g->bus, UINT64_MAX - 7, 8),
                     0x8877665544332211);
    bus_mmio_del(g->bus, &a.range);
    bus_mmio_del(g->bus, &b.range);
    assert_null(g->bus->mmio);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(config_address_is_a_dword),
        TEST(reserved_bits_of_config_address_are_0),
        TEST(config_data_has_byte_lanes),
        TEST(access_across_the_ports_ends),
        TEST(nobody_answers_with_all_ones),
        TEST(widths_that_are_none),
        TEST(places_are_taken_once),
        TEST(full_bus),
        TEST(hidden_device_answers_no_more),
        TEST(regions_are_powers_of_two),
        TEST(emulated_bars),
        TEST(overlap_is_within_a_space),
        TEST(multifunction_bit_of_emulated_functions),
        TEST(trapped_memory_by_width),
        TEST(xsa112_trapped_memory_ends),
        TEST(trapped_memory_does_not_overlap),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("bus", tests, NULL, NULL);
}
