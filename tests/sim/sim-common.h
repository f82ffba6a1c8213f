/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SIMULATED: what the simulators share. A clock that moves only when told, a
 * list of complaints, and faults on demand. No simulator has any state
 * outside of its own structure.
 */
#ifndef SIM_COMMON_H
#define SIM_COMMON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sim_clock {
    uint64_t now_us;
};

/* What was done wrong: all are counted, the first ones keep their text. */
#define SIM_NOTES_KEPT 16
#define SIM_NOTE_LEN 160

struct sim_notes {
    unsigned count;
    char text[SIM_NOTES_KEPT][SIM_NOTE_LEN];
};

void sim_note(struct sim_notes *n, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void sim_notes_clear(struct sim_notes *n);
/* Append the texts, a line each after @prefix, to the string in @buf. */
void sim_notes_print(const struct sim_notes *n, const char *prefix,
                     char *buf, size_t size);
/* Append to the string in @buf of @size bytes, cut where it is full. */
void sim_append(char *buf, size_t size, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Calls that fail on demand. All zero: none does. */
struct sim_fault {
    uint64_t calls;  /* so far, failed ones too */
    uint64_t at;     /* this call fails; 0: none */
    bool always;
    int errnum;
    uint64_t fired;  /* calls that failed */
};

/* Let the @n-th call from now (1: the next one) fail with -@errnum. */
void sim_fault_at(struct sim_fault *f, uint64_t n, int errnum);
/* Let every call fail with -@errnum, until sim_fault_clear(). */
void sim_fault_always(struct sim_fault *f, int errnum);
/* No more failures. The counts stay. */
void sim_fault_clear(struct sim_fault *f);
/* Count a call. Returns 0, or what it has to return. */
int sim_fault_check(struct sim_fault *f);

/* The @len (0..8) bytes at @p as a little-endian number, and back. */
uint64_t sim_get(const uint8_t *p, unsigned len);
void sim_put(uint8_t *p, unsigned len, uint64_t val);

/*
 * How many bytes the next cycle of an access takes that has @left bytes to
 * go at @pos: the largest power of two, @max at most, that is aligned there.
 */
unsigned sim_cycle(uint64_t pos, uint64_t left, unsigned max);

#endif
