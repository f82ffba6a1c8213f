/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QEMU 7.2 to 11.0: what its versions call differently, and nothing else.
 * Headers go by where they are, and what can't be asked for by the version.
 */
#ifndef PT_QEMU_COMPAT_H
#define PT_QEMU_COMPAT_H

#include "qemu/osdep.h"

#define PT_QEMU_SINCE(major, minor) \
    (QEMU_VERSION_MAJOR > (major) || \
     (QEMU_VERSION_MAJOR == (major) && QEMU_VERSION_MINOR >= (minor)))

#include "hw/pci/pci.h"
#include "hw/pci/pci_bus.h"
#if __has_include("hw/pci/pci_device.h")  /* since 8.0 */
#include "hw/pci/pci_device.h"
#endif

#if __has_include("system/memory.h")  /* since 10.1 */
#include "system/address-spaces.h"
#include "system/memory.h"
#else
#include "exec/address-spaces.h"
#include "exec/memory.h"
#endif

#if __has_include("system/system.h")  /* since 10.0 */
#include "system/runstate.h"
#include "system/runstate-action.h"
#include "system/system.h"
#include "system/xen.h"
#else
#include "sysemu/runstate.h"
#include "sysemu/runstate-action.h"
#include "sysemu/sysemu.h"
#include "sysemu/xen.h"
#endif

#if __has_include("hw/core/loader.h")  /* since 11.0 */
#include "hw/core/loader.h"
#include "hw/core/qdev-properties.h"
#include "hw/core/qdev-properties-system.h"
#else
#include "hw/loader.h"
#include "hw/qdev-properties.h"
#include "hw/qdev-properties-system.h"
#endif

#if __has_include("hw/xen/xen_native.h")  /* since 8.0 */
#include "hw/xen/xen_native.h"
#else
#include "hw/xen/xen_common.h"
#endif

/* From 10.0 on properties are constants, and have no end. */
#if PT_QEMU_SINCE(10, 0)
#define PT_QEMU_PROPERTIES static const Property
#define PT_QEMU_PROPERTIES_END
#else
#define PT_QEMU_PROPERTIES static Property
#define PT_QEMU_PROPERTIES_END DEFINE_PROP_END_OF_LIST()
#endif

/* What class_init() gets besides the class. */
#if PT_QEMU_SINCE(10, 1)
typedef const void PtClassData;
#else
typedef void PtClassData;
#endif

static inline void pt_qemu_set_reset(DeviceClass *dc,
                                     void (*reset)(DeviceState *dev))
{
#if PT_QEMU_SINCE(9, 2)
    device_class_set_legacy_reset(dc, reset);
#else
    dc->reset = reset;
#endif
}

#endif
