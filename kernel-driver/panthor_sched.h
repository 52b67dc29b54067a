/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Groups of queues, the jobs in them, and the thread that executes them.
 *
 * A job comes from its ioctl through its queue's drm_sched entity, which orders it and waits for
 * what it depends on, to the queue's list, from which the executor takes it. Only the executor
 * takes jobs off that list, so it needs no lock to look at the one it works on.
 */
#ifndef __PANTHOR_SCHED_H__
#define __PANTHOR_SCHED_H__

#include <linux/kref.h>
#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include <drm/gpu_scheduler.h>

#include "panthor_cs.h"
#include "panthor_drm.h"
#include "panthor_fence.h"
#include "panthor_sync.h"

struct dentry;
struct panthor_device;
struct panthor_file;
struct panthor_vm;

/** PANTHOR_GROUP_MAX - groups of one open file */
#define PANTHOR_GROUP_MAX 128

/** PANTHOR_GROUP_PRIORITIES - number of enum drm_panthor_group_priority */
#define PANTHOR_GROUP_PRIORITIES (PANTHOR_GROUP_PRIORITY_REALTIME + 1)

/**
 * struct panthor_exec - the executor
 */
struct panthor_exec {
	/** @task: the thread; runs from probe to remove. */
	struct task_struct *task;

	/** @wait: where the thread sleeps. */
	wait_queue_head_t wait;

	/**
	 * @lock: @groups, @kicked, and of every group the lists of jobs, state and fatal_queues.
	 * Fences are signalled without it.
	 */
	spinlock_t lock;

	/** @groups: those with jobs, by priority; each entry holds a reference. */
	struct list_head groups[PANTHOR_GROUP_PRIORITIES];

	/** @kicked: something changed since the thread last looked. */
	bool kicked;

	/** @changes: counts what blocked queues may have waited for; under @lock, READ_ONCE. */
	u32 changes;

	/** @now: ktime when the current pass began; the executor's own. */
	u64 now;

	/** @reset_victims: groups that the latest reset ended; READ_ONCE. */
	unsigned int reset_victims;
};

/**
 * struct panthor_usage - what the groups of one open file have cost, whether they exist or not
 *
 * Its own object because groups outlive their file.
 */
struct panthor_usage {
	struct kref refcount;

	/** @busy_ns: time spent executing; written by the executor. */
	atomic64_t busy_ns;

	/** @cycles: cost of what was executed; written by the executor. */
	atomic64_t cycles;
};

/**
 * struct panthor_queue - one queue of a group
 */
struct panthor_queue {
	/** @group: owner. */
	struct panthor_group *group;

	/** @sched: as many jobs as fit the ring are with the executor, others wait here. */
	struct drm_gpu_scheduler sched;

	/** @entity: orders the jobs. */
	struct drm_sched_entity entity;

	/** @fence_context: of the jobs that the executor has. */
	u64 fence_context;

	/** @fence_seqno: latest of @fence_context, under &panthor_exec.lock. */
	u64 fence_seqno;

	/** @jobs: with the executor, in order, under &panthor_exec.lock. */
	struct list_head jobs;

	/** @cs: what is being executed; the executor's own. */
	struct panthor_cs cs;

	/** @ending: a job is off @jobs but has not signalled yet, under &panthor_exec.lock. */
	bool ending;

	/** @started: whether the first of @jobs is in @cs; the executor's own. */
	bool started;

	/**
	 * @left_ns: what the first of @jobs may still have: time to run, or to be blocked. Others
	 * that run meanwhile take none of it. The executor's own.
	 */
	s64 left_ns;

	/** @blocked_since: ktime when it was last found waiting, else 0; the executor's own. */
	u64 blocked_since;

	/** @changes_seen: &panthor_exec.changes before it was last found blocked; likewise. */
	u32 changes_seen;

	/** @vm_misses: times in a row that its VM was being changed; likewise. */
	u32 vm_misses;
};

/**
 * struct panthor_group - queues that live and die together
 *
 * Referred to by its id, by every job, and by the executor while it has jobs.
 */
struct panthor_group {
	struct kref refcount;

	/** @memory: keeps this struct, schedulers and all, for the names of fences. */
	struct kref memory;

	/** @ptdev: device. */
	struct panthor_device *ptdev;

	/** @vm: address space, with a reference. */
	struct panthor_vm *vm;

	/** @priority: enum drm_panthor_group_priority. */
	u32 priority;

	/** @run_node: entry in &panthor_exec.groups, under its lock. */
	struct list_head run_node;

	/**
	 * @state: enum drm_panthor_group_state_flags, under &panthor_exec.lock. INNOCENT is only
	 * who is reset on request: a group that ends by itself harms no other.
	 */
	u32 state;

	/** @fatal_queues: mask of queues that faulted, under &panthor_exec.lock. */
	u32 fatal_queues;

	/** @destroyed: the client gave its id back, under &panthor_exec.lock. */
	bool destroyed;

	/** @usage: where what it costs is added up, with a reference. */
	struct panthor_usage *usage;

	/** @progress: progress counters of the queues; the executor's. */
	u64 progress[32];

	/** @release_work: the end, where waiting for the schedulers is allowed. */
	struct work_struct release_work;

