/* SPDX-License-Identifier: MIT */
/*
 * Addresses and memory that are used again: VA allocators, BO caches, slabs, and what
 * it adds up to. Part of panthor.h, whose conventions hold here too.
 *
 * What the GPU may still be using is given back together with a point of a timeline, a syncobj that
 * the caller signals in order as work finishes; it is used again once the timeline has come so far.
 * Whoever gives something back while the GPU is known to be done with it says point 0.
 */
#ifndef LIBDRM_PANTHOR_ALLOC_H
#define LIBDRM_PANTHOR_ALLOC_H

#include "panthor_gpu.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * VA allocators: which addresses of a VM are in use. They map nothing.
 */

struct panthor_va;

/**
 * struct panthor_va_params - what a VA allocator hands out
 * @size: sizeof(struct panthor_va_params); members beyond it read as 0
 * @timeline: syncobj that points given to panthor_va_free() belong to, the caller's, to outlive
 *            the allocator; 0 for none
 * @start: first address; 0 for 2 MiB, so that what is near address 0 is never mapped
 * @end: address behind the last; 0 for the VM's whole user range
 * @guard: bytes left free behind every range
 *
 * Addresses are multiples of PANTHOR_VM_PAGE_SIZE. A VM may have several allocators, say one for
 * fixed addresses, if their ranges do not meet.
 */
struct panthor_va_params {
	uint32_t size;
	uint32_t timeline;
	uint64_t start;
	uint64_t end;
	uint64_t guard;
};

/**
 * panthor_va_new - create a VA allocator
 * @params: NULL for the defaults
 * @ret_va: the allocator, one reference; keeps its VM alive
 *
 * Errors: -EINVAL parameters that are no multiples of PANTHOR_VM_PAGE_SIZE, leave nothing, or go
 * beyond the VM's user range; -E2BIG @params has members this library does not know; -ENOMEM.
 */
int panthor_va_new(struct panthor_vm *vm, const struct panthor_va_params *params,
		   struct panthor_va **ret_va);

/** panthor_va_unref - drop a reference; what is mapped stays mapped; takes NULL, returns NULL */
struct panthor_va *panthor_va_unref(struct panthor_va *va);

/**
 * panthor_va_alloc - find addresses for a range
 * @size: bytes, rounded up to PANTHOR_VM_PAGE_SIZE
 * @align: a power of two from PANTHOR_VM_PAGE_SIZE on; 0 for 2 MiB, which the GPU's huge pages
 *         need, where @size is as large, and for PANTHOR_VM_PAGE_SIZE below
 * @ret_addr: the first address, never 0
 *
 * Takes constant time up to 128 MiB, and beyond, or where little is free, logarithmic time; only
 * where no free range has room for any place of @align it looks at all that are large enough. When
 * nothing is free it asks the kernel, once, whether ranges freed with a point can be had. Errors:
 * -EINVAL size 0 or no such alignment; -ENOSPC no range of that size is free; -ENOMEM; with ranges
 * that wait for their point those of panthor_syncobj_query().
 */
int panthor_va_alloc(struct panthor_va *va, uint64_t size, uint64_t align, uint64_t *ret_addr);

/**
 * panthor_va_reserve - take a range at a fixed address
 * @addr: a multiple of PANTHOR_VM_PAGE_SIZE
 * @size: bytes, rounded up to PANTHOR_VM_PAGE_SIZE
 *
 * To be freed as any other. When part of it is taken it asks the kernel, once, whether ranges freed
 * with a point can be had. Errors: -EINVAL not all of it, with its guard, is the allocator's, or no
 * such address; -EBUSY part of it is taken, or set aside for small ranges; -ENOMEM; with ranges
 * that wait for their point those of panthor_syncobj_query().
 */
int panthor_va_reserve(struct panthor_va *va, uint64_t addr, uint64_t size);

/**
 * panthor_va_free - give a range back
 * @addr, @size: as it was allocated or reserved
 * @point: of the allocator's timeline, from which on it may be used again; 0 for now
 *
 * Points are best given in order: an earlier one waits for those in front of it. Every now and
 * then, and the rarer the longer the GPU takes, this asks the kernel for the timeline's state.
 * Errors: -EINVAL no such range as far as that can be seen, or a point without a timeline; with a
 * point -ENOMEM, and the range stays taken.
 */
