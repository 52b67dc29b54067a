// SPDX-License-Identifier: MIT
/* What the calls look like, and what they may fail with. */
#include <linux/dma-buf.h>

#include "fz.h"

/* clang-format off */
#define MEMBER(type, member, keep, shape) \
	{ #member, offsetof(type, member), sizeof(((type *)NULL)->member), keep, shape }
#define F(type, member)		   MEMBER(type, member, false, NULL)
#define KEEP(type, member)	   MEMBER(type, member, true, NULL)
#define ARRAY(type, member, shape) MEMBER(type, member, false, &(shape))
#define SHAPE(type, fields)	   { sizeof(type), ARRAY_SIZE(fields), fields }
/* clang-format on */

/* The elements of arrays. */

#define T struct drm_panthor_sync_op
static const struct fz_field sync_op[] = { F(T, flags), F(T, handle), F(T, timeline_value) };
const struct fz_shape fz_sync_op_shape = SHAPE(T, sync_op);
#undef T

#define T struct drm_panthor_vm_bind_op
static const struct fz_field bind_op[] = { F(T, flags),	    F(T, bo_handle),
					   F(T, bo_offset), F(T, va),
					   F(T, size),	    ARRAY(T, syncs, fz_sync_op_shape) };
const struct fz_shape fz_bind_op_shape = SHAPE(T, bind_op);
#undef T

#define T struct drm_panthor_queue_create
static const struct fz_field queue_create[] = { F(T, priority), F(T, pad), F(T, ringbuf_size) };
const struct fz_shape fz_queue_create_shape = SHAPE(T, queue_create);
#undef T

#define T struct drm_panthor_queue_submit
static const struct fz_field queue_submit[] = {
	F(T, queue_index),  F(T, stream_size), F(T, stream_addr),
	F(T, latest_flush), F(T, pad),	       ARRAY(T, syncs, fz_sync_op_shape),
};
const struct fz_shape fz_queue_submit_shape = SHAPE(T, queue_submit);
#undef T

#define T struct drm_panthor_bo_sync_op
static const struct fz_field bo_sync_op[] = { F(T, handle), F(T, type), F(T, offset), F(T, size) };
const struct fz_shape fz_bo_sync_op_shape = SHAPE(T, bo_sync_op);
#undef T

/* The calls. What they destroy is kept: only the caller knows what is not there any more. */

#define DEFINE(name, type, ...)                                         \
	static const struct fz_field name##_fields[] = { __VA_ARGS__ }; \
	static const struct fz_shape name##_shape = SHAPE(type, name##_fields)

#define T struct drm_panthor_dev_query
DEFINE(dev_query, T, F(T, type), F(T, size), F(T, pointer));
#undef T
#define T struct drm_panthor_vm_create
DEFINE(vm_create, T, F(T, flags), F(T, id), F(T, user_va_range));
#undef T
#define T struct drm_panthor_vm_destroy
DEFINE(vm_destroy, T, KEEP(T, id), F(T, pad));
#undef T
#define T struct drm_panthor_vm_bind
DEFINE(vm_bind, T, F(T, vm_id), F(T, flags), ARRAY(T, ops, fz_bind_op_shape));
#undef T
#define T struct drm_panthor_vm_get_state
DEFINE(vm_get_state, T, F(T, vm_id), F(T, state));
#undef T
#define T struct drm_panthor_bo_create
DEFINE(bo_create, T, F(T, size), F(T, flags), F(T, exclusive_vm_id), F(T, handle), F(T, pad));
#undef T
#define T struct drm_panthor_bo_mmap_offset
DEFINE(bo_mmap_offset, T, F(T, handle), F(T, pad), F(T, offset));
#undef T
#define T struct drm_panthor_group_create
DEFINE(group_create, T, ARRAY(T, queues, fz_queue_create_shape), F(T, max_compute_cores),
       F(T, max_fragment_cores), F(T, max_tiler_cores), F(T, priority), F(T, pad),
       F(T, compute_core_mask), F(T, fragment_core_mask), F(T, tiler_core_mask), F(T, vm_id),
       F(T, group_handle));
#undef T
#define T struct drm_panthor_group_destroy
DEFINE(group_destroy, T, KEEP(T, group_handle), F(T, pad));
#undef T
#define T struct drm_panthor_group_submit
DEFINE(group_submit, T, F(T, group_handle), F(T, pad),
       ARRAY(T, queue_submits, fz_queue_submit_shape));
#undef T
#define T struct drm_panthor_group_get_state
DEFINE(group_get_state, T, F(T, group_handle), F(T, state), F(T, fatal_queues), F(T, pad));
#undef T
#define T struct drm_panthor_tiler_heap_create
DEFINE(tiler_heap_create, T, F(T, vm_id), KEEP(T, initial_chunk_count), F(T, chunk_size),
       F(T, max_chunks), F(T, target_in_flight), F(T, handle), F(T, tiler_heap_ctx_gpu_va),
       F(T, first_heap_chunk_gpu_va));
#undef T
#define T struct drm_panthor_tiler_heap_destroy
DEFINE(tiler_heap_destroy, T, KEEP(T, handle), F(T, pad));
#undef T
#define T struct drm_panthor_bo_set_label
DEFINE(bo_set_label, T, F(T, handle), F(T, pad), F(T, label));
#undef T
#define T struct drm_panthor_set_user_mmio_offset
DEFINE(set_user_mmio_offset, T, F(T, offset));
#undef T
#define T struct drm_panthor_bo_sync
DEFINE(bo_sync, T, ARRAY(T, ops, fz_bo_sync_op_shape));
#undef T
#define T struct drm_panthor_bo_query_info
DEFINE(bo_query_info, T, F(T, handle), F(T, extra_flags), F(T, create_flags), F(T, pad));
#undef T
#define T struct drm_panthor_bo_madvise
DEFINE(bo_madvise, T, F(T, handle), F(T, madv), F(T, retained), F(T, pad));
#undef T
#define T struct drm_gem_close
DEFINE(gem_close, T, KEEP(T, handle), F(T, pad));
#undef T
#define T struct drm_gem_flink
DEFINE(gem_flink, T, F(T, handle), F(T, name));
#undef T
#define T struct drm_gem_open
DEFINE(gem_open, T, F(T, name), F(T, handle), F(T, size));
#undef T
#define T struct drm_prime_handle
/* What comes out must not look like what went in. */
DEFINE(prime_to_fd, T, F(T, handle), F(T, flags), KEEP(T, fd));
DEFINE(prime_to_handle, T, F(T, handle), F(T, flags), F(T, fd));
#undef T
#define T struct drm_syncobj_create
DEFINE(syncobj_create, T, F(T, handle), F(T, flags));
#undef T
#define T struct drm_syncobj_destroy
DEFINE(syncobj_destroy, T, KEEP(T, handle), F(T, pad));
#undef T
#define T struct drm_syncobj_handle
DEFINE(syncobj_to_fd, T, F(T, handle), F(T, flags), KEEP(T, fd), F(T, pad));
DEFINE(syncobj_to_handle, T, F(T, handle), F(T, flags), F(T, fd), F(T, pad));
#undef T
/*
 * Kept: what would have the core wait for seconds, and counts, for which it asks the page allocator
 * for more than that has without any warning.
 */
#define T struct drm_syncobj_wait
DEFINE(syncobj_wait, T, F(T, handles), KEEP(T, timeout_nsec), KEEP(T, count_handles), F(T, flags),
       F(T, pad));
#undef T
#define T struct drm_syncobj_array
DEFINE(syncobj_array, T, F(T, handles), KEEP(T, count_handles), F(T, pad));
#undef T
#define T struct drm_syncobj_timeline_wait
DEFINE(syncobj_timeline_wait, T, F(T, handles), F(T, points), KEEP(T, timeout_nsec),
       KEEP(T, count_handles), F(T, flags), F(T, pad));
#undef T
#define T struct drm_syncobj_timeline_array
DEFINE(syncobj_timeline_array, T, F(T, handles), F(T, points), KEEP(T, count_handles), F(T, flags));
#undef T
#define T struct drm_syncobj_transfer
DEFINE(syncobj_transfer, T, F(T, src_handle), F(T, dst_handle), F(T, src_point), F(T, dst_point),
       KEEP(T, flags), F(T, pad));
#undef T
#define T struct drm_version
DEFINE(version, T, F(T, name_len), F(T, name), F(T, date_len), F(T, desc_len));
#undef T
#define T struct drm_get_cap
DEFINE(get_cap, T, F(T, capability), F(T, value));
#undef T
#define T struct drm_set_client_name
DEFINE(set_client_name, T, F(T, name_len), F(T, name));
#undef T

#define PANTHOR(name, shape, ...) \
	[FZ_##name] = { #name, DRM_IOCTL_PANTHOR_##name, &shape##_shape, { __VA_ARGS__ } }
#define DRM(name, shape, ...) \
	[FZ_##name] = { #name, DRM_IOCTL_##name, &shape##_shape, { __VA_ARGS__ } }

const struct fz_ioctl fz_ioctls[FZ_IOCTLS] = {
	PANTHOR(DEV_QUERY, dev_query, EINVAL, E2BIG),
	PANTHOR(VM_CREATE, vm_create, EINVAL, EBUSY),
	PANTHOR(VM_DESTROY, vm_destroy, EINVAL),
	PANTHOR(VM_BIND, vm_bind, EINVAL, ENOENT, E2BIG),
	PANTHOR(VM_GET_STATE, vm_get_state, EINVAL),
	PANTHOR(BO_CREATE, bo_create, EINVAL, ENOSPC),
	PANTHOR(BO_MMAP_OFFSET, bo_mmap_offset, EINVAL, ENOENT, EPERM),
	PANTHOR(GROUP_CREATE, group_create, EINVAL, E2BIG, EACCES, EBUSY),
	PANTHOR(GROUP_DESTROY, group_destroy, EINVAL),
	PANTHOR(GROUP_SUBMIT, group_submit, EINVAL, ENOENT, E2BIG),
	PANTHOR(GROUP_GET_STATE, group_get_state, EINVAL),
	PANTHOR(TILER_HEAP_CREATE, tiler_heap_create, EINVAL, EBUSY),
	PANTHOR(TILER_HEAP_DESTROY, tiler_heap_destroy, EINVAL, ENOENT),
	PANTHOR(BO_SET_LABEL, bo_set_label, EINVAL, ENOENT, E2BIG),
	PANTHOR(SET_USER_MMIO_OFFSET, set_user_mmio_offset, EINVAL),
	PANTHOR(BO_SYNC, bo_sync, EINVAL, ENOENT, E2BIG),
	PANTHOR(BO_QUERY_INFO, bo_query_info, ENOENT),
	PANTHOR(BO_MADVISE, bo_madvise, EINVAL, ENOENT, EBUSY, ENOSPC),
	DRM(GEM_CLOSE, gem_close, EINVAL),
	DRM(GEM_FLINK, gem_flink, EACCES, ENOENT),
	DRM(GEM_OPEN, gem_open, EACCES, ENOENT),
	DRM(PRIME_HANDLE_TO_FD, prime_to_fd, EINVAL, ENOENT),
	DRM(PRIME_FD_TO_HANDLE, prime_to_handle, EINVAL, EBADF),
	DRM(SYNCOBJ_CREATE, syncobj_create, EINVAL),
	DRM(SYNCOBJ_DESTROY, syncobj_destroy, EINVAL),
	DRM(SYNCOBJ_HANDLE_TO_FD, syncobj_to_fd, EINVAL, ENOENT),
	DRM(SYNCOBJ_FD_TO_HANDLE, syncobj_to_handle, EINVAL, ENOENT),
	DRM(SYNCOBJ_WAIT, syncobj_wait, EINVAL, ENOENT, ETIME),
	DRM(SYNCOBJ_RESET, syncobj_array, EINVAL, ENOENT),
	DRM(SYNCOBJ_SIGNAL, syncobj_array, EINVAL, ENOENT),
	DRM(SYNCOBJ_TIMELINE_WAIT, syncobj_timeline_wait, EINVAL, ENOENT, ETIME),
	DRM(SYNCOBJ_QUERY, syncobj_timeline_array, EINVAL, ENOENT),
	DRM(SYNCOBJ_TRANSFER, syncobj_transfer, EINVAL, ENOENT, ETIME),
	DRM(SYNCOBJ_TIMELINE_SIGNAL, syncobj_timeline_array, EINVAL, ENOENT),
	DRM(VERSION, version, EINVAL),
	DRM(GET_CAP, get_cap, EINVAL, EOPNOTSUPP),
	DRM(SET_CLIENT_NAME, set_client_name, EINVAL, E2BIG),
	[FZ_NO_SUCH_CALL] = { "no such call", 0, NULL, { EINVAL } },
	[FZ_MMAP] = { "mmap", 0, NULL, { EINVAL, EACCES, ENODEV, EOVERFLOW } },
	[FZ_DMABUF_SYNC] = { "dma-buf SYNC", DMA_BUF_IOCTL_SYNC, NULL, { EINVAL } },
	[FZ_DMABUF_EXPORT_FENCES] = { "dma-buf EXPORT_SYNC_FILE",
				      DMA_BUF_IOCTL_EXPORT_SYNC_FILE,
				      NULL,
				      { EINVAL } },
	[FZ_DMABUF_IMPORT_FENCE] = { "dma-buf IMPORT_SYNC_FILE",
				     DMA_BUF_IOCTL_IMPORT_SYNC_FILE,
				     NULL,
				     { EINVAL } },
};
