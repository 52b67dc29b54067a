// SPDX-License-Identifier: MIT
/* Job batches and the flush id that goes into them. */
#include "device.h"
#include "unit.h"

struct submit_fixture {
	struct fixture *f;
	struct panthor_vm *vm;
	struct panthor_group *group;
	struct panthor_submit *submit;
};

static void begin(struct submit_fixture *s, void **state)
{
	struct panthor_group_params params = { .size = sizeof(params), .queue_count = 2 };

	s->f = *state;
	s->vm = new_vm(s->f->dev, 0);
	s->group = NULL;
	s->submit = NULL;
	assert_int_equal(panthor_group_new(s->vm, &params, &s->group), 0);
	assert_int_equal(panthor_submit_new(s->group, &s->submit), 0);
}

static void end(struct submit_fixture *s)
{
	assert_null(panthor_submit_free(s->submit));
	panthor_group_unref(s->group);
	panthor_vm_unref(s->vm);
}

static void new_errors(void **state)
{
	struct submit_fixture s;
	struct panthor_submit *submit = (struct panthor_submit *)0x1;

	begin(&s, state);
	fake_fail(s.f->fake, FAKE_ALLOC, 1, ENOMEM);
	assert_int_equal(panthor_submit_new(s.group, &submit), -ENOMEM);
	assert_ptr_equal(submit, (struct panthor_submit *)0x1);
	assert_null(panthor_submit_free(NULL));
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
	const struct drm_panthor_group_submit *arg;
	const struct drm_panthor_queue_submit *jobs;
	const struct fake_gpu_log *log;
	struct submit_fixture s;
	uint32_t handles[3];

	begin(&s, state);
	arg = &s.f->fake->args[FAKE_GROUP_SUBMIT].group_submit;
	log = &s.f->fake->gpu_log;
	jobs = log->jobs;
	for (int i = 0; i < 3; i++)
		handles[i] = new_syncobj(s.f->dev, i ? 0 : PANTHOR_SYNCOBJ_SIGNALED);

	assert_int_equal(panthor_submit_stream(s.submit, 1, 0x1240, 24, 0x80ffffff), 0);
	assert_int_equal(panthor_submit_wait(s.submit, handles[0], 0), 0);
	assert_int_equal(panthor_submit_signal(s.submit, handles[1], 4), 0);
	assert_int_equal(panthor_submit_stream(s.submit, 0, 0x4000, 8, 3), 0);
	assert_int_equal(panthor_submit_stream(s.submit, 0, 0, 0, 0x7fffffff), 0);
	assert_int_equal(panthor_submit_wait(s.submit, handles[1], 4), 0);
	assert_int_equal(panthor_submit_signal(s.submit, handles[2], 0), 0);

	for (int round = 0; round < 2; round++) {
		assert_int_equal(panthor_submit_run(s.submit), 0);
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
		/* A job without a stream has no flush id. */
		assert_int_equal(jobs[2].stream_addr | jobs[2].stream_size | jobs[2].latest_flush,
				 0);
		assert_int_equal(jobs[2].syncs.count, 2);
		assert_int_equal(log->sync_count, ARRAY_SIZE(want));
		assert_memory_equal(log->syncs, want, sizeof(want));
	}
	assert_int_equal(panthor_syncobj_wait(s.f->dev, &handles[2], NULL, 1, 0, 0, NULL), 0);

	panthor_submit_reset(s.submit);
	assert_int_equal(panthor_submit_run(s.submit), 0);
	assert_int_equal(fake_calls(s.f->fake, FAKE_GROUP_SUBMIT), 2);
	for (int i = 0; i < 3; i++)
		panthor_syncobj_destroy(s.f->dev, handles[i]);
	end(&s);
}

