/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An IOREQ server. */
#include <errno.h>
#include <stdatomic.h>
#include <string.h>

#include "pp-ioreq.h"

/* ------------------------------------------------------------------ */
/* Its life                                                            */

static int bind_ports(struct pp_ioreq *q)
{
    for (unsigned i = 0; i < PP_MAX_VCPUS; i++) {
        evtchn_port_t port = q->page[i].vp_eport;

        if (port) {
            q->port[i] = q->ops->bind(q->ops_priv, port);
            if (q->port[i] < 0) {
                return q->port[i];
            }
        }
    }
    return 0;
}

static int begin(struct pp_ioreq *q)
{
    int rc;

    q->page = q->ops->map_page(q->ops_priv, q->id);
    if (!q->page) {
        return -errno;
    }
    /* Only now the ports are in the page. What was asked before is heard. */
    rc = q->ops->enable(q->ops_priv, q->id);
    return rc ? rc : bind_ports(q);
}

static int failed(struct pp_ioreq *q, int rc, struct pt_error *err)
{
    pp_ioreq_close(q);
    return pt_fail(err, -rc, "Xen gives no IOREQ server: %s", strerror(-rc));
}

int pp_ioreq_open(struct pp_ioreq *q, struct pt_error *err)
{
    int rc = q->ops->create(q->ops_priv, &q->id);

    memset(q->port, -1, sizeof(q->port));
    if (rc == 0) {
        q->open = true;
        q->journal->server_id = q->id;
        q->journal->server = true;
        rc = begin(q);
    }
    return rc == 0 ? 0 : failed(q, rc, err);
}

/* The server goes first: a processor that waits for us then goes on. */
void pp_ioreq_close(struct pp_ioreq *q)
{
    if (!q->open) {
        return;
    }
    q->ops->destroy(q->ops_priv, q->id);
    for (unsigned i = 0; i < PP_MAX_VCPUS; i++) {
        if (q->port[i] >= 0) {
            q->ops->unbind(q->ops_priv, (evtchn_port_t)q->port[i]);
        }
    }
    if (q->page) {
        q->ops->unmap_page(q->ops_priv);
    }
    q->page = NULL;
    q->open = false;
    q->journal->server = false;
}

int pp_ioreq_fd(const struct pp_ioreq *q)
{
    return q->open ? q->ops->fd(q->ops_priv) : -1;
}

int pp_ioreq_claim_function(struct pp_ioreq *q, uint8_t devfn, bool on)
{
    return q->ops->claim_function(q->ops_priv, q->id, devfn, on);
}

static int claim(struct pp_ioreq *q, enum pp_deed_kind kind, uint64_t addr,
                 uint64_t size, bool on)
{
    const struct pp_deed deed = { .kind = kind, .guest = addr, .nr = size };
    int rc;

    if (on) {
        pp_journal_add(q->journal, &deed);
    }
    rc = q->ops->claim_range(q->ops_priv, q->id, kind == PP_PORT_WINDOW, addr,
                             addr + (size - 1), on);
    if ((rc == 0) != on) {
        pp_journal_strike(q->journal, &deed);
    }
    return rc;
}

int pp_ioreq_claim_memory(struct pp_ioreq *q, uint64_t addr, uint64_t size,
                          bool on)
{
    return claim(q, PP_WINDOW, addr, size, on);
}

int pp_ioreq_claim_ports(struct pp_ioreq *q, uint64_t port, uint64_t num,
                         bool on)
{
    return claim(q, PP_PORT_WINDOW, port, num, on);
}

/* ------------------------------------------------------------------ */
/* A request                                                           */

static uint64_t ones(unsigned len)
{
    return len < 8 ? (UINT64_C(1) << 8 * len) - 1 : UINT64_MAX;
}

/*
 * What a request is about: 1, 2, 4 or 8 bytes of memory, a port, or a register
 * of a function of bus 0; see ioreq.h for how Xen writes that. What is neither
 * reads as all ones.
 */
static bool is_known(const ioreq_t *r)
{
    bool size = r->size == 1 || r->size == 2 || r->size == 4;

    switch (r->type) {
    case IOREQ_TYPE_PCI_CONFIG:
        return size && r->addr >> 40 == 0;
    case IOREQ_TYPE_PIO:
        return size && r->addr >> 16 == 0;
    case IOREQ_TYPE_COPY:
        return size || r->size == 8;
    default:
        return false;
    }
}

