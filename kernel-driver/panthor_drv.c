// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * The border to userspace: ioctls and their arguments, files, maps, fdinfo.
 */

#include <linux/compat.h>
#include <linux/string.h>

#include <drm/drm_drv.h>
#include <drm/drm_file.h>
#include <drm/drm_gem.h>
#include <drm/drm_ioctl.h>
#include <drm/drm_prime.h>
#include <drm/drm_print.h>

#include "panthor_device.h"
#include "panthor_gem.h"
#include "panthor_query.h"
#include "panthor_uobj.h"
#include "panthor_vm.h"

#define PANTHOR_BO_CREATE_FLAGS (DRM_PANTHOR_BO_NO_MMAP | DRM_PANTHOR_BO_WB_MMAP)

static int panthor_ioctl_dev_query(struct drm_device *drm, void *data, struct drm_file *file)
{
	return panthor_dev_query(file, data);
}

static int panthor_ioctl_vm_create(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_panthor_vm_create *args = data;

	if (args->flags)
		return -EINVAL;

	return panthor_vm_pool_create(file->driver_priv, args);
}

static int panthor_ioctl_vm_destroy(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_panthor_vm_destroy *args = data;

	if (args->pad)
		return -EINVAL;

	return panthor_vm_pool_destroy(file->driver_priv, args->id);
}

static int panthor_ioctl_vm_get_state(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_panthor_vm_get_state *args = data;
	struct panthor_vm *vm = panthor_vm_pool_get(file->driver_priv, args->vm_id);

	if (!vm)
		return -EINVAL;

	args->state = READ_ONCE(vm->unusable) ? DRM_PANTHOR_VM_STATE_UNUSABLE :
						DRM_PANTHOR_VM_STATE_USABLE;
	panthor_vm_put(vm);
	return 0;
}

static int panthor_vm_bind_sync(struct drm_file *file, struct panthor_vm *vm,
				const struct drm_panthor_vm_bind_op *ops, u32 *count)
{
	for (u32 i = 0; i < *count; i++) {
		int ret = panthor_vm_bind_op_sync(file, vm, &ops[i]);

		if (ret) {
			/* Tells the client how much was done. */
			*count = i;
			return ret;
		}
	}
	return 0;
}

static int panthor_ioctl_vm_bind(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_panthor_vm_bind *args = data;
	struct drm_panthor_vm_bind_op *ops;
	struct panthor_vm *vm;
	int ret = 0;

	if (args->flags & ~DRM_PANTHOR_VM_BIND_ASYNC)
		return -EINVAL;

	vm = panthor_vm_pool_get(file->driver_priv, args->vm_id);
	if (!vm)
		return -EINVAL;

	ops = PANTHOR_UOBJ_GET_ARRAY(&args->ops, struct drm_panthor_vm_bind_op, syncs);
	if (IS_ERR(ops))
		ret = PTR_ERR(ops);
	else if (ops && args->flags & DRM_PANTHOR_VM_BIND_ASYNC)
		ret = panthor_vm_bind_async(file, vm, ops, args->ops.count);
	else if (ops)
		ret = panthor_vm_bind_sync(file, vm, ops, &args->ops.count);

	if (!IS_ERR(ops))
		kvfree(ops);
	panthor_vm_put(vm);
	return ret;
}

static int panthor_ioctl_bo_create(struct drm_device *drm, void *data, struct drm_file *file)
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

static int panthor_ioctl_bo_mmap_offset(struct drm_device *drm, void *data, struct drm_file *file)
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

static int panthor_ioctl_bo_set_label(struct drm_device *drm, void *data, struct drm_file *file)
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
		label = strndup_user(u64_to_user_ptr(args->label), PANTHOR_BO_LABEL_MAXLEN);
		if (IS_ERR(label))
			ret = PTR_ERR(label) == -EINVAL ? -E2BIG : PTR_ERR(label);
	}
	if (!ret)
		panthor_gem_set_label(bo, label);

	drm_gem_object_put(&bo->base);
	return ret;
}

static int panthor_ioctl_set_user_mmio_offset(struct drm_device *drm, void *data,
					      struct drm_file *file)
{
	struct drm_panthor_set_user_mmio_offset *args = data;
	struct panthor_file *pfile = file->driver_priv;