	u32 queue_count;
	struct panthor_queue queues[] __counted_by(queue_count);
};

/**
 * struct panthor_job - one submission to one queue
 */
struct panthor_job {
	struct drm_sched_job base;

	/** @queue: where to; holds a reference on the group. */
	struct panthor_queue *queue;

	/** @node: entry in &panthor_queue.jobs. */
	struct list_head node;

	/** @addr: stream. */
	u64 addr;

	/** @size: bytes of it, 0 for none. */
	u32 size;

	/** @syncs: only while the ioctl runs. */
	struct panthor_sync_ops syncs;

	/** @done: signalled by the executor; initialised when it gets the job. */
	struct panthor_fence *done;

	/** @free_work: freeing takes locks that running jobs must not wait for. */
	struct work_struct free_work;
};

static inline struct panthor_group *panthor_group_get(struct panthor_group *group)
{
	kref_get(&group->refcount);
	return group;
}

void panthor_group_put(struct panthor_group *group);

/** panthor_group_free() - the end of &panthor_group.memory */
void panthor_group_free(struct kref *memory);

/** panthor_group_pool_init() - no groups yet; 0 or -ENOMEM */
int panthor_group_pool_init(struct panthor_file *pfile);
void panthor_group_pool_fini(struct panthor_file *pfile);

/**
 * panthor_group_pool_create() - new group with an id
 * @pfile: file
 * @args: the ioctl's; group_handle is set on success
 * @queues: as many as args->queues.count
 * @allowed: mask of priorities that the caller may use
 *
 * Return: 0, -EINVAL, -EACCES for a priority that is not allowed, -EBUSY for too many groups,
 * -ENOMEM.
 */
int panthor_group_pool_create(struct panthor_file *pfile, struct drm_panthor_group_create *args,
			      const struct drm_panthor_queue_create *queues, u32 allowed);

/** panthor_group_pool_destroy() - end a group, running or not; 0 or -EINVAL */
int panthor_group_pool_destroy(struct panthor_file *pfile, u32 handle);

/** panthor_group_pool_get() - group of an id with a reference for the caller, or NULL */
struct panthor_group *panthor_group_pool_get(struct panthor_file *pfile, u32 handle);

/**
 * panthor_group_submit() - give jobs to the queues of a group
 * @file: file, for syncobj handles
 * @group: group
 * @submits: jobs, from user memory
 * @count: number of them, not 0
 *
 * All or none. Return: 0, -EINVAL, -ENOENT unknown syncobj to wait for, -ENOMEM, -EINTR.
 */
int panthor_group_submit(struct drm_file *file, struct panthor_group *group,
			 const struct drm_panthor_queue_submit *submits, u32 count);

/**
 * panthor_sched_fini() - drm_sched_fini(), whose work does not come back
 * @sched: scheduler without jobs
 *
 * Of the two works that it cancels, the one that frees jobs may have been about to queue the other
 * one, which was cancelled first. So that is done twice.
 */
static inline void panthor_sched_fini(struct drm_gpu_scheduler *sched)
{
	drm_sched_wqueue_stop(sched);
	drm_sched_fini(sched);
}

/** panthor_job_queue_init() - scheduler and entity of a queue; 0 or -errno */
int panthor_job_queue_init(struct panthor_queue *queue, u32 ringbuf_size);
void panthor_job_queue_fini(struct panthor_queue *queue);

int panthor_exec_init(struct panthor_device *ptdev);
int panthor_exec_start(struct panthor_device *ptdev);
void panthor_exec_stop(struct panthor_device *ptdev);

/** panthor_exec_can_run_locked() - whether a group takes more jobs */
bool panthor_exec_can_run_locked(const struct panthor_group *group);

/**
 * panthor_exec_run_queue() - a turn of a queue, from the executor's thread
 * @queue: queue
 * @budget: cost of what it may execute
 *
 * Return: whether there is a point in running it again at once.
 */
bool panthor_exec_run_queue(struct panthor_queue *queue, u32 budget);

/** panthor_exec_cancel() - end all jobs of a group that is not to run any more */
void panthor_exec_cancel(struct panthor_group *group);

/** panthor_exec_group_idle_locked() - whether the executor has no job of a group */
bool panthor_exec_group_idle_locked(const struct panthor_group *group);

/**
 * panthor_exec_push() - hand a job over to the executor
 * @job: what it depends on has happened
 *
 * Return: fence that it signals; signalled already where there is nothing to do, with -ECANCELED
 * when the group is dead.
 */
struct dma_fence *panthor_exec_push(struct panthor_job *job);

/** panthor_job_init_done_locked() - get a job's fence ready; &panthor_exec.lock held */
void panthor_job_init_done_locked(struct panthor_job *job);

/** panthor_exec_kick() - have the executor look at everything: state or memory has changed */
void panthor_exec_kick(struct panthor_exec *exec);

/** panthor_reset_debugfs_init() - the file that resets the GPU */
void panthor_reset_debugfs_init(struct panthor_device *ptdev, struct dentry *root);

/** panthor_queue_init_cs() - set the command-stream state of a queue up */
void panthor_queue_init_cs(struct panthor_queue *queue, u32 index);

#endif
