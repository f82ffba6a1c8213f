/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SIMULATED, for the tests of hosts/process: what Xen does for an IOREQ server,
 * as Xen 4.17 does it. Of several virtual processors each has one request at a
 * time; ports are in the page once the server is enabled, and not before.
 */
#ifndef LIB_PROCESS_H
#define LIB_PROCESS_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pp-ioreq.h"
#include "sim-common.h"

#define FAKE_SERVER 3
#define FAKE_VCPUS 4
#define FAKE_PORT 20        /* the guest's, of the first processor */
#define FAKE_LOCAL 50       /* and ours */
#define FAKE_RANGES 16
#define FAKE_RAM 0x10000

struct fake_range {
    bool io;
    uint64_t start, end;
};

struct fake_xen {
    bool created, enabled, mapped;
    ioreq_t page[PP_MAX_VCPUS];
    bool bound[FAKE_VCPUS];
    bool event[FAKE_VCPUS];
    unsigned notified[FAKE_VCPUS];
    bool claimed[256];
    struct fake_range range[FAKE_RANGES];
    unsigned num_ranges;
    uint8_t ram[FAKE_RAM];  /* the guest's, from 0 */
    struct sim_fault fault;
    unsigned calls;
};

static inline int fake_call(struct fake_xen *x)
{
    x->calls++;
    return sim_fault_check(&x->fault);
}

static inline int fake_create(void *priv, uint16_t *id)
{
    struct fake_xen *x = priv;
    int rc = fake_call(x);

    assert_false(x->created);
    *id = FAKE_SERVER;
    x->created = rc == 0;
    return rc;
}

static inline void fake_destroy(void *priv, uint16_t id)
{
    struct fake_xen *x = priv;

    assert_true(x->created);
    assert_int_equal(id, FAKE_SERVER);
    x->created = x->enabled = false;
    memset(x->claimed, 0, sizeof(x->claimed));
    x->num_ranges = 0;
}

static inline int fake_enable(void *priv, uint16_t id)
{
    struct fake_xen *x = priv;
    int rc = fake_call(x);

    assert_true(x->created);
    assert_int_equal(id, FAKE_SERVER);
    x->enabled = rc == 0;
    for (unsigned i = 0; i < FAKE_VCPUS && rc == 0; i++) {
        x->page[i].vp_eport = FAKE_PORT + i;
    }
    return rc;
}

static inline ioreq_t *fake_map_page(void *priv, uint16_t id)
{
    struct fake_xen *x = priv;
    int rc = fake_call(x);

    assert_int_equal(id, FAKE_SERVER);
    errno = -rc;
    x->mapped = rc == 0;
    return rc == 0 ? x->page : NULL;
}

static inline void fake_unmap_page(void *priv)
{
    struct fake_xen *x = priv;

    assert_true(x->mapped);
    x->mapped = false;
}

static inline int fake_claim_function(void *priv, uint16_t id, uint8_t devfn,
                                      bool on)
{
    struct fake_xen *x = priv;
    int rc = fake_call(x);

    assert_true(x->created);
    assert_int_equal(id, FAKE_SERVER);
    if (rc == 0) {
        assert_int_not_equal(x->claimed[devfn], on);
        x->claimed[devfn] = on;
    }
    return rc;
}

/* Xen's ranges go as they came. */
static inline int fake_claim_range(void *priv, uint16_t id, bool io,
                                   uint64_t start, uint64_t end, bool on)
{
    struct fake_xen *x = priv;
    unsigned i;
    int rc = fake_call(x);

    assert_true(x->created);
    assert_int_equal(id, FAKE_SERVER);
    if (rc != 0) {
        return rc;
    }
    for (i = 0; i < x->num_ranges; i++) {
        if (x->range[i].io == io && x->range[i].start == start &&
            x->range[i].end == end) {
            break;
        }
    }
    assert_int_not_equal(i < x->num_ranges, on);
    if (on) {
        assert_true(x->num_ranges < FAKE_RANGES);
        x->range[x->num_ranges++] = (struct fake_range) {
            io, start, end,
        };
    } else {
        x->range[i] = x->range[--x->num_ranges];
    }
    return 0;
}

