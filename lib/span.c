// SPDX-License-Identifier: MIT
#include "span.h"

void span_init(struct span *span, uint32_t count)
{
	span->count = count;
	span->free = count;
	span->first_word = 0;
	for (uint32_t word = 0; word < SPAN_MAX_SLOTS / 64; word++) {
		uint32_t first = word * 64;

		if (count >= first + 64)
			span->bits[word] = UINT64_MAX;
		else
			span->bits[word] = count > first ? (1ull << (count - first)) - 1 : 0;
	}
}

uint32_t span_take(struct span *span)
{
	uint32_t word = span->first_word, bit;

	while (!span->bits[word])
		word++;
	bit = (uint32_t)__builtin_ctzll(span->bits[word]);
	span->bits[word] &= span->bits[word] - 1;
	span->first_word = word;
	span->free--;
	return word * 64 + bit;
}

bool span_give(struct span *span, uint32_t index)
{
	uint32_t word = index / 64;
	uint64_t bit = 1ull << index % 64;

	if (index >= span->count || span->bits[word] & bit)
		return false;
	span->bits[word] |= bit;
	span->free++;
	if (word < span->first_word)
		span->first_word = word;
	return true;
}
