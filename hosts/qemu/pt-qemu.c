/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The type xen-pci-passthrough: a PCI device of QEMU's whose configuration
 * space is the engine's. libxl adds and removes it with device_add and
 * device_del, both at a guest's creation and later.
 */
#include "pt-qemu.h"
#include "pt-qemu-stubdom.h"

#include "qapi/error.h"
#include "qemu/cutils.h"
#include "qemu/error-report.h"
#include "qemu/module.h"
#include "qemu/range.h"
#include "migration/vmstate.h"

#include <xenstore.h>

/* ------------------------------------------------------------------ */
/* Configuration space                                                 */

/*
 * With romfile=, the expansion ROM is QEMU's and not the engine's: which bytes
 * of an access are this register's?
 */
static bool rom_part(const PtQemu *s, uint32_t addr, unsigned len,
                     uint32_t *from, uint32_t *to)
{
    *from = MAX(addr, PCI_ROM_ADDRESS);
    *to = MIN(addr + len, PCI_ROM_ADDRESS + 4);
    return s->rom && *from < *to;
}

uint32_t pt_qemu_config_read(void *priv, struct pt_dev *self, uint32_t addr,
                             unsigned len)
{
    PtQemu *s = priv;
    uint32_t val, from, to;

    val = pt_config_read(self, addr, len);
    if (s->moved) {
        pt_qemu_refresh(s);  /* a change of the power state came to its end */
    }
    if (rom_part(s, addr, len, &from, &to)) {
        val = deposit32(val, 8 * (from - addr), 8 * (to - from),
                        pci_default_read_config(&s->pci, from, to - from));
    }
    return val;
}

void pt_qemu_config_write(void *priv, struct pt_dev *self, uint32_t addr,
                          uint32_t val, unsigned len)
{
    PtQemu *s = priv;
    uint32_t from, to;

    s->touched = true;
    /* Xen and QEMU's memory map then hear of a move as one change. */
    memory_region_transaction_begin();
    pt_config_write(self, addr, val, len);
    if (rom_part(s, addr, len, &from, &to)) {
        pci_default_write_config(&s->pci, from, val >> (8 * (from - addr)),
                                 to - from);
    }
    if (s->moved || addr < PCI_CONFIG_HEADER_SIZE) {
        pt_qemu_refresh(s);
    }
    memory_region_transaction_commit();
}

static uint32_t config_read(PCIDevice *d, uint32_t addr, int len)
{
    PtQemu *s = PT_QEMU(d);

    return s->dev ? pt_qemu_config_read(s, s->dev, addr, len) : UINT32_MAX;
}

static void config_write(PCIDevice *d, uint32_t addr, uint32_t val, int len)
{
    PtQemu *s = PT_QEMU(d);

    if (s->dev) {
        pt_qemu_config_write(s, s->dev, addr, val, len);
    }
}

/* ------------------------------------------------------------------ */
/* Slots                                                               */

/*
 * A guest looks for more functions in a slot only where function 0 says that
 * there are any. libxl adds 0 last, and says nothing of this to QEMU.
 */
static void slot_changed(PCIDevice *d, const PCIDevice *leaves)
{
    PCIBus *bus = pci_get_bus(d);
    PCIDevice *fn[PCI_FUNC_MAX];
    unsigned i, count = 0;

    for (i = 0; i < PCI_FUNC_MAX; i++) {
        fn[i] = pci_find_device(bus, pci_bus_num(bus),
                                PCI_DEVFN(PCI_SLOT(d->devfn), i));
        if (fn[i] == leaves) {
            fn[i] = NULL;
        }
        count += fn[i] != NULL;
    }
    for (i = 0; i < PCI_FUNC_MAX; i++) {
        PtQemu *s = (PtQemu *)object_dynamic_cast(OBJECT(fn[i]),
                                                  TYPE_PT_QEMU);

        if (s && s->dev) {
            pt_set_multifunction(s->dev, count > 1);
            pt_qemu_refresh(s);
        }
    }
}

/* ------------------------------------------------------------------ */
/* A device's life                                                     */

static char *read_xenstore(void *xs, const char *path)
{
    return xs_read(xs, XBT_NULL, path, NULL);
}

