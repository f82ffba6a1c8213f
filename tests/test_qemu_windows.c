/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QEMU's side of windows, parts of BARs whose accesses are the engine's: from
 * QEMU's memory map to the engine, on to the guest's registers, and back to the
 * memory map when these move a BAR. QEMU is lib-qemu.h.
 */
#include <errno.h>
#include <stdlib.h>

#include "lib-qemu.h"
#include "lib-windows.h"

/* Its headers are played by tests/qemu/include. */
#define PT_QEMU_COMPAT_H

/* The host's device is the simulated one. */
#define pt_device_open open_simulated
static int open_simulated(struct pt_device *d, const struct pt_sbdf *addr,
                          struct pt_error *err);

#include "../hosts/qemu/pt-qemu-bus.c"
#include "../hosts/qemu/pt-qemu-header.c"
#include "../hosts/qemu/pt-qemu-regions.c"
#include "../hosts/qemu/pt-qemu.c"

#define BAR0 PCI_BASE_ADDRESS_0
#define BAR2 PCI_BASE_ADDRESS_2
#define BAR5 PCI_BASE_ADDRESS_5
#define MEM UINT64_C(0xe0000000)        /* where the guest has its BARs */
#define MEM64 UINT64_C(0x1000000000)
#define ROM UINT64_C(0xe8000000)
#define PORTS UINT64_C(0xc000)
#define MIRROR UINT64_C(0x88000)        /* in BAR 0 */
#define INDEX (PORTS + 8)               /* the window's two, of BAR 5 */
#define DATA (PORTS + 12)
#define BOTH (PCI_COMMAND_IO | PCI_COMMAND_MEMORY)

static struct world w;
static struct sim_chip chip;
static struct pt_policy policy;
static PtQemu *ours;

/* ------------------------------------------------------------------ */
/* The rest of QEMU, and of hosts/qemu                                 */

struct Error {
    char text[256];
};

void error_setg(Error **errp, const char *fmt, ...)
{
    static Error err;
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(err.text, sizeof(err.text), fmt, ap);
    va_end(ap);
    *errp = &err;
}

void info_report(const char *fmt, ...)
{
    (void)fmt;
}

/* Of the device's own ROM, where there is a file. */
void warn_report(const char *fmt, ...)
{
    (void)fmt;
}

void error_report(const char *fmt, ...)
{
    fail_msg("%s", fmt);
}

void timer_init_ms(QEMUTimer *t, int clock, void (*fn)(void *opaque),
                   void *opaque)
{
}

void timer_mod(QEMUTimer *t, int64_t ms)
{
}

void timer_del(QEMUTimer *t)
{
}

int64_t qemu_clock_get_ms(int clock)
{
    return w.sim.bus.clock.now_us / 1000;
}

int64_t g_get_monotonic_time(void)
{
    return w.sim.bus.clock.now_us;
}

void g_usleep(unsigned long us)
{
    w.sim.bus.clock.now_us += us;
}

/* This is dom0. */
struct xs_handle *xs_open(unsigned long flags)
{
    return NULL;
}

void xs_close(struct xs_handle *xs)
{
}

void *xs_read(struct xs_handle *xs, xs_transaction_t t, const char *path,
              unsigned *len)
{
    return NULL;
}

int pt_stubdom_local(char *(*read)(void *priv, const char *path), void *priv,
                     const struct pt_sbdf *addr, struct pt_sbdf *local,
                     struct pt_error *err)
{
    return -ENODEV;
}

static int open_simulated(struct pt_device *d, const struct pt_sbdf *addr,
                          struct pt_error *err)
{
    *d = w.sim.dev.pt;
    return 0;
}

struct pt_xen *pt_qemu_join(PtQemu *s, struct pt_error *err)
{
    return &w.sim.xen.pt;
}

void pt_qemu_leave(PtQemu *s)
{
}

bool pt_qemu_soft_reset(void)
{
    return false;
}

void pt_qemu_release(PtQemu *s)
{
    pt_detach(s->dev);
    s->dev = NULL;
    pt_device_close(&s->host);
}

void pt_qemu_conf_class(ObjectClass *klass)
{
}

void pt_qemu_conf_init(PtQemu *s)
{
}

int pt_qemu_decide(PtQemu *s, struct pt_policy *p, char *origin, size_t size,
                   struct pt_error *err)
{
    *p = policy;
    p->no_rom = s->rom;
    origin[0] = '\0';
    return 0;
}

/* A file of 4 KiB. */
static uint64_t file_read(void *opaque, hwaddr off, unsigned size)
{
    return 0xaa55;
}

static const MemoryRegionOps file_ops = {
    .read = file_read,
    .valid = { .min_access_size = 1, .max_access_size = 8 },
    .impl = { .min_access_size = 1, .max_access_size = 8 },
};

