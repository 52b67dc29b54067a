// SPDX-License-Identifier: MIT
/* What streams get wrong: each has its fault, and leaves everything else as it was. */
#include "cs_world.h"

/* Registers that the cases find: */
#define DATA_AT	  0 /* r0/r1 */
#define HOLE_AT	  2
#define RDONLY_AT 4
#define WRONLY_AT 6
#define ODD_AT	  8  /* DATA + 2 */
#define WORD_AT	  10 /* DATA + 4 */
#define CODE_AT	  12
#define MAX_AT	  14 /* ~0 - 7 */
#define BROKEN_AT 16
#define LAST_AT	  18 /* last 8 bytes of DATA */
#define EIGHT	  20
#define SEVEN	  21
#define HUGE	  22
#define ZERO_REG  23
#define CODE1_AT  24 /* CODE + 1 */

#define INVALID	 PANTHOR_CS_EXC_INVALID_INSTRUCTION
#define UNMAPPED PANTHOR_CS_EXC_TRANSLATION
#define DENIED	 PANTHOR_CS_EXC_PERMISSION
#define BUS	 PANTHOR_CS_EXC_BUS
#define PC	 PANTHOR_CS_EXC_INVALID_PC
#define DATA_END (DATA + DATA_PAGES * PAGE)

static const struct hostile_case {
	const char *name;
	u64 insn;
	u32 type;
	u64 va;
} cases[] = {
	{ "opcode 0xff", CS_OP(0xff), INVALID, 0 },
	{ "all ones", ~0ull, INVALID, 0 },
	{ "opcode 10", CS_OP(10), INVALID, 0 },
	{ "opcode 19", CS_OP(19), INVALID, 0 },
	{ "opcode 54", CS_OP(54), INVALID, 0 },

	{ "MOVE odd", CS_MOVE(1, 0), INVALID, 0 },
	{ "MOVE 95", CS_MOVE(95, 0), INVALID, 0 },
	{ "MOVE 96", CS_MOVE(96, 0), INVALID, 0 },
	{ "MOVE 254", CS_MOVE(254, 0), INVALID, 0 },
	{ "MOVE 128", CS_MOVE(128, 0), INVALID, 0 },
	{ "MOVE32 96", CS_MOVE32(96, 0), INVALID, 0 },
	{ "MOVE32 255", CS_MOVE32(255, 0), INVALID, 0 },
	{ "ADD32 source", CS_ADD32(0, 96, 0), INVALID, 0 },
	{ "ADD32 destination", CS_ADD32(200, 0, 0), INVALID, 0 },
	{ "ADD64 odd source", CS_ADD64(0, 3, 0), INVALID, 0 },
	{ "ADD64 odd destination", CS_ADD64(3, 0, 0), INVALID, 0 },
	{ "ADD64 source", CS_ADD64(0, 96, 0), INVALID, 0 },
	{ "UMIN32 first", CS_UMIN32(0, 97, 0), INVALID, 0 },
	{ "UMIN32 second", CS_UMIN32(0, 0, 112), INVALID, 0 },
	{ "UMIN32 destination", CS_UMIN32(160, 0, 0), INVALID, 0 },

	{ "LOAD base", CS_LOAD(96, 0, DATA_AT, 0), INVALID, 0 },
	{ "LOAD beyond", CS_LOAD(81, 0x8000, DATA_AT, 0), INVALID, 0 },
	{ "LOAD beyond by one", CS_LOAD(95, 3, DATA_AT, 0), INVALID, 0 },
	{ "LOAD odd pair", CS_LOAD(30, 1, 1, 0), INVALID, 0 },
	{ "LOAD address 96", CS_LOAD(30, 1, 96, 0), INVALID, 0 },
	{ "LOAD misaligned", CS_LOAD(30, 1, ODD_AT, 0), BUS, DATA + 2 },
	{ "LOAD misaligned offset", CS_LOAD(30, 2, DATA_AT, 1), BUS, DATA + 5 },
	{ "LOAD hole", CS_LOAD(30, 4, HOLE_AT, 0), UNMAPPED, HOLE + 8 },
	{ "LOAD into hole", CS_LOAD(30, 0xff, LAST_AT, 0), UNMAPPED, DATA_END },
	{ "LOAD before", CS_LOAD(30, 0xff, DATA_AT, -4), UNMAPPED, DATA - 4 },
	{ "LOAD below 0", CS_LOAD(30, 1, 32, -4096 * 2), UNMAPPED, -8192ull },
	{ "LOAD write only", CS_LOAD(30, 1, WRONLY_AT, 0), DENIED, WRONLY },
	{ "LOAD broken", CS_LOAD(30, 1, BROKEN_AT, 4), PANTHOR_CS_EXC_MEMORY, BROKEN + 4 },
	{ "STORE base", CS_STORE(255, 0, DATA_AT, 0), INVALID, 0 },
	{ "STORE beyond", CS_STORE(81, 0xffff, DATA_AT, 0), INVALID, 0 },
	{ "STORE misaligned", CS_STORE(30, 1, ODD_AT, 0), BUS, DATA + 2 },
	{ "STORE hole", CS_STORE(30, 1, HOLE_AT, 0), UNMAPPED, HOLE },
	{ "STORE read only", CS_STORE(30, 1, RDONLY_AT, 0), DENIED, RDONLY },
	{ "STORE code", CS_STORE(30, 1, CODE_AT, 0), DENIED, CODE },

	{ "BRANCH reserved", CS_BRANCH(7, 0, 0), INVALID, 0 },
	{ "BRANCH register", CS_BRANCH(CS_ALWAYS, 96, 0), INVALID, 0 },
	{ "BRANCH before", CS_BRANCH(CS_ALWAYS, 0, -3), PC, CODE - 8 },
	{ "BRANCH beyond", CS_BRANCH(CS_ALWAYS, 0, 2), PC, CODE + 32 },
	{ "BRANCH far", CS_BRANCH(CS_ALWAYS, 0, 0x7fff), PC, CODE + 16 + 8 * 0x7fff },
	{ "BRANCH far back", CS_BRANCH(CS_ALWAYS, 0, -0x8000), PC, CODE + 16 - 8 * 0x8000 },
	{ "CALL odd pair", CS_CALL(1, EIGHT), INVALID, 0 },
	{ "CALL length register", CS_CALL(CODE_AT, 96), INVALID, 0 },
	{ "CALL length", CS_CALL(CODE_AT, SEVEN), PC, CODE },
	{ "CALL misaligned", CS_CALL(CODE1_AT, EIGHT), PC, CODE + 1 },
	{ "CALL nothing, misaligned", CS_CALL(CODE1_AT, ZERO_REG), PC, CODE + 1 },
	{ "CALL wraps", CS_CALL(MAX_AT, HUGE), PC, -8ull },
	{ "JUMP odd pair", CS_JUMP(1, EIGHT), INVALID, 0 },
	{ "JUMP length register", CS_JUMP(CODE_AT, 255), INVALID, 0 },
	{ "JUMP length", CS_JUMP(CODE_AT, SEVEN), PC, CODE },
	{ "JUMP misaligned", CS_JUMP(WORD_AT, EIGHT), PC, DATA + 4 },
	{ "JUMP wraps", CS_JUMP(MAX_AT, HUGE), PC, -8ull },

	{ "handler type", CS_SET_EXCEPTION_HANDLER(1, 0, 0), INVALID, 0 },
	{ "handler length", CS_SET_EXCEPTION_HANDLER(2, 0, 96), INVALID, 0 },
	{ "handler address", CS_SET_EXCEPTION_HANDLER(2, 3, 0), INVALID, 0 },
	{ "FLUSH_CACHE2 id", CS_FLUSH_CACHE2(0, 0, 96), INVALID, 0 },
	{ "FLUSH_CACHE2 L2", CS_FLUSH_CACHE2(2, 0, 0), INVALID, 0 },
	{ "FLUSH_CACHE2 LSC", CS_FLUSH_CACHE2(0, 8, 0), INVALID, 0 },
	{ "HEAP_SET odd", CS_HEAP_SET(1), INVALID, 0 },
	{ "HEAP_OPERATION 2", CS_HEAP_OPERATION(2), INVALID, 0 },
	{ "TRACE_POINT base", CS_TRACE_POINT(96, 0), INVALID, 0 },
	{ "TRACE_POINT count", CS_TRACE_POINT(90, 7), INVALID, 0 },
	{ "TRACE_POINT both", CS_TRACE_POINT(95, 255), INVALID, 0 },
	{ "FINISH_FRAGMENT last", CS_FINISH_FRAGMENT(1, 1, 0), INVALID, 0 },
	{ "FINISH_FRAGMENT first", CS_FINISH_FRAGMENT(1, 0, 96), INVALID, 0 },
	{ "RUN_FULLSCREEN dcd", CS_RUN_FULLSCREEN(7), INVALID, 0 },
	{ "RUN_COMPUTE", CS_RUN_COMPUTE, PANTHOR_CS_EXC_ENDPOINT, 0 },
	{ "PROT_REGION", CS_PROT_REGION(1), PANTHOR_CS_EXC_CONFIG, 0 },
	{ "PROGRESS_WAIT queue", CS_PROGRESS_WAIT(WORLD_QUEUES, EIGHT), INVALID, 0 },
	{ "PROGRESS_WAIT 31", CS_PROGRESS_WAIT(31, EIGHT), INVALID, 0 },
	{ "PROGRESS_WAIT odd", CS_PROGRESS_WAIT(0, SEVEN), INVALID, 0 },
	{ "PROGRESS_STORE odd", CS_PROGRESS_STORE(95), INVALID, 0 },
	{ "PROGRESS_LOAD", CS_PROGRESS_LOAD(96), INVALID, 0 },

	{ "SYNC_ADD32 data", CS_SYNC_ADD32(96, DATA_AT), INVALID, 0 },
	{ "SYNC_ADD32 address", CS_SYNC_ADD32(0, 1), INVALID, 0 },
	{ "SYNC_ADD32 misaligned", CS_SYNC_ADD32(0, ODD_AT), BUS, DATA + 2 },
	{ "SYNC_ADD32 hole", CS_SYNC_ADD32(0, HOLE_AT), UNMAPPED, HOLE },
	{ "SYNC_ADD64 data", CS_SYNC_ADD64(1, DATA_AT), INVALID, 0 },
	{ "SYNC_ADD64 misaligned", CS_SYNC_ADD64(0, WORD_AT), BUS, DATA + 4 },
	{ "SYNC_ADD64 read only", CS_SYNC_ADD64(0, RDONLY_AT), DENIED, RDONLY },
	{ "SYNC_ADD64 error", CS_SYNC_ADD64(0, LAST_AT) | CS_PROPAGATE, UNMAPPED, DATA_END },
	{ "SYNC_SET32 read only", CS_SYNC_SET32(0, RDONLY_AT), DENIED, RDONLY },
	{ "SYNC_SET32 misaligned", CS_SYNC_SET32(0, ODD_AT), BUS, DATA + 2 },
	{ "SYNC_SET64 misaligned", CS_SYNC_SET64(0, WORD_AT), BUS, DATA + 4 },
	{ "SYNC_SET64 data", CS_SYNC_SET64(SEVEN, DATA_AT), INVALID, 0 },
	{ "SYNC_WAIT32 reserved", CS_SYNC_WAIT32(7, 0, DATA_AT), INVALID, 0 },
	{ "SYNC_WAIT64 reserved", CS_SYNC_WAIT64(15, 0, DATA_AT), INVALID, 0 },
	{ "SYNC_WAIT32 misaligned", CS_SYNC_WAIT32(CS_GT, 0, ODD_AT), BUS, DATA + 2 },
	{ "SYNC_WAIT64 misaligned", CS_SYNC_WAIT64(CS_GT, 0, WORD_AT), BUS, DATA + 4 },
	{ "SYNC_WAIT32 hole", CS_SYNC_WAIT32(CS_GT, 0, HOLE_AT), UNMAPPED, HOLE },
	{ "SYNC_WAIT64 hole", CS_SYNC_WAIT64(CS_GT, 0, HOLE_AT), UNMAPPED, HOLE },
	{ "SYNC_WAIT64 write only", CS_SYNC_WAIT64(CS_GT, 0, WRONLY_AT), DENIED, WRONLY },
	{ "SYNC_WAIT64 error", CS_SYNC_WAIT64(CS_ALWAYS, 0, LAST_AT), UNMAPPED, DATA_END },
	{ "STORE_STATE odd", CS_STORE_STATE(CS_TIMESTAMP, 1, 0), INVALID, 0 },
	{ "STORE_STATE time", CS_STORE_STATE(CS_TIMESTAMP, WORD_AT, 0), BUS, DATA + 4 },
	{ "STORE_STATE error", CS_STORE_STATE(CS_ERROR_STATUS, DATA_AT, 2), BUS, DATA + 2 },
	{ "STORE_STATE hole", CS_STORE_STATE(CS_CYCLE_COUNT, HOLE_AT, 8), UNMAPPED, HOLE + 8 },
	{ "STORE_STATE read only", CS_STORE_STATE(CS_DISJOINT_COUNT, RDONLY_AT, 0), DENIED,
	  RDONLY },
};

