/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hosts/process: QMP between a libxl and a QEMU that are the two ends of
 * sockets here. Each of them may say anything.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "pp-proxy.h"

struct world {
    int libxl, qemu;        /* their ends */
    struct pp_proxy proxy;
    int next;               /* what connect gives */
    unsigned commands, events, shown;
    char last_event[32];
    char got[PP_MAX_UNREAD + 1];
};

static json_t *command(void *priv, const char *name, const json_t *args)
{
    struct world *w = priv;

    (void)args;
    w->commands++;
    return strcmp(name, "device_add") == 0 ?
        json_pack("{s:{}}", "return") : NULL;
}

static bool shows(void *priv, const char *name, const json_t *args)
{
    (void)priv;
    (void)args;
    return strcmp(name, "query-pci") == 0;
}

static json_t *show(void *priv, json_t *answer)
{
    struct world *w = priv;

    (void)answer;
    w->shown++;
    return json_string("ours");
}

static void event(void *priv, const json_t *what)
{
    struct world *w = priv;
    const char *name = json_string_value(json_object_get(what, "event"));

    w->events++;
    snprintf(w->last_event, sizeof(w->last_event), "%s", name ? name : "");
}

static int give(void *priv)
{
    struct world *w = priv;
    int fd = w->next;

    w->next = -ECONNREFUSED;
    return fd;
}

static const struct pp_proxy_ops ops = {
    .command = command, .shows = shows, .show = show, .event = event,
    .connect = give,
};

static void pair(int fd[2])
{
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd),
                     0);
}

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof(*w));
    int libxl[2], qemu[2];

    if (!w) {
        return -1;
    }
    pair(libxl);
    pair(qemu);
    w->libxl = libxl[0];
    w->qemu = qemu[0];
    w->next = qemu[1];
    pp_proxy_init(&w->proxy, &ops, w);
    pp_proxy_accept(&w->proxy, libxl[1]);
    *state = w;
    return pp_proxy_busy(&w->proxy) ? 0 : -1;
}

static int teardown(void **state)
{
    struct world *w = *state;

    pp_proxy_close(&w->proxy);
    assert_false(pp_proxy_busy(&w->proxy));
    close(w->libxl);
    close(w->qemu);
    free(w);
    return 0;
}

static void say(int fd, const char *text)
{
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL),
                     (ssize_t)strlen(text));
}

static void work(struct world *w)
{
    for (unsigned i = 0; i < 4; i++) {
        pp_proxy_work(&w->proxy, true, true);
    }
}

/* What has come to @fd. */
static const char *heard(struct world *w, int fd)
{
    ssize_t n;

    work(w);
    n = recv(fd, w->got, sizeof(w->got) - 1, 0);
    w->got[n > 0 ? n : 0] = '\0';
    return w->got;
}

static bool is_closed(int fd)
{
    char c;

    return recv(fd, &c, 1, 0) == 0;
}

/* ------------------------------------------------------------------ */

/* Byte by byte the same, whatever it means. */
static void all_passes_as_it_is(void **state)
{
    static const char *const text[] = {
        "{\"QMP\": {\"version\": {}, \"capabilities\": [\"oob\"]}}\r\n",
        "{\"execute\":\"qmp_capabilities\",\"id\":429467}\r\n",
        "{ \"execute\" : \"device_del\", \"arguments\": {\"id\": \"x\"} }\n",
        "{\"execute\":\"x\",\"execute\":\"device_add\"}\r\n",
        "not JSON at all\r\n",
        "[1, 2, 3]\r\n", "42\r\n", "\"text\"\r\n", "}\r\n", "]]]]\r\n",
        "{'execute':'query-status'}\r\n",
        "{\"x\":\"\\u0000\"}\r\n", "{\"x\":\"\xff\xfe\"}\r\n",
        "{\"execute\": 7}\r\n", "{\"execute\": null, \"id\": []}\r\n",
        "{\"event\": 5}\r\n", "{\"x\": 123456789012345678901234567890}\r\n",
        "{\"x\": 1e999}\r\n",
    };
    struct world *w = *state;

    for (unsigned i = 0; i < sizeof(text) / sizeof(text[0]); i++) {
        say(w->libxl, text[i]);
        assert_string_equal(heard(w, w->qemu), text[i]);
        say(w->qemu, text[i]);
        assert_string_equal(heard(w, w->libxl), text[i]);
    }
    assert_true(pp_proxy_busy(&w->proxy));
}

