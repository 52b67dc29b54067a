/* SPDX-License-Identifier: MIT */
/*
 * What jobs see of mappings: not a byte beyond them, nothing of what was purged, all of what was
 * evicted; and what becomes of a job whose mapping changes while it runs.
 */
#include "gpu_fixture.h"

#define VA     0x40000000ull
#define BLOCK  (2 * KT_MIB)
#define NEEDLE 0xabcd1234u

static int run_alone(struct gpu *g, struct gpu_job *job)
{
	struct panthor_group *group = gpu_group(g);
	uint32_t state = 0;
	int r;

	gpu_run(job, group, 0);
	r = gpu_wait(job);
	assert_int_equal(panthor_group_state(group, &state, NULL), 0);
	assert_int_equal(state, r ? PANTHOR_GROUP_FATAL_FAULT : 0);
	gpu_group_destroy(g, group);
	return r;
}

/* One access by a group of its own. */
static int load(struct gpu *g, uint64_t va)
{
	struct gpu_job *job = gpu_job(g);

	gpu_cs_copy(&job->cs, DATA_VA + 256, va);
	return run_alone(g, job);
}

static int store(struct gpu *g, uint64_t va, uint32_t value)
{
	struct gpu_job *job = gpu_job(g);

	gpu_cs_store(&job->cs, va, value);
	return run_alone(g, job);
}

/* Both ends of a mapping, from inside and from outside. */
static void expect_bounds(struct gpu *g, uint64_t va, uint64_t size)
{
	kt_expect("load, first word", load(g, va), 0);
	kt_expect("load, last word", load(g, va + size - 4), 0);
	kt_expect("load, word before", load(g, va - 4), -EFAULT);
	kt_expect("load, word behind", load(g, va + size), -EFAULT);
	kt_expect("store, first word", store(g, va, 1), 0);
	kt_expect("store, last word", store(g, va + size - 4, 2), 0);
	kt_expect("store, word before", store(g, va - 4, 3), -EFAULT);
	kt_expect("store, word behind", store(g, va + size, 4), -EFAULT);
}

/* What the stores of expect_bounds() left, and nothing else. */
static void assert_bounds_stored(struct panthor_bo *bo, uint64_t offset, uint64_t size)
{
	uint32_t *words = NULL;

	assert_int_equal(panthor_bo_map(bo, (void **)&words), 0);
	assert_int_equal(words[offset / 4], 1);
	assert_int_equal(words[(offset + size) / 4 - 1], 2);
	words[offset / 4] = 0;
	words[(offset + size) / 4 - 1] = 0;
	assert_int_equal(kt_nonzero(words, panthor_bo_size(bo)), 0);
	panthor_bo_unmap(bo);
}

/* Rows: what of a BO is mapped where, and with large pages or across their borders. */
static void part_of_a_bo(void **state)
{
	static const struct {
		uint64_t bo_size, offset, va, size;
	} rows[] = {
		{ 4 * KT_PAGE, KT_PAGE, VA, KT_PAGE },
		{ 4 * KT_PAGE, 0, VA + KT_PAGE, 3 * KT_PAGE },
		{ 2 * BLOCK, 0, VA, BLOCK },
		{ 2 * BLOCK, 0, VA, BLOCK + KT_PAGE },
		{ 2 * BLOCK, KT_PAGE, VA + KT_PAGE, 2 * BLOCK - 2 * KT_PAGE },
	};
	struct gpu *g = *state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct panthor_bo *bo = NULL;

		assert_int_equal(panthor_bo_new(g->dev, NULL, rows[i].bo_size, 0, &bo), 0);
		assert_int_equal(
			panthor_vm_map(g->vm, bo, rows[i].offset, rows[i].va, rows[i].size, 0), 0);
		expect_bounds(g, rows[i].va, rows[i].size);
		assert_bounds_stored(bo, rows[i].offset, rows[i].size);
		assert_int_equal(panthor_vm_unmap(g->vm, rows[i].va, rows[i].size), 0);
		kt_expect("load, unmapped", load(g, rows[i].va), -EFAULT);
		panthor_bo_unref(bo);
	}
	kt_all_expected();
}

/* A hole in the middle of a large page, and then what is left on both sides. */
static void hole_in_a_block(void **state)
{
	struct gpu *g = *state;
	struct panthor_bo *bo = gpu_bo(g, 2 * BLOCK, VA, 0);
	uint64_t hole = VA + BLOCK / 2, behind = hole + KT_PAGE;

	assert_int_equal(panthor_vm_unmap(g->vm, hole, KT_PAGE), 0);
	kt_expect("hole, first word", load(g, hole), -EFAULT);
	kt_expect("hole, last word", store(g, behind - 4, 1), -EFAULT);
	kt_expect("before", store(g, hole - 4, 1), 0);
	kt_expect("behind", store(g, behind, 2), 0);
	kt_all_expected();
	assert_bounds_stored(bo, BLOCK / 2 - 4, KT_PAGE + 8);
	panthor_bo_unref(bo);
}

/* A BO that nobody but the GPU has mapped, whose first word is NEEDLE. */
static struct panthor_bo *needle_bo(struct gpu *g, const char *label)
{
	struct panthor_bo *bo = gpu_bo(g, 16 * KT_PAGE, VA, 0);

	assert_int_equal(panthor_bo_set_label(bo, label), 0);
	assert_int_equal(store(g, VA, NEEDLE), 0);
	return bo;
}

static uint32_t first_word(struct gpu *g)
{
	g->words[64] = ~0u;
	assert_int_equal(load(g, VA), 0);
	return g->words[64];
}

