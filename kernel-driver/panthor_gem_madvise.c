// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * What clients tell reclaim about a buffer object.
 */

#include <linux/pagemap.h>
#include <linux/sched/signal.h>
#include <linux/shmem_fs.h>
#include <linux/writeback.h>

#include "panthor_device.h"
#include "panthor_gem.h"

/* Pages that PAGEOUT sets going before it lets others have the BO. */
#define PANTHOR_WRITE_BATCH 256

/* Starts one folio on its way to swap; whatever is in the way of that leaves it to mm. */
static void panthor_gem_write_folio(struct address_space *mapping, struct folio *folio)
{
	struct writeback_control wbc = {
		.sync_mode = WB_SYNC_NONE,
		.nr_to_write = SWAP_CLUSTER_MAX,
		.range_end = LLONG_MAX,
		.for_reclaim = 1,
	};
	bool locked = true;

	if (!folio_trylock(folio))
		return;

	if (folio->mapping == mapping && folio_clear_dirty_for_io(folio)) {
		folio_set_reclaim(folio);
		/* Success takes the folio lock along. */
		locked = mapping->a_ops->writepage(&folio->page, &wbc);
		if (!folio_test_writeback(folio))
			folio_clear_reclaim(folio);
	}
	if (locked)
		folio_unlock(folio);
}

/* Begins with @index, returns where to go on. */
static pgoff_t panthor_gem_write_batch_locked(struct panthor_gem_object *bo, pgoff_t index)
{
	struct address_space *mapping = bo->base.filp->f_mapping;
	pgoff_t end = min(index + PANTHOR_WRITE_BATCH, (pgoff_t)panthor_gem_page_count(bo));

	dma_resv_assert_held(bo->base.resv);
	while (index < end) {
		struct folio *folio = filemap_get_folio(mapping, index);

		if (IS_ERR(folio)) {
			index++;
			continue;
		}
		/* Counted afterwards, for writing may split it. */
		panthor_gem_write_folio(mapping, folio);
		index = folio_next_index(folio);
		folio_put(folio);
		cond_resched();
	}
	return index;
}

/*
 * Eviction only makes pages reclaimable. For a client that asked for it now, start the way to swap
 * too. The resv keeps faults from mapping pages that are being moved; it is let go of between the
 * batches for whoever wants the pages back, which is the end of it.
 */
static void panthor_gem_write_back(struct panthor_gem_object *bo)
{
	pgoff_t index = 0;
	bool evicted;

	do {
		panthor_hold(to_panthor_device(bo->base.dev), PANTHOR_HOLD_PAGEOUT);
		if (fatal_signal_pending(current))
			break;

		dma_resv_lock(bo->base.resv, NULL);
		evicted = bo->reclaim.evicted;
		if (evicted)
			index = panthor_gem_write_batch_locked(bo, index);
		dma_resv_unlock(bo->base.resv);
	} while (evicted && index < panthor_gem_page_count(bo));
}

static int panthor_gem_check_pageout_locked(struct panthor_gem_object *bo)
{
	if (!bo->backing.pages)
		return 0;
	if (bo->backing.pin_count || !panthor_gem_idle_locked(bo, 0))
		return -EBUSY;
	return panthor_reclaim_can_swap() ? 0 : -ENOSPC;
}

static int panthor_gem_page_out_locked(struct panthor_gem_object *bo)
{
	if (!bo->backing.pages)
		return 0;

	return panthor_gem_reclaim_locked(bo, bo->reclaim.class) ? 0 : -EBUSY;
}

static int panthor_gem_set_madv_locked(struct panthor_gem_object *bo, u32 madv)
{
	int ret = 0;

	mutex_lock(&bo->gpuva_lock);
	if (madv == DRM_PANTHOR_BO_MADV_DONTNEED && bo->reclaim.exported) {
		ret = -EINVAL;
	} else {
		WRITE_ONCE(bo->reclaim.madv, madv);
		panthor_gem_refile_locked(bo);
	}
	mutex_unlock(&bo->gpuva_lock);
	return ret;
}

static int panthor_gem_advise_locked(struct panthor_gem_object *bo, u32 madv)
{
	u32 before = bo->reclaim.madv;
	int ret;

	switch (madv) {
	case DRM_PANTHOR_BO_MADV_DONTNEED:
		ret = panthor_gem_set_madv_locked(bo, madv);
		/* Swap is memory too. */
		if (!ret && bo->reclaim.evicted)
			panthor_gem_purge_locked(bo);
		return ret;

	case DRM_PANTHOR_BO_MADV_PAGEOUT:
		ret = panthor_gem_check_pageout_locked(bo);
		if (ret)
			return ret;

		/* Paging out is for once; what stays is the advice behind it. */
		panthor_gem_set_madv_locked(bo, DRM_PANTHOR_BO_MADV_COLD);
		ret = panthor_gem_page_out_locked(bo);
		if (ret)
			panthor_gem_set_madv_locked(bo, before);
		return ret;

	default:
		return panthor_gem_set_madv_locked(bo, madv);
	}
}

static int panthor_gem_madvise_imported(u32 madv)
{
	switch (madv) {
	case DRM_PANTHOR_BO_MADV_DONTNEED:
		return -EINVAL;
	case DRM_PANTHOR_BO_MADV_PAGEOUT:
		return -EBUSY;
	default:
		return 0;
	}
}

int panthor_gem_madvise(struct panthor_gem_object *bo, u32 madv, u32 *ret_retained)
{
	int ret;

	if (drm_gem_is_imported(&bo->base)) {
		ret = panthor_gem_madvise_imported(madv);
		if (!ret)
			*ret_retained = 1;
		return ret;
	}

	ret = dma_resv_lock_interruptible(bo->base.resv, NULL);
	if (ret)
		return ret;

	ret = panthor_gem_advise_locked(bo, madv);
	if (!ret) {
		*ret_retained = !bo->reclaim.purged;
		if (madv != DRM_PANTHOR_BO_MADV_DONTNEED)
			bo->reclaim.purged = false;
	}
	dma_resv_unlock(bo->base.resv);

	/* Whoever evicted it. */
	if (!ret && madv == DRM_PANTHOR_BO_MADV_PAGEOUT)
		panthor_gem_write_back(bo);
	return ret;
}
