// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * VM_BIND operations: what is checked and allocated before, done under the lock, freed after.
 */

#include <linux/dma-resv.h>
#include <linux/overflow.h>
#include <linux/slab.h>

#include <drm/drm_drv.h>
#include <drm/drm_file.h>
#include <drm/drm_gem.h>
#include <drm/drm_gpuvm.h>

#include "panthor_device.h"
#include "panthor_gem.h"
#include "panthor_trace.h"
#include "panthor_vm.h"
#include "panthor_vma.h"

#define PANTHOR_BIND_MAP_FLAGS                                                                     \
	(DRM_PANTHOR_VM_BIND_OP_MAP_READONLY | DRM_PANTHOR_VM_BIND_OP_MAP_NOEXEC |                 \
	 DRM_PANTHOR_VM_BIND_OP_MAP_UNCACHED | DRM_PANTHOR_VM_BIND_OP_MAP_SPARSE)

static u32 panthor_bind_type(const struct drm_panthor_vm_bind_op *op)
{
	return op->flags & DRM_PANTHOR_VM_BIND_OP_TYPE_MASK;
}

/* Most operations take no table, or give one back: let the next one have them. */
static int panthor_bind_get_tables(struct panthor_bind_ctx *ctx)
{
	u64 need = PANTHOR_PT_CUT_NEED;

	if (!ctx->unmap)
		need += panthor_pt_map_need(ctx->va, ctx->size, !ctx->bo);

	mutex_lock(&ctx->vm->as_lock);
	panthor_pt_cache_move(&ctx->tables, &ctx->vm->spare_tables, need);
	mutex_unlock(&ctx->vm->as_lock);
	return panthor_pt_cache_fill(&ctx->tables, need);
}

static void panthor_bind_put_tables(struct panthor_bind_ctx *ctx)
{
	mutex_lock(&ctx->vm->as_lock);
	panthor_pt_cache_move(&ctx->vm->spare_tables, &ctx->tables, PANTHOR_VM_SPARE_TABLES);
	mutex_unlock(&ctx->vm->as_lock);
	panthor_pt_cache_fini(&ctx->tables);
}

void panthor_bind_fini(struct panthor_bind_ctx *ctx)
{
	struct panthor_vma *vma, *next;

	list_for_each_entry_safe(vma, next, &ctx->dead, base.gem.entry) {
		if (vma->base.vm_bo)
			panthor_vm_bo_put(vma->base.vm_bo);
		kfree(vma);
	}
	for (int i = 0; i < ARRAY_SIZE(ctx->spare); i++)
		kfree(ctx->spare[i]);
	panthor_bind_put_tables(ctx);

	if (ctx->vm_bo) {
		mutex_lock(&ctx->bo->gpuva_lock);
		panthor_vm_bo_expect_locked(ctx->vm_bo, ctx->pinned ? 0 : -1);
		mutex_unlock(&ctx->bo->gpuva_lock);
		panthor_vm_bo_put(ctx->vm_bo);
	}
	if (ctx->pinned) {
		dma_resv_lock(ctx->bo->base.resv, NULL);
		panthor_gem_unpin_locked(ctx->bo);
		dma_resv_unlock(ctx->bo->base.resv);
	}
	if (ctx->bo)
		drm_gem_object_put(&ctx->bo->base);
}

static void panthor_bind_init(struct panthor_bind_ctx *ctx, struct panthor_vm *vm,
			      const struct drm_panthor_vm_bind_op *op)
{
	*ctx = (struct panthor_bind_ctx){
		.vm = vm,
		.unmap = panthor_bind_type(op) == DRM_PANTHOR_VM_BIND_OP_TYPE_UNMAP,
		.va = op->va,
		.size = op->size,
		.offset = op->bo_offset,
		.flags = op->flags & PANTHOR_BIND_MAP_FLAGS,
	};
	INIT_LIST_HEAD(&ctx->dead);
	panthor_pt_cache_init(&ctx->tables);
}

static int panthor_bind_alloc(struct panthor_bind_ctx *ctx)
{
	for (int i = 0; i < ARRAY_SIZE(ctx->spare); i++) {
		ctx->spare[i] = kzalloc(sizeof(*ctx->spare[i]), GFP_KERNEL_ACCOUNT);
		if (!ctx->spare[i])
			return -ENOMEM;
	}

	return panthor_bind_get_tables(ctx);
}

