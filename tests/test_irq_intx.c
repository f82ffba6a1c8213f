/* SPDX-License-Identifier: GPL-2.0-or-later */
/* INTx: PCI 3.0 sections 2.2.6 and 6.2.4; lessons 1.7. */
#include "lib-irq.h"

static void pin_card(struct capture *c, unsigned pin)
{
    irq_card(c);
    c->cfg[PCI_INTERRUPT_PIN] = (uint8_t)pin;
}

static void open_pin(struct world *w, unsigned pin,
                     const struct sim_xen_opts *xen)
{
    struct capture c;

    pin_card(&c, pin);
    irq_begin(w, &c, NULL, xen);
}

static bool device_disabled(const struct world *w)
{
    return dev(w, PCI_COMMAND, 2) & PCI_COMMAND_DISABLE_INTx;
}

static void test_1_7_5_each_pin_is_bound_as_the_register_reads(void **state)
{
    unsigned pin;

    (void)state;
    for (pin = 1; pin <= 4; pin++) {
        struct world w;

        open_pin(&w, pin, NULL);
        assert_int_equal(rd8(&w, PCI_INTERRUPT_PIN), pin);
        assert_true(line_bound(&w));
        assert_true(hears_intx(&w, pin - 1));
        assert_true(world_close(&w));
    }
}

static void test_1_7_5_pins_above_4_are_taken_for_the_first(void **state)
{
    struct world w;

    (void)state;
    open_pin(&w, 5, NULL);
    /* The guest has to look for its interrupt there. */
    assert_int_equal(rd8(&w, PCI_INTERRUPT_PIN), 1);
    assert_true(hears_intx(&w, 0));
    assert_true(world_close(&w));
}

static void test_1_7_7_without_a_pin_nothing_is_mapped_or_bound(void **state)
{
    struct world w;

    (void)state;
    open_pin(&w, 0, NULL);
    assert_int_equal(w.sim.xen.calls[SIM_MAP_GSI], 0);
    assert_int_equal(w.sim.xen.calls[SIM_BIND_INTX], 0);
    assert_int_equal(pirqs(&w), 0);
    assert_true(world_close(&w));
}

/* A capture's Interrupt Line is the note of another operating system. */
static void test_the_line_is_the_operating_systems_word(void **state)
{
    struct capture c;
    struct world w;

    (void)state;
    pin_card(&c, 1);
    c.cfg[PCI_INTERRUPT_LINE] = 9;
    irq_begin(&w, &c, NULL, NULL);
    assert_null(line_of(&w.sim.xen, 9));
    assert_non_null(line_of(&w.sim.xen, GSI));
    assert_int_equal(rd8(&w, PCI_INTERRUPT_LINE), 0);
    wr8(&w, PCI_INTERRUPT_LINE, 11);
    assert_int_equal(rd8(&w, PCI_INTERRUPT_LINE), 11);
    assert_int_equal(dev(&w, PCI_INTERRUPT_LINE, 1), 9);
    assert_true(hears_intx(&w, 0));
    assert_true(world_close(&w));
}

static void test_1_7_6_pirq_is_xens_choice_and_not_the_line(void **state)
{
    const struct sim_xen_opts xen = { .first_pirq = 77 };
    struct world w;

    (void)state;
    open_pin(&w, 1, &xen);
    assert_int_equal(line_of(&w.sim.xen, GSI)->first, 77);
    assert_int_equal(w.d->irq->intx_pirq, 77);
    assert_true(hears_intx(&w, 0));
    assert_true(world_close(&w));
}

static void test_1_7_1_the_mapped_pirq_is_unbound_with_the_same_pin(void **st)
{
    const struct sim_xen_opts xen = { .first_pirq = 77 };
    struct world w;

    (void)st;
    open_pin(&w, 3, &xen);
    world_detach(&w);
    assert_int_equal(w.sim.xen.calls[SIM_UNBIND_INTX], 1);
    assert_int_equal(w.sim.xen.calls[SIM_UNMAP_PIRQ], 1);
    assert_true(world_close(&w));
}

