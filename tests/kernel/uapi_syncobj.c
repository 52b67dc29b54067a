/* SPDX-License-Identifier: MIT */
/* The DRM core's syncobjs as clients of panthor use them before any GPU work exists. */
#include "kt.h"

static uint32_t create(int fd, uint32_t flags)
{
	struct drm_syncobj_create args = { .flags = flags };

	assert_int_equal(kt_ioctl(fd, DRM_IOCTL_SYNCOBJ_CREATE, &args), 0);
	assert_int_not_equal(args.handle, 0);
	return args.handle;
}

static int destroy(int fd, uint32_t handle)
{
	struct drm_syncobj_destroy args = { .handle = handle };

	return kt_ioctl(fd, DRM_IOCTL_SYNCOBJ_DESTROY, &args);
}

static int array_op(int fd, unsigned long request, uint32_t handle)
{
	struct drm_syncobj_array args = { .handles = (uintptr_t)&handle, .count_handles = 1 };

	return kt_ioctl(fd, request, &args);
}

/* timeout 0: whether it is signalled now */
static int wait_now(int fd, uint32_t handle, uint32_t flags)
{
	struct drm_syncobj_wait args = {
		.handles = (uintptr_t)&handle,
		.count_handles = 1,
		.flags = flags,
	};

	return kt_ioctl(fd, DRM_IOCTL_SYNCOBJ_WAIT, &args);
}

static int timeline_op(int fd, unsigned long request, uint32_t handle, uint64_t *point)
{
	struct drm_syncobj_timeline_array args = {
		.handles = (uintptr_t)&handle,
		.points = (uintptr_t)point,
		.count_handles = 1,
	};

	return kt_ioctl(fd, request, &args);
}

static int timeline_wait(int fd, uint32_t handle, uint64_t point, uint32_t flags)
{
	struct drm_syncobj_timeline_wait args = {
		.handles = (uintptr_t)&handle,
		.points = (uintptr_t)&point,
		.count_handles = 1,
		.flags = flags,
	};

	return kt_ioctl(fd, DRM_IOCTL_SYNCOBJ_TIMELINE_WAIT, &args);
}

static uint64_t last_point(int fd, uint32_t handle)
{
	uint64_t point = ~0ull;

	assert_int_equal(timeline_op(fd, DRM_IOCTL_SYNCOBJ_QUERY, handle, &point), 0);
	return point;
}

static void test_binary(void **state)
{
	struct kt *t = *state;
	uint32_t fresh = create(t->fd, 0);
	uint32_t done = create(t->fd, DRM_SYNCOBJ_CREATE_SIGNALED);

	kt_expect("signalled at birth", wait_now(t->fd, done, 0), 0);
	kt_expect("no fence", wait_now(t->fd, fresh, 0), -EINVAL);
	kt_expect("for submit", wait_now(t->fd, fresh, DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT),
		  -ETIME);
	kt_expect("signal", array_op(t->fd, DRM_IOCTL_SYNCOBJ_SIGNAL, fresh), 0);
	kt_expect("signalled", wait_now(t->fd, fresh, 0), 0);
	kt_expect("reset", array_op(t->fd, DRM_IOCTL_SYNCOBJ_RESET, fresh), 0);
	kt_expect("no fence again", wait_now(t->fd, fresh, 0), -EINVAL);
	kt_expect("destroy", destroy(t->fd, fresh), 0);
	kt_expect("destroyed", wait_now(t->fd, fresh, 0), -ENOENT);
	kt_expect("destroy twice", destroy(t->fd, fresh), -EINVAL);
	kt_all_expected();
}

