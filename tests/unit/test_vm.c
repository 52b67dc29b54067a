// SPDX-License-Identifier: MIT
/* VMs, BOs that belong to one, and the maps and unmaps that are done at once. */
#include "unit.h"
#include "vm.h"

#define UNTOUCHED ((struct panthor_vm *)0x1)
#define PAGE	  4096ull
#define TOP	  (1ull << 47)

static void expect_new_error(struct fixture *f, uint64_t range, int error)
{
	struct panthor_vm *vm = UNTOUCHED;

	assert_int_equal(panthor_vm_new(f->dev, range, &vm), error);
	assert_ptr_equal(vm, UNTOUCHED);
}

static void new_passes_the_range(void **state)
{
	struct fixture *f = *state;
	struct panthor_vm *vm = new_vm(f->dev, 1ull << 40), *other = new_vm(f->dev, 0);
	const struct drm_panthor_vm_create *arg = &f->fake->args[FAKE_VM_CREATE].vm_create;

	/* The last call was the one for the other. */
	assert_int_equal(arg->flags, 0);
	assert_int_equal(arg->id, 0);
	assert_int_equal(arg->user_va_range, 0);
	assert_int_equal(panthor_vm_id(vm), 1);
	assert_int_equal(panthor_vm_id(other), 2);
	/* The kernel takes no more than half. */
	assert_int_equal(panthor_vm_user_va_range(vm), TOP);
	assert_int_equal(panthor_vm_user_va_range(other), TOP);

	assert_null(panthor_vm_unref(other));
	assert_int_equal(f->fake->args[FAKE_VM_DESTROY].vm_destroy.id, 2);
	assert_int_equal(f->fake->args[FAKE_VM_DESTROY].vm_destroy.pad, 0);
	panthor_vm_unref(vm);
}

static void new_gets_a_range_beyond_half(void **state)
{
	struct fixture *f = *state;
	uint64_t full = 1ull << FAKE_VA_BITS, most = full - (256ull << 20);
	struct panthor_vm *vm = new_vm(f->dev, most);

	assert_int_equal(panthor_vm_user_va_range(vm), most);
	assert_int_equal(f->fake->args[FAKE_VM_CREATE].vm_create.user_va_range, most);
	panthor_vm_unref(vm);
	expect_new_error(f, most + 1, -EINVAL);
	expect_new_error(f, UINT64_MAX, -EINVAL);
}

static void new_errors(void **state)
{
	static const int errors[] = { EINVAL, EBUSY, ENOMEM, ENODEV };
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
		fake_fail(f->fake, FAKE_VM_CREATE, 1, errors[i]);
		expect_new_error(f, 0, -errors[i]);
	}
	fake_fail(f->fake, FAKE_ALLOC, 1, ENOMEM);
	expect_new_error(f, 0, -ENOMEM);
}

static void thirty_third_vm_is_ebusy(void **state)
{
	struct panthor_vm *vms[FAKE_MAX_VMS];
	struct fixture *f = *state;

	for (unsigned int i = 0; i < FAKE_MAX_VMS; i++)
		vms[i] = new_vm(f->dev, 0);
	expect_new_error(f, 0, -EBUSY);
	for (unsigned int i = 0; i < FAKE_MAX_VMS; i++)
		panthor_vm_unref(vms[i]);
}

static void new_checks_the_answer(void **state)
{
	struct fixture *f = *state;

	f->fake->bogus_handle = true;
	expect_new_error(f, 0, -EPROTO);
	f->fake->bogus_handle = false;

	/* A range of 0, then one below what was asked for; both VMs are destroyed again. */
	f->fake->bogus_size = 1;
	expect_new_error(f, 0, -EPROTO);
	f->fake->bogus_size = 1ull << 40;
	expect_new_error(f, 1ull << 40, -EPROTO);
	f->fake->bogus_size = 0;
	assert_int_equal(fake_calls(f->fake, FAKE_VM_DESTROY), 2);
}

static void last_unref_destroys(void **state)
{
	struct fixture *f = *state;
	struct panthor_vm *vm = new_vm(f->dev, 0);

	assert_null(panthor_vm_unref(NULL));
	assert_ptr_equal(panthor_vm_ref(vm), vm);
	assert_null(panthor_vm_unref(vm));
	assert_int_equal(fake_calls(f->fake, FAKE_VM_DESTROY), 0);
	assert_null(panthor_vm_unref(vm));
	assert_int_equal(fake_calls(f->fake, FAKE_VM_DESTROY), 1);
}

