/* SPDX-License-Identifier: MIT */
/* GROUP_SUBMIT: what a call and each of its jobs may say, and that bad ones leave no trace. */
#include "kt_gpu.h"

#define RING	4096u
#define QUEUES	3u
#define TIMEOUT "/sys/module/vpanthor/parameters/job_timeout_ms"

static int submit(int fd, struct drm_panthor_group_submit *args)
{
	return kt_ioctl(fd, DRM_IOCTL_PANTHOR_GROUP_SUBMIT, args);
}

static void assert_state(int fd, uint32_t group, uint32_t state, uint32_t fatal_queues)
{
	uint32_t flags, queues;

	assert_int_equal(kt_group_state(fd, group, &flags, &queues), 0);
	assert_int_equal(flags, state);
	assert_int_equal(queues, fatal_queues);
}

static void test_kb50_kb54_call(void **state)
{
	struct kt *t = *state;
	uint32_t vm = kt_vm(t->fd), gone = kt_group(t->fd, vm, 1, RING);
	uint32_t group = kt_group(t->fd, vm, 1, RING);
	struct drm_panthor_queue_submit job = { 0 };
	int other = kt_open("panthor", true);
	const struct {
		const char *name;
		int fd;
		uint32_t group;
		uint32_t pad;
		int want, want_of_none;
	} rows[] = {
		{ "good", t->fd, group, 0, 0, 0 },
		{ "pad", t->fd, group, 1, -EINVAL, -EINVAL },
		{ "pad, top bit", t->fd, group, 1u << 31, -EINVAL, -EINVAL },
		/* Without jobs there is nothing that a group would have to be there for. */
		{ "group 0", t->fd, 0, 0, -EINVAL, 0 },
		{ "unknown", t->fd, group + 1, 0, -EINVAL, 0 },
		{ "kb50, kb54: bit 16", t->fd, group | 1u << 16, 0, -EINVAL, 0 },
		{ "kb50, kb54: bit 31", t->fd, group | 1u << 31, 0, -EINVAL, 0 },
		{ "U32_MAX", t->fd, ~0u, 0, -EINVAL, 0 },
		{ "of another file", other, group, 0, -EINVAL, 0 },
		{ "destroyed", t->fd, gone, 0, -EINVAL, 0 },
	};
	size_t i;

	assert_int_equal(kt_group_destroy(t->fd, gone), 0);
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		struct drm_panthor_group_submit args = {
			.group_handle = rows[i].group,
			.pad = rows[i].pad,
			.queue_submits = DRM_PANTHOR_OBJ_ARRAY(1, &job),
		};

		kt_expect(rows[i].name, submit(rows[i].fd, &args), rows[i].want);
		args.queue_submits.count = 0;
		kt_expect("no jobs", submit(rows[i].fd, &args), rows[i].want_of_none);
		args.queue_submits.stride = sizeof(job) - 1;
		kt_expect("no jobs of stride min - 1", submit(rows[i].fd, &args), -EINVAL);
	}
	kt_all_expected();
}

struct job_row {
	const char *name;
	struct drm_panthor_queue_submit job;
	int want;
};

/* As the only job, and behind a good one, whose fence then must not be there. */
static void run_jobs(int fd, uint32_t group, const struct job_row *rows, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		uint32_t done = kt_syncobj(fd, false);
		struct drm_panthor_sync_op sync = kt_signal_op(done, 0);
		struct drm_panthor_queue_submit jobs[2] = {
			{ .syncs = DRM_PANTHOR_OBJ_ARRAY(1, &sync) },
			rows[i].job,
		};

		kt_expect(rows[i].name, kt_submit(fd, group, &rows[i].job, 1), rows[i].want);
		kt_expect("behind another", kt_submit(fd, group, jobs, 2), rows[i].want);
		if (rows[i].want)
			kt_expect("no fence", kt_syncobj_now(fd, done, 0), -EINVAL);
		else
			kt_expect("its fence", kt_syncobj_result(fd, done), 1);
	}
	kt_all_expected();
}

