/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hosts/process: command lines as libxl 4.17 to 4.21 write them. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "pp-args.h"

#define GIB4 (UINT64_C(1) << 32)
#define MIB (UINT64_C(1) << 20)
#define MAX 64

static struct pp_args a;
static struct pt_error err;

/* @line: words, blanks between them. Returns what pp_args_parse() does. */
static int parse(const char *line)
{
    static char words[2048];
    static char *argv[MAX];
    int argc = 0;

    memset(argv, 0, sizeof(argv));
    err.text[0] = '\0';
    strcpy(words, line);
    for (char *w = strtok(words, " "); w; w = strtok(NULL, " ")) {
        argv[argc++] = w;
    }
    return pp_args_parse(&a, argc, argv, &err);
}

#define PATH_LINE "dm -xen-domid 7 -no-shutdown " \
    "-chardev socket,id=libxl-cmd,path=/var/run/xen/qmp-libxl-7,server=on," \
    "wait=off -mon chardev=libxl-cmd,mode=control " \
    "-chardev socket,id=libxenstat-cmd,path=/var/run/xen/qmp-libxenstat-7," \
    "server=on,wait=off -mon chardev=libxenstat-cmd,mode=control " \
    "-nodefaults -no-user-config -name g "
#define FD_LINE "dm -xen-domid 7 -no-shutdown " \
    "-chardev socket,id=libxl-cmd,fd=19,server=on,wait=off -S " \
    "-mon chardev=libxl-cmd,mode=control -xen-domid-restrict "

static void libxl_names_its_socket(void **state)
{
    (void)state;
    assert_int_equal(parse(PATH_LINE "-machine xenfv,suppress-vmdesc=on "
                           "-m 320"), 0);
    assert_true(a.ours);
    assert_int_equal(a.domid, 7);
    assert_int_equal(a.listen_fd, -1);
    assert_string_equal(a.listen_path, "/var/run/xen/qmp-libxl-7");
    assert_int_equal(a.ram_low, 320 * MIB);
    assert_int_equal(a.ram_high, 0);
    assert_null(a.dm);
    assert_null(a.config);
    pp_args_free(&a);
}

static void libxl_has_it_open_already(void **state)
{
    (void)state;
    assert_int_equal(parse(FD_LINE "-m 320"), 0);
    assert_true(a.ours);
    assert_int_equal(a.listen_fd, 19);
    pp_args_free(&a);
    /* a comma that is doubled is part of a value */
    assert_int_equal(parse("dm -xen-domid 7 -m 320 -chardev "
                           "socket,x=/y,,fd=8,id=libxl-cmd,fd=19"), 0);
    assert_int_equal(a.listen_fd, 19);
    pp_args_free(&a);
}

/* The hole below 4 GiB, as it is by default and by mmio_hole. */
static void ram_goes_on_above_4_gib(void **state)
{
    (void)state;
    assert_int_equal(parse(PATH_LINE "-machine xenfv -m 8192"), 0);
    assert_int_equal(a.ram_low, UINT64_C(0xf0000000));
    assert_int_equal(a.ram_high, 8192 * MIB - UINT64_C(0xf0000000));
    pp_args_free(&a);
    assert_int_equal(parse(PATH_LINE "-machine xenfv,suppress-vmdesc=on,"
                           "max-ram-below-4g=3221225472 -m 4096"), 0);
    assert_int_equal(a.ram_low, UINT64_C(0xc0000000));
    assert_int_equal(a.ram_high, GIB4 - UINT64_C(0xc0000000));
    pp_args_free(&a);
}

/* What is not the device model of an HVM guest's devices is QEMU's alone. */
static void others_are_passed_on(void **state)
{
    static const char *const lines[] = {
        /* libxl 4.20 looks what QEMU can do */
        "dm -S -no-user-config -nodefaults -nographic -machine none,accel=xen "
        "-chardev socket,id=libxl-cmd,fd=9,server=on,wait=off "
        "-mon chardev=libxl-cmd,mode=control",
        /* the back ends of a PV guest */
        PATH_LINE "-xen-attach -M xenpv -m 320",
        "dm -xen-domid 1 -nographic -M xenpv -monitor /dev/null",
        "dm -version",
        "dm",
        "dm -m",
        "dm -xen-domid 99999 -m 320 -chardev socket,id=libxl-cmd,fd=9",
        "dm -xen-domid 9 -m x -chardev socket,id=libxl-cmd,fd=9",
        "dm -xen-domid 9 -m 320 -chardev socket,id=libxl-cmd",
        "dm -xen-domid 9 -m 320 -chardev socket,xid=libxl-cmd,fd=9",
        "dm -xen-domid 9 -m 320 -chardev socket,x=,,id=libxl-cmd,,fd=9",
    };

    (void)state;
    for (unsigned i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        assert_int_equal(parse(lines[i]), 0);
        assert_false(a.ours);
        pp_args_free(&a);
    }
}

