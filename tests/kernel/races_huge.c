/* SPDX-License-Identifier: MIT */
/* Huge entries of CPU maps, which fork() copies in a way of its own, while pages are taken. */
#include <pthread.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "kt_race.h"

#define HUGE_PAGE (2 * KT_MIB)
#define SIZE	  (2 * HUGE_PAGE)

static long faults(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_minflt;
}

static long faults_of_access(const volatile char *ptr)
{
	long before;

	/* The first call brings what the program itself is short of. */
	faults();
	before = faults();
	(void)*ptr;
	return faults() - before;
}

static int run(pid_t pid)
{
	int status;

	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

/*
 * A child that starts with its parent's huge entries may have one that eviction was just taking
 * away: it finds them out anew.
 */
static void test_fork_copies_no_huge_entry(void **state)
{
	struct kt *t = *state;
	char *ptr = kt_map(t->fd, kt_bo(t->fd, SIZE), SIZE);
	pid_t pid;

	assert_int_equal(kt_poke(ptr, 1), 0);
	/* One entry for all of it: nothing is left to fault in. */
	assert_int_equal(faults_of_access(ptr + HUGE_PAGE - KT_PAGE), 0);

	pid = fork();
	if (pid == 0)
		_exit(faults_of_access(ptr) > 0 ? 0 : 1);
	assert_int_equal(run(pid), 0);
	assert_int_equal(*(uint64_t *)(void *)ptr, 1);
}

struct target {
	int fd;
	uint32_t bo;
	pthread_barrier_t barrier;
};

static void *page_out(void *arg)
{
	struct target *target = arg;

	pthread_barrier_wait(&target->barrier);
	kt_madvise(target->fd, target->bo, DRM_PANTHOR_BO_MADV_PAGEOUT, NULL);
	return NULL;
}

/* What a child writes after all that is there for its parent. */
static void fork_and_evict(struct kt *t, uint64_t stamp)
{
	struct target target = { .fd = t->fd, .bo = kt_bo(t->fd, SIZE) };
	char *ptr = kt_map(t->fd, target.bo, SIZE);
	pthread_t thread;
	size_t i;
	pid_t pid;

	for (i = 0; i < SIZE; i += HUGE_PAGE)
		assert_int_equal(kt_poke(ptr + i, 0), 0);
	pthread_barrier_init(&target.barrier, NULL, 2);
	assert_int_equal(pthread_create(&thread, NULL, page_out, &target), 0);
	pthread_barrier_wait(&target.barrier);
	pid = fork();
	if (pid == 0) {
		for (i = 0; i < SIZE; i += HUGE_PAGE)
			*(volatile uint64_t *)(void *)(ptr + i) = stamp;
		_exit(0);
	}
	pthread_join(thread, NULL);
	assert_int_equal(run(pid), 0);
	for (i = 0; i < SIZE; i += HUGE_PAGE)
		assert_int_equal(*(volatile uint64_t *)(void *)(ptr + i), stamp);
	pthread_barrier_destroy(&target.barrier);
	kt_unmap(ptr, SIZE);
	assert_int_equal(kt_bo_close(t->fd, target.bo), 0);
}

static void test_fork_races_eviction_of_huge_pages(void **state)
{
	uint64_t round, rounds = (uint64_t)kt_race_rounds(100);

	for (round = 1; round <= rounds; round++)
		fork_and_evict(*state, round);
}

static const struct CMUnitTest tests[] = {
	kt_test(test_fork_copies_no_huge_entry),
	kt_test(test_fork_races_eviction_of_huge_pages),
	kt_no_leaks(),
};

kt_main(tests)