static void test_jobs(void **state)
{
	struct kt *t = *state;
	struct drm_panthor_queue_submit job;
	struct kt_gpu gpu;
	uint32_t group;

	kt_gpu_init(&gpu, t->fd);
	group = kt_group(t->fd, gpu.vm, QUEUES, RING);
	kt_gpu_store(&gpu, 0, 1);
	job = kt_gpu_job(&gpu, 0);
	const uint64_t va = job.stream_addr;
	const uint32_t size = job.stream_size;
	const struct job_row rows[] = {
		{ "stream", { 0, size, va, 0, 0, { 0 } }, 0 },
		{ "last queue", { QUEUES - 1, size, va, 0, 0, { 0 } }, 0 },
		{ "one instruction", { 0, 8, va, 0, 0, { 0 } }, 0 },
		{ "all bits of a flush id", { 0, size, va, 0x80ffffff, 0, { 0 } }, 0 },
		{ "no stream", { 0, 0, 0, 0, 0, { 0 } }, 0 },
		{ "no stream, flush id", { 0, 0, 0, 0x80ffffff, 0, { 0 } }, 0 },
		{ "one queue too far", { QUEUES, size, va, 0, 0, { 0 } }, -EINVAL },
		{ "queue 32", { 32, size, va, 0, 0, { 0 } }, -EINVAL },
		{ "queue U32_MAX", { ~0u, 0, 0, 0, 0, { 0 } }, -EINVAL },
		{ "pad", { 0, size, va, 0, 1, { 0 } }, -EINVAL },
		{ "pad, no stream", { 0, 0, 0, 0, 1u << 31, { 0 } }, -EINVAL },
		{ "size without address", { 0, size, 0, 0, 0, { 0 } }, -EINVAL },
		{ "address without size", { 0, 0, va, 0, 0, { 0 } }, -EINVAL },
		{ "address + 1", { 0, size, va + 1, 0, 0, { 0 } }, -EINVAL },
		{ "address + 8", { 0, size, va + 8, 0, 0, { 0 } }, -EINVAL },
		{ "address + 32", { 0, size, va + 32, 0, 0, { 0 } }, -EINVAL },
		{ "size 1", { 0, 1, va, 0, 0, { 0 } }, -EINVAL },
		{ "size 12", { 0, 12, va, 0, 0, { 0 } }, -EINVAL },
		{ "size U32_MAX", { 0, ~0u, va, 0, 0, { 0 } }, -EINVAL },
		{ "flush id bit 24", { 0, size, va, 1u << 24, 0, { 0 } }, -EINVAL },
		{ "flush id bit 27", { 0, size, va, 1u << 27, 0, { 0 } }, -EINVAL },
		{ "flush id bit 30", { 0, size, va, 1u << 30, 0, { 0 } }, -EINVAL },
		{ "flush id all bits", { 0, size, va, ~0u, 0, { 0 } }, -EINVAL },
	};

	run_jobs(t->fd, group, rows, ARRAY_SIZE(rows));
	assert_state(t->fd, group, 0, 0);
}

/* Where a job's array, or the array of jobs, of a call that is otherwise good goes. */
struct target {
	int fd;
	uint32_t group;
};

static int submit_array(void *arg, const struct drm_panthor_obj_array *array)
{
	const struct target *to = arg;
	struct drm_panthor_group_submit args = {
		.group_handle = to->group,
		.queue_submits = *array,
	};

	return submit(to->fd, &args);
}

static void test_kb51_kb53_job_array(void **state)
{
	struct kt *t = *state;
	struct target to = { .fd = t->fd, .group = kt_group(t->fd, kt_vm(t->fd), 1, RING) };
	static const struct drm_panthor_queue_submit job;
	const struct kt_array array = {
		.call = submit_array,
		.arg = &to,
		.element = &job,
		.size = sizeof(job),
		.most = 16 * KT_MIB / sizeof(job),
	};

	kt_expect_array_rules(&array);
	kt_all_expected();
}

