/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The n-th call fails, for each n, of each neighbour: through attach, all
 * that a guest does in its life, and detach. No crash, nothing left behind
 * in Xen, a message for each, and what the guest sees is still consistent.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pt-pci.h"
#include "pt-msi.h"

#include "lib-alloc.h"
#include "lib-invariants.h"

static struct world w;
static struct inv v;

static const char *const some[] = {
    "hw-82576.txt", "hw-igd-skylake.txt", "hw-myri10g.txt",
    "qemu-e1000e.txt", "qemu-nvme.txt", "qemu-nvme-sriov-vf.txt",
    "qemu-megasas.txt", "qemu-nec-usb-xhci.txt", "qemu-edu.txt",
    "qemu-virtio-blk-transitional.txt", "qemu-lsi53c895a.txt",
};
#define NUM_SOME (sizeof(some) / sizeof(some[0]))

static const struct world_policy policies[] = {
    { "default", { 0 } },
    { "power_mgmt", { .power_mgmt = true } },
    { "translate, power_mgmt",
      { .msitranslate = true, .power_mgmt = true } },
    { NULL, { 0 } },
};

/* ------------------------------------------------------------------ */
/* A guest's life                                                      */

/* A fault that is to stay, once it has come. */
static struct sim_fault *staying;

static void let_it_stay(void)
{
    if (staying && staying->fired && !staying->always) {
        sim_fault_always(staying, EIO);
    }
}

static void guest_write(uint32_t off, uint32_t val, unsigned len)
{
    inv_write(&v, off, val, len);
    let_it_stay();
}

static void guest_read(uint32_t off, unsigned len)
{
    inv_read(&v, off, len);
    let_it_stay();
}

static void program_msi(uint8_t pos)
{
    bool wide = rd16(&w, pos + PCI_MSI_FLAGS) & PCI_MSI_FLAGS_64BIT;

    guest_write(pos + PCI_MSI_ADDRESS_LO, 0xfee01000, 4);
    if (wide) {
        guest_write(pos + PCI_MSI_ADDRESS_HI, 0, 4);
    }
    guest_write(pos + (wide ? 12u : 8u), 0x4031, 2);
}

static void use_msi(void)
{
    uint8_t pos = world_cap(&w, PCI_CAP_ID_MSI, 0);

    if (!pos) {
        return;
    }
    program_msi(pos);
    guest_write(pos + PCI_MSI_FLAGS, PCI_MSI_FLAGS_ENABLE | 5u << 4, 2);
    guest_write(pos + PCI_MSI_ADDRESS_LO, 0xfee02000, 4);
    guest_write(pos + PCI_MSI_FLAGS, 0, 2);
}

static void fill_table(uint64_t gpa, unsigned n, uint32_t ctrl)
{
    unsigned i;

    for (i = 0; i < n; i++) {
        sim_guest_mmio_write(&w.sim.bus, gpa + 16 * i, 4, 0xfee03000);
        sim_guest_mmio_write(&w.sim.bus, gpa + 16 * i + 4, 4, 0);
        sim_guest_mmio_write(&w.sim.bus, gpa + 16 * i + 8, 4, 0x41 + i);
        sim_guest_mmio_write(&w.sim.bus, gpa + 16 * i + 12, 4, ctrl);
        let_it_stay();
    }
}

static void use_msix(void)
{
    uint8_t pos = world_cap(&w, PCI_CAP_ID_MSIX, 0);
    uint32_t table;
    uint64_t bar;
    unsigned n;

    if (!pos) {
        return;
    }
    table = rd32(&w, pos + PCI_MSIX_TABLE);
    n = table & 7;
    bar = world_bar_addr(&w, n);
    table &= ~7u;
    fill_table(bar + table, 3, 0);
    guest_write(pos + PCI_MSI_FLAGS, 0xc000, 2);  /* masked */
    guest_write(pos + PCI_MSI_FLAGS, PCI_MSIX_ENABLE, 2);
    fill_table(bar + table, 2, 1);
    fill_table(bar + table, 3, 0);
    /* Moved with its interrupts on. */
    bar += w.d->bar[n].size << 4;
    guest_write(PCI_BASE_ADDRESS_0 + 4 * n, (uint32_t)bar, 4);
    fill_table(bar + table, 1, 0);
}

