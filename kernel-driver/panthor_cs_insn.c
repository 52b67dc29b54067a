// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * What each instruction does, and which registers it names.
 */

#include "panthor_cs_insn.h"

static bool panthor_cs_nop(struct panthor_cs *cs, u64 insn)
{
	return true;
}

static bool panthor_cs_move(struct panthor_cs *cs, u64 insn)
{
	panthor_cs_set_pair(cs, insn, 48, insn & GENMASK_ULL(47, 0));
	return true;
}

static bool panthor_cs_move32(struct panthor_cs *cs, u64 insn)
{
	panthor_cs_set_reg(cs, insn, 48, insn);
	return true;
}

static bool panthor_cs_add32(struct panthor_cs *cs, u64 insn)
{
	panthor_cs_set_reg(cs, insn, 48, panthor_cs_reg(cs, insn, 40) + (u32)insn);
	return true;
}

static bool panthor_cs_add64(struct panthor_cs *cs, u64 insn)
{
	panthor_cs_set_pair(cs, insn, 48, panthor_cs_pair(cs, insn, 40) + (s64)(s32)insn);
	return true;
}

static bool panthor_cs_umin32(struct panthor_cs *cs, u64 insn)
{
	u32 a = panthor_cs_reg(cs, insn, 32), b = panthor_cs_reg(cs, insn, 40);

	panthor_cs_set_reg(cs, insn, 48, a < b ? a : b);
	return true;
}

/* Operands of LOAD_MULTIPLE and STORE_MULTIPLE: bit i of mask is regs[i], and word i at va. */
struct panthor_cs_multiple {
	u64 va;
	u32 *regs;
	u32 mask;
};

static __always_inline bool panthor_cs_get_multiple(struct panthor_cs *cs, u64 insn,
						    struct panthor_cs_multiple *ret_op)
{
	u32 base = panthor_cs_field(insn, 48, 8), mask = panthor_cs_field(insn, 16, 16);

	if (base + fls(mask) > PANTHOR_CS_REG_COUNT) {
		panthor_cs_invalid(cs);
		return false;
	}

	ret_op->va = panthor_cs_pair(cs, insn, 40) + panthor_cs_offset16(insn);
	ret_op->regs = &cs->regs[base];
	ret_op->mask = mask;
	return true;
}

static __always_inline u32 *panthor_cs_word(struct panthor_cs *cs, u64 va, u32 i,
					    enum panthor_cs_access access)
{
	return panthor_cs_data(cs, va + i * sizeof(u32), sizeof(u32), access);
}

/* The instruction as such is charged for one word already. */
static __always_inline void panthor_cs_charge_words(struct panthor_cs *cs, u32 words)
{
	if (words > 1)
		cs->budget -= words - 1;
}

static bool panthor_cs_load_multiple(struct panthor_cs *cs, u64 insn)
{
	struct panthor_cs_multiple op;
	u32 words[16], left, count = 0;

	if (!panthor_cs_get_multiple(cs, insn, &op))
		return false;

	for (left = op.mask; left; left &= left - 1) {
		const u32 *mem = panthor_cs_word(cs, op.va, __ffs(left), PANTHOR_CS_READ);

		if (!mem)
			return false;
		words[count++] = READ_ONCE(*mem);
	}

	panthor_cs_charge_words(cs, count);
	for (left = op.mask, count = 0; left; left &= left - 1)
		op.regs[__ffs(left)] = words[count++];
	return true;
}

static bool panthor_cs_store_multiple(struct panthor_cs *cs, u64 insn)
{
	struct panthor_cs_multiple op;
	u32 left, count = 0;

	if (!panthor_cs_get_multiple(cs, insn, &op))
		return false;

	for (left = op.mask; left; left &= left - 1, count++) {
		u32 *mem = panthor_cs_word(cs, op.va, __ffs(left), PANTHOR_CS_WRITE);

		if (!mem)
			return false;
		WRITE_ONCE(*mem, op.regs[__ffs(left)]);
	}
	panthor_cs_charge_words(cs, count);
	return true;
}

