/* SPDX-License-Identifier: MIT */
/*
 * Failures inside of asynchronous binds: two operations, the second behind the first, points 1
 * and 2.
 */
#include "fail_inject.h"
#include "kt_gpu.h"

#define SIZE	(8 * KT_PAGE)
#define BIND_VA 0x10000000ull

static void make_vm(struct fail *f)
{
	f->vm = kt_vm(f->fd);
	f->sync = kt_syncobj(f->fd, false);
}

static void make_bind(struct fail *f)
{
	make_vm(f);
	f->bo = kt_filled_bo(f->fd, "bo", SIZE, 1);
}

/* Over another one, which tells by its references whether it is still there. */
static void make_bind_over(struct fail *f)
{
	make_bind(f);
	f->other = kt_filled_bo(f->fd, "under", SIZE, 1);
	assert_int_equal(kt_vm_map(f->fd, f->vm, f->other, BIND_VA, 0, SIZE), 0);
}

/* @first and an operation that unmaps the middle of it, with the fences of @syncs. */
static int bind_two(struct fail *f, struct drm_panthor_vm_bind_op first,
		    const struct drm_panthor_sync_op *syncs)
{
	struct drm_panthor_vm_bind_op ops[2] = {
		first,
		{
			.flags = DRM_PANTHOR_VM_BIND_OP_TYPE_UNMAP,
			.va = BIND_VA + 3 * KT_PAGE,
			.size = 2 * KT_PAGE,
			.syncs = DRM_PANTHOR_OBJ_ARRAY(2, syncs + 1),
		},
	};
	struct drm_panthor_vm_bind args = {
		.vm_id = f->vm,
		.flags = DRM_PANTHOR_VM_BIND_ASYNC,
		.ops = DRM_PANTHOR_OBJ_ARRAY(2, ops),
	};

	ops[0].syncs = (struct drm_panthor_obj_array)DRM_PANTHOR_OBJ_ARRAY(1, syncs);
	return FAIL_IOCTL(f->fd, DRM_IOCTL_PANTHOR_VM_BIND, &args);
}

static int bind_points(struct fail *f, struct drm_panthor_vm_bind_op first)
{
	struct drm_panthor_sync_op syncs[3] = {
		kt_signal_op(f->sync, 1),
		kt_wait_op(f->sync, 1),
		kt_signal_op(f->sync, 2),
	};

	return bind_two(f, first, syncs);
}

static struct drm_panthor_vm_bind_op map_op(const struct fail *f)
{
	return (struct drm_panthor_vm_bind_op){
		.bo_handle = f->bo,
		.va = BIND_VA + 2 * KT_PAGE,
		.size = 4 * KT_PAGE,
	};
}

static int call_bind_async(struct fail *f)
{
	return bind_points(f, map_op(f));
}

/* An operation behind all that were queued. */
static void settle_binds(struct fail *f)
{
	uint32_t sync = kt_syncobj(f->fd, false);
	struct drm_panthor_sync_op signal = kt_signal_op(sync, 1);
	struct drm_panthor_vm_bind_op op = {
		.flags = DRM_PANTHOR_VM_BIND_OP_TYPE_SYNC_ONLY,
		.syncs = DRM_PANTHOR_OBJ_ARRAY(1, &signal),
	};

	assert_int_equal(kt_bind_async(f->fd, f->vm, &op, 1, NULL), 0);
	fail_wait_and_forget(f->fd, sync, 1);
}

static void check_bind(struct fail *f)
{
	uint32_t state;

	assert_int_equal(kt_syncobj_wait(f->fd, f->sync, 2), 0);
	assert_int_equal(kt_vm_state(f->fd, f->vm, &state), 0);
	assert_int_equal(state, DRM_PANTHOR_VM_STATE_USABLE);
}

static struct fail_case bind_async = {
	.flags = FAIL_DEFERRED,
	.prepare = make_bind,
	.call = call_bind_async,
	.settle = settle_binds,
	.finish = check_bind,
};
static struct fail_case bind_async_over = {
	.flags = FAIL_DEFERRED,
	.prepare = make_bind_over,
	.call = call_bind_async,
	.settle = settle_binds,
	.finish = check_bind,
};

