// SPDX-License-Identifier: MIT
/* Shards of a BO cache: lists and nothing else. */
#include "bo_cache.h"

/* Entries to look at before a new BO, or some disorder, is the better choice. */
#define MAX_LOOKS 16

/* Tries before it sleeps, and for how long. */
#define MAX_TRIES 64
#define PAUSE_NS  50000

void shard_init(struct cache_shard *shard)
{
	atomic_flag_clear(&shard->taken);
	list_init(&shard->ages);
	list_init(&shard->busy);
	list_init(&shard->refused);
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

static struct panthor_bo *bo_of(struct list *in_ages)
{
	return list_entry(in_ages, struct panthor_bo, cached.in_ages);
}

/* Points mostly come in order. One far too late must not keep others from being seen for long. */
static void add_by_point(struct list *list, struct panthor_bo *bo)
{
	struct list *after = list->prev;

	for (uint32_t looks = 0; after != list && looks < MAX_LOOKS; looks++, after = after->prev) {
		if (bo_of(after)->cached.point <= bo->cached.point)
			break;
	}
	list_add_tail(after->next, &bo->cached.in_ages);
}

static void add_to_bucket(struct cache_shard *shard, struct panthor_bo *bo)
{
	shard->credit -= (int64_t)bo->info.size;
	list_add_tail(&shard->buckets[bo->cached.bucket], &bo->cached.in_bucket);
	mark(shard, bo->cached.bucket, true);
}

static void remove_from_bucket(struct cache_shard *shard, struct panthor_bo *bo)
{
	shard->credit += (int64_t)bo->info.size;
	list_remove(&bo->cached.in_bucket);
	if (list_is_empty(&shard->buckets[bo->cached.bucket]))
		mark(shard, bo->cached.bucket, false);
}

void shard_add_locked(const struct panthor_bo_cache *cache, struct cache_shard *shard,
		      struct panthor_bo *bo)
{
	bool refused = bo->cached.bucket == CACHE_NO_BUCKET;

	bo->cached.is_busy = !shard_may_free(cache, bo);
	shard->bytes += bo->info.size;
	shard->bos++;
	shard->busy_bos += bo->cached.is_busy;
	if (refused)
		add_by_point(&shard->refused, bo);
	else if (bo->cached.is_busy)
		add_by_point(&shard->busy, bo);
	else
		list_add_tail(&shard->ages, &bo->cached.in_ages);
	if (!refused)
		add_to_bucket(shard, bo);
}

void shard_remove_locked(struct cache_shard *shard, struct panthor_bo *bo)
{
	shard->bytes -= bo->info.size;
	shard->bos--;
	shard->busy_bos -= bo->cached.is_busy;
	list_remove(&bo->cached.in_ages);
	if (bo->cached.bucket != CACHE_NO_BUCKET)
		remove_from_bucket(shard, bo);
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

static struct panthor_bo *first_of(const struct list *list)
{
	return list_is_empty(list) ? NULL : bo_of(list->next);
}

static struct panthor_bo *first_past(const struct panthor_bo_cache *cache, const struct list *list)
{
	struct panthor_bo *bo = first_of(list);

	return bo && shard_may_free(cache, bo) ? bo : NULL;
}

struct panthor_bo *shard_oldest_locked(const struct panthor_bo_cache *cache,
				       const struct cache_shard *shard)
{
	struct panthor_bo *refused = first_past(cache, &shard->refused);
	struct panthor_bo *past = first_past(cache, &shard->busy), *idle = first_of(&shard->ages);

	if (refused || !past || !idle)
		return refused ? refused : past ? past : idle;
	return past->cached.since_ns < idle->cached.since_ns ? past : idle;
}

uint64_t shard_waiting_since_locked(const struct panthor_bo_cache *cache,
				    const struct cache_shard *shard)
{
	const struct panthor_bo *bo = first_of(&shard->refused);

	if (!bo)
		bo = first_of(&shard->busy);
	return bo && !shard_may_free(cache, bo) ? bo->cached.since_ns : UINT64_MAX;
}
