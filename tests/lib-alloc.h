/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Counts allocations, and fails the n-th, in the one test program that
 * includes this file: it defines malloc and its like. A sanitizer has its own
 * ones, so that there they are only counted; valgrind has, too, and there they
 * are not.
 */
#ifndef LIB_ALLOC_H
#define LIB_ALLOC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#if defined(__SANITIZE_ADDRESS__)
#define ALLOC_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ALLOC_SANITIZED 1
#endif
#endif

static uint64_t alloc_count;  /* malloc, calloc and realloc so far */
static uint64_t alloc_fails;  /* this one gives NULL; 0: none */
static bool alloc_failed;     /* it did */

#ifdef ALLOC_SANITIZED

int __sanitizer_install_malloc_and_free_hooks(
    void (*on_malloc)(const volatile void *, size_t),
    void (*on_free)(const volatile void *));

static void on_malloc(const volatile void *p, size_t size)
{
    (void)p;
    (void)size;
    alloc_count++;
}

static void on_free(const volatile void *p)
{
    (void)p;
}

static void __attribute__((constructor)) alloc_install(void)
{
    __sanitizer_install_malloc_and_free_hooks(on_malloc, on_free);
}

#else

/* glibc's own names for what is replaced here. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t size);

static bool alloc_refuse(void)
{
    alloc_count++;
    if (alloc_count == alloc_fails) {
        alloc_failed = true;
        return true;
    }
    return false;
}

void *malloc(size_t size)
{
    return alloc_refuse() ? NULL : __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
    return alloc_refuse() ? NULL : __libc_calloc(n, size);
}

void *realloc(void *p, size_t size)
{
    return alloc_refuse() ? NULL : __libc_realloc(p, size);
}

#endif

/* Let the @n-th allocation from now (1: the next) fail; 0: none. */
static inline void alloc_fail_at(uint64_t n)
{
    alloc_fails = n ? alloc_count + n : 0;
    alloc_failed = false;
}

/* Not if a sanitizer or valgrind has taken malloc for itself. */
static inline bool alloc_can_fail(void)
{
    /* Else a compiler takes malloc for its own, which looks at nothing. */
    void *(*volatile allocate)(size_t) = malloc;
    void *p;

    alloc_fail_at(1);
    p = allocate(1);
    free(p);
    alloc_fail_at(0);
    return p == NULL;
}

#endif
