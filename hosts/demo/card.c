/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The demonstration's card: CARD_FILE, `lspci -xxxx -v` of a real one. */
#include "demo.h"

__asm__(".pushsection .rodata\n"
        ".globl demo_card\n"
        ".globl demo_card_end\n"
        "demo_card:\n"
        ".incbin \"" CARD_FILE "\"\n"
        "demo_card_end:\n"
        ".byte 0\n"
        ".popsection\n");

const char demo_card_name[] = CARD_FILE;
