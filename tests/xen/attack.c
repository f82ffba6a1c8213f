// SPDX-License-Identifier: GPL-2.0-or-later
//
// In the guest: attack the device model through a passed-through device.
//
//   attack [-s SEED] [-t SECONDS] [-m] [-e] [-p] [-r] SSSS:BB:DD.F...
//
// Random reads and writes of the devices' config space, of 1, 2 and 4 bytes
// at any offset; with -m also random writes to their MSI-X tables.  The same
// seed makes the same accesses.  Reports what it did every few seconds and at
// the end; it fails when it cannot start, or when one of its processes dies.
//
// With -p there is a process for each processor.  The kernel has accesses by
// ports made one after another; with -e they go to the MMCONFIG window, all
// 4096 bytes of each function, so that the processors' are there at once.
//
// The guest is spared what would end it, and the attack with it: BARs over its
// own memory or the ports of its other devices, and messages with the vectors
// of exceptions.  With -r it is not.

#define _GNU_SOURCE

#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    MAX_TARGETS = 8,
    MAX_PROCESSORS = 64,
    CONFIG_SIZE = 256,          // what the guest's ports can address
    WINDOW_SIZE = 4096,         // of a function
    WINDOW = 0xfe000000,        // where the window for bus 0 is
    COMMAND = 0x04,
    COMMAND_ON = 0x0007,        // I/O, memory, bus master
    STATUS = 0x06,
    STATUS_CAP_LIST = 0x10,
    BARS = 0x10,
    BARS_SIZE = 24,
    ROM = 0x30,
    CAP_POINTER = 0x34,
    CAP_MSI = 0x05,
    MSI_CONTROL_64 = 0x0080,
    CAP_MSIX = 0x11,
    MSIX_CONTROL = 2,
    MSIX_CONTROL_ENABLE = 0x8000,
    MSIX_TABLE = 4,
    TABLE_SHARE = 64,           // every n-th operation is a burst of writes
    TABLE_BURST = 16,           // to the table
    REPORT_SECONDS = 2,
};

struct target {
    const char *name;
    int config;
    volatile uint8_t *window;   // the same as memory, NULL: not that way
    uint8_t bars[BARS_SIZE];    // as they were, to bring the table back
    unsigned msi_data;          // its Message Data, 0: none
    unsigned msix;              // where the capability is, 0: none
    volatile uint8_t *table;    // its MSI-X table, NULL: not attacked
    unsigned table_size;        // in bytes
};

static struct target targets[MAX_TARGETS];
static unsigned target_count;
static bool reckless;

// What a process has done, in memory that all of them have.
struct counts {
    uint64_t reads, writes, failures, table_writes;
};

static struct counts *all_counts, *counts;

// xorshift64*: the same numbers everywhere for the same seed.
static uint64_t random_state;

static uint32_t random32(void)
{
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return (uint32_t)(random_state * UINT64_C(0x2545f4914f6cdd1d) >> 32);
}

static uint32_t memory_get(const volatile uint8_t *at, unsigned size)
{
    return size == 1 ? *at : size == 2 ? *(const volatile uint16_t *)at :
        *(const volatile uint32_t *)at;
}

static void memory_put(volatile uint8_t *at, unsigned size, uint32_t value)
{
    if (size == 1) {
        *at = (uint8_t)value;
    } else if (size == 2) {
        *(volatile uint16_t *)at = (uint16_t)value;
    } else {
        *(volatile uint32_t *)at = value;
    }
}

static unsigned config_get(const struct target *t, unsigned at, unsigned size)
{
    uint32_t value = 0;

    if (t->window != NULL) {
        return memory_get(t->window + at, size);
    }
    return pread(t->config, &value, size, at) == (ssize_t)size ? value : 0;
}

static void config_put(const struct target *t, unsigned at, unsigned size,
                       uint32_t value)
{
    if (t->window != NULL) {
        memory_put(t->window + at, size, value);
    } else if (pwrite(t->config, &value, size, at) != (ssize_t)size) {
        counts->failures++;
    }
}

static unsigned find_capability(const struct target *t, unsigned id)
{
    unsigned at;

    if (!(config_get(t, STATUS, 2) & STATUS_CAP_LIST)) {
        return 0;
    }
    at = config_get(t, CAP_POINTER, 1) & ~3u;
    for (unsigned i = 0; i < CONFIG_SIZE / 4 && at >= 0x40; i++) {
        if (config_get(t, at, 1) == id) {
            return at;
        }
        at = config_get(t, at + 1, 1) & ~3u;
    }
    return 0;
}

static void find_msi_data(struct target *t)
{
    unsigned at = find_capability(t, CAP_MSI);

    if (at != 0) {
        t->msi_data =
            at + (config_get(t, at + 2, 2) & MSI_CONTROL_64 ? 12 : 8);
    }
}

