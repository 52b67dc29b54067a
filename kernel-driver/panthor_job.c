// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Jobs: from the ioctl to the executor, and their end.
 */

#include <linux/dma-fence.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include <drm/drm_exec.h>
#include <drm/drm_file.h>
#include <drm/drm_gpuvm.h>

#include "panthor_device.h"
#include "panthor_sched.h"
#include "panthor_vm.h"

/* Bits of latest_flush that no flush id has. */
#define PANTHOR_FLUSH_ID_MBZ GENMASK(30, 24)

/* What a job takes of its queue's ring. */
#define PANTHOR_RING_SLOT 64

void panthor_job_init_done_locked(struct panthor_job *job)
{
	struct panthor_queue *queue = job->queue;

	panthor_fence_init(job->done, queue->fence_context, ++queue->fence_seqno,
			   &queue->group->memory, panthor_group_free);
}

static struct panthor_job *to_panthor_job(struct drm_sched_job *job)
{
	return container_of(job, struct panthor_job, base);
}

static void panthor_job_free(struct panthor_job *job)
{
	struct panthor_group *group = job->queue->group;

	panthor_sync_ops_fini(&job->syncs);
	panthor_fence_put(job->done);
	kfree(job);
	panthor_group_put(group);
}

static void panthor_job_free_work(struct work_struct *work)
{
	panthor_job_free(container_of(work, struct panthor_job, free_work));
}

static struct dma_fence *panthor_job_sched_run(struct drm_sched_job *sched_job)
{
	return panthor_exec_push(to_panthor_job(sched_job));
}

static enum drm_gpu_sched_stat panthor_job_sched_timedout(struct drm_sched_job *sched_job)
{
	/* Never armed: the executor watches the time that it gives to jobs. */
	return DRM_GPU_SCHED_STAT_NOMINAL;
}

static void panthor_job_sched_free(struct drm_sched_job *sched_job)
{
	struct panthor_job *job = to_panthor_job(sched_job);

	drm_sched_job_cleanup(sched_job);
	INIT_WORK(&job->free_work, panthor_job_free_work);
	queue_work(panthor_cleanup_wq, &job->free_work);
}

static const struct drm_sched_backend_ops panthor_job_sched_ops = {
	.run_job = panthor_job_sched_run,
	.timedout_job = panthor_job_sched_timedout,
	.free_job = panthor_job_sched_free,
};

int panthor_job_queue_init(struct panthor_queue *queue, u32 ringbuf_size)
{
	struct panthor_device *ptdev = queue->group->ptdev;
	const struct drm_sched_init_args args = {
		.ops = &panthor_job_sched_ops,
		.submit_wq = panthor_sched_wq,
		.num_rqs = 1,
		.credit_limit = ringbuf_size / PANTHOR_RING_SLOT,
		.timeout = MAX_SCHEDULE_TIMEOUT,
		.name = "panthor-queue",
		.dev = ptdev->base.dev,
	};
	struct drm_gpu_scheduler *sched = &queue->sched;
	int ret;

	INIT_LIST_HEAD(&queue->jobs);
	queue->fence_context = dma_fence_context_alloc(1);
	ret = drm_sched_init(sched, &args);
	if (ret)
		return ret;

	ret = drm_sched_entity_init(&queue->entity, DRM_SCHED_PRIORITY_KERNEL, &sched, 1, NULL);
	if (ret)
		drm_sched_fini(sched);
	return ret;
}

void panthor_job_queue_fini(struct panthor_queue *queue)
{
	drm_sched_entity_fini(&queue->entity);
	panthor_sched_fini(&queue->sched);
}

static bool panthor_submit_ok(const struct panthor_group *group,
			      const struct drm_panthor_queue_submit *submit)
{
	return !submit->pad && submit->queue_index < group->queue_count &&
	       !submit->stream_size == !submit->stream_addr &&
	       IS_ALIGNED(submit->stream_addr, 64) && IS_ALIGNED(submit->stream_size, 8) &&
	       !(submit->latest_flush & PANTHOR_FLUSH_ID_MBZ);
}

static struct panthor_job *panthor_job_new(struct panthor_sync_batch *batch,
					   struct panthor_group *group,
					   const struct drm_panthor_queue_submit *submit)
{
	struct panthor_job *job;
	int ret = -ENOMEM;

	if (!panthor_submit_ok(group, submit))
		return ERR_PTR(-EINVAL);
	if (fatal_signal_pending(current))
		return ERR_PTR(-EINTR);

	job = kzalloc(sizeof(*job), GFP_KERNEL_ACCOUNT);
	if (!job)
		return ERR_PTR(-ENOMEM);

	panthor_group_get(group);
	job->queue = &group->queues[submit->queue_index];
	job->addr = submit->stream_addr;
	job->size = submit->stream_size;
	INIT_LIST_HEAD(&job->node);
	job->done = panthor_fence_alloc();
	if (job->done)
		ret = panthor_sync_collect(batch, &submit->syncs, &job->syncs);
	if (!ret)
		ret = drm_sched_job_init(&job->base, &job->queue->entity, 1, group,
					 batch->file->client_id);
	if (ret) {
		panthor_job_free(job);
		return ERR_PTR(ret);
	}
	return job;
}

