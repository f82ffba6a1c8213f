/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pass-through in the classic qemu-dm: the functions that the tree calls (its
 * hw/pci.h has their contracts), and what the engine asks of the tree.
 *
 * A toolstack's pci-ins is insert_to_pci_devfn() and then acpi_php_add(),
 * which announces success whatever power_on_php_devfn() returns. So all that
 * can fail is done in the first, where "no" can still be said.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pt-tree.h"
#include "pass-through.h"
#include "pt-common.h"
#include "pt-conf.h"
#include "pt-graphics.h"
#include "pt-mmconfig.h"
#include "pt-mmio.h"
#include "pt-opts.h"
#include "pt-os.h"
#include "pt-params.h"
#include "pt-ports.h"
#include "pt-slots.h"

/*
 * The tree prints a line at each overlap with an emulated device that it is
 * asked for: so many times a device it is asked, then the guest's word, which
 * was wrong as often, is taken for wrong.
 */
#define OVERLAP_LINES 64

/* A policy, and who it is from. */
struct wish {
    struct pt_policy policy;
    char origin[PT_CONF_ORIGINS];  /* "": no file */
};

/* An assigned function. */
struct function {
    struct pt_device host;
    struct pt_dev *dev;
    struct pt_bus bus;
    struct shell *shell;
    QEMUTimer *timer;        /* of the first of these */
    struct pt_times times;
    struct pt_places places;
    struct pt_options asked; /* by the request */
    struct wish wish;        /* in force */
    bool listed;             /* it was seen in the backend node */
    bool written;            /* by the guest */
    unsigned overlap_lines;  /* left */
    unsigned mmio_lines;     /* left */
};

/*
 * What the tree's bus has of a function. The tree can't take a device back
 * without leaks (its interrupts, Xen's routing of its config cycles): the
 * shell stays, answers as no device does, and the next function gets it.
 */
struct shell {
    PCIDevice pci;       /* first: the tree allocates it */
    struct function *fn; /* NULL: empty */
};

static struct {
    PCIBus *bus;
    struct pt_slots slots;
    struct shell *shell[PT_NUM_DEVFNS];
    struct pt_mmio mmio;
    struct pt_xen xen;   /* open from the first function on */
    bool room;           /* an address range became free */
    bool watched;        /* the backend node */
    bool window;         /* the guest has the one of MMCONFIG */
    pid_t pid;           /* who has asked for release_all() at its exit */
} dm;

static void say(enum pt_level level, const char *line)
{
    fprintf(logfile ? logfile : stderr, "%s%s\n", pt_level_prefix(level),
            line);
}

static void say_of(enum pt_level level, const char *what, const char *text)
{
    char line[sizeof(struct pt_error) + 64];

    snprintf(line, sizeof(line), "pass-through: %s: %s", what, text);
    say(level, line);
}

/* The function at @devfn, or NULL. */
static struct function *function_at(unsigned devfn)
{
    return dm.shell[devfn] ? dm.shell[devfn]->fn : NULL;
}

static bool emulated(void *priv, unsigned devfn)
{
    (void)priv;
    return !dm.shell[devfn] && pci_devfn_in_use(dm.bus, (int)devfn);
}

/* ------------------------------------------------------------------ */
/* What the engine asks                                                */

static void bus_log(void *priv, enum pt_level level, const char *line)
{
    (void)priv;
    say(level, line);
}

static uint64_t bus_now_us(void *priv)
{
    (void)priv;
    return pt_os_now_us();
}

static void bus_delay_us(void *priv, uint32_t us)
{
    (void)priv;
    pt_os_delay_us(us);
}

static void set_timer(const struct function *fn)
{
    uint64_t us = pt_times_first(&fn->times);
    uint64_t now = pt_os_now_us();

    if (us == PT_NEVER) {
        qemu_del_timer(fn->timer);
    } else {
        qemu_mod_timer(fn->timer, qemu_get_clock(rt_clock) + 1 +
                       (int64_t)((us > now ? us - now : 0) / 1000));
    }
}

static void bus_call_at(void *priv, uint64_t us)
{
    struct function *fn = priv;

    fn->times.tick = us;
    set_timer(fn);
}

static int bus_trap(void *priv, struct pt_trap *t)
{
    return t->io ? pt_ports_on(t) : pt_mmio_on(&dm.mmio, t, priv);
}

