/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A line that libxl of Xen 4.18 and later takes from the domain with a device
 * that leaves, while another device uses it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib-lines.h"

#define LOOK_US 100000

/* Two that use a line. */
static void two_begin(struct pair *p)
{
    pair_begin(p, GSI, &xen_4_20);
    assert_true(pair_attach(p));
}

static int setup(void **state)
{
    struct pair *p = malloc(sizeof(*p));

    if (!p) {
        return -1;
    }
    two_begin(p);
    *state = p;
    return 0;
}

static int teardown(void **state)
{
    pair_end(*state);
    free(*state);
    return 0;
}

static void second_leaves(struct pair *p)
{
    pt_detach(p->d2);
    p->d2 = NULL;
}

static void lend(struct pair *p)
{
    second_leaves(p);
    assert_true(line_mapped(&p->w));
    assert_false(line_bound(&p->w));
}

static void pass(struct pair *p, uint64_t us)
{
    sim_bus_pass(&p->w.sim.bus, p->w.d, us);
}

static void has_its_line_again(struct pair *p)
{
    assert_true(line_bound(&p->w));
    assert_false(device_disabled(&p->w));
    assert_true(hears_intx(&p->w, 0));
    assert_int_equal(p->w.sim.bus.call_at_us, PT_NEVER);
    assert_int_equal(logged(&p->w, "takes the line"), 0);
    assert_int_equal(logged(&p->w, "can't"), 0);
}

/* It was taken from under the binding, and was nobody's until the guest ended. */
static void libxl_took_a_line_that_is_in_use(void **state)
{
    struct pair *p = *state;
    unsigned i;

    lend(p);
    for (i = 0; i < 3; i++) {
        /* Xen has nobody to give it to, and dom0 is not to be bothered. */
        assert_true(device_disabled(&p->w));
        pass(p, LOOK_US);
        assert_false(line_bound(&p->w));
        libxl_takes_line(p);
        pass(p, LOOK_US - 1);
        assert_false(line_mapped(&p->w));
        pass(p, 1);
        has_its_line_again(p);
        assert_true(pair_attach(p));
        assert_true(second_hears(p));
        second_leaves(p);
    }
    assert_int_equal(logged(&p->w, "until libxl has taken"), 1);
}

/* A message's device leaves: libxl takes the line with that, too. */
static void libxl_took_it_with_a_device_that_had_messages(void **state)
{
    struct pair *p = *state;

    second_msi(p, true);
    second_leaves(p);
    libxl_takes_line(p);
    pass(p, LOOK_US);
    has_its_line_again(p);
}

/* What was raised meanwhile comes when it is bound again. */
static void an_interrupt_of_meanwhile_is_not_lost(void **state)
{
    struct pair *p = *state;
    uint64_t n;

    lend(p);
    n = p->w.sim.xen.intx[SLOT][0];
    sim_dev_set_intx(&p->w.sim.dev, true);
    assert_int_equal(p->w.sim.xen.intx[SLOT][0], n);
    libxl_takes_line(p);
    pass(p, LOOK_US);
    assert_int_equal(p->w.sim.xen.intx[SLOT][0], n + 1);
    assert_true(p->w.sim.xen.intx_level[SLOT][0]);
    sim_dev_set_intx(&p->w.sim.dev, false);
}

static void a_look_costs_a_hypercall(void **state)
{
    struct pair *p = *state;
    struct world_cost then, c;

    lend(p);
    then = world_cost(&p->w);
    pt_tick(p->w.d);  /* it is not time yet */
    assert_int_equal(world_cost_since(&p->w, &then).hypercalls, 0);
    pass(p, 5 * LOOK_US);
    c = world_cost_since(&p->w, &then);
    assert_int_equal(c.hypercalls, 5);
    assert_int_equal(c.calls[SIM_MAP_GSI], 5);
    assert_int_equal(c.reads + c.writes + c.lines + c.allocs, 0);
    then = world_cost(&p->w);
    libxl_takes_line(p);
    pass(p, LOOK_US);
    c = world_cost_since(&p->w, &then);
    /* libxl's, the one that is refused, map and bind. */
    assert_int_equal(c.hypercalls, 1 + 1 + 2);
    assert_int_equal(c.reads, 1);
    assert_int_equal(c.writes, 1);
    assert_int_equal(c.lines, 0);
}

