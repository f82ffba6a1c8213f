/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hosts/process: regions, windows and ROMs in the guest's space. */
#include "lib-process-guest.h"

#include <sys/stat.h>

/* ------------------------------------------------------------------ */
/* The guest's space                                                   */

static void windows_are_claimed(void **state)
{
    struct box *b = *state;
    ioreq_t r = fake_memory(0xe0000000, 4);

    assert_string_equal(add(b, FIRST), "");
    assert_int_equal(b->xen.num_ranges, 0);
    place(b, 0x18, 0xe0000000);
    assert_int_equal(b->xen.num_ranges, 1);
    r.dir = IOREQ_WRITE;
    r.data = 0xfee01004;
    fake_ask(&b->xen, 3, r);
    pp_ioreq_work(&b->g.ioreq);
    r.dir = IOREQ_READ;
    fake_ask(&b->xen, 3, r);
    pp_ioreq_work(&b->g.ioreq);
    assert_int_equal(b->xen.page[3].data, 0xfee01004);
    /* beside it is nothing of ours */
    r.addr += 0x10000000;
    fake_ask(&b->xen, 3, r);
    pp_ioreq_work(&b->g.ioreq);
    assert_int_equal(b->xen.page[3].data, 0xffffffff);
    place(b, 0x18, 0xe0100000);
    assert_int_equal(b->xen.num_ranges, 1);
    assert_int_equal(b->xen.range[0].start, 0xe0100000);
    assert_int_equal(b->xen.range[0].end, 0xe0102fff);
}

/* AER of the card, where the guest's window to extended space is. */
static uint32_t extended(struct box *b, unsigned devfn, unsigned off,
                         unsigned size)
{
    fake_ask(&b->xen, 0, fake_memory(0xfe000000 + (devfn << 12) + off, size));
    for (unsigned i = 0; i < FAKE_VCPUS; i++) {
        pp_ioreq_work(&b->g.ioreq);
    }
    return (uint32_t)b->xen.page[0].data;
}

static void extended_space_is_there_if_it_is_wanted(void **state)
{
    struct box *b = *state;

    assert_string_equal(add(b, FIRST ",'extended':true"), "");
    assert_int_equal(b->xen.num_ranges, 1);
    assert_int_equal(b->xen.range[0].start, 0xfe018000);
    assert_int_equal(b->xen.range[0].end, 0xfe018fff);
    assert_int_equal(extended(b, 0x18, 0, 4), 0x10c98086);
    assert_int_equal(extended(b, 0x18, 0x100, 2), 0x0001);
    assert_int_equal(extended(b, 0x20, 0x100, 4), 0xffffffff);
    /* the other one has none, where nobody says so */
    assert_string_equal(add(b, SECOND), "");
    assert_int_equal(b->xen.num_ranges, 1);
    assert_int_equal(extended(b, 0x20, 0x100, 4), 0xffffffff);
    eject(b, "pci-pt-01_00.0");
    assert_int_equal(b->xen.num_ranges, 0);
}

/* Without room for its page in Xen, it is a device without. */
static void or_not_at_all(void **state)
{
    struct box *b = *state;

    assert_string_equal(add(b, SECOND), "");
    sim_fault_at(&b->xen.fault, 1, ENOSPC);
    assert_string_equal(add(b, FIRST ",'extended':true"), "");
    assert_int_equal(b->xen.num_ranges, 0);
    assert_int_equal(rd(b, 0x20, PCI_VENDOR_ID, 4), 0x10c98086);
}

static void it_is_not_mapped_over_what_is_there(void **state)
{
    static const uint32_t taken[] = {
        0x13ffc000,  /* RAM's end */
        0x00080000, 0xfc000000, 0xfee00000,
        0xf0000000, 0xf0ffc000,  /* Xen's platform device */
    };
    static const uint32_t freed[] = { 0x14000000, 0xeffe0000, 0xf1000000 };
    struct box *b = *state;

    assert_string_equal(add(b, FIRST), "");
    for (unsigned i = 0; i < sizeof(taken) / sizeof(taken[0]); i++) {
        place(b, 0x18, taken[i]);
        assert_false(is_mapped(b, taken[i]));
        assert_int_equal(b->xen.num_ranges, 0);
    }
    for (unsigned i = 0; i < sizeof(freed) / sizeof(freed[0]); i++) {
        place(b, 0x18, freed[i]);
        assert_true(is_mapped(b, freed[i]));
    }
}

