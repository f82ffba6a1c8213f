/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hosts/process: requests of several processors, by a simulated page. */
#include "lib-process.h"

#define MAX_SEEN 8192

struct access {
    enum { MEMORY, PORT, CONFIG } space;
    bool write;
    uint8_t devfn;
    uint64_t addr, val;
    unsigned len;
};

struct world {
    struct fake_xen xen;
    struct pp_ioreq q;
    struct pp_journal journal;
    struct access seen[MAX_SEEN];
    unsigned num;
    uint64_t answer;  /* to reads; each one more */
};

static void note(struct world *w, struct access a)
{
    assert_true(w->num < MAX_SEEN);
    w->seen[w->num++] = a;
}

static uint32_t config_read(void *priv, uint8_t devfn, unsigned reg,
                            unsigned len)
{
    struct world *w = priv;

    note(w, (struct access) { .space = CONFIG, .devfn = devfn, .addr = reg,
                               .len = len });
    return (uint32_t)w->answer++;
}

static void config_write(void *priv, uint8_t devfn, unsigned reg,
                         uint32_t val, unsigned len)
{
    note(priv, (struct access) { .space = CONFIG, .write = true,
                                 .devfn = devfn, .addr = reg, .val = val,
                                 .len = len });
}

static uint64_t mem_read(void *priv, uint64_t addr, unsigned len)
{
    struct world *w = priv;

    note(w, (struct access) { .addr = addr, .len = len });
    return w->answer++;
}

static void mem_write(void *priv, uint64_t addr, uint64_t val, unsigned len)
{
    note(priv, (struct access) { .write = true, .addr = addr, .val = val,
                                 .len = len });
}

static uint32_t port_read(void *priv, uint32_t port, unsigned len)
{
    struct world *w = priv;

    note(w, (struct access) { .space = PORT, .addr = port, .len = len });
    return (uint32_t)w->answer++;
}

static void port_write(void *priv, uint32_t port, uint32_t val, unsigned len)
{
    note(priv, (struct access) { .space = PORT, .write = true, .addr = port,
                                 .val = val, .len = len });
}

static const struct pp_ioreq_target target = {
    .config_read = config_read,
    .config_write = config_write,
    .mem_read = mem_read,
    .mem_write = mem_write,
    .port_read = port_read,
    .port_write = port_write,
};

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof(*w));

    if (!w) {
        return -1;
    }
    w->q = (struct pp_ioreq) {
        .ops = &fake_ioreq, .ops_priv = &w->xen,
        .target = &target, .target_priv = w, .journal = &w->journal,
    };
    w->answer = 0x8877665544332211;
    *state = w;
    return pp_ioreq_open(&w->q, NULL);
}

static int teardown(void **state)
{
    struct world *w = *state;

    pp_ioreq_close(&w->q);
    pp_ioreq_close(&w->q);
    fake_is_quiet(&w->xen);
    free(w);
    return 0;
}

/* All that is there to be answered. */
static void work(struct world *w)
{
    for (unsigned i = 0; i < 2 * FAKE_VCPUS; i++) {
        pp_ioreq_work(&w->q);
    }
}

/* Processor 0 asks; its answer. */
static ioreq_t ask(struct world *w, ioreq_t r)
{
    fake_ask(&w->xen, 0, r);
    work(w);
    r = w->xen.page[0];
    assert_int_equal(r.state, STATE_IORESP_READY);
    return r;
}

static void is(const struct world *w, unsigned i, struct access a)
{
    const struct access *s = &w->seen[i];

    assert_true(i < w->num);
    assert_int_equal(s->space, a.space);
    assert_int_equal(s->write, a.write);
    assert_int_equal(s->devfn, a.devfn);
    assert_int_equal(s->addr, a.addr);
    assert_int_equal(s->val, a.val);
    assert_int_equal(s->len, a.len);
}

/* ------------------------------------------------------------------ */

