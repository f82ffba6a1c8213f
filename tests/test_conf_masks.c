/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The policy file's registers, and the capabilities that it adds. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib-lessons.h"
#include "pt-conf.h"

/* The card's structures, and a register of its own. */
#define PM 0x40
#define MSI 0x50
#define MSIX 0x60
#define VPD 0x70
#define EXPRESS 0x80
#define AGP 0xbc
#define OWN 0xf0

static void build(struct capture *c)
{
    const uint8_t agp[0x2e] = { 0x20 };

    card(c);
    card_pm(c, PM, 0x0003, 0x0008);
    card_msi(c, MSI);
    card_msix(c, MSIX, 4, 0x2000, 0x3000);
    card_vpd(c, VPD);
    card_express(c, EXPRESS, 2, 0, SPEC_EXP_V2);
    world_build_cap(c, AGP, PCI_CAP_ID_AGP, agp, sizeof(agp));
    pt_store(c->cfg + OWN, 0x12345678, 4);
    c->len = SIM_CFG_SIZE;
    /* AER, and a serial number. */
    pt_store(c->cfg + 0x100, 0x14020001, 4);
    pt_store(c->cfg + 0x140, 0x00010003, 4);
}

static int read_conf(const char *text, const char *guest, struct pt_policy *p,
                     struct pt_conf_choice *c, struct pt_error *err)
{
    static const struct pt_conf_id id = {
        .addr = { .bus = 3 }, .vendor = 0x8086, .device = 0x1533,
        .class = 0x020000,
    };
    struct pt_conf *host = NULL, *own = NULL;
    int rc = pt_conf_parse("f", text, strlen(text), &host, err);

    pt_conf_begin(c);
    if (rc == 0 && guest) {
        rc = pt_conf_parse("guest.conf", guest, strlen(guest), &own, err);
    }
    if (rc == 0) {
        pt_conf_apply(host, own, &id, c);
    }
    pt_conf_free(host);
    pt_conf_free(own);
    return rc ? rc : pt_conf_policy(c, p, err);
}

/* The policy that @text is, as it has to be. */
static struct pt_policy policy_of(const char *text)
{
    struct pt_conf_choice choice;
    struct pt_error err = { "" };
    struct pt_policy p;

    if (read_conf(text, NULL, &p, &choice, &err) != 0) {
        fail_msg("%s: %s", text, err.text);
    }
    return p;
}

/* A world with the card under @text, not attached. */
static void open_card(struct world *w, const char *text)
{
    struct pt_policy p = policy_of(text);
    struct capture c;

    build(&c);
    world_init(w, &c, &p, NULL);
}

/* A chip that decodes few bits: its Command is at 0x84, too. */
static void open_mirrored(struct world *w, const char *text)
{
    struct pt_policy p = policy_of(text);

    world_open(w, "hw-isp1040.txt", 0, &p);
}

static void attach_card(struct world *w, const char *text)
{
    open_card(w, text);
    if (!world_attach(w)) {
        fail_msg("%s: %s", text, w->err.text);
    }
    sim_dev_forget(&w->sim.dev);
}

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

/* A capability of the device's that a driver should not see: 64-bit AtomicOp. */
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

/* ------------------------------------------------------------------ */
/* Sections                                                            */

static void the_most_special_section_has_a_register(void **state)
{
    struct pt_conf_choice c;
    struct pt_error err = { "" };
    struct pt_policy p;
    char buf[PT_CONF_ORIGINS];

    (void)state;
    assert_int_equal(read_conf(
        "[8086:1533]\nregister 0xf2.2 = ro\n"
        "[all]\nregister 0xf0.4 = emu\nregister 0xf4.4 = zero\n"
        "[class 02]\nregister 0xf6.1 = one\n",
        "[all]\nregister 0xf3.1 = one\n", &p, &c, &err), 0);
    assert_int_equal(p.num_masks, 2);
    assert_int_equal(p.mask[0].off, 0xf6);
    assert_int_equal(p.mask[1].off, 0xf3);
    assert_int_equal(p.mask[1].one, 0xff);
    assert_string_equal(pt_conf_origin(&c, buf, sizeof(buf)),
                        "from f:7 [class 02] register 0xf6.1, "
                        "guest's guest.conf:2 [all] register 0xf3.1");
    assert_int_equal(read_conf(
        "[8086:1533]\nregister 0xf2.2 = ro\n"
        "[all]\nregister 0xf0.4 = emu\nregister 0xf4.4 = zero\n", NULL, &p,
        &c, &err), 0);
    assert_int_equal(p.num_masks, 2);
    assert_int_equal(p.mask[0].zero, UINT32_MAX);
    assert_int_equal(p.mask[1].ro, 0xffff);
}

