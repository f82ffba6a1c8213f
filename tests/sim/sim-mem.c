/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SIMULATED: a PCI function's memory (plain, MSI-X table, Pending Bit Array)
 * and its interrupts. See sim-device.h.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <pci/header.h>

#include "sim-device.h"

#define PAGE_SHIFT 12
#define PAGE_BYTES (1u << PAGE_SHIFT)
#define VECTOR_MASKED 1u

/* ------------------------------------------------------------------ */
/* Decoders                                                            */

/* PCI 3.0, 6.2.5. */
bool sim_dev_placed(const struct sim_dev *d, unsigned n, uint64_t *base)
{
    const struct pt_region *r = &d->region[n];
    unsigned off = n == PT_ROM ? PCI_ROM_ADDRESS : PCI_BASE_ADDRESS_0 + 4 * n;
    bool io = r->flags & PT_REGION_IO;
    uint64_t bar = sim_dev_peek(d, off, 4);

    if (!r->size) {
        return false;
    }
    if (d->pt.info.is_vf) {
        /* Enabled and placed by the physical function's SR-IOV registers. */
        *base = d->pt.info.region[n].addr;
        return !io && *base != 0;
    }
    if (!(d->cfg[PCI_COMMAND] & (io ? PCI_COMMAND_IO : PCI_COMMAND_MEMORY)) ||
        (n == PT_ROM && !(bar & PCI_ROM_ADDRESS_ENABLE))) {
        return false;
    }
    if (r->flags & PT_REGION_64) {
        bar |= (uint64_t)sim_dev_peek(d, off + 4, 4) << 32;
    }
    *base = bar & ~(r->size - 1);
    /* Address 0 is what a reset leaves; no bridge sends anything there. */
    return *base != 0;
}

/* PCI PM 1.2, 5.4: only in D0. */
static bool decode(const struct sim_dev *d, unsigned n, uint64_t *base)
{
    return sim_dev_power(d) == 0 && sim_dev_answers(d) &&
           sim_dev_placed(d, n, base);
}

static bool find(const struct sim_dev *d, bool io, uint64_t addr,
                 uint64_t size, unsigned *region, uint64_t *off)
{
    unsigned n;

    for (n = 0; n < PT_NUM_REGIONS; n++) {
        uint64_t base;

        if (((d->region[n].flags & PT_REGION_IO) != 0) != io ||
            !decode(d, n, &base) || addr < base ||
            addr - base >= d->region[n].size ||
            size > d->region[n].size - (addr - base)) {
            continue;
        }
        *region = n;
        *off = addr - base;
        return true;
    }
    return false;
}

bool sim_dev_decodes(const struct sim_dev *d, uint64_t addr, uint64_t size,
                     unsigned *region)
{
    unsigned n;
    uint64_t off;

    if (!find(d, false, addr, size, &n, &off)) {
        return false;
    }
    if (region) {
        *region = n;
    }
    return true;
}

/* ------------------------------------------------------------------ */
/* Memory                                                              */

static bool more_pages(struct sim_dev *d)
{
    unsigned max = 2 * d->max_pages;
    struct sim_page *more;

    if (d->num_pages < d->max_pages) {
        return true;
    }
    more = realloc(d->pages, max * sizeof(*more));
    if (!more) {
        return false;
    }
    d->pages = more;
    d->max_pages = max;
    return true;
}

static uint8_t *new_page(struct sim_dev *d, unsigned region, uint64_t index)
{
    unsigned at = d->num_pages;
    uint8_t *bytes = NULL;

    if (at >= SIM_PAGES_MAX || !more_pages(d)) {
        return NULL;
    }
    if (at < SIM_PAGES_READY) {
        bytes = memset(d->pool + at * PAGE_BYTES, 0, PAGE_BYTES);
    } else {
        bytes = calloc(1, PAGE_BYTES);
    }
    if (bytes) {
        d->pages[at] = (struct sim_page) {
            .region = region, .index = index, .bytes = bytes,
        };
        d->num_pages++;
        d->last_page = at;
    }
    return bytes;
}

static uint8_t *page(struct sim_dev *d, unsigned region, uint64_t index,
                     bool create)
{
    unsigned i;

    for (i = 0; i < d->num_pages; i++) {
        unsigned at = (d->last_page + i) % d->num_pages;

        if (d->pages[at].region == region && d->pages[at].index == index) {
            d->last_page = at;
            return d->pages[at].bytes;
        }
    }
    return create ? new_page(d, region, index) : NULL;
}

