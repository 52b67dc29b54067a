// SPDX-License-Identifier: MIT
/* BO caches: birth, references, death. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bo_cache.h"
#include "params.h"

#define KNOWN_FLAGS \
	(PANTHOR_BO_CACHE_MAP_CPU | PANTHOR_BO_CACHE_PRIVATE_TO_VM | PANTHOR_BO_CACHE_KEEP_CONTENTS)

#define DEFAULT_MAX_BYTES  (256ull << 20)
#define DEFAULT_MAX_AGE_NS 1000000000ull
/* Longer than the kernel lets a job run that makes no progress. */
#define DEFAULT_DRAIN_TIMEOUT_NS 10000000000ull

static int check_params(const struct panthor_device *dev,
			const struct panthor_bo_cache_params *params)
{
	if (params->flags & ~(uint32_t)KNOWN_FLAGS || params->max_bytes > INT64_MAX)
		return -EINVAL;
	if (!params->va)
		return params->map_flags || params->flags & PANTHOR_BO_CACHE_PRIVATE_TO_VM ? -EINVAL
											   : 0;
	return params->va->vm->dev != dev || params->map_flags & PANTHOR_MAP_SPARSE ? -EINVAL : 0;
}

static void cache_init(struct panthor_bo_cache *cache, const struct panthor_bo_cache_params *params)
{
	atomic_init(&cache->refs, 1);
	cache->va = params->va ? va_ref(params->va) : NULL;
	cache->flags = params->flags;
	cache->map_flags = params->map_flags;
	cache->max_bytes = params->max_bytes ? params->max_bytes : DEFAULT_MAX_BYTES;
	cache->max_age_ns = params->max_age_ns ? params->max_age_ns : DEFAULT_MAX_AGE_NS;
	cache->drain_timeout_ns =
		params->drain_timeout_ns ? params->drain_timeout_ns : DEFAULT_DRAIN_TIMEOUT_NS;
	timeline_init(&cache->timeline, params->timeline);
	cache->free_slot = CACHE_NO_SLOT;
	atomic_init(&cache->credit, (int64_t)cache->max_bytes);
	cache->pressure_fd = -1;
	for (uint32_t i = 0; i < CACHE_SHARDS; i++)
		shard_init(&cache->shards[i]);
}

static int init_locks(struct panthor_bo_cache *cache)
{
	int r = -pthread_mutex_init(&cache->fd_lock, NULL);

	if (r)
		return r;
	r = -pthread_mutex_init(&cache->slots_lock, NULL);
	if (r)
		pthread_mutex_destroy(&cache->fd_lock);
	return r;
}

PANTHOR_PUBLIC
int panthor_bo_cache_new(struct panthor_device *dev, const struct panthor_bo_cache_params *params,
			 struct panthor_bo_cache **ret_cache)
{
	struct panthor_bo_cache_params own;
	struct panthor_bo_cache *cache;
	int r = params_read(params, &own, sizeof(own));

	if (!r)
		r = check_params(dev, &own);
	if (r)
		return r;
	cache = io_alloc(dev->io, sizeof(*cache));
	if (!cache)
		return -ENOMEM;
	r = init_locks(cache);
	if (r) {
		free(cache);
		return r;
	}
	cache->dev = device_get(dev);
	cache_init(cache, &own);
	*ret_cache = cache;
	return 0;
}

PANTHOR_PUBLIC
struct panthor_bo_cache *panthor_bo_cache_unref(struct panthor_bo_cache *cache)
{
	if (!cache || atomic_fetch_sub_explicit(&cache->refs, 1, memory_order_acq_rel) > 1)
		return NULL;

	cache_drain(cache);
	cache_slots_fini(cache);
	if (cache->pressure_fd >= 0)
		io_close(cache->dev->io, cache->pressure_fd);
	pthread_mutex_destroy(&cache->slots_lock);
	pthread_mutex_destroy(&cache->fd_lock);
	panthor_va_unref(cache->va);
	device_put(cache->dev);
	free(cache);
	return NULL;
}

struct panthor_bo_cache *bo_cache_ref(struct panthor_bo_cache *cache)
{
	atomic_fetch_add_explicit(&cache->refs, 1, memory_order_relaxed);
	return cache;
}

bool cache_advises(struct panthor_bo_cache *cache)
{
	return !(cache->flags & PANTHOR_BO_CACHE_KEEP_CONTENTS) &&
	       panthor_device_has(cache->dev, PANTHOR_FEATURE_BO_MADVISE) > 0;
}

static uint64_t read_counter(const atomic_uint_least64_t *counter)
{
	return atomic_load_explicit(counter, memory_order_relaxed);
}

PANTHOR_PUBLIC
void panthor_bo_cache_stats_sized(struct panthor_bo_cache *cache,
				  struct panthor_bo_cache_stats *ret_stats, size_t size)
{
	struct panthor_bo_cache_stats stats = {
		.misses = read_counter(&cache->misses),
		.purged = read_counter(&cache->purged),
		.busy = read_counter(&cache->busy),
		.freed = read_counter(&cache->freed),
		.refused = read_counter(&cache->refused),
	};

	for (uint32_t i = 0; i < CACHE_SHARDS; i++) {
		struct cache_shard *shard = &cache->shards[i];

		shard_take(cache, shard);
		stats.hits += shard->hits;
		stats.bytes += shard->bytes;
		stats.bos += shard->bos;
		shard_drop(shard);
	}
	memset(ret_stats, 0, size);
	memcpy(ret_stats, &stats, size < sizeof(stats) ? size : sizeof(stats));
}
