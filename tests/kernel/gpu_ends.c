/* SPDX-License-Identifier: MIT */
/*
 * How jobs end that would not end by themselves: by the timeout, with their group, with their
 * file, with their process.
 */
#include <sys/wait.h>
#include <time.h>

#include "gpu_fixture.h"

/* Places in the data BO: sync objects of two words each, behind those of the bystanders. */
enum { COUNT = 4, GO = 6, STARTED = 8, DONE = 10 };

static uint64_t va_of(uint32_t word)
{
	return DATA_VA + 4 * word;
}

/* Counts for ever. */
static struct gpu_job *endless_job(struct gpu *g)
{
	struct gpu_job *job = gpu_job(g);

	gpu_cs_count(&job->cs, va_of(COUNT), 0);
	return job;
}

/* Says that it has begun, waits for GO, says that it is done. */
static struct gpu_job *blocked_job(struct gpu *g)
{
	struct gpu_job *job = gpu_job(g);

	gpu_cs_store(&job->cs, va_of(STARTED), 1);
	gpu_cs_wait_above(&job->cs, va_of(GO), 0);
	gpu_cs_store(&job->cs, va_of(DONE), 1);
	return job;
}

static void start_blocked(struct gpu *g, struct gpu_job *job, struct panthor_group *group,
			  uint32_t queue)
{
	gpu_run(job, group, queue);
	assert_true(gpu_word_passes(&g->words[STARTED], 0));
}

/*
 * The timeout. Jobs that are not to meet it have begun under the long one that tests start with.
 */

#define TIMEOUT_MS 50

static void timeout_ends_the_group(void **state)
{
	struct gpu *g = *state;
	struct panthor_group *group = gpu_group_of(g, PANTHOR_GROUP_DEFAULT, 3);
	struct gpu_job *endless = endless_job(g), *behind = endless_job(g);
	struct gpu_job *beside = blocked_job(g);
	struct gpu_bystanders others;

	gpu_bystanders_start(g, &others);
	start_blocked(g, beside, group, 2);
	gpu_set_job_timeout(TIMEOUT_MS);
	gpu_run(endless, group, 0);
	gpu_run(behind, group, 0);
	assert_int_equal(gpu_wait(endless), -ETIMEDOUT);
	assert_int_equal(gpu_wait(behind), -ECANCELED);
	assert_int_equal(gpu_wait(beside), -ECANCELED);
	assert_true(g->words[COUNT] > 0);

	/* Guilty, but of no fault; and nobody else was harmed, not even innocently. */
	gpu_assert_group(group, PANTHOR_GROUP_TIMEDOUT, 0);
	assert_int_equal(gpu_try_run(behind, group, 1), -EINVAL);
	gpu_set_job_timeout(600000);
	gpu_bystanders_finish(&others);
}

/* A wait counts as well: nobody may keep fences from signalling. */
static void timeout_ends_a_wait(void **state)
{
	struct gpu *g = *state;
	struct panthor_group *group = gpu_group(g);
	struct gpu_job *job = blocked_job(g);

	gpu_set_job_timeout(TIMEOUT_MS);
	gpu_run(job, group, 0);
	assert_int_equal(gpu_wait(job), -ETIMEDOUT);
	gpu_assert_group(group, PANTHOR_GROUP_TIMEDOUT, 0);
	assert_int_equal(g->words[DONE], 0);
}

/* Time passes for a job only once it runs: not behind others, and not while it waits for fences. */
static void timeout_is_of_the_job_that_runs(void **state)
{
	struct gpu *g = *state;
	struct panthor_group *group = gpu_group_of(g, PANTHOR_GROUP_DEFAULT, 2);
	struct gpu_job *head = blocked_job(g), *clock = endless_job(g);
	struct gpu_job *behind = gpu_job(g), *after = gpu_job(g);

	gpu_cs_store(&behind->cs, va_of(COUNT + 20), 1);
	gpu_cs_store(&after->cs, va_of(COUNT + 22), 1);
	start_blocked(g, head, group, 0);
	gpu_set_job_timeout(TIMEOUT_MS);
	gpu_run(behind, group, 0);
	assert_int_equal(gpu_run_between(after, group, 1, head->done, 0, after->done, 0), 0);

	/* When that one is out of time, so would they be. */
	gpu_run(clock, gpu_group(g), 0);
	assert_int_equal(gpu_wait(clock), -ETIMEDOUT);
	gpu_set_job_timeout(600000);
	g->words[GO] = 1;
	assert_int_equal(gpu_wait(head), 0);
	assert_int_equal(gpu_wait(behind), 0);
	assert_int_equal(gpu_wait(after), 0);
	gpu_assert_group(group, 0, 0);
}