/* LE, GT, EQ, NE, LT, GE, always. */
const u8 panthor_cs_conditions[16] = {
	PANTHOR_CS_LESS | PANTHOR_CS_EQUAL,
	PANTHOR_CS_GREATER,
	PANTHOR_CS_EQUAL,
	PANTHOR_CS_LESS | PANTHOR_CS_GREATER,
	PANTHOR_CS_LESS,
	PANTHOR_CS_EQUAL | PANTHOR_CS_GREATER,
	PANTHOR_CS_LESS | PANTHOR_CS_EQUAL | PANTHOR_CS_GREATER,
};

static bool panthor_cs_branch(struct panthor_cs *cs, u64 insn)
{
	u64 target = cs->cur.pc + panthor_cs_offset16(insn) * sizeof(insn);
	u32 wanted = panthor_cs_conditions[panthor_cs_field(insn, 28, 3)];
	s32 value = panthor_cs_reg(cs, insn, 40);

	if (!wanted)
		return panthor_cs_invalid(cs);
	if (!(wanted & panthor_cs_compare(value < 0, !value)))
		return true;
	/* The end is a fine place to go. */
	if (target - cs->cur.start > cs->cur.end - cs->cur.start)
		return panthor_cs_fault(cs, PANTHOR_CS_EXC_INVALID_PC, target);

	cs->cur.pc = target;
	return true;
}

static bool panthor_cs_call(struct panthor_cs *cs, u64 insn)
{
	struct panthor_cs_buffer caller = cs->cur;

	if (cs->depth == PANTHOR_CS_CALL_DEPTH)
		return panthor_cs_fault(cs, PANTHOR_CS_EXC_CALL_STACK, 0);
	if (!panthor_cs_enter(cs, panthor_cs_pair(cs, insn, 40), panthor_cs_reg(cs, insn, 32)))
		return false;

	cs->callers[cs->depth++] = caller;
	return true;
}

static bool panthor_cs_jump(struct panthor_cs *cs, u64 insn)
{
	return panthor_cs_enter(cs, panthor_cs_pair(cs, insn, 40), panthor_cs_reg(cs, insn, 32));
}

static bool panthor_cs_set_sb_entry(struct panthor_cs *cs, u64 insn)
{
	cs->sb.endpoint = panthor_cs_field(insn, 0, 4);
	cs->sb.other = panthor_cs_field(insn, 4, 4);
	return true;
}

/* Tiler out of memory is the only exception that can be handled. */
static bool panthor_cs_set_exception_handler(struct panthor_cs *cs, u64 insn)
{
	if (panthor_cs_field(insn, 0, 8) != 2)
		return panthor_cs_invalid(cs);

	cs->oom_handler.va = panthor_cs_pair(cs, insn, 40);
	cs->oom_handler.size = panthor_cs_reg(cs, insn, 32);
	return true;
}

static bool panthor_cs_req_resource(struct panthor_cs *cs, u64 insn)
{
	cs->resources = panthor_cs_field(insn, 0, 4);
	return true;
}

static bool panthor_cs_is_flush_mode(u32 mode)
{
	return mode == 0 || mode == 1 || mode == 3;
}

/* Flushes even if the flush id says that somebody else already did: it is cheap. */
static bool panthor_cs_flush_cache2(struct panthor_cs *cs, u64 insn)
{
	if (!panthor_cs_is_flush_mode(panthor_cs_field(insn, 0, 4)) ||
	    !panthor_cs_is_flush_mode(panthor_cs_field(insn, 4, 4)))
		return panthor_cs_invalid(cs);

	if (cs->config.ops->flush)
		cs->config.ops->flush(cs->config.priv);
	return true;
}

static bool panthor_cs_store_u64(struct panthor_cs *cs, u64 va, u64 value)
{
	u64 *mem = panthor_cs_data(cs, va, sizeof(*mem), PANTHOR_CS_WRITE);

	if (mem)
		WRITE_ONCE(*mem, value);
	return mem;
}

static bool panthor_cs_store_u32(struct panthor_cs *cs, u64 va, u32 value)
{
	u32 *mem = panthor_cs_data(cs, va, sizeof(*mem), PANTHOR_CS_WRITE);

	if (mem)
		WRITE_ONCE(*mem, value);
	return mem;
}

