/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hosts/process: devices come and go; what libxl and QEMU are told. */
#include "lib-process-guest.h"

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

/* QEMU's device is away, and DEVICE_DELETED is to come. */
static void is_ejected(struct box *b)
{
    pthread_mutex_lock(&b->qemu.lock);
    b->qemu.num--;
    pthread_mutex_unlock(&b->qemu.lock);
}

static void deleted(struct box *b)
{
    happens(b, json_pack("{s:s, s:{s:s, s:s}}", "event", "DEVICE_DELETED",
                         "data", "device", "pci-pt-01_00.0", "path", "/x"));
}

/* It was read with the answer to what a processor of the guest waited for. */
static void test_event_beside_an_answer_was_not_heard(void **state)
{
    struct box *b = *state;

    assert_string_equal(add(b, FIRST), "");
    assert_string_equal(add(b, SECOND), "");
    pthread_mutex_lock(&b->qemu.lock);
    b->qemu.num--;
    q_say(&b->qemu, json_pack("{s:s, s:{s:s}}", "event", "DEVICE_DELETED",
                              "data", "device", "pci-pt-01_00.1"));
    pthread_mutex_unlock(&b->qemu.lock);
    place(b, 0x18, 0xe0000000);
    for (unsigned i = 0; i < 10 && pp_guest_patience(&b->g) == 0; i++) {
        pp_guest_settle(&b->g);
    }
    assert_false(b->xen.claimed[0x20]);
}

/* Linux, as of 6.8, may look at a slot after it has ejected its device. */
static void test_device_was_found_again_when_it_was_ejected(void **state)
{
    struct box *b = *state;
    unsigned asked;

    assert_string_equal(add(b, FIRST), "");
    asked = b->qemu.asked;
    assert_int_equal(rd(b, 0x18, PCI_VENDOR_ID, 4), 0x10c98086);
    assert_int_equal(b->qemu.asked, asked);
    assert_null(command(b, "device_del", "{'id':'pci-pt-01_00.0'}"));
    assert_int_equal(rd(b, 0x18, PCI_VENDOR_ID, 4), 0x10c98086);
    is_ejected(b);
    assert_int_equal(rd(b, 0x18, PCI_VENDOR_ID, 4), UINT32_MAX);
    assert_false(b->xen.claimed[0x18]);
    deleted(b);
}

/* It does not let go of it, or not yet. */
static void test_each_look_at_a_device_that_stays_was_a_question(void **state)
{
    struct box *b = *state;
    uint64_t start;
    unsigned asked;

    assert_string_equal(add(b, FIRST), "");
    assert_null(command(b, "device_del", "{'id':'pci-pt-01_00.0'}"));
    asked = b->qemu.asked;
    start = pp_now_us();
    for (unsigned i = 0; i < 1000; i++) {
        assert_int_equal(rd(b, 0x18, PCI_VENDOR_ID, 2), 0x8086);
    }
    assert_true(b->qemu.asked - asked <=
                PP_LOOKS + 1 + (pp_now_us() - start) / PP_LOOK_AGAIN_US);
    /* it does so late */
    usleep(2 * PP_LOOK_AGAIN_US);
    is_ejected(b);
    assert_int_equal(rd(b, 0x18, PCI_VENDOR_ID, 4), UINT32_MAX);
    assert_false(b->xen.claimed[0x18]);
}

static void test_function_was_found_again_when_it_was_ejected(void **state)
{
    struct box *b = *state;

    assert_string_equal(add(b, FIRST ",'addr':'6.0'"), "");
    assert_string_equal(add(b, SECOND ",'addr':'6.1'"), "");
    assert_null(command(b, "human-monitor-command",
                        "{'command-line':'device_del pci-pt-01_00.0'}"));
    is_ejected(b);
    assert_int_equal(rd(b, 0x31, PCI_VENDOR_ID, 4), UINT32_MAX);
    assert_int_equal(rd(b, 0x30, PCI_VENDOR_ID, 4), 0x10c98086);
    is_ejected(b);
    assert_int_equal(rd(b, 0x30, PCI_VENDOR_ID, 2), UINT16_MAX);
}

/* libxl goes by what query-pci says, and not by DEVICE_DELETED. */
static void test_libxl_went_on_before_a_device_was_detached(void **state)
{
    struct box *b = *state;
    json_t *answer = q_devices(&b->qemu);

    assert_string_equal(add(b, FIRST), "");
    /* of before it came */
    json_decref(pp_guest_show(&b->g, answer));
    assert_true(b->xen.claimed[0x18]);
    is_ejected(b);
    json_decref(pp_guest_show(&b->g, answer));
    assert_false(b->xen.claimed[0x18]);
    json_decref(answer);
}

