/* SPDX-License-Identifier: MIT */
/*
 * Command streams for memory work, written by the CPU into memory of the caller's: a mapped BO, or
 * an array to be copied into one. Nothing here needs the library or a device.
 *
 *	uint32_t size;
 *	struct panthor_cs cs;
 *
 *	panthor_cs_init(&cs, mapping, bytes, 0);
 *	panthor_cs_move48(&cs, 0, va);
 *	panthor_cs_move32(&cs, 2, value);
 *	panthor_cs_store(&cs, 2, 1, 0, 0);
 *	panthor_cs_wait(&cs, 1);
 *	r = panthor_cs_finish(&cs, &size);
 *
 * An instruction is 8 bytes. Registers are 32 bits; what takes 64 takes an even register and the
 * one after it, low word first. They keep their values between the streams of a queue, except the
 * last csif_info.unpreserved_cs_reg_count. Errors stick: after the first nothing more is written,
 * and panthor_cs_finish() tells it.
 *
 * One builder is for one thread at a time.
 */
#ifndef LIBDRM_PANTHOR_CS_H
#define LIBDRM_PANTHOR_CS_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/**
 * struct panthor_cs - a stream being written
 * @words: the caller's memory
 * @capacity: instructions that fit
 * @count: instructions written
 * @registers: how many there are
 * @unplaced: branches whose label is not placed yet
 * @error: 0 or the first error
 */
struct panthor_cs {
	uint64_t *words;
	uint32_t capacity;
	uint32_t count;
	uint32_t registers;
	uint32_t unplaced;
	int error;
};

/**
 * struct panthor_cs_label - a place in a stream, to branch to
 * @place: instruction it stands in front of, plus one; 0 until panthor_cs_place()
 * @last_branch: last branch that waits for it, plus one; the others hang on that one
 *
 * Starts as all zeroes.
 */
struct panthor_cs_label {
	uint32_t place;
	uint32_t last_branch;
};

/* BRANCH compares a register, as signed, with 0. */
enum panthor_cs_condition {
	PANTHOR_CS_LE = 0,
	PANTHOR_CS_GT = 1,
	PANTHOR_CS_EQ = 2,
	PANTHOR_CS_NE = 3,
	PANTHOR_CS_LT = 4,
	PANTHOR_CS_GE = 5,
	PANTHOR_CS_ALWAYS = 6,
};

enum panthor_cs_flush {
	PANTHOR_CS_FLUSH_NONE = 0,
	PANTHOR_CS_FLUSH_CLEAN = 1,
	PANTHOR_CS_FLUSH_CLEAN_INVALIDATE = 3,
};

#define PANTHOR_CS_DEFAULT_REGISTERS 96
#define PANTHOR_CS_SCOREBOARD_SLOTS  16

/**
 * panthor_cs_init - begin a stream
 * @memory: 8-byte aligned; the GPU wants its address to be a multiple of 64
 * @size: bytes
 * @registers: csif_info.cs_reg_count, or 0 for the 96 that every GPU has
 */
static inline void panthor_cs_init(struct panthor_cs *cs, void *memory, size_t size,
				   uint32_t registers)
{
	/* The kernel keeps the size in 32 bits. */
	size_t capacity = size / 8 < UINT32_MAX / 8 ? size / 8 : UINT32_MAX / 8;

	memset(cs, 0, sizeof(*cs));
	cs->words = (uint64_t *)memory;
	cs->capacity = (uint32_t)capacity;
	cs->registers = registers ? registers : PANTHOR_CS_DEFAULT_REGISTERS;
}

/** panthor_cs_fail - give a stream an error, unless it has one */
static inline void panthor_cs_fail(struct panthor_cs *cs, int error)
{
	cs->error = cs->error ? cs->error : error;
}

/** panthor_cs_emit - append an instruction of one's own making */
static inline void panthor_cs_emit(struct panthor_cs *cs, uint64_t instruction)
{
	if (cs->error)
		return;
	if (cs->count == cs->capacity) {
		panthor_cs_fail(cs, -ENOSPC);
		return;
	}
	cs->words[cs->count++] = instruction;
}

/**
 * panthor_cs_finish - end a stream
 * @ret_size: bytes written, for struct panthor_job
 *
 * Errors: -ENOSPC the memory is full; -EINVAL no such register, an odd one for a pair, a mask, slot
 * or condition out of range, a label that is placed twice or never; -ERANGE a branch further than
 * 32767 instructions, an immediate that does not fit; else what panthor_cs_fail() was given.
 */
