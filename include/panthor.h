/* SPDX-License-Identifier: MIT */
/*
 * libdrm_panthor: GPU buffer memory on panthor, from userspace.
 *
 * This is the one to include; panthor_cs.h comes on top for who writes command streams.
 *
 * Conventions, true for every function unless its comment says otherwise:
 *
 * - Success is 0, failure a negative errno; errno itself is left alone. Outputs are named ret_*
 *   and are untouched on failure.
 * - Objects are opaque. A constructor returns one reference, *_unref() drops one, takes NULL and
 *   returns NULL, so that `bo = panthor_bo_unref(bo)` leaves no stale pointer. What several owners
 *   share, devices, VMs and BOs, is counted and has *_ref(). Objects keep what they need alive: a
 *   BO its device, a group its VM.
 * - What never changes about an object is in a structure that its *_info() returns, which lives as
 *   long as the object and may get longer at its end. Objects begin with it, and so it, and the
 *   shortcuts to what is in it, are inline functions.
 * - Any function may be called from any thread on any object that the caller holds a reference on.
 *   Readers, which have *_close() instead, are for one thread at a time.
 * - What is done many times in one call is an array of structures that the caller fills: bind ops,
 *   jobs, waits and signals, ranges. They are read during the call and not kept. What needs no
 *   call of its own, initialisers and the calls for one of them, is inline.
 * - Structures that callers allocate may get longer at their end all the same. Parameters say how
 *   long they are, and so does, for outputs, the inline function that takes them. Elements of
 *   arrays have reserved members, which have to be 0.
 * - Sizes and offsets are bytes, 64-bit on every machine.
 * - Signals do not surface: an interrupted system call is repeated.
 * - A feature the running kernel lacks gives -EOPNOTSUPP, also where the kernel would have said
 *   EINVAL, ENOTTY or 524. "Needs 1.N" names the first driver minor that has it.
 * - -ENODEV from any call means that the device was unplugged, -EPROTO that the kernel's answer
 *   makes no sense (handle 0, a BO smaller than asked for, an offset between pages).
 */
#ifndef PANTHOR_H
#define PANTHOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "panthor_device.h"

