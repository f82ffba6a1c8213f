/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The libFuzzer target: see ../lib-fuzz.h. */
#include <stdio.h>
#include <stdlib.h>

#include "lib-fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *wrong = fuzz_one(data, size);

    if (wrong) {
        fprintf(stderr, "WRONG: %s\n", wrong);
        abort();
    }
    return 0;
}