static void test_device_was_taken_for_the_one_before_it(void **state)
{
    struct box *b = *state;

    assert_string_equal(add(b, FIRST), "");
    is_ejected(b);
    assert_string_equal(add(b, FIRST), "");
    assert_int_equal(b->opened, 2);
    deleted(b);
    assert_true(b->xen.claimed[0x18]);
    b->qemu.silent = true;
    deleted(b);
    assert_false(b->xen.claimed[0x18]);
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

static void test_function_was_given_twice(void **state)
{
    struct box *b = *state;

    assert_string_equal(add(b, FIRST), "");
    assert_string_equal(add(b, "'id':'x','hostaddr':'0000:01:00.0'"),
                        "the guest has 0000:01:00.0 already, as "
                        "'pci-pt-01_00.0'");
    assert_int_equal(b->opened, 1);
    assert_string_equal(add(b, SECOND), "");
    eject(b, "pci-pt-01_00.0");
    assert_string_equal(add(b, "'id':'x','hostaddr':'0000:01:00.0'"), "");
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

/* It had been asked on behalf of a processor, which has less patience. */
static void test_device_was_refused_because_qemu_had_been_late(void **state)
{
    struct box *b = *state;

    assert_string_equal(add(b, FIRST), "");
    b->qemu.late_ms = PP_GUEST_PATIENCE + 500;
    place(b, 0x18, 0xe0000000);
    assert_true(is_mapped(b, 0xe0000000));
    assert_string_equal(add(b, SECOND), "");
}

static void lose_an_answer(struct box *b)
{
    pthread_mutex_lock(&b->qemu.lock);
    b->qemu.lose = 1;
    pthread_mutex_unlock(&b->qemu.lock);
    place(b, 0x18, 0xe0000000);
    assert_true(pp_monitor_late(&b->g.monitor));
}

static void test_lost_answer_made_qemu_silent_for_ever(void **state)
{
    struct box *b = *state;

    assert_string_equal(add(b, FIRST), "");
    lose_an_answer(b);
    assert_string_equal(add(b, SECOND), "");
    assert_false(pp_monitor_late(&b->g.monitor));
}

/* As it says of a question that was cut: that one is not answered any more. */
static void a_complaint_is_a_sign_of_life(void **state)
{
    struct box *b = *state;

    assert_string_equal(add(b, FIRST), "");
    lose_an_answer(b);
    happens(b, json_pack("{s:{s:s, s:s}}", "error", "class", "GenericError",
                         "desc", "JSON parse error"));
    assert_false(pp_monitor_late(&b->g.monitor));
}

/* libxl had been told that there is no device. */
static void test_placeholder_came_late_and_stayed(void **state)
{
    struct box *b = *state;

    b->qemu.late_add_ms = PP_PATIENCE + PP_PATIENCE / 2;
    assert_non_null(strstr(add(b, FIRST), "does not answer to device_add"));
    assert_false(b->xen.claimed[0x18]);
    assert_string_equal(add(b, SECOND), "");
    assert_true(b->xen.claimed[0x18]);
    assert_string_equal(add(b, FIRST), "");
    assert_true(b->xen.claimed[0x20]);
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

/* With each answer it says that a device is deleted, and has it still. */
static void test_qemu_was_listened_to_for_ever(void **state)
{
    struct box *b = *state;

    assert_string_equal(add(b, FIRST), "");
    b->qemu.lies = 1000;
    deleted(b);
    assert_true(b->qemu.lies > 990);
    assert_int_equal(pp_guest_patience(&b->g), 0);
    assert_true(b->xen.claimed[0x18]);
    b->qemu.lies = 0;
    pp_guest_settle(&b->g);
    assert_int_not_equal(pp_guest_patience(&b->g), 0);
}

/* It says so to libxl, and not to us. */
static void test_each_event_cost_half_a_second(void **state)
{
    struct box *b = *state;
    const unsigned num = 20;
    json_t *event = json_pack("{s:s, s:{s:s}}", "event", "DEVICE_DELETED",
                              "data", "device", "pci-pt-01_00.0");
    uint64_t start = pp_now_us();

    assert_string_equal(add(b, FIRST), "");
    for (unsigned i = 0; i < num; i++) {
        pp_guest_event(&b->g, event);
    }
    assert_true(pp_now_us() - start < num * PP_AT_ONCE_US);
    json_decref(event);
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

/* The last device of QEMU's, as it is shown. @irq, @pin: the placeholder's. */
static json_t *show_last(struct box *b, int irq, int pin)
{
    json_t *buses = q_devices(&b->qemu);
    json_t *list = json_object_get(json_array_get(buses, 0), "devices");
    json_t *last = json_incref(json_array_get(list, b->qemu.num - 1));

    json_object_set_new(last, "irq", json_integer(irq));
    json_object_set_new(last, "irq_pin", json_integer(pin));
    json_decref(pp_guest_show(&b->g, buses));
    json_decref(buses);
    return last;
}

static void test_placeholders_interrupt_was_shown(void **state)
{
    struct box *b = *state;
    json_t *device;

    assert_string_equal(add(b, FIRST), "");
    wr(b, 0x18, PCI_INTERRUPT_LINE, 11, 1);
    device = show_last(b, 5, 4);
    assert_int_equal(json_integer_value(json_object_get(device, "irq")), 11);
    assert_int_equal(json_integer_value(json_object_get(device, "irq_pin")), 1);
    json_decref(device);
}

static void has_no_pin(struct capture *c)
{
    world_capture(c, cards[0], 0);
    c->cfg[PCI_INTERRUPT_PIN] = 0;
}

static int setup_without_pin(void **state)
{
    return setup_with(state, has_no_pin);
}

static void a_card_without_a_pin_has_no_line(void **state)
{
    struct box *b = *state;
    json_t *device, *pin;

    assert_string_equal(add(b, FIRST), "");
    device = show_last(b, 5, 4);
    pin = json_object_get(device, "irq_pin");
    assert_true(json_is_integer(pin));
    assert_int_equal(json_integer_value(pin), 0);
    assert_null(json_object_get(device, "irq"));
    json_decref(device);
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
    assert_true(b->xen.claimed[0x18]);
}

/* The next device model has to get them of Xen, with their lines. */
static void test_soft_reset_took_lines_from_under_bindings(void **state)
{
    struct box *b = *state;

    assert_string_equal(add(b, FIRST ",'addr':'3.0'"), "");
    at_work(b);
    b->soft_reset = true;
    assert_null(command(b, "xen-save-devices-state", "{}"));
    assert_false(b->xen.claimed[0x18]);
    assert_int_equal(sim_check_quiet(&b->sim, NULL, 0), 0);
    assert_null(command(b, "device_del", "{'id':'pci-pt-01_00.0'}"));
}

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
        TEST(test_event_beside_an_answer_was_not_heard),
        TEST(test_device_was_found_again_when_it_was_ejected),
        TEST(test_each_look_at_a_device_that_stays_was_a_question),
        TEST(test_function_was_found_again_when_it_was_ejected),
        TEST(test_libxl_went_on_before_a_device_was_detached),
        TEST(test_device_was_taken_for_the_one_before_it),
        TEST(what_is_wrong_is_told),
        TEST(test_function_was_given_twice),
        TEST(qemus_reason_is_passed_on),
        TEST(nothing_is_left_of_a_failure),
        TEST(others_are_qemus),
        TEST(qemu_does_not_answer),
        TEST(test_device_was_refused_because_qemu_had_been_late),
        TEST(test_lost_answer_made_qemu_silent_for_ever),
        TEST(a_complaint_is_a_sign_of_life),
        TEST(test_placeholder_came_late_and_stayed),
        TEST(qemu_says_too_much),
        TEST(test_qemu_was_listened_to_for_ever),
        TEST(test_each_event_cost_half_a_second),
        TEST(qemu_is_gone),
        TEST(the_machine_is_ended),
        TEST(query_pci_shows_the_card),
        TEST(test_placeholders_interrupt_was_shown),
        cmocka_unit_test_setup_teardown(a_card_without_a_pin_has_no_line,
                                        setup_without_pin, teardown),
        TEST(strange_answers_stay_as_they_are),
        TEST(people_see_the_card_too),
        TEST(people_can_add_it),
        TEST(a_guest_with_a_device_is_not_saved),
        TEST(test_soft_reset_took_lines_from_under_bindings),
    };

    return cmocka_run_group_tests_name("process_guest", tests, NULL, NULL);
}
