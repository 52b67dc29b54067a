// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * BOs of the driver in clients' address spaces.
 */

#include <linux/dma-resv.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "panthor_device.h"
#include "panthor_gem.h"
#include "panthor_kbo.h"
#include "panthor_vm.h"
#include "panthor_vma.h"

static int panthor_kbo_alloc_va(struct panthor_kbo *kbo, size_t size)
{
	u64 align = size >= SZ_2M ? SZ_2M : PANTHOR_VM_PAGE_SIZE;
	int ret;

	mutex_lock(&kbo->vm->mm_lock);
	ret = drm_mm_insert_node_generic(&kbo->vm->mm, &kbo->node, size, align, 0,
					 DRM_MM_INSERT_BEST);
	mutex_unlock(&kbo->vm->mm_lock);
	return ret;
}

static struct panthor_gem_object *panthor_kbo_alloc_bo(struct panthor_device *ptdev,
						       struct panthor_vm *vm, size_t size)
{
	struct panthor_gem_object *bo = panthor_gem_alloc(ptdev, size, panthor_vm_resv(vm));

	if (IS_ERR(bo))
		return bo;

	bo->flags = DRM_PANTHOR_BO_NO_MMAP;
	WRITE_ONCE(bo->debugfs.kernel, true);
	bo->exclusive_vm_root = panthor_vm_root_gem(vm);
	drm_gem_object_get(bo->exclusive_vm_root);
	return bo;
}

struct panthor_kbo *panthor_kbo_create(struct panthor_device *ptdev, struct panthor_vm *vm,
				       size_t size)
{
	struct panthor_kbo *kbo = kzalloc(sizeof(*kbo), GFP_KERNEL_ACCOUNT);
	int ret;

	if (!kbo)
		return ERR_PTR(-ENOMEM);

	kbo->vm = vm;
	kbo->bo = panthor_kbo_alloc_bo(ptdev, vm, size);
	if (IS_ERR(kbo->bo)) {
		ret = PTR_ERR(kbo->bo);
		kbo->bo = NULL;
		goto err_destroy;
	}

	ret = panthor_kbo_alloc_va(kbo, size);
	if (!ret)
		ret = panthor_vm_map_kernel(vm, kbo->bo, panthor_kbo_va(kbo));
	if (!ret)
		return kbo;

err_destroy:
	panthor_kbo_destroy(kbo);
	return ERR_PTR(ret);
}

void panthor_kbo_destroy(struct panthor_kbo *kbo)
{
	if (!kbo)
		return;

	if (drm_mm_node_allocated(&kbo->node)) {
		panthor_vm_unmap_whole(kbo->vm, kbo->node.start, kbo->node.size);
		mutex_lock(&kbo->vm->mm_lock);
		drm_mm_remove_node(&kbo->node);
		mutex_unlock(&kbo->vm->mm_lock);
	}
	if (kbo->bo)
		drm_gem_object_put(&kbo->bo->base);
	kfree(kbo);
}

int panthor_kbo_write(struct panthor_kbo *kbo, size_t offset, const void *data, size_t size)
{
	struct iosys_map map;
	int tries = 0, ret;

	do {
		dma_resv_lock(kbo->bo->base.resv, NULL);
		ret = panthor_gem_vmap_locked(kbo->bo, &map);
		if (!ret) {
			iosys_map_memcpy_to(&map, offset, data, size);
			panthor_gem_vunmap_locked(kbo->bo);
		}
		dma_resv_unlock(kbo->bo->base.resv);
	} while (ret == -ENOMEM && panthor_gem_make_room(kbo->bo, &tries));
	return ret;
}