static void set_registers(struct world *w)
{
	set_pair(w, DATA_AT, DATA);
	set_pair(w, HOLE_AT, HOLE);
	set_pair(w, RDONLY_AT, RDONLY);
	set_pair(w, WRONLY_AT, WRONLY);
	set_pair(w, ODD_AT, DATA + 2);
	set_pair(w, WORD_AT, DATA + 4);
	set_pair(w, CODE_AT, CODE);
	set_pair(w, MAX_AT, -8ull);
	set_pair(w, BROKEN_AT, BROKEN);
	set_pair(w, LAST_AT, DATA_END - 8);
	set_pair(w, CODE1_AT, CODE + 1);
	w->cs.regs[EIGHT] = 8;
	w->cs.regs[SEVEN] = 7;
	w->cs.regs[HUGE] = -8u;
	w->cs.regs[ZERO_REG] = 0;
}

/* The faulting instruction is the second of three. */
static void one_case(struct world *w, const struct hostile_case *c)
{
	u32 before[PANTHOR_CS_REG_COUNT];

	set_registers(w);
	w->cs.error = PANTHOR_CS_EXC_INHERIT;
	memcpy(before, w->cs.regs, sizeof(before));
	if (run(w, CS_NOP, c->insn, CS_MOVE32(0, 1)) != PANTHOR_CS_FAULT)
		fail_msg("%s: no fault", c->name);
	if (w->cs.fault.type != c->type || w->cs.fault.va != c->va)
		fail_msg("%s: type 0x%x va 0x%llx", c->name, w->cs.fault.type,
			 (unsigned long long)w->cs.fault.va);
	expect_fault(w, c->type, CODE + 8, c->va);
	assert_int_equal(w->cs.fault.insn, c->insn);
	assert_int_equal(w->cs.counters.instructions, 1);
	assert_memory_equal(w->cs.regs, before, sizeof(before));
	assert_int_equal(panthor_cs_is_page_fault(c->type),
			 c->type == UNMAPPED || c->type == DENIED);
}