static void free_pages(struct sim_dev *d)
{
    while (d->num_pages > 0) {
        if (--d->num_pages >= SIM_PAGES_READY) {
            free(d->pages[d->num_pages].bytes);
        }
    }
    d->last_page = 0;
}

/* PCI 3.0, 6.3.1.1: what an expansion ROM begins with. */
static uint64_t rom_read(const struct sim_dev *d, uint64_t off,
                         unsigned width)
{
    uint64_t blocks = d->region[PT_ROM].size / 512;
    uint8_t head[8] = { 0x55, 0xaa, (uint8_t)(blocks > 255 ? 255 : blocks) };

    return off < sizeof(head) ? sim_get(head + off, width) : 0;
}

static bool in_table(const struct sim_dev *d, unsigned region, uint64_t off)
{
    return d->msix.pos && region == d->msix.bir && off >= d->msix.off &&
           off - d->msix.off < 16 * (uint64_t)d->msix.entries;
}

static bool in_pba(const struct sim_dev *d, unsigned region, uint64_t off)
{
    return d->msix.pos && region == d->msix.pba_bir &&
           off >= d->msix.pba_off &&
           off - d->msix.pba_off < 8 * (uint64_t)((d->msix.entries + 63) / 64);
}

/* Does [@off, @off + @size) of region @n of @d touch the page of @addr? */
static bool touches(const struct sim_dev *d, unsigned n, uint64_t off,
                    uint64_t size, uint64_t addr)
{
    uint64_t start;

    if (n >= PT_NUM_BARS || off + size > d->region[n].size) {
        return false;
    }
    start = d->pt.info.region[n].addr + off;
    return (addr | (PAGE_BYTES - 1)) >= start &&
           (addr & ~(uint64_t)(PAGE_BYTES - 1)) < start + size;
}

bool sim_dev_msix_page(const struct sim_dev *d, uint64_t addr)
{
    return d->msix.pos &&
           (touches(d, d->msix.bir, d->msix.off,
                    16 * (uint64_t)d->msix.entries, addr) ||
            touches(d, d->msix.pba_bir, d->msix.pba_off,
                    8 * (uint64_t)((d->msix.entries + 63) / 64), addr));
}

/* PCI 3.0, 6.8.2.6 to 6.8.2.9: reserved bits read as 0. */
static void table_write(struct sim_dev *d, uint64_t dword, uint32_t val)
{
    static const uint32_t rw[4] = {
        ~UINT32_C(3), UINT32_MAX, UINT32_MAX, VECTOR_MASKED,
    };

    d->msix.table[dword] = val & rw[dword % 4];
}

static uint64_t mem_read(struct sim_dev *d, unsigned region, uint64_t off,
                         unsigned width)
{
    uint64_t val = 0, at;
    const uint8_t *p;
    unsigned i;

    if (d->hooks.on_memory &&
        d->hooks.on_memory(d, region, off, width, false, &val)) {
        return val;
    }
    if (in_table(d, region, off)) {
        for (i = 0; i < width; i++) {
            at = off - d->msix.off + i;
            val |= (uint64_t)(d->msix.table[at / 4] >> (8 * (at % 4)) & 0xff)
                   << (8 * i);
        }
        return val;
    }
    if (in_pba(d, region, off)) {
        at = off - d->msix.pba_off;
        val = d->msix.pba[at / 8] >> (8 * (at % 8));
        return width == 8 ? val : val & ((UINT64_C(1) << (8 * width)) - 1);
    }
    if (region == PT_ROM) {
        return rom_read(d, off, width);
    }
    p = page(d, region, off >> PAGE_SHIFT, false);
    return p ? sim_get(p + (off & (PAGE_BYTES - 1)), width) : 0;
}

static void mem_write(struct sim_dev *d, unsigned region, uint64_t off,
                      unsigned width, uint64_t val)
{
    uint8_t *p;

    if (d->hooks.on_memory &&
        d->hooks.on_memory(d, region, off, width, true, &val)) {
        return;
    }
    if (in_table(d, region, off)) {
        uint64_t dword = (off - d->msix.off) / 4;

        /* Narrower writes are undefined: 6.8.2. */
        if (width >= 4) {
            table_write(d, dword, (uint32_t)val);
        }
        if (width == 8) {
            table_write(d, dword + 1, (uint32_t)(val >> 32));
        }
        sim_irq_update(d);
        return;
    }
    if (in_pba(d, region, off) || region == PT_ROM) {
        return;
    }
    p = page(d, region, off >> PAGE_SHIFT, true);
    if (p) {
        sim_put(p + (off & (PAGE_BYTES - 1)), width, val);
    }
}

