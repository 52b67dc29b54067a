/* SPDX-License-Identifier: MIT */
/*
 * Fences that clients hold longer than the kernel has what they came from: they can still be asked
 * who they are.
 */
#include <linux/sync_file.h>

#include "kt_gpu.h"
#include "kt_unplug.h"

/* The fence behind a syncobj as a file. */
static int fence_file(int fd, uint32_t syncobj)
{
	struct drm_syncobj_handle args = {
		.handle = syncobj,
		.flags = DRM_SYNCOBJ_HANDLE_TO_FD_FLAGS_EXPORT_SYNC_FILE,
		.fd = -1,
	};

	assert_int_equal(kt_ioctl(fd, DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD, &args), 0);
	return args.fd;
}

static void expect_fence(int file, const char *timeline, int status)
{
	struct sync_fence_info fence = { .status = 0 };
	struct sync_file_info args = { .num_fences = 1, .sync_fence_info = (uintptr_t)&fence };

	assert_int_equal(kt_ioctl(file, SYNC_IOC_FILE_INFO, &args), 0);
	assert_string_equal(fence.obj_name, timeline);
	assert_int_equal(fence.status, status);
}

/* So many that what the group was in is somebody else's. */
static void use_memory_again(int fd, uint32_t vm)
{
	uint32_t groups[64];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(groups); i++)
		groups[i] = kt_group(fd, vm, 1, 65536);
	for (i = 0; i < ARRAY_SIZE(groups); i++)
		assert_int_equal(kt_group_destroy(fd, groups[i]), 0);
}

static bool is_over(void *arg)
{
	struct sync_file_info args = { .num_fences = 0 };

	return kt_ioctl(*(int *)arg, SYNC_IOC_FILE_INFO, &args) == 0 && args.status != 0;
}

/* One job that ran, one that had nothing to do, one that was cancelled. */
static void test_jobs_of_a_group_that_is_gone(void **state)
{
	struct kt *t = *state;
	struct drm_panthor_queue_submit jobs[3];
	struct drm_panthor_sync_op ops[3];
	uint32_t group, i;
	struct kt_gpu gpu;
	int files[3];

	kt_gpu_init(&gpu, t->fd);
	group = kt_group(t->fd, gpu.vm, 1, 4096);
	jobs[0] = kt_gpu_job(&gpu, 0);
	kt_gpu_store(&gpu, 0, 1);
	jobs[1] = kt_gpu_job(&gpu, 0);
	kt_gpu_block(&gpu, 4);
	jobs[2] = kt_gpu_job(&gpu, 0);
	for (i = 0; i < 3; i++) {
		ops[i] = kt_signal_op(kt_syncobj(t->fd, false), 0);
		jobs[i].syncs = (struct drm_panthor_obj_array)DRM_PANTHOR_OBJ_ARRAY(1, &ops[i]);
		assert_int_equal(kt_submit(t->fd, group, &jobs[i], 1), 0);
		files[i] = fence_file(t->fd, ops[i].handle);
	}

	assert_true(kt_wait(is_over, &files[1]));
	assert_int_equal(kt_group_destroy(t->fd, group), 0);
	assert_true(kt_wait(is_over, &files[2]));
	use_memory_again(t->fd, gpu.vm);
	for (i = 0; i < 3; i++) {
		expect_fence(files[i], "panthor-queue", i < 2 ? 1 : -ECANCELED);
		close(files[i]);
	}
}

static int bind_file(int fd, uint32_t vm, uint32_t after)
{
	uint32_t done = kt_syncobj(fd, false);
	struct drm_panthor_sync_op syncs[] = { kt_signal_op(done, 0), kt_wait_op(after, 0) };
	struct drm_panthor_vm_bind_op op = {
		.flags = DRM_PANTHOR_VM_BIND_OP_TYPE_SYNC_ONLY,
		.syncs = DRM_PANTHOR_OBJ_ARRAY(after ? 2 : 1, syncs),
	};

	assert_int_equal(kt_bind_async(fd, vm, &op, 1, NULL), 0);
	return fence_file(fd, done);
}

static bool driver_is_unloaded(void *arg)
{
	return kt_driver_unload() == 0;
}

/*
 * One operation that ran, one that was killed with its VM. The scheduler of such operations is the
 * device's, and the device goes as well, but not the driver as long as there are fences.
 */
static void test_binds_of_a_device_that_is_gone(void **state)
{
	struct kt *t = *state;
	uint32_t vm = kt_vm(t->fd), never = kt_syncobj(t->fd, false), blocker;
	struct drm_panthor_sync_op op = kt_signal_op(never, 0);
	struct drm_panthor_queue_submit job;
	struct kt_gpu gpu;
	int files[2];

	assert_true(kt_unplug_begin());
	kt_gpu_init(&gpu, t->fd);
	blocker = kt_group(t->fd, gpu.vm, 1, 4096);
	kt_gpu_block(&gpu, 4);
	job = kt_gpu_job(&gpu, 0);
	job.syncs = (struct drm_panthor_obj_array)DRM_PANTHOR_OBJ_ARRAY(1, &op);
	assert_int_equal(kt_submit(t->fd, blocker, &job, 1), 0);

	files[0] = bind_file(t->fd, vm, 0);
	assert_true(kt_wait(is_over, &files[0]));
	files[1] = bind_file(t->fd, vm, never);
	assert_int_equal(kt_vm_destroy(t->fd, vm), 0);
	assert_int_equal(kt_group_destroy(t->fd, blocker), 0);
	assert_true(kt_wait(is_over, &files[1]));

	kt_unmap(NULL, 0);
	close(t->fd);
	t->fd = -1;
	assert_true(kt_driver_unbind());
	expect_fence(files[0], "panthor-bind", 1);
	expect_fence(files[1], "panthor-bind", -ESRCH);
	assert_int_equal(kt_driver_unload(), -EWOULDBLOCK);
	close(files[0]);
	close(files[1]);
	assert_true(kt_wait(driver_is_unloaded, NULL));
	assert_true(kt_unplug_end());
}

static const struct CMUnitTest tests[] = {
	kt_test(test_jobs_of_a_group_that_is_gone),
	kt_test(test_binds_of_a_device_that_is_gone),
	kt_no_leaks(),
};

kt_main(tests)
