/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QEMU's side of the policy file: what properties, the host's file and the
 * guest's say, and which counts. QEMU here is its object model's few functions
 * that pt-qemu-conf.c calls.
 */
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib-lessons.h"
#include "lib-temp.h"

/* Its headers are played by qom/object.h. */
#define PT_QEMU_COMPAT_H
#include "qom/object.h"

#include "pt-conf.h"

/* The host's file, which is no property. */
static char host_file[TEMP_MAX + 16];
#undef PT_CONF_PATH
#define PT_CONF_PATH host_file

#include "../hosts/qemu/pt-qemu-conf.c"

/* ------------------------------------------------------------------ */
/* QEMU                                                                */

struct Error {
    char text[256];
};

struct Visitor {
    bool input;
    bool value;
};

static struct property {
    const char *name;
    ObjectPropertyAccessor *get, *set;
    void *opaque;
} properties[8];
static unsigned num_properties;

static unsigned warnings;
static char warning[512];
static Error last_error;

void *object_class_property_add(ObjectClass *klass, const char *name,
                                const char *type, ObjectPropertyAccessor *get,
                                ObjectPropertyAccessor *set,
                                void (*release)(Object *obj, const char *n,
                                                void *o),
                                void *opaque)
{
    (void)klass;
    assert_string_equal(type, "bool");
    assert_null(release);
    assert_true(num_properties < COUNT(properties));
    properties[num_properties++] = (struct property) {
        name, get, set, opaque,
    };
    return NULL;
}

void object_class_property_set_description(ObjectClass *klass,
                                           const char *name,
                                           const char *description)
{
    (void)klass;
    assert_string_equal(properties[num_properties - 1].name, name);
    assert_true(description[0] != '\0');
}

void error_setg(Error **errp, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(last_error.text, sizeof(last_error.text), fmt, ap);
    va_end(ap);
    *errp = &last_error;
}

void warn_reportf_err(Error *err, const char *fmt, ...)
{
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(warning, sizeof(warning), fmt, ap);
    va_end(ap);
    snprintf(warning + n, sizeof(warning) - (size_t)n, "%s", err->text);
    warnings++;
}

void warn_report(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(warning, sizeof(warning), fmt, ap);
    va_end(ap);
    warnings++;
}

/* Of another program, for the compiler, too. */
bool __attribute__((noinline))
visit_type_bool(Visitor *v, const char *name, bool *obj, Error **errp)
{
    (void)name;
    (void)errp;
    if (v->input) {
        *obj = v->value;
    } else {
        v->value = *obj;
    }
    return true;
}

/* pt-qemu-mmcfg.c's. */
static unsigned windows_asked;
static bool no_window;

bool pt_qemu_mmcfg(const PtQemu *s, const char **why)
{
    (void)s;
    windows_asked++;
    *why = no_window ? "it is not the day" : NULL;
    return !no_window;
}

/* pt-qemu-rom.c's: there is one file. */
static char rom_asked[512];
static uint8_t rom_bytes[4];

bool pt_qemu_load_rom(PtQemu *s, const char *name, Error **errp)
{
    snprintf(rom_asked, sizeof(rom_asked), "%s", name);
    if (strcmp(name, "/there") != 0) {
        error_setg(errp, "romfile \"%s\": No such file or directory", name);
        return false;
    }
    s->rom = rom_bytes;
    return true;
}

/* ------------------------------------------------------------------ */
/* A device                                                            */

struct card_in_qemu {
    PtQemu s;
    struct world w;
    struct pt_policy policy;
    struct pt_error err;
    char origin[PT_CONF_ORIGINS];
    char guest_file[TEMP_MAX + 16];
};

static char dir[TEMP_MAX];

static void write_file(char path[TEMP_MAX + 16], const char *name,
                       const char *text)
{
    FILE *f;

    snprintf(path, TEMP_MAX + 16, "%s/%s", dir, name);
    unlink(path);
    if (!text) {
        return;
    }
    f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    assert_int_equal(fclose(f), 0);
}

/* As QEMU makes it; @host, @guest: what is in the files, or NULL. */
static void make(struct card_in_qemu *q, const char *host, const char *guest)
{
    struct capture c;

    memset(q, 0, sizeof(*q));
    card(&c);
    world_init(&q->w, &c, NULL, NULL);
    q->s.host = q->w.sim.dev.pt;
    q->s.pci.rom_bar = 1;
    pt_qemu_conf_init(&q->s);
    write_file(host_file, "host.conf", host);
    write_file(q->guest_file, "guest.conf", guest);
    q->s.config = guest ? q->guest_file : NULL;
    warnings = 0;
    rom_asked[0] = '\0';
    windows_asked = 0;
    no_window = false;
}