/* "[all]", and @num registers of a byte from 0x40 on. */
static const char *all_bytes(unsigned num, const char *more)
{
    static char text[4096];
    size_t len = (size_t)snprintf(text, sizeof(text), "[all]\n");

    for (unsigned i = 0; i < num; i++) {
        len += (size_t)snprintf(text + len, sizeof(text) - len,
                                "register %#x.1 = ro\n", 0x40 + i);
    }
    snprintf(text + len, sizeof(text) - len, "%s", more);
    return text;
}

/* They were counted before the more special sections had dropped theirs. */
static void registers_that_are_dropped_do_not_count(void **state)
{
    static const struct {
        unsigned bytes, left;
        const char *more, *guest;
    } has[] = {
        { 16, 14, "[class 02]\nregister 0x80.1 = ro\n"
          "[03:00.0]\nregister 0x40.4 = emu\n", NULL },
        { 19, 16, "[03:00.0]\nregister 0x40.4 = emu\n", NULL },
        { 16, 14, "", "[all]\nregister 0x80.4 = ro\nregister 0x40.4 = emu\n" },
        { 16, 14, "", "[all]\nregister 0x40.4 = emu\nregister 0x80.4 = ro\n" },
        { 19, 16, "", "[all]\nregister 0x40.4 = emu\n" },
        /* What drops them may be dropped itself. */
        { 20, 14, "", "[all]\nregister 0x40.4 = emu\nregister 0x44.4 = emu\n"
          "[03:00.0]\nregister 0x43.1 = ro\n" },
        { 16, 0, "[03:00.0]\nregister 0x80.1 = ro\n", NULL },
        { 20, 0, "", "[all]\nregister 0x42.2 = emu\n" },
    };
    struct pt_conf_choice c;
    struct pt_policy p;
    struct pt_error err;

    (void)state;
    for (unsigned i = 0; i < COUNT(has); i++) {
        int rc = read_conf(all_bytes(has[i].bytes, has[i].more), has[i].guest,
                           &p, &c, &err);

        if (has[i].left == 0) {
            assert_int_equal(rc, -EINVAL);
            assert_string_equal(err.text, "more than 16 registers of one "
                                "device");
            continue;
        }
        if (rc != 0) {
            fail_msg("%u: %s", i, err.text);
        }
        assert_int_equal(p.num_masks, has[i].left);
    }
}

/* With @said, the toolstack's word. Returns why not, or NULL and @num. */
static const char *extended_registers(const char *text, const char *guest,
                                      int8_t said, unsigned *num)
{
    static struct pt_error err;
    int8_t flags[PT_CONF_NUM_FLAGS];
    char buf[PT_CONF_ORIGINS];
    struct pt_conf_choice c;
    struct pt_policy p;

    memset(flags, PT_CONF_UNSAID, sizeof(flags));
    flags[PT_CONF_EXTENDED] = said;
    err.text[0] = '\0';
    read_conf(text, guest, &p, &c, &err);
    pt_conf_say(&c, flags);
    if (pt_conf_policy(&c, &p, &err) != 0) {
        return err.text;
    }
    *num = p.num_masks;
    pt_conf_origin(&c, buf, sizeof(buf));
    assert_int_equal(strstr(buf, "register 0x110.4") != NULL, p.extended);
    return NULL;
}

