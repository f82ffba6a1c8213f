/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Each hypercall and each configuration access fails in turn, through a
 * driver's whole life: no leak, no crash, no misuse of Xen, a message in the
 * log, and the guest's next try works.
 */
#include <stdio.h>

#include "lib-irq.h"

enum kind { LINE, MSI_4, MSIX_8, TRANSLATED, NUM_KINDS };

struct scene {
    enum kind kind;
    bool all_writes;   /* Xen 4.19 */
    bool asleep;       /* detached in D3hot */
};

static const struct scene scenes[] = {
    { .kind = LINE }, { .kind = MSI_4 }, { .kind = MSIX_8 },
    { .kind = MSIX_8, .all_writes = true }, { .kind = TRANSLATED },
    { .kind = MSI_4, .asleep = true }, { .kind = MSIX_8, .asleep = true },
};

static void make(struct world *w, const struct scene *s)
{
    const struct pt_policy policy = {
        .power_mgmt = true, .msitranslate = s->kind == TRANSLATED,
    };
    const struct sim_xen_opts xen = { .all_writes = s->all_writes };
    struct capture c;

    irq_card(&c);
    add_msi(&c, MSI_64 | MSI_MASKS | MSI_CAPABLE(2));
    add_msix(&c, 8, 0x2000);
    irq_init(w, &c, &policy, &xen);
}

static void enable(struct world *w, const struct scene *s, bool on)
{
    if (s->kind == MSI_4) {
        wr16(w, MSI + PCI_MSI_FLAGS, on ? PCI_MSI_FLAGS_ENABLE | 2 << 4 : 0);
    } else if (s->kind == MSIX_8) {
        msix_set(w, on ? PCI_MSIX_ENABLE : 0);
    } else if (s->kind == TRANSLATED) {
        /* The other way round: it is on while the guest has no MSI. */
        msi_on(w, on ? 0 : 2);
        if (on) {
            msi_off(w);
        }
    }
}

/* Vectors from @vector; masked and unmasked on the way. */
static void program(struct world *w, const struct scene *s, unsigned vector)
{
    unsigned i;

    if (s->kind == MSI_4 || s->kind == TRANSLATED) {
        wr32(w, msi_mask_reg(w), 0x5);
        msi_program(w, ADDRESS, vector);
        wr32(w, msi_mask_reg(w), 0);
    } else if (s->kind == MSIX_8) {
        for (i = 0; i < 8; i++) {
            entry_program(w, i, vector + i);
        }
    }
}

/* All but enabled. */
static void bring_up(struct world *w, const struct scene *s)
{
    make(w, s);
    assert_true(world_attach(w));
    place_and_decode(w);
    program(w, s, VECTOR);
}

static void intx_disable(struct world *w, bool on)
{
    wr8(w, PCI_COMMAND + 1, on ? PCI_COMMAND_DISABLE_INTx >> 8 : 0);
}

static void life(struct world *w, const struct scene *s)
{
    place_and_decode(w);
    program(w, s, VECTOR);
    enable(w, s, true);
    program(w, s, VECTOR + 0x20);
    intx_disable(w, true);
    intx_disable(w, false);
    world_bar_place(w, 0, FAR);
    world_decode(w, false);
    world_decode(w, true);
    enable(w, s, false);
    enable(w, s, true);
    world_power(w, 3);
    world_power(w, 0);
    rd16(w, PCI_STATUS);
    place_and_decode(w);
    program(w, s, VECTOR);
    enable(w, s, true);
    if (s->asleep) {
        world_power(w, 3);
    }
}

/* Does the device deliver all that it should? */
static bool delivers(struct world *w, const struct scene *s)
{
    unsigned i, n = s->kind == MSIX_8 ? 8 :
        w->d->irq->msi_vectors ? w->d->irq->msi_vectors : 1;

    if (s->kind == LINE || s->kind == TRANSLATED) {
        return w->d->irq->intx_bound || w->d->irq->translate_bound ?
            hears_intx(w, 0) : silent(w, 0) && logged(w, "no INTx");
    }
    for (i = 0; i < n; i++) {
        if (!hears(w, i, VECTOR + i)) {
            return false;
        }
    }
    return true;
}

