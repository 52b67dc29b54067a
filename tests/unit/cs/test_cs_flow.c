// SPDX-License-Identifier: MIT
/* Where a stream goes: branches, calls, budgets, blocking; and a few programs. */
#include "cs_world.h"

static void conditions(void **state)
{
	static const s32 values[] = { -2147483647 - 1, -1, 0, 1, 2147483647 };
	struct world *w = *state;

	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		const s32 v = values[i];
		const bool holds[] = { v <= 0, v > 0, v == 0, v != 0, v < 0, v >= 0, true };

		for (u32 c = CS_LE; c <= CS_ALWAYS; c++) {
			run_done(w, CS_MOVE32(0, v), CS_MOVE32(1, 0), CS_BRANCH(c, 0, 1),
				 CS_MOVE32(1, 1));
			assert_int_equal(w->cs.regs[1], !holds[c]);
		}
	}
}

static void branch_targets(void **state)
{
	struct world *w = *state;

	/* To the end, to the next, and back to the very first. */
	run_done(w, CS_BRANCH(CS_ALWAYS, 0, 1), CS_MOVE32(0, 1));
	assert_int_equal(w->cs.regs[0], 0);
	run_done(w, CS_BRANCH(CS_ALWAYS, 0, 0), CS_MOVE32(0, 2));
	assert_int_equal(w->cs.regs[0], 2);
	run_done(w, CS_ADD32(0, 0, -1), CS_BRANCH(CS_GE, 0, -2));
	assert_int_equal(w->cs.regs[0], (u32)-1);
	assert_int_equal(w->cs.counters.instructions, 1 + 2 + 6);
	/* Not taken, so it may name what is out of bounds. */
	run_done(w, CS_BRANCH(CS_GT, 0, 1000));
}

static void wait_conditions(void **state)
{
	static const u64 values[] = { 0, 4, 5, 6, 0x80000000, 0x100000005, ~0ull };
	struct world *w = *state;

	for (size_t i = 0; i < ARRAY_SIZE(values) * 14; i++) {
		const bool wide = i % 2;
		const u32 c = i / 2 % 7;
		const u64 all = values[i / 14], v = wide ? all : (u32)all;
		const bool holds[] = { v <= 5, v > 5, v == 5, v != 5, v < 5, v >= 5, true };

		*at64(w, DATA) = all;
		set_pair(w, 0, DATA);
		set_pair(w, 2, 5);
		assert_int_equal(run(w, (wide ? CS_SYNC_WAIT64(c, 2, 0) : CS_SYNC_WAIT32(c, 2, 0)) |
						CS_REJECT),
				 holds[c] ? PANTHOR_CS_DONE : PANTHOR_CS_BLOCKED);
	}
}

static void blocked_and_resumed(void **state)
{
	struct world *w = *state;

	set_pair(w, 0, DATA);
	set_pair(w, 2, 10);
	assert_int_equal(run(w, CS_NOP, CS_SYNC_WAIT64(CS_GT, 2, 0), CS_MOVE32(4, 1)),
			 PANTHOR_CS_BLOCKED);
	for (u32 i = 0; i < 3; i++) {
		assert_int_equal(w->cs.wait.kind, PANTHOR_CS_WAIT_SYNC64);
		assert_int_equal(w->cs.wait.condition, CS_GT);
		assert_int_equal(w->cs.wait.target, DATA);
		assert_int_equal(w->cs.wait.reference, 10);
		assert_int_equal(w->cs.counters.instructions, 1);
		assert_int_equal(w->cs.counters.cycles, 1);
		*at64(w, DATA) = 8 + i;
		assert_int_equal(panthor_cs_run(&w->cs, BIG), PANTHOR_CS_BLOCKED);
	}
	*at64(w, DATA) = 11;
	assert_int_equal(panthor_cs_run(&w->cs, 0), PANTHOR_CS_YIELD);
	assert_int_equal(panthor_cs_run(&w->cs, 1), PANTHOR_CS_YIELD);
	assert_int_equal(w->cs.wait.kind, PANTHOR_CS_WAIT_NONE);
	assert_int_equal(w->cs.regs[4], 0);
	assert_int_equal(panthor_cs_run(&w->cs, 1), PANTHOR_CS_DONE);
	assert_int_equal(w->cs.regs[4], 1);
	assert_int_equal(panthor_cs_run(&w->cs, 1), PANTHOR_CS_DONE);
}

