/* SPDX-License-Identifier: MIT */
/* Asynchronous VM_BIND: what an operation, and a call, may say. */
#include "kt_gpu.h"

#define MAP	  DRM_PANTHOR_VM_BIND_OP_TYPE_MAP
#define UNMAP	  DRM_PANTHOR_VM_BIND_OP_TYPE_UNMAP
#define SYNC_ONLY DRM_PANTHOR_VM_BIND_OP_TYPE_SYNC_ONLY
#define READONLY  DRM_PANTHOR_VM_BIND_OP_MAP_READONLY
#define NOEXEC	  DRM_PANTHOR_VM_BIND_OP_MAP_NOEXEC
#define UNCACHED  DRM_PANTHOR_VM_BIND_OP_MAP_UNCACHED
#define SPARSE	  DRM_PANTHOR_VM_BIND_OP_MAP_SPARSE
#define HOLE	  (MAP | SPARSE | NOEXEC)
#define ASYNC	  DRM_PANTHOR_VM_BIND_ASYNC

#define P	KT_PAGE
#define VA	0x100000ull
#define END	KT_USER_END
#define BO_SIZE (4 * P)
#define TIB	(1ull << 40)

struct row {
	const char *name;
	uint32_t flags;
	uint32_t bo;
	uint64_t bo_offset;
	uint64_t va;
	uint64_t size;
	int want;
};

/* What is accepted is also carried out, and of what is refused nobody hears. */
static void run_row(int fd, uint32_t vm, const struct row *row)
{
	uint32_t out = kt_syncobj(fd, false), done = 99;
	struct drm_panthor_sync_op sync = kt_signal_op(out, 0);
	struct drm_panthor_vm_bind_op op = {
		.flags = row->flags,
		.bo_handle = row->bo,
		.bo_offset = row->bo_offset,
		.va = row->va,
		.size = row->size,
		.syncs = DRM_PANTHOR_OBJ_ARRAY(1, &sync),
	};
	int ret = kt_bind_async(fd, vm, &op, 1, &done);

	kt_expect(row->name, ret, row->want);
	kt_expect("ops.count", (int)done, 1);
	if (ret == 0)
		kt_expect("carried out", kt_syncobj_result(fd, out), 1);
	else
		kt_expect("no fence", kt_syncobj_now(fd, out, 0), -EINVAL);
}

static void run_rows(int fd, uint32_t vm, const struct row *rows, size_t count)
{
	uint32_t state;
	size_t i;

	for (i = 0; i < count; i++)
		run_row(fd, vm, &rows[i]);
	kt_all_expected();
	assert_int_equal(kt_vm_state(fd, vm, &state), 0);
	assert_int_equal(state, DRM_PANTHOR_VM_STATE_USABLE);
}

