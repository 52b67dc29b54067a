// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Asynchronous VM_BIND: operations as jobs, in order for each VM.
 */

#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include <drm/drm_file.h>
#include <drm/gpu_scheduler.h>

#include "panthor_device.h"
#include "panthor_fence.h"
#include "panthor_sync.h"
#include "panthor_vm.h"
#include "panthor_vma.h"

/*
 * struct panthor_bind_queue - what runs the operations of one VM
 *
 * Each VM has a scheduler of its own: operations may have to wait for the locks of their VM, and
 * others shall not wait with them.
 */
struct panthor_bind_queue {
	struct drm_gpu_scheduler sched;
	struct drm_sched_entity entity;

	/* Keeps this struct for fences of operations, which look at the scheduler. */
	struct kref memory;

	/* A fence that never signals, to hand that reference on. */
	struct panthor_fence *keeper;
};

/* struct panthor_bind_job - one operation; owns a reference on its VM */
struct panthor_bind_job {
	struct drm_sched_job base;
	struct panthor_bind_ctx ctx;

	/* Only while the ioctl runs. */
	struct panthor_sync_ops syncs;

	/* Freeing takes locks that running jobs must not wait for. */
	struct work_struct free_work;
};

static struct panthor_bind_job *to_bind_job(struct drm_sched_job *job)
{
	return container_of(job, struct panthor_bind_job, base);
}

static void panthor_bind_job_free(struct panthor_bind_job *job)
{
	struct panthor_vm *vm = job->ctx.vm;

	panthor_sync_ops_fini(&job->syncs);
	panthor_bind_fini(&job->ctx);
	kfree(job);
	panthor_vm_put(vm);
}

static void panthor_bind_job_free_work(struct work_struct *work)
{
	panthor_bind_job_free(container_of(work, struct panthor_bind_job, free_work));
}

static struct dma_fence *panthor_bind_sched_run(struct drm_sched_job *sched_job)
{
	struct panthor_bind_job *job = to_bind_job(sched_job);
	int ret = panthor_bind_exec(&job->ctx);

	/* The client can not know what is mapped now. */
	if (ret)
		WRITE_ONCE(job->ctx.vm->unusable, true);
	return ret ? ERR_PTR(ret) : NULL;
}

static enum drm_gpu_sched_stat panthor_bind_sched_timedout(struct drm_sched_job *sched_job)
{
	/* Never armed: what runs here does not wait for anybody. */
	return DRM_GPU_SCHED_STAT_NOMINAL;
}

static void panthor_bind_sched_free_job(struct drm_sched_job *sched_job)
{
	struct panthor_bind_job *job = to_bind_job(sched_job);

	/*
	 * What runs here has no fence of its own to be the parent, what is killed never gets one:
	 * from now on, without the job, this one keeps what the fence looks at.
	 */
	smp_store_release(&sched_job->s_fence->parent,
			  dma_fence_get(&job->ctx.vm->binds->keeper->base));
	drm_sched_job_cleanup(sched_job);
	INIT_WORK(&job->free_work, panthor_bind_job_free_work);
	queue_work(panthor_cleanup_wq, &job->free_work);
}

static const struct drm_sched_backend_ops panthor_bind_sched_ops = {
	.run_job = panthor_bind_sched_run,
	.timedout_job = panthor_bind_sched_timedout,
	.free_job = panthor_bind_sched_free_job,
};

static void panthor_bind_queue_free(struct kref *memory)
{
	kfree(container_of(memory, struct panthor_bind_queue, memory));
}

static int panthor_bind_queue_init(struct panthor_bind_queue *queue, struct panthor_device *ptdev)
{
	const struct drm_sched_init_args args = {
		.ops = &panthor_bind_sched_ops,
		.submit_wq = panthor_bind_wq,
		.num_rqs = 1,
		.credit_limit = 1,
		.timeout = MAX_SCHEDULE_TIMEOUT,
		.name = "panthor-bind",
		.dev = ptdev->base.dev,
	};
	struct drm_gpu_scheduler *sched = &queue->sched;
	int ret;

	ret = drm_sched_init(sched, &args);
	if (ret)
		return ret;

	ret = drm_sched_entity_init(&queue->entity, DRM_SCHED_PRIORITY_KERNEL, &sched, 1, NULL);
	if (ret)
		drm_sched_fini(sched);
	return ret;
}

struct panthor_bind_queue *panthor_bind_queue_create(struct panthor_device *ptdev)
{
	struct panthor_bind_queue *queue = kzalloc(sizeof(*queue), GFP_KERNEL_ACCOUNT);
	int ret = -ENOMEM;

