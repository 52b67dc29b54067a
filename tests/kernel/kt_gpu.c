/* SPDX-License-Identifier: MIT */
/* Raw ioctls of the GPU side, syncobjs, and streams to execute. */
#include <poll.h>
#include <time.h>

#include <linux/sync_file.h>

#include "kt_gpu.h"

#define STREAM_SIZE (16 * KT_PAGE)

int kt_group_create(int fd, struct drm_panthor_group_create *args)
{
	return kt_ioctl(fd, DRM_IOCTL_PANTHOR_GROUP_CREATE, args);
}

void kt_gpu_info(int fd, struct drm_panthor_gpu_info *info)
{
	struct drm_panthor_dev_query args = {
		.type = DRM_PANTHOR_DEV_QUERY_GPU_INFO,
		.size = sizeof(*info),
		.pointer = (uintptr_t)info,
	};

	assert_int_equal(kt_ioctl(fd, DRM_IOCTL_PANTHOR_DEV_QUERY, &args), 0);
}

uint32_t kt_group(int fd, uint32_t vm, uint32_t queues, uint32_t ring)
{
	struct drm_panthor_queue_create queue[32];
	struct drm_panthor_gpu_info gpu;
	struct drm_panthor_group_create args = {
		.queues = DRM_PANTHOR_OBJ_ARRAY(queues, queue),
		.max_compute_cores = 1,
		.max_fragment_cores = 1,
		.max_tiler_cores = 1,
		.priority = PANTHOR_GROUP_PRIORITY_MEDIUM,
		.vm_id = vm,
	};
	uint32_t i;

	for (i = 0; i < queues; i++)
		queue[i] = (struct drm_panthor_queue_create){ .ringbuf_size = ring };
	kt_gpu_info(fd, &gpu);
	args.compute_core_mask = gpu.shader_present;
	args.fragment_core_mask = gpu.shader_present;
	args.tiler_core_mask = gpu.tiler_present;
	assert_int_equal(kt_group_create(fd, &args), 0);
	return args.group_handle;
}

int kt_group_destroy(int fd, uint32_t group)
{
	struct drm_panthor_group_destroy args = { .group_handle = group };

	return kt_ioctl(fd, DRM_IOCTL_PANTHOR_GROUP_DESTROY, &args);
}

int kt_group_state(int fd, uint32_t group, uint32_t *state, uint32_t *fatal_queues)
{
	struct drm_panthor_group_get_state args = {
		.group_handle = group,
		.state = ~0u,
		.fatal_queues = ~0u,
	};
	int ret = kt_ioctl(fd, DRM_IOCTL_PANTHOR_GROUP_GET_STATE, &args);

	if (state)
		*state = args.state;
	if (fatal_queues)
		*fatal_queues = args.fatal_queues;
	return ret;
}

int kt_submit(int fd, uint32_t group, const struct drm_panthor_queue_submit *jobs, uint32_t count)
{
	struct drm_panthor_group_submit args = {
		.group_handle = group,
		.queue_submits = DRM_PANTHOR_OBJ_ARRAY(count, jobs),
	};

	return kt_ioctl(fd, DRM_IOCTL_PANTHOR_GROUP_SUBMIT, &args);
}

int kt_bind_async(int fd, uint32_t vm, const struct drm_panthor_vm_bind_op *ops, uint32_t count,
		  uint32_t *done)
{
	struct drm_panthor_vm_bind args = {
		.vm_id = vm,
		.flags = DRM_PANTHOR_VM_BIND_ASYNC,
		.ops = DRM_PANTHOR_OBJ_ARRAY(count, ops),
	};
	int ret = kt_ioctl(fd, DRM_IOCTL_PANTHOR_VM_BIND, &args);

	if (done)
		*done = args.ops.count;
	return ret;
}

int kt_heap_create(int fd, struct drm_panthor_tiler_heap_create *args)
{
	return kt_ioctl(fd, DRM_IOCTL_PANTHOR_TILER_HEAP_CREATE, args);
}

int kt_heap_destroy(int fd, uint32_t handle)
{
	struct drm_panthor_tiler_heap_destroy args = { .handle = handle };

	return kt_ioctl(fd, DRM_IOCTL_PANTHOR_TILER_HEAP_DESTROY, &args);
}

uint32_t kt_syncobj(int fd, bool signalled)
{
	struct drm_syncobj_create args = {
		.flags = signalled ? DRM_SYNCOBJ_CREATE_SIGNALED : 0,
	};

	assert_int_equal(kt_ioctl(fd, DRM_IOCTL_SYNCOBJ_CREATE, &args), 0);
	return args.handle;
}

static int wait_until(int fd, uint32_t handle, uint64_t point, int64_t deadline)
{
	struct drm_syncobj_timeline_wait args = {
		.handles = (uintptr_t)&handle,
		.points = (uintptr_t)&point,
		.timeout_nsec = deadline,
		.count_handles = 1,
	};

	return kt_ioctl(fd, DRM_IOCTL_SYNCOBJ_TIMELINE_WAIT, &args);
}

int kt_syncobj_now(int fd, uint32_t handle, uint64_t point)
{
	return wait_until(fd, handle, point, 0);
}

int kt_syncobj_wait(int fd, uint32_t handle, uint64_t point)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return wait_until(fd, handle, point, (now.tv_sec + 100) * 1000000000ll);
}