/* Another toolstack, or one that was killed. */
static void a_line_that_nobody_takes_is_bound_after_ten_seconds(void **state)
{
    struct pair *p = *state;

    lend(p);
    pass(p, 9900000);
    assert_false(line_bound(&p->w));
    pass(p, LOOK_US);
    has_its_line_again(p);
}

static void before_4_18_nothing_is_taken_and_nothing_lent(void **state)
{
    const struct sim_xen_opts xen = { .version = 4 << 16 | 17 };
    struct pair pair, *p = &pair;

    (void)state;
    pair_begin(p, GSI, &xen);
    assert_true(pair_attach(p));
    second_leaves(p);
    has_its_line_again(p);
    assert_int_equal(logged(&p->w, "libxl"), 0);
    pair_end(p);
}

static void the_version_is_asked_for_once_and_where_it_matters(void **state)
{
    struct pair pair, *p = &pair;
    unsigned i;

    (void)state;
    pair_begin(p, GSI + 1, &xen_4_20);
    assert_true(pair_attach(p));
    second_leaves(p);
    assert_int_equal(p->w.sim.xen.calls[SIM_VERSION], 0);
    pair_end(p);
    pair_begin(p, GSI, &xen_4_20);
    for (i = 0; i < 3; i++) {
        assert_true(pair_attach(p));
        second_leaves(p);
        libxl_takes_line(p);
        pass(p, LOOK_US);
    }
    assert_int_equal(p->w.sim.xen.calls[SIM_VERSION], 1);
    pair_end(p);
}

/* What can't be lent is named, and stays as it is. */
static void stays_and_is_told(struct pair *p)
{
    second_leaves(p);
    assert_true(line_bound(&p->w));
    assert_false(device_disabled(&p->w));
    assert_int_equal(logged(&p->w, "takes the line"), 1);
    assert_int_equal(p->w.sim.bus.call_at_us, PT_NEVER);
    assert_true(hears_intx(&p->w, 0));
}

static void a_version_that_is_not_told_lends_nothing(void **state)
{
    struct pair *p = *state;

    sim_fault_always(&p->w.sim.xen.kind_fault[SIM_VERSION], EPERM);
    stays_and_is_told(p);
}

static void what_xen_does_not_unbind_is_not_lent(void **state)
{
    struct pair *p = *state;

    second_msi(p, true);
    sim_fault_always(&p->w.sim.xen.kind_fault[SIM_UNBIND_INTX], EBUSY);
    stays_and_is_told(p);
    sim_fault_clear(&p->w.sim.xen.kind_fault[SIM_UNBIND_INTX]);
}

/* Who would look? */
static void a_bus_without_a_clock_lends_nothing(void **state)
{
    struct pair *p = *state;
    const struct pt_bus_ops *with = p->w.sim.bus.pt.ops;
    struct pt_bus_ops ops = *with;

    ops.call_at = NULL;
    p->w.sim.bus.pt.ops = &ops;
    stays_and_is_told(p);
    p->w.sim.bus.pt.ops = with;
}

/* ------------------------------------------------------------------ */
/* Meanwhile                                                           */

static void messages_come_meanwhile(void **state)
{
    struct pair pair, *p = &pair;
    unsigned i;

    (void)state;
    for (i = 0; i < 2; i++) {
        two_begin(p);
        lend(p);
        msix_on(&p->w);
        assert_true(hears(&p->w, 1, VECTOR + 1));
        /* There are devices that send no MSI with it set. */
        assert_false(device_disabled(&p->w));
        if (i == 0) {
            struct world_cost then = world_cost(&p->w);

            libxl_takes_line(p);
            pass(p, LOOK_US);
            assert_int_equal(world_cost_since(&p->w, &then).reads, 0);
            assert_false(line_mapped(&p->w));
            assert_false(device_disabled(&p->w));
            msix_off(&p->w);
        } else {
            /* They go again before it is taken. */
            msix_off(&p->w);
            assert_true(device_disabled(&p->w));
            assert_false(line_bound(&p->w));
            libxl_takes_line(p);
            pass(p, LOOK_US);
        }
        has_its_line_again(p);
        pair_end(p);
    }
}

static void a_guest_is_reset_meanwhile(void **state)
{
    struct pair *p = *state;

    lend(p);
    pt_reset(p->w.d);
    assert_false(line_bound(&p->w));
    libxl_takes_line(p);
    pass(p, LOOK_US);
    has_its_line_again(p);
}

