// SPDX-License-Identifier: MIT
/* The fake's ioctls: what panthor, or Tyr, of a given minor answers. */
#include <errno.h>
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <stdlib.h>
#include <string.h>

#include "fake_panthor.h"

/* The kernel's ENOTSUPP, which no libc has. */
#define TYR_NOT_SUPPORTED 524

/* A call that one minor brought; older kernels answer as DRM core does. */
struct fake_ioctl {
	unsigned long request;
	enum fake_call call;
	int since;
	int (*run)(struct fake *fake, struct fake_file *file, void *arg);
	bool in_tyr;
};

static int run_version(struct fake *fake, struct fake_file *file, void *arg)
{
	struct drm_version *version = arg;
	size_t len = strlen(file->node->drm_name);

	memcpy(version->name, file->node->drm_name,
	       len < version->name_len ? len : version->name_len);
	version->name_len = len;
	version->version_major = file->node->drm_major;
	version->version_minor = fake->minor;
	return 0;
}

static int run_gem_close(struct fake *fake, struct fake_file *file, void *arg)
{
	const struct drm_gem_close *close = arg;
	struct fake_bo *bo = fake_bo_of_locked(file, close->handle);

	fake->unlocked_handle_calls += !fake_thread_holds_lock();
	if (!bo)
		return -EINVAL;
	file->handles[close->handle] = NULL;
	bo->handles--;
	fake_put_bo_locked(fake, bo);
	return 0;
}

static int run_handle_to_fd(struct fake *fake, struct fake_file *file, void *arg)
{
	struct drm_prime_handle *prime = arg;
	struct fake_bo *bo = fake_bo_of_locked(file, prime->handle);
	int fd;

	if (prime->flags & ~(uint32_t)(DRM_CLOEXEC | DRM_RDWR))
		return -EINVAL;
	if (!bo)
		return -ENOENT;
	if (bo->vm_id || bo->madv == DRM_PANTHOR_BO_MADV_DONTNEED)
		return -EINVAL;
	if (fake->bogus_handle)
		return 0;
	fd = fake_add_dmabuf_locked(fake, bo);
	if (fd < 0)
		return fd;
	prime->fd = fd;
	return 0;
}

static int run_fd_to_handle(struct fake *fake, struct fake_file *file, void *arg)
{
	struct drm_prime_handle *prime = arg;
	struct fake_bo *bo = NULL;
	int handle = 0;

	fake->unlocked_handle_calls += !fake_thread_holds_lock();
	if (prime->fd >= 0 && prime->fd < FAKE_MAX_FDS)
		bo = fake->fds[prime->fd].dmabuf;
	if (!bo)
		return fcntl(prime->fd, F_GETFD) < 0 ? -EBADF : -EINVAL;
	if (fake->bogus_handle)
		return 0;

	for (int i = 1; i < FAKE_MAX_HANDLES && !handle; i++)
		handle = file->handles[i] == bo ? i : 0;
	if (!handle)
		handle = fake_add_handle_locked(file, bo);
	if (handle < 0)
		return handle;
	prime->handle = (uint32_t)handle;
	return 0;
}

/* Copies as the kernel does; Tyr neither minds the size nor clears what it does not fill. */
static int answer_query(const struct fake *fake, struct drm_panthor_dev_query *query,
			const void *info, uint32_t size, uint32_t min)
{
	void *user = (void *)(uintptr_t)query->pointer;

	if (!user) {
		query->size = size;
		return 0;
	}
	if (fake->tyr) {
		if (query->size < size)
			return -EFAULT;
		memcpy(user, info, size);
		return 0;
	}
	if (query->size < min)
		return -EINVAL;
	memset(user, 0, query->size);
	memcpy(user, info, query->size < size ? query->size : size);
	return 0;
}

