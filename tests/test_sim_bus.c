/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The simulated bus: log, clock, traps, and the guest's accesses. */
#include "lib-sim.h"

static void test_bus_log(void **state)
{
    struct sim *s = *state;
    unsigned i;

    for (i = 0; i < 2 * SIM_LOG_KEPT; i++) {
        s->bus.pt.ops->log(&s->bus, i ? PT_LOG_INFO : PT_LOG_ERROR,
                           i ? "again" : "first");
    }
    assert_int_equal(s->bus.num_lines, 2 * SIM_LOG_KEPT);
    assert_int_equal(s->bus.lines[PT_LOG_ERROR], 1);
    assert_true(sim_bus_logged(&s->bus, "irst"));
    assert_false(sim_bus_logged(&s->bus, "second"));
    complaints(s, 0);
    s->bus.pt.ops->log(&s->bus, PT_LOG_INFO, "with an end\n");
    complaints(s, 1);
    sim_bus_forget(&s->bus);
    assert_int_equal(s->bus.num_lines, 0);
}

static void test_bus_clock(void **state)
{
    struct sim *s = *state;
    uint64_t t = s->bus.pt.ops->now_us(&s->bus);

    s->bus.pt.ops->delay_us(&s->bus, 10000);
    assert_int_equal(s->bus.pt.ops->now_us(&s->bus) - t, 10000);
    assert_int_equal(s->dev.clock->now_us - t, 10000);
    assert_int_equal(s->bus.delayed_us, 10000);
}

static void test_bus_traps(void **state)
{
    struct sim *s = *state;
    const struct pt_bus_ops *b = s->bus.pt.ops;
    struct pt_dev dm = { 0 };
    struct pt_trap t = { .dev = &dm, .size = 0x2000, .gpa = 0x10000 };
    struct pt_trap u = { .dev = &dm, .size = 0x1000, .gpa = 0x11000 };

    assert_int_equal(b->trap(&s->bus, &t), 0);
    assert_int_equal(b->trap(&s->bus, &t), -EBUSY);
    assert_int_equal(b->trap(&s->bus, &u), -EBUSY);
    u.gpa = 0x12800;
    assert_int_equal(b->trap(&s->bus, &u), -EINVAL);
    b->untrap(&s->bus, &u);
    complaints(s, 4);
    u.gpa = 0x12000;
    sim_fault_at(&s->bus.trap_fault, 1, ENOSPC);
    assert_int_equal(b->trap(&s->bus, &u), -ENOSPC);
    assert_int_equal(b->trap(&s->bus, &u), 0);
    assert_ptr_equal(sim_bus_trap(&s->bus, 0x11fff), &t);
    assert_ptr_equal(sim_bus_trap(&s->bus, 0x12000), &u);
    assert_null(sim_bus_trap(&s->bus, 0x13000));
    assert_int_equal(sim_check_quiet(s, NULL, 0), 2);
    b->untrap(&s->bus, &t);
    b->untrap(&s->bus, &u);
    quiet(s);
}

static void test_bus_neighbours(void **state)
{
    struct sim *s = *state;
    const struct pt_bus_ops *b = s->bus.pt.ops;
    struct pt_dev dm = { 0 };

    sim_bus_take(&s->bus, false, 0xf0000000, 0x1000);
    assert_true(b->taken(&s->bus, &dm, false, 0xefffffff, 2));
    assert_false(b->taken(&s->bus, &dm, false, 0xf0001000, 1));
    assert_false(b->taken(&s->bus, &dm, true, 0xf0000000, 1));
    assert_int_equal(s->bus.moved[3], PT_UNMAPPED);
    b->moved(&s->bus, &dm, 3, 0x1234000);
    assert_int_equal(s->bus.moved[3], 0x1234000);
    complaints(s, 0);
    b->moved(&s->bus, &dm, 7, 0);
    complaints(s, 1);
}

