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

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PATTERN_PAGE  4096u
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

#define PATTERN_LINE_WORDS 8

/* What a BO holds, every word of it. */
struct pattern {
	bool zero; /* nothing: it is new, or was purged; the rest does not matter then */
	uint64_t key;
	uint32_t compress; /* percent of each page */
	/* The first and the last 64 bytes of each page are lines of another key: the GPU's. */
	bool lines;
	uint64_t line_key;
};

/**
 * pattern_line - the line that a page begins and ends with
 * @ret_words: of page 0; the first word grows by the result with each page, the others stay
 *
 * Simple enough for a command stream to make it. Returns the step, 1 to INT32_MAX.
 */
uint32_t pattern_line(uint64_t line_key, uint64_t ret_words[PATTERN_LINE_WORDS]);

/** pattern_page - the contents of page number @page */
void pattern_page(const struct pattern *pattern, uint64_t page, uint64_t words[PATTERN_WORDS]);

/** pattern_fill - write @size bytes, a multiple of PATTERN_PAGE */
void pattern_fill(void *ptr, uint64_t size, const struct pattern *pattern);

struct pattern_mismatch {
	uint64_t words; /* that differ; the rest is of the first one */
	uint64_t offset;
	uint64_t expected;
	uint64_t got;
};

/** pattern_verify - compare with what pattern_fill() writes; returns the words that differ */
uint64_t pattern_verify(const void *ptr, uint64_t size, const struct pattern *pattern,
			struct pattern_mismatch *ret_mismatch);

#endif
