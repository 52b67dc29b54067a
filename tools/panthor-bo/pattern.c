// SPDX-License-Identifier: MIT
#include "pattern.h"

#include <string.h>

#define LINE_WORDS 8

uint64_t pattern_key(uint64_t seed, uint32_t worker, uint32_t bo, uint32_t generation)
{
	return pattern_mix(pattern_mix(seed ^ ((uint64_t)worker << 32 | bo)) + generation);
}

void pattern_page(uint64_t key, uint64_t page, uint32_t compress, uint64_t words[PATTERN_WORDS])
{
	uint64_t base = pattern_mix(key ^ pattern_mix(page));
	size_t random = PATTERN_WORDS * (100 - compress) / 100;
	uint64_t line[LINE_WORDS];
	size_t i;

	for (i = 0; i < LINE_WORDS; i++)
		line[i] = pattern_mix(base ^ i);
	for (i = 0; i < random; i++)
		words[i] = pattern_mix(base + LINE_WORDS + i);
	for (; i % LINE_WORDS && i < PATTERN_WORDS; i++)
		words[i] = line[i % LINE_WORDS];
	for (; i < PATTERN_WORDS; i += LINE_WORDS)
		memcpy(words + i, line, sizeof(line));
}

void pattern_fill(void *ptr, uint64_t size, uint64_t key, uint32_t compress)
{
	uint64_t words[PATTERN_WORDS];

	for (uint64_t offset = 0; offset < size; offset += PATTERN_PAGE) {
		pattern_page(key, offset / PATTERN_PAGE, compress, words);
		memcpy((char *)ptr + offset, words, sizeof(words));
	}
}

/* Slow and exact, for a page that is known to differ. */
static void count_words(const uint64_t *got, const uint64_t *expected, uint64_t offset,
			struct pattern_mismatch *mismatch)
{
	for (size_t i = 0; i < PATTERN_WORDS; i++) {
		if (got[i] == expected[i])
			continue;
		if (!mismatch->words++) {
			mismatch->offset = offset + 8 * i;
			mismatch->expected = expected[i];
			mismatch->got = got[i];
		}
	}
}

static void compare_page(const void *ptr, const uint64_t *expected, uint64_t offset,
			 struct pattern_mismatch *mismatch)
{
	const uint64_t *got = (const uint64_t *)((const char *)ptr + offset);
	uint64_t differs = 0;

	for (size_t i = 0; i < PATTERN_WORDS; i++)
		differs |= got[i] ^ expected[i];
	if (differs)
		count_words(got, expected, offset, mismatch);
}

uint64_t pattern_verify(const void *ptr, uint64_t size, uint64_t key, uint32_t compress,
			struct pattern_mismatch *ret_mismatch)
{
	struct pattern_mismatch mismatch = { .words = 0 };
	uint64_t words[PATTERN_WORDS];

	for (uint64_t offset = 0; offset < size; offset += PATTERN_PAGE) {
		pattern_page(key, offset / PATTERN_PAGE, compress, words);
		compare_page(ptr, words, offset, &mismatch);
	}
	*ret_mismatch = mismatch;
	return mismatch.words;
}

uint64_t pattern_verify_zero(const void *ptr, uint64_t size,
			     struct pattern_mismatch *ret_mismatch)
{
	static const uint64_t zeroes[PATTERN_WORDS];
	struct pattern_mismatch mismatch = { .words = 0 };

	for (uint64_t offset = 0; offset < size; offset += PATTERN_PAGE)
		compare_page(ptr, zeroes, offset, &mismatch);
	*ret_mismatch = mismatch;
	return mismatch.words;
}