/* 1.4.8, 1.7.3: messages on and off must not touch the line's binding. */
static void test_1_7_3_unbound_once_and_only_at_detach(void **state)
{
    struct capture c;
    struct world w;
    unsigned i;

    (void)state;
    pin_card(&c, 2);
    add_msi(&c, MSI_64);
    irq_begin(&w, &c, NULL, NULL);
    msi_program(&w, ADDRESS, VECTOR);
    for (i = 0; i < 4; i++) {
        msi_on(&w, 0);
        assert_true(hears(&w, 0, VECTOR));
        msi_off(&w);
        assert_true(hears_intx(&w, 1));
    }
    assert_int_equal(w.sim.xen.calls[SIM_BIND_INTX], 1);
    assert_int_equal(w.sim.xen.calls[SIM_UNBIND_INTX], 0);
    world_detach(&w);
    assert_int_equal(w.sim.xen.calls[SIM_UNBIND_INTX], 1);
    assert_true(world_close(&w));
}

/* ------------------------------------------------------------------ */
/* Failures                                                            */

static void no_line(enum sim_call call)
{
    struct capture c;
    struct world w;

    pin_card(&c, 1);
    add_msi(&c, MSI_64);
    irq_init(&w, &c, NULL, NULL);
    sim_fault_at(&w.sim.xen.kind_fault[call], 1, EPERM);
    assert_true(world_attach(&w));
    place_and_decode(&w);
    assert_int_equal(logged(&w, "no INTx"), 1);
    assert_true(device_disabled(&w));
    assert_int_equal(pirqs(&w), 0);
    assert_true(silent(&w, 0));
    /* The guest's bit is its own, and can't open a line nobody hears. */
    guest_intx(&w, false);
    guest_intx(&w, true);
    assert_false(rd16(&w, PCI_COMMAND) & PCI_COMMAND_DISABLE_INTx);
    assert_true(device_disabled(&w));
    msi_start(&w, 0);
    assert_true(hears(&w, 0, VECTOR));
    assert_true(world_close(&w));
}

static void test_1_7_4_line_that_cant_be_mapped_is_disabled(void **state)
{
    (void)state;
    no_line(SIM_MAP_GSI);
}

static void test_1_7_4_line_that_cant_be_bound_is_given_back(void **state)
{
    (void)state;
    no_line(SIM_BIND_INTX);
}

/* 2.3: the command register written last must keep the bit. */
static void test_2_3_detach_leaves_commands_interrupt_disable_as_found(
    void **state)
{
    struct capture c;
    struct world w;

    (void)state;
    pin_card(&c, 1);
    world_init(&w, &c, NULL, NULL);
    sim_fault_always(&w.sim.xen.kind_fault[SIM_BIND_INTX], EPERM);
    assert_true(world_attach(&w));
    assert_true(device_disabled(&w));
    world_decode(&w, true);
    world_decode(&w, false);
    assert_true(device_disabled(&w));
    pt_reset(w.d);
    assert_true(device_disabled(&w));
    world_detach(&w);
    assert_false(device_disabled(&w));
    assert_true(world_close(&w));
}

static void test_1_7_4_line_stays_disabled_after_a_power_reset(void **state)
{
    struct capture c;
    struct world w;

    (void)state;
    pin_card(&c, 1);
    world_init(&w, &c, POLICY(power_mgmt), NULL);
    sim_fault_always(&w.sim.xen.kind_fault[SIM_MAP_GSI], EPERM);
    assert_true(world_attach(&w));
    world_power(&w, 3);
    world_power(&w, 0);
    assert_false(rd16(&w, PCI_COMMAND) & PCI_COMMAND_DISABLE_INTx);
    assert_int_equal(w.sim.dev.count.resets, 1);
    assert_true(device_disabled(&w));
    assert_true(world_close(&w));
}

/* Xen may have room for it when the guest starts anew. */
static void test_line_that_failed_at_attach_is_tried_after_a_reset(
    void **state)
{
    struct capture c;
    struct world w;

    (void)state;
    pin_card(&c, 1);
    world_init(&w, &c, NULL, NULL);
    sim_fault_at(&w.sim.xen.kind_fault[SIM_MAP_GSI], 1, EPERM);
    assert_true(world_attach(&w));
    assert_true(device_disabled(&w));
    pt_reset(w.d);
    assert_false(device_disabled(&w));
    assert_int_equal(sim_xen_num_bound(&w.sim.xen, NULL), 1);
    assert_true(world_close(&w));
}