static void bus_untrap(void *priv, struct pt_trap *t)
{
    struct function *fn = priv;

    if (t->io) {
        pt_ports_off(t);
    } else {
        pt_mmio_off(&dm.mmio, t, &fn->mmio_lines);
    }
}

/* Emulated devices end at 4 GiB. */
static bool emulated_has(struct function *fn, bool io, uint64_t addr,
                         uint64_t size)
{
    if (addr + (size - 1) > UINT32_MAX) {
        return false;
    }
    if (fn->overlap_lines == 0) {
        return true;
    }
    if (!pt_chk_bar_overlap(dm.bus, fn->shell->pci.devfn, (uint32_t)addr,
                            (uint32_t)size, io ? PCI_ADDRESS_SPACE_IO :
                            PCI_ADDRESS_SPACE_MEM)) {
        return false;
    }
    if (--fn->overlap_lines == 0) {
        say_of(PT_LOG_WARNING, "a guest's device", "is put over others again "
               "and again: it is not mapped below 4 GiB any more");
    }
    return true;
}

/* The tree knows 32 bits of address only: assigned ones are looked up here. */
static bool bus_taken(void *priv, const struct pt_dev *self, bool io,
                      uint64_t addr, uint64_t size)
{
    (void)self;
    if (dm.window && !io &&
        pt_overlap(addr, size, PT_MMCFG_BASE, PT_MMCFG_SIZE)) {
        return true;
    }
    for (unsigned i = 0; i < PT_NUM_DEVFNS; i++) {
        const struct function *fn = function_at(i);

        if (fn && fn != priv) {
            pt_yield(fn->dev, io, addr, size);
        }
        if (fn && fn != priv && pt_places_have(&fn->places, io, addr, size)) {
            return true;
        }
    }
    return emulated_has(priv, io, addr, size);
}

/* io_regions is for who looks at the bus: what fits there is shown. */
static void show(const struct function *fn, unsigned n)
{
    struct pt_shown shown = pt_places_show(&fn->places, n);
    PCIIORegion *r = &fn->shell->pci.io_regions[n];

    r->addr = shown.addr;
    r->size = shown.size;
    r->type = shown.type;
}

static void bus_moved(void *priv, const struct pt_dev *self, unsigned n,
                      uint64_t addr)
{
    struct function *fn = priv;

    dm.room |= pt_places_move(&fn->places, self, n, addr);
    show(fn, n);
    pt_times_moved(&fn->times, addr, pt_os_now_us());
    set_timer(fn);
}

static const struct pt_bus_ops bus_ops = {
    .log = bus_log,
    .now_us = bus_now_us,
    .delay_us = bus_delay_us,
    .call_at = bus_call_at,
    .trap = bus_trap,
    .untrap = bus_untrap,
    .traps_ports = true,
    .taken = bus_taken,
    .moved = bus_moved,
};

/* ------------------------------------------------------------------ */
/* The guest's config accesses                                         */

/* Where one device made room, another that found none may be mapped now. */
static void use_room(void)
{
    if (!dm.room) {
        return;
    }
    for (unsigned i = 0; i < PT_NUM_DEVFNS; i++) {
        if (function_at(i)) {
            pt_bars_sync(function_at(i)->dev);
        }
    }
    dm.room = false;
}

static void timer_ends(void *opaque)
{
    struct function *fn = opaque;

    if (!fn->dev) {
        return;
    }
    pt_times_run(&fn->times, fn->dev, pt_os_now_us());
    set_timer(fn);
    use_room();
}

static uint32_t config_read(PCIDevice *pci, uint32_t addr, int len)
{
    const struct function *fn = ((struct shell *)pci)->fn;
    uint32_t val;

    if (!fn) {
        return UINT32_MAX;
    }
    if (pt_gfx_config_read(&fn->host, addr, len, &val)) {
        return val;
    }
    return pt_config_read(fn->dev, addr, (unsigned)len);
}

static void config_write(PCIDevice *pci, uint32_t addr, uint32_t val, int len)
{
    struct function *fn = ((struct shell *)pci)->fn;

    if (!fn) {
        return;
    }
    fn->written = true;
    if (!pt_gfx_config_write(&fn->host, addr, len, val)) {
        pt_config_write(fn->dev, addr, val, (unsigned)len);
    }
    use_room();
}

/* ------------------------------------------------------------------ */
/* Those by MMCONFIG                                                   */

static bool mmcfg_extended(void *priv, unsigned devfn)
{
    const struct function *fn = function_at(devfn);

    (void)priv;
    return fn && pt_config_size(fn->dev) > PT_CFG_SIZE;
}