int panthor_va_free(struct panthor_va *va, uint64_t addr, uint64_t size, uint64_t point);

/*
 * BO caches: BOs that are used again, with their mappings
 */

struct panthor_bo_cache;

/**
 * struct panthor_buffer - memory to use, and where it is
 * @bo: the BO; the buffer keeps it alive
 * @offset: of the buffer in the BO, bytes
 * @size: bytes, not less than was asked for
 * @va: GPU address of the buffer; 0 where nothing was to be mapped
 * @ptr: CPU address of the buffer; NULL where nothing was to be mapped
 * @owner, @serial: the library's: by them it knows the buffer when it comes back
 * @reserved: for later members, 0 in this version
 */
struct panthor_buffer {
	struct panthor_bo *bo;
	uint64_t offset;
	uint64_t size;
	uint64_t va;
	void *ptr;
	void *owner;
	uint64_t serial;
	uint64_t reserved[2];
};

enum panthor_bo_cache_flags {
	PANTHOR_BO_CACHE_MAP_CPU = 1 << 0, /* map all but NO_MMAP BOs for the CPU */
	PANTHOR_BO_CACHE_PRIVATE_TO_VM = 1 << 1, /* BOs of the VM of @va */
	PANTHOR_BO_CACHE_KEEP_CONTENTS = 1 << 2, /* no DONTNEED: two system calls less */
};

/**
 * struct panthor_bo_cache_params - what a cache is to be
 * @size: sizeof(struct panthor_bo_cache_params); members beyond it read as 0
 * @flags: enum panthor_bo_cache_flags
 * @timeline: syncobj that points given to panthor_bo_cache_put() belong to, the caller's, to
 *            outlive the cache; 0 for none
 * @map_flags: enum panthor_map_flags of maps for the GPU
 * @max_bytes: cap of what is kept; 0 for 256 MiB
 * @max_age_ns: what has not been used for so long is freed; 0 for a second
 * @va: allocator in whose VM BOs are mapped while they live, or NULL
 * @drain_timeout_ns: how long the last panthor_bo_cache_unref() waits for the GPU; 0 for ten
 *                    seconds, UINT64_MAX for ever
 */
struct panthor_bo_cache_params {
	uint32_t size;
	uint32_t flags;
	uint32_t timeline;
	uint32_t map_flags;
	uint64_t max_bytes;
	uint64_t max_age_ns;
	struct panthor_va *va;
	uint64_t drain_timeout_ns;
};

/**
 * panthor_bo_cache_new - create an empty cache
 * @params: NULL for the defaults
 * @ret_cache: the cache, one reference; keeps device and VA allocator alive
 *
 * Errors: -EINVAL unknown flags, a VA allocator of another device, map flags or PRIVATE_TO_VM
 * without one, PANTHOR_MAP_SPARSE; -E2BIG @params has members this library does not know; -ENOMEM.
 */
int panthor_bo_cache_new(struct panthor_device *dev, const struct panthor_bo_cache_params *params,
			 struct panthor_bo_cache **ret_cache);

/**
 * panthor_bo_cache_unref - drop a reference
 *
 * The last one frees what is in the cache. Where that is mapped for the GPU, this waits until the
 * timeline has come to the last point given, also one that nothing is queued for yet, but not
 * longer than the parameters say. What the GPU may still be using then stays mapped until its VM
 * goes, and its addresses stay taken. Buffers that are out are not to be put back any more: drop
 * the references on their BOs. Takes NULL, returns NULL.
 */
struct panthor_bo_cache *panthor_bo_cache_unref(struct panthor_bo_cache *cache);

/**
 * panthor_bo_cache_get - get a buffer, out of the cache or new
 * @size: bytes, rounded up by less than a quarter
 * @flags: enum panthor_bo_flags, which have to be those of the BO exactly
 * @ret_buffer: the buffer, mapped as the cache's parameters say
 *
 * What was in a BO that is used again may still be in it; it reads as zero only if it is new or was
 * purged. BOs that the GPU still uses are passed over. With WB_MMAP, where the GPU is not coherent,
 * a BO that is used again costs a system call and the time to flush its size: what its last user
 * wrote leaves the CPU's caches before the next one has the GPU write. When memory or addresses are
 * missing, what is in the cache is freed and it is tried once more. Errors:
 * -EINVAL size 0 or unknown flags; else those of panthor_bo_new(), panthor_bo_map(),
 * panthor_va_alloc() and panthor_vm_map().
 */
