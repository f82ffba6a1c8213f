/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The engine on hosts/bus, with a device and a Xen that only keep books.
 */
#include "lib-bus.h"
#include "pt-dev.h"

#include <unistd.h>

/* ------------------------------------------------------------------ */
/* A host device                                                       */

/* 64-bit BAR0 of 64 KiB, ports at BAR2, 256 shared bytes at BAR3. */
#define BAR0_ADDR UINT64_C(0x60f2000000)
#define BAR0_SIZE 0x10000
#define PORTS 0x1020
#define BAR3_ADDR UINT64_C(0xe0000400)

struct fake_dev {
    struct pt_device pt;
    uint8_t cfg[PT_CFG_SIZE];
    uint8_t bar3[0x100];
    bool dead;
    unsigned width;  /* of the last MMIO access */
};

static int fake_read(void *priv, uint16_t pos, void *buf, unsigned len)
{
    struct fake_dev *f = priv;

    memcpy(buf, f->cfg + pos, len);
    return f->dead ? -EIO : 0;
}

static int fake_write(void *priv, uint16_t pos, const void *buf, unsigned len)
{
    struct fake_dev *f = priv;

    memcpy(f->cfg + pos, buf, len);
    return 0;
}

static int fake_mmio_read(void *priv, unsigned region, uint64_t off,
                          unsigned width, uint64_t *val)
{
    struct fake_dev *f = priv;

    assert_int_equal(region, 3);
    assert_true(off + width <= sizeof(f->bar3));
    *val = 0;
    memcpy(val, f->bar3 + off, width);
    f->width = width;
    return 0;
}

static int fake_mmio_write(void *priv, unsigned region, uint64_t off,
                           unsigned width, uint64_t val)
{
    struct fake_dev *f = priv;

    assert_int_equal(region, 3);
    assert_true(off + width <= sizeof(f->bar3));
    memcpy(f->bar3 + off, &val, width);
    f->width = width;
    return 0;
}

static const struct pt_device_ops fake_ops = {
    .read = fake_read,
    .write = fake_write,
    .mmio_read = fake_mmio_read,
    .mmio_write = fake_mmio_write,
};

static void fake_dev_init(struct fake_dev *f, uint8_t func)
{
    memset(f, 0, sizeof(*f));
    f->cfg[PCI_VENDOR_ID] = 0x86;
    f->cfg[PCI_VENDOR_ID + 1] = 0x80;
    f->cfg[PCI_DEVICE_ID] = 0xca;
    f->cfg[PCI_DEVICE_ID + 1] = 0x10;
    f->cfg[PCI_CLASS_DEVICE + 1] = 0x02;
    f->cfg[0xd0] = 0x77;
    f->pt = (struct pt_device) {
        .ops = &fake_ops,
        .priv = f,
        .info = {
            .addr = { .bus = 1, .func = func },
            .vendor = 0x8086,
            .device = 0x10ca,
            .region = {
                [0] = { BAR0_ADDR, BAR0_SIZE, PT_REGION_64 },
                [2] = { PORTS, 0x20, PT_REGION_IO },
                [3] = { BAR3_ADDR, 0x100, PT_REGION_SHARED },
            },
        },
    };
}

/* ------------------------------------------------------------------ */
/* A Xen                                                               */

struct fake_xen {
    struct pt_xen pt;
    unsigned calls;
    unsigned mapped;  /* ranges */
    uint64_t last;    /* where the last one went */
    uint64_t last_nr;
};

static int fake_map(struct fake_xen *x, uint64_t at, uint64_t nr, bool add)
{
    x->calls++;
    x->mapped = add ? x->mapped + 1 : x->mapped - 1;
    if (add) {
        x->last = at;
        x->last_nr = nr;
    }
    return 0;
}

static int fake_map_memory(void *priv, uint64_t gfn, uint64_t mfn,
                           uint64_t nr, bool add)
{
    assert_true(mfn >= BAR0_ADDR >> PT_PAGE_SHIFT &&
                mfn + nr <= (BAR0_ADDR + BAR0_SIZE) >> PT_PAGE_SHIFT);
    return fake_map(priv, gfn << PT_PAGE_SHIFT, nr, add);
}

