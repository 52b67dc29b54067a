// SPDX-License-Identifier: MIT
/* Many bind ops in a call: contents, order, syncs, partial failure, interruption. */
#include "unit.h"
#include "vm.h"

#define PAGE	4096ull
#define MAX_OPS 1024

struct bind_fixture {
	struct fixture *f;
	struct panthor_vm *vm;
	struct panthor_bo *bo;
	struct panthor_bind_op ops[MAX_OPS];
};

static void begin(struct bind_fixture *b, void **state)
{
	b->f = *state;
	b->vm = new_vm(b->f->dev, 0);
	b->bo = new_bo(b->f->dev, 16 * PAGE, 0);
	for (unsigned int i = 0; i < MAX_OPS; i++)
		b->ops[i] = panthor_bind_map(b->bo, 0, i * PAGE, PAGE, 0);
}

static void end(struct bind_fixture *b)
{
	panthor_bo_unref(b->bo);
	panthor_vm_unref(b->vm);
}

static unsigned int mapped(const struct bind_fixture *b)
{
	return fake_mapping_count(b->f->fake, panthor_device_fd(b->f->dev), panthor_vm_id(b->vm));
}

static void expect(struct bind_fixture *b, uint32_t flags, uint32_t count, int error, uint32_t done)
{
	uint32_t ret_done = 12345;

	assert_int_equal(panthor_vm_bind(b->vm, flags, b->ops, count, &ret_done), error);
	assert_int_equal(ret_done, done);
}

static void expect_run(struct bind_fixture *b, uint32_t count, int error, uint32_t done)
{
	expect(b, 0, count, error, done);
}

static void expect_queue(struct bind_fixture *b, uint32_t count, int error)
{
	expect(b, PANTHOR_BIND_ASYNC, count, error, error ? 0 : count);
}

static void no_ops_ask_nothing(void **state)
{
	struct bind_fixture b;

	begin(&b, state);
	expect_run(&b, 0, 0, 0);
	expect_queue(&b, 0, 0);
	assert_int_equal(panthor_vm_bind(b.vm, 0, NULL, 0, NULL), 0);
	assert_int_equal(fake_calls(b.f->fake, FAKE_VM_BIND), 0);
	end(&b);
}

static void many_ops_are_one_call(void **state)
{
	const struct drm_panthor_vm_bind *arg;
	struct bind_fixture b;

	begin(&b, state);
	arg = &b.f->fake->args[FAKE_VM_BIND].vm_bind;
	b.ops[1000] = panthor_bind_unmap(0, 10 * PAGE);
	b.ops[1001] = panthor_bind_map(NULL, 0, 4 * PAGE, 2 * PAGE, PANTHOR_MAP_SPARSE);
	expect_run(&b, 1002, 0, 1002);

	assert_int_equal(fake_calls(b.f->fake, FAKE_VM_BIND), 1);
	assert_int_equal(arg->vm_id, panthor_vm_id(b.vm));
	assert_int_equal(arg->flags, 0);
	assert_int_equal(arg->ops.stride, 48);
	assert_int_equal(arg->ops.count, 1002);
	assert_int_equal(b.f->fake->gpu_log.ops[63].va, 63 * PAGE);
	assert_int_equal(b.f->fake->gpu_log.ops[63].bo_handle, panthor_bo_handle(b.bo));
	/* In order: the unmap took ten away, the sparse map came on top. */
	assert_int_equal(mapped(&b), 991);

	/* The ops are as they were: to be run again, or queued. */
	expect_run(&b, 1002, 0, 1002);
	expect_queue(&b, 1002, 0);
	assert_int_equal(arg->flags, DRM_PANTHOR_VM_BIND_ASYNC);
	b.ops[0] = panthor_bind_unmap(0, 2000 * PAGE);
	expect_run(&b, 1, 0, 1);
	assert_int_equal(b.f->fake->gpu_log.op_count, 1);
	assert_int_equal(mapped(&b), 0);
	end(&b);
}

/* A few ops need no memory, many do. */
static void memory_may_be_short(void **state)
{
	struct bind_fixture b;

	begin(&b, state);
	fake_fail(b.f->fake, FAKE_ALLOC, 1, ENOMEM);
	expect_run(&b, 10, 0, 10);
	expect_run(&b, 100, -ENOMEM, 0);
	assert_int_equal(fake_calls(b.f->fake, FAKE_VM_BIND), 1);
	expect_run(&b, 100, 0, 100);
	end(&b);
}

static void bad_op(struct bind_fixture *b, struct panthor_bind_op op)
{
	b->ops[2] = op;
	expect_run(b, 3, -EINVAL, 0);
	expect_queue(b, 3, -EINVAL);
}