static int query_gpu_info(const struct fake *fake, struct drm_panthor_dev_query *query)
{
	struct drm_panthor_gpu_info info = {
		.gpu_id = 0xa8670000,
		.csf_id = 0x40a0412,
		.mmu_features = 0x2830,
		.max_threads = 2048,
		/* What stands in the hole of an old kernel nobody knows. */
		.selected_coherency = fake->minor >= 7 ? fake->coherency : 0xdeadbeef,
		.shader_present = 0x50005,
		.l2_present = 1,
		.tiler_present = 1,
		.gpu_features = 0x77,
	};
	uint32_t size = fake->minor >= 8 ? sizeof(info)
					 : offsetof(struct drm_panthor_gpu_info, gpu_features);

	return answer_query(fake, query, &info, size, 96);
}

static int query_csif_info(const struct fake *fake, struct drm_panthor_dev_query *query)
{
	struct drm_panthor_csif_info info = { 8, 8, 96, 8, 4, 0 };

	if (fake->tyr)
		return -EINVAL;
	return answer_query(fake, query, &info, sizeof(info), 24);
}

/* From 1.8 on the structure says what is wanted. */
static int query_timestamp(struct fake *fake, struct drm_panthor_dev_query *query)
{
	const struct drm_panthor_timestamp_info *user =
		(const struct drm_panthor_timestamp_info *)(uintptr_t)query->pointer;
	uint32_t size = fake->minor < 8 ? 24 : sizeof(*user);

	if (user && fake->minor >= 8)
		fake->timestamp.flags = user->flags;
	return answer_query(fake, query, &fake->timestamp, size, 16);
}

static int run_dev_query(struct fake *fake, struct fake_file *file, void *arg)
{
	struct drm_panthor_group_priorities_info priorities = { .allowed_mask = 0x3 };
	struct drm_panthor_mmu_info mmu = { .page_size_bitmap = 1ull << 12 | 1ull << 21 };
	struct drm_panthor_dev_query *query = arg;

	if (fake->gpu.privileged)
		priorities.allowed_mask = 0xf;
	switch (query->type) {
	case DRM_PANTHOR_DEV_QUERY_GPU_INFO:
		return query_gpu_info(fake, query);
	case DRM_PANTHOR_DEV_QUERY_CSIF_INFO:
		return query_csif_info(fake, query);
	case DRM_PANTHOR_DEV_QUERY_TIMESTAMP_INFO:
		if (fake->minor < 1 || fake->tyr)
			return -EINVAL;
		return query_timestamp(fake, query);
	case DRM_PANTHOR_DEV_QUERY_GROUP_PRIORITIES_INFO:
		if (fake->minor < 2 || fake->tyr)
			return -EINVAL;
		return answer_query(fake, query, &priorities, sizeof(priorities), 4);
	case DRM_PANTHOR_DEV_QUERY_MMU_INFO:
		if (fake->minor < 9 || fake->tyr)
			return -EINVAL;
		return answer_query(fake, query, &mmu, sizeof(mmu), 8);
	default:
		return -EINVAL;
	}
}

static int run_bo_create(struct fake *fake, struct fake_file *file, void *arg)
{
	struct drm_panthor_bo_create *create = arg;
	uint32_t known = DRM_PANTHOR_BO_NO_MMAP | (fake->minor >= 7 ? DRM_PANTHOR_BO_WB_MMAP : 0);
	uint64_t size = (create->size + fake->page_size - 1) & ~(fake->page_size - 1);
	struct fake_bo *bo;
	int handle;

	if (!create->size || create->pad || create->flags & ~known ||
	    (create->exclusive_vm_id && !fake_vm_locked(&file->gpu, create->exclusive_vm_id)) ||
	    create->flags == (DRM_PANTHOR_BO_NO_MMAP | DRM_PANTHOR_BO_WB_MMAP))
		return -EINVAL;
	if (size >= 1ull << 40)
		return -ENOSPC;

	if (fake->bogus_handle)
		return 0;
	bo = fake_add_bo_locked(fake, size, create->flags, false);
	bo->vm_id = create->exclusive_vm_id;
	handle = fake_add_handle_locked(file, bo);
	if (handle < 0) {
		fake_put_bo_locked(fake, bo);
		return handle;
	}
	create->size = fake->bogus_size ? fake->bogus_size : size;
	create->handle = (uint32_t)handle;
	return 0;
}

