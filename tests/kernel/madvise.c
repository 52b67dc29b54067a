/* SPDX-License-Identifier: MIT */
/* BO_MADVISE. Purging is provoked with the debugfs knob, so that every step is certain. */
#include "kt.h"

#define WILLNEED DRM_PANTHOR_BO_MADV_WILLNEED
#define DONTNEED DRM_PANTHOR_BO_MADV_DONTNEED
#define COLD	 DRM_PANTHOR_BO_MADV_COLD
#define PAGEOUT	 DRM_PANTHOR_BO_MADV_PAGEOUT
#define SIZE	 (16 * KT_PAGE)

/* Advises, checks the errno, returns retained. */
static uint32_t advise(int fd, uint32_t bo, uint32_t madv)
{
	uint32_t retained;

	assert_int_equal(kt_madvise(fd, bo, madv, &retained), 0);
	return retained;
}

static uint32_t purged_bo(int fd, const char *label, uint64_t seed)
{
	uint32_t bo = kt_filled_bo(fd, label, SIZE, seed);

	assert_int_equal(advise(fd, bo, DONTNEED), 1);
	assert_int_equal(kt_shrink(1), SIZE / KT_PAGE);
	assert_int_equal(kt_gem_get(label).resident, 0);
	return bo;
}

static void test_probe(void **state)
{
	struct kt *t = *state;
	uint32_t madv;

	for (madv = WILLNEED; madv <= PAGEOUT; madv++)
		kt_expect("handle 0", kt_madvise(t->fd, 0, madv, NULL), -ENOENT);
	kt_expect("unknown handle", kt_madvise(t->fd, 0xdeadbeef, WILLNEED, NULL), -ENOENT);
	kt_all_expected();
}

static void test_errors(void **state)
{
	struct kt *t = *state;
	uint32_t bo = kt_filled_bo(t->fd, "errors", SIZE, 1);
	struct drm_panthor_bo_madvise pad = { .handle = bo, .pad = 1 };

	kt_expect("pad", kt_ioctl(t->fd, DRM_IOCTL_PANTHOR_BO_MADVISE, &pad), -EINVAL);
	kt_expect("madv 4", kt_madvise(t->fd, bo, 4, NULL), -EINVAL);
	kt_expect("madv U32_MAX", kt_madvise(t->fd, bo, ~0u, NULL), -EINVAL);
	kt_all_expected();
	kt_assert_contents(t->fd, bo, SIZE, 1);
}

static void test_imported(void **state)
{
	struct kt *t = *state;
	int buf = kt_udmabuf(SIZE);
	uint32_t bo;

	assert_true(buf >= 0);
	assert_int_equal(kt_import(t->fd, buf, &bo), 0);
	kt_expect("DONTNEED", kt_madvise(t->fd, bo, DONTNEED, NULL), -EINVAL);
	kt_expect("PAGEOUT", kt_madvise(t->fd, bo, PAGEOUT, NULL), -EBUSY);
	kt_all_expected();
	assert_int_equal(advise(t->fd, bo, WILLNEED), 1);
	assert_int_equal(advise(t->fd, bo, COLD), 1);
}

static void test_exported(void **state)
{
	struct kt *t = *state;
	uint32_t bo = kt_filled_bo(t->fd, "exported", SIZE, 2);
	int buf = kt_export(t->fd, bo);

	assert_true(buf >= 0);
	kt_expect("DONTNEED", kt_madvise(t->fd, bo, DONTNEED, NULL), -EINVAL);
	kt_expect("WILLNEED", kt_madvise(t->fd, bo, WILLNEED, NULL), 0);
	kt_expect("COLD", kt_madvise(t->fd, bo, COLD, NULL), 0);
	kt_expect("PAGEOUT", kt_madvise(t->fd, bo, PAGEOUT, NULL), 0);
	kt_all_expected();
	assert_int_equal(kt_gem_get("exported").evictions, 1);
	kt_assert_contents(t->fd, bo, SIZE, 2);
}

/* Nobody else may get to see contents that can vanish at any moment. */
static void test_export_of_dontneed(void **state)
{
	struct kt *t = *state;
	uint32_t bo = kt_filled_bo(t->fd, "dontneed", SIZE, 3);

	assert_int_equal(advise(t->fd, bo, DONTNEED), 1);
	assert_int_equal(kt_export(t->fd, bo), -EINVAL);
	assert_int_equal(advise(t->fd, bo, WILLNEED), 1);
	assert_true(kt_export(t->fd, bo) >= 0);
	kt_assert_contents(t->fd, bo, SIZE, 3);
}

static void test_new_bo_is_retained(void **state)
{
	struct kt *t = *state;
	uint32_t bo = kt_bo(t->fd, SIZE);

	assert_int_equal(advise(t->fd, bo, WILLNEED), 1);
	assert_int_equal(advise(t->fd, bo, COLD), 1);
	assert_int_equal(advise(t->fd, bo, PAGEOUT), 1);
	assert_int_equal(advise(t->fd, bo, DONTNEED), 1);
	assert_int_equal(advise(t->fd, bo, DONTNEED), 1);
	assert_int_equal(advise(t->fd, bo, WILLNEED), 1);
}

