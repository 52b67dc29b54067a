/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * What the files of the command stream executor share: encoding, operands, memory, endings.
 */
#ifndef __PANTHOR_CS_INSN_H__
#define __PANTHOR_CS_INSN_H__

#include <linux/bitops.h>
#include <linux/compiler.h>

#include "panthor_cs.h"

enum panthor_cs_opcode {
	PANTHOR_CS_OP_NOP = 0,
	PANTHOR_CS_OP_MOVE = 1,
	PANTHOR_CS_OP_MOVE32 = 2,
	PANTHOR_CS_OP_WAIT = 3,
	PANTHOR_CS_OP_RUN_COMPUTE = 4,
	PANTHOR_CS_OP_RUN_TILING = 5,
	PANTHOR_CS_OP_RUN_IDVS = 6,
	PANTHOR_CS_OP_RUN_FRAGMENT = 7,
	PANTHOR_CS_OP_RUN_FULLSCREEN = 8,
	PANTHOR_CS_OP_FINISH_TILING = 9,
	PANTHOR_CS_OP_FINISH_FRAGMENT = 11,
	PANTHOR_CS_OP_ADD_IMMEDIATE32 = 16,
	PANTHOR_CS_OP_ADD_IMMEDIATE64 = 17,
	PANTHOR_CS_OP_UMIN32 = 18,
	PANTHOR_CS_OP_LOAD_MULTIPLE = 20,
	PANTHOR_CS_OP_STORE_MULTIPLE = 21,
	PANTHOR_CS_OP_BRANCH = 22,
	PANTHOR_CS_OP_SET_SB_ENTRY = 23,
	PANTHOR_CS_OP_PROGRESS_WAIT = 24,
	PANTHOR_CS_OP_SET_EXCEPTION_HANDLER = 25,
	PANTHOR_CS_OP_CALL = 32,
	PANTHOR_CS_OP_JUMP = 33,
	PANTHOR_CS_OP_REQ_RESOURCE = 34,
	PANTHOR_CS_OP_FLUSH_CACHE2 = 36,
	PANTHOR_CS_OP_SYNC_ADD32 = 37,
	PANTHOR_CS_OP_SYNC_SET32 = 38,
	PANTHOR_CS_OP_SYNC_WAIT32 = 39,
	PANTHOR_CS_OP_STORE_STATE = 40,
	PANTHOR_CS_OP_PROT_REGION = 41,
	PANTHOR_CS_OP_PROGRESS_STORE = 42,
	PANTHOR_CS_OP_PROGRESS_LOAD = 43,
	PANTHOR_CS_OP_RUN_COMPUTE_INDIRECT = 44,
	PANTHOR_CS_OP_ERROR_BARRIER = 47,
	PANTHOR_CS_OP_HEAP_SET = 48,
	PANTHOR_CS_OP_HEAP_OPERATION = 49,
	PANTHOR_CS_OP_TRACE_POINT = 50,
	PANTHOR_CS_OP_SYNC_ADD64 = 51,
	PANTHOR_CS_OP_SYNC_SET64 = 52,
	PANTHOR_CS_OP_SYNC_WAIT64 = 53,
};

/*
 * Executes one instruction. The register operands that &panthor_cs_op names have been checked, and
 * pc is at the following instruction. A function that returns false has ended in
 * panthor_cs_fault(), or blocks, and has changed nothing else of the queue.
 */
typedef bool (*panthor_cs_exec)(struct panthor_cs *cs, u64 insn);

/* The places where instructions name registers. */
#define PANTHOR_CS_AT32 GENMASK_ULL(39, 32)
#define PANTHOR_CS_AT40 GENMASK_ULL(47, 40)
#define PANTHOR_CS_AT48 GENMASK_ULL(55, 48)

/**
 * struct panthor_cs_op - an opcode
 */
struct panthor_cs_op {
	/** @exec: NULL for an opcode that does not exist. */
	panthor_cs_exec exec;

	/** @regs: PANTHOR_CS_AT* that are registers. */
	u64 regs;

	/** @pairs: PANTHOR_CS_AT* that are register pairs. */
	u64 pairs;
};

extern const struct panthor_cs_op panthor_cs_ops[256];

static __always_inline u32 panthor_cs_field(u64 insn, u32 low, u32 width)
{
	return (insn >> low) & GENMASK_ULL(width - 1, 0);
}

/* The signed 16 bits that are an offset. */
static __always_inline s64 panthor_cs_offset16(u64 insn)
{
	return (s16)insn;
}

static __always_inline u32 panthor_cs_reg(const struct panthor_cs *cs, u64 insn, u32 at)
{
	return cs->regs[panthor_cs_field(insn, at, 8)];
}

