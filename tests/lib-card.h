/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A card in a world: what tests of its regions share. */
#ifndef LIB_CARD_H
#define LIB_CARD_H

#include <errno.h>

#include "lib-lessons.h"

#define BAR(n) (PCI_BASE_ADDRESS_0 + 4 * (n))
#define DECODE (PCI_COMMAND_IO | PCI_COMMAND_MEMORY)

static inline void with_card(struct world *w)
{
    struct capture c;

    card(&c);
    begin(w, &c, NULL);
}

#endif
