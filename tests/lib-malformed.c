/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "pt-pci.h"

#include "lib-malformed.h"

static void no_chain(struct capture *c)
{
    c->cfg[PCI_CAPABILITY_LIST] = 0x40;
}

static void chain_to_nowhere(struct capture *c)
{
    c->cfg[PCI_STATUS] |= PCI_STATUS_CAP_LIST;
    c->cfg[PCI_CAPABILITY_LIST] = 0x3c;
}

static void loop(struct capture *c)
{
    world_build_cap(c, 0x50, PCI_CAP_ID_PM, "\3\0\0\0\0\0", 6);
    world_build_cap(c, 0x40, PCI_CAP_ID_VPD, "\0\0\0\0\0\0", 6);
    c->cfg[0x41] = 0x50;
}

static void loop_to_itself(struct capture *c)
{
    world_build_cap(c, 0x50, PCI_CAP_ID_PM, "\3\0\0\0\0\0", 6);
    c->cfg[0x51] = 0x53;
}

static void low_bits(struct capture *c)
{
    world_build_cap(c, 0x50, PCI_CAP_ID_PM, "\3\0\0\0\0\0", 6);
    world_build_cap(c, 0x60, PCI_CAP_ID_VPD, "\0\0\0\0\0\0", 6);
    c->cfg[PCI_CAPABILITY_LIST] |= 3;
    c->cfg[0x51] |= 2;
}

static void all_ones(struct capture *c)
{
    world_build_cap(c, 0x50, 0xff, "", 0);
    c->cfg[0x51] = 0xff;
}

static void full_of_vendor(struct capture *c)
{
    unsigned pos;

    for (pos = 0x40; pos < 0x100; pos += 4) {
        world_build_cap(c, (uint8_t)pos, PCI_CAP_ID_VNDR, "\4", 1);
    }
}

/* Two bytes that are not for the device, amid its own registers. */
static void null_in_between(struct capture *c)
{
    world_build_cap(c, 0x50, PCI_CAP_ID_NULL, "", 0);
    world_build_cap(c, 0x60, PCI_CAP_ID_VNDR, "\4", 1);
}

static void vendor_lengths(struct capture *c)
{
    static const char *const lengths[] = {
        "\0", "\1", "\2", "\3", "\4", "\x20", "\xff",
    };
    unsigned i;

    for (i = 0; i < 7; i++) {
        world_build_cap(c, (uint8_t)(0x40 + 16 * i), PCI_CAP_ID_VNDR,
                        lengths[i], 1);
    }
}

static void the_same_twice(struct capture *c)
{
    static const uint8_t msi[22] = { 0x80, 0x01 };

    world_build_cap(c, 0x40, PCI_CAP_ID_MSI, msi, 22);
    world_build_cap(c, 0x60, PCI_CAP_ID_MSI, msi, 22);
    world_build_cap(c, 0x80, PCI_CAP_ID_PM, "\3\0\0\0\0\0", 6);
    world_build_cap(c, 0x90, PCI_CAP_ID_PM, "\3\0\0\0\0\0", 6);
    world_build_cap(c, 0xa0, PCI_CAP_ID_VPD, "\0\0\0\0\0\0", 6);
    world_build_cap(c, 0xb0, PCI_CAP_ID_VPD, "\0\0\0\0\0\0", 6);
}

static void too_close(struct capture *c)
{
    world_build_cap(c, 0x40, PCI_CAP_ID_VPD, "\0\0", 2);
    world_build_cap(c, 0x44, PCI_CAP_ID_MSI, "\0\0", 2);
    world_build_cap(c, 0x48, PCI_CAP_ID_MSIX, "\0\0", 2);
    world_build_cap(c, 0x4c, PCI_CAP_ID_EXP, "\2\0", 2);
    world_build_cap(c, 0xf8, PCI_CAP_ID_EXP, "\2\0\0\0", 4);
    world_build_cap(c, 0xfc, PCI_CAP_ID_PM, "\3\0", 2);
}

/* Every ID there is, and some that are not, in 8 bytes each. */
static void every_id(struct capture *c, unsigned first)
{
    unsigned i;

    for (i = 0; i < 24; i++) {
        if (first + i != PCI_CAP_ID_MSI) {
            world_build_cap(c, (uint8_t)(0x40 + 8 * i), (uint8_t)(first + i),
                            "\0\0\0\0\0\0", 6);
        }
    }
}

static void ids_from_0(struct capture *c)
{
    every_id(c, 0);
}

static void ids_from_232(struct capture *c)
{
    every_id(c, 232);
}