/* The tree has an address as the ports do: bus, function, register. */
static uint32_t mmcfg_read(void *priv, unsigned devfn, unsigned off,
                           unsigned len)
{
    (void)priv;
    return off < PT_CFG_SIZE ?
        pci_data_read(dm.bus, devfn << 8 | off, (int)len) :
        config_read(&dm.shell[devfn]->pci, off, (int)len);
}

static void mmcfg_write(void *priv, unsigned devfn, unsigned off,
                        uint32_t val, unsigned len)
{
    (void)priv;
    if (off < PT_CFG_SIZE) {
        pci_data_write(dm.bus, devfn << 8 | off, val, (int)len);
    } else {
        config_write(&dm.shell[devfn]->pci, off, val, (int)len);
    }
}

static const struct pt_mmcfg_ops mmcfg_ops = {
    .read = mmcfg_read, .write = mmcfg_write, .extended = mmcfg_extended,
};

/* For @host: without it, the guest's space ends after 256 bytes. */
static bool have_window(const struct pt_device *host)
{
    char name[PT_SBDF_LEN];

    if (!dm.window && pt_mmconfig_on(&mmcfg_ops) != 0) {
        say_of(PT_LOG_WARNING, pt_sbdf_str(&host->info.addr, name),
               "no extended configuration space: the tree has no room for an "
               "MMCONFIG window");
        return false;
    }
    dm.window = true;
    return true;
}

/* ------------------------------------------------------------------ */
/* Policies                                                            */

/*
 * The request counts before the device's opts-N, that before the domain's.
 * libxl says no to all that nobody asked for: no is no word against a file's.
 */
static int8_t said(int8_t request, int8_t node, int domain)
{
    bool yes = request != PT_UNSAID ? request :
        node != PT_UNSAID ? node : domain != 0;

    return yes ? 1 : PT_CONF_UNSAID;
}

static int read_files(const struct pt_device *host, struct pt_conf_choice *c,
                      struct pt_error *err)
{
#ifdef CONFIG_STUBDOM  /* which has none */
    (void)host;
    (void)err;
    pt_conf_begin(c);
    return 0;
#else
    char name[PT_SBDF_LEN];
    int rc = pt_conf_decide(pt_os_conf_path(), NULL, host, c, err);

    if (rc == 0 && c->romfile[0]) {
        say_of(PT_LOG_WARNING, pt_sbdf_str(&host->info.addr, name),
               "this device model has no romfile: the guest gets the "
               "device's ROM");
    }
    return rc;
#endif
}

/* What @host's policy is; @r: the request, @n: the node. */
static int choose(const struct pt_device *host, const struct pt_options *r,
                  const struct pt_options *n, struct wish *wish,
                  struct pt_error *err)
{
    const int8_t toolstack[PT_CONF_NUM_FLAGS] = {
        [PT_CONF_MSITRANSLATE] = said(r->msitranslate, n->msitranslate,
                                      direct_pci_msitranslate),
        [PT_CONF_POWER_MGMT] = said(r->power_mgmt, n->power_mgmt,
                                    direct_pci_power_mgmt),
        [PT_CONF_PERMISSIVE] = said(r->permissive, n->permissive, 0),
        /* libxl does not know these: no is somebody's. */
        [PT_CONF_STRICT] = r->strict != PT_UNSAID ? r->strict : n->strict,
        [PT_CONF_FLR] = r->flr != PT_UNSAID ? r->flr : n->flr,
        [PT_CONF_ROMBAR] = PT_CONF_UNSAID,
        [PT_CONF_EXTENDED] = r->extended != PT_UNSAID ? r->extended :
            n->extended,
    };
    struct pt_conf_choice c;
    int rc = read_files(host, &c, err);

    memset(wish, 0, sizeof(*wish));
    if (rc == 0) {
        pt_conf_say(&c, toolstack);
        rc = pt_conf_policy(&c, &wish->policy, err);
        wish->policy.extended = wish->policy.extended && have_window(host);
    }
    if (rc == 0 && !pt_conf_origin(&c, wish->origin, sizeof(wish->origin))) {
        wish->origin[0] = '\0';
    }
    return rc;
}

/* ------------------------------------------------------------------ */
/* Assign and release                                                  */

