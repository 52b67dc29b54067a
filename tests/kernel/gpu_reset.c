/* SPDX-License-Identifier: MIT */
/* A reset of the GPU, as debugfs offers it: who loses what, and who does not. */
#include "gpu_fixture.h"
#include "kt_race.h"

/* Places in the data BO: sync objects of two words each. */
enum { COUNT = 4, GO = 6, STARTED = 8 };

#define VICTIM	   (PANTHOR_GROUP_TIMEDOUT | PANTHOR_GROUP_INNOCENT)
#define NOTHING_VA 0x70000000ull

static uint64_t va_of(uint32_t word)
{
	return DATA_VA + 4 * word;
}

static int write_reset(const char *text)
{
	int fd = kt_debugfs_open("reset", O_WRONLY), r = 0;

	if (fd < 0)
		return fd;
	if (write(fd, text, strlen(text)) < 0)
		r = -errno;
	close(fd);
	return r;
}

static int victims(void)
{
	char *text = kt_debugfs_read("reset", NULL);
	int count = atoi(text);

	free(text);
	return count;
}

static int reset(void)
{
	assert_int_equal(write_reset("1"), 0);
	return victims();
}

static struct gpu_job *endless_job(struct gpu *g)
{
	struct gpu_job *job = gpu_job(g);

	gpu_cs_count(&job->cs, va_of(COUNT), 0);
	return job;
}

static struct gpu_job *nop_job(struct gpu *g)
{
	struct gpu_job *job = gpu_job(g);

	panthor_cs_nop(&job->cs);
	return job;
}

static struct gpu_job *start_blocked_job(struct gpu *g, struct panthor_group *group)
{
	struct gpu_job *job = gpu_job(g);

	gpu_cs_store(&job->cs, va_of(STARTED), 1);
	gpu_cs_wait_above(&job->cs, va_of(GO), 0);
	gpu_run(job, group, 0);
	assert_true(gpu_word_passes(&g->words[STARTED], 0));
	return job;
}

static void assert_runs(struct gpu_job *job, struct panthor_group *group)
{
	gpu_run(job, group, 0);
	assert_int_equal(gpu_wait(job), 0);
	gpu_assert_group(group, 0, 0);
}

/* One that runs, with another behind it, one that is blocked, one of another file. */
static void reset_ends_who_has_jobs(void **state)
{
	struct gpu *g = *state, *elsewhere = gpu_beside(g, NULL);
	struct panthor_group *runs = gpu_group(g), *blocks = gpu_group(g);
	struct panthor_group *foreign = gpu_group(elsewhere);
	struct gpu_job *running = endless_job(g), *behind = nop_job(g), *blocked, *other;

	gpu_run(running, runs, 0);
	gpu_run(behind, runs, 0);
	blocked = start_blocked_job(g, blocks);
	other = start_blocked_job(elsewhere, foreign);
	assert_int_equal(reset(), 3);

	assert_int_equal(gpu_wait(running), -ECANCELED);
	assert_int_equal(gpu_wait(behind), -ECANCELED);
	assert_int_equal(gpu_wait(blocked), -ECANCELED);
	assert_int_equal(gpu_wait(other), -ECANCELED);
	gpu_assert_group(runs, VICTIM, 0);
	gpu_assert_group(blocks, VICTIM, 0);
	gpu_assert_group(foreign, VICTIM, 0);
	assert_int_equal(gpu_try_run(behind, runs, 0), -EINVAL);

	/* They lost their groups, nothing else. */
	assert_int_equal(panthor_vm_is_usable(g->vm), 1);
	assert_runs(nop_job(g), gpu_group(g));
	assert_runs(nop_job(elsewhere), gpu_group(elsewhere));
}

/* Idle, waiting for a fence, or ended by a fault of its own before. */
static void reset_leaves_others_alone(void **state)
{
	struct gpu *g = *state;
	struct panthor_group *blocks = gpu_group(g), *idle = gpu_group(g), *waits = gpu_group(g);
	struct panthor_group *faulty = gpu_group(g);
	struct gpu_job *blocked, *waiting = nop_job(g), *fault = gpu_job(g), *nop = nop_job(g);

	assert_runs(nop, idle);
	gpu_cs_load(&fault->cs, NOTHING_VA);
	gpu_run(fault, faulty, 0);
	assert_int_equal(gpu_wait(fault), -EFAULT);
	blocked = start_blocked_job(g, blocks);
	assert_int_equal(gpu_run_between(waiting, waits, 0, blocked->done, 0, waiting->done, 0), 0);
	assert_int_equal(reset(), 1);

	assert_int_equal(gpu_wait(blocked), -ECANCELED);
	assert_int_equal(gpu_wait(waiting), 0);
	gpu_assert_group(waits, 0, 0);
	gpu_assert_group(faulty, PANTHOR_GROUP_FATAL_FAULT, 1);
	assert_runs(nop, idle);
	assert_int_equal(reset(), 0);
}

static void reset_wants_a_one(void **state)
{
	static const char *const wrong[] = { "0", "2", "x", "-1" };
	struct gpu *g = *state;
	struct panthor_group *group = gpu_group(g);
	struct gpu_job *job = start_blocked_job(g, group);

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		kt_expect(wrong[i], write_reset(wrong[i]), -EINVAL);
	kt_all_expected();
	gpu_assert_group(group, 0, 0);
	g->words[GO] = 1;
	assert_int_equal(gpu_wait(job), 0);
}

/* A job that faults: whichever comes first, the group ends of one thing, not of both. */
static void fault_once(struct kt_race *race, uint64_t *seed)
{
	struct gpu *g = race->arg;
	struct gpu_job *job = &g->jobs[0];
	struct panthor_group *group = NULL;
	struct panthor_job submitted = { .va = job->va, .size = job->cs.count * 8 };
	struct panthor_sync sync = panthor_signal_point(job->done, 0);
	uint32_t is = ~0u, queues = ~0u;

	submitted.syncs = &sync;
	submitted.sync_count = 1;
	if (!kt_race_check(panthor_group_new(g->vm, NULL, &group) == 0))
		return;
	kt_race_check(panthor_group_submit(group, &submitted, 1) == 0);
	kt_race_check(gpu_syncobj_wait(g->dev, job->done, 0) == 0);
	kt_race_check(panthor_group_state(group, &is, &queues) == 0);
	kt_race_check((is == PANTHOR_GROUP_FATAL_FAULT && queues == 1) ||
		      (is == VICTIM && queues == 0));
	panthor_group_unref(group);
}

static void reset_once(struct kt_race *race, uint64_t *seed)
{
	kt_race_check(write_reset("1") == 0);
}

static void reset_races_faults(void **state)
{
	static const kt_race_round workers[] = { fault_once, reset_once };
	struct gpu *g = *state;
	struct kt_race race = { .arg = g };
	struct gpu_job *job = gpu_job(g);

	/* One slice, that a reset may come in the middle of. */
	gpu_cs_count(&job->cs, va_of(COUNT), 500);
	gpu_cs_load(&job->cs, NOTHING_VA);
	kt_race_run(&race, 200, workers, ARRAY_SIZE(workers));
	assert_runs(nop_job(g), gpu_group(g));
}

static const struct CMUnitTest tests[] = {
	gpu_test(reset_ends_who_has_jobs),
	gpu_test(reset_leaves_others_alone),
	gpu_test(reset_wants_a_one),
	gpu_test(reset_races_faults),
	kt_no_leaks(),
};

kt_main(tests)