static void bad_instructions(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct world *w = world_new();

		one_case(w, &cases[i]);
		world_free(w);
	}
}

static void unknown_opcodes(void **state)
{
	static const u8 known[] = { 0,	1,  2,	3,  4,	5,  6,	7,  8,	9,  11, 16, 17,
				    18, 20, 21, 22, 23, 24, 25, 32, 33, 34, 36, 37, 38,
				    39, 40, 41, 42, 43, 44, 47, 48, 49, 50, 51, 52, 53 };
	struct world *w = *state;

	for (u32 op = 0; op < 256; op++) {
		bool valid;

		panthor_cs_reset(&w->cs);
		w->cs.config.run_policy = PANTHOR_CS_RUN_COMPLETES;
		set_pair(w, 0, DATA);
		/* Of SET_EXCEPTION_HANDLER 0 is invalid, too. */
		run(w, CS_OP(op) | (op == 25 ? 2 : 0));
		valid = w->cs.fault.type != INVALID;
		if (valid != !!memchr(known, op, sizeof(known)))
			fail_msg("opcode %u: %s", op, valid ? "valid" : "invalid");
	}
}

/* What is named at bits 32, 40 and 48: a register, a pair, or neither. */
static const struct operand_case {
	u64 insn;
	const char *operands;
} operand_cases[] = {
	{ CS_MOVE(0, 0), "--p" },
	{ CS_MOVE32(0, 0), "--r" },
	{ CS_RUN_FULLSCREEN(0), "-p-" },
	{ CS_FINISH_FRAGMENT(0, 0, 0), "pp-" },
	{ CS_ADD32(0, 0, 0), "-rr" },
	{ CS_ADD64(0, 0, 0), "-pp" },
	{ CS_UMIN32(0, 0, 0), "rrr" },
	{ CS_LOAD(0, 0, 0, 0), "-pr" },
	{ CS_STORE(0, 0, 0, 0), "-pr" },
	{ CS_BRANCH(CS_LT, 0, 0), "-r-" },
	{ CS_PROGRESS_WAIT(0, 0), "-p-" },
	{ CS_SET_EXCEPTION_HANDLER(2, 0, 0), "rp-" },
	{ CS_CALL(0, 0), "rp-" },
	{ CS_JUMP(0, 0), "rp-" },
	{ CS_FLUSH_CACHE2(0, 0, 0), "-r-" },
	{ CS_SYNC_ADD32(0, 0), "rp-" },
	{ CS_SYNC_SET32(0, 0), "rp-" },
	{ CS_SYNC_WAIT32(CS_GT, 0, 0), "rp-" },
	{ CS_STORE_STATE(0, 0, 0), "-p-" },
	{ CS_PROGRESS_STORE(0), "-p-" },
	{ CS_PROGRESS_LOAD(0), "-p-" },
	{ CS_HEAP_SET(0), "-p-" },
	{ CS_TRACE_POINT(0, 0), "r--" },
	{ CS_SYNC_ADD64(0, 0), "pp-" },
	{ CS_SYNC_SET64(0, 0), "pp-" },
	{ CS_SYNC_WAIT64(CS_GT, 0, 0), "pp-" },
};