/* The guest's next try, with nothing failing. */
static bool recovers(struct world *w, const struct scene *s)
{
    rd16(w, PCI_STATUS);
    world_power(w, 0);
    rd16(w, PCI_STATUS);
    enable(w, s, false);
    world_decode(w, false);
    intx_disable(w, false);
    place_and_decode(w);
    program(w, s, VECTOR);
    enable(w, s, true);
    return delivers(w, s);
}

static unsigned complaints_logged(const struct world *w)
{
    return w->sim.bus.lines[PT_LOG_WARNING] + w->sim.bus.lines[PT_LOG_ERROR];
}

/*
 * Run @s with the @n-th failure of @f. Returns whether there are that many
 * calls. @silent_ok: one that is tried again at once need not be logged.
 */
static bool fail_nth(const struct scene *s, struct world *w,
                     struct sim_fault *f, unsigned n, bool silent_ok)
{
    bool fired, attached;

    sim_fault_at(f, n, EIO);
    attached = world_attach(w);
    if (attached) {
        bool early = f->fired != 0;

        life(w, s);
        fired = f->fired != 0;
        if (!s->asleep && fired) {
            if (!early && !silent_ok && !complaints_logged(w)) {
                print_error("nothing was logged\n");
                fail_msg("failure %u", n);
            }
            sim_fault_clear(f);
            if (!recovers(w, s)) {
                fail_msg("no recovery from failure %u", n);
            }
        }
    } else {
        assert_true(w->err.text[0]);
    }
    world_detach(w);
    return f->fired != 0;
}

static void run(const struct scene *s, enum sim_call call, bool config)
{
    bool silent_ok = call == SIM_UNMAP_PIRQ || call == SIM_UNBIND_INTX ||
        call == SIM_UNBIND_MSI || call == SIM_UNBIND_MSI_INTX ||
        call == SIM_LOWER_INTX;
    unsigned n;

    for (n = 1; n < 2000; n++) {
        struct world w;
        bool more;

        make(&w, s);
        more = fail_nth(s, &w, config ? &w.sim.dev.config_fault :
                        &w.sim.xen.kind_fault[call], n, silent_ok);
        if (!world_quiet(&w)) {
            fail_msg("kind %d, asleep %d: failure %u of %s", (int)s->kind,
                     s->asleep, n, config ? "config" : sim_call_name(call));
        }
        world_fini(&w);
        if (!more) {
            return;
        }
    }
    fail_msg("no end");
}

static void all_hypercalls(enum kind kind)
{
    unsigned i, call;

    for (i = 0; i < COUNT(scenes); i++) {
        for (call = 0; scenes[i].kind == kind && call < SIM_NUM_CALLS;
             call++) {
            run(&scenes[i], (enum sim_call)call, false);
        }
    }
}

static void all_config(enum kind kind)
{
    unsigned i;

    for (i = 0; i < COUNT(scenes); i++) {
        if (scenes[i].kind == kind) {
            run(&scenes[i], SIM_MAP_GSI, true);
        }
    }
}

static void test_each_hypercall_fails_with_intx(void **state)
{
    (void)state;
    all_hypercalls(LINE);
}

static void test_each_hypercall_fails_with_4_msis(void **state)
{
    (void)state;
    all_hypercalls(MSI_4);
}

static void test_each_hypercall_fails_with_8_msix_entries(void **state)
{
    (void)state;
    all_hypercalls(MSIX_8);
}

static void test_each_hypercall_fails_with_translation(void **state)
{
    (void)state;
    all_hypercalls(TRANSLATED);
}

static void test_each_config_access_fails_with_intx(void **state)
{
    (void)state;
    all_config(LINE);
}

static void test_each_config_access_fails_with_4_msis(void **state)
{
    (void)state;
    all_config(MSI_4);
}