static void ours_are_taken_out(void **state)
{
    (void)state;
    assert_int_equal(parse(PATH_LINE "-m 320 -pass-through-dm /opt/qemu "
                           "-pass-through-fsize 16 "
                           "-global xen-pci-passthrough.strict=on "
                           "-global xen-pci-passthrough.power_mgmt=off "
                           "-global xen-pci-passthrough.config=/etc/g.conf "
                           "-global xen-platform.addr=2"), 0);
    assert_string_equal(a.dm, "/opt/qemu");
    assert_int_equal(a.file_size, 16 * MIB);
    assert_string_equal(a.config, "/etc/g.conf");
    assert_int_equal(a.said[PT_CONF_STRICT], 1);
    assert_int_equal(a.said[PT_CONF_POWER_MGMT], 0);
    assert_int_equal(a.said[PT_CONF_PERMISSIVE], PT_CONF_UNSAID);
    assert_string_equal(a.argv[a.argc - 1], "xen-platform.addr=2");
    assert_string_equal(a.argv[a.argc - 2], "-global");
    assert_string_equal(a.argv[a.argc - 3], "320");
    assert_null(a.argv[a.argc]);
    pp_args_free(&a);
}

static void a_property_that_is_none_is_told(void **state)
{
    static const char *const bad[] = {
        "strict=maybe", "strict", "nothing=on", "", "=", "romfile=x",
    };
    char line[2048];

    (void)state;
    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        snprintf(line, sizeof(line), PATH_LINE "-m 320 -global "
                 "xen-pci-passthrough.%s", bad[i]);
        assert_int_equal(parse(line), -EINVAL);
        assert_non_null(strstr(err.text, "xen-pci-passthrough."));
    }
}

static void a_size_that_is_none_is_told(void **state)
{
    static const char *const bad[] = {
        "0", "x", "-1", "1M", "1073741825", "99999999999999999999",
    };
    char line[2048];

    (void)state;
    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        snprintf(line, sizeof(line), PATH_LINE "-m 320 -pass-through-fsize %s",
                 bad[i]);
        assert_int_equal(parse(line), -EINVAL);
        assert_non_null(strstr(err.text, "is no number of MiB"));
    }
}

/* Only that one socket is another, and a monitor comes. */
static void qemu_listens_to_us(void **state)
{
    unsigned before;

    (void)state;
    assert_int_equal(parse(PATH_LINE "-m 320"), 0);
    before = a.argc;
    assert_int_equal(pp_args_redirect(&a, 11, 12), 0);
    assert_int_equal(a.argc, before + 4);
    assert_string_equal(a.argv[4], "-chardev");
    assert_string_equal(a.argv[5],
                        "socket,id=libxl-cmd,fd=11,server=on,wait=off");
    assert_string_equal(a.argv[6], "-mon");
    assert_string_equal(a.argv[before - 1], "320");
    assert_string_equal(a.argv[before], "-chardev");
    assert_string_equal(a.argv[before + 1],
                        "socket,id=xen-pass-through,fd=12");
    assert_string_equal(a.argv[before + 3],
                        "chardev=xen-pass-through,mode=control");
    assert_null(a.argv[before + 4]);
    pp_args_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(libxl_names_its_socket),
        cmocka_unit_test(libxl_has_it_open_already),
        cmocka_unit_test(ram_goes_on_above_4_gib),
        cmocka_unit_test(others_are_passed_on),
        cmocka_unit_test(ours_are_taken_out),
        cmocka_unit_test(a_property_that_is_none_is_told),
        cmocka_unit_test(a_size_that_is_none_is_told),
        cmocka_unit_test(qemu_listens_to_us),
    };

    return cmocka_run_group_tests_name("process_args", tests, NULL, NULL);
}
