/* SPDX-License-Identifier: MIT */
/* CPU maps of BOs: what mmap() refuses, and how maps live, split, move and die. */
#include <sys/wait.h>

#include "kt.h"

#define RW    (PROT_READ | PROT_WRITE)
#define PAGES 8
#define SIZE  (PAGES * KT_PAGE)

/* A map that the test itself takes apart; kt_map() would remove the whole range at the end. */
static char *map_to_cut(int fd, uint32_t bo)
{
	uint64_t offset;
	void *ptr;

	assert_int_equal(kt_bo_offset(fd, bo, &offset), 0);
	assert_int_equal(kt_mmap(fd, offset, SIZE, RW, MAP_SHARED, &ptr), 0);
	return ptr;
}

static void test_rules(void **state)
{
	struct kt *t = *state;
	uint32_t bo = kt_bo(t->fd, SIZE);
	uint64_t off;

	assert_int_equal(kt_bo_offset(t->fd, bo, &off), 0);
	const struct {
		const char *name;
		uint64_t offset;
		uint64_t size;
		int prot;
		int flags;
		int want;
	} rows[] = {
		{ "whole", off, SIZE, RW, MAP_SHARED, 0 },
		{ "read-only", off, SIZE, PROT_READ, MAP_SHARED, 0 },
		{ "executable", off, SIZE, PROT_READ | PROT_EXEC, MAP_SHARED, 0 },
		{ "no access", off, SIZE, PROT_NONE, MAP_SHARED, 0 },
		{ "populate", off, SIZE, RW, MAP_SHARED | MAP_POPULATE, 0 },
		{ "first page", off, KT_PAGE, RW, MAP_SHARED, 0 },
		{ "private", off, SIZE, RW, MAP_PRIVATE, -EINVAL },
		{ "private read-only", off, SIZE, PROT_READ, MAP_PRIVATE, -EINVAL },
		{ "longer than the BO", off, SIZE + KT_PAGE, RW, MAP_SHARED, -EINVAL },
		{ "from the second page", off + KT_PAGE, SIZE - KT_PAGE, RW, MAP_SHARED, -EINVAL },
		{ "second page", off + KT_PAGE, KT_PAGE, RW, MAP_SHARED, -EINVAL },
		{ "behind the BO", off + SIZE, KT_PAGE, RW, MAP_SHARED, -EINVAL },
		{ "offset 0", 0, KT_PAGE, RW, MAP_SHARED, -EINVAL },
		{ "unknown offset", off + (1ull << 34), KT_PAGE, RW, MAP_SHARED, -EINVAL },
	};
	size_t i;
	void *ptr;
	int ret;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		ret = kt_mmap(t->fd, rows[i].offset, rows[i].size, rows[i].prot, rows[i].flags,
			      &ptr);
		kt_expect(rows[i].name, ret, rows[i].want);
		if (ret == 0)
			munmap(ptr, rows[i].size);
	}
	kt_all_expected();
}

/* Knowing the offset of somebody else's BO is not enough. */
static void test_other_file_is_refused(void **state)
{
	struct kt *t = *state;
	int other = kt_open("panthor", true);
	uint32_t bo = kt_bo(t->fd, SIZE);
	uint64_t off;
	void *ptr;

	assert_int_equal(kt_bo_offset(t->fd, bo, &off), 0);
	assert_int_equal(kt_mmap(other, off, SIZE, RW, MAP_SHARED, &ptr), -EACCES);
}

/* `gems` prints offsets: one learned there must not open a BO that was created NO_MMAP. */
static void test_kb48_no_mmap_holds_for_a_learned_offset(void **state)
{
	struct kt *t = *state;
	struct kt_gem row;
	uint32_t bo;
	void *ptr;

	assert_int_equal(kt_bo_create(t->fd, SIZE, DRM_PANTHOR_BO_NO_MMAP, 0, &bo), 0);
	assert_int_equal(kt_bo_label(t->fd, bo, "kb48"), 0);
	row = kt_gem_get("kb48");
	assert_true(kt_mmap(t->fd, row.offset, SIZE, RW, MAP_SHARED, &ptr) < 0);
	assert_true(kt_mmap(t->fd, row.offset, SIZE, PROT_READ, MAP_SHARED, &ptr) < 0);
}

