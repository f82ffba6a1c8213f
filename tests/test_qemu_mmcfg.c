/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QEMU's side of the MMCONFIG window: when there is one, and who answers in
 * it. QEMU here is the few functions of its bus and of its memory map that
 * pt-qemu-mmcfg.c calls.
 */
#include <stdarg.h>
#include <stdlib.h>

#include "lib-lessons.h"

/* Its headers are played by tests/qemu/include. */
#define PT_QEMU_COMPAT_H
#include "qom/object.h"

#include "../hosts/qemu/pt-qemu-mmcfg.c"

#define AER 0x100u
#define HEAD ((uint32_t)PCI_EXT_CAP_ID_AER | 1u << 16)
#define DEVFN(slot, fn) ((slot) << 3 | (fn))
#define ONES UINT32_MAX

/* ------------------------------------------------------------------ */
/* QEMU                                                                */

struct PCIBus {
    bool child;
    int num;
    PCIDevice *at[256];
};

/* An emulated device: its registers by the ports. */
struct emulated {
    PCIDevice pci;
    uint8_t cfg[256 + 3];  /* pt_load() takes four */
};

static struct PCIBus root;
static MemoryRegion map, other;
static MemoryRegion *there;  /* where the window would be */
static unsigned refs, added, infos;
/* Accesses by the ports. */
static unsigned by_ports;

void info_report(const char *fmt, ...)
{
    (void)fmt;
    infos++;
}

Object *object_dynamic_cast(Object *obj, const char *type)
{
    const PCIDevice *d = (const PCIDevice *)obj;

    assert_string_equal(type, TYPE_PT_QEMU);
    return d && d->rom_bar ? obj : NULL;  /* emulated ones have none here */
}

MemoryRegion *get_system_memory(void)
{
    return &map;
}

MemoryRegionSection memory_region_find(MemoryRegion *mr, hwaddr addr,
                                       uint64_t size)
{
    assert_ptr_equal(mr, &map);
    assert_true(addr == 0xfe000000 && size == 0x100000);
    refs += there != NULL;
    return (MemoryRegionSection) { .mr = there };
}

void memory_region_unref(MemoryRegion *mr)
{
    assert_ptr_equal(mr, there);
    refs--;
}

void memory_region_init_io(MemoryRegion *mr, Object *owner,
                           const MemoryRegionOps *ops, void *opaque,
                           const char *name, uint64_t size)
{
    (void)opaque;
    (void)name;
    assert_null(owner);  /* it outlives all devices */
    *mr = (MemoryRegion) { .ops = ops, .size = size };
}

void memory_region_add_subregion(MemoryRegion *to, hwaddr addr,
                                 MemoryRegion *mr)
{
    assert_ptr_equal(to, &map);
    mr->addr = addr;
    there = mr;
    added++;
}

PCIBus *pci_get_bus(const PCIDevice *d)
{
    return d->bus;
}

bool pci_bus_is_root(const PCIBus *bus)
{
    return !bus->child;
}

int pci_bus_num(PCIBus *bus)
{
    return bus->num;
}

PCIDevice *pci_find_device(PCIBus *bus, int num, uint8_t devfn)
{
    assert_ptr_equal(bus, &root);
    return num == 0 ? bus->at[devfn] : NULL;
}

PCIDevice *pci_get_function_0(PCIDevice *d)
{
    for (unsigned i = 0; i < 256; i++) {
        if (root.at[i] == d) {
            return root.at[i & ~7u];
        }
    }
    return NULL;
}

static uint32_t ports_read(PCIDevice *d, uint32_t addr, int len)
{
    const struct emulated *e = (const struct emulated *)d;

    return pt_load(e->cfg + addr, (unsigned)len);
}

static void ports_write(PCIDevice *d, uint32_t addr, uint32_t val, int len)
{
    pt_store(((struct emulated *)d)->cfg + addr, val, (unsigned)len);
}

uint32_t pci_data_read(PCIBus *bus, uint32_t addr, unsigned len)
{
    PCIDevice *d = bus->at[addr >> 8 & 0xff];

    assert_int_equal(addr >> 16, 0);
    by_ports++;
    return d ? d->config_read(d, addr & 0xff, (int)len) : UINT32_MAX;
}