static bool legal(uint64_t addr, unsigned width, unsigned max)
{
    return (width == 1 || width == 2 || width == 4 || width == 8) &&
           width <= max && (addr & (width - 1)) == 0;
}

bool sim_dev_mem_read(struct sim_dev *d, uint64_t addr, unsigned width,
                      uint64_t *val)
{
    unsigned n;
    uint64_t off;

    if (!legal(addr, width, 8) || !find(d, false, addr, width, &n, &off)) {
        return false;
    }
    *val = mem_read(d, n, off, width);
    return true;
}

bool sim_dev_mem_write(struct sim_dev *d, uint64_t addr, unsigned width,
                       uint64_t val)
{
    unsigned n;
    uint64_t off;

    if (!legal(addr, width, 8) || !find(d, false, addr, width, &n, &off)) {
        return false;
    }
    mem_write(d, n, off, width, val);
    return true;
}

bool sim_dev_io_read(struct sim_dev *d, uint32_t port, unsigned width,
                     uint64_t *val)
{
    unsigned n;
    uint64_t off;

    if (!legal(port, width, 4) || !find(d, true, port, width, &n, &off)) {
        return false;
    }
    *val = mem_read(d, n, off, width);
    return true;
}

bool sim_dev_io_write(struct sim_dev *d, uint32_t port, unsigned width,
                      uint64_t val)
{
    unsigned n;
    uint64_t off;

    if (!legal(port, width, 4) || !find(d, true, port, width, &n, &off)) {
        return false;
    }
    mem_write(d, n, off, width, val);
    return true;
}

/* PCI 3.0, 6.8.2.9: all vectors are masked after a reset. */
void sim_mem_reset(struct sim_dev *d)
{
    unsigned i;

    free_pages(d);
    if (!d->msix.pos) {
        return;
    }
    memset(d->msix.table, 0, d->msix.entries * 4 * sizeof(*d->msix.table));
    memset(d->msix.pba, 0, (d->msix.entries + 63) / 64 * sizeof(uint64_t));
    for (i = 0; i < d->msix.entries; i++) {
        d->msix.table[4 * i + 3] = VECTOR_MASKED;
    }
}

int sim_mem_init(struct sim_dev *d)
{
    d->pool = malloc((size_t)SIM_PAGES_READY * PAGE_BYTES);
    d->pages = calloc(SIM_PAGES_READY, sizeof(*d->pages));
    d->max_pages = SIM_PAGES_READY;
    if (!d->pool || !d->pages) {
        return -ENOMEM;
    }
    sim_mem_reset(d);
    return 0;
}

void sim_mem_free(struct sim_dev *d)
{
    free_pages(d);
    free(d->pool);
    free(d->pages);
    free(d->msix.table);
    free(d->msix.pba);
    d->pool = NULL;
    d->pages = NULL;
    d->msix.table = NULL;
    d->msix.pba = NULL;
}

/* ------------------------------------------------------------------ */
/* The device model's accesses                                         */

static int check(struct sim_dev *d, const char *what, unsigned region,
                 uint64_t off, unsigned width)
{
    const struct pt_region *r = d->pt.info.region;

    if (region >= PT_NUM_REGIONS ||
        !legal(off, width, r[region].flags & PT_REGION_IO ? 4 : 8) || off >= r[region].size ||
        width > r[region].size - off) {
        sim_note(&d->notes, "MMIO %s of %u bytes at %#llx in region %u",
                 what, width, (unsigned long long)off, region);
        return -EINVAL;
    }
    if (!d->vanished && d->clock->now_us < d->settled_us) {
        d->count.early++;
        sim_note(&d->notes, "MMIO %s before the device has settled", what);
    }
    return 0;
}

/* On the bus, as memory or in I/O space. */
static bool bus_read(struct sim_dev *d, unsigned region, uint64_t off,
                     unsigned width, uint64_t *val)
{
    const struct pt_region *r = &d->pt.info.region[region];

    return r->flags & PT_REGION_IO ?
        sim_dev_io_read(d, (uint32_t)(r->addr + off), width, val) :
        sim_dev_mem_read(d, r->addr + off, width, val);
}

static bool bus_write(struct sim_dev *d, unsigned region, uint64_t off,
                      unsigned width, uint64_t val)
{
    const struct pt_region *r = &d->pt.info.region[region];

    return r->flags & PT_REGION_IO ?
        sim_dev_io_write(d, (uint32_t)(r->addr + off), width, val) :
        sim_dev_mem_write(d, r->addr + off, width, val);
}

