/* SPDX-License-Identifier: MIT */
/* Who runs, and when: queues that wait, groups of one priority, groups of several. */
#include <dirent.h>

#include "gpu_fixture.h"

/*
 * Places in the data BO, from FIRST on numbered ones: sync objects, each a value and behind it a
 * word for errors, which nobody writes.
 */
enum { GO, STOP, TICKET, STARTED, DONE, FIRST = 16 };

static uint64_t sync_va(uint32_t index)
{
	return DATA_VA + 8 * index;
}

static volatile uint32_t *sync_value(struct gpu *g, uint32_t index)
{
	return &g->words[2 * index];
}

/*
 * Waiting
 */

static void blocked_queue_blocks_nobody(void **state)
{
	struct gpu *g = *state;
	struct gpu *elsewhere = gpu_beside(g, NULL);
	struct panthor_group *group = gpu_group_of(g, PANTHOR_GROUP_DEFAULT, 2);
	struct gpu_job *blocked = gpu_job(g), *behind = gpu_job(g), *free = gpu_job(g);
	struct gpu_job *apart = gpu_job(elsewhere);

	gpu_cs_wait_above(&blocked->cs, sync_va(GO), 0);
	gpu_cs_store(&behind->cs, sync_va(FIRST), 1);
	gpu_cs_store(&free->cs, sync_va(FIRST + 1), 1);
	gpu_cs_store(&apart->cs, sync_va(FIRST), 1);
	gpu_run(blocked, group, 0);
	gpu_run(behind, group, 0);

	/* Another queue, another group, another VM. */
	gpu_run(free, group, 1);
	assert_int_equal(gpu_wait(free), 0);
	gpu_run(free, gpu_group(g), 0);
	assert_int_equal(gpu_wait(free), 0);
	gpu_run(apart, gpu_group(elsewhere), 0);
	assert_int_equal(gpu_wait(apart), 0);

	assert_false(gpu_is_done(blocked));
	assert_false(gpu_is_done(behind));
	assert_int_equal(*sync_value(g, FIRST), 0);
	*sync_value(g, GO) = 1;
	assert_int_equal(gpu_wait(behind), 0);
	assert_int_equal(gpu_wait(blocked), 0);
	assert_int_equal(*sync_value(g, FIRST), 1);
}

/* Nothing tells the GPU of a store by another queue: it looks. */
static void plain_store_releases(void **state)
{
	struct gpu *g = *state;
	struct panthor_group *group = gpu_group_of(g, PANTHOR_GROUP_DEFAULT, 2);
	struct gpu_job *blocked = gpu_job(g), *release = gpu_job(g);

	gpu_cs_wait_above(&blocked->cs, sync_va(GO), 41);
	gpu_cs_store(&release->cs, sync_va(GO), 42);
	gpu_run(blocked, group, 0);
	gpu_run(release, group, 1);
	assert_int_equal(gpu_wait(release), 0);
	assert_int_equal(gpu_wait(blocked), 0);
}

#define ROUNDS 1000

/* ROUNDS times: waits for the word at @own to grow, then increments that at @other. */
static void write_player(struct panthor_cs *cs, uint64_t own, uint64_t other)
{
	struct panthor_cs_label loop = { 0 };

	panthor_cs_move48(cs, 0, own);
	panthor_cs_move48(cs, 2, other);
	panthor_cs_move32(cs, 4, 0);
	panthor_cs_move32(cs, 5, 1);
	panthor_cs_move32(cs, 6, ROUNDS);
	panthor_cs_place(cs, &loop);
	panthor_cs_sync_wait(cs, 32, 0, 4, PANTHOR_CS_GT);
	panthor_cs_sync_add(cs, 32, 2, 5, 0, 0);
	panthor_cs_add32(cs, 4, 4, 1);
	panthor_cs_add32(cs, 6, 6, -1);
	panthor_cs_branch(cs, PANTHOR_CS_NE, 6, &loop);
}

/* Two VMs that share a BO hand the turn to and fro. */
static void ping_pong(void **state)
{
	struct gpu *g = *state;
	struct gpu *other = gpu_beside(g, g->dev);
	struct gpu_job *ping = gpu_job(g), *pong = gpu_job(other);
	const uint64_t shared = 0x40000000;

	assert_int_equal(panthor_vm_map(other->vm, g->lib->data, 0, shared, KT_PAGE, 0), 0);
	write_player(&ping->cs, sync_va(FIRST), sync_va(FIRST + 1));
	write_player(&pong->cs, shared + 8 * (FIRST + 1), shared + 8 * FIRST);
	gpu_run(ping, gpu_group(g), 0);
	gpu_run(pong, gpu_group(other), 0);
	*sync_value(g, FIRST) = 1;
	assert_int_equal(gpu_wait(ping), 0);
	assert_int_equal(gpu_wait(pong), 0);
	assert_int_equal(*sync_value(g, FIRST), ROUNDS + 1);
	assert_int_equal(*sync_value(g, FIRST + 1), ROUNDS);
}

