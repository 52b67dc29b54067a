// SPDX-License-Identifier: MIT
/*
 * bench-libdrm [--turns N]: caches of BOs side by side: ioctls, time as ratios, and behaviour.
 * bench-libdrm --counter FILE: instructions instead, where insn_count.c counts them into FILE.
 * bench-libdrm --check: no clock; fails unless the counts are right.
 *
 * Caches take turns. The median of all batches is told, with half the distance between the
 * quartiles. Times are ratios because emulators have times of their own. The library is there
 * twice: it may keep what is in a BO, as etnaviv's cache does, or advise the kernel that it may be
 * taken, as freedreno's does.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bench.h"
#include "libdrm.h"

#define BATCH	     500
#define THREAD_BATCH 2000
#define BATCHES	     5 /* of a turn */
#define MAX_TURNS    100
#define MAX_THREADS  8
#define MAX_ROWS     5

/* Of so many gets and puts. */
struct sample {
	double start;
	double end;
	uint64_t calls;
	unsigned int count;
};

struct result {
	double costs[MAX_TURNS * BATCHES];
	unsigned int count;
	double calls; /* for each get and put, in all samples */
	double median;
	double spread;
};

struct part {
	const char *name;
	unsigned int threads;
	struct sample (*run)(const struct cache *cache, unsigned int count);
};

static const volatile uint64_t *counter;

void expect(bool held, const char *what)
{
	if (held)
		return;
	fprintf(stderr, "bench-libdrm: no success with %s\n", what);
	exit(1);
}

static double clock_now(void)
{
	return counter ? (double)*counter : (double)kernel_real_ns();
}

static struct sample begin_sample(unsigned int count)
{
	return (struct sample){
		.count = count,
		.calls = kernel_calls(),
		.start = clock_now(),
	};
}

static void end_sample(struct sample *sample)
{
	sample->end = clock_now();
	sample->calls = kernel_calls() - sample->calls;
}

/* What was put back is got again. */
static struct sample run_hits(const struct cache *cache, unsigned int count)
{
	struct sample sample;

	cache->put(cache->get(BO_SIZE, false), 0);
	sample = begin_sample(count);
	for (unsigned int i = 0; i < count; i++)
		cache->put(cache->get(BO_SIZE, false), 0);
	end_sample(&sample);
	return sample;
}

/* Nothing is there, until all are put back. */
static struct sample run_misses(const struct cache *cache, unsigned int count)
{
	void *bos[BATCH];
	struct sample sample = begin_sample(count);

	for (unsigned int i = 0; i < count; i++)
		bos[i] = cache->get(BO_SIZE, false);
	for (unsigned int i = 0; i < count; i++)
		cache->put(bos[i], 0);
	end_sample(&sample);
	return sample;
}

/* Has what is asked for once before it is measured: features, the allocator's memory. */
static void open_warm(const struct cache *cache)
{
	cache->open();
	cache->put(cache->get(2 * BO_SIZE, false), 0);
}

struct worker {
	pthread_t thread;
	uint32_t cpu;
	pthread_barrier_t *barrier;
	const struct cache *cache;
	struct sample sample;
};

static void *run_worker(void *data)
{
	struct worker *worker = data;
	void *bo;

	caches_pin(worker->cpu);
	/* Each has had a BO at the same time as the others, so there are enough. */
	bo = worker->cache->get(BO_SIZE, false);
	pthread_barrier_wait(worker->barrier);
	worker->cache->put(bo, 0);
	worker->sample = run_hits(worker->cache, THREAD_BATCH);
	return NULL;
}

/* From the first one's begin to the last one's end. */
static struct sample run_threads(const struct cache *cache, unsigned int threads)
{
	uint32_t cpus = (uint32_t)sysconf(_SC_NPROCESSORS_ONLN);
	struct worker workers[MAX_THREADS];
	pthread_barrier_t barrier;
	struct sample all = { 0 };

	pthread_barrier_init(&barrier, NULL, threads);
	for (unsigned int i = 0; i < threads; i++) {
		workers[i] = (struct worker){
			.cpu = i % cpus,
			.barrier = &barrier,
			.cache = cache,
		};
		expect(!pthread_create(&workers[i].thread, NULL, run_worker, &workers[i]),
		       "a thread");
	}
	for (unsigned int i = 0; i < threads; i++) {
		const struct sample *one = &workers[i].sample;

		pthread_join(workers[i].thread, NULL);
		all.start = i && all.start < one->start ? all.start : one->start;
		all.end = all.end > one->end ? all.end : one->end;
		all.calls += one->calls;
		all.count += one->count;
	}
	pthread_barrier_destroy(&barrier);
	return all;
}

/* Every batch finds the cache as it was in the beginning. */
static void take_turn(const struct part *part, const struct cache *cache, struct result *result)
{
	int batches = part->threads > 1 ? 1 : BATCHES;

	for (int i = 0; i < batches; i++) {
		struct sample sample;

		open_warm(cache);
		sample = part->threads > 1 ? run_threads(cache, part->threads)
					   : part->run(cache, BATCH);
		cache->close();
		result->costs[result->count++] = (sample.end - sample.start) / sample.count;
		result->calls += (double)sample.calls / sample.count;
	}
}

