/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hosts/process: a guest's devices, between a libxl's commands, a QEMU that is
 * a thread here, a simulated Xen and a simulated card.
 */
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
    bool chatty;            /* events before each answer */
    unsigned asked;         /* query-pci */
};

static void q_say(struct qemu *q, json_t *msg)
{
    char *text = json_dumps(msg, 0);

    send(q->fd, text, strlen(text), MSG_NOSIGNAL);
    send(q->fd, "\r\n", 2, MSG_NOSIGNAL);
    free(text);
    json_decref(msg);
}

static json_t *q_devices(const struct qemu *q)
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

static json_t *q_add(struct qemu *q, const json_t *args)
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

static void q_answer(struct qemu *q, const json_t *msg)
{
    const char *name = json_string_value(json_object_get(msg, "execute"));
    json_t *reply;

    if (q->silent) {
        return;
    }
    for (unsigned i = 0; q->chatty && i < 3000; i++) {
        q_say(q, json_pack("{s:s, s:{}}", "event", "RTC_CHANGE", "data"));
    }
    if (strcmp(name, "query-pci") == 0) {
        q->asked++;
        reply = json_pack("{s:o}", "return", q_devices(q));
    } else if (strcmp(name, "device_add") == 0) {
        reply = q_add(q, json_object_get(msg, "arguments"));
    } else {
        reply = json_pack("{s:{}}", "return");
    }
    json_object_set(reply, "id", json_object_get(msg, "id"));
    q_say(q, reply);
}

static void *q_run(void *priv)
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

static int open_domain(struct pp_guest *g, struct pt_error *err)
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

static void close_domain(struct pp_guest *g)
{
    (void)g;
    assert_true(box->domain);
    box->domain = false;
}

/* Function 0 and 1 of the card. */
static int open_device(struct pt_device *dev, const struct pt_sbdf *addr,
                       struct pt_error *err)
{
    if (addr->bus != 1 || addr->func > 1) {
        return pt_fail(err, ENODEV, "no such function");
    }
    *dev = addr->func ? box->second.pt : box->sim.dev.pt;
    (addr->func ? &box->second : &box->sim.dev)->closed = false;
    box->opened++;
    return 0;
}

static bool soft_reset(struct pp_guest *g)
{
    (void)g;
    return box->soft_reset;
}

