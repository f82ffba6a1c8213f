/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SIMULATED: the classic tree. See tree.h. */
#include <assert.h>
#include <errno.h>

#include "tree.h"
#include "pt-os.h"
#include "pt-qemu-dm.h"

#define UNMAPPED UINT32_MAX
#define CFG_CLASS 0x0a
#define CLASS_NET 0x0200

struct tree tree;
xc_interface *xc_handle;
int domid = 7;
FILE *logfile;
int gfx_passthru;
int direct_pci_msitranslate;
int direct_pci_power_mgmt;

/* ------------------------------------------------------------------ */
/* PCI core                                                            */

PCIDevice *pci_register_device(PCIBus *bus, const char *name,
                               int instance_size, int devfn,
                               PCIConfigReadFunc *config_read,
                               PCIConfigWriteFunc *config_write)
{
    PCIDevice *d;

    if (devfn < 0 || devfn >= NR_PCI_DEVFN || bus->devices[devfn]) {
        return NULL;
    }
    d = calloc(1, (size_t)instance_size);
    if (!d) {
        return NULL;
    }
    d->bus = bus;
    d->devfn = devfn;
    snprintf(d->name, sizeof(d->name), "%s", name);
    d->config_read = config_read ? config_read : pci_default_read_config;
    d->config_write = config_write ? config_write : pci_default_write_config;
    for (int i = 0; i < PCI_NUM_REGIONS; i++) {
        d->io_regions[i].addr = UNMAPPED;
    }
    bus->devices[devfn] = d;
    tree.registered++;
    return d;
}

int pci_devfn_in_use(PCIBus *bus, int devfn)
{
    return bus->devices[devfn] != NULL;
}

int pt_chk_bar_overlap(PCIBus *bus, int devfn, uint32_t addr, uint32_t size,
                       uint8_t type)
{
    for (int i = 0; i < NR_PCI_DEVFN; i++) {
        const PCIDevice *d = bus->devices[i];

        for (int n = 0; d && i != devfn && n < PCI_NUM_REGIONS; n++) {
            const PCIIORegion *r = &d->io_regions[n];

            if (r->addr != UNMAPPED && r->size &&
                (r->type & 1) == (type & 1) &&
                addr < (uint64_t)r->addr + r->size &&
                r->addr < (uint64_t)addr + size) {
                tree.lines++;
                return 1;
            }
        }
    }
    return 0;
}

uint32_t pci_default_read_config(PCIDevice *d, uint32_t address, int len)
{
    uint32_t val = 0;

    memcpy(&val, d->config + address, (size_t)len);
    return val;
}

void pci_default_write_config(PCIDevice *d, uint32_t address, uint32_t data,
                              int len)
{
    memcpy(d->config + address, &data, (size_t)len);
}

/* Bus, function and register; only the register's low eight bits count. */
static PCIDevice *at_address(void *opaque, uint32_t addr)
{
    PCIBus *bus = opaque;

    return addr >> 16 & 0xff ? NULL : bus->devices[addr >> 8 & 0xff];
}

void pci_data_write(void *opaque, uint32_t addr, uint32_t val, int len)
{
    PCIDevice *d = at_address(opaque, addr);

    if (d) {
        d->config_write(d, addr & 0xff, val, len);
    }
}

uint32_t pci_data_read(void *opaque, uint32_t addr, int len)
{
    PCIDevice *d = at_address(opaque, addr);

    return d ? d->config_read(d, addr & 0xff, len) :
        len == 4 ? UINT32_MAX : (1u << (8 * len)) - 1;
}

PCIBus *pci_isa_bridge_init(PCIBus *bus, int devfn, uint16_t vid,
                            uint16_t did, uint8_t rid, pci_map_irq_fn map_irq,
                            const char *name)
{
    PCIDevice *d = pci_register_device(bus, name, sizeof(*d), devfn, NULL,
                                       NULL);

    if (!d || !map_irq) {
        tree.exited = true;
        return NULL;
    }
    memcpy(d->config, &vid, 2);
    memcpy(d->config + 2, &did, 2);
    d->config[8] = rid;
    d->config[CFG_CLASS] = 0x01;
    d->config[CFG_CLASS + 1] = 0x06;
    d->config[0x0e] = 0x80;
    tree.bridges++;
    tree.bridge_vid = vid;
    tree.bridge_did = did;
    tree.bridge_rid = rid;
    tree.bridge_devfn = devfn;
    return bus;
}

