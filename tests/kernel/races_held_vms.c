/* SPDX-License-Identifier: MIT */
/* VMs that are changed, end or become active at a moment that matters to a scan. */
#include "kt_hold.h"

#define SIZE	 (8 * KT_PAGE)
#define BO_PAGES (SIZE / KT_PAGE)
#define VA	 0x100000ull

/* A BO that is mapped in @vm. */
static uint32_t mapped_bo(int fd, uint32_t vm, const char *label, uint64_t seed)
{
	uint32_t bo = kt_filled_bo(fd, label, SIZE, seed);

	assert_int_equal(kt_vm_map(fd, vm, bo, VA, 0, SIZE), 0);
	return bo;
}

static int call_destroy_vm(struct kt_held *held)
{
	return kt_vm_destroy(held->fd, held->vm);
}

/* A VM without references is still in the list of those to be asked, and says no. */
static void test_kb43_scan_goes_on_behind_a_dying_vm(void **state)
{
	struct kt *t = *state;
	struct kt_held held = { .call = call_destroy_vm, .fd = t->fd, .vm = kt_vm(t->fd) };
	uint32_t other = mapped_bo(t->fd, kt_vm(t->fd), "other", 1);

	kt_held_start(&held, "vm_end");
	assert_int_equal(kt_shrink(1), BO_PAGES);
	assert_int_equal(kt_gem_get("other").evictions, 1);
	assert_int_equal(kt_held_finish(&held), 0);
	kt_assert_contents(t->fd, other, SIZE, 1);
}

static int call_bind_above(struct kt_held *held)
{
	return kt_vm_map(held->fd, held->vm, held->bo, VA + SIZE, 0, SIZE);
}

/* What is in a VM that is being changed cannot be taken now: it is counted, and stays as it is. */
static void test_scan_of_a_vm_that_is_being_changed(void **state)
{
	struct kt *t = *state;
	struct kt_held held = { .call = call_bind_above, .fd = t->fd, .vm = kt_vm(t->fd) };
	uint64_t skips = kt_reclaim("skips_vm_locked");
	uint32_t bo = mapped_bo(t->fd, held.vm, "changed", 2);

	held.bo = kt_filled_bo(t->fd, "new", SIZE, 3);
	kt_held_start(&held, "exec");
	assert_int_equal(kt_shrink_all(), 0);
	assert_int_equal(kt_madvise(t->fd, bo, DRM_PANTHOR_BO_MADV_PAGEOUT, NULL), -EBUSY);
	assert_true(kt_reclaim("skips_vm_locked") >= skips + 2);
	assert_int_equal(kt_gem_get("changed").evictions, 0);
	assert_int_equal(kt_gem_get("changed").resident, SIZE);
	assert_int_equal(kt_reclaim("vm_bos"), 1);
	assert_int_equal(kt_held_finish(&held), 0);

	assert_int_equal(kt_reclaim("vm_bos"), 2);
	assert_int_equal(kt_shrink_all(), 2 * BO_PAGES);
	kt_assert_contents(t->fd, bo, SIZE, 2);
	kt_assert_contents(t->fd, held.bo, SIZE, 3);
}

/*
 * A job makes its VM the youngest while the scan is at it. The scan goes on with those that it has
 * not asked yet, all of them, although another VM, with nothing to give, is the oldest now.
 */
static void test_kb30_vm_becomes_active_while_scanned(void **state)
{
	struct kt *t = *state;
	struct kt_held scan = { .call = kt_held_shrink, .pages = 1000000 };
	struct kt_held job = { .fd = t->fd };
	uint32_t second, third;

	kt_vm(t->fd);
	job.vm = kt_vm(t->fd);
	job.group = kt_held_group(t->fd, job.vm);
	second = kt_vm(t->fd);
	third = kt_vm(t->fd);
	mapped_bo(t->fd, job.vm, "first", 4);
	second = mapped_bo(t->fd, second, "second", 5);
	third = mapped_bo(t->fd, third, "third", 6);

	kt_held_start(&scan, "scan_vm");
	assert_int_equal(kt_held_submit(&job), 0);
	assert_int_equal(kt_held_finish(&scan), 0);
	assert_int_equal(kt_gem_get("second").evictions, 1);
	assert_int_equal(kt_gem_get("third").evictions, 1);
	kt_assert_contents(t->fd, second, SIZE, 5);
	kt_assert_contents(t->fd, third, SIZE, 6);
}

static const struct CMUnitTest tests[] = {
	kt_test(test_kb43_scan_goes_on_behind_a_dying_vm),
	kt_test(test_scan_of_a_vm_that_is_being_changed),
	kt_test(test_kb30_vm_becomes_active_while_scanned),
	kt_no_leaks(),
};

kt_hold_main(tests)