/* All functions of a slot say whether there are several. */
static void update_slot(unsigned devfn)
{
    bool multi = pt_slots_count(&dm.slots, devfn) > 1;

    for (unsigned i = 0; i < PT_SLOT_FUNCS; i++) {
        struct function *fn = function_at((devfn & ~7u) + i);

        if (fn && fn->dev) {
            pt_set_multifunction(fn->dev, multi);
        }
    }
}

static struct shell *get_shell(unsigned devfn)
{
    if (!dm.shell[devfn]) {
        dm.shell[devfn] = (struct shell *)
            pci_register_device(dm.bus, "DIRECT PCI", sizeof(struct shell),
                                (int)devfn, config_read, config_write);
    }
    return dm.shell[devfn];
}

static int open_xen(struct pt_error *err)
{
    int rc = dm.xen.ops ? 0 :
        pt_xen_open(&dm.xen, xc_handle, (uint32_t)domid);

    return rc == 0 ? 0 : pt_fail(err, -rc, "Xen: %s", strerror(-rc));
}

/*
 * End @fn in whatever state it is; its place stays taken. @left: the device
 * may have left the domain.
 */
static void release(struct function *fn, bool left)
{
    if (fn->shell) {
        if (left) {
            pt_detach_left(fn->dev);
        } else {
            pt_detach(fn->dev);
        }
        if (fn->timer) {
            qemu_del_timer(fn->timer);
            qemu_free_timer(fn->timer);
        }
        pt_mmio_forget(&dm.mmio, fn);
        dm.room |= pt_places_any(&fn->places);
        pt_places_init(&fn->places);
        for (unsigned n = 0; n < PT_NUM_REGIONS; n++) {
            show(fn, n);
        }
        fn->shell->fn = NULL;
    }
    pt_gfx_detach(&fn->host);
    pt_device_close(&fn->host);
    free(fn);
}

/* Have the engine attach @fn's device, at @devfn. */
static int start(struct function *fn, unsigned devfn,
                 const struct wish *wish, struct pt_error *err)
{
    struct pt_args args = {
        .host = &fn->host, .xen = &dm.xen, .bus = &fn->bus,
        .policy = wish->policy, .devfn = (uint8_t)devfn,
        .multifunction = pt_slots_count(&dm.slots, devfn) > 1,
        .origin = wish->origin[0] ? wish->origin : NULL,
    };

    fn->dev = pt_attach(&args, err);
    fn->wish = *wish;
    return fn->dev ? 0 : -EIO;
}

/*
 * A stub domain can't tell what else is in the page of a small region, so that
 * it is not mapped, and has no way to such registers itself.
 */
static void name_unreachable(const struct function *fn)
{
#ifdef CONFIG_STUBDOM
    const struct pt_region *r = fn->host.info.region;
    char name[PT_SBDF_LEN], text[96];

    for (unsigned n = 0; n < PT_NUM_BARS; n++) {
        if (r[n].size && (r[n].flags & PT_REGION_SHARED)) {
            snprintf(text, sizeof(text), "region %u is smaller than a page: "
                     "it reads all ones in a stub domain", n);
            say_of(PT_LOG_WARNING, pt_sbdf_str(&fn->host.info.addr, name),
                   text);
        }
    }
#else
    (void)fn;
#endif
}

static int attach(struct function *fn, unsigned devfn,
                  const struct wish *wish, struct pt_error *err)
{
    fn->bus = (struct pt_bus) { .ops = &bus_ops, .priv = fn };
    fn->overlap_lines = OVERLAP_LINES;
    fn->mmio_lines = PT_MMIO_OFF_LINES;
    pt_times_init(&fn->times);
    pt_places_init(&fn->places);
    fn->shell = get_shell(devfn);
    if (!fn->shell) {
        return pt_fail(err, ENOSPC, "the guest's bus does not take a device");
    }
    fn->timer = qemu_new_timer(rt_clock, timer_ends, fn);
    if (start(fn, devfn, wish, err) != 0) {
        return -EIO;
    }
    fn->shell->fn = fn;
    pt_gfx_attach(&fn->host, &dm.xen);
    name_unreachable(fn);
    return 0;
}

