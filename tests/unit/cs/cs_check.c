// SPDX-License-Identifier: MIT
#include "cs_check.h"

static void check_invariants(const struct world *w, const struct panthor_cs_config *config,
			     u64 spent, u32 budget)
{
	const struct panthor_cs *cs = &w->cs;

	assert_memory_equal(&cs->config, config, sizeof(*config));
	assert_true(spent < (u64)budget + PANTHOR_CS_MAX_COST);
	assert_true(cs->depth <= PANTHOR_CS_CALL_DEPTH);
	assert_true(cs->cur.pc - cs->cur.start <= cs->cur.end - cs->cur.start);
	assert_int_equal(cs->cur.pc % 8, 0);
	assert_int_equal(cs->status == PANTHOR_CS_FAULT, cs->fault.type != 0);
	assert_int_equal(cs->status == PANTHOR_CS_BLOCKED, cs->wait.kind != 0);
	if (cs->status == PANTHOR_CS_YIELD)
		assert_true(spent >= budget);
	if (cs->status == PANTHOR_CS_DONE)
		assert_true(!cs->depth && cs->cur.pc == cs->cur.end);
}

void run_checked(struct world *w, u32 budget)
{
	const struct panthor_cs_config config = w->cs.config;
	u64 before = w->cs.counters.cycles;

	panthor_cs_run(&w->cs, budget);
	check_invariants(w, &config, w->cs.counters.cycles - before, budget);
}

/* Up to where the other one came. */
static void run_in_pieces(struct world *w, u64 cycles, u32 piece)
{
	do {
		u64 left = cycles - w->cs.counters.cycles;

		run_checked(w, left < piece ? left : piece);
	} while (w->cs.status == PANTHOR_CS_YIELD && w->cs.counters.cycles < cycles);
	/* What ended there is found at the next look only. */
	if (w->cs.status == PANTHOR_CS_YIELD)
		panthor_cs_run(&w->cs, 0);
}

void expect_same_in_pieces(const struct world *a, struct world *b, u32 piece)
{
	const u64 cycles = a->cs.counters.cycles;

	run_in_pieces(b, a->cs.status == PANTHOR_CS_YIELD ? cycles : cycles + 1, piece);
	expect_same(a, b);
}
