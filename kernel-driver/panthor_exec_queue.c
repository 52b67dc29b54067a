// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * The executor: a turn of one queue, and how jobs end.
 */

#include <linux/module.h>
#include <linux/timekeeping.h>

#include <drm/drm_print.h>

#include "panthor_device.h"
#include "panthor_sched.h"
#include "panthor_trace.h"
#include "panthor_vm.h"

/*
 * How long a blocked queue goes without being looked at while others run and nobody says that
 * something changed: in each pass it would cost them as much as they get.
 */
#define PANTHOR_BLOCKED_LOOK_NS (3 * NSEC_PER_MSEC)

/* Turns that a queue asks for at once while its VM is being changed, before it waits. */
#define PANTHOR_VM_MISSES_MAX 64

static unsigned int panthor_job_timeout_ms = 5000;
module_param_named(job_timeout_ms, panthor_job_timeout_ms, uint, 0600);
MODULE_PARM_DESC(job_timeout_ms, "how long a job may run, or be blocked");

static struct panthor_job *panthor_exec_head(struct panthor_queue *queue)
{
	struct panthor_exec *exec = &queue->group->ptdev->exec;
	struct panthor_job *job;

	spin_lock(&exec->lock);
	job = list_first_entry_or_null(&queue->jobs, struct panthor_job, node);
	spin_unlock(&exec->lock);
	return job;
}

/* The job may be gone when this returns. */
static void panthor_exec_end_job(struct panthor_queue *queue, struct panthor_job *job, int error)
{
	struct panthor_exec *exec = &queue->group->ptdev->exec;
	struct dma_fence *fence = dma_fence_get(&job->done->base);

	spin_lock(&exec->lock);
	list_del_init(&job->node);
	queue->ending = true;
	spin_unlock(&exec->lock);
	queue->started = false;
	trace_job_done(job, error);

	if (error)
		dma_fence_set_error(fence, error);
	dma_fence_signal(fence);
	dma_fence_put(fence);

	spin_lock(&exec->lock);
	queue->ending = false;
	spin_unlock(&exec->lock);
}

void panthor_exec_cancel(struct panthor_group *group)
{
	for (u32 i = 0; i < group->queue_count; i++) {
		struct panthor_queue *queue = &group->queues[i];
		struct panthor_job *job;

		while ((job = panthor_exec_head(queue)))
			panthor_exec_end_job(queue, job, -ECANCELED);
	}
}

/* From here on the group takes no job; those it has are cancelled at its next turn. */
static void panthor_exec_kill(struct panthor_queue *queue, struct panthor_job *job, u32 state,
			      int error)
{
	struct panthor_group *group = queue->group;
	struct panthor_exec *exec = &group->ptdev->exec;

	spin_lock(&exec->lock);
	/*
	 * The memory of a group that was destroyed may be unmapped already, and who was found
	 * innocent stays so: no fault of its own.
	 */
	if (group->destroyed || group->state & DRM_PANTHOR_GROUP_STATE_INNOCENT) {
		error = -ECANCELED;
		state = 0;
	}
	group->state |= state;
	if (state & DRM_PANTHOR_GROUP_STATE_FATAL_FAULT)
		group->fatal_queues |= BIT(queue->cs.config.queue);
	spin_unlock(&exec->lock);
	panthor_exec_end_job(queue, job, error);
}

static void panthor_exec_note_events(struct panthor_queue *queue)
{
	struct panthor_device *ptdev = queue->group->ptdev;

	if (queue->cs.events & PANTHOR_CS_EVENT_SIGNAL)
		panthor_exec_kick(&ptdev->exec);
	if (queue->cs.events & PANTHOR_CS_EVENT_RUN_SKIPPED)
		drm_info_once(&ptdev->base, "there are no shader cores: their work is skipped\n");
}

static void panthor_exec_fault(struct panthor_queue *queue, struct panthor_job *job)
{
	if (queue->cs.fault.type == PANTHOR_CS_EXC_ENDPOINT)
		drm_info_once(&queue->group->ptdev->base,
			      "there are no shader cores: their work faults, see run_completes\n");
	panthor_exec_kill(queue, job, DRM_PANTHOR_GROUP_STATE_FATAL_FAULT, -EFAULT);
}

