/* SPDX-License-Identifier: MIT */
/* What a stream must not do ends its group, tells which queue it was, and harms nobody else. */
#include "gpu_fixture.h"

#define NOWHERE 0x30000000ull
/* A word of the data BO that streams wait for. */
#define GATE	64
#define GATE_VA (DATA_VA + 4 * GATE)
#define QUEUES	3u

/* Writes the end of a stream, which starts at @va and has waited for the gate. */
typedef void (*write_stream)(struct panthor_cs *cs, uint64_t va, uint64_t arg);

struct row {
	const char *name;
	write_stream write;
	uint64_t arg;
};

/*
 * Runs a stream that faults, with a job behind it and one in each other queue: all of the group's
 * jobs end, its own with EFAULT, and no more are taken.
 */
static void expect_fault(struct gpu *g, const struct row *row, uint32_t queue)
{
	struct panthor_group *group = gpu_group_of(g, PANTHOR_GROUP_DEFAULT, QUEUES);
	struct gpu_job *bad = gpu_job(g), *after[QUEUES];
	uint32_t state = 0, queues = 0;

	g->words[GATE] = 0;
	gpu_cs_wait_above(&bad->cs, GATE_VA, 0);
	row->write(&bad->cs, bad->va, row->arg);
	gpu_run(bad, group, queue);
	for (uint32_t i = 0; i < QUEUES; i++) {
		after[i] = gpu_job(g);
		gpu_cs_wait_above(&after[i]->cs, GATE_VA, 1);
		gpu_run(after[i], group, i);
	}
	g->words[GATE] = 1;
	kt_expect(row->name, gpu_wait(bad), -EFAULT);
	for (uint32_t i = 0; i < QUEUES; i++)
		kt_expect(row->name, gpu_wait(after[i]), -ECANCELED);
	assert_int_equal(panthor_group_state(group, &state, &queues), 0);
	kt_expect(row->name, (int)state, PANTHOR_GROUP_FATAL_FAULT);
	kt_expect(row->name, (int)queues, 1 << queue);
	kt_expect(row->name, gpu_try_run(after[0], group, (queue + 1) % QUEUES), -EINVAL);
	gpu_group_destroy(g, group);
}

static void assert_all_fault(struct gpu *g, const struct row *rows, size_t count)
{
	struct gpu_bystanders others;

	gpu_bystanders_start(g, &others);
	for (size_t i = 0; i < count; i++)
		expect_fault(g, &rows[i], i % QUEUES);
	kt_all_expected();
	gpu_bystanders_finish(&others);
}

static void emit(struct panthor_cs *cs, uint64_t va, uint64_t instruction)
{
	panthor_cs_emit(cs, instruction);
}

static void load(struct panthor_cs *cs, uint64_t va, uint64_t from)
{
	panthor_cs_move64(cs, 0, from);
	panthor_cs_load(cs, 2, 1, 0, 0);
}

static void load_two(struct panthor_cs *cs, uint64_t va, uint64_t from)
{
	panthor_cs_move64(cs, 0, from);
	panthor_cs_load(cs, 2, 3, 0, 0);
}

static void store(struct panthor_cs *cs, uint64_t va, uint64_t to)
{
	gpu_cs_store(cs, to, 1);
}

static void sync_add(struct panthor_cs *cs, uint64_t va, uint64_t to)
{
	gpu_cs_count(cs, to, 1);
}

static void sync_add_64(struct panthor_cs *cs, uint64_t va, uint64_t to)
{
	panthor_cs_move48(cs, 0, to);
	panthor_cs_move48(cs, 2, 0);
	panthor_cs_sync_add(cs, 64, 0, 2, 0, 0);
}

static void sync_wait(struct panthor_cs *cs, uint64_t va, uint64_t of)
{
	gpu_cs_wait_above(cs, of, 0);
}

static void jump(struct panthor_cs *cs, uint64_t va, uint64_t to)
{
	panthor_cs_move48(cs, 0, to);
	panthor_cs_move32(cs, 2, 8);
	panthor_cs_jump(cs, 0, 2);
}

