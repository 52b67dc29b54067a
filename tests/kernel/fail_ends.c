/* SPDX-License-Identifier: MIT */
/*
 * Failures inside of destroying groups and VMs: what has worked, what works, and what has work
 * waiting. The release goes on behind the call.
 */
#include "fail_inject.h"
#include "kt_gpu.h"

#define SIZE	(8 * KT_PAGE)
#define BIND_VA 0x10000000ull

static void make_group(struct fail *f, struct kt_gpu *gpu)
{
	kt_gpu_init(gpu, f->fd);
	f->vm = gpu->vm;
	f->other = kt_group(f->fd, f->vm, 2, 4096);
	f->sync = kt_syncobj(f->fd, false);
}

static void make_used(struct fail *f)
{
	struct kt_gpu gpu;

	make_group(f, &gpu);
	kt_gpu_store(&gpu, 1, 77);
	assert_int_equal(kt_gpu_run(&gpu, f->other, kt_gpu_job(&gpu, 0)), 1);
}

/* A map of "bound", from point 2 on: point 3. */
static void queue_bind(struct fail *f)
{
	struct drm_panthor_sync_op syncs[2] = {
		kt_wait_op(f->sync, 2),
		kt_signal_op(f->sync, 3),
	};
	struct drm_panthor_vm_bind_op op = {
		.bo_handle = f->bo,
		.va = BIND_VA,
		.size = SIZE,
		.syncs = DRM_PANTHOR_OBJ_ARRAY(2, syncs),
	};

	assert_int_equal(kt_bind_async(f->fd, f->vm, &op, 1, NULL), 0);
}

/* A job that does not end by itself, point 1, and one in the other queue behind it, point 2. */
static void make_busy(struct fail *f)
{
	struct drm_panthor_sync_op syncs[3];
	struct drm_panthor_queue_submit jobs[2];
	struct kt_gpu gpu;

	make_group(f, &gpu);
	f->bo = kt_filled_bo(f->fd, "bound", SIZE, 1);
	syncs[0] = kt_signal_op(f->sync, 1);
	syncs[1] = kt_wait_op(f->sync, 1);
	syncs[2] = kt_signal_op(f->sync, 2);
	kt_gpu_block(&gpu, 1);
	jobs[0] = kt_gpu_job(&gpu, 0);
	jobs[0].syncs = (struct drm_panthor_obj_array)DRM_PANTHOR_OBJ_ARRAY(1, &syncs[0]);
	kt_gpu_store(&gpu, 2, 77);
	jobs[1] = kt_gpu_job(&gpu, 1);
	jobs[1].syncs = (struct drm_panthor_obj_array)DRM_PANTHOR_OBJ_ARRAY(2, &syncs[1]);
	assert_int_equal(kt_submit(f->fd, f->other, jobs, 2), 0);
	queue_bind(f);
	assert_int_equal(kt_syncobj_now(f->fd, f->sync, 1), -ETIME);
}

static void show(const struct fail *f, FILE *out)
{
	uint32_t state = 0, fatal = 0, vm_state = 0;
	int ret = kt_group_state(f->fd, f->other, &state, &fatal);

	fprintf(out, "group: %d state %u fatal %u\n", ret, state, fatal);
	ret = kt_vm_state(f->fd, f->vm, &vm_state);
	fprintf(out, "VM: %d state %u\n", ret, vm_state);
}

static int call_group_destroy(struct fail *f)
{
	struct drm_panthor_group_destroy args = { .group_handle = f->other };

	return FAIL_IOCTL(f->fd, DRM_IOCTL_PANTHOR_GROUP_DESTROY, &args);
}

static int call_vm_destroy(struct fail *f)
{
	struct drm_panthor_vm_destroy args = { .id = f->vm };

	return FAIL_IOCTL(f->fd, DRM_IOCTL_PANTHOR_VM_DESTROY, &args);
}

/* Jobs and the bind behind them end with the group. */
static void check_points(struct fail *f)
{
	assert_int_equal(kt_syncobj_wait(f->fd, f->sync, 3), 0);
}

static struct fail_case group_destroy = {
	.flags = FAIL_DEFERRED,
	.prepare = make_used,
	.call = call_group_destroy,
	.show = show,
};
static struct fail_case group_destroy_busy = {
	.flags = FAIL_DEFERRED,
	.prepare = make_busy,
	.call = call_group_destroy,
	.finish = check_points,
	.show = show,
};

/* The VM goes from its client before what is in it: the group keeps it, the heap goes with it. */
static void make_full(struct fail *f)
{
	struct drm_panthor_tiler_heap_create args = {
		.initial_chunk_count = 1,
		.chunk_size = 128 * 1024,
		.max_chunks = 4,
		.target_in_flight = 2,
	};
	struct kt_gpu gpu;

	make_group(f, &gpu);
	args.vm_id = f->vm;
	assert_int_equal(kt_heap_create(f->fd, &args), 0);
}

static struct fail_case vm_destroy = {
	.flags = FAIL_DEFERRED,
	.prepare = make_full,
	.call = call_vm_destroy,
	.show = show,
};
static struct fail_case vm_destroy_busy = {
	.flags = FAIL_DEFERRED,
	.prepare = make_busy,
	.call = call_vm_destroy,
	.show = show,
};

static const struct CMUnitTest tests[] = {
	fail_test(group_destroy), fail_test(group_destroy_busy),
	fail_test(vm_destroy),	  fail_test(vm_destroy_busy),
	fail_no_leaks(),
};

fail_main(tests)
