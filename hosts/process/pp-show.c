/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What libxl sees of the guest's devices, in QEMU's answers. */
#include <stdlib.h>
#include <string.h>

#include "pt-pci.h"
#include "pp-guest.h"
#include "pp-hmp.h"

/* @len bytes of what the guest reads. */
static json_int_t shown(const struct pp_device *d, uint16_t off, unsigned len)
{
    uint32_t val = 0;

    for (unsigned i = 0; i < len; i++) {
        struct pt_byte b;

        pt_look(d->dev, (uint16_t)(off + i), &b);
        val |= (uint32_t)b.value << 8 * i;
    }
    return val;
}

static json_t *show_regions(const struct pp_device *d)
{
    json_t *list = json_array();

    for (unsigned n = 0; n < PT_NUM_REGIONS; n++) {
        const struct pt_region *r = &pt_info(d->dev)->region[n];
        uint64_t size = pp_device_region(d, n);
        bool io = r->flags & PT_REGION_IO;
        json_t *region;

        if (!size) {
            continue;
        }
        region = json_pack("{s:i, s:s, s:I, s:I}", "bar", (int)n, "type",
                           io ? "io" : "memory", "size", (json_int_t)size,
                           "address", (json_int_t)d->places.at[n].addr);
        if (!io) {
            json_object_set_new(region, "prefetch", json_boolean(
                r->flags & PT_REGION_PREFETCH));
            json_object_set_new(region, "mem_type_64", json_boolean(
                r->flags & PT_REGION_64));
        }
        json_array_append_new(list, region);
    }
    return list;
}

/* Without a pin there is no line, as QEMU has it. */
static void show_interrupt(const struct pp_device *d, json_t *device)
{
    json_int_t pin = shown(d, PCI_INTERRUPT_PIN, 1);

    json_object_set_new(device, "irq_pin", json_integer(pin));
    if (pin) {
        json_object_set_new(device, "irq", json_integer(
            shown(d, PCI_INTERRUPT_LINE, 1)));
    } else {
        json_object_del(device, "irq");
    }
}

static void show_device(const struct pp_device *d, json_t *device)
{
    json_t *class = json_pack("{s:I}", "class",
                              shown(d, PCI_CLASS_DEVICE, 2));
    json_t *id = json_pack("{s:I, s:I, s:I, s:I}",
                           "vendor", shown(d, PCI_VENDOR_ID, 2),
                           "device", shown(d, PCI_DEVICE_ID, 2),
                           "subsystem-vendor",
                           shown(d, PCI_SUBSYSTEM_VENDOR_ID, 2),
                           "subsystem", shown(d, PCI_SUBSYSTEM_ID, 2));

    json_object_set_new(device, "class_info", class);
    json_object_set_new(device, "id", id);
    json_object_set_new(device, "regions", show_regions(d));
    show_interrupt(d, device);
}

static void show_buses(struct pp_guest *g, json_t *buses)
{
    size_t i, j;
    json_t *bus, *device;

    json_array_foreach(buses, i, bus) {
        json_array_foreach(json_object_get(bus, "devices"), j, device) {
            const struct pp_device *d = pp_device_find(
                g, json_string_value(json_object_get(device, "qdev_id")));

            if (d && d->dev) {
                show_device(d, device);
            }
        }
    }
}

/* ------------------------------------------------------------------ */

bool pp_guest_shows(void *priv, const char *name, const json_t *args)
{
    const char *line = json_string_value(json_object_get(args,
                                                         "command-line"));

    (void)priv;
    return strcmp(name, "query-pci") == 0 ||
        (strcmp(name, "human-monitor-command") == 0 && line &&
         strcmp(line, "info pci") == 0);
}

/*
 * Where a device of ours is missing it is gone for libxl, which goes on to take
 * it from the domain.
 */
static void look_if_missing(struct pp_guest *g, const json_t *buses)
{
    bool missing = false;

    for (const struct pp_device *d = g->first; d && !missing; d = d->next) {
        missing = !pp_slots_list(buses, d->id);
    }
    if (missing) {
        pp_guest_look(g, PP_PATIENCE, NULL);
    }
}

/* The monitor for people answers in text. */
json_t *pp_guest_show(void *priv, json_t *answer)
{
    struct pp_guest *g = priv;
    char *text;
    json_t *shown_text;

    if (!json_is_string(answer)) {
        look_if_missing(g, answer);
        show_buses(g, answer);
        return json_incref(answer);
    }
    text = pp_hmp_info_pci(g, json_string_value(answer));
    shown_text = text ? json_string(text) : NULL;
    free(text);
    return shown_text;
}
