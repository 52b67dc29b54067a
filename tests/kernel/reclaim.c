/* SPDX-License-Identifier: MIT */
/*
 * Eviction, step by step: the debugfs knob scans, the counters tell what it did, the contents tell
 * whether it was right. Needs swap.
 */
#include "kt_gpu.h"

#define SIZE	 (16 * KT_PAGE)
#define BO_PAGES (SIZE / KT_PAGE)
#define VA	 0x10000000ull

static const char *const class_names[] = { "unused", "mmapped", "vm", "shared" };

static uint64_t evictions_of(const char *name)
{
	char key[32];

	snprintf(key, sizeof(key), "evictions_%s", name);
	return kt_reclaim(key);
}

static uint64_t bos_of(const char *name)
{
	char key[32];

	snprintf(key, sizeof(key), "%s_bos", name);
	return kt_reclaim(key);
}

static uint64_t pages_of(const char *name)
{
	char key[32];

	snprintf(key, sizeof(key), "%s_pages", name);
	return kt_reclaim(key);
}

/* The only BO there is must be in that class, with all its pages. */
static void assert_class(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(class_names); i++) {
		bool here = !strcmp(name, class_names[i]);

		assert_int_equal(bos_of(class_names[i]), here ? 1 : 0);
		assert_int_equal(pages_of(class_names[i]), here ? BO_PAGES : 0);
	}
}

static void test_kb37_evict_and_come_back(void **state)
{
	struct kt *t = *state;
	uint64_t evictions = kt_reclaim("evictions"), pages = kt_reclaim("evicted_pages");
	uint64_t swapins = kt_reclaim("swapins"), swapin_pages = kt_reclaim("swapin_pages");
	uint64_t scans = kt_reclaim("scans");
	uint32_t bo = kt_filled_bo(t->fd, "evict", SIZE, 1);
	struct kt_gem row;

	assert_int_equal(kt_shrink(1), BO_PAGES);
	row = kt_gem_get("evict");
	assert_int_equal(row.evictions, 1);
	assert_int_equal(row.resident, 0);
	assert_int_equal(row.size, SIZE);
	assert_true(row.state & KT_GEM_EVICTED);
	assert_int_equal(kt_reclaim("evictions"), evictions + 1);
	assert_int_equal(kt_reclaim("evicted_pages"), pages + BO_PAGES);
	assert_true(kt_reclaim("scans") > scans);

	kt_assert_contents(t->fd, bo, SIZE, 1);
	row = kt_gem_get("evict");
	assert_int_equal(row.resident, SIZE);
	assert_int_equal(row.evictions, 1);
	assert_false(row.state & KT_GEM_EVICTED);
	assert_int_equal(kt_reclaim("swapins"), swapins + 1);
	assert_int_equal(kt_reclaim("swapin_pages"), swapin_pages + BO_PAGES);
}

static void test_nothing_to_do(void **state)
{
	struct kt *t = *state;
	uint32_t bo = kt_bo(t->fd, SIZE);

	assert_int_equal(kt_bo_label(t->fd, bo, "no pages"), 0);
	assert_int_equal(kt_shrink(1000), 0);
	assert_int_equal(kt_gem_get("no pages").evictions, 0);
	assert_false(kt_gem_get("no pages").state & KT_GEM_EVICTED);
}

/* The first pages of a BO are not a swap-in, and evicted BOs have nothing more to give. */
static void test_first_touch_is_no_swapin(void **state)
{
	struct kt *t = *state;
	uint64_t swapins = kt_reclaim("swapins");

	kt_filled_bo(t->fd, "first", SIZE, 1);
	assert_int_equal(kt_reclaim("swapins"), swapins);
	assert_int_equal(kt_shrink(1), BO_PAGES);
	assert_int_equal(kt_shrink(1), 0);
	assert_int_equal(kt_gem_get("first").evictions, 1);
}

static void test_kb14_scan_reports_and_stops(void **state)
{
	struct kt *t = *state;
	static const char *const labels[] = { "s0", "s1", "s2", "s3" };
	size_t i;

	for (i = 0; i < 4; i++)
		kt_filled_bo(t->fd, labels[i], SIZE, i);
	assert_int_equal(kt_shrink(BO_PAGES), BO_PAGES);
	assert_int_equal(kt_shrink(BO_PAGES + 1), 2 * BO_PAGES);
	assert_int_equal(kt_shrink(1000), BO_PAGES);
	assert_int_equal(kt_shrink(1000), 0);
}

