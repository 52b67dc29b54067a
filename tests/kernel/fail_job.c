/* SPDX-License-Identifier: MIT */
/* Failures inside of groups, submissions and tiler heaps. */
#include "fail_inject.h"
#include "kt_gpu.h"

#define SIZE (8 * KT_PAGE)

/*
 * Groups
 */

static void make_vm(struct fail *f)
{
	f->vm = kt_vm(f->fd);
}

static int call_group_create(struct fail *f)
{
	struct drm_panthor_queue_create queues[2] = {
		{ .ringbuf_size = 4096 },
		{ .ringbuf_size = 65536, .priority = 15 },
	};
	struct drm_panthor_group_create args = {
		.queues = DRM_PANTHOR_OBJ_ARRAY(2, queues),
		.priority = PANTHOR_GROUP_PRIORITY_MEDIUM,
		.vm_id = f->vm,
		.group_handle = 77,
	};

	return FAIL_IOCTL(f->fd, DRM_IOCTL_PANTHOR_GROUP_CREATE, &args);
}

static struct fail_case group_create = { .prepare = make_vm, .call = call_group_create };

static void make_group(struct fail *f)
{
	make_vm(f);
	f->other = kt_group(f->fd, f->vm, 2, 4096);
}

static int call_group_get_state(struct fail *f)
{
	struct drm_panthor_group_get_state args = {
		.group_handle = f->other,
		.state = 77,
		.fatal_queues = 77,
	};

	return FAIL_IOCTL(f->fd, DRM_IOCTL_PANTHOR_GROUP_GET_STATE, &args);
}

static struct fail_case group_get_state = { .prepare = make_group, .call = call_group_get_state };

/*
 * Submissions: a job in each of two queues, the second behind the first, points 1 and 2.
 */

static void make_idle_jobs(struct fail *f)
{
	struct kt_gpu gpu;
	struct drm_panthor_queue_submit job;

	kt_gpu_init(&gpu, f->fd);
	f->vm = gpu.vm;
	f->map = (char *)(uintptr_t)gpu.words;
	f->other = kt_group(f->fd, f->vm, 2, 4096);
	f->sync = kt_syncobj(f->fd, false);
	kt_gpu_store(&gpu, 1, 77);
	job = kt_gpu_job(&gpu, 0);
	f->offset = job.stream_addr;
	f->target_size = job.stream_size;
}

/* @syncs: of the first one, the others of the second */
static int submit_jobs(struct fail *f, const struct drm_panthor_sync_op *syncs)
{
	struct drm_panthor_queue_submit jobs[2] = {
		{
			.queue_index = 0,
			.stream_addr = f->offset,
			.stream_size = (uint32_t)f->target_size,
			.syncs = DRM_PANTHOR_OBJ_ARRAY(1, syncs),
		},
		{
			.queue_index = 1,
			.syncs = DRM_PANTHOR_OBJ_ARRAY(2, syncs + 1),
		},
	};
	struct drm_panthor_group_submit args = {
		.group_handle = f->other,
		.queue_submits = DRM_PANTHOR_OBJ_ARRAY(2, jobs),
	};

	return FAIL_IOCTL(f->fd, DRM_IOCTL_PANTHOR_GROUP_SUBMIT, &args);
}

static int call_submit(struct fail *f)
{
	struct drm_panthor_sync_op syncs[3] = {
		kt_signal_op(f->sync, 1),
		kt_wait_op(f->sync, 1),
		kt_signal_op(f->sync, 2),
	};

	return submit_jobs(f, syncs);
}

static void check_jobs(struct fail *f)
{
	uint32_t state, fatal;

	assert_int_equal(kt_syncobj_wait(f->fd, f->sync, 2), 0);
	assert_int_equal(((volatile uint32_t *)(void *)f->map)[1], 77);
	assert_int_equal(kt_group_state(f->fd, f->other, &state, &fatal), 0);
	assert_int_equal(state | fatal, 0);
}

/* A job behind all that was queued. */
static void settle_jobs(struct fail *f)
{
	uint32_t sync = kt_syncobj(f->fd, false);
	struct drm_panthor_sync_op ops[2] = { kt_signal_op(sync, 1), kt_signal_op(sync, 2) };
	struct drm_panthor_queue_submit jobs[2] = {
		{ .queue_index = 0, .syncs = DRM_PANTHOR_OBJ_ARRAY(1, &ops[0]) },
		{ .queue_index = 1, .syncs = DRM_PANTHOR_OBJ_ARRAY(1, &ops[1]) },
	};

	assert_int_equal(kt_submit(f->fd, f->other, jobs, 2), 0);
	fail_wait_and_forget(f->fd, sync, 2);
}

/* Each queue keeps its last job's fence: there is one before, as there will be. */
static void make_settled_jobs(struct fail *f)
{
	make_idle_jobs(f);
	settle_jobs(f);
}

static void show_group(const struct fail *f, FILE *out)
{
	uint32_t state = 0, fatal = 0;
	int ret = kt_group_state(f->fd, f->other, &state, &fatal);

	fprintf(out, "group: %d state %u fatal %u\n", ret, state, fatal);
}

static void show_jobs(const struct fail *f, FILE *out)
{
	show_group(f, out);
	fprintf(out, "word %u\n", ((volatile uint32_t *)(void *)f->map)[1]);
}

static struct fail_case submit = {
	.flags = FAIL_DEFERRED,
	.prepare = make_settled_jobs,
	.call = call_submit,
	.settle = settle_jobs,
	.show = show_jobs,
	.finish = check_jobs,
};

/* The same with syncobjs that have one fence and no points. */
static void make_binary_jobs(struct fail *f)
{
	make_settled_jobs(f);
	f->bo = kt_syncobj(f->fd, false);
	f->extra = (int)kt_syncobj(f->fd, false);
}

