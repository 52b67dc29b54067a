// SPDX-License-Identifier: MIT
/*
 * bench-lib [BATCHES]: what calls of the library cost in ns of CPU time, the median of so many
 * batches, with half the distance between the quartiles. Cases take ten turns each. Fails when a
 * limit is exceeded.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

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

/* Threads are there all the time, and all of them begin a case at once. */
struct worker {
	pthread_t thread;
	struct team *team;
	double *samples;
};

struct team {
	struct lib_bench *bench;
	pthread_barrier_t begin;
	pthread_barrier_t end;
	struct worker workers[MAX_THREADS];

	/* Between the barriers: what to do, how often. NULL to stop. */
	const struct lib_case *lib_case;
	unsigned int batches;
};

static double cpu_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

/*
 * What a thread waits for a CPU is not its cost, and what it waits for other threads while it has
 * one is. One batch is for the caches to know what is coming.
 */
static void run_batches(const struct lib_case *lib_case, struct lib_bench *bench,
			unsigned int batches, double *samples)
{
	lib_case->run(bench);
	for (unsigned int i = 0; i < batches; i++) {
		double start = cpu_now_ns();

		lib_case->run(bench);
		samples[i] = (cpu_now_ns() - start) / LIB_BATCH;
	}
}

static void *work(void *data)
{
	struct worker *worker = data;
	struct team *team = worker->team;

	while (true) {
		pthread_barrier_wait(&team->begin);
		if (!team->lib_case)
			return NULL;
		run_batches(team->lib_case, team->bench, team->batches, worker->samples);
		pthread_barrier_wait(&team->end);
	}
}

static int start_team(struct team *team, struct lib_bench *bench, unsigned int batches)
{
	*team = (struct team){ .bench = bench };
	pthread_barrier_init(&team->begin, NULL, MAX_THREADS + 1);
	pthread_barrier_init(&team->end, NULL, MAX_THREADS + 1);
	for (unsigned int i = 0; i < MAX_THREADS; i++) {
		struct worker *worker = &team->workers[i];

		worker->team = team;
		worker->samples = calloc(batches, sizeof(double));
		if (!worker->samples || pthread_create(&worker->thread, NULL, work, worker))
			return -ENOMEM;
	}
	return 0;
}

static void stop_team(struct team *team)
{
	team->lib_case = NULL;
	pthread_barrier_wait(&team->begin);
	for (unsigned int i = 0; i < MAX_THREADS; i++) {
		pthread_join(team->workers[i].thread, NULL);
		free(team->workers[i].samples);
	}
}

static void run_by_team(struct team *team, const struct lib_case *lib_case, unsigned int batches,
			struct result *result)
{
	team->lib_case = lib_case;
	team->batches = batches;
	pthread_barrier_wait(&team->begin);
	pthread_barrier_wait(&team->end);
	for (unsigned int i = 0; i < MAX_THREADS; i++) {
		memcpy(result->samples + result->count, team->workers[i].samples,
		       batches * sizeof(double));
		result->count += batches;
	}
}

static void take_turn(struct team *team, const struct lib_case *lib_case, unsigned int batches,
		      struct result *result)
{
	if (lib_case->threads == MAX_THREADS) {
		run_by_team(team, lib_case, batches, result);
		return;
	}
	run_batches(lib_case, team->bench, batches, result->samples + result->count);
	result->count += batches;
}

static double base_of(const struct result *results, const char *variant)
{
	for (unsigned int i = 0; variant && i < lib_case_count; i++) {
		if (!strcmp(lib_cases[i].variant, variant))
			return results[i].median;
	}
	return 0;
}

/* A case with a ratio is compared with its base, of the others that comes off. */
static bool report(const struct lib_case *lib_case, const struct result *result, double base)
{
	double cost = lib_case->limit_ratio ? result->median : result->median - base;
	double ratio = lib_case->limit_ratio ? cost / base : 0;
	bool met = (!lib_case->limit_ns || cost < lib_case->limit_ns) &&
		   ratio <= lib_case->limit_ratio;

	printf("%-14s %-26s %8.1f ns  +- %4.1f", lib_case->name, lib_case->variant, cost,
	       result->spread / 2);
	if (lib_case->limit_ns)
		printf("  %s %.0f", met ? "below" : "NOT BELOW", lib_case->limit_ns);
	if (lib_case->limit_ratio) {
		printf("  %.2f times that of %s, %s %.2f", ratio, lib_case->base,
		       met ? "within" : "NOT WITHIN", lib_case->limit_ratio);
	}
	printf("\n");
	return met;
}

static int run(struct team *team, struct result *results, unsigned int batches)
{
	int missed = 0;

	for (unsigned int turn = 0; turn < TURNS; turn++) {
		for (unsigned int i = 0; i < lib_case_count; i++)
			take_turn(team, &lib_cases[i], batches / TURNS, &results[i]);
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
	struct team team;
	int r;

	if (batches < TURNS || batches > MAX_BATCHES || lib_case_count > MAX_CASES) {
		fprintf(stderr, "usage: bench-lib [BATCHES]   %d to %d\n", TURNS, MAX_BATCHES);
		return 2;
	}
	r = lib_bench_open(&bench);
	if (!r)
		r = start_team(&team, &bench, batches / TURNS);
	if (r) {
		fprintf(stderr, "bench-lib: %s\n", strerror(-r));
		return 1;
	}
	for (unsigned int i = 0; i < lib_case_count; i++)
		results[i].samples = calloc((size_t)batches * MAX_THREADS, sizeof(double));
	lib_bench_start();
	r = run(&team, results, batches);
	stop_team(&team);
	return r ? 1 : 0;
}