/* Put the function of @p in its place @devfn. 0, or -errno and @err. */
static int assign(const struct pt_params *p, const struct pt_options *node,
                  unsigned devfn, struct pt_error *err)
{
    struct function *fn = calloc(1, sizeof(*fn));
    struct wish wish;
    int rc;

    if (!fn) {
        return pt_fail(err, ENOMEM, "out of memory");
    }
    rc = open_xen(err);
    if (rc == 0) {
        rc = pt_device_open(&fn->host, &p->addr, err);
    }
    if (rc == 0) {
        rc = choose(&fn->host, &p->options, node, &wish, err);
    }
    if (rc == 0) {
        rc = pt_gfx_open(&fn->host, err);
    }
    if (rc == 0) {
        rc = attach(fn, devfn, &wish, err);
    }
    if (rc != 0) {
        release(fn, false);
        return rc;
    }
    fn->asked = p->options;
    update_slot(devfn);
    return 0;
}

/* Take the function at @devfn from the guest. */
static void drop(unsigned devfn, bool left)
{
    release(function_at(devfn), left);
    pt_slots_free(&dm.slots, devfn);
    update_slot(devfn);
    use_room();
}

static void release_all(bool left)
{
    for (unsigned i = 0; i < PT_NUM_DEVFNS; i++) {
        if (function_at(i)) {
            release(function_at(i), left);
        }
        pt_slots_free(&dm.slots, i);
    }
    if (dm.xen.ops) {
        pt_xen_close(&dm.xen);
    }
}

/*
 * Where the toolstack ends the process first, nobody resets the devices before
 * their next owner touches them; where it takes them away first, as libxl
 * does, they can be the next owner's. A child that was forked for something
 * else leaves them alone.
 */
static void at_exit(void)
{
    if (getpid() == dm.pid) {
        release_all(true);
    }
}

/* ------------------------------------------------------------------ */
/* Requests                                                            */

/* In the node they are the toolstack's own. */
static int read_options(const struct pt_params *p, struct pt_options *node,
                        struct pt_error *err)
{
    enum pt_listed listed;
    int rc = pt_opts_read((uint32_t)domid, &p->addr, node, &listed, err);

    if (rc == 0 && p->options.unknown[0]) {
        say_of(PT_LOG_WARNING, "ignored an unknown option",
               p->options.unknown);
    }
    return rc;
}

/*
 * No: in the log, and to the toolstack, which waits for a state. @answer has
 * acpi_php_add() write a text of its own over the reason, maybe before it is
 * read; the state is what counts.
 */
static int refuse(const struct pt_error *err, int answer)
{
    say_of(PT_LOG_ERROR, "refused", err->text);
    xenstore_record_dm("parameter", err->text);
    xenstore_record_dm_state("pci-insert-failed");
    return answer;
}

/* ------------------------------------------------------------------ */
/* What the toolstack does without a word                              */

#define LATE_REFUSED "options of the backend node are not in force"

/*
 * libxl writes opts-N once the device model has answered: what it says is
 * taken as long as the guest has not written to the device.
 */
static void late_options(struct function *fn, unsigned devfn,
                         const struct pt_options *n)
{
    struct wish old = fn->wish, wish;
    struct pt_error err;

    if (choose(&fn->host, &fn->asked, n, &wish, &err) != 0) {
        say_of(PT_LOG_ERROR, LATE_REFUSED, err.text);
        return;
    }
    if (memcmp(&wish.policy, &old.policy, sizeof(old.policy)) == 0) {
        return;
    }
    if (fn->written) {
        say_of(PT_LOG_WARNING, "options of the backend node",
               "came after the guest's first write, and are not in force; "
               "attach the device again");
        return;
    }
    pt_attach_undo(fn->dev);
    if (start(fn, devfn, &wish, &err) == 0) {
        return;
    }
    say_of(PT_LOG_ERROR, LATE_REFUSED, err.text);
    if (start(fn, devfn, &old, &err) != 0) {
        say_of(PT_LOG_ERROR, "lost", err.text);
        drop(devfn, false);
    }
}

/*
 * A forced removal, and one of a function of the guest's but 0, never come as
 * a request: the device is gone from its node, and can be another guest's.
 */
static void look_at(struct function *fn, unsigned devfn)
{
    struct pt_options n;
    enum pt_listed listed;
    struct pt_error err;
    char name[PT_SBDF_LEN];
    int rc = pt_opts_read((uint32_t)domid, &fn->host.info.addr, &n, &listed,
                          &err);

    if (listed == PT_NOT_LISTED && fn->listed) {
        say_of(PT_LOG_WARNING, "taken away by the toolstack",
               pt_sbdf_str(&fn->host.info.addr, name));
        drop(devfn, true);
    } else if (listed == PT_LISTED && !fn->listed) {
        fn->listed = true;
        if (rc != 0) {
            say_of(PT_LOG_ERROR, LATE_REFUSED, err.text);
            return;
        }
        late_options(fn, devfn, &n);
    }
}