static void nor_over_ram_above_4_gib(void **state)
{
    static const uint64_t gib4 = UINT64_C(1) << 32;
    struct box *b = *state;
    struct pp_device *d;

    assert_string_equal(add(b, FIRST), "");
    d = b->g.at[0x18];
    assert_true(pp_space_taken(d, d->dev, false, gib4, 0x1000));
    assert_true(pp_space_taken(d, d->dev, false, gib4 + 0xffff000, 0x1000));
    assert_false(pp_space_taken(d, d->dev, false, gib4 + 0x10000000, 0x1000));
    assert_true(pp_space_taken(d, d->dev, true, 0xcf8, 8));
    assert_true(pp_space_taken(d, d->dev, true, 0xb000, 0x20));
    assert_false(pp_space_taken(d, d->dev, true, 0xc000, 0x100));
}

/* Each has a window of its own. */
static void windows_do_not_mix(void **state)
{
    struct box *b = *state;

    assert_string_equal(add(b, FIRST), "");
    assert_string_equal(add(b, SECOND), "");
    place(b, 0x18, 0xe0000000);
    place(b, 0x20, 0xe1000000);
    for (unsigned i = 0; i < 2; i++) {
        ioreq_t r = fake_memory(0xe0000000 + i * 0x1000000, 4);

        r.dir = IOREQ_WRITE;
        r.data = 0xfee01000 + 4 * i;
        fake_ask(&b->xen, 3, r);
        pp_ioreq_work(&b->g.ioreq);
    }
    assert_int_equal(mem_rd(b, 0xe0000000, 4), 0xfee01000);
    assert_int_equal(mem_rd(b, 0xe1000000, 4), 0xfee01004);
}

static void two_of_ours_do_not_overlap(void **state)
{
    struct box *b = *state;

    assert_string_equal(add(b, FIRST), "");
    assert_string_equal(add(b, SECOND), "");
    place(b, 0x18, 0xe0000000);
    place(b, 0x20, 0xe0000000);
    assert_int_equal(b->xen.num_ranges, 1);
    /* the first one goes, and the other one has room */
    place(b, 0x18, 0xe1000000);
    assert_int_equal(b->xen.num_ranges, 2);
    assert_true(is_mapped(b, 0xe0000000));
}

/* QEMU is asked once for all that an access brings about. */
static void qemu_is_asked_once(void **state)
{
    struct box *b = *state;
    unsigned before;

    assert_string_equal(add(b, FIRST), "");
    wr(b, 0x18, BAR3, 0xe0000000, 4);
    wr(b, 0x18, PCI_BASE_ADDRESS_0, 0xe0100000, 4);
    wr(b, 0x18, PCI_BASE_ADDRESS_0 + 4, 0xe0800000, 4);
    before = b->qemu.asked;
    wr(b, 0x18, PCI_COMMAND, PCI_COMMAND_MEMORY, 2);
    assert_int_equal(b->qemu.asked, before + 1);
}

/* A second goes by, for what waits for one. */
static void later(struct box *b)
{
    int ms = pp_guest_patience(&b->g);

    assert_in_range(ms, 0, 1001);
    for (struct pp_device *d = b->g.first; d; d = d->next) {
        d->times.rest = d->times.rest == PT_NEVER ? PT_NEVER : 1;
    }
    b->g.look = b->g.look == PT_NEVER ? PT_NEVER : 1;
    pp_guest_settle(&b->g);
}

static void move_emulated(struct box *b, unsigned devfn, int64_t addr)
{
    pthread_mutex_lock(&b->qemu.lock);
    for (unsigned i = 0; i < b->qemu.num; i++) {
        if (b->qemu.dev[i].devfn == devfn) {
            b->qemu.dev[i].addr = addr;
        }
    }
    pthread_mutex_unlock(&b->qemu.lock);
}

