// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * CPU maps of buffer objects: areas, faults of small and huge pages.
 */

#include <linux/dma-buf.h>
#include <linux/huge_mm.h>
#include <linux/mm.h>
#include <linux/module.h>

#include <drm/drm_drv.h>
#include <drm/drm_gem.h>

#include "panthor_compat.h"
#include "panthor_device.h"
#include "panthor_gem.h"

/*
 * Pages mapped by one small fault: the aligned window of so many around it. A fault costs several
 * times what an entry does, and the pages are there already.
 */
#define PANTHOR_FAULT_AROUND 64

static pgoff_t panthor_fault_page(const struct vm_fault *vmf)
{
	struct drm_gem_object *obj = vmf->vma->vm_private_data;

	return vmf->pgoff - drm_vma_node_start(&obj->vma_node);
}

static vm_fault_t panthor_insert_small_locked(struct vm_fault *vmf, struct panthor_gem_object *bo)
{
	struct vm_area_struct *vma = vmf->vma;
	pgoff_t fault = panthor_fault_page(vmf);
	pgoff_t area = vma->vm_pgoff - drm_vma_node_start(&bo->base.vma_node);
	pgoff_t page = max(round_down(fault, PANTHOR_FAULT_AROUND), area);
	pgoff_t end = min3(round_down(fault, PANTHOR_FAULT_AROUND) + PANTHOR_FAULT_AROUND,
			   area + vma_pages(vma), (pgoff_t)panthor_gem_page_count(bo));
	vm_fault_t ret;

	/* A huge fault came first: the page is there, and no table that an entry could go to. */
	if (pmd_trans_huge(pmdp_get_lockless(vmf->pmd)))
		return VM_FAULT_NOPAGE;

	ret = vmf_insert_pfn(vma, vmf->address, page_to_pfn(bo->backing.pages[fault]));
	if (ret != VM_FAULT_NOPAGE)
		return ret;

	for (; page < end; page++) {
		unsigned long addr = vma->vm_start + ((page - area) << PAGE_SHIFT);

		/* Only the page asked for has to be there. */
		if (page != fault &&
		    vmf_insert_pfn(vma, addr, page_to_pfn(bo->backing.pages[page])) !=
			    VM_FAULT_NOPAGE)
			break;
	}
	return VM_FAULT_NOPAGE;
}

static vm_fault_t panthor_insert_huge_locked(struct vm_fault *vmf, struct panthor_gem_object *bo)
{
	unsigned long start = vmf->address & PMD_MASK;
	pgoff_t fault = panthor_fault_page(vmf);
	pgoff_t back = (vmf->address - start) >> PAGE_SHIFT;
	struct folio *folio = page_folio(bo->backing.pages[fault]);
	pmd_t pmd = pmdp_get_lockless(vmf->pmd);
	unsigned long pfn;

	/* A small fault came first: its table stays. */
	if (!pmd_none(pmd) && !pmd_trans_huge(pmd))
		return VM_FAULT_FALLBACK;

	if (start < vmf->vma->vm_start || start + PMD_SIZE > vmf->vma->vm_end || fault < back ||
	    !folio_test_pmd_mappable(folio))
		return VM_FAULT_FALLBACK;

	/* One huge entry needs one huge folio that begins where the entry does. */
	pfn = page_to_pfn(bo->backing.pages[fault - back]);
	if (!IS_ALIGNED(pfn, HPAGE_PMD_NR) || page_folio(pfn_to_page(pfn)) != folio)
		return VM_FAULT_FALLBACK;

	return panthor_insert_pfn_pmd(vmf, pfn, vmf->flags & FAULT_FLAG_WRITE);
}

static vm_fault_t panthor_insert_locked(struct vm_fault *vmf, struct panthor_gem_object *bo,
					unsigned int order)
{
	if (!order)
		return panthor_insert_small_locked(vmf, bo);

	return panthor_insert_huge_locked(vmf, bo);
}

/* Page zeroing must reach memory before an uncached map of it exists; a device map does that. */
static bool panthor_fault_needs_sgt(const struct panthor_gem_object *bo)
{
	return panthor_gem_is_wc(bo) && !drm_dev_is_unplugged(bo->base.dev);
}