/* XSA-360: what Xen would not take back is tried again, not counted again. */
static void line_stays(bool reset)
{
    struct capture c;
    struct world w;

    pin_card(&c, 1);
    world_init(&w, &c, NULL, NULL);
    sim_fault_always(&w.sim.xen.kind_fault[SIM_BIND_INTX], EBUSY);
    sim_fault_always(&w.sim.xen.kind_fault[SIM_UNMAP_PIRQ], EBUSY);
    assert_true(world_attach(&w));
    assert_int_equal(pirqs(&w), 1);
    sim_fault_clear(&w.sim.xen.kind_fault[SIM_BIND_INTX]);
    sim_fault_clear(&w.sim.xen.kind_fault[SIM_UNMAP_PIRQ]);
    if (reset) {
        pt_reset(w.d);
        assert_int_equal(sim_xen_num_bound(&w.sim.xen, NULL), 1);
    }
    world_detach(&w);
    assert_int_equal(pirqs(&w), 0);
    assert_true(world_attach(&w));
    assert_int_equal(logged(&w, "shares its INTx line"), 0);
    assert_true(world_close(&w));
}

static void test_users_of_a_line_that_stayed_mapped_were_4_billion(void **st)
{
    (void)st;
    line_stays(false);
    line_stays(true);
}

/* libpci's word for a line that the operating system did not route. */
/* What Linux has where nothing is connected: the register's, and its own. */
static void test_interrupt_that_is_not_connected_was_mapped(void **state)
{
    static const int irq[] = { 255, -1, INT32_MIN };
    unsigned i;

    (void)state;
    for (i = 0; i < COUNT(irq); i++) {
        struct capture c;
        struct world w;

        pin_card(&c, 1);
        irq_init(&w, &c, NULL, NULL);
        w.sim.dev.pt.info.irq = irq[i];
        assert_true(world_attach(&w));
        assert_int_equal(w.sim.xen.calls[SIM_MAP_GSI], 0);
        assert_int_equal(logged(&w, "no INTx"), 1);
        assert_true(world_close(&w));
    }
}

static int linux_has(int irq)
{
    return irq == 30 ? GSI : -ENOENT;
}

/* Linux in a PVH dom0 numbers its interrupts as it likes. */
static void test_interrupt_of_a_pvh_dom0_was_taken_for_the_gsi(void **state)
{
    const struct sim_xen_opts xen = { .gsi_of_irq = linux_has };
    int irq;

    (void)state;
    for (irq = 30; irq < 32; irq++) {
        struct capture c;
        struct world w;

        pin_card(&c, 1);
        irq_init(&w, &c, NULL, &xen);
        w.sim.dev.pt.info.irq = irq;
        assert_true(world_attach(&w));
        assert_int_equal(line_of(&w.sim.xen, GSI) != NULL, irq == 30);
        assert_null(line_of(&w.sim.xen, irq));
        assert_int_equal(logged(&w, "no INTx"), irq != 30);
        assert_true(world_close(&w));
    }
}

static void test_line_0_is_no_line(void **state)
{
    struct capture c;
    struct world w;

    (void)state;
    pin_card(&c, 1);
    world_init(&w, &c, NULL, NULL);
    w.sim.dev.pt.info.irq = 0;
    assert_true(world_attach(&w));
    assert_int_equal(w.sim.xen.calls[SIM_MAP_GSI], 0);
    assert_true(device_disabled(&w));
    assert_true(world_close(&w));
}

static void test_guests_interrupt_disable_reaches_the_device(void **state)
{
    struct world w;

    (void)state;
    open_pin(&w, 1, NULL);
    assert_false(device_disabled(&w));
    guest_intx(&w, false);
    assert_true(device_disabled(&w));
    assert_true(rd16(&w, PCI_COMMAND) & PCI_COMMAND_DISABLE_INTx);
    assert_true(silent(&w, 0));
    guest_intx(&w, true);
    assert_true(hears_intx(&w, 0));
    /* By bytes: the bit is in the upper one. */
    wr8(&w, PCI_COMMAND + 1, PCI_COMMAND_DISABLE_INTx >> 8);
    assert_true(silent(&w, 0));
    wr8(&w, PCI_COMMAND + 1, 0);
    assert_true(hears_intx(&w, 0));
    assert_true(world_close(&w));
}

static void test_level_raised_while_disabled_arrives_when_enabled(void **st)
{
    struct world w;

    (void)st;
    open_pin(&w, 1, NULL);
    guest_intx(&w, false);
    sim_dev_set_intx(&w.sim.dev, true);
    assert_int_equal(w.sim.xen.intx[SLOT][0], 0);
    assert_true(rd16(&w, PCI_STATUS) & PCI_STATUS_INTx);
    guest_intx(&w, true);
    assert_int_equal(w.sim.xen.intx[SLOT][0], 1);
    sim_dev_set_intx(&w.sim.dev, false);
    assert_true(world_close(&w));
}

