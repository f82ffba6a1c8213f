/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For the tests of hosts/process: a guest between a libxl's commands, a QEMU
 * that is a thread here, a simulated Xen and two simulated cards.
 */
#ifndef LIB_PROCESS_GUEST_H
#define LIB_PROCESS_GUEST_H

#include "lib-process.h"
#include "lib-temp.h"
#include "lib-world.h"

#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "pt-pci.h"
#include "pp-guest.h"

#define MAX_EMULATED 32

/* ------------------------------------------------------------------ */
/* SIMULATED: QEMU                                                     */

struct emulated {
    char id[64];
    char driver[32];
    unsigned devfn;
    int64_t addr;   /* of a region of 16 MiB; -1: nowhere */
};

struct qemu {
    int fd;
    pthread_t thread;
    pthread_mutex_t lock;   /* for what follows */
    struct emulated dev[MAX_EMULATED];
    unsigned num;
    const char *refuse;     /* device_add, with these words */
    bool silent;
    unsigned lose;          /* so many questions */
    unsigned late_ms;       /* the next answer only */
    unsigned late_add_ms;   /* before device_add is begun, once */
    bool chatty;            /* events before each answer */
    unsigned lies;          /* so many answers: the first card was deleted */
    unsigned asked;         /* query-pci */
};

static inline void q_say(struct qemu *q, json_t *msg)
{
    char *text = json_dumps(msg, 0);

    send(q->fd, text, strlen(text), MSG_NOSIGNAL);
    send(q->fd, "\r\n", 2, MSG_NOSIGNAL);
    free(text);
    json_decref(msg);
}

static inline json_t *q_devices(const struct qemu *q)
{
    json_t *list = json_array();

    for (unsigned i = 0; i < q->num; i++) {
        const struct emulated *e = &q->dev[i];

        json_array_append_new(list, json_pack(
            "{s:i, s:i, s:i, s:s, s:{s:i}, s:{s:i, s:i}, s:[{s:i, s:s, s:I, "
            "s:I, s:b, s:b}]}", "bus", 0, "slot", (int)e->devfn >> 3,
            "function", (int)e->devfn & 7, "qdev_id", e->id,
            "class_info", "class", 0xff, "id", "vendor", 0x1b36, "device", 5,
            "regions", "bar", 0, "type", "memory", "address",
            (json_int_t)e->addr, "size", (json_int_t)0x1000000,
            "prefetch", 0, "mem_type_64", 0));
    }
    return json_pack("[{s:i, s:o}]", "bus", 0, "devices", list);
}

static inline json_t *q_add(struct qemu *q, const json_t *args)
{
    struct emulated *e = &q->dev[q->num++];
    unsigned slot, func;
    int multifunction = 0;
    const char *driver, *id, *addr;

    if (q->refuse) {
        q->num--;
        return json_pack("{s:{s:s, s:s}}", "error", "class", "GenericError",
                         "desc", q->refuse);
    }
    assert_int_equal(json_unpack((json_t *)args, "{s:s, s:s, s:s, s:b!}",
                                 "driver", &driver, "id", &id, "addr", &addr,
                                 "multifunction", &multifunction), 0);
    assert_true(multifunction);
    assert_int_equal(sscanf(addr, "%x.%x", &slot, &func), 2);
    snprintf(e->id, sizeof(e->id), "%s", id);
    snprintf(e->driver, sizeof(e->driver), "%s", driver);
    e->devfn = slot << 3 | func;
    e->addr = -1;
    return json_pack("{s:{}}", "return");
}

static inline json_t *q_del(struct qemu *q, const json_t *args)
{
    const char *id = json_string_value(json_object_get(args, "id"));

    for (unsigned i = 0; i < q->num; i++) {
        if (strcmp(q->dev[i].id, id) == 0) {
            q->dev[i] = q->dev[--q->num];
            return json_pack("{s:{}}", "return");
        }
    }
    return json_pack("{s:{s:s, s:s}}", "error", "class", "DeviceNotFound",
                     "desc", "not found");
}