static void sleep_and_wake(void)
{
    uint8_t pos = world_cap(&w, PCI_CAP_ID_PM, 0);

    if (pos) {
        guest_write(pos + PCI_PM_CTRL, 3, 2);
        guest_read(PCI_COMMAND, 4);
        guest_write(pos + PCI_PM_CTRL, 0, 2);
        guest_read(PCI_COMMAND, 4);
    }
}

static void stop_msix(void)
{
    uint8_t pos = world_cap(&w, PCI_CAP_ID_MSIX, 0);

    if (pos) {
        guest_write(pos + PCI_MSI_FLAGS, 0, 2);
    }
}

static void program(void)
{
    world_place_all(&w);
    guest_write(PCI_COMMAND, 0x0007, 2);
    guest_write(PCI_STATUS, 0xf900, 2);
}

/* What a guest does; returns the step that broke an invariant, or NULL. */
static const char *life(void)
{
    static const struct {
        const char *name;
        void (*step)(void);
    } steps[] = {
        { "program", program }, { "MSI", use_msi }, { "MSI-X", use_msix },
        { "sleep", sleep_and_wake }, { "program again", program },
        { "MSI again", use_msi }, { "MSI-X again", use_msix },
        { "stop", stop_msix },
    };
    unsigned i;

    for (i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        steps[i].step();
        if (v.wrong[0] || !inv_settle(&v) || !inv_state(&v) ||
            !inv_chain(&v)) {
            return steps[i].name;
        }
    }
    guest_write(PCI_COMMAND, 0, 2);
    pt_reset(w.d);
    program();
    return inv_state(&v) && inv_chain(&v) ? NULL : "reset";
}

/* ------------------------------------------------------------------ */
/* Faults                                                              */

/* Whose calls fail; XEN and above: a hypercall of this kind. */
enum { CONFIG, MMIO, TRAP, XEN, NUM_VICTIMS = XEN + SIM_NUM_CALLS };

static const char *name_of(unsigned which)
{
    static const char *const names[] = { "config", "MMIO", "trap" };

    return which < XEN ? names[which] :
        sim_call_name((enum sim_call)(which - XEN));
}

static struct sim_fault *fault_of(unsigned which)
{
    switch (which) {
    case CONFIG:
        return &w.sim.dev.config_fault;
    case MMIO:
        return &w.sim.dev.mmio_fault;
    case TRAP:
        return &w.sim.bus.trap_fault;
    default:
        return &w.sim.xen.kind_fault[which - XEN];
    }
}

/*
 * Must somebody be told? Not of undoing that went well when it was tried
 * once more, nor of a mask bit that could not be read.
 */
static bool has_consequences(unsigned which)
{
    switch (which) {
    case MMIO:
        return false;
    case XEN + SIM_UNMAP_MEMORY:
    case XEN + SIM_UNMAP_PORTS:
    case XEN + SIM_UNMAP_PIRQ:
    case XEN + SIM_UNBIND_INTX:
    case XEN + SIM_LOWER_INTX:
    case XEN + SIM_UNBIND_MSI_INTX:
    case XEN + SIM_UNBIND_MSI:
        return fault_of(which)->fired > 2;
    default:
        return true;
    }
}

/* From the @n-th call on all fail, or just this one. */
struct plan {
    const char *device;
    const struct world_policy *policy;
    unsigned which;
    unsigned n;
    bool always;
    bool fewer;  /* at attach Xen gave fewer MSIs: an answer, no failure */
};

static void explain(const struct plan *p, const char *what, const char *why)
{
    fail_msg("%s, %s: %s call %u fails%s: %s: %s", p->device, p->policy->name,
             name_of(p->which), p->n, p->always ? " and all after it" : "",
             what, why);
}

/* What Xen has left that we could have given back: nothing. */
static void check_end(const struct plan *p)
{
    char text[512] = "";
    bool told = w.err.text[0] != '\0' || w.sim.bus.lines[PT_LOG_ERROR] ||
        w.sim.bus.lines[PT_LOG_WARNING];

    if (fault_of(p->which)->fired && !told && !p->fewer &&
        has_consequences(p->which)) {
        explain(p, "end", "nobody was told");
    }
    if (!p->always && (sim_xen_leaks(&w.sim.xen, text, sizeof(text)) ||
                       w.sim.bus.num_traps)) {
        explain(p, "leak", text);
    }
    if (w.sim.dev.count.msi_written_by_dm ||
        w.sim.dev.count.msix_written_by_dm) {
        explain(p, "end", "Xen's registers were written");
    }
}

