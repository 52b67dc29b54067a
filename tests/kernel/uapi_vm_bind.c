/* SPDX-License-Identifier: MIT */
/* Synchronous VM_BIND: what an operation, and a call, may say. */
#include "kt.h"

#define MAP	  DRM_PANTHOR_VM_BIND_OP_TYPE_MAP
#define UNMAP	  DRM_PANTHOR_VM_BIND_OP_TYPE_UNMAP
#define SYNC_ONLY DRM_PANTHOR_VM_BIND_OP_TYPE_SYNC_ONLY
#define READONLY  DRM_PANTHOR_VM_BIND_OP_MAP_READONLY
#define NOEXEC	  DRM_PANTHOR_VM_BIND_OP_MAP_NOEXEC
#define UNCACHED  DRM_PANTHOR_VM_BIND_OP_MAP_UNCACHED
#define SPARSE	  DRM_PANTHOR_VM_BIND_OP_MAP_SPARSE

#define P	KT_PAGE
#define VA	0x100000ull
#define BO_SIZE (4 * P)
/* VM_CREATE with 0 leaves [0, 1 << 47) to the client. */
#define USER_END (1ull << 47)
#define VA_END	 (1ull << 48)
#define STRIDE	 ((uint32_t)sizeof(struct drm_panthor_vm_bind_op))

struct row {
	const char *name;
	uint32_t flags;
	uint32_t bo;
	uint64_t bo_offset;
	uint64_t va;
	uint64_t size;
	int want;
};

static void run_rows(int fd, uint32_t vm, const struct row *rows, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		struct drm_panthor_vm_bind_op op = {
			.flags = rows[i].flags,
			.bo_handle = rows[i].bo,
			.bo_offset = rows[i].bo_offset,
			.va = rows[i].va,
			.size = rows[i].size,
		};
		uint32_t done = 99;

		kt_expect(rows[i].name, kt_bind(fd, vm, &op, 1, &done), rows[i].want);
		kt_expect("ops.count", (int)done, rows[i].want ? 0 : 1);
	}
	kt_all_expected();
}

static void assert_usable(int fd, uint32_t vm)
{
	uint32_t state;

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
		{ "last page of the range", MAP, bo, 0, USER_END - P, P, 0 },
		{ "size 0", MAP, bo, 0, VA, 0, 0 },
		{ "size 0, nothing else looked at", MAP | 1u << 27, 0xdead, 3, 5, 0, 0 },
		{ "va + 1", MAP, bo, 0, VA + 1, P, -EINVAL },
		{ "va + 2048", MAP, bo, 0, VA + 2048, P, -EINVAL },
		{ "size 1", MAP, bo, 0, VA, 1, -EINVAL },
		{ "size 0xfff", MAP, bo, 0, VA, 0xfff, -EINVAL },
		{ "bo_offset 1", MAP, bo, 1, VA, P, -EINVAL },
		{ "size above the BO", MAP, bo, 0, VA, BO_SIZE + P, -EINVAL },
		{ "offset at the end", MAP, bo, BO_SIZE, VA, P, -EINVAL },
		{ "offset and size across the end", MAP, bo, 3 * P, VA, 2 * P, -EINVAL },
		{ "huge offset", MAP, bo, ~0ull - P + 1, VA, P, -EINVAL },
		{ "offset that wraps to inside", MAP, bo, ~0ull - P + 1, VA, 2 * P, -EINVAL },
		{ "handle 0", MAP, 0, 0, VA, P, -EINVAL },
		/* Refused before page tables are allocated: there would be 128 GiB of them. */
		{ "huge, unknown handle", MAP, 0xdeadbeef, 0, 0, 1ull << 46, -EINVAL },
		{ "huge, size above the BO", MAP, bo, 0, 0, 1ull << 46, -EINVAL },
		{ "huge and sparse", MAP | NOEXEC | SPARSE, 0, 0, 0, 1ull << 46, -EINVAL },
		{ "unknown handle", MAP, 0xdeadbeef, 0, VA, P, -EINVAL },
		{ "exclusive to another VM", MAP, foreign, 0, VA, P, -EINVAL },
		{ "flag bit 4", MAP | 1 << 4, bo, 0, VA, P, -EINVAL },
		{ "flag bit 27", MAP | 1 << 27, bo, 0, VA, P, -EINVAL },
		{ "type 3", 3u << 28, bo, 0, VA, P, -EINVAL },
		{ "type 15", 15u << 28, bo, 0, VA, P, -EINVAL },
	};

	run_rows(t->fd, vm, rows, ARRAY_SIZE(rows));
	assert_usable(t->fd, vm);
}