static int decide(struct card_in_qemu *q)
{
    return pt_qemu_decide(&q->s, &q->policy, q->origin, sizeof(q->origin),
                          &q->err);
}

static void done(struct card_in_qemu *q)
{
    world_fini(&q->w);
    unlink(host_file);
    unlink(q->guest_file);
}

/* Returns false and the reason in last_error if it is refused. */
static bool set(struct card_in_qemu *q, const char *name, bool value)
{
    Visitor v = { .input = true, .value = value };
    Error *err = NULL;

    for (unsigned i = 0; i < num_properties; i++) {
        if (strcmp(properties[i].name, name) == 0) {
            properties[i].set((Object *)&q->s, &v, name,
                              properties[i].opaque, &err);
            return !err;
        }
    }
    fail_msg("no property %s", name);
    return false;
}

static bool get_value(struct card_in_qemu *q, const char *name)
{
    Visitor v = { .input = false };

    for (unsigned i = 0; i < num_properties; i++) {
        if (strcmp(properties[i].name, name) == 0) {
            properties[i].get((Object *)&q->s, &v, name,
                              properties[i].opaque, NULL);
        }
    }
    return v.value;
}

/* ------------------------------------------------------------------ */
/* Tests                                                               */

static struct card_in_qemu q;

static void without_files_and_words_all_is_as_it_was(void **state)
{
    static const struct pt_policy none;

    (void)state;
    make(&q, NULL, NULL);
    assert_int_equal(decide(&q), 0);
    assert_memory_equal(&q.policy, &none, sizeof(none));
    assert_string_equal(q.origin, "");
    /* The device is not looked at for it. */
    assert_int_equal(q.w.sim.dev.count.reads, 0);
    done(&q);
}

static void a_property_that_is_off_is_a_word_too(void **state)
{
    (void)state;
    make(&q, "[all]\npower_mgmt = yes\nmsitranslate = yes\n", NULL);
    assert_true(set(&q, "power_mgmt", false));
    assert_true(set(&q, "strict", true));
    assert_true(get_value(&q, "strict"));
    assert_false(get_value(&q, "power_mgmt"));
    assert_false(get_value(&q, "msitranslate"));
    assert_int_equal(decide(&q), 0);
    assert_false(q.policy.power_mgmt);
    assert_true(q.policy.msitranslate && q.policy.strict);
    assert_string_equal(q.origin, "from the toolstack strict, the toolstack "
                        "power_mgmt, host.conf:3 [all] msitranslate");
    done(&q);
}

static void the_guests_file_goes_over_the_hosts(void **state)
{
    (void)state;
    make(&q, "[03:00.0]\npower_mgmt = yes\n[all]\nstrict = yes\n",
         "[all]\nstrict = no\nregister 0x44.2 = zero\n");
    assert_int_equal(decide(&q), 0);
    assert_false(q.policy.strict);
    assert_int_equal(q.policy.num_masks, 1);
    done(&q);
}

static void what_is_wrong_refuses_the_device(void **state)
{
    (void)state;
    make(&q, "[all]\nstrict = perhaps\n", NULL);
    assert_true(decide(&q) < 0);
    assert_non_null(strstr(q.err.text, "host.conf:2: strict: 'perhaps'"));
    done(&q);
    make(&q, NULL, "[all]\n");
    unlink(q.guest_file);
    assert_true(decide(&q) < 0);
    assert_non_null(strstr(q.err.text, "guest.conf: No such file"));
    done(&q);
    make(&q, "[all]\nstrict = yes\n", NULL);
    assert_true(set(&q, "permissive", true));
    assert_true(decide(&q) < 0);
    assert_non_null(strstr(q.err.text, "exclude each other"));
    done(&q);
}

static void a_property_stays_while_the_guest_has_the_device(void **state)
{
    (void)state;
    make(&q, NULL, NULL);
    q.s.dev = (struct pt_dev *)&q;
    assert_false(set(&q, "strict", true));
    assert_string_equal(last_error.text, "strict can't be changed while the "
                        "guest has the device");
    assert_false(get_value(&q, "strict"));
    done(&q);
}

