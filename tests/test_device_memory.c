/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The real device's memory: trapped accesses, and pages that are shared. */
#include "lib-sysfs.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

/* ------------------------------------------------------------------ */
/* Memory                                                              */

static void mmio_has_exact_width(void **state)
{
    struct pt_device dev;
    uint64_t val;

    (void)state;
    put_sized(SELF, "resource3", 0x4000);
    open_self(&dev);
    assert_int_equal(dev.ops->mmio_write(dev.priv, 3, 0x3ff8, 8,
                                         0x8877665544332211), 0);
    for (unsigned width = 1; width <= 8; width *= 2) {
        assert_int_equal(dev.ops->mmio_read(dev.priv, 3, 0x3ff8, width, &val),
                         0);
        assert_int_equal(val, 0x8877665544332211 & (UINT64_MAX >>
                                                    (64 - 8 * width)));
    }
    assert_int_equal(dev.ops->mmio_write(dev.priv, 3, 0x3ff9, 1, ~UINT64_C(0)),
                     0);
    assert_int_equal(dev.ops->mmio_write(dev.priv, 3, 0x3ffa, 2, 0), 0);
    assert_int_equal(dev.ops->mmio_write(dev.priv, 3, 0x3ffc, 4, 1), 0);
    assert_int_equal(dev.ops->mmio_read(dev.priv, 3, 0x3ff8, 8, &val), 0);
    assert_int_equal(val, 0x000000010000ff11);
    pt_device_close(&dev);
}

static void mmio_is_bounded(void **state)
{
    static const struct {
        unsigned region;
        uint64_t off;
        unsigned width;
    } bad[] = {
        { 3, 0x4000, 1 }, { 3, 0x3ffe, 4 }, { 3, UINT64_MAX, 1 },
        { 3, UINT64_MAX - 7, 8 },                       /* outside */
        { 3, 1, 2 }, { 3, 2, 4 }, { 3, 4, 8 },          /* not aligned */
        { 3, 0, 0 }, { 3, 0, 3 }, { 3, 0, 16 },         /* no width */
        { 2, 0x20, 1 }, { 2, 0x1e, 4 }, { 2, 1, 2 }, { 2, 0, 8 },
        { 2, UINT64_MAX, 1 },                           /* ports */
        { 1, 0, 4 }, { 4, 0, 4 }, { PT_ROM, 0, 4 },
        { 7, 0, 4 }, { UINT_MAX, 0, 4 },                /* no memory */
    };
    struct pt_device dev;
    uint64_t val;

    (void)state;
    put_sized(SELF, "resource3", 0x4000);
    open_self(&dev);
    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(dev.ops->mmio_read(dev.priv, bad[i].region,
                                            bad[i].off, bad[i].width, &val),
                         -EINVAL);
        assert_int_equal(dev.ops->mmio_write(dev.priv, bad[i].region,
                                             bad[i].off, bad[i].width, 0),
                         -EINVAL);
    }
    pt_device_close(&dev);
}

/* Each access is one read or write of the file, at its width. */
static void ports_are_read_and_written(void **state)
{
    uint8_t ports[0x20];
    struct pt_device dev;
    uint64_t val = 1;
    unsigned i;

    (void)state;
    open_self(&dev);
    assert_int_equal(dev.ops->mmio_read(dev.priv, 2, 0, 4, &val), -ENOENT);
    for (i = 0; i < sizeof(ports); i++) {
        ports[i] = pattern(i);
    }
    put(SELF, "resource2", ports, sizeof(ports));
    for (i = 1; i <= 4; i *= 2) {
        assert_int_equal(dev.ops->mmio_read(dev.priv, 2, 0x1c, i, &val), 0);
        assert_int_equal(val, pattern(0x1c) |
                         (i > 1 ? (unsigned)pattern(0x1d) << 8 : 0) |
                         (i > 2 ? (unsigned)pattern(0x1e) << 16 |
                          (unsigned)pattern(0x1f) << 24 : 0));
    }
    assert_int_equal(dev.ops->mmio_write(dev.priv, 2, 0x1e, 2,
                                         UINT64_C(0xffffffffffff1234)), 0);
    assert_int_equal(dev.ops->mmio_write(dev.priv, 2, 0x1c, 1, 0x56), 0);
    assert_int_equal(dev.ops->mmio_read(dev.priv, 2, 0x1c, 4, &val), 0);
    assert_int_equal(val, 0x12340056 | (unsigned)pattern(0x1d) << 8);
    put(SELF, "resource2", ports, 2);
    assert_int_equal(dev.ops->mmio_read(dev.priv, 2, 0, 4, &val), -EIO);
    pt_device_close(&dev);
}