static int fake_map_ports(void *priv, uint32_t gport, uint32_t mport,
                          uint32_t nr, bool add)
{
    assert_int_equal(mport, PORTS);
    return fake_map(priv, gport, nr, add);
}

/* The device has no interrupts. */
static const struct pt_xen_ops fake_xen_ops = {
    .map_memory = fake_map_memory,
    .map_ports = fake_map_ports,
};

/* ------------------------------------------------------------------ */
/* A guest                                                             */

struct guest {
    PCIBus *bus;
    struct fake_xen xen;
    struct fake_dev dev[3];
    uint64_t now_us;
    unsigned lines;
    char line[256];
};

static void guest_log(void *priv, enum pt_level level, const char *line)
{
    struct guest *g = priv;

    (void)level;
    g->lines++;
    snprintf(g->line, sizeof(g->line), "%s", line);
}

static uint64_t guest_now_us(void *priv)
{
    const struct guest *g = priv;

    return g->now_us;
}

static void guest_delay_us(void *priv, uint32_t us)
{
    struct guest *g = priv;

    g->now_us += us;
}

static int setup(void **state)
{
    struct guest *g = calloc(1, sizeof(*g));

    if (!g) {
        return -1;
    }
    g->bus = pci_bus_new();
    g->xen.pt.ops = &fake_xen_ops;
    g->xen.pt.priv = &g->xen;
    for (uint8_t i = 0; i < 3; i++) {
        fake_dev_init(&g->dev[i], i);
    }
    *state = g;
    return g->bus ? 0 : -1;
}

static int teardown(void **state)
{
    struct guest *g = *state;
    bool leak;

    pci_bus_free(g->bus);
    leak = g->xen.mapped != 0;
    free(g);
    return leak ? -1 : 0;
}

static struct pt_host *add(struct guest *g, unsigned i, int devfn,
                           struct pt_error *err)
{
    struct pt_host_args args = {
        .device = &g->dev[i].pt,
        .xen = &g->xen.pt,
        .env = { .priv = g, .log = guest_log, .now_us = guest_now_us,
                 .delay_us = guest_delay_us },
    };

    return pt_host_add(g->bus, &args, devfn, err);
}

/* ------------------------------------------------------------------ */
/* Pass-through                                                        */

static void hosted_device_answers(void **state)
{
    struct guest *g = *state;
    struct pt_error err;
    struct pt_host *h = add(g, 0, 0x28, &err);

    assert_non_null(h);
    assert_int_equal(cfg_read(g->bus, 0x28, PCI_VENDOR_ID, 4), 0x10ca8086);
    assert_int_equal(cfg_read(g->bus, 0x28, 0xd0, 1), 0x77);
    cfg_write(g->bus, 0x28, 0xd1, 0x5566, 2);
    assert_int_equal(g->dev[0].cfg[0xd1], 0x66);
    assert_int_equal(g->dev[0].cfg[0xd2], 0x55);
    assert_non_null(strstr(g->line, "0000:01:00.0"));
    pt_host_del(h);
    pt_host_del(NULL);
    assert_int_equal(cfg_read(g->bus, 0x28, PCI_VENDOR_ID, 4), 0xffffffff);
}