/* Accepted, since nobody looks where the address leads until the GPU does. */
static void test_bad_addresses_are_faults(void **state)
{
	struct kt *t = *state;
	struct kt_gpu gpu;
	uint32_t noexec = kt_bo(t->fd, KT_PAGE);
	struct drm_panthor_vm_bind_op map = {
		.flags = DRM_PANTHOR_VM_BIND_OP_TYPE_MAP | DRM_PANTHOR_VM_BIND_OP_MAP_NOEXEC,
		.bo_handle = noexec,
		.va = 0x300000,
		.size = KT_PAGE,
	};
	static const struct {
		const char *name;
		uint64_t addr;
		uint32_t size;
	} rows[] = {
		{ "not mapped", 0x40000000, 64 },
		{ "runs out of what is mapped", KT_DATA_VA, 2 * KT_PAGE },
		{ "not to be executed", 0x300000, 64 },
		{ "kernel range", KT_USER_END, 64 },
		{ "beyond the VM", KT_VA_END, 64 },
		{ "in the VM but for the top bits", 0xffffull << 48 | KT_DATA_VA, 64 },
		{ "end of 64 bits", ~0ull - 63, 64 },
		{ "wraps", ~0ull - 63, 128 },
		{ "4 GiB", KT_DATA_VA, ~7u },
	};
	uint32_t group;
	size_t i;

	kt_gpu_init(&gpu, t->fd);
	assert_int_equal(kt_bind(t->fd, gpu.vm, &map, 1, NULL), 0);
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		struct drm_panthor_queue_submit job = {
			.queue_index = 1,
			.stream_addr = rows[i].addr,
			.stream_size = rows[i].size,
		};

		group = kt_group(t->fd, gpu.vm, 2, RING);
		kt_expect(rows[i].name, kt_gpu_run(&gpu, group, job), -EFAULT);
		assert_state(t->fd, group, DRM_PANTHOR_GROUP_STATE_FATAL_FAULT, 1 << 1);
	}
	kt_all_expected();
}

/* Neither streams nor sync points, in none of its queues. */
static void assert_dead(struct kt_gpu *gpu, uint32_t group, struct drm_panthor_queue_submit job)
{
	struct drm_panthor_queue_submit none = { .queue_index = 1 };

	assert_int_equal(kt_submit(gpu->fd, group, &job, 1), -EINVAL);
	assert_int_equal(kt_submit(gpu->fd, group, &none, 1), -EINVAL);
	assert_int_equal(kt_submit(gpu->fd, group, NULL, 0), 0);
}

static void test_faulted_group_takes_nothing(void **state)
{
	struct kt *t = *state;
	struct drm_panthor_queue_submit good;
	struct kt_gpu gpu;
	uint32_t group, fresh;

	kt_gpu_init(&gpu, t->fd);
	group = kt_group(t->fd, gpu.vm, 2, RING);
	kt_gpu_store(&gpu, 0, 1);
	good = kt_gpu_job(&gpu, 0);
	panthor_cs_emit(&gpu.cs, panthor_cs_op(0xff));
	assert_int_equal(kt_gpu_run(&gpu, group, kt_gpu_job(&gpu, 0)), -EFAULT);
	assert_dead(&gpu, group, good);
	assert_state(t->fd, group, DRM_PANTHOR_GROUP_STATE_FATAL_FAULT, 1);
	fresh = kt_group(t->fd, gpu.vm, 1, RING);
	assert_int_equal(kt_gpu_run(&gpu, fresh, good), 1);
	assert_int_equal(gpu.words[0], 1);
}

static void test_timed_out_group_takes_nothing(void **state)
{
	char *timeout = kt_read_file(TIMEOUT, NULL);
	struct kt *t = *state;
	struct drm_panthor_queue_submit good;
	struct kt_gpu gpu;
	uint32_t group;

	assert_non_null(timeout);
	assert_true(kt_write_file(TIMEOUT, "10"));
	kt_gpu_init(&gpu, t->fd);
	group = kt_group(t->fd, gpu.vm, 2, RING);
	kt_gpu_store(&gpu, 0, 1);
	good = kt_gpu_job(&gpu, 0);
	kt_gpu_block(&gpu, 2);
	assert_int_equal(kt_gpu_run(&gpu, group, kt_gpu_job(&gpu, 0)), -ETIMEDOUT);
	assert_true(kt_write_file(TIMEOUT, timeout));
	free(timeout);
	assert_state(t->fd, group, DRM_PANTHOR_GROUP_STATE_TIMEDOUT, 0);
	assert_dead(&gpu, group, good);
	assert_int_equal(gpu.words[0], 0);
}

