// SPDX-License-Identifier: MIT
/* What each instruction does when nothing is wrong. */
#include "cs_world.h"

/* Registers in, one instruction, register out: values are in r2/r3, r4/r5; results in r8/r9. */
static const struct alu_case {
	u64 insn, a, b, result;
} alu_cases[] = {
	{ CS_NOP | ~0ull >> 8, 1, 2, 0x9999999999999999ull },
	{ CS_MOVE(8, 0xffffffffffffull), 0, 0, 0xffffffffffffull },
	{ CS_MOVE(8, 0x123456789abcull), 0, 0, 0x123456789abcull },
	{ CS_MOVE32(8, 0xdeadbeef), 0, 0, 0x99999999deadbeefull },
	{ CS_MOVE32(9, 7), 0, 0, 0x799999999ull },
	{ CS_ADD32(8, 2, 5), 0x1fffffffdull, 0, 0x9999999900000002ull },
	{ CS_ADD32(8, 2, -5), 3, 0, 0x99999999fffffffeull },
	{ CS_ADD32(8, 3, 0x80000000), 0x8000000000000000ull, 0, 0x9999999900000000ull },
	{ CS_ADD64(8, 2, 5), 0xfffffffdull, 0, 0x100000002ull },
	{ CS_ADD64(8, 2, -5), 3, 0, -2ull },
	{ CS_ADD64(8, 2, 0x7fffffff), ~0ull, 0, 0x7ffffffeull },
	{ CS_ADD64(8, 2, 0x80000000), 0, 0, 0xffffffff80000000ull },
	{ CS_UMIN32(8, 2, 4), 0x80000000, 0x7fffffff, 0x999999997fffffffull },
	{ CS_UMIN32(8, 2, 4), 1, 0xffffffff, 0x9999999900000001ull },
	{ CS_UMIN32(8, 2, 2), 4, 0, 0x9999999900000004ull },
};

static void alu(void **state)
{
	struct world *w = *state;

	for (size_t i = 0; i < ARRAY_SIZE(alu_cases); i++) {
		const struct alu_case *c = &alu_cases[i];

		set_pair(w, 2, c->a);
		set_pair(w, 4, c->b);
		set_pair(w, 8, 0x9999999999999999ull);
		run_done(w, c->insn);
		assert_int_equal(pair(w, 8), c->result);
		assert_int_equal(pair(w, 2), c->a);
		assert_int_equal(pair(w, 4), c->b);
	}
}

static void highest_registers(void **state)
{
	struct world *w = *state;

	run_done(w, CS_MOVE(94, 0x123456789abcull), CS_MOVE32(93, 7), CS_ADD32(92, 95, 1));
	assert_int_equal(w->cs.regs[95], 0x1234);
	assert_int_equal(w->cs.regs[94], 0x56789abc);
	assert_int_equal(w->cs.regs[93], 7);
	assert_int_equal(w->cs.regs[92], 0x1235);
	/* Those that hardware may clobber between streams are kept. */
	run_done(w, CS_NOP);
	assert_int_equal(w->cs.regs[92], 0x1235);
	assert_int_equal(w->cs.regs[95], 0x1234);
}

static void load_multiple(void **state)
{
	struct world *w = *state;

	for (u32 i = 0; i < 32; i++)
		*at32(w, DATA + 4 * i) = 100 + i;
	set_pair(w, 0, DATA + 0x40);
	run_done(w, CS_LOAD(4, 0x8005, 0, 0));
	assert_int_equal(w->cs.regs[4], 116);
	assert_int_equal(w->cs.regs[5], 0);
	assert_int_equal(w->cs.regs[6], 118);
	assert_int_equal(w->cs.regs[18], 0);
	assert_int_equal(w->cs.regs[19], 131);
	run_done(w, CS_LOAD(80, 0xffff, 0, -0x40));
	for (u32 i = 0; i < 16; i++)
		assert_int_equal(w->cs.regs[80 + i], 100 + i);
	/* One instruction and one cycle a word. */
	assert_int_equal(w->cs.counters.instructions, 2);
	assert_int_equal(w->cs.counters.cycles, 19);
}