static void test_guest_accesses(void **state)
{
    struct sim *s = *state;
    struct pt_dev dm = { .answer = UINT64_MAX };
    struct pt_trap t = { .dev = &dm, .region = 3, .size = 0x1000,
                         .gpa = 0xf0001000 };

    assert_int_equal(s->bus.pt.ops->trap(&s->bus, &t), 0);
    assert_int_equal(map(s, 0xf0000, MFN3, 1), 0);
    sim_guest_mmio_write(&s->bus, 0xf0000010, 8, 0x1122334455667788);
    assert_int_equal(sim_guest_mmio_read(&s->bus, 0xf0000013, 4),
                     0x22334455);
    assert_int_equal(dm.reads + dm.writes, 0);
    /* At a page's end: the rest goes to the trap, byte for byte. */
    sim_guest_mmio_write(&s->bus, 0xf0000ffe, 4, 0xaabbccdd);
    assert_int_equal(dm.writes, 1);
    assert_int_equal(dm.off, 0);
    assert_int_equal(dm.width, 2);
    assert_int_equal(dm.val, 0xaabb);
    assert_int_equal(sim_guest_mmio_read(&s->bus, 0xf0000ffe, 2), 0xccdd);
    /* Unaligned in a trap: as it is. */
    assert_int_equal(sim_guest_mmio_read(&s->bus, 0xf0001001, 4),
                     0xffffffff);
    assert_int_equal(dm.off, 1);
    assert_int_equal(dm.width, 4);
    /* Nothing there. */
    assert_true(sim_guest_mmio_read(&s->bus, 0xf0002000, 8) == UINT64_MAX);
    sim_guest_mmio_write(&s->bus, 0xf0002000, 8, 0);
    complaints(s, 0);
    /* A trap that the guest goes around. */
    assert_int_equal(map(s, 0xf0001, MFN3, 1), 0);
    assert_int_equal(sim_guest_mmio_read(&s->bus, 0xf0001010, 4),
                     0x55667788);
    complaints(s, 1);
    /* A mapping that nobody decodes: an Unsupported Request. */
    sim_dev_poke(&s->dev, PCI_COMMAND, 2, 0);
    assert_int_equal(sim_guest_mmio_read(&s->bus, 0xf0000010, 1), 0xff);
    assert_int_equal(s->dev.count.unsupported, 1);
}

static void test_quiet_tells_leaks(void **state)
{
    struct sim *s = *state;
    struct pt_dev dm = { 0 };
    struct pt_trap t = { .dev = &dm, .size = 0x1000, .gpa = 0x10000 };
    char text[1024], little[8];
    int pirq = -1;

    assert_int_equal(map(s, 0xf0000, MFN0, 16), 0);
    assert_int_equal(map_msi(s, 1, &pirq), 0);
    assert_int_equal(bind(s, pirq, 0x30, true, 0), 0);
    assert_int_equal(s->bus.pt.ops->trap(&s->bus, &t), 0);
    s->bus.pt.ops->untrap(&s->bus, NULL);
    assert_int_equal(sim_check_quiet(s, text, sizeof(text)), 5);
    assert_non_null(strstr(text, "bus: untrap"));
    assert_non_null(strstr(text, "frames 0xf0000+0x10 mapped"));
    assert_non_null(strstr(text, "pirq 279 (MSI, entry 0) mapped and bound"));
    assert_non_null(strstr(text, "0x10000+0x1000 trapped"));
    assert_int_equal(sim_check_quiet(s, little, sizeof(little)), 5);
    assert_int_equal(strlen(little), sizeof(little) - 1);
    sim_forget(s);
    assert_int_equal(sim_check_quiet(s, NULL, 0), 4);
}

static void test_notes_are_bounded(void **state)
{
    struct sim *s = *state;
    static char text[8192];
    unsigned i;

    for (i = 0; i < 100000; i++) {
        s->bus.pt.ops->untrap(&s->bus, NULL);
    }
    assert_int_equal(sim_complaints(s, text, sizeof(text)), 100000);
    assert_non_null(strstr(text, "and 99984 more"));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        T(test_bus_log),
        T(test_bus_clock),
        T(test_bus_traps),
        T(test_bus_neighbours),
        T(test_guest_accesses),
        T(test_quiet_tells_leaks),
        T(test_notes_are_bounded),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("sim_bus", tests, NULL, NULL);
}
