// SPDX-License-Identifier: MIT
/* Jobs, and the flush id that goes into them. */
#include "device.h"
#include "unit.h"

struct submit_fixture {
	struct fixture *f;
	struct panthor_vm *vm;
	struct panthor_group *group;
};

static void begin(struct submit_fixture *s, void **state)
{
	struct panthor_group_params params = { .size = sizeof(params), .queue_count = 2 };

	s->f = *state;
	s->vm = new_vm(s->f->dev, 0);
	s->group = NULL;
	assert_int_equal(panthor_group_new(s->vm, &params, &s->group), 0);
}

static void end(struct submit_fixture *s)
{
	panthor_group_unref(s->group);
	panthor_vm_unref(s->vm);
}

/* A job that the kernel takes, and @syncs for it. */
static struct panthor_job job_with(const struct panthor_sync *syncs, uint32_t count)
{
	return (struct panthor_job){
		.va = 64,
		.size = 8,
		.syncs = syncs,
		.sync_count = count,
	};
}

static void expect(struct submit_fixture *s, const struct panthor_job *job, int error)
{
	assert_int_equal(panthor_group_submit(s->group, job, 1), error);
}

static void no_jobs_ask_nothing(void **state)
{
	struct submit_fixture s;

	begin(&s, state);
	assert_int_equal(panthor_group_submit(s.group, NULL, 0), 0);
	assert_int_equal(fake_calls(s.f->fake, FAKE_GROUP_SUBMIT), 0);
	end(&s);
}

static void jobs_are_passed(void **state)
{
	static const struct drm_panthor_sync_op want[] = {
		{ 0, 1, 0 },
		{ 0x80000001, 2, 4 },
		{ 1, 2, 4 },
		{ 0x80000000, 3, 0 },
	};
	const struct panthor_sync syncs[] = {
		panthor_wait_point(1, 0),
		panthor_signal_point(2, 4),
		panthor_wait_point(2, 4),
		panthor_signal_point(3, 0),
	};
	const struct panthor_job given[] = {
		{ 0x1240, 24, 1, 0x80ffffff, 2, syncs },
		{ 0x4000, 8, 0, 3, 0, NULL },
		{ 0, 0, 0, 0x7fffffff, 2, syncs + 2 },
	};
	const struct drm_panthor_group_submit *arg;
	const struct drm_panthor_queue_submit *jobs;
	const struct fake_gpu_log *log;
	struct submit_fixture s;

	begin(&s, state);
	arg = &s.f->fake->args[FAKE_GROUP_SUBMIT].group_submit;
	log = &s.f->fake->gpu_log;
	jobs = log->jobs;
	for (uint32_t i = 1; i <= 3; i++)
		assert_int_equal(new_syncobj(s.f->dev, i > 1 ? 0 : PANTHOR_SYNCOBJ_SIGNALED), i);

	for (int round = 0; round < 2; round++) {
		assert_int_equal(panthor_group_submit(s.group, given, 3), 0);
		assert_int_equal(arg->group_handle, panthor_group_handle(s.group));
		assert_int_equal(arg->pad, 0);
		assert_int_equal(arg->queue_submits.stride, 40);
		assert_int_equal(arg->queue_submits.count, 3);
		assert_int_equal(jobs[0].queue_index, 1);
		assert_int_equal(jobs[0].stream_addr, 0x1240);
		assert_int_equal(jobs[0].stream_size, 24);
		assert_int_equal(jobs[0].latest_flush, 0x80ffffff);
		assert_int_equal(jobs[0].pad, 0);
		assert_int_equal(jobs[0].syncs.stride, 16);
		assert_int_equal(jobs[0].syncs.count, 2);
		assert_int_equal(jobs[1].syncs.stride, 16);
		assert_int_equal(jobs[1].syncs.count, 0);
		assert_int_equal(jobs[1].syncs.array, 0);
		/* A job without a stream has no flush id. */
		assert_int_equal(jobs[2].stream_addr | jobs[2].stream_size | jobs[2].latest_flush,
				 0);
		assert_int_equal(jobs[2].syncs.count, 2);
		assert_int_equal(log->sync_count, ARRAY_SIZE(want));
		assert_memory_equal(log->syncs, want, sizeof(want));
	}
	assert_int_equal(panthor_syncobj_wait(s.f->dev, &syncs[3].handle, NULL, 1, 0, 0, NULL), 0);
	for (uint32_t handle = 1; handle <= 3; handle++)
		panthor_syncobj_destroy(s.f->dev, handle);
	end(&s);
}

