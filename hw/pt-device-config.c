/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The real device's configuration space, through libpci. */
#include <errno.h>

#include <pci/pci.h>

#include "pt-device-int.h"
#include "pt-libpci.h"

struct transfer {
    int pos;
    uint8_t *buf;
    int len;
};

static bool lib_read(void *who, void *arg)
{
    const struct pt_real *r = who;
    const struct transfer *t = arg;

    return pci_read_block(r->pci, t->pos, t->buf, t->len) != 0;
}

static bool lib_write(void *who, void *arg)
{
    const struct pt_real *r = who;
    const struct transfer *t = arg;

    return pci_write_block(r->pci, t->pos, t->buf, t->len) != 0;
}

int pt_real_read(void *priv, uint16_t pos, void *buf, unsigned len)
{
    struct pt_real *r = priv;
    struct transfer t = { .pos = pos, .buf = buf, .len = (int)len };
    struct pt_libpci said;

    if (len == 0 || len > PT_CFG_EXTENDED || pos + len > PT_CFG_EXTENDED) {
        return -EINVAL;
    }
    if (pt_libpci_run(&said, lib_read, r, &t)) {
        return 0;
    }
    return said.errnum ? -pt_libpci_errno(&said) : pt_real_short(r, pos + len);
}

int pt_real_write(void *priv, uint16_t pos, const void *buf, unsigned len)
{
    struct pt_real *r = priv;
    /* libpci only reads it. */
    struct transfer t = { .pos = pos, .buf = (uint8_t *)(uintptr_t)buf,
                          .len = (int)len };
    struct pt_libpci said;

    if (len == 0 || len > PT_CFG_EXTENDED || pos + len > PT_CFG_EXTENDED) {
        return -EINVAL;
    }
    return pt_libpci_run(&said, lib_write, r, &t) ? 0 : -pt_libpci_errno(&said);
}
