// SPDX-License-Identifier: MIT
/* Groups and tiler heaps. */
#include "unit.h"

#define GROUP_UNTOUCHED ((struct panthor_group *)0x1)
#define HEAP_UNTOUCHED	((struct panthor_tiler_heap *)0x1)

static void expect_group_error(struct panthor_vm *vm, const struct panthor_group_params *params,
			       int error)
{
	struct panthor_group *group = GROUP_UNTOUCHED;

	assert_int_equal(panthor_group_new(vm, params, &group), error);
	assert_ptr_equal(group, GROUP_UNTOUCHED);
}

static struct panthor_group *new_group(struct panthor_vm *vm,
				       const struct panthor_group_params *params)
{
	struct panthor_group *group = NULL;

	assert_int_equal(panthor_group_new(vm, params, &group), 0);
	return group;
}

static void defaults_are_everything_at_medium(void **state)
{
	struct fixture *f = *state;
	struct panthor_vm *vm = new_vm(f->dev, 0);
	struct panthor_group *group = new_group(vm, NULL);
	const struct drm_panthor_group_create *arg = &f->fake->args[FAKE_GROUP_CREATE].group_create;

	assert_int_equal(arg->queues.stride, 8);
	assert_int_equal(arg->queues.count, 1);
	assert_int_equal(arg->max_compute_cores, 4);
	assert_int_equal(arg->max_fragment_cores, 4);
	assert_int_equal(arg->max_tiler_cores, 1);
	assert_int_equal(arg->priority, PANTHOR_GROUP_PRIORITY_MEDIUM);
	assert_int_equal(arg->pad, 0);
	assert_int_equal(arg->compute_core_mask, 0x50005);
	assert_int_equal(arg->fragment_core_mask, 0x50005);
	assert_int_equal(arg->tiler_core_mask, 1);
	assert_int_equal(arg->vm_id, panthor_vm_id(vm));
	assert_int_equal(f->fake->gpu_log.queues[0].priority, 0);
	assert_int_equal(f->fake->gpu_log.queues[0].ringbuf_size, 65536);
	assert_int_equal(panthor_group_handle(group), 1);
	panthor_group_unref(group);
	panthor_vm_unref(vm);
}

static void params_are_passed(void **state)
{
	struct panthor_group_params params = {
		.size = sizeof(params),
		.priority = PANTHOR_GROUP_LOW,
		.queue_count = 3,
		.ring_size = 8192,
		.compute_cores = 0x10001,
		.fragment_cores = 0x4,
		.tiler_cores = 1,
		.queue_priorities = { 15, 0, 7 },
	};
	struct fixture *f = *state;
	struct panthor_vm *vm = new_vm(f->dev, 0);
	struct panthor_group *group = new_group(vm, &params);
	const struct drm_panthor_group_create *arg = &f->fake->args[FAKE_GROUP_CREATE].group_create;

	assert_int_equal(arg->queues.count, 3);
	assert_int_equal(arg->max_compute_cores, 2);
	assert_int_equal(arg->max_fragment_cores, 1);
	assert_int_equal(arg->priority, PANTHOR_GROUP_PRIORITY_LOW);
	assert_int_equal(arg->compute_core_mask, 0x10001);
	assert_int_equal(arg->fragment_core_mask, 4);
	for (int i = 0; i < 3; i++) {
		const struct drm_panthor_queue_create *queue = &f->fake->gpu_log.queues[i];

		assert_int_equal(queue->priority, params.queue_priorities[i]);
		assert_int_equal(queue->ringbuf_size, 8192);
		assert_int_equal(queue->pad[0] | queue->pad[1] | queue->pad[2], 0);
	}
	panthor_group_unref(group);
	panthor_vm_unref(vm);
}

