// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Groups and their ids.
 */

#include <linux/bitops.h>
#include <linux/log2.h>
#include <linux/slab.h>

#include "panthor_device.h"
#include "panthor_sched.h"
#include "panthor_vm.h"

static void panthor_usage_release(struct kref *kref)
{
	kfree(container_of(kref, struct panthor_usage, refcount));
}

static void panthor_usage_put(struct panthor_usage *usage)
{
	kref_put(&usage->refcount, panthor_usage_release);
}

void panthor_group_free(struct kref *memory)
{
	kfree(container_of(memory, struct panthor_group, memory));
}

static void panthor_group_release_work(struct work_struct *work)
{
	struct panthor_group *group = container_of(work, struct panthor_group, release_work);

	for (u32 i = 0; i < group->queue_count; i++)
		panthor_job_queue_fini(&group->queues[i]);
	panthor_vm_put(group->vm);
	panthor_usage_put(group->usage);
	kref_put(&group->memory, panthor_group_free);
}

/* Of all places a scheduler's own work may drop the last reference. */
static void panthor_group_release(struct kref *kref)
{
	struct panthor_group *group = container_of(kref, struct panthor_group, refcount);

	INIT_WORK(&group->release_work, panthor_group_release_work);
	queue_work(panthor_cleanup_wq, &group->release_work);
}

void panthor_group_put(struct panthor_group *group)
{
	kref_put(&group->refcount, panthor_group_release);
}

static bool panthor_cores_ok(u64 mask, u64 present, u8 max)
{
	return !(mask & ~present) && hweight64(mask) >= max;
}

static int panthor_group_check(const struct panthor_device *ptdev,
			       const struct drm_panthor_group_create *args, u32 allowed)
{
	u64 shaders = ptdev->gpu_info.shader_present;

	if (args->pad || !args->queues.count ||
	    args->queues.count > ptdev->csif_info.cs_slot_count ||
	    args->priority >= PANTHOR_GROUP_PRIORITIES)
		return -EINVAL;
	if (!(allowed & BIT(args->priority)))
		return -EACCES;
	if (!panthor_cores_ok(args->compute_core_mask, shaders, args->max_compute_cores) ||
	    !panthor_cores_ok(args->fragment_core_mask, shaders, args->max_fragment_cores) ||
	    !panthor_cores_ok(args->tiler_core_mask, ptdev->gpu_info.tiler_present,
			      args->max_tiler_cores))
		return -EINVAL;
	return 0;
}

static bool panthor_queue_ok(const struct drm_panthor_queue_create *queue)
{
	return !queue->pad[0] && !queue->pad[1] && !queue->pad[2] && queue->priority <= 15 &&
	       queue->ringbuf_size >= SZ_4K && queue->ringbuf_size <= SZ_64K &&
	       is_power_of_2(queue->ringbuf_size);
}

static int panthor_group_add_queues(struct panthor_group *group,
				    const struct drm_panthor_queue_create *queues, u32 count)
{
	for (u32 i = 0; i < count; i++) {
		struct panthor_queue *queue = &group->queues[i];
		int ret = -EINVAL;

		queue->group = group;
		if (panthor_queue_ok(&queues[i]))
			ret = panthor_job_queue_init(queue, queues[i].ringbuf_size);
		if (ret) {
			/* Only those that were made are to be undone. */
			group->queue_count = i;
			return ret;
		}
		panthor_queue_init_cs(queue, i);
	}
	return 0;
}

static struct panthor_group *panthor_group_create(struct panthor_file *pfile,
						  const struct drm_panthor_group_create *args,
						  const struct drm_panthor_queue_create *queues)
{
	u32 count = args->queues.count;
	struct panthor_group *group;
	int ret;

	group = kzalloc(struct_size(group, queues, count), GFP_KERNEL_ACCOUNT);
	if (!group)
		return ERR_PTR(-ENOMEM);

	kref_init(&group->refcount);
	kref_init(&group->memory);
	INIT_LIST_HEAD(&group->run_node);
	group->queue_count = count;
	group->ptdev = pfile->ptdev;
	group->priority = args->priority;
	group->vm = panthor_vm_pool_get(pfile, args->vm_id);
	if (!group->vm) {
		kfree(group);
		return ERR_PTR(-EINVAL);
	}

	group->usage = pfile->usage;
	kref_get(&group->usage->refcount);
	ret = panthor_group_add_queues(group, queues, count);
	if (ret) {
		panthor_group_put(group);
		return ERR_PTR(ret);
	}
	return group;
}

/* What it was doing is cancelled by the executor, within one slice. */
static void panthor_group_destroy(struct panthor_group *group)
{
	struct panthor_exec *exec = &group->ptdev->exec;

	spin_lock(&exec->lock);
	group->destroyed = true;
	spin_unlock(&exec->lock);
	panthor_exec_kick(exec);
	panthor_group_put(group);
}

int panthor_group_pool_init(struct panthor_file *pfile)
{
	pfile->usage = kzalloc(sizeof(*pfile->usage), GFP_KERNEL);
	if (!pfile->usage)
		return -ENOMEM;

	kref_init(&pfile->usage->refcount);
	xa_init_flags(&pfile->groups, XA_FLAGS_ALLOC1);
	return 0;
}

void panthor_group_pool_fini(struct panthor_file *pfile)
{
	struct panthor_group *group;
	unsigned long handle;

	xa_for_each(&pfile->groups, handle, group)
		panthor_group_destroy(group);
	xa_destroy(&pfile->groups);
	panthor_usage_put(pfile->usage);
}

int panthor_group_pool_create(struct panthor_file *pfile, struct drm_panthor_group_create *args,
			      const struct drm_panthor_queue_create *queues, u32 allowed)
{
	struct panthor_group *group;
	int ret;

	ret = panthor_group_check(pfile->ptdev, args, allowed);
	if (ret)
		return ret;

	group = panthor_group_create(pfile, args, queues);
	if (IS_ERR(group))
		return PTR_ERR(group);

	ret = xa_alloc(&pfile->groups, &args->group_handle, group,
		       XA_LIMIT(1, PANTHOR_GROUP_MAX), GFP_KERNEL);
	if (ret)
		panthor_group_destroy(group);
	return ret;
}

int panthor_group_pool_destroy(struct panthor_file *pfile, u32 handle)
{
	struct panthor_group *group = xa_erase(&pfile->groups, handle);

	if (!group)
		return -EINVAL;

	panthor_group_destroy(group);
	return 0;
}

struct panthor_group *panthor_group_pool_get(struct panthor_file *pfile, u32 handle)
{
	struct panthor_group *group;

	xa_lock(&pfile->groups);
	group = xa_load(&pfile->groups, handle);
	if (group)
		panthor_group_get(group);
	xa_unlock(&pfile->groups);
	return group;
}
