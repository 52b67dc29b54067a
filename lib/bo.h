/* SPDX-License-Identifier: MIT */
#ifndef PANTHOR_BO_H
#define PANTHOR_BO_H

#include <pthread.h>
#include <stdatomic.h>

#include "device.h"
#include "list.h"

#define BO_KNOWN_FLAGS (PANTHOR_BO_NO_MMAP | PANTHOR_BO_WB_MMAP)

/* What a cache knows of a BO of its own: the cache's while it is in there, else the user's. */
struct bo_cached {
	const struct panthor_bo_cache *owner; /* NULL for BOs that no cache made; constant */
	uint32_t bucket;
	uint32_t slot;	     /* its number in the cache */
	uint64_t va;	     /* 0 where it is not mapped for the GPU */
	void *ptr;	     /* NULL where it is not mapped for the CPU */
	atomic_bool is_idle; /* waits in the cache to be used again; for accounts */
	bool is_busy;	     /* among those of its shard that the GPU was not past */
	uint64_t point;	     /* of the timeline: the GPU's last use */
	uint64_t since_ns;   /* not 0, but in those that are not used again */
	struct list in_bucket;
	struct list in_ages;
};

struct panthor_bo {
	/* Constant from birth to the last unref. The device is referenced, so is the VM. */
	struct panthor_bo_info info;

	/* Goes to zero under the device's handle-table lock only, see panthor_bo_unref(). */
	atomic_uint refs;

	/*
	 * There is a dma-buf of it: the kernel was asked for one, or it came as one. For ever:
	 * whoever has that, or had it, may share the memory.
	 */
	atomic_bool exported;

	/*
	 * The caller's. Set once, by whoever is first; @destroy_user by the same thread afterwards,
	 * which has a reference meanwhile: the last unref sees it.
	 */
	_Atomic(void *) user;
	void (*destroy_user)(void *user);

	struct bo_cached cached;

	/* Under the handle-table lock. */
	struct panthor_bo *next_in_table;
	struct account *account;

	/* The one CPU mapping, shared by all callers of panthor_bo_map(). All under map_lock. */
	pthread_mutex_t map_lock;
	void *map;
	unsigned int map_count;
	uint64_t mmap_offset;
	bool has_mmap_offset;
};

INFO_COMES_FIRST(panthor_bo);

/* The errors of panthor_bo_new() that come of its flags. */
int bo_check_flags(struct panthor_device *dev, uint32_t flags);

/* A BO with one reference that owns no handle yet; bo_free() undoes it. */
struct panthor_bo *bo_alloc(struct panthor_device *dev);

/* Frees a BO that is in no table: removes the CPU mapping and lets go of the device. */
void bo_free(struct panthor_bo *bo);

/* The caller holds the handle-table lock, so that no import is given the handle meanwhile. */
void bo_close_handle_locked(const struct panthor_device *dev, uint32_t handle);

/* Whether the CPU's caches may hold what the GPU does not see, and the other way round. */
bool bo_needs_sync(const struct panthor_bo *bo);

/* For the destructor: whatever the count says, the mapping goes. */
void bo_drop_map(struct panthor_bo *bo);

#endif
