// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Reclaim of one BO: which class it is of, and how its pages are taken.
 */

#include <linux/dma-resv.h>
#include <linux/shmem_fs.h>
#include <linux/swap.h>

#include <drm/drm_gem.h>
#include <drm/drm_vma_manager.h>

#include "panthor_device.h"
#include "panthor_gem.h"
#include "panthor_trace.h"
#include "panthor_vm.h"
#include "panthor_vma.h"

static struct panthor_reclaim *to_reclaim(const struct panthor_gem_object *bo)
{
	return &to_panthor_device(bo->base.dev)->reclaim;
}

static enum panthor_reclaim_class panthor_gem_class_locked(struct panthor_gem_object *bo,
							   struct panthor_vm **ret_vm)
{
	if (!bo->backing.pages || bo->backing.pin_count)
		return PANTHOR_RECLAIM_NONE;
	if (bo->reclaim.madv == DRM_PANTHOR_BO_MADV_DONTNEED)
		return PANTHOR_RECLAIM_PURGEABLE;

	switch (panthor_vm_bo_live_count_locked(bo, ret_vm)) {
	case 0:
		return atomic_read(&bo->cmap.mmap_count) ? PANTHOR_RECLAIM_MMAPPED :
							   PANTHOR_RECLAIM_UNUSED;
	case 1:
		return PANTHOR_RECLAIM_VM;
	default:
		return PANTHOR_RECLAIM_SHARED;
	}
}

/* Also called for a BO without references, whose resv and gpuva_lock nobody can want. */
static void panthor_gem_file(struct panthor_gem_object *bo, enum panthor_reclaim_class class,
			     struct panthor_vm *vm)
{
	struct panthor_reclaim *reclaim = to_reclaim(bo);
	struct drm_gem_lru *lru = &reclaim->lrus[class];
	u32 count = panthor_gem_page_count(bo);

	mutex_lock(&reclaim->lock);
	if (bo->reclaim.class == PANTHOR_RECLAIM_VM)
		reclaim->vm_pages -= count;
	if (class == PANTHOR_RECLAIM_VM) {
		reclaim->vm_pages += count;
		lru = &vm->reclaim.lru;
	}

	drm_gem_lru_move_tail_locked(lru, &bo->base);
	if (bo->reclaim.madv == DRM_PANTHOR_BO_MADV_COLD)
		list_move(&bo->base.lru_node, &lru->list);
	bo->reclaim.class = class;
	bo->reclaim.vm = vm;
	mutex_unlock(&reclaim->lock);
}

void panthor_gem_update_class_locked(struct panthor_gem_object *bo)
{
	struct panthor_vm *vm = NULL;
	enum panthor_reclaim_class class;

	dma_resv_assert_held(bo->base.resv);
	lockdep_assert_held(&bo->gpuva_lock);

	class = panthor_gem_class_locked(bo, &vm);
	if (class != PANTHOR_RECLAIM_VM)
		vm = NULL;
	if (class != bo->reclaim.class || vm != bo->reclaim.vm)
		panthor_gem_file(bo, class, vm);
}

void panthor_gem_refile_locked(struct panthor_gem_object *bo)
{
	panthor_gem_update_class_locked(bo);
	panthor_gem_file(bo, bo->reclaim.class, bo->reclaim.vm);
}

void panthor_gem_reclaim_fini(struct panthor_gem_object *bo)
{
	/* Off whatever list a scan is working on, before drm_gem_lru_remove() looks at it. */
	if (bo->reclaim.class != PANTHOR_RECLAIM_NONE)
		panthor_gem_file(bo, PANTHOR_RECLAIM_NONE, NULL);
}

/*
 * Taking pages. All of it runs with the BO's resv held by a trylock, allocates nothing and waits
 * for nobody but the GPU, where the caller may, and for writes to swap of what is purged.
 */

static void panthor_gem_zap(struct panthor_gem_object *bo)
{
	if (atomic_read(&bo->cmap.mmap_count))
		drm_vma_node_unmap(&bo->base.vma_node, bo->base.dev->anon_inode->i_mapping);
}

void panthor_gem_purge_locked(struct panthor_gem_object *bo)
{
	struct panthor_reclaim *reclaim = to_reclaim(bo);

	if (bo->backing.pages) {
		panthor_gem_put_pages_locked(bo, false);
		/* Free at once, unlike evicted ones: mm need not go on looking for as many. */
		mm_account_reclaimed_pages(panthor_gem_page_count(bo));
	}
	shmem_truncate_range(file_inode(bo->base.filp), 0, (loff_t)-1);

	bo->reclaim.evicted = false;
	bo->reclaim.purged = true;
	trace_bo_purge(bo);
	panthor_reclaim_count(reclaim, PANTHOR_COUNT_PURGES, 1);
	panthor_reclaim_count(reclaim, PANTHOR_COUNT_PURGED_PAGES, panthor_gem_page_count(bo));
}

static void panthor_gem_evict_locked(struct panthor_gem_object *bo)
{
	struct panthor_reclaim *reclaim = to_reclaim(bo);

	panthor_gem_put_pages_locked(bo, true);
	bo->reclaim.evicted = true;
	trace_bo_evict(bo);
	atomic_add_unless(&bo->reclaim.evictions, 1, INT_MAX);
	panthor_reclaim_count(reclaim, PANTHOR_COUNT_EVICTIONS, 1);
	panthor_reclaim_count(reclaim, PANTHOR_COUNT_EVICTED_PAGES, panthor_gem_page_count(bo));
	panthor_reclaim_count(reclaim,
			      PANTHOR_COUNT_EVICTIONS_UNUSED + bo->reclaim.class -
				      PANTHOR_RECLAIM_UNUSED,
			      1);
}

bool panthor_gem_idle_locked(struct panthor_gem_object *bo, long wait)
{
	if (dma_resv_test_signaled(bo->base.resv, DMA_RESV_USAGE_BOOKKEEP))
		return true;

	return wait && dma_resv_wait_timeout(bo->base.resv, DMA_RESV_USAGE_BOOKKEEP, false,
					     wait) > 0;
}

bool panthor_gem_reclaim_locked(struct panthor_gem_object *bo, enum panthor_reclaim_class hardest)
{
	struct panthor_reclaim *reclaim = to_reclaim(bo);
	bool done = false;

	panthor_gem_zap(bo);
	mutex_lock(&bo->gpuva_lock);
	panthor_gem_update_class_locked(bo);
	if (bo->reclaim.class > hardest) {
		panthor_reclaim_count(reclaim, PANTHOR_COUNT_SKIPS_MOVED, 1);
	} else if (!panthor_vm_bo_evict_locked(bo)) {
		panthor_reclaim_count(reclaim, PANTHOR_COUNT_SKIPS_VM_LOCKED, 1);
	} else {
		if (bo->reclaim.class == PANTHOR_RECLAIM_PURGEABLE)
			panthor_gem_purge_locked(bo);
		else
			panthor_gem_evict_locked(bo);
		done = true;
	}
	panthor_gem_update_class_locked(bo);
	mutex_unlock(&bo->gpuva_lock);
	return done;
}

bool panthor_gem_make_room(struct panthor_gem_object *bo, int *tries)
{
	return bo->exclusive_vm_root &&
	       panthor_reclaim_make_room(to_panthor_device(bo->base.dev), bo->base.resv,
					 panthor_gem_page_count(bo), tries);
}
