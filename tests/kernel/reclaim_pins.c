/* SPDX-License-Identifier: MIT */
/* Eviction meets pins, earlier evictions and cut mappings: where such code broke before. */
#include "kt.h"

#define SIZE	 (16 * KT_PAGE)
#define BO_PAGES (SIZE / KT_PAGE)
#define PAGEOUT	 DRM_PANTHOR_BO_MADV_PAGEOUT
#define VA	 0x10000000ull

/* vgem attaches the buffer and so pins it, until the returned file is closed. */
static int pin(int fd, uint32_t bo)
{
	int vgem = kt_open("vgem", true);
	int buf = kt_export(fd, bo);
	uint32_t theirs;

	assert_true(vgem >= 0 && buf >= 0);
	assert_int_equal(kt_import(vgem, buf, &theirs), 0);
	close(buf);
	return vgem;
}

static void test_pinned_stays(void **state)
{
	struct kt *t = *state;
	uint32_t bo = kt_filled_bo(t->fd, "pinned", SIZE, 1);
	int vgem = pin(t->fd, bo);

	assert_int_equal(kt_shrink_all(), 0);
	assert_int_equal(kt_madvise(t->fd, bo, PAGEOUT, NULL), -EBUSY);
	assert_int_equal(kt_gem_get("pinned").evictions, 0);
	assert_int_equal(kt_reclaim("unused_bos"), 0);
	close(vgem);
	assert_int_equal(kt_reclaim("unused_bos"), 1);
	assert_int_equal(kt_madvise(t->fd, bo, PAGEOUT, NULL), 0);
	kt_assert_contents(t->fd, bo, SIZE, 1);
}

static void test_kb2_pins_are_counted(void **state)
{
	struct kt *t = *state;
	uint32_t bo = kt_filled_bo(t->fd, "kb2", SIZE, 2);
	int first = pin(t->fd, bo);
	int second = pin(t->fd, bo);

	close(first);
	assert_int_equal(kt_shrink_all(), 0);
	close(second);
	assert_int_equal(kt_shrink_all(), BO_PAGES);
}

/* A pin brings evicted pages back, and what uses them next does not mind that they are pinned. */
static void test_kb16_pin_after_eviction(void **state)
{
	struct kt *t = *state;
	uint32_t vm = kt_vm(t->fd);
	uint32_t bo = kt_filled_bo(t->fd, "kb16", SIZE, 3);
	int vgem;

	assert_int_equal(kt_vm_map(t->fd, vm, bo, VA, 0, SIZE), 0);
	assert_int_equal(kt_shrink(1), BO_PAGES);
	vgem = pin(t->fd, bo);
	assert_int_equal(kt_gem_get("kb16").resident, SIZE);
	assert_int_equal(kt_vm_map(t->fd, vm, bo, VA + SIZE, 0, SIZE), 0);
	kt_assert_contents(t->fd, bo, SIZE, 3);
	close(vgem);
	assert_int_equal(kt_shrink_all(), BO_PAGES);
	kt_assert_contents(t->fd, bo, SIZE, 3);
}

/* Evicted while GPU-mapped, refilled by the CPU, evicted again: no GPU entries are left then. */
static void test_kb17_double_eviction(void **state)
{
	struct kt *t = *state;
	uint32_t vm = kt_vm(t->fd);
	uint32_t bo = kt_filled_bo(t->fd, "kb17", SIZE, 4);
	void *ptr = kt_map(t->fd, bo, SIZE);
	uint64_t mmapped = kt_reclaim("evictions_mmapped");
	int i;

	assert_int_equal(kt_vm_map(t->fd, vm, bo, VA, 0, SIZE), 0);
	assert_int_equal(kt_shrink(1), BO_PAGES);
	for (i = 1; i <= 3; i++) {
		assert_int_equal(kt_wrong(ptr, SIZE, 4), 0);
		assert_int_equal(kt_reclaim("mmapped_bos"), 1);
		assert_int_equal(kt_reclaim("vm_bos"), 0);
		assert_int_equal(kt_shrink(1), BO_PAGES);
		assert_int_equal(kt_reclaim("evictions_mmapped"), mmapped + (uint64_t)i);
	}
	assert_int_equal(kt_gem_get("kb17").evictions, 4);
	assert_int_equal(kt_vm_unmap(t->fd, vm, VA, SIZE), 0);
	assert_int_equal(kt_wrong(ptr, SIZE, 4), 0);
}

