/* SPDX-License-Identifier: MIT */
/*
 * Classes of sizes: 1, 2, 3 and 4 units, then each power of two and three steps on the way to it.
 * What is rounded up to its class grows by less than a quarter.
 */
#ifndef PANTHOR_SIZE_CLASS_H
#define PANTHOR_SIZE_CLASS_H

#include <stdint.h>

/* Of a size that is not 0. */
static inline uint32_t size_class_of(uint64_t units)
{
	uint32_t log2;

	if (units <= 4)
		return (uint32_t)units - 1;
	log2 = 63 - (uint32_t)__builtin_clzll(units - 1);
	return (log2 - 2) * 4 + (uint32_t)((units - 1) >> (log2 - 2));
}

/* The largest size of a class. */
static inline uint64_t size_class_units(uint32_t class_index)
{
	if (class_index < 4)
		return class_index + 1;
	return (uint64_t)(5 + class_index % 4) << (class_index / 4 - 1);
}

/* The class whose multiples are all aligned; @align is a power of two. */
static inline uint32_t size_class_aligned(uint64_t units, uint64_t align)
{
	uint32_t class_index = size_class_of((units + align - 1) & ~(align - 1));

	while (size_class_units(class_index) & (align - 1))
		class_index++;
	return class_index;
}

#endif