/* BAR0 is larger than what is mapped at once. */
static void mmio_all_over_a_large_region(void **state)
{
    const uint64_t at[] = { 0, 0xffffc, 0x100000, 0x1ffffc, 4 };
    struct pt_device dev;
    uint64_t val;
    unsigned before;

    (void)state;
    put_sized(SELF, "resource0", 0x200000);
    before = open_files();
    open_self(&dev);
    for (unsigned i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
        assert_int_equal(dev.ops->mmio_write(dev.priv, 0, at[i], 4, i + 1), 0);
    }
    for (unsigned i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
        assert_int_equal(dev.ops->mmio_read(dev.priv, 0, at[i], 4, &val), 0);
        assert_int_equal(val, i + 1);
    }
    pt_device_close(&dev);
    assert_int_equal(open_files(), before);
}

/* How much of the tree's files this process has mapped. */
static uint64_t mapped_bytes(void)
{
    FILE *f = fopen("/proc/self/maps", "r");
    char line[2 * PATH_MAX];
    uint64_t from, to, sum = 0;

    assert_non_null(f);
    while (fgets(line, sizeof(line), f)) {
        if (strstr(line, root) &&
            sscanf(line, "%" SCNx64 "-%" SCNx64, &from, &to) == 2) {
            sum += to - from;
        }
    }
    fclose(f);
    return sum;
}

/* A window at a time, no more than there is, and none in the end. */
static void mmio_is_mapped_in_windows(void **state)
{
    struct pt_device dev;
    uint64_t val;

    (void)state;
    put_sized(SELF, "resource0", 0x200000);
    put_sized(SELF, "resource3", 0x4000);
    open_self(&dev);
    assert_int_equal(mapped_bytes(), 0);
    assert_int_equal(dev.ops->mmio_read(dev.priv, 3, 0, 4, &val), 0);
    assert_int_equal(mapped_bytes(), 0x4000);
    assert_int_equal(dev.ops->mmio_read(dev.priv, 0, 0, 4, &val), 0);
    assert_int_equal(mapped_bytes(), 0x104000);
    assert_int_equal(dev.ops->mmio_read(dev.priv, 0, 0x180000, 4, &val), 0);
    assert_int_equal(mapped_bytes(), 0x104000);
    drop(SELF, "resource0");  /* what is mapped needs it no more */
    assert_int_equal(dev.ops->mmio_read(dev.priv, 0, 0x1ffff8, 8, &val), 0);
    assert_int_equal(dev.ops->mmio_read(dev.priv, 0, 0, 4, &val), -ENOENT);
    /* Nor is the window that was given up for it. */
    assert_int_equal(dev.ops->mmio_read(dev.priv, 0, 0x1ffff8, 8, &val),
                     -ENOENT);
    pt_device_close(&dev);
    assert_int_equal(mapped_bytes(), 0);
}

