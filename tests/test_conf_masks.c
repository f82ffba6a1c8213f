/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The policy file's registers. */
#include "lib-conf-card.h"

/* ------------------------------------------------------------------ */
/* What the words mean                                                 */

static void emu_is_the_guests_own_copy(void **state)
{
    struct world w;

    (void)state;
    attach_card(&w, "[all]\nregister 0xf0.4 = emu\n");
    assert_int_equal(rd32(&w, OWN), 0x12345678);
    wr32(&w, OWN, 0xdeadbeef);
    assert_int_equal(rd32(&w, OWN), 0xdeadbeef);
    assert_int_equal(dev(&w, OWN, 4), 0x12345678);
    assert_false(written(&w, OWN, 4));
    pt_reset(w.d);
    assert_int_equal(rd32(&w, OWN), 0x12345678);
    assert_true(world_close(&w));
}

static void ro_is_the_devices_value(void **state)
{
    struct world w;

    (void)state;
    attach_card(&w, "[all]\nregister 0xf0.4 = ro\n");
    wr32(&w, OWN, 0);
    assert_false(written(&w, OWN, 4));
    pt_store(w.sim.dev.cfg + OWN, 0x55, 4);
    assert_int_equal(rd32(&w, OWN), 0x55);
    assert_true(world_close(&w));
}

static void const_zero_and_one_are_constants(void **state)
{
    struct world w;

    (void)state;
    attach_card(&w, "[all]\nregister 0xf0.4 = zero 0xff, one 0x8000ff00, "
                "const\n");
    assert_int_equal(rd32(&w, OWN), 0x9234ff00);
    wr32(&w, OWN, 0x55555555);
    pt_store(w.sim.dev.cfg + OWN, 0x55, 4);
    assert_int_equal(rd32(&w, OWN), 0x9234ff00);
    assert_false(written(&w, OWN, 4));
    assert_true(world_close(&w));
}

/* Bits of one byte go different ways, and bits that nothing names as always. */
static void bits_of_a_register_go_their_own_ways(void **state)
{
    struct world w;

    (void)state;
    attach_card(&w, "[all]\nregister 0xf0.2 = emu 0x000f, ro 0x00f0\n");
    wr32(&w, OWN, 0xffffffff);
    assert_int_equal(rd32(&w, OWN), 0xffffff7f);
    assert_int_equal(dev(&w, OWN, 4), 0xffffff78);
    assert_true(world_close(&w));
}

/* A neighbour's write would have cleared it. */
static void rw1c_is_written_as_one_by_the_guest_only(void **state)
{
    struct world w;

    (void)state;
    attach_card(&w, "[all]\nregister 0xf0.1 = rw1c 0x08\n");
    w.sim.dev.rw1c[OWN] = 0x08;
    w.sim.dev.rw[OWN] = 0xf7;
    wr8(&w, OWN, 0x70);
    assert_int_equal(dev(&w, OWN, 1), 0x78);
    wr8(&w, OWN, 0x78);
    assert_int_equal(dev(&w, OWN, 1), 0x70);
    assert_true(world_close(&w));
}

/* The only thing that a file opens, and no more than that. */
static void fwd_opens_a_register_of_a_strict_device(void **state)
{
    struct world w;

    (void)state;
    attach_card(&w, "[all]\nstrict = 1\nregister 0xf0.2 = fwd 0x0ff0\n");
    wr32(&w, OWN, 0xffffffff);
    assert_int_equal(dev(&w, OWN, 4), 0x12345ff8);
    assert_true(world_close(&w));
}

/* Permissive but for one register: of PCI Express, Device Status 2. */
static void permissive_is_narrowed(void **state)
{
    struct world w;

    (void)state;
    attach_card(&w, "[all]\npermissive = 1\n"
                "register 0xaa.2 = fwd 0x1, ro\n");
    w.sim.dev.rw[EXPRESS + 0x2a] = w.sim.dev.rw[EXPRESS + 0x2b] = 0xff;
    wr16(&w, EXPRESS + 0x2a, 0xffff);
    assert_int_equal(dev(&w, EXPRESS + 0x2a, 2), 0x0001);
    assert_true(world_close(&w));
}

