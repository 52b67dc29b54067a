/* SPDX-License-Identifier: MIT */
/* Worker threads for tests of concurrency. */
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>

#include "kt_race.h"

#define MAX_WORKERS 8
/* Rounds by which the workers may be apart. */
#define WINDOW 16
/* No race has fewer, however slow the kernel: within one window some may not have run at all. */
#define LEAST_ROUNDS (4 * WINDOW)
#define SEED	     1000

/*
 * All workers do the same number of rounds, at nearly the same time. Left to the scheduler, with
 * few CPUs some would do nothing, or all that the others did would be undone before they get on.
 * @cpu: the only one it runs on
 * @allowed: rounds the worker may do, handed out by the leader
 * @room: how far the leader may still run ahead of the worker
 */
struct worker {
	struct kt_race *race;
	kt_race_round round;
	uint64_t seed;
	int cpu;
	sem_t allowed;
	sem_t room;
};

static atomic_uint failures;

bool kt_race_report(bool ok, const char *what, const char *file, int line)
{
	if (!ok && atomic_fetch_add(&failures, 1) < 10)
		print_error("# %s:%d: %s\n", file, line, what);
	return ok;
}

/* Signals are part of some races. */
static void take(sem_t *sem)
{
	while (sem_wait(sem) < 0)
		;
}

/*
 * Neighbours in the list are on different CPUs, so that they do run at the same time. The scheduler
 * would let those who wake each other share one.
 */
static int cpu_of(const cpu_set_t *cpus, size_t worker)
{
	size_t skip = worker % (size_t)CPU_COUNT(cpus);
	int cpu = 0;

	while (!CPU_ISSET(cpu, cpus) || skip-- > 0)
		cpu++;
	return cpu;
}

static bool run_on(int cpu)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(cpu, &cpus);
	return sched_setaffinity(0, sizeof(cpus), &cpus) == 0;
}

static void *follow(void *arg)
{
	struct worker *worker = arg;

	kt_race_check(run_on(worker->cpu));
	for (;;) {
		take(&worker->allowed);
		if (worker->race->stop)
			return NULL;
		worker->round(worker->race, &worker->seed);
		sem_post(&worker->room);
	}
}

static void lead(struct worker *workers, size_t count, int rounds)
{
	struct kt_race *race = workers[0].race;
	size_t i;

	kt_race_check(run_on(workers[0].cpu));
	while (rounds-- > 0) {
		for (i = 1; i < count; i++) {
			take(&workers[i].room);
			sem_post(&workers[i].allowed);
		}
		workers[0].round(race, &workers[0].seed);
	}
	race->stop = 1;
	for (i = 1; i < count; i++)
		sem_post(&workers[i].allowed);
}

static bool has_shrinker(const kt_race_round *rounds_of, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (rounds_of[i] == kt_race_shrink)
			return true;
	}
	return false;
}

static uint64_t bos_taken(void)
{
	return kt_reclaim("evictions") + kt_reclaim("purges");
}

int kt_race_rounds(int rounds)
{
	int fewer = rounds / kt_slowdown();

	if (fewer >= LEAST_ROUNDS)
		return fewer;
	return rounds < LEAST_ROUNDS ? rounds : LEAST_ROUNDS;
}

static void run(struct kt_race *race, int rounds, const kt_race_round *rounds_of, size_t count)
{
	struct worker workers[MAX_WORKERS];
	pthread_t threads[MAX_WORKERS];
	cpu_set_t cpus;
	size_t i;

	assert_true(count <= MAX_WORKERS);
	assert_int_equal(sched_getaffinity(0, sizeof(cpus), &cpus), 0);
	rounds = kt_race_rounds(rounds);
	print_message("# %zu threads on %d CPU%s, %d rounds each, seed %d\n", count,
		      CPU_COUNT(&cpus), CPU_COUNT(&cpus) == 1 ? ", so they only take turns" : "s",
		      rounds, SEED);
	failures = 0;
	race->stop = 0;
	race->shrink = kt_debugfs_open("shrink", O_WRONLY);
	assert_true(race->shrink >= 0);
	for (i = 0; i < count; i++) {
		workers[i] = (struct worker){ race, rounds_of[i], SEED + i, cpu_of(&cpus, i) };
		sem_init(&workers[i].allowed, 0, 0);
		sem_init(&workers[i].room, 0, WINDOW);
		if (i > 0)
			assert_int_equal(pthread_create(&threads[i], NULL, follow, &workers[i]), 0);
	}
	lead(workers, count, rounds);
	for (i = 0; i < count; i++) {
		if (i > 0)
			pthread_join(threads[i], NULL);
		sem_destroy(&workers[i].allowed);
		sem_destroy(&workers[i].room);
	}
	close(race->shrink);
	assert_int_equal(sched_setaffinity(0, sizeof(cpus), &cpus), 0);
	assert_int_equal(failures, 0);
}

void kt_race_run(struct kt_race *race, int rounds, const kt_race_round *rounds_of, size_t count)
{
	bool shrinks = has_shrinker(rounds_of, count);
	uint64_t before = shrinks ? bos_taken() : 0;

	run(race, rounds, rounds_of, count);
	if (!shrinks)
		return;
	/* A race against reclaim that finds nothing to take is none. */
	print_message("# %d BOs taken\n", (int)(bos_taken() - before));
	assert_true(bos_taken() > before);
}

void kt_race_shrink(struct kt_race *race, uint64_t *seed)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%u", (unsigned int)(kt_rand(seed) % 64));

	kt_race_check(write(race->shrink, text, (size_t)len) == len);
}

void kt_race_gems(struct kt_race *race, uint64_t *seed)
{
	char buf[4096];
	int fd = kt_debugfs_open("gems", O_RDONLY);
	ssize_t n;

	if (!kt_race_check(fd >= 0))
		return;
	while ((n = read(fd, buf, 1 + kt_rand(seed) % sizeof(buf))) > 0)
		;
	kt_race_check(n == 0);
	close(fd);
}

void *kt_race_map(int fd, uint32_t handle, size_t size)
{
	uint64_t offset;
	void *ptr;

	if (kt_bo_offset(fd, handle, &offset) < 0 ||
	    kt_mmap(fd, offset, size, PROT_READ | PROT_WRITE, MAP_SHARED, &ptr) < 0)
		return NULL;
	return ptr;
}