/* A caller built with another version of the library. */
static void params_of_other_sizes(void **state)
{
	struct {
		struct panthor_group_params params;
		uint64_t newer;
	} longer = { .params = { .size = sizeof(longer), .queue_count = 2 } };
	struct panthor_group_params shorter = {
		.size = offsetof(struct panthor_group_params, ring_size),
		.queue_count = 2,
		.ring_size = 1,
	};
	struct fixture *f = *state;
	struct panthor_vm *vm = new_vm(f->dev, 0);

	panthor_group_unref(new_group(vm, &longer.params));
	assert_int_equal(f->fake->args[FAKE_GROUP_CREATE].group_create.queues.count, 2);
	longer.newer = 1ull << 63;
	expect_group_error(vm, &longer.params, -E2BIG);

	panthor_group_unref(new_group(vm, &shorter));
	assert_int_equal(f->fake->gpu_log.queues[1].ringbuf_size, 65536);
	shorter.size = 3;
	expect_group_error(vm, &shorter, -EINVAL);
	shorter.size = 0;
	expect_group_error(vm, &shorter, -EINVAL);
	panthor_vm_unref(vm);
}

static void bad_params_are_einval(void **state)
{
	static const struct panthor_group_params bad[] = {
		{ .priority = 5 },
		{ .queue_count = FAKE_MAX_QUEUES + 1 },
		{ .queue_count = PANTHOR_GROUP_MAX_QUEUES + 1 },
		{ .queue_count = UINT32_MAX },
		{ .ring_size = 2048 },
		{ .ring_size = 12288 },
		{ .ring_size = 131072 },
		{ .compute_cores = 2 },
		{ .fragment_cores = 1ull << 63 },
		{ .tiler_cores = 2 },
		{ .queue_priorities = { 16 } },
	};
	struct fixture *f = *state;
	struct panthor_vm *vm = new_vm(f->dev, 0);

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct panthor_group_params params = bad[i];

		params.size = sizeof(params);
		expect_group_error(vm, &params, -EINVAL);
	}
	panthor_vm_unref(vm);
}

static void priorities(void **state)
{
	struct panthor_group_params params = { .size = sizeof(params) };
	static const int unprivileged[] = { 0, 0, 0, -EACCES, -EACCES };
	struct fixture *f = *state;
	struct panthor_vm *vm = new_vm(f->dev, 0);

	for (uint32_t i = 0; i < ARRAY_SIZE(unprivileged); i++) {
		params.priority = i;
		if (unprivileged[i])
			expect_group_error(vm, &params, unprivileged[i]);
		f->fake->gpu.privileged = true;
		panthor_group_unref(new_group(vm, &params));
		assert_int_equal(f->fake->args[FAKE_GROUP_CREATE].group_create.priority,
				 i ? i - 1 : 1);
		f->fake->gpu.privileged = false;
	}
	panthor_vm_unref(vm);
}

static void realtime_needs_minor_2(void **state)
{
	struct panthor_group_params params = { .size = sizeof(params),
					       .priority = PANTHOR_GROUP_REALTIME };
	struct fake *fake = fake_new(1);
	struct panthor_device *dev = open_fake(fake);
	struct panthor_vm *vm = new_vm(dev, 0);

	fake->gpu.privileged = true;
	expect_group_error(vm, &params, -EOPNOTSUPP);
	params.priority = PANTHOR_GROUP_HIGH;
	panthor_group_unref(new_group(vm, &params));
	panthor_vm_unref(vm);
	panthor_device_unref(dev);
	assert_int_equal(fake_free(fake), 0);
}

static void group_errors(void **state)
{
	static const int errors[] = { EINVAL, EACCES, EBUSY, ENOMEM, ENODEV };
	struct panthor_group *groups[FAKE_MAX_GROUPS];
	struct fixture *f = *state;
	struct panthor_vm *vm = new_vm(f->dev, 0);

	for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
		fake_fail(f->fake, FAKE_GROUP_CREATE, 1, errors[i]);
		expect_group_error(vm, NULL, -errors[i]);
	}
	fake_fail(f->fake, FAKE_ALLOC, 1, ENOMEM);
	expect_group_error(vm, NULL, -ENOMEM);
	f->fake->bogus_handle = true;
	expect_group_error(vm, NULL, -EPROTO);
	f->fake->bogus_handle = false;

	for (unsigned int i = 0; i < FAKE_MAX_GROUPS; i++)
		groups[i] = new_group(vm, NULL);
	expect_group_error(vm, NULL, -EBUSY);
	for (unsigned int i = 0; i < FAKE_MAX_GROUPS; i++)
		panthor_group_unref(groups[i]);
	panthor_vm_unref(vm);
}

