// SPDX-License-Identifier: GPL-2.0-or-later
//
// In dom0: plug a guest's device out and in, again and again.
//
//   plug COUNT SOCKET ID HOSTADDR ADDR MSIX
//
// What it says is what libxl says to the device model at SOCKET; libxl itself
// would take three times as long.  The device is in, and at work, at the
// beginning and at the end; it is at work when MSI-X is on, whose capability is
// at MSIX.

#define _GNU_SOURCE

#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum {
    PATIENCE = 120,             // seconds for a step
    LOOK_MS = 20,
    MSIX_ON = 0x80,             // in the upper byte of Message Control
    REPORT = 100,
};

static int sock;

// What the device model has said and nobody has looked at.
static char heard[65536];
static size_t heard_len;

static void die(const char *why)
{
    fprintf(stderr, "plug: %s; heard: %.*s\n", why, (int)heard_len, heard);
    exit(1);
}

static void say(const char *text)
{
    if (write(sock, text, strlen(text)) != (ssize_t)strlen(text)) {
        die("it does not listen");
    }
}

// Read until a whole line with @word has come, and forget all up to it.
static void await(const char *word)
{
    time_t end = time(NULL) + PATIENCE;

    for (;;) {
        struct pollfd p = { .fd = sock, .events = POLLIN };
        char *at, *line;
        ssize_t n;

        heard[heard_len] = '\0';
        if (strstr(heard, "\"error\"") != NULL) {
            die("an error");
        }
        at = strstr(heard, word);
        line = at != NULL ? strchr(at, '\n') : NULL;
        if (line != NULL) {
            heard_len -= (size_t)(line + 1 - heard);
            memmove(heard, line + 1, heard_len);
            return;
        }
        if (time(NULL) >= end) {
            die(word);
        }
        if (poll(&p, 1, 1000) == 1) {
            n = read(sock, heard + heard_len, sizeof(heard) - 1 - heard_len);
            if (n <= 0) {
                die("it has hung up");
            }
            heard_len += (size_t)n;
        }
    }
}

static void await_msix(int config, off_t msix)
{
    time_t end = time(NULL) + PATIENCE;
    unsigned char control = 0;

    while (pread(config, &control, 1, msix + 3) != 1 ||
           !(control & MSIX_ON)) {
        if (time(NULL) >= end) {
            die("no driver takes it");
        }
        usleep(LOOK_MS * 1000);
    }
}

int main(int argc, char **argv)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    char add[256], del[256], path[64];
    unsigned long count;
    time_t start;
    int config;

    if (argc != 7) {
        fprintf(stderr, "usage: plug COUNT SOCKET ID HOSTADDR ADDR MSIX\n");
        return 2;
    }
    count = strtoul(argv[1], NULL, 0);
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", argv[2]);
    snprintf(del, sizeof(del), "{\"execute\":\"device_del\",\"id\":1,"
             "\"arguments\":{\"id\":\"%s\"}}\r\n", argv[3]);
    snprintf(add, sizeof(add), "{\"execute\":\"device_add\",\"id\":2,"
             "\"arguments\":{\"driver\":\"xen-pci-passthrough\",\"id\":\"%s\","
             "\"hostaddr\":\"%s\",\"addr\":\"%s\"}}\r\n", argv[3], argv[4],
             argv[5]);
    snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/config", argv[4]);
    config = open(path, O_RDONLY);
    sock = socket(AF_UNIX, SOCK_STREAM, 0);
    if (config < 0 || sock < 0 ||
        connect(sock, (struct sockaddr *)&address, sizeof(address)) != 0) {
        die("not to be had");
    }
    await("\"QMP\"");
    say("{\"execute\":\"qmp_capabilities\",\"id\":0}\r\n");
    await("\"id\": 0");
    start = time(NULL);
    await_msix(config, strtol(argv[6], NULL, 0));
    for (unsigned long i = 1; i <= count; i++) {
        say(del);
        await("\"DEVICE_DELETED\"");
        say(add);
        await("\"id\": 2");
        await_msix(config, strtol(argv[6], NULL, 0));
        if (i % REPORT == 0 || i == count) {
            printf("%lu cycles after %ld s\n", i, (long)(time(NULL) - start));
            fflush(stdout);
        }
    }
    return 0;
}
