/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The fuzzer's first strings: each captured function under each policy, with
 * what a guest usually does.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pt-pci.h"

#include "lib-fuzz.h"
#include "lib-world.h"

struct seed {
    uint8_t bytes[2048];
    size_t len;
};

static void put(struct seed *s, uint64_t val, unsigned len)
{
    if (s->len + len <= sizeof(s->bytes)) {
        sim_put(s->bytes + s->len, len, val);
        s->len += len;
    }
}

static void put_write(struct seed *s, unsigned off, uint32_t val,
                      unsigned len)
{
    put(s, len == 4 ? FUZZ_WRITE4 : len == 2 ? FUZZ_WRITE2 : FUZZ_WRITE1, 1);
    put(s, off, 1);
    put(s, val, len);
}

static void put_device(struct seed *s, const struct capture *c)
{
    unsigned n, shift;

    for (n = 0; n < PT_CFG_SIZE; n++) {
        put(s, c->cfg[n], 1);
    }
    for (n = 0; n < PT_NUM_REGIONS; n++) {
        const struct pt_region *r = &c->region[n];

        for (shift = 0; r->size >> shift > 1; shift++) {
        }
        put(s, shift, 1);
        put(s, r->flags, 1);
        put(s, r->size && !r->addr ? FUZZ_R_UNASSIGNED : 0, 1);
    }
}

/* What is there, and a write over each of its dwords. */
static void put_extended(struct seed *s, const struct capture *c)
{
    uint8_t ext[FUZZ_EXT];
    size_t i, n = fuzz_put_extended(c, ext);

    for (i = 0; i < n; i++) {
        put(s, ext[i], 1);
    }
    for (i = 1; i < n; i += 6) {
        put(s, FUZZ_EXT_WRITE, 1);
        put(s, 4 * sim_get(ext + i, 2), 2);
        put(s, 2, 1);
        put(s, UINT32_MAX, 4);
    }
}

static void put_cap(struct seed *s, const struct capture *c, unsigned pos)
{
    unsigned data;

    switch (c->cfg[pos]) {
    case PCI_CAP_ID_PM:
        put_write(s, pos + PCI_PM_CTRL, 3, 2);
        put_write(s, pos + PCI_PM_CTRL, 0, 2);
        put(s, FUZZ_READ, 1);
        put(s, PCI_COMMAND, 1);
        put(s, 2, 1);
        put(s, FUZZ_PLACE, 1);
        put(s, FUZZ_DECODE, 1);
        put(s, 1, 1);
        break;
    case PCI_CAP_ID_MSI:
        data = c->cfg[pos + 2] & PCI_MSI_FLAGS_64BIT ? 12 : 8;
        put_write(s, pos + 4, 0xfee01000, 4);
        put_write(s, pos + data, 0x4051, 2);
        put_write(s, pos + 2, 0x51, 2);
        put(s, FUZZ_INTERRUPT, 1);
        put(s, 0, 1);
        put_write(s, pos + 2, 0, 2);
        break;
    case PCI_CAP_ID_MSIX:
        put(s, FUZZ_ENTRY, 1);
        put(s, 0x6100, 3);
        put_write(s, pos + 2, 0x8000, 2);
        put(s, FUZZ_ENTRY, 1);
        put(s, 0x6201, 3);
        put(s, FUZZ_INTERRUPT, 1);
        put(s, 1, 1);
        put(s, FUZZ_MMIO_WRITE, 1);
        put(s, 0x020014, 4);
        put(s, 1, 8);
        put_write(s, pos + 2, 0, 2);
        break;
    case PCI_CAP_ID_VPD:
        put_write(s, pos + 2, 0x0004, 2);
        break;
    default:
        put_write(s, pos + 8, 0xffffffff, 4);
        break;
    }
}

static void put_life(struct seed *s, const struct capture *c)
{
    unsigned pos = c->cfg[PCI_CAPABILITY_LIST] & 0xfc, steps = 16;

    put(s, FUZZ_PLACE, 1);
    put(s, FUZZ_DECODE, 1);
    put(s, 1, 1);
    put(s, FUZZ_RAISE, 1);
    while (pos >= 0x40 && --steps) {
        put_cap(s, c, pos);
        pos = c->cfg[pos + 1] & 0xfc;
    }
    put(s, FUZZ_RESET, 1);
    put(s, FUZZ_PLACE, 1);
    put(s, FUZZ_REATTACH, 1);
}

/*
 * Some are one of the chips with windows: see make_chip(). Of these, some get a
 * file.
 */
static unsigned windows(unsigned capture, const struct world_policy *p)
{
    return (p == world_policies || p->policy.extended) && capture % 4 == 0 ?
        FUZZ_WINDOWS : 0;
}

/* Two registers, one of the device's own and AER's mask; the end of the space. */
static void put_file(struct seed *s)
{
    static const struct {
        unsigned off, size, words;
    } reg[] = { { 0xe0, 2, 2 + 8 * 3 }, { 0x108, 2, 4 + 8 * 5 } };
    unsigned i;

    put(s, FUZZ_FILE, 1);
    put(s, 2, 1);
    for (i = 0; i < 2; i++) {
        put(s, reg[i].off, 2);
        put(s, reg[i].size, 1);
        put(s, reg[i].words, 1);
        put(s, 0x00ff0f0f, 4);
        put(s, 0xff00f0f0, 4);
    }
    put(s, 0xf4, 1);
    put(s, 8, 1);
    put(s, 0x50, 1);
}

static unsigned policy_bits(const struct pt_policy *p)
{
    return (p->strict ? FUZZ_STRICT : 0) |
        (p->permissive ? FUZZ_PERMISSIVE : 0) |
        (p->power_mgmt ? FUZZ_POWER_MGMT : 0) |
        (p->msitranslate ? FUZZ_TRANSLATE : 0) |
        (p->no_rom ? FUZZ_NO_ROM : 0) |
        (p->extended ? FUZZ_EXTENDED : 0);
}

int main(int argc, char **argv)
{
    struct world_function *list;
    unsigned i, n;

    if (argc != 2) {
        fprintf(stderr, "usage: %s DIRECTORY\n", argv[0]);
        return 2;
    }
    n = world_functions(&list);
    for (i = 0; i < n; i++) {
        unsigned k = 0;

        for (; world_policies[k].name; k++) {
            struct seed s = { .len = 0 };
            char path[512];
            FILE *f;

            put(&s, policy_bits(&world_policies[k].policy) |
                windows(i, &world_policies[k]), 1);
            put(&s, i % 8, 1);
            put_device(&s, &list[i].capture);
            if (world_policies[k].policy.extended) {
                put_extended(&s, &list[i].capture);
            }
            if (world_policies[k].policy.extended) {
                put_file(&s);
            }
            put_life(&s, &list[i].capture);
            snprintf(path, sizeof(path), "%s/%03u-%u", argv[1], i, k);
            f = fopen(path, "wb");
            if (!f || fwrite(s.bytes, s.len, 1, f) != 1 || fclose(f) != 0) {
                perror(path);
                return 1;
            }
        }
    }
    free(list);
    return 0;
}
