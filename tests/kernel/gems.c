/* SPDX-License-Identifier: MIT */
/* debugfs `gems`: a true picture of all BOs. Every kt_gems_read() checks the format itself. */
#include <sys/prctl.h>
#include <sys/wait.h>

#include "kt.h"

#define SIZE (16 * KT_PAGE)
#define VA   0x10000000ull

static void assert_totals(uint64_t size, uint64_t resident, uint64_t reclaimable)
{
	struct kt_gems gems;

	kt_gems_read(&gems);
	assert_int_equal(gems.total_size, gems.sum_size);
	assert_int_equal(gems.total_resident, gems.sum_resident);
	if (gems.kernel_rows == 0) {
		assert_int_equal(gems.total_size, size);
		assert_int_equal(gems.total_resident, resident);
	}
	assert_int_equal(gems.total_reclaimable, reclaimable);
	kt_gems_free(&gems);
}

static void test_empty_table(void **state)
{
	assert_totals(0, 0, 0);
}

static void test_fresh_row(void **state)
{
	struct kt *t = *state;
	uint32_t bo = kt_bo(t->fd, SIZE);
	char comm[16] = "";
	struct kt_gem row;
	uint64_t offset;

	prctl(PR_GET_NAME, comm);
	assert_int_equal(kt_bo_label(t->fd, bo, "fresh"), 0);
	assert_int_equal(kt_bo_offset(t->fd, bo, &offset), 0);
	row = kt_gem_get("fresh");
	assert_string_equal(row.comm, comm);
	assert_int_equal(row.tgid, getpid());
	assert_int_equal(row.name, 0);
	assert_int_equal(row.refcount, 1);
	assert_int_equal(row.evictions, 0);
	assert_int_equal(row.size, SIZE);
	assert_int_equal(row.resident, 0);
	assert_int_equal(row.offset, offset);
	assert_int_equal(row.state, 0);
	assert_int_equal(row.usage, 0);
}

static void test_refcount_follows_references(void **state)
{
	struct kt *t = *state;
	uint32_t vm = kt_vm(t->fd);
	uint32_t bo = kt_filled_bo(t->fd, "refs", SIZE, 1);
	unsigned int base = kt_gem_get("refs").refcount, more;
	void *ptr;

	assert_int_equal(base, 1);
	ptr = kt_map(t->fd, bo, SIZE);
	assert_true(kt_gem_get("refs").refcount > base);
	kt_unmap(ptr, SIZE);
	assert_int_equal(kt_gem_get("refs").refcount, base);
	assert_int_equal(kt_vm_map(t->fd, vm, bo, VA, 0, SIZE), 0);
	more = kt_gem_get("refs").refcount;
	assert_true(more > base);
	assert_true(kt_export(t->fd, bo) >= 0);
	assert_true(kt_gem_get("refs").refcount > more);
}

static void test_kb13_total_reclaimable_not_zero(void **state)
{
	struct kt *t = *state;
	uint32_t vm = kt_vm(t->fd);
	uint32_t unused = kt_filled_bo(t->fd, "unused", SIZE, 1);
	uint32_t mapped = kt_filled_bo(t->fd, "mmapped", SIZE, 2);
	uint32_t bound = kt_filled_bo(t->fd, "bound", SIZE, 3);
	uint32_t junk = kt_filled_bo(t->fd, "junk", SIZE, 4);

	kt_bo(t->fd, SIZE);
	kt_map(t->fd, mapped, SIZE);
	assert_int_equal(kt_vm_map(t->fd, vm, bound, VA, 0, SIZE), 0);
	assert_int_equal(kt_madvise(t->fd, junk, DRM_PANTHOR_BO_MADV_DONTNEED, NULL), 0);
	assert_totals(5 * SIZE, 4 * SIZE, 4 * SIZE);
	assert_int_equal(kt_bo_close(t->fd, unused), 0);
	assert_totals(4 * SIZE, 3 * SIZE, 3 * SIZE);
}

/* Pinned pages are resident and not reclaimable; imported ones are somebody else's. */
static void test_totals_with_pins_and_imports(void **state)
{
	struct kt *t = *state;
	int vgem = kt_open("vgem", true), foreign = kt_udmabuf(SIZE);
	uint32_t bo = kt_filled_bo(t->fd, "pinned", SIZE, 1), theirs, import;
	int buf = kt_export(t->fd, bo);

	assert_true(vgem >= 0 && foreign >= 0 && buf >= 0);
	assert_int_equal(kt_import(vgem, buf, &theirs), 0);
	assert_int_equal(kt_import(t->fd, foreign, &import), 0);
	assert_totals(2 * SIZE, SIZE, 0);
	close(vgem);
	assert_totals(2 * SIZE, SIZE, SIZE);
}

static void test_totals_after_eviction(void **state)
{
	struct kt *t = *state;

	kt_filled_bo(t->fd, "a", SIZE, 1);
	kt_filled_bo(t->fd, "b", SIZE, 2);
	assert_int_equal(kt_shrink(1), SIZE / KT_PAGE);
	assert_totals(2 * SIZE, SIZE, SIZE);
	assert_int_equal(kt_shrink(1), SIZE / KT_PAGE);
	assert_totals(2 * SIZE, 0, 0);
	assert_int_equal(kt_gem_get("a").evictions, 1);
	assert_true(kt_gem_get("a").state & KT_GEM_EVICTED);
}

