/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One kind of guest access, again and again, for callgrind to count: the
 * engine over a device that is plain memory, so that what is counted is ours.
 *
 * usage: access KIND DEVICES ACCESSES CAPTURE
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture.h"
#include "pt-dev.h"
#include "pt-mmcfg.h"

struct memory {
    uint8_t cfg[PT_CFG_SIZE];
};

static int mem_read(void *priv, uint16_t pos, void *buf, unsigned len)
{
    const struct memory *m = priv;

    memcpy(buf, m->cfg + pos, len);
    return 0;
}

static int mem_write(void *priv, uint16_t pos, const void *buf, unsigned len)
{
    struct memory *m = priv;

    memcpy(m->cfg + pos, buf, len);
    return 0;
}

static const struct pt_device_ops mem_ops = {
    .read = mem_read, .write = mem_write,
};

static void no_log(void *priv, enum pt_level level, const char *line)
{
    (void)priv;
    (void)level;
    (void)line;
}

static uint64_t no_clock(void *priv)
{
    (void)priv;
    return 0;
}

static bool nothing_taken(void *priv, const struct pt_dev *self, bool io,
                          uint64_t addr, uint64_t size)
{
    (void)priv;
    (void)self;
    (void)io;
    (void)addr;
    (void)size;
    return false;
}

static const struct pt_bus_ops bus_ops = {
    .log = no_log, .now_us = no_clock, .taken = nothing_taken,
};

/* A Xen that gives no interrupts: none of these accesses needs any. */
static int no_pirq(void *priv, int gsi, int *pirq)
{
    (void)priv;
    (void)gsi;
    (void)pirq;
    return -1;
}

static int no_msi(void *priv, const struct pt_sbdf *dev, unsigned nr,
                  unsigned entry, uint64_t base, int *pirq)
{
    (void)priv;
    (void)dev;
    (void)nr;
    (void)entry;
    (void)base;
    (void)pirq;
    return -1;
}

static int same(void *priv, const struct pt_sbdf *dev, int irq)
{
    (void)priv;
    (void)dev;
    return irq;
}

static int version(void *priv)
{
    (void)priv;
    return 4 << 16 | 17;
}

static const struct pt_xen_ops xen_ops = {
    .line_gsi = same, .map_pirq_gsi = no_pirq, .map_pirq_msi = no_msi,
    .version = version,
};

/* Device-specific in all of the captures that run.sh uses. */
#define DEVICE_REG 0xf8
#define UNDECLARED 0x38

/* A bus with this device at 00.0, for the MMCONFIG window. */
static uint32_t window_read(void *priv, unsigned devfn, unsigned off,
                            unsigned len)
{
    (void)devfn;
    return pt_config_read(priv, off, len);
}

static bool window_extended(void *priv, unsigned devfn)
{
    (void)devfn;
    return pt_config_size(priv) > PT_CFG_SIZE;
}

static const struct pt_mmcfg_ops window_ops = {
    .read = window_read, .extended = window_extended,
};

/* The name is what callgrind switches counting on and off by. */
void bench_accesses(struct pt_dev **d, unsigned devices, const char *kind,
                    unsigned accesses);

void __attribute__((noinline))
bench_accesses(struct pt_dev **d, unsigned devices, const char *kind,
               unsigned accesses)
{
    char k = strcmp(kind, "forwarded-write") == 0 ? 'w' : kind[0];
    unsigned i;

    for (i = 0; i < accesses; i++) {
        struct pt_dev *dev = d[i & (devices - 1)];

        switch (k) {
        case 'e':  /* emulated read */
            pt_config_read(dev, 0x00, 4);
            break;
        case 'm':  /* emulated read by MMCONFIG */
            pt_mmcfg_read(&window_ops, dev, 0x00, 4);
            break;
        case 'f':  /* forwarded read */
            pt_config_read(dev, DEVICE_REG, 4);
            break;
        case 'd':  /* denied write */
            pt_config_write(dev, UNDECLARED, i, 4);
            break;
        case 'w':  /* forwarded write */
            pt_config_write(dev, DEVICE_REG, i, 4);
            break;
        default:   /* command write, a bit of it forwarded, with its hook */
            pt_config_write(dev, 0x04, (i / devices & 1) << 2, 2);
            break;
        }
    }
}

int main(int argc, char **argv)
{
    struct capture *c = NULL;
    struct pt_error err;
    static struct memory mem[256];
    static struct pt_device host[256];
    static struct pt_dev *d[256];
    struct pt_xen xen = { .ops = &xen_ops };
    const struct pt_bus bus = { .ops = &bus_ops };
    unsigned i, n;

    if (argc != 5 || capture_load(argv[4], &c, &err) < 1) {
        fprintf(stderr, "usage: access KIND DEVICES ACCESSES CAPTURE\n");
        return 2;
    }
    n = (unsigned)atoi(argv[2]);
    for (i = 0; i < n && i < 256; i++) {
        struct pt_args args = { .host = &host[i], .xen = &xen, .bus = &bus };

        memcpy(mem[i].cfg, c->cfg, sizeof(mem[i].cfg));
        host[i] = (struct pt_device) { .ops = &mem_ops, .priv = &mem[i] };
        capture_info(c, &host[i].info);
        d[i] = pt_attach(&args, &err);
        if (!d[i]) {
            fprintf(stderr, "%s\n", err.text);
            return 1;
        }
    }
    bench_accesses(d, n, argv[1], (unsigned)atoi(argv[3]));
    for (i = 0; i < n; i++) {
        pt_detach(d[i]);
    }
    free(c);
    return 0;
}