/* ------------------------------------------------------------------ */
/* Two devices on one line, in one Xen                                 */

struct pair {
    struct world w;
    struct sim_dev second;
    struct pt_dev *d2;
};

static void pair_begin(struct pair *p, int gsi2)
{
    struct capture c;
    struct pt_device_info info;

    pin_card(&c, 1);
    add_msi(&c, MSI_64);
    irq_begin(&p->w, &c, NULL, NULL);
    c.addr.dev = 4;
    world_build_bar(&c, 0, IRQ_MEM + 0x3000000, IRQ_MEM_SIZE, 0);
    world_build_bar(&c, 1, 0x4000, CARD_NUM_PORTS, PT_REGION_IO);
    world_build_bar(&c, 2, IRQ_MEM64 + 0x1000000, IRQ_MEM_SIZE,
                    PT_REGION_64);
    world_build_bar(&c, 4, IRQ_MEM + 0x2000000, 0x4000, 0);
    capture_info(&c, &info);
    info.irq = gsi2;
    assert_int_equal(sim_dev_init(&p->second, &c, &info, NULL,
                                  &p->w.sim.bus.clock), 0);
    assert_int_equal(sim_xen_add(&p->w.sim.xen, &p->second), 0);
    p->d2 = NULL;
}

static bool pair_attach(struct pair *p)
{
    struct pt_args args = p->w.args;

    args.host = &p->second.pt;
    args.devfn = (SLOT + 1) << 3;
    p->d2 = pt_attach(&args, NULL);
    return p->d2 != NULL;
}

static void pair_end(struct pair *p)
{
    bool quiet;

    pt_detach(p->d2);
    world_detach(&p->w);
    quiet = world_quiet(&p->w);
    sim_xen_remove(&p->w.sim.xen, &p->second);
    sim_dev_fini(&p->second);
    world_fini(&p->w);
    assert_true(quiet);
}

/* Raise and lower the second device's line: who heard? */
static bool second_hears(struct pair *p)
{
    uint64_t n = p->w.sim.xen.intx[SLOT + 1][0];

    sim_dev_set_intx(&p->second, true);
    sim_dev_set_intx(&p->second, false);
    return p->w.sim.xen.intx[SLOT + 1][0] == n + 1;
}

static void test_1_7_2_shared_line_is_unmapped_with_its_last_user(void **st)
{
    struct pair pair, *p = &pair;

    (void)st;
    pair_begin(p, GSI);
    assert_true(pair_attach(p));
    assert_int_equal(logged(&p->w, "shares its INTx line"), 1);
    assert_int_equal(pirqs(&p->w), 1);
    assert_true(second_hears(p));
    /* The first goes, and the second's line stays. */
    world_detach(&p->w);
    assert_int_equal(pirqs(&p->w), 1);
    assert_true(second_hears(p));
    pt_detach(p->d2);
    p->d2 = NULL;
    assert_int_equal(pirqs(&p->w), 0);
    /* And the other way round, after both were gone. */
    assert_true(world_attach(&p->w));
    assert_true(pair_attach(p));
    pt_detach(p->d2);
    p->d2 = NULL;
    assert_int_equal(pirqs(&p->w), 1);
    assert_true(hears_intx(&p->w, 0));
    pair_end(p);
}

static void test_shared_line_survives_that_the_second_cant_bind(void **state)
{
    struct pair pair, *p = &pair;

    (void)state;
    pair_begin(p, GSI);
    sim_fault_at(&p->w.sim.xen.kind_fault[SIM_BIND_INTX], 1, EPERM);
    assert_true(pair_attach(p));
    assert_true(sim_dev_peek(&p->second, PCI_COMMAND, 2) &
                PCI_COMMAND_DISABLE_INTx);
    assert_true(hears_intx(&p->w, 0));
    pt_detach(p->d2);
    p->d2 = NULL;
    assert_true(hears_intx(&p->w, 0));
    assert_int_equal(pirqs(&p->w), 1);
    pair_end(p);
}