static void blocked_by_progress(void **state)
{
	struct world *w = *state;

	set_pair(w, 0, 0x100000000ull);
	assert_int_equal(run(w, CS_PROGRESS_WAIT(2, 0), CS_MOVE32(4, 1)), PANTHOR_CS_BLOCKED);
	assert_int_equal(w->cs.wait.kind, PANTHOR_CS_WAIT_PROGRESS);
	assert_int_equal(w->cs.wait.target, 2);
	assert_int_equal(w->cs.wait.reference, 0x100000000ull);
	w->progress[2] = 0xffffffff;
	w->progress[0] = ~0ull;
	assert_int_equal(panthor_cs_run(&w->cs, BIG), PANTHOR_CS_BLOCKED);
	w->progress[2] = 0x100000000ull;
	assert_int_equal(panthor_cs_run(&w->cs, BIG), PANTHOR_CS_DONE);
	assert_int_equal(w->cs.regs[4], 1);
}

/* A mapping that goes away between two runs is gone. */
static void nothing_is_remembered(void **state)
{
	struct world *w = *state;

	set_pair(w, 0, DATA);
	set_pair(w, 2, 1);
	assert_int_equal(run(w, CS_SYNC_WAIT64(CS_GE, 2, 0)), PANTHOR_CS_BLOCKED);
	for (u32 i = 0; i < WORLD_PAGES; i++) {
		if (w->pages[i].va == DATA)
			w->pages[i].access = 0;
	}
	assert_int_equal(panthor_cs_run(&w->cs, BIG), PANTHOR_CS_FAULT);
	expect_fault(w, PANTHOR_CS_EXC_PERMISSION, CODE, DATA);
}

static void call_and_return(void **state)
{
	struct world *w = *state;

	put_code(w, CODE + PAGE, INSNS(CS_ADD32(2, 2, 1), CS_BRANCH(CS_ALWAYS, 0, 1), CS_OP(255)));
	set_pair(w, 0, CODE + PAGE);
	w->cs.regs[4] = 24;
	/* Twice, the second as the last instruction of its buffer. */
	run_done(w, CS_CALL(0, 4), CS_ADD32(3, 3, 1), CS_CALL(0, 4));
	assert_int_equal(w->cs.regs[2], 2);
	assert_int_equal(w->cs.regs[3], 1);
	assert_int_equal(w->cs.counters.instructions, 7);
	/* It is as long as the caller says, whatever there may be behind. */
	w->cs.regs[4] = 8;
	run_done(w, CS_CALL(0, 4));
	assert_int_equal(w->cs.regs[2], 3);
	w->cs.regs[4] = 16;
	assert_int_equal(run(w, CS_CALL(0, 4)), PANTHOR_CS_FAULT);
	expect_fault(w, PANTHOR_CS_EXC_INVALID_PC, CODE + PAGE + 8, CODE + PAGE + 24);
}

static void call_of_nothing(void **state)
{
	struct world *w = *state;

	set_pair(w, 0, HOLE);
	run_done(w, CS_CALL(0, 4), CS_MOVE32(2, 1), CS_CALL(0, 4));
	assert_int_equal(w->cs.regs[2], 1);
	/* To a buffer of nothing: the current one has ended. */
	run_done(w, CS_JUMP(0, 4), CS_MOVE32(2, 2));
	assert_int_equal(w->cs.regs[2], 1);
	panthor_cs_start(&w->cs, HOLE, 0);
	assert_int_equal(panthor_cs_run(&w->cs, 0), PANTHOR_CS_DONE);
}