static void it_leaves_meanwhile_taken_or_not(void **state)
{
    struct pair pair, *p = &pair;
    unsigned i;

    (void)state;
    for (i = 0; i < 2; i++) {
        two_begin(p);
        lend(p);
        if (i == 0) {
            libxl_takes_line(p);
        }
        world_detach(&p->w);
        assert_false(line_mapped(&p->w));
        assert_int_equal(p->w.sim.bus.call_at_us, PT_NEVER);
        assert_int_equal(logged(&p->w, "can't"), 0);
        assert_true(world_attach(&p->w));
        assert_true(pair_attach(p));
        assert_true(second_hears(p));
        pair_end(p);
    }
}

/* The pirq's number would be the next device's, and be unmapped by a look. */
static void another_line_got_the_number(void **state)
{
    struct pair *p = *state;
    int was;

    was = line_of(&p->w.sim.xen, GSI)->first;
    second_leaves(p);
    libxl_takes_line(p);
    p->second.pt.info.irq = GSI + 1;
    assert_true(pair_attach(p));
    assert_int_equal(line_of(&p->w.sim.xen, GSI)->first, was);
    assert_int_not_equal(line_of(&p->w.sim.xen, GSI + 1)->first, was);
    has_its_line_again(p);
    assert_true(second_hears(p));
}

/* Nor is it held any more: a guest's message can name it. */
static void a_message_names_the_pirq_that_was_taken(void **state)
{
    const struct sim_xen_opts xen = {
        .version = 4 << 16 | 20, .first_pirq = 300,
    };
    struct pair pair, *p = &pair;

    (void)state;
    pair_begin(p, GSI, &xen);
    assert_true(pair_attach(p));
    second_leaves(p);
    msix_on(&p->w);
    libxl_takes_line(p);
    pass(p, LOOK_US);
    pv_entry(&p->w, 0, 300);
    assert_int_equal(pirq_of(&p->w, SIM_PIRQ_MSIX, 0)->first, 300);
    msix_off(&p->w);
    assert_true(first_hears(p));
    pair_end(p);
}

/* It comes back before libxl is that far, and has no line either. */
static void the_other_comes_back_at_once(void **state)
{
    struct pair *p = *state;

    lend(p);
    assert_true(pair_attach(p));
    assert_false(line_bound(&p->w));
    assert_true(sim_dev_peek(&p->second, PCI_COMMAND, 2) &
                PCI_COMMAND_DISABLE_INTx);
    pass(p, LOOK_US);
    assert_false(line_bound(&p->w));
    libxl_takes_line(p);
    pass(p, LOOK_US);
    assert_true(first_hears(p));
    assert_true(second_hears(p));
}

/* The bus of these tests has one clock for all, and who leaves stops it. */
static void tick(struct pair *p, struct pt_dev *d)
{
    p->w.sim.bus.clock.now_us += LOOK_US;
    pt_tick(d);
}

/* A third device on the line. */
struct third {
    struct sim_dev dev;
    struct pt_dev *d;
};

static void third_attach(struct pair *p, struct third *t, int gsi)
{
    struct pt_args args = p->w.args;
    struct pt_device_info info;
    struct capture c;

    irq_card(&c);
    c.addr.dev = 5;
    memset(c.region, 0, sizeof(c.region));
    memset(c.cfg + PCI_BASE_ADDRESS_0, 0, 24);
    capture_info(&c, &info);
    info.irq = gsi;
    assert_int_equal(sim_dev_init(&t->dev, &c, &info, NULL,
                                  &p->w.sim.bus.clock), 0);
    assert_int_equal(sim_xen_add(&p->w.sim.xen, &t->dev), 0);
    args.host = &t->dev.pt;
    args.devfn = (SLOT + 2) << 3;
    t->d = pt_attach(&args, NULL);
    assert_non_null(t->d);
}

static bool third_hears(struct pair *p, struct third *t)
{
    return hears_at(p, &t->dev, SLOT + 2);
}

static void third_end(struct pair *p, struct third *t)
{
    pt_detach(t->d);
    sim_xen_remove(&p->w.sim.xen, &t->dev);
    sim_dev_fini(&t->dev);
}