/* libxl of Xen 4.18 and later, with a device that it has detached. */
static void libxl_takes_line(struct pair *p)
{
    const struct sim_pirq *line = line_of(&p->w.sim.xen, GSI);

    if (line) {
        p->w.sim.xen.pt.ops->unmap_pirq(&p->w.sim.xen, line->first);
    }
}

/* The line was lost to all, and nobody could have it again. */
static void test_libxl_4_18_takes_a_line_that_others_do_not_use(void **state)
{
    struct pair pair, *p = &pair;

    (void)state;
    pair_begin(p, GSI);
    msi_start(&p->w, 0);
    assert_true(pair_attach(p));
    assert_true(second_hears(p));
    assert_true(line_bound(&p->w));
    pt_detach(p->d2);
    p->d2 = NULL;
    libxl_takes_line(p);
    assert_true(hears(&p->w, 0, VECTOR));
    assert_true(pair_attach(p));
    assert_int_equal(logged(&p->w, "no INTx"), 0);
    assert_true(second_hears(p));
    msi_off(&p->w);
    assert_int_equal(logged(&p->w, "takes the line"), 0);
    pt_detach(p->d2);
    p->d2 = NULL;
    assert_true(hears_intx(&p->w, 0));
    pair_end(p);
}

/* One that has no messages is told; what libxl does is not ours to undo. */
static void test_libxl_4_18_is_named_where_a_line_is_in_use(void **state)
{
    struct pair pair, *p = &pair;

    (void)state;
    pair_begin(p, GSI);
    assert_true(pair_attach(p));
    pt_detach(p->d2);
    p->d2 = NULL;
    assert_int_equal(logged(&p->w, "takes the line"), 1);
    assert_true(hears_intx(&p->w, 0));
    pair_end(p);
}

/* Nobody is told who is gone, nor of a line that is another. */
static void test_libxl_4_18_takes_no_line_of_others(void **state)
{
    struct pair pair, *p = &pair;

    (void)state;
    pair_begin(p, GSI + 1);
    assert_true(pair_attach(p));
    world_detach(&p->w);
    pt_detach(p->d2);
    p->d2 = NULL;
    assert_true(world_attach(&p->w));
    assert_true(pair_attach(p));
    msi_start(&p->w, 0);
    pt_detach(p->d2);
    p->d2 = NULL;
    assert_int_equal(logged(&p->w, "takes the line"), 0);
    assert_true(line_bound(&p->w));
    pair_end(p);
}

static void test_lines_of_their_own_are_no_reason_to_warn(void **state)
{
    struct pair pair, *p = &pair;

    (void)state;
    pair_begin(p, GSI + 1);
    assert_true(pair_attach(p));
    assert_int_equal(logged(&p->w, "shares its INTx line"), 0);
    assert_int_equal(pirqs(&p->w), 2);
    assert_true(hears_intx(&p->w, 0));
    assert_true(second_hears(p));
    pair_end(p);
}

/* ------------------------------------------------------------------ */
/* pirqs above 255                                                     */

static void test_2_10_lines_pirq_above_255_works(void **state)
{
    const struct sim_xen_opts xen = { .first_pirq = 300 };
    struct world w;

    (void)state;
    open_pin(&w, 1, &xen);
    assert_int_equal(w.d->irq->intx_pirq, 300);
    assert_true(hears_intx(&w, 0));
    assert_true(world_close(&w));
}

/* libxenctrl's call has 8 bits: refused, not cut to another line's. */
static void test_2_10_where_a_call_has_8_bits_intx_is_refused(void **state)
{
    const struct sim_xen_opts xen = { .first_pirq = 256, .intx_8bit = true };
    struct capture c;
    struct world w;

    (void)state;
    pin_card(&c, 1);
    add_msi(&c, MSI_64);
    irq_begin(&w, &c, NULL, &xen);
    assert_int_equal(logged(&w, "no INTx"), 1);
    assert_int_equal(pirqs(&w), 0);
    assert_true(device_disabled(&w));
    msi_start(&w, 0);
    assert_true(hears(&w, 0, VECTOR));
    assert_true(world_close(&w));
}

