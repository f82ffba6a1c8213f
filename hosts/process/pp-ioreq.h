/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An IOREQ server: accesses of the guest's that Xen sends to this process, a
 * virtual processor's one after the other, all of them by one page.
 */
#ifndef PP_IOREQ_H
#define PP_IOREQ_H

#include <stdbool.h>
#include <stdint.h>

#include <xen/xen.h>
#include <xen/event_channel.h>
#include <xen/hvm/ioreq.h>

#include "pp-journal.h"
#include "pt-device.h"

/* As many as the page has room for. */
#define PP_MAX_VCPUS (4096 / sizeof(ioreq_t))
/* Xen sends no more at once: what an instruction does in one page. */
#define PP_MAX_REPS 4096

/*
 * What of Xen's is needed for that; tests play it. Functions return 0 or
 * -errno where nothing else is said.
 */
struct pp_ioreq_ops {
    int (*create)(void *priv, uint16_t *id);
    void (*destroy)(void *priv, uint16_t id);
    int (*enable)(void *priv, uint16_t id);
    /* The page, a request for each processor; or NULL and errno. */
    ioreq_t *(*map_page)(void *priv, uint16_t id);
    void (*unmap_page)(void *priv);
    /*
     * Have accesses of the guest's bus 0, or of addresses (@io: of ports), or
     * no more.
     */
    int (*claim_function)(void *priv, uint16_t id, uint8_t devfn, bool on);
    int (*claim_range)(void *priv, uint16_t id, bool io, uint64_t start,
                       uint64_t end, bool on);
    /* A local port for the guest's @port, or -errno. */
    int (*bind)(void *priv, evtchn_port_t port);
    void (*unbind)(void *priv, evtchn_port_t local);
    /*
     * The next local port with an event, which then may have more, or -1; once
     * @fd is readable, or it may wait.
     */
    int (*pending)(void *priv);
    int (*notify)(void *priv, evtchn_port_t local);
    /* Readable when there is an event. */
    int (*fd)(void *priv);
    /* @len bytes of the guest's memory. */
    int (*copy)(void *priv, uint64_t gpa, void *buf, unsigned len, bool to);
};

/* Whose accesses they are. @len: 1, 2, 4, or 8 of memory. */
struct pp_ioreq_target {
    uint32_t (*config_read)(void *priv, uint8_t devfn, unsigned reg,
                            unsigned len);
    void (*config_write)(void *priv, uint8_t devfn, unsigned reg,
                         uint32_t val, unsigned len);
    uint64_t (*mem_read)(void *priv, uint64_t addr, unsigned len);
    void (*mem_write)(void *priv, uint64_t addr, uint64_t val, unsigned len);
    uint32_t (*port_read)(void *priv, uint32_t port, unsigned len);
    void (*port_write)(void *priv, uint32_t port, uint32_t val, unsigned len);
};

struct pp_ioreq {
    const struct pp_ioreq_ops *ops;
    void *ops_priv;
    const struct pp_ioreq_target *target;
    void *target_priv;
    struct pp_journal *journal;
    bool open;
    uint16_t id;
    ioreq_t *page;
    int port[PP_MAX_VCPUS];  /* -1: no such processor */
};

/*
 * Ask Xen for a server. It is asked before those that are there already: to be
 * called once QEMU has made its own. Returns 0, or -errno, @err and nothing
 * left behind.
 */
int pp_ioreq_open(struct pp_ioreq *q, struct pt_error *err);
/*
 * The same of one that is there, of a process that was killed. What it left
 * unanswered reads as all ones.
 */
int pp_ioreq_adopt(struct pp_ioreq *q, uint16_t id, struct pt_error *err);
/* A closed one may be closed again. */
void pp_ioreq_close(struct pp_ioreq *q);

/* -1: not open. */
int pp_ioreq_fd(const struct pp_ioreq *q);
/* Once that is readable: answer what came. */
void pp_ioreq_work(struct pp_ioreq *q);

int pp_ioreq_claim_function(struct pp_ioreq *q, uint8_t devfn, bool on);
int pp_ioreq_claim_memory(struct pp_ioreq *q, uint64_t addr, uint64_t size,
                          bool on);
int pp_ioreq_claim_ports(struct pp_ioreq *q, uint64_t port, uint64_t num,
                         bool on);

/*
 * Production, of libxendevicemodel, libxenforeignmemory and libxenevtchn; in
 * *@priv what it needs, for pp_ioreq_xen_close(). Returns 0, or -errno.
 */
extern const struct pp_ioreq_ops pp_ioreq_xen;
int pp_ioreq_xen_open(uint32_t domid, void **priv);
void pp_ioreq_xen_close(void *priv);

#endif
