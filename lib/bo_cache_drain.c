// SPDX-License-Identifier: MIT
/* BO caches: the end, which waits for the GPU, though not for ever. */
#include <errno.h>

#include "bo_cache.h"

static uint64_t later_of(const struct list *list, uint64_t point)
{
	for (struct list *item = list->next; item != list; item = item->next) {
		struct panthor_bo *bo = list_entry(item, struct panthor_bo, cached.in_ages);

		point = bo->cached.point > point ? bo->cached.point : point;
	}
	return point;
}

static uint64_t last_point(const struct panthor_bo_cache *cache)
{
	uint64_t last = 0;

	for (uint32_t i = 0; i < CACHE_SHARDS; i++) {
		last = later_of(&cache->shards[i].busy, last);
		last = later_of(&cache->shards[i].refused, last);
	}
	return last;
}

static int64_t deadline(const struct panthor_bo_cache *cache)
{
	const struct panthor_transport *io = cache->dev->io;
	uint64_t now = io->now(io->priv);

	return cache->drain_timeout_ns > INT64_MAX - now ? INT64_MAX
							 : (int64_t)(now + cache->drain_timeout_ns);
}

/* BOs can be closed under the GPU's hands, but not be taken out of its address space. */
static void wait_until_idle(struct panthor_bo_cache *cache)
{
	uint64_t point = last_point(cache);
	int r;

	if (!cache->va || timeline_is_past(&cache->timeline, point))
		return;
	r = panthor_syncobj_wait(cache->dev, &cache->timeline.syncobj, &point, 1, deadline(cache),
				 PANTHOR_SYNCOBJ_WAIT_FOR_SUBMIT, NULL);
	/* With the device the GPU is gone too. */
	if (!r || r == -ENODEV)
		atomic_store(&cache->timeline.signalled, UINT64_MAX);
	else
		timeline_ask(&cache->timeline, cache->dev);
}

/* What the GPU may use for ever stays mapped, at addresses that nobody else gets. */
static void leave_mapped(struct panthor_bo_cache *cache, struct list *bos)
{
	while (!list_is_empty(bos)) {
		struct panthor_bo *bo = list_entry(bos->next, struct panthor_bo, cached.in_ages);

		list_remove(&bo->cached.in_ages);
		bo->cached.va = 0;
		cache_destroy_bo(cache, bo);
	}
}

void cache_drain(struct panthor_bo_cache *cache)
{
	wait_until_idle(cache);
	while (cache_free_oldest(cache))
		;
	for (uint32_t i = 0; i < CACHE_SHARDS; i++) {
		leave_mapped(cache, &cache->shards[i].busy);
		leave_mapped(cache, &cache->shards[i].refused);
	}
}