static void test_read_only_map_cannot_be_written(void **state)
{
	struct kt *t = *state;
	uint32_t bo = kt_bo(t->fd, SIZE);
	uint64_t off, value;
	void *ptr;

	assert_int_equal(kt_bo_offset(t->fd, bo, &off), 0);
	assert_int_equal(kt_mmap(t->fd, off, SIZE, PROT_READ, MAP_SHARED, &ptr), 0);
	assert_int_equal(kt_peek(ptr, &value), 0);
	assert_int_equal(kt_poke(ptr, 1), SIGSEGV);
	assert_int_equal(mprotect(ptr, SIZE, RW), 0);
	assert_int_equal(kt_poke(ptr, 1), 0);
	munmap(ptr, SIZE);
}

static void test_two_maps_show_one_memory(void **state)
{
	struct kt *t = *state;
	uint32_t bo = kt_bo(t->fd, SIZE);
	void *a = kt_map(t->fd, bo, SIZE);
	void *b = kt_map(t->fd, bo, SIZE);

	kt_fill(a, SIZE, 3);
	assert_int_equal(kt_wrong(b, SIZE, 3), 0);
	kt_unmap(a, SIZE);
	kt_fill(b, SIZE, 4);
	kt_assert_contents(t->fd, bo, SIZE, 4);
}

static void test_map_outlives_handle_and_file(void **state)
{
	int fd = kt_open("panthor", true);
	uint32_t bo = kt_bo(fd, SIZE);
	void *ptr = kt_map(fd, bo, SIZE);

	kt_fill(ptr, SIZE / 2, 5);
	assert_int_equal(kt_bo_label(fd, bo, "orphan"), 0);
	assert_int_equal(kt_bo_close(fd, bo), 0);
	close(fd);
	kt_fill(ptr, SIZE, 5);
	kt_shrink_all();
	assert_int_equal(kt_wrong(ptr, SIZE, 5), 0);
	kt_gem_get("orphan");
	kt_unmap(ptr, SIZE);
	assert_true(kt_gem_gone("orphan"));
}

