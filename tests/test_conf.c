/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The policy file: what it says of a device, and what is refused of it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib-lessons.h"
#include "lib-temp.h"
#include "pt-conf.h"

#define CARD "8086:1533"

/* An Intel network card on a Lenovo's board. */
static const struct pt_conf_id card_id = {
    .addr = { .bus = 3 }, .vendor = 0x8086, .device = 0x1533,
    .subvendor = 0x17aa, .subdevice = 0x2000, .class = 0x020000,
};

static struct pt_conf *parse(const char *name, const char *text)
{
    struct pt_error err = { "" };
    struct pt_conf *conf;

    if (pt_conf_parse(name, text, strlen(text), &conf, &err) != 0) {
        fail_msg("%s", err.text);
    }
    return conf;
}

/* What @host, and @guest over it (NULL: none), say of the card. */
static struct pt_conf_choice choose(const char *host, const char *guest)
{
    struct pt_conf *h = parse("/etc/host.conf", host);
    struct pt_conf *g = guest ? parse("guest.conf", guest) : NULL;
    struct pt_conf_choice c;

    pt_conf_begin(&c);
    pt_conf_apply(h, g, &card_id, &c);
    pt_conf_free(h);
    pt_conf_free(g);
    return c;
}

static struct pt_policy policy_of(const struct pt_conf_choice *c)
{
    struct pt_error err = { "" };
    struct pt_policy p;

    if (pt_conf_policy(c, &p, &err) != 0) {
        fail_msg("%s", err.text);
    }
    return p;
}

static void origin_is(const struct pt_conf_choice *c, const char *want)
{
    char buf[512];
    const char *got = pt_conf_origin(c, buf, sizeof(buf));

    assert_string_equal(got ? got : "", want);
}

/* ------------------------------------------------------------------ */
/* What a file says                                                    */

static void a_device_that_no_section_names_is_as_without_a_file(void **state)
{
    static const char *const other[] = {
        "", "\n\n# nothing\n; nothing\n", "[all]\n", "[0000:03:00.1]\nstrict=1",
        "[0001:03:00.0]\nstrict=1", "[03:01.0]\nstrict=1",
        "[02:00.0]\nstrict=1", "[8086:1534]\nstrict=1",
        "[8087:1533]\nstrict=1", "[subsystem 17aa:2001]\nstrict=1",
        "[subsystem 17ab:2000]\nstrict=1", "[class 01]\nstrict=1",
        "[class 0201]\nstrict=1", "[class 020001]\nstrict=1",
        "[8086:1533 subsystem 17aa:2001]\nstrict=1",
        "[8086:1534 subsystem 17aa:2000]\nstrict=1",
    };

    (void)state;
    for (unsigned i = 0; i < COUNT(other); i++) {
        struct pt_conf_choice c = choose(other[i], NULL);
        struct pt_policy p = policy_of(&c), none;

        memset(&none, 0, sizeof(none));
        assert_memory_equal(&p, &none, sizeof(none));
        assert_string_equal(c.romfile, "");
        origin_is(&c, "");
    }
}

static void every_key_gets_through(void **state)
{
    struct pt_conf_choice c = choose(
        "[all]\nstrict = Yes\npower_mgmt = 1\nmsitranslate = on\n"
        "rombar = FALSE\nromfile = /a b\nextended = 1\nflr = 1\n"
        "hide = msi-x, VPD 0x05,AER EXT:0x18 ; so\n",
        NULL);
    struct pt_policy p = policy_of(&c);

    (void)state;
    assert_true(p.strict && p.power_mgmt && p.msitranslate && p.no_rom &&
                p.extended && p.flr);
    assert_false(p.permissive);
    assert_string_equal(c.romfile, "/a b");
    for (unsigned id = 0; id < 256; id++) {
        assert_int_equal(pt_hides(&p, id), id == PCI_CAP_ID_MSIX ||
                         id == PCI_CAP_ID_VPD || id == PCI_CAP_ID_MSI);
        assert_int_equal(pt_hides(&p, PT_EXT_CAP(id)), id == 0x01 ||
                         id == 0x18);
    }
    c = choose("[all]\r\n  permissive = true\r\n\trombar = yes", NULL);
    p = policy_of(&c);
    assert_true(p.permissive && !p.no_rom && !p.strict);
    c = choose("\xef\xbb\xbf[all]\npermissive = 1 ; \xc3\xa4\n", NULL);
    assert_true(policy_of(&c).permissive);
}