/* Calls all of itself, and so on. */
static void call_itself(struct panthor_cs *cs, uint64_t va, uint64_t arg)
{
	panthor_cs_move48(cs, 0, va);
	panthor_cs_move32(cs, 2, (cs->count + 2) * 8);
	panthor_cs_call(cs, 0, 2);
}

static void branch_out(struct panthor_cs *cs, uint64_t va, uint64_t arg)
{
	panthor_cs_skip(cs, PANTHOR_CS_ALWAYS, 0, 1);
}

static void unmapped_and_forbidden(void **state)
{
	const uint64_t read_only = STREAM_VA + STREAM_BYTES - 8;
	const struct row rows[] = {
		{ "load, unmapped", load, NOWHERE },
		{ "store, unmapped", store, NOWHERE },
		{ "sync add, unmapped", sync_add, NOWHERE },
		{ "sync wait, unmapped", sync_wait, NOWHERE },
		{ "run, unmapped", jump, NOWHERE },
		{ "load, page 0", load, 0 },
		{ "load, last address", load, UINT64_MAX - 3 },
		/* With the bits cut off that no VA has, it would be mapped. */
		{ "load, more than 48 bits", load, (1ull << 48) + DATA_VA },
		{ "load of two, one unmapped", load_two, DATA_VA + KT_PAGE - 4 },
		{ "store, read-only", store, read_only },
		{ "sync add, read-only", sync_add, read_only },
		{ "run, noexec", jump, DATA_VA },
	};

	assert_all_fault(*state, rows, ARRAY_SIZE(rows));
}

static void bad_instructions(void **state)
{
	static const struct row rows[] = {
		{ "load, misaligned", load, DATA_VA + 2 },
		{ "store, misaligned", store, DATA_VA + 1 },
		{ "64-bit sync add, aligned to 4", sync_add_64, DATA_VA + 4 },
		{ "run, misaligned", jump, STREAM_VA + 4 },
		{ "call of itself", call_itself, 0 },
		{ "branch out of the stream", branch_out, 0 },
		{ "opcode 0xff", emit, 0xffull << 56 },
		{ "MOVE32 to register 96", emit, 2ull << 56 | 96ull << 48 },
		{ "MOVE to an odd register", emit, 1ull << 56 | 1ull << 48 },
		{ "PROT_REGION", emit, 41ull << 56 | 1 },
	};

	assert_all_fault(*state, rows, ARRAY_SIZE(rows));
}

/* Nobody is told that shaders ran: there are none. The log says why, once. */
static void shader_work(void **state)
{
	static const struct row rows[] = {
		{ "RUN_COMPUTE", emit, 4ull << 56 },
		{ "RUN_TILING", emit, 5ull << 56 },
		{ "RUN_IDVS", emit, 6ull << 56 },
		{ "RUN_FRAGMENT", emit, 7ull << 56 },
		{ "RUN_FULLSCREEN", emit, 8ull << 56 },
		{ "RUN_COMPUTE_INDIRECT", emit, 44ull << 56 },
	};

	assert_int_equal(gpu_log_lines("no shader cores"), 0);
	assert_all_fault(*state, rows, ARRAY_SIZE(rows));
	assert_int_equal(gpu_log_lines("no shader cores"), 1);
}

/* A stream that is not there at all: the address is only looked at when it runs. */
static void stream_unmapped(void **state)
{
	struct gpu *g = *state;
	struct panthor_group *group = gpu_group(g);
	struct gpu_job *job = gpu_job(g);

	panthor_cs_nop(&job->cs);
	job->va = NOWHERE;
	gpu_run(job, group, 0);
	assert_int_equal(gpu_wait(job), -EFAULT);
	gpu_assert_group(group, PANTHOR_GROUP_FATAL_FAULT, 1);
}

static const struct CMUnitTest tests[] = {
	gpu_test(unmapped_and_forbidden),
	gpu_test(bad_instructions),
	gpu_test(shader_work),
	gpu_test(stream_unmapped),
	kt_no_leaks(),
};

kt_main(tests)
