/* SPDX-License-Identifier: MIT */
/* BO_SYNC, and with it the rules of object arrays that BO_SYNC alone can show. */
#include "kt.h"

#define FLUSH	  DRM_PANTHOR_BO_SYNC_CPU_CACHE_FLUSH
#define FLUSH_INV DRM_PANTHOR_BO_SYNC_CPU_CACHE_FLUSH_AND_INVALIDATE
#define SIZE	  (4 * KT_PAGE)
#define STRIDE	  ((uint32_t)sizeof(struct drm_panthor_bo_sync_op))

static int sync_array(int fd, uint32_t stride, uint32_t count, const void *ptr)
{
	struct drm_panthor_bo_sync args = {
		.ops = { .stride = stride, .count = count, .array = (uintptr_t)ptr },
	};

	return kt_ioctl(fd, DRM_IOCTL_PANTHOR_BO_SYNC, &args);
}

/* A cached BO whose pages exist, so that there is something to flush. */
static uint32_t cached_bo(int fd, uint64_t seed)
{
	return kt_cached_bo(fd, "cached", SIZE, seed);
}

static void test_ranges_and_types(void **state)
{
	struct kt *t = *state;
	uint32_t bo = cached_bo(t->fd, 1);
	const struct {
		const char *name;
		uint32_t handle;
		uint32_t type;
		uint64_t offset;
		uint64_t size;
		int want;
	} rows[] = {
		{ "flush all", bo, FLUSH, 0, SIZE, 0 },
		{ "flush and invalidate all", bo, FLUSH_INV, 0, SIZE, 0 },
		{ "one byte", bo, FLUSH, 4097, 1, 0 },
		{ "across pages", bo, FLUSH_INV, 4000, 5000, 0 },
		{ "last byte", bo, FLUSH, SIZE - 1, 1, 0 },
		{ "nothing", bo, FLUSH, 0, 0, 0 },
		{ "nothing at the end", bo, FLUSH, SIZE, 0, 0 },
		{ "handle 0", 0, FLUSH, 0, 1, -ENOENT },
		{ "unknown handle", 0xdeadbeef, FLUSH, 0, 1, -ENOENT },
		{ "one byte too far", bo, FLUSH, 0, SIZE + 1, -EINVAL },
		{ "behind the end", bo, FLUSH, SIZE, 1, -EINVAL },
		{ "nothing behind the end", bo, FLUSH, SIZE + 1, 0, -EINVAL },
		{ "wraps", bo, FLUSH, 4096, ~0ull - 4095, -EINVAL },
		{ "wraps to inside", bo, FLUSH, ~0ull, 2, -EINVAL },
		{ "type 2", bo, 2, 0, SIZE, -EINVAL },
		{ "type U32_MAX", bo, ~0u, 0, SIZE, -EINVAL },
		{ "type 2, size 0", bo, 2, 0, 0, -EINVAL },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++)
		kt_expect(rows[i].name,
			  kt_bo_sync(t->fd, rows[i].handle, rows[i].type, rows[i].offset,
				     rows[i].size),
			  rows[i].want);
	kt_all_expected();
	kt_assert_contents(t->fd, bo, SIZE, 1);
}

/* Nothing to do is success, but arguments are still looked at. */
static void test_nothing_to_flush(void **state)
{
	struct kt *t = *state;
	uint32_t wc = kt_filled_bo(t->fd, "wc", SIZE, 2);
	uint32_t lazy, evicted = cached_bo(t->fd, 3);

	assert_int_equal(kt_bo_create(t->fd, SIZE, DRM_PANTHOR_BO_WB_MMAP, 0, &lazy), 0);
	assert_int_equal(kt_madvise(t->fd, evicted, DRM_PANTHOR_BO_MADV_PAGEOUT, NULL), 0);
	kt_expect("write-combine", kt_bo_sync(t->fd, wc, FLUSH, 0, SIZE), 0);
	kt_expect("write-combine, type", kt_bo_sync(t->fd, wc, 7, 0, SIZE), -EINVAL);
	kt_expect("no pages yet", kt_bo_sync(t->fd, lazy, FLUSH, 0, SIZE), 0);
	kt_expect("no pages, range", kt_bo_sync(t->fd, lazy, FLUSH, 1, SIZE), -EINVAL);
	kt_expect("evicted", kt_bo_sync(t->fd, evicted, FLUSH_INV, 0, SIZE), 0);
	kt_all_expected();
	kt_assert_contents(t->fd, evicted, SIZE, 3);
}

static void test_imported_is_refused(void **state)
{
	struct kt *t = *state;
	int buf = kt_udmabuf(SIZE);
	uint32_t bo;

	assert_true(buf >= 0);
	assert_int_equal(kt_import(t->fd, buf, &bo), 0);
	kt_expect("in range", kt_bo_sync(t->fd, bo, FLUSH, 0, SIZE), -EINVAL);
	kt_expect("size 0", kt_bo_sync(t->fd, bo, FLUSH, 0, 0), -EINVAL);
	kt_all_expected();
}