static void tyr_has_no_vms(void **state)
{
	struct fake *fake = fake_new(0);
	struct fixture f = { fake, NULL };

	fake->tyr = true;
	f.dev = open_fake(fake);
	expect_new_error(&f, 0, -EOPNOTSUPP);
	panthor_device_unref(f.dev);
	assert_int_equal(fake_free(fake), 0);
}

static void usable_until_a_queued_bind_fails(void **state)
{
	struct fixture *f = *state;
	struct panthor_vm *vm = new_vm(f->dev, 0);
	struct panthor_bo *bo = new_bo(f->dev, PAGE, 0);
	struct panthor_bind_op op = panthor_bind_map(bo, 0, PAGE, PAGE, 0);

	assert_int_equal(panthor_vm_is_usable(vm), 1);
	assert_int_equal(f->fake->args[FAKE_VM_GET_STATE].vm_get_state.vm_id, 1);
	f->fake->gpu.bind_error = ENOMEM;
	assert_int_equal(panthor_vm_bind(vm, PANTHOR_BIND_ASYNC, &op, 1, NULL), 0);
	assert_int_equal(panthor_vm_is_usable(vm), 0);

	/* What is left of it. */
	assert_int_equal(panthor_vm_bind(vm, PANTHOR_BIND_ASYNC, &op, 1, NULL), -EINVAL);
	assert_int_equal(panthor_vm_map(vm, bo, 0, PAGE, PAGE, 0), -EINVAL);
	assert_int_equal(panthor_vm_unmap(vm, PAGE, PAGE), 0);

	fake_fail(f->fake, FAKE_VM_GET_STATE, 1, ENODEV);
	assert_int_equal(panthor_vm_is_usable(vm), -ENODEV);
	panthor_bo_unref(bo);
	panthor_vm_unref(vm);
}

static void bo_keeps_its_vm(void **state)
{
	struct fixture *f = *state;
	struct panthor_vm *vm = new_vm(f->dev, 0);
	struct panthor_bo *bo = NULL;
	int fd = -2;

	assert_int_equal(panthor_bo_new(f->dev, vm, 5000, PANTHOR_BO_NO_MMAP, &bo), 0);
	assert_int_equal(f->fake->args[FAKE_BO_CREATE].bo_create.exclusive_vm_id, 1);
	assert_int_equal(f->fake->args[FAKE_BO_CREATE].bo_create.flags, DRM_PANTHOR_BO_NO_MMAP);
	assert_int_equal(panthor_bo_size(bo), 8192);
	assert_ptr_equal(panthor_bo_device(bo), f->dev);
	assert_ptr_equal(panthor_bo_info(bo)->vm, vm);

	/* It never leaves the VM, and the kernel is not even asked. */
	assert_int_equal(panthor_bo_export(bo, &fd), -EINVAL);
	assert_int_equal(fd, -2);
	assert_int_equal(fake_calls(f->fake, FAKE_HANDLE_TO_FD), 0);

	panthor_vm_unref(vm);
	assert_int_equal(fake_calls(f->fake, FAKE_VM_DESTROY), 0);
	panthor_bo_unref(bo);
	assert_int_equal(fake_calls(f->fake, FAKE_VM_DESTROY), 1);
}

static void bo_in_vm_errors(void **state)
{
	struct fixture *f = *state;
	struct panthor_device *other = open_fake(f->fake);
	struct panthor_vm *vm = new_vm(f->dev, 0);
	struct panthor_bo *bo = NULL;

	assert_int_equal(panthor_bo_new(other, vm, PAGE, 0, &bo), -EINVAL);
	assert_int_equal(fake_calls(f->fake, FAKE_BO_CREATE), 0);
	panthor_device_unref(other);
	assert_int_equal(panthor_bo_new(f->dev, vm, 0, 0, &bo), -EINVAL);
	assert_int_equal(panthor_bo_new(f->dev, vm, PAGE, 1u << 5, &bo), -EINVAL);
	fake_fail(f->fake, FAKE_BO_CREATE, 1, ENOMEM);
	assert_int_equal(panthor_bo_new(f->dev, vm, PAGE, 0, &bo), -ENOMEM);
	fake_fail(f->fake, FAKE_ALLOC, 1, ENOMEM);
	assert_int_equal(panthor_bo_new(f->dev, vm, PAGE, 0, &bo), -ENOMEM);
	assert_null(bo);
	panthor_vm_unref(vm);
}