static void arm(const struct plan *p)
{
    sim_fault_at(fault_of(p->which), p->n, p->which >= XEN ? ENOSPC : EIO);
    staying = p->always ? fault_of(p->which) : NULL;
}

/* Each n, or some with SIM_QUICK. */
static unsigned stride(void)
{
    return world_rounds(20) == 20 ? 1 : 7;
}

/* One life with a fault. Returns whether it came to be. */
static bool suffer(struct plan *p)
{
    const char *broken;

    world_open(&w, p->device, 0, &p->policy->policy);
    w.sim.xen.opts.unmap_bound = true;
    inv_start(&v, &w);
    v.failures = true;
    p->fewer = false;
    arm(p);
    if (world_attach(&w)) {
        let_it_stay();
        p->fewer = p->which == XEN + SIM_MAP_MSI && fault_of(p->which)->fired;
        inv_attached(&v);
        broken = life();
        if (broken) {
            explain(p, broken, v.wrong);
        }
    } else if (w.err.text[0] == '\0') {
        explain(p, "attach", "refused without a reason");
    }
    world_detach(&w);
    check_end(p);
    staying = NULL;
    return fault_of(p->which)->fired != 0;
}

/* After all of it, what the guest asks for now must work. */
static void recovers(const struct plan *p)
{
    struct pt_dev *d;

    world_detach(&w);
    sim_forget(&w.sim);
    w.sim.dev.settled_us = 0;
    inv_start(&v, &w);
    if (!world_attach(&w)) {
        explain(p, "attach once more", w.err.text);
    }
    d = w.d;
    if (!inv_attached(&v) || life() || d != w.d || !inv_end(&v)) {
        explain(p, "life once more", v.wrong);
    }
}

static void each_call_fails(unsigned which, bool always)
{
    struct plan p = { .which = which, .always = always };
    unsigned i;

    for (i = 0; i < NUM_SOME; i++) {
        p.device = some[i];
        for (p.policy = policies; p.policy->name; p.policy++) {
            bool more = true;

            for (p.n = 1; more; p.n += stride()) {
                more = suffer(&p);
                /* A device that can't be written keeps what it has. */
                if (!always && which != CONFIG) {
                    recovers(&p);
                }
                world_fini(&w);
            }
            assert_true(p.n > 2 || which != CONFIG);
        }
    }
}

static void each_config_access_fails_once(void **state)
{
    (void)state;
    each_call_fails(CONFIG, false);
}

static void config_accesses_fail_from_one_on(void **state)
{
    (void)state;
    each_call_fails(CONFIG, true);
}

static void each_hypercall_fails_once(void **state)
{
    unsigned i;

    (void)state;
    for (i = XEN; i < NUM_VICTIMS; i++) {
        each_call_fails(i, false);
    }
}

static void hypercalls_fail_from_one_on(void **state)
{
    unsigned i;

    (void)state;
    for (i = XEN; i < NUM_VICTIMS; i++) {
        each_call_fails(i, true);
    }
}

static void each_trap_fails(void **state)
{
    (void)state;
    each_call_fails(TRAP, false);
    each_call_fails(TRAP, true);
}

static void each_mmio_access_fails(void **state)
{
    (void)state;
    each_call_fails(MMIO, false);
    each_call_fails(MMIO, true);
}

/* Without a fault the life is one without fault. */
static void a_life_without_failures(void **state)
{
    const struct world_policy *p;
    const char *broken;
    unsigned i;

    (void)state;
    for (i = 0; i < NUM_SOME; i++) {
        for (p = policies; p->name; p++) {
            world_open(&w, some[i], 0, &p->policy);
            inv_start(&v, &w);
            assert_true(world_attach(&w));
            assert_true(inv_attached(&v));
            broken = life();
            if (broken || !inv_end(&v)) {
                fail_msg("%s, %s: %s: %s", some[i], p->name,
                         broken ? broken : "end", v.wrong);
            }
            world_fini(&w);
        }
    }
}

/* ------------------------------------------------------------------ */
/* Memory                                                              */