/* As many groups as three times the slots, each released by the one after it. */
static void more_groups_than_slots(void **state)
{
	struct gpu *g = *state;
	uint32_t count = 3 * panthor_device_info(g->dev)->csif->csg_slot_count;
	struct gpu_job *job;

	for (uint32_t i = 0; i < count; i++) {
		job = gpu_job(g);
		gpu_cs_wait_above(&job->cs, sync_va(FIRST + i + 1), 0);
		gpu_cs_store(&job->cs, sync_va(FIRST + i), i + 1);
		gpu_run(job, gpu_group(g), 0);
	}
	*sync_value(g, FIRST + count) = 1;
	for (uint32_t i = 0; i < count; i++) {
		assert_int_equal(gpu_wait(&g->jobs[i]), 0);
		assert_int_equal(*sync_value(g, FIRST + i), i + 1);
	}
}

/* State letter of the thread that executes, 0 if there is no such thread. */
static char executor_state(void)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	char path[300], letter = 0;

	assert_non_null(proc);
	while (!letter && (entry = readdir(proc))) {
		char *text;

		snprintf(path, sizeof(path), "/proc/%s/stat", entry->d_name);
		text = kt_read_file(path, NULL);
		if (text && strstr(text, " (panthor-gpu) "))
			letter = strstr(text, ") ")[2];
		free(text);
	}
	closedir(proc);
	return letter;
}

static bool executor_is_idle(void *arg)
{
	return executor_state() == 'I';
}

/* A write by the CPU, without any call to the kernel after it, when the GPU has nothing to do. */
static void test_kb56_cpu_write_releases_when_idle(void **state)
{
	struct gpu *g = *state;
	struct gpu_job *job = gpu_job(g);

	assert_int_not_equal(executor_state(), 0);
	gpu_cs_store(&job->cs, sync_va(STARTED), 1);
	gpu_cs_wait_above(&job->cs, sync_va(GO), 0);
	gpu_cs_store(&job->cs, sync_va(DONE), 1);
	gpu_run(job, gpu_group(g), 0);
	assert_true(gpu_word_passes(sync_value(g, STARTED), 0));
	assert_true(kt_wait(executor_is_idle, NULL));
	*sync_value(g, GO) = 1;
	assert_true(gpu_word_passes(sync_value(g, DONE), 0));
	assert_int_equal(gpu_wait(job), 0);
}

/*
 * Shares. Contenders count from the same moment on, with loops that cost the same, until the first
 * of them has counted to its end: how far the others have come is a matter of slices alone.
 */

/* @times: for the one that ends it all; 0 for the others. */
static void write_contender(struct panthor_cs *cs, uint32_t word, uint32_t times)
{
	struct panthor_cs_label loop = { 0 };

	gpu_cs_wait_above(cs, sync_va(GO), 0);
	panthor_cs_move48(cs, 0, sync_va(word));
	panthor_cs_move48(cs, 2, sync_va(STOP));
	panthor_cs_move32(cs, 4, 1);
	panthor_cs_move32(cs, 6, times);
	panthor_cs_place(cs, &loop);
	panthor_cs_sync_add(cs, 32, 0, 4, 0, 0);
	panthor_cs_load(cs, 5, 1, 2, 0);
	panthor_cs_add32(cs, 6, 6, -1);
	panthor_cs_branch(cs, times ? PANTHOR_CS_NE : PANTHOR_CS_EQ, times ? 6 : 5, &loop);
	gpu_cs_store(cs, sync_va(STOP), 1);
}

static void add_contender(struct gpu *g, struct panthor_group *group, uint32_t queue,
			  uint32_t times)
{
	struct gpu_job *job = gpu_job(g);

	write_contender(&job->cs, FIRST + g->job_count - 1, times);
	gpu_run(job, group, queue);
}

/* What a contender counted, in the order in which they were added. */
static uint32_t counted(struct gpu *g, uint32_t index)
{
	assert_int_equal(gpu_wait(&g->jobs[index]), 0);
	return *sync_value(g, FIRST + index);
}

#define TIMES 50000u

static void equals_get_equal_shares(void **state)
{
	struct gpu *g = *state;

	for (uint32_t i = 0; i < 6; i++)
		add_contender(g, gpu_group(g), 0, i == 3 ? TIMES : 0);
	*sync_value(g, GO) = 1;
	assert_int_equal(counted(g, 3), TIMES);
	for (uint32_t i = 0; i < 6; i++)
		assert_in_range(counted(g, i), TIMES * 9 / 10, TIMES * 11 / 10);
}

