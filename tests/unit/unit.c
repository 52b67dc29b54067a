// SPDX-License-Identifier: MIT
#include "device.h"
#include "unit.h"

struct panthor_device *open_fake(struct fake *fake)
{
	struct panthor_device *dev = NULL;

	assert_int_equal(device_open(&fake->io, "/dev/dri/renderD128", &dev), 0);
	return dev;
}

int fixture_setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	fixture->fake = fake_new(9);
	fixture->fake->has_madvise = true;
	fixture->dev = open_fake(fixture->fake);
	*state = fixture;
	return 0;
}

int fixture_teardown(void **state)
{
	struct fixture *fixture = *state;
	unsigned int unlocked = fixture->fake->unlocked_handle_calls, left;

	panthor_device_unref(fixture->dev);
	left = fake_free(fixture->fake);
	free(fixture);
	return left || unlocked ? -1 : 0;
}

struct panthor_bo *new_bo(struct panthor_device *dev, uint64_t size, uint32_t flags)
{
	struct panthor_bo *bo = NULL;

	assert_int_equal(panthor_bo_new(dev, NULL, size, flags, &bo), 0);
	assert_non_null(bo);
	return bo;
}

struct panthor_vm *new_vm(struct panthor_device *dev, uint64_t user_va_range)
{
	struct panthor_vm *vm = NULL;

	assert_int_equal(panthor_vm_new(dev, user_va_range, &vm), 0);
	assert_non_null(vm);
	return vm;
}

uint32_t new_syncobj(struct panthor_device *dev, uint32_t flags)
{
	uint32_t handle = 0;

	assert_int_equal(panthor_syncobj_new(dev, flags, &handle), 0);
	assert_int_not_equal(handle, 0);
	return handle;
}
