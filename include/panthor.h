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
 *   long as the object and may get longer at its end. Shortcuts to it are inline functions.
 * - Any function may be called from any thread on any object that the caller holds a reference on.
 *   Readers, which have *_close() instead, are for one thread at a time.
 * - What is done many times in one call is an array of structures that the caller fills: bind ops,
 *   jobs, waits and signals, ranges. They are read during the call and not kept. What needs no
 *   call of its own, initialisers and the calls for one of them, is inline.
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

#ifdef __cplusplus
extern "C" {
#endif

struct panthor_vm;
struct drm_panthor_gpu_info;
struct drm_panthor_csif_info;

/*
 * Devices
 */

struct panthor_device;

/* Which driver answers behind the DRM name "panthor". */
enum panthor_driver {
	PANTHOR_DRIVER_UNKNOWN = 0,
	PANTHOR_DRIVER_PANTHOR = 1, /* the kernel's C driver */
	PANTHOR_DRIVER_TYR = 2, /* the kernel's Rust driver */
	PANTHOR_DRIVER_VPANTHOR = 3, /* this project's software GPU */
};

/* Things a kernel may lack. Where a harmless call can tell, it is asked rather than the version. */
enum panthor_feature {
	PANTHOR_FEATURE_TIMESTAMP = 0, /* 1.1, probed */
	PANTHOR_FEATURE_GROUP_PRIORITIES = 1, /* 1.2, probed */
	PANTHOR_FEATURE_BO_LABEL = 2, /* 1.4, probed */
	PANTHOR_FEATURE_USER_MMIO_OFFSET = 3, /* 1.5 */
	PANTHOR_FEATURE_BO_WB_MMAP = 4, /* 1.7 */
	PANTHOR_FEATURE_BO_SYNC = 5, /* 1.7, probed */
	PANTHOR_FEATURE_BO_QUERY_INFO = 6, /* 1.7, probed */
	PANTHOR_FEATURE_SPARSE = 7, /* 1.9 */
	PANTHOR_FEATURE_MMU_INFO = 8, /* 1.9, probed */
	PANTHOR_FEATURE_BO_MADVISE = 9, /* vpanthor, probed */
};

#define PANTHOR_FEATURE_COUNT 10

/**
 * panthor_device_open - open a panthor device
 * @path: device node, or NULL for the first panthor render node
 * @ret_dev: the device, one reference
 *
 * Errors: -ENOENT no such node, or with NULL no panthor render node at all; -EACCES; -ENOTSUP the
 * node belongs to another driver or speaks another major version; -ENOMEM; whatever else open(2)
 * gives. With NULL, nodes that cannot be opened are passed over while another one serves.
 */
int panthor_device_open(const char *path, struct panthor_device **ret_dev);

/**
 * panthor_device_new_from_fd - use a file descriptor that is already open
 * @fd: stays the caller's; the device keeps a duplicate, which shares GEM handles with it
 * @ret_dev: the device, one reference
 *
 * Two devices made from one DRM file see the same handles but not each other's BOs: make one
 * device per DRM file. Errors: -EBADF; -ENOTSUP not a panthor device; -ENOMEM; -EMFILE.
 */
int panthor_device_new_from_fd(int fd, struct panthor_device **ret_dev);

/** panthor_device_ref - take a reference; returns @dev */
struct panthor_device *panthor_device_ref(struct panthor_device *dev);

/** panthor_device_unref - drop a reference; takes NULL, returns NULL */
struct panthor_device *panthor_device_unref(struct panthor_device *dev);

/**
 * struct panthor_device_info - what never changes about a device
 * @fd: the device's own: for ioctls the library has no function for, not for close()
 * @driver: which one this is
 * @version_major, @version_minor: of the driver's interface
 * @page_size: the unit of BO sizes: the kernel's page size, in bytes
 * @gpu: the GPU's identity; fields newer than the kernel are 0
 * @csif: the command-stream limits; all 0 where the driver does not tell
 * @gpu_page_sizes: sizes of pages that the GPU's page tables have, in bytes, one bit each; 0 where
 *                  the driver does not tell, as before 1.9: then 4 KiB and 2 MiB can be relied on
 * @group_priorities: what the caller may ask for: bit 1 << N for N of enum panthor_group_priority;
 *                    0 where the driver does not tell, as before 1.2: then LOW and MEDIUM can be
 *                    relied on
 */
struct panthor_device_info {
	int fd;
	enum panthor_driver driver;
	uint32_t version_major;
	uint32_t version_minor;
	uint64_t page_size;
	const struct drm_panthor_gpu_info *gpu;
	const struct drm_panthor_csif_info *csif;
	uint64_t gpu_page_sizes;
	uint32_t group_priorities;
};

/** panthor_device_info - as read when the device was opened; the device's, like all it points to */
const struct panthor_device_info *panthor_device_info(const struct panthor_device *dev);

static inline int panthor_device_fd(const struct panthor_device *dev)
{
	return panthor_device_info(dev)->fd;
}

static inline uint64_t panthor_device_page_size(const struct panthor_device *dev)
{
	return panthor_device_info(dev)->page_size;
}

/**
 * panthor_device_has - whether the kernel has a feature
 *
 * Asked once and remembered; a probe that could not tell is asked again next time. Returns 1 yes,
 * 0 no. Errors: -EINVAL a number that is no feature; whatever the probe gives when it cannot tell.
 */
int panthor_device_has(struct panthor_device *dev, enum panthor_feature feature);

/**
 * panthor_device_flush_id - number of the GPU's latest cache flush
 * @ret_id: what struct panthor_job takes, read after the stream was written
 *
 * One load from a page of the device, mapped at the first call and until the device dies. Children
 * do not inherit the page, and once the device was unplugged the load may raise SIGBUS.
 * Errors: -EINVAL a driver without the page; -ENOMEM.
 */
int panthor_device_flush_id(struct panthor_device *dev, uint32_t *ret_id);

/* Clocks beside the GPU's timestamp, its offset and its frequency. They need 1.8. */
enum panthor_clock {
	PANTHOR_CLOCK_CPU = 1 << 0, /* CLOCK_MONOTONIC */
	PANTHOR_CLOCK_CPU_RAW = 1 << 1, /* CLOCK_MONOTONIC_RAW, instead */
	PANTHOR_CLOCK_CYCLES = 1 << 2, /* GPU cycles */
	PANTHOR_CLOCK_DURATION = 1 << 3, /* how long reading all this took */
};

/**
 * struct panthor_timestamp - clocks, read together
 * @gpu_ticks: the GPU's timestamp
 * @gpu_offset: what it adds to that
 * @frequency: ticks per second, 0 where that is not known
 * @cycles: GPU cycles
 * @cpu_ns: the CPU's clock in nanoseconds
 * @duration_ns: nanoseconds from the first to the last
 *
 * What was not asked for is 0.
 */
struct panthor_timestamp {
	uint64_t gpu_ticks;
	uint64_t gpu_offset;
	uint64_t frequency;
	uint64_t cycles;
	uint64_t cpu_ns;
	uint64_t duration_ns;
};

/**
 * panthor_device_timestamp - read the GPU's clock, and others at the same time
 * @clocks: enum panthor_clock
 *
 * Needs 1.1. Errors: -EINVAL unknown clocks, or two of the CPU; -EOPNOTSUPP.
 */
int panthor_device_timestamp(struct panthor_device *dev, uint32_t clocks,
			     struct panthor_timestamp *ret_timestamp);

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
const struct panthor_bo_info *panthor_bo_info(const struct panthor_bo *bo);

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
 */
struct panthor_bo_range {
	struct panthor_bo *bo;
	uint64_t offset;
	uint64_t size;
	uint32_t type;
};

/**
 * panthor_bo_sync_ranges - cache upkeep of WB_MMAP BOs
 * @ranges: @count of them, of BOs of this device, in any order
 *
 * Does nothing, successfully, where the map is not cached or the GPU is coherent. Ranges that meet
 * or share cache lines are looked after once. Needs 1.7. Errors: -EINVAL beyond the BO, unknown
 * type, imported BO or one of another device, and then nothing has been done; -EOPNOTSUPP; -ENOMEM.
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
