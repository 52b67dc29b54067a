// SPDX-License-Identifier: MIT
/* Implicit fences: those that a shared buffer carries with it. */
#include <errno.h>
#include <linux/dma-buf.h>
#include <poll.h>

#include "bo.h"

static bool is_access(enum panthor_bo_access access)
{
	return access == PANTHOR_BO_READ || access == PANTHOR_BO_WRITE;
}

static uint32_t to_flags(enum panthor_bo_access access)
{
	return access == PANTHOR_BO_READ ? DMA_BUF_SYNC_READ : DMA_BUF_SYNC_RW;
}

/* For a moment only, so the BO does not count as exported for it. */
static int open_dmabuf(struct panthor_bo *bo, enum panthor_bo_access access, int *ret_fd)
{
	return is_access(access) ? bo_open_dmabuf(bo, ret_fd) : -EINVAL;
}

PANTHOR_PUBLIC
int panthor_bo_export_fences(struct panthor_bo *bo, enum panthor_bo_access access, uint32_t handle,
			     uint64_t point)
{
	struct dma_buf_export_sync_file arg = { .flags = to_flags(access), .fd = -1 };
	const struct panthor_transport *io = bo->info.dev->io;
	int dmabuf, r = open_dmabuf(bo, access, &dmabuf);

	if (r)
		return r;
	r = io_ioctl(io, dmabuf, DMA_BUF_IOCTL_EXPORT_SYNC_FILE, &arg);
	io_close(io, dmabuf);
	if (r)
		return r;
	if (arg.fd < 0)
		return -EPROTO;
	r = panthor_syncobj_import_fence(bo->info.dev, handle, point, arg.fd);
	io_close(io, arg.fd);
	return r;
}

PANTHOR_PUBLIC
int panthor_bo_import_fence(struct panthor_bo *bo, enum panthor_bo_access access, uint32_t handle,
			    uint64_t point)
{
	struct dma_buf_import_sync_file arg = { .flags = to_flags(access) };
	const struct panthor_transport *io = bo->info.dev->io;
	int dmabuf, r = open_dmabuf(bo, access, &dmabuf);

	if (r)
		return r;
	r = panthor_syncobj_export_fence(bo->info.dev, handle, point, &arg.fd);
	if (!r) {
		r = io_ioctl(io, dmabuf, DMA_BUF_IOCTL_IMPORT_SYNC_FILE, &arg);
		io_close(io, arg.fd);
	}
	io_close(io, dmabuf);
	return r;
}

PANTHOR_PUBLIC
int panthor_bo_wait(struct panthor_bo *bo, enum panthor_bo_access access, int64_t deadline_ns)
{
	const struct panthor_transport *io = bo->info.dev->io;
	int dmabuf, r = open_dmabuf(bo, access, &dmabuf);

	if (r)
		return r;
	/* A dma-buf can be read once its writers are done, and written once everybody is. */
	r = io_poll(io, dmabuf, access == PANTHOR_BO_READ ? POLLIN : POLLOUT, deadline_ns);
	io_close(io, dmabuf);
	if (r < 0)
		return r;
	return r ? 0 : -ETIME;
}