static void map_passes_everything(void **state)
{
	struct fixture *f = *state;
	struct panthor_vm *vm = new_vm(f->dev, 0);
	struct panthor_bo *bo = new_bo(f->dev, 4 * PAGE, 0);
	const struct drm_panthor_vm_bind *arg = &f->fake->args[FAKE_VM_BIND].vm_bind;
	const struct drm_panthor_vm_bind_op *op = &f->fake->gpu_log.ops[0];

	assert_int_equal(panthor_vm_map(vm, bo, PAGE, 16 * PAGE, 2 * PAGE,
					PANTHOR_MAP_READONLY | PANTHOR_MAP_UNCACHED),
			 0);
	assert_int_equal(arg->vm_id, 1);
	assert_int_equal(arg->flags, 0);
	assert_int_equal(arg->ops.stride, 48);
	assert_int_equal(arg->ops.count, 1);
	assert_int_equal(op->flags, DRM_PANTHOR_VM_BIND_OP_TYPE_MAP |
					    DRM_PANTHOR_VM_BIND_OP_MAP_READONLY |
					    DRM_PANTHOR_VM_BIND_OP_MAP_UNCACHED);
	assert_int_equal(op->bo_handle, panthor_bo_handle(bo));
	assert_int_equal(op->bo_offset, PAGE);
	assert_int_equal(op->va, 16 * PAGE);
	assert_int_equal(op->size, 2 * PAGE);
	assert_int_equal(op->syncs.stride, 16);
	assert_int_equal(op->syncs.count, 0);
	assert_int_equal(op->syncs.array, 0);

	/* The middle goes, and with it only that; the BO lives on in what is left. */
	assert_int_equal(panthor_vm_unmap(vm, 0, 17 * PAGE), 0);
	assert_int_equal(op->flags, DRM_PANTHOR_VM_BIND_OP_TYPE_UNMAP);
	assert_int_equal(op->bo_handle, 0);
	assert_int_equal(op->bo_offset, 0);
	assert_int_equal(op->va, 0);
	assert_int_equal(op->size, 17 * PAGE);
	panthor_bo_unref(bo);
	assert_int_equal(fake_mapping_at(f->fake, panthor_device_fd(f->dev), 1, 16 * PAGE).size, 0);
	assert_int_equal(
		fake_mapping_at(f->fake, panthor_device_fd(f->dev), 1, 17 * PAGE).bo_offset,
		2 * PAGE);
	panthor_vm_unref(vm);
}

static void map_errors(void **state)
{
	static const struct {
		uint64_t bo_offset, va, size;
		uint32_t flags;
	} cases[] = {
		{ 0, PAGE, 0, 0 },
		{ 0, PAGE, 5 * PAGE, 0 },
		{ 4 * PAGE, PAGE, PAGE, 0 },
		{ UINT64_MAX - PAGE + 1, PAGE, PAGE, 0 },
		{ 1, PAGE, PAGE, 0 },
		{ 0, PAGE + 1, PAGE, 0 },
		{ 0, PAGE, PAGE - 1, 0 },
		{ 0, TOP, PAGE, 0 },
		{ 0, TOP - PAGE, 2 * PAGE, 0 },
		{ 0, UINT64_MAX - PAGE + 1, PAGE, 0 },
		{ 0, PAGE, PAGE, 1u << 4 },
		{ 0, PAGE, PAGE, 1u << 28 },
		{ 0, PAGE, PAGE, PANTHOR_MAP_SPARSE },
	};
	struct fixture *f = *state;
	struct panthor_vm *vm = new_vm(f->dev, 0);
	struct panthor_bo *bo = new_bo(f->dev, 4 * PAGE, 0);

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(panthor_vm_map(vm, bo, cases[i].bo_offset, cases[i].va,
						cases[i].size, cases[i].flags),
				 -EINVAL);
	}
	assert_int_equal(panthor_vm_map(vm, NULL, 0, PAGE, PAGE, 0), -EINVAL);
	assert_int_equal(fake_calls(f->fake, FAKE_VM_BIND), 0);

	fake_fail(f->fake, FAKE_VM_BIND, 1, ENOMEM);
	assert_int_equal(panthor_vm_map(vm, bo, 0, TOP - PAGE, PAGE, 0), -ENOMEM);
	fake_fail(f->fake, FAKE_VM_BIND, 1, EINTR);
	assert_int_equal(panthor_vm_map(vm, bo, 0, TOP - PAGE, PAGE, 0), 0);
	panthor_bo_unref(bo);
	panthor_vm_unref(vm);
}