/*
 * With its decoding off it was in the way of QEMU's for good. Decoding goes off
 * and on for sizing, too: that is soon.
 */
static void what_rests_leaves_its_place_soon(void **state)
{
    struct box *b = *state;
    uint64_t calls;

    assert_string_equal(add(b, FIRST), "");
    place(b, 0x18, 0xe0000000);
    calls = b->sim.xen.calls[SIM_MAP_MEMORY];
    wr(b, 0x18, PCI_COMMAND, 0, 2);
    wr(b, 0x18, PCI_COMMAND, PCI_COMMAND_MEMORY, 2);
    later(b);
    assert_int_equal(b->sim.xen.calls[SIM_MAP_MEMORY], calls);
    wr(b, 0x18, PCI_COMMAND, 0, 2);
    assert_true(is_mapped(b, 0xe0000000));
    assert_int_equal(b->xen.num_ranges, 1);
    later(b);
    assert_false(is_mapped(b, 0xe0000000));
    assert_int_equal(b->xen.num_ranges, 0);
    assert_int_equal(pp_guest_patience(&b->g), -1);
    wr(b, 0x18, PCI_COMMAND, PCI_COMMAND_MEMORY, 2);
    assert_true(is_mapped(b, 0xe0000000));
    assert_int_equal(b->xen.num_ranges, 1);
}

/* QEMU does not tell when a device of its goes. */
static void a_region_gets_the_place_of_an_emulated_device(void **state)
{
    struct box *b = *state;
    unsigned asked;

    assert_string_equal(add(b, FIRST), "");
    place(b, 0x18, 0xf0000000);
    later(b);
    assert_false(is_mapped(b, 0xf0000000));
    asked = b->qemu.asked;
    later(b);
    assert_int_equal(b->qemu.asked, asked + 1);
    move_emulated(b, 0x10, 0xd0000000);
    assert_false(is_mapped(b, 0xf0000000));
    later(b);
    assert_true(is_mapped(b, 0xf0000000));
    /* and QEMU is left in peace */
    assert_int_equal(pp_guest_patience(&b->g), -1);
}

/* Where the guest does not want it any more, either. */
static void nobody_waits_for_a_place_that_is_not_wanted(void **state)
{
    struct box *b = *state;
    unsigned asked;

    assert_string_equal(add(b, FIRST), "");
    place(b, 0x18, 0xf0000000);
    wr(b, 0x18, PCI_COMMAND, 0, 2);
    later(b);
    asked = b->qemu.asked;
    assert_int_equal(pp_guest_patience(&b->g), -1);
    assert_int_equal(b->qemu.asked, asked);
}

/* ------------------------------------------------------------------ */
/* A file as expansion ROM                                             */

/* A file of @size bytes: 1, 2, 3, ... Its name, which is to be unlinked. */
static const char *make_rom(long size)
{
    static char path[TEMP_MAX];
    int fd = mkstemp(temp_path(path, "rom"));
    FILE *f = fdopen(fd, "w");

    assert_non_null(f);
    for (long i = 1; i <= 300; i++) {
        fputc((int)i, f);
    }
    fflush(f);
    assert_int_equal(ftruncate(fd, size), 0);
    fclose(f);
    return path;
}

static const char *add_rom(struct box *b, const char *path, const char *more)
{
    char props[TEMP_MAX + 128];

    snprintf(props, sizeof(props), FIRST ",'romfile':'%s'%s", path, more);
    return add(b, props);
}