static void express_types(struct capture *c, unsigned flags)
{
    uint8_t body[0x3a] = { (uint8_t)flags, (uint8_t)(flags >> 8) };

    world_build_cap(c, 0x40, PCI_CAP_ID_EXP, body, sizeof(body));
}

static void express_0(struct capture *c)
{
    express_types(c, 0);
}

static void express_1(struct capture *c)
{
    express_types(c, 0x0001);
}

static void express_1_integrated(struct capture *c)
{
    express_types(c, 0x0091);
}

static void express_2_root_port(struct capture *c)
{
    express_types(c, 0x0042);
}

static void express_3(struct capture *c)
{
    express_types(c, 0x0003);
}

static void table_in(struct capture *c, uint32_t table, uint32_t pba)
{
    uint8_t body[10] = { 0x0f, 0 };

    sim_put(body + 2, 4, table);
    sim_put(body + 6, 4, pba);
    world_build_bar(c, 0, 0xfd000000, 0x1000, 0);
    world_build_bar(c, 1, 0xe000, 0x100, PT_REGION_IO);
    world_build_cap(c, 0x40, PCI_CAP_ID_MSIX, body, sizeof(body));
}

static void table_in_bar_7(struct capture *c)
{
    table_in(c, 0x0007, 0x0800);
}

static void table_in_an_empty_bar(struct capture *c)
{
    table_in(c, 0x0002, 0x0800);
}

static void table_in_ports(struct capture *c)
{
    table_in(c, 0x0001, 0x0800);
}

static void table_over_the_end(struct capture *c)
{
    table_in(c, 0x0f08, 0x0800);
}

static void pba_over_the_end(struct capture *c)
{
    table_in(c, 0x0000, 0xfffffff8);
}

static void table_over_its_pending_bits(struct capture *c)
{
    table_in(c, 0x0000, 0x00f8);
}

/* The first is the one that Xen and the host know. */
static void second_table_is_sound(struct capture *c)
{
    static const uint8_t sound[10] = { 0 };

    table_in(c, 0x0007, 0x0800);
    world_build_cap(c, 0x60, PCI_CAP_ID_MSIX, sound, sizeof(sound));
}

static void table_to_the_end(struct capture *c)
{
    table_in(c, 0x0f00, 0x0ef8);
}

/* Of 6 and 7 address bits; the last one has a capability there. */
static void mirrored_every_40(struct capture *c)
{
    unsigned at;

    for (at = 0x40; at < 0x100; at += 0x40) {
        memcpy(c->cfg + at, c->cfg, 0x40);
    }
}

static void mirrored_every_80(struct capture *c)
{
    world_build_cap(c, 0x40, PCI_CAP_ID_MSI, "\x80\0\0\0\0\0", 6);
    memcpy(c->cfg + 0x80, c->cfg, 0x80);
}

static void mirrored_and_chained(struct capture *c)
{
    world_build_cap(c, 0xc0, PCI_CAP_ID_MSI, "\x80\0\0\0\0\0", 6);
    memcpy(c->cfg + 0x40, c->cfg + 0xc0, 0x40);
    memcpy(c->cfg + 0x80, c->cfg, 0x40);
}

const struct malformed malformed_devices[] = {
    { "no chain", no_chain },
    { "chain to nowhere", chain_to_nowhere },
    { "loop", loop },
    { "loop to itself", loop_to_itself },
    { "low bits", low_bits },
    { "all ones", all_ones },
    { "full of vendor capabilities", full_of_vendor },
    { "Null among device registers", null_in_between },
    { "vendor lengths", vendor_lengths },
    { "the same twice", the_same_twice },
    { "too close", too_close },
    { "IDs from 0", ids_from_0 },
    { "IDs from 232", ids_from_232 },
    { "PCI Express version 0", express_0 },
    { "PCI Express version 1", express_1 },
    { "PCI Express version 1, integrated", express_1_integrated },
    { "PCI Express version 2, root port", express_2_root_port },
    { "PCI Express version 3", express_3 },
    { "MSI-X table in BAR 7", table_in_bar_7 },
    { "MSI-X table in an empty BAR", table_in_an_empty_bar },
    { "MSI-X table in ports", table_in_ports },
    { "MSI-X table over the BAR's end", table_over_the_end },
    { "MSI-X PBA over the BAR's end", pba_over_the_end },
    { "MSI-X twice, the second one sound", second_table_is_sound },
    { "MSI-X table up to the BAR's end", table_to_the_end },
    { "MSI-X table over its pending bits", table_over_its_pending_bits },
    { "header mirrored every 40", mirrored_every_40 },
    { "header mirrored every 80", mirrored_every_80 },
    { "header mirrored, chain in its mirror", mirrored_and_chained },
    { NULL, NULL },
};