static void each_allocation_fails(void **state)
{
    struct capture c;
    unsigned i, n;

    (void)state;
    if (!alloc_can_fail()) {
        print_message("# not here: what it needs is missing\n");
        return;  /* cmocka's TAP calls a skipped test "not ok" */
    }
    for (i = 0; i < NUM_SOME; i++) {
        world_capture(&c, some[i], 0);
        for (n = 1;; n++) {
            bool attached;

            world_init(&w, &c, NULL, NULL);
            alloc_fail_at(n);
            attached = world_attach(&w);
            alloc_fail_at(0);
            if (attached) {
                break;
            }
            assert_non_null(strstr(w.err.text, "memory"));
            assert_true(world_close(&w));
        }
        assert_true(n > 2);
        assert_true(world_close(&w));
    }
}

/* ------------------------------------------------------------------ */
/* A device that lies, or goes                                         */

static void vanish(struct sim_dev *s, uint16_t pos, const uint8_t *buf,
                   unsigned len)
{
    unsigned *left = s->user;

    (void)pos;
    (void)buf;
    (void)len;
    if (--*left == 0) {
        s->vanished = true;
    }
}

static void vanish_on_read(struct sim_dev *s, uint16_t pos, uint8_t *buf,
                           unsigned len)
{
    vanish(s, pos, buf, len);
    if (s->vanished) {
        memset(buf, 0xff, len);
    }
}

static void a_device_may_vanish_at_any_access(void **state)
{
    unsigned i, n, left = 0;
    const struct world_policy *p;

    (void)state;
    for (i = 0; i < NUM_SOME; i++) {
        for (p = policies; p->name; p++) {
            for (n = 1; left == 0; n += stride()) {
                left = n;
                world_open(&w, some[i], 0, &p->policy);
                w.sim.dev.user = &left;
                w.sim.dev.hooks.on_read = vanish_on_read;
                w.sim.dev.hooks.on_write = vanish;
                w.sim.xen.opts.unmap_bound = true;
                inv_start(&v, &w);
                v.failures = true;
                if (world_attach(&w)) {
                    inv_attached(&v);
                    if (life()) {
                        fail_msg("%s, %s, %u: %s", some[i], p->name, n,
                                 v.wrong);
                    }
                }
                world_detach(&w);
                assert_int_equal(sim_xen_leaks(&w.sim.xen, NULL, 0), 0);
                assert_int_equal(w.sim.bus.num_traps, 0);
                world_fini(&w);
            }
            left = 0;
        }
    }
}

static void lie(struct sim_dev *s, uint16_t pos, uint8_t *buf, unsigned len)
{
    struct world_rng *r = s->user;
    unsigned i;

    (void)pos;
    for (i = 0; r && i < len; i++) {
        buf[i] = (uint8_t)world_random(r);
    }
}

/*
 * XSA-337: nothing that is read after attach decides an address, a size or an
 * index. Mappings, constants and the chain stay as they are.
 */
static void a_device_may_lie_after_attach(void **state)
{
    struct world_rng r = { 337 };
    const struct world_policy *p;
    unsigned i, n;

    (void)state;
    for (i = 0; i < NUM_SOME; i++) {
        for (p = world_all_policies; p->name; p++) {
            for (n = 0; n < world_rounds(20); n++) {
                world_open(&w, some[i], 0, &p->policy);
                w.sim.dev.hooks.on_read = lie;
                w.sim.dev.user = NULL;
                w.sim.xen.opts.unmap_bound = true;
                inv_start(&v, &w);
                assert_true(world_attach(&w));
                assert_true(inv_attached(&v));
                w.sim.dev.user = &r;
                v.failures = v.lies = true;
                if (life()) {
                    fail_msg("%s, %s: %s", some[i], p->name, v.wrong);
                }
                world_detach(&w);
                assert_int_equal(sim_xen_leaks(&w.sim.xen, NULL, 0), 0);
                assert_int_equal(w.sim.bus.num_traps, 0);
                world_fini(&w);
            }
        }
    }
}