static void a_file_is_the_rom(void **state)
{
    struct box *b = *state;
    const char *path = make_rom(5000);

    assert_string_equal(add_rom(b, path, ""), "");
    unlink(path);
    /* sized as hardware is: 8 KiB */
    wr(b, 0x18, PCI_ROM_ADDRESS, 0xfffffffe, 4);
    assert_int_equal(rd(b, 0x18, PCI_ROM_ADDRESS, 4), 0xffffe000);
    wr(b, 0x18, PCI_ROM_ADDRESS, 0xe0100001, 4);
    assert_int_equal(b->xen.num_ranges, 0);
    wr(b, 0x18, PCI_COMMAND, PCI_COMMAND_MEMORY, 2);
    assert_int_equal(b->xen.num_ranges, 1);
    assert_int_equal(b->xen.range[0].start, 0xe0100000);
    assert_int_equal(b->xen.range[0].end, 0xe0101fff);
    assert_int_equal(mem_rd(b, 0xe0100000, 4), 0x04030201);
    assert_int_equal(mem_rd(b, 0xe01000fd, 2), 0xfffe);
    assert_int_equal(mem_rd(b, 0xe0101ff8, 8), 0);
    /* bytes of the register; it moves, and goes */
    assert_int_equal(rd(b, 0x18, PCI_ROM_ADDRESS + 2, 1), 0x10);
    assert_int_equal(rd(b, 0x18, PCI_ROM_ADDRESS - 2, 4), 0x0001a03c);
    wr(b, 0x18, PCI_ROM_ADDRESS + 2, 0x20, 1);
    assert_int_equal(mem_rd(b, 0xe0200001, 1), 2);
    assert_int_equal(mem_rd(b, 0xe0100001, 1), 0xff);
    wr(b, 0x18, PCI_ROM_ADDRESS, 0xe0200000, 4);
    assert_int_equal(b->xen.num_ranges, 0);
    wr(b, 0x18, PCI_ROM_ADDRESS, 0xe0200001, 4);
    eject(b, "pci-pt-01_00.0");
    assert_int_equal(b->xen.num_ranges, 0);
}

static void the_rom_is_not_over_what_is_there(void **state)
{
    struct box *b = *state;
    const char *path = make_rom(5000);

    assert_string_equal(add_rom(b, path, ""), "");
    unlink(path);
    place(b, 0x18, 0xe0000000);
    wr(b, 0x18, PCI_ROM_ADDRESS, 0xe0000001, 4);
    assert_int_equal(b->xen.num_ranges, 1);
    wr(b, 0x18, PCI_ROM_ADDRESS, 0xf0000001, 4);
    assert_int_equal(b->xen.num_ranges, 1);
    wr(b, 0x18, PCI_ROM_ADDRESS, 0x10000001, 4);
    assert_int_equal(b->xen.num_ranges, 1);
    wr(b, 0x18, PCI_ROM_ADDRESS, 0xe0100001, 4);
    assert_int_equal(b->xen.num_ranges, 2);
    happens(b, json_pack("{s:s, s:{}}", "event", "RESET", "data"));
    assert_int_equal(b->xen.num_ranges, 0);
    assert_int_equal(rd(b, 0x18, PCI_ROM_ADDRESS, 4), 0);
}

static void a_file_that_is_none_is_refused(void **state)
{
    struct box *b = *state;
    const char *path;

    assert_non_null(strstr(add_rom(b, "/nonexistent", ""), "No such file"));
    assert_non_null(strstr(add_rom(b, "/dev/null", ""), "is not a file"));
    path = make_rom(0);
    assert_non_null(strstr(add_rom(b, path, ""), "has 0 bytes"));
    unlink(path);
    path = make_rom(16777217);
    assert_non_null(strstr(add_rom(b, path, ""), "has 16777217 bytes"));
    unlink(path);
    path = make_rom(0);
    unlink(path);
    assert_int_equal(mkfifo(path, 0600), 0);
    alarm(60);
    assert_non_null(strstr(add_rom(b, path, ""), "is not a file"));
    alarm(0);
    unlink(path);
    assert_string_equal(add_rom(b, "/nonexistent", ",'rombar':0"), "");
    wr(b, 0x18, PCI_ROM_ADDRESS, 0xffffffff, 4);
    assert_int_equal(rd(b, 0x18, PCI_ROM_ADDRESS, 4), 0);
}

/* Of the policy file's it is told, and the guest gets the device's own. */
static void a_policy_files_rom_may_be_missing(void **state)
{
    struct box *b = *state;

    add_by(b, "[all]\nromfile = /nonexistent\n", FIRST);
    wr(b, 0x18, PCI_ROM_ADDRESS, 0xfffffffe, 4);
    assert_int_not_equal(rd(b, 0x18, PCI_ROM_ADDRESS, 4), 0);
}

/* ------------------------------------------------------------------ */