static inline void q_answer(struct qemu *q, const json_t *msg)
{
    const char *name = json_string_value(json_object_get(msg, "execute"));
    json_t *reply;

    if (q->silent || q->lose) {
        q->lose -= !q->silent;
        return;
    }
    for (unsigned i = 0; q->chatty && i < 3000; i++) {
        q_say(q, json_pack("{s:s, s:{}}", "event", "RTC_CHANGE", "data"));
    }
    if (q->lies) {
        q->lies--;
        q_say(q, json_pack("{s:s, s:{s:s}}", "event", "DEVICE_DELETED",
                           "data", "device", "pci-pt-01_00.0"));
    }
    if (strcmp(name, "query-pci") == 0) {
        q->asked++;
        reply = json_pack("{s:o}", "return", q_devices(q));
    } else if (strcmp(name, "device_del") == 0) {
        reply = q_del(q, json_object_get(msg, "arguments"));
    } else if (strcmp(name, "device_add") == 0) {
        usleep(q->late_add_ms * 1000);
        q->late_add_ms = 0;
        reply = q_add(q, json_object_get(msg, "arguments"));
    } else {
        reply = json_pack("{s:{}}", "return");
    }
    json_object_set(reply, "id", json_object_get(msg, "id"));
    usleep(q->late_ms * 1000);
    q->late_ms = 0;
    q_say(q, reply);
}

static inline void *q_run(void *priv)
{
    struct qemu *q = priv;
    FILE *in = fdopen(dup(q->fd), "r");
    char line[4096];

    while (fgets(line, sizeof(line), in)) {
        json_t *msg = json_loads(line, 0, NULL);

        pthread_mutex_lock(&q->lock);
        q_answer(q, msg);
        pthread_mutex_unlock(&q->lock);
        json_decref(msg);
    }
    fclose(in);
    return NULL;
}

/* ------------------------------------------------------------------ */
/* The whole                                                           */

/* Both have MSI-X in region 3, of which but the last page is trapped. */
static const char *const cards[] = { "hw-82576.txt", "qemu-e1000e.txt" };

#define CARD_ADDR "0000:01:00.0"

struct box {
    struct sim sim;
    struct sim_dev second;
    struct fake_xen xen;
    struct qemu qemu;
    struct pp_guest g;
    struct pp_journal journal;
    struct pp_env env;
    struct pt_error err;
    bool soft_reset, domain;
    unsigned opened;
    struct sim_fault open_fault;
};

static struct box *box;

static inline int open_domain(struct pp_guest *g, struct pt_error *err)
{
    int rc = sim_fault_check(&box->open_fault);

    assert_false(box->domain);
    if (rc != 0) {
        return pt_fail(err, -rc, "no domain");
    }
    g->xen = box->sim.xen.pt;
    g->ioreq.ops_priv = &box->xen;
    box->domain = true;
    return 0;
}

static inline void close_domain(struct pp_guest *g)
{
    (void)g;
    assert_true(box->domain);
    box->domain = false;
}

/* Function 0 and 1 of the card. */
static inline int open_device(struct pt_device *dev,
                              const struct pt_sbdf *addr, struct pt_error *err)
{
    if (addr->bus != 1 || addr->func > 1) {
        return pt_fail(err, ENODEV, "no such function");
    }
    *dev = addr->func ? box->second.pt : box->sim.dev.pt;
    (addr->func ? &box->second : &box->sim.dev)->closed = false;
    box->opened++;
    return 0;
}

static inline bool soft_reset(struct pp_guest *g)
{
    (void)g;
    return box->soft_reset;
}

/* @first: what is there in the place of the first card; NULL: nothing. */
static inline void make_cards(struct box *b, void (*first)(struct capture *))
{
    struct capture *c = calloc(2, sizeof(*c));
    struct pt_device_info info;

    assert_non_null(c);
    for (unsigned i = 0; i < 2; i++) {
        if (i == 0 && first) {
            first(&c[i]);
        } else {
            world_capture(&c[i], cards[i], 0);
        }
        capture_info(&c[i], &info);
        info.irq = 18 + (int)i;
        info.addr = (struct pt_sbdf) { .bus = 1, .func = (uint8_t)i };
        if (i == 0) {
            assert_int_equal(sim_init(&b->sim, &c[0], &info, NULL), 0);
        } else {
            assert_int_equal(sim_dev_init(&b->second, &c[1], &info, NULL,
                                          &b->sim.bus.clock), 0);
            assert_int_equal(sim_xen_add(&b->sim.xen, &b->second), 0);
        }
    }
    free(c);
}

