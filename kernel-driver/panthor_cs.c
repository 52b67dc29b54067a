// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Command stream queues: from a stream to the instructions to execute.
 */

#include <linux/build_bug.h>
#include <linux/errno.h>
#include <linux/string.h>

#include "panthor_cs_insn.h"

void panthor_cs_init(struct panthor_cs *cs, const struct panthor_cs_config *config)
{
	cs->config = *config;
	panthor_cs_reset(cs);
}

void panthor_cs_reset(struct panthor_cs *cs)
{
	struct panthor_cs_config config = cs->config;

	memset(cs, 0, sizeof(*cs));
	cs->config = config;
	WRITE_ONCE(config.progress[config.queue], 0);
}

bool panthor_cs_fault(struct panthor_cs *cs, enum panthor_cs_exception type, u64 va)
{
	cs->status = PANTHOR_CS_FAULT;
	cs->fault.type = type;
	cs->fault.va = va;
	return false;
}

static enum panthor_cs_exception panthor_cs_exception_of(int error)
{
	switch (error) {
	case -EFAULT:
		return PANTHOR_CS_EXC_TRANSLATION;
	case -EACCES:
		return PANTHOR_CS_EXC_PERMISSION;
	default:
		return PANTHOR_CS_EXC_MEMORY;
	}
}

void *panthor_cs_map(struct panthor_cs *cs, u64 va, enum panthor_cs_access access)
{
	struct panthor_cs_tlb_entry *entry = panthor_cs_tlb(cs, va, access);
	u64 page_va = va & -PANTHOR_CS_PAGE_SIZE;
	void *page;
	int ret;

	ret = cs->config.ops->map_page(cs->config.priv, page_va, access, &page);
	if (ret) {
		panthor_cs_fault(cs, panthor_cs_exception_of(ret), va);
		return NULL;
	}

	entry->va = page_va;
	entry->page = page;
	return page + va % PANTHOR_CS_PAGE_SIZE;
}

bool panthor_cs_enter(struct panthor_cs *cs, u64 va, u64 size)
{
	if (va % sizeof(u64) || size % sizeof(u64) || va + size < va)
		return panthor_cs_fault(cs, PANTHOR_CS_EXC_INVALID_PC, va);

	cs->cur = (struct panthor_cs_buffer){ .start = va, .end = va + size, .pc = va };
	return true;
}

void panthor_cs_start(struct panthor_cs *cs, u64 va, u64 size)
{
	if (cs->status == PANTHOR_CS_FAULT)
		return;

	cs->status = PANTHOR_CS_YIELD;
	cs->depth = 0;
	if (!panthor_cs_enter(cs, va, size))
		cs->fault.pc = va;
}

/* Returns to callers at the end of buffers. Not done is who has an instruction left. */
static bool panthor_cs_is_done(struct panthor_cs *cs)
{
	while (cs->cur.pc == cs->cur.end) {
		if (!cs->depth)
			return true;
		cs->cur = cs->callers[--cs->depth];
	}
	return false;
}

static_assert(PANTHOR_CS_REG_COUNT == 96);

/*
 * Looks at three operands at once. Of a number of 8 bits, bit 7, or 6 and 5 together, make it
 * PANTHOR_CS_REG_COUNT or more; of a pair, bit 0 is wrong.
 */
static __always_inline bool panthor_cs_operands_exist(const struct panthor_cs_op *op, u64 insn)
{
	u64 regs = insn & (op->regs | op->pairs);
	u64 bad = (regs | (regs << 1 & regs << 2)) & 0x0080808000000000ull;

	return !(bad | (insn & op->pairs & 0x0001010100000000ull));
}

static __always_inline bool panthor_cs_dispatch(struct panthor_cs *cs, u64 insn)
{
	const struct panthor_cs_op *op = &panthor_cs_ops[insn >> 56];

	if (unlikely(!op->exec || !panthor_cs_operands_exist(op, insn)))
		return panthor_cs_invalid(cs);
	return op->exec(cs, insn);
}

static __always_inline bool panthor_cs_step(struct panthor_cs *cs)
{
	u64 pc = cs->cur.pc, insn = 0;
	const u64 *mem;

	mem = panthor_cs_mem(cs, pc, PANTHOR_CS_EXEC);
	if (likely(mem)) {
		/* Others may write to it at any time: what is checked is what is executed. */
		insn = READ_ONCE(*mem);
		cs->cur.pc = pc + sizeof(insn);
		if (likely(panthor_cs_dispatch(cs, insn))) {
			cs->budget--;
			cs->counters.instructions++;
			return true;
		}
		cs->cur.pc = pc;
	}

	if (cs->status == PANTHOR_CS_FAULT) {
		cs->fault.pc = pc;
		cs->fault.insn = insn;
	}
	return false;
}

static void panthor_cs_execute(struct panthor_cs *cs)
{
	do {
		if (panthor_cs_is_done(cs)) {
			cs->status = PANTHOR_CS_DONE;
			return;
		}
		if (cs->budget <= 0) {
			cs->status = PANTHOR_CS_YIELD;
			return;
		}
	} while (panthor_cs_step(cs));
}

enum panthor_cs_status panthor_cs_run(struct panthor_cs *cs, u32 budget)
{
	cs->events = 0;
	if (cs->status == PANTHOR_CS_FAULT)
		return cs->status;

	cs->wait.kind = PANTHOR_CS_WAIT_NONE;
	cs->budget = budget;
	memset(cs->tlb, 0xff, sizeof(cs->tlb));
	panthor_cs_execute(cs);
	cs->counters.cycles += budget - cs->budget;
	return cs->status;
}