/* Wherever the wrong one is, nothing has been done. */
static void ops_are_checked_first(void **state)
{
	struct panthor_sync sync = panthor_signal_point(1, 0);
	struct panthor_bind_op op;
	struct bind_fixture b;

	begin(&b, state);
	bad_op(&b, panthor_bind_map(b.bo, 0, 1, PAGE, 0));
	bad_op(&b, panthor_bind_map(NULL, 0, PAGE, PAGE, 0));
	bad_op(&b, panthor_bind_unmap(0, 0));
	bad_op(&b, panthor_bind_sync(NULL, 0));
	op = panthor_bind_unmap(0, PAGE);
	op.bo = b.bo;
	bad_op(&b, op);
	op = panthor_bind_unmap(0, PAGE);
	op.bo_offset = PAGE;
	bad_op(&b, op);
	op = panthor_bind_unmap(0, PAGE);
	op.flags = PANTHOR_MAP_NOEXEC;
	bad_op(&b, op);
	op = panthor_bind_sync(&sync, 1);
	op.size = PAGE;
	bad_op(&b, op);
	op = panthor_bind_sync(&sync, 1);
	op.va = PAGE;
	bad_op(&b, op);
	op = panthor_bind_unmap(0, PAGE);
	op.type = 3;
	bad_op(&b, op);
	expect(&b, 2, 1, -EINVAL, 0);
	assert_int_equal(fake_calls(b.f->fake, FAKE_VM_BIND), 0);
	end(&b);
}

/* What may mean something to a library to come is refused by this one, not passed over. */
static void reserved_members_are_zero(void **state)
{
	struct bind_fixture b;

	begin(&b, state);
	for (size_t i = 0; i < ARRAY_SIZE(b.ops[0].reserved); i++) {
		b.ops[0].reserved[i] = 1;
		expect_run(&b, 1, -EINVAL, 0);
		expect_queue(&b, 1, -EINVAL);
		b.ops[0].reserved[i] = 0;
	}
	assert_int_equal(mapped(&b), 0);
	expect_run(&b, 1, 0, 1);
	end(&b);
}

static void partial_failure_is_counted(void **state)
{
	static const int errors[] = { ENOMEM, EINVAL, ENODEV };
	struct bind_fixture b;

	begin(&b, state);
	for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
		b.f->fake->gpu.bind_fails_after = 3;
		b.f->fake->gpu.bind_error = errors[i];
		expect_run(&b, 5, -errors[i], 3);
		assert_int_equal(mapped(&b), 3);
	}
	assert_int_equal(panthor_vm_is_usable(b.vm), 1);

	b.f->fake->gpu.bind_fails_after = 0;
	b.f->fake->gpu.bind_error = ENOMEM;
	expect_run(&b, 5, -ENOMEM, 0);
	end(&b);
}

/* The kernel came to no op, so it leaves the count as it was given. */
static void refused_call_did_nothing(void **state)
{
	struct bind_fixture b;

	begin(&b, state);
	fake_fail(b.f->fake, FAKE_VM_BIND, 1, ENODEV);
	expect_run(&b, 5, -ENODEV, 0);
	assert_int_equal(mapped(&b), 0);
	end(&b);
}

/*
 * A signal after the third op: the kernel comes back with count 3. Repeated as it is, the call
 * would do the first three again and report success.
 */
static void interrupted_call_goes_on(void **state)
{
	static const int errors[] = { EINTR, EAGAIN };
	struct bind_fixture b;

	for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
		begin(&b, state);
		b.f->fake->gpu.bind_fails_after = 3;
		b.f->fake->gpu.bind_error = errors[i];
		expect_run(&b, 5, 0, 5);
		assert_int_equal(mapped(&b), 5);
		assert_int_equal(b.f->fake->gpu_log.op_count, 2);
		assert_int_equal(b.f->fake->gpu_log.ops[0].va, 3 * PAGE);
		end(&b);
	}
}

static void interrupted_call_may_fail_later(void **state)
{
	struct bind_fixture b;

	begin(&b, state);
	b.f->fake->gpu.bind_fails_after = 1;
	b.f->fake->gpu.bind_error = EINTR;
	/* The first call is interrupted, the second refused as a whole. */
	fake_fail(b.f->fake, FAKE_VM_BIND, 2, ENOMEM);
	expect_run(&b, 5, -ENOMEM, 1);
	end(&b);
}

static void set_syncs(struct panthor_bind_op *op, const struct panthor_sync *syncs, uint32_t count)
{
	op->syncs = syncs;
	op->sync_count = count;
}