/* A handle of another file would name another BO here; the kernel could not tell. */
static void map_refuses_bos_of_others(void **state)
{
	struct fixture *f = *state;
	struct panthor_device *other = open_fake(f->fake);
	struct panthor_vm *vm = new_vm(f->dev, 0), *neighbour = new_vm(f->dev, 0);
	struct panthor_bo *theirs = new_bo(other, PAGE, 0), *mine = new_bo(f->dev, PAGE, 0);
	struct panthor_bo *exclusive = NULL;

	assert_int_equal(panthor_bo_handle(theirs), panthor_bo_handle(mine));
	assert_int_equal(panthor_vm_map(vm, theirs, 0, PAGE, PAGE, 0), -EINVAL);

	assert_int_equal(panthor_bo_new(f->dev, neighbour, PAGE, 0, &exclusive), 0);
	assert_int_equal(panthor_vm_map(vm, exclusive, 0, PAGE, PAGE, 0), -EINVAL);
	assert_int_equal(fake_calls(f->fake, FAKE_VM_BIND), 0);
	assert_int_equal(panthor_vm_map(neighbour, exclusive, 0, PAGE, PAGE, 0), 0);

	panthor_bo_unref(exclusive);
	panthor_bo_unref(mine);
	panthor_bo_unref(theirs);
	panthor_vm_unref(neighbour);
	panthor_vm_unref(vm);
	panthor_device_unref(other);
}

static void unmap_errors(void **state)
{
	static const uint64_t cases[][2] = {
		{ PAGE, 0 },
		{ PAGE + 1, PAGE },
		{ PAGE, 1 },
		{ TOP, PAGE },
		{ 0, 2 * TOP },
		{ UINT64_MAX - PAGE + 1, PAGE },
		{ PAGE, UINT64_MAX - PAGE + 1 },
	};
	struct fixture *f = *state;
	struct panthor_vm *vm = new_vm(f->dev, 0);

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(panthor_vm_unmap(vm, cases[i][0], cases[i][1]), -EINVAL);
	assert_int_equal(fake_calls(f->fake, FAKE_VM_BIND), 0);
	fake_fail(f->fake, FAKE_VM_BIND, 1, ENOMEM);
	assert_int_equal(panthor_vm_unmap(vm, 0, TOP), -ENOMEM);
	assert_int_equal(panthor_vm_unmap(vm, 0, TOP), 0);
	panthor_vm_unref(vm);
}

static void sparse_needs_minor_9(void **state)
{
	for (int minor = 8; minor <= 9; minor++) {
		struct fake *fake = fake_new(minor);
		struct panthor_device *dev = open_fake(fake);
		struct panthor_vm *vm = new_vm(dev, 0);
		int r = panthor_vm_map(vm, NULL, 0, PAGE, PAGE, PANTHOR_MAP_SPARSE);

		assert_int_equal(r, minor < 9 ? -EOPNOTSUPP : 0);
		assert_int_equal(panthor_vm_map(vm, NULL, PAGE, PAGE, PAGE, PANTHOR_MAP_SPARSE),
				 -EINVAL);
		if (!r) {
			assert_int_equal(fake->gpu_log.ops[0].flags,
					 DRM_PANTHOR_VM_BIND_OP_MAP_SPARSE |
						 DRM_PANTHOR_VM_BIND_OP_MAP_NOEXEC);
			assert_int_equal(fake->gpu_log.ops[0].bo_handle, 0);
		}
		panthor_vm_unref(vm);
		panthor_device_unref(dev);
		assert_int_equal(fake_free(fake), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fixture_test(new_passes_the_range),
		fixture_test(new_gets_a_range_beyond_half),
		fixture_test(new_errors),
		fixture_test(thirty_third_vm_is_ebusy),
		fixture_test(new_checks_the_answer),
		fixture_test(last_unref_destroys),
		cmocka_unit_test(tyr_has_no_vms),
		fixture_test(usable_until_a_queued_bind_fails),
		fixture_test(bo_keeps_its_vm),
		fixture_test(bo_in_vm_errors),
		fixture_test(map_passes_everything),
		fixture_test(map_errors),
		fixture_test(map_refuses_bos_of_others),
		fixture_test(unmap_errors),
		cmocka_unit_test(sparse_needs_minor_9),
	};

	return cmocka_run_group_tests_name("vm", tests, NULL, NULL);
}