static bool panthor_cs_store_state(struct panthor_cs *cs, u64 insn)
{
	u64 va = panthor_cs_pair(cs, insn, 40) + panthor_cs_offset16(insn);
	const struct panthor_cs_config *config = &cs->config;

	switch (panthor_cs_field(insn, 32, 2)) {
	case 0:
		return panthor_cs_store_u64(cs, va, config->ops->timestamp(config->priv));
	case 1:
		return panthor_cs_store_u64(cs, va, config->ops->cycle_count(config->priv));
	case 2:
		/* The counters above are never disjoint. */
		return panthor_cs_store_u32(cs, va, 0);
	default:
		return panthor_cs_store_u32(cs, va, cs->error);
	}
}

/* Running it unprotected would leak what the client wants to have protected. */
static bool panthor_cs_prot_region(struct panthor_cs *cs, u64 insn)
{
	if (panthor_cs_field(insn, 0, 16))
		return panthor_cs_fault(cs, PANTHOR_CS_EXC_CONFIG, 0);
	return true;
}

static bool panthor_cs_error_barrier(struct panthor_cs *cs, u64 insn)
{
	cs->error = PANTHOR_CS_EXC_NONE;
	return true;
}

static bool panthor_cs_wait(struct panthor_cs *cs, u64 insn)
{
	panthor_cs_count_progress(cs, insn);
	return true;
}

static bool panthor_cs_run_endpoint(struct panthor_cs *cs, u64 insn)
{
	if (cs->config.run_policy == PANTHOR_CS_RUN_FAULTS)
		return panthor_cs_fault(cs, PANTHOR_CS_EXC_ENDPOINT, 0);

	cs->events |= PANTHOR_CS_EVENT_RUN_SKIPPED;
	panthor_cs_count_progress(cs, insn);
	return true;
}

static bool panthor_cs_heap_set(struct panthor_cs *cs, u64 insn)
{
	cs->heap_va = panthor_cs_pair(cs, insn, 40);
	return true;
}

static bool panthor_cs_count_heap(struct panthor_cs *cs, enum panthor_cs_heap_counter counter)
{
	u64 va = cs->heap_va + counter * sizeof(u32);
	u32 *mem;

	if (!cs->heap_va)
		return true;

	mem = panthor_cs_data(cs, va, sizeof(*mem), PANTHOR_CS_WRITE);
	if (mem)
		WRITE_ONCE(*mem, READ_ONCE(*mem) + 1);
	return mem;
}

static bool panthor_cs_heap_operation(struct panthor_cs *cs, u64 insn)
{
	u32 counter = panthor_cs_field(insn, 32, 2);

	if (counter == 2)
		return panthor_cs_invalid(cs);
	return panthor_cs_count_heap(cs, counter);
}

/* Nothing having been tiled, there are no chunks to give back to the heap. */
static bool panthor_cs_finish_fragment(struct panthor_cs *cs, u64 insn)
{
	return !panthor_cs_field(insn, 0, 1) ||
	       panthor_cs_count_heap(cs, PANTHOR_CS_HEAP_FRAGMENT_COMPLETED);
}

/* There is no trace buffer. */
static bool panthor_cs_trace_point(struct panthor_cs *cs, u64 insn)
{
	u32 base = panthor_cs_field(insn, 32, 8), count = panthor_cs_field(insn, 40, 8);

	return base + count <= PANTHOR_CS_REG_COUNT || panthor_cs_invalid(cs);
}

#define AT32 PANTHOR_CS_AT32
#define AT40 PANTHOR_CS_AT40
#define AT48 PANTHOR_CS_AT48