/* More than fits the first allocation, twice, with syncs that move while they grow. */
static void many_jobs(void **state)
{
	struct submit_fixture s;
	uint32_t handle;

	begin(&s, state);
	handle = new_syncobj(s.f->dev, 0);
	for (int round = 0; round < 2; round++) {
		panthor_submit_reset(s.submit);
		for (uint64_t i = 1; i <= 100; i++) {
			assert_int_equal(panthor_submit_stream(s.submit, 0, i * 64, 8, 0), 0);
			assert_int_equal(panthor_submit_signal(s.submit, handle, i), 0);
		}
		assert_int_equal(panthor_submit_run(s.submit), 0);
		assert_int_equal(s.f->fake->gpu_log.sync_count, FAKE_MAX_LOGGED);
		for (uint32_t i = 0; i < FAKE_MAX_LOGGED; i++) {
			assert_int_equal(s.f->fake->gpu_log.jobs[i].stream_addr, (i + 1) * 64);
			assert_int_equal(s.f->fake->gpu_log.syncs[i].timeline_value, i + 1);
		}
	}
	panthor_syncobj_destroy(s.f->dev, handle);
	end(&s);
}

static void stream_errors(void **state)
{
	static const struct {
		uint32_t queue;
		uint64_t va;
		uint32_t size;
		uint32_t flush_id;
	} bad[] = {
		{ 2, 64, 8, 0 },	  { UINT32_MAX, 64, 8, 0 }, { 0, 0, 8, 0 },
		{ 0, 64, 0, 0 },	  { 0, 32, 8, 0 },	    { 0, 64, 12, 0 },
		{ 0, 64, 8, 0x01000000 }, { 0, 64, 8, 0x40000000 },
	};
	struct submit_fixture s;

	begin(&s, state);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(panthor_submit_stream(s.submit, bad[i].queue, bad[i].va,
						       bad[i].size, bad[i].flush_id),
				 -EINVAL);
	}
	fake_fail(s.f->fake, FAKE_ALLOC, 1, ENOMEM);
	assert_int_equal(panthor_submit_stream(s.submit, 0, 64, 8, 0), -ENOMEM);
	assert_int_equal(panthor_submit_wait(s.submit, 1, 0), -EINVAL);
	assert_int_equal(panthor_submit_signal(s.submit, 1, 0), -EINVAL);
	assert_int_equal(panthor_submit_stream(s.submit, 0, 64, 8, 0), 0);
	assert_int_equal(panthor_submit_wait(s.submit, 0, 0), -EINVAL);
	fake_fail(s.f->fake, FAKE_ALLOC, 1, ENOMEM);
	assert_int_equal(panthor_submit_signal(s.submit, 1, 0), -ENOMEM);
	/* Nothing but the one good job is in it. */
	assert_int_equal(panthor_submit_run(s.submit), 0);
	assert_int_equal(s.f->fake->gpu_log.jobs[0].syncs.count, 0);
	end(&s);
}

static void run_errors(void **state)
{
	static const int errors[] = { ENOMEM, EBUSY, ENODEV };
	struct submit_fixture s;
	uint32_t handle;

	begin(&s, state);
	handle = new_syncobj(s.f->dev, 0);
	assert_int_equal(panthor_submit_stream(s.submit, 0, 64, 8, 0), 0);
	for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
		fake_fail(s.f->fake, FAKE_GROUP_SUBMIT, 1, errors[i]);
		assert_int_equal(panthor_submit_run(s.submit), -errors[i]);
	}
	fake_fail(s.f->fake, FAKE_GROUP_SUBMIT, 1, EINTR);
	assert_int_equal(panthor_submit_run(s.submit), 0);

	/* Nothing is queued for the point to wait for, and then there is no such handle. */
	assert_int_equal(panthor_submit_wait(s.submit, handle, 2), 0);
	assert_int_equal(panthor_submit_run(s.submit), -EINVAL);
	panthor_syncobj_destroy(s.f->dev, handle);
	assert_int_equal(panthor_submit_run(s.submit), -ENOENT);
	panthor_submit_reset(s.submit);
	assert_int_equal(panthor_submit_stream(s.submit, 0, 64, 8, 0), 0);
	assert_int_equal(panthor_submit_signal(s.submit, handle, 0), 0);
	assert_int_equal(panthor_submit_run(s.submit), -EINVAL);

	panthor_submit_reset(s.submit);
	assert_int_equal(panthor_submit_stream(s.submit, 0, 64, 8, 0), 0);
	fake_set_group_state(s.f->fake, panthor_device_fd(s.f->dev), panthor_group_handle(s.group),
			     DRM_PANTHOR_GROUP_STATE_FATAL_FAULT, 1);
	assert_int_equal(panthor_submit_run(s.submit), -EINVAL);
	end(&s);
}

