/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Graphics with gfx_passthru: legacy VGA, video BIOS, and for Intel's
 * integrated graphics the OpRegion, the host bridge and the PCH.
 */
#include <errno.h>
#include <string.h>

#include "pt-tree.h"
#include "pt-graphics.h"
#include "pt-os.h"
#include "pt-qemu-dm.h"

#define VENDOR_INTEL 0x8086
#define CLASS_VGA 0x0300
#define CFG_REVISION 0x08
#define CFG_CLASS 0x0a
#define CFG_OPREGION 0xfc
#define CFG_SIZE 0x100u

#define OPREGION_PAGES 2
#define LOW_BITS 0xfffu

#define VBIOS_GUEST 0xc0000
#define VBIOS_UNIT 512

static const struct pt_sbdf igd_addr = { .dev = 2 };
static const struct pt_sbdf bridge_addr = { .dev = 0 };
static const struct pt_sbdf pch_addr = { .dev = 0x1f };

/* What a VGA device decodes without a BAR: PCI 3.0, 3.3 and appendix E. */
static const struct legacy {
    const char *name;
    bool io;
    uint32_t first;  /* port, or page */
    uint32_t count;
} legacy[] = {
    { "ports 3b0 to 3bb", true, 0x3b0, 0xc },
    { "ports 3c0 to 3df", true, 0x3c0, 0x20 },
    { "memory a0000 to bffff", false, 0xa0, 0x20 },
};

#define NUM_LEGACY (sizeof(legacy) / sizeof(legacy[0]))

static struct {
    PCIBus *bus;

    const struct pt_device *vga;  /* who has the legacy regions */
    struct pt_xen *xen;           /* the domain's */
    bool mapped[NUM_LEGACY];

    const struct pt_device *igd;
    struct pt_device bridge;      /* open while there is an IGD */
    bool bridge_failed;           /* was logged */
    uint32_t opregion_host;       /* 0: none */
    uint32_t opregion;            /* as the guest reads it; 0: unset */
    bool opregion_failed;         /* was logged */
} gfx;

static void say(const char *what, const char *why)
{
    fprintf(logfile ? logfile : stderr, "pass-through: graphics: %s: %s\n",
            what, why);
}

static bool same(const struct pt_sbdf *a, const struct pt_sbdf *b)
{
    return a->domain == b->domain && a->bus == b->bus && a->dev == b->dev &&
        a->func == b->func;
}

static uint32_t load(const uint8_t *p, int len)
{
    uint32_t val = 0;

    while (len-- > 0) {
        val = val << 8 | p[len];
    }
    return val;
}

static uint32_t lanes(int len)
{
    return len >= 4 ? UINT32_MAX : (UINT32_C(1) << (8 * len)) - 1;
}

static int host_read(const struct pt_device *d, uint32_t off, int len,
                     uint32_t *val)
{
    uint8_t buf[4] = { 0 };
    int rc = d->ops->read(d->priv, (uint16_t)off, buf, (unsigned)len);

    *val = load(buf, len);
    return rc;
}

static int host_write(const struct pt_device *d, uint32_t off, int len,
                      uint32_t val)
{
    uint8_t buf[4];

    for (int i = 0; i < len; i++) {
        buf[i] = (uint8_t)(val >> (8 * i));
    }
    return d->ops->write(d->priv, (uint16_t)off, buf, (unsigned)len);
}

static bool legal(uint32_t off, int len)
{
    return (len == 1 || len == 2 || len == 4) &&
        off <= CFG_SIZE - (uint32_t)len;
}

/* ------------------------------------------------------------------ */
/* The PCH                                                             */

static int pch_map_irq(PCIDevice *d, int pin)
{
    (void)d;
    return pin;
}

/* Drivers know their generation by the ISA bridge's ID: class 0601. */
static void make_pch(void)
{
    const int devfn = PCI_DEVFN(0x1f, 0);
    struct pt_device host;
    struct pt_error err;
    uint32_t revision;

    if (!gfx.bus || pci_devfn_in_use(gfx.bus, devfn)) {
        return;
    }
    if (pt_device_open(&host, &pch_addr, &err) != 0) {
        say("no PCH for the guest", err.text);
        return;
    }
    if (host.info.vendor == VENDOR_INTEL &&
        host_read(&host, CFG_REVISION, 1, &revision) == 0) {
        pci_isa_bridge_init(gfx.bus, devfn, host.info.vendor,
                            host.info.device, (uint8_t)revision, pch_map_irq,
                            "host's PCH");
    }
    pt_device_close(&host);
}

void intel_pch_init(PCIBus *bus)
{
    pt_device_close(&gfx.bridge);
    memset(&gfx, 0, sizeof(gfx));
    gfx.bus = bus;
#ifndef CONFIG_STUBDOM
    /* A stub domain has no PCI yet: see pt_gfx_open(). */
    if (gfx_passthru) {
        make_pch();
    }
#endif
}