static int panthor_fault_populate_locked(struct panthor_gem_object *bo)
{
	int ret;

	if (panthor_fault_needs_sgt(bo))
		ret = PTR_ERR_OR_ZERO(panthor_gem_get_sgt_locked(bo));
	else
		ret = panthor_gem_get_pages_locked(bo);

	panthor_gem_refresh_locked(bo);
	return ret;
}

static bool panthor_fault_ready_locked(const struct panthor_gem_object *bo)
{
	return bo->backing.pages && (bo->sgt || !panthor_fault_needs_sgt(bo)) &&
	       !panthor_gem_is_lost_locked(bo);
}

/* Success leaves the resv held. */
static int panthor_fault_lock_populated(struct panthor_gem_object *bo)
{
	int tries = 0;
	int ret;

	do {
		ret = dma_resv_lock_interruptible(bo->base.resv, NULL);
		if (ret)
			return ret;

		ret = panthor_gem_is_lost_locked(bo) ? -EFAULT : panthor_fault_populate_locked(bo);
		if (!ret)
			return 0;
		dma_resv_unlock(bo->base.resv);
	} while (ret == -ENOMEM && panthor_gem_make_room(bo, &tries));
	return ret;
}

/*
 * Allocating may take long: let go of the fault's lock meanwhile and have the fault repeated.
 */
static vm_fault_t panthor_fault_retry(struct vm_fault *vmf, struct panthor_gem_object *bo)
{
	struct drm_device *drm = bo->base.dev;

	if (vmf->flags & FAULT_FLAG_RETRY_NOWAIT)
		return VM_FAULT_RETRY;

	/* Without the lock the area may go, and its file with the device and this module. */
	__module_get(THIS_MODULE);
	drm_dev_get(drm);
	drm_gem_object_get(&bo->base);
	release_fault_lock(vmf);
	panthor_hold(to_panthor_device(drm), PANTHOR_HOLD_FAULT);
	/* A failure shows again, and is told, when the fault is repeated. */
	if (!panthor_fault_lock_populated(bo))
		dma_resv_unlock(bo->base.resv);
	drm_gem_object_put(&bo->base);
	drm_dev_put(drm);
	module_put(THIS_MODULE);
	return VM_FAULT_RETRY;
}

static vm_fault_t panthor_gem_fault_order(struct vm_fault *vmf, unsigned int order)
{
	struct panthor_gem_object *bo = to_panthor_bo(vmf->vma->vm_private_data);
	vm_fault_t fault;
	int ret;

	if (!order)
		panthor_hold(to_panthor_device(bo->base.dev), PANTHOR_HOLD_FAULT_SMALL);
	if (panthor_fault_page(vmf) >= panthor_gem_page_count(bo))
		return VM_FAULT_SIGBUS;
	if (order && order != HPAGE_PMD_ORDER)
		return VM_FAULT_FALLBACK;

	if (dma_resv_trylock(bo->base.resv)) {
		if (panthor_fault_ready_locked(bo)) {
			fault = panthor_insert_locked(vmf, bo, order);
			dma_resv_unlock(bo->base.resv);
			return fault;
		}
		dma_resv_unlock(bo->base.resv);
	}

	if (fault_flag_allow_retry_first(vmf->flags))
		return panthor_fault_retry(vmf, bo);

	ret = panthor_fault_lock_populated(bo);
	/* As TTM: a signal is served first and the access then faults again. */
	if (ret)
		return ret == -EINTR ? VM_FAULT_NOPAGE : VM_FAULT_SIGBUS;

	fault = panthor_insert_locked(vmf, bo, order);
	dma_resv_unlock(bo->base.resv);
	return fault;
}

static vm_fault_t panthor_gem_fault(struct vm_fault *vmf)
{
	return panthor_gem_fault_order(vmf, 0);
}

#ifdef CONFIG_ARCH_SUPPORTS_PMD_PFNMAP
static vm_fault_t panthor_gem_huge_fault(struct vm_fault *vmf, unsigned int order)
{
	return panthor_gem_fault_order(vmf, order);
}
#endif

/*
 * fork() reads a huge entry before it takes the entry's lock, and copies what it read: eviction in
 * between would leave the child with pages that are gone. So there is none when the copy begins.
 * The parent's areas are locked, hence none comes back before it ends.
 */
