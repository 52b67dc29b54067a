// SPDX-License-Identifier: MIT
/* Syncobjs: fences, points, waits that time out without waiting. */
#include "unit.h"

static int wait_one(struct fixture *f, uint32_t handle, uint64_t point, uint32_t flags)
{
	return panthor_syncobj_wait(f->dev, &handle, &point, 1, 0, flags, NULL);
}

static void new_and_destroy(void **state)
{
	struct fixture *f = *state;
	uint32_t handle = new_syncobj(f->dev, 0), signalled, untouched = 77;

	assert_int_equal(f->fake->args[FAKE_SYNCOBJ_CREATE].syncobj_create.flags, 0);
	signalled = new_syncobj(f->dev, PANTHOR_SYNCOBJ_SIGNALED);
	assert_int_equal(f->fake->args[FAKE_SYNCOBJ_CREATE].syncobj_create.flags,
			 DRM_SYNCOBJ_CREATE_SIGNALED);
	assert_int_equal(panthor_syncobj_wait(f->dev, &signalled, NULL, 1, 0, 0, NULL), 0);
	assert_int_equal(panthor_syncobj_wait(f->dev, &handle, NULL, 1, 0, 0, NULL), -EINVAL);

	assert_int_equal(panthor_syncobj_new(f->dev, 2, &untouched), -EINVAL);
	fake_fail(f->fake, FAKE_SYNCOBJ_CREATE, 1, ENOMEM);
	assert_int_equal(panthor_syncobj_new(f->dev, 0, &untouched), -ENOMEM);
	f->fake->bogus_handle = true;
	assert_int_equal(panthor_syncobj_new(f->dev, 0, &untouched), -EPROTO);
	f->fake->bogus_handle = false;
	assert_int_equal(untouched, 77);

	assert_int_equal(panthor_syncobj_destroy(f->dev, handle), 0);
	assert_int_equal(f->fake->args[FAKE_SYNCOBJ_DESTROY].syncobj_destroy.handle, handle);
	assert_int_equal(f->fake->args[FAKE_SYNCOBJ_DESTROY].syncobj_destroy.pad, 0);
	assert_int_equal(panthor_syncobj_destroy(f->dev, handle), -EINVAL);
	assert_int_equal(panthor_syncobj_destroy(f->dev, signalled), 0);
}

static void wait_passes_everything(void **state)
{
	struct fixture *f = *state;
	uint32_t handles[2] = { new_syncobj(f->dev, 0), new_syncobj(f->dev, 0) };
	uint64_t points[2] = { 5, 6 };
	const struct drm_syncobj_wait *fences = &f->fake->args[FAKE_SYNCOBJ_WAIT].syncobj_wait;
	const struct drm_syncobj_timeline_wait *timeline =
		&f->fake->args[FAKE_SYNCOBJ_TIMELINE_WAIT].syncobj_timeline_wait;

	assert_int_equal(panthor_syncobj_wait(f->dev, handles, NULL, 2, INT64_MAX,
					      PANTHOR_SYNCOBJ_WAIT_FOR_SUBMIT, NULL),
			 -ETIME);
	assert_int_equal(fences->handles, (uintptr_t)handles);
	assert_int_equal(fences->timeout_nsec, INT64_MAX);
	assert_int_equal(fences->count_handles, 2);
	assert_int_equal(fences->flags, DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT);
	assert_int_equal(fences->first_signaled, 0);
	assert_int_equal(fences->pad, 0);

	assert_int_equal(panthor_syncobj_wait(
				 f->dev, handles, points, 2, -7,
				 PANTHOR_SYNCOBJ_WAIT_ALL | PANTHOR_SYNCOBJ_WAIT_AVAILABLE, NULL),
			 -ETIME);
	assert_int_equal(timeline->handles, (uintptr_t)handles);
	assert_int_equal(timeline->points, (uintptr_t)points);
	assert_int_equal(timeline->timeout_nsec, -7);
	assert_int_equal(timeline->count_handles, 2);
	assert_int_equal(timeline->flags,
			 DRM_SYNCOBJ_WAIT_FLAGS_WAIT_ALL | DRM_SYNCOBJ_WAIT_FLAGS_WAIT_AVAILABLE);
	assert_int_equal(timeline->pad, 0);
	for (int i = 0; i < 2; i++)
		assert_int_equal(panthor_syncobj_destroy(f->dev, handles[i]), 0);
}

static void wait_for_one_or_all(void **state)
{
	struct fixture *f = *state;
	uint32_t handles[3] = { new_syncobj(f->dev, 0), new_syncobj(f->dev, 0),
				new_syncobj(f->dev, 0) };
	uint64_t points[3] = { 1, 2, 0 };
	uint32_t submit = PANTHOR_SYNCOBJ_WAIT_FOR_SUBMIT, first = 77;

	assert_int_equal(panthor_syncobj_signal(f->dev, handles[1], 2), 0);
	assert_int_equal(panthor_syncobj_wait(f->dev, handles, points, 3, 0, submit, &first), 0);
	assert_int_equal(first, 1);

	first = 77;
	submit |= PANTHOR_SYNCOBJ_WAIT_ALL;
	assert_int_equal(panthor_syncobj_wait(f->dev, handles, points, 3, 0, submit, &first),
			 -ETIME);
	assert_int_equal(panthor_syncobj_signal(f->dev, handles[0], 1), 0);
	assert_int_equal(panthor_syncobj_signal(f->dev, handles[2], 0), 0);
	assert_int_equal(panthor_syncobj_wait(f->dev, handles, points, 3, 0, submit, &first), 0);
	assert_int_equal(first, 77);
	for (int i = 0; i < 3; i++)
		assert_int_equal(panthor_syncobj_destroy(f->dev, handles[i]), 0);
}