uint64_t kt_syncobj_point(int fd, uint32_t handle)
{
	uint64_t point = ~0ull;
	struct drm_syncobj_timeline_array args = {
		.handles = (uintptr_t)&handle,
		.points = (uintptr_t)&point,
		.count_handles = 1,
	};

	assert_int_equal(kt_ioctl(fd, DRM_IOCTL_SYNCOBJ_QUERY, &args), 0);
	return point;
}

void kt_syncobj_signal_point(int fd, uint32_t handle, uint64_t point)
{
	struct drm_syncobj_timeline_array args = {
		.handles = (uintptr_t)&handle,
		.points = (uintptr_t)&point,
		.count_handles = 1,
	};

	assert_int_equal(kt_ioctl(fd, DRM_IOCTL_SYNCOBJ_TIMELINE_SIGNAL, &args), 0);
}

int kt_syncobj_result(int fd, uint32_t handle)
{
	struct drm_syncobj_handle args = {
		.handle = handle,
		.flags = DRM_SYNCOBJ_HANDLE_TO_FD_FLAGS_EXPORT_SYNC_FILE,
	};
	struct sync_file_info info = { 0 };
	struct pollfd wait;

	assert_int_equal(kt_ioctl(fd, DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD, &args), 0);
	wait = (struct pollfd){ .fd = args.fd, .events = POLLIN };
	assert_int_equal(poll(&wait, 1, 100000), 1);
	assert_int_equal(kt_ioctl(args.fd, SYNC_IOC_FILE_INFO, &info), 0);
	close(args.fd);
	return info.status;
}

struct drm_panthor_sync_op kt_wait_op(uint32_t handle, uint64_t point)
{
	struct drm_panthor_sync_op op = {
		.flags = DRM_PANTHOR_SYNC_OP_WAIT | DRM_PANTHOR_SYNC_OP_HANDLE_TYPE_SYNCOBJ,
		.handle = handle,
		.timeline_value = point,
	};

	if (point)
		op.flags |= DRM_PANTHOR_SYNC_OP_HANDLE_TYPE_TIMELINE_SYNCOBJ;
	return op;
}

struct drm_panthor_sync_op kt_signal_op(uint32_t handle, uint64_t point)
{
	struct drm_panthor_sync_op op = kt_wait_op(handle, point);

	op.flags |= (uint32_t)DRM_PANTHOR_SYNC_OP_SIGNAL;
	return op;
}

void kt_gpu_init(struct kt_gpu *gpu, int fd)
{
	uint32_t streams = kt_bo(fd, STREAM_SIZE), data = kt_bo(fd, KT_PAGE);

	*gpu = (struct kt_gpu){ .fd = fd, .vm = kt_vm(fd), .words = kt_map(fd, data, KT_PAGE) };
	panthor_cs_init(&gpu->cs, kt_map(fd, streams, STREAM_SIZE), STREAM_SIZE, 0);
	assert_int_equal(kt_vm_map(fd, gpu->vm, streams, KT_STREAM_VA, 0, STREAM_SIZE), 0);
	assert_int_equal(kt_vm_map(fd, gpu->vm, data, KT_DATA_VA, 0, KT_PAGE), 0);
}

struct drm_panthor_queue_submit kt_gpu_job(struct kt_gpu *gpu, uint32_t queue)
{
	struct drm_panthor_queue_submit job = { .queue_index = queue };
	uint32_t size = 0;

	if (gpu->cs.count == gpu->first)
		return job;

	/* The next one begins where a stream may. */
	panthor_cs_pad(&gpu->cs, 64);
	assert_int_equal(panthor_cs_finish(&gpu->cs, &size), 0);
	job.stream_addr = KT_STREAM_VA + gpu->first * 8ull;
	job.stream_size = size - gpu->first * 8;
	gpu->first = gpu->cs.count;
	return job;
}

void kt_gpu_store(struct kt_gpu *gpu, uint32_t word, uint32_t value)
{
	panthor_cs_move48(&gpu->cs, 0, KT_DATA_VA + word * 4ull);
	panthor_cs_move32(&gpu->cs, 2, value);
	panthor_cs_store(&gpu->cs, 2, 1, 0, 0);
	panthor_cs_wait(&gpu->cs, 1);
}

void kt_gpu_copy(struct kt_gpu *gpu, uint32_t word, uint64_t va)
{
	panthor_cs_move48(&gpu->cs, 0, va);
	panthor_cs_move48(&gpu->cs, 4, KT_DATA_VA + word * 4ull);
	panthor_cs_load(&gpu->cs, 2, 1, 0, 0);
	panthor_cs_wait(&gpu->cs, 1);
	panthor_cs_store(&gpu->cs, 2, 1, 4, 0);
	panthor_cs_wait(&gpu->cs, 1);
}

void kt_gpu_block(struct kt_gpu *gpu, uint32_t word)
{
	panthor_cs_move48(&gpu->cs, 0, KT_DATA_VA + word * 4ull);
	panthor_cs_move32(&gpu->cs, 2, 0);
	panthor_cs_sync_wait(&gpu->cs, 32, 0, 2, PANTHOR_CS_GT);
}

int kt_gpu_run(struct kt_gpu *gpu, uint32_t group, struct drm_panthor_queue_submit job)
{
	uint32_t done = kt_syncobj(gpu->fd, false);
	struct drm_panthor_sync_op sync = kt_signal_op(done, 0);

	job.syncs = (struct drm_panthor_obj_array)DRM_PANTHOR_OBJ_ARRAY(1, &sync);
	assert_int_equal(kt_submit(gpu->fd, group, &job, 1), 0);
	return kt_syncobj_result(gpu->fd, done);
}
