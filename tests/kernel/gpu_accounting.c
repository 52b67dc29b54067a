/* SPDX-License-Identifier: MIT */
/*
 * What the GPU has done, as fdinfo tells it for each file, and what time it was on the GPU. What is
 * told is chosen by the device's `profiling` in sysfs: 1 cycles, 2 time.
 */
#include <time.h>

#include "gpu_fixture.h"
#include "kt_race.h"

#define PROFILING      "/sys/devices/platform/vpanthor/profiling"
#define OP_STORE_STATE 40

static int set_profiling(const char *text)
{
	int fd = open(PROFILING, O_WRONLY | O_CLOEXEC), r = 0;

	assert_true(fd >= 0);
	if (write(fd, text, strlen(text)) < 0)
		r = -errno;
	close(fd);
	return r;
}

static int accounting_setup(void **state)
{
	assert_int_equal(set_profiling("3"), 0);
	return gpu_setup(state);
}

#define accounting_test(f) cmocka_unit_test_setup_teardown(f, accounting_setup, gpu_teardown)

/* A line "key:\tNUMBERunit" of a file's fdinfo; false: there is none. */
static bool engine(int fd, const char *key, const char *unit, uint64_t *ret_value)
{
	char path[64], *text, *line, *end = NULL;
	bool found = false;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	text = kt_read_file(path, NULL);
	line = text ? strstr(text, key) : NULL;
	if (line && !strncmp(line + strlen(key), ":\t", 2)) {
		*ret_value = strtoull(line + strlen(key) + 2, &end, 10);
		end[strcspn(end, "\n")] = '\0';
		found = !strcmp(end, unit);
	}
	free(text);
	return found;
}

struct usage {
	uint64_t ns;
	uint64_t cycles;
};

static bool read_usage(int fd, struct usage *usage)
{
	return engine(fd, "drm-engine-panthor", " ns", &usage->ns) &&
	       engine(fd, "drm-cycles-panthor", "", &usage->cycles);
}

static struct usage usage_of(const struct gpu *g)
{
	struct usage usage = { 0, 0 };

	assert_true(read_usage(panthor_device_fd(g->dev), &usage));
	return usage;
}

static void profiling_chooses(void **state)
{
	static const char *const wrong[] = { "4", "8", "7", "4294967295", "-1", "x", "3x" };
	static const char *const masks[] = { "0\n", "1\n", "2\n", "3\n" };
	struct gpu *g = *state;
	int fd = panthor_device_fd(g->dev);
	uint64_t value;

	for (unsigned int i = 0; i < ARRAY_SIZE(masks); i++) {
		char *text;

		assert_int_equal(set_profiling(masks[i]), 0);
		text = kt_read_file(PROFILING, NULL);
		assert_string_equal(text, masks[i]);
		free(text);
		assert_int_equal(engine(fd, "drm-cycles-panthor", "", &value), i & 1);
		assert_int_equal(engine(fd, "drm-engine-panthor", " ns", &value), i >> 1);
		/* No question of what was done. */
		assert_true(engine(fd, "drm-maxfreq-panthor", " Hz", &value));
		assert_true(engine(fd, "drm-curfreq-panthor", " Hz", &value));
	}
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		kt_expect(wrong[i], set_profiling(wrong[i]), -EINVAL);
	kt_all_expected();
	assert_true(engine(fd, "drm-engine-panthor", " ns", &value));
}

static void run_job(struct gpu_job *job, struct panthor_group *group)
{
	gpu_run(job, group, 0);
	assert_int_equal(gpu_wait(job), 0);
}

/* An instruction each, and a wait costs nothing however long it is. */
static void cycles_are_what_was_executed(void **state)
{
	struct gpu *g = *state;
	struct panthor_group *group = gpu_group(g);
	struct gpu_job *nops = gpu_job(g), *loop = gpu_job(g), *waits = gpu_job(g);
	uint64_t before = usage_of(g).cycles;

	assert_int_equal(before, 0);
	for (int i = 0; i < 100; i++)
		panthor_cs_nop(&nops->cs);
	run_job(nops, group);
	assert_int_equal(usage_of(g).cycles, 100);

	gpu_cs_count(&loop->cs, DATA_VA, 10000);
	run_job(loop, group);
	assert_int_equal(usage_of(g).cycles, 100 + 3 + 3 * 10000);
	assert_int_equal(g->words[0], 10000);

	before = usage_of(g).cycles;
	gpu_cs_store(&waits->cs, DATA_VA + 64, 1);
	gpu_cs_wait_above(&waits->cs, DATA_VA, 10000);
	gpu_run(waits, group, 0);
	assert_true(gpu_word_passes(&g->words[16], 0));
	g->words[0] = 10001;
	assert_int_equal(gpu_wait(waits), 0);
	assert_int_equal(usage_of(g).cycles, before + 4 + 3);
}

