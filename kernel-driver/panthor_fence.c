// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Fences of the driver's own.
 */

#include <linux/module.h>
#include <linux/slab.h>

#include "panthor_fence.h"

static const char *panthor_fence_driver_name(struct dma_fence *fence)
{
	return "panthor";
}

static const char *panthor_fence_timeline_name(struct dma_fence *fence)
{
	return "queue";
}

/* May outlive the device, but not the code that frees it. */
static void panthor_fence_release(struct dma_fence *base)
{
	struct panthor_fence *fence = container_of(base, struct panthor_fence, base);

	kref_put(fence->memory, fence->free);
	dma_fence_free(base);
	module_put(THIS_MODULE);
}

static const struct dma_fence_ops panthor_fence_ops = {
	.get_driver_name = panthor_fence_driver_name,
	.get_timeline_name = panthor_fence_timeline_name,
	.release = panthor_fence_release,
};

struct panthor_fence *panthor_fence_alloc(void)
{
	return kzalloc(sizeof(struct panthor_fence), GFP_KERNEL_ACCOUNT);
}

void panthor_fence_init(struct panthor_fence *fence, u64 context, u64 seqno, struct kref *memory,
			void (*free)(struct kref *memory))
{
	__module_get(THIS_MODULE);
	kref_get(memory);
	fence->memory = memory;
	fence->free = free;
	spin_lock_init(&fence->lock);
	dma_fence_init(&fence->base, &panthor_fence_ops, &fence->lock, context, seqno);
}

void panthor_fence_put(struct panthor_fence *fence)
{
	if (fence && fence->memory)
		dma_fence_put(&fence->base);
	else
		kfree(fence);
}