static void mmio_of_a_region_inside_a_page(void **state)
{
    struct pt_device dev;
    char path[PATH_MAX], text[1024];
    uint64_t val;
    FILE *f;

    (void)state;
    snprintf(text, sizeof(text), "e0000400 e00004ff 200\n%s", no_resources);
    put_text(SELF, "resource", text);
    put_sized(SELF, "resource0", 0x1000);
    open_self(&dev);
    assert_int_equal(dev.ops->mmio_write(dev.priv, 0, 0xfc, 4, 0x12345678),
                     0);
    assert_int_equal(dev.ops->mmio_read(dev.priv, 0, 0x100, 4, &val),
                     -EINVAL);
    pt_device_close(&dev);
    path_of(path, SELF, "resource0");
    f = fopen(path, "r");
    assert_non_null(f);
    assert_int_equal(fseek(f, 0x4fc, SEEK_SET), 0);
    assert_int_equal(fgetc(f), 0x78);
    fclose(f);
}

static void mmio_that_cannot_be_mapped(void **state)
{
    struct pt_device dev;
    uint64_t val;
    unsigned before;

    (void)state;
    open_self(&dev);
    before = open_files();
    assert_int_equal(dev.ops->mmio_read(dev.priv, 3, 0, 4, &val), -ENOENT);
    put_sized(SELF, "resource3", 0x3fff);  /* shorter than the region */
    assert_int_equal(dev.ops->mmio_read(dev.priv, 3, 0, 4, &val), -EIO);
    assert_int_equal(open_files(), before);
    put_sized(SELF, "resource3", 0x4000);  /* not given up for good */
    assert_int_equal(dev.ops->mmio_read(dev.priv, 3, 0, 4, &val), 0);
    pt_device_close(&dev);
}

static sig_atomic_t bus_errors;

static void count_bus_error(int sig)
{
    (void)sig;
    bus_errors++;
    signal(SIGBUS, SIG_DFL);
}

/* The registers of a device that was pulled out are a mapping of nothing. */
static void mmio_of_a_device_that_was_pulled_out(void **state)
{
    struct pt_device dev;
    struct sigaction now;
    uint64_t val = 0;

    (void)state;
    bus_errors = 0;
    signal(SIGBUS, count_bus_error);
    open_self(&dev);
    put_sized(SELF, "resource3", 0x4000);
    assert_int_equal(dev.ops->mmio_read(dev.priv, 3, 0, 4, &val), 0);
    put_sized(SELF, "resource3", 0);
    assert_int_equal(dev.ops->mmio_read(dev.priv, 3, 0, 4, &val), -ENODEV);
    assert_int_equal(dev.ops->mmio_write(dev.priv, 3, 8, 4, 1), -ENODEV);
    /* And if it comes back: nothing is given up. */
    put_sized(SELF, "resource3", 0x4000);
    assert_int_equal(dev.ops->mmio_read(dev.priv, 3, 0, 4, &val), 0);
    pt_device_close(&dev);

    /* Who else has a bus error, has it as before. */
    assert_int_equal(bus_errors, 0);
    raise(SIGBUS);
    assert_int_equal(bus_errors, 1);
    assert_int_equal(sigaction(SIGBUS, NULL, &now), 0);
    assert_ptr_equal(now.sa_handler, SIG_DFL);
}

static void count_with_info(int sig, siginfo_t *info, void *context)
{
    (void)context;
    assert_int_equal(info->si_signo, sig);
    bus_errors++;
}

/* The device model's handler has all but ours, however often we map. */
static void bus_errors_of_others_are_theirs(void **state)
{
    struct sigaction others = { .sa_flags = SA_SIGINFO };
    struct pt_device dev;
    uint64_t val;

    (void)state;
    bus_errors = 0;
    others.sa_sigaction = count_with_info;
    sigaction(SIGBUS, &others, NULL);
    put_sized(SELF, "resource0", 0x200000);
    put_sized(SELF, "resource3", 0x4000);
    open_self(&dev);
    assert_int_equal(dev.ops->mmio_read(dev.priv, 0, 0, 4, &val), 0);
    assert_int_equal(dev.ops->mmio_read(dev.priv, 0, 0x100000, 4, &val), 0);
    assert_int_equal(dev.ops->mmio_read(dev.priv, 3, 0, 4, &val), 0);
    raise(SIGBUS);
    assert_int_equal(bus_errors, 1);
    put_sized(SELF, "resource3", 0);
    assert_int_equal(dev.ops->mmio_read(dev.priv, 3, 0, 4, &val), -ENODEV);
    raise(SIGBUS);
    assert_int_equal(bus_errors, 2);
    pt_device_close(&dev);
    signal(SIGBUS, SIG_DFL);
}