static inline int panthor_cs_finish(struct panthor_cs *cs, uint32_t *ret_size)
{
	if (cs->unplaced)
		panthor_cs_fail(cs, -EINVAL);
	if (cs->error)
		return cs->error;

	*ret_size = cs->count * 8;
	return 0;
}

/* Parts of instructions, also for those that have no function here. */

/** panthor_cs_op - the opcode, which is the top byte */
static inline uint64_t panthor_cs_op(uint32_t opcode)
{
	return (uint64_t)opcode << 56;
}

/** panthor_cs_reg - a register, and the @count - 1 after it, in the byte at @shift */
static inline uint64_t panthor_cs_reg(struct panthor_cs *cs, uint32_t reg, uint32_t count,
				      unsigned int shift)
{
	if (reg >= cs->registers || count > cs->registers - reg) {
		panthor_cs_fail(cs, -EINVAL);
		return 0;
	}
	return (uint64_t)reg << shift;
}

/** panthor_cs_pair - a 64-bit register */
static inline uint64_t panthor_cs_pair(struct panthor_cs *cs, uint32_t reg, unsigned int shift)
{
	if (reg & 1)
		panthor_cs_fail(cs, -EINVAL);
	return panthor_cs_reg(cs, reg, 2, shift);
}

/** panthor_cs_deferred - wait for scoreboard slots in @wait_mask first, and signal @slot when done
 */
static inline uint64_t panthor_cs_deferred(struct panthor_cs *cs, uint32_t wait_mask, uint32_t slot)
{
	if (wait_mask >> PANTHOR_CS_SCOREBOARD_SLOTS || slot >= PANTHOR_CS_SCOREBOARD_SLOTS) {
		panthor_cs_fail(cs, -EINVAL);
		return 0;
	}
	return (uint64_t)wait_mask << 16 | (uint64_t)slot << 48;
}

/** panthor_cs_nop - append an instruction that does nothing */
static inline void panthor_cs_nop(struct panthor_cs *cs)
{
	panthor_cs_emit(cs, 0);
}

/** panthor_cs_pad - append NOPs until the size is a multiple of @alignment, itself one of 8 */
static inline void panthor_cs_pad(struct panthor_cs *cs, uint32_t alignment)
{
	if (!alignment || alignment % 8) {
		panthor_cs_fail(cs, -EINVAL);
		return;
	}
	while (!cs->error && (uint64_t)cs->count * 8 % alignment)
		panthor_cs_nop(cs);
}

/** panthor_cs_move48 - 64-bit register @dst = @value, which has at most 48 bits */
static inline void panthor_cs_move48(struct panthor_cs *cs, uint32_t dst, uint64_t value)
{
	if (value >> 48)
		panthor_cs_fail(cs, -ERANGE);
	panthor_cs_emit(cs, panthor_cs_op(1) | panthor_cs_pair(cs, dst, 48) | value);
}

/** panthor_cs_move32 - register @dst = @value */
static inline void panthor_cs_move32(struct panthor_cs *cs, uint32_t dst, uint32_t value)
{
	panthor_cs_emit(cs, panthor_cs_op(2) | panthor_cs_reg(cs, dst, 1, 48) | value);
}

/** panthor_cs_move64 - 64-bit register @dst = any @value, in one instruction or two */
static inline void panthor_cs_move64(struct panthor_cs *cs, uint32_t dst, uint64_t value)
{
	if (!(value >> 48)) {
		panthor_cs_move48(cs, dst, value);
		return;
	}
	panthor_cs_pair(cs, dst, 0);
	panthor_cs_move32(cs, dst, (uint32_t)value);
	panthor_cs_move32(cs, dst + 1, (uint32_t)(value >> 32));
}

/** panthor_cs_add32 - register @dst = @src + @value */
static inline void panthor_cs_add32(struct panthor_cs *cs, uint32_t dst, uint32_t src,
				    int32_t value)
{
	panthor_cs_emit(cs, panthor_cs_op(16) | panthor_cs_reg(cs, dst, 1, 48) |
				    panthor_cs_reg(cs, src, 1, 40) | (uint32_t)value);
}

/** panthor_cs_add64 - 64-bit register @dst = @src + @value */
static inline void panthor_cs_add64(struct panthor_cs *cs, uint32_t dst, uint32_t src,
				    int32_t value)
{
	panthor_cs_emit(cs, panthor_cs_op(17) | panthor_cs_pair(cs, dst, 48) |
				    panthor_cs_pair(cs, src, 40) | (uint32_t)value);
}

/*
 * Memory. Loads and stores run on; panthor_cs_wait() for their slot before their registers or what
 * they wrote is used. It is slot 0 unless panthor_cs_set_slots() says otherwise.
 */

