// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * The sync operations of one ioctl.
 */

#include <linux/dma-fence.h>
#include <linux/dma-fence-chain.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include <drm/drm_syncobj.h>
#include <drm/gpu_scheduler.h>

#include "panthor_sync.h"
#include "panthor_uobj.h"

/* Sync operations of one ioctl; each is looked for among all. */
#define PANTHOR_SYNC_OPS_MAX 4096

/* struct panthor_sync_signal - what will be behind a point of a syncobj */
struct panthor_sync_signal {
	struct list_head node;
	u32 handle;
	u64 point;
	struct drm_syncobj *syncobj;

	/* For a point: becomes the syncobj's. */
	struct dma_fence_chain *chain;

	/* Of the latest job that signals; NULL before the first one. */
	struct dma_fence *fence;
};

void panthor_sync_batch_init(struct panthor_sync_batch *batch, struct drm_file *file)
{
	batch->file = file;
	batch->op_count = 0;
	INIT_LIST_HEAD(&batch->signals);
}

static void panthor_sync_signal_free(struct panthor_sync_signal *signal)
{
	if (signal->syncobj)
		drm_syncobj_put(signal->syncobj);
	dma_fence_chain_free(signal->chain);
	dma_fence_put(signal->fence);
	kfree(signal);
}

void panthor_sync_batch_fini(struct panthor_sync_batch *batch)
{
	struct panthor_sync_signal *signal, *next;

	list_for_each_entry_safe(signal, next, &batch->signals, node)
		panthor_sync_signal_free(signal);
}

static bool panthor_sync_is_signal(const struct drm_panthor_sync_op *op)
{
	return op->flags & DRM_PANTHOR_SYNC_OP_SIGNAL;
}

static struct panthor_sync_signal *panthor_sync_find(struct panthor_sync_batch *batch,
						     const struct drm_panthor_sync_op *op)
{
	struct panthor_sync_signal *signal;

	list_for_each_entry(signal, &batch->signals, node) {
		if (signal->handle == op->handle && signal->point == op->timeline_value)
			return signal;
	}
	return NULL;
}

static int panthor_sync_signal_fill(struct panthor_sync_batch *batch,
				    struct panthor_sync_signal *signal)
{
	signal->syncobj = drm_syncobj_find(batch->file, signal->handle);
	if (!signal->syncobj)
		return -EINVAL;

	if (signal->point) {
		signal->chain = dma_fence_chain_alloc();
		if (!signal->chain)
			return -ENOMEM;
	}
	return 0;
}

static int panthor_sync_add_signal(struct panthor_sync_batch *batch,
				   const struct drm_panthor_sync_op *op)
{
	struct panthor_sync_signal *signal;
	int ret;

	if (panthor_sync_find(batch, op))
		return 0;

	signal = kzalloc(sizeof(*signal), GFP_KERNEL_ACCOUNT);
	if (!signal)
		return -ENOMEM;

	signal->handle = op->handle;
	signal->point = op->timeline_value;
	ret = panthor_sync_signal_fill(batch, signal);
	if (ret) {
		panthor_sync_signal_free(signal);
		return ret;
	}
	list_add_tail(&signal->node, &batch->signals);
	return 0;
}

static bool panthor_sync_op_ok(const struct drm_panthor_sync_op *op)
{
	u32 type = op->flags & DRM_PANTHOR_SYNC_OP_HANDLE_TYPE_MASK;
	u32 known = DRM_PANTHOR_SYNC_OP_HANDLE_TYPE_MASK | DRM_PANTHOR_SYNC_OP_SIGNAL;

	if (op->flags & ~known || type > DRM_PANTHOR_SYNC_OP_HANDLE_TYPE_TIMELINE_SYNCOBJ)
		return false;

	return type == DRM_PANTHOR_SYNC_OP_HANDLE_TYPE_TIMELINE_SYNCOBJ || !op->timeline_value;
}

int panthor_sync_collect(struct panthor_sync_batch *batch, const struct drm_panthor_obj_array *in,
			 struct panthor_sync_ops *ret_ops)
{
	struct drm_panthor_sync_op *ops;
	int ret = 0;

	/* Jobs without sync operations need not know how large one is. */
	if (!in->count)
		return 0;
	if (in->count > PANTHOR_SYNC_OPS_MAX - batch->op_count)
		return -EINVAL;
	batch->op_count += in->count;

	ops = PANTHOR_UOBJ_GET_ARRAY(in, struct drm_panthor_sync_op, timeline_value);
	if (IS_ERR(ops))
		return PTR_ERR(ops);

	ret_ops->ops = ops;
	ret_ops->count = in->count;
	for (u32 i = 0; i < in->count && !ret; i++) {
		if (!panthor_sync_op_ok(&ops[i]))
			ret = -EINVAL;
		else if (fatal_signal_pending(current))
			ret = -EINTR;
		else if (panthor_sync_is_signal(&ops[i]))
			ret = panthor_sync_add_signal(batch, &ops[i]);
		cond_resched();
	}
	return ret;
}

void panthor_sync_ops_fini(struct panthor_sync_ops *ops)
{
	kvfree(ops->ops);
	ops->ops = NULL;
	ops->count = 0;
}

static int panthor_sync_get_fence(struct panthor_sync_batch *batch,
				  const struct drm_panthor_sync_op *op,
				  struct dma_fence **ret_fence)
{
	struct panthor_sync_signal *signal = panthor_sync_find(batch, op);

	if (!signal || !signal->fence)
		return drm_syncobj_find_fence(batch->file, op->handle, op->timeline_value, 0,
					      ret_fence);

	*ret_fence = dma_fence_get(signal->fence);
	return 0;
}

int panthor_sync_add_deps(struct panthor_sync_batch *batch, const struct panthor_sync_ops *ops,
			  struct drm_sched_job *job)
{
	struct dma_fence *fence;
	int ret = 0;

	for (u32 i = 0; i < ops->count && !ret; i++) {
		if (panthor_sync_is_signal(&ops->ops[i]))
			continue;

		/* A point is looked for among all that are pending. */
		cond_resched();
		ret = fatal_signal_pending(current) ?
			      -EINTR :
			      panthor_sync_get_fence(batch, &ops->ops[i], &fence);
		if (!ret)
			ret = drm_sched_job_add_dependency(job, fence);
	}
	return ret;
}

void panthor_sync_set_fence(struct panthor_sync_batch *batch, const struct panthor_sync_ops *ops,
			    struct dma_fence *fence)
{
	for (u32 i = 0; i < ops->count; i++) {
		struct panthor_sync_signal *signal;

		if (!panthor_sync_is_signal(&ops->ops[i]))
			continue;

		signal = panthor_sync_find(batch, &ops->ops[i]);
		dma_fence_put(signal->fence);
		signal->fence = dma_fence_get(fence);
	}
}

void panthor_sync_publish(struct panthor_sync_batch *batch)
{
	struct panthor_sync_signal *signal;

	list_for_each_entry(signal, &batch->signals, node) {
		/* A point looks through all those of its timeline that are pending. */
		cond_resched();
		if (signal->chain) {
			drm_syncobj_add_point(signal->syncobj, signal->chain, signal->fence,
					      signal->point);
			signal->chain = NULL;
		} else {
			drm_syncobj_replace_fence(signal->syncobj, signal->fence);
		}
	}
}
