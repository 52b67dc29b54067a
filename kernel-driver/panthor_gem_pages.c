// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * What is behind a buffer object: backing pages, device map, kernel map.
 */

#include <linux/dma-mapping.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/shmem_fs.h>
#include <linux/vmalloc.h>

#include <drm/drm_drv.h>
#include <drm/drm_gem.h>
#include <drm/drm_prime.h>

#include "panthor_device.h"
#include "panthor_gem.h"
#include "panthor_trace.h"

bool panthor_gem_is_wc(const struct panthor_gem_object *bo)
{
	return !to_panthor_device(bo->base.dev)->coherent &&
	       !(bo->flags & DRM_PANTHOR_BO_WB_MMAP);
}

/* tmpfs has limits of its own for memory that is missing; here there is one answer to that. */
static int panthor_gem_shmem_error(long err)
{
	return err == -ENOSPC || err == -ENFILE ? -ENOMEM : err;
}

static int panthor_gem_create_shmem_locked(struct panthor_gem_object *bo)
{
	struct vfsmount *mnt = to_panthor_device(bo->base.dev)->huge_mnt;
	struct file *filp;

	if (bo->base.filp)
		return 0;

	if (mnt)
		filp = shmem_file_setup_with_mnt(mnt, "panthor", bo->base.size, VM_NORESERVE);
	else
		filp = shmem_file_setup("panthor", bo->base.size, VM_NORESERVE);
	if (IS_ERR(filp))
		return panthor_gem_shmem_error(PTR_ERR(filp));

	/* Running out of memory is an ordinary error here, not a case for the OOM killer. */
	mapping_set_gfp_mask(filp->f_mapping, GFP_HIGHUSER | __GFP_RETRY_MAYFAIL | __GFP_NOWARN);
	bo->base.filp = filp;
	return 0;
}

int panthor_gem_get_pages_locked(struct panthor_gem_object *bo)
{
	struct panthor_reclaim *reclaim = &to_panthor_device(bo->base.dev)->reclaim;
	u32 count = panthor_gem_page_count(bo);
	struct page **pages;
	int ret;

	dma_resv_assert_held(bo->base.resv);
	if (bo->backing.pages)
		return 0;

	/* Do not push everybody else out before finding that it can never fit. */
	if (count > totalram_pages())
		return -ENOMEM;

	ret = panthor_gem_create_shmem_locked(bo);
	if (ret)
		return ret;

	pages = drm_gem_get_pages(&bo->base);
	if (IS_ERR(pages)) {
		/* Those it did get would stay, out of everybody's sight, and hold nothing yet. */
		if (!bo->reclaim.evicted)
			shmem_truncate_range(file_inode(bo->base.filp), 0, (loff_t)-1);
		return panthor_gem_shmem_error(PTR_ERR(pages));
	}

	bo->backing.pages = pages;
	if (bo->reclaim.evicted) {
		bo->reclaim.evicted = false;
		trace_bo_swapin(bo);
		panthor_reclaim_count(reclaim, PANTHOR_COUNT_SWAPINS, 1);
		panthor_reclaim_count(reclaim, PANTHOR_COUNT_SWAPIN_PAGES, count);
	}
	return 0;
}

static void panthor_gem_put_sgt_locked(struct panthor_gem_object *bo)
{
	if (!bo->sgt)
		return;

	dma_sync_sgtable_for_cpu(bo->base.dev->dev, bo->sgt, DMA_BIDIRECTIONAL);
	dma_unmap_sgtable(bo->base.dev->dev, bo->sgt, DMA_BIDIRECTIONAL, DMA_ATTR_SKIP_CPU_SYNC);
	sg_free_table(bo->sgt);
	kfree(bo->sgt);
	bo->sgt = NULL;
}

void panthor_gem_put_pages_locked(struct panthor_gem_object *bo, bool dirty)
{
	panthor_gem_put_sgt_locked(bo);
	drm_gem_put_pages(&bo->base, bo->backing.pages, dirty, false);
	bo->backing.pages = NULL;
}

static struct sg_table *panthor_gem_map_sgt_locked(struct panthor_gem_object *bo)
{
	struct sg_table *sgt;
	int ret;

	sgt = drm_prime_pages_to_sg(bo->base.dev, bo->backing.pages, panthor_gem_page_count(bo));
	if (IS_ERR(sgt))
		return sgt;

	/*
	 * The importers of a shared BO map the same pages. The DMA API takes that only from who
	 * looks after the caches himself.
	 */
	ret = dma_map_sgtable(bo->base.dev->dev, sgt, DMA_BIDIRECTIONAL, DMA_ATTR_SKIP_CPU_SYNC);
	if (ret) {
		sg_free_table(sgt);
		kfree(sgt);
		return ERR_PTR(ret);
	}

	dma_sync_sgtable_for_device(bo->base.dev->dev, sgt, DMA_BIDIRECTIONAL);
	bo->sgt = sgt;
	return sgt;
}

struct sg_table *panthor_gem_get_sgt_locked(struct panthor_gem_object *bo)
{
	struct sg_table *sgt = bo->sgt;
	int ret, cookie;

