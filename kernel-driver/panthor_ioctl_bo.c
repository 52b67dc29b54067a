// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Arguments of the ioctls on BOs.
 */

#include <linux/err.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include <drm/drm_file.h>
#include <drm/drm_gem.h>

#include "panthor_gem.h"
#include "panthor_ioctl.h"
#include "panthor_uobj.h"
#include "panthor_vm.h"

#define PANTHOR_BO_CREATE_FLAGS (DRM_PANTHOR_BO_NO_MMAP | DRM_PANTHOR_BO_WB_MMAP)

int panthor_ioctl_bo_create(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_panthor_bo_create *args = data;
	struct panthor_vm *vm = NULL;
	int ret;

	if (args->pad || args->flags & ~PANTHOR_BO_CREATE_FLAGS ||
	    args->flags == PANTHOR_BO_CREATE_FLAGS)
		return -EINVAL;

	if (args->exclusive_vm_id) {
		vm = panthor_vm_pool_get(file->driver_priv, args->exclusive_vm_id);
		if (!vm)
			return -EINVAL;
	}

	ret = panthor_gem_create_with_handle(file, vm, &args->size, args->flags, &args->handle);
	panthor_vm_put(vm);
	return ret;
}

static struct panthor_gem_object *panthor_bo_lookup(struct drm_file *file, u32 handle)
{
	struct drm_gem_object *obj = drm_gem_object_lookup(file, handle);

	return obj ? to_panthor_bo(obj) : NULL;
}

int panthor_ioctl_bo_mmap_offset(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_panthor_bo_mmap_offset *args = data;
	struct panthor_gem_object *bo;
	int ret = 0;

	if (args->pad)
		return -EINVAL;

	bo = panthor_bo_lookup(file, args->handle);
	if (!bo)
		return -ENOENT;

	if (bo->flags & DRM_PANTHOR_BO_NO_MMAP)
		ret = -EPERM;
	else
		args->offset = drm_vma_node_offset_addr(&bo->base.vma_node);
	drm_gem_object_put(&bo->base);
	return ret;
}

/* As strndup_user(), charged to the client. */
static char *panthor_bo_get_label(const char __user *str)
{
	long size = strnlen_user(str, PANTHOR_BO_LABEL_MAXLEN);
	char *label;

	if (!size)
		return ERR_PTR(-EFAULT);
	if (size > PANTHOR_BO_LABEL_MAXLEN)
		return ERR_PTR(-E2BIG);

	label = kmalloc(size, GFP_KERNEL_ACCOUNT);
	if (!label)
		return ERR_PTR(-ENOMEM);

	if (copy_from_user(label, str, size)) {
		kfree(label);
		return ERR_PTR(-EFAULT);
	}
	/* Whatever became of it meanwhile. */
	label[size - 1] = '\0';
	return label;
}

int panthor_ioctl_bo_set_label(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_panthor_bo_set_label *args = data;
	struct panthor_gem_object *bo;
	char *label = NULL;
	int ret = 0;

	if (args->pad)
		return -EINVAL;

	bo = panthor_bo_lookup(file, args->handle);
	if (!bo)
		return -ENOENT;

	if (args->label) {
		label = panthor_bo_get_label(u64_to_user_ptr(args->label));
		ret = PTR_ERR_OR_ZERO(label);
	}
	if (!ret)
		panthor_gem_set_label(bo, label);

	drm_gem_object_put(&bo->base);
	return ret;
}

static int panthor_bo_sync_op(struct drm_file *file, const struct drm_panthor_bo_sync_op *op)
{
	struct panthor_gem_object *bo = panthor_bo_lookup(file, op->handle);
	int ret;

	if (!bo)
		return -ENOENT;

	if (op->offset > bo->base.size || op->size > bo->base.size - op->offset ||
	    drm_gem_is_imported(&bo->base) ||
	    op->type > DRM_PANTHOR_BO_SYNC_CPU_CACHE_FLUSH_AND_INVALIDATE)
		ret = -EINVAL;
	else
		ret = panthor_gem_sync(bo, op->type, op->offset, op->size);
	drm_gem_object_put(&bo->base);
	return ret;
}

int panthor_ioctl_bo_sync(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_panthor_bo_sync *args = data;
	struct drm_panthor_bo_sync_op *ops;
	int ret = 0;

	/* Unlike with other arrays, nothing is checked of one without elements. */
	if (!args->ops.count)
		return 0;

	ops = PANTHOR_UOBJ_GET_ARRAY(&args->ops, struct drm_panthor_bo_sync_op, size);
	if (IS_ERR(ops))
		return PTR_ERR(ops);

	for (u32 i = 0; i < args->ops.count && !ret; i++)
		ret = panthor_bo_sync_op(file, &ops[i]);
	kvfree(ops);
	return ret;
}

int panthor_ioctl_bo_query_info(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_panthor_bo_query_info *args = data;
	struct panthor_gem_object *bo = panthor_bo_lookup(file, args->handle);

	if (!bo)
		return -ENOENT;

	args->pad = 0;
	args->create_flags = bo->flags;
	args->extra_flags = drm_gem_is_imported(&bo->base) ? DRM_PANTHOR_BO_IS_IMPORTED : 0;
	drm_gem_object_put(&bo->base);
	return 0;
}

int panthor_ioctl_bo_madvise(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_panthor_bo_madvise *args = data;
	struct panthor_gem_object *bo;
	int ret;

	if (args->pad || args->madv > DRM_PANTHOR_BO_MADV_PAGEOUT)
		return -EINVAL;

	bo = panthor_bo_lookup(file, args->handle);
	if (!bo)
		return -ENOENT;

	ret = panthor_gem_madvise(bo, args->madv, &args->retained);
	drm_gem_object_put(&bo->base);
	return ret;
}