/* Mapped in two VMs but alive in one only: that is a single-VM BO. */
static void test_kb18_only_live_mappings_count(void **state)
{
	struct kt *t = *state;
	uint32_t vm = kt_vm(t->fd), other = kt_vm(t->fd);
	uint32_t bo = kt_filled_bo(t->fd, "kb18", SIZE, 5);

	assert_int_equal(kt_vm_map(t->fd, vm, bo, VA, 0, SIZE), 0);
	assert_int_equal(kt_vm_map(t->fd, other, bo, VA, 0, SIZE), 0);
	assert_int_equal(kt_shrink(1), BO_PAGES);
	assert_int_equal(kt_vm_map(t->fd, other, bo, VA, 0, SIZE), 0);
	assert_int_equal(kt_reclaim("vm_bos"), 1);
	assert_int_equal(kt_reclaim("shared_bos"), 0);
	assert_int_equal(kt_shrink(1), BO_PAGES);
	assert_int_equal(kt_vm_destroy(t->fd, vm), 0);
	assert_int_equal(kt_vm_destroy(t->fd, other), 0);
	kt_assert_contents(t->fd, bo, SIZE, 5);
}

/* An evicted BO gets a second mapping in the same VM; evicting it again must clear that one too. */
static void test_kb29_new_mapping_of_an_evicted_bo(void **state)
{
	struct kt *t = *state;
	uint32_t vm = kt_vm(t->fd);
	uint32_t bo = kt_filled_bo(t->fd, "kb29", SIZE, 6);
	uint64_t of_vm = kt_reclaim("evictions_vm");

	assert_int_equal(kt_vm_map(t->fd, vm, bo, VA, 0, SIZE), 0);
	assert_int_equal(kt_shrink(1), BO_PAGES);
	assert_int_equal(kt_vm_map(t->fd, vm, bo, VA + SIZE, 0, SIZE / 2), 0);
	assert_int_equal(kt_reclaim("vm_bos"), 1);
	assert_int_equal(kt_shrink(1), BO_PAGES);
	assert_int_equal(kt_reclaim("evictions_vm"), of_vm + 2);
	assert_int_equal(kt_vm_unmap(t->fd, vm, VA, 2 * SIZE), 0);
	kt_assert_contents(t->fd, bo, SIZE, 6);
}

/* Leftovers of a cut inherit that they are evicted: no pages exist to rebuild them from. */
static void test_kb41_partial_unmap_of_an_evicted_bo(void **state)
{
	struct kt *t = *state;
	uint32_t vm = kt_vm(t->fd);
	uint32_t bo = kt_filled_bo(t->fd, "kb41", SIZE, 7);

	assert_int_equal(kt_vm_map(t->fd, vm, bo, VA, 0, SIZE), 0);
	assert_int_equal(kt_shrink(1), BO_PAGES);
	assert_int_equal(kt_vm_unmap(t->fd, vm, VA + 4 * KT_PAGE, KT_PAGE), 0);
	assert_int_equal(kt_vm_unmap(t->fd, vm, VA, KT_PAGE), 0);
	assert_int_equal(kt_gem_get("kb41").resident, 0);
	assert_int_equal(kt_shrink(1), 0);
	kt_assert_contents(t->fd, bo, SIZE, 7);
	/* The leftovers stay evicted: pages that the CPU brought back are not the GPU's. */
	assert_int_equal(kt_reclaim("vm_bos"), 0);
	assert_int_equal(kt_reclaim("unused_bos"), 1);
	assert_int_equal(kt_vm_unmap(t->fd, vm, VA, SIZE), 0);
	assert_int_equal(kt_reclaim("unused_bos"), 1);
}

static void test_kb41_huge_leftovers_of_an_evicted_bo(void **state)
{
	struct kt *t = *state;
	const size_t size = 4 * KT_MIB;
	uint32_t vm = kt_vm(t->fd);
	uint32_t bo = kt_filled_bo(t->fd, "kb41 huge", size, 8);

	assert_int_equal(kt_vm_map(t->fd, vm, bo, VA, 0, size), 0);
	assert_int_equal(kt_shrink(1), size / KT_PAGE);
	assert_int_equal(kt_vm_unmap(t->fd, vm, VA + KT_MIB, 2 * KT_MIB + KT_PAGE), 0);
	assert_int_equal(kt_vm_map(t->fd, vm, bo, VA + 2 * KT_MIB, KT_PAGE, KT_MIB), 0);
	assert_int_equal(kt_shrink_all(), size / KT_PAGE);
	assert_int_equal(kt_vm_destroy(t->fd, vm), 0);
	kt_assert_contents(t->fd, bo, size, 8);
}

