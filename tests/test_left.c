/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A device leaves the domain and its device model hears of it late: libxl
 * takes devices away, and gives them to the next guest, before it ends the
 * process. What is the next guest's now is not switched off under it.
 */
#include "lib-irq.h"

/* The next owner: a domain with an engine of its own. */
struct next {
    struct sim_xen xen;
    struct sim_bus bus;
    struct pt_dev *d;
};

/* The device, used by a guest: mapped, bus mastering, an MSI-X bound. */
static void in_use(struct world *w, const struct capture *c)
{
    world_init(w, c, NULL, NULL);
    w->sim.dev.pt.info.irq = GSI;
    assert_true(world_attach(w));
    world_place_all(w);
    world_decode(w, true);
    wr16(w, PCI_COMMAND, rd16(w, PCI_COMMAND) | PCI_COMMAND_MASTER);
}

static void bind_messages(struct world *w)
{
    entries_program(w, 1);
    msix_on(w);
    assert_true(entry_bound(w, 0));
}

/* The toolstack gives it to another domain, whose guest uses it. */
static void moves_on(struct world *w, struct next *n)
{
    struct pt_args args = w->args;
    struct pt_error err;

    sim_xen_leave(&w->sim.xen, &w->sim.dev);
    w->sim.xen.others = true;
    assert_int_equal(sim_xen_init(&n->xen, NULL), 0);
    assert_int_equal(sim_xen_add(&n->xen, &w->sim.dev), 0);
    sim_bus_init(&n->bus, &n->xen);
    args.xen = &n->xen.pt;
    args.bus = &n->bus.pt;
    n->d = pt_attach(&args, &err);
    assert_non_null(n->d);
    pt_config_write(n->d, PCI_BASE_ADDRESS_0, 0xd0000000, 4);
    pt_config_write(n->d, PCI_COMMAND, PCI_COMMAND_IO | PCI_COMMAND_MEMORY |
                    PCI_COMMAND_MASTER, 2);
}

static void next_ends(struct world *w, struct next *n)
{
    pt_detach(n->d);
    assert_int_equal(n->xen.notes.count, 0);
    assert_int_equal(sim_xen_leaks(&n->xen, NULL, 0), 0);
    sim_xen_remove(&n->xen, &w->sim.dev);
    sim_xen_fini(&n->xen);
}

static void left(struct world *w)
{
    sim_dev_forget(&w->sim.dev);
    sim_xen_forget(&w->sim.xen);
    pt_detach_left(w->d);
    w->d = NULL;
}

static void late_and_another_guest_has_it(const struct capture *c,
                                          bool messages)
{
    struct world w;
    struct next n;

    in_use(&w, c);
    if (messages) {
        bind_messages(&w);
    }
    moves_on(&w, &n);
    left(&w);
    /* Nothing but what it has mapped, or the line: no message, no write. */
    assert_int_equal(w.sim.dev.num_writes, 0);
    assert_int_equal(w.sim.xen.calls[SIM_OWNS], 1);
    assert_int_equal(w.sim.xen.num_mem + w.sim.xen.num_ports, 0);
    assert_false(line_bound(&w));
    assert_int_equal(w.sim.xen.calls[SIM_UNBIND_MSI], 0);
    assert_int_equal(w.sim.xen.calls[SIM_UNMAP_PIRQ], !messages);
    assert_int_equal(entry_bound(&w, 0), messages);
    assert_int_equal(sim_dev_peek(&w.sim.dev, PCI_COMMAND, 2) & 7, 7);
    assert_int_equal(logged(&w, "may be another domain's by now"), 1);
    next_ends(&w, &n);
    world_fini(&w);
}

/* Command went from 0007 to 0000 under the next guest (XSA-120). */
static void exit_switched_off_the_next_guests_device(void **state)
{
    struct capture c;

    (void)state;
    msix_card(&c, 4);
    late_and_another_guest_has_it(&c, true);
    irq_card(&c);
    add_msi(&c, MSI_64);
    late_and_another_guest_has_it(&c, false);
}

/* Xen can't tell by whose it is: then it is not ours. */
static void exit_trusted_a_device_that_xen_does_not_tell_of(void **state)
{
    struct capture c;

    (void)state;
    irq_card(&c);
    late_and_another_guest_has_it(&c, false);
    irq_card(&c);
    add_msi(&c, MSI_64 | MSI_CAPABLE(5));
    late_and_another_guest_has_it(&c, false);
}

/* Nobody has it yet: silenced through Xen, and not written. */
static void exit_wrote_to_a_device_that_nobody_has(void **state)
{
    struct capture c;
    struct world w;

    (void)state;
    msix_card(&c, 4);
    in_use(&w, &c);
    bind_messages(&w);
    sim_xen_leave(&w.sim.xen, &w.sim.dev);
    left(&w);
    assert_int_equal(w.sim.dev.num_writes, 0);
    assert_int_equal(sim_xen_leaks(&w.sim.xen, NULL, 0), 0);
    assert_int_equal(w.sim.xen.notes.count, 0);
    assert_int_equal(logged(&w, "has left the domain"), 1);
    world_fini(&w);
}

/* It is ours still: detached as ever, for one hypercall more. */
static void what_is_ours_still_is_handed_back(void **state)
{
    struct capture c;
    struct world w;

    (void)state;
    msix_card(&c, 4);
    in_use(&w, &c);
    bind_messages(&w);
    left(&w);
    assert_int_equal(w.sim.xen.calls[SIM_OWNS], 1);
    assert_true(world_close(&w));

    irq_card(&c);
    add_msi(&c, MSI_64 | MSI_CAPABLE(2));
    in_use(&w, &c);
    left(&w);
    assert_true(world_close(&w));
    pt_detach_left(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exit_switched_off_the_next_guests_device),
        cmocka_unit_test(exit_trusted_a_device_that_xen_does_not_tell_of),
        cmocka_unit_test(exit_wrote_to_a_device_that_nobody_has),
        cmocka_unit_test(what_is_ours_still_is_handed_back),
    };

    return cmocka_run_group_tests_name("left", tests, NULL, NULL);
}