	if (args->offset != DRM_PANTHOR_USER_MMIO_OFFSET_32BIT &&
	    args->offset != DRM_PANTHOR_USER_MMIO_OFFSET_64BIT)
		return -EINVAL;

	WRITE_ONCE(pfile->user_mmio_offset, args->offset);
	return 0;
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

static int panthor_ioctl_bo_sync(struct drm_device *drm, void *data, struct drm_file *file)
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

static int panthor_ioctl_bo_query_info(struct drm_device *drm, void *data, struct drm_file *file)
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

static int panthor_ioctl_bo_madvise(struct drm_device *drm, void *data, struct drm_file *file)
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

static int panthor_ioctl_group_create(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_panthor_group_create *args = data;
	struct panthor_device *ptdev = to_panthor_device(drm);
	struct drm_panthor_queue_create *queues;
	int ret;

	if (!args->queues.count || args->queues.count > ptdev->csif_info.cs_slot_count)
		return -EINVAL;

	queues = PANTHOR_UOBJ_GET_ARRAY(&args->queues, struct drm_panthor_queue_create,
					ringbuf_size);
	if (IS_ERR(queues))
		return PTR_ERR(queues);

	ret = panthor_group_pool_create(file->driver_priv, args, queues,
					panthor_allowed_priorities(file));
	kvfree(queues);
	return ret;
}

static int panthor_ioctl_group_destroy(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_panthor_group_destroy *args = data;

	if (args->pad)
		return -EINVAL;

	return panthor_group_pool_destroy(file->driver_priv, args->group_handle);
}

static int panthor_ioctl_group_get_state(struct drm_device *drm, void *data,
					 struct drm_file *file)
{
	struct drm_panthor_group_get_state *args = data;
	struct panthor_group *group;

	if (args->pad)
		return -EINVAL;

	group = panthor_group_pool_get(file->driver_priv, args->group_handle);
	if (!group)
		return -EINVAL;

