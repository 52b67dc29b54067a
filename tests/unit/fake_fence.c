// SPDX-License-Identifier: MIT
/* The fake's fences outside of a file: copies, syncobjs and sync files as descriptors, dma-bufs. */
#include <errno.h>
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <poll.h>
#include <string.h>

#include "fake_panthor.h"

int fake_syncobj_transfer(struct fake *fake, struct fake_file *file, void *arg)
{
	const struct drm_syncobj_transfer *transfer = arg;
	struct fake_syncobj *to = fake_syncobj_find(&file->gpu, transfer->dst_handle);
	const struct fake_syncobj *from = fake_syncobj_find(&file->gpu, transfer->src_handle);

	if (transfer->pad || transfer->flags)
		return -EINVAL;
	if (!to || !from)
		return -ENOENT;
	if (!fake_syncobj_exists(from, transfer->src_point))
		return -EINVAL;
	fake_syncobj_attach(to, transfer->dst_point,
			    !fake_syncobj_is_done(from, transfer->src_point));
	return 0;
}

static int new_fd(struct fake *fake)
{
	return fake_add_fd_locked(fake, open("/dev/null", O_RDWR | O_CLOEXEC), NULL, NULL);
}

static int new_sync_file(struct fake *fake, bool pending)
{
	int fd = new_fd(fake);

	if (fd >= 0) {
		fake->fds[fd].is_sync_file = true;
		fake->fds[fd].pending = pending;
	}
	return fd;
}

int fake_syncobj_handle_to_fd(struct fake *fake, struct fake_file *file, void *arg)
{
	struct drm_syncobj_handle *handle = arg;
	struct fake_syncobj *syncobj = fake_syncobj_find(&file->gpu, handle->handle);
	bool sync_file = handle->flags & DRM_SYNCOBJ_HANDLE_TO_FD_FLAGS_EXPORT_SYNC_FILE;

	if (handle->pad || handle->flags & ~1u)
		return -EINVAL;
	if (!syncobj || (sync_file && !fake_syncobj_exists(syncobj, 0)))
		return sync_file && !syncobj ? -ENOENT : -EINVAL;
	if (fake->bogus_handle)
		return 0;
	handle->fd = sync_file ? new_sync_file(fake, syncobj->pending) : new_fd(fake);
	if (handle->fd < 0)
		return handle->fd;
	if (!sync_file) {
		fake->fds[handle->fd].syncobj = syncobj;
		syncobj->refs++;
	}
	return 0;
}

int fake_syncobj_fd_to_handle(struct fake *fake, struct fake_file *file, void *arg)
{
	struct drm_syncobj_handle *handle = arg;
	struct fake_syncobj *syncobj = fake_syncobj_find(&file->gpu, handle->handle);
	const struct fake_fd *entry = fake_fd_locked(fake, handle->fd);

	if (handle->pad || handle->flags & ~1u)
		return -EINVAL;
	if (handle->flags) {
		if (!entry || !entry->is_sync_file)
			return -EINVAL;
		if (!syncobj)
			return -ENOENT;
		fake_syncobj_attach(syncobj, 0, entry->pending);
		return 0;
	}
	if (!entry || !entry->syncobj)
		return -EINVAL;
	if (fake->bogus_handle)
		return 0;
	return fake_syncobj_add_handle(&file->gpu, entry->syncobj, &handle->handle);
}

static int export_sync_file(struct fake *fake, const struct fake_bo *bo,
			    struct dma_buf_export_sync_file *arg)
{
	bool writes = arg->flags & DMA_BUF_SYNC_WRITE;

	if (!arg->flags || arg->flags & ~(uint32_t)DMA_BUF_SYNC_RW)
		return -EINVAL;
	if (fake->bogus_handle)
		return 0;
	arg->fd = new_sync_file(fake, bo->write_pending || (writes && bo->read_pending));
	return arg->fd < 0 ? arg->fd : 0;
}

static int import_sync_file(struct fake *fake, struct fake_bo *bo,
			    const struct dma_buf_import_sync_file *arg)
{
	const struct fake_fd *entry = fake_fd_locked(fake, arg->fd);

	if (!arg->flags || arg->flags & ~(uint32_t)DMA_BUF_SYNC_RW || !entry ||
	    !entry->is_sync_file)
		return -EINVAL;
	if (arg->flags & DMA_BUF_SYNC_WRITE)
		bo->write_pending |= entry->pending;
	else
		bo->read_pending |= entry->pending;
	return 0;
}

int fake_dmabuf_ioctl(struct fake *fake, struct fake_bo *bo, unsigned long request, void *arg)
{
	if (fake->no_implicit_fences)
		return -ENOTTY;
	switch (request) {
	case DMA_BUF_IOCTL_EXPORT_SYNC_FILE:
		return export_sync_file(fake, bo, arg);
	case DMA_BUF_IOCTL_IMPORT_SYNC_FILE:
		return import_sync_file(fake, bo, arg);
	}
	return -ENOTTY;
}

int fake_poll(void *priv, int fd, short events, int64_t deadline_ns)
{
	struct fake *fake = priv;
	int r = fake_enter(fake, FAKE_POLL, NULL, 0);
	const struct fake_bo *bo;

	if (r)
		return r;
	bo = fake->fds[fd].dmabuf;
	fake->poll_deadline_ns = deadline_ns;
	r = !bo->write_pending && (events == POLLIN || !bo->read_pending);
	fake_leave(fake);
	return r;
}
