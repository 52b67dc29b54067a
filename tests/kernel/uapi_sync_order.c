/* SPDX-License-Identifier: MIT */
/* What runs before what: waits on fences of the same call, of calls before it, and in memory. */
#include "kt_gpu.h"

#define QUEUES 3u
#define RING   4096u

static uint32_t state_of(int fd, uint32_t group)
{
	uint32_t state;

	assert_int_equal(kt_group_state(fd, group, &state, NULL), 0);
	return state;
}

static struct drm_panthor_queue_submit with_syncs(struct drm_panthor_queue_submit job,
						  const struct drm_panthor_sync_op *syncs,
						  uint32_t count)
{
	job.syncs = (struct drm_panthor_obj_array)DRM_PANTHOR_OBJ_ARRAY(count, syncs);
	return job;
}

/* Many slices of nothing: whoever does not wait for it is long done by then. */
static void linger(struct panthor_cs *cs)
{
	struct panthor_cs_label loop = { 0 };

	panthor_cs_move32(cs, 6, 50000);
	panthor_cs_place(cs, &loop);
	panthor_cs_add32(cs, 6, 6, -1);
	panthor_cs_branch(cs, PANTHOR_CS_NE, 6, &loop);
}

/*
 * The syncobj has a fence that is long signalled, so only who waits for the earlier job of the call
 * sees what that one stores in the end.
 */
static void test_earlier_job_of_the_call(void **state)
{
	struct kt *t = *state;
	uint32_t link = kt_syncobj(t->fd, true), done = kt_syncobj(t->fd, false), group;
	struct drm_panthor_sync_op first = kt_signal_op(link, 0);
	struct drm_panthor_sync_op second[2] = { kt_wait_op(link, 0), kt_signal_op(done, 0) };
	struct drm_panthor_queue_submit jobs[2];
	struct kt_gpu gpu;

	kt_gpu_init(&gpu, t->fd);
	group = kt_group(t->fd, gpu.vm, QUEUES, RING);
	linger(&gpu.cs);
	kt_gpu_store(&gpu, 0, 77);
	jobs[0] = with_syncs(kt_gpu_job(&gpu, 0), &first, 1);
	kt_gpu_copy(&gpu, 1, KT_DATA_VA);
	jobs[1] = with_syncs(kt_gpu_job(&gpu, 1), second, 2);
	assert_int_equal(kt_submit(t->fd, group, jobs, 2), 0);
	assert_int_equal(kt_syncobj_result(t->fd, done), 1);
	assert_int_equal(gpu.words[1], 77);
	assert_int_equal(kt_syncobj_result(t->fd, link), 1);
}

/* Waiting for the later job would be for ever: that one waits for what this one stores. */
static void test_later_job_of_the_call(void **state)
{
	struct kt *t = *state;
	uint32_t link = kt_syncobj(t->fd, true), group;
	struct drm_panthor_sync_op first = kt_wait_op(link, 0), second = kt_signal_op(link, 0);
	struct drm_panthor_queue_submit jobs[2];
	struct kt_gpu gpu;

	kt_gpu_init(&gpu, t->fd);
	group = kt_group(t->fd, gpu.vm, QUEUES, RING);
	kt_gpu_store(&gpu, 0, 1);
	jobs[0] = with_syncs(kt_gpu_job(&gpu, 0), &first, 1);
	kt_gpu_block(&gpu, 0);
	jobs[1] = with_syncs(kt_gpu_job(&gpu, 1), &second, 1);
	assert_int_equal(kt_submit(t->fd, group, jobs, 2), 0);
	assert_int_equal(kt_syncobj_result(t->fd, link), 1);
	assert_int_equal(state_of(t->fd, group), 0);
}

/* A chain over three queues and two groups, from call to call, held up at its beginning. */
static void test_chain_of_calls(void **state)
{
	struct kt *t = *state;
	uint32_t line = kt_syncobj(t->fd, false), groups[2], i;
	struct drm_panthor_queue_submit job;
	struct kt_gpu gpu;

	kt_gpu_init(&gpu, t->fd);
	groups[0] = kt_group(t->fd, gpu.vm, QUEUES, RING);
	groups[1] = kt_group(t->fd, gpu.vm, QUEUES, RING);
	kt_syncobj_signal_point(t->fd, line, 1);
	for (i = 1; i < 20; i++) {
		struct drm_panthor_sync_op syncs[2] = { kt_wait_op(line, i),
							kt_signal_op(line, i + 1) };

		if (i == 1)
			kt_gpu_block(&gpu, 100);
		kt_gpu_copy(&gpu, i, KT_DATA_VA + (i - 1) * 4);
		job = with_syncs(kt_gpu_job(&gpu, i % QUEUES), syncs, 2);
		assert_int_equal(kt_submit(t->fd, groups[i % 2], &job, 1), 0);
	}
	assert_int_equal(kt_syncobj_now(t->fd, line, 2), -ETIME);
	assert_int_equal(kt_syncobj_point(t->fd, line), 1);
	gpu.words[0] = 1234;
	gpu.words[100] = 1;
	assert_int_equal(kt_syncobj_wait(t->fd, line, 20), 0);
	assert_int_equal(gpu.words[19], 1234);
}

/* A queue that is blocked in memory is no other queue's trouble. */
static void test_blocked_queue_blocks_nobody(void **state)
{
	struct kt *t = *state;
	uint32_t done = kt_syncobj(t->fd, false), group, other;
	struct drm_panthor_sync_op sync = kt_signal_op(done, 0);
	struct drm_panthor_queue_submit job;
	struct kt_gpu gpu;

	kt_gpu_init(&gpu, t->fd);
	group = kt_group(t->fd, gpu.vm, QUEUES, RING);
	other = kt_group(t->fd, gpu.vm, QUEUES, RING);
	kt_gpu_block(&gpu, 0);
	job = with_syncs(kt_gpu_job(&gpu, 0), &sync, 1);
	assert_int_equal(kt_submit(t->fd, group, &job, 1), 0);
	kt_gpu_store(&gpu, 10, 1);
	job = kt_gpu_job(&gpu, 1);
	assert_int_equal(kt_gpu_run(&gpu, group, job), 1);
	assert_int_equal(kt_gpu_run(&gpu, other, job), 1);
	assert_int_equal(kt_syncobj_now(t->fd, done, 0), -ETIME);
	gpu.words[0] = 1;
	assert_int_equal(kt_syncobj_result(t->fd, done), 1);
}

static const struct CMUnitTest tests[] = {
	kt_test(test_earlier_job_of_the_call),
	kt_test(test_later_job_of_the_call),
	kt_test(test_chain_of_calls),
	kt_test(test_blocked_queue_blocks_nobody),
	kt_no_leaks(),
};

kt_main(tests)