static void test_timeline(void **state)
{
	struct kt *t = *state;
	uint32_t sync = create(t->fd, 0);
	uint64_t point = 5;

	assert_int_equal(last_point(t->fd, sync), 0);
	kt_expect("no such point", timeline_wait(t->fd, sync, 3, 0), -EINVAL);
	kt_expect("for submit",
		  timeline_wait(t->fd, sync, 3, DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT), -ETIME);
	kt_expect("signal", timeline_op(t->fd, DRM_IOCTL_SYNCOBJ_TIMELINE_SIGNAL, sync, &point), 0);
	kt_expect("that point", timeline_wait(t->fd, sync, 5, 0), 0);
	kt_expect("an earlier one", timeline_wait(t->fd, sync, 3, 0), 0);
	kt_expect("a later one",
		  timeline_wait(t->fd, sync, 6, DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT), -ETIME);
	kt_all_expected();
	assert_int_equal(last_point(t->fd, sync), 5);
}

static void test_points_restart_after_reset(void **state)
{
	struct kt *t = *state;
	uint32_t sync = create(t->fd, 0);
	uint64_t point;
	int round;

	for (round = 0; round < 3; round++) {
		for (point = 1; point <= 3; point++)
			assert_int_equal(
				timeline_op(t->fd, DRM_IOCTL_SYNCOBJ_TIMELINE_SIGNAL, sync, &point),
				0);
		assert_int_equal(last_point(t->fd, sync), 3);
		assert_int_equal(array_op(t->fd, DRM_IOCTL_SYNCOBJ_RESET, sync), 0);
		assert_int_equal(last_point(t->fd, sync), 0);
	}
}

static void test_transfer(void **state)
{
	struct kt *t = *state;
	struct drm_syncobj_transfer args = {
		.src_handle = create(t->fd, 0),
		.dst_handle = create(t->fd, 0),
		.src_point = 2,
	};
	uint64_t point = 2;

	assert_int_equal(
		timeline_op(t->fd, DRM_IOCTL_SYNCOBJ_TIMELINE_SIGNAL, args.src_handle, &point), 0);
	assert_int_equal(kt_ioctl(t->fd, DRM_IOCTL_SYNCOBJ_TRANSFER, &args), 0);
	assert_int_equal(wait_now(t->fd, args.dst_handle, 0), 0);
}

static int handle_to_fd(int fd, uint32_t handle, uint32_t flags)
{
	struct drm_syncobj_handle args = { .handle = handle, .flags = flags };
	int ret = kt_ioctl(fd, DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD, &args);

	return ret < 0 ? ret : args.fd;
}

static void test_share_between_files(void **state)
{
	struct kt *t = *state;
	int other = kt_open("panthor", true);
	uint32_t sync = create(t->fd, 0);
	struct drm_syncobj_handle args = { .fd = handle_to_fd(t->fd, sync, 0) };

	assert_true(args.fd >= 0);
	assert_int_equal(kt_ioctl(other, DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE, &args), 0);
	assert_int_equal(array_op(other, DRM_IOCTL_SYNCOBJ_SIGNAL, args.handle), 0);
	assert_int_equal(wait_now(t->fd, sync, 0), 0);
}

static void test_sync_file(void **state)
{
	struct kt *t = *state;
	const uint32_t export = DRM_SYNCOBJ_HANDLE_TO_FD_FLAGS_EXPORT_SYNC_FILE;
	uint32_t sync = create(t->fd, DRM_SYNCOBJ_CREATE_SIGNALED);
	struct drm_syncobj_handle args = {
		.handle = create(t->fd, 0),
		.flags = DRM_SYNCOBJ_FD_TO_HANDLE_FLAGS_IMPORT_SYNC_FILE,
	};

	assert_int_equal(handle_to_fd(t->fd, args.handle, export), -EINVAL);
	args.fd = handle_to_fd(t->fd, sync, export);
	assert_true(args.fd >= 0);
	assert_int_equal(kt_ioctl(t->fd, DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE, &args), 0);
	assert_int_equal(wait_now(t->fd, args.handle, 0), 0);
}

static const struct CMUnitTest tests[] = {
	kt_test(test_binary),
	kt_test(test_timeline),
	kt_test(test_points_restart_after_reset),
	kt_test(test_transfer),
	kt_test(test_share_between_files),
	kt_test(test_sync_file),
	kt_no_leaks(),
};

kt_main(tests)
