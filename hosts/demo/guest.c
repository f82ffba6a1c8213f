/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the guest's processor does, and where it ends up. */
#include <inttypes.h>
#include <stdio.h>

#include "demo.h"

struct cost demo_cost_now(const struct demo *m)
{
    const struct sim_dev_count *n = &m->dev.count;
    struct cost c = {
        .reads = n->reads,
        .writes = n->writes,
        .calls = m->xen.total,
    };

    for (unsigned i = 0; i < 4; i++) {
        c.mmio += n->mmio_reads[i] + n->mmio_writes[i];
    }
    return c;
}

void demo_cost_since(struct demo *m, const struct cost *before)
{
    struct cost now = demo_cost_now(m);

    m->last = (struct cost) {
        .reads = now.reads - before->reads,
        .writes = now.writes - before->writes,
        .mmio = now.mmio - before->mmio,
        .calls = now.calls - before->calls,
    };
}

/* ------------------------------------------------------------------ */
/* Configuration space                                                 */

static void config_address(struct demo *m, int devfn, unsigned off)
{
    pci_port_write(m->bus, PCI_CONFIG_ADDRESS,
                   PCI_CONFIG_ENABLE | (uint32_t)devfn << 8 | (off & 0xfc),
                   4);
}

uint32_t guest_config_read(struct demo *m, int devfn, unsigned off,
                           unsigned len)
{
    struct cost before = demo_cost_now(m);
    uint32_t val;

    config_address(m, devfn, off);
    val = pci_port_read(m->bus, PCI_CONFIG_DATA + (off & 3), len);
    m->accesses++;
    demo_cost_since(m, &before);
    return val;
}

void guest_config_write(struct demo *m, int devfn, unsigned off,
                        uint32_t val, unsigned len)
{
    struct cost before = demo_cost_now(m);

    config_address(m, devfn, off);
    pci_port_write(m->bus, PCI_CONFIG_DATA + (off & 3), val, len);
    m->accesses++;
    demo_cost_since(m, &before);
}

/* A row with numbers of @len bytes. */
static void row(struct demo *m, const char *what, const char *where,
                unsigned len, const char *name, uint64_t guest, uint64_t card,
                const char *remark)
{
    char guest_text[20], card_text[20];

    snprintf(guest_text, sizeof(guest_text), "%0*" PRIx64, (int)len * 2,
             guest);
    snprintf(card_text, sizeof(card_text), "%0*" PRIx64, (int)len * 2, card);
    demo_row(m, &(struct row) {
        .what = what,
        .where = where,
        .name = name,
        .guest = guest_text,
        .card = card_text,
        .remark = remark,
        .differ = guest != card && (*what == 'r' || *what == 'l'),
    });
}

uint32_t guest_read(struct demo *m, unsigned off, unsigned len,
                    const char *name, const char *remark)
{
    uint32_t val = guest_config_read(m, GUEST_DEVFN, off, len);
    char where[12];

    snprintf(where, sizeof(where), "%02x", off);
    row(m, "reads", where, len, name, val, sim_dev_peek(&m->dev, off, len),
        remark);
    return val;
}

void guest_write(struct demo *m, unsigned off, unsigned len, uint32_t val,
                 const char *name, const char *remark)
{
    char where[12];

    guest_config_write(m, GUEST_DEVFN, off, val, len);
    snprintf(where, sizeof(where), "%02x", off);
    row(m, "writes", where, len, name, val, sim_dev_peek(&m->dev, off, len),
        remark);
}

/* ------------------------------------------------------------------ */
/* Memory                                                              */

static uint64_t ones(unsigned width)
{
    return width >= 8 ? UINT64_MAX : (UINT64_C(1) << (8 * width)) - 1;
}

/* The host address that Xen maps at @gpa. */
static bool mapped(const struct demo *m, uint64_t gpa, uint64_t *host)
{
    const struct sim_map *map = sim_xen_mem(&m->xen, gpa >> PT_PAGE_SHIFT);

    if (!map) {
        return false;
    }
    *host = ((map->host + ((gpa >> PT_PAGE_SHIFT) - map->guest)) <<
             PT_PAGE_SHIFT) | (gpa & ~PT_PAGE_MASK);
    return true;
}