static void hosted_regions_are_mapped(void **state)
{
    struct guest *g = *state;
    struct pt_host *h = add(g, 0, 0x28, NULL);

    assert_non_null(h);
    cfg_write(g->bus, 0x28, PCI_BASE_ADDRESS_0, 0xfea00000, 4);
    cfg_write(g->bus, 0x28, PCI_BASE_ADDRESS_2, 0xc000, 4);
    assert_int_equal(g->xen.calls, 0);
    cfg_write(g->bus, 0x28, PCI_COMMAND, PCI_COMMAND_MEMORY, 2);
    assert_int_equal(g->xen.last, 0xfea00000);
    assert_int_equal(g->xen.last_nr, BAR0_SIZE / PT_PAGE_SIZE);
    assert_int_equal(h->places.at[0].addr, 0xfea00000);
    assert_int_equal(h->pci.io_regions[0].addr, 0xfea00000);
    assert_int_equal(pt_chk_bar_overlap(g->bus, 0, 0xfea0f000, 1, 0), 1);
    cfg_write(g->bus, 0x28, PCI_COMMAND,
              PCI_COMMAND_MEMORY | PCI_COMMAND_IO, 2);
    assert_int_equal(g->xen.last, 0xc000);
    assert_int_equal(g->xen.last_nr, 0x20);
    assert_int_equal(h->pci.io_regions[2].addr, 0xc000);
    assert_int_equal(h->pci.io_regions[2].type, PCI_ADDRESS_SPACE_IO);
    /* above 4 GiB: not for 32-bit eyes */
    cfg_write(g->bus, 0x28, PCI_BASE_ADDRESS_1, 0x10, 4);
    assert_int_equal(g->xen.last, 0x10fea00000);
    assert_int_equal(h->places.at[0].addr, 0x10fea00000);
    assert_int_equal(h->pci.io_regions[0].addr, UINT32_MAX);
    assert_int_equal(g->xen.mapped, 2);
    pt_host_del(h);
    assert_int_equal(g->xen.mapped, 0);
}

/* field.md 1.7: refused while it is taken, mapped when it is free. */
static void taken_by_an_emulated_device(void **state)
{
    struct guest *g = *state;
    PCIDevice *d = counting_device(g->bus, 0x10);

    memset(d->config, 0, sizeof(d->config));
    pci_register_io_region(d, 0, 0x1000, PCI_ADDRESS_SPACE_MEM, NULL);
    cfg_write(g->bus, 0x10, PCI_BASE_ADDRESS_0, 0xfea01000, 4);
    cfg_write(g->bus, 0x10, PCI_COMMAND, PCI_COMMAND_MEMORY, 2);

    assert_non_null(add(g, 0, 0x28, NULL));
    cfg_write(g->bus, 0x28, PCI_BASE_ADDRESS_0, 0xfea00000, 4);
    cfg_write(g->bus, 0x28, PCI_COMMAND, PCI_COMMAND_MEMORY, 2);
    assert_int_equal(g->xen.mapped, 0);
    cfg_write(g->bus, 0x10, PCI_BASE_ADDRESS_0, 0xfea10000, 4);
    assert_int_equal(g->xen.mapped, 1);
    assert_int_equal(g->xen.last, 0xfea00000);
}

static void taken_by_another_hosted_device(void **state)
{
    struct guest *g = *state;
    struct pt_host *first = add(g, 0, 0x28, NULL);
    struct pt_host *second = add(g, 1, 0x30, NULL);

    assert_non_null(first);
    assert_non_null(second);
    for (int devfn = 0x28; devfn <= 0x30; devfn += 8) {
        cfg_write(g->bus, devfn, PCI_BASE_ADDRESS_0, 0xfea00000, 4);
        cfg_write(g->bus, devfn, PCI_BASE_ADDRESS_1, 0x7, 4);
        cfg_write(g->bus, devfn, PCI_BASE_ADDRESS_2, 0xc000, 4);
        cfg_write(g->bus, devfn, PCI_COMMAND,
                  PCI_COMMAND_MEMORY | PCI_COMMAND_IO, 2);
    }
    assert_int_equal(g->xen.mapped, 2);
    assert_int_equal(second->places.at[0].addr, PT_UNMAPPED);
    assert_int_equal(second->places.at[2].addr, PT_UNMAPPED);
    /* the first one moves its ports, then goes */
    cfg_write(g->bus, 0x28, PCI_BASE_ADDRESS_2, 0xc100, 4);
    assert_int_equal(second->places.at[2].addr, 0xc000);
    assert_int_equal(g->xen.mapped, 3);
    pt_host_del(first);
    assert_int_equal(second->places.at[0].addr, 0x7fea00000);
    assert_int_equal(g->xen.mapped, 2);
}