static unsigned log2_of(unsigned width)
{
    return width >= 8 ? 3 : width >= 4 ? 2 : width >= 2 ? 1 : 0;
}

int sim_dev_mmio_read(void *priv, unsigned region, uint64_t off,
                      unsigned width, uint64_t *val)
{
    struct sim_dev *d = priv;
    int rc = sim_fault_check(&d->mmio_fault);

    d->count.mmio_reads[log2_of(width)]++;
    if (rc == 0) {
        rc = check(d, "read", region, off, width);
    }
    if (rc != 0) {
        return rc;
    }
    if (!bus_read(d, region, off, width, val)) {
        d->count.unsupported += !d->vanished;
        *val = UINT64_MAX >> (64 - 8 * width);
    }
    return 0;
}

int sim_dev_mmio_write(void *priv, unsigned region, uint64_t off,
                       unsigned width, uint64_t val)
{
    struct sim_dev *d = priv;
    int failed = sim_fault_check(&d->mmio_fault);
    int rc = check(d, "write", region, off, width);

    d->count.mmio_writes[log2_of(width)]++;
    if (rc == 0 && in_table(d, region, off)) {
        d->count.msix_written_by_dm++;
        sim_note(&d->notes, "the device model wrote the MSI-X table at "
                 "+%#llx", (unsigned long long)(off - d->msix.off));
    }
    if (rc == 0 && !(d->pt.info.region[region].flags & PT_REGION_IO) &&
        sim_dev_msix_page(d, d->pt.info.region[region].addr + off)) {
        sim_note(&d->notes, "the device model hangs: it writes to region %u "
                 "at %#llx, where Xen has MSI-X write-protected", region,
                 (unsigned long long)off);
    }
    if (rc != 0 || failed != 0) {
        return rc ? rc : failed;
    }
    if (!bus_write(d, region, off, width, val)) {
        d->count.unsupported += !d->vanished;
    }
    return 0;
}

bool sim_dev_xen_write_msix(struct sim_dev *d, unsigned entry, unsigned word,
                            uint32_t val)
{
    uint64_t base;

    if (!d->msix.pos || entry >= d->msix.entries || word > 3 ||
        d->msix.bir >= PT_NUM_BARS || !decode(d, d->msix.bir, &base)) {
        return false;
    }
    table_write(d, 4 * (uint64_t)entry + word, val);
    sim_irq_update(d);
    return true;
}

/* ------------------------------------------------------------------ */
/* Interrupts                                                          */

bool sim_dev_msi_enabled(const struct sim_dev *d)
{
    return d->msi.pos &&
           (d->cfg[d->msi.pos + PCI_MSI_FLAGS] & PCI_MSI_FLAGS_ENABLE);
}

static uint32_t msix_control(const struct sim_dev *d)
{
    return d->msix.pos ? sim_dev_peek(d, d->msix.pos + PCI_CAP_FLAGS, 2) : 0;
}

bool sim_dev_msix_enabled(const struct sim_dev *d)
{
    return msix_control(d) & PCI_MSIX_ENABLE;
}

uint32_t sim_dev_msix_word(const struct sim_dev *d, unsigned entry,
                           unsigned word)
{
    return entry < d->msix.entries && word < 4 ?
           d->msix.table[4 * entry + word] : 0;
}

/* A message is a memory write: D0 and bus mastering. PCI PM 1.2, 5.4. */
static bool may_send(const struct sim_dev *d)
{
    return sim_dev_answers(d) && sim_dev_power(d) == 0 &&
           (d->cfg[PCI_COMMAND] & PCI_COMMAND_MASTER);
}

static void message(struct sim_dev *d, uint64_t addr, uint32_t data)
{
    if (d->sink.message) {
        d->sink.message(d->sink.priv, d, addr, data);
    }
}

static unsigned msi_allocated(const struct sim_dev *d)
{
    unsigned n = 1u << (sim_dev_peek(d, d->msi.pos + PCI_MSI_FLAGS, 1) >> 4 &
                        7);

    return n < d->msi.vectors ? n : d->msi.vectors;
}

/* PCI 3.0, 6.8.3.4: the device fills in the low bits of the data. */
static void msi_message(struct sim_dev *d, unsigned vector)
{
    uint64_t addr = sim_dev_peek(d, d->msi.pos + PCI_MSI_ADDRESS_LO, 4);
    uint32_t data = sim_dev_peek(d, d->msi.data, 2);

    if (d->msi.data == d->msi.pos + PCI_MSI_DATA_64) {
        addr |= (uint64_t)sim_dev_peek(d, d->msi.pos + PCI_MSI_ADDRESS_HI, 4)
                << 32;
    }
    message(d, addr, (data & ~(msi_allocated(d) - 1)) | vector);
}