static void test_map(void **state)
{
	struct kt *t = *state;
	uint32_t vm = kt_vm(t->fd), other = kt_vm(t->fd);
	uint32_t bo = kt_bo(t->fd, BO_SIZE), own, foreign;

	assert_int_equal(kt_bo_create(t->fd, BO_SIZE, 0, vm, &own), 0);
	assert_int_equal(kt_bo_create(t->fd, BO_SIZE, 0, other, &foreign), 0);
	const struct row rows[] = {
		{ "whole", MAP, bo, 0, VA, BO_SIZE, 0 },
		{ "again, on top", MAP, bo, 0, VA, BO_SIZE, 0 },
		{ "part", MAP, bo, P, VA + P, 2 * P, 0 },
		{ "last page of the BO", MAP, bo, 3 * P, VA, P, 0 },
		{ "exclusive to this VM", MAP, own, 0, VA, BO_SIZE, 0 },
		{ "all attributes", MAP | READONLY | NOEXEC | UNCACHED, bo, 0, VA, P, 0 },
		{ "va 0", MAP, bo, 0, 0, BO_SIZE, 0 },
		{ "last page of the range", MAP, bo, 0, END - P, P, 0 },
		{ "va + 1", MAP, bo, 0, VA + 1, P, -EINVAL },
		{ "size 0xfff", MAP, bo, 0, VA, 0xfff, -EINVAL },
		{ "bo_offset 1", MAP, bo, 1, VA, P, -EINVAL },
		{ "size above the BO", MAP, bo, 0, VA, BO_SIZE + P, -EINVAL },
		{ "offset at the end", MAP, bo, BO_SIZE, VA, P, -EINVAL },
		{ "offset and size across the end", MAP, bo, 3 * P, VA, 2 * P, -EINVAL },
		{ "offset that wraps to inside", MAP, bo, ~0ull - P + 1, VA, 2 * P, -EINVAL },
		{ "handle 0", MAP, 0, 0, VA, P, -EINVAL },
		{ "unknown handle", MAP, 0xdeadbeef, 0, VA, P, -EINVAL },
		{ "huge, unknown handle", MAP, 0xdeadbeef, 0, 0, 1ull << 46, -EINVAL },
		{ "huge, size above the BO", MAP, bo, 0, 0, 1ull << 46, -EINVAL },
		{ "exclusive to another VM", MAP, foreign, 0, VA, P, -EINVAL },
		{ "flag bit 4", MAP | 1 << 4, bo, 0, VA, P, -EINVAL },
		{ "flag bit 27", MAP | 1 << 27, bo, 0, VA, P, -EINVAL },
		{ "type 3", 3u << 28, bo, 0, VA, P, -EINVAL },
		{ "type 15", 15u << 28, bo, 0, VA, P, -EINVAL },
	};

	run_rows(t->fd, vm, rows, ARRAY_SIZE(rows));
}

/* Other than in a synchronous call, an operation of nothing is looked at like any other. */
static void test_size_0(void **state)
{
	struct kt *t = *state;
	uint32_t vm = kt_vm(t->fd), other = kt_vm(t->fd);
	uint32_t bo = kt_bo(t->fd, BO_SIZE), foreign;

	assert_int_equal(kt_bo_create(t->fd, BO_SIZE, 0, other, &foreign), 0);
	const struct row rows[] = {
		{ "map", MAP, bo, 0, VA, 0, 0 },
		{ "at the end of the BO", MAP, bo, BO_SIZE, VA, 0, 0 },
		{ "at the end of the range", MAP, bo, 0, END, 0, 0 },
		{ "unmap", UNMAP, 0, 0, VA, 0, 0 },
		{ "sparse", HOLE, 0, 0, VA, 0, 0 },
		{ "unknown handle", MAP, 0xdeadbeef, 0, VA, 0, -EINVAL },
		{ "handle 0", MAP, 0, 0, VA, 0, -EINVAL },
		{ "exclusive to another VM", MAP, foreign, 0, VA, 0, -EINVAL },
		{ "behind the end of the BO", MAP, bo, BO_SIZE + P, VA, 0, -EINVAL },
		{ "va + 1", MAP, bo, 0, VA + 1, 0, -EINVAL },
		{ "bo_offset 1", MAP, bo, 1, VA, 0, -EINVAL },
		{ "kernel range", MAP, bo, 0, END + P, 0, -EINVAL },
		{ "flag bit 27", MAP | 1 << 27, bo, 0, VA, 0, -EINVAL },
		{ "unmap with a handle", UNMAP, bo, 0, VA, 0, -EINVAL },
		{ "executable sparse", MAP | SPARSE, 0, 0, VA, 0, -EINVAL },
		{ "type 15", 15u << 28, 0, 0, VA, 0, -EINVAL },
	};

	run_rows(t->fd, vm, rows, ARRAY_SIZE(rows));
}

