/* SPDX-License-Identifier: MIT */
/* libdrm_panthor over the real driver: what the library sends, the GPU does. */
#include <sys/time.h>
#include <time.h>

#include <panthor_cs.h>

#include "lib_fixture.h"

static struct panthor_group *new_group(struct panthor_vm *vm)
{
	struct panthor_group *group = NULL;

	assert_int_equal(panthor_group_new(vm, NULL, &group), 0);
	return group;
}

static uint32_t new_syncobj(struct panthor_device *dev)
{
	uint32_t handle = 0;

	assert_int_equal(panthor_syncobj_new(dev, 0, &handle), 0);
	return handle;
}

static int64_t in_seconds(int64_t seconds)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (now.tv_sec + seconds) * 1000000000ll + now.tv_nsec;
}

/* Far more than any of this takes: a test that comes so far has failed. */
static int wait_for(struct panthor_device *dev, uint32_t handle, uint64_t point)
{
	return panthor_syncobj_wait(dev, &handle, &point, 1, in_seconds(60), 0, NULL);
}

/* Runs what stands in the stream BO; signals @point of @handle when it is over. */
static int run_stream(struct panthor_group *group, const struct panthor_cs *cs, uint64_t va,
		      uint32_t handle, uint64_t point)
{
	struct panthor_submit *submit = NULL;
	int r;

	assert_int_equal(cs->error, 0);
	assert_int_equal(panthor_submit_new(group, &submit), 0);
	assert_int_equal(panthor_submit_stream(submit, 0, va, cs->count * 8, PANTHOR_FLUSH_ID_NOW),
			 0);
	assert_int_equal(panthor_submit_signal(submit, handle, point), 0);
	r = panthor_submit_run(submit);
	panthor_submit_free(submit);
	return r;
}

/* 64 words, each its own index plus 1000, by a loop; then a sync object counts to 1. */
static void stream_writes_what_the_cpu_reads(void **state)
{
	struct panthor_cs_label loop = { 0 };
	struct lib *l = *state;
	struct panthor_group *group = new_group(l->vm);
	uint32_t handle = new_syncobj(l->dev);
	struct panthor_cs cs;

	panthor_cs_init(&cs, l->commands, KT_PAGE, 0);
	panthor_cs_move48(&cs, 0, DATA_VA);
	panthor_cs_move32(&cs, 2, 1000);
	panthor_cs_move32(&cs, 3, 64);
	panthor_cs_place(&cs, &loop);
	panthor_cs_store(&cs, 2, 1, 0, 0);
	panthor_cs_wait(&cs, 1);
	panthor_cs_add64(&cs, 0, 0, 4);
	panthor_cs_add32(&cs, 2, 2, 1);
	panthor_cs_add32(&cs, 3, 3, -1);
	panthor_cs_branch(&cs, PANTHOR_CS_NE, 3, &loop);
	panthor_cs_move48(&cs, 4, DATA_VA + 2048);
	panthor_cs_move48(&cs, 6, 1);
	panthor_cs_sync_add(&cs, 64, 4, 6, 1, 0);
	assert_int_equal(run_stream(group, &cs, STREAM_VA, handle, 1), 0);
	assert_int_equal(wait_for(l->dev, handle, 1), 0);

	for (uint32_t i = 0; i < 64; i++)
		assert_int_equal(l->words[i], 1000 + i);
	assert_int_equal(l->words[64], 0);
	assert_int_equal(l->words[512], 1);
	panthor_syncobj_destroy(l->dev, handle);
	panthor_group_unref(group);
}

/*
 * Bind, job and unbind behind one another without the CPU: the job reads the page that the first
 * bind put there, and the unbind waits for the job.
 */
