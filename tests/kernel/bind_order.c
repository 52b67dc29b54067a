/* SPDX-License-Identifier: MIT */
/*
 * Asynchronous binds as the GPU sees them: in order within a VM, whatever some of them wait for,
 * and just the pages that were asked for.
 */
#include "kt_gpu.h"

#define MAP	  DRM_PANTHOR_VM_BIND_OP_TYPE_MAP
#define UNMAP	  DRM_PANTHOR_VM_BIND_OP_TYPE_UNMAP
#define SYNC_ONLY DRM_PANTHOR_VM_BIND_OP_TYPE_SYNC_ONLY
#define READONLY  DRM_PANTHOR_VM_BIND_OP_MAP_READONLY
#define NOEXEC	  DRM_PANTHOR_VM_BIND_OP_MAP_NOEXEC
#define SPARSE	  DRM_PANTHOR_VM_BIND_OP_MAP_SPARSE

#define P  KT_PAGE
#define VA 0x40000000ull
/* A large page, so that what is not mapped is next to what is, in memory too. */
#define PAGES 512u
#define RING  4096u

/* A BO whose every page begins with a word of its own: @first, @first + 1 and so on. */
static uint32_t numbered_bo(int fd, uint32_t first)
{
	uint32_t bo = kt_bo(fd, PAGES * P), i;
	uint32_t *words = kt_map(fd, bo, PAGES * P);

	for (i = 0; i < PAGES; i++)
		words[i * P / 4] = first + i;
	kt_unmap(words, PAGES * P);
	return bo;
}

/* The word at @va, or ~0 when there is nothing. */
static uint32_t word_at(struct kt_gpu *gpu, uint64_t va)
{
	uint32_t group = kt_group(gpu->fd, gpu->vm, 1, RING);
	int result;

	gpu->words[0] = ~0u;
	kt_gpu_copy(gpu, 0, va);
	result = kt_gpu_run(gpu, group, kt_gpu_job(gpu, 0));
	assert_int_equal(result, gpu->words[0] == ~0u ? -EFAULT : 1);
	assert_int_equal(kt_group_destroy(gpu->fd, group), 0);
	return gpu->words[0];
}

static struct drm_panthor_vm_bind_op with_syncs(struct drm_panthor_vm_bind_op op,
						const struct drm_panthor_sync_op *syncs,
						uint32_t count)
{
	op.syncs = (struct drm_panthor_obj_array)DRM_PANTHOR_OBJ_ARRAY(count, syncs);
	return op;
}

/* Carries them out, the last one with a fence. */
static void bind_and_wait(struct kt_gpu *gpu, struct drm_panthor_vm_bind_op *ops, uint32_t count)
{
	uint32_t out = kt_syncobj(gpu->fd, false);
	struct drm_panthor_sync_op sync = kt_signal_op(out, 0);

	ops[count - 1] = with_syncs(ops[count - 1], &sync, 1);
	assert_int_equal(kt_bind_async(gpu->fd, gpu->vm, ops, count, NULL), 0);
	assert_int_equal(kt_syncobj_result(gpu->fd, out), 1);
}

static void test_order_of_a_call(void **state)
{
	struct kt *t = *state;
	struct kt_gpu gpu;
	uint32_t a, b;

	kt_gpu_init(&gpu, t->fd);
	a = numbered_bo(t->fd, 100);
	b = numbered_bo(t->fd, 200);
	struct drm_panthor_vm_bind_op ops[] = {
		{ .flags = MAP, .bo_handle = a, .va = VA, .size = PAGES * P },
		{ .flags = UNMAP, .va = VA, .size = P },
		{ .flags = MAP, .bo_handle = b, .bo_offset = P, .va = VA, .size = P },
		{ .flags = MAP, .bo_handle = b, .va = VA + 2 * P, .size = 2 * P },
		{ .flags = UNMAP, .va = VA + 3 * P, .size = P },
	};

	bind_and_wait(&gpu, ops, ARRAY_SIZE(ops));
	assert_int_equal(word_at(&gpu, VA), 201);
	assert_int_equal(word_at(&gpu, VA + P), 101);
	assert_int_equal(word_at(&gpu, VA + 2 * P), 200);
	assert_int_equal(word_at(&gpu, VA + 3 * P), ~0u);
}

/* One page mapped: what is around it is not, though the BO has it. */
static void test_no_page_too_many(void **state)
{
	struct kt *t = *state;
	struct kt_gpu gpu;

	kt_gpu_init(&gpu, t->fd);
	struct drm_panthor_vm_bind_op op = {
		.flags = MAP,
		.bo_handle = numbered_bo(t->fd, 100),
		.bo_offset = P,
		.va = VA,
		.size = P,
	};

	bind_and_wait(&gpu, &op, 1);
	assert_int_equal(word_at(&gpu, VA - P), ~0u);
	assert_int_equal(word_at(&gpu, VA), 101);
	assert_int_equal(word_at(&gpu, VA + P), ~0u);
}