static void the_machine_is_reset(void **state)
{
    struct box *b = *state;

    assert_string_equal(add(b, FIRST), "");
    place(b, 0x18, 0xe0000000);
    happens(b, json_pack("{s:s, s:{s:b}}", "event", "RESET", "data", "guest",
                         1));
    assert_int_equal(b->xen.num_ranges, 0);
    assert_int_equal(rd(b, 0x18, BAR3, 4), 0);
}

static uint32_t random_below(uint32_t *seed, uint32_t limit)
{
    *seed = *seed * 1103515245 + 12345;
    return (*seed >> 8) % limit;
}

/* What Xen could send, and what it never would. */
static ioreq_t random_request(uint32_t *seed)
{
    static const uint64_t where[] = {
        0xe0000000, 0xe0001000, 0xe0002ffc, 0xfe018000, 0xfe018ffc, 0, ~0ul,
    };
    static const uint8_t type[] = {
        IOREQ_TYPE_PCI_CONFIG, IOREQ_TYPE_PCI_CONFIG, IOREQ_TYPE_PCI_CONFIG,
        IOREQ_TYPE_COPY, IOREQ_TYPE_COPY, IOREQ_TYPE_PIO,
        IOREQ_TYPE_INVALIDATE, 77,
    };
    ioreq_t r = {
        .type = type[random_below(seed, 8)],
        .size = random_below(seed, 16) ? 1u << random_below(seed, 4) :
            random_below(seed, 300),
        .count = random_below(seed, 16) ? 1 : random_below(seed, 40),
        .data = (uint64_t)random_below(seed, 1 << 16) << 16 |
            random_below(seed, 1 << 16),
        .dir = random_below(seed, 2) & 1,
        .df = random_below(seed, 2) & 1,
        .data_is_ptr = random_below(seed, 8) == 0,
    };

    r.addr = r.type == IOREQ_TYPE_PCI_CONFIG ?
        (uint64_t)(0x18 + random_below(seed, 9)) << 32 |
            random_below(seed, 0x104) :
        where[random_below(seed, 7)] + random_below(seed, 64);
    return r;
}

/* Four processors at once: all get their answers, and nothing stays. */
static void processors_attack_at_once(void **state)
{
    struct box *b = *state;
    uint32_t seed = 1;

    assert_string_equal(add(b, FIRST ",'extended':true"), "");
    assert_string_equal(add(b, SECOND ",'permissive':true"), "");
    at_work(b);
    for (unsigned n = 0; n < 20000; n++) {
        for (unsigned cpu = 0; cpu < FAKE_VCPUS; cpu++) {
            fake_ask(&b->xen, cpu, random_request(&seed));
        }
        for (unsigned cpu = 0; cpu < FAKE_VCPUS; cpu++) {
            pp_ioreq_work(&b->g.ioreq);
            pp_guest_settle(&b->g);
        }
        for (unsigned cpu = 0; cpu < FAKE_VCPUS; cpu++) {
            assert_int_equal(b->xen.page[cpu].state, STATE_IORESP_READY);
        }
    }
    assert_int_equal(b->journal.num, b->xen.num_ranges +
                     sim_xen_leaks(&b->sim.xen, NULL, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(windows_are_claimed),
        TEST(extended_space_is_there_if_it_is_wanted),
        TEST(or_not_at_all),
        TEST(it_is_not_mapped_over_what_is_there),
        TEST(nor_over_ram_above_4_gib),
        TEST(windows_do_not_mix),
        TEST(two_of_ours_do_not_overlap),
        TEST(qemu_is_asked_once),
        TEST(what_rests_leaves_its_place_soon),
        TEST(a_region_gets_the_place_of_an_emulated_device),
        TEST(nobody_waits_for_a_place_that_is_not_wanted),
        TEST(a_file_is_the_rom),
        TEST(the_rom_is_not_over_what_is_there),
        TEST(a_file_that_is_none_is_refused),
        TEST(a_policy_files_rom_may_be_missing),
        TEST(the_machine_is_reset),
        TEST(processors_attack_at_once),
    };

    return cmocka_run_group_tests_name("process_space", tests, NULL, NULL);
}
