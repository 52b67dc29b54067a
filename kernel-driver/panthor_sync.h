/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * The sync operations of one ioctl: what its jobs wait for and signal, among themselves too.
 */
#ifndef __PANTHOR_SYNC_H__
#define __PANTHOR_SYNC_H__

#include <linux/list.h>
#include <linux/types.h>

#include "panthor_drm.h"

struct dma_fence;
struct drm_file;
struct drm_sched_job;

/**
 * struct panthor_sync_batch - all jobs of an ioctl
 *
 * First every job's operations are collected. Then, job by job, waits become dependencies and, the
 * job being armed, its fence is what later jobs of the batch find behind its signals. Last, when
 * nothing can fail any more, the syncobjs are updated.
 */
struct panthor_sync_batch {
	/** @file: for syncobj handles. */
	struct drm_file *file;

	/** @op_count: operations of all jobs so far. */
	u32 op_count;

	/** @signals: struct panthor_sync_signal, one for each handle and point. */
	struct list_head signals;
};

/**
 * struct panthor_sync_ops - the operations of one job
 */
struct panthor_sync_ops {
	/** @ops: array of its own, or NULL. */
	struct drm_panthor_sync_op *ops;

	/** @count: elements of @ops. */
	u32 count;
};

void panthor_sync_batch_init(struct panthor_sync_batch *batch, struct drm_file *file);
void panthor_sync_batch_fini(struct panthor_sync_batch *batch);

/**
 * panthor_sync_collect() - take the operations of a job in
 * @batch: batch
 * @in: array in user memory
 * @ret_ops: for panthor_sync_ops_fini(), also on failure
 *
 * Return: 0, -EINVAL bad flags, too many operations or a handle to signal that is unknown,
 * -ENOMEM, -EINTR, or what copying the array gives.
 */
int panthor_sync_collect(struct panthor_sync_batch *batch, const struct drm_panthor_obj_array *in,
			 struct panthor_sync_ops *ret_ops);
void panthor_sync_ops_fini(struct panthor_sync_ops *ops);

/**
 * panthor_sync_add_deps() - make a job wait
 * @batch: batch, with the signals of the jobs before this one
 * @ops: the job's
 * @job: initialised, not armed
 *
 * Return: 0, -ENOENT unknown handle, -EINVAL nothing to wait for there, -ENOMEM, -EINTR.
 */
int panthor_sync_add_deps(struct panthor_sync_batch *batch, const struct panthor_sync_ops *ops,
			  struct drm_sched_job *job);

/**
 * panthor_sync_set_fence() - let the batch find a job behind what it signals
 * @batch: batch
 * @ops: the job's
 * @fence: signals when the job is done
 */
void panthor_sync_set_fence(struct panthor_sync_batch *batch, const struct panthor_sync_ops *ops,
			    struct dma_fence *fence);

/**
 * panthor_sync_publish() - update the syncobjs
 * @batch: batch, all of whose jobs are on their way
 */
void panthor_sync_publish(struct panthor_sync_batch *batch);

#endif