/* Ports are no memory, whatever their numbers. */
static void emulated_ports_took_no_memory(void **state)
{
    struct guest *g = *state;
    PCIDevice *d = counting_device(g->bus, 0x10);

    memset(d->config, 0, sizeof(d->config));
    pci_register_io_region(d, 0, 0x100, PCI_ADDRESS_SPACE_IO, NULL);
    cfg_write(g->bus, 0x10, PCI_BASE_ADDRESS_0, 0xc000, 4);
    cfg_write(g->bus, 0x10, PCI_COMMAND, PCI_COMMAND_IO, 2);
    assert_non_null(add(g, 0, 0x28, NULL));
    cfg_write(g->bus, 0x28, PCI_BASE_ADDRESS_3, 0xc000, 4);
    cfg_write(g->bus, 0x28, PCI_COMMAND, PCI_COMMAND_MEMORY, 2);
    assert_int_equal(bus_mmio_read(g->bus, 0xc000, 1), 0);
}

static void emulated_device_that_went_left_no_room(void **state)
{
    struct guest *g = *state;
    PCIDevice *d = counting_device(g->bus, 0x10);

    memset(d->config, 0, sizeof(d->config));
    pci_register_io_region(d, 0, 0x1000, PCI_ADDRESS_SPACE_MEM, NULL);
    cfg_write(g->bus, 0x10, PCI_BASE_ADDRESS_0, 0xfea01000, 4);
    cfg_write(g->bus, 0x10, PCI_COMMAND, PCI_COMMAND_MEMORY, 2);
    assert_non_null(add(g, 0, 0x28, NULL));
    cfg_write(g->bus, 0x28, PCI_BASE_ADDRESS_0, 0xfea00000, 4);
    cfg_write(g->bus, 0x28, PCI_COMMAND, PCI_COMMAND_MEMORY, 2);
    assert_int_equal(g->xen.mapped, 0);
    pci_unregister_device(d);
    assert_int_equal(g->xen.mapped, 1);
}

/* Its decoder is off: its mapping is in nobody's way. */
static void device_at_rest_kept_its_place(void **state)
{
    struct guest *g = *state;
    struct pt_host *second;

    assert_non_null(add(g, 0, 0x28, NULL));
    second = add(g, 1, 0x30, NULL);
    assert_non_null(second);
    cfg_write(g->bus, 0x28, PCI_BASE_ADDRESS_0, 0xfea00000, 4);
    cfg_write(g->bus, 0x28, PCI_COMMAND, PCI_COMMAND_MEMORY, 2);
    cfg_write(g->bus, 0x28, PCI_COMMAND, 0, 2);
    assert_int_equal(g->xen.mapped, 1);
    cfg_write(g->bus, 0x30, PCI_BASE_ADDRESS_0, 0xfea00000, 4);
    cfg_write(g->bus, 0x30, PCI_COMMAND, PCI_COMMAND_MEMORY, 2);
    assert_int_equal(g->xen.mapped, 1);
    assert_int_equal(second->places.at[0].addr, 0xfea00000);
}

/* The first and the last byte count, and ports are no memory. */
static void places_meet_at_their_ends(void **state)
{
    struct pt_places p;

    (void)state;
    pt_places_init(&p);
    p.at[0] = (struct pt_place) { .addr = 0xc000, .size = 0x1000 };
    assert_true(pt_places_have(&p, false, 0xcfff, 1));
    assert_true(pt_places_have(&p, false, 0xb001, 0x1000));
    assert_false(pt_places_have(&p, false, 0xd000, 0x1000));
    assert_false(pt_places_have(&p, false, 0xb000, 0x1000));
    assert_false(pt_places_have(&p, false, 0xc000, 0));
    assert_false(pt_places_have(&p, true, 0xc000, 0x1000));
    /* The last address of 32 bits stands for none. */
    p.at[0] = (struct pt_place) { .addr = 0xfffe0000, .size = 0x10000 };
    assert_int_equal(pt_places_show(&p, 0).addr, 0xfffe0000);
    p.at[0].size = 0x20000;
    assert_int_equal(pt_places_show(&p, 0).addr, UINT32_MAX);
    assert_int_equal(pt_places_show(&p, 0).size, 0);
}

static unsigned asked;

