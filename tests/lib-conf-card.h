/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A card under a policy file, for the tests of what a file does to it. */
#ifndef LIB_CONF_CARD_H
#define LIB_CONF_CARD_H

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib-lessons.h"
#include "pt-conf.h"

/* The card's structures, and a register of its own. */
#define PM 0x40
#define MSI 0x50
#define MSIX 0x60
#define VPD 0x70
#define EXPRESS 0x80
#define AGP 0xbc
#define OWN 0xf0

static inline void build(struct capture *c)
{
    const uint8_t agp[0x2e] = { 0x20 };

    card(c);
    card_pm(c, PM, 0x0003, 0x0008);
    card_msi(c, MSI);
    card_msix(c, MSIX, 4, 0x2000, 0x3000);
    card_vpd(c, VPD);
    card_express(c, EXPRESS, 2, 0, SPEC_EXP_V2);
    world_build_cap(c, AGP, PCI_CAP_ID_AGP, agp, sizeof(agp));
    pt_store(c->cfg + OWN, 0x12345678, 4);
    c->len = SIM_CFG_SIZE;
    /* AER, and a serial number. */
    pt_store(c->cfg + 0x100, 0x14020001, 4);
    pt_store(c->cfg + 0x140, 0x00010003, 4);
}

static inline int read_conf(const char *text, const char *guest,
                            struct pt_policy *p, struct pt_conf_choice *c,
                            struct pt_error *err)
{
    static const struct pt_conf_id id = {
        .addr = { .bus = 3 }, .vendor = 0x8086, .device = 0x1533,
        .class = 0x020000,
    };
    struct pt_conf *host = NULL, *own = NULL;
    int rc = pt_conf_parse("f", text, strlen(text), &host, err);

    pt_conf_begin(c);
    if (rc == 0 && guest) {
        rc = pt_conf_parse("guest.conf", guest, strlen(guest), &own, err);
    }
    if (rc == 0) {
        pt_conf_apply(host, own, &id, c);
    }
    pt_conf_free(host);
    pt_conf_free(own);
    return rc ? rc : pt_conf_policy(c, p, err);
}

/* The policy that @text is, as it has to be. */
static inline struct pt_policy policy_of(const char *text)
{
    struct pt_conf_choice choice;
    struct pt_error err = { "" };
    struct pt_policy p;

    if (read_conf(text, NULL, &p, &choice, &err) != 0) {
        fail_msg("%s: %s", text, err.text);
    }
    return p;
}

/* A world with the card under @text, not attached. */
static inline void open_card(struct world *w, const char *text)
{
    struct pt_policy p = policy_of(text);
    struct capture c;

    build(&c);
    world_init(w, &c, &p, NULL);
}

/* A chip that decodes few bits: its Command is at 0x84, too. */
static inline void open_mirrored(struct world *w, const char *text)
{
    struct pt_policy p = policy_of(text);

    world_open(w, "hw-isp1040.txt", 0, &p);
}

static inline void attach_card(struct world *w, const char *text)
{
    open_card(w, text);
    if (!world_attach(w)) {
        fail_msg("%s: %s", text, w->err.text);
    }
    sim_dev_forget(&w->sim.dev);
}

#endif