bool pt_qemu_load_rom(PtQemu *s, const char *name, Error **errp)
{
    static uint8_t file[4096];

    s->rom = file;
    s->rom_size = sizeof(file);
    return true;
}

void pt_qemu_add_rom(PtQemu *s)
{
    if (s->rom) {
        memory_region_init_io(&s->region[PT_ROM], OBJECT(s), &file_ops, s,
                              "file", s->rom_size);
        pci_register_bar(&s->pci, PCI_ROM_SLOT, 0, &s->region[PT_ROM]);
    }
}

void pt_qemu_free_rom(PtQemu *s)
{
    s->rom = NULL;
}

/* ------------------------------------------------------------------ */
/* A device                                                            */

static void plug(const struct capture *c, char *romfile)
{
    world_init(&w, c, NULL, NULL);
    w.was_attached = true;
    if (c->region[5].size) {
        sim_nvidia(&chip, &w.sim.dev);
    } else {
        sim_amd(&chip, &w.sim.dev);
    }
    ours = calloc(1, sizeof(*ours));
    assert_non_null(ours);
    ours->pci.devfn = PCI_DEVFN(5, 0);
    qemu_new(&ours->pci);
    ours->hostaddr = (PCIHostDeviceAddress) { .bus = 3 };
    ours->pci.romfile = romfile;
    qemu_plug(&ours->pci);
}

static void done(void)
{
    qemu_unplug(&ours->pci);
    free(ours);
    assert_true(world_close(&w));
}

/* The guest's hands. By the ports 0xcf8 and 0xcfc: */
static uint32_t conf(unsigned reg, unsigned len)
{
    return ours->pci.config_read(&ours->pci, reg, len);
}

static void set_conf(unsigned reg, uint32_t val, unsigned len)
{
    ours->pci.config_write(&ours->pci, reg, val, len);
}

/* As Xen has it: the device's, or QEMU's, and never both. */
static uint64_t get(bool io, uint64_t at, unsigned width)
{
    const struct qemu_section *s = qemu_find(io, at, width);

    if (s) {
        assert_false(io ? sim_xen_port(&w.sim.xen, at) != NULL :
                     any_mem(&w, at));
        return qemu_access(s, at, width, false, 0) &
            UINT64_MAX >> (64 - 8 * width);
    }
    return io ? sim_guest_io_read(&w.sim.bus, at, width) :
        sim_guest_mmio_read(&w.sim.bus, at, width);
}

static void put(bool io, uint64_t at, uint64_t val, unsigned width)
{
    const struct qemu_section *s = qemu_find(io, at, width);

    if (s) {
        qemu_access(s, at, width, true, val);
    } else if (io) {
        sim_guest_io_write(&w.sim.bus, at, width, val);
    } else {
        sim_guest_mmio_write(&w.sim.bus, at, width, val);
    }
}

static uint32_t in(uint64_t port, unsigned width)
{
    return get(true, port, width);
}

static void out(uint64_t port, uint32_t val, unsigned width)
{
    put(true, port, val, width);
}

/* Is [@at, @at + @size) all that is to be forwarded around there? */
static bool forwarded(bool io, uint64_t at, uint64_t size)
{
    const struct qemu_section *s = qemu_find(io, at, size);

    return s && s->at == at && s->size == size;
}

/* What the monitor shows. */
static bool shown(unsigned n, uint64_t at)
{
    return ours->pci.io_regions[n].addr == at;
}

static void plug_gpu(const char *window, char *romfile)
{
    struct capture c;

    gpu(&c);
    world_build_bar(&c, PT_ROM, 0xd8000000, 0x20000, 0);
    policy.windows = named("nvidia-config") | named(window);
    plug(&c, romfile);
    set_conf(BAR0, MEM, 4);
    set_conf(BAR5, PORTS, 4);
    set_conf(PCI_COMMAND, BOTH, 2);
}

/* ------------------------------------------------------------------ */
/* Ports                                                               */

static void ports_lead_to_the_guests_registers(void **state)
{
    (void)state;
    plug_gpu("nvidia-config-ports", NULL);
    assert_true(forwarded(true, INDEX, 8));
    out(INDEX, MIRROR + BAR0, 4);
    assert_int_equal(in(DATA, 4), MEM);
    assert_int_equal(in(DATA + 2, 2), MEM >> 16);
    assert_int_equal(in(DATA + 3, 1), MEM >> 24);
    assert_int_equal(dev(&w, BAR0, 4), GPU_BAR0);
    out(INDEX, MIRROR + PCI_COMMAND, 4);
    out(DATA, 0, 2);
    assert_int_equal(conf(PCI_COMMAND, 2) & BOTH, 0);
    assert_int_equal(dev(&w, PCI_COMMAND, 2) & BOTH, BOTH);
    done();
}