/* Its BARs and message registers, in particular: the same mappings. */
static void changed_registers_move_nothing(void **state)
{
    struct world_cost then, c;
    unsigned i, n;

    (void)state;
    for (i = 0; i < NUM_SOME; i++) {
        struct sim_dev *s = &w.sim.dev;

        world_open(&w, some[i], 0, NULL);
        inv_start(&v, &w);
        assert_true(world_attach(&w));
        assert_true(inv_attached(&v));
        world_place_all(&w);
        world_decode(&w, true);
        /* All but Command and Status, and what Xen programs. */
        for (n = 8; n < PT_CFG_SIZE; n++) {
            s->cfg[n] ^= 0xa5;
        }
        then = world_cost(&w);
        v.failures = true;
        assert_true(inv_chain(&v));
        assert_true(inv_state(&v));
        for (n = 0; n < PT_NUM_BARS; n++) {
            inv_write(&v, PCI_BASE_ADDRESS_0 + 4 * n,
                      rd32(&w, PCI_BASE_ADDRESS_0 + 4 * n), 4);
        }
        assert_string_equal(v.wrong, "");
        c = world_cost_since(&w, &then);
        assert_int_equal(c.hypercalls, 0);
        world_detach(&w);
        assert_int_equal(sim_xen_leaks(&w.sim.xen, NULL, 0), 0);
        world_fini(&w);
    }
}

/* ------------------------------------------------------------------ */
/* Attach                                                              */

static void refused_naming(const char *text)
{
    assert_false(world_attach(&w));
    if (!strstr(w.err.text, text)) {
        fail_msg("%s", w.err.text);
    }
    assert_int_equal(w.sim.xen.total, 0);
    assert_true(world_close(&w));
}

static void a_device_that_is_not_there_is_refused(void **state)
{
    (void)state;
    world_open(&w, "qemu-e1000e.txt", 0, NULL);
    w.sim.dev.vanished = true;
    refused_naming("all ones");
}

static void a_device_that_cant_be_read_is_refused(void **state)
{
    (void)state;
    world_open(&w, "qemu-e1000e.txt", 0, NULL);
    sim_fault_always(&w.sim.dev.config_fault, EACCES);
    refused_naming(strerror(EACCES));
}

static void strict_and_permissive_are_refused(void **state)
{
    static const struct pt_policy both = {
        .strict = true, .permissive = true,
    };

    (void)state;
    world_open(&w, "qemu-e1000e.txt", 0, &both);
    refused_naming("strict");
}

/*
 * A piece that Xen does not unmap at once must not keep the rest of its BAR
 * from coming back with it.
 */
static void a_bar_that_came_off_in_part_comes_back_in_whole(void **state)
{
    /* One entry in BAR 0 at 0x8000, its pending bit at 0x9000. */
    static const uint8_t msix[10] = { 0, 0, 0, 0x80, 0, 0, 0, 0x90, 0, 0 };
    struct capture c;
    unsigned n;

    (void)state;
    for (n = 1; n <= 2; n++) {
        world_build(&c);
        world_build_bar(&c, 0, 0xfd000000, 0x10000, 0);
        world_build_cap(&c, 0x40, PCI_CAP_ID_MSIX, msix, sizeof(msix));
        world_init(&w, &c, NULL, NULL);
        inv_start(&v, &w);
        assert_true(world_attach(&w));
        assert_true(inv_attached(&v));
        world_place_all(&w);
        wr16(&w, PCI_COMMAND, PCI_COMMAND_MEMORY);
        assert_true(inv_state(&v));
        sim_fault_at(&w.sim.xen.kind_fault[SIM_UNMAP_MEMORY], n, EBUSY);
        wr16(&w, PCI_COMMAND, 0);
        wr16(&w, PCI_COMMAND, PCI_COMMAND_MEMORY);
        if (!inv_state(&v) || !inv_end(&v)) {
            fail_msg("%s", v.wrong);
        }
        world_fini(&w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_life_without_failures),
        cmocka_unit_test(each_config_access_fails_once),
        cmocka_unit_test(config_accesses_fail_from_one_on),
        cmocka_unit_test(each_hypercall_fails_once),
        cmocka_unit_test(hypercalls_fail_from_one_on),
        cmocka_unit_test(each_trap_fails),
        cmocka_unit_test(each_mmio_access_fails),
        cmocka_unit_test(each_allocation_fails),
        cmocka_unit_test(a_device_may_vanish_at_any_access),
        cmocka_unit_test(a_device_may_lie_after_attach),
        cmocka_unit_test(changed_registers_move_nothing),
        cmocka_unit_test(a_device_that_is_not_there_is_refused),
        cmocka_unit_test(a_device_that_cant_be_read_is_refused),
        cmocka_unit_test(strict_and_permissive_are_refused),
        cmocka_unit_test(a_bar_that_came_off_in_part_comes_back_in_whole),
    };

    return cmocka_run_group_tests_name("failures", tests, NULL, NULL);
}