static void test_dontneed_then_willneed_keeps(void **state)
{
	struct kt *t = *state;
	uint32_t bo = kt_filled_bo(t->fd, "kept", SIZE, 4);

	assert_int_equal(advise(t->fd, bo, DONTNEED), 1);
	assert_int_equal(kt_reclaim("purgeable_bos"), 1);
	assert_int_equal(kt_reclaim("purgeable_pages"), SIZE / KT_PAGE);
	kt_assert_contents(t->fd, bo, SIZE, 4);
	assert_int_equal(advise(t->fd, bo, WILLNEED), 1);
	assert_int_equal(kt_reclaim("purgeable_bos"), 0);
	kt_shrink_all();
	kt_assert_contents(t->fd, bo, SIZE, 4);
}

static void test_purge(void **state)
{
	struct kt *t = *state;
	uint64_t purges = kt_reclaim("purges"), pages = kt_reclaim("purged_pages");
	uint64_t evictions = kt_reclaim("evictions");
	uint32_t bo = purged_bo(t->fd, "purge", 5);
	struct kt_gem row = kt_gem_get("purge");

	assert_int_equal(kt_reclaim("purges"), purges + 1);
	assert_int_equal(kt_reclaim("purged_pages"), pages + SIZE / KT_PAGE);
	assert_int_equal(kt_reclaim("evictions"), evictions);
	assert_int_equal(kt_reclaim("purgeable_bos"), 0);
	assert_int_equal(row.size, SIZE);
	assert_int_equal(row.evictions, 0);
	assert_int_equal(advise(t->fd, bo, DONTNEED), 0);
	assert_int_equal(advise(t->fd, bo, DONTNEED), 0);
}

/* Any advice but DONTNEED wants the BO back, and says once that it comes back empty. */
static void test_purged_comes_back_empty(void **state)
{
	struct kt *t = *state;
	static const uint32_t advices[] = { WILLNEED, COLD, PAGEOUT };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(advices); i++) {
		uint32_t bo = purged_bo(t->fd, "empty", 5);

		assert_int_equal(advise(t->fd, bo, advices[i]), 0);
		assert_int_equal(advise(t->fd, bo, WILLNEED), 1);
		kt_assert_zeroes(t->fd, bo, SIZE);
		assert_int_equal(kt_bo_close(t->fd, bo), 0);
	}
}

static void test_purged_is_sigbus_then_zeroes(void **state)
{
	struct kt *t = *state;
	uint32_t bo = kt_filled_bo(t->fd, "bus", SIZE, 6);
	char *ptr = kt_map(t->fd, bo, SIZE);
	uint64_t before, after, value;

	assert_int_equal(kt_bo_offset(t->fd, bo, &before), 0);
	assert_int_equal(kt_wrong(ptr, SIZE, 6), 0);
	assert_int_equal(advise(t->fd, bo, DONTNEED), 1);
	assert_int_equal(kt_shrink(1), SIZE / KT_PAGE);
	assert_int_equal(kt_peek(ptr, &value), SIGBUS);
	assert_int_equal(kt_poke(ptr + SIZE - 8, 1), SIGBUS);
	assert_int_equal(kt_peek(ptr, &value), SIGBUS);
	assert_int_equal(kt_gem_get("bus").resident, 0);

	assert_int_equal(advise(t->fd, bo, WILLNEED), 0);
	assert_int_equal(advise(t->fd, bo, WILLNEED), 1);
	assert_int_equal(kt_nonzero(ptr, SIZE), 0);
	kt_fill(ptr, SIZE, 7);
	kt_shrink_all();
	assert_int_equal(kt_wrong(ptr, SIZE, 7), 0);
	assert_int_equal(kt_bo_offset(t->fd, bo, &after), 0);
	assert_int_equal(after, before);
}

static void test_map_made_while_purged(void **state)
{
	struct kt *t = *state;
	uint32_t bo = purged_bo(t->fd, "late map", 8);
	void *ptr = kt_map(t->fd, bo, SIZE);
	uint64_t value;

	assert_int_equal(kt_peek(ptr, &value), SIGBUS);
	assert_int_equal(advise(t->fd, bo, WILLNEED), 0);
	assert_int_equal(kt_nonzero(ptr, SIZE), 0);
}

/* Handle, label and GPU mapping stay those of the same BO. */
static void test_purge_keeps_the_gpu_mapping(void **state)
{
	struct kt *t = *state;
	uint32_t vm = kt_vm(t->fd);
	uint32_t bo = kt_filled_bo(t->fd, "mapped", SIZE, 9);

	assert_int_equal(kt_vm_map(t->fd, vm, bo, 0x100000, 0, SIZE), 0);
	assert_int_equal(advise(t->fd, bo, DONTNEED), 1);
	assert_int_equal(kt_shrink(1), SIZE / KT_PAGE);
	assert_int_equal(kt_vm_unmap(t->fd, vm, 0x100000 + 4 * KT_PAGE, KT_PAGE), 0);
	assert_int_equal(advise(t->fd, bo, WILLNEED), 0);
	kt_assert_zeroes(t->fd, bo, SIZE);
	assert_int_equal(kt_bo_close(t->fd, bo), 0);
	kt_gem_get("mapped");
	assert_int_equal(kt_vm_unmap(t->fd, vm, 0x100000, SIZE), 0);
	assert_true(kt_gem_gone("mapped"));
}

