/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hw/pt-libpci.c: libpci's complaints end a call, and not the process. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <pci/pci.h>

#include "pt-libpci.h"

static struct pci_access *acc;

/* What a function of libpci's does, as a test wants it. */
struct play {
    int errnum;
    bool warn, die, ok;
    bool beyond;  /* it came back from dying */
};

static bool act(void *who, void *arg)
{
    struct play *p = arg;
    char warning[] = "warning %d", error[] = "error %d", debug[] = "%d";

    assert_ptr_equal(who, acc);
    assert_int_equal(errno, 0);
    acc->debug(debug, 0);
    errno = p->errnum;
    if (p->warn) {
        acc->warning(warning, 1);
    }
    if (p->die) {
        acc->error(error, 2);
        p->beyond = true;
    }
    return p->ok;
}

static int setup(void **state)
{
    (void)state;
    acc = pt_libpci_alloc();
    return acc ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    pci_cleanup(acc);
    return 0;
}

static void check(struct play p, bool ok, int errnum, const char *text)
{
    struct pt_libpci said;

    memset(&said, 0x55, sizeof(said));
    errno = EXDEV;  /* somebody else's */
    assert_int_equal(pt_libpci_run(&said, act, acc, &p), ok);
    assert_false(p.beyond);
    assert_int_equal(said.errnum, errnum);
    assert_string_equal(said.text, text);
}

static void a_call_and_what_libpci_said(void **state)
{
    (void)state;
    check((struct play) { .ok = true }, true, 0, "");
    check((struct play) { .ok = false }, false, 0, "");
    check((struct play) { .ok = true, .warn = true, .errnum = ENXIO }, true,
          ENXIO, "warning 1");
    check((struct play) { .ok = true, .die = true, .errnum = EPERM }, false,
          EPERM, "error 2");
    check((struct play) { .ok = true, .die = true }, false, EIO, "error 2");
    check((struct play) { .warn = true, .die = true, .errnum = EPERM }, false,
          EPERM, "error 2");
    check((struct play) { .ok = true }, true, 0, "");
}

static void reasons_are_few(void **state)
{
    static const struct {
        int said, want;
    } t[] = {
        { EACCES, EACCES }, { EPERM, EACCES }, { EROFS, EACCES },
        { ENOMEM, ENOMEM }, { ENODEV, ENODEV }, { ENXIO, ENODEV },
        { ENOENT, EIO }, { EIO, EIO }, { 0, EIO },
    };

    (void)state;
    for (unsigned i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        struct pt_libpci said = { .errnum = t[i].said };

        assert_int_equal(pt_libpci_errno(&said), t[i].want);
        assert_int_equal(pt_libpci_fail(NULL, &said, NULL), -t[i].want);
    }
}

static void failures_are_told(void **state)
{
    struct pt_libpci said = { .errnum = EPERM, .text = "no" };
    struct pt_error err;

    (void)state;
    assert_int_equal(pt_libpci_fail(&err, &said, "0000:01:02.3"), -EACCES);
    assert_string_equal(err.text, "0000:01:02.3: libpci: no");
    assert_int_equal(pt_libpci_fail(&err, &said, NULL), -EACCES);
    assert_string_equal(err.text, "libpci: no");
    said.text[0] = '\0';
    assert_int_equal(pt_libpci_fail(&err, &said, NULL), -EACCES);
    assert_string_equal(err.text, "libpci: no answer");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_call_and_what_libpci_said, setup,
                                        teardown),
        cmocka_unit_test(reasons_are_few),
        cmocka_unit_test(failures_are_told),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("libpci", tests, NULL, NULL);
}