static void group_keeps_its_vm(void **state)
{
	struct fixture *f = *state;
	struct panthor_vm *vm = new_vm(f->dev, 0);
	struct panthor_group *group = new_group(vm, NULL);

	panthor_vm_unref(vm);
	assert_null(panthor_group_unref(NULL));
	assert_int_equal(panthor_group_info(group)->handle, 1);
	assert_int_equal(panthor_group_info(group)->queue_count, 1);
	assert_int_equal(fake_calls(f->fake, FAKE_GROUP_DESTROY), 0);
	assert_int_equal(fake_calls(f->fake, FAKE_VM_DESTROY), 0);
	assert_null(panthor_group_unref(group));
	assert_int_equal(f->fake->args[FAKE_GROUP_DESTROY].group_destroy.group_handle, 1);
	assert_int_equal(f->fake->args[FAKE_GROUP_DESTROY].group_destroy.pad, 0);
	assert_int_equal(fake_calls(f->fake, FAKE_VM_DESTROY), 1);
}

static void state_is_told(void **state)
{
	struct fixture *f = *state;
	struct panthor_vm *vm = new_vm(f->dev, 0);
	struct panthor_group *group = new_group(vm, NULL);
	uint32_t flags = 77, queues = 77;

	assert_int_equal(panthor_group_state(group, &flags, &queues), 0);
	assert_int_equal(flags, 0);
	assert_int_equal(queues, 0);
	fake_set_group_state(f->fake, panthor_device_fd(f->dev), 1,
			     DRM_PANTHOR_GROUP_STATE_TIMEDOUT | DRM_PANTHOR_GROUP_STATE_FATAL_FAULT,
			     5);
	assert_int_equal(panthor_group_state(group, &flags, NULL), 0);
	assert_int_equal(flags, PANTHOR_GROUP_TIMEDOUT | PANTHOR_GROUP_FATAL_FAULT);
	assert_int_equal(panthor_group_state(group, &flags, &queues), 0);
	assert_int_equal(queues, 5);
	assert_int_equal(f->fake->args[FAKE_GROUP_GET_STATE].group_get_state.group_handle, 1);
	assert_int_equal(f->fake->args[FAKE_GROUP_GET_STATE].group_get_state.pad, 0);

	flags = 77;
	fake_fail(f->fake, FAKE_GROUP_GET_STATE, 1, ENODEV);
	assert_int_equal(panthor_group_state(group, &flags, &queues), -ENODEV);
	assert_int_equal(flags, 77);
	panthor_group_unref(group);
	panthor_vm_unref(vm);
}

static void expect_heap_error(struct panthor_vm *vm, const struct panthor_tiler_heap_params *params,
			      int error)
{
	struct panthor_tiler_heap *heap = HEAP_UNTOUCHED;

	assert_int_equal(panthor_tiler_heap_new(vm, params, &heap), error);
	assert_ptr_equal(heap, HEAP_UNTOUCHED);
}

static struct panthor_tiler_heap *new_heap(struct panthor_vm *vm,
					   const struct panthor_tiler_heap_params *params)
{
	struct panthor_tiler_heap *heap = NULL;

	assert_int_equal(panthor_tiler_heap_new(vm, params, &heap), 0);
	return heap;
}

static void heap_params_are_passed(void **state)
{
	struct panthor_tiler_heap_params params = { sizeof(params), 1 << 20, 2, 9, 4 };
	struct fixture *f = *state;
	struct panthor_vm *vm = new_vm(f->dev, 0);
	struct panthor_tiler_heap *heap = new_heap(vm, NULL), *other;
	const struct drm_panthor_tiler_heap_create *arg =
		&f->fake->args[FAKE_TILER_HEAP_CREATE].tiler_heap_create;

	assert_int_equal(arg->vm_id, panthor_vm_id(vm));
	assert_int_equal(arg->initial_chunk_count, 5);
	assert_int_equal(arg->chunk_size, 2 << 20);
	assert_int_equal(arg->max_chunks, 64);
	assert_int_equal(arg->target_in_flight, 65535);
	other = new_heap(vm, &params);
	assert_int_equal(arg->initial_chunk_count, 2);
	assert_int_equal(arg->chunk_size, 1 << 20);
	assert_int_equal(arg->max_chunks, 9);
	assert_int_equal(arg->target_in_flight, 4);

	assert_int_equal(panthor_tiler_heap_info(heap)->handle, 1 << 16);
	assert_int_equal(panthor_tiler_heap_info(other)->handle, 1 << 16 | 1);
	assert_int_equal(panthor_tiler_heap_info(other)->context_va, (1ull << 47) + 64);
	assert_int_equal(panthor_tiler_heap_info(heap)->first_chunk_va, (1ull << 47) + (64 << 20));
	panthor_tiler_heap_unref(heap);
	panthor_tiler_heap_unref(other);
	panthor_vm_unref(vm);
}