	spin_lock(&group->ptdev->exec.lock);
	args->state = group->state;
	args->fatal_queues = group->fatal_queues;
	spin_unlock(&group->ptdev->exec.lock);
	panthor_group_put(group);
	return 0;
}

static int panthor_ioctl_group_submit(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_panthor_group_submit *args = data;
	struct drm_panthor_queue_submit *submits;
	struct panthor_group *group;
	int ret;

	if (args->pad)
		return -EINVAL;

	submits = PANTHOR_UOBJ_GET_ARRAY(&args->queue_submits, struct drm_panthor_queue_submit,
					 syncs);
	if (IS_ERR_OR_NULL(submits))
		return PTR_ERR(submits);

	group = panthor_group_pool_get(file->driver_priv, args->group_handle);
	ret = group ? panthor_group_submit(file, group, submits, args->queue_submits.count) :
		      -EINVAL;
	if (group)
		panthor_group_put(group);
	kvfree(submits);
	return ret;
}

static int panthor_ioctl_unsupported(struct drm_device *drm, void *data, struct drm_file *file)
{
	return -EOPNOTSUPP;
}

#define PANTHOR_IOCTL(n, func) \
	DRM_IOCTL_DEF_DRV(PANTHOR_##n, panthor_ioctl_##func, DRM_RENDER_ALLOW)

static const struct drm_ioctl_desc panthor_ioctls[] = {
	PANTHOR_IOCTL(DEV_QUERY, dev_query),
	PANTHOR_IOCTL(VM_CREATE, vm_create),
	PANTHOR_IOCTL(VM_DESTROY, vm_destroy),
	PANTHOR_IOCTL(VM_BIND, vm_bind),
	PANTHOR_IOCTL(VM_GET_STATE, vm_get_state),
	PANTHOR_IOCTL(BO_CREATE, bo_create),
	PANTHOR_IOCTL(BO_MMAP_OFFSET, bo_mmap_offset),
	PANTHOR_IOCTL(GROUP_CREATE, group_create),
	PANTHOR_IOCTL(GROUP_DESTROY, group_destroy),
	PANTHOR_IOCTL(GROUP_SUBMIT, group_submit),
	PANTHOR_IOCTL(GROUP_GET_STATE, group_get_state),
	PANTHOR_IOCTL(TILER_HEAP_CREATE, unsupported),
	PANTHOR_IOCTL(TILER_HEAP_DESTROY, unsupported),
	PANTHOR_IOCTL(BO_SET_LABEL, bo_set_label),
	PANTHOR_IOCTL(SET_USER_MMIO_OFFSET, set_user_mmio_offset),
	PANTHOR_IOCTL(BO_SYNC, bo_sync),
	PANTHOR_IOCTL(BO_QUERY_INFO, bo_query_info),
	PANTHOR_IOCTL(BO_MADVISE, bo_madvise),
};

static int panthor_open(struct drm_device *drm, struct drm_file *file)
{
	struct panthor_file *pfile = kzalloc(sizeof(*pfile), GFP_KERNEL);

	if (!pfile)
		return -ENOMEM;

	pfile->ptdev = to_panthor_device(drm);
	pfile->user_mmio_offset = in_compat_syscall() ? DRM_PANTHOR_USER_MMIO_OFFSET_32BIT :
							DRM_PANTHOR_USER_MMIO_OFFSET;
	panthor_vm_pool_init(pfile);
	panthor_group_pool_init(pfile);
	file->driver_priv = pfile;
	return 0;
}

static void panthor_postclose(struct drm_device *drm, struct drm_file *file)
{
	panthor_group_pool_fini(file->driver_priv);
	panthor_vm_pool_fini(file->driver_priv);
	kfree(file->driver_priv);
}

static int panthor_mmap(struct file *filp, struct vm_area_struct *vma)
{
	struct drm_file *file = filp->private_data;
	struct panthor_file *pfile = file->driver_priv;
	/* Once: another thread may be setting it. */
	u64 mmio = READ_ONCE(pfile->user_mmio_offset) >> PAGE_SHIFT;
	int ret, cookie;

	if (vma->vm_pgoff < mmio)
		return drm_gem_mmap(filp, vma);

	if (!drm_dev_enter(file->minor->dev, &cookie))
		return -ENODEV;

	vma->vm_pgoff -= mmio;
	ret = panthor_mmio_mmap(pfile->ptdev, vma);
	drm_dev_exit(cookie);
	return ret;
}

static u64 panthor_evicted_bytes(struct drm_file *file)
{
	struct drm_gem_object *obj;
	u64 bytes = 0;
	int id;

	spin_lock(&file->table_lock);
	idr_for_each_entry(&file->object_idr, obj, id) {
		if (READ_ONCE(to_panthor_bo(obj)->reclaim.evicted))
			bytes += obj->size;
	}
	spin_unlock(&file->table_lock);
	return bytes;
}

static void panthor_show_fdinfo(struct drm_printer *p, struct drm_file *file)
{
	drm_show_memory_stats(p, file);
	drm_printf(p, "drm-evicted-memory:\t%llu KiB\n", panthor_evicted_bytes(file) / SZ_1K);
}

static const struct file_operations panthor_fops = {
	.owner = THIS_MODULE,
	.open = drm_open,
	.release = drm_release,
	.unlocked_ioctl = drm_ioctl,
	.compat_ioctl = drm_compat_ioctl,
	.poll = drm_poll,
	.read = drm_read,
	.llseek = noop_llseek,
	.mmap = panthor_mmap,
	.get_unmapped_area = panthor_gem_get_unmapped_area,
	.show_fdinfo = drm_show_fdinfo,
	.fop_flags = FOP_UNSIGNED_OFFSET,
};

const struct drm_driver panthor_drm_driver = {
	.driver_features = DRIVER_RENDER | DRIVER_GEM | DRIVER_SYNCOBJ | DRIVER_SYNCOBJ_TIMELINE |
			   DRIVER_GEM_GPUVA,
	.open = panthor_open,
	.postclose = panthor_postclose,
	.show_fdinfo = panthor_show_fdinfo,
	.ioctls = panthor_ioctls,
	.num_ioctls = ARRAY_SIZE(panthor_ioctls),
	.fops = &panthor_fops,
	.name = "panthor",
	.desc = "Panthor DRM driver",
	.date = "20261122",
	.major = 1,
	.minor = 9,
	.gem_prime_import = panthor_gem_prime_import,
	.gem_prime_import_sg_table = panthor_gem_prime_import_sgt,
#ifdef CONFIG_DEBUG_FS
	.debugfs_init = panthor_gem_debugfs_init,
#endif
};
