/* SPDX-License-Identifier: MIT */
/*
 * A VM whose asynchronous operation failed is unusable: nobody knows what is mapped there. How it
 * gets there, and what every call that names it says from then on.
 */
#include "kt_gpu.h"

#define MAP	  DRM_PANTHOR_VM_BIND_OP_TYPE_MAP
#define UNMAP	  DRM_PANTHOR_VM_BIND_OP_TYPE_UNMAP
#define SYNC_ONLY DRM_PANTHOR_VM_BIND_OP_TYPE_SYNC_ONLY
#define HOLE	  (MAP | DRM_PANTHOR_VM_BIND_OP_MAP_SPARSE | DRM_PANTHOR_VM_BIND_OP_MAP_NOEXEC)

#define P	KT_PAGE
#define FREE_VA 0x40000000ull
#define RING	4096u

static void assert_vm(int fd, uint32_t vm, uint32_t want)
{
	uint32_t state;

	assert_int_equal(kt_vm_state(fd, vm, &state), 0);
	assert_int_equal(state, want);
}

/* Beyond the end of the VM: accepted, since only carrying it out shows that there is no room. */
static void test_what_makes_it_so(void **state)
{
	struct kt *t = *state;
	uint32_t bo = kt_bo(t->fd, 4 * P);
	const struct {
		const char *name;
		uint32_t flags;
		uint32_t bo;
		uint64_t va;
		uint64_t size;
	} rows[] = {
		{ "map at the end of the VM", MAP, bo, KT_VA_END, P },
		{ "sign-extended", MAP, bo, 0xffff800000000000ull, P },
		{ "second to last page of 64 bits", MAP, bo, ~0ull - 2 * P + 1, P },
		{ "sparse", HOLE, 0, KT_VA_END, P },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		uint32_t vm = kt_vm(t->fd), out = kt_syncobj(t->fd, false);
		struct drm_panthor_sync_op sync = kt_signal_op(out, 0);
		struct drm_panthor_vm_bind_op op = {
			.flags = rows[i].flags,
			.bo_handle = rows[i].bo,
			.va = rows[i].va,
			.size = rows[i].size,
		};

		kt_expect(rows[i].name, kt_bind(t->fd, vm, &op, 1, NULL), -EINVAL);
		assert_vm(t->fd, vm, DRM_PANTHOR_VM_STATE_USABLE);
		op.syncs = (struct drm_panthor_obj_array)DRM_PANTHOR_OBJ_ARRAY(1, &sync);
		kt_expect(rows[i].name, kt_bind_async(t->fd, vm, &op, 1, NULL), 0);
		kt_expect("its fence", kt_syncobj_result(t->fd, out), -EINVAL);
		assert_vm(t->fd, vm, DRM_PANTHOR_VM_STATE_UNUSABLE);
	}
	kt_all_expected();
}

/* Where a map of a page would fail, a map of nothing does not. */
static void test_nothing_to_do_there(void **state)
{
	struct kt *t = *state;
	uint32_t vm = kt_vm(t->fd), out = kt_syncobj(t->fd, false);
	struct drm_panthor_sync_op sync = kt_signal_op(out, 0);
	struct drm_panthor_vm_bind_op op = {
		.flags = HOLE,
		.va = KT_VA_END,
		.syncs = DRM_PANTHOR_OBJ_ARRAY(1, &sync),
	};

	assert_int_equal(kt_bind_async(t->fd, vm, &op, 1, NULL), 0);
	assert_int_equal(kt_syncobj_result(t->fd, out), 1);
	assert_vm(t->fd, vm, DRM_PANTHOR_VM_STATE_USABLE);
}

/* A VM of kt_gpu_init() that had a group, a heap and mappings before it became unusable. */
struct wreck {
	struct kt_gpu gpu;
	uint32_t group;
	uint32_t heap;
	uint32_t bo;
};

static struct drm_panthor_tiler_heap_create heap_args(uint32_t vm)
{
	return (struct drm_panthor_tiler_heap_create){
		.vm_id = vm,
		.initial_chunk_count = 1,
		.chunk_size = 131072,
		.max_chunks = 1,
	};
}

static void make_wreck(struct wreck *w, int fd)
{
	struct drm_panthor_tiler_heap_create heap;
	uint32_t out = kt_syncobj(fd, false);
	struct drm_panthor_sync_op sync = kt_signal_op(out, 0);
	struct drm_panthor_vm_bind_op op = {
		.flags = HOLE,
		.va = KT_VA_END,
		.size = P,
		.syncs = DRM_PANTHOR_OBJ_ARRAY(1, &sync),
	};

	kt_gpu_init(&w->gpu, fd);
	heap = heap_args(w->gpu.vm);
	assert_int_equal(kt_heap_create(fd, &heap), 0);
	w->heap = heap.handle;
	w->group = kt_group(fd, w->gpu.vm, 1, RING);
	w->bo = kt_bo(fd, P);
	assert_int_equal(kt_bind_async(fd, w->gpu.vm, &op, 1, NULL), 0);
	assert_int_equal(kt_syncobj_result(fd, out), -EINVAL);
	assert_vm(fd, w->gpu.vm, DRM_PANTHOR_VM_STATE_UNUSABLE);
}