static void map_table(struct target *t)
{
    unsigned where, offset, page = (unsigned)sysconf(_SC_PAGESIZE);
    char path[128];
    uint8_t *map;
    int fd;

    t->msix = find_capability(t, CAP_MSIX);
    if (t->msix == 0) {
        return;
    }
    where = config_get(t, t->msix + MSIX_TABLE, 4);
    offset = where & ~7u;
    t->table_size =
        ((config_get(t, t->msix + MSIX_CONTROL, 2) & 0x7ff) + 1) * 16;
    snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/resource%u",
             t->name, where & 7);
    fd = open(path, O_RDWR);
    if (fd < 0) {
        return;
    }
    map = mmap(NULL, t->table_size + offset % page, PROT_READ | PROT_WRITE,
               MAP_SHARED, fd, offset - offset % page);
    close(fd);
    if (map != MAP_FAILED) {
        t->table = map + offset % page;
    }
}

// Returns false when there is none.
static bool map_window(struct target *t)
{
    int fd = open("/dev/mem", O_RDWR | O_SYNC);
    unsigned slot, function;
    void *map;

    if (fd < 0 || sscanf(t->name, "%*x:%*x:%x.%x", &slot, &function) != 2) {
        return false;
    }
    map = mmap(NULL, WINDOW_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
               (off_t)WINDOW + (slot << 15 | function << 12));
    close(fd);
    if (map == MAP_FAILED || memory_get(map, 4) == UINT32_MAX) {
        return false;
    }
    t->window = map;
    return true;
}

// The writes to config space soon switch decoding off and move the BARs about.
// What is written to the table then goes nowhere, or to where another BAR is,
// which Xen may end the guest for: bring the table back before, with MSI-X on
// half of the time.
static void repair(const struct target *t)
{
    for (unsigned i = 0; i < BARS_SIZE; i += 4) {
        uint32_t bar;

        memcpy(&bar, t->bars + i, 4);
        // Moving a BAR takes much longer than looking where it is.
        if (config_get(t, BARS + i, 4) != bar) {
            config_put(t, BARS + i, 4, bar);
        }
    }
    config_put(t, COMMAND, 2, COMMAND_ON);
    if (t->msix != 0) {
        config_put(t, t->msix + MSIX_CONTROL, 2,
                   random32() & 1 ? MSIX_CONTROL_ENABLE : 0);
    }
}

// Vectors that a Linux guest gives to devices, or to nobody.
static uint8_t spare_vector(uint8_t vector)
{
    return (vector & 0x4f) | 0x30;
}

// The byte of a BAR or of the ROM's that decides where it is: memory goes above
// RAM and below the emulated devices, ports above theirs.
static uint8_t spare_bar(const struct target *t, unsigned at, uint8_t value)
{
    unsigned bar = (at - BARS) / 4 * 4;
    bool rom = at >= ROM;

    if (!rom && bar >= 4 && (t->bars[bar - 4] & 7) == 4) {
        return value;                   // the top of a 64-bit one
    }
    if (!rom && (t->bars[bar] & 1)) {
        return at % 4 == 1 ? 0xd0 | (value & 0x0f) : value;
    }
    return at % 4 == 3 ? 0xe0 | (value & 0x0f) : value;
}

static uint32_t spare(const struct target *t, unsigned at, unsigned size,
                      uint32_t value)
{
    if (reckless || (size == 4 && value == UINT32_MAX)) {
        return value;                   // all ones ask for a size
    }
    for (unsigned i = 0; i < size; i++) {
        unsigned byte = at + i;
        uint8_t v = (uint8_t)(value >> 8 * i), was = v;

        if ((byte >= BARS && byte < BARS + BARS_SIZE) ||
            (byte >= ROM && byte < ROM + 4)) {
            v = spare_bar(t, byte, v);
        } else if (byte == t->msi_data && byte != 0) {
            v = spare_vector(v);
        }
        value ^= (uint32_t)(v ^ was) << 8 * i;
    }
    return value;
}

static void write_table(const struct target *t)
{
    unsigned size = 1u << random32() % 3;
    unsigned at = random32() % t->table_size & ~(size - 1);
    uint32_t value = random32();

    // Values that mean something are tried more often than chance would.
    if (random32() & 1) {
        value = at % 16 == 12 ? value & 1 : at % 16 == 0 ?
            0xfee00000 | (value & 0xff000) : value & 0xffff;
    }
    if (!reckless && at % 16 == 8) {
        value = (value & ~0xffu) | spare_vector((uint8_t)value);
    }
    memory_put(t->table + at, size, value);
    counts->table_writes++;
}

static void attack_table(const struct target *t)
{
    for (unsigned i = 0; i < target_count; i++) {
        repair(&targets[i]);
    }
    for (unsigned i = 0; i < TABLE_BURST; i++) {
        write_table(t);
    }
}

