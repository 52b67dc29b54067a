// SPDX-License-Identifier: MIT
/* Bind ops: checking them, handing them over, going on after an interruption. */
#include <errno.h>

#include "bo.h"
#include "scratch.h"
#include "sync_ops.h"
#include "vm.h"

#define KNOWN_FLAGS \
	(PANTHOR_MAP_READONLY | PANTHOR_MAP_NOEXEC | PANTHOR_MAP_UNCACHED | PANTHOR_MAP_SPARSE)

static bool is_aligned(uint64_t value)
{
	return !(value & (PANTHOR_VM_PAGE_SIZE - 1));
}

static bool is_in(uint64_t start, uint64_t size, uint64_t end)
{
	return start <= end && size <= end - start;
}

/*
 * Old kernels let user mappings reach into their own part of the address space; here they cannot.
 */
static int check_range(const struct panthor_vm *vm, const struct panthor_bind_op *op)
{
	if (!op->size || !is_aligned(op->va | op->size) ||
	    !is_in(op->va, op->size, vm->info.user_va_range))
		return -EINVAL;
	return 0;
}

/* A handle means something in its own device's file only. */
static int check_bo(const struct panthor_vm *vm, const struct panthor_bind_op *op)
{
	const struct panthor_bo *bo = op->bo;

	if (!bo || bo->info.dev != vm->dev || (bo->info.vm && bo->info.vm != vm))
		return -EINVAL;
	return is_aligned(op->bo_offset) && is_in(op->bo_offset, op->size, bo->info.size) ? 0
											  : -EINVAL;
}

static int check_map(const struct panthor_vm *vm, const struct panthor_bind_op *op)
{
	int r = op->flags & ~(uint32_t)KNOWN_FLAGS ? -EINVAL : check_range(vm, op);

	if (r)
		return r;
	if (!(op->flags & PANTHOR_MAP_SPARSE))
		return check_bo(vm, op);
	return op->bo || op->bo_offset ? -EINVAL : device_require(vm->dev, PANTHOR_FEATURE_SPARSE);
}

/* What an op has no use for is not there. */
static int check_op(const struct panthor_vm *vm, const struct panthor_bind_op *op)
{
	bool has_bo = op->bo || op->bo_offset || op->flags;

	if (op->reserved[0] || op->reserved[1] || op->reserved[2])
		return -EINVAL;
	switch (op->type) {
	case PANTHOR_BIND_OP_MAP:
		return check_map(vm, op);
	case PANTHOR_BIND_OP_UNMAP:
		return has_bo ? -EINVAL : check_range(vm, op);
	case PANTHOR_BIND_OP_SYNC:
		return has_bo || op->va || op->size || !op->sync_count ? -EINVAL : 0;
	}
	return -EINVAL;
}

static uint32_t flags_of(const struct panthor_bind_op *op)
{
	switch (op->type) {
	case PANTHOR_BIND_OP_UNMAP:
		return DRM_PANTHOR_VM_BIND_OP_TYPE_UNMAP;
	case PANTHOR_BIND_OP_SYNC:
		return DRM_PANTHOR_VM_BIND_OP_TYPE_SYNC_ONLY;
	default:
		return op->flags | (op->flags & PANTHOR_MAP_SPARSE ? PANTHOR_MAP_NOEXEC : 0u);
	}
}

/* As the kernel takes them, in @ret_ops and behind them. */
static int write_ops(const struct panthor_vm *vm, const struct panthor_bind_op *ops, uint32_t count,
		     struct drm_panthor_vm_bind_op *ret_ops)
{
	struct drm_panthor_sync_op *next = (struct drm_panthor_sync_op *)(ret_ops + count);

	for (uint32_t i = 0; i < count; i++) {
		int r = check_op(vm, &ops[i]);

		if (r)
			return r;
		ret_ops[i] = (struct drm_panthor_vm_bind_op){
			.flags = flags_of(&ops[i]),
			.bo_handle = ops[i].bo ? ops[i].bo->info.handle : 0,
			.bo_offset = ops[i].bo_offset,
			.va = ops[i].va,
			.size = ops[i].size,
		};
		r = sync_ops_write(&next, ops[i].syncs, ops[i].sync_count, &ret_ops[i].syncs);
		if (r)
			return r;
	}
	return 0;
}

/*
 * On failure the kernel writes the index of the op that failed over the count, unless it came to
 * none. A signal is such a failure too: repeating the call as it was returned would drop the ops
 * behind that index, so this goes on from there. What is queued is queued as a whole or not at all.
 */
static int run(const struct panthor_vm *vm, uint32_t flags,
	       const struct drm_panthor_vm_bind_op *ops, uint32_t count, uint32_t *ret_done)
{
	const struct panthor_device *dev = vm->dev;
	uint32_t done = 0;
	int r;

	do {
		struct drm_panthor_vm_bind bind = {
			.vm_id = vm->info.id,
			.flags = flags ? DRM_PANTHOR_VM_BIND_ASYNC : 0,
			.ops = DRM_PANTHOR_OBJ_ARRAY(count - done, ops + done),
		};

		/* Comes back changed by an interruption: looked at, not repeated as it is. */
		r = io_ioctl_once(dev->io, dev->info.fd, DRM_IOCTL_PANTHOR_VM_BIND, &bind);
		if (!r)
			done = count;
		else if (!flags && bind.ops.count < count - done)
			done += bind.ops.count;
	} while (r == -EINTR || r == -EAGAIN);

	*ret_done = done;
	return r;
}

static int begin(struct scratch *scratch, const struct panthor_vm *vm, uint32_t flags,
		 const struct panthor_bind_op *ops, uint32_t count)
{
	uint64_t syncs = 0;

	for (uint32_t i = 0; i < count; i++)
		syncs += ops[i].sync_count;
	if (flags & ~(uint32_t)PANTHOR_BIND_ASYNC || (syncs && !flags))
		return -EINVAL;
	return sync_ops_begin(scratch, vm->dev->io,
			      (uint64_t)count * sizeof(struct drm_panthor_vm_bind_op), syncs);
}

PANTHOR_PUBLIC
int panthor_vm_bind(struct panthor_vm *vm, uint32_t flags, const struct panthor_bind_op *ops,
		    uint32_t count, uint32_t *ret_done)
{
	struct scratch scratch;
	uint32_t done = 0;
	int r = begin(&scratch, vm, flags, ops, count);

	if (!r) {
		r = write_ops(vm, ops, count, scratch.memory);
		if (!r && count)
			r = run(vm, flags, scratch.memory, count, &done);
		scratch_end(&scratch);
	}
	if (ret_done)
		*ret_done = done;
	return r;
}