static void a_message_may_come_in_pieces(void **state)
{
    static const char text[] = "{\"execute\":\"device_add\",\"id\":\"a\"}\r\n";
    struct world *w = *state;

    for (const char *p = text; *p; p++) {
        char c[2] = { *p, '\0' };

        say(w->libxl, c);
        work(w);
        assert_int_equal(w->commands, strchr(p + 1, '}') ? 0 : 1);
    }
    assert_string_equal(heard(w, w->qemu), "");
    assert_string_equal(heard(w, w->libxl),
                        "{\"return\": {}, \"id\": \"a\"}\r\n");
}

static void several_may_come_at_once(void **state)
{
    struct world *w = *state;

    say(w->libxl, "{\"execute\":\"a\"}\r\n{\"execute\":\"device_add\","
        "\"id\":1}\r\n\r\n  \r\n{\"execute\":\"b\"}\r\n{\"exec");
    assert_string_equal(heard(w, w->qemu),
                        "{\"execute\":\"a\"}\r\n{\"execute\":\"b\"}\r\n");
    assert_int_equal(w->commands, 3);
}

static void one_may_be_of_several_lines(void **state)
{
    struct world *w = *state;

    say(w->libxl, "{\n  \"execute\": \"device_add\",\n  \"id\": {\n"
        "    \"x\": [ 1,\n 2 ]\n  }\n}\n");
    assert_string_equal(heard(w, w->libxl),
                        "{\"return\": {}, \"id\": {\"x\": [1, 2]}}\r\n");
    assert_string_equal(heard(w, w->qemu), "");
}

/* As printf and Python's sendall() have it; QEMU needs none. */
static void test_command_without_a_newline_was_waited_on(void **state)
{
    static const char *const text[] = {
        "{\"execute\":\"a\",\"x\":[{}, \"}\\\"}\", \"'\"]}",
        "{ 'execute': 'b', 'x': '}\"}\\'}' }", "[{}, 1]",
    };
    struct world *w = *state;

    for (unsigned i = 0; i < sizeof(text) / sizeof(text[0]); i++) {
        for (const char *p = text[i]; *p; p++) {
            char c[2] = { *p, '\0' };

            say(w->libxl, c);
            if (p[1]) {
                assert_string_equal(heard(w, w->qemu), "");
            }
        }
        assert_string_equal(heard(w, w->qemu), text[i]);
        say(w->libxl, "\r\n");
        assert_string_equal(heard(w, w->qemu), "");
    }
    say(w->libxl, "{\"execute\":\"device_add\"}");
    assert_string_equal(heard(w, w->libxl), "{\"return\": {}}\r\n");
    assert_string_equal(heard(w, w->qemu), "");
}

/* The second one would have been QEMU's. */
static void test_commands_of_one_line_passed_unread(void **state)
{
    struct world *w = *state;

    say(w->libxl, "{\"execute\":\"a\"}{\"execute\":\"device_add\"} "
        "{\"execute\":\"b\"}\r\n");
    assert_string_equal(heard(w, w->qemu),
                        "{\"execute\":\"a\"} {\"execute\":\"b\"}\r\n");
    assert_int_equal(w->commands, 3);
}

/* A QEMU that has pass-through would have attached the device itself. */
static void test_device_add_in_single_quotes_was_qemus(void **state)
{
    static const char *const text[] = {
        "{'execute':'device_add','arguments':{'driver':'xen-pci-passthrough'}}"
        "\r\n",
        "{\"execute\":\"x\",\"execute\":\"device_add\",\"arguments\":"
        "{\"driver\":\"xen-pci-passthrough\"}}",
        "xen-pci-passthrough\n",
    };
    struct world *w = *state;

    for (unsigned i = 0; i < sizeof(text) / sizeof(text[0]); i++) {
        say(w->libxl, text[i]);
        assert_non_null(strstr(heard(w, w->libxl), "GenericError"));
        assert_string_equal(heard(w, w->qemu), "");
    }
    /* of others nothing is known */
    say(w->libxl, "{\"execute\":\"x\",\"id\":\"xen-pci-passthrough\"}\n");
    assert_non_null(strstr(heard(w, w->qemu), "xen-pci-passthrough"));
}

/* libxl goes by the ends of lines, and what QEMU says may be cut anywhere. */
static void an_answer_ends_with_its_line(void **state)
{
    struct world *w = *state;

    say(w->qemu, "{\"return\":1}");
    assert_string_equal(heard(w, w->libxl), "");
    say(w->qemu, "\r\n");
    assert_string_equal(heard(w, w->libxl), "{\"return\":1}\r\n");
}