/* One of the device's that a driver should not see: 64-bit AtomicOp. */
static void a_constant_of_a_table_loses_a_bit(void **state)
{
    struct world w;

    (void)state;
    open_card(&w, "[all]\nregister 0xa4.4 = zero 0x100\n");
    pt_store(w.sim.dev.cfg + EXPRESS + PCI_EXP_DEVCAP2, 0x0000011f, 4);
    assert_true(world_attach(&w));
    assert_int_equal(rd32(&w, EXPRESS + PCI_EXP_DEVCAP2), 0x0000001f);
    assert_true(world_close(&w));
}

/* One read more at attach, and no other cost. */
static void extended_space_has_registers_too(void **state)
{
    uint64_t reads[2];
    struct world w;

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        open_card(&w, i ? "[all]\nextended = 1\nregister 0x108.4 = emu\n" :
                  "[all]\nextended = 1\n");
        pt_store(w.sim.dev.cfg + 0x108, 0x00100000, 4);
        assert_true(world_attach(&w));
        reads[i] = w.sim.dev.count.reads;
        if (i) {
            assert_int_equal(rd32(&w, 0x108), 0x00100000);
            wr32(&w, 0x108, 0x30);
            assert_int_equal(rd32(&w, 0x108), 0x30);
            assert_int_equal(dev(&w, 0x108, 4), 0x00100000);
        }
        assert_true(world_close(&w));
    }
    assert_int_equal(reads[1], reads[0] + 1);
}

/* Of a register that attaching has no use for, it was 0. */
static void a_constant_of_extended_space_is_read_at_attach(void **state)
{
    struct world w;

    (void)state;
    open_card(&w, "[all]\nextended = 1\nregister 0x11c.4 = const\n");
    pt_store(w.sim.dev.cfg + 0x11c, 0xcafe, 4);
    assert_true(world_attach(&w));
    pt_store(w.sim.dev.cfg + 0x11c, 0xbabe, 4);
    assert_int_equal(rd32(&w, 0x11c), 0xcafe);
    assert_true(world_close(&w));
}

/* One write of a dword ran across, with zeros: Correctable Error Status. */
static void a_neighbours_write_went_over_a_register(void **state)
{
    struct world w;

    (void)state;
    attach_card(&w, "[all]\nextended = 1\nregister 0x110.1 = zero\n");
    wr32(&w, 0x10e, 0xffffffff);
    assert_true(written(&w, 0x10e, 2));
    assert_false(written(&w, 0x110, 1));
    assert_true(world_close(&w));
}

/* Where the guest has none of it, there is nothing to change. */
static void a_device_without_extended_space_is_attached(void **state)
{
    struct world w;

    (void)state;
    open_card(&w, "[all]\nextended = 1\nregister 0x108.4 = emu\n");
    w.args.policy.extended = false;
    assert_true(world_attach(&w));
    assert_true(world_close(&w));
}

static void a_register_that_can_not_be_read_refuses_the_device(void **state)
{
    struct world w;

    (void)state;
    open_card(&w, "[all]\nextended = 1\nregister 0x108.4 = emu\n");
    for (unsigned n = 1; n < 20 && !w.err.text[0]; n++) {
        sim_fault_at(&w.sim.dev.config_fault, n, EIO);
        if (world_attach(&w)) {
            world_detach(&w);
        } else if (!strstr(w.err.text, "0x108.4: Input/output")) {
            w.err.text[0] = '\0';
        }
        w.sim.dev.config_fault = (struct sim_fault) { 0 };
    }
    assert_string_equal(w.err.text, "f:3 [all]: register 0x108.4: "
                        "Input/output error");
    assert_true(world_close(&w));
}

/* ------------------------------------------------------------------ */
/* What is never changed                                               */

