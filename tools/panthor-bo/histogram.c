// SPDX-License-Identifier: MIT
#include "histogram.h"

#include <stddef.h>

#define STEPS (1u << HISTOGRAM_STEP_BITS)

static size_t bin_of(uint64_t value)
{
	unsigned int shift;
	size_t bin;

	if (value < 2 * STEPS)
		return value;
	shift = 63 - (unsigned int)__builtin_clzll(value) - HISTOGRAM_STEP_BITS;
	bin = shift * STEPS + (size_t)(value >> shift);
	return bin < HISTOGRAM_BINS ? bin : HISTOGRAM_BINS - 1;
}

/* The middle of a bin, so that the error is half a step at most. */
static uint64_t value_of(size_t bin)
{
	unsigned int shift;

	if (bin < 2 * STEPS)
		return bin;
	shift = (unsigned int)(bin / STEPS) - 1;
	return ((uint64_t)(bin - shift * STEPS) << shift) + (UINT64_C(1) << shift) / 2;
}

void histogram_add(struct histogram *histogram, uint64_t value)
{
	histogram->samples++;
	histogram->bins[bin_of(value)]++;
	if (value > histogram->max)
		histogram->max = value;
}

void histogram_merge(struct histogram *histogram, const struct histogram *from)
{
	histogram->samples += from->samples;
	if (from->max > histogram->max)
		histogram->max = from->max;
	for (size_t i = 0; i < HISTOGRAM_BINS; i++)
		histogram->bins[i] += from->bins[i];
}

uint64_t histogram_percentile(const struct histogram *histogram, unsigned int percent)
{
	/* Rounded up, and split so that no count overflows. */
	uint64_t rank = histogram->samples / 100 * percent +
			(histogram->samples % 100 * percent + 99) / 100;
	uint64_t seen = 0;

	for (size_t i = 0; i < HISTOGRAM_BINS && rank; i++) {
		seen += histogram->bins[i];
		if (seen >= rank)
			return value_of(i) < histogram->max ? value_of(i) : histogram->max;
	}
	return 0;
}