/* Stores to @va; what the fence carries. */
static int store_to(struct kt_gpu *gpu, uint64_t va)
{
	uint32_t group = kt_group(gpu->fd, gpu->vm, 1, RING);

	panthor_cs_move48(&gpu->cs, 0, va);
	panthor_cs_move32(&gpu->cs, 2, 7);
	panthor_cs_store(&gpu->cs, 2, 1, 0, 0);
	panthor_cs_wait(&gpu->cs, 1);
	return kt_gpu_run(gpu, group, kt_gpu_job(gpu, 0));
}

static void test_attributes(void **state)
{
	struct kt *t = *state;
	struct kt_gpu gpu;
	uint32_t bo;

	kt_gpu_init(&gpu, t->fd);
	bo = numbered_bo(t->fd, 100);
	struct drm_panthor_vm_bind_op ops[] = {
		{ .flags = MAP | READONLY, .bo_handle = bo, .va = VA, .size = P },
		{ .flags = MAP, .bo_handle = bo, .va = VA + P, .size = P },
		{ .flags = MAP | SPARSE | NOEXEC, .va = VA + 2 * P, .size = P },
		{ .flags = MAP | SPARSE | NOEXEC | READONLY, .va = VA + 3 * P, .size = P },
	};

	bind_and_wait(&gpu, ops, ARRAY_SIZE(ops));
	assert_int_equal(word_at(&gpu, VA), 100);
	assert_int_equal(store_to(&gpu, VA), -EFAULT);
	assert_int_equal(store_to(&gpu, VA + P), 1);
	assert_int_equal(word_at(&gpu, VA), 7);
	assert_int_equal(store_to(&gpu, VA + 2 * P), 1);
	/* Undefined, but read. */
	assert_int_not_equal(word_at(&gpu, VA + 2 * P), ~0u);
	assert_int_equal(store_to(&gpu, VA + 3 * P), -EFAULT);
}

/* A job that signals @out once the CPU says so. */
static void submit_block(struct kt_gpu *gpu, uint32_t word, uint32_t out)
{
	struct drm_panthor_sync_op sync = kt_signal_op(out, 0);
	struct drm_panthor_queue_submit job;
	uint32_t group = kt_group(gpu->fd, gpu->vm, 1, RING);

	kt_gpu_block(gpu, word);
	job = kt_gpu_job(gpu, 0);
	job.syncs = (struct drm_panthor_obj_array)DRM_PANTHOR_OBJ_ARRAY(1, &sync);
	assert_int_equal(kt_submit(gpu->fd, group, &job, 1), 0);
}

/* The first operation waits; 63 more calls have nothing to wait for but those before them. */
static void test_64_in_flight(void **state)
{
	struct kt *t = *state;
	uint32_t gate = kt_syncobj(t->fd, false), line = kt_syncobj(t->fd, false), i;
	struct drm_panthor_sync_op syncs[2] = { { 0 }, kt_wait_op(gate, 0) };
	struct drm_panthor_vm_bind_op op = { .flags = MAP, .va = VA, .size = P };
	struct kt_gpu gpu;
	uint32_t bo;

	kt_gpu_init(&gpu, t->fd);
	bo = numbered_bo(t->fd, 100);
	submit_block(&gpu, 2, gate);
	for (i = 1; i <= 64; i++) {
		syncs[0] = kt_signal_op(line, i);
		op.bo_handle = bo;
		op.bo_offset = i % PAGES * P;
		op = with_syncs(op, syncs, i == 1 ? 2 : 1);
		assert_int_equal(kt_bind_async(t->fd, gpu.vm, &op, 1, NULL), 0);
	}
	assert_int_equal(kt_syncobj_now(t->fd, line, 1), -ETIME);
	assert_int_equal(kt_syncobj_now(t->fd, line, 64), -ETIME);
	gpu.words[2] = 1;
	assert_int_equal(kt_syncobj_wait(t->fd, line, 64), 0);
	assert_int_equal(word_at(&gpu, VA), 100 + 64 % PAGES);
}

