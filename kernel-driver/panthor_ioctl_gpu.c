// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Arguments of the ioctls on VMs, groups and tiler heaps.
 */

#include <linux/err.h>
#include <linux/mm.h>

#include <drm/drm_file.h>

#include "panthor_device.h"
#include "panthor_heap.h"
#include "panthor_ioctl.h"
#include "panthor_query.h"
#include "panthor_sched.h"
#include "panthor_uobj.h"
#include "panthor_vm.h"

int panthor_ioctl_vm_create(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_panthor_vm_create *args = data;

	if (args->flags)
		return -EINVAL;

	return panthor_vm_pool_create(file->driver_priv, args);
}

int panthor_ioctl_vm_destroy(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_panthor_vm_destroy *args = data;

	if (args->pad)
		return -EINVAL;

	return panthor_vm_pool_destroy(file->driver_priv, args->id);
}

int panthor_ioctl_vm_get_state(struct drm_device *drm, void *data, struct drm_file *file)
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
		int ret = fatal_signal_pending(current) ?
				  -EINTR :
				  panthor_vm_bind_op_sync(file, vm, &ops[i]);

		cond_resched();
		if (ret) {
			/* How much was done; a call that is only interrupted will be repeated. */
			if (ret != -EINTR && ret != -ERESTARTSYS)
				*count = i;
			return ret;
		}
	}
	return 0;
}

int panthor_ioctl_vm_bind(struct drm_device *drm, void *data, struct drm_file *file)
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

int panthor_ioctl_group_create(struct drm_device *drm, void *data, struct drm_file *file)
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

int panthor_ioctl_group_destroy(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_panthor_group_destroy *args = data;

	if (args->pad)
		return -EINVAL;

	return panthor_group_pool_destroy(file->driver_priv, args->group_handle);
}

int panthor_ioctl_group_get_state(struct drm_device *drm, void *data, struct drm_file *file)
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

int panthor_ioctl_group_submit(struct drm_device *drm, void *data, struct drm_file *file)
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

int panthor_ioctl_tiler_heap_create(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_panthor_tiler_heap_create *args = data;
	struct panthor_vm *vm = panthor_vm_pool_get(file->driver_priv, args->vm_id);
	int ret;

	if (!vm)
		return -EINVAL;

	ret = panthor_heap_create(to_panthor_device(drm), vm, args);
	panthor_vm_put(vm);
	return ret;
}

int panthor_ioctl_tiler_heap_destroy(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_panthor_tiler_heap_destroy *args = data;
	struct panthor_vm *vm;
	int ret;

	if (args->pad)
		return -EINVAL;

	vm = panthor_vm_pool_get(file->driver_priv, args->handle >> 16);
	if (!vm)
		return -EINVAL;

	ret = panthor_heap_destroy(vm, args->handle & 0xffff);
	panthor_vm_put(vm);
	return ret;
}
