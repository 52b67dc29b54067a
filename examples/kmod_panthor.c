// SPDX-License-Identifier: MIT
/*
 * kmod.h over libdrm_panthor. What a backend over raw ioctls has to bring along, the library has:
 * the table of imported handles, the allocator of addresses, deferred frees, batches, the probing
 * of features. What is left is translation. One thread at a time uses a VM and its BOs here.
 */
#include "kmod.h"

#include <errno.h>
#include <stdlib.h>

#include <panthor.h>

struct panthor_kmod_dev {
	struct kmod_dev base;
	struct panthor_device *dev;
};

/* Work on a VM, binds and jobs alike, signals the points of one timeline, in order. */
struct panthor_kmod_vm {
	struct kmod_vm base;
	struct panthor_vm *vm;
	struct panthor_va *va;
	uint32_t timeline;
	uint64_t last_point;
};

struct panthor_kmod_bo {
	struct kmod_bo base;
	struct panthor_bo *bo;
	bool exclusive;
	uint32_t map_flags;
	/* The last use that we know of ourselves; 0 for none. */
	uint32_t timeline;
	uint64_t used_until;
};

/* The members of base come first, so that its address is the object's. */
#define DEV(kmod) ((struct panthor_kmod_dev *)(kmod))
#define VM(kmod)  ((struct panthor_kmod_vm *)(kmod))
#define BO(kmod)  ((struct panthor_kmod_bo *)(kmod))

static int dev_create(int fd, struct kmod_dev **ret_dev)
{
	struct panthor_kmod_dev *dev = calloc(1, sizeof(*dev));
	int r = dev ? panthor_device_new_from_fd(fd, &dev->dev) : -ENOMEM;

	if (r) {
		free(dev);
		return r;
	}
	dev->base.ops = &kmod_panthor_ops;
	*ret_dev = &dev->base;
	return 0;
}

static void dev_destroy(struct kmod_dev *dev)
{
	panthor_device_unref(DEV(dev)->dev);
	free(dev);
}

static int bo_adopt(struct kmod_dev *dev, struct panthor_bo *bo, struct kmod_bo **ret_bo)
{
	struct panthor_kmod_bo *kmod = calloc(1, sizeof(*kmod));

	if (!kmod) {
		panthor_bo_unref(bo);
		return -ENOMEM;
	}
	kmod->base = (struct kmod_bo){ .dev = dev, .size = panthor_bo_size(bo) };
	kmod->bo = bo;
	kmod->map_flags = PANTHOR_MAP_NOEXEC;
	*ret_bo = &kmod->base;
	return 0;
}

static int bo_alloc(struct kmod_dev *dev, struct kmod_vm *exclusive_vm, uint64_t size,
		    uint32_t flags, struct kmod_bo **ret_bo)
{
	bool can_cache = panthor_device_has(DEV(dev)->dev, PANTHOR_FEATURE_BO_WB_MMAP) > 0;
	uint32_t bo_flags = 0;
	struct panthor_bo *bo;
	int r;

	if (flags & KMOD_BO_NO_MMAP)
		bo_flags |= PANTHOR_BO_NO_MMAP;
	else if (flags & KMOD_BO_CACHED && can_cache)
		bo_flags |= PANTHOR_BO_WB_MMAP;
	r = panthor_bo_new(DEV(dev)->dev, exclusive_vm ? VM(exclusive_vm)->vm : NULL, size,
			   bo_flags, &bo);
	r = r ? r : bo_adopt(dev, bo, ret_bo);
	if (r)
		return r;
	BO(*ret_bo)->exclusive = exclusive_vm;
	BO(*ret_bo)->map_flags = flags & KMOD_BO_EXECUTABLE ? 0 : PANTHOR_MAP_NOEXEC;
	return 0;
}

/* Maps of the GPU keep the memory until they go; the map of the CPU goes with the BO. */
static void bo_free(struct kmod_bo *bo)
{
	panthor_bo_unref(BO(bo)->bo);
	free(bo);
}

static int bo_export(struct kmod_bo *bo, int *ret_fd)
{
	return panthor_bo_export(BO(bo)->bo, ret_fd);
}

static int bo_import(struct kmod_dev *dev, int fd, struct kmod_bo **ret_bo)
{
	struct panthor_bo *bo;
	int r = panthor_bo_import(DEV(dev)->dev, fd, &bo);

	return r ? r : bo_adopt(dev, bo, ret_bo);
}

static int bo_map(struct kmod_bo *bo, void **ret_ptr)
{
	return panthor_bo_map(BO(bo)->bo, ret_ptr);
}

static bool bo_wait(struct kmod_bo *kmod, int64_t deadline_ns, bool for_read)
{
	struct panthor_kmod_bo *bo = BO(kmod);

	/* Own jobs leave no fences in the BO: their point is what tells. */
	if (bo->used_until && panthor_syncobj_wait(DEV(kmod->dev)->dev, &bo->timeline,
						   &bo->used_until, 1, deadline_ns, 0, NULL))
		return false;
	bo->used_until = 0;
	/* Others can only have a BO that could be shared. */
	return bo->exclusive ||
	       !panthor_bo_wait(bo->bo, for_read ? PANTHOR_BO_READ : PANTHOR_BO_WRITE, deadline_ns);
}

static void vm_destroy(struct kmod_vm *kmod)
{
	struct panthor_kmod_vm *vm = VM(kmod);

	panthor_va_unref(vm->va);
	panthor_vm_unref(vm->vm);
	if (vm->timeline)
		panthor_syncobj_destroy(DEV(kmod->dev)->dev, vm->timeline);
	free(vm);
}

