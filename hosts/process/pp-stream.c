/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A socket with QMP on it. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "pp-stream.h"

#define CHUNK 16384
#define MAX_LINES 64

/* ------------------------------------------------------------------ */
/* Bytes, file descriptors                                             */

static int reserve(struct pp_bytes *b, size_t more)
{
    size_t size = b->size ? b->size : CHUNK;
    char *data;

    while (size - b->len < more) {
        size *= 2;
    }
    if (size == b->size) {
        return 0;
    }
    data = realloc(b->data, size);
    if (!data) {
        return -ENOMEM;
    }
    b->data = data;
    b->size = size;
    return 0;
}

static void drop(struct pp_bytes *b, size_t n)
{
    b->len -= n;
    memmove(b->data, b->data + n, b->len);
}

static void free_bytes(struct pp_bytes *b)
{
    free(b->data);
    *b = (struct pp_bytes) { .data = NULL };
}

static void close_fds(struct pp_fds *f)
{
    while (f->num) {
        close(f->fd[--f->num]);
    }
}

static void add_fd(struct pp_fds *f, int fd)
{
    if (f->num == PP_MAX_FDS) {
        close(fd);
    } else {
        f->fd[f->num++] = fd;
    }
}

void pp_stream_move_fds(struct pp_stream *from, struct pp_stream *to)
{
    for (unsigned i = 0; i < from->in_fds.num; i++) {
        add_fd(&to->out_fds, from->in_fds.fd[i]);
    }
    from->in_fds.num = 0;
}

/* ------------------------------------------------------------------ */

void pp_stream_open(struct pp_stream *s, int fd)
{
    int flags = fcntl(fd, F_GETFL);

    *s = (struct pp_stream) { .fd = fd };
    if (flags != -1) {
        fcntl(fd, F_SETFL, flags | O_NONBLOCK);
    }
}

void pp_stream_close(struct pp_stream *s)
{
    if (s->fd != -1) {
        close(s->fd);
    }
    close_fds(&s->in_fds);
    close_fds(&s->out_fds);
    free_bytes(&s->in);
    free_bytes(&s->out);
    s->fd = -1;
    s->taken = 0;
    s->looked = 0;
}

/* ------------------------------------------------------------------ */
/* Reading                                                             */

union control {
    struct cmsghdr align;
    char buf[CMSG_SPACE(PP_MAX_FDS * sizeof(int))];
};

static void take_fds(struct pp_stream *s, struct msghdr *msg)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c;
         c = CMSG_NXTHDR(msg, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) {
            continue;
        }
        for (size_t at = 0; CMSG_LEN(at + sizeof(int)) <= c->cmsg_len;
             at += sizeof(int)) {
            int fd;

            memcpy(&fd, CMSG_DATA(c) + at, sizeof(fd));
            add_fd(&s->in_fds, fd);
        }
    }
}

/* Returns how many bytes came, 0 at the end of the stream, or -errno. */
static ssize_t read_chunk(struct pp_stream *s)
{
    union control control;
    struct iovec iov;
    struct msghdr msg = {
        .msg_iov = &iov, .msg_iovlen = 1,
        .msg_control = control.buf, .msg_controllen = sizeof(control.buf),
    };
    ssize_t n;

    if (reserve(&s->in, CHUNK) != 0) {
        return -ENOMEM;
    }
    iov = (struct iovec) { s->in.data + s->in.len, CHUNK };
    n = recvmsg(s->fd, &msg, MSG_CMSG_CLOEXEC);
    if (n < 0) {
        return -errno;
    }
    take_fds(s, &msg);
    s->in.len += (size_t)n;
    return n;
}

int pp_stream_read(struct pp_stream *s)
{
    ssize_t n;

    if (s->taken) {
        drop(&s->in, s->taken);
        s->looked -= s->taken;
        s->taken = 0;
    }
    /* Whole messages were taken, so that this is one. */
    if (s->in.len > PP_MAX_MESSAGE) {
        return -EMSGSIZE;
    }
    do {
        n = read_chunk(s);
    } while (n == CHUNK && s->in.len <= PP_MAX_MESSAGE);
    if (n == -EAGAIN || n == -EINTR) {
        return 0;
    }
    return n > 0 ? 0 : n ? (int)n : -EPIPE;
}

static bool blank(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (!memchr(" \t\r\n", text[i], 4)) {
            return false;
        }
    }
    return true;
}

/*
 * Is there a whole message in @m's text? QMP lets a client spread one over
 * several lines, so what is an object's beginning goes on in the next one; not
 * for ever, as each line has all of it looked at again.
 */