/*
 * Open dom0's device @addr, wherever this domain has it. Xen goes by dom0's
 * address.
 */
static int open_host(PtQemu *s, const struct pt_sbdf *addr,
                     struct pt_error *err)
{
    struct xs_handle *xs = xs_open(0);
    struct pt_sbdf local = *addr;
    int rc = 0;

    if (xs) {
        rc = pt_stubdom_local(read_xenstore, xs, addr, &local, err);
        xs_close(xs);
    }
    if (rc == 0) {
        rc = pt_device_open(&s->host, &local, err);
    }
    if (rc == 0) {
        s->host.info.addr = *addr;
    }
    return rc;
}

static int attach(PtQemu *s, struct pt_error *err)
{
    PCIDevice *d = &s->pci;
    struct pt_sbdf addr = {
        .domain = s->hostaddr.domain, .bus = s->hostaddr.bus,
        .dev = s->hostaddr.slot, .func = s->hostaddr.function,
    };
    struct pt_args args = {
        .host = &s->host,
        .bus = &s->bus,
        .devfn = d->devfn,
    };
    char origin[PT_CONF_ORIGINS];
    int rc;

    if (addr.domain == UINT32_MAX) {
        return pt_fail(err, EINVAL, "hostaddr is not set: which device of "
                       "the host?");
    }
    args.xen = pt_qemu_join(s, err);
    if (!args.xen) {
        return -ENODEV;
    }
    rc = open_host(s, &addr, err);
    if (rc == 0) {
        rc = pt_qemu_decide(s, &args.policy, origin, sizeof(origin), err);
    }
    if (rc == 0) {
        s->bus = (struct pt_bus) { .ops = &pt_qemu_bus_ops, .priv = s };
        args.origin = *origin ? origin : NULL;
        s->dev = pt_attach(&args, err);
        rc = s->dev ? 0 : -EIO;
    }
    if (rc != 0) {
        pt_device_close(&s->host);
        pt_qemu_leave(s);
    }
    return rc;
}

static void realize(PCIDevice *d, Error **errp)
{
    PtQemu *s = PT_QEMU(d);
    struct pt_error err = { "" };

    pstrcpy(d->name, sizeof(d->name), PT_QEMU_SPARED);
    if (s->romfile && *s->romfile && !pt_qemu_load_rom(s, s->romfile, errp)) {
        return;
    }
    if (attach(s, &err) != 0) {
        error_setg(errp, "%s", err.text);
        pt_qemu_free_rom(s);
        return;
    }
    pt_qemu_add_rom(s);
    pt_qemu_add_regions(s);
    slot_changed(d, NULL);
}

/* QEMU's PCI core, which calls realize(). */
static DeviceRealize realize_pci;

/*
 * The PCI core is not to see a romfile: its own way with it can end the
 * process. Without a ROM BAR, it is to.
 */
static void realize_device(DeviceState *dev, Error **errp)
{
    PtQemu *s = PT_QEMU(dev);

    if (s->pci.rom_bar) {
        s->romfile = g_steal_pointer(&s->pci.romfile);
    }
    realize_pci(dev, errp);
    if (s->romfile) {
        s->pci.romfile = g_steal_pointer(&s->romfile);
    }
}

static void unrealize(PCIDevice *d)
{
    PtQemu *s = PT_QEMU(d);

    pt_qemu_release(s);
    pt_qemu_leave(s);
    slot_changed(d, d);
}

/*
 * QEMU resets what is plugged in, at once: the device has just been attached,
 * and is as it should be.
 */
static void reset(DeviceState *dev)
{
    PtQemu *s = PT_QEMU(dev);

    if (s->dev && s->touched) {
        s->touched = false;
        memory_region_transaction_begin();
        pt_reset(s->dev);
        pt_qemu_refresh(s);
        memory_region_transaction_commit();
    }
}

/* ------------------------------------------------------------------ */
/* The type                                                            */

PT_QEMU_PROPERTIES properties[] = {
    DEFINE_PROP_PCI_HOST_DEVADDR("hostaddr", PtQemu, hostaddr),
    DEFINE_PROP_STRING("config", PtQemu, config),
    PT_QEMU_PROPERTIES_END
};