/* ------------------------------------------------------------------ */
/* MMIO dispatch, and Xen's list of ranges                             */

int cpu_register_io_memory(int io_index, CPUReadMemoryFunc **read,
                           CPUWriteMemoryFunc **write, void *opaque)
{
    if (io_index <= 0) {
        for (io_index = 1; io_index < TREE_HANDLERS; io_index++) {
            if (!tree.handler[io_index].used) {
                break;
            }
        }
    }
    if (io_index >= TREE_HANDLERS) {
        return -1;
    }
    tree.handler[io_index].used = true;
    tree.handler[io_index].opaque = opaque;
    memcpy(tree.handler[io_index].read, read,
           sizeof(tree.handler[io_index].read));
    memcpy(tree.handler[io_index].write, write,
           sizeof(tree.handler[io_index].write));
    return io_index << 3;
}

static void xen_range_del(uint64_t start, uint64_t size)
{
    for (unsigned i = 0; i < tree.num_ranges; i++) {
        if (tree.range[i].start == start && tree.range[i].size == size) {
            tree.range[i] = tree.range[--tree.num_ranges];
            return;
        }
    }
}

/* A range that is there, or meets another, is refused, as Xen does. */
static void xen_range_add(uint64_t start, uint64_t size)
{
    for (unsigned i = 0; i < tree.num_ranges; i++) {
        const struct tree_mmio *r = &tree.range[i];

        if (start < r->start + r->size && r->start < start + size) {
            return;
        }
    }
    if (tree.num_ranges == TREE_XEN_RANGES) {
        fprintf(stderr, "tree: Xen has no room for more ranges\n");
        tree.exited = true;
        return;
    }
    tree.range[tree.num_ranges++] = (struct tree_mmio) {
        .start = start, .size = size,
    };
}

void cpu_unregister_io_memory(int handle)
{
    for (unsigned i = 0; i < tree.num_mmio; i++) {
        struct tree_mmio *m = &tree.mmio[i];

        if (m->handle == handle) {
            for (unsigned r = 0; r < tree.num_ranges; r++) {
                if (tree.range[r].start == m->start) {
                    xen_range_del(m->start, tree.range[r].size);
                    break;
                }
            }
            /* The place is not given back. */
            memset(m, 0, sizeof(*m));
            break;
        }
    }
    memset(&tree.handler[handle >> 3], 0, sizeof(tree.handler[0]));
}

void cpu_register_physical_memory(target_phys_addr_t start, ram_addr_t size,
                                  ram_addr_t handle)
{
    unsigned i = 0;

    while (i < tree.num_mmio && tree.mmio[i].start != start) {
        i++;
    }
    if (i == TREE_MMIO) {
        tree.exited = true;
        return;
    }
    if (i == tree.num_mmio) {
        tree.num_mmio++;
    }
    tree.mmio[i] = (struct tree_mmio) {
        .start = start, .size = size, .handle = (int)handle,
    };
    xen_range_add(start, size);
}

void unregister_iomem(target_phys_addr_t start)
{
    for (unsigned i = 0; i < tree.num_mmio; i++) {
        if (tree.mmio[i].start == start) {
            tree.lines++;
            tree.mmio[i].size = 0;
            return;
        }
    }
}

/* Xen sends what is in its list, and to this process only that. */
static bool routed(uint64_t gpa)
{
    for (unsigned i = 0; i < tree.num_ranges; i++) {
        if (gpa - tree.range[i].start < tree.range[i].size) {
            return true;
        }
    }
    return false;
}

static const struct tree_mmio *find_mmio(uint64_t gpa)
{
    if (!routed(gpa)) {
        return NULL;
    }
    for (unsigned i = 0; i < tree.num_mmio; i++) {
        const struct tree_mmio *m = &tree.mmio[i];

        if (gpa - m->start < m->size) {
            return m;
        }
    }
    return NULL;
}

bool tree_trapped(uint64_t gpa)
{
    return find_mmio(gpa) != NULL;
}

static int width_index(int len)
{
    return len == 4 ? 2 : len == 2 ? 1 : 0;
}

uint32_t tree_mmio_read(uint64_t gpa, int len)
{
    const struct tree_mmio *m = find_mmio(gpa);
    const struct tree_handler *h;

    if (!m) {
        return UINT32_MAX;
    }
    h = &tree.handler[m->handle >> 3];
    return h->read[width_index(len)](h->opaque, gpa);
}