static bool is_whole(struct pp_stream *s, struct pp_message *m)
{
    json_error_t error;

    m->json = json_loadb(m->text, m->len, JSON_REJECT_DUPLICATES, &error);
    if (!m->json && s->lines < MAX_LINES &&
        json_error_code(&error) == json_error_premature_end_of_input) {
        return false;
    }
    if (m->json && !json_is_object(m->json)) {
        json_decref(m->json);
        m->json = NULL;
    }
    return true;
}

/* Is @c the last brace? Strings are QEMU's, which may have single quotes. */
static bool closes(struct pp_stream *s, char c)
{
    if (s->escaped) {
        s->escaped = false;
    } else if (s->quote) {
        s->escaped = c == '\\';
        s->quote = c == s->quote ? '\0' : s->quote;
    } else if (c == '"' || c == '\'') {
        s->quote = c;
    } else if (c == '{' || c == '[') {
        s->depth++;
    } else if ((c == '}' || c == ']') && s->depth) {
        return --s->depth == 0;
    }
    return false;
}

/* The rest of the line goes with it, where there is nothing else in it. */
static void look_at_rest(struct pp_stream *s)
{
    size_t at = s->looked;

    while (at < s->in.len && memchr(" \t\r", s->in.data[at], 3)) {
        at++;
    }
    if (at < s->in.len && s->in.data[at] == '\n') {
        s->looked = at + 1;
    }
}

static void begin_next(struct pp_stream *s)
{
    s->taken = s->looked;
    s->lines = 0;
    s->depth = 0;
    s->quote = '\0';
    s->escaped = false;
}

/* Each byte is looked at once, however many come at a time. */
bool pp_stream_next(struct pp_stream *s, struct pp_message *m)
{
    while (s->looked < s->in.len) {
        char c = s->in.data[s->looked++];
        bool closed = closes(s, c) && s->to_qemu;

        if (closed) {
            look_at_rest(s);
        } else if (c != '\n') {
            continue;
        }
        m->text = s->in.data + s->taken;
        m->len = s->looked - s->taken;
        if (blank(m->text, m->len)) {
            begin_next(s);
            continue;
        }
        s->lines++;
        if (is_whole(s, m) || closed) {
            begin_next(s);
            return true;
        }
    }
    return false;
}

/*
 * What was sent with file descriptors is the end of what is read with them, so
 * that they are of a later message, if there is one.
 */
void pp_stream_drop_fds(struct pp_stream *s)
{
    if (blank(s->in.data + s->taken, s->in.len - s->taken)) {
        close_fds(&s->in_fds);
    }
}

/* ------------------------------------------------------------------ */
/* Writing                                                             */

static void give_fds(struct pp_stream *s, struct msghdr *msg,
                     union control *control)
{
    size_t size = s->out_fds.num * sizeof(int);
    struct cmsghdr *c = &control->align;

    if (size) {
        memset(control, 0, sizeof(*control));
        msg->msg_control = control->buf;
        msg->msg_controllen = CMSG_SPACE(size);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(size);
        memcpy(CMSG_DATA(c), s->out_fds.fd, size);
    }
}

int pp_stream_write(struct pp_stream *s)
{
    while (s->out.len) {
        union control control;
        struct iovec iov = { s->out.data, s->out.len };
        struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
        ssize_t n;

        give_fds(s, &msg, &control);
        n = sendmsg(s->fd, &msg, MSG_NOSIGNAL);
        if (n < 0) {
            return errno == EAGAIN || errno == EINTR ? 0 : -errno;
        }
        close_fds(&s->out_fds);
        drop(&s->out, (size_t)n);
    }
    return 0;
}

int pp_stream_put(struct pp_stream *s, const char *text, size_t len)
{
    if (s->out.len + len > PP_MAX_UNREAD) {
        return -EMSGSIZE;
    }
    if (reserve(&s->out, len) != 0) {
        return -ENOMEM;
    }
    memcpy(s->out.data + s->out.len, text, len);
    s->out.len += len;
    return pp_stream_write(s);
}

int pp_stream_put_json(struct pp_stream *s, const json_t *json)
{
    char *text = json_dumps(json, JSON_PRESERVE_ORDER);
    size_t len = text ? strlen(text) : 0;
    char *line = text ? realloc(text, len + 3) : NULL;
    int rc;

    if (!line) {
        free(text);
        return -ENOMEM;
    }
    memcpy(line + len, "\r\n", 3);
    rc = pp_stream_put(s, line, len + 2);
    free(line);
    return rc;
}
