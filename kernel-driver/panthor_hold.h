/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Places where a test can make a thread wait, so that a race between it and others has one
 * outcome. Only in kernels with fault injection; elsewhere there is no trace of it.
 */
#ifndef __PANTHOR_HOLD_H__
#define __PANTHOR_HOLD_H__

#include <linux/wait.h>

struct dentry;
struct panthor_device;

/**
 * enum panthor_hold_point - where
 */
enum panthor_hold_point {
	PANTHOR_HOLD_NONE,
	/** @PANTHOR_HOLD_SCAN_BO: reclaim has chosen a BO, and holds nothing but a reference. */
	PANTHOR_HOLD_SCAN_BO,
	/** @PANTHOR_HOLD_SCAN_VM: reclaim has chosen a VM, and holds nothing but a reference. */
	PANTHOR_HOLD_SCAN_VM,
	/** @PANTHOR_HOLD_HANDLE: a new BO has a handle that its creator does not know yet. */
	PANTHOR_HOLD_HANDLE,
	/** @PANTHOR_HOLD_FAULT: a CPU fault has let go of the area that it is for. */
	PANTHOR_HOLD_FAULT,
	/** @PANTHOR_HOLD_FAULT_SMALL: a CPU fault for small pages begins. */
	PANTHOR_HOLD_FAULT_SMALL,
	/** @PANTHOR_HOLD_PAGEOUT: PAGEOUT goes on writing, and holds nothing but a reference. */
	PANTHOR_HOLD_PAGEOUT,
	/** @PANTHOR_HOLD_IMPORT: an import has its table, and is not known as one yet. */
	PANTHOR_HOLD_IMPORT,
	/** @PANTHOR_HOLD_BIND: a VM_BIND operation is prepared, or could not be. */
	PANTHOR_HOLD_BIND,
	/** @PANTHOR_HOLD_SUBMIT: everything is validated and locked, nothing is queued yet. */
	PANTHOR_HOLD_SUBMIT,
	/** @PANTHOR_HOLD_EXEC: a bind operation has the VM's locks, nothing is changed yet. */
	PANTHOR_HOLD_EXEC,
	/** @PANTHOR_HOLD_VM_END: a VM has no references any more, reclaim still has it listed. */
	PANTHOR_HOLD_VM_END,
	/** @PANTHOR_HOLD_BO_END: a BO has no references any more, everybody still has it listed. */
	PANTHOR_HOLD_BO_END,
	PANTHOR_HOLD_POINTS,
};

/**
 * struct panthor_hold - which places are shut
 */
struct panthor_hold {
	/** @points: a bit for each enum panthor_hold_point that is shut; READ/WRITE_ONCE. */
	unsigned long points;

	/** @waiting: threads that wait there. */
	atomic_t waiting;

	/** @wait: where they wait for @points to change. */
	wait_queue_head_t wait;
};

#ifdef CONFIG_FAULT_INJECTION

void panthor_hold_init(struct panthor_device *ptdev);
void panthor_hold_debugfs_init(struct panthor_device *ptdev, struct dentry *root);

/**
 * panthor_hold() - wait here while a test says so, for ten seconds at most
 * @ptdev: device
 * @point: where this is; the caller may sleep
 */
void panthor_hold(struct panthor_device *ptdev, enum panthor_hold_point point);

#else

static inline void panthor_hold_init(struct panthor_device *ptdev)
{
}

static inline void panthor_hold_debugfs_init(struct panthor_device *ptdev, struct dentry *root)
{
}

static inline void panthor_hold(struct panthor_device *ptdev, enum panthor_hold_point point)
{
}

#endif
#endif