/* Oldest first; COLD goes to the front of its class, and being touched again is being young. */
static void test_order_within_a_class(void **state)
{
	struct kt *t = *state;
	uint32_t a = kt_filled_bo(t->fd, "A", SIZE, 1);
	uint32_t c;

	kt_filled_bo(t->fd, "B", SIZE, 2);
	c = kt_filled_bo(t->fd, "C", SIZE, 3);
	kt_filled_bo(t->fd, "D", SIZE, 4);
	kt_assert_contents(t->fd, a, SIZE, 1);
	assert_int_equal(kt_madvise(t->fd, c, DRM_PANTHOR_BO_MADV_COLD, NULL), 0);

	assert_int_equal(kt_shrink(1), BO_PAGES);
	assert_int_equal(kt_gem_get("C").evictions, 1);
	assert_int_equal(kt_shrink(1), BO_PAGES);
	assert_int_equal(kt_gem_get("B").evictions, 1);
	assert_int_equal(kt_shrink(1), BO_PAGES);
	assert_int_equal(kt_gem_get("D").evictions, 1);
	assert_int_equal(kt_shrink(1), BO_PAGES);
	assert_int_equal(kt_gem_get("A").evictions, 1);
}

static void test_cold_is_only_a_hint(void **state)
{
	struct kt *t = *state;
	uint32_t cold = kt_filled_bo(t->fd, "cold", SIZE, 1);
	void *ptr = kt_map(t->fd, cold, SIZE);

	kt_filled_bo(t->fd, "easier", SIZE, 2);
	assert_int_equal(kt_madvise(t->fd, cold, DRM_PANTHOR_BO_MADV_COLD, NULL), 0);
	assert_int_equal(kt_shrink(1), BO_PAGES);
	assert_int_equal(kt_gem_get("easier").evictions, 1);
	assert_int_equal(kt_gem_get("cold").evictions, 0);
	kt_shrink_all();
	assert_int_equal(kt_wrong(ptr, SIZE, 1), 0);
}

/* Purge what nobody wants, then what hurts least, whatever the age. */
static void test_order_of_pain(void **state)
{
	struct kt *t = *state;
	uint32_t vm = kt_vm(t->fd), other = kt_vm(t->fd);
	uint32_t shared = kt_filled_bo(t->fd, "shared", SIZE, 1);
	uint32_t single = kt_filled_bo(t->fd, "single", SIZE, 2);
	uint32_t mapped = kt_filled_bo(t->fd, "mmapped", SIZE, 3);
	uint32_t junk;
	void *ptr = kt_map(t->fd, mapped, SIZE);

	kt_filled_bo(t->fd, "unused", SIZE, 4);
	junk = kt_filled_bo(t->fd, "junk", SIZE, 5);
	assert_int_equal(kt_vm_map(t->fd, vm, shared, VA, 0, SIZE), 0);
	assert_int_equal(kt_vm_map(t->fd, other, shared, VA, 0, SIZE), 0);
	assert_int_equal(kt_vm_map(t->fd, vm, single, VA + SIZE, 0, SIZE), 0);
	assert_int_equal(kt_madvise(t->fd, junk, DRM_PANTHOR_BO_MADV_DONTNEED, NULL), 0);

	assert_int_equal(kt_shrink(1), BO_PAGES);
	assert_int_equal(kt_gem_get("junk").resident, 0);
	assert_int_equal(kt_gem_get("junk").evictions, 0);
	assert_int_equal(kt_shrink(1), BO_PAGES);
	assert_int_equal(kt_gem_get("unused").evictions, 1);
	assert_int_equal(kt_shrink(1), BO_PAGES);
	assert_int_equal(kt_gem_get("mmapped").evictions, 1);
	assert_int_equal(kt_shrink(1), BO_PAGES);
	assert_int_equal(kt_gem_get("single").evictions, 1);
	assert_int_equal(kt_shrink(1), BO_PAGES);
	assert_int_equal(kt_gem_get("shared").evictions, 1);
	assert_int_equal(kt_shrink(1), 0);
	assert_int_equal(kt_wrong(ptr, SIZE, 3), 0);
	kt_assert_contents(t->fd, shared, SIZE, 1);
	kt_assert_contents(t->fd, single, SIZE, 2);
}

