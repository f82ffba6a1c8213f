/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The demonstration's driver uses MSI-X. */
#include <inttypes.h>
#include <stdio.h>

#include <pci/header.h>

#include "demo.h"

#define VECTORS 3
#define ENTRY 16
#define FIRST_VECTOR 0x41
#define LOCAL_APIC 0xfee00000u

static unsigned msix(const struct demo *m)
{
    return sim_dev_find_cap(&m->dev, PCI_CAP_ID_MSIX);
}

static void set_control(struct demo *m, uint32_t val, const char *name,
                        const char *remark)
{
    guest_write(m, msix(m) + PCI_CAP_FLAGS, 2, val, name, remark);
}

static uint64_t received(const struct demo *m)
{
    uint64_t n = 0;

    for (unsigned i = 0; i < VECTORS; i++) {
        n += m->xen.vector[FIRST_VECTOR + i];
    }
    return n;
}

/* The card raises each of its interrupts; the guest gets @want of them. */
static void interrupt(struct demo *m, unsigned want)
{
    uint64_t before = received(m);
    unsigned got;

    for (unsigned i = 0; i < VECTORS; i++) {
        sim_dev_send_msix(&m->dev, i);
    }
    got = (unsigned)(received(m) - before);
    printf("    the card interrupts %u times, the guest gets %u\n", VECTORS,
           got);
    demo_check(m, got == want, "%u interrupts, wanted %u", got, want);
}

/* One entry's dword @word, in the table that the capability names. */
static void set_entry(struct demo *m, unsigned entry, unsigned word,
                      uint32_t val)
{
    guest_mem_write(m, m->dev.msix.bir, m->dev.msix.off + entry * ENTRY +
                    4 * word, val, 4);
}

/* A row for what was stored to entry @entry since @before. */
static void entry_row(struct demo *m, unsigned entry, const char *name,
                      const char *remark, const struct cost *before)
{
    char where[24];

    demo_cost_since(m, before);
    snprintf(where, sizeof(where), "entry %u", entry);
    demo_row(m, &(struct row) {
        .what = "stores", .where = where, .name = name, .guest = "",
        .card = "", .remark = remark,
    });
}

static void program(struct demo *m)
{
    static const char *const purpose[VECTORS] = { "receive", "transmit",
                                                  "link" };
    char name[32];

    for (unsigned i = 0; i < VECTORS; i++) {
        struct cost before = demo_cost_now(m);

        set_entry(m, i, 0, LOCAL_APIC);
        set_entry(m, i, 1, 0);
        set_entry(m, i, 2, FIRST_VECTOR + i);
        set_entry(m, i, 3, 0);
        snprintf(name, sizeof(name), "vector %02x", FIRST_VECTOR + i);
        entry_row(m, i, name, purpose[i], &before);
        demo_check_cost(m, 0, 0, 0);
    }
}

/* Xen does these itself. */
static void mask(struct demo *m, unsigned entry, bool on)
{
    struct cost before = demo_cost_now(m);

    set_entry(m, entry, 3, on);
    entry_row(m, entry, on ? "masked" : "not masked",
              on ? "by Xen" : "the pending one comes", &before);
    demo_check_cost(m, 0, 0, 0);
}

static void move_bar(struct demo *m)
{
    unsigned n = m->dev.msix.bir;
    uint64_t to = m->bar[n] + 0x100000;
    char name[24];

    snprintf(name, sizeof(name), "Base Address %u: moved", n);
    m->bar[n] = to;
    guest_write(m, PCI_BASE_ADDRESS_0 + 4 * n, 4, (uint32_t)to, name,
                "bound again");
}

void step_interrupts(struct demo *m)
{
    const uint32_t on = PCI_MSIX_ENABLE, masked = PCI_MSIX_MASK;
    unsigned n = m->dev.msix.bir;

    demo_step(m, "8. It takes interrupts by MSI-X");
    demo_table();
    guest_read(m, msix(m) + PCI_CAP_FLAGS, 2, "Message Control", "");
    guest_read(m, msix(m) + PCI_MSIX_TABLE, 4, "Table", "in BAR3");
    set_control(m, on | masked, "on, function masked", "INTx given back");
    demo_check(m, m->xen.num_pirqs == 0, "%u pirqs while masked",
               m->xen.num_pirqs);
    program(m);
    set_control(m, on, "function not masked", "maps and binds 3");
    demo_check(m, m->last.calls == 2 * VECTORS, "%" PRIu64 " hypercalls",
               m->last.calls);
    set_control(m, on, "the same again", "");
    demo_check(m, m->last.calls == 0, "%" PRIu64 " hypercalls",
               m->last.calls);
    interrupt(m, VECTORS);
    mask(m, 1, true);
    interrupt(m, VECTORS - 1);
    mask(m, 1, false);
    demo_check(m, m->xen.vector[FIRST_VECTOR + 1] == 2,
               "what was pending is lost");
    guest_load(m, n, m->dev.msix.pba_off, 4, "Pending Bit Array", "");
    move_bar(m);
    interrupt(m, VECTORS);
    demo_check(m, m->dev.count.msix_written_by_dm == 0,
               "the engine wrote the card's own table");

    set_control(m, 0, "off: driver unloads", "INTx again");
    demo_check(m, m->xen.num_pirqs == 1, "%u pirqs, not the line's alone",
               m->xen.num_pirqs);
    interrupt(m, 0);
    set_control(m, on, "on: driver reloads", "");
    interrupt(m, VECTORS);
}