void pci_data_write(PCIBus *bus, uint32_t addr, uint32_t val, unsigned len)
{
    PCIDevice *d = bus->at[addr >> 8 & 0xff];

    assert_int_equal(addr >> 16, 0);
    by_ports++;
    if (d) {
        d->config_write(d, addr & 0xff, val, (int)len);
    }
}

/* ------------------------------------------------------------------ */
/* Devices                                                             */

static uint32_t our_read(PCIDevice *d, uint32_t addr, int len)
{
    return pt_config_read(((PtQemu *)d)->dev, addr, (unsigned)len);
}

static void our_write(PCIDevice *d, uint32_t addr, uint32_t val, int len)
{
    pt_config_write(((PtQemu *)d)->dev, addr, val, (unsigned)len);
}

static struct emulated bridge = {
    .pci = { .bus = &root, .config_read = ports_read,
             .config_write = ports_write },
    .cfg = { 0x86, 0x80, 0x37, 0x12 },
};
static PtQemu ours;
static struct world w;

/* A card of ours at @devfn, of @size bytes. */
static void attach(unsigned devfn, bool extended)
{
    const struct pt_policy policy = { .extended = extended };
    struct capture c;

    card(&c);
    card_express(&c, 0x40, 2, PCI_EXP_TYPE_ENDPOINT, 0x3c);
    c.len = 4096;
    pt_store(c.cfg + AER, HEAD, 4);
    world_init(&w, &c, &policy, NULL);
    assert_true(world_attach(&w));
    ours = (PtQemu) {
        .pci = { .bus = &root, .rom_bar = 1, .config_read = our_read,
                 .config_write = our_write },
        .dev = w.d,
    };
    root.at[devfn] = &ours.pci;
}

static uint32_t guest_read(unsigned devfn, unsigned off, unsigned len)
{
    const MemoryRegionOps *ops = there->ops;

    return (uint32_t)ops->read(NULL, devfn << 12 | off, len);
}

static void guest_write(unsigned devfn, unsigned off, uint32_t val,
                        unsigned len)
{
    const MemoryRegionOps *ops = there->ops;

    ops->write(NULL, devfn << 12 | off, val, len);
}

static int setup(void **state)
{
    (void)state;
    memset(&window, 0, sizeof(window));
    memset(&root, 0, sizeof(root));
    root.at[0] = &bridge.pci;
    there = NULL;
    refs = added = infos = by_ports = 0;
    return 0;
}

static void window_on(void)
{
    const char *why = NULL;

    assert_true(pt_qemu_mmcfg(&ours, &why));
    assert_null(why);
}

/* ------------------------------------------------------------------ */
/* When                                                                */

static void the_first_device_makes_it(void **state)
{
    (void)state;
    attach(DEVFN(5, 0), true);
    window_on();
    assert_true(there->addr == 0xfe000000 && there->size == 0x100000);
    window_on();
    assert_int_equal(added, 1);
    assert_int_equal(infos, 1);
    assert_true(world_close(&w));
}

static void nothing_is_put_over_what_is_there(void **state)
{
    const char *why = NULL;

    (void)state;
    attach(DEVFN(5, 0), true);
    there = &other;
    assert_false(pt_qemu_mmcfg(&ours, &why));
    assert_non_null(strstr(why, "something else is where"));
    assert_int_equal(added, 0);
    assert_int_equal(refs, 0);
    there = NULL;
    window_on();
    assert_true(world_close(&w));
}

/* The table names bus 0 alone. */
static void a_device_on_another_bus_is_not_in_it(void **state)
{
    struct PCIBus far[2] = { { .child = true }, { .num = 0x80 } };
    const char *why;

    (void)state;
    attach(DEVFN(5, 0), true);
    for (unsigned i = 0; i < 2; i++) {
        why = NULL;
        ours.pci.bus = &far[i];
        assert_false(pt_qemu_mmcfg(&ours, &why));
        assert_non_null(strstr(why, "bus 0"));
    }
    assert_int_equal(added, 0);
    assert_true(world_close(&w));
}

/* ------------------------------------------------------------------ */
/* Who                                                                 */

static void ours_answers_for_all_of_it(void **state)
{
    (void)state;
    attach(DEVFN(5, 0), true);
    window_on();
    assert_int_equal(guest_read(DEVFN(5, 0), 0, 4),
                     pt_config_read(w.d, 0, 4));
    assert_int_equal(by_ports, 1);
    assert_int_equal(guest_read(DEVFN(5, 0), AER, 4), HEAD);
    guest_write(DEVFN(5, 0), AER + PCI_ERR_COR_MASK, 0x40, 1);
    assert_int_equal(dev(&w, AER + PCI_ERR_COR_MASK, 1), 0x40);
    assert_int_equal(by_ports, 1);
    assert_true(world_close(&w));
}