/* Shares belong to groups: who has more queues does not get more. */
static void queues_share_what_their_group_gets(void **state)
{
	struct gpu *g = *state;
	struct panthor_group *many = gpu_group_of(g, PANTHOR_GROUP_DEFAULT, 4);
	uint32_t sum = 0;

	add_contender(g, gpu_group(g), 0, TIMES);
	for (uint32_t i = 0; i < 4; i++)
		add_contender(g, many, i, 0);
	*sync_value(g, GO) = 1;
	assert_int_equal(counted(g, 0), TIMES);
	for (uint32_t i = 0; i < 4; i++) {
		assert_in_range(counted(g, 1 + i), TIMES / 5, TIMES * 3 / 10);
		sum += counted(g, 1 + i);
	}
	assert_in_range(sum, TIMES * 9 / 10, TIMES * 11 / 10);
}

/* And what a queue has no use for is not lost to its group. */
static void blocked_queues_leave_their_share(void **state)
{
	struct gpu *g = *state;
	struct panthor_group *group = gpu_group_of(g, PANTHOR_GROUP_DEFAULT, 4);

	add_contender(g, gpu_group(g), 0, TIMES);
	add_contender(g, group, 2, 0);
	for (uint32_t queue = 0; queue < 4; queue++) {
		struct gpu_job *job = gpu_job(g);

		gpu_cs_wait_above(&job->cs, sync_va(STOP), 0);
		gpu_run(job, group, queue);
	}
	*sync_value(g, GO) = 1;
	assert_int_equal(counted(g, 0), TIMES);
	assert_in_range(counted(g, 1), TIMES * 9 / 10, TIMES * 11 / 10);
}

/* More with each priority, and not nothing with the lowest: it is the one that ends it. */
static void priorities_get_larger_shares(void **state)
{
	struct gpu *g = *state;

	for (enum panthor_group_priority i = PANTHOR_GROUP_LOW; i <= PANTHOR_GROUP_REALTIME; i++)
		add_contender(g, gpu_group_of(g, i, 1), 0, i == PANTHOR_GROUP_LOW ? TIMES : 0);
	*sync_value(g, GO) = 1;
	assert_int_equal(counted(g, 0), TIMES);
	for (uint32_t i = 0; i < 3; i++)
		assert_true(counted(g, i + 1) > counted(g, i) / 2 * 3);
}

/* *va = tickets taken so far. */
static void write_customer(struct panthor_cs *cs, uint64_t va)
{
	gpu_cs_wait_above(cs, sync_va(GO), 0);
	gpu_cs_copy(cs, va, sync_va(TICKET));
	gpu_cs_count(cs, sync_va(TICKET), 1);
}

/* Of those that are released at once, those of higher priority run first. */
static void priorities_run_first(void **state)
{
	struct gpu *g = *state;
	struct gpu_job *open = gpu_job(g);

	for (enum panthor_group_priority i = PANTHOR_GROUP_LOW; i <= PANTHOR_GROUP_HIGH; i++) {
		struct gpu_job *job = gpu_job(g);

		write_customer(&job->cs, sync_va(FIRST + i));
		gpu_run(job, gpu_group_of(g, i, 1), 0);
	}
	gpu_cs_count(&open->cs, sync_va(GO), 1);
	gpu_run(open, gpu_group_of(g, PANTHOR_GROUP_REALTIME, 1), 0);
	for (unsigned int i = 0; i < g->job_count; i++)
		assert_int_equal(gpu_wait(&g->jobs[i]), 0);
	assert_int_equal(*sync_value(g, TICKET), 3);
	assert_int_equal(*sync_value(g, FIRST + PANTHOR_GROUP_HIGH), 0);
	assert_int_equal(*sync_value(g, FIRST + PANTHOR_GROUP_MEDIUM), 1);
	assert_int_equal(*sync_value(g, FIRST + PANTHOR_GROUP_LOW), 2);
}

static const struct CMUnitTest tests[] = {
	gpu_test(blocked_queue_blocks_nobody),
	gpu_test(plain_store_releases),
	gpu_test(ping_pong),
	gpu_test(more_groups_than_slots),
	gpu_test(test_kb56_cpu_write_releases_when_idle),
	gpu_test(equals_get_equal_shares),
	gpu_test(queues_share_what_their_group_gets),
	gpu_test(blocked_queues_leave_their_share),
	gpu_test(priorities_get_larger_shares),
	gpu_test(priorities_run_first),
	kt_no_leaks(),
};

kt_main(tests)
