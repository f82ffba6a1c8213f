/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is to be done about an MSI-X entry: the table by itself, all of it, and
 * in the words of what must never happen.
 */
#include "lib-irq.h"
#include "pt-irq.h"

static const enum pt_state states[] = { PT_FREE, PT_MAPPED, PT_BOUND };

/* Every case: @live, @good, the state, @other. */
static const struct {
    bool live, good;
    enum pt_state state;
    bool other;
    enum pt_todo todo;
} all[] = {
    /* Masked, and Xen has nothing: it waits. */
    { false, false, PT_FREE, false, PT_KEEP },
    { false, false, PT_FREE, true, PT_KEEP },
    { false, true, PT_FREE, false, PT_KEEP },
    { false, true, PT_FREE, true, PT_KEEP },
    /* Unbound when the table moved: bound again, masked or not. */
    { false, true, PT_MAPPED, false, PT_BIND },
    { false, true, PT_MAPPED, true, PT_REMAP },
    { true, true, PT_MAPPED, false, PT_BIND },
    { true, true, PT_MAPPED, true, PT_REMAP },
    /* Unless its message is nothing any more. */
    { false, false, PT_MAPPED, false, PT_RELEASE },
    { false, false, PT_MAPPED, true, PT_RELEASE },
    { true, false, PT_MAPPED, false, PT_RELEASE },
    { true, false, PT_MAPPED, true, PT_RELEASE },
    /* Bound and masked: Xen does the masking, and the message has time. */
    { false, false, PT_BOUND, false, PT_KEEP },
    { false, false, PT_BOUND, true, PT_KEEP },
    { false, true, PT_BOUND, false, PT_KEEP },
    { false, true, PT_BOUND, true, PT_KEEP },
    /* Unmasked. */
    { true, false, PT_FREE, false, PT_KEEP },
    { true, false, PT_FREE, true, PT_KEEP },
    { true, true, PT_FREE, false, PT_MAP },
    { true, true, PT_FREE, true, PT_MAP },
    { true, true, PT_BOUND, false, PT_BIND },
    { true, true, PT_BOUND, true, PT_REMAP },
    /* What Xen can't deliver does not take away what it can. */
    { true, false, PT_BOUND, false, PT_KEEP },
    { true, false, PT_BOUND, true, PT_KEEP },
};

static void test_each_case_is_decided_as_written(void **state)
{
    unsigned i, k;

    (void)state;
    assert_int_equal(COUNT(all), 2 * 2 * COUNT(states) * 2);
    for (i = 0; i < COUNT(all); i++) {
        assert_int_equal(pt_entry_todo(all[i].live, all[i].good, all[i].state,
                                       all[i].other), all[i].todo);
        for (k = 0; k < i; k++) {
            assert_false(all[i].live == all[k].live &&
                         all[i].good == all[k].good &&
                         all[i].state == all[k].state &&
                         all[i].other == all[k].other);
        }
    }
}

static void test_nothing_is_done_that_must_never_be(void **state)
{
    unsigned i, s;

    (void)state;
    for (i = 0; i < 8; i++) {
        for (s = 0; s < COUNT(states); s++) {
            bool live = i & 1, good = i & 2, other = i & 4;
            enum pt_todo todo = pt_entry_todo(live, good, states[s], other);

            /* No pirq for an entry that nobody unmasked. */
            assert_false(todo == PT_MAP && !live);
            assert_false(todo == PT_MAP && states[s] != PT_FREE);
            /* Xen complains of messages that it can't deliver. */
            assert_false(!good && (todo == PT_MAP || todo == PT_BIND ||
                                   todo == PT_REMAP));
            /* A pirq is given up for another that is named only. */
            assert_false(todo == PT_REMAP && !other);
            assert_false(todo == PT_BIND && other);
            /* What Xen has not can't be given back, nor bound. */
            assert_false(states[s] == PT_FREE &&
                         (todo == PT_RELEASE || todo == PT_REMAP ||
                          todo == PT_BIND));
            /* Xen does the masking of what is bound. */
            assert_false(states[s] == PT_BOUND && !live && todo != PT_KEEP);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_case_is_decided_as_written),
        cmocka_unit_test(test_nothing_is_done_that_must_never_be),
    };

    return cmocka_run_group_tests_name("decisions", tests, NULL, NULL);
}
