/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Captures: files, plain or gzip, and text. */
#include "capture-int.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include <zlib.h>

#define MAX_TEXT (UINT64_C(128) << 20)

int captures_parse(const char *name, const char *text, size_t len,
                   struct captures *out, struct pt_error *err)
{
    struct parser p = { .name = name, .err = err };
    int rc = 0;

    if (len > MAX_TEXT) {
        rc = pt_fail(err, EFBIG, "%s: larger than %u MiB", name,
                     (unsigned)(MAX_TEXT >> 20));
    }
    if (!rc) {
        rc = parser_feed(&p, text, len);
    }
    return parser_finish(&p, rc, out);
}

static int fail_read(struct parser *p, gzFile f)
{
    int gz = Z_OK;
    int saved = errno;
    const char *text = gzerror(f, &gz);

    if (gz == Z_ERRNO) {
        return pt_fail(p->err, saved ? saved : EIO, "%s: %s", p->name,
                       strerror(saved ? saved : EIO));
    }
    if (gz == Z_BUF_ERROR) {
        text = "the compressed file is cut off";
    }
    return pt_fail(p->err, EIO, "%s: %s", p->name, text);
}

static int read_all(struct parser *p, gzFile f)
{
    static const unsigned chunk = 1u << 16;
    uint64_t total = 0;
    char *buf = malloc(chunk);
    int rc = 0, n, gz;

    if (!buf) {
        return pt_fail(p->err, ENOMEM, "%s: out of memory", p->name);
    }
    while (!rc && (n = gzread(f, buf, chunk)) > 0) {
        total += (unsigned)n;
        if (total > MAX_TEXT) {
            rc = pt_fail(p->err, EFBIG, "%s: larger than %u MiB", p->name,
                         (unsigned)(MAX_TEXT >> 20));
        } else {
            rc = parser_feed(p, buf, (size_t)n);
        }
    }
    if (!rc) {
        gzerror(f, &gz);
        if (gz != Z_OK && gz != Z_STREAM_END) {
            rc = fail_read(p, f);
        }
    }
    free(buf);
    return rc;
}

static gzFile open_file(const char *path)
{
    gzFile f;
    int fd;

    if (strcmp(path, "-") != 0) {
        return gzopen(path, "rb");
    }
    fd = dup(STDIN_FILENO);
    if (fd < 0) {
        return NULL;
    }
    f = gzdopen(fd, "rb");
    if (!f) {
        close(fd);
    }
    return f;
}

int captures_load(const char *path, struct captures *out,
                  struct pt_error *err)
{
    struct parser p = { .name = path, .err = err };
    gzFile f;
    int rc;

    *out = (struct captures){ .num = 0 };
    if (strcmp(path, "-") == 0) {
        p.name = "standard input";
    }
    errno = 0;
    f = open_file(path);
    if (!f) {
        rc = errno ? errno : ENOMEM;
        return pt_fail(err, rc, "%s: %s", p.name, strerror(rc));
    }
    rc = read_all(&p, f);
    gzclose_r(f);
    return parser_finish(&p, rc, out);
}

/* ------------------------------------------------------------------ */
/* Files of which nothing may be lost                                  */

static int all_of(struct captures *c, int rc, struct capture **list,
                  struct pt_error *err)
{
    *list = NULL;
    if (!rc && c->num_lost) {
        rc = pt_fail(err, EINVAL, "%s", c->lost[0].text);
    }
    if (rc) {
        captures_free(c);
        return rc;
    }
    free(c->lost);
    *list = c->list;
    return (int)c->num;
}

int capture_load(const char *path, struct capture **list,
                 struct pt_error *err)
{
    struct captures c;
    int rc = captures_load(path, &c, err);

    return all_of(&c, rc, list, err);
}

int capture_parse(const char *name, const char *text, size_t len,
                  struct capture **list, struct pt_error *err)
{
    struct captures c;
    int rc = captures_parse(name, text, len, &c, err);

    return all_of(&c, rc, list, err);
}