void tree_mmio_write(uint64_t gpa, uint32_t val, int len)
{
    const struct tree_mmio *m = find_mmio(gpa);

    if (m) {
        const struct tree_handler *h = &tree.handler[m->handle >> 3];

        h->write[width_index(len)](h->opaque, gpa, val);
    }
}

void cpu_physical_memory_rw(target_phys_addr_t addr, uint8_t *buf, int len,
                            int is_write)
{
    if (addr + (uint64_t)len > TREE_RAM) {
        tree.exited = true;
    } else if (is_write) {
        memcpy(tree.ram + addr, buf, (size_t)len);
    } else {
        memcpy(buf, tree.ram + addr, (size_t)len);
    }
}

/* ------------------------------------------------------------------ */
/* The operating system, libpci and libxenctrl                         */

/* ------------------------------------------------------------------ */
/* Timers                                                              */

struct QEMUTimer {
    QEMUTimerCB *cb;
    void *opaque;
    int64_t at;        /* INT64_MAX: not running */
    QEMUTimer *next;
};

QEMUClock *rt_clock;
static QEMUTimer *timers;

int64_t qemu_get_clock(QEMUClock *clock)
{
    assert(clock == rt_clock);
    return (int64_t)(tree.clock.now_us / 1000);
}

QEMUTimer *qemu_new_timer(QEMUClock *clock, QEMUTimerCB *cb, void *opaque)
{
    QEMUTimer *t = calloc(1, sizeof(*t));

    assert(clock == rt_clock);
    assert(t);
    *t = (QEMUTimer) {
        .cb = cb, .opaque = opaque, .at = INT64_MAX, .next = timers,
    };
    timers = t;
    return t;
}

void qemu_free_timer(QEMUTimer *ts)
{
    QEMUTimer **t = &timers;

    /* The tree's does not stop it: it would run freed. */
    assert(ts->at == INT64_MAX);
    while (*t != ts) {
        t = &(*t)->next;
    }
    *t = ts->next;
    free(ts);
}

void qemu_del_timer(QEMUTimer *ts)
{
    ts->at = INT64_MAX;
}

void qemu_mod_timer(QEMUTimer *ts, int64_t expire_time)
{
    ts->at = expire_time;
}

void tree_pass(unsigned ms)
{
    QEMUTimer *t;

    tree.clock.now_us += ms * 1000ull;
    for (t = timers; t; t = t->next) {
        if (t->at <= qemu_get_clock(rt_clock)) {
            t->at = INT64_MAX;
            t->cb(t->opaque);
        }
    }
}

unsigned tree_timers(void)
{
    const QEMUTimer *t;
    unsigned n = 0;

    for (t = timers; t; t = t->next) {
        n++;
    }
    return n;
}

uint64_t pt_os_now_us(void)
{
    return tree.clock.now_us;
}

void pt_os_delay_us(uint32_t us)
{
    tree.clock.now_us += us;
}

const char *pt_os_conf_path(void)
{
    return tree.conf_path ? tree.conf_path : "/nonexistent/conf";
}

int pt_os_read_vbios(uint8_t *buf, size_t len)
{
    if (!tree.vbios) {
        return -EACCES;
    }
    memcpy(buf, tree.vbios, len);
    return 0;
}

static struct tree_host *find_host(const struct pt_sbdf *addr)
{
    for (unsigned i = 0; i < TREE_HOSTS; i++) {
        struct tree_host *h = &tree.host[i];

        if (h->used && memcmp(&h->addr, addr, sizeof(*addr)) == 0) {
            return h;
        }
    }
    return NULL;
}

int pt_device_open(struct pt_device *dev, const struct pt_sbdf *addr,
                   struct pt_error *err)
{
    struct pt_sbdf key;
    struct tree_host *h;
    char name[PT_SBDF_LEN];

    tree.device_opens++;
    memset(dev, 0, sizeof(*dev));
    /* Whose padding is 0, for memcmp(). */
    memset(&key, 0, sizeof(key));
    key.domain = addr->domain;
    key.bus = addr->bus;
    key.dev = addr->dev;
    key.func = addr->func;
    h = find_host(&key);
    if (tree.open_errnum) {
        int errnum = tree.open_errnum;

        tree.open_errnum = 0;
        return pt_fail(err, errnum, "libpci says no");
    }
    if (!h) {
        return pt_fail(err, ENODEV, "%s: no such function",
                       pt_sbdf_str(addr, name));
    }
    h->opens++;
    *dev = h->dev.pt;
    return 0;
}