static void test_classes_count_their_evictions(void **state)
{
	struct kt *t = *state;
	uint32_t vms[2] = { kt_vm(t->fd), kt_vm(t->fd) };
	uint32_t bo = kt_filled_bo(t->fd, "class", SIZE, 6);
	void *ptr = NULL;
	uint64_t before;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(class_names); i++) {
		if (i == 1)
			ptr = kt_map(t->fd, bo, SIZE);
		if (i == 1)
			assert_int_equal(kt_wrong(ptr, SIZE, 6), 0);
		if (i >= 2)
			assert_int_equal(kt_vm_map(t->fd, vms[i - 2], bo, VA, 0, SIZE), 0);
		/* An evicted mapping does not count: bring the first VM's back as well. */
		if (i == 3)
			assert_int_equal(kt_vm_map(t->fd, vms[0], bo, VA, 0, SIZE), 0);
		assert_class(class_names[i]);
		before = evictions_of(class_names[i]);
		assert_int_equal(kt_shrink(1), BO_PAGES);
		assert_int_equal(evictions_of(class_names[i]), before + 1);
		assert_int_equal(kt_gem_get("class").evictions, i + 1);
	}
	assert_int_equal(evictions_of("unused") + evictions_of("mmapped") + evictions_of("vm") +
				 evictions_of("shared"),
			 kt_reclaim("evictions"));
	assert_int_equal(kt_wrong(ptr, SIZE, 6), 0);
}

static void test_kb12_mmap_moves_between_lrus(void **state)
{
	struct kt *t = *state;
	uint32_t bo = kt_filled_bo(t->fd, "kb12", SIZE, 7);
	void *first, *second;

	assert_class("unused");
	first = kt_map(t->fd, bo, SIZE);
	assert_class("mmapped");
	second = kt_map(t->fd, bo, SIZE);
	kt_unmap(first, SIZE);
	assert_class("mmapped");
	kt_unmap(second, SIZE);
	assert_class("unused");
}

static void test_kb32_binds_move_between_lrus(void **state)
{
	struct kt *t = *state;
	uint32_t vm = kt_vm(t->fd), other = kt_vm(t->fd);
	uint32_t bo = kt_filled_bo(t->fd, "binds", SIZE, 8);

	assert_int_equal(kt_vm_map(t->fd, vm, bo, VA, 0, SIZE), 0);
	assert_class("vm");
	assert_int_equal(kt_vm_map(t->fd, vm, bo, VA + SIZE, 0, SIZE), 0);
	assert_class("vm");
	assert_int_equal(kt_vm_map(t->fd, other, bo, VA, 0, SIZE), 0);
	assert_class("shared");
	assert_int_equal(kt_vm_unmap(t->fd, vm, VA, SIZE), 0);
	assert_class("shared");
	assert_int_equal(kt_vm_unmap(t->fd, vm, VA + SIZE, SIZE), 0);
	assert_class("vm");
	assert_int_equal(kt_vm_destroy(t->fd, other), 0);
	assert_class("unused");
}

static bool is_unused(void *arg)
{
	return kt_reclaim("unused_bos") == 1;
}

/* A fence may depend on the unmap, so that the class is seen to afterwards: by the kernel, soon. */
static void test_kb32_async_unmap_moves_between_lrus(void **state)
{
	struct kt *t = *state;
	uint32_t vm = kt_vm(t->fd), bo = kt_filled_bo(t->fd, "async", SIZE, 12);
	uint32_t out = kt_syncobj(t->fd, false);
	struct drm_panthor_sync_op sync = kt_signal_op(out, 0);
	struct drm_panthor_vm_bind_op op = {
		.flags = DRM_PANTHOR_VM_BIND_OP_TYPE_UNMAP,
		.va = VA,
		.size = SIZE,
		.syncs = DRM_PANTHOR_OBJ_ARRAY(1, &sync),
	};

	assert_int_equal(kt_vm_map(t->fd, vm, bo, VA, 0, SIZE), 0);
	assert_class("vm");
	assert_int_equal(kt_bind_async(t->fd, vm, &op, 1, NULL), 0);
	assert_int_equal(kt_syncobj_result(t->fd, out), 1);
	assert_true(kt_wait(is_unused, NULL));
	assert_class("unused");
	assert_int_equal(kt_shrink(1), BO_PAGES);
	kt_assert_contents(t->fd, bo, SIZE, 12);
}

