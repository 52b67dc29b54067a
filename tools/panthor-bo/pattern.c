// SPDX-License-Identifier: MIT
#include "pattern.h"

#include <string.h>

uint64_t pattern_key(uint64_t seed, uint32_t worker, uint32_t bo, uint32_t generation)
{
	return pattern_mix(pattern_mix(seed ^ ((uint64_t)worker << 32 | bo)) + generation);
}

uint32_t pattern_line(uint64_t line_key, uint64_t ret_words[PATTERN_LINE_WORDS])
{
	for (uint64_t i = 0; i < PATTERN_LINE_WORDS; i++)
		ret_words[i] = pattern_mix(line_key ^ i);
	return ((uint32_t)pattern_mix(line_key + 1) & INT32_MAX) | 1;
}

static void fill_words(const struct pattern *pattern, uint64_t page, uint64_t words[PATTERN_WORDS])
{
	uint64_t base = pattern_mix(pattern->key ^ pattern_mix(page));
	size_t random = PATTERN_WORDS * (100 - pattern->compress) / 100;
	uint64_t line[PATTERN_LINE_WORDS];
	size_t i;

	for (i = 0; i < PATTERN_LINE_WORDS; i++)
		line[i] = pattern_mix(base ^ i);
	for (i = 0; i < random; i++)
		words[i] = pattern_mix(base + PATTERN_LINE_WORDS + i);
	for (; i % PATTERN_LINE_WORDS && i < PATTERN_WORDS; i++)
		words[i] = line[i % PATTERN_LINE_WORDS];
	for (; i < PATTERN_WORDS; i += PATTERN_LINE_WORDS)
		memcpy(words + i, line, sizeof(line));
}

void pattern_page(const struct pattern *pattern, uint64_t page, uint64_t words[PATTERN_WORDS])
{
	uint64_t line[PATTERN_LINE_WORDS];

	if (pattern->zero) {
		memset(words, 0, PATTERN_PAGE);
		return;
	}
	fill_words(pattern, page, words);
	if (pattern->lines) {
		uint64_t step = pattern_line(pattern->line_key, line);

		line[0] += step * page;
		memcpy(words, line, sizeof(line));
		memcpy(words + PATTERN_WORDS - PATTERN_LINE_WORDS, line, sizeof(line));
	}
}

void pattern_fill(void *ptr, uint64_t size, const struct pattern *pattern)
{
	uint64_t words[PATTERN_WORDS];

	for (uint64_t offset = 0; offset < size; offset += PATTERN_PAGE) {
		pattern_page(pattern, offset / PATTERN_PAGE, words);
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

uint64_t pattern_verify(const void *ptr, uint64_t size, const struct pattern *pattern,
			struct pattern_mismatch *ret_mismatch)
{
	struct pattern_mismatch mismatch = { .words = 0 };
	uint64_t words[PATTERN_WORDS];

	for (uint64_t offset = 0; offset < size; offset += PATTERN_PAGE) {
		/* No page of zeroes differs from another. */
		if (!pattern->zero || !offset)
			pattern_page(pattern, offset / PATTERN_PAGE, words);
		compare_page(ptr, words, offset, &mismatch);
	}
	*ret_mismatch = mismatch;
	return mismatch.words;
}