static void purged(void **state)
{
	struct gpu *g = *state;
	struct gpu_bystanders others;
	struct panthor_bo *bo = needle_bo(g, "purged");
	uint64_t purges = kt_reclaim("purges");
	bool retained = false;

	/* As long as it is there it can be used. */
	assert_int_equal(panthor_bo_madvise(bo, PANTHOR_BO_DONTNEED, &retained), 0);
	assert_true(retained);
	assert_int_equal(first_word(g), NEEDLE);
	kt_shrink_all();
	assert_int_equal(kt_reclaim("purges"), purges + 1);
	assert_int_equal(kt_gem_get("purged").resident, 0);

	gpu_bystanders_start(g, &others);
	kt_expect("load", load(g, VA), -EFAULT);
	kt_expect("store", store(g, VA + 15 * KT_PAGE, 1), -EFAULT);
	kt_all_expected();
	assert_int_equal(kt_gem_get("purged").resident, 0);
	gpu_bystanders_finish(&others);

	assert_int_equal(panthor_bo_madvise(bo, PANTHOR_BO_WILLNEED, &retained), 0);
	assert_false(retained);
	assert_int_equal(first_word(g), 0);
	assert_int_equal(store(g, VA, NEEDLE), 0);
	assert_int_equal(first_word(g), NEEDLE);
	panthor_bo_unref(bo);
}

static void evicted(void **state)
{
	struct gpu *g = *state;
	struct panthor_bo *bo = needle_bo(g, "evicted");

	kt_shrink_all();
	assert_int_equal(kt_gem_get("evicted").resident, 0);
	assert_int_equal(first_word(g), NEEDLE);
	assert_int_equal(kt_gem_get("evicted").resident, 16 * KT_PAGE);
	panthor_bo_unref(bo);
}

/* A job that counts at VA for ever, and has begun. */
struct runner {
	struct panthor_group *group;
	struct gpu_job *job;
	struct panthor_bo *bo;
	volatile uint32_t *count;
};

static void start_runner(struct gpu *g, struct runner *runner)
{
	runner->bo = gpu_bo(g, KT_PAGE, VA, 0);
	assert_int_equal(panthor_bo_map(runner->bo, (void **)&runner->count), 0);
	runner->group = gpu_group(g);
	runner->job = gpu_job(g);
	gpu_cs_count(&runner->job->cs, VA, 0);
	gpu_run(runner->job, runner->group, 0);
	assert_true(gpu_word_passes(runner->count, 0));
}

static void assert_runner_faults(struct runner *runner)
{
	assert_int_equal(gpu_wait(runner->job), -EFAULT);
	gpu_assert_group(runner->group, PANTHOR_GROUP_FATAL_FAULT, 1);
	panthor_bo_unref(runner->bo);
}

static void unmapped_while_running(void **state)
{
	struct gpu *g = *state;
	struct gpu_bystanders others;
	struct runner runner;

	gpu_bystanders_start(g, &others);
	start_runner(g, &runner);
	assert_int_equal(panthor_vm_unmap(g->vm, VA, KT_PAGE), 0);
	assert_runner_faults(&runner);
	gpu_bystanders_finish(&others);
}

static void read_only_while_running(void **state)
{
	struct gpu *g = *state;
	struct runner runner;

	start_runner(g, &runner);
	assert_int_equal(panthor_vm_map(g->vm, runner.bo, 0, VA, KT_PAGE, PANTHOR_MAP_READONLY), 0);
	assert_runner_faults(&runner);
	assert_int_equal(load(g, VA), 0);
}

/* There is no moment between the old mapping and the new one. */
static void replaced_while_running(void **state)
{
	struct gpu *g = *state;
	struct runner runner;
	struct panthor_bo *next = NULL;
	uint32_t *count = NULL, old;

	start_runner(g, &runner);
	assert_int_equal(panthor_bo_new(g->dev, NULL, KT_PAGE, 0, &next), 0);
	assert_int_equal(panthor_bo_map(next, (void **)&count), 0);
	for (int i = 0; i < 100; i++) {
		*(volatile uint32_t *)count = 0;
		assert_int_equal(panthor_vm_map(g->vm, next, 0, VA, KT_PAGE, 0), 0);
		old = *runner.count;
		assert_true(gpu_word_passes(count, 0));
		assert_int_equal(*runner.count, old);
		assert_int_equal(panthor_vm_map(g->vm, runner.bo, 0, VA, KT_PAGE, 0), 0);
		assert_true(gpu_word_passes(runner.count, old));
	}
	assert_false(gpu_is_done(runner.job));
	gpu_group_destroy(g, runner.group);
	assert_int_equal(gpu_wait(runner.job), -ECANCELED);
	panthor_bo_unref(next);
	panthor_bo_unref(runner.bo);
}

static void vm_destroyed_while_running(void **state)
{
	struct gpu *g = *state;
	struct gpu *gone = gpu_beside(g, g->dev);
	struct gpu_bystanders others;
	struct runner runner;

	gpu_bystanders_start(g, &others);
	start_runner(gone, &runner);
	assert_int_equal(kt_vm_destroy(panthor_device_fd(g->dev), panthor_vm_id(gone->vm)), 0);
	assert_runner_faults(&runner);
	gpu_bystanders_finish(&others);
}

static const struct CMUnitTest tests[] = {
	gpu_test(part_of_a_bo),
	gpu_test(hole_in_a_block),
	gpu_test(purged),
	gpu_test(evicted),
	gpu_test(unmapped_while_running),
	gpu_test(read_only_while_running),
	gpu_test(replaced_while_running),
	gpu_test(vm_destroyed_while_running),
	kt_no_leaks(),
};

kt_main(tests)
