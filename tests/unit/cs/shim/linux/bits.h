/* SPDX-License-Identifier: MIT */
#ifndef SHIM_BITS_H
#define SHIM_BITS_H

#define BIT(n)		       (1ul << (n))
#define GENMASK_ULL(high, low) ((~0ull >> (63 - (high))) & (~0ull << (low)))

#endif