static void node_changed(const char *path, void *opaque)
{
    (void)path;
    (void)opaque;
    for (unsigned i = 0; i < PT_NUM_DEVFNS; i++) {
        if (function_at(i)) {
            look_at(function_at(i), i);
        }
    }
}

static void watch(void)
{
    char path[64];

    if (!dm.watched) {
        dm.watched = true;
        snprintf(path, sizeof(path), PT_OPTS_NODE, (uint32_t)domid);
        xenstore_watch_new_callback(path, node_changed, NULL);
    }
}

/* What we have of it is stale: libxl refuses to attach what is attached. */
static void drop_stale(struct pt_params *p)
{
    int devfn = pt_slots_find(&dm.slots, &p->addr);
    char name[PT_SBDF_LEN];

    if (devfn < 0) {
        return;
    }
    say_of(PT_LOG_WARNING, "asked for again, and so released first",
           pt_sbdf_str(&p->addr, name));
    drop((unsigned)devfn, true);
    /* The guest has it there still. */
    if ((p->vdevfn & PT_AUTO_SLOT) &&
        PCI_FUNC(p->vdevfn) == PCI_FUNC(devfn)) {
        p->vdevfn = (uint16_t)devfn;
    }
}

/* ------------------------------------------------------------------ */
/* What the tree calls                                                 */

int pt_init(PCIBus *bus)
{
    release_all(false);
    dm.bus = bus;
    memset(dm.shell, 0, sizeof(dm.shell));
    memset(&dm.slots, 0, sizeof(dm.slots));
    dm.slots.emulated = emulated;
    dm.slots.keep_igd = gfx_passthru;
    pt_mmio_init(&dm.mmio);
    dm.mmio.written = use_room;
    pt_ports_init(use_room);
    dm.room = false;
    dm.watched = false;
    dm.window = false;
    if (dm.pid == 0 && atexit(at_exit) == 0) {
        dm.pid = getpid();
    }
    return 0;
}

int insert_to_pci_devfn(char *text)
{
    struct pt_error err;
    struct pt_params p;
    struct pt_options node;
    int devfn;

    if (!dm.bus) {
        pt_fail(&err, ENODEV, "the guest has no PCI bus");
        return refuse(&err, PT_SLOT_NO_ROOM);
    }
    if (pt_params_parse(text, &p, &err) != 0 ||
        read_options(&p, &node, &err) != 0) {
        return refuse(&err, PT_SLOT_NO_ROOM);
    }
    drop_stale(&p);
    if (pt_gfx_place(&p.addr)) {
        p.vdevfn = (uint16_t)PCI_DEVFN(p.addr.dev, p.addr.func);
    }
    devfn = pt_slots_take(&dm.slots, &p.addr, p.vdevfn, &err);
    if (devfn < 0) {
        return refuse(&err, devfn);
    }
    if (assign(&p, &node, (unsigned)devfn, &err) != 0) {
        pt_slots_free(&dm.slots, (unsigned)devfn);
        /* "wrong bdf" is the nearer of the two texts. */
        return refuse(&err, PT_SLOT_BUSY);
    }
    watch();
    return devfn;
}

int bdf_to_devfn(char *text)
{
    struct pt_error err;
    struct pt_sbdf addr;
    char name[PT_SBDF_LEN];
    int devfn;

    if (pt_params_addr(text, NULL, &addr, &err) != 0) {
        say_of(PT_LOG_ERROR, "can't remove", err.text);
        return -1;
    }
    devfn = pt_slots_find(&dm.slots, &addr);
    if (devfn < 0) {
        say_of(PT_LOG_WARNING, "can't remove, as it is not assigned",
               pt_sbdf_str(&addr, name));
    }
    return devfn;
}

int test_pci_devfn(int devfn)
{
    return devfn < 0 || devfn >= PT_NUM_DEVFNS ? -1 : dm.slots.used[devfn];
}

/* The function is there since insert_to_pci_devfn(): only confirm it. */
int power_on_php_devfn(int devfn)
{
    return test_pci_devfn(devfn) == 1 && function_at((unsigned)devfn) ? 0 : -1;
}

int power_off_php_devfn(int devfn)
{
    if (power_on_php_devfn(devfn) != 0) {
        return -1;
    }
    drop((unsigned)devfn, false);
    return 0;
}