static void test_kernel_range(void **state)
{
	struct kt *t = *state;
	uint32_t vm = kt_vm(t->fd);
	uint32_t bo = kt_bo(t->fd, BO_SIZE);
	const struct row rows[] = {
		{ "start of the kernel range", MAP, bo, 0, USER_END, P, -EINVAL },
		{ "across its start", MAP, bo, 0, USER_END - P, 2 * P, -EINVAL },
		{ "inside", MAP, bo, 0, USER_END + (1ull << 40), P, -EINVAL },
		{ "last page of the VM", MAP, bo, 0, VA_END - P, P, -EINVAL },
		{ "behind the VM", MAP, bo, 0, VA_END, P, -EINVAL },
		{ "sign-extended", MAP, bo, 0, 0xffff800000000000ull, P, -EINVAL },
		{ "last page of 64 bits", MAP, bo, 0, ~0ull - P + 1, P, -EINVAL },
		{ "wraps", MAP, bo, 0, ~0ull - P + 1, 2 * P, -EINVAL },
		{ "unmap at its start", UNMAP, 0, 0, USER_END, P, -EINVAL },
		{ "unmap across its start", UNMAP, 0, 0, USER_END - P, 2 * P, -EINVAL },
		{ "unmap the whole VM", UNMAP, 0, 0, 0, VA_END, -EINVAL },
		{ "unmap beyond the VM", UNMAP, 0, 0, VA_END, P, -EINVAL },
		{ "unmap wraps", UNMAP, 0, 0, ~0ull - P + 1, 2 * P, -EINVAL },
		{ "unmap 2^64 - page", UNMAP, 0, 0, P, ~0ull - P + 1, -EINVAL },
	};

	run_rows(t->fd, vm, rows, ARRAY_SIZE(rows));
	assert_usable(t->fd, vm);
}