/* All of these are refused at once: none may cost a client its VM. */
static void test_kernel_range(void **state)
{
	struct kt *t = *state;
	uint32_t vm = kt_vm(t->fd);
	uint32_t bo = kt_bo(t->fd, BO_SIZE);
	const struct row rows[] = {
		{ "start of the kernel range", MAP, bo, 0, END, P, -EINVAL },
		{ "across its start", MAP, bo, 0, END - P, 2 * P, -EINVAL },
		{ "inside", MAP, bo, 0, END + TIB, P, -EINVAL },
		{ "last page of the VM", MAP, bo, 0, KT_VA_END - P, P, -EINVAL },
		{ "across the end of the VM", MAP, bo, 0, KT_VA_END - P, 2 * P, -EINVAL },
		{ "last page of 64 bits", MAP, bo, 0, ~0ull - P + 1, P, -EINVAL },
		{ "wraps", MAP, bo, 0, ~0ull - P + 1, 2 * P, -EINVAL },
		{ "unmap at its start", UNMAP, 0, 0, END, P, -EINVAL },
		{ "unmap across its start", UNMAP, 0, 0, END - P, 2 * P, -EINVAL },
		{ "unmap the whole VM", UNMAP, 0, 0, 0, KT_VA_END, -EINVAL },
		{ "unmap beyond the VM", UNMAP, 0, 0, KT_VA_END, P, -EINVAL },
		{ "unmap wraps", UNMAP, 0, 0, ~0ull - P + 1, 2 * P, -EINVAL },
		{ "sparse across its start", HOLE, 0, 0, END - P, 2 * P, -EINVAL },
	};

	run_rows(t->fd, vm, rows, ARRAY_SIZE(rows));
}

static void test_unmap(void **state)
{
	struct kt *t = *state;
	uint32_t vm = kt_vm(t->fd);
	uint32_t bo = kt_bo(t->fd, BO_SIZE);
	const struct row rows[] = {
		{ "map", MAP, bo, 0, VA, BO_SIZE, 0 },
		{ "the middle", UNMAP, 0, 0, VA + P, P, 0 },
		{ "partly mapped", UNMAP, 0, 0, VA, BO_SIZE, 0 },
		{ "never mapped", UNMAP, 0, 0, VA + TIB, P, 0 },
		{ "whole user range", UNMAP, 0, 0, 0, END, 0 },
		{ "handle", UNMAP, bo, 0, VA, P, -EINVAL },
		{ "offset", UNMAP, 0, P, VA, P, -EINVAL },
		{ "READONLY", UNMAP | READONLY, 0, 0, VA, P, -EINVAL },
		{ "NOEXEC", UNMAP | NOEXEC, 0, 0, VA, P, -EINVAL },
		{ "UNCACHED", UNMAP | UNCACHED, 0, 0, VA, P, -EINVAL },
		{ "SPARSE", UNMAP | SPARSE, 0, 0, VA, P, -EINVAL },
		{ "flag bit 27", UNMAP | 1 << 27, 0, 0, VA, P, -EINVAL },
		{ "va + 1", UNMAP, 0, 0, VA + 1, P, -EINVAL },
		{ "size 0xfff", UNMAP, 0, 0, VA, 0xfff, -EINVAL },
	};

	run_rows(t->fd, vm, rows, ARRAY_SIZE(rows));
}

static void test_sync_only(void **state)
{
	struct kt *t = *state;
	uint32_t vm = kt_vm(t->fd);
	uint32_t bo = kt_bo(t->fd, BO_SIZE);
	struct drm_panthor_vm_bind_op no_syncs = { .flags = SYNC_ONLY };
	const struct row rows[] = {
		{ "plain", SYNC_ONLY, 0, 0, 0, 0, 0 },
		{ "handle", SYNC_ONLY, bo, 0, 0, 0, -EINVAL },
		{ "offset", SYNC_ONLY, 0, P, 0, 0, -EINVAL },
		{ "va", SYNC_ONLY, 0, 0, VA, 0, -EINVAL },
		{ "size", SYNC_ONLY, 0, 0, 0, P, -EINVAL },
		{ "range", SYNC_ONLY, 0, 0, VA, P, -EINVAL },
		{ "READONLY", SYNC_ONLY | READONLY, 0, 0, 0, 0, -EINVAL },
		{ "NOEXEC", SYNC_ONLY | NOEXEC, 0, 0, 0, 0, -EINVAL },
		{ "UNCACHED", SYNC_ONLY | UNCACHED, 0, 0, 0, 0, -EINVAL },
		{ "SPARSE", SYNC_ONLY | SPARSE, 0, 0, 0, 0, -EINVAL },
		{ "flag bit 27", SYNC_ONLY | 1 << 27, 0, 0, 0, 0, -EINVAL },
	};

	run_rows(t->fd, vm, rows, ARRAY_SIZE(rows));
	kt_expect("no syncs", kt_bind_async(t->fd, vm, &no_syncs, 1, NULL), -EINVAL);
	kt_all_expected();
}