static void test_binds(void **state)
{
	struct kt *t = *state;
	uint32_t out = kt_syncobj(t->fd, true), done, i;
	struct drm_panthor_sync_op sync = kt_wait_op(out, 0);
	const struct drm_panthor_obj_array syncs = DRM_PANTHOR_OBJ_ARRAY(1, &sync);
	struct wreck w;

	make_wreck(&w, t->fd);
	const struct {
		const char *name;
		struct drm_panthor_vm_bind_op op;
		int want, want_async;
	} rows[] = {
		{ "map",
		  { .flags = MAP, .bo_handle = w.bo, .va = FREE_VA, .size = P },
		  -EINVAL,
		  -EINVAL },
		{ "sparse", { .flags = HOLE, .va = FREE_VA, .size = P }, -EINVAL, -EINVAL },
		{ "unmap of nothing", { .flags = UNMAP, .va = FREE_VA, .size = P }, 0, -EINVAL },
		{ "unmap", { .flags = UNMAP, .va = KT_DATA_VA, .size = P }, 0, -EINVAL },
		{ "unmap all", { .flags = UNMAP, .size = KT_USER_END }, 0, -EINVAL },
		{ "map of nothing", { .flags = MAP, .bo_handle = w.bo }, 0, -EINVAL },
	};
	struct drm_panthor_vm_bind_op sync_only = { .flags = SYNC_ONLY };

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		kt_expect(rows[i].name, kt_bind(t->fd, w.gpu.vm, &rows[i].op, 1, &done),
			  rows[i].want);
		kt_expect("ops.count", (int)done, rows[i].want ? 0 : 1);
		kt_expect("async", kt_bind_async(t->fd, w.gpu.vm, &rows[i].op, 1, &done),
			  rows[i].want_async);
		kt_expect("ops.count of async", (int)done, 1);
	}
	kt_expect("sync only, of nothing", kt_bind(t->fd, w.gpu.vm, &sync_only, 1, NULL), 0);
	sync_only.syncs = syncs;
	kt_expect("sync only", kt_bind_async(t->fd, w.gpu.vm, &sync_only, 1, NULL), -EINVAL);
	kt_expect("no ops", kt_bind_async(t->fd, w.gpu.vm, &sync_only, 0, NULL), 0);
	kt_all_expected();
	assert_vm(t->fd, w.gpu.vm, DRM_PANTHOR_VM_STATE_UNUSABLE);
}

/* Unmapping lets go of BOs as ever. */
static void test_unmap_frees(void **state)
{
	struct kt *t = *state;
	uint32_t vm = kt_vm(t->fd), bo = kt_bo(t->fd, P), out = kt_syncobj(t->fd, false);
	struct drm_panthor_sync_op sync = kt_signal_op(out, 0);
	struct drm_panthor_vm_bind_op op = { .flags = HOLE, .va = KT_VA_END, .size = P };

	assert_int_equal(kt_bo_label(t->fd, bo, "wrecked"), 0);
	assert_int_equal(kt_vm_map(t->fd, vm, bo, FREE_VA, 0, P), 0);
	op.syncs = (struct drm_panthor_obj_array)DRM_PANTHOR_OBJ_ARRAY(1, &sync);
	assert_int_equal(kt_bind_async(t->fd, vm, &op, 1, NULL), 0);
	assert_int_equal(kt_syncobj_result(t->fd, out), -EINVAL);
	assert_int_equal(kt_bo_close(t->fd, bo), 0);
	kt_gem_get("wrecked");
	assert_int_equal(kt_vm_unmap(t->fd, vm, FREE_VA, P), 0);
	assert_true(kt_gem_gone("wrecked"));
}

static void test_jobs(void **state)
{
	struct kt *t = *state;
	struct drm_panthor_queue_submit none = { 0 };
	uint32_t late, flags;
	struct wreck w;

	make_wreck(&w, t->fd);
	kt_gpu_store(&w.gpu, 0, 1);
	assert_int_equal(kt_gpu_run(&w.gpu, w.group, none), 1);
	assert_int_equal(kt_gpu_run(&w.gpu, w.group, kt_gpu_job(&w.gpu, 0)), -EFAULT);
	assert_int_equal(kt_group_state(t->fd, w.group, &flags, NULL), 0);
	assert_int_equal(flags, DRM_PANTHOR_GROUP_STATE_FATAL_FAULT);
	late = kt_group(t->fd, w.gpu.vm, 1, RING);
	assert_int_equal(kt_gpu_run(&w.gpu, late, none), 1);
	assert_int_equal(kt_group_destroy(t->fd, late), 0);
	assert_int_equal(w.gpu.words[0], 0);
}

