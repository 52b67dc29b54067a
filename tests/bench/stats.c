// SPDX-License-Identifier: MIT
#include <stdlib.h>
#include <time.h>

#include "bench.h"

uint64_t bench_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double bench_middle(double *samples, unsigned int n, double *ret_spread)
{
	unsigned int first = n / 4, end = n - first;
	double sum = 0;

	qsort(samples, n, sizeof(*samples), compare);
	for (unsigned int i = first; i < end; i++)
		sum += samples[i];
	*ret_spread = 100 * (samples[n * 3 / 4] - samples[n / 4]) * (end - first) / sum;
	return sum / (end - first);
}

double bench_median(double *samples, unsigned int n, double *ret_spread)
{
	qsort(samples, n, sizeof(*samples), compare);
	*ret_spread = samples[n * 3 / 4] - samples[n / 4];
	return samples[n / 2];
}