static void one_operand(struct world *w, u64 insn, u32 low, bool is_pair)
{
	for (u32 r = 0; r < 256; r++) {
		bool exists = r < PANTHOR_CS_REG_COUNT && !(is_pair && r % 2);

		panthor_cs_reset(&w->cs);
		w->cs.config.run_policy = PANTHOR_CS_RUN_COMPLETES;
		run(w, insn | CS_FIELD(r, low, 8));
		if (exists != (w->cs.fault.type != INVALID))
			fail_msg("opcode %u, register %u at %u", (u32)(insn >> 56), r, low);
	}
}

static void operands(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(operand_cases); i++) {
		for (u32 j = 0; j < 3; j++) {
			const struct operand_case *c = &operand_cases[i];

			if (c->operands[j] != '-')
				one_operand(*state, c->insn, 32 + 8 * j, c->operands[j] == 'p');
		}
	}
}

/* Memory at the very top: addresses are computed modulo 2^64 and then looked up as they are. */
static void addresses_wrap(void **state)
{
	struct world *w = *state;

	set_pair(w, 0, -8ull);
	set_pair(w, 2, 8);
	w->cs.regs[4] = 44;
	w->cs.regs[8] = 48;
	run_done(w, CS_STORE(4, 0x11, 0, 0), CS_STORE(4, 1, 2, -12), CS_SYNC_WAIT64(CS_LE, 0, 0));
	assert_int_equal(*at32(w, -8ull), 44);
	assert_int_equal(*at32(w, 8), 48);
	assert_int_equal(*at32(w, -4ull), 44);
}

