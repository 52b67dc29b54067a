/* SPDX-License-Identifier: MIT */
/* VM_CREATE, VM_DESTROY, VM_GET_STATE: ranges, ids, limits. */
#include "kt.h"

#define MAX_VMS 32

static uint64_t full_va(int fd)
{
	struct drm_panthor_gpu_info gpu = { 0 };
	struct drm_panthor_dev_query args = {
		.type = DRM_PANTHOR_DEV_QUERY_GPU_INFO,
		.size = sizeof(gpu),
		.pointer = (uintptr_t)&gpu,
	};

	assert_int_equal(kt_ioctl(fd, DRM_IOCTL_PANTHOR_DEV_QUERY, &args), 0);
	return 1ull << DRM_PANTHOR_MMU_VA_BITS(gpu.mmu_features);
}

/* The kernel takes the largest power of two that fits above what the client asked for. */
static uint64_t expected_range(uint64_t full, uint64_t asked)
{
	uint64_t kernel = 1;

	while (kernel * 2 <= full - asked)
		kernel *= 2;
	return full - kernel;
}

static int create(int fd, uint64_t asked, uint32_t flags, struct drm_panthor_vm_create *args)
{
	*args = (struct drm_panthor_vm_create){ .flags = flags, .user_va_range = asked };
	return kt_ioctl(fd, DRM_IOCTL_PANTHOR_VM_CREATE, args);
}

static void test_ranges(void **state)
{
	struct kt *t = *state;
	uint64_t full = full_va(t->fd);
	const uint64_t asked[] = {
		1,	  4096,	    12345,	  1ull << 32,	       (1ull << 32) + 1,
		full / 4, full / 2, full / 2 + 1, full - (1ull << 29), full - (1ull << 28)
	};
	struct drm_panthor_vm_create args;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(asked); i++) {
		assert_int_equal(create(t->fd, asked[i], 0, &args), 0);
		assert_int_equal(args.user_va_range, expected_range(full, asked[i]));
		assert_true(args.user_va_range >= asked[i]);
		assert_int_equal(kt_vm_destroy(t->fd, args.id), 0);
	}
}

/* 0 asks for as much as the process has addresses itself. */
static void test_default_range(void **state)
{
	struct kt *t = *state;
	struct drm_panthor_vm_create args;

	assert_int_equal(create(t->fd, 0, 0, &args), 0);
	assert_int_equal(args.user_va_range, 1ull << 47);
}

static void test_create_errors(void **state)
{
	struct kt *t = *state;
	uint64_t full = full_va(t->fd);
	const struct {
		const char *name;
		uint64_t range;
		uint32_t flags;
	} rows[] = {
		{ "flag 1", 0, 1 },
		{ "flag 1 << 31", 0, 1u << 31 },
		{ "kernel part below 256 MiB", full - (1ull << 28) + 1, 0 },
		{ "all of the VA", full, 0 },
		{ "1 << 63", 1ull << 63, 0 },
		{ "U64_MAX", ~0ull, 0 },
	};
	struct drm_panthor_vm_create args;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++)
		kt_expect(rows[i].name, create(t->fd, rows[i].range, rows[i].flags, &args),
			  -EINVAL);
	kt_all_expected();
}

static void test_ids_and_limit(void **state)
{
	struct kt *t = *state;
	uint32_t ids[MAX_VMS];
	uint32_t id;
	int i;

	for (i = 0; i < MAX_VMS; i++) {
		assert_int_equal(kt_vm_create(t->fd, 0, &ids[i]), 0);
		assert_int_equal(ids[i], i + 1);
	}
	assert_int_equal(kt_vm_create(t->fd, 0, &id), -EBUSY);
	assert_int_equal(kt_vm_destroy(t->fd, ids[6]), 0);
	assert_int_equal(kt_vm_create(t->fd, 0, &id), 0);
	assert_int_equal(id, ids[6]);
	assert_int_equal(kt_vm_create(t->fd, 0, &id), -EBUSY);
}

static void test_limit_is_per_file(void **state)
{
	struct kt *t = *state;
	int other = kt_open("panthor", true);
	uint32_t id;
	int i;

	for (i = 0; i < MAX_VMS; i++)
		assert_int_equal(kt_vm_create(t->fd, 0, &id), 0);
	assert_int_equal(kt_vm_create(other, 0, &id), 0);
	assert_int_equal(id, 1);
}