static void what_is_not_the_files_is_refused_with_line_and_reason(void **state)
{
    static const struct {
        const char *line, *why;
    } bad[] = {
        { "register 0x40.1 = ro", "the chain of capabilities is as it is" },
        { "register 0x41.1 = zero", "the chain of capabilities is as it is" },
        { "register 0x80.2 = emu", "the chain of capabilities is as it is" },
        { "register 0x80.4 = emu 0x100",
          "the chain of capabilities is as it is" },
        { "register 0x100.4 = ro", "the chain of capabilities is as it is" },
        { "register 0x140.4 = zero", "the chain of capabilities is as it is" },
        { "register 0x52.2 = fwd", "MSI and MSI-X are Xen's" },
        { "register 0x54.4 = ro", "MSI and MSI-X are Xen's" },
        { "register 0x62.2 = fwd 0x8000", "MSI and MSI-X are Xen's" },
        { "register 0x64.4 = one 1", "a mask is written as 0x00ff, and has" },
        { "register 0x64.4 = one 0x1", "MSI and MSI-X are Xen's" },
        { "register 0x44.2 = fwd 0x3",
          "writing it has effects, which masks can't change" },
        { "register 0x88.2 = ro",
          "writing it has effects, which masks can't change" },
        { "register 0x84.4 = fwd 0x10000000", "no policy opens this" },
        { "register 0x90.2 = fwd 0x3", "no policy opens this" },
        { "register 0x8a.2 = fwd 0x8000", "only permissive opens this" },
        { "register 0xaa.2 = fwd", "only permissive opens this" },
        { "register 0x8a.2 = rw1c 0x40", "only permissive opens this" },
        { "register 0x94.2 = fwd", "only permissive opens this" },
        { "hide = PM\nregister 0x44.2 = fwd", "no policy opens this" },
        { "register 0xc0.4 = ro", "reads 0, whatever the device has" },
        { "register 0x800.4 = ro", "reads 0, whatever the device has" },
    };
    char text[128];
    struct world w;

    (void)state;
    for (unsigned i = 0; i < COUNT(bad); i++) {
        struct pt_conf_choice choice;
        struct pt_error err = { "" };
        struct pt_policy p;

        snprintf(text, sizeof(text), "[all]\nextended = 1\n%s\n",
                 bad[i].line);
        if (read_conf(text, NULL, &p, &choice, &err) != 0) {
            assert_non_null(strstr(err.text, bad[i].why));
            continue;
        }
        open_card(&w, text);
        if (world_attach(&w)) {
            fail_msg("%s is accepted", bad[i].line);
        }
        if (strncmp(w.err.text, "f:", 2) != 0 ||
            !strstr(w.err.text, " [all]: register 0x") ||
            !strstr(w.err.text, bad[i].why)) {
            fail_msg("%s: %s", bad[i].line, w.err.text);
        }
        assert_int_equal(w.sim.dev.count.writes, 0);
        assert_true(world_close(&w));
    }
}

/* With permissive, too; and what the file hides itself. */
static void permissive_opens_no_more_to_a_file(void **state)
{
    static const char *const bad[] = {
        "register 0x52.2 = fwd", "register 0x62.2 = fwd",
        "register 0x44.2 = fwd", "register 0x84.4 = fwd",
        "register 0x90.2 = fwd", "register 0x41.1 = fwd",
        "hide = PCIe\nregister 0x88.2 = fwd",
        "hide = MSI-X\nregister 0x62.2 = fwd",
        "hide = PM\nregister 0x44.2 = fwd",
    };
    char text[128];
    struct world w;

    (void)state;
    for (unsigned i = 0; i < COUNT(bad); i++) {
        snprintf(text, sizeof(text), "[all]\npermissive = 1\n%s\n", bad[i]);
        open_card(&w, text);
        if (world_attach(&w)) {
            fail_msg("%s is accepted", bad[i]);
        }
        assert_true(world_close(&w));
    }
}

static void a_mirror_of_the_header_is_not_the_files(void **state)
{
    struct world w;

    (void)state;
    open_mirrored(&w, "[all]\nregister 0x84.2 = fwd\n");
    assert_false(world_attach(&w));
    assert_non_null(strstr(w.err.text, "is found here again"));
    assert_true(world_close(&w));
}

