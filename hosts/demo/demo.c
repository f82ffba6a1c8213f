/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * make demo: a card is passed through to a guest, from attach to detach.
 *
 * The engine, its tables and the bus are the product's own; the card and Xen
 * are simulated. Each step checks what the specifications say of it: exit
 * status 1 if anything is otherwise.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pci/header.h>

#include "demo.h"

/* A register of the card's own in configuration space, in no structure. */
#define SPECIFIC_REG 0xe8

/* ------------------------------------------------------------------ */
/* The machine                                                         */

static void engine_log(void *priv, enum pt_level level, const char *line)
{
    struct demo *m = priv;

    (void)level;
    m->lines++;
    if (!m->silent) {
        demo_say(7, "  log: %s", line);
    }
}

static uint64_t clock_now(void *priv)
{
    const struct demo *m = priv;

    return m->clock.now_us;
}

static void clock_delay(void *priv, uint32_t us)
{
    struct demo *m = priv;

    m->clock.now_us += us;
}

static int add_host_bridge(struct demo *m)
{
    PCIDevice *d = pci_register_device(m->bus, "host bridge", sizeof(*d), 0,
                                       NULL, NULL);

    if (!d) {
        return -1;
    }
    d->config[PCI_VENDOR_ID] = 0x86;
    d->config[PCI_VENDOR_ID + 1] = 0x80;
    d->config[PCI_DEVICE_ID] = 0x37;
    d->config[PCI_DEVICE_ID + 1] = 0x12;
    d->config[PCI_CLASS_DEVICE + 1] = PCI_BASE_CLASS_BRIDGE;
    return 0;
}

static int build_machine(struct demo *m)
{
    struct pt_error err = { "" };
    struct pt_device_info info;

    if (capture_parse(demo_card_name, demo_card,
                      (size_t)(demo_card_end - demo_card), &m->card,
                      &err) < 1) {
        fprintf(stderr, "demo: %s\n", err.text);
        return -1;
    }
    capture_info(m->card, &info);
    m->bus = pci_bus_new();
    if (!m->bus || add_host_bridge(m) != 0 ||
        sim_xen_init(&m->xen, NULL) != 0) {
        return -1;
    }
    if (sim_dev_init(&m->dev, m->card, &info, NULL, &m->clock) != 0) {
        sim_xen_fini(&m->xen);
        return -1;
    }
    for (unsigned off = 0; off < PT_CFG_SIZE; off++) {
        m->power_on[off] = (uint8_t)sim_dev_peek(&m->dev, off, 1);
    }
    return sim_xen_add(&m->xen, &m->dev);
}

static uint32_t card_reg(const struct demo *m, unsigned off, unsigned len)
{
    return (uint32_t)sim_get(m->card->cfg + off, len);
}

/* ------------------------------------------------------------------ */
/* Steps                                                               */

static void introduce(const struct demo *m)
{
    char addr[PT_SBDF_LEN];

    demo_say(0, "A network card is passed through to a guest: what the guest "
             "does, what it sees, what the card has, and what it costs.");
    putchar('\n');
    demo_say(11, "real:      the engine and its tables (hw/), the guest's bus "
             "with ports 0xCF8 and 0xCFC (hosts/bus/)");
    demo_say(11, "simulated: the card, by a capture of a real one (%s, %s "
             "there); Xen. No device of this machine is touched.",
             demo_card_name, pt_sbdf_str(&m->card->addr, addr));
    demo_say(11, "for real:  build/ptview 0000:03:00.0 shows what a guest "
             "would see of a device of this machine, without Xen; on Xen: xl "
             "pci-attach GUEST 03:00.0");
    demo_legend();
}