static void test_sparse(void **state)
{
	struct kt *t = *state;
	uint32_t vm = kt_vm(t->fd);
	uint32_t bo = kt_bo(t->fd, BO_SIZE);
	const struct row rows[] = {
		{ "page", HOLE, 0, 0, VA, P, 0 },
		{ "BO in the middle", MAP, bo, 0, VA + P, BO_SIZE, 0 },
		{ "over all of it", HOLE, 0, 0, VA, 64 * KT_MIB, 0 },
		{ "read-only and uncached", HOLE | READONLY | UNCACHED, 0, 0, VA, P, 0 },
		{ "cut at odd places", UNMAP, 0, 0, VA + 3 * P, 33 * KT_MIB + P, 0 },
		{ "1 TiB", HOLE, 0, 0, 0, TIB, 0 },
		{ "1 TiB that begins with a page", HOLE, 0, 0, TIB - P, TIB, 0 },
		{ "all of it away", UNMAP, 0, 0, 0, END, 0 },
		{ "a page more than 1 TiB", HOLE, 0, 0, 0, TIB + P, -EINVAL },
		{ "the whole range", HOLE, 0, 0, 0, END, -EINVAL },
		{ "executable", MAP | SPARSE, 0, 0, VA, P, -EINVAL },
		{ "with a handle", HOLE, bo, 0, VA, P, -EINVAL },
		{ "with an offset", HOLE, 0, P, VA, P, -EINVAL },
		{ "va + 1", HOLE, 0, 0, VA + 1, P, -EINVAL },
		{ "flag bit 4", HOLE | 1 << 4, 0, 0, VA, P, -EINVAL },
	};
	size_t i;

	run_rows(t->fd, vm, rows, ARRAY_SIZE(rows));
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		struct drm_panthor_vm_bind_op op = {
			.flags = rows[i].flags,
			.bo_handle = rows[i].bo,
			.bo_offset = rows[i].bo_offset,
			.va = rows[i].va,
			.size = rows[i].size,
		};

		kt_expect(rows[i].name, kt_bind(t->fd, vm, &op, 1, NULL), rows[i].want);
	}
	kt_all_expected();
}

struct target {
	int fd;
	uint32_t vm;
	uint32_t flags;
};

static int bind_array(void *arg, const struct drm_panthor_obj_array *array)
{
	const struct target *to = arg;
	struct drm_panthor_vm_bind args = {
		.vm_id = to->vm,
		.flags = to->flags,
		.ops = *array,
	};

	return kt_ioctl(to->fd, DRM_IOCTL_PANTHOR_VM_BIND, &args);
}