/* ------------------------------------------------------------------ */
/* The host bridge                                                     */

/* What Intel's drivers and video BIOS read there, by its data sheets. */
static const struct {
    uint8_t off;
    uint8_t size;
    bool write;
} bridge_regs[] = {
    { 0x00, 2, false },  /* Vendor ID */
    { 0x02, 2, false },  /* Device ID */
    { 0x08, 1, false },  /* Revision ID */
    { 0x2c, 2, false },  /* Subsystem Vendor ID */
    { 0x2e, 2, false },  /* Subsystem ID */
    { 0x50, 2, false },  /* graphics control, from Sandy Bridge on */
    { 0x52, 2, false },  /* graphics control, before */
    { 0x58, 4, true },   /* protected content */
    { 0xa0, 4, false },  /* top of memory */
    { 0xa4, 4, false },
    { 0xa8, 4, false },
    { 0xb0, 4, false },  /* base of stolen memory */
};

/* The bits of an access that are the host's. */
static uint32_t host_bits(uint32_t off, int len, bool write)
{
    uint32_t mask = 0;

    for (int i = 0; i < len; i++) {
        uint32_t at = off + (uint32_t)i;

        for (size_t n = 0; n < sizeof(bridge_regs) / sizeof(bridge_regs[0]);
             n++) {
            if (at >= bridge_regs[n].off &&
                at < (uint32_t)bridge_regs[n].off + bridge_regs[n].size &&
                (!write || bridge_regs[n].write)) {
                mask |= UINT32_C(0xff) << (8 * i);
            }
        }
    }
    return mask;
}

static void bridge_failed(void)
{
    if (!gfx.bridge_failed) {
        gfx.bridge_failed = true;
        say("host bridge", "can't access its registers");
    }
}

uint32_t igd_pci_read(PCIDevice *d, uint32_t addr, int len)
{
    uint32_t val = pci_default_read_config(d, addr, len), mask, host;

    if (!gfx.igd || !legal(addr, len)) {
        return val;
    }
    mask = host_bits(addr, len, false);
    if (mask == 0) {
        return val;
    }
    if (host_read(&gfx.bridge, addr, len, &host) != 0) {
        bridge_failed();
        return val;
    }
    return (val & ~mask) | (host & mask);
}

void igd_pci_write(PCIDevice *d, uint32_t addr, uint32_t val, int len)
{
    uint32_t mask = gfx.igd && legal(addr, len) ?
        host_bits(addr, len, true) : 0;

    if (mask == 0) {
        pci_default_write_config(d, addr, val, len);
    } else if (mask == lanes(len)) {
        if (host_write(&gfx.bridge, addr, len, val) != 0) {
            bridge_failed();
        }
    } else {
        for (int i = 0; i < len; i++) {
            igd_pci_write(d, addr + (uint32_t)i, (val >> (8 * i)) & 0xff, 1);
        }
    }
}

/* ------------------------------------------------------------------ */
/* The OpRegion                                                        */

static bool in_opregion(const struct pt_device *host, uint32_t off, int len)
{
    return host == gfx.igd && legal(off, len) && off >= CFG_OPREGION;
}

bool pt_gfx_config_read(const struct pt_device *host, uint32_t off, int len,
                        uint32_t *val)
{
    if (!in_opregion(host, off, len)) {
        return false;
    }
    *val = gfx.opregion ? gfx.opregion : UINT32_MAX;
    *val = *val >> (8 * (off - CFG_OPREGION)) & lanes(len);
    return true;
}

static int map_opregion(bool add)
{
    return gfx.xen->ops->map_memory(gfx.xen->priv,
                                    gfx.opregion >> PT_PAGE_SHIFT,
                                    gfx.opregion_host >> PT_PAGE_SHIFT,
                                    OPREGION_PAGES, add);
}

/*
 * Firmware tells once where it left room for the host's OpRegion; the
 * register in the device keeps the host's address.
 */
bool pt_gfx_config_write(const struct pt_device *host, uint32_t off, int len,
                         uint32_t val)
{
    uint32_t page = val & ~LOW_BITS;

    if (!in_opregion(host, off, len)) {
        return false;
    }
    if (len != 4 || gfx.opregion || !gfx.opregion_host || !gfx.xen ||
        page == 0 || val == UINT32_MAX) {
        return true;
    }
    gfx.opregion = page | (gfx.opregion_host & LOW_BITS);
    if (map_opregion(true) != 0) {
        gfx.opregion = 0;
        if (!gfx.opregion_failed) {
            gfx.opregion_failed = true;
            say("OpRegion", "can't be mapped");
        }
    }
    return true;
}

