// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Buffer objects as dma-bufs, and dma-bufs as buffer objects.
 */

#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>
#include <linux/highmem.h>

#include <drm/drm_prime.h>

#include "panthor_compat.h"
#include "panthor_device.h"
#include "panthor_gem.h"

static void panthor_gem_prime_sync_sgt(struct device *dev, struct sg_table *sgt,
				       enum dma_data_direction dir, bool begin)
{
	if (!sgt)
		return;

	if (begin)
		dma_sync_sgtable_for_cpu(dev, sgt, dir);
	else
		dma_sync_sgtable_for_device(dev, sgt, dir);
}

/*
 * CPU access through a dma-buf may go through any alias: sync for our device, for every importer,
 * and for the kernel map, which is nearest to the CPU.
 */
static int panthor_gem_prime_cpu_access(struct dma_buf *dmabuf, enum dma_data_direction dir,
					bool begin)
{
	struct panthor_gem_object *bo = to_panthor_bo(dmabuf->priv);
	struct dma_buf_attachment *attach;
	int ret;

	ret = dma_resv_lock_interruptible(bo->base.resv, NULL);
	if (ret)
		return ret;

	if (bo->cmap.vaddr && !begin)
		flush_kernel_vmap_range(bo->cmap.vaddr, bo->base.size);
	panthor_gem_prime_sync_sgt(bo->base.dev->dev, bo->sgt, dir, begin);
	list_for_each_entry(attach, &dmabuf->attachments, node)
		panthor_gem_prime_sync_sgt(attach->dev, attach->sgt, dir, begin);
	if (bo->cmap.vaddr && begin)
		invalidate_kernel_vmap_range(bo->cmap.vaddr, bo->base.size);

	dma_resv_unlock(bo->base.resv);
	return 0;
}

static int panthor_gem_prime_begin_cpu_access(struct dma_buf *dmabuf, enum dma_data_direction dir)
{
	bool write = dir == DMA_BIDIRECTIONAL || dir == DMA_TO_DEVICE;
	long ret;

	/* The core waits after this call, when what is synced may still be to be written. */
	ret = dma_resv_wait_timeout(dmabuf->resv, dma_resv_usage_rw(write), true,
				    MAX_SCHEDULE_TIMEOUT);
	if (ret < 0)
		return ret;

	return panthor_gem_prime_cpu_access(dmabuf, dir, true);
}

static int panthor_gem_prime_end_cpu_access(struct dma_buf *dmabuf, enum dma_data_direction dir)
{
	return panthor_gem_prime_cpu_access(dmabuf, dir, false);
}

/* In segments that the importer can take, where the core would ask what our device can. */
static struct sg_table *panthor_gem_prime_alloc_sgt(struct panthor_gem_object *bo,
						    struct device *importer)
{
	struct sg_table *sgt = kmalloc(sizeof(*sgt), GFP_KERNEL);
	int ret;

	if (!sgt)
		return ERR_PTR(-ENOMEM);

	ret = sg_alloc_table_from_pages_segment(sgt, bo->backing.pages, panthor_gem_page_count(bo),
						0, bo->base.size, dma_get_max_seg_size(importer),
						GFP_KERNEL);
	if (ret) {
		kfree(sgt);
		return ERR_PTR(ret);
	}
	return sgt;
}

/* A fresh table for an importer, who has pinned the BO; the BO's own stays with our device. */
static struct sg_table *panthor_gem_prime_map(struct dma_buf_attachment *attach,
					      enum dma_data_direction dir)
{
	struct panthor_gem_object *bo = to_panthor_bo(attach->dmabuf->priv);
	struct sg_table *sgt;
	int ret;

	if (drm_WARN_ON(bo->base.dev, !bo->backing.pin_count))
		return ERR_PTR(-EINVAL);

	sgt = panthor_gem_prime_alloc_sgt(bo, attach->dev);
	if (IS_ERR(sgt))
		return sgt;

	ret = dma_map_sgtable(attach->dev, sgt, dir, DMA_ATTR_SKIP_CPU_SYNC);
	if (ret) {
		sg_free_table(sgt);
		kfree(sgt);
		return ERR_PTR(ret);
	}
	return sgt;
}

