/* SPDX-License-Identifier: MIT */
/* BO_CREATE, BO_MMAP_OFFSET, BO_QUERY_INFO, GEM_CLOSE. */
#include "kt.h"

#define NO_MMAP DRM_PANTHOR_BO_NO_MMAP
#define WB_MMAP DRM_PANTHOR_BO_WB_MMAP

static int create(int fd, struct drm_panthor_bo_create *args)
{
	return kt_ioctl(fd, DRM_IOCTL_PANTHOR_BO_CREATE, args);
}

static void test_size_is_rounded(void **state)
{
	struct kt *t = *state;
	static const struct {
		uint64_t asked;
		uint64_t got;
	} rows[] = {
		{ 1, 4096 },
		{ 0x500, 4096 },
		{ 4095, 4096 },
		{ 4096, 4096 },
		{ 4097, 8192 },
		{ 2 * KT_MIB - 1, 2 * KT_MIB },
		{ 1ull << 32, 1ull << 32 },
		{ (1ull << 38) + 1, (1ull << 38) + 4096 },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		struct drm_panthor_bo_create args = { .size = rows[i].asked };

		assert_int_equal(create(t->fd, &args), 0);
		assert_int_equal(args.size, rows[i].got);
		assert_int_not_equal(args.handle, 0);
		assert_int_equal(kt_bo_close(t->fd, args.handle), 0);
	}
}

static void test_create_errors(void **state)
{
	struct kt *t = *state;
	static const struct {
		const char *name;
		struct drm_panthor_bo_create args;
	} rows[] = {
		{ "size 0", { .size = 0 } },
		{ "size U64_MAX", { .size = ~0ull } },
		{ "size U64_MAX - 1", { .size = ~0ull - 1 } },
		{ "size U64_MAX - 4094", { .size = ~0ull - 4094 } },
		{ "size U64_MAX - 4095", { .size = ~0ull - 4095 } },
		{ "size U64_MAX - 8191", { .size = ~0ull - 8191 } },
		{ "size 1 << 63", { .size = 1ull << 63 } },
		{ "pad", { .size = 4096, .pad = 1 } },
		{ "flag bit 2", { .size = 4096, .flags = 4 } },
		{ "flag bit 31", { .size = 4096, .flags = 1u << 31 } },
		{ "NO_MMAP with WB_MMAP", { .size = 4096, .flags = NO_MMAP | WB_MMAP } },
		{ "unknown VM", { .size = 4096, .exclusive_vm_id = 1 } },
		{ "VM id U32_MAX", { .size = 4096, .exclusive_vm_id = ~0u } },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		struct drm_panthor_bo_create args = rows[i].args;

		kt_expect(rows[i].name, create(t->fd, &args), -EINVAL);
	}
	kt_all_expected();
}

/* Whole pages, but no room: which of the two runs out first is the kernel's business. */
static void test_create_too_large(void **state)
{
	struct kt *t = *state;
	static const uint64_t sizes[] = { (1ull << 63) - 4096, 1ull << 52, 1ull << 44, 1ull << 40 };
	struct kt_gems gems;
	uint32_t bo;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++)
		kt_expect_either("too large", kt_bo_create(t->fd, sizes[i], 0, 0, &bo), -ENOSPC,
				 -ENOMEM);
	kt_all_expected();
	kt_gems_read(&gems);
	assert_int_equal(gems.count, 0);
	kt_gems_free(&gems);
}

static void test_exclusive_vm(void **state)
{
	struct kt *t = *state;
	int other = kt_open("panthor", true);
	uint32_t vm = kt_vm(t->fd);
	uint32_t bo;

	kt_expect("own VM", kt_bo_create(t->fd, 4096, 0, vm, &bo), 0);
	kt_expect("VM of another file", kt_bo_create(other, 4096, 0, vm, &bo), -EINVAL);
	assert_int_equal(kt_vm_destroy(t->fd, vm), 0);
	kt_expect("destroyed VM", kt_bo_create(t->fd, 4096, 0, vm, &bo), -EINVAL);
	kt_all_expected();
}