// Any offset that is aligned to the access: the kernel would split others.
static void attack_config(const struct target *t)
{
    unsigned size = 1u << random32() % 3;
    unsigned space = t->window != NULL && random32() & 1 ? WINDOW_SIZE :
        CONFIG_SIZE;
    unsigned at = random32() % space & ~(size - 1);
    uint32_t value = random32();

    switch (random32() % 8) {
    case 0:
        value = 0;
        break;
    case 1:
        value = UINT32_MAX;
        break;
    case 2:
        value = 1u << value % 32;
        break;
    }
    if (random32() & 1) {
        (void)config_get(t, at, size);
        counts->reads++;
    } else {
        config_put(t, at, size, spare(t, at, size, value));
        counts->writes++;
    }
}

static void run(time_t seconds)
{
    time_t start = time(NULL);

    while (time(NULL) - start < seconds) {
        const struct target *t = &targets[random32() % target_count];

        if (t->table != NULL && random32() % TABLE_SHARE == 0) {
            attack_table(t);
        } else {
            attack_config(t);
        }
    }
}

static void report(long seconds, unsigned processes)
{
    struct counts sum = { 0 };

    for (unsigned i = 0; i < processes; i++) {
        sum.reads += all_counts[i].reads;
        sum.writes += all_counts[i].writes;
        sum.failures += all_counts[i].failures;
        sum.table_writes += all_counts[i].table_writes;
    }
    printf("attack: %ld s, %llu reads, %llu writes (%llu refused), "
           "%llu table writes\n", seconds, (unsigned long long)sum.reads,
           (unsigned long long)sum.writes, (unsigned long long)sum.failures,
           (unsigned long long)sum.table_writes);
    fflush(stdout);
}

// The process for a processor; if there is but one, wherever it runs.
static void start(unsigned processor, unsigned processes, uint64_t seed,
                  time_t seconds)
{
    cpu_set_t set;

    counts = &all_counts[processor];
    random_state = (seed + processor) * 2 + 1;  // never 0, which would stay 0
    CPU_ZERO(&set);
    CPU_SET(processor, &set);
    if (processes > 1 && sched_setaffinity(0, sizeof(set), &set) != 0) {
        perror("sched_setaffinity");
        _exit(1);
    }
    run(seconds);
    _exit(0);
}

// Returns how many have not come to their end.
static unsigned watch(unsigned processes)
{
    time_t begin = time(NULL), last = begin;
    unsigned running = processes, dead = 0;

    while (running > 0) {
        int status;
        pid_t pid = waitpid(-1, &status, WNOHANG);

        if (pid > 0) {
            running--;
            dead += status != 0;
            continue;
        }
        usleep(100000);
        if (time(NULL) - last >= REPORT_SECONDS) {
            last = time(NULL);
            report((long)(last - begin), processes);
        }
    }
    for (unsigned i = 0; i < processes; i++) {
        printf("processor %u: %llu accesses\n", i, (unsigned long long)
               (all_counts[i].reads + all_counts[i].writes));
    }
    report((long)(time(NULL) - begin), processes);
    return dead;
}

static void usage(void)
{
    fprintf(stderr, "usage: attack [-s SEED] [-t SECONDS] [-m] [-e] [-p] [-r] "
            "BDF...\n");
    exit(2);
}

int main(int argc, char **argv)
{
    unsigned long long seed = 1;
    time_t seconds = 60;
    bool tables = false, window = false;
    unsigned processes = 1;
    int option;

    while ((option = getopt(argc, argv, "s:t:mepr")) != -1) {
        switch (option) {
        case 's':
            seed = strtoull(optarg, NULL, 0);
            break;
        case 't':
            seconds = (time_t)strtoul(optarg, NULL, 0);
            break;
        case 'm':
            tables = true;
            break;
        case 'e':
            window = true;
            break;
        case 'p':
            processes = (unsigned)sysconf(_SC_NPROCESSORS_ONLN);
            break;
        case 'r':
            reckless = true;
            break;
        default:
            usage();
        }
    }
    if (optind == argc || argc - optind > (int)MAX_TARGETS ||
        processes > MAX_PROCESSORS) {
        usage();
    }
    all_counts = mmap(NULL, MAX_PROCESSORS * sizeof(*all_counts),
                      PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
                      0);
    if (all_counts == MAP_FAILED) {
        perror("mmap");
        return 1;
    }
    counts = all_counts;
    for (; optind < argc; optind++) {
        struct target *t = &targets[target_count++];
        char path[128];

        t->name = argv[optind];
        snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/config",
                 t->name);
        t->config = open(path, O_RDWR);
        if (t->config < 0 ||
            pread(t->config, t->bars, BARS_SIZE, BARS) != BARS_SIZE) {
            perror(path);
            return 1;
        }
        find_msi_data(t);
        if (tables) {
            map_table(t);
        }
        if (window && !map_window(t)) {
            fprintf(stderr, "%s: not in the MMCONFIG window\n", t->name);
            return 1;
        }
    }
    printf("attack: seed %llu, %u devices, %u processors, %ld seconds\n", seed,
           target_count, processes, (long)seconds);
    fflush(stdout);
    for (unsigned i = 0; i < processes; i++) {
        if (fork() == 0) {
            start(i, processes, seed, seconds);
        }
    }
    return watch(processes) != 0;
}
