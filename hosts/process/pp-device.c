/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A device of the guest's as the engine's host: what the engine asks for, and
 * the guest's accesses, which Xen sends.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "pt-pci.h"
#include "pp-guest.h"

/* ------------------------------------------------------------------ */
/* What the engine asks                                                */

static void bus_log(void *priv, enum pt_level level, const char *line)
{
    (void)priv;
    fprintf(stderr, "%s%s\n", pt_level_prefix(level), line);
}

uint64_t pp_now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static uint64_t bus_now_us(void *priv)
{
    (void)priv;
    return pp_now_us();
}

static void bus_delay_us(void *priv, uint32_t us)
{
    struct timespec t = { .tv_sec = us / 1000000,
                          .tv_nsec = (long)(us % 1000000) * 1000 };

    (void)priv;
    while (nanosleep(&t, &t) != 0 && errno == EINTR) {
    }
}

static void bus_call_at(void *priv, uint64_t us)
{
    struct pp_device *d = priv;

    d->times.tick = us;
}

static int claim_trap(struct pp_device *d, const struct pt_trap *t, bool on)
{
    return (t->io ? pp_ioreq_claim_ports : pp_ioreq_claim_memory)(
        &d->guest->ioreq, t->gpa, t->size, on);
}

static int bus_trap(void *priv, struct pt_trap *t)
{
    struct pp_device *d = priv;
    struct pt_trap **slot = &d->trap[t->region * PT_REGION_TRAPS + t->part];
    int rc = claim_trap(d, t, true);

    if (rc == 0) {
        t->host = d;
        *slot = t;
    }
    return rc;
}

static void bus_untrap(void *priv, struct pt_trap *t)
{
    struct pp_device *d = priv;
    struct pt_trap **slot = &d->trap[t->region * PT_REGION_TRAPS + t->part];

    if (*slot) {
        claim_trap(d, t, false);
        *slot = NULL;
    }
}

static void bus_moved(void *priv, const struct pt_dev *self, unsigned region,
                      uint64_t addr)
{
    struct pp_device *d = priv;

    if (pt_places_move(&d->places, self, region, addr)) {
        d->guest->room = true;
    }
    pt_times_moved(&d->times, addr, pp_now_us());
}

/* Does the guest have the device's memory decoded? */
static bool decodes(const struct pp_device *d)
{
    struct pt_byte command;

    pt_look(d->dev, PCI_COMMAND, &command);
    return command.copy & PCI_COMMAND_MEMORY;
}

static uint32_t bus_config_read(void *priv, struct pt_dev *self, uint32_t off,
                                unsigned len)
{
    const struct pp_device *d = priv;

    return pp_rom_reads(&d->rom, off, len, pt_config_read(self, off, len));
}

static void bus_config_write(void *priv, struct pt_dev *self, uint32_t off,
                             uint32_t val, unsigned len)
{
    struct pp_device *d = priv;

    d->touched = true;
    pt_config_write(self, off, val, len);
    pp_rom_wrote(&d->rom, off, len, val);
    pp_rom_sync(d, decodes(d));
}

static const struct pt_bus_ops bus_ops = {
    .log = bus_log,
    .now_us = bus_now_us,
    .delay_us = bus_delay_us,
    .call_at = bus_call_at,
    .trap = bus_trap,
    .untrap = bus_untrap,
    .traps_ports = true,
    .taken = pp_space_taken,
    .moved = bus_moved,
    .config_read = bus_config_read,
    .config_write = bus_config_write,
};

/* ------------------------------------------------------------------ */
/* The guest's accesses                                                */

/*
 * A guest that does not let go of a device may look for it for ever: a burst of
 * questions, as one that does needs a few at once, and then some a second.
 */
static bool may_look(struct pp_guest *g)
{
    uint64_t now = pp_now_us();
    uint64_t since = g->looked > now ? g->looked : now;

    if (since - now >= PP_LOOKS * PP_LOOK_AGAIN_US) {
        return false;
    }
    g->looked = since + PP_LOOK_AGAIN_US;
    return true;
}

/* A guest may look for one again that it has let go of a moment ago. */
static void look_if_leaving(struct pp_guest *g, uint8_t devfn)
{
    const struct pp_device *d = g->at[devfn];

    if (d && d->leaving && !pp_monitor_late(&g->monitor) && may_look(g)) {
        pp_guest_look(g, PP_GUEST_PATIENCE, NULL);
    }
}

static uint32_t config_read(void *priv, uint8_t devfn, unsigned reg,
                            unsigned len)
{
    struct pp_guest *g = priv;
    struct pp_device *d;

    if (reg == PCI_VENDOR_ID) {
        look_if_leaving(g, devfn);
    }
    d = g->at[devfn];

    return d && d->dev ? bus_config_read(d, d->dev, reg, len) : UINT32_MAX;
}

static void config_write(void *priv, uint8_t devfn, unsigned reg,
                         uint32_t val, unsigned len)
{
    struct pp_guest *g = priv;
    struct pp_device *d = g->at[devfn];

    if (d && d->dev) {
        bus_config_write(d, d->dev, reg, val, len);
    }
}