/* The BO keeps what it shares with its VM. */
static void test_exclusive_bo_outlives_its_vm(void **state)
{
	struct kt *t = *state;
	uint32_t vm = kt_vm(t->fd);
	uint32_t bo;
	void *ptr;

	assert_int_equal(kt_bo_create(t->fd, 4 * KT_PAGE, 0, vm, &bo), 0);
	assert_int_equal(kt_vm_map(t->fd, vm, bo, 0x100000, 0, 4 * KT_PAGE), 0);
	ptr = kt_map(t->fd, bo, 4 * KT_PAGE);
	kt_fill(ptr, 2 * KT_PAGE, 5);
	assert_int_equal(kt_vm_destroy(t->fd, vm), 0);
	kt_fill(ptr, 4 * KT_PAGE, 6);
	assert_int_equal(kt_wrong(ptr, 4 * KT_PAGE, 6), 0);
	assert_int_equal(kt_bo_close(t->fd, bo), 0);
	assert_int_equal(kt_wrong(ptr, 4 * KT_PAGE, 6), 0);
}

static void test_new_bo_takes_no_memory_and_reads_zero(void **state)
{
	struct kt *t = *state;
	uint32_t bo = kt_bo(t->fd, 64 * KT_PAGE);

	assert_int_equal(kt_bo_label(t->fd, bo, "lazy"), 0);
	assert_int_equal(kt_gem_get("lazy").resident, 0);
	kt_assert_zeroes(t->fd, bo, 64 * KT_PAGE);
	assert_int_equal(kt_gem_get("lazy").resident, 64 * KT_PAGE);
}

/* Contents of a freed BO must not show up in the next. */
static void test_recycled_memory_reads_zero(void **state)
{
	struct kt *t = *state;
	uint32_t bo;
	int i;

	for (i = 0; i < 8; i++) {
		bo = kt_filled_bo(t->fd, "recycled", KT_MIB, 1);
		assert_int_equal(kt_bo_close(t->fd, bo), 0);
		bo = kt_bo(t->fd, KT_MIB);
		kt_assert_zeroes(t->fd, bo, KT_MIB);
		assert_int_equal(kt_bo_close(t->fd, bo), 0);
	}
}

static void test_mmap_offset_errors(void **state)
{
	struct kt *t = *state;
	uint32_t bo = kt_bo(t->fd, KT_PAGE);
	struct drm_panthor_bo_mmap_offset pad = { .handle = bo, .pad = 1 };
	uint64_t offset;
	uint32_t hidden;

	assert_int_equal(kt_bo_create(t->fd, KT_PAGE, NO_MMAP, 0, &hidden), 0);
	kt_expect("pad", kt_ioctl(t->fd, DRM_IOCTL_PANTHOR_BO_MMAP_OFFSET, &pad), -EINVAL);
	kt_expect("handle 0", kt_bo_offset(t->fd, 0, &offset), -ENOENT);
	kt_expect("unknown", kt_bo_offset(t->fd, 0xdeadbeef, &offset), -ENOENT);
	kt_expect("NO_MMAP", kt_bo_offset(t->fd, hidden, &offset), -EPERM);
	kt_expect("good", kt_bo_offset(t->fd, bo, &offset), 0);
	assert_int_equal(kt_bo_close(t->fd, bo), 0);
	kt_expect("closed", kt_bo_offset(t->fd, bo, &offset), -ENOENT);
	kt_all_expected();
}

/* Clients that keep the offset in 32 bits take 0 for "none". */
static void test_mmap_offset_low_half_is_never_0(void **state)
{
	struct kt *t = *state;
	uint64_t offset, again;
	uint32_t bo;
	int i;

	for (i = 0; i < 64; i++) {
		bo = kt_bo(t->fd, KT_PAGE);
		assert_int_equal(kt_bo_offset(t->fd, bo, &offset), 0);
		assert_int_not_equal((uint32_t)offset, 0);
		assert_int_equal(offset % KT_PAGE, 0);
		assert_true(offset < DRM_PANTHOR_USER_MMIO_OFFSET_32BIT);
		assert_int_equal(kt_bo_offset(t->fd, bo, &again), 0);
		assert_int_equal(again, offset);
	}
}