/* More than is on the stack; without memory for them there is none of them. */
static void many_jobs(void **state)
{
	struct panthor_sync syncs[100];
	struct panthor_job jobs[100];
	struct submit_fixture s;
	uint32_t handle;

	begin(&s, state);
	handle = new_syncobj(s.f->dev, 0);
	for (uint32_t i = 0; i < 100; i++) {
		syncs[i] = panthor_signal_point(handle, i + 1);
		jobs[i] = job_with(&syncs[i], 1);
		jobs[i].va = (i + 1) * 64;
	}
	fake_fail(s.f->fake, FAKE_ALLOC, 1, ENOMEM);
	assert_int_equal(panthor_group_submit(s.group, jobs, 5), 0);
	assert_int_equal(panthor_group_submit(s.group, jobs, 100), -ENOMEM);
	assert_int_equal(fake_calls(s.f->fake, FAKE_GROUP_SUBMIT), 1);
	assert_int_equal(panthor_group_submit(s.group, jobs, 100), 0);
	assert_int_equal(s.f->fake->gpu_log.sync_count, FAKE_MAX_LOGGED);
	for (uint32_t i = 0; i < FAKE_MAX_LOGGED; i++) {
		assert_int_equal(s.f->fake->gpu_log.jobs[i].stream_addr, (i + 1) * 64);
		assert_int_equal(s.f->fake->gpu_log.syncs[i].timeline_value, i + 1);
	}
	panthor_syncobj_destroy(s.f->dev, handle);
	end(&s);
}

/* Wherever the wrong one is, the kernel sees none of them. */
static void jobs_are_checked(void **state)
{
	const struct panthor_sync bad_syncs[] = { { 0, PANTHOR_SYNC_SIGNAL, 0 }, { 1, 2, 0 } };
	struct panthor_job jobs[] = {
		{ 64, 8, 2, 0, 0, NULL },	   { 64, 8, UINT32_MAX, 0, 0, NULL },
		{ 0, 8, 0, 0, 0, NULL },	   { 64, 0, 0, 0, 0, NULL },
		{ 32, 8, 0, 0, 0, NULL },	   { 64, 12, 0, 0, 0, NULL },
		{ 64, 8, 0, 0x01000000, 0, NULL }, { 64, 8, 0, 0x40000000, 0, NULL },
		{ 64, 8, 0, 0, 1, &bad_syncs[0] }, { 64, 8, 0, 0, 1, &bad_syncs[1] },
	};
	struct submit_fixture s;

	begin(&s, state);
	for (size_t i = 0; i < ARRAY_SIZE(jobs); i++) {
		const struct panthor_job pair[] = { job_with(NULL, 0), jobs[i] };

		expect(&s, &jobs[i], -EINVAL);
		assert_int_equal(panthor_group_submit(s.group, pair, 2), -EINVAL);
	}
	jobs[8].sync_count = UINT32_MAX;
	assert_int_equal(panthor_group_submit(s.group, jobs + 8, 2), -ENOMEM);
	assert_int_equal(fake_calls(s.f->fake, FAKE_GROUP_SUBMIT), 0);
	end(&s);
}

/* What may mean something to a library to come is refused by this one, not passed over. */
static void reserved_members_are_zero(void **state)
{
	struct panthor_sync sync = { 0 };
	struct panthor_job job = job_with(&sync, 1);
	struct submit_fixture s;

	begin(&s, state);
	sync = panthor_signal_point(new_syncobj(s.f->dev, 0), 1);
	for (size_t i = 0; i < ARRAY_SIZE(job.reserved); i++) {
		job.reserved[i] = 1;
		expect(&s, &job, -EINVAL);
		job.reserved[i] = 0;
	}
	sync.reserved = 1;
	expect(&s, &job, -EINVAL);
	sync.reserved = 0;
	assert_int_equal(fake_calls(s.f->fake, FAKE_GROUP_SUBMIT), 0);
	expect(&s, &job, 0);
	panthor_syncobj_destroy(s.f->dev, sync.handle);
	end(&s);
}