static void what_can_not_be_understood_is_refused(void **state)
{
    static const struct {
        const char *line, *err;
    } bad[] = {
        { "register = ro", "f:2: there is no key 'register'" },
        { "register 0xf0 = ro", "f:2: register '0xf0': neither 0xNN.1, "
          "0xNN.2 nor 0xNN.4" },
        { "register f0.2 = ro", "f:2: register 'f0.2': neither 0xNN.1, "
          "0xNN.2 nor 0xNN.4" },
        { "register 0xf0.3 = ro", "f:2: register '0xf0.3': neither 0xNN.1, "
          "0xNN.2 nor 0xNN.4" },
        { "register 0x1000.4 = ro", "f:2: register '0x1000.4': neither "
          "0xNN.1, 0xNN.2 nor 0xNN.4" },
        { "register 0xf0.2 =", "f:2: '' is none of emu, ro, const, zero, one, "
          "fwd, rw1c" },
        { "register 0xf0.2 = rw", "f:2: 'rw' is none of emu, ro, const, zero, "
          "one, fwd, rw1c" },
        { "register 0xf0.2 = ro 0xff,", "f:2: '' is none of emu, ro, const, "
          "zero, one, fwd, rw1c" },
        { "register 0xf0.2 = ro ff", "f:2: ro: a mask is written as 0x00ff, "
          "and has a bit" },
        { "register 0xf0.2 = ro 0x0", "f:2: ro: a mask is written as 0x00ff, "
          "and has a bit" },
        { "register 0xf0.2 = ro 0x1 0x2", "f:2: ro: a mask is written as "
          "0x00ff, and has a bit" },
        { "register 0xf0.2 = ro, emu", "f:2: two words without a mask" },
        { "register 0xf0.2 = ro 0xff, emu 0x1ff",
          "f:2: emu: bits 0xff are named twice" },
        { "register 0xf0.1 = ro 0xff, emu",
          "f:2: no bit is left for the word without a mask" },
        { "register 0xf0.1 = ro 0x100",
          "f:2: register 0xf0.1: a bit beyond its size" },
        { "register 0xf1.2 = ro",
          "f:2: register 0xf1.2: is not at a multiple of its size" },
        { "register 0x04.2 = ro",
          "f:2: register 0x4.2: the header, up to 0x3f, is as it is" },
        { "register 0x3f.1 = emu",
          "f:2: register 0x3f.1: the header, up to 0x3f, is as it is" },
        { "register 0x108.4 = fwd",
          "f:2: register 0x108.4: above 0xff nothing is opened" },
        { "register 0xf0.4 = ro\nregister 0xf2.2 = emu",
          "f:3: some of it is in line 2 already" },
        { "register 0x108.4 = ro",
          "f:2 [all]: register 0x108.4: only with extended" },
    };
    struct pt_conf_choice choice;
    struct pt_error err;
    struct pt_policy p;
    char text[128];

    (void)state;
    for (unsigned i = 0; i < COUNT(bad); i++) {
        snprintf(text, sizeof(text), "[all]\n%s\n", bad[i].line);
        assert_int_equal(read_conf(text, NULL, &p, &choice, &err), -EINVAL);
        assert_string_equal(err.text, bad[i].err);
    }
}

static void too_many_registers_are_refused(void **state)
{
    char *text = calloc(1, PT_CONF_MAX_SIZE);
    struct pt_conf_choice choice;
    struct pt_error err = { "" };
    struct pt_policy p;

    (void)state;
    assert_non_null(text);
    strcpy(text, "[all]\n");
    for (unsigned i = 0; i <= PT_MAX_MASKS; i++) {
        assert_int_equal(read_conf(text, NULL, &p, &choice, &err), 0);
        assert_int_equal(p.num_masks, i);
        snprintf(text + strlen(text), 40, "register %#x.1 = ro\n", 0xc0 + i);
    }
    assert_int_equal(read_conf(text, NULL, &p, &choice, &err), -EINVAL);
    assert_string_equal(err.text, "more than 16 registers of one device");
    text[0] = '\0';
    for (unsigned i = 0; i <= PT_CONF_MAX_REGISTERS; i++) {
        snprintf(text + strlen(text), 60, "[1234:%04x]\nregister 0xc0.1 = "
                 "ro\n", i / 16 * 16 + i % 16);
        if (i == PT_CONF_MAX_REGISTERS) {
            break;
        }
        assert_int_equal(i % 64 ? 0 : read_conf(text, NULL, &p, &choice,
                                                &err), 0);
    }
    assert_int_equal(read_conf(text, NULL, &p, &choice, &err), -EINVAL);
    free(text);
}

