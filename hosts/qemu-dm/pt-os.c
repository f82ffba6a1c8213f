/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Clock, and the host's video BIOS. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "pt-conf.h"
#include "pt-os.h"

#define VBIOS_ADDR 0xc0000

uint64_t pt_os_now_us(void)
{
    struct timespec t = { 0 };

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

void pt_os_delay_us(uint32_t us)
{
    uint64_t end = pt_os_now_us() + us, now;

    /* A signal, of which the device model has many, ends a sleep early. */
    while ((now = pt_os_now_us()) < end) {
        usleep((useconds_t)(end - now));
    }
}

int pt_os_read_vbios(uint8_t *buf, size_t len)
{
#ifdef CONFIG_STUBDOM
    (void)buf;
    (void)len;
    return -ENOSYS;
#else
    int fd = open("/dev/mem", O_RDONLY | O_CLOEXEC), rc = 0;
    void *rom;

    if (fd < 0) {
        return -errno;
    }
    rom = mmap(NULL, len, PROT_READ, MAP_SHARED, fd, VBIOS_ADDR);
    if (rom == MAP_FAILED) {
        rc = -errno;
    } else {
        memcpy(buf, rom, len);
        munmap(rom, len);
    }
    close(fd);
    return rc;
#endif
}

const char *pt_os_conf_path(void)
{
    return PT_CONF_PATH;
}