static void test_heaps(void **state)
{
	struct drm_panthor_tiler_heap_create args;
	struct kt *t = *state;
	struct wreck w;

	make_wreck(&w, t->fd);
	args = heap_args(w.gpu.vm);
	kt_expect("new heap", kt_heap_create(t->fd, &args), -EINVAL);
	kt_expect("old heap", kt_heap_destroy(t->fd, w.heap), 0);
	kt_expect("old heap twice", kt_heap_destroy(t->fd, w.heap), -EINVAL);
	kt_expect("new heap in its place", kt_heap_create(t->fd, &args), -EINVAL);
	kt_all_expected();
}

/* Only its end helps; its BOs live on, other VMs never noticed. */
static void test_the_end(void **state)
{
	struct kt *t = *state;
	uint32_t other = kt_vm(t->fd), own, group, flags;
	struct wreck w;

	make_wreck(&w, t->fd);
	assert_int_equal(kt_bo_create(t->fd, P, 0, w.gpu.vm, &own), 0);
	kt_expect("own BO in the other", kt_vm_map(t->fd, other, own, FREE_VA, 0, P), -EINVAL);
	kt_expect("BO in the other", kt_vm_map(t->fd, other, w.bo, FREE_VA, 0, P), 0);
	kt_expect("destroy", kt_vm_destroy(t->fd, w.gpu.vm), 0);
	kt_expect("state", kt_vm_state(t->fd, w.gpu.vm, &flags), -EINVAL);
	kt_expect("heap of it", kt_heap_destroy(t->fd, w.heap), -EINVAL);
	kt_all_expected();
	assert_vm(t->fd, other, DRM_PANTHOR_VM_STATE_USABLE);
	kt_assert_zeroes(t->fd, own, P);

	kt_gpu_init(&w.gpu, t->fd);
	group = kt_group(t->fd, w.gpu.vm, 1, RING);
	kt_gpu_store(&w.gpu, 0, 1);
	assert_int_equal(kt_gpu_run(&w.gpu, group, kt_gpu_job(&w.gpu, 0)), 1);
	assert_int_equal(w.gpu.words[0], 1);
}

/* What is queued behind the one that fails: maps fail with it, unmaps do what they say. */
static void test_what_is_queued_already(void **state)
{
	struct kt *t = *state;
	uint32_t vm = kt_vm(t->fd), bo = kt_bo(t->fd, P), out[3], i;
	static const int want[3] = { -EINVAL, -EINVAL, 1 };
	struct drm_panthor_sync_op syncs[3];
	struct drm_panthor_vm_bind_op ops[3] = {
		{ .flags = HOLE, .va = KT_VA_END, .size = P },
		{ .flags = HOLE, .va = 2 * FREE_VA, .size = P },
		{ .flags = UNMAP, .va = FREE_VA, .size = P },
	};

	assert_int_equal(kt_bo_label(t->fd, bo, "queued"), 0);
	assert_int_equal(kt_vm_map(t->fd, vm, bo, FREE_VA, 0, P), 0);
	assert_int_equal(kt_bo_close(t->fd, bo), 0);
	for (i = 0; i < 3; i++) {
		out[i] = kt_syncobj(t->fd, false);
		syncs[i] = kt_signal_op(out[i], 0);
		ops[i].syncs = (struct drm_panthor_obj_array)DRM_PANTHOR_OBJ_ARRAY(1, &syncs[i]);
	}
	assert_int_equal(kt_bind_async(t->fd, vm, ops, 3, NULL), 0);
	for (i = 0; i < 3; i++)
		kt_expect("queued", kt_syncobj_result(t->fd, out[i]), want[i]);
	kt_all_expected();
	assert_vm(t->fd, vm, DRM_PANTHOR_VM_STATE_UNUSABLE);
	assert_true(kt_gem_gone("queued"));
}

static const struct CMUnitTest tests[] = {
	kt_test(test_what_makes_it_so),
	kt_test(test_nothing_to_do_there),
	kt_test(test_binds),
	kt_test(test_unmap_frees),
	kt_test(test_jobs),
	kt_test(test_heaps),
	kt_test(test_the_end),
	kt_test(test_what_is_queued_already),
	kt_no_leaks(),
};

kt_main(tests)
