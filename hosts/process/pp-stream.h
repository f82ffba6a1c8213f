/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A socket with QMP on it: one JSON object after the other, to be read and
 * written without waiting. QEMU says a line each; what is said to it ends where
 * its parser has it end, at the last brace.
 *
 * Who is at its other end may send anything. What is no JSON, or has a key
 * twice, is a message all the same, to be passed on as it is.
 */
#ifndef PP_STREAM_H
#define PP_STREAM_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

/* A message that is longer ends the stream; libxl takes no longer ones. */
#define PP_MAX_MESSAGE (1u << 20)
/* So does who does not read what was written. */
#define PP_MAX_UNREAD (4u << 20)
#define PP_MAX_FDS 16

struct pp_bytes {
    char *data;
    size_t len, size;
};

struct pp_fds {
    int fd[PP_MAX_FDS];
    unsigned num;
};

struct pp_stream {
    int fd;               /* -1: none */
    struct pp_bytes in, out;
    size_t taken;         /* of @in */
    size_t looked;        /* of @in, where the message that has begun has */
    unsigned lines;       /* these, */
    unsigned depth;       /* braces and brackets that are open, */
    char quote;           /* and a string that is; '\0': none */
    bool escaped;         /* what comes next in it means itself */
    bool to_qemu;         /* what comes ends at its last brace */
    struct pp_fds in_fds;   /* file descriptors that came, */
    struct pp_fds out_fds;  /* and that are to go with what goes next */
};

struct pp_message {
    const char *text;  /* as it came, all of it; until the next call */
    size_t len;
    json_t *json;      /* an object, or NULL; the caller's */
};

/* @fd becomes the stream's, and does not block. */
void pp_stream_open(struct pp_stream *s, int fd);
void pp_stream_close(struct pp_stream *s);

/*
 * Read what there is. Returns 0, -EPIPE at the end of it, or -errno: the
 * stream is of no more use.
 */
int pp_stream_read(struct pp_stream *s);

/* The next message of what was read. Returns false if there is none. */
bool pp_stream_next(struct pp_stream *s, struct pp_message *m);

/*
 * Send @len bytes, now or by pp_stream_write(). Returns 0, or -errno: the
 * stream is of no more use.
 */
int pp_stream_put(struct pp_stream *s, const char *text, size_t len);
int pp_stream_put_json(struct pp_stream *s, const json_t *json);
/* Send what is left. Returns as pp_stream_put(). */
int pp_stream_write(struct pp_stream *s);
static inline bool pp_stream_waits(const struct pp_stream *s)
{
    return s->out.len != 0;
}

/* The file descriptors that came with @from go with what is next put to @to. */
void pp_stream_move_fds(struct pp_stream *from, struct pp_stream *to);
/* Nobody wants those that came with the message that was last taken of @s. */
void pp_stream_drop_fds(struct pp_stream *s);

#endif