static void each_size_of_a_register_is_read(void **state)
{
    struct world *w = *state;
    static const unsigned size[] = { 1, 2, 4, 1, 2, 1, 1 };
    static const unsigned reg[] = { 0x40, 0x40, 0x40, 0x41, 0x42, 0x43, 0xff };
    static const uint64_t mask[] = { 0, 0xff, 0xffff, 0, 0xffffffff };

    for (unsigned i = 0; i < 7; i++) {
        uint64_t expect = w->answer & mask[size[i]];
        ioreq_t r = ask(w, fake_config(0x2b, reg[i], size[i]));

        assert_int_equal(r.data, expect);
        is(w, i, (struct access) { CONFIG, false, 0x2b, reg[i], 0, size[i] });
    }
}

static void a_write_has_no_more_bits_than_its_size(void **state)
{
    struct world *w = *state;
    ioreq_t r = fake_config(0x10, 0x3d, 1);

    r.dir = IOREQ_WRITE;
    r.data = 0xffffffffffffff5a;
    ask(w, r);
    is(w, 0, (struct access) { CONFIG, true, 0x10, 0x3d, 0x5a, 1 });
}

static void memory_is_accessed_at_its_width(void **state)
{
    struct world *w = *state;
    ioreq_t r = fake_memory(0xf0001008, 8);

    r.dir = IOREQ_WRITE;
    r.data = 0x1122334455667788;
    ask(w, r);
    is(w, 0, (struct access) { MEMORY, true, 0, 0xf0001008,
                               0x1122334455667788, 8 });
    r = ask(w, fake_memory(0xf0001008, 8));
    assert_int_equal(r.data, 0x8877665544332211);
}

static void each_size_of_a_port_is_accessed(void **state)
{
    static const uint64_t mask[] = { 0, 0xff, 0xffff, 0, 0xffffffff };
    struct world *w = *state;

    for (unsigned size = 1; size <= 4; size *= 2) {
        uint64_t expect = w->answer & mask[size];
        ioreq_t r = fake_port(0xc008, size);

        w->num = 0;
        assert_int_equal(ask(w, r).data, expect);
        r.dir = IOREQ_WRITE;
        r.data = 0xfedcba9876543210;
        ask(w, r);
        is(w, 0, (struct access) { .space = PORT, .addr = 0xc008,
                                   .len = size });
        is(w, 1, (struct access) { .space = PORT, .write = true,
                                   .addr = 0xc008, .len = size,
                                   .val = 0x76543210 & mask[size] });
    }
}

/* Four processors ask at once, and each gets its own answer. */
static void processors_do_not_mix(void **state)
{
    struct world *w = *state;

    for (unsigned i = 0; i < FAKE_VCPUS; i++) {
        fake_ask(&w->xen, i, fake_config((uint8_t)(8 * i), 4 * i, 4));
        w->xen.notified[i] = 0;
    }
    work(w);
    assert_int_equal(w->num, FAKE_VCPUS);
    for (unsigned i = 0; i < FAKE_VCPUS; i++) {
        const ioreq_t *r = &w->xen.page[i];

        assert_int_equal(r->state, STATE_IORESP_READY);
        assert_int_equal(w->xen.notified[i], 1);
        for (unsigned n = 0; n < w->num; n++) {
            if (w->seen[n].devfn == 8 * i) {
                assert_int_equal((uint32_t)r->data, 0x44332211 + n);
            }
        }
    }
}

/* An event without a request is none of ours; one that is served stays so. */
static void an_event_alone_does_nothing(void **state)
{
    struct world *w = *state;

    work(w);
    ask(w, fake_config(0, 0, 4));
    w->xen.event[0] = true;
    work(w);
    assert_int_equal(w->num, 1);
    assert_int_equal(w->xen.notified[0], 1);
}

/* ------------------------------------------------------------------ */
/* Repetitions                                                         */

