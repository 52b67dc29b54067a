// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Reclaim: which BO is worth what, and in which order pages are taken.
 */

#include <linux/dma-resv.h>
#include <linux/sched/mm.h>
#include <linux/shmem_fs.h>
#include <linux/shrinker.h>
#include <linux/swap.h>

#include <drm/drm_gem.h>
#include <drm/drm_managed.h>

#include "panthor_device.h"
#include "panthor_gem.h"
#include "panthor_trace.h"
#include "panthor_vm.h"
#include "panthor_vma.h"

/* How long reclaim waits for the GPU to be done with a BO. */
#define PANTHOR_RECLAIM_WAIT_JIFFIES 10

bool panthor_reclaim_can_swap(void)
{
	return get_nr_swap_pages() > 0;
}

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
	mutex_lock(&bo->gpuva_lock);
	panthor_gem_update_class_locked(bo);
	panthor_gem_file(bo, bo->reclaim.class, bo->reclaim.vm);
	mutex_unlock(&bo->gpuva_lock);
}

void panthor_gem_reclaim_fini(struct panthor_gem_object *bo)
{
	/* Off whatever list a scan is working on, before drm_gem_lru_remove() looks at it. */
	if (bo->reclaim.class != PANTHOR_RECLAIM_NONE)
		panthor_gem_file(bo, PANTHOR_RECLAIM_NONE, NULL);
}

/*
 * Taking pages. All of it runs with the BO's resv held by a trylock, allocates nothing and waits
 * for nobody but, where the caller may, the GPU.
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

/* struct panthor_scan - one walk over the LRUs */
struct panthor_scan {
	struct panthor_reclaim *reclaim;
	unsigned long nr_to_scan;
	unsigned long freed;

	/* The VM being scanned is busy, and with it all that shares its resv. */
	bool vm_busy;

	/* VMs that were not looked at yet. */
	long vms_left;
};

static bool panthor_scan_bo(struct panthor_scan *scan, struct panthor_gem_object *bo,
			    enum panthor_reclaim_class class)
{
	/* The GPU is waited for only where nothing else is left to take. */
	long wait = class >= PANTHOR_RECLAIM_VM ? PANTHOR_RECLAIM_WAIT_JIFFIES : 0;
	bool done = false;

	/* The scan may serve an allocation that was made with this very lock held. */
	if (!dma_resv_trylock(bo->base.resv)) {
		panthor_reclaim_count(scan->reclaim, PANTHOR_COUNT_SKIPS_LOCKED, 1);
		return false;
	}

	if (panthor_gem_idle_locked(bo, wait)) {
		done = panthor_gem_reclaim_locked(bo, class);
	} else {
		panthor_reclaim_count(scan->reclaim, PANTHOR_COUNT_SKIPS_BUSY, 1);
		scan->vm_busy = bo->exclusive_vm_root;
	}
	dma_resv_unlock(bo->base.resv);
	return done;
}

/*
 * Not drm_gem_lru_scan(): that keeps BOs on a list on its stack, which others then find in
 * &drm_gem_object.lru, and has nothing to tell the callback why it was called.
 */
static void panthor_scan_lru(struct panthor_scan *scan, struct drm_gem_lru *lru,
			     enum panthor_reclaim_class class)
{
	struct drm_gem_object *obj;
	long left, pages;

	scan->vm_busy = false;
	mutex_lock(lru->lock);
	for (left = lru->count; left > 0 && scan->freed < scan->nr_to_scan; left -= pages) {
		if (class == PANTHOR_RECLAIM_VM && scan->vm_busy)
			break;

		obj = list_first_entry_or_null(&lru->list, typeof(*obj), lru_node);
		if (!obj)
			break;

		/* What can not be had is asked again only after everything else was. */
		list_move_tail(&obj->lru_node, &lru->list);
		pages = obj->size >> PAGE_SHIFT;
		if (!kref_get_unless_zero(&obj->refcount))
			continue;

		mutex_unlock(lru->lock);
		panthor_hold(to_panthor_device(obj->dev), PANTHOR_HOLD_SCAN_BO);
		if (panthor_scan_bo(scan, to_panthor_bo(obj), class))
			scan->freed += pages;
		drm_gem_object_put(obj);
		mutex_lock(lru->lock);
	}
	mutex_unlock(lru->lock);
}

