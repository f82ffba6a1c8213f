/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Capabilities that the policy adds: constants of the guest's, at the end of
 * its chain, over registers of the device that no capability has. The device
 * is neither read nor written there.
 */
#include <errno.h>
#include <stdio.h>

#include "pt-pci.h"
#include "pt-dev.h"

/* All others have registers that somebody acts on. */
#define ADDED_ID PCI_CAP_ID_VNDR
#define LENGTH 2  /* of a vendor-specific one: PCI 3.0, appendix H */

static const struct pt_group added = {
    .name = "Vendor Specific", .id = ADDED_ID, .fate = PT_EXPOSED,
    .why = "added by the policy file", .many = true,
};

static int refuse(const struct pt_added *a, const char *why,
                  struct pt_error *err)
{
    return pt_fail(err, EINVAL, "%s%sadd %#x: %s", a->from,
                   a->from[0] ? ": " : "", a->pos, why);
}

int pt_added_check(const struct pt_added *a, struct pt_error *err)
{
    const char *why = NULL;

    if (a->pos < PT_CFG_CAPS_START || a->pos % 4 != 0) {
        why = "capabilities are at multiples of 4, from 0x40 to 0xfc";
    } else if (a->size <= LENGTH || a->size > PT_ADDED_SIZE) {
        why = "it is too short or too long";
    } else if (a->pos + a->size > PT_CFG_SIZE) {
        why = "it does not end before 0x100";
    } else if (a->data[PCI_CAP_LIST_ID] != ADDED_ID) {
        why = "only a vendor-specific one can be added";
    } else if (a->data[LENGTH] != a->size) {
        why = "its third byte, the length, is not how long it is";
    }
    return why ? refuse(a, why, err) : 0;
}

/* Is any of it a capability's of the device, or claimed by MSI or MSI-X? */
static bool is_taken(const struct pt_dev *d, const struct pt_added *a)
{
    unsigned n;

    for (n = 0; n < d->num_caps; n++) {
        if (a->pos < d->cap[n].pos + d->cap[n].size &&
            d->cap[n].pos < a->pos + a->size) {
            return true;
        }
    }
    for (n = 0; n < a->size; n++) {
        if (pt_chain_xens(d, a->pos + n)) {
            return true;
        }
    }
    return false;
}

int pt_chain_add(struct pt_dev *d, struct pt_error *err)
{
    const struct pt_policy *p = &d->policy;
    unsigned i;
    int rc;

    if (p->num_added > PT_MAX_ADDED) {
        return pt_fail(err, EINVAL, "more than %u capabilities to add",
                       PT_MAX_ADDED);
    }
    for (i = 0; i < p->num_added; i++) {
        const struct pt_added *a = &p->added[i];
        struct pt_cap *c = &d->cap[d->num_caps];

        rc = pt_added_check(a, err);
        if (rc != 0) {
            return rc;
        }
        if (is_taken(d, a)) {
            return refuse(a, "a capability is there", err);
        }
        *c = (struct pt_cap) {
            .group = &added, .pos = a->pos, .size = a->size, .id = ADDED_ID,
            .fate = PT_EXPOSED, .added = a,
        };
        snprintf(c->why, sizeof(c->why), "%s", added.why);
        d->num_basic = ++d->num_caps;
    }
    return 0;
}

uint8_t pt_added_byte(const struct pt_dev *d, unsigned off)
{
    unsigned index = d->cap_at[off];
    const struct pt_cap *c = &d->cap[index];

    return off - c->pos == PCI_CAP_LIST_NEXT ?
        (uint8_t)pt_cap_next(d, index + 1) : c->added->data[off - c->pos];
}