/* A fault of nobody's ends the process, as it would without us. */
static void a_fault_of_nobodys(__sighandler_t before)
{
    struct pt_device dev;
    char path[PATH_MAX];
    uint64_t val;
    int status, fd;
    pid_t pid;

    put_sized(SELF, "resource0", 0x200000);
    put_sized(SELF, "resource3", 0x4000);
    pid = fork();
    if (pid == 0) {
        volatile char *at;

        signal(SIGBUS, before);
        alarm(5);
        open_self(&dev);
        dev.ops->mmio_read(dev.priv, 3, 0, 4, &val);
        path_of(path, SELF, "resource0");
        fd = open(path, O_RDWR);
        at = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
        put_sized(SELF, "resource0", 0);
        (void)*at;
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS);
}

static void a_fault_of_nobodys_ends_the_process(void **state)
{
    (void)state;
    a_fault_of_nobodys(SIG_DFL);
    a_fault_of_nobodys(SIG_IGN);
}

/* ------------------------------------------------------------------ */
/* Pages shared with other functions (XSA-461)                         */

static unsigned flags_of(const char *bar0)
{
    struct pt_device dev;
    char text[1024];
    unsigned flags;

    snprintf(text, sizeof(text), "%s\n%s", bar0, no_resources);
    put_text(SELF, "resource", text);
    open_self(&dev);
    flags = dev.info.region[0].flags;
    pt_device_close(&dev);
    return flags;
}

static void neighbour(const char *bar1)
{
    char text[1024];

    snprintf(text, sizeof(text), "0 0 0\n%s\n%s", bar1, no_resources);
    put_text("0001:00:00.0", "resource", text);
}

static void xsa461_shared_page(void **state)
{
    (void)state;
    put_function("0001:00:00.0", no_resources);
    assert_int_equal(flags_of("e0000000 e00000ff 200"), 0);
    assert_int_equal(flags_of("e0000100 e00001ff 200"), PT_REGION_SHARED);
    assert_int_equal(flags_of("1000 10ff 101"), PT_REGION_IO);
    assert_int_equal(flags_of("0 ff 20000200"), 0);

    neighbour("e0000f00 e0000fff 200");
    assert_int_equal(flags_of("e0000000 e00000ff 200"), PT_REGION_SHARED);
    assert_int_equal(flags_of("e0000000 e0000fff 200"), 0);
    assert_int_equal(flags_of("e0001000 e00010ff 200"), 0);
    assert_int_equal(flags_of("dffff000 dffff0ff 200"), 0);
    neighbour("e0000000 e0ffffff 200");  /* all around */
    assert_int_equal(flags_of("e0000000 e00000ff 200"), PT_REGION_SHARED);
    neighbour("e0000f00 e0000fff 101");  /* ports */
    assert_int_equal(flags_of("e0000000 e00000ff 200"), 0);
}

static void xsa461_unknown_neighbour(void **state)
{
    char path[PATH_MAX];

    (void)state;
    put_function("0001:00:00.0", no_resources);
    put_text("0001:00:00.0", "resource", "zebra\n");
    assert_int_equal(flags_of("e0000000 e00000ff 200"), PT_REGION_SHARED);
    drop("0001:00:00.0", "resource");  /* unplugged */
    assert_int_equal(flags_of("e0000000 e00000ff 200"), 0);
    path_of(path, "0002:00:00.0", "");
    path[strlen(path) - 1] = '\0';
    assert_int_equal(symlink("nowhere", path), 0);
    assert_int_equal(flags_of("e0000000 e00000ff 200"), 0);
}

