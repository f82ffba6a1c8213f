/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A guest: what libxl and QEMU say, and what of it concerns its devices. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "pp-guest.h"
#include "pp-hmp.h"

/* ------------------------------------------------------------------ */
/* Its life                                                            */

int pp_guest_open(struct pp_guest *g, int monitor_fd)
{
    g->look = PT_NEVER;
    g->ioreq.ops = g->env->ioreq;
    g->ioreq.target = &pp_device_target;
    g->ioreq.target_priv = g;
    g->ioreq.journal = g->journal;
    return pp_monitor_open(&g->monitor, monitor_fd);
}

void pp_guest_release(struct pp_guest *g, bool left)
{
    while (g->first) {
        pp_device_detach(g->first, left ? PP_LEFT : PP_DETACHED);
    }
    g->room = false;
}

static void leave_domain(struct pp_guest *g)
{
    pp_ioreq_close(&g->ioreq);
    if (g->joined) {
        g->env->close_domain(g);
        g->joined = false;
    }
}

void pp_guest_close(struct pp_guest *g)
{
    pp_guest_release(g, true);
    leave_domain(g);
    pp_monitor_close(&g->monitor);
    json_decref(g->buses);
    g->buses = NULL;
}

/* With the first device: by then QEMU is there, and its server is. */
static int join_domain(struct pp_guest *g, struct pt_error *err)
{
    int rc;

    if (g->joined) {
        return 0;
    }
    rc = g->env->open_domain(g, err);
    if (rc != 0) {
        return rc;
    }
    g->joined = true;
    pp_journal_record(&g->recorder, g->journal, &g->xen);
    rc = pp_ioreq_open(&g->ioreq, err);
    if (rc != 0) {
        leave_domain(g);
    }
    return rc;
}

/* ------------------------------------------------------------------ */
/* Devices come and go                                                 */

struct pp_device *pp_device_find(struct pp_guest *g, const char *id)
{
    struct pp_device *d = id ? g->first : NULL;

    while (d && strcmp(d->id, id) != 0) {
        d = d->next;
    }
    return d;
}

/* The device of ours that is function @addr of the host, or NULL. */
static const struct pp_device *find_host(const struct pp_guest *g,
                                         const struct pt_sbdf *addr)
{
    for (const struct pp_device *d = g->first; d; d = d->next) {
        const struct pt_sbdf *a = &d->host.info.addr;

        if (d->dev && a->domain == addr->domain && a->bus == addr->bus &&
            a->dev == addr->dev && a->func == addr->func) {
            return d;
        }
    }
    return NULL;
}

/* What one of two did to a function would be done under the other. */
static int check_new(struct pp_guest *g, const struct pp_wish *w,
                     struct pt_error *err)
{
    const struct pp_device *d = find_host(g, &w->host);
    char addr[PT_SBDF_LEN];

    if (pp_device_find(g, w->id)) {
        return pt_fail(err, EEXIST, "Duplicate device ID '%s'", w->id);
    }
    return d ? pt_fail(err, EBUSY, "the guest has %s already, as '%s'",
                       pt_sbdf_str(&w->host, addr), d->id) : 0;
}

static void remove_device(struct pp_guest *g, struct pp_device *d)
{
    uint8_t devfn = d->devfn;

    pp_device_detach(d, PP_DETACHED);
    pp_slots_changed(g, devfn);
}

int pp_guest_look(struct pp_guest *g, unsigned ms, struct pt_error *err)
{
    int rc = pp_slots_ask(g, ms, err);

    for (struct pp_device *d = rc ? NULL : g->first, *next; d; d = next) {
        next = d->next;
        if (!pp_slots_list(g->buses, d->id)) {
            remove_device(g, d);
        }
    }
    return rc;
}

/* Returns 0..255, or -errno. */
static int choose_place(struct pp_guest *g, const struct pp_wish *w,
                        struct pt_error *err)
{
    int devfn = w->devfn;

    if (devfn < 0) {
        devfn = pp_slots_free(g);
        return devfn < 0 ? pt_fail(err, ENOSPC, "no slot of the guest's bus is "
                                   "free") : devfn;
    }
    return pp_slots_used(g, (uint8_t)devfn) ?
        pt_fail(err, EBUSY, "%02x.%x of the guest's bus is taken", devfn >> 3,
                devfn & 7) : devfn;
}