static void test_each_config_access_fails_with_8_msix_entries(void **state)
{
    (void)state;
    all_config(MSIX_8);
}

static void test_each_config_access_fails_with_translation(void **state)
{
    (void)state;
    all_config(TRANSLATED);
}

/* One failing access does not even show. */
static void test_switching_on_is_tried_twice(void **state)
{
    unsigned i;

    (void)state;
    for (i = 1; i < 3; i++) {
        struct world w;

        bring_up(&w, &scenes[i]);
        sim_fault_at(&w.sim.dev.config_fault, 1, EIO);
        enable(&w, &scenes[i], true);
        assert_int_equal(w.sim.dev.config_fault.fired, 1);
        assert_true(delivers(&w, &scenes[i]));
        sim_fault_at(&w.sim.dev.config_fault, 1, EIO);
        enable(&w, &scenes[i], false);
        assert_int_equal(w.sim.dev.config_fault.fired, 2);
        assert_false(sim_dev_msi_enabled(&w.sim.dev));
        assert_false(sim_dev_msix_enabled(&w.sim.dev));
        assert_true(world_close(&w));
    }
}

/* Both tries fail, and the guest does not ask again: Command's write does. */
static void test_switching_on_is_not_given_up(void **state)
{
    unsigned i;

    (void)state;
    for (i = 1; i < COUNT(scenes); i++) {
        struct world w;

        if (scenes[i].asleep) {
            continue;
        }
        bring_up(&w, &scenes[i]);
        if (scenes[i].kind == TRANSLATED) {
            intx_disable(&w, true);
        }
        sim_fault_always(&w.sim.dev.config_fault, EIO);
        if (scenes[i].kind == TRANSLATED) {
            intx_disable(&w, false);
        } else {
            enable(&w, &scenes[i], true);
        }
        sim_fault_clear(&w.sim.dev.config_fault);
        world_decode(&w, false);
        world_decode(&w, true);
        assert_true(delivers(&w, &scenes[i]));
        assert_true(world_close(&w));
    }
}

/* MSI-X, MSI and translation fail in one go: what is left is the line. */
static void test_all_but_the_line_failed_at_once(void **state)
{
    struct world w;

    (void)state;
    make(&w, &scenes[4]);
    w.sim.dev.cfg[PM + PCI_PM_CTRL] |= PCI_PM_CTRL_NO_SOFT_RST;
    w.sim.xen.opts.unmap_bound = true;
    assert_true(world_attach(&w));
    place_and_decode(&w);
    assert_true(translated(&w));
    world_power(&w, 3);
    sim_bus_pass(&w.sim.bus, w.d, 20000);
    msix_on(&w);
    msi_start(&w, 0);
    sim_fault_always(&w.sim.xen.kind_fault[SIM_UNMAP_PIRQ], EIO);
    sim_fault_always(&w.sim.xen.kind_fault[SIM_BIND_MSI_INTX], EIO);
    world_power(&w, 0);
    sim_bus_pass(&w.sim.bus, w.d, 20000);
    assert_false(msi_reads_on(&w));
    assert_true(hears_intx(&w, 0));
    sim_fault_clear(&w.sim.xen.kind_fault[SIM_UNMAP_PIRQ]);
    assert_true(world_close(&w));
}

/* Access after access fails: it is off when the next change works. */
static void test_switching_off_is_not_given_up(void **state)
{
    unsigned i, way;

    (void)state;
    for (i = 1; i < 3; i++) {
        for (way = 0; way < 2; way++) {
            struct world w;

            bring_up(&w, &scenes[i]);
            enable(&w, &scenes[i], true);
            sim_fault_always(&w.sim.dev.config_fault, EIO);
            enable(&w, &scenes[i], false);
            sim_fault_clear(&w.sim.dev.config_fault);
            if (way == 0) {
                intx_disable(&w, true);
                intx_disable(&w, false);
                assert_false(sim_dev_msi_enabled(&w.sim.dev));
                assert_false(sim_dev_msix_enabled(&w.sim.dev));
                assert_true(hears_intx(&w, 0));
            }
            assert_true(world_close(&w));
        }
    }
}