	dma_resv_assert_held(bo->base.resv);
	if (sgt)
		return sgt;

	ret = panthor_gem_get_pages_locked(bo);
	if (ret)
		return ERR_PTR(ret);

	/* panthor_gem_unplug() sees every table that is made before the device is gone. */
	if (!drm_dev_enter(bo->base.dev, &cookie))
		return ERR_PTR(-ENODEV);
	sgt = panthor_gem_map_sgt_locked(bo);
	drm_dev_exit(cookie);
	return sgt;
}

void panthor_gem_refresh_locked(struct panthor_gem_object *bo)
{
	mutex_lock(&bo->gpuva_lock);
	panthor_gem_update_class_locked(bo);
	mutex_unlock(&bo->gpuva_lock);
}

int panthor_gem_pin_locked(struct panthor_gem_object *bo)
{
	int ret;

	if (drm_gem_is_imported(&bo->base))
		return 0;

	ret = panthor_gem_get_pages_locked(bo);
	if (ret)
		return ret;

	if (!bo->backing.pin_count++)
		panthor_gem_refresh_locked(bo);
	return 0;
}

void panthor_gem_unpin_locked(struct panthor_gem_object *bo)
{
	if (drm_gem_is_imported(&bo->base))
		return;

	dma_resv_assert_held(bo->base.resv);
	if (drm_WARN_ON(bo->base.dev, !bo->backing.pin_count))
		return;

	if (!--bo->backing.pin_count)
		panthor_gem_refresh_locked(bo);
}

int panthor_gem_vmap_locked(struct panthor_gem_object *bo, struct iosys_map *map)
{
	pgprot_t prot = panthor_gem_is_wc(bo) ? pgprot_writecombine(PAGE_KERNEL) : PAGE_KERNEL;
	int ret;

	if (bo->cmap.vaddr_use_count)
		goto out;

	ret = panthor_gem_pin_locked(bo);
	if (ret)
		return ret;

	/* As with clients' maps: zeroes reach memory before an uncached map of it exists. */
	if (panthor_gem_is_wc(bo) && IS_ERR(panthor_gem_get_sgt_locked(bo))) {
		panthor_gem_unpin_locked(bo);
		return -ENOMEM;
	}

	bo->cmap.vaddr = vmap(bo->backing.pages, panthor_gem_page_count(bo), VM_MAP, prot);
	if (!bo->cmap.vaddr) {
		panthor_gem_unpin_locked(bo);
		return -ENOMEM;
	}
out:
	bo->cmap.vaddr_use_count++;
	iosys_map_set_vaddr(map, bo->cmap.vaddr);
	return 0;
}

void panthor_gem_vunmap_locked(struct panthor_gem_object *bo)
{
	dma_resv_assert_held(bo->base.resv);
	if (drm_WARN_ON(bo->base.dev, !bo->cmap.vaddr_use_count) || --bo->cmap.vaddr_use_count)
		return;

	vunmap(bo->cmap.vaddr);
	bo->cmap.vaddr = NULL;
	panthor_gem_unpin_locked(bo);
}

int panthor_gem_sync(struct panthor_gem_object *bo, u32 type, u64 offset, u64 size)
{
	struct device *dev = bo->base.dev->dev;
	struct scatterlist *sg;
	u64 start = 0;
	int i, ret;

	if (panthor_gem_is_wc(bo) || to_panthor_device(bo->base.dev)->coherent || !size)
		return 0;

	ret = dma_resv_lock_interruptible(bo->base.resv, NULL);
	if (ret)
		return ret;

	/* Without a device map the GPU has never seen the pages; making one flushes them. */
	if (!bo->sgt)
		goto out_unlock;

	for_each_sgtable_dma_sg(bo->sgt, sg, i) {
		u64 end = start + sg_dma_len(sg);
		u64 from = max(start, offset), to = min(end, offset + size);

		if (from < to) {
			dma_addr_t addr = sg_dma_address(sg) + (from - start);

			dma_sync_single_for_device(dev, addr, to - from, DMA_TO_DEVICE);
			if (type == DRM_PANTHOR_BO_SYNC_CPU_CACHE_FLUSH_AND_INVALIDATE)
				dma_sync_single_for_cpu(dev, addr, to - from, DMA_FROM_DEVICE);
		}
		if (end >= offset + size)
			break;
		start = end;
	}
out_unlock:
	dma_resv_unlock(bo->base.resv);
	return 0;
}

void panthor_gem_unplug(struct panthor_device *ptdev)
{
	struct panthor_gem_object *bo;
	unsigned long serial = 0;

	while ((bo = panthor_gem_get_next(ptdev, &serial))) {
		if (!drm_gem_is_imported(&bo->base)) {
			dma_resv_lock(bo->base.resv, NULL);
			/* Without pages it is of an import that is not finished. */
			if (bo->backing.pages)
				panthor_gem_put_sgt_locked(bo);
			dma_resv_unlock(bo->base.resv);
		}
		drm_gem_object_put(&bo->base);
	}
}