static void fences_of_a_stalled_gpu(void **state)
{
	struct submit_fixture s;
	uint64_t point = 1;
	uint32_t handle;

	begin(&s, state);
	handle = new_syncobj(s.f->dev, 0);
	s.f->fake->gpu.stalled = true;
	assert_int_equal(panthor_submit_stream(s.submit, 0, 64, 8, 0), 0);
	assert_int_equal(panthor_submit_signal(s.submit, handle, 1), 0);
	assert_int_equal(panthor_submit_run(s.submit), 0);
	assert_int_equal(panthor_syncobj_wait(s.f->dev, &handle, &point, 1, 0, 0, NULL), -ETIME);
	assert_int_equal(panthor_syncobj_wait(s.f->dev, &handle, &point, 1, 0,
					      PANTHOR_SYNCOBJ_WAIT_AVAILABLE, NULL),
			 0);
	assert_int_equal(panthor_syncobj_query(s.f->dev, handle, &point), 0);
	assert_int_equal(point, 0);
	panthor_syncobj_destroy(s.f->dev, handle);
	end(&s);
}

static void batch_keeps_its_group(void **state)
{
	struct submit_fixture s;

	begin(&s, state);
	panthor_group_unref(s.group);
	panthor_vm_unref(s.vm);
	assert_int_equal(fake_calls(s.f->fake, FAKE_GROUP_DESTROY), 0);
	assert_int_equal(panthor_submit_stream(s.submit, 0, 64, 8, 0), 0);
	assert_int_equal(panthor_submit_run(s.submit), 0);
	panthor_submit_free(s.submit);
	assert_int_equal(fake_calls(s.f->fake, FAKE_GROUP_DESTROY), 1);
	assert_int_equal(fake_calls(s.f->fake, FAKE_VM_DESTROY), 1);
}

static void flush_id_now(void **state)
{
	struct submit_fixture s;

	begin(&s, state);
	assert_int_equal(panthor_submit_stream(s.submit, 0, 0, 0, PANTHOR_FLUSH_ID_NOW), 0);
	assert_int_equal(fake_calls(s.f->fake, FAKE_MMAP), 0);
	assert_int_equal(panthor_submit_stream(s.submit, 0, 64, 8, PANTHOR_FLUSH_ID_NOW), 0);
	assert_int_equal(fake_calls(s.f->fake, FAKE_MMAP), 1);
	assert_int_equal(panthor_submit_run(s.submit), 0);
	assert_int_equal(s.f->fake->gpu_log.jobs[1].latest_flush, s.f->fake->flush_id);
	end(&s);
}

static void flush_id_now_may_fail(void **state)
{
	struct submit_fixture s;

	begin(&s, state);
	fake_fail(s.f->fake, FAKE_MMAP, 1, EINVAL);
	assert_int_equal(panthor_submit_stream(s.submit, 0, 64, 8, PANTHOR_FLUSH_ID_NOW), -EINVAL);
	assert_int_equal(panthor_submit_run(s.submit), 0);
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
		fixture_test(new_errors),
		fixture_test(jobs_are_passed),
		fixture_test(many_jobs),
		fixture_test(stream_errors),
		fixture_test(run_errors),
		fixture_test(fences_of_a_stalled_gpu),
		fixture_test(batch_keeps_its_group),
		fixture_test(flush_id_now),
		fixture_test(flush_id_now_may_fail),
		fixture_test(flush_page_is_mapped_once),
		cmocka_unit_test(flush_page_is_where_the_words_fit),
		fixture_test(flush_id_errors),
	};

	return cmocka_run_group_tests_name("submit", tests, NULL, NULL);
}