/* The man page says so; behind it, a colon is a part of the value. */
static void a_colon_is_as_good_as_an_equals_sign(void **state)
{
    struct pt_conf_choice c = choose(
        "[all]\nstrict: yes\nhide : ext:0x01\nregister 0x44.2: zero\n"
        "romfile = /a:b\n", NULL);
    struct pt_policy p = policy_of(&c);

    (void)state;
    assert_true(p.strict && pt_hides(&p, PT_EXT_CAP(1)));
    assert_int_equal(p.num_masks, 1);
    assert_int_equal(p.mask[0].zero, 0xffff);
    assert_string_equal(c.romfile, "/a:b");
}

/* The order in the file does not matter, and each is beaten by the next. */
static void the_most_special_section_counts(void **state)
{
    static const char *const head[] = {
        "all", "class 02", "class 0200", "class 020000",
        "subsystem 17aa:2000", CARD, CARD " subsystem 17AA:2000", "03:00.0",
    };
    char text[256], want[96];

    (void)state;
    for (unsigned i = 0; i < COUNT(head); i++) {
        for (unsigned j = 0; j < COUNT(head); j++) {
            unsigned best = i > j ? i : j;
            struct pt_conf_choice c;

            if (i == j) {
                continue;
            }
            snprintf(text, sizeof(text), "[%s]\nromfile = /%u\n[%s]\n"
                     "romfile = /%u\n", head[i], i, head[j], j);
            c = choose(text, NULL);
            snprintf(want, sizeof(want), "/%u", best);
            assert_string_equal(c.romfile, want);
            snprintf(want, sizeof(want), "from host.conf:%u [%.31s] romfile",
                     best == i ? 2 : 4, head[best]);
            origin_is(&c, want);
        }
    }
}

static void sections_count_key_by_key(void **state)
{
    struct pt_conf_choice c = choose(
        "[all]\nstrict = 1\nhide = VPD\npower_mgmt = 1\n"
        "[" CARD "]\nstrict = 0\nhide =\n", NULL);
    struct pt_policy p = policy_of(&c);

    (void)state;
    assert_true(p.power_mgmt && !p.strict && !pt_hides(&p, PCI_CAP_ID_VPD));
    origin_is(&c, "from host.conf:6 [" CARD "] strict, host.conf:4 [all] "
              "power_mgmt, host.conf:7 [" CARD "] hide");
}

static void the_guests_file_goes_over_the_hosts(void **state)
{
    struct pt_conf_choice c = choose(
        "[" CARD "]\nstrict = 1\npower_mgmt = 1\n", "[all]\nstrict = 0\n");

    (void)state;
    assert_true(policy_of(&c).power_mgmt && !policy_of(&c).strict);
    origin_is(&c, "from guest's guest.conf:2 [all] strict, host.conf:3 [" CARD
              "] power_mgmt");
}

static void what_the_toolstack_says_goes_over_the_files(void **state)
{
    struct pt_conf_choice c = choose("[all]\nstrict = 1\nrombar = 0\n",
                                     NULL);
    struct pt_error err = { "" };
    struct pt_policy p;
    int8_t said[PT_CONF_NUM_FLAGS];

    (void)state;
    memset(said, PT_CONF_UNSAID, sizeof(said));
    said[PT_CONF_PERMISSIVE] = 1;
    pt_conf_say(&c, said);
    assert_int_equal(pt_conf_policy(&c, &p, &err), -EINVAL);
    assert_string_equal(err.text, "strict (host.conf:2 [all]) and permissive "
                        "(the toolstack) exclude each other");
    memset(said, PT_CONF_UNSAID, sizeof(said));
    said[PT_CONF_STRICT] = 0;
    pt_conf_say(&c, said);
    p = policy_of(&c);
    assert_true(p.permissive && p.no_rom && !p.strict);
    origin_is(&c, "from the toolstack strict, the toolstack permissive, "
              "host.conf:3 [all] rombar");
}

static uint32_t window(const char *name)
{
    return UINT32_C(1) << pt_window_number(name);
}

