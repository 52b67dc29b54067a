/* SPDX-License-Identifier: MIT */
/*
 * A BO that is mapped very often: bringing it back costs as much more as there are more mappings,
 * not that squared. Instructions are counted.
 */
#include <inttypes.h>
#include <time.h>

#include "kt_gpu.h"

#define VA	  0x40000000ull
#define BATCH	  500u
#define FEW	  1000u
#define MANY	  8000u
#define MAX_RATIO 12

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
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
	print_message("# %u mappings: %" PRIu64 " us, %u mappings: %" PRIu64 " us, ratio %.2f\n",
		      FEW, few / 1000, MANY, many / 1000, (double)many / (double)few);
	assert_true(many <= MAX_RATIO * few);
}

static const struct CMUnitTest tests[] = {
	kt_test(test_swapin_is_linear_in_mappings),
	kt_no_leaks(),
};

kt_main(tests)