static void streams_that_are_not(void **state)
{
	static const struct {
		u64 va, size;
		u32 type;
		u64 fault_va;
	} streams[] = {
		{ CODE + 4, 8, PC, CODE + 4 }, { CODE, 12, PC, CODE },
		{ -64ull, 128, PC, -64ull },   { HOLE, 8, UNMAPPED, HOLE },
		{ DATA, 8, DENIED, DATA },     { BROKEN, 8, PANTHOR_CS_EXC_MEMORY, BROKEN },
	};
	struct world *w = *state;

	for (size_t i = 0; i < ARRAY_SIZE(streams); i++) {
		panthor_cs_reset(&w->cs);
		panthor_cs_start(&w->cs, streams[i].va, streams[i].size);
		assert_int_equal(panthor_cs_run(&w->cs, BIG), PANTHOR_CS_FAULT);
		expect_fault(w, streams[i].type, streams[i].va, streams[i].fault_va);
		assert_int_equal(w->cs.fault.insn, 0);
	}
}

static void fetch_beyond_the_pages(void **state)
{
	struct world *w = *state;
	const u64 end = CODE + CODE_PAGES * PAGE;

	panthor_cs_start(&w->cs, CODE, CODE_PAGES * PAGE + 8);
	assert_int_equal(panthor_cs_run(&w->cs, BIG), PANTHOR_CS_FAULT);
	expect_fault(w, UNMAPPED, end, end);
	assert_int_equal(w->cs.counters.instructions, CODE_PAGES * PAGE / 8);
	/* One look at each page, one at the missing one. */
	assert_int_equal(w->maps, CODE_PAGES + 1);
}