static int run_bo_mmap_offset(struct fake *fake, struct fake_file *file, void *arg)
{
	struct drm_panthor_bo_mmap_offset *offset = arg;
	const struct fake_bo *bo = fake_bo_of_locked(file, offset->handle);

	if (offset->pad)
		return -EINVAL;
	if (!bo)
		return -ENOENT;
	if (bo->flags & DRM_PANTHOR_BO_NO_MMAP)
		return -EPERM;
	offset->offset = fake->bogus_offset ? fake->bogus_offset : bo->mmap_offset;
	return 0;
}

static int run_bo_set_label(struct fake *fake, struct fake_file *file, void *arg)
{
	const struct drm_panthor_bo_set_label *arg_label = arg;
	struct fake_bo *bo = fake_bo_of_locked(file, arg_label->handle);
	const char *label = (const char *)(uintptr_t)arg_label->label;

	if (arg_label->pad)
		return -EINVAL;
	if (!bo)
		return -ENOENT;
	if (label && strlen(label) > 4095)
		return -E2BIG;
	free(bo->label);
	bo->label = label ? strdup(label) : NULL;
	return 0;
}

static int check_sync_op(const struct fake_file *file, const struct drm_panthor_bo_sync_op *op)
{
	const struct fake_bo *bo = fake_bo_of_locked(file, op->handle);

	if (!bo)
		return -ENOENT;
	if (op->offset > bo->size || op->size > bo->size - op->offset || bo->foreign ||
	    op->type > 1)
		return -EINVAL;
	return 0;
}

static int run_bo_sync(struct fake *fake, struct fake_file *file, void *arg)
{
	const struct drm_panthor_bo_sync *sync = arg;
	const struct drm_panthor_bo_sync_op *ops =
		(const struct drm_panthor_bo_sync_op *)(uintptr_t)sync->ops.array;

	if (!sync->ops.count)
		return 0;
	if (sync->ops.stride != sizeof(*ops))
		return -EINVAL;
	memcpy(&fake->args[FAKE_BO_SYNC].bo_sync_op, ops, sizeof(*ops));
	fake->sync_op_count = sync->ops.count;
	for (uint32_t i = 0; i < sync->ops.count; i++) {
		int r = check_sync_op(file, &ops[i]);

		if (r)
			return r;
		if (i < FAKE_MAX_LOGGED)
			fake->sync_ops[i] = ops[i];
	}
	return 0;
}

static int run_bo_query_info(struct fake *fake, struct fake_file *file, void *arg)
{
	struct drm_panthor_bo_query_info *info = arg;
	const struct fake_bo *bo = fake_bo_of_locked(file, info->handle);

	if (!bo)
		return -ENOENT;
	info->extra_flags = bo->foreign ? DRM_PANTHOR_BO_IS_IMPORTED : 0;
	info->create_flags = bo->foreign ? 0 : bo->flags;
	info->pad = 0;
	return 0;
}

static int run_bo_madvise(struct fake *fake, struct fake_file *file, void *arg)
{
	struct drm_panthor_bo_madvise *madvise = arg;
	struct fake_bo *bo = fake_bo_of_locked(file, madvise->handle);
	bool drop = madvise->madv == DRM_PANTHOR_BO_MADV_DONTNEED;

	if (madvise->pad || madvise->madv > DRM_PANTHOR_BO_MADV_PAGEOUT)
		return -EINVAL;
	if (!bo)
		return -ENOENT;
	if (bo->foreign || (drop && bo->exported))
		return -EINVAL;

	madvise->retained = !bo->purged;
	bo->madv = madvise->madv;
	if (!drop)
		bo->purged = false;
	return 0;
}

