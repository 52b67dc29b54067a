// SPDX-License-Identifier: MIT
/* VMs: birth, references, death. What is mapped in them is the business of vm_bind.c. */
#include <errno.h>
#include <stdlib.h>

#include "vm.h"

static void destroy_id(const struct panthor_device *dev, uint32_t id)
{
	struct drm_panthor_vm_destroy destroy = { .id = id };

	/* It fails when the device was unplugged, and then there is nothing left to destroy. */
	device_ioctl(dev, DRM_IOCTL_PANTHOR_VM_DESTROY, &destroy);
}

static int create_id(struct panthor_vm *vm, uint64_t user_va_range)
{
	struct drm_panthor_vm_create create = { .user_va_range = user_va_range };
	int r = device_ioctl(vm->dev, DRM_IOCTL_PANTHOR_VM_CREATE, &create);

	if (r)
		return r;
	if (!create.id)
		return -EPROTO;
	if (!create.user_va_range || create.user_va_range < user_va_range) {
		destroy_id(vm->dev, create.id);
		return -EPROTO;
	}

	vm->info.id = create.id;
	vm->info.user_va_range = create.user_va_range;
	return 0;
}

PANTHOR_PUBLIC
int panthor_vm_new(struct panthor_device *dev, uint64_t user_va_range, struct panthor_vm **ret_vm)
{
	struct panthor_vm *vm = io_alloc(dev->io, sizeof(*vm));
	int r;

	if (!vm)
		return -ENOMEM;
	atomic_init(&vm->refs, 1);
	vm->dev = dev;
	r = create_id(vm, user_va_range);
	if (r) {
		free(vm);
		return r;
	}

	device_get(dev);
	*ret_vm = vm;
	return 0;
}

PANTHOR_PUBLIC
struct panthor_vm *panthor_vm_ref(struct panthor_vm *vm)
{
	atomic_fetch_add_explicit(&vm->refs, 1, memory_order_relaxed);
	return vm;
}

PANTHOR_PUBLIC
struct panthor_vm *panthor_vm_unref(struct panthor_vm *vm)
{
	/* As with devices: what nobody references nobody can find. */
	if (!vm || atomic_fetch_sub_explicit(&vm->refs, 1, memory_order_acq_rel) > 1)
		return NULL;

	destroy_id(vm->dev, vm->info.id);
	device_put(vm->dev);
	free(vm);
	return NULL;
}

PANTHOR_PUBLIC
int panthor_vm_is_usable(struct panthor_vm *vm)
{
	struct drm_panthor_vm_get_state get = { .vm_id = vm->info.id };
	int r = device_ioctl(vm->dev, DRM_IOCTL_PANTHOR_VM_GET_STATE, &get);

	return r ? r : get.state == DRM_PANTHOR_VM_STATE_USABLE;
}