static void fences_order_binds_and_jobs(void **state)
{
	struct lib *l = *state;
	struct panthor_group *group = new_group(l->vm);
	uint32_t handle = new_syncobj(l->dev);
	struct panthor_submit *submit = NULL;
	struct panthor_bind *bind = NULL;
	struct panthor_cs cs;
	uint64_t point = 0;

	l->words[0] = 0xcafe;
	panthor_cs_init(&cs, l->commands, KT_PAGE, 0);
	panthor_cs_move48(&cs, 0, 0x800000);
	panthor_cs_load(&cs, 2, 1, 0, 0);
	panthor_cs_wait(&cs, 1);
	panthor_cs_store(&cs, 2, 1, 0, 64);
	panthor_cs_wait(&cs, 1);

	assert_int_equal(panthor_bind_new(l->vm, &bind), 0);
	assert_int_equal(panthor_submit_new(group, &submit), 0);
	for (uint64_t i = 0; i < 50; i++) {
		if (i) {
			assert_int_equal(panthor_bind_wait(bind, PANTHOR_BIND_BATCH, handle, 3 * i),
					 0);
		}
		assert_int_equal(panthor_bind_map(bind, l->data, 0, 0x800000, KT_PAGE, 0), 0);
		assert_int_equal(panthor_bind_signal(bind, PANTHOR_BIND_BATCH, handle, 3 * i + 1),
				 0);
		assert_int_equal(panthor_bind_queue(bind), 0);
		panthor_bind_reset(bind);

		assert_int_equal(panthor_submit_stream(submit, 0, STREAM_VA, cs.count * 8,
						       PANTHOR_FLUSH_ID_NOW),
				 0);
		assert_int_equal(panthor_submit_wait(submit, handle, 3 * i + 1), 0);
		assert_int_equal(panthor_submit_signal(submit, handle, 3 * i + 2), 0);
		assert_int_equal(panthor_submit_run(submit), 0);
		panthor_submit_reset(submit);

		assert_int_equal(panthor_bind_wait(bind, PANTHOR_BIND_BATCH, handle, 3 * i + 2), 0);
		assert_int_equal(panthor_bind_unmap(bind, 0x800000, KT_PAGE), 0);
		assert_int_equal(panthor_bind_signal(bind, PANTHOR_BIND_LAST_OP, handle, 3 * i + 3),
				 0);
		assert_int_equal(panthor_bind_queue(bind), 0);
		panthor_bind_reset(bind);
	}
	assert_int_equal(wait_for(l->dev, handle, 150), 0);
	assert_int_equal(panthor_syncobj_query(l->dev, handle, &point), 0);
	assert_int_equal(point, 150);
	assert_int_equal(l->words[16], 0xcafe);
	assert_int_equal(panthor_vm_is_usable(l->vm), 1);
	panthor_bind_free(bind);
	panthor_submit_free(submit);
	panthor_syncobj_destroy(l->dev, handle);
	panthor_group_unref(group);
}

static void waits_end_at_their_deadline(void **state)
{
	struct lib *l = *state;
	struct panthor_group *group = new_group(l->vm);
	uint32_t handle = new_syncobj(l->dev);
	struct panthor_cs cs;
	uint64_t point = 1;

	assert_int_equal(panthor_syncobj_wait(l->dev, &handle, &point, 1, 0, 0, NULL), -EINVAL);
	assert_int_equal(panthor_syncobj_wait(l->dev, &handle, &point, 1, 0,
					      PANTHOR_SYNCOBJ_WAIT_FOR_SUBMIT, NULL),
			 -ETIME);
	/* A queue that waits for the CPU. */
	panthor_cs_init(&cs, l->commands, KT_PAGE, 0);
	panthor_cs_move48(&cs, 0, DATA_VA);
	panthor_cs_move32(&cs, 2, 0);
	panthor_cs_sync_wait(&cs, 32, 0, 2, PANTHOR_CS_GT);
	assert_int_equal(run_stream(group, &cs, STREAM_VA, handle, 1), 0);
	assert_int_equal(panthor_syncobj_wait(l->dev, &handle, &point, 1, 0, 0, NULL), -ETIME);
	*(volatile uint32_t *)l->words = 1;
	assert_int_equal(wait_for(l->dev, handle, 1), 0);
	panthor_syncobj_destroy(l->dev, handle);
	panthor_group_unref(group);
}

