// SPDX-License-Identifier: MIT
#include "gpu.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <drm.h>

#include "bench.h"
#include "panthor_drm.h"

int gpu_new_bo(struct gpu *gpu, size_t size, bool exclusive, uint32_t *ret_handle)
{
	struct drm_panthor_bo_create args = {
		.size = size,
		.exclusive_vm_id = exclusive ? gpu->vm : 0,
	};
	int ret = bench_ioctl(gpu->fd, DRM_IOCTL_PANTHOR_BO_CREATE, &args);

	if (ret == 0)
		*ret_handle = args.handle;
	return ret;
}

int gpu_close_bo(struct gpu *gpu, uint32_t handle)
{
	struct drm_gem_close args = { .handle = handle };

	return bench_ioctl(gpu->fd, DRM_IOCTL_GEM_CLOSE, &args);
}

int gpu_mmap(struct gpu *gpu, uint32_t handle, size_t size, void **ret_map)
{
	struct drm_panthor_bo_mmap_offset args = { .handle = handle };
	int ret = bench_ioctl(gpu->fd, DRM_IOCTL_PANTHOR_BO_MMAP_OFFSET, &args);
	void *map;

	if (ret < 0)
		return ret;
	map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, gpu->fd, (off_t)args.offset);
	if (map == MAP_FAILED)
		return -errno;
	*ret_map = map;
	return 0;
}

int gpu_madvise(struct gpu *gpu, uint32_t handle, uint32_t madv)
{
	struct drm_panthor_bo_madvise args = { .handle = handle, .madv = madv };

	return bench_ioctl(gpu->fd, DRM_IOCTL_PANTHOR_BO_MADVISE, &args);
}

uint64_t gpu_va(size_t size, size_t index)
{
	return 2 * GPU_STREAM_VA + index * size;
}

static int bind(struct gpu *gpu, struct drm_panthor_vm_bind_op *op)
{
	struct drm_panthor_vm_bind args = {
		.vm_id = gpu->vm,
		.ops = DRM_PANTHOR_OBJ_ARRAY(1, op),
	};

	return bench_ioctl(gpu->fd, DRM_IOCTL_PANTHOR_VM_BIND, &args);
}

int gpu_map(struct gpu *gpu, uint32_t handle, uint64_t va, size_t size)
{
	struct drm_panthor_vm_bind_op op = {
		.flags = DRM_PANTHOR_VM_BIND_OP_TYPE_MAP,
		.bo_handle = handle,
		.va = va,
		.size = size,
	};

	return bind(gpu, &op);
}

int gpu_unmap(struct gpu *gpu, uint64_t va, size_t size)
{
	struct drm_panthor_vm_bind_op op = {
		.flags = DRM_PANTHOR_VM_BIND_OP_TYPE_UNMAP,
		.va = va,
		.size = size,
	};

	return bind(gpu, &op);
}

int gpu_run(struct gpu *gpu, uint32_t size)
{
	struct drm_panthor_sync_op sync = {
		.flags = DRM_PANTHOR_SYNC_OP_SIGNAL,
		.handle = gpu->syncobj,
	};
	struct drm_panthor_queue_submit job = {
		.stream_size = size,
		.stream_addr = size ? GPU_STREAM_VA : 0,
		.syncs = DRM_PANTHOR_OBJ_ARRAY(1, &sync),
	};
	struct drm_panthor_group_submit submit = {
		.group_handle = gpu->group,
		.queue_submits = DRM_PANTHOR_OBJ_ARRAY(1, &job),
	};
	struct drm_syncobj_wait wait = {
		.handles = (uintptr_t)&gpu->syncobj,
		.count_handles = 1,
		.timeout_nsec = INT64_MAX,
	};
	int ret = bench_ioctl(gpu->fd, DRM_IOCTL_PANTHOR_GROUP_SUBMIT, &submit);

	return ret < 0 ? ret : bench_ioctl(gpu->fd, DRM_IOCTL_SYNCOBJ_WAIT, &wait);
}

static int new_vm(struct gpu *gpu)
{
	struct drm_panthor_vm_create args = { .flags = 0 };
	int ret = bench_ioctl(gpu->fd, DRM_IOCTL_PANTHOR_VM_CREATE, &args);

	if (ret == 0)
		gpu->vm = args.id;
	return ret;
}

static int new_group(struct gpu *gpu)
{
	struct drm_panthor_queue_create queue = { .ringbuf_size = 4096 };
	struct drm_panthor_group_create args = {
		.queues = DRM_PANTHOR_OBJ_ARRAY(1, &queue),
		.priority = PANTHOR_GROUP_PRIORITY_MEDIUM,
		.vm_id = gpu->vm,
	};
	int ret = bench_ioctl(gpu->fd, DRM_IOCTL_PANTHOR_GROUP_CREATE, &args);

	if (ret == 0)
		gpu->group = args.group_handle;
	return ret;
}

static int new_syncobj(struct gpu *gpu)
{
	struct drm_syncobj_create args = { .flags = 0 };
	int ret = bench_ioctl(gpu->fd, DRM_IOCTL_SYNCOBJ_CREATE, &args);

	if (ret == 0)
		gpu->syncobj = args.handle;
	return ret;
}

static int new_stream(struct gpu *gpu)
{
	int ret = gpu_new_bo(gpu, GPU_STREAM_BYTES, true, &gpu->stream_bo);

	if (ret == 0)
		ret = gpu_mmap(gpu, gpu->stream_bo, GPU_STREAM_BYTES, &gpu->stream);
	if (ret == 0)
		ret = gpu_map(gpu, gpu->stream_bo, GPU_STREAM_VA, GPU_STREAM_BYTES);
	return ret;
}

int gpu_open(struct gpu *ret_gpu)
{
	struct gpu gpu = { .fd = bench_open_drm("renderD", "panthor") };
	int ret = gpu.fd < 0 ? gpu.fd : new_vm(&gpu);

	if (ret == 0)
		ret = new_group(&gpu);
	if (ret == 0)
		ret = new_syncobj(&gpu);
	if (ret == 0)
		ret = new_stream(&gpu);
	if (ret < 0)
		gpu_close(&gpu);
	else
		*ret_gpu = gpu;
	return ret;
}

/* Everything else goes with the file. */
void gpu_close(struct gpu *gpu)
{
	if (gpu->stream)
		munmap(gpu->stream, GPU_STREAM_BYTES);
	if (gpu->fd >= 0)
		close(gpu->fd);
}
