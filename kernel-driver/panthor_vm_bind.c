// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Mappings of address spaces: VM_BIND operations, eviction of mapped BOs.
 */

#include <linux/dma-resv.h>
#include <linux/list.h>
#include <linux/slab.h>

#include <drm/drm_file.h>
#include <drm/drm_gem.h>
#include <drm/drm_gpuvm.h>

#include "panthor_device.h"
#include "panthor_gem.h"
#include "panthor_vm.h"

#define PANTHOR_BIND_MAP_FLAGS                                                                     \
	(DRM_PANTHOR_VM_BIND_OP_MAP_READONLY | DRM_PANTHOR_VM_BIND_OP_MAP_NOEXEC |                 \
	 DRM_PANTHOR_VM_BIND_OP_MAP_UNCACHED | DRM_PANTHOR_VM_BIND_OP_MAP_SPARSE)

/* struct panthor_vma - one mapping; DRM_GPUVA_INVALIDATED says that its BO was evicted */
struct panthor_vma {
	struct drm_gpuva base;

	/* Attributes from enum drm_panthor_vm_bind_op_flags; constant. */
	u32 flags;
};

/* struct panthor_vm_bo - a BO in a VM */
struct panthor_vm_bo {
	struct drm_gpuvm_bo base;

	/* Mappings that are not evicted, under the BO's gpuva_lock. */
	u32 live;
};

/*
 * struct panthor_bind_ctx - what an operation may need, allocated before the first lock
 *
 * Cutting one mapping in two and putting another between takes three; whatever is over, or was
 * taken out, is freed after the locks.
 */
struct panthor_bind_ctx {
	struct panthor_vm *vm;
	struct panthor_vma *spare[3];

	/* Mappings taken out, by gem.entry; each still holds a reference on its vm_bo. */
	struct list_head dead;

	/* The new mapping: its attributes, and its BO unless it is sparse. */
	u32 flags;
	struct panthor_gem_object *bo;
	struct drm_gpuvm_bo *vm_bo;

	/* Whether @bo is resident and pinned until the end; a purged one can not be. */
	bool pinned;
};

static struct panthor_vma *to_panthor_vma(struct drm_gpuva *va)
{
	return container_of(va, struct panthor_vma, base);
}

static struct panthor_vm_bo *to_panthor_vm_bo(struct drm_gpuvm_bo *vm_bo)
{
	return container_of(vm_bo, struct panthor_vm_bo, base);
}

static struct panthor_vma *panthor_bind_take_spare(struct panthor_bind_ctx *ctx, u32 flags)
{
	for (int i = 0; i < ARRAY_SIZE(ctx->spare); i++) {
		struct panthor_vma *vma = ctx->spare[i];

		if (vma) {
			ctx->spare[i] = NULL;
			vma->flags = flags;
			return vma;
		}
	}
	return NULL;
}

static void panthor_vma_link(struct panthor_vma *vma, struct drm_gpuvm_bo *vm_bo, bool evicted)
{
	struct panthor_gem_object *bo;

	if (!vm_bo)
		return;

	bo = to_panthor_bo(vm_bo->obj);
	mutex_lock(&bo->gpuva_lock);
	drm_gpuva_link(&vma->base, vm_bo);
	drm_gpuva_invalidate(&vma->base, evicted);
	if (!evicted)
		to_panthor_vm_bo(vm_bo)->live++;
	mutex_unlock(&bo->gpuva_lock);
}

/*
 * The vm_bo's reference moves to the dead list: dropping it may free the BO, gpuva_lock and all,
 * and wants the resv, which comes before the op_lock.
 */
static void panthor_vma_kill(struct panthor_bind_ctx *ctx, struct panthor_vma *vma)
{
	struct drm_gpuvm_bo *vm_bo = vma->base.vm_bo;

	if (vm_bo) {
		struct panthor_gem_object *bo = to_panthor_bo(vm_bo->obj);

		mutex_lock(&bo->gpuva_lock);
		if (!drm_gpuva_invalidated(&vma->base))
			to_panthor_vm_bo(vm_bo)->live--;
		drm_gpuvm_bo_get(vm_bo);
		drm_gpuva_unlink(&vma->base);
		mutex_unlock(&bo->gpuva_lock);
		vma->base.vm_bo = vm_bo;
	}
	list_add_tail(&vma->base.gem.entry, &ctx->dead);
}