static void two_lent_it(void **state)
{
    struct pair *p = *state;
    struct third third, *t = &third;

    third_attach(p, t, GSI);
    second_leaves(p);
    assert_false(line_mapped(&p->w) && line_bound(&p->w));
    libxl_takes_line(p);
    tick(p, t->d);
    assert_true(third_hears(p, t));
    assert_true(first_hears(p));
    pt_tick(p->w.d);
    assert_true(third_hears(p, t));
    third_end(p, t);
    libxl_takes_line(p);
    tick(p, p->w.d);
    has_its_line_again(p);
}

/* As one is detached after the other, libxl takes the line for each. */
static void two_leave_one_after_the_other(void **state)
{
    struct pair *p = *state;
    struct third third, *t = &third;

    third_attach(p, t, GSI);
    second_leaves(p);
    pass(p, 8000000);
    third_end(p, t);
    assert_int_equal(p->w.sim.bus.call_at_us, PT_NEVER);
    p->w.sim.bus.clock.now_us += 8000000;
    tick(p, p->w.d);
    assert_false(line_bound(&p->w));
    libxl_takes_line(p);
    tick(p, p->w.d);
    assert_false(line_bound(&p->w));
    assert_true(line_mapped(&p->w));
    libxl_takes_line(p);
    tick(p, p->w.d);
    has_its_line_again(p);
}

static void a_third_comes_meanwhile(void **state)
{
    struct pair *p = *state;
    struct third third, *t = &third;

    lend(p);
    third_attach(p, t, GSI);
    pass(p, LOOK_US);
    assert_false(line_bound(&p->w));
    libxl_takes_line(p);
    pass(p, LOOK_US);
    assert_true(first_hears(p));
    assert_true(third_hears(p, t));
    third_end(p, t);
}

/* Its driver goes before libxl has taken the line of the one that left. */
static void messages_end_meanwhile(void **state)
{
    struct pair *p = *state;

    msix_on(&p->w);
    second_leaves(p);
    assert_int_equal(logged(&p->w, "until libxl has taken"), 0);
    msix_off(&p->w);
    assert_false(line_bound(&p->w));
    libxl_takes_line(p);
    pass(p, LOOK_US);
    has_its_line_again(p);
}

/* Xen did not unbind it, and does now: it is nobody's, and no loan of his. */
static void a_line_was_kept_beside_messages(void **state)
{
    struct pair *p = *state;

    sim_fault_always(&p->w.sim.xen.kind_fault[SIM_UNBIND_INTX], EBUSY);
    msix_on(&p->w);
    sim_fault_clear(&p->w.sim.xen.kind_fault[SIM_UNBIND_INTX]);
    assert_true(line_bound(&p->w));
    second_leaves(p);
    assert_false(line_bound(&p->w));
    assert_false(device_disabled(&p->w));
    assert_true(hears(&p->w, 1, VECTOR + 1));
    assert_int_equal(logged(&p->w, "until libxl has taken"), 0);
    libxl_takes_line(p);
    pass(p, LOOK_US);
    msix_off(&p->w);
    assert_true(line_bound(&p->w));
    assert_true(hears_intx(&p->w, 0));
}

static void one_that_never_had_the_line_leaves(void **state)
{
    struct pair pair, *p = &pair;

    (void)state;
    pair_begin(p, GSI, &xen_4_20);
    sim_fault_at(&p->w.sim.xen.kind_fault[SIM_MAP_GSI], 1, EPERM);
    assert_true(pair_attach(p));
    second_leaves(p);
    pass(p, LOOK_US);
    assert_false(line_bound(&p->w));
    libxl_takes_line(p);
    pass(p, LOOK_US);
    assert_true(line_bound(&p->w));
    assert_true(hears_intx(&p->w, 0));
    pair_end(p);
}

/* Two lines on loan at once: one comes back. */
static void other_loans_go_on(void **state)
{
    struct pair *p = *state;
    struct third third, *t = &third;

    lend(p);
    third_attach(p, t, GSI + 1);
    p->second.pt.info.irq = GSI + 1;
    assert_true(pair_attach(p));
    second_leaves(p);
    libxl_takes_line(p);
    tick(p, p->w.d);
    assert_true(first_hears(p));
    assert_false(third_hears(p, t));
    sim_xen_take_line(&p->w.sim.xen, GSI + 1);
    tick(p, t->d);
    assert_true(third_hears(p, t));
    third_end(p, t);
}

