// SPDX-License-Identifier: MIT
/*
 * Measures every case on every target and prints tab-separated lines: case, size in bytes, unit,
 * target, cost in ns per unit, spread in per cent. The targets take turns, so that all of them see
 * the machine in the same state; the mean of the middle half of their turns is printed, the spread
 * is the distance between the quartiles.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"

static struct target *const targets[] = {
	&target_vgem,
	&target_anon,
	&target_anon_huge,
	&target_panthor,
};

#define TARGETS	  (sizeof(targets) / sizeof(targets[0]))
#define WARM_UP	  2
#define MAX_TURNS 101

static bool takes_part(const struct target *target, size_t size)
{
	return target->usable && size >= target->min_size;
}

static int measure_all(const struct bench_case *bench, size_t size, unsigned int turns,
		       double samples[TARGETS][MAX_TURNS])
{
	double ignored;

	for (unsigned int turn = 0; turn < turns + WARM_UP; turn++) {
		for (size_t t = 0; t < TARGETS; t++) {
			double *sample = turn < WARM_UP ? &ignored : &samples[t][turn - WARM_UP];
			int ret;

			if (!takes_part(targets[t], size))
				continue;
			usleep(30000);
			ret = bench->measure(targets[t], size, sample);
			if (ret < 0) {
				fprintf(stderr, "bench: %s, %zu bytes, %s: %s\n", bench->name, size,
					targets[t]->name, strerror(-ret));
				return ret;
			}
		}
	}
	return 0;
}

static int run_case(const struct bench_case *bench, size_t size, unsigned int turns)
{
	static double samples[TARGETS][MAX_TURNS];
	int ret = measure_all(bench, size, turns, samples);

	if (ret < 0)
		return ret;
	for (size_t t = 0; t < TARGETS; t++) {
		double mean, spread;

		if (!takes_part(targets[t], size))
			continue;
		mean = bench_middle(samples[t], turns, &spread);
		printf("%s\t%zu\t%s\t%s\t%.2f\t%.2f\n", bench->name, size, bench->unit,
		       targets[t]->name, mean, spread);
	}
	return 0;
}

int main(int argc, char **argv)
{
	unsigned int turns = argc > 1 ? strtoul(argv[1], NULL, 10) : 5;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (turns < 1 || turns > MAX_TURNS) {
		fprintf(stderr, "usage: bench [TURNS]   1 to %d\n", MAX_TURNS);
		return 2;
	}
	for (size_t t = 0; t < TARGETS; t++)
		targets[t]->usable = targets[t]->open(targets[t]) == 0;
	for (size_t c = 0; c < bench_case_count; c++) {
		for (const size_t *size = bench_cases[c].sizes; *size; size++) {
			if (run_case(&bench_cases[c], *size, turns) < 0)
				return 1;
		}
	}
	return fflush(stdout) == 0 ? 0 : 1;
}