/* Another VM, and synchronous calls, do not wait in that queue. */
static void test_a_wait_holds_up_its_queue_only(void **state)
{
	struct kt *t = *state;
	uint32_t gate = kt_syncobj(t->fd, false), out = kt_syncobj(t->fd, false);
	struct drm_panthor_sync_op syncs[2] = { kt_wait_op(gate, 0), kt_signal_op(out, 0) };
	struct drm_panthor_vm_bind_op op = { .flags = UNMAP, .va = VA, .size = P };
	struct kt_gpu gpu, other;
	uint32_t bo;

	kt_gpu_init(&gpu, t->fd);
	kt_gpu_init(&other, t->fd);
	bo = numbered_bo(t->fd, 100);
	submit_block(&gpu, 2, gate);
	op = with_syncs(op, syncs, 2);
	assert_int_equal(kt_bind_async(t->fd, gpu.vm, &op, 1, NULL), 0);
	op = (struct drm_panthor_vm_bind_op){ .flags = MAP, .bo_handle = bo, .va = VA, .size = P };
	bind_and_wait(&other, &op, 1);
	assert_int_equal(word_at(&other, VA), 100);
	assert_int_equal(kt_vm_map(t->fd, gpu.vm, bo, VA, P, P), 0);
	assert_int_equal(word_at(&gpu, VA), 101);
	assert_int_equal(kt_syncobj_now(t->fd, out, 0), -ETIME);
	gpu.words[2] = 1;
	assert_int_equal(kt_syncobj_result(t->fd, out), 1);
	assert_int_equal(word_at(&gpu, VA), ~0u);
}

/* The BO is the operation's from the call on, and the VM's until the unmap is carried out. */
static void test_operations_keep_bos(void **state)
{
	struct kt *t = *state;
	uint32_t gate = kt_syncobj(t->fd, false), out = kt_syncobj(t->fd, false);
	struct drm_panthor_sync_op wait = kt_wait_op(gate, 0), signal = kt_signal_op(out, 0);
	struct kt_gpu gpu;
	uint32_t bo;

	kt_gpu_init(&gpu, t->fd);
	bo = numbered_bo(t->fd, 100);
	assert_int_equal(kt_bo_label(t->fd, bo, "in flight"), 0);
	struct drm_panthor_vm_bind_op ops[] = {
		{ .flags = SYNC_ONLY },
		{ .flags = MAP, .bo_handle = bo, .va = VA, .size = PAGES * P },
		{ .flags = UNMAP, .va = VA, .size = PAGES * P },
	};

	ops[0] = with_syncs(ops[0], &wait, 1);
	ops[2] = with_syncs(ops[2], &signal, 1);
	submit_block(&gpu, 2, gate);
	assert_int_equal(kt_bind_async(t->fd, gpu.vm, ops, 3, NULL), 0);
	assert_int_equal(kt_bo_close(t->fd, bo), 0);
	kt_gem_get("in flight");
	gpu.words[2] = 1;
	assert_int_equal(kt_syncobj_result(t->fd, out), 1);
	assert_true(kt_gem_gone("in flight"));
}

/* What a destroyed VM still had to do is not done, but its fences are not left behind. */
static void test_destroyed_with_operations_in_flight(void **state)
{
	struct kt *t = *state;
	uint32_t gate = kt_syncobj(t->fd, false), out = kt_syncobj(t->fd, false), bo;
	struct drm_panthor_sync_op syncs[2] = { kt_wait_op(gate, 0), kt_signal_op(out, 0) };
	struct drm_panthor_vm_bind_op op = { .flags = MAP, .va = VA, .size = P };
	struct kt_gpu gpu;
	uint32_t vm = kt_vm(t->fd);

	kt_gpu_init(&gpu, t->fd);
	bo = numbered_bo(t->fd, 100);
	assert_int_equal(kt_bo_label(t->fd, bo, "doomed"), 0);
	submit_block(&gpu, 2, gate);
	op.bo_handle = bo;
	op = with_syncs(op, syncs, 2);
	assert_int_equal(kt_bind_async(t->fd, vm, &op, 1, NULL), 0);
	assert_int_equal(kt_vm_destroy(t->fd, vm), 0);
	assert_int_equal(kt_bind_async(t->fd, vm, &op, 1, NULL), -EINVAL);
	assert_int_equal(kt_bo_close(t->fd, bo), 0);
	gpu.words[2] = 1;
	assert_true(kt_syncobj_result(t->fd, out) < 0);
	assert_true(kt_gem_gone("doomed"));
}

static const struct CMUnitTest tests[] = {
	kt_test(test_order_of_a_call),
	kt_test(test_no_page_too_many),
	kt_test(test_attributes),
	kt_test(test_64_in_flight),
	kt_test(test_a_wait_holds_up_its_queue_only),
	kt_test(test_operations_keep_bos),
	kt_test(test_destroyed_with_operations_in_flight),
	kt_no_leaks(),
};

kt_main(tests)
