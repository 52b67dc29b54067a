/* SPDX-License-Identifier: MIT */
/* libdrm_panthor over the real driver: what the library sends, the GPU does. */
#include <sys/time.h>

#include "gpu_fixture.h"

/* 64 words, each its own index plus 1000, by a loop; then a sync object counts to 1. */
static void stream_writes_what_the_cpu_reads(void **state)
{
	struct panthor_cs_label loop = { 0 };
	struct gpu *g = *state;
	struct gpu_job *job = gpu_job(g);
	struct panthor_cs *cs = &job->cs;

	panthor_cs_move48(cs, 0, DATA_VA);
	panthor_cs_move32(cs, 2, 1000);
	panthor_cs_move32(cs, 3, 64);
	panthor_cs_place(cs, &loop);
	panthor_cs_store(cs, 2, 1, 0, 0);
	panthor_cs_wait(cs, 1);
	panthor_cs_add64(cs, 0, 0, 4);
	panthor_cs_add32(cs, 2, 2, 1);
	panthor_cs_add32(cs, 3, 3, -1);
	panthor_cs_branch(cs, PANTHOR_CS_NE, 3, &loop);
	panthor_cs_move48(cs, 4, DATA_VA + 2048);
	panthor_cs_move48(cs, 6, 1);
	panthor_cs_sync_add(cs, 64, 4, 6, 1, 0);
	gpu_run(job, gpu_group(g), 0);
	assert_int_equal(gpu_wait(job), 0);

	for (uint32_t i = 0; i < 64; i++)
		assert_int_equal(g->words[i], 1000 + i);
	assert_int_equal(g->words[64], 0);
	assert_int_equal(g->words[512], 1);
}

/*
 * Bind, job and unbind behind one another without the CPU: the job reads the page that the first
 * bind put there, and the unbind waits for the job.
 */
static void fences_order_binds_and_jobs(void **state)
{
	struct gpu *g = *state;
	struct panthor_group *group = gpu_group(g);
	uint32_t handle = gpu_syncobj(g->dev);
	struct gpu_job *job = gpu_job(g);
	const struct panthor_bind_op map = panthor_bind_map(g->lib->data, 0, 0x800000, KT_PAGE, 0);
	const struct panthor_bind_op unmap = panthor_bind_unmap(0x800000, KT_PAGE);
	uint64_t point = 0;

	g->words[0] = 0xcafe;
	gpu_cs_copy(&job->cs, 0x800000 + 64, 0x800000);
	for (uint64_t i = 0; i < 50; i++) {
		assert_int_equal(gpu_bind_between(g, map, i ? handle : 0, 3 * i, handle, 3 * i + 1),
				 0);
		assert_int_equal(
			gpu_run_between(job, group, 0, handle, 3 * i + 1, handle, 3 * i + 2), 0);
		assert_int_equal(gpu_bind_between(g, unmap, handle, 3 * i + 2, handle, 3 * i + 3),
				 0);
	}
	assert_int_equal(gpu_syncobj_wait(g->dev, handle, 150), 0);
	assert_int_equal(panthor_syncobj_query(g->dev, handle, &point), 0);
	assert_int_equal(point, 150);
	assert_int_equal(g->words[16], 0xcafe);
	assert_int_equal(panthor_vm_is_usable(g->vm), 1);
	panthor_syncobj_destroy(g->dev, handle);
}

static void waits_end_at_their_deadline(void **state)
{
	struct gpu *g = *state;
	struct panthor_group *group = gpu_group(g);
	uint32_t handle = gpu_syncobj(g->dev);
	struct gpu_job *job = gpu_job(g);
	uint64_t point = 1;

	assert_int_equal(panthor_syncobj_wait(g->dev, &handle, &point, 1, 0, 0, NULL), -EINVAL);
	assert_int_equal(panthor_syncobj_wait(g->dev, &handle, &point, 1, 0,
					      PANTHOR_SYNCOBJ_WAIT_FOR_SUBMIT, NULL),
			 -ETIME);
	/* A queue that waits for the CPU. */
	gpu_cs_wait_above(&job->cs, DATA_VA, 0);
	assert_int_equal(gpu_run_between(job, group, 0, 0, 0, handle, 1), 0);
	assert_int_equal(panthor_syncobj_wait(g->dev, &handle, &point, 1, 0, 0, NULL), -ETIME);
	g->words[0] = 1;
	assert_int_equal(gpu_syncobj_wait(g->dev, handle, 1), 0);
	panthor_syncobj_destroy(g->dev, handle);
}