static int vm_create(struct kmod_dev *dev, struct kmod_vm **ret_vm)
{
	struct panthor_va_params params = { .size = sizeof(params) };
	struct panthor_kmod_vm *vm = calloc(1, sizeof(*vm));
	int r;

	if (!vm)
		return -ENOMEM;
	vm->base.dev = dev;
	r = panthor_syncobj_new(DEV(dev)->dev, 0, &vm->timeline);
	params.timeline = vm->timeline;
	r = r ? r : panthor_vm_new(DEV(dev)->dev, 0, &vm->vm);
	/* Freed addresses wait for their point: nobody gets what a queued unmap still holds. */
	r = r ? r : panthor_va_new(vm->vm, &params, &vm->va);
	if (r) {
		vm_destroy(&vm->base);
		return r;
	}
	*ret_vm = &vm->base;
	return 0;
}

static struct panthor_bind_op translate(const struct kmod_vm_op *op)
{
	if (op->type == KMOD_VM_OP_UNMAP)
		return panthor_bind_unmap(op->va, op->size);
	return panthor_bind_map(BO(op->bo)->bo, op->bo_offset, op->va, op->size,
				BO(op->bo)->map_flags);
}

/* Addresses for the maps that want one. Those given so far are in @ret_mask. */
static int give_addresses(struct panthor_kmod_vm *vm, struct kmod_vm_op *ops, uint32_t count,
			  uint64_t *ret_mask)
{
	int r = 0;

	for (uint32_t i = 0; i < count && !r; i++) {
		if (ops[i].type != KMOD_VM_OP_MAP || ops[i].va != KMOD_AUTO_VA)
			continue;
		r = panthor_va_alloc(vm->va, ops[i].size, 0, &ops[i].va);
		*ret_mask |= r ? 0 : UINT64_C(1) << i;
	}
	return r;
}

static void take_addresses_back(struct panthor_kmod_vm *vm, struct kmod_vm_op *ops, uint64_t mask)
{
	for (uint32_t i = 0; mask; i++, mask >>= 1) {
		if (mask & 1) {
			panthor_va_free(vm->va, ops[i].va, ops[i].size, 0);
			ops[i].va = KMOD_AUTO_VA;
		}
	}
}

/* @ops has an item more, in front of the first. */
static int execute(struct panthor_kmod_vm *vm, enum kmod_vm_op_mode mode,
		   struct panthor_bind_op *ops, uint32_t count)
{
	struct panthor_sync begin = panthor_wait_point(vm->timeline, vm->last_point);
	struct panthor_sync end = panthor_signal_point(vm->timeline, vm->last_point + 1);
	int r;

	if (mode == KMOD_VM_OP_IMMEDIATE || !count)
		return panthor_vm_bind(vm->vm, 0, ops + 1, count, NULL);
	/* Behind the last job, and in front of the next: both are points of the timeline. */
	ops[0] = panthor_bind_sync(&begin, 1);
	ops[count].syncs = &end;
	ops[count].sync_count = 1;
	r = vm->last_point ? panthor_vm_bind(vm->vm, PANTHOR_BIND_ASYNC, ops, count + 1, NULL)
			   : panthor_vm_bind(vm->vm, PANTHOR_BIND_ASYNC, ops + 1, count, NULL);
	vm->last_point += !r;
	return r;
}

/* One system call, however many ops. Unmapped addresses are free again when the unmap is done. */
static int vm_bind(struct kmod_vm *kmod, enum kmod_vm_op_mode mode, struct kmod_vm_op *ops,
		   uint32_t count)
{
	struct panthor_kmod_vm *vm = VM(kmod);
	struct panthor_bind_op binds[65];
	uint64_t given = 0;
	int r = count > 64 ? -E2BIG : give_addresses(vm, ops, count, &given);

	for (uint32_t i = 0; i < count && !r; i++)
		binds[1 + i] = translate(&ops[i]);
	r = r ? r : execute(vm, mode, binds, count);
	if (r) {
		take_addresses_back(vm, ops, given);
		return r;
	}
	for (uint32_t i = 0; i < count && !r; i++) {
		if (ops[i].type == KMOD_VM_OP_UNMAP)
			r = panthor_va_free(vm->va, ops[i].va, ops[i].size,
					    mode == KMOD_VM_OP_DEFERRED ? vm->last_point : 0);
	}
	return r;
}

static uint64_t vm_next_point(struct kmod_vm *kmod, uint32_t *ret_syncobj)
{
	*ret_syncobj = VM(kmod)->timeline;
	return ++VM(kmod)->last_point;
}

static void bo_used_until(struct kmod_bo *bo, struct kmod_vm *vm, uint64_t point)
{
	BO(bo)->timeline = VM(vm)->timeline;
	BO(bo)->used_until = point;
}

const struct kmod_ops kmod_panthor_ops = {
	.dev_create = dev_create,
	.dev_destroy = dev_destroy,
	.bo_alloc = bo_alloc,
	.bo_free = bo_free,
	.bo_export = bo_export,
	.bo_import = bo_import,
	.bo_map = bo_map,
	.bo_wait = bo_wait,
	.vm_create = vm_create,
	.vm_destroy = vm_destroy,
	.vm_bind = vm_bind,
	.vm_next_point = vm_next_point,
	.bo_used_until = bo_used_until,
};