static void test_fork_shares_the_map(void **state)
{
	struct kt *t = *state;
	uint32_t bo = kt_bo(t->fd, SIZE);
	void *ptr = kt_map(t->fd, bo, SIZE);
	int status;
	pid_t pid;

	kt_fill(ptr, SIZE, 6);
	pid = fork();
	if (pid == 0) {
		bool ok = kt_wrong(ptr, SIZE, 6) == 0;

		kt_fill(ptr, SIZE, 7);
		_exit(ok ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(kt_wrong(ptr, SIZE, 7), 0);
}

/* The parent lets go first: the child's map alone keeps the BO. */
static void test_fork_child_outlives_parent_map(void **state)
{
	struct kt *t = *state;
	uint32_t bo = kt_filled_bo(t->fd, "child", SIZE, 8);
	void *ptr = kt_map(t->fd, bo, SIZE);
	int gone[2];
	int status;
	char c;
	pid_t pid;

	assert_int_equal(pipe(gone), 0);
	pid = fork();
	if (pid == 0) {
		close(gone[1]);
		if (read(gone[0], &c, 1) != 0)
			_exit(2);
		_exit(kt_wrong(ptr, SIZE, 8) == 0 ? 0 : 1);
	}
	kt_unmap(ptr, SIZE);
	assert_int_equal(kt_bo_close(t->fd, bo), 0);
	kt_shrink_all();
	close(gone[1]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_true(kt_gem_gone("child"));
}

/*
 * A map split by munmap() starts in the middle of the BO: the page of a fault follows from the
 * file offset and the BO's own start, not from where the remaining piece begins.
 */
static void test_kb8_split_map_faults_the_right_pages(void **state)
{
	struct kt *t = *state;
	uint32_t bo = kt_bo(t->fd, SIZE);
	char *ptr = map_to_cut(t->fd, bo);
	size_t i;

	for (i = 0; i < PAGES; i++)
		kt_fill(ptr + i * KT_PAGE, KT_PAGE, 100 + i);
	assert_int_equal(munmap(ptr, 3 * KT_PAGE), 0);
	assert_int_equal(munmap(ptr + 5 * KT_PAGE, KT_PAGE), 0);
	kt_shrink_all();
	for (i = 3; i < PAGES; i++) {
		if (i != 5)
			assert_int_equal(kt_wrong(ptr + i * KT_PAGE, KT_PAGE, 100 + i), 0);
	}
	munmap(ptr + 3 * KT_PAGE, 2 * KT_PAGE);
	munmap(ptr + 6 * KT_PAGE, 2 * KT_PAGE);
}

static void test_split_by_mprotect_faults_the_right_pages(void **state)
{
	struct kt *t = *state;
	uint32_t bo = kt_bo(t->fd, SIZE);
	char *ptr = kt_map(t->fd, bo, SIZE);
	size_t i;

	for (i = 0; i < PAGES; i++)
		kt_fill(ptr + i * KT_PAGE, KT_PAGE, 200 + i);
	assert_int_equal(mprotect(ptr + 2 * KT_PAGE, 3 * KT_PAGE, PROT_READ), 0);
	kt_shrink_all();
	for (i = PAGES; i-- > 0;)
		assert_int_equal(kt_wrong(ptr + i * KT_PAGE, KT_PAGE, 200 + i), 0);
	assert_int_equal(kt_poke(ptr + 3 * KT_PAGE, 0), SIGSEGV);
}

static void test_mremap(void **state)
{
	struct kt *t = *state;
	uint32_t bo = kt_filled_bo(t->fd, "mremap", SIZE, 9);
	void *ptr = map_to_cut(t->fd, bo);
	void *target = mmap(NULL, SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint64_t value;

	assert_ptr_equal(mremap(ptr, SIZE, 2 * SIZE, MREMAP_MAYMOVE), MAP_FAILED);
	assert_ptr_equal(mremap(ptr, SIZE, SIZE, MREMAP_MAYMOVE | MREMAP_FIXED, target), target);
	assert_int_equal(kt_peek(ptr, &value), SIGSEGV);
	assert_int_equal(kt_wrong(target, SIZE, 9), 0);
	kt_shrink_all();
	assert_int_equal(kt_wrong(target, SIZE, 9), 0);
	assert_int_equal(munmap(target, SIZE), 0);
}

/* Kernel code touches user memory too: its faults end in EFAULT or data, never in an oops. */
static void test_kernel_access_through_a_map(void **state)
{
	struct kt *t = *state;
	uint32_t bo = kt_filled_bo(t->fd, "copy", SIZE, 10);
	char *ptr = kt_map(t->fd, bo, SIZE);
	char *copy = malloc(SIZE);
	int ends[2];
	size_t done = 0;
	ssize_t n;

	assert_int_equal(pipe(ends), 0);
	kt_shrink_all();
	while (done < SIZE) {
		n = write(ends[1], ptr + done, KT_PAGE);
		assert_int_equal(n, KT_PAGE);
		assert_int_equal(read(ends[0], copy + done, KT_PAGE), KT_PAGE);
		done += (size_t)n;
	}
	assert_int_equal(kt_wrong(copy, SIZE, 10), 0);
	free(copy);
}

static void test_large_bo_whole_and_sparse_touch(void **state)
{
	struct kt *t = *state;
	const size_t size = 16 * KT_MIB;
	uint32_t bo = kt_bo(t->fd, size);
	char *ptr = kt_map(t->fd, bo, size);
	size_t i;

	for (i = 0; i < size; i += 257 * KT_PAGE)
		assert_int_equal(kt_poke(ptr + i, i + 1), 0);
	kt_shrink_all();
	for (i = 0; i < size; i += 257 * KT_PAGE)
		assert_int_equal(*(volatile uint64_t *)(void *)(ptr + i), i + 1);
	kt_fill(ptr, size, 11);
	kt_unmap(ptr, size);
	kt_assert_contents(t->fd, bo, size, 11);
}

static const struct CMUnitTest tests[] = {
	kt_test(test_rules),
	kt_test(test_other_file_is_refused),
	kt_test(test_kb48_no_mmap_holds_for_a_learned_offset),
	kt_test(test_read_only_map_cannot_be_written),
	kt_test(test_two_maps_show_one_memory),
	kt_test(test_map_outlives_handle_and_file),
	kt_test(test_fork_shares_the_map),
	kt_test(test_fork_child_outlives_parent_map),
	kt_test(test_kb8_split_map_faults_the_right_pages),
	kt_test(test_split_by_mprotect_faults_the_right_pages),
	kt_test(test_mremap),
	kt_test(test_kernel_access_through_a_map),
	kt_test(test_large_bo_whole_and_sparse_touch),
	kt_no_leaks(),
};

kt_main(tests)