/* Neither the device nor Xen did as told: messages that nobody knew went on. */
static void test_msi_that_xen_kept_was_left_on(void **state)
{
    struct capture c;
    struct world w;

    (void)state;
    irq_card(&c);
    add_msi(&c, MSI_64);
    irq_begin(&w, &c, NULL, NULL);
    msi_start(&w, 0);
    sim_fault_always(&w.sim.xen.kind_fault[SIM_UNMAP_PIRQ], EIO);
    sim_fault_always(&w.sim.dev.config_fault, EIO);
    msi_off(&w);
    sim_fault_clear(&w.sim.dev.config_fault);
    assert_true(dev(&w, MSI + PCI_MSI_FLAGS, 2) & PCI_MSI_FLAGS_ENABLE);
    guest_intx(&w, false);
    assert_false(dev(&w, MSI + PCI_MSI_FLAGS, 2) & PCI_MSI_FLAGS_ENABLE);
    sim_fault_clear(&w.sim.xen.kind_fault[SIM_UNMAP_PIRQ]);
    assert_true(world_close(&w));
}

/* Other messages than the guest asked for, as Xen did not take them back. */
static void test_msis_that_xen_kept_were_enabled_for_fewer(void **state)
{
    struct capture c;
    struct world w;

    (void)state;
    irq_card(&c);
    add_msi(&c, MSI_64 | MSI_CAPABLE(2));
    irq_begin(&w, &c, NULL, NULL);
    msi_start(&w, 1);
    sim_fault_always(&w.sim.xen.kind_fault[SIM_UNMAP_PIRQ], EIO);
    msi_on(&w, 0);
    assert_false(msi_reads_on(&w));
    assert_false(dev(&w, MSI + PCI_MSI_FLAGS, 2) & PCI_MSI_FLAGS_ENABLE);
    sim_fault_clear(&w.sim.xen.kind_fault[SIM_UNMAP_PIRQ]);
    msi_on(&w, 0);
    assert_true(hears(&w, 0, VECTOR));
    assert_true(world_close(&w));
}

/* Unmapping ends the first one's binding, too. */
static void test_msi_that_xen_did_not_unbind_was_kept(void **state)
{
    const struct sim_xen_opts xen = { .unmap_bound = true };
    struct capture c;
    struct world w;

    (void)state;
    irq_card(&c);
    add_msi(&c, MSI_64);
    irq_begin(&w, &c, NULL, &xen);
    msi_start(&w, 0);
    sim_fault_always(&w.sim.xen.kind_fault[SIM_UNBIND_MSI], EPERM);
    msi_off(&w);
    assert_int_equal(logged(&w, "libxl took the device before"), 1);
    assert_null(pirq_of(&w, SIM_PIRQ_MSI, 0));
    sim_fault_clear(&w.sim.xen.kind_fault[SIM_UNBIND_MSI]);
    assert_true(world_close(&w));
}

/* A whole kind of call fails for a time, then works. */
static void test_a_kind_of_call_fails_for_a_time(void **state)
{
    static const enum sim_call calls[] = {
        SIM_MAP_MSI, SIM_BIND_MSI, SIM_BIND_MSI_INTX, SIM_UNBIND_MSI,
        SIM_UNBIND_MSI_INTX, SIM_UNMAP_PIRQ, SIM_MAP_MEMORY,
        SIM_UNMAP_MEMORY,
    };
    unsigned i, k;

    (void)state;
    for (i = 0; i < COUNT(scenes); i++) {
        for (k = 0; k < COUNT(calls); k++) {
            struct world w;

            make(&w, &scenes[i]);
            w.sim.xen.opts.unmap_bound = true;
            assert_true(world_attach(&w));
            sim_fault_always(&w.sim.xen.kind_fault[calls[k]], EIO);
            life(&w, &scenes[i]);
            sim_fault_clear(&w.sim.xen.kind_fault[calls[k]]);
            /* What is mapped and can't be unmapped has no decoder in D3hot. */
            if (calls[k] == SIM_UNMAP_MEMORY) {
                sim_notes_clear(&w.sim.xen.notes);
            }
            if (!recovers(&w, &scenes[i]) || !world_close(&w)) {
                fail_msg("%s, kind %d", sim_call_name(calls[k]),
                         (int)scenes[i].kind);
            }
        }
    }
}