static void fault_kills_its_group_only(void **state)
{
	struct lib *l = *state;
	struct panthor_group *bad = new_group(l->vm), *good = new_group(l->vm);
	uint32_t handle = new_syncobj(l->dev), flags = 0, queues = 0;
	struct panthor_cs cs;

	/* Into the read-only stream itself. */
	panthor_cs_init(&cs, l->commands, KT_PAGE, 0);
	panthor_cs_move48(&cs, 0, STREAM_VA);
	panthor_cs_store(&cs, 2, 1, 0, 0);
	panthor_cs_wait(&cs, 1);
	assert_int_equal(run_stream(bad, &cs, STREAM_VA, handle, 1), 0);
	assert_int_equal(wait_for(l->dev, handle, 1), 0);
	assert_int_equal(panthor_group_state(bad, &flags, &queues), 0);
	assert_int_equal(flags, PANTHOR_GROUP_FATAL_FAULT);
	assert_int_equal(queues, 1);
	assert_int_equal(run_stream(bad, &cs, STREAM_VA, handle, 2), -EINVAL);

	panthor_cs_init(&cs, l->commands, KT_PAGE, 0);
	panthor_cs_move48(&cs, 0, DATA_VA);
	panthor_cs_move32(&cs, 2, 7);
	panthor_cs_store(&cs, 2, 1, 0, 0);
	panthor_cs_wait(&cs, 1);
	assert_int_equal(run_stream(good, &cs, STREAM_VA, handle, 2), 0);
	assert_int_equal(wait_for(l->dev, handle, 2), 0);
	assert_int_equal(l->words[0], 7);
	assert_int_equal(panthor_group_state(good, &flags, &queues), 0);
	assert_int_equal(flags | queues, 0);
	assert_int_equal(panthor_vm_is_usable(l->vm), 1);
	panthor_syncobj_destroy(l->dev, handle);
	panthor_group_unref(bad);
	panthor_group_unref(good);
}

static void on_alarm(int signal)
{
}

/* Signals hit the binds wherever they are: whatever is reported done must be done. */
static void binds_in_a_storm_of_signals(void **state)
{
	struct itimerval often = { { 0, 200 }, { 0, 200 } }, never = { { 0, 0 }, { 0, 0 } };
	struct sigaction action = { .sa_handler = on_alarm };
	struct lib *l = *state;
	struct panthor_group *group = new_group(l->vm);
	uint32_t handle = new_syncobj(l->dev), done = 0;
	struct panthor_bind *bind = NULL;
	struct panthor_cs cs;

	assert_int_equal(panthor_bind_new(l->vm, &bind), 0);
	for (uint64_t i = 0; i < 500; i++) {
		assert_int_equal(
			panthor_bind_map(bind, l->data, 0, (1ull << 32) + i * KT_PAGE, KT_PAGE, 0),
			0);
	}
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	for (int i = 0; i < 10; i++) {
		assert_int_equal(panthor_vm_unmap(l->vm, 1ull << 32, 500 * KT_PAGE), 0);
		assert_int_equal(panthor_bind_run(bind, &done), 0);
		assert_int_equal(done, 500);
	}
	setitimer(ITIMER_REAL, &never, NULL);

	/* A hole among them would be a fault. */
	panthor_cs_init(&cs, l->commands, KT_PAGE, 0);
	panthor_cs_move48(&cs, 0, 1ull << 32);
	for (int i = 0; i < 250; i++) {
		panthor_cs_load(&cs, 2, 1, 0, 0);
		panthor_cs_add64(&cs, 0, 0, 2 * KT_PAGE);
	}
	assert_int_equal(run_stream(group, &cs, STREAM_VA, handle, 1), 0);
	assert_int_equal(wait_for(l->dev, handle, 1), 0);
	assert_int_equal(panthor_group_state(group, &done, NULL), 0);
	assert_int_equal(done, 0);
	panthor_bind_free(bind);
	panthor_syncobj_destroy(l->dev, handle);
	panthor_group_unref(group);
}

static void heaps_and_flush_ids(void **state)
{
	struct panthor_tiler_heap_params params = { .size = sizeof(params), .chunk_size = 4096 };
	struct panthor_tiler_heap *heap = NULL;
	struct lib *l = *state;
	uint32_t id = UINT32_MAX;

	assert_int_equal(panthor_tiler_heap_new(l->vm, &params, &heap), -EINVAL);
	assert_int_equal(panthor_tiler_heap_new(l->vm, NULL, &heap), 0);
	assert_true(panthor_tiler_heap_context_va(heap) >= panthor_vm_user_va_range(l->vm));
	assert_true(panthor_tiler_heap_first_chunk_va(heap) >= panthor_vm_user_va_range(l->vm));
	panthor_tiler_heap_unref(heap);
	assert_int_equal(panthor_device_flush_id(l->dev, &id), 0);
	assert_int_equal(id & 0x7f000000, 0);
}

static const struct CMUnitTest tests[] = {
	lib_test(stream_writes_what_the_cpu_reads),
	lib_test(fences_order_binds_and_jobs),
	lib_test(waits_end_at_their_deadline),
	lib_test(fault_kills_its_group_only),
	lib_test(binds_in_a_storm_of_signals),
	lib_test(heaps_and_flush_ids),
	kt_no_leaks(),
};

kt_main(tests)
