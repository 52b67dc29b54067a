/* SPDX-License-Identifier: MIT */
/* What holds whatever a stream does. */
#ifndef CS_CHECK_H
#define CS_CHECK_H

#include "cs_world.h"

/* Runs once, and looks at what must be so afterwards. */
void run_checked(struct world *w, u32 budget);

/* @b, which is as @a was before it ran, comes to the same in pieces of @piece cycles. */
void expect_same_in_pieces(const struct world *a, struct world *b, u32 piece);

#endif
