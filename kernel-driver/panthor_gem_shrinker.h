/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef __PANTHOR_GEM_SHRINKER_H__
#define __PANTHOR_GEM_SHRINKER_H__

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/mutex.h>

#include <drm/drm_gem.h>

struct dma_resv;
struct panthor_device;
struct panthor_gem_object;
struct shrinker;

/**
 * enum panthor_reclaim_class - what it costs to take a BO's pages, cheapest first
 *
 * A BO's class names the LRU it is on. The order is the order of reclaim.
 */
enum panthor_reclaim_class {
	/** @PANTHOR_RECLAIM_PURGEABLE: contents may be dropped; needs neither swap nor a wait. */
	PANTHOR_RECLAIM_PURGEABLE,
	/** @PANTHOR_RECLAIM_UNUSED: mapped by nobody. */
	PANTHOR_RECLAIM_UNUSED,
	/** @PANTHOR_RECLAIM_MMAPPED: CPU maps only. */
	PANTHOR_RECLAIM_MMAPPED,
	/** @PANTHOR_RECLAIM_VM: live in exactly one GPU VM; the LRU is that VM's own. */
	PANTHOR_RECLAIM_VM,
	/** @PANTHOR_RECLAIM_SHARED: live in several GPU VMs. */
	PANTHOR_RECLAIM_SHARED,
	/** @PANTHOR_RECLAIM_NONE: no pages or pinned; never scanned. */
	PANTHOR_RECLAIM_NONE,
	PANTHOR_RECLAIM_CLASSES,
};

/**
 * enum panthor_reclaim_counter - events since the driver was loaded
 */
enum panthor_reclaim_counter {
	PANTHOR_COUNT_EVICTIONS,
	PANTHOR_COUNT_EVICTED_PAGES,
	/* One for each class that is evicted, in the order of enum panthor_reclaim_class. */
	PANTHOR_COUNT_EVICTIONS_UNUSED,
	PANTHOR_COUNT_EVICTIONS_MMAPPED,
	PANTHOR_COUNT_EVICTIONS_VM,
	PANTHOR_COUNT_EVICTIONS_SHARED,
	PANTHOR_COUNT_PURGES,
	PANTHOR_COUNT_PURGED_PAGES,
	PANTHOR_COUNT_SWAPINS,
	PANTHOR_COUNT_SWAPIN_PAGES,
	PANTHOR_COUNT_SCANS,
	/* How often scans waited for the GPU. */
	PANTHOR_COUNT_WAITS,
	PANTHOR_COUNT_SKIPS_LOCKED,
	PANTHOR_COUNT_SKIPS_BUSY,
	PANTHOR_COUNT_SKIPS_VM_LOCKED,
	PANTHOR_COUNT_SKIPS_MOVED,
	PANTHOR_COUNTERS,
};

/**
 * struct panthor_reclaim - the device's reclaim state
 */
struct panthor_reclaim {
	/** @shrinker: registered while the device is plugged. */
	struct shrinker *shrinker;

	/**
	 * @lock: LRU membership, page counts and @vms. Innermost lock, taken in reclaim: nothing
	 * is allocated under it.
	 */
	struct mutex lock;

	/**
	 * @lrus: by class. Those of PANTHOR_RECLAIM_VM are in the VMs; its slot stays empty. The
	 * LRU of PANTHOR_RECLAIM_NONE stands for being on none, which drm_gem_lru has no call
	 * for under the lock.
	 */
	struct drm_gem_lru lrus[PANTHOR_RECLAIM_CLASSES];

	/** @vms: all VMs, least recently active first. */
	struct list_head vms;

	/** @vm_count: number of @vms. */
	long vm_count;

	/** @vm_pages: pages on the LRUs of all @vms; read without the lock as a hint. */
	long vm_pages;

	/** @last_freed: pages that the latest scan freed, whoever asked for it. */
	atomic_long_t last_freed;

	/** @counters: by enum panthor_reclaim_counter. */
	atomic64_t counters[PANTHOR_COUNTERS];
};

/**
 * struct panthor_reclaim_vm - a VM as reclaim sees it
 */
struct panthor_reclaim_vm {
	/** @lru: BOs that are live in this VM only, under &panthor_reclaim.lock. */
	struct drm_gem_lru lru;

	/** @node: entry in &panthor_reclaim.vms. */
	struct list_head node;

	/** @scan: the latest scan that came by, under &panthor_reclaim.lock. */
	s64 scan;
};

static inline void panthor_reclaim_count(struct panthor_reclaim *reclaim,
					 enum panthor_reclaim_counter counter, s64 n)
{
	atomic64_add(n, &reclaim->counters[counter]);
}