static void a_string_of_reads_goes_to_memory(void **state)
{
    struct world *w = *state;
    ioreq_t r = fake_memory(0xf0002000, 4);

    r.count = 3;
    r.data_is_ptr = 1;
    r.data = 0xffe;  /* across a page */
    ask(w, r);
    assert_int_equal(w->num, 3);
    for (unsigned i = 0; i < 3; i++) {
        is(w, i, (struct access) { MEMORY, false, 0, 0xf0002000 + 4 * i, 0,
                                   4 });
        assert_int_equal(sim_get(w->xen.ram + 0xffe + 4 * i, 4),
                         0x44332211 + i);
    }
    assert_int_equal(w->xen.page[0].data, 0xffe);
}

static void a_string_of_writes_comes_from_memory(void **state)
{
    struct world *w = *state;
    ioreq_t r = fake_memory(0xf0002010, 2);

    sim_put(w->xen.ram + 0x300, 2, 0xaaaa);
    sim_put(w->xen.ram + 0x2fe, 2, 0xbbbb);
    r.dir = IOREQ_WRITE;
    r.count = 2;
    r.data_is_ptr = 1;
    r.data = 0x300;
    r.df = 1;  /* downwards */
    ask(w, r);
    assert_int_equal(w->num, 2);
    is(w, 0, (struct access) { MEMORY, true, 0, 0xf0002010, 0xaaaa, 2 });
    is(w, 1, (struct access) { MEMORY, true, 0, 0xf000200e, 0xbbbb, 2 });
}

/* "rep outsl" to port 0xcfc. */
static void a_register_stays_where_it_is(void **state)
{
    struct world *w = *state;
    ioreq_t r = fake_config(0x18, 0x10, 4);

    sim_put(w->xen.ram, 4, 0x1111);
    sim_put(w->xen.ram + 4, 4, 0x2222);
    r.dir = IOREQ_WRITE;
    r.count = 2;
    r.data_is_ptr = 1;
    ask(w, r);
    is(w, 0, (struct access) { CONFIG, true, 0x18, 0x10, 0x1111, 4 });
    is(w, 1, (struct access) { CONFIG, true, 0x18, 0x10, 0x2222, 4 });
}

/* "rep insw", and "rep outsl" downwards. */
static void a_port_stays_where_it_is(void **state)
{
    struct world *w = *state;
    ioreq_t r = fake_port(0xc00c, 2);

    r.count = 3;
    r.data_is_ptr = 1;
    r.data = 0xffd;
    ask(w, r);
    for (unsigned i = 0; i < 3; i++) {
        is(w, i, (struct access) { .space = PORT, .addr = 0xc00c, .len = 2 });
        assert_int_equal(sim_get(w->xen.ram + 0xffd + 2 * i, 2), 0x2211 + i);
    }
    assert_int_equal(w->xen.page[0].data, 0xffd);
    sim_put(w->xen.ram + 0x400, 4, 0x11111111);
    sim_put(w->xen.ram + 0x3fc, 4, 0x22222222);
    r = fake_port(0xc00c, 4);
    r.dir = IOREQ_WRITE;
    r.count = 2;
    r.data_is_ptr = 1;
    r.data = 0x400;
    r.df = 1;
    ask(w, r);
    is(w, 3, (struct access) { .space = PORT, .write = true, .addr = 0xc00c,
                               .val = 0x11111111, .len = 4 });
    is(w, 4, (struct access) { .space = PORT, .write = true, .addr = 0xc00c,
                               .val = 0x22222222, .len = 4 });
}

static void repetitions_have_an_end(void **state)
{
    struct world *w = *state;
    ioreq_t r = fake_memory(0xf0002000, 1);

    r.count = UINT32_MAX;
    r.data_is_ptr = 1;
    ask(w, r);
    assert_int_equal(w->num, PP_MAX_REPS);
}