static void test_2_10_at_the_edge_of_8_bits(void **state)
{
    const struct sim_xen_opts xen = { .first_pirq = 250, .intx_8bit = true };
    struct pair pair, *p = &pair;
    struct capture c;
    int gsi;

    (void)state;
    pin_card(&c, 1);
    for (gsi = 0; gsi < 8; gsi++) {
        unsigned i;

        world_init(&p->w, &c, NULL,
                   &(const struct sim_opts) { .xen = xen });
        for (i = 0; i < (unsigned)gsi; i++) {
            int n = -1;

            p->w.sim.xen.pt.ops->map_pirq_gsi(&p->w.sim.xen, 40 + (int)i, &n);
        }
        assert_true(world_attach(&p->w));
        assert_int_equal(p->w.d->irq->intx_bound, 250 + gsi <= 255);
        assert_int_equal(device_disabled(&p->w), 250 + gsi > 255);
        world_fini(&p->w);
    }
}

/* A driver may be reloaded, and a device attached, without end. */
static void test_1_7_2_no_pirq_is_lost_in_10000_attaches(void **state)
{
    const struct sim_xen_opts xen = { .max_pirqs = 1 };
    struct world w;
    unsigned i, n = world_rounds(10000);

    (void)state;
    open_pin(&w, 1, &xen);
    for (i = 0; i < n; i++) {
        world_detach(&w);
        assert_true(world_attach(&w));
        assert_true(line_bound(&w));
    }
    assert_true(world_close(&w));
}

static void test_a_host_reset_leaves_the_line_bound_for_the_guest(void **st)
{
    struct world w;

    (void)st;
    open_pin(&w, 1, NULL);
    guest_intx(&w, false);
    pt_reset(w.d);
    assert_false(rd16(&w, PCI_COMMAND) & PCI_COMMAND_DISABLE_INTx);
    assert_true(hears_intx(&w, 0));
    assert_int_equal(w.sim.xen.calls[SIM_BIND_INTX], 1);
    assert_true(world_close(&w));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_1_7_5_each_pin_is_bound_as_the_register_reads),
        cmocka_unit_test(test_1_7_5_pins_above_4_are_taken_for_the_first),
        cmocka_unit_test(test_1_7_7_without_a_pin_nothing_is_mapped_or_bound),
        cmocka_unit_test(test_the_line_is_the_operating_systems_word),
        cmocka_unit_test(test_1_7_6_pirq_is_xens_choice_and_not_the_line),
        cmocka_unit_test(
            test_1_7_1_the_mapped_pirq_is_unbound_with_the_same_pin),
        cmocka_unit_test(test_1_7_3_unbound_once_and_only_at_detach),
        cmocka_unit_test(test_1_7_4_line_that_cant_be_mapped_is_disabled),
        cmocka_unit_test(test_1_7_4_line_that_cant_be_bound_is_given_back),
        cmocka_unit_test(
            test_2_3_detach_leaves_commands_interrupt_disable_as_found),
        cmocka_unit_test(test_1_7_4_line_stays_disabled_after_a_power_reset),
        cmocka_unit_test(
            test_line_that_failed_at_attach_is_tried_after_a_reset),
        cmocka_unit_test(
            test_users_of_a_line_that_stayed_mapped_were_4_billion),
        cmocka_unit_test(test_line_0_is_no_line),
        cmocka_unit_test(test_interrupt_that_is_not_connected_was_mapped),
        cmocka_unit_test(test_interrupt_of_a_pvh_dom0_was_taken_for_the_gsi),
        cmocka_unit_test(test_guests_interrupt_disable_reaches_the_device),
        cmocka_unit_test(
            test_level_raised_while_disabled_arrives_when_enabled),
        cmocka_unit_test(
            test_1_7_2_shared_line_is_unmapped_with_its_last_user),
        cmocka_unit_test(test_shared_line_survives_that_the_second_cant_bind),
        cmocka_unit_test(test_libxl_4_18_takes_a_line_that_others_do_not_use),
        cmocka_unit_test(test_libxl_4_18_is_named_where_a_line_is_in_use),
        cmocka_unit_test(test_libxl_4_18_takes_no_line_of_others),
        cmocka_unit_test(test_lines_of_their_own_are_no_reason_to_warn),
        cmocka_unit_test(test_2_10_lines_pirq_above_255_works),
        cmocka_unit_test(test_2_10_where_a_call_has_8_bits_intx_is_refused),
        cmocka_unit_test(test_2_10_at_the_edge_of_8_bits),
        cmocka_unit_test(test_1_7_2_no_pirq_is_lost_in_10000_attaches),
        cmocka_unit_test(
            test_a_host_reset_leaves_the_line_bound_for_the_guest),
    };

    return cmocka_run_group_tests_name("INTx", tests, NULL, NULL);
}