static void panthor_exec_start_job(struct panthor_queue *queue, struct panthor_job *job)
{
	panthor_cs_start(&queue->cs, job->addr, job->size);
	queue->started = true;
	trace_job_run(job);
	queue->left_ns = READ_ONCE(panthor_job_timeout_ms) * (s64)NSEC_PER_MSEC;
	queue->blocked_since = 0;
}

static bool panthor_exec_trylock_vm(struct panthor_vm *vm)
{
	if (!mutex_trylock(&vm->run_lock))
		return false;
	if (mutex_trylock(&vm->as_lock))
		return true;

	mutex_unlock(&vm->run_lock);
	return false;
}

static void panthor_exec_unlock_vm(struct panthor_vm *vm)
{
	mutex_unlock(&vm->as_lock);
	mutex_unlock(&vm->run_lock);
}

/* A job's time passes while it runs and while it waits, not while others have their turn. */
static void panthor_exec_charge(struct panthor_queue *queue, u64 start, u64 end, bool waits)
{
	queue->left_ns -= end - (queue->blocked_since ?: start);
	queue->blocked_since = waits ? end : 0;
}

/* The address space is being changed: others are served meanwhile. */
static enum panthor_cs_status panthor_exec_miss(struct panthor_queue *queue)
{
	u64 now = ktime_get_ns();

	panthor_exec_charge(queue, now, now, true);
	if (queue->vm_misses == PANTHOR_VM_MISSES_MAX)
		return PANTHOR_CS_BLOCKED;

	queue->vm_misses++;
	return PANTHOR_CS_YIELD;
}

static enum panthor_cs_status panthor_exec_run_cs(struct panthor_queue *queue, u32 budget)
{
	struct panthor_group *group = queue->group;
	u64 start, end, cycles = queue->cs.counters.cycles;
	enum panthor_cs_status status;

	if (!panthor_exec_trylock_vm(group->vm))
		return panthor_exec_miss(queue);

	queue->vm_misses = 0;
	queue->changes_seen = READ_ONCE(group->ptdev->exec.changes);
	start = ktime_get_ns();
	status = panthor_cs_run(&queue->cs, budget);
	end = ktime_get_ns();
	panthor_exec_unlock_vm(group->vm);

	atomic64_add(end - start, &group->usage->busy_ns);
	atomic64_add(queue->cs.counters.cycles - cycles, &group->usage->cycles);
	panthor_exec_charge(queue, start, end, status == PANTHOR_CS_BLOCKED);
	panthor_exec_note_events(queue);
	return status;
}

/* Whether what it waits for can not have come since it was last looked at, or only unannounced. */
static bool panthor_exec_is_asleep(const struct panthor_queue *queue)
{
	const struct panthor_exec *exec = &queue->group->ptdev->exec;

	return queue->started && queue->cs.status == PANTHOR_CS_BLOCKED &&
	       queue->changes_seen == READ_ONCE(exec->changes) &&
	       exec->now < queue->blocked_since + PANTHOR_BLOCKED_LOOK_NS;
}

bool panthor_exec_run_queue(struct panthor_queue *queue, u32 budget)
{
	enum panthor_cs_status status = PANTHOR_CS_DONE;
	struct panthor_job *job;

	if (panthor_exec_is_asleep(queue))
		return false;
	job = panthor_exec_head(queue);
	if (!job)
		return false;

	if (job->size) {
		if (!queue->started)
			panthor_exec_start_job(queue, job);
		status = panthor_exec_run_cs(queue, budget);
	}

	switch (status) {
	case PANTHOR_CS_DONE:
		panthor_exec_end_job(queue, job, panthor_cs_take_error(&queue->cs) ? -EIO : 0);
		return true;
	case PANTHOR_CS_FAULT:
		panthor_exec_fault(queue, job);
		return true;
	default:
		if (queue->left_ns < 0)
			panthor_exec_kill(queue, job, DRM_PANTHOR_GROUP_STATE_TIMEDOUT,
					  -ETIMEDOUT);
		return status == PANTHOR_CS_YIELD;
	}
}
