// SPDX-License-Identifier: MIT
/* Syncobjs and their fences outside of this device file: copies, descriptors. */
#include <errno.h>

#include "device.h"

PANTHOR_PUBLIC
int panthor_syncobj_transfer(struct panthor_device *dev, uint32_t handle, uint64_t point,
			     uint32_t from_handle, uint64_t from_point)
{
	struct drm_syncobj_transfer transfer = {
		.src_handle = from_handle,
		.src_point = from_point,
		.dst_handle = handle,
		.dst_point = point,
	};

	return device_ioctl(dev, DRM_IOCTL_SYNCOBJ_TRANSFER, &transfer);
}

static int to_fd(struct panthor_device *dev, uint32_t handle, uint32_t flags, int *ret_fd)
{
	struct drm_syncobj_handle arg = { .handle = handle, .flags = flags, .fd = -1 };
	int r = device_ioctl(dev, DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD, &arg);

	if (r)
		return r;
	if (arg.fd < 0)
		return -EPROTO;
	*ret_fd = arg.fd;
	return 0;
}

static int import_whole(struct panthor_device *dev, int fd, uint32_t *ret_handle)
{
	struct drm_syncobj_handle arg = { .fd = fd };
	int r = device_ioctl(dev, DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE, &arg);

	if (r)
		return r;
	if (!arg.handle)
		return -EPROTO;
	*ret_handle = arg.handle;
	return 0;
}

static int export_fence(struct panthor_device *dev, uint32_t handle, int *ret_fd)
{
	return to_fd(dev, handle, DRM_SYNCOBJ_HANDLE_TO_FD_FLAGS_EXPORT_SYNC_FILE, ret_fd);
}

static int import_fence(struct panthor_device *dev, uint32_t handle, int fd)
{
	struct drm_syncobj_handle arg = {
		.handle = handle,
		.flags = DRM_SYNCOBJ_FD_TO_HANDLE_FLAGS_IMPORT_SYNC_FILE,
		.fd = fd,
	};

	return device_ioctl(dev, DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE, &arg);
}

/*
 * The kernel does this for the one fence of a syncobj only: points take a detour over a syncobj of
 * their own.
 */
static int export_point(struct panthor_device *dev, uint32_t handle, uint64_t point, int *ret_fd)
{
	uint32_t copy;
	int r;

	if (!point)
		return export_fence(dev, handle, ret_fd);
	r = panthor_syncobj_new(dev, 0, &copy);
	if (r)
		return r;
	r = panthor_syncobj_transfer(dev, copy, 0, handle, point);
	if (!r)
		r = export_fence(dev, copy, ret_fd);
	panthor_syncobj_destroy(dev, copy);
	return r;
}

static int import_point(struct panthor_device *dev, uint32_t handle, uint64_t point, int fd)
{
	uint32_t copy;
	int r;

	if (!point)
		return import_fence(dev, handle, fd);
	r = panthor_syncobj_new(dev, 0, &copy);
	if (r)
		return r;
	r = import_fence(dev, copy, fd);
	if (!r)
		r = panthor_syncobj_transfer(dev, handle, point, copy, 0);
	panthor_syncobj_destroy(dev, copy);
	return r;
}

/* A whole syncobj has no one point. */
static bool are_known(uint32_t flags, uint64_t point)
{
	return !(flags & ~(uint32_t)PANTHOR_SYNCOBJ_FENCE) && (flags || !point);
}

PANTHOR_PUBLIC
int panthor_syncobj_to_fd(struct panthor_device *dev, uint32_t handle, uint32_t flags,
			  uint64_t point, int *ret_fd)
{
	if (!are_known(flags, point))
		return -EINVAL;
	return flags ? export_point(dev, handle, point, ret_fd) : to_fd(dev, handle, 0, ret_fd);
}

PANTHOR_PUBLIC
int panthor_syncobj_from_fd(struct panthor_device *dev, int fd, uint32_t flags, uint64_t point,
			    uint32_t *inout_handle)
{
	if (!are_known(flags, point))
		return -EINVAL;
	return flags ? import_point(dev, *inout_handle, point, fd)
		     : import_whole(dev, fd, inout_handle);
}
