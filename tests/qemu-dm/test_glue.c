/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The glue in the classic tree, driven as toolstack and guest do. A test that
 * is named by numbers stands for that line of the lessons; those that the
 * tree's own files answer for are in tests/test_qemu_dm_symbols.sh.
 */
#include "lib-glue.h"

#define WRONG "wrong bdf or vdevfn"

/* Fill all slots that are free with emulated devices. */
static void fill_bus(void)
{
    for (int devfn = 0; devfn < NR_PCI_DEVFN; devfn += NR_PCI_FUNC) {
        if (!tree.bus.devices[devfn]) {
            pci_register_device(&tree.bus, "filler", sizeof(PCIDevice), devfn,
                                NULL, NULL);
        }
    }
}

/* ------------------------------------------------------------------ */
/* 1.8 Hot-plug, slots, xenstore                                       */

static void test_1_8_1_no_lifetime_counter(void **state)
{
    (void)state;
    add_card(0);
    for (unsigned i = 0; i < 200; i++) {
        assert_int_equal(tree_insert(F0), 0x20);
        assert_true(tree_remove(F0, 0x20));
    }
}

static void test_1_8_2_no_free_slot(void **state)
{
    (void)state;
    add_card(0);
    fill_bus();
    refused(F0, NO_SLOT, "no slot");
    assert_int_equal(tree.device_opens, 0);
}

/* Devices of the start come as those of later: after pt_init(). */
static void test_1_8_3_at_boot(void **state)
{
    (void)state;
    assert_int_equal(tree.device_opens, 0);
    add_card(0);
    assert_int_equal(tree_insert(F0), 0x20);
    assert_int_equal(tree_read(0x20, PCI_VENDOR_ID, 2), 0x1234);
}

static void test_1_8_4_any_slot_and_two_errors(void **state)
{
    (void)state;
    add_card(0);
    add_card(1);
    assert_int_equal(tree_insert(F0 "@f8"), 0xf8);
    assert_int_equal(tree_insert(F1 "@f8"), -1);
    refused(F1 "@f8", WRONG, "1f.0 of the guest's bus is taken");
    refused(F1 "@08", WRONG, "01.0 of the guest's bus is taken");
    fill_bus();
    refused(F1, NO_SLOT, "no slot");
    /* A slot of which anyone has any function is not an automatic one. */
    assert_true(tree_remove(F0, 0xf8));
    assert_int_equal(tree_insert(F1 "@f9"), 0xf9);
    refused(F0 "@100", NO_SLOT, "no slot");
}

static void test_1_8_5_the_devfn_that_it_got(void **state)
{
    (void)state;
    add_card(0);
    assert_int_equal(tree_insert(F0), 0x20);
    assert_true(tree_remove(F0, 0x20));
    assert_int_equal(tree_insert(F0 "@38"), 0x38);
    assert_true(tree_remove(F0, 0x38));
    assert_int_equal(tree_insert(F0), 0x20);
    assert_int_equal(bdf_to_devfn((char[]) { F0 }), 0x20);
}

static void test_1_8_6_every_devfn(void **state)
{
    (void)state;
    add_card(0);
    for (int devfn = 0; devfn < NR_PCI_DEVFN; devfn++) {
        if (tree.bus.devices[devfn]) {
            continue;
        }
        assert_int_equal(tree_insert(F0 "@%x", (unsigned)devfn), devfn);
        assert_int_equal(test_pci_devfn(devfn), 1);
        assert_int_equal(tree_read(devfn, PCI_DEVICE_ID, 2), 0x5678);
        assert_int_equal(power_off_php_devfn(devfn), 0);
        assert_int_equal(test_pci_devfn(devfn), 0);
        assert_int_equal(tree_read(devfn, PCI_VENDOR_ID, 4), 0xffffffff);
    }
    assert_int_equal(test_pci_devfn(-1), -1);
    assert_int_equal(test_pci_devfn(256), -1);
}