/* A reset took its BARs, and they can't be written again. */
static void test_what_could_not_be_restored_is_not_mapped(void **state)
{
    struct world w;

    (void)state;
    make(&w, &scenes[2]);
    assert_true(world_attach(&w));
    place_and_decode(&w);
    world_power(&w, 3);
    world_power(&w, 0);
    sim_fault_always(&w.sim.dev.config_fault, EIO);
    rd16(&w, PCI_STATUS);
    wr32(&w, PCI_BASE_ADDRESS_0, (uint32_t)WORLD_MEM);
    wr16(&w, PCI_COMMAND, PCI_COMMAND_IO | PCI_COMMAND_MEMORY);
    msix_on(&w);
    assert_int_equal(w.sim.xen.num_mem, 0);
    assert_int_equal(w.sim.bus.num_traps, 0);
    sim_fault_clear(&w.sim.dev.config_fault);
    place_and_decode(&w);
    assert_int_not_equal(w.sim.xen.num_mem, 0);
    assert_true(world_close(&w));
}

static void test_mmio_reads_of_masks_fail(void **state)
{
    unsigned i;

    (void)state;
    for (i = 0; i < COUNT(scenes); i++) {
        struct world w;

        make(&w, &scenes[i]);
        assert_true(world_attach(&w));
        sim_fault_always(&w.sim.dev.mmio_fault, EIO);
        life(&w, &scenes[i]);
        assert_true(recovers(&w, &scenes[i]));
        assert_true(world_close(&w));
    }
}

/* Unplugged: all reads are ones, and succeed. */
static void test_device_that_vanishes_takes_nothing_with_it(void **state)
{
    unsigned i;

    (void)state;
    for (i = 0; i < COUNT(scenes); i++) {
        struct world w;

        bring_up(&w, &scenes[i]);
        enable(&w, &scenes[i], true);
        w.sim.dev.vanished = true;
        life(&w, &scenes[i]);
        world_detach(&w);
        assert_int_equal(sim_xen_leaks(&w.sim.xen, NULL, 0), 0);
        assert_int_equal(w.sim.bus.num_traps, 0);
        world_fini(&w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_hypercall_fails_with_intx),
        cmocka_unit_test(test_each_hypercall_fails_with_4_msis),
        cmocka_unit_test(test_each_hypercall_fails_with_8_msix_entries),
        cmocka_unit_test(test_each_hypercall_fails_with_translation),
        cmocka_unit_test(test_each_config_access_fails_with_intx),
        cmocka_unit_test(test_each_config_access_fails_with_4_msis),
        cmocka_unit_test(test_each_config_access_fails_with_8_msix_entries),
        cmocka_unit_test(test_each_config_access_fails_with_translation),
        cmocka_unit_test(test_switching_on_is_tried_twice),
        cmocka_unit_test(test_all_but_the_line_failed_at_once),
        cmocka_unit_test(test_switching_on_is_not_given_up),
        cmocka_unit_test(test_switching_off_is_not_given_up),
        cmocka_unit_test(test_msi_that_xen_kept_was_left_on),
        cmocka_unit_test(test_msis_that_xen_kept_were_enabled_for_fewer),
        cmocka_unit_test(test_msi_that_xen_did_not_unbind_was_kept),
        cmocka_unit_test(test_a_kind_of_call_fails_for_a_time),
        cmocka_unit_test(test_what_could_not_be_restored_is_not_mapped),
        cmocka_unit_test(test_mmio_reads_of_masks_fail),
        cmocka_unit_test(test_device_that_vanishes_takes_nothing_with_it),
    };

    return cmocka_run_group_tests_name("interrupts, failures", tests, NULL,
                                       NULL);
}