static int step_attach(struct demo *m)
{
    struct pt_host_args args = {
        .device = &m->dev.pt,
        .xen = &m->xen.pt,
        .env = { .priv = m, .log = engine_log, .now_us = clock_now,
                 .delay_us = clock_delay },
    };
    struct pt_error err = { "" };
    struct cost before = demo_cost_now(m);
    char cost[80];

    demo_step(m, "1. Attach");
    m->host = pt_host_add(m->bus, &args, GUEST_DEVFN, &err);
    demo_cost_since(m, &before);
    if (!m->host) {
        printf("  refused: %s\n", err.text);
        m->wrong++;
        return -1;
    }
    printf("  cost: %s; the first read is the whole space in one block\n",
           demo_cost_text(&m->last, cost));
    demo_check(m, m->last.reads + m->last.writes <= 9,
               "attach: more than a block read and 8 accesses");
    demo_check(m, (sim_dev_peek(&m->dev, PCI_COMMAND, 2) &
                   PCI_COMMAND_MASTER) == 0, "bus mastering is on");
    return 0;
}

static void step_enumerate(struct demo *m)
{
    unsigned found = 0;

    demo_step(m, "2. The guest's firmware finds it");
    for (int devfn = 0; devfn < NR_PCI_DEVFN; devfn += NR_PCI_FUNC) {
        uint32_t id = guest_config_read(m, devfn, PCI_VENDOR_ID, 4);

        if (id == UINT32_MAX) {
            continue;
        }
        found++;
        printf("  slot %02x.0: %04x:%04x, %s\n", PCI_SLOT(devfn), id & 0xffff,
               id >> 16, devfn == GUEST_DEVFN ? "passed through" :
               "emulated host bridge");
    }
    demo_check(m, found == 2, "%u devices on the bus", found);
    putchar('\n');
    demo_table();
    demo_check(m, guest_read(m, PCI_VENDOR_ID, 4, "Vendor, Device ID", "") ==
               card_reg(m, PCI_VENDOR_ID, 4), "not the card's IDs");
    demo_check_cost(m, 0, 0, 0);
    demo_check(m, guest_read(m, PCI_CLASS_REVISION, 4, "Class, Revision",
                             "") == card_reg(m, PCI_CLASS_REVISION, 4),
               "not the card's class");
    demo_check(m, guest_read(m, PCI_HEADER_TYPE, 1, "Header Type",
                             "alone in its slot") == PCI_HEADER_TYPE_NORMAL,
               "the multi-function bit is not the guest's slot's");
    demo_check_cost(m, 0, 0, 0);
}

static unsigned bar_reg(unsigned n)
{
    return n == PT_ROM ? PCI_ROM_ADDRESS : PCI_BASE_ADDRESS_0 + 4 * n;
}

/* What sizing must find: PCI Local Bus 3.0 section 6.2.5.1. */
static uint32_t sizing_result(const struct pt_region *r, unsigned n)
{
    uint64_t size = r->size;

    if (size == 0) {
        return 0;
    }
    if (r->flags & PT_REGION_IO) {
        return (uint32_t)~(size - 1) | PCI_BASE_ADDRESS_SPACE_IO;
    }
    if (size < PT_PAGE_SIZE) {
        size = PT_PAGE_SIZE;
    }
    if (n == PT_ROM) {
        return (uint32_t)~(size - 1);
    }
    return (uint32_t)~(size - 1) |
        (r->flags & PT_REGION_64 ? PCI_BASE_ADDRESS_MEM_TYPE_64 : 0u) |
        (r->flags & PT_REGION_PREFETCH ? PCI_BASE_ADDRESS_MEM_PREFETCH : 0u);
}

static void size_text(const struct pt_region *r, char *buf, size_t len)
{
    if (r->flags & PT_REGION_IO) {
        snprintf(buf, len, "%" PRIu64 " ports", r->size);
    } else if (r->size >= 1 << 20) {
        snprintf(buf, len, "%" PRIu64 " MiB of memory", r->size >> 20);
    } else if (r->size) {
        snprintf(buf, len, "%" PRIu64 " KiB of memory", r->size >> 10);
    } else {
        snprintf(buf, len, "none");
    }
}

static void bar_text(unsigned n, char buf[24])
{
    snprintf(buf, 24, n == PT_ROM ? "Expansion ROM" : "Base Address %u", n);
}