static uint64_t now_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* There is one engine: no more time than has passed, however many groups share it. */
static void time_is_what_has_passed(void **state)
{
	struct gpu *g = *state;
	struct usage before = usage_of(g), after;
	uint64_t start = now_ns(CLOCK_MONOTONIC), end;

	for (int i = 0; i < 4; i++) {
		struct gpu_job *job = gpu_job(g);

		gpu_cs_count(&job->cs, DATA_VA, 20000);
		gpu_run(job, gpu_group(g), 0);
	}
	for (int i = 0; i < 4; i++)
		assert_int_equal(gpu_wait(&g->jobs[i]), 0);
	after = usage_of(g);
	end = now_ns(CLOCK_MONOTONIC);
	assert_true(after.ns > before.ns);
	assert_true(after.ns - before.ns <= end - start);
}

/* What was done is the file's that did it, all VMs of it together. */
static void files_are_apart(void **state)
{
	struct gpu *g = *state;
	struct gpu *same = gpu_beside(g, g->dev), *other = gpu_beside(g, NULL);
	struct gpu_job *job = gpu_job(g), *beside = gpu_job(same);

	gpu_cs_count(&job->cs, DATA_VA, 1000);
	gpu_cs_count(&beside->cs, DATA_VA, 2000);
	run_job(job, gpu_group(g));
	run_job(beside, gpu_group(same));
	assert_int_equal(usage_of(g).cycles, 2 * 3 + 3 * 3000);
	assert_int_equal(usage_of(other).cycles, 0);
	assert_int_equal(usage_of(other).ns, 0);
}

static void groups_leave_what_they_did(void **state)
{
	struct gpu *g = *state;
	struct panthor_group *group = gpu_group(g);
	struct gpu_job *job = gpu_job(g);
	struct usage before, after;

	gpu_cs_count(&job->cs, DATA_VA, 1000);
	run_job(job, group);
	before = usage_of(g);
	gpu_group_destroy(g, group);
	after = usage_of(g);
	assert_int_equal(after.cycles, before.cycles);
	assert_int_equal(after.ns, before.ns);
	run_job(job, gpu_group(g));
	assert_int_equal(usage_of(g).cycles, 2 * before.cycles);
}

/* Up to the very last instruction, as the word that it counted in tells. */
static void destroyed_groups_leave_all_they_did(void **state)
{
	struct gpu *g = *state;
	struct gpu_job *job = gpu_job(g);
	uint64_t cycles = 0;

	gpu_cs_count(&job->cs, DATA_VA, 0);
	for (int i = 0; i < 50; i++) {
		struct panthor_group *group = gpu_group(g);

		g->words[0] = 0;
		gpu_run(job, group, 0);
		assert_true(gpu_word_passes(&g->words[0], 0));
		gpu_group_destroy(g, group);
		assert_int_equal(gpu_wait(job), -ECANCELED);
		/* The loop has three instructions, of which the first one counts. */
		cycles = usage_of(g).cycles - cycles;
		assert_in_range(cycles, 3 + 3 * (uint64_t)g->words[0] - 2,
				3 + 3 * (uint64_t)g->words[0]);
		cycles = usage_of(g).cycles;
	}
}

/*
 * Groups that come and go, and are read meanwhile
 */

struct watch {
	struct gpu *g;
	struct gpu_job *job;
	struct usage last;
};

