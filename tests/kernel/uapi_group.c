/* SPDX-License-Identifier: MIT */
/* Groups: what a new one may ask for, how many there can be, their state and their end. */
#include "kt_gpu.h"

#define RING	   4096u
#define GROUPS	   128u
#define QUEUES	   8u
#define FATAL	   DRM_PANTHOR_GROUP_STATE_FATAL_FAULT
#define OTHER_HALF 0x10000u

static const struct drm_panthor_queue_create good_queue = { .ringbuf_size = RING };

static int create_and_destroy(int fd, struct drm_panthor_group_create *args)
{
	int ret = kt_group_create(fd, args);

	if (ret == 0)
		assert_int_equal(kt_group_destroy(fd, args->group_handle), 0);
	return ret;
}

struct create_row {
	const char *name;
	struct drm_panthor_group_create args;
	int want;
};

static void run_creates(int fd, uint32_t vm, const struct create_row *rows, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		struct drm_panthor_group_create args = rows[i].args;

		args.vm_id = vm;
		args.queues = (struct drm_panthor_obj_array)DRM_PANTHOR_OBJ_ARRAY(1, &good_queue);
		kt_expect(rows[i].name, create_and_destroy(fd, &args), rows[i].want);
	}
	kt_all_expected();
}

static void test_priorities_and_pad(void **state)
{
	struct kt *t = *state;
	static const struct create_row rows[] = {
		{ "no cores at all", { .priority = PANTHOR_GROUP_PRIORITY_LOW }, 0 },
		{ "MEDIUM", { .priority = PANTHOR_GROUP_PRIORITY_MEDIUM }, 0 },
		{ "HIGH", { .priority = PANTHOR_GROUP_PRIORITY_HIGH }, 0 },
		{ "REALTIME", { .priority = PANTHOR_GROUP_PRIORITY_REALTIME }, 0 },
		{ "priority 4", { .priority = 4 }, -EINVAL },
		{ "priority 32", { .priority = 32 }, -EINVAL },
		{ "priority 255", { .priority = 255 }, -EINVAL },
		{ "pad", { .pad = 1 }, -EINVAL },
		{ "pad, top bit", { .pad = 1u << 31 }, -EINVAL },
	};

	run_creates(t->fd, kt_vm(t->fd), rows, ARRAY_SIZE(rows));
}

static void test_vm(void **state)
{
	struct kt *t = *state;
	static const struct create_row good = { "good", { .pad = 0 }, 0 };
	static const struct create_row bad = { "not a VM of the file", { .pad = 0 }, -EINVAL };
	int other = kt_open("panthor", true);
	uint32_t vm = kt_vm(t->fd), second = kt_vm(t->fd);

	kt_vm(other);
	run_creates(t->fd, second, &good, 1);
	run_creates(t->fd, 0, &bad, 1);
	run_creates(t->fd, second + 1, &bad, 1);
	run_creates(t->fd, vm | OTHER_HALF, &bad, 1);
	run_creates(other, second, &bad, 1);
	assert_int_equal(kt_vm_destroy(t->fd, second), 0);
	run_creates(t->fd, second, &bad, 1);
}

static void test_core_masks(void **state)
{
	struct kt *t = *state;
	struct drm_panthor_gpu_info gpu;

	kt_gpu_info(t->fd, &gpu);
	const uint64_t shaders = gpu.shader_present, tilers = gpu.tiler_present;
	const uint64_t first = shaders & -shaders, absent = ~shaders & -~shaders;
	const struct create_row rows[] = {
		{ "all compute", { .compute_core_mask = shaders }, 0 },
		{ "first compute", { .compute_core_mask = first }, 0 },
		{ "absent compute", { .compute_core_mask = absent }, -EINVAL },
		{ "absent among all", { .compute_core_mask = shaders | absent }, -EINVAL },
		{ "compute 63", { .compute_core_mask = 1ull << 63 }, -EINVAL },
		{ "all fragment", { .fragment_core_mask = shaders }, 0 },
		{ "absent fragment", { .fragment_core_mask = absent }, -EINVAL },
		{ "fragment 63", { .fragment_core_mask = 1ull << 63 }, -EINVAL },
		{ "all tilers", { .tiler_core_mask = tilers }, 0 },
		{ "absent tiler", { .tiler_core_mask = ~tilers & -~tilers }, -EINVAL },
		{ "tiler 63", { .tiler_core_mask = 1ull << 63 }, -EINVAL },
	};

	run_creates(t->fd, kt_vm(t->fd), rows, ARRAY_SIZE(rows));
}

