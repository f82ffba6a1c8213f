/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The simulated Xen: the masks of MSI-X entries, which are its own. */
#include "lib-sim.h"

#define GTABLE UINT64_C(0xf0001000)
#define VC(n) (GTABLE + 16 * (n) + 12)

struct rig {
    struct sim *s;
    struct pt_dev dm;
    struct pt_trap trap;
    int pirq;
};

/* MSI-X on, entry 2 bound and unmasked, the table trapped at GTABLE. */
static void rig_up(struct rig *r, struct sim *s)
{
    memset(r, 0, sizeof(*r));
    r->s = s;
    r->pirq = -1;
    r->trap = (struct pt_trap) {
        .dev = &r->dm, .region = 3, .offset = 0x1000, .size = 0x1000,
        .gpa = GTABLE,
    };
    assert_int_equal(s->bus.pt.ops->trap(&s->bus, &r->trap), 0);
    wr(s, MSIX + 2, 2, PCI_MSIX_ENABLE);
    assert_int_equal(map_msix(s, 2, &r->pirq), 0);
    assert_int_equal(bind(s, r->pirq, 0x60, true, GTABLE), 0);
}

static void rig_down(struct rig *r)
{
    const struct pt_xen_ops *x = r->s->xen.pt.ops;

    assert_int_equal(x->unbind_msi(&r->s->xen, r->pirq, 0x60, 0), 0);
    assert_int_equal(x->unmap_pirq(&r->s->xen, r->pirq), 0);
    r->s->bus.pt.ops->untrap(&r->s->bus, &r->trap);
    quiet(r->s);
}

static void test_xen_does_mask_bits(void **state)
{
    struct sim *s = *state;
    struct rig r;

    rig_up(&r, s);
    sim_guest_mmio_write(&s->bus, VC(2), 4, 1);
    assert_int_equal(sim_dev_msix_word(&s->dev, 2, 3), 1);
    assert_int_equal(sim_guest_mmio_read(&s->bus, VC(2), 4), 1);
    assert_int_equal(r.dm.writes, 0);
    assert_int_equal(r.dm.reads, 0);
    assert_int_equal(sim_dev_interrupt(&s->dev, 2), SIM_PENDING);
    sim_guest_mmio_write(&s->bus, VC(2), 4, 0);
    assert_int_equal(r.dm.writes, 0);
    assert_int_equal(s->xen.vector[0x60], 1);
    /* Entries that are not mapped are the device model's. */
    sim_guest_mmio_write(&s->bus, VC(3), 4, 1);
    assert_int_equal(r.dm.writes, 1);
    r.dm.answer = 1;
    assert_int_equal(sim_guest_mmio_read(&s->bus, VC(3), 4), 1);
    assert_int_equal(r.dm.reads, 1);
    rig_down(&r);
}

static void still_masked(void *priv)
{
    struct sim *s = priv;

    assert_int_equal(sim_dev_msix_word(&s->dev, 2, 3), 1);
}

static void test_unmask_after_change_comes_first(void **state)
{
    struct sim *s = *state;
    struct rig r;

    rig_up(&r, s);
    sim_guest_mmio_write(&s->bus, VC(2), 4, 1);
    sim_guest_mmio_write(&s->bus, VC(2) - 4, 4, 0x4061);
    assert_int_equal(r.dm.writes, 1);
    assert_int_equal(r.dm.off, 0x28);
    assert_int_equal(sim_dev_msix_word(&s->dev, 2, 2), 0x4000);
    r.dm.on_write = still_masked;
    r.dm.priv = s;
    sim_guest_mmio_write(&s->bus, VC(2), 4, 0);
    assert_int_equal(r.dm.writes, 2);
    assert_int_equal(sim_dev_msix_word(&s->dev, 2, 3), 0);
    r.dm.on_write = NULL;
    /* Nothing changed since: Xen alone. */
    sim_guest_mmio_write(&s->bus, VC(2), 4, 1);
    sim_guest_mmio_write(&s->bus, VC(2), 4, 0);
    assert_int_equal(r.dm.writes, 2);
    /* Data and mask in one. */
    sim_guest_mmio_write(&s->bus, VC(2) - 4, 8, UINT64_C(0x100004061));
    assert_int_equal(r.dm.writes, 3);
    assert_int_equal(sim_dev_msix_word(&s->dev, 2, 3), 1);
    rig_down(&r);
}

static void bind_now(void *priv)
{
    struct rig *r = priv;

    if (r->pirq < 0) {
        assert_int_equal(map_msix(r->s, 5, &r->pirq), 0);
        assert_int_equal(bind(r->s, r->pirq, 0x61, false, GTABLE), 0);
    }
}

/* A first unmasking write, for which the device model binds the vector. */
static void test_unmask_of_what_is_bound_by_it(void **state)
{
    struct sim *s = *state;
    struct rig r;

    rig_up(&r, s);
    assert_int_equal(s->xen.pt.ops->unbind_msi(&s->xen, r.pirq, 0x60, 0), 0);
    assert_int_equal(s->xen.pt.ops->unmap_pirq(&s->xen, r.pirq), 0);
    r.pirq = -1;
    r.dm.on_write = bind_now;
    r.dm.priv = &r;
    sim_guest_mmio_write(&s->bus, VC(5), 4, 0);
    assert_true(r.pirq >= 0);
    assert_int_equal(sim_dev_msix_word(&s->dev, 5, 3), 0);
    complaints(s, 0);
}

static void test_all_writes_since_4_19(void **state)
{
    struct sim *s = start(make_express, false, &(struct sim_opts) {
        .xen.all_writes = true });
    struct rig r;

    (void)state;
    rig_up(&r, s);
    sim_guest_mmio_write(&s->bus, VC(2), 4, 1);
    assert_int_equal(r.dm.writes, 1);
    assert_int_equal(sim_dev_msix_word(&s->dev, 2, 3), 1);
    sim_guest_mmio_write(&s->bus, VC(2), 4, 0);
    assert_int_equal(r.dm.writes, 2);
    assert_int_equal(sim_dev_msix_word(&s->dev, 2, 3), 0);
    rig_down(&r);
    stop(s);
}

static void test_xen_keeps_a_table(void **state)
{
    struct sim *s = *state;
    const struct pt_xen_ops *x = s->xen.pt.ops;
    struct rig r;
    int pirq = -1;

    rig_up(&r, s);
    assert_int_equal(map_msix(s, 3, &pirq), 0);
    assert_int_equal(bind(s, pirq, 0x61, true, GTABLE + 0x100000), 0);
    complaints(s, 1);
    assert_int_equal(bind(s, r.pirq, 0x60, true, GTABLE + 0x100000), 0);
    complaints(s, 1);
    assert_int_equal(s->xen.devs[0].gtable, GTABLE);
    assert_int_equal(x->unbind_msi(&s->xen, pirq, 0x61, 0), 0);
    assert_int_equal(x->unbind_msi(&s->xen, r.pirq, 0x60, 0), 0);
    assert_int_equal(s->xen.devs[0].gtable, 0);
    assert_int_equal(bind(s, r.pirq, 0x60, true, GTABLE + 0x100000), 0);
    assert_int_equal(s->xen.devs[0].gtable, GTABLE + 0x100000);
    assert_int_equal(x->unmap_pirq(&s->xen, pirq), 0);
    rig_down(&r);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        T(test_xen_does_mask_bits),
        T(test_unmask_after_change_comes_first),
        T(test_unmask_of_what_is_bound_by_it),
        T_OWN(test_all_writes_since_4_19),
        T(test_xen_keeps_a_table),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("sim_masks", tests, NULL, NULL);
}