static void room_made(PCIDevice *d)
{
    (void)d;
    asked++;
}

/* Everybody looked for room at each write of anybody's. */
static void room_was_used_for_ever(void **state)
{
    struct guest *g = *state;
    PCIDevice *d = counting_device(g->bus, 0x10);

    d->room_made = room_made;
    asked = 0;
    assert_non_null(add(g, 0, 0x28, NULL));
    cfg_write(g->bus, 0x28, PCI_BASE_ADDRESS_0, 0xfea00000, 4);
    cfg_write(g->bus, 0x28, PCI_COMMAND, PCI_COMMAND_MEMORY, 2);
    assert_int_equal(asked, 0);
    cfg_write(g->bus, 0x28, PCI_BASE_ADDRESS_0, 0xfeb00000, 4);
    assert_int_equal(asked, 1);
    cfg_write(g->bus, 0x28, PCI_INTERRUPT_LINE, 5, 1);
    assert_int_equal(asked, 1);
}

/* A BAR that moves through its own window makes room, too. */
static void room_that_a_window_made_was_not_used(void **state)
{
    struct guest *g = *state;
    struct pt_host *second;
    unsigned i;

    for (i = 0; i < 2; i++) {
        struct pt_host_args args = {
            .device = &g->dev[i].pt, .xen = &g->xen.pt,
            .policy.windows = UINT32_C(1) <<
                pt_window_number("nvidia-config-1800"),
            .env = { .priv = g, .log = guest_log, .now_us = guest_now_us,
                     .delay_us = guest_delay_us },
        };

        g->dev[i].pt.info.vendor = 0x10de;
        g->dev[i].cfg[PCI_CLASS_DEVICE + 1] = 0x03;
        second = pt_host_add(g->bus, &args, 0x28 + 8 * (int)i, NULL);
        assert_non_null(second);
        cfg_write(g->bus, 0x28 + 8 * (int)i, PCI_BASE_ADDRESS_0, 0xfea00000,
                  4);
        cfg_write(g->bus, 0x28 + 8 * (int)i, PCI_COMMAND, PCI_COMMAND_MEMORY,
                  2);
    }
    assert_int_equal(second->places.at[0].addr, PT_UNMAPPED);
    bus_mmio_write(g->bus, 0xfea01800 + PCI_BASE_ADDRESS_0, 0xfeb00000, 4);
    assert_int_equal(second->places.at[0].addr, 0xfea00000);
    assert_int_equal(cfg_read(g->bus, 0x28, PCI_BASE_ADDRESS_0, 4),
                     0xfeb00004);
}

/* What the bus refuses has no place here either. */
static void failed_traps_used_up_their_places(void **state)
{
    struct mmio_range other = { .start = 0xfeb00000, .size = 0x1000 };
    struct guest *g = *state;

    assert_non_null(add(g, 0, 0x28, NULL));
    cfg_write(g->bus, 0x28, PCI_COMMAND, PCI_COMMAND_MEMORY, 2);
    assert_int_equal(bus_mmio_add(g->bus, &other), 0);
    for (unsigned i = 0; i < 100; i++) {
        cfg_write(g->bus, 0x28, PCI_BASE_ADDRESS_3, 0xfeb00000, 4);
        cfg_write(g->bus, 0x28, PCI_BASE_ADDRESS_3, 0, 4);
    }
    bus_mmio_del(g->bus, &other);
    cfg_write(g->bus, 0x28, PCI_BASE_ADDRESS_3, 0xfeb00000, 4);
    assert_int_equal(bus_mmio_read(g->bus, 0xfeb00000, 1), 0);
}