/* The guest may look at once, so QEMU is told last. */
int pp_guest_add(struct pp_guest *g, const json_t *args, struct pt_error *err)
{
    struct pp_device *d;
    struct pp_wish w;
    int rc = pp_wish_parse(&w, args, err);

    if (rc == 0) {
        rc = pp_guest_look(g, PP_PATIENCE, err);
    }
    if (rc == 0) {
        rc = check_new(g, &w, err);
    }
    if (rc == 0) {
        rc = choose_place(g, &w, err);
        w.devfn = rc;
    }
    if (rc >= 0) {
        rc = join_domain(g, err);
    }
    if (rc != 0) {
        return rc;
    }
    d = pp_device_attach(g, &w, (uint8_t)w.devfn, err);
    if (!d) {
        return -EIO;
    }
    pp_slots_changed(g, d->devfn);
    rc = pp_slots_place(d, err);
    if (rc != 0) {
        pp_device_detach(d, PP_UNDONE);
        pp_slots_changed(g, (uint8_t)w.devfn);
    }
    return rc;
}

static void reset_devices(struct pp_guest *g)
{
    for (struct pp_device *d = g->first; d; d = d->next) {
        if (d->dev && d->touched) {
            d->touched = false;
            pt_reset(d->dev);
            d->rom.reg = 0;
            pp_rom_sync(d, false);
        }
    }
}

/* ------------------------------------------------------------------ */
/* What QEMU says                                                      */

/*
 * Is the machine about to end, and not the guest, of which libxl has QEMU
 * wait? libxl does not wait for QEMU's disks then: see pt_detach_left().
 */
static bool is_end(const json_t *event)
{
    const json_t *data = json_object_get(event, "data");
    const char *reason = json_string_value(json_object_get(data, "reason"));

    return reason && (strcmp(reason, "host-signal") == 0 ||
                      strcmp(reason, "host-qmp-quit") == 0);
}

/* The device of ours that it is about, or NULL. */
static struct pp_device *of_event(struct pp_guest *g, const json_t *event)
{
    const json_t *data = json_object_get(event, "data");

    return pp_device_find(g, json_string_value(json_object_get(data,
                                                               "device")));
}

/* Another one may be called the same by now. Who can't be asked is believed. */
static void hear_of_end(struct pp_guest *g, const json_t *event)
{
    struct pp_device *d = of_event(g, event);

    if (d && (pp_monitor_late(&g->monitor) ||
              pp_guest_look(g, PP_GUEST_PATIENCE, NULL) != 0)) {
        remove_device(g, d);
    }
}

static void hear(struct pp_guest *g, const json_t *event)
{
    const char *name = json_string_value(json_object_get(event, "event"));

    if (!name) {
        return;
    }
    if (strcmp(name, "DEVICE_DELETED") == 0) {
        hear_of_end(g, event);
    } else if (strcmp(name, "RESET") == 0) {
        reset_devices(g);
    } else if (strcmp(name, "SHUTDOWN") == 0 && is_end(event)) {
        pp_guest_release(g, true);
    }
}

/* And no more: with each that is heard QEMU can say another one. */
static void hear_kept(struct pp_guest *g)
{
    for (size_t n = pp_monitor_events(&g->monitor); n > 0; n--) {
        json_t *event = pp_monitor_event(&g->monitor);

        hear(g, event);
        json_decref(event);
    }
}

int pp_guest_listen(struct pp_guest *g)
{
    int rc = pp_monitor_read(&g->monitor);

    hear_kept(g);
    return rc;
}

/*
 * libxl is not to hear of what has not been done: what QEMU says to it, it says
 * to us, too, before or at once after. That one counts; of another device with
 * the same ID libxl may hear late. A processor of the guest's may wait: all of
 * a round share the time there is.
 */
void pp_guest_event(void *priv, const json_t *event)
{
    struct pp_guest *g = priv;
    const char *name = json_string_value(json_object_get(event, "event"));
    int rc = pp_guest_listen(g);

    if (!g->at_once) {
        g->at_once = pp_now_us() + PP_AT_ONCE_US;
    }
    while (rc == 0 && name && strcmp(name, "DEVICE_DELETED") == 0 &&
           of_event(g, event) && pp_now_us() < g->at_once) {
        pp_monitor_wait(&g->monitor, 10);
        rc = pp_guest_listen(g);
    }
}

/* ------------------------------------------------------------------ */
/* What libxl says                                                     */