int panthor_bo_cache_get(struct panthor_bo_cache *cache, uint64_t size, uint32_t flags,
			 struct panthor_buffer *ret_buffer);

/**
 * panthor_bo_cache_put - put a buffer back, in any thread
 * @buffer: out of this cache, as it was got; its mappings are not to be used any more
 * @point: of the cache's timeline, at which the GPU is done with it; 0 for now
 *
 * Kept, with its mappings, until it is used again, too old, or beyond the byte cap. With madvise
 * the kernel is told that it may take the contents before. What was exported, has references
 * beside the buffer's, or is larger than the cap, is never used again, and unmapped and dropped
 * when the GPU is done with it. Points are best given in order: where BOs are mapped, an earlier
 * one may wait for those in front of it. When something has to go that the GPU was last known to
 * use, this asks the kernel for the timeline's state, and the rarer the longer the GPU takes.
 * Errors: -EINVAL not a buffer of this cache, or one that was put back already, however long ago,
 * or a point without a timeline.
 */
int panthor_bo_cache_put(struct panthor_bo_cache *cache, const struct panthor_buffer *buffer,
			 uint64_t point);

/**
 * panthor_bo_cache_trim - free what has been unused for the longest
 * @keep_bytes: as much may stay; UINT64_MAX to free only what is too old
 *
 * For when memory is short, or nothing has been put back for a while. Returns the bytes that it
 * freed. What the GPU still uses stays if it is mapped.
 */
uint64_t panthor_bo_cache_trim(struct panthor_bo_cache *cache, uint64_t keep_bytes);

/**
 * panthor_bo_cache_pressure_fd - learn when the system is short of memory
 * @stall_us: microseconds in two seconds for which tasks had to wait for memory; 0 for 150000;
 *            only the first call's counts
 * @ret_fd: the cache's, not for close(); poll() reports POLLPRI when to call
 *          panthor_bo_cache_trim()
 *
 * Errors: -EINVAL more than two seconds; -EOPNOTSUPP a kernel without PSI; -EACCES, -EPERM;
 * -EMFILE; -ENOMEM.
 */
int panthor_bo_cache_pressure_fd(struct panthor_bo_cache *cache, uint32_t stall_us, int *ret_fd);

/**
 * struct panthor_bo_cache_stats - what a cache has done
 * @hits: buffers that were in the cache
 * @misses: buffers that were created
 * @purged: hits whose contents the kernel had taken meanwhile
 * @busy: misses because the GPU still used what there was
 * @freed: BOs freed for their age, for the cap, or by panthor_bo_cache_trim()
 * @refused: BOs that came back exported, too large, or referenced elsewhere
 * @bos, @bytes: in the cache now
 */
struct panthor_bo_cache_stats {
	uint64_t hits;
	uint64_t misses;
	uint64_t purged;
	uint64_t busy;
	uint64_t freed;
	uint64_t refused;
	uint64_t bos;
	uint64_t bytes;
};

/**
 * panthor_bo_cache_stats_sized - panthor_bo_cache_stats() of a given version
 * @size: bytes of what @ret_stats points to; members that the library does not know are set to 0
 */
void panthor_bo_cache_stats_sized(struct panthor_bo_cache *cache,
				  struct panthor_bo_cache_stats *ret_stats, size_t size);

/** panthor_bo_cache_stats - what a cache has done; no snapshot while other threads use it */
static inline void panthor_bo_cache_stats(struct panthor_bo_cache *cache,
					  struct panthor_bo_cache_stats *ret_stats)
{
	panthor_bo_cache_stats_sized(cache, ret_stats, sizeof(*ret_stats));
}

/*
 * Slabs: many small buffers in one BO, with one map
 */

struct panthor_slab;