static const struct cache *row_cache(unsigned int row)
{
	return row < cache_count ? caches[row] : &cache_none;
}

/* The first two rows are the library's, and what all are compared with. */
static void print_rows(const struct part *part, const struct result *results)
{
	for (unsigned int row = 0; row <= cache_count; row++) {
		const struct result *result = &results[row];

		printf("%-6s %u thread%s  %-16s %7.2f", part->name, part->threads,
		       part->threads > 1 ? "s" : " ", row_cache(row)->name,
		       result->calls / result->count);
		if (counter)
			printf(" %12.1f", result->median);
		printf(" %9.2f %10.2f  +- %.0f %%\n", result->median / results[0].median,
		       result->median / results[1].median, 50 * result->spread / result->median);
	}
}

static void measure(const struct part *part, unsigned int turns)
{
	struct result *results = calloc(MAX_ROWS, sizeof(*results));

	expect(results && cache_count < MAX_ROWS, "memory");
	for (unsigned int turn = 0; turn < turns; turn++) {
		for (unsigned int row = 0; row <= cache_count; row++)
			take_turn(part, row_cache(row), &results[row]);
	}
	for (unsigned int row = 0; row <= cache_count; row++) {
		struct result *result = &results[row];

		result->median = bench_median(result->costs, result->count, &result->spread);
	}
	print_rows(part, results);
	free(results);
}

static void measure_all(unsigned int turns)
{
	static const struct part parts[] = {
		{ "hits", 1, run_hits },
		{ "misses", 1, run_misses },
		{ "hits", 2, run_hits },
		{ "hits", 8, run_hits },
	};

	printf("%-35s  ioctls%s %9s %10s\n",
	       counter ? "get and put of 64 KiB, instructions" : "get and put of 64 KiB, time",
	       counter ? " instructions" : "", "x keeping", "x advising");
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		/* The counter is for one thread. */
		if (!counter || parts[i].threads == 1)
			measure(&parts[i], turns);
	}
	printf("Creating a BO costs little here: there are no pages to find and to clear.\n\n");
}

/* Counts are facts of each cache, and do not depend on the machine. */
static const struct {
	const char *name;
	double hits;
	double misses;
} expected_calls[] = {
	{ "panthor keeping", 0, 1 },
	/* WILLNEED and DONTNEED; creating it and DONTNEED. */
	{ "panthor advising", 2, 2 },
	/* These ask of each BO whether it is idle. */
	{ "freedreno", 3, 2 },
	{ "etnaviv", 1, 1 },
	{ "no cache", 2, 2 },
};

static double calls_of(struct sample sample)
{
	return (double)sample.calls / sample.count;
}

static bool check_calls(const struct cache *cache)
{
	double hits, misses;

	open_warm(cache);
	hits = calls_of(run_hits(cache, BATCH));
	cache->close();
	open_warm(cache);
	misses = calls_of(run_misses(cache, BATCH));
	cache->close();
	for (size_t i = 0; i < sizeof(expected_calls) / sizeof(expected_calls[0]); i++) {
		if (strcmp(expected_calls[i].name, cache->name))
			continue;
		printf("%-16s %.2f ioctls for a hit, %.2f for a miss\n", cache->name, hits, misses);
		return hits == expected_calls[i].hits && misses == expected_calls[i].misses;
	}
	return false;
}

/* What the library promises of its own. */
static bool check_behaviour(const struct cache *cache)
{
	const struct behaviour seen = observe(cache);

	return seen.passes_over_busy && !seen.mixes_flags && seen.kept == 256 * MIB &&
	       seen.kept_after_trim == 0 && seen.kept_after_next == BO_SIZE &&
	       seen.calls_if_purged == cache->advises && seen.hit_rate > 0.5;
}

static int check(void)
{
	bool right = true;

	for (unsigned int row = 0; row <= cache_count; row++)
		right &= check_calls(row_cache(row));
	right &= check_behaviour(&cache_keeping) && check_behaviour(&cache_advising);
	if (!right) {
		print_behaviour();
		printf("not what was expected\n");
	}
	return right ? 0 : 1;
}

static bool open_counter(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	void *ptr = mmap(NULL, sizeof(*counter), PROT_READ, MAP_SHARED, fd, 0);

	if (fd < 0 || ptr == MAP_FAILED)
		return false;
	close(fd);
	counter = ptr;
	return true;
}

int main(int argc, char **argv)
{
	unsigned long turns = 10;

	if (argc == 2 && !strcmp(argv[1], "--check"))
		return check();
	if (argc == 3 && !strcmp(argv[1], "--turns"))
		turns = strtoul(argv[2], NULL, 10);
	else if (argc == 3 && !strcmp(argv[1], "--counter") && !open_counter(argv[2]))
		turns = 0;
	else if (argc == 2 || argc > 3)
		turns = 0;
	if (turns < 1 || turns > MAX_TURNS) {
		fprintf(stderr, "usage: bench-libdrm [--turns N | --counter FILE | --check]\n");
		return 2;
	}
	measure_all((unsigned int)turns);
	if (!counter)
		print_behaviour();
	return fflush(stdout) ? 1 : 0;
}
