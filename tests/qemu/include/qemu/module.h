/* SPDX-License-Identifier: GPL-2.0-or-later */
/* QEMU's types and its main loop, as pt-qemu.c and pt-qemu-bus.c have them. */
#ifndef QEMU_MODULE_H
#define QEMU_MODULE_H

#include "qom/object.h"

#define MAX(a, b) ((a) > (b) ? (a) : (b))
#define MIN(a, b) ((a) < (b) ? (a) : (b))

/* ------------------------------------------------------------------ */
/* Types                                                               */

#define TYPE_PCI_DEVICE "pci-device"
#define INTERFACE_CONVENTIONAL_PCI_DEVICE "conventional-pci-device"
#define DEVICE_CATEGORY_MISC 0
#define DEVICE_CLASS(k) ((DeviceClass *)(k))
#define PCI_DEVICE_CLASS(k) ((PCIDeviceClass *)(k))

typedef void (*DeviceRealize)(DeviceState *dev, Error **errp);
typedef struct VMStateDescription VMStateDescription;

typedef struct DeviceClass {
    DeviceRealize realize;
    void (*reset)(DeviceState *dev);
    const VMStateDescription *vmsd;
    const char *desc;
    unsigned long categories[1];
} DeviceClass;

typedef struct PCIDeviceClass {
    DeviceClass parent;
    void (*realize)(PCIDevice *d, Error **errp);
    void (*exit)(PCIDevice *d);
    uint32_t (*config_read)(PCIDevice *d, uint32_t addr, int len);
    void (*config_write)(PCIDevice *d, uint32_t addr, uint32_t val, int len);
} PCIDeviceClass;

typedef struct InterfaceInfo { const char *type; } InterfaceInfo;

typedef struct TypeInfo {
    const char *name, *parent;
    size_t instance_size;
    void (*instance_init)(Object *obj);
    void (*instance_finalize)(Object *obj);
    void (*class_init)(ObjectClass *klass, const void *data);
    InterfaceInfo *interfaces;
} TypeInfo;

typedef struct Property {
    const char *name;
    size_t offset;
} Property;

#define DEFINE_PROP_PCI_HOST_DEVADDR(n, s, field) { n, offsetof(s, field) }
#define DEFINE_PROP_STRING(n, s, field) { n, offsetof(s, field) }

#define type_init(f) \
    static void __attribute__((constructor)) init_##f(void) { f(); }

void type_register_static(const TypeInfo *type);
void device_class_set_props(DeviceClass *dc, const Property *props);
void device_class_set_parent_realize(DeviceClass *dc, DeviceRealize own,
                                     DeviceRealize *parent);
void set_bit(long nr, unsigned long *addr);

/* As pt-qemu-compat.h has them, for QEMU 10.1. */
#define PT_QEMU_PROPERTIES static const Property
#define PT_QEMU_PROPERTIES_END
typedef const void PtClassData;

static inline void pt_qemu_set_reset(DeviceClass *dc,
                                     void (*reset)(DeviceState *dev))
{
    dc->reset = reset;
}

/* ------------------------------------------------------------------ */
/* Main loop, GLib                                                     */

enum { QEMU_CLOCK_REALTIME };

void timer_init_ms(QEMUTimer *t, int clock, void (*fn)(void *opaque),
                   void *opaque);
void timer_mod(QEMUTimer *t, int64_t ms);
void timer_del(QEMUTimer *t);
int64_t qemu_clock_get_ms(int clock);
int64_t g_get_monotonic_time(void);
void g_usleep(unsigned long us);

#define g_steal_pointer(pp) \
    ({ __typeof__(*(pp)) steal_ = *(pp); *(pp) = NULL; steal_; })

static inline uint32_t deposit32(uint32_t val, int at, int len, uint32_t part)
{
    uint32_t mask = UINT32_MAX >> (32 - len) << at;

    return (val & ~mask) | (part << at & mask);
}

#endif