/* The first region's flags where the list of the host's memory is @text. */
static unsigned flags_near(const char *text)
{
    unsigned before, flags;
    char path[PATH_MAX];
    FILE *f;

    snprintf(path, sizeof(path), "%s/iomem", root);
    f = fopen(path, "w");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
    before = open_files();
    flags = flags_of("fec00000 fec000ff 200");
    assert_int_equal(open_files(), before);
    return flags;
}

/* The table in BAR 2 was mapped through BAR 0. */
static void the_functions_own_regions_share_a_page(void **state)
{
    struct pt_device dev;
    char text[1024];

    (void)state;
    snprintf(text, sizeof(text), "e0000000 e00000ff 200\n0 0 0\n"
             "e0000800 e0000fff 200\n0 0 0\ne0001000 e00010ff 200\n0 0 0\n"
             "e0001800 e0001fff 200\n");
    put_text(SELF, "resource", text);
    open_self(&dev);
    for (unsigned n = 0; n <= PT_ROM; n += 2) {
        assert_int_equal(dev.info.region[n].flags, PT_REGION_SHARED);
    }
    pt_device_close(&dev);
    /* Itself, it does not share with. */
    assert_int_equal(flags_of("e0000000 e00000ff 200"), 0);
}

static void a_neighbour_without_a_place_is_none(void **state)
{
    (void)state;
    put_function("0001:00:00.0", no_resources);
    neighbour("1000 1fff 20000200");
    assert_int_equal(flags_of("1000 10ff 200"), 0);
    neighbour("1000 1fff 200");
    assert_int_equal(flags_of("1000 10ff 200"), PT_REGION_SHARED);
}

/* All regions of all functions, not the first ones only. */
static void the_last_of_many_neighbours_counts(void **state)
{
    char name[16], text[1024];

    (void)state;
    for (unsigned i = 0; i < 8; i++) {
        snprintf(name, sizeof(name), "0001:00:%02x.0", i);
        put_function(name, no_resources);
    }
    assert_int_equal(flags_of("e0000000 e00000ff 200"), 0);
    for (unsigned i = 0; i < 8; i++) {
        snprintf(name, sizeof(name), "0001:00:%02x.0", i);
        snprintf(text, sizeof(text), "0 0 0\n0 0 0\n0 0 0\n0 0 0\n0 0 0\n"
                 "0 0 0\ne0000800 e0000fff 200\n");
        put_text(name, "resource", text);
        assert_int_equal(flags_of("e0000000 e00000ff 200"), PT_REGION_SHARED);
        put_text(name, "resource", no_resources);
    }
}

/* What is no PCI function has registers, too. */
static void an_ioapic_in_the_page(void **state)
{
    (void)state;
    assert_int_equal(flags_near(""), 0);
    assert_int_equal(flags_near("00000000-00000fff : Reserved\n"
                                "fec00400-fec007ff : IOAPIC 0\n"),
                     PT_REGION_SHARED);
    assert_int_equal(flags_near("fec00fff-fec00fff : last\n"),
                     PT_REGION_SHARED);
    assert_int_equal(flags_near("fec01000-fec013ff : next page\n"
                                "febff000-febfffff : the page before\n"), 0);
    /* Half of it is somebody's. */
    assert_int_equal(flags_near("febff000-fec0007f : before\n"),
                     PT_REGION_SHARED);
    assert_int_equal(flags_near("fec00080-fec0017f : behind\n"),
                     PT_REGION_SHARED);
    /* To the byte. */
    assert_int_equal(flags_near("fec00010-fec00100 : behind\n"),
                     PT_REGION_SHARED);
    assert_int_equal(flags_near("febff000-fec000ff : holds it\n"), 0);
}

