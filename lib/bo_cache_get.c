// SPDX-License-Identifier: MIT
/* BO caches: getting, out of the cache or new. */
#include <errno.h>

#include "bo_cache.h"
#include "memcheck.h"
#include "size_class.h"

/* Whether a shard seems to have something, and can be had: at once, or with some patience. */
static bool enter(const struct panthor_bo_cache *cache, struct cache_shard *shard, uint32_t bucket,
		  bool patient)
{
	uint64_t filled = atomic_load_explicit(&shard->filled[bucket / 64], memory_order_relaxed);

	if (!(filled & 1ull << bucket % 64))
		return false;
	if (!patient)
		return shard_try_take(shard);
	shard_take(cache, shard);
	return true;
}

static struct panthor_bo *pop_from(struct panthor_bo_cache *cache, uint32_t bucket, bool patient,
				   bool *ret_busy)
{
	uint32_t first = shard_first(cache);

	for (uint32_t i = 0; i < CACHE_SHARDS; i++) {
		struct cache_shard *shard = &cache->shards[(first + i) % CACHE_SHARDS];
		struct panthor_bo *bo;

		if (!enter(cache, shard, bucket, patient))
			continue;
		bo = shard_pop_locked(cache, shard, bucket, ret_busy);
		shard->hits += bo != NULL;
		shard_drop(shard);
		if (bo)
			return bo;
	}
	return NULL;
}

/* A BO that the GPU is past. To wait for a shard takes less than to make one. */
static struct panthor_bo *pop(struct panthor_bo_cache *cache, uint32_t bucket, bool *ret_busy)
{
	struct panthor_bo *bo = pop_from(cache, bucket, false, ret_busy);

	return bo ? bo : pop_from(cache, bucket, true, ret_busy);
}

/* Skips what the GPU still uses, having asked once. */
static struct panthor_bo *pop_idle(struct panthor_bo_cache *cache, uint32_t bucket)
{
	bool busy = false;
	struct panthor_bo *bo = pop(cache, bucket, &busy);

	if (bo || !busy)
		return bo;
	if (!timeline_ask(&cache->timeline, cache->dev))
		bo = pop(cache, bucket, &busy);
	if (!bo)
		atomic_fetch_add_explicit(&cache->busy, 1, memory_order_relaxed);
	return bo;
}

/* The kernel keeps it from now on; and whether it did so far. */
static int want_back(struct panthor_bo_cache *cache, struct panthor_bo *bo, bool *ret_retained)
{
	int r;

	*ret_retained = true;
	if (!cache_advises(cache))
		return 0;
	r = panthor_bo_madvise(bo, PANTHOR_BO_WILLNEED, ret_retained);
	/* It reads as zeroes and is as good as any. */
	if (!r && !*ret_retained)
		atomic_fetch_add_explicit(&cache->purged, 1, memory_order_relaxed);
	return r;
}

/*
 * False: the kernel does not want to give it back. What its last user wrote and did not flush is
 * still in the CPU's caches where those are not the GPU's, and would be written over what the next
 * one has the GPU do.
 */
static bool revive(struct panthor_bo_cache *cache, struct panthor_bo *bo)
{
	bool retained;
	int r = want_back(cache, bo, &retained);

	if (!r && retained && bo_needs_sync(bo))
		r = panthor_bo_sync(bo, 0, bo->info.size, PANTHOR_BO_SYNC_FLUSH_AND_INVALIDATE);
	return !r;
}

static struct panthor_bo *reuse(struct panthor_bo_cache *cache, uint32_t bucket)
{
	struct panthor_bo *bo;

	while ((bo = pop_idle(cache, bucket))) {
		if (revive(cache, bo))
			return bo;
		cache_destroy_bo(cache, bo);
	}
	return NULL;
}

static int map_for_gpu(struct panthor_bo_cache *cache, struct panthor_bo *bo)
{
	uint64_t addr;
	int r = panthor_va_alloc(cache->va, bo->info.size, 0, &addr);

	if (r)
		return r;
	r = panthor_vm_map(cache->va->vm, bo, 0, addr, bo->info.size, cache->map_flags);
	if (r) {
		panthor_va_free(cache->va, addr, bo->info.size, 0);
		return r;
	}
	bo->cached.va = addr;
	return 0;
}