/* One bad job among good ones: what the good ones would do is not done. */
static void test_all_or_none(void **state)
{
	struct kt *t = *state;
	struct drm_panthor_queue_submit jobs[3], last;
	struct drm_panthor_sync_op syncs[3], no_fence = kt_wait_op(kt_syncobj(t->fd, false), 0);
	const struct drm_panthor_obj_array bad_syncs = DRM_PANTHOR_OBJ_ARRAY(1, &no_fence);
	uint32_t group, i, bad, done[3];
	struct kt_gpu gpu;

	kt_gpu_init(&gpu, t->fd);
	group = kt_group(t->fd, gpu.vm, QUEUES, RING);
	for (i = 0; i < 3; i++) {
		kt_gpu_store(&gpu, i, 1);
		jobs[i] = kt_gpu_job(&gpu, i);
		done[i] = kt_syncobj(t->fd, false);
		syncs[i] = kt_signal_op(done[i], 0);
		jobs[i].syncs = (struct drm_panthor_obj_array)DRM_PANTHOR_OBJ_ARRAY(1, &syncs[i]);
	}
	for (bad = 0; bad < 3; bad++) {
		struct drm_panthor_queue_submit good = jobs[bad];

		jobs[bad].pad = 1;
		kt_expect("one bad", kt_submit(t->fd, group, jobs, 3), -EINVAL);
		jobs[bad] = good;
		jobs[bad].syncs = bad_syncs;
		kt_expect("one waits for nothing", kt_submit(t->fd, group, jobs, 3), -EINVAL);
		jobs[bad] = good;
		for (i = 0; i < 3; i++)
			kt_expect("no fence", kt_syncobj_now(t->fd, done[i], 0), -EINVAL);
	}
	kt_all_expected();

	/* Each queue is in order, so what these find is what the others left. */
	for (i = 0; i < 3; i++) {
		last = (struct drm_panthor_queue_submit){ .queue_index = i };
		assert_int_equal(kt_gpu_run(&gpu, group, last), 1);
		assert_int_equal(gpu.words[i], 0);
	}
	assert_int_equal(kt_submit(t->fd, group, jobs, 3), 0);
	for (i = 0; i < 3; i++) {
		assert_int_equal(kt_syncobj_result(t->fd, done[i]), 1);
		assert_int_equal(gpu.words[i], 1);
	}
}

/* Far more than the ring has room for, behind a job that does not end before they are there. */
static void test_600_sync_points(void **state)
{
	struct kt *t = *state;
	uint32_t done = kt_syncobj(t->fd, false), group;
	struct drm_panthor_sync_op sync;
	struct drm_panthor_queue_submit job = { .syncs = DRM_PANTHOR_OBJ_ARRAY(1, &sync) };
	struct drm_panthor_queue_submit block;
	struct kt_gpu gpu;
	uint64_t i;

	kt_gpu_init(&gpu, t->fd);
	group = kt_group(t->fd, gpu.vm, 1, RING);
	kt_gpu_block(&gpu, 0);
	block = kt_gpu_job(&gpu, 0);
	assert_int_equal(kt_submit(t->fd, group, &block, 1), 0);
	for (i = 1; i <= 600; i++) {
		sync = kt_signal_op(done, i);
		assert_int_equal(kt_submit(t->fd, group, &job, 1), 0);
	}
	assert_int_equal(kt_syncobj_now(t->fd, done, 1), -ETIME);
	assert_int_equal(kt_syncobj_point(t->fd, done), 0);
	gpu.words[0] = 1;
	assert_int_equal(kt_syncobj_wait(t->fd, done, 600), 0);
	assert_int_equal(kt_syncobj_point(t->fd, done), 600);
}

static const struct CMUnitTest tests[] = {
	kt_test(test_kb50_kb54_call),
	kt_test(test_jobs),
	kt_test(test_kb51_kb53_job_array),
	kt_test(test_bad_addresses_are_faults),
	kt_test(test_faulted_group_takes_nothing),
	kt_test(test_timed_out_group_takes_nothing),
	kt_test(test_all_or_none),
	kt_test(test_600_sync_points),
	kt_no_leaks(),
};

kt_main(tests)