static void find_opregion(const struct pt_device *host)
{
    uint32_t val;

    if (host_read(host, CFG_OPREGION, 4, &val) == 0 && val != 0 &&
        val != UINT32_MAX) {
        gfx.opregion_host = val;
    }
}

/* ------------------------------------------------------------------ */
/* Legacy VGA                                                          */

static int map_legacy(const struct legacy *l, bool add)
{
    const struct pt_xen_ops *ops = gfx.xen->ops;

    return l->io ?
        ops->map_ports(gfx.xen->priv, l->first, l->first, l->count, add) :
        ops->map_memory(gfx.xen->priv, l->first, l->first, l->count, add);
}

static void legacy_on(void)
{
    for (size_t i = 0; i < NUM_LEGACY; i++) {
        gfx.mapped[i] = map_legacy(&legacy[i], true) == 0;
        if (!gfx.mapped[i]) {
            say(legacy[i].name, "can't be mapped");
        }
    }
}

static void legacy_off(void)
{
    for (size_t i = 0; i < NUM_LEGACY; i++) {
        if (gfx.mapped[i] && map_legacy(&legacy[i], false) != 0 &&
            map_legacy(&legacy[i], false) != 0) {
            say(legacy[i].name, "can't be unmapped");
        }
    }
}

/* ------------------------------------------------------------------ */
/* The video BIOS                                                      */

size_t pt_vbios_check(uint8_t rom[PT_VBIOS_MAX], bool *fixed)
{
    size_t size = (size_t)rom[2] * VBIOS_UNIT;
    uint8_t sum = 0;

    *fixed = false;
    if (rom[0] != 0x55 || rom[1] != 0xaa || size == 0) {
        return 0;
    }
    if (size > PT_VBIOS_MAX) {
        size = PT_VBIOS_MAX;
    }
    for (size_t i = 0; i < size; i++) {
        sum = (uint8_t)(sum + rom[i]);
    }
    /* Some shrink while they run and leave a sum that no firmware takes. */
    if (sum != 0) {
        rom[size - 1] = (uint8_t)(rom[size - 1] - sum);
        *fixed = true;
    }
    return size;
}

static void copy_vbios(void)
{
    static uint8_t rom[PT_VBIOS_MAX];
    bool fixed;
    size_t size;
    int rc = pt_os_read_vbios(rom, sizeof(rom));

    if (rc != 0) {
        say("no video BIOS for the guest", strerror(-rc));
        return;
    }
    size = pt_vbios_check(rom, &fixed);
    if (size == 0) {
        say("no video BIOS for the guest", "the host has none at c0000");
        return;
    }
    if (fixed) {
        say("video BIOS", "its checksum was wrong, and is set right");
    }
    cpu_physical_memory_rw(VBIOS_GUEST, rom, (int)size, 1);
}

/* ------------------------------------------------------------------ */
/* Attach and detach                                                   */

bool pt_gfx_place(const struct pt_sbdf *addr)
{
    return gfx_passthru && addr->domain == igd_addr.domain &&
        addr->bus == igd_addr.bus && addr->dev == igd_addr.dev;
}

int pt_gfx_open(const struct pt_device *host, struct pt_error *err)
{
    struct pt_error why;
    char name[PT_SBDF_LEN];
    int rc;

    if (!gfx_passthru || !same(&host->info.addr, &igd_addr) ||
        host->info.vendor != VENDOR_INTEL) {
        return 0;
    }
    rc = pt_device_open(&gfx.bridge, &bridge_addr, &why);
    if (rc != 0) {
        return pt_fail(err, -rc, "%s: graphics need the host bridge: %s",
                       pt_sbdf_str(&host->info.addr, name), why.text);
    }
    gfx.igd = host;
    make_pch();
    return 0;
}

void pt_gfx_attach(struct pt_device *host, struct pt_xen *xen)
{
    uint32_t class;

    if (!gfx_passthru || host_read(host, CFG_CLASS, 2, &class) != 0) {
        return;
    }
    gfx.xen = xen;
    if (host == gfx.igd) {
        find_opregion(host);
    }
    if (class != CLASS_VGA) {
        return;
    }
    if (gfx.vga) {
        say("a second VGA device", "the first one has the legacy regions");
        return;
    }
    gfx.vga = host;
    legacy_on();
    copy_vbios();
}

void pt_gfx_detach(const struct pt_device *host)
{
    if (host == gfx.vga) {
        legacy_off();
        gfx.vga = NULL;
    }
    if (host == gfx.igd) {
        if (gfx.opregion && map_opregion(false) != 0 &&
            map_opregion(false) != 0) {
            say("OpRegion", "can't be unmapped");
        }
        gfx.opregion = gfx.opregion_host = 0;
        gfx.opregion_failed = gfx.bridge_failed = false;
        pt_device_close(&gfx.bridge);
        gfx.igd = NULL;
    }
}