static void windows_are(const char *host, const char *guest, uint32_t on,
                        uint32_t off)
{
    struct pt_conf_choice c = choose(host, guest);
    struct pt_policy p = policy_of(&c);

    assert_int_equal(p.windows, on);
    assert_int_equal(p.no_windows, off);
}

/* Of one that both keys name, the more special section's word counts. */
static void windows_are_switched_by_name(void **state)
{
    uint32_t new = window("nvidia-config"), amd = window("amd-config");

    (void)state;
    windows_are("[all]\nwindow = nvidia-config, amd-config\n", NULL,
                new | amd, 0);
    windows_are("[all]\nwindow = amd-config\nno-window=nvidia-config\n",
                NULL, amd, new);
    windows_are("[all]\nwindow = amd-config\n[" CARD "]\nwindow =\n", NULL,
                0, 0);
    windows_are("[all]\nno-window = amd-config nvidia-config\n[" CARD "]\n"
                "window = amd-config\n", NULL, amd, new);
    windows_are("[all]\nwindow = amd-config nvidia-config\n[" CARD "]\n"
                "no-window = amd-config\n", NULL, new, amd);
    /* The guest's file goes over the host's, whatever the sections. */
    windows_are("[" CARD "]\nwindow = amd-config\n", "[all]\nno-window = "
                "amd-config\n", 0, amd);
    windows_are("[" CARD "]\nno-window = amd-config\n", "[all]\nwindow = "
                "amd-config\n", amd, 0);
}

/* ------------------------------------------------------------------ */
/* What is refused                                                     */

static void what_is_wrong_is_refused_with_line_and_reason(void **state)
{
    static const struct {
        const char *text, *err;
    } bad[] = {
        { "strict = 1\n", "f:1: 'strict' is before the first [section]" },
        { "[all]\nreset = 1\n", "f:2: there is no key 'reset'" },
        { "[all]\nStrict = 1\n", "f:2: there is no key 'Strict'" },
        { "[all]\nregisters 0x44.2 = emu 0xff\n",
          "f:2: there is no key 'registers 0x44.2'" },
        { "[all]\n= 1\n", "f:2: there is no key ''" },
        { "[all]\n\x1b[2J = 1\n", "f:2: a character that is no text" },
        { "[all]\n\xff\xfe = 1\n", "f:2: there is no key '?" "?'" },
        { "[all]\nstrict\n", "f:2: neither [SECTION] nor KEY = VALUE" },
        { "[all]\nstrict =\n", "f:2: strict: '' is neither yes, 1, on, true "
          "nor no, 0, off, false" },
        { "[all]\nstrict = 2\n", "f:2: strict: '2' is neither yes, 1, on, "
          "true nor no, 0, off, false" },
        { "[all]\nstrict = 1\n\nstrict = 1\n",
          "f:4: strict is in line 2 already" },
        { "[all]\nstrict = 1\npermissive = 1\n",
          "f:3: strict and permissive exclude each other" },
        { "[all]\nhide = MSI-X,\n  VPD\n",
          "f:3: neither [SECTION] nor KEY = VALUE" },
        { "[all]\nhide = MSIX\n", "f:2: no capability has the name 'MSIX'; "
          "an ID is written as 0x11 or ext:0x01" },
        { "[all]\nhide = 0x00\n",
          "f:2: '0x00' is no capability's ID (0x01 to 0xff)" },
        { "[all]\nhide = 0x100\n",
          "f:2: '0x100' is no capability's ID (0x01 to 0xff)" },
        { "[all]\nhide = 0x\n",
          "f:2: '0x' is no capability's ID (0x01 to 0xff)" },
        { "[all]\nhide = ext:0x40\n", "f:2: 'ext:0x40' is no capability's ID "
          "(ext:0x01 to ext:0x3f)" },
        { "[all]\nhide = ext:\n", "f:2: 'ext:' is no capability's ID "
          "(ext:0x01 to ext:0x3f)" },
        { "[all]\nhide = VPD # no\n", "f:2: no capability has the name '#'; "
          "an ID is written as 0x11 or ext:0x01" },
        { "[all]\nwindow = nothing\n", "f:2: there is no window 'nothing'" },
        { "[all]\nno-window = amd-config,\x7f\n",
          "f:2: a character that is no text" },
        { "[all]\nwindow = amd-config\nno-window = amd-config\n",
          "f:3: amd-config is in both window and no-window" },
        { "[all]\nno-window = amd-config\nwindow = amd-config\n",
          "f:3: amd-config is in both window and no-window" },
        { "[all]\nromfile = rom.bin\n", "f:2: romfile: not an absolute path" },
        { "[all]\n\n[all]\n", "f:3: [all] is the section of line 1 once "
          "more" },
        { "[03:00.0]\n[0000:03:00.0]\n",
          "f:2: [0000:03:00.0] is the section of line 1 once more" },
        { "[class 02]\n[class 0200]\n[class 02]\n",
          "f:3: [class 02] is the section of line 1 once more" },
        { "[all] strict = 1\n", "f:1: something follows the [section]" },
        { "[all\n", "f:1: a [section] without its end" },
    };
    struct pt_error err;
    struct pt_conf *conf;

    (void)state;
    for (unsigned i = 0; i < COUNT(bad); i++) {
        err.text[0] = '\0';
        assert_int_equal(pt_conf_parse("f", bad[i].text, strlen(bad[i].text),
                                       &conf, &err), -EINVAL);
        assert_null(conf);
        assert_string_equal(err.text, bad[i].err);
    }
}