/* The attach had failed, and with it the guest. */
static void a_missing_romfile_is_one_line(void **state)
{
    (void)state;
    make(&q, "[all]\nromfile = /not/there\n", NULL);
    assert_int_equal(decide(&q), 0);
    assert_int_equal(warnings, 1);
    assert_string_equal(warning, "pass-through 0000:03:00.0: policy file: "
                        "romfile \"/not/there\": No such file or directory");
    /* The device's own, then. */
    assert_false(q.policy.no_rom);
    assert_null(q.s.rom);
    done(&q);
}

static void a_romfile_is_in_the_place_of_the_devices_rom(void **state)
{
    (void)state;
    make(&q, "[all]\nromfile = /there\n", NULL);
    assert_int_equal(decide(&q), 0);
    assert_int_equal(warnings, 0);
    assert_string_equal(rom_asked, "/there");
    assert_true(q.policy.no_rom);
    assert_string_equal(q.origin, "from host.conf:2 [all] romfile");
    done(&q);
}

static void a_romfile_is_not_read_in_vain(void **state)
{
    char property[] = "/property.rom";

    (void)state;
    make(&q, "[all]\nromfile = /there\n", NULL);
    q.s.romfile = property;
    assert_int_equal(decide(&q), 0);
    assert_string_equal(rom_asked, "");
    assert_true(q.policy.no_rom);
    done(&q);
    make(&q, "[all]\nromfile = /there\nrombar = no\n", NULL);
    assert_int_equal(decide(&q), 0);
    assert_string_equal(rom_asked, "");
    assert_true(q.policy.no_rom);
    done(&q);
    make(&q, "[all]\nromfile = /there\nrombar = yes\n", NULL);
    q.s.pci.rom_bar = 0;
    assert_int_equal(decide(&q), 0);
    assert_string_equal(rom_asked, "");
    assert_true(q.policy.no_rom);
    done(&q);
}

/* It is QEMU's default, which nobody may have said. */
static void rombar_of_1_is_no_word(void **state)
{
    (void)state;
    make(&q, "[all]\nrombar = no\n", NULL);
    assert_int_equal(decide(&q), 0);
    assert_true(q.policy.no_rom);
    done(&q);
}

/* Who asks for extended space gets the way to it; nobody else does. */
static void extended_space_has_its_window(void **state)
{
    (void)state;
    make(&q, "[all]\nextended = yes\n", NULL);
    assert_int_equal(decide(&q), 0);
    assert_true(q.policy.extended);
    assert_int_equal(windows_asked, 1);
    assert_int_equal(warnings, 0);
    done(&q);
    make(&q, "[all]\nextended = yes\n", NULL);
    assert_true(set(&q, "extended", false));
    assert_int_equal(decide(&q), 0);
    assert_false(q.policy.extended);
    assert_int_equal(windows_asked, 0);
    done(&q);
    make(&q, NULL, NULL);
    assert_true(set(&q, "extended", true));
    assert_int_equal(decide(&q), 0);
    assert_true(q.policy.extended);
    done(&q);
}

static void without_a_window_the_space_is_256_bytes(void **state)
{
    (void)state;
    make(&q, "[all]\nextended = yes\n", NULL);
    no_window = true;
    assert_int_equal(decide(&q), 0);
    assert_false(q.policy.extended);
    assert_int_equal(warnings, 1);
    assert_string_equal(warning, "pass-through 0000:03:00.0: no extended "
                        "configuration space: it is not the day");
    done(&q);
}

static int start(void **state)
{
    (void)state;
    pt_qemu_conf_class(NULL);
    return mkdtemp(temp_path(dir, "qemu-conf")) ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    return rmdir(dir);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_files_and_words_all_is_as_it_was),
        cmocka_unit_test(a_property_that_is_off_is_a_word_too),
        cmocka_unit_test(the_guests_file_goes_over_the_hosts),
        cmocka_unit_test(what_is_wrong_refuses_the_device),
        cmocka_unit_test(a_property_stays_while_the_guest_has_the_device),
        cmocka_unit_test(a_missing_romfile_is_one_line),
        cmocka_unit_test(a_romfile_is_in_the_place_of_the_devices_rom),
        cmocka_unit_test(a_romfile_is_not_read_in_vain),
        cmocka_unit_test(rombar_of_1_is_no_word),
        cmocka_unit_test(extended_space_has_its_window),
        cmocka_unit_test(without_a_window_the_space_is_256_bytes),
    };

    return cmocka_run_group_tests_name("QEMU's policies", tests, start, end);
}