/* Takes the locks of everything that the VM maps, and brings back what was evicted of that. */
static int panthor_submit_lock(struct panthor_group *group, struct drm_exec *exec)
{
	struct drm_gpuvm *gpuvm = &group->vm->base;
	int ret = 0;

	/* One fence a queue: a later one of a queue takes the place of the one before. */
	drm_exec_until_all_locked(exec) {
		ret = drm_gpuvm_prepare_vm(gpuvm, exec, group->queue_count);
		drm_exec_retry_on_contention(exec);
		if (ret)
			break;

		ret = drm_gpuvm_prepare_objects(gpuvm, exec, group->queue_count);
		drm_exec_retry_on_contention(exec);
		if (ret)
			break;
	}
	return ret ?: drm_gpuvm_validate(gpuvm, exec);
}

/* Of each queue the last job's fence will do: those before it have signalled by then. */
static void panthor_submit_add_fences_locked(struct panthor_group *group, struct drm_exec *exec,
					     struct panthor_job **jobs, u32 count)
{
	u32 seen = 0;

	while (count--) {
		u32 queue = BIT(jobs[count]->queue->cs.config.queue);

		if (!(seen & queue))
			drm_gpuvm_resv_add_fence(&group->vm->base, exec,
						 &jobs[count]->base.s_fence->finished,
						 DMA_RESV_USAGE_BOOKKEEP, DMA_RESV_USAGE_WRITE);
		seen |= queue;
	}
}

/* The VM's resv is held: it keeps the order of fences that of jobs in each queue. */
static int panthor_submit_locked(struct panthor_sync_batch *batch, struct panthor_group *group,
				 struct drm_exec *exec, struct panthor_job **jobs, u32 count)
{
	int ret = 0;

	for (u32 i = 0; i < count && !ret; i++) {
		ret = panthor_sync_add_deps(batch, &jobs[i]->syncs, &jobs[i]->base);
		if (!ret) {
			drm_sched_job_arm(&jobs[i]->base);
			panthor_sync_set_fence(batch, &jobs[i]->syncs,
					       &jobs[i]->base.s_fence->finished);
		}
	}
	if (ret)
		return ret;

	panthor_hold(group->ptdev, PANTHOR_HOLD_SUBMIT);
	panthor_sync_publish(batch);
	panthor_submit_add_fences_locked(group, exec, jobs, count);
	for (u32 i = 0; i < count; i++) {
		drm_sched_entity_push_job(&jobs[i]->base);
		cond_resched();
	}
	panthor_reclaim_vm_active(group->ptdev, &group->vm->reclaim);
	return 0;
}

/* Once jobs are armed there is no second try: @ret_missing is of what comes before. */
static int panthor_submit_try(struct panthor_sync_batch *batch, struct panthor_group *group,
			      struct panthor_job **jobs, u32 count, unsigned long *ret_missing)
{
	struct drm_exec exec;
	int ret;

	drm_exec_init(&exec, DRM_EXEC_INTERRUPTIBLE_WAIT | DRM_EXEC_IGNORE_DUPLICATES, 0);
	ret = panthor_submit_lock(group, &exec);
	*ret_missing = ret == -ENOMEM ? READ_ONCE(group->vm->missing) : 0;
	if (!ret)
		ret = panthor_submit_locked(batch, group, &exec, jobs, count);
	drm_exec_fini(&exec);
	return ret;
}

static int panthor_submit_jobs(struct panthor_sync_batch *batch, struct panthor_group *group,
			       struct panthor_job **jobs, u32 count)
{
	unsigned long missing;
	int tries = 0, ret;
	bool runs;

	spin_lock(&group->ptdev->exec.lock);
	runs = panthor_exec_can_run_locked(group);
	spin_unlock(&group->ptdev->exec.lock);
	if (!runs)
		return -EINVAL;

	do {
		ret = panthor_submit_try(batch, group, jobs, count, &missing);
	} while (missing && panthor_reclaim_make_room(group->ptdev, panthor_vm_resv(group->vm),
						      missing, &tries));
	return ret;
}

int panthor_group_submit(struct drm_file *file, struct panthor_group *group,
			 const struct drm_panthor_queue_submit *submits, u32 count)
{
	struct panthor_sync_batch batch;
	struct panthor_job **jobs;
	int ret = 0;
	u32 ready;

	jobs = kvcalloc(count, sizeof(*jobs), GFP_KERNEL_ACCOUNT);
	if (!jobs)
		return -ENOMEM;

	panthor_sync_batch_init(&batch, file);
	for (ready = 0; ready < count; ready++) {
		jobs[ready] = panthor_job_new(&batch, group, &submits[ready]);
		if (IS_ERR(jobs[ready])) {
			ret = PTR_ERR(jobs[ready]);
			break;
		}
	}
	if (!ret)
		ret = panthor_submit_jobs(&batch, group, jobs, count);

	while (ret && ready--) {
		drm_sched_job_cleanup(&jobs[ready]->base);
		panthor_job_free(jobs[ready]);
	}
	panthor_sync_batch_fini(&batch);
	kvfree(jobs);
	return ret;
}