/* Write ones to the address bits, look, and write 0 again. */
static void size_one(struct demo *m, unsigned n)
{
    const struct pt_region *r = &m->dev.pt.info.region[n];
    struct cost before = demo_cost_now(m);
    char where[8], name[24], guest[12], card[12], remark[40];
    uint32_t probe = n == PT_ROM ? ~(uint32_t)PCI_ROM_ADDRESS_ENABLE :
        UINT32_MAX;
    uint32_t val;

    guest_config_write(m, GUEST_DEVFN, bar_reg(n), probe, 4);
    val = guest_config_read(m, GUEST_DEVFN, bar_reg(n), 4);
    guest_config_write(m, GUEST_DEVFN, bar_reg(n), 0, 4);
    demo_cost_since(m, &before);
    snprintf(where, sizeof(where), "%02x", bar_reg(n));
    bar_text(n, name);
    snprintf(guest, sizeof(guest), "%08" PRIx32, val);
    snprintf(card, sizeof(card), "%08" PRIx32,
             sim_dev_peek(&m->dev, bar_reg(n), 4));
    size_text(r, remark, sizeof(remark));
    demo_row(m, &(struct row) {
        .what = "sizes", .where = where, .name = name, .guest = guest,
        .card = card, .remark = remark,
    });
    demo_check(m, val == sizing_result(r, n), "sizing region %u", n);
    demo_check_cost(m, 0, 0, 0);
}

static void place_regions(struct demo *m)
{
    uint64_t mem = GUEST_MEM, ports = GUEST_PORTS;

    for (unsigned n = 0; n < PT_NUM_REGIONS; n++) {
        const struct pt_region *r = &m->dev.pt.info.region[n];
        uint64_t *next = r->flags & PT_REGION_IO ? &ports : &mem;
        char name[24];

        if (r->size == 0) {
            continue;
        }
        *next = (*next + r->size - 1) & ~(r->size - 1);
        m->bar[n] = *next;
        *next += r->size;
        bar_text(n, name);
        guest_write(m, bar_reg(n), 4, (uint32_t)m->bar[n], name, "");
        demo_check_cost(m, 0, 0, 0);
    }
}

static void step_regions(struct demo *m)
{
    unsigned wanted = 0;

    demo_step(m, "3. It sizes the BARs, places them and switches them on");
    demo_table();
    for (unsigned n = 0; n < PT_NUM_REGIONS; n++) {
        size_one(m, n);
        wanted += n != PT_ROM && m->dev.pt.info.region[n].size;
    }
    place_regions(m);
    guest_write(m, PCI_COMMAND, 2, PCI_COMMAND_IO | PCI_COMMAND_MEMORY,
                "Command", "one a range");
    demo_mappings(m);
    demo_check(m, m->last.calls >= wanted - 1 && m->last.calls <= wanted + 1,
               "%" PRIu64 " hypercalls for %u regions", m->last.calls,
               wanted);
    guest_write(m, PCI_COMMAND, 2, PCI_COMMAND_IO | PCI_COMMAND_MEMORY,
                "Command", "nothing changed");
    demo_check(m, m->last.calls == 0, "the same value cost hypercalls");
    demo_say(2, "  The card's own BARs stayed where the host had them.");
    demo_check(m, sim_dev_peek(&m->dev, PCI_BASE_ADDRESS_0, 4) ==
               card_reg(m, PCI_BASE_ADDRESS_0, 4), "BAR 0 of the card moved");
}

/* ------------------------------------------------------------------ */

static const char *cap_name(unsigned id)
{
    switch (id) {
    case PCI_CAP_ID_PM:
        return "Power Management";
    case PCI_CAP_ID_VPD:
        return "Vital Product Data";
    case PCI_CAP_ID_MSI:
        return "MSI";
    case PCI_CAP_ID_VNDR:
        return "Vendor Specific";
    case PCI_CAP_ID_EXP:
        return "PCI Express";
    case PCI_CAP_ID_MSIX:
        return "MSI-X";
    default:
        return "(another)";
    }
}

