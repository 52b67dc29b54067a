/* SPDX-License-Identifier: MIT */
/*
 * The driver's debugfs folder and its counters of what reclaim took, from the file `reclaim`.
 */
#ifndef RECLAIM_H
#define RECLAIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct panthor_device;

/**
 * debugfs_find - the device's folder in debugfs, as a path without @root
 * @file: a file that the folder has to hold
 *
 * Errors: -ENOENT not mounted, or no such file; -EACCES debugfs is root's.
 */
int debugfs_find(const char *root, const struct panthor_device *dev, const char *file,
		 char *ret_dir, size_t size);

/* In the order of reclaim_name(). The first ten are what is on the LRUs now, the rest only grow. */
enum reclaim_counter {
	RECLAIM_PURGEABLE_BOS,
	RECLAIM_PURGEABLE_PAGES,
	RECLAIM_UNUSED_BOS,
	RECLAIM_UNUSED_PAGES,
	RECLAIM_MMAPPED_BOS,
	RECLAIM_MMAPPED_PAGES,
	RECLAIM_VM_BOS,
	RECLAIM_VM_PAGES,
	RECLAIM_SHARED_BOS,
	RECLAIM_SHARED_PAGES,
	RECLAIM_EVICTIONS,
	RECLAIM_EVICTED_PAGES,
	RECLAIM_EVICTIONS_UNUSED,
	RECLAIM_EVICTIONS_MMAPPED,
	RECLAIM_EVICTIONS_VM,
	RECLAIM_EVICTIONS_SHARED,
	RECLAIM_PURGES,
	RECLAIM_PURGED_PAGES,
	RECLAIM_SWAPINS,
	RECLAIM_SWAPIN_PAGES,
	RECLAIM_SCANS,
	RECLAIM_SKIPS_LOCKED,
	RECLAIM_SKIPS_BUSY,
	RECLAIM_SKIPS_VM_LOCKED,
	RECLAIM_SKIPS_MOVED,
	RECLAIM_N_COUNTERS,
};

#define RECLAIM_FIRST_TOTAL RECLAIM_EVICTIONS

struct reclaim_counters {
	uint64_t value[RECLAIM_N_COUNTERS];
};

/** reclaim_name - a counter's name, which is its key in the file */
const char *reclaim_name(enum reclaim_counter counter);

/**
 * reclaim_read - parse `reclaim` in a debugfs folder
 *
 * Lines that are not known are passed over; one that is missing reads 0. Errors: those of reading
 * the file; -EBADMSG it has no evictions or purges, so it is something else.
 */
int reclaim_read(const char *root, const char *dir, struct reclaim_counters *ret_counters);

#endif