static void load_may_overwrite_its_address(void **state)
{
	struct world *w = *state;

	*at64(w, DATA) = 0x1111111122222222ull;
	*at64(w, DATA + 8) = 0x3333333344444444ull;
	set_pair(w, 0, DATA);
	run_done(w, CS_LOAD(0, 0xf, 0, 0));
	assert_int_equal(pair(w, 0), 0x1111111122222222ull);
	assert_int_equal(pair(w, 2), 0x3333333344444444ull);
}

static void multiple_across_pages(void **state)
{
	struct world *w = *state;

	for (u32 i = 0; i < 16; i++)
		w->cs.regs[16 + i] = 200 + i;
	set_pair(w, 0, DATA + PAGE);
	run_done(w, CS_STORE(16, 0xffff, 0, -28), CS_LOAD(40, 0xffff, 0, -28));
	for (u32 i = 0; i < 16; i++) {
		assert_int_equal(*at32(w, DATA + PAGE - 28 + 4 * i), 200 + i);
		assert_int_equal(w->cs.regs[40 + i], 200 + i);
	}
	assert_int_equal(*at32(w, DATA + PAGE - 32), 0);
	assert_int_equal(*at32(w, DATA + PAGE - 28 + 64), 0);
}

/* The largest offsets, and no mask. */
static void offsets_are_signed(void **state)
{
	struct world *w = *state;

	set_pair(w, 0, DATA);
	set_pair(w, 2, DATA + DATA_PAGES * PAGE);
	w->cs.regs[4] = 0xabcd;
	w->cs.regs[6] = 0xef01;
	run_done(w, CS_STORE(4, 1, 0, 0x7ffc), CS_STORE(2, 0x10, 2, -0x8000), CS_STORE(4, 0, 0, 0));
	assert_int_equal(*at32(w, DATA + 0x7ffc), 0xabcd);
	assert_int_equal(*at32(w, DATA + 16), 0xef01);
	assert_int_equal(*at32(w, DATA), 0);
	assert_int_equal(w->cs.counters.cycles, 3);
}

static void state_of_the_queue(void **state)
{
	struct world *w = *state;

	run_done(w, CS_SET_SB_ENTRY(3, 9), CS_REQ_RESOURCE(0xd), CS_MOVE(90, 0x12345678),
		 CS_MOVE(66, 0x456789ab000ull), CS_HEAP_SET(66), CS_MOVE32(4, 0x108),
		 CS_SET_EXCEPTION_HANDLER(2, 90, 4));
	assert_int_equal(w->cs.sb.endpoint, 3);
	assert_int_equal(w->cs.sb.other, 9);
	assert_int_equal(w->cs.resources, 0xd);
	assert_int_equal(w->cs.heap_va, 0x456789ab000ull);
	assert_int_equal(w->cs.oom_handler.va, 0x12345678);
	assert_int_equal(w->cs.oom_handler.size, 0x108);
	run_done(w, CS_NOP);
	assert_int_equal(w->cs.heap_va, 0x456789ab000ull);
	panthor_cs_reset(&w->cs);
	assert_int_equal(w->cs.heap_va, 0);
	assert_int_equal(w->cs.regs[90], 0);
	assert_int_equal(w->cs.counters.instructions, 0);
}

static void heap_counters(void **state)
{
	struct world *w = *state;
	u32 before[4];

	/* Of no heap, nothing is counted. */
	run_done(w, CS_HEAP_OPERATION(0), CS_FINISH_FRAGMENT(1, 2, 4));
	memcpy(before, at32(w, DATA + 64), sizeof(before));
	run_done(w, CS_MOVE(0, DATA + 64), CS_HEAP_SET(0), CS_HEAP_OPERATION(0),
		 CS_HEAP_OPERATION(1), CS_HEAP_OPERATION(1), CS_HEAP_OPERATION(3),
		 CS_FINISH_FRAGMENT(1, 2, 4), CS_FINISH_FRAGMENT(0, 2, 4));
	assert_int_equal(*at32(w, DATA + 64), before[0] + 1);
	assert_int_equal(*at32(w, DATA + 68), before[1] + 2);
	assert_int_equal(*at32(w, DATA + 72), before[2]);
	assert_int_equal(*at32(w, DATA + 76), before[3] + 2);
}

