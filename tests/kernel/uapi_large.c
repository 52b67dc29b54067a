/* SPDX-License-Identifier: MIT */
/*
 * Arrays as large as they may be: what the first element says and what the last one says is done.
 * Those between have little to do, or else a call would take minutes in the emulator. Each that is
 * a job takes about a KiB of memory.
 */
#include "kt_gpu.h"

#define MOST(type) ((uint32_t)(16 * KT_MIB / sizeof(type)))
/* As many, but where that would take minutes. */
#define COUNT(type) (MOST(type) / (uint32_t)kt_slowdown())
#define VA	    0x40000000ull

struct large {
	struct kt_gpu gpu;
	uint32_t group;
	uint32_t data;
};

static struct large open_large(int fd)
{
	struct large l;

	kt_gpu_init(&l.gpu, fd);
	l.group = kt_group(fd, l.gpu.vm, 1, 65536);
	l.data = kt_bo(fd, KT_PAGE);
	*(volatile uint32_t *)kt_map(fd, l.data, KT_PAGE) = 77;
	return l;
}

static struct drm_panthor_vm_bind_op map_op(const struct large *l, uint64_t va)
{
	return (struct drm_panthor_vm_bind_op){
		.flags = DRM_PANTHOR_VM_BIND_OP_TYPE_MAP,
		.bo_handle = l->data,
		.va = va,
		.size = KT_PAGE,
	};
}

/* Nothing to do in the middle of @count, a page for the first one, another for the last. */
static struct drm_panthor_vm_bind_op *bind_ops(const struct large *l, uint32_t count)
{
	struct drm_panthor_vm_bind_op *ops = calloc(count, sizeof(*ops));

	for (uint32_t i = 0; i < count; i++)
		ops[i].flags = (uint32_t)DRM_PANTHOR_VM_BIND_OP_TYPE_UNMAP;
	ops[0] = map_op(l, VA);
	ops[count - 1] = map_op(l, 2 * VA);
	return ops;
}

static void assert_both_mapped(struct large *l)
{
	l->gpu.words[0] = 0;
	l->gpu.words[1] = 0;
	kt_gpu_copy(&l->gpu, 0, VA);
	kt_gpu_copy(&l->gpu, 1, 2 * VA);
	assert_int_equal(kt_gpu_run(&l->gpu, l->group, kt_gpu_job(&l->gpu, 0)), 1);
	assert_int_equal(l->gpu.words[0], 77);
	assert_int_equal(l->gpu.words[1], 77);
}

static void test_vm_bind(void **state)
{
	struct kt *t = *state;
	struct large l = open_large(t->fd);
	const uint32_t count = COUNT(struct drm_panthor_vm_bind_op);
	struct drm_panthor_vm_bind_op *ops = bind_ops(&l, count);
	uint32_t done = 0;

	assert_int_equal(kt_bind(t->fd, l.gpu.vm, ops, count, &done), 0);
	assert_int_equal(done, count);
	assert_both_mapped(&l);
	/* How far a call has come is exact. */
	ops[count - 1].bo_handle = 0;
	assert_int_equal(kt_bind(t->fd, l.gpu.vm, ops, count, &done), -EINVAL);
	assert_int_equal(done, count - 1);
	assert_int_equal(kt_bind(t->fd, l.gpu.vm, ops, MOST(*ops) + 1, &done), -EINVAL);
	assert_int_equal(done, MOST(*ops) + 1);
	free(ops);
}