/* The BO without pages, with its pages in swap, and without those it had. */
static void make_bind_fresh(struct fail *f)
{
	make_vm(f);
	f->bo = kt_bo(f->fd, SIZE);
}

/* With pages that the device does not know yet: a pin that stays behind, shows. */
static void make_bind_cached(struct fail *f)
{
	make_vm(f);
	f->bo = kt_cached_bo(f->fd, "bo", SIZE, 1);
}

static void make_bind_evicted(struct fail *f)
{
	make_bind(f);
	assert_int_equal(kt_madvise(f->fd, f->bo, DRM_PANTHOR_BO_MADV_PAGEOUT, NULL), 0);
}

static void make_bind_purged(struct fail *f)
{
	make_bind(f);
	assert_int_equal(kt_madvise(f->fd, f->bo, DRM_PANTHOR_BO_MADV_DONTNEED, NULL), 0);
	kt_shrink_all();
}

static struct fail_case bind_async_fresh = {
	.flags = FAIL_DEFERRED | FAIL_MAY_POPULATE,
	.prepare = make_bind_fresh,
	.call = call_bind_async,
	.settle = settle_binds,
	.finish = check_bind,
};
static struct fail_case bind_async_cached = {
	.flags = FAIL_DEFERRED,
	.prepare = make_bind_cached,
	.call = call_bind_async,
	.settle = settle_binds,
	.finish = check_bind,
};
static struct fail_case bind_async_evicted = {
	.flags = FAIL_DEFERRED | FAIL_EVICTED,
	.prepare = make_bind_evicted,
	.call = call_bind_async,
	.settle = settle_binds,
	.finish = check_bind,
};
static struct fail_case bind_async_purged = {
	.flags = FAIL_DEFERRED,
	.prepare = make_bind_purged,
	.call = call_bind_async,
	.settle = settle_binds,
	.finish = check_bind,
};

static int call_bind_sparse(struct fail *f)
{
	return bind_points(f, (struct drm_panthor_vm_bind_op){
				      .flags = DRM_PANTHOR_VM_BIND_OP_MAP_SPARSE |
					       DRM_PANTHOR_VM_BIND_OP_MAP_NOEXEC,
				      .va = BIND_VA,
				      .size = SIZE,
			      });
}

static int call_sync_only(struct fail *f)
{
	return bind_points(f, (struct drm_panthor_vm_bind_op){
				      .flags = DRM_PANTHOR_VM_BIND_OP_TYPE_SYNC_ONLY,
			      });
}

static struct fail_case bind_sparse = {
	.flags = FAIL_DEFERRED,
	.prepare = make_vm,
	.call = call_bind_sparse,
	.settle = settle_binds,
	.finish = check_bind,
};
static struct fail_case sync_only = {
	.flags = FAIL_DEFERRED,
	.prepare = make_bind,
	.call = call_sync_only,
	.settle = settle_binds,
	.finish = check_bind,
};

/* Syncobjs that have one fence and no points. */
static void make_bind_binary(struct fail *f)
{
	make_bind(f);
	f->other = kt_syncobj(f->fd, false);
	f->extra = (int)kt_syncobj(f->fd, false);
}

static int call_bind_binary(struct fail *f)
{
	struct drm_panthor_sync_op syncs[3] = {
		kt_signal_op(f->other, 0),
		kt_wait_op(f->other, 0),
		kt_signal_op((uint32_t)f->extra, 0),
	};

	return bind_two(f, map_op(f), syncs);
}

static void show_binary(const struct fail *f, FILE *out)
{
	fprintf(out, "fences %d %d\n", kt_syncobj_now(f->fd, f->other, 0),
		kt_syncobj_now(f->fd, (uint32_t)f->extra, 0));
}

static struct fail_case bind_binary = {
	.flags = FAIL_DEFERRED,
	.prepare = make_bind_binary,
	.call = call_bind_binary,
	.settle = settle_binds,
	.show = show_binary,
};

static const struct CMUnitTest tests[] = {
	fail_test(bind_async),	       fail_test(bind_async_over),
	fail_test(bind_async_fresh),   fail_test(bind_async_cached),
	fail_test(bind_async_evicted), fail_test(bind_async_purged),
	fail_test(bind_sparse),	       fail_test(sync_only),
	fail_test(bind_binary),	       fail_no_leaks(),
};

fail_main(tests)