#define HOGS   32
#define ROUNDS 30000

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000ll + now.tv_nsec / 1000000;
}

/*
 * Nor while others run. Among many it takes many times as long as alone, which is more than it
 * would have, and hardly longer by its own account.
 */
static void timeout_leaves_out_what_others_ran(void **state)
{
	struct gpu *g = *state;
	struct panthor_group *group = gpu_group(g);
	struct gpu_job *job = gpu_job(g);
	int64_t start = now_ms();

	gpu_cs_count(&job->cs, va_of(COUNT), ROUNDS);
	gpu_run(job, group, 0);
	assert_int_equal(gpu_wait(job), 0);
	start = now_ms() - start;

	for (uint32_t i = 0; i < HOGS; i++) {
		struct gpu_job *hog = gpu_job(g);

		gpu_cs_count(&hog->cs, va_of(COUNT + 20 + 2 * i), 0);
		gpu_run(hog, gpu_group(g), 0);
		assert_true(gpu_word_passes(&g->words[COUNT + 20 + 2 * i], 0));
	}
	/* Half of what it will take, so that a machine may become slower by as many times. */
	gpu_set_job_timeout((unsigned int)(HOGS / 2 * (start + 1)));
	gpu_run(job, group, 0);
	assert_int_equal(gpu_wait(job), 0);
	gpu_assert_group(group, 0, 0);
	assert_int_equal(g->words[COUNT], 2 * ROUNDS);
}

/*
 * The group
 */

/* Jobs in every state, and one of another group that waits for one of them. */
static void destroy_ends_all_jobs(void **state)
{
	struct gpu *g = *state;
	struct panthor_group *group = gpu_group_of(g, PANTHOR_GROUP_DEFAULT, 4);
	struct panthor_group *other = gpu_group_of(g, PANTHOR_GROUP_DEFAULT, 2);
	struct gpu_job *running = endless_job(g), *queued = endless_job(g);
	struct gpu_job *blocked = blocked_job(g), *empty = gpu_job(g);
	struct gpu_job *waiting = gpu_job(g), *foreign = gpu_job(g), *heir = gpu_job(g);

	panthor_cs_nop(&waiting->cs);
	gpu_cs_wait_above(&foreign->cs, va_of(GO), 0);
	panthor_cs_nop(&heir->cs);
	gpu_run(foreign, other, 0);
	gpu_run(running, group, 0);
	gpu_run(queued, group, 0);
	start_blocked(g, blocked, group, 1);
	gpu_run(empty, group, 1);
	assert_int_equal(gpu_run_between(waiting, group, 2, foreign->done, 0, waiting->done, 0), 0);
	assert_int_equal(gpu_run_between(heir, other, 1, running->done, 0, heir->done, 0), 0);
	assert_true(gpu_word_passes(&g->words[COUNT], 0));

	gpu_group_destroy(g, group);
	assert_int_equal(gpu_wait(running), -ECANCELED);
	assert_int_equal(gpu_wait(queued), -ECANCELED);
	assert_int_equal(gpu_wait(blocked), -ECANCELED);
	assert_int_equal(gpu_wait(empty), -ECANCELED);
	assert_int_equal(gpu_wait(heir), 0);
	/* Fences keep their order: that of what it waits for is still to come. */
	assert_false(gpu_is_done(waiting));
	g->words[GO] = 1;
	assert_int_equal(gpu_wait(foreign), 0);
	assert_int_equal(gpu_wait(waiting), -ECANCELED);
	gpu_assert_group(other, 0, 0);
}

/*
 * Other processes. A child opens the device for itself and signals the parent's syncobjs.
 */

#define CHILD_JOBS 3

struct child {
	pid_t pid;
	int ready[2];
	int syncobjs[CHILD_JOBS];
};