/* A line without = was passed over for one that was wrong further on. */
static void the_first_line_that_is_wrong_is_named(void **state)
{
    static const char *const text[] = {
        "[all]\nfoo\n", "[all]\nfoo\nbar = 1\n", "[all]\nfoo\nbar\n",
        "[all]\nfoo\n[all]\n", "[all]\nfoo\n\n[none\n",
        "[all]\nfoo\nstrict = 1\n\x7f\n",
    };
    struct pt_error err;
    struct pt_conf *conf;

    (void)state;
    for (unsigned i = 0; i < COUNT(text); i++) {
        assert_int_equal(pt_conf_parse("f", text[i], strlen(text[i]), &conf,
                                       &err), -EINVAL);
        assert_null(conf);
        assert_string_equal(err.text,
                            "f:2: neither [SECTION] nor KEY = VALUE");
    }
    assert_int_equal(pt_conf_parse("f", "[all]\nbar = 1\nfoo\n", 18, &conf,
                                   &err), -EINVAL);
    assert_string_equal(err.text, "f:2: there is no key 'bar'");
}

/* A section without keys is wrong, too, though nothing comes of it. */
static void a_section_that_names_no_device_is_refused(void **state)
{
    static const char *const head[] = {
        "", " ", "ALL", "all all", "8086", "8086:", "8086:153", "8086:15333",
        "8086:1533 ", "8086:1533subsystem 17aa:2000", "8086:1533 x",
        "8086:1533 subsystem", "8086:1533 subsystem 17aa", "x086:1533",
        "subsystem", "subsystem 17aa", "subsystem 17aa:2000 8086:1533",
        "class", "class 2", "class 020", "class 02000000", "class 0x02",
        "class xx", "03:00", "3:00.0", "03:00.8", "03:20.0", "03:00.00",
        "0:03:00.0", "03:00.0 ", "0000:0000:03:00.0", "000000000:03:00.0",
        ".", ":.", "::.", "::::.0", "[all", "all ; x",
        "0123456789012345678901234567890123456789012345678901234567890123",
    };
    char text[128];
    struct pt_error err;
    struct pt_conf *conf;

    (void)state;
    for (unsigned i = 0; i < COUNT(head); i++) {
        size_t len = (size_t)snprintf(text, sizeof(text), "\n[%s]\n", head[i]);

        /* Blanks around are no part of it. */
        if (len > 3 && text[len - 3] == ' ' && head[i][1]) {
            continue;
        }
        err.text[0] = '\0';
        if (pt_conf_parse("f", text, len, &conf, &err) != -EINVAL) {
            fail_msg("[%s] is no error", head[i]);
        }
        assert_memory_equal(err.text, "f:2: [", 6);
    }
}