static void test_core_limits(void **state)
{
	struct kt *t = *state;
	struct drm_panthor_gpu_info gpu;

	kt_gpu_info(t->fd, &gpu);
	const uint64_t all = gpu.shader_present, tilers = gpu.tiler_present, one = all & -all;
	const uint8_t n = (uint8_t)__builtin_popcountll(all);
	const uint8_t n_tilers = (uint8_t)__builtin_popcountll(tilers);
	const struct create_row rows[] = {
		{ "all", { .compute_core_mask = all, .max_compute_cores = n }, 0 },
		{ "fewer", { .compute_core_mask = all, .max_compute_cores = 1 }, 0 },
		{ "more", { .compute_core_mask = all, .max_compute_cores = n + 1 }, -EINVAL },
		{ "two of one", { .compute_core_mask = one, .max_compute_cores = 2 }, -EINVAL },
		{ "one of none", { .max_compute_cores = 1 }, -EINVAL },
		{ "255", { .compute_core_mask = all, .max_compute_cores = 255 }, -EINVAL },
		{ "fragment", { .fragment_core_mask = all, .max_fragment_cores = n }, 0 },
		{ "more", { .fragment_core_mask = all, .max_fragment_cores = n + 1 }, -EINVAL },
		{ "one of none", { .max_fragment_cores = 1 }, -EINVAL },
		{ "of another kind",
		  { .compute_core_mask = all, .max_fragment_cores = 1 },
		  -EINVAL },
		{ "tilers", { .tiler_core_mask = tilers, .max_tiler_cores = n_tilers }, 0 },
		{ "more", { .tiler_core_mask = tilers, .max_tiler_cores = n_tilers + 1 }, -EINVAL },
		{ "one of none", { .max_tiler_cores = 1 }, -EINVAL },
	};

	run_creates(t->fd, kt_vm(t->fd), rows, ARRAY_SIZE(rows));
}

static int create_with(int fd, uint32_t vm, const struct drm_panthor_queue_create *queues,
		       uint32_t count)
{
	struct drm_panthor_group_create args = {
		.queues = DRM_PANTHOR_OBJ_ARRAY(count, queues),
		.vm_id = vm,
	};

	return create_and_destroy(fd, &args);
}

static void test_queues(void **state)
{
	struct kt *t = *state;
	uint32_t vm = kt_vm(t->fd);
	static const struct {
		const char *name;
		struct drm_panthor_queue_create queue;
		int want;
	} rows[] = {
		{ "ring of 4 KiB", { .ringbuf_size = 4096 }, 0 },
		{ "ring of 8 KiB", { .ringbuf_size = 8192 }, 0 },
		{ "ring of 64 KiB", { .ringbuf_size = 65536 }, 0 },
		{ "ring of nothing", { .ringbuf_size = 0 }, -EINVAL },
		{ "ring of 1", { .ringbuf_size = 1 }, -EINVAL },
		{ "ring of 1000", { .ringbuf_size = 1000 }, -EINVAL },
		{ "ring of 2 KiB", { .ringbuf_size = 2048 }, -EINVAL },
		{ "ring of 4 KiB - 1", { .ringbuf_size = 4095 }, -EINVAL },
		{ "ring of 4 KiB + 1", { .ringbuf_size = 4097 }, -EINVAL },
		{ "ring of 12 KiB", { .ringbuf_size = 12288 }, -EINVAL },
		{ "ring of 128 KiB", { .ringbuf_size = 131072 }, -EINVAL },
		{ "ring of 2 GiB", { .ringbuf_size = 1u << 31 }, -EINVAL },
		{ "ring of U32_MAX", { .ringbuf_size = ~0u }, -EINVAL },
		{ "priority 15", { .priority = 15, .ringbuf_size = RING }, 0 },
		{ "priority 16", { .priority = 16, .ringbuf_size = RING }, -EINVAL },
		{ "priority 255", { .priority = 255, .ringbuf_size = RING }, -EINVAL },
		{ "pad 0", { .pad = { 1, 0, 0 }, .ringbuf_size = RING }, -EINVAL },
		{ "pad 1", { .pad = { 0, 1, 0 }, .ringbuf_size = RING }, -EINVAL },
		{ "pad 2", { .pad = { 0, 0, 0x80 }, .ringbuf_size = RING }, -EINVAL },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		struct drm_panthor_queue_create queues[3] = { good_queue, good_queue, good_queue };

		kt_expect(rows[i].name, create_with(t->fd, vm, &rows[i].queue, 1), rows[i].want);
		queues[2] = rows[i].queue;
		kt_expect("as the last of three", create_with(t->fd, vm, queues, 3), rows[i].want);
	}
	kt_all_expected();
}