static void test_partial_unmap_keeps_the_class(void **state)
{
	struct kt *t = *state;
	uint32_t vm = kt_vm(t->fd);
	uint32_t bo = kt_filled_bo(t->fd, "partial", SIZE, 9);

	assert_int_equal(kt_vm_map(t->fd, vm, bo, VA, 0, SIZE), 0);
	assert_int_equal(kt_vm_unmap(t->fd, vm, VA + 4 * KT_PAGE, 4 * KT_PAGE), 0);
	assert_class("vm");
	assert_int_equal(kt_vm_unmap(t->fd, vm, VA, 4 * KT_PAGE), 0);
	assert_class("vm");
	assert_int_equal(kt_vm_unmap(t->fd, vm, VA, SIZE), 0);
	assert_class("unused");
}

static void test_exclusive_bo_is_evicted_too(void **state)
{
	struct kt *t = *state;
	uint32_t vm = kt_vm(t->fd);
	uint32_t bo;
	void *ptr;

	assert_int_equal(kt_bo_create(t->fd, SIZE, 0, vm, &bo), 0);
	assert_int_equal(kt_bo_label(t->fd, bo, "exclusive"), 0);
	ptr = kt_map(t->fd, bo, SIZE);
	kt_fill(ptr, SIZE, 10);
	assert_int_equal(kt_vm_map(t->fd, vm, bo, VA, 0, SIZE), 0);
	assert_class("vm");
	assert_int_equal(kt_shrink(1), BO_PAGES);
	assert_int_equal(kt_gem_get("exclusive").evictions, 1);
	assert_int_equal(kt_wrong(ptr, SIZE, 10), 0);
}

static void test_pageout(void **state)
{
	struct kt *t = *state;
	uint32_t vm = kt_vm(t->fd);
	uint32_t bo = kt_filled_bo(t->fd, "pageout", SIZE, 11);
	uint32_t retained;
	int i;

	for (i = 1; i <= 3; i++) {
		assert_int_equal(kt_madvise(t->fd, bo, DRM_PANTHOR_BO_MADV_PAGEOUT, &retained), 0);
		assert_int_equal(retained, 1);
		assert_int_equal(kt_gem_get("pageout").evictions, i);
		assert_int_equal(kt_gem_get("pageout").resident, 0);
		assert_int_equal(kt_madvise(t->fd, bo, DRM_PANTHOR_BO_MADV_PAGEOUT, &retained), 0);
		assert_int_equal(kt_gem_get("pageout").evictions, i);
		kt_assert_contents(t->fd, bo, SIZE, 11);
		/* In the second and third round the GPU has it mapped. */
		assert_int_equal(kt_vm_map(t->fd, vm, bo, VA, 0, SIZE), 0);
	}
}

static const struct CMUnitTest tests[] = {
	kt_test(test_kb37_evict_and_come_back),
	kt_test(test_nothing_to_do),
	kt_test(test_first_touch_is_no_swapin),
	kt_test(test_kb14_scan_reports_and_stops),
	kt_test(test_order_within_a_class),
	kt_test(test_cold_is_only_a_hint),
	kt_test(test_order_of_pain),
	kt_test(test_classes_count_their_evictions),
	kt_test(test_kb12_mmap_moves_between_lrus),
	kt_test(test_kb32_binds_move_between_lrus),
	kt_test(test_kb32_async_unmap_moves_between_lrus),
	kt_test(test_partial_unmap_keeps_the_class),
	kt_test(test_exclusive_bo_is_evicted_too),
	kt_test(test_pageout),
	kt_no_leaks(),
};

kt_main(tests)
