/* SPDX-License-Identifier: MIT */
/* What a stream must not do ends its group, tells which queue it was, and harms nobody else. */
#include "gpu_fixture.h"

#define NOWHERE 0x30000000ull
/* A word of the data BO that streams wait for. */
#define GATE	64
#define GATE_VA (DATA_VA + 4 * GATE)
#define QUEUES	3u

/* Writes the end of a stream, which starts at @va and has waited for the gate. */
typedef void (*write_stream)(struct panthor_cs *cs, uint64_t va);

/*
 * Runs a stream that faults, with a job behind it and one in each other queue: all of the group's
 * jobs end, its own with EFAULT, and no more are taken.
 */
static void assert_faults(struct gpu *g, const char *what, write_stream write, uint32_t queue)
{
	struct panthor_group *group = gpu_group_of(g, PANTHOR_GROUP_DEFAULT, QUEUES);
	struct gpu_job *bad = gpu_job(g), *after[QUEUES];
	uint32_t state = 0, queues = 0;

	g->words[GATE] = 0;
	gpu_cs_wait_above(&bad->cs, GATE_VA, 0);
	write(&bad->cs, bad->va);
	gpu_run(bad, group, queue);
	for (uint32_t i = 0; i < QUEUES; i++) {
		after[i] = gpu_job(g);
		gpu_cs_wait_above(&after[i]->cs, GATE_VA, 1);
		gpu_run(after[i], group, i);
	}
	g->words[GATE] = 1;
	kt_expect(what, gpu_wait(bad), -EFAULT);
	for (uint32_t i = 0; i < QUEUES; i++)
		kt_expect(what, gpu_wait(after[i]), -ECANCELED);
	assert_int_equal(panthor_group_state(group, &state, &queues), 0);
	kt_expect(what, (int)state, PANTHOR_GROUP_FATAL_FAULT);
	kt_expect(what, (int)queues, 1 << queue);
	kt_expect(what, gpu_try_run(after[0], group, (queue + 1) % QUEUES), -EINVAL);
	gpu_group_destroy(g, group);
}

struct row {
	const char *name;
	write_stream write;
};

static void assert_all_fault(struct gpu *g, const struct row *rows, size_t count)
{
	struct gpu_bystanders others;

	gpu_bystanders_start(g, &others);
	for (size_t i = 0; i < count; i++)
		assert_faults(g, rows[i].name, rows[i].write, i % QUEUES);
	kt_all_expected();
	gpu_bystanders_finish(&others);
}

/*
 * Addresses
 */

static void load_unmapped(struct panthor_cs *cs, uint64_t va)
{
	gpu_cs_load(cs, NOWHERE);
}

static void store_unmapped(struct panthor_cs *cs, uint64_t va)
{
	gpu_cs_store(cs, NOWHERE, 1);
}

static void sync_add_unmapped(struct panthor_cs *cs, uint64_t va)
{
	gpu_cs_count(cs, NOWHERE, 1);
}

static void sync_wait_unmapped(struct panthor_cs *cs, uint64_t va)
{
	gpu_cs_wait_above(cs, NOWHERE, 0);
}

static void jump_to(struct panthor_cs *cs, uint64_t target)
{
	panthor_cs_move48(cs, 0, target);
	panthor_cs_move32(cs, 2, 8);
	panthor_cs_jump(cs, 0, 2);
}

static void run_unmapped(struct panthor_cs *cs, uint64_t va)
{
	jump_to(cs, NOWHERE);
}

static void load_page_0(struct panthor_cs *cs, uint64_t va)
{
	gpu_cs_load(cs, 0);
}

static void load_above_all_vas(struct panthor_cs *cs, uint64_t va)
{
	panthor_cs_move64(cs, 0, UINT64_MAX - 3);
	panthor_cs_load(cs, 2, 1, 0, 0);
}

/* With the bits cut off that no VA has, it would be mapped. */
static void load_beyond_48_bits(struct panthor_cs *cs, uint64_t va)
{
	panthor_cs_move64(cs, 0, (1ull << 48) + DATA_VA);
	panthor_cs_load(cs, 2, 1, 0, 0);
}

static void multiple_runs_off_the_page(struct panthor_cs *cs, uint64_t va)
{
	panthor_cs_move48(cs, 0, DATA_VA + KT_PAGE - 4);
	panthor_cs_load(cs, 2, 3, 0, 0);
}

static void store_read_only(struct panthor_cs *cs, uint64_t va)
{
	gpu_cs_store(cs, STREAM_VA + STREAM_BYTES - 8, 1);
}

static void sync_add_read_only(struct panthor_cs *cs, uint64_t va)
{
	gpu_cs_count(cs, STREAM_VA + STREAM_BYTES - 8, 1);
}

