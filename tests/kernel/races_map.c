/* SPDX-License-Identifier: MIT */
/* CPU maps, GPU mappings, syncs and advice, all changing while pages are taken and brought back. */
#include <pthread.h>
#include <sys/wait.h>

#include "kt_race.h"

#define SIZE (32 * KT_PAGE)
#define VA   0x10000000ull

/* One BO, its contents and who has it mapped. */
struct target {
	uint32_t bo;
	uint64_t stamp;
	char *map;
	uint32_t vm[2];
};

static struct target new_target(int fd, uint32_t flags, uint64_t stamp)
{
	struct target target = { .stamp = stamp, .vm = { kt_vm(fd), kt_vm(fd) } };

	assert_int_equal(kt_bo_create(fd, SIZE, flags, 0, &target.bo), 0);
	target.map = kt_map(fd, target.bo, SIZE);
	kt_fill(target.map, SIZE, stamp);
	return target;
}

static void verify(struct kt_race *race, uint64_t *seed)
{
	struct target *target = race->arg;

	kt_race_check(kt_wrong(target->map, SIZE, target->stamp) == 0);
}

static void map_verify_unmap(struct kt_race *race, uint64_t *seed)
{
	struct target *target = race->arg;
	char *ptr = kt_race_map(race->fd, target->bo, SIZE);

	if (!kt_race_check(ptr))
		return;
	kt_race_check(kt_wrong(ptr, SIZE, target->stamp) == 0);
	/* In two pieces, from the middle: a map that is split and goes away by halves. */
	munmap(ptr + SIZE / 2, SIZE / 2);
	munmap(ptr, SIZE / 2);
}

/* Eviction removes page-table entries while maps come and go: neither may wait for the other. */
static void test_kb36_mmap_races_eviction(void **state)
{
	struct kt *t = *state;
	struct target target = new_target(t->fd, 0, 1);
	struct kt_race race = { .fd = t->fd, .arg = &target };
	static const kt_race_round workers[] = { map_verify_unmap, map_verify_unmap, verify,
						 kt_race_shrink };

	kt_race_run(&race, 1000, workers, ARRAY_SIZE(workers));
	assert_int_equal(kt_wrong(target.map, SIZE, target.stamp), 0);
}

/* Large enough for huge pages, whose faults come with the lock of the area alone. */
#define BIG (4 * KT_MIB)

static void look_at_big(struct kt_race *race, uint64_t *seed)
{
	struct target *target = race->arg;
	char *ptr = kt_race_map(race->fd, target->bo, BIG);

	if (!kt_race_check(ptr))
		return;
	/* One page in each half. */
	for (uint64_t half = 0; half < 2; half++) {
		uint64_t page = half * BIG / 2 / KT_PAGE + kt_rand(seed) % (BIG / 2 / KT_PAGE);

		kt_race_check(kt_wrong(ptr + page * KT_PAGE, KT_PAGE, page) == 0);
	}
	munmap(ptr, BIG);
}

/*
 * A fault that has to wait lets go of the lock that it was called with, whichever that is: the
 * other one is not its own, and this one would stay taken for ever.
 */
static void test_kb9_faults_of_big_maps_race_eviction(void **state)
{
	struct kt *t = *state;
	struct target target = { .bo = kt_bo(t->fd, BIG) };
	struct kt_race race = { .fd = t->fd, .arg = &target };
	static const kt_race_round workers[] = { look_at_big, look_at_big, kt_race_shrink };
	char *ptr = kt_map(t->fd, target.bo, BIG);

	for (uint64_t page = 0; page < BIG / KT_PAGE; page++)
		kt_fill(ptr + page * KT_PAGE, KT_PAGE, page);
	kt_unmap(ptr, BIG);
	kt_race_run(&race, 400, workers, ARRAY_SIZE(workers));
	assert_true(kt_reclaim("evictions") > 0);
}

/* Each writer owns a page and must always find what it wrote last. */
static void write_own_page(struct kt_race *race, uint64_t *seed)
{
	struct target *target = race->arg;
	static _Thread_local uint64_t written;
	static _Thread_local volatile uint64_t *word;
	static int next_page;

	if (!word)
		word = (void *)(target->map +
				(size_t)__sync_fetch_and_add(&next_page, 1) * KT_PAGE);
	kt_race_check(!written || *word == written);
	written = kt_rand(seed) | 1;
	*word = written;
}

static void test_writes_race_eviction(void **state)
{
	struct kt *t = *state;
	struct target target = new_target(t->fd, 0, 2);
	struct kt_race race = { .fd = t->fd, .arg = &target };
	static const kt_race_round workers[] = { write_own_page, write_own_page, write_own_page,
						 kt_race_shrink };

	kt_race_run(&race, 6000, workers, ARRAY_SIZE(workers));
	assert_true(kt_reclaim("evictions") > 0);
}