static void others_have_256_bytes(void **state)
{
    (void)state;
    attach(DEVFN(5, 0), true);
    window_on();
    assert_int_equal(guest_read(0, 0, 4), 0x12378086);
    assert_int_equal(guest_read(0, 2, 2), 0x1237);
    guest_write(0, 0x90, 0xa55a, 2);
    assert_int_equal(pt_load(bridge.cfg + 0x90, 2), 0xa55a);
    assert_int_equal(guest_read(0, AER, 4), ONES);
    assert_int_equal(guest_read(DEVFN(9, 0), 0, 4), ONES);
    assert_int_equal(guest_read(DEVFN(9, 0), AER, 4), ONES);
    guest_write(DEVFN(9, 0), AER, 0, 4);
    assert_true(world_close(&w));
}

static void ours_without_it_has_256_bytes(void **state)
{
    (void)state;
    attach(DEVFN(5, 0), false);
    window_on();
    assert_int_equal(guest_read(DEVFN(5, 0), 0, 4),
                     pt_config_read(w.d, 0, 4));
    assert_int_equal(guest_read(DEVFN(5, 0), AER, 4), ONES);
    assert_true(world_close(&w));
}

/* QEMU shows it by the ports once function 0 is there; so does the window. */
static void a_plugged_function_waits_for_function_0(void **state)
{
    struct emulated zero = bridge;

    (void)state;
    attach(DEVFN(5, 1), true);
    window_on();
    ours.pci.qdev.hotplugged = true;
    assert_int_equal(guest_read(DEVFN(5, 1), AER, 4), ONES);
    guest_write(DEVFN(5, 1), AER + PCI_ERR_COR_MASK, 0x40, 4);
    assert_int_equal(dev(&w, AER + PCI_ERR_COR_MASK, 4), 0);
    root.at[DEVFN(5, 0)] = &zero.pci;
    assert_int_equal(guest_read(DEVFN(5, 1), AER, 4), HEAD);
    assert_true(world_close(&w));
}

/* Between the end of its device and its own, as at the process's end. */
static void one_that_was_released_is_not_there(void **state)
{
    (void)state;
    attach(DEVFN(5, 0), true);
    window_on();
    ours.dev = NULL;
    assert_int_equal(guest_read(DEVFN(5, 0), AER, 4), ONES);
    guest_write(DEVFN(5, 0), AER, 0, 4);
    assert_true(world_close(&w));
}

/* QEMU splits nothing, so that one place does it for all hosts. */
static void all_widths_arrive_as_they_are(void **state)
{
    const MemoryRegionOps *ops;

    (void)state;
    attach(DEVFN(5, 0), true);
    window_on();
    ops = there->ops;
    assert_int_equal(ops->valid.min_access_size, 1);
    assert_int_equal(ops->valid.max_access_size, 8);
    assert_int_equal(ops->impl.max_access_size, 8);
    assert_true(ops->valid.unaligned && ops->impl.unaligned);
    assert_int_equal(ops->endianness, DEVICE_LITTLE_ENDIAN);
    assert_true(ops->read(NULL, 0xfe, 8) == UINT64_C(0xffffffffffff0000));
    assert_int_equal(by_ports, 1);
    assert_true(world_close(&w));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_first_device_makes_it, setup),
        cmocka_unit_test_setup(nothing_is_put_over_what_is_there, setup),
        cmocka_unit_test_setup(a_device_on_another_bus_is_not_in_it, setup),
        cmocka_unit_test_setup(ours_answers_for_all_of_it, setup),
        cmocka_unit_test_setup(others_have_256_bytes, setup),
        cmocka_unit_test_setup(ours_without_it_has_256_bytes, setup),
        cmocka_unit_test_setup(a_plugged_function_waits_for_function_0,
                               setup),
        cmocka_unit_test_setup(one_that_was_released_is_not_there, setup),
        cmocka_unit_test_setup(all_widths_arrive_as_they_are, setup),
    };

    return cmocka_run_group_tests_name("QEMU's MMCONFIG window", tests, NULL,
                                       NULL);
}