static void step_capabilities(struct demo *m)
{
    unsigned pos, count = 0, express;

    demo_step(m, "4. Its driver walks the capabilities");
    demo_table();
    demo_check(m, guest_read(m, PCI_STATUS, 2, "Status", "") &
               PCI_STATUS_CAP_LIST, "no capabilities");
    demo_check_cost(m, 1, 0, 0);
    pos = guest_read(m, PCI_CAPABILITY_LIST, 1, "Capabilities Pointer", "");
    while (pos && count++ < PT_MAX_CAPS) {
        uint32_t head = guest_config_read(m, GUEST_DEVFN, pos, 2);

        head = guest_read(m, pos, 2, cap_name(head & 0xff), "");
        demo_check(m, (head & 0xff) == card_reg(m, pos, 1),
                   "the capability at %02x is another", pos);
        demo_check_cost(m, 0, 0, 0);
        pos = head >> 8;
    }
    demo_check(m, count == 4, "%u capabilities", count);
    express = sim_dev_find_cap(&m->dev, PCI_CAP_ID_EXP);
    demo_check(m, !(guest_read(m, express + PCI_EXP_DEVCAP, 4,
                               "Device Capabilities", "reset is hidden") &
                    PCI_EXP_DEVCAP_FLRESET),
               "Function Level Reset is offered");
    for (unsigned i = 0; i < pt_num_caps(m->host->dev); i++) {
        const struct pt_cap *cap = pt_cap_at(m->host->dev, i);

        if (cap->fate != PT_EXPOSED) {
            demo_say(4, "  hidden: %s at %02x: %s", cap->group->name,
                     cap->pos, cap->why);
        }
    }
}

static void step_power(struct demo *m)
{
    unsigned pmcsr = sim_dev_find_cap(&m->dev, PCI_CAP_ID_PM) + PCI_PM_CTRL;

    demo_step(m, "5. It puts the card to sleep and wakes it");
    demo_table();
    demo_check(m, guest_read(m, pmcsr, 2, "Power Management Control",
                             "no soft reset") & PCI_PM_CTRL_NO_SOFT_RST,
               "emulated states that reset the card");
    guest_write(m, pmcsr, 2, 3, "... to D3hot", "");
    demo_check(m, (guest_read(m, pmcsr, 2, "...", "in D3hot") &
                   PCI_PM_CTRL_STATE_MASK) == 3, "the guest is not in D3hot");
    demo_check(m, sim_dev_power(&m->dev) == 0, "the card left D0");
    guest_write(m, pmcsr, 2, 0, "... to D0", "");
    demo_check(m, m->dev.count.resets == 0, "the card was reset");
    demo_say(2, "  By default the state is the guest's alone and the card "
             "stays in D0; with power_mgmt=1 it follows.");
}

static void step_driver(struct demo *m)
{
    unsigned express = sim_dev_find_cap(&m->dev, PCI_CAP_ID_EXP);
    unsigned devctl = express + PCI_EXP_DEVCTL;
    unsigned lnkctl = express + PCI_EXP_LNKCTL;

    demo_step(m, "6. It drives the card");
    demo_table();
    guest_write(m, PCI_COMMAND, 2, PCI_COMMAND_IO | PCI_COMMAND_MEMORY |
                PCI_COMMAND_MASTER, "Command", "bus mastering");
    demo_check(m, sim_dev_peek(&m->dev, PCI_COMMAND, 2) & PCI_COMMAND_MASTER,
               "the card is not bus master");
    guest_store(m, 0, 0x5400, 4, 0x56341200, "Receive Address Low", "mapped");
    guest_store(m, 0, 0x5404, 4, 0x80009a78, "Receive Address High",
                "mapped");
    demo_check(m, guest_load(m, 0, 0x5400, 4, "Receive Address Low",
                             "mapped") == 0x56341200,
               "BAR 0 does not reach the card");
    demo_check_cost(m, 0, 0, 0);
    guest_out(m, 2, 0, 4, 0x00000008, "IOADDR", "mapped");
    demo_check(m, guest_in(m, 2, 0, 4, "IOADDR", "mapped") == 8,
               "BAR 2 does not reach the card");
    demo_check_cost(m, 0, 0, 0);
    guest_write(m, devctl, 2, 0x5810, "Device Control",
                "read requests of 4096");
    demo_check(m, (sim_dev_peek(&m->dev, devctl, 2) & 0x7810) == 0x5810,
               "the driver's choice does not reach the card");
    demo_check(m, m->last.reads <= 1 && m->last.writes == 1, "its cost");
    guest_write(m, lnkctl, 2, 0, "Link Control", "a copy");
    demo_check(m, guest_read(m, lnkctl, 2, "Link Control", "") == 0,
               "the guest's copy is lost");
    demo_check_cost(m, 0, 0, 0);
    guest_write(m, SPECIFIC_REG, 2, 0x1234, "device-specific register",
                "passed on");
    demo_check(m, sim_dev_peek(&m->dev, SPECIFIC_REG, 2) == 0x1234,
               "a device-specific register is not passed through");
    demo_check(m, m->last.reads <= 1 && m->last.writes == 1, "its cost");
    guest_read(m, SPECIFIC_REG, 2, "device-specific register", "");
}