static void test_vm_bind_async(void **state)
{
	struct kt *t = *state;
	struct large l = open_large(t->fd);
	const uint32_t count = COUNT(struct drm_panthor_vm_bind_op);
	struct drm_panthor_vm_bind_op *ops = bind_ops(&l, count);
	struct drm_panthor_sync_op done = kt_signal_op(kt_syncobj(t->fd, false), 0);

	ops[count - 1].syncs = (struct drm_panthor_obj_array)DRM_PANTHOR_OBJ_ARRAY(1, &done);
	assert_int_equal(kt_bind_async(t->fd, l.gpu.vm, ops, count, NULL), 0);
	assert_int_equal(kt_syncobj_result(t->fd, done.handle), 1);
	assert_both_mapped(&l);
	/* The last one is bad: then there is none. */
	assert_int_equal(kt_vm_unmap(t->fd, l.gpu.vm, VA, KT_PAGE), 0);
	ops[count - 1].bo_handle = 0;
	assert_int_equal(kt_bind_async(t->fd, l.gpu.vm, ops, count, NULL), -EINVAL);
	kt_gpu_copy(&l.gpu, 0, VA);
	assert_int_equal(kt_gpu_run(&l.gpu, l.group, kt_gpu_job(&l.gpu, 0)), -EFAULT);
	free(ops);
}

/* More than the ring has room for, by far: they queue up. */
static void test_group_submit(void **state)
{
	struct kt *t = *state;
	struct large l = open_large(t->fd);
	const uint32_t count = COUNT(struct drm_panthor_queue_submit);
	struct drm_panthor_queue_submit *jobs = calloc(count, sizeof(*jobs));
	struct drm_panthor_sync_op done = kt_signal_op(kt_syncobj(t->fd, false), 0);

	kt_gpu_store(&l.gpu, 0, 1);
	jobs[0] = kt_gpu_job(&l.gpu, 0);
	/* What the first one has left. */
	kt_gpu_copy(&l.gpu, 1, KT_DATA_VA);
	jobs[count - 1] = kt_gpu_job(&l.gpu, 0);
	jobs[count - 1].syncs = (struct drm_panthor_obj_array)DRM_PANTHOR_OBJ_ARRAY(1, &done);
	assert_int_equal(kt_submit(t->fd, l.group, jobs, count), 0);
	assert_int_equal(kt_syncobj_result(t->fd, done.handle), 1);
	assert_int_equal(l.gpu.words[0], 1);
	assert_int_equal(l.gpu.words[1], 1);
	/* The last one is bad: then there is none. */
	l.gpu.words[0] = 0;
	jobs[count - 1].pad = 1;
	assert_int_equal(kt_submit(t->fd, l.group, jobs, count), -EINVAL);
	assert_int_equal(kt_gpu_run(&l.gpu, l.group, (struct drm_panthor_queue_submit){ 0 }), 1);
	assert_int_equal(l.gpu.words[0], 0);
	free(jobs);
}

static int bo_sync(int fd, const struct drm_panthor_bo_sync_op *ops, uint32_t count)
{
	struct drm_panthor_bo_sync args = { .ops = DRM_PANTHOR_OBJ_ARRAY(count, ops) };

	return kt_ioctl(fd, DRM_IOCTL_PANTHOR_BO_SYNC, &args);
}

static void test_bo_sync(void **state)
{
	struct kt *t = *state;
	const uint32_t count = COUNT(struct drm_panthor_bo_sync_op);
	struct drm_panthor_bo_sync_op *ops = calloc(count, sizeof(*ops));
	uint32_t bo = kt_bo(t->fd, KT_PAGE);

	for (uint32_t i = 0; i < count; i++)
		ops[i] = (struct drm_panthor_bo_sync_op){ .handle = bo, .size = KT_PAGE };
	assert_int_equal(bo_sync(t->fd, ops, count), 0);
	ops[count - 1].handle = 0;
	assert_int_equal(bo_sync(t->fd, ops, count), -ENOENT);
	assert_int_equal(bo_sync(t->fd, ops, count - 1), 0);
	assert_int_equal(bo_sync(t->fd, ops, MOST(*ops) + 1), -EINVAL);
	free(ops);
}

static const struct CMUnitTest tests[] = {
	kt_test(test_vm_bind),
	kt_test(test_vm_bind_async),
	kt_test(test_group_submit),
	kt_test(test_bo_sync),
	kt_no_leaks(),
};

kt_main(tests)