/* What HEAP_SET says is looked at once it is used, and then like any other address. */
static void heap_that_is_none(void **state)
{
	static const struct {
		u64 va, fault_va;
		enum panthor_cs_exception type;
	} heaps[] = {
		{ HOLE, HOLE + 4, PANTHOR_CS_EXC_TRANSLATION },
		{ RDONLY, RDONLY + 4, PANTHOR_CS_EXC_PERMISSION },
		{ DATA + 2, DATA + 6, PANTHOR_CS_EXC_BUS },
	};

	for (size_t i = 0; i < sizeof(heaps) / sizeof(heaps[0]); i++) {
		struct world *w = *state;

		world_reset(w);
		run_done(w, CS_MOVE(0, heaps[i].va), CS_HEAP_SET(0));
		assert_int_equal(run(w, CS_HEAP_OPERATION(1)), PANTHOR_CS_FAULT);
		expect_fault(w, heaps[i].type, CODE, heaps[i].fault_va);
	}
}

static void flush_and_trace(void **state)
{
	struct world *w = *state;

	run_done(w, CS_FLUSH_CACHE2(1, 3, 95), CS_FLUSH_CACHE2(0, 0, 0), CS_TRACE_POINT(90, 6),
		 CS_TRACE_POINT(95, 0));
	assert_int_equal(w->flushes, 2);
}

static void store_state(void **state)
{
	struct world *w = *state;

	memset(at(w, DATA), 0xff, 64);
	w->clock = 0x100000041ull;
	w->cs.error = PANTHOR_CS_EXC_INHERIT;
	set_pair(w, 0, DATA + 16);
	run_done(w, CS_STORE_STATE(CS_TIMESTAMP, 0, -16), CS_STORE_STATE(CS_CYCLE_COUNT, 0, -8),
		 CS_STORE_STATE(CS_DISJOINT_COUNT, 0, 4), CS_STORE_STATE(CS_ERROR_STATUS, 0, 12));
	assert_int_equal(*at64(w, DATA), 0x100000042ull);
	assert_int_equal(*at64(w, DATA + 8), 0x4300000000ull);
	assert_int_equal(*at64(w, DATA + 16), 0x00000000ffffffffull);
	assert_int_equal(*at64(w, DATA + 24), 0x0000004bffffffffull);
	assert_int_equal(*at64(w, DATA + 32), ~0ull);
}

static void sync_add_and_set(void **state)
{
	struct world *w = *state;
	u64 *mem = at64(w, DATA);

	set_pair(w, 0, DATA);
	set_pair(w, 2, 0x5ffffffffull);
	mem[0] = 0xee00000003ull;
	run_done(w, CS_SYNC_ADD32(2, 0));
	assert_int_equal(w->cs.events, PANTHOR_CS_EVENT_SIGNAL);
	assert_int_equal(mem[0], 0xee00000002ull);
	run_done(w, CS_SYNC_SET32(3, 0));
	assert_int_equal(w->cs.events, PANTHOR_CS_EVENT_SIGNAL);
	assert_int_equal(mem[0], 0xee00000005ull);
	run_done(w, CS_SYNC_SET64(2, 0));
	assert_int_equal(mem[0], 0x5ffffffffull);
	run_done(w, CS_SYNC_ADD64(2, 0));
	assert_int_equal(mem[0], 0xbfffffffeull);
	assert_int_equal(mem[1], 0);
	run_done(w, CS_NOP);
	assert_int_equal(w->cs.events, 0);
}

static void errors_spread(void **state)
{
	struct world *w = *state;
	u64 *mem = at64(w, DATA);

	set_pair(w, 0, DATA);
	set_pair(w, 2, DATA + 32);
	mem[0] = 5;
	mem[1] = 77;
	mem[5] = 0xabcdef0000000007ull;

	/* Not when it is rejected, and not past a barrier. */
	run_done(w, CS_SYNC_WAIT64(CS_GT, 4, 0) | CS_REJECT, CS_SYNC_ADD64(0, 2) | CS_PROPAGATE);
	assert_int_equal(w->cs.error, 0);
	assert_int_equal(mem[5], 0xabcdef0000000007ull);
	run_done(w, CS_SYNC_WAIT64(CS_GT, 4, 0), CS_ERROR_BARRIER,
		 CS_SYNC_ADD64(0, 2) | CS_PROPAGATE);
	assert_int_equal(mem[5], 0xabcdef0000000007ull);

	run_done(w, CS_SYNC_WAIT64(CS_GT, 4, 0), CS_SYNC_ADD64(0, 2));
	assert_int_equal(mem[5], 0xabcdef0000000007ull);
	run_done(w, CS_SYNC_SET64(0, 2) | CS_PROPAGATE);
	assert_int_equal(mem[5], 0xabcdef000000004bull);
	assert_int_equal(panthor_cs_take_error(&w->cs), PANTHOR_CS_EXC_INHERIT);
	assert_int_equal(panthor_cs_take_error(&w->cs), 0);
}

