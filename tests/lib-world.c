/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A world for tests. See lib-world.h. */
#include <dirent.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pt-pci.h"

#include "lib-world.h"

/* libpci's own name for it needs a type of <pci/pci.h>. */
#define ROM_MASK (~UINT32_C(0x7ff))

const uint64_t *world_allocs;

static void __attribute__((noreturn, format(printf, 1, 2)))
die(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fputc('\n', stderr);
    exit(99);
}

/* ------------------------------------------------------------------ */
/* Devices                                                             */

#define USUAL_POLICIES \
    { "default", { 0 } }, \
    { "strict", { .strict = true } }, \
    { "permissive", { .permissive = true } }, \
    { "power_mgmt", { .power_mgmt = true } }, \
    { "permissive, power_mgmt", { .permissive = true, .power_mgmt = true } }, \
    { "no_rom", { .no_rom = true } }, \
    { "msitranslate", { .msitranslate = true } }, \
    { "extended", { .extended = true } }, \
    { "permissive, extended", { .permissive = true, .extended = true } }, \
    { "extended, power_mgmt", { .extended = true, .power_mgmt = true } }, \
    { "permissive, flr", { .permissive = true, .flr = true } }, \
    { "extended, power_mgmt, flr", { \
        .extended = true, .power_mgmt = true, .flr = true } }

const struct world_policy world_policies[] = {
    USUAL_POLICIES,
    { NULL, { 0 } },
};

const struct world_policy world_all_policies[] = {
    USUAL_POLICIES,
    /* MSI-X (ID 11h), with which a driver falls back to MSI; and all. */
    { "hide MSI-X", { .hide = { [0x11 / 8] = 1 << 0x11 % 8 } } },
    { "hide all", { .hide = { [0 ... 31] = 0xff } } },
    { "hide all, permissive, power_mgmt", {
        .permissive = true, .power_mgmt = true, .hide = { [0 ... 31] = 0xff },
    } },
    { "extended, power_mgmt, hide PCIe", {
        .extended = true, .power_mgmt = true, .hide = { [0x10 / 8] = 1 },
    } },
    { "extended, hide AER, LTR", {
        .extended = true, .hide_ext = { [0] = 1 << 1, [0x18 / 8] = 1 },
    } },
    { "extended, power_mgmt, hide AER, DSN", {
        .extended = true, .power_mgmt = true, .hide_ext = { 1 << 1 | 1 << 3 },
    } },
    { NULL, { 0 } },
};

static const char *devices(void)
{
    const char *dir = getenv("DEVICES");

    return dir ? dir : "tests/devices";
}

static unsigned load(const char *name, struct capture **list)
{
    char path[512];
    struct pt_error err = { "" };
    int n;

    snprintf(path, sizeof(path), "%s/%s", devices(), name);
    n = capture_load(path, list, &err);
    if (n < 1) {
        die("%s", err.text);
    }
    return (unsigned)n;
}

static int is_capture(const struct dirent *e)
{
    const char *dot = strrchr(e->d_name, '.');

    return dot && strcmp(dot, ".txt") == 0;
}

unsigned world_functions(struct world_function **list)
{
    struct dirent **file;
    unsigned count = 0, n, i;
    int f, files = scandir(devices(), &file, is_capture, alphasort);

    *list = NULL;
    if (files < 1) {
        die("no captures in %s: run tests in the repository's root",
            devices());
    }
    for (f = 0; f < files; f++) {
        struct capture *c;

        n = load(file[f]->d_name, &c);
        *list = realloc(*list, (count + n) * sizeof(**list));
        if (!*list) {
            die("out of memory");
        }
        for (i = 0; i < n; i++, count++) {
            struct world_function *fn = &(*list)[count];

            snprintf(fn->name, sizeof(fn->name), "%.60s#%u",
                     file[f]->d_name, i);
            fn->capture = c[i];
        }
        free(c);
        free(file[f]);
    }
    free(file);
    return count;
}

void world_capture(struct capture *c, const char *name, unsigned n)
{
    struct capture *list;
    unsigned count = load(name, &list);

    if (n >= count) {
        die("%s has %u functions, not %u", name, count, n + 1);
    }
    *c = list[n];
    free(list);
}

