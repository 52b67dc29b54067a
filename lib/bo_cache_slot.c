// SPDX-License-Identifier: MIT
/* BO caches: which buffers are out. */
#include <errno.h>
#include <stdlib.h>

#include "bo_cache.h"

#define FIRST_PAGE_SHIFT 6
#define MAX_SLOTS	 ((1u << (CACHE_SLOT_PAGES + FIRST_PAGE_SHIFT)) - (1u << FIRST_PAGE_SHIFT))

/* Of a slot below MAX_SLOTS; and how many slots there are in front of it. */
static uint32_t page_of(uint32_t slot, uint32_t *ret_first)
{
	uint32_t page =
		31 - (uint32_t)__builtin_clz(slot + (1u << FIRST_PAGE_SHIFT)) - FIRST_PAGE_SHIFT;

	*ret_first = (1u << (page + FIRST_PAGE_SHIFT)) - (1u << FIRST_PAGE_SHIFT);
	return page;
}

static struct cache_slot *find(struct panthor_bo_cache *cache, uint32_t slot)
{
	struct cache_slot *page;
	uint32_t first;

	if (slot >= MAX_SLOTS)
		return NULL;
	page = atomic_load_explicit(&cache->slots[page_of(slot, &first)], memory_order_acquire);
	return page ? &page[slot - first] : NULL;
}

void cache_slots_fini(struct panthor_bo_cache *cache)
{
	for (uint32_t i = 0; i < CACHE_SLOT_PAGES; i++)
		free(atomic_load(&cache->slots[i]));
}

static int make_page_locked(struct panthor_bo_cache *cache, uint32_t slot)
{
	uint32_t first, page = page_of(slot, &first);
	struct cache_slot *slots;

	if (atomic_load_explicit(&cache->slots[page], memory_order_relaxed))
		return 0;
	slots = io_alloc(cache->dev->io, sizeof(*slots) << (page + FIRST_PAGE_SHIFT));
	if (!slots)
		return -ENOMEM;
	atomic_store_explicit(&cache->slots[page], slots, memory_order_release);
	return 0;
}

static int take_locked(struct panthor_bo_cache *cache, uint32_t *ret_slot)
{
	uint32_t slot = cache->free_slot;
	int r;

	if (slot != CACHE_NO_SLOT) {
		cache->free_slot = find(cache, slot)->next_free;
		*ret_slot = slot;
		return 0;
	}
	slot = cache->slot_count;
	r = slot < MAX_SLOTS ? make_page_locked(cache, slot) : -ENOMEM;
	if (r)
		return r;
	cache->slot_count++;
	*ret_slot = slot;
	return 0;
}

int cache_slot_new(struct panthor_bo_cache *cache, uint32_t *ret_slot)
{
	int r;

	io_lock(cache->dev->io, &cache->slots_lock);
	r = take_locked(cache, ret_slot);
	io_unlock(cache->dev->io, &cache->slots_lock);
	return r;
}

void cache_slot_free(struct panthor_bo_cache *cache, uint32_t slot)
{
	struct cache_slot *entry = find(cache, slot);

	atomic_store_explicit(&entry->bo, NULL, memory_order_relaxed);
	io_lock(cache->dev->io, &cache->slots_lock);
	entry->next_free = cache->free_slot;
	cache->free_slot = slot;
	io_unlock(cache->dev->io, &cache->slots_lock);
}

uint64_t cache_slot_leave(struct panthor_bo_cache *cache, struct panthor_bo *bo)
{
	struct cache_slot *slot = find(cache, bo->cached.slot);
	uint32_t round = atomic_load_explicit(&slot->round, memory_order_relaxed) + 1;

	atomic_store_explicit(&slot->bo, bo, memory_order_relaxed);
	atomic_store_explicit(&slot->round, round, memory_order_relaxed);
	return (uint64_t)round << 32 | bo->cached.slot;
}

/* Of two that return the same buffer at once only one is the first. */
bool cache_slot_return(struct panthor_bo_cache *cache, const struct panthor_buffer *buffer)
{
	uint32_t round = (uint32_t)(buffer->serial >> 32);
	struct cache_slot *slot = find(cache, (uint32_t)buffer->serial);

	/* Numbers of another cache are told by the BO. */
	return slot && round & 1 &&
	       atomic_load_explicit(&slot->bo, memory_order_relaxed) == buffer->bo &&
	       atomic_compare_exchange_strong_explicit(&slot->round, &round, round + 1,
						       memory_order_acquire, memory_order_relaxed);
}