static void test_get_state(void **state)
{
	struct kt *t = *state;
	uint32_t vm = kt_vm(t->fd);
	uint32_t vm_state;

	assert_int_equal(kt_vm_state(t->fd, vm, &vm_state), 0);
	assert_int_equal(vm_state, DRM_PANTHOR_VM_STATE_USABLE);
	kt_expect("id 0", kt_vm_state(t->fd, 0, &vm_state), -EINVAL);
	kt_expect("unknown", kt_vm_state(t->fd, vm + 1, &vm_state), -EINVAL);
	kt_expect("32 bits", kt_vm_state(t->fd, vm | 1u << 16, &vm_state), -EINVAL);
	assert_int_equal(kt_vm_destroy(t->fd, vm), 0);
	kt_expect("destroyed", kt_vm_state(t->fd, vm, &vm_state), -EINVAL);
	kt_all_expected();
}

static void test_destroy_errors(void **state)
{
	struct kt *t = *state;
	uint32_t vm = kt_vm(t->fd);
	struct drm_panthor_vm_destroy pad = { .id = vm, .pad = 1 };

	kt_expect("pad", kt_ioctl(t->fd, DRM_IOCTL_PANTHOR_VM_DESTROY, &pad), -EINVAL);
	kt_expect("id 0", kt_vm_destroy(t->fd, 0), -EINVAL);
	kt_expect("unknown", kt_vm_destroy(t->fd, vm + 1), -EINVAL);
	kt_expect("32 bits", kt_vm_destroy(t->fd, vm | 1u << 16), -EINVAL);
	kt_expect("known", kt_vm_destroy(t->fd, vm), 0);
	kt_expect("twice", kt_vm_destroy(t->fd, vm), -EINVAL);
	kt_all_expected();
}

static void test_ids_belong_to_a_file(void **state)
{
	struct kt *t = *state;
	int other = kt_open("panthor", true);
	uint32_t vm = kt_vm(t->fd);
	uint32_t bo = kt_bo(other, KT_PAGE);
	uint32_t vm_state;

	kt_expect("state", kt_vm_state(other, vm, &vm_state), -EINVAL);
	kt_expect("bind", kt_vm_map(other, vm, bo, 0x100000, 0, KT_PAGE), -EINVAL);
	kt_expect("destroy", kt_vm_destroy(other, vm), -EINVAL);
	kt_all_expected();
	assert_int_equal(kt_vm_state(t->fd, vm, &vm_state), 0);
}

/* A duplicate is the same DRM file: clients duplicate the descriptor for every device object. */
static void test_duplicate_shares_ids(void **state)
{
	struct kt *t = *state;
	int copy = dup(t->fd);
	uint32_t vm = kt_vm(t->fd);
	uint32_t bo = kt_bo(copy, KT_PAGE);

	assert_int_equal(kt_vm_map(copy, vm, bo, 0x100000, 0, KT_PAGE), 0);
	assert_int_equal(kt_vm_destroy(copy, vm), 0);
	assert_int_equal(kt_bo_close(t->fd, bo), 0);
}

/* A VM's mappings keep BOs alive, and let go of them all. */
static void test_destroy_unmaps(void **state)
{
	struct kt *t = *state;
	uint32_t vm = kt_vm(t->fd);
	uint32_t bo = kt_filled_bo(t->fd, "vm-destroy", 4 * KT_PAGE, 1);

	assert_int_equal(kt_vm_map(t->fd, vm, bo, 0x100000, 0, 4 * KT_PAGE), 0);
	assert_int_equal(kt_vm_map(t->fd, vm, bo, 0x200000, KT_PAGE, KT_PAGE), 0);
	assert_int_equal(kt_bo_close(t->fd, bo), 0);
	kt_gem_get("vm-destroy");
	assert_int_equal(kt_vm_destroy(t->fd, vm), 0);
	assert_true(kt_gem_gone("vm-destroy"));
}

static void test_close_unmaps(void **state)
{
	int fd = kt_open("panthor", true);
	uint32_t vm = kt_vm(fd);
	uint32_t bo = kt_filled_bo(fd, "file-close", 4 * KT_PAGE, 1);

	assert_int_equal(kt_vm_map(fd, vm, bo, 0x100000, 0, 4 * KT_PAGE), 0);
	kt_gem_get("file-close");
	close(fd);
	assert_true(kt_gem_gone("file-close"));
}

static const struct CMUnitTest tests[] = {
	kt_test(test_ranges),
	kt_test(test_default_range),
	kt_test(test_create_errors),
	kt_test(test_ids_and_limit),
	kt_test(test_limit_is_per_file),
	kt_test(test_get_state),
	kt_test(test_destroy_errors),
	kt_test(test_ids_belong_to_a_file),
	kt_test(test_duplicate_shares_ids),
	kt_test(test_destroy_unmaps),
	kt_test(test_close_unmaps),
	kt_no_leaks(),
};

kt_main(tests)
