// SPDX-License-Identifier: GPL-2.0-or-later
//
// In the guest: what an access to config space takes.
//
//   cost COUNT OFFSET SIZE SSSS:BB:DD.F...
//
// Reads the register of each device in turn, COUNT times, and prints the
// median time of each device: only the ratio of two in one run means much.

#define _GNU_SOURCE

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { MAX_DEVICES = 8, MAX_COUNT = 10000 };

static int64_t times[MAX_DEVICES][MAX_COUNT];

static int64_t now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

static int compare(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
    int devices = argc - 4, fd[MAX_DEVICES], count;
    off_t offset;
    size_t size;

    if (devices < 1 || devices > MAX_DEVICES || (count = atoi(argv[1])) < 1 ||
        count > MAX_COUNT) {
        fprintf(stderr, "usage: cost COUNT OFFSET SIZE BDF...\n");
        return 2;
    }
    offset = strtol(argv[2], NULL, 0);
    size = strtoul(argv[3], NULL, 0) & 7;
    for (int d = 0; d < devices; d++) {
        char path[128];

        snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/config",
                 argv[4 + d]);
        fd[d] = open(path, O_RDONLY);
        if (fd[d] < 0) {
            perror(path);
            return 1;
        }
    }
    for (int i = 0; i < count; i++) {
        for (int d = 0; d < devices; d++) {
            int64_t start = now();
            uint64_t value;

            if (pread(fd[d], &value, size, offset) != (ssize_t)size) {
                perror(argv[4 + d]);
                return 1;
            }
            times[d][i] = now() - start;
        }
    }
    for (int d = 0; d < devices; d++) {
        qsort(times[d], (size_t)count, sizeof(times[d][0]), compare);
        printf("cost: %s: %lld ns\n", argv[4 + d],
               (long long)times[d][count / 2]);
    }
    return 0;
}
