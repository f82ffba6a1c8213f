/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Captures: files, plain and compressed. */
#include <unistd.h>

#include <zlib.h>

#include "lib-capture.h"
#include "lib-temp.h"

static char path[TEMP_MAX];

static int make_file(void **state)
{
    int fd;

    (void)state;
    fd = mkstemp(temp_path(path, "capture-test"));
    return fd < 0 ? -1 : close(fd);
}

static int remove_file(void **state)
{
    (void)state;
    return unlink(path);
}

static void write_file(const void *data, size_t len)
{
    FILE *f = fopen(path, "wb");

    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, len, f), len);
    assert_int_equal(fclose(f), 0);
}

static void write_gzip(void)
{
    gzFile f = gzopen(path, "wb");

    assert_non_null(f);
    assert_int_equal(gzwrite(f, sample, sizeof(sample) - 1),
                     sizeof(sample) - 1);
    assert_int_equal(gzclose(f), Z_OK);
}

static size_t read_file(char *buf, size_t room)
{
    FILE *f = fopen(path, "rb");
    size_t n;

    assert_non_null(f);
    n = fread(buf, 1, room, f);
    fclose(f);
    return n;
}

static void test_load(void **state)
{
    struct capture *list;

    (void)state;
    write_file(sample, sizeof(sample) - 1);
    assert_int_equal(capture_load(path, &list, &err), 2);
    assert_int_equal(list[0].sizes_known, 0x4b);
    free(list);
}

static void test_load_gzip(void **state)
{
    struct capture *list;

    (void)state;
    write_gzip();
    assert_int_equal(capture_load(path, &list, &err), 2);
    assert_int_equal(list[1].addr.dev, 0x10);
    free(list);
}

static void test_load_damaged_gzip(void **state)
{
    char data[4096], expected[TEMP_MAX + 64];
    struct capture *list;
    size_t len;

    (void)state;
    write_gzip();
    len = read_file(data, sizeof(data));
    write_file(data, len - 20);
    assert_int_equal(capture_load(path, &list, &err), -EIO);
    snprintf(expected, sizeof(expected), "%s: the compressed file is cut off",
             path);
    assert_string_equal(err.text, expected);

    data[len / 2] = (char)(data[len / 2] ^ 0x55);
    write_file(data, len);
    assert_true(capture_load(path, &list, &err) < 0);
    assert_null(list);
    assert_ptr_equal(strstr(err.text, path), err.text);
}

static void test_load_standard_input(void **state)
{
    int saved = dup(STDIN_FILENO);
    struct capture *list;
    FILE *f;

    (void)state;
    write_file("nothing\n", 8);
    f = fopen(path, "rb");
    assert_non_null(f);
    assert_true(saved >= 0);
    assert_int_equal(dup2(fileno(f), STDIN_FILENO), STDIN_FILENO);
    fclose(f);
    assert_int_equal(capture_load("-", &list, &err), -EINVAL);
    assert_string_equal(err.text, "standard input: no function in it: is it "
                        "the output of lspci -xxx?");
    assert_int_equal(dup2(saved, STDIN_FILENO), STDIN_FILENO);
    close(saved);
}

static void test_load_nothing(void **state)
{
    struct capture *list;

    (void)state;
    assert_int_equal(capture_load("/nonexistent/file", &list, &err), -ENOENT);
    assert_string_equal(err.text,
                        "/nonexistent/file: No such file or directory");
    assert_int_equal(capture_load("/", &list, &err), -EISDIR);
    assert_string_equal(err.text, "/: Is a directory");
}

/* A few KB that unpack to more than any lspci prints. */
static void test_load_bomb(void **state)
{
    static char zeros[1 << 20];
    struct capture *list;
    gzFile f = gzopen(path, "wb9");

    (void)state;
    memset(zeros, ' ', sizeof(zeros));
    assert_non_null(f);
    for (int i = 0; i < 129; i++)
        assert_int_equal(gzwrite(f, zeros, sizeof(zeros)), sizeof(zeros));
    assert_int_equal(gzclose(f), Z_OK);
    assert_int_equal(capture_load(path, &list, &err), -EFBIG);
    assert_non_null(strstr(err.text, ": larger than 128 MiB"));
}

#define FILE_TEST(t) cmocka_unit_test_setup_teardown(t, make_file, remove_file)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        FILE_TEST(test_load),
        FILE_TEST(test_load_gzip),
        FILE_TEST(test_load_damaged_gzip),
        FILE_TEST(test_load_standard_input),
        FILE_TEST(test_load_nothing),
        FILE_TEST(test_load_bomb),
    };

    return cmocka_run_group_tests_name("capture_files", tests, NULL, NULL);
}
