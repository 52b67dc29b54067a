// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * VM_BIND operations.
 */

#include <linux/dma-resv.h>
#include <linux/slab.h>

#include <drm/drm_file.h>
#include <drm/drm_gem.h>
#include <drm/drm_gpuvm.h>

#include "panthor_device.h"
#include "panthor_gem.h"
#include "panthor_vm.h"
#include "panthor_vma.h"

#define PANTHOR_BIND_MAP_FLAGS                                                                     \
	(DRM_PANTHOR_VM_BIND_OP_MAP_READONLY | DRM_PANTHOR_VM_BIND_OP_MAP_NOEXEC |                 \
	 DRM_PANTHOR_VM_BIND_OP_MAP_UNCACHED | DRM_PANTHOR_VM_BIND_OP_MAP_SPARSE)

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