/**
 * panthor_reclaim_init() - set up LRUs and counters
 * @ptdev: device; what is set up lives as long
 *
 * Return: 0 or -ENOMEM.
 */
int panthor_reclaim_init(struct panthor_device *ptdev);

/**
 * panthor_reclaim_plug() - offer the device's pages to mm, until panthor_reclaim_unplug()
 * @ptdev: device
 *
 * Return: 0 or -ENOMEM.
 */
int panthor_reclaim_plug(struct panthor_device *ptdev);
void panthor_reclaim_unplug(struct panthor_device *ptdev);

/** panthor_reclaim_can_swap() - whether evicted contents would have a place to go */
bool panthor_reclaim_can_swap(void);

/**
 * panthor_reclaim_scan() - free at least so many pages, cheapest first
 * @ptdev: device
 * @nr_to_scan: pages
 * @can_block: whether the caller may wait for the GPU
 *
 * Return: pages freed, 0 when nothing could be.
 */
unsigned long panthor_reclaim_scan(struct panthor_device *ptdev, unsigned long nr_to_scan,
				   bool can_block);

/**
 * panthor_reclaim_make_room() - find memory that -ENOMEM had not found under a reservation
 * @ptdev: device
 * @resv: reservation that was held, and is not any more
 * @pages: how many are needed
 * @tries: how often this was asked, 0 at first
 *
 * Reclaim leaves alone what shares a reservation that is held, as all private BOs of a VM do. This
 * frees pages of those alone; others have been asked. The caller holds no reservation.
 *
 * Return: whether to take the locks and try again.
 */
bool panthor_reclaim_make_room(struct panthor_device *ptdev, struct dma_resv *resv,
			       unsigned long pages, int *tries);

void panthor_reclaim_vm_init(struct panthor_device *ptdev, struct panthor_reclaim_vm *vm);

/** panthor_reclaim_vm_active() - a VM does something: it is the last to be looked at again */
void panthor_reclaim_vm_active(struct panthor_device *ptdev, struct panthor_reclaim_vm *vm);
void panthor_reclaim_vm_fini(struct panthor_device *ptdev, struct panthor_reclaim_vm *vm);

/**
 * panthor_gem_update_class_locked() - put a BO on the LRU where it belongs
 * @bo: BO, with its resv and gpuva_lock held
 *
 * To be called after anything that panthor_gem_class_locked() looks at has changed. A BO that
 * changes class becomes the youngest of its new one, or the oldest when it was advised cold.
 */
void panthor_gem_update_class_locked(struct panthor_gem_object *bo);

/**
 * panthor_gem_refile_locked() - as panthor_gem_update_class_locked(), moving the BO in any case
 * @bo: BO, with its resv and gpuva_lock held
 *
 * It becomes the oldest of its class when advised cold, else the youngest.
 */
void panthor_gem_refile_locked(struct panthor_gem_object *bo);

/**
 * panthor_gem_reclaim_fini() - take a BO that is being freed off its LRU
 * @bo: BO without references
 */
void panthor_gem_reclaim_fini(struct panthor_gem_object *bo);

/**
 * panthor_gem_idle_locked() - whether the GPU is done with a BO
 * @bo: BO, resv held
 * @wait: jiffies to wait for it
 */
bool panthor_gem_idle_locked(struct panthor_gem_object *bo, long wait);

/**
 * panthor_gem_reclaim_locked() - take the pages of an idle BO
 * @bo: BO, resv held
 * @hardest: class that the caller is after
 *
 * Purges a BO in DONTNEED, evicts any other. The class is worked out anew: a BO that turns out
 * harder to get than @hardest, or to have nothing to give, is left alone. Allocates nothing and
 * waits for nobody but, in a purge, for writes of the BO's pages to swap.
 *
 * Return: whether the pages are gone.
 */
bool panthor_gem_reclaim_locked(struct panthor_gem_object *bo,
				enum panthor_reclaim_class hardest);

/**
 * panthor_gem_purge_locked() - drop contents wherever they are
 * @bo: BO, resv held, mapped by nobody
 */
void panthor_gem_purge_locked(struct panthor_gem_object *bo);

/**
 * panthor_gem_madvise() - act on a client's advice
 * @bo: BO
 * @madv: enum drm_panthor_bo_madv, checked
 * @ret_retained: whether the contents still exist
 *
 * Return: 0 or the errno of DRM_PANTHOR_BO_MADVISE, or -EINTR.
 */
int panthor_gem_madvise(struct panthor_gem_object *bo, u32 madv, u32 *ret_retained);

#endif
