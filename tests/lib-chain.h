/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the tests of the capability chain share. */
#ifndef LIB_CHAIN_H
#define LIB_CHAIN_H

#include <errno.h>

#include "lib-lessons.h"

#define CAP 0x60

/* The guest's chain as text: "40:01 60:09 ". */
static inline const char *chain(struct world *w, char *buf, size_t size)
{
    uint8_t pos = rd8(w, PCI_CAPABILITY_LIST);
    unsigned steps = 60;

    buf[0] = '\0';
    while (pos && steps--) {
        sim_append(buf, size, "%02x:%02x ", pos, rd8(w, pos));
        assert_int_equal(pos & 3, 0);
        pos = rd8(w, pos + 1u);
    }
    return buf;
}

static inline void chain_is(struct world *w, const char *text)
{
    char buf[512];

    assert_string_equal(chain(w, buf, sizeof(buf)), text);
    assert_int_equal(rd16(w, PCI_STATUS) & PCI_STATUS_CAP_LIST,
                     text[0] ? PCI_STATUS_CAP_LIST : 0);
}

/* How many bytes from @pos on the guest can't write, by default. */
static inline unsigned closed(struct world *w, unsigned pos)
{
    unsigned n = 0;

    while (pos + n < PT_CFG_SIZE) {
        struct pt_byte b;

        pt_look(w->d, (uint16_t)(pos + n), &b);
        if (b.kind == PT_DEVICE) {
            break;
        }
        assert_int_equal(b.fwd, 0);
        n++;
    }
    return n;
}

/* @len bytes of @body at @pos; expect @size closed bytes and no chain. */
static inline void hidden(uint8_t pos, uint8_t id, const void *body,
                          unsigned len, unsigned size, bool zero)
{
    struct capture c;
    struct world w;
    unsigned i;

    card(&c);
    memset(c.cfg + 0x40, 0xa5, 0xc0);
    world_build_cap(&c, pos, id, body, len);
    begin(&w, &c, NULL);
    chain_is(&w, "");
    if (closed(&w, pos) != size) {
        fail_msg("ID %02x: %#x bytes closed, not %#x", id, closed(&w, pos),
                 size);
    }
    for (i = pos; i < pos + size; i++) {
        assert_int_equal(rd8(&w, i), zero ? 0 : c.cfg[i]);
        wr8(&w, i, 0x3c);
    }
    assert_int_equal(w.sim.dev.num_writes, 0);
    if (pos + size < 0x100) {
        wr8(&w, pos + size, 0x3c);
        assert_int_equal(dev(&w, pos + size, 1), 0x3c);
    }
    assert_true(world_close(&w));
}

#endif