static void syncs_are_passed(void **state)
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
	struct panthor_sync syncs[ARRAY_SIZE(want)];
	const struct fake_gpu_log *log;
	struct bind_fixture b;
	uint32_t handles[4];

	begin(&b, state);
	log = &b.f->fake->gpu_log;
	for (int i = 0; i < 4; i++)
		handles[i] = new_syncobj(b.f->dev, PANTHOR_SYNCOBJ_SIGNALED);
	assert_int_equal(panthor_syncobj_signal(b.f->dev, handles[1], 8), 0);

	syncs[0] = panthor_wait_point(handles[0], 0);
	syncs[1] = panthor_wait_point(handles[1], 7);
	syncs[2] = panthor_signal_point(handles[2], 0);
	syncs[3] = panthor_wait_point(handles[1], 6);
	syncs[4] = panthor_signal_point(handles[1], 9);
	syncs[5] = panthor_signal_point(handles[0], 0);
	syncs[6] = panthor_signal_point(handles[3], 1ull << 40);
	set_syncs(&b.ops[0], syncs, 3);
	set_syncs(&b.ops[2], syncs + 3, 4);

	expect_queue(&b, 3, 0);
	assert_int_equal(b.f->fake->args[FAKE_VM_BIND].vm_bind.flags, 1);
	assert_int_equal(log->op_count, 3);
	assert_int_equal(log->sync_count, ARRAY_SIZE(want));
	assert_memory_equal(log->syncs, want, sizeof(want));
	for (int i = 0; i < 3; i++) {
		assert_int_equal(log->ops[i].syncs.stride, 16);
		assert_int_equal(log->ops[i].syncs.count, counts[i]);
	}
	/* The library keeps none of them. */
	set_syncs(&b.ops[0], NULL, 0);
	set_syncs(&b.ops[2], NULL, 0);
	expect_queue(&b, 3, 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(log->ops[i].syncs.count, 0);
	for (int i = 0; i < 4; i++)
		assert_int_equal(panthor_syncobj_destroy(b.f->dev, handles[i]), 0);
	end(&b);
}

static void syncs_alone_are_an_op(void **state)
{
	const struct drm_panthor_vm_bind_op *op;
	struct panthor_sync sync;
	struct bind_fixture b;
	uint32_t handle;

	begin(&b, state);
	op = &b.f->fake->gpu_log.ops[0];
	handle = new_syncobj(b.f->dev, 0);
	sync = panthor_signal_point(handle, 3);
	b.ops[0] = panthor_bind_sync(&sync, 1);
	expect_queue(&b, 1, 0);
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
	struct panthor_sync sync = panthor_wait_point(0, 1);
	struct bind_fixture b;

	begin(&b, state);
	set_syncs(&b.ops[0], &sync, 1);
	expect_queue(&b, 1, -EINVAL);
	sync = panthor_wait_point(new_syncobj(b.f->dev, 0), 1);
	sync.type = 2;
	expect_queue(&b, 1, -EINVAL);
	sync.type = PANTHOR_SYNC_WAIT;
	set_syncs(&b.ops[1], &sync, UINT32_MAX);
	expect_queue(&b, 2, -ENOMEM);
	/* With a sync in them, ops cannot be run at once. */
	expect_run(&b, 1, -EINVAL, 0);
	assert_int_equal(fake_calls(b.f->fake, FAKE_VM_BIND), 0);

	/* Nothing was ever queued for the point; then the handle is gone. */
	expect_queue(&b, 1, -EINVAL);
	panthor_syncobj_destroy(b.f->dev, sync.handle);
	expect_queue(&b, 1, -ENOENT);
	sync.type = PANTHOR_SYNC_SIGNAL;
	expect_queue(&b, 1, -EINVAL);
	fake_fail(b.f->fake, FAKE_VM_BIND, 1, ENOMEM);
	expect_queue(&b, 1, -ENOMEM);
	end(&b);
}

/* What is queued and was interrupted has not begun: it is repeated whole. */
static void interrupted_queue_is_repeated(void **state)
{
	struct bind_fixture b;

	begin(&b, state);
	fake_fail(b.f->fake, FAKE_VM_BIND, 1, EINTR);
	expect_queue(&b, 3, 0);
	assert_int_equal(fake_calls(b.f->fake, FAKE_VM_BIND), 2);
	assert_int_equal(b.f->fake->gpu_log.op_count, 3);
	end(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fixture_test(no_ops_ask_nothing),
		fixture_test(many_ops_are_one_call),
		fixture_test(memory_may_be_short),
		fixture_test(ops_are_checked_first),
		fixture_test(reserved_members_are_zero),
		fixture_test(partial_failure_is_counted),
		fixture_test(refused_call_did_nothing),
		fixture_test(interrupted_call_goes_on),
		fixture_test(interrupted_call_may_fail_later),
		fixture_test(syncs_are_passed),
		fixture_test(syncs_alone_are_an_op),
		fixture_test(sync_errors),
		fixture_test(interrupted_queue_is_repeated),
	};

	return cmocka_run_group_tests_name("bind", tests, NULL, NULL);
}
