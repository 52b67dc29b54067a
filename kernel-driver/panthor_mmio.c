// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * The user MMIO region: one page that clients read the latest flush id from.
 */

#include <linux/mm.h>

#include <drm/drm_drv.h>

#include "panthor_device.h"

static vm_fault_t panthor_mmio_fault(struct vm_fault *vmf)
{
	struct panthor_device *ptdev = vmf->vma->vm_private_data;
	vm_fault_t ret;
	int cookie;

	/* Unplugging zaps every map and does not wait for those that come later. */
	if (!drm_dev_enter(&ptdev->base, &cookie))
		return VM_FAULT_SIGBUS;

	ret = vmf_insert_pfn(vmf->vma, vmf->address, page_to_pfn(ptdev->flush_id_page));
	drm_dev_exit(cookie);
	return ret;
}

static const struct vm_operations_struct panthor_mmio_vm_ops = {
	.fault = panthor_mmio_fault,
};

int panthor_mmio_mmap(struct panthor_device *ptdev, struct vm_area_struct *vma)
{
	if (!(vma->vm_flags & VM_SHARED) || vma->vm_flags & (VM_WRITE | VM_EXEC))
		return -EINVAL;
	if (vma->vm_pgoff || vma->vm_end - vma->vm_start != PAGE_SIZE)
		return -EINVAL;

	/* The native offset, whichever the client uses: what zaps maps by offset knows one. */
	vma->vm_pgoff = DRM_PANTHOR_USER_FLUSH_ID_MMIO_OFFSET >> PAGE_SHIFT;
	vma->vm_private_data = ptdev;
	vma->vm_ops = &panthor_mmio_vm_ops;
	vm_flags_clear(vma, VM_MAYWRITE);
	vm_flags_set(vma, VM_IO | VM_DONTCOPY | VM_DONTEXPAND | VM_NORESERVE | VM_DONTDUMP |
				  VM_PFNMAP);
	vma->vm_page_prot = pgprot_noncached(vma->vm_page_prot);
	return 0;
}