/* Data where the guest has no memory. */
static void no_memory_reads_as_zeros(void **state)
{
    struct world *w = *state;
    ioreq_t r = fake_memory(0xf0002000, 4);

    r.data_is_ptr = 1;
    r.data = UINT64_MAX - 1;
    ask(w, r);
    r.dir = IOREQ_WRITE;
    ask(w, r);
    is(w, 1, (struct access) { MEMORY, true, 0, 0xf0002000, 0, 4 });
}

/* ------------------------------------------------------------------ */
/* What is not ours                                                    */

static void invalidation_is_answered(void **state)
{
    struct world *w = *state;

    ask(w, (ioreq_t) { .type = IOREQ_TYPE_INVALIDATE, .size = 4,
                       .dir = IOREQ_WRITE, .data = ~0ul });
    assert_int_equal(w->num, 0);
    assert_int_equal(w->xen.notified[0], 1);
}

static void the_unknown_reads_as_all_ones(void **state)
{
    struct world *w = *state;
    ioreq_t port = fake_port(0x10060, 2);
    ioreq_t wide = fake_port(0x60, 8);
    ioreq_t other_bus = fake_config(0, 0, 4);
    ioreq_t three = fake_memory(0xf0002000, 3);

    other_bus.addr |= UINT64_C(1) << 40;
    assert_int_equal(ask(w, port).data, 0xffff);
    assert_int_equal(ask(w, other_bus).data, 0xffffffff);
    assert_int_equal(ask(w, three).data, 0xffffff);
    assert_int_equal(ask(w, wide).data, UINT64_MAX);
    port.dir = wide.dir = other_bus.dir = three.dir = IOREQ_WRITE;
    ask(w, port);
    ask(w, wide);
    ask(w, other_bus);
    ask(w, three);
    assert_int_equal(w->num, 0);
}

/* Of sizes that no access has nothing is done, and the answer comes. */
static void an_impossible_size_is_answered(void **state)
{
    struct world *w = *state;
    ioreq_t r = fake_memory(0xf0002000, 0);

    r.count = 100;
    ask(w, r);
    r.size = 9;
    ask(w, r);
    r.size = UINT32_MAX;
    r.data_is_ptr = 1;
    ask(w, r);
    assert_int_equal(w->num, 0);
}

/* ------------------------------------------------------------------ */
/* Its life                                                            */

/* Each call that fails on the way leaves nothing. */
static void nothing_is_left_of_a_server_that_failed(void **state)
{
    struct world *w = *state;
    struct pt_error err = { "" };
    unsigned n;

    for (n = 1;; n++) {
        int rc;

        pp_ioreq_close(&w->q);
        fake_is_quiet(&w->xen);
        sim_fault_at(&w->xen.fault, n, EPERM);
        rc = pp_ioreq_open(&w->q, &err);
        sim_fault_clear(&w->xen.fault);
        if (rc == 0) {
            break;
        }
        assert_int_equal(rc, -EPERM);
        assert_non_null(strstr(err.text, "Operation not permitted"));
        fake_is_quiet(&w->xen);
    }
    /* creating, the page, enabling, and a port a processor */
    assert_int_equal(n, 1 + 3 + FAKE_VCPUS);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_size_of_a_register_is_read),
        TEST(a_write_has_no_more_bits_than_its_size),
        TEST(memory_is_accessed_at_its_width),
        TEST(each_size_of_a_port_is_accessed),
        TEST(processors_do_not_mix),
        TEST(an_event_alone_does_nothing),
        TEST(a_string_of_reads_goes_to_memory),
        TEST(a_string_of_writes_comes_from_memory),
        TEST(a_register_stays_where_it_is),
        TEST(a_port_stays_where_it_is),
        TEST(repetitions_have_an_end),
        TEST(no_memory_reads_as_zeros),
        TEST(invalidation_is_answered),
        TEST(the_unknown_reads_as_all_ones),
        TEST(an_impossible_size_is_answered),
        TEST(nothing_is_left_of_a_server_that_failed),
    };

    return cmocka_run_group_tests_name("process_ioreq", tests, NULL, NULL);
}
