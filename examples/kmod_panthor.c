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

/* Tied to its BO: it lives as long, and so that has all the references there are. */
struct panthor_kmod_bo {
	struct kmod_bo base;
	struct panthor_bo *bo;
	bool exclusive;
	bool shared;
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

/*
 * The object for a BO, of which the caller has a reference, and on failure has none any more. If it
 * has one already, that is it: of threads that import a buffer at once, the first one's is for all.
 */
static int bo_adopt(struct kmod_dev *dev, struct panthor_bo *bo, bool shared,
		    struct kmod_bo **ret_bo)
{
	struct panthor_kmod_bo *kmod = calloc(1, sizeof(*kmod)), *first;

	if (!kmod) {
		panthor_bo_unref(bo);
		return -ENOMEM;
	}
	kmod->base = (struct kmod_bo){ .dev = dev, .size = panthor_bo_size(bo) };
	kmod->bo = bo;
	kmod->shared = shared;
	kmod->map_flags = PANTHOR_MAP_NOEXEC;
	first = panthor_bo_set_user(bo, kmod, free);
	if (first != kmod)
		free(kmod);
	*ret_bo = &first->base;
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
	r = r ? r : bo_adopt(dev, bo, false, ret_bo);
	if (r)
		return r;
	BO(*ret_bo)->exclusive = exclusive_vm;
	BO(*ret_bo)->map_flags = flags & KMOD_BO_EXECUTABLE ? 0 : PANTHOR_MAP_NOEXEC;
	return 0;
}

/* Maps of the GPU keep the memory until they go; the map of the CPU goes with the BO. */
static void bo_put(struct kmod_bo *bo)
{
	panthor_bo_unref(BO(bo)->bo);
}

/* What we know of its last use goes into the buffer, for others to wait for. */
static int tell_others(struct panthor_kmod_bo *bo)
{
	return bo->used_until ? panthor_bo_import_fence(bo->bo, PANTHOR_BO_WRITE, bo->timeline,
							bo->used_until)
			      : 0;
}

/* In this order, or somebody would have the buffer before it says that it is in use. */
static int bo_export(struct kmod_bo *kmod, int *ret_fd)
{
	struct panthor_kmod_bo *bo = BO(kmod);
	int r = bo->shared || bo->exclusive ? 0 : tell_others(bo);

	r = r ? r : panthor_bo_export(bo->bo, ret_fd);
	bo->shared |= !r;
	return r;
}

static int bo_import(struct kmod_dev *dev, int fd, struct kmod_bo **ret_bo)
{
	struct panthor_bo *bo;
	int r = panthor_bo_import(DEV(dev)->dev, fd, &bo);

	return r ? r : bo_adopt(dev, bo, true, ret_bo);
}

static int bo_map(struct kmod_bo *bo, void **ret_ptr)
{
	return panthor_bo_map(BO(bo)->bo, ret_ptr);
}

static bool bo_wait(struct kmod_bo *kmod, int64_t deadline_ns, bool for_read)
{
	struct panthor_kmod_bo *bo = BO(kmod);

	/* Of own jobs their point is what tells. */
	if (bo->used_until && panthor_syncobj_wait(DEV(kmod->dev)->dev, &bo->timeline,
						   &bo->used_until, 1, deadline_ns, 0, NULL))
		return false;
	bo->used_until = 0;
	return !bo->shared ||
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

/* The map takes an address, its own or one that is found for it. Which it was is in @ret_found. */
static int take_address(struct panthor_kmod_vm *vm, struct kmod_vm_op *op, bool *ret_found)
{
	*ret_found = op->type == KMOD_VM_OP_MAP && op->va == KMOD_AUTO_VA;
	if (*ret_found)
		return panthor_va_alloc(vm->va, op->size, 0, &op->va);
	return op->type == KMOD_VM_OP_MAP ? panthor_va_reserve(vm->va, op->va, op->size) : 0;
}

/* Of a map that was not done. */
static void give_back(struct panthor_kmod_vm *vm, struct kmod_vm_op *op, bool found)
{
	if (op->type != KMOD_VM_OP_MAP)
		return;
	panthor_va_free(vm->va, op->va, op->size, 0);
	if (found)
		op->va = KMOD_AUTO_VA;
}

/* @ops has an item more, in front of the first. */
static int execute(struct panthor_kmod_vm *vm, enum kmod_vm_op_mode mode,
		   struct panthor_bind_op *ops, uint32_t count, uint32_t *ret_done)
{
	struct panthor_sync begin = panthor_wait_point(vm->timeline, vm->last_point);
	struct panthor_sync end = panthor_signal_point(vm->timeline, vm->last_point + 1);
	int r;

	if (mode == KMOD_VM_OP_IMMEDIATE || !count)
		return panthor_vm_bind(vm->vm, 0, ops + 1, count, ret_done);
	/* Behind the last job, and in front of the next: both are points of the timeline. */
	ops[0] = panthor_bind_sync(&begin, 1);
	ops[count].syncs = &end;
	ops[count].sync_count = 1;
	r = vm->last_point ? panthor_vm_bind(vm->vm, PANTHOR_BIND_ASYNC, ops, count + 1, NULL)
			   : panthor_vm_bind(vm->vm, PANTHOR_BIND_ASYNC, ops + 1, count, NULL);
	vm->last_point += !r;
	*ret_done = r ? 0 : count;
	return r;
}

/*
 * One system call, however many ops. What it has done when it fails stays done, so its addresses
 * stay taken; unmapped ones are free again when the unmap is done.
 */
static int vm_bind(struct kmod_vm *kmod, enum kmod_vm_op_mode mode, struct kmod_vm_op *ops,
		   uint32_t count, uint32_t *ret_done)
{
	struct panthor_kmod_vm *vm = VM(kmod);
	struct panthor_bind_op binds[KMOD_MAX_VM_OPS + 1];
	bool found[KMOD_MAX_VM_OPS];
	uint32_t taken = 0, done = 0;
	int r = count > KMOD_MAX_VM_OPS ? -E2BIG : 0;

	for (; taken < count && !r; taken += !r)
		r = take_address(vm, &ops[taken], &found[taken]);
	for (uint32_t i = 0; i < count && !r; i++)
		binds[1 + i] = translate(&ops[i]);
	r = r ? r : execute(vm, mode, binds, count, &done);
	for (uint32_t i = done; i < taken; i++)
		give_back(vm, &ops[i], found[i]);
	for (uint32_t i = 0; i < done; i++) {
		/* The worst that can come of a failure: nobody gets the address again. */
		if (ops[i].type == KMOD_VM_OP_UNMAP)
			panthor_va_free(vm->va, ops[i].va, ops[i].size,
					mode == KMOD_VM_OP_DEFERRED ? vm->last_point : 0);
	}
	if (ret_done)
		*ret_done = done;
	return r;
}

static uint64_t vm_next_point(struct kmod_vm *kmod, uint32_t *ret_syncobj)
{
	*ret_syncobj = VM(kmod)->timeline;
	return ++VM(kmod)->last_point;
}

static int bo_used_until(struct kmod_bo *kmod, struct kmod_vm *vm, uint64_t point)
{
	struct panthor_kmod_bo *bo = BO(kmod);

	bo->timeline = VM(vm)->timeline;
	bo->used_until = point;
	return bo->shared ? tell_others(bo) : 0;
}

const struct kmod_ops kmod_panthor_ops = {
	.dev_create = dev_create,
	.dev_destroy = dev_destroy,
	.bo_alloc = bo_alloc,
	.bo_put = bo_put,
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