/* No string of all slots is kept; a long request is a request. */
static void test_1_8_7_no_overflow(void **state)
{
    char text[4000];

    (void)state;
    memset(text, ',', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    memcpy(text, F0, sizeof(F0) - 1);
    add_card(0);
    assert_string_equal(tree_command("pci-ins", text), "pci-inserted");
    assert_string_equal(tree.parameter, "0x20");
    memset(text, '9', sizeof(text) - 1);
    refused(text, NO_SLOT, "999...");
}

static void test_1_8_8_last_slots(void **state)
{
    (void)state;
    add_card(0);
    add_card(1);
    assert_int_equal(tree_insert(F0 "@f0"), 0xf0);
    assert_int_equal(tree_insert(F1 "@f8"), 0xf8);
    assert_int_equal(tree_inb(ACPI_STATUS + 0xf0 / 2), 0x0f);
    assert_int_equal(tree_inb(ACPI_STATUS + 0xf8 / 2), 0x0f);
    assert_true(tree_remove(F0, 0xf0));
    assert_true(tree_remove(F1, 0xf8));
}

/* 1.8.9: in test_params.c, and here. */
static void test_1_8_9_one_grammar(void **state)
{
    (void)state;
    add_card(0);
    assert_int_equal(tree_insert(F0 "@28,msitranslate=0,power_mgmt=0"), 0x28);
    assert_true(tree_remove(F0 "@28,msitranslate=0", 0x28));
}

/* The toolstack resets; 1.8.10 also in tests/test_qemu_dm_symbols.sh. */
static void test_1_8_10_no_reset(void **state)
{
    struct sim_dev *d = add_card(0);

    (void)state;
    assert_int_equal(tree_insert(F0), 0x20);
    place(0x20, 0);
    assert_true(tree_remove(F0, 0x20));
    assert_int_equal(d->count.resets, 0);
}

static void test_1_8_11_two_digits(void **state)
{
    (void)state;
    add_card(0);
    assert_string_equal(tree_command("pci-ins", F0 "@7"), "pci-inserted");
    assert_string_equal(tree.parameter, "0x07");
}

static void test_1_8_12_one_address_a_string(void **state)
{
    (void)state;
    add_card(0);
    add_card(1);
    refused(F0 ";" F1, NO_SLOT, "0;0000:03:00.1");
    refused(F0 "," F1, NO_SLOT, "'" F1 "' is no KEY=VALUE");
}

static void test_1_8_13_remove_of_unknown(void **state)
{
    (void)state;
    add_card(0);
    assert_string_equal(tree_command("pci-rem", F0), "");
    assert_string_equal(tree_command("pci-rem", ""), "");
    assert_string_equal(tree_command("pci-rem", "01:00"), "");
    assert_int_equal(bdf_to_devfn((char[]) { "0000:ff:1f.7" }), -1);
    assert_int_equal(tree.sci, 0);
}

/*
 * libxl refuses true doubles: what we have is stale. After `xl pci-detach -f`
 * a device could not come back until its domain ended.
 */
static void test_1_8_14_twice_is_stale(void **state)
{
    (void)state;
    add_card(0);
    assert_int_equal(tree_insert(F0), 0x20);
    place(0x20, 0);
    drive(0x20, 0);
    sim_xen_leave(&tree.xen, &tree.host[0].dev);
    sim_dev_forget(&tree.host[0].dev);
    fill_bus();
    assert_int_equal(tree_insert(F0), 0x20);
    sim_xen_assign(&tree.xen, &tree.host[0].dev);
    assert_int_equal(tree_read(0x20, PCI_VENDOR_ID, 2), 0x1234);
    assert_int_equal(tree_read(0x20, PCI_COMMAND, 2), 0);
    place(0x20, 0);
    drive(0x20, 0);
    assert_true(logged("asked for again"));
    assert_true(tree_remove(F0, 0x20));
    /* To another place, if that is wanted. */
    assert_int_equal(tree_insert(F0 "@21"), 0x21);
    assert_int_equal(tree_insert(F0 "@22"), 0x22);
    assert_int_equal(tree_read(0x21, PCI_VENDOR_ID, 2), 0xffff);
    power_off_php_devfn(0x22);
}

static struct sim_dev *stale;
static unsigned late;

static void on_write(struct sim_dev *d, uint16_t pos, const uint8_t *buf,
                     unsigned len)
{
    (void)pos;
    (void)buf;
    (void)len;
    late += d == stale && tree.host[0].closes == 0;
}

/* It may have been another's meanwhile: the old one is ended in silence. */
static void test_stale_device_was_written_to(void **state)
{
    (void)state;
    stale = add_card(0);
    assert_int_equal(tree_insert(F0), 0x20);
    place(0x20, 0);
    drive(0x20, 0);
    sim_xen_leave(&tree.xen, stale);
    stale->hooks.on_write = on_write;
    late = 0;
    assert_int_equal(tree_insert(F0), 0x20);
    assert_int_equal(late, 0);
    sim_xen_assign(&tree.xen, stale);
    /* As another function it can't be where it was. */
    assert_int_equal(tree_insert(F0 "@101"), 0x21);
    power_off_php_devfn(0x21);
}

/* No step waits for the guest, which may be paused. */
static void test_1_8_15_paused(void **state)
{
    (void)state;
    add_card(0);
    assert_int_equal(tree_insert(F0), 0x20);
    assert_int_equal(tree.clock.now_us, 0);
}

static void test_1_8_17_unplug_leaves_it(void **state)
{
    PCIDevice *nic = pci_register_device(&tree.bus, "nic", sizeof(*nic), 0x40,
                                         NULL, NULL);

    (void)state;
    nic->config[0x0b] = 0x02;
    add_card(0);
    assert_int_equal(tree_insert(F0), 0x20);
    assert_int_equal(tree_unplug_nics(), 1);
    assert_int_equal(tree_read(0x20, PCI_VENDOR_ID, 2), 0x1234);
}

static bool is_power_managed(int devfn, const struct sim_dev *d)
{
    tree_write(devfn, 0x44, 3, 2);
    return sim_dev_power(d) == 3;
}

/* Awake again, it was not mapped before the next configuration access. */
static void test_bars_came_back_with_the_next_access_only(void **state)
{
    struct sim_dev *d = add_card(0);

    (void)state;
    direct_pci_power_mgmt = 1;
    tree_insert(F0);
    assert_int_equal(tree_timers(), 1);
    place(0x20, 0);
    tree_write(0x20, 0x44, 3, 2);
    tree_pass(20);
    assert_int_equal(sim_dev_power(d), 3);
    assert_int_equal(tree.xen.num_mem, 0);
    tree_write(0x20, 0x44, 0, 2);
    assert_int_equal(tree.xen.num_mem, 0);
    tree_pass(20);
    assert_int_not_equal(tree.xen.num_mem, 0);
    /* It goes with the device, whatever it waits for. */
    tree_write(0x20, 0x44, 3, 2);
    assert_true(tree_remove(F0, 0x20));
    assert_int_equal(tree_timers(), 0);
    tree_pass(20);
    direct_pci_power_mgmt = 0;
}

static void test_1_8_18_domain_defaults(void **state)
{
    struct sim_dev *d = add_card(0);

    (void)state;
    direct_pci_power_mgmt = 1;
    tree_insert(F0);
    assert_true(is_power_managed(0x20, d));
    assert_true(tree_remove(F0, 0x20));
    tree_insert(F0 ",power_mgmt=0");
    assert_false(is_power_managed(0x20, d));
    assert_true(tree_remove(F0, 0x20));
    direct_pci_power_mgmt = 0;
    tree_insert(F0);
    assert_false(is_power_managed(0x20, d));
    assert_true(tree_remove(F0, 0x20));
    tree_insert(F0 ",power_mgmt=yes");
    assert_true(is_power_managed(0x20, d));
}

/* libxl says no to what nobody asked for, and so no file was ever heard. */
static void test_libxl_says_no_and_the_file_yes(void **state)
{
    struct sim_dev *d = add_card(0);

    (void)state;
    write_conf("[1234:5678]\npower_mgmt = yes\n");
    tree_insert(F0 ",msitranslate=0,power_mgmt=0");
    assert_true(is_power_managed(0x20, d));
    assert_true(logged("; from conf-"));
    assert_true(logged("[1234:5678] power_mgmt"));
    assert_true(tree_remove(F0, 0x20));
    write_conf("[1234:5678]\npower_mgmt = no\nstrict = yes\n");
    tree_insert(F0 ",power_mgmt=1,strict=0");
    assert_true(is_power_managed(0x20, d));
    assert_true(logged("policy default, power_mgmt=1"));
    assert_true(tree_remove(F0, 0x20));
    unlink(tree.conf_path);
}

static void test_a_policy_file_that_is_wrong_is_refused(void **state)
{
    (void)state;
    add_card(0);
    write_conf("[all]\npower = yes\n");
    assert_int_equal(tree_insert(F0), -1);
    assert_string_equal(tree.state, "pci-insert-failed");
    assert_true(logged(":2: there is no key 'power'"));
    write_conf("[all]\nstrict = 1\nrombar = 0\nromfile = /x\n");
    assert_int_equal(tree_insert(F0 ",permissive=1"), -1);
    assert_true(logged("[all]) and permissive (the toolstack) exclude"));
    assert_int_equal(tree_insert(F0), 0x20);
    assert_true(logged("this device model has no romfile"));
    unlink(tree.conf_path);
}

static void test_1_8_21_registered_with_xen(void **state)
{
    unsigned ranges = tree.num_ranges, devices = tree.registered;

    (void)state;
    add_card(0);
    tree_insert(F0);
    assert_int_equal(tree.registered, devices + 1);
    place(0x20, 0);
    assert_int_equal(tree.num_ranges, ranges + 1);
    assert_true(tree_trapped(guest_mem(0) + TABLE));
    assert_false(tree_trapped(guest_mem(0)));
}

/* ------------------------------------------------------------------ */
/* 1.9 Multi-function                                                  */

static void test_1_9_1_header_type(void **state)
{
    struct capture c;

    (void)state;
    card_function(&c, 0);
    c.cfg[PCI_HEADER_TYPE] = PT_MULTIFUNCTION;
    tree_add_host(&c);
    card_function(&c, 1);
    c.cfg[PCI_HEADER_TYPE] = PT_MULTIFUNCTION;
    tree_add_host(&c);
    assert_int_equal(tree_insert(F1 "@29"), 0x29);
    assert_int_equal(tree_insert(F0 "@28"), 0x28);
    assert_int_equal(tree_read(0x28, PCI_HEADER_TYPE, 1), PT_MULTIFUNCTION);
    assert_int_equal(tree_read(0x29, PCI_HEADER_TYPE, 1), PT_MULTIFUNCTION);
    tree_write(0x28, PCI_HEADER_TYPE, 0, 1);
    assert_int_equal(tree_read(0x28, PCI_HEADER_TYPE, 1), PT_MULTIFUNCTION);
}

static void test_1_9_2_latency_timer(void **state)
{
    (void)state;
    add_card(0);
    add_card(1);
    tree_insert(F1 "@29");
    tree_insert(F0 "@28");
    assert_int_equal(tree_read(0x28, PCI_LATENCY_TIMER, 1), 0);
}

static void test_1_9_3_functions_of_a_slot(void **state)
{
    (void)state;
    add_card(0);
    add_card(1);
    /* Functions but 0 come without an event ... */
    assert_int_equal(tree_insert(F1 "@29"), 0x29);
    assert_int_equal(tree.sci, 0);
    assert_int_equal(tree_inb(ACPI_STATUS + 0x28 / 2), 0xf0);
    assert_int_equal(tree_insert(F0 "@28"), 0x28);
    assert_int_equal(tree.sci, 1);
    assert_int_equal(tree_inb(ACPI_DEVFN), 0x28);
    assert_int_equal(tree_inb(ACPI_STATUS + 0x28 / 2), 0xff);
    /* ... and do not go alone. */
    assert_false(tree_remove(F1, 0x29));
    assert_int_equal(test_pci_devfn(0x29), 1);
    /* An eject that nobody asked for does nothing. */
    tree_outb(ACPI_STATUS + 0x28 / 2, 0x01);
    assert_int_equal(test_pci_devfn(0x28), 1);
    assert_true(tree_remove(F0, 0x28));
    assert_int_equal(test_pci_devfn(0x28), 0);
    assert_int_equal(test_pci_devfn(0x29), 0);
    /* Ejecting again is harmless. */
    tree_outb(ACPI_STATUS + 0x28 / 2, 0x01);
    for (int f = 0; f < 8; f++) {
        assert_int_equal(power_off_php_devfn(0x28 + f), -1);
    }
}

static void test_1_9_4_auto_slot_of_a_function(void **state)
{
    (void)state;
    add_card(0);
    add_card(1);
    assert_int_equal(tree_insert(F1 "@103"), 0x23);
    /* Slot 4 is not completely free any more. */
    assert_int_equal(tree_insert(F0 "@100"), 0x28);
}

static void test_1_9_5_pins_and_ranges(void **state)
{
    (void)state;
    for (unsigned n = 0; n < 7; n++) {
        add_card(n);
    }
    for (unsigned n = 7; n-- > 0;) {
        int devfn = 0x28 + (int)n;

        assert_int_equal(tree_insert("0000:03:00.%x@%x", n, (unsigned)devfn),
                         devfn);
        assert_int_equal(tree_read(devfn, PCI_INTERRUPT_PIN, 1), 1 + n % 4);
        place(devfn, n);
        assert_true(tree_trapped(guest_mem(n) + TABLE));
    }
    assert_int_equal(sim_xen_num_bound(&tree.xen, NULL), 7);
}

/* 2.23: a lone host function that is one of several in the guest, and back. */
static void test_2_23_multifunction_follows_the_guest(void **state)
{
    (void)state;
    add_card(0);
    add_card(1);
    tree_insert(F0 "@28");
    assert_int_equal(tree_read(0x28, PCI_HEADER_TYPE, 1), 0);
    tree_insert(F1 "@2f");
    assert_int_equal(tree_read(0x28, PCI_HEADER_TYPE, 1), PT_MULTIFUNCTION);
    power_off_php_devfn(0x2f);
    assert_int_equal(tree_read(0x28, PCI_HEADER_TYPE, 1), 0);
    /* Beside emulated functions. */
    tree_insert(F1 "@0e");
    assert_int_equal(tree_read(0x0e, PCI_HEADER_TYPE, 1), PT_MULTIFUNCTION);
}

/* ------------------------------------------------------------------ */
/* Part 2: what the glue has to do with                                */

/* 2.13: what fails leaves nothing, is told, and the place is free again. */
static void test_2_13_failed_attach(void **state)
{
    struct sim_dev *d = add_card(0);
    unsigned tries = 0;

    (void)state;
    refused("0000:09:00.0@28", WRONG, "no such function");
    assert_int_equal(test_pci_devfn(0x28), 0);
    tree.open_errnum = EACCES;
    refused(F0 "@28", WRONG, "libpci says no");
    refused(F0 "@28,strict=1,permissive=1", WRONG, "exclude each other");
    /* Each access of the device in turn, until none of them fails. */
    while (d->config_fault.fired == tries) {
        tries++;
        sim_fault_at(&d->config_fault, tries, EIO);
        tree_command("pci-ins", F0 "@28");
        if (strcmp(tree.state, "pci-inserted") == 0) {
            power_off_php_devfn(0x28);
        }
        assert_int_equal(test_pci_devfn(0x28), 0);
        assert_int_equal(tree_read(0x28, PCI_VENDOR_ID, 2), 0xffff);
        assert_int_equal(tree.host[0].opens, tree.host[0].closes);
        assert_int_equal(sim_xen_leaks(&tree.xen, NULL, 0), 0);
    }
    assert_in_range(tries, 4, 30);
    sim_fault_clear(&d->config_fault);
    assert_int_equal(tree_insert(F0 "@28"), 0x28);
}

/* 2.14: the function of another segment is another one. */
static void test_2_14_segments(void **state)
{
    struct capture c;

    (void)state;
    add_card(0);
    card_function(&c, 0);
    c.addr.domain = 1;
    world_build_bar(&c, 0, HOST_MEM + 9 * STRIDE, CARD_SIZE, 0);
    pt_store(c.cfg + PCI_DEVICE_ID, 0xaaaa, 2);
    tree_add_host(&c);
    assert_int_equal(tree_insert("0001:03:00.0"), 0x20);
    assert_int_equal(tree_read(0x20, PCI_DEVICE_ID, 2), 0xaaaa);
    assert_int_equal(bdf_to_devfn((char[]) { F0 }), -1);
    assert_int_equal(tree_insert(F0), 0x28);
    assert_int_equal(bdf_to_devfn((char[]) { "1:3:0.0" }), 0x20);
    assert_true(tree_remove(F0, 0x28));
    assert_int_equal(test_pci_devfn(0x20), 1);
}

/* ------------------------------------------------------------------ */
/* A life                                                              */

/*
 * Seven functions: attached, driven, removed, a thousand times, all through
 * xenstore's strings and the guest's ports. What the process has is then what
 * it had after the first time.
 */
static void test_a_thousand_times(void **state)
{
    unsigned rounds = world_rounds(1000), devices = 0, places = 0;

    (void)state;
    for (unsigned n = 0; n < 7; n++) {
        add_card(n);
    }
    for (unsigned round = 0; round < rounds; round++) {
        for (unsigned n = 7; n-- > 0;) {
            int devfn = 0x28 + (int)n;

            assert_int_equal(tree_insert("0000:03:00.%x@%02x,msitranslate=0,"
                                         "power_mgmt=0", n, (unsigned)devfn),
                             devfn);
        }
        for (unsigned n = 0; n < 7; n++) {
            place(0x28 + (int)n, n);
            drive(0x28 + (int)n, n);
        }
        /* Each one vector, and no line beside it. */
        assert_int_equal(sim_xen_num_bound(&tree.xen, NULL), 7);
        assert_true(tree_remove(F0, 0x28));
        assert_int_equal(sim_xen_leaks(&tree.xen, NULL, 0), 0);
        for (unsigned n = 0; n < 7; n++) {
            assert_int_equal(tree.host[n].opens, tree.host[n].closes);
            assert_false(tree_trapped(guest_mem(n) + TABLE));
        }
        if (round == 0) {
            devices = tree.registered;
            places = tree.num_mmio;
        }
    }
    assert_int_equal(tree.registered, devices);
    assert_int_equal(tree.num_mmio, places);
    assert_int_equal(tree.xen_opens, 1);
}

/* Each hypercall fails in turn, in a whole life: nothing is left. */
static void test_2_13_each_hypercall_fails(void **state)
{
    uint64_t n = 0, fired;

    (void)state;
    add_card(0);
    do {
        fired = tree.xen.fault.fired;
        sim_fault_at(&tree.xen.fault, ++n, EPERM);
        if (tree_insert(F0 "@28") == 0x28) {
            place(0x28, 0);
            drive(0x28, 0);
            place(0x28, 1);
            power_off_php_devfn(0x28);
        }
        assert_int_equal(test_pci_devfn(0x28), 0);
        assert_int_equal(sim_xen_leaks(&tree.xen, NULL, 0), 0);
        assert_int_equal(tree.host[0].opens, tree.host[0].closes);
    } while (tree.xen.fault.fired != fired);
    assert_in_range(n, 15, 100);
    sim_fault_clear(&tree.xen.fault);
}

static int random_devfn(struct world_rng *rng)
{
    return (int)(world_random(rng) % (8 * NR_PCI_FUNC));
}

static void random_guest(struct world_rng *rng)
{
    static const uint32_t values[] = {
        0, 0xffffffff, 0x7, 0x407, 0xc0000000, 0xc0008000, 0x80000000,
        0xf0000000, 0x20, 0xc000, 0x3,
    };
    static const int lens[] = { 1, 2, 4 };
    uint32_t val = world_random(rng) % 3 ?
        values[world_random(rng) % COUNT(values)] : world_random(rng);
    uint64_t gpa = GUEST_MEM + (world_random(rng) % (2 * STRIDE));
    int len = lens[world_random(rng) % 3];

    switch (world_random(rng) % 4) {
    case 0:
        tree_mmio_write(gpa & ~UINT64_C(3), val, len);
        tree_mmio_read(gpa & ~UINT64_C(3), len);
        break;
    case 1:
        tree_read(random_devfn(rng), world_random(rng) % 253, len);
        break;
    case 2:
        tree_outb(ACPI_STATUS + world_random(rng) % 32,
                  world_random(rng) & 1 ? 0x10 : 0x01);
        break;
    default:
        tree_write(random_devfn(rng), world_random(rng) % 253, val, len);
    }
}

/*
 * Toolstack and guest do whatever comes: nothing is left in the end, nothing
 * exits, and no simulator complains.
 */
static void test_random_session(void **state)
{
    struct world_rng rng = { 42 };

    (void)state;
    for (unsigned n = 0; n < 7; n++) {
        add_card(n);
    }
    for (unsigned i = world_rounds(40000); i > 0; i--) {
        unsigned func = world_random(&rng) % 7;
        char bdf[32];

        switch (world_random(&rng) % 12) {
        case 0:
            tree_insert("0000:03:00.%x@%x", func,
                        world_random(&rng) % 4 ?
                        (unsigned)random_devfn(&rng) : 0x100 + func);
            break;
        case 1:
            snprintf(bdf, sizeof(bdf), "0000:03:00.%x", func);
            tree_command("pci-rem", bdf);
            break;
        case 2:
            place(random_devfn(&rng), world_random(&rng) % 4);
            break;
        case 3:
            drive(random_devfn(&rng), world_random(&rng) % 4);
            break;
        default:
            random_guest(&rng);
        }
    }
    for (int devfn = NR_PCI_DEVFN - 1; devfn >= 0; devfn--) {
        power_off_php_devfn(devfn);
    }
    assert_int_equal(sim_xen_leaks(&tree.xen, NULL, 0), 0);
    assert_in_range(tree.registered, 1, NR_PCI_DEVFN);
    assert_false(tree.exited);
}

/* 1.15.2: nothing of libpci and Xen until a device comes. */
static void test_1_15_2_lazy(void **state)
{
    (void)state;
    assert_int_equal(tree.device_opens, 0);
    assert_int_equal(tree.xen_opens, 0);
    assert_int_equal(power_on_php_devfn(0x28), -1);
    assert_int_equal(power_off_php_devfn(0x28), -1);
    assert_int_equal(power_on_php_devfn(-1), -1);
    assert_int_equal(power_off_php_devfn(999), -1);
    assert_int_equal(tree.device_opens, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_1_8_1_no_lifetime_counter),
        T(test_1_8_2_no_free_slot),
        T(test_1_8_3_at_boot),
        T(test_1_8_4_any_slot_and_two_errors),
        T(test_1_8_5_the_devfn_that_it_got),
        T(test_1_8_6_every_devfn),
        T(test_1_8_7_no_overflow),
        T(test_1_8_8_last_slots),
        T(test_1_8_9_one_grammar),
        T(test_1_8_10_no_reset),
        T(test_1_8_11_two_digits),
        T(test_1_8_12_one_address_a_string),
        T(test_1_8_13_remove_of_unknown),
        T(test_1_8_14_twice_is_stale),
        T(test_stale_device_was_written_to),
        T(test_1_8_15_paused),
        T(test_1_8_17_unplug_leaves_it),
        T(test_bars_came_back_with_the_next_access_only),
        T(test_1_8_18_domain_defaults),
        T(test_libxl_says_no_and_the_file_yes),
        T(test_a_policy_file_that_is_wrong_is_refused),
        T(test_1_8_21_registered_with_xen),
        T(test_1_9_1_header_type),
        T(test_1_9_2_latency_timer),
        T(test_1_9_3_functions_of_a_slot),
        T(test_1_9_4_auto_slot_of_a_function),
        T(test_1_9_5_pins_and_ranges),
        T(test_2_23_multifunction_follows_the_guest),
        T(test_2_13_failed_attach),
        T(test_2_14_segments),
        T(test_a_thousand_times),
        T(test_2_13_each_hypercall_fails),
        T(test_random_session),
        T(test_1_15_2_lazy),
    };

    return cmocka_run_group_tests_name("classic glue", tests, NULL, NULL);
}