static __always_inline void panthor_cs_set_reg(struct panthor_cs *cs, u64 insn, u32 at, u32 value)
{
	cs->regs[panthor_cs_field(insn, at, 8)] = value;
}

static __always_inline u64 panthor_cs_pair(const struct panthor_cs *cs, u64 insn, u32 at)
{
	u32 r = panthor_cs_field(insn, at, 8);

	return (u64)cs->regs[r + 1] << 32 | cs->regs[r];
}

static __always_inline void panthor_cs_set_pair(struct panthor_cs *cs, u64 insn, u32 at, u64 value)
{
	u32 r = panthor_cs_field(insn, at, 8);

	cs->regs[r] = value;
	cs->regs[r + 1] = value >> 32;
}

/* Results of a comparison. */
#define PANTHOR_CS_LESS BIT(0)
#define PANTHOR_CS_EQUAL BIT(1)
#define PANTHOR_CS_GREATER BIT(2)

/** panthor_cs_conditions - by encoding: the results wanted; 0 for what is not a condition */
extern const u8 panthor_cs_conditions[16];

static __always_inline u32 panthor_cs_compare(bool less, bool equal)
{
	return less ? PANTHOR_CS_LESS : equal ? PANTHOR_CS_EQUAL : PANTHOR_CS_GREATER;
}

/**
 * panthor_cs_fault() - stop the queue for good
 * @cs: queue
 * @type: reason
 * @va: the address that is wrong, 0 if none is
 *
 * Return: false, for a panthor_cs_exec to return.
 */
bool panthor_cs_fault(struct panthor_cs *cs, enum panthor_cs_exception type, u64 va);

static inline bool panthor_cs_invalid(struct panthor_cs *cs)
{
	return panthor_cs_fault(cs, PANTHOR_CS_EXC_INVALID_INSTRUCTION, 0);
}

/* Miss of panthor_cs_mem(). */
void *panthor_cs_map(struct panthor_cs *cs, u64 va, enum panthor_cs_access access);

static __always_inline struct panthor_cs_tlb_entry *
panthor_cs_tlb(struct panthor_cs *cs, u64 va, enum panthor_cs_access access)
{
	return &cs->tlb[access][va / PANTHOR_CS_PAGE_SIZE % PANTHOR_CS_TLB_SIZE];
}

/**
 * panthor_cs_mem() - host address of a word
 * @cs: queue
 * @va: GPU address, aligned to the word's size
 * @access: purpose
 *
 * Return: pointer until the end of the run, or NULL after panthor_cs_fault().
 */
static __always_inline void *panthor_cs_mem(struct panthor_cs *cs, u64 va,
					    enum panthor_cs_access access)
{
	const struct panthor_cs_tlb_entry *entry = panthor_cs_tlb(cs, va, access);

	if (likely(entry->va == (va & -PANTHOR_CS_PAGE_SIZE)))
		return entry->page + va % PANTHOR_CS_PAGE_SIZE;
	return panthor_cs_map(cs, va, access);
}

/* Words that the stream says are at @va must be aligned: so they never straddle pages. */
static __always_inline void *panthor_cs_data(struct panthor_cs *cs, u64 va, u32 size,
					     enum panthor_cs_access access)
{
	if (unlikely(va % size)) {
		panthor_cs_fault(cs, PANTHOR_CS_EXC_BUS, va);
		return NULL;
	}
	return panthor_cs_mem(cs, va, access);
}

/**
 * panthor_cs_enter() - make a buffer the current one
 * @cs: queue
 * @va: GPU address, not checked
 * @size: bytes, not checked
 *
 * Return: true, or false after panthor_cs_fault().
 */
bool panthor_cs_enter(struct panthor_cs *cs, u64 va, u64 size);

/* What a RUN_* and its like may ask for in passing. */
void panthor_cs_count_progress(struct panthor_cs *cs, u64 insn);

/* panthor_cs_sync.c */
bool panthor_cs_sync_add32(struct panthor_cs *cs, u64 insn);
bool panthor_cs_sync_add64(struct panthor_cs *cs, u64 insn);
bool panthor_cs_sync_set32(struct panthor_cs *cs, u64 insn);
bool panthor_cs_sync_set64(struct panthor_cs *cs, u64 insn);
bool panthor_cs_sync_wait32(struct panthor_cs *cs, u64 insn);
bool panthor_cs_sync_wait64(struct panthor_cs *cs, u64 insn);
bool panthor_cs_progress_wait(struct panthor_cs *cs, u64 insn);
bool panthor_cs_progress_store(struct panthor_cs *cs, u64 insn);
bool panthor_cs_progress_load(struct panthor_cs *cs, u64 insn);

#endif