static void faults_stay(void **state)
{
	struct world *w = *state;

	assert_int_equal(run(w, CS_OP(255)), PANTHOR_CS_FAULT);
	assert_int_equal(panthor_cs_run(&w->cs, BIG), PANTHOR_CS_FAULT);
	assert_int_equal(run(w, CS_MOVE32(0, 1)), PANTHOR_CS_FAULT);
	expect_fault(w, INVALID, CODE, 0);
	assert_int_equal(w->cs.regs[0], 0);
	panthor_cs_reset(&w->cs);
	run_done(w, CS_MOVE32(0, 1));
}

/* Words before the one that faults are stored; registers are loaded all or none. */
static void partial_multiple(void **state)
{
	struct world *w = *state;

	set_pair(w, 0, DATA_END - 8);
	for (u32 i = 0; i < 4; i++)
		w->cs.regs[4 + i] = 50 + i;
	assert_int_equal(run(w, CS_STORE(4, 0xf, 0, 0)), PANTHOR_CS_FAULT);
	assert_int_equal(*at32(w, DATA_END - 8), 50);
	assert_int_equal(*at32(w, DATA_END - 4), 51);
	panthor_cs_reset(&w->cs);
	set_pair(w, 0, DATA_END - 8);
	assert_int_equal(run(w, CS_LOAD(4, 0xf, 0, 0)), PANTHOR_CS_FAULT);
	assert_int_equal(w->cs.regs[4], 0);
}

/* An error that cannot be told must not be followed by its signal. */
static void no_signal_without_its_error(void **state)
{
	struct world *w = *state;

	w->cs.error = PANTHOR_CS_EXC_INHERIT;
	set_pair(w, 0, DATA_END - 8);
	assert_int_equal(run(w, CS_SYNC_SET64(0, 0) | CS_PROPAGATE), PANTHOR_CS_FAULT);
	assert_int_equal(*at64(w, DATA_END - 8), 0);
	assert_int_equal(w->cs.events, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad_instructions),
		world_test(unknown_opcodes),
		world_test(operands),
		world_test(addresses_wrap),
		world_test(streams_that_are_not),
		world_test(fetch_beyond_the_pages),
		world_test(faults_stay),
		world_test(partial_multiple),
		world_test(no_signal_without_its_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
