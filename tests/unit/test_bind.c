// SPDX-License-Identifier: MIT
/* Bind batches: contents, order, partial failure, interruption, what they keep alive. */
#include "unit.h"
#include "vm.h"

#define PAGE 4096ull

struct bind_fixture {
	struct fixture *f;
	struct panthor_vm *vm;
	struct panthor_bo *bo;
	struct panthor_bind *bind;
};

static void begin(struct bind_fixture *b, void **state)
{
	b->f = *state;
	b->vm = new_vm(b->f->dev, 0);
	b->bo = new_bo(b->f->dev, 16 * PAGE, 0);
	b->bind = NULL;
	assert_int_equal(panthor_bind_new(b->vm, &b->bind), 0);
}

static void end(struct bind_fixture *b)
{
	assert_null(panthor_bind_free(b->bind));
	panthor_bo_unref(b->bo);
	panthor_vm_unref(b->vm);
}

static void add_maps(struct bind_fixture *b, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		assert_int_equal(panthor_bind_map(b->bind, b->bo, 0, i * PAGE, PAGE, 0), 0);
}

static unsigned int mapped(const struct bind_fixture *b)
{
	return fake_mapping_count(b->f->fake, panthor_device_fd(b->f->dev), panthor_vm_id(b->vm));
}

static void expect_run(struct bind_fixture *b, int error, uint32_t done)
{
	uint32_t ret_done = 12345;

	assert_int_equal(panthor_bind_run(b->bind, &ret_done), error);
	assert_int_equal(ret_done, done);
}

static void new_errors(void **state)
{
	struct fixture *f = *state;
	struct panthor_vm *vm = new_vm(f->dev, 0);
	struct panthor_bind *bind = (struct panthor_bind *)0x1;

	fake_fail(f->fake, FAKE_ALLOC, 1, ENOMEM);
	assert_int_equal(panthor_bind_new(vm, &bind), -ENOMEM);
	assert_ptr_equal(bind, (struct panthor_bind *)0x1);
	assert_null(panthor_bind_free(NULL));
	panthor_vm_unref(vm);
}

static void empty_batch_asks_nothing(void **state)
{
	struct bind_fixture b;

	begin(&b, state);
	expect_run(&b, 0, 0);
	assert_int_equal(panthor_bind_run(b.bind, NULL), 0);
	assert_int_equal(panthor_bind_queue(b.bind), 0);
	assert_int_equal(fake_calls(b.f->fake, FAKE_VM_BIND), 0);
	end(&b);
}

static void many_ops_are_one_call(void **state)
{
	const struct drm_panthor_vm_bind *arg;
	struct bind_fixture b;

	begin(&b, state);
	arg = &b.f->fake->args[FAKE_VM_BIND].vm_bind;
	add_maps(&b, 1000);
	assert_int_equal(panthor_bind_unmap(b.bind, 0, 10 * PAGE), 0);
	assert_int_equal(panthor_bind_map(b.bind, NULL, 0, 4 * PAGE, 2 * PAGE, PANTHOR_MAP_SPARSE),
			 0);
	expect_run(&b, 0, 1002);

	assert_int_equal(fake_calls(b.f->fake, FAKE_VM_BIND), 1);
	assert_int_equal(arg->vm_id, panthor_vm_id(b.vm));
	assert_int_equal(arg->flags, 0);
	assert_int_equal(arg->ops.stride, 48);
	assert_int_equal(arg->ops.count, 1002);
	assert_int_equal(b.f->fake->gpu_log.ops[63].va, 63 * PAGE);
	assert_int_equal(b.f->fake->gpu_log.ops[63].bo_handle, panthor_bo_handle(b.bo));
	/* In order: the unmap took ten away, the sparse map came on top. */
	assert_int_equal(mapped(&b), 991);

	/* It is still there to be run, queued, or emptied and filled anew. */
	expect_run(&b, 0, 1002);
	assert_int_equal(panthor_bind_queue(b.bind), 0);
	assert_int_equal(arg->flags, DRM_PANTHOR_VM_BIND_ASYNC);
	panthor_bind_reset(b.bind);
	assert_int_equal(panthor_bind_unmap(b.bind, 0, 2000 * PAGE), 0);
	expect_run(&b, 0, 1);
	assert_int_equal(b.f->fake->gpu_log.op_count, 1);
	assert_int_equal(mapped(&b), 0);
	end(&b);
}