	if (!queue)
		return ERR_PTR(-ENOMEM);

	kref_init(&queue->memory);
	queue->keeper = panthor_fence_alloc();
	if (queue->keeper)
		ret = panthor_bind_queue_init(queue, ptdev);
	if (ret) {
		panthor_fence_put(queue->keeper);
		kfree(queue);
		return ERR_PTR(ret);
	}

	panthor_fence_init(queue->keeper, dma_fence_context_alloc(1), 1, &queue->memory,
			   panthor_bind_queue_free);
	return queue;
}

/*
 * A scheduler that takes a job out of an entity puts the entity back in line for the next one, even
 * one that was removed meanwhile. So it does not work meanwhile.
 */
void panthor_bind_queue_kill(struct panthor_bind_queue *queue)
{
	drm_sched_wqueue_stop(&queue->sched);
	drm_sched_entity_fini(&queue->entity);
	drm_sched_wqueue_start(&queue->sched);
}

void panthor_bind_queue_destroy(struct panthor_bind_queue *queue)
{
	panthor_sched_fini(&queue->sched);
	panthor_fence_put(queue->keeper);
	kref_put(&queue->memory, panthor_bind_queue_free);
}

static struct panthor_bind_job *panthor_bind_job_new(struct panthor_sync_batch *batch,
						     struct panthor_vm *vm,
						     const struct drm_panthor_vm_bind_op *op)
{
	struct panthor_bind_job *job;
	int ret;

	if (fatal_signal_pending(current))
		return ERR_PTR(-EINTR);

	job = kzalloc(sizeof(*job), GFP_KERNEL_ACCOUNT);
	if (!job)
		return ERR_PTR(-ENOMEM);

	panthor_vm_get(vm);
	ret = panthor_bind_prepare(&job->ctx, batch->file, vm, op);
	if (!ret)
		ret = panthor_sync_collect(batch, &op->syncs, &job->syncs);
	if (!ret)
		ret = drm_sched_job_init(&job->base, &vm->binds->entity, 1, vm,
					 batch->file->client_id);
	if (ret) {
		panthor_bind_job_free(job);
		return ERR_PTR(ret);
	}
	return job;
}

static int panthor_bind_arm_locked(struct panthor_sync_batch *batch, struct panthor_vm *vm,
				   struct panthor_bind_job **jobs, u32 count)
{
	int ret;

	if (vm->destroyed || READ_ONCE(vm->unusable))
		return -EINVAL;

	/* Armed one by one, since a job may wait for one before it. */
	for (u32 i = 0; i < count; i++) {
		ret = panthor_sync_add_deps(batch, &jobs[i]->syncs, &jobs[i]->base);
		if (ret)
			return ret;
		drm_sched_job_arm(&jobs[i]->base);
		panthor_sync_set_fence(batch, &jobs[i]->syncs, &jobs[i]->base.s_fence->finished);
	}
	return 0;
}

static int panthor_bind_push(struct panthor_sync_batch *batch, struct panthor_vm *vm,
			     struct panthor_bind_job **jobs, u32 count)
{
	int ret;

	/* No job may come behind the end of the VM, and order on the wire is order of fences. */
	mutex_lock(&vm->submit_lock);
	ret = panthor_bind_arm_locked(batch, vm, jobs, count);
	if (!ret) {
		panthor_sync_publish(batch);
		for (u32 i = 0; i < count; i++)
			drm_sched_entity_push_job(&jobs[i]->base);
	}
	mutex_unlock(&vm->submit_lock);
	return ret;
}

int panthor_vm_bind_async(struct drm_file *file, struct panthor_vm *vm,
			  const struct drm_panthor_vm_bind_op *ops, u32 count)
{
	struct panthor_bind_job **jobs;
	struct panthor_sync_batch batch;
	u32 ready;
	int ret = 0;

	jobs = kvcalloc(count, sizeof(*jobs), GFP_KERNEL_ACCOUNT);
	if (!jobs)
		return -ENOMEM;

	panthor_sync_batch_init(&batch, file);
	for (ready = 0; ready < count; ready++) {
		jobs[ready] = panthor_bind_job_new(&batch, vm, &ops[ready]);
		if (IS_ERR(jobs[ready])) {
			ret = PTR_ERR(jobs[ready]);
			break;
		}
	}
	if (!ret)
		ret = panthor_bind_push(&batch, vm, jobs, count);

	while (ret && ready--) {
		drm_sched_job_cleanup(&jobs[ready]->base);
		panthor_bind_job_free(jobs[ready]);
	}
	panthor_sync_batch_fini(&batch);
	kvfree(jobs);
	return ret;
}