static void run_noexec(struct panthor_cs *cs, uint64_t va)
{
	jump_to(cs, DATA_VA);
}

static void unmapped_and_forbidden(void **state)
{
	static const struct row rows[] = {
		{ "load, unmapped", load_unmapped },
		{ "store, unmapped", store_unmapped },
		{ "sync add, unmapped", sync_add_unmapped },
		{ "sync wait, unmapped", sync_wait_unmapped },
		{ "run, unmapped", run_unmapped },
		{ "load, page 0", load_page_0 },
		{ "load, last address", load_above_all_vas },
		{ "load, 48 bits and more", load_beyond_48_bits },
		{ "load of two, one unmapped", multiple_runs_off_the_page },
		{ "store, read-only", store_read_only },
		{ "sync add, read-only", sync_add_read_only },
		{ "run, noexec", run_noexec },
	};

	assert_all_fault(*state, rows, ARRAY_SIZE(rows));
}

static void load_misaligned(struct panthor_cs *cs, uint64_t va)
{
	gpu_cs_load(cs, DATA_VA + 2);
}

static void store_misaligned(struct panthor_cs *cs, uint64_t va)
{
	gpu_cs_store(cs, DATA_VA + 1, 1);
}

static void sync64_misaligned(struct panthor_cs *cs, uint64_t va)
{
	panthor_cs_move48(cs, 0, DATA_VA + 4);
	panthor_cs_move48(cs, 2, 0);
	panthor_cs_sync_add(cs, 64, 0, 2, 0, 0);
}

static void run_misaligned(struct panthor_cs *cs, uint64_t va)
{
	jump_to(cs, STREAM_VA + 4);
}

static void unknown_opcode(struct panthor_cs *cs, uint64_t va)
{
	panthor_cs_emit(cs, panthor_cs_op(0xff));
}

static void unknown_register(struct panthor_cs *cs, uint64_t va)
{
	panthor_cs_emit(cs, panthor_cs_op(2) | 96ull << 48);
}

static void odd_pair(struct panthor_cs *cs, uint64_t va)
{
	panthor_cs_emit(cs, panthor_cs_op(1) | 1ull << 48);
}

static void branch_out(struct panthor_cs *cs, uint64_t va)
{
	panthor_cs_skip(cs, PANTHOR_CS_ALWAYS, 0, 1);
}

/* Calls all of itself, and so on. */
static void call_without_end(struct panthor_cs *cs, uint64_t va)
{
	panthor_cs_move48(cs, 0, va);
	panthor_cs_move32(cs, 2, (cs->count + 2) * 8);
	panthor_cs_call(cs, 0, 2);
}

static void protected_region(struct panthor_cs *cs, uint64_t va)
{
	panthor_cs_emit(cs, panthor_cs_op(41) | 1);
}

static void bad_instructions(void **state)
{
	static const struct row rows[] = {
		{ "load, misaligned", load_misaligned },
		{ "store, misaligned", store_misaligned },
		{ "64-bit sync add, aligned to 4", sync64_misaligned },
		{ "run, misaligned", run_misaligned },
		{ "opcode 0xff", unknown_opcode },
		{ "register 96", unknown_register },
		{ "odd register of a pair", odd_pair },
		{ "branch out of the stream", branch_out },
		{ "call of itself", call_without_end },
		{ "protected region", protected_region },
	};

	assert_all_fault(*state, rows, ARRAY_SIZE(rows));
}

static void run_compute(struct panthor_cs *cs, uint64_t va)
{
	panthor_cs_emit(cs, panthor_cs_op(4));
}

static void run_tiling(struct panthor_cs *cs, uint64_t va)
{
	panthor_cs_emit(cs, panthor_cs_op(5));
}

static void run_idvs(struct panthor_cs *cs, uint64_t va)
{
	panthor_cs_emit(cs, panthor_cs_op(6));
}

static void run_fragment(struct panthor_cs *cs, uint64_t va)
{
	panthor_cs_emit(cs, panthor_cs_op(7));
}

static void run_fullscreen(struct panthor_cs *cs, uint64_t va)
{
	panthor_cs_emit(cs, panthor_cs_op(8));
}

static void run_compute_indirect(struct panthor_cs *cs, uint64_t va)
{
	panthor_cs_emit(cs, panthor_cs_op(44));
}

/* Nobody is told that shaders ran: there are none. The log says why, once. */
static void shader_work(void **state)
{
	static const struct row rows[] = {
		{ "RUN_COMPUTE", run_compute },
		{ "RUN_TILING", run_tiling },
		{ "RUN_IDVS", run_idvs },
		{ "RUN_FRAGMENT", run_fragment },
		{ "RUN_FULLSCREEN", run_fullscreen },
		{ "RUN_COMPUTE_INDIRECT", run_compute_indirect },
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