/* The errors of single ops are found when they are added, and leave the batch as it was. */
static void adding_checks(void **state)
{
	struct bind_fixture b;

	begin(&b, state);
	assert_int_equal(panthor_bind_map(b.bind, b.bo, 0, 1, PAGE, 0), -EINVAL);
	assert_int_equal(panthor_bind_map(b.bind, NULL, 0, PAGE, PAGE, 0), -EINVAL);
	assert_int_equal(panthor_bind_unmap(b.bind, 0, 0), -EINVAL);
	for (unsigned int nth = 1; nth <= 2; nth++) {
		fake_fail(b.f->fake, FAKE_ALLOC, nth, ENOMEM);
		assert_int_equal(panthor_bind_map(b.bind, b.bo, 0, PAGE, PAGE, 0), -ENOMEM);
		if (nth == 1)
			fake_fail(b.f->fake, FAKE_ALLOC, 1, ENOMEM);
		assert_int_equal(panthor_bind_unmap(b.bind, 0, PAGE), nth == 1 ? -ENOMEM : 0);
	}
	expect_run(&b, 0, 1);
	end(&b);
}

static void partial_failure_is_counted(void **state)
{
	static const int errors[] = { ENOMEM, EINVAL, ENODEV };
	struct bind_fixture b;

	begin(&b, state);
	add_maps(&b, 5);
	for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
		b.f->fake->gpu.bind_fails_after = 3;
		b.f->fake->gpu.bind_error = errors[i];
		expect_run(&b, -errors[i], 3);
		assert_int_equal(mapped(&b), 3);
	}
	assert_int_equal(panthor_vm_is_usable(b.vm), 1);

	b.f->fake->gpu.bind_fails_after = 0;
	b.f->fake->gpu.bind_error = ENOMEM;
	expect_run(&b, -ENOMEM, 0);
	end(&b);
}

/* The kernel came to no op, so it leaves the count as it was given. */
static void refused_batch_did_nothing(void **state)
{
	struct bind_fixture b;

	begin(&b, state);
	add_maps(&b, 5);
	fake_fail(b.f->fake, FAKE_VM_BIND, 1, ENODEV);
	expect_run(&b, -ENODEV, 0);
	assert_int_equal(mapped(&b), 0);
	end(&b);
}

/*
 * A signal after the third op: the kernel comes back with count 3. Repeated as it is, the call
 * would do the first three again and report success.
 */
static void interrupted_batch_goes_on(void **state)
{
	static const int errors[] = { EINTR, EAGAIN };
	struct bind_fixture b;

	for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
		begin(&b, state);
		add_maps(&b, 5);
		b.f->fake->gpu.bind_fails_after = 3;
		b.f->fake->gpu.bind_error = errors[i];
		expect_run(&b, 0, 5);
		assert_int_equal(mapped(&b), 5);
		assert_int_equal(b.f->fake->gpu_log.op_count, 2);
		assert_int_equal(b.f->fake->gpu_log.ops[0].va, 3 * PAGE);
		end(&b);
	}
}

static void interrupted_batch_may_fail_later(void **state)
{
	struct bind_fixture b;

	begin(&b, state);
	add_maps(&b, 5);
	b.f->fake->gpu.bind_fails_after = 1;
	b.f->fake->gpu.bind_error = EINTR;
	/* The first call is interrupted, the second refused as a whole. */
	fake_fail(b.f->fake, FAKE_VM_BIND, 2, ENOMEM);
	expect_run(&b, -ENOMEM, 1);
	end(&b);
}

