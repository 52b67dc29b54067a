// SPDX-License-Identifier: MIT
/* Command streams: good ones, good ones with a few bits wrong, and words at random. */
#include <panthor_cs.h>

#include "fz.h"

#define ADDRESS 0
#define DATA	8

static uint64_t some_address(struct fz_worker *w, unsigned int vm_slot)
{
	const struct fz_bound *bound = &w->file->table->bound[vm_slot][fz_below(w, FZ_BINDS)];

	if (fz_one_in(w, 40) || !bound->size)
		return fz_number(w) & 0xffffffffffffull;
	return bound->va + fz_below(w, bound->size / 16) * 16;
}

static void memory_access(struct fz_worker *w, struct panthor_cs *cs, unsigned int vm_slot)
{
	uint32_t data = DATA + 2 * (uint32_t)fz_below(w, 4), bits = 32u << fz_below(w, 2);

	panthor_cs_move48(cs, ADDRESS, some_address(w, vm_slot) & 0xffffffffffffull);
	switch (fz_below(w, 6)) {
	case 0:
		panthor_cs_load(cs, data, 3, ADDRESS, 0);
		break;
	case 1:
		panthor_cs_store(cs, data, 15, ADDRESS, 16 * (int32_t)fz_below(w, 8));
		break;
	case 2:
		panthor_cs_sync_add(cs, bits, ADDRESS, data, 0, 0);
		break;
	case 3:
		panthor_cs_sync_set(cs, bits, ADDRESS, data, 0, 0);
		break;
	case 4:
		/* Seldom, for it may wait until the job's time is over. */
		if (fz_one_in(w, 12))
			panthor_cs_sync_wait(cs, bits, ADDRESS, data, PANTHOR_CS_LE);
		break;
	default:
		if (fz_one_in(w, 4)) {
			panthor_cs_move32(cs, data, 64);
			panthor_cs_call(cs, ADDRESS, data);
		}
	}
	panthor_cs_wait(cs, 1);
}

static void arithmetic(struct fz_worker *w, struct panthor_cs *cs)
{
	uint32_t reg = DATA + 2 * (uint32_t)fz_below(w, 4);

	panthor_cs_move32(cs, reg, (uint32_t)fz_number(w));
	panthor_cs_add64(cs, DATA, reg, (int32_t)fz_number(w));
	panthor_cs_flush_caches(cs, PANTHOR_CS_FLUSH_CLEAN, PANTHOR_CS_FLUSH_CLEAN_INVALIDATE, true,
				DATA, 0, 0);
	panthor_cs_wait(cs, 0xff);
}

/* Rounds that end, a store in each. */
static void loop(struct fz_worker *w, struct panthor_cs *cs, unsigned int vm_slot)
{
	struct panthor_cs_label again = { 0 };

	panthor_cs_move48(cs, ADDRESS, some_address(w, vm_slot) & 0xffffffffffffull);
	panthor_cs_move32(cs, DATA, 1 + (uint32_t)fz_small(w, 9));
	panthor_cs_place(cs, &again);
	panthor_cs_store(cs, DATA, 1, ADDRESS, 0);
	panthor_cs_wait(cs, 1);
	panthor_cs_add64(cs, ADDRESS, ADDRESS, 64);
	panthor_cs_add32(cs, DATA, DATA, -1);
	panthor_cs_branch(cs, PANTHOR_CS_GT, DATA, &again);
}

static uint32_t good_stream(struct fz_worker *w, unsigned int vm_slot, uint64_t *words,
			    uint32_t count)
{
	uint32_t pieces = 1 + (uint32_t)fz_below(w, 5), size = 0;
	struct panthor_cs cs;

	panthor_cs_init(&cs, words, count * sizeof(*words), 0);
	while (pieces--) {
		switch (fz_below(w, 4)) {
		case 0:
			arithmetic(w, &cs);
			break;
		case 1:
			loop(w, &cs, vm_slot);
			break;
		default:
			memory_access(w, &cs, vm_slot);
		}
	}
	return panthor_cs_finish(&cs, &size) == 0 ? size : 8;
}

uint32_t fz_stuck_stream(uint64_t va, uint64_t *words, uint32_t count)
{
	struct panthor_cs cs;
	uint32_t size = 0;

	panthor_cs_init(&cs, words, count * sizeof(*words), 0);
	panthor_cs_move48(&cs, ADDRESS, va);
	panthor_cs_move32(&cs, DATA, 0);
	panthor_cs_sync_wait(&cs, 32, ADDRESS, DATA, PANTHOR_CS_LE);
	return panthor_cs_finish(&cs, &size) == 0 ? size : 8;
}

uint32_t fz_stream(struct fz_worker *w, unsigned int vm_slot, uint64_t *words, uint32_t count)
{
	uint64_t flips;
	uint32_t size, i;

	if (fz_one_in(w, 8)) {
		/* Opcodes that exist are below 64. */
		for (i = 0; i < count; i++)
			words[i] = kt_rand(&w->rng) & 0x3fffffffffffffffull;
		return count * 8;
	}
	size = good_stream(w, vm_slot, words, count);
	for (flips = fz_one_in(w, 6) ? fz_below(w, 8) : 0; flips; flips--)
		words[fz_below(w, size / 8)] ^= 1ull << fz_below(w, 64);
	return size;
}