static uint64_t read_once(const struct pp_ioreq *q, const ioreq_t *r,
                          uint64_t addr)
{
    const struct pp_ioreq_target *t = q->target;

    if (!is_known(r)) {
        return ones(r->size);
    }
    switch (r->type) {
    case IOREQ_TYPE_PCI_CONFIG:
        return t->config_read(q->target_priv, (uint8_t)(addr >> 32),
                              (uint32_t)addr, r->size);
    case IOREQ_TYPE_PIO:
        return t->port_read(q->target_priv, (uint32_t)addr, r->size);
    default:
        return t->mem_read(q->target_priv, addr, r->size);
    }
}

static void write_once(const struct pp_ioreq *q, const ioreq_t *r,
                       uint64_t addr, uint64_t val)
{
    const struct pp_ioreq_target *t = q->target;

    if (!is_known(r)) {
        return;
    }
    val &= ones(r->size);
    switch (r->type) {
    case IOREQ_TYPE_PCI_CONFIG:
        t->config_write(q->target_priv, (uint8_t)(addr >> 32), (uint32_t)addr,
                        (uint32_t)val, r->size);
        break;
    case IOREQ_TYPE_PIO:
        t->port_write(q->target_priv, (uint32_t)addr, (uint32_t)val, r->size);
        break;
    default:
        t->mem_write(q->target_priv, addr, val, r->size);
    }
}

/*
 * One repetition, with its data in the request or in the guest's memory. What
 * is not in there reads as zeros, and is not written.
 */
static void do_once(const struct pp_ioreq *q, ioreq_t *r, uint64_t addr,
                    uint64_t data)
{
    uint64_t val = 0;

    if (r->dir == IOREQ_READ) {
        val = read_once(q, r, addr) & ones(r->size);
        if (r->data_is_ptr) {
            q->ops->copy(q->ops_priv, data, &val, r->size, true);
        } else {
            r->data = val;
        }
        return;
    }
    if (r->data_is_ptr) {
        q->ops->copy(q->ops_priv, data, &val, r->size, false);
    } else {
        val = r->data;
    }
    write_once(q, r, addr, val);
}

/* Memory goes on with each repetition, and a port stays. */
static void serve(const struct pp_ioreq *q, ioreq_t *r)
{
    uint32_t count = r->count < PP_MAX_REPS ? r->count : PP_MAX_REPS;
    bool sound = r->size && r->size <= 8;

    if (r->type == IOREQ_TYPE_INVALIDATE || !sound) {
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        uint64_t step = (uint64_t)i * r->size;

        step = r->df ? -step : step;
        do_once(q, r, r->type == IOREQ_TYPE_COPY ? r->addr + step : r->addr,
                r->data + (r->data_is_ptr ? step : 0));
    }
}

/* ------------------------------------------------------------------ */

/* The request of processor @i, if it has one. */
static void answer(struct pp_ioreq *q, unsigned i)
{
    ioreq_t *shared = &q->page[i];
    ioreq_t r;

    if (shared->state != STATE_IOREQ_READY) {
        return;
    }
    atomic_thread_fence(memory_order_acquire);
    r = *shared;
    shared->state = STATE_IOREQ_INPROCESS;
    serve(q, &r);
    if (!r.data_is_ptr) {
        shared->data = r.data;
    }
    atomic_thread_fence(memory_order_release);
    shared->state = STATE_IORESP_READY;
    q->ops->notify(q->ops_priv, (evtchn_port_t)q->port[i]);
}

void pp_ioreq_work(struct pp_ioreq *q)
{
    int port = q->open ? q->ops->pending(q->ops_priv) : -1;

    for (unsigned i = 0; port >= 0 && i < PP_MAX_VCPUS; i++) {
        if (q->port[i] == port) {
            answer(q, i);
            return;
        }
    }
}

/* What was begun is done, and what it was to read is lost. */
static void give_up(struct pp_ioreq *q, unsigned i)
{
    ioreq_t *shared = &q->page[i];
    uint8_t state = shared->state;

    if (q->port[i] < 0 ||
        (state != STATE_IOREQ_READY && state != STATE_IOREQ_INPROCESS)) {
        return;
    }
    atomic_thread_fence(memory_order_acquire);
    if (!shared->data_is_ptr && shared->dir == IOREQ_READ) {
        shared->data = UINT64_MAX;
    }
    atomic_thread_fence(memory_order_release);
    shared->state = STATE_IORESP_READY;
    q->ops->notify(q->ops_priv, (evtchn_port_t)q->port[i]);
}

int pp_ioreq_adopt(struct pp_ioreq *q, uint16_t id, struct pt_error *err)
{
    int rc;

    memset(q->port, -1, sizeof(q->port));
    q->id = id;
    q->open = true;
    rc = begin(q);
    for (unsigned i = 0; rc == 0 && i < PP_MAX_VCPUS; i++) {
        give_up(q, i);
    }
    return rc == 0 ? 0 : failed(q, rc, err);
}
