/* SPDX-License-Identifier: MIT */
#ifndef SHIM_BITS_H
#define SHIM_BITS_H

#define BIT(n)		       (1ul << (n))
#define BIT_ULL(n)	       (1ull << (n))
#define GENMASK_ULL(high, low) ((~0ull >> (63 - (high))) & (~0ull << (low)))

#endif
