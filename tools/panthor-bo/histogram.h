/* SPDX-License-Identifier: MIT */
/*
 * Counts of durations, from which percentiles follow with an error below 1 %: 64 steps to each
 * doubling, exact up to 127.
 */
#ifndef HISTOGRAM_H
#define HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_STEP_BITS 6
#define HISTOGRAM_BINS 2304 /* to 2^41 ns, which is 36 minutes; more is counted as that */

struct histogram {
	uint64_t samples;
	uint64_t max; /* exact */
	uint64_t bins[HISTOGRAM_BINS];
};

void histogram_add(struct histogram *histogram, uint64_t value);

/** histogram_merge - add the counts of @from */
void histogram_merge(struct histogram *histogram, const struct histogram *from);

/**
 * histogram_percentile - the value that @percent of the samples do not exceed; 0 without samples
 */
uint64_t histogram_percentile(const struct histogram *histogram, unsigned int percent);

#endif