static int panthor_sm_step_map(struct drm_gpuva_op *op, void *priv)
{
	struct panthor_bind_ctx *ctx = priv;
	struct panthor_vma *vma = panthor_bind_take_spare(ctx, ctx->flags);

	if (WARN_ON(!vma))
		return -EINVAL;

	drm_gpuva_map(&ctx->vm->base, &vma->base, &op->map);
	panthor_vma_link(vma, ctx->vm_bo, !ctx->pinned);
	return 0;
}

static int panthor_sm_step_remap(struct drm_gpuva_op *op, void *priv)
{
	struct panthor_vma *old = to_panthor_vma(op->remap.unmap->va), *rest[2] = {};
	struct panthor_bind_ctx *ctx = priv;
	bool evicted = drm_gpuva_invalidated(&old->base);

	if (op->remap.prev)
		rest[0] = panthor_bind_take_spare(ctx, old->flags);
	if (op->remap.next)
		rest[1] = panthor_bind_take_spare(ctx, old->flags);
	if (WARN_ON(!!op->remap.prev + !!op->remap.next != !!rest[0] + !!rest[1]))
		return -EINVAL;

	drm_gpuva_remap(rest[0] ? &rest[0]->base : NULL, rest[1] ? &rest[1]->base : NULL,
			&op->remap);
	for (int i = 0; i < ARRAY_SIZE(rest); i++) {
		if (rest[i])
			panthor_vma_link(rest[i], old->base.vm_bo, evicted);
	}
	panthor_vma_kill(ctx, old);
	return 0;
}

static int panthor_sm_step_unmap(struct drm_gpuva_op *op, void *priv)
{
	struct panthor_vma *vma = to_panthor_vma(op->unmap.va);

	drm_gpuva_unmap(&op->unmap);
	panthor_vma_kill(priv, vma);
	return 0;
}

static struct drm_gpuvm_bo *panthor_vm_bo_alloc(void)
{
	struct panthor_vm_bo *vm_bo = kzalloc(sizeof(*vm_bo), GFP_KERNEL);

	return vm_bo ? &vm_bo->base : NULL;
}

static void panthor_vm_bo_free(struct drm_gpuvm_bo *vm_bo)
{
	kfree(to_panthor_vm_bo(vm_bo));
}

static void panthor_vm_free(struct drm_gpuvm *gpuvm)
{
	struct panthor_vm *vm = to_panthor_vm(gpuvm);

	panthor_reclaim_vm_fini(to_panthor_device(gpuvm->drm), &vm->reclaim);
	mutex_destroy(&vm->op_lock);
	kfree(vm);
}

const struct drm_gpuvm_ops panthor_gpuvm_ops = {
	.vm_free = panthor_vm_free,
	.vm_bo_alloc = panthor_vm_bo_alloc,
	.vm_bo_free = panthor_vm_bo_free,
	.sm_step_map = panthor_sm_step_map,
	.sm_step_remap = panthor_sm_step_remap,
	.sm_step_unmap = panthor_sm_step_unmap,
};

/*
 * The BO may be on the LRU of this very VM, so the VM outlives the change of class.
 */
static void panthor_vm_bo_put(struct drm_gpuvm_bo *vm_bo)
{
	struct panthor_gem_object *bo = to_panthor_bo(vm_bo->obj);
	struct panthor_vm *vm = panthor_vm_get(to_panthor_vm(vm_bo->vm));

	drm_gem_object_get(&bo->base);
	dma_resv_lock(bo->base.resv, NULL);
	mutex_lock(&bo->gpuva_lock);
	drm_gpuvm_bo_put(vm_bo);
	panthor_gem_update_class_locked(bo);
	mutex_unlock(&bo->gpuva_lock);
	dma_resv_unlock(bo->base.resv);
	drm_gem_object_put(&bo->base);
	panthor_vm_put(vm);
}

static void panthor_bind_fini(struct panthor_bind_ctx *ctx)
{
	struct panthor_vma *vma, *next;

	list_for_each_entry_safe(vma, next, &ctx->dead, base.gem.entry) {
		if (vma->base.vm_bo)
			panthor_vm_bo_put(vma->base.vm_bo);
		kfree(vma);
	}
	for (int i = 0; i < ARRAY_SIZE(ctx->spare); i++)
		kfree(ctx->spare[i]);

	if (ctx->vm_bo)
		panthor_vm_bo_put(ctx->vm_bo);
	if (ctx->pinned) {
		dma_resv_lock(ctx->bo->base.resv, NULL);
		panthor_gem_unpin_locked(ctx->bo);
		dma_resv_unlock(ctx->bo->base.resv);
	}
	if (ctx->bo)
		drm_gem_object_put(&ctx->bo->base);
}

