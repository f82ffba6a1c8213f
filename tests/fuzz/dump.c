/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The libFuzzer target of the dumps' reader: what it gives is sound. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void want(int good, const char *what)
{
    if (!good) {
        fprintf(stderr, "WRONG: %s\n", what);
        abort();
    }
}

static void check_region(const struct pt_region *r)
{
    want(!(r->size & (r->size - 1)), "a size that is no power of two");
    want(!r->size || !(r->addr & (r->size - 1)), "a region that is not "
         "aligned");
    want(!(r->flags & PT_REGION_IO) || !(r->flags & PT_REGION_64),
         "ports of 64 bits");
}

static void check_function(const struct capture *c)
{
    struct pt_device_info info;

    want(c->len == 64 || c->len == 256 || c->len == CAPTURE_CFG_MAX,
         "an impossible length");
    want(memchr(c->title, 0, sizeof(c->title)) != NULL, "no end of a title");
    want(c->addr.dev < 32 && c->addr.func < 8, "an impossible address");
    for (unsigned n = 0; n < PT_NUM_REGIONS; n++) {
        check_region(&c->region[n]);
        want(c->region[n].size || !(c->sizes_known & 1u << n),
             "a known size that is none");
    }
    for (unsigned n = 0; n < c->num_notes && n < CAPTURE_NOTES; n++) {
        want(c->note[n][0] && memchr(c->note[n], 0, CAPTURE_NOTE),
             "a note without text");
    }
    capture_info(c, &info);
}

/* Files of which something is lost are no good for those who want all. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pt_error err = { "" };
    struct captures all;
    struct capture *list;
    int rc = captures_parse("fuzz", (const char *)data, size, &all, &err);
    int strict = capture_parse("fuzz", (const char *)data, size, &list, &err);

    want((strict > 0) == (rc == 0 && !all.num_lost), "strict or not");
    want(rc == 0 ? all.num > 0 : err.text[0] && !all.list && !all.lost,
         "neither functions nor a reason");
    for (unsigned n = 0; n < all.num; n++) {
        check_function(&all.list[n]);
    }
    for (unsigned n = 0; n < all.num_lost; n++) {
        want(all.lost[n].text[0], "lost without a reason");
    }
    captures_free(&all);
    free(list);
    return 0;
}