static void what_is_no_register_goes_on_to_the_device(void **state)
{
    (void)state;
    plug_gpu("nvidia-config-ports", NULL);
    out(INDEX, 0x2000, 4);
    out(DATA, 0x12345678, 4);
    assert_int_equal(chip.index, 0x2000);
    assert_int_equal(in(INDEX, 4), 0x2000);
    assert_int_equal(in(DATA, 4), 0x12345678);
    assert_int_equal(get(false, MEM + 0x2000, 4), 0x12345678);
    /* beside the window, Xen has mapped the device's */
    for (unsigned i = 0; i < 0x80; i++) {
        assert_int_equal(sim_xen_port(&w.sim.xen, PORTS + i) != NULL,
                         i < 8 || i >= 16);
    }
    done();
}

/* The window goes from under the access that came by it. */
static void a_bar_of_ports_is_moved_by_its_own_window(void **state)
{
    unsigned changes;

    (void)state;
    plug_gpu("nvidia-config-ports", NULL);
    out(INDEX, MIRROR + BAR5, 4);
    changes = qemu_map.changes;
    out(DATA, 0xd000, 4);
    assert_int_equal(qemu_map.changes, changes + 1);
    assert_true(forwarded(true, 0xd008, 8));
    assert_null(qemu_find(true, PORTS, 0x80));
    assert_true(shown(5, 0xd000));
    assert_int_equal(in(DATA, 4), UINT32_MAX);
    assert_int_equal(in(0xd00c, 4), 0xd001);
    done();
}

/* ------------------------------------------------------------------ */
/* Memory                                                              */

static void a_bar_is_moved_by_its_own_mirror(void **state)
{
    uint64_t to = MEM + 0x4000000;
    unsigned changes;

    (void)state;
    plug_gpu("nvidia-config", NULL);
    assert_true(forwarded(false, MEM + MIRROR, PT_PAGE_SIZE));
    changes = qemu_map.changes;
    put(false, MEM + MIRROR + BAR0, to, 4);
    /* there is no moment when it is nowhere, in both places, or half */
    assert_int_equal(qemu_map.changes, changes + 1);
    assert_true(forwarded(false, to + MIRROR, PT_PAGE_SIZE));
    assert_null(qemu_find(false, MEM, 0x1000000));
    assert_true(shown(0, to));
    assert_false(any_mem(&w, MEM));
    assert_true(mem_at(&w, to, GPU_BAR0, MIRROR));
    assert_int_equal(get(false, MEM + MIRROR + BAR0, 4), UINT32_MAX);
    assert_int_equal(get(false, to + MIRROR + BAR0, 4), to);
    /* and back, by the other way */
    set_conf(BAR0, MEM, 4);
    assert_int_equal(get(false, MEM + MIRROR + BAR0, 4), MEM);
    assert_true(shown(0, MEM));
    done();
}

/* Two writes of a dword, the first of which has moved it. */
static void a_64_bit_bar_is_moved_by_one_access(void **state)
{
    uint64_t to = 2 * MEM64 + 0x100000;
    struct capture c;

    (void)state;
    radeon(&c, 0x20000);
    policy = with("amd-config");
    plug(&c, NULL);
    set_conf(BAR2, 0, 4);
    set_conf(BAR2 + 4, MEM64 >> 32, 4);
    set_conf(PCI_COMMAND, PCI_COMMAND_MEMORY, 2);
    assert_true(forwarded(false, MEM64 + 0x4000, PT_PAGE_SIZE));
    put(false, MEM64 + 0x4000 + BAR2, to, 8);
    assert_true(forwarded(false, to + 0x4000, PT_PAGE_SIZE));
    assert_int_equal(qemu_map.num, 1);
    assert_true(shown(2, to));
    assert_true((get(false, to + 0x4000 + BAR2, 8) & ~UINT64_C(0xf)) == to);
    done();
}

/* The access ends the window, until the guest has it back by other ways. */
static void a_mirror_switches_itself_off(void **state)
{
    struct qemu_section held;

    (void)state;
    policy.strict = true;
    plug_gpu("nvidia-config", NULL);
    held = *qemu_find(false, MEM + MIRROR, 4);
    put(false, MEM + MIRROR + PCI_COMMAND, 0, 2);
    assert_true(shown(0, PCI_BAR_UNMAPPED));
    assert_int_equal(qemu_map.num, 0);
    /* another processor's access, which QEMU had on its way */
    assert_true(qemu_access(&held, MEM + MIRROR, 4, false, 0) == UINT64_MAX);
    qemu_access(&held, MEM + MIRROR + PCI_COMMAND, 2, true, BOTH);
    assert_int_equal(conf(PCI_COMMAND, 2) & BOTH, 0);
    set_conf(PCI_COMMAND, BOTH, 2);
    assert_int_equal(get(false, MEM + MIRROR + BAR0, 4), MEM);
    done();
}