static void test_query_info(void **state)
{
	struct kt *t = *state;
	static const uint32_t flags[] = { 0, NO_MMAP, WB_MMAP };
	struct drm_panthor_bo_query_info info;
	uint32_t bo;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		assert_int_equal(kt_bo_create(t->fd, KT_PAGE, flags[i], 0, &bo), 0);
		assert_int_equal(kt_bo_info(t->fd, bo, &info), 0);
		assert_int_equal(info.handle, bo);
		assert_int_equal(info.extra_flags, 0);
		assert_int_equal(info.create_flags, flags[i]);
		assert_int_equal(info.pad, 0);
	}
	kt_expect("handle 0", kt_bo_info(t->fd, 0, &info), -ENOENT);
	kt_expect("unknown", kt_bo_info(t->fd, 0xdeadbeef, &info), -ENOENT);
	kt_all_expected();
}

static void test_close_errors(void **state)
{
	struct kt *t = *state;
	struct drm_gem_close args = { .handle = 0 };
	uint32_t bo = kt_bo(t->fd, KT_PAGE);

	kt_expect("handle 0", kt_ioctl(t->fd, DRM_IOCTL_GEM_CLOSE, &args), -EINVAL);
	kt_expect("unknown", kt_bo_close(t->fd, 0xdeadbeef), -EINVAL);
	kt_expect("known", kt_bo_close(t->fd, bo), 0);
	kt_expect("twice", kt_bo_close(t->fd, bo), -EINVAL);
	kt_all_expected();
}

static void test_bad_argument_pointer(void **state)
{
	struct kt *t = *state;
	static const unsigned long requests[] = {
		DRM_IOCTL_PANTHOR_DEV_QUERY,	  DRM_IOCTL_PANTHOR_VM_CREATE,
		DRM_IOCTL_PANTHOR_VM_DESTROY,	  DRM_IOCTL_PANTHOR_VM_BIND,
		DRM_IOCTL_PANTHOR_VM_GET_STATE,	  DRM_IOCTL_PANTHOR_BO_CREATE,
		DRM_IOCTL_PANTHOR_BO_MMAP_OFFSET, DRM_IOCTL_PANTHOR_BO_SET_LABEL,
		DRM_IOCTL_PANTHOR_BO_SYNC,	  DRM_IOCTL_PANTHOR_BO_QUERY_INFO,
		DRM_IOCTL_PANTHOR_BO_MADVISE,	  DRM_IOCTL_PANTHOR_SET_USER_MMIO_OFFSET,
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(requests); i++) {
		kt_expect("NULL", kt_ioctl(t->fd, requests[i], NULL), -EFAULT);
		kt_expect("unmapped", kt_ioctl(t->fd, requests[i], (void *)KT_BAD_PTR), -EFAULT);
	}
	kt_all_expected();
}

/* The answer cannot be delivered: the handle must not be left behind. */
static void test_answer_that_faults_leaks_nothing(void **state)
{
	struct drm_panthor_bo_create *args =
		mmap(NULL, KT_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fd = kt_open("panthor", true);

	args->size = KT_PAGE;
	assert_int_equal(mprotect(args, KT_PAGE, PROT_READ), 0);
	assert_int_equal(create(fd, args), -EFAULT);
	munmap(args, KT_PAGE);
	close(fd);
}

static const struct CMUnitTest tests[] = {
	kt_test(test_size_is_rounded),
	kt_test(test_create_errors),
	kt_test(test_create_too_large),
	kt_test(test_exclusive_vm),
	kt_test(test_exclusive_bo_outlives_its_vm),
	kt_test(test_new_bo_takes_no_memory_and_reads_zero),
	kt_test(test_recycled_memory_reads_zero),
	kt_test(test_mmap_offset_errors),
	kt_test(test_mmap_offset_low_half_is_never_0),
	kt_test(test_query_info),
	kt_test(test_close_errors),
	kt_test(test_bad_argument_pointer),
	kt_test(test_answer_that_faults_leaks_nothing),
	kt_no_leaks(),
};

kt_main(tests)