static void test_bind_while_purged(void **state)
{
	struct kt *t = *state;
	uint32_t vm = kt_vm(t->fd), state_now;
	uint32_t bo = purged_bo(t->fd, "bind", 10);

	kt_vm_map(t->fd, vm, bo, 0x100000, 0, SIZE);
	kt_shrink_all();
	assert_int_equal(kt_vm_unmap(t->fd, vm, 0x100000, SIZE), 0);
	assert_int_equal(kt_vm_state(t->fd, vm, &state_now), 0);
	assert_int_equal(state_now, DRM_PANTHOR_VM_STATE_USABLE);
	assert_int_equal(advise(t->fd, bo, WILLNEED), 0);
	assert_int_equal(kt_vm_map(t->fd, vm, bo, 0x100000, 0, SIZE), 0);
	kt_assert_zeroes(t->fd, bo, SIZE);
}

/* Swap is memory as well, and there is no scan that would come by for it: it goes at once. */
static void test_dontneed_of_an_evicted_bo(void **state)
{
	struct kt *t = *state;
	uint32_t bo = kt_filled_bo(t->fd, "evicted", SIZE, 11);
	uint64_t purges = kt_reclaim("purges");

	assert_int_equal(advise(t->fd, bo, PAGEOUT), 1);
	assert_int_equal(advise(t->fd, bo, DONTNEED), 0);
	assert_int_equal(kt_reclaim("purges"), purges + 1);
	assert_int_equal(advise(t->fd, bo, WILLNEED), 0);
	kt_assert_zeroes(t->fd, bo, SIZE);
}

static void test_purge_gives_memory_back(void **state)
{
	struct kt *t = *state;
	const size_t size = 32 * KT_MIB;
	uint64_t empty = kt_meminfo("Shmem"), full;
	uint32_t bo = kt_filled_bo(t->fd, "memory", size, 12);

	full = kt_meminfo("Shmem");
	assert_true(full > empty + size / 2);
	assert_int_equal(advise(t->fd, bo, DONTNEED), 1);
	assert_int_equal(kt_shrink(1), size / KT_PAGE);
	assert_true(kt_meminfo("Shmem") < full - size / 2);
}

static void test_purged_bo_is_recycled_many_times(void **state)
{
	struct kt *t = *state;
	uint32_t bo = kt_bo(t->fd, SIZE);
	void *ptr = kt_map(t->fd, bo, SIZE);
	int i;

	for (i = 0; i < 50; i++) {
		assert_int_equal(kt_nonzero(ptr, SIZE), 0);
		kt_fill(ptr, SIZE, (uint64_t)i);
		assert_int_equal(advise(t->fd, bo, DONTNEED), 1);
		assert_int_equal(kt_shrink(1), SIZE / KT_PAGE);
		assert_int_equal(advise(t->fd, bo, WILLNEED), 0);
	}
}

static void test_close_in_every_state(void **state)
{
	struct kt *t = *state;

	assert_int_equal(kt_bo_close(t->fd, purged_bo(t->fd, "a", 13)), 0);
	uint32_t bo = kt_filled_bo(t->fd, "b", SIZE, 14);

	assert_int_equal(advise(t->fd, bo, DONTNEED), 1);
	assert_int_equal(kt_bo_close(t->fd, bo), 0);
	bo = kt_filled_bo(t->fd, "c", SIZE, 15);
	assert_int_equal(advise(t->fd, bo, PAGEOUT), 1);
	assert_int_equal(kt_bo_close(t->fd, bo), 0);
	assert_int_equal(kt_reclaim("purgeable_bos"), 0);
	assert_int_equal(kt_shrink(1), 0);
}

static const struct CMUnitTest tests[] = {
	kt_test(test_probe),
	kt_test(test_errors),
	kt_test(test_imported),
	kt_test(test_exported),
	kt_test(test_export_of_dontneed),
	kt_test(test_new_bo_is_retained),
	kt_test(test_dontneed_then_willneed_keeps),
	kt_test(test_purge),
	kt_test(test_purged_comes_back_empty),
	kt_test(test_purged_is_sigbus_then_zeroes),
	kt_test(test_map_made_while_purged),
	kt_test(test_purge_keeps_the_gpu_mapping),
	kt_test(test_bind_while_purged),
	kt_test(test_dontneed_of_an_evicted_bo),
	kt_test(test_purge_gives_memory_back),
	kt_test(test_purged_bo_is_recycled_many_times),
	kt_test(test_close_in_every_state),
	kt_no_leaks(),
};

kt_main(tests)