static void make_cards(struct box *b)
{
    struct capture *c = calloc(2, sizeof(*c));
    struct pt_device_info info;

    assert_non_null(c);
    for (unsigned i = 0; i < 2; i++) {
        world_capture(&c[i], cards[i], 0);
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

static void emulate(struct qemu *q, unsigned devfn, int64_t addr,
                    const char *id)
{
    pthread_mutex_lock(&q->lock);
    q->dev[q->num] = (struct emulated) { .devfn = devfn, .addr = addr };
    snprintf(q->dev[q->num++].id, sizeof(q->dev[0].id), "%s", id);
    pthread_mutex_unlock(&q->lock);
}

static int setup(void **state)
{
    struct box *b = calloc(1, sizeof(*b));
    int fd[2];

    if (!b || socketpair(AF_UNIX, SOCK_STREAM, 0, fd) != 0) {
        return -1;
    }
    box = b;
    make_cards(b);
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

static void end_qemu(struct box *b)
{
    shutdown(b->qemu.fd, SHUT_RDWR);
    pthread_join(b->qemu.thread, NULL);
    close(b->qemu.fd);
    b->qemu.fd = -1;
}

static int teardown(void **state)
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
static json_t *command(struct box *b, const char *name, const char *args)
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
static const char *add(struct box *b, const char *props)
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

static uint32_t rd(struct box *b, uint8_t devfn, unsigned reg, unsigned len)
{
    fake_ask(&b->xen, 1, fake_config(devfn, reg, len));
    for (unsigned i = 0; i < FAKE_VCPUS; i++) {
        pp_ioreq_work(&b->g.ioreq);
    }
    pp_guest_settle(&b->g);
    assert_int_equal(b->xen.page[1].state, STATE_IORESP_READY);
    return (uint32_t)b->xen.page[1].data;
}

static void wr(struct box *b, uint8_t devfn, unsigned reg, uint32_t val,
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

static void happens(struct box *b, json_t *event)
{
    pthread_mutex_lock(&b->qemu.lock);
    q_say(&b->qemu, event);
    pthread_mutex_unlock(&b->qemu.lock);
    pp_guest_listen(&b->g);
    pp_guest_settle(&b->g);
}

/* The guest lets go of it. */
static void eject(struct box *b, const char *id)
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

static const struct emulated *placeholder(struct box *b, const char *id)
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

static void place(struct box *b, uint8_t devfn, uint32_t addr)
{
    wr(b, devfn, PCI_COMMAND, 0, 2);
    wr(b, devfn, BAR3, addr, 4);
    wr(b, devfn, PCI_COMMAND, PCI_COMMAND_MEMORY, 2);
}

static bool is_mapped(struct box *b, uint32_t addr)
{
    return sim_xen_mem(&b->sim.xen, addr / 4096 + 3) != NULL;
}

/* ------------------------------------------------------------------ */
/* Coming and going                                                    */

static void it_is_where_libxl_wants_it(void **state)
{
    struct box *b = *state;

    assert_string_equal(add(b, FIRST ",'addr':'6.0'"), "");
    assert_true(b->xen.claimed[0x30]);
    assert_int_equal(placeholder(b, "pci-pt-01_00.0")->devfn, 0x30);
    assert_string_equal(placeholder(b, "pci-pt-01_00.0")->driver,
                        "pci-testdev");
    assert_int_equal(rd(b, 0x30, PCI_VENDOR_ID, 4), 0x10c98086);
    assert_int_equal(rd(b, 0x30, PCI_VENDOR_ID + 1, 1), 0x80);
    assert_int_equal(rd(b, 0x38, PCI_VENDOR_ID, 4), 0xffffffff);
}

static void or_in_the_first_free_slot(void **state)
{
    struct box *b = *state;

    emulate(&b->qemu, 0x1b, -1, "a function but 0");
    assert_string_equal(add(b, FIRST), "");
    assert_true(b->xen.claimed[0x20]);
    assert_string_equal(add(b, SECOND), "");
    assert_true(b->xen.claimed[0x28]);
}

/* libxl adds function 0 last. */
static void functions_share_a_slot(void **state)
{
    struct box *b = *state;

    assert_string_equal(add(b, SECOND ",'addr':'6.1'"), "");
    assert_int_equal(rd(b, 0x31, PCI_HEADER_TYPE, 1), 0);
    assert_string_equal(add(b, FIRST ",'addr':'6.0','multifunction':'on'"),
                        "");
    assert_int_equal(rd(b, 0x30, PCI_HEADER_TYPE, 1), 0x80);
    assert_int_equal(rd(b, 0x31, PCI_HEADER_TYPE, 1), 0x80);
    eject(b, "pci-pt-01_00.1");
    assert_int_equal(rd(b, 0x30, PCI_HEADER_TYPE, 1), 0);
}

static void a_guest_without_devices_costs_nothing(void **state)
{
    struct box *b = *state;

    assert_int_equal(b->xen.calls, 0);
    assert_false(b->domain);
    assert_int_equal(pp_ioreq_fd(&b->g.ioreq), -1);
}

static void the_guest_lets_go_of_it(void **state)
{
    struct box *b = *state;

    assert_string_equal(add(b, FIRST), "");
    assert_null(command(b, "device_del", "{'id':'pci-pt-01_00.0'}"));
    assert_true(b->xen.claimed[0x18]);
    eject(b, "another");
    assert_true(b->xen.claimed[0x18]);
    eject(b, "pci-pt-01_00.0");
    assert_false(b->xen.claimed[0x18]);
    assert_int_equal(sim_check_quiet(&b->sim, NULL, 0), 0);
    /* and comes again */
    assert_string_equal(add(b, FIRST), "");
    assert_int_equal(rd(b, 0x18, PCI_VENDOR_ID, 2), 0x8086);
}

static void a_thousand_times_leave_nothing(void **state)
{
    struct box *b = *state;

    for (unsigned i = 0; i < 1000; i++) {
        assert_string_equal(add(b, FIRST), "");
        place(b, 0x18, 0xe0000000);
        eject(b, "pci-pt-01_00.0");
        assert_int_equal(sim_check_quiet(&b->sim, NULL, 0), 0);
    }
    assert_int_equal(b->xen.num_ranges, 0);
    assert_int_equal(b->opened, 1000);
}

static void *say_late(void *priv)
{
    struct qemu *q = priv;

    usleep(20000);
    pthread_mutex_lock(&q->lock);
    q->num--;
    q_say(q, json_pack("{s:s, s:{s:s}}", "event", "DEVICE_DELETED", "data",
                       "device", "pci-pt-01_00.0"));
    pthread_mutex_unlock(&q->lock);
    return NULL;
}

/* libxl hears of the end by another connection, perhaps before we do. */
static void libxl_hears_of_what_is_done(void **state)
{
    struct box *b = *state;
    json_t *event = json_pack("{s:s, s:{s:s}}", "event", "DEVICE_DELETED",
                              "data", "device", "pci-pt-01_00.0");
    pthread_t thread;

    assert_string_equal(add(b, FIRST), "");
    assert_int_equal(pthread_create(&thread, NULL, say_late, &b->qemu), 0);
    pp_guest_event(&b->g, event);
    assert_false(b->xen.claimed[0x18]);
    pthread_join(thread, NULL);
    pp_guest_event(&b->g, event);
    pp_guest_event(&b->g, NULL);
    /* of one that is gone for long */
    assert_string_equal(add(b, FIRST), "");
    pp_guest_event(&b->g, event);
    assert_true(b->xen.claimed[0x18]);
    json_decref(event);
}

/* It went while nobody listened. */
static void it_comes_again_at_once(void **state)
{
    struct box *b = *state;

    assert_string_equal(add(b, FIRST), "");
    say_late(&b->qemu);
    assert_string_equal(add(b, FIRST), "");
    assert_true(b->xen.claimed[0x18]);
}

/* ------------------------------------------------------------------ */
/* What is refused                                                     */

static void what_is_wrong_is_told(void **state)
{
    static const struct {
        const char *props, *why;
    } bad[] = {
        { "'id':'x'", "hostaddr is not set" },
        { "'hostaddr':'0000:01:00.0'", "id is not set" },
        { "'id':'','hostaddr':'0000:01:00.0'", "id is none" },
        { "'id':'a b','hostaddr':'0000:01:00.0'", "id is none" },
        { "'id':7,'hostaddr':'0000:01:00.0'", "id is none" },
        { "'id':'x','hostaddr':'01:00.0'", "hostaddr is none" },
        { "'id':'x','hostaddr':'0000:01:00.0x'", "hostaddr is none" },
        { "'id':'x','hostaddr':'0000:01:20.0'", "hostaddr is none" },
        { "'id':'x','hostaddr':'0000:01:00.8'", "hostaddr is none" },
        { "'id':'x','hostaddr':[]", "hostaddr is none" },
        { FIRST ",'addr':'20.0'", "addr is no place" },
        { FIRST ",'addr':'4.8'", "addr is no place" },
        { FIRST ",'addr':'4.0.0'", "addr is no place" },
        { FIRST ",'addr':'-1'", "addr is no place" },
        { FIRST ",'addr':4", "addr is no place" },
        { FIRST ",'permissive':'maybe'", "permissive is neither" },
        { FIRST ",'rombar':2", "rombar is neither" },
        { FIRST ",'strict':null", "strict is neither" },
        { FIRST ",'config':5", "config is no file" },
        { FIRST ",'config':'/nonexistent'", "/nonexistent" },
        { FIRST ",'romfile':5", "romfile is no file" },
        { FIRST ",'romsize':5", "no property romsize" },
        { FIRST ",'strict':true,'permissive':true", "exclude each other" },
        { FIRST ",'addr':'2.0'", "02.0 of the guest's bus is taken" },
        { "'id':'x','hostaddr':'0000:02:00.0'", "no such function" },
    };
    struct box *b = *state;

    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        const char *why = add(b, bad[i].props);

        if (!strstr(why, bad[i].why)) {
            fail_msg("%s: %s", bad[i].props, why);
        }
        assert_int_equal(sim_check_quiet(&b->sim, NULL, 0), 0);
        assert_int_equal(b->qemu.num, 4);
    }
    /* all of which did no harm */
    assert_string_equal(add(b, FIRST ",'addr':'4','permissive':true"), "");
    assert_non_null(strstr(add(b, FIRST), "Duplicate device ID"));
    assert_non_null(strstr(add(b, "'id':'x','hostaddr':'0000:01:00.1',"
                               "'addr':'4.0'"), "04.0 of the guest's bus"));
}

static void qemus_reason_is_passed_on(void **state)
{
    struct box *b = *state;

    b->qemu.refuse = "Bus 'pci.0' does not\r\nsupport \033[31mhotplugging";
    assert_string_equal(add(b, FIRST), "Bus 'pci.0' does not  support "
                        " [31mhotplugging");
    assert_false(b->xen.claimed[0x18]);
    assert_int_equal(sim_check_quiet(&b->sim, NULL, 0), 0);
    b->qemu.refuse = NULL;
    assert_string_equal(add(b, FIRST), "");
}

/* Each call of Xen's that fails on the way leaves nothing. */
static void nothing_is_left_of_a_failure(void **state)
{
    struct box *b = *state;
    unsigned n;

    sim_fault_at(&b->open_fault, 1, EPERM);
    assert_string_equal(add(b, FIRST), "no domain");
    for (n = 1;; n++) {
        const char *why;

        sim_fault_at(&b->xen.fault, n, EPERM);
        why = add(b, FIRST);
        sim_fault_clear(&b->xen.fault);
        if (!*why) {
            break;
        }
        assert_non_null(strstr(why, "Operation not permitted"));
        assert_int_equal(sim_check_quiet(&b->sim, NULL, 0), 0);
        assert_int_equal(b->qemu.num, 4);
    }
    assert_true(n > FAKE_VCPUS + 3);
}

static void others_are_qemus(void **state)
{
    struct box *b = *state;

    assert_null(command(b, "device_add", "{'driver':'e1000','id':'x'}"));
    assert_null(command(b, "device_add", "{'driver':5}"));
    assert_null(command(b, "device_add", "[]"));
    assert_null(pp_guest_command(&b->g, "device_add", NULL));
    assert_null(command(b, "quit", "{}"));
}

/* ------------------------------------------------------------------ */
/* A QEMU that is late, or none                                        */

static void qemu_does_not_answer(void **state)
{
    struct box *b = *state;
    unsigned asked;

    assert_string_equal(add(b, FIRST), "");
    b->qemu.silent = true;
    place(b, 0x18, 0xe0000000);
    assert_true(is_mapped(b, 0xe0000000));
    /* it is asked for once only */
    asked = b->g.monitor.asked;
    for (unsigned i = 0; i < 20; i++) {
        place(b, 0x18, 0xe1000000 + i * 0x100000);
    }
    assert_int_equal(b->g.monitor.asked, asked);
    assert_non_null(strstr(add(b, SECOND), "QEMU does not answer"));
    assert_false(is_mapped(b, 0xe0000000));
}

static void qemu_says_too_much(void **state)
{
    struct box *b = *state;

    b->qemu.chatty = true;
    assert_string_equal(add(b, FIRST), "");
    assert_int_equal(json_array_size(b->g.monitor.events), PP_MAX_EVENTS);
    pp_guest_listen(&b->g);
    eject(b, "pci-pt-01_00.0");
    assert_false(b->xen.claimed[0x18]);
}

static void qemu_is_gone(void **state)
{
    struct box *b = *state;

    assert_string_equal(add(b, FIRST), "");
    place(b, 0x18, 0xe0000000);
    end_qemu(b);
    assert_int_not_equal(pp_guest_listen(&b->g), 0);
    assert_non_null(strstr(add(b, SECOND), "QEMU does not answer"));
}

/* The device may be another guest's by the time its disks are flushed. */
static void the_machine_is_ended(void **state)
{
    struct box *b = *state;

    assert_string_equal(add(b, FIRST), "");
    happens(b, json_pack("{s:s, s:{s:b, s:s}}", "event", "SHUTDOWN", "data",
                         "guest", 1, "reason", "guest-shutdown"));
    assert_true(b->xen.claimed[0x18]);
    sim_xen_leave(&b->sim.xen, &b->sim.dev);
    b->sim.xen.others = true;
    sim_dev_forget(&b->sim.dev);
    happens(b, json_pack("{s:s, s:{s:b, s:s}}", "event", "SHUTDOWN", "data",
                         "guest", 0, "reason", "host-signal"));
    assert_false(b->xen.claimed[0x18]);
    assert_int_equal(b->sim.dev.count.writes, 0);
}

/* ------------------------------------------------------------------ */
/* The guest's space                                                   */

static uint64_t mem_rd(struct box *b, uint64_t addr, unsigned size)
{
    fake_ask(&b->xen, 0, fake_memory(addr, size));
    for (unsigned i = 0; i < FAKE_VCPUS; i++) {
        pp_ioreq_work(&b->g.ioreq);
    }
    return b->xen.page[0].data;
}

static void windows_are_claimed(void **state)
{
    struct box *b = *state;
    ioreq_t r = fake_memory(0xe0000000, 4);

    assert_string_equal(add(b, FIRST), "");
    assert_int_equal(b->xen.num_ranges, 0);
    place(b, 0x18, 0xe0000000);
    assert_int_equal(b->xen.num_ranges, 1);
    r.dir = IOREQ_WRITE;
    r.data = 0xfee01004;
    fake_ask(&b->xen, 3, r);
    pp_ioreq_work(&b->g.ioreq);
    r.dir = IOREQ_READ;
    fake_ask(&b->xen, 3, r);
    pp_ioreq_work(&b->g.ioreq);
    assert_int_equal(b->xen.page[3].data, 0xfee01004);
    /* beside it is nothing of ours */
    r.addr += 0x10000000;
    fake_ask(&b->xen, 3, r);
    pp_ioreq_work(&b->g.ioreq);
    assert_int_equal(b->xen.page[3].data, 0xffffffff);
    place(b, 0x18, 0xe0100000);
    assert_int_equal(b->xen.num_ranges, 1);
    assert_int_equal(b->xen.range[0].start, 0xe0100000);
    assert_int_equal(b->xen.range[0].end, 0xe0102fff);
}

/* AER of the card, where the guest's window to extended space is. */
static uint32_t extended(struct box *b, unsigned devfn, unsigned off,
                         unsigned size)
{
    fake_ask(&b->xen, 0, fake_memory(0xfe000000 + (devfn << 12) + off, size));
    for (unsigned i = 0; i < FAKE_VCPUS; i++) {
        pp_ioreq_work(&b->g.ioreq);
    }
    return (uint32_t)b->xen.page[0].data;
}

static void extended_space_is_there_if_it_is_wanted(void **state)
{
    struct box *b = *state;

    assert_string_equal(add(b, FIRST ",'extended':true"), "");
    assert_int_equal(b->xen.num_ranges, 1);
    assert_int_equal(b->xen.range[0].start, 0xfe018000);
    assert_int_equal(b->xen.range[0].end, 0xfe018fff);
    assert_int_equal(extended(b, 0x18, 0, 4), 0x10c98086);
    assert_int_equal(extended(b, 0x18, 0x100, 2), 0x0001);
    assert_int_equal(extended(b, 0x20, 0x100, 4), 0xffffffff);
    /* the other one has none, where nobody says so */
    assert_string_equal(add(b, SECOND), "");
    assert_int_equal(b->xen.num_ranges, 1);
    assert_int_equal(extended(b, 0x20, 0x100, 4), 0xffffffff);
    eject(b, "pci-pt-01_00.0");
    assert_int_equal(b->xen.num_ranges, 0);
}

/* Without room for its page in Xen, it is a device without. */
static void or_not_at_all(void **state)
{
    struct box *b = *state;

    assert_string_equal(add(b, SECOND), "");
    sim_fault_at(&b->xen.fault, 1, ENOSPC);
    assert_string_equal(add(b, FIRST ",'extended':true"), "");
    assert_int_equal(b->xen.num_ranges, 0);
    assert_int_equal(rd(b, 0x20, PCI_VENDOR_ID, 4), 0x10c98086);
}

static void it_is_not_mapped_over_what_is_there(void **state)
{
    static const uint32_t taken[] = {
        0x13ffc000,  /* RAM's end */
        0x00080000, 0xfc000000, 0xfee00000,
        0xf0000000, 0xf0ffc000,  /* Xen's platform device */
    };
    static const uint32_t freed[] = { 0x14000000, 0xeffe0000, 0xf1000000 };
    struct box *b = *state;

    assert_string_equal(add(b, FIRST), "");
    for (unsigned i = 0; i < sizeof(taken) / sizeof(taken[0]); i++) {
        place(b, 0x18, taken[i]);
        assert_false(is_mapped(b, taken[i]));
        assert_int_equal(b->xen.num_ranges, 0);
    }
    for (unsigned i = 0; i < sizeof(freed) / sizeof(freed[0]); i++) {
        place(b, 0x18, freed[i]);
        assert_true(is_mapped(b, freed[i]));
    }
}

static void nor_over_ram_above_4_gib(void **state)
{
    static const uint64_t gib4 = UINT64_C(1) << 32;
    struct box *b = *state;
    struct pp_device *d;

    assert_string_equal(add(b, FIRST), "");
    d = b->g.at[0x18];
    assert_true(pp_space_taken(d, d->dev, false, gib4, 0x1000));
    assert_true(pp_space_taken(d, d->dev, false, gib4 + 0xffff000, 0x1000));
    assert_false(pp_space_taken(d, d->dev, false, gib4 + 0x10000000, 0x1000));
    assert_true(pp_space_taken(d, d->dev, true, 0xcf8, 8));
    assert_true(pp_space_taken(d, d->dev, true, 0xb000, 0x20));
    assert_false(pp_space_taken(d, d->dev, true, 0xc000, 0x100));
}

/* Each has a window of its own. */
static void windows_do_not_mix(void **state)
{
    struct box *b = *state;

    assert_string_equal(add(b, FIRST), "");
    assert_string_equal(add(b, SECOND), "");
    place(b, 0x18, 0xe0000000);
    place(b, 0x20, 0xe1000000);
    for (unsigned i = 0; i < 2; i++) {
        ioreq_t r = fake_memory(0xe0000000 + i * 0x1000000, 4);

        r.dir = IOREQ_WRITE;
        r.data = 0xfee01000 + 4 * i;
        fake_ask(&b->xen, 3, r);
        pp_ioreq_work(&b->g.ioreq);
    }
    assert_int_equal(mem_rd(b, 0xe0000000, 4), 0xfee01000);
    assert_int_equal(mem_rd(b, 0xe1000000, 4), 0xfee01004);
}

static void two_of_ours_do_not_overlap(void **state)
{
    struct box *b = *state;

    assert_string_equal(add(b, FIRST), "");
    assert_string_equal(add(b, SECOND), "");
    place(b, 0x18, 0xe0000000);
    place(b, 0x20, 0xe0000000);
    assert_int_equal(b->xen.num_ranges, 1);
    /* the first one goes, and the other one has room */
    place(b, 0x18, 0xe1000000);
    assert_int_equal(b->xen.num_ranges, 2);
    assert_true(is_mapped(b, 0xe0000000));
}

/* QEMU is asked once for all that an access brings about. */
static void qemu_is_asked_once(void **state)
{
    struct box *b = *state;
    unsigned before;

    assert_string_equal(add(b, FIRST), "");
    wr(b, 0x18, BAR3, 0xe0000000, 4);
    wr(b, 0x18, PCI_BASE_ADDRESS_0, 0xe0100000, 4);
    wr(b, 0x18, PCI_BASE_ADDRESS_0 + 4, 0xe0800000, 4);
    before = b->qemu.asked;
    wr(b, 0x18, PCI_COMMAND, PCI_COMMAND_MEMORY, 2);
    assert_int_equal(b->qemu.asked, before + 1);
}

/* ------------------------------------------------------------------ */
/* A file as expansion ROM                                             */

/* A file of @size bytes: 1, 2, 3, ... Its name, which is to be unlinked. */
static const char *make_rom(long size)
{
    static char path[TEMP_MAX];
    int fd = mkstemp(temp_path(path, "rom"));
    FILE *f = fdopen(fd, "w");

    assert_non_null(f);
    for (long i = 1; i <= 300; i++) {
        fputc((int)i, f);
    }
    fflush(f);
    assert_int_equal(ftruncate(fd, size), 0);
    fclose(f);
    return path;
}

static const char *add_rom(struct box *b, const char *path, const char *more)
{
    char props[TEMP_MAX + 128];

    snprintf(props, sizeof(props), FIRST ",'romfile':'%s'%s", path, more);
    return add(b, props);
}

static void a_file_is_the_rom(void **state)
{
    struct box *b = *state;
    const char *path = make_rom(5000);

    assert_string_equal(add_rom(b, path, ""), "");
    unlink(path);
    /* sized as hardware is: 8 KiB */
    wr(b, 0x18, PCI_ROM_ADDRESS, 0xfffffffe, 4);
    assert_int_equal(rd(b, 0x18, PCI_ROM_ADDRESS, 4), 0xffffe000);
    wr(b, 0x18, PCI_ROM_ADDRESS, 0xe0100001, 4);
    assert_int_equal(b->xen.num_ranges, 0);
    wr(b, 0x18, PCI_COMMAND, PCI_COMMAND_MEMORY, 2);
    assert_int_equal(b->xen.num_ranges, 1);
    assert_int_equal(b->xen.range[0].start, 0xe0100000);
    assert_int_equal(b->xen.range[0].end, 0xe0101fff);
    assert_int_equal(mem_rd(b, 0xe0100000, 4), 0x04030201);
    assert_int_equal(mem_rd(b, 0xe01000fd, 2), 0xfffe);
    assert_int_equal(mem_rd(b, 0xe0101ff8, 8), 0);
    /* bytes of the register; it moves, and goes */
    assert_int_equal(rd(b, 0x18, PCI_ROM_ADDRESS + 2, 1), 0x10);
    assert_int_equal(rd(b, 0x18, PCI_ROM_ADDRESS - 2, 4), 0x0001a03c);
    wr(b, 0x18, PCI_ROM_ADDRESS + 2, 0x20, 1);
    assert_int_equal(mem_rd(b, 0xe0200001, 1), 2);
    assert_int_equal(mem_rd(b, 0xe0100001, 1), 0xff);
    wr(b, 0x18, PCI_ROM_ADDRESS, 0xe0200000, 4);
    assert_int_equal(b->xen.num_ranges, 0);
    wr(b, 0x18, PCI_ROM_ADDRESS, 0xe0200001, 4);
    eject(b, "pci-pt-01_00.0");
    assert_int_equal(b->xen.num_ranges, 0);
}

static void the_rom_is_not_over_what_is_there(void **state)
{
    struct box *b = *state;
    const char *path = make_rom(5000);

    assert_string_equal(add_rom(b, path, ""), "");
    unlink(path);
    place(b, 0x18, 0xe0000000);
    wr(b, 0x18, PCI_ROM_ADDRESS, 0xe0000001, 4);
    assert_int_equal(b->xen.num_ranges, 1);
    wr(b, 0x18, PCI_ROM_ADDRESS, 0xf0000001, 4);
    assert_int_equal(b->xen.num_ranges, 1);
    wr(b, 0x18, PCI_ROM_ADDRESS, 0x10000001, 4);
    assert_int_equal(b->xen.num_ranges, 1);
    wr(b, 0x18, PCI_ROM_ADDRESS, 0xe0100001, 4);
    assert_int_equal(b->xen.num_ranges, 2);
    happens(b, json_pack("{s:s, s:{}}", "event", "RESET", "data"));
    assert_int_equal(b->xen.num_ranges, 0);
    assert_int_equal(rd(b, 0x18, PCI_ROM_ADDRESS, 4), 0);
}

static void a_file_that_is_none_is_refused(void **state)
{
    struct box *b = *state;
    const char *path;

    assert_non_null(strstr(add_rom(b, "/nonexistent", ""), "No such file"));
    assert_non_null(strstr(add_rom(b, "/dev/null", ""), "is not a file"));
    path = make_rom(0);
    assert_non_null(strstr(add_rom(b, path, ""), "has 0 bytes"));
    unlink(path);
    path = make_rom(16777217);
    assert_non_null(strstr(add_rom(b, path, ""), "has 16777217 bytes"));
    unlink(path);
    assert_string_equal(add_rom(b, "/nonexistent", ",'rombar':0"), "");
    wr(b, 0x18, PCI_ROM_ADDRESS, 0xffffffff, 4);
    assert_int_equal(rd(b, 0x18, PCI_ROM_ADDRESS, 4), 0);
}

/* Of the policy file's it is told, and the guest gets the device's own. */
static void a_policy_files_rom_may_be_missing(void **state)
{
    static const char text[] = "[all]\nromfile = /nonexistent\n";
    struct box *b = *state;
    char path[TEMP_MAX];
    int fd = mkstemp(temp_path(path, "conf"));

    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
    b->env.conf = path;
    assert_string_equal(add(b, FIRST), "");
    unlink(path);
    wr(b, 0x18, PCI_ROM_ADDRESS, 0xfffffffe, 4);
    assert_int_not_equal(rd(b, 0x18, PCI_ROM_ADDRESS, 4), 0);
}

/* ------------------------------------------------------------------ */

static void the_machine_is_reset(void **state)
{
    struct box *b = *state;

    assert_string_equal(add(b, FIRST), "");
    place(b, 0x18, 0xe0000000);
    happens(b, json_pack("{s:s, s:{s:b}}", "event", "RESET", "data", "guest",
                         1));
    assert_int_equal(b->xen.num_ranges, 0);
    assert_int_equal(rd(b, 0x18, BAR3, 4), 0);
}

/* ------------------------------------------------------------------ */
/* What libxl sees                                                     */

static void query_pci_shows_the_card(void **state)
{
    struct box *b = *state;
    json_t *buses, *shown, *device = NULL, *region, *d;
    json_int_t vendor = 0, dev = 0, class = 0, addr = 0, size = 0;
    size_t i;

    assert_true(pp_guest_shows(&b->g, "query-pci", NULL));
    assert_string_equal(add(b, FIRST), "");
    place(b, 0x18, 0xe0000000);
    buses = q_devices(&b->qemu);
    shown = pp_guest_show(&b->g, buses);
    json_array_foreach(json_object_get(json_array_get(shown, 0), "devices"),
                       i, d) {
        const char *id = json_string_value(json_object_get(d, "qdev_id"));

        if (strcmp(id, "pci-pt-01_00.0") == 0) {
            device = d;
        }
    }
    assert_int_equal(i, 5);
    assert_int_equal(json_unpack(device, "{s:{s:I}, s:{s:I, s:I}}",
                                 "class_info", "class", &class, "id",
                                 "vendor", &vendor, "device", &dev), 0);
    assert_int_equal(class, 0x0200);
    assert_int_equal(vendor, 0x8086);
    assert_int_equal(dev, 0x10c9);
    json_array_foreach(json_object_get(device, "regions"), i, region) {
        if (json_integer_value(json_object_get(region, "bar")) == 3) {
            assert_int_equal(json_unpack(region, "{s:I, s:I}", "address",
                                         &addr, "size", &size), 0);
        }
    }
    assert_int_equal(addr, 0xe0000000);
    assert_int_equal(size, 0x4000);
    json_decref(shown);
    json_decref(buses);
}

/* Whatever QEMU calls its devices. */
static void strange_answers_stay_as_they_are(void **state)
{
    static const char *const answers[] = {
        "[]", "{}", "[[]]", "[{\"devices\": 5}]", "[{\"devices\": [5, []]}]",
        "[{\"devices\": [{\"qdev_id\": null}]}]", "null", "true",
    };
    struct box *b = *state;

    for (unsigned i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
        json_t *json = json_loads(answers[i], JSON_DECODE_ANY, NULL);
        json_t *was = json_deep_copy(json);
        json_t *shown = pp_guest_show(&b->g, json);

        assert_true(json_equal(shown, was));
        json_decref(shown);
        json_decref(was);
        json_decref(json);
    }
}

static void people_see_the_card_too(void **state)
{
    static const char before[] =
        "  Bus  0, device   0, function 0:\n    Host bridge\n      id \"\"\n";
    static const char after[] =
        "  Bus  0, device   4, function 0:\n    X\n      id \"other\"\n";
    struct box *b = *state;
    json_t *args = json_pack("{s:s}", "command-line", "info pci");
    json_t *answer, *shown;
    const char *text;

    assert_true(pp_guest_shows(&b->g, "human-monitor-command", args));
    assert_string_equal(add(b, FIRST), "");
    place(b, 0x18, 0xe0000000);
    answer = json_sprintf(
        "%s  Bus  0, device   3, function 0:\n    Class 0255: PCI device "
        "1b36:0005\n      BAR0: 32 bit memory\n      id \"pci-pt-01_00.0\"\n"
        "%s", before, after);
    shown = pp_guest_show(&b->g, answer);
    text = json_string_value(shown);
    assert_ptr_equal(strstr(text, before), text);
    assert_non_null(strstr(text, after));
    assert_null(strstr(text, "1b36:0005"));
    assert_non_null(strstr(text, "device   3, function 0:\n    Class 0200: "
                           "PCI device 8086:10c9\n"));
    assert_non_null(strstr(text, "BAR3: 32 bit memory at 0xe0000000 "
                           "[0xe0003fff].\n"));
    json_decref(shown);
    json_decref(answer);
    json_decref(args);
}

static void people_can_add_it(void **state)
{
    struct box *b = *state;
    json_t *reply = command(b, "human-monitor-command",
                            "{'command-line':'device_add xen-pci-passthrough,"
                            "id=a,hostaddr=" CARD_ADDR ",addr=6.0,rombar=0'}");

    assert_string_equal(json_string_value(json_object_get(reply, "return")),
                        "");
    json_decref(reply);
    assert_true(b->xen.claimed[0x30]);
    reply = command(b, "human-monitor-command",
                    "{'command-line':'device_add xen-pci-passthrough,id=a'}");
    assert_non_null(strstr(json_string_value(json_object_get(reply, "return")),
                           "Error: hostaddr is not set"));
    json_decref(reply);
    assert_null(command(b, "human-monitor-command",
                        "{'command-line':'device_add e1000,id=b'}"));
    assert_null(command(b, "human-monitor-command",
                        "{'command-line':'device_add a,,=,id=b,id=c'}"));
    assert_null(command(b, "human-monitor-command",
                        "{'command-line':'device_add '}"));
    assert_null(command(b, "human-monitor-command", "{}"));
}

static void a_guest_with_a_device_is_not_saved(void **state)
{
    struct box *b = *state;
    json_t *reply;

    assert_null(command(b, "xen-save-devices-state", "{}"));
    assert_string_equal(add(b, FIRST), "");
    reply = command(b, "xen-save-devices-state", "{}");
    assert_non_null(json_object_get(reply, "error"));
    json_decref(reply);
    b->soft_reset = true;
    assert_null(command(b, "xen-save-devices-state", "{}"));
}

/* The card at work: mapped, its table trapped, a vector bound, bus master. */
static void at_work(struct box *b)
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

static uint32_t random_below(uint32_t *seed, uint32_t limit)
{
    *seed = *seed * 1103515245 + 12345;
    return (*seed >> 8) % limit;
}

/* What Xen could send, and what it never would. */
static ioreq_t random_request(uint32_t *seed)
{
    static const uint64_t where[] = {
        0xe0000000, 0xe0001000, 0xe0002ffc, 0xfe018000, 0xfe018ffc, 0, ~0ul,
    };
    static const uint8_t type[] = {
        IOREQ_TYPE_PCI_CONFIG, IOREQ_TYPE_PCI_CONFIG, IOREQ_TYPE_PCI_CONFIG,
        IOREQ_TYPE_COPY, IOREQ_TYPE_COPY, IOREQ_TYPE_PIO,
        IOREQ_TYPE_INVALIDATE, 77,
    };
    ioreq_t r = {
        .type = type[random_below(seed, 8)],
        .size = random_below(seed, 16) ? 1u << random_below(seed, 4) :
            random_below(seed, 300),
        .count = random_below(seed, 16) ? 1 : random_below(seed, 40),
        .data = (uint64_t)random_below(seed, 1 << 16) << 16 |
            random_below(seed, 1 << 16),
        .dir = random_below(seed, 2) & 1,
        .df = random_below(seed, 2) & 1,
        .data_is_ptr = random_below(seed, 8) == 0,
    };

    r.addr = r.type == IOREQ_TYPE_PCI_CONFIG ?
        (uint64_t)(0x18 + random_below(seed, 9)) << 32 |
            random_below(seed, 0x104) :
        where[random_below(seed, 7)] + random_below(seed, 64);
    return r;
}

/* Four processors at once: all get their answers, and nothing stays. */
static void processors_attack_at_once(void **state)
{
    struct box *b = *state;
    uint32_t seed = 1;

    assert_string_equal(add(b, FIRST ",'extended':true"), "");
    assert_string_equal(add(b, SECOND ",'permissive':true"), "");
    at_work(b);
    for (unsigned n = 0; n < 20000; n++) {
        for (unsigned cpu = 0; cpu < FAKE_VCPUS; cpu++) {
            fake_ask(&b->xen, cpu, random_request(&seed));
        }
        for (unsigned cpu = 0; cpu < FAKE_VCPUS; cpu++) {
            pp_ioreq_work(&b->g.ioreq);
            pp_guest_settle(&b->g);
        }
        for (unsigned cpu = 0; cpu < FAKE_VCPUS; cpu++) {
            assert_int_equal(b->xen.page[cpu].state, STATE_IORESP_READY);
        }
    }
    assert_int_equal(b->journal.num, b->xen.num_ranges +
                     sim_xen_leaks(&b->sim.xen, NULL, 0));
}

/* ------------------------------------------------------------------ */
/* A process that was killed                                           */

static int no_config(void *priv, uint16_t pos, const void *buf, unsigned len)
{
    (void)priv;
    (void)pos;
    (void)buf;
    (void)len;
    return 0;
}

static int no_memory(void *priv, uint64_t gfn, uint64_t mfn, uint64_t nr,
                     bool add)
{
    (void)priv;
    (void)gfn;
    (void)mfn;
    (void)nr;
    (void)add;
    return 0;
}

static int no_ports(void *priv, uint32_t a, uint32_t b, uint32_t nr, bool add)
{
    (void)priv;
    (void)a;
    (void)b;
    (void)nr;
    (void)add;
    return 0;
}

static int no_unmap(void *priv, int pirq)
{
    (void)priv;
    (void)pirq;
    return 0;
}

static int no_pin(void *priv, int pirq, uint8_t slot, uint8_t intx)
{
    (void)priv;
    (void)pirq;
    (void)slot;
    (void)intx;
    return 0;
}

static int no_lower(void *priv, uint8_t slot, uint8_t intx)
{
    (void)priv;
    (void)slot;
    (void)intx;
    return 0;
}

static int no_msi(void *priv, int pirq, uint8_t gvec, uint32_t gflags)
{
    (void)priv;
    (void)pirq;
    (void)gvec;
    (void)gflags;
    return 0;
}

/*
 * What the kernel does of it: memory and files go, without a word to Xen and
 * the device. The page, the journal and our end of the monitor's socket stay.
 */
static void kill_and_recover(struct box *b)
{
    struct pt_xen_ops deaf = {
        .map_memory = no_memory, .map_ports = no_ports,
        .unmap_pirq = no_unmap, .unbind_intx = no_pin,
        .lower_intx = no_lower, .unbind_msi_intx = no_pin,
        .unbind_msi = no_msi,
    };
    struct pt_device_ops mute = *b->sim.dev.pt.ops;
    struct pp_journal *kept = malloc(sizeof(*kept));
    int monitor = dup(b->g.monitor.s.fd);

    assert_non_null(kept);
    *kept = b->journal;
    mute.write = no_config;
    for (unsigned i = 0; i < PP_NUM_DEVFN; i++) {
        struct pp_device *d = b->g.at[i];

        if (d) {
            d->host.ops = &mute;
            d->claimed = d->extended = false;
            memset(d->trap, 0, sizeof(d->trap));
        }
    }
    b->g.xen.ops = &deaf;
    b->g.ioreq.open = false;
    b->domain = false;
    b->g.joined = false;
    memset(b->xen.bound, 0, sizeof(b->xen.bound));
    b->xen.mapped = false;
    pp_guest_release(&b->g, false);
    pp_guest_close(&b->g);

    b->journal = *kept;
    free(kept);
    b->g = (struct pp_guest) {
        .env = &b->env, .domid = 7, .ram_low = 0x14000000,
        .journal = &b->journal,
    };
    memset(b->g.said, PT_CONF_UNSAID, sizeof(b->g.said));
    assert_int_equal(pp_guest_open(&b->g, monitor), 0);
    assert_int_equal(pp_guest_recover(&b->g), 0);
}

static void killed_at_work_nothing_stays(void **state)
{
    struct box *b = *state;
    uint32_t found = sim_dev_peek(&b->sim.dev, PCI_COMMAND, 2);

    assert_string_equal(add(b, FIRST ",'extended':true"), "");
    assert_string_equal(add(b, SECOND), "");
    at_work(b);
    kill_and_recover(b);
    assert_int_equal(sim_xen_leaks(&b->sim.xen, NULL, 0), 0);
    assert_int_equal(sim_dev_peek(&b->sim.dev, PCI_COMMAND, 2),
                     found & 0xfffb);
    assert_false(sim_dev_msix_enabled(&b->sim.dev));
    assert_int_equal(b->xen.num_ranges, 0);
    assert_int_equal(b->journal.num, 0);
    /* the guest reads ones, and not the placeholder */
    assert_true(b->xen.claimed[0x18]);
    assert_int_equal(rd(b, 0x18, PCI_VENDOR_ID, 4), 0xffffffff);
    wr(b, 0x18, PCI_COMMAND, 7, 2);
    assert_int_equal(rd(b, 0x18, PCI_COMMAND, 2), 0xffff);
    /* and lets go of it, some day */
    assert_non_null(strstr(add(b, FIRST), "Duplicate device ID"));
    eject(b, "pci-pt-01_00.0");
    assert_false(b->xen.claimed[0x18]);
    assert_string_equal(add(b, FIRST), "");
    assert_int_equal(rd(b, 0x18, PCI_VENDOR_ID, 4), 0x10c98086);
    at_work(b);
}

/* A processor waits for an answer that the process did not live to give. */
static void no_processor_waits_for_ever(void **state)
{
    struct box *b = *state;
    ioreq_t w = fake_config(0x18, 4, 2);

    assert_string_equal(add(b, FIRST), "");
    fake_ask(&b->xen, 1, fake_config(0x18, 0, 4));
    b->xen.page[1].state = STATE_IOREQ_INPROCESS;
    w.dir = IOREQ_WRITE;
    fake_ask(&b->xen, 2, w);
    kill_and_recover(b);
    assert_int_equal(b->xen.page[1].state, STATE_IORESP_READY);
    assert_int_equal(b->xen.page[1].data, UINT64_MAX);
    assert_int_equal(b->xen.page[2].state, STATE_IORESP_READY);
    assert_int_equal(b->xen.notified[1], 1);
    assert_int_equal(b->xen.notified[2], 1);
    assert_int_equal(b->xen.page[3].state, STATE_IOREQ_NONE);
}

/* What was another guest's by then is left alone. */
static void another_guests_device_is_left_alone(void **state)
{
    struct box *b = *state;

    assert_string_equal(add(b, FIRST), "");
    at_work(b);
    sim_xen_leave(&b->sim.xen, &b->sim.dev);
    b->sim.xen.others = true;
    sim_dev_forget(&b->sim.dev);
    kill_and_recover(b);
    assert_int_equal(b->sim.dev.count.writes, 0);
}

/* It was killed before QEMU had a placeholder, or after it had none. */
static void without_a_placeholder_there_is_no_trace(void **state)
{
    struct box *b = *state;

    assert_string_equal(add(b, FIRST), "");
    b->qemu.num--;
    kill_and_recover(b);
    assert_false(b->xen.claimed[0x18]);
    assert_string_equal(add(b, FIRST), "");
}

/* Nobody is left to end it. */
static void an_interrupt_is_lowered(void **state)
{
    struct box *b = *state;

    assert_string_equal(add(b, FIRST), "");
    wr(b, 0x18, PCI_COMMAND, PCI_COMMAND_MEMORY, 2);
    sim_dev_set_intx(&b->sim.dev, true);
    assert_true(b->sim.xen.intx_level[3][0]);
    kill_and_recover(b);
    assert_int_equal(sim_xen_leaks(&b->sim.xen, NULL, 0), 0);
    sim_dev_set_intx(&b->sim.dev, false);
}

/* QEMU still has answers for who was killed. */
static void late_answers_are_anothers(void **state)
{
    struct box *b = *state;

    assert_string_equal(add(b, FIRST), "");
    for (int i = 0; i < 10; i++) {
        q_say(&b->qemu, json_pack("{s:[], s:i}", "return", "id", i));
    }
    kill_and_recover(b);
    assert_true(b->xen.claimed[0x18]);
}

static void without_devices_there_is_nothing_to_do(void **state)
{
    struct box *b = *state;

    kill_and_recover(b);
    assert_int_equal(b->xen.calls, 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(it_is_where_libxl_wants_it),
        TEST(or_in_the_first_free_slot),
        TEST(functions_share_a_slot),
        TEST(a_guest_without_devices_costs_nothing),
        TEST(the_guest_lets_go_of_it),
        TEST(a_thousand_times_leave_nothing),
        TEST(libxl_hears_of_what_is_done),
        TEST(it_comes_again_at_once),
        TEST(what_is_wrong_is_told),
        TEST(qemus_reason_is_passed_on),
        TEST(nothing_is_left_of_a_failure),
        TEST(others_are_qemus),
        TEST(qemu_does_not_answer),
        TEST(qemu_says_too_much),
        TEST(qemu_is_gone),
        TEST(the_machine_is_ended),
        TEST(windows_are_claimed),
        TEST(extended_space_is_there_if_it_is_wanted),
        TEST(or_not_at_all),
        TEST(it_is_not_mapped_over_what_is_there),
        TEST(nor_over_ram_above_4_gib),
        TEST(windows_do_not_mix),
        TEST(two_of_ours_do_not_overlap),
        TEST(qemu_is_asked_once),
        TEST(a_file_is_the_rom),
        TEST(the_rom_is_not_over_what_is_there),
        TEST(a_file_that_is_none_is_refused),
        TEST(a_policy_files_rom_may_be_missing),
        TEST(the_machine_is_reset),
        TEST(query_pci_shows_the_card),
        TEST(strange_answers_stay_as_they_are),
        TEST(people_see_the_card_too),
        TEST(people_can_add_it),
        TEST(a_guest_with_a_device_is_not_saved),
        TEST(processors_attack_at_once),
        TEST(killed_at_work_nothing_stays),
        TEST(no_processor_waits_for_ever),
        TEST(another_guests_device_is_left_alone),
        TEST(without_a_placeholder_there_is_no_trace),
        TEST(an_interrupt_is_lowered),
        TEST(late_answers_are_anothers),
        TEST(without_devices_there_is_nothing_to_do),
    };

    return cmocka_run_group_tests_name("process_guest", tests, NULL, NULL);
}