enum sim_sent sim_dev_send_msi(struct sim_dev *d, unsigned vector)
{
    if (!sim_dev_msi_enabled(d) || vector >= msi_allocated(d) ||
        !may_send(d)) {
        return SIM_NOT_SENT;
    }
    if (d->msi.mask && (sim_dev_peek(d, d->msi.mask, 4) >> vector & 1)) {
        sim_dev_set_bits(d, d->msi.pending, 4, UINT32_C(1) << vector);
        return SIM_PENDING;
    }
    msi_message(d, vector);
    return SIM_SENT;
}

static void msix_message(struct sim_dev *d, unsigned entry)
{
    const uint32_t *e = &d->msix.table[4 * entry];

    message(d, (uint64_t)e[1] << 32 | e[0], e[2]);
}

enum sim_sent sim_dev_send_msix(struct sim_dev *d, unsigned entry)
{
    if (!sim_dev_msix_enabled(d) || entry >= d->msix.entries ||
        !may_send(d)) {
        return SIM_NOT_SENT;
    }
    if ((msix_control(d) & PCI_MSIX_MASK) ||
        (d->msix.table[4 * entry + 3] & VECTOR_MASKED)) {
        d->msix.pba[entry / 64] |= UINT64_C(1) << (entry % 64);
        return SIM_PENDING;
    }
    msix_message(d, entry);
    return SIM_SENT;
}

/* PCI 3.0, 6.8.3.5: what was pending is sent when unmasked. */
static void send_pending(struct sim_dev *d)
{
    unsigned i;

    if (d->msi.pending && sim_dev_msi_enabled(d)) {
        uint32_t due = sim_dev_peek(d, d->msi.pending, 4) &
                       ~sim_dev_peek(d, d->msi.mask, 4);

        for (i = 0; i < msi_allocated(d) && due; i++) {
            if (due >> i & 1) {
                sim_dev_poke(d, d->msi.pending, 4, ~(UINT32_C(1) << i) &
                             sim_dev_peek(d, d->msi.pending, 4));
                msi_message(d, i);
            }
        }
    }
    if ((msix_control(d) & (PCI_MSIX_ENABLE | PCI_MSIX_MASK)) !=
        PCI_MSIX_ENABLE) {
        return;
    }
    for (i = 0; i < d->msix.entries; i++) {
        if (d->msix.pba[i / 64] == 0) {
            i |= 63;
        } else if ((d->msix.pba[i / 64] >> (i % 64) & 1) &&
                   !(d->msix.table[4 * i + 3] & VECTOR_MASKED)) {
            d->msix.pba[i / 64] &= ~(UINT64_C(1) << (i % 64));
            msix_message(d, i);
        }
    }
}

/* PCI 3.0, 6.2.2 to 6.2.4; 6.8: no INTx while messages are enabled. */
void sim_irq_update(struct sim_dev *d)
{
    bool line = d->interrupting && d->cfg[PCI_INTERRUPT_PIN] &&
                sim_dev_answers(d) && sim_dev_power(d) == 0 &&
                !(sim_dev_peek(d, PCI_COMMAND, 2) &
                  PCI_COMMAND_DISABLE_INTx) &&
                !sim_dev_msi_enabled(d) && !sim_dev_msix_enabled(d);

    if (may_send(d)) {
        send_pending(d);
    }
    if (line == d->line) {
        return;
    }
    d->line = line;
    if (d->sink.line) {
        d->sink.line(d->sink.priv, d, line);
    }
}

void sim_dev_set_intx(struct sim_dev *d, bool on)
{
    d->interrupting = on;
    if (on) {
        d->cfg[PCI_STATUS] |= PCI_STATUS_INTx;
    } else {
        d->cfg[PCI_STATUS] &= (uint8_t)~PCI_STATUS_INTx;
    }
    sim_irq_update(d);
}

enum sim_sent sim_dev_interrupt(struct sim_dev *d, unsigned vector)
{
    if (sim_dev_msix_enabled(d)) {
        return sim_dev_send_msix(d, vector);
    }
    if (sim_dev_msi_enabled(d)) {
        return sim_dev_send_msi(d, vector);
    }
    sim_dev_set_intx(d, true);
    return d->line ? SIM_SENT : SIM_NOT_SENT;
}
