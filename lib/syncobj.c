// SPDX-License-Identifier: MIT
/* Syncobjs. The calls are DRM core's and the same for every driver. */
#include <errno.h>

#include "device.h"

#define KNOWN_WAIT_FLAGS                                              \
	(PANTHOR_SYNCOBJ_WAIT_ALL | PANTHOR_SYNCOBJ_WAIT_FOR_SUBMIT | \
	 PANTHOR_SYNCOBJ_WAIT_AVAILABLE)

PANTHOR_PUBLIC
int panthor_syncobj_new(struct panthor_device *dev, uint32_t flags, uint32_t *ret_handle)
{
	struct drm_syncobj_create create = { .flags = flags };
	int r;

	if (flags & ~(uint32_t)PANTHOR_SYNCOBJ_SIGNALED)
		return -EINVAL;
	r = device_ioctl(dev, DRM_IOCTL_SYNCOBJ_CREATE, &create);
	if (r)
		return r;
	if (!create.handle)
		return -EPROTO;

	*ret_handle = create.handle;
	return 0;
}

PANTHOR_PUBLIC
int panthor_syncobj_destroy(struct panthor_device *dev, uint32_t handle)
{
	struct drm_syncobj_destroy destroy = { .handle = handle };

	return device_ioctl(dev, DRM_IOCTL_SYNCOBJ_DESTROY, &destroy);
}

/* On the way out first_signaled is where both structures have it. */
static int wait_points(struct panthor_device *dev, const struct drm_syncobj_wait *wait,
		       const uint64_t *points, uint32_t *ret_first)
{
	struct drm_syncobj_timeline_wait arg = {
		.handles = wait->handles,
		.points = (uintptr_t)points,
		.timeout_nsec = wait->timeout_nsec,
		.count_handles = wait->count_handles,
		.flags = wait->flags,
	};
	int r = device_ioctl(dev, DRM_IOCTL_SYNCOBJ_TIMELINE_WAIT, &arg);

	*ret_first = arg.first_signaled;
	return r;
}

static int wait_fences(struct panthor_device *dev, struct drm_syncobj_wait *wait,
		       uint32_t *ret_first)
{
	int r = device_ioctl(dev, DRM_IOCTL_SYNCOBJ_WAIT, wait);

	*ret_first = wait->first_signaled;
	return r;
}

PANTHOR_PUBLIC
int panthor_syncobj_wait(struct panthor_device *dev, const uint32_t *handles,
			 const uint64_t *points, uint32_t count, int64_t deadline_ns,
			 uint32_t flags, uint32_t *ret_first)
{
	struct drm_syncobj_wait wait = {
		.handles = (uintptr_t)handles,
		.timeout_nsec = deadline_ns,
		.count_handles = count,
		.flags = flags,
	};
	uint32_t first = 0;
	int r;

	if (!count || flags & ~(uint32_t)KNOWN_WAIT_FLAGS)
		return -EINVAL;
	if (flags & PANTHOR_SYNCOBJ_WAIT_AVAILABLE && !points)
		return -EINVAL;

	r = points ? wait_points(dev, &wait, points, &first) : wait_fences(dev, &wait, &first);
	if (r || flags & PANTHOR_SYNCOBJ_WAIT_ALL || !ret_first)
		return r;
	if (first >= count)
		return -EPROTO;

	*ret_first = first;
	return 0;
}

static int reset(struct panthor_device *dev, uint32_t handle)
{
	struct drm_syncobj_array array = { .handles = (uintptr_t)&handle, .count_handles = 1 };

	return device_ioctl(dev, DRM_IOCTL_SYNCOBJ_RESET, &array);
}

static int signal(struct panthor_device *dev, uint32_t handle, uint64_t point)
{
	struct drm_syncobj_array fence = { .handles = (uintptr_t)&handle, .count_handles = 1 };
	struct drm_syncobj_timeline_array timeline = {
		.handles = (uintptr_t)&handle,
		.points = (uintptr_t)&point,
		.count_handles = 1,
	};

	if (!point)
		return device_ioctl(dev, DRM_IOCTL_SYNCOBJ_SIGNAL, &fence);
	return device_ioctl(dev, DRM_IOCTL_SYNCOBJ_TIMELINE_SIGNAL, &timeline);
}

PANTHOR_PUBLIC
int panthor_syncobj_set(struct panthor_device *dev, uint32_t handle,
			enum panthor_syncobj_change change, uint64_t point)
{
	if (change == PANTHOR_SYNCOBJ_SIGNAL)
		return signal(dev, handle, point);
	return change != PANTHOR_SYNCOBJ_RESET || point ? -EINVAL : reset(dev, handle);
}

PANTHOR_PUBLIC
int panthor_syncobj_query(struct panthor_device *dev, uint32_t handle, uint64_t *ret_point)
{
	uint64_t point = 0;
	struct drm_syncobj_timeline_array timeline = {
		.handles = (uintptr_t)&handle,
		.points = (uintptr_t)&point,
		.count_handles = 1,
	};
	int r = device_ioctl(dev, DRM_IOCTL_SYNCOBJ_QUERY, &timeline);

	if (!r)
		*ret_point = point;
	return r;
}