static void bind_somewhere(struct kt_race *race, uint64_t *seed)
{
	struct target *target = race->arg;
	uint32_t vm = target->vm[kt_rand(seed) % 2];
	uint64_t va = VA + kt_rand(seed) % 64 * KT_PAGE;

	if (kt_rand(seed) % 3)
		kt_race_check(kt_vm_map(race->fd, vm, target->bo, va, 0, SIZE) == 0);
	else
		kt_race_check(kt_vm_unmap(race->fd, vm, va, SIZE / 2) == 0);
}

static void test_kb29_kb41_bind_races_eviction(void **state)
{
	struct kt *t = *state;
	struct target target = new_target(t->fd, 0, 3);
	struct kt_race race = { .fd = t->fd, .arg = &target };
	static const kt_race_round workers[] = { bind_somewhere, bind_somewhere, verify,
						 kt_race_shrink };

	kt_race_run(&race, 6000, workers, ARRAY_SIZE(workers));
	assert_int_equal(kt_wrong(target.map, SIZE, target.stamp), 0);
}

static void vm_life(struct kt_race *race, uint64_t *seed)
{
	struct target *target = race->arg;
	uint32_t vm;

	if (!kt_race_check(kt_vm_create(race->fd, 0, &vm) == 0))
		return;
	kt_race_check(kt_vm_map(race->fd, vm, target->bo, VA, 0, SIZE) == 0);
	kt_race_check(kt_vm_map(race->fd, vm, target->bo, VA + SIZE / 2, 0, SIZE / 2) == 0);
	kt_race_check(kt_vm_destroy(race->fd, vm) == 0);
}

/* The scan may hold the last reference of a VM, and must not drop it under its lock. */
static void test_kb31_vm_destroy_races_scan(void **state)
{
	struct kt *t = *state;
	struct target target = new_target(t->fd, 0, 4);
	struct kt_race race = { .fd = t->fd, .arg = &target };
	static const kt_race_round workers[] = { vm_life, vm_life, kt_race_shrink, kt_race_shrink };

	kt_race_run(&race, 4000, workers, ARRAY_SIZE(workers));
	assert_int_equal(kt_wrong(target.map, SIZE, target.stamp), 0);
}

/* Brings the scatter list back, however often it is taken. */
static void bind_and_sync(struct kt_race *race, uint64_t *seed)
{
	struct target *target = race->arg;

	kt_race_check(kt_vm_map(race->fd, target->vm[0], target->bo, VA, 0, SIZE) == 0);
	kt_race_check(kt_bo_sync(race->fd, target->bo, 0, 0, SIZE) == 0);
}

static void sync_all(struct kt_race *race, uint64_t *seed)
{
	struct target *target = race->arg;

	kt_race_check(kt_bo_sync(race->fd, target->bo, (uint32_t)(kt_rand(seed) % 2), 0, SIZE) ==
		      0);
}

/*
 * BO_SYNC walks the scatter list that eviction frees. The rounds are those of who makes a new one:
 * without it the others would find nothing to walk.
 */
static void test_kb19_sync_races_eviction(void **state)
{
	struct kt *t = *state;
	struct target target = new_target(t->fd, DRM_PANTHOR_BO_WB_MMAP, 5);
	struct kt_race race = { .fd = t->fd, .arg = &target };
	static const kt_race_round workers[] = { bind_and_sync, sync_all, sync_all,
						 kt_race_shrink };

	kt_race_run(&race, 5000, workers, ARRAY_SIZE(workers));
	assert_int_equal(kt_wrong(target.map, SIZE, target.stamp), 0);
}

static void advise(struct kt_race *race, uint64_t *seed)
{
	struct target *target = race->arg;
	uint32_t madv = (uint32_t)(kt_rand(seed) % 4);
	uint32_t retained;
	int ret = kt_madvise(race->fd, target->bo, madv, &retained);

	kt_race_check(ret == 0 || (madv == DRM_PANTHOR_BO_MADV_PAGEOUT && ret == -EBUSY));
	kt_race_check(ret || retained <= 1);
}

/* A word is what was written, or zero, or not there: nothing else, whatever happened meanwhile. */
static void touch(struct kt_race *race, uint64_t *seed)
{
	struct target *target = race->arg;
	char *ptr = target->map + kt_rand(seed) % (SIZE / 8) * 8;
	uint64_t value = 0;
	int sig = kt_rand(seed) % 2 ? kt_poke(ptr, 0x5a5a) : kt_peek(ptr, &value);

	kt_race_check(sig == 0 || sig == SIGBUS);
	kt_race_check(value == 0 || value == 0x5a5a);
}

