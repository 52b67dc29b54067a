// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Buffer objects: creation, lookup, label, end.
 */

#include <linux/dma-buf.h>
#include <linux/sched/mm.h>
#include <linux/vmalloc.h>

#include <drm/drm_file.h>
#include <drm/drm_gem.h>
#include <drm/drm_prime.h>

#include "panthor_device.h"
#include "panthor_gem.h"
#include "panthor_trace.h"
#include "panthor_vm.h"

struct panthor_gem_object *panthor_gem_get_next(struct panthor_device *ptdev,
						unsigned long *serial)
{
	struct panthor_gem_object *bo;

	xa_lock(&ptdev->bos);
	for (bo = xa_find(&ptdev->bos, serial, ULONG_MAX, XA_PRESENT); bo;
	     bo = xa_find_after(&ptdev->bos, serial, ULONG_MAX, XA_PRESENT)) {
		if (kref_get_unless_zero(&bo->base.refcount))
			break;
	}
	xa_unlock(&ptdev->bos);

	++*serial;
	return bo;
}

void panthor_gem_set_label(struct panthor_gem_object *bo, char *label)
{
	mutex_lock(&bo->label.lock);
	swap(bo->label.str, label);
	mutex_unlock(&bo->label.lock);
	kfree(label);
}

static void panthor_gem_free(struct drm_gem_object *obj)
{
	struct panthor_gem_object *bo = to_panthor_bo(obj);
	struct drm_gem_object *root = bo->exclusive_vm_root;

	panthor_hold(to_panthor_device(obj->dev), PANTHOR_HOLD_BO_END);
	drm_WARN_ON(obj->dev, atomic_read(&bo->cmap.mmap_count));
	xa_erase(&to_panthor_device(obj->dev)->bos, bo->debugfs.serial);
	panthor_gem_reclaim_fini(bo);

	/* No reference is left, so nobody can be holding the resv for this BO's sake. */
	vunmap(bo->cmap.vaddr);
	if (drm_gem_is_imported(obj))
		drm_prime_gem_destroy(obj, bo->sgt);
	else if (bo->backing.pages)
		panthor_gem_put_pages_locked(bo, false);

	drm_gem_object_release(obj);
	mutex_destroy(&bo->label.lock);
	mutex_destroy(&bo->gpuva_lock);
	kfree(bo->label.str);
	kfree(bo);
	if (root)
		drm_gem_object_put(root);
}

static int panthor_gem_obj_pin(struct drm_gem_object *obj)
{
	return panthor_gem_pin_locked(to_panthor_bo(obj));
}

static void panthor_gem_obj_unpin(struct drm_gem_object *obj)
{
	panthor_gem_unpin_locked(to_panthor_bo(obj));
}

static int panthor_gem_obj_vmap(struct drm_gem_object *obj, struct iosys_map *map)
{
	if (drm_gem_is_imported(obj))
		return dma_buf_vmap(obj->import_attach->dmabuf, map);

	return panthor_gem_vmap_locked(to_panthor_bo(obj), map);
}

static void panthor_gem_obj_vunmap(struct drm_gem_object *obj, struct iosys_map *map)
{
	if (drm_gem_is_imported(obj))
		dma_buf_vunmap(obj->import_attach->dmabuf, map);
	else
		panthor_gem_vunmap_locked(to_panthor_bo(obj));
}

/* Called under a spinlock and without resv: a snapshot for statistics. */
static enum drm_gem_object_status panthor_gem_obj_status(struct drm_gem_object *obj)
{
	struct panthor_gem_object *bo = to_panthor_bo(obj);
	enum drm_gem_object_status status = 0;

	if (drm_gem_is_imported(obj) || READ_ONCE(bo->backing.pages))
		status |= DRM_GEM_OBJECT_RESIDENT;
	if (READ_ONCE(bo->reclaim.madv) == DRM_PANTHOR_BO_MADV_DONTNEED)
		status |= DRM_GEM_OBJECT_PURGEABLE;
	return status;
}

static const struct drm_gem_object_funcs panthor_gem_funcs = {
	.free = panthor_gem_free,
	.export = panthor_gem_prime_export,
	.pin = panthor_gem_obj_pin,
	.unpin = panthor_gem_obj_unpin,
	.vmap = panthor_gem_obj_vmap,
	.vunmap = panthor_gem_obj_vunmap,
	.mmap = panthor_gem_mmap,
	.status = panthor_gem_obj_status,
	.vm_ops = &panthor_gem_vm_ops,
};

struct panthor_gem_object *panthor_gem_alloc(struct panthor_device *ptdev, size_t size,
					     struct dma_resv *resv)
{
	struct panthor_gem_object *bo = kzalloc(sizeof(*bo), GFP_KERNEL_ACCOUNT);
	int ret;

	if (!bo)
		return ERR_PTR(-ENOMEM);

	bo->base.funcs = &panthor_gem_funcs;
	bo->base.resv = resv;
	bo->reclaim.class = PANTHOR_RECLAIM_NONE;
	bo->debugfs.tgid = current->tgid;
	get_task_comm(bo->debugfs.comm, current->group_leader);
	mutex_init(&bo->gpuva_lock);
	mutex_init(&bo->label.lock);

	/* Also where nothing is reclaimed, lockdep is to report allocations under this lock. */
	fs_reclaim_acquire(GFP_KERNEL);
	might_lock(&bo->gpuva_lock);
	fs_reclaim_release(GFP_KERNEL);

	drm_gem_private_object_init(&ptdev->base, &bo->base, size);
	drm_gem_gpuva_set_lock(&bo->base, &bo->gpuva_lock);

	ret = xa_alloc_cyclic(&ptdev->bos, &bo->debugfs.serial, bo, xa_limit_32b, &ptdev->next_bo,
			      GFP_KERNEL);
	if (ret < 0) {
		drm_gem_private_object_fini(&bo->base);
		kfree(bo);
		return ERR_PTR(ret);
	}
	trace_bo_create(bo);
	return bo;
}

int panthor_gem_create_with_handle(struct drm_file *file, struct panthor_vm *vm, u64 *size,
				   u32 flags, u32 *ret_handle)
{
	struct panthor_device *ptdev = to_panthor_device(file->minor->dev);
	struct panthor_gem_object *bo;
	int ret = 0;

	if (!*size || *size > (u64)LLONG_MAX - PAGE_SIZE + 1)
		return -EINVAL;
	if (*size > PANTHOR_BO_MAX_SIZE)
		return -ENOSPC;

	bo = panthor_gem_alloc(ptdev, PAGE_ALIGN(*size), vm ? panthor_vm_resv(vm) : NULL);
	if (IS_ERR(bo))
		return PTR_ERR(bo);

	bo->flags = flags;
	if (vm) {
		bo->exclusive_vm_root = panthor_vm_root_gem(vm);
		drm_gem_object_get(bo->exclusive_vm_root);
	}

	/* A BO that must not be mapped has no offset that could be guessed or read in debugfs. */
	if (!(flags & DRM_PANTHOR_BO_NO_MMAP))
		ret = drm_gem_create_mmap_offset(&bo->base);
	if (!ret)
		ret = drm_gem_handle_create(file, &bo->base, ret_handle);
	panthor_hold(ptdev, PANTHOR_HOLD_HANDLE);
	if (!ret)
		*size = bo->base.size;

	drm_gem_object_put(&bo->base);
	return ret;
}
