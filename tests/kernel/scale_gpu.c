/* SPDX-License-Identifier: MIT */
/*
 * What grows with what, and what does not: mappings of a BO, BOs beside jobs, queues that are
 * blocked. Instructions are counted.
 */
#include <inttypes.h>
#include <time.h>

#include "kt_gpu.h"

#define VA	  0x40000000ull
#define BATCH	  500u
#define FEW	  1000u
#define MANY	  8000u
#define MAX_RATIO 12
#define RING	  4096u

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static void report(const char *what, uint64_t few, uint64_t many)
{
	print_message("# %s: %" PRIu64 " us and %" PRIu64 " us, ratio %.2f\n", what, few / 1000,
		      many / 1000, (double)many / (double)few);
}

/* At every second page, so that no two are neighbours. */
static void map_up_to(struct kt_gpu *gpu, uint32_t bo, uint32_t from, uint32_t to)
{
	struct drm_panthor_vm_bind_op ops[BATCH];

	for (uint32_t i = from; i < to; i += BATCH) {
		for (uint32_t j = 0; j < BATCH; j++)
			ops[j] = (struct drm_panthor_vm_bind_op){
				.flags = DRM_PANTHOR_VM_BIND_OP_TYPE_MAP,
				.bo_handle = bo,
				.va = VA + 2 * KT_PAGE * (i + j),
				.size = KT_PAGE,
			};
		assert_int_equal(kt_bind(gpu->fd, gpu->vm, ops, BATCH, NULL), 0);
	}
}

/* Evicts the BO with all its mappings, and times the job that brings it back. */
static uint64_t time_swapin(struct kt_gpu *gpu, uint32_t group, uint32_t last)
{
	uint64_t swapins, start;

	kt_shrink_all();
	assert_int_equal(kt_gem_get("mapped often").resident, 0);
	swapins = kt_reclaim("swapins");
	kt_gpu_copy(gpu, 0, VA + 2 * KT_PAGE * last);
	start = now_ns();
	assert_int_equal(kt_gpu_run(gpu, group, kt_gpu_job(gpu, 0)), 1);
	start = now_ns() - start;
	assert_true(kt_reclaim("swapins") > swapins);
	assert_int_equal(gpu->words[0], 77);
	return start;
}

static void test_swapin_is_linear_in_mappings(void **state)
{
	struct kt *t = *state;
	uint32_t bo = kt_bo(t->fd, KT_PAGE), group;
	uint32_t *word = kt_map(t->fd, bo, KT_PAGE);
	uint64_t few, many;
	struct kt_gpu gpu;

	*word = 77;
	assert_int_equal(kt_bo_label(t->fd, bo, "mapped often"), 0);
	kt_gpu_init(&gpu, t->fd);
	group = kt_group(t->fd, gpu.vm, 1, 4096);
	map_up_to(&gpu, bo, 0, FEW);
	/* The first time is for the allocator's caches. */
	time_swapin(&gpu, group, FEW - 1);
	few = time_swapin(&gpu, group, FEW - 1);
	map_up_to(&gpu, bo, FEW, MANY);
	time_swapin(&gpu, group, MANY - 1);
	many = time_swapin(&gpu, group, MANY - 1);
	report("bringing back a BO with 1000 and 8000 mappings", few, many);
	assert_true(many <= MAX_RATIO * few);
}

#define JOBS	 1000u
#define FEW_BOS	 10u
#define MANY_BOS 1000u

/* BOs that are not private to the VM: every job may use each of them. */
static void add_bos(struct kt_gpu *gpu, uint32_t from, uint32_t to)
{
	for (uint32_t i = from; i < to; i++)
		assert_int_equal(kt_vm_map(gpu->fd, gpu->vm, kt_bo(gpu->fd, KT_PAGE),
					   VA + KT_PAGE * i, 0, KT_PAGE),
				 0);
}

/* One call of many jobs that do nothing, until the last one has ended. */
static uint64_t time_submit(struct kt_gpu *gpu, uint32_t group)
{
	static struct drm_panthor_queue_submit jobs[JOBS];
	uint32_t done = kt_syncobj(gpu->fd, false);
	struct drm_panthor_sync_op sync = kt_signal_op(done, 0);
	uint64_t start;

	jobs[JOBS - 1].syncs = (struct drm_panthor_obj_array)DRM_PANTHOR_OBJ_ARRAY(1, &sync);
	start = now_ns();
	assert_int_equal(kt_submit(gpu->fd, group, jobs, JOBS), 0);
	assert_int_equal(kt_syncobj_result(gpu->fd, done), 1);
	return now_ns() - start;
}

/* Locking them is for the call, not for each of its jobs. */
static void test_jobs_times_bos_is_not_the_cost(void **state)
{
	struct kt *t = *state;
	uint64_t few, many;
	struct kt_gpu gpu;
	uint32_t group;

	kt_gpu_init(&gpu, t->fd);
	group = kt_group(t->fd, gpu.vm, 1, RING);
	add_bos(&gpu, 0, FEW_BOS);
	time_submit(&gpu, group);
	few = time_submit(&gpu, group);
	add_bos(&gpu, FEW_BOS, MANY_BOS);
	time_submit(&gpu, group);
	many = time_submit(&gpu, group);
	report("1000 jobs beside 10 and 1000 BOs", few, many);
	assert_true(many <= 2 * few);
}

#define SLEEPERS 64u
#define QUEUES	 8u
#define TURNS	 20000u

/* Counts, in as many turns as that takes. */
static uint64_t time_work(struct kt_gpu *gpu, uint32_t group)
{
	struct panthor_cs_label loop = { 0 };
	uint64_t start;

	panthor_cs_move32(&gpu->cs, 4, TURNS);
	panthor_cs_place(&gpu->cs, &loop);
	panthor_cs_add32(&gpu->cs, 4, 4, -1);
	panthor_cs_branch(&gpu->cs, PANTHOR_CS_NE, 4, &loop);
	start = now_ns();
	assert_int_equal(kt_gpu_run(gpu, group, kt_gpu_job(gpu, 0)), 1);
	return now_ns() - start;
}

/* Queues that wait for something take next to nothing from those that run. */
static void test_blocked_queues_cost_others_little(void **state)
{
	struct kt *t = *state;
	struct drm_panthor_queue_submit block;
	uint32_t group, sleeper, i, j;
	uint64_t alone, beside;
	struct kt_gpu gpu;

	kt_gpu_init(&gpu, t->fd);
	group = kt_group(t->fd, gpu.vm, 1, RING);
	time_work(&gpu, group);
	alone = time_work(&gpu, group);
	kt_gpu_block(&gpu, 0);
	block = kt_gpu_job(&gpu, 0);
	for (i = 0; i < SLEEPERS; i++) {
		sleeper = kt_group(t->fd, gpu.vm, QUEUES, RING);
		for (j = 0; j < QUEUES; j++) {
			block.queue_index = j;
			assert_int_equal(kt_submit(t->fd, sleeper, &block, 1), 0);
		}
	}
	time_work(&gpu, group);
	beside = time_work(&gpu, group);
	report("work alone and beside 512 blocked queues", alone, beside);
	assert_true(beside <= 2 * alone);
	gpu.words[0] = 1;
}

static const struct CMUnitTest tests[] = {
	kt_test(test_swapin_is_linear_in_mappings),
	kt_test(test_jobs_times_bos_is_not_the_cost),
	kt_test(test_blocked_queues_cost_others_little),
	kt_no_leaks(),
};

kt_main(tests)