static void jump_replaces_the_buffer(void **state)
{
	struct world *w = *state;

	set_pair(w, 0, CODE + PAGE);
	set_pair(w, 6, CODE + 2 * PAGE);
	w->cs.regs[4] = 16;
	put_code(w, CODE + PAGE, INSNS(CS_JUMP(6, 4), CS_OP(255)));
	put_code(w, CODE + 2 * PAGE, INSNS(CS_ADD32(2, 2, 1), CS_ADD32(2, 2, 1)));
	run_done(w, CS_CALL(0, 4), CS_ADD32(2, 2, 10), CS_JUMP(0, 4), CS_OP(255));
	assert_int_equal(w->cs.regs[2], 14);
}

/* Each buffer calls the next one, so many deep. */
static enum panthor_cs_status nest(struct world *w, u32 depth)
{
	for (u32 i = 1; i <= depth; i++)
		put_code(w, CODE + 64 * i,
			 INSNS(CS_ADD32(2, 2, 1), CS_ADD64(0, 0, 64),
			       i < depth ? CS_CALL(0, 4) : CS_NOP, CS_ADD32(3, 3, 1)));
	set_pair(w, 0, CODE + 64);
	w->cs.regs[4] = 32;
	return run(w, CS_CALL(0, 4), CS_ADD32(3, 3, 1));
}

static void call_depth(void **state)
{
	struct world *w = *state;

	assert_int_equal(nest(w, 8), PANTHOR_CS_DONE);
	assert_int_equal(w->cs.regs[2], 8);
	assert_int_equal(w->cs.regs[3], 9);
	panthor_cs_reset(&w->cs);
	assert_int_equal(nest(w, 9), PANTHOR_CS_FAULT);
	expect_fault(w, PANTHOR_CS_EXC_CALL_STACK, CODE + 64 * 8 + 16, 0);
	/* The next stream has a stack of its own. */
	panthor_cs_reset(&w->cs);
	assert_int_equal(nest(w, 8), PANTHOR_CS_DONE);
}

static void start_abandons(void **state)
{
	struct world *w = *state;

	set_pair(w, 0, CODE);
	w->cs.regs[4] = 8;
	put_code(w, CODE, INSNS(CS_CALL(0, 4), CS_MOVE32(5, 1)));
	panthor_cs_start(&w->cs, CODE, 16);
	assert_int_equal(panthor_cs_run(&w->cs, 3), PANTHOR_CS_YIELD);
	assert_int_equal(w->cs.depth, 3);
	run_done(w, CS_NOP);
	assert_int_equal(w->cs.regs[5], 0);
	assert_int_equal(w->cs.counters.instructions, 4);
}

/* Streams that never end cost what they are given, and no more than that. */
static void endless_streams(void **state)
{
	static const u64 forever[] = { CS_BRANCH(CS_ALWAYS, 0, -1), CS_JUMP(0, 4) };
	struct world *w = *state;

	for (size_t i = 0; i < ARRAY_SIZE(forever); i++) {
		panthor_cs_reset(&w->cs);
		set_pair(w, 0, CODE);
		w->cs.regs[4] = 8;
		assert_int_equal(run(w, forever[i]), PANTHOR_CS_YIELD);
		assert_int_equal(w->cs.counters.cycles, BIG);
		assert_int_equal(panthor_cs_run(&w->cs, 5), PANTHOR_CS_YIELD);
		assert_int_equal(w->cs.counters.cycles, BIG + 5);
	}
}

static void budgets(void **state)
{
	struct world *w = *state;

	set_pair(w, 0, DATA);
	put_code(w, CODE, INSNS(CS_NOP, CS_LOAD(16, 0xffff, 0, 0), CS_NOP));
	panthor_cs_start(&w->cs, CODE, 24);
	assert_int_equal(w->cs.status, PANTHOR_CS_YIELD);
	assert_int_equal(panthor_cs_run(&w->cs, 0), PANTHOR_CS_YIELD);
	assert_int_equal(w->cs.counters.cycles, 0);
	assert_int_equal(panthor_cs_run(&w->cs, 2), PANTHOR_CS_YIELD);
	assert_int_equal(w->cs.counters.cycles, 17);
	assert_int_equal(panthor_cs_run(&w->cs, 1), PANTHOR_CS_DONE);
	assert_int_equal(w->cs.counters.instructions, 3);
	assert_int_equal(w->cs.counters.cycles, 18);
	assert_int_equal(panthor_cs_run(&w->cs, 0xffffffff), PANTHOR_CS_DONE);
}

