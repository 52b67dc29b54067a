/* SPDX-License-Identifier: MIT */
#ifndef PANTHOR_BO_CACHE_H
#define PANTHOR_BO_CACHE_H

#include "bo.h"
#include "timeline.h"
#include "va.h"

/* Sizes up to 128 MiB with pages of 4 KiB, and each combination of enum panthor_bo_flags. */
#define CACHE_CLASSES 56
#define CACHE_BUCKETS (4 * CACHE_CLASSES)
/* BOs of other sizes are in none. */
#define CACHE_NO_BUCKET CACHE_BUCKETS
#define CACHE_SHARDS	16

/*
 * A place for each BO of a cache. It stays where it is until the cache ends, so that a buffer can
 * be judged without touching a BO that may be gone: put back twice, it is not of this round.
 */
struct cache_slot {
	_Atomic(struct panthor_bo *) bo; /* NULL while it is free */
	atomic_uint_least32_t round;	 /* odd while the BO is out */
	uint32_t next_free;		 /* under @slots_lock */
};

/* Each page is twice as long as the one before, the first has 64. */
#define CACHE_SLOT_PAGES 20

/*
 * What a thread uses while no other does: which one depends on the CPU it runs on. @taken is tried,
 * and if that fails the next shard; it is waited for only where the other choice is to make a BO,
 * or to free one. No system call is made while it is held.
 */
struct cache_shard {
	atomic_flag taken;

	/* Buckets with something in them: written under @taken, read by anyone as a hint. */
	atomic_uint_least64_t filled[(CACHE_BUCKETS + 63) / 64];

	/* Everything below is under @taken. */
	struct list ages;    /* BOs that could be freed when they came, oldest first */
	struct list busy;    /* those that could not, the earliest point first */
	struct list refused; /* of them what is in no bucket, the earliest point first */
	int64_t credit;	     /* bytes it may take before it has to ask, see bo_cache_trim.c */
	uint64_t bytes;
	uint64_t bos;
	uint64_t busy_bos; /* and refused */
	uint64_t hits;
	struct list buckets[CACHE_BUCKETS];

	/* The next shard is somebody else's cache line. */
	char padding[64];
};

struct panthor_bo_cache {
	atomic_uint refs;

	/* Constant from birth to the last unref. Device and VA allocator are referenced. */
	struct panthor_device *dev;
	struct panthor_va *va; /* or NULL */
	uint32_t flags;
	uint32_t map_flags;
	uint64_t max_bytes;
	uint64_t max_age_ns;
	uint64_t drain_timeout_ns;
	struct timeline timeline;

	/* What is left of max_bytes for shards to take. */
	atomic_int_least64_t credit;
	atomic_uint_least64_t next_ageing_ns;

	/* How often an answer of the timeline was wanted since the last, and when it is time. */
	atomic_uint_least64_t wishes;
	atomic_uint_least64_t ask_at;

	/* Counted where it takes longer anyway. */
	atomic_uint_least64_t misses;
	atomic_uint_least64_t purged;
	atomic_uint_least64_t busy;
	atomic_uint_least64_t freed;
	atomic_uint_least64_t refused;

	/* Pages are read without it, and never go. */
	pthread_mutex_t slots_lock;
	_Atomic(struct cache_slot *) slots[CACHE_SLOT_PAGES];
	uint32_t slot_count;
	uint32_t free_slot; /* CACHE_NO_SLOT for none */

	/* The pressure trigger, opened under @fd_lock at the first call; -1 before. */
	pthread_mutex_t fd_lock;
	int pressure_fd;

	struct cache_shard shards[CACHE_SHARDS];
};

struct panthor_bo_cache *bo_cache_ref(struct panthor_bo_cache *cache);

/* Whether the kernel is told what contents are worth. */
bool cache_advises(struct panthor_bo_cache *cache);

/* Slots: bo_cache_slot.c. */

#define CACHE_NO_SLOT UINT32_MAX

void cache_slots_fini(struct panthor_bo_cache *cache);

/* A slot for a BO that is to be made, or -ENOMEM; and for the next one. */
int cache_slot_new(struct panthor_bo_cache *cache, uint32_t *ret_slot);
void cache_slot_free(struct panthor_bo_cache *cache, uint32_t slot);

/* What panthor_buffer.serial is of a BO that goes out; and whether it is out as this. */
uint64_t cache_slot_leave(struct panthor_bo_cache *cache, struct panthor_bo *bo);
bool cache_slot_return(struct panthor_bo_cache *cache, const struct panthor_buffer *buffer);

/* Shards: bo_cache_shard.c. */

void shard_init(struct cache_shard *shard);

/* The one to begin with; the others follow by number. */
uint32_t shard_first(const struct panthor_bo_cache *cache);

bool shard_try_take(struct cache_shard *shard);
void shard_take(const struct panthor_bo_cache *cache, struct cache_shard *shard);
void shard_drop(struct cache_shard *shard);

/* A BO may be freed if the GPU is past it, or if only its own reference keeps it mapped. */
bool shard_may_free(const struct panthor_bo_cache *cache, const struct panthor_bo *bo);

/* Those with `_locked` want the shard taken. */
void shard_add_locked(const struct panthor_bo_cache *cache, struct cache_shard *shard,
		      struct panthor_bo *bo);
void shard_remove_locked(struct cache_shard *shard, struct panthor_bo *bo);

/* The oldest of a bucket that the GPU is past, removed; or NULL, and whether any was there. */
struct panthor_bo *shard_pop_locked(const struct panthor_bo_cache *cache, struct cache_shard *shard,
				    uint32_t bucket, bool *ret_busy);

/* The oldest that may be freed, still in the shard, or NULL. Takes constant time. */
struct panthor_bo *shard_oldest_locked(const struct panthor_bo_cache *cache,
				       const struct cache_shard *shard);

/* Since when the one that waits for the GPU and would be the next has been there, or UINT64_MAX. */
uint64_t shard_waiting_since_locked(const struct panthor_bo_cache *cache,
				    const struct cache_shard *shard);

/* Freeing: bo_cache_trim.c. All of it without a shard taken. */

/* Frees a BO that is in no shard. */
void cache_destroy_bo(struct panthor_bo_cache *cache, struct panthor_bo *bo);

/* Frees the oldest of all that may be freed. False: there is none. */
bool cache_free_oldest(struct panthor_bo_cache *cache);

/* Frees what is too old, if nobody has looked for a while. */
void cache_age(struct panthor_bo_cache *cache, uint64_t now_ns);

/* Makes the byte cap leave room for @size more, as far as can be. */
void cache_make_room(struct panthor_bo_cache *cache, uint64_t size);

/* Frees what was refused and the GPU is past, having asked if that seems worth it. */
void cache_collect_refused(struct panthor_bo_cache *cache);

/* The end, in bo_cache_drain.c: frees all but what the GPU does not let go of in time. */
void cache_drain(struct panthor_bo_cache *cache);

#endif