static void points_grow(void **state)
{
	struct fixture *f = *state;
	uint32_t handle = new_syncobj(f->dev, 0);
	uint64_t point = 77;

	assert_int_equal(panthor_syncobj_query(f->dev, handle, &point), 0);
	assert_int_equal(point, 0);
	assert_int_equal(panthor_syncobj_signal(f->dev, handle, 1ull << 33), 0);
	assert_int_equal(panthor_syncobj_query(f->dev, handle, &point), 0);
	assert_int_equal(point, 1ull << 33);
	assert_int_equal(wait_one(f, handle, 5, 0), 0);
	assert_int_equal(wait_one(f, handle, (1ull << 33) + 1, 0), -EINVAL);
	assert_int_equal(fake_calls(f->fake, FAKE_SYNCOBJ_SIGNAL), 0);

	assert_int_equal(panthor_syncobj_reset(f->dev, handle), 0);
	assert_int_equal(wait_one(f, handle, 5, 0), -EINVAL);
	assert_int_equal(panthor_syncobj_signal(f->dev, handle, 0), 0);
	assert_int_equal(fake_calls(f->fake, FAKE_SYNCOBJ_SIGNAL), 1);
	assert_int_equal(wait_one(f, handle, 0, 0), 0);
	assert_int_equal(panthor_syncobj_destroy(f->dev, handle), 0);
}

static void wait_errors(void **state)
{
	struct fixture *f = *state;
	uint32_t handle = new_syncobj(f->dev, PANTHOR_SYNCOBJ_SIGNALED), first = 77;
	uint32_t available = PANTHOR_SYNCOBJ_WAIT_AVAILABLE;

	assert_int_equal(panthor_syncobj_wait(f->dev, &handle, NULL, 0, 0, 0, &first), -EINVAL);
	assert_int_equal(panthor_syncobj_wait(f->dev, &handle, NULL, 1, 0, 8, &first), -EINVAL);
	assert_int_equal(panthor_syncobj_wait(f->dev, &handle, NULL, 1, 0, available, &first),
			 -EINVAL);
	assert_int_equal(fake_calls(f->fake, FAKE_SYNCOBJ_WAIT), 0);

	fake_fail(f->fake, FAKE_SYNCOBJ_WAIT, 1, ENOMEM);
	assert_int_equal(panthor_syncobj_wait(f->dev, &handle, NULL, 1, 0, 0, &first), -ENOMEM);
	fake_fail(f->fake, FAKE_SYNCOBJ_WAIT, 1, EINTR);
	assert_int_equal(panthor_syncobj_wait(f->dev, &handle, NULL, 1, 0, 0, NULL), 0);
	assert_int_equal(panthor_syncobj_destroy(f->dev, handle), 0);

	assert_int_equal(panthor_syncobj_wait(f->dev, &handle, NULL, 1, 0, 0, &first), -ENOENT);
	assert_int_equal(wait_one(f, handle, 1, 0), -ENOENT);
	assert_int_equal(first, 77);
}

static void unknown_changes(void **state)
{
	struct fixture *f = *state;
	uint32_t handle = new_syncobj(f->dev, 0);

	assert_int_equal(panthor_syncobj_set(f->dev, handle, PANTHOR_SYNCOBJ_RESET, 1), -EINVAL);
	assert_int_equal(panthor_syncobj_set(f->dev, handle, (enum panthor_syncobj_change)2, 0),
			 -EINVAL);
	assert_int_equal(fake_calls(f->fake, FAKE_SYNCOBJ_RESET), 0);
	assert_int_equal(panthor_syncobj_destroy(f->dev, handle), 0);
}

static void unknown_handles(void **state)
{
	struct fixture *f = *state;
	uint64_t point = 77;

	assert_int_equal(panthor_syncobj_reset(f->dev, 9), -ENOENT);
	assert_int_equal(panthor_syncobj_signal(f->dev, 9, 0), -ENOENT);
	assert_int_equal(panthor_syncobj_signal(f->dev, 9, 1), -ENOENT);
	assert_int_equal(panthor_syncobj_query(f->dev, 9, &point), -ENOENT);
	assert_int_equal(point, 77);
	fake_fail(f->fake, FAKE_SYNCOBJ_SIGNAL, 1, ENOMEM);
	assert_int_equal(panthor_syncobj_signal(f->dev, 9, 0), -ENOMEM);
	fake_fail(f->fake, FAKE_SYNCOBJ_TIMELINE_SIGNAL, 1, ENOMEM);
	assert_int_equal(panthor_syncobj_signal(f->dev, 9, 1), -ENOMEM);
}

static void first_is_checked(void **state)
{
	struct fixture *f = *state;
	uint32_t handles[2] = { new_syncobj(f->dev, 0),
				new_syncobj(f->dev, PANTHOR_SYNCOBJ_SIGNALED) };
	uint32_t first = 77;

	f->fake->bogus_first = 2;
	assert_int_equal(panthor_syncobj_wait(f->dev, handles, NULL, 2, 0,
					      PANTHOR_SYNCOBJ_WAIT_FOR_SUBMIT, &first),
			 -EPROTO);
	assert_int_equal(first, 77);
	f->fake->bogus_first = 0;
	for (int i = 0; i < 2; i++)
		assert_int_equal(panthor_syncobj_destroy(f->dev, handles[i]), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fixture_test(new_and_destroy),	   fixture_test(wait_passes_everything),
		fixture_test(wait_for_one_or_all), fixture_test(points_grow),
		fixture_test(wait_errors),	   fixture_test(unknown_handles),
		fixture_test(first_is_checked),	   fixture_test(unknown_changes),
	};

	return cmocka_run_group_tests_name("syncobj", tests, NULL, NULL);
}