static void test_unmap(void **state)
{
	struct kt *t = *state;
	uint32_t vm = kt_vm(t->fd);
	uint32_t bo = kt_bo(t->fd, BO_SIZE);
	const struct row rows[] = {
		{ "map", MAP, bo, 0, VA, BO_SIZE, 0 },
		{ "mapped", UNMAP, 0, 0, VA, BO_SIZE, 0 },
		{ "unmapped", UNMAP, 0, 0, VA, BO_SIZE, 0 },
		{ "never mapped", UNMAP, 0, 0, VA + (1ull << 40), P, 0 },
		{ "whole user range", UNMAP, 0, 0, 0, USER_END, 0 },
		{ "size 0", UNMAP, 0, 0, VA, 0, 0 },
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
	const struct row rows[] = {
		{ "plain", SYNC_ONLY, 0, 0, 0, 0, 0 },
		{ "size 0 ends the checks", SYNC_ONLY, 1, 0, VA, 0, 0 },
		{ "with size", SYNC_ONLY, 0, 0, 0, P, -EINVAL },
		{ "with range", SYNC_ONLY, 0, 0, VA, P, -EINVAL },
		{ "READONLY", SYNC_ONLY | READONLY, 0, 0, 0, P, -EINVAL },
	};

	run_rows(t->fd, vm, rows, ARRAY_SIZE(rows));
}

static void test_sparse(void **state)
{
	struct kt *t = *state;
	uint32_t vm = kt_vm(t->fd);
	uint32_t bo = kt_bo(t->fd, BO_SIZE);
	const uint64_t big = 64 * KT_MIB;
	const struct row rows[] = {
		{ "page", MAP | SPARSE | NOEXEC, 0, 0, VA, P, 0 },
		{ "64 MiB", MAP | SPARSE | NOEXEC, 0, 0, VA + P, big, 0 },
		{ "BO on top", MAP, bo, 0, VA + 8 * P, BO_SIZE, 0 },
		{ "over the BO", MAP | SPARSE | NOEXEC, 0, 0, VA + 9 * P, P, 0 },
		{ "read-only and uncached", MAP | SPARSE | NOEXEC | READONLY | UNCACHED, 0, 0, VA,
		  P, 0 },
		{ "unmap the middle", UNMAP, 0, 0, VA + 3 * KT_MIB, KT_MIB, 0 },
		{ "unmap", UNMAP, 0, 0, 0, USER_END, 0 },
		{ "executable", MAP | SPARSE, 0, 0, VA, P, -EINVAL },
		{ "with a handle", MAP | SPARSE | NOEXEC, bo, 0, VA, P, -EINVAL },
		{ "with an offset", MAP | SPARSE | NOEXEC, 0, P, VA, P, -EINVAL },
		{ "kernel range", MAP | SPARSE | NOEXEC, 0, 0, USER_END - P, 2 * P, -EINVAL },
	};

	run_rows(t->fd, vm, rows, ARRAY_SIZE(rows));
}

static int bind(int fd, struct drm_panthor_vm_bind *args)
{
	return kt_ioctl(fd, DRM_IOCTL_PANTHOR_VM_BIND, args);
}

static void test_kb49_kb55_call(void **state)
{
	struct kt *t = *state;
	uint32_t vm = kt_vm(t->fd);
	struct drm_panthor_vm_bind_op op = {
		.flags = MAP,
		.bo_handle = kt_bo(t->fd, BO_SIZE),
		.va = VA,
		.size = P,
	};
	const struct {
		const char *name;
		uint32_t vm;
		uint32_t flags;
		int want;
	} rows[] = {
		{ "good", vm, 0, 0 },
		{ "VM 0", 0, 0, -EINVAL },
		{ "unknown VM", vm + 1, 0, -EINVAL },
		{ "VM id beyond 16 bits", vm | 1u << 16, 0, -EINVAL },
		{ "kb49, kb55: flag bit 1", vm, 2, -EINVAL },
		{ "kb49, kb55: flag bit 31", vm, 1u << 31, -EINVAL },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		struct drm_panthor_vm_bind args = {
			.vm_id = rows[i].vm,
			.flags = rows[i].flags,
			.ops = DRM_PANTHOR_OBJ_ARRAY(1, &op),
		};

		kt_expect(rows[i].name, bind(t->fd, &args), rows[i].want);
		args.ops.count = 0;
		kt_expect("no ops", bind(t->fd, &args), rows[i].want);
	}
	kt_all_expected();
}

static void test_syncs_need_async(void **state)
{
	struct kt *t = *state;
	uint32_t vm = kt_vm(t->fd);
	struct drm_panthor_sync_op sync = { .handle = 1 };
	struct drm_panthor_vm_bind_op op = {
		.flags = UNMAP,
		.va = VA,
		.size = P,
		.syncs = DRM_PANTHOR_OBJ_ARRAY(1, &sync),
	};
	uint32_t done;

	kt_expect("one sync", kt_bind(t->fd, vm, &op, 1, &done), -EINVAL);
	op.size = 0;
	kt_expect("one sync, size 0", kt_bind(t->fd, vm, &op, 1, &done), -EINVAL);
	kt_all_expected();
}

static int bind_array(int fd, uint32_t vm, uint32_t stride, uint32_t count, const void *ptr)
{
	struct drm_panthor_vm_bind args = {
		.vm_id = vm,
		.ops = { .stride = stride, .count = count, .array = (uintptr_t)ptr },
	};

	return bind(fd, &args);
}

static void test_strides(void **state)
{
	struct kt *t = *state;
	uint32_t vm = kt_vm(t->fd);
	struct {
		struct drm_panthor_vm_bind_op op;
		uint64_t tail;
	} wide[2] = {
		{ .op = { .flags = UNMAP, .va = VA, .size = P } },
		{ .op = { .flags = UNMAP, .va = VA, .size = P } },
	};

	kt_expect("stride min", bind_array(t->fd, vm, STRIDE, 1, wide), 0);
	kt_expect("count 0", bind_array(t->fd, vm, STRIDE, 0, NULL), 0);
	kt_expect("count 0, stride 0", bind_array(t->fd, vm, 0, 0, NULL), -EINVAL);
	kt_expect("stride 0", bind_array(t->fd, vm, 0, 1, wide), -EINVAL);
	kt_expect("stride min - 1", bind_array(t->fd, vm, STRIDE - 1, 1, wide), -EINVAL);
	kt_expect("wide", bind_array(t->fd, vm, sizeof(wide[0]), 2, wide), 0);
	wide[1].tail = 1;
	kt_expect("wide, tail", bind_array(t->fd, vm, sizeof(wide[0]), 2, wide), -E2BIG);
	kt_expect("NULL", bind_array(t->fd, vm, STRIDE, 1, NULL), -EFAULT);
	kt_expect("unmapped", bind_array(t->fd, vm, STRIDE, 1, (void *)KT_BAD_PTR), -EFAULT);
	kt_expect("kernel", bind_array(t->fd, vm, STRIDE, 1, (void *)KT_KERNEL_PTR), -EFAULT);
	kt_all_expected();
}

static void test_kb51_kb53_count_is_bounded(void **state)
{
	struct kt *t = *state;
	uint32_t vm = kt_vm(t->fd);
	struct drm_panthor_vm_bind_op op = { .flags = UNMAP, .va = VA, .size = P };
	static const uint32_t counts[] = { 0xffffffff, 0x80000000, 0x7fffffff, 0x10000000,
					   0x2aaaaab };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(counts); i++) {
		kt_expect_either("ops", bind_array(t->fd, vm, STRIDE, counts[i], &op), -EINVAL,
				 -ENOMEM);
		kt_expect_either("none", bind_array(t->fd, vm, STRIDE, counts[i], NULL), -EINVAL,
				 -ENOMEM);
	}
	kt_all_expected();
}