static int panthor_bind_init(struct panthor_bind_ctx *ctx, struct panthor_vm *vm)
{
	*ctx = (struct panthor_bind_ctx){ .vm = vm };
	INIT_LIST_HEAD(&ctx->dead);

	for (int i = 0; i < ARRAY_SIZE(ctx->spare); i++) {
		ctx->spare[i] = kzalloc(sizeof(*ctx->spare[i]), GFP_KERNEL);
		if (!ctx->spare[i])
			return -ENOMEM;
	}
	return 0;
}

static int panthor_bind_pin_locked(struct panthor_bind_ctx *ctx)
{
	int ret;

	/* Nothing to pin; the GPU faults on it until the client asks for it back. */
	if (panthor_gem_is_lost_locked(ctx->bo))
		return 0;

	ret = panthor_gem_pin_locked(ctx->bo);
	if (ret)
		return ret;

	ctx->pinned = true;
	return PTR_ERR_OR_ZERO(panthor_gem_get_sgt_locked(ctx->bo));
}

static int panthor_bind_prepare_bo(struct panthor_bind_ctx *ctx)
{
	struct drm_gpuvm_bo *vm_bo = drm_gpuvm_bo_create(&ctx->vm->base, &ctx->bo->base);
	int ret;

	if (!vm_bo)
		return -ENOMEM;

	ret = dma_resv_lock_interruptible(ctx->bo->base.resv, NULL);
	if (!ret) {
		ret = panthor_bind_pin_locked(ctx);
		dma_resv_unlock(ctx->bo->base.resv);
	}

	mutex_lock(&ctx->bo->gpuva_lock);
	if (ret) {
		drm_gpuvm_bo_put(vm_bo);
	} else {
		ctx->vm_bo = drm_gpuvm_bo_obtain_prealloc(vm_bo);
		drm_gpuvm_bo_extobj_add(ctx->vm_bo);
	}
	mutex_unlock(&ctx->bo->gpuva_lock);
	return ret;
}

static int panthor_bind_prepare_map(struct panthor_bind_ctx *ctx, struct drm_file *file,
				    const struct drm_panthor_vm_bind_op *op)
{
	struct drm_gem_object *obj;

	ctx->flags = op->flags & PANTHOR_BIND_MAP_FLAGS;
	if (ctx->flags & DRM_PANTHOR_VM_BIND_OP_MAP_SPARSE)
		return 0;

	obj = drm_gem_object_lookup(file, op->bo_handle);
	if (!obj)
		return -EINVAL;

	ctx->bo = to_panthor_bo(obj);
	if (op->size > obj->size || op->bo_offset > obj->size - op->size)
		return -EINVAL;
	if (ctx->bo->exclusive_vm_root &&
	    ctx->bo->exclusive_vm_root != panthor_vm_root_gem(ctx->vm))
		return -EINVAL;

	return panthor_bind_prepare_bo(ctx);
}

static int panthor_bind_map(struct panthor_bind_ctx *ctx, const struct drm_panthor_vm_bind_op *op)
{
	struct drm_gem_object *obj = ctx->bo ? &ctx->bo->base : NULL;
	int ret = -EINVAL;

	mutex_lock(&ctx->vm->op_lock);
	if (!ctx->vm->destroyed)
		ret = drm_gpuvm_sm_map(&ctx->vm->base, ctx, op->va, op->size, obj, op->bo_offset);
	mutex_unlock(&ctx->vm->op_lock);
	return ret;
}

static int panthor_bind_unmap(struct panthor_bind_ctx *ctx, u64 va, u64 size)
{
	int ret;

	mutex_lock(&ctx->vm->op_lock);
	ret = drm_gpuvm_sm_unmap(&ctx->vm->base, ctx, va, size);
	mutex_unlock(&ctx->vm->op_lock);
	return ret;
}