/* The core keeps the table of each attachment for us: that is what cache_sgt_mapping asks for. */
static const struct dma_buf_ops panthor_gem_dma_buf_ops = {
	.cache_sgt_mapping = true,
	.attach = drm_gem_map_attach,
	.detach = drm_gem_map_detach,
	.map_dma_buf = panthor_gem_prime_map,
	.unmap_dma_buf = drm_gem_unmap_dma_buf,
	.release = drm_gem_dmabuf_release,
	.mmap = drm_gem_dmabuf_mmap,
	.vmap = drm_gem_dmabuf_vmap,
	.vunmap = drm_gem_dmabuf_vunmap,
	.begin_cpu_access = panthor_gem_prime_begin_cpu_access,
	.end_cpu_access = panthor_gem_prime_end_cpu_access,
};

/*
 * From here on others may look at the contents, so they must be worth keeping. Called under the
 * device's object_name_lock, which all clients need: waits for no allocation, as the resv would.
 */
static int panthor_gem_mark_exported(struct panthor_gem_object *bo, bool *ret_before)
{
	int ret = 0;

	mutex_lock(&bo->gpuva_lock);
	*ret_before = bo->reclaim.exported;
	if (bo->reclaim.madv == DRM_PANTHOR_BO_MADV_DONTNEED)
		ret = -EINVAL;
	else
		bo->reclaim.exported = true;
	mutex_unlock(&bo->gpuva_lock);
	return ret;
}

struct dma_buf *panthor_gem_prime_export(struct drm_gem_object *obj, int flags)
{
	struct panthor_gem_object *bo = to_panthor_bo(obj);
	struct dma_buf_export_info exp_info = {
		.exp_name = KBUILD_MODNAME,
		.owner = THIS_MODULE,
		.ops = &panthor_gem_dma_buf_ops,
		.size = obj->size,
		.flags = flags,
		.priv = obj,
		.resv = obj->resv,
	};
	struct dma_buf *dmabuf;
	bool before;
	int ret;

	if (bo->exclusive_vm_root)
		return ERR_PTR(-EINVAL);

	ret = panthor_gem_mark_exported(bo, &before);
	if (ret)
		return ERR_PTR(ret);

	/* There is one export of a BO at a time: the core sees to that. */
	dmabuf = drm_gem_dmabuf_export(obj->dev, &exp_info);
	if (IS_ERR(dmabuf)) {
		mutex_lock(&bo->gpuva_lock);
		bo->reclaim.exported = before;
		mutex_unlock(&bo->gpuva_lock);
	}
	return dmabuf;
}

struct drm_gem_object *panthor_gem_prime_import(struct drm_device *drm, struct dma_buf *dmabuf)
{
	struct drm_gem_object *obj = dmabuf->priv;

	if (dmabuf->ops == &panthor_gem_dma_buf_ops && obj->dev == drm) {
		drm_gem_object_get(obj);
		return obj;
	}

	return drm_gem_prime_import_dev(drm, dmabuf, drm->dev);
}

struct drm_gem_object *panthor_gem_prime_import_sgt(struct drm_device *drm,
						    struct dma_buf_attachment *attach,
						    struct sg_table *sgt)
{
	struct panthor_gem_object *bo;
	struct scatterlist *sg;
	int i, ret;

	/* Parts of pages can not be mapped. */
	for_each_sgtable_dma_sg(sgt, sg, i) {
		if (!IS_ALIGNED(sg_dma_address(sg) | sg_dma_len(sg), SZ_4K))
			return ERR_PTR(-EINVAL);
	}

	bo = panthor_gem_alloc(to_panthor_device(drm), PAGE_ALIGN(attach->dmabuf->size),
			       attach->dmabuf->resv);
	if (IS_ERR(bo))
		return ERR_CAST(bo);

	ret = drm_gem_create_mmap_offset(&bo->base);
	if (ret) {
		drm_gem_object_put(&bo->base);
		return ERR_PTR(ret);
	}

	/* Last, so that freeing a half-made BO leaves table and attachment to the caller. */
	bo->sgt = sgt;
	panthor_hold(to_panthor_device(drm), PANTHOR_HOLD_IMPORT);
	return &bo->base;
}

PANTHOR_IMPORT_DMA_BUF();