/* Not for callers: what LOAD_MULTIPLE and STORE_MULTIPLE have in common. */
static inline void panthor_cs_transfer(struct panthor_cs *cs, uint32_t opcode, uint32_t base,
				       uint32_t mask, uint32_t address, int32_t offset)
{
	uint32_t span = mask ? 32 - (uint32_t)__builtin_clz(mask) : 0;

	if (!mask || span > 16)
		panthor_cs_fail(cs, -EINVAL);
	if (offset < INT16_MIN || offset > INT16_MAX)
		panthor_cs_fail(cs, -ERANGE);
	panthor_cs_emit(cs, panthor_cs_op(opcode) | panthor_cs_reg(cs, base, span, 48) |
				    panthor_cs_pair(cs, address, 40) | (uint64_t)mask << 16 |
				    (uint16_t)offset);
}

/**
 * panthor_cs_load - load registers from memory
 * @base: register for bit 0 of @mask; bit n is register @base + n
 * @mask: of 16 registers
 * @address: 64-bit register; register @base + n comes from there + @offset + 4 * n
 * @offset: bytes, -32768 to 32767
 */
static inline void panthor_cs_load(struct panthor_cs *cs, uint32_t base, uint32_t mask,
				   uint32_t address, int32_t offset)
{
	panthor_cs_transfer(cs, 20, base, mask, address, offset);
}

/** panthor_cs_store - store registers to memory; arguments as panthor_cs_load() */
static inline void panthor_cs_store(struct panthor_cs *cs, uint32_t base, uint32_t mask,
				    uint32_t address, int32_t offset)
{
	panthor_cs_transfer(cs, 21, base, mask, address, offset);
}

/** panthor_cs_wait - wait for scoreboard slots */
static inline void panthor_cs_wait(struct panthor_cs *cs, uint32_t mask)
{
	panthor_cs_emit(cs, panthor_cs_op(3) | panthor_cs_deferred(cs, mask, 0));
}

/** panthor_cs_set_slots - scoreboard slots of jobs on shader cores, and of loads and stores */
static inline void panthor_cs_set_slots(struct panthor_cs *cs, uint32_t endpoint, uint32_t other)
{
	if (endpoint >= PANTHOR_CS_SCOREBOARD_SLOTS || other >= PANTHOR_CS_SCOREBOARD_SLOTS)
		panthor_cs_fail(cs, -EINVAL);
	panthor_cs_emit(cs, panthor_cs_op(23) | other << 4 | endpoint);
}

/**
 * panthor_cs_flush_caches - write back and drop what the GPU has cached
 * @l2, @lsc: enum panthor_cs_flush
 * @invalidate_other: the read-only caches as well
 * @flush_id: register with an id; nothing is done if there was a flush after it
 * @wait_mask, @slot: scoreboard slots to wait for, and to signal
 */
static inline void panthor_cs_flush_caches(struct panthor_cs *cs, enum panthor_cs_flush l2,
					   enum panthor_cs_flush lsc, bool invalidate_other,
					   uint32_t flush_id, uint32_t wait_mask, uint32_t slot)
{
	if ((unsigned int)l2 > 3 || l2 == 2 || (unsigned int)lsc > 3 || lsc == 2)
		panthor_cs_fail(cs, -EINVAL);
	panthor_cs_emit(cs, panthor_cs_op(36) | panthor_cs_reg(cs, flush_id, 1, 40) |
				    panthor_cs_deferred(cs, wait_mask, slot) |
				    (uint64_t)invalidate_other << 9 | (uint64_t)lsc << 4 |
				    (uint64_t)l2);
}

/**
 * panthor_cs_skip - branch by a number of instructions
 * @condition: enum panthor_cs_condition
 * @reg: register compared with 0; any with PANTHOR_CS_ALWAYS
 * @instructions: from the one behind the branch, -32768 to 32767
 */
static inline void panthor_cs_skip(struct panthor_cs *cs, enum panthor_cs_condition condition,
				   uint32_t reg, int32_t instructions)
{
	if ((unsigned int)condition > PANTHOR_CS_ALWAYS)
		panthor_cs_fail(cs, -EINVAL);
	if (instructions < INT16_MIN || instructions > INT16_MAX)
		panthor_cs_fail(cs, -ERANGE);
	panthor_cs_emit(cs, panthor_cs_op(22) | panthor_cs_reg(cs, reg, 1, 40) |
				    (uint64_t)condition << 28 | (uint16_t)instructions);
}