static int syncobj_fd(const struct gpu_job *job)
{
	struct drm_syncobj_handle args = { .handle = job->done, .fd = -1 };

	assert_int_equal(
		kt_ioctl(panthor_device_fd(job->g->dev), DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD, &args), 0);
	return args.fd;
}

/* The syncobj behind a descriptor becomes the one that a job signals. */
static void use_syncobj(struct gpu_job *job, int fd)
{
	struct drm_syncobj_handle args = { .fd = fd };

	panthor_syncobj_destroy(job->g->dev, job->done);
	assert_int_equal(
		kt_ioctl(panthor_device_fd(job->g->dev), DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE, &args), 0);
	job->done = args.handle;
}

/* One job runs, one is behind it, one is blocked. Then the child waits for ever, or exits. */
static void live_and_die(const struct child *child, bool wait)
{
	struct gpu *g;
	struct gpu_job *jobs[CHILD_JOBS];
	struct panthor_group *group;

	gpu_setup((void **)&g);
	group = gpu_group_of(g, PANTHOR_GROUP_DEFAULT, 2);
	jobs[0] = endless_job(g);
	jobs[1] = endless_job(g);
	jobs[2] = blocked_job(g);
	for (int i = 0; i < CHILD_JOBS; i++)
		use_syncobj(jobs[i], child->syncobjs[i]);
	gpu_run(jobs[0], group, 0);
	gpu_run(jobs[1], group, 0);
	start_blocked(g, jobs[2], group, 1);
	assert_true(gpu_word_passes(&g->words[COUNT], 0));
	if (write(child->ready[1], "", 1) != 1)
		_exit(1);
	if (wait)
		panthor_syncobj_wait(g->dev, &jobs[0]->done, NULL, 1, INT64_MAX, 0, NULL);
	_exit(0);
}

static void start_child(struct gpu *g, struct child *child, bool wait)
{
	char byte;

	assert_int_equal(pipe(child->ready), 0);
	for (int i = 0; i < CHILD_JOBS; i++)
		child->syncobjs[i] = syncobj_fd(gpu_job(g));
	child->pid = fork();
	assert_true(child->pid >= 0);
	if (!child->pid)
		live_and_die(child, wait);
	close(child->ready[1]);
	assert_int_equal(read(child->ready[0], &byte, 1), 1);
	close(child->ready[0]);
}

/* The end of the child is the end of its jobs, and of nothing else. */
static void assert_childs_jobs_end(struct gpu *g, struct child *child, int status)
{
	int is = -1;

	assert_int_equal(waitpid(child->pid, &is, 0), child->pid);
	assert_int_equal(is, status);
	for (int i = 0; i < CHILD_JOBS; i++) {
		assert_int_equal(gpu_wait(&g->jobs[g->job_count - CHILD_JOBS + i]), -ECANCELED);
		close(child->syncobjs[i]);
	}
}

static void exit_ends_all_jobs(void **state)
{
	struct gpu *g = *state;
	struct gpu_bystanders others;
	struct child child;

	gpu_bystanders_start(g, &others);
	start_child(g, &child, false);
	assert_childs_jobs_end(g, &child, 0);
	gpu_bystanders_finish(&others);
}

/* In the middle of a wait, or on the way into it. */
static void kill_ends_all_jobs(void **state)
{
	struct gpu *g = *state;
	struct gpu_bystanders others;
	struct child child;

	gpu_bystanders_start(g, &others);
	for (int i = 0; i < 10; i++) {
		start_child(g, &child, true);
		assert_int_equal(kill(child.pid, SIGKILL), 0);
		assert_childs_jobs_end(g, &child, SIGKILL);
	}
	gpu_bystanders_finish(&others);
}

static const struct CMUnitTest tests[] = {
	gpu_test(timeout_ends_the_group),
	gpu_test(timeout_ends_a_wait),
	gpu_test(timeout_is_of_the_job_that_runs),
	gpu_test(timeout_leaves_out_what_others_ran),
	gpu_test(destroy_ends_all_jobs),
	gpu_test(exit_ends_all_jobs),
	gpu_test(kill_ends_all_jobs),
	kt_no_leaks(),
};

kt_main(tests)
