// SPDX-License-Identifier: MIT
/* Chunks of equal ranges: the part of the VA allocator that is used all the time. */
#include <errno.h>
#include <stdlib.h>

#include "size_class.h"
#include "va.h"

#define NO_TIER VA_TIERS

static const struct panthor_transport *io_of(const struct panthor_va *va)
{
	return va->vm->dev->io;
}

static uint64_t chunk_pages(uint32_t tier)
{
	return 1ull << VA_TIER_SHIFT(tier);
}

int va_chunks_init(struct panthor_va *va)
{
	for (uint32_t i = 0; i < VA_CLASSES; i++)
		list_init(&va->partial[i]);
	for (uint32_t tier = 0; tier < VA_TIERS; tier++) {
		uint64_t chunks = (va->end >> VA_TIER_SHIFT(tier)) + 1;

		if ((va->end - va->first) >> VA_TIER_SHIFT(tier) < VA_TIER_MIN_CHUNKS)
			break;
		va->leaf_count[tier] = (size_t)(chunks >> VA_LEAF_SHIFT) + 1;
		va->leaves[tier] =
			io_alloc(io_of(va), va->leaf_count[tier] * sizeof(*va->leaves[tier]));
		if (!va->leaves[tier])
			return -ENOMEM;
	}
	return 0;
}

static void free_leaf(struct va_leaf *leaf)
{
	for (uint32_t i = 0; leaf && i < 1 << VA_LEAF_SHIFT; i++)
		free(leaf->chunks[i]);
	free(leaf);
}

void va_chunks_fini(struct panthor_va *va)
{
	for (uint32_t tier = 0; tier < VA_TIERS && va->leaves[tier]; tier++) {
		for (size_t i = 0; i < va->leaf_count[tier]; i++)
			free_leaf(va->leaves[tier][i]);
		free(va->leaves[tier]);
	}
}

/* Where the chunk of a page is noted; NULL where none has been so far. */
static struct va_chunk **place_of(const struct panthor_va *va, uint32_t tier, uint64_t page)
{
	uint64_t number = page >> VA_TIER_SHIFT(tier);
	struct va_leaf *leaf = va->leaves[tier][number >> VA_LEAF_SHIFT];

	return leaf ? &leaf->chunks[number & ((1 << VA_LEAF_SHIFT) - 1)] : NULL;
}

static struct va_chunk **make_place(struct panthor_va *va, uint32_t tier, uint64_t page)
{
	struct va_leaf **leaf = &va->leaves[tier][page >> VA_TIER_SHIFT(tier) >> VA_LEAF_SHIFT];

	if (!*leaf)
		*leaf = io_alloc(io_of(va), sizeof(**leaf));
	return *leaf ? place_of(va, tier, page) : NULL;
}

static void drop_chunk(struct panthor_va *va, struct va_chunk *chunk)
{
	list_remove(&chunk->span.list);
	*place_of(va, chunk->tier, chunk->first) = NULL;
	va_holes_give(&va->holes, chunk->first, chunk_pages(chunk->tier));
	free(chunk);
}

void va_trim_chunks_locked(struct panthor_va *va)
{
	for (uint32_t i = 0; i < VA_CLASSES; i++) {
		struct list *item = va->partial[i].next, *next;

		for (; item != &va->partial[i]; item = next) {
			struct va_chunk *chunk = list_entry(item, struct va_chunk, span.list);

			next = item->next;
			if (span_is_empty(&chunk->span))
				drop_chunk(va, chunk);
		}
	}
}

static uint32_t choose_tier(const struct panthor_va *va, uint64_t slot_pages)
{
	uint32_t tier = 0;

	while (tier < VA_TIERS && slot_pages * VA_TIER_MIN_SLOTS > chunk_pages(tier))
		tier++;
	return tier < VA_TIERS && va->leaves[tier] ? tier : NO_TIER;
}

static struct va_chunk *find_in_tier(const struct panthor_va *va, uint32_t tier, uint64_t page)
{
	struct va_chunk **place = va->leaves[tier] ? place_of(va, tier, page) : NULL;

	return place ? *place : NULL;
}

struct va_chunk *va_find_chunk_locked(const struct panthor_va *va, uint64_t first, uint64_t pages)
{
	uint32_t expected = choose_tier(va, pages);
	struct va_chunk *chunk = expected == NO_TIER ? NULL : find_in_tier(va, expected, first);

	/* Rounding and alignment take a range to higher tiers, a full space out of all of them. */
	for (uint32_t tier = 0; !chunk && tier < VA_TIERS; tier++)
		chunk = find_in_tier(va, tier, first);
	return chunk;
}

static int fill_chunk(struct panthor_va *va, struct va_chunk *chunk)
{
	struct va_chunk **place;
	int r = va_holes_take(&va->holes, io_of(va), chunk_pages(chunk->tier),
			      chunk_pages(chunk->tier), &chunk->first);

	if (r)
		return r;
	place = make_place(va, chunk->tier, chunk->first);
	if (!place) {
		va_holes_give(&va->holes, chunk->first, chunk_pages(chunk->tier));
		return -ENOMEM;
	}
	*place = chunk;
	return 0;
}

static int add_chunk(struct panthor_va *va, uint32_t tier, uint32_t class_index)
{
	struct va_chunk *chunk = io_alloc(io_of(va), sizeof(*chunk));
	int r;

	if (!chunk)
		return -ENOMEM;
	chunk->tier = tier;
	chunk->class_index = class_index;
	chunk->slot_pages = (uint32_t)size_class_units(class_index);
	span_init(&chunk->span, (uint32_t)(chunk_pages(tier) / chunk->slot_pages));
	r = fill_chunk(va, chunk);
	if (r) {
		free(chunk);
		return r;
	}
	list_add_tail(&va->partial[class_index], &chunk->span.list);
	return 0;
}

int va_take_slot_locked(struct panthor_va *va, uint64_t pages, uint64_t align, uint64_t *ret_first)
{
	uint32_t class_index = size_class_aligned(pages, align);
	uint32_t tier = choose_tier(va, size_class_units(class_index));
	struct va_chunk *chunk;
	struct list *partial;
	int r = 0;

	if (tier == NO_TIER)
		return -ENOSPC;
	partial = &va->partial[class_index];
	if (list_is_empty(partial))
		r = add_chunk(va, tier, class_index);
	if (r)
		return r;

	chunk = list_entry(partial->next, struct va_chunk, span.list);
	*ret_first = chunk->first + (uint64_t)span_take(&chunk->span) * chunk->slot_pages;
	if (span_is_full(&chunk->span))
		list_remove(&chunk->span.list);
	return 0;
}

int va_give_slot_locked(struct panthor_va *va, struct va_chunk *chunk, uint64_t first,
			uint64_t pages)
{
	struct list *partial = &va->partial[chunk->class_index];
	uint32_t offset = (uint32_t)(first - chunk->first);
	bool was_full = span_is_full(&chunk->span);

	if (offset % chunk->slot_pages || pages > chunk->slot_pages ||
	    !span_give(&chunk->span, offset / chunk->slot_pages))
		return -EINVAL;
	if (was_full)
		list_add_tail(partial, &chunk->span.list);
	/* The last one of its class stays: the next range would make it anew. */
	if (span_is_empty(&chunk->span) && partial->next != partial->prev)
		drop_chunk(va, chunk);
	return 0;
}
