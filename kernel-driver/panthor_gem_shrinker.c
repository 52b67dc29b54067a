// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Reclaim: in which order BOs are asked for their pages, by mm and by debugfs.
 */

#include <linux/dma-resv.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/shrinker.h>
#include <linux/swap.h>

#include <drm/drm_gem.h>
#include <drm/drm_managed.h>

#include "panthor_device.h"
#include "panthor_gem.h"
#include "panthor_vm.h"

/* How long one scan waits for the GPU, whatever it finds busy: others wait for the scan. */
#define PANTHOR_RECLAIM_WAIT_JIFFIES 10

bool panthor_reclaim_can_swap(void)
{
	return get_nr_swap_pages() > 0;
}

/* BOs of several VMs that one scan asks in vain: each of them may be walked through for nothing. */
#define PANTHOR_RECLAIM_FAILURES 64

/* How often an allocation is tried again after its VM's BOs were asked. */
#define PANTHOR_RECLAIM_TRIES 3

/* struct panthor_scan - one walk over the LRUs */
struct panthor_scan {
	struct panthor_reclaim *reclaim;

	/* Number of this scan, which the VMs bear that it has come by. */
	s64 serial;

	/* Only BOs that share it, or NULL. */
	struct dma_resv *resv;

	unsigned long nr_to_scan;
	unsigned long freed;

	/* Jiffies that it may still wait for the GPU. */
	long wait;

	/* The VM being scanned is locked or busy, and with it all that shares its resv. */
	bool vm_busy;

	/* BOs of the LRU that were not taken: those to be put back in front, and the others. */
	long kept;
	int failures;
};

/* The GPU is waited for only where nothing else is left to take. */
static bool panthor_scan_wait(struct panthor_scan *scan, struct panthor_gem_object *bo,
			      enum panthor_reclaim_class class)
{
	unsigned long start = jiffies;
	bool idle;

	if (panthor_gem_idle_locked(bo, 0))
		return true;
	if (class < PANTHOR_RECLAIM_VM || scan->wait <= 0)
		return false;

	panthor_reclaim_count(scan->reclaim, PANTHOR_COUNT_WAITS, 1);
	idle = panthor_gem_idle_locked(bo, scan->wait);
	scan->wait -= jiffies - start;
	return idle;
}

static bool panthor_scan_bo(struct panthor_scan *scan, struct panthor_gem_object *bo,
			    enum panthor_reclaim_class class)
{
	bool done = false;

	/* The scan may serve an allocation that was made with this very lock held. */
	if (!dma_resv_trylock(bo->base.resv)) {
		panthor_reclaim_count(scan->reclaim, PANTHOR_COUNT_SKIPS_LOCKED, 1);
		scan->vm_busy = bo->exclusive_vm_root;
		return false;
	}

	if (panthor_scan_wait(scan, bo, class)) {
		done = panthor_gem_reclaim_locked(bo, class);
	} else {
		panthor_reclaim_count(scan->reclaim, PANTHOR_COUNT_SKIPS_BUSY, 1);
		scan->vm_busy = bo->exclusive_vm_root;
	}
	dma_resv_unlock(bo->base.resv);
	return done;
}

static bool panthor_scan_skips(const struct panthor_scan *scan, const struct panthor_gem_object *bo)
{
	return scan->resv && bo->base.resv != scan->resv;
}

/* A BO that is not taken becomes the youngest of its class, but for those. */
static bool panthor_scan_keeps(const struct panthor_scan *scan, const struct panthor_gem_object *bo)
{
	return panthor_scan_skips(scan, bo) ||
	       READ_ONCE(bo->reclaim.madv) == DRM_PANTHOR_BO_MADV_COLD;
}

/* They went to the end as well, so that none is asked twice: back to the start, in their order. */
static void panthor_scan_restore_locked(struct panthor_scan *scan, struct drm_gem_lru *lru)
{
	struct drm_gem_object *obj, *next;

	list_for_each_entry_safe_reverse(obj, next, &lru->list, lru_node) {
		if (!scan->kept)
			break;
		if (panthor_scan_keeps(scan, to_panthor_bo(obj))) {
			list_move(&obj->lru_node, &lru->list);
			scan->kept--;
		}
	}
	scan->kept = 0;
}

static void panthor_scan_one(struct panthor_scan *scan, struct panthor_gem_object *bo,
			     enum panthor_reclaim_class class)
{
	panthor_hold(to_panthor_device(bo->base.dev), PANTHOR_HOLD_SCAN_BO);
	if (panthor_scan_bo(scan, bo, class))
		scan->freed += panthor_gem_page_count(bo);
	else if (panthor_scan_keeps(scan, bo))
		scan->kept++;
	else
		scan->failures++;
}

static bool panthor_scan_goes_on(const struct panthor_scan *scan, enum panthor_reclaim_class class)
{
	if (scan->freed >= scan->nr_to_scan)
		return false;
	if (class == PANTHOR_RECLAIM_VM)
		return !scan->vm_busy;

	return class != PANTHOR_RECLAIM_SHARED || scan->failures < PANTHOR_RECLAIM_FAILURES;
}