static void shared_page_is_trapped(void **state)
{
    struct guest *g = *state;
    struct pt_host *h = add(g, 0, 0x28, NULL);

    assert_non_null(h);
    g->dev[0].bar3[0x10] = 0x99;
    cfg_write(g->bus, 0x28, PCI_BASE_ADDRESS_3, 0xfeb00000, 4);
    cfg_write(g->bus, 0x28, PCI_COMMAND, PCI_COMMAND_MEMORY, 2);
    assert_int_equal(g->xen.calls, 0);
    assert_int_equal(bus_mmio_read(g->bus, 0xfeb00010, 1), 0x99);
    assert_int_equal(g->dev[0].width, 1);
    bus_mmio_write(g->bus, 0xfeb000f8, 0x1122334455667788, 8);
    assert_int_equal(g->dev[0].width, 8);
    assert_int_equal(g->dev[0].bar3[0xff], 0x11);
    /* the page's rest belongs to another device */
    assert_int_equal(bus_mmio_read(g->bus, 0xfeb00100, 4), 0xffffffff);
    bus_mmio_write(g->bus, 0xfeb00100, 0, 4);

    cfg_write(g->bus, 0x28, PCI_BASE_ADDRESS_3, 0xfec00000, 4);
    assert_int_equal(bus_mmio_read(g->bus, 0xfeb00010, 1), 0xff);
    assert_int_equal(bus_mmio_read(g->bus, 0xfec00010, 1), 0x99);
    pt_host_del(h);
    assert_int_equal(bus_mmio_read(g->bus, 0xfec00010, 1), 0xff);
    assert_null(g->bus->mmio);
}

/* lessons.md part 2, 19: any number of addresses. */
static void trapped_region_moves_for_ever(void **state)
{
    struct guest *g = *state;

    assert_non_null(add(g, 0, 0x28, NULL));
    cfg_write(g->bus, 0x28, PCI_COMMAND, PCI_COMMAND_MEMORY, 2);
    for (uint32_t i = 1; i < 5000; i++) {
        cfg_write(g->bus, 0x28, PCI_BASE_ADDRESS_3, i << PT_PAGE_SHIFT, 4);
        assert_int_equal(bus_mmio_read(g->bus, i << PT_PAGE_SHIFT, 1), 0);
    }
    assert_null(g->bus->mmio->next);
}

/* lessons.md 1.9 and part 2, 23. */
static void multifunction_follows_the_guests_slot(void **state)
{
    struct guest *g = *state;
    struct pt_host *h0, *h1;
    PCIDevice *d;

    h0 = add(g, 0, PT_HOST_AUTO, NULL);
    assert_non_null(h0);
    assert_int_equal(h0->pci.devfn, 0);
    assert_int_equal(cfg_read(g->bus, 0, PCI_HEADER_TYPE, 1), 0);
    h1 = add(g, 1, 1, NULL);
    assert_non_null(h1);
    assert_int_equal(cfg_read(g->bus, 0, PCI_HEADER_TYPE, 1), 0x80);
    assert_int_equal(cfg_read(g->bus, 1, PCI_HEADER_TYPE, 1), 0x80);
    pt_host_del(h1);
    assert_int_equal(cfg_read(g->bus, 0, PCI_HEADER_TYPE, 1), 0);
    d = counting_device(g->bus, 7);
    assert_int_equal(cfg_read(g->bus, 0, PCI_HEADER_TYPE, 1), 0x80);
    pci_unregister_device(d);
    assert_int_equal(cfg_read(g->bus, 0, PCI_HEADER_TYPE, 1), 0);
}

static void places_for_hosted_devices(void **state)
{
    struct guest *g = *state;
    struct pt_error err;
    struct pt_host *h;

    counting_device(g->bus, 0x08);
    assert_null(add(g, 0, 0x08, &err));
    assert_non_null(strstr(err.text, "01.0"));
    assert_null(add(g, 0, -1, &err));
    assert_null(add(g, 0, 0x108, &err));
    assert_null(add(g, 0, 0x200, &err));
    counting_device(g->bus, 0x00);
    h = add(g, 0, PT_HOST_AUTO | 3, &err);
    assert_non_null(h);
    assert_int_equal(h->pci.devfn, 0x13);
    while (pci_free_slot(g->bus) >= 0) {
        counting_device(g->bus, pci_free_slot(g->bus));
    }
    assert_null(add(g, 1, PT_HOST_AUTO, &err));
    assert_non_null(strstr(err.text, "no slot"));
}