/* The device was refused for what other devices have. */
static void a_device_is_excepted_from_extended_space(void **state)
{
    static const struct {
        const char *text, *guest;
        int8_t said;
        int num;  /* -1: refused */
    } is[] = {
        { "[all]\nextended = yes\nregister 0x110.4 = ro\n"
          "[03:00.0]\nextended = no\n", NULL, PT_CONF_UNSAID, 0 },
        { "[all]\nextended = yes\nregister 0x110.4 = ro\n"
          "[03:00.0]\nextended = no\n", NULL, 0, 0 },
        { "[all]\nextended = yes\nregister 0x110.4 = ro\n"
          "[03:00.0]\nextended = no\n", NULL, 1, 1 },
        { "[all]\nextended = yes\nregister 0x110.4 = ro\n", NULL, 0, 0 },
        { "[03:00.0]\nextended = yes\nregister 0x110.4 = ro\n",
          "[all]\nextended = no\n", PT_CONF_UNSAID, 0 },
        { "[all]\nextended = no\n[03:00.0]\nextended = yes\n"
          "register 0x110.4 = ro\n", NULL, PT_CONF_UNSAID, 1 },
        /* Nobody had them in mind when these were written. */
        { "[all]\nregister 0x110.4 = ro\n", NULL, PT_CONF_UNSAID, -1 },
        { "[all]\nextended = no\nregister 0x110.4 = ro\n", NULL,
          PT_CONF_UNSAID, -1 },
        { "[all]\nextended = no\n[03:00.0]\nregister 0x110.4 = ro\n", NULL,
          PT_CONF_UNSAID, -1 },
        { "[03:00.0]\nextended = no\n", "[all]\nregister 0x110.4 = ro\n",
          PT_CONF_UNSAID, -1 },
        { "[all]\nextended = yes\n", "[03:00.0]\nextended = no\n"
          "register 0x110.4 = ro\n", PT_CONF_UNSAID, -1 },
    };

    (void)state;
    for (unsigned i = 0; i < COUNT(is); i++) {
        unsigned num = 0;
        const char *why = extended_registers(is[i].text, is[i].guest,
                                             is[i].said, &num);

        if (is[i].num >= 0 && why) {
            fail_msg("%u: %s", i, why);
        }
        assert_int_equal(num, is[i].num >= 0 ? is[i].num : 0);
        assert_true(is[i].num >= 0 ||
                    (why && strstr(why, "register 0x110.4: only with ext")));
    }
}

static void registers_that_are_excepted_do_not_count(void **state)
{
    char text[4096];
    unsigned num;

    (void)state;
    strcpy(text, all_bytes(16, "[class 02]\nextended = yes\n"));
    for (unsigned i = 0; i < PT_MAX_MASKS + 1; i++) {
        snprintf(text + strlen(text), sizeof(text) - strlen(text),
                 "register %#x.4 = ro\n", 0x110 + 4 * i);
    }
    assert_string_equal(extended_registers(text, NULL, PT_CONF_UNSAID, &num),
                        "more than 16 registers of one device");
    assert_null(extended_registers(text, NULL, 0, &num));
    assert_int_equal(num, 16);
    strcat(text, "[03:00.0]\nextended = no\n");
    assert_null(extended_registers(text, NULL, PT_CONF_UNSAID, &num));
    assert_int_equal(num, 16);
    assert_string_equal(extended_registers(text, NULL, 1, &num),
                        "more than 16 registers of one device");
}

static void the_log_says_who_changed_a_register(void **state)
{
    struct pt_conf_choice c;
    struct pt_error err = { "" };
    struct pt_policy p;
    char buf[PT_CONF_ORIGINS];
    struct world w;

    (void)state;
    open_card(&w, "[all]\nregister 0xf0.4 = ro\nadd = 0xf4 Vendor 04 aa\n");
    assert_int_equal(read_conf("[all]\nregister 0xf0.4 = ro\nadd = 0xf4 "
                               "Vendor 04 aa\n", NULL, &p, &c, &err), 0);
    w.args.origin = pt_conf_origin(&c, buf, sizeof(buf));
    assert_true(world_attach(&w));
    assert_true(sim_bus_logged(&w.sim.bus, " +Vendor Specific@f4"));
    assert_true(sim_bus_logged(&w.sim.bus, "; from f:3 [all] add, f:2 [all] "
                               "register 0xf0.4"));
    assert_true(world_close(&w));
}

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
        cmocka_unit_test(the_most_special_section_has_a_register),
        cmocka_unit_test(registers_that_are_dropped_do_not_count),
        cmocka_unit_test(a_device_is_excepted_from_extended_space),
        cmocka_unit_test(registers_that_are_excepted_do_not_count),
        cmocka_unit_test(the_log_says_who_changed_a_register),
        cmocka_unit_test(an_added_capability_is_the_last_of_the_chain),
        cmocka_unit_test(a_device_without_capabilities_gets_two),
        cmocka_unit_test(what_can_not_be_added_is_refused),
        cmocka_unit_test(mirrors_stay_closed_beside_what_is_added),
        cmocka_unit_test(what_the_file_hides_comes_back_after_a_reset),
    };

    return cmocka_run_group_tests_name("policy file's registers", tests, NULL,
                                       NULL);
}