void world_build(struct capture *c)
{
    memset(c, 0, sizeof(*c));
    c->addr = (struct pt_sbdf) { .bus = 3 };
    snprintf(c->title, sizeof(c->title), "Built for a test");
    c->len = 256;
    pt_store(c->cfg + PCI_VENDOR_ID, 0x1234, 2);
    pt_store(c->cfg + PCI_DEVICE_ID, 0x5678, 2);
    pt_store(c->cfg + PCI_CLASS_DEVICE, PCI_CLASS_NETWORK_ETHERNET, 2);
    c->cfg[PCI_INTERRUPT_LINE] = 17;
    c->cfg[PCI_INTERRUPT_PIN] = 1;
}

void world_build_bar(struct capture *c, unsigned n, uint64_t addr,
                     uint64_t size, unsigned flags)
{
    unsigned off = n == PT_ROM ? PCI_ROM_ADDRESS : PCI_BASE_ADDRESS_0 + 4 * n;
    uint32_t type = flags & PT_REGION_IO ? PCI_BASE_ADDRESS_SPACE_IO :
        (flags & PT_REGION_64 ? PCI_BASE_ADDRESS_MEM_TYPE_64 : 0u) |
        (flags & PT_REGION_PREFETCH ? PCI_BASE_ADDRESS_MEM_PREFETCH : 0u);

    c->region[n] = (struct pt_region) {
        .addr = addr, .size = size, .flags = flags,
    };
    c->sizes_known |= 1u << n;
    pt_store(c->cfg + off, (uint32_t)addr | (n == PT_ROM ? 0 : type), 4);
    if (flags & PT_REGION_64) {
        pt_store(c->cfg + off + 4, (uint32_t)(addr >> 32), 4);
    }
}

void world_build_cap(struct capture *c, uint8_t pos, uint8_t id,
                     const void *body, unsigned len)
{
    unsigned at = PCI_CAPABILITY_LIST, steps = 48;

    if (pos < 0x40 || pos + 2 + len > 0x100) {
        die("no room for a capability at %#x", pos);
    }
    while (c->cfg[at] && --steps) {
        at = (c->cfg[at] & 0xfcu) + PCI_CAP_LIST_NEXT;
    }
    c->cfg[at] = pos;
    c->cfg[PCI_STATUS] |= PCI_STATUS_CAP_LIST;
    c->cfg[pos + PCI_CAP_LIST_ID] = id;
    c->cfg[pos + PCI_CAP_LIST_NEXT] = 0;
    memcpy(c->cfg + pos + 2, body, len);
}

/* ------------------------------------------------------------------ */
/* The world                                                           */

void world_init(struct world *w, const struct capture *c,
                const struct pt_policy *policy, const struct sim_opts *opts)
{
    struct sim_opts o = opts ? *opts : (struct sim_opts) { .dev = { 0 } };
    struct pt_device_info info;

    memset(&w->args, 0, sizeof(w->args));
    w->d = NULL;
    w->was_attached = false;
    o.xen.gfn_bits = o.xen.gfn_bits ? o.xen.gfn_bits : 40;
    w->err.text[0] = w->text[0] = '\0';
    capture_info(c, &info);
    if (sim_init(&w->sim, c, &info, &o) != 0) {
        die("out of memory");
    }
    w->args.host = &w->sim.dev.pt;
    w->args.xen = &w->sim.xen.pt;
    w->args.bus = &w->sim.bus.pt;
    w->args.devfn = 5 << 3;
    if (policy) {
        w->args.policy = *policy;
    }
}

void world_open(struct world *w, const char *name, unsigned n,
                const struct pt_policy *policy)
{
    struct capture c;

    world_capture(&c, name, n);
    world_init(w, &c, policy, NULL);
}

bool world_attach(struct world *w)
{
    w->err.text[0] = '\0';
    w->d = pt_attach(&w->args, &w->err);
    w->was_attached |= w->d != NULL;
    return w->d != NULL;
}

void world_detach(struct world *w)
{
    pt_detach(w->d);
    w->d = NULL;
}

