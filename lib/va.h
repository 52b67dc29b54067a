/* SPDX-License-Identifier: MIT */
#ifndef PANTHOR_VA_H
#define PANTHOR_VA_H

#include <pthread.h>
#include <stdatomic.h>

#include "deferred.h"
#include "span.h"
#include "va_holes.h"
#include "vm.h"

/*
 * Ranges up to 128 MiB are slots of chunks; the chunks, and whatever is larger, come out of the
 * tree of holes. Chunks of a tier are of one size and aligned to it, so that the one an address is
 * in is found by two steps through a table.
 */
#define VA_TIERS   5
#define VA_CLASSES 56

/* Pages in a chunk of a tier, by its logarithm. */
#define VA_TIER_SHIFT(tier) (9 + 3 * (tier))
/* With at least this many slots, it holds slots of the sizes that the tier below does not. */
#define VA_TIER_MIN_SLOTS 64
/* A tier is used where the chunks that its classes begin are a small part of the address space. */
#define VA_TIER_MIN_CHUNKS 4096

#define VA_LEAF_SHIFT 13

struct va_chunk {
	struct span span;
	uint64_t first; /* page */
	uint32_t slot_pages;
	uint32_t class_index;
	uint32_t tier;
};

struct va_leaf {
	struct va_chunk *chunks[1 << VA_LEAF_SHIFT];
};

struct panthor_va {
	atomic_uint refs;

	/* Constant from birth to the last unref. The VM is referenced. All but the lengths: pages.
	 */
	struct panthor_vm *vm;
	uint64_t first;
	uint64_t end;
	uint64_t guard;
	size_t leaf_count[VA_TIERS];

	/* Everything below is under it. */
	pthread_mutex_t lock;
	struct va_holes holes;
	struct va_leaf **leaves[VA_TIERS];
	struct list partial[VA_CLASSES]; /* chunks with a free slot */
	struct deferred deferred;
};

struct panthor_va *va_ref(struct panthor_va *va);

/* Slots: va_chunk.c. -ENOSPC where no chunk has room and none can be made, -ENOMEM. */
int va_chunks_init(struct panthor_va *va);
void va_chunks_fini(struct panthor_va *va);
int va_take_slot_locked(struct panthor_va *va, uint64_t pages, uint64_t align, uint64_t *ret_first);
struct va_chunk *va_find_chunk_locked(const struct panthor_va *va, uint64_t first, uint64_t pages);
int va_give_slot_locked(struct panthor_va *va, struct va_chunk *chunk, uint64_t first,
			uint64_t pages);
/* Gives the chunks back of which no slot is taken. */
void va_trim_chunks_locked(struct panthor_va *va);

#endif
