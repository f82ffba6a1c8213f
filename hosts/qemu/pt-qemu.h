/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Today's QEMU as a host of pass-through: the type xen-pci-passthrough
 * (pt-qemu.c) and its policy (pt-qemu-conf.c), what QEMU offers to the engine
 * (pt-qemu-bus.c), its regions and its copy of the header (pt-qemu-regions.c,
 * pt-qemu-header.c), the MMCONFIG window (pt-qemu-mmcfg.c), a file as
 * expansion ROM (pt-qemu-rom.c), the domain (pt-qemu-domain.c).
 */
#ifndef PT_QEMU_H
#define PT_QEMU_H

#include "pt-qemu-compat.h"
#include "qom/object.h"

#include "pass-through.h"
#include "pt-conf.h"

/* TYPE_PT_QEMU: this name, or another beside QEMU's own: see build.sh. */
#include "hw/xen/pass-through/pt-qemu-name.h"
/* libxl asks for it by this name, and QEMU spares it from PV unplug. */
#define PT_QEMU_SPARED "xen-pci-passthrough"
OBJECT_DECLARE_SIMPLE_TYPE(PtQemu, PT_QEMU)

/* A part of a BAR that is trapped. */
typedef struct PtWindow {
    MemoryRegion mr;
    bool made;
    struct pt_trap *trap;  /* while it is in the guest's space */
} PtWindow;

struct PtQemu {
    PCIDevice pci;

    /* Properties */
    PCIHostDeviceAddress hostaddr;
    char *config;                    /* the guest's policy file */
    int8_t said[PT_CONF_NUM_FLAGS];  /* 0, 1; PT_CONF_UNSAID */

    struct pt_device host;  /* its address is dom0's, in a stub domain too */
    struct pt_bus bus;
    struct pt_dev *dev;  /* NULL: nothing is assigned */
    bool touched;        /* by the guest, since attach or the last reset */
    bool moved;          /* are regions, which QEMU is yet to follow */
    QEMUTimer timer;     /* of bus_call_at() */
    bool ending;         /* the process is: QEMU's memory is left alone */
    QLIST_ENTRY(PtQemu) next;

    /*
     * The regions as QEMU knows them: containers, which alone take nothing
     * from guest or Xen, with what is trapped as the only contents.
     */
    MemoryRegion region[PT_NUM_REGIONS];
    PtWindow window[PT_NUM_BARS][PT_REGION_TRAPS];

    char *romfile;  /* the property, while QEMU realizes the device */
    uint8_t *rom;   /* the file, and zeros after it; NULL: there is none */
    uint32_t rom_size;
};

/* In MemoryRegionOps: accesses come as the guest makes them, and not in parts. */
#define PT_QEMU_WHOLE_ACCESSES \
    .endianness = DEVICE_LITTLE_ENDIAN, \
    .valid = { \
        .min_access_size = 1, .max_access_size = 8, .unaligned = true, \
    }, \
    .impl = { \
        .min_access_size = 1, .max_access_size = 8, .unaligned = true, \
    }

extern const struct pt_bus_ops pt_qemu_bus_ops;

/*
 * The regions of an attached device become known to QEMU's PCI core.
 * @s->dev is set.
 */
void pt_qemu_add_regions(PtQemu *s);

/*
 * Bring QEMU's own copy of the configuration space to the guest's view, but
 * for Interrupt Disable: for the monitor, and for where QEMU has the regions.
 * After each change of the header, and whenever @s->moved.
 */
void pt_qemu_refresh(PtQemu *s);

/*
 * The bus operations of regions: where they are, and windows of them that are
 * trapped. See pt-bus.h.
 */
int pt_qemu_trap(void *priv, struct pt_trap *t);
void pt_qemu_untrap(void *priv, struct pt_trap *t);
void pt_qemu_moved(void *priv, const struct pt_dev *self, unsigned region,
                   uint64_t addr);

/* The bus operations of configuration space, @self of @priv. */
uint32_t pt_qemu_config_read(void *priv, struct pt_dev *self, uint32_t addr,
                             unsigned len);
void pt_qemu_config_write(void *priv, struct pt_dev *self, uint32_t addr,
                          uint32_t val, unsigned len);

/*
 * The domain, as all devices share it, from the first that joins to the last
 * that leaves. A member is detached when the process ends.
 * Returns NULL and the reason in @err if there is no Xen.
 */
struct pt_xen *pt_qemu_join(PtQemu *s, struct pt_error *err);
void pt_qemu_leave(PtQemu *s);

/* Has the guest stopped to be loaded anew, by kexec or for a crash dump? */
bool pt_qemu_soft_reset(void);

/* The properties of the policy: of the type, and of a device, unset. */
void pt_qemu_conf_class(ObjectClass *klass);
void pt_qemu_conf_init(PtQemu *s);
/*
 * The policy of @s->host, and in @origin (@size bytes) who it is from; "": no
 * file. A romfile of the files' is read. Returns 0, or -errno and @err.
 */
int pt_qemu_decide(PtQemu *s, struct pt_policy *policy, char *origin,
                   size_t size, struct pt_error *err);

/*
 * The guest's way to extended configuration space: have it for @s, if it is
 * not there already. Returns false, and in *@why the reason, if @s can't be
 * reached by it.
 */
bool pt_qemu_mmcfg(const PtQemu *s, const char **why);

/*
 * The file @name, read before the device is attached, and then the guest's
 * expansion ROM. To be freed after the region's last user is gone.
 */
bool pt_qemu_load_rom(PtQemu *s, const char *name, Error **errp);
void pt_qemu_add_rom(PtQemu *s);
void pt_qemu_free_rom(PtQemu *s);

/* Take the device away from the guest, if it has it, and close it. */
void pt_qemu_release(PtQemu *s);

#endif
