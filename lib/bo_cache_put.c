// SPDX-License-Identifier: MIT
/* BO caches: putting back. */
#include <errno.h>

#include "bo_cache.h"
#include "memcheck.h"

/* Credit that a shard takes beyond its need. */
#define CREDIT_AHEAD(cache) ((int64_t)((cache)->max_bytes / (4 * CACHE_SHARDS)))

/* What others know of, or can see the contents of, is not for anybody else. */
static bool may_keep(struct panthor_bo_cache *cache, struct panthor_bo *bo)
{
	if (bo->cached.bucket == CACHE_NO_BUCKET || bo->info.size > cache->max_bytes ||
	    atomic_load(&bo->exported) || atomic_load_explicit(&bo->refs, memory_order_acquire) > 1)
		return false;
	return !cache_advises(cache) || !panthor_bo_madvise(bo, PANTHOR_BO_DONTNEED, NULL);
}

/* Takes credit ahead if there is, so as not to come back for every BO. */
static bool take_credit_locked(struct panthor_bo_cache *cache, struct cache_shard *shard,
			       uint64_t size)
{
	int64_t missing = (int64_t)size - shard->credit, wanted, all;

	if (missing <= 0)
		return true;
	all = atomic_load(&cache->credit);
	do {
		if (all < missing)
			return false;
		wanted = missing + CREDIT_AHEAD(cache);
		wanted = wanted < all ? wanted : all;
	} while (!atomic_compare_exchange_weak(&cache->credit, &all, all - wanted));
	shard->credit += wanted;
	return true;
}

/* Any that nobody has, or else that of this CPU. */
static struct cache_shard *enter(struct panthor_bo_cache *cache)
{
	uint32_t first = shard_first(cache);

	for (uint32_t i = 0; i < CACHE_SHARDS; i++) {
		struct cache_shard *shard = &cache->shards[(first + i) % CACHE_SHARDS];

		if (shard_try_take(shard))
			return shard;
	}
	shard_take(cache, &cache->shards[first]);
	return &cache->shards[first];
}

static bool push(struct panthor_bo_cache *cache, struct panthor_bo *bo, bool anyway)
{
	struct cache_shard *shard = enter(cache);
	bool added = anyway || take_credit_locked(cache, shard, bo->info.size);

	if (added)
		shard_add_locked(cache, shard, bo);
	shard_drop(shard);
	return added;
}

static void keep(struct panthor_bo_cache *cache, struct panthor_bo *bo)
{
	if (push(cache, bo, false))
		return;
	cache_make_room(cache, bo->info.size);
	if (push(cache, bo, !shard_may_free(cache, bo)))
		return;
	cache_destroy_bo(cache, bo);
}

/* Not to be used again: freed as soon as the GPU allows. It makes nobody else go. */
static void refuse(struct panthor_bo_cache *cache, struct panthor_bo *bo)
{
	atomic_fetch_add_explicit(&cache->refused, 1, memory_order_relaxed);
	bo->cached.bucket = CACHE_NO_BUCKET;
	bo->cached.since_ns = 0;
	if (shard_may_free(cache, bo)) {
		cache_destroy_bo(cache, bo);
		return;
	}
	push(cache, bo, true);
	cache_collect_refused(cache);
}

PANTHOR_PUBLIC
int panthor_bo_cache_put(struct panthor_bo_cache *cache, const struct panthor_buffer *buffer,
			 uint64_t point)
{
	const struct panthor_transport *io = cache->dev->io;
	struct panthor_bo *bo = buffer->bo;
	uint64_t now;

	if ((point && !cache->timeline.syncobj) || !cache_slot_return(cache, buffer))
		return -EINVAL;
	now = io->now(io->priv);
	bo->cached.point = point;
	if (may_keep(cache, bo)) {
		if (bo->cached.ptr)
			memcheck_forbid(bo->cached.ptr, (size_t)bo->info.size);
		atomic_store_explicit(&bo->cached.is_idle, true, memory_order_relaxed);
		bo->cached.since_ns = now ? now : 1;
		keep(cache, bo);
	} else {
		refuse(cache, bo);
	}
	cache_age(cache, now);
	return 0;
}