/* What begins and does not end is passed on, some day. */
static void one_is_not_of_lines_without_end(void **state)
{
    struct world *w = *state;
    unsigned lines = 0;

    say(w->libxl, "{\n");
    while (!*heard(w, w->qemu)) {
        say(w->libxl, "\"a\":\n");
        assert_true(++lines < 1000);
    }
    assert_true(pp_proxy_busy(&w->proxy));
}

static void an_answer_of_qemus_is_changed(void **state)
{
    struct world *w = *state;

    say(w->libxl, "{\"execute\":\"query-pci\",\"id\":5}\r\n");
    heard(w, w->qemu);
    /* another one's, an event, an error */
    say(w->qemu, "{\"return\":[],\"id\":4}\r\n");
    assert_string_equal(heard(w, w->libxl), "{\"return\":[],\"id\":4}\r\n");
    say(w->qemu, "{\"event\":\"X\",\"id\":4}\r\n");
    heard(w, w->libxl);
    assert_string_equal(w->last_event, "X");
    say(w->qemu, "{\"return\":[],\"id\":5}\r\n");
    assert_string_equal(heard(w, w->libxl),
                        "{\"return\": \"ours\", \"id\": 5}\r\n");
    /* that was all */
    say(w->qemu, "{\"return\":[],\"id\":5}\r\n");
    assert_string_equal(heard(w, w->libxl), "{\"return\":[],\"id\":5}\r\n");
    assert_int_equal(w->shown, 1);
}

/* QMP has IDs for who wants them. */
static void test_placeholder_was_shown_to_who_gave_no_id(void **state)
{
    struct world *w = *state;

    say(w->libxl, "{\"execute\":\"a\"}\r\n{\"execute\":\"query-pci\"}\r\n"
        "{\"execute\":\"query-pci\",\"id\":null}\r\n{\"execute\":\"b\"}\r\n"
        "{\"execute\":\"query-pci\"}\r\n");
    heard(w, w->qemu);
    say(w->qemu, "{\"QMP\":{}}\r\n{\"return\":1}\r\n{\"event\":\"X\"}\r\n"
        "{\"return\":2}\r\n{\"return\":3,\"id\":null}\r\n{\"error\":4}\r\n"
        "{\"return\":5}\r\n{\"return\":6}\r\n");
    assert_string_equal(heard(w, w->libxl),
        "{\"QMP\":{}}\r\n{\"return\":1}\r\n{\"event\":\"X\"}\r\n"
        "{\"return\": \"ours\"}\r\n{\"return\": \"ours\", \"id\": null}\r\n"
        "{\"error\":4}\r\n{\"return\": \"ours\"}\r\n{\"return\":6}\r\n");
    assert_int_equal(w->proxy.num_queries, 0);
}

/* It says so for each word, and for more than there are commands. */
static void a_complaint_without_an_id_is_no_answer(void **state)
{
    struct world *w = *state;

    say(w->libxl, "not JSON\r\n");
    heard(w, w->qemu);
    say(w->qemu, "{\"error\":1}\r\n{\"error\":2}\r\n");
    heard(w, w->libxl);
    say(w->libxl, "{\"execute\":\"query-pci\"}\r\n");
    heard(w, w->qemu);
    say(w->qemu, "{\"return\":[]}\r\n");
    assert_string_equal(heard(w, w->libxl), "{\"return\": \"ours\"}\r\n");
}

static void test_ninth_question_was_answered_with_a_placeholder(void **state)
{
    struct world *w = *state;
    char text[64];

    for (unsigned i = 0; i < 100; i++) {
        snprintf(text, sizeof(text), "{\"execute\":\"query-pci\",\"id\":%u}\n",
                 i);
        say(w->libxl, text);
        if (i < PP_MAX_QUERIES) {
            assert_string_equal(heard(w, w->qemu), text);
        } else {
            assert_non_null(strstr(heard(w, w->libxl), "GenericError"));
            snprintf(text, sizeof(text), "\"id\": %u}", i);
            assert_non_null(strstr(w->got, text));
            assert_string_equal(heard(w, w->qemu), "");
        }
    }
    for (unsigned i = 0; i < PP_MAX_QUERIES; i++) {
        snprintf(text, sizeof(text), "{\"return\":[],\"id\":%u}\n", i);
        say(w->qemu, text);
        assert_non_null(strstr(heard(w, w->libxl), "ours"));
    }
    assert_int_equal(w->proxy.num_queries, 0);
}

