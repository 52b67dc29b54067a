/* SPDX-License-Identifier: MIT */
#ifndef SHIM_BITOPS_H
#define SHIM_BITOPS_H

#include <linux/bits.h>
#include <linux/types.h>

static inline int fls(unsigned int x)
{
	return x ? 32 - __builtin_clz(x) : 0;
}

static inline unsigned int hweight16(u16 x)
{
	return __builtin_popcount(x);
}

#endif
