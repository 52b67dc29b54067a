/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef __PANTHOR_FENCE_H__
#define __PANTHOR_FENCE_H__

#include <linux/dma-fence.h>
#include <linux/kref.h>
#include <linux/spinlock.h>

/**
 * struct panthor_fence - a fence that keeps memory
 *
 * A fence of drm_sched asks its scheduler for its name as long as clients hold it, but has no
 * reference on the scheduler. What it does keep is its parent. So that is one of these, and keeps
 * the memory that the scheduler is in.
 */
struct panthor_fence {
	struct dma_fence base;

	/** @lock: for @base, which may outlive everything else. */
	spinlock_t lock;

	/** @memory: what is kept; the fence has a reference. */
	struct kref *memory;

	/** @free: frees @memory, in any context. */
	void (*free)(struct kref *memory);
};

/** panthor_fence_alloc() - fence for panthor_fence_init() and panthor_fence_put(), or NULL */
struct panthor_fence *panthor_fence_alloc(void);

/**
 * panthor_fence_init() - make a fence of it
 * @fence: from panthor_fence_alloc()
 * @context: of the fence
 * @seqno: in @context
 * @memory: what it is to keep, besides the module
 * @free: of @memory, without its last reference
 */
void panthor_fence_init(struct panthor_fence *fence, u64 context, u64 seqno, struct kref *memory,
			void (*free)(struct kref *memory));

/** panthor_fence_put() - drop a reference, or free what was never initialised; takes NULL */
void panthor_fence_put(struct panthor_fence *fence);

#endif
