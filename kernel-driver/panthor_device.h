/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef __PANTHOR_DEVICE_H__
#define __PANTHOR_DEVICE_H__

#include <linux/time64.h>
#include <linux/xarray.h>

#include <drm/drm_device.h>
#include <drm/drm_file.h>
#include <drm/drm_vma_manager.h>
#include <drm/gpu_scheduler.h>

#include "panthor_drm.h"
#include "panthor_gem_shrinker.h"
#include "panthor_hold.h"
#include "panthor_sched.h"

/** PANTHOR_FREQUENCY - of the software GPU's clock: it ticks in nanoseconds */
#define PANTHOR_FREQUENCY NSEC_PER_SEC

#define PANTHOR_PROFILING_CYCLES BIT(0)
#define PANTHOR_PROFILING_TIMESTAMP BIT(1)
#define PANTHOR_PROFILING_ALL (PANTHOR_PROFILING_CYCLES | PANTHOR_PROFILING_TIMESTAMP)

struct panthor_bind_sched;
struct vfsmount;
struct workqueue_struct;

/**
 * struct panthor_device - the software GPU
 */
struct panthor_device {
	/** @base: DRM device; everything below lives until its last reference is gone. */
	struct drm_device base;

	/** @coherent: CPU and GPU see each other's writes; fixed at probe. */
	bool coherent;

	/** @gpu_info: what DEV_QUERY answers; fixed at probe. */
	struct drm_panthor_gpu_info gpu_info;

	/** @csif_info: what DEV_QUERY answers; fixed at probe. */
	struct drm_panthor_csif_info csif_info;

	/**
	 * @huge_mnt: private tmpfs that backs BOs with huge pages where they fit, or NULL for the
	 * system's default one.
	 */
	struct vfsmount *huge_mnt;

	/** @flush_id_page: the user MMIO page, one page whose first word is the flush id. */
	struct page *flush_id_page;

	/**
	 * @first_offset: keeps the first fake mmap offset, whose low 32 bits are zero, away from
	 * clients that store offsets in 32 bits and take 0 for none.
	 */
	struct drm_vma_offset_node first_offset;

	/** @exec: executes command streams. */
	struct panthor_exec exec;

	/** @profiling: what fdinfo tells of the engine, mask of PANTHOR_PROFILING_*; READ_ONCE. */
	u32 profiling;

	/** @hold: for tests of races. */
	struct panthor_hold hold;

	/** @reclaim: LRUs, shrinker and counters. */
	struct panthor_reclaim reclaim;

	/**
	 * @bos: every BO of the device by its serial number, in order of creation. A BO is in here
	 * from before its handle is published until it is freed; find it under the xarray's lock
	 * and take a reference only if there still is one.
	 */
	struct xarray bos;

	/** @next_bo: where the search for the next serial number starts, under @bos's lock. */
	u32 next_bo;
};

/**
 * struct panthor_file - what one open file owns
 */
struct panthor_file {
	/** @ptdev: the device. */
	struct panthor_device *ptdev;

	/** @vms: struct panthor_vm by id, from 1. The xarray holds a reference on each. */
	struct xarray vms;

	/** @groups: struct panthor_group by id, from 1. The xarray holds a reference on each. */
	struct xarray groups;

	/** @usage: what its groups have cost so far, with a reference. */
	struct panthor_usage *usage;

	/** @user_mmio_offset: where this client has the user MMIO region; READ/WRITE_ONCE. */
	u64 user_mmio_offset;
};

static inline struct panthor_device *to_panthor_device(struct drm_device *drm)
{
	return container_of(drm, struct panthor_device, base);
}

extern const struct drm_driver panthor_drm_driver;

/*
 * Where jobs and VMs are freed. The module's, not the device's: the last job may take the device
 * with it.
 */
extern struct workqueue_struct *panthor_cleanup_wq;

/* Where schedulers of queues, and of binds, work; fences depend on it. */
extern struct workqueue_struct *panthor_sched_wq;
extern struct workqueue_struct *panthor_bind_wq;

/**
 * panthor_mmio_mmap() - map a page of the user MMIO region
 * @ptdev: device
 * @vma: area whose vm_pgoff counts from the start of the region
 *
 * Return: 0 or -EINVAL for anything but one shared read-only page that exists.
 */
int panthor_mmio_mmap(struct panthor_device *ptdev, struct vm_area_struct *vma);

#endif
