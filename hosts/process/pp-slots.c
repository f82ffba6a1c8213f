/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The slots of the guest's bus, of which QEMU keeps the books. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "pp-guest.h"

#define NUM_SLOTS 32

int pp_slots_ask(struct pp_guest *g, unsigned ms, struct pt_error *err)
{
    json_t *buses = NULL;
    int rc = pp_monitor_ask(&g->monitor, "query-pci", NULL, ms, &buses, err);

    if (rc == 0) {
        json_decref(g->buses);
        g->buses = buses;
    }
    return rc;
}

/* ------------------------------------------------------------------ */
/* Who is where                                                        */

static bool is_at(const json_t *device, const void *what)
{
    uint8_t devfn = *(const uint8_t *)what;
    const json_t *slot = json_object_get(device, "slot");
    const json_t *function = json_object_get(device, "function");

    return json_is_integer(slot) && json_is_integer(function) &&
        json_integer_value(slot) == devfn >> 3 &&
        json_integer_value(function) == (devfn & 7);
}

static bool is_called(const json_t *device, const void *what)
{
    const char *id = json_string_value(json_object_get(device, "qdev_id"));

    return id && strcmp(id, what) == 0;
}

typedef bool match_fn(const json_t *device, const void *what);

/* Is there one of bus 0 that @match says is the one? */
static bool any(const json_t *buses, match_fn *match, const void *what)
{
    size_t i, j;
    json_t *bus, *device;

    json_array_foreach(buses, i, bus) {
        if (json_integer_value(json_object_get(bus, "bus")) != 0) {
            continue;
        }
        json_array_foreach(json_object_get(bus, "devices"), j, device) {
            if (match(device, what)) {
                return true;
            }
        }
    }
    return false;
}

bool pp_slots_used(const struct pp_guest *g, uint8_t devfn)
{
    return g->at[devfn] || any(g->buses, is_at, &devfn);
}

bool pp_slots_list(const json_t *buses, const char *id)
{
    return any(buses, is_called, id);
}

/* The lowest slot without any function, as QEMU would take. */
int pp_slots_free(const struct pp_guest *g)
{
    for (unsigned slot = 1; slot < NUM_SLOTS; slot++) {
        bool used = false;

        for (unsigned func = 0; func < 8; func++) {
            used |= pp_slots_used(g, (uint8_t)(slot << 3 | func));
        }
        if (!used) {
            return (int)(slot << 3);
        }
    }
    return -1;
}

/*
 * A guest looks for more functions in a slot only where function 0 says that
 * there are any.
 */
void pp_slots_changed(struct pp_guest *g, uint8_t devfn)
{
    struct pp_device *const *slot = &g->at[devfn & 0xf8];
    unsigned count = 0;

    for (unsigned i = 0; i < 8; i++) {
        count += slot[i] != NULL;
    }
    for (unsigned i = 0; i < 8; i++) {
        const struct pp_device *d = slot[i];

        if (d && d->dev) {
            pt_set_multifunction(d->dev, count > 1);
        }
    }
}

/* ------------------------------------------------------------------ */

/*
 * QEMU, which was asked for a placeholder, may make it when libxl has long been
 * told that there is none.
 */
static void take_back(struct pp_device *d)
{
    int rc = pp_monitor_tell(&d->guest->monitor, "device_del",
                             json_pack("{s:s}", "id", d->id));

    if (rc != 0) {
        fprintf(stderr, "warning: %s: its placeholder may come late: %s\n",
                d->id, strerror(-rc));
    }
}

/* QEMU lets functions into one slot where all say that they are several. */
int pp_slots_place(struct pp_device *d, struct pt_error *err)
{
    char addr[8];
    json_t *args;
    int rc;

    snprintf(addr, sizeof(addr), "%x.%x", d->devfn >> 3, d->devfn & 7);
    args = json_pack("{s:s, s:s, s:s, s:b}", "driver", PP_PLACEHOLDER,
                     "id", d->id, "addr", addr, "multifunction", 1);
    rc = pp_monitor_ask(&d->guest->monitor, "device_add", args, PP_PATIENCE,
                        NULL, err);
    if (rc == -ETIMEDOUT) {
        take_back(d);
    }
    return rc;
}
