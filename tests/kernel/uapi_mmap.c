/* SPDX-License-Identifier: MIT */
/* CPU maps of BOs: what mmap() refuses, and how maps live, split, move and die. */
#include <sys/resource.h>
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

/*
 * `gems` prints offsets: one learned there must not open a BO that was created NO_MMAP. Nor does
 * its dma-buf.
 */
static void test_kb48_no_mmap_holds_for_a_learned_offset(void **state)
{
	struct kt *t = *state;
	struct kt_gem row;
	uint32_t bo;
	void *ptr;
	int buf;

	assert_int_equal(kt_bo_create(t->fd, SIZE, DRM_PANTHOR_BO_NO_MMAP, 0, &bo), 0);
	assert_int_equal(kt_bo_label(t->fd, bo, "kb48"), 0);
	row = kt_gem_get("kb48");
	assert_true(kt_mmap(t->fd, row.offset, SIZE, RW, MAP_SHARED, &ptr) < 0);
	assert_true(kt_mmap(t->fd, row.offset, SIZE, PROT_READ, MAP_SHARED, &ptr) < 0);
	buf = kt_export(t->fd, bo);
	assert_true(buf >= 0);
	assert_int_equal(kt_mmap(buf, 0, SIZE, RW, MAP_SHARED, &ptr), -EINVAL);
	assert_int_equal(kt_mmap(buf, 0, SIZE, PROT_READ, MAP_SHARED, &ptr), -EINVAL);
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

/*
 * A write-combined map has pages and device map made by its own faults, in one go: at first, where
 * no bind came before that would have, and after eviction, which takes both.
 */
static void test_kb7_touch_of_a_bo_without_pages(void **state)
{
	struct kt *t = *state;
	uint32_t bo = kt_bo(t->fd, SIZE);
	char *ptr = kt_map(t->fd, bo, SIZE);
	uint64_t value = 1;

	assert_int_equal(kt_bo_label(t->fd, bo, "kb7"), 0);
	assert_int_equal(kt_gem_get("kb7").resident, 0);
	assert_int_equal(kt_peek(ptr, &value), 0);
	assert_int_equal(value, 0);
	assert_int_equal(kt_gem_get("kb7").resident, SIZE);
	assert_int_equal(kt_poke(ptr, 7), 0);

	assert_int_equal(kt_shrink_all(), SIZE / KT_PAGE);
	assert_int_equal(kt_gem_get("kb7").resident, 0);
	assert_int_equal(kt_peek(ptr, &value), 0);
	assert_int_equal(value, 7);
	assert_int_equal(kt_gem_get("kb7").resident, SIZE);
}

/* Of one access to each page. */
static long faults_of(const char *ptr, size_t size)
{
	struct rusage before, after;
	size_t i;

	getrusage(RUSAGE_THREAD, &before);
	for (i = 0; i < size; i += KT_PAGE)
		(void)*(const volatile char *)(ptr + i);
	getrusage(RUSAGE_THREAD, &after);
	return after.ru_minflt + after.ru_majflt - before.ru_minflt - before.ru_majflt;
}

#define BLOCK  (2 * KT_MIB)
#define BLOCKS 8
#define LARGE  (BLOCKS * BLOCK)
/* Without huge entries there are 64 pages to a fault: eight times as many. */
#define FEW (2 * BLOCKS)

/* A huge page takes one fault where the area has all of it, and small ones where it is cut. */
static void test_kb11_huge_pages_are_mapped_as_such(void **state)
{
	struct kt *t = *state;
	uint32_t bo = kt_bo(t->fd, LARGE);
	char *ptr = kt_map(t->fd, bo, LARGE);
	size_t i;

	kt_fill(ptr, LARGE, 12);
	kt_unmap(ptr, LARGE);
	ptr = kt_map(t->fd, bo, LARGE);
	assert_in_range(faults_of(ptr, LARGE), BLOCKS, FEW);
	assert_int_equal(kt_wrong(ptr, LARGE, 12), 0);

	for (i = 0; i < BLOCKS; i++)
		assert_int_equal(mprotect(ptr + i * BLOCK + KT_PAGE, KT_PAGE, PROT_READ), 0);
	assert_true(faults_of(ptr, LARGE) > FEW);
	assert_int_equal(kt_wrong(ptr, LARGE, 12), 0);
	assert_int_equal(kt_poke(ptr + KT_PAGE, 0), SIGSEGV);
	assert_int_equal(kt_poke(ptr, 0), 0);
}

/*
 * Small pages leave a table behind, so that faults are small ones although the pages are huge by
 * now and the area has all of them: what is tried then must not be a huge entry.
 */
static void test_kb11_small_faults_of_huge_pages(void **state)
{
	static const char enabled[] = "/sys/kernel/mm/transparent_hugepage/shmem_enabled";
	struct kt *t = *state;
	uint32_t bo = kt_bo(t->fd, LARGE), retained = 1;
	char *ptr = kt_map(t->fd, bo, LARGE), *fresh;

	assert_true(kt_write_file(enabled, "deny"));
	assert_true(faults_of(ptr, LARGE) > FEW);
	assert_true(kt_write_file(enabled, "never"));
	assert_int_equal(kt_madvise(t->fd, bo, DRM_PANTHOR_BO_MADV_DONTNEED, NULL), 0);
	assert_int_equal(kt_shrink_all(), LARGE / KT_PAGE);
	assert_int_equal(kt_madvise(t->fd, bo, DRM_PANTHOR_BO_MADV_WILLNEED, &retained), 0);
	assert_int_equal(retained, 0);

	assert_true(faults_of(ptr, LARGE) > FEW);
	fresh = kt_map(t->fd, bo, LARGE);
	assert_in_range(faults_of(fresh, LARGE), BLOCKS, FEW);
	kt_fill(ptr, LARGE, 13);
	assert_int_equal(kt_wrong(fresh, LARGE, 13), 0);
}

/* Faults of huge pages come with the lock of the area alone, and let go of that one. */
static void test_kb9_large_bo_whole_and_sparse_touch(void **state)
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
	kt_test(test_kb7_touch_of_a_bo_without_pages),
	kt_test(test_kb11_huge_pages_are_mapped_as_such),
	kt_test(test_kb11_small_faults_of_huge_pages),
	kt_test(test_kb9_large_bo_whole_and_sparse_touch),
	kt_no_leaks(),
};

kt_main(tests)