static int map_everywhere(struct panthor_bo_cache *cache, struct panthor_bo *bo)
{
	int r = 0;

	if (cache->flags & PANTHOR_BO_CACHE_MAP_CPU && !(bo->info.flags & PANTHOR_BO_NO_MMAP))
		r = panthor_bo_map(bo, &bo->cached.ptr);
	return !r && cache->va ? map_for_gpu(cache, bo) : r;
}

static int create_in_slot(struct panthor_bo_cache *cache, uint64_t size, uint32_t flags,
			  struct panthor_bo **ret_bo)
{
	bool private = cache->flags & PANTHOR_BO_CACHE_PRIVATE_TO_VM;
	int r = panthor_bo_new(cache->dev, private ? cache->va->vm : NULL, size, flags, ret_bo);

	if (r)
		return r;
	r = map_everywhere(cache, *ret_bo);
	if (r)
		panthor_bo_unref(*ret_bo);
	return r;
}

static int create(struct panthor_bo_cache *cache, uint64_t size, uint32_t flags,
		  struct panthor_bo **ret_bo)
{
	uint32_t slot;
	int r = cache_slot_new(cache, &slot);

	if (r)
		return r;
	r = create_in_slot(cache, size, flags, ret_bo);
	if (r)
		cache_slot_free(cache, slot);
	else
		(*ret_bo)->cached.slot = slot;
	return r;
}

static int create_in_bucket(struct panthor_bo_cache *cache, uint32_t bucket, uint64_t size,
			    uint32_t flags, struct panthor_bo **ret_bo)
{
	int r = create(cache, size, flags, ret_bo);

	cache_age(cache, cache->dev->io->now(cache->dev->io->priv));
	/* What is kept for later is the first to go when something is missing now. */
	if ((r == -ENOMEM || r == -ENOSPC) && panthor_bo_cache_trim(cache, 0))
		r = create(cache, size, flags, ret_bo);
	if (r)
		return r;
	atomic_fetch_add_explicit(&cache->misses, 1, memory_order_relaxed);
	(*ret_bo)->cached.owner = cache;
	(*ret_bo)->cached.bucket = bucket;
	return 0;
}

/* Rounds a size up to its class, if it has one. */
static uint32_t choose_bucket(const struct panthor_bo_cache *cache, uint32_t flags, uint64_t *size)
{
	/* By shifts: 32-bit processors have no instruction for such a division. */
	int shift = __builtin_ctzll(cache->dev->info.page_size);
	uint64_t pages = ((*size - 1) >> shift) + 1;
	uint32_t class_index = size_class_of(pages);

	if (class_index >= CACHE_CLASSES)
		return CACHE_NO_BUCKET;
	*size = size_class_units(class_index) << shift;
	return 4 * class_index + flags;
}

static void fill_buffer(struct panthor_bo_cache *cache, struct panthor_bo *bo,
			struct panthor_buffer *ret_buffer)
{
	*ret_buffer = (struct panthor_buffer){
		.bo = bo,
		.size = bo->info.size,
		.va = bo->cached.va,
		.ptr = bo->cached.ptr,
		.serial = cache_slot_leave(cache, bo),
	};
}

PANTHOR_PUBLIC
int panthor_bo_cache_get(struct panthor_bo_cache *cache, uint64_t size, uint32_t flags,
			 struct panthor_buffer *ret_buffer)
{
	struct panthor_bo *bo = NULL;
	uint32_t bucket;
	int r = 0;

	if (!size || flags & ~(uint32_t)BO_KNOWN_FLAGS)
		return -EINVAL;
	bucket = choose_bucket(cache, flags, &size);
	if (bucket != CACHE_NO_BUCKET)
		bo = reuse(cache, bucket);
	if (!bo)
		r = create_in_bucket(cache, bucket, size, flags, &bo);
	if (r)
		return r;

	atomic_store_explicit(&bo->cached.is_idle, false, memory_order_relaxed);
	if (bo->cached.ptr)
		memcheck_allow(bo->cached.ptr, (size_t)bo->info.size);
	fill_buffer(cache, bo, ret_buffer);
	return 0;
}