static int run_set_user_mmio_offset(struct fake *fake, struct fake_file *file, void *arg)
{
	const struct drm_panthor_set_user_mmio_offset *set = arg;

	if (set->offset != DRM_PANTHOR_USER_MMIO_OFFSET_32BIT &&
	    set->offset != DRM_PANTHOR_USER_MMIO_OFFSET_64BIT)
		return -EINVAL;
	file->mmio_offset = set->offset;
	return 0;
}

static const struct fake_ioctl ioctls[] = {
	{ DRM_IOCTL_VERSION, FAKE_VERSION, 0, run_version, true },
	{ DRM_IOCTL_GEM_CLOSE, FAKE_GEM_CLOSE, 0, run_gem_close, true },
	{ DRM_IOCTL_PRIME_HANDLE_TO_FD, FAKE_HANDLE_TO_FD, 0, run_handle_to_fd, true },
	{ DRM_IOCTL_PRIME_FD_TO_HANDLE, FAKE_FD_TO_HANDLE, 0, run_fd_to_handle, true },
	{ DRM_IOCTL_PANTHOR_DEV_QUERY, FAKE_DEV_QUERY, 0, run_dev_query, true },
	{ DRM_IOCTL_PANTHOR_BO_CREATE, FAKE_BO_CREATE, 0, run_bo_create, true },
	{ DRM_IOCTL_PANTHOR_BO_MMAP_OFFSET, FAKE_BO_MMAP_OFFSET, 0, run_bo_mmap_offset, true },
	{ DRM_IOCTL_PANTHOR_BO_SET_LABEL, FAKE_BO_SET_LABEL, 4, run_bo_set_label, false },
	{ DRM_IOCTL_PANTHOR_BO_SYNC, FAKE_BO_SYNC, 7, run_bo_sync, false },
	{ DRM_IOCTL_PANTHOR_BO_QUERY_INFO, FAKE_BO_QUERY_INFO, 7, run_bo_query_info, false },
	{ DRM_IOCTL_PANTHOR_BO_MADVISE, FAKE_BO_MADVISE, 0, run_bo_madvise, false },
	{ DRM_IOCTL_PANTHOR_SET_USER_MMIO_OFFSET, FAKE_SET_USER_MMIO_OFFSET, 5,
	  run_set_user_mmio_offset, false },
	{ DRM_IOCTL_PANTHOR_VM_CREATE, FAKE_VM_CREATE, 0, fake_vm_create, false },
	{ DRM_IOCTL_PANTHOR_VM_DESTROY, FAKE_VM_DESTROY, 0, fake_vm_destroy, false },
	{ DRM_IOCTL_PANTHOR_VM_BIND, FAKE_VM_BIND, 0, fake_vm_bind, false },
	{ DRM_IOCTL_PANTHOR_VM_GET_STATE, FAKE_VM_GET_STATE, 0, fake_vm_get_state, false },
	{ DRM_IOCTL_PANTHOR_GROUP_CREATE, FAKE_GROUP_CREATE, 0, fake_group_create, false },
	{ DRM_IOCTL_PANTHOR_GROUP_DESTROY, FAKE_GROUP_DESTROY, 0, fake_group_destroy, false },
	{ DRM_IOCTL_PANTHOR_GROUP_SUBMIT, FAKE_GROUP_SUBMIT, 0, fake_group_submit, false },
	{ DRM_IOCTL_PANTHOR_GROUP_GET_STATE, FAKE_GROUP_GET_STATE, 0, fake_group_get_state, false },
	{ DRM_IOCTL_PANTHOR_TILER_HEAP_CREATE, FAKE_TILER_HEAP_CREATE, 0, fake_tiler_heap_create,
	  false },
	{ DRM_IOCTL_PANTHOR_TILER_HEAP_DESTROY, FAKE_TILER_HEAP_DESTROY, 0, fake_tiler_heap_destroy,
	  false },
	{ DRM_IOCTL_SYNCOBJ_CREATE, FAKE_SYNCOBJ_CREATE, 0, fake_syncobj_create, true },
	{ DRM_IOCTL_SYNCOBJ_DESTROY, FAKE_SYNCOBJ_DESTROY, 0, fake_syncobj_destroy, true },
	{ DRM_IOCTL_SYNCOBJ_WAIT, FAKE_SYNCOBJ_WAIT, 0, fake_syncobj_wait, true },
	{ DRM_IOCTL_SYNCOBJ_TIMELINE_WAIT, FAKE_SYNCOBJ_TIMELINE_WAIT, 0,
	  fake_syncobj_timeline_wait, true },
	{ DRM_IOCTL_SYNCOBJ_RESET, FAKE_SYNCOBJ_RESET, 0, fake_syncobj_reset, true },
	{ DRM_IOCTL_SYNCOBJ_SIGNAL, FAKE_SYNCOBJ_SIGNAL, 0, fake_syncobj_signal, true },
	{ DRM_IOCTL_SYNCOBJ_TIMELINE_SIGNAL, FAKE_SYNCOBJ_TIMELINE_SIGNAL, 0,
	  fake_syncobj_timeline_signal, true },
	{ DRM_IOCTL_SYNCOBJ_QUERY, FAKE_SYNCOBJ_QUERY, 0, fake_syncobj_query, true },
	{ DRM_IOCTL_SYNCOBJ_TRANSFER, FAKE_SYNCOBJ_TRANSFER, 0, fake_syncobj_transfer, true },
	{ DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD, FAKE_SYNCOBJ_HANDLE_TO_FD, 0, fake_syncobj_handle_to_fd,
	  true },
	{ DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE, FAKE_SYNCOBJ_FD_TO_HANDLE, 0, fake_syncobj_fd_to_handle,
	  true },
};