/* A register beyond the header takes the regions, and gives them back late. */
static void a_mirror_puts_its_device_to_sleep(void **state)
{
    const unsigned pmcsr = 0x60 + PCI_PM_CTRL;

    (void)state;
    policy.power_mgmt = true;
    plug_gpu("nvidia-config", NULL);
    put(false, MEM + MIRROR + pmcsr, 3, 2);
    assert_true(shown(0, PCI_BAR_UNMAPPED));
    assert_int_equal(qemu_map.num, 0);
    set_conf(pmcsr, 0, 2);
    assert_int_equal(qemu_map.num, 0);
    g_usleep(SIM_SETTLE_D3_US);
    assert_int_equal(conf(pmcsr, 2) & 3, 0);
    assert_true(shown(0, MEM));
    assert_int_equal(get(false, MEM + MIRROR + BAR0, 4), MEM);
    done();
}

/* Something in QEMU has moved: each device looks whether it has its place. */
static void a_window_is_not_in_its_own_regions_way(void **state)
{
    unsigned changes;

    (void)state;
    plug_gpu("nvidia-config-ports", NULL);
    changes = qemu_map.changes;
    pt_bars_recheck(ours->dev);
    assert_int_equal(qemu_map.changes, changes);
    assert_true(forwarded(false, MEM + MIRROR, PT_PAGE_SIZE));
    assert_true(forwarded(true, INDEX, 8));
    done();
}

/* ------------------------------------------------------------------ */
/* A file's ROM                                                        */

static char romfile[] = "a.rom";

static void the_roms_register_in_the_mirror_is_the_files(void **state)
{
    uint64_t reg = MEM + MIRROR + PCI_ROM_ADDRESS;
    uint32_t host;

    (void)state;
    plug_gpu("nvidia-config-ports", romfile);
    host = dev(&w, PCI_ROM_ADDRESS, 4);
    put(false, reg, UINT32_MAX, 4);
    assert_int_equal(get(false, reg, 4), 0xfffff001);
    assert_int_equal(conf(PCI_ROM_ADDRESS, 4), 0xfffff001);
    put(false, reg, ROM | PCI_ROM_ADDRESS_ENABLE, 4);
    assert_true(forwarded(false, ROM, 4096));
    assert_int_equal(get(false, ROM, 2), 0xaa55);
    /* by the ports, and a part of it: the device's index is of dwords */
    out(INDEX, MIRROR + PCI_ROM_ADDRESS, 4);
    assert_int_equal(in(DATA, 4), ROM | PCI_ROM_ADDRESS_ENABLE);
    out(DATA + 2, (ROM >> 16) + 1, 2);
    assert_true(forwarded(false, ROM + 0x10000, 4096));
    assert_null(qemu_find(false, ROM, 0x10000));
    assert_int_equal(dev(&w, PCI_ROM_ADDRESS, 4), host);
    done();
}

/* Accesses that have another register in them, too, which is the engine's. */
static void what_is_beside_the_roms_register_is_not(void **state)
{
    uint64_t at = MEM + MIRROR + PCI_ROM_ADDRESS;

    (void)state;
    plug_gpu("nvidia-config", romfile);
    put(false, at, UINT64_MAX, 8);
    assert_int_equal(get(false, at, 8), 0xfffff001 | UINT64_C(0x60) << 32);
    assert_int_equal(get(false, at + 2, 4), 0x0060ffff);
    assert_int_equal(get(false, at - 2, 4) >> 16, 0xf001);
    assert_int_equal(get(false, at - 2, 2), conf(PCI_SUBSYSTEM_ID, 2));
    put(false, at - 2, 0x50018888, 4);
    assert_int_equal(conf(PCI_ROM_ADDRESS, 4), 0xffff5001);
    assert_int_equal(get(false, MEM + MIRROR + 0x60, 1), PCI_CAP_ID_PM);
    done();
}

static int start(void **state)
{
    (void)state;
    policy = (struct pt_policy) { .windows = 0 };
    qemu_start();
    return 0;
}

#define TEST(f) cmocka_unit_test_setup(f, start)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(ports_lead_to_the_guests_registers),
        TEST(what_is_no_register_goes_on_to_the_device),
        TEST(a_bar_of_ports_is_moved_by_its_own_window),
        TEST(a_bar_is_moved_by_its_own_mirror),
        TEST(a_64_bit_bar_is_moved_by_one_access),
        TEST(a_mirror_switches_itself_off),
        TEST(a_mirror_puts_its_device_to_sleep),
        TEST(a_window_is_not_in_its_own_regions_way),
        TEST(the_roms_register_in_the_mirror_is_the_files),
        TEST(what_is_beside_the_roms_register_is_not),
    };

    return cmocka_run_group_tests_name("QEMU's windows", tests, NULL, NULL);
}
