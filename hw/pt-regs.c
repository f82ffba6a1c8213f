/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The device's own registers and the log, for the rooms of hw/.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "pt-dev.h"
#include "pt-msi.h"

/* ------------------------------------------------------------------ */
/* Log                                                                 */

static void __attribute__((format(printf, 3, 0)))
log_line(const struct pt_dev *d, enum pt_level level, const char *fmt,
         va_list ap)
{
    char line[3072], addr[PT_SBDF_LEN];
    int n = snprintf(line, sizeof(line), "pass-through %s: ",
                     pt_sbdf_str(&d->host->info.addr, addr));

    vsnprintf(line + n, sizeof(line) - (size_t)n, fmt, ap);
    d->bus->ops->log(d->bus->priv, level, line);
}

void pt_log(const struct pt_dev *d, enum pt_level level, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    log_line(d, level, fmt, ap);
    va_end(ap);
}

/* XSA-130: a guest that can write a log line can fill the host's disk. */
void pt_log_once(struct pt_dev *d, enum pt_once what, enum pt_level level,
                 const char *fmt, ...)
{
    va_list ap;

    if (d->said & (UINT32_C(1) << what)) {
        return;
    }
    d->said |= UINT32_C(1) << what;
    va_start(ap, fmt);
    log_line(d, level, fmt, ap);
    va_end(ap);
}

/* ------------------------------------------------------------------ */
/* Registers                                                           */

int pt_host_read(struct pt_dev *d, uint16_t off, void *buf, unsigned len)
{
    int rc = d->host->ops->read(d->host->priv, off, buf, len);

    if (rc != 0) {
        pt_log_once(d, PT_ONCE_READ, PT_LOG_ERROR,
                    "can't read the device's register at %#x: %s", off,
                    pt_strerror(rc));
    }
    return rc;
}

static int host_write(struct pt_dev *d, uint16_t off, const void *buf,
                      unsigned len)
{
    int rc = d->left ? 0 :
        d->host->ops->write(d->host->priv, off, buf, len);

    if (rc != 0) {
        pt_log_once(d, PT_ONCE_WRITE, PT_LOG_ERROR,
                    "can't write the device's register at %#x: %s", off,
                    pt_strerror(rc));
    }
    return rc;
}

int pt_host_write_val(struct pt_dev *d, uint16_t off, uint32_t val,
                      unsigned len)
{
    uint8_t buf[4];

    pt_store(buf, val, len);
    return host_write(d, off, buf, len);
}

int pt_host_put(struct pt_dev *d, uint16_t off, const void *buf, unsigned len)
{
    return host_write(d, off, buf, len) == 0 ? 0 :
        host_write(d, off, buf, len);
}

int pt_host_put_val(struct pt_dev *d, uint16_t off, uint32_t val, unsigned len)
{
    uint8_t buf[4];

    pt_store(buf, val, len);
    return pt_host_put(d, off, buf, len);
}

void pt_host_mmio_write(struct pt_dev *d, unsigned n, uint64_t at,
                        unsigned width, uint64_t val)
{
    if (!pt_region_io(d, n) && pt_msix_protected(d, n, at)) {
        pt_log_once(d, PT_ONCE_PROTECTED, PT_LOG_WARNING, "writes to region "
                    "%u beside MSI-X's table or pending bits are dropped: Xen "
                    "makes them, since 4.19 and where a vector is bound", n);
        return;
    }
    if (d->host->ops->mmio_write(d->host->priv, n, at, width,
                                 val & (UINT64_MAX >> (64 - 8 * width))) != 0) {
        pt_log_once(d, PT_ONCE_MMIO, PT_LOG_ERROR,
                    "can't access the device's region %u", n);
    }
}