void pt_device_close(struct pt_device *dev)
{
    if (dev->ops) {
        for (unsigned i = 0; i < TREE_HOSTS; i++) {
            tree.host[i].closes += tree.host[i].used &&
                dev->priv == &tree.host[i].dev;
        }
    }
    dev->ops = NULL;
    dev->priv = NULL;
}

static unsigned find_platform(bool io, uint64_t guest, uint64_t host,
                              uint64_t nr)
{
    unsigned i = 0;

    while (i < tree.num_platform &&
           (tree.platform_io[i] != io || tree.platform[i].guest != guest ||
            tree.platform[i].host != host || tree.platform[i].nr != nr)) {
        i++;
    }
    return i;
}

bool tree_platform(bool io, uint64_t guest, uint64_t host, uint64_t nr)
{
    return find_platform(io, guest, host, nr) < tree.num_platform;
}

static int map_platform(bool io, uint64_t guest, uint64_t host, uint64_t nr,
                        bool add)
{
    unsigned i = find_platform(io, guest, host, nr);
    int rc = sim_fault_check(&tree.platform_fault);

    if (rc != 0) {
        return rc;
    }
    if (add != (i == tree.num_platform) || i == TREE_PLATFORM) {
        sim_note(&tree.xen.notes, "platform's %#llx %s twice",
                 (unsigned long long)host, add ? "mapped" : "unmapped");
        return -EINVAL;
    }
    if (add) {
        tree.platform[i] = (struct sim_map) {
            .guest = guest, .host = host, .nr = nr,
        };
        tree.platform_io[i] = io;
        tree.num_platform++;
    } else {
        tree.num_platform--;
        tree.platform[i] = tree.platform[tree.num_platform];
        tree.platform_io[i] = tree.platform_io[tree.num_platform];
    }
    return 0;
}

static int map_memory(void *priv, uint64_t gfn, uint64_t mfn, uint64_t nr,
                      bool add)
{
    return mfn < TREE_PLATFORM_END ?
        map_platform(false, gfn, mfn, nr, add) :
        tree.xen.pt.ops->map_memory(priv, gfn, mfn, nr, add);
}

static int map_ports(void *priv, uint32_t gport, uint32_t mport, uint32_t nr,
                     bool add)
{
    return mport < 0x400 ? map_platform(true, gport, mport, nr, add) :
        tree.xen.pt.ops->map_ports(priv, gport, mport, nr, add);
}

int pt_xen_open(struct pt_xen *xen, struct xc_interface_core *xch,
                uint32_t dom)
{
    (void)xch;
    (void)dom;
    *xen = tree.xen.pt;
    tree.ops = *xen->ops;
    tree.ops.map_memory = map_memory;
    tree.ops.map_ports = map_ports;
    xen->ops = &tree.ops;
    tree.xen_opens++;
    return 0;
}

void pt_xen_close(struct pt_xen *xen)
{
    memset(xen, 0, sizeof(*xen));
    tree.xen_closes++;
}

/* ------------------------------------------------------------------ */
/* The guest                                                           */

uint32_t tree_read(int devfn, uint32_t off, int len)
{
    PCIDevice *d = tree.bus.devices[devfn];
    uint32_t mask = len == 4 ? UINT32_MAX : (1u << (8 * len)) - 1;

    return (d ? d->config_read(d, off, len) : UINT32_MAX) & mask;
}

void tree_write(int devfn, uint32_t off, uint32_t val, int len)
{
    PCIDevice *d = tree.bus.devices[devfn];

    if (d) {
        d->config_write(d, off, val, len);
    }
}

unsigned tree_unplug_nics(void)
{
    unsigned gone = 0;

    for (int i = 0; i < NR_PCI_DEVFN; i++) {
        PCIDevice *d = tree.bus.devices[i];

        if (!d || pci_default_read_config(d, CFG_CLASS, 2) != CLASS_NET ||
            test_pci_devfn(i) == 1) {
            continue;
        }
        tree.bus.devices[i] = NULL;
        free(d);
        gone++;
    }
    return gone;
}

