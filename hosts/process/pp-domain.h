/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Production: the domain, by Xen's libraries. */
#ifndef PP_DOMAIN_H
#define PP_DOMAIN_H

#include "pp-guest.h"

extern const struct pp_env pp_domain_env;

#endif