/* Function, single registers, register pairs. */
const struct panthor_cs_op panthor_cs_ops[256] = {
	[PANTHOR_CS_OP_NOP] = { panthor_cs_nop },
	[PANTHOR_CS_OP_MOVE] = { panthor_cs_move, 0, AT48 },
	[PANTHOR_CS_OP_MOVE32] = { panthor_cs_move32, AT48 },
	[PANTHOR_CS_OP_WAIT] = { panthor_cs_wait },
	[PANTHOR_CS_OP_RUN_COMPUTE] = { panthor_cs_run_endpoint },
	[PANTHOR_CS_OP_RUN_TILING] = { panthor_cs_run_endpoint },
	[PANTHOR_CS_OP_RUN_IDVS] = { panthor_cs_run_endpoint },
	[PANTHOR_CS_OP_RUN_FRAGMENT] = { panthor_cs_run_endpoint },
	[PANTHOR_CS_OP_RUN_FULLSCREEN] = { panthor_cs_run_endpoint, 0, AT40 },
	[PANTHOR_CS_OP_FINISH_TILING] = { panthor_cs_wait },
	[PANTHOR_CS_OP_FINISH_FRAGMENT] = { panthor_cs_finish_fragment, 0, AT32 | AT40 },
	[PANTHOR_CS_OP_ADD_IMMEDIATE32] = { panthor_cs_add32, AT40 | AT48 },
	[PANTHOR_CS_OP_ADD_IMMEDIATE64] = { panthor_cs_add64, 0, AT40 | AT48 },
	[PANTHOR_CS_OP_UMIN32] = { panthor_cs_umin32, AT32 | AT40 | AT48 },
	[PANTHOR_CS_OP_LOAD_MULTIPLE] = { panthor_cs_load_multiple, AT48, AT40 },
	[PANTHOR_CS_OP_STORE_MULTIPLE] = { panthor_cs_store_multiple, AT48, AT40 },
	[PANTHOR_CS_OP_BRANCH] = { panthor_cs_branch, AT40 },
	[PANTHOR_CS_OP_SET_SB_ENTRY] = { panthor_cs_set_sb_entry },
	[PANTHOR_CS_OP_PROGRESS_WAIT] = { panthor_cs_progress_wait, 0, AT40 },
	[PANTHOR_CS_OP_SET_EXCEPTION_HANDLER] = { panthor_cs_set_exception_handler, AT32, AT40 },
	[PANTHOR_CS_OP_CALL] = { panthor_cs_call, AT32, AT40 },
	[PANTHOR_CS_OP_JUMP] = { panthor_cs_jump, AT32, AT40 },
	[PANTHOR_CS_OP_REQ_RESOURCE] = { panthor_cs_req_resource },
	[PANTHOR_CS_OP_FLUSH_CACHE2] = { panthor_cs_flush_cache2, AT40 },
	[PANTHOR_CS_OP_SYNC_ADD32] = { panthor_cs_sync_add32, AT32, AT40 },
	[PANTHOR_CS_OP_SYNC_SET32] = { panthor_cs_sync_set32, AT32, AT40 },
	[PANTHOR_CS_OP_SYNC_WAIT32] = { panthor_cs_sync_wait32, AT32, AT40 },
	[PANTHOR_CS_OP_STORE_STATE] = { panthor_cs_store_state, 0, AT40 },
	[PANTHOR_CS_OP_PROT_REGION] = { panthor_cs_prot_region },
	[PANTHOR_CS_OP_PROGRESS_STORE] = { panthor_cs_progress_store, 0, AT40 },
	[PANTHOR_CS_OP_PROGRESS_LOAD] = { panthor_cs_progress_load, 0, AT40 },
	[PANTHOR_CS_OP_RUN_COMPUTE_INDIRECT] = { panthor_cs_run_endpoint },
	[PANTHOR_CS_OP_ERROR_BARRIER] = { panthor_cs_error_barrier },
	[PANTHOR_CS_OP_HEAP_SET] = { panthor_cs_heap_set, 0, AT40 },
	[PANTHOR_CS_OP_HEAP_OPERATION] = { panthor_cs_heap_operation },
	[PANTHOR_CS_OP_TRACE_POINT] = { panthor_cs_trace_point, AT32 },
	[PANTHOR_CS_OP_SYNC_ADD64] = { panthor_cs_sync_add64, 0, AT32 | AT40 },
	[PANTHOR_CS_OP_SYNC_SET64] = { panthor_cs_sync_set64, 0, AT32 | AT40 },
	[PANTHOR_CS_OP_SYNC_WAIT64] = { panthor_cs_sync_wait64, 0, AT32 | AT40 },
};