static void panthor_scan_class(struct panthor_scan *scan, enum panthor_reclaim_class class)
{
	panthor_scan_lru(scan, &scan->reclaim->lrus[class], class);
}

/*
 * The next VM with something to give, in order of activity. One that becomes active while it is
 * scanned moves to the end of the list, so this goes on from the start until all were looked at.
 * Lets go of the VM before without the lock, for that may be its end.
 */
static struct panthor_vm *panthor_scan_next_vm(struct panthor_scan *scan, struct panthor_vm *prev)
{
	struct list_head *vms = &scan->reclaim->vms;
	struct list_head *node = prev ? &prev->reclaim.node : vms;
	struct panthor_vm *vm, *next = NULL;

	mutex_lock(&scan->reclaim->lock);
	while (!next && scan->freed < scan->nr_to_scan && !list_empty(vms) &&
	       scan->vms_left-- > 0) {
		node = node->next == vms ? vms->next : node->next;
		vm = list_entry(node, struct panthor_vm, reclaim.node);
		if (!list_empty(&vm->reclaim.lru.list) && panthor_vm_tryget(vm))
			next = vm;
	}
	mutex_unlock(&scan->reclaim->lock);
	panthor_vm_put(prev);
	return next;
}

static void panthor_scan_vms(struct panthor_scan *scan)
{
	struct panthor_vm *vm = NULL;

	scan->vms_left = READ_ONCE(scan->reclaim->vm_count);
	while ((vm = panthor_scan_next_vm(scan, vm))) {
		panthor_hold(to_panthor_device(vm->base.drm), PANTHOR_HOLD_SCAN_VM);
		panthor_scan_lru(scan, &vm->reclaim.lru, PANTHOR_RECLAIM_VM);
	}
}

unsigned long panthor_reclaim_scan(struct panthor_device *ptdev, unsigned long nr_to_scan,
				   bool can_block)
{
	struct panthor_reclaim *reclaim = &ptdev->reclaim;
	struct panthor_scan scan = { .reclaim = reclaim, .nr_to_scan = nr_to_scan };

	panthor_reclaim_count(reclaim, PANTHOR_COUNT_SCANS, 1);
	panthor_scan_class(&scan, PANTHOR_RECLAIM_PURGEABLE);
	if (panthor_reclaim_can_swap()) {
		panthor_scan_class(&scan, PANTHOR_RECLAIM_UNUSED);
		panthor_scan_class(&scan, PANTHOR_RECLAIM_MMAPPED);
		if (can_block) {
			panthor_scan_vms(&scan);
			panthor_scan_class(&scan, PANTHOR_RECLAIM_SHARED);
		}
	}
	atomic_long_set(&reclaim->last_freed, scan.freed);
	return scan.freed;
}

/*
 * The mm side.
 */

static bool panthor_shrink_can_block(const struct shrink_control *sc)
{
	return sc->gfp_mask & __GFP_DIRECT_RECLAIM ||
	       (sc->gfp_mask & __GFP_KSWAPD_RECLAIM && current_is_kswapd());
}

static long panthor_reclaim_lru_pages(struct panthor_reclaim *reclaim,
				      enum panthor_reclaim_class class)
{
	return READ_ONCE(reclaim->lrus[class].count);
}