/* lessons.md part 2, 13: a refused device is not on the bus. */
static void failed_attach_leaves_nothing(void **state)
{
    struct guest *g = *state;
    struct pt_error err = { "" };

    g->dev[0].dead = true;
    assert_null(add(g, 0, 0x28, &err));
    assert_string_not_equal(err.text, "");
    assert_int_equal(pci_devfn_in_use(g->bus, 0x28), 0);
    g->dev[0].dead = false;
    memset(g->dev[0].cfg, 0xff, sizeof(g->dev[0].cfg));
    assert_null(add(g, 0, 0x28, NULL));
    fake_dev_init(&g->dev[0], 0);
    g->dev[0].cfg[PCI_HEADER_TYPE] = PCI_HEADER_TYPE_BRIDGE;
    assert_null(add(g, 0, 0x28, NULL));
    fake_dev_init(&g->dev[0], 0);
    assert_non_null(add(g, 0, 0x28, NULL));
}

/* lessons.md 1.8.1: no counter ends it. */
static void attaches_without_end(void **state)
{
    struct guest *g = *state;

    for (unsigned i = 0; i < 1000; i++) {
        struct pt_host *h = add(g, 0, PT_HOST_AUTO, NULL);

        assert_non_null(h);
        assert_int_equal(h->pci.devfn, 0);
        pt_host_del(h);
    }
}

static void bus_ends_with_its_devices(void **state)
{
    struct guest *g = *state;

    assert_non_null(add(g, 0, 0x28, NULL));
    cfg_write(g->bus, 0x28, PCI_BASE_ADDRESS_0, 0xfea00000, 4);
    cfg_write(g->bus, 0x28, PCI_COMMAND,
              PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, 2);
    assert_int_equal(g->xen.mapped, 1);
    pci_bus_free(g->bus);
    g->bus = NULL;
    assert_int_equal(g->xen.mapped, 0);
    assert_int_equal(g->dev[0].cfg[PCI_COMMAND] & PCI_COMMAND_MASTER, 0);
}

static void own_clock_and_log(void **state)
{
    struct guest *g = *state;
    struct pt_host_args args = {
        .device = &g->dev[0].pt,
        .xen = &g->xen.pt,
        .policy = { .strict = true },
    };
    int said = dup(STDERR_FILENO);
    FILE *f = tmpfile();
    char text[512];
    struct pt_host *h;
    uint64_t before;

    assert_non_null(f);
    assert_int_equal(dup2(fileno(f), STDERR_FILENO), STDERR_FILENO);
    h = pt_host_add(g->bus, &args, 0x28, NULL);
    if (h) {
        h->bus.ops->log(h->bus.priv, PT_LOG_WARNING, "a line of the test's");
    }
    assert_int_equal(dup2(said, STDERR_FILENO), STDERR_FILENO);
    close(said);
    rewind(f);
    text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
    fclose(f);
    assert_non_null(strstr(text, "0000:01:00.0"));
    assert_non_null(strstr(text, "\nwarning: a line of the test's\n"));

    assert_non_null(h);
    assert_true(h->dev->policy.strict);
    before = h->bus.ops->now_us(h->bus.priv);
    h->bus.ops->delay_us(h->bus.priv, 2000);
    assert_true(h->bus.ops->now_us(h->bus.priv) >= before + 2000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(hosted_device_answers),
        TEST(hosted_regions_are_mapped),
        TEST(taken_by_an_emulated_device),
        TEST(taken_by_another_hosted_device),
        TEST(emulated_ports_took_no_memory),
        TEST(emulated_device_that_went_left_no_room),
        TEST(device_at_rest_kept_its_place),
        TEST(places_meet_at_their_ends),
        TEST(room_was_used_for_ever),
        TEST(room_that_a_window_made_was_not_used),
        TEST(failed_traps_used_up_their_places),
        TEST(shared_page_is_trapped),
        TEST(trapped_region_moves_for_ever),
        TEST(multifunction_follows_the_guests_slot),
        TEST(places_for_hosted_devices),
        TEST(failed_attach_leaves_nothing),
        TEST(attaches_without_end),
        TEST(bus_ends_with_its_devices),
        TEST(own_clock_and_log),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("hosted", tests, NULL, NULL);
}