static const struct fake_ioctl *find_ioctl(unsigned long request)
{
	for (size_t i = 0; i < sizeof(ioctls) / sizeof(ioctls[0]); i++) {
		if (ioctls[i].request == request)
			return &ioctls[i];
	}
	return NULL;
}

static int run_locked(struct fake *fake, const struct fake_ioctl *ioctl, int fd,
		      unsigned long request, void *arg)
{
	struct fake_fd *entry = fake_fd_locked(fake, fd);
	struct fake_file *file = entry ? entry->file : NULL;

	if (entry && entry->dmabuf)
		return fake_dmabuf_ioctl(fake, entry->dmabuf, request, arg);
	if (!file)
		return -ENOTTY;
	if (fake->unplugged)
		return -ENODEV;
	if (!ioctl || ioctl->since > fake->minor ||
	    (ioctl->call == FAKE_BO_MADVISE && !fake->has_madvise))
		return -EINVAL;
	if (fake->tyr && !ioctl->in_tyr)
		return -TYR_NOT_SUPPORTED;
	return ioctl->run(fake, file, arg);
}

/* Those that are not of DRM. */
static enum fake_call other_call(unsigned long request)
{
	switch (request) {
	case DMA_BUF_IOCTL_EXPORT_SYNC_FILE:
		return FAKE_EXPORT_SYNC_FILE;
	case DMA_BUF_IOCTL_IMPORT_SYNC_FILE:
		return FAKE_IMPORT_SYNC_FILE;
	}
	return FAKE_OTHER;
}

int fake_ioctl(void *priv, int fd, unsigned long request, void *arg)
{
	const struct fake_ioctl *ioctl = find_ioctl(request);
	size_t size = _IOC_SIZE(request);
	int r;

	if (size > sizeof(union fake_arg))
		size = sizeof(union fake_arg);
	r = fake_enter(priv, ioctl ? ioctl->call : other_call(request), arg, size);
	if (r)
		return r;
	r = run_locked(priv, ioctl, fd, request, arg);
	fake_leave(priv);
	return r;
}
