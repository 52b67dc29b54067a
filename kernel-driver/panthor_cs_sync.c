// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * How queues wait for each other and for the CPU: sync objects and progress counters.
 *
 * A sync object is a counter with a u32 behind it that is an error. What a queue wrote before it
 * signalled, error included, is visible to whoever has seen the new count.
 */

#include <linux/atomic.h>

#include "panthor_cs_insn.h"

static bool panthor_cs_block(struct panthor_cs *cs, enum panthor_cs_wait_kind kind, u32 condition,
			     u64 target, u64 reference)
{
	cs->status = PANTHOR_CS_BLOCKED;
	cs->wait.kind = kind;
	cs->wait.condition = condition;
	cs->wait.target = target;
	cs->wait.reference = reference;
	return false;
}

static __always_inline u64 panthor_cs_sync_operand(struct panthor_cs *cs, u64 insn, u32 size)
{
	return size == sizeof(u64) ? panthor_cs_pair(cs, insn, 32) : panthor_cs_reg(cs, insn, 32);
}

/* Leaves the object's error alone when there is nothing to tell. */
static bool panthor_cs_propagate(struct panthor_cs *cs, u64 insn, u64 va)
{
	u32 *error;

	if (!panthor_cs_field(insn, 0, 1) || !cs->error)
		return true;

	error = panthor_cs_mem(cs, va, PANTHOR_CS_WRITE);
	if (!error)
		return false;

	WRITE_ONCE(*error, cs->error);
	return true;
}

/* Where to signal, the error having been stored. */
static __always_inline void *panthor_cs_sync_object(struct panthor_cs *cs, u64 insn, u32 size)
{
	u64 va = panthor_cs_pair(cs, insn, 40);
	void *seqno = panthor_cs_data(cs, va, size, PANTHOR_CS_WRITE);

	if (!seqno || !panthor_cs_propagate(cs, insn, va + size))
		return NULL;

	cs->events |= PANTHOR_CS_EVENT_SIGNAL;
	return seqno;
}

bool panthor_cs_sync_add32(struct panthor_cs *cs, u64 insn)
{
	void *seqno = panthor_cs_sync_object(cs, insn, sizeof(u32));

	if (seqno)
		atomic_fetch_add_release(panthor_cs_reg(cs, insn, 32), seqno);
	return seqno;
}

bool panthor_cs_sync_add64(struct panthor_cs *cs, u64 insn)
{
	void *seqno = panthor_cs_sync_object(cs, insn, sizeof(u64));

	if (seqno)
		atomic64_fetch_add_release(panthor_cs_pair(cs, insn, 32), seqno);
	return seqno;
}

bool panthor_cs_sync_set32(struct panthor_cs *cs, u64 insn)
{
	u32 *seqno = panthor_cs_sync_object(cs, insn, sizeof(*seqno));

	if (!seqno)
		return false;

	/* After the error, and all else the queue has stored. */
	smp_store_release(seqno, panthor_cs_reg(cs, insn, 32));
	return true;
}

bool panthor_cs_sync_set64(struct panthor_cs *cs, u64 insn)
{
	u64 *seqno = panthor_cs_sync_object(cs, insn, sizeof(*seqno));

	if (!seqno)
		return false;

	/* As above. */
	smp_store_release(seqno, panthor_cs_pair(cs, insn, 32));
	return true;
}

/* Unless rejected, an error that came with the signal becomes the queue's own. */
static bool panthor_cs_inherit(struct panthor_cs *cs, u64 insn, u64 va)
{
	const u32 *error;

	if (panthor_cs_field(insn, 0, 1))
		return true;

	error = panthor_cs_mem(cs, va, PANTHOR_CS_READ);
	if (!error)
		return false;

	if (READ_ONCE(*error))
		cs->error = PANTHOR_CS_EXC_INHERIT;
	return true;
}

/* Acquires: whoever signalled has stored the error, and all else, before. */
static __always_inline u64 panthor_cs_load_seqno(const void *mem, u32 size)
{
	if (size == sizeof(u64))
		return smp_load_acquire((const u64 *)mem); /* see above */
	return smp_load_acquire((const u32 *)mem); /* see above */
}

static __always_inline bool panthor_cs_sync_wait(struct panthor_cs *cs, u64 insn, u32 size,
						 enum panthor_cs_wait_kind kind)
{
	u64 va = panthor_cs_pair(cs, insn, 40), reference = panthor_cs_sync_operand(cs, insn, size);
	u32 condition = panthor_cs_field(insn, 28, 4);
	const void *mem;
	u64 seqno;

	if (!panthor_cs_conditions[condition])
		return panthor_cs_invalid(cs);

	mem = panthor_cs_data(cs, va, size, PANTHOR_CS_READ);
	if (!mem)
		return false;

	seqno = panthor_cs_load_seqno(mem, size);
	if (!(panthor_cs_conditions[condition] &
	      panthor_cs_compare(seqno < reference, seqno == reference)))
		return panthor_cs_block(cs, kind, condition, va, reference);
	return panthor_cs_inherit(cs, insn, va + size);
}

bool panthor_cs_sync_wait32(struct panthor_cs *cs, u64 insn)
{
	return panthor_cs_sync_wait(cs, insn, sizeof(u32), PANTHOR_CS_WAIT_SYNC32);
}

bool panthor_cs_sync_wait64(struct panthor_cs *cs, u64 insn)
{
	return panthor_cs_sync_wait(cs, insn, sizeof(u64), PANTHOR_CS_WAIT_SYNC64);
}

static void panthor_cs_set_progress(struct panthor_cs *cs, u64 value)
{
	/* After all the queue has stored. */
	smp_store_release(&cs->config.progress[cs->config.queue], value);
	cs->events |= PANTHOR_CS_EVENT_SIGNAL;
}

/* Nobody else writes to it, so this needs not be atomic. */
static u64 panthor_cs_own_progress(const struct panthor_cs *cs)
{
	return READ_ONCE(cs->config.progress[cs->config.queue]);
}

void panthor_cs_count_progress(struct panthor_cs *cs, u64 insn)
{
	if (panthor_cs_field(insn, 32, 1))
		panthor_cs_set_progress(cs, panthor_cs_own_progress(cs) + 1);
}

bool panthor_cs_progress_wait(struct panthor_cs *cs, u64 insn)
{
	u64 reference = panthor_cs_pair(cs, insn, 40);
	u32 queue = panthor_cs_field(insn, 0, 5);

	if (queue >= cs->config.queue_count)
		return panthor_cs_invalid(cs);
	/* The other queue has stored its results before. */
	if (smp_load_acquire(&cs->config.progress[queue]) >= reference)
		return true;
	return panthor_cs_block(cs, PANTHOR_CS_WAIT_PROGRESS, 0, queue, reference);
}

bool panthor_cs_progress_store(struct panthor_cs *cs, u64 insn)
{
	panthor_cs_set_progress(cs, panthor_cs_pair(cs, insn, 40));
	return true;
}

bool panthor_cs_progress_load(struct panthor_cs *cs, u64 insn)
{
	panthor_cs_set_pair(cs, insn, 40, panthor_cs_own_progress(cs));
	return true;
}
