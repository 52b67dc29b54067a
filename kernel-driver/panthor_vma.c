// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Mappings: how they come, are cut and go, and how a BO leaves all of them at once.
 */

#include <linux/dma-resv.h>
#include <linux/module.h>
#include <linux/slab.h>

#include <drm/drm_gem.h>
#include <drm/drm_gpuvm.h>

#include "panthor_device.h"
#include "panthor_gem.h"
#include "panthor_vm.h"
#include "panthor_vma.h"

/* struct panthor_vm_bo - a BO in a VM */
struct panthor_vm_bo {
	struct drm_gpuvm_bo base;

	/* Mappings that are not evicted, under the BO's gpuva_lock. */
	u32 live;

	/* Operations under way that will add evicted ones, under the BO's gpuva_lock. */
	u32 expected;
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

static u64 panthor_vma_pt_attrs(const struct panthor_vma *vma)
{
	u64 attrs = 0;

	if (vma->flags & DRM_PANTHOR_VM_BIND_OP_MAP_READONLY)
		attrs |= PANTHOR_PT_READONLY;
	if (vma->flags & DRM_PANTHOR_VM_BIND_OP_MAP_NOEXEC)
		attrs |= PANTHOR_PT_NOEXEC;
	if (vma->flags & DRM_PANTHOR_VM_BIND_OP_MAP_SPARSE)
		attrs |= PANTHOR_PT_SPARSE;
	return attrs;
}

/*
 * Puts what a mapping shows into the page table. The device map is that of the BO, which is pinned
 * or whose resv is held. The software GPU sees what an unmapped bus shows: DMA addresses are
 * physical ones.
 */
static void panthor_vma_map_sgt(struct panthor_vm *vm, struct panthor_pt_cache *tables,
				const struct panthor_vma *vma, const struct sg_table *sgt)
{
	u64 skip = vma->base.gem.offset, va = vma->base.va.addr, left = vma->base.va.range;
	u64 attrs = panthor_vma_pt_attrs(vma);
	struct scatterlist *sg;
	int i;

	for_each_sgtable_dma_sg(sgt, sg, i) {
		u64 len = sg_dma_len(sg), part;

		if (skip >= len) {
			skip -= len;
			continue;
		}

		part = min(len - skip, left);
		panthor_pt_map(&vm->pt, tables, va, part, sg_dma_address(sg) + skip, attrs);
		va += part;
		left -= part;
		skip = 0;
		if (!left)
			break;
	}
}

/* Without device map, when the device is gone, there is nothing to be shown. */
static void panthor_vma_map_pages(struct panthor_vm *vm, struct panthor_pt_cache *tables,
				  const struct panthor_vma *vma, const struct sg_table *sgt)
{
	mutex_lock(&vm->as_lock);
	if (vma->flags & DRM_PANTHOR_VM_BIND_OP_MAP_SPARSE)
		panthor_pt_map(&vm->pt, tables, vma->base.va.addr, vma->base.va.range, 0,
			       panthor_vma_pt_attrs(vma));
	else if (sgt)
		panthor_vma_map_sgt(vm, tables, vma, sgt);
	mutex_unlock(&vm->as_lock);
}

static void panthor_vm_unmap_pages(struct panthor_vm *vm, struct panthor_pt_cache *tables, u64 va,
				   u64 size)
{
	mutex_lock(&vm->as_lock);
	panthor_pt_unmap(&vm->pt, tables, va, size);
	mutex_unlock(&vm->as_lock);
}

static int panthor_sm_step_map(struct drm_gpuva_op *op, void *priv)
{
	struct panthor_bind_ctx *ctx = priv;
	struct panthor_vma *vma = panthor_bind_take_spare(ctx, ctx->flags);

	if (WARN_ON(!vma))
		return -EINVAL;

	drm_gpuva_map(&ctx->vm->base, &vma->base, &op->map);
	panthor_vma_link(vma, ctx->vm_bo, !ctx->pinned);
	if (ctx->pinned || !ctx->bo)
		panthor_vma_map_pages(ctx->vm, &ctx->tables, vma, ctx->bo ? ctx->bo->sgt : NULL);
	return 0;
}

static int panthor_sm_step_remap(struct drm_gpuva_op *op, void *priv)
{
	struct panthor_vma *old = to_panthor_vma(op->remap.unmap->va), *rest[2] = {};
	struct panthor_bind_ctx *ctx = priv;
	bool evicted = drm_gpuva_invalidated(&old->base);
	u64 va, size;

	if (op->remap.prev)
		rest[0] = panthor_bind_take_spare(ctx, old->flags);
	if (op->remap.next)
		rest[1] = panthor_bind_take_spare(ctx, old->flags);
	if (WARN_ON(!!op->remap.prev + !!op->remap.next != !!rest[0] + !!rest[1]))
		return -EINVAL;

	/* What stays mapped is not touched, but for a large page that is cut. */
	drm_gpuva_op_remap_to_unmap_range(&op->remap, &va, &size);
	if (!evicted)
		panthor_vm_unmap_pages(ctx->vm, &ctx->tables, va, size);

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
	struct panthor_bind_ctx *ctx = priv;

	if (!drm_gpuva_invalidated(&vma->base))
		panthor_vm_unmap_pages(ctx->vm, &ctx->tables, vma->base.va.addr,
				       vma->base.va.range);
	drm_gpuva_unmap(&op->unmap);
	panthor_vma_kill(ctx, vma);
	return 0;
}

static struct drm_gpuvm_bo *panthor_vm_bo_alloc(void)
{
	struct panthor_vm_bo *vm_bo = kzalloc(sizeof(*vm_bo), GFP_KERNEL_ACCOUNT);

