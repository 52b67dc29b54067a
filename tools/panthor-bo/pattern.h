/* SPDX-License-Identifier: MIT */
/*
 * Test contents that can be made again from a seed, so that every byte of a BO can be checked
 * without keeping a copy.
 *
 * Each page differs from every other page: a share of it is random, the rest repeats a line of 64
 * bytes that only this page has. So contents compress as wanted, yet the shortcut that swap takes
 * for pages of one repeated word is never hit, and a page that comes back in the wrong place, or
 * from an older time, shows.
 */
#ifndef PATTERN_H
#define PATTERN_H

#include <stddef.h>
#include <stdint.h>

#define PATTERN_PAGE 4096u
#define PATTERN_WORDS (PATTERN_PAGE / 8)

/** pattern_mix - a well-mixed function of 64 bits */
static inline uint64_t pattern_mix(uint64_t x)
{
	x += 0x9e3779b97f4a7c15ull;
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
	return x ^ (x >> 31);
}

/**
 * pattern_key - what the contents of one BO at one time follow from
 * @generation: how often it was written before
 */
uint64_t pattern_key(uint64_t seed, uint32_t worker, uint32_t bo, uint32_t generation);

/** pattern_page - the contents of page number @page; @compress percent of it are compressible */
void pattern_page(uint64_t key, uint64_t page, uint32_t compress, uint64_t words[PATTERN_WORDS]);

/** pattern_fill - write @size bytes, a multiple of PATTERN_PAGE */
void pattern_fill(void *ptr, uint64_t size, uint64_t key, uint32_t compress);

struct pattern_mismatch {
	uint64_t words; /* that differ; the rest is of the first one */
	uint64_t offset;
	uint64_t expected;
	uint64_t got;
};

/** pattern_verify - compare every word with what pattern_fill() wrote; returns words that differ */
uint64_t pattern_verify(const void *ptr, uint64_t size, uint64_t key, uint32_t compress,
			struct pattern_mismatch *ret_mismatch);

/** pattern_verify_zero - compare every word with zero */
uint64_t pattern_verify_zero(const void *ptr, uint64_t size,
			     struct pattern_mismatch *ret_mismatch);

#endif