static void heap_errors(void **state)
{
	static const struct panthor_tiler_heap_params bad[] = {
		{ 20, 64 << 10, 1, 1, 1 },
		{ 20, 16 << 20, 1, 1, 1 },
		{ 20, (1 << 20) + 1, 1, 1, 1 },
		{ 20, 1 << 20, 65, 64, 1 },
		{ 2, 0, 0, 0, 0 },
	};
	uint32_t longer[6] = { sizeof(longer), 0, 0, 0, 0, 1 };
	struct panthor_tiler_heap_params params;
	struct fixture *f = *state;
	struct panthor_vm *vm = new_vm(f->dev, 0);

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		expect_heap_error(vm, &bad[i], -EINVAL);
	assert_true(sizeof(params) < sizeof(longer));
	expect_heap_error(vm, (const struct panthor_tiler_heap_params *)longer, -E2BIG);
	fake_fail(f->fake, FAKE_TILER_HEAP_CREATE, 1, ENOMEM);
	expect_heap_error(vm, NULL, -ENOMEM);
	fake_fail(f->fake, FAKE_ALLOC, 1, ENOMEM);
	expect_heap_error(vm, NULL, -ENOMEM);

	for (f->fake->bogus_va = 1; f->fake->bogus_va <= 2; f->fake->bogus_va++)
		expect_heap_error(vm, NULL, -EPROTO);
	assert_int_equal(fake_calls(f->fake, FAKE_TILER_HEAP_DESTROY), 2);
	panthor_vm_unref(vm);
}

static void heap_128_is_the_last(void **state)
{
	struct panthor_tiler_heap *heaps[FAKE_MAX_HEAPS];
	struct fixture *f = *state;
	struct panthor_vm *vm = new_vm(f->dev, 0);

	for (unsigned int i = 0; i < FAKE_MAX_HEAPS; i++)
		heaps[i] = new_heap(vm, NULL);
	expect_heap_error(vm, NULL, -EBUSY);
	for (unsigned int i = 0; i < FAKE_MAX_HEAPS; i++)
		panthor_tiler_heap_unref(heaps[i]);
	panthor_vm_unref(vm);
}

static void heap_keeps_its_vm(void **state)
{
	struct fixture *f = *state;
	struct panthor_vm *vm = new_vm(f->dev, 0);
	struct panthor_tiler_heap *heap = new_heap(vm, NULL);

	panthor_vm_unref(vm);
	assert_null(panthor_tiler_heap_unref(NULL));
	assert_int_equal(fake_calls(f->fake, FAKE_TILER_HEAP_DESTROY), 0);
	assert_int_equal(fake_calls(f->fake, FAKE_VM_DESTROY), 0);
	assert_null(panthor_tiler_heap_unref(heap));
	assert_int_equal(f->fake->args[FAKE_TILER_HEAP_DESTROY].tiler_heap_destroy.handle, 1 << 16);
	assert_int_equal(f->fake->args[FAKE_TILER_HEAP_DESTROY].tiler_heap_destroy.pad, 0);
	assert_int_equal(fake_calls(f->fake, FAKE_VM_DESTROY), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fixture_test(defaults_are_everything_at_medium),
		fixture_test(params_are_passed),
		fixture_test(params_of_other_sizes),
		fixture_test(bad_params_are_einval),
		fixture_test(priorities),
		cmocka_unit_test(realtime_needs_minor_2),
		fixture_test(group_errors),
		fixture_test(group_keeps_its_vm),
		fixture_test(state_is_told),
		fixture_test(heap_params_are_passed),
		fixture_test(heap_errors),
		fixture_test(heap_128_is_the_last),
		fixture_test(heap_keeps_its_vm),
	};

	return cmocka_run_group_tests_name("group", tests, NULL, NULL);
}