#ifdef __cplusplus
extern "C" {
#endif

struct panthor_device;
struct panthor_vm;

/*
 * Buffer objects
 */

struct panthor_bo;

enum panthor_bo_flags {
	PANTHOR_BO_NO_MMAP = 1 << 0, /* never mapped by the CPU */
	PANTHOR_BO_WB_MMAP = 1 << 1, /* cached CPU maps, see panthor_bo_sync(); needs 1.7 */
};

/**
 * panthor_bo_new - create a buffer object
 * @vm: the only VM that can map it, of the same device; or NULL
 * @size: bytes, rounded up to pages
 * @flags: enum panthor_bo_flags
 * @ret_bo: the BO, one reference
 *
 * No memory is taken yet; contents read as zero. A BO that is exclusive to a VM keeps that alive
 * and cannot be exported; jobs are not slowed down by the number of such BOs. Errors: -EINVAL size
 * 0 or one that does not fit after rounding, unknown or contradicting flags, or a VM of another
 * device; -EOPNOTSUPP WB_MMAP before 1.7; -ENOSPC no room for the mmap offset; -ENOMEM.
 */
int panthor_bo_new(struct panthor_device *dev, struct panthor_vm *vm, uint64_t size, uint32_t flags,
		   struct panthor_bo **ret_bo);

/** panthor_bo_ref - take a reference; returns @bo */
struct panthor_bo *panthor_bo_ref(struct panthor_bo *bo);

/**
 * panthor_bo_unref - drop a reference
 *
 * The last one removes the CPU map and closes the handle, atomically with respect to
 * panthor_bo_import() of the same buffer. Takes NULL, returns NULL.
 */
struct panthor_bo *panthor_bo_unref(struct panthor_bo *bo);

/**
 * struct panthor_bo_info - what never changes about a BO
 * @dev: where it is from
 * @vm: the only one that can map it, or NULL
 * @size: bytes, after rounding
 * @handle: GEM handle, valid in the device's file while the BO lives
 * @flags: enum panthor_bo_flags as created; of an imported BO what the kernel tells
 * @is_imported: whether the memory belongs to another device. Before 1.7 the kernel does not tell:
 *               there, every BO that panthor_bo_import() made counts, also one that another process
 *               exported from this very device
 */
struct panthor_bo_info {
	struct panthor_device *dev;
	struct panthor_vm *vm;
	uint64_t size;
	uint32_t handle;
	uint32_t flags;
	bool is_imported;
};

/** panthor_bo_info - the BO's, without references of their own on what it points to */
static inline const struct panthor_bo_info *panthor_bo_info(const struct panthor_bo *bo)
{
	return (const struct panthor_bo_info *)bo;
}

static inline struct panthor_device *panthor_bo_device(const struct panthor_bo *bo)
{
	return panthor_bo_info(bo)->dev;
}

static inline uint64_t panthor_bo_size(const struct panthor_bo *bo)
{
	return panthor_bo_info(bo)->size;
}

static inline uint32_t panthor_bo_handle(const struct panthor_bo *bo)
{
	return panthor_bo_info(bo)->handle;
}

static inline uint32_t panthor_bo_flags(const struct panthor_bo *bo)
{
	return panthor_bo_info(bo)->flags;
}

static inline bool panthor_bo_is_imported(const struct panthor_bo *bo)
{
	return panthor_bo_info(bo)->is_imported;
}

/**
 * panthor_bo_set_user - tie something of the caller's to a BO, once
 * @user: what, say an object that wraps the BO; NULL to ask only
 * @destroy: called with it when the BO is gone, by whoever dropped the last reference; it may call
 *           the library, but for the BO; or NULL
 *
 * Returns what is tied to the BO from then on: @user, or what somebody tied to it before, and then
 * @user is the caller's still. So of several threads that import one buffer at once all find the
 * same. It lives as long as the BO: whoever has a reference on that needs none of its own. There is
 * one place, for whoever made the device; BOs of a cache go from one user to the next, and are not
 * for this.
 */
void *panthor_bo_set_user(struct panthor_bo *bo, void *user, void (*destroy)(void *user));

/** panthor_bo_user - what panthor_bo_set_user() has tied to the BO, or NULL */
static inline void *panthor_bo_user(struct panthor_bo *bo)
{
	return panthor_bo_set_user(bo, NULL, NULL);
}

/**
 * panthor_bo_map - map the BO for the CPU, readable and writable
 * @ret_ptr: the mapping, page aligned, panthor_bo_size() long
 *
 * Counted: every success needs one panthor_bo_unmap(); all callers share one mapping. Memory for
 * all of the BO is taken at the first touch at the latest, and a touch that cannot be served raises
 * SIGBUS. Errors: -EPERM a NO_MMAP BO; -ENOMEM; -EAGAIN the process locks its memory and may not
 * lock as much; -EOVERFLOW larger than this process can map.
 */
int panthor_bo_map(struct panthor_bo *bo, void **ret_ptr);

/**
 * panthor_bo_unmap - undo one panthor_bo_map()
 *
 * Errors: -EINVAL not mapped.
 */
int panthor_bo_unmap(struct panthor_bo *bo);

/**
 * panthor_bo_set_label - name the BO in debugfs
 * @label: at most 4095 characters, or NULL to clear
 *
 * Also what panthor_device_usage() counts by, and that on any kernel, -EOPNOTSUPP or not. Needs
 * 1.4. Errors: -E2BIG too long; -EOPNOTSUPP; -ENOMEM.
 */
int panthor_bo_set_label(struct panthor_bo *bo, const char *label);

/* What panthor_bo_sync() does with the CPU's cache lines. */
enum panthor_bo_sync_type {
	PANTHOR_BO_SYNC_FLUSH = 0, /* CPU writes become visible to the GPU */
	PANTHOR_BO_SYNC_FLUSH_AND_INVALIDATE = 1, /* and GPU writes to the CPU */
};

/**
 * struct panthor_bo_range - a part of a BO
 * @bo: the BO
 * @offset, @size: bytes
 * @type: enum panthor_bo_sync_type of what is to be done with it
 * @reserved: to be 0
 */
struct panthor_bo_range {
	struct panthor_bo *bo;
	uint64_t offset;
	uint64_t size;
	uint32_t type;
	uint32_t reserved[3];
};

/**
 * panthor_bo_sync_ranges - cache upkeep of WB_MMAP BOs
 * @ranges: @count of them, of BOs of this device, in any order
 *
 * Does nothing, successfully, where the map is not cached or the GPU is coherent. Ranges that meet
 * or share cache lines are looked after once. Needs 1.7. Errors: -EINVAL beyond the BO, unknown
 * type, reserved members, imported BO or one of another device, and then nothing has been done;
 * -EOPNOTSUPP; -ENOMEM.
 */
int panthor_bo_sync_ranges(struct panthor_device *dev, const struct panthor_bo_range *ranges,
			   uint32_t count);

/** panthor_bo_sync - panthor_bo_sync_ranges() of one */
static inline int panthor_bo_sync(struct panthor_bo *bo, uint64_t offset, uint64_t size,
				  enum panthor_bo_sync_type type)
{
	struct panthor_bo_range range;

	range.bo = bo;
	range.offset = offset;
	range.size = size;
	range.type = (uint32_t)type;
	range.reserved[0] = range.reserved[1] = range.reserved[2] = 0;
	return panthor_bo_sync_ranges(panthor_bo_device(bo), &range, 1);
}

/* Advice to the kernel's reclaim. */
enum panthor_bo_advice {
	PANTHOR_BO_WILLNEED = 0, /* contents are wanted again */
	PANTHOR_BO_DONTNEED = 1, /* contents may be dropped at any moment */
	PANTHOR_BO_COLD = 2, /* first to be evicted in its class, contents kept */
	PANTHOR_BO_PAGEOUT = 3, /* evict now, contents kept */
};

/**
 * panthor_bo_madvise - tell reclaim what the contents are worth
 * @advice: what to do
 * @ret_retained: true while the contents exist, false once they were purged; may be NULL
 *
 * A purged BO keeps handle, size and mappings and reads as zeroes after WILLNEED; until then a
 * CPU access raises SIGBUS and a GPU access is a page fault. Any other advice takes DONTNEED back.
 * vpanthor only. Errors: -EINVAL unknown advice, or DONTNEED on an exported or imported BO, whose
 * contents others may see; PAGEOUT: -EBUSY pinned (as imports are) or in use by the GPU, -ENOSPC
 * no free swap; -EOPNOTSUPP.
 */
int panthor_bo_madvise(struct panthor_bo *bo, enum panthor_bo_advice advice, bool *ret_retained);

/**
 * panthor_bo_export - share the BO as a dma-buf
 * @ret_fd: a new descriptor, close-on-exec, the caller's to close
 *
 * It is shared from then on, also when the descriptor is closed: it takes no DONTNEED any more, and
 * no cache keeps it. Errors: -EINVAL a BO that is exclusive to a VM, or in DONTNEED; -EMFILE;
 * -ENOMEM.
 */
int panthor_bo_export(struct panthor_bo *bo, int *ret_fd);

/**
 * panthor_bo_import - take a dma-buf in
 * @fd: stays the caller's
 * @ret_bo: one reference; the same object for the same buffer, however often it is imported
 *
 * Errors: -EBADF; -EINVAL not a dma-buf; -ENOMEM; whatever else the exporter gives.
 */
int panthor_bo_import(struct panthor_device *dev, int fd, struct panthor_bo **ret_bo);

#ifdef __cplusplus
}
#endif

#include "panthor_alloc.h"
#include "panthor_gems.h"
#include "panthor_gpu.h"
#include "panthor_sync.h"

#endif