/*
 * A soft reset saves the devices' state, too, removes all devices, and has
 * the same domain's next device model load it before it gets devices: that
 * state is to know nothing of ours. The guest, which has ended, agrees to no
 * removal, and libxl of Xen 4.18 and later then takes the line from under its
 * binding: no device could have it again. So all is given back here.
 */
static bool save_needed(void *opaque)
{
    PtQemu *s = PT_QEMU(opaque);

    if (!pt_qemu_soft_reset()) {
        return true;
    }
    memory_region_transaction_begin();
    pt_qemu_release(s);
    memory_region_transaction_commit();
    return false;
}

/* The device's own state can't be moved to another host. */
static int refuse_save(void *opaque)
{
    PtQemu *s = PT_QEMU(opaque);

    error_report("%04x:%02x:%02x.%x: the guest can't be saved while it has "
                 "this device", s->hostaddr.domain, s->hostaddr.bus,
                 s->hostaddr.slot, s->hostaddr.function);
    return -ENOTSUP;
}

static const VMStateField no_fields[] = {
    VMSTATE_END_OF_LIST()
};

/* QEMU's way to save a guest of Xen does not look at .unmigratable. */
static const VMStateDescription vmstate = {
    .name = TYPE_PT_QEMU,
    .unmigratable = 1,
    .needed = save_needed,
    .pre_save = refuse_save,
    .fields = no_fields,
};

static void timer_ends(void *opaque)
{
    PtQemu *s = opaque;

    if (s->dev) {
        pt_tick(s->dev);
        if (s->moved) {
            pt_qemu_refresh(s);
        }
    }
}

static void instance_init(Object *obj)
{
    PtQemu *s = PT_QEMU(obj);

    /* QEMU's getter knows an unset address by all of its parts. */
    s->hostaddr = (PCIHostDeviceAddress) {
        .domain = UINT32_MAX, .bus = UINT32_MAX,
        .slot = UINT32_MAX, .function = UINT32_MAX,
    };
    /*
     * That QEMU lets functions into one slot, in any order. What the guest
     * sees of it is slot_changed()'s.
     */
    s->pci.cap_present |= QEMU_PCI_CAP_MULTIFUNCTION;
    pt_qemu_conf_init(s);
    timer_init_ms(&s->timer, QEMU_CLOCK_REALTIME, timer_ends, s);
}

static void instance_finalize(Object *obj)
{
    PtQemu *s = PT_QEMU(obj);

    /* Attaching, when it fails, and detaching can have set it last. */
    timer_del(&s->timer);
    pt_qemu_free_rom(s);
}

static void describe(ObjectClass *klass)
{
    object_class_property_set_description(
        klass, "hostaddr", "the device of the host: DDDD:BB:DD.F");
    object_class_property_set_description(
        klass, "config", "the guest's own policy file");
}

static void class_init(ObjectClass *klass, PtClassData *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    PCIDeviceClass *pc = PCI_DEVICE_CLASS(klass);

    device_class_set_parent_realize(dc, realize_device, &realize_pci);
    pc->realize = realize;
    pc->exit = unrealize;
    pc->config_read = config_read;
    pc->config_write = config_write;
    pt_qemu_set_reset(dc, reset);
    dc->vmsd = &vmstate;
    dc->desc = "a PCI device of the host, assigned to a guest of Xen";
    device_class_set_props(dc, properties);
    describe(klass);
    pt_qemu_conf_class(klass);
    set_bit(DEVICE_CATEGORY_MISC, dc->categories);
}

static const TypeInfo pt_qemu_type = {
    .name = TYPE_PT_QEMU,
    .parent = TYPE_PCI_DEVICE,
    .instance_size = sizeof(PtQemu),
    .instance_init = instance_init,
    .instance_finalize = instance_finalize,
    .class_init = class_init,
    .interfaces = (InterfaceInfo[]) {
        { INTERFACE_CONVENTIONAL_PCI_DEVICE },
        { },
    },
};

static void register_type(void)
{
    type_register_static(&pt_qemu_type);
}

type_init(register_type)
