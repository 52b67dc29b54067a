// SPDX-License-Identifier: MIT
/*
 * BO caches: what is freed, and when.
 *
 * The byte cap is kept by credit. A shard takes some of it ahead, so that threads need not agree on
 * one number each time; together with the bytes that are to be used again all credit adds up to the
 * cap. What the GPU still uses stays even if that leaves a debt.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "bo_cache.h"

#define PRESSURE_FILE "/proc/pressure/memory"
/* The shortest that needs no privilege. */
#define PRESSURE_WINDOW_US  2000000
#define PRESSURE_DEFAULT_US 150000

void cache_destroy_bo(struct panthor_bo_cache *cache, struct panthor_bo *bo)
{
	uint64_t addr = bo->cached.va;

	/* Addresses at which it may still be are worth less than what comes of using them again. */
	if (addr && !panthor_vm_unmap(cache->va->vm, addr, bo->info.size))
		panthor_va_free(cache->va, addr, bo->info.size, 0);
	bo->cached.owner = NULL;
	bo->cached.va = 0;
	atomic_store_explicit(&bo->cached.is_idle, false, memory_order_relaxed);
	cache_slot_free(cache, bo->cached.slot);
	panthor_bo_unref(bo);
}

/* Time of the oldest that may be freed, UINT64_MAX for none. */
static uint64_t oldest_of(const struct panthor_bo_cache *cache, struct cache_shard *shard)
{
	const struct panthor_bo *bo;
	uint64_t since;

	shard_take(cache, shard);
	bo = shard_oldest_locked(cache, shard);
	since = bo ? bo->cached.since_ns : UINT64_MAX;
	shard_drop(shard);
	return since;
}

static bool free_from(struct panthor_bo_cache *cache, struct cache_shard *shard, uint64_t until_ns)
{
	struct panthor_bo *bo;

	shard_take(cache, shard);
	bo = shard_oldest_locked(cache, shard);
	if (bo && bo->cached.since_ns > until_ns)
		bo = NULL;
	if (bo)
		shard_remove_locked(shard, bo);
	shard_drop(shard);

	if (!bo)
		return false;
	cache_destroy_bo(cache, bo);
	atomic_fetch_add_explicit(&cache->freed, 1, memory_order_relaxed);
	return true;
}

bool cache_free_oldest(struct panthor_bo_cache *cache)
{
	uint64_t oldest = UINT64_MAX;
	uint32_t where = 0;

	for (uint32_t i = 0; i < CACHE_SHARDS; i++) {
		uint64_t since = oldest_of(cache, &cache->shards[i]);

		if (since < oldest) {
			oldest = since;
			where = i;
		}
	}
	/* Another thread may have been faster, and left younger ones. */
	return oldest != UINT64_MAX && free_from(cache, &cache->shards[where], UINT64_MAX - 1);
}

static void free_until(struct panthor_bo_cache *cache, uint64_t until_ns)
{
	for (uint32_t i = 0; i < CACHE_SHARDS; i++) {
		while (free_from(cache, &cache->shards[i], until_ns))
			;
	}
}

/* Whether something is that old and the GPU is not known to be past it. */
static bool is_waiting(struct panthor_bo_cache *cache, uint64_t until_ns)
{
	uint64_t since = UINT64_MAX;

	for (uint32_t i = 0; i < CACHE_SHARDS && since > until_ns; i++) {
		shard_take(cache, &cache->shards[i]);
		since = shard_waiting_since_locked(cache, &cache->shards[i]);
		shard_drop(&cache->shards[i]);
	}
	return since <= until_ns;
}

void cache_age(struct panthor_bo_cache *cache, uint64_t now_ns)
{
	uint64_t next = atomic_load_explicit(&cache->next_ageing_ns, memory_order_relaxed);
	uint64_t until = now_ns - cache->max_age_ns;

	if (now_ns < next || now_ns < cache->max_age_ns ||
	    !atomic_compare_exchange_strong(&cache->next_ageing_ns, &next,
					    now_ns + cache->max_age_ns / 4))
		return;
	free_until(cache, until);
	if (is_waiting(cache, until) && !timeline_ask(&cache->timeline, cache->dev))
		free_until(cache, until);
}

static uint64_t busy_bos(struct panthor_bo_cache *cache)
{
	uint64_t bos = 0;

	for (uint32_t i = 0; i < CACHE_SHARDS; i++) {
		shard_take(cache, &cache->shards[i]);
		bos += cache->shards[i].busy_bos;
		shard_drop(&cache->shards[i]);
	}
	return bos;
}