static void queue_places_the_syncs(void **state)
{
	static const struct drm_panthor_sync_op want[] = {
		{ 0, 1, 0 },
		{ 1, 2, 7 },
		{ 0x80000000, 3, 0 },
		{ 1, 2, 6 },
		{ 0x80000001, 2, 9 },
		{ 0x80000000, 1, 0 },
		{ 0x80000001, 4, 1ull << 40 },
	};
	static const uint32_t counts[] = { 3, 0, 4 };
	const struct fake_gpu_log *log;
	struct bind_fixture b;
	uint32_t handles[4];

	begin(&b, state);
	log = &b.f->fake->gpu_log;
	for (int i = 0; i < 4; i++)
		handles[i] = new_syncobj(b.f->dev, PANTHOR_SYNCOBJ_SIGNALED);
	assert_int_equal(panthor_syncobj_signal(b.f->dev, handles[1], 8), 0);

	/* Those of the batch come whenever they come, those of an op after it. */
	assert_int_equal(panthor_bind_signal(b.bind, PANTHOR_BIND_BATCH, handles[0], 0), 0);
	add_maps(&b, 1);
	assert_int_equal(panthor_bind_wait(b.bind, PANTHOR_BIND_BATCH, handles[0], 0), 0);
	assert_int_equal(panthor_bind_signal(b.bind, PANTHOR_BIND_LAST_OP, handles[2], 0), 0);
	add_maps(&b, 2);
	assert_int_equal(panthor_bind_wait(b.bind, PANTHOR_BIND_LAST_OP, handles[1], 6), 0);
	assert_int_equal(panthor_bind_signal(b.bind, PANTHOR_BIND_BATCH, handles[3], 1ull << 40),
			 0);
	assert_int_equal(panthor_bind_signal(b.bind, PANTHOR_BIND_LAST_OP, handles[1], 9), 0);
	assert_int_equal(panthor_bind_wait(b.bind, PANTHOR_BIND_BATCH, handles[1], 7), 0);

	for (int round = 0; round < 2; round++) {
		assert_int_equal(panthor_bind_queue(b.bind), 0);
		assert_int_equal(b.f->fake->args[FAKE_VM_BIND].vm_bind.flags, 1);
		assert_int_equal(log->op_count, 3);
		assert_int_equal(log->sync_count, ARRAY_SIZE(want));
		assert_memory_equal(log->syncs, want, sizeof(want));
		for (int i = 0; i < 3; i++) {
			assert_int_equal(log->ops[i].syncs.stride, 16);
			assert_int_equal(log->ops[i].syncs.count, counts[i]);
		}
	}
	/* Emptied, it has none of them left. */
	panthor_bind_reset(b.bind);
	add_maps(&b, 3);
	assert_int_equal(panthor_bind_queue(b.bind), 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(log->ops[i].syncs.count, 0);
	for (int i = 0; i < 4; i++)
		assert_int_equal(panthor_syncobj_destroy(b.f->dev, handles[i]), 0);
	end(&b);
}

static void syncs_alone_are_an_op(void **state)
{
	const struct drm_panthor_vm_bind_op *op;
	struct bind_fixture b;
	uint32_t handle;

	begin(&b, state);
	op = &b.f->fake->gpu_log.ops[0];
	handle = new_syncobj(b.f->dev, 0);
	assert_int_equal(panthor_bind_signal(b.bind, PANTHOR_BIND_BATCH, handle, 3), 0);
	assert_int_equal(panthor_bind_queue(b.bind), 0);
	assert_int_equal(op->flags, DRM_PANTHOR_VM_BIND_OP_TYPE_SYNC_ONLY);
	assert_int_equal(op->bo_handle | op->bo_offset | op->va | op->size, 0);
	assert_int_equal(op->syncs.count, 1);
	assert_int_equal(panthor_syncobj_wait(b.f->dev, &handle, (uint64_t[]){ 3 }, 1, 0, 0, NULL),
			 0);
	panthor_syncobj_destroy(b.f->dev, handle);
	end(&b);
}

static void sync_errors(void **state)
{
	struct bind_fixture b;
	uint32_t handle;

	begin(&b, state);
	handle = new_syncobj(b.f->dev, 0);
	assert_int_equal(panthor_bind_wait(b.bind, PANTHOR_BIND_BATCH, 0, 1), -EINVAL);
	assert_int_equal(panthor_bind_signal(b.bind, PANTHOR_BIND_LAST_OP, handle, 1), -EINVAL);
	assert_int_equal(panthor_bind_wait(b.bind, (enum panthor_bind_scope)2, handle, 1), -EINVAL);
	fake_fail(b.f->fake, FAKE_ALLOC, 1, ENOMEM);
	assert_int_equal(panthor_bind_wait(b.bind, PANTHOR_BIND_BATCH, handle, 1), -ENOMEM);
	add_maps(&b, 1);
	fake_fail(b.f->fake, FAKE_ALLOC, 1, ENOMEM);
	assert_int_equal(panthor_bind_signal(b.bind, PANTHOR_BIND_LAST_OP, handle, 1), -ENOMEM);

	/* Nothing of all that is in the batch; with a sync in it, it cannot be run at once. */
	expect_run(&b, 0, 1);
	assert_int_equal(panthor_bind_wait(b.bind, PANTHOR_BIND_LAST_OP, handle, 1), 0);
	expect_run(&b, -EINVAL, 0);

	/* Nothing was ever queued for the point; then the handle is gone. */
	assert_int_equal(panthor_bind_queue(b.bind), -EINVAL);
	panthor_syncobj_destroy(b.f->dev, handle);
	assert_int_equal(panthor_bind_queue(b.bind), -ENOENT);
	panthor_bind_reset(b.bind);
	assert_int_equal(panthor_bind_signal(b.bind, PANTHOR_BIND_BATCH, handle, 1), 0);
	assert_int_equal(panthor_bind_queue(b.bind), -EINVAL);
	fake_fail(b.f->fake, FAKE_VM_BIND, 1, ENOMEM);
	assert_int_equal(panthor_bind_queue(b.bind), -ENOMEM);
	end(&b);
}

/* A queued batch that was interrupted has not begun: it is repeated whole. */
static void interrupted_queue_is_repeated(void **state)
{
	struct bind_fixture b;

	begin(&b, state);
	add_maps(&b, 3);
	fake_fail(b.f->fake, FAKE_VM_BIND, 1, EINTR);
	assert_int_equal(panthor_bind_queue(b.bind), 0);
	assert_int_equal(fake_calls(b.f->fake, FAKE_VM_BIND), 2);
	assert_int_equal(b.f->fake->gpu_log.op_count, 3);
	end(&b);
}

static void batch_keeps_bo_and_vm(void **state)
{
	struct bind_fixture b;

	begin(&b, state);
	add_maps(&b, 2);
	panthor_bo_unref(b.bo);
	panthor_vm_unref(b.vm);
	assert_int_equal(fake_calls(b.f->fake, FAKE_GEM_CLOSE), 0);
	expect_run(&b, 0, 2);
	panthor_bind_reset(b.bind);
	assert_int_equal(fake_calls(b.f->fake, FAKE_GEM_CLOSE), 1);
	assert_int_equal(fake_calls(b.f->fake, FAKE_VM_DESTROY), 0);
	panthor_bind_free(b.bind);
	assert_int_equal(fake_calls(b.f->fake, FAKE_VM_DESTROY), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fixture_test(new_errors),
		fixture_test(empty_batch_asks_nothing),
		fixture_test(many_ops_are_one_call),
		fixture_test(adding_checks),
		fixture_test(partial_failure_is_counted),
		fixture_test(refused_batch_did_nothing),
		fixture_test(interrupted_batch_goes_on),
		fixture_test(interrupted_batch_may_fail_later),
		fixture_test(queue_places_the_syncs),
		fixture_test(syncs_alone_are_an_op),
		fixture_test(sync_errors),
		fixture_test(interrupted_queue_is_repeated),
		fixture_test(batch_keeps_bo_and_vm),
	};

	return cmocka_run_group_tests_name("bind", tests, NULL, NULL);
}
