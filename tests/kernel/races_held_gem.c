/* SPDX-License-Identifier: MIT */
/* Threads that are held where a BO's locks and pages are at stake. */
#include "kt_hold.h"

#define SIZE (8 * KT_PAGE)
#define VA   0x100000ull

static bool still_held(void)
{
	char *text = kt_debugfs_read("hold", NULL);
	bool held = strstr(text, " 1\n");

	free(text);
	return held;
}

/* A job is about to be queued: its VM's lock is held, and that of @held->bo, which the VM maps. */
static void hold_submit(struct kt *t, struct kt_held *held)
{
	held->call = kt_held_submit;
	held->fd = t->fd;
	held->vm = kt_vm(t->fd);
	held->group = kt_held_group(t->fd, held->vm);
	held->bo = kt_filled_bo(t->fd, "held", SIZE, 1);
	assert_int_equal(kt_vm_map(t->fd, held->vm, held->bo, VA, 0, SIZE), 0);
}

/* Whoever exports holds what all clients need to get at their BOs, so it must not wait. */
static void test_export_of_a_locked_bo(void **state)
{
	struct kt *t = *state;
	struct kt_held held = { 0 };

	hold_submit(t, &held);
	kt_held_start(&held, "submit");
	assert_true(kt_export(t->fd, held.bo) >= 0);
	assert_true(still_held());
	assert_int_equal(kt_held_finish(&held), 0);
	assert_int_equal(kt_madvise(t->fd, held.bo, DRM_PANTHOR_BO_MADV_DONTNEED, NULL), -EINVAL);
}

static const struct CMUnitTest tests[] = {
	kt_test(test_export_of_a_locked_bo),
	kt_no_leaks(),
};

kt_hold_main(tests)