static int call_submit_binary(struct fail *f)
{
	struct drm_panthor_sync_op syncs[3] = {
		kt_signal_op(f->bo, 0),
		kt_wait_op(f->bo, 0),
		kt_signal_op((uint32_t)f->extra, 0),
	};

	return submit_jobs(f, syncs);
}

static void show_binary_jobs(const struct fail *f, FILE *out)
{
	show_jobs(f, out);
	fprintf(out, "fences %d %d\n", kt_syncobj_now(f->fd, f->bo, 0),
		kt_syncobj_now(f->fd, (uint32_t)f->extra, 0));
}

static struct fail_case submit_binary = {
	.flags = FAIL_DEFERRED,
	.prepare = make_binary_jobs,
	.call = call_submit_binary,
	.settle = settle_jobs,
	.show = show_binary_jobs,
};

/*
 * All that the VM maps comes back first: pages, device map, page tables. What a failure leaves is
 * not looked at with another job, or through the map, either of which would bring it back too.
 */
static void make_evicted_jobs(struct fail *f)
{
	uint32_t far = kt_filled_bo(f->fd, "far", SIZE, 1);

	make_idle_jobs(f);
	assert_int_equal(kt_vm_map(f->fd, f->vm, far, 1ull << 40, 0, SIZE), 0);
	kt_shrink_all();
	assert_int_equal(kt_gem_get("far").resident, 0);
}

static struct fail_case submit_evicted = {
	.flags = FAIL_DEFERRED | FAIL_EVICTED,
	.prepare = make_evicted_jobs,
	.call = call_submit,
	.show = show_group,
	.finish = check_jobs,
};
static struct fail_case submit_evicted_slab = {
	.flags = FAIL_DEFERRED | FAIL_EVICTED,
	.all = FAIL_SLAB,
	.prepare = make_evicted_jobs,
	.call = call_submit,
	.show = show_group,
	.finish = check_jobs,
};
static struct fail_case submit_evicted_page = {
	.flags = FAIL_DEFERRED | FAIL_EVICTED,
	.all = FAIL_PAGE,
	.prepare = make_evicted_jobs,
	.call = call_submit,
	.show = show_group,
	.finish = check_jobs,
};

/*
 * Tiler heaps
 */

static int call_heap_create(struct fail *f)
{
	struct drm_panthor_tiler_heap_create args = {
		.vm_id = f->vm,
		.initial_chunk_count = 2,
		.chunk_size = 128 * 1024,
		.max_chunks = 4,
		.target_in_flight = 2,
		.handle = 77,
	};

	return FAIL_IOCTL(f->fd, DRM_IOCTL_PANTHOR_TILER_HEAP_CREATE, &args);
}

static void make_heap(struct fail *f)
{
	struct drm_panthor_tiler_heap_create args = {
		.initial_chunk_count = 1,
		.chunk_size = 128 * 1024,
		.max_chunks = 4,
		.target_in_flight = 2,
	};

	make_vm(f);
	args.vm_id = f->vm;
	assert_int_equal(kt_heap_create(f->fd, &args), 0);
	f->other = args.handle;
}

static int call_heap_destroy(struct fail *f)
{
	struct drm_panthor_tiler_heap_destroy args = { .handle = f->other };

	return FAIL_IOCTL(f->fd, DRM_IOCTL_PANTHOR_TILER_HEAP_DESTROY, &args);
}

/*
 * What heaps begin with is written through a map that pins. When there is no memory for such a map,
 * others of the VM are asked for theirs and it is made again: the call succeeds, and a pin that the
 * failure left behind is a BO that has pages and is in no class.
 */
static void assert_nothing_pinned(struct fail *f)
{
	struct kt_gems gems;

	kt_gems_read(&gems);
	assert_int_not_equal(gems.kernel_rows, 0);
	assert_int_equal(gems.total_reclaimable, gems.total_resident);
	kt_gems_free(&gems);
}

/*
 * The first of a VM brings memory for the contexts of all. What finds no memory asks the VM's other
 * BOs for theirs, chunks among them.
 */
static struct fail_case test_kb6_heap_create_first = {
	.flags = FAIL_EVICTED,
	.prepare = make_vm,
	.call = call_heap_create,
	.finish = assert_nothing_pinned,
};
static struct fail_case test_kb6_heap_create = {
	.flags = FAIL_EVICTED,
	.prepare = make_heap,
	.call = call_heap_create,
	.finish = assert_nothing_pinned,
};
/* When nobody has memory to give, what was made of the heap goes again. */
static struct fail_case heap_create_slab = {
	.flags = FAIL_EVICTED,
	.all = FAIL_SLAB,
	.prepare = make_heap,
	.call = call_heap_create,
	.finish = assert_nothing_pinned,
};
static struct fail_case heap_create_page = {
	.flags = FAIL_EVICTED,
	.all = FAIL_PAGE,
	.prepare = make_heap,
	.call = call_heap_create,
	.finish = assert_nothing_pinned,
};
static struct fail_case heap_destroy = { .prepare = make_heap, .call = call_heap_destroy };

static const struct CMUnitTest tests[] = {
	fail_test(group_create),
	fail_test(group_get_state),
	fail_test(submit),
	fail_test(submit_binary),
	fail_test(submit_evicted),
	fail_test(submit_evicted_slab),
	fail_test(submit_evicted_page),
	fail_test(test_kb6_heap_create_first),
	fail_test(test_kb6_heap_create),
	fail_test(heap_create_slab),
	fail_test(heap_create_page),
	fail_test(heap_destroy),
	fail_no_leaks(),
};

fail_main(tests)
