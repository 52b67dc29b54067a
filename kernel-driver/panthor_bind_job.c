// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Asynchronous VM_BIND: operations as jobs, in order for each VM.
 */

#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include <drm/drm_file.h>
#include <drm/drm_managed.h>
#include <drm/gpu_scheduler.h>

#include "panthor_device.h"
#include "panthor_fence.h"
#include "panthor_sync.h"
#include "panthor_vm.h"
#include "panthor_vma.h"

/* struct panthor_bind_sched - the scheduler, whose memory fences of operations keep */
struct panthor_bind_sched {
	struct drm_gpu_scheduler base;
	struct kref memory;

	/* One VM ends at a time. */
	struct mutex fini_lock;
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
			  dma_fence_get(&job->ctx.vm->bind_keeper->base));
	drm_sched_job_cleanup(sched_job);
	INIT_WORK(&job->free_work, panthor_bind_job_free_work);
	queue_work(panthor_cleanup_wq, &job->free_work);
}

static const struct drm_sched_backend_ops panthor_bind_sched_ops = {
	.run_job = panthor_bind_sched_run,
	.timedout_job = panthor_bind_sched_timedout,
	.free_job = panthor_bind_sched_free_job,
};

static void panthor_bind_sched_free(struct kref *memory)
{
	kfree(container_of(memory, struct panthor_bind_sched, memory));
}

static void panthor_bind_sched_fini(struct drm_device *drm, void *data)
{
	struct panthor_bind_sched *sched = data;

	drm_sched_fini(&sched->base);
	mutex_destroy(&sched->fini_lock);
	kref_put(&sched->memory, panthor_bind_sched_free);
}

int panthor_bind_sched_init(struct panthor_device *ptdev)
{
	const struct drm_sched_init_args args = {
		.ops = &panthor_bind_sched_ops,
		.num_rqs = 1,
		.credit_limit = 1,
		.timeout = MAX_SCHEDULE_TIMEOUT,
		.name = "panthor-bind",
		.dev = ptdev->base.dev,
	};
	struct panthor_bind_sched *sched = kzalloc(sizeof(*sched), GFP_KERNEL);
	int ret;

	if (!sched)
		return -ENOMEM;

	kref_init(&sched->memory);
	mutex_init(&sched->fini_lock);
	ret = drm_sched_init(&sched->base, &args);
	if (ret) {
		kfree(sched);
		return ret;
	}

	ptdev->bind_sched = sched;
	return drmm_add_action_or_reset(&ptdev->base, panthor_bind_sched_fini, sched);
}

int panthor_bind_entity_init(struct panthor_device *ptdev, struct panthor_vm *vm)
{
	struct drm_gpu_scheduler *sched = &ptdev->bind_sched->base;
	int ret;

	vm->bind_keeper = panthor_fence_alloc();
	if (!vm->bind_keeper)
		return -ENOMEM;

	panthor_fence_init(vm->bind_keeper, dma_fence_context_alloc(1), 1,
			   &ptdev->bind_sched->memory, panthor_bind_sched_free);
	ret = drm_sched_entity_init(&vm->bind_entity, DRM_SCHED_PRIORITY_KERNEL, &sched, 1, NULL);
	if (ret)
		panthor_fence_put(vm->bind_keeper);
	return ret;
}

/*
 * A scheduler that takes a job out of an entity puts the entity back in line for the next one, even
 * one that was removed meanwhile and is about to be freed. So it does not work meanwhile.
 */
void panthor_bind_entity_fini(struct panthor_device *ptdev, struct panthor_vm *vm)
{
	struct panthor_bind_sched *sched = ptdev->bind_sched;

	mutex_lock(&sched->fini_lock);
	drm_sched_wqueue_stop(&sched->base);
	drm_sched_entity_fini(&vm->bind_entity);
	drm_sched_wqueue_start(&sched->base);
	mutex_unlock(&sched->fini_lock);
}

static struct panthor_bind_job *panthor_bind_job_new(struct panthor_sync_batch *batch,
						     struct panthor_vm *vm,
						     const struct drm_panthor_vm_bind_op *op)
{
	struct panthor_bind_job *job = kzalloc(sizeof(*job), GFP_KERNEL_ACCOUNT);
	int ret;

	if (!job)
		return ERR_PTR(-ENOMEM);

	panthor_vm_get(vm);
	ret = panthor_bind_prepare(&job->ctx, batch->file, vm, op);
	if (!ret)
		ret = panthor_sync_collect(batch, &op->syncs, &job->syncs);
	if (!ret)
		ret = drm_sched_job_init(&job->base, &vm->bind_entity, 1, vm,
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
