// SPDX-License-Identifier: MIT
/* dma-buf export and import. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "bo.h"

PANTHOR_PUBLIC
int panthor_bo_export(struct panthor_bo *bo, int *ret_fd)
{
	/* Without DRM_RDWR whoever gets the descriptor could not map it for writing. */
	struct drm_prime_handle prime = {
		.handle = bo->info.handle,
		.flags = DRM_CLOEXEC | DRM_RDWR,
		.fd = -1,
	};
	int r;

	if (bo->info.vm)
		return -EINVAL;
	r = device_ioctl(bo->info.dev, DRM_IOCTL_PRIME_HANDLE_TO_FD, &prime);
	if (r)
		return r;
	if (prime.fd < 0)
		return -EPROTO;

	atomic_store(&bo->exported, true);
	*ret_fd = prime.fd;
	return 0;
}

static int read_size(const struct panthor_device *dev, int fd, uint64_t *ret_size)
{
	int64_t size = dev->io->lseek(dev->io->priv, fd, 0, SEEK_END);

	if (size < 0)
		return (int)size;
	if (!size || (uint64_t)size & (dev->info.page_size - 1))
		return -EPROTO;

	*ret_size = (uint64_t)size;
	return 0;
}

/* Before QUERY_INFO nothing tells a BO of this device from one of another. */
static int read_origin(struct panthor_bo *bo)
{
	struct drm_panthor_bo_query_info info = { .handle = bo->info.handle };
	int r = device_require(bo->info.dev, PANTHOR_FEATURE_BO_QUERY_INFO);

	if (r == -EOPNOTSUPP) {
		bo->info.is_imported = true;
		return 0;
	}
	if (!r)
		r = device_ioctl(bo->info.dev, DRM_IOCTL_PANTHOR_BO_QUERY_INFO, &info);
	if (r)
		return r;

	bo->info.is_imported = info.extra_flags & DRM_PANTHOR_BO_IS_IMPORTED;
	bo->info.flags = info.create_flags;
	return 0;
}

/* A BO for a handle that nobody owns: it does so on success, on failure it is closed. */
static int adopt_handle_locked(struct panthor_device *dev, int fd, uint32_t handle,
			       struct panthor_bo **ret_bo)
{
	struct panthor_bo *bo = bo_alloc(dev);
	int r = -ENOMEM;

	if (!bo)
		goto close;
	bo->info.handle = handle;
	r = read_size(dev, fd, &bo->info.size);
	if (!r)
		r = read_origin(bo);
	if (r)
		goto free;

	handle_table_insert_locked(&dev->handles, dev->io, bo);
	account_add_locked(&dev->accounts, bo);
	*ret_bo = bo;
	return 0;

free:
	bo_free(bo);
close:
	bo_close_handle_locked(dev, handle);
	return r;
}

static int import_locked(struct panthor_device *dev, int fd, struct panthor_bo **ret_bo)
{
	struct drm_prime_handle prime = { .fd = fd };
	int r = device_ioctl(dev, DRM_IOCTL_PRIME_FD_TO_HANDLE, &prime);
	struct panthor_bo *bo;

	if (r)
		return r;
	if (!prime.handle)
		return -EPROTO;

	bo = handle_table_find_locked(&dev->handles, prime.handle);
	if (!bo)
		return adopt_handle_locked(dev, fd, prime.handle, ret_bo);

	*ret_bo = panthor_bo_ref(bo);
	return 0;
}

PANTHOR_PUBLIC
int panthor_bo_import(struct panthor_device *dev, int fd, struct panthor_bo **ret_bo)
{
	int r;

	io_lock(dev->io, &dev->handles.lock);
	r = import_locked(dev, fd, ret_bo);
	/* Also one of this device that comes back: it may have gone out past the library. */
	if (!r)
		atomic_store(&(*ret_bo)->exported, true);
	io_unlock(dev->io, &dev->handles.lock);
	return r;
}
