// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * The executor: one thread that gives every queue with jobs a slice in turn.
 */

#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/sched.h>
#include <linux/timekeeping.h>

#include "panthor_device.h"
#include "panthor_sched.h"

/*
 * Instructions of a group's slice at the lowest priority, for all of its queues; each priority has
 * twice that of the one below.
 */
#define PANTHOR_SLICE 1024

/*
 * How long blocked queues go without being looked at when nobody says that something changed: a
 * plain write by the CPU does not.
 */
#define PANTHOR_BLOCKED_POLL_MS 5

bool panthor_exec_can_run_locked(const struct panthor_group *group)
{
	lockdep_assert_held(&group->ptdev->exec.lock);
	return !group->state && !group->destroyed;
}

void panthor_exec_kick(struct panthor_exec *exec)
{
	spin_lock(&exec->lock);
	exec->kicked = true;
	WRITE_ONCE(exec->changes, exec->changes + 1);
	spin_unlock(&exec->lock);
	wake_up(&exec->wait);
}

struct dma_fence *panthor_exec_push(struct panthor_job *job)
{
	struct panthor_queue *queue = job->queue;
	struct panthor_group *group = queue->group;
	struct panthor_exec *exec = &group->ptdev->exec;
	struct dma_fence *fence = &job->done->base;
	bool dead, at_once;

	spin_lock(&exec->lock);
	dead = !exec->task || !panthor_exec_can_run_locked(group);
	/* Behind others even a job that is nothing to do for ends in its turn. */
	at_once = list_empty(&queue->jobs) && !queue->ending && (dead || !job->size);
	panthor_job_init_done_locked(job);
	dma_fence_get(fence);
	if (!at_once) {
		list_add_tail(&job->node, &queue->jobs);
		if (exec->task && list_empty(&group->run_node))
			list_add_tail(&panthor_group_get(group)->run_node,
				      &exec->groups[group->priority]);
		exec->kicked = true;
	}
	spin_unlock(&exec->lock);

	if (at_once) {
		if (dead)
			dma_fence_set_error(fence, -ECANCELED);
		dma_fence_signal(fence);
	} else {
		wake_up(&exec->wait);
	}
	return fence;
}

/*
 * The thread.
 */

static bool panthor_exec_can_run(struct panthor_group *group)
{
	struct panthor_exec *exec = &group->ptdev->exec;
	bool can_run;

	spin_lock(&exec->lock);
	can_run = panthor_exec_can_run_locked(group);
	spin_unlock(&exec->lock);
	return can_run;
}

/* Shares what is left of a slice among queues. Returns those that could use more of it. */
static u32 panthor_exec_run_queues(struct panthor_group *group, u32 queues, u32 *left)
{
	u32 budget = max(*left / hweight32(queues), 1u), hungry = 0;

	for (u32 i = 0; i < group->queue_count; i++) {
		struct panthor_queue *queue = &group->queues[i];
		u64 cycles = queue->cs.counters.cycles;

		if (!(queues & BIT(i)))
			continue;
		if (panthor_exec_run_queue(queue, budget))
			hungry |= BIT(i);
		*left -= min_t(u64, *left, queue->cs.counters.cycles - cycles);
	}
	return hungry;
}

/* One slice: what idle and blocked queues do not need of it goes to the others. */
static bool panthor_exec_run_group(struct panthor_group *group)
{
	u32 left = PANTHOR_SLICE << group->priority, hungry;

	hungry = panthor_exec_run_queues(group, GENMASK(group->queue_count - 1, 0), &left);
	if (hungry && left && panthor_exec_can_run(group))
		hungry = panthor_exec_run_queues(group, hungry, &left);
	if (!panthor_exec_can_run(group))
		panthor_exec_cancel(group);
	return hungry;
}

bool panthor_exec_group_idle_locked(const struct panthor_group *group)
{
	lockdep_assert_held(&group->ptdev->exec.lock);
	for (u32 i = 0; i < group->queue_count; i++) {
		if (!list_empty(&group->queues[i].jobs))
			return false;
	}
	return true;
}