/* ------------------------------------------------------------------ */

/* XSA-130: nothing that a guest repeats may fill a disk, or cost much. */
static void flood(struct demo *m)
{
    static const struct {
        uint8_t off, len;
    } denied[] = {
        { PCI_VENDOR_ID, 4 }, { PCI_CLASS_REVISION, 4 },
        { PCI_HEADER_TYPE, 1 }, { PCI_SUBSYSTEM_VENDOR_ID, 4 },
        { PCI_CAPABILITY_LIST, 1 }, { PCI_INTERRUPT_PIN, 1 },
    };
    const unsigned kinds = sizeof(denied) / sizeof(denied[0]);
    struct cost before = demo_cost_now(m);
    unsigned lines = m->lines;
    char cost[80];

    m->silent = true;
    for (uint32_t i = 0; i < 600000; i++) {
        guest_config_write(m, GUEST_DEVFN, denied[i % kinds].off, i,
                           denied[i % kinds].len);
    }
    m->silent = false;
    demo_cost_since(m, &before);
    demo_check(m, m->lines - lines <= 1, "%u lines of log", m->lines - lines);
    demo_check_cost(m, 0, 0, 0);
    printf("  writes 600000 times to read-only registers: %u lines of log, "
           "cost %s\n", m->lines - lines, demo_cost_text(&m->last, cost));
}

static void step_hostile(struct demo *m)
{
    unsigned msi = sim_dev_find_cap(&m->dev, PCI_CAP_ID_MSI);
    unsigned devctl = sim_dev_find_cap(&m->dev, PCI_CAP_ID_EXP) +
        PCI_EXP_DEVCTL;
    uint32_t msi_addr = sim_dev_peek(&m->dev, msi + PCI_MSI_ADDRESS_LO, 4);

    demo_step(m, "7. It misbehaves");
    demo_table();
    guest_write(m, PCI_COMMAND, 2, 0, "Command: decoders off",
                "the card keeps them");
    demo_check(m, (sim_dev_peek(&m->dev, PCI_COMMAND, 2) &
                   (PCI_COMMAND_IO | PCI_COMMAND_MEMORY)) ==
               (PCI_COMMAND_IO | PCI_COMMAND_MEMORY),
               "the card's decoders are off (XSA-126)");
    demo_check(m, m->xen.num_mem != 0, "memory is unmapped for no reason");
    guest_write(m, PCI_COMMAND, 2, PCI_COMMAND_IO | PCI_COMMAND_MEMORY |
                PCI_COMMAND_MASTER, "Command: on again", "");
    guest_write(m, devctl, 2, PCI_EXP_DEVCTL_FLRESET, "Device Control: reset",
                "denied");
    demo_check(m, m->dev.count.resets == 0, "the card was reset");
    guest_write(m, msi + PCI_MSI_ADDRESS_LO, 4, 0xfee01000, "MSI address",
                "Xen's, not written");
    demo_check(m, sim_dev_peek(&m->dev, msi + PCI_MSI_ADDRESS_LO, 4) ==
               msi_addr && m->dev.count.msi_written_by_dm == 0,
               "the card's MSI address was written (XSA-128)");
    guest_write(m, 0x3e, 4, UINT32_MAX, "across two structures", "denied");
    demo_check_cost(m, 0, 0, 0);
    guest_write(m, PCI_BASE_ADDRESS_3, 4, (uint32_t)m->bar[0],
                "BAR3 on top of BAR0", "not mapped there");
    demo_check(m, sim_xen_has_mem(&m->xen, m->bar[0] >> PT_PAGE_SHIFT,
                                  m->dev.pt.info.region[0].addr >>
                                  PT_PAGE_SHIFT, 1), "BAR 0 is not mapped");
    guest_write(m, PCI_BASE_ADDRESS_3, 4, (uint32_t)m->bar[3],
                "BAR3 back", "");
    flood(m);
}

