// SPDX-License-Identifier: MIT
/* Shards of a BO cache: lists and nothing else. */
#include "bo_cache.h"

/* Entries to look at before a new BO is the better choice. */
#define MAX_LOOKS 16

/* Tries before it sleeps, and for how long. */
#define MAX_TRIES 64
#define PAUSE_NS  50000

void shard_init(struct cache_shard *shard)
{
	atomic_flag_clear(&shard->taken);
	list_init(&shard->ages);
	for (uint32_t i = 0; i < CACHE_BUCKETS; i++)
		list_init(&shard->buckets[i]);
}

uint32_t shard_first(const struct panthor_bo_cache *cache)
{
	return cache->dev->io->cpu(cache->dev->io->priv) % CACHE_SHARDS;
}

bool shard_try_take(struct cache_shard *shard)
{
	return !atomic_flag_test_and_set_explicit(&shard->taken, memory_order_acquire);
}

/*
 * Who has it makes no system call meanwhile, but may have lost its CPU. A thread of real-time
 * priority keeps that for itself until it sleeps, however often it yields.
 */
void shard_take(const struct panthor_bo_cache *cache, struct cache_shard *shard)
{
	const struct panthor_transport *io = cache->dev->io;

	for (uint32_t tries = 0; !shard_try_take(shard); tries++)
		io->pause(io->priv, tries < MAX_TRIES ? 0 : PAUSE_NS);
}

void shard_drop(struct cache_shard *shard)
{
	atomic_flag_clear_explicit(&shard->taken, memory_order_release);
}

bool shard_may_free(const struct panthor_bo_cache *cache, const struct panthor_bo *bo)
{
	return !cache->va || timeline_is_past(&cache->timeline, bo->cached.point);
}

static void mark(struct cache_shard *shard, uint32_t bucket, bool filled)
{
	atomic_uint_least64_t *word = &shard->filled[bucket / 64];
	uint64_t bit = 1ull << bucket % 64, old = atomic_load_explicit(word, memory_order_relaxed);

	atomic_store_explicit(word, filled ? old | bit : old & ~bit, memory_order_relaxed);
}

void shard_add_locked(struct cache_shard *shard, struct panthor_bo *bo)
{
	struct bo_cached *cached = &bo->cached;

	shard->bytes += bo->info.size;
	shard->bos++;
	shard->credit -= (int64_t)bo->info.size;
	if (cached->bucket == CACHE_NO_BUCKET) {
		list_add_tail(shard->ages.next, &cached->in_ages);
		return;
	}
	list_add_tail(&shard->ages, &cached->in_ages);
	list_add_tail(&shard->buckets[cached->bucket], &cached->in_bucket);
	mark(shard, cached->bucket, true);
}

void shard_remove_locked(struct cache_shard *shard, struct panthor_bo *bo)
{
	struct bo_cached *cached = &bo->cached;

	shard->bytes -= bo->info.size;
	shard->bos--;
	shard->credit += (int64_t)bo->info.size;
	list_remove(&cached->in_ages);
	if (cached->bucket == CACHE_NO_BUCKET)
		return;
	list_remove(&cached->in_bucket);
	if (list_is_empty(&shard->buckets[cached->bucket]))
		mark(shard, cached->bucket, false);
}

struct panthor_bo *shard_pop_locked(const struct panthor_bo_cache *cache, struct cache_shard *shard,
				    uint32_t bucket, bool *ret_busy)
{
	struct list *bos = &shard->buckets[bucket];
	struct list *item = bos->next;

	for (uint32_t looks = 0; item != bos && looks < MAX_LOOKS; looks++, item = item->next) {
		struct panthor_bo *bo = list_entry(item, struct panthor_bo, cached.in_bucket);

		if (timeline_is_past(&cache->timeline, bo->cached.point)) {
			shard_remove_locked(shard, bo);
			return bo;
		}
		*ret_busy = true;
	}
	return NULL;
}

struct panthor_bo *shard_oldest_locked(const struct panthor_bo_cache *cache,
				       const struct cache_shard *shard)
{
	for (struct list *item = shard->ages.next; item != &shard->ages; item = item->next) {
		struct panthor_bo *bo = list_entry(item, struct panthor_bo, cached.in_ages);

		if (shard_may_free(cache, bo))
			return bo;
	}
	return NULL;
}