static void come_and_go(struct kt_race *race, uint64_t *seed)
{
	struct watch *watch = race->arg;
	struct panthor_group *group = NULL;
	struct panthor_sync end = panthor_signal_point(watch->job->done, 0);
	struct panthor_job job = { .va = watch->job->va, .syncs = &end, .sync_count = 1 };

	job.flush_id = PANTHOR_FLUSH_ID_NOW;
	if (!kt_race_check(panthor_group_new(watch->g->vm, NULL, &group) == 0) ||
	    !kt_race_check(panthor_cs_finish(&watch->job->cs, &job.size) == 0))
		return;
	kt_race_check(panthor_group_submit(group, &job, 1) == 0);
	/* Every other one goes while it runs. */
	if (kt_rand(seed) % 2)
		kt_race_check(gpu_syncobj_wait(watch->g->dev, watch->job->done, 0) == 0);
	panthor_group_unref(group);
}

static void never_less(struct kt_race *race, uint64_t *seed)
{
	struct watch *watch = race->arg;
	struct usage now = { 0, 0 };

	for (int i = 0; i < 20; i++) {
		kt_race_check(read_usage(race->fd, &now));
		kt_race_check(now.ns >= watch->last.ns);
		kt_race_check(now.cycles >= watch->last.cycles);
		watch->last = now;
	}
}

static void never_less_while_groups_go(void **state)
{
	struct gpu *g = *state;
	struct watch watch = { .g = g, .job = gpu_job(g) };
	struct kt_race race = { .fd = panthor_device_fd(g->dev), .arg = &watch };
	static const kt_race_round workers[] = { come_and_go, never_less };

	gpu_cs_count(&watch.job->cs, DATA_VA, 20);
	kt_race_run(&race, 2000, workers, ARRAY_SIZE(workers));
}

/*
 * Clocks
 */

static struct drm_panthor_timestamp_info sample(const struct gpu *g)
{
	struct drm_panthor_timestamp_info info = {
		.flags = DRM_PANTHOR_TIMESTAMP_GPU | DRM_PANTHOR_TIMESTAMP_FREQ |
			 DRM_PANTHOR_TIMESTAMP_GPU_CYCLE_COUNT,
	};
	struct drm_panthor_dev_query query = {
		.type = DRM_PANTHOR_DEV_QUERY_TIMESTAMP_INFO,
		.size = sizeof(info),
		.pointer = (uintptr_t)&info,
	};

	assert_int_equal(kt_ioctl(panthor_device_fd(g->dev), DRM_IOCTL_PANTHOR_DEV_QUERY, &query),
			 0);
	return info;
}

/* What streams store is what DEV_QUERY tells, in the unit that it tells, on the clock that it is.
 */
static void gpu_time_is_the_clocks(void **state)
{
	struct gpu *g = *state;
	const volatile uint64_t *stored = (const volatile uint64_t *)g->words;
	struct drm_panthor_timestamp_info before, after;
	struct gpu_job *job = gpu_job(g);
	uint64_t start, end, hz = 0;

	panthor_cs_move48(&job->cs, 0, DATA_VA);
	for (uint64_t what = 0; what < 2; what++) {
		panthor_cs_emit(&job->cs, panthor_cs_op(OP_STORE_STATE) | what << 32 | what * 8);
	}
	start = now_ns(CLOCK_BOOTTIME);
	before = sample(g);
	run_job(job, gpu_group(g));
	after = sample(g);
	end = now_ns(CLOCK_BOOTTIME);

	assert_in_range(before.current_timestamp, start, end);
	assert_in_range(stored[0], before.current_timestamp, after.current_timestamp);
	assert_in_range(stored[1], before.cycle_count, after.cycle_count);
	assert_in_range(after.current_timestamp, stored[0], end);
	assert_int_equal(before.timestamp_frequency, 1000000000);
	assert_true(engine(panthor_device_fd(g->dev), "drm-maxfreq-panthor", " Hz", &hz));
	assert_int_equal(hz, before.timestamp_frequency);
}

static const struct CMUnitTest tests[] = {
	accounting_test(profiling_chooses),
	accounting_test(cycles_are_what_was_executed),
	accounting_test(time_is_what_has_passed),
	accounting_test(files_are_apart),
	accounting_test(groups_leave_what_they_did),
	accounting_test(destroyed_groups_leave_all_they_did),
	accounting_test(never_less_while_groups_go),
	accounting_test(gpu_time_is_the_clocks),
	kt_no_leaks(),
};

kt_main(tests)