/* ------------------------------------------------------------------ */
/* The ends                                                            */

static void what_was_said_last_is_heard(void **state)
{
    struct world *w = *state;

    say(w->qemu, "{\"event\":\"SHUTDOWN\"}\r\n");
    shutdown(w->qemu, SHUT_RDWR);
    assert_string_equal(heard(w, w->libxl), "{\"event\":\"SHUTDOWN\"}\r\n");
    assert_false(pp_proxy_busy(&w->proxy));
    assert_true(is_closed(w->libxl));
}

static void libxl_goes_and_the_next_comes(void **state)
{
    struct world *w = *state;
    int libxl[2], qemu[2];

    shutdown(w->libxl, SHUT_RDWR);
    work(w);
    assert_false(pp_proxy_busy(&w->proxy));
    assert_true(is_closed(w->qemu));
    close(w->libxl);
    close(w->qemu);
    pair(libxl);
    pair(qemu);
    w->libxl = libxl[0];
    w->qemu = qemu[0];
    w->next = qemu[1];
    pp_proxy_accept(&w->proxy, libxl[1]);
    say(w->qemu, "{\"QMP\":{}}\r\n");
    assert_string_equal(heard(w, w->libxl), "{\"QMP\":{}}\r\n");
}

static void without_qemu_there_is_no_connection(void **state)
{
    struct world *w = *state;
    int libxl[2];

    pp_proxy_close(&w->proxy);
    pair(libxl);
    pp_proxy_accept(&w->proxy, libxl[1]);
    assert_false(pp_proxy_busy(&w->proxy));
    assert_true(is_closed(libxl[0]));
    close(libxl[0]);
}

/* Fill @from until nothing more goes in; does the connection end? */
static bool ends_in_the_end(struct world *w, int from, const char *line)
{
    static char block[65536];

    memset(block, ' ', sizeof(block));
    memcpy(block, line, strlen(line));
    for (unsigned i = 0; i < 200 && pp_proxy_busy(&w->proxy); i++) {
        send(from, block, sizeof(block), MSG_NOSIGNAL);
        work(w);
    }
    return !pp_proxy_busy(&w->proxy);
}

static void a_message_without_end_ends_all(void **state)
{
    assert_true(ends_in_the_end(*state, ((struct world *)*state)->qemu,
                                "{\"x\":\""));
}

static void who_does_not_read_ends_all(void **state)
{
    assert_true(ends_in_the_end(*state, ((struct world *)*state)->qemu,
                                "{}\n"));
}

/* ------------------------------------------------------------------ */
/* File descriptors                                                    */

static void send_fd(int to, const char *text, int fd)
{
    union {
        struct cmsghdr align;
        char buf[CMSG_SPACE(sizeof(int))];
    } c = { .buf = "" };
    struct iovec iov = { (char *)text, strlen(text) };
    struct msghdr msg = {
        .msg_iov = &iov, .msg_iovlen = 1,
        .msg_control = c.buf, .msg_controllen = sizeof(c.buf),
    };

    c.align.cmsg_level = SOL_SOCKET;
    c.align.cmsg_type = SCM_RIGHTS;
    c.align.cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(&c.align), &fd, sizeof(fd));
    assert_true(sendmsg(to, &msg, 0) > 0);
}

static int receive_fd(int from)
{
    char text[256];
    union {
        struct cmsghdr align;
        char buf[CMSG_SPACE(sizeof(int))];
    } c = { .buf = "" };
    struct iovec iov = { text, sizeof(text) };
    struct msghdr msg = {
        .msg_iov = &iov, .msg_iovlen = 1,
        .msg_control = c.buf, .msg_controllen = sizeof(c.buf),
    };
    int fd = -1;

    if (recvmsg(from, &msg, 0) > 0 && CMSG_FIRSTHDR(&msg)) {
        memcpy(&fd, CMSG_DATA(&c.align), sizeof(fd));
    }
    return fd;
}

/* libxl's add-fd. */
static void a_file_goes_with_its_command(void **state)
{
    struct world *w = *state;
    int file[2], got;

    pair(file);
    send_fd(w->libxl, "{\"execute\":\"add-fd\",\"id\":1}\r\n", file[1]);
    close(file[1]);
    work(w);
    got = receive_fd(w->qemu);
    assert_true(got >= 0);
    assert_int_equal(write(got, "x", 1), 1);
    close(got);
    /* nobody here has it still: its other end ends */
    {
        char c;

        assert_int_equal(read(file[0], &c, 1), 1);
        assert_int_equal(read(file[0], &c, 1), 0);
    }
    close(file[0]);
}

