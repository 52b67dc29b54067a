/* SPDX-License-Identifier: MIT */
/* The flush-id page and SET_USER_MMIO_OFFSET. */
#include "kt.h"

#define BASE_64 DRM_PANTHOR_USER_MMIO_OFFSET_64BIT
#define BASE_32 DRM_PANTHOR_USER_MMIO_OFFSET_32BIT
#define RW	(PROT_READ | PROT_WRITE)

static int map(int fd, uint64_t offset, size_t size, int prot, int flags)
{
	void *ptr;
	int ret = kt_mmap(fd, offset, size, prot, flags, &ptr);

	if (ret == 0)
		munmap(ptr, size);
	return ret;
}

static int set_offset(int fd, uint64_t offset)
{
	struct drm_panthor_set_user_mmio_offset args = { .offset = offset };

	return kt_ioctl(fd, DRM_IOCTL_PANTHOR_SET_USER_MMIO_OFFSET, &args);
}

static void *map_flush_id(int fd)
{
	void *ptr;

	assert_int_equal(kt_mmap(fd, BASE_64, KT_PAGE, PROT_READ, MAP_SHARED, &ptr), 0);
	return ptr;
}

static void test_mmap_rules(void **state)
{
	struct kt *t = *state;
	static const struct {
		const char *name;
		uint64_t offset;
		size_t size;
		int prot;
		int flags;
		int want;
	} rows[] = {
		{ "shared, read-only", BASE_64, KT_PAGE, PROT_READ, MAP_SHARED, 0 },
		{ "shared, no access", BASE_64, KT_PAGE, PROT_NONE, MAP_SHARED, 0 },
		{ "private", BASE_64, KT_PAGE, PROT_READ, MAP_PRIVATE, -EINVAL },
		{ "writable", BASE_64, KT_PAGE, RW, MAP_SHARED, -EINVAL },
		{ "write-only", BASE_64, KT_PAGE, PROT_WRITE, MAP_SHARED, -EINVAL },
		{ "executable", BASE_64, KT_PAGE, PROT_READ | PROT_EXEC, MAP_SHARED, -EINVAL },
		{ "two pages", BASE_64, 2 * KT_PAGE, PROT_READ, MAP_SHARED, -EINVAL },
		{ "next page", BASE_64 + KT_PAGE, KT_PAGE, PROT_READ, MAP_SHARED, -EINVAL },
		{ "far above", BASE_64 + (1ull << 40), KT_PAGE, PROT_READ, MAP_SHARED, -EINVAL },
		{ "other base", BASE_32, KT_PAGE, PROT_READ, MAP_SHARED, -EINVAL },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++)
		kt_expect(rows[i].name,
			  map(t->fd, rows[i].offset, rows[i].size, rows[i].prot, rows[i].flags),
			  rows[i].want);
	kt_all_expected();
}

static void test_page_reads_and_never_becomes_writable(void **state)
{
	struct kt *t = *state;
	void *ptr = map_flush_id(t->fd);
	uint64_t value;

	assert_int_equal(kt_peek(ptr, &value), 0);
	assert_int_equal(kt_peek((char *)ptr + KT_PAGE - 8, &value), 0);
	assert_int_equal(kt_poke(ptr, 0), SIGSEGV);
	assert_int_equal(mprotect(ptr, KT_PAGE, RW), -1);
	assert_int_equal(kt_poke(ptr, 0), SIGSEGV);
	munmap(ptr, KT_PAGE);
}

/* Clients map it once per device object, of which a file may have many. */
static void test_many_maps(void **state)
{
	struct kt *t = *state;
	void *maps[16];
	uint64_t value;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(maps); i++)
		maps[i] = map_flush_id(t->fd);
	for (i = 0; i < ARRAY_SIZE(maps); i++) {
		assert_int_equal(kt_peek(maps[i], &value), 0);
		munmap(maps[i], KT_PAGE);
	}
}

static void test_map_outlives_its_file(void **state)
{
	int fd = kt_open("panthor", true);
	void *ptr = map_flush_id(fd);
	uint64_t value;

	close(fd);
	assert_int_equal(kt_peek(ptr, &value), 0);
	munmap(ptr, KT_PAGE);
}

static void test_set_offset(void **state)
{
	struct kt *t = *state;

	assert_int_equal(set_offset(t->fd, BASE_32), 0);
	kt_expect("32-bit base", map(t->fd, BASE_32, KT_PAGE, PROT_READ, MAP_SHARED), 0);
	kt_expect("writable", map(t->fd, BASE_32, KT_PAGE, RW, MAP_SHARED), -EINVAL);
	kt_expect("next page", map(t->fd, BASE_32 + KT_PAGE, KT_PAGE, PROT_READ, MAP_SHARED),
		  -EINVAL);
	kt_expect("old base", map(t->fd, BASE_64, KT_PAGE, PROT_READ, MAP_SHARED), -EINVAL);
	assert_int_equal(set_offset(t->fd, BASE_64), 0);
	kt_expect("64-bit base", map(t->fd, BASE_64, KT_PAGE, PROT_READ, MAP_SHARED), 0);
	kt_expect("32-bit base again", map(t->fd, BASE_32, KT_PAGE, PROT_READ, MAP_SHARED),
		  -EINVAL);
	kt_all_expected();
}

static void test_set_offset_errors(void **state)
{
	struct kt *t = *state;
	static const uint64_t bad[] = { 0,	    1,		 KT_PAGE,     1ull << 42,
					1ull << 44, BASE_32 + 1, BASE_64 + 1, BASE_64 | BASE_32,
					1ull << 63, ~0ull };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++)
		kt_expect("bad offset", set_offset(t->fd, bad[i]), -EINVAL);
	kt_all_expected();
	assert_int_equal(map(t->fd, BASE_64, KT_PAGE, PROT_READ, MAP_SHARED), 0);
}

static void test_offset_belongs_to_the_file(void **state)
{
	struct kt *t = *state;
	int other = kt_open("panthor", true);
	int copy = dup(t->fd);

	assert_int_equal(set_offset(t->fd, BASE_32), 0);
	kt_expect("other file", map(other, BASE_64, KT_PAGE, PROT_READ, MAP_SHARED), 0);
	kt_expect("duplicate", map(copy, BASE_32, KT_PAGE, PROT_READ, MAP_SHARED), 0);
	kt_all_expected();
}

/* BOs are mapped below either base. */
static void test_bo_maps_work_with_either_base(void **state)
{
	struct kt *t = *state;
	uint32_t bo = kt_filled_bo(t->fd, "below", 4 * KT_PAGE, 1);

	assert_int_equal(set_offset(t->fd, BASE_32), 0);
	kt_assert_contents(t->fd, bo, 4 * KT_PAGE, 1);
	assert_int_equal(set_offset(t->fd, BASE_64), 0);
	kt_assert_contents(t->fd, bo, 4 * KT_PAGE, 1);
}

static const struct CMUnitTest tests[] = {
	kt_test(test_mmap_rules),
	kt_test(test_page_reads_and_never_becomes_writable),
	kt_test(test_many_maps),
	kt_test(test_map_outlives_its_file),
	kt_test(test_set_offset),
	kt_test(test_set_offset_errors),
	kt_test(test_offset_belongs_to_the_file),
	kt_test(test_bo_maps_work_with_either_base),
	kt_no_leaks(),
};

kt_main(tests)
