// SPDX-License-Identifier: MIT
/*
 * Measures the cases of the GPU and of reclaim, or those of one name, and prints lines as main.c
 * does. One sample of every case makes a turn; the first turn is for warming up.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"
#include "gpu.h"

#define MAX_TURNS 101
#define MAX_CASES 32

static const char *only; /* name of the cases to be measured, NULL for all */

static bool takes_part(const struct gpu_case *bench)
{
	return !only || strcmp(bench->name, only) == 0;
}

static int take_turns(const struct gpu_case *cases, size_t count, unsigned int turns)
{
	static double samples[MAX_CASES][MAX_TURNS + 1];
	double spread, middle;

	for (unsigned int turn = 0; turn <= turns; turn++) {
		for (size_t i = 0; i < count; i++) {
			int ret;

			if (!takes_part(&cases[i]))
				continue;
			/* What the one before left to be freed later is not to fall into this. */
			usleep(30000);
			ret = cases[i].measure(&cases[i], &samples[i][turn]);
			if (ret < 0) {
				fprintf(stderr, "bench-gpu: %s, %zu, %s: %s\n", cases[i].name,
					cases[i].size, cases[i].target, strerror(-ret));
				return ret;
			}
		}
	}
	for (size_t i = 0; i < count; i++) {
		if (!takes_part(&cases[i]))
			continue;
		middle = bench_middle(samples[i] + 1, turns, &spread);
		printf("%s\t%zu\t%s\t%s\t%.2f\t%.2f\n", cases[i].name, cases[i].size, cases[i].unit,
		       cases[i].target, middle, spread);
	}
	return 0;
}

int main(int argc, char **argv)
{
	unsigned int turns = argc > 1 ? strtoul(argv[1], NULL, 10) : 5;

	only = argc > 2 ? argv[2] : NULL;
	if (turns < 1 || turns > MAX_TURNS) {
		fprintf(stderr, "usage: bench-gpu [TURNS [CASE]]   1 to %d turns\n", MAX_TURNS);
		return 2;
	}
	if (take_turns(gpu_job_cases, gpu_job_case_count, turns) < 0 ||
	    take_turns(gpu_reclaim_cases, gpu_reclaim_case_count, turns) < 0)
		return 1;
	return fflush(stdout) == 0 ? 0 : 1;
}