	return vm_bo ? &vm_bo->base : NULL;
}

static void panthor_vm_bo_free(struct drm_gpuvm_bo *vm_bo)
{
	kfree(to_panthor_vm_bo(vm_bo));
}

/*
 * The VM's resv covers its lists of BOs, the BO's resv its class. The BO may be on the LRU of this
 * very VM, so the VM outlives the change of class.
 */
void panthor_vm_bo_put(struct drm_gpuvm_bo *vm_bo)
{
	struct panthor_gem_object *bo = to_panthor_bo(vm_bo->obj);
	struct panthor_vm *vm = panthor_vm_get(to_panthor_vm(vm_bo->vm));

	drm_gem_object_get(&bo->base);
	dma_resv_lock(panthor_vm_resv(vm), NULL);
	mutex_lock(&bo->gpuva_lock);
	drm_gpuvm_bo_put(vm_bo);
	mutex_unlock(&bo->gpuva_lock);
	dma_resv_unlock(panthor_vm_resv(vm));

	dma_resv_lock(bo->base.resv, NULL);
	panthor_gem_refresh_locked(bo);
	dma_resv_unlock(bo->base.resv);
	drm_gem_object_put(&bo->base);
	panthor_vm_put(vm);
}

/* A mapping that is evicted, without a lock that would keep it so; NULL when all are back. */
static struct drm_gpuva *panthor_vm_bo_find_evicted_locked(struct drm_gpuvm_bo *vm_bo)
{
	struct drm_gpuva *va;

