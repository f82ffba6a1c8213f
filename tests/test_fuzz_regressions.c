/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the fuzzer found once, and the strings that it starts from. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "lib-fuzz.h"
#include "lib-world.h"

static const char dir[] = "tests/fuzz/regressions";

static int is_file(const struct dirent *e)
{
    return e->d_name[0] != '.';
}

static void replay(const char *name)
{
    char path[512];
    uint8_t data[4096];
    const char *wrong;
    size_t len;
    FILE *f;

    snprintf(path, sizeof(path), "%s/%s", dir, name);
    f = fopen(path, "rb");
    assert_non_null(f);
    len = fread(data, 1, sizeof(data), f);
    fclose(f);
    wrong = fuzz_one(data, len);
    if (wrong) {
        fail_msg("%s: %s", path, wrong);
    }
}

static void what_was_found_once_is_right_now(void **state)
{
    struct dirent **file;
    int i, n = scandir(dir, &file, is_file, alphasort);

    (void)state;
    assert_true(n >= 1);
    for (i = 0; i < n; i++) {
        replay(file[i]->d_name);
        free(file[i]);
    }
    free(file);
}

/* For FUZZ_TRACE=1 build-fuzz/fuzz, and for the regressions. */
static void keep(const uint8_t *data, size_t len)
{
    const char *build = getenv("BUILD");
    char path[512];
    FILE *f;

    snprintf(path, sizeof(path), "%s/fuzz-finding", build ? build : ".");
    f = fopen(path, "wb");
    if (f) {
        fwrite(data, len, 1, f);
        fclose(f);
    }
}

/* A little of it, always the same, without a fuzzer. */
static void random_lives_of_captured_devices(void **state)
{
    struct world_function *list;
    unsigned count = world_functions(&list), i, k, n;
    struct world_rng r = { 4711 };

    (void)state;
    for (n = 0; n < world_rounds(10000); n++) {
        const struct capture *c = &list[world_random(&r) % count].capture;
        uint8_t data[FUZZ_HEAD + FUZZ_EXT + 300];
        size_t ext;
        const char *wrong;

        for (i = 0; i < sizeof(data); i++) {
            data[i] = (uint8_t)world_random(&r);
        }
        for (i = 0; i < 256; i++) {
            data[2 + i] = c->cfg[i];
        }
        /* Some byte is another one. */
        data[2 + world_random(&r) % 256] = (uint8_t)world_random(&r);
        if (data[0] & FUZZ_EXTENDED) {
            ext = fuzz_put_extended(c, data + FUZZ_HEAD);
            data[FUZZ_HEAD + 1 + world_random(&r) % ext] =
                (uint8_t)world_random(&r);
        }
        for (k = 0; k < PT_NUM_REGIONS; k++) {
            for (i = 0; c->region[k].size >> i > 1; i++) {
            }
            data[258 + 3 * k] = (uint8_t)i;
            data[259 + 3 * k] = (uint8_t)c->region[k].flags;
            data[260 + 3 * k] = 0;
        }
        wrong = fuzz_one(data, sizeof(data));
        if (wrong) {
            keep(data, sizeof(data));
            fail_msg("life %u: %s", n, wrong);
        }
    }
    free(list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_found_once_is_right_now),
        cmocka_unit_test(random_lives_of_captured_devices),
    };

    return cmocka_run_group_tests_name("fuzz", tests, NULL, NULL);
}