/*
 * Not drm_gem_lru_scan(): that keeps BOs on a list on its stack, which others then find in
 * &drm_gem_object.lru, and has nothing to tell the callback why it was called.
 */
static void panthor_scan_lru(struct panthor_scan *scan, struct drm_gem_lru *lru,
			     enum panthor_reclaim_class class)
{
	struct panthor_gem_object *bo;
	struct drm_gem_object *obj;
	long left, pages;

	scan->vm_busy = false;
	scan->failures = 0;
	mutex_lock(lru->lock);
	for (left = lru->count; left > 0 && panthor_scan_goes_on(scan, class); left -= pages) {
		obj = list_first_entry_or_null(&lru->list, typeof(*obj), lru_node);
		if (!obj)
			break;

		/* What can not be had is asked again only after everything else was. */
		list_move_tail(&obj->lru_node, &lru->list);
		bo = to_panthor_bo(obj);
		pages = panthor_gem_page_count(bo);
		scan->kept += panthor_scan_skips(scan, bo);
		if (panthor_scan_skips(scan, bo) || !kref_get_unless_zero(&obj->refcount))
			continue;

		mutex_unlock(lru->lock);
		panthor_scan_one(scan, bo, class);
		drm_gem_object_put(obj);
		mutex_lock(lru->lock);
	}
	panthor_scan_restore_locked(scan, lru);
	mutex_unlock(lru->lock);
}

static void panthor_scan_class(struct panthor_scan *scan, enum panthor_reclaim_class class)
{
	panthor_scan_lru(scan, &scan->reclaim->lrus[class], class);
}

static bool panthor_scan_wants_vm_locked(const struct panthor_scan *scan, struct panthor_vm *vm)
{
	if (vm->reclaim.scan >= scan->serial || list_empty(&vm->reclaim.lru.list))
		return false;

	return !scan->resv || panthor_vm_resv(vm) == scan->resv;
}

/*
 * The next VM with something to give, in order of activity. One that becomes active moves to the
 * end of the list, also while it is scanned: so this goes on from the start until all were asked.
 * Lets go of the VM before without the lock, for that may be its end.
 */
static struct panthor_vm *panthor_scan_next_vm(struct panthor_scan *scan, struct panthor_vm *prev)
{
	struct panthor_reclaim *reclaim = scan->reclaim;
	struct list_head *node = prev ? &prev->reclaim.node : &reclaim->vms;
	struct panthor_vm *vm, *next = NULL;

	mutex_lock(&reclaim->lock);
	for (long left = reclaim->vm_count; left > 0 && !next && scan->freed < scan->nr_to_scan;
	     left--) {
		node = list_is_last(node, &reclaim->vms) ? reclaim->vms.next : node->next;
		vm = list_entry(node, struct panthor_vm, reclaim.node);
		if (panthor_scan_wants_vm_locked(scan, vm) && panthor_vm_tryget(vm)) {
			vm->reclaim.scan = scan->serial;
			next = vm;
		}
	}
	mutex_unlock(&reclaim->lock);
	panthor_vm_put(prev);
	return next;
}

static void panthor_scan_vms(struct panthor_scan *scan)
{
	struct panthor_vm *vm = NULL;

	while ((vm = panthor_scan_next_vm(scan, vm))) {
		panthor_hold(to_panthor_device(vm->base.drm), PANTHOR_HOLD_SCAN_VM);
		panthor_scan_lru(scan, &vm->reclaim.lru, PANTHOR_RECLAIM_VM);
	}
}

static unsigned long panthor_scan_run(struct panthor_scan *scan, bool can_block)
{
	struct panthor_reclaim *reclaim = scan->reclaim;

	scan->serial = atomic64_inc_return(&reclaim->counters[PANTHOR_COUNT_SCANS]);
	scan->wait = can_block ? PANTHOR_RECLAIM_WAIT_JIFFIES : 0;
	panthor_scan_class(scan, PANTHOR_RECLAIM_PURGEABLE);
	if (panthor_reclaim_can_swap()) {
		panthor_scan_class(scan, PANTHOR_RECLAIM_UNUSED);
		panthor_scan_class(scan, PANTHOR_RECLAIM_MMAPPED);
		if (can_block) {
			panthor_scan_vms(scan);
			panthor_scan_class(scan, PANTHOR_RECLAIM_SHARED);
		}
	}
	atomic_long_set(&reclaim->last_freed, scan->freed);
	return scan->freed;
}

unsigned long panthor_reclaim_scan(struct panthor_device *ptdev, unsigned long nr_to_scan,
				   bool can_block)
{
	struct panthor_scan scan = { .reclaim = &ptdev->reclaim, .nr_to_scan = nr_to_scan };

	return panthor_scan_run(&scan, can_block);
}

bool panthor_reclaim_make_room(struct panthor_device *ptdev, struct dma_resv *resv,
			       unsigned long pages, int *tries)
{
	struct panthor_scan scan = {
		.reclaim = &ptdev->reclaim,
		.nr_to_scan = pages,
		.resv = resv,
	};

	if (pages > totalram_pages() || fatal_signal_pending(current) ||
	    (*tries)++ == PANTHOR_RECLAIM_TRIES)
		return false;

	return panthor_scan_run(&scan, true);
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