static int panthor_bind_pin_locked(struct panthor_bind_ctx *ctx)
{
	int ret;

	/* Nothing to pin; the GPU faults on it until the client asks for it back. */
	if (!ctx->pinned && panthor_gem_is_lost_locked(ctx->bo))
		return 0;

	ret = ctx->pinned ? 0 : panthor_gem_pin_locked(ctx->bo);
	if (ret)
		return ret;

	ctx->pinned = true;
	return PTR_ERR_OR_ZERO(panthor_gem_get_sgt_locked(ctx->bo));
}

/* Pages first: nothing may be allocated once the BO is in the VM's lists. */
static int panthor_bind_pin(struct panthor_bind_ctx *ctx)
{
	int tries = 0, ret;

	do {
		ret = dma_resv_lock_interruptible(ctx->bo->base.resv, NULL);
		if (ret)
			return ret;

		ret = panthor_bind_pin_locked(ctx);
		dma_resv_unlock(ctx->bo->base.resv);
	} while (ret == -ENOMEM && panthor_gem_make_room(ctx->bo, &tries));
	return ret;
}

static int panthor_bind_prepare_bo(struct panthor_bind_ctx *ctx)
{
	struct drm_gpuvm_bo *vm_bo = drm_gpuvm_bo_create(&ctx->vm->base, &ctx->bo->base);
	int ret;

	if (!vm_bo)
		return -ENOMEM;

	ret = panthor_bind_pin(ctx);
	dma_resv_lock(panthor_vm_resv(ctx->vm), NULL);
	mutex_lock(&ctx->bo->gpuva_lock);
	if (ret) {
		drm_gpuvm_bo_put(vm_bo);
	} else {
		ctx->vm_bo = drm_gpuvm_bo_obtain_prealloc(vm_bo);
		drm_gpuvm_bo_extobj_add(ctx->vm_bo);
		panthor_vm_bo_expect_locked(ctx->vm_bo, !ctx->pinned);
	}
	mutex_unlock(&ctx->bo->gpuva_lock);
	dma_resv_unlock(panthor_vm_resv(ctx->vm));

	/* Submissions look for it as soon as its contents are wanted again. */
	if (!ret && !ctx->pinned) {
		dma_resv_lock(ctx->bo->base.resv, NULL);
		drm_gpuvm_bo_evict(ctx->vm_bo, true);
		dma_resv_unlock(ctx->bo->base.resv);
	}
	return ret;
}

static int panthor_bind_prepare_map(struct panthor_bind_ctx *ctx, struct drm_file *file,
				    u32 handle)
{
	struct drm_gem_object *obj = drm_gem_object_lookup(file, handle);

	if (!obj)
		return -EINVAL;

	ctx->bo = to_panthor_bo(obj);
	if (ctx->size > obj->size || ctx->offset > obj->size - ctx->size)
		return -EINVAL;
	if (ctx->bo->exclusive_vm_root &&
	    ctx->bo->exclusive_vm_root != panthor_vm_root_gem(ctx->vm))
		return -EINVAL;

	return ctx->size ? panthor_bind_prepare_bo(ctx) : 0;
}

/* The client's part, or, for a map, beyond all parts: that fails when it is carried out. */
static bool panthor_bind_range_ok(const struct panthor_vm *vm,
				  const struct drm_panthor_vm_bind_op *op)
{
	u64 end;

	if (!IS_ALIGNED(op->va | op->size | op->bo_offset, PANTHOR_VM_PAGE_SIZE) ||
	    check_add_overflow(op->va, op->size, &end))
		return false;

	return end <= vm->user_range ||
	       (panthor_bind_type(op) == DRM_PANTHOR_VM_BIND_OP_TYPE_MAP &&
		op->va >= vm->base.mm_range);
}

static bool panthor_bind_sparse_ok(const struct drm_panthor_vm_bind_op *op)
{
	return !(op->flags & DRM_PANTHOR_VM_BIND_OP_MAP_SPARSE) ||
	       (!op->bo_handle && !op->bo_offset && op->size <= PANTHOR_VM_SPARSE_MAX &&
		op->flags & DRM_PANTHOR_VM_BIND_OP_MAP_NOEXEC);
}