static void panthor_gem_forget_huge(struct panthor_gem_object *bo, struct vm_area_struct *child)
{
	if (IS_ENABLED(CONFIG_ARCH_SUPPORTS_PMD_PFNMAP) && vma_pages(child) >= HPAGE_PMD_NR)
		drm_vma_node_unmap(&bo->base.vma_node, bo->base.dev->anon_inode->i_mapping);
}

static void panthor_gem_vm_open(struct vm_area_struct *vma)
{
	struct panthor_gem_object *bo = to_panthor_bo(vma->vm_private_data);

	drm_WARN_ON(bo->base.dev, !atomic_inc_not_zero(&bo->cmap.mmap_count));
	if (vma->vm_mm != current->mm)
		panthor_gem_forget_huge(bo, vma);
	drm_gem_vm_open(vma);
}

static void panthor_gem_vm_close(struct vm_area_struct *vma)
{
	struct panthor_gem_object *bo = to_panthor_bo(vma->vm_private_data);

	if (!atomic_add_unless(&bo->cmap.mmap_count, -1, 1)) {
		dma_resv_lock(bo->base.resv, NULL);
		if (atomic_dec_and_test(&bo->cmap.mmap_count))
			panthor_gem_refresh_locked(bo);
		dma_resv_unlock(bo->base.resv);
	}
	drm_gem_vm_close(vma);
}

const struct vm_operations_struct panthor_gem_vm_ops = {
	.open = panthor_gem_vm_open,
	.close = panthor_gem_vm_close,
	.fault = panthor_gem_fault,
#ifdef CONFIG_ARCH_SUPPORTS_PMD_PFNMAP
	.huge_fault = panthor_gem_huge_fault,
#endif
};

/* The core holds a reference for the area and drops it when this fails. */
int panthor_gem_mmap(struct drm_gem_object *obj, struct vm_area_struct *vma)
{
	struct panthor_gem_object *bo = to_panthor_bo(obj);
	int ret;

	if (is_cow_mapping(vma->vm_flags) || bo->flags & DRM_PANTHOR_BO_NO_MMAP)
		return -EINVAL;

	if (drm_gem_is_imported(obj)) {
		/* The exporter's offsets count from 0 and the area keeps its file, not us. */
		vma->vm_private_data = NULL;
		vma->vm_ops = NULL;
		ret = dma_buf_mmap(obj->import_attach->dmabuf, vma,
				   vma->vm_pgoff - drm_vma_node_start(&obj->vma_node));
		if (ret)
			return ret;
		vm_flags_set(vma, VM_DONTEXPAND);
		drm_gem_object_put(obj);
		return 0;
	}

	/* mmap() knows no EINTR. */
	dma_resv_lock(obj->resv, NULL);
	if (atomic_inc_return(&bo->cmap.mmap_count) == 1)
		panthor_gem_refresh_locked(bo);
	dma_resv_unlock(obj->resv);

	vm_flags_set(vma, VM_PFNMAP | VM_DONTEXPAND | VM_DONTDUMP);
	vma->vm_page_prot = vm_get_page_prot(vma->vm_flags);
	if (panthor_gem_is_wc(bo))
		vma->vm_page_prot = pgprot_writecombine(vma->vm_page_prot);
	return 0;
}

/*
 * A huge entry needs address and offset inside the BO, not inside the file, to be aligned alike.
 */
unsigned long panthor_gem_get_unmapped_area(struct file *filp, unsigned long addr,
					    unsigned long len, unsigned long pgoff,
					    unsigned long flags)
{
	struct drm_file *file = filp->private_data;
	struct drm_vma_offset_manager *offsets = file->minor->dev->vma_offset_manager;
	struct drm_vma_offset_node *node;

	drm_vma_offset_lock_lookup(offsets);
	node = drm_vma_offset_lookup_locked(offsets, pgoff, len >> PAGE_SHIFT);
	if (node)
		pgoff -= drm_vma_node_start(node);
	drm_vma_offset_unlock_lookup(offsets);

	if (!node)
		return mm_get_unmapped_area(current->mm, filp, addr, len, pgoff, flags);

	return thp_get_unmapped_area(filp, addr, len, pgoff, flags);
}
