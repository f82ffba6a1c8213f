// SPDX-License-Identifier: GPL-2.0-or-later
//
// In the guest: drive QEMU's educational device ("edu") from user space.
//
//   edu SSSS:BB:DD.F /dev/uioN COUNT
//
// Raises COUNT interrupts, each seen through uio_pci_generic, then moves
// data into the device's buffer and back by DMA and compares.

#define _GNU_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

// Registers, in bytes from the start of BAR 0 (QEMU's docs/specs/edu.txt).
enum {
    REG_ID = 0x00,
    REG_LIVENESS = 0x04,
    REG_IRQ_STATUS = 0x24,
    REG_IRQ_RAISE = 0x60,
    REG_IRQ_ACK = 0x64,
    REG_DMA_SRC = 0x80,
    REG_DMA_DST = 0x88,
    REG_DMA_COUNT = 0x90,
    REG_DMA_COMMAND = 0x98,
    DMA_START = 1,
    DMA_FROM_DEVICE = 2,
    DEVICE_BUFFER = 0x40000,
    PAGE = 4096,
    DMA_BYTES = PAGE / 2,       // the device refuses to move all of its buffer
};

enum {
    COMMAND = 4,                // the config register, and bits of it
    COMMAND_MEMORY = 1 << 1,
    COMMAND_MASTER = 1 << 2,
    COMMAND_INTX_OFF = 1 << 10,
};

static volatile uint8_t *bar;
static int config;

static uint32_t get32(unsigned reg)
{
    return *(volatile uint32_t *)(bar + reg);
}

static void put32(unsigned reg, uint32_t value)
{
    *(volatile uint32_t *)(bar + reg) = value;
}

static void put64(unsigned reg, uint64_t value)
{
    *(volatile uint64_t *)(bar + reg) = value;
}

static void fail(const char *what)
{
    printf("edu: %s: %s\n", what, strerror(errno));
    exit(1);
}

// uio_pci_generic switches INTx off in the Command register at every
// interrupt: switch it on again, with memory decoding and bus mastering.
static void enable(void)
{
    uint16_t command;

    if (pread(config, &command, 2, COMMAND) != 2) {
        fail("read Command");
    }
    command |= COMMAND_MEMORY | COMMAND_MASTER;
    command &= (uint16_t)~COMMAND_INTX_OFF;
    if (pwrite(config, &command, 2, COMMAND) != 2) {
        fail("write Command");
    }
}

// The physical address of a locked page, by /proc/self/pagemap.
static uint64_t physical(const void *page)
{
    uint64_t entry;
    int fd = open("/proc/self/pagemap", O_RDONLY);
    off_t at = (off_t)((uintptr_t)page / PAGE * sizeof(entry));

    if (fd < 0 || pread(fd, &entry, sizeof(entry), at) != sizeof(entry)) {
        fail("pagemap");
    }
    close(fd);
    return (entry & ((UINT64_C(1) << 55) - 1)) * PAGE;
}

static void dma(uint64_t from, uint64_t to, uint64_t command)
{
    put64(REG_DMA_SRC, from);
    put64(REG_DMA_DST, to);
    put64(REG_DMA_COUNT, DMA_BYTES);
    put64(REG_DMA_COMMAND, command | DMA_START);
    for (int i = 0; i < 500; i++) {
        struct timespec wait = { .tv_nsec = 10 * 1000 * 1000 };

        if (!(get32(REG_DMA_COMMAND) & DMA_START)) {
            return;
        }
        nanosleep(&wait, NULL);
    }
    errno = ETIMEDOUT;
    fail("DMA");
}

static void count_interrupts(int uio, unsigned wanted)
{
    uint32_t first = 0, last = 0;

    for (unsigned i = 0; i < wanted; i++) {
        struct pollfd poller = { .fd = uio, .events = POLLIN };

        enable();
        put32(REG_IRQ_RAISE, 1u << (i % 8));
        if (poll(&poller, 1, 5000) != 1 || read(uio, &last, 4) != 4) {
            errno = ETIMEDOUT;
            fail("no interrupt");
        }
        if (i == 0) {
            first = last;
        }
        put32(REG_IRQ_ACK, get32(REG_IRQ_STATUS));
    }
    printf("edu: %u interrupts of %u\n", last - first + 1, wanted);
    if (last - first + 1 != wanted) {
        exit(1);
    }
}

static void round_trip(void)
{
    static uint8_t copy[DMA_BYTES];
    uint8_t *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED, -1, 0);

    if (page == MAP_FAILED) {
        fail("mmap");
    }
    srand((unsigned)time(NULL));
    for (unsigned i = 0; i < DMA_BYTES; i++) {
        page[i] = copy[i] = (uint8_t)rand();
    }
    enable();
    dma(physical(page), DEVICE_BUFFER, 0);
    memset(page, 0, DMA_BYTES);
    dma(DEVICE_BUFFER, physical(page), DMA_FROM_DEVICE);
    if (memcmp(page, copy, DMA_BYTES) != 0) {
        printf("edu: DMA there and back changed the data\n");
        exit(1);
    }
    printf("edu: %d bytes there and back by DMA\n", DMA_BYTES);
}

int main(int argc, char **argv)
{
    char path[128];
    int uio, memory;

    if (argc != 4) {
        fprintf(stderr, "usage: edu SSSS:BB:DD.F /dev/uioN COUNT\n");
        return 2;
    }
    snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/config", argv[1]);
    config = open(path, O_RDWR);
    snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/resource0", argv[1]);
    memory = open(path, O_RDWR);
    uio = open(argv[2], O_RDWR);
    if (config < 0 || memory < 0 || uio < 0) {
        fail("open");
    }
    bar = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
    if (bar == MAP_FAILED) {
        fail("mmap BAR 0");
    }
    enable();
    printf("edu: identification %#x\n", get32(REG_ID));
    put32(REG_LIVENESS, 0x12345678);
    if (get32(REG_LIVENESS) != ~0x12345678u) {
        printf("edu: the liveness check reads %#x\n", get32(REG_LIVENESS));
        return 1;
    }
    count_interrupts(uio, (unsigned)strtoul(argv[3], NULL, 0));
    round_trip();
    return 0;
}