uint64_t guest_mem_read(struct demo *m, unsigned n, uint64_t off,
                        unsigned width)
{
    struct cost before = demo_cost_now(m);
    uint64_t gpa = m->bar[n] + off, host, val = ones(width);

    if (mapped(m, gpa, &host)) {
        sim_dev_mem_read(&m->dev, host, width, &val);
    } else if (!sim_xen_guest_mmio_read(&m->xen, gpa, width, &val)) {
        val = bus_mmio_read(m->bus, gpa, width);
    }
    m->accesses++;
    demo_cost_since(m, &before);
    return val & ones(width);
}

void guest_mem_write(struct demo *m, unsigned n, uint64_t off, uint64_t val,
                     unsigned width)
{
    struct cost before = demo_cost_now(m);
    uint64_t gpa = m->bar[n] + off, host;
    bool done, forward = false;

    if (mapped(m, gpa, &host)) {
        sim_dev_mem_write(&m->dev, host, width, val);
    } else {
        done = sim_xen_guest_mmio_write(&m->xen, gpa, width, val, &forward);
        if (!done || forward) {
            bus_mmio_write(m->bus, gpa, val, width);
        }
        if (done && forward) {
            sim_xen_guest_mmio_done(&m->xen);
        }
    }
    m->accesses++;
    demo_cost_since(m, &before);
}

/* What the card has at @off of region @n, whoever may see it. */
static uint64_t card_mem(struct demo *m, unsigned n, uint64_t off,
                         unsigned width)
{
    uint64_t val = ones(width);

    sim_dev_mem_read(&m->dev, m->dev.pt.info.region[n].addr + off, width,
                     &val);
    return val;
}

static void region_row(struct demo *m, const char *what, unsigned n,
                       uint64_t off, unsigned width, const char *name,
                       uint64_t guest, uint64_t card, const char *remark)
{
    char where[32];

    snprintf(where, sizeof(where), "BAR%u+%02" PRIx64, n, off);
    row(m, what, where, width, name, guest, card, remark);
}

uint64_t guest_load(struct demo *m, unsigned n, uint64_t off, unsigned width,
                    const char *name, const char *remark)
{
    uint64_t val = guest_mem_read(m, n, off, width);

    region_row(m, "loads", n, off, width, name, val,
               card_mem(m, n, off, width), remark);
    return val;
}

void guest_store(struct demo *m, unsigned n, uint64_t off, unsigned width,
                 uint64_t val, const char *name, const char *remark)
{
    guest_mem_write(m, n, off, val, width);
    region_row(m, "stores", n, off, width, name, val,
               card_mem(m, n, off, width), remark);
}

/* ------------------------------------------------------------------ */
/* Ports                                                               */

static bool mapped_port(const struct demo *m, uint32_t port, uint32_t *host)
{
    const struct sim_map *map = sim_xen_port(&m->xen, port);

    if (map) {
        *host = (uint32_t)(map->host + (port - map->guest));
    }
    return map != NULL;
}

uint32_t guest_in(struct demo *m, unsigned n, uint32_t off, unsigned width,
                  const char *name, const char *remark)
{
    struct cost before = demo_cost_now(m);
    uint64_t val = ones(width);
    uint32_t host;

    if (mapped_port(m, (uint32_t)m->bar[n] + off, &host)) {
        sim_dev_io_read(&m->dev, host, width, &val);
    }
    m->accesses++;
    demo_cost_since(m, &before);
    region_row(m, "in", n, off, width, name, val, val, remark);
    return (uint32_t)val;
}

void guest_out(struct demo *m, unsigned n, uint32_t off, unsigned width,
               uint32_t val, const char *name, const char *remark)
{
    struct cost before = demo_cost_now(m);
    uint64_t card = ones(width);
    uint32_t host;

    if (mapped_port(m, (uint32_t)m->bar[n] + off, &host)) {
        sim_dev_io_write(&m->dev, host, width, val);
        sim_dev_io_read(&m->dev, host, width, &card);
    }
    m->accesses++;
    demo_cost_since(m, &before);
    region_row(m, "out", n, off, width, name, val, card, remark);
}