/* Every group that is on the list when this begins gets one turn. */
static bool panthor_exec_run_priority(struct panthor_exec *exec, struct list_head *groups)
{
	struct panthor_group *group, *last = NULL;
	bool more = false, idle;

	spin_lock(&exec->lock);
	if (!list_empty(groups))
		last = list_last_entry(groups, struct panthor_group, run_node);
	for (group = NULL; last && group != last;) {
		group = list_first_entry(groups, struct panthor_group, run_node);
		list_move_tail(&group->run_node, groups);
		spin_unlock(&exec->lock);

		more |= panthor_exec_run_group(group);
		cond_resched();

		spin_lock(&exec->lock);
		idle = panthor_exec_group_idle_locked(group);
		if (idle) {
			list_del_init(&group->run_node);
			panthor_group_put(group);
		}
	}
	spin_unlock(&exec->lock);
	return more;
}

static bool panthor_exec_pass(struct panthor_exec *exec)
{
	bool more = false;

	exec->now = ktime_get_ns();
	for (int i = PANTHOR_GROUP_PRIORITIES - 1; i >= 0; i--)
		more |= panthor_exec_run_priority(exec, &exec->groups[i]);
	return more;
}

static bool panthor_exec_has_groups(struct panthor_exec *exec)
{
	bool any = false;

	spin_lock(&exec->lock);
	for (int i = 0; i < PANTHOR_GROUP_PRIORITIES; i++)
		any |= !list_empty(&exec->groups[i]);
	spin_unlock(&exec->lock);
	return any;
}

static bool panthor_exec_take_kick(struct panthor_exec *exec)
{
	bool kicked;

	spin_lock(&exec->lock);
	kicked = exec->kicked;
	exec->kicked = false;
	spin_unlock(&exec->lock);
	return kicked || kthread_should_stop();
}

static int panthor_exec_thread(void *data)
{
	struct panthor_exec *exec = data;

	while (!kthread_should_stop()) {
		if (panthor_exec_pass(exec))
			continue;

		if (panthor_exec_has_groups(exec))
			wait_event_idle_timeout(exec->wait, panthor_exec_take_kick(exec),
						msecs_to_jiffies(PANTHOR_BLOCKED_POLL_MS));
		else
			wait_event_idle(exec->wait, panthor_exec_take_kick(exec));
	}
	return 0;
}

int panthor_exec_init(struct panthor_device *ptdev)
{
	struct panthor_exec *exec = &ptdev->exec;

	spin_lock_init(&exec->lock);
	init_waitqueue_head(&exec->wait);
	for (int i = 0; i < PANTHOR_GROUP_PRIORITIES; i++)
		INIT_LIST_HEAD(&exec->groups[i]);
	return 0;
}

int panthor_exec_start(struct panthor_device *ptdev)
{
	struct task_struct *task = kthread_run(panthor_exec_thread, &ptdev->exec, "panthor-gpu");

	if (IS_ERR(task))
		return PTR_ERR(task);

	ptdev->exec.task = task;
	return 0;
}

/* What is left is cancelled here, and what comes later is not taken any more. */
void panthor_exec_stop(struct panthor_device *ptdev)
{
	struct panthor_exec *exec = &ptdev->exec;
	struct task_struct *task = exec->task;
	struct panthor_group *group, *next;
	LIST_HEAD(left);

	spin_lock(&exec->lock);
	exec->task = NULL;
	spin_unlock(&exec->lock);
	kthread_stop(task);

	spin_lock(&exec->lock);
	for (int i = 0; i < PANTHOR_GROUP_PRIORITIES; i++)
		list_splice_init(&exec->groups[i], &left);
	spin_unlock(&exec->lock);
	list_for_each_entry_safe(group, next, &left, run_node) {
		list_del_init(&group->run_node);
		panthor_exec_cancel(group);
		panthor_group_put(group);
	}
}
