// SPDX-License-Identifier: MIT
/* CPU mappings of BOs. */
#include <errno.h>
#include <limits.h>
#include <sys/mman.h>

#include "bo.h"

static int read_mmap_offset_locked(struct panthor_bo *bo)
{
	struct drm_panthor_bo_mmap_offset arg = { .handle = bo->info.handle };
	int r;

	if (bo->has_mmap_offset)
		return 0;

	r = device_ioctl(bo->info.dev, DRM_IOCTL_PANTHOR_BO_MMAP_OFFSET, &arg);
	if (r)
		return r;
	if (arg.offset > (uint64_t)INT64_MAX - bo->info.size ||
	    arg.offset & (bo->info.dev->info.page_size - 1))
		return -EPROTO;

	bo->mmap_offset = arg.offset;
	bo->has_mmap_offset = true;
	return 0;
}

static int map_locked(struct panthor_bo *bo)
{
	const struct panthor_transport *io = bo->info.dev->io;
	int r;

	if (bo->map_count == UINT_MAX)
		return -EOVERFLOW;
	if (!bo->map_count) {
		r = read_mmap_offset_locked(bo);
		if (!r) {
			r = io->mmap(io->priv, (size_t)bo->info.size, PROT_READ | PROT_WRITE,
				     bo->info.dev->info.fd, bo->mmap_offset, &bo->map);
		}
		if (r)
			return r;
	}
	bo->map_count++;
	return 0;
}

PANTHOR_PUBLIC
int panthor_bo_map(struct panthor_bo *bo, void **ret_ptr)
{
	int r;

	/* Kernels differ on where they refuse this, or whether they do. */
	if (bo->info.flags & PANTHOR_BO_NO_MMAP)
		return -EPERM;
	if (bo->info.size > PTRDIFF_MAX)
		return -EOVERFLOW;

	io_lock(bo->info.dev->io, &bo->map_lock);
	r = map_locked(bo);
	if (!r)
		*ret_ptr = bo->map;
	io_unlock(bo->info.dev->io, &bo->map_lock);
	return r;
}

void bo_drop_map(struct panthor_bo *bo)
{
	const struct panthor_transport *io = bo->info.dev->io;

	if (bo->map)
		io->munmap(io->priv, bo->map, (size_t)bo->info.size);
	bo->map = NULL;
}

static int unmap_locked(struct panthor_bo *bo)
{
	if (!bo->map_count)
		return -EINVAL;
	if (!--bo->map_count)
		bo_drop_map(bo);
	return 0;
}

PANTHOR_PUBLIC
int panthor_bo_unmap(struct panthor_bo *bo)
{
	int r;

	io_lock(bo->info.dev->io, &bo->map_lock);
	r = unmap_locked(bo);
	io_unlock(bo->info.dev->io, &bo->map_lock);
	return r;
}