static void submit_errors(void **state)
{
	static const int errors[] = { ENOMEM, EBUSY, ENODEV };
	struct panthor_job plain = job_with(NULL, 0), job;
	struct panthor_sync sync = { 0 };
	struct submit_fixture s;

	begin(&s, state);
	for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
		fake_fail(s.f->fake, FAKE_GROUP_SUBMIT, 1, errors[i]);
		expect(&s, &plain, -errors[i]);
	}
	fake_fail(s.f->fake, FAKE_GROUP_SUBMIT, 1, EINTR);
	expect(&s, &plain, 0);

	/* Nothing is queued for the point to wait for, and then there is no such handle. */
	sync = panthor_wait_point(new_syncobj(s.f->dev, 0), 2);
	job = job_with(&sync, 1);
	expect(&s, &job, -EINVAL);
	panthor_syncobj_destroy(s.f->dev, sync.handle);
	expect(&s, &job, -ENOENT);
	sync = panthor_signal_point(sync.handle, 0);
	expect(&s, &job, -EINVAL);

	fake_set_group_state(s.f->fake, panthor_device_fd(s.f->dev), panthor_group_handle(s.group),
			     DRM_PANTHOR_GROUP_STATE_FATAL_FAULT, 1);
	expect(&s, &plain, -EINVAL);
	end(&s);
}

static void fences_of_a_stalled_gpu(void **state)
{
	struct panthor_sync sync = { 0 };
	struct panthor_job job = job_with(&sync, 1);
	struct submit_fixture s;
	uint64_t point = 1;
	uint32_t handle;

	begin(&s, state);
	handle = new_syncobj(s.f->dev, 0);
	s.f->fake->gpu.stalled = true;
	sync = panthor_signal_point(handle, 1);
	expect(&s, &job, 0);
	assert_int_equal(panthor_syncobj_wait(s.f->dev, &handle, &point, 1, 0, 0, NULL), -ETIME);
	assert_int_equal(panthor_syncobj_wait(s.f->dev, &handle, &point, 1, 0,
					      PANTHOR_SYNCOBJ_WAIT_AVAILABLE, NULL),
			 0);
	assert_int_equal(panthor_syncobj_query(s.f->dev, handle, &point), 0);
	assert_int_equal(point, 0);
	panthor_syncobj_destroy(s.f->dev, handle);
	end(&s);
}

static void flush_id_now(void **state)
{
	struct panthor_sync sync = { 0 };
	struct panthor_job without = { .flush_id = PANTHOR_FLUSH_ID_NOW, .syncs = &sync };
	struct panthor_job job = job_with(NULL, 0);
	struct submit_fixture s;

	begin(&s, state);
	job.flush_id = PANTHOR_FLUSH_ID_NOW;
	sync = panthor_signal_point(new_syncobj(s.f->dev, 0), 0);
	without.sync_count = 1;
	expect(&s, &without, 0);
	assert_int_equal(fake_calls(s.f->fake, FAKE_MMAP), 0);
	assert_int_equal(s.f->fake->gpu_log.jobs[0].latest_flush, 0);
	expect(&s, &job, 0);
	assert_int_equal(fake_calls(s.f->fake, FAKE_MMAP), 1);
	assert_int_equal(s.f->fake->gpu_log.jobs[0].latest_flush, s.f->fake->flush_id);
	panthor_syncobj_destroy(s.f->dev, sync.handle);
	end(&s);
}

static void flush_id_now_may_fail(void **state)
{
	struct panthor_job job = job_with(NULL, 0);
	struct submit_fixture s;

	begin(&s, state);
	job.flush_id = PANTHOR_FLUSH_ID_NOW;
	fake_fail(s.f->fake, FAKE_MMAP, 1, EINVAL);
	expect(&s, &job, -EINVAL);
	assert_int_equal(fake_calls(s.f->fake, FAKE_GROUP_SUBMIT), 0);
	end(&s);
}

