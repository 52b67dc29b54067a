/* SPDX-License-Identifier: MIT */
/*
 * Syncobjs and fences: what work is ordered by. Part of panthor.h, whose conventions hold here too.
 *
 * A syncobj names a fence, or a growing number of points with a fence each; wherever a handle comes
 * with a point, point 0 means the syncobj's one fence.
 */
#ifndef LIBDRM_PANTHOR_SYNC_H
#define LIBDRM_PANTHOR_SYNC_H

#include "panthor.h"

#ifdef __cplusplus
extern "C" {
#endif

enum panthor_sync_type {
	PANTHOR_SYNC_WAIT = 0, /* before it begins */
	PANTHOR_SYNC_SIGNAL = 1, /* when it is done */
};

/**
 * struct panthor_sync - what a bind op or a job waits for, or signals
 * @handle: syncobj
 * @type: enum panthor_sync_type
 * @point: for a wait, one that something is queued for
 * @reserved: to be 0
 */
struct panthor_sync {
	uint32_t handle;
	uint32_t type;
	uint64_t point;
	uint64_t reserved;
};

/** panthor_wait_point - to wait for a point of a syncobj */
static inline struct panthor_sync panthor_wait_point(uint32_t handle, uint64_t point)
{
	struct panthor_sync sync;

	sync.handle = handle;
	sync.type = PANTHOR_SYNC_WAIT;
	sync.point = point;
	sync.reserved = 0;
	return sync;
}

/** panthor_signal_point - to signal a point of a syncobj */
static inline struct panthor_sync panthor_signal_point(uint32_t handle, uint64_t point)
{
	struct panthor_sync sync = panthor_wait_point(handle, point);

	sync.type = PANTHOR_SYNC_SIGNAL;
	return sync;
}

/*
 * Syncobjs: plain DRM handles, so that they mix with those of other libraries on the same file
 */

enum panthor_syncobj_flags {
	PANTHOR_SYNCOBJ_SIGNALED = 1 << 0, /* as if its fence had signalled */
};

/**
 * panthor_syncobj_new - create a syncobj
 * @flags: enum panthor_syncobj_flags
 * @ret_handle: the caller's, for panthor_syncobj_destroy()
 *
 * Errors: -EINVAL unknown flags; -ENOMEM.
 */
int panthor_syncobj_new(struct panthor_device *dev, uint32_t flags, uint32_t *ret_handle);

/**
 * panthor_syncobj_destroy - close a handle
 *
 * Queued work that uses the syncobj is not disturbed. Errors: -EINVAL no such handle.
 */
int panthor_syncobj_destroy(struct panthor_device *dev, uint32_t handle);

enum panthor_syncobj_wait_flags {
	PANTHOR_SYNCOBJ_WAIT_ALL = 1 << 0, /* for all of them rather than for one */
	PANTHOR_SYNCOBJ_WAIT_FOR_SUBMIT = 1 << 1, /* also where nothing is queued yet */
	PANTHOR_SYNCOBJ_WAIT_AVAILABLE = 1 << 2, /* only until something is queued; needs @points */
};

/**
 * panthor_syncobj_wait - wait for fences
 * @handles: @count of them
 * @points: as many points, or NULL for 0 everywhere
 * @count: at least 1
 * @deadline_ns: CLOCK_MONOTONIC; in the past to look only, INT64_MAX to wait for ever
 * @flags: enum panthor_syncobj_wait_flags
 * @ret_first: index of one that signalled; not set with WAIT_ALL; may be NULL
 *
 * Work that failed signals as well. Errors: -ETIME the deadline passed; -EINVAL nothing is queued
 * for a point (without WAIT_FOR_SUBMIT), count 0 or unknown flags; -ENOENT no such handle; -ENOMEM.
 */
int panthor_syncobj_wait(struct panthor_device *dev, const uint32_t *handles,
			 const uint64_t *points, uint32_t count, int64_t deadline_ns,
			 uint32_t flags, uint32_t *ret_first);

enum panthor_syncobj_change {
	PANTHOR_SYNCOBJ_RESET = 0, /* forget all fences */
	PANTHOR_SYNCOBJ_SIGNAL = 1, /* signal a point */
};

/**
 * panthor_syncobj_set - change a syncobj from the CPU
 * @change: what to do
 * @point: with PANTHOR_SYNCOBJ_SIGNAL, else 0
 *
 * Errors: -EINVAL unknown change, or a point to reset; -ENOENT no such handle; -ENOMEM.
 */
int panthor_syncobj_set(struct panthor_device *dev, uint32_t handle,
			enum panthor_syncobj_change change, uint64_t point);

/** panthor_syncobj_reset - panthor_syncobj_set() to PANTHOR_SYNCOBJ_RESET: forget all fences */
static inline int panthor_syncobj_reset(struct panthor_device *dev, uint32_t handle)
{
	return panthor_syncobj_set(dev, handle, PANTHOR_SYNCOBJ_RESET, 0);
}

/** panthor_syncobj_signal - panthor_syncobj_set() to PANTHOR_SYNCOBJ_SIGNAL: signal a point */
static inline int panthor_syncobj_signal(struct panthor_device *dev, uint32_t handle,
					 uint64_t point)
{
	return panthor_syncobj_set(dev, handle, PANTHOR_SYNCOBJ_SIGNAL, point);
}

/**
 * panthor_syncobj_query - how far a syncobj with points has come
 * @ret_point: last point that signalled, 0 for none
 *
 * Errors: -ENOENT no such handle.
 */
int panthor_syncobj_query(struct panthor_device *dev, uint32_t handle, uint64_t *ret_point);

/**
 * panthor_syncobj_transfer - copy a fence from one point to another
 * @handle, @point: where to
 * @from_handle, @from_point: where from
 *
 * Errors: -ENOENT no such handle; -EINVAL nothing is queued for the point; -ENOMEM.
 */
int panthor_syncobj_transfer(struct panthor_device *dev, uint32_t handle, uint64_t point,
			     uint32_t from_handle, uint64_t from_point);

enum panthor_syncobj_fd_flags {
	PANTHOR_SYNCOBJ_FENCE = 1 << 0, /* the fence of a point, as a sync file */
};

/**
 * panthor_syncobj_to_fd - share a syncobj, whatever it will be used for, or the fence of a point
 * @flags: enum panthor_syncobj_fd_flags
 * @point: with PANTHOR_SYNCOBJ_FENCE, else 0
 * @ret_fd: the caller's to close; for panthor_syncobj_from_fd() of any DRM device
 *
 * Errors: -EINVAL nothing is queued for the point, unknown flags, or no such handle of a whole
 * syncobj; -ENOENT no such handle of a fence; -EMFILE; -ENOMEM.
 */
int panthor_syncobj_to_fd(struct panthor_device *dev, uint32_t handle, uint32_t flags,
			  uint64_t point, int *ret_fd);

/**
 * panthor_syncobj_from_fd - take a shared syncobj in, or the fence of a sync file
 * @fd: stays the caller's
 * @flags: enum panthor_syncobj_fd_flags
 * @point: with PANTHOR_SYNCOBJ_FENCE, which becomes that of the fence; else 0
 * @inout_handle: with PANTHOR_SYNCOBJ_FENCE whose point; else set to a new one each time, for
 *                panthor_syncobj_destroy()
 *
 * Errors: -EINVAL not a syncobj, or not a sync file, or unknown flags; -ENOENT no such handle to
 * take a fence; -ENOMEM.
 */
int panthor_syncobj_from_fd(struct panthor_device *dev, int fd, uint32_t flags, uint64_t point,
			    uint32_t *inout_handle);

/** panthor_syncobj_export - panthor_syncobj_to_fd() of a whole syncobj */
static inline int panthor_syncobj_export(struct panthor_device *dev, uint32_t handle, int *ret_fd)
{
	return panthor_syncobj_to_fd(dev, handle, 0, 0, ret_fd);
}

/** panthor_syncobj_import - panthor_syncobj_from_fd() of a whole syncobj */
static inline int panthor_syncobj_import(struct panthor_device *dev, int fd, uint32_t *ret_handle)
{
	return panthor_syncobj_from_fd(dev, fd, 0, 0, ret_handle);
}

/** panthor_syncobj_export_fence - panthor_syncobj_to_fd() of the fence of a point */
static inline int panthor_syncobj_export_fence(struct panthor_device *dev, uint32_t handle,
					       uint64_t point, int *ret_fd)
{
	return panthor_syncobj_to_fd(dev, handle, PANTHOR_SYNCOBJ_FENCE, point, ret_fd);
}

/** panthor_syncobj_import_fence - panthor_syncobj_from_fd() of a fence, for a point */
static inline int panthor_syncobj_import_fence(struct panthor_device *dev, uint32_t handle,
					       uint64_t point, int fd)
{
	return panthor_syncobj_from_fd(dev, fd, PANTHOR_SYNCOBJ_FENCE, point, &handle);
}

/*
 * Implicit fences: those that a shared buffer carries with it. Jobs do not wait for them. Each
 * leaves itself as a writer on all BOs of its VM that are not exclusive to it. Who shares buffers
 * with a compositor takes its fences out for jobs to wait for.
 *
 * Shared is what panthor_bo_export() was called for, or panthor_bo_import_fence(), and what
 * panthor_bo_import() made. Any other BO only the caller's own jobs use, whose points the caller
 * knows: it counts as having no fences, and is not exported to look for some.
 */

enum panthor_bo_access {
	PANTHOR_BO_READ = 0,
	PANTHOR_BO_WRITE = 1, /* and read */
};

enum panthor_bo_fences_direction {
	PANTHOR_BO_FENCES_OUT = 0, /* the point becomes what the access has to wait for */
	PANTHOR_BO_FENCES_IN = 1, /* the access is done when the point is: others wait for that */
};

/**
 * panthor_bo_fences - take the fences of a buffer out, or put one in
 * @direction: which of the two
 * @access: what is about to be done: reading waits for writers, writing for everybody
 * @handle, @point: the point
 *
 * Of a BO that is not shared the point that comes out has signalled. Putting one in makes it a
 * shared one: who is about to export it has the fence in it before anybody gets it. Errors: -EINVAL
 * unknown direction or access, or a BO that is exclusive to a VM; -EOPNOTSUPP before Linux 6.0;
 * else those of panthor_bo_export(), panthor_syncobj_to_fd() and panthor_syncobj_from_fd().
 */
int panthor_bo_fences(struct panthor_bo *bo, enum panthor_bo_fences_direction direction,
		      enum panthor_bo_access access, uint32_t handle, uint64_t point);

/** panthor_bo_export_fences - panthor_bo_fences() out: for a job to wait for before an access */
static inline int panthor_bo_export_fences(struct panthor_bo *bo, enum panthor_bo_access access,
					   uint32_t handle, uint64_t point)
{
	return panthor_bo_fences(bo, PANTHOR_BO_FENCES_OUT, access, handle, point);
}

/** panthor_bo_import_fence - panthor_bo_fences() in: have others wait for an access */
static inline int panthor_bo_import_fence(struct panthor_bo *bo, enum panthor_bo_access access,
					  uint32_t handle, uint64_t point)
{
	return panthor_bo_fences(bo, PANTHOR_BO_FENCES_IN, access, handle, point);
}

/**
 * panthor_bo_wait - wait until a shared buffer may be accessed by the CPU
 * @access: what is about to be done
 * @deadline_ns: CLOCK_MONOTONIC; in the past to look only, INT64_MAX to wait for ever
 *
 * For implicit fences: of a BO that is not shared there are none, and of its own jobs the caller
 * knows the points. Errors: -ETIME the deadline passed; -EINVAL unknown access or a BO that is
 * exclusive to a VM; else those of panthor_bo_export().
 */
int panthor_bo_wait(struct panthor_bo *bo, enum panthor_bo_access access, int64_t deadline_ns);

#ifdef __cplusplus
}
#endif

#endif
