/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A host card of up to eight functions, and a guest's driver for them. */
#ifndef CARD_H
#define CARD_H

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "pt-tree.h"
#include "tree.h"
#include "lib-lessons.h"
#include "lib-temp.h"

#define HOST_MEM UINT64_C(0xe0000000)
#define GUEST_MEM UINT64_C(0xc0000000)
#define STRIDE UINT64_C(0x100000)
#define CARD_SIZE UINT64_C(0x8000)
#define TABLE 0x4000u
#define MSIX_POS 0x70u

/* Function @n of the card at 0000:03:00; @addr may be changed after. */
static inline void card_function(struct capture *c, unsigned n)
{
    world_build(c);
    c->addr = (struct pt_sbdf) { .bus = 3, .func = (uint8_t)n };
    world_build_bar(c, 0, HOST_MEM + n * STRIDE, CARD_SIZE, 0);
    world_build_bar(c, 1, 0x3000 + n * 0x40u, 0x20, PT_REGION_IO);
    world_build_bar(c, 2, UINT64_C(0x6000000000) + n * STRIDE, 0x10000,
                    PT_REGION_64 | PT_REGION_PREFETCH);
    pt_store(c->cfg + PCI_DEVICE_ID, 0x5678 + n, 2);
    c->cfg[PCI_INTERRUPT_LINE] = (uint8_t)(16 + n);
    c->cfg[PCI_INTERRUPT_PIN] = (uint8_t)(1 + n % 4);
    card_pm(c, 0x40, 0x0003, 0x0008);
    card_msi(c, 0x50);
    card_msix(c, MSIX_POS, 8, TABLE, 0x6000);
}

static inline struct sim_dev *add_card(unsigned n)
{
    struct capture c;

    card_function(&c, n);
    return tree_add_host(&c);
}

static inline uint64_t guest_mem(unsigned n)
{
    return GUEST_MEM + n * STRIDE;
}

/* Does the log, a temporary file, have @text? */
static inline bool logged(const char *text)
{
    char line[1024];
    bool has = false;

    rewind(logfile);
    while (fgets(line, sizeof(line), logfile)) {
        has = has || strstr(line, text);
    }
    fseek(logfile, 0, SEEK_END);
    return has;
}

/* The host's policy file, for the tree; to be unlinked. */
static inline void write_conf(const char *text)
{
    static char path[TEMP_MAX];
    int fd = tree.conf_path ? open(path, O_WRONLY | O_TRUNC) :
        mkstemp(temp_path(path, "conf"));

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
    tree.conf_path = path;
}

/* The guest's system places the BARs of @devfn, and switches decoding on. */
static inline void place(int devfn, unsigned n)
{
    tree_write(devfn, PCI_BASE_ADDRESS_0, (uint32_t)guest_mem(n), 4);
    tree_write(devfn, PCI_BASE_ADDRESS_1, 0x2000 + n * 0x40, 4);
    tree_write(devfn, PCI_BASE_ADDRESS_2, (uint32_t)(n * STRIDE), 4);
    tree_write(devfn, PCI_BASE_ADDRESS_3, 0x20, 4);
    tree_write(devfn, PCI_COMMAND, PCI_COMMAND_IO | PCI_COMMAND_MEMORY |
               PCI_COMMAND_MASTER, 2);
}

/* Its driver programs a vector and enables MSI-X. */
static inline void drive(int devfn, unsigned n)
{
    uint64_t entry = guest_mem(n) + TABLE;

    tree_mmio_write(entry, 0xfee00000, 4);
    tree_mmio_write(entry + 4, 0, 4);
    tree_mmio_write(entry + 8, 0x40 + n, 4);
    tree_mmio_write(entry + 12, 0, 4);
    tree_write(devfn, MSIX_POS + PCI_MSI_FLAGS, PCI_MSIX_ENABLE, 2);
}

#endif