/*
 * All registers but these are as before: the device-specific one was the
 * driver's to leave as it likes, and the card is quiet now.
 */
static void check_registers(struct demo *m)
{
    unsigned msix = sim_dev_find_cap(&m->dev, PCI_CAP_ID_MSIX) +
        PCI_CAP_FLAGS;

    for (unsigned off = 0; off < PT_CFG_SIZE; off++) {
        unsigned was = m->power_on[off];
        unsigned is = sim_dev_peek(&m->dev, off, 1);

        if (off == PCI_COMMAND) {
            was &= ~(unsigned)PCI_COMMAND_MASTER;
        } else if (off == msix + 1) {
            was &= ~(unsigned)(PCI_MSIX_ENABLE >> 8);
        }
        demo_check(m, is == was || off / 2 == SPECIFIC_REG / 2,
                   "register %02x was %02x and is %02x", off, was, is);
    }
}

static void step_detach(struct demo *m)
{
    struct cost before = demo_cost_now(m);
    unsigned leaks;
    char left[512] = "", cost[80];

    demo_step(m, "9. Detach");
    pt_host_del(m->host);
    m->host = NULL;
    demo_cost_since(m, &before);
    leaks = sim_xen_leaks(&m->xen, left, sizeof(left));
    printf("  cost: %s; left mapped or bound: %u\n",
           demo_cost_text(&m->last, cost), leaks);
    demo_check(m, leaks == 0, "left in Xen: %s", left);
    demo_check(m, m->bus->mmio == NULL, "a trap is left on the bus");
    check_registers(m);
    printf("  the card's registers are as before, but bus mastering and "
           "MSI-X are off\n");
    demo_check(m, guest_config_read(m, GUEST_DEVFN, 0, 4) == UINT32_MAX,
               "the slot still answers");
}

static void summarize(struct demo *m)
{
    struct cost all = demo_cost_now(m);
    char notes[4096] = "";

    sim_notes_print(&m->dev.notes, "  card: ", notes, sizeof(notes));
    sim_notes_print(&m->xen.notes, "  Xen: ", notes, sizeof(notes));
    fputs(notes, stdout);
    demo_check(m, m->dev.notes.count == 0 && m->xen.notes.count == 0,
               "the simulators complained");
    demo_step(m, "Sum");
    demo_say(2, "  The guest made %u accesses. Attach and detach included, "
             "they cost %" PRIu64 " reads and %" PRIu64 " writes of the "
             "card's configuration space and %" PRIu64 " hypercalls.",
             m->accesses, all.reads, all.writes, all.calls);
    if (m->wrong) {
        printf("  %u of %u checks FAILED.\n", m->wrong, m->checks);
    } else {
        printf("  %u checks: all is as the specifications say.\n",
               m->checks);
    }
}

static void run(struct demo *m)
{
    introduce(m);
    if (step_attach(m) != 0) {
        return;
    }
    step_enumerate(m);
    step_regions(m);
    step_capabilities(m);
    step_power(m);
    step_driver(m);
    step_hostile(m);
    step_interrupts(m);
    step_detach(m);
    summarize(m);
}

int main(void)
{
    struct demo *m = calloc(1, sizeof(*m));
    bool wrong = true;

    if (m && build_machine(m) == 0) {
        run(m);
        wrong = m->wrong != 0;
        sim_xen_fini(&m->xen);
        sim_dev_fini(&m->dev);
    }
    if (m) {
        pci_bus_free(m->bus);
        free(m->card);
    }
    free(m);
    return wrong ? 1 : 0;
}
