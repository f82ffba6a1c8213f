/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Trapped windows of BARs: what the guest may not have mapped is forwarded
 * access by access, at the access's own width.
 */
#include "pt-dev.h"
#include "pt-msi.h"
#include "pt-window.h"

static uint64_t ones(unsigned width)
{
    return width >= 8 ? UINT64_MAX : (UINT64_C(1) << (8 * width)) - 1;
}

/*
 * May the access go to the device: inside of window and region, aligned? What
 * begins in a window ends there then, as those are of whole pages or dwords.
 */
static bool inside(const struct pt_trap *t, uint64_t off, unsigned width)
{
    uint64_t size = t->dev->host->info.region[t->region].size;
    uint64_t at = t->offset + off;

    return (width == 1 || width == 2 || width == 4 ||
            (width == 8 && !pt_region_io(t->dev, t->region))) &&
        off % width == 0 && off < t->size && at < size && width <= size - at;
}

uint64_t pt_trap_read(struct pt_trap *t, uint64_t off, unsigned width)
{
    struct pt_dev *d = t->dev;
    uint64_t val = 0;

    if (pt_msix_read(t, t->offset + off, width, &val)) {
        return val;
    }
    if (d->windows_on &&
        pt_windows_read(d, t->region, t->offset + off, width, &val)) {
        return val;
    }
    if (!inside(t, off, width)) {
        return ones(width);
    }
    if (d->host->ops->mmio_read(d->host->priv, t->region, t->offset + off,
                                width, &val) != 0) {
        pt_log_once(d, PT_ONCE_MMIO, PT_LOG_ERROR,
                    "can't access the device's region %u", t->region);
        return ones(width);
    }
    return val & ones(width);
}

void pt_trap_write(struct pt_trap *t, uint64_t off, uint64_t val,
                   unsigned width)
{
    struct pt_dev *d = t->dev;

    if (pt_msix_write(t, t->offset + off, width, val)) {
        return;
    }
    if (d->windows_on &&
        pt_windows_write(d, t->region, t->offset + off, width, &val)) {
        return;
    }
    if (inside(t, off, width)) {
        pt_host_mmio_write(d, t->region, t->offset + off, width, val);
    }
}