/* ------------------------------------------------------------------ */
/* Start and stop                                                      */

static void emulated(int devfn, uint16_t vendor, uint16_t device,
                     uint16_t class)
{
    PCIDevice *d = pci_register_device(&tree.bus, "emulated", sizeof(*d),
                                       devfn, NULL, NULL);

    memcpy(d->config, &vendor, 2);
    memcpy(d->config + 2, &device, 2);
    memcpy(d->config + CFG_CLASS, &class, 2);
}

void tree_start(void)
{
    memset(&tree, 0, sizeof(tree));
    if (sim_xen_init(&tree.xen, NULL) != 0) {
        abort();
    }
    emulated(PCI_DEVFN(0, 0), 0x8086, 0x1237, 0x0600);
    tree.bus.devices[0]->config_read = igd_pci_read;
    tree.bus.devices[0]->config_write = igd_pci_write;
    for (int f = 0; f < 4; f++) {
        emulated(PCI_DEVFN(1, f), 0x8086, (uint16_t)(0x7000 + f), 0x0601);
    }
    if (!gfx_passthru) {
        emulated(PCI_DEVFN(2, 0), 0x1013, 0x00b8, 0x0300);
        tree.bus.devices[PCI_DEVFN(2, 0)]->io_regions[0] = (PCIIORegion) {
            .addr = 0xf0000000, .size = 0x2000000,
            .type = PCI_ADDRESS_SPACE_MEM_PREFETCH,
        };
    }
    emulated(PCI_DEVFN(3, 0), 0x5853, 0x0001, 0xff80);
    tree_ports_start();
}

void tree_boot(void)
{
    intel_pch_init(&tree.bus);
    if (pt_init(&tree.bus) < 0) {
        tree.exited = true;
    }
}

struct sim_dev *tree_add_host(const struct capture *c)
{
    for (unsigned i = 0; i < TREE_HOSTS; i++) {
        struct tree_host *h = &tree.host[i];
        struct pt_device_info info;

        if (h->used) {
            continue;
        }
        capture_info(c, &info);
        if (sim_dev_init(&h->dev, c, &info, NULL, &tree.clock) != 0 ||
            sim_xen_add(&tree.xen, &h->dev) != 0) {
            abort();
        }
        h->used = true;
        h->addr.domain = c->addr.domain;
        h->addr.bus = c->addr.bus;
        h->addr.dev = c->addr.dev;
        h->addr.func = c->addr.func;
        return &h->dev;
    }
    abort();
}

unsigned tree_stop(void)
{
    char text[4096] = "";
    unsigned faults = 0;

    pt_init(&tree.bus);  /* ends what is assigned */
    faults += tree.xen.notes.count;
    sim_notes_print(&tree.xen.notes, "xen: ", text, sizeof(text));
    faults += sim_xen_leaks(&tree.xen, text, sizeof(text));
    if (tree.num_platform) {
        faults++;
        sim_append(text, sizeof(text), "platform memory is left mapped\n");
    }
    for (unsigned i = 0; i < TREE_HOSTS; i++) {
        struct tree_host *h = &tree.host[i];

        if (!h->used) {
            continue;
        }
        faults += h->dev.notes.count;
        sim_notes_print(&h->dev.notes, "device: ", text, sizeof(text));
        if (h->opens != h->closes) {
            faults++;
            sim_append(text, sizeof(text), "%u opens, %u closes\n", h->opens,
                       h->closes);
        }
    }
    if (tree.xen_opens != tree.xen_closes || tree.xs_open != 0) {
        faults++;
        sim_append(text, sizeof(text), "a handle was left open\n");
    }
    if (tree.exited) {
        faults++;
        sim_append(text, sizeof(text), "the tree would have exited\n");
    }
    if (faults) {
        fprintf(stderr, "%s", text);
    }
    for (unsigned i = 0; i < NR_PCI_DEVFN; i++) {
        free(tree.bus.devices[i]);
    }
    memset(&tree.bus, 0, sizeof(tree.bus));
    intel_pch_init(NULL);
    pt_init(NULL);
    sim_xen_fini(&tree.xen);
    for (unsigned i = 0; i < TREE_HOSTS; i++) {
        if (tree.host[i].used) {
            sim_dev_fini(&tree.host[i].dev);
        }
    }
    return faults;
}