/* Another thread maps the page while this one waits for the lock. */
static void map_first(struct fake *fake, enum fake_call call)
{
	uint32_t id = 0;

	if (call != FAKE_LOCK || !fake->hook)
		return;
	fake->hook = NULL;
	assert_int_equal(panthor_device_flush_id(fake->hook_data, &id), 0);
	assert_int_equal(id, fake->flush_id);
}

static void flush_page_is_mapped_once(void **state)
{
	struct fixture *f = *state;
	uint32_t id = 0;

	f->fake->hook_data = f->dev;
	f->fake->hook = map_first;
	assert_int_equal(panthor_device_flush_id(f->dev, &id), 0);
	assert_int_equal(id, f->fake->flush_id);
	assert_int_equal(fake_calls(f->fake, FAKE_MMAP), 1);
}

/* Both word sizes, with the call that says which and, before 1.5, without. */
static void flush_page_is_where_the_words_fit(void **state)
{
	static const struct {
		uint64_t offset;
		int minor;
		int error;
		unsigned int set_calls;
	} cases[] = {
		{ DRM_PANTHOR_USER_MMIO_OFFSET_64BIT, 9, 0, 1 },
		{ DRM_PANTHOR_USER_MMIO_OFFSET_32BIT, 9, 0, 1 },
		{ DRM_PANTHOR_USER_MMIO_OFFSET_64BIT, 4, 0, 0 },
		/* The fake is a 64-bit kernel, which guesses wrong. */
		{ DRM_PANTHOR_USER_MMIO_OFFSET_32BIT, 4, -EINVAL, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct fake *fake = fake_new(cases[i].minor);
		struct panthor_device *dev = open_fake(fake);
		uint32_t id = 77;

		dev->mmio_offset = cases[i].offset;
		for (int round = 0; round < 2; round++)
			assert_int_equal(panthor_device_flush_id(dev, &id), cases[i].error);
		assert_int_equal(id, cases[i].error ? 77 : fake->flush_id);
		assert_int_equal(fake_calls(fake, FAKE_MMAP), cases[i].error ? 2 : 1);
		assert_int_equal(fake_calls(fake, FAKE_SET_USER_MMIO_OFFSET), cases[i].set_calls);
		if (cases[i].set_calls) {
			assert_int_equal(
				fake->args[FAKE_SET_USER_MMIO_OFFSET].set_user_mmio_offset.offset,
				cases[i].offset);
		}
		panthor_device_unref(dev);
		assert_int_equal(fake_free(fake), 0);
	}
}

static void flush_id_errors(void **state)
{
	static const struct {
		enum fake_call call;
		int error;
	} cases[] = {
		{ FAKE_SET_USER_MMIO_OFFSET, ENODEV },
		{ FAKE_MMAP, ENOMEM },
		{ FAKE_MMAP, EINVAL },
	};
	struct fixture *f = *state;
	uint32_t id = 77;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		fake_fail(f->fake, cases[i].call, 1, cases[i].error);
		assert_int_equal(panthor_device_flush_id(f->dev, &id), -cases[i].error);
		assert_int_equal(id, 77);
	}
	assert_int_equal(panthor_device_flush_id(f->dev, &id), 0);
	assert_int_equal(id, f->fake->flush_id);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fixture_test(no_jobs_ask_nothing),
		fixture_test(jobs_are_passed),
		fixture_test(many_jobs),
		fixture_test(jobs_are_checked),
		fixture_test(reserved_members_are_zero),
		fixture_test(submit_errors),
		fixture_test(fences_of_a_stalled_gpu),
		fixture_test(flush_id_now),
		fixture_test(flush_id_now_may_fail),
		fixture_test(flush_page_is_mapped_once),
		cmocka_unit_test(flush_page_is_where_the_words_fit),
		fixture_test(flush_id_errors),
	};

	return cmocka_run_group_tests_name("submit", tests, NULL, NULL);
}