/** panthor_cs_branch - branch to a label, placed already or not; as panthor_cs_skip() */
static inline void panthor_cs_branch(struct panthor_cs *cs, enum panthor_cs_condition condition,
				     uint32_t reg, struct panthor_cs_label *label)
{
	int64_t here = cs->count, distance;

	/* Until the label is placed, the offset is how far back the branch before this one is. */
	if (label->place)
		distance = (int64_t)label->place - 1 - (here + 1);
	else
		distance = label->last_branch ? here - ((int64_t)label->last_branch - 1) : 0;
	if (distance < INT16_MIN || distance > INT16_MAX)
		panthor_cs_fail(cs, -ERANGE);
	panthor_cs_skip(cs, condition, reg, cs->error ? 0 : (int32_t)distance);
	if (!cs->error && !label->place) {
		label->last_branch = cs->count;
		cs->unplaced++;
	}
}

/** panthor_cs_place - put a label here */
static inline void panthor_cs_place(struct panthor_cs *cs, struct panthor_cs_label *label)
{
	uint32_t branch = label->last_branch;

	if (label->place)
		panthor_cs_fail(cs, -EINVAL);
	label->place = cs->count + 1;
	while (!cs->error && branch) {
		uint64_t word = cs->words[branch - 1];
		uint32_t back = (uint32_t)(word & 0xffff), distance = cs->count - branch;

		if (distance > INT16_MAX)
			panthor_cs_fail(cs, -ERANGE);
		cs->words[branch - 1] = (word & ~(uint64_t)0xffff) | (distance & 0xffff);
		cs->unplaced--;
		branch = back ? branch - back : 0;
	}
}

/** panthor_cs_call - run another buffer, at 64-bit register @address, of register @length bytes */
static inline void panthor_cs_call(struct panthor_cs *cs, uint32_t address, uint32_t length)
{
	panthor_cs_emit(cs, panthor_cs_op(32) | panthor_cs_pair(cs, address, 40) |
				    panthor_cs_reg(cs, length, 1, 32));
}

/** panthor_cs_jump - as panthor_cs_call(), but the rest of this buffer is not run */
static inline void panthor_cs_jump(struct panthor_cs *cs, uint32_t address, uint32_t length)
{
	panthor_cs_emit(cs, panthor_cs_op(33) | panthor_cs_pair(cs, address, 40) |
				    panthor_cs_reg(cs, length, 1, 32));
}

/*
 * Sync objects in memory: { u32 value, u32 error } or { u64 value, u32 error, u32 pad }, seen by
 * the CPU, other queues and other groups. @bits is 32 or 64, the width of value and of the data
 * register.
 */

/* Not for callers: opcodes of the 64-bit forms follow those of the 32-bit forms at a distance. */
static inline uint64_t panthor_cs_sync(struct panthor_cs *cs, uint32_t opcode, uint32_t bits,
				       uint32_t address, uint32_t data)
{
	uint64_t pair = panthor_cs_pair(cs, address, 40);

	if (bits == 64)
		return panthor_cs_op(opcode + 14) | pair | panthor_cs_pair(cs, data, 32);
	if (bits != 32)
		panthor_cs_fail(cs, -EINVAL);
	return panthor_cs_op(opcode) | pair | panthor_cs_reg(cs, data, 1, 32);
}

/** panthor_cs_sync_add - value at @address += @data, after slots @wait_mask; signals @slot */
static inline void panthor_cs_sync_add(struct panthor_cs *cs, uint32_t bits, uint32_t address,
				       uint32_t data, uint32_t wait_mask, uint32_t slot)
{
	panthor_cs_emit(cs, panthor_cs_sync(cs, 37, bits, address, data) |
				    panthor_cs_deferred(cs, wait_mask, slot));
}

/** panthor_cs_sync_set - value at @address = @data; otherwise as panthor_cs_sync_add() */
static inline void panthor_cs_sync_set(struct panthor_cs *cs, uint32_t bits, uint32_t address,
				       uint32_t data, uint32_t wait_mask, uint32_t slot)
{
	panthor_cs_emit(cs, panthor_cs_sync(cs, 38, bits, address, data) |
				    panthor_cs_deferred(cs, wait_mask, slot));
}

/**
 * panthor_cs_sync_wait - block the queue until the value at @address is LE or GT @data
 *
 * Compares as unsigned. Other queues go on. The hardware knows no other conditions here.
 */
static inline void panthor_cs_sync_wait(struct panthor_cs *cs, uint32_t bits, uint32_t address,
					uint32_t data, enum panthor_cs_condition condition)
{
	if (condition != PANTHOR_CS_LE && condition != PANTHOR_CS_GT)
		panthor_cs_fail(cs, -EINVAL);
	panthor_cs_emit(cs,
			panthor_cs_sync(cs, 39, bits, address, data) | (uint64_t)condition << 28);
}

#endif
