/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The capabilities that a policy file adds, and those that it hides. */
#include "lib-conf-card.h"

/* ------------------------------------------------------------------ */
/* Capabilities that are added                                         */

static void an_added_capability_is_the_last_of_the_chain(void **state)
{
    struct world w;

    (void)state;
    attach_card(&w, "[all]\nadd = 0xf0 Vendor 08 50 32 50 08 00\n");
    assert_int_equal(rd8(&w, EXPRESS + 1), 0xf0);
    assert_int_equal(rd32(&w, 0xf0), 0x50080009);
    assert_int_equal(rd32(&w, 0xf4), 0x00085032);
    wr32(&w, 0xf0, 0xffffffff);
    wr32(&w, 0xf4, 0xffffffff);
    assert_int_equal(rd32(&w, 0xf0), 0x50080009);
    assert_int_equal(rd32(&w, 0xf4), 0x00085032);
    assert_int_equal(dev(&w, 0xf0, 4), 0x12345678);
    /* Neither read nor written there. */
    assert_int_equal(w.sim.dev.count.writes, 0);
    pt_reset(w.d);
    assert_int_equal(rd32(&w, 0xf4), 0x00085032);
    assert_true(world_close(&w));
}

static void a_device_without_capabilities_gets_two(void **state)
{
    struct pt_conf_choice choice;
    struct pt_error err = { "" };
    struct pt_policy p;
    struct capture c;
    struct world w;

    (void)state;
    assert_int_equal(read_conf("[all]\nadd = 0xf0 Vendor 03, 0x40 Vendor 05 "
                               "01 02\nhide = Vendor\n", NULL, &p, &choice,
                               &err), 0);
    card(&c);
    begin(&w, &c, &p);
    assert_int_equal(rd16(&w, PCI_STATUS) & PCI_STATUS_CAP_LIST,
                     PCI_STATUS_CAP_LIST);
    assert_int_equal(rd8(&w, PCI_CAPABILITY_LIST), 0xf0);
    assert_int_equal(rd32(&w, 0xf0) & 0xffffff, 0x034009);
    assert_int_equal(rd32(&w, 0x40), 0x01050009);
    assert_int_equal(rd8(&w, 0x44), 0x02);
    assert_true(world_close(&w));
}

static void what_can_not_be_added_is_refused(void **state)
{
    static const struct {
        const char *value, *err;
    } bad[] = {
        { "0xe8 Vendor 08 50 32 50 08 00", NULL },  /* AGP's last bytes */
        { "0xe0 Vendor 04 00", NULL },
        { "0x48 Vendor 0c 0 1", "'0' is no byte" },
        { "0x48 Vendor 0c 00 00 00 00 00 00 00 00 00", NULL },
        { "0xf0 Vendor 03, 0xf0 Vendor 03", NULL },
        { "0xf0", "neither nothing nor 0xNN Vendor" },
        { "0xf0 MSI 08", "neither nothing nor 0xNN Vendor" },
        { "f0 Vendor 03", "neither nothing nor 0xNN Vendor" },
        { "0x1f0 Vendor 03", "neither nothing nor 0xNN Vendor" },
        { "0xf0 Vendor", "too short" },
        { "0xf0 Vendor 04", "is not how long it is" },
        { "0xf2 Vendor 03", "multiples of 4" },
        { "0x3c Vendor 03", "multiples of 4" },
        { "0xfc Vendor 05 00 00", "does not end before 0x100" },
        { "0xf0 Vendor 03,", "neither nothing nor" },
        { "0xc0 Vendor 21 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 "
          "00 00 00 00 00 00 00 00 00 00 00 00 00 00", "one too much" },
        { "0x40 Vendor 03, 0x44 Vendor 03, 0x48 Vendor 03, 0x4c Vendor 03, "
          "0x50 Vendor 03", "more than 4" },
    };
    char text[256];
    struct world w;

    (void)state;
    for (unsigned i = 0; i < COUNT(bad); i++) {
        struct pt_conf_choice choice;
        struct pt_error err = { "" };
        struct pt_policy p;
        int rc;

        snprintf(text, sizeof(text), "[all]\nadd = %s\n", bad[i].value);
        rc = read_conf(text, NULL, &p, &choice, &err);
        if (bad[i].err) {
            assert_int_equal(rc, -EINVAL);
            assert_memory_equal(err.text, "f:2: ", 5);
            assert_non_null(strstr(err.text, bad[i].err));
            continue;
        }
        open_card(&w, text);
        assert_false(world_attach(&w));
        assert_memory_equal(w.err.text, "f:2 [all]: add 0x", 17);
        assert_non_null(strstr(w.err.text, "a capability is there"));
        assert_true(world_close(&w));
    }
}

/* What is added must not hide them from us. */
static void mirrors_stay_closed_beside_what_is_added(void **state)
{
    struct world w;

    (void)state;
    open_mirrored(&w, "[all]\nadd = 0x90 Vendor 08 01 02 03 04 05\n");
    assert_true(world_attach(&w));
    sim_dev_forget(&w.sim.dev);
    assert_int_equal(rd32(&w, 0x90), 0x01080009);
    wr16(&w, 0x84, 0xffff);
    wr32(&w, 0x90, 0xffffffff);
    assert_int_equal(w.sim.dev.count.writes, 0);
    assert_true(world_close(&w));
}

/* ------------------------------------------------------------------ */
/* What is hidden                                                      */

/* D3hot took the host's payload size and error masks, and nobody knew. */
static void what_the_file_hides_comes_back_after_a_reset(void **state)
{
    struct pt_policy p;
    struct capture c;
    struct world w;

    (void)state;
    for (unsigned express = 0; express < 2; express++) {
        p = policy_of(express ?
            "[all]\npower_mgmt = 1\nextended = 1\nhide = PCIe\n" :
            "[all]\npower_mgmt = 1\nextended = 1\nhide = AER\n");
        build(&c);
        pt_store(c.cfg + PM + PCI_PM_CTRL, 0, 2);
        pt_store(c.cfg + EXPRESS + PCI_EXP_DEVCTL, 0x2020, 2);
        pt_store(c.cfg + 0x100 + PCI_ERR_UNCOR_MASK, 0x00100000, 4);
        begin(&w, &c, &p);
        assert_true(world_power(&w, 3));
        w.sim.bus.clock.now_us += 100000;
        assert_true(world_power(&w, 0));
        w.sim.bus.clock.now_us += 100000;
        assert_int_equal(rd8(&w, PM), PCI_CAP_ID_PM);
        assert_int_equal(w.sim.dev.count.resets, 1);
        assert_int_equal(dev(&w, EXPRESS + PCI_EXP_DEVCTL, 2), 0x2020);
        assert_int_equal(dev(&w, 0x100 + PCI_ERR_UNCOR_MASK, 4), 0x00100000);
        assert_true(world_close(&w));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_added_capability_is_the_last_of_the_chain),
        cmocka_unit_test(a_device_without_capabilities_gets_two),
        cmocka_unit_test(what_can_not_be_added_is_refused),
        cmocka_unit_test(mirrors_stay_closed_beside_what_is_added),
        cmocka_unit_test(what_the_file_hides_comes_back_after_a_reset),
    };

    return cmocka_run_group_tests_name("policy file's capabilities", tests,
                                       NULL, NULL);
}