static void test_file_of_a_command_of_ours_went_with_the_next(void **state)
{
    struct world *w = *state;
    int file[2];
    char c;

    pair(file);
    send_fd(w->libxl, "{\"execute\":\"device_add\",\"id\":1}\r\n", file[1]);
    close(file[1]);
    work(w);
    assert_int_equal(read(file[0], &c, 1), 0);
    close(file[0]);
    say(w->libxl, "{\"execute\":\"x\"}\r\n");
    work(w);
    assert_int_equal(receive_fd(w->qemu), -1);
}

static void a_file_goes_with_its_command_after_one_of_ours(void **state)
{
    struct world *w = *state;
    int file[2], got;

    pair(file);
    say(w->libxl, "{\"execute\":\"device_add\",\"id\":1}\r\n");
    send_fd(w->libxl, "{\"execute\":\"add-fd\",\"id\":2}\r\n", file[1]);
    work(w);
    got = receive_fd(w->qemu);
    assert_true(got >= 0);
    close(got);
    close(file[0]);
    close(file[1]);
}

/* Files that come with nothing to go with are closed. */
static void files_are_not_hoarded(void **state)
{
    struct world *w = *state;
    int file[2];
    char c;

    pair(file);
    for (unsigned i = 0; i < 3 * PP_MAX_FDS; i++) {
        send_fd(w->libxl, " ", file[1]);
        work(w);
    }
    assert_true(w->proxy.client.in_fds.num <= PP_MAX_FDS);
    close(file[1]);
    pp_proxy_close(&w->proxy);
    assert_int_equal(read(file[0], &c, 1), 0);
    close(file[0]);
}

/* ------------------------------------------------------------------ */

/* Damaged messages, cut anywhere, both ways; what is told is only bounded. */
static void nothing_that_is_said_does_harm(void **state)
{
    static const char seed[] =
        "{\"execute\":\"query-pci\",\"id\":1,\"arguments\":{\"a\":[1,2,{}]}}"
        "\r\n{\"return\":[{\"bus\":0}],\"id\":1}\r\n{\"event\":\"RESET\"}\r\n";
    struct world *w = *state;
    uint32_t random = 1;

    for (unsigned i = 0; i < 5000 && pp_proxy_busy(&w->proxy); i++) {
        char text[sizeof(seed)];
        size_t len;

        memcpy(text, seed, sizeof(seed));
        for (unsigned n = 0; n < i % 4; n++) {
            random = random * 1103515245 + 12345;
            text[(random >> 8) % (sizeof(seed) - 1)] = (char)(random >> 20);
        }
        len = i % 8 ? sizeof(seed) - 1 : (random >> 4) % sizeof(seed);
        send(i & 1 ? w->libxl : w->qemu, text, len, MSG_NOSIGNAL);
        work(w);
        heard(w, w->libxl);
        heard(w, w->qemu);
    }
    assert_true(w->commands > 100);
    assert_true(pp_proxy_busy(&w->proxy));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(all_passes_as_it_is),
        TEST(a_message_may_come_in_pieces),
        TEST(several_may_come_at_once),
        TEST(one_may_be_of_several_lines),
        TEST(test_command_without_a_newline_was_waited_on),
        TEST(test_commands_of_one_line_passed_unread),
        TEST(test_device_add_in_single_quotes_was_qemus),
        TEST(an_answer_ends_with_its_line),
        TEST(one_is_not_of_lines_without_end),
        TEST(an_answer_of_qemus_is_changed),
        TEST(test_placeholder_was_shown_to_who_gave_no_id),
        TEST(a_complaint_without_an_id_is_no_answer),
        TEST(test_ninth_question_was_answered_with_a_placeholder),
        TEST(what_was_said_last_is_heard),
        TEST(libxl_goes_and_the_next_comes),
        TEST(without_qemu_there_is_no_connection),
        TEST(a_message_without_end_ends_all),
        TEST(who_does_not_read_ends_all),
        TEST(a_file_goes_with_its_command),
        TEST(test_file_of_a_command_of_ours_went_with_the_next),
        TEST(a_file_goes_with_its_command_after_one_of_ours),
        TEST(files_are_not_hoarded),
        TEST(nothing_that_is_said_does_harm),
    };

    return cmocka_run_group_tests_name("process_qmp", tests, NULL, NULL);
}
