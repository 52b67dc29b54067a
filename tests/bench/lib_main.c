// SPDX-License-Identifier: MIT
/*
 * bench-lib [BATCHES]: what calls of the library cost in ns, the median of so many batches, with
 * half the distance between the quartiles. Cases take ten turns each. Fails when a limit is
 * exceeded.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "lib.h"

#define MAX_CASES   32
#define MAX_THREADS 8
#define MAX_BATCHES 100000
#define TURNS	    10

struct result {
	double *samples;
	unsigned int count;
	double median;
	double spread;
};

struct worker {
	pthread_t thread;
	const struct lib_case *lib_case;
	struct lib_bench *bench;
	double sample;
};

static void *run_batch(void *data)
{
	struct worker *worker = data;
	uint64_t start = bench_now_ns();

	worker->lib_case->run(worker->bench);
	worker->sample = (double)(bench_now_ns() - start) / LIB_BATCH;
	return NULL;
}

/* A thread is its own sample: what it waits for a CPU shows in few of them. */
static int measure(const struct lib_case *lib_case, struct lib_bench *bench, struct result *result)
{
	struct worker workers[MAX_THREADS];
	unsigned int started = 0;

	for (unsigned int i = 0; i < lib_case->threads; i++)
		workers[i] = (struct worker){ .lib_case = lib_case, .bench = bench };
	if (lib_case->threads == 1) {
		run_batch(&workers[0]);
		result->samples[result->count++] = workers[0].sample;
		return 0;
	}
	while (started < lib_case->threads &&
	       !pthread_create(&workers[started].thread, NULL, run_batch, &workers[started]))
		started++;
	for (unsigned int i = 0; i < started; i++) {
		pthread_join(workers[i].thread, NULL);
		result->samples[result->count++] = workers[i].sample;
	}
	return started == lib_case->threads ? 0 : -1;
}

static double base_of(const struct result *results, const char *variant)
{
	for (unsigned int i = 0; variant && i < lib_case_count; i++) {
		if (!strcmp(lib_cases[i].variant, variant))
			return results[i].median;
	}
	return 0;
}

static bool report(const struct lib_case *lib_case, const struct result *result, double base)
{
	double cost = result->median - base;
	bool met = !lib_case->limit_ns || cost < lib_case->limit_ns;

	printf("%-14s %-26s %8.1f ns  +- %4.1f", lib_case->name, lib_case->variant, cost,
	       result->spread / 2);
	if (lib_case->limit_ns)
		printf("  %s %.0f", met ? "below" : "NOT BELOW", lib_case->limit_ns);
	printf("\n");
	return met;
}

/* One batch is for the caches to know what is coming. */
static int take_turn(const struct lib_case *lib_case, struct lib_bench *bench,
		     struct result *result, unsigned int batches)
{
	unsigned int before = result->count;
	int r = measure(lib_case, bench, result);

	result->count = before;
	for (unsigned int i = 0; i < batches && !r; i++)
		r = measure(lib_case, bench, result);
	return r;
}

static int run(struct lib_bench *bench, struct result *results, unsigned int batches)
{
	int missed = 0;

	for (unsigned int turn = 0; turn < TURNS; turn++) {
		for (unsigned int i = 0; i < lib_case_count; i++) {
			if (take_turn(&lib_cases[i], bench, &results[i], batches / TURNS))
				return -1;
		}
	}
	for (unsigned int i = 0; i < lib_case_count; i++)
		results[i].median =
			bench_median(results[i].samples, results[i].count, &results[i].spread);
	for (unsigned int i = 0; i < lib_case_count; i++)
		missed += !report(&lib_cases[i], &results[i], base_of(results, lib_cases[i].base));
	return missed;
}

int main(int argc, char **argv)
{
	unsigned int batches = argc > 1 ? (unsigned int)strtoul(argv[1], NULL, 10) : 1000;
	struct result results[MAX_CASES] = { 0 };
	struct lib_bench bench = { 0 };
	int r;

	if (batches < TURNS || batches > MAX_BATCHES || lib_case_count > MAX_CASES) {
		fprintf(stderr, "usage: bench-lib [BATCHES]   %d to %d\n", TURNS, MAX_BATCHES);
		return 2;
	}
	r = lib_bench_open(&bench);
	if (r) {
		fprintf(stderr, "bench-lib: %s\n", strerror(-r));
		return 1;
	}
	for (unsigned int i = 0; i < lib_case_count; i++)
		results[i].samples = calloc((size_t)(batches + 1) * MAX_THREADS, sizeof(double));
	lib_bench_start();
	return run(&bench, results, batches) ? 1 : 0;
}