static json_t *refuse(const struct pt_error *err)
{
    fprintf(stderr, "error: %s\n", err->text);
    return json_pack("{s:{s:s, s:s}}", "error", "class", "GenericError",
                     "desc", err->text);
}

static json_t *command_add(struct pp_guest *g, const json_t *args)
{
    const char *driver = json_string_value(json_object_get(args, "driver"));
    struct pt_error err = { "" };

    if (!driver || strcmp(driver, "xen-pci-passthrough") != 0) {
        return NULL;
    }
    return pp_guest_add(g, args, &err) == 0 ? json_pack("{s:{}}", "return") :
        refuse(&err);
}

/*
 * A device's own state can't be moved to another host. A soft reset saves the
 * guest, too, but gives the devices to its next device model anew. All that
 * they have is given back here, as in hosts/qemu: the guest, which has ended,
 * agrees to no removal, and libxl then takes the lines from under bindings.
 */
static json_t *command_save(struct pp_guest *g)
{
    struct pt_error err = { "" };

    if (!g->first) {
        return NULL;
    }
    if (g->env->soft_reset(g)) {
        pp_guest_release(g, false);
        return NULL;
    }
    pt_fail(&err, ENOTSUP, "the guest can't be saved while it has PCI devices "
            "of the host");
    return refuse(&err);
}

/*
 * device_del is QEMU's, which asks the guest for it, and takes all functions of
 * a slot.
 */
static json_t *command_del(struct pp_guest *g, const char *id)
{
    const struct pp_device *d = pp_device_find(g, id);

    for (unsigned i = 0; d && i < 8; i++) {
        struct pp_device *of_slot = g->at[(d->devfn & 0xf8) + i];

        if (of_slot) {
            of_slot->leaving = true;
        }
    }
    return NULL;
}

/* The monitor for people has no errors, but says "Error:". */
static json_t *command_hmp(struct pp_guest *g, const char *line)
{
    json_t *args = line ? pp_hmp_device_add(line) : NULL;
    json_t *reply = args ? command_add(g, args) : NULL;
    json_t *said = json_object_get(reply, "error");
    json_t *text = NULL;
    char id[PP_ID_LEN];

    json_decref(args);
    if (line && pp_hmp_device_del(line, id)) {
        command_del(g, id);
    }
    if (reply) {
        text = said ? json_sprintf("Error: %s\r\n", json_string_value(
            json_object_get(said, "desc"))) : json_string("");
        json_decref(reply);
        reply = json_pack("{s:o}", "return", text);
    }
    return reply;
}

json_t *pp_guest_command(void *priv, const char *name, const json_t *args)
{
    struct pp_guest *g = priv;

    if (strcmp(name, "device_add") == 0) {
        return command_add(g, args);
    }
    if (strcmp(name, "device_del") == 0) {
        return command_del(g, json_string_value(json_object_get(args, "id")));
    }
    if (strcmp(name, "xen-save-devices-state") == 0) {
        return command_save(g);
    }
    if (strcmp(name, "human-monitor-command") == 0) {
        return command_hmp(g, json_string_value(
            json_object_get(args, "command-line")));
    }
    return NULL;
}

/* ------------------------------------------------------------------ */
/* Time                                                                */

/*
 * Events may have come beside an answer: nothing is to be read then. One of the
 * devices may move another, which then has its turn next time.
 */
void pp_guest_settle(struct pp_guest *g)
{
    bool room;

    g->at_once = 0;
    hear_kept(g);
    room = pt_time_due(&g->look, pp_now_us()) || g->room;
    g->room = false;
    g->current = false;
    for (struct pp_device *d = g->first; d; d = d->next) {
        if (d->dev && room) {
            pt_bars_recheck(d->dev);
        }
        if (d->dev) {
            pt_times_run(&d->times, d->dev, pp_now_us());
        }
    }
    g->current = false;
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

int pp_guest_patience(const struct pp_guest *g)
{
    uint64_t first = g->first ? g->look : PT_NEVER, now;

    if (g->room || pp_monitor_events(&g->monitor)) {
        return 0;
    }
    for (const struct pp_device *d = g->first; d; d = d->next) {
        first = earlier(first, pt_times_first(&d->times));
    }
    if (first == PT_NEVER) {
        return -1;
    }
    now = pp_now_us();
    return first <= now ? 0 : (int)((first - now) / 1000 + 1);
}