/* The error of the 32-bit form is in the next word. */
static void errors_spread_32(void **state)
{
	struct world *w = *state;
	u64 *mem = at64(w, DATA);

	set_pair(w, 0, DATA);
	set_pair(w, 2, DATA + 12);
	mem[0] = 0x100000005ull;
	run_done(w, CS_SYNC_WAIT32(CS_GE, 6, 0), CS_SYNC_SET32(2, 2) | CS_PROPAGATE);
	assert_int_equal(mem[1] >> 32, (u32)(DATA + 12));
	assert_int_equal(mem[2], 0x4b);
}

static void run_policy(void **state)
{
	static const u64 insns[] = {
		CS_RUN_COMPUTE,	 CS_RUN_TILING,	       CS_RUN_IDVS,
		CS_RUN_FRAGMENT, CS_RUN_FULLSCREEN(2), CS_RUN_COMPUTE_INDIRECT
	};
	struct world *w = *state;

	for (size_t i = 0; i < ARRAY_SIZE(insns); i++) {
		panthor_cs_reset(&w->cs);
		assert_int_equal(run(w, CS_NOP, insns[i]), PANTHOR_CS_FAULT);
		expect_fault(w, PANTHOR_CS_EXC_ENDPOINT, CODE + 8, 0);
		assert_int_equal(w->cs.fault.insn, insns[i]);
		assert_int_equal(w->cs.events, 0);
	}
	panthor_cs_reset(&w->cs);
	w->cs.config.run_policy = PANTHOR_CS_RUN_COMPLETES;
	for (size_t i = 0; i < ARRAY_SIZE(insns); i++) {
		run_done(w, insns[i] | CS_PROGRESS);
		assert_int_equal(w->cs.events,
				 PANTHOR_CS_EVENT_RUN_SKIPPED | PANTHOR_CS_EVENT_SIGNAL);
		assert_int_equal(w->progress[1], i + 1);
	}
}

static void progress(void **state)
{
	struct world *w = *state;

	run_done(w, CS_WAIT(0xff) | CS_PROGRESS, CS_WAIT(0xffff), CS_FINISH_TILING | CS_PROGRESS,
		 CS_FINISH_TILING, CS_PROGRESS_LOAD(94));
	assert_int_equal(w->progress[1], 2);
	assert_int_equal(pair(w, 94), 2);
	assert_int_equal(w->cs.events, PANTHOR_CS_EVENT_SIGNAL);

	set_pair(w, 4, 0xfffffffffull);
	run_done(w, CS_PROGRESS_STORE(4), CS_WAIT(0) | CS_PROGRESS, CS_PROGRESS_LOAD(6));
	assert_int_equal(pair(w, 6), 0x1000000000ull);
	assert_int_equal(w->progress[0], 0);
	assert_int_equal(w->progress[2], 0);
	run_done(w, CS_PROGRESS_WAIT(1, 6));
	panthor_cs_reset(&w->cs);
	assert_int_equal(w->progress[1], 0);
}

static void protected_region_of_nothing(void **state)
{
	run_done(*state, CS_PROT_REGION(0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(alu),
		world_test(highest_registers),
		world_test(load_multiple),
		world_test(load_may_overwrite_its_address),
		world_test(multiple_across_pages),
		world_test(offsets_are_signed),
		world_test(state_of_the_queue),
		world_test(heap_counters),
		world_test(heap_that_is_none),
		world_test(flush_and_trace),
		world_test(store_state),
		world_test(sync_add_and_set),
		world_test(errors_spread),
		world_test(errors_spread_32),
		world_test(run_policy),
		world_test(progress),
		world_test(protected_region_of_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