static void test_madvise_races_touch(void **state)
{
	struct kt *t = *state;
	struct target target = new_target(t->fd, 0, 6);
	struct kt_race race = { .fd = t->fd, .arg = &target };
	static const kt_race_round workers[] = { advise, touch, touch, kt_race_shrink };

	memset(target.map, 0, SIZE);
	kt_race_run(&race, 5000, workers, ARRAY_SIZE(workers));
	assert_int_equal(kt_madvise(t->fd, target.bo, DRM_PANTHOR_BO_MADV_WILLNEED, NULL), 0);
	assert_int_equal(kt_poke(target.map, 1), 0);
}

static void page_out(struct kt_race *race, uint64_t *seed)
{
	struct target *target = race->arg;
	int ret = kt_madvise(race->fd, target->bo, DRM_PANTHOR_BO_MADV_PAGEOUT, NULL);

	kt_race_check(ret == 0 || ret == -EBUSY);
}

static void touch_page(struct kt_race *race, uint64_t *seed)
{
	struct target *target = race->arg;
	uint64_t value;

	kt_race_check(kt_peek(target->map, &value) == 0 && value == target->stamp);
}

/* Whoever comes second finds nothing left to take: what was seen before the lock may be gone. */
static void test_several_evict_one_bo(void **state)
{
	struct kt *t = *state;
	struct target target = { .stamp = 9, .bo = kt_bo(t->fd, KT_PAGE) };
	struct kt_race race = { .fd = t->fd, .arg = &target };
	static const kt_race_round workers[] = { touch_page, kt_race_shrink, kt_race_shrink,
						 page_out };

	/* One page: the eviction is as short as it can be, and the moments around it count. */
	target.map = kt_map(t->fd, target.bo, KT_PAGE);
	assert_int_equal(kt_poke(target.map, target.stamp), 0);
	kt_race_run(&race, 6000, workers, ARRAY_SIZE(workers));
}

static void fork_and_verify(struct kt_race *race, uint64_t *seed)
{
	struct target *target = race->arg;
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(kt_wrong(target->map, SIZE, target->stamp) == 0 ? 0 : 1);
	kt_race_check(pid > 0 && waitpid(pid, &status, 0) == pid && status == 0);
}

static void test_fork_races_eviction(void **state)
{
	struct kt *t = *state;
	struct target target = new_target(t->fd, 0, 7);
	struct kt_race race = { .fd = t->fd, .arg = &target };
	static const kt_race_round workers[] = { fork_and_verify, fork_and_verify, kt_race_shrink };

	kt_race_run(&race, 300, workers, ARRAY_SIZE(workers));
}

static void nothing(int sig)
{
}

static pthread_t verifier;

static void verify_and_be_named(struct kt_race *race, uint64_t *seed)
{
	verifier = pthread_self();
	verify(race, seed);
}

static void interrupt(struct kt_race *race, uint64_t *seed)
{
	if (verifier && !race->stop)
		pthread_kill(verifier, SIGUSR1);
	kt_race_shrink(race, seed);
}

/* Faults sleep interruptibly: a signal ends the wait, and the access is made again after it. */
static void test_kb10_signals_race_faults(void **state)
{
	struct kt *t = *state;
	struct target target = new_target(t->fd, 0, 8);
	struct kt_race race = { .fd = t->fd, .arg = &target };
	static const kt_race_round workers[] = { bind_somewhere, verify_and_be_named, interrupt };
	struct sigaction action = { .sa_handler = nothing };

	sigaction(SIGUSR1, &action, NULL);
	verifier = 0;
	kt_race_run(&race, 2000, workers, ARRAY_SIZE(workers));
	assert_int_equal(kt_wrong(target.map, SIZE, target.stamp), 0);
}

static const struct CMUnitTest tests[] = {
	kt_test(test_kb36_mmap_races_eviction),
	kt_test(test_kb9_faults_of_big_maps_race_eviction),
	kt_test(test_writes_race_eviction),
	kt_test(test_kb29_kb41_bind_races_eviction),
	kt_test(test_kb31_vm_destroy_races_scan),
	kt_test(test_kb19_sync_races_eviction),
	kt_test(test_madvise_races_touch),
	kt_test(test_several_evict_one_bo),
	kt_test(test_fork_races_eviction),
	kt_test(test_kb10_signals_race_faults),
	kt_no_leaks(),
};

kt_main(tests)