/*
 * Asks the kernel unless there are more that wait than have come since it was asked: the longer the
 * GPU takes, the rarer. True: there is an answer.
 */
static bool ask_now_and_then(struct panthor_bo_cache *cache)
{
	if (atomic_fetch_add_explicit(&cache->wishes, 1, memory_order_relaxed) <
	    atomic_load_explicit(&cache->ask_at, memory_order_relaxed))
		return false;
	return !timeline_ask(&cache->timeline, cache->dev);
}

/* Having made of an answer what could be. */
static void ask_again_later(struct panthor_bo_cache *cache)
{
	atomic_store_explicit(&cache->wishes, 0, memory_order_relaxed);
	atomic_store_explicit(&cache->ask_at, busy_bos(cache), memory_order_relaxed);
}

void cache_collect_refused(struct panthor_bo_cache *cache)
{
	if (!ask_now_and_then(cache))
		return;
	/* Nothing else is that old. */
	free_until(cache, 0);
	ask_again_later(cache);
}

/* What shards took ahead goes back to all; what they owe is taken from all. */
static void collect_credit(struct panthor_bo_cache *cache)
{
	for (uint32_t i = 0; i < CACHE_SHARDS; i++) {
		struct cache_shard *shard = &cache->shards[i];
		int64_t credit;

		shard_take(cache, shard);
		credit = shard->credit;
		shard->credit = 0;
		shard_drop(shard);
		atomic_fetch_add(&cache->credit, credit);
	}
}

static bool free_until_room(struct panthor_bo_cache *cache, uint64_t size)
{
	collect_credit(cache);
	while (atomic_load(&cache->credit) < (int64_t)size) {
		if (!cache_free_oldest(cache))
			return false;
		collect_credit(cache);
	}
	return true;
}

void cache_make_room(struct panthor_bo_cache *cache, uint64_t size)
{
	/* What is mapped for nobody can go at any time. */
	if (free_until_room(cache, size) || !cache->va || !ask_now_and_then(cache))
		return;
	free_until_room(cache, size);
	ask_again_later(cache);
}

static uint64_t cached_bytes(struct panthor_bo_cache *cache)
{
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < CACHE_SHARDS; i++) {
		shard_take(cache, &cache->shards[i]);
		bytes += cache->shards[i].bytes;
		shard_drop(&cache->shards[i]);
	}
	return bytes;
}

PANTHOR_PUBLIC
uint64_t panthor_bo_cache_trim(struct panthor_bo_cache *cache, uint64_t keep_bytes)
{
	uint64_t before = cached_bytes(cache), after = before;

	/* Without an answer what was busy still is. */
	if (cache->va && cache->timeline.syncobj)
		timeline_ask(&cache->timeline, cache->dev);
	cache_age(cache, cache->dev->io->now(cache->dev->io->priv));
	while ((after = cached_bytes(cache)) > keep_bytes && cache_free_oldest(cache))
		;
	return before > after ? before - after : 0;
}

static int arm_trigger(const struct panthor_transport *io, int fd, uint32_t stall_us)
{
	char trigger[48];
	ssize_t len;

	snprintf(trigger, sizeof(trigger), "some %u %u", stall_us, PRESSURE_WINDOW_US);
	len = io->write(io->priv, fd, trigger, strlen(trigger) + 1);
	return len < 0 ? (int)len : 0;
}

static int open_trigger(const struct panthor_transport *io, uint32_t stall_us)
{
	int fd = io_open(io, PRESSURE_FILE, O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	int r;

	if (fd < 0)
		return fd == -ENOENT ? -EOPNOTSUPP : fd;
	r = arm_trigger(io, fd, stall_us);
	if (r) {
		io_close(io, fd);
		return r;
	}
	return fd;
}

PANTHOR_PUBLIC
int panthor_bo_cache_pressure_fd(struct panthor_bo_cache *cache, uint32_t stall_us, int *ret_fd)
{
	const struct panthor_transport *io = cache->dev->io;
	int r = 0;

	if (stall_us > PRESSURE_WINDOW_US)
		return -EINVAL;
	io_lock(io, &cache->fd_lock);
	if (cache->pressure_fd < 0) {
		r = open_trigger(io, stall_us ? stall_us : PRESSURE_DEFAULT_US);
		if (r >= 0)
			cache->pressure_fd = r;
	}
	if (r >= 0)
		*ret_fd = cache->pressure_fd;
	io_unlock(io, &cache->fd_lock);
	return r < 0 ? r : 0;
}