/* What the next owner must find: no mastering, no messages, awake. */
static void check_silent(struct world *w)
{
    const struct sim_dev *s = &w->sim.dev;
    size_t size = sizeof(w->text);

    if (s->vanished || !w->was_attached) {
        return;
    }
    if (sim_dev_peek(s, PCI_COMMAND, 2) & PCI_COMMAND_MASTER) {
        sim_append(w->text, size, "device: left with bus mastering on\n");
    }
    if (sim_dev_msi_enabled(s) || sim_dev_msix_enabled(s)) {
        sim_append(w->text, size, "device: left with messages on\n");
    }
    if (sim_dev_power(s) != 0) {
        sim_append(w->text, size, "device: left in D%u\n", sim_dev_power(s));
    }
}

bool world_quiet(struct world *w)
{
    w->text[0] = '\0';
    if (!w->was_attached && w->sim.xen.stray) {
        /* Refused, with its last owner's messages on: not ours to stop. */
        sim_xen_leaks(&w->sim.xen, w->text, sizeof(w->text));
    } else if (w->d) {
        sim_complaints(&w->sim, w->text, sizeof(w->text));
    } else {
        sim_check_quiet(&w->sim, w->text, sizeof(w->text));
        check_silent(w);
    }
    if (w->text[0]) {
        fputs(w->text, stderr);
    }
    return w->text[0] == '\0';
}

bool world_close(struct world *w)
{
    bool quiet;

    world_detach(w);
    quiet = world_quiet(w);
    world_fini(w);
    return quiet;
}

void world_fini(struct world *w)
{
    world_detach(w);
    sim_fini(&w->sim);
}

/* ------------------------------------------------------------------ */
/* The guest                                                           */

uint8_t rd8(struct world *w, unsigned off)
{
    return (uint8_t)pt_config_read(w->d, off, 1);
}

uint16_t rd16(struct world *w, unsigned off)
{
    return (uint16_t)pt_config_read(w->d, off, 2);
}

uint32_t rd32(struct world *w, unsigned off)
{
    return pt_config_read(w->d, off, 4);
}

void wr8(struct world *w, unsigned off, uint32_t val)
{
    pt_config_write(w->d, off, val, 1);
}

void wr16(struct world *w, unsigned off, uint32_t val)
{
    pt_config_write(w->d, off, val, 2);
}

void wr32(struct world *w, unsigned off, uint32_t val)
{
    pt_config_write(w->d, off, val, 4);
}

uint8_t world_cap(struct world *w, uint8_t id, uint8_t after)
{
    unsigned steps = 48;
    uint8_t pos = after ? rd8(w, after + PCI_CAP_LIST_NEXT) :
        rd8(w, PCI_CAPABILITY_LIST);

    while (pos && --steps) {
        if (rd8(w, pos) == id) {
            return pos;
        }
        pos = rd8(w, pos + PCI_CAP_LIST_NEXT);
    }
    return 0;
}

static unsigned bar_reg(unsigned n)
{
    return n == PT_ROM ? PCI_ROM_ADDRESS : PCI_BASE_ADDRESS_0 + 4 * n;
}

static bool bar_io(uint32_t low, unsigned n)
{
    return n != PT_ROM && (low & PCI_BASE_ADDRESS_SPACE_IO);
}

static bool bar_64(uint32_t low, unsigned n)
{
    return n < PT_NUM_BARS - 1 && !bar_io(low, n) &&
        (low & PCI_BASE_ADDRESS_MEM_TYPE_MASK) ==
        PCI_BASE_ADDRESS_MEM_TYPE_64;
}

static uint32_t addr_mask(uint32_t low, unsigned n)
{
    return n == PT_ROM ? ROM_MASK :
        bar_io(low, n) ? ~UINT32_C(3) : ~UINT32_C(0xf);
}

uint64_t world_bar_size(struct world *w, unsigned n)
{
    unsigned reg = bar_reg(n);
    uint32_t low = rd32(w, reg), high = 0;
    uint64_t mask;

    wr32(w, reg, n == PT_ROM ? ROM_MASK : UINT32_MAX);
    mask = rd32(w, reg) & addr_mask(low, n);
    if (bar_64(low, n)) {
        high = rd32(w, reg + 4);
        wr32(w, reg + 4, UINT32_MAX);
        mask |= (uint64_t)rd32(w, reg + 4) << 32;
    } else if (mask) {
        mask |= UINT64_C(0xffffffff) << 32;
    }
    wr32(w, reg, low);
    if (bar_64(low, n)) {
        wr32(w, reg + 4, high);
    }
    return mask ? ~mask + 1 : 0;
}

