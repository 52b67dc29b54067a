/* SPDX-License-Identifier: MIT */
/* /proc/PID/fdinfo: memory of one DRM file, by what could be done with it. */
#include "kt.h"

#define SIZE	 (16 * KT_PAGE)
#define DONTNEED DRM_PANTHOR_BO_MADV_DONTNEED

struct memory {
	uint64_t total;
	uint64_t shared;
	uint64_t resident;
	uint64_t purgeable;
	uint64_t evicted;
};

static struct memory memory_of(int fd)
{
	struct memory m;

	assert_true(kt_fdinfo(fd, "drm-total-memory", &m.total));
	assert_true(kt_fdinfo(fd, "drm-shared-memory", &m.shared));
	assert_true(kt_fdinfo(fd, "drm-resident-memory", &m.resident));
	assert_true(kt_fdinfo(fd, "drm-purgeable-memory", &m.purgeable));
	assert_true(kt_fdinfo(fd, "drm-evicted-memory", &m.evicted));
	return m;
}

static void assert_memory(int fd, uint64_t total, uint64_t resident, uint64_t purgeable,
			  uint64_t evicted)
{
	struct memory m = memory_of(fd);

	assert_int_equal(m.total, total);
	assert_int_equal(m.resident, resident);
	assert_int_equal(m.purgeable, purgeable);
	assert_int_equal(m.evicted, evicted);
}

static void test_identity(void **state)
{
	struct kt *t = *state;
	char path[64];
	char *text;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", t->fd);
	text = kt_read_file(path, NULL);
	assert_non_null(strstr(text, "drm-driver:\tpanthor\n"));
	assert_non_null(strstr(text, "drm-client-id:\t"));
	free(text);
}

static void test_empty_file(void **state)
{
	struct kt *t = *state;
	static const char *const keys[] = { "drm-total-memory", "drm-shared-memory",
					    "drm-active-memory", "drm-evicted-memory" };
	uint64_t bytes;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(keys); i++) {
		assert_true(kt_fdinfo(t->fd, keys[i], &bytes));
		assert_int_equal(bytes, 0);
	}
}

static void test_life_of_a_bo(void **state)
{
	struct kt *t = *state;
	uint32_t bo = kt_bo(t->fd, SIZE);

	assert_memory(t->fd, SIZE, 0, 0, 0);
	kt_assert_zeroes(t->fd, bo, SIZE);
	assert_memory(t->fd, SIZE, SIZE, 0, 0);
	assert_int_equal(kt_shrink(1), SIZE / KT_PAGE);
	assert_memory(t->fd, SIZE, 0, 0, SIZE);
	kt_assert_zeroes(t->fd, bo, SIZE);
	assert_memory(t->fd, SIZE, SIZE, 0, 0);
	assert_int_equal(kt_madvise(t->fd, bo, DONTNEED, NULL), 0);
	assert_memory(t->fd, SIZE, SIZE, SIZE, 0);
	assert_int_equal(kt_shrink(1), SIZE / KT_PAGE);
	assert_memory(t->fd, SIZE, 0, 0, 0);
}

static void test_sums(void **state)
{
	struct kt *t = *state;
	uint32_t junk = kt_filled_bo(t->fd, "junk", 3 * SIZE, 1);
	uint32_t gone = kt_filled_bo(t->fd, "gone", 5 * SIZE, 2);

	kt_filled_bo(t->fd, "kept", 7 * SIZE, 3);
	kt_bo(t->fd, 11 * SIZE);
	assert_int_equal(kt_madvise(t->fd, gone, DRM_PANTHOR_BO_MADV_PAGEOUT, NULL), 0);
	assert_int_equal(kt_madvise(t->fd, junk, DONTNEED, NULL), 0);
	assert_memory(t->fd, 26 * SIZE, 10 * SIZE, 3 * SIZE, 5 * SIZE);
}

static void test_files_are_separate(void **state)
{
	struct kt *t = *state;
	int other = kt_open("panthor", true);

	kt_bo(t->fd, SIZE);
	kt_bo(other, 3 * SIZE);
	assert_memory(t->fd, SIZE, 0, 0, 0);
	assert_memory(other, 3 * SIZE, 0, 0, 0);
}

static void test_shared(void **state)
{
	struct kt *t = *state;
	int other = kt_open("panthor", true);
	uint32_t bo = kt_filled_bo(t->fd, "shared", SIZE, 1), other_bo;

	assert_int_equal(memory_of(t->fd).shared, 0);
	assert_int_equal(kt_import(other, kt_export(t->fd, bo), &other_bo), 0);
	assert_int_equal(memory_of(t->fd).shared, SIZE);
	assert_int_equal(memory_of(other).shared, SIZE);
	assert_memory(t->fd, SIZE, SIZE, 0, 0);
	assert_memory(other, SIZE, SIZE, 0, 0);
}

static void test_large_values(void **state)
{
	struct kt *t = *state;

	kt_bo(t->fd, 1ull << 36);
	kt_bo(t->fd, KT_PAGE);
	assert_memory(t->fd, (1ull << 36) + KT_PAGE, 0, 0, 0);
}

static const struct CMUnitTest tests[] = {
	kt_test(test_identity),
	kt_test(test_empty_file),
	kt_test(test_life_of_a_bo),
	kt_test(test_sums),
	kt_test(test_files_are_separate),
	kt_test(test_shared),
	kt_test(test_large_values),
	kt_no_leaks(),
};

kt_main(tests)