/* Nor is there any of the line 0, which is none. */
static void a_device_without_a_line_has_none_on_loan(void **state)
{
    struct pair pair, *p = &pair;
    struct third third, *t = &third;
    unsigned n;

    (void)state;
    pair_begin(p, 0, &xen_4_20);
    assert_true(pair_attach(p));
    world_detach(&p->w);
    assert_true(world_attach(&p->w));
    third_attach(p, t, GSI);
    n = p->w.sim.bus.call_at_calls;
    third_end(p, t);
    libxl_takes_line(p);
    p->w.sim.bus.clock.now_us += LOOK_US;
    pt_tick(p->w.d);
    assert_true(first_hears(p));
    assert_int_equal(p->w.sim.bus.call_at_us, PT_NEVER);
    /* Once for the loan, and once for its end. */
    assert_int_equal(p->w.sim.bus.call_at_calls - n, 2);
    pair_end(p);
}

static void more_lines_than_can_be_lent(void **state)
{
    struct pair *p = *state;
    unsigned i;

    for (i = 0; i < PT_MAX_LOANS; i++) {
        p->w.sim.xen.pt.loan[i].irq = GSI + 1 + (int)i;
    }
    stays_and_is_told(p);
    memset(p->w.sim.xen.pt.loan, 0, sizeof(p->w.sim.xen.pt.loan));
}

/* ------------------------------------------------------------------ */
/* What libxl takes no line for                                        */

static int no_write(void *priv, uint16_t off, const void *buf, unsigned len)
{
    (void)priv, (void)off, (void)buf, (void)len;
    return -EIO;
}

static void an_attach_failed_and_the_line_was_lent(void **state)
{
    struct pair pair, *p = &pair;
    struct pt_device_ops ops;

    (void)state;
    pair_begin(p, GSI, &xen_4_20);
    ops = *p->second.pt.ops;
    ops.write = no_write;
    p->second.pt.ops = &ops;
    assert_false(pair_attach(p));
    assert_false(device_disabled(&p->w));
    assert_true(hears_intx(&p->w, 0));
    assert_int_equal(logged(&p->w, "until libxl has taken"), 0);
    pair_end(p);
}

static void an_attach_that_is_undone_lends_nothing(void **state)
{
    struct pair *p = *state;

    pt_attach_undo(p->d2);
    p->d2 = NULL;
    has_its_line_again(p);
    assert_int_equal(logged(&p->w, "until libxl has taken"), 0);
    pt_attach_undo(NULL);
    assert_true(pair_attach(p));
    lend(p);
    assert_true(pair_attach(p));
    pt_attach_undo(p->d2);
    p->d2 = NULL;
    libxl_takes_line(p);
    tick(p, p->w.d);
    has_its_line_again(p);
}

/* Nothing is written to a device that may be another domain's. */
static void the_process_ended_and_wrote_to_another_domains_device(void **st)
{
    struct pair pair, *p = &pair;
    struct world_cost then;

    (void)st;
    pair_begin(p, GSI, &xen_4_20);
    assert_true(pair_attach(p));
    sim_xen_leave(&p->w.sim.xen, &p->w.sim.dev);
    sim_xen_leave(&p->w.sim.xen, &p->second);
    then = world_cost(&p->w);
    pt_detach_left(p->d2);
    p->d2 = NULL;
    assert_int_equal(world_cost_since(&p->w, &then).writes, 0);
    pt_detach_left(p->w.d);
    p->w.d = NULL;
    assert_int_equal(world_cost_since(&p->w, &then).writes, 0);
    sim_xen_remove(&p->w.sim.xen, &p->second);
    sim_dev_fini(&p->second);
    world_fini(&p->w);
}

/* ------------------------------------------------------------------ */
/* Failures                                                            */

/* The line is not taken by that, and the loan goes on. */
static void a_look_that_xen_refuses_is_none(void **state)
{
    struct pair *p = *state;

    lend(p);
    sim_fault_at(&p->w.sim.xen.kind_fault[SIM_MAP_GSI], 1, EPERM);
    pass(p, LOOK_US);
    assert_false(line_bound(&p->w));
    libxl_takes_line(p);
    pass(p, LOOK_US);
    has_its_line_again(p);
}