/* The caller learns how far it came: one op was done, the second failed, the third not tried. */
static void test_failure_reports_how_many_were_done(void **state)
{
	struct kt *t = *state;
	uint32_t vm = kt_vm(t->fd);
	uint32_t bo = kt_bo(t->fd, BO_SIZE), late = kt_bo(t->fd, BO_SIZE);
	struct drm_panthor_vm_bind_op ops[3] = {
		{ .flags = MAP, .bo_handle = bo, .va = VA, .size = P },
		{ .flags = MAP, .bo_handle = bo, .va = VA + 1, .size = P },
		{ .flags = MAP, .bo_handle = late, .va = VA + 8 * P, .size = P },
	};
	uint32_t done;

	assert_int_equal(kt_bo_label(t->fd, bo, "done"), 0);
	assert_int_equal(kt_bo_label(t->fd, late, "late"), 0);
	assert_int_equal(kt_bind(t->fd, vm, ops, 3, &done), -EINVAL);
	assert_int_equal(done, 1);
	assert_int_equal(kt_bo_close(t->fd, bo), 0);
	assert_int_equal(kt_bo_close(t->fd, late), 0);
	assert_true(kt_gem_gone("late"));
	kt_gem_get("done");
	assert_usable(t->fd, vm);
	assert_int_equal(kt_vm_unmap(t->fd, vm, VA, P), 0);
	assert_true(kt_gem_gone("done"));
}

static const struct CMUnitTest tests[] = {
	kt_test(test_map),
	kt_test(test_kernel_range),
	kt_test(test_unmap),
	kt_test(test_sync_only),
	kt_test(test_sparse),
	kt_test(test_kb49_kb55_call),
	kt_test(test_syncs_need_async),
	kt_test(test_strides),
	kt_test(test_kb51_kb53_count_is_bounded),
	kt_test(test_failure_reports_how_many_were_done),
	kt_no_leaks(),
};

kt_main(tests)