bool world_bar_place(struct world *w, unsigned n, uint64_t addr)
{
    unsigned reg = bar_reg(n);
    uint32_t low = rd32(w, reg);

    if (world_bar_size(w, n) == 0) {
        return false;
    }
    wr32(w, reg, (uint32_t)addr |
         (n == PT_ROM ? (uint32_t)PCI_ROM_ADDRESS_ENABLE : 0));
    if (bar_64(low, n)) {
        wr32(w, reg + 4, (uint32_t)(addr >> 32));
    }
    return true;
}

uint64_t world_bar_addr(struct world *w, unsigned n)
{
    unsigned reg = bar_reg(n);
    uint32_t low = rd32(w, reg);
    uint64_t high = bar_64(low, n) ? rd32(w, reg + 4) : 0;

    return (low & addr_mask(low, n)) | high << 32;
}

void world_place_all(struct world *w)
{
    uint64_t mem = WORLD_MEM, mem64 = WORLD_MEM64, ports = WORLD_PORTS;
    unsigned n;

    for (n = 0; n < PT_NUM_REGIONS; n++) {
        uint32_t low = rd32(w, bar_reg(n));
        uint64_t size = world_bar_size(w, n), *next;

        if (size == 0) {
            continue;
        }
        next = bar_io(low, n) ? &ports : bar_64(low, n) ? &mem64 : &mem;
        *next = (*next + size - 1) & ~(size - 1);
        world_bar_place(w, n, *next);
        *next += size;
        n += bar_64(low, n);
    }
}

void world_decode(struct world *w, bool on)
{
    uint16_t bits = PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER;
    uint16_t val = rd16(w, PCI_COMMAND);

    wr16(w, PCI_COMMAND, on ? val | bits : val & ~bits);
}

bool world_power(struct world *w, unsigned state)
{
    uint8_t pos = world_cap(w, PCI_CAP_ID_PM, 0);

    if (!pos) {
        return false;
    }
    wr16(w, pos + PCI_PM_CTRL, state);
    return true;
}

/* ------------------------------------------------------------------ */
/* Costs                                                               */

struct world_cost world_cost(const struct world *w)
{
    const struct sim_dev_count *n = &w->sim.dev.count;
    struct world_cost c = {
        .reads = n->reads, .writes = n->writes,
        .read_cycles = n->read_cycles, .write_cycles = n->write_cycles,
        .hypercalls = w->sim.xen.total,
        .traps = w->sim.bus.trap_calls + w->sim.bus.untrap_calls,
        .lines = w->sim.bus.num_lines,
        .allocs = world_allocs ? *world_allocs : 0,
    };
    unsigned i;

    for (i = 0; i < 4; i++) {
        c.mmio += n->mmio_reads[i] + n->mmio_writes[i];
    }
    memcpy(c.calls, w->sim.xen.calls, sizeof(c.calls));
    return c;
}

struct world_cost world_cost_since(const struct world *w,
                                   const struct world_cost *then)
{
    struct world_cost c = world_cost(w);
    unsigned i;

    c.reads -= then->reads;
    c.writes -= then->writes;
    c.read_cycles -= then->read_cycles;
    c.write_cycles -= then->write_cycles;
    c.mmio -= then->mmio;
    c.hypercalls -= then->hypercalls;
    c.traps -= then->traps;
    c.lines -= then->lines;
    c.allocs -= then->allocs;
    for (i = 0; i < SIM_NUM_CALLS; i++) {
        c.calls[i] -= then->calls[i];
    }
    return c;
}

/* ------------------------------------------------------------------ */
/* Chance                                                              */

/* Knuth's 64-bit linear congruence; the high half is the better one. */
uint32_t world_random(struct world_rng *r)
{
    r->state = r->state * UINT64_C(6364136223846793005) +
        UINT64_C(1442695040888963407);
    return (uint32_t)(r->state >> 32);
}

unsigned world_rounds(unsigned n)
{
    const char *quick = getenv("SIM_QUICK");

    return quick && quick[0] == '1' ? n / 20 + 1 : n;
}