/* Read without the lock: a hint, as mm expects. */
static unsigned long panthor_shrink_count(struct shrinker *shrinker, struct shrink_control *sc)
{
	struct panthor_device *ptdev = shrinker->private_data;
	struct panthor_reclaim *reclaim = &ptdev->reclaim;
	unsigned long count = panthor_reclaim_lru_pages(reclaim, PANTHOR_RECLAIM_PURGEABLE);

	if (panthor_reclaim_can_swap()) {
		count += panthor_reclaim_lru_pages(reclaim, PANTHOR_RECLAIM_UNUSED) +
			 panthor_reclaim_lru_pages(reclaim, PANTHOR_RECLAIM_MMAPPED);
		if (panthor_shrink_can_block(sc))
			count += READ_ONCE(reclaim->vm_pages) +
				 panthor_reclaim_lru_pages(reclaim, PANTHOR_RECLAIM_SHARED);
	}
	return count ?: SHRINK_EMPTY;
}

static unsigned long panthor_shrink_scan(struct shrinker *shrinker, struct shrink_control *sc)
{
	unsigned long freed = panthor_reclaim_scan(shrinker->private_data, sc->nr_to_scan,
						   panthor_shrink_can_block(sc));

	/* BOs go whole: what was freed beyond what was asked for is not asked for again. */
	sc->nr_scanned = max(freed, sc->nr_to_scan);
	/* Nothing now, with every BO asked once, means nothing for this caller. */
	return freed ?: SHRINK_STOP;
}

void panthor_reclaim_vm_init(struct panthor_device *ptdev, struct panthor_reclaim_vm *vm)
{
	struct panthor_reclaim *reclaim = &ptdev->reclaim;

	drm_gem_lru_init(&vm->lru, &reclaim->lock);
	mutex_lock(&reclaim->lock);
	list_add_tail(&vm->node, &reclaim->vms);
	reclaim->vm_count++;
	mutex_unlock(&reclaim->lock);
}

void panthor_reclaim_vm_active(struct panthor_device *ptdev, struct panthor_reclaim_vm *vm)
{
	mutex_lock(&ptdev->reclaim.lock);
	list_move_tail(&vm->node, &ptdev->reclaim.vms);
	mutex_unlock(&ptdev->reclaim.lock);
}

void panthor_reclaim_vm_fini(struct panthor_device *ptdev, struct panthor_reclaim_vm *vm)
{
	mutex_lock(&ptdev->reclaim.lock);
	drm_WARN_ON(&ptdev->base, !list_empty(&vm->lru.list));
	list_del(&vm->node);
	ptdev->reclaim.vm_count--;
	mutex_unlock(&ptdev->reclaim.lock);
}

static void panthor_reclaim_fini(struct drm_device *drm, void *data)
{
	mutex_destroy(&to_panthor_device(drm)->reclaim.lock);
}

int panthor_reclaim_init(struct panthor_device *ptdev)
{
	struct panthor_reclaim *reclaim = &ptdev->reclaim;
	int class;

	mutex_init(&reclaim->lock);
	INIT_LIST_HEAD(&reclaim->vms);
	for (class = 0; class < PANTHOR_RECLAIM_CLASSES; class++)
		drm_gem_lru_init(&reclaim->lrus[class], &reclaim->lock);

	/* Teach lockdep at once that reclaim takes this lock. */
	fs_reclaim_acquire(GFP_KERNEL);
	might_lock(&reclaim->lock);
	fs_reclaim_release(GFP_KERNEL);

	return drmm_add_action_or_reset(&ptdev->base, panthor_reclaim_fini, NULL);
}

int panthor_reclaim_plug(struct panthor_device *ptdev)
{
	struct shrinker *shrinker = shrinker_alloc(0, "drm-panthor");

	if (!shrinker)
		return -ENOMEM;

	shrinker->count_objects = panthor_shrink_count;
	shrinker->scan_objects = panthor_shrink_scan;
	shrinker->private_data = ptdev;
	ptdev->reclaim.shrinker = shrinker;
	shrinker_register(shrinker);
	return 0;
}

void panthor_reclaim_unplug(struct panthor_device *ptdev)
{
	shrinker_free(ptdev->reclaim.shrinker);
}