static inline void emulate(struct qemu *q, unsigned devfn, int64_t addr,
                           const char *id)
{
    pthread_mutex_lock(&q->lock);
    q->dev[q->num] = (struct emulated) { .devfn = devfn, .addr = addr };
    snprintf(q->dev[q->num++].id, sizeof(q->dev[0].id), "%s", id);
    pthread_mutex_unlock(&q->lock);
}

static inline int setup_with(void **state, void (*first)(struct capture *))
{
    struct box *b = calloc(1, sizeof(*b));
    int fd[2];

    if (!b || socketpair(AF_UNIX, SOCK_STREAM, 0, fd) != 0) {
        return -1;
    }
    box = b;
    make_cards(b, first);
    b->env = (struct pp_env) {
        .ioreq = &fake_ioreq, .open_device = open_device,
        .conf = "/nonexistent", .open_domain = open_domain,
        .close_domain = close_domain, .soft_reset = soft_reset,
    };
    b->g = (struct pp_guest) {
        .env = &b->env, .domid = 7, .ram_low = 0x14000000,
        .ram_high = 0x10000000, .journal = &b->journal,
    };
    memset(b->g.said, PT_CONF_UNSAID, sizeof(b->g.said));
    b->qemu.fd = fd[0];
    pthread_mutex_init(&b->qemu.lock, NULL);
    /* as xl's guests have it */
    emulate(&b->qemu, 0, -1, "");
    emulate(&b->qemu, 8, -1, "");
    emulate(&b->qemu, 9, -1, "");
    emulate(&b->qemu, 0x10, 0xf0000000, "");
    if (pthread_create(&b->qemu.thread, NULL, q_run, &b->qemu) != 0) {
        return -1;
    }
    *state = b;
    return pp_guest_open(&b->g, fd[1]);
}

static inline int setup(void **state)
{
    return setup_with(state, NULL);
}

static inline void end_qemu(struct box *b)
{
    shutdown(b->qemu.fd, SHUT_RDWR);
    pthread_join(b->qemu.thread, NULL);
    close(b->qemu.fd);
    b->qemu.fd = -1;
}

static inline int teardown(void **state)
{
    struct box *b = *state;
    char text[2048] = "";

    pp_guest_close(&b->g);
    if (b->qemu.fd != -1) {
        end_qemu(b);
    }
    fake_is_quiet(&b->xen);
    assert_false(b->domain);
    if (sim_check_quiet(&b->sim, text, sizeof(text)) != 0) {
        fail_msg("%s", text);
    }
    sim_xen_remove(&b->sim.xen, &b->second);
    sim_dev_fini(&b->second);
    sim_fini(&b->sim);
    free(b);
    return 0;
}

/* ------------------------------------------------------------------ */
/* libxl, QEMU, the guest                                              */

/* A command's answer, or NULL: it is passed on. @args: with ' for ". */
static inline json_t *command(struct box *b, const char *name,
                              const char *args)
{
    char text[1024];
    json_t *json, *reply;

    snprintf(text, sizeof(text), "%s", args);
    for (char *p = text; *p; p++) {
        *p = *p == '\'' ? '"' : *p;
    }
    json = json_loads(text, 0, NULL);
    assert_non_null(json);
    reply = pp_guest_command(&b->g, name, json);
    json_decref(json);
    return reply;
}

/* device_add of these properties: "" or the reason. */
static inline const char *add(struct box *b, const char *props)
{
    static char why[512];
    char args[1024];
    json_t *reply;

    snprintf(args, sizeof(args), "{'driver':'xen-pci-passthrough',%s}", props);
    reply = command(b, "device_add", args);
    assert_non_null(reply);
    snprintf(why, sizeof(why), "%s", json_object_get(reply, "return") ? "" :
             json_string_value(json_object_get(json_object_get(reply, "error"),
                                               "desc")));
    json_decref(reply);
    return why;
}

#define FIRST "'id':'pci-pt-01_00.0','hostaddr':'0000:01:00.0'"
#define SECOND "'id':'pci-pt-01_00.1','hostaddr':'0000:01:00.1'"