/*
 * MMCONFIG: as with the ports, of the functions that have 4 KiB; of others
 * nothing comes here, and reads all ones.
 */
static uint32_t mmcfg_read(void *priv, unsigned devfn, unsigned off,
                           unsigned len)
{
    return config_read(priv, (uint8_t)devfn, off, len);
}

static void mmcfg_write(void *priv, unsigned devfn, unsigned off,
                        uint32_t val, unsigned len)
{
    config_write(priv, (uint8_t)devfn, off, val, len);
}

static bool mmcfg_extended(void *priv, unsigned devfn)
{
    const struct pp_guest *g = priv;

    return g->at[devfn] && g->at[devfn]->extended;
}

static const struct pt_mmcfg_ops mmcfg_ops = {
    .read = mmcfg_read, .write = mmcfg_write, .extended = mmcfg_extended,
};

static bool in_mmcfg(uint64_t addr)
{
    return addr >= PT_MMCFG_BASE && addr - PT_MMCFG_BASE < PT_MMCFG_SIZE;
}

/* The device whose ROM is there, or NULL. */
static const struct pp_device *find_rom(const struct pp_guest *g,
                                        uint64_t addr)
{
    const struct pp_device *d = g->first;

    while (d && !pp_rom_has(&d->rom, addr)) {
        d = d->next;
    }
    return d;
}

/* The window that has all of [@addr, @addr + @len); @io: of ports. */
static struct pt_trap *find_trap(const struct pp_guest *g, bool io,
                                 uint64_t addr, unsigned len)
{
    for (const struct pp_device *d = g->first; d; d = d->next) {
        for (unsigned i = 0; i < PT_NUM_BARS * PT_REGION_TRAPS; i++) {
            struct pt_trap *t = d->trap[i];

            if (t && t->io == io && addr >= t->gpa && addr - t->gpa < t->size &&
                len <= t->size - (addr - t->gpa)) {
                return t;
            }
        }
    }
    return NULL;
}

static uint64_t mem_read(void *priv, uint64_t addr, unsigned len)
{
    const struct pp_device *d;
    struct pt_trap *t;

    if (in_mmcfg(addr)) {
        return pt_mmcfg_read(&mmcfg_ops, priv, addr - PT_MMCFG_BASE, len);
    }
    t = find_trap(priv, false, addr, len);
    if (t) {
        return pt_trap_read(t, addr - t->gpa, len);
    }
    d = find_rom(priv, addr);
    return d ? pp_rom_mem_read(&d->rom, addr, len) : UINT64_MAX;
}

static void mem_write(void *priv, uint64_t addr, uint64_t val, unsigned len)
{
    struct pt_trap *t;

    if (in_mmcfg(addr)) {
        pt_mmcfg_write(&mmcfg_ops, priv, addr - PT_MMCFG_BASE, val, len);
        return;
    }
    t = find_trap(priv, false, addr, len);
    if (t) {
        pt_trap_write(t, addr - t->gpa, val, len);
    }
}

static uint32_t port_read(void *priv, uint32_t port, unsigned len)
{
    struct pt_trap *t = find_trap(priv, true, port, len);

    return t ? (uint32_t)pt_trap_read(t, port - t->gpa, len) : UINT32_MAX;
}

static void port_write(void *priv, uint32_t port, uint32_t val, unsigned len)
{
    struct pt_trap *t = find_trap(priv, true, port, len);

    if (t) {
        pt_trap_write(t, port - t->gpa, val, len);
    }
}

const struct pp_ioreq_target pp_device_target = {
    .config_read = config_read,
    .config_write = config_write,
    .mem_read = mem_read,
    .mem_write = mem_write,
    .port_read = port_read,
    .port_write = port_write,
};

/* ------------------------------------------------------------------ */
/* Its life                                                            */

/* Of a policy file's, the guest does without; not of what libxl asks for. */
static int load_rom(struct pp_device *d, const char *wished, const char *file,
                    struct pt_error *err)
{
    struct pt_error why = { "" };

    if (wished) {
        return pp_rom_load(&d->rom, wished, err);
    }
    if (*file && pp_rom_load(&d->rom, file, &why) != 0) {
        fprintf(stderr, "warning: %s: policy file: %s\n", d->id, why.text);
    }
    return 0;
}

static int decide(struct pp_device *d, const struct pp_wish *w,
                  struct pt_policy *policy, char *origin, size_t size,
                  struct pt_error *err)
{
    const struct pp_guest *g = d->guest;
    struct pt_conf_choice c;
    int rc = pt_conf_decide(g->env->conf, w->config ? w->config : g->config,
                            &d->host, &c, err);

    if (rc != 0) {
        return rc;
    }
    pt_conf_say(&c, g->said);
    pt_conf_say(&c, w->said);
    rc = pt_conf_policy(&c, policy, err);
    if (rc == 0 && !pt_conf_origin(&c, origin, size)) {
        *origin = '\0';
    }
    if (rc == 0 && !policy->no_rom) {
        rc = load_rom(d, w->romfile, c.romfile, err);
    }
    /* Ours, then, not the engine's. */
    policy->no_rom |= d->rom.data != NULL;
    return rc;
}

