/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes the ACPI table by which a guest finds the MMCONFIG window, for
 * acpi_firmware= of the guest's configuration: PCI Firmware 3.0, table 4-2 and
 * 4-3; its header is ACPI 6.4's, 5.2.6.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "pt-mmcfg.h"

enum {
    SIGNATURE = 0,
    LENGTH = 4,
    REVISION = 8,
    CHECKSUM = 9,
    OEM_ID = 10,
    OEM_TABLE_ID = 16,
    OEM_REVISION = 24,
    CREATOR_ID = 28,
    CREATOR_REVISION = 32,
    BASE = 44,       /* after 8 reserved bytes */
    SEGMENT = 52,
    FIRST_BUS = 54,
    LAST_BUS = 55,
    TABLE_SIZE = 60,  /* 4 reserved bytes more */
};

static void put(uint8_t *table, unsigned at, uint64_t val, unsigned len)
{
    for (unsigned i = 0; i < len; i++) {
        table[at + i] = (uint8_t)(val >> (8 * i));
    }
}

static void put_text(uint8_t *table, unsigned at, const char *text)
{
    memcpy(table + at, text, strlen(text));
}

int main(void)
{
    uint8_t table[TABLE_SIZE] = { 0 }, sum = 0;

    put_text(table, SIGNATURE, "MCFG");
    put(table, LENGTH, TABLE_SIZE, 4);
    put(table, REVISION, 1, 1);
    put_text(table, OEM_ID, "PASSTH");
    put_text(table, OEM_TABLE_ID, "PASSTHRU");
    put(table, OEM_REVISION, 1, 4);
    put_text(table, CREATOR_ID, "PASS");
    put(table, CREATOR_REVISION, 1, 4);
    put(table, BASE, PT_MMCFG_BASE, 8);
    put(table, SEGMENT, 0, 2);
    put(table, FIRST_BUS, 0, 1);
    put(table, LAST_BUS, PT_MMCFG_BUSES - 1, 1);
    for (unsigned i = 0; i < TABLE_SIZE; i++) {
        sum = (uint8_t)(sum + table[i]);
    }
    put(table, CHECKSUM, (uint8_t)-sum, 1);
    return fwrite(table, TABLE_SIZE, 1, stdout) == 1 && fflush(stdout) == 0 ?
        0 : 1;
}