static void fault_kills_its_group_only(void **state)
{
	struct gpu *g = *state;
	struct panthor_group *bad = gpu_group(g), *good = gpu_group(g);
	struct gpu_job *into_stream = gpu_job(g), *into_data = gpu_job(g);

	/* The stream is read-only. */
	gpu_cs_store(&into_stream->cs, STREAM_VA, 0);
	gpu_run(into_stream, bad, 0);
	assert_int_equal(gpu_wait(into_stream), -EFAULT);
	gpu_assert_group(bad, PANTHOR_GROUP_FATAL_FAULT, 1);

	gpu_cs_store(&into_data->cs, DATA_VA, 7);
	assert_int_equal(gpu_try_run(into_data, bad, 0), -EINVAL);
	gpu_run(into_data, good, 0);
	assert_int_equal(gpu_wait(into_data), 0);
	assert_int_equal(g->words[0], 7);
	gpu_assert_group(good, 0, 0);
	assert_int_equal(panthor_vm_is_usable(g->vm), 1);
}

static void on_alarm(int signal)
{
}

/* Signals hit the binds wherever they are: whatever is reported done must be done. */
static void binds_in_a_storm_of_signals(void **state)
{
	struct itimerval often = { { 0, 200 }, { 0, 200 } }, never = { { 0, 0 }, { 0, 0 } };
	struct sigaction action = { .sa_handler = on_alarm };
	struct gpu *g = *state;
	struct panthor_group *group = gpu_group(g);
	struct panthor_bind_op ops[500];
	struct panthor_cs_label loop = { 0 };
	struct gpu_job *job = gpu_job(g);
	uint32_t done = 0;

	for (uint64_t i = 0; i < 500; i++)
		ops[i] = panthor_bind_map(g->lib->data, 0, (1ull << 32) + i * KT_PAGE, KT_PAGE, 0);
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	for (int i = 0; i < 10; i++) {
		assert_int_equal(panthor_vm_unmap(g->vm, 1ull << 32, 500 * KT_PAGE), 0);
		assert_int_equal(panthor_vm_bind(g->vm, 0, ops, 500, &done), 0);
		assert_int_equal(done, 500);
	}
	setitimer(ITIMER_REAL, &never, NULL);

	/* A hole among them would be a fault. */
	panthor_cs_move48(&job->cs, 0, 1ull << 32);
	panthor_cs_move32(&job->cs, 4, 500);
	panthor_cs_place(&job->cs, &loop);
	panthor_cs_load(&job->cs, 2, 1, 0, 0);
	panthor_cs_add64(&job->cs, 0, 0, KT_PAGE);
	panthor_cs_add32(&job->cs, 4, 4, -1);
	panthor_cs_branch(&job->cs, PANTHOR_CS_NE, 4, &loop);
	gpu_run(job, group, 0);
	assert_int_equal(gpu_wait(job), 0);
	gpu_assert_group(group, 0, 0);
}

static void heaps_and_flush_ids(void **state)
{
	struct panthor_tiler_heap_params params = { .size = sizeof(params), .chunk_size = 4096 };
	struct panthor_tiler_heap *heap = NULL;
	struct gpu *g = *state;
	uint64_t end = panthor_vm_user_va_range(g->vm);
	uint32_t id = UINT32_MAX;

	assert_int_equal(panthor_tiler_heap_new(g->vm, &params, &heap), -EINVAL);
	assert_int_equal(panthor_tiler_heap_new(g->vm, NULL, &heap), 0);
	assert_true(panthor_tiler_heap_info(heap)->context_va >= end);
	assert_true(panthor_tiler_heap_info(heap)->first_chunk_va >= end);
	panthor_tiler_heap_unref(heap);
	assert_int_equal(panthor_device_flush_id(g->dev, &id), 0);
	assert_int_equal(id & 0x7f000000, 0);
}

static const struct CMUnitTest tests[] = {
	gpu_test(stream_writes_what_the_cpu_reads),
	gpu_test(fences_order_binds_and_jobs),
	gpu_test(waits_end_at_their_deadline),
	gpu_test(fault_kills_its_group_only),
	gpu_test(binds_in_a_storm_of_signals),
	gpu_test(heaps_and_flush_ids),
	kt_no_leaks(),
};

kt_main(tests)