/* The same by a host's policy file of this text. */
static inline void add_by(struct box *b, const char *conf, const char *props)
{
    char path[TEMP_MAX];
    int fd = mkstemp(temp_path(path, "conf"));

    assert_int_equal(write(fd, conf, strlen(conf)), strlen(conf));
    close(fd);
    b->env.conf = path;
    assert_string_equal(add(b, props), "");
    unlink(path);
    b->env.conf = "/nonexistent";
}

static inline uint32_t rd(struct box *b, uint8_t devfn, unsigned reg,
                          unsigned len)
{
    fake_ask(&b->xen, 1, fake_config(devfn, reg, len));
    for (unsigned i = 0; i < FAKE_VCPUS; i++) {
        pp_ioreq_work(&b->g.ioreq);
    }
    pp_guest_settle(&b->g);
    assert_int_equal(b->xen.page[1].state, STATE_IORESP_READY);
    return (uint32_t)b->xen.page[1].data;
}

static inline void wr(struct box *b, uint8_t devfn, unsigned reg, uint32_t val,
                      unsigned len)
{
    ioreq_t r = fake_config(devfn, reg, len);

    r.dir = IOREQ_WRITE;
    r.data = val;
    fake_ask(&b->xen, 2, r);
    for (unsigned i = 0; i < FAKE_VCPUS; i++) {
        pp_ioreq_work(&b->g.ioreq);
    }
    pp_guest_settle(&b->g);
}

static inline void happens(struct box *b, json_t *event)
{
    pthread_mutex_lock(&b->qemu.lock);
    q_say(&b->qemu, event);
    pthread_mutex_unlock(&b->qemu.lock);
    pp_guest_listen(&b->g);
    pp_guest_settle(&b->g);
}

/* The guest lets go of it. */
static inline void eject(struct box *b, const char *id)
{
    struct qemu *q = &b->qemu;

    pthread_mutex_lock(&q->lock);
    for (unsigned i = 0; i < q->num; i++) {
        if (strcmp(q->dev[i].id, id) == 0) {
            q->dev[i] = q->dev[--q->num];
        }
    }
    pthread_mutex_unlock(&q->lock);
    happens(b, json_pack("{s:s, s:{s:s, s:s}}", "event", "DEVICE_DELETED",
                         "data", "device", id, "path", "/x"));
}

static inline const struct emulated *placeholder(struct box *b, const char *id)
{
    for (unsigned i = 0; i < b->qemu.num; i++) {
        if (strcmp(b->qemu.dev[i].id, id) == 0) {
            return &b->qemu.dev[i];
        }
    }
    return NULL;
}

/* Region 3 of the card, which has MSI-X's table. */
#define BAR3 (PCI_BASE_ADDRESS_0 + 12)

static inline void place(struct box *b, uint8_t devfn, uint32_t addr)
{
    wr(b, devfn, PCI_COMMAND, 0, 2);
    wr(b, devfn, BAR3, addr, 4);
    wr(b, devfn, PCI_COMMAND, PCI_COMMAND_MEMORY, 2);
}

static inline bool is_mapped(struct box *b, uint32_t addr)
{
    return sim_xen_mem(&b->sim.xen, addr / 4096 + 3) != NULL;
}

static inline uint64_t mem_rd(struct box *b, uint64_t addr, unsigned size)
{
    fake_ask(&b->xen, 0, fake_memory(addr, size));
    for (unsigned i = 0; i < FAKE_VCPUS; i++) {
        pp_ioreq_work(&b->g.ioreq);
    }
    return b->xen.page[0].data;
}

/* The card at work: mapped, its table trapped, a vector bound, bus master. */
static inline void at_work(struct box *b)
{
    ioreq_t r = fake_memory(0xe0000000, 4);
    static const uint32_t entry[4] = { 0xfee01004, 0, 0x4061, 0 };

    place(b, 0x18, 0xe0000000);
    wr(b, 0x18, PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, 2);
    r.dir = IOREQ_WRITE;
    for (unsigned i = 0; i < 4; i++, r.addr += 4) {
        r.data = entry[i];
        fake_ask(&b->xen, 0, r);
        pp_ioreq_work(&b->g.ioreq);
    }
    wr(b, 0x18, 0x70 + PCI_CAP_FLAGS, PCI_MSIX_ENABLE, 2);
    assert_true(sim_dev_msix_enabled(&b->sim.dev));
    assert_true(sim_xen_leaks(&b->sim.xen, NULL, 0) > 2);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

#endif