static void test_batch_stops_at_first_error(void **state)
{
	struct kt *t = *state;
	uint32_t bo = cached_bo(t->fd, 4);
	struct drm_panthor_bo_sync_op ops[3] = {
		{ .handle = bo, .type = FLUSH, .size = SIZE },
		{ .handle = bo, .type = FLUSH_INV, .offset = KT_PAGE, .size = KT_PAGE },
		{ .handle = bo, .type = FLUSH, .size = KT_PAGE },
	};

	assert_int_equal(sync_array(t->fd, STRIDE, 3, ops), 0);
	/* Of two bad ones the first decides, so the second was not reached. */
	ops[1].handle = 0;
	ops[2].type = 9;
	assert_int_equal(sync_array(t->fd, STRIDE, 3, ops), -ENOENT);
	ops[0].type = 9;
	assert_int_equal(sync_array(t->fd, STRIDE, 3, ops), -EINVAL);
}

static void test_strides(void **state)
{
	struct kt *t = *state;
	uint32_t bo = cached_bo(t->fd, 5);
	struct {
		struct drm_panthor_bo_sync_op op;
		uint64_t tail;
	} wide[2] = {
		{ .op = { .handle = bo, .size = SIZE } },
		{ .op = { .handle = bo, .size = SIZE } },
	};

	kt_expect("count 0, stride 0", sync_array(t->fd, 0, 0, NULL), 0);
	kt_expect("count 0, stride 1", sync_array(t->fd, 1, 0, (void *)KT_BAD_PTR), 0);
	kt_expect("stride 0", sync_array(t->fd, 0, 1, wide), -EINVAL);
	kt_expect("stride min - 1", sync_array(t->fd, STRIDE - 1, 1, wide), -EINVAL);
	kt_expect("wide", sync_array(t->fd, sizeof(wide[0]), 2, wide), 0);
	wide[1].tail = 1ull << 63;
	kt_expect("wide, tail", sync_array(t->fd, sizeof(wide[0]), 2, wide), -E2BIG);
	kt_expect("wide, tail not reached", sync_array(t->fd, sizeof(wide[0]), 1, wide), 0);
	kt_all_expected();
}

static void test_array_pointer(void **state)
{
	struct kt *t = *state;
	uint32_t bo = cached_bo(t->fd, 6);
	char *map =
		mmap(NULL, 2 * KT_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct drm_panthor_bo_sync_op op = { .handle = bo, .size = SIZE };

	munmap(map + KT_PAGE, KT_PAGE);
	memcpy(map + KT_PAGE - STRIDE, &op, STRIDE);
	kt_expect("NULL", sync_array(t->fd, STRIDE, 1, NULL), -EFAULT);
	kt_expect("unmapped", sync_array(t->fd, STRIDE, 1, (void *)KT_BAD_PTR), -EFAULT);
	kt_expect("kernel", sync_array(t->fd, STRIDE, 1, (void *)KT_KERNEL_PTR), -EFAULT);
	kt_expect("last op of a page", sync_array(t->fd, STRIDE, 1, map + KT_PAGE - STRIDE), 0);
	kt_expect("second op missing", sync_array(t->fd, STRIDE, 2, map + KT_PAGE - STRIDE),
		  -EFAULT);
	kt_all_expected();
	munmap(map, KT_PAGE);
}

/* The count is the client's: it must neither be believed nor make the kernel complain. */
static void test_kb51_kb53_count_is_bounded(void **state)
{
	struct kt *t = *state;
	struct drm_panthor_bo_sync_op op = { 0 };
	static const uint32_t counts[] = { 0xffffffff, 0x80000000, 0x7fffffff,
					   0x10000000, 0x5555556,  16 * KT_MIB / STRIDE + 1 };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(counts); i++) {
		kt_expect("array of ops", sync_array(t->fd, STRIDE, counts[i], &op), -EINVAL);
		kt_expect("no array", sync_array(t->fd, STRIDE, counts[i], NULL), -EINVAL);
		kt_expect("wide stride", sync_array(t->fd, ~7u, counts[i], &op), -EINVAL);
	}
	kt_all_expected();
}

static void test_many_ops(void **state)
{
	struct kt *t = *state;
	uint32_t bo = cached_bo(t->fd, 7);
	const uint32_t count = 4096;
	struct drm_panthor_bo_sync_op *ops = calloc(count, sizeof(*ops));
	uint32_t i;

	for (i = 0; i < count; i++)
		ops[i] = (struct drm_panthor_bo_sync_op){ .handle = bo, .type = i % 2, .size = i };
	assert_int_equal(sync_array(t->fd, STRIDE, count, ops), 0);
	free(ops);
	kt_assert_contents(t->fd, bo, SIZE, 7);
}

static const struct CMUnitTest tests[] = {
	kt_test(test_ranges_and_types),
	kt_test(test_nothing_to_flush),
	kt_test(test_imported_is_refused),
	kt_test(test_batch_stops_at_first_error),
	kt_test(test_strides),
	kt_test(test_array_pointer),
	kt_test(test_kb51_kb53_count_is_bounded),
	kt_test(test_many_ops),
	kt_no_leaks(),
};

kt_main(tests)