/* What is too much for the engine is refused there, too. */
static void the_engine_trusts_no_policy(void **state)
{
    static const struct pt_policy bad[] = {
        { .num_masks = PT_MAX_MASKS + 1 },
        { .num_added = PT_MAX_ADDED + 1 },
        { .num_masks = 1, .mask = { { .off = 4, .size = 2, .fwd = 1 } } },
        { .num_masks = 1, .mask = { { .off = 0xf0, .size = 3, .ro = 1 } } },
        { .num_masks = 1, .mask = { { .off = 0xf0, .size = 0, .ro = 1 } } },
        { .num_masks = 1, .mask = { { .off = 0xf0, .size = 2 } } },
        { .num_masks = 1, .mask = { { .off = 0xfffc, .size = 4, .ro = 1 } } },
        { .num_masks = 1, .mask = { { .off = 0xf0, .size = 2, .ro = 1,
                                      .emu = 1 } } },
        { .num_masks = 2, .mask = { { .off = 0xf0, .size = 4, .ro = 1 },
                                    { .off = 0xf2, .size = 2, .ro = 1 } } },
        { .num_added = 1, .added = { { .pos = 0x3c, .size = 3,
                                       .data = { 9, 0, 3 } } } },
        { .num_added = 1, .added = { { .pos = 0xfc, .size = 8,
                                       .data = { 9, 0, 8 } } } },
        { .num_added = 1, .added = { { .pos = 0xf0, .size = 200,
                                       .data = { 9, 0, 200 } } } },
        { .num_added = 1, .added = { { .pos = 0xf0, .size = 12,
                                       .data = { 0x11, 0, 12 } } } },
    };
    struct capture c;
    struct world w;

    (void)state;
    build(&c);
    for (unsigned i = 0; i < COUNT(bad); i++) {
        world_init(&w, &c, &bad[i], NULL);
        if (world_attach(&w)) {
            fail_msg("policy %u is accepted", i);
        }
        assert_true(w.err.text[0] != '\0');
        assert_true(world_close(&w));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(emu_is_the_guests_own_copy),
        cmocka_unit_test(ro_is_the_devices_value),
        cmocka_unit_test(const_zero_and_one_are_constants),
        cmocka_unit_test(bits_of_a_register_go_their_own_ways),
        cmocka_unit_test(rw1c_is_written_as_one_by_the_guest_only),
        cmocka_unit_test(fwd_opens_a_register_of_a_strict_device),
        cmocka_unit_test(permissive_is_narrowed),
        cmocka_unit_test(a_constant_of_a_table_loses_a_bit),
        cmocka_unit_test(extended_space_has_registers_too),
        cmocka_unit_test(a_constant_of_extended_space_is_read_at_attach),
        cmocka_unit_test(a_neighbours_write_went_over_a_register),
        cmocka_unit_test(a_device_without_extended_space_is_attached),
        cmocka_unit_test(a_register_that_can_not_be_read_refuses_the_device),
        cmocka_unit_test(what_is_not_the_files_is_refused_with_line_and_reason),
        cmocka_unit_test(permissive_opens_no_more_to_a_file),
        cmocka_unit_test(a_mirror_of_the_header_is_not_the_files),
        cmocka_unit_test(what_can_not_be_understood_is_refused),
        cmocka_unit_test(too_many_registers_are_refused),
        cmocka_unit_test(the_engine_trusts_no_policy),
    };

    return cmocka_run_group_tests_name("policy file's registers", tests, NULL,
                                       NULL);
}
