/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SIMULATED: what the simulators share. See sim-common.h. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "sim-common.h"

void sim_note(struct sim_notes *n, const char *fmt, ...)
{
    va_list ap;

    if (n->count < SIM_NOTES_KEPT) {
        va_start(ap, fmt);
        vsnprintf(n->text[n->count], SIM_NOTE_LEN, fmt, ap);
        va_end(ap);
    }
    n->count++;
}

void sim_notes_clear(struct sim_notes *n)
{
    n->count = 0;
}

void sim_append(char *buf, size_t size, const char *fmt, ...)
{
    size_t used = strnlen(buf, size);
    va_list ap;

    if (used >= size) {
        return;
    }
    va_start(ap, fmt);
    vsnprintf(buf + used, size - used, fmt, ap);
    va_end(ap);
}

void sim_notes_print(const struct sim_notes *n, const char *prefix,
                     char *buf, size_t size)
{
    unsigned i;

    for (i = 0; i < n->count && i < SIM_NOTES_KEPT; i++) {
        sim_append(buf, size, "%s%s\n", prefix, n->text[i]);
    }
    if (i < n->count) {
        sim_append(buf, size, "%sand %u more\n", prefix, n->count - i);
    }
}

void sim_fault_at(struct sim_fault *f, uint64_t n, int errnum)
{
    f->at = f->calls + n;
    f->errnum = errnum;
    f->always = false;
}

void sim_fault_always(struct sim_fault *f, int errnum)
{
    f->errnum = errnum;
    f->always = true;
}

void sim_fault_clear(struct sim_fault *f)
{
    f->at = 0;
    f->always = false;
}

int sim_fault_check(struct sim_fault *f)
{
    f->calls++;
    if (!f->always && f->calls != f->at) {
        return 0;
    }
    f->fired++;
    return -f->errnum;
}

uint64_t sim_get(const uint8_t *p, unsigned len)
{
    uint64_t v = 0;
    unsigned i;

    for (i = len; i-- > 0;) {
        v = v << 8 | p[i];
    }
    return v;
}

void sim_put(uint8_t *p, unsigned len, uint64_t val)
{
    unsigned i;

    for (i = 0; i < len; i++, val >>= 8) {
        p[i] = (uint8_t)val;
    }
}

unsigned sim_cycle(uint64_t pos, uint64_t left, unsigned max)
{
    unsigned n = max;

    while (n > 1 && ((pos & (n - 1)) != 0 || n > left)) {
        n /= 2;
    }
    return n;
}