static void test_kb49_kb55_call(void **state)
{
	struct kt *t = *state;
	uint32_t vm = kt_vm(t->fd);
	struct drm_panthor_vm_bind_op op = { .flags = UNMAP, .va = VA, .size = P };
	struct drm_panthor_obj_array one = DRM_PANTHOR_OBJ_ARRAY(1, &op);
	struct drm_panthor_obj_array none = DRM_PANTHOR_OBJ_ARRAY(0, &op);
	const struct {
		const char *name;
		struct target to;
		int want;
	} rows[] = {
		{ "good", { t->fd, vm, ASYNC }, 0 },
		{ "VM 0", { t->fd, 0, ASYNC }, -EINVAL },
		{ "unknown VM", { t->fd, vm + 1, ASYNC }, -EINVAL },
		{ "VM id beyond 16 bits", { t->fd, vm | 1u << 16, ASYNC }, -EINVAL },
		{ "kb49, kb55: flag bit 1", { t->fd, vm, ASYNC | 2 }, -EINVAL },
		{ "kb49, kb55: flag bit 31", { t->fd, vm, ASYNC | 1u << 31 }, -EINVAL },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		struct target to = rows[i].to;

		kt_expect(rows[i].name, bind_array(&to, &one), rows[i].want);
		kt_expect("no ops", bind_array(&to, &none), rows[i].want);
	}
	none.stride = 0;
	kt_expect("no ops, stride 0", bind_array(&(struct target){ t->fd, vm, ASYNC }, &none),
		  -EINVAL);
	kt_all_expected();
}

static void test_op_array(void **state)
{
	struct kt *t = *state;
	struct drm_panthor_vm_bind_op op = { .flags = UNMAP, .va = VA, .size = P };
	struct target to = { .fd = t->fd, .vm = kt_vm(t->fd) };
	const struct kt_array array = {
		.call = bind_array,
		.arg = &to,
		.element = &op,
		.size = sizeof(op),
		.most = 16 * KT_MIB / sizeof(op),
	};

	kt_expect_array_rules(&array);
	to.flags = ASYNC;
	kt_expect_array_rules(&array);
	kt_all_expected();
}

/* All or none, and ops.count does not tell of parts that were done: there are none. */
static void test_failure_does_nothing(void **state)
{
	struct kt *t = *state;
	uint32_t vm = kt_vm(t->fd), early = kt_bo(t->fd, BO_SIZE), late = kt_bo(t->fd, BO_SIZE);
	uint32_t out = kt_syncobj(t->fd, false), done;
	struct drm_panthor_sync_op sync = kt_signal_op(out, 0);
	struct drm_panthor_vm_bind_op ops[3] = {
		{ .flags = MAP, .bo_handle = early, .va = VA, .size = P },
		{ .flags = MAP, .bo_handle = early, .va = VA + 1, .size = P },
		{ .flags = MAP, .bo_handle = late, .va = VA + 8 * P, .size = P },
	};

	ops[0].syncs = (struct drm_panthor_obj_array)DRM_PANTHOR_OBJ_ARRAY(1, &sync);
	assert_int_equal(kt_bo_label(t->fd, early, "early"), 0);
	assert_int_equal(kt_bo_label(t->fd, late, "late"), 0);
	assert_int_equal(kt_bind_async(t->fd, vm, ops, 3, &done), -EINVAL);
	assert_int_equal(done, 3);
	assert_int_equal(kt_syncobj_now(t->fd, out, 0), -EINVAL);

	/* Whatever is mapped by then outlives its handle. */
	ops[0] = (struct drm_panthor_vm_bind_op){ .flags = SYNC_ONLY, .syncs = ops[0].syncs };
	assert_int_equal(kt_bind_async(t->fd, vm, ops, 1, NULL), 0);
	assert_int_equal(kt_syncobj_result(t->fd, out), 1);
	assert_int_equal(kt_bo_close(t->fd, early), 0);
	assert_int_equal(kt_bo_close(t->fd, late), 0);
	assert_true(kt_gem_gone("early"));
	assert_true(kt_gem_gone("late"));
}

static const struct CMUnitTest tests[] = {
	kt_test(test_map),
	kt_test(test_size_0),
	kt_test(test_kernel_range),
	kt_test(test_unmap),
	kt_test(test_sync_only),
	kt_test(test_sparse),
	kt_test(test_kb49_kb55_call),
	kt_test(test_op_array),
	kt_test(test_failure_does_nothing),
	kt_no_leaks(),
};

kt_main(tests)