/* Libinih would cut the line, or a section's name, and go on. */
static void what_is_too_long_is_not_cut(void **state)
{
    char text[400] = "[all]\nromfile = /", name[200];
    size_t start = strlen(text);
    struct pt_error err;
    struct pt_conf *conf;

    (void)state;
    memset(text + start, 'a', PT_CONF_MAX_LINE - 11);
    assert_int_equal(pt_conf_parse("f", text, strlen(text), &conf, &err), 0);
    pt_conf_free(conf);
    strcat(text, "a");
    assert_int_equal(pt_conf_parse("f", text, strlen(text), &conf, &err),
                     -EINVAL);
    assert_string_equal(err.text, "f:2: longer than 190 characters");
    /* The reason is there however long the path. */
    memset(name, 'd', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    assert_int_equal(pt_conf_parse(name, "x", 1, &conf, &err), -EINVAL);
    assert_non_null(strstr(err.text, ":1: neither [SECTION]"));
}

static void what_is_too_much_is_refused(void **state)
{
    size_t size = PT_CONF_MAX_SIZE + 1, len = 0;
    char *text = malloc(size);
    struct pt_error err;
    struct pt_conf *conf;

    (void)state;
    assert_non_null(text);
    memset(text, '\n', size);
    assert_int_equal(pt_conf_parse("f", text, size, &conf, &err), -EFBIG);
    assert_int_equal(pt_conf_parse("f", text, size - 1, &conf, &err), 0);
    pt_conf_free(conf);
    for (unsigned i = 0; i <= PT_CONF_MAX_SECTIONS; i++) {
        len += (size_t)snprintf(text + len, size - len, "[8086:%04x]\n", i);
    }
    assert_int_equal(pt_conf_parse("f", text, len, &conf, &err), -EINVAL);
    assert_string_equal(err.text, "f:257: more than 256 sections");
    len -= strlen("[8086:0000]\n");
    assert_int_equal(pt_conf_parse("f", text, len, &conf, &err), 0);
    pt_conf_free(conf);
    free(text);
}

static void a_nul_does_not_end_the_file(void **state)
{
    static const char text[] = "[all]\nstrict = 1\0\n[nonsense]\n";
    struct pt_error err;
    struct pt_conf *conf;

    (void)state;
    assert_int_equal(pt_conf_parse("f", text, sizeof(text) - 1, &conf, &err),
                     -EINVAL);
    assert_string_equal(err.text, "f:2: a character that is no text");
}

/* ------------------------------------------------------------------ */
/* Files                                                               */

static char dir[TEMP_MAX];

static int make_dir(void **state)
{
    (void)state;
    return mkdtemp(temp_path(dir, "conf")) ? 0 : -1;
}

static int remove_dir(void **state)
{
    (void)state;
    return rmdir(dir);
}

static const char *put(const char *name, const char *text)
{
    static char path[TEMP_MAX + 32];
    FILE *f;

    snprintf(path, sizeof(path), "%s/%s", dir, name);
    f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    assert_int_equal(fclose(f), 0);
    return path;
}

static void a_file_that_is_not_there_can_be_an_error(void **state)
{
    struct pt_error err = { "" };
    struct pt_conf *conf;

    (void)state;
    assert_int_equal(pt_conf_load("/nonexistent/f", true, &conf, &err), 0);
    assert_null(conf);
    assert_int_equal(pt_conf_load("/nonexistent/f", false, &conf, &err),
                     -ENOENT);
    assert_string_equal(err.text, "/nonexistent/f: No such file or "
                        "directory");
}

/* A pipe would have stopped the device model until somebody wrote to it. */
static void what_is_no_file_is_not_waited_for(void **state)
{
    char path[TEMP_MAX + 32];
    struct pt_error err = { "" };
    struct pt_conf *conf;

    (void)state;
    assert_int_equal(pt_conf_load(dir, true, &conf, &err), -EINVAL);
    snprintf(path, sizeof(path), "%s/pipe", dir);
    assert_int_equal(mkfifo(path, 0600), 0);
    alarm(10);
    assert_int_equal(pt_conf_load(path, true, &conf, &err), -EINVAL);
    alarm(0);
    assert_non_null(strstr(err.text, "not a file"));
    unlink(path);
}

static void the_example_is_understood(void **state)
{
    struct pt_error err = { "" };
    struct pt_conf_choice c;
    struct pt_policy p;
    struct pt_conf *conf;

    (void)state;
    if (pt_conf_load("hosts/common/pass-through.conf", false, &conf,
                     &err) != 0) {
        fail_msg("%s", err.text);
    }
    pt_conf_begin(&c);
    pt_conf_apply(conf, NULL, &card_id, &c);
    p = policy_of(&c);
    assert_true(p.power_mgmt && pt_hides(&p, PCI_CAP_ID_MSIX));
    assert_string_equal(c.romfile, "/usr/share/firmware/card.rom");
    pt_conf_free(conf);
}

/* ------------------------------------------------------------------ */
/* A device                                                            */

/* A card with MSI, MSI-X and VPD, on a Lenovo's board. */
static void open_card(struct world *w)
{
    struct capture c;

    card(&c);
    card_msi(&c, 0x50);
    card_msix(&c, 0x60, 4, 0x2000, 0x3000);
    card_vpd(&c, 0x70);
    pt_store(c.cfg + PCI_SUBSYSTEM_VENDOR_ID, 0x17aa, 2);
    pt_store(c.cfg + PCI_SUBSYSTEM_ID, 0x2000, 2);
    world_init(w, &c, NULL, NULL);
}

static void without_files_the_device_is_not_read(void **state)
{
    struct pt_conf_choice c;
    struct pt_error err;
    struct world w;

    (void)state;
    open_card(&w);
    assert_int_equal(pt_conf_decide("/nonexistent/f", NULL, &w.sim.dev.pt,
                                    &c, &err), 0);
    assert_int_equal(w.sim.dev.count.reads, 0);
    origin_is(&c, "");
    world_fini(&w);
}

static void two_reads_tell_which_device_it_is(void **state)
{
    const char *path = put("f", "[subsystem 17aa:2000]\nhide = 0x11\n");
    struct pt_conf_choice c;
    struct pt_error err;
    struct world w;

    (void)state;
    open_card(&w);
    assert_int_equal(pt_conf_decide(path, NULL, &w.sim.dev.pt, &c, &err), 0);
    assert_int_equal(w.sim.dev.count.reads, 2);
    assert_int_equal(w.sim.dev.count.read_cycles, 2);
    assert_int_equal(w.sim.dev.count.writes, 0);
    assert_true(policy_of(&c).hide[2] == 2);
    /* The guest's own was named, and so has to be there. */
    assert_int_equal(pt_conf_decide(path, "/nonexistent/f", &w.sim.dev.pt,
                                    &c, &err), -ENOENT);
    unlink(path);
    world_fini(&w);
}

/* Both were "pass-through.conf:2 [all]". */
static void a_guests_file_of_the_same_name_is_told_apart(void **state)
{
    struct pt_conf *host = parse("/etc/xen/pass-through.conf",
                                 "[all]\nstrict = 1\n");
    struct pt_conf *guest = parse("/etc/xen/vm1/pass-through.conf",
                                  "[all]\npermissive = 1\n"
                                  "register 0x44.2 = ro\n"
                                  "add = 0xf0 Vendor 04 aa\n");
    struct pt_error err = { "" };
    struct pt_conf_choice c;
    struct pt_policy p;

    (void)state;
    pt_conf_begin(&c);
    pt_conf_apply(host, guest, &card_id, &c);
    pt_conf_free(host);
    pt_conf_free(guest);
    origin_is(&c, "from pass-through.conf:2 [all] strict, guest's "
              "pass-through.conf:2 [all] permissive, guest's "
              "pass-through.conf:4 [all] add, guest's "
              "pass-through.conf:3 [all] register 0x44.2");
    assert_string_equal(c.added[0].from, "guest's pass-through.conf:4 [all]");
    assert_int_equal(pt_conf_policy(&c, &p, &err), -EINVAL);
    assert_string_equal(err.text, "strict (pass-through.conf:2 [all]) and "
                        "permissive (guest's pass-through.conf:2 [all]) "
                        "exclude each other");
}

/* Name and head are cut, what tells one from another is not. */
static void the_longest_origin_has_its_room(void **state)
{
    static char text[10100];
    struct pt_conf *guest;
    struct pt_conf_choice c;

    (void)state;
    memset(text, '\n', 9999);
    strcpy(text + 9999, "[" CARD "  subsystem  17aa:2000]\nstrict = 1\n");
    guest = parse("/etc/xen/012345678901234567890123456789", text);
    pt_conf_begin(&c);
    pt_conf_apply(NULL, guest, &card_id, &c);
    pt_conf_free(guest);
    origin_is(&c, "from guest's 01234567890123456789:10001 [" CARD
              "  subsystem  17aa:2000] strict");
}

/* The driver falls back to MSI, and the log says whose wish it was. */
static void a_hidden_capability_is_out_of_the_chain(void **state)
{
    struct pt_conf_choice c = choose("[all]\nhide = MSI-X, VPD\n", NULL);
    char origin[512];
    struct pt_byte b;
    struct world w;

    (void)state;
    open_card(&w);
    w.args.policy = policy_of(&c);
    w.args.origin = pt_conf_origin(&c, origin, sizeof(origin));
    assert_true(world_attach(&w));
    assert_int_equal(world_cap(&w, PCI_CAP_ID_MSIX, 0), 0);
    assert_int_equal(world_cap(&w, PCI_CAP_ID_VPD, 0), 0);
    assert_int_equal(world_cap(&w, PCI_CAP_ID_MSI, 0), 0x50);
    wr16(&w, 0x62, PCI_MSIX_ENABLE);
    assert_int_equal(dev(&w, 0x62, 2) & PCI_MSIX_ENABLE, 0);
    pt_look(w.d, 0x72, &b);
    assert_int_equal(b.kind, PT_CONCEALED);
    assert_string_equal(b.cap->why, "hidden by the policy file");
    assert_true(sim_bus_logged(&w.sim.bus, "@70; from host.conf:2 [all] "
                               "hide"));
    assert_true(world_close(&w));
}

/* Nobody would have looked after power states and resets. */
static void a_hidden_capability_was_open_to_permissive(void **state)
{
    struct pt_conf_choice c = choose(
        "[all]\nhide = PM, PCIe\npermissive = 1\n", NULL);
    struct capture card_with;
    struct world w;

    (void)state;
    card(&card_with);
    card_pm(&card_with, 0x40, 0x0003, 0x0008);
    card_express(&card_with, 0x60, 2, 0, SPEC_EXP_V2);
    world_init(&w, &card_with, NULL, NULL);
    w.args.policy = policy_of(&c);
    assert_true(world_attach(&w));
    assert_int_equal(rd8(&w, PCI_CAPABILITY_LIST), 0);
    wr16(&w, 0x40 + PCI_PM_CTRL, 3);
    wr16(&w, 0x60 + PCI_EXP_DEVCTL, 0xffff);
    assert_int_equal(dev(&w, 0x40 + PCI_PM_CTRL, 2), 0x0008);
    assert_int_equal(dev(&w, 0x60 + PCI_EXP_DEVCTL, 2), 0);
    assert_true(world_close(&w));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_device_that_no_section_names_is_as_without_a_file),
        cmocka_unit_test(every_key_gets_through),
        cmocka_unit_test(a_colon_is_as_good_as_an_equals_sign),
        cmocka_unit_test(the_most_special_section_counts),
        cmocka_unit_test(sections_count_key_by_key),
        cmocka_unit_test(the_guests_file_goes_over_the_hosts),
        cmocka_unit_test(what_the_toolstack_says_goes_over_the_files),
        cmocka_unit_test(windows_are_switched_by_name),
        cmocka_unit_test(what_is_wrong_is_refused_with_line_and_reason),
        cmocka_unit_test(the_first_line_that_is_wrong_is_named),
        cmocka_unit_test(a_section_that_names_no_device_is_refused),
        cmocka_unit_test(what_is_too_long_is_not_cut),
        cmocka_unit_test(what_is_too_much_is_refused),
        cmocka_unit_test(a_nul_does_not_end_the_file),
        cmocka_unit_test(a_file_that_is_not_there_can_be_an_error),
        cmocka_unit_test(what_is_no_file_is_not_waited_for),
        cmocka_unit_test(the_example_is_understood),
        cmocka_unit_test(without_files_the_device_is_not_read),
        cmocka_unit_test(two_reads_tell_which_device_it_is),
        cmocka_unit_test(a_guests_file_of_the_same_name_is_told_apart),
        cmocka_unit_test(the_longest_origin_has_its_room),
        cmocka_unit_test(a_hidden_capability_is_out_of_the_chain),
        cmocka_unit_test(a_hidden_capability_was_open_to_permissive),
    };

    return cmocka_run_group_tests_name("policy file", tests, make_dir,
                                       remove_dir);
}
