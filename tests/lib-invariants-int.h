/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the invariants share; not for their users. */
#ifndef LIB_INVARIANTS_INT_H
#define LIB_INVARIANTS_INT_H

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "pt-pci.h"
#include "pt-msi.h"

#include "lib-invariants.h"

typedef unsigned long long ull;

/* Something does not hold: the first reason is kept. Returns false. */
static inline bool __attribute__((format(printf, 2, 3)))
bad(struct inv *v, const char *fmt, ...)
{
    va_list ap;

    if (!v->wrong[0]) {
        va_start(ap, fmt);
        vsnprintf(v->wrong, sizeof(v->wrong), fmt, ap);
        va_end(ap);
    }
    return false;
}

static inline uint32_t get(const uint8_t *p, unsigned len)
{
    return (uint32_t)sim_get(p, len);
}

/* The device's register, as it is. */
static inline uint32_t device(const struct inv *v, unsigned off,
                              unsigned len)
{
    return sim_dev_peek(&v->w->sim.dev, off, len);
}

/* lib-invariants-rules.c: v->rules of the device as it was found. */
void inv_make_rules(struct inv *v);
/* lib-invariants-ext.c: the part of them that is of extended space. */
void inv_make_ext_rules(struct inv *v);
/*
 * lib-invariants-policy.c: what the policy file's registers and capabilities
 * make of them, and what none of them may touch. @most: where a policy that is
 * not strict would let the guest write.
 */
void inv_apply_policy(struct inv *v, const uint8_t most[PT_CFG_SIZE]);
/* Bits of byte @off that the file says are cleared by writing 1. */
uint8_t inv_policy_rw1c(const struct inv *v, unsigned off);

#endif