/* Purged is neither evicted nor swapped: nothing is left that could come back. */
static void test_purged_row(void **state)
{
	struct kt *t = *state;
	uint32_t bo = kt_filled_bo(t->fd, "purged", SIZE, 1);
	struct kt_gem row;

	assert_int_equal(kt_madvise(t->fd, bo, DRM_PANTHOR_BO_MADV_DONTNEED, NULL), 0);
	assert_int_equal(kt_shrink(1), SIZE / KT_PAGE);
	row = kt_gem_get("purged");
	assert_int_equal(row.state & KT_GEM_EVICTED, 0);
	assert_int_equal(row.evictions, 0);
	assert_totals(SIZE, 0, 0);
}

static void test_state_flags(void **state)
{
	struct kt *t = *state;
	int foreign = kt_udmabuf(SIZE);
	uint32_t bo = kt_bo(t->fd, SIZE), import;

	assert_int_equal(kt_bo_label(t->fd, bo, "flags"), 0);
	assert_int_equal(kt_gem_get("flags").state, 0);
	assert_true(kt_export(t->fd, bo) >= 0);
	assert_int_equal(kt_gem_get("flags").state, KT_GEM_EXPORTED);
	assert_int_equal(kt_import(t->fd, foreign, &import), 0);
	assert_int_equal(kt_bo_label(t->fd, import, "import"), 0);
	assert_int_equal(kt_gem_get("import").state & KT_GEM_IMPORTED, KT_GEM_IMPORTED);
}

static void test_bos_of_all_processes(void **state)
{
	struct kt *t = *state;
	int fd = kt_open("panthor", true);
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		uint32_t bo;

		_exit(kt_bo_create(fd, SIZE, 0, 0, &bo) || kt_bo_label(fd, bo, "of the child"));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(kt_bo_label(t->fd, kt_bo(t->fd, SIZE), "of the parent"), 0);
	assert_int_equal(kt_gem_get("of the child").tgid, pid);
	assert_int_equal(kt_gem_get("of the parent").tgid, getpid());
}

static void test_rows_come_in_order_of_creation(void **state)
{
	struct kt *t = *state;
	struct kt_gems gems;
	uint32_t bos[64];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bos); i++)
		bos[i] = kt_bo(t->fd, (i + 1) * KT_PAGE);
	for (i = 0; i < ARRAY_SIZE(bos); i += 2)
		assert_int_equal(kt_bo_close(t->fd, bos[i]), 0);
	kt_gems_read(&gems);
	assert_int_equal(gems.count, ARRAY_SIZE(bos) / 2);
	for (i = 0; i < gems.count; i++)
		assert_int_equal(gems.rows[i].size, (2 * i + 2) * KT_PAGE);
	kt_gems_free(&gems);
}

/* The dump is an iterator: any read size gives the same bytes. */
static void test_small_reads_give_the_same_table(void **state)
{
	struct kt *t = *state;
	size_t size, len = 0;
	char *whole, *parts;
	ssize_t n;
	int fd, i;

	for (i = 0; i < 200; i++)
		kt_bo(t->fd, KT_PAGE);
	whole = kt_debugfs_read("gems", &size);
	parts = malloc(size + 1);
	fd = kt_debugfs_open("gems", O_RDONLY);
	while ((n = read(fd, parts + len, len + 97 < size ? 97 : size + 1 - len)) > 0)
		len += (size_t)n;
	assert_int_equal(len, size);
	assert_memory_equal(parts, whole, size);
	free(whole);
	free(parts);
}

/* A reader that stops half-way holds nothing: BOs come and go, and the rest can still be read. */
static void test_half_read_table_blocks_nobody(void **state)
{
	struct kt *t = *state;
	uint32_t bos[300];
	char buf[8192];
	size_t i;
	int fd;

	for (i = 0; i < ARRAY_SIZE(bos); i++)
		bos[i] = kt_bo(t->fd, KT_PAGE);
	fd = kt_debugfs_open("gems", O_RDONLY);
	assert_true(read(fd, buf, sizeof(buf)) > 0);
	for (i = 0; i < ARRAY_SIZE(bos); i++)
		assert_int_equal(kt_bo_close(t->fd, bos[i]), 0);
	kt_filled_bo(t->fd, "newcomer", SIZE, 1);
	assert_int_equal(kt_shrink(1), SIZE / KT_PAGE);
	while (read(fd, buf, sizeof(buf)) > 0)
		;
}

/* The knob takes a page count and nothing else. */
static void test_shrink_input(void **state)
{
	static const struct {
		const char *text;
		bool ok;
	} rows[] = {
		{ "0", true },
		{ "1\n", true },
		{ "0x10", true },
		{ "x", false },
		{ "-1", false },
		{ "1 2", false },
		{ "99999999999999999999999", false },
	};
	size_t i;
	int fd = kt_debugfs_open("shrink", O_WRONLY);

	assert_true(fd >= 0);
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		size_t len = strlen(rows[i].text);

		kt_expect(rows[i].text, write(fd, rows[i].text, len) == (ssize_t)len, rows[i].ok);
	}
	kt_all_expected();
}

static const struct CMUnitTest tests[] = {
	kt_test(test_empty_table),
	kt_test(test_fresh_row),
	kt_test(test_refcount_follows_references),
	kt_test(test_kb13_total_reclaimable_not_zero),
	kt_test(test_totals_with_pins_and_imports),
	kt_test(test_totals_after_eviction),
	kt_test(test_purged_row),
	kt_test(test_state_flags),
	kt_test(test_bos_of_all_processes),
	kt_test(test_rows_come_in_order_of_creation),
	kt_test(test_small_reads_give_the_same_table),
	kt_test(test_half_read_table_blocks_nobody),
	kt_test(test_shrink_input),
	kt_no_leaks(),
};

kt_main(tests)