/* Its page of the window. Returns whether it has what was asked for. */
static bool claim_page(struct pp_device *d, bool on)
{
    uint64_t page = PT_MMCFG_BASE + d->devfn * PT_PAGE_SIZE;
    int rc = pp_ioreq_claim_memory(&d->guest->ioreq, page, PT_PAGE_SIZE, on);

    d->extended = on && rc == 0;
    if (rc != 0) {
        fprintf(stderr, "warning: %s: no extended configuration space: %s\n",
                d->id, strerror(-rc));
    }
    return d->extended;
}

/* For who comes after us: see pp-recover.c. Returns 0 or -errno. */
static int write_down(const struct pp_device *d, struct pt_error *err)
{
    const struct pt_device *host = &d->host;
    struct pp_entry e = { .addr = host->info.addr };
    int rc = host->ops->read(host->priv, PCI_COMMAND, e.command, 2);

    if (rc != 0) {
        return pt_fail(err, -rc, "%s: can't read its configuration space: %s",
                       d->id, strerror(-rc));
    }
    memcpy(e.id, d->id, sizeof(e.id));
    d->guest->journal->device[d->devfn] = e;
    return 0;
}

static int attach(struct pp_device *d, const struct pp_wish *w,
                  struct pt_error *err)
{
    struct pp_guest *g = d->guest;
    struct pt_args args = {
        .host = &d->host, .xen = &g->xen, .bus = &d->bus, .devfn = d->devfn,
    };
    char origin[PT_CONF_ORIGINS];
    int rc = decide(d, w, &args.policy, origin, sizeof(origin), err);

    if (rc == 0) {
        rc = write_down(d, err);
    }
    if (rc != 0) {
        return rc;
    }
    args.origin = *origin ? origin : NULL;
    args.policy.extended = args.policy.extended && claim_page(d, true);
    d->dev = pt_attach(&args, err);
    if (!d->dev) {
        return -EIO;
    }
    if (d->extended && pt_config_size(d->dev) == PT_CFG_SIZE) {
        claim_page(d, false);
    }
    pp_device_enter(d);
    rc = pp_ioreq_claim_function(&g->ioreq, d->devfn, true);
    d->claimed = rc == 0;
    return rc == 0 ? 0 : pt_fail(err, -rc, "Xen does not let %s be at %02x.%x "
                                 "of the guest: %s", d->id, d->devfn >> 3,
                                 d->devfn & 7, strerror(-rc));
}

struct pp_device *pp_device_attach(struct pp_guest *g, const struct pp_wish *w,
                                   uint8_t devfn, struct pt_error *err)
{
    struct pp_device *d = calloc(1, sizeof(*d));

    if (!d) {
        pt_fail(err, ENOMEM, "%s", strerror(ENOMEM));
        return NULL;
    }
    d->guest = g;
    d->devfn = devfn;
    pt_times_init(&d->times);
    d->rom.at = PT_UNMAPPED;
    d->bus = (struct pt_bus) { .ops = &bus_ops, .priv = d };
    pt_places_init(&d->places);
    memcpy(d->id, w->id, sizeof(d->id));
    if (g->env->open_device(&d->host, &w->host, err) != 0) {
        free(d);
        return NULL;
    }
    if (attach(d, w, err) != 0) {
        pp_device_detach(d, PP_UNDONE);
        return NULL;
    }
    return d;
}

uint64_t pp_device_region(const struct pp_device *d, unsigned n)
{
    return n == PT_ROM && d->rom.data ? d->rom.size :
        pt_region_size(d->dev, n);
}

void pp_device_enter(struct pp_device *d)
{
    struct pp_guest *g = d->guest;

    g->at[d->devfn] = d;
    d->next = g->first;
    g->first = d;
}

static void leave(struct pp_device *d)
{
    struct pp_guest *g = d->guest;
    struct pp_device **at = &g->first;

    while (*at && *at != d) {
        at = &(*at)->next;
    }
    if (*at) {
        *at = d->next;
        g->at[d->devfn] = NULL;
    }
}

void pp_device_detach(struct pp_device *d, enum pp_end how)
{
    struct pp_guest *g = d->guest;

    if (d->claimed) {
        pp_ioreq_claim_function(&g->ioreq, d->devfn, false);
    }
    if (d->extended) {
        claim_page(d, false);
    }
    leave(d);
    pp_rom_sync(d, false);
    pp_rom_free(&d->rom);
    switch (how) {
    case PP_DETACHED:
        pt_detach(d->dev);
        break;
    case PP_LEFT:
        pt_detach_left(d->dev);
        break;
    case PP_UNDONE:
        pt_attach_undo(d->dev);
        break;
    }
    pt_device_close(&d->host);
    g->journal->device[d->devfn] = (struct pp_entry) { .id = "" };
    g->room = true;
    free(d);
}