static void test_queue_count(void **state)
{
	struct kt *t = *state;
	struct drm_panthor_queue_create queues[64];
	static const uint32_t bad[] = { 0, QUEUES + 1, 32, 33, 64, 1u << 31, ~0u };
	uint32_t vm = kt_vm(t->fd), i;

	for (i = 0; i < ARRAY_SIZE(queues); i++)
		queues[i] = good_queue;
	for (i = 1; i <= QUEUES; i++)
		kt_expect("so many slots", create_with(t->fd, vm, queues, i), 0);
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		kt_expect("more than slots, or none", create_with(t->fd, vm, queues, bad[i]),
			  -EINVAL);
	kt_all_expected();
}

/* Where the array of a call that is otherwise good goes. */
struct target {
	int fd;
	uint32_t vm;
};

static int create_of_array(void *arg, const struct drm_panthor_obj_array *array)
{
	const struct target *to = arg;
	struct drm_panthor_group_create args = { .queues = *array, .vm_id = to->vm };

	return create_and_destroy(to->fd, &args);
}

static void test_kb51_kb53_queue_array(void **state)
{
	struct kt *t = *state;
	struct target to = { .fd = t->fd, .vm = kt_vm(t->fd) };
	const struct kt_array array = {
		.call = create_of_array,
		.arg = &to,
		.element = &good_queue,
		.size = sizeof(good_queue),
		.most = QUEUES,
	};

	kt_expect_array_rules(&array);
	kt_all_expected();
}

static void test_ids_and_limit(void **state)
{
	struct kt *t = *state;
	struct drm_panthor_group_create args = {
		.queues = DRM_PANTHOR_OBJ_ARRAY(1, &good_queue),
		.vm_id = kt_vm(t->fd),
	};
	int other = kt_open("panthor", true);
	uint32_t i;

	for (i = 1; i <= GROUPS; i++) {
		assert_int_equal(kt_group_create(t->fd, &args), 0);
		assert_int_equal(args.group_handle, i);
	}
	kt_expect("one more", kt_group_create(t->fd, &args), -EBUSY);
	kt_expect("and again", kt_group_create(t->fd, &args), -EBUSY);
	/* The limit is one of the file. */
	assert_int_equal(kt_group(other, kt_vm(other), 1, RING), 1);
	assert_int_equal(kt_group_destroy(t->fd, 77), 0);
	kt_expect("in the place of another", kt_group_create(t->fd, &args), 0);
	kt_all_expected();
	assert_int_equal(args.group_handle, 77);
}

static void test_destroy_and_state_errors(void **state)
{
	struct kt *t = *state;
	uint32_t vm = kt_vm(t->fd), group = kt_group(t->fd, vm, 1, RING);
	struct drm_panthor_group_destroy pad = { .group_handle = group, .pad = 1 };
	struct drm_panthor_group_get_state state_pad = { .group_handle = group, .pad = 1 };
	int other = kt_open("panthor", true);
	const struct {
		const char *name;
		int fd;
		uint32_t group;
	} unknown[] = {
		{ "group 0", t->fd, 0 },
		{ "unknown", t->fd, group + 1 },
		{ "beyond 16 bits", t->fd, group | OTHER_HALF },
		{ "U32_MAX", t->fd, ~0u },
		{ "of another file", other, group },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(unknown); i++) {
		kt_expect(unknown[i].name, kt_group_state(unknown[i].fd, unknown[i].group, 0, 0),
			  -EINVAL);
		kt_expect("destroy it", kt_group_destroy(unknown[i].fd, unknown[i].group), -EINVAL);
	}
	kt_expect("destroy, pad", kt_ioctl(t->fd, DRM_IOCTL_PANTHOR_GROUP_DESTROY, &pad), -EINVAL);
	kt_expect("state, pad", kt_ioctl(t->fd, DRM_IOCTL_PANTHOR_GROUP_GET_STATE, &state_pad),
		  -EINVAL);
	kt_expect("still there", kt_group_state(t->fd, group, NULL, NULL), 0);
	kt_expect("destroy", kt_group_destroy(t->fd, group), 0);
	kt_expect("twice", kt_group_destroy(t->fd, group), -EINVAL);
	kt_expect("state of it", kt_group_state(t->fd, group, NULL, NULL), -EINVAL);
	kt_all_expected();
}

