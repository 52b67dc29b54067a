/* SPDX-License-Identifier: MIT */
/* Without swap nothing can be evicted: only what nobody wants goes, and running out is an error. */
#include <sys/stat.h>

#include "kt.h"

#define SIZE	 (16 * KT_PAGE)
#define BO_PAGES (SIZE / KT_PAGE)
#define DONTNEED DRM_PANTHOR_BO_MADV_DONTNEED
#define WILLNEED DRM_PANTHOR_BO_MADV_WILLNEED
#define PAGEOUT	 DRM_PANTHOR_BO_MADV_PAGEOUT

static void test_there_is_no_swap(void **state)
{
	assert_int_equal(kt_meminfo("SwapTotal"), 0);
}

static void test_nothing_is_evicted(void **state)
{
	struct kt *t = *state;
	uint64_t evictions = kt_reclaim("evictions");
	uint32_t bo = kt_filled_bo(t->fd, "kept", SIZE, 1);

	assert_int_equal(kt_shrink(1), 0);
	assert_int_equal(kt_shrink(1000000), 0);
	assert_int_equal(kt_gem_get("kept").resident, SIZE);
	assert_int_equal(kt_reclaim("evictions"), evictions);
	kt_assert_contents(t->fd, bo, SIZE, 1);
}

static void test_purge_needs_no_swap(void **state)
{
	struct kt *t = *state;
	uint32_t bo = kt_filled_bo(t->fd, "junk", SIZE, 2);
	uint32_t keep = kt_filled_bo(t->fd, "keep", SIZE, 3);
	uint64_t purges = kt_reclaim("purges");
	uint32_t retained;

	assert_int_equal(kt_madvise(t->fd, bo, DONTNEED, NULL), 0);
	assert_int_equal(kt_shrink(1000), BO_PAGES);
	assert_int_equal(kt_reclaim("purges"), purges + 1);
	assert_int_equal(kt_madvise(t->fd, bo, WILLNEED, &retained), 0);
	assert_int_equal(retained, 0);
	kt_assert_zeroes(t->fd, bo, SIZE);
	kt_assert_contents(t->fd, keep, SIZE, 3);
}

static void test_pageout(void **state)
{
	struct kt *t = *state;
	uint32_t bo = kt_filled_bo(t->fd, "pageout", SIZE, 4);
	uint32_t lazy = kt_bo(t->fd, SIZE);

	kt_expect("resident", kt_madvise(t->fd, bo, PAGEOUT, NULL), -ENOSPC);
	kt_expect("COLD", kt_madvise(t->fd, bo, DRM_PANTHOR_BO_MADV_COLD, NULL), 0);
	kt_expect("no pages", kt_madvise(t->fd, lazy, PAGEOUT, NULL), 0);
	kt_all_expected();
	kt_assert_contents(t->fd, bo, SIZE, 4);
}

/* Real shortage takes the DONTNEED BOs, all of which it may, and nothing else. */
static void test_shortage_purges(void **state)
{
	struct kt *t = *state;
	const size_t size = KT_MIB;
	const size_t count = kt_meminfo("MemAvailable") / size * 6 / 10;
	uint64_t purges = kt_reclaim("purges"), evictions = kt_reclaim("evictions");
	uint32_t keep = kt_filled_bo(t->fd, "survivor", 8 * size, 5);
	uint32_t retained;
	size_t i;

	for (i = 0; i < 2 * count; i++) {
		uint32_t bo = kt_filled_bo(t->fd, "cache", size, i);

		assert_int_equal(kt_madvise(t->fd, bo, DONTNEED, &retained), 0);
		assert_int_equal(retained, 1);
	}
	assert_true(kt_reclaim("purges") > purges);
	assert_int_equal(kt_reclaim("evictions"), evictions);
	kt_assert_contents(t->fd, keep, 8 * size, 5);
}

static bool enter_cgroup(const char *limit)
{
	char pid[16];

	snprintf(pid, sizeof(pid), "%d", getpid());
	mkdir("/sys/fs/cgroup/kt", 0755);
	return kt_write_file("/sys/fs/cgroup/cgroup.subtree_control", "+memory") &&
	       kt_write_file("/sys/fs/cgroup/kt/memory.max", limit) &&
	       kt_write_file("/sys/fs/cgroup/kt/cgroup.procs", pid);
}

/*
 * Pages cannot be had: the touch is a SIGBUS, not a kill, and says so every time; a bind is ENOMEM.
 * A failure must not be remembered as pages.
 */
static void test_kb1_failed_population_is_not_remembered(void **state)
{
	struct kt *t = *state;
	const size_t size = 64 * KT_MIB;
	uint32_t vm = kt_vm(t->fd), vm_state;
	uint32_t bo = kt_bo(t->fd, size), small = kt_bo(t->fd, SIZE);
	void *ptr = kt_map(t->fd, bo, size);
	uint64_t value;
	int i;

	assert_int_equal(kt_bo_label(t->fd, bo, "too big"), 0);
	if (!enter_cgroup("33554432"))
		fail_msg("no memory cgroup");
	for (i = 0; i < 3; i++) {
		assert_int_equal(kt_peek(ptr, &value), SIGBUS);
		assert_int_equal(kt_poke(ptr, 1), SIGBUS);
		kt_expect("bind", kt_vm_map(t->fd, vm, bo, 0x10000000, 0, size), -ENOMEM);
		assert_int_equal(kt_gem_get("too big").resident, 0);
	}
	kt_all_expected();
	assert_int_equal(kt_vm_state(t->fd, vm, &vm_state), 0);
	assert_int_equal(vm_state, DRM_PANTHOR_VM_STATE_USABLE);
	kt_assert_zeroes(t->fd, small, SIZE);

	assert_true(kt_write_file("/sys/fs/cgroup/kt/memory.max", "max"));
	assert_int_equal(kt_nonzero(ptr, size), 0);
	assert_int_equal(kt_vm_map(t->fd, vm, bo, 0x10000000, 0, size), 0);
}

static const struct CMUnitTest tests[] = {
	kt_test(test_there_is_no_swap),
	kt_test(test_nothing_is_evicted),
	kt_test(test_purge_needs_no_swap),
	kt_test(test_pageout),
	kt_test(test_shortage_purges),
	kt_test(test_kb1_failed_population_is_not_remembered),
	kt_no_leaks(),
};

kt_main(tests)
