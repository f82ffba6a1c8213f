/* SPDX-License-Identifier: GPL-2.0-or-later */
/* QEMU's monitor for people. */
#define _GNU_SOURCE
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pt-pci.h"
#include "pp-hmp.h"

/* ------------------------------------------------------------------ */
/* device_add, device_del                                              */

/* "KEY=VALUE"; the first word may be the type alone. */
static bool add_word(json_t *args, char *word)
{
    char *value = strchr(word, '=');

    if (value) {
        *value++ = '\0';
    } else if (json_object_size(args) == 0) {
        value = word;
        word = (char *)"driver";
    }
    return value && !json_object_get(args, word) &&
        json_object_set_new(args, word, json_string(value)) == 0;
}

json_t *pp_hmp_device_add(const char *line)
{
    static const char command[] = "device_add ";
    json_t *args = json_object();
    char *words, *word, *rest = NULL;
    bool good = true;

    line += strspn(line, " ");
    if (strncmp(line, command, sizeof(command) - 1) != 0) {
        json_decref(args);
        return NULL;
    }
    words = strdup(line + sizeof(command) - 1);
    for (word = words ? strtok_r(words, ", ", &rest) : NULL; word && good;
         word = strtok_r(NULL, ", ", &rest)) {
        good = add_word(args, word);
    }
    free(words);
    if (!good) {
        json_decref(args);
        return NULL;
    }
    return args;
}

bool pp_hmp_device_del(const char *line, char id[PP_ID_LEN])
{
    _Static_assert(PP_ID_LEN == 64, "the length below");

    return sscanf(line, " device_del %63s", id) == 1;
}

/* ------------------------------------------------------------------ */
/* info pci                                                            */

#define BLOCK "  Bus "

static unsigned look(const struct pp_device *d, uint16_t off)
{
    struct pt_byte low, high;

    pt_look(d->dev, off, &low);
    pt_look(d->dev, (uint16_t)(off + 1), &high);
    return low.value | (unsigned)high.value << 8;
}

static void print_regions(FILE *f, const struct pp_device *d)
{
    for (unsigned n = 0; n < PT_NUM_REGIONS; n++) {
        unsigned flags = pt_info(d->dev)->region[n].flags;
        uint64_t size = pp_device_region(d, n);
        uint64_t at = d->places.at[n].addr;

        if (!size) {
            continue;
        }
        fprintf(f, "      BAR%u: ", n);
        if (flags & PT_REGION_IO) {
            fprintf(f, "I/O at 0x%04" PRIx64 " [0x%04" PRIx64 "].\n", at,
                    at + size - 1);
        } else {
            fprintf(f, "%u bit%s memory at 0x%08" PRIx64 " [0x%08" PRIx64
                    "].\n", flags & PT_REGION_64 ? 64u : 32u,
                    flags & PT_REGION_PREFETCH ? " prefetchable" : "", at,
                    at + size - 1);
        }
    }
}

static void print_device(FILE *f, const struct pp_device *d)
{
    fprintf(f, BLOCK "%2u, device %3u, function %u:\n", 0u, d->devfn >> 3,
            d->devfn & 7u);
    fprintf(f, "    Class %04x: PCI device %04x:%04x\n",
            look(d, PCI_CLASS_DEVICE), look(d, PCI_VENDOR_ID),
            look(d, PCI_DEVICE_ID));
    fprintf(f, "      PCI subsystem %04x:%04x\n",
            look(d, PCI_SUBSYSTEM_VENDOR_ID), look(d, PCI_SUBSYSTEM_ID));
    print_regions(f, d);
    fprintf(f, "      id \"%s\"\n", d->id);
}

/* The device of ours that a block of @text, @len bytes, is about. */
static const struct pp_device *find(const struct pp_guest *g,
                                    const char *text, size_t len)
{
    char line[PP_ID_LEN + 8];

    for (const struct pp_device *d = g->first; d; d = d->next) {
        if (d->dev) {
            snprintf(line, sizeof(line), " id \"%s\"", d->id);
            if (memmem(text, len, line, strlen(line))) {
                return d;
            }
        }
    }
    return NULL;
}

char *pp_hmp_info_pci(struct pp_guest *g, const char *text)
{
    char *out = NULL;
    size_t size = 0;
    FILE *f = open_memstream(&out, &size);

    while (f && *text) {
        const char *next = strstr(text + 1, "\n" BLOCK);
        size_t len = next ? (size_t)(next + 1 - text) : strlen(text);
        const struct pp_device *d = find(g, text, len);

        if (d) {
            print_device(f, d);
        } else {
            fwrite(text, 1, len, f);
        }
        text += len;
    }
    if (!f || fclose(f) != 0) {
        free(out);
        return NULL;
    }
    return out;
}