/* r0: destination, r2: words, r3: value. */
static void fill_program(void **state)
{
	struct world *w = *state;
	const u32 words = DATA_PAGES * PAGE / 4;

	run_done(w, CS_MOVE(0, DATA), CS_MOVE32(2, words), CS_MOVE32(3, 1000), CS_STORE(3, 1, 0, 0),
		 CS_ADD64(0, 0, 4), CS_ADD32(3, 3, 1), CS_ADD32(2, 2, -1), CS_BRANCH(CS_GT, 2, -5));
	for (u32 i = 0; i < words; i++)
		assert_int_equal(*at32(w, DATA + 4 * i), 1000 + i);
	assert_int_equal(w->cs.counters.instructions, 3 + 5 * words);
	assert_int_equal(w->maps, 1 + DATA_PAGES);
}

static void copy_program(void **state)
{
	struct world *w = *state;
	u64 seed = 1;

	for (u32 i = 0; i < PAGE / 8; i++)
		*at64(w, RDONLY + 8 * i) = rnd(&seed);
	run_done(w, CS_MOVE(0, DATA + PAGE - 64), CS_MOVE(2, RDONLY), CS_MOVE32(4, PAGE / 64),
		 CS_LOAD(16, 0xffff, 2, 0), CS_STORE(16, 0xffff, 0, 0), CS_ADD64(0, 0, 64),
		 CS_ADD64(2, 2, 64), CS_ADD32(4, 4, -1), CS_BRANCH(CS_NE, 4, -6));
	for (u32 i = 0; i < PAGE; i += 8)
		assert_int_equal(*at64(w, DATA + PAGE - 64 + i), *at64(w, RDONLY + i));
	assert_int_equal(w->cs.counters.cycles, 3 + (2 * 16 + 4) * (PAGE / 64));
	/* Each page was looked up once, wherever the first access was. */
	assert_int_equal(w->maps, 1 + 1 + 2);
}

/* A stream that writes the instruction after next: it is executed as written. */
static void self_modifying(void **state)
{
	struct world *w = *state;
	const u64 insn = CS_MOVE32(9, 77);

	put_code(w, RWX, INSNS(CS_STORE(4, 3, 0, 0), CS_NOP, CS_OP(255)));
	set_pair(w, 0, RWX + 16);
	set_pair(w, 4, insn);
	panthor_cs_start(&w->cs, RWX, 24);
	assert_int_equal(panthor_cs_run(&w->cs, BIG), PANTHOR_CS_DONE);
	assert_int_equal(w->cs.regs[9], 77);
}

/* The initial streams of a Vulkan driver. */
static void initial_streams(void **state)
{
	struct world *w = *state;

	run_done(w, CS_MOVE(90, 0x7fff00000000ull), CS_SET_SB_ENTRY(3, 0), CS_MOVE(66, 0x1000),
		 CS_HEAP_SET(66));
	assert_int_equal(w->cs.heap_va, 0x1000);
	assert_int_equal(pair(w, 90), 0x7fff00000000ull);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(conditions),
		world_test(branch_targets),
		world_test(wait_conditions),
		world_test(blocked_and_resumed),
		world_test(blocked_by_progress),
		world_test(nothing_is_remembered),
		world_test(call_and_return),
		world_test(call_of_nothing),
		world_test(jump_replaces_the_buffer),
		world_test(call_depth),
		world_test(start_abandons),
		world_test(endless_streams),
		world_test(budgets),
		world_test(fill_program),
		world_test(copy_program),
		world_test(self_modifying),
		world_test(initial_streams),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