/* It is mapped then, and bound: the next to leave gives it back. */
static void the_end_of_a_loan_is_refused(void **state)
{
    struct sim_fault *f;
    struct pair pair, *p = &pair;
    unsigned i;

    (void)state;
    for (i = 0; i < 2; i++) {
        two_begin(p);
        lend(p);
        f = &p->w.sim.xen.kind_fault[SIM_UNMAP_PIRQ];
        if (i == 0) {
            sim_fault_at(f, 1, EBUSY);
        } else {
            sim_fault_always(f, EBUSY);
        }
        pass(p, 10000000);
        sim_fault_clear(f);
        assert_true(first_hears(p));
        assert_int_equal(logged(&p->w, "can't give back a pirq"), i);
        pair_end(p);
    }
}

/* Of two functions at one pin, whose binding is one. */
static void who_leaves_is_not_unbound(void **state)
{
    struct pair pair, *p = &pair;
    struct sim_fault *f;

    (void)state;
    pair_begin(p, GSI, &xen_4_20);
    f = &p->w.sim.xen.kind_fault[SIM_UNBIND_INTX];
    assert_true(pair_attach_at(p, SLOT));
    sim_fault_always(f, EBUSY);
    second_leaves(p);
    sim_fault_clear(f);
    assert_int_equal(logged(&p->w, "takes the line"), 1);
    pass(p, 20000000);
    assert_true(line_bound(&p->w));
    assert_true(hears_intx(&p->w, 0));
    pair_end(p);
}

static int unbind_others(void *priv, int pirq, uint8_t slot, uint8_t intx)
{
    return slot == SLOT ? -EBUSY :
        sim_xen_ops.unbind_intx(priv, pirq, slot, intx);
}

/* One that has let go has it again, as the other has not. */
static void one_of_two_is_not_unbound(void **state)
{
    struct pair pair, *p = &pair;
    struct third third, *t = &third;
    struct pt_xen_ops ops = sim_xen_ops;

    (void)state;
    ops.unbind_intx = unbind_others;
    pair_begin(p, GSI, &xen_4_20);
    third_attach(p, t, GSI);
    assert_true(pair_attach(p));
    second_msi(p, true);
    p->w.sim.xen.pt.ops = &ops;
    second_leaves(p);
    p->w.sim.xen.pt.ops = &sim_xen_ops;
    assert_true(first_hears(p));
    assert_true(third_hears(p, t));
    assert_int_equal(logged(&p->w, "takes the line"), 2);
    assert_int_equal(logged(&p->w, "until libxl has taken"), 0);
    third_end(p, t);
    pair_end(p);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(libxl_took_a_line_that_is_in_use),
        TEST(libxl_took_it_with_a_device_that_had_messages),
        TEST(an_interrupt_of_meanwhile_is_not_lost),
        TEST(a_look_costs_a_hypercall),
        TEST(a_line_that_nobody_takes_is_bound_after_ten_seconds),
        cmocka_unit_test(before_4_18_nothing_is_taken_and_nothing_lent),
        cmocka_unit_test(the_version_is_asked_for_once_and_where_it_matters),
        TEST(a_version_that_is_not_told_lends_nothing),
        TEST(what_xen_does_not_unbind_is_not_lent),
        TEST(a_bus_without_a_clock_lends_nothing),
        cmocka_unit_test(messages_come_meanwhile),
        TEST(a_guest_is_reset_meanwhile),
        cmocka_unit_test(it_leaves_meanwhile_taken_or_not),
        TEST(another_line_got_the_number),
        cmocka_unit_test(a_message_names_the_pirq_that_was_taken),
        TEST(the_other_comes_back_at_once),
        TEST(two_lent_it),
        TEST(two_leave_one_after_the_other),
        TEST(a_third_comes_meanwhile),
        TEST(messages_end_meanwhile),
        TEST(a_line_was_kept_beside_messages),
        cmocka_unit_test(one_that_never_had_the_line_leaves),
        TEST(other_loans_go_on),
        cmocka_unit_test(a_device_without_a_line_has_none_on_loan),
        TEST(more_lines_than_can_be_lent),
        cmocka_unit_test(an_attach_failed_and_the_line_was_lent),
        TEST(an_attach_that_is_undone_lends_nothing),
        cmocka_unit_test(
            the_process_ended_and_wrote_to_another_domains_device),
        TEST(a_look_that_xen_refuses_is_none),
        cmocka_unit_test(the_end_of_a_loan_is_refused),
        cmocka_unit_test(who_leaves_is_not_unbound),
        cmocka_unit_test(one_of_two_is_not_unbound),
    };

    return cmocka_run_group_tests_name("lines that are lent", tests, NULL,
                                       NULL);
}