/* Bridges hold it, a driver has it: these are not near. */
static void what_holds_a_region_is_not_near(void **state)
{
    (void)state;
    assert_int_equal(flags_near("c0000000-febfffff : PCI Bus 0000:00\n"
                                "fec00000-fec00fff : Reserved\n"
                                "  fec00000-fec000ff : 0000:01:02.3\n"
                                "    fec00000-fec000ff : a driver\n"
                                "    fec00010-fec0001f : a part of it\n"), 0);
    assert_int_equal(flags_near("fec00000-fecfffff : Reserved\n"
                                "  fec00000-fec000ff : 0000:01:02.3\n"
                                "  fec00100-fec0010f : else\n"),
                     PT_REGION_SHARED);
}

/* Ordinary users see zeros; what is no list tells nothing. */
static void a_list_of_memory_that_tells_nothing(void **state)
{
    (void)state;
    assert_int_equal(flags_near("00000000-00000000 : IOAPIC 0\n"
                                "  00000000-00000000 : 0000:01:02.3\n"), 0);
    assert_int_equal(flags_near("zebra\n"), 0);
    assert_int_equal(flags_near("fec00400\n"), 0);
    assert_int_equal(flags_near("1-2 :\nfec00400-fec007ff :\n"),
                     PT_REGION_SHARED);
}

/* Put the function into @dir, as sysfs has it: a link to where it is. */
static void move_self(const char *dir)
{
    char from[PATH_MAX], to[PATH_MAX], link[PATH_MAX];

    path_of(from, SELF, "");
    from[strlen(from) - 1] = '\0';
    snprintf(to, sizeof(to), "%s/%s", root, dir);
    assert_int_equal(mkdir(to, 0755), 0);
    snprintf(to, sizeof(to), "%s/%s/" SELF, root, dir);
    snprintf(link, sizeof(link), "../%s/" SELF, dir);
    assert_int_equal(rename(from, to), 0);
    assert_int_equal(symlink(link, from), 0);
}

static void a_stub_domain_does_not_see_the_hosts_functions(void **state)
{
    (void)state;
    move_self("pci0000:00");
    assert_int_equal(flags_of("e0000000 e00000ff 200"), 0);
    assert_int_equal(teardown(NULL), 0);
    assert_int_equal(setup(NULL), 0);
    move_self("pci-0x");
    assert_int_equal(flags_of("e0000000 e00000ff 200"), 0);
    assert_int_equal(teardown(NULL), 0);
    assert_int_equal(setup(NULL), 0);
    move_self("pci-0");
    assert_int_equal(flags_of("e0000000 e00000ff 200"), PT_REGION_SHARED);
    assert_int_equal(flags_of("e0000000 e0000fff 200"), 0);
    assert_int_equal(flags_of("1000 10ff 101"), PT_REGION_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(mmio_has_exact_width),
        TEST(mmio_is_bounded),
        TEST(ports_are_read_and_written),
        TEST(mmio_all_over_a_large_region),
        TEST(mmio_is_mapped_in_windows),
        TEST(mmio_of_a_region_inside_a_page),
        TEST(mmio_that_cannot_be_mapped),
        TEST(mmio_of_a_device_that_was_pulled_out),
        TEST(bus_errors_of_others_are_theirs),
        TEST(a_fault_of_nobodys_ends_the_process),
        TEST(xsa461_shared_page),
        TEST(xsa461_unknown_neighbour),
        TEST(the_functions_own_regions_share_a_page),
        TEST(a_neighbour_without_a_place_is_none),
        TEST(the_last_of_many_neighbours_counts),
        TEST(an_ioapic_in_the_page),
        TEST(what_holds_a_region_is_not_near),
        TEST(a_list_of_memory_that_tells_nothing),
        TEST(a_stub_domain_does_not_see_the_hosts_functions),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("device memory", tests, NULL, NULL);
}