/* A map on top of an evicted BO's mapping, by the same BO and by another. */
static void test_overmap_of_an_evicted_bo(void **state)
{
	struct kt *t = *state;
	uint32_t vm = kt_vm(t->fd);
	uint32_t below = kt_filled_bo(t->fd, "below", SIZE, 9);
	uint32_t above = kt_filled_bo(t->fd, "above", SIZE, 10);

	assert_int_equal(kt_vm_map(t->fd, vm, below, VA, 0, SIZE), 0);
	assert_int_equal(kt_shrink_all(), 2 * BO_PAGES);
	assert_int_equal(kt_vm_map(t->fd, vm, above, VA + 4 * KT_PAGE, 0, 4 * KT_PAGE), 0);
	assert_int_equal(kt_vm_map(t->fd, vm, below, VA + 8 * KT_PAGE, 0, 4 * KT_PAGE), 0);
	assert_int_equal(kt_shrink_all(), 2 * BO_PAGES);
	assert_int_equal(kt_vm_unmap(t->fd, vm, VA, SIZE), 0);
	kt_assert_contents(t->fd, below, SIZE, 9);
	kt_assert_contents(t->fd, above, SIZE, 10);
}

/* munmap() of a map whose page-table entries eviction took away, and the reverse. */
static void test_kb36_evict_and_munmap(void **state)
{
	struct kt *t = *state;
	uint32_t bo = kt_filled_bo(t->fd, "kb36", SIZE, 11);
	void *first = kt_map(t->fd, bo, SIZE), *second = kt_map(t->fd, bo, SIZE);

	assert_int_equal(kt_wrong(first, SIZE, 11), 0);
	assert_int_equal(kt_wrong(second, SIZE, 11), 0);
	assert_int_equal(kt_shrink(1), BO_PAGES);
	kt_unmap(first, SIZE);
	assert_int_equal(kt_wrong(second, SIZE, 11), 0);
	assert_int_equal(kt_shrink(1), BO_PAGES);
	assert_int_equal(kt_wrong(second, SIZE, 11), 0);
	kt_unmap(second, SIZE);
	assert_int_equal(kt_shrink(1), BO_PAGES);
}

static void test_exported_but_not_attached_is_evicted(void **state)
{
	struct kt *t = *state;
	uint32_t bo = kt_filled_bo(t->fd, "exported", SIZE, 12);
	int buf = kt_export(t->fd, bo);

	assert_true(buf >= 0);
	assert_int_equal(kt_shrink(1), BO_PAGES);
	kt_assert_contents(t->fd, bo, SIZE, 12);
}

static void test_written_after_swapin_is_kept(void **state)
{
	struct kt *t = *state;
	uint32_t bo = kt_filled_bo(t->fd, "again", SIZE, 13);
	void *ptr = kt_map(t->fd, bo, SIZE);
	uint64_t round;

	for (round = 0; round < 20; round++) {
		assert_int_equal(kt_madvise(t->fd, bo, PAGEOUT, NULL), 0);
		assert_int_equal(kt_wrong(ptr, SIZE, 13 + round), 0);
		kt_fill(ptr, SIZE, 14 + round);
	}
	assert_int_equal(kt_gem_get("again").evictions, 20);
}

static const struct CMUnitTest tests[] = {
	kt_test(test_pinned_stays),
	kt_test(test_kb2_pins_are_counted),
	kt_test(test_kb16_pin_after_eviction),
	kt_test(test_kb17_double_eviction),
	kt_test(test_kb18_only_live_mappings_count),
	kt_test(test_kb29_new_mapping_of_an_evicted_bo),
	kt_test(test_kb41_partial_unmap_of_an_evicted_bo),
	kt_test(test_kb41_huge_leftovers_of_an_evicted_bo),
	kt_test(test_overmap_of_an_evicted_bo),
	kt_test(test_kb36_evict_and_munmap),
	kt_test(test_exported_but_not_attached_is_evicted),
	kt_test(test_written_after_swapin_is_kept),
	kt_no_leaks(),
};

kt_main(tests)