/* Xen has an event there at once: some may have been lost. */
static inline int fake_bind(void *priv, evtchn_port_t port)
{
    struct fake_xen *x = priv;
    unsigned i = port - FAKE_PORT;
    int rc = fake_call(x);

    assert_true(i < FAKE_VCPUS);
    if (rc != 0) {
        return rc;
    }
    assert_false(x->bound[i]);
    x->bound[i] = x->event[i] = true;
    return FAKE_LOCAL + (int)i;
}

static inline void fake_unbind(void *priv, evtchn_port_t local)
{
    struct fake_xen *x = priv;

    assert_true(x->bound[local - FAKE_LOCAL]);
    x->bound[local - FAKE_LOCAL] = false;
}

static inline int fake_pending(void *priv)
{
    struct fake_xen *x = priv;

    for (unsigned i = 0; i < FAKE_VCPUS; i++) {
        if (x->bound[i] && x->event[i]) {
            x->event[i] = false;
            return FAKE_LOCAL + (int)i;
        }
    }
    return -1;
}

static inline int fake_notify(void *priv, evtchn_port_t local)
{
    struct fake_xen *x = priv;

    assert_true(x->bound[local - FAKE_LOCAL]);
    x->notified[local - FAKE_LOCAL]++;
    return 0;
}

static inline int fake_fd(void *priv)
{
    (void)priv;
    return -1;
}

static inline int fake_copy(void *priv, uint64_t gpa, void *buf, unsigned len,
                            bool to)
{
    struct fake_xen *x = priv;

    if (gpa > FAKE_RAM || len > FAKE_RAM - gpa) {
        return -EFAULT;
    }
    if (to) {
        memcpy(x->ram + gpa, buf, len);
    } else {
        memcpy(buf, x->ram + gpa, len);
    }
    return 0;
}

static const struct pp_ioreq_ops fake_ioreq = {
    .create = fake_create,
    .destroy = fake_destroy,
    .enable = fake_enable,
    .map_page = fake_map_page,
    .unmap_page = fake_unmap_page,
    .claim_function = fake_claim_function,
    .claim_range = fake_claim_range,
    .bind = fake_bind,
    .unbind = fake_unbind,
    .pending = fake_pending,
    .notify = fake_notify,
    .fd = fake_fd,
    .copy = fake_copy,
};

/* Nothing of it is left in Xen. */
static inline void fake_is_quiet(const struct fake_xen *x)
{
    assert_false(x->created);
    assert_false(x->mapped);
    assert_int_equal(x->num_ranges, 0);
    for (unsigned i = 0; i < FAKE_VCPUS; i++) {
        assert_false(x->bound[i]);
    }
}

/* Does Xen send it here? All of it has to be in one range. */
static inline bool fake_claims(const struct fake_xen *x, bool io,
                               uint64_t addr, unsigned len)
{
    for (unsigned i = 0; i < x->num_ranges; i++) {
        const struct fake_range *r = &x->range[i];

        if (r->io == io && addr >= r->start && addr + len - 1 <= r->end) {
            return true;
        }
    }
    return false;
}

/* Processor @cpu asks for @r. */
static inline void fake_ask(struct fake_xen *x, unsigned cpu, ioreq_t r)
{
    r.vp_eport = x->page[cpu].vp_eport;
    r.state = STATE_IOREQ_READY;
    x->page[cpu] = r;
    x->event[cpu] = true;
}

static inline ioreq_t fake_config(uint8_t devfn, unsigned reg, unsigned size)
{
    return (ioreq_t) {
        .type = IOREQ_TYPE_PCI_CONFIG, .count = 1, .size = size,
        .dir = IOREQ_READ, .addr = (uint64_t)devfn << 32 | reg,
    };
}

static inline ioreq_t fake_memory(uint64_t addr, unsigned size)
{
    return (ioreq_t) {
        .type = IOREQ_TYPE_COPY, .count = 1, .size = size, .dir = IOREQ_READ,
        .addr = addr,
    };
}

static inline ioreq_t fake_port(uint32_t port, unsigned size)
{
    return (ioreq_t) {
        .type = IOREQ_TYPE_PIO, .count = 1, .size = size, .dir = IOREQ_READ,
        .addr = port,
    };
}

#endif
