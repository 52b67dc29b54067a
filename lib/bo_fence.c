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

/*
 * What nobody shares has no fences but of jobs of its own device, and to look for others is not
 * free: asking for a dma-buf makes the kernel count the BO as exported, for good.
 */
static bool is_shared(const struct panthor_bo *bo)
{
	return atomic_load(&bo->exported);
}

static int check(const struct panthor_bo *bo, enum panthor_bo_access access)
{
	return is_access(access) && !bo->info.vm ? 0 : -EINVAL;
}

static int export_sync_file(struct panthor_bo *bo, enum panthor_bo_access access, int *ret_fd)
{
	struct dma_buf_export_sync_file arg = { .flags = to_flags(access), .fd = -1 };
	const struct panthor_transport *io = bo->info.dev->io;
	int dmabuf, r = panthor_bo_export(bo, &dmabuf);

	if (r)
		return r;
	r = io_ioctl(io, dmabuf, DMA_BUF_IOCTL_EXPORT_SYNC_FILE, &arg);
	io_close(io, dmabuf);
	if (r)
		return r;
	if (arg.fd < 0)
		return -EPROTO;
	*ret_fd = arg.fd;
	return 0;
}

static int take_out(struct panthor_bo *bo, enum panthor_bo_access access, uint32_t handle,
		    uint64_t point)
{
	int fd, r;

	if (!is_shared(bo))
		return panthor_syncobj_signal(bo->info.dev, handle, point);
	r = export_sync_file(bo, access, &fd);
	if (r)
		return r;
	r = panthor_syncobj_import_fence(bo->info.dev, handle, point, fd);
	io_close(bo->info.dev->io, fd);
	return r;
}

/* Here a dma-buf is what is wanted: others are to see the fence, if not now, then later. */
static int put_in(struct panthor_bo *bo, enum panthor_bo_access access, uint32_t handle,
		  uint64_t point)
{
	struct dma_buf_import_sync_file arg = { .flags = to_flags(access) };
	const struct panthor_transport *io = bo->info.dev->io;
	int dmabuf, r = panthor_syncobj_export_fence(bo->info.dev, handle, point, &arg.fd);

	if (r)
		return r;
	r = panthor_bo_export(bo, &dmabuf);
	if (!r) {
		r = io_ioctl(io, dmabuf, DMA_BUF_IOCTL_IMPORT_SYNC_FILE, &arg);
		io_close(io, dmabuf);
	}
	io_close(io, arg.fd);
	return r;
}

PANTHOR_PUBLIC
int panthor_bo_fences(struct panthor_bo *bo, enum panthor_bo_fences_direction direction,
		      enum panthor_bo_access access, uint32_t handle, uint64_t point)
{
	int r = check(bo, access);

	if (r)
		return r;
	switch (direction) {
	case PANTHOR_BO_FENCES_OUT:
		return take_out(bo, access, handle, point);
	case PANTHOR_BO_FENCES_IN:
		return put_in(bo, access, handle, point);
	}
	return -EINVAL;
}

PANTHOR_PUBLIC
int panthor_bo_wait(struct panthor_bo *bo, enum panthor_bo_access access, int64_t deadline_ns)
{
	const struct panthor_transport *io = bo->info.dev->io;
	int dmabuf, r = check(bo, access);

	if (r || !is_shared(bo))
		return r;
	r = panthor_bo_export(bo, &dmabuf);
	if (r)
		return r;
	/* A dma-buf can be read once its writers are done, and written once everybody is. */
	r = io_poll(io, dmabuf, access == PANTHOR_BO_READ ? POLLIN : POLLOUT, deadline_ns);
	io_close(io, dmabuf);
	if (r < 0)
		return r;
	return r ? 0 : -ETIME;
}
