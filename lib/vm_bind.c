// SPDX-License-Identifier: MIT
/* Bind ops: making them, checking them, executing them at once. */
#include <errno.h>

#include "bo.h"
#include "vm.h"

#define KNOWN_FLAGS \
	(PANTHOR_MAP_READONLY | PANTHOR_MAP_NOEXEC | PANTHOR_MAP_UNCACHED | PANTHOR_MAP_SPARSE)

/* The kernel wants to know the size of what it does not get. */
static const struct drm_panthor_obj_array no_syncs = {
	.stride = sizeof(struct drm_panthor_sync_op),
};

static bool is_aligned(uint64_t value)
{
	return !(value & (PANTHOR_VM_PAGE_SIZE - 1));
}

static bool is_in(uint64_t start, uint64_t size, uint64_t end)
{
	return start <= end && size <= end - start;
}

static int check_range(const struct panthor_vm *vm, uint64_t va, uint64_t size)
{
	if (!size || !is_aligned(va | size) || !is_in(va, size, vm->info.user_va_range))
		return -EINVAL;
	return 0;
}

/* A handle means something in its own device's file only. */
static int check_bo(const struct panthor_vm *vm, const struct panthor_bo *bo, uint64_t bo_offset,
		    uint64_t size)
{
	if (!bo || bo->info.dev != vm->dev || (bo->info.vm && bo->info.vm != vm))
		return -EINVAL;
	return is_aligned(bo_offset) && is_in(bo_offset, size, bo->info.size) ? 0 : -EINVAL;
}

int vm_fill_map(const struct panthor_vm *vm, const struct panthor_bo *bo, uint64_t bo_offset,
		uint64_t va, uint64_t size, uint32_t flags, struct drm_panthor_vm_bind_op *ret_op)
{
	int r = flags & ~(uint32_t)KNOWN_FLAGS ? -EINVAL : check_range(vm, va, size);

	if (r)
		return r;
	if (flags & PANTHOR_MAP_SPARSE) {
		flags |= PANTHOR_MAP_NOEXEC;
		r = bo || bo_offset ? -EINVAL : device_require(vm->dev, PANTHOR_FEATURE_SPARSE);
	} else {
		r = check_bo(vm, bo, bo_offset, size);
	}
	if (r)
		return r;

	*ret_op = (struct drm_panthor_vm_bind_op){
		.flags = (uint32_t)DRM_PANTHOR_VM_BIND_OP_TYPE_MAP | flags,
		.bo_handle = bo ? bo->info.handle : 0,
		.bo_offset = bo_offset,
		.va = va,
		.size = size,
		.syncs = no_syncs,
	};
	return 0;
}

int vm_fill_unmap(const struct panthor_vm *vm, uint64_t va, uint64_t size,
		  struct drm_panthor_vm_bind_op *ret_op)
{
	int r = check_range(vm, va, size);

	if (r)
		return r;
	*ret_op = (struct drm_panthor_vm_bind_op){
		.flags = DRM_PANTHOR_VM_BIND_OP_TYPE_UNMAP,
		.va = va,
		.size = size,
		.syncs = no_syncs,
	};
	return 0;
}

/*
 * On failure the kernel writes the index of the op that failed over the count, unless it came to
 * none. A signal is such a failure too: repeating the call as it was returned would drop the ops
 * behind that index, so this goes on from there.
 */
int vm_run_ops(const struct panthor_vm *vm, const struct drm_panthor_vm_bind_op *ops,
	       uint32_t count, uint32_t *ret_done)
{
	uint32_t done = 0;
	int r;

	do {
		struct drm_panthor_vm_bind bind = {
			.vm_id = vm->info.id,
			.ops = DRM_PANTHOR_OBJ_ARRAY(count - done, ops + done),
		};

		r = device_ioctl_once(vm->dev, DRM_IOCTL_PANTHOR_VM_BIND, &bind);
		if (!r)
			done = count;
		else if (bind.ops.count < count - done)
			done += bind.ops.count;
	} while (r == -EINTR || r == -EAGAIN);

	*ret_done = done;
	return r;
}

PANTHOR_PUBLIC
int panthor_vm_map(struct panthor_vm *vm, struct panthor_bo *bo, uint64_t bo_offset, uint64_t va,
		   uint64_t size, uint32_t flags)
{
	struct drm_panthor_vm_bind_op op;
	uint32_t done;
	int r = vm_fill_map(vm, bo, bo_offset, va, size, flags, &op);

	return r ? r : vm_run_ops(vm, &op, 1, &done);
}

PANTHOR_PUBLIC
int panthor_vm_unmap(struct panthor_vm *vm, uint64_t va, uint64_t size)
{
	struct drm_panthor_vm_bind_op op;
	uint32_t done;
	int r = vm_fill_unmap(vm, va, size, &op);

	return r ? r : vm_run_ops(vm, &op, 1, &done);
}