static void test_state(void **state)
{
	struct kt *t = *state;
	struct kt_gpu gpu;
	uint32_t good, bad, flags, queues;

	kt_gpu_init(&gpu, t->fd);
	good = kt_group(t->fd, gpu.vm, QUEUES, RING);
	bad = kt_group(t->fd, gpu.vm, QUEUES, RING);
	panthor_cs_emit(&gpu.cs, panthor_cs_op(0xff));
	assert_int_equal(kt_gpu_run(&gpu, bad, kt_gpu_job(&gpu, 5)), -EFAULT);

	assert_int_equal(kt_group_state(t->fd, bad, &flags, &queues), 0);
	assert_int_equal(flags, FATAL);
	assert_int_equal(queues, 1 << 5);
	assert_int_equal(kt_group_state(t->fd, good, &flags, &queues), 0);
	assert_int_equal(flags, 0);
	assert_int_equal(queues, 0);
	assert_int_equal(kt_group_destroy(t->fd, bad), 0);
}

/* What is left of the VM is the group's: nothing is mapped, and nothing can be. */
static void test_vm_destroyed_under_a_group(void **state)
{
	struct kt *t = *state;
	struct kt_gpu gpu;
	uint32_t group, flags;

	kt_gpu_init(&gpu, t->fd);
	group = kt_group(t->fd, gpu.vm, 1, RING);
	kt_gpu_store(&gpu, 0, 1);
	assert_int_equal(kt_vm_destroy(t->fd, gpu.vm), 0);
	assert_int_equal(kt_gpu_run(&gpu, group, (struct drm_panthor_queue_submit){ 0 }), 1);
	assert_int_equal(kt_gpu_run(&gpu, group, kt_gpu_job(&gpu, 0)), -EFAULT);
	assert_int_equal(kt_group_state(t->fd, group, &flags, NULL), 0);
	assert_int_equal(flags, FATAL);
	assert_int_equal(gpu.words[0], 0);
	kt_expect("new group for it", create_with(t->fd, gpu.vm, &good_queue, 1), -EINVAL);
	kt_all_expected();
}

/* The jobs of a group end with it, whatever they wait for. */
static void test_destroy_ends_jobs(void **state)
{
	struct kt *t = *state;
	uint32_t done = kt_syncobj(t->fd, false);
	struct drm_panthor_sync_op sync = kt_signal_op(done, 0);
	struct drm_panthor_queue_submit job;
	struct kt_gpu gpu;
	uint32_t group;

	kt_gpu_init(&gpu, t->fd);
	group = kt_group(t->fd, gpu.vm, 1, RING);
	kt_gpu_block(&gpu, 0);
	job = kt_gpu_job(&gpu, 0);
	job.syncs = (struct drm_panthor_obj_array)DRM_PANTHOR_OBJ_ARRAY(1, &sync);
	assert_int_equal(kt_submit(t->fd, group, &job, 1), 0);
	assert_int_equal(kt_syncobj_now(t->fd, done, 0), -ETIME);
	assert_int_equal(kt_group_destroy(t->fd, group), 0);
	assert_int_equal(kt_syncobj_result(t->fd, done), -ECANCELED);
}

static const struct CMUnitTest tests[] = {
	kt_test(test_priorities_and_pad),
	kt_test(test_vm),
	kt_test(test_core_masks),
	kt_test(test_core_limits),
	kt_test(test_queues),
	kt_test(test_queue_count),
	kt_test(test_kb51_kb53_queue_array),
	kt_test(test_ids_and_limit),
	kt_test(test_destroy_and_state_errors),
	kt_test(test_state),
	kt_test(test_vm_destroyed_under_a_group),
	kt_test(test_destroy_ends_jobs),
	kt_no_leaks(),
};

kt_main(tests)