	drm_gpuvm_bo_for_each_va(va, vm_bo) {
		if (drm_gpuva_invalidated(va))
			return va;
	}
	return NULL;
}

/*
 * Maps one evicted mapping again. Tables have to be there before op_lock is taken, but only under
 * it the mapping stands still: look, make room, look again.
 */
static int panthor_vm_bo_remap_one(struct drm_gpuvm_bo *vm_bo, struct panthor_pt_cache *tables,
				   bool *ret_done)
{
	struct panthor_gem_object *bo = to_panthor_bo(vm_bo->obj);
	struct panthor_vm *vm = to_panthor_vm(vm_bo->vm);
	struct drm_gpuva *va;
	u64 addr = 0, range = 0;
	int ret = 0;

	for (bool ready = false; !ret; ready = true) {
		if (ready)
			ret = panthor_pt_cache_fill(tables,
						    panthor_pt_map_need(addr, range, false));
		if (ret)
			break;

		mutex_lock(&vm->op_lock);
		mutex_lock(&bo->gpuva_lock);
		va = panthor_vm_bo_find_evicted_locked(vm_bo);
		if (va && ready && va->va.addr == addr && va->va.range == range) {
			panthor_vma_map_pages(vm, tables, to_panthor_vma(va), bo->sgt);
			drm_gpuva_invalidate(va, false);
			/* Those that are still to be found stay in front. */
			list_move_tail(&va->gem.entry, &vm_bo->list.gpuva);
			to_panthor_vm_bo(vm_bo)->live++;
			range = 0;
		} else if (va) {
			addr = va->va.addr;
			range = va->va.range;
		}
		mutex_unlock(&bo->gpuva_lock);
		mutex_unlock(&vm->op_lock);

		*ret_done = !va;
		if (!va || !range)
			break;
	}
	return ret;
}

void panthor_vm_bo_expect_locked(struct drm_gpuvm_bo *vm_bo, int change)
{
	to_panthor_vm_bo(vm_bo)->expected += change;
}

static int panthor_vm_bo_validate(struct drm_gpuvm_bo *vm_bo, struct drm_exec *exec)
{
	struct panthor_gem_object *bo = to_panthor_bo(vm_bo->obj);
	struct panthor_pt_cache tables;
	bool done = false;
	int ret = 0;

	/* The GPU faults on what was purged, until its owner wants it back. */
	if (panthor_gem_is_lost_locked(bo))
		return 0;

	ret = PTR_ERR_OR_ZERO(panthor_gem_get_sgt_locked(bo));
	if (ret == -ENOMEM)
		to_panthor_vm(vm_bo->vm)->missing = panthor_gem_page_count(bo);
	panthor_pt_cache_init(&tables);
	while (!ret && !done)
		ret = panthor_vm_bo_remap_one(vm_bo, &tables, &done);
	panthor_pt_cache_fini(&tables);

	/* One that was expected may have come since the last look. */
	mutex_lock(&bo->gpuva_lock);
	done = !ret && !to_panthor_vm_bo(vm_bo)->expected &&
	       !panthor_vm_bo_find_evicted_locked(vm_bo);
	panthor_gem_update_class_locked(bo);
	mutex_unlock(&bo->gpuva_lock);
	if (done)
		drm_gpuvm_bo_evict(vm_bo, false);
	return ret;
}

const struct drm_gpuvm_ops panthor_gpuvm_ops = {
	.vm_free = panthor_vm_free,
	.vm_bo_alloc = panthor_vm_bo_alloc,
	.vm_bo_free = panthor_vm_bo_free,
	.vm_bo_validate = panthor_vm_bo_validate,
	.sm_step_map = panthor_sm_step_map,
	.sm_step_remap = panthor_sm_step_remap,
	.sm_step_unmap = panthor_sm_step_unmap,
};

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

static void panthor_vm_bo_unmap_locked(struct drm_gpuvm_bo *vm_bo)
{
	struct panthor_vm *vm = to_panthor_vm(vm_bo->vm);
	struct panthor_pt_cache tables;
	struct drm_gpuva *va;

	/* Whole mappings go, so no table is needed; what is not any more is freed. */
	panthor_pt_cache_init(&tables);
	drm_gpuvm_bo_for_each_va(va, vm_bo) {
		if (drm_gpuva_invalidated(va))
			continue;
		panthor_vm_unmap_pages(vm, &tables, va->va.addr, va->va.range);
		drm_gpuva_invalidate(va, true);
	}
	panthor_pt_cache_fini(&tables);
	to_panthor_vm_bo(vm_bo)->live = 0;
}

bool panthor_vm_bo_evict_locked(struct panthor_gem_object *bo)
{
	struct drm_gpuvm_bo *vm_bo;

	drm_gem_for_each_gpuvm_bo(vm_bo, &bo->base) {
		struct panthor_vm *vm = to_panthor_vm(vm_bo->vm);

		if (!to_panthor_vm_bo(vm_bo)->live)
			continue;
		/* A job may use what was mapped after it came: only its VM's resv knows of it. */
		if (!dma_resv_test_signaled(panthor_vm_resv(vm), DMA_RESV_USAGE_BOOKKEEP))
			return false;
		/* Elsewhere op_lock comes before gpuva_lock. */
		if (!mutex_trylock(&vm->op_lock))
			return false;

		panthor_vm_bo_unmap_locked(vm_bo);
		drm_gpuvm_bo_evict(vm_bo, true);
		mutex_unlock(&vm->op_lock);
	}
	return true;
}