static bool panthor_bind_range_ok(const struct panthor_vm *vm,
				  const struct drm_panthor_vm_bind_op *op)
{
	return IS_ALIGNED(op->va | op->size | op->bo_offset, PANTHOR_VM_PAGE_SIZE) &&
	       op->size <= vm->user_range && op->va <= vm->user_range - op->size;
}

static int panthor_bind_check_op(const struct panthor_vm *vm,
				 const struct drm_panthor_vm_bind_op *op)
{
	u32 sparse = DRM_PANTHOR_VM_BIND_OP_MAP_SPARSE | DRM_PANTHOR_VM_BIND_OP_MAP_NOEXEC;
	u32 attrs = op->flags & ~DRM_PANTHOR_VM_BIND_OP_TYPE_MASK;

	switch (op->flags & DRM_PANTHOR_VM_BIND_OP_TYPE_MASK) {
	case DRM_PANTHOR_VM_BIND_OP_TYPE_MAP:
		if (attrs & ~PANTHOR_BIND_MAP_FLAGS)
			return -EINVAL;
		if (attrs & DRM_PANTHOR_VM_BIND_OP_MAP_SPARSE &&
		    (op->bo_handle || op->bo_offset || (attrs & sparse) != sparse))
			return -EINVAL;
		break;

	case DRM_PANTHOR_VM_BIND_OP_TYPE_UNMAP:
		if (attrs || op->bo_handle || op->bo_offset)
			return -EINVAL;
		break;

	default:
		return -EINVAL;
	}

	return panthor_bind_range_ok(vm, op) ? 0 : -EINVAL;
}

int panthor_vm_bind_op_sync(struct drm_file *file, struct panthor_vm *vm,
			    const struct drm_panthor_vm_bind_op *op)
{
	struct panthor_bind_ctx ctx;
	int ret;

	if (op->syncs.count)
		return -EINVAL;
	if (!op->size)
		return 0;

	ret = panthor_bind_check_op(vm, op);
	if (ret)
		return ret;

	ret = panthor_bind_init(&ctx, vm);
	if (ret)
		goto out;

	if ((op->flags & DRM_PANTHOR_VM_BIND_OP_TYPE_MASK) == DRM_PANTHOR_VM_BIND_OP_TYPE_UNMAP) {
		ret = panthor_bind_unmap(&ctx, op->va, op->size);
	} else {
		ret = panthor_bind_prepare_map(&ctx, file, op);
		if (!ret)
			ret = panthor_bind_map(&ctx, op);
	}
out:
	panthor_bind_fini(&ctx);
	return ret;
}

void panthor_vm_unmap_all(struct panthor_vm *vm)
{
	struct panthor_bind_ctx ctx = { .vm = vm, .dead = LIST_HEAD_INIT(ctx.dead) };

	/* Whole mappings go, so that no part of one has to be allocated. */
	drm_WARN_ON(vm->base.drm, panthor_bind_unmap(&ctx, vm->base.mm_start, vm->base.mm_range));
	panthor_bind_fini(&ctx);
}

unsigned int panthor_vm_bo_live_count_locked(struct panthor_gem_object *bo,
					     struct panthor_vm **ret_vm)
{
	struct drm_gpuvm_bo *vm_bo;
	unsigned int count = 0;

	drm_gem_for_each_gpuvm_bo(vm_bo, &bo->base) {
		if (!to_panthor_vm_bo(vm_bo)->live)
			continue;

		*ret_vm = to_panthor_vm(vm_bo->vm);
		if (++count == 2)
			break;
	}
	return count;
}

bool panthor_vm_bo_evict_locked(struct panthor_gem_object *bo)
{
	struct drm_gpuvm_bo *vm_bo;
	struct drm_gpuva *va;

	drm_gem_for_each_gpuvm_bo(vm_bo, &bo->base) {
		struct panthor_vm *vm = to_panthor_vm(vm_bo->vm);

		if (!to_panthor_vm_bo(vm_bo)->live)
			continue;
		/* Elsewhere op_lock comes before gpuva_lock. */
		if (!mutex_trylock(&vm->op_lock))
			return false;

		drm_gpuvm_bo_for_each_va(va, vm_bo)
			drm_gpuva_invalidate(va, true);
		to_panthor_vm_bo(vm_bo)->live = 0;
		drm_gpuvm_bo_evict(vm_bo, true);
		mutex_unlock(&vm->op_lock);
	}
	return true;
}