static int panthor_bind_check_op(const struct panthor_vm *vm,
				 const struct drm_panthor_vm_bind_op *op)
{
	u32 attrs = op->flags & ~DRM_PANTHOR_VM_BIND_OP_TYPE_MASK;
	bool ok;

	switch (panthor_bind_type(op)) {
	case DRM_PANTHOR_VM_BIND_OP_TYPE_MAP:
		ok = !(attrs & ~PANTHOR_BIND_MAP_FLAGS) && panthor_bind_sparse_ok(op);
		break;
	case DRM_PANTHOR_VM_BIND_OP_TYPE_UNMAP:
		ok = !attrs && !op->bo_handle && !op->bo_offset;
		break;
	case DRM_PANTHOR_VM_BIND_OP_TYPE_SYNC_ONLY:
		return !attrs && !op->bo_handle && !op->bo_offset && !op->va && !op->size &&
				       op->syncs.count ?
			       0 :
			       -EINVAL;
	default:
		ok = false;
	}

	return ok && panthor_bind_range_ok(vm, op) ? 0 : -EINVAL;
}

int panthor_bind_prepare(struct panthor_bind_ctx *ctx, struct drm_file *file,
			 struct panthor_vm *vm, const struct drm_panthor_vm_bind_op *op)
{
	int ret;

	panthor_bind_init(ctx, vm, op);
	ret = panthor_bind_check_op(vm, op);
	if (ret)
		return ret;

	/* The BO first: its pages bound what tables can cost. */
	if (panthor_bind_type(op) == DRM_PANTHOR_VM_BIND_OP_TYPE_MAP &&
	    !(op->flags & DRM_PANTHOR_VM_BIND_OP_MAP_SPARSE))
		ret = panthor_bind_prepare_map(ctx, file, op->bo_handle);
	if (!ret && ctx->size)
		ret = panthor_bind_alloc(ctx);
	return ret;
}

/* The device map of a pinned BO stays until drm_dev_unplug() has waited for this. */
static int panthor_bind_exec_map_locked(struct panthor_bind_ctx *ctx)
{
	struct drm_gem_object *obj = ctx->bo ? &ctx->bo->base : NULL;
	int ret, cookie;

	if (ctx->vm->destroyed || READ_ONCE(ctx->vm->unusable))
		return -EINVAL;
	if (!drm_dev_enter(ctx->vm->base.drm, &cookie))
		return -ENODEV;

	ret = drm_gpuvm_sm_map(&ctx->vm->base, ctx, ctx->va, ctx->size, obj, ctx->offset);
	drm_dev_exit(cookie);
	return ret;
}

int panthor_bind_exec(struct panthor_bind_ctx *ctx)
{
	int ret;

	if (!ctx->size)
		return 0;

	mutex_lock(&ctx->vm->op_lock);
	mutex_lock(&ctx->vm->run_lock);
	panthor_hold(to_panthor_device(ctx->vm->base.drm), PANTHOR_HOLD_EXEC);
	if (ctx->unmap)
		ret = drm_gpuvm_sm_unmap(&ctx->vm->base, ctx, ctx->va, ctx->size);
	else
		ret = panthor_bind_exec_map_locked(ctx);
	mutex_unlock(&ctx->vm->run_lock);
	mutex_unlock(&ctx->vm->op_lock);
	trace_vm_bind(ctx, ret);
	return ret;
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

	ret = panthor_bind_prepare(&ctx, file, vm, op);
	panthor_hold(to_panthor_device(vm->base.drm), PANTHOR_HOLD_BIND);
	if (!ret)
		ret = panthor_bind_exec(&ctx);
	panthor_bind_fini(&ctx);
	return ret;
}

int panthor_vm_map_kernel(struct panthor_vm *vm, struct panthor_gem_object *bo, u64 va)
{
	const struct drm_panthor_vm_bind_op op = {
		.flags = DRM_PANTHOR_VM_BIND_OP_TYPE_MAP | DRM_PANTHOR_VM_BIND_OP_MAP_NOEXEC,
		.va = va,
		.size = bo->base.size,
	};
	struct panthor_bind_ctx ctx;
	int ret;

	panthor_bind_init(&ctx, vm, &op);
	ctx.bo = bo;
	drm_gem_object_get(&bo->base);
	ret = panthor_bind_prepare_bo(&ctx);
	if (!ret)
		ret = panthor_bind_alloc(&ctx);
	if (!ret)
		ret = panthor_bind_exec(&ctx);
	panthor_bind_fini(&ctx);
	return ret;
}

void panthor_vm_unmap_whole(struct panthor_vm *vm, u64 va, u64 size)
{
	const struct drm_panthor_vm_bind_op op = {
		.flags = DRM_PANTHOR_VM_BIND_OP_TYPE_UNMAP,
		.va = va,
		.size = size,
	};
	struct panthor_bind_ctx ctx;

	panthor_bind_init(&ctx, vm, &op);
	drm_WARN_ON(vm->base.drm, panthor_bind_exec(&ctx));
	panthor_bind_fini(&ctx);
}