/* What is larger has a BO of its own. */
#define PANTHOR_SLAB_MAX_SIZE 65536

/**
 * panthor_slab_new - create an allocator of small buffers
 * @cache: where it takes BOs from, with their maps, and puts them back; kept alive
 * @flags: enum panthor_bo_flags of those BOs
 * @ret_slab: the slab, one reference
 *
 * Errors: -EINVAL unknown or contradicting flags; -EOPNOTSUPP WB_MMAP before 1.7; -ENOMEM.
 */
int panthor_slab_new(struct panthor_bo_cache *cache, uint32_t flags,
		     struct panthor_slab **ret_slab);

/**
 * panthor_slab_unref - drop a reference
 *
 * With the last one, all buffers are gone; the cache looks after BOs that the GPU still uses. Takes
 * NULL, returns NULL.
 */
struct panthor_slab *panthor_slab_unref(struct panthor_slab *slab);

/**
 * panthor_slab_alloc - get a buffer
 * @size: bytes, rounded up to 64 and then by less than a quarter; beyond PANTHOR_SLAB_MAX_SIZE this
 *        is panthor_bo_cache_get()
 * @align: of its addresses: a power of two up to PANTHOR_VM_PAGE_SIZE; 0 for 64
 * @ret_buffer: a part of a BO, mapped as the cache's parameters say
 *
 * Contents are left over from earlier ones, and with WB_MMAP, where the GPU is not coherent, so may
 * be what the CPU's caches hold: who has the GPU write to a buffer first calls panthor_bo_sync()
 * with FLUSH_AND_INVALIDATE. The BO is not to be exported. Most calls make no system call. Errors:
 * -EINVAL size 0 or no such alignment; else those of panthor_bo_cache_get().
 */
int panthor_slab_alloc(struct panthor_slab *slab, uint64_t size, uint64_t align,
		       struct panthor_buffer *ret_buffer);

/**
 * panthor_slab_free - give a buffer back
 * @buffer: out of this slab
 * @point: of the cache's timeline, at which the GPU is done with it; 0 for now
 *
 * Points are best given in order: an earlier one waits for those in front of it. Errors: -EINVAL
 * not a buffer of this slab as far as that can be seen, or a point without a timeline; with a point
 * -ENOMEM, and the buffer stays.
 */
int panthor_slab_free(struct panthor_slab *slab, const struct panthor_buffer *buffer,
		      uint64_t point);

/*
 * Accounts: what this process has of a device
 */

/**
 * struct panthor_usage - the BOs with one label
 * @label: as panthor_bo_set_label() got it; NULL for BOs without
 * @bos, @bytes: all of them
 * @shared_bos, @shared_bytes: exported at some time, or imported
 * @cached_bos, @cached_bytes: in a BO cache, waiting to be used again
 * @peak_bytes: the most that @bytes has been
 *
 * The label is valid during the call.
 */
struct panthor_usage {
	const char *label;
	uint64_t bos;
	uint64_t bytes;
	uint64_t shared_bos;
	uint64_t shared_bytes;
	uint64_t cached_bos;
	uint64_t cached_bytes;
	uint64_t peak_bytes;
};

/**
 * panthor_device_usage - what there is, by label
 * @visit: called for each label, in no order, and for BOs without; may call the library
 * @data: handed to @visit
 *
 * All numbers are of one moment. A label that no BO has any more is still told for its peak, until
 * there are more than 1024. Costs nothing until it is asked for. Errors: -ENOMEM.
 */
int panthor_device_usage(struct panthor_device *dev,
			 void (*visit)(const struct panthor_usage *usage, void *data), void *data);

/* Takes one line, without a line break, that is valid during the call. */
typedef void (*panthor_log_fn)(void *data, const char *line);

/**
 * panthor_device_set_log - have leaks told
 * @log: called for every BO that is there when the caller's last reference on the device is dropped
 *       (BOs keep their device alive, so that alone is no error); must not call the library. NULL
 *       for none, as it is in the beginning
 * @data: handed to @log
 *
 * To be called before other threads use the device.
 */
void panthor_device_set_log(struct panthor_device *dev, panthor_log_fn log, void *data);

#ifdef __cplusplus
}
#endif

#endif
